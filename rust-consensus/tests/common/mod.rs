//! Keys, a node under test, and a small network that delivers everything in order.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "tests, each of which uses a part")]

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, CommitCertificate, Config, Decision, Digest, Effect, Epoch, Evidence,
    Height, Input, LogRecord, Message, NodeId, Offence, Origin, PeerId, PolkaCertificate, Proposal, Round,
    Signer, Status, Timeout, Validator, ValidatorSet, Value, Vote, VoteKind,
};
use chrysalis_crypto::ed25519::SigningKey;

pub type Node = ByzantineConsensus<Bytes>;

pub fn chain() -> ChainId {
    ChainId::new("test").unwrap()
}

/// The key of the validator of this number: names, and so numbers, follow seeds.
pub fn key(number: u16) -> SigningKey {
    let mut seed = [7; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_seed(&seed)
}

pub fn signer(number: u16) -> Arc<dyn Signer> {
    Arc::new(key(number))
}

pub fn validators(powers: &[u64]) -> Vec<Validator> {
    (0u16..)
        .zip(powers)
        .map(|(number, power)| Validator {
            id: NodeId::new(&format!("v{number:04}")).unwrap(),
            key: key(number).public_key(),
            power: *power,
        })
        .collect()
}

pub fn set(powers: &[u64]) -> ValidatorSet {
    ValidatorSet::new(Epoch(0), validators(powers)).unwrap()
}

pub fn value(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

pub fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// A vote of the first epoch.
pub fn vote(validator: u16, height: u64, round: u32, kind: VoteKind, text: Option<&str>) -> Vote {
    let signer = key(validator);
    let digest = text.map(digest);
    Vote::sign(&signer, &chain(), Epoch(0), Height(height), Round(round), kind, digest, validator)
}

pub fn prevote(validator: u16, round: u32, text: Option<&str>) -> Message {
    Message::Vote(vote(validator, 1, round, VoteKind::Prevote, text))
}

pub fn precommit(validator: u16, round: u32, text: Option<&str>) -> Message {
    Message::Vote(vote(validator, 1, round, VoteKind::Precommit, text))
}

pub fn proposal_of(
    validator: u16,
    height: u64,
    round: u32,
    valid_round: Option<u32>,
    text: &str,
) -> Proposal {
    let signer = key(validator);
    let valid_round = valid_round.map(Round);
    Proposal::sign(
        &signer,
        &chain(),
        Epoch(0),
        Height(height),
        Round(round),
        valid_round,
        digest(text),
        validator,
    )
}

/// A fresh proposal at height 1 by whoever's turn it is.
pub fn proposal(set: &ValidatorSet, round: u32, text: &str) -> Message {
    let proposer = set.proposer(Height(1), Round(round));
    Message::Proposal {
        proposal: proposal_of(proposer, 1, round, None, text),
        polka: None,
        value: text.as_bytes().to_vec(),
    }
}

/// The bytes of a certificate of these validators, made by hand.
fn certificate(
    kind: u8,
    phase: VoteKind,
    n: u16,
    height: u64,
    round: u32,
    text: &str,
    signers: &[u16],
) -> Vec<u8> {
    let mut bytes = vec![1, kind];
    bytes.extend_from_slice(&0u64.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(&round.to_le_bytes());
    bytes.extend_from_slice(&digest(text).0);
    bytes.extend_from_slice(&n.to_le_bytes());
    let mut bitmap = vec![0u8; usize::from(n).div_ceil(8)];
    for signer in signers {
        bitmap[usize::from(signer / 8)] |= 1 << (signer % 8);
    }
    bytes.extend_from_slice(&bitmap);
    let ordered: BTreeSet<_> = signers.iter().collect();
    for signer in ordered {
        bytes.extend_from_slice(&vote(*signer, height, round, phase, Some(text)).signature);
    }
    bytes
}

pub fn polka(n: u16, round: u32, text: &str, signers: &[u16]) -> PolkaCertificate {
    PolkaCertificate::from_bytes(&certificate(0x22, VoteKind::Prevote, n, 1, round, text, signers)).unwrap()
}

pub fn commit(n: u16, height: u64, round: u32, text: &str, signers: &[u16]) -> CommitCertificate {
    let bytes = certificate(0x21, VoteKind::Precommit, n, height, round, text, signers);
    CommitCertificate::from_bytes(&bytes).unwrap()
}

/// One node with real keys around it.
pub struct Bench {
    pub node: Node,
    pub set: ValidatorSet,
    pub log: Vec<LogRecord>,
    /// Whether the application accepts every value at once.
    pub accepts: bool,
}

impl Bench {
    /// The validator of this number among equals, started; what starting led to is dropped.
    pub fn new(me: u16, n: usize) -> Self {
        Self::with(me, &vec![1; n], Config::new(chain()))
    }

    pub fn with(me: u16, powers: &[u64], config: Config) -> Self {
        let set = set(powers);
        let node = Node::new(config, set.clone(), Some(signer(me))).unwrap();
        let mut bench = Self { node, set, log: Vec::new(), accepts: true };
        bench.input(Input::Start);
        bench
    }

    /// Gives an input, and the application's answers that follow from it.
    pub fn input(&mut self, input: Input<Bytes>) -> Vec<Effect<Bytes>> {
        let mut effects = self.node.handle(input).unwrap();
        let mut at = 0;
        while at < effects.len() {
            match &effects[at] {
                Effect::Log(records) => self.log.extend(records.iter().cloned()),
                Effect::Validate { height, digest, .. } if self.accepts => {
                    let answer = Input::Validated { height: *height, digest: *digest, valid: true };
                    effects.extend(self.node.handle(answer).unwrap());
                }
                _ => {}
            }
            at += 1;
        }
        effects
    }

    /// A message of peer 100.
    pub fn message(&mut self, message: &Message) -> Vec<Effect<Bytes>> {
        self.message_of(100, message)
    }

    pub fn message_of(&mut self, peer: u64, message: &Message) -> Vec<Effect<Bytes>> {
        self.bytes_of(peer, &message.to_bytes())
    }

    pub fn bytes_of(&mut self, peer: u64, bytes: &[u8]) -> Vec<Effect<Bytes>> {
        self.input(Input::Message { from: PeerId(peer), bytes: bytes.into() })
    }

    pub fn messages<'a>(&mut self, messages: impl IntoIterator<Item = &'a Message>) -> Vec<Effect<Bytes>> {
        messages.into_iter().flat_map(|message| self.message(message)).collect()
    }

    pub fn timeout(&mut self, timeout: Timeout) -> Vec<Effect<Bytes>> {
        self.input(Input::Timeout(timeout))
    }

    /// The same node after a crash, from its log.
    pub fn restart(&self, me: u16) -> Self {
        let node =
            Node::restore(self.node.config().clone(), self.set.clone(), Some(signer(me)), self.log.clone())
                .unwrap();
        Self { node, set: self.set.clone(), log: self.log.clone(), accepts: self.accepts }
    }
}

/// The messages broadcast.
pub fn said(effects: &[Effect<Bytes>]) -> Vec<Message> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Broadcast(bytes) => Some(Message::from_bytes(bytes).unwrap()),
            _ => None,
        })
        .collect()
}

