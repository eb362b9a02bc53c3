//! Sketches of sets, from which two replicas learn the difference at a price that follows the difference.
//!
//! Source: Yang, Gilad, Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024). A sketch is an endless sequence of cells;
//! each item is in the first, and in ever fewer of the later ones. About 1.4 cells per difference are enough to read it off,
//! however large the sets are, and nobody needs to know in advance how many that will be.

use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet};
use crate::wire::{Reader, put_number};

/// What names of parts and checks of cells are hashed under, so that nobody who adds to a state can foresee them.
pub(crate) type Salt = [u8; 16];

/// The id of a part in a sketch: the first eight bytes of the hash of its name. Where the first `slot` bytes of the name
/// say what can be there only once, such as a dot, the upper half comes from the hash of these.
pub(crate) fn id_of(key: &[u8; 32], name: &[u8], slot: usize) -> u64 {
    let hash = |bytes: &[u8]| {
        let mut id = [0; 8];
        id.copy_from_slice(&blake3::keyed_hash(key, bytes).as_bytes()[..8]);
        u64::from_le_bytes(id)
    };
    let id = hash(name);
    if slot == 0 { id } else { id & 0xffff_ffff | hash(&name[..slot]) << 32 }
}

/// The half of an id that two contents of one slot share.
pub(crate) fn slot_of(id: u64) -> u64 {
    id >> 32
}

/// The key under which parts are hashed.
pub(crate) fn key_of(salt: &Salt) -> [u8; 32] {
    blake3::derive_key("chrysalis 2026-11-20 crdt sketch v1", salt)
}

/// The sum of some items.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cell {
    /// Of the ids, bit by bit without carry.
    ids: u64,
    /// Of the checks of the ids, likewise.
    checks: u32,
    /// How many there are; in a difference, of the first side less of the second.
    count: i64,
}

impl Cell {
    /// Bytes of a cell on the wire, without its count.
    pub(crate) const MIN_BYTES: usize = 13;

    fn toggle(&mut self, id: u64, check: u32, sign: i64) {
        self.ids ^= id;
        self.checks ^= check;
        self.count = self.count.wrapping_add(sign);
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            ids: self.ids ^ other.ids,
            checks: self.checks ^ other.checks,
            count: self.count.wrapping_sub(other.count),
        }
    }

    /// The item, if it is the only one, and on which side.
    fn only(&self, key: u64) -> Option<(u64, i64)> {
        (self.count.unsigned_abs() == 1 && self.checks == check_of(key, self.ids))
            .then_some((self.ids, self.count))
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ids.to_le_bytes());
        out.extend_from_slice(&self.checks.to_le_bytes());
        put_number(self.count.unsigned_abs(), out);
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, CrdtError> {
        let (mut ids, mut checks) = ([0; 8], [0; 4]);
        ids.copy_from_slice(reader.take(8)?);
        checks.copy_from_slice(reader.take(4)?);
        let count =
            i64::try_from(reader.number()?).map_err(|_| CrdtError::Malformed("count is over 63 bits"))?;
        Ok(Self { ids: u64::from_le_bytes(ids), checks: u32::from_le_bytes(checks), count })
    }
}

/// A set of ids, and the cells of it that were asked for so far.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    key: u64,
    ids: Vec<u64>,
    cells: Vec<Cell>,
}

/// What each side has that the other lacks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Difference {
    pub(crate) theirs: SortedSet<u64>,
    pub(crate) ours: SortedSet<u64>,
}

impl Sketch {
    pub(crate) fn new(salt: &Salt, ids: Vec<u64>) -> Self {
        Self { key: check_key(salt), ids, cells: Vec::new() }
    }

    /// The first `count` cells. Costs O(items · log count) when there are not as many yet.
    pub(crate) fn cells(&mut self, count: usize) -> &[Cell] {
        let from = self.cells.len();
        if from < count {
            self.cells.resize(count, Cell::default());
            for id in &self.ids {
                let check = check_of(self.key, *id);
                for at in places(*id, count).skip_while(|at| *at < from) {
                    self.cells[at].toggle(*id, check, 1);
                }
            }
        }
        &self.cells[..count]
    }

    /// The difference between the set these cells are of and this one; none when there are too few cells for it.
    ///
    /// Takes at most as many steps as there are cells, times the logarithm, whatever the cells hold.
    pub(crate) fn difference(&mut self, theirs: &[Cell]) -> Option<Difference> {
        let key = self.key;
        let ours = self.cells(theirs.len());
        let mut cells: Vec<Cell> = theirs.iter().zip(ours).map(|(theirs, ours)| theirs.minus(ours)).collect();
        let mut found: SortedMap<u64, i64> = SortedMap::new();
        let mut open: Vec<usize> = (0..cells.len()).collect();
        while let Some(at) = open.pop() {
            let Some((id, sign)) = cells[at].only(key) else { continue };
            // In an honest sketch no item comes twice, and there are fewer than cells.
            if found.len() >= cells.len() || found.insert(id, sign).is_some() {
                return None;
            }
            let check = check_of(key, id);
            for place in places(id, cells.len()) {
                cells[place].toggle(id, check, -sign);
                open.push(place);
            }
        }
        if cells.iter().any(|cell| *cell != Cell::default()) {
            return None;
        }
        let side = |sign| found.iter().filter(|(_, s)| **s == sign).map(|(id, _)| *id).collect();
        Some(Difference { theirs: side(1), ours: side(-1) })
    }
}

