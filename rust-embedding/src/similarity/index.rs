//! Vectors that stay in memory, each under an id.

use std::collections::{BTreeMap, HashMap};

use super::SimilarityError;
use super::rank::{Hit, Metric, best_of, floor_of};
use super::rows::{Form, Query, Rows};
use crate::deterministic::MAX_DIMENSION;

/// A part of the rows that is worth a thread of its own, in numbers.
#[cfg(not(target_arch = "wasm32"))]
const THREAD_WORK: usize = 1 << 20;

/// What an index is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IndexOptions {
    /// The length of its vectors.
    pub dimension: usize,
    /// How many it holds. One more pushes out the one that was inserted first.
    pub max_entries: usize,
    /// What makes vectors near.
    pub metric: Metric,
    /// In what form vectors are kept.
    pub form: Form,
}

impl IndexOptions {
    /// 10,000 vectors of `dimension` numbers, compared by cosine, exactly.
    pub fn new(dimension: usize) -> Self {
        Self { dimension, max_entries: 10_000, metric: Metric::default(), form: Form::default() }
    }
}

/// How an index is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// How many entries at most. More than there are is fine.
    pub limit: usize,
    /// The least score that counts; for [`Metric::Euclidean`] the greatest distance.
    pub threshold: Option<f64>,
    /// On how many threads at most. The answer does not depend on it; WebAssembly has one.
    pub threads: usize,
}

impl Default for Search {
    /// Ten entries, without a threshold, on the calling thread.
    fn default() -> Self {
        Self { limit: 10, threshold: None, threads: 1 }
    }
}

/// An entry that was found.
#[derive(Debug, PartialEq)]
pub struct IndexHit<'a, M> {
    /// Its id.
    pub id: &'a str,
    /// Its cosine, product or distance.
    pub score: f64,
    /// What was stored with it.
    pub metadata: &'a M,
}

/// Vectors by id, in the order of their insertion. A vector that is not finite is kept and never found.
#[derive(Clone, Debug)]
pub struct VectorIndex<M = ()> {
    options: IndexOptions,
    rows: Rows,
    entries: Vec<Entry<M>>,
    places: HashMap<String, usize>,
    /// The places of the entries, by when they were inserted.
    order: BTreeMap<u64, usize>,
    inserted: u64,
}

#[derive(Clone, Debug)]
struct Entry<M> {
    id: String,
    number: u64,
    metadata: M,
}

impl<M> VectorIndex<M> {
    /// An empty index.
    ///
    /// # Errors
    /// [`SimilarityError::DimensionOutOfRange`], [`SimilarityError::NoCapacity`].
    pub fn new(options: IndexOptions) -> Result<Self, SimilarityError> {
        // Sums of products of 8 bits have 32.
        let most = MAX_DIMENSION.min((1 << 17) - 1);
        if !(1..=most).contains(&options.dimension) {
            return Err(SimilarityError::DimensionOutOfRange { given: options.dimension, most });
        }
        if options.max_entries == 0 {
            return Err(SimilarityError::NoCapacity);
        }
        Ok(Self {
            options,
            rows: Rows::new(options.form, options.dimension),
            entries: Vec::new(),
            places: HashMap::new(),
            order: BTreeMap::new(),
            inserted: 0,
        })
    }

    /// What the index is like.
    pub fn options(&self) -> IndexOptions {
        self.options
    }

    /// Stores `vector` under `id`. An entry of this id is replaced and keeps its place in the order. Returns the id that
    /// had to go where the index was full.
    ///
    /// # Errors
    /// [`SimilarityError::EmbeddingDimension`]; nothing changed.
    pub fn add(&mut self, id: &str, vector: &[f32], metadata: M) -> Result<Option<String>, SimilarityError> {
        let expected = self.options.dimension;
        if vector.len() != expected {
            return Err(SimilarityError::EmbeddingDimension { expected, actual: vector.len() });
        }
        let (number, evicted) = if let Some(place) = self.places.get(id).copied() {
            let number = self.entries[place].number;
            self.take(place);
            (number, None)
        } else {
            let full = self.entries.len() >= self.options.max_entries;
            let evicted = full.then(|| self.order.first_key_value().map(|(_, place)| *place)).flatten();
            self.inserted += 1;
            (self.inserted, evicted.map(|place| self.take(place).id))
        };
        let place = self.entries.len();
        self.rows.push(vector);
        self.entries.push(Entry { id: id.to_owned(), number, metadata });
        self.places.insert(id.to_owned(), place);
        self.order.insert(number, place);
        Ok(evicted)
    }

