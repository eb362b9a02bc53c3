//! What an honest core must do at once with what it was given: a second, much simpler look at some of the rules.
//!
//! Everything here is counted from below: votes of honest members only, and only those that the core has to keep, so that whatever a
//! liar does, the core cannot have had a reason to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::Violation;
use super::coverage::View;
use super::world::World;
use crate::consensus::{ByzantineConsensus, Step};
use crate::effect::{Effect, Input};
use crate::id::{Height, Round};
use crate::message::{Head, Message, MessageKind};
use crate::record::LogRecord;
use crate::value::{Bytes, Digest};
use crate::vote::{Vote, VoteKind};

/// Rounds around its own of which a member keeps everything (A-38 keeps no fewer).
const KEPT_ROUNDS: u32 = 4;

/// What one honest node has been given in this life, at the height it is at.
#[derive(Default)]
pub(crate) struct Watch {
    height: Height,
    /// Statements of liars: of a vote the digest, of a proposal the digest as well.
    stated: BTreeMap<(Round, Option<VoteKind>, u16), Option<Digest>>,
    /// The greatest round that each honest validator has voted in.
    reached: BTreeMap<u16, Round>,
    /// Honest validators that prevoted nil.
    nil: BTreeMap<Round, BTreeSet<u16>>,
    /// Validators that there is evidence against.
    known: BTreeSet<(Height, u16)>,
    punished: BTreeSet<u64>,
}

/// What has to come of an input.
#[derive(Default)]
pub(crate) struct Due {
    /// From whom it is.
    from: Option<u64>,
    /// Evidence against this validator.
    evidence: Option<u16>,
    /// A punishment of the sender.
    punishment: bool,
}

impl Watch {
    /// Forgets everything: the node has restarted.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Looks at an input that a node is about to be given.
    pub(crate) fn before(
        &mut self,
        world: &World,
        core: &ByzantineConsensus<Bytes>,
        input: &Input<Bytes>,
    ) -> Due {
        self.enter(core.height());
        let Input::Message { from, bytes } = input else { return Due::default() };
        let mut due = Due { from: Some(from.0), ..Due::default() };
        if self.punished.contains(&from.0) {
            return due;
        }
        let Ok(head) = Head::from_bytes(bytes) else {
            due.punishment = true;
            return due;
        };
        let is_begun = core.validators_at(head.height).is_some();
        let era = world.era(head.height);
        if head.height != core.height() || head.epoch != era.set.epoch() || !is_begun {
            return due;
        }
        let near = head.round.0.abs_diff(core.round().0) <= KEPT_ROUNDS;
        let is_checked = !usize::try_from(from.0).is_ok_and(|member| world.is_honest(member));
        match head.kind {
            MessageKind::Vote => {
                let Ok(Message::Vote(vote)) = Message::from_bytes(bytes) else { return due };
                if core.number() == Some(vote.validator) {
                    return due;
                }
                let Some(member) = era.member(vote.validator) else { return due };
                let is_liar = !world.is_honest(member);
                let verify = || vote.verify(&world.chain, &era.set, &*world.verifier).is_ok();
                if (is_checked || is_liar) && !verify() {
                    return due;
                }
                if is_liar {
                    let place = (vote.round, Some(vote.kind), vote.validator);
                    if near && self.contradicts(place, vote.digest) {
                        due.evidence = Some(vote.validator);
                    }
                } else {
                    self.count(&vote);
                }
            }
            MessageKind::Proposal if near => {
                let Ok(Message::Proposal { proposal, polka: None, value }) = Message::from_bytes(bytes)
                else {
                    return due;
                };
                let member = era.member(proposal.validator);
                if member.is_some_and(|member| !world.is_honest(member))
                    && era.set.proposer(proposal.height, proposal.round) == proposal.validator
                    && Digest::of(&value) == proposal.digest
                    && proposal.verify(&world.chain, &era.set, &*world.verifier).is_ok()
                    && self.contradicts((proposal.round, None, proposal.validator), Some(proposal.digest))
                {
                    due.evidence = Some(proposal.validator);
                }
            }
            _ => {}
        }
        due
    }

    /// Looks at what came of the input.
    pub(crate) fn after(
        &mut self,
        world: &World,
        member: usize,
        due: &Due,
        effects: &[Effect<Bytes>],
        core: &ByzantineConsensus<Bytes>,
    ) -> Result<(), Violation> {
        let view = View::of(core);
        if let Some(from) = due.from
            && self.punished.contains(&from)
            && !effects.is_empty()
        {
            return Err(Violation::Lenient { member, peer: peer(from) });
        }
        let before = self.height;
        for effect in effects {
            match effect {
                Effect::Evidence(evidence) => {
                    self.known.insert((evidence.height(), evidence.validator()));
                    let bytes: Arc<[u8]> = Message::Evidence(evidence.clone()).to_bytes().into();
                    if !effects.contains(&Effect::Broadcast(bytes)) {
                        return Err(Violation::EvidenceWithheld { member });
                    }
                }
                Effect::Punish { peer, .. } => {
                    self.punished.insert(peer.0);
                }
                Effect::Log(records) => {
                    for record in records {
                        if let LogRecord::Voted(vote) = record
                            && vote.height == before
                        {
                            self.count(vote);
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(from) = due.from.filter(|_| due.punishment)
            && !self.punished.contains(&from)
        {
            return Err(Violation::Lenient { member, peer: peer(from) });
        }
        let era = world.era(before);
        if let Some(validator) = due.evidence
            && !self.known.contains(&(before, validator))
        {
            let against = era.member(validator).unwrap_or(usize::MAX);
            return Err(Violation::MissingEvidence { member, against, height: before.0 });
        }
        if view.height != before || core.validators_at(view.height).is_none() {
            return Ok(());
        }
        if let Some(round) = self.round_due(world)
            && view.round < round
        {
            return Err(Violation::NotSkipped { member, height: before.0, round: round.0 });
        }
        let power = |voters: &BTreeSet<u16>| voters.iter().map(|number| era.set.power(*number)).sum::<u64>();
        let nil = self.nil.get(&view.round).map_or(0, power);
        if view.step == Step::Prevote && nil >= era.set.quorum_power() {
            return Err(Violation::Idle { member, height: before.0, round: view.round.0 });
        }
        Ok(())
    }

    fn enter(&mut self, height: Height) {
        if self.height != height {
            self.height = height;
            self.stated.clear();
            self.reached.clear();
            self.nil.clear();
            self.known.retain(|(of, _)| of.0 + 2 >= height.0);
        }
    }

    fn contradicts(&mut self, place: (Round, Option<VoteKind>, u16), digest: Option<Digest>) -> bool {
        *self.stated.entry(place).or_insert(digest) != digest
    }

    fn count(&mut self, vote: &Vote) {
        let reached = self.reached.entry(vote.validator).or_insert(vote.round);
        *reached = (*reached).max(vote.round);
        if vote.kind == VoteKind::Prevote && vote.digest.is_none() {
            self.nil.entry(vote.round).or_default().insert(vote.validator);
        }
    }

    /// The greatest round that honest members with more than a third of the power have voted in.
    fn round_due(&self, world: &World) -> Option<Round> {
        let set = &world.era(self.height).set;
        let mut reached: Vec<_> =
            self.reached.iter().map(|(number, round)| (*round, set.power(*number))).collect();
        reached.sort_unstable_by(|a, b| b.cmp(a));
        let mut power = 0;
        reached.into_iter().find_map(|(round, own)| {
            power += own;
            (power >= set.progress_power()).then_some(round)
        })
    }
}

fn peer(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
