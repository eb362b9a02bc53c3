//! Plain BM25 (k1 1.2, b 0.75) in its textbook form, with an English stemmer.
use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

/// One bag of stemmed words per text; a search scores every text.
pub struct Plain {
    texts: Vec<HashMap<String, f64>>,
    lengths: Vec<f64>,
    holding: HashMap<String, f64>,
}

impl Plain {
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut plain = Self { texts: Vec::new(), lengths: Vec::new(), holding: HashMap::new() };
        for text in texts {
            let mut counts = HashMap::new();
            let words = words(&text);
            for word in &words {
                *counts.entry(word.clone()).or_insert(0.0) += 1.0;
            }
            for word in counts.keys() {
                *plain.holding.entry(word.clone()).or_insert(0.0) += 1.0;
            }
            plain.lengths.push(words.len() as f64);
            plain.texts.push(counts);
        }
        plain
    }

    /// The numbers of the best texts, best first, with their scores.
    pub fn search(&self, question: &str, limit: usize) -> Vec<(usize, f64)> {
        let words = words(question);
        let total = self.texts.len() as f64;
        let mean = self.lengths.iter().sum::<f64>() / total;
        let mut scores: Vec<(usize, f64)> = (self.texts.iter().zip(&self.lengths).enumerate())
            .map(|(at, (counts, length))| {
                let score = words.iter().filter_map(|word| {
                    let count = counts.get(word)?;
                    let holding = self.holding[word];
                    let idf = (1.0 + (total - holding + 0.5) / (holding + 0.5)).ln();
                    Some(idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean)))
                });
                (at, score.sum())
            })
            .collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scores.truncate(limit);
        scores
    }
}

fn words(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| stemmer.stem(word).into_owned())
        .collect()
}
