//! Changes by name, as batches carry them: `["add", value]`, `["set", key, value, timestamp, nodeId]`.
//!
//! Names and arguments are those of the methods in JavaScript.

use chrysalis_crdt as crdt;
use crdt::{ActorKey, Decompose, Stamp, Value, Writer};
use wasm_bindgen::JsValue;

use super::beliefs::to_belief;
use super::episodes::to_episode;
use super::values::{self, Fields};
use super::writers::with_clock;
use crate::error::{Result, Thrown};

/// A state that changes by name.
pub(super) trait Batch: Decompose + 'static {
    /// Makes one change and gives its delta.
    fn apply(&mut self, op: Op, writer: &Writer) -> Result<Self>;
}

/// One change: its name, and the arguments that are left.
pub(super) struct Op {
    name: String,
    arguments: std::vec::IntoIter<Value>,
}

impl Op {
    /// The changes of a batch.
    pub(super) fn list(operations: Vec<Value>) -> Result<Vec<Self>> {
        operations.into_iter().map(Self::new).collect()
    }

    fn new(operation: Value) -> Result<Self> {
        let wrong = || Thrown::argument("operations", "must be arrays of a name and arguments");
        let mut arguments = operation.into_array().ok_or_else(wrong)?.into_iter();
        let name = arguments.next().and_then(Value::into_text).ok_or_else(wrong)?;
        Ok(Self { name, arguments })
    }

    fn value(&mut self) -> Result<Value> {
        self.arguments
            .next()
            .ok_or_else(|| Thrown::argument("operations", "must have all arguments of the method"))
    }

    fn text(&mut self) -> Result<String> {
        let wrong = || Thrown::argument("operations", "must have a string where the method takes one");
        self.value()?.into_text().ok_or_else(wrong)
    }

    fn actor(&mut self) -> Result<ActorKey> {
        Ok(ActorKey::new(&self.text()?)?)
    }

    fn number(&mut self) -> Result<f64> {
        let wrong = || Thrown::argument("operations", "must have a number where the method takes one");
        self.value()?.as_f64().ok_or_else(wrong)
    }

    fn integer(&mut self) -> Result<i128> {
        let wrong = || Thrown::argument("operations", "must have an integer where the method takes one");
        let value = self.value()?;
        value.as_u64().map(i128::from).or_else(|| value.as_i64().map(i128::from)).ok_or_else(wrong)
    }

    fn count(&mut self) -> Result<u64> {
        u64::try_from(self.integer()?)
            .map_err(|_| Thrown::argument("operations", "must not have a negative count"))
    }

    fn list_of_values(&mut self) -> Result<Vec<Value>> {
        let wrong = || Thrown::argument("operations", "must have an array where the method takes one");
        self.value()?.into_array().ok_or_else(wrong)
    }

    fn fields(&mut self) -> Result<Fields> {
        Fields::of(self.value()?, "operations")
    }

    fn stamp(&mut self, unit: crdt::ClockUnit) -> Result<Stamp> {
        Ok(unit.stamp(self.number()?)?)
    }

    /// Nothing may be left over.
    fn end(&self) -> Result<()> {
        match self.arguments.len() {
            0 => Ok(()),
            _ => Err(Thrown::argument("operations", "must have no more arguments than the method")),
        }
    }
}

fn unknown() -> Thrown {
    Thrown::argument("operations", "must name changes of this type")
}

/// Reads the arguments of a change in their order, sees to it that none is left over, and makes the change.
macro_rules! change {
    ($op:ident, ($($argument:ident: $read:expr),*) => $run:expr) => {{
        $(let $argument = $read;)*
        $op.end()?;
        Ok($run)
    }};
}

impl Batch for crdt::VectorClock {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
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
}

