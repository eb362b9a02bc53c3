//! Schedules made from seeds: families of trouble, each aimed at a part of the protocol.

use super::random::Random;
use super::schedule::{Behaviour, Change, Fault, Kind, Network, Schedule, Survives};

/// What a schedule is made to be trouble for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Scenario {
    /// Nothing goes wrong.
    Calm,
    /// Messages are lost, doubled, slow and out of order.
    Lossy,
    /// Members are parted and come together again.
    Parted,
    /// Members lose power in the middle of writes.
    Crashing,
    /// All members, or many, lose power at once.
    Dark,
    /// Members lie, as many as the protocol bears.
    Lying,
    /// Votes of single steps are lost so that some members lock or decide and others do not, while one lies.
    Locking,
    /// In each round some members see a quorum of prevotes and others do not, so that locks are set, kept and released.
    Relocking,
    /// Proposals are lost for many rounds.
    Deaf,
    /// Members are parted while one is heard on both sides.
    Split,
    /// Clocks run at different speeds.
    Skewed,
    /// Delays longer than the timeouts of the first rounds.
    Slow,
    /// The validators change.
    Changing,
    /// Members are away for many heights, and come back.
    Lagging,
    /// All of it.
    Mixed,
}

impl Scenario {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Calm,
        Self::Lossy,
        Self::Parted,
        Self::Crashing,
        Self::Dark,
        Self::Lying,
        Self::Locking,
        Self::Relocking,
        Self::Deaf,
        Self::Split,
        Self::Skewed,
        Self::Slow,
        Self::Changing,
        Self::Lagging,
        Self::Mixed,
    ];
}

impl Schedule {
    /// The schedule of a seed, of one scenario after the other: over any run of seeds every scenario comes up equally often.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let count = Scenario::ALL.len() as u64;
        let scenario =
            Scenario::ALL[usize::try_from(seed % count).expect("less than the number of scenarios")];
        Self::aimed(scenario, seed)
    }

    /// The schedule of a seed within a scenario.
    #[must_use]
    pub fn aimed(scenario: Scenario, seed: u64) -> Self {
        let mut random = Random::keyed(seed, [scenario as u64, 0, 0]);
        let mut maker = Maker::new(&mut random, seed);
        match scenario {
            Scenario::Calm => {}
            Scenario::Lossy => maker.lossy(),
            Scenario::Parted => maker.parted(),
            Scenario::Crashing => maker.crashing(6),
            Scenario::Dark => maker.dark(),
            Scenario::Lying => {
                maker.lying(Behaviour::ALL);
                if maker.random.chance(500) {
                    maker.lossy();
                }
            }
            Scenario::Locking => {
                maker.lying(LOCK_BREAKERS);
                maker.locking();
            }
            Scenario::Relocking => maker.relocking(),
            Scenario::Deaf => maker.deaf(),
            Scenario::Split => {
                maker.lying(SPLITTERS);
                maker.parted();
            }
            Scenario::Skewed => {
                maker.skewed();
                maker.lossy();
            }
            Scenario::Slow => maker.slow(),
            Scenario::Changing => {
                maker.lying(&[
                    Behaviour::Mirror,
                    Behaviour::WrongEpoch,
                    Behaviour::LyingLeader,
                    Behaviour::Silent,
                ]);
                maker.changing();
                if maker.random.chance(500) {
                    maker.lossy();
                }
            }
            Scenario::Lagging => maker.lagging(),
            Scenario::Mixed => {
                maker.lying(Behaviour::ALL);
                maker.lossy();
                maker.parted();
                maker.crashing(2);
                maker.skewed();
                if maker.random.chance(300) {
                    maker.dark();
                }
            }
        }
        maker.schedule
    }
}

const LOCK_BREAKERS: &[Behaviour] = &[
    Behaviour::Unlocked,
    Behaviour::Mirror,
    Behaviour::LyingLeader,
    Behaviour::FalseValidRound,
    Behaviour::Equivocate,
    Behaviour::Twins,
];

const SPLITTERS: &[Behaviour] = &[
    Behaviour::Twins,
    Behaviour::Mirror,
    Behaviour::LyingLeader,
    Behaviour::Equivocate,
    Behaviour::FalseCertificate,
];

/// Puts a schedule together.
struct Maker<'a> {
    random: &'a mut Random,
    schedule: Schedule,
}

impl<'a> Maker<'a> {
    fn new(random: &'a mut Random, seed: u64) -> Self {
        let members = match random.below(20) {
            0 => 1,
            1 => 2,
            2 => 3,
            3 | 4 => 5,
            5 => 6,
            6 | 7 => 7,
            _ => 4,
        };
        let mut schedule = Schedule::calm(members, seed);
        if random.chance(150) {
            schedule.powers.iter_mut().for_each(|power| *power = random.between(1, 5));
        }
        schedule.heights = random.between(1, 3);
        let min_delay_us = random.between(1, 20) * 1_000;
        schedule.network =
            Network { min_delay_us, max_delay_us: min_delay_us + random.between(0, 60) * 1_000 };
        schedule.work_us = if random.chance(300) { random.between(1, 100) * 1_000 } else { 0 };
        schedule.heal_at_us = random.between(200, 4_000) * 1_000;
        Self { random, schedule }
    }

