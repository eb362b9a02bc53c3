//! Retrieval of evidence from conversations: our memory beside plain BM25 with the date and, given a model, beside its vectors.
//!
//! One memory per conversation, the unit is a turn, the query is the question as it stands. Category 5 has no answer in
//! the text: there the figure is how well the best score tells those questions from the others.
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrysalis_journal::MemoryDisk;
use chrysalis_memory::semantic::LocalEmbedder;
use chrysalis_memory::{Embedder, Note, Place, Query};
use serde_json::{Value, json};

use crate::conversation::{self, Conversation, Turn};
use crate::plain::Plain;
use crate::{Outcome, ours};

/// How many turns are asked for.
const DEPTH: usize = 20;

/// Turns in order of rank and the score of the first.
struct Answer {
    found: Vec<usize>,
    best: f64,
}

/// All sides on every conversation of the file; those with vectors where there is a model.
pub fn measure(file: &Path, model: Option<&Path>) -> Outcome<Value> {
    let conversations = conversation::read(&serde_json::from_str(&std::fs::read_to_string(file)?)?);
    let mut figures = json!({
        "conversations": conversations.len(),
        "turns": conversations.iter().map(|one| one.turns.len()).sum::<usize>(),
        "questions": conversations.iter().map(|one| one.questions.len()).sum::<usize>(),
        "plain": report(&conversations, plain)?,
        "ours": report(&conversations, |turns| memory(turns, None))?,
    });
    if let Some(model) = model {
        let embedder = Arc::new(LocalEmbedder::load(model)?);
        figures["hybrid"] = report(&conversations, |turns| memory(turns, Some(Arc::clone(&embedder))))?;
        figures["vectors"] = report(&conversations, |turns| vectors(turns, &embedder))?;
        figures["fused"] = report(&conversations, |turns| fused(turns, &embedder))?;
    }
    Ok(figures)
}

type Search = Box<dyn Fn(&str) -> Outcome<Answer>>;

fn plain(turns: &[Turn]) -> Outcome<Search> {
    let plain = Plain::new(turns.iter().map(|turn| format!("{} {} {}", turn.speaker, turn.body, turn.date)));
    Ok(Box::new(move |question| {
        let found = plain.search(question, DEPTH);
        Ok(Answer {
            best: found.first().map_or(0.0, |best| best.1),
            found: found.iter().map(|hit| hit.0).collect(),
        })
    }))
}

/// Every turn is a note of its session, under the speaker and the date, and happened when it was said.
fn memory(turns: &[Turn], embedder: Option<Arc<LocalEmbedder>>) -> Outcome<Search> {
    let is_hybrid = embedder.is_some();
    let memory = ours::create_with(Arc::new(MemoryDisk::new()), embedder)?;
    let notes = turns.iter().map(|turn| Note {
        source: Some(format!("session {}", turn.session)),
        place: Some(Place {
            lines: (turn.ordinal + 1, turn.ordinal + 1),
            ordinal: turn.ordinal,
            headings: vec![turn.speaker.clone(), turn.date.clone()],
            ..Place::default()
        }),
        occurred_ms: Some(turn.time_ms),
        ..Note::new(turn.body.clone())
    });
    let ids = memory.remember(notes.collect(), None)?;
    if is_hybrid {
        memory.embed_pending(&mut |_| ControlFlow::Continue(()))?;
    }
    let turns: HashMap<[u8; 32], usize> =
        ids.iter().enumerate().map(|(at, id)| (*id.as_bytes(), at)).collect();
    Ok(Box::new(move |question| {
        let hits = memory.recall(&Query { limit: DEPTH, ..Query::new(question) })?.hits;
        Ok(Answer {
            best: hits.first().map_or(0.0, |hit| hit.score),
            found: hits.iter().map(|hit| turns[hit.entry.id.as_bytes()]).collect(),
        })
    }))
}

/// The same vectors alone, by cosine: of the speaker, the date and what was said.
fn vectors(turns: &[Turn], embedder: &Arc<LocalEmbedder>) -> Outcome<Search> {
    let nearest = nearest(turns, embedder)?;
    Ok(Box::new(move |question| {
        let found = nearest(question)?;
        Ok(Answer { best: found[0].1, found: found.iter().take(DEPTH).map(|hit| hit.0).collect() })
    }))
}

