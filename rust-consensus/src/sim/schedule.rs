//! Schedules: everything that happens to a simulated cluster, written down so that it can be printed, replayed and shrunk.

use serde::{Deserialize, Serialize};

use crate::config::MAX_WINDOW;
use crate::error::ConsensusError;

/// Most members that a simulated cluster has.
pub const MAX_MEMBERS: usize = 128;
/// Most faults in a schedule.
pub const MAX_FAULTS: usize = 4_096;
/// Most heights that a schedule asks for.
pub const MAX_HEIGHTS: u64 = 10_000_000;
/// Longest JSON text of a schedule or a list of faults, in bytes.
pub const MAX_JSON_BYTES: usize = 4 * 1024 * 1024;
/// Latest time in a schedule: one simulated year.
pub const MAX_TIME_US: u64 = 366 * 24 * 3_600 * 1_000_000;
/// Most simulated time that a schedule may let pass before the network heals or between a crash and its restart.
const MAX_TAIL_US: u64 = 3_600 * 1_000_000;

/// A run, written down. One schedule gives one run, on every machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Decides the fate of every message: its delay, whether it is lost, how often it arrives.
    pub seed: u64,
    /// The power of each member, in the order of their numbers.
    pub powers: Vec<u64>,
    /// How many heights every honest member has to decide.
    pub heights: u64,
    /// Whether members sign with Ed25519 (true) or with a keyed hash that is fast and safe only inside a simulation.
    pub real_signatures: bool,
    /// What messages go through when no fault changes it.
    pub network: Network,
    /// From then on there is no loss, no partition and no crash, and every delay is within [`Network`]'s.
    pub heal_at_us: u64,
    /// The most time that the application takes to make, check or execute a value, in microseconds.
    #[serde(default)]
    pub work_us: u64,
    /// How many heights may be open beyond the last one executed.
    #[serde(default = "default_window")]
    pub window: u64,
    /// Changes of the validators, by ascending height.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Lets Byzantine members hold a third of the power or more. Then members may disagree, and the run tells when they do.
    #[serde(default)]
    pub beyond_tolerance: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// A change of the validators.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The height whose execution changes them; they are in force `window` heights later.
    pub height: u64,
    /// The new power of each member; a member with power 0 does not vote.
    pub powers: Vec<u64>,
}

/// The network while nothing is wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The least one-way delay, in microseconds.
    pub min_delay_us: u64,
    /// The greatest one-way delay, in microseconds. Delays are spread evenly between the two, so that messages overtake each other.
    pub max_delay_us: u64,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    /// A member does not follow the protocol, from the start to the end.
    Byzantine {
        /// Who.
        member: usize,
        /// What it does instead.
        behaviour: Behaviour,
    },
    /// Members on different sides do not hear each other.
    Partition {
        /// When it begins.
        from_us: u64,
        /// When it heals.
        until_us: u64,
        /// The side of each member, in the order of their numbers; members beyond the end are on side 0.
        sides: Vec<u8>,
    },
    /// Messages are lost, doubled or slow.
    Link {
        /// When it begins.
        from_us: u64,
        /// When it ends.
        until_us: u64,
        /// Whose messages; everyone's where it is absent.
        sender: Option<usize>,
        /// Messages to whom; to everyone where it is absent.
        receiver: Option<usize>,
        /// How many of 1,000 are lost.
        loss: u16,
        /// How many of 1,000 arrive twice.
        doubled: u16,
        /// The most that is added to the delay, in microseconds.
        slower_us: u64,
    },
    /// Messages of one kind are lost: what it takes to part members in the middle of a round.
    Drop {
        /// At which height; at any where it is absent.
        height: Option<u64>,
        /// In which round; in any where it is absent.
        round: Option<u32>,
        /// Which messages; all where it is absent.
        kind: Option<Kind>,
        /// Whose messages; everyone's where it is absent.
        sender: Option<usize>,
        /// Messages to whom; to everyone where it is absent.
        receiver: Option<usize>,
    },
    /// A member loses power while it writes its log, and restarts from what survived.
    Crash {
        /// Who.
        member: usize,
        /// At which of its writes, counted from 0 over its whole life.
        write: u64,
        /// What becomes of that write.
        survives: Survives,
        /// How many effects that follow the write still happen; only those after a complete write can.
        effects: u32,
        /// How long it is down, in microseconds.
        down_us: u64,
    },
    /// Some members, or all of them, lose power at once and restart from what they had flushed.
    PowerCut {
        /// When.
        at_us: u64,
        /// Who; everyone where it is empty.
        members: Vec<usize>,
        /// How long they are down, in microseconds.
        down_us: u64,
    },
    /// A member's clock runs at another speed: its timeouts take that much longer.
    Skew {
        /// Who.
        member: usize,
        /// The length of its second in thousandths of a second, from 500 to 2,000.
        per_mille: u16,
    },
}

