//! What decoders of agent state may take in memory, counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrysalis_crdt::dag::Node;
use chrysalis_crdt::{
    ActorKey, BeliefState, CrdtError, EpisodeMemory, MerkleDag, SkillAccumulator, State, Value, Writer,
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

    // States of many of the smallest parts, which is what costs most per byte.
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let mut skills = SkillAccumulator::new();
    let mut episodes = EpisodeMemory::default();
    let mut links = EpisodeMemory::default();
    let mut nodes = Vec::new();
    for i in 0..20_000u64 {
        let name = i.to_string();
        skills.update(&writer, &name, 0.5, 1.0).unwrap();
        let id = name.clone();
        let (content, context, outcome) = (Value::Null, Value::Null, Value::Null);
        let episode = chrysalis_crdt::Episode {
            id,
            content,
            context,
            outcome,
            timestamp: 1.0,
            importance: 0.5,
            tags: Vec::new(),
        };
        episodes.add(episode).unwrap();
        links.link(&name, "");
        nodes.push(Node::new([], writer.actor().clone(), i + 1, Value::Null).unwrap());
    }
    let dag = MerkleDag::of(nodes);
    let factors = [factor(&skills), factor(&episodes), factor(&links), factor(&dag)];
    // Measured, with some room: what one small part takes in a tree is many times its few bytes, but a constant.
    for (factor, most) in factors.into_iter().zip(MOST) {
        assert!(factor <= most, "{factors:?}");
    }
}

const MOST: [usize; 4] = [32, 24, 60, 90];

fn factor<T: State>(state: &T) -> usize {
    let bytes = state.to_bytes();
    let (peak, read) = peak::<T>(&bytes);
    assert_eq!(read.as_ref(), Ok(state));
    peak.div_ceil(bytes.len())
}
