//! The encoding of sets for the wire: dots as runs, and each element as what it adds to the one before.
//!
//! Smaller than the canonical encoding, and made in the order of the dots, so that both ends go through the chunks
//! from front to back. A reader knows both by the second byte. `docs/encodings/sync.md` describes it.

use chrysalis_store::cbor::check_prefix;
use chrysalis_store::chunk::{Content, SPAN, bits};
use chrysalis_store::packed::{CHUNK_COST, Elements, MAX_EXPANSION, put_element};
use chrysalis_store::store::Store;

use super::OrSet;
use crate::codec::{self, Table, VERSION, put_runs, take_runs};
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::runs::Runs;
use crate::state::Kind;
use crate::wire::Reader;

/// Added to the type byte of the canonical encoding.
pub(crate) const PACKED: u8 = 0x80;
impl OrSet {
    /// The encoding for the wire: packed where that is allowed, else canonical. Linear in the result.
    #[must_use]
    pub fn to_packed(&self) -> Vec<u8> {
        let table = Table::of_ordered(self.context.actors());
        let mut out = vec![VERSION, Kind::OrSet.to_byte() | PACKED];
        codec::put_table(&table, &mut out);
        let mut expanded = 0;
        let mut before: &[u8] = &[];
        let mut elements = Vec::new();
        for (actor, known) in self.context.entries() {
            let mut live = Runs::default();
            for (number, slot) in self.store.chunks_of(actor).into_iter().flatten() {
                let chunk = self.store.chunk(*slot);
                expanded += CHUNK_COST;
                live.insert_mask(number * SPAN, chunk.live());
                for bit in bits(chunk.live()) {
                    let element = chunk.get(bit);
                    put_element(element, before, &mut elements);
                    (before, expanded) = (element, expanded + element.len());
                }
            }
            put_runs(&live, &mut out);
            put_runs(&known.difference(&live), &mut out);
        }
        out.append(&mut elements);
        if expanded > out.len() * MAX_EXPANSION { self.to_bytes() } else { out }
    }

    /// The set of either encoding.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for anything but exactly one set as [`to_packed`](Self::to_packed) or
    /// [`to_bytes`](Self::to_bytes) writes it, and the errors of actors and values that are out of bounds.
    pub fn from_packed(bytes: &[u8]) -> Result<Self, CrdtError> {
        let mut set = Self::read(bytes)?;
        set.store.link_all();
        Ok(set)
    }

    /// Joins a delta in either encoding into this set: [`merge`](Self::merge) without an index of the delta.
    ///
    /// # Errors
    /// As [`from_packed`](Self::from_packed) and [`merge`](Self::merge); nothing changed.
    pub fn merge_packed(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        match One::read(bytes) {
            Some(one) if self.append(&one) => Ok(()),
            _ => self.merge(&Self::read(bytes)?),
        }
    }

    /// Joins an addition that follows on what is known of its actor, as most do that come one by one; false, and nothing
    /// changed, when it is something else.
    fn append(&mut self, one: &One<'_>) -> bool {
        let Some((actor, runs)) = self.context.entry_of(one.actor) else { return false };
        if runs.contains(one.counter) {
            return false;
        }
        let actor = actor.clone();
        let slot = self.store.chunks_of(&actor).and_then(|chunks| chunks.get(&(one.counter / SPAN)).copied());
        let Some(slot) = slot else { return false };
        let bit = one.counter % SPAN;
        if self.store.chunk(slot).live() >> bit != 0 {
            return false;
        }
        let bit = u32::try_from(bit).expect("below 64");
        self.store.chunk_mut(slot).push(bit, Content::Plain(one.element));
        self.store.link(slot, 1 << bit);
        self.context.insert_run(&actor, one.counter, one.counter);
        true
    }

    /// A set whose index may be missing, to be read chunk by chunk only.
    fn read(bytes: &[u8]) -> Result<Self, CrdtError> {
        if bytes.get(1) == Some(&(Kind::OrSet.to_byte() | PACKED)) {
            unpack(bytes)
        } else {
            Self::from_bytes(bytes)
        }
    }
}

/// What a packed set holds of one live dot and nothing else.
struct One<'a> {
    actor: &'a str,
    counter: u64,
    element: &'a [u8],
}

