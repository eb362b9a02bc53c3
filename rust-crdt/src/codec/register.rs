//! Bodies of registers.

use super::parts::{
    put_actor, put_clock, put_context, put_dot, put_float, put_stamp, put_text, put_unit, take_actor,
    take_clock, take_context, take_dot, take_elements, take_flag, take_float, take_stamp, take_text,
    take_unit,
};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::lww::LwwRegister;
use crate::lww_map::{Entry, LwwMap};
use crate::lww_numeric::{LwwNumericRegister, NumericMode};
use crate::mv_register::{MAX_CLOCKS, MvRegister, Rank};
use crate::sorted::SortedMap;
use crate::state::Kind;
use crate::time::Finite;
use crate::wire::{Reader, put_length, put_number};

canonical!(LwwMap, LwwNumericRegister, LwwRegister, MvRegister);

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

impl Body for LwwNumericRegister {
    const KIND: Kind = Kind::LwwNumericRegister;

    fn table(&self) -> Table<'_> {
        Table::of(self.writer())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        out.push(u8::from(self.mode() == NumericMode::Greatest));
        out.push(u8::from(self.has_value()));
        let Some(stamp) = self.stamp() else { return };
        put_float(self.number(), out);
        put_stamp(self.unit(), stamp, out);
        out.push(u8::from(self.writer().is_some()));
        if let Some(writer) = self.writer() {
            put_actor(writer, table, out);
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        let mode = if take_flag(reader)? { NumericMode::Greatest } else { NumericMode::Last };
        let mut register = Self::with_unit(mode, unit);
        if take_flag(reader)? {
            let number: Finite = take_float(reader)?;
            let stamp = take_stamp(unit, reader)?;
            let writer = if take_flag(reader)? { Some(take_actor(reader, actors)?) } else { None };
            register.set_at(number.to_f64(), stamp, writer)?;
        }
        Ok(register)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other).map(drop)
    }
}

impl Body for LwwMap {
    const KIND: Kind = Kind::LwwMap;

    fn table(&self) -> Table<'_> {
        Table::of(self.context().actors().chain(self.entries().map(|(_, entry)| entry.key().actor())))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        put_context(self.context(), table, out);
        put_length(self.entries().len(), out);
        for (key, entry) in self.entries() {
            put_text(key, out);
            put_stamp(self.unit(), entry.key().stamp(), out);
            put_actor(entry.key().actor(), table, out);
            put_number(entry.counter().unwrap_or(0), out);
            out.push(u8::from(entry.element().is_some()));
            if let Some(element) = entry.element() {
                element.encode_into(out);
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        let mut map = Self::with_context(unit, take_context(reader, actors)?);
        let mut last: Option<&str> = None;
        for _ in 0..reader.length()? {
            let key = take_text(reader)?;
            if last.is_some_and(|last| last >= key) {
                return Err(CrdtError::Malformed("keys are not in order"));
            }
            last = Some(key);
            let stamp = take_stamp(unit, reader)?;
            let actor = take_actor(reader, actors)?;
            let counter = Some(reader.number()?).filter(|counter| *counter > 0);
            let element = if take_flag(reader)? { Some(reader.element()?) } else { None };
            if !map.insert(key, Entry::new(stamp, actor, element, counter)) {
                return Err(CrdtError::Malformed("dot of two keys, or outside the context"));
            }
        }
        Ok(map)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

impl Body for MvRegister {
    const KIND: Kind = Kind::MvRegister;

    fn table(&self) -> Table<'_> {
        // Every live dot is in the context.
        let clocks = self.clocked().keys().flat_map(|clock| clock.0.nodes());
        Table::of(self.context().actors().chain(clocks))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        put_context(self.context(), table, out);
        put_length(self.dotted().len(), out);
        for (dot, element) in self.dotted() {
            put_dot(dot, table, out);
            element.encode_into(out);
        }
        put_length(self.clocked().len(), out);
        for (clock, values) in self.clocked() {
            put_clock(&clock.0, table, out);
            put_length(values.len(), out);
            for (element, replaced) in values {
                element.encode_into(out);
                out.push(u8::from(*replaced));
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let mut register = Self::with_context(take_context(reader, actors)?);
        let mut last = None;
        for _ in 0..reader.length()? {
            let dot = take_dot(reader, actors)?;
            if last.as_ref().is_some_and(|last| *last >= dot) {
                return Err(CrdtError::Malformed("dots are not in order"));
            }
            last = Some(dot.clone());
            if !register.insert_dot(dot, reader.element()?.0) {
                return Err(CrdtError::Malformed("dot outside the context"));
            }
        }
        let mut clocked = SortedMap::new();
        let count = reader.length()?;
        if count > MAX_CLOCKS {
            return Err(CrdtError::TooMany { limit: MAX_CLOCKS });
        }
        for _ in 0..count {
            let clock = Rank(take_clock(reader, actors)?);
            if clocked.last_key_value().is_some_and(|(last, _)| *last >= clock) {
                return Err(CrdtError::Malformed("clocks are not in order"));
            }
            let mut values = SortedMap::new();
            take_elements(reader, |reader, element| {
                values.insert(element, take_flag(reader)?);
                Ok(())
            })?;
            if values.is_empty() {
                return Err(CrdtError::Malformed("clock without a value"));
            }
            clocked.insert(clock, values);
        }
        if !register.set_clocked(clocked)? {
            return Err(CrdtError::Malformed("clock below another"));
        }
        Ok(register)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}
