//! What an agent believes.

use chrysalis_crdt as crdt;
use crdt::{Belief, Value};

use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::{self, Fields, float, record};
use crate::error::Result;

impl Operate for crdt::BeliefState {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        Ok(Self::with_unit(op.unit()?))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "update" => {
                change!(op, (belief: to_belief(&op.fields()?)?) => self.update(op.writer()?, &belief)?)
            }
            "addEvidenceFor" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_for(op.writer()?, id, time)?
            }),
            "addEvidenceAgainst" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_against(op.writer()?, id, time)?
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "get" => {
                Answer::optional(self.belief(op.text()?).map(|belief| belief_value(&belief)).transpose()?)
            }
            "confidentBeliefs" => beliefs(&mut self.confident(op.number()?))?,
            "toList" => beliefs(&mut self.beliefs())?,
            "size" => Answer::count(self.len()),
            _ => return Err(unknown()),
        })
    }
}

pub(super) fn to_belief(fields: &Fields<'_>) -> Result<Belief> {
    Ok(Belief {
        id: fields.text("id")?,
        content: fields.any("content"),
        conviction: fields.number("conviction")?,
        evidence_for: fields.count("evidenceFor")?.into(),
        evidence_against: fields.count("evidenceAgainst")?.into(),
        last_updated: fields.number("lastUpdated")?,
        source: fields.any("source"),
    })
}

fn belief_value(belief: &Belief) -> Result<Value> {
    Ok(record([
        ("id", belief.id.as_str().into()),
        ("content", belief.content.clone()),
        ("conviction", float(belief.conviction)?),
        ("evidenceFor", float(values::safe(belief.evidence_for)?)?),
        ("evidenceAgainst", float(values::safe(belief.evidence_against)?)?),
        ("lastUpdated", float(belief.last_updated)?),
        ("source", belief.source.clone()),
    ]))
}

fn beliefs(beliefs: &mut dyn Iterator<Item = Belief>) -> Result<Answer> {
    let mut values = Vec::new();
    for belief in beliefs {
        values.push(belief_value(&belief)?);
    }
    Ok(Value::from(values).into())
}
