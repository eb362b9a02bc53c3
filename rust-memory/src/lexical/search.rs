use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::index::{Bm25, DocId, LexicalIndex, REMOVED};
use super::postings::{Cursor, END, Extent};
use super::query::Query;

/// How far a sum of bounds, added up in another order than the score, may fall below it. A sum of 256 rounded terms is
/// off by less than 256 · 2^-53 of itself.
const SLACK: f64 = 1.0 + 1e-12;

/// A document that matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Where the caller put it.
    pub slot: u32,
    /// Its identity.
    pub id: DocId,
    /// Its score, above zero.
    pub score: f64,
}

impl LexicalIndex {
    /// The `limit` best documents among those whose slot passes `filter`: by score, then the later, then the smaller id.
    ///
    /// The score is the sum, over the query's distinct terms in order of first occurrence, of
    ///
    /// ```text
    /// count · idf · (k1 + 1) / (1 + (k1 · (1 − b) + k1 · b / mean length · length) / frequency)
    /// ```
    ///
    /// with `count` the term's occurrences in the query, `idf = ln(1 + (N − n + ½) / (n + ½))`, and frequency and length those
    /// of the body plus `title_weight` times those of the title (Robertson and Zaragoza, *The Probabilistic Relevance
    /// Framework*, 2009, with one length normalisation for both fields). Sums before the division are of integers.
    ///
    /// The result is exactly that of scoring every document. Documents that cannot be among the best are passed over by
    /// bounds on each term and each block of its list (MaxScore, Turtle and Flood 1995; block-max indexes, Ding and Suel 2011).
    #[must_use]
    pub fn search(&self, query: &Query, limit: usize, filter: &dyn Fn(u32) -> bool) -> Vec<Hit> {
        self.best(query, limit, filter)
            .into_iter()
            .map(|(doc, score)| Hit { slot: self.slot(doc), id: *self.id(doc), score })
            .collect()
    }

    /// [`search`](Self::search) by document number.
    pub(crate) fn best(&self, query: &Query, limit: usize, filter: &dyn Fn(u32) -> bool) -> Vec<(u32, f64)> {
        if limit == 0 {
            return Vec::new();
        }
        let scoring = self.scoring();
        let mut lists = Lists::new(self, query, &scoring);
        let mut kept = Kept { limit, heap: BinaryHeap::new() };
        let mut window_end = None;
        while let Some(doc) = lists.next_candidate() {
            if window_end.is_none_or(|end| doc > end) {
                let (end, bound) = lists.window(doc, &scoring);
                if bound * SLACK < kept.threshold() {
                    lists.leave_window(end);
                    continue;
                }
                window_end = Some(end);
            }
            if let Some(score) = lists.score(doc, &scoring, kept.threshold())
                && filter(self.slot(doc))
            {
                kept.offer(Entry { score, time_ms: self.time_ms(doc), id: *self.id(doc), doc });
                if lists.raise(kept.threshold()) {
                    window_end = None;
                }
            }
        }
        kept.heap.into_sorted_vec().into_iter().map(|entry| (entry.doc, entry.score)).collect()
    }

    fn scoring(&self) -> Scoring<'_> {
        let Bm25 { k1, b, .. } = self.bm25;
        Scoring { k1, base: k1 * (1.0 - b), slope: k1 * b / self.mean_length(), lengths: &self.lengths }
    }
}

/// The part of the formula that no term changes.
struct Scoring<'a> {
    k1: f64,
    base: f64,
    slope: f64,
    lengths: &'a [u32],
}

impl Scoring<'_> {
    /// A term's share of a score. Every operation is monotone as rounded, so that a larger frequency or a smaller length
    /// never gives less: what bounds the pair bounds the share.
    fn share(&self, weight: f64, frequency: u32, length: u32) -> f64 {
        let norm = self.base + self.slope * f64::from(length);
        // Dividing by 1 changes no bit; most frequencies are 1, and a division is what this costs.
        let damping = if frequency == 1 { norm } else { norm / f64::from(frequency) };
        weight / (1.0 + damping)
    }

    fn bound(&self, weight: f64, extent: Extent) -> f64 {
        self.share(weight, extent.max_frequency, extent.min_length)
    }
}

/// The lists of the query's terms, by falling use for pruning: `lists[..optional]` cannot by themselves lift a document
/// over the threshold, so candidates come from the others alone.
struct Lists<'a> {
    lists: Vec<List<'a>>,
    /// `sums[i]`: the bounds of the lists below `i`, added up.
    sums: Vec<f64>,
    optional: usize,
    /// Shares of the document being scored, by the term's place in the query.
    shares: Vec<f64>,
}

struct List<'a> {
    cursor: Cursor<'a>,
    /// The cursor's document; behind it for a list that became optional.
    doc: u32,
    weight: f64,
    bound: f64,
    /// The bound of one block, and which.
    block_bound: (usize, f64),
    place: usize,
}

