//! Merging clocks and counters of 1,000 actors.
use chrysalis_crdt::{ActorKey, GCounter, VectorClock};
use crdts::{CmRDT, CvRDT};
use serde_json::{Value, json};

use crate::{Outcome, Random, SEED, in_turns, seconds};

const ACTORS: usize = 1000;
/// Merges per figure.
const TIMES: usize = 50;

pub fn measure(rounds: usize) -> Outcome<Value> {
    let mut random = Random(SEED);
    let mut counts =
        || (0..ACTORS).map(|i| (format!("agent-{i:04}"), 1 + random.next() % 1000)).collect::<Vec<_>>();
    let (one, two) = (counts(), counts());
    let ours = |counts: &[(String, u64)]| -> Outcome<VectorClock> {
        let entries = counts.iter().map(|(name, count)| Ok((ActorKey::new(name)?, *count)));
        entries.collect::<Outcome<Vec<_>>>().map(|entries| entries.into_iter().collect())
    };
    let clock = |counts: &[(String, u64)]| -> crdts::VClock<String> {
        counts.iter().map(|(name, count)| crdts::Dot::new(name.clone(), *count)).collect()
    };
    let counter = |counts: &[(String, u64)]| {
        let mut counter = crdts::GCounter::<String>::new();
        counts.iter().for_each(|(name, count)| counter.apply(counter.inc_many(name.clone(), *count)));
        counter
    };
    let (our_one, our_two) = (ours(&one)?, ours(&two)?);
    let counters = (GCounter::from_counts(our_one.clone()), GCounter::from_counts(our_two.clone()));
    let clocks = (clock(&one), clock(&two));
    let their_counters = (counter(&one), counter(&two));
    // Merged once before, as replicas that exchange states again and again have.
    let mut met = our_one.clone();
    met.merge(&our_two);
    let seconds = in_turns(
        rounds,
        vec![
            ("clock", repeated(&our_one, &our_two, |clock, other| clock.merge(&other))),
            ("clock_met", repeated(&met, &our_two, |clock, other| clock.merge(&other))),
            ("counter", repeated(&counters.0, &counters.1, |counter, other| counter.merge(&other))),
            ("crdts_clock", repeated(&clocks.0, &clocks.1, |clock, other| clock.merge(other))),
            (
                "crdts_counter",
                repeated(&their_counters.0, &their_counters.1, |counter, other| counter.merge(other)),
            ),
        ],
    )?;
    Ok(json!({ "seed": SEED, "rounds": rounds, "actors": ACTORS, "seconds": seconds }))
}

/// Merges copies made beforehand.
fn repeated<'a, T: Clone>(
    one: &'a T,
    two: &'a T,
    merge: impl Fn(&mut T, T) + 'a,
) -> Box<dyn FnMut() -> Outcome<f64> + 'a> {
    Box::new(move || {
        let mut targets = vec![one.clone(); TIMES];
        let others = vec![two.clone(); TIMES];
        let (time, ()) =
            seconds(|| targets.iter_mut().zip(others).for_each(|(target, other)| merge(target, other)));
        Ok(time / TIMES as f64)
    })
}