    fn member(&mut self) -> usize {
        self.random.index(self.schedule.powers.len())
    }

    fn some_member(&mut self, per_mille: u16) -> Option<usize> {
        let member = self.member();
        self.random.chance(per_mille).then_some(member)
    }

    /// A stretch of the time before the network heals.
    fn window(&mut self) -> (u64, u64) {
        let end = self.schedule.heal_at_us;
        let (a, b) = (self.random.below(end), self.random.below(end));
        // Most trouble begins at once: heights are short beside the time that trouble lasts.
        (if self.random.chance(600) { 0 } else { a.min(b) }, a.max(b))
    }

    fn lossy(&mut self) {
        for _ in 0..self.random.between(1, 4) {
            let (from_us, until_us) = self.window();
            let fault = Fault::Link {
                from_us,
                until_us,
                sender: self.some_member(400),
                receiver: self.some_member(400),
                loss: [0, 100, 300, 600, 1_000][self.random.index(5)],
                doubled: [0, 0, 300, 1_000][self.random.index(4)],
                slower_us: [0, 50_000, 400_000, 2_000_000][self.random.index(4)],
            };
            self.schedule.faults.push(fault);
        }
    }

    fn parted(&mut self) {
        for _ in 0..self.random.between(1, 3) {
            let (from_us, until_us) = self.window();
            let count = self.random.between(2, 3);
            let sides = self
                .schedule
                .powers
                .iter()
                .map(|_| u8::try_from(self.random.below(count)).unwrap_or(0))
                .collect();
            self.schedule.faults.push(Fault::Partition { from_us, until_us, sides });
        }
    }

    fn crashing(&mut self, most: u64) {
        for _ in 0..self.random.between(1, most) {
            let survives =
                [Survives::Nothing, Survives::Torn, Survives::Half, Survives::All][self.random.index(4)];
            let fault = Fault::Crash {
                member: self.member(),
                write: self.random.below(14),
                survives,
                effects: u32::try_from(self.random.below(4)).unwrap_or(0),
                down_us: self.random.between(0, 1_500) * 1_000,
            };
            self.schedule.faults.push(fault);
        }
    }

    fn dark(&mut self) {
        for _ in 0..self.random.between(1, 3) {
            let members =
                if self.random.chance(600) { Vec::new() } else { vec![self.member(), self.member()] };
            let members = if members.len() > self.schedule.powers.len() { Vec::new() } else { members };
            let fault = Fault::PowerCut {
                at_us: self.random.below(self.schedule.heal_at_us.min(1_200_000)),
                members,
                down_us: self.random.between(0, 800) * 1_000,
            };
            self.schedule.faults.push(fault);
        }
    }

    /// As many Byzantine members as the power allows, half of the time; otherwise one.
    fn lying(&mut self, behaviours: &[Behaviour]) {
        let total: u64 = self.schedule.powers.iter().sum();
        let most = if self.random.chance(500) { usize::MAX } else { 1 };
        let start = self.member();
        let (mut power, mut count) = (0, 0);
        for i in 0..self.schedule.powers.len() {
            let member = (start + i) % self.schedule.powers.len();
            if count < most && (power + self.schedule.powers[member]) * 3 < total {
                power += self.schedule.powers[member];
                count += 1;
                let behaviour = behaviours[self.random.index(behaviours.len())];
                self.schedule.faults.push(Fault::Byzantine { member, behaviour });
            }
        }
    }

    fn locking(&mut self) {
        let height = self.random.between(1, self.schedule.heights);
        for _ in 0..self.random.between(1, 6) {
            let kind = match self.random.below(6) {
                0 => Kind::Proposal,
                1 | 2 => Kind::Prevote,
                _ => Kind::Precommit,
            };
            let round = u32::try_from(self.random.below(3)).unwrap_or(0);
            let fault = Fault::Drop {
                height: Some(height),
                round: Some(if self.random.chance(500) { 0 } else { round }),
                kind: Some(kind),
                sender: self.some_member(300),
                receiver: self.some_member(700),
            };
            self.schedule.faults.push(fault);
        }
        // Certificates and reports would tell those who missed the votes.
        if self.random.chance(700) {
            let receiver = self.some_member(500);
            let fault =
                Fault::Drop { height: None, round: None, kind: Some(Kind::Other), sender: None, receiver };
            self.schedule.faults.push(fault);
        }
    }

