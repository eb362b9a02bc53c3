//! Shapes of registers.

use super::parts::{put_actor, put_context, put_element, take_actor, take_context, take_element};
use super::{Import, Json, JsonState, Record, invalid};
use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::LwwRegister;
use crate::lww_numeric::{LwwNumericRegister, NumericMode};
use crate::time::ClockUnit;

/// `{"value","timestamp","logical","nodeId","context"}`; also read: without logical part and context, and with `writer`
/// for `nodeId`. A register that was never written has `"value":null,"timestamp":0,"nodeId":""`.
impl JsonState for LwwRegister {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let (value, stamp, actor) = match self.winner() {
            Some((key, element)) => (put_element(element)?, key.stamp(), put_actor(key.actor())),
            None => (Json::Null, self.unit().stamp(0.0)?, Json::from("")),
        };
        let (timestamp, logical) = put_stamp(self.unit(), stamp)?;
        Ok(Json::record([
            ("value", value),
            ("timestamp", timestamp),
            ("logical", logical),
            ("nodeId", actor),
            ("context", put_context(self.context())?),
        ]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        let (actor, shape) = if record.has("writer") {
            record.only(&["value", "timestamp", "writer"])?;
            (record.field("writer")?, Some(ClockUnit::Seconds))
        } else {
            record.only(&["value", "timestamp", "logical", "nodeId", "context"])?;
            let current = record.has("context");
            (record.field("nodeId")?, (!current).then_some(ClockUnit::Milliseconds))
        };
        let unit = import.unit_or(shape)?;
        let stamp = take_stamp(unit, record.field("timestamp")?, record.optional("logical"))?;
        let context = record.optional("context").map_or(Ok(CausalContext::new()), take_context)?;
        if actor.as_text() == Some("") {
            let never =
                *record.field("value")? == Json::Null && stamp == unit.stamp(0.0)? && context.is_empty();
            return if never { Ok(Self::with_unit(unit)) } else { Err(invalid("a write without a writer")) };
        }
        let (element, encoded) = take_element(record.field("value")?)?;
        Ok(Self::from_parts(unit, stamp, take_actor(actor)?, element, &encoded, context))
    }
}

/// `{"value","timestamp","logical","writer","use_max"}`, where the value is `null` when there was no write and the writer `""`
/// when the write named none; also read: without the logical part, when 0 at time 0 by nobody is no write.
impl JsonState for LwwNumericRegister {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let stamp = self.stamp().map_or_else(|| self.unit().stamp(0.0), Ok)?;
        let (timestamp, logical) = put_stamp(self.unit(), stamp)?;
        Ok(Json::record([
            ("value", if self.has_value() { Json::Number(self.get()) } else { Json::Null }),
            ("timestamp", timestamp),
            ("logical", logical),
            ("writer", Json::from(self.writer().map_or("", ActorKey::as_str))),
            ("use_max", Json::from(self.mode() == NumericMode::Greatest)),
        ]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["value", "timestamp", "logical", "writer", "use_max"])?;
        let current = record.has("logical");
        let unit = import.unit_or((!current).then_some(ClockUnit::Seconds))?;
        let mode = match record.optional("use_max") {
            None | Some(Json::Bool(false)) => NumericMode::Last,
            Some(Json::Bool(true)) => NumericMode::Greatest,
            Some(_) => return Err(invalid("use_max is not true or false")),
        };
        let mut register = Self::with_unit(mode, unit);
        let stamp = take_stamp(unit, record.field("timestamp")?, record.optional("logical"))?;
        let writer = match record.text("writer")? {
            "" => None,
            writer => Some(ActorKey::new(writer)?),
        };
        let at_zero = stamp == unit.stamp(0.0)? && writer.is_none();
        match record.field("value")? {
            Json::Null if current && at_zero => {}
            Json::Number(number) if *number == 0.0 && at_zero && !current => {}
            number => drop(register.set_at(number.to_number()?, stamp, writer)?),
        }
        Ok(register)
    }
}

/// The number of a stamp in its unit, and the logical part, 0 but for hybrid time.
pub(super) fn put_stamp(unit: ClockUnit, stamp: Stamp) -> Result<(Json, Json), CrdtError> {
    let logical = if unit == ClockUnit::Hybrid { u64::from(stamp.logical()) } else { 0 };
    Ok((Json::Number(unit.time(stamp)?), Json::count(logical)?))
}

pub(super) fn take_stamp(unit: ClockUnit, time: &Json, logical: Option<&Json>) -> Result<Stamp, CrdtError> {
    let stamp = unit.stamp(time.to_number()?)?;
    match logical.map_or(Ok(0), Json::to_count)? {
        0 => Ok(stamp),
        logical if unit == ClockUnit::Hybrid => {
            let logical = u16::try_from(logical).map_err(|_| CrdtError::OutOfRange("logical time"))?;
            Stamp::new(stamp.ms(), logical)
        }
        _ => Err(invalid("logical time without a hybrid clock")),
    }
}
