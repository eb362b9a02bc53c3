//! What an honest core must do at once with what it was given: a second, much simpler look at some of the rules.
//!
//! Everything here is counted from below: votes of honest members only, and only those that the core has to keep, so that whatever a
//! liar does, the core cannot have had a reason to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::Violation;
use super::coverage::View;
use super::world::{World, digest_of};
use crate::consensus::{ByzantineConsensus, Step};
use crate::effect::{Effect, Input};
use crate::error::ConsensusError;
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
    /// Honest validators by what they prevoted.
    prevotes: BTreeMap<(Round, Option<Digest>), BTreeSet<u16>>,
    /// Values that the application has accepted, or made.
    accepted: BTreeSet<Digest>,
    /// Proposals of a round that hold, of honest members and liars: the digest, the valid round, whether the application accepts it.
    proposals: BTreeMap<Round, Vec<(Digest, Option<Round>, bool)>>,
    /// Own votes of the round that the node is in.
    own: Vec<(Round, VoteKind)>,
    /// The round of the newest proof of a valid value, and when it has to be taken.
    offered: Option<(Round, u64)>,
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
    /// Nothing at all.
    nothing: bool,
    /// Whether a timer or the application is the cause, or what the node was like before.
    is_excused: bool,
    before: Option<View>,
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
        now_us: u64,
    ) -> Due {
        self.enter(core.height());
        let is_excused =
            matches!(input, Input::Start | Input::Timeout(_) | Input::Validated { valid: false, .. });
        let mut due = Due { is_excused, before: Some(View::of(core)), ..Due::default() };
        match input {
            Input::Validated { digest, valid: true, .. } => drop(self.accepted.insert(*digest)),
            Input::Value { value, .. } => drop(self.accepted.insert(digest_of(value))),
            _ => {}
        }
        let Input::Message { from, bytes } = input else { return due };
        due.from = Some(from.0);
        if self.punished.contains(&from.0) {
            return due;
        }
        let head = match Head::from_bytes(bytes) {
            Ok(head) => head,
            Err(ConsensusError::UnsupportedVersion { .. }) => {
                due.nothing = true;
                return due;
            }
            Err(_) => {
                due.punishment = true;
                return due;
            }
        };
        let is_begun = core.validators_at(head.height).is_some();
        let era = world.era(head.height);
        due.nothing = is_begun && head.epoch != era.set.epoch();
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
                let Ok(Message::Proposal { proposal, polka, value }) = Message::from_bytes(bytes) else {
                    return due;
                };
                if era.set.proposer(proposal.height, proposal.round) != proposal.validator {
                    due.punishment = true;
                    return due;
                }
                let known = self.proposals.entry(proposal.round).or_default();
                let is_new = !known
                    .iter()
                    .any(|(digest, valid, _)| (digest, valid) == (&proposal.digest, &proposal.valid_round));
                if core.number() == Some(proposal.validator) || !is_new {
                    return due;
                }
                if proposal.verify(&world.chain, &era.set, &*world.verifier).is_err() {
                    due.punishment = true;
                    return due;
                }
                let proof = polka.map(|polka| polka.verify_with(&world.chain, &era.set, &*world.verifier));
                if let Some(Err(_)) = proof {
                    due.punishment = known.is_empty();
                    return due;
                }
                if Digest::of(&value) != proposal.digest {
                    return due;
                }
                known.push((proposal.digest, proposal.valid_round, world.accepts(&value.into())));
                let is_liar = era.member(proposal.validator).is_some_and(|member| !world.is_honest(member));
                let place = (proposal.round, None, proposal.validator);
                if is_liar && proposal.valid_round.is_none() && self.contradicts(place, Some(proposal.digest))
                {
                    due.evidence = Some(proposal.validator);
                }
            }
            MessageKind::Polka => {
                let Ok(Message::Polka { certificate, value }) = Message::from_bytes(bytes) else {
                    return due;
                };
                let is_newer = self.offered.is_none_or(|(round, _)| round < certificate.round());
                if is_newer
                    && Digest::of(&value) == certificate.digest()
                    && certificate.verify_with(&world.chain, &era.set, &*world.verifier).is_ok()
                {
                    self.offered = Some((certificate.round(), now_us + world.schedule.work_us + 1));
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
        now_us: u64,
    ) -> Result<(), Violation> {
        let view = View::of(core);
        if due.nothing && !effects.is_empty() {
            return Err(Violation::Foreign { member });
        }
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
                            self.own.push((vote.round, vote.kind));
                            self.justify(member, due, &view, vote)?;
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
        self.resent(member, effects, &view)?;
        let (last, rounds) = core.kept();
        let is_kept = |round: Round| round.0.abs_diff(view.round.0) <= KEPT_ROUNDS;
        if last > core.executed().plus(core.config().window + 1)
            || rounds.is_some_and(|rounds| !is_kept(*rounds.start()) || !is_kept(*rounds.end()))
        {
            return Err(Violation::Memory { member, height: view.height.0, round: view.round.0 });
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
        if let Some((round, by_us)) = self.offered
            && now_us > by_us
            && round < view.round
            && core.valid().is_none_or(|(valid, _)| valid < round)
        {
            return Err(Violation::OfferLost { member, height: before.0 });
        }
        if let Some(round) = self.round_due(world)
            && view.round < round
        {
            return Err(Violation::NotSkipped { member, height: before.0, round: round.0 });
        }
        let quorum = |voters: &BTreeSet<u16>| {
            voters.iter().map(|number| era.set.power(*number)).sum::<u64>() >= era.set.quorum_power()
        };
        let is_idle = self.prevotes.range((view.round, None)..).any(|((round, digest), voters)| {
            *round == view.round
                && quorum(voters)
                && match digest {
                    None => view.step == Step::Prevote,
                    Some(digest) => {
                        let is_taken = core.valid().is_some_and(|(valid, _)| valid >= view.round);
                        view.step != Step::Propose && self.accepted.contains(digest) && !is_taken
                    }
                }
        });
        if is_idle {
            return Err(Violation::Idle { member, height: before.0, round: view.round.0 });
        }
        Ok(())
    }

    fn enter(&mut self, height: Height) {
        if self.height != height {
            self.height = height;
            self.stated.clear();
            self.reached.clear();
            self.prevotes.clear();
            self.accepted.clear();
            self.proposals.clear();
            self.own.clear();
            self.offered = None;
            self.known.retain(|(of, _)| of.0 + 2 >= height.0);
        }
    }

    /// A nil prevote that neither a timer nor the application caused needs a lock on something else, newer than the proposal's proof.
    fn justify(&self, member: usize, due: &Due, after: &View, vote: &Vote) -> Result<(), Violation> {
        if due.is_excused || vote.kind != VoteKind::Prevote || vote.digest.is_some() {
            return Ok(());
        }
        let Some(known) = self.proposals.get(&vote.round) else { return Ok(()) };
        // One input may lead to a lock in one round and to the next round.
        let locks = [due.before.and_then(|view| view.locked), after.locked];
        let is_refused = |(digest, valid, is_accepted): &(Digest, Option<Round>, bool)| {
            let binds = |(round, locked): &(Round, Digest)| {
                locked != digest && valid.is_none_or(|valid| valid < *round)
            };
            !is_accepted || locks.iter().flatten().any(binds)
        };
        if known.iter().any(is_refused) {
            return Ok(());
        }
        Err(Violation::Refusal { member, height: vote.height.0, round: vote.round.0 })
    }

    /// With a status go the own votes of the round.
    fn resent(&self, member: usize, effects: &[Effect<Bytes>], view: &View) -> Result<(), Violation> {
        let sent = |kind: MessageKind| {
            let is_sent = |effect: &&Effect<Bytes>| matches!(effect, Effect::Broadcast(bytes) if bytes.get(1) == Some(&(kind as u8)));
            effects.iter().filter(is_sent).count()
        };
        let own = self.own.iter().filter(|(round, _)| *round == view.round).count();
        if view.height == self.height && sent(MessageKind::Status) > 0 && sent(MessageKind::Vote) < own {
            return Err(Violation::NotResent { member, height: view.height.0, round: view.round.0 });
        }
        Ok(())
    }

    fn contradicts(&mut self, place: (Round, Option<VoteKind>, u16), digest: Option<Digest>) -> bool {
        *self.stated.entry(place).or_insert(digest) != digest
    }

    fn count(&mut self, vote: &Vote) {
        let reached = self.reached.entry(vote.validator).or_insert(vote.round);
        *reached = (*reached).max(vote.round);
        if vote.kind == VoteKind::Prevote {
            self.prevotes.entry((vote.round, vote.digest)).or_default().insert(vote.validator);
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
