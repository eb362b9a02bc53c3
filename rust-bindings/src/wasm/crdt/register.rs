//! Registers: where the last write or the greatest number wins, and those that show concurrent writes side by side.

use chrysalis_crdt as crdt;
use crdt::conflict::generic::candidates_of;
use crdt::conflict::resolve;
use crdt::{ActorKey, NumericMode, Value};

use super::conflict::{resolution_value, rule_of, shape_of};
use super::operate::{Answer, Op, Operate, change, taken, unknown};
use super::values::{clock_value, float, record, to_clock};
use super::writers::with_clock;
use crate::error::Result;

impl Operate for crdt::LwwRegister {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        Ok(Self::with_unit(op.unit()?))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        let unit = self.unit();
        match op.name() {
            "set" => change!(op, (value: op.value()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.set_at(taken(value), time, actor)?
            }),
            "forceSet" => change!(op, (value: op.value()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.force_set(taken(value), time, actor)?
            }),
            "setWithClock" => {
                change!(op, (value: op.value()?, clock: to_clock(op.value()?, "clock")?, actor: op.actor()?) => {
                    self.set_with_clock(taken(value), &clock, actor)?
                })
            }
            "write" => change!(op, (value: op.value()?, now_ms: op.now_ms()?) => {
                let writer = op.writer()?;
                with_clock(|clock| self.set(writer, clock, now_ms, taken(value)))?
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => Answer::optional(self.get().cloned()),
            "timestamp" => float(self.stamp().map_or(Ok(0.0), |stamp| self.unit().time(stamp))?)?.into(),
            "nodeId" => self.actor().map_or("", ActorKey::as_str).into(),
            "hasValue" => self.get().is_some().into(),
            "clock" => self.unit().as_str().into(),
            _ => return Err(unknown()),
        })
    }
}

impl Operate for crdt::LwwNumericRegister {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        let unit = op.unit()?;
        Ok(Self::with_unit(if op.flag() { NumericMode::Greatest } else { NumericMode::Last }, unit))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        let unit = self.unit();
        match op.name() {
            "set" => change!(op, (number: op.number()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.set_at(number, time, Some(actor))?
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => float(self.get())?.into(),
            "timestamp" => float(self.stamp().map_or(Ok(0.0), |stamp| self.unit().time(stamp))?)?.into(),
            "nodeId" => self.writer().map_or("", ActorKey::as_str).into(),
            "useMax" => (self.mode() == NumericMode::Greatest).into(),
            _ => return Err(unknown()),
        })
    }
}

impl Operate for crdt::MvRegister {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "write" => change!(op, (value: op.value()?) => self.write(op.writer()?, taken(value))?),
            "resolve" => change!(op, (value: op.value()?) => self.resolve(op.writer()?, taken(value))?),
            "set" => change!(op, (value: op.value()?, clock: to_clock(op.value()?, "clock")?) => {
                self.set(taken(value), clock)?
            }),
            "resolveBy" => {
                change!(op, (rule: rule_of(op.value()?)?, shape: shape_of(op.optional().map(|shape| &*shape))?) => {
                    let resolution = resolve::resolve(&candidates_of(self), &shape, &rule)?;
                    op.say(resolution_value(&resolution)?);
                    resolution.accept(self, op.writer()?)?.unwrap_or_default()
                })
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => Answer::list(self.get())?,
            "siblings" => Value::array(self.siblings().map(|sibling| {
                record([
                    ("value", sibling.value.clone()),
                    ("clock", sibling.clock.map_or(Value::Null, clock_value)),
                    ("tag", sibling.dot.map_or(Value::Null, |dot| Value::text(dot.to_string()))),
                ])
            }))
            .into(),
            "hasConflict" => self.has_conflict().into(),
            "hasDuplicateClock" => self.has_duplicate_clock().into(),
            _ => return Err(unknown()),
        })
    }
}
