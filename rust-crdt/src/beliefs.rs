//! What an agent holds to be true, how firmly, and how much speaks for and against it.

use crate::context::CausalContext;
use crate::dot::Writer;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::LwwRegister;
use crate::score::Score;
use crate::sorted::SortedMap;
use crate::tally::Tally;
use crate::time::ClockUnit;
use crate::value::Value;

/// What one piece of evidence adds to or takes from conviction.
pub const EVIDENCE_WEIGHT: f64 = 0.05;

/// One belief, as written and as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// Its name.
    pub id: String,
    /// What is believed.
    pub content: Value,
    /// How firmly, from 0 to 1.
    pub conviction: f64,
    /// How much speaks for it.
    pub evidence_for: u128,
    /// How much speaks against it.
    pub evidence_against: u128,
    /// When it was last written or weighed, in the state's unit.
    pub last_updated: f64,
    /// Where it comes from.
    pub source: Value,
}

/// Beliefs by id.
///
/// Content, source and base conviction are one record, of which the last by [`OrderKey`](crate::OrderKey) counts.
/// Evidence is counted, each piece once. The conviction that is read is a base plus [`EVIDENCE_WEIGHT`] for each piece for and
/// minus as much for each against, within 0 and 1. The base is what was written less what the evidence that its writer had seen
/// makes: so what is written is what is read, until more evidence comes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BeliefState {
    unit: ClockUnit,
    beliefs: SortedMap<String, Entry>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    /// Never written while only a delta of evidence is known.
    pub(crate) record: LwwRegister,
    pub(crate) evidence_for: Tally,
    pub(crate) evidence_against: Tally,
    /// The time of the last evidence.
    pub(crate) weighed: Option<Stamp>,
}

/// Which way a piece of evidence points.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    For,
    Against,
}

