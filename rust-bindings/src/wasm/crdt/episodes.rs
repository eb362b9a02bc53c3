//! What an agent went through.

use std::num::NonZeroU64;

use chrysalis_crdt as crdt;
use crdt::episodes::DEFAULT_CAPACITY;
use crdt::{ClockUnit, CrdtError, Episode, Value};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, Fields, float, list_to_js, record, texts_to_js, to_js};
use crate::convert;
use crate::error::{Result, Thrown};

/// The most important episodes, the same ones on every replica, and which caused which.
#[wasm_bindgen]
pub struct EpisodeMemory(pub(super) crdt::EpisodeMemory);

state!(EpisodeMemory, crdt::EpisodeMemory);

#[wasm_bindgen]
impl EpisodeMemory {
    /// No episode. `maxEpisodes` is 1000 by default; `null` keeps all.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "number | null")] max_episodes: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions")] options: JsValue,
    ) -> Result<EpisodeMemory> {
        let capacity = if max_episodes.is_undefined() {
            NonZeroU64::new(DEFAULT_CAPACITY)
        } else if max_episodes.is_null() {
            None
        } else {
            Some(to_capacity(&max_episodes)?)
        };
        Ok(Self(crdt::EpisodeMemory::with(capacity, values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// The same as the constructor.
    pub fn empty(
        #[wasm_bindgen(unchecked_optional_param_type = "number | null")] max_episodes: JsValue,
    ) -> Result<EpisodeMemory> {
        Self::new(max_episodes, JsValue::UNDEFINED)
    }

    /// The memory with an episode. Over the limit, the least important one goes: by importance, time, id and content.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Episode")] episode: JsValue,
    ) -> Result<EpisodeMemory> {
        let episode = to_episode(Fields::new(&episode, "episode")?)?;
        self.changed(|memory| memory.add(episode))
    }

    /// The memory with many episodes.
    #[wasm_bindgen(js_name = addMany)]
    pub fn add_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Episode[]")] episodes: JsValue,
    ) -> Result<EpisodeMemory> {
        let mut next = self.0.clone();
        for episode in values::values(&episodes, "episodes")? {
            next.add(to_episode(Fields::of(episode, "episodes")?)?)?;
        }
        Ok(Self(next))
    }

    /// The memory with the statement that one episode caused another.
    pub fn link(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] effect: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] cause: JsValue,
    ) -> Result<EpisodeMemory> {
        let (effect, cause) = (convert::text(&effect, "effect")?, convert::text(&cause, "cause")?);
        self.changed(|memory| Ok::<_, CrdtError>(memory.link(&effect, &cause)))
    }

    /// The memory with a lower limit, which stays the limit wherever it is merged.
    pub fn limit(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] max_episodes: JsValue,
    ) -> Result<EpisodeMemory> {
        let capacity = to_capacity(&max_episodes)?;
        self.changed(|memory| Ok::<_, CrdtError>(memory.limit(capacity)))
    }

    /// An episode by its id, if it is there.
    #[wasm_bindgen(unchecked_return_type = "Episode | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        match self.0.get(&convert::text(&id, "id")?) {
            None => Ok(JsValue::UNDEFINED),
            Some(episode) => to_js(&episode_value(episode)?),
        }
    }

    /// All episodes, the most important first.
    #[wasm_bindgen(js_name = toList, unchecked_return_type = "Episode[]")]
    pub fn to_list(&self) -> Result<JsValue> {
        episodes_to_js(self.0.episodes())
    }

    /// The episodes with a tag.
    #[wasm_bindgen(js_name = queryByTag, unchecked_return_type = "Episode[]")]
    pub fn query_by_tag(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] tag: JsValue,
    ) -> Result<JsValue> {
        episodes_to_js(self.0.by_tag(&convert::text(&tag, "tag")?))
    }

    /// The episodes of a time, both ends included.
    #[wasm_bindgen(js_name = queryByTime, unchecked_return_type = "Episode[]")]
    pub fn query_by_time(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] start: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] end: JsValue,
    ) -> Result<JsValue> {
        episodes_to_js(self.0.by_time(values::number(&start, "start")?, values::number(&end, "end")?))
    }

    /// The newest episodes, newest first.
    #[wasm_bindgen(unchecked_return_type = "Episode[]")]
    pub fn recent(&self, #[wasm_bindgen(unchecked_param_type = "number")] n: JsValue) -> Result<JsValue> {
        episodes_to_js(self.0.recent(convert::integer(&n, "n")? as usize))
    }

    /// The most important episodes, the most important first.
    #[wasm_bindgen(unchecked_return_type = "Episode[]")]
    pub fn important(&self, #[wasm_bindgen(unchecked_param_type = "number")] n: JsValue) -> Result<JsValue> {
        episodes_to_js(self.0.important(convert::integer(&n, "n")? as usize))
    }

    /// The ids under which there are different contents.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn duplicates(&self) -> Result<JsValue> {
        texts_to_js(self.0.duplicates())
    }

    /// What caused an episode directly.
    #[wasm_bindgen(js_name = causesOf, unchecked_return_type = "string[]")]
    pub fn causes_of(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        texts_to_js(self.0.causes_of(&convert::text(&id, "id")?))
    }

    /// What an episode caused directly.
    #[wasm_bindgen(js_name = effectsOf, unchecked_return_type = "string[]")]
    pub fn effects_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
    ) -> Result<JsValue> {
        texts_to_js(self.0.effects_of(&convert::text(&id, "id")?))
    }

    /// All that led to an episode.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn ancestors(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        texts_to_js(self.0.ancestors(&convert::text(&id, "id")?))
    }

    /// All that an episode led to.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn descendants(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
    ) -> Result<JsValue> {
        texts_to_js(self.0.descendants(&convert::text(&id, "id")?))
    }

    /// All episodes, causes before effects.
    #[wasm_bindgen(js_name = causalOrder, unchecked_return_type = "Episode[]")]
    pub fn causal_order(&self) -> Result<JsValue> {
        episodes_to_js(self.0.causal_order())
    }

    /// The shortest chain of causes from one episode to another, if there is one.
    #[wasm_bindgen(unchecked_return_type = "string[] | undefined")]
    pub fn why(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] cause: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] effect: JsValue,
    ) -> Result<JsValue> {
        let (cause, effect) = (convert::text(&cause, "cause")?, convert::text(&effect, "effect")?);
        self.0.why(&cause, &effect).map_or(Ok(JsValue::UNDEFINED), texts_to_js)
    }

    /// The links whose cause is not earlier than their effect, as pairs of effect and cause. They have no effect.
    #[wasm_bindgen(js_name = rejectedLinks, unchecked_return_type = "[string, string][]")]
    pub fn rejected_links(&self) -> Result<JsValue> {
        pairs_to_js(self.0.rejected_links())
    }

    /// The links an end of which is not there, as pairs of effect and cause.
    #[wasm_bindgen(js_name = danglingLinks, unchecked_return_type = "[string, string][]")]
    pub fn dangling_links(&self) -> Result<JsValue> {
        pairs_to_js(self.0.dangling_links())
    }

    /// How many episodes there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

pub(super) fn to_episode(fields: Fields) -> Result<Episode> {
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

fn to_capacity(given: &JsValue) -> Result<NonZeroU64> {
    let count = values::count(given, "maxEpisodes")?;
    NonZeroU64::new(count).ok_or_else(|| Thrown::argument("maxEpisodes", "must not be 0"))
}

fn episodes_to_js<'a>(episodes: impl IntoIterator<Item = &'a Episode>) -> Result<JsValue> {
    list_to_js(&episodes.into_iter().map(episode_value).collect::<Result<Vec<_>>>()?)
}

fn pairs_to_js<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<JsValue> {
    to_js(&Value::array(pairs.map(|(effect, cause)| Value::array([effect, cause]))))
}
