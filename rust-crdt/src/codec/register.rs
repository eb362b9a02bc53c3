//! Bodies of registers.

use super::parts::{
    put_actor, put_context, put_stamp, put_unit, take_actor, take_context, take_flag, take_stamp, take_unit,
};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::lww::LwwRegister;
use crate::state::Kind;
use crate::wire::Reader;

canonical!(LwwRegister);

impl Body for LwwRegister {
    const KIND: Kind = Kind::LwwRegister;

    fn table(&self) -> Table<'_> {
        Table::of(self.context().actors().chain(self.actor()))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        let Some((key, element)) = self.winner() else {
            out.push(0);
            return;
        };
        out.push(1);
        put_context(self.context(), table, out);
        put_stamp(self.unit(), key.stamp(), out);
        put_actor(key.actor(), table, out);
        element.encode_into(out);
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        if !take_flag(reader)? {
            return Ok(Self::with_unit(unit));
        }
        // Only the winner's actor may be without a dot: its write then came with a stamp from outside.
        let context = take_context(reader, actors)?;
        let stamp = take_stamp(unit, reader)?;
        let actor = take_actor(reader, actors)?;
        let (element, encoded) = reader.element()?;
        Ok(Self::from_parts(unit, stamp, actor, element, encoded, context))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other).map(drop)
    }
}
