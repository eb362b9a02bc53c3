//! Shapes of an agent's state and its parts.

use std::num::NonZeroU64;

use super::parts::{
    put_actor, put_context, put_counts, put_value, take_actor, take_context, take_element, take_value,
};
use super::{Import, Json, JsonState, Record, invalid, safe_integer};
use crate::actor::{ActorId, ActorKey};
use crate::agent::AgentState;
use crate::beliefs::{Belief, BeliefState, Entry as BeliefEntry, parts};
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::episodes::{Episode, EpisodeMemory};
use crate::error::CrdtError;
use crate::lww::LwwRegister;
use crate::score::Score;
use crate::skills::{self, ProficiencyPolicy, Skill, SkillAccumulator};
use crate::tally::Tally;
use crate::time::ClockUnit;

/// `{"skills":{name:{"name","proficiency","usage":{"counts":{}},"usage_count","last_used"}},"policy":"max"}`; with the
/// policy `latest`, each skill also has its `writer`. Also read: skills without `usage`, under the import's origin.
impl JsonState for SkillAccumulator {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut skills = Vec::new();
        for (name, entry) in self.entries() {
            let mut fields = vec![
                ("name", Json::from(name.as_str())),
                ("proficiency", Json::Number(entry.proficiency.to_f64())),
                ("usage", put_tally(&entry.usage)?),
                ("usage_count", Json::count(safe_integer(entry.usage.count())?)?),
                ("last_used", Json::Number(self.unit().time(entry.last_used)?)),
            ];
            if let Some(writer) = &entry.writer {
                fields.push(("writer", put_actor(writer)));
            }
            skills.push((name.clone(), Json::record(fields)));
        }
        Ok(Json::record([("skills", Json::Object(skills)), ("policy", Json::from(self.policy().as_str()))]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["skills", "policy"])?;
        let policy = match record.optional("policy") {
            None => ProficiencyPolicy::Max,
            Some(name) => {
                name.as_text().and_then(ProficiencyPolicy::from_name).ok_or(invalid("unknown policy"))?
            }
        };
        let unit = import.unit_or(older(!record.has("policy")))?;
        let mut state = Self::with(policy, unit);
        for (name, json) in fields(record.field("skills")?)? {
            let skill = Record::new(json)?;
            if skill.optional("name").is_some_and(|own| own.as_text() != Some(name)) {
                return Err(invalid("a skill under another name"));
            }
            let proficiency = skill.field("proficiency")?.to_number()?;
            let last_used = either(skill, "last_used", "lastUsed")?.to_number()?;
            let usage_count = either(skill, "usage_count", "usageCount")?.to_count()?;
            let Some(usage) = skill.optional("usage") else {
                skill.only(&["name", "proficiency", "usage_count", "usageCount", "last_used", "lastUsed"])?;
                let usage_count = u128::from(usage_count);
                let skill = Skill { name: name.clone(), proficiency, usage_count, last_used };
                state.import(origin(import)?.as_str(), &skill)?;
                continue;
            };
            skill.only(&["name", "proficiency", "usage", "usage_count", "last_used", "writer"])?;
            let usage = take_tally(usage)?;
            if usage.count() != u128::from(usage_count) {
                return Err(invalid("usage_count is not the sum of usage"));
            }
            let writer = match policy {
                ProficiencyPolicy::Max if skill.has("writer") => {
                    return Err(invalid("writer of a greatest proficiency"));
                }
                ProficiencyPolicy::Max => None,
                ProficiencyPolicy::Latest => Some(take_actor(skill.field("writer")?)?),
            };
            let (last_used, proficiency) = (unit.stamp(last_used)?, Score::new(proficiency)?);
            state.insert_entry(name.clone(), skills::Entry { usage, last_used, proficiency, writer });
        }
        Ok(state)
    }
}

/// `{"episodes":[…rank order],"max_episodes":1000,"causal_links":{effect:[cause]}}`; links may be missing.
impl JsonState for EpisodeMemory {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let episodes = self.kept().map(|held| put_episode(&held.episode)).collect::<Result<_, _>>()?;
        let links = self.links.iter().map(|(effect, causes)| {
            (effect.clone(), Json::Array(causes.iter().map(|cause| Json::from(cause.as_str())).collect()))
        });
        Ok(Json::record([
            ("episodes", Json::Array(episodes)),
            ("max_episodes", self.capacity().map_or(Ok(Json::Null), Json::count)?),
            ("causal_links", Json::Object(links.collect())),
        ]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["episodes", "max_episodes", "causal_links"])?;
        let capacity = match record.present("max_episodes") {
            None => None,
            Some(count) => Some(NonZeroU64::new(count.to_count()?).ok_or(invalid("max_episodes is 0"))?),
        };
        let unit = import.unit_or(older(!record.has("causal_links")))?;
        let mut memory = Self::with(capacity, unit);
        for episode in record.items("episodes")? {
            memory.take_in(take_episode(episode)?)?;
        }
        if let Some(links) = record.optional("causal_links") {
            for (effect, causes) in fields(links)? {
                let causes = texts(causes)?;
                if !causes.is_empty() {
                    memory.links.insert(effect.clone(), causes.into_iter().collect());
                }
            }
        }
        Ok(memory)
    }
}

