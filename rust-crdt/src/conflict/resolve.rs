//! Resolving conflicts: strategies whose result depends on the set of candidates and on nothing else.
//!
//! A resolution changes nothing by itself. Accepting it is an ordinary write that covers all it has seen, so it
//! replicates, and a concurrent resolution becomes a new, visible conflict.

use super::generic::{Candidate, ConflictType, digest, distinct};
use super::join::{Shape, join};
use crate::clock::VectorClock;
use crate::dot::Writer;
use crate::error::CrdtError;
use crate::mv_register::MvRegister;
use crate::sorted::{SortedMap, SortedSet, sort_by};
use crate::value::Value;

/// How to choose among candidates.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Strategy {
    /// The greatest in the order of [`Order`].
    LastWriterWins,
    /// The smallest in the order of [`Order`].
    FirstWriterWins,
    /// The value of more than half of the distinct writers, else what the fallback chooses.
    ///
    /// Each agent has one vote, whatever its incarnations: that of its last candidate.
    MajorityVote,
    /// The join of the values, by their shape. Unresolved where they contradict each other.
    SemanticMerge,
    /// None: all candidates are kept for someone to look at.
    ManualReview,
}

/// What chooses when no value has a majority.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Fallback {
    /// [`Strategy::LastWriterWins`].
    #[default]
    LastWriterWins,
    /// [`Strategy::FirstWriterWins`].
    FirstWriterWins,
    /// [`Strategy::SemanticMerge`].
    SemanticMerge,
    /// [`Strategy::ManualReview`].
    ManualReview,
}

/// What "last" means.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Order {
    /// The stamps, where every candidate has one; else the clocks.
    #[default]
    Stamp,
    /// The sums of the clocks, which extend causality.
    Clock,
}

/// Everything that a choice depends on beside the candidates.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Rule {
    /// How to choose.
    pub strategy: Strategy,
    /// What "last" means.
    pub order: Order,
    /// What chooses when no value has a majority.
    pub fallback: Fallback,
}

/// A choice among candidates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolution {
    /// The strategy that chose: that of the rule, or its fallback.
    pub strategy: Strategy,
    /// The chosen value. Always there when resolved, never else.
    pub value: Option<Value>,
    /// All candidates, each once, in a fixed order.
    pub candidates: Vec<Candidate>,
    /// Names the set of candidates, the same for the same set: the ticket of a manual review.
    pub ticket: [u8; 32],
    /// The clock that covers all candidates.
    pub covers: VectorClock,
}

impl Rule {
    /// A strategy with the default order and fallback.
    #[must_use]
    pub const fn new(strategy: Strategy) -> Self {
        Self { strategy, order: Order::Stamp, fallback: Fallback::LastWriterWins }
    }

    /// The rule for a kind of conflict unless the caller has another: the last writer for contradictions; the last by
    /// clock where stamps are in doubt; a join where only meaning is; and a person where merging has failed.
    #[must_use]
    pub const fn default_for(kind: ConflictType) -> Self {
        match kind {
            ConflictType::DirectContradiction => Self::new(Strategy::LastWriterWins),
            ConflictType::CausalOrdering => {
                Self { order: Order::Clock, ..Self::new(Strategy::LastWriterWins) }
            }
            ConflictType::SemanticInconsistency => Self::new(Strategy::SemanticMerge),
            ConflictType::MergeFailure => Self::new(Strategy::ManualReview),
        }
    }
}

/// Chooses among candidates by a rule. The same set gives the same resolution, in any order and with any repetition.
///
/// # Errors
/// [`CrdtError::WrongShape`] without candidates, and for values that a [`Strategy::SemanticMerge`] cannot join at all;
/// [`CrdtError::TooDeep`], [`CrdtError::TooLong`] and [`CrdtError::TooMany`] over the limits.
pub fn resolve(candidates: &[Candidate], shape: &Shape, rule: &Rule) -> Result<Resolution, CrdtError> {
    let all = distinct(candidates)?;
    if all.is_empty() {
        return Err(CrdtError::WrongShape("no candidates"));
    }
    let ranked = rank(&all, rule.order)?;
    let (strategy, value) = match rule.strategy {
        Strategy::MajorityVote => match majority(&ranked) {
            Some(value) => (Strategy::MajorityVote, Some(value.clone())),
            None => {
                let strategy = rule.fallback.strategy();
                (strategy, choose(&ranked, shape, strategy)?)
            }
        },
        strategy => (strategy, choose(&ranked, shape, strategy)?),
    };
    let mut covers = VectorClock::new();
    all.iter().for_each(|one| covers.merge(&one.clock));
    let candidates: Vec<Candidate> = all.into_iter().cloned().collect();
    Ok(Resolution { strategy, value, ticket: digest(&candidates)?, candidates, covers })
}