/// The cells below `count` that an id is in, upwards: the first, and then the one at distance 1.5 + i with probability
/// one half.
fn places(id: u64, count: usize) -> impl Iterator<Item = usize> {
    let (mut at, mut state) = (0u64, id);
    std::iter::from_fn(move || {
        let place = usize::try_from(at).ok().filter(|place| *place < count)?;
        state = state.wrapping_mul(0xda94_2042_e4dd_58b5);
        // Square roots, products and quotients of IEEE 754 are the same on every machine.
        #[expect(clippy::cast_precision_loss, reason = "rounded the same everywhere")]
        let distance = (at as f64 + 1.5) * (4_294_967_296.0 / (state as f64 + 1.0).sqrt() - 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and saturates"
        )]
        let distance = (distance.ceil() as u64).max(1);
        at = at.saturating_add(distance);
        Some(place)
    })
}

fn check_key(salt: &Salt) -> u64 {
    let mut key = [0; 8];
    key.copy_from_slice(&key_of(salt)[..8]);
    u64::from_le_bytes(key)
}

/// The upper half of the id mixed with the key, by the finaliser of SplitMix64.
fn check_of(key: u64, id: u64) -> u32 {
    let mut z = id ^ key;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = [7; 16];

    fn ids(range: std::ops::Range<u64>) -> Vec<u64> {
        let key = key_of(&SALT);
        range.map(|i| id_of(&key, &i.to_le_bytes(), 0)).collect()
    }

    fn cells_needed(ours: Vec<u64>, theirs: Vec<u64>) -> usize {
        let expected = Difference {
            theirs: theirs.iter().copied().filter(|id| !ours.contains(id)).collect(),
            ours: ours.iter().copied().filter(|id| !theirs.contains(id)).collect(),
        };
        let (mut ours, mut theirs) = (Sketch::new(&SALT, ours), Sketch::new(&SALT, theirs));
        (1..).find(|count| ours.difference(theirs.cells(*count)).is_some_and(|d| d == expected)).unwrap()
    }

    #[test]
    fn differences_are_read_off_from_few_cells() {
        assert_eq!(cells_needed(ids(0..50), ids(0..50)), 1);
        assert!(cells_needed(ids(0..1), ids(0..0)) <= 1);
        for (ours, theirs) in
            [(ids(0..500), ids(50..550)), (ids(0..500), ids(100..500)), (ids(0..0), ids(0..100))]
        {
            let needed = cells_needed(ours, theirs);
            assert!((100..230).contains(&needed), "{needed}");
        }
    }

    #[test]
    fn cells_are_the_same_whether_made_at_once_or_in_steps() {
        let (mut once, mut steps) = (Sketch::new(&SALT, ids(0..300)), Sketch::new(&SALT, ids(0..300)));
        for count in [1, 2, 10, 11, 99] {
            assert_eq!(steps.cells(count).len(), count);
        }
        assert_eq!(once.cells(150), steps.cells(150));
    }

    #[test]
    fn cells_of_nothing_in_particular_end_without_a_difference() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state
        };
        let mut sketch = Sketch::new(&SALT, ids(0..50));
        for _ in 0..200 {
            let mut hostile: Vec<Cell> = (0..40)
                .map(|_| {
                    let ids = next();
                    Cell { ids, checks: check_of(check_key(&SALT), ids), count: (next() % 3) as i64 }
                })
                .collect();
            hostile[0].count = 51;
            sketch.difference(&hostile);
        }
        // The same item alone in every cell.
        let id = ids(90..91)[0];
        let all = vec![Cell { ids: id, checks: check_of(check_key(&SALT), id), count: 1 }; 64];
        assert_eq!(Sketch::new(&SALT, Vec::new()).difference(&all), None);
    }

    #[test]
    fn places_rise_from_the_first_one() {
        for id in [0, 1, 2, u64::MAX] {
            let all: Vec<usize> = places(id, 1 << 20).collect();
            assert!(all[0] == 0 && all.windows(2).all(|pair| pair[0] < pair[1]));
            // The same ones, whatever the limit.
            assert!(places(id, 64).eq(all.iter().copied().filter(|place| *place < 64)));
        }
    }
}