    /// Takes the entry of `id` out and gives what was stored with it.
    pub fn remove(&mut self, id: &str) -> Option<M> {
        let place = *self.places.get(id)?;
        Some(self.take(place).metadata)
    }

    /// Takes the entry at `place` out; the last one moves there.
    fn take(&mut self, place: usize) -> Entry<M> {
        self.rows.swap_remove(place);
        let entry = self.entries.swap_remove(place);
        self.places.remove(&entry.id);
        self.order.remove(&entry.number);
        if let Some(moved) = self.entries.get(place) {
            self.order.insert(moved.number, place);
            if let Some(kept) = self.places.get_mut(&moved.id) {
                *kept = place;
            }
        }
        entry
    }

    /// Whether there is an entry of this id.
    pub fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    /// The vector of this id, as it is kept, and what was stored with it.
    pub fn entry(&self, id: &str) -> Option<(Vec<f32>, &M)> {
        let place = *self.places.get(id)?;
        Some((self.rows.vector(place), &self.entries[place].metadata))
    }

    /// All ids, in the order of insertion.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.order.values().map(|place| self.entries[*place].id.as_str())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.entries.clear();
        self.places.clear();
        self.order.clear();
    }
}

impl<M: Sync> VectorIndex<M> {
    /// The entries nearest to `query`, the nearest first, equal ones in the order of insertion.
    ///
    /// # Errors
    /// [`SimilarityError::QueryDimension`].
    pub fn search(&self, query: &[f32], search: &Search) -> Result<Vec<IndexHit<'_, M>>, SimilarityError> {
        self.search_where(query, search, |_, _| true)
    }

    /// As [`search`](Self::search), of the entries that `filter` accepts by their ids and what was stored with them. It
    /// is asked only about entries that can be among the best.
    ///
    /// # Errors
    /// [`SimilarityError::QueryDimension`].
    pub fn search_where(
        &self,
        query: &[f32],
        search: &Search,
        filter: impl Fn(&str, &M) -> bool + Sync,
    ) -> Result<Vec<IndexHit<'_, M>>, SimilarityError> {
        let (expected, metric) = (self.options.dimension, self.options.metric);
        if query.len() != expected {
            return Err(SimilarityError::QueryDimension { expected, actual: query.len() });
        }
        let floor = floor_of(metric, search.threshold);
        if search.limit == 0 || floor.is_nan() {
            return Ok(Vec::new());
        }
        let query = Query::new(query, search.limit, metric, floor);
        let filter = |row: usize| filter(&self.entries[row].id, &self.entries[row].metadata);
        let order = |row: usize| self.entries[row].number;
        let hits = self.best(&query, search, &filter, &order);
        Ok(best_of(hits, search.limit, metric, order)
            .into_iter()
            .map(|Hit { row, score }| {
                let entry = &self.entries[row];
                IndexHit { id: &entry.id, score, metadata: &entry.metadata }
            })
            .collect())
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn best(
        &self,
        query: &Query<'_>,
        search: &Search,
        filter: &(dyn Fn(usize) -> bool + Sync),
        order: &(dyn Fn(usize) -> u64 + Sync),
    ) -> Vec<Hit> {
        let rows = self.rows.len();
        let worth = (rows * self.options.dimension / THREAD_WORK).max(1);
        // Which rows are guessed to be near is a matter of all of them.
        let threads = if self.options.form == Form::Binary { 1 } else { search.threads.clamp(1, worth) };
        if threads == 1 {
            return self.rows.best(query, 0..rows, filter, order);
        }
        let share = rows.div_ceil(threads);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let range = (worker * share).min(rows)..((worker + 1) * share).min(rows);
                    scope.spawn(move || self.rows.best(query, range, filter, order))
                })
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    #[cfg(target_arch = "wasm32")]
    fn best(
        &self,
        query: &Query<'_>,
        _search: &Search,
        filter: &dyn Fn(usize) -> bool,
        order: &dyn Fn(usize) -> u64,
    ) -> Vec<Hit> {
        self.rows.best(query, 0..self.rows.len(), filter, order)
    }
}
