//! Retrieval of evidence on LoCoMo: plain BM25 beside the ranking of this crate.
//!
//! ```sh
//! cargo run --release -p chrysalis-memory --example eval_locomo -- path/to/locomo.json
//! ```
//!
//! The file has the shape of the LoCoMo release (Maharana et al., 2024): conversations of dated sessions of turns, and
//! questions with the turns that answer them. One index per conversation, the unit is a turn, the query is the question
//! as it stands. Category 5 has no answer in the text: there the figure is how well the best score tells those
//! questions from the others (area under the ROC curve).
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use chrysalis_memory::lexical::{IndexedDoc, LexicalIndex};
use chrysalis_memory::ranking::{RankQuery, rank};
use serde_json::Value;

/// How many turns are asked for.
const DEPTH: usize = 20;

struct Turn {
    name: String,
    speaker: String,
    body: String,
    date: String,
    session: u64,
    time_ms: u64,
    ordinal: u32,
}

struct Question {
    text: String,
    category: u64,
    gold: Vec<usize>,
}

struct Conversation {
    turns: Vec<Turn>,
    questions: Vec<Question>,
}

/// Turns in order of rank and the score of the first.
struct Answer {
    found: Vec<usize>,
    best: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: eval_locomo <path to the LoCoMo JSON>")?;
    let conversations = read(&serde_json::from_str(&std::fs::read_to_string(path)?)?);
    let turns = conversations.iter().map(|one| one.turns.len()).sum::<usize>();
    let questions = conversations.iter().map(|one| one.questions.len()).sum::<usize>();
    println!("{} conversations, {turns} turns, {questions} questions\n", conversations.len());
    println!(
        "{:<14}{:>9}{:>5}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>11}",
        "", "category", "n", "R@1", "R@5", "R@10", "R@20", "All@10", "MRR", "ms/query"
    );
    report("plain BM25", &conversations, |one| {
        let plain = Plain::new(&one.turns);
        move |question: &str| plain.search(question)
    });
    report("ranking", &conversations, |one| {
        let index = index(&one.turns);
        let as_of_ms = one.turns.iter().map(|turn| turn.time_ms).max();
        move |question: &str| {
            let asked = RankQuery { text: question, limit: DEPTH, as_of_ms, filter: &|_| true, other: None };
            let ranked = rank(&index, &asked);
            Answer {
                found: ranked.iter().map(|hit| hit.slot as usize).collect(),
                best: ranked.first().map_or(0.0, |hit| hit.score),
            }
        }
    });
    Ok(())
}

fn index(turns: &[Turn]) -> LexicalIndex {
    let mut index = LexicalIndex::new();
    for (slot, turn) in turns.iter().enumerate() {
        let slot = u32::try_from(slot).expect("a few hundred turns");
        let mut id = [0; 32];
        id[..4].copy_from_slice(&slot.to_be_bytes());
        let title = format!("{} {}", turn.speaker, turn.date);
        let source = Some((turn.session, turn.ordinal));
        let doc = IndexedDoc { id, time_ms: turn.time_ms, text: &turn.body, title: &title, source };
        index.insert(slot, &doc).expect("turns are short and their ids distinct");
    }
    index
}

/// The measure of one answer.
#[derive(Clone, Copy, Default)]
struct Measure {
    count: f64,
    recall: [f64; 4],
    all: f64,
    reciprocal: f64,
    seconds: f64,
}

