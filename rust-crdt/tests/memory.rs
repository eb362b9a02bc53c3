//! What decoders may take in memory, counted by the allocator.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrysalis_crdt::dag::Node;
use chrysalis_crdt::{
    ActorKey, Belief, BeliefState, CausalContext, CrdtError, Dot, EpisodeMemory, GCounter, GSet, HybridClock,
    LwwElementSet, LwwMap, LwwRegister, MerkleDag, MvRegister, OrSet, PnCounter, SkillAccumulator, Stamp,
    State, TwoPhaseSet, Value, VectorClock, Writer,
};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to `System` unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System` through `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How much memory reading takes at most, beside the input.
fn peak<T: State>(bytes: &[u8]) -> (usize, Result<T, CrdtError>) {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let read = T::from_bytes(bytes);
    (PEAK.load(Ordering::Relaxed) - before, read)
}

/// One test, since the count is of the whole process.
#[test]
fn memory_follows_the_input() {
    // Lengths that promise more than there is cost nothing.
    for kind in 13..=17u8 {
        for length in [1u64 << 20, 1 << 40, u64::MAX] {
            let mut bytes = vec![1, kind, 0];
            if kind == 16 {
                bytes.extend([1, 1, b'a']);
            }
            bytes.extend([0, 1]);
            let mut number = length;
            while number > 0x7f {
                bytes.push((number & 0x7f) as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(u8::try_from(number).unwrap());
            bytes.resize(64, 0);
            let refused = [
                peak::<SkillAccumulator>(&bytes).0,
                peak::<EpisodeMemory>(&bytes).0,
                peak::<BeliefState>(&bytes).0,
                peak::<chrysalis_crdt::AgentState>(&bytes).0,
                peak::<MerkleDag>(&bytes).0,
            ];
            assert!(refused.iter().all(|peak| *peak < 4096), "{kind} {length} {refused:?}");
        }
    }

    smallest_parts();
}

/// So many times its encoding reading a state takes at most, whatever it is of: the README says so.
const MOST: usize = 60;

/// States of many of the smallest parts, which is what costs most per byte. Measured, with a little room.
fn smallest_parts() {
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let names: Vec<String> = (0..20_000u32).map(|i| i.to_string()).collect();
    let keys: Vec<ActorKey> = names.iter().map(|name| ActorKey::new(name).unwrap()).collect();
    let at = |ms| Stamp::new(ms, 0).unwrap();
    let mut factors: Vec<(&str, usize)> = Vec::new();

    let clock: VectorClock = keys.iter().map(|key| (key.clone(), 1)).collect();
    factors.push(("clock", factor(&clock)));
    factors.push(("context", factor(&CausalContext::from(&clock))));
    let gaps: Vec<Dot> = (0..20_000).map(|i| Dot::new(keys[0].clone(), 2 * i + 1).unwrap()).collect();
    factors.push(("context of gaps", factor(&CausalContext::from_iter(&gaps))));
    factors.push(("counter", factor(&GCounter::from_counts(clock.clone()))));
    factors.push((
        "pn counter",
        factor(&PnCounter::from_parts(GCounter::new(), GCounter::from_counts(clock.clone()))),
    ));

    let mut grown = GSet::new();
    let mut two_phase = TwoPhaseSet::new();
    let mut times = LwwElementSet::new();
    let mut map = LwwMap::new();
    let mut bare = LwwMap::new();
    let mut hybrid = HybridClock::new();
    for (i, name) in (0..20_000u64).zip(&names) {
        grown.add(i).unwrap();
        two_phase.add(i).unwrap();
        times.add(i, at(1)).unwrap();
        map.set(&writer, &mut hybrid, 1, name, true).unwrap();
        bare.remove_at(name, at(1), keys[0].clone());
    }
    factors.push(("growing set", factor(&grown)));
    factors.push(("two-phase set", factor(&two_phase)));
    factors.push(("element set", factor(&times)));
    factors.push(("map", factor(&map)));
    factors.push(("map of removals", factor(&bare)));

    let mut set = OrSet::new();
    set.add_all(&Writer::resume(keys[0].clone(), 0), 0..20_000u64).unwrap();
    factors.push(("observed-remove set", factor(&set)));
    let mut spread = OrSet::new();
    for (i, key) in (0..2_000u64).zip(&keys) {
        spread.add(&Writer::resume(key.clone(), 0), i).unwrap();
    }
    factors.push(("observed-remove set of many", factor(&spread)));
    let mut register = MvRegister::new();
    for key in &keys[..1000] {
        let mut other = MvRegister::new();
        other.write(&Writer::resume(key.clone(), 0), true).unwrap();
        register.merge(&other).unwrap();
    }
    factors.push(("multi-value register", factor(&register)));
    let mut register = LwwRegister::new();
    register.set(&writer, &mut hybrid, 1, Value::array((0..20_000).map(|_| Value::Null))).unwrap();
    factors.push(("register of an array", factor(&register)));
    let mut register = LwwRegister::new();
    register.set(&writer, &mut hybrid, 1, Value::array((0..20_000).map(|_| Value::from("")))).unwrap();
    factors.push(("register of texts", factor(&register)));
    let mut register = LwwRegister::new();
    register
        .set(&writer, &mut hybrid, 1, Value::array((0..20_000).map(|_| Value::Map(Default::default()))))
        .unwrap();
    factors.push(("register of maps", factor(&register)));

    let mut skills = SkillAccumulator::new();
    let mut beliefs = BeliefState::new();
    let mut episodes = EpisodeMemory::with(None, chrysalis_crdt::ClockUnit::Milliseconds);
    let mut links = EpisodeMemory::default();
    let mut nodes = Vec::new();
    for (i, name) in (0..20_000u64).zip(&names) {
        skills.update(&writer, name, 0.5, 1.0).unwrap();
        let belief = Belief {
            id: name.clone(),
            content: Value::Null,
            conviction: 0.0,
            evidence_for: 0,
            evidence_against: 0,
            last_updated: 0.0,
            source: Value::Null,
        };
        beliefs.update(&writer, &belief).unwrap();
        let episode = chrysalis_crdt::Episode {
            id: name.clone(),
            content: Value::Null,
            context: Value::Null,
            outcome: Value::Null,
            timestamp: 1.0,
            importance: 0.5,
            tags: Vec::new(),
        };
        episodes.add(episode).unwrap();
        links.link(name, "");
        nodes.push(Node::new([], writer.actor().clone(), i + 1, Value::Null).unwrap());
    }
    let mut fan = EpisodeMemory::default();
    for name in &names {
        fan.link("", name);
    }
    factors.push(("skills", factor(&skills)));
    factors.push(("beliefs", factor(&beliefs)));
    factors.push(("episodes", factor(&episodes)));
    factors.push(("links", factor(&links)));
    factors.push(("links of one", factor(&fan)));
    factors.push(("nodes", factor(&MerkleDag::of(nodes))));
    assert_eq!(factors.len(), LIMITS.len());
    for ((name, factor), most) in factors.iter().zip(LIMITS) {
        assert!(factor <= &most && most <= MOST, "{name} takes {factor} times its encoding: {factors:?}");
    }
}

/// In the order of the states above.
const LIMITS: [usize; 22] = [
    19, 21, 21, 19, 17, // clocks and counters
    24, 21, 16, 18, 12, // sets and maps of single values
    17, 37, 25, // dots
    40, 40, 40, // arrays in registers
    14, 18, 17, 27, 15, MOST, // what agents know
];

fn factor<T: State>(state: &T) -> usize {
    let bytes = state.to_bytes();
    let (peak, read) = peak::<T>(&bytes);
    assert_eq!(read.as_ref(), Ok(state));
    peak.div_ceil(bytes.len())
}
