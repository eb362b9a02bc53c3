//! The obvious scorer, which the index must equal bit for bit.

use chrysalis_memory::lexical::{Bm25, DocId, IndexedDoc, Query, tokenize};

/// A document with its text.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    pub(crate) number: u8,
    pub(crate) time_ms: u64,
    pub(crate) text: String,
    pub(crate) title: String,
    pub(crate) source: Option<(u64, u32)>,
}

impl Doc {
    pub(crate) fn id(&self) -> DocId {
        [self.number; 32]
    }

    pub(crate) fn indexed(&self) -> IndexedDoc<'_> {
        IndexedDoc {
            id: self.id(),
            time_ms: self.time_ms,
            text: &self.text,
            title: &self.title,
            source: self.source,
        }
    }
}

fn terms(text: &str) -> Vec<(String, u32)> {
    let mut terms = Vec::new();
    tokenize(text, |token| terms.push((token.term.to_owned(), token.position)));
    terms
}

fn length(text: &str) -> u32 {
    terms(text).last().map_or(0, |(_, position)| position + 1)
}

/// Scores every document, in the order of operations that the documentation of `search` states.
pub(crate) fn exhaustive(docs: &[&Doc], bm25: Bm25, query: &Query, limit: usize) -> Vec<(DocId, f64)> {
    let count = docs.len() as f64;
    let weighted = |doc: &Doc| length(&doc.text) + bm25.title_weight * length(&doc.title);
    let total = docs.iter().map(|doc| u64::from(weighted(doc))).sum::<u64>();
    let mean = if total == 0 { 1.0 } else { total as f64 / count };
    let frequency = |doc: &Doc, term: &str| {
        let held = |text: &str| terms(text).iter().filter(|(other, _)| other == term).count();
        held(&doc.text) as f64 + f64::from(bm25.title_weight) * held(&doc.title) as f64
    };
    let mut found = Vec::new();
    for doc in docs {
        let mut score = 0.0;
        for (term, asked) in query.terms() {
            let here = frequency(doc, term);
            if here == 0.0 {
                continue;
            }
            let holding = docs.iter().filter(|other| frequency(other, term) > 0.0).count() as f64;
            let idf = libm::log(1.0 + (count - holding + 0.5) / (holding + 0.5));
            let norm = bm25.k1 * (1.0 - bm25.b) + bm25.k1 * bm25.b / mean * f64::from(weighted(doc));
            score += f64::from(asked) * idf * (bm25.k1 + 1.0) / (1.0 + norm / here);
        }
        if score > 0.0 {
            found.push((doc.id(), score, doc.time_ms));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    found.truncate(limit);
    found.into_iter().map(|(id, score, _)| (id, score)).collect()
}