impl Resolution {
    /// Whether a value was chosen.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.value.is_some()
    }

    /// Writes the chosen value to a register in place of all siblings there, and returns the delta; `None`, and nothing
    /// changed, when none was chosen.
    ///
    /// # Errors
    /// Those of [`MvRegister::resolve`]; nothing changed.
    pub fn accept(
        &self,
        register: &mut MvRegister,
        writer: &Writer,
    ) -> Result<Option<MvRegister>, CrdtError> {
        let Some(value) = &self.value else { return Ok(None) };
        register.resolve(writer, value.clone()).map(Some)
    }
}

impl Strategy {
    /// The name in all languages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LastWriterWins => "LastWriterWins",
            Self::FirstWriterWins => "FirstWriterWins",
            Self::MajorityVote => "MajorityVote",
            Self::SemanticMerge => "SemanticMerge",
            Self::ManualReview => "ManualReview",
        }
    }
}

impl Fallback {
    const fn strategy(self) -> Strategy {
        match self {
            Self::LastWriterWins => Strategy::LastWriterWins,
            Self::FirstWriterWins => Strategy::FirstWriterWins,
            Self::SemanticMerge => Strategy::SemanticMerge,
            Self::ManualReview => Strategy::ManualReview,
        }
    }
}

/// The candidates from first to last: by stamp or sum of the clock, writer, digest of the value, value.
fn rank<'a>(all: &[&'a Candidate], order: Order) -> Result<Vec<&'a Candidate>, CrdtError> {
    let by_stamp = order == Order::Stamp && all.iter().all(|one| one.stamp.is_some());
    let mut keyed = Vec::with_capacity(all.len());
    for one in all {
        let time = match one.stamp.filter(|_| by_stamp) {
            Some(stamp) => u128::from(stamp.to_bits()),
            None => one.clock.sum(),
        };
        let hash = blake3::hash(&one.value.to_bytes()?);
        keyed.push(((time, &one.writer, hash.as_bytes()[..16].to_vec(), &one.value), *one));
    }
    sort_by(&mut keyed, |a, b| a.0.cmp(&b.0));
    Ok(keyed.into_iter().map(|(_, one)| one).collect())
}

fn choose(ranked: &[&Candidate], shape: &Shape, strategy: Strategy) -> Result<Option<Value>, CrdtError> {
    match strategy {
        Strategy::LastWriterWins => Ok(ranked.last().map(|one| one.value.clone())),
        Strategy::FirstWriterWins => Ok(ranked.first().map(|one| one.value.clone())),
        Strategy::SemanticMerge => {
            join(shape, &ranked.iter().map(|one| &one.value).collect::<SortedSet<_>>())
        }
        Strategy::MajorityVote => Ok(majority(ranked).cloned()),
        Strategy::ManualReview => Ok(None),
    }
}

