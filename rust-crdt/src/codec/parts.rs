//! The parts that bodies are made of.

use super::Table;
use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::dot::Dot;
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::runs::Runs;
use crate::time::{ClockUnit, Finite};
use crate::wire::{Reader, put_length, put_number};

/// The runs of each actor of the table.
pub(crate) fn put_context(context: &CausalContext, table: &Table<'_>, out: &mut Vec<u8>) {
    for actor in table.iter() {
        let Some(runs) = context.runs_of(actor) else {
            put_length(0, out);
            continue;
        };
        put_runs(runs, out);
    }
}

/// The context; actors without a run are left out.
pub(crate) fn take_context(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<CausalContext, CrdtError> {
    let mut context = CausalContext::new();
    for actor in actors {
        context.set_runs(actor.clone(), take_runs(reader)?);
    }
    Ok(context)
}

/// The number of runs, then per run the gap before it and its length, both less what they are at least.
pub(crate) fn put_runs(runs: &Runs, out: &mut Vec<u8>) {
    put_length(runs.iter().len(), out);
    let mut least = 1;
    for (start, end) in runs.iter() {
        put_number(start - least, out);
        put_number(end - start, out);
        // Not used after a run that ends at the greatest counter: none follows.
        least = end.saturating_add(2);
    }
}

pub(crate) fn take_runs(reader: &mut Reader<'_>) -> Result<Runs, CrdtError> {
    const OVERFLOW: CrdtError = CrdtError::Malformed("counter is over 64 bits");
    let mut runs = Runs::default();
    let mut least = Some(1u64);
    for _ in 0..reader.length()? {
        let (gap, more) = (reader.number()?, reader.number()?);
        let start = least.and_then(|least| least.checked_add(gap)).ok_or(OVERFLOW)?;
        let end = start.checked_add(more).ok_or(OVERFLOW)?;
        if !runs.push(start, end) {
            return Err(CrdtError::Malformed("runs are not apart"));
        }
        least = end.checked_add(2);
    }
    Ok(runs)
}

/// Per actor of the table: its count, 0 when it has none. For the clock that most actors of a message are in.
pub(crate) fn put_counts(clock: &VectorClock, table: &Table<'_>, out: &mut Vec<u8>) {
    for actor in table.iter() {
        put_number(clock.get(actor), out);
    }
}

pub(crate) fn take_counts(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<VectorClock, CrdtError> {
    actors.iter().map(|actor| Ok((actor.clone(), reader.number()?))).collect()
}

/// The number of entries, then per entry the actor's index and the count less one. For the clock of an element.
pub(crate) fn put_clock(clock: &VectorClock, table: &Table<'_>, out: &mut Vec<u8>) {
    put_length(clock.iter().len(), out);
    for (actor, count) in clock.iter() {
        put_length(table.index(actor), out);
        put_number(count - 1, out);
    }
}

pub(crate) fn take_clock(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<VectorClock, CrdtError> {
    let mut entries = Vec::new();
    let mut last = None;
    for _ in 0..reader.length()? {
        let index = reader.index(actors.len())?;
        if last.is_some_and(|last| last >= index) {
            return Err(CrdtError::Malformed("actors of a clock are not in order"));
        }
        last = Some(index);
        let count = reader.number()?.checked_add(1).ok_or(CrdtError::Malformed("counter is over 64 bits"))?;
        entries.push((actors[index].clone(), count));
    }
    Ok(entries.into_iter().collect())
}

/// An actor, by its index.
pub(crate) fn put_actor(actor: &ActorKey, table: &Table<'_>, out: &mut Vec<u8>) {
    put_length(table.index(actor), out);
}

pub(crate) fn take_actor(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<ActorKey, CrdtError> {
    Ok(actors[reader.index(actors.len())?].clone())
}

/// An actor's index and the counter less one.
pub(crate) fn put_dot(dot: &Dot, table: &Table<'_>, out: &mut Vec<u8>) {
    put_actor(dot.actor(), table, out);
    put_number(dot.counter() - 1, out);
}

pub(crate) fn take_dot(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Dot, CrdtError> {
    let actor = take_actor(reader, actors)?;
    let counter = reader.number()?.checked_add(1).ok_or(CrdtError::Malformed("counter is over 64 bits"))?;
    Dot::new(actor, counter)
}

/// One byte: the unit of all stamps of a state.
pub(crate) fn put_unit(unit: ClockUnit, out: &mut Vec<u8>) {
    out.push(unit.to_byte());
}

pub(crate) fn take_unit(reader: &mut Reader<'_>) -> Result<ClockUnit, CrdtError> {
    ClockUnit::from_byte(reader.byte()?).ok_or(CrdtError::Malformed("unknown clock"))
}

/// A stamp, in the form of its unit: two numbers, eight bytes of a float, or one number.
pub(crate) fn put_stamp(unit: ClockUnit, stamp: Stamp, out: &mut Vec<u8>) {
    match unit {
        ClockUnit::Hybrid => {
            put_number(stamp.ms(), out);
            put_number(u64::from(stamp.logical()), out);
        }
        ClockUnit::Milliseconds | ClockUnit::Seconds => put_float(Finite::from_order(stamp.to_bits()), out),
        ClockUnit::Lamport => put_number(stamp.to_bits(), out),
    }
}

pub(crate) fn take_stamp(unit: ClockUnit, reader: &mut Reader<'_>) -> Result<Stamp, CrdtError> {
    match unit {
        ClockUnit::Hybrid => {
            let ms = reader.number()?;
            let logical = u16::try_from(reader.number()?)
                .map_err(|_| CrdtError::Malformed("logical time is over 16 bits"))?;
            Stamp::new(ms, logical).map_err(|_| CrdtError::Malformed("time is over 48 bits"))
        }
        ClockUnit::Milliseconds | ClockUnit::Seconds => Ok(Stamp::from_bits(take_float(reader)?.to_order())),
        ClockUnit::Lamport => Ok(Stamp::from_bits(reader.number()?)),
    }
}

/// Eight bytes: IEEE 754 binary64, little-endian.
pub(crate) fn put_float(number: Finite, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_f64().to_le_bytes());
}

pub(crate) fn take_float(reader: &mut Reader<'_>) -> Result<Finite, CrdtError> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(reader.take(8)?);
    let number = f64::from_le_bytes(bytes);
    if number == 0.0 && number.is_sign_negative() {
        return Err(CrdtError::Malformed("negative zero"));
    }
    Finite::new(number).map_err(|_| CrdtError::Malformed("number is not finite"))
}

/// A length, then as many bytes of UTF-8.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn take_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, CrdtError> {
    let length = reader.length()?;
    str::from_utf8(reader.take(length)?).map_err(|_| CrdtError::Malformed("text is not UTF-8"))
}

/// A byte that is 0 or 1.
pub(crate) fn take_flag(reader: &mut Reader<'_>) -> Result<bool, CrdtError> {
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(CrdtError::Malformed("flag is not 0 or 1")),
    }
}

/// Elements in strictly ascending order of their encodings, each followed by what `rest` reads.
pub(crate) fn take_elements<'a>(
    reader: &mut Reader<'a>,
    mut rest: impl FnMut(&mut Reader<'a>, Element) -> Result<(), CrdtError>,
) -> Result<(), CrdtError> {
    let mut last: Option<Element> = None;
    for _ in 0..reader.length()? {
        let (element, _) = reader.element()?;
        if last.is_some_and(|last| last >= element) {
            return Err(CrdtError::Malformed("elements are not in order"));
        }
        rest(reader, element.clone())?;
        last = Some(element);
    }
    Ok(())
}
