//! Shapes of maps and of registers with several values.

use super::parts::{
    put_actor, put_context, put_counts, put_dot, put_element, take_actor, take_context, take_counts,
    take_dot, take_element,
};
use super::register::{put_stamp, take_stamp};
use super::{Import, Json, JsonState, Record, invalid};
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::element::Element;
use crate::error::CrdtError;
use crate::lww_map::{Entry, LwwMap};
use crate::mv_register::{MvRegister, Rank};
use crate::sorted::SortedMap;
use crate::time::ClockUnit;

/// `{"entries":{key:{"value","timestamp","logical","nodeId","counter","removed"}},"context":{…}}`. A removal has the value
/// `null` and `"removed":true`; the counter is that of the write's dot, or `null`. Also read: entries of value,
/// timestamp and `nodeId` or `writer` alone, without a context.
impl JsonState for LwwMap {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut entries = Vec::new();
        for (key, entry) in self.entries() {
            let (timestamp, logical) = put_stamp(self.unit(), entry.key().stamp())?;
            let record = Json::record([
                ("value", entry.element().map_or(Ok(Json::Null), put_element)?),
                ("timestamp", timestamp),
                ("logical", logical),
                ("nodeId", put_actor(entry.key().actor())),
                ("counter", entry.counter().map_or(Ok(Json::Null), Json::count)?),
                ("removed", Json::from(entry.element().is_none())),
            ]);
            entries.push((key.to_owned(), record));
        }
        Ok(Json::record([("entries", Json::Object(entries)), ("context", put_context(self.context())?)]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["entries", "context"])?;
        let entries = record.field("entries")?.as_object().ok_or(invalid("not an object"))?;
        let context = record.optional("context").map_or(Ok(CausalContext::new()), take_context)?;
        let writers =
            entries.iter().any(|(_, entry)| Record::new(entry).is_ok_and(|entry| entry.has("writer")));
        let unit = import.unit_or(match (record.has("context"), writers) {
            (true, _) => None,
            (false, true) => Some(ClockUnit::Seconds),
            (false, false) => Some(ClockUnit::Milliseconds),
        })?;
        let mut map = Self::with_context(unit, context);
        for (key, json) in entries {
            if !map.insert(key, take_entry(unit, json)?) {
                return Err(invalid("dot of two keys, or outside the context"));
            }
        }
        Ok(map)
    }
}

fn take_entry(unit: ClockUnit, json: &Json) -> Result<Entry, CrdtError> {
    const FIELDS: [&str; 7] = ["value", "timestamp", "logical", "nodeId", "writer", "counter", "removed"];
    let record = Record::new(json)?.only(&FIELDS)?;
    let actor = match (record.optional("nodeId"), record.optional("writer")) {
        (Some(actor), None) | (None, Some(actor)) => take_actor(actor)?,
        _ => return Err(invalid("not one of nodeId and writer")),
    };
    let stamp = take_stamp(unit, record.field("timestamp")?, record.optional("logical"))?;
    let value = record.field("value")?;
    let taken = match record.optional("removed") {
        None | Some(Json::Bool(false)) => Some(take_element(value)?),
        Some(Json::Bool(true)) if *value == Json::Null => None,
        Some(_) => return Err(invalid("removed is not true or false, or has a value")),
    };
    let element = taken.as_ref().map(|(element, encoded)| (element.clone(), &encoded[..]));
    let counter = record.present("counter").map(Json::to_counter).transpose()?;
    Ok(Entry::new(stamp, actor, element, counter))
}

/// `{"values":[{"value","clock":{…}|null,"dot":["a",3]|null}],"resolved":[{"value","clock"}],"context":{…}}`, where
/// `resolved` lists the values with a clock that a write has replaced; also read: values with clocks alone.
impl JsonState for MvRegister {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let (mut values, mut resolved) = (Vec::new(), Vec::new());
        for (dot, element) in self.dotted() {
            let value = put_element(element)?;
            values.push(Json::record([("value", value), ("clock", Json::Null), ("dot", put_dot(dot)?)]));
        }
        for (clock, elements) in self.clocked() {
            for (element, replaced) in elements {
                let (value, clock) = (put_element(element)?, put_counts(&clock.0)?);
                if *replaced {
                    resolved.push(Json::record([("value", value), ("clock", clock)]));
                } else {
                    values.push(Json::record([("value", value), ("clock", clock), ("dot", Json::Null)]));
                }
            }
        }
        Ok(Json::record([
            ("values", Json::Array(values)),
            ("resolved", Json::Array(resolved)),
            ("context", put_context(self.context())?),
        ]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["values", "resolved", "context"])?;
        let context = record.optional("context").map_or(Ok(CausalContext::new()), take_context)?;
        let mut register = Self::with_context(context);
        let mut clocked: SortedMap<Rank, SortedMap<Element, bool>> = SortedMap::new();
        let mut insert = |clock: VectorClock, element, replaced| {
            let twice = clocked.get_or_default(Rank(clock)).insert(element, replaced).is_some();
            if twice { Err(invalid("a pair of clock and value twice")) } else { Ok(()) }
        };
        for item in record.items("values")? {
            let item = Record::new(item)?.only(&["value", "clock", "dot"])?;
            let (element, _) = take_element(item.field("value")?)?;
            match (item.present("clock"), item.present("dot")) {
                (Some(clock), None) => insert(take_counts(clock)?, element, false)?,
                (None, Some(dot)) if register.insert_dot(take_dot(dot)?, element) => {}
                _ => return Err(invalid("not one of clock and dot, or a dot twice or outside the context")),
            }
        }
        for item in record.present("resolved").map_or(Ok(&[][..]), Json::to_items)? {
            let item = Record::new(item)?.only(&["value", "clock"])?;
            insert(take_counts(item.field("clock")?)?, take_element(item.field("value")?)?.0, true)?;
        }
        // Older writers kept dominated pairs at times; they go, as in any merge.
        register.set_clocked(clocked)?;
        Ok(register)
    }
}
