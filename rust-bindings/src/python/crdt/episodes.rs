//! What an agent went through.

use std::num::NonZeroU64;

use chrysalis_crdt as crdt;
use chrysalis_crdt::{ClockUnit, Value};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value::{Datum, Name, Unit, dict};
use super::{Held, merge_into, state};
use crate::python::convert::to_bytes;
use crate::python::error::Result;

/// An episode as a `dict`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Episode {
    id: String,
    content: Datum,
    #[pyo3(default = Datum(Value::Null))]
    context: Datum,
    #[pyo3(default = Datum(Value::Null))]
    outcome: Datum,
    timestamp: f64,
    importance: f64,
    #[pyo3(default)]
    tags: Vec<String>,
}

dict!(Episode { id, content, context, outcome, timestamp, importance, tags });

impl From<Episode> for crdt::Episode {
    fn from(episode: Episode) -> Self {
        let Episode { id, content, context, outcome, timestamp, importance, tags } = episode;
        Self { id, content: content.0, context: context.0, outcome: outcome.0, timestamp, importance, tags }
    }
}

impl From<&crdt::Episode> for Episode {
    fn from(episode: &crdt::Episode) -> Self {
        let crdt::Episode { id, content, context, outcome, timestamp, importance, tags } = episode.clone();
        Self {
            id,
            content: Datum(content),
            context: Datum(context),
            outcome: Datum(outcome),
            timestamp,
            importance,
            tags,
        }
    }
}

/// The most important episodes, the same ones on every replica, and which caused which.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct EpisodeMemory(Held<crdt::EpisodeMemory>);

state!(EpisodeMemory, crdt::EpisodeMemory, |episodes| format!("of {} episodes, ", episodes.len()));
merge_into!(EpisodeMemory);

/// A capacity, `None` for no limit; 0 is none.
pub(super) fn to_capacity(given: Option<u64>) -> Result<Option<NonZeroU64>> {
    let checked = |count| NonZeroU64::new(count).ok_or(crdt::CrdtError::OutOfRange("max_episodes is 0"));
    Ok(given.map(checked).transpose()?)
}

#[pymethods]
impl EpisodeMemory {
    /// No episode, with room for so many; `None` for no limit. `clock` is the unit of times.
    #[new]
    #[pyo3(signature = (max_episodes = Some(crdt::episodes::DEFAULT_CAPACITY), *, clock = Unit(ClockUnit::Milliseconds)))]
    fn new(max_episodes: Option<u64>, clock: Unit) -> Result<Self> {
        Ok(Self::of(crdt::EpisodeMemory::with(to_capacity(max_episodes)?, clock.0)))
    }

    /// Adds an episode, unless its id is known: a `dict` with `id`, `content`, `timestamp` and `importance`, and maybe
    /// `context`, `outcome` and `tags`.
    fn add(&self, episode: Episode) -> Result<()> {
        self.0.change(|episodes| episodes.add(episode.into()).map(drop))
    }

    /// Adds episodes, all or none, and gives their delta, for `import_deltas` elsewhere.
    fn add_many<'py>(&self, py: Python<'py>, episodes: Vec<Episode>) -> PyResult<Bound<'py, PyBytes>> {
        let delta = self.0.change(|all| {
            let mut next = all.clone();
            let mut delta = crdt::EpisodeMemory::with(None, all.unit());
            for episode in episodes {
                delta.merge(&next.add(episode.into())?)?;
            }
            *all = next;
            Ok(crdt::Decompose::to_wire(&delta))
        })?;
        to_bytes(py, &delta)
    }

    /// The episode with an id, if it is here.
    fn get(&self, id: Name<'_>) -> Option<Episode> {
        self.0.now().get(id.0).map(Episode::from)
    }

    /// All episodes, most important first.
    fn episodes(&self) -> Vec<Episode> {
        self.0.now().episodes().map(Episode::from).collect()
    }

    /// The episodes with a label, most important first.
    fn query_by_tag(&self, tag: Name<'_>) -> Vec<Episode> {
        self.0.now().by_tag(tag.0).map(Episode::from).collect()
    }

    /// The episodes from `start` to `end`, both included, most important first.
    fn query_by_time(&self, start: f64, end: f64) -> Vec<Episode> {
        self.0.now().by_time(start, end).map(Episode::from).collect()
    }

    /// The `n` newest, newest first.
    fn recent(&self, n: usize) -> Vec<Episode> {
        self.0.now().recent(n).into_iter().map(Episode::from).collect()
    }

    /// The `n` most important, most important first.
    fn important(&self, n: usize) -> Vec<Episode> {
        self.0.now().important(n).into_iter().map(Episode::from).collect()
    }

    /// Ids that stand for several contents. Queries show the one of highest rank.
    fn duplicates(&self) -> Vec<String> {
        owned(self.0.now().duplicates())
    }

    /// How many episodes there may be; `None` for no limit.
    #[getter]
    fn max_episodes(&self) -> Option<u64> {
        self.0.now().capacity()
    }

    /// The number of episodes.
    fn size(&self) -> usize {
        self.0.now().len()
    }

    /// Records that one episode caused another. Either may be unknown.
    fn link(&self, effect: Name<'_>, cause: Name<'_>) -> Result<()> {
        self.0.change(|episodes| {
            episodes.link(effect.0, cause.0);
            Ok(())
        })
    }

    /// All links, as pairs of effect and cause.
    fn links(&self) -> Vec<(String, String)> {
        pairs(self.0.now().links())
    }

    /// Links whose cause is not earlier than their effect; they have no effect.
    fn rejected_links(&self) -> Vec<(String, String)> {
        pairs(self.0.now().rejected_links())
    }

    /// Links with an end that is not here.
    fn dangling_links(&self) -> Vec<(String, String)> {
        pairs(self.0.now().dangling_links())
    }

    /// What caused an episode directly.
    fn causes_of(&self, effect: Name<'_>) -> Vec<String> {
        owned(self.0.now().causes_of(effect.0))
    }

    /// What an episode caused directly.
    fn effects_of(&self, cause: Name<'_>) -> Vec<String> {
        owned(self.0.now().effects_of(cause.0))
    }

    /// All that led to an episode, in byte order.
    fn ancestors(&self, id: Name<'_>) -> Vec<String> {
        owned(self.0.now().ancestors(id.0))
    }

    /// All that an episode led to, in byte order.
    fn descendants(&self, id: Name<'_>) -> Vec<String> {
        owned(self.0.now().descendants(id.0))
    }

    /// The episodes, causes first, else by time.
    fn causal_order(&self) -> Vec<Episode> {
        self.0.now().causal_order().into_iter().map(Episode::from).collect()
    }

    /// The shortest chain of ids from a cause to an effect, both included; `None` when there is none.
    fn why(&self, cause: Name<'_>, effect: Name<'_>) -> Option<Vec<String>> {
        self.0.now().why(cause.0, effect.0).map(owned)
    }

    fn __len__(&self) -> usize {
        self.size()
    }
}

fn owned<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    ids.into_iter().map(ToOwned::to_owned).collect()
}

fn pairs<'a>(links: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    links.map(|(effect, cause)| (effect.to_owned(), cause.to_owned())).collect()
}
