//! The canonical binary encoding of every type: equal states have equal bytes, and only those bytes are read.
//!
//! `docs/encodings/crdt.md` describes it byte for byte. In short: version, type, the actors that occur in byte
//! order, then the body with LEB128 integers, actors by index, contexts as runs and maps in order. The bodies are in
//! one file per family of types.

mod agent;
mod clock;
mod counter;
mod dag;
mod parts;
mod register;
mod set;

pub(crate) use agent::episode_digest;

use std::fmt::Debug;

pub(crate) use parts::{put_runs, take_flag, take_runs};

use crate::actor::{ActorKey, MAX_KEY_LENGTH};
use crate::error::CrdtError;
use crate::sorted::SortedSet;
use crate::state::Kind;
use crate::wire::{Reader, put_length};

/// The version every encoding begins with.
pub const VERSION: u8 = 1;

/// The derive-key context of state digests.
const DIGEST_CONTEXT: &str = "chrysalis 2026-11-20 crdt state v1";

/// What a type gives for [`State`](crate::State), which every type with a body is.
pub(crate) trait Body: Clone + Debug + Default + Eq + 'static {
    const KIND: Kind;

    /// The actors that occur, and no others: `decode` compares.
    fn table(&self) -> Table<'_>;

    /// Appends everything behind the actors.
    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>);

    /// Reads everything behind the actors.
    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError>;

    /// The merge of the type.
    fn join(&mut self, other: &Self) -> Result<(), CrdtError>;
}

/// Gives a type the methods of [`State`](crate::State) that are not merge, so that callers need no trait in scope.
macro_rules! canonical {
    ($($name:ident),*) => {$(
        impl $name {
            /// The canonical encoding: equal states have equal bytes. Linear in the result.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                $crate::codec::encode(self)
            }

            /// The state with this encoding. Linear in the input, up to a logarithm, in time and space.
            ///
            /// # Errors
            /// [`CrdtError::Malformed`] for anything but exactly one canonical encoding of this type, and the errors
            /// of actors and values that are out of bounds.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, CrdtError> {
                $crate::codec::decode(bytes)
            }

            /// The BLAKE3 digest of the canonical encoding, in a key context of its own.
            #[must_use]
            pub fn digest(&self) -> [u8; 32] {
                $crate::codec::digest(self)
            }
        }
    )*};
}
pub(crate) use canonical;

pub(crate) fn encode<T: Body>(state: &T) -> Vec<u8> {
    let table = state.table();
    let mut out = Vec::new();
    put_head(T::KIND, &table, &mut out);
    state.put(&table, &mut out);
    out
}

pub(crate) fn decode<T: Body>(bytes: &[u8]) -> Result<T, CrdtError> {
    let (mut reader, actors) = begin(T::KIND, bytes)?;
    let state = T::take(&mut reader, &actors)?;
    end(&reader, &state.table(), &actors)?;
    Ok(state)
}

/// What is in front of a body.
fn begin(kind: Kind, bytes: &[u8]) -> Result<(Reader<'_>, Vec<ActorKey>), CrdtError> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != VERSION {
        return Err(CrdtError::Malformed("unknown version"));
    }
    if reader.byte()? != kind.to_byte() {
        return Err(CrdtError::Malformed("another type"));
    }
    let actors = take_table(&mut reader)?;
    Ok((reader, actors))
}

/// What must hold behind one: nothing is left, and all actors were needed.
fn end(reader: &Reader<'_>, table: &Table<'_>, actors: &[ActorKey]) -> Result<(), CrdtError> {
    if !reader.is_empty() {
        return Err(CrdtError::Malformed("bytes after the state"));
    }
    if !table.iter().eq(actors) {
        return Err(CrdtError::Malformed("actor without an update"));
    }
    Ok(())
}

fn put_head(kind: Kind, table: &Table<'_>, out: &mut Vec<u8>) {
    out.extend([VERSION, kind.to_byte()]);
    put_table(table, out);
}

pub(crate) fn put_table(table: &Table<'_>, out: &mut Vec<u8>) {
    put_length(table.0.len(), out);
    for actor in &table.0 {
        put_length(actor.as_str().len(), out);
        out.extend_from_slice(actor.as_str().as_bytes());
    }
}

pub(crate) fn take_table(reader: &mut Reader<'_>) -> Result<Vec<ActorKey>, CrdtError> {
    let mut actors: Vec<ActorKey> = Vec::new();
    for _ in 0..reader.length()? {
        let length = reader.length()?;
        if length > MAX_KEY_LENGTH {
            return Err(CrdtError::InvalidActor("key is over 273 bytes"));
        }
        let text =
            str::from_utf8(reader.take(length)?).map_err(|_| CrdtError::InvalidActor("key is not UTF-8"))?;
        let actor = ActorKey::new(text)?;
        if actors.last().is_some_and(|last| *last >= actor) {
            return Err(CrdtError::Malformed("actors are not in order"));
        }
        actors.push(actor);
    }
    Ok(actors)
}

