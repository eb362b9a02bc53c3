//! The laws of merging as a test that ships: short random histories of every type, checked on the encoded bytes.
//!
//! For an application to run where it runs, in any language. The tests of this crate go much further.

use std::num::NonZeroU64;

use crate::actor::ActorKey;
use crate::agent::AgentState;
use crate::beliefs::{Belief, BeliefState};
use crate::clock::VectorClock;
use crate::counter::{GCounter, PnCounter};
use crate::dag::MerkleDag;
use crate::delta::{Decompose, Erased, join_delta};
use crate::dot::Writer;
use crate::episodes::{Episode, EpisodeMemory};
use crate::error::CrdtError;
use crate::g_set::GSet;
use crate::hlc::{HybridClock, Stamp};
use crate::lww::LwwRegister;
use crate::lww_element_set::LwwElementSet;
use crate::lww_map::LwwMap;
use crate::lww_numeric::{LwwNumericRegister, NumericMode};
use crate::mv_register::MvRegister;
use crate::or_set::OrSet;
use crate::skills::SkillAccumulator;
use crate::state::Kind;
use crate::time::ClockUnit;
use crate::two_phase_set::TwoPhaseSet;
use crate::value::Value;

/// How many replicas a history has.
const REPLICAS: usize = 3;
/// How many steps a history has.
const STEPS: usize = 12;

/// What a run found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// How many histories were run, over all types.
    pub histories: u64,
    /// How many laws were checked.
    pub checks: u64,
    /// What did not hold. Nothing, one hopes.
    pub failures: Vec<Failure>,
}

/// A law that did not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Of which type.
    pub kind: Kind,
    /// Which law.
    pub law: &'static str,
    /// `run(seed, 1)` finds it again.
    pub seed: u64,
}

/// Runs `histories` histories of each type, from `seed` on. The same arguments give the same report.
///
/// A history takes some ten microseconds natively. At most one failure per type and history is reported.
#[must_use]
pub fn run(seed: u64, histories: u64) -> Report {
    let mut report = Report { histories: 0, checks: 0, failures: Vec::new() };
    for history in 0..histories {
        let seed = seed.wrapping_add(history);
        run_one(&mut report, seed, VectorClock::new, |state, by, random| {
            state.increment(by.writer.actor())?;
            let count = state.get(by.writer.actor()).saturating_add(random.below(3));
            state.set(by.writer.actor(), count)?;
            Ok(VectorClock::singleton(by.writer.actor().clone(), count))
        });
        run_one(&mut report, seed, GCounter::new, |state, by, random| {
            state.increment_by(by.writer.actor(), random.below(1 << 20))
        });
        run_one(&mut report, seed, PnCounter::new, |state, by, random| {
            state.increment_by(by.writer.actor(), i128::from(random.below(1 << 20)) - (1 << 19))
        });
        run_one(&mut report, seed, GSet::new, |state, _, random| state.add(random.value()));
        run_one(&mut report, seed, TwoPhaseSet::new, |state, _, random| match random.below(3) {
            0 => state.remove(random.value()),
            _ => state.add(random.value()),
        });
        run_one(&mut report, seed, OrSet::new, |state, by, random| match random.below(4) {
            0 => Ok(state.remove(&random.value())),
            1 => Ok(state.add_tagged(&by.writer, random.value())?.1),
            _ => state.add(&by.writer, random.value()),
        });
        run_one(&mut report, seed, LwwElementSet::new, |state, _, random| {
            let time = Stamp::from_bits(random.below(8));
            if random.below(3) == 0 {
                state.remove(random.value(), time)
            } else {
                state.add(random.value(), time)
            }
        });
        run_one(&mut report, seed, LwwRegister::new, |state, by, random| match random.below(2) {
            0 => state.set_at(random.value(), Stamp::from_bits(random.below(4)), by.writer.actor().clone()),
            _ => state.set(&by.writer, &mut by.clock, random.below(100), random.value()),
        });
        run_one(
            &mut report,
            seed,
            || LwwNumericRegister::new(NumericMode::Greatest),
            |state, by, random| {
                let (number, stamp) = (random.score(), Stamp::from_bits(random.below(4)));
                state.set_at(number, stamp, Some(by.writer.actor().clone()))
            },
        );
        run_one(&mut report, seed, LwwMap::new, |state, by, random| match random.below(3) {
            0 => state.remove(&by.writer, &mut by.clock, random.below(100), random.text()),
            _ => state.set(&by.writer, &mut by.clock, random.below(100), random.text(), random.value()),
        });
        run_one(&mut report, seed, MvRegister::new, |state, by, random| match random.below(3) {
            0 => state.resolve(&by.writer, random.value()),
            _ => state.write(&by.writer, random.value()),
        });
        run_one(&mut report, seed, SkillAccumulator::new, |state, by, random| {
            state.update(&by.writer, random.text(), random.score(), random.time())
        });
        run_one(
            &mut report,
            seed,
            || EpisodeMemory::with(NonZeroU64::new(4), ClockUnit::Milliseconds),
            |state, _, random| match random.below(4) {
                0 => Ok(state.link(random.text(), random.text())),
                _ => state.add(random.episode()),
            },
        );
        run_one(&mut report, seed, BeliefState::new, |state, by, random| match random.below(3) {
            0 => state.add_evidence_for(&by.writer, random.text(), random.time()),
            1 => state.add_evidence_against(&by.writer, random.text(), random.time()),
            _ => state.update(&by.writer, &random.belief()),
        });
        run_one(&mut report, seed, agent, |state, by, random| match random.below(4) {
            0 => state.tick(&by.writer),
            1 => state.update_skill(&by.writer, random.text(), random.score(), random.time()),
            2 => state.add_episode(&by.writer, random.episode()),
            _ => state.update_belief(&by.writer, &random.belief()),
        });
        run_one(&mut report, seed, MerkleDag::new, |state, by, random| {
            Ok(state.add(&by.writer, random.value())?.1)
        });
    }
    report
}

