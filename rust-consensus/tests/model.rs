//! Model checking of the real core: four members, one of which equivocates, two rounds, any loss of messages.
//!
//! The equivocator leads one of the rounds and has signed everything that it can: two proposals, and in each round and phase votes for
//! both values and for nil. The checker chooses which of all that, and of what honest members sent, reaches whom, in
//! which order, and which timers run out. Votes of one phase arrive together, as any set that together with those before is
//! a quorum, or shows that a third of the power is in a later round: fewer change nothing in a correct member. Nor does what it
//! has no use for any more, which is not delivered: prevotes and proposals of rounds it has left, timers of steps behind it. What
//! is never delivered is lost.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, Check, Config, Digest, Effect, Epoch, Height, Input, Message, Mutant,
    NodeId, PeerId, Proposal, Round, Signer, Step, Timeout, Validator, ValidatorSet, Value as _, Verifier,
    Vote, VoteKind,
};
use chrysalis_crypto::{ed25519::SigningKey, hash};
use stateright::{Checker, Model, Property};

const MEMBERS: u16 = 4;
const LAST_ROUND: Round = Round(1);
/// States of each of the two models in the short form.
const SHORT: usize = 8_000;
/// And in the long form.
const LONG: usize = 5_000_000;
const AGREEMENT: &str = "agreement";
const RULES: &str = "no conflicting votes, valid certificates, no honest member punished";

type Core = ByzantineConsensus<Bytes>;

/// A keyed hash in the place of a signature: nobody forges here.
struct Hashed([u8; 32]);

impl Signer for Hashed {
    fn public_key(&self) -> [u8; 32] {
        self.0
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let digest = hash::blake3_keyed(&self.0, message).unwrap();
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&digest);
        signature
    }
}

struct Rehash;

impl Verifier for Rehash {
    fn verify(&self, checks: &[Check<'_>]) -> Vec<bool> {
        checks.iter().map(|check| Hashed(*check.key).sign(check.message) == *check.signature).collect()
    }
}

/// The cluster: who lies, and what everybody starts with.
struct Cluster {
    liar: u16,
    set: ValidatorSet,
    chain: ChainId,
    /// What the liar has signed.
    lies: Vec<Arc<[u8]>>,
    mutant: Option<Mutant>,
}

#[derive(Clone)]
struct State {
    /// Honest members by number.
    nodes: BTreeMap<u16, Node>,
    /// Everything that was ever sent.
    sent: BTreeSet<Arc<[u8]>>,
}

#[derive(Clone)]
struct Node {
    core: Core,
    /// What has reached it.
    heard: BTreeSet<Arc<[u8]>>,
    timers: BTreeSet<Timeout>,
    decided: Option<Digest>,
    /// Own votes, to see that none contradicts another.
    voted: BTreeMap<(Round, VoteKind), Option<Digest>>,
    broken: bool,
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.core.hash(state);
        self.heard.hash(state);
        self.timers.hash(state);
        self.decided.hash(state);
        self.broken.hash(state);
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
        self.sent.hash(state);
    }
}

impl PartialEq for State {
    /// As the checker tells states apart.
    fn eq(&self, other: &Self) -> bool {
        let hash = |state: &Self| {
            let mut hasher = std::hash::DefaultHasher::new();
            state.hash(&mut hasher);
            hasher.finish()
        };
        hash(self) == hash(other)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, node) in &self.nodes {
            writeln!(f, "{number}: {:?}, decided {:?}, votes {:?}", node.core, node.decided, node.voted)?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Deliver(u16, Vec<Arc<[u8]>>),
    TimeOut(u16, Timeout),
}

impl Cluster {
    fn new(liar: u16) -> Self {
        let keys = (0..MEMBERS).map(|number| key(number).public_key());
        let validators = keys.enumerate().map(|(number, key)| Validator {
            id: NodeId::new(&format!("m{number}")).unwrap(),
            key,
            power: 1,
        });
        let set = ValidatorSet::new(Epoch(0), validators.collect()).unwrap();
        let chain = ChainId::new("model").unwrap();
        let signer = key(liar);
        let (epoch, height) = (Epoch(0), Height::FIRST);
        let mut lies = Vec::new();
        let mut lie = |message: Message| lies.push(Arc::from(message.to_bytes()));
        for round in [Round(0), LAST_ROUND] {
            for value in [value(0), value(1)] {
                let digest = Digest::of(&value.encode());
                if set.proposer(height, round) == liar {
                    let proposal = Proposal::sign(&signer, &chain, epoch, height, round, None, digest, liar);
                    lie(Message::Proposal { proposal, polka: None, value: value.encode() });
                }
            }
            for kind in VoteKind::ALL {
                let digests = [Some(value(0)), Some(value(1)), None]
                    .map(|value| value.map(|v| Digest::of(&v.encode())));
                for digest in digests {
                    lie(Message::Vote(Vote::sign(&signer, &chain, epoch, height, round, kind, digest, liar)));
                }
            }
        }
        Self { liar, set, chain, lies, mutant: None }
    }