pub(crate) fn digest<T: Body>(state: &T) -> [u8; 32] {
    blake3::derive_key(DIGEST_CONTEXT, &encode(state))
}

/// The actors of a message, in byte order.
pub(crate) struct Table<'a>(Vec<&'a ActorKey>);

impl<'a> Table<'a> {
    /// The table of these actors, each as often as it likes and in any order.
    pub(crate) fn of(actors: impl IntoIterator<Item = &'a ActorKey>) -> Self {
        Self::of_any(&mut actors.into_iter())
    }

    fn of_any(actors: &mut dyn Iterator<Item = &'a ActorKey>) -> Self {
        let mut table = SortedSet::new();
        for actor in actors {
            table.insert(actor);
        }
        Self(table.into_iter().collect())
    }

    /// The table of actors that come in byte order, each once.
    pub(crate) fn of_ordered(actors: impl Iterator<Item = &'a ActorKey>) -> Self {
        Self(actors.collect())
    }

    /// The actors, in byte order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &'a ActorKey> {
        self.0.iter().copied()
    }

    /// The place of an actor of the state.
    pub(crate) fn index(&self, actor: &ActorKey) -> usize {
        self.0.binary_search(&actor).expect("the table has every actor of the state")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VectorClock;
    use crate::context::CausalContext;
    use crate::dot::{Dot, Writer};
    use crate::hlc::Stamp;
    use crate::lww::LwwRegister;
    use crate::or_set::OrSet;
    use crate::value::Value;

    const UNUSED: &str = "actor without an update";

    fn key(name: &str) -> ActorKey {
        ActorKey::new(name).unwrap()
    }

    fn why<T>(result: Result<T, CrdtError>) -> &'static str {
        match result {
            Err(CrdtError::Malformed(why)) => why,
            Err(other) => other.code(),
            Ok(_) => "accepted",
        }
    }

    /// Written by hand after docs/encodings/crdt.md.
    #[test]
    fn encodings_are_those_of_the_page() {
        let clock = VectorClock::from_iter([(key("b"), 300), (key("a"), 1)]);
        assert_eq!(clock.to_bytes(), [1, 1, 2, 1, b'a', 1, b'b', 1, 0xac, 2]);

        let dots = ["a:1", "a:2", "a:5", "b:3"].map(|tag| Dot::parse(tag).unwrap());
        let context = CausalContext::from_iter(&dots);
        assert_eq!(context.to_bytes(), [1, 2, 2, 1, b'a', 1, b'b', 2, 0, 1, 1, 0, 1, 2, 0]);

        let mut register = LwwRegister::new();
        assert_eq!(register.to_bytes(), [1, 3, 0, 0, 0]);
        register.set_at("v", Stamp::new(200, 1).unwrap(), key("w")).unwrap();
        assert_eq!(register.to_bytes(), [1, 3, 1, 1, b'w', 0, 1, 0, 0xc8, 1, 1, 0, 0x61, b'v']);

        let mut set = OrSet::new();
        let (a, b) = (Writer::resume(key("a"), 0), Writer::resume(key("b"), 6));
        set.add(&a, 5u8).unwrap();
        set.add_tagged(&a, 4u8).unwrap();
        set.add_tagged(&b, 4u8).unwrap();
        set.add_tagged(&a, 4u8).unwrap();
        let expected: &[u8] = &[
            1, 4, 2, 1, b'a', 1, b'b', // version, type, actors
            1, 0, 2, 1, 6, 0, // context: a 1..=3, b 7..=7
            2, 4, 2, 0, 2, 1, 0, 1, 1, 6, // 4: a:2, a:3, b:7
            5, 1, 0, 1, 0, // 5: a:1
        ];
        assert_eq!(set.to_bytes(), expected);
        assert_eq!(OrSet::from_bytes(expected), Ok(set));
    }

    #[test]
    fn greatest_counters_and_times_are_kept() {
        let max = u64::MAX;
        let dots = [1, max - 2, max].map(|counter| Dot::new(key("a"), counter).unwrap());
        let context = CausalContext::from_iter(&dots);
        assert_eq!(CausalContext::from_bytes(&context.to_bytes()), Ok(context));
        let mut set = OrSet::new();
        set.add(&Writer::resume(key("a"), max - 1), "last").unwrap();
        assert_eq!(OrSet::from_bytes(&set.to_bytes()), Ok(set));
        let mut register = LwwRegister::new();
        register.set_at(Value::Null, Stamp::MAX, key("a")).unwrap();
        assert_eq!(LwwRegister::from_bytes(&register.to_bytes()), Ok(register));
    }

    #[test]
    fn whatever_is_not_canonical_is_refused() {
        const MAX: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        let clock = |tail: &[u8]| why(VectorClock::from_bytes(&[&[1, 1], tail].concat()));
        assert_eq!(why(VectorClock::from_bytes(&[])), "state is cut off");
        assert_eq!(why(VectorClock::from_bytes(&[2, 1, 0])), "unknown version");
        assert_eq!(why(VectorClock::from_bytes(&[1, 4, 0])), "another type");
        assert_eq!(clock(&[0]), "accepted");
        assert_eq!(clock(&[0, 0]), "bytes after the state");
        assert_eq!(clock(&[0x80, 0]), "integer is not in its shortest form");
        assert_eq!(clock(&[1, 1, b'a', 0]), UNUSED);
        assert_eq!(clock(&[2, 1, b'b', 1, b'a', 1, 1]), "actors are not in order");
        assert_eq!(clock(&[2, 1, b'a', 1, b'a', 1, 1]), "actors are not in order");
        assert_eq!(clock(&[1, 1, 0xff, 1]), "crdt/invalid-actor");
        assert_eq!(clock(&[1, 0, 1]), "crdt/invalid-actor");
        assert_eq!(clock(&MAX), "state is cut off");
        assert_eq!(
            clock(&[1, 1, b'a', 255, 255, 255, 255, 255, 255, 255, 255, 255, 2]),
            "integer is over 64 bits"
        );
        assert_eq!(clock(&[&[1, 1, b'a'], &MAX[..]].concat()), "accepted");

        let context = |tail: &[u8]| why(CausalContext::from_bytes(&[&[1, 2, 1, 1, b'a'], tail].concat()));
        assert_eq!(context(&[0]), UNUSED);
        assert_eq!(context(&[9, 0, 0]), "state is cut off");
        assert_eq!(context(&[&[1, 1], &MAX[..]].concat()), "counter is over 64 bits");
        assert_eq!(context(&[&[2, 0, 0xfe], &MAX[1..], &[0, 0]].concat()), "counter is over 64 bits");

        let register = |tail: &[u8]| why(LwwRegister::from_bytes(&[&[1, 3, 1, 1, b'a'], tail].concat()));
        assert_eq!(register(&[0, 1, 0, 0, 0, 0, 0xf6]), "accepted");
        assert_eq!(register(&[4, 1, 0, 0, 0, 0, 0xf6]), "unknown clock");
        assert_eq!(register(&[3, 1, 0, 0, 0, 0xf6]), "accepted");
        assert_eq!(register(&[2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf6]), "accepted");
        assert_eq!(register(&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0xf6]), "negative zero");
        assert_eq!(register(&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0, 0xf6]), "number is not finite");
        assert_eq!(register(&[0, 2, 0, 0, 0, 0, 0xf6]), "flag is not 0 or 1");
        assert_eq!(register(&[0, 0]), UNUSED);
        assert_eq!(register(&[0, 1, 0, 0, 0, 1, 0xf6]), "no such actor");
        assert_eq!(register(&[0, 1, 0, 0, 0x80, 0x80, 4, 0, 0xf6]), "logical time is over 16 bits");
        let beyond = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
        assert_eq!(register(&[&[0, 1, 0], &beyond[..], &[0, 0, 0xf6]].concat()), "time is over 48 bits");
        assert_eq!(register(&[0, 1, 0, 0, 0, 0, 0xf7]), "unknown simple value");
        assert_eq!(
            why(LwwRegister::from_bytes(&[1, 3, 2, 1, b'a', 1, b'b', 0, 1, 0, 0, 0, 0, 0, 0])),
            UNUSED
        );

        let set = |tail: &[u8]| why(OrSet::from_bytes(&[&[1, 4, 1, 1, b'a', 1, 0, 1], tail].concat()));
        assert_eq!(set(&[0]), "accepted");
        assert_eq!(set(&[1, 5, 1, 0, 1, 0]), "accepted");
        assert_eq!(set(&[2, 5, 1, 0, 1, 0, 4, 1, 0, 1, 1]), "elements are not in order");
        assert_eq!(set(&[2, 5, 1, 0, 1, 0, 5, 1, 0, 1, 1]), "elements are not in order");
        assert_eq!(set(&[2, 4, 1, 0, 1, 0, 5, 1, 0, 1, 0]), "dot of two elements");
        assert_eq!(set(&[1, 4, 1, 0, 1, 2]), "dot outside the context");
        assert_eq!(set(&[1, 4, 0]), "element without a dot");
        assert_eq!(set(&[1, 4, 1, 0, 0]), "element without a dot");
        assert_eq!(set(&[1, 4, 2, 0, 1, 0, 0, 1, 1]), "actors of an element are not in order");
        assert_eq!(set(&[1, 4, 1, 1, 1, 0]), "no such actor");
        assert_eq!(set(&[&[1, 4, 1, 0, 2, 0], &MAX[..]].concat()), "counter is over 64 bits");
    }

    #[test]
    fn equal_content_of_different_types_has_different_digests() {
        assert_ne!(VectorClock::new().digest(), CausalContext::new().digest());
        let clock = VectorClock::new();
        assert_eq!(clock.digest(), blake3::derive_key(DIGEST_CONTEXT, &[1, 1, 0]));
    }
}
