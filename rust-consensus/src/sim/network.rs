//! The fate of a message: when it arrives, how often, or that it is lost.

use super::random::Random;
use super::schedule::{Fault, Kind, Schedule};

/// What the network knows about a message that is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel {
    pub(crate) at_us: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The first bytes of the hash of the message.
    pub(crate) message: u64,
    pub(crate) kind: Kind,
    pub(crate) height: u64,
    pub(crate) round: u32,
}

/// The faults of the network that are in force, so that a schedule of thousands does not cost every message a look at each.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    /// Faults of the network by the time when they begin, latest first.
    upcoming: Vec<(u64, usize)>,
    /// Those that have begun and are not over, by their place in the schedule.
    current: Vec<usize>,
}

impl Weather {
    /// Of a schedule, before anything has happened.
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let begins = |fault: &Fault| match fault {
            Fault::Partition { from_us, .. } | Fault::Link { from_us, .. } => Some(*from_us),
            Fault::Drop { .. } => Some(0),
            _ => None,
        };
        let faults = schedule.faults.iter().enumerate();
        let mut upcoming: Vec<_> = faults.filter_map(|(i, fault)| Some((begins(fault)?, i))).collect();
        upcoming.sort_unstable_by(|a, b| b.cmp(a));
        Self { upcoming, current: Vec::new() }
    }

    /// Goes on to a time, which is not before the last one.
    pub(crate) fn advance(&mut self, schedule: &Schedule, now_us: u64) {
        if self.upcoming.last().is_none_or(|(from_us, _)| *from_us > now_us) {
            return;
        }
        while let Some((_, i)) = self.upcoming.pop_if(|(from_us, _)| *from_us <= now_us) {
            self.current.push(i);
        }
        let is_over = |i: usize| match &schedule.faults[i] {
            Fault::Partition { until_us, .. } | Fault::Link { until_us, .. } => *until_us <= now_us,
            _ => now_us >= schedule.heal_at_us,
        };
        self.current.retain(|i| !is_over(*i));
    }
}

/// When the message arrives: at no time, once or twice.
///
/// Depends on the schedule's seed and on the parcel and on nothing that happened before.
pub(crate) fn arrivals(schedule: &Schedule, weather: &Weather, parcel: &Parcel) -> Vec<u64> {
    let link = (parcel.from as u64) << 32 | parcel.to as u64;
    let mut random = Random::keyed(schedule.seed, [link, parcel.message, parcel.at_us]);
    let network = schedule.network;
    let mut delay = random.between(network.min_delay_us, network.max_delay_us);
    let second = random.between(network.min_delay_us, network.max_delay_us);
    let mut is_doubled = false;
    let is_healed = parcel.at_us >= schedule.heal_at_us;
    // Before the faults are looked at: which of them there are must not decide what the others draw.
    for i in weather.current.iter().copied().filter(|_| !is_healed) {
        match &schedule.faults[i] {
            Fault::Partition { from_us, until_us, sides }
                if (*from_us..*until_us).contains(&parcel.at_us) =>
            {
                let side = |member: usize| sides.get(member).copied().unwrap_or(0);
                if side(parcel.from) != side(parcel.to) {
                    return Vec::new();
                }
            }
            Fault::Link { from_us, until_us, sender, receiver, loss, doubled, slower_us }
                if (*from_us..*until_us).contains(&parcel.at_us) && parcel.is_between(*sender, *receiver) =>
            {
                let mut fate = Random::keyed(schedule.seed ^ i as u64, [link, parcel.message, parcel.at_us]);
                if fate.chance(*loss) {
                    return Vec::new();
                }
                is_doubled |= fate.chance(*doubled);
                delay += fate.between(0, *slower_us);
            }
            Fault::Drop { height, round, kind, sender, receiver }
                if parcel.is_between(*sender, *receiver)
                    && kind.is_none_or(|kind| kind == parcel.kind)
                    && height.is_none_or(|height| height == parcel.height)
                    && round.is_none_or(|round| round == parcel.round) =>
            {
                return Vec::new();
            }
            _ => {}
        }
    }
    // What was sent before the network healed is through, or lost, by the time that is promised for everything after it.
    let latest = if is_healed { u64::MAX } else { schedule.heal_at_us + network.max_delay_us };
    let arrival = |delay: u64| (parcel.at_us + delay).min(latest);
    if is_doubled { vec![arrival(delay), arrival(delay + second)] } else { vec![arrival(delay)] }
}

