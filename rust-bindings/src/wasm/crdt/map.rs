//! Maps of registers.

use chrysalis_crdt as crdt;
use crdt::{ActorKey, Value};

use super::operate::{Answer, Op, Operate, change, taken, unknown};
use super::values::{Fields, float, record};
use super::writers::with_clock;
use crate::error::{Result, Thrown};

impl Operate for crdt::LwwMap {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        Ok(Self::with_unit(op.unit()?))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        let unit = self.unit();
        match op.name() {
            "set" => change!(op, (
                key: op.text()?, value: op.value()?, time: op.stamp(unit)?, actor: op.actor()?
            ) => self.set_at(key, taken(value), time, actor)?),
            "setMany" => change!(op, (writes: op.list()?) => op.each(writes, &mut |write| {
                let write = Fields::of(write, "writes")?;
                let stamp = unit.stamp(write.number("timestamp")?)?;
                let actor = ActorKey::new(&write.text("nodeId")?)?;
                Ok(self.set_at(&write.text("key")?, write.any("value"), stamp, actor)?)
            })?),
            "remove" => change!(op, (key: op.text()?, time: op.stamp(unit)?, actor: op.actor()?) => {
                self.remove_at(key, time, actor)
            }),
            "write" => change!(op, (key: op.text()?, value: op.value()?, now_ms: op.now_ms()?) => {
                let writer = op.writer()?;
                with_clock(|clock| self.set(writer, clock, now_ms, key, taken(value)))?
            }),
            "writeMany" => change!(op, (entries: op.list()?, now_ms: op.now_ms()?) => {
                let wrong = || Thrown::argument("entries", "must be pairs of a string and a value");
                let writer = op.writer()?;
                op.each(entries, &mut |entry| {
                    let Value::Array(pair) = entry else { return Err(wrong()) };
                    let [key, value] = pair.as_mut_slice() else { return Err(wrong()) };
                    let key = key.as_text().ok_or_else(wrong)?;
                    with_clock(|clock| Ok(self.set(writer, clock, now_ms, key, taken(value))?))
                })?
            }),
            "erase" => change!(op, (key: op.text()?, now_ms: op.now_ms()?) => {
                let writer = op.writer()?;
                with_clock(|clock| self.remove(writer, clock, now_ms, key))?
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => Answer::optional(self.get(op.text()?).cloned()),
            "has" => self.contains(op.text()?).into(),
            "getEntry" => {
                let Some(entry) = self.entry(op.text()?) else { return Ok(Answer::Nothing) };
                let timestamp = float(self.unit().time(entry.key().stamp())?)?;
                let node_id = Value::from(entry.key().actor().as_str());
                match entry.value() {
                    Some(value) => {
                        record([("value", value.clone()), ("timestamp", timestamp), ("nodeId", node_id)])
                    }
                    None => record([("timestamp", timestamp), ("nodeId", node_id)]),
                }
                .into()
            }
            "keys" => Answer::texts(self.keys()),
            "entries" => {
                Value::array(self.iter().map(|(key, value)| Value::Array(vec![key.into(), value.clone()])))
                    .into()
            }
            "size" => Answer::count(self.len()),
            "clock" => self.unit().as_str().into(),
            _ => return Err(unknown()),
        })
    }
}
