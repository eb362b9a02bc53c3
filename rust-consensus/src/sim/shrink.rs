//! From a schedule that fails to a smallest one that still does.

use super::schedule::{Behaviour, Fault, Schedule, Survives};

/// The smallest schedule that still `fails`, and how many were tried.
///
/// Removes runs of faults, halving their length down to one (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
/// Input", 2002), then makes what is left smaller: fewer heights, an earlier end of the faults, shorter times, fewer members,
/// equal powers, the plainest crash. Starts over until nothing helps any more or `budget` schedules were tried.
pub fn shrink(schedule: &Schedule, budget: u32, mut fails: impl FnMut(&Schedule) -> bool) -> (Schedule, u32) {
    let mut best = schedule.clone();
    let mut tried = 0;
    let mut attempt = |best: &mut Schedule, candidate: Schedule| {
        if tried == budget || candidate == *best || candidate.check().is_err() {
            return false;
        }
        tried += 1;
        let is_better = fails(&candidate);
        if is_better {
            *best = candidate;
        }
        is_better
    };
    loop {
        let before = best.clone();
        remove_faults(&mut best, &mut attempt);
        for change in SIMPLER {
            let mut candidate = best.clone();
            change(&mut candidate);
            attempt(&mut best, candidate);
        }
        for i in 0..best.faults.len() {
            for change in SIMPLER_FAULTS {
                let mut candidate = best.clone();
                change(&mut candidate.faults[i]);
                attempt(&mut best, candidate);
            }
        }
        if best == before {
            return (best, tried);
        }
    }
}

fn remove_faults(best: &mut Schedule, attempt: &mut impl FnMut(&mut Schedule, Schedule) -> bool) {
    let mut length = best.faults.len();
    while length > 0 {
        let mut start = 0;
        while start < best.faults.len() {
            let mut candidate = best.clone();
            candidate.faults.drain(start..(start + length).min(best.faults.len()));
            if !attempt(best, candidate) {
                start += length;
            }
        }
        length /= 2;
    }
}

/// Each makes one thing about a schedule smaller.
const SIMPLER: &[fn(&mut Schedule)] = &[
    |s| s.heights = 1,
    |s| s.heights = (s.heights / 2).max(1),
    |s| s.heights = (s.heights - 1).max(1),
    |s| s.heal_at_us /= 2,
    |s| s.powers.iter_mut().for_each(|power| *power = 1),
    |s| s.network.min_delay_us = s.network.max_delay_us,
    |s| s.real_signatures = false,
    |s| s.changes.clear(),
    |s| drop(s.changes.pop()),
    |s| {
        if s.powers.len() > 1 {
            s.powers.pop();
            s.changes.iter_mut().for_each(|change| change.powers.truncate(s.powers.len()));
        }
    },
];

/// Each makes one thing about a fault smaller or plainer.
const SIMPLER_FAULTS: &[fn(&mut Fault)] = &[
    |fault| match fault {
        Fault::Partition { until_us: long, from_us, .. } | Fault::Link { until_us: long, from_us, .. } => {
            *long = *from_us + (*long - *from_us) / 2;
        }
        Fault::Crash { down_us, .. } | Fault::PowerCut { down_us, .. } => *down_us /= 2,
        Fault::Drop { kind, .. } => *kind = None,
        Fault::Skew { per_mille, .. } => *per_mille = 1_000,
        Fault::Byzantine { behaviour, .. } => *behaviour = Behaviour::Silent,
    },
    |fault| match fault {
        Fault::Partition { from_us, .. } | Fault::Link { from_us, .. } => *from_us = 0,
        Fault::Crash { effects, .. } => *effects = 0,
        Fault::Drop { sender, .. } => *sender = None,
        _ => {}
    },
    |fault| match fault {
        Fault::Link { loss, .. } => *loss = 1_000,
        Fault::Drop { receiver, .. } => *receiver = None,
        Fault::Crash { write, .. } => *write = 0,
        _ => {}
    },
    |fault| match fault {
        Fault::Link { doubled, slower_us, .. } => (*doubled, *slower_us) = (0, 0),
        Fault::Drop { round, .. } => *round = None,
        Fault::Crash { survives, .. } => *survives = Survives::Nothing,
        _ => {}
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::schedule::Kind;

    #[test]
    fn finds_the_two_faults_that_matter_among_many() {
        let mut schedule = Schedule::calm(7, 1);
        schedule.heights = 20;
        for i in 0..40 {
            schedule.faults.push(match i {
                11 => Fault::Byzantine { member: 2, behaviour: Behaviour::Twins },
                29 => Fault::Drop {
                    height: Some(3),
                    round: Some(0),
                    kind: Some(Kind::Precommit),
                    sender: None,
                    receiver: Some(1),
                },
                _ => Fault::Skew { member: i % 7, per_mille: 900 },
            });
        }
        let fails = |schedule: &Schedule| {
            schedule.byzantine().any(|(_, behaviour)| behaviour == Behaviour::Twins)
                && schedule.faults.iter().any(|fault| matches!(fault, Fault::Drop { height: Some(3), .. }))
        };
        let (smallest, tried) = shrink(&schedule, 1_000, fails);
        assert_eq!(smallest.faults.len(), 2, "{}", smallest.to_json());
        assert!(fails(&smallest) && smallest.heights == 1 && tried < 300, "{tried} tried");
    }

    #[test]
    fn stops_when_the_budget_is_spent() {
        let mut schedule = Schedule::calm(4, 1);
        schedule.faults = (0..64).map(|_| Fault::Skew { member: 0, per_mille: 900 }).collect();
        let mut calls = 0;
        let (_, tried) = shrink(&schedule, 5, |_| {
            calls += 1;
            false
        });
        assert_eq!((calls, tried), (5, 5));
    }
}
