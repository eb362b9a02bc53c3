//! Model checking of the real core: four members, one of which equivocates, two rounds, any loss of messages.
//!
//! The equivocator leads one of the rounds and has signed everything that it can: two proposals, and in each round and phase votes for
//! both values and for nil. The checker chooses which of all that, and of what honest members sent, reaches whom, in
//! which order, and which timers run out. Votes of one phase arrive together, as any set that together with those before is
//! a quorum, or shows that a third of the power is in a later round: fewer change nothing in a correct member. Nor does what it
//! has no use for any more, which is not delivered: prevotes and proposals of rounds it has left, timers of steps behind it. What
//! is never delivered is lost.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, Check, Config, Digest, Effect, Epoch, Height, Input, Message, Mutant,
    NodeId, PeerId, Proposal, Round, Signer, Step, Timeout, Validator, ValidatorSet, Value as _, Verifier,
    Vote, VoteKind,
};
use chrysalis_crypto::{ed25519::SigningKey, hash};
use stateright::{Checker, Model, Property};

const MEMBERS: u16 = 4;
const LAST_ROUND: Round = Round(1);
/// States of each model in the short form.
const SHORT: usize = 20_000;
/// Members that are taken for another one and are kept beside it.
const DOUBLES: usize = 2;
/// And in the long form.
const LONG: usize = 10_000_000;
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
    mutant: Option<Mutant>,
    /// Rounds beyond this one are not looked at.
    last_round: Round,
    /// What members have been in and what was said, so that a state is three numbers, and no input is given to the same core twice.
    table: Mutex<Table>,
}

/// Honest members, in order of their numbers, by their places in the table.
type State = [u32; MEMBERS as usize - 1];

/// What tells messages apart: who says it, the round, the phase of a vote, the valid round of a proposal, the value.
type Statement = (u16, Round, Option<VoteKind>, Option<Round>, Option<Digest>);

/// Messages as bits, by their places in the table.
type Messages = u128;

#[derive(Default)]
struct Table {
    messages: Vec<Known>,
    places: HashMap<Statement, usize>,
    /// What the liar has signed.
    lies: Messages,
    nodes: Vec<Node>,
    numbers: HashMap<Essence, u32>,
    /// Members that were taken for another in the table, so that it can be seen whether they behave like it.
    doubles: HashMap<u32, Vec<Node>>,
    compared: u64,
    steps: HashMap<(u32, Action), u32>,
    /// What a member can be given when all this was said.
    actions: HashMap<(u32, Messages), Arc<[Action]>>,
}

/// A message that somebody has sent, and what it is.
struct Known {
    bytes: Arc<[u8]>,
    from: u16,
    round: Round,
    /// None for a proposal.
    kind: Option<VoteKind>,
    digest: Option<Digest>,
}

/// A member in one of its states.
#[derive(Clone)]
struct Node {
    core: Core,
    /// What has reached it, and what it has sent.
    heard: Messages,
    sent: Messages,
    /// Of each round's proposals the one that was there first: of two it is the one that is voted on.
    first: BTreeMap<Round, Messages>,
    timers: BTreeSet<Timeout>,
    decided: Option<Digest>,
    /// Own votes, to see that none contradicts another.
    voted: BTreeMap<(Round, VoteKind), Option<Digest>>,
    broken: bool,
}

/// All of a member that can matter from here on: members that agree in this are taken for one.
///
/// Of a member that has decided nothing matters but what it has decided and said: it is given nothing more. Of others, what they
/// have heard, without prevotes of rounds that they have left, which proposal of a round came first, and which values they have. In which
/// order the rest came does not matter, nor what of it is checked already. Whether that is so is looked at while the search goes on: see [`Table::number`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Essence {
    member: u16,
    sent: Messages,
    broken: bool,
    decided: Option<Digest>,
    going_on: Option<GoingOn>,
}

/// Of a member that has not decided.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct GoingOn {
    round: Round,
    step: Step,
    locked: Option<(Round, Digest)>,
    valid: Option<(Round, Digest)>,
    heard: Messages,
    first: Vec<Messages>,
    values: BTreeSet<Digest>,
    timers: Vec<Timeout>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Action {
    Deliver(Messages),
    TimeOut(Timeout),
}

