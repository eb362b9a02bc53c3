//! Shapes of sets.

use super::parts::{
    put_actor, put_context, put_counts, put_dot, put_element, put_value, take_actor, take_context,
    take_counts, take_dot, take_element, take_value,
};
use super::register::{put_stamp, take_stamp};
use super::{Import, Json, JsonState, Record, invalid};
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::dot::Dot;
use crate::element::Element;
use crate::error::CrdtError;
use crate::g_set::{GSet, Metadata};
use crate::lww_element_set::{LwwElementSet, Times};
use crate::or_set::OrSet;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::ClockUnit;
use crate::two_phase_set::TwoPhaseSet;

/// `{"elements":[{"value":v,"dots":[["a",3]]}],"context":{…}}`; also read: `{"elements":{"e":["tag"]},"tag_counter",
/// "instance_id"}` and `{"elements":[{"value","tag"}],"tombstones":["tag"]}`.
impl JsonState for OrSet {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut elements = Vec::new();
        for value in self.elements() {
            let dots = self.tags(&value).map(|dot| put_dot(&dot)).collect::<Result<_, _>>()?;
            elements.push(Json::record([("value", put_value(&value)?), ("dots", Json::Array(dots))]));
        }
        Ok(Json::record([("elements", Json::Array(elements)), ("context", put_context(self.context())?)]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        if record.has("context") {
            return current(record.only(&["elements", "context"])?);
        }
        let mut set = Self::new();
        match record.field("elements")? {
            Json::Object(elements) => {
                record.only(&["elements", "tag_counter", "instance_id"])?;
                for (name, tags) in elements {
                    for tag in tags.to_items()? {
                        set.add_dot(&Dot::of_legacy_tag(text(tag)?), name.as_str())?;
                    }
                }
            }
            Json::Array(elements) => {
                record.only(&["elements", "tombstones"])?;
                let mut removed = CausalContext::new();
                for tag in record.items("tombstones")? {
                    removed.insert(&Dot::of_legacy_tag(text(tag)?));
                }
                for element in elements {
                    let element = Record::new(element)?.only(&["value", "tag"])?;
                    let value = take_value(element.field("value")?)?;
                    set.add_dot(&Dot::of_legacy_tag(element.text("tag")?), value)?;
                }
                set.merge(&Self::with_context(removed))?;
            }
            _ => return Err(invalid("elements are not a list or an object")),
        }
        Ok(set)
    }
}

fn current(record: Record<'_>) -> Result<OrSet, CrdtError> {
    let mut set = OrSet::with_context(take_context(record.field("context")?)?);
    for entry in record.items("elements")? {
        let entry = Record::new(entry)?.only(&["value", "dots"])?;
        let (element, encoded) = take_element(entry.field("value")?)?;
        let dots = entry.items("dots")?;
        if dots.is_empty() || set.contains(element.value()) {
            return Err(invalid("element without a dot, or twice"));
        }
        for dot in dots {
            let dot = take_dot(dot)?;
            if !set.context().contains(&dot) || !set.insert_live(&dot, &encoded)? {
                return Err(invalid("dot outside the context, or of two elements"));
            }
        }
    }
    Ok(set)
}

fn text(json: &Json) -> Result<&str, CrdtError> {
    json.as_text().ok_or(invalid("tag is not a text"))
}

/// `{"elements":[v]}`, where an element with metadata is `{"value":v,"metadata":{…}}` and then every one is such an object
/// (`"metadata":null` where it has none); also read: an array, and `{"elements":[{"id","value"}]}` of envelope 1.0.0.
impl JsonState for GSet {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let any = self.entries().any(|(_, metadata)| metadata.is_some());
        let mut elements = Vec::new();
        for (element, metadata) in self.entries() {
            let value = put_element(element)?;
            elements.push(if any {
                let metadata = metadata.map_or(Ok(Json::Null), put_metadata)?;
                Json::record([("value", value), ("metadata", metadata)])
            } else {
                value
            });
        }
        Ok(Json::record([("elements", Json::Array(elements)), ("metadata", Json::from(any))]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        if let Json::Array(items) = data {
            return plain(items);
        }
        let record = Record::new(data)?.only(&["elements", "metadata"])?;
        let items = record.items("elements")?;
        match record.optional("metadata") {
            Some(Json::Bool(true)) => {}
            Some(Json::Bool(false)) => return plain(items),
            Some(_) => return Err(invalid("metadata is not true or false")),
            None if import.has_old_envelope() && items.iter().all(is_identified) => {
                let values = items.iter().map(|item| Record::new(item)?.field("value").cloned());
                return plain(&values.collect::<Result<Vec<_>, _>>()?);
            }
            None => return plain(items),
        }
        let mut entries = SortedMap::new();
        for item in items {
            let item = Record::new(item)?.only(&["value", "metadata"])?;
            let (element, _) = take_element(item.field("value")?)?;
            let metadata = match item.field("metadata")? {
                Json::Null => None,
                json => Some(Box::new(take_metadata(json)?)),
            };
            if entries.insert(element, metadata).is_some() {
                return Err(invalid("an element twice"));
            }
        }
        Ok(Self::from_entries(entries))
    }
}

fn plain(items: &[Json]) -> Result<GSet, CrdtError> {
    let mut set = GSet::new();
    for item in items {
        set.add(take_value(item)?)?;
    }
    Ok(set)
}

/// Whether this is `{"id","value"}`, the form that elements had in the first envelope.
fn is_identified(json: &Json) -> bool {
    json.as_object().is_some_and(|fields| {
        fields.len() == 2 && ["id", "value"].iter().all(|name| fields.iter().any(|(known, _)| known == name))
    })
}

fn put_metadata(metadata: &Metadata) -> Result<Json, CrdtError> {
    let (timestamp, logical) = put_stamp(metadata.unit, metadata.stamp)?;
    Ok(Json::record([
        ("operationId", metadata.operation_id.as_deref().map_or(Json::Null, Json::from)),
        ("lamportTime", Json::count(metadata.lamport_time)?),
        ("vectorClock", put_counts(&metadata.vector_clock)?),
        ("writer", put_actor(&metadata.writer)),
        ("clock", Json::from(metadata.unit.as_str())),
        ("timestamp", timestamp),
        ("logical", logical),
    ]))
}

fn take_metadata(json: &Json) -> Result<Metadata, CrdtError> {
    const FIELDS: [&str; 7] =
        ["operationId", "lamportTime", "vectorClock", "writer", "clock", "timestamp", "logical"];
    let record = Record::new(json)?.only(&FIELDS)?;
    let unit = ClockUnit::from_name(record.text("clock")?).ok_or(invalid("unknown clock"))?;
    Ok(Metadata {
        unit,
        stamp: take_stamp(unit, record.field("timestamp")?, record.optional("logical"))?,
        writer: take_actor(record.field("writer")?)?,
        lamport_time: record.present("lamportTime").map_or(Ok(0), Json::to_count)?,
        operation_id: record.present("operationId").map(|id| text(id).map(str::to_owned)).transpose()?,
        vector_clock: record.present("vectorClock").map_or(Ok(VectorClock::new()), take_counts)?,
    })
}

/// `{"added":[…],"removed":[…]}`; also read: `{"add":{"elements"},"remove":{"elements"}}`.
impl JsonState for TwoPhaseSet {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let (added, removed) = self.parts();
        let list = |elements: &SortedSet<Element>| {
            elements.iter().map(put_element).collect::<Result<_, _>>().map(Json::Array)
        };
        Ok(Json::record([("added", list(added)?), ("removed", list(removed)?)]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        let list = |items: &[Json]| {
            items.iter().map(|item| Ok(take_element(item)?.0)).collect::<Result<SortedSet<_>, CrdtError>>()
        };
        if record.has("add") {
            record.only(&["add", "remove"])?;
            let inner = |name| Record::new(record.field(name)?)?.only(&["elements"])?.items("elements");
            return Ok(Self::from_parts(list(inner("add")?)?, list(inner("remove")?)?));
        }
        record.only(&["added", "removed"])?;
        Ok(Self::from_parts(list(record.items("added")?)?, list(record.items("removed")?)?))
    }
}

/// `{"elements":[{"value","addTime","removeTime"|null}]}`, with `addLogical` and `removeLogical` for hybrid time; also
/// read: `{"add":[[v,t]],"remove":[[v,t]]}`.
impl JsonState for LwwElementSet {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut elements = Vec::new();
        for (element, times) in self.entries() {
            let (added, add_logical) = put_stamp(self.unit(), times.added)?;
            let removed = times.removed.map(|removed| put_stamp(self.unit(), removed)).transpose()?;
            let (removed, remove_logical) = removed.unwrap_or((Json::Null, Json::Null));
            let mut fields =
                vec![("value", put_element(element)?), ("addTime", added), ("removeTime", removed)];
            if self.unit() == ClockUnit::Hybrid {
                fields.extend([("addLogical", add_logical), ("removeLogical", remove_logical)]);
            }
            elements.push(Json::record(fields));
        }
        Ok(Json::record([("elements", Json::Array(elements))]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        if record.has("add") {
            return old_lww_element_set(record, import.unit_or(Some(ClockUnit::Milliseconds))?);
        }
        record.only(&["elements"])?;
        let unit = import.unit_or(None)?;
        let mut set = Self::with_unit(unit);
        for item in record.items("elements")? {
            let item = Record::new(item)?.only(&[
                "value",
                "addTime",
                "removeTime",
                "addLogical",
                "removeLogical",
            ])?;
            let (element, _) = take_element(item.field("value")?)?;
            if set.times(element.value()).is_some() {
                return Err(invalid("an element twice"));
            }
            let added = take_stamp(unit, item.field("addTime")?, item.present("addLogical"))?;
            let removed = item.present("removeTime");
            let removed =
                removed.map(|time| take_stamp(unit, time, item.present("removeLogical"))).transpose()?;
            set.insert(element, Times { added, removed })?;
        }
        Ok(set)
    }
}

fn old_lww_element_set(record: Record<'_>, unit: ClockUnit) -> Result<LwwElementSet, CrdtError> {
    record.only(&["add", "remove"])?;
    let mut set = LwwElementSet::with_unit(unit);
    for (name, adds) in [("add", true), ("remove", false)] {
        for pair in record.items(name)? {
            let [value, time] = pair.to_items()? else { return Err(invalid("not a pair of value and time")) };
            let (element, time) = (take_value(value)?, take_stamp(unit, time, None)?);
            if adds {
                set.add(element, time)?
            } else {
                set.remove(element, time)?
            };
        }
    }
    Ok(set)
}
