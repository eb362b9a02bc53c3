//! The votes of a memory record: who verified it, and how sure each was.

use super::record::{Fields, inside, list, present, within};
use crate::error::CrdtError;
use crate::score::Score;
use crate::sorted::{SortedMap, sort};
use crate::value::Value;

/// Who verified a record, each with a confidence at most once.
#[derive(Default)]
pub(super) struct Votes {
    by_verifier: SortedMap<String, Option<Score>>,
    /// Whether the record says what follows from the votes: `confidenceScores`, `trimmedMean`, `median`,
    /// `verificationCount`.
    derived: [bool; 4],
}

impl Votes {
    const DERIVED: [&str; 4] = ["confidenceScores", "trimmedMean", "median", "verificationCount"];

    pub(super) fn extract(record: &mut Fields) -> Result<Option<Self>, CrdtError> {
        let count = record.remove("verificationCount");
        let mut votes = Self { derived: [false, false, false, count.is_some()], ..Self::default() };
        let mut found = count.is_some();
        within(record, "validation", |validation| {
            let verifiers = present(validation.remove("verifiedBy"));
            let derived = ["confidenceScores", "trimmedMean", "median"].map(|name| validation.remove(name));
            for (known, field) in votes.derived.iter_mut().zip(&derived) {
                *known = field.is_some();
            }
            found |= verifiers.is_some() || derived.iter().any(Option::is_some);
            let [scores, ..] = derived;
            votes.take(verifiers, present(scores))?;
            Ok(None)
        })?;
        Ok(found.then_some(votes))
    }

    fn take(&mut self, verifiers: Option<Value>, scores: Option<Value>) -> Result<(), CrdtError> {
        let verifiers = list(verifiers)?;
        let scores = match scores {
            Some(Value::Map(scores)) => {
                for (verifier, score) in scores {
                    let verifier =
                        verifier.into_text().ok_or(CrdtError::WrongShape("verifier is not a text"))?;
                    self.add(verifier, &score)?;
                }
                Vec::new()
            }
            scores => list(scores)?,
        };
        if scores.len() > verifiers.len() {
            return Err(CrdtError::WrongShape("more confidences than verifiers"));
        }
        for (place, verifier) in verifiers.into_iter().enumerate() {
            let verifier = verifier.into_text().ok_or(CrdtError::WrongShape("verifier is not a text"))?;
            self.add(verifier, scores.get(place).unwrap_or(&Value::Null))?;
        }
        Ok(())
    }

    /// Of several confidences of one verifier, the smallest counts: whoever contradicts himself gains nothing.
    fn add(&mut self, verifier: String, score: &Value) -> Result<(), CrdtError> {
        let score = match score {
            Value::Null => None,
            score => {
                Some(Score::new(score.as_f64().ok_or(CrdtError::WrongShape("confidence is not a number"))?)?)
            }
        };
        self.join(verifier, score);
        Ok(())
    }

    fn join(&mut self, verifier: String, score: Option<Score>) {
        let known = self.by_verifier.get_or_default(verifier);
        *known = match (*known, score) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        for (verifier, score) in other.by_verifier {
            self.join(verifier, score);
        }
        for (ours, theirs) in self.derived.iter_mut().zip(other.derived) {
            *ours |= theirs;
        }
        self
    }

    /// Writes the votes, and what follows from them where the record says it.
    pub(super) fn put(self, record: &mut Fields) {
        let mut scores: Vec<Score> = self.by_verifier.values().copied().flatten().collect();
        sort(&mut scores);
        let scores: Vec<f64> = scores.into_iter().map(Score::to_f64).collect();
        let number = |number: f64| Value::float(number).expect("a mean of scores is finite");
        let verifiers: Vec<Value> =
            self.by_verifier.keys().map(|verifier| Value::from(&**verifier)).collect();
        if self.derived[3] {
            record.insert(Self::DERIVED[3].to_owned(), Value::from(verifiers.len() as u64));
        }
        let confidences = self.by_verifier.values().map(|score| score.map_or(Value::Null, Score::to_value));
        inside(record, "validation", |validation| {
            validation.insert("verifiedBy".to_owned(), Value::Array(verifiers));
            let derived =
                [Value::Array(confidences.collect()), number(trimmed_mean(&scores)), number(median(&scores))];
            for ((name, wanted), found) in Self::DERIVED.iter().zip(self.derived).zip(derived) {
                if wanted {
                    validation.insert((*name).to_owned(), found);
                }
            }
        });
    }
}

/// The mean without the lowest and highest fifth; of nothing, 0. `scores` are sorted.
fn trimmed_mean(scores: &[f64]) -> f64 {
    let cut = scores.len() / 5;
    let kept = &scores[cut..scores.len() - cut];
    if kept.is_empty() { 0.0 } else { kept.iter().fold(0.0, |sum, score| sum + score) / count(kept.len()) }
}

/// The middle, or the mean of the two in the middle; of nothing, 0. `scores` are sorted.
fn median(scores: &[f64]) -> f64 {
    let middle = scores.len() / 2;
    match (scores.get(middle), scores.len() % 2) {
        (None, _) => 0.0,
        (Some(score), 1) => *score,
        (Some(score), _) => (scores[middle - 1] + score) / 2.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no list in memory has 2^53 items")]
fn count(length: usize) -> f64 {
    length as f64
}
