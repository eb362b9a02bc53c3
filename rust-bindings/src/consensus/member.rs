//! One member: its options, its inputs and its effects.

use std::sync::Arc;
use std::time::Duration;

use chrysalis_consensus::consensus::{PrePrepare, SignedMessage};
use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, CommitCertificate, Config, ConsensusError, Decision, Digest, Effect,
    Height, Input, LogRecord, Message, NodeId, Origin, PeerId, Round, Signer, Step, Timeout,
};
use chrysalis_crypto::ed25519::SigningKey;
use zeroize::Zeroizing;

use super::plain::{Given, Made};
use super::proof;

/// A member that agrees on byte strings.
pub(crate) type Member = ByzantineConsensus<Bytes>;

/// The member that options describe: a new one, or, with a `log`, the one that wrote it.
pub(crate) fn open<G: Given>(options: &G) -> Result<Member, G::Error> {
    let config = config(options)?;
    let origin = Origin {
        height: Height(options.count_or("height", 1)?),
        validators: Arc::unwrap_or_clone(proof::set(&options.required("validators")?, "validators")?),
        upcoming: upcoming(&options.items("upcoming")?)?,
    };
    let signer = match options.property("signing_key")? {
        None => None,
        Some(key) => {
            let key = Zeroizing::new(key.to_bytes("signing_key")?);
            let key = SigningKey::from_slice(&key).map_err(ConsensusError::from)?;
            Some(Arc::new(key) as Arc<dyn Signer>)
        }
    };
    let mut records = Vec::new();
    for record in options.items("log")? {
        records.push(LogRecord::from_bytes(&record.to_bytes("log")?)?);
    }
    if records.is_empty() {
        return Ok(Member::new(config, origin, signer)?);
    }
    Ok(Member::restore(config, origin, signer, records)?)
}

/// An input: an object with its `type` and what belongs to it.
pub(crate) fn input<G: Given>(given: &G) -> Result<Input<Bytes>, G::Error> {
    let height = || given.count("height").map(Height);
    let value = || given.bytes("value").map(Bytes::from);
    Ok(match given.text("type")?.as_str() {
        "start" => Input::Start,
        "message" => {
            Input::Message { from: PeerId(given.count("from")?), bytes: given.bytes("bytes")?.into() }
        }
        "timeout" => Input::Timeout(timeout(&given.required("timeout")?)?),
        "value" => Input::Value { height: height()?, round: round(given)?, value: value()? },
        "validated" => Input::Validated {
            height: height()?,
            digest: Digest(given.array("digest")?),
            valid: given.required("valid")?.to_flag("valid")?,
        },
        "decided" => Input::Decided {
            value: value()?,
            certificate: CommitCertificate::from_bytes(&given.bytes("certificate")?)?,
        },
        "executed" => Input::Executed {
            height: height()?,
            validators: given.property("validators")?.map(|list| proof::validators(&list)).transpose()?,
        },
        "peer_gone" => Input::PeerGone(PeerId(given.count("peer")?)),
        _ => return Err(G::wrong("type", "must be the name of an input")),
    })
}

/// Effects, in order: objects with their `type` and what belongs to it.
///
/// # Errors
/// [`ConsensusError::InvalidState`] for an effect that this version has no form for.
pub(crate) fn effects(effects: Vec<Effect<Bytes>>) -> Result<Vec<Made>, ConsensusError> {
    effects.into_iter().map(effect).collect()
}

/// A proposal that was signed.
pub(crate) fn proposal(made: &PrePrepare<Bytes>) -> Made {
    let PrePrepare { proposal, value } = made;
    Made::Object(vec![
        ("height", proposal.height.0.into()),
        ("round", proposal.round.0.into()),
        ("digest", proposal.digest.0.as_slice().into()),
        ("value", value.as_slice().into()),
        ("signature", proposal.signature.as_slice().into()),
    ])
}

/// Hands over a message of a validator. Gives the last message that it makes this member send to all.
pub(crate) fn handle_message(
    member: &mut Member,
    bytes: &[u8],
    sender: &str,
) -> Result<Option<Vec<u8>>, ConsensusError> {
    let message = SignedMessage { payload: Message::from_bytes(bytes)?, sender: NodeId::new(sender)? };
    Ok(member.handle_message(&message)?.map(|message| message.to_bytes()))
}

/// Where a member is.
pub(crate) fn status(member: &Member) -> Made {
    let at = |(round, digest): (Round, Digest)| {
        Made::Object(vec![("round", round.0.into()), ("digest", digest.0.as_slice().into())])
    };
    let step = match member.step() {
        Step::Propose => "propose",
        Step::Prevote => "prevote",
        Step::Precommit => "precommit",
    };
    Made::Object(vec![
        ("epoch", member.epoch().0.into()),
        ("height", member.height().0.into()),
        ("round", member.round().0.into()),
        ("step", step.into()),
        ("executed", member.executed().0.into()),
        ("number", Made::option(member.number().map(|number| u32::from(number).into()))),
        ("locked", Made::option(member.locked().map(at))),
        ("valid", Made::option(member.valid().map(at))),
    ])
}

/// Where a member can begin that has executed what this one has: options for [`open`].
pub(crate) fn origin(member: &Member) -> Made {
    let Origin { height, validators, upcoming } = member.origin();
    let change = |(height, set): &(Height, chrysalis_consensus::ValidatorSet)| {
        Made::Object(vec![("height", height.0.into()), ("validators", set.to_bytes().into())])
    };
    Made::Object(vec![
        ("height", height.0.into()),
        ("validators", validators.to_bytes().into()),
        ("upcoming", Made::list(upcoming.iter().map(change))),
    ])
}