fn agent() -> AgentState {
    AgentState::new(crate::actor::ActorId::new("agent").expect("a short text is an id"))
}

/// Who changes a replica.
struct By {
    writer: Writer,
    clock: HybridClock,
}

/// Runs one history of a type.
fn run_one<T: Decompose>(
    report: &mut Report,
    seed: u64,
    start: impl Fn() -> T,
    change: impl Fn(&mut T, &mut By, &mut Random) -> Result<T, CrdtError>,
) {
    let subject = Subject {
        kind: T::KIND,
        start: start().to_bytes(),
        change: &|state, by, random| {
            let state = state.as_any_mut().downcast_mut().expect("read as a state of the type");
            Ok(Box::new(change(state, by, random)?))
        },
        read: |bytes| Ok(Box::new(T::from_bytes(bytes)?)),
    };
    history(report, seed, &subject);
}

/// A type whose states are their encodings, so that histories are compiled once and every step passes the decoder.
struct Subject<'a> {
    kind: Kind,
    start: Vec<u8>,
    /// Makes a random change and gives the delta.
    change: &'a Change<'a>,
    read: fn(&[u8]) -> Any,
}

type Any = Result<Box<dyn Erased>, CrdtError>;
type Encoded = Result<Vec<u8>, CrdtError>;
type Change<'a> = dyn Fn(&mut dyn Erased, &mut By, &mut Random) -> Any + 'a;

impl Subject<'_> {
    /// The state after a random change, and the delta.
    fn change(
        &self,
        state: &[u8],
        by: &mut By,
        random: &mut Random,
    ) -> Result<(Vec<u8>, Vec<u8>), CrdtError> {
        let mut state = (self.read)(state)?;
        let delta = (self.change)(&mut *state, by, random)?;
        Ok((state.bytes(), delta.bytes()))
    }

    fn join(&self, a: &[u8], b: &[u8]) -> Encoded {
        let mut joined = (self.read)(a)?;
        join_delta(&mut *joined, &*(self.read)(b)?)?;
        Ok(joined.bytes())
    }

    /// The least delta of the first for the second.
    fn least(&self, a: &[u8], b: &[u8]) -> Encoded {
        Ok((self.read)(a)?.delta_from(&*(self.read)(b)?)?.bytes())
    }
}

fn history(report: &mut Report, seed: u64, subject: &Subject<'_>) {
    let mut random = Random(seed ^ (u64::from(subject.kind.to_byte()) << 56));
    report.histories += 1;
    if let Err(law) = check_history(&mut report.checks, &mut random, subject) {
        report.failures.push(Failure { kind: subject.kind, law, seed });
    }
}

