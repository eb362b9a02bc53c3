//! Bodies of counters.

use super::parts::{put_counts, take_counts};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::counter::{GCounter, PnCounter};
use crate::error::CrdtError;
use crate::state::Kind;
use crate::wire::Reader;

canonical!(GCounter, PnCounter);

impl Body for GCounter {
    const KIND: Kind = Kind::GCounter;

    fn table(&self) -> Table<'_> {
        Table::of_ordered(self.counts().nodes())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_counts(self.counts(), table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        take_counts(reader, actors).map(Self::from_counts)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other);
        Ok(())
    }
}

impl Body for PnCounter {
    const KIND: Kind = Kind::PnCounter;

    fn table(&self) -> Table<'_> {
        Table::of(self.positive().counts().nodes().chain(self.negative().counts().nodes()))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_counts(self.positive().counts(), table, out);
        put_counts(self.negative().counts(), table, out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let positive = GCounter::take(reader, actors)?;
        Ok(Self::from_parts(positive, GCounter::take(reader, actors)?))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other);
        Ok(())
    }
}
