//! Seeded faults, compiled only for tests that show that the test suite notices each.

#[cfg(feature = "mutants")]
macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A fault seeded into the core. Each breaks one rule of `docs/agreement.md`.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Mutant {
            $($(#[$doc])* $name),*
        }

        impl Mutant {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

/// Whether the fault of this name is seeded: `false`, known when compiling, without the feature.
macro_rules! mutant {
    ($config:expr, $name:ident) => {{
        #[cfg(feature = "mutants")]
        let seeded = $config.mutant == Some($crate::mutant::Mutant::$name);
        #[cfg(not(feature = "mutants"))]
        let seeded = {
            let _ = &$config;
            false
        };
        seeded
    }};
}
pub(crate) use mutant;

#[cfg(feature = "mutants")]
mutants! {
    /// a quorum is one less.
    QuorumOffByOne,
    /// heads are counted instead of power.
    PowerIgnored,
    /// a node thinks that round 0's proposer proposes in every round.
    ProposerConstant,
    /// the chain's name is not under signatures.
    ChainUnsigned,
    /// messages of any epoch are taken.
    EpochUnchecked,
    /// messages of any height ahead are taken.
    WindowIgnored,
    /// votes are taken at their word.
    VoteSignatureUnchecked,
    /// of two different votes the one that came first is believed to be true.
    ClaimKeepsOut,
    /// peers that send bad signatures are not punished.
    OffenceUnpunished,
    /// messages of punished peers are read.
    PunishedRead,
    /// contradictions are noticed and not kept.
    EvidenceDropped,
    /// anybody may propose.
    ProposerUnchecked,
    /// proposals are taken at their word.
    ProposalSignatureUnchecked,
    /// a value need not have the digest that it comes with.
    DigestUnchecked,
    /// a fresh value is proposed although there is a valid one.
    FreshDespiteValid,
    /// nobody waits for a proposal, so that a silent proposer stops everything.
    ProposeTimerMissing,
    /// the lock does not bind.
    LockSkipped,
    /// a proof older than the lock releases it.
    OldPolkaUnlocks,
    /// no proof releases a lock.
    LockNeverReleased,
    /// the proof of a proposal is not checked.
    PolkaUnchecked,
    /// values are prevoted before the application has answered.
    ValidationSkipped,
    /// values are prevoted that the application refuses.
    InvalidPrevoted,
    /// nobody waits for more prevotes.
    PrevoteTimerMissing,
    /// a precommit does not lock.
    LockNotSet,
    /// a polka after the precommit leads to nothing.
    LatePolkaIgnored,
    /// a quorum of nil prevotes leads to nothing.
    NilPolkaIgnored,
    /// nobody waits for more precommits.
    PrecommitTimerMissing,
    /// one nil precommit ends a round.
    NilPrecommitEndsRound,
    /// a quorum of prevotes decides.
    DecideOnPrevotes,
    /// precommits of different rounds are added up.
    DecideAcrossRounds,
    /// later rounds of others are ignored.
    SkipIgnored,
    /// one validator in a later round is enough to follow it.
    SkipOnOne,
    /// the propose timer leads to nothing.
    ProposeTimeoutIgnored,
    /// the prevote timer leads to nothing.
    PrevoteTimeoutIgnored,
    /// the prevote timer leads to a precommit of whatever was proposed.
    PrecommitWithoutPolka,
    /// the precommit timer leads to nothing.
    PrecommitTimeoutIgnored,
    /// proofs from elsewhere are ignored.
    OfferIgnored,
    /// decisions from elsewhere are taken at their word.
    DecisionUnchecked,
    /// timers do not double.
    TimeoutNotDoubled,
    /// the lock of a height binds in the next.
    LockKeptAcrossHeights,
    /// what came for a height before it was begun is forgotten.
    AheadForgotten,
    /// a set is in force one height too early.
    SetChangedEarly,
    /// a new set has the epoch of the old one.
    EpochNotRaised,
    /// the resend timer is armed once.
    ResendOnce,
    /// own messages are not sent again.
    OwnNotResent,
    /// nobody is given what it lacks.
    StatusUnanswered,
    /// laggards are not given decisions.
    DecisionsNotSent,
    /// evidence is believed unchecked.
    EvidenceUnchecked,
    /// evidence is kept for oneself.
    EvidenceNotSent,
    /// the log is written after the messages are sent.
    LogAfterSend,
    /// votes are not written to the log.
    VoteNotLogged,
    /// what made a lock is not written to the log.
    ValidNotLogged,
    /// a late proposal gets a second prevote.
    PrevoteTwice,
    /// a late quorum gets a second precommit.
    PrecommitTwice,
    /// a lock is forgotten in a restart.
    LockForgotten,
    /// votes are forgotten in a restart.
    VotesForgotten,
    /// a node that is in no set speaks for the first validator.
    FollowerSpeaks,
    /// rounds are kept for ever.
    RoundsKeptForever,
}

/// Believes every signature.
#[cfg(feature = "mutants")]
pub(crate) struct Unchecked;

#[cfg(feature = "mutants")]
impl crate::signature::Verifier for Unchecked {
    fn verify(&self, checks: &[crate::signature::Check<'_>]) -> Vec<bool> {
        alloc::vec![true; checks.len()]
    }
}