/// Kinds of messages, as [`Fault::Drop`] tells them apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Proposals.
    Proposal,
    /// Prevotes, for values and for nil.
    Prevote,
    /// Precommits, for values and for nil.
    Precommit,
    /// Everything else: certificates, reports of progress, evidence.
    Other,
}

/// What is left of the write during which a member lost power.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Survives {
    /// Nothing of it.
    Nothing,
    /// Its first record, torn: what is left of it does not read.
    Torn,
    /// Its first half, to a boundary between records.
    Half,
    /// All of it: power went after the flush, before anything was sent.
    All,
}

/// What a Byzantine member does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Behaviour {
    /// Sends nothing.
    Silent,
    /// Runs twice with one key: one twin is heard by the members of even number, the other by the others.
    Twins,
    /// Votes twice in every step: its true vote for one half of the members, nil or another value for the other half.
    Equivocate,
    /// Votes for whatever each member has voted for, to that member and its side alone.
    Mirror,
    /// Proposes one value to one half of the members and another to the rest, and votes for each where it was proposed.
    LyingLeader,
    /// Proposes values that the application refuses.
    InvalidLeader,
    /// Proposes again what was proposed before, claiming that a quorum stood behind it in a round where there was none.
    FalseValidRound,
    /// Forgets its locks and votes for every proposal it sees.
    Unlocked,
    /// Prevotes most proposals, and precommits nil: rounds go by, members lock, and nothing is decided by its vote.
    Stir,
    /// Proposes when it is not its turn.
    Usurp,
    /// Proposes a value under the digest of another one, and sends other values with true certificates.
    Swap,
    /// Sends evidence against honest members, which it cannot have.
    Slander,
    /// Keeps its prevotes to itself.
    WithholdPrevotes,
    /// Keeps its precommits to itself.
    WithholdPrecommits,
    /// Sends what it should to a single member only.
    OnlyOne,
    /// Sends bytes that are no messages, and damaged copies of true ones.
    Garbage,
    /// Sends votes and proposals in the names of others, which it cannot sign.
    Forge,
    /// Sends messages of everyone again, long after they were sent.
    Replay,
    /// Sends votes for rounds and heights far ahead.
    FarFuture,
    /// Sends true votes for the current height under another epoch, and a certificate made of them.
    WrongEpoch,
    /// Sends certificates without a quorum behind them, with signatures counted twice and with signatures of another kind.
    FalseCertificate,
}

impl Behaviour {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Silent,
        Self::Twins,
        Self::Equivocate,
        Self::Mirror,
        Self::LyingLeader,
        Self::InvalidLeader,
        Self::FalseValidRound,
        Self::Unlocked,
        Self::Stir,
        Self::Usurp,
        Self::Swap,
        Self::Slander,
        Self::WithholdPrevotes,
        Self::WithholdPrecommits,
        Self::OnlyOne,
        Self::Garbage,
        Self::Forge,
        Self::Replay,
        Self::FarFuture,
        Self::WrongEpoch,
        Self::FalseCertificate,
    ];
}

