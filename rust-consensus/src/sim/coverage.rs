//! Which rules of `docs/agreement.md` a run exercised, seen from outside the core.

use crate::consensus::{ByzantineConsensus, Step};
use crate::effect::{Effect, Input, Offence};
use crate::id::{Epoch, Height, Round};
use crate::message::{Head, MessageKind};
use crate::record::LogRecord;
use crate::sim::random::Random;
use crate::timeout::Timeout;
use crate::value::{Bytes, Digest};
use crate::vote::VoteKind;

macro_rules! situations {
    ($($name:ident $rule:literal $text:literal,)*) => {
        /// Something that a rule is about, and that happened to an honest member.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Situation {
            $(#[doc = $text] $name),*
        }

        impl Situation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number of its rule in `docs/agreement.md`.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule),*
                }
            }

            /// What happened, in a few words.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text),*
                }
            }
        }
    };
}

situations! {
    FarHeight "A-04" "a message of a height out of reach",
    MalformedPunished "A-06" "a peer punished for bytes that are no message",
    SignaturePunished "A-06" "a peer punished for a signature that does not hold",
    ProofPunished "A-06" "a peer punished for a certificate that does not hold",
    ProposerPunished "A-06" "a peer punished for a proposal out of turn",
    ValuePunished "A-06" "a peer punished for a value with another digest",
    EvidenceFound "A-07" "evidence made of two statements",
    EvidenceCarried "A-07" "evidence delivered with a decision",
    FreshProposal "A-09" "a fresh value proposed",
    ValidProposal "A-09" "the valid value proposed again, with its proof",
    LockKept "A-11" "nil prevoted against the lock",
    LockedValuePrevoted "A-11" "the locked value prevoted again",
    OldLockReleased "A-12" "another value than the locked one prevoted, with proof",
    RefusedByApplication "A-13" "nil prevoted because the application refuses the value",
    PrevoteTimer "A-14" "a timer for more prevotes",
    Lock "A-15" "a value locked",
    LockMoved "A-15" "another value locked than before",
    LatePolka "A-16" "a value made valid after the precommit",
    NilPolka "A-17" "nil precommitted on a quorum of nil prevotes",
    PrecommitTimer "A-18" "a timer for more precommits",
    RoundLeftEarly "A-19" "a round left without its timer",
    DecidedAtOnce "A-20" "a decision in round 0",
    DecidedLater "A-20" "a decision in a later round",
    DecidedInEarlierRound "A-20" "a decision by precommits of a round that was left",
    RoundsSkipped "A-21" "several rounds skipped",
    ProposeTimeout "A-22" "nil prevoted when the proposal did not come",
    PrevoteTimeout "A-23" "nil precommitted when time was up",
    PrecommitTimeout "A-24" "a round left when time was up",
    PolkaAdopted "A-25" "a value made valid by a proof from a peer",
    DecisionTaken "A-26" "a decision taken from a peer",
    DecisionHandedOver "A-26" "a decision taken from the driver",
    LongTimers "A-27" "a propose timer of the fourth round or later",
    WindowFull "A-28" "a height that waits for execution",
    EarlyMessage "A-29" "a message of a later height",
    EpochBegun "A-30" "a new validator set in force",
    Resent "A-31" "a status sent, with everything of the round",
    Answered "A-32" "a peer given what it lacks",
    PeerLeftToDriver "A-32" "a peer that is too far behind",
    EvidenceTaken "A-33" "evidence taken from a peer",
    RestartedWithVotes "A-36" "a restart in the middle of a height",
    RestartedWithLock "A-36" "a restart with a lock",
    DecidedAgain "A-37" "a decision delivered again after a restart",
}

/// How often each situation came up in a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Coverage {
    counts: Vec<u32>,
    path: u64,
    /// Whom the next notes are about.
    member: u64,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { counts: vec![0; Situation::ALL.len()], path: 0, member: 0 }
    }
}

impl Coverage {
    /// How often a situation came up.
    #[must_use]
    pub fn count(&self, situation: Situation) -> u32 {
        self.counts[situation as usize]
    }

