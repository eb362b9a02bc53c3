//! The order in which recall answers: BM25, and what the words alone do not say.
//!
//! For the `POOL` best documents by BM25 (twice the limit, if that is more):
//!
//! ```text
//! own           = (bm25 + proximity) · coverage
//! proximity     = ½ · Σ min(idf a, idf b) / gap²     over the query's neighbouring words a, b that the document holds
//! coverage      = Σ idf of the query's terms in the document / Σ idf of the query's terms in the index
//! neighbourhood = Σ 0.4 · ½^(d−1) · own(the document d places before, in the same source)
//!               + Σ 0.2 · ½^(d−1) · own(the document d places after),    d = 1, 2, 3
//! recency       = 1 + 0.05 · 2^(−age / 30 days)
//! score         = (own + neighbourhood) · recency
//! ```
//!
//! `gap` is the least distance in words between a and b in the body, at least 1. Neighbours of pool documents are
//! candidates too, with `own = 0` when no word of theirs made the pool: in a conversation the answer often follows the turn
//! that holds the question's words. What comes before counts double for the same reason.
//!
//! A second ranking, from vectors or any other channel, is fused by reciprocal rank (Cormack, Clarke and Büttcher 2009):
//! `score = 1 / (20 + rank here) + 1 / (20 + rank there)`, ranks from 1, a missing one adding nothing.
//!
//! Equal scores are ordered by time, the later first, then by id. As with [search](LexicalIndex::search), the result is a
//! function of the set of documents, bit for bit on every platform: operations are in one order, and `libm` computes
//! what is not exact.
//!
//! The constants were set on five conversations of LoCoMo with `examples/eval_locomo.rs` and are round numbers from the
//! flat part of what was tried there.
//!
//! # Examples
//! ```
//! use chrysalis_memory::lexical::{IndexedDoc, LexicalIndex};
//! use chrysalis_memory::ranking::{RankQuery, rank};
//!
//! let mut index = LexicalIndex::new();
//! let said = [("Ada", "Which city did you run the marathon in?"), ("Ben", "Lisbon, along the river."), ("Ada", "Tea?")];
//! for (turn, (speaker, text)) in (0_u32..).zip(said) {
//!     let mut id = [0; 32];
//!     id[..4].copy_from_slice(&turn.to_le_bytes());
//!     let source = Some((1, turn));
//!     index.insert(turn, &IndexedDoc { id, time_ms: 0, text, title: speaker, source })?;
//! }
//! let asked = RankQuery { text: "Where was the marathon?", limit: 2, as_of_ms: None, filter: &|_| true, other: None };
//! let found = rank(&index, &asked);
//! assert_eq!((found[0].slot, found[1].slot), (0, 1));
//! assert!(found[1].channels.neighbourhood > 0.0);
//! # Ok::<(), chrysalis_memory::lexical::IndexError>(())
//! ```

use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::lexical::{DocId, LexicalIndex, MAX_QUERY_TERMS, Occurrences, Query};

/// Documents that are looked at beyond their BM25 score.
const POOL: usize = 100;

/// Weight of words that stand together as they do in the query.
const PROXIMITY: f64 = 0.5;

/// What a document takes from the one before it in its source, and from the one after.
const FROM_BEFORE: f64 = 0.4;
const FROM_AFTER: f64 = 0.2;

/// How far neighbours reach, and what each further place keeps of the one nearer.
const REACH: u32 = 3;
const REACH_DECAY: f64 = 0.5;

/// What a document of this moment has over one of long ago, and when half of that is left.
const RECENCY: f64 = 0.05;
const RECENCY_HALF_LIFE_MS: f64 = 30.0 * 86_400_000.0;

/// The constant of reciprocal rank fusion.
const FUSION: f64 = 20.0;

/// What is asked of [`rank`].
#[derive(Clone, Copy)]
pub struct RankQuery<'a> {
    /// The question.
    pub text: &'a str,
    /// How many documents to return at most.
    pub limit: usize,
    /// The moment that recency is counted from, in milliseconds; with `None`, age does not matter.
    pub as_of_ms: Option<u64>,
    /// Which slots may be returned. Applied inside the search, so that a result is short only if fewer documents match.
    pub filter: &'a dyn Fn(u32) -> bool,
    /// A second ranking to fuse with, best first. Ids that are not in the index, do not pass the filter or came
    /// before are passed over and take no rank.
    pub other: Option<&'a [DocId]>,
}