impl Schedule {
    /// A schedule of `members` members of equal power without faults, over a network with delays from 5 to 50 ms.
    #[must_use]
    pub fn calm(members: usize, seed: u64) -> Self {
        Self {
            seed,
            powers: vec![1; members],
            heights: 3,
            real_signatures: false,
            network: Network { min_delay_us: 5_000, max_delay_us: 50_000 },
            heal_at_us: 0,
            work_us: 0,
            window: default_window(),
            changes: Vec::new(),
            beyond_tolerance: false,
            faults: Vec::new(),
        }
    }

    /// A [`calm`](Self::calm) schedule in which the faults of a list happen; the network heals when the last of them is over.
    #[must_use]
    pub fn faulty(members: usize, seed: u64, faults: Vec<Fault>) -> Self {
        // One above the limit is as wrong as any number above it, and takes no room.
        let mut schedule = Self::calm(members.min(MAX_MEMBERS + 1), seed);
        schedule.heal_at_us = faults.iter().map(Fault::until_us).max().unwrap_or(0);
        schedule.faults = faults;
        schedule
    }

    /// The JSON text of a schedule: what a failing run prints.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers, names and lists have a JSON form")
    }

    /// Reads [`to_json`](Self::to_json)'s text.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] where the text is no schedule or one out of bounds, [`ConsensusError::TooLarge`] over
    /// [`MAX_JSON_BYTES`].
    pub fn from_json(text: &str) -> Result<Self, ConsensusError> {
        let schedule: Self = read_json(text, "the text is no schedule")?;
        schedule.check()?;
        Ok(schedule)
    }

    /// Whether everything is in bounds.
    ///
    /// # Errors
    ///
    /// [`ConsensusError::InvalidConfig`] names what is not.
    pub fn check(&self) -> Result<(), ConsensusError> {
        let holds =
            |condition, reason| if condition { Ok(()) } else { Err(ConsensusError::InvalidConfig(reason)) };
        let members = self.powers.len();
        holds((1..=MAX_MEMBERS).contains(&members), "a cluster has 1 to 128 members")?;
        holds(
            self.powers.iter().all(|power| (1..=1_000_000).contains(power)),
            "powers are from 1 to 1,000,000",
        )?;
        holds((1..=MAX_HEIGHTS).contains(&self.heights), "a schedule asks for 1 to 10,000,000 heights")?;
        holds(
            self.network.min_delay_us <= self.network.max_delay_us,
            "the least delay is above the greatest",
        )?;
        holds(self.network.max_delay_us <= MAX_TAIL_US, "a delay is over an hour")?;
        holds(self.work_us <= MAX_TAIL_US, "the application takes more than an hour")?;
        holds(self.heal_at_us <= MAX_TIME_US, "the network heals after a year")?;
        holds(self.faults.len() <= MAX_FAULTS, "more than 4,096 faults")?;
        for fault in &self.faults {
            fault.check(members)?;
        }
        holds((1..=MAX_WINDOW).contains(&self.window), "a window is from 1 to 64 heights")?;
        holds(self.changes.windows(2).all(|two| two[0].height < two[1].height), "changes are not in order")?;
        for change in &self.changes {
            holds(change.height >= 1 && change.powers.len() == members, "a change names other members")?;
            holds(change.powers.iter().all(|power| *power <= 1_000_000), "powers are from 1 to 1,000,000")?;
        }
        for powers in core::iter::once(&self.powers).chain(self.changes.iter().map(|change| &change.powers)) {
            let total: u64 = powers.iter().sum();
            let faulty: u64 = self.byzantine().map(|(member, _)| powers[member]).sum();
            holds(total > 0, "nobody has power")?;
            let is_tolerable = self.beyond_tolerance || faulty * 3 < total;
            holds(is_tolerable, "Byzantine members hold a third of the power or more")?;
        }
        Ok(())
    }

    /// The Byzantine members and what each does; of several behaviours of one member, the first counts.
    pub fn byzantine(&self) -> impl Iterator<Item = (usize, Behaviour)> + '_ {
        self.faults.iter().enumerate().filter_map(|(i, fault)| match fault {
            Fault::Byzantine { member, behaviour }
                if !self.faults[..i].iter().any(|f| f.is_byzantine(*member)) =>
            {
                Some((*member, *behaviour))
            }
            _ => None,
        })
    }
}