/// The messages sent to one peer.
pub fn sent(effects: &[Effect<Bytes>]) -> Vec<Message> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SendTo { bytes, .. } => Some(Message::from_bytes(bytes).unwrap()),
            _ => None,
        })
        .collect()
}

/// The votes broadcast: phase, round, value.
pub fn votes(effects: &[Effect<Bytes>]) -> Vec<(VoteKind, u32, Option<Digest>)> {
    said(effects)
        .into_iter()
        .filter_map(|message| match message {
            Message::Vote(vote) => Some((vote.kind, vote.round.0, vote.digest)),
            _ => None,
        })
        .collect()
}

pub fn decisions(effects: &[Effect<Bytes>]) -> Vec<Decision<Bytes>> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Decide(decision) => Some(decision.clone()),
            _ => None,
        })
        .collect()
}

pub fn scheduled(effects: &[Effect<Bytes>]) -> Vec<Timeout> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Schedule { timeout, .. } => Some(*timeout),
            _ => None,
        })
        .collect()
}

pub fn offences(effects: &[Effect<Bytes>]) -> Vec<(u64, Offence)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Punish { peer, offence } => Some((peer.0, *offence)),
            _ => None,
        })
        .collect()
}

pub fn proofs(effects: &[Effect<Bytes>]) -> Vec<Evidence> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Evidence(evidence) => Some(evidence.clone()),
            _ => None,
        })
        .collect()
}