/// A document in the order of recall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Where the caller put it.
    pub slot: u32,
    /// Its identity.
    pub id: DocId,
    /// What the order is by. Comparable within one answer only.
    pub score: f64,
    /// What the score is made of.
    pub channels: Channels,
}

/// The parts of a score, for explanation; the module's documentation has the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channels {
    /// BM25 of the document's own words.
    pub bm25: f64,
    /// What is added for words of the query that stand together.
    pub proximity: f64,
    /// The share of the query the document holds, from 0 to 1, by which the two above are multiplied.
    pub coverage: f64,
    /// What its neighbours in the same source lend it.
    pub neighbourhood: f64,
    /// The factor of its age, from 1.
    pub recency: f64,
    /// Its rank by the formula, from 1, if it was a candidate.
    pub lexical_rank: Option<usize>,
    /// Its rank in the second ranking, from 1, if it is there.
    pub other_rank: Option<usize>,
}

/// The `limit` best documents for a question. To highlight the matches in their texts, see [`Query::matches_in`].
///
/// Cost: one [search](LexicalIndex::search), then the length of the documents in the pool.
#[must_use]
pub fn rank(index: &LexicalIndex, asked: &RankQuery<'_>) -> Vec<Ranked> {
    let query = Query::new(asked.text);
    let mut pool = Pool::default();
    if asked.limit > 0 {
        pool.add_matches(index, &query, &index.best(&query, pool_size(asked.limit), asked.filter));
        pool.add_neighbours(index, asked.filter);
        pool.add_age(index, asked.as_of_ms);
    }
    let mut candidates = pool.into_candidates(index);
    if let Some(other) = asked.other {
        fuse(index, asked.filter, other, &mut candidates);
    }
    candidates.truncate(asked.limit);
    let ranked = |Candidate { number, score, channels }| Ranked {
        slot: index.slot(number),
        id: *index.id(number),
        score,
        channels,
    };
    candidates.into_iter().map(ranked).collect()
}

/// How many documents of a ranking are looked at for an answer of `limit`.
pub(crate) fn pool_size(limit: usize) -> usize {
    POOL.max(limit.saturating_mul(2))
}

/// A document that has a place in the order.
struct Candidate {
    number: u32,
    score: f64,
    channels: Channels,
}

/// The matches, and then their neighbours, with what is known of each so far.
#[derive(Default)]
struct Pool {
    found: Vec<(u32, Channels)>,
    /// Places of sources in ascending order, each with the best own score there.
    lenders: Vec<((u64, u32), f64)>,
}

impl Pool {
    fn add_matches(&mut self, index: &LexicalIndex, query: &Query, matches: &[(u32, f64)]) {
        let asked = AskedTerms::new(index, query);
        for (number, bm25) in matches {
            let occurrences = index.occurrences(*number, &asked.wanted);
            let channels = Channels {
                bm25: *bm25,
                proximity: PROXIMITY * asked.closeness(&occurrences),
                coverage: asked.coverage(&occurrences),
                ..NOTHING
            };
            if let Some(place) = index.source(*number) {
                self.lenders.push((place, own(&channels)));
            }
            self.found.push((*number, channels));
        }
        self.lenders.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        self.lenders.dedup_by_key(|(place, _)| *place);
    }

