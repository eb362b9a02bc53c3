//! Bodies of sets.

use super::parts::{put_context, put_dots, take_context, take_dots, take_elements};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::or_set::OrSet;
use crate::state::Kind;
use crate::wire::{Reader, put_length};

canonical!(OrSet);

impl Body for OrSet {
    const KIND: Kind = Kind::OrSet;

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
        let mut set = Self::with_context(take_context(reader, actors)?);
        take_elements(reader, |reader, element| {
            take_dots(reader, actors, |dot| {
                if !set.context().contains(&dot) {
                    return Err(CrdtError::Malformed("dot outside the context"));
                }
                if !set.insert_live(dot, element.clone()) {
                    return Err(CrdtError::Malformed("dot of two elements"));
                }
                Ok(())
            })
        })?;
        Ok(set)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}
