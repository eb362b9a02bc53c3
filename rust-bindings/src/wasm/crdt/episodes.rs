//! What an agent went through.

use std::num::NonZeroU64;

use chrysalis_crdt as crdt;
use crdt::episodes::DEFAULT_CAPACITY;
use crdt::{Episode, Value};

use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::{Fields, float, record};
use crate::error::{Result, Thrown};

impl Operate for crdt::EpisodeMemory {
    /// Takes the unit and the limit, `false` where there is none.
    fn make(op: &mut Op<'_>) -> Result<Self> {
        let unit = op.unit()?;
        let capacity = match op.optional() {
            None => NonZeroU64::new(DEFAULT_CAPACITY),
            Some(Value::Bool(_)) => None,
            Some(limit) => Some(capacity(limit.as_u64())?),
        };
        Ok(Self::with(capacity, unit))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "add" => change!(op, (episode: to_episode(&op.fields()?)?) => self.add(episode)?),
            "addMany" => change!(op, (episodes: op.list()?) => op.each(episodes, &mut |episode| {
                Ok(self.add(to_episode(&Fields::of(episode, "episodes")?)?)?)
            })?),
            "link" => change!(op, (effect: op.text()?, cause: op.text()?) => self.link(effect, cause)),
            "limit" => change!(op, (count: op.count()?) => self.limit(capacity(Some(count))?)),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        match op.name() {
            "get" => Ok(Answer::optional(self.get(op.text()?).map(episode_value).transpose()?)),
            "toList" => episodes(&mut self.episodes()),
            "queryByTag" => episodes(&mut self.by_tag(op.text()?)),
            "queryByTime" => episodes(&mut self.by_time(op.number()?, op.number()?)),
            "recent" => episodes(&mut self.recent(op.index()?).into_iter()),
            "important" => episodes(&mut self.important(op.index()?).into_iter()),
            "causalOrder" => episodes(&mut self.causal_order().into_iter()),
            "duplicates" => Ok(Answer::texts(self.duplicates())),
            "causesOf" => Ok(Answer::texts(self.causes_of(op.text()?))),
            "effectsOf" => Ok(Answer::texts(self.effects_of(op.text()?))),
            "ancestors" => Ok(Answer::texts(self.ancestors(op.text()?))),
            "descendants" => Ok(Answer::texts(self.descendants(op.text()?))),
            "why" => Ok(self.why(op.text()?, op.text()?).map_or(Answer::Nothing, Answer::texts)),
            "rejectedLinks" => Ok(pairs(&mut self.rejected_links())),
            "danglingLinks" => Ok(pairs(&mut self.dangling_links())),
            "size" => Ok(Answer::count(self.len())),
            _ => Err(unknown()),
        }
    }
}

pub(super) fn to_episode(fields: &Fields<'_>) -> Result<Episode> {
    Ok(Episode {
        id: fields.text("id")?,
        content: fields.any("content"),
        context: fields.any("context"),
        outcome: fields.any("outcome"),
        timestamp: fields.number("timestamp")?,
        importance: fields.number("importance")?,
        tags: fields.texts("tags")?.unwrap_or_default(),
    })
}

fn episode_value(episode: &Episode) -> Result<Value> {
    Ok(record([
        ("id", episode.id.as_str().into()),
        ("content", episode.content.clone()),
        ("context", episode.context.clone()),
        ("outcome", episode.outcome.clone()),
        ("timestamp", float(episode.timestamp)?),
        ("importance", float(episode.importance)?),
        ("tags", Value::array(episode.tags.iter().map(String::as_str))),
    ]))
}

fn capacity(count: Option<u64>) -> Result<NonZeroU64> {
    count
        .and_then(NonZeroU64::new)
        .ok_or_else(|| Thrown::argument("maxEpisodes", "must be an integer from 1"))
}

fn episodes(episodes: &mut dyn Iterator<Item = &Episode>) -> Result<Answer> {
    let mut values = Vec::new();
    for episode in episodes {
        values.push(episode_value(episode)?);
    }
    Ok(Value::from(values).into())
}

fn pairs<'a>(pairs: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Answer {
    Value::array(pairs.map(|(effect, cause)| Value::Array(vec![effect.into(), cause.into()]))).into()
}
