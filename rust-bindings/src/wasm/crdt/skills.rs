//! What an agent can do.

use chrysalis_crdt as crdt;
use crdt::{ClockUnit, ProficiencyPolicy, Skill, Value};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, Fields, float, list_to_js, record, to_js};
use super::writers::writer_option;
use crate::convert;
use crate::error::{Result, Thrown};

/// Skills by name: proficiency, last use, and uses that are each counted once.
#[wasm_bindgen]
pub struct SkillAccumulator(pub(super) crdt::SkillAccumulator);

state!(SkillAccumulator, crdt::SkillAccumulator);

#[wasm_bindgen]
impl SkillAccumulator {
    /// No skill. `proficiency` says whether the greatest one counts (`max`) or the last (`latest`).
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions & { proficiency?: 'max' | 'latest' }")]
        options: JsValue,
    ) -> Result<SkillAccumulator> {
        let policy = match convert::option(&options, "proficiency")? {
            None => ProficiencyPolicy::Max,
            Some(name) => ProficiencyPolicy::from_name(&convert::text(&name, "proficiency")?)
                .ok_or_else(|| Thrown::argument("proficiency", "must be 'max' or 'latest'"))?,
        };
        Ok(Self(crdt::SkillAccumulator::with(policy, values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// No skill, in milliseconds, where the greatest proficiency counts.
    pub fn empty() -> SkillAccumulator {
        Self(crdt::SkillAccumulator::new())
    }

    /// The skills with one use of a skill, which counts whatever its time; with `ignoreStale` only if it is later than
    /// the last.
    #[wasm_bindgen(js_name = updateSkill)]
    pub fn update_skill(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] proficiency: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ actor?: string; ignoreStale?: boolean }")]
        options: JsValue,
    ) -> Result<SkillAccumulator> {
        let name = convert::text(&name, "name")?;
        let proficiency = values::number(&proficiency, "proficiency")?;
        let timestamp = values::number(&timestamp, "timestamp")?;
        let (writer, ignore_stale) =
            (writer_option(&options)?, convert::flag(&options, "ignoreStale", false)?);
        self.changed(|skills| match ignore_stale {
            true => skills.update_if_newer(&writer, &name, proficiency, timestamp),
            false => skills.update(&writer, &name, proficiency, timestamp).map(Some),
        })
    }

    /// The skills with many uses of `{ name, proficiency, timestamp }`.
    #[wasm_bindgen(js_name = updateMany)]
    pub fn update_many(
        &self,
        #[wasm_bindgen(
            unchecked_param_type = "readonly { name: string; proficiency: number; timestamp: number }[]"
        )]
        uses: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ actor?: string }")] options: JsValue,
    ) -> Result<SkillAccumulator> {
        let writer = writer_option(&options)?;
        let mut next = self.0.clone();
        for one in values::values(&uses, "uses")? {
            let one = Fields::of(one, "uses")?;
            let (name, proficiency) = (one.text("name")?, one.number("proficiency")?);
            next.update(&writer, &name, proficiency, one.number("timestamp")?)?;
        }
        Ok(Self(next))
    }

    /// The skills with one of an older system, whose uses are counted under the name of their origin: the same origin
    /// again counts once.
    #[wasm_bindgen(js_name = importSkill)]
    pub fn import_skill(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] origin: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Skill")] skill: JsValue,
    ) -> Result<SkillAccumulator> {
        let (origin, fields) = (convert::text(&origin, "origin")?, Fields::new(&skill, "skill")?);
        let skill = Skill {
            name: fields.text("name")?,
            proficiency: fields.number("proficiency")?,
            usage_count: fields.count("usageCount")?.into(),
            last_used: fields.number("lastUsed")?,
        };
        self.changed(|skills| skills.import(&origin, &skill))
    }

    /// A skill, if it is known.
    #[wasm_bindgen(js_name = getSkill, unchecked_return_type = "Skill | undefined")]
    pub fn get_skill(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    ) -> Result<JsValue> {
        match self.0.skill(&convert::text(&name, "name")?) {
            None => Ok(JsValue::UNDEFINED),
            Some(skill) => to_js(&skill_value(&skill)?),
        }
    }

    /// The same as `getSkill`.
    #[wasm_bindgen(unchecked_return_type = "Skill | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue) -> Result<JsValue> {
        self.get_skill(name)
    }

    /// All skills, in byte order of their names.
    #[wasm_bindgen(js_name = getAllSkills, unchecked_return_type = "Skill[]")]
    pub fn get_all_skills(&self) -> Result<JsValue> {
        list_to_js(&self.0.skills().map(|skill| skill_value(&skill)).collect::<Result<Vec<_>>>()?)
    }

    /// The same as `getAllSkills`.
    #[wasm_bindgen(js_name = toList, unchecked_return_type = "Skill[]")]
    pub fn to_list(&self) -> Result<JsValue> {
        self.get_all_skills()
    }

    /// How many skills there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
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
