//! A cluster of one kind of engine on a network and a clock that are simulated: the same keys, values, delays and timeouts
//! for every kind.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrysalis_consensus::engine::{
    Application, ConsensusEngine, EngineConfig, EngineEffect, EngineInput, MalachiteEngine, TendermintEngine,
    TimerId,
};
use chrysalis_consensus::{
    ChainId, Config, ConsensusError, Epoch, Head, Height, MessageKind, NodeId, PeerId, Validator,
    ValidatorSet,
};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::sim::SimDisk;

use crate::Outcome;
use crate::random::Random;
use crate::synced::{Batches, Synced};

/// Bytes of every value.
pub const PAYLOAD_BYTES: usize = 256;
/// Values that wait at each member, so that no proposer is without one.
const WAITING: usize = 2;

/// Which engine the members run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The core of this project, with its own catch-up.
    Ours,
    /// The third-party core, with the catch-up of this project.
    Theirs,
    /// The third-party core with the third-party sync.
    Synced(Batches),
}

/// What a member's application holds; it survives a crash as an application's own storage does.
#[derive(Clone, Default)]
struct App(Arc<Mutex<u64>>);

impl Application for App {
    fn validate(&mut self, _: Height, _: &[u8]) -> bool {
        true
    }

    fn execute(&mut self, height: Height, _: &[u8]) -> Option<Vec<Validator>> {
        let mut executed = self.0.lock().expect("no panic while it is locked");
        *executed = (*executed).max(height.0);
        None
    }

    fn executed(&self) -> Height {
        Height(*self.0.lock().expect("no panic while it is locked"))
    }

    fn snapshot(&self) -> Vec<u8> {
        self.executed().0.to_le_bytes().to_vec()
    }

    fn install(&mut self, height: Height, _: &[u8]) -> Result<(), ConsensusError> {
        *self.0.lock().expect("no panic while it is locked") = height.0;
        Ok(())
    }
}

struct Member {
    engine: Option<Box<dyn ConsensusEngine>>,
    key: Arc<SigningKey>,
    disk: SimDisk,
    app: App,
    /// Timers and messages of an earlier life mean nothing.
    life: u64,
    /// Its part of the network is cut off.
    is_cut_off: bool,
    submitted: u64,
    /// Where the engine wants more values.
    is_hungry: bool,
}

enum Event {
    Message { from: usize, to: usize, life: u64, bytes: Arc<[u8]> },
    Timer { member: usize, life: u64, timer: TimerId },
}

/// How long messages take, and how many of a thousand are lost or come twice.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub min_us: u64,
    pub max_us: u64,
    pub lost: u64,
    pub doubled: u64,
}

impl Network {
    /// A delay, a tenth up and down, without faults.
    pub fn of(delay_ms: u64) -> Self {
        Self { min_us: delay_ms * 900, max_us: delay_ms * 1_100, lost: 0, doubled: 0 }
    }
}

pub struct Cluster {
    kind: Kind,
    set: ValidatorSet,
    members: Vec<Member>,
    pub network: Network,
    pub now_us: u64,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    random: Random,
    /// When the first proposal of each height was sent; the latest heights only.
    proposed: BTreeMap<u64, u64>,
    /// From the first proposal of a height to its execution, for every member and height of round 0.
    pub latencies_us: Vec<u64>,
    /// Bytes given to the network.
    pub sent_bytes: u64,
    is_measuring_latency: bool,
}

impl Cluster {
    pub fn new(kind: Kind, members: usize, network: Network, seed: u64) -> Outcome<Self> {
        let keys: Vec<_> = (0..members)
            .map(|n| Ok(Arc::new(SigningKey::from_seed(&[u8::try_from(n + 1)?; 32]))))
            .collect::<Outcome<_>>()?;
        let validators = keys.iter().enumerate().map(|(n, key)| {
            Ok(Validator { id: NodeId::new(&format!("n{n}"))?, key: key.public_key(), power: 1 })
        });
        let set = ValidatorSet::new(Epoch(0), validators.collect::<Outcome<_>>()?)?;
        let member = |key| Member {
            engine: None,
            key,
            disk: SimDisk::new(),
            app: App::default(),
            life: 0,
            is_cut_off: false,
            submitted: 0,
            is_hungry: true,
        };
        let mut cluster = Self {
            kind,
            set,
            members: keys.into_iter().map(member).collect(),
            network,
            now_us: 0,
            events: BTreeMap::new(),
            count: 0,
            random: Random(seed),
            proposed: BTreeMap::new(),
            latencies_us: Vec::new(),
            sent_bytes: 0,
            is_measuring_latency: false,
        };
        for n in 0..members {
            cluster.start(n, true)?;
        }
        Ok(cluster)
    }

