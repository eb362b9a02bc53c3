//! The order in which recall answers: BM25, and what words alone do not say.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::lexical::{DocId, LexicalIndex, Occurrences, Query};

/// Constants of the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// exp
    pub proximity: f64,
    /// exp
    pub span: u32,
    /// exp
    pub next: f64,
    /// exp
    pub previous: f64,
    /// exp
    pub decay: f64,
    /// exp
    pub reach: u32,
    /// exp
    pub coverage: f64,
    /// exp
    pub recency: f64,
    /// exp
    pub half_life_ms: f64,
    /// exp
    pub pool: usize,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            proximity: 0.3,
            span: 1,
            next: 0.2,
            previous: 0.2,
            decay: 0.5,
            reach: 2,
            coverage: 0.0,
            recency: 0.05,
            half_life_ms: 30.0 * 86_400_000.0,
            pool: 200,
        }
    }
}

/// exp
#[derive(Clone, Copy)]
pub struct RankQuery<'a> {
    /// exp
    pub query: &'a Query,
    /// exp
    pub limit: usize,
    /// exp
    pub as_of_ms: Option<u64>,
    /// exp
    pub filter: &'a dyn Fn(u32) -> bool,
    /// exp
    pub other: Option<&'a [DocId]>,
    /// exp
    pub weights: Weights,
}

/// exp
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// exp
    pub slot: u32,
    /// exp
    pub id: DocId,
    /// exp
    pub score: f64,
}

/// exp
#[must_use]
pub fn rank(index: &LexicalIndex, query: &RankQuery<'_>) -> Vec<Ranked> {
    let w = &query.weights;
    let pool = index.best(query.query, w.pool.max(2 * query.limit), query.filter);
    let terms: Vec<(Option<u32>, f64)> = query
        .query
        .terms()
        .map(|(stem, _)| {
            let t = index.term(stem);
            (t, t.map_or(0.0, |t| index.idf(t)))
        })
        .collect();
    let mut wanted: Vec<u32> = terms.iter().filter_map(|t| t.0).collect();
    wanted.sort_unstable();
    let mass: f64 = terms.iter().map(|t| t.1).sum();
    // pairs
    let places = query.query.places();
    let mut pairs: BTreeSet<(usize, usize, u32)> = BTreeSet::new();
    for (i, (p, a)) in places.iter().enumerate() {
        for (q, b) in &places[i + 1..] {
            let d = q - p;
            if d > w.span {
                break;
            }
            if d > 0 && a != b && terms[*a].0.is_some() && terms[*b].0.is_some() {
                pairs.insert((*a, *b, d));
            }
        }
    }
    let mut own: BTreeMap<u32, f64> = BTreeMap::new();
    let mut at: BTreeMap<(u64, u32), f64> = BTreeMap::new();
    for (doc, bm25) in &pool {
        let occ = index.occurrences(*doc, &wanted);
        let find = |i: usize| -> Option<&Occurrences> { occ.iter().find(|o| Some(o.term) == terms[i].0) };
        let mut prox = 0.0;
        for (a, b, d) in &pairs {
            if let (Some(x), Some(y)) = (find(*a), find(*b)) {
                let mut best = u32::MAX;
                for p in &x.positions {
                    for q in &y.positions {
                        best = best.min(p.abs_diff(*q).max(1));
                    }
                }
                if best < 16 {
                    let g = f64::from(best.max(*d));
                    prox += terms[*a].1.min(terms[*b].1) / (g * g);
                }
            }
        }
        let matched: f64 = (0..terms.len()).filter(|i| find(*i).is_some()).map(|i| terms[i].1).sum();
        let cov = 1.0 + w.coverage * matched / mass.max(1e-9);
        let o = (bm25 + w.proximity * prox) * cov;
        own.insert(*doc, o);
        if let Some(s) = index.source(*doc) {
            let e = at.entry(s).or_insert(0.0);
            *e = e.max(o);
        }
    }
    let mut all: BTreeSet<u32> = own.keys().copied().collect();
    for (s, o) in at.keys() {
        for d in 1..=w.reach {
            for n in [o.checked_sub(d), o.checked_add(d)].into_iter().flatten() {
                all.extend(index.at_source(*s, n).filter(|n| (query.filter)(index.slot(*n))));
            }
        }
    }
    let mut out: Vec<(f64, u32)> = all
        .into_iter()
        .map(|doc| {
            let mut score = own.get(&doc).copied().unwrap_or(0.0);
            if let Some((s, o)) = index.source(doc) {
                let mut f = 1.0;
                for d in 1..=w.reach {
                    if let Some(n) = o.checked_sub(d).and_then(|n| at.get(&(s, n))) {
                        score += w.previous * f * n;
                    }
                    if let Some(n) = o.checked_add(d).and_then(|n| at.get(&(s, n))) {
                        score += w.next * f * n;
                    }
                    f *= w.decay;
                }
            }
            if let Some(as_of) = query.as_of_ms {
                #[expect(clippy::cast_precision_loss)]
                let age = as_of.saturating_sub(index.time_ms(doc)) as f64;
                score *= 1.0 + w.recency * libm::exp2(-age / w.half_life_ms);
            }
            (score, doc)
        })
        .collect();
    out.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(index.time_ms(b.1).cmp(&index.time_ms(a.1)))
            .then_with(|| -> Ordering { index.id(a.1).cmp(index.id(b.1)) })
    });
    out.truncate(query.limit);
    out.into_iter().map(|(score, doc)| Ranked { slot: index.slot(doc), id: *index.id(doc), score }).collect()
}
