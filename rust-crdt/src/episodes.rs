//! What an agent went through: the most important episodes, and which of them caused which.

use std::cmp::Reverse;
use std::num::NonZeroU64;
use std::sync::Arc;

use crate::codec;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::score::Score;
use crate::sorted::{SortedMap, SortedSet, sort, sort_by};
use crate::time::ClockUnit;
use crate::value::Value;

/// How many episodes a memory keeps unless told otherwise.
pub const DEFAULT_CAPACITY: u64 = 1000;

/// One episode. It never changes; another content under its id is another episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Its name.
    pub id: String,
    /// What happened.
    pub content: Value,
    /// Under which circumstances.
    pub context: Value,
    /// What came of it.
    pub outcome: Value,
    /// When, in the memory's unit.
    pub timestamp: f64,
    /// From 0 to 1.
    pub importance: f64,
    /// Labels; a set, kept in byte order.
    pub tags: Vec<String>,
}

/// Episodes, of which the highest in rank are kept, and causal links between them.
///
/// What is kept are pairs of id and content: two contents under one id are both kept, queries show the one of higher
/// rank, and [`duplicates`](Self::duplicates) lists the id. The rank is importance, then time, both descending, then id
/// and digest, ascending. Merging takes the smaller capacity and the first so many of the union, which is
/// commutative and associative since the rank is one order everywhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpisodeMemory {
    unit: ClockUnit,
    capacity: Option<NonZeroU64>,
    /// In the order of rank.
    ranked: SortedMap<Rank, Arc<Held>>,
    /// The same by id, the shown one of each first.
    by_id: SortedSet<IdKey>,
    /// The causes of each effect; no empty set.
    pub(crate) links: SortedMap<String, SortedSet<String>>,
}

type Digest = [u8; 32];
/// The parts of a [`Rank`] with the id first.
type IdKey = (Arc<str>, Reverse<Score>, Reverse<Stamp>, Digest);

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Rank {
    importance: Reverse<Score>,
    time: Reverse<Stamp>,
    id: Arc<str>,
    digest: Digest,
}

/// An admitted episode: its numbers are finite, its values have an encoding, its tags are a set.
#[derive(Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) episode: Episode,
    pub(crate) time: Stamp,
    pub(crate) importance: Score,
}

/// Numbers of admitted episodes are finite.
impl Eq for Held {}

impl EpisodeMemory {
    /// No episodes, a capacity of [`DEFAULT_CAPACITY`], times in milliseconds.
    #[must_use]
    pub fn new() -> Self {
        Self::with(NonZeroU64::new(DEFAULT_CAPACITY), ClockUnit::Milliseconds)
    }

    /// No episodes, with a capacity, `None` for no limit, and a unit of time. There is no capacity of 0: since the smallest
    /// one counts everywhere, it would take all episodes from all replicas.
    #[must_use]
    pub fn with(capacity: Option<NonZeroU64>, unit: ClockUnit) -> Self {
        Self { unit, capacity, ranked: SortedMap::new(), by_id: SortedSet::new(), links: SortedMap::new() }
    }

    /// Adds an episode, unless its id is known, and returns the delta.
    ///
    /// The delta of an episode with a known id is empty. Over the capacity the lowest in rank are dropped.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for numbers that are not such, [`CrdtError::TooDeep`]
    /// and [`CrdtError::TooLong`] for values over the limits; nothing changed.
    pub fn add(&mut self, episode: Episode) -> Result<Self, CrdtError> {
        let mut delta = Self::with(None, self.unit);
        let (rank, held) = admit(self.unit, episode)?;
        if self.get(&held.episode.id).is_none() {
            delta.insert(rank, Arc::new(held));
            self.merge(&delta).expect("the delta has this unit");
        }
        Ok(delta)
    }

    /// Lowers the capacity to at most `capacity` and returns the delta.
    pub fn limit(&mut self, capacity: NonZeroU64) -> Self {
        let delta = Self::with(Some(capacity), self.unit);
        self.merge(&delta).expect("the delta has this unit");
        delta
    }