impl Table {
    /// The place of a message, as a bit. Proposals with different proof that the same round made the same value valid are one.
    fn bit(&mut self, bytes: &Arc<[u8]>) -> Messages {
        let next = self.messages.len();
        let (said, known) = match Message::from_bytes(bytes).unwrap() {
            Message::Vote(Vote { validator, round, kind, digest, .. }) => {
                ((validator, round, Some(kind), None, digest), (validator, round, Some(kind), digest))
            }
            Message::Proposal {
                proposal: Proposal { validator, round, valid_round, digest, .. }, ..
            } => {
                ((validator, round, None, valid_round, Some(digest)), (validator, round, None, Some(digest)))
            }
            _ => unreachable!("only these two are sent"),
        };
        let place = *self.places.entry(said).or_insert(next);
        if place == next {
            let (from, round, kind, digest) = known;
            self.messages.push(Known { bytes: Arc::clone(bytes), from, round, kind, digest });
        }
        1_u128.checked_shl(u32::try_from(place).unwrap()).expect("fewer messages than bits")
    }

    fn known(&self, messages: Messages) -> impl Iterator<Item = (Messages, &Known)> {
        let all = self.messages.iter().enumerate().map(|(place, known)| (1_u128 << place, known));
        all.filter(move |(bit, _)| messages & bit != 0)
    }

    fn essence(&self, node: &Node) -> Essence {
        let round = node.core.round();
        let going_on = || {
            let matters = |known: &Known| match known.kind {
                Some(VoteKind::Prevote) | None => known.round >= round,
                Some(VoteKind::Precommit) => true,
            };
            let heard = self.known(node.heard).filter(|(_, known)| matters(known));
            let there = self.known(node.heard | node.sent).filter(|(_, known)| known.kind.is_none());
            GoingOn {
                round,
                step: node.core.step(),
                locked: node.core.locked(),
                valid: node.core.valid(),
                heard: heard.fold(0, |heard, (bit, _)| heard | bit),
                first: node.first.range(round..).map(|(_, bit)| *bit).collect(),
                values: there.filter_map(|(_, known)| known.digest).collect(),
                timers: due(node),
            }
        };
        Essence {
            member: node.core.number().unwrap(),
            sent: node.sent,
            broken: node.broken,
            decided: node.decided,
            going_on: node.decided.is_none().then(going_on),
        }
    }

    /// The number of a member's state. Of those that are taken for another one, the first few that differ from it are kept, and
    /// given what it is given, to see that the same comes of it.
    fn number(&mut self, node: Node) -> u32 {
        let next = u32::try_from(self.nodes.len()).unwrap();
        let number = *self.numbers.entry(self.essence(&node)).or_insert(next);
        if number == next {
            self.nodes.push(node);
        } else if node.decided.is_none() {
            let hash = |node: &Node| {
                let mut hasher = std::hash::DefaultHasher::new();
                node.core.hash(&mut hasher);
                hasher.finish()
            };
            let is_known = |known: &Node| hash(known) == hash(&node);
            let doubles = self.doubles.get(&number).map_or(&[][..], Vec::as_slice);
            if doubles.len() < DOUBLES
                && !is_known(&self.nodes[number as usize])
                && !doubles.iter().any(is_known)
            {
                self.doubles.entry(number).or_default().push(node);
            }
        }
        number
    }