    /// Gives an input to a member and carries out what it wants; the application answers at once.
    fn feed(&self, state: &mut State, number: u16, input: Input<Bytes>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let node = state.nodes.get_mut(&number).unwrap();
            for effect in node.core.handle(input).unwrap() {
                match effect {
                    Effect::Broadcast(bytes) => match Message::from_bytes(&bytes).unwrap() {
                        Message::Vote(vote) => {
                            let said = node.voted.entry((vote.round, vote.kind)).or_insert(vote.digest);
                            node.broken |= *said != vote.digest;
                            state.sent.insert(bytes);
                        }
                        Message::Proposal { .. } => {
                            state.sent.insert(bytes);
                        }
                        _ => {}
                    },
                    Effect::Schedule { timeout, .. } => {
                        node.timers.insert(timeout);
                    }
                    Effect::Cancel(timeout) => {
                        node.timers.remove(&timeout);
                    }
                    Effect::GetValue { height, round } => {
                        // One of the two values that the liar signs votes for: the worst case for agreement.
                        inputs.push(Input::Value {
                            height,
                            round,
                            value: value(u8::try_from(round.0).unwrap()),
                        });
                    }
                    Effect::Validate { height, digest, .. } => {
                        inputs.push(Input::Validated { height, digest, valid: true });
                    }
                    Effect::Decide(decision) => {
                        let digest = Digest::of(&decision.value.encode());
                        let verified = decision.certificate.verify_with(&self.chain, &self.set, &Rehash);
                        node.broken |= verified.is_err() || decision.certificate.digest() != digest;
                        node.decided = Some(digest);
                    }
                    Effect::Punish { peer, .. } => node.broken |= peer.0 != u64::from(self.liar),
                    _ => {}
                }
            }
        }
    }

    /// The sets of votes of one round and phase that may reach a member together.
    fn bundles(
        &self,
        state: &State,
        node: &Node,
        round: Round,
        kind: VoteKind,
        actions: &mut Vec<Vec<Arc<[u8]>>>,
    ) {
        let votes = |messages: &BTreeSet<Arc<[u8]>>| -> Vec<(Vote, Arc<[u8]>)> {
            let all = messages.iter().filter_map(|bytes| match Message::from_bytes(bytes) {
                Ok(Message::Vote(vote)) if vote.round == round && vote.kind == kind => {
                    Some((vote, Arc::clone(bytes)))
                }
                _ => None,
            });
            all.collect()
        };
        let heard: BTreeSet<u16> = votes(&node.heard).iter().map(|(vote, _)| vote.validator).collect();
        let own = node.core.number().unwrap();
        let known =
            heard.len() + usize::from(node.voted.contains_key(&(round, kind)) && !heard.contains(&own));
        let fresh: Vec<_> = votes(&state.sent)
            .into_iter()
            .filter(|(vote, _)| {
                vote.validator != own && vote.validator != self.liar && !heard.contains(&vote.validator)
            })
            .collect();
        let lies: Vec<Option<Arc<[u8]>>> = if heard.contains(&self.liar) {
            vec![None]
        } else {
            let lies = self.lies.iter().cloned().collect();
            votes(&lies).into_iter().map(|(_, bytes)| Some(bytes)).chain([None]).collect()
        };
        for chosen in 0..1_usize << fresh.len() {
            for lie in &lies {
                let picked = fresh.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1);
                let bundle: Vec<_> =
                    picked.map(|(_, (_, bytes))| Arc::clone(bytes)).chain(lie.clone()).collect();
                let least = if round > node.core.round() { 2 } else { 3 };
                if !bundle.is_empty() && known + bundle.len() >= least {
                    actions.push(bundle);
                }
            }
        }
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut config = Config::new(self.chain.clone());
        config.dangerous_verifier = Some(Arc::new(Rehash));
        config.mutant = self.mutant;
        let mut state = State { nodes: BTreeMap::new(), sent: BTreeSet::new() };
        for number in (0..MEMBERS).filter(|number| *number != self.liar) {
            let core = Core::new(config.clone(), self.set.clone(), Some(Arc::new(key(number)))).unwrap();
            let node = Node {
                core,
                heard: BTreeSet::new(),
                timers: BTreeSet::new(),
                decided: None,
                voted: BTreeMap::new(),
                broken: false,
            };
            state.nodes.insert(number, node);
        }
        for number in (0..MEMBERS).filter(|number| *number != self.liar) {
            self.feed(&mut state, number, Input::Start);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, node) in state.nodes.iter().filter(|(_, node)| node.decided.is_none()) {
            for bytes in state.sent.iter().chain(&self.lies) {
                if let Ok(Message::Proposal { proposal, .. }) = Message::from_bytes(bytes)
                    && proposal.validator != *number
                    && proposal.round >= node.core.round()
                    && !node.heard.contains(bytes)
                {
                    actions.push(Action::Deliver(*number, vec![Arc::clone(bytes)]));
                }
            }
            for round in [Round(0), LAST_ROUND] {
                for kind in VoteKind::ALL {
                    if kind == VoteKind::Prevote && round < node.core.round() {
                        continue;
                    }
                    let mut bundles = Vec::new();
                    self.bundles(state, node, round, kind, &mut bundles);
                    actions.extend(bundles.into_iter().map(|bundle| Action::Deliver(*number, bundle)));
                }
            }
            for timeout in &node.timers {
                let (round, step) = (node.core.round(), node.core.step());
                let is_due = match *timeout {
                    Timeout::Propose(_, of) => of == round && step == Step::Propose,
                    Timeout::Prevote(_, of) => of == round && step == Step::Prevote,
                    Timeout::Precommit(_, of) => of == round && of < LAST_ROUND,
                    Timeout::Resend => false,
                };
                if is_due {
                    actions.push(Action::TimeOut(*number, *timeout));
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Deliver(number, bundle) => {
                for bytes in bundle {
                    let from = match Message::from_bytes(&bytes).unwrap() {
                        Message::Vote(vote) => vote.validator,
                        Message::Proposal { proposal, .. } => proposal.validator,
                        _ => unreachable!("only these two are sent"),
                    };
                    state.nodes.get_mut(&number).unwrap().heard.insert(Arc::clone(&bytes));
                    self.feed(&mut state, number, Input::Message { from: PeerId(from.into()), bytes });
                }
            }
            Action::TimeOut(number, timeout) => {
                state.nodes.get_mut(&number).unwrap().timers.remove(&timeout);
                self.feed(&mut state, number, Input::Timeout(timeout));
            }
        }
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.nodes.values().all(|node| node.core.round() <= LAST_ROUND)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(AGREEMENT, |_, state| {
                let decided: BTreeSet<_> = state.nodes.values().filter_map(|node| node.decided).collect();
                decided.len() <= 1
            }),
            Property::<Self>::always(RULES, |_, state| state.nodes.values().all(|node| !node.broken)),
            Property::<Self>::sometimes("a decision in the first round", |_, state| {
                state.nodes.values().any(|node| node.decided.is_some() && node.core.round() == Round(0))
            }),
        ]
    }
}

