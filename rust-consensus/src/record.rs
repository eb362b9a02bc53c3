//! What must be on disk before a node speaks.

use alloc::vec;
use alloc::vec::Vec;

use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::error::ConsensusError;
use crate::id::{Epoch, Height, NodeId, Round};
use crate::message::{Head, MAX_MESSAGE_BYTES, MessageKind};
use crate::proposal::Proposal;
use crate::validator::{MAX_VALIDATORS, Validator};
use crate::value::MAX_VALUE_BYTES;
use crate::vote::Vote;
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u16, put_u32, put_u64};

/// One record of the vote log. From the records since an [`Origin`](crate::Origin), in order, a node is restored.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LogRecord {
    /// The encoding of a value that later records of the same height name by its digest.
    Value {
        /// The height.
        height: Height,
        /// The encoding.
        bytes: Vec<u8>,
    },
    /// An own proposal.
    Proposed {
        /// The signed part.
        proposal: Proposal,
        /// The proof for its valid round.
        polka: Option<PolkaCertificate>,
    },
    /// An own vote. A precommit of a value is the lock on it.
    Voted(Vote),
    /// A value became the valid one.
    Valid(PolkaCertificate),
    /// A value was decided.
    Decided(CommitCertificate),
    /// A decision was executed.
    Executed {
        /// Its height.
        height: Height,
        /// The validators that it puts in force, if it changes them.
        validators: Option<Vec<Validator>>,
    },
}

impl LogRecord {
    /// The height that the record belongs to.
    #[must_use]
    pub fn height(&self) -> Height {
        match self {
            Self::Value { height, .. } | Self::Executed { height, .. } => *height,
            Self::Proposed { proposal, .. } => proposal.height,
            Self::Voted(vote) => vote.height,
            Self::Valid(certificate) => certificate.height(),
            Self::Decided(certificate) => certificate.height(),
        }
    }

    /// The one encoding (`docs/encodings/agreement.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Value { height, bytes } => {
                out.push(0x31);
                put_u64(height.0, &mut out);
                put_bytes(bytes, &mut out);
            }
            Self::Proposed { proposal, polka } => {
                out.push(0x32);
                put_place(proposal.head(), &mut out);
                proposal.put(&mut out);
                put_option(polka.as_ref(), &mut out, PolkaCertificate::put);
            }
            Self::Voted(vote) => {
                out.push(0x33);
                put_place(vote.head(), &mut out);
                vote.put(&mut out);
            }
            Self::Valid(certificate) => {
                out.push(0x34);
                out.extend_from_slice(&certificate.to_bytes());
            }
            Self::Decided(certificate) => {
                out.push(0x35);
                out.extend_from_slice(&certificate.to_bytes());
            }
            Self::Executed { height, validators } => {
                out.push(0x36);
                put_u64(height.0, &mut out);
                put_option(validators.as_ref(), &mut out, |validators, out| {
                    put_u16(u16::try_from(validators.len()).expect("at most 1,024"), out);
                    for validator in validators {
                        let id = validator.id.as_str();
                        out.push(u8::try_from(id.len()).expect("at most 64"));
                        out.extend_from_slice(id.as_bytes());
                        out.extend_from_slice(&validator.key);
                        put_u64(validator.power, out);
                    }
                });
            }
        }
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`], [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`],
    /// [`ConsensusError::InvalidId`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(ConsensusError::TooLarge { what: "record", limit: MAX_MESSAGE_BYTES as u64 });
        }
        let mut reader = Reader::new("record", bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        let record = match reader.u8()? {
            0x31 => {
                let height = Height(reader.u64()?);
                Self::Value { height, bytes: reader.bytes(MAX_VALUE_BYTES)?.to_vec() }
            }
            0x32 => {
                let head = read_place(MessageKind::Proposal, &mut reader)?;
                let proposal = Proposal::read(head, &mut reader)?;
                let polka = match (reader.flag()?, proposal.valid_round) {
                    (true, Some(round)) => {
                        Some(PolkaCertificate::read(head.epoch, head.height, round, &mut reader)?)
                    }
                    (false, None) => None,
                    _ => return Err(reader.fault()),
                };
                if polka.as_ref().is_some_and(|polka| polka.digest() != proposal.digest) {
                    return Err(reader.fault());
                }
                Self::Proposed { proposal, polka }
            }
            0x33 => Self::Voted(Vote::read(read_place(MessageKind::Vote, &mut reader)?, &mut reader)?),
            0x34 => return PolkaCertificate::from_bytes(reader.take(reader.rest())?).map(Self::Valid),
            0x35 => return CommitCertificate::from_bytes(reader.take(reader.rest())?).map(Self::Decided),
            0x36 => {
                let height = Height(reader.u64()?);
                Self::Executed { height, validators: reader.option(read_validators)? }
            }
            _ => return Err(reader.fault()),
        };
        reader.end()?;
        Ok(record)
    }
}

fn put_place(head: Head, out: &mut Vec<u8>) {
    put_u64(head.epoch.0, out);
    put_u64(head.height.0, out);
    put_u32(head.round.0, out);
}

fn read_place(kind: MessageKind, reader: &mut Reader<'_>) -> Result<Head, ConsensusError> {
    Ok(Head { kind, epoch: Epoch(reader.u64()?), height: Height(reader.u64()?), round: Round(reader.u32()?) })
}

fn read_validators(reader: &mut Reader<'_>) -> Result<Vec<Validator>, ConsensusError> {
    let count = usize::from(reader.u16()?);
    if count > MAX_VALIDATORS {
        return Err(reader.fault());
    }
    let mut validators = Vec::new();
    for _ in 0..count {
        let length = usize::from(reader.u8()?);
        let id = core::str::from_utf8(reader.take(length)?).map_err(|_| reader.fault())?;
        validators.push(Validator { id: NodeId::new(id)?, key: reader.array()?, power: reader.u64()? });
    }
    Ok(validators)
}
