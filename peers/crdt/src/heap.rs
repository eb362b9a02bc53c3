//! Memory per element, and whether anything grows without end.
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrysalis_crdt::{OrSet, Value as Element};
use crdts::{CmRDT, Orswot};
use serde_json::{Value, json};

use crate::merge::{key, writer};
use crate::{HEAP, Outcome};

const ELEMENTS: usize = 1_000_000;
const CYCLES: u64 = 1_000_000;
const LIVE: u64 = 100;

/// The system's allocator, and how many bytes are in use, as they were asked for.
pub struct Counting {
    used: AtomicUsize,
}

impl Counting {
    pub const fn new() -> Self {
        Self { used: AtomicUsize::new(0) }
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.used.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of this very function.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.used.fetch_add(size, Ordering::Relaxed);
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of this very function.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

pub fn measure(divisor: usize) -> Outcome<Value> {
    let elements = ELEMENTS / divisor;
    let mut sizes = Vec::new();
    // Just before and just after a table doubles, and in between.
    for elements in [elements, elements * 7 / 10, elements * 95 / 100] {
        let before = HEAP.used();
        let mut set = OrSet::new();
        set.add_all(&writer("agent")?, (0..elements as u64).map(key))?;
        let grown = HEAP.used() - before;
        let bytes = set.to_bytes();
        drop(set);
        let before = HEAP.used();
        let set = OrSet::from_bytes(&bytes)?;
        let read = HEAP.used() - before;
        if !set.contains(&Element::from(key(elements as u64 / 2))) {
            return Err("an element is missing".into());
        }
        drop((set, bytes));
        let before = HEAP.used();
        let mut rival: Orswot<String, String> = Orswot::new();
        for number in 0..elements as u64 {
            let context = rival.read_ctx().derive_add_ctx("agent".to_owned());
            rival.apply(rival.add(key(number), context));
        }
        let crdts = HEAP.used() - before;
        drop(rival);
        let each = |bytes: usize| bytes as f64 / elements as f64;
        eprintln!(
            "{elements} elements: {:.1} grown, {:.1} read, crdts {:.1}",
            each(grown),
            each(read),
            each(crdts)
        );
        sizes.push(
            json!({ "elements": elements, "grown": each(grown), "read": each(read), "crdts": each(crdts) }),
        );
    }
    Ok(json!({ "sizes": sizes, "growth": growth(CYCLES / divisor as u64)? }))
}

/// Bytes of memory and of encoding that an operation leaves behind.
fn growth(cycles: u64) -> Outcome<Value> {
    let writer = writer("agent")?;
    let mut set = OrSet::new();
    set.add_all(&writer, (0..LIVE).map(key))?;
    let cycle = |set: &mut OrSet, number: u64| -> Outcome<()> {
        set.remove(&Element::from(key(number % LIVE)));
        set.add(&writer, key(number % LIVE))?;
        Ok(())
    };
    // A tenth, so that what only fills up is full.
    (0..cycles / 10).try_for_each(|number| cycle(&mut set, number))?;
    let (heap, encoded) = (HEAP.used(), set.to_bytes().len());
    (cycles / 10..cycles).try_for_each(|number| cycle(&mut set, number))?;
    let per_operation =
        |before: usize, after: usize| (after as f64 - before as f64) / (2.0 * cycles as f64 * 0.9);
    let figures = json!({
        "cycles": cycles,
        "live": LIVE,
        "heap": per_operation(heap, HEAP.used()),
        "encoded": per_operation(encoded, set.to_bytes().len()),
        "runs": set.context().runs().count(),
    });
    Ok(figures)
}
