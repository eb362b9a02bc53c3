//! What an agent can do, and how often it did it.

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::OrderKey;
use crate::score::Score;
use crate::sorted::SortedMap;
use crate::tally::Tally;
use crate::time::ClockUnit;

/// Skills by name, each with a proficiency, a number of uses and the time of the last one.
///
/// Every accepted update counts once, whatever its time and however often it arrives. Merging joins the uses, takes
/// the later time, and the proficiency by the accumulator's [`ProficiencyPolicy`].
///
/// ```
/// use chrysalis_crdt::{ActorId, SkillAccumulator, Writer};
///
/// let writer = Writer::make(&ActorId::new("ada")?)?;
/// let mut skills = SkillAccumulator::new();
/// skills.update(&writer, "rust", 0.5, 10.0)?;
/// skills.update(&writer, "rust", 0.9, 5.0)?;
/// let rust = skills.skill("rust").unwrap();
/// assert_eq!((rust.proficiency, rust.usage_count, rust.last_used), (0.9, 2, 10.0));
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkillAccumulator {
    policy: ProficiencyPolicy,
    unit: ClockUnit,
    skills: SortedMap<String, Entry>,
}

/// Which of several proficiencies counts. Fixed when an accumulator is made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ProficiencyPolicy {
    /// The greatest: skills only grow.
    #[default]
    Max,
    /// The last by [`OrderKey`]: skills may also decline.
    Latest,
}

/// One skill, as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// From 0 to 1.
    pub proficiency: f64,
    /// How many updates were accepted.
    pub usage_count: u128,
    /// The time of the last one, in the accumulator's unit.
    pub last_used: f64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) usage: Tally,
    pub(crate) last_used: Stamp,
    pub(crate) proficiency: Score,
    /// Who gave the proficiency: with [`ProficiencyPolicy::Latest`] and only then.
    pub(crate) writer: Option<ActorKey>,
}

