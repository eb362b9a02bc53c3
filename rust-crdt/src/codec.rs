//! The canonical binary encoding of every type: equal states have equal bytes, and only those bytes are read.
//!
//! `docs/encodings/crdt.md` describes it byte for byte. In short: version, type, the actors that occur in byte
//! order, then the body with LEB128 integers, actors by index, contexts as runs and maps in order.

use std::collections::BTreeSet;

use crate::actor::{ActorKey, MAX_KEY_LENGTH};
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::dot::Dot;
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::LwwRegister;
use crate::or_set::OrSet;
use crate::runs::Runs;

/// The version every encoding begins with.
pub const VERSION: u8 = 1;

/// The derive-key context of state digests.
const DIGEST_CONTEXT: &str = "chrysalis 2026-11-20 crdt state v1";

/// The clock that an LWW register's stamps come from: hybrid, the only one so far.
const CLOCK_HYBRID: u8 = 0;

/// A type with a canonical encoding.
trait Body: Sized {
    /// The second byte of the encoding.
    const TYPE: u8;

    /// The actors that occur.
    fn table(&self) -> Table<'_>;

    /// Appends everything behind the actors.
    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>);

    /// Reads everything behind the actors, all of which must be used.
    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError>;
}

macro_rules! canonical {
    ($($name:ident),*) => {$(
        impl $name {
            /// The canonical encoding: equal states have equal bytes. Linear in the result.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                encode(self)
            }

            /// The state with this encoding. Linear in the input, up to a logarithm, in time and space.
            ///
            /// # Errors
            /// [`CrdtError::Malformed`] for anything but exactly one canonical encoding of this type, and the errors
            /// of actors and values that are out of bounds.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, CrdtError> {
                decode(bytes)
            }

            /// The BLAKE3 digest of the canonical encoding, in a key context of its own.
            #[must_use]
            pub fn digest(&self) -> [u8; 32] {
                blake3::derive_key(DIGEST_CONTEXT, &encode(self))
            }
        }
    )*};
}

canonical!(VectorClock, CausalContext, LwwRegister, OrSet);

fn encode<T: Body>(state: &T) -> Vec<u8> {
    let table = state.table();
    let mut out = vec![VERSION, T::TYPE];
    put_length(table.0.len(), &mut out);
    for actor in &table.0 {
        put_length(actor.as_str().len(), &mut out);
        out.extend_from_slice(actor.as_str().as_bytes());
    }
    state.put(&table, &mut out);
    out
}

fn decode<T: Body>(bytes: &[u8]) -> Result<T, CrdtError> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return Err(CrdtError::Malformed("unknown version"));
    }
    if reader.byte()? != T::TYPE {
        return Err(CrdtError::Malformed("another type"));
    }
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
    let state = T::take(&mut reader, &actors)?;
    if !reader.0.is_empty() {
        return Err(CrdtError::Malformed("bytes after the state"));
    }
    Ok(state)
}

impl Body for VectorClock {
    const TYPE: u8 = 1;

    fn table(&self) -> Table<'_> {
        Table(self.nodes().collect())
    }

    fn put(&self, _: &Table<'_>, out: &mut Vec<u8>) {
        for (_, count) in self.iter() {
            put_number(count, out);
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let entry = |actor: &ActorKey| match reader.number()? {
            0 => Err(CrdtError::Malformed("counter is 0")),
            count => Ok((actor.clone(), count)),
        };
        actors.iter().map(entry).collect()
    }
}

impl Body for CausalContext {
    const TYPE: u8 = 2;

    fn table(&self) -> Table<'_> {
        Table(self.actors().collect())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_context(self, table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let (context, unused) = take_context(reader, actors)?;
        if unused.is_empty() { Ok(context) } else { Err(CrdtError::Malformed(UNUSED)) }
    }
}

impl Body for LwwRegister {
    const TYPE: u8 = 3;

