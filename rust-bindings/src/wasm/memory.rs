//! Wiping, where WebAssembly leaves copies: on the heap and on the stack.
//!
//! Secrets are passed through memory that Rust's types do not see, such as the buffers of the generated glue and
//! spilled registers. So every allocation is zeroed when it is freed, and the stack below a call that handled a
//! secret is zeroed when the call is over. `typescript/tests/crypto/memory.test.js` looks for planted secrets in all of
//! linear memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

/// How much stack is scrubbed: more than any call below [`scrubbed`] uses.
const STACK_BYTES: usize = 32 << 10;

#[global_allocator]
static ALLOCATOR: ZeroOnFree = ZeroOnFree;

struct ZeroOnFree;

// SAFETY: every request is passed to `System` unchanged, and `dealloc` writes only inside the block being freed, which
// its caller gives up. `realloc` is the trait's own: allocate, copy, free; so a block that moves is zeroed as well.
unsafe impl GlobalAlloc for ZeroOnFree {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` is a live block of `layout.size()` bytes until it is given to `System`. `black_box` keeps the
        // compiler from dropping the writes as dead.
        unsafe {
            block.write_bytes(0, layout.size());
            System.dealloc(black_box(block), layout);
        }
    }
}

/// Runs `work`, which handles a secret, and zeroes the stack it used.
pub(crate) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let result = call(work);
    scrub();
    result
}

/// A frame of its own, so that everything `work` puts on the stack lies where [`scrub`] writes.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn scrub() {
    let mut area = [0_u8; STACK_BYTES];
    black_box(&mut area);
}
