//! The simulated cluster: hosts, one queue of things to happen, and the checks over all of it.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

mod act;
mod mail;
mod queue;
mod run;

use super::bound::prompt_us;
use super::check::{Checks, Violation};
use super::coverage::Coverage;
use super::host::Host;
use super::network::Weather;
use super::report::Report;
use super::schedule::{Behaviour, Fault, Schedule};
use super::timeline;
use super::trace::{Event, Trace};
use super::world::World;
use crate::certificate::CommitCertificate;
use crate::config::Config;
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::id::{ChainId, Height};
use crate::timeout::Timeouts;
use crate::validator::ValidatorSet;
use crate::value::{Bytes, MAX_VALUE_BYTES};
use queue::{Queue, Todo};

/// Values that wait to be proposed by one member.
const MAX_WANTED: usize = 4_096;

/// A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars.
///
/// The same schedule gives the same run on every machine: [`trace_hash`](Self::trace_hash) tells. Every statement, decision and
/// piece of evidence is checked as it is made.
pub struct SimCluster {
    world: Arc<World>,
    config: Config,
    hosts: Vec<Host>,
    queue: Queue,
    now_us: u64,
    weather: Weather,
    trace: Trace,
    checks: Checks,
    /// When everything has to be decided; known once the network has healed.
    deadline_us: Option<u64>,
    bound_us: u64,
    /// How long a decision may take where nothing goes wrong and timers are long; without limit otherwise.
    prompt_us: u64,
    evidence: Vec<(usize, Evidence)>,
    /// Values that a user wants proposed, per member.
    wanted: Vec<VecDeque<Bytes>>,
    /// What each honest member decided last, and where its decisions go on in this life.
    decided: Vec<Progress>,
    /// When the first proposal of a height was sent.
    proposed_us: BTreeMap<Height, u64>,
    latencies_us: Vec<u64>,
    messages: u64,
    coverage: Coverage,
    violation: Option<Violation>,
    is_done: bool,
}

/// How far a host has decided.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// The last height ever decided.
    last: Height,
    /// The last height decided in this life, if any.
    in_life: Option<Height>,
    /// When the execution before is over.
    executed_us: u64,
}

impl SimCluster {
    /// A cluster of `members` members of equal power, over a network with delays from 5 to 50 ms, in which the faults of a list
    /// happen; every member is to decide three heights.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] for what [`Schedule::check`] refuses: no or too many members, faults out of bounds, or
    /// Byzantine members with a third of the power or more.
    pub fn new(members: usize, seed: u64, faults: Vec<Fault>) -> Result<Self, ConsensusError> {
        Self::replay(&Schedule::faulty(members, seed, faults))
    }

