//! The parts that shapes are made of: values, actors, dots, contexts.

use super::text::Json;
use super::{Record, invalid};
use crate::actor::ActorKey;
use crate::cbor;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::dot::Dot;
use crate::element::Element;
use crate::error::CrdtError;
use crate::sorted::{SortedMap, sort};
use crate::time::{Finite, MAX_SAFE_INTEGER};
use crate::value::Value;

impl Json {
    /// The JSON of a value.
    ///
    /// # Errors
    /// [`CrdtError::NoJsonForm`] for byte strings and for maps with keys that are not texts, [`CrdtError::UnsafeInteger`]
    /// beyond 2^53 - 1.
    pub fn from_value(value: &Value) -> Result<Self, CrdtError> {
        put_value(value)
    }

    /// The value of this JSON.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`], [`CrdtError::NotFinite`] and [`CrdtError::UnsafeInteger`] for what is over the limits of values.
    pub fn to_value(&self) -> Result<Value, CrdtError> {
        take_value(self)
    }
}

/// The JSON of a value.
pub(crate) fn put_value(value: &Value) -> Result<Json, CrdtError> {
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(truth) => Ok(Json::Bool(*truth)),
        Value::Int(number) => {
            let (negative, argument) = number.parts();
            if argument > MAX_SAFE_INTEGER || (negative && argument == MAX_SAFE_INTEGER) {
                return Err(CrdtError::UnsafeInteger);
            }
            let magnitude = Finite::from_count(argument)?.to_f64();
            Ok(Json::Number(if negative { -1.0 - magnitude } else { magnitude }))
        }
        Value::Float(number) => Ok(Json::Number(number.to_f64())),
        Value::Bytes(_) => Err(CrdtError::NoJsonForm),
        Value::Text(text) => Ok(Json::Text(text.clone())),
        Value::Array(items) => Ok(Json::Array(items.iter().map(put_value).collect::<Result<_, _>>()?)),
        Value::Map(entries) => {
            // The map orders short keys first; objects order their fields as plain bytes.
            let mut fields = SortedMap::new();
            for (key, value) in entries {
                let Value::Text(key) = key else { return Err(CrdtError::NoJsonForm) };
                fields.insert(key.clone(), put_value(value)?);
            }
            Ok(Json::Object(fields.into_iter().collect()))
        }
    }
}

/// The value of any JSON.
pub(crate) fn take_value(json: &Json) -> Result<Value, CrdtError> {
    value_of(json, cbor::MAX_DEPTH)
}

fn value_of(json: &Json, depth: usize) -> Result<Value, CrdtError> {
    let descend = || depth.checked_sub(1).ok_or(CrdtError::TooDeep { limit: cbor::MAX_DEPTH });
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(truth) => Ok(Value::Bool(*truth)),
        Json::Number(number) => {
            let value = Value::float(*number)?;
            // An integer that was written with an exponent, say: as unsafe as one with its digits.
            if matches!(value, Value::Int(_)) {
                put_value(&value)?;
            }
            Ok(value)
        }
        Json::Text(text) => Ok(Value::text(text.as_str())),
        Json::Array(items) => {
            let depth = descend()?;
            Ok(Value::Array(items.iter().map(|item| value_of(item, depth)).collect::<Result<_, _>>()?))
        }
        Json::Object(fields) => {
            let depth = descend()?;
            let entry =
                |(name, json): &(String, Json)| Ok((Value::text(name.as_str()), value_of(json, depth)?));
            Ok(Value::Map(fields.iter().map(entry).collect::<Result<_, _>>()?))
        }
    }
}

pub(crate) fn put_element(element: &Element) -> Result<Json, CrdtError> {
    put_value(element.value())
}

/// An accepted value and its encoding.
pub(crate) fn take_element(json: &Json) -> Result<(Element, Vec<u8>), CrdtError> {
    Element::new(take_value(json)?)
}

pub(crate) fn put_actor(actor: &ActorKey) -> Json {
    Json::from(actor.as_str())
}

pub(crate) fn take_actor(json: &Json) -> Result<ActorKey, CrdtError> {
    ActorKey::new(json.as_text().ok_or(invalid("not an actor"))?)
}

/// `{"a":1}`.
pub(crate) fn put_counts(clock: &VectorClock) -> Result<Json, CrdtError> {
    let entry = |(actor, count): (&ActorKey, u64)| Ok((actor.as_str().to_owned(), Json::count(count)?));
    Ok(Json::Object(clock.iter().map(entry).collect::<Result<_, _>>()?))
}

/// The same; an entry of 0 is none.
pub(crate) fn take_counts(json: &Json) -> Result<VectorClock, CrdtError> {
    let fields = json.as_object().ok_or(invalid("not an object"))?;
    fields.iter().map(|(name, count)| Ok((ActorKey::new(name)?, count.to_count()?))).collect()
}

/// `["a",3]`.
pub(crate) fn put_dot(dot: &Dot) -> Result<Json, CrdtError> {
    Ok(Json::Array(vec![put_actor(dot.actor()), Json::count(dot.counter())?]))
}

pub(crate) fn take_dot(json: &Json) -> Result<Dot, CrdtError> {
    match json.to_items()? {
        [actor, counter] => Dot::new(take_actor(actor)?, counter.to_count()?),
        _ => Err(invalid("a dot is not an actor and a counter")),
    }
}

/// `{"vv":{"a":3},"cloud":{"b":[7]}}`. Each dot of the cloud is a number of its own.
pub(crate) fn put_context(context: &CausalContext) -> Result<Json, CrdtError> {
    let mut cloud: Vec<(String, Json)> = Vec::new();
    let mut listed = 0u64;
    for (actor, start, end) in context.cloud() {
        // What follows lists every dot; a few bytes of runs must not become gigabytes of text.
        listed = listed.saturating_add(end - start).saturating_add(1);
        if listed > MAX_LISTED {
            return Err(CrdtError::NoJsonForm);
        }
        let dots = (start..=end).map(Json::count).collect::<Result<Vec<_>, _>>()?;
        match cloud.last_mut() {
            Some((name, Json::Array(known))) if name == actor.as_str() => known.extend(dots),
            _ => cloud.push((actor.as_str().to_owned(), Json::Array(dots))),
        }
    }
    Ok(Json::record([("vv", put_counts(&context.vector())?), ("cloud", Json::Object(cloud))]))
}

/// How many dots above gaps JSON lists at most.
const MAX_LISTED: u64 = 1 << 20;

pub(crate) fn take_context(json: &Json) -> Result<CausalContext, CrdtError> {
    let record = Record::new(json)?.only(&["vv", "cloud"])?;
    let mut context = CausalContext::from(&take_counts(record.field("vv")?)?);
    let cloud = record.field("cloud")?.as_object().ok_or(invalid("not an object"))?;
    for (name, counters) in cloud {
        let actor = ActorKey::new(name)?;
        let counters = counters.to_items()?.iter().map(Json::to_count);
        let mut counters = counters.collect::<Result<Vec<_>, _>>()?;
        // In order each goes behind those before it; out of order each could move all of them.
        sort(&mut counters);
        for counter in counters {
            context.insert(&Dot::new(actor.clone(), counter)?);
        }
    }
    Ok(context)
}
