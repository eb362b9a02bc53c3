//! The inputs of the third-party core that it wants logged, and given again after a restart, as bytes.

use malachite_core::ProposedValue;
use malachite_types::{
    PolkaCertificate, PolkaSignature, Round as MRound, SignedProposal, SignedVote, Timeout, TimeoutKind,
    Validity, ValueOrigin, VoteType,
};

use super::context::{Chain, MHeight, MProposal, MValue, MVote, Number, from_round, to_round};
use super::core::Input;
use crate::error::ConsensusError;
use crate::id::{Height, Round};
use crate::validator::MAX_VALIDATORS;
use crate::value::{Bytes, Digest, MAX_VALUE_BYTES, Value};
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u16, put_u32};

const VOTE: u8 = 0x70;
const PROPOSAL: u8 = 0x71;
const VALUE: u8 = 0x72;
const TIMEOUT: u8 = 0x73;
const POLKA: u8 = 0x74;

/// The height and encoding of an input; `None` for one that need not be logged.
pub(super) fn encode(input: &Input) -> Option<(Height, Vec<u8>)> {
    let mut out = vec![VERSION];
    let height = match input {
        Input::Vote(signed) => {
            out.push(VOTE);
            let MVote { height, round, kind, value, voter } = &signed.message;
            put_round(*round, &mut out);
            out.push(if *kind == VoteType::Prevote { 1 } else { 2 });
            put_option(value_of(value), &mut out, |digest, out| out.extend_from_slice(&digest.0));
            put_u16(voter.0, &mut out);
            out.extend_from_slice(&signed.signature);
            *height
        }
        Input::Proposal(signed) => {
            out.push(PROPOSAL);
            let MProposal { height, round, value, valid_round, proposer } = &signed.message;
            put_round(*round, &mut out);
            put_round(*valid_round, &mut out);
            put_u16(proposer.0, &mut out);
            out.extend_from_slice(&signed.signature);
            put_bytes(&value.bytes.encode(), &mut out);
            *height
        }
        Input::ProposedValue(proposed, origin) => {
            out.push(VALUE);
            put_round(proposed.round, &mut out);
            put_round(proposed.valid_round, &mut out);
            put_u16(proposed.proposer.0, &mut out);
            out.push(u8::from(proposed.validity.is_valid()));
            out.push(u8::from(origin.is_sync()));
            put_bytes(&proposed.value.bytes.encode(), &mut out);
            proposed.height
        }
        Input::PolkaCertificate(polka) => {
            out.push(POLKA);
            put_round(polka.round, &mut out);
            out.extend_from_slice(&polka.value_id.0);
            put_u16(u16::try_from(polka.polka_signatures.len()).ok()?, &mut out);
            for signed in &polka.polka_signatures {
                put_u16(signed.address.0, &mut out);
                out.extend_from_slice(&signed.signature);
            }
            polka.height
        }
        _ => return None,
    };
    Some((Height(height.0), out))
}

/// The encoding of a timer that ran out at a height.
pub(super) fn encode_timeout(timeout: Timeout) -> Option<Vec<u8>> {
    let kind = match timeout.kind {
        TimeoutKind::Propose => 0,
        TimeoutKind::Prevote => 1,
        TimeoutKind::Precommit => 2,
        TimeoutKind::Rebroadcast | TimeoutKind::FinalizeHeight(_) => return None,
    };
    let mut out = vec![VERSION, TIMEOUT, kind];
    put_round(timeout.round, &mut out);
    Some(out)
}