fn report<'a, S>(name: &str, conversations: &'a [Conversation], make: impl Fn(&'a Conversation) -> S)
where
    S: Fn(&str) -> Answer,
{
    let mut by_category = BTreeMap::<u64, Measure>::new();
    let mut together = Measure::default();
    let mut scores = (Vec::new(), Vec::new());
    for conversation in conversations {
        let search = make(conversation);
        for question in &conversation.questions {
            let start = Instant::now();
            let answer = search(&question.text);
            let seconds = start.elapsed().as_secs_f64();
            if question.category == 5 {
                scores.1.push(answer.best);
            } else {
                scores.0.push(answer.best);
            }
            if question.category != 5 && !question.gold.is_empty() {
                by_category.entry(question.category).or_default().add(&answer, &question.gold, seconds);
                together.add(&answer, &question.gold, seconds);
            }
        }
    }
    for (category, measure) in &by_category {
        measure.print(name, &category.to_string());
    }
    together.print(name, "1 to 4");
    println!(
        "{name:<14}category 5 against the others, AUROC of the best score: {:.3}\n",
        auroc(&scores.0, &scores.1)
    );
}

impl Measure {
    fn add(&mut self, answer: &Answer, gold: &[usize], seconds: f64) {
        let among = |k: usize| {
            let top = &answer.found[..answer.found.len().min(k)];
            gold.iter().filter(|turn| top.contains(turn)).count()
        };
        let share = |k| among(k) as f64 / gold.len() as f64;
        self.count += 1.0;
        for (sum, k) in self.recall.iter_mut().zip([1, 5, 10, 20]) {
            *sum += share(k);
        }
        self.all += f64::from(among(10) == gold.len());
        if let Some(first) = answer.found.iter().position(|turn| gold.contains(turn)) {
            self.reciprocal += 1.0 / (first + 1) as f64;
        }
        self.seconds += seconds;
    }

    fn print(&self, name: &str, category: &str) {
        let mean = |sum: f64| sum / self.count;
        let [r1, r5, r10, r20] = self.recall.map(mean);
        println!(
            "{name:<14}{category:>9}{:>5}{r1:>8.3}{r5:>8.3}{r10:>8.3}{r20:>8.3}{:>8.3}{:>8.3}{:>11.4}",
            self.count,
            mean(self.all),
            mean(self.reciprocal),
            mean(self.seconds) * 1e3
        );
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

/// The baseline, in its textbook form: one bag of stemmed words per turn, every turn scored.
struct Plain {
    turns: Vec<HashMap<String, f64>>,
    lengths: Vec<f64>,
    holding: HashMap<String, f64>,
}

impl Plain {
    fn new(turns: &[Turn]) -> Self {
        let mut plain = Self { turns: Vec::new(), lengths: Vec::new(), holding: HashMap::new() };
        for turn in turns {
            let mut counts = HashMap::new();
            let words = plain_words(&format!("{} {} {}", turn.speaker, turn.body, turn.date));
            for word in &words {
                *counts.entry(word.clone()).or_insert(0.0) += 1.0;
            }
            for word in counts.keys() {
                *plain.holding.entry(word.clone()).or_insert(0.0) += 1.0;
            }
            plain.lengths.push(words.len() as f64);
            plain.turns.push(counts);
        }
        plain
    }

    fn search(&self, question: &str) -> Answer {
        let words = plain_words(question);
        let total = self.turns.len() as f64;
        let mean = self.lengths.iter().sum::<f64>() / total;
        let mut scores = (self.turns.iter().zip(&self.lengths).enumerate())
            .map(|(at, (counts, length))| {
                let score = words.iter().filter_map(|word| {
                    let count = counts.get(word)?;
                    let holding = self.holding[word];
                    let idf = (1.0 + (total - holding + 0.5) / (holding + 0.5)).ln();
                    Some(idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean)))
                });
                (score.sum::<f64>(), at)
            })
            .collect::<Vec<_>>();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        Answer { found: scores.iter().take(DEPTH).map(|(_, at)| *at).collect(), best: scores[0].0 }
    }
}

fn plain_words(text: &str) -> Vec<String> {
    let stemmer = rust_stemmers::Stemmer::create(rust_stemmers::Algorithm::English);
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| stemmer.stem(word).into_owned())
        .collect()
}

fn read(file: &Value) -> Vec<Conversation> {
    file.as_array()
        .into_iter()
        .flatten()
        .map(|sample| {
            let conversation = &sample["conversation"];
            let mut turns = Vec::new();
            for session in 1_u64.. {
                let Some(said) = conversation[format!("session_{session}")].as_array() else {
                    if conversation.get(format!("session_{session}_date_time")).is_none() {
                        break;
                    } else {
                        continue;
                    }
                };
                let date = conversation[format!("session_{session}_date_time")].as_str().unwrap_or_default();
                for (ordinal, turn) in (0..).zip(said) {
                    let text = |key: &str| turn[key].as_str().unwrap_or_default();
                    turns.push(Turn {
                        name: text("dia_id").to_owned(),
                        speaker: text("speaker").to_owned(),
                        body: format!("{} {}", text("text"), text("blip_caption")),
                        date: date.to_owned(),
                        session,
                        time_ms: time_ms(date)
                            .expect("every session has a date such as '1:56 pm on 8 May, 2023'"),
                        ordinal,
                    });
                }
            }
            let by_name = turns
                .iter()
                .enumerate()
                .map(|(at, turn)| (turn.name.as_str(), at))
                .collect::<HashMap<_, _>>();
            let questions = sample["qa"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|question| Question {
                    text: question["question"].as_str().unwrap_or_default().to_owned(),
                    category: question["category"].as_u64().unwrap_or_default(),
                    gold: evidence(&question["evidence"])
                        .iter()
                        .filter_map(|name| by_name.get(name.as_str()).copied())
                        .collect(),
                })
                .collect();
            Conversation { questions, turns }
        })
        .collect()
}

/// Every `D<number>:<number>` in a list of strings, each once.
fn evidence(list: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
        for piece in text.split(|c: char| !(c.is_ascii_digit() || c == 'D' || c == ':')) {
            if let Some((session, turn)) = piece.strip_prefix('D').and_then(|rest| rest.split_once(':'))
                && let (Ok(session), Ok(turn)) = (session.parse::<u32>(), turn.parse::<u32>())
            {
                names.insert(format!("D{session}:{turn}"));
            }
        }
    }
    names
}

/// Milliseconds of `1:56 pm on 8 May, 2023`, taken as UTC.
fn time_ms(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words = date.split([' ', ',', ':']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let [hour, minute, half, "on", day, month, year] = words[..] else { return None };
    let month = 1 + MONTHS.iter().position(|name| month.starts_with(name))? as u64;
    let (hour, minute, day, year) = (
        hour.parse::<u64>().ok()? % 12,
        minute.parse::<u64>().ok()?,
        day.parse::<u64>().ok()?,
        year.parse::<u64>().ok()?,
    );
    // Days since 1970 by the civil calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour + if half == "pm" { 12 } else { 0 }) * 60 + minute) * 60_000)
}
