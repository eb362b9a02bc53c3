//! Observed-remove sets.

use chrysalis_crdt as crdt;
use crdt::Dot;

use super::operate::{Answer, Op, Operate, change, taken, unknown};
use crate::error::{Result, Thrown};

impl Operate for crdt::OrSet {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "add" => change!(op, (value: op.value()?) => self.add(op.writer()?, taken(value))?),
            "addMany" => {
                change!(op, (values: op.list()?) => self.add_all(op.writer()?, std::mem::take(values))?)
            }
            "addWithTag" => {
                change!(op, (value: op.value()?, tag: op.text()?) => self.add_with_tag(taken(value), tag)?)
            }
            "addTagged" => change!(op, (value: op.value()?) => {
                let (dot, delta) = self.add_tagged(op.writer()?, taken(value))?;
                op.say(dot.to_string());
                delta
            }),
            "remove" => change!(op, (value: op.value()?) => self.remove(value)),
            "removeMany" => {
                change!(op, (values: op.list()?) => op.each(values, &mut |value| Ok(self.remove(value)))?)
            }
            "removeTags" => change!(op, (value: op.value()?, tags: op.list()?) => {
                let mut dots = Vec::new();
                for tag in tags {
                    let tag = tag.as_text().ok_or_else(|| Thrown::argument("tags", "must be strings"))?;
                    // A tag that looks like a dot may be an imported one: its dot is made from its text all the same.
                    dots.extend([Dot::of_tag(tag), Dot::of_legacy_tag(tag)]);
                }
                self.remove_tags(value, &dots)
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "has" => self.contains(op.value()?).into(),
            "values" => {
                let values: Vec<crdt::Value> = self.elements().collect();
                Answer::list(&values)?
            }
            "getTags" => Answer::texts(self.tags(op.value()?).map(|dot| dot.to_string())),
            "size" => Answer::count(self.len()),
            _ => return Err(unknown()),
        })
    }
}