    pub fn measure_latency(&mut self) {
        self.is_measuring_latency = true;
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn start(&mut self, n: usize, create: bool) -> Outcome<()> {
        let peers = self.members.len();
        let member = &mut self.members[n];
        member.life += 1;
        let mut config = EngineConfig::new(Config::new(ChainId::new("peers")?));
        // Decisions are fetched, however far behind; the other core has no checkpoints.
        config.checkpoint_interval = 1 << 40;
        let (key, disk, app) = (member.key.clone(), Arc::new(member.disk.clone()), member.app.clone());
        let set = self.set.clone();
        member.engine = Some(match self.kind {
            Kind::Ours => Box::new(TendermintEngine::open(config, key, disk, set, create, app)?),
            Kind::Theirs => Box::new(MalachiteEngine::open(config, key, disk, set, create, app)?),
            Kind::Synced(batches) => {
                let engine = MalachiteEngine::open(config, key, disk, set, create, app)?;
                Box::new(Synced::new(engine, n, peers, batches)?)
            }
        });
        self.members[n].is_hungry = true;
        self.give(n, EngineInput::Start)?;
        self.feed(n)
    }

    /// The process is killed; what it wrote to the disk is there.
    pub fn kill(&mut self, n: usize) {
        let member = &mut self.members[n];
        member.engine = None;
        member.disk = member.disk.kill();
    }

    pub fn cut_off(&mut self, n: usize, is_cut_off: bool) {
        self.members[n].is_cut_off = is_cut_off;
    }

    pub fn is_up(&self, n: usize) -> bool {
        self.members[n].engine.is_some()
    }

    pub fn executed(&self, n: usize) -> u64 {
        self.members[n].app.executed().0
    }

    /// The highest height that anybody has executed.
    pub fn highest(&self) -> u64 {
        (0..self.len()).map(|n| self.executed(n)).max().unwrap_or(0)
    }

    /// Runs until a condition holds; `false` where it does not within so much simulated time.
    pub fn run_until(&mut self, within_us: u64, mut holds: impl FnMut(&Self) -> bool) -> Outcome<bool> {
        let until = self.now_us + within_us;
        while !holds(self) {
            if self.now_us >= until || !self.step()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn run_for(&mut self, time_us: u64) -> Outcome<()> {
        let until = self.now_us + time_us;
        while self.events.first_key_value().is_some_and(|((at, _), _)| *at <= until) && self.step()? {}
        self.now_us = until;
        Ok(())
    }

    fn step(&mut self) -> Outcome<bool> {
        let Some(((at, _), event)) = self.events.pop_first() else { return Ok(false) };
        self.now_us = self.now_us.max(at);
        match event {
            Event::Message { from, to, life, bytes } => {
                if self.members[to].life == life {
                    self.give(to, EngineInput::Message { from: PeerId(from as u64), bytes })?;
                    self.feed(to)?;
                }
            }
            Event::Timer { member, life, timer } => {
                if self.members[member].life == life {
                    self.give(member, EngineInput::Timer(timer))?;
                    self.feed(member)?;
                }
            }
        }
        Ok(true)
    }

    /// Gives a member values until enough wait.
    fn feed(&mut self, n: usize) -> Outcome<()> {
        if !std::mem::take(&mut self.members[n].is_hungry) {
            return Ok(());
        }
        while let Some(engine) = &self.members[n].engine
            && engine.status().pending < WAITING
        {
            let member = &mut self.members[n];
            member.submitted += 1;
            let mut value = vec![0; PAYLOAD_BYTES];
            value[..8].copy_from_slice(&(n as u64).to_le_bytes());
            value[8..16].copy_from_slice(&member.submitted.to_le_bytes());
            self.give(n, EngineInput::Submit(value))?;
        }
        self.members[n].is_hungry = false;
        Ok(())
    }

    fn give(&mut self, n: usize, input: EngineInput) -> Outcome<()> {
        let Some(engine) = &mut self.members[n].engine else { return Ok(()) };
        for effect in engine.handle(input)? {
            self.carry_out(n, effect);
        }
        Ok(())
    }

    fn carry_out(&mut self, n: usize, effect: EngineEffect) {
        match effect {
            EngineEffect::Send { to, bytes } => {
                if let Ok(to) = usize::try_from(to.0) {
                    self.send(n, to, &bytes);
                }
            }
            EngineEffect::Broadcast(bytes) => {
                if self.is_measuring_latency
                    && let Ok(Head { kind: MessageKind::Proposal, height, .. }) = Head::from_bytes(&bytes)
                {
                    self.proposed.entry(height.0).or_insert(self.now_us);
                }
                for to in (0..self.members.len()).filter(|to| *to != n) {
                    self.send(n, to, &bytes);
                }
            }
            EngineEffect::SetTimer { timer, after } => {
                let at = self.now_us + u64::try_from(after.as_micros()).unwrap_or(u64::MAX >> 1);
                let life = self.members[n].life;
                self.push(at, Event::Timer { member: n, life, timer });
            }
            EngineEffect::Executed { height, .. } => {
                self.members[n].is_hungry = true;
                if self.is_measuring_latency {
                    if let Some(at) = self.proposed.get(&height.0) {
                        self.latencies_us.push(self.now_us - at);
                    }
                    self.proposed = self.proposed.split_off(&height.0.saturating_sub(8));
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn send(&mut self, from: usize, to: usize, bytes: &Arc<[u8]>) {
        self.sent_bytes += bytes.len() as u64;
        if self.members[from].is_cut_off || self.members[to].is_cut_off {
            return;
        }
        let Network { min_us, max_us, lost, doubled } = self.network;
        if lost > 0 && self.random.below(1_000) < lost {
            return;
        }
        let times = 1 + u64::from(doubled > 0 && self.random.below(1_000) < doubled);
        // What is under way to a process that is killed is lost; what is sent to one that is down arrives if it is up by then.
        let receiver = &self.members[to];
        let life = receiver.life + u64::from(receiver.engine.is_none());
        for _ in 0..times {
            let at = self.now_us + min_us + self.random.below(max_us - min_us + 1);
            self.push(at, Event::Message { from, to, life, bytes: Arc::clone(bytes) });
        }
    }

    /// Which of these are up.
    pub fn up(&self) -> BTreeSet<usize> {
        (0..self.len()).filter(|n| self.is_up(*n)).collect()
    }
}
