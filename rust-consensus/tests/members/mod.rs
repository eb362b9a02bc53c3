//! Members of a cluster behind the trait `ConsensusEngine`, a network between them, and a clock that only tests move.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests, of which each file uses its part"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrysalis_consensus::engine::{
    Application, ConsensusEngine, EngineConfig, EngineEffect, EngineInput, FaultModel, TendermintEngine,
};
use chrysalis_consensus::{
    ChainId, Config, ConsensusError, Epoch, Height, NodeId, PeerId, Validator, ValidatorSet,
};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::sim::SimDisk;

pub(crate) fn key(n: usize) -> SigningKey {
    SigningKey::from_seed(&[u8::try_from(n + 1).unwrap(); 32])
}

pub(crate) fn validators(members: &[usize]) -> Vec<Validator> {
    let validator = |n: &usize| Validator {
        id: NodeId::new(&format!("n{n}")).unwrap(),
        key: key(*n).public_key(),
        power: 1,
    };
    members.iter().map(validator).collect()
}

pub(crate) fn chain() -> ChainId {
    ChainId::new("conformance").unwrap()
}

pub(crate) fn set(n: usize) -> ValidatorSet {
    ValidatorSet::new(Epoch(0), validators(&(0..n).collect::<Vec<_>>())).unwrap()
}

/// What a member's application holds; it survives crashes as an application's own storage does.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Book {
    pub(crate) executed: u64,
    pub(crate) values: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
pub(crate) struct App(pub(crate) Arc<Mutex<Book>>);

impl App {
    pub(crate) fn book(&self) -> Book {
        self.0.lock().unwrap().clone()
    }
}

impl Application for App {
    fn validate(&mut self, _: Height, value: &[u8]) -> bool {
        !value.starts_with(b"bad")
    }

    fn execute(&mut self, height: Height, value: &[u8]) -> Option<Vec<Validator>> {
        let mut book = self.0.lock().unwrap();
        if height.0 == book.executed + 1 {
            book.executed = height.0;
            if !value.is_empty() {
                assert!(!value.starts_with(b"bad"), "an invalid value was decided");
                book.values.push(value.to_vec());
            }
        }
        let members = value.strip_prefix(b"members ")?;
        Some(validators(&members.iter().map(|digit| usize::from(digit - b'0')).collect::<Vec<_>>()))
    }

    fn executed(&self) -> Height {
        Height(self.0.lock().unwrap().executed)
    }

    fn snapshot(&self) -> Vec<u8> {
        let book = self.0.lock().unwrap();
        let mut out = book.executed.to_le_bytes().to_vec();
        for value in &book.values {
            out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
            out.extend_from_slice(value);
        }
        out
    }

    fn install(&mut self, height: Height, state: &[u8]) -> Result<(), ConsensusError> {
        let (executed, mut rest) = state.split_at(8);
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (length, behind) = rest.split_at(4);
            let (value, behind) = behind.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
            values.push(value.to_vec());
            rest = behind;
        }
        let executed = u64::from_le_bytes(executed.try_into().unwrap());
        assert_eq!(executed, height.0);
        *self.0.lock().unwrap() = Book { executed, values };
        Ok(())
    }
}

/// How an engine is made; `tests/conformance.rs` runs every kind through the same.
pub(crate) trait Kind {
    /// A member whose log is on `disk`, new where `create` says so.
    fn open(
        &self,
        n: usize,
        of: usize,
        disk: &SimDisk,
        create: bool,
        app: App,
    ) -> Result<Box<dyn ConsensusEngine>, ConsensusError>;
}

pub(crate) struct Tendermint {
    pub(crate) checkpoint_interval: u64,
}

impl Kind for Tendermint {
    fn open(
        &self,
        n: usize,
        of: usize,
        disk: &SimDisk,
        create: bool,
        app: App,
    ) -> Result<Box<dyn ConsensusEngine>, ConsensusError> {
        let mut config = EngineConfig::new(Config::new(chain()));
        config.checkpoint_interval = self.checkpoint_interval;
        let disk = Arc::new(disk.clone());
        let engine = TendermintEngine::open(config, Arc::new(key(n)), disk, set(of), create, app)?;
        Ok(Box::new(engine))
    }
}

#[cfg(feature = "malachite")]
pub(crate) struct Malachite {
    pub(crate) checkpoint_interval: u64,
}