/// `{"beliefs":{id:{"id","content","conviction","evidence_for","evidence_against","last_updated","source","record","for",
/// "against","weighed"}}}`: first what is read, then what it rests on. Also read: the first seven alone, under the
/// import's origin.
impl JsonState for BeliefState {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut all = Vec::new();
        for (id, entry) in self.entries() {
            let mut fields = vec![("id", Json::from(id.as_str()))];
            if let Some(belief) = self.belief(id) {
                fields.extend([
                    ("content", put_value(&belief.content)?),
                    ("conviction", Json::Number(belief.conviction)),
                    ("evidence_for", Json::count(safe_integer(belief.evidence_for)?)?),
                    ("evidence_against", Json::count(safe_integer(belief.evidence_against)?)?),
                    ("last_updated", Json::Number(belief.last_updated)),
                    ("source", put_value(&belief.source)?),
                ]);
            }
            let record = match entry.record.winner() {
                None => Json::Null,
                Some((key, element)) => Json::record([
                    ("value", put_value(element.value())?),
                    ("timestamp", Json::Number(self.unit().time(key.stamp())?)),
                    ("nodeId", put_actor(key.actor())),
                ]),
            };
            let weighed =
                entry.weighed.map_or(Ok(Json::Null), |stamp| self.unit().time(stamp).map(Json::Number))?;
            fields.extend([
                ("record", record),
                ("for", put_tally(&entry.evidence_for)?),
                ("against", put_tally(&entry.evidence_against)?),
                ("weighed", weighed),
            ]);
            all.push((id.clone(), Json::record(fields)));
        }
        Ok(Json::record([("beliefs", Json::Object(all))]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        const READ: [&str; 7] =
            ["id", "content", "conviction", "evidence_for", "evidence_against", "last_updated", "source"];
        let record = Record::new(data)?.only(&["beliefs"])?;
        let beliefs = fields(record.field("beliefs")?)?;
        let current = |(_, json): &(String, Json)| Record::new(json).is_ok_and(|belief| belief.has("record"));
        let unit = import.unit_or(older(!beliefs.iter().any(current)))?;
        let mut state = Self::with_unit(unit);
        for (id, json) in beliefs {
            let belief = Record::new(json)?;
            if belief.text("id")? != id {
                return Err(invalid("a belief under another id"));
            }
            if !belief.has("record") {
                let writer = Writer::resume(legacy(import)?, 0);
                state.update(&writer, &take_belief(belief.only(&READ)?)?)?;
                continue;
            }
            let mut names = READ.to_vec();
            names.extend(["record", "for", "against", "weighed"]);
            let belief = belief.only(&names)?;
            let mut entry = BeliefEntry::new(unit);
            if let Some(record) = belief.present("record") {
                let record = Record::new(record)?.only(&["value", "timestamp", "nodeId"])?;
                let (element, encoded) = take_element(record.field("value")?)?;
                parts(element.value()).ok_or(invalid("record of a belief"))?;
                let stamp = unit.stamp(record.field("timestamp")?.to_number()?)?;
                let actor = take_actor(record.field("nodeId")?)?;
                entry.record =
                    LwwRegister::from_parts(unit, stamp, actor, element, &encoded, CausalContext::new());
            }
            entry.evidence_for = take_tally(belief.field("for")?)?;
            entry.evidence_against = take_tally(belief.field("against")?)?;
            entry.weighed = match belief.present("weighed") {
                None => None,
                Some(time) => Some(unit.stamp(time.to_number()?)?),
            };
            if entry == BeliefEntry::new(unit) {
                return Err(invalid("belief of nothing"));
            }
            state.insert_entry(id.clone(), entry);
            // What is read must be what it rests on.
            let shown = state.belief(id);
            if shown.is_some() != belief.has("content")
                || shown.is_some_and(|shown| take_belief(belief) != Ok(shown))
            {
                return Err(invalid("a belief that does not follow from its record"));
            }
        }
        Ok(state)
    }
}

/// `{"agent_id","skills":{…},"episodes":{…},"beliefs":{…},"vector_clock":{"a":3},"cloud":{"b":[7]}}`, the parts in their own
/// shapes; `agent_id` is `null` in the state below all others.
impl JsonState for AgentState {
    fn clock_unit(&self) -> Option<ClockUnit> {
        Some(self.skills.unit())
    }

