//! What must hold whatever happens. Looks at every statement, decision and piece of evidence of every honest member.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use super::world::{World, digest_of};
use crate::effect::{Decision, Offence};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::id::{Epoch, Height, Round};
use crate::record::LogRecord;
use crate::value::{Bytes, Digest};
use crate::vote::{Vote, VoteKind};

/// Something that a run must never show.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Violation {
    /// Two honest members decided differently.
    Disagreement {
        /// The height.
        height: u64,
        /// Two members.
        members: [usize; 2],
    },
    /// A decided value is one that the application refuses, or has not the digest of its certificate.
    InvalidValue {
        /// The height.
        height: u64,
    },
    /// A member decided a height twice, left one out, or came back from a restart with another decision.
    OutOfOrder {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
    },
    /// A decision's certificate does not verify against the validators of its height.
    BadCertificate {
        /// The height.
        height: u64,
        /// Why not.
        error: ConsensusError,
    },
    /// An honest key signed two statements of which a correct member makes only one.
    ConflictingSignatures {
        /// Whose.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member sent a statement before it was in its log.
    SentBeforeLogged {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member prevoted against its lock without a quorum that could release it.
    LockBroken {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member precommitted, or proposed again, a value that no quorum can have prevoted.
    Unjustified {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member prevoted a value that its application had not accepted.
    NotValidated {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
    },
    /// Evidence names an honest member, or does not verify.
    FalseEvidence {
        /// Who came up with it.
        member: usize,
        /// Whom it names.
        against: usize,
    },
    /// A member saw two conflicting statements and made no evidence of them.
    MissingEvidence {
        /// Who saw them.
        member: usize,
        /// Who made them.
        against: usize,
        /// The height.
        height: u64,
    },
    /// An honest member was punished.
    HonestPunished {
        /// By whom.
        member: usize,
        /// Who.
        peer: usize,
        /// For what.
        offence: Offence,
    },
    /// A member did not jump to a round that more than a third of the power had begun.
    NotSkipped {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round that it should be in.
        round: u32,
    },
    /// A member had a quorum of prevotes and did not do what follows from it.
    Idle {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member did not punish a peer for bytes that are no message, or went on reading one that it had punished.
    Lenient {
        /// Who.
        member: usize,
        /// The peer.
        peer: usize,
    },
    /// A member kept evidence for itself.
    EvidenceWithheld {
        /// Who.
        member: usize,
    },
    /// Without any fault, a decision took longer than messages need.
    Late {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// The network had healed for the computed time, and members were still short of the heights asked for.
    Stalled {
        /// A member that is short of them.
        member: usize,
        /// The height that it is at.
        height: u64,
        /// The time that should have been enough, in microseconds.
        bound_us: u64,
    },
    /// Far more happened than the heights asked for can need.
    Flood {
        /// How many events there were.
        events: u64,
    },
    /// A member keeps messages of heights or rounds that it must forget or never keep.
    Memory {
        /// Who.
        member: usize,
        /// The height that it decides.
        height: u64,
        /// Its round.
        round: u32,
    },
    /// A member left a round without a reason that others can have given it.
    Hasty {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round that it left.
        round: u32,
    },
    /// A member prevoted nil although neither its lock nor its application spoke against the proposal.
    Refusal {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A message of another epoch than its height's had an effect.
    Foreign {
        /// On whom.
        member: usize,
    },
    /// A member did not send its own votes again when it asked for what it lacks.
    NotResent {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
        /// The round.
        round: u32,
    },
    /// A member did not take a valid value that a peer proved to it.
    OfferLost {
        /// Who.
        member: usize,
        /// The height.
        height: u64,
    },
    /// A core refused what its driver did, or its own log.
    Refused {
        /// Whose.
        member: usize,
        /// Why.
        error: ConsensusError,
    },
}

impl Violation {
    /// The code under which other languages raise a violation, whatever its kind; none of
    /// [`ConsensusError::CODES`].
    pub const CODE: &'static str = "consensus/violation";

    /// The name of its kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Disagreement { .. } => "disagreement",
            Self::InvalidValue { .. } => "invalid value",
            Self::OutOfOrder { .. } => "out of order",
            Self::BadCertificate { .. } => "bad certificate",
            Self::ConflictingSignatures { .. } => "conflicting signatures",
            Self::SentBeforeLogged { .. } => "sent before logged",
            Self::LockBroken { .. } => "lock broken",
            Self::Unjustified { .. } => "unjustified statement",
            Self::NotValidated { .. } => "not validated",
            Self::FalseEvidence { .. } => "false evidence",
            Self::MissingEvidence { .. } => "missing evidence",
            Self::HonestPunished { .. } => "honest member punished",
            Self::NotSkipped { .. } => "round not skipped",
            Self::Idle { .. } => "idle",
            Self::Lenient { .. } => "offence unpunished",
            Self::EvidenceWithheld { .. } => "evidence withheld",
            Self::Late { .. } => "late decision",
            Self::Stalled { .. } => "stall",
            Self::Flood { .. } => "flood",
            Self::Memory { .. } => "memory",
            Self::Hasty { .. } => "round left without reason",
            Self::Refusal { .. } => "proposal refused without reason",
            Self::Foreign { .. } => "message of another epoch heard",
            Self::NotResent { .. } => "votes not sent again",
            Self::OfferLost { .. } => "valid value not taken",
            Self::Refused { .. } => "refused by the core",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self:?}", self.name())
    }
}

/// One place where a correct member makes at most one statement.
type Place = (usize, Epoch, Height, Round, Slot);

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Slot {
    Proposal,
    Vote(VoteKind),
}

/// What was stated in one place: the digest and, of a proposal, the valid round.
type Stated = (Option<Digest>, Option<Round>);

/// The memory of the checks.
#[derive(Default)]
pub(crate) struct Checks {
    /// What honest members have stated, from the moment it was logged or sent.
    stated: BTreeMap<Place, Stated>,
    /// Statements that are in the log of the member that made them.
    logged: BTreeSet<Place>,
    /// Honest power that has prevoted a value.
    prevoted: BTreeMap<(Height, Round, Digest), u64>,
    /// Honest power that has precommitted nil.
    nil: BTreeMap<(Height, Round), u64>,
    /// The greatest round of each height that each honest member has voted or proposed in.
    reached: BTreeMap<(Height, usize), Round>,
    /// The round and value of the last precommit of each member, and its height.
    locks: BTreeMap<usize, (Height, Round, Digest)>,
    /// Values that a member's application has accepted, or that it made.
    accepted: BTreeSet<(usize, Height, Digest)>,
    /// What was decided, and by whom first.
    decided: BTreeMap<Height, (Digest, usize)>,
}

impl Checks {
    /// Looks at what an honest member has just flushed to its log.
    pub(crate) fn logged(
        &mut self,
        world: &World,
        member: usize,
        record: &LogRecord,
    ) -> Result<(), Violation> {
        match record {
            LogRecord::Voted(vote) => {
                let place = place_of(member, vote);
                self.state(place, (vote.digest, None))?;
                if self.logged.insert(place) {
                    self.vote(world, member, vote)?;
                }
            }
            LogRecord::Proposed { proposal, .. } => {
                let place = (member, proposal.epoch, proposal.height, proposal.round, Slot::Proposal);
                self.state(place, (Some(proposal.digest), proposal.valid_round))?;
                self.logged.insert(place);
                self.reach(member, proposal.height, proposal.round);
                if let Some(valid) = proposal.valid_round
                    && !self.may_be_polka(world, proposal.height, valid, proposal.digest)
                {
                    return Err(unjustified(member, proposal.height, proposal.round));
                }
                // Whoever is locked proposes nothing older than what it is locked on.
                if let Some((height, locked, _)) = self.locks.get(&member)
                    && *height == proposal.height
                    && proposal.valid_round.is_none_or(|valid| valid < *locked)
                {
                    return Err(unjustified(member, proposal.height, proposal.round));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Looks at a vote that a member sends under its own name.
    pub(crate) fn sent_vote(&mut self, member: usize, vote: &Vote) -> Result<(), Violation> {
        self.sent(place_of(member, vote), (vote.digest, None))
    }

    /// Looks at a proposal that a member sends under its own name.
    pub(crate) fn sent_proposal(
        &mut self,
        member: usize,
        proposal: &crate::proposal::Proposal,
    ) -> Result<(), Violation> {
        let place = (member, proposal.epoch, proposal.height, proposal.round, Slot::Proposal);
        self.sent(place, (Some(proposal.digest), proposal.valid_round))
    }

    /// Looks at an honest member that went from one round of a height to a later one, other than by a timer.
    pub(crate) fn left_round(
        &self,
        world: &World,
        member: usize,
        height: Height,
        from: Round,
        to: Round,
    ) -> Result<(), Violation> {
        let era = world.era(height);
        let power = |member: usize| era.number(member).map_or(0, |number| era.set.power(number));
        let nil = self.nil.get(&(height, from)).copied().unwrap_or(0) + era.lying_power;
        let voters = self.reached.range((height, 0)..=(height, usize::MAX));
        let there = voters.filter(|((_, other), round)| *other != member && **round >= to);
        let ahead = there.map(|((_, other), _)| power(*other)).sum::<u64>() + era.lying_power;
        let is_over = to == from.next() && nil >= era.set.quorum_power();
        if is_over || ahead >= era.set.progress_power() {
            return Ok(());
        }
        Err(Violation::Hasty { member, height: height.0, round: from.0 })
    }

    /// Notes that a member's application accepted a value, or made it.
    pub(crate) fn accepted(&mut self, member: usize, height: Height, digest: Digest) {
        self.accepted.insert((member, height, digest));
    }

    /// Looks at a decision of an honest member.
    pub(crate) fn decided(
        &mut self,
        world: &World,
        member: usize,
        decision: &Decision<Bytes>,
    ) -> Result<(), Violation> {
        let height = decision.height;
        let certificate = &decision.certificate;
        let digest = digest_of(&decision.value);
        if certificate.height() != height || certificate.digest() != digest || !world.accepts(&decision.value)
        {
            return Err(Violation::InvalidValue { height: height.0 });
        }
        match self.decided.get(&height) {
            Some((other, first)) if *other != digest => {
                return Err(Violation::Disagreement { height: height.0, members: [*first, member] });
            }
            Some(_) => {}
            None => {
                self.decided.insert(height, (digest, member));
            }
        }
        certificate
            .verify_with(&world.chain, &world.era(height).set, &*world.verifier)
            .map_err(|error| Violation::BadCertificate { height: height.0, error })?;
        for evidence in &decision.evidence {
            self.evidence(world, member, evidence)?;
        }
        Ok(())
    }

    /// Looks at evidence that an honest member came up with.
    pub(crate) fn evidence(
        &self,
        world: &World,
        member: usize,
        evidence: &Evidence,
    ) -> Result<(), Violation> {
        let era = world.era(evidence.height());
        let against = era.member(evidence.validator()).unwrap_or(usize::MAX);
        let holds = evidence.verify_with(&world.chain, &era.set, &*world.verifier).is_ok();
        if !holds || world.is_honest(against) {
            return Err(Violation::FalseEvidence { member, against });
        }
        Ok(())
    }

    /// Forgets what is below a height that every honest member has left.
    pub(crate) fn forget_below(&mut self, height: Height) {
        self.stated.retain(|place, _| place.2 >= height);
        self.logged.retain(|place| place.2 >= height);
        self.prevoted.retain(|key, _| key.0 >= height);
        self.nil.retain(|key, _| key.0 >= height);
        self.reached.retain(|key, _| key.0 >= height);
        self.accepted.retain(|key| key.1 >= height);
        self.decided = self.decided.split_off(&height);
    }

    fn sent(&mut self, place: Place, stated: Stated) -> Result<(), Violation> {
        self.state(place, stated)?;
        if self.logged.contains(&place) {
            Ok(())
        } else {
            Err(Violation::SentBeforeLogged { member: place.0, height: place.2.0, round: place.3.0 })
        }
    }

    fn state(&mut self, place: Place, stated: Stated) -> Result<(), Violation> {
        if *self.stated.entry(place).or_insert(stated) == stated {
            return Ok(());
        }
        Err(Violation::ConflictingSignatures { member: place.0, height: place.2.0, round: place.3.0 })
    }

    /// Looks at a new vote of an honest member: whether the rules of locking allow it (A-10 and following).
    fn vote(&mut self, world: &World, member: usize, vote: &Vote) -> Result<(), Violation> {
        let (height, round) = (vote.height, vote.round);
        self.reach(member, height, round);
        let era = world.era(height);
        let power = era.number(member).map_or(0, |number| era.set.power(number));
        let Some(digest) = vote.digest else {
            if vote.kind == VoteKind::Precommit {
                *self.nil.entry((height, round)).or_default() += power;
            }
            return Ok(());
        };
        match vote.kind {
            VoteKind::Prevote => {
                if !self.accepted.contains(&(member, height, digest)) {
                    return Err(Violation::NotValidated { member, height: height.0 });
                }
                if let Some((locked_height, locked_round, locked)) = self.locks.get(&member)
                    && *locked_height == height
                    && *locked != digest
                    && !(locked_round.0..round.0).any(|r| self.may_be_polka(world, height, Round(r), digest))
                {
                    return Err(Violation::LockBroken { member, height: height.0, round: round.0 });
                }
                *self.prevoted.entry((height, round, digest)).or_default() += power;
            }
            VoteKind::Precommit => {
                if !self.may_be_polka(world, height, round, digest) {
                    return Err(unjustified(member, height, round));
                }
                self.locks.insert(member, (height, round, digest));
            }
        }
        Ok(())
    }

    fn reach(&mut self, member: usize, height: Height, round: Round) {
        let reached = self.reached.entry((height, member)).or_insert(round);
        *reached = (*reached).max(round);
    }

    /// Whether the honest prevotes there were, and those of all liars, make a quorum.
    fn may_be_polka(&self, world: &World, height: Height, round: Round, digest: Digest) -> bool {
        let era = world.era(height);
        let honest = self.prevoted.get(&(height, round, digest)).copied().unwrap_or(0);
        honest + era.lying_power >= era.set.quorum_power()
    }
}

fn place_of(member: usize, vote: &Vote) -> Place {
    (member, vote.epoch, vote.height, vote.round, Slot::Vote(vote.kind))
}

fn unjustified(member: usize, height: Height, round: Round) -> Violation {
    Violation::Unjustified { member, height: height.0, round: round.0 }
}