/// Reciprocal rank fusion of plain BM25 and the vectors, a hundred of each, with the constant of its authors (Cormack et al., 2009).
fn fused(turns: &[Turn], embedder: &Arc<LocalEmbedder>) -> Outcome<Search> {
    let nearest = nearest(turns, embedder)?;
    let plain = Plain::new(turns.iter().map(|turn| format!("{} {} {}", turn.speaker, turn.body, turn.date)));
    Ok(Box::new(move |question| {
        let mut scores = BTreeMap::<usize, f64>::new();
        for ranking in [plain.search(question, 100), nearest(question)?] {
            for (rank, (turn, _)) in ranking.iter().take(100).enumerate() {
                *scores.entry(*turn).or_default() += 1.0 / (61 + rank) as f64;
            }
        }
        let mut found: Vec<(usize, f64)> = scores.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(Answer { best: found[0].1, found: found.iter().take(DEPTH).map(|hit| hit.0).collect() })
    }))
}

type Nearest = Box<dyn Fn(&str) -> Outcome<Vec<(usize, f64)>>>;

/// Turns in order of their cosine with a question.
fn nearest(turns: &[Turn], embedder: &Arc<LocalEmbedder>) -> Outcome<Nearest> {
    let texts: Vec<String> =
        turns.iter().map(|turn| format!("{}\n{}\n{}", turn.speaker, turn.date, turn.body)).collect();
    let vectors = embedder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
    let embedder = Arc::clone(embedder);
    Ok(Box::new(move |question| {
        let question = embedder.embed_query(question)?;
        let cosine = |vector: &Vec<f32>| -> f64 {
            vector.iter().zip(&question).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let mut found: Vec<(usize, f64)> = vectors.iter().map(cosine).enumerate().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(found)
    }))
}

fn report(conversations: &[Conversation], make: impl Fn(&[Turn]) -> Outcome<Search>) -> Outcome<Value> {
    let mut by_category = BTreeMap::<u64, Measure>::new();
    let mut together = Measure::default();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for conversation in conversations {
        let search = make(&conversation.turns)?;
        for question in &conversation.questions {
            let start = Instant::now();
            let answer = search(&question.text)?;
            let seconds = start.elapsed().as_secs_f64();
            if question.category == 5 { &mut without } else { &mut with }.push(answer.best);
            if question.category != 5 && !question.gold.is_empty() {
                by_category.entry(question.category).or_default().add(&answer, &question.gold, seconds);
                together.add(&answer, &question.gold, seconds);
            }
        }
    }
    let categories: serde_json::Map<String, Value> =
        by_category.iter().map(|(category, measure)| (category.to_string(), measure.mean())).collect();
    Ok(json!({ "categories": categories, "together": together.mean(), "auroc": auroc(&with, &without) }))
}

/// Sums over questions.
#[derive(Clone, Copy, Default)]
struct Measure {
    count: f64,
    recall: [f64; 4],
    all: f64,
    reciprocal: f64,
    seconds: f64,
}

impl Measure {
    fn add(&mut self, answer: &Answer, gold: &[usize], seconds: f64) {
        let among = |k: usize| {
            let top = &answer.found[..answer.found.len().min(k)];
            gold.iter().filter(|turn| top.contains(turn)).count()
        };
        self.count += 1.0;
        for (sum, k) in self.recall.iter_mut().zip([1, 5, 10, 20]) {
            *sum += among(k) as f64 / gold.len() as f64;
        }
        self.all += f64::from(among(10) == gold.len());
        if let Some(first) = answer.found.iter().position(|turn| gold.contains(turn)) {
            self.reciprocal += 1.0 / (first + 1) as f64;
        }
        self.seconds += seconds;
    }

    fn mean(&self) -> Value {
        let [r1, r5, r10, r20] = self.recall.map(|sum| sum / self.count);
        json!({
            "questions": self.count,
            "r1": r1, "r5": r5, "r10": r10, "r20": r20,
            "all10": self.all / self.count,
            "mrr": self.reciprocal / self.count,
            "ms": self.seconds / self.count * 1e3,
        })
    }
}

/// How often a question with an answer scores above one without, ties counting half.
fn auroc(with: &[f64], without: &[f64]) -> f64 {
    let mut wins = 0.0;
    for a in with {
        for b in without {
            wins += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    wins / (with.len() * without.len()) as f64
}