impl BeliefState {
    /// No beliefs, times in milliseconds.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_unit(ClockUnit::Milliseconds)
    }

    /// No beliefs, with a unit of time. Only states with equal ones merge.
    #[must_use]
    pub const fn with_unit(unit: ClockUnit) -> Self {
        Self { unit, beliefs: SortedMap::new() }
    }

    /// Writes a belief and returns the delta. What is written is what is read, until someone else adds to it.
    ///
    /// The record takes effect if its time is later than that of the one before. Evidence never shrinks: counts above
    /// those known here are added under the writer, others change nothing.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for numbers that are not such, [`CrdtError::TooDeep`] and
    /// [`CrdtError::TooLong`] for values over the limits, [`CrdtError::CounterOverflow`] for counts over 64 bits;
    /// nothing changed.
    pub fn update(&mut self, writer: &Writer, belief: &Belief) -> Result<Self, CrdtError> {
        let stamp = self.unit.stamp(belief.last_updated)?;
        let conviction = Score::new(belief.conviction)?;
        let known = self.beliefs.get(&belief.id).cloned().unwrap_or_else(|| Entry::new(self.unit));
        let sides = [(Side::For, belief.evidence_for), (Side::Against, belief.evidence_against)];
        let mut totals = [0; 2];
        let mut more = [0; 2];
        for (i, (side, given)) in sides.into_iter().enumerate() {
            let seen = known.tally(side);
            let (count, greatest) = (seen.count(), seen.context().greatest(writer.actor()));
            more[i] = u64::try_from(given.saturating_sub(count)).map_err(|_| CrdtError::CounterOverflow)?;
            greatest.checked_add(more[i]).ok_or(CrdtError::CounterOverflow)?;
            totals[i] = given.max(count).cast_signed();
        }
        let seen = i64::try_from(totals[0] - totals[1]).map_err(|_| CrdtError::CounterOverflow)?;
        let record = record(belief.content.clone(), belief.source.clone(), conviction, seen);
        let mut entry = Entry::new(self.unit);
        entry.record.set_at(record, stamp, writer.actor().clone())?;
        // Numbers are taken last, so that a refused record leaves no gap. All of the evidence that the record counts on
        // goes with it.
        for ((side, _), more) in sides.into_iter().zip(more) {
            let seen = known.tally(side);
            let tally = entry.tally_mut(side);
            tally.merge(seen);
            tally.merge(&seen.next(writer, &side.series(&belief.id), more)?);
        }
        Ok(self.apply(&belief.id, entry))
    }

    /// Counts one piece of evidence for a belief and returns the delta, which is empty when the belief is unknown.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for a time that is not one,
    /// [`CrdtError::CounterOverflow`] when the writer has no number left; nothing changed.
    pub fn add_evidence_for(&mut self, writer: &Writer, id: &str, timestamp: f64) -> Result<Self, CrdtError> {
        self.add_evidence(writer, id, timestamp, Side::For)
    }

    /// Counts one piece of evidence against a belief and returns the delta, which is empty when the belief is unknown.
    ///
    /// # Errors
    /// As [`add_evidence_for`](Self::add_evidence_for).
    pub fn add_evidence_against(
        &mut self,
        writer: &Writer,
        id: &str,
        timestamp: f64,
    ) -> Result<Self, CrdtError> {
        self.add_evidence(writer, id, timestamp, Side::Against)
    }

    /// One belief.
    #[must_use]
    pub fn belief(&self, id: &str) -> Option<Belief> {
        self.read(id, self.beliefs.get(id)?)
    }

    /// All beliefs, in the byte order of their ids.
    pub fn beliefs(&self) -> impl Iterator<Item = Belief> {
        self.beliefs.iter().filter_map(|(id, entry)| self.read(id, entry))
    }

    /// The beliefs with at least this conviction, in the byte order of their ids.
    pub fn confident(&self, threshold: f64) -> impl Iterator<Item = Belief> {
        self.beliefs().filter(move |belief| belief.conviction >= threshold)
    }

    /// The pieces of evidence for a belief.
    #[must_use]
    pub fn evidence_for(&self, id: &str) -> Option<&CausalContext> {
        self.beliefs.get(id).map(|entry| entry.evidence_for.context())
    }

    /// The pieces of evidence against a belief.
    #[must_use]
    pub fn evidence_against(&self, id: &str) -> Option<&CausalContext> {
        self.beliefs.get(id).map(|entry| entry.evidence_against.context())
    }

    /// The number of beliefs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.beliefs.values().filter(|entry| entry.record.get().is_some()).count()
    }

    /// Whether there is no belief.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What times are counted in.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Joins another state or delta into this one.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] for another unit; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.check(other)?;
        for (id, theirs) in &other.beliefs {
            match self.beliefs.get_mut(id) {
                Some(ours) => ours.merge(theirs),
                None => drop(self.beliefs.insert(id.clone(), theirs.clone())),
            }
        }
        Ok(())
    }

    /// What merging would refuse.
    pub(crate) fn check(&self, other: &Self) -> Result<(), CrdtError> {
        self.unit.expect(other.unit)
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&String, &Entry)> {
        self.beliefs.iter()
    }

    pub(crate) fn insert_entry(&mut self, id: String, entry: Entry) {
        self.beliefs.insert(id, entry);
    }

    fn add_evidence(
        &mut self,
        writer: &Writer,
        id: &str,
        timestamp: f64,
        side: Side,
    ) -> Result<Self, CrdtError> {
        let weighed = Some(self.unit.stamp(timestamp)?);
        let Some(known) = self.beliefs.get(id).filter(|entry| entry.record.get().is_some()) else {
            return Ok(Self::with_unit(self.unit));
        };
        let mut entry = Entry { weighed, ..Entry::new(self.unit) };
        *entry.tally_mut(side) = known.tally(side).next(writer, &side.series(id), 1)?;
        Ok(self.apply(id, entry))
    }

    fn apply(&mut self, id: &str, entry: Entry) -> Self {
        let delta = Self { unit: self.unit, beliefs: SortedMap::from([(id.to_owned(), entry)]) };
        self.merge(&delta).expect("the delta has this unit");
        delta
    }

    fn read(&self, id: &str, entry: &Entry) -> Option<Belief> {
        let (content, source, conviction, seen) = parts(entry.record.get()?)?;
        let written = entry.record.stamp()?;
        let stamp = entry.weighed.map_or(written, |weighed| weighed.max(written));
        #[expect(clippy::cast_precision_loss, reason = "far beyond 0 to 1 long before a bit is lost")]
        let unseen = (entry.balance() - i128::from(seen)) as f64;
        Some(Belief {
            id: id.to_owned(),
            content: content.clone(),
            conviction: (conviction.to_f64() + EVIDENCE_WEIGHT * unseen).clamp(0.0, 1.0),
            evidence_for: entry.evidence_for.count(),
            evidence_against: entry.evidence_against.count(),
            last_updated: self.unit.time(stamp).expect("checked when the time came in"),
            source: source.clone(),
        })
    }
}

