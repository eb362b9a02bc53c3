//! Counters.

use chrysalis_crdt as crdt;
use crdt::any::AnyState;

use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::{self, clock_value, float};
use crate::error::Result;

impl Operate for crdt::GCounter {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "increment" => change!(op, (actor: op.actor()?) => self.increment(&actor)?),
            "incrementBy" => {
                change!(op, (actor: op.actor()?, amount: op.integer()?) => self.increment_by(&actor, amount)?)
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "value" => float(values::safe(self.value())?)?.into(),
            "valueBigInt" => Answer::big(self.value().cast_signed()),
            "count" => float(values::safe(self.count(&op.actor()?).into())?)?.into(),
            "counts" => clock_value(self.counts()).into(),
            _ => return Err(unknown()),
        })
    }
}

impl Operate for crdt::PnCounter {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "increment" => change!(op, (actor: op.actor()?) => self.increment(&actor)?),
            "decrement" => change!(op, (actor: op.actor()?) => self.decrement(&actor)?),
            "incrementBy" => {
                change!(op, (actor: op.actor()?, amount: op.integer()?) => self.increment_by(&actor, amount)?)
            }
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "value" => float(values::safe_signed(self.value())?)?.into(),
            "valueBigInt" => Answer::big(self.value()),
            "positive" => Answer::State(AnyState::new(self.positive().clone())),
            "negative" => Answer::State(AnyState::new(self.negative().clone())),
            _ => return Err(unknown()),
        })
    }
}
