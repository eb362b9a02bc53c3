//! The three calls by which the node was first described: propose, handle a message, is it decided. They are
//! [`handle`](ByzantineConsensus::handle) in another shape: what else an input leads to is queued for
//! [`take_effects`](ByzantineConsensus::take_effects).

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use chrysalis_crypto::ed25519::SigningKey;

use super::ByzantineConsensus;
use crate::config::Config;
use crate::effect::{Effect, Input, Offence};
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, NodeId, PeerId};
use crate::message::Message;
use crate::proposal::Proposal;
use crate::record::LogRecord;
use crate::signature::Signature;
use crate::validator::{Validator, ValidatorSet};
use crate::value::Value;

/// The first description's name of a message.
pub type ConsensusMessage = Message;

/// A message with the name of the validator that hands it over, which for votes, proposals and statuses is the one that signed it or one
/// that passes it on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedMessage<M = ConsensusMessage> {
    /// The message.
    pub payload: M,
    /// Who hands it over.
    pub sender: NodeId,
}

impl SignedMessage {
    /// The signature within the message; none for those that consist of signed statements of several.
    #[must_use]
    pub fn signature(&self) -> Option<&Signature> {
        match &self.payload {
            Message::Proposal { proposal, .. } => Some(&proposal.signature),
            Message::Vote(vote) => Some(&vote.signature),
            Message::Status(status) => Some(&status.signature),
            Message::Polka { .. } | Message::Decision { .. } | Message::Evidence(_) => None,
        }
    }
}

/// A signed proposal with its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PrePrepare<T> {
    /// The signed part.
    pub proposal: Proposal,
    /// The value.
    pub value: T,
}

impl<T: Value> ByzantineConsensus<T> {
    /// A node that is its own cluster, for development: a new key, a set of one, and every message from outside refused. It is started.
    ///
    /// # Errors
    /// [`ConsensusError::Crypto`] when the system gives no randomness for the key.
    pub fn make_development() -> Result<Self, ConsensusError> {
        let key = SigningKey::make()?;
        let id = NodeId::new("development")?;
        let validator = Validator { id, key: key.public_key(), power: 1 };
        let set = ValidatorSet::new(Epoch(0), vec![validator])?;
        let mut node = Self::new(Config::new(ChainId::new("development")?), set, Some(Arc::new(key)))?;
        node.alone = true;
        let effects = node.handle(Input::Start)?;
        node.queue.extend(effects);
        Ok(node)
    }

    /// Proposes a value for this height. The proposal is signed; it and its record of the log are among the
    /// [effects](Self::take_effects), in the order in which they are to be carried out.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidState`] when this round's proposal is another's, was made, or is past;
    /// [`ConsensusError::TooLarge`].
    pub fn propose(&mut self, value: T) -> Result<PrePrepare<T>, ConsensusError> {
        let (height, round) = (self.height(), self.round());
        if !self.state.started || !self.may_propose() {
            return Err(ConsensusError::InvalidState("this round's proposal is not this node's to make"));
        }
        let effects = self.handle(Input::Value { height, round, value: value.clone() })?;
        let proposal = effects.iter().find_map(|effect| match effect {
            Effect::Log(records) => records.iter().find_map(|record| match record {
                LogRecord::Proposed { proposal, .. } => Some(proposal.clone()),
                _ => None,
            }),
            _ => None,
        });
        self.queue.extend(effects);
        let proposal = proposal.ok_or(ConsensusError::InvalidState("the node has no key to sign with"))?;
        Ok(PrePrepare { proposal, value })
    }

    /// Takes a message. Returns the last message that it makes this node send to all, if any; that and the rest are among the
    /// [effects](Self::take_effects), and nothing may be sent before the records that come first there are on disk.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidState`] for a development instance, which talks to nobody; [`ConsensusError::BadProof`] for a
    /// sender that is no validator, or a message that proves nothing; [`ConsensusError::BadSignature`];
    /// [`ConsensusError::InvalidValue`].
    pub fn handle_message(
        &mut self,
        message: &SignedMessage,
    ) -> Result<Option<ConsensusMessage>, ConsensusError> {
        let set = &self.state.set;
        let number = set.validators().iter().position(|validator| validator.id == message.sender);
        let number = number.ok_or(ConsensusError::BadProof("the sender is no validator"))?;
        let from = PeerId(number as u64);
        let bytes = message.payload.to_bytes().into();
        let effects = self.handle(Input::Message { from, bytes })?;
        let mut last = None;
        let mut offence = None;
        for effect in &effects {
            match effect {
                Effect::Broadcast(bytes) => last = Some(bytes.clone()),
                Effect::Punish { peer, offence: what } if *peer == from => offence = Some(*what),
                _ => {}
            }
        }
        self.queue.extend(effects);
        match offence {
            Some(Offence::BadSignature) => Err(ConsensusError::BadSignature),
            Some(Offence::BadValue) => Err(ConsensusError::InvalidValue("not the value that was signed for")),
            Some(_) => Err(ConsensusError::BadProof("a message that no correct validator sends")),
            None => last.map(|bytes| Message::from_bytes(&bytes)).transpose(),
        }
    }

    /// The latest value decided, if there is one. [`decision`](Self::decision) gives its proof too.
    #[must_use]
    pub fn is_decided(&self) -> Option<&T> {
        self.decision().map(|(value, _)| value)
    }

    /// Takes what the calls above have led to, in order.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect<T>> {
        core::mem::take(&mut self.queue)
    }
}