fn key(number: u16) -> Hashed {
    Hashed(SigningKey::from_seed(&[u8::try_from(number).unwrap() + 1; 32]).public_key())
}

fn value(number: u8) -> Bytes {
    vec![number; 8].into()
}

/// agreement in every reachable state, as far as the search goes: breadth first over the first states, or under
/// `CHRYSALIS_SOAK` depth first over as many as `CHRYSALIS_STATES` says.
#[test]
fn r_53_no_loss_and_no_equivocation_breaks_agreement_in_two_rounds() {
    let states = |default| std::env::var("CHRYSALIS_STATES").map_or(default, |text| text.parse().unwrap());
    let is_long = std::env::var_os("CHRYSALIS_SOAK").is_some();
    let first = Cluster::new(0).set.proposer(Height::FIRST, Round(0));
    let second = Cluster::new(0).set.proposer(Height::FIRST, LAST_ROUND);
    for (liar, turn) in [(first, "first"), (second, "second")] {
        let most = states(if is_long { LONG } else { SHORT });
        let builder = Cluster::new(liar).checker().target_state_count(most).threads(1);
        if is_long {
            report(&builder.spawn_dfs().join(), turn, most)
        } else {
            report(&builder.spawn_bfs().join(), turn, most)
        }
    }
}

/// The search can fail: it finds a core that decides without waiting for precommits.
#[test]
fn the_search_finds_a_fault() {
    let first = Cluster::new(0).set.proposer(Height::FIRST, Round(0));
    let model = Cluster { mutant: Some(Mutant::DecideOnPrevotes), ..Cluster::new(first) };
    let checker = model.checker().target_state_count(SHORT).threads(1).spawn_bfs().join();
    let found = checker.discovery(AGREEMENT).or(checker.discovery(RULES));
    let path = found.expect("prevotes are no certificate");
    println!("found after {} states, in {} steps", checker.state_count(), path.into_actions().len());
}

fn report(checker: &impl Checker<Cluster>, turn: &str, most: usize) {
    println!(
        "the liar leads the {turn} round: {} states, {} of them different, depth {}, {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        if checker.state_count() < most { "all there are" } else { "as many as asked for" }
    );
    for property in [AGREEMENT, RULES] {
        if let Some(path) = checker.discovery(property) {
            panic!("{property} is violated: {:?}", path.into_actions());
        }
    }
}