/// Reads an encoding.
pub(super) fn decode(height: Height, bytes: &[u8]) -> Result<Input, ConsensusError> {
    let mut reader = Reader::new("input", bytes);
    let height = MHeight(height.0);
    let version = reader.u8()?;
    if version != VERSION {
        return Err(ConsensusError::UnsupportedVersion { found: version });
    }
    let input = match reader.u8()? {
        VOTE => {
            let round = read_round(&mut reader)?;
            let kind = match reader.u8()? {
                1 => VoteType::Prevote,
                2 => VoteType::Precommit,
                _ => return Err(reader.fault()),
            };
            let value = match reader.option(|reader| reader.array().map(Digest))? {
                Some(digest) => malachite_types::NilOrVal::Val(digest),
                None => malachite_types::NilOrVal::Nil,
            };
            let message = MVote { height, round, kind, value, voter: Number(reader.u16()?) };
            Input::Vote(SignedVote::new(message, reader.array()?))
        }
        PROPOSAL => {
            let (round, valid_round) = (read_round(&mut reader)?, read_round(&mut reader)?);
            let (proposer, signature) = (Number(reader.u16()?), reader.array()?);
            let value = read_value(&mut reader)?;
            let message = MProposal { height, round, value, valid_round, proposer };
            Input::Proposal(SignedProposal::new(message, signature))
        }
        VALUE => {
            let (round, valid_round) = (read_round(&mut reader)?, read_round(&mut reader)?);
            let proposer = Number(reader.u16()?);
            let validity = Validity::from_bool(reader.flag()?);
            let origin = if reader.flag()? { ValueOrigin::Sync } else { ValueOrigin::Consensus };
            let value = read_value(&mut reader)?;
            Input::ProposedValue(
                ProposedValue { height, round, valid_round, proposer, value, validity },
                origin,
            )
        }
        TIMEOUT => {
            let kind = match reader.u8()? {
                0 => TimeoutKind::Propose,
                1 => TimeoutKind::Prevote,
                2 => TimeoutKind::Precommit,
                _ => return Err(reader.fault()),
            };
            Input::TimeoutElapsed(Timeout::new(read_round(&mut reader)?, kind))
        }
        POLKA => {
            let (round, value_id) = (read_round(&mut reader)?, Digest(reader.array()?));
            let count = usize::from(reader.u16()?);
            if count > MAX_VALIDATORS {
                return Err(reader.fault());
            }
            let mut polka_signatures: Vec<PolkaSignature<Chain>> = Vec::new();
            for _ in 0..count {
                polka_signatures.push(PolkaSignature::new(Number(reader.u16()?), reader.array()?));
            }
            Input::PolkaCertificate(PolkaCertificate { height, round, value_id, polka_signatures })
        }
        _ => return Err(reader.fault()),
    };
    reader.end()?;
    Ok(input)
}

fn value_of(value: &malachite_types::NilOrVal<Digest>) -> Option<Digest> {
    match value {
        malachite_types::NilOrVal::Nil => None,
        malachite_types::NilOrVal::Val(digest) => Some(*digest),
    }
}

fn put_round(round: MRound, out: &mut Vec<u8>) {
    put_option(from_round(round), out, |round, out| put_u32(round.0, out));
}

fn read_round(reader: &mut Reader<'_>) -> Result<MRound, ConsensusError> {
    Ok(to_round(reader.option(|reader| reader.u32().map(Round))?))
}

fn read_value(reader: &mut Reader<'_>) -> Result<MValue, ConsensusError> {
    Ok(MValue::new(Bytes::decode(reader.bytes(MAX_VALUE_BYTES)?)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Every input that is logged has one encoding, and no damaged one is taken for another length.
    #[test]
    fn inputs_round_trip() {
        let (height, round) = (MHeight(7), MRound::new(2));
        let value = MValue::new(b"value"[..].into());
        let vote = |value| MVote { height, round, kind: VoteType::Precommit, value, voter: Number(3) };
        let value_id = malachite_types::Value::id(&value);
        let inputs = [
            Input::Vote(SignedVote::new(vote(malachite_types::NilOrVal::Nil), [1; 64])),
            Input::Vote(SignedVote::new(vote(malachite_types::NilOrVal::Val(value_id)), [1; 64])),
            Input::Proposal(SignedProposal::new(
                MProposal {
                    height,
                    round,
                    value: value.clone(),
                    valid_round: MRound::Nil,
                    proposer: Number(1),
                },
                [2; 64],
            )),
            Input::ProposedValue(
                ProposedValue {
                    height,
                    round,
                    valid_round: MRound::new(1),
                    proposer: Number(1),
                    value,
                    validity: Validity::Invalid,
                },
                ValueOrigin::Consensus,
            ),
            Input::PolkaCertificate(PolkaCertificate {
                height,
                round,
                value_id,
                polka_signatures: vec![PolkaSignature::new(Number(0), [3; 64])],
            }),
        ];
        for input in inputs {
            let (at, bytes) = encode(&input).unwrap();
            assert_eq!(decode(at, &bytes).unwrap(), input);
            for length in 0..bytes.len() {
                assert!(decode(at, &bytes[..length]).is_err());
            }
            assert!(decode(at, &[&bytes[..], &[0]].concat()).is_err());
        }
        for timeout in [Timeout::propose(round), Timeout::prevote(round), Timeout::precommit(round)] {
            let bytes = encode_timeout(timeout).unwrap();
            assert_eq!(decode(Height(7), &bytes).unwrap(), Input::TimeoutElapsed(timeout));
        }
        assert_eq!(encode_timeout(Timeout::rebroadcast(round)), None);
    }
}