    /// What tells this run from others that did the same: of each situation whether it came up not at all, once, up to four times
    /// or more often. Runs with one signature exercise nothing that one of them does not.
    #[must_use]
    pub fn signature(&self) -> Vec<u8> {
        let class = |count: &u32| match count {
            0 => 0,
            1 => 1,
            2..=4 => 2,
            _ => 3,
        };
        self.counts.iter().map(class).collect()
    }

    /// What situations came up, in which order and to whom, folded into one number: times and bytes do not count. A run with the
    /// path of another exercises the same rules in the same way.
    #[must_use]
    pub fn path(&self) -> u64 {
        self.path
    }

    /// Adds the counts of another run; the path becomes one of both.
    pub fn add(&mut self, other: &Self) {
        self.path = Random::new(self.path ^ other.path).next();
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum = sum.saturating_add(*count);
        }
    }

    pub(crate) fn note(&mut self, situation: Situation) {
        let count = &mut self.counts[situation as usize];
        *count = count.saturating_add(1);
        self.path = Random::new(self.path ^ (self.member << 16 | situation as u64)).next();
    }

    fn note_if(&mut self, condition: bool, situation: Situation) {
        if condition {
            self.note(situation);
        }
    }

    /// Notes what an input led to. `before` is what the core was like before it.
    pub(crate) fn observe(
        &mut self,
        before: &View,
        trigger: Trigger,
        effects: &[Effect<Bytes>],
        core: &ByzantineConsensus<Bytes>,
    ) {
        use Situation as S;
        self.member = core.number().map_or(u64::from(u16::MAX), u64::from);
        let after = View::of(core);
        let same_height = before.height == after.height;
        let by = |timeout| trigger == Trigger::Timeout(timeout);
        let timed = |step: fn(Height, Round) -> Timeout| by(step(before.height, before.round));
        if trigger == Trigger::Start {
            self.note_if(after.step != Step::Propose || after.round > Round(0), S::RestartedWithVotes);
            self.note_if(after.locked.is_some(), S::RestartedWithLock);
        }
        if let Trigger::Message(kind, height) = trigger {
            self.note_if(height > before.height, S::EarlyMessage);
            self.note_if(kind == MessageKind::Decision && !same_height, S::DecisionTaken);
        }
        self.note_if(trigger == Trigger::Decided && !same_height, S::DecisionHandedOver);
        self.note_if(core.validators_at(after.height).is_none() && !same_height, S::WindowFull);
        self.note_if(before.epoch != after.epoch, S::EpochBegun);
        if same_height {
            let rounds = after.round.0 - before.round.0;
            self.note_if(rounds > 1, S::RoundsSkipped);
            self.note_if(rounds == 1 && timed(Timeout::Precommit), S::PrecommitTimeout);
            self.note_if(rounds == 1 && !timed(Timeout::Precommit), S::RoundLeftEarly);
            if let Some((round, digest)) = after.locked
                && before.locked != after.locked
            {
                self.note(S::Lock);
                self.note_if(
                    before.locked.is_some_and(|(old, was)| old < round && was != digest),
                    S::LockMoved,
                );
            }
            if before.valid != after.valid {
                self.note_if(after.valid.is_some_and(|(round, _)| round < after.round), S::PolkaAdopted);
                self.note_if(before.step == Step::Precommit && rounds == 0, S::LatePolka);
            }
        }
        for effect in effects {
            self.observe_effect(before, trigger, effect);
            if let Effect::Log(records) = effect {
                for record in records {
                    self.observe_record(before, trigger, record);
                }
            }
        }
    }

    fn observe_effect(&mut self, before: &View, trigger: Trigger, effect: &Effect<Bytes>) {
        use Situation as S;
        match effect {
            Effect::Broadcast(bytes) => match bytes.get(1) {
                Some(kind) if *kind == MessageKind::Status as u8 => self.note(S::Resent),
                _ => {}
            },
            Effect::SendTo { .. } => self.note(S::Answered),
            Effect::Schedule { timeout, .. } => match timeout {
                Timeout::Prevote(..) => self.note(S::PrevoteTimer),
                Timeout::Precommit(..) => self.note(S::PrecommitTimer),
                Timeout::Propose(_, round) => self.note_if(round.0 >= 3, S::LongTimers),
                Timeout::Resend => {}
            },
            Effect::Decide(decision) => {
                let round = decision.certificate.round();
                self.note_if(trigger == Trigger::Start, S::DecidedAgain);
                self.note_if(round == Round(0), S::DecidedAtOnce);
                self.note_if(round > Round(0), S::DecidedLater);
                let is_current = decision.height == before.height;
                self.note_if(is_current && round < before.round, S::DecidedInEarlierRound);
                self.note_if(!decision.evidence.is_empty(), S::EvidenceCarried);
            }
            Effect::Evidence(_) => {
                let is_taken = matches!(trigger, Trigger::Message(MessageKind::Evidence, _));
                self.note(if is_taken { S::EvidenceTaken } else { S::EvidenceFound });
            }
            Effect::Punish { offence, .. } => match offence {
                Offence::Malformed => self.note(S::MalformedPunished),
                Offence::BadSignature => self.note(S::SignaturePunished),
                Offence::BadProof => self.note(S::ProofPunished),
                Offence::WrongProposer => self.note(S::ProposerPunished),
                Offence::BadValue => self.note(S::ValuePunished),
            },
            Effect::PeerBehind { .. } => self.note(S::PeerLeftToDriver),
            Effect::Behind { .. } => self.note(S::FarHeight),
            _ => {}
        }
    }

    fn observe_record(&mut self, before: &View, trigger: Trigger, record: &LogRecord) {
        use Situation as S;
        match record {
            LogRecord::Proposed { proposal, .. } => {
                self.note(if proposal.valid_round.is_some() { S::ValidProposal } else { S::FreshProposal });
            }
            LogRecord::Voted(vote) => {
                let locked = before.locked.filter(|_| vote.height == before.height);
                let is_timed = matches!(trigger, Trigger::Timeout(_));
                match (vote.kind, vote.digest) {
                    (VoteKind::Prevote, Some(digest)) => {
                        self.note_if(
                            locked.is_some_and(|(_, value)| value == digest),
                            S::LockedValuePrevoted,
                        );
                        self.note_if(locked.is_some_and(|(_, value)| value != digest), S::OldLockReleased);
                    }
                    (VoteKind::Prevote, None) if is_timed => self.note(S::ProposeTimeout),
                    (VoteKind::Prevote, None) => {
                        let is_refused = trigger == Trigger::Refused;
                        self.note_if(is_refused, S::RefusedByApplication);
                        self.note_if(!is_refused && locked.is_some(), S::LockKept);
                    }
                    (VoteKind::Precommit, None) => {
                        self.note(if is_timed { S::PrevoteTimeout } else { S::NilPolka });
                    }
                    (VoteKind::Precommit, Some(_)) => {}
                }
            }
            _ => {}
        }
    }
}

/// What can be seen of a core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) step: Step,
    epoch: Epoch,
    pub(crate) locked: Option<(Round, Digest)>,
    valid: Option<(Round, Digest)>,
}

impl View {
    pub(crate) fn of(core: &ByzantineConsensus<Bytes>) -> Self {
        Self {
            height: core.height(),
            round: core.round(),
            step: core.step(),
            epoch: core.epoch(),
            locked: core.locked(),
            valid: core.valid(),
        }
    }
}

/// What an input was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trigger {
    Start,
    Message(MessageKind, Height),
    Noise,
    Timeout(Timeout),
    /// The application refuses a value.
    Refused,
    Decided,
    Other,
}

impl Trigger {
    pub(crate) fn of(input: &Input<Bytes>) -> Self {
        match input {
            Input::Start => Self::Start,
            Input::Message { bytes, .. } => {
                Head::from_bytes(bytes).map_or(Self::Noise, |head| Self::Message(head.kind, head.height))
            }
            Input::Timeout(timeout) => Self::Timeout(*timeout),
            Input::Validated { valid: false, .. } => Self::Refused,
            Input::Decided { .. } => Self::Decided,
            _ => Self::Other,
        }
    }
}
