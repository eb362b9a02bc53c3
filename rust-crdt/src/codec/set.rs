//! Bodies of sets.

use super::parts::{put_context, take_context};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::or_set::{OrSet, form};
use crate::state::Kind;
use crate::wire::Reader;

canonical!(OrSet);

impl Body for OrSet {
    const KIND: Kind = Kind::OrSet;

    fn table(&self) -> Table<'_> {
        // Every live dot is in the context.
        self.context().table()
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_context(self.context(), table, out);
        form::put(self, table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        form::take(take_context(reader, actors)?, reader, actors)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}
