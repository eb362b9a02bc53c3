//! What the node says: signed, on the log, then sent.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{ByzantineConsensus, Step};
use crate::certificate::PolkaCertificate;
use crate::effect::Effect;
use crate::height::{Held, Proposed, Validity};
use crate::id::{Height, Round};
use crate::keeper::Slot;
use crate::message::{Message, MessageKind};
use crate::mutant::mutant;
use crate::proposal::Proposal;
use crate::record::LogRecord;
use crate::validator::ValidatorSet;
use crate::value::{Digest, Value};
use crate::vote::{Vote, VoteKind};

impl<T: Value> ByzantineConsensus<T> {
    /// Whether this node proposes in this round.
    pub(super) fn is_proposer(&self) -> bool {
        let state = &self.state;
        state.me == Some(self.proposer(&state.set, state.height, state.round))
    }

    /// Whose turn a round is.
    pub(super) fn proposer(&self, set: &ValidatorSet, height: Height, round: Round) -> u16 {
        set.proposer(height, if mutant!(self.fixed.config, ProposerConstant) { Round(0) } else { round })
    }

    /// Whether a proposal of this node for this round exists, made here or, with the same key, elsewhere.
    pub(super) fn has_proposed(&self) -> bool {
        let state = &self.state;
        state.current.rounds.get(&state.round).is_some_and(|round| {
            round.proposals.iter().any(|proposed| Some(proposed.proposal.validator) == state.me)
        })
    }

    /// Whether a fresh value of this node's would be this round's proposal.
    pub(super) fn may_propose(&self) -> bool {
        self.state.begun && self.state.step == Step::Propose && self.is_proposer() && !self.has_proposed()
    }

    /// the proposer proposes the valid value, with its proof, or asks for a fresh one.
    pub(super) fn propose_if_due(&mut self) {
        if !self.is_proposer() || self.has_proposed() {
            return;
        }
        let valid = self.state.valid.clone();
        match valid {
            Some(polka) if !mutant!(self.fixed.config, FreshDespiteValid) => {
                let digest = polka.digest();
                self.put_forward(digest, Some(polka));
            }
            _ => {
                let (height, round) = (self.state.height, self.state.round);
                self.effect(Effect::GetValue { height, round });
            }
        }
    }

    /// Proposes a value of the application, which needs no other answer about it.
    pub(super) fn propose_fresh(&mut self, value: T, bytes: Vec<u8>) {
        let digest = Digest::of(&bytes);
        let held = Held { value, bytes: bytes.into(), validity: Validity::Valid, logged: false };
        self.state.current.values.entry(digest).or_insert(held).validity = Validity::Valid;
        self.put_forward(digest, None);
    }

    fn put_forward(&mut self, digest: Digest, polka: Option<PolkaCertificate>) {
        let fixed = self.fixed.clone();
        let (Some(signer), Some(me)) = (&fixed.signer, self.state.me) else { return };
        let Some(held) = self.state.current.values.get(&digest) else { return };
        let value = held.bytes.to_vec();
        let valid_round = polka.as_ref().map(PolkaCertificate::round);
        let (epoch, height, round) = (self.state.set.epoch(), self.state.height, self.state.round);
        let proposal =
            Proposal::sign(&**signer, &fixed.config.chain, epoch, height, round, valid_round, digest, me);
        self.log_value(digest);
        self.out.records.push(LogRecord::Proposed { proposal: proposal.clone(), polka: polka.clone() });
        let message = Message::Proposal { proposal: proposal.clone(), polka: polka.clone(), value };
        self.say(&message);
        let proposals = &mut self.state.current.rounds.entry(round).or_default().proposals;
        proposals.push(Proposed { proposal, polka });
    }

    /// Takes the step that a vote stands for and, where this node votes, votes.
    pub(super) fn vote(&mut self, kind: VoteKind, digest: Option<Digest>) {
        self.state.step = match kind {
            VoteKind::Prevote => Step::Prevote,
            VoteKind::Precommit => Step::Precommit,
        };
        let Some(me) = self.state.me else { return };
        let round = self.state.round;
        let slot = self.state.current.rounds.get(&round).map(|state| state.tally(kind).slot(me));
        if let Some(Slot::Verified { digest: said, .. }) = slot
            && *said != digest
        {
            // this key has voted otherwise, from another place or before the log was lost.
            return;
        }
        self.utter(kind, digest);
    }

    /// Signs a vote for this round, logs and sends it, and counts it.
    pub(super) fn utter(&mut self, kind: VoteKind, digest: Option<Digest>) {
        let fixed = self.fixed.clone();
        let (Some(signer), Some(me)) = (&fixed.signer, self.state.me) else { return };
        let (epoch, height, round) = (self.state.set.epoch(), self.state.height, self.state.round);
        let vote = Vote::sign(&**signer, &fixed.config.chain, epoch, height, round, kind, digest, me);
        if !mutant!(fixed.config, VoteNotLogged) {
            self.out.records.push(LogRecord::Voted(vote.clone()));
        }
        self.say(&Message::Vote(vote.clone()));
        self.count_own(&vote);
    }

    /// Counts an own vote, unless one is counted already.
    pub(super) fn count_own(&mut self, vote: &Vote) {
        let set = self.state.set.clone();
        let power = self.power(&set, vote.validator);
        let tally = self.state.current.rounds.entry(vote.round).or_default().tally_mut(vote.kind);
        if !matches!(tally.slot(vote.validator), Slot::Verified { .. }) {
            tally.confirm(&set, vote.validator, power, vote.digest, vote.signature);
        }
    }

    /// Sends an own message to all and keeps its bytes to be sent again.
    fn say(&mut self, message: &Message) {
        let bytes: Arc<[u8]> = message.to_bytes().into();
        self.keep_own(message, bytes.clone());
        self.effect(Effect::Broadcast(bytes));
    }

    /// Keeps the bytes of an own message of this height.
    pub(super) fn keep_own(&mut self, message: &Message, bytes: Arc<[u8]>) {
        let head = message.head();
        debug_assert!(matches!(head.kind, MessageKind::Proposal | MessageKind::Vote));
        self.state.own.push((head.round, head.kind, bytes));
    }

    /// Has the log hold a value, once.
    pub(super) fn log_value(&mut self, digest: Digest) {
        let height = self.state.height;
        if let Some(held) = self.state.current.values.get_mut(&digest)
            && !held.logged
        {
            held.logged = true;
            self.out.records.push(LogRecord::Value { height, bytes: held.bytes.to_vec() });
        }
    }
}
