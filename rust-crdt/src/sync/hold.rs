//! Deltas whose stamps are ahead of local time, kept until it has come.

use crate::hlc::Stamp;
use crate::sorted::SortedMap;
use crate::state::Kind;

/// The most stamps that are held.
pub(super) const MAX_STAMPS: usize = 10_000;
/// The most bytes of deltas that are held.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// Held deltas, by their greatest stamp and their hash: one that comes twice is held once.
#[derive(Debug, Default)]
pub(super) struct Hold {
    deltas: SortedMap<(Stamp, [u8; 32]), Held>,
    stamps: usize,
    bytes: usize,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    stamps: usize,
}

impl Hold {
    /// Holds a delta; false, and nothing changed, when there is no room.
    pub(super) fn push(
        &mut self,
        newest: Stamp,
        stamps: usize,
        name: &str,
        kind: Kind,
        bytes: &[u8],
    ) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(bytes);
        let key = (newest, *hasher.finalize().as_bytes());
        if self.deltas.contains_key(&key) {
            return true;
        }
        // A name costs memory too.
        let cost = bytes.len() + name.len();
        if stamps > MAX_STAMPS - self.stamps || cost > MAX_BYTES - self.bytes {
            return false;
        }
        (self.stamps, self.bytes) = (self.stamps + stamps, self.bytes + cost);
        self.deltas.insert(key, Held { name: name.to_owned(), kind, bytes: bytes.to_vec(), stamps });
        true
    }

    /// The next delta with no stamp above `until_ms`.
    pub(super) fn pop(&mut self, until_ms: u64) -> Option<Held> {
        if self.deltas.first_key_value()?.0.0.ms() > until_ms {
            return None;
        }
        let (_, held) = self.deltas.pop_first()?;
        self.stamps -= held.stamps;
        self.bytes -= held.bytes.len() + held.name.len();
        Some(held)
    }

    pub(super) fn len(&self) -> usize {
        self.deltas.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_come_out_in_time_and_room_is_limited() {
        let mut hold = Hold::default();
        let at = |ms| Stamp::new(ms, 0).unwrap();
        assert!(hold.push(at(20), 1, "n", Kind::LwwRegister, b"later"));
        assert!(hold.push(at(10), MAX_STAMPS - 1, "n", Kind::LwwRegister, b"soon"));
        assert!(hold.push(at(10), 5, "n", Kind::LwwRegister, b"soon"), "held already");
        assert!(!hold.push(at(10), 1, "m", Kind::LwwRegister, b"soon"), "another name");
        assert!(hold.pop(9).is_none());
        assert_eq!(hold.pop(15).map(|held| held.bytes), Some(b"soon".to_vec()));
        assert!(hold.pop(15).is_none());
        assert!(!hold.push(at(9), 1, "n", Kind::LwwRegister, &vec![0; MAX_BYTES - 5]));
        assert_eq!(hold.pop(20).map(|held| held.bytes), Some(b"later".to_vec()));
        assert!(hold.push(at(9), 1, "n", Kind::LwwRegister, &vec![0; MAX_BYTES - 5]));
        assert_eq!(hold.len(), 1);
    }
}
