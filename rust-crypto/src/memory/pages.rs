//! Pages that hold secrets: locked into memory, kept out of core dumps, between two pages that nobody may touch.
//!
//! The one module of this crate with unsafe code. It gives out [`Slot`]s, ranges of the pages that have one owner each;
//! everything outside is safe. The safe version beside it, and its oracle in the tests, is a boxed slice.
#![expect(unsafe_code, reason = "memory that the allocator does not own has no safe interface")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use region::{Allocation, LockGuard, Protection};
use zeroize::Zeroize as _;

/// The unit in which a page is given out: a key.
const GRANULE: usize = 32;

/// A run of pages and which parts of it are taken.
pub(super) struct Pages {
    taken: Mutex<Box<[bool]>>,
    /// Before the allocation, so that it is unlocked before it is unmapped.
    lock: Option<LockGuard>,
    allocation: Allocation,
    page: usize,
}

// SAFETY: the pointer inside `Allocation` is to memory that belongs to it alone and is not tied to a thread. Shared access
// to the memory itself is only through `Slot`s, whose ranges do not overlap.
unsafe impl Send for Pages {}
// SAFETY: as above; what `Pages` itself changes behind a shared reference is under the mutex.
unsafe impl Sync for Pages {}

impl Pages {
    /// Zeroed pages for `length` bytes; `None` when the system gives none. They may be unlocked: see
    /// [`is_locked`](Self::is_locked).
    pub(super) fn new(length: usize) -> Option<Arc<Self>> {
        let page = region::page::size();
        let usable = length.max(1).checked_next_multiple_of(page)?;
        let mut allocation = region::alloc(usable.checked_add(2 * page)?, Protection::READ_WRITE).ok()?;
        let base = allocation.as_mut_ptr::<u8>();
        for guard in [0, page + usable] {
            // SAFETY: both pages are inside the allocation made above, which nobody else knows, and stay untouched.
            unsafe { region::protect(base.wrapping_add(guard), page, Protection::NONE) }.ok()?;
        }
        let start = base.wrapping_add(page);
        #[cfg(target_os = "linux")]
        // SAFETY: the range is inside the allocation; this advice changes what a core dump holds and nothing else. Where
        // the kernel refuses it the pages are as good as ordinary ones, which is what the documentation promises.
        let _ = unsafe { rustix::mm::madvise(start.cast(), usable, rustix::mm::Advice::LinuxDontDump) };
        let lock = region::lock(start, usable).ok();
        Some(Arc::new(Self {
            taken: Mutex::new(vec![false; usable / GRANULE].into()),
            lock,
            allocation,
            page,
        }))
    }

    /// Whether the pages are kept out of swap.
    pub(super) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Whether no part is taken.
    pub(super) fn is_free(&self) -> bool {
        !self.taken().contains(&true)
    }

    /// A part of `length` zero bytes at the lowest free place; `None` when there is no room.
    pub(super) fn take(self: &Arc<Self>, length: usize) -> Option<Slot> {
        let mut taken = self.taken();
        let granules = length.max(1).div_ceil(GRANULE);
        let place = taken.windows(granules).position(|run| !run.contains(&true))?;
        taken[place..place + granules].fill(true);
        drop(taken);
        Some(Slot { pages: Arc::clone(self), start: place * GRANULE, length })
    }

    /// The last `length` bytes, up to the guard page, of pages of which nothing is taken.
    pub(super) fn take_end(self: &Arc<Self>, length: usize) -> Option<Slot> {
        let mut taken = self.taken();
        if taken.contains(&true) {
            return None;
        }
        let start = (taken.len() * GRANULE).checked_sub(length)?;
        taken.fill(true);
        drop(taken);
        Some(Slot { pages: Arc::clone(self), start, length })
    }

    fn taken(&self) -> MutexGuard<'_, Box<[bool]>> {
        // Nothing panics while it is held; were it so, flags are still flags.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, start: usize, length: usize) {
        let end = (start + length.max(1)).div_ceil(GRANULE);
        self.taken()[start / GRANULE..end].fill(false);
    }

    /// Where the byte at offset `start` of the usable pages is.
    fn pointer(&self, start: usize) -> *mut u8 {
        self.allocation.as_ptr::<u8>().cast_mut().wrapping_add(self.page + start)
    }
}

/// A range of bytes in locked pages with one owner. Wiped on drop.
pub(super) struct Slot {
    pages: Arc<Pages>,
    start: usize,
    length: usize,
}

impl Slot {
    pub(super) fn pages(&self) -> &Arc<Pages> {
        &self.pages
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `take` and `take_end` give each byte to one slot at a time, inside the usable pages, which are mapped
        // readable and writable and live as long as `pages`; all bytes were zeroed by the system, hence initialised.
        // Shared borrows of the slot give shared borrows of the bytes.
        unsafe { std::slice::from_raw_parts(self.pages.pointer(self.start), self.length) }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; an exclusive borrow of the slot gives the exclusive borrow of its bytes.
        unsafe { std::slice::from_raw_parts_mut(self.pages.pointer(self.start), self.length) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.as_mut_slice().zeroize();
        self.pages.give_back(self.start, self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_zero_bounded_and_guarded() {
        let pages = Pages::new(1).unwrap();
        let page = region::page::size();
        let all = pages.take(page).unwrap();
        assert!(all.as_slice().iter().all(|byte| *byte == 0));
        assert!(pages.take(1).is_none() && pages.take_end(1).is_none());
        for outside in [pages.pointer(0).wrapping_sub(1), pages.pointer(page)] {
            assert_eq!(region::query(outside).unwrap().protection(), Protection::NONE);
        }
        assert_eq!(region::query(pages.pointer(0)).unwrap().protection(), Protection::READ_WRITE);
        drop(all);
        assert!(pages.is_free());
        let end = pages.take_end(page - 3).unwrap();
        assert_eq!(end.as_slice().as_ptr_range().end, pages.pointer(page).cast_const());
        assert!(pages.take_end(1).is_none());
        drop(end);
        assert!(pages.take_end(page + 1).is_none() && pages.is_free());
    }

    /// Slots of any order and length against boxed slices: contents are kept, ranges never overlap, nothing is left.
    #[test]
    fn slots_behave_like_boxes() {
        let pages = Pages::new(4096).unwrap();
        let mut held: Vec<(Slot, Box<[u8]>)> = Vec::new();
        let mut state = 7_u32;
        for round in 0..3000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let length = usize::try_from(state >> 16).unwrap() % 200;
            if !state.is_multiple_of(3)
                && let Some(mut slot) = pages.take(length)
            {
                assert!(slot.as_slice().iter().all(|byte| *byte == 0), "a slot was not wiped");
                slot.as_mut_slice().fill(u8::try_from(round % 255).unwrap() + 1);
                let copy = slot.as_slice().into();
                held.push((slot, copy));
            } else if !held.is_empty() {
                held.swap_remove(length % held.len());
            }
            for (slot, copy) in &held {
                assert_eq!(slot.as_slice(), &**copy);
            }
        }
        held.clear();
        assert!(pages.is_free());
    }
}
