//! Small clusters on a clock, with loss, crashes and liars for a while; then everything heals and heights are decided.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrysalis_consensus::signature::Signature;
use chrysalis_consensus::{
    Bytes, Check, Config, Digest, Effect, Epoch, Height, Input, LogRecord, Message, PeerId, Proposal, Round,
    Signer, Timeout, Verifier, Vote, VoteKind,
};
use chrysalis_crypto::hash::blake3_keyed;
use common::{Node, chain, key, set, value};

/// Signatures that anybody can make, and that cost little.
struct Toy([u8; 32]);

impl Toy {
    fn make(key: &[u8; 32], message: &[u8]) -> Signature {
        let half = blake3_keyed(key, message).unwrap();
        std::array::from_fn(|i| half[i % 32])
    }
}

impl Signer for Toy {
    fn public_key(&self) -> [u8; 32] {
        self.0
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Self::make(&self.0, message)
    }
}

impl Verifier for Toy {
    fn verify(&self, checks: &[Check<'_>]) -> Vec<bool> {
        checks.iter().map(|check| Self::make(check.key, check.message) == *check.signature).collect()
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

enum Event {
    Input(usize, u32, Input<Bytes>),
    Restart(usize),
}

/// A cluster whose time is in milliseconds.
struct World {
    random: Random,
    nodes: Vec<Node>,
    logs: Vec<Vec<LogRecord>>,
    /// How often each node was restarted: what is meant for an earlier life is lost.
    lives: Vec<u32>,
    armed: Vec<BTreeMap<Timeout, u64>>,
    liar: Option<usize>,
    loss: u64,
    now: u64,
    count: u64,
    events: BTreeMap<(u64, u64), Event>,
    decided: BTreeMap<Height, Digest>,
    heights: Vec<BTreeSet<Height>>,
    /// What each node has voted, by height, round and phase.
    voted: Vec<BTreeMap<(Height, Round, VoteKind), Option<Digest>>>,
}

impl World {
    fn new(seed: u64, n: usize, liar: Option<usize>) -> Self {
        let mut random = Random(seed);
        let loss = random.below(60);
        let nodes = (0..n).map(|me| make(me, n, Vec::new())).collect();
        let mut world = Self {
            random,
            nodes,
            logs: vec![Vec::new(); n],
            lives: vec![0; n],
            armed: vec![BTreeMap::new(); n],
            liar,
            loss,
            now: 0,
            count: 0,
            events: BTreeMap::new(),
            decided: BTreeMap::new(),
            heights: vec![BTreeSet::new(); n],
            voted: vec![BTreeMap::new(); n],
        };
        for node in 0..n {
            world.later(0, Event::Input(node, 0, Input::Start));
        }
        world
    }

    fn later(&mut self, after: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.now + after, self.count), event);
    }

    /// Runs until this time, or until all correct nodes have decided this height.
    fn run(&mut self, until: u64, height: Height) -> bool {
        while let Some(((at, _), event)) = self.events.pop_first() {
            if at > until {
                self.events.insert((at, 0), event);
                return false;
            }
            self.now = at;
            match event {
                Event::Restart(node) => {
                    let n = self.nodes.len();
                    self.nodes[node] = make(node, n, self.logs[node].clone());
                    self.lives[node] += 1;
                    self.armed[node].clear();
                    self.later(0, Event::Input(node, self.lives[node], Input::Start));
                }
                Event::Input(node, life, input) => {
                    if self.lives[node] != life {
                        continue;
                    }
                    if let Input::Timeout(timeout) = &input {
                        if self.armed[node].get(timeout) != Some(&at) {
                            continue;
                        }
                        self.armed[node].remove(timeout);
                    }
                    self.input(node, input);
                }
            }
            let done = |node: usize| Some(node) == self.liar || self.nodes[node].height() > height;
            if (0..self.nodes.len()).all(done) {
                return true;
            }
        }
        false
    }

    fn input(&mut self, node: usize, input: Input<Bytes>) {
        for effect in self.nodes[node].handle(input).unwrap() {
            match effect {
                Effect::Log(records) => {
                    for record in &records {
                        if let LogRecord::Voted(vote) = record {
                            let place = (vote.height, vote.round, vote.kind);
                            let first = *self.voted[node].entry(place).or_insert(vote.digest);
                            assert_eq!(first, vote.digest, "two votes in one phase");
                        }
                    }
                    self.logs[node].extend(records);
                }
                Effect::Broadcast(bytes) => {
                    for to in (0..self.nodes.len()).filter(|to| *to != node) {
                        self.send(node, to, bytes.clone());
                    }
                }
                Effect::SendTo { peer, bytes } => self.send(node, usize::try_from(peer.0).unwrap(), bytes),
                Effect::Schedule { timeout, after } => {
                    let after = u64::try_from(after.as_millis()).unwrap();
                    self.armed[node].insert(timeout, self.now + after);
                    self.later(after, Event::Input(node, self.lives[node], Input::Timeout(timeout)));
                }
                Effect::Cancel(timeout) => {
                    self.armed[node].remove(&timeout);
                }
                Effect::GetValue { height, round } => {
                    let value = value(&format!("{height} {round} {node} {}", self.random.below(9)));
                    self.later(
                        0,
                        Event::Input(node, self.lives[node], Input::Value { height, round, value }),
                    );
                }
                Effect::Validate { height, digest, .. } => {
                    let answer = Input::Validated { height, digest, valid: true };
                    self.later(0, Event::Input(node, self.lives[node], answer));
                }
                Effect::Decide(decision) => {
                    let digest = decision.certificate.digest();
                    let first = *self.decided.entry(decision.height).or_insert(digest);
                    assert_eq!(first, digest, "two decisions at one height");
                    self.heights[node].insert(decision.height);
                    let executed = Input::Executed { height: decision.height, validators: None };
                    self.later(0, Event::Input(node, self.lives[node], executed));
                }
                Effect::Punish { peer, offence } => panic!("peer {} punished for {offence:?}", peer.0),
                _ => {}
            }
        }
    }

    /// The liar's votes and proposals reach each receiver in another version, or not at all.
    fn send(&mut self, from: usize, to: usize, bytes: Arc<[u8]>) {
        if self.random.chance(self.loss) {
            return;
        }
        let mut bytes = bytes;
        if Some(from) == self.liar {
            match self.random.below(3) {
                0 => return,
                1 => bytes = self.lie(from, &bytes),
                _ => {}
            }
        }
        let delay = 5 + self.random.below(30);
        let input = Input::Message { from: PeerId(from as u64), bytes };
        self.later(delay, Event::Input(to, self.lives[to], input));
    }

    fn lie(&mut self, from: usize, bytes: &Arc<[u8]>) -> Arc<[u8]> {
        let signer = Toy(key(u16::try_from(from).unwrap()).public_key());
        let validator = u16::try_from(from).unwrap();
        match Message::from_bytes(bytes).unwrap() {
            Message::Vote(vote) if vote.validator == validator => {
                let known: Vec<_> = self
                    .voted
                    .iter()
                    .flat_map(|voted| voted.range((vote.height, Round(0), VoteKind::Prevote)..))
                    .map(|(_, digest)| *digest)
                    .collect();
                let place = usize::try_from(self.random.below(known.len().max(1) as u64)).unwrap();
                let digest = known.get(place).copied().flatten();
                let Vote { height, round, kind, .. } = vote;
                Message::Vote(Vote::sign(&signer, &chain(), Epoch(0), height, round, kind, digest, validator))
                    .to_bytes()
                    .into()
            }
            Message::Proposal { proposal, polka: None, .. } if proposal.validator == validator => {
                let value = format!("lie {}", self.random.below(3)).into_bytes();
                let digest = Digest::of(&value);
                let Proposal { height, round, .. } = proposal;
                let proposal =
                    Proposal::sign(&signer, &chain(), Epoch(0), height, round, None, digest, validator);
                Message::Proposal { proposal, polka: None, value }.to_bytes().into()
            }
            _ => bytes.clone(),
        }
    }
}

fn make(me: usize, n: usize, records: Vec<LogRecord>) -> Node {
    let mut config = Config::new(chain());
    config.timeouts.propose = Duration::from_millis(200);
    config.timeouts.prevote = Duration::from_millis(100);
    config.timeouts.precommit = Duration::from_millis(100);
    config.timeouts.resend = Duration::from_millis(200);
    config.timeouts.cap = Duration::from_secs(5);
    config.dangerous_verifier = Some(Arc::new(Toy([0; 32])));
    let signer = Toy(key(u16::try_from(me).unwrap()).public_key());
    Node::restore(config, set(&vec![1; n]), Some(Arc::new(signer)), records).unwrap()
}

fn seeds() -> std::ops::Range<u64> {
    if std::env::var_os("CHRYSALIS_SOAK").is_some() { 0..20_000 } else { 0..60 }
}

/// R-01, E-12: while messages are lost and a member lies, nobody decides differently; once they arrive, all go on.
#[test]
fn a_31_a_32_loss_and_lies_heal() {
    for seed in seeds() {
        let n = 4 + usize::try_from(seed % 4).unwrap();
        let liar = (seed % 3 > 0).then_some(usize::try_from(seed).unwrap() % n);
        let mut world = World::new(seed, n, liar);
        world.run(1500, Height(u64::MAX));
        world.loss = 0;
        let highest = world.nodes.iter().map(Node::height).max().unwrap();
        let (healed, goal) = (world.now, Height(highest.0 + 3));
        assert!(world.run(healed + 60_000, goal), "seed {seed}: stuck at {:?}", world.nodes);
    }
}

/// any number of nodes restart at any time, at last all at once, and nothing is lost that was said.
#[test]
fn r_16_restarts_of_all_nodes_resume() {
    for seed in seeds() {
        let n = 4;
        let mut world = World::new(seed, n, None);
        for _ in 0..world.random.below(8) {
            let (node, at) = (usize::try_from(world.random.below(4)).unwrap(), world.random.below(2000));
            world.later(at, Event::Restart(node));
        }
        world.run(2000 + world.now, Height(u64::MAX));
        for node in 0..n {
            world.later(0, Event::Restart(node));
        }
        world.loss = 0;
        let highest = world.nodes.iter().map(Node::height).max().unwrap();
        let (healed, goal) = (world.now, Height(highest.0 + 3));
        assert!(world.run(healed + 60_000, goal), "seed {seed}: stuck at {:?}", world.nodes);
        // Each height was handed to each application.
        for heights in &world.heights {
            assert!(heights.iter().map(|height| height.0).eq(1..=heights.len() as u64), "seed {seed}");
        }
    }
}

/// The latency without faults: three one-way delays from height to height.
#[test]
fn without_faults_a_decision_takes_three_delays() {
    let mut world = World::new(1, 4, None);
    world.loss = 0;
    assert!(world.run(60_000, Height(100)));
    // Delays are 5 to 34 ms, 19.5 on average; quorums wait for the slower ones.
    assert!(world.now / 100 < 3 * 30, "{}", world.now);
}