    fn table(&self) -> Table<'_> {
        let actors: BTreeSet<_> = self.context().actors().chain(self.actor()).collect();
        Table(actors.into_iter().collect())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        out.push(CLOCK_HYBRID);
        let Some((key, element)) = self.winner() else {
            out.push(0);
            return;
        };
        out.push(1);
        put_context(self.context(), table, out);
        put_number(key.stamp().ms(), out);
        put_number(u64::from(key.stamp().logical()), out);
        put_length(table.index(key.actor()), out);
        element.encode_into(out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        if reader.byte()? != CLOCK_HYBRID {
            return Err(CrdtError::Malformed("unknown clock"));
        }
        match reader.byte()? {
            0 if actors.is_empty() => return Ok(Self::new()),
            0 => return Err(CrdtError::Malformed(UNUSED)),
            1 => {}
            _ => return Err(CrdtError::Malformed("flag is not 0 or 1")),
        }
        let (context, unused) = take_context(reader, actors)?;
        let ms = reader.number()?;
        let logical = u16::try_from(reader.number()?)
            .map_err(|_| CrdtError::Malformed("logical time is over 16 bits"))?;
        let stamp = Stamp::new(ms, logical).map_err(|_| CrdtError::Malformed("time is over 48 bits"))?;
        let index = reader.index(actors.len())?;
        // Only the winner's actor may be without a dot: its write then came with a stamp from outside.
        if unused.iter().any(|actor| *actor != index) {
            return Err(CrdtError::Malformed(UNUSED));
        }
        let (element, encoded) = reader.element()?;
        Ok(Self::from_parts(Some((stamp, actors[index].clone(), element, encoded)), context))
    }
}

impl Body for OrSet {
    const TYPE: u8 = 4;

    fn table(&self) -> Table<'_> {
        // Every live dot is in the context.
        self.context().table()
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_context(self.context(), table, out);
        put_length(self.len(), out);
        for (element, dots) in self.entries() {
            element.encode_into(out);
            put_dots(dots, table, out);
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let mut set = Self::with_context(CausalContext::take(reader, actors)?);
        let mut last: Option<Element> = None;
        for _ in 0..reader.length()? {
            let (element, _) = reader.element()?;
            if last.is_some_and(|last| last >= element) {
                return Err(CrdtError::Malformed("elements are not in order"));
            }
            take_dots(reader, actors, |dot| {
                if !set.context().contains(&dot) {
                    return Err(CrdtError::Malformed("dot outside the context"));
                }
                if !set.insert_live(dot, element.clone()) {
                    return Err(CrdtError::Malformed("dot of two elements"));
                }
                Ok(())
            })?;
            last = Some(element);
        }
        Ok(set)
    }
}

const UNUSED: &str = "actor without an update";

/// The actors of a message, in byte order.
struct Table<'a>(Vec<&'a ActorKey>);

impl Table<'_> {
    fn index(&self, actor: &ActorKey) -> usize {
        self.0.binary_search(&actor).expect("the table has every actor of the state")
    }
}

/// Per actor of the table: the number of runs, then per run the gap before it and its length, both less what they
/// are at least.
fn put_context(context: &CausalContext, table: &Table<'_>, out: &mut Vec<u8>) {
    for actor in &table.0 {
        let Some(runs) = context.runs_of(actor) else {
            put_length(0, out);
            continue;
        };
        put_length(runs.iter().len(), out);
        let mut least = 1;
        for (start, end) in runs.iter() {
            put_number(start - least, out);
            put_number(end - start, out);
            // Not used after a run that ends at the greatest counter: none follows.
            least = end.saturating_add(2);
        }
    }
}

