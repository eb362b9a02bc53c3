//! Vector clocks.

use chrysalis_crdt as crdt;
use crdt::Value;

use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::{self, clock_value, float, to_clock};
use crate::error::Result;

impl Operate for crdt::VectorClock {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        to_clock(op.value()?, "data")
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "increment" => change!(op, (actor: op.actor()?) => {
                let count = self.increment(&actor)?;
                Self::singleton(actor, count)
            }),
            "set" => change!(op, (actor: op.actor()?, count: op.count()?) => {
                self.set(&actor, count)?;
                Self::singleton(actor, count)
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => float(values::safe(self.get(&op.actor()?).into())?)?.into(),
            "getBigInt" => Answer::big(self.get(&op.actor()?).into()),
            "sum" => float(values::safe(self.sum())?)?.into(),
            "sumBigInt" => Answer::big(self.sum().cast_signed()),
            "nodes" => Answer::texts(self.nodes().map(crdt::ActorKey::as_str)),
            "entries" => {
                let pair = |(actor, count): (&crdt::ActorKey, u64)| {
                    Value::Array(vec![actor.as_str().into(), count.into()])
                };
                Value::array(self.iter().map(pair)).into()
            }
            "toObject" => clock_value(self).into(),
            "toString" => Value::text(self.to_string()).into(),
            _ => return Err(unknown()),
        })
    }
}