impl<'a> One<'a> {
    /// None for everything that [`unpack`] has to look at, or would refuse.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[VERSION, Kind::OrSet.to_byte() | PACKED, 1])?;
        let mut reader = Reader::new(rest);
        let length = reader.length().ok()?;
        let actor = str::from_utf8(reader.take(length).ok()?).ok()?;
        // One run, of one dot, and no removed ones.
        let is_one = reader.number() == Ok(1);
        let counter = reader.number().ok()?.checked_add(1)?;
        if !is_one || reader.number() != Ok(0) || reader.number() != Ok(0) {
            return None;
        }
        // Shares nothing with the one before it, of which there is none.
        if reader.number() != Ok(0) {
            return None;
        }
        let length = reader.length().ok()?;
        let element = reader.take(length).ok()?;
        let is_whole = reader.is_empty() && check_prefix(element).is_ok_and(|all| all.len() == element.len());
        let is_sparse = element.len() + CHUNK_COST <= bytes.len().saturating_mul(MAX_EXPANSION);
        (is_whole && is_sparse).then_some(Self { actor, counter, element })
    }
}

fn unpack(bytes: &[u8]) -> Result<OrSet, CrdtError> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(CrdtError::Malformed("unknown version"));
    }
    reader.byte()?;
    let actors = codec::take_table(&mut reader)?;
    let mut context = CausalContext::new();
    let mut live = Vec::new();
    for actor in &actors {
        let (alive, dead) = (take_runs(&mut reader)?, take_runs(&mut reader)?);
        if alive.is_empty() && dead.is_empty() {
            return Err(CrdtError::Malformed("actor without an update"));
        }
        if !alive.intersection(&dead).is_empty() {
            return Err(CrdtError::Malformed("dot is live and removed"));
        }
        let mut known = alive.clone();
        known.merge(&dead);
        context.set_runs(actor.clone(), known);
        live.push(alive);
    }
    let mut store = Store::new();
    let mut elements = Elements::new(bytes.len());
    for (actor, alive) in actors.iter().zip(&live) {
        elements.take(&mut reader, actor, alive, &mut store)?;
    }
    if !reader.is_empty() {
        return Err(CrdtError::Malformed("bytes after the state"));
    }
    Ok(OrSet { store, context })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorKey;
    use crate::dot::Writer;
    use crate::value::Value;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    /// Written by hand after docs/encodings/sync.md.
    #[test]
    fn the_packed_form_is_that_of_the_page() {
        let mut set = OrSet::new();
        set.add_all(&writer("a"), ["k10", "k11", "k2"]).unwrap();
        set.remove(&Value::from("k11"));
        // k2 is the shorter encoding and comes first: k2 a:1, k10 a:2, k11 a:3.
        let expected: &[u8] = &[
            1, 0x84, 1, 1, b'a', // version, packed set, actors
            1, 0, 1, 1, 2, 0, // live 1..=2, removed 3
            0, 3, 0x62, b'k', b'2', 0, 4, 0x63, b'k', b'1', b'0',
        ];
        assert_eq!(set.to_packed(), expected);
        assert_eq!(OrSet::from_packed(expected), Ok(set.clone()));
        assert_eq!(OrSet::from_packed(&set.to_bytes()), Ok(set));
    }

    #[test]
    fn sequential_keys_take_few_bytes_each() {
        let mut set = OrSet::new();
        let delta = set.add_all(&writer("agent"), (0..10_000).map(|i| format!("key-{i:08}"))).unwrap();
        let packed = delta.to_packed();
        assert!(packed.len() < 10_000 * 4, "{}", packed.len());
        let mut other = OrSet::new();
        other.add_all(&writer("other"), 0..100u64).unwrap();
        let mut expected = other.clone();
        expected.merge(&delta).unwrap();
        other.merge_packed(&packed).unwrap();
        assert_eq!(other, expected);
        assert_eq!(OrSet::from_packed(&packed), Ok(delta));
    }

    #[test]
    fn what_is_too_dense_goes_out_in_canonical_form_and_does_not_come_in() {
        let (mut set, a) = (OrSet::new(), writer("a"));
        for _ in 0..2_000 {
            set.add_tagged(&a, "x".repeat(200)).unwrap();
        }
        let bytes = set.to_packed();
        assert_eq!(bytes, set.to_bytes());
        assert_eq!(OrSet::from_packed(&bytes), Ok(set));
        // 100 bytes, once more for two bytes each.
        let mut dense = vec![1, 0x84, 1, 1, b'a', 1, 0, 0xff, 0x0f, 0, 0, 102, 0x78, 100];
        dense.extend([b'x'; 100]);
        (0..2_047).for_each(|_| dense.extend([102, 0]));
        assert_eq!(OrSet::from_packed(&dense), Err(CrdtError::Malformed("elements are too dense")));
    }

    /// One dot of every 70: each takes a chunk of memory for four bytes.
    #[test]
    fn what_is_too_sparse_does_not_come_in() {
        let mut sparse = vec![1, 0x84, 1, 1, b'a', 127];
        (0..127).for_each(|_| sparse.extend([70, 0]));
        sparse.extend([0, 0, 1, 5]);
        (0..126).for_each(|_| sparse.extend([1, 0]));
        assert_eq!(OrSet::from_packed(&sparse), Err(CrdtError::Malformed("elements are too dense")));
        // What is written is read, in whichever form.
        for every in [1, 2, 7, 63, 64, 65, 200] {
            let (mut set, a) = (OrSet::new(), writer("a"));
            set.add_all(&a, 0..2_000u64).unwrap();
            for number in (0..2_000u64).filter(|number| number % every != 0) {
                set.remove(&Value::from(number));
            }
            assert_eq!(OrSet::from_packed(&set.to_packed()), Ok(set));
        }
    }

    #[test]
    fn whatever_is_not_packed_as_it_should_be_is_refused() {
        let why = |tail: &[u8]| match OrSet::from_packed(&[&[1, 0x84, 1, 1, b'a'], tail].concat()) {
            Err(CrdtError::Malformed(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(&[0, 0]), "actor without an update");
        assert_eq!(why(&[1, 0, 0, 1, 0, 0, 0, 1, 5]), "dot is live and removed");
        assert_eq!(why(&[1, 0, 0, 0, 1, 1, 5]), "element shares more than there is");
        assert_eq!(why(&[1, 0, 1, 0, 0, 1, 5, 0, 1, 5]), "element shares less than it could");
        assert_eq!(why(&[1, 0, 0, 0, 0, 2, 5, 5]), "bytes after the value");
        assert_eq!(why(&[1, 0, 0, 0, 0, 1, 5, 0]), "bytes after the state");
        assert_eq!(why(&[1, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 1, 5, 1, 0]), "state is cut off");
    }

    /// Additions one by one, in any order, twice, with an element of another dot, damaged: against merging what was read.
    #[test]
    fn single_additions_do_what_merging_does() {
        let names = ["a", "b", "c\u{1f}0123456789abcdef"];
        let mut deltas = Vec::new();
        for name in names {
            let (writer, mut set) = (writer(name), OrSet::new());
            for number in 0..150u64 {
                deltas.push(set.add(&writer, number % 40).unwrap().to_packed());
            }
            deltas.push(set.add(&writer, Value::from("x".repeat(300))).unwrap().to_packed());
            deltas.push(set.remove(&Value::from(3u8)).to_packed());
            // Another element under a dot that is given out above.
            deltas.push(OrSet::new().add(&self::writer(name), "other").unwrap().to_packed());
        }
        let mut seed = 7u64;
        for round in 0..20 {
            let (mut fast, mut slow) = (OrSet::new(), OrSet::new());
            for at in 0..deltas.len() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let random = usize::try_from(seed >> 40).unwrap();
                let mut bytes = deltas[if round < 5 { at } else { random % deltas.len() }].clone();
                if round > 12 {
                    let at = random % bytes.len();
                    bytes[at] ^= 1 << (random >> 10 & 7);
                }
                let expected = OrSet::from_packed(&bytes).and_then(|delta| slow.merge(&delta));
                assert_eq!(fast.merge_packed(&bytes), expected);
            }
            assert_eq!(fast, slow);
            assert!(fast.elements().eq(slow.elements()));
            assert_eq!(fast.to_bytes(), slow.to_bytes());
        }
    }
}
