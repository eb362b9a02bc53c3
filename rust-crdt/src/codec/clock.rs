//! Bodies of clocks and contexts.

use super::parts::{put_context, put_counts, take_context, take_counts};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::state::Kind;
use crate::wire::Reader;

canonical!(VectorClock, CausalContext);

impl Body for VectorClock {
    const KIND: Kind = Kind::VectorClock;

    fn table(&self) -> Table<'_> {
        Table::of_ordered(self.nodes())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_counts(self, table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        take_counts(reader, actors)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other);
        Ok(())
    }
}

impl Body for CausalContext {
    const KIND: Kind = Kind::CausalContext;

    fn table(&self) -> Table<'_> {
        Table::of_ordered(self.actors())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_context(self, table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        take_context(reader, actors)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other);
        Ok(())
    }
}