/// Changes, deltas that arrive in any order and more than once, and the laws at the end.
fn check_history(checks: &mut u64, random: &mut Random, subject: &Subject<'_>) -> Result<(), &'static str> {
    let join = |a: &[u8], b: &[u8]| subject.join(a, b).map_err(|_| "states of one history merge");
    let mut check = |holds: bool, law: &'static str| {
        *checks += 1;
        if holds { Ok(()) } else { Err(law) }
    };
    let mut replicas: Vec<(Vec<u8>, By)> = (0..REPLICAS)
        .map(|number| {
            let key = ActorKey::new(&format!("r{number}")).expect("a short text is a key");
            (subject.start.clone(), By { writer: Writer::resume(key, 0), clock: HybridClock::new() })
        })
        .collect();
    let mut sent: Vec<Vec<u8>> = Vec::new();
    for _ in 0..STEPS {
        let at = random.index(REPLICAS);
        let (state, by) = &mut replicas[at];
        if random.below(3) > 0 {
            let (next, delta) = subject.change(state, by, random).map_err(|_| "a change is accepted")?;
            check(join(state, &delta)? == next, "a change is the join of its delta")?;
            check(join(&next, state)? == next, "nothing goes back")?;
            *state = next;
            sent.push(delta);
        } else if !sent.is_empty() {
            *state = join(state, &sent[random.index(sent.len())])?;
        }
    }
    let [a, b, c] = [&replicas[0].0, &replicas[1].0, &replicas[2].0];
    let both = join(a, b)?;
    check(both == join(b, a)?, "the order does not matter")?;
    let whole = join(&both, c)?;
    check(whole == join(a, &join(b, c)?)?, "the grouping does not matter")?;
    check(join(a, a)? == *a, "repetition does not matter")?;
    let mut from_deltas = subject.start.clone();
    for _ in 0..2 {
        for end in (1..sent.len()).rev() {
            sent.swap(end, random.index(end + 1));
        }
        for delta in &sent {
            from_deltas = join(&from_deltas, delta)?;
        }
    }
    check(from_deltas == whole, "deltas are as good as states")?;
    let least = subject.least(a, b).map_err(|_| "a delta can be made")?;
    check(join(b, &least)? == both, "the least delta is enough")
}

/// SplitMix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("less than a length")
    }

    fn text(&mut self) -> &'static str {
        ["", "a", "__proto__", "10", "\u{ff5e}", "\u{1f600}"][self.index(6)]
    }

    fn value(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => Value::from(self.below(2) == 0),
            2 => Value::from(u64::MAX - self.below(2)),
            3 => Value::from([0u8, 255]),
            4 => Value::array([Value::from(1u8), Value::from(self.text())]),
            5 => Value::map([(self.text(), self.below(2))]),
            _ => Value::from(self.text()),
        }
    }

    /// A number of quarters from 0 to 1.
    fn score(&mut self) -> f64 {
        [0.0, 0.25, 0.5, 0.75, 1.0][self.index(5)]
    }

    fn time(&mut self) -> f64 {
        [0.0, 1.0, 1.5, 9_007_199_254_740_991.0][self.index(4)]
    }

    fn episode(&mut self) -> Episode {
        Episode {
            id: self.text().to_owned(),
            content: self.value(),
            context: Value::Null,
            outcome: Value::Null,
            timestamp: self.time(),
            importance: self.score(),
            tags: vec![self.text().to_owned()],
        }
    }

    fn belief(&mut self) -> Belief {
        Belief {
            id: self.text().to_owned(),
            content: self.value(),
            conviction: self.score(),
            evidence_for: u128::from(self.below(3)),
            evidence_against: u128::from(self.below(3)),
            last_updated: self.time(),
            source: self.value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_holds_and_a_run_replays() {
        let report = run(1, 40);
        assert_eq!(report.failures, []);
        assert!(report.checks > 40 * 16 * 7, "{}", report.checks);
        assert_eq!(run(1, 40), report);
        assert_ne!(run(2, 40).checks, report.checks);
    }

    /// A type whose merge keeps the left one must be found out.
    #[test]
    fn a_broken_law_is_reported_with_its_seed() {
        let mut report = Report { histories: 0, checks: 0, failures: Vec::new() };
        for seed in 0..50 {
            run_one(&mut report, seed, GCounter::new, |state, by, _| {
                // A delta that forgets half of the change.
                state.increment_by(by.writer.actor(), 1u8)?;
                state.increment_by(by.writer.actor(), 1u8)?;
                Ok(GCounter::new())
            });
        }
        assert!(report.failures.iter().all(|one| one.law == "a change is the join of its delta"));
        assert!(report.failures.len() > 40);
    }
}
