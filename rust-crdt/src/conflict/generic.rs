//! Conflicts between concurrent values of one key: their kinds, and how to find them.
//!
//! Detection looks at the set of candidates, whatever their order and however often each is given.

use super::join::{Shape, join};
use crate::actor::ActorKey;
use crate::clock::{ClockOrdering, VectorClock};
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::mv_register::MvRegister;
use crate::score::Score;
use crate::sorted::{SortedSet, sort_by};
use crate::value::Value;

/// The most candidates that are looked at together.
pub const MAX_CANDIDATES: usize = 1024;
/// Below which similarity two mergeable values contradict each other in meaning, unless told otherwise.
pub const SEMANTIC_THRESHOLD: f64 = 0.8;

/// The derive-key context of digests of candidate sets.
const DIGEST_CONTEXT: &str = "chrysalis 2026-11-20 crdt conflict v1";

/// One of the values that may become the value of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// Who wrote it, if that is known. Only known writers vote.
    pub writer: Option<ActorKey>,
    /// When, if it was written with a hybrid clock.
    pub stamp: Option<Stamp>,
    /// What its writer had seen, its own write included.
    pub clock: VectorClock,
}

/// What is wrong between candidates.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConflictType {
    /// Concurrent unequal values of a key that can have one.
    DirectContradiction,
    /// Stamps contradict clocks, or a declared cause is missing.
    CausalOrdering,
    /// Concurrent values that could be joined, but should not: an invariant fails, or they are not similar enough.
    SemanticInconsistency,
    /// No join is possible: two contents under one name, or a value that is not what it should be.
    MergeFailure,
}

impl ConflictType {
    /// The name in all languages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectContradiction => "DirectContradiction",
            Self::CausalOrdering => "CausalOrdering",
            Self::SemanticInconsistency => "SemanticInconsistency",
            Self::MergeFailure => "MergeFailure",
        }
    }
}

/// A conflict: all candidates that are part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Conflict {
    /// What is wrong.
    pub kind: ConflictType,
    /// The key.
    pub key: String,
    /// Names the set of candidates, the same for the same set.
    pub digest: [u8; 32],
    /// The candidates, each once, in a fixed order.
    pub candidates: Vec<Candidate>,
    /// The error codes behind a [`ConflictType::MergeFailure`], sorted, each once.
    pub codes: Vec<&'static str>,
}

/// What the caller knows beside the candidates.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// How similar the candidates are in meaning, from 0 to 1, if someone has measured it.
    pub similarity: Option<f64>,
    /// Below which similarity they are inconsistent; [`SEMANTIC_THRESHOLD`] by default.
    pub semantic_threshold: f64,
    /// What the joined value must fulfil.
    pub invariant: Option<&'a dyn Fn(&Value) -> bool>,
    /// Whether a cause that a candidate declares is missing.
    pub missing_cause: bool,
    /// What went wrong where the candidates came in: equivocation, undecodable bytes, mismatches.
    pub failures: &'a [CrdtError],
}

impl Default for Checks<'_> {
    fn default() -> Self {
        Self {
            similarity: None,
            semantic_threshold: SEMANTIC_THRESHOLD,
            invariant: None,
            missing_cause: false,
            failures: &[],
        }
    }
}

/// The conflicts of one key, sorted by kind; at most one of each kind, with all candidates it concerns.
///
/// Sort the conflicts of several keys by ([`kind`](Conflict::kind), key, digest). Costs a comparison for each pair of
/// candidates.
///
/// # Errors
/// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for a similarity that is not one, [`CrdtError::TooDeep`] and
/// [`CrdtError::TooLong`] for values over the limits, [`CrdtError::TooMany`] over [`MAX_CANDIDATES`].
pub fn detect(
    key: &str,
    shape: &Shape,
    candidates: &[Candidate],
    checks: &Checks<'_>,
) -> Result<Vec<Conflict>, CrdtError> {
    Score::new(checks.semantic_threshold)?;
    let dissimilar = match checks.similarity {
        Some(similarity) => Score::new(similarity)? < Score::new(checks.semantic_threshold)?,
        None => false,
    };
    let all = distinct(candidates)?;
    let greatest = maximal(&all);
    let values: SortedSet<&Value> = greatest.iter().map(|one| &one.value).collect();

    let mut codes: SortedSet<&'static str> = checks.failures.iter().map(CrdtError::code).collect();
    let mut conflicts = Vec::new();
    if values.len() > 1 {
        let kind = match join(shape, &values) {
            Ok(None) => Some(ConflictType::DirectContradiction),
            Ok(Some(value)) => {
                let broken = checks.invariant.is_some_and(|holds| !holds(&value));
                (broken || dissimilar).then_some(ConflictType::SemanticInconsistency)
            }
            Err(error) => {
                codes.insert(error.code());
                None
            }
        };
        conflicts.extend(kind.map(|kind| (kind, greatest.clone())));
    }
    let disordered = disordered(&all);
    if checks.missing_cause {
        conflicts.push((ConflictType::CausalOrdering, all.clone()));
    } else if !disordered.is_empty() {
        conflicts.push((ConflictType::CausalOrdering, disordered));
    }
    if twice_under_one_clock(&greatest) {
        codes.insert("crdt/equivocation");
    }
    if !codes.is_empty() {
        conflicts.push((ConflictType::MergeFailure, all));
    }
    let codes: Vec<&'static str> = codes.into_iter().collect();
    let mut conflicts: Vec<Conflict> = conflicts
        .into_iter()
        .map(|(kind, members)| {
            let codes = if kind == ConflictType::MergeFailure { codes.clone() } else { Vec::new() };
            let candidates: Vec<Candidate> = members.into_iter().cloned().collect();
            Ok(Conflict { kind, key: key.to_owned(), digest: digest(&candidates)?, candidates, codes })
        })
        .collect::<Result<_, CrdtError>>()?;
    sort_by(&mut conflicts, |a, b| a.kind.cmp(&b.kind));
    Ok(conflicts)
}