    fn add_neighbours(&mut self, index: &LexicalIndex, filter: &dyn Fn(u32) -> bool) {
        let mut matches = self.found.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        matches.sort_unstable();
        let mut after = None;
        for ((source, ordinal), _) in &self.lenders {
            // Where the reaches of two lenders overlap, the second begins after the first.
            let first = (*source, ordinal.saturating_sub(REACH)).max(after.unwrap_or_default());
            let last = (*source, ordinal.saturating_add(REACH));
            after = last.1.checked_add(1).map(|next| (*source, next));
            for number in index.within_source(first, last) {
                if matches.binary_search(&number).is_err() && filter(index.slot(number)) {
                    self.found.push((number, NOTHING));
                }
            }
        }
        for (number, channels) in &mut self.found {
            let Some((source, ordinal)) = index.source(*number) else { continue };
            let lent = |place: Option<u32>| -> f64 {
                place
                    .and_then(|place| self.lenders.binary_search_by_key(&(source, place), |one| one.0).ok())
                    .map_or(0.0, |at| self.lenders[at].1)
            };
            let mut kept = 1.0;
            for distance in 1..=REACH {
                channels.neighbourhood += FROM_BEFORE * kept * lent(ordinal.checked_sub(distance));
                channels.neighbourhood += FROM_AFTER * kept * lent(ordinal.checked_add(distance));
                kept *= REACH_DECAY;
            }
        }
    }

    fn add_age(&mut self, index: &LexicalIndex, as_of_ms: Option<u64>) {
        let Some(as_of_ms) = as_of_ms else { return };
        for (number, channels) in &mut self.found {
            let age_ms = as_of_ms.saturating_sub(index.time_ms(*number));
            #[expect(
                clippy::cast_precision_loss,
                reason = "rounded the same everywhere, and far below a half-life"
            )]
            let half_lives = age_ms as f64 / RECENCY_HALF_LIFE_MS;
            channels.recency = 1.0 + RECENCY * libm::exp2(-half_lives);
        }
    }

    fn into_candidates(self, index: &LexicalIndex) -> Vec<Candidate> {
        let scored = |(number, channels)| {
            let score = (own(&channels) + channels.neighbourhood) * channels.recency;
            Candidate { number, score, channels }
        };
        let mut candidates = self.found.into_iter().map(scored).collect::<Vec<_>>();
        sort(index, &mut candidates);
        for (rank, candidate) in (1..).zip(&mut candidates) {
            candidate.channels.lexical_rank = Some(rank);
        }
        candidates
    }
}