fn default_window() -> u64 {
    4
}

/// Reads bounded JSON. What is wrong with it is not said: it may be a user's text.
fn read_json<T: serde::de::DeserializeOwned>(text: &str, problem: &'static str) -> Result<T, ConsensusError> {
    if text.len() > MAX_JSON_BYTES {
        return Err(ConsensusError::TooLarge { what: "JSON", limit: MAX_JSON_BYTES as u64 });
    }
    serde_json::from_str(text).map_err(|_| ConsensusError::InvalidConfig(problem))
}

impl Fault {
    /// Reads a JSON list of faults, written as in a schedule. Whether they are in bounds is seen when a cluster is made of them.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] where the text is no such list, [`ConsensusError::TooLarge`] over [`MAX_JSON_BYTES`].
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, ConsensusError> {
        read_json(text, "the text is no list of faults")
    }

    /// When the fault is over, in microseconds: for a list of faults without a time of its own, when the network heals.
    pub(crate) fn until_us(&self) -> u64 {
        match self {
            Self::Byzantine { .. } | Self::Skew { .. } => 0,
            Self::Partition { until_us, .. } | Self::Link { until_us, .. } => *until_us,
            Self::PowerCut { at_us, down_us, .. } => at_us.saturating_add(*down_us).saturating_add(1),
            Self::Drop { .. } | Self::Crash { .. } => 5_000_000,
        }
    }

    fn is_byzantine(&self, who: usize) -> bool {
        matches!(self, Self::Byzantine { member, .. } if *member == who)
    }

    fn check(&self, members: usize) -> Result<(), ConsensusError> {
        let holds =
            |condition, reason| if condition { Ok(()) } else { Err(ConsensusError::InvalidConfig(reason)) };
        let known = |member: &usize| holds(*member < members, "a fault names a member that does not exist");
        let window = |from: &u64, until: &u64| {
            holds(from <= until, "a fault ends before it begins")?;
            holds(*until <= MAX_TIME_US, "a fault lasts longer than a year")
        };
        match self {
            Self::Byzantine { member, .. } => known(member),
            Self::Partition { from_us, until_us, sides } => {
                holds(sides.len() <= members, "a partition has sides for members that do not exist")?;
                window(from_us, until_us)
            }
            Self::Link { from_us, until_us, sender, receiver, loss, doubled, slower_us } => {
                sender.iter().chain(receiver).try_for_each(known)?;
                holds(*loss <= 1_000 && *doubled <= 1_000, "a chance is over 1,000 of 1,000")?;
                holds(*slower_us <= MAX_TAIL_US, "a delay is over an hour")?;
                window(from_us, until_us)
            }
            Self::Drop { sender, receiver, .. } => sender.iter().chain(receiver).try_for_each(known),
            Self::Crash { member, down_us, .. } => {
                holds(*down_us <= MAX_TAIL_US, "a member is down for more than an hour")?;
                known(member)
            }
            Self::PowerCut { at_us, members: who, down_us } => {
                holds(who.len() <= members, "a power cut names a member twice")?;
                holds(
                    *at_us <= MAX_TIME_US && *down_us <= MAX_TAIL_US,
                    "a power cut is too late or too long",
                )?;
                who.iter().try_for_each(known)
            }
            Self::Skew { member, per_mille } => {
                holds(
                    (500..=2_000).contains(per_mille),
                    "a second lasts from 500 to 2,000 thousandths of a second",
                )?;
                known(member)
            }
        }
    }
}