fn config<G: Given>(options: &G) -> Result<Config, G::Error> {
    let mut config = Config::new(ChainId::new(&options.text("chain")?)?);
    config.window = options.count_or("window", config.window)?;
    if let Some(power) = options.property("faulty_power")? {
        config.faulty_power = Some(power.to_count("faulty_power")?);
    }
    config.max_value_bytes = size(options, "max_value_bytes", config.max_value_bytes)?;
    config.pending_bytes = size(options, "pending_bytes", config.pending_bytes)?;
    config.kept_decisions = size(options, "kept_decisions", config.kept_decisions)?;
    if let Some(given) = options.property("timeouts")? {
        let timeouts = &mut config.timeouts;
        for (name, length) in [
            ("propose_ms", &mut timeouts.propose),
            ("prevote_ms", &mut timeouts.prevote),
            ("precommit_ms", &mut timeouts.precommit),
            ("cap_ms", &mut timeouts.cap),
            ("resend_ms", &mut timeouts.resend),
        ] {
            if let Some(ms) = given.property(name)? {
                *length = Duration::from_millis(ms.to_count(name)?);
            }
        }
    }
    Ok(config)
}

fn size<G: Given>(options: &G, name: &str, default: usize) -> Result<usize, G::Error> {
    let Some(size) = options.property(name)? else { return Ok(default) };
    usize::try_from(size.to_count(name)?).map_err(|_| G::wrong(name, "is more than memory"))
}

fn upcoming<G: Given>(changes: &[G]) -> Result<Vec<(Height, chrysalis_consensus::ValidatorSet)>, G::Error> {
    let change = |change: &G| {
        let set = Arc::unwrap_or_clone(proof::set(&change.required("validators")?, "validators")?);
        Ok((Height(change.count("height")?), set))
    };
    changes.iter().map(change).collect()
}

fn round<G: Given>(given: &G) -> Result<Round, G::Error> {
    let round = u32::try_from(given.count("round")?);
    round.map(Round).map_err(|_| G::wrong("round", "must be below 2^32"))
}

fn timeout<G: Given>(given: &G) -> Result<Timeout, G::Error> {
    let of =
        |timeout: fn(Height, Round) -> Timeout| Ok(timeout(Height(given.count("height")?), round(given)?));
    match given.text("kind")?.as_str() {
        "propose" => of(Timeout::Propose),
        "prevote" => of(Timeout::Prevote),
        "precommit" => of(Timeout::Precommit),
        "resend" => Ok(Timeout::Resend),
        _ => Err(G::wrong("kind", "must be 'propose', 'prevote', 'precommit' or 'resend'")),
    }
}

fn made_timeout(timeout: Timeout) -> Made {
    let (kind, place) = match timeout {
        Timeout::Propose(height, round) => ("propose", Some((height, round))),
        Timeout::Prevote(height, round) => ("prevote", Some((height, round))),
        Timeout::Precommit(height, round) => ("precommit", Some((height, round))),
        Timeout::Resend => ("resend", None),
    };
    let mut fields = vec![("kind", kind.into())];
    if let Some((height, round)) = place {
        fields.extend([("height", height.0.into()), ("round", round.0.into())]);
    }
    Made::Object(fields)
}

fn effect(effect: Effect<Bytes>) -> Result<Made, ConsensusError> {
    let (kind, fields): (&str, Vec<(&'static str, Made)>) = match effect {
        Effect::Log(records) => {
            let records = records.iter().map(|record| record.to_bytes().into());
            ("log", vec![("records", Made::list(records))])
        }
        Effect::Broadcast(bytes) => ("broadcast", vec![("bytes", bytes[..].into())]),
        Effect::SendTo { peer, bytes } => {
            ("send_to", vec![("peer", peer.0.into()), ("bytes", bytes[..].into())])
        }
        Effect::Schedule { timeout, after } => {
            let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            ("schedule", vec![("timeout", made_timeout(timeout)), ("after_ms", ms.into())])
        }
        Effect::Cancel(timeout) => ("cancel", vec![("timeout", made_timeout(timeout))]),
        Effect::GetValue { height, round } => {
            ("get_value", vec![("height", height.0.into()), ("round", round.0.into())])
        }
        Effect::Validate { height, digest, value } => (
            "validate",
            vec![
                ("height", height.0.into()),
                ("digest", digest.0.as_slice().into()),
                ("value", value.as_slice().into()),
            ],
        ),
        Effect::Decide(Decision { height, value, certificate, evidence }) => (
            "decide",
            vec![
                ("height", height.0.into()),
                ("value", value.as_slice().into()),
                ("certificate", certificate.to_bytes().into()),
                ("evidence", Made::list(evidence.iter().map(|evidence| evidence.to_bytes().into()))),
            ],
        ),
        Effect::Evidence(evidence) => ("evidence", vec![("evidence", evidence.to_bytes().into())]),
        Effect::Punish { peer, offence } => {
            ("punish", vec![("peer", peer.0.into()), ("offence", offence.as_str().into())])
        }
        Effect::PeerBehind { peer, height } => {
            ("peer_behind", vec![("peer", peer.0.into()), ("height", height.0.into())])
        }
        Effect::Behind { peer, height } => {
            ("behind", vec![("peer", peer.0.into()), ("height", height.0.into())])
        }
        _ => return Err(ConsensusError::InvalidState("an effect of a later version")),
    };
    let mut object = vec![("type", kind.into())];
    object.extend(fields);
    Ok(Made::Object(object))
}