    /// The same episodes and links with any capacity. A migration of all replicas at once: what merges with
    /// an older copy has the older, smaller capacity again.
    #[must_use]
    pub fn into_capacity(mut self, capacity: Option<NonZeroU64>) -> Self {
        self.capacity = capacity;
        self.cut();
        self
    }

    /// The episode shown for an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Episode> {
        self.shown(id).map(|held| &held.episode)
    }

    /// The shown episodes, in the order of rank.
    pub fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.shown_all().map(|held| &held.episode)
    }

    /// How many episodes are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown_all().count()
    }

    /// Whether there is no episode.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranked.is_empty()
    }

    /// The episodes with a tag, in the order of rank.
    pub fn by_tag(&self, tag: &str) -> impl Iterator<Item = &Episode> {
        self.episodes().filter(move |episode| episode.tags.iter().any(|one| one == tag))
    }

    /// The episodes from `start` to `end`, both included, in the order of rank.
    pub fn by_time(&self, start: f64, end: f64) -> impl Iterator<Item = &Episode> {
        self.episodes().filter(move |episode| (start..=end).contains(&episode.timestamp))
    }

    /// The `n` newest episodes, newest first, ties by id.
    #[must_use]
    pub fn recent(&self, n: usize) -> Vec<&Episode> {
        self.first(n, |held| Reverse(held.time))
    }

    /// The `n` most important episodes, most important first, ties by id.
    #[must_use]
    pub fn important(&self, n: usize) -> Vec<&Episode> {
        self.first(n, |held| Reverse(held.importance))
    }

    /// The ids under which several contents are kept, in byte order: someone used an id twice.
    #[must_use]
    pub fn duplicates(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut last: Option<&str> = None;
        for (id, ..) in &self.by_id {
            if last == Some(id) && found.last() != Some(&&**id) {
                found.push(id);
            }
            last = Some(id);
        }
        found
    }

    /// All contents kept under an id, in the order of rank.
    pub fn contents(&self, id: &str) -> impl Iterator<Item = &Episode> {
        self.keys(id.into()).map(|key| &self.held(key).episode)
    }

    /// How many pairs of id and content are kept at most.
    #[must_use]
    pub fn capacity(&self) -> Option<u64> {
        self.capacity.map(NonZeroU64::get)
    }

    /// What times are counted in.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Joins another state or delta into this one.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] for another unit; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.check(other)?;
        self.capacity = match (self.capacity, other.capacity) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        for (rank, held) in &other.ranked {
            // The rest ranks lower still.
            if self.is_full() && self.ranked.last_key_value().is_none_or(|(last, _)| last < rank) {
                break;
            }
            self.insert(rank.clone(), Arc::clone(held));
        }
        self.cut();
        for (effect, causes) in &other.links {
            self.links.get_or_default(effect.clone()).extend(causes.iter().cloned());
        }
        Ok(())
    }

    /// The capacity as it is given.
    pub(crate) fn limited(&self) -> Option<NonZeroU64> {
        self.capacity
    }

    /// What merging would refuse.
    pub(crate) fn check(&self, other: &Self) -> Result<(), CrdtError> {
        self.unit.expect(other.unit)
    }

    pub(crate) fn shown(&self, id: &str) -> Option<&Held> {
        self.keys(id.into()).next().map(|key| self.held(key))
    }

    pub(crate) fn shown_all(&self) -> impl Iterator<Item = &Held> {
        self.ranked
            .iter()
            .filter(|(rank, _)| {
                self.keys(Arc::clone(&rank.id)).next().is_some_and(|key| key.3 == rank.digest)
            })
            .map(|(_, held)| &**held)
    }

    /// Everything kept, in the order of rank.
    pub(crate) fn kept(&self) -> impl ExactSizeIterator<Item = &Held> {
        self.ranked.values().map(|held| &**held)
    }

    /// Adds an admitted episode behind all others; false, and nothing changed, when it does not rank there or there
    /// is no room.
    pub(crate) fn push(&mut self, episode: Episode) -> Result<bool, CrdtError> {
        let (rank, held) = admit(self.unit, episode)?;
        let last = self.ranked.last_key_value();
        let fits = !self.is_full() && last.is_none_or(|(last, _)| *last < rank);
        if fits {
            self.insert(rank, Arc::new(held));
        }
        Ok(fits)
    }

    /// Adds an episode, whether or not its id is known.
    pub(crate) fn take_in(&mut self, episode: Episode) -> Result<(), CrdtError> {
        let (rank, held) = admit(self.unit, episode)?;
        self.insert(rank, Arc::new(held));
        self.cut();
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.ranked.len() as u64 >= capacity.get())
    }

    fn cut(&mut self) {
        while self.capacity.is_some_and(|capacity| self.ranked.len() as u64 > capacity.get()) {
            if let Some((rank, _)) = self.ranked.pop_last() {
                self.by_id.remove(&(rank.id, rank.importance, rank.time, rank.digest));
            }
        }
    }

    fn insert(&mut self, rank: Rank, held: Arc<Held>) {
        self.by_id.insert((Arc::clone(&rank.id), rank.importance, rank.time, rank.digest));
        self.ranked.insert(rank, held);
    }

    fn keys(&self, id: Arc<str>) -> impl Iterator<Item = &IdKey> {
        let first = (Arc::clone(&id), Reverse(Score::one()), Reverse(Stamp::MAX), [0; 32]);
        self.by_id.starting_at(&first).take_while(move |key| key.0 == id)
    }

    fn held(&self, key: &IdKey) -> &Held {
        let rank = Rank { importance: key.1, time: key.2, id: Arc::clone(&key.0), digest: key.3 };
        self.ranked.get(&rank).expect("both indexes have the same episodes")
    }

    fn first<K: Ord>(&self, n: usize, key: impl Fn(&Held) -> K) -> Vec<&Episode> {
        let mut all: Vec<&Held> = self.shown_all().collect();
        sort_by(&mut all, |a, b| key(a).cmp(&key(b)).then_with(|| a.episode.id.cmp(&b.episode.id)));
        all.truncate(n);
        all.into_iter().map(|held| &held.episode).collect()
    }
}