impl Default for BeliefState {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    pub(crate) fn new(unit: ClockUnit) -> Self {
        let none = Tally::default();
        Self {
            record: LwwRegister::with_unit(unit),
            evidence_for: none.clone(),
            evidence_against: none,
            weighed: None,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.record.merge(&other.record).expect("the states have one unit");
        self.evidence_for.merge(&other.evidence_for);
        self.evidence_against.merge(&other.evidence_against);
        self.weighed = self.weighed.max(other.weighed);
    }

    /// Evidence for less evidence against.
    fn balance(&self) -> i128 {
        // A count is at most 2^64 per actor, and no more actors fit in memory than 2^48.
        self.evidence_for.count().cast_signed() - self.evidence_against.count().cast_signed()
    }

    fn tally(&self, side: Side) -> &Tally {
        match side {
            Side::For => &self.evidence_for,
            Side::Against => &self.evidence_against,
        }
    }

    fn tally_mut(&mut self, side: Side) -> &mut Tally {
        match side {
            Side::For => &mut self.evidence_for,
            Side::Against => &mut self.evidence_against,
        }
    }
}

impl Side {
    fn series(self, id: &str) -> String {
        match self {
            Self::For => format!("for {id}"),
            Self::Against => format!("against {id}"),
        }
    }
}

/// The value of a record: content, source, conviction, and the balance of evidence that the writer had seen.
pub(crate) fn record(content: Value, source: Value, conviction: Score, seen: i64) -> Value {
    Value::Array(vec![content, source, conviction.to_value(), Value::from(seen)])
}

/// What a record holds, if it is one.
pub(crate) fn parts(record: &Value) -> Option<(&Value, &Value, Score, i64)> {
    match record.as_array()? {
        [content, source, conviction, seen] => {
            Some((content, source, Score::new(conviction.as_f64()?).ok()?, seen.as_i64()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorKey;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    fn belief(conviction: f64, last_updated: f64) -> Belief {
        Belief {
            id: "b".into(),
            content: Value::from("it rains"),
            conviction,
            evidence_for: 0,
            evidence_against: 0,
            last_updated,
            source: Value::from("window"),
        }
    }

    #[test]
    fn what_is_written_is_read_and_evidence_moves_it() {
        let a = writer("a");
        let mut state = BeliefState::new();
        let given = Belief { evidence_for: 3, evidence_against: 1, ..belief(0.8, 5.0) };
        state.update(&a, &given).unwrap();
        assert_eq!(state.belief("b"), Some(given));
        state.add_evidence_for(&a, "b", 7.0).unwrap();
        let read = state.belief("b").unwrap();
        assert_eq!((read.evidence_for, read.conviction, read.last_updated), (4, 0.8 + 0.05, 7.0));
        // Reading, changing and writing again does not count the evidence twice.
        state
            .update(&a, &Belief { content: Value::from("it pours"), last_updated: 8.0, ..read.clone() })
            .unwrap();
        let again = state.belief("b").unwrap();
        assert_eq!((again.conviction, again.evidence_for), (read.conviction, 4));
        assert_eq!(again.content, Value::from("it pours"));
    }

    /// clamp(base + 0.05 · (for − against), 0, 1), with the base that the last write set.
    #[test]
    fn conviction_is_a_base_and_all_evidence() {
        let (a, b) = (writer("a"), writer("b"));
        let mut one = BeliefState::new();
        one.update(&a, &Belief { evidence_for: 4, evidence_against: 1, ..belief(0.5, 1.0) }).unwrap();
        let base = 0.5 - EVIDENCE_WEIGHT * 3.0;
        let mut two = one.clone();
        for _ in 0..3 {
            one.add_evidence_for(&a, "b", 2.0).unwrap();
            two.add_evidence_against(&b, "b", 2.0).unwrap();
        }
        two.add_evidence_against(&b, "b", 2.0).unwrap();
        one.merge(&two).unwrap();
        let read = one.belief("b").unwrap();
        assert_eq!((read.evidence_for, read.evidence_against), (7, 5));
        assert!((read.conviction - (base + EVIDENCE_WEIGHT * 2.0)).abs() < 1e-12);
        // Evidence beyond a bound is not forgotten.
        for _ in 0..20 {
            one.add_evidence_for(&a, "b", 3.0).unwrap();
        }
        assert_eq!(one.belief("b").unwrap().conviction, 1.0);
        one.add_evidence_against(&b, "b", 3.0).unwrap();
        assert_eq!(one.belief("b").unwrap().conviction, 1.0);
    }

    #[test]
    fn conviction_stays_within_bounds() {
        let a = writer("a");
        let mut state = BeliefState::new();
        state.update(&a, &belief(0.95, 1.0)).unwrap();
        for _ in 0..3 {
            state.add_evidence_for(&a, "b", 2.0).unwrap();
        }
        assert_eq!(state.belief("b").unwrap().conviction, 1.0);
        for _ in 0..40 {
            state.add_evidence_against(&a, "b", 2.0).unwrap();
        }
        assert_eq!(state.belief("b").unwrap().conviction, 0.0);
    }

    #[test]
    fn concurrent_evidence_all_counts_and_a_decrease_survives_an_older_copy() {
        let mut one = BeliefState::new();
        one.update(&writer("a"), &belief(0.5, 1.0)).unwrap();
        let old = one.clone();
        let mut two = one.clone();
        one.add_evidence_against(&writer("x"), "b", 2.0).unwrap();
        two.add_evidence_against(&writer("y"), "b", 2.0).unwrap();
        one.merge(&two).unwrap();
        one.merge(&old).unwrap();
        let read = one.belief("b").unwrap();
        assert_eq!((read.evidence_against, read.conviction), (2, 0.5 - 0.05 * 2.0));
        let copy = one.clone();
        one.merge(&copy).unwrap();
        assert_eq!(one, copy);
    }

    #[test]
    fn equal_times_have_one_winner() {
        let (mut one, mut two) = (BeliefState::new(), BeliefState::new());
        one.update(&writer("a"), &belief(0.5, 1.0)).unwrap();
        two.update(&writer("b"), &Belief { content: Value::from("it snows"), ..belief(0.6, 1.0) }).unwrap();
        let before = one.clone();
        one.merge(&two).unwrap();
        two.merge(&before).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.belief("b").unwrap().content, Value::from("it snows"));
    }

    #[test]
    fn evidence_of_what_is_unknown_is_ignored_and_waits_in_deltas() {
        let a = writer("a");
        let mut state = BeliefState::new();
        assert_eq!(state.add_evidence_for(&a, "b", 1.0), Ok(BeliefState::new()));
        assert!(state.is_empty());
        let whole = state.update(&a, &belief(0.5, 1.0)).unwrap();
        let evidence = state.add_evidence_for(&a, "b", 2.0).unwrap();
        let mut late = BeliefState::new();
        late.merge(&evidence).unwrap();
        assert_eq!((late.len(), late.belief("b")), (0, None));
        late.merge(&whole).unwrap();
        assert_eq!(late, state);
        assert_eq!(late.confident(0.55).count(), 1);
        assert_eq!(late.confident(0.56).count(), 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let a = writer("a");
        let mut state = BeliefState::new();
        for bad in [
            belief(1.1, 1.0),
            belief(f64::NAN, 1.0),
            belief(0.5, f64::INFINITY),
            Belief { evidence_for: u128::MAX, ..belief(0.5, 1.0) },
        ] {
            assert!(state.update(&a, &bad).is_err());
        }
        assert_eq!(state.merge(&BeliefState::with_unit(ClockUnit::Seconds)), Err(CrdtError::UnitMismatch));
        assert_eq!(state, BeliefState::new());
    }
}