    fn to_data(&self) -> Result<Json, CrdtError> {
        let context = put_context(self.context())?;
        let context = Record::new(&context)?;
        Ok(Json::record([
            ("agent_id", self.agent().map_or(Json::Null, |agent| Json::from(agent.as_str()))),
            ("skills", self.skills.to_data()?),
            ("episodes", self.episodes.to_data()?),
            ("beliefs", self.beliefs.to_data()?),
            ("vector_clock", context.field("vv")?.clone()),
            ("cloud", context.field("cloud")?.clone()),
        ]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&[
            "agent_id",
            "skills",
            "episodes",
            "beliefs",
            "vector_clock",
            "cloud",
        ])?;
        let skills = SkillAccumulator::from_data(record.field("skills")?, import)?;
        let episodes = EpisodeMemory::from_data(record.field("episodes")?, import)?;
        let beliefs = BeliefState::from_data(record.field("beliefs")?, import)?;
        let cloud = record.optional("cloud").cloned().unwrap_or(Json::Object(Vec::new()));
        let context =
            take_context(&Json::record([("vv", record.field("vector_clock")?.clone()), ("cloud", cloud)]))?;
        if *record.field("agent_id")? == Json::Null {
            let bottom = Self::default();
            let empty = skills == bottom.skills && episodes == bottom.episodes && beliefs == bottom.beliefs;
            return if empty && context.is_empty() {
                Ok(Self::default())
            } else {
                Err(invalid("state of no agent"))
            };
        }
        let agent = ActorId::new(record.text("agent_id")?)?;
        Ok(Self::with(agent, skills, episodes, beliefs)?.with_context(context))
    }
}

fn put_episode(episode: &Episode) -> Result<Json, CrdtError> {
    Ok(Json::record([
        ("id", Json::from(episode.id.as_str())),
        ("content", put_value(&episode.content)?),
        ("context", put_value(&episode.context)?),
        ("outcome", put_value(&episode.outcome)?),
        ("timestamp", Json::Number(episode.timestamp)),
        ("importance", Json::Number(episode.importance)),
        ("tags", Json::Array(episode.tags.iter().map(|tag| Json::from(tag.as_str())).collect())),
    ]))
}

fn take_episode(json: &Json) -> Result<Episode, CrdtError> {
    let record = Record::new(json)?.only(&[
        "id",
        "content",
        "context",
        "outcome",
        "timestamp",
        "importance",
        "tags",
    ])?;
    let value = |name| record.optional(name).map_or(Ok(crate::value::Value::Null), take_value);
    Ok(Episode {
        id: record.text("id")?.to_owned(),
        content: take_value(record.field("content")?)?,
        context: value("context")?,
        outcome: value("outcome")?,
        timestamp: record.field("timestamp")?.to_number()?,
        importance: record.field("importance")?.to_number()?,
        tags: record.optional("tags").map_or(Ok(Vec::new()), texts)?,
    })
}

fn take_belief(record: Record<'_>) -> Result<Belief, CrdtError> {
    Ok(Belief {
        id: record.text("id")?.to_owned(),
        content: take_value(record.field("content")?)?,
        conviction: record.field("conviction")?.to_number()?,
        evidence_for: u128::from(record.field("evidence_for")?.to_count()?),
        evidence_against: u128::from(record.field("evidence_against")?.to_count()?),
        last_updated: record.field("last_updated")?.to_number()?,
        source: take_value(record.field("source")?)?,
    })
}

/// `{"counts":{"a":3}}`, and `"cloud":{"b":[7]}` where updates arrived over a gap.
fn put_tally(tally: &Tally) -> Result<Json, CrdtError> {
    let mut fields = vec![("counts", put_counts(&tally.context().vector())?)];
    if tally.context().cloud().next().is_some() {
        let context = put_context(tally.context())?;
        fields.push(("cloud", Record::new(&context)?.field("cloud")?.clone()));
    }
    Ok(Json::record(fields))
}

fn take_tally(json: &Json) -> Result<Tally, CrdtError> {
    let record = Record::new(json)?.only(&["counts", "cloud"])?;
    let cloud = record.optional("cloud").cloned().unwrap_or(Json::Object(Vec::new()));
    take_context(&Json::record([("vv", record.field("counts")?.clone()), ("cloud", cloud)]))
        .map(Tally::from_context)
}

/// The unit of a shape from before units were named.
fn older(shape: bool) -> Option<ClockUnit> {
    shape.then_some(ClockUnit::Milliseconds)
}

fn origin(import: &Import) -> Result<&ActorKey, CrdtError> {
    import.origin.as_ref().ok_or(invalid("counts without the origin they are taken in under"))
}

fn legacy(import: &Import) -> Result<ActorKey, CrdtError> {
    ActorKey::new(&format!("legacy:{}", origin(import)?))
}

fn either<'a>(record: Record<'a>, name: &str, other: &str) -> Result<&'a Json, CrdtError> {
    record.optional(name).or(record.optional(other)).ok_or(invalid("a field is missing"))
}

fn fields(json: &Json) -> Result<&[(String, Json)], CrdtError> {
    json.as_object().ok_or(invalid("not an object"))
}

fn texts(json: &Json) -> Result<Vec<String>, CrdtError> {
    json.to_items()?
        .iter()
        .map(|item| item.as_text().map(str::to_owned).ok_or(invalid("not a text")))
        .collect()
}