impl Default for EpisodeMemory {
    /// The state below all others: no episodes and no limit, times in milliseconds.
    fn default() -> Self {
        Self::with(None, ClockUnit::Milliseconds)
    }
}

/// Checks an episode, brings it into its one form and finds its rank.
fn admit(unit: ClockUnit, mut episode: Episode) -> Result<(Rank, Held), CrdtError> {
    let (time, importance) = (unit.stamp(episode.timestamp)?, Score::new(episode.importance)?);
    // -0 is 0 from here on.
    episode.timestamp = unit.time(time)?;
    episode.importance = importance.to_f64();
    sort(&mut episode.tags);
    episode.tags.dedup();
    let held = Held { episode, time, importance };
    let digest = codec::episode_digest(unit, &held)?;
    let id = held.episode.id.as_str().into();
    Ok((Rank { importance: Reverse(importance), time: Reverse(time), id, digest }, held))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Import, JsonState};

    pub(crate) fn episode(id: &str, timestamp: f64, importance: f64) -> Episode {
        Episode {
            id: id.into(),
            content: Value::from(id),
            context: Value::Null,
            outcome: Value::from("done"),
            timestamp,
            importance,
            tags: vec!["t".into()],
        }
    }

    fn ids(memory: &EpisodeMemory) -> Vec<&str> {
        memory.episodes().map(|episode| &*episode.id).collect()
    }

    fn memory(capacity: u64, episodes: &[Episode]) -> EpisodeMemory {
        let mut memory = EpisodeMemory::with(NonZeroU64::new(capacity), ClockUnit::Milliseconds);
        for episode in episodes {
            memory.add(episode.clone()).unwrap();
        }
        memory
    }

    #[test]
    fn survivors_of_a_tie_do_not_depend_on_arrival() {
        let equal = ["a", "b", "c"].map(|id| episode(id, 1.0, 0.5));
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(ids(&memory(2, &order.map(|i| equal[i].clone()))), ["a", "b"]);
        }
    }

    #[test]
    fn capacities_join_by_minimum_in_any_grouping() {
        let (a, b, c) = (episode("a", 1.0, 0.3), episode("b", 1.0, 0.2), episode("c", 1.0, 0.1));
        let small = memory(2, &[a.clone(), c.clone()]);
        let large = memory(3, &[a, b, c]);
        let (mut one, mut two) = (small.clone(), large.clone());
        one.merge(&large).unwrap();
        two.merge(&small).unwrap();
        assert_eq!(one, two);
        assert_eq!((ids(&one), one.capacity()), (vec!["a", "b"], Some(2)));
        let raised = one.into_capacity(None);
        assert_eq!((raised.len(), raised.capacity()), (2, None));
    }

    #[test]
    fn two_contents_of_one_id_are_kept_and_reported() {
        let (mut one, mut two) = (EpisodeMemory::new(), EpisodeMemory::new());
        one.add(episode("x", 1.0, 0.5)).unwrap();
        two.add(Episode { content: Value::from("other"), ..episode("x", 1.0, 0.9) }).unwrap();
        one.merge(&two.clone()).unwrap();
        two.merge(&one.clone()).unwrap();
        assert_eq!(one, two);
        assert_eq!((one.duplicates(), one.len(), one.contents("x").count()), (vec!["x"], 1, 2));
        assert_eq!(one.get("x").unwrap().content, Value::from("other"));
        assert_eq!(one.episodes().count(), 1);
        // A known id is not added again.
        let before = one.clone();
        assert_eq!(one.add(episode("x", 9.0, 1.0)).unwrap(), EpisodeMemory::default());
        assert_eq!(one, before);
    }

    #[test]
    fn queries() {
        let episodes =
            [episode("a", 1.0, 0.8), episode("b", 2.0, 0.9), episode("c", 3.0, 0.7), episode("d", 2.0, 0.9)];
        let mut memory = memory(10, &episodes);
        let ids = |found: Vec<&Episode>| found.iter().map(|episode| episode.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(memory.recent(3)), ["c", "b", "d"]);
        assert_eq!(ids(memory.important(3)), ["b", "d", "a"]);
        assert_eq!(ids(memory.by_time(1.0, 2.0).collect()), ["b", "d", "a"]);
        assert_eq!(memory.by_time(4.0, 1.0).count() + memory.by_time(f64::NAN, 9.0).count(), 0);
        let tags = vec!["z".into(), "a".into(), "z".into()];
        memory.add(Episode { tags, ..episode("e", 0.0, 0.0) }).unwrap();
        assert_eq!(memory.get("e").unwrap().tags, ["a", "z"]);
        assert_eq!((memory.by_tag("z").count(), memory.by_tag("t").count()), (1, 4));
    }

    #[test]
    fn a_capacity_of_nothing_is_refused() {
        let mut bytes = memory(1, &[]).to_bytes();
        let at = bytes.len() - 3;
        assert_eq!(bytes[at..], [1, 0, 0], "a capacity of 1, no episodes, no links");
        bytes[at] = 0;
        assert_eq!(EpisodeMemory::from_bytes(&bytes), Err(CrdtError::Malformed("capacity of 0")));
        let text = r#"{"episodes":[],"max_episodes":0,"causal_links":{}}"#;
        let import = Import::new().with_unit(ClockUnit::Milliseconds);
        let refused = EpisodeMemory::from_json(text, &import);
        assert!(matches!(refused, Err(CrdtError::InvalidJson { what: "max_episodes is 0", .. })));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut memory = EpisodeMemory::new();
        let deep = (0..=crate::cbor::MAX_DEPTH).fold(Value::Null, |inner, _| Value::array([inner]));
        let bad = [
            episode("a", f64::NAN, 0.5),
            episode("a", 1.0, 1.1),
            episode("a", 1.0, f64::INFINITY),
            Episode { context: deep, ..episode("a", 1.0, 0.5) },
        ];
        for episode in bad {
            assert!(memory.add(episode).is_err());
        }
        let seconds = EpisodeMemory::with(None, ClockUnit::Seconds);
        assert_eq!(memory.merge(&seconds), Err(CrdtError::UnitMismatch));
        assert_eq!(memory, EpisodeMemory::new());
    }
}