impl Parcel {
    fn is_between(&self, sender: Option<usize>, receiver: Option<usize>) -> bool {
        sender.is_none_or(|sender| sender == self.from) && receiver.is_none_or(|receiver| receiver == self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(at_us: u64, from: usize, to: usize, message: u64) -> Parcel {
        Parcel { at_us, from, to, message, kind: Kind::Prevote, height: 1, round: 0 }
    }

    fn fate(schedule: &Schedule, parcel: &Parcel) -> Vec<u64> {
        let mut weather = Weather::new(schedule);
        weather.advance(schedule, parcel.at_us);
        arrivals(schedule, &weather, parcel)
    }

    #[test]
    fn delays_stay_in_bounds_and_messages_overtake() {
        let schedule = Schedule::calm(4, 3);
        let arrival = |message| fate(&schedule, &parcel(1_000, 0, 1, message))[0];
        let all: Vec<_> = (0..1_000).map(arrival).collect();
        assert!(all.iter().all(|at| (6_000..=51_000).contains(at)));
        assert!(all.windows(2).any(|pair| pair[0] > pair[1]), "no message overtook another");
    }

    #[test]
    fn faults_end_when_the_network_heals() {
        let mut schedule = Schedule::calm(4, 3);
        schedule.heal_at_us = 100_000;
        let all = || Fault::Link {
            from_us: 0,
            until_us: 1_000_000,
            sender: None,
            receiver: None,
            loss: 1_000,
            doubled: 0,
            slower_us: 0,
        };
        schedule.faults = vec![
            Fault::Partition { from_us: 0, until_us: 1_000_000, sides: vec![0, 1] },
            all(),
            Fault::Drop { height: None, round: None, kind: None, sender: None, receiver: None },
        ];
        assert!(fate(&schedule, &parcel(99_999, 0, 1, 1)).is_empty());
        assert_eq!(fate(&schedule, &parcel(100_000, 0, 1, 1)).len(), 1);
    }

    #[test]
    fn losses_doubles_and_slowness_come_as_often_as_asked() {
        let mut schedule = Schedule::calm(2, 9);
        schedule.heal_at_us = 10_000_000;
        schedule.faults = vec![Fault::Link {
            from_us: 0,
            until_us: 9_000_000,
            sender: Some(0),
            receiver: Some(1),
            loss: 250,
            doubled: 500,
            slower_us: 900_000,
        }];
        let fates: Vec<_> = (0..4_000).map(|message| fate(&schedule, &parcel(5, 0, 1, message))).collect();
        let count = |times| fates.iter().filter(|fate| fate.len() == times).count();
        assert!(
            (900..1_100).contains(&count(0)) && (1_350..1_650).contains(&count(2)),
            "{} {}",
            count(0),
            count(2)
        );
        assert!(fates.iter().flatten().any(|at| *at > 800_000));
        assert_eq!(fate(&schedule, &parcel(5, 1, 0, 1)).len(), 1);
    }

    #[test]
    fn dropping_tells_kinds_heights_and_rounds_apart() {
        let mut schedule = Schedule::calm(2, 9);
        schedule.heal_at_us = 10_000_000;
        schedule.faults = vec![Fault::Drop {
            height: Some(1),
            round: Some(0),
            kind: Some(Kind::Prevote),
            sender: None,
            receiver: Some(1),
        }];
        let is_lost = |parcel: Parcel| fate(&schedule, &parcel).is_empty();
        assert!(is_lost(parcel(5, 0, 1, 1)));
        assert!(!is_lost(parcel(5, 1, 0, 1)));
        assert!(!is_lost(Parcel { kind: Kind::Precommit, ..parcel(5, 0, 1, 1) }));
        assert!(!is_lost(Parcel { height: 2, ..parcel(5, 0, 1, 1) }));
        assert!(!is_lost(Parcel { round: 1, ..parcel(5, 0, 1, 1) }));
    }
}
