//! The simulated cluster: hosts, one queue of things to happen, and the checks over all of it.

use core::time::Duration;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::check::{Checks, Violation};
use super::coverage::{Coverage, Trigger, View};
use super::host::Host;
use super::keys::fingerprint;
use super::network::{Parcel, arrivals};
use super::random::Random;
use super::report::Report;
use super::schedule::{Behaviour, Fault, Kind, Schedule, Survives};
use super::timeline;
use super::trace::{Event, Trace, What};
use super::watch::Due;
use super::world::{World, digest_of};
use crate::certificate::CommitCertificate;
use crate::config::Config;
use crate::effect::{Decision, Effect, Input};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::id::{Height, PeerId};
use crate::message::{Head, Message, MessageKind};
use crate::record::LogRecord;
use crate::timeout::{Timeout, Timeouts};
use crate::value::Bytes;
use crate::vote::VoteKind;

/// How often a member that does not vote asks another one for decisions, in microseconds.
const POLL_US: u64 = 500_000;
/// Decisions handed over at once.
const DECISIONS: usize = 16;
/// Pieces of evidence that a run keeps.
const MAX_EVIDENCE: usize = 4_096;
/// Latencies that a run keeps.
const MAX_LATENCIES: usize = 1 << 20;

/// A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars.
///
/// The same schedule gives the same run on every machine: [`trace_hash`](Self::trace_hash) tells. Every statement, decision and
/// piece of evidence is checked as it is made.
pub struct SimCluster {
    world: Arc<World>,
    config: Config,
    hosts: Vec<Host>,
    queue: BinaryHeap<Reverse<Item>>,
    /// Orders what happens at one time.
    sequence: u64,
    now_us: u64,
    trace: Trace,
    checks: Checks,
    /// When everything has to be decided; known once the network has healed.
    deadline_us: Option<u64>,
    bound_us: u64,
    /// How long a decision may take where nothing goes wrong and timers are long; without limit otherwise.
    prompt_us: u64,
    evidence: Vec<(usize, Evidence)>,
    /// Values that a user wants proposed, per member.
    wanted: Vec<std::collections::VecDeque<Bytes>>,
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

/// Something that will happen.
struct Item {
    at_us: u64,
    sequence: u64,
    todo: Todo,
}

enum Todo {
    Boot { host: usize },
    Deliver { to: usize, from: usize, payload: Payload },
    Timer { host: usize, timeout: Timeout },
    Answer { host: usize, life: u64, input: Input<Bytes> },
    PowerCut { fault: usize },
    Healed,
    Poll { host: usize, life: u64 },
}

/// What travels.
enum Payload {
    /// A message of the protocol.
    Message(Arc<[u8]>),
    /// A request for decisions from this height on.
    Request(Height),
    /// A decision, handed over by a driver.
    Decision(Bytes, CommitCertificate),
}

impl SimCluster {
    /// A cluster of `members` members of equal power, over a network with delays from 5 to 50 ms, in which the faults of a list
    /// happen; every member is to decide three heights.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] for what [`Schedule::check`] refuses: no or too many members, faults out of bounds, or
    /// Byzantine members with a third of the power or more.
    pub fn new(members: usize, seed: u64, faults: Vec<Fault>) -> Result<Self, ConsensusError> {
        let mut schedule = Schedule::calm(members.min(super::schedule::MAX_MEMBERS + 1), seed);
        schedule.heal_at_us = faults.iter().map(Fault::until_us).max().unwrap_or(0);
        schedule.faults = faults;
        Self::replay(&schedule)
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
            resend: Duration::from_millis(200),
        };
        configure(&mut config);
        let prompt_us = super::bound::prompt_us(schedule, &config);
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
            wanted: vec![std::collections::VecDeque::new(); world.members()],
            world,
            config,
            hosts,
            queue: BinaryHeap::new(),
            sequence: 0,
            now_us: 0,
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
            cluster.push(0, Todo::Boot { host });
        }
        for (i, fault) in schedule.faults.iter().enumerate() {
            if let Fault::PowerCut { at_us, .. } = fault
                && *at_us < schedule.heal_at_us
            {
                cluster.push(*at_us, Todo::PowerCut { fault: i });
            }
        }
        cluster.push(schedule.heal_at_us + 1, Todo::Healed);
        Ok(cluster)
    }

    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.world.schedule
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
        host.decided.get(&Height(height)).map(|(value, certificate)| (value, certificate))
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

    fn advance(&mut self) -> Result<bool, Violation> {
        if self.is_done {
            return Ok(false);
        }
        let Some(Reverse(Item { at_us, todo, .. })) = self.queue.pop() else {
            return Err(self.stalled());
        };
        self.now_us = at_us;
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
                    self.answer(host, input)?;
                }
            }
            Todo::PowerCut { fault } => self.power_cut(fault),
            Todo::Healed => self.healed(),
            Todo::Poll { host, life } => self.poll(host, life),
        }
        Ok(!self.is_done)
    }

    fn boot(&mut self, index: usize) -> Result<(), Violation> {
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
            self.push(self.now_us + POLL_US, Todo::Poll { host: index, life });
        }
        self.feed(index, Input::Start)
    }

    fn answer(&mut self, index: usize, input: Input<Bytes>) -> Result<(), Violation> {
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

    fn deliver(&mut self, to: usize, from: usize, payload: &Payload) -> Result<(), Violation> {
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
                Payload::Decision(value, certificate) => {
                    let input = Input::Decided { value: value.clone(), certificate: certificate.clone() };
                    self.feed(index, input)?;
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, index: usize, from: usize, bytes: &Arc<[u8]>) -> Result<(), Violation> {
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

    /// Gives an input to a core and carries out what it wants.
    fn feed(&mut self, index: usize, input: Input<Bytes>) -> Result<(), Violation> {
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

    fn carry_out(&mut self, index: usize, effect: Effect<Bytes>) -> Result<(), Violation> {
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
                self.push(at_us, Todo::Timer { host: index, timeout });
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
                let valid = world.accepts(height, &value);
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
    fn log(&mut self, index: usize, records: Vec<LogRecord>, survives: Survives) -> Result<(), Violation> {
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

    /// Sends what a core wants sent, unless its member lies.
    fn say(&mut self, index: usize, to: Option<usize>, bytes: Arc<[u8]>) -> Result<(), Violation> {
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

    fn check_statement(&mut self, member: usize, bytes: &[u8]) -> Result<(), Violation> {
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

    fn send(&mut self, index: usize, to: usize, bytes: Arc<[u8]>) {
        let message = fingerprint(&bytes);
        self.post(index, to, message, Payload::Message(bytes));
    }

    /// Gives something to the network.
    fn post(&mut self, index: usize, to: usize, message: u64, payload: Payload) {
        let host = &self.hosts[index];
        let from = host.member;
        if to >= self.world.members() || to == from || !host.reaches(to) {
            return;
        }
        let (kind, name, height, round) = match &payload {
            Payload::Message(bytes) => kind_of(bytes),
            Payload::Request(height) => (Kind::Other, "request", height.0, 0),
            Payload::Decision(_, certificate) => (Kind::Other, "handover", certificate.height().0, 0),
        };
        let parcel = Parcel { at_us: self.now_us, from, to, message, kind, height, round };
        let arrives_us = arrivals(&self.world.schedule, &parcel);
        self.messages += 1;
        for at_us in &arrives_us {
            let payload = match &payload {
                Payload::Message(bytes) => Payload::Message(Arc::clone(bytes)),
                Payload::Request(height) => Payload::Request(*height),
                Payload::Decision(value, certificate) => {
                    Payload::Decision(value.clone(), certificate.clone())
                }
            };
            self.push(*at_us, Todo::Deliver { to, from, payload });
        }
        self.trace.add(self.now_us, from, What::Sent { to, message, kind: name, arrives_us });
    }

    fn decide(&mut self, index: usize, decision: &Decision<Bytes>) -> Result<(), Violation> {
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
        host.decided.insert(height, (decision.value.clone(), certificate.clone()));
        let validators = world.change_at(height);
        let start_us = progress.executed_us.max(self.now_us);
        let at_us = start_us + self.work(member, height.0, 2);
        self.decided[index].executed_us = at_us;
        let input = Input::Executed { height, validators };
        self.push(at_us, Todo::Answer { host: index, life, input });
        self.settle();
        Ok(())
    }

    /// Ends the run when every honest member has decided everything, and forgets what nobody needs any more.
    fn settle(&mut self) {
        let honest = || self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let least = honest().map(|(_, progress)| progress.last).min().unwrap_or(Height(u64::MAX));
        self.is_done = least.0 >= self.world.schedule.heights;
        if least.0 % 32 == 0 && least.0 > 0 {
            let below = honest().map(|(host, _)| host.executed).min().unwrap_or(Height(0));
            self.checks.forget_below(below);
            self.proposed_us = self.proposed_us.split_off(&below);
        }
    }

    /// Sends decisions from a height on, as far as they are kept.
    fn hand_over(&mut self, index: usize, to: usize, from: Height) {
        let kept: Vec<_> = self.hosts[index]
            .decided
            .range(from..)
            .take(DECISIONS)
            .map(|(_, (value, certificate))| (value.clone(), certificate.clone()))
            .collect();
        for (value, certificate) in kept {
            let message = certificate.height().0;
            self.post(index, to, message, Payload::Decision(value, certificate));
        }
    }

    /// A member that does not vote hears nothing when everything was lost, so it asks.
    fn poll(&mut self, index: usize, life: u64) {
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
        self.push(self.now_us + POLL_US, Todo::Poll { host: index, life });
    }

    /// The crash, if the write that comes next is the one for it: what survives, how many effects follow, how long it lasts.
    fn crash_at(&self, index: usize) -> Option<(Survives, u32, u64)> {
        let host = &self.hosts[index];
        let schedule = &self.world.schedule;
        if self.now_us >= schedule.heal_at_us {
            return None;
        }
        schedule.faults.iter().find_map(|fault| match fault {
            Fault::Crash { member, write, survives, effects, down_us }
                if *member == host.member && *write == host.disk.writes =>
            {
                Some((*survives, *effects, *down_us))
            }
            _ => None,
        })
    }

    fn fail(&mut self, index: usize, down_us: u64) {
        let member = self.hosts[index].member;
        self.hosts[index].fail();
        self.trace.add(self.now_us, member, What::Crashed);
        let at_us = (self.now_us + down_us).min(self.world.schedule.heal_at_us.max(self.now_us));
        self.push(at_us, Todo::Boot { host: index });
    }

    fn power_cut(&mut self, fault: usize) {
        let world = Arc::clone(&self.world);
        let Fault::PowerCut { members, down_us, .. } = &world.schedule.faults[fault] else { return };
        for index in 0..self.hosts.len() {
            let host = &self.hosts[index];
            if host.core.is_some() && (members.is_empty() || members.contains(&host.member)) {
                self.fail(index, *down_us);
            }
        }
    }

    /// From here on nothing goes wrong but lies: by when everything has to be decided can be computed.
    fn healed(&mut self) {
        self.bound_us = super::bound::bound_us(&self.world, &self.config, self.slowest());
        self.deadline_us = Some(self.now_us + self.bound_us);
    }

    /// The least height that an honest member is still to decide, and the greatest round that one is in.
    fn slowest(&self) -> (Height, u32) {
        let honest = || self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let height = honest().map(|(_, progress)| progress.last.next()).min().unwrap_or(Height::FIRST);
        let rounds = honest().filter_map(|(host, _)| host.core.as_ref().map(|core| core.round().0));
        (height, rounds.max().unwrap_or(0))
    }

    fn stalled(&self) -> Violation {
        let honest = self.hosts.iter().zip(&self.decided).filter(|(host, _)| host.adversary.is_none());
        let last = honest.map(|(host, progress)| (progress.last, host.member)).min();
        let (height, member) = last.unwrap_or_default();
        Violation::Stalled { member, height: height.next().0, bound_us: self.bound_us }
    }

    fn skewed(&self, member: usize, after_us: u64) -> u64 {
        let skew = self.world.schedule.faults.iter().find_map(|fault| match fault {
            Fault::Skew { member: of, per_mille } if *of == member => Some(*per_mille),
            _ => None,
        });
        skew.map_or(after_us, |per_mille| after_us * u64::from(per_mille) / 1_000)
    }

    /// How long the application takes.
    fn work(&self, member: usize, height: u64, what: u64) -> u64 {
        let schedule = &self.world.schedule;
        Random::keyed(schedule.seed, [member as u64, height, what]).between(0, schedule.work_us)
    }

    fn after_work(&mut self, index: usize, life: u64, height: u64, what: u64, input: Input<Bytes>) {
        let at_us = self.now_us + self.work(self.hosts[index].member, height, what);
        self.push(at_us, Todo::Answer { host: index, life, input });
    }

    fn push(&mut self, at_us: u64, todo: Todo) {
        self.sequence += 1;
        self.queue.push(Reverse(Item { at_us, sequence: self.sequence, todo }));
    }

    fn show_round(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        let Some(core) = &host.core else { return };
        let place = (core.height().0, core.round().0);
        if host.shown != place {
            host.shown = place;
            self.trace.add(self.now_us, host.member, What::Round { height: place.0, round: place.1 });
        }
    }

    fn show_timeout(&mut self, index: usize, timeout: Timeout) {
        let (height, round, step) = match timeout {
            Timeout::Propose(height, round) => (height.0, round.0, "propose"),
            Timeout::Prevote(height, round) => (height.0, round.0, "prevote"),
            Timeout::Precommit(height, round) => (height.0, round.0, "precommit"),
            Timeout::Resend => (0, 0, "resend"),
        };
        self.trace.add(self.now_us, self.hosts[index].member, What::TimedOut { height, round, step });
    }

    fn show_evidence(&mut self, member: usize, evidence: &Evidence) {
        let against = self.world.era(evidence.height()).member(evidence.validator()).unwrap_or(usize::MAX);
        let what = What::Evidence { against, height: evidence.height().0, round: evidence.round().0 };
        self.trace.add(self.now_us, member, what);
        if self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push((member, evidence.clone()));
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

impl Eq for Item {}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.at_us, self.sequence).cmp(&(other.at_us, other.sequence))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