/// Puts the second ranking beside the first and orders by reciprocal ranks.
fn fuse(
    index: &LexicalIndex,
    filter: &dyn Fn(u32) -> bool,
    other: &[DocId],
    candidates: &mut Vec<Candidate>,
) {
    let mut places =
        (0..).zip(&*candidates).map(|(at, one)| (one.number, at)).collect::<BTreeMap<u32, usize>>();
    let mut seen = BTreeSet::new();
    for number in other.iter().filter_map(|id| index.number_of_id(id)) {
        if seen.contains(&number) || !filter(index.slot(number)) {
            continue;
        }
        seen.insert(number);
        let place = *places.entry(number).or_insert(candidates.len());
        if place == candidates.len() {
            candidates.push(Candidate { number, score: 0.0, channels: NOTHING });
        }
        candidates[place].channels.other_rank = Some(seen.len());
    }
    for candidate in &mut *candidates {
        let share = |rank: Option<usize>| rank.map_or(0.0, reciprocal);
        candidate.score = share(candidate.channels.lexical_rank) + share(candidate.channels.other_rank);
    }
    sort(index, candidates);
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^32 documents")]
fn reciprocal(rank: usize) -> f64 {
    1.0 / (FUSION + rank as f64)
}

fn sort(index: &LexicalIndex, candidates: &mut [Candidate]) {
    let order = |a: &Candidate, b: &Candidate| -> Ordering {
        (b.score.total_cmp(&a.score))
            .then_with(|| index.time_ms(b.number).cmp(&index.time_ms(a.number)))
            .then_with(|| index.id(a.number).cmp(index.id(b.number)))
    };
    candidates.sort_unstable_by(order);
}

const NOTHING: Channels = Channels {
    bm25: 0.0,
    proximity: 0.0,
    coverage: 0.0,
    neighbourhood: 0.0,
    recency: 1.0,
    lexical_rank: None,
    other_rank: None,
};

fn own(channels: &Channels) -> f64 {
    (channels.bm25 + channels.proximity) * channels.coverage
}

/// The query's terms in an index.
struct AskedTerms {
    /// Term and idf, in the query's order; a term the index does not hold is left out.
    terms: Vec<(u32, f64)>,
    /// The terms, ascending.
    wanted: Vec<u32>,
    /// Neighbouring words of the query, each pair once, with the smaller idf.
    pairs: Vec<(u32, u32, f64)>,
    total_idf: f64,
}

impl AskedTerms {
    fn new(index: &LexicalIndex, query: &Query) -> Self {
        let by_place = query
            .terms()
            .map(|(stem, _)| index.term(stem).map(|term| (term, index.idf(term))))
            .collect::<Vec<_>>();
        let terms = by_place.iter().copied().flatten().collect::<Vec<_>>();
        let mut wanted = terms.iter().map(|(term, _)| *term).collect::<Vec<_>>();
        wanted.sort_unstable();

        let mut pairs = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, (position, place)) in query.places().iter().enumerate() {
            let next = query.places()[at + 1..].iter().take_while(|(other, _)| other - position <= 1);
            for (_, other) in next.filter(|(other, _)| other > position) {
                if let (Some((a, idf_a)), Some((b, idf_b))) = (by_place[*place], by_place[*other])
                    && a != b
                    && pairs.len() < MAX_QUERY_TERMS
                    && seen.insert((a.min(b), a.max(b)))
                {
                    pairs.push((a, b, idf_a.min(idf_b)));
                }
            }
        }
        let total_idf = terms.iter().fold(0.0, |sum, (_, idf)| sum + idf);
        Self { terms, wanted, pairs, total_idf }
    }

    fn coverage(&self, occurrences: &[Occurrences]) -> f64 {
        let held = self.terms.iter().filter(|(term, _)| find(occurrences, *term).is_some());
        held.fold(0.0, |sum, (_, idf)| sum + idf) / self.total_idf
    }

    fn closeness(&self, occurrences: &[Occurrences]) -> f64 {
        self.pairs.iter().fold(0.0, |sum, (a, b, idf)| {
            let gap = find(occurrences, *a)
                .zip(find(occurrences, *b))
                .and_then(|(a, b)| least_gap(&a.positions, &b.positions))
                .map(f64::from);
            sum + gap.map_or(0.0, |gap| idf / (gap * gap))
        })
    }
}

fn find(occurrences: &[Occurrences], term: u32) -> Option<&Occurrences> {
    occurrences.binary_search_by_key(&term, |one| one.term).ok().map(|at| &occurrences[at])
}

