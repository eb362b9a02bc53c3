//! The elements of a packed set: each as what it adds to the one before.

use crate::actor::ActorKey;
use crate::cbor;
use crate::chunk::{ChunkBuilder, Content, SPAN};
use crate::error::CrdtError;
use crate::runs::Runs;
use crate::store::Store;
use crate::wire::{Reader, put_length};

/// How many bytes of elements one byte of the encoding may stand for; a set that is denser is sent in canonical form.
pub const MAX_EXPANSION: usize = 16;
/// What a chunk of 64 counters counts there beside its elements, however few: the memory that it takes.
pub const CHUNK_COST: usize = 128;

/// Writes an element: how many bytes it begins with that the one before begins with, then the length of the rest, and the
/// rest.
pub fn put_element(element: &[u8], before: &[u8], out: &mut Vec<u8>) {
    let shared = element.iter().zip(before).take_while(|(a, b)| a == b).count();
    put_length(shared, out);
    put_length(element.len() - shared, out);
    out.extend_from_slice(&element[shared..]);
}

/// Reads the elements of all actors, one behind the other.
pub struct Elements {
    element: Vec<u8>,
    /// How many bytes of elements and chunks are still allowed.
    rest: usize,
}

impl Elements {
    /// For an encoding of so many bytes.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self { element: Vec::new(), rest: length.saturating_mul(MAX_EXPANSION) }
    }

    /// Reads the elements of an actor's live dots into a store, whose index is left to the caller.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for elements that are not written as [`put_element`] writes them or are too dense, and the
    /// errors of values; [`CrdtError::TooMany`] for more chunks than a store has room for.
    pub fn take(
        &mut self,
        reader: &mut Reader<'_>,
        actor: &ActorKey,
        alive: &Runs,
        store: &mut Store,
    ) -> Result<(), CrdtError> {
        let mut put = |chunk| {
            if let Some((number, chunk)) = chunk {
                store.check_room(1)?;
                store.put_chunk(actor, number, chunk);
            }
            Ok::<_, CrdtError>(())
        };
        let mut builder = ChunkBuilder::default();
        let mut last = None;
        for (start, end) in alive.iter() {
            // Each costs at least two bytes, so a run that is longer than the input ends with an error.
            for counter in start..=end {
                take_element(reader, &mut self.element)?;
                let is_new = last.replace(counter / SPAN) != Some(counter / SPAN);
                let cost = self.element.len() + if is_new { CHUNK_COST } else { 0 };
                self.rest =
                    self.rest.checked_sub(cost).ok_or(CrdtError::Malformed("elements are too dense"))?;
                put(builder.push(counter, Content::Plain(&self.element)))?;
            }
        }
        put(builder.finish())
    }
}

/// Turns the element before into the next one.
fn take_element(reader: &mut Reader<'_>, element: &mut Vec<u8>) -> Result<(), CrdtError> {
    let shared = reader.number()?;
    let shared = usize::try_from(shared).ok().filter(|shared| *shared <= element.len());
    let shared = shared.ok_or(CrdtError::Malformed("element shares more than there is"))?;
    let length = reader.length()?;
    let rest = reader.take(length)?;
    if rest.first().is_some_and(|first| element.get(shared) == Some(first)) {
        return Err(CrdtError::Malformed("element shares less than it could"));
    }
    element.truncate(shared);
    element.extend_from_slice(rest);
    if cbor::check_prefix(element)?.len() != element.len() {
        return Err(CrdtError::Malformed("bytes after the value"));
    }
    Ok(())
}
