//! Random histories of replicas, and the laws that every type must keep on them, to the byte.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod agents;
pub(crate) mod counters;
pub(crate) mod dags;
pub(crate) mod plain_set;
pub(crate) mod registers;
pub(crate) mod sets;
pub(crate) mod subjects;
pub(crate) mod type_vectors;

use std::collections::BTreeSet;
use std::fmt::Debug;

/// SplitMix64: small, seeded, the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// A number below `bound`, which is at most 256.
    pub(crate) fn small(&mut self, bound: usize) -> u8 {
        u8::try_from(self.below(bound)).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A type under test, with a slow and obvious model: a state is the set of events it has taken in.
pub(crate) trait Subject {
    type State: Clone + Debug + PartialEq;
    type Event: Clone + Ord;

    /// What the replicas of one history share: writers, clocks.
    fn new(replicas: usize, random: &mut Random) -> Self;
    /// A replica has lost what it did not back up: from now on it writes as a new incarnation.
    fn crash(&mut self, _replica: usize, _random: &mut Random) {}
    fn bottom() -> Self::State;
    /// Makes a random update and returns its delta and what the model shall know of it.
    fn update(
        &mut self,
        replica: usize,
        state: &mut Self::State,
        seen: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (Self::State, Self::Event);
    fn merge(state: &mut Self::State, other: &Self::State);
    fn encode(state: &Self::State) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> Self::State;
    /// Compares everything visible of a state with the model.
    fn check(state: &Self::State, seen: &BTreeSet<Self::Event>);

    fn join(a: &Self::State, b: &Self::State) -> Self::State {
        let mut joined = a.clone();
        Self::merge(&mut joined, b);
        joined
    }
}

/// Runs `CHRYSALIS_HISTORIES` histories (10,000) from `CHRYSALIS_SEED` (1) on.
pub(crate) fn run_histories<S: Subject>() {
    run_seeded(10_000, run_history::<S>);
}

/// Runs something with `CHRYSALIS_HISTORIES` (`count`) seeds from `CHRYSALIS_SEED` (1) on; a failure prints its seed.
pub(crate) fn run_seeded(count: u64, each: impl Fn(&mut Random)) {
    let first = number_from_env("CHRYSALIS_SEED", 1);
    for seed in first..first.saturating_add(number_from_env("CHRYSALIS_HISTORIES", count)) {
        let _replay = SeedOnPanic(seed);
        each(&mut Random::new(seed));
    }
}

fn run_history<S: Subject>(random: &mut Random) {
    let mut subject = S::new(2 + random.below(3), random);
    let count = 2 + random.below(3);
    let mut replicas: Vec<(S::State, BTreeSet<S::Event>)> = vec![(S::bottom(), BTreeSet::new()); count];
    // Messages stay: they arrive again, late, in another order, or never.
    let mut network: Vec<(Vec<u8>, BTreeSet<S::Event>)> = Vec::new();
    let mut backups: Vec<(Vec<u8>, BTreeSet<S::Event>)> =
        vec![(S::encode(&S::bottom()), BTreeSet::new()); count];
    let mut crashed = Vec::new();
    for _ in 0..4 + random.below(28) {
        let at = random.below(count);
        let (state, seen) = &mut replicas[at];
        match random.below(22) {
            0..9 => {
                let before = state.clone();
                let (delta, event) = subject.update(at, state, seen, random);
                let bytes = S::encode(state);
                assert_eq!(bytes, S::encode(&S::join(&before, &delta)), "an update is the join of its delta");
                assert_eq!(bytes, S::encode(&S::join(state, &before)), "an update never goes back");
                seen.insert(event.clone());
                network.push((S::encode(&delta), BTreeSet::from([event])));
            }
            9..11 => network.push((S::encode(state), seen.clone())),
            11..13 if network.len() > 1 => {
                let (a, b) = (random.pick(&network).clone(), random.pick(&network).clone());
                let joined = S::join(&S::decode(&a.0), &S::decode(&b.0));
                network.push((S::encode(&joined), &a.1 | &b.1));
            }
            13 => {
                let decoded = S::decode(&S::encode(state));
                assert_eq!(decoded, *state, "decoding inverts encoding");
                *state = decoded;
            }
            14 => backups[at] = (S::encode(state), seen.clone()),
            15 => {
                let (bytes, events) = &backups[at];
                let lost = std::mem::replace(&mut replicas[at], (S::decode(bytes), events.clone()));
                // What it had sent before is still about, so its state counts as one of the whole ones.
                crashed.push(lost);
                subject.crash(at, random);
                continue;
            }
            _ if !network.is_empty() => {
                let (bytes, events) = random.pick(&network);
                let message = S::decode(bytes);
                S::merge(state, &message);
                assert_eq!(S::encode(&message), *bytes, "merging leaves its argument alone");
                seen.extend(events.iter().cloned());
            }
            _ => {}
        }
        S::check(state, seen);
    }
    replicas.append(&mut crashed);
    check_laws::<S>(&replicas, &network, random);
}

fn check_laws<S: Subject>(
    replicas: &[(S::State, BTreeSet<S::Event>)],
    network: &[(Vec<u8>, BTreeSet<S::Event>)],
    random: &mut Random,
) {
    let mut states: Vec<S::State> = network.iter().map(|(bytes, _)| S::decode(bytes)).collect();
    states.extend(replicas.iter().map(|(state, _)| state.clone()));
    let (a, b, c) = (random.pick(&states), random.pick(&states), random.pick(&states));
    let (ab, bc) = (S::join(a, b), S::join(b, c));
    assert_eq!(S::encode(&ab), S::encode(&S::join(b, a)), "merge commutes");
    assert_eq!(S::encode(&S::join(&ab, c)), S::encode(&S::join(a, &bc)), "merge associates");
    assert_eq!(S::encode(&S::join(a, a)), S::encode(a), "merge is idempotent");
    assert_eq!(S::encode(&S::join(&ab, b)), S::encode(&ab), "a join is above its parts");

    // Whole states alone, and everything at once in any order, end in the same bytes.
    let whole = replicas.iter().fold(S::bottom(), |all, (state, _)| S::join(&all, state));
    let seen = replicas.iter().flat_map(|(_, seen)| seen.iter().cloned()).collect();
    S::check(&whole, &seen);
    let mut all = S::bottom();
    while !states.is_empty() {
        S::merge(&mut all, &states.swap_remove(random.below(states.len())));
    }
    assert_eq!(S::encode(&all), S::encode(&whole), "deltas and states join to the same bytes");
}

fn number_from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

struct SeedOnPanic(u64);

impl Drop for SeedOnPanic {
    #[expect(clippy::print_stderr, reason = "the seed is needed to run the failing history again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("run this history again with CHRYSALIS_SEED={} CHRYSALIS_HISTORIES=1", self.0);
        }
    }
}