/// The siblings of a register as candidates.
#[must_use]
pub fn candidates_of(register: &MvRegister) -> Vec<Candidate> {
    let candidate = |sibling: crate::mv_register::Sibling<'_>| Candidate {
        value: sibling.value.clone(),
        writer: sibling.dot.map(|dot| dot.actor().clone()),
        stamp: None,
        clock: match (sibling.clock, sibling.dot) {
            (Some(clock), _) => clock.clone(),
            (None, Some(dot)) => VectorClock::singleton(dot.actor().clone(), dot.counter()),
            (None, None) => VectorClock::new(),
        },
    };
    register.siblings().map(candidate).collect()
}

/// The candidates, each once, in the order of their encodings.
pub(super) fn distinct(candidates: &[Candidate]) -> Result<Vec<&Candidate>, CrdtError> {
    if candidates.len() > MAX_CANDIDATES {
        return Err(CrdtError::TooMany { limit: MAX_CANDIDATES });
    }
    let mut all: Vec<(Vec<u8>, &Candidate)> =
        candidates.iter().map(|one| Ok((encode(one)?, one))).collect::<Result<_, CrdtError>>()?;
    sort_by(&mut all, |a, b| a.0.cmp(&b.0));
    all.dedup_by(|a, b| a.0 == b.0);
    Ok(all.into_iter().map(|(_, one)| one).collect())
}

/// The name of a set of distinct candidates in their order.
pub(super) fn digest(candidates: &[Candidate]) -> Result<[u8; 32], CrdtError> {
    let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
    for candidate in candidates {
        let bytes = encode(candidate)?;
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
    }
    Ok(*hasher.finalize().as_bytes())
}

fn encode(candidate: &Candidate) -> Result<Vec<u8>, CrdtError> {
    let value = candidate.value.to_bytes()?;
    let writer = candidate.writer.as_ref().map_or("", ActorKey::as_str);
    let mut out = Vec::new();
    for part in [&value, writer.as_bytes()] {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
    out.push(u8::from(candidate.stamp.is_some()));
    out.extend_from_slice(&candidate.stamp.unwrap_or_default().to_bits().to_le_bytes());
    out.extend_from_slice(&candidate.clock.to_bytes());
    Ok(out)
}

/// The candidates that no other is after.
fn maximal<'a>(all: &[&'a Candidate]) -> Vec<&'a Candidate> {
    let covered = |one: &Candidate| all.iter().any(|other| one.clock.happened_before(&other.clock));
    all.iter().copied().filter(|one| !covered(one)).collect()
}

/// The candidates whose stamp contradicts the clock of another.
fn disordered<'a>(all: &[&'a Candidate]) -> Vec<&'a Candidate> {
    let contradict = |a: &Candidate, b: &Candidate| match a.clock.compare(&b.clock) {
        ClockOrdering::Before => a.stamp.zip(b.stamp).is_some_and(|(a, b)| a > b),
        ClockOrdering::After => a.stamp.zip(b.stamp).is_some_and(|(a, b)| a < b),
        ClockOrdering::Concurrent | ClockOrdering::Equal => false,
    };
    all.iter().copied().filter(|one| all.iter().any(|other| contradict(one, other))).collect()
}