impl Batch for crdt::GCounter {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "increment" => change!(op, (actor: op.actor()?) => self.increment(&actor)?),
            "incrementBy" => {
                change!(op, (actor: op.actor()?, amount: op.integer()?) => self.increment_by(&actor, amount)?)
            }
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::PnCounter {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "increment" => change!(op, (actor: op.actor()?) => self.increment(&actor)?),
            "decrement" => change!(op, (actor: op.actor()?) => self.decrement(&actor)?),
            "incrementBy" => {
                change!(op, (actor: op.actor()?, amount: op.integer()?) => self.increment_by(&actor, amount)?)
            }
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::GSet {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "add" => change!(op, (value: op.value()?) => self.add(value)?),
            "addMany" => change!(op, (values: op.list_of_values()?) => {
                let mut delta = Self::new();
                for value in values {
                    delta.merge(&self.add(value)?)?;
                }
                delta
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::TwoPhaseSet {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "add" => change!(op, (value: op.value()?) => self.add(value)?),
            "remove" => change!(op, (value: op.value()?) => self.remove(value)?),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::OrSet {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "add" => change!(op, (value: op.value()?) => self.add(writer, value)?),
            "addMany" => change!(op, (values: op.list_of_values()?) => self.add_all(writer, values)?),
            "addWithTag" => {
                change!(op, (value: op.value()?, tag: op.text()?) => self.add_with_tag(value, &tag)?)
            }
            "remove" => change!(op, (value: op.value()?) => self.remove(&value)),
            "removeMany" => change!(op, (values: op.list_of_values()?) => {
                let mut delta = Self::new();
                for value in values {
                    delta.merge(&self.remove(&value))?;
                }
                delta
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::LwwElementSet {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        let unit = self.unit();
        match op.name.as_str() {
            "add" => change!(op, (value: op.value()?, time: op.stamp(unit)?) => self.add(value, time)?),
            "remove" => change!(op, (value: op.value()?, time: op.stamp(unit)?) => self.remove(value, time)?),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::LwwRegister {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        let unit = self.unit();
        match op.name.as_str() {
            "set" => change!(op, (value: op.value()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.set_at(value, time, actor)?
            }),
            "write" => change!(op, (value: op.value()?) => {
                let now_ms = values::now_ms(&JsValue::UNDEFINED)?;
                with_clock(|clock| self.set(writer, clock, now_ms, value))?
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::LwwNumericRegister {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        let unit = self.unit();
        match op.name.as_str() {
            "set" => change!(op, (number: op.number()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.set_at(number, time, Some(actor))?
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::LwwMap {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        let unit = self.unit();
        match op.name.as_str() {
            "set" => change!(op, (
                key: op.text()?, value: op.value()?, time: op.stamp(unit)?, actor: op.actor()?
            ) => self.set_at(&key, value, time, actor)?),
            "remove" => change!(op, (key: op.text()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.remove_at(&key, time, actor)
            }),
            "write" => change!(op, (key: op.text()?, value: op.value()?) => {
                let now_ms = values::now_ms(&JsValue::UNDEFINED)?;
                with_clock(|clock| self.set(writer, clock, now_ms, &key, value))?
            }),
            "erase" => change!(op, (key: op.text()?) => {
                let now_ms = values::now_ms(&JsValue::UNDEFINED)?;
                with_clock(|clock| self.remove(writer, clock, now_ms, &key))?
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::MvRegister {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "write" => change!(op, (value: op.value()?) => self.write(writer, value)?),
            "resolve" => change!(op, (value: op.value()?) => self.resolve(writer, value)?),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::SkillAccumulator {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "updateSkill" => change!(op, (
                name: op.text()?, proficiency: op.number()?, time: op.number()?
            ) => self.update(writer, &name, proficiency, time)?),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::EpisodeMemory {
    fn apply(&mut self, mut op: Op, _: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "add" => change!(op, (episode: to_episode(op.fields()?)?) => self.add(episode)?),
            "link" => change!(op, (effect: op.text()?, cause: op.text()?) => self.link(&effect, &cause)),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::BeliefState {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "update" => change!(op, (belief: to_belief(&op.fields()?)?) => self.update(writer, &belief)?),
            "addEvidenceFor" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_for(writer, &id, time)?
            }),
            "addEvidenceAgainst" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_against(writer, &id, time)?
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::AgentState {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "tick" => change!(op, () => self.tick(writer)?),
            "updateSkill" => change!(op, (
                name: op.text()?, proficiency: op.number()?, time: op.number()?
            ) => self.update_skill(writer, &name, proficiency, time)?),
            "addEpisode" => {
                change!(op, (episode: to_episode(op.fields()?)?) => self.add_episode(writer, episode)?)
            }
            "linkEpisodes" => change!(op, (effect: op.text()?, cause: op.text()?) => {
                self.link_episodes(writer, &effect, &cause)?
            }),
            "updateBelief" => {
                change!(op, (belief: to_belief(&op.fields()?)?) => self.update_belief(writer, &belief)?)
            }
            "addEvidenceFor" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_for(writer, &id, time)?
            }),
            "addEvidenceAgainst" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_against(writer, &id, time)?
            }),
            _ => Err(unknown()),
        }
    }
}

impl Batch for crdt::MerkleDag {
    fn apply(&mut self, mut op: Op, writer: &Writer) -> Result<Self> {
        match op.name.as_str() {
            "add" => change!(op, (payload: op.value()?) => self.add(writer, payload)?.1),
            _ => Err(unknown()),
        }
    }
}