#[cfg(feature = "malachite")]
impl Kind for Malachite {
    fn open(
        &self,
        n: usize,
        of: usize,
        disk: &SimDisk,
        create: bool,
        app: App,
    ) -> Result<Box<dyn ConsensusEngine>, ConsensusError> {
        let mut config = EngineConfig::new(Config::new(chain()));
        config.checkpoint_interval = self.checkpoint_interval;
        let disk = Arc::new(disk.clone());
        let key = Arc::new(key(n));
        let engine =
            chrysalis_consensus::engine::MalachiteEngine::open(config, key, disk, set(of), create, app)?;
        Ok(Box::new(engine))
    }
}

#[cfg(feature = "raft")]
pub(crate) struct Raft {
    pub(crate) checkpoint_interval: u64,
}

#[cfg(feature = "raft")]
impl Kind for Raft {
    fn open(
        &self,
        n: usize,
        of: usize,
        disk: &SimDisk,
        create: bool,
        app: App,
    ) -> Result<Box<dyn ConsensusEngine>, ConsensusError> {
        use chrysalis_consensus::engine::{RaftConfig, RaftEngine};
        let mut config = RaftConfig::new(chain());
        config.checkpoint_interval = self.checkpoint_interval;
        let disk = Arc::new(disk.clone());
        let engine = RaftEngine::open(config, Arc::new(key(n)), disk, &set(of), create, app)?;
        Ok(Box::new(engine))
    }
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

pub(crate) struct Member {
    pub(crate) engine: Option<Box<dyn ConsensusEngine>>,
    pub(crate) disk: SimDisk,
    pub(crate) app: App,
    /// Timers of an earlier life mean nothing.
    life: u64,
    /// Everything that it ever gave to the network.
    pub(crate) sent: Vec<Arc<[u8]>>,
    /// Why it stopped, if not by the test.
    pub(crate) failure: Option<ConsensusError>,
}

#[derive(Debug)]
enum Event {
    Message { from: usize, to: usize, bytes: Arc<[u8]> },
    Timer { member: usize, life: u64, timer: chrysalis_consensus::engine::TimerId },
}

/// The faults of a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Of a thousand messages, how many are lost and how many come twice.
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// Milliseconds that a message takes: from, and up to so many more.
    pub(crate) delay: (u64, u64),
    /// Which members are on the far side of a partition.
    pub(crate) far: BTreeSet<usize>,
}

pub(crate) struct Cluster<'a> {
    kind: &'a dyn Kind,
    pub(crate) members: Vec<Member>,
    pub(crate) faults: Faults,
    /// In milliseconds.
    pub(crate) now: u64,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    random: Random,
    pub(crate) punished: BTreeSet<(usize, usize)>,
    /// Which members took a state of others.
    pub(crate) installed: BTreeSet<usize>,
}

impl<'a> Cluster<'a> {
    pub(crate) fn new(kind: &'a dyn Kind, n: usize, seed: u64) -> Self {
        println!("seed {seed}");
        let member = |_| Member {
            engine: None,
            disk: SimDisk::new(),
            app: App::default(),
            life: 0,
            sent: Vec::new(),
            failure: None,
        };
        Self {
            kind,
            members: (0..n).map(member).collect(),
            faults: Faults { delay: (5, 20), ..Faults::default() },
            now: 0,
            events: BTreeMap::new(),
            count: 0,
            random: Random(seed),
            punished: BTreeSet::new(),
            installed: BTreeSet::new(),
        }
    }

    pub(crate) fn started(kind: &'a dyn Kind, n: usize, seed: u64) -> Self {
        let mut cluster = Self::new(kind, n, seed);
        (0..n).for_each(|member| cluster.start(member, true));
        cluster
    }

    pub(crate) fn start(&mut self, n: usize, create: bool) {
        let of = self.members.len();
        let member = &mut self.members[n];
        member.life += 1;
        match self.kind.open(n, of, &member.disk, create, member.app.clone()) {
            Ok(engine) => {
                member.engine = Some(engine);
                self.give(n, EngineInput::Start);
            }
            Err(error) => member.failure = Some(error),
        }
    }

    /// The process is killed; what it wrote to the disk is there.
    pub(crate) fn kill(&mut self, n: usize) {
        let member = &mut self.members[n];
        member.engine = None;
        member.disk = member.disk.kill();
    }

    pub(crate) fn submit(&mut self, n: usize, value: &[u8]) {
        self.give(n, EngineInput::Submit(value.to_vec()));
    }