/// The context, and the indices of the actors that have no run.
fn take_context(
    reader: &mut Reader<'_>,
    actors: &[ActorKey],
) -> Result<(CausalContext, Vec<usize>), CrdtError> {
    const OVERFLOW: CrdtError = CrdtError::Malformed("counter is over 64 bits");
    let mut context = CausalContext::new();
    let mut unused = Vec::new();
    for (index, actor) in actors.iter().enumerate() {
        let count = reader.length()?;
        if count == 0 {
            unused.push(index);
        }
        let mut runs = Runs::default();
        let mut least = Some(1u64);
        for _ in 0..count {
            let (gap, more) = (reader.number()?, reader.number()?);
            let start = least.and_then(|least| least.checked_add(gap)).ok_or(OVERFLOW)?;
            let end = start.checked_add(more).ok_or(OVERFLOW)?;
            if !runs.push(start, end) {
                return Err(CrdtError::Malformed("runs are not apart"));
            }
            least = end.checked_add(2);
        }
        context.set_runs(actor.clone(), runs);
    }
    Ok((context, unused))
}

/// The number of actors, then per actor its index, the number of its dots and each dot's distance from the one
/// before. Not as runs: each live dot takes memory at the reader, so each must take a byte here.
fn put_dots(dots: &BTreeSet<Dot>, table: &Table<'_>, out: &mut Vec<u8>) {
    let dots: Vec<&Dot> = dots.iter().collect();
    let groups = || dots.chunk_by(|a, b| a.actor() == b.actor());
    put_length(groups().count(), out);
    for group in groups() {
        put_length(table.index(group[0].actor()), out);
        put_length(group.len(), out);
        let mut least = 1;
        for dot in group {
            put_number(dot.counter() - least, out);
            // Not used after the greatest counter: none follows.
            least = dot.counter().saturating_add(1);
        }
    }
}

fn take_dots(
    reader: &mut Reader<'_>,
    actors: &[ActorKey],
    mut each: impl FnMut(Dot) -> Result<(), CrdtError>,
) -> Result<(), CrdtError> {
    const EMPTY: CrdtError = CrdtError::Malformed("element without a dot");
    let groups = reader.length()?;
    if groups == 0 {
        return Err(EMPTY);
    }
    let mut last = None;
    for _ in 0..groups {
        let index = reader.index(actors.len())?;
        if last.is_some_and(|last| last >= index) {
            return Err(CrdtError::Malformed("actors of an element are not in order"));
        }
        last = Some(index);
        let count = reader.length()?;
        if count == 0 {
            return Err(EMPTY);
        }
        let mut least = Some(1u64);
        for _ in 0..count {
            let gap = reader.number()?;
            let counter = least
                .and_then(|least| least.checked_add(gap))
                .ok_or(CrdtError::Malformed("counter is over 64 bits"))?;
            each(Dot::new(actors[index].clone(), counter)?)?;
            least = counter.checked_add(1);
        }
    }
    Ok(())
}

/// Unsigned LEB128 in the fewest bytes.
fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    put_number(length as u64, out);
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CrdtError> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(CrdtError::Malformed("state is cut off"))?;
        self.0 = tail;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, CrdtError> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u64, CrdtError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(CrdtError::Malformed("integer is over 64 bits"));
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(CrdtError::Malformed("integer is not in its shortest form"));
                }
                return Ok(number);
            }
        }
        Err(CrdtError::Malformed("integer is over 64 bits"))
    }

    /// A number of things that take at least one byte each, so one above what is left is refused at once.
    fn length(&mut self) -> Result<usize, CrdtError> {
        let length = self.number()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.0.len())
            .ok_or(CrdtError::Malformed("state is cut off"))
    }

    fn index(&mut self, count: usize) -> Result<usize, CrdtError> {
        let index = self.number()?;
        usize::try_from(index)
            .ok()
            .filter(|index| *index < count)
            .ok_or(CrdtError::Malformed("no such actor"))
    }

    /// A value and its encoding.
    fn element(&mut self) -> Result<(Element, &'a [u8]), CrdtError> {
        let (element, length) = Element::decode_prefix(self.0)?;
        Ok((element, self.take(length)?))
    }
}