/// A network that delivers everything at once and in order. Timers never run out by themselves.
pub struct Net {
    pub nodes: Vec<Node>,
    pub decided: Vec<Vec<Decision<Bytes>>>,
    /// Nodes that neither send nor receive.
    pub down: BTreeSet<usize>,
    pub executes: bool,
    queue: VecDeque<(usize, Input<Bytes>)>,
}

impl Net {
    pub fn new(powers: &[u64], config: &Config) -> Self {
        let origin = Origin::from(set(powers));
        let nodes = (0u16..)
            .zip(powers)
            .map(|(number, _)| Node::new(config.clone(), origin.clone(), Some(signer(number))).unwrap())
            .collect::<Vec<_>>();
        let decided = vec![Vec::new(); nodes.len()];
        let queue = (0..nodes.len()).map(|node| (node, Input::Start)).collect();
        Self { nodes, decided, down: BTreeSet::new(), executes: true, queue }
    }

    /// Runs until this height is decided everywhere, or nothing is left to do.
    pub fn run(&mut self, height: u64) {
        while let Some((to, input)) = self.queue.pop_front() {
            if self.down.contains(&to) {
                continue;
            }
            if self
                .nodes
                .iter()
                .enumerate()
                .all(|(n, node)| self.down.contains(&n) || node.height().0 > height)
            {
                self.queue.push_front((to, input));
                return;
            }
            let effects = self.nodes[to].handle(input).unwrap();
            for effect in effects {
                self.carry_out(to, effect);
            }
        }
    }

    pub fn push(&mut self, to: usize, input: Input<Bytes>) {
        self.queue.push_back((to, input));
    }

    /// Has this timer run out on all nodes.
    pub fn expire(&mut self, timeout: impl Fn(&Node) -> Timeout) {
        for to in 0..self.nodes.len() {
            let timeout = timeout(&self.nodes[to]);
            self.push(to, Input::Timeout(timeout));
        }
    }

    fn carry_out(&mut self, from: usize, effect: Effect<Bytes>) {
        let peer = PeerId(from as u64);
        match effect {
            Effect::Broadcast(bytes) => {
                for to in (0..self.nodes.len()).filter(|to| *to != from) {
                    self.push(to, Input::Message { from: peer, bytes: bytes.clone() });
                }
            }
            Effect::SendTo { peer: to, bytes } => {
                self.push(usize::try_from(to.0).unwrap(), Input::Message { from: peer, bytes });
            }
            Effect::GetValue { height, round } => {
                let value = value(&format!("{height} {round} {from}"));
                self.push(from, Input::Value { height, round, value });
            }
            Effect::Validate { height, digest, .. } => {
                self.push(from, Input::Validated { height, digest, valid: true });
            }
            Effect::Decide(decision) => {
                if self.executes {
                    self.push(from, Input::Executed { height: decision.height, validators: None });
                }
                self.decided[from].push(decision);
            }
            Effect::Punish { offence, .. } => panic!("a correct peer was punished: {offence:?}"),
            _ => {}
        }
    }
}

/// A status without content, to be filled in.
pub fn status(validator: u16, height: u64, round: u32, n: usize) -> Status {
    Status {
        epoch: Epoch(0),
        height: Height(height),
        round: Round(round),
        valid_round: None,
        has_proposal: false,
        validator,
        prevotes: vec![chrysalis_consensus::status::Trace::NONE; n],
        precommits: vec![chrysalis_consensus::status::Trace::NONE; n],
        signature: [0; 64],
    }
}

pub fn signed(status: Status) -> Message {
    let signer = key(status.validator);
    Message::Status(status.sign(&signer, &chain()))
}

/// The encoding of a value, for proposals made by hand.
pub fn encoded(value: &Bytes) -> Vec<u8> {
    value.encode()
}