impl SkillAccumulator {
    /// No skills; the greatest proficiency counts; times in milliseconds.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(ProficiencyPolicy::Max, ClockUnit::Milliseconds)
    }

    /// No skills, with a policy and a unit of time. Only accumulators with equal ones merge.
    #[must_use]
    pub const fn with(policy: ProficiencyPolicy, unit: ClockUnit) -> Self {
        Self { policy, unit, skills: SortedMap::new() }
    }

    /// Records a use of a skill and returns the delta. `proficiency` is from 0 to 1, `timestamp` in the unit.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for numbers that are not such,
    /// [`CrdtError::CounterOverflow`] when the writer has no number left; nothing changed.
    pub fn update(
        &mut self,
        writer: &Writer,
        name: &str,
        proficiency: f64,
        timestamp: f64,
    ) -> Result<Self, CrdtError> {
        let (proficiency, last_used) = (Score::new(proficiency)?, self.unit.stamp(timestamp)?);
        let none = Tally::default();
        let seen = self.skills.get(name).map_or(&none, |entry| &entry.usage);
        let usage = seen.next(writer, &format!("skill {name}"), 1)?;
        Ok(self.apply(name, usage, last_used, proficiency, writer.actor()))
    }

    /// [`update`](Self::update), unless the skill was already used at `timestamp` or later: then nothing, and `None`.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn update_if_newer(
        &mut self,
        writer: &Writer,
        name: &str,
        proficiency: f64,
        timestamp: f64,
    ) -> Result<Option<Self>, CrdtError> {
        let (_, stamp) = (Score::new(proficiency)?, self.unit.stamp(timestamp)?);
        if self.skills.get(name).is_some_and(|entry| entry.last_used >= stamp) {
            return Ok(None);
        }
        self.update(writer, name, proficiency, timestamp).map(Some)
    }

    /// Takes in a skill from a system that kept plain counts, and returns the delta.
    ///
    /// `origin` names that system: what one origin gives for a skill joins by maximum, however often it is imported.
    ///
    /// # Errors
    /// As [`update`](Self::update), and [`CrdtError::InvalidActor`] when `legacy:` and the origin are not an actor id.
    pub fn import(&mut self, origin: &str, skill: &Skill) -> Result<Self, CrdtError> {
        let actor = ActorKey::new(&format!("legacy:{origin}"))?;
        let (proficiency, last_used) = (Score::new(skill.proficiency)?, self.unit.stamp(skill.last_used)?);
        let usage = match u64::try_from(skill.usage_count) {
            Ok(0) => Tally::default(),
            Ok(count) => Tally::of_run(actor.clone(), 1, count),
            Err(_) => return Err(CrdtError::CounterOverflow),
        };
        Ok(self.apply(&skill.name, usage, last_used, proficiency, &actor))
    }

    /// One skill.
    #[must_use]
    pub fn skill(&self, name: &str) -> Option<Skill> {
        self.skills.get(name).map(|entry| self.read(name, entry))
    }

    /// All skills, in the byte order of their names.
    pub fn skills(&self) -> impl ExactSizeIterator<Item = Skill> {
        self.skills.iter().map(|(name, entry)| self.read(name, entry))
    }

    /// The updates that a skill's usage counts.
    #[must_use]
    pub fn usage(&self, name: &str) -> Option<&CausalContext> {
        self.skills.get(name).map(|entry| entry.usage.context())
    }

    /// The number of skills.
    #[must_use]
    pub fn len(&self) -> usize {
        self.skills.len()
    }

    /// Whether there is no skill.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// Which of several proficiencies counts.
    #[must_use]
    pub fn policy(&self) -> ProficiencyPolicy {
        self.policy
    }

    /// What times are counted in.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Joins another state or delta into this one.
    ///
    /// # Errors
    /// [`CrdtError::ModeMismatch`] for another policy, [`CrdtError::UnitMismatch`] for another unit; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.check(other)?;
        for (name, theirs) in &other.skills {
            match self.skills.get_mut(name) {
                Some(ours) => ours.merge(theirs, self.policy),
                None => drop(self.skills.insert(name.clone(), theirs.clone())),
            }
        }
        Ok(())
    }

    /// What merging would refuse.
    pub(crate) fn check(&self, other: &Self) -> Result<(), CrdtError> {
        if self.policy != other.policy {
            return Err(CrdtError::ModeMismatch);
        }
        self.unit.expect(other.unit)
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&String, &Entry)> {
        self.skills.iter()
    }

    pub(crate) fn insert_entry(&mut self, name: String, entry: Entry) {
        self.skills.insert(name, entry);
    }

    fn apply(
        &mut self,
        name: &str,
        usage: Tally,
        last_used: Stamp,
        proficiency: Score,
        actor: &ActorKey,
    ) -> Self {
        let writer = (self.policy == ProficiencyPolicy::Latest).then(|| actor.clone());
        let mut delta = Self::with(self.policy, self.unit);
        delta.skills.insert(name.to_owned(), Entry { usage, last_used, proficiency, writer });
        self.merge(&delta).expect("the delta has this policy and unit");
        delta
    }

    fn read(&self, name: &str, entry: &Entry) -> Skill {
        Skill {
            name: name.to_owned(),
            proficiency: entry.proficiency.to_f64(),
            usage_count: entry.usage.count(),
            last_used: self.unit.time(entry.last_used).expect("checked when the time came in"),
        }
    }
}

impl Default for SkillAccumulator {
    fn default() -> Self {
        Self::new()
    }
}

impl ProficiencyPolicy {
    /// The name in JSON: `max` or `latest`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Latest => "latest",
        }
    }

    /// The policy with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Max, Self::Latest].into_iter().find(|policy| policy.as_str() == name)
    }
}

impl Entry {
    fn merge(&mut self, other: &Self, policy: ProficiencyPolicy) {
        self.usage.merge(&other.usage);
        match policy {
            ProficiencyPolicy::Max => {
                self.last_used = self.last_used.max(other.last_used);
                self.proficiency = self.proficiency.max(other.proficiency);
            }
            ProficiencyPolicy::Latest if other.key() > self.key() => {
                self.last_used = other.last_used;
                self.proficiency = other.proficiency;
                self.writer.clone_from(&other.writer);
            }
            ProficiencyPolicy::Latest => {}
        }
    }

