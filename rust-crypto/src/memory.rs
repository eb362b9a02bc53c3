//! Where secrets live: locked pages natively, ordinary memory in WebAssembly, which has no other.
//!
//! Locking works by whole pages, and a process may lock few of them, so small secrets share pages that hold nothing
//! else, and a secret of a page or more has pages of its own, directly before a guard page. When pages cannot be locked they are
//! used unlocked, and when there are none the heap is used; [`Memory::is_locked`] tells.

#[cfg(any(unix, windows))]
mod pages;

use zeroize::Zeroize as _;

use crate::error::CryptoError;
use crate::random;

/// Bytes with one owner: zero at first, of fixed length, wiped on drop.
pub(crate) struct Memory(Place);

enum Place {
    #[cfg(any(unix, windows))]
    Pages(shared::Owned),
    Heap(Box<[u8]>),
}

impl Memory {
    /// `length` zero bytes.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] above 2^30 or when there is no memory for them.
    pub(crate) fn zeroed(length: usize) -> Result<Self, CryptoError> {
        #[cfg(any(unix, windows))]
        if (1..=random::MAX_LENGTH).contains(&length)
            && let Some(owned) = shared::Owned::zeroed(length)
        {
            return Ok(Self(Place::Pages(owned)));
        }
        Ok(Self(Place::Heap(random::zeroed(length)?.into_boxed_slice())))
    }

    /// No bytes.
    pub(crate) fn empty() -> Self {
        Self(Place::Heap(Box::default()))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            #[cfg(any(unix, windows))]
            Place::Pages(owned) => owned.as_slice(),
            Place::Heap(bytes) => bytes,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        match &mut self.0 {
            #[cfg(any(unix, windows))]
            Place::Pages(owned) => owned.as_mut_slice(),
            Place::Heap(bytes) => bytes,
        }
    }

    /// Whether the bytes are kept out of swap.
    pub(crate) fn is_locked(&self) -> bool {
        match &self.0 {
            #[cfg(any(unix, windows))]
            Place::Pages(owned) => owned.is_locked(),
            Place::Heap(_) => false,
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        match &mut self.0 {
            // Pages wipe what is given back to them.
            #[cfg(any(unix, windows))]
            Place::Pages(_) => {}
            Place::Heap(bytes) => bytes.zeroize(),
        }
    }
}

/// Pages shared by small secrets, for the whole process.
#[cfg(any(unix, windows))]
mod shared {
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use super::pages::{Pages, Slot};

    /// Four pages of the usual size: what a strict limit on locked memory still allows.
    const SHARED_LENGTH: usize = 16384;

    static SHARED: Mutex<Vec<Arc<Pages>>> = Mutex::new(Vec::new());

    /// A part of shared pages, or pages of its own. An option only so that it can be given back before the pages are.
    pub(super) struct Owned(Option<Slot>);

    impl Owned {
        pub(super) fn zeroed(length: usize) -> Option<Self> {
            if length >= region::page::size() {
                return Pages::new(length)?.take_end(length).map(Some).map(Self);
            }
            let mut shared = lock();
            if let Some(slot) = shared.iter().find_map(|pages| pages.take(length)) {
                return Some(Self(Some(slot)));
            }
            let pages = Pages::new(SHARED_LENGTH)?;
            let slot = pages.take(length)?;
            shared.push(pages);
            Some(Self(Some(slot)))
        }

        pub(super) fn as_slice(&self) -> &[u8] {
            self.0.as_ref().map_or(&[], Slot::as_slice)
        }

        pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
            self.0.as_mut().map_or(&mut [], Slot::as_mut_slice)
        }

        pub(super) fn is_locked(&self) -> bool {
            self.0.as_ref().is_some_and(|slot| slot.pages().is_locked())
        }
    }

    impl Drop for Owned {
        fn drop(&mut self) {
            let Some(slot) = self.0.take() else {
                return;
            };
            let pages = Arc::clone(slot.pages());
            drop(slot);
            // Nobody can take of them meanwhile: that is done under the same lock.
            let mut shared = lock();
            if shared.len() > 1 && pages.is_free() {
                shared.retain(|other| !Arc::ptr_eq(other, &pages));
            }
        }
    }

    fn lock() -> MutexGuard<'static, Vec<Arc<Pages>>> {
        SHARED.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_every_size_is_zero_writable_and_separate() {
        let mut all: Vec<Memory> = [0, 1, 31, 32, 33, 1000, 4095, 4096, 4097, 16384, 100_000]
            .map(|length| Memory::zeroed(length).unwrap())
            .into();
        all.extend((0..2000).map(|_| Memory::zeroed(32).unwrap()));
        for (number, memory) in all.iter_mut().enumerate() {
            assert!(memory.as_slice().iter().all(|byte| *byte == 0));
            memory.as_mut_slice().fill(u8::try_from(number % 251).unwrap());
        }
        for (number, memory) in all.iter().enumerate() {
            let expected = u8::try_from(number % 251).unwrap();
            assert!(memory.as_slice().iter().all(|byte| *byte == expected));
        }
        assert_eq!(Memory::empty().as_slice(), b"");
        assert_eq!(
            Memory::zeroed(random::MAX_LENGTH + 1).err().map(|error| error.code()),
            Some("INVALID_ARGUMENT")
        );
    }

    #[test]
    fn threads_share_pages_without_sharing_bytes() {
        std::thread::scope(|scope| {
            for thread in 1..=4_u8 {
                scope.spawn(move || {
                    for length in (1..200).cycle().take(2000) {
                        let mut memory = Memory::zeroed(length).unwrap();
                        assert!(memory.as_slice().iter().all(|byte| *byte == 0));
                        memory.as_mut_slice().fill(thread);
                        let other = Memory::zeroed(length).unwrap();
                        assert!(memory.as_slice().iter().all(|byte| *byte == thread));
                        drop(other);
                    }
                });
            }
        });
    }

    /// The kernel's own account of the process: what says it is locked is counted as locked.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_knows_of_the_lock() {
        let memory = Memory::zeroed(1 << 16).unwrap();
        let address = memory.as_slice().as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines().skip_while(|line| {
            let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
            !range.is_some_and(|(start, end)| {
                let number = |text| usize::from_str_radix(text, 16).unwrap_or(0);
                (number(start)..number(end)).contains(&address)
            })
        });
        let flags = lines.find(|line| line.starts_with("VmFlags:")).unwrap();
        assert_eq!(flags.contains(" lo"), memory.is_locked(), "{flags}");
        assert!(flags.contains(" dd"), "not kept out of core dumps: {flags}");
    }
}
