//! Messages between members.

use std::sync::Arc;

use super::SimCluster;
use super::queue::{Payload, Todo};
use crate::effect::Input;
use crate::id::{Height, PeerId};
use crate::message::{Head, Message, MessageKind};
use crate::sim::check::Violation;
use crate::sim::keys::fingerprint;
use crate::sim::network::{Parcel, arrivals};
use crate::sim::schedule::Kind;
use crate::sim::trace::What;
use crate::vote::VoteKind;

/// Decisions handed over at once.
const DECISIONS: usize = 16;

impl SimCluster {
    pub(super) fn deliver(&mut self, to: usize, from: usize, payload: &Payload) -> Result<(), Violation> {
        for index in 0..self.hosts.len() {
            let host = &self.hosts[index];
            if host.member != to || host.core.is_none() || !host.reaches(from) {
                continue;
            }
            match payload {
                Payload::Message(bytes) => {
                    let message = fingerprint(bytes);
                    self.trace.add(self.now_us, to, What::Received { from, message });
                    self.receive(index, from, bytes)?;
                }
                Payload::Request(height) => self.hand_over(index, from, *height),
                Payload::Decision(decision) => {
                    let (value, certificate) = (**decision).clone();
                    let input = Input::Decided { value, certificate };
                    self.feed(index, input)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn receive(&mut self, index: usize, from: usize, bytes: &Arc<[u8]>) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let answers = match &mut self.hosts[index].adversary {
            Some(adversary) => adversary.incoming(&world, from, bytes),
            None => Vec::new(),
        };
        self.feed(index, Input::Message { from: PeerId(from as u64), bytes: Arc::clone(bytes) })?;
        for (to, bytes) in answers {
            self.send(index, to, bytes);
        }
        Ok(())
    }

    /// Sends what a core wants sent, unless its member lies.
    pub(super) fn say(&mut self, index: usize, to: Option<usize>, bytes: Arc<[u8]>) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let member = self.hosts[index].member;
        if let Some(adversary) = &mut self.hosts[index].adversary {
            for (to, bytes) in adversary.outgoing(&world, to, &bytes) {
                self.send(index, to, bytes);
            }
            return Ok(());
        }
        self.check_statement(member, &bytes)?;
        match to {
            Some(to) => self.send(index, to, bytes),
            None => {
                for to in (0..world.members()).filter(|to| *to != member) {
                    self.send(index, to, Arc::clone(&bytes));
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_statement(&mut self, member: usize, bytes: &[u8]) -> Result<(), Violation> {
        let kind = Head::from_bytes(bytes).map(|head| head.kind);
        if !matches!(kind, Ok(MessageKind::Vote | MessageKind::Proposal)) {
            return Ok(());
        }
        match Message::from_bytes(bytes) {
            Ok(Message::Vote(vote)) if self.world.era(vote.height).member(vote.validator) == Some(member) => {
                self.checks.sent_vote(member, &vote)
            }
            Ok(Message::Proposal { proposal, .. })
                if self.world.era(proposal.height).member(proposal.validator) == Some(member) =>
            {
                self.proposed_us.entry(proposal.height).or_insert(self.now_us);
                self.checks.sent_proposal(member, &proposal)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(Violation::Refused { member, error }),
        }
    }

    pub(super) fn send(&mut self, index: usize, to: usize, bytes: Arc<[u8]>) {
        let message = fingerprint(&bytes);
        self.post(index, to, message, Payload::Message(bytes));
    }

    /// Gives something to the network.
    pub(super) fn post(&mut self, index: usize, to: usize, message: u64, payload: Payload) {
        let host = &self.hosts[index];
        let from = host.member;
        if to >= self.world.members() || to == from || !host.reaches(to) {
            return;
        }
        let (kind, name, height, round) = match &payload {
            Payload::Message(bytes) => kind_of(bytes),
            Payload::Request(height) => (Kind::Other, "request", height.0, 0),
            Payload::Decision(decision) => (Kind::Other, "handover", decision.1.height().0, 0),
        };
        let parcel = Parcel { at_us: self.now_us, from, to, message, kind, height, round };
        let arrives_us = arrivals(&self.world.schedule, &self.weather, &parcel);
        self.messages += 1;
        for at_us in &arrives_us {
            self.queue.push(*at_us, Todo::Deliver { to, from, payload: payload.clone() });
        }
        self.trace.add(self.now_us, from, What::Sent { to, message, kind: name, arrives_us });
    }

    /// Sends decisions from a height on, as far as they are kept.
    pub(super) fn hand_over(&mut self, index: usize, to: usize, from: Height) {
        let kept: Vec<_> = self.hosts[index]
            .decided
            .range(from..)
            .take(DECISIONS)
            .map(|(height, decision)| (height.0, Arc::clone(decision)))
            .collect();
        for (height, decision) in kept {
            self.post(index, to, height, Payload::Decision(decision));
        }
    }
}

/// What a message is for the network and for pictures: a look at its head and, of a vote, at the byte behind it.
fn kind_of(bytes: &[u8]) -> (Kind, &'static str, u64, u32) {
    let Ok(head) = Head::from_bytes(bytes) else { return (Kind::Other, "noise", 0, 0) };
    let (kind, name) = match head.kind {
        MessageKind::Proposal => (Kind::Proposal, "proposal"),
        MessageKind::Vote if bytes.get(Head::LENGTH) == Some(&(VoteKind::Prevote as u8)) => {
            (Kind::Prevote, "prevote")
        }
        MessageKind::Vote => (Kind::Precommit, "precommit"),
        MessageKind::Status => (Kind::Other, "status"),
        MessageKind::Polka => (Kind::Other, "polka"),
        MessageKind::Decision => (Kind::Other, "decision"),
        MessageKind::Evidence => (Kind::Other, "evidence"),
    };
    (kind, name, head.height.0, head.round.0)
}