fn twice_under_one_clock(all: &[&Candidate]) -> bool {
    let same = |a: &Candidate, b: &Candidate| !a.clock.is_empty() && a.clock == b.clock && a.value != b.value;
    all.iter().any(|a| all.iter().any(|b| same(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(value: impl Into<Value>, writer: &str, ms: u64, clock: &[(&str, u64)]) -> Candidate {
        let key = |name: &str| ActorKey::new(name).unwrap();
        Candidate {
            value: value.into(),
            writer: Some(key(writer)),
            stamp: Some(Stamp::new(ms, 0).unwrap()),
            clock: clock.iter().map(|(name, count)| (key(name), *count)).collect(),
        }
    }

    fn kinds(shape: &Shape, candidates: &[Candidate], checks: &Checks<'_>) -> Vec<ConflictType> {
        let conflicts = detect("k", shape, candidates, checks).unwrap();
        // Neither order nor repetition matters.
        let mut shuffled: Vec<Candidate> = candidates.iter().rev().chain(candidates).cloned().collect();
        shuffled.rotate_left(1);
        assert_eq!(detect("k", shape, &shuffled, checks).unwrap(), conflicts);
        conflicts.iter().map(|conflict| conflict.kind).collect()
    }

    #[test]
    fn concurrent_unequal_values_contradict_each_other() {
        let (a, b) = (candidate("x", "a", 1, &[("a", 1)]), candidate("y", "b", 2, &[("b", 1)]));
        let none = Checks::default();
        assert_eq!(
            kinds(&Shape::Single, &[a.clone(), b.clone()], &none),
            [ConflictType::DirectContradiction]
        );
        assert_eq!(kinds(&Shape::Single, &[a.clone(), candidate("x", "b", 2, &[("b", 1)])], &none), []);
        // One that has seen the other replaces it.
        let after = candidate("z", "b", 3, &[("a", 1), ("b", 1)]);
        assert_eq!(kinds(&Shape::Single, &[a, b, after], &none), []);
    }

    #[test]
    fn stamps_against_clocks_and_missing_causes() {
        let (a, b) = (candidate("x", "a", 9, &[("a", 1)]), candidate("y", "b", 2, &[("a", 1), ("b", 1)]));
        let none = Checks::default();
        assert_eq!(kinds(&Shape::Single, &[a.clone(), b], &none), [ConflictType::CausalOrdering]);
        let missing = Checks { missing_cause: true, ..none };
        assert_eq!(kinds(&Shape::Single, &[a], &missing), [ConflictType::CausalOrdering]);
    }

    #[test]
    fn what_could_be_joined_conflicts_only_in_meaning() {
        let (a, b) = (candidate(3u8, "a", 1, &[("a", 1)]), candidate(8u8, "b", 2, &[("b", 1)]));
        let all = [a, b];
        let shape = Shape::Number(super::super::join::NumberPolicy::Max);
        assert_eq!(kinds(&shape, &all, &Checks::default()), []);
        let small = |value: &Value| value.as_u64().is_some_and(|number| number < 5);
        let invariant = Checks { invariant: Some(&small), ..Checks::default() };
        assert_eq!(kinds(&shape, &all, &invariant), [ConflictType::SemanticInconsistency]);
        for (similarity, expected) in [(0.8, 0), (0.79, 1)] {
            let checks = Checks { similarity: Some(similarity), ..Checks::default() };
            assert_eq!(kinds(&shape, &all, &checks).len(), expected);
        }
        let bad = Checks { similarity: Some(f64::NAN), ..Checks::default() };
        assert!(detect("k", &shape, &all, &bad).is_err());
    }

    #[test]
    fn what_cannot_be_joined_is_a_failure() {
        let (a, b) = (candidate("x", "a", 1, &[("a", 1)]), candidate("y", "a", 1, &[("a", 1)]));
        let found = detect("k", &Shape::Single, &[a.clone(), b], &Checks::default()).unwrap();
        assert_eq!(found.last().unwrap().codes, ["crdt/equivocation"]);
        let text = candidate(1u8, "b", 1, &[("b", 1)]);
        assert_eq!(kinds(&Shape::Set, &[a.clone(), text], &Checks::default()), [ConflictType::MergeFailure]);
        let failures = [CrdtError::UnitMismatch, CrdtError::ModeMismatch, CrdtError::UnitMismatch];
        let checks = Checks { failures: &failures, ..Checks::default() };
        let found = detect("k", &Shape::Single, &[a], &checks).unwrap();
        assert_eq!(
            (found.len(), &found[0].codes[..]),
            (1, &["crdt/mode-mismatch", "crdt/unit-mismatch"][..])
        );
    }

    #[test]
    fn too_many_candidates_are_refused() {
        let one = candidate("x", "a", 1, &[]);
        let many = vec![one; MAX_CANDIDATES + 1];
        assert_eq!(
            detect("k", &Shape::Single, &many, &Checks::default()),
            Err(CrdtError::TooMany { limit: MAX_CANDIDATES })
        );
    }
}
