//! The best of many, found by bounds first and by scores then.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::pair::{canonical_distance, canonical_dot, cosine_of};

/// What makes vectors near.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// The cosine of the angle between them; more is nearer.
    #[default]
    Cosine,
    /// The dot product; more is nearer.
    Dot,
    /// The distance; less is nearer.
    Euclidean,
}

impl Metric {
    /// The metric called `name`: `cosine`, `dot` or `euclidean`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "cosine" => Some(Self::Cosine),
            "dot" => Some(Self::Dot),
            "euclidean" => Some(Self::Euclidean),
            _ => None,
        }
    }

    /// The canonical score of two vectors of one length, whose norms are known.
    pub(super) fn score<T: Copy + Into<f64>>(self, a: &[T], a_norm: f64, b: &[T], b_norm: f64) -> f64 {
        match self {
            Self::Cosine => cosine_of(canonical_dot(a, b), a_norm, b_norm),
            Self::Dot => canonical_dot(a, b),
            Self::Euclidean => canonical_distance(a, b),
        }
    }

    /// A score as a number of which more is nearer; and back.
    pub(super) fn goodness(self, score: f64) -> f64 {
        if self == Self::Euclidean { -score } else { score }
    }

    /// Between what the goodness of a row lies whose cosine with the query is within `error` of `cosine`, and whose norm is
    /// known up to `norm_error`, relative to it.
    #[inline]
    pub(super) fn bounds(
        self,
        cosine: f64,
        error: f64,
        row_norm: f64,
        norm_error: f64,
        query_norm: f64,
    ) -> (f64, f64) {
        match self {
            Self::Cosine => (cosine - error, cosine + error),
            Self::Dot => {
                let scale = row_norm * query_norm;
                let error = error + 2.0 * norm_error;
                ((cosine - error) * scale, (cosine + error) * scale)
            }
            Self::Euclidean => {
                let product = 2.0 * row_norm * query_norm;
                let squares = row_norm * row_norm + query_norm * query_norm;
                // The sums themselves are rounded too, by far less than the first part.
                let slack = squares * (1e-12 + 4.0 * norm_error);
                let square = |cosine: f64| squares - product * cosine;
                (
                    -(square(cosine - error) + slack).max(0.0).sqrt(),
                    -(square(cosine + error) - slack).max(0.0).sqrt(),
                )
            }
        }
    }
}

/// A row that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which row, from 0.
    pub row: usize,
    /// Its cosine, product or distance.
    pub score: f64,
}

/// Rows that can be among the best `k`.
pub(super) struct Candidates {
    k: usize,
    /// No row below it can be among the best.
    floor: f64,
    /// The greatest lower bounds, at most `k`.
    lowest: BinaryHeap<Reverse<Ordered>>,
    rows: Vec<(f64, usize)>,
    /// Above so many rows those below the floor are thrown out.
    full: usize,
}

impl Candidates {
    /// `floor` is the least goodness that counts.
    pub(super) fn new(k: usize, floor: f64) -> Self {
        Self { k, floor, lowest: BinaryHeap::new(), rows: Vec::new(), full: 1024 }
    }

    /// A row whose goodness is below this need not be offered.
    #[inline]
    pub(super) fn floor(&self) -> f64 {
        self.floor
    }

    /// A row whose goodness lies between `lower` and `upper`.
    pub(super) fn offer(&mut self, row: usize, lower: f64, upper: f64) {
        if upper < self.floor {
            return;
        }
        self.rows.push((upper, row));
        self.lowest.push(Reverse(Ordered(lower)));
        if self.lowest.len() > self.k {
            self.lowest.pop();
        }
        if self.lowest.len() == self.k
            && let Some(Reverse(Ordered(lowest))) = self.lowest.peek()
        {
            self.floor = self.floor.max(*lowest);
        }
        if self.rows.len() > self.full {
            self.rows.retain(|(upper, _)| *upper >= self.floor);
            self.full = 1024.max(self.rows.len() * 2);
        }
    }

    /// The best rows by `score`, the best first, equal ones by `order`. `floor` is the least goodness that counts.
    pub(super) fn best(
        self,
        metric: Metric,
        floor: f64,
        score: impl Fn(usize) -> f64,
        order: impl Fn(usize) -> u64,
    ) -> Vec<Hit> {
        let hits = self
            .rows
            .iter()
            .filter(|(upper, _)| *upper >= self.floor)
            .map(|(_, row)| Hit { row: *row, score: score(*row) })
            .filter(|hit| metric.goodness(hit.score) >= floor)
            .collect();
        best_of(hits, self.k, metric, order)
    }
}

/// The best `k` of `hits`, the best first. Drops what does not rank.
pub(super) fn best_of(
    mut hits: Vec<Hit>,
    k: usize,
    metric: Metric,
    order: impl Fn(usize) -> u64,
) -> Vec<Hit> {
    hits.retain(|hit| !hit.score.is_nan());
    let nearer = |a: &Hit, b: &Hit| {
        let (a_good, b_good) = (metric.goodness(a.score), metric.goodness(b.score));
        b_good.partial_cmp(&a_good).unwrap_or(Ordering::Equal).then_with(|| order(a.row).cmp(&order(b.row)))
    };
    if hits.len() > k && k > 0 {
        hits.select_nth_unstable_by(k - 1, nearer);
    }
    hits.truncate(k);
    hits.sort_unstable_by(nearer);
    hits
}

/// The least goodness that counts under a threshold.
pub(super) fn floor_of(metric: Metric, threshold: Option<f64>) -> f64 {
    threshold.map_or(f64::NEG_INFINITY, |threshold| metric.goodness(threshold))
}

/// A bound, which is never NaN, in a heap.
#[derive(PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
