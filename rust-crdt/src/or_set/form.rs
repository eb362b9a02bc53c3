//! The elements and dots of a set in the canonical encoding.

use std::sync::Arc;

use chrysalis_store::chunk::{ChunkBuilder, Content};
use chrysalis_store::store::Store;

use super::OrSet;
use crate::actor::ActorKey;
use crate::codec::Table;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::runs::Runs;
use crate::sorted::sort;
use crate::wire::{Reader, put_length, put_number};

/// The bytes of an element, and a copy that its dots share when there are several.
type Shared<'a> = (&'a [u8], Option<Arc<[u8]>>);

/// Appends the elements in the order of their encodings, each with its dots.
pub(crate) fn put(set: &OrSet, table: &Table<'_>, out: &mut Vec<u8>) {
    let store = &set.store;
    let actor_of_slot = store.numbered_slots(|actor| table.index(actor));
    let heads = store.sorted_heads();
    put_length(heads.len(), out);
    let mut dots = Vec::new();
    for head in heads {
        out.extend_from_slice(store.element(head));
        dots.clear();
        for handle in std::iter::once(head).chain(store.others(head)) {
            dots.push((actor_of_slot[store.slot_of(handle)], store.dot(handle).1));
        }
        sort(&mut dots);
        put_dots(&dots, out);
    }
}

/// Reads the elements of a set with this context.
pub(crate) fn take(
    context: CausalContext,
    reader: &mut Reader<'_>,
    actors: &[ActorKey],
) -> Result<OrSet, CrdtError> {
    let known: Vec<Option<&Runs>> = actors.iter().map(|actor| context.runs_of(actor)).collect();
    let mut live: Vec<(usize, u64, usize)> = Vec::new();
    let mut elements: Vec<Shared<'_>> = Vec::new();
    for at in 0..reader.length()? {
        let element = reader.encoded()?;
        if elements.last().is_some_and(|(last, _)| *last >= element) {
            return Err(CrdtError::Malformed("elements are not in order"));
        }
        let before = live.len();
        take_dots(reader, actors.len(), |actor, counter| {
            if !known[actor].is_some_and(|runs| runs.contains(counter)) {
                return Err(CrdtError::Malformed("dot outside the context"));
            }
            live.push((actor, counter, at));
            Ok(())
        })?;
        // A long element with many dots must not take the memory of many long elements.
        elements.push((element, (live.len() - before > 1).then(|| element.into())));
    }
    live.sort_unstable();
    if live.windows(2).any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
        return Err(CrdtError::Malformed("dot of two elements"));
    }
    let store = build(&live, &elements, actors)?;
    Ok(OrSet { store, context })
}

/// The store of dots (actor, counter, element) in ascending order.
fn build(
    live: &[(usize, u64, usize)],
    elements: &[Shared<'_>],
    actors: &[ActorKey],
) -> Result<Store, CrdtError> {
    let mut store = Store::new();
    store.reserve(elements.len());
    for dots in live.chunk_by(|a, b| a.0 == b.0) {
        let actor = &actors[dots[0].0];
        let mut builder = ChunkBuilder::default();
        for (_, counter, element) in dots {
            let (bytes, shared) = &elements[*element];
            let content = shared.as_ref().map_or(Content::Plain(bytes), Content::Shared);
            if let Some((number, chunk)) = builder.push(*counter, content) {
                store.put_linked(actor, number, chunk)?;
            }
        }
        if let Some((number, chunk)) = builder.finish() {
            store.put_linked(actor, number, chunk)?;
        }
    }
    Ok(store)
}

/// The number of actors, then per actor its index, the number of its dots and each dot's distance from the one
/// before. Not as runs: each live dot takes memory at the reader, so each must take a byte here.
fn put_dots(dots: &[(usize, u64)], out: &mut Vec<u8>) {
    let groups = || dots.chunk_by(|a, b| a.0 == b.0);
    put_length(groups().count(), out);
    for group in groups() {
        put_length(group[0].0, out);
        put_length(group.len(), out);
        let mut least = 1;
        for (_, counter) in group {
            put_number(counter - least, out);
            // Not used after the greatest counter: none follows.
            least = counter.saturating_add(1);
        }
    }
}

fn take_dots(
    reader: &mut Reader<'_>,
    actors: usize,
    mut each: impl FnMut(usize, u64) -> Result<(), CrdtError>,
) -> Result<(), CrdtError> {
    const EMPTY: CrdtError = CrdtError::Malformed("element without a dot");
    let groups = reader.length()?;
    if groups == 0 {
        return Err(EMPTY);
    }
    let mut last = None;
    for _ in 0..groups {
        let index = reader.index(actors)?;
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
            each(index, counter)?;
            least = counter.checked_add(1);
        }
    }
    Ok(())
}
