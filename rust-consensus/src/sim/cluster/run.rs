//! What happens next, and by when everything must have happened.

use std::sync::Arc;

use super::SimCluster;
use super::queue::{Payload, Todo};
use crate::effect::Input;
use crate::id::Height;
use crate::sim::bound::bound_us;
use crate::sim::check::Violation;
use crate::sim::schedule::{Behaviour, Fault, Survives};
use crate::sim::trace::What;
use crate::sim::world::digest_of;
use crate::value::Bytes;

/// How often a member that does not vote asks another one for decisions, in microseconds.
const POLL_US: u64 = 500_000;

impl SimCluster {
    pub(super) fn advance(&mut self) -> Result<bool, Violation> {
        if self.is_done {
            return Ok(false);
        }
        let Some((at_us, todo)) = self.queue.pop() else {
            return Err(self.stalled());
        };
        self.now_us = at_us;
        self.weather.advance(&self.world.schedule, at_us);
        if self.deadline_us.is_some_and(|deadline| at_us > deadline) {
            return Err(self.stalled());
        }
        let most = (100_000 + 40_000 * self.world.schedule.heights) * self.hosts.len() as u64;
        if self.trace.count() > most {
            return Err(Violation::Flood { events: self.trace.count() });
        }
        match todo {
            Todo::Boot { host } => self.boot(host)?,
            Todo::Deliver { to, from, payload } => self.deliver(to, from, &payload)?,
            Todo::Timer { host, timeout } => {
                if self.hosts[host].timers.get(&timeout) == Some(&at_us) {
                    self.hosts[host].timers.remove(&timeout);
                    self.show_timeout(host, timeout);
                    self.feed(host, Input::Timeout(timeout))?;
                }
            }
            Todo::Answer { host, life, input } => {
                if self.hosts[host].life == life {
                    self.answer(host, *input)?;
                }
            }
            Todo::PowerCut { fault } => self.power_cut(fault),
            Todo::Healed => self.healed(),
            Todo::Poll { host, life } => self.poll(host, life),
        }
        Ok(!self.is_done)
    }

    pub(super) fn boot(&mut self, index: usize) -> Result<(), Violation> {
        let world = Arc::clone(&self.world);
        let host = &mut self.hosts[index];
        let member = host.member;
        if world.behaviours[member] == Some(Behaviour::Silent) {
            return Ok(());
        }
        host.boot(&world, &self.config).map_err(|error| Violation::Refused { member, error })?;
        let life = host.life;
        if life > 1 {
            self.trace.add(self.now_us, member, What::Restarted);
        }
        self.decided[index].in_life = None;
        self.decided[index].executed_us = self.now_us;
        if !world.schedule.changes.is_empty() {
            self.queue.push(self.now_us + POLL_US, Todo::Poll { host: index, life });
        }
        self.feed(index, Input::Start)
    }

    pub(super) fn answer(&mut self, index: usize, input: Input<Bytes>) -> Result<(), Violation> {
        let member = self.hosts[index].member;
        match &input {
            Input::Value { height, value, .. } => self.checks.accepted(member, *height, digest_of(value)),
            Input::Validated { height, digest, valid: true } => {
                self.checks.accepted(member, *height, *digest)
            }
            _ => {}
        }
        let executed = if let Input::Executed { height, .. } = &input { Some(*height) } else { None };
        self.feed(index, input)?;
        // The log must say so too: a crash in the middle comes before the checkpoint.
        if let Some(height) = executed
            && self.hosts[index].core.is_some()
        {
            self.hosts[index].checkpoint(height);
        }
        Ok(())
    }

    pub(super) fn power_cut(&mut self, fault: usize) {
        let world = Arc::clone(&self.world);
        let Fault::PowerCut { members, down_us, .. } = &world.schedule.faults[fault] else { return };
        for index in 0..self.hosts.len() {
            let host = &self.hosts[index];
            if host.core.is_some() && (members.is_empty() || members.contains(&host.member)) {
                self.fail(index, *down_us);
            }
        }
    }

    pub(super) fn fail(&mut self, index: usize, down_us: u64) {
        let member = self.hosts[index].member;
        self.hosts[index].fail();
        self.trace.add(self.now_us, member, What::Crashed);
        let at_us = (self.now_us + down_us).min(self.world.schedule.heal_at_us.max(self.now_us));
        self.queue.push(at_us, Todo::Boot { host: index });
    }

    /// The crash, if the write that comes next is the one for it: what survives, how many effects follow, how long it lasts.
    pub(super) fn crash_at(&self, index: usize) -> Option<(Survives, u32, u64)> {
        let host = &self.hosts[index];
        let schedule = &self.world.schedule;
        if self.now_us >= schedule.heal_at_us {
            return None;
        }
        let crashes = &self.world.crashes[host.member];
        let place = crashes.binary_search_by_key(&host.disk.writes, |crash| crash.0).ok()?;
        let (_, survives, effects, down_us) = crashes[place];
        Some((survives, effects, down_us))
    }

    /// A member that does not vote hears nothing when everything was lost, so it asks.
    pub(super) fn poll(&mut self, index: usize, life: u64) {
        let host = &self.hosts[index];
        if host.life != life || host.core.is_none() {
            return;
        }
        let next = self.decided[index].last.next();
        if self.world.era(next).number(host.member).is_none() {
            let others = self.world.members() - 1;
            let turn = usize::try_from(self.now_us / POLL_US).unwrap_or(0) % others.max(1);
            let to = (host.member + 1 + turn) % self.world.members();
            self.post(index, to, next.0, Payload::Request(next));
        }
        self.queue.push(self.now_us + POLL_US, Todo::Poll { host: index, life });
    }

    /// Ends the run when every honest member has decided everything, and forgets what nobody needs any more.
    pub(super) fn settle(&mut self) {
        let honest = || self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let least = honest().map(|(_, progress)| progress.last).min().unwrap_or(Height(u64::MAX));
        self.is_done = least.0 >= self.world.schedule.heights;
        if least.0 % 32 == 0 && least.0 > 0 {
            let below = honest().map(|(host, _)| host.executed).min().unwrap_or(Height(0));
            self.checks.forget_below(below);
            self.proposed_us = self.proposed_us.split_off(&below);
        }
    }

    /// From here on nothing goes wrong but lies: by when everything has to be decided can be computed.
    pub(super) fn healed(&mut self) {
        self.bound_us = bound_us(&self.world, &self.config, self.slowest());
        self.deadline_us = Some(self.now_us + self.bound_us);
    }

    /// The least height that an honest member is still to decide, and the greatest round that one is in.
    pub(super) fn slowest(&self) -> (Height, u32) {
        let honest = || self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let height = honest().map(|(_, progress)| progress.last.next()).min().unwrap_or(Height::FIRST);
        let rounds = honest().filter_map(|(host, _)| host.core.as_ref().map(|core| core.round().0));
        (height, rounds.max().unwrap_or(0))
    }

    pub(super) fn stalled(&self) -> Violation {
        let honest = self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let last = honest.map(|(host, progress)| (progress.last, host.member)).min();
        let (height, member) = last.unwrap_or_default();
        Violation::Stalled { member, height: height.next().0, bound_us: self.bound_us }
    }
}
