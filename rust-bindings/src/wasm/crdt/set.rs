//! Sets that grow, grow-only and two-phase, and sets where the later of an element's addition and removal decides.

use chrysalis_crdt as crdt;
use crdt::g_set::Metadata;
use crdt::{ActorKey, ClockUnit, Value};

use super::operate::{Answer, Op, Operate, change, taken, unknown};
use super::values::{self, Fields, clock_value, float, record};
use crate::error::{Result, Thrown};

impl Operate for crdt::GSet {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "add" => change!(op, (value: op.value()?, metadata: op.optional()) => match metadata {
                None => self.add(taken(value))?,
                Some(metadata) => self.add_with(taken(value), to_metadata(&Fields::of(metadata, "metadata")?)?)?,
            }),
            "addMany" => {
                change!(op, (values: op.list()?) => op.each(values, &mut |value| Ok(self.add(taken(value))?))?)
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "has" => self.contains(op.value()?).into(),
            "getMetadata" => Answer::optional(self.metadata(op.value()?).map(from_metadata).transpose()?),
            "values" => Answer::list(self.elements())?,
            "size" => Answer::count(self.len()),
            _ => return Err(unknown()),
        })
    }
}

impl Operate for crdt::TwoPhaseSet {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "add" => change!(op, (value: op.value()?) => self.add(taken(value))?),
            "remove" => change!(op, (value: op.value()?) => self.remove(taken(value))?),
            "addMany" => {
                change!(op, (values: op.list()?) => op.each(values, &mut |value| Ok(self.add(taken(value))?))?)
            }
            "removeMany" => {
                change!(op, (values: op.list()?) => op.each(values, &mut |value| Ok(self.remove(taken(value))?))?)
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "has" => self.contains(op.value()?).into(),
            "values" => Answer::list(self.elements())?,
            "size" => Answer::count(self.len()),
            _ => return Err(unknown()),
        })
    }
}

impl Operate for crdt::LwwElementSet {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        Ok(Self::with_unit(op.unit()?))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        let unit = self.unit();
        match op.name() {
            "add" => {
                change!(op, (value: op.value()?, time: op.stamp(unit)?) => self.add(taken(value), time)?)
            }
            "remove" => {
                change!(op, (value: op.value()?, time: op.stamp(unit)?) => self.remove(taken(value), time)?)
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "has" => self.contains(op.value()?).into(),
            "times" => {
                let Some(times) = self.times(op.value()?) else { return Ok(Answer::Nothing) };
                let time = |stamp| float(self.unit().time(stamp)?);
                record([
                    ("addTime", time(times.added)?),
                    ("removeTime", times.removed.map_or(Ok(Value::Null), time)?),
                ])
                .into()
            }
            "values" => Answer::list(self.elements())?,
            "size" => Answer::count(self.len()),
            "clock" => self.unit().as_str().into(),
            _ => return Err(unknown()),
        })
    }
}

fn to_metadata(fields: &Fields<'_>) -> Result<Metadata> {
    let unit = match fields.optional_text("clock")? {
        None => ClockUnit::Milliseconds,
        Some(name) => ClockUnit::from_name(&name)
            .ok_or_else(|| Thrown::argument("clock", "must be 'hlc', 'ms', 's' or 'lamport'"))?,
    };
    let stamp = unit.stamp(fields.number("timestamp")?)?;
    let mut metadata = Metadata::new(unit, stamp, ActorKey::new(&fields.text("writer")?)?);
    metadata.lamport_time = fields.count("lamportTime")?;
    metadata.operation_id = fields.optional_text("operationId")?;
    metadata.vector_clock = values::to_clock(&fields.any("vectorClock"), "vectorClock")?;
    Ok(metadata)
}

fn from_metadata(metadata: &Metadata) -> Result<Value> {
    Ok(record([
        ("clock", metadata.unit.as_str().into()),
        ("timestamp", float(metadata.unit.time(metadata.stamp)?)?),
        ("writer", metadata.writer.as_str().into()),
        ("lamportTime", metadata.lamport_time.into()),
        ("operationId", metadata.operation_id.as_deref().map_or(Value::Null, Value::from)),
        ("vectorClock", clock_value(&metadata.vector_clock)),
    ]))
}
