//! Inputs into cores, and what becomes of their effects.

use std::sync::Arc;

use super::SimCluster;
use super::queue::{Payload, Todo};
use crate::effect::{Decision, Effect, Input};
use crate::evidence::Evidence;
use crate::record::LogRecord;
use crate::sim::check::Violation;
use crate::sim::coverage::{Trigger, View};
use crate::sim::random::Random;
use crate::sim::schedule::Survives;
use crate::sim::trace::What;
use crate::sim::watch::Due;
use crate::timeout::Timeout;
use crate::value::Bytes;
use crate::vote::VoteKind;

/// Pieces of evidence that a run keeps.
const MAX_EVIDENCE: usize = 4_096;
/// Latencies that a run keeps.
const MAX_LATENCIES: usize = 1 << 20;

impl SimCluster {
    /// Gives an input to a core and carries out what it wants.
    pub(super) fn feed(&mut self, index: usize, input: Input<Bytes>) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let host = &mut self.hosts[index];
        let member = host.member;
        let Some(core) = host.core.as_mut() else { return Ok(()) };
        let is_watched = host.adversary.is_none();
        let trigger = Trigger::of(&input);
        let before = View::of(core);
        let due =
            if is_watched { host.watch.before(&world, core, &input, self.now_us) } else { Due::default() };
        let effects = match core.handle(input) {
            Ok(effects) => effects,
            // A driver that hands over a decision may come too late, or too early.
            Err(_) if trigger == Trigger::Decided || !is_watched => return Ok(()),
            Err(error) => return Err(Violation::Refused { member, error }),
        };
        let after = View::of(core);
        if is_watched {
            host.watch.after(&world, member, &due, &effects, core, self.now_us)?;
            self.coverage.observe(&before, trigger, &effects, core);
        }
        // How many more effects happen before power is gone.
        let mut left: Option<(u32, u64)> = None;
        for effect in effects {
            if let Some((effects, down_us)) = left {
                if effects == 0 {
                    self.fail(index, down_us);
                    return Ok(());
                }
                left = Some((effects - 1, down_us));
            }
            if let Effect::Log(records) = effect {
                let crash = self.crash_at(index);
                let survives = crash.map_or(Survives::All, |(survives, _, _)| survives);
                self.log(index, records, survives)?;
                if let Some((survives, effects, down_us)) = crash {
                    left = Some((if survives == Survives::All { effects } else { 0 }, down_us));
                }
            } else {
                self.carry_out(index, effect)?;
            }
        }
        if let Some((_, down_us)) = left {
            self.fail(index, down_us);
            return Ok(());
        }
        let is_timed = trigger == Trigger::Timeout(Timeout::Precommit(before.height, before.round));
        let is_left = after.height == before.height && after.round > before.round;
        if is_watched && is_left && !is_timed && trigger != Trigger::Start {
            self.checks.left_round(&world, member, after.height, before.round, after.round)?;
        }
        self.show_round(index);
        Ok(())
    }

    pub(super) fn carry_out(&mut self, index: usize, effect: Effect<Bytes>) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let (member, life) = (self.hosts[index].member, self.hosts[index].life);
        let is_honest = world.is_honest(member);
        match effect {
            Effect::Broadcast(bytes) => self.say(index, None, bytes)?,
            Effect::SendTo { peer, bytes } => {
                let to = usize::try_from(peer.0).unwrap_or(usize::MAX);
                self.say(index, Some(to), bytes)?;
            }
            Effect::Schedule { timeout, after } => {
                let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
                let at_us = self.now_us + self.skewed(member, after_us);
                self.hosts[index].timers.insert(timeout, at_us);
                self.queue.push(at_us, Todo::Timer { host: index, timeout });
            }
            Effect::Cancel(timeout) => {
                self.hosts[index].timers.remove(&timeout);
            }
            Effect::GetValue { height, round } => {
                if height.0 <= world.schedule.heights {
                    let host = &mut self.hosts[index];
                    host.proposed += 1;
                    let number = host.proposed + if host.twin == Some(1) { 1 << 32 } else { 0 };
                    let value = self.wanted[member]
                        .pop_front()
                        .unwrap_or_else(|| world.value(height, member, number));
                    self.after_work(index, life, height.0, 0, Input::Value { height, round, value });
                }
            }
            Effect::Validate { height, digest, value } => {
                let valid = world.accepts(&value);
                self.after_work(index, life, height.0, 1, Input::Validated { height, digest, valid });
            }
            Effect::Decide(decision) => self.decide(index, &decision)?,
            Effect::Evidence(evidence) => {
                if is_honest {
                    self.checks.evidence(&world, member, &evidence)?;
                    self.show_evidence(member, &evidence);
                }
            }
            Effect::Punish { peer, offence } => {
                let peer = usize::try_from(peer.0).unwrap_or(usize::MAX);
                self.trace.add(self.now_us, member, What::Punished { peer });
                if is_honest && world.is_honest(peer) {
                    return Err(Violation::HonestPunished { member, peer, offence });
                }
            }
            Effect::PeerBehind { peer, height } => {
                let to = usize::try_from(peer.0).unwrap_or(usize::MAX);
                self.hand_over(index, to, height);
            }
            Effect::Behind { peer, .. } => {
                let from = self.decided[index].last.next();
                let to = usize::try_from(peer.0).unwrap_or(usize::MAX);
                self.post(index, to, 0, Payload::Request(from));
            }
            Effect::Log(_) => unreachable!("logs are written where they may fail"),
        }
        Ok(())
    }

    /// Writes to a disk.
    pub(super) fn log(
        &mut self,
        index: usize,
        records: Vec<LogRecord>,
        survives: Survives,
    ) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let host = &mut self.hosts[index];
        let member = host.member;
        let start = host.disk.records.len();
        let count = host.disk.append(records, survives);
        let logged = What::Logged { records: u32::try_from(count).unwrap_or(u32::MAX) };
        self.trace.add(self.now_us, member, logged);
        for record in &host.disk.records[start..] {
            if let LogRecord::Voted(vote) = record
                && vote.kind == VoteKind::Precommit
                && vote.digest.is_some()
            {
                let what = What::Locked { height: vote.height.0, round: vote.round.0 };
                self.trace.add(self.now_us, member, what);
            }
            if world.is_honest(member) {
                self.checks.logged(&world, member, record)?;
            }
        }
        Ok(())
    }

    pub(super) fn decide(&mut self, index: usize, decision: &Decision<Bytes>) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let (member, life) = (self.hosts[index].member, self.hosts[index].life);
        let height = decision.height;
        let certificate = &decision.certificate;
        let digest = u64::from_le_bytes(certificate.digest().0[..8].try_into().expect("eight bytes"));
        let what = What::Decided { height: height.0, round: certificate.round().0, digest };
        self.trace.add(self.now_us, member, what);
        let progress = &mut self.decided[index];
        if world.is_honest(member) {
            let is_next = match progress.in_life {
                Some(last) => height == last.next(),
                // After a restart those come again that were not executed.
                None => height > self.hosts[index].executed && height <= progress.last.next(),
            };
            if !is_next {
                return Err(Violation::OutOfOrder { member, height: height.0 });
            }
            self.checks.decided(&world, member, decision)?;
            if height > progress.last
                && self.latencies_us.len() < MAX_LATENCIES
                && let Some(proposed_us) = self.proposed_us.get(&height)
            {
                let took_us = self.now_us - proposed_us;
                self.latencies_us.push(took_us);
                if took_us > self.prompt_us {
                    return Err(Violation::Late { member, height: height.0, took_us });
                }
            }
        }
        progress.in_life = Some(height);
        progress.last = progress.last.max(height);
        let host = &mut self.hosts[index];
        host.decided.insert(height, Arc::new((decision.value.clone(), certificate.clone())));
        let validators = world.change_at(height);
        let start_us = progress.executed_us.max(self.now_us);
        let at_us = start_us + self.work(member, height.0, 2);
        self.decided[index].executed_us = at_us;
        let input = Input::Executed { height, validators };
        self.queue.push(at_us, Todo::Answer { host: index, life, input: Box::new(input) });
        self.settle();
        Ok(())
    }

    pub(super) fn after_work(
        &mut self,
        index: usize,
        life: u64,
        height: u64,
        what: u64,
        input: Input<Bytes>,
    ) {
        let at_us = self.now_us + self.work(self.hosts[index].member, height, what);
        self.queue.push(at_us, Todo::Answer { host: index, life, input: Box::new(input) });
    }

    /// How long the application takes.
    pub(super) fn work(&self, member: usize, height: u64, what: u64) -> u64 {
        let schedule = &self.world.schedule;
        Random::keyed(schedule.seed, [member as u64, height, what]).between(0, schedule.work_us)
    }

    pub(super) fn skewed(&self, member: usize, after_us: u64) -> u64 {
        after_us * self.world.skews[member] / 1_000
    }

    pub(super) fn show_round(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        let Some(core) = &host.core else { return };
        let place = (core.height().0, core.round().0);
        if host.shown != place {
            host.shown = place;
            self.trace.add(self.now_us, host.member, What::Round { height: place.0, round: place.1 });
        }
    }

    pub(super) fn show_timeout(&mut self, index: usize, timeout: Timeout) {
        let (height, round, step) = match timeout {
            Timeout::Propose(height, round) => (height.0, round.0, "propose"),
            Timeout::Prevote(height, round) => (height.0, round.0, "prevote"),
            Timeout::Precommit(height, round) => (height.0, round.0, "precommit"),
            Timeout::Resend => (0, 0, "resend"),
        };
        self.trace.add(self.now_us, self.hosts[index].member, What::TimedOut { height, round, step });
    }

    pub(super) fn show_evidence(&mut self, member: usize, evidence: &Evidence) {
        let against = self.world.era(evidence.height()).member(evidence.validator()).unwrap_or(usize::MAX);
        let what = What::Evidence { against, height: evidence.height().0, round: evidence.round().0 };
        self.trace.add(self.now_us, member, what);
        if self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push((member, evidence.clone()));
        }
    }
}