    pub(crate) fn give(&mut self, n: usize, input: EngineInput) {
        let member = &mut self.members[n];
        let Some(engine) = &mut member.engine else { return };
        match engine.handle(input) {
            Ok(effects) => effects.into_iter().for_each(|effect| self.carry_out(n, effect)),
            Err(error) => {
                member.engine = None;
                member.failure = Some(error);
            }
        }
    }

    fn carry_out(&mut self, n: usize, effect: EngineEffect) {
        match effect {
            EngineEffect::Send { to, bytes } => self.send(n, usize::try_from(to.0).unwrap(), &bytes),
            EngineEffect::Broadcast(bytes) => {
                for to in (0..self.members.len()).filter(|to| *to != n) {
                    self.send(n, to, &bytes);
                }
            }
            EngineEffect::SetTimer { timer, after } => {
                let at = self.now + u64::try_from(after.as_millis()).unwrap();
                let life = self.members[n].life;
                self.push(at, Event::Timer { member: n, life, timer });
            }
            EngineEffect::Installed { .. } => {
                self.installed.insert(n);
            }
            EngineEffect::Punish(peer) => {
                self.punished.insert((n, usize::try_from(peer.0).unwrap()));
            }
            _ => {}
        }
    }

    fn push(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn send(&mut self, from: usize, to: usize, bytes: &Arc<[u8]>) {
        self.members[from].sent.push(Arc::clone(bytes));
        if self.faults.far.contains(&from) != self.faults.far.contains(&to)
            || self.random.below(1000) < self.faults.lost
        {
            return;
        }
        let times = 1 + u64::from(self.random.below(1000) < self.faults.doubled);
        for _ in 0..times {
            let at = self.now + self.faults.delay.0 + self.random.below(self.faults.delay.1.max(1));
            self.push(at, Event::Message { from, to, bytes: Arc::clone(bytes) });
        }
    }

    /// Lets the next thing happen; `false` when nothing will.
    pub(crate) fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.events.pop_first() else { return false };
        self.now = self.now.max(at);
        match event {
            Event::Message { from, to, bytes } => {
                self.give(to, EngineInput::Message { from: PeerId(from as u64), bytes });
            }
            Event::Timer { member, life, timer } if self.members[member].life == life => {
                self.give(member, EngineInput::Timer(timer));
            }
            Event::Timer { .. } => {}
        }
        true
    }

    pub(crate) fn run_for(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        while self.events.first_key_value().is_some_and(|((at, _), _)| *at <= until) && self.step() {}
        self.now = until;
    }

    /// Runs until a condition holds, and fails where that takes longer than so many seconds of the cluster's time.
    pub(crate) fn run_until(&mut self, what: &str, seconds: u64, mut holds: impl FnMut(&Self) -> bool) {
        let until = self.now + seconds * 1000;
        while !holds(self) {
            assert!(self.now < until && self.step(), "{what}: not within {seconds} s: {:?}", self.books());
        }
    }

    pub(crate) fn books(&self) -> Vec<(u64, usize)> {
        let summary = |member: &Member| (member.app.book().executed, member.app.book().values.len());
        self.members.iter().map(summary).collect()
    }

    pub(crate) fn values(&self, n: usize) -> Vec<Vec<u8>> {
        self.members[n].app.book().values
    }

    /// Whether these members have executed this many values.
    pub(crate) fn have(&self, members: &[usize], values: usize) -> bool {
        members.iter().all(|n| self.members[*n].app.0.lock().unwrap().values.len() >= values)
    }

    /// Nobody has executed anything else than the others, as far as each came.
    pub(crate) fn assert_agreement(&self) {
        let longest =
            self.members.iter().map(|member| member.app.book().values).max_by_key(Vec::len).unwrap();
        for (n, member) in self.members.iter().enumerate() {
            let values = member.app.book().values;
            assert_eq!(values[..], longest[..values.len()], "member {n} disagrees");
            if let Some(failure) = &member.failure {
                panic!("member {n} failed: {failure}");
            }
        }
        let unique: BTreeSet<_> = longest.iter().collect();
        assert_eq!(unique.len(), longest.len(), "a value was executed twice");
    }

    pub(crate) fn fault_model(&self) -> FaultModel {
        self.members.iter().find_map(|member| member.engine.as_ref()).unwrap().fault_model()
    }
}