/// The least distance between two ascending lists of positions, at least 1; nothing if one is empty.
fn least_gap(a: &[u32], b: &[u32]) -> Option<u32> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut least = None;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let gap = x.abs_diff(**y).max(1);
        least = Some(least.map_or(gap, |least: u32| least.min(gap)));
        if x < y {
            a.next()
        } else {
            b.next()
        };
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::IndexedDoc;

    const DAY_MS: u64 = 86_400_000;

    /// Text, time and source.
    type Row<'a> = (&'a str, u64, Option<(u64, u32)>);

    fn index(docs: &[Row<'_>]) -> LexicalIndex {
        let mut index = LexicalIndex::new();
        for (slot, (text, time_ms, source)) in (0..).zip(docs) {
            index.insert(slot, &doc(slot, text, *time_ms, *source)).unwrap();
        }
        index
    }

    fn doc(slot: u32, text: &str, time_ms: u64, source: Option<(u64, u32)>) -> IndexedDoc<'_> {
        IndexedDoc { id: id(slot), time_ms, text, title: "", source }
    }

    fn id(slot: u32) -> DocId {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&slot.to_be_bytes());
        id
    }

    fn ask<'a>(text: &'a str) -> RankQuery<'a> {
        RankQuery { text, limit: 10, as_of_ms: None, filter: &|_| true, other: None }
    }

    fn slots(ranked: &[Ranked]) -> Vec<u32> {
        ranked.iter().map(|hit| hit.slot).collect()
    }

    #[test]
    fn words_together_come_before_words_apart() {
        let index = index(&[
            ("support is what every small group needs from others", 0, None),
            ("others found what every need is, a support group small", 0, None),
        ]);
        let ranked = rank(&index, &ask("support group"));
        assert_eq!(slots(&ranked), [1, 0]);
        assert!(ranked[0].channels.proximity > ranked[1].channels.proximity);
    }

    #[test]
    fn the_later_of_two_equals_comes_first_and_age_lowers_the_score() {
        let index =
            index(&[("same words", 0, None), ("same words", 60 * DAY_MS, None), ("same words", 0, None)]);
        let mut asked = ask("same words");
        let plain = rank(&index, &asked);
        assert_eq!(slots(&plain), [1, 0, 2]);
        assert_eq!(plain[0].score, plain[2].score);
        asked.as_of_ms = Some(60 * DAY_MS);
        let ranked = rank(&index, &asked);
        assert_eq!(slots(&ranked), [1, 0, 2]);
        assert_eq!(ranked[0].channels.recency, 1.05);
        assert_eq!(ranked[1].channels.recency, 1.0125);
    }

    #[test]
    fn an_answer_is_found_through_the_question_before_it() {
        let index = index(&[
            ("where did the marathon lead you", 0, Some((7, 4))),
            ("to Lisbon, along the river", 0, Some((7, 5))),
            ("nothing of this kind", 0, Some((7, 9))),
            ("to Lisbon, along the river", 0, Some((8, 5))),
        ]);
        let ranked = rank(&index, &ask("marathon"));
        assert_eq!(slots(&ranked), [0, 1]);
        assert_eq!(ranked[1].channels.neighbourhood, FROM_BEFORE * own(&ranked[0].channels));
        assert_eq!((ranked[1].channels.bm25, ranked[0].channels.neighbourhood), (0.0, 0.0));
    }

    #[test]
    fn the_filter_holds_for_neighbours_and_for_the_second_ranking() {
        let index =
            index(&[("marathon", 0, Some((1, 0))), ("river", 0, Some((1, 1))), ("hills", 0, Some((1, 2)))]);
        let mut asked = ask("marathon");
        asked.filter = &|slot| slot != 1;
        asked.other = Some(&[[9; 32], [0; 32]]);
        assert_eq!(slots(&rank(&index, &asked)), [0, 2]);
        let other = [id(1), id(2), id(2)];
        asked.other = Some(&other);
        let ranked = rank(&index, &asked);
        assert_eq!(slots(&ranked), [2, 0]);
        assert_eq!(ranked[0].channels.other_rank, Some(1));
        assert_eq!(ranked[0].score, 1.0 / 22.0 + 1.0 / 21.0);
    }

    #[test]
    fn two_rankings_fuse_by_reciprocal_rank() {
        let index = index(&[("apple apple pie", 0, None), ("apple tart", 0, None), ("strudel", 0, None)]);
        let other = [id(2), id(1)];
        let ranked = rank(&index, &RankQuery { other: Some(&other), ..ask("apple") });
        let lexical = rank(&index, &ask("apple"));
        assert_eq!(slots(&lexical), [0, 1]);
        let found = ranked.iter().map(|hit| (hit.slot, hit.score)).collect::<Vec<_>>();
        // Slots 0 and 2 are equal; the smaller id comes first.
        assert_eq!(found, [(1, 1.0 / 22.0 + 1.0 / 22.0), (0, 1.0 / 21.0), (2, 1.0 / 21.0)]);
    }

    #[test]
    fn a_question_without_words_finds_what_the_second_ranking_has() {
        let index = index(&[("apple", 0, None), ("tart", 0, None)]);
        assert!(rank(&index, &ask("?!")).is_empty());
        let other = [id(1)];
        assert_eq!(slots(&rank(&index, &RankQuery { other: Some(&other), ..ask("?!") })), [1]);
        assert!(rank(&index, &RankQuery { other: Some(&other), limit: 0, ..ask("apple") }).is_empty());
    }

    #[test]
    fn the_least_gap_is_what_every_pair_would_give() {
        assert_eq!(least_gap(&[1, 9, 30], &[4, 12, 28]), Some(2));
        assert_eq!(least_gap(&[5], &[5]), Some(1));
        assert_eq!(least_gap(&[], &[5]), None);
    }
}