/// The value with the votes of more than half of the known agents.
fn majority<'a>(ranked: &[&'a Candidate]) -> Option<&'a Value> {
    let mut votes: SortedMap<&str, &Value> = SortedMap::new();
    for one in ranked {
        if let Some(writer) = &one.writer {
            // Later ones replace earlier ones.
            votes.insert(writer.id(), &one.value);
        }
    }
    let mut counts: SortedMap<&Value, usize> = SortedMap::new();
    for value in votes.values() {
        *counts.get_or_default(value) += 1;
    }
    counts.into_iter().find(|(_, count)| count * 2 > votes.len()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{ActorId, ActorKey};
    use crate::conflict::generic::candidates_of;
    use crate::hlc::Stamp;

    fn candidate(value: &str, writer: ActorKey, ms: u64) -> Candidate {
        let clock = VectorClock::singleton(writer.clone(), 1);
        Candidate { value: value.into(), writer: Some(writer), stamp: Stamp::new(ms, 0).ok(), clock }
    }

    fn key(name: &str) -> ActorKey {
        ActorKey::new(name).unwrap()
    }

    fn text(candidates: &[Candidate], rule: Rule) -> Option<String> {
        let resolution = resolve(candidates, &Shape::Text, &rule).unwrap();
        let mut shuffled: Vec<Candidate> = candidates.iter().rev().chain(candidates).cloned().collect();
        shuffled.rotate_right(1);
        assert_eq!(resolve(&shuffled, &Shape::Text, &rule).unwrap(), resolution);
        assert_eq!(resolution.is_resolved(), resolution.value.is_some());
        resolution.value.and_then(Value::into_text)
    }

    #[test]
    fn first_and_last_are_ends_of_one_order() {
        let all = [candidate("x", key("a"), 5), candidate("y", key("b"), 7), candidate("z", key("c"), 7)];
        assert_eq!(text(&all, Rule::new(Strategy::LastWriterWins)).as_deref(), Some("z"));
        assert_eq!(text(&all, Rule::new(Strategy::FirstWriterWins)).as_deref(), Some("x"));
    }

    #[test]
    fn by_clock_what_was_written_later_wins_against_its_stamp() {
        let first = candidate("x", key("a"), 90);
        let mut second = candidate("y", key("b"), 10);
        second.clock.merge(&first.clock);
        let all = [first, second];
        assert_eq!(text(&all, Rule::new(Strategy::LastWriterWins)).as_deref(), Some("x"));
        let rule = Rule::default_for(ConflictType::CausalOrdering);
        assert_eq!(text(&all, rule).as_deref(), Some("y"));
    }

    #[test]
    fn an_agent_votes_once_with_its_last_write() {
        let mallory = ActorId::new("mallory").unwrap();
        let mut all: Vec<Candidate> = (0..5).map(|i| candidate("bad", mallory.incarnation(i), i)).collect();
        all.extend([candidate("good", key("a"), 1), candidate("good", key("b"), 1)]);
        assert_eq!(text(&all, Rule::new(Strategy::MajorityVote)).as_deref(), Some("good"));
        all.push(candidate("good", mallory.incarnation(9), 50));
        assert_eq!(text(&all, Rule::new(Strategy::MajorityVote)).as_deref(), Some("good"));
        // Half is not a majority.
        let halves = [candidate("x", key("a"), 1), candidate("y", key("b"), 2)];
        let rule = Rule::new(Strategy::MajorityVote);
        assert_eq!(text(&halves, rule).as_deref(), Some("y"));
        assert_eq!(text(&halves, Rule { fallback: Fallback::ManualReview, ..rule }), None);
        assert_eq!(text(&halves, Rule { fallback: Fallback::FirstWriterWins, ..rule }).as_deref(), Some("x"));
        assert_eq!(text(&halves, Rule { fallback: Fallback::SemanticMerge, ..rule }), None);
    }

    #[test]
    fn a_manual_review_keeps_everything_under_a_stable_ticket() {
        let all = [candidate("x", key("a"), 1), candidate("y", key("b"), 2)];
        let rule = Rule::default_for(ConflictType::MergeFailure);
        let once = resolve(&all, &Shape::Single, &rule).unwrap();
        assert_eq!((once.value.as_ref(), once.candidates.len()), (None, 2));
        assert_eq!(resolve(&once.candidates, &Shape::Single, &rule), Ok(once.clone()));
        assert_ne!(resolve(&all[..1], &Shape::Single, &rule).unwrap().ticket, once.ticket);
        assert!(resolve(&[], &Shape::Single, &rule).is_err());
    }

    #[test]
    fn accepting_is_a_write_that_covers_all_siblings() {
        let (a, b, c) =
            (Writer::resume(key("a"), 0), Writer::resume(key("b"), 0), Writer::resume(key("c"), 0));
        let mut one = MvRegister::new();
        let mut two = MvRegister::new();
        one.write(&a, Value::array([1u8])).unwrap();
        two.write(&b, Value::array([2u8])).unwrap();
        one.merge(&two).unwrap();
        two.merge(&one).unwrap();
        let resolved = |register: &MvRegister, strategy| {
            resolve(&candidates_of(register), &Shape::Set, &Rule::new(strategy)).unwrap()
        };
        let merged = resolved(&one, Strategy::SemanticMerge);
        let delta = merged.accept(&mut one, &a).unwrap().unwrap();
        assert_eq!(one.get(), [&Value::array([1u8, 2])]);
        // Someone else resolves at the same time: a new conflict on both sides.
        resolved(&two, Strategy::LastWriterWins).accept(&mut two, &c).unwrap();
        two.merge(&delta).unwrap();
        one.merge(&two).unwrap();
        assert_eq!(one.to_bytes(), two.to_bytes());
        assert_eq!(one.get().len(), 2);
        let review = resolved(&one, Strategy::ManualReview);
        let before = one.clone();
        assert_eq!(review.accept(&mut one, &a), Ok(None));
        assert_eq!(one, before);
    }
}
