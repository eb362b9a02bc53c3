//! Loss heals: what was not heard is said again, and who lacks something is given it.

use alloc::vec;
use alloc::vec::Vec;

use super::ByzantineConsensus;
use crate::certificate::PolkaCertificate;
use crate::effect::{Effect, Offence};
use crate::id::{Height, PeerId, Round};
use crate::message::{Head, Message, MessageKind};
use crate::mutant::mutant;
use crate::status::{Status, Trace};
use crate::timeout::Timeout;
use crate::validator::ValidatorSet;
use crate::value::Value;
use crate::vote::{Vote, VoteKind};

/// Answers to one peer between two runs of the resend timer.
const ANSWERS: u8 = 2;
/// Most bytes of decisions in one answer.
const ANSWER_BYTES: usize = 1024 * 1024;

impl<T: Value> ByzantineConsensus<T> {
    /// without a decision since last time, says everything of this round again, and what it has.
    pub(super) fn resend(&mut self) {
        if !mutant!(self.fixed.config, ResendOnce) {
            self.arm(Timeout::Resend);
        }
        self.state.peers.retain(|_, peer| {
            peer.answers = 0;
            peer.told_behind = false;
            peer.punished
        });
        if !core::mem::take(&mut self.state.progressed) {
            self.say_again();
        }
    }

    /// Sends the own messages of this round, the evidence at hand and a status.
    pub(super) fn say_again(&mut self) {
        if !self.state.begun {
            return;
        }
        if !mutant!(self.fixed.config, OwnNotResent) {
            let round = self.state.round;
            let own: Vec<_> = self.state.own.iter().filter(|(of, ..)| *of == round).cloned().collect();
            for (_, _, bytes) in own {
                self.effect(Effect::Broadcast(bytes));
            }
        }
        if !mutant!(self.fixed.config, EvidenceNotSent) {
            let evidence: Vec<_> = self.evidence().cloned().collect();
            for evidence in evidence {
                self.effect(Effect::Broadcast(Message::Evidence(evidence).to_bytes().into()));
            }
        }
        if let Some(status) = self.status() {
            self.effect(Effect::Broadcast(Message::Status(status).to_bytes().into()));
        }
    }

    /// What this node has of its round; a follower has no voice to say it with.
    fn status(&mut self) -> Option<Status> {
        let fixed = self.fixed.clone();
        let (signer, validator) = (fixed.signer.as_ref()?, self.state.me?);
        let set = self.state.set.clone();
        let round = self.state.round;
        let traces = |node: &mut Self, kind| {
            // Unchecked votes might be forged, and would keep the true ones away.
            node.settle(&set, round, kind, None);
            let mut traces = vec![Trace::NONE; set.len()];
            if let Some(state) = node.state.current.rounds.get(&round) {
                for (number, digest, _) in state.tally(kind).verified() {
                    traces[usize::from(number)] = Trace::of(digest);
                }
            }
            traces
        };
        let prevotes = traces(self, VoteKind::Prevote);
        let precommits = traces(self, VoteKind::Precommit);
        let status = Status {
            epoch: set.epoch(),
            height: self.state.height,
            round,
            valid_round: self.state.valid.as_ref().map(PolkaCertificate::round),
            has_proposal: self
                .state
                .current
                .rounds
                .get(&round)
                .is_some_and(|state| !state.proposals.is_empty()),
            validator,
            prevotes,
            precommits,
            signature: [0; 64],
        };
        Some(status.sign(&**signer, &fixed.config.chain))
    }

    /// gives a peer what it lacks, so often and no more.
    pub(super) fn take_status(&mut self, from: PeerId, set: &ValidatorSet, status: &Status) {
        if !self.has_something_for(status) || !self.may_answer(from) {
            return;
        }
        if status.verify(&self.fixed.config.chain, set, &*self.fixed.verifier).is_err() {
            self.punish(from, Offence::BadSignature);
            return;
        }
        if mutant!(self.fixed.config, StatusUnanswered) {
            return;
        }
        if status.height < self.state.height {
            self.answer_with_decisions(from, status.height);
        } else if self.state.begun && status.height == self.state.height {
            self.answer_with_votes(from, status);
        }
    }

