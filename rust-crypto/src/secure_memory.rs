//! Secrets in memory: buffers, values, comparison.
//!
//! [`SecureBuffer`] is for bytes, [`LockedSecret`] for a value of any type without pointers. Both are wiped on drop, never
//! shown, and locked where the system allows: kept out of swap until they are dropped. Systems limit how much a process
//! may lock (`ulimit -l`); over the limit memory is used unlocked, `is_locked` says so, and `require_lock` makes it an
//! error. A lock does not survive hibernation, and the child of a `fork()` has the secrets without the lock.
//! WebAssembly has no locks at all: there nothing is ever locked.

use std::fmt;

use secrecy::{ExposeSecret as _, ExposeSecretMut as _, SecretBox};
use zeroize::Zeroize;

pub use crate::compare::constant_time_eq as secure_compare;
use crate::error::CryptoError;
pub use crate::secret::SecretBytes as SecureBuffer;

/// A secret value: wiped on drop, never shown, its memory locked where the system allows.
///
/// What is locked and what is wiped is the value itself. A type that owns other memory, such as a `String`, must wipe
/// that itself, and it is not locked: bytes of any number belong into a [`SecureBuffer`].
pub struct LockedSecret<T: Zeroize> {
    value: SecretBox<T>,
    lock: page_locks::PageLocks,
}

impl<T: Zeroize + Default> LockedSecret<T> {
    /// A default value, locked and then filled by `fill`, so that the secret is never anywhere else.
    pub fn init_with(fill: impl FnOnce(&mut T)) -> Self {
        let mut secret = Self::new(Box::default());
        fill(secret.value.expose_secret_mut());
        secret
    }
}

impl<T: Zeroize> LockedSecret<T> {
    /// Takes a value that is on the heap already, where it stays. Copies made while making it are the caller's to wipe;
    /// [`init_with`](Self::init_with) makes none.
    #[must_use]
    pub fn new(value: Box<T>) -> Self {
        let lock = page_locks::PageLocks::of(&*value);
        Self { value: SecretBox::new(value), lock }
    }

    /// Lets `use_value` see the value and gives what it returns.
    pub fn expose<R>(&self, use_value: impl FnOnce(&T) -> R) -> R {
        use_value(self.value.expose_secret())
    }

    /// Lets `use_value` change the value and gives what it returns.
    pub fn expose_mut<R>(&mut self, use_value: impl FnOnce(&mut T) -> R) -> R {
        use_value(self.value.expose_secret_mut())
    }

    /// Whether the value is kept out of swap.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.is_held()
    }

    /// The value, provided that it is locked; otherwise it is wiped.
    ///
    /// # Errors
    /// [`CryptoError::MemoryNotLocked`].
    pub fn require_lock(self) -> Result<Self, CryptoError> {
        if self.is_locked() { Ok(self) } else { Err(CryptoError::MemoryNotLocked) }
    }
}

impl<T: Zeroize> Drop for LockedSecret<T> {
    fn drop(&mut self) {
        // Before the lock goes; the memory is the allocator's again only after that.
        self.value.expose_secret_mut().zeroize();
        self.lock.release();
    }
}

impl<T: Zeroize> fmt::Debug for LockedSecret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedSecret([REDACTED])")
    }
}

/// Locks on pages of the heap, which several values may share: the system keeps no count, so this does.
#[cfg(any(unix, windows))]
mod page_locks {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use region::LockGuard;

    /// By address: how many values are on the page, and its lock.
    static LOCKED: Mutex<BTreeMap<usize, (usize, LockGuard)>> = Mutex::new(BTreeMap::new());

    /// The pages of one value, by address.
    pub(super) struct PageLocks(Vec<usize>);

    impl PageLocks {
        /// Locks the pages of `value`, all or none.
        pub(super) fn of<T>(value: &T) -> Self {
            let (page, start) = (region::page::size(), std::ptr::from_ref(value));
            let mut locks = Self(Vec::new());
            let mut locked = lock();
            let first = start.addr() / page * page;
            let end = start.addr() + size_of::<T>();
            for address in (first..end).step_by(page) {
                if let Some((count, _)) = locked.get_mut(&address) {
                    *count += 1;
                } else if let Ok(guard) = region::lock(start.with_addr(address), 1) {
                    locked.insert(address, (1, guard));
                } else {
                    release(&mut locked, &mut locks.0);
                    break;
                }
                locks.0.push(address);
            }
            locks
        }

        pub(super) fn is_held(&self) -> bool {
            !self.0.is_empty()
        }

        pub(super) fn release(&mut self) {
            release(&mut lock(), &mut self.0);
        }
    }

    fn release(locked: &mut BTreeMap<usize, (usize, LockGuard)>, pages: &mut Vec<usize>) {
        for address in pages.drain(..) {
            if let Some((count, _)) = locked.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    locked.remove(&address);
                }
            }
        }
    }

    fn lock() -> MutexGuard<'static, BTreeMap<usize, (usize, LockGuard)>> {
        LOCKED.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No locks.
#[cfg(not(any(unix, windows)))]
mod page_locks {
    pub(super) struct PageLocks;

    impl PageLocks {
        pub(super) fn of<T>(_: &T) -> Self {
            Self
        }

        pub(super) fn is_held(&self) -> bool {
            false
        }

        pub(super) fn release(&mut self) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_changed_and_not_shown() {
        let mut secret = LockedSecret::init_with(|key: &mut [u8; 32]| key.fill(9));
        assert!(secret.expose(|key| *key == [9; 32]));
        secret.expose_mut(|key| key[0] = 1);
        assert_eq!(secret.expose(|key| key[0]), 1);
        assert_eq!(format!("{secret:?}"), "LockedSecret([REDACTED])");
    }

    #[test]
    fn neighbours_keep_their_lock() {
        let mut held: Vec<LockedSecret<[u8; 48]>> =
            (0..200).map(|i| LockedSecret::new(Box::new([i; 48]))).collect();
        let locked: Vec<bool> = held.iter().map(LockedSecret::is_locked).collect();
        let big = LockedSecret::new(Box::new([7_u8; 20_000]));
        while held.len() > 1 {
            held.swap_remove(held.len() / 2);
            assert!(
                held.iter().all(|secret| secret.expose(|bytes| bytes.iter().all(|byte| *byte == bytes[0])))
            );
        }
        assert_eq!(held[0].is_locked(), locked[0]);
        assert!(big.expose(|bytes| bytes.iter().all(|byte| *byte == 7)));
        match held.remove(0).require_lock() {
            Ok(secret) => assert!(secret.is_locked()),
            Err(error) => assert_eq!(error.code(), "MEMORY_NOT_LOCKED"),
        }
    }
}
