//! What an agent can do.

use chrysalis_crdt as crdt;
use crdt::{ProficiencyPolicy, Skill, Value};

use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::{self, Fields, float, record};
use crate::error::{Result, Thrown};

impl Operate for crdt::SkillAccumulator {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        let unit = op.unit()?;
        let policy = match op.optional() {
            None => ProficiencyPolicy::Max,
            Some(name) => name
                .as_text()
                .and_then(ProficiencyPolicy::from_name)
                .ok_or_else(|| Thrown::argument("proficiency", "must be 'max' or 'latest'"))?,
        };
        Ok(Self::with(policy, unit))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "updateSkill" => change!(op, (
                name: op.text()?, proficiency: op.number()?, time: op.number()?, ignore_stale: op.flag()
            ) => match ignore_stale {
                true => self.update_if_newer(op.writer()?, name, proficiency, time)?.unwrap_or_default(),
                false => self.update(op.writer()?, name, proficiency, time)?,
            }),
            "updateMany" => change!(op, (uses: op.list()?) => {
                let writer = op.writer()?;
                op.each(uses, &mut |one| {
                    let one = Fields::of(one, "uses")?;
                    let (name, proficiency) = (one.text("name")?, one.number("proficiency")?);
                    Ok(self.update(writer, &name, proficiency, one.number("timestamp")?)?)
                })?
            }),
            "importSkill" => change!(op, (origin: op.text()?, fields: op.fields()?) => {
                let skill = Skill {
                    name: fields.text("name")?,
                    proficiency: fields.number("proficiency")?,
                    usage_count: fields.count("usageCount")?.into(),
                    last_used: fields.number("lastUsed")?,
                };
                self.import(origin, &skill)?
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "getSkill" => {
                Answer::optional(self.skill(op.text()?).map(|skill| skill_value(&skill)).transpose()?)
            }
            "toList" => {
                let mut skills = Vec::new();
                for skill in self.skills() {
                    skills.push(skill_value(&skill)?);
                }
                Value::from(skills).into()
            }
            "size" => Answer::count(self.len()),
            _ => return Err(unknown()),
        })
    }
}

fn skill_value(skill: &Skill) -> Result<Value> {
    Ok(record([
        ("name", skill.name.as_str().into()),
        ("proficiency", float(skill.proficiency)?),
        ("usageCount", float(values::safe(skill.usage_count)?)?),
        ("lastUsed", float(skill.last_used)?),
    ]))
}