    /// The sets of votes of one round and phase that may reach a member together.
    fn bundles(
        &self,
        said: Messages,
        node: &Node,
        round: Round,
        kind: VoteKind,
        liar: u16,
        actions: &mut Vec<Action>,
    ) {
        let votes = |messages: Messages| -> Vec<(Messages, u16)> {
            let of = |known: &Known| known.round == round && known.kind == Some(kind);
            self.known(messages)
                .filter(|(_, known)| of(known))
                .map(|(bit, known)| (bit, known.from))
                .collect()
        };
        let heard: BTreeSet<u16> = votes(node.heard).iter().map(|(_, from)| *from).collect();
        let own = node.core.number().unwrap();
        let known =
            heard.len() + usize::from(node.voted.contains_key(&(round, kind)) && !heard.contains(&own));
        let fresh: Vec<_> = votes(said)
            .into_iter()
            .filter(|(_, from)| *from != own && *from != liar && !heard.contains(from))
            .collect();
        let lies: Vec<Option<Messages>> = if heard.contains(&liar) {
            vec![None]
        } else {
            votes(self.lies).into_iter().map(|(bit, _)| Some(bit)).chain([None]).collect()
        };
        for chosen in 0..1_usize << fresh.len() {
            for lie in &lies {
                let picked = fresh.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1);
                let bundle = picked.fold(lie.unwrap_or(0), |bundle, (_, (bit, _))| bundle | bit);
                let least = if round > node.core.round() { 2 } else { 3 };
                if bundle != 0 && known + bundle.count_ones() as usize >= least {
                    actions.push(Action::Deliver(bundle));
                }
            }
        }
    }

    /// What a member can be given when all this was said.
    fn actions(&mut self, number: u32, said: Messages, liar: u16) -> Arc<[Action]> {
        if let Some(actions) = self.actions.get(&(number, said)) {
            return Arc::clone(actions);
        }
        let node = &self.nodes[number as usize];
        let mut actions = Vec::new();
        if node.decided.is_none() {
            let own = node.core.number().unwrap();
            for (bit, known) in self.known((said | self.lies) & !node.heard) {
                if known.kind.is_none() && known.from != own && known.round >= node.core.round() {
                    actions.push(Action::Deliver(bit));
                }
            }
            for round in [Round(0), LAST_ROUND] {
                for kind in VoteKind::ALL {
                    if kind == VoteKind::Precommit || round >= node.core.round() {
                        self.bundles(said, node, round, kind, liar, &mut actions);
                    }
                }
            }
            actions.extend(due(node).into_iter().map(Action::TimeOut));
        }
        let actions: Arc<[Action]> = actions.into();
        self.actions.insert((number, said), Arc::clone(&actions));
        actions
    }
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
        let mut table = Table::default();
        let mut lie = |message: Message| {
            let bit = table.bit(&Arc::from(message.to_bytes()));
            table.lies |= bit;
        };
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
        Self { liar, set, chain, mutant: None, last_round: LAST_ROUND, table: Mutex::new(table) }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap()
    }

    /// Gives an input to a member and carries out what it wants; the application answers at once.
    fn feed(&self, table: &mut Table, node: &mut Node, input: Input<Bytes>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for effect in node.core.handle(input).unwrap() {
                match effect {
                    // What is said of the height after a decision is not the model's.
                    Effect::Broadcast(bytes) => match Message::from_bytes(&bytes).unwrap() {
                        message if message.head().height > Height::FIRST => {}
                        Message::Vote(vote) => {
                            let said = node.voted.entry((vote.round, vote.kind)).or_insert(vote.digest);
                            node.broken |= *said != vote.digest;
                            node.sent |= table.bit(&bytes);
                        }
                        Message::Proposal { .. } => node.sent |= table.bit(&bytes),
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
                        let value = value(u8::try_from(round.0).unwrap());
                        inputs.push(Input::Value { height, round, value });
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

    /// The member's state after an action, which is worked out once.
    fn step(&self, table: &mut Table, number: u32, action: Action) -> u32 {
        if let Some(next) = table.steps.get(&(number, action)) {
            return *next;
        }
        let node = self.after(table, table.nodes[number as usize].clone(), action);
        for double in table.doubles.get(&number).cloned().unwrap_or_default() {
            let other = self.after(table, double, action);
            assert_eq!(
                table.essence(&other),
                table.essence(&node),
                "members that are taken for one differ after {action:?}"
            );
            table.compared += 1;
        }
        let next = table.number(node);
        table.steps.insert((number, action), next);
        next
    }

    fn after(&self, table: &mut Table, mut node: Node, action: Action) -> Node {
        match action {
            Action::Deliver(bundle) => {
                node.heard |= bundle;
                let inputs: Vec<_> = table
                    .known(bundle)
                    .map(|(_, known)| (PeerId(known.from.into()), Arc::clone(&known.bytes)))
                    .collect();
                for (bit, known) in table.known(bundle).filter(|(_, known)| known.kind.is_none()) {
                    node.first.entry(known.round).or_insert(bit);
                }
                for (from, bytes) in inputs {
                    self.feed(table, &mut node, Input::Message { from, bytes });
                }
            }
            Action::TimeOut(timeout) => {
                node.timers.remove(&timeout);
                self.feed(table, &mut node, Input::Timeout(timeout));
            }
        }
        node
    }
}

/// The timers that may run out in this state.
fn due(node: &Node) -> Vec<Timeout> {
    let (round, step) = (node.core.round(), node.core.step());
    let is_due = |timeout: &&Timeout| match **timeout {
        Timeout::Propose(_, of) => of == round && step == Step::Propose,
        Timeout::Prevote(_, of) => of == round && step == Step::Prevote,
        Timeout::Precommit(_, of) => of == round && of < LAST_ROUND,
        Timeout::Resend => false,
    };
    node.timers.iter().filter(is_due).copied().collect()
}

impl Model for Cluster {
    type State = State;
    /// Whose action, and which.
    type Action = (usize, Action);

    fn init_states(&self) -> Vec<State> {
        let mut config = Config::new(self.chain.clone());
        config.dangerous_verifier = Some(Arc::new(Rehash));
        config.mutant = self.mutant;
        let table = &mut *self.table();
        let honest: Vec<u16> = (0..MEMBERS).filter(|number| *number != self.liar).collect();
        let start = |number: &u16| {
            let core = Core::new(config.clone(), self.set.clone(), Some(Arc::new(key(*number)))).unwrap();
            let mut node = Node {
                core,
                heard: 0,
                sent: 0,
                first: BTreeMap::new(),
                timers: BTreeSet::new(),
                decided: None,
                voted: BTreeMap::new(),
                broken: false,
            };
            self.feed(table, &mut node, Input::Start);
            table.number(node)
        };
        vec![honest.iter().map(start).collect::<Vec<_>>().try_into().unwrap()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<(usize, Action)>) {
        let table = &mut *self.table();
        let said = state.iter().fold(0, |said, number| said | table.nodes[*number as usize].sent);
        for (place, number) in state.iter().enumerate() {
            let of_one = table.actions(*number, said, self.liar);
            actions.extend(of_one.iter().map(|action| (place, *action)));
        }
    }

    fn next_state(&self, state: &State, (place, action): (usize, Action)) -> Option<State> {
        let mut next = *state;
        next[place] = self.step(&mut self.table(), state[place], action);
        Some(next)
    }

    fn within_boundary(&self, state: &State) -> bool {
        let table = self.table();
        state.iter().all(|number| table.nodes[*number as usize].core.round() <= self.last_round)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(AGREEMENT, |model, state| {
                let table = model.table();
                let mut decided = state.iter().filter_map(|number| table.nodes[*number as usize].decided);
                decided.next().is_none_or(|first| decided.all(|other| other == first))
            }),
            Property::<Self>::always(RULES, |model, state| {
                let table = model.table();
                state.iter().all(|number| !table.nodes[*number as usize].broken)
            }),
            Property::<Self>::sometimes("a decision in the first round", |model, state| {
                let table = model.table();
                let mut nodes = state.iter().map(|number| &table.nodes[*number as usize]);
                nodes.any(|node| node.decided.is_some() && node.core.round() == Round(0))
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

/// agreement in every reachable state of one round and of two, as far as the search goes: breadth first over the first states, and in
/// the long form, of two rounds, depth first; over as many as `CHRYSALIS_STATES` says. What is printed tells whether that is all.
#[test]
fn r_53_no_loss_and_no_equivocation_breaks_agreement_in_two_rounds() {
    let states = |default| std::env::var("CHRYSALIS_STATES").map_or(default, |text| text.parse().unwrap());
    let is_long = std::env::var_os("CHRYSALIS_SOAK").is_some();
    let first = Cluster::new(0).set.proposer(Height::FIRST, Round(0));
    let second = Cluster::new(0).set.proposer(Height::FIRST, LAST_ROUND);
    for (liar, turn) in [(first, "first"), (second, "second")] {
        let most = states(if is_long { LONG } else { SHORT });
        let one = Cluster { last_round: Round(0), ..Cluster::new(liar) };
        let checker = one.checker().target_state_count(most).threads(1).spawn_bfs().join();
        report(&checker, &format!("one round, the liar leads the {turn}"), most);
        let builder = Cluster::new(liar).checker().target_state_count(most).threads(1);
        let what = format!("two rounds, the liar leads the {turn}");
        if is_long {
            report(&builder.spawn_dfs().join(), &what, most);
        } else {
            report(&builder.spawn_bfs().join(), &what, most);
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

fn report(checker: &impl Checker<Cluster>, what: &str, most: usize) {
    let (nodes, messages, compared) = {
        let table = checker.model().table();
        (table.nodes.len(), table.messages.len(), table.compared)
    };
    println!(
        "soak: {what}: {} states, {} of them different, depth {}; members are in {} states of their \
         own, {} messages, {} steps of members that are taken for one the same; {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        nodes,
        messages,
        compared,
        if checker.state_count() < most { "all there are" } else { "as many as asked for" }
    );
    for property in [AGREEMENT, RULES] {
        if let Some(path) = checker.discovery(property) {
            panic!("{property} is violated: {:?}", path.into_actions());
        }
    }
}