impl List<'_> {
    fn block_bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        let block = self.cursor.block();
        if self.block_bound.0 != block {
            self.block_bound = (block, scoring.bound(self.weight, self.cursor.block_extent()));
        }
        self.block_bound.1
    }

    /// Adds the share of the cursor's document.
    fn add_share(&self, scoring: &Scoring<'_>, length: u32, shares: &mut [f64], found: &mut f64) {
        let share = scoring.share(self.weight, self.cursor.frequency(), length);
        shares[self.place] = share;
        *found += share;
    }
}

impl<'a> Lists<'a> {
    fn new(index: &'a LexicalIndex, query: &Query, scoring: &Scoring<'_>) -> Self {
        let mut lists = Vec::new();
        for (place, (stem, count)) in query.terms().enumerate() {
            if let Some(term) = index.term(stem) {
                let list = &index.lists[term as usize];
                let weight = f64::from(count) * index.idf(term) * (scoring.k1 + 1.0);
                let bound = scoring.bound(weight, list.extent());
                let mut cursor = Cursor::new(list);
                let doc = cursor.doc();
                lists.push(List { cursor, doc, weight, bound, block_bound: (usize::MAX, 0.0), place });
            }
        }
        lists.sort_by(|a, b| a.bound.total_cmp(&b.bound));
        let mut sums = vec![0.0];
        for list in &lists {
            sums.push(sums.last().copied().unwrap_or(0.0) + list.bound);
        }
        Self { lists, sums, optional: 0, shares: vec![0.0; query.terms().len()] }
    }

    fn required(&mut self) -> &mut [List<'a>] {
        &mut self.lists[self.optional..]
    }

    fn next_candidate(&self) -> Option<u32> {
        self.lists[self.optional..].iter().map(|list| list.doc).min().filter(|doc| *doc != END)
    }

    /// The documents from `from` for which the required lists stay in their blocks, and a bound on every score there.
    fn window(&mut self, from: u32, scoring: &Scoring<'_>) -> (u32, f64) {
        let mut bound = self.sums[self.optional];
        let reading = self.required().iter().filter(|list| list.doc != END);
        let end = reading.map(|list| list.cursor.block_last()).min().unwrap_or(from);
        for list in self.required() {
            if list.doc <= end {
                bound += list.block_bound(scoring);
            }
        }
        (end, bound)
    }

    fn leave_window(&mut self, end: u32) {
        for list in self.required() {
            list.doc = list.cursor.seek(end + 1);
        }
    }

    /// The score of the candidate `doc`, which the required lists step over; nothing if it stays below `threshold` or was
    /// removed.
    fn score(&mut self, doc: u32, scoring: &Scoring<'_>, threshold: f64) -> Option<f64> {
        let length = scoring.lengths[doc as usize];
        self.shares.fill(0.0);
        let mut found = 0.0;
        let (optional, required) = self.lists.split_at_mut(self.optional);
        for list in required {
            if list.doc == doc {
                list.add_share(scoring, length, &mut self.shares, &mut found);
                list.cursor.advance();
                list.doc = list.cursor.doc();
            }
        }
        if length == REMOVED {
            return None;
        }
        for (below, list) in optional.iter_mut().enumerate().rev() {
            let rest = self.sums[below];
            if (found + rest + list.bound) * SLACK < threshold {
                return None;
            }
            list.cursor.shallow_seek(doc);
            if (found + rest + list.block_bound(scoring)) * SLACK < threshold {
                return None;
            }
            if list.cursor.seek(doc) == doc {
                list.add_share(scoring, length, &mut self.shares, &mut found);
            }
        }
        // In the query's order, whatever order the lists were read in. Terms that do not match add an exact zero.
        Some(self.shares.iter().fold(0.0, |sum, share| sum + share)).filter(|score| *score >= threshold)
    }

    /// Makes lists optional that no longer suffice; whether it changed any.
    fn raise(&mut self, threshold: f64) -> bool {
        let before = self.optional;
        while self.optional < self.lists.len() && self.sums[self.optional + 1] * SLACK < threshold {
            self.optional += 1;
        }
        self.optional > before
    }
}

/// The best documents so far, the worst of them on top.
struct Kept {
    limit: usize,
    heap: BinaryHeap<Entry>,
}

impl Kept {
    /// What a score must reach to matter; a document of just this score may still win by time or id.
    fn threshold(&self) -> f64 {
        if self.heap.len() < self.limit { 0.0 } else { self.heap.peek().map_or(0.0, |worst| worst.score) }
    }

    fn offer(&mut self, entry: Entry) {
        if self.heap.len() < self.limit {
            self.heap.push(entry);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && entry < *worst
        {
            *worst = entry;
        }
    }
}

/// Ordered so that the better is the less.
struct Entry {
    score: f64,
    time_ms: u64,
    id: DocId,
    doc: u32,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.score.total_cmp(&self.score))
            .then(other.time_ms.cmp(&self.time_ms))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
