//! Conversations in the shape of the LoCoMo release (Maharana et al., 2024): dated sessions of turns, and questions with the
//! turns that answer them.
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

pub struct Turn {
    /// Such as `D1:3`: session and turn.
    pub name: String,
    pub speaker: String,
    pub body: String,
    pub date: String,
    pub session: u64,
    pub time_ms: u64,
    pub ordinal: u32,
}

pub struct Question {
    pub text: String,
    pub category: u64,
    /// The turns that hold the answer.
    pub gold: Vec<usize>,
}

pub struct Conversation {
    pub turns: Vec<Turn>,
    pub questions: Vec<Question>,
}

/// Every conversation of a file.
pub fn read(file: &Value) -> Vec<Conversation> {
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