    /// The order of proficiencies; the last part decides should digests collide.
    fn key(&self) -> (Option<OrderKey>, Score) {
        let value = self.proficiency.to_value();
        let key = self.writer.clone().map(|writer| {
            OrderKey::new(self.last_used, writer, &value).expect("a number is within the limits of values")
        });
        (key, self.proficiency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    fn read(skills: &SkillAccumulator, name: &str) -> (f64, u128, f64) {
        let skill = skills.skill(name).unwrap();
        (skill.proficiency, skill.usage_count, skill.last_used)
    }

    #[test]
    fn merging_with_itself_or_again_counts_nothing() {
        let mut skills = SkillAccumulator::new();
        skills.update(&writer("a"), "x", 0.5, 1.0).unwrap();
        for _ in 0..10 {
            let copy = skills.clone();
            skills.merge(&copy).unwrap();
        }
        assert_eq!(read(&skills, "x"), (0.5, 1, 1.0));
    }

    #[test]
    fn the_order_of_times_does_not_matter() {
        let a = writer("a");
        let (mut one, mut two) = (SkillAccumulator::new(), SkillAccumulator::new());
        one.update(&a, "x", 0.5, 10.0).unwrap();
        one.update(&a, "x", 0.9, 5.0).unwrap();
        let b = writer("a");
        two.update(&b, "x", 0.9, 5.0).unwrap();
        two.update(&b, "x", 0.5, 10.0).unwrap();
        assert_eq!(one, two);
        assert_eq!(read(&one, "x"), (0.9, 2, 10.0));
    }

    #[test]
    fn the_local_guard_is_there_on_request() {
        let a = writer("a");
        let mut skills = SkillAccumulator::new();
        assert!(skills.update_if_newer(&a, "x", 0.5, 10.0).unwrap().is_some());
        assert_eq!(skills.update_if_newer(&a, "x", 0.9, 10.0), Ok(None));
        assert!(skills.update_if_newer(&a, "x", 0.9, f64::NAN).is_err());
        assert_eq!(read(&skills, "x"), (0.5, 1, 10.0));
        assert!(skills.update_if_newer(&a, "x", 0.4, 10.5).unwrap().is_some());
        assert_eq!(read(&skills, "x"), (0.5, 2, 10.5));
    }

    #[test]
    fn a_latest_proficiency_may_decline_and_ties_have_one_winner() {
        let mut one = SkillAccumulator::with(ProficiencyPolicy::Latest, ClockUnit::Seconds);
        let mut two = one.clone();
        one.update(&writer("a"), "x", 0.9, 1.0).unwrap();
        one.update(&writer("b"), "x", 0.2, 2.0).unwrap();
        assert_eq!(read(&one, "x"), (0.2, 2, 2.0));
        two.update(&writer("b"), "x", 0.7, 2.0).unwrap();
        let (before_one, before_two) = (one.clone(), two.clone());
        one.merge(&before_two).unwrap();
        two.merge(&before_one).unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn one_origin_is_imported_once() {
        let mut skills = SkillAccumulator::new();
        let legacy = |usage_count| Skill { name: "x".into(), proficiency: 0.3, usage_count, last_used: 4.0 };
        skills.import("old", &legacy(7)).unwrap();
        skills.import("old", &legacy(5)).unwrap();
        assert_eq!(read(&skills, "x"), (0.3, 7, 4.0));
        skills.import("older", &legacy(2)).unwrap();
        assert_eq!(skills.skill("x").unwrap().usage_count, 9);
        assert_eq!(
            skills.usage("x").unwrap().actors().map(ActorKey::as_str).collect::<Vec<_>>(),
            ["legacy:old", "legacy:older"]
        );
        assert!(matches!(skills.import("\n", &legacy(1)), Err(CrdtError::InvalidActor(_))));
        assert_eq!(skills.import("o", &legacy(u128::MAX)), Err(CrdtError::CounterOverflow));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let a = writer("a");
        let mut skills = SkillAccumulator::new();
        for (proficiency, time) in [(f64::NAN, 1.0), (1.5, 1.0), (-0.1, 1.0), (0.5, f64::INFINITY)] {
            assert!(skills.update(&a, "x", proficiency, time).is_err());
        }
        let other = SkillAccumulator::with(ProficiencyPolicy::Latest, ClockUnit::Milliseconds);
        assert_eq!(skills.merge(&other), Err(CrdtError::ModeMismatch));
        let other = SkillAccumulator::with(ProficiencyPolicy::Max, ClockUnit::Seconds);
        assert_eq!(skills.merge(&other), Err(CrdtError::UnitMismatch));
        assert!(skills.is_empty());
    }
}