    /// The cluster of a schedule, before anything has happened: what a failing run prints gives the same run again.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn replay(schedule: &Schedule) -> Result<Self, ConsensusError> {
        Self::with_config(schedule, false, |_| {})
    }

    /// As [`replay`](Self::replay), and keeps the events for [`events`](Self::events) and [`timeline`](Self::timeline).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn recorded(schedule: &Schedule) -> Result<Self, ConsensusError> {
        Self::with_config(schedule, true, |_| {})
    }

    /// As [`replay`](Self::replay), with a configuration of one's own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_config(
        schedule: &Schedule,
        is_recorded: bool,
        configure: impl FnOnce(&mut Config),
    ) -> Result<Self, ConsensusError> {
        let world = Arc::new(World::new(schedule)?);
        let mut config = Config::new(world.chain.clone());
        config.window = schedule.window;
        config.kept_decisions = 4;
        config.dangerous_verifier = Some(Arc::clone(&world.verifier));
        config.timeouts = Timeouts {
            propose: Duration::from_millis(300),
            prevote: Duration::from_millis(150),
            precommit: Duration::from_millis(150),
            cap: Duration::from_secs(8),
            resend: Duration::from_millis(400),
        };
        configure(&mut config);
        let prompt_us = prompt_us(schedule, &config);
        let mut hosts = Vec::new();
        for member in 0..world.members() {
            if world.behaviours[member] == Some(Behaviour::Twins) {
                hosts.extend([0, 1].map(|twin| Host::new(&world, member, Some(twin))));
            } else {
                hosts.push(Host::new(&world, member, None));
            }
        }
        let mut cluster = Self {
            decided: vec![Progress::default(); hosts.len()],
            wanted: vec![VecDeque::new(); world.members()],
            world,
            config,
            hosts,
            queue: Queue::default(),
            now_us: 0,
            weather: Weather::new(schedule),
            trace: Trace::new(is_recorded),
            checks: Checks::default(),
            deadline_us: None,
            bound_us: 0,
            prompt_us,
            evidence: Vec::new(),
            proposed_us: BTreeMap::new(),
            latencies_us: Vec::new(),
            messages: 0,
            coverage: Coverage::default(),
            violation: None,
            is_done: false,
        };
        for host in 0..cluster.hosts.len() {
            cluster.queue.push(0, Todo::Boot { host });
        }
        for (i, fault) in schedule.faults.iter().enumerate() {
            if let Fault::PowerCut { at_us, .. } = fault
                && *at_us < schedule.heal_at_us
            {
                cluster.queue.push(*at_us, Todo::PowerCut { fault: i });
            }
        }
        cluster.queue.push(schedule.heal_at_us + 1, Todo::Healed);
        Ok(cluster)
    }

    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.world.schedule
    }

    /// Has a member propose a value, when it is its turn and everything that it was given before is proposed. Members without such a
    /// value propose one of their own. A value whose round decides nothing is not proposed again by itself.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] for a member that does not exist or has 4,096 values waiting, and
    /// [`ConsensusError::TooLarge`].
    pub fn propose(&mut self, member: usize, value: &[u8]) -> Result<(), ConsensusError> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(ConsensusError::TooLarge { what: "value", limit: MAX_VALUE_BYTES as u64 });
        }
        let wanted = self.wanted.get_mut(member).filter(|wanted| wanted.len() < MAX_WANTED);
        let wanted =
            wanted.ok_or(ConsensusError::InvalidConfig("no such member, or too many values waiting"))?;
        wanted.push_back(value.into());
        Ok(())
    }

    /// The simulated time, in microseconds.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The last height that a member has decided; 0 before the first.
    #[must_use]
    pub fn height(&self, member: usize) -> u64 {
        let of_member = self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.member == member);
        of_member.map(|(_, progress)| progress.last.0).max().unwrap_or(0)
    }

    /// The value that a member decided at a height, while the member keeps it: the last 64 heights.
    #[must_use]
    pub fn decision(&self, member: usize, height: u64) -> Option<(&Bytes, &CommitCertificate)> {
        let host = self.hosts.iter().find(|host| host.member == member)?;
        host.decided.get(&Height(height)).map(|decision| (&decision.0, &decision.1))
    }

    /// What a member decided and still keeps, by ascending height: the last 64 heights.
    pub fn decisions(&self, member: usize) -> impl Iterator<Item = (u64, &Bytes, &CommitCertificate)> {
        let host = self.hosts.iter().find(|host| host.member == member);
        let decided = host.into_iter().flat_map(|host| &host.decided);
        decided.map(|(height, decision)| (height.0, &decision.0, &decision.1))
    }

    /// The name of the chain, part of every signature.
    #[must_use]
    pub fn chain(&self) -> &ChainId {
        &self.world.chain
    }

    /// The validators of a height, against which its certificate verifies where the schedule asks for real signatures.
    #[must_use]
    pub fn validators(&self, height: u64) -> &ValidatorSet {
        &self.world.era(Height(height)).set
    }

    /// The evidence found so far, with the member that found it; at most 4,096 pieces.
    #[must_use]
    pub fn evidence(&self) -> &[(usize, Evidence)] {
        &self.evidence
    }

    /// The events so far, where the cluster is [`recorded`](Self::recorded); none otherwise.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.trace.events()
    }

    /// BLAKE3 over everything that has happened. One schedule gives one hash, on every machine and in every language.
    #[must_use]
    pub fn trace_hash(&self) -> [u8; 32] {
        self.trace.hash()
    }

    /// A picture of what has happened, as an SVG document; empty of messages where the cluster is not [`recorded`](Self::recorded).
    #[must_use]
    pub fn timeline(&self) -> String {
        timeline::draw(&self.world.schedule, self.trace.events(), 0, self.now_us)
    }

    /// Runs until every honest member has decided all heights, or until something happened that must not.
    ///
    /// # Errors
    /// The [`Violation`].
    pub fn run(&mut self) -> Result<Report, Violation> {
        while self.step()? {}
        Ok(self.report())
    }

    /// Lets one thing happen. `false` when nothing is left to wait for.
    ///
    /// # Errors
    /// The [`Violation`], again each time once there was one.
    pub fn step(&mut self) -> Result<bool, Violation> {
        if let Some(violation) = &self.violation {
            return Err(violation.clone());
        }
        let done = self.advance();
        if let Err(violation) = &done {
            self.violation = Some(violation.clone());
        }
        done
    }

    /// What a run was like so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            trace_hash: self.trace_hash(),
            events: self.trace.count(),
            messages: self.messages,
            simulated_us: self.now_us,
            latencies_us: self.latencies_us.clone(),
            evidence: self.evidence.len(),
            bound_us: self.bound_us,
            coverage: self.coverage.clone(),
        }
    }
}