    /// Whether the sender of a status lacks something that is here, as far as can be told without checking signatures.
    fn has_something_for(&self, status: &Status) -> bool {
        if status.height < self.state.height {
            return true;
        }
        let valid = self.state.valid.as_ref().map(PolkaCertificate::round);
        if !self.state.begun || status.height > self.state.height {
            return false;
        }
        self.state.round > status.round
            || valid > status.valid_round
            || self.state.current.rounds.get(&status.round).is_some_and(|state| {
                let lacks = |kind| {
                    let traces = status.traces(kind);
                    state.tally(kind).votes().any(|(number, digest)| {
                        traces.get(usize::from(number)).is_none_or(|trace| *trace != Trace::of(digest))
                    })
                };
                (!status.has_proposal && !state.proposals.is_empty()) || VoteKind::ALL.into_iter().any(lacks)
            })
    }

    /// Whether this peer has an answer left; takes it.
    fn may_answer(&mut self, peer: PeerId) -> bool {
        let peer = self.peer(peer);
        peer.answers += u8::from(peer.answers <= ANSWERS);
        peer.answers <= ANSWERS
    }

    /// A peer so far behind that its validators are forgotten here is left to the driver, if it asks at all.
    pub(super) fn note_lagging(&mut self, from: PeerId, head: Head) {
        if head.kind == MessageKind::Status && self.may_answer(from) {
            self.effect(Effect::PeerBehind { peer: from, height: head.height });
        }
    }

    fn answer_with_decisions(&mut self, peer: PeerId, from: Height) {
        if mutant!(self.fixed.config, DecisionsNotSent) {
            return;
        }
        let mut answers = Vec::new();
        let mut bytes = 0;
        let mut next = from;
        while let Some(decided) = self.state.decided.get(&next) {
            bytes += decided.bytes.len();
            if bytes > ANSWER_BYTES && !answers.is_empty() {
                break;
            }
            let (certificate, value) = (decided.certificate.clone(), decided.bytes.to_vec());
            answers.push(Message::Decision { certificate, value });
            next = next.next();
        }
        if answers.is_empty() {
            self.effect(Effect::PeerBehind { peer, height: from });
        }
        self.answer(peer, answers);
    }

    fn answer_with_votes(&mut self, peer: PeerId, status: &Status) {
        let mut answers = Vec::new();
        let newer = |polka: &&PolkaCertificate| Some(polka.round()) > status.valid_round;
        if let Some(polka) = self.state.valid.as_ref().filter(newer)
            && let Some(held) = self.state.current.values.get(&polka.digest())
        {
            answers.push(Message::Polka { certificate: polka.clone(), value: held.bytes.to_vec() });
        }
        self.collect_round(status.round, Some(status), &mut answers);
        if self.state.round > status.round {
            self.collect_round(self.state.round, None, &mut answers);
        }
        self.answer(peer, answers);
    }

    /// The proposals and votes of a round, without what the peer says that it has.
    fn collect_round(&mut self, round: Round, status: Option<&Status>, answers: &mut Vec<Message>) {
        let set = self.state.set.clone();
        for kind in VoteKind::ALL {
            self.settle(&set, round, kind, None);
        }
        let Some(state) = self.state.current.rounds.get(&round) else { return };
        if status.is_none_or(|status| !status.has_proposal) {
            for proposed in &state.proposals {
                let Some(held) = self.state.current.values.get(&proposed.proposal.digest) else { continue };
                answers.push(Message::Proposal {
                    proposal: proposed.proposal.clone(),
                    polka: proposed.polka.clone(),
                    value: held.bytes.to_vec(),
                });
            }
        }
        for kind in VoteKind::ALL {
            for (validator, digest, signature) in state.tally(kind).verified() {
                let traces = status.map_or(&[][..], |status| status.traces(kind));
                let has = traces.get(usize::from(validator)).copied().unwrap_or(Trace::NONE);
                if has != Trace::of(digest) {
                    let (epoch, height) = (set.epoch(), self.state.height);
                    answers.push(Message::Vote(Vote {
                        epoch,
                        height,
                        round,
                        kind,
                        digest,
                        validator,
                        signature,
                    }));
                }
            }
        }
    }

    fn answer(&mut self, peer: PeerId, answers: Vec<Message>) {
        for message in answers {
            self.effect(Effect::SendTo { peer, bytes: message.to_bytes().into() });
        }
    }
}
