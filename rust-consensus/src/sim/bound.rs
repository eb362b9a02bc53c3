//! By when a healed network must have decided.

use super::schedule::{Fault, Schedule};
use super::world::World;
use crate::config::Config;
use crate::id::{Height, Round};
use crate::timeout::Timeout;

/// How long members may take, in microseconds, from the moment when the network heals, for all heights that are left.
///
/// With D the greatest delay of a message and the application together: members come into one round within the timers of the
/// greatest round that one is in. A round decides if its proposer is honest and its timers, on the fastest clock, are at least
/// 4 D long: D for members to enter it one after another, D each for the proposal, prevotes and precommits. Timers double, so that a
/// round long enough comes, and after it one with an honest proposer as soon as the liars' turns in a row are over. Two more
/// rounds are for what a liar sends at the last moment. Every round may take all three of its timers on the slowest clock; what was
/// lost before is sent again at every resend timer.
pub(crate) fn bound_us(world: &World, config: &Config, (height, round): (Height, u32)) -> u64 {
    let schedule = &world.schedule;
    let skews = || {
        schedule.faults.iter().filter_map(|fault| match fault {
            Fault::Skew { per_mille, .. } => Some(u64::from(*per_mille)),
            _ => None,
        })
    };
    let (slowest, fastest) =
        (skews().max().unwrap_or(1_000).max(1_000), skews().min().unwrap_or(1_000).min(1_000));
    let delay_us = schedule.network.max_delay_us + schedule.work_us;
    let timers = |round: u32| {
        let (height, round) = (Height::FIRST, Round(round));
        [Timeout::Propose(height, round), Timeout::Prevote(height, round), Timeout::Precommit(height, round)]
            .map(|timeout| {
                u64::try_from(config.timeouts.length(timeout).as_micros()).unwrap_or(u64::MAX / 4_000)
            })
    };
    let is_long = |round: &u32| timers(*round).iter().all(|timer| timer * fastest / 1_000 >= 4 * delay_us);
    let long = (0..40).find(is_long).unwrap_or(40);
    let resend_us = u64::try_from(config.timeouts.resend.as_micros()).unwrap_or(u64::MAX / 4_000);
    let of_height = |first: u32| {
        let last = first.max(long) + liars_in_a_row(world) + 2;
        let rounds: u64 =
            (first..=last).map(|round| timers(round).iter().sum::<u64>() * slowest / 1_000).sum();
        rounds + 20 * delay_us + 6 * resend_us * slowest / 1_000
    };
    let left = (schedule.heights + 1).saturating_sub(height.0);
    of_height(round) + left.saturating_sub(1) * of_height(0)
}

/// How long a decision may take after its proposal, in microseconds: four delays where there is no fault, the application takes no
/// time and every timer is longer than that; without limit elsewhere.
///
/// One delay is for members that enter the height after the proposer did, one for each of the three steps.
pub(crate) fn prompt_us(schedule: &Schedule, config: &Config) -> u64 {
    let limit_us = 4 * schedule.network.max_delay_us;
    let is_calm = schedule.faults.is_empty() && schedule.changes.is_empty() && schedule.work_us == 0;
    let shortest = config.timeouts.prevote.min(config.timeouts.precommit).min(config.timeouts.propose);
    if is_calm && shortest.as_micros() > u128::from(limit_us) { limit_us } else { u64::MAX }
}

/// The most rounds in a row, in any set, whose proposers all lie.
fn liars_in_a_row(world: &World) -> u32 {
    let of_era = |era: &super::world::Era| {
        let mut longest = 0;
        let mut run = 0;
        // Two whole cycles of at most eight turns for each validator.
        for round in 0..u32::try_from(16 * era.set.len()).unwrap_or(u32::MAX) {
            let proposer = era.member(era.set.proposer(era.from, Round(round)));
            run = if proposer.is_some_and(|member| world.is_honest(member)) { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        longest
    };
    world.eras.iter().map(of_era).max().unwrap_or(0)
}