    /// A liar prevotes and precommits nothing; single prevotes are lost, so that one member sees a quorum in one round and the others
    /// in the next, and what would tell them is lost too. Members that are locked lose power on top.
    fn relocking(&mut self) {
        let liars = [Behaviour::Stir, Behaviour::Stir, Behaviour::Stir, Behaviour::FalseValidRound];
        self.lying(&liars);
        let liar = self.schedule.byzantine().next().map(|(member, _)| member);
        self.schedule.heights = self.random.between(1, 2);
        self.schedule.heal_at_us = self.random.between(2_000, 8_000) * 1_000;
        let lucky = self.member();
        let mut lose = |round, sender, receiver| {
            let (height, round, kind) = (Some(1), Some(round), Some(Kind::Prevote));
            self.schedule.faults.push(Fault::Drop { height, round, kind, sender, receiver });
        };
        if self.random.chance(700) {
            lose(0, Some(lucky), None);
            lose(1, liar, Some(lucky));
        } else {
            for _ in 0..self.random.between(2, 8) {
                let pair = [(); 2].map(|()| Some(self.random.index(self.schedule.powers.len())));
                lose([0, 0, 1, 1, 2, 3][self.random.index(6)], pair[0], pair[1]);
            }
        }
        if self.random.chance(850) {
            let fault = Fault::Drop {
                height: None,
                round: None,
                kind: Some(Kind::Other),
                sender: None,
                receiver: None,
            };
            self.schedule.faults.push(fault);
        }
        if self.random.chance(500) {
            let fault = Fault::Crash {
                member: lucky,
                write: self.random.between(1, 3),
                survives: Survives::All,
                effects: u32::try_from(self.random.below(4)).unwrap_or(0),
                down_us: self.random.between(0, 400) * 1_000,
            };
            self.schedule.faults.push(fault);
        }
    }

    fn deaf(&mut self) {
        self.schedule.heights = 1;
        self.schedule.heal_at_us = self.random.between(4_000, 11_000) * 1_000;
        let fault = Fault::Drop {
            height: None,
            round: None,
            kind: Some(Kind::Proposal),
            sender: None,
            receiver: None,
        };
        self.schedule.faults.push(fault);
        self.lying(&[Behaviour::FarFuture, Behaviour::Mirror, Behaviour::Silent, Behaviour::Stir]);
    }

    fn skewed(&mut self) {
        for member in 0..self.schedule.powers.len() {
            let per_mille = u16::try_from(self.random.between(500, 2_000)).unwrap_or(1_000);
            self.schedule.faults.push(Fault::Skew { member, per_mille });
        }
    }

    fn slow(&mut self) {
        let min_delay_us = self.random.between(50, 300) * 1_000;
        let max_delay_us = min_delay_us + self.random.between(0, 400) * 1_000;
        self.schedule.network = Network { min_delay_us, max_delay_us };
        if self.random.chance(300) {
            self.lossy();
        }
    }

    /// Powers change, and members come and go, as far as the liars stay too weak.
    fn changing(&mut self) {
        self.schedule.heights = self.random.between(4, 8);
        self.schedule.window = self.random.between(1, 3);
        let mut height = 1;
        while height < self.schedule.heights {
            let mut change = Change { height, powers: self.schedule.powers.clone() };
            for power in &mut change.powers {
                let least = u64::from(self.random.chance(700));
                *power = self.random.between(least, 5);
            }
            self.schedule.changes.push(change);
            if self.schedule.check().is_err() {
                self.schedule.changes.pop();
            }
            height += self.random.between(1, 3);
        }
    }

    fn lagging(&mut self) {
        self.schedule.heights = self.random.between(4, 12);
        let member = self.member();
        let until_us = self.schedule.heal_at_us;
        let sides = (0..self.schedule.powers.len()).map(|other| u8::from(other == member)).collect();
        self.schedule.faults.push(Fault::Partition { from_us: 0, until_us, sides });
        if self.random.chance(300) {
            self.crashing(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_is_in_bounds_and_survives_its_text() {
        for seed in 0..2_000 {
            let schedule = Schedule::random(seed);
            schedule.check().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert_eq!(Schedule::from_json(&schedule.to_json()).unwrap(), schedule);
            assert_eq!(Schedule::random(seed), schedule);
        }
    }

    #[test]
    fn every_behaviour_and_every_fault_comes_up() {
        let mut behaviours = std::collections::BTreeSet::new();
        let mut faults = std::collections::BTreeSet::new();
        for schedule in (0..4_000).map(Schedule::random) {
            behaviours.extend(schedule.byzantine().map(|(_, behaviour)| behaviour));
            faults.extend(schedule.faults.iter().map(|fault| match fault {
                Fault::Byzantine { .. } => 0,
                Fault::Partition { .. } => 1,
                Fault::Link { .. } => 2,
                Fault::Drop { .. } => 3,
                Fault::Crash { .. } => 4,
                Fault::PowerCut { .. } => 5,
                Fault::Skew { .. } => 6,
            }));
        }
        assert_eq!(behaviours.len(), Behaviour::ALL.len());
        assert_eq!(faults.len(), 7);
    }
}
