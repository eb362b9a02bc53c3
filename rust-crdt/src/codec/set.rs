//! Bodies of sets.

use super::parts::{
    put_actor, put_clock, put_context, put_stamp, put_text, put_unit, take_actor, take_clock, take_context,
    take_elements, take_flag, take_stamp, take_text, take_unit,
};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::element::Element;
use crate::error::CrdtError;
use crate::g_set::{GSet, Metadata};
use crate::lww_element_set::{LwwElementSet, Times};
use crate::or_set::{OrSet, form};
use crate::sorted::{SortedMap, SortedSet};
use crate::state::Kind;
use crate::two_phase_set::TwoPhaseSet;
use crate::wire::{Reader, put_length, put_number};

canonical!(GSet, LwwElementSet, OrSet, TwoPhaseSet);

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

impl Body for GSet {
    const KIND: Kind = Kind::GSet;

    fn table(&self) -> Table<'_> {
        let metadata = self.entries().filter_map(|(_, metadata)| metadata);
        Table::of(metadata.flat_map(|metadata| metadata.vector_clock.nodes().chain([&metadata.writer])))
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        let any = self.entries().any(|(_, metadata)| metadata.is_some());
        out.push(u8::from(any));
        put_length(self.len(), out);
        for (element, metadata) in self.entries() {
            element.encode_into(out);
            if any {
                out.push(u8::from(metadata.is_some()));
            }
            if let Some(metadata) = metadata {
                put_metadata(metadata, table, out);
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let any = take_flag(reader)?;
        let mut entries = SortedMap::new();
        take_elements(reader, |reader, element| {
            let has = any && take_flag(reader)?;
            let metadata = if has { Some(Box::new(take_metadata(reader, actors)?)) } else { None };
            entries.insert(element, metadata);
            Ok(())
        })?;
        if any && entries.values().all(Option::is_none) {
            return Err(CrdtError::Malformed("flag of metadata without any"));
        }
        Ok(Self::from_entries(entries))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

fn put_metadata(metadata: &Metadata, table: &Table<'_>, out: &mut Vec<u8>) {
    put_unit(metadata.unit, out);
    put_stamp(metadata.unit, metadata.stamp, out);
    put_actor(&metadata.writer, table, out);
    put_number(metadata.lamport_time, out);
    out.push(u8::from(metadata.operation_id.is_some()));
    if let Some(id) = &metadata.operation_id {
        put_text(id, out);
    }
    put_clock(&metadata.vector_clock, table, out);
}

fn take_metadata(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Metadata, CrdtError> {
    let unit = take_unit(reader)?;
    Ok(Metadata {
        unit,
        stamp: take_stamp(unit, reader)?,
        writer: take_actor(reader, actors)?,
        lamport_time: reader.number()?,
        operation_id: if take_flag(reader)? { Some(take_text(reader)?.to_owned()) } else { None },
        vector_clock: take_clock(reader, actors)?,
    })
}

impl Body for TwoPhaseSet {
    const KIND: Kind = Kind::TwoPhaseSet;

    fn table(&self) -> Table<'_> {
        Table::of([])
    }

    fn put(&self, _: &Table<'_>, out: &mut Vec<u8>) {
        let (added, removed) = self.parts();
        for elements in [added, removed] {
            put_length(elements.len(), out);
            elements.iter().for_each(|element| element.encode_into(out));
        }
    }

    fn take(reader: &mut Reader<'_>, _: &[ActorKey]) -> Result<Self, CrdtError> {
        let added = take_plain(reader)?;
        Ok(Self::from_parts(added, take_plain(reader)?))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other);
        Ok(())
    }
}

fn take_plain(reader: &mut Reader<'_>) -> Result<SortedSet<Element>, CrdtError> {
    let mut elements = SortedSet::new();
    take_elements(reader, |_, element| {
        elements.insert(element);
        Ok(())
    })?;
    Ok(elements)
}

impl Body for LwwElementSet {
    const KIND: Kind = Kind::LwwElementSet;

    fn table(&self) -> Table<'_> {
        Table::of([])
    }

    fn put(&self, _: &Table<'_>, out: &mut Vec<u8>) {
        put_unit(self.unit(), out);
        put_length(self.entries().len(), out);
        for (element, times) in self.entries() {
            element.encode_into(out);
            put_stamp(self.unit(), times.added, out);
            out.push(u8::from(times.removed.is_some()));
            if let Some(removed) = times.removed {
                put_stamp(self.unit(), removed, out);
            }
        }
    }

    fn take(reader: &mut Reader<'_>, _: &[ActorKey]) -> Result<Self, CrdtError> {
        let unit = take_unit(reader)?;
        let mut set = Self::with_unit(unit);
        take_elements(reader, |reader, element| {
            let added = take_stamp(unit, reader)?;
            let removed = if take_flag(reader)? { Some(take_stamp(unit, reader)?) } else { None };
            set.insert(element, Times { added, removed })
        })?;
        Ok(set)
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}
