//! The core: one member of a cluster, as a state machine. The rules are those of `docs/agreement.md`.

mod facade;
mod heights;
mod receive;
mod resend;
mod restore;
mod rules;
mod speak;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::config::Config;
use crate::effect::{Effect, Input, Offence};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::height::HeightState;
use crate::id::{Epoch, Height, PeerId, Round};
use crate::message::MessageKind;
use crate::mutant::mutant;
use crate::record::LogRecord;
use crate::signature::{Ed25519, Signer, Verifier};
use crate::timeout::Timeout;
use crate::validator::ValidatorSet;
use crate::value::{Digest, Value};

pub use self::facade::{ConsensusMessage, PrePrepare, SignedMessage};

/// Most peers that something is remembered of.
pub const MAX_PEERS: usize = 1024;

/// Where a node begins: at the beginning of a chain, or behind a checkpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The first height to decide. All before it are executed.
    pub height: Height,
    /// The validators of that height.
    pub validators: ValidatorSet,
    /// Changes already agreed on: the height from which a set is in force, ascending, epochs one by one.
    pub upcoming: Vec<(Height, ValidatorSet)>,
}

impl From<ValidatorSet> for Origin {
    /// The beginning of a chain.
    fn from(validators: ValidatorSet) -> Self {
        Self { height: Height::FIRST, validators, upcoming: Vec::new() }
    }
}

/// Where a node is within a round.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Step {
    /// Waits for the proposal.
    Propose,
    /// Has prevoted.
    Prevote,
    /// Has precommitted.
    Precommit,
}

/// One member of a cluster that agrees on values: inputs in, effects out. It has no clock, no randomness, no I/O and no
/// threads of its own, so that the same inputs give the same effects on every machine.
///
/// Cloning gives a second member with the same key: for model checking, never for running both.
#[derive(Clone)]
pub struct ByzantineConsensus<T> {
    fixed: Arc<Fixed>,
    state: State<T>,
    out: Out<T>,
    /// Effects of the calls of the facade that were not taken yet.
    queue: Vec<Effect<T>>,
    /// Whether messages are refused.
    alone: bool,
}

/// What does not change.
struct Fixed {
    config: Config,
    signer: Option<Arc<dyn Signer>>,
    /// The signer's public key.
    key: Option<[u8; 32]>,
    verifier: Arc<dyn Verifier>,
}

impl Fixed {
    /// What checks votes.
    fn vote_verifier(&self) -> &dyn Verifier {
        #[cfg(feature = "mutants")]
        if mutant!(self.config, VoteSignatureUnchecked) {
            return &crate::mutant::Unchecked;
        }
        &*self.verifier
    }
}

/// Everything that inputs change.
#[derive(Clone, Hash)]
struct State<T> {
    started: bool,
    executed: Height,
    /// The sets, by the height from which they are in force.
    sets: BTreeMap<Height, Arc<ValidatorSet>>,
    height: Height,
    /// Whether the height is begun; not while it is beyond the window.
    begun: bool,
    /// The set of this height.
    set: Arc<ValidatorSet>,
    /// The own number in it.
    me: Option<u16>,
    round: Round,
    step: Step,
    locked: Option<(Round, Digest)>,
    /// The proof for the valid value.
    valid: Option<PolkaCertificate>,
    /// The newest proof from elsewhere that a value is valid, which the application may not have confirmed yet.
    offered: Option<PolkaCertificate>,
    /// Whether the prevote and the precommit timer of this round were armed.
    waited: [bool; 2],
    /// The timers of this round that are armed.
    armed: Vec<Timeout>,
    current: HeightState<T>,
    /// The height before, for what is still to be noticed about it.
    previous: Option<HeightState<T>>,
    ahead: BTreeMap<Height, HeightState<T>>,
    /// Own messages of this height: round, kind, bytes.
    own: Vec<(Round, MessageKind, Arc<[u8]>)>,
    decided: BTreeMap<Height, Decided<T>>,
    /// By height and validator: the proof, and whether a decision has carried it.
    evidence: BTreeMap<(Height, u16), (Evidence, bool)>,
    peers: BTreeMap<PeerId, Peer>,
    /// Whether anything has changed since the resend timer was armed.
    progressed: bool,
}

/// A decision that is kept.
#[derive(Clone)]
struct Decided<T> {
    value: T,
    bytes: Arc<[u8]>,
    certificate: CommitCertificate,
}

impl<T> Hash for Decided<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.certificate.hash(state);
    }
}

/// What is remembered of a peer.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Peer {
    /// It is to be disconnected; nothing of it is read.
    punished: bool,
    /// Answers since the last resend timer.
    answers: u8,
    /// Whether a claim to be far ahead was passed on since then.
    told_behind: bool,
}

/// What an input has led to so far.
#[derive(Clone)]
struct Out<T> {
    records: Vec<LogRecord>,
    effects: Vec<Effect<T>>,
}

impl<T> Default for Out<T> {
    fn default() -> Self {
        Self { records: Vec::new(), effects: Vec::new() }
    }
}

impl<T: Value> ByzantineConsensus<T> {
    /// A node that has not voted yet in this chain. One that has is [restored](Self::restore).
    ///
    /// without a signer, or while the signer's key is not in the validator set, the node follows and does not vote.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`]; [`ConsensusError::TooFewValidators`] where the set cannot bear the faulty power of the
    /// configuration; [`ConsensusError::InvalidValidatorSet`] when upcoming sets are not in order.
    pub fn new(
        config: Config,
        origin: impl Into<Origin>,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<Self, ConsensusError> {
        Self::begin(config, origin.into(), signer)
    }

    /// A node as it was when it made these records: all those since the origin, in order.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`ConsensusError::InvalidLog`] for records that no correct node writes in this order, or that
    /// were made with another key.
    pub fn restore(
        config: Config,
        origin: impl Into<Origin>,
        signer: Option<Arc<dyn Signer>>,
        records: impl IntoIterator<Item = LogRecord>,
    ) -> Result<Self, ConsensusError> {
        let mut node = Self::begin(config, origin.into(), signer)?;
        for (index, record) in records.into_iter().enumerate() {
            node.replay(index, record)?;
        }
        node.pass_valid_round();
        Ok(node)
    }

    /// Takes an input and gives the effects to be carried out, in order.
    ///
    /// What peers send never is an error: it is dropped, or the peer is punished.
    ///
    /// # Errors
    /// For a mistake of the driver or the application, after which nothing has changed: [`ConsensusError::InvalidState`] before
    /// [`Input::Start`] or when it is given twice, and for a message to a development instance; [`ConsensusError::OutOfOrder`], [`ConsensusError::TooLarge`] for a value, and what
    /// a decision from elsewhere or a new validator set lacks.
    pub fn handle(&mut self, input: Input<T>) -> Result<Vec<Effect<T>>, ConsensusError> {
        if self.state.started == matches!(input, Input::Start) {
            return Err(ConsensusError::InvalidState("Start is the first input, and given once"));
        }
        match input {
            Input::Start => self.start(),
            Input::Message { .. } if self.alone => {
                return Err(ConsensusError::InvalidState("a development instance talks to nobody"));
            }
            Input::Message { from, bytes } => self.receive(from, &bytes),
            Input::Timeout(timeout) => self.time_out(timeout),
            Input::Value { height, round, value } => self.offer(height, round, value)?,
            Input::Validated { height, digest, valid } => self.validated(height, digest, valid),
            Input::Decided { value, certificate } => self.learn(value, certificate)?,
            Input::Executed { height, validators } => self.executed_one(height, validators)?,
            Input::PeerGone(peer) => {
                self.state.peers.remove(&peer);
            }
        }
        self.advance();
        Ok(self.finish())
    }

    /// The height being decided.
    #[must_use]
    pub fn height(&self) -> Height {
        self.state.height
    }

    /// The current round.
    #[must_use]
    pub fn round(&self) -> Round {
        self.state.round
    }

    /// The current step.
    #[must_use]
    pub fn step(&self) -> Step {
        self.state.step
    }

    /// The epoch of the height being decided.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.state.set.epoch()
    }

    /// The last height that was executed.
    #[must_use]
    pub fn executed(&self) -> Height {
        self.state.executed
    }

    /// The round and value that this node is locked on.
    #[must_use]
    pub fn locked(&self) -> Option<(Round, Digest)> {
        self.state.locked
    }

    /// The round and value that this node would propose.
    #[must_use]
    pub fn valid(&self) -> Option<(Round, Digest)> {
        self.state.valid.as_ref().map(|polka| (polka.round(), polka.digest()))
    }

    /// The own number in the set of the height being decided; none for a follower.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        self.state.me
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.fixed.config
    }

    /// The validators of a height, if it is certain who they are.
    #[must_use]
    pub fn validators_at(&self, height: Height) -> Option<&ValidatorSet> {
        self.set_at(height).map(|set| &**set)
    }

    /// The latest decision that is kept, with its proof.
    #[must_use]
    pub fn decision(&self) -> Option<(&T, &CommitCertificate)> {
        let (_, decided) = self.state.decided.last_key_value()?;
        Some((&decided.value, &decided.certificate))
    }

    /// The decision of a height, if it is kept.
    #[must_use]
    pub fn decision_at(&self, height: Height) -> Option<(&T, &CommitCertificate)> {
        let decided = self.state.decided.get(&height)?;
        Some((&decided.value, &decided.certificate))
    }

    /// The evidence that is kept: of the height being decided, the one before and those ahead.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.state.evidence.values().map(|(evidence, _)| evidence)
    }

    /// The last height that messages are kept of, and the rounds of the height being decided that they are kept of: bounded,
    /// whatever peers send.
    #[must_use]
    pub fn kept(&self) -> (Height, Option<core::ops::RangeInclusive<Round>>) {
        let last = self.state.ahead.keys().next_back().copied().unwrap_or(self.state.height);
        let rounds = &self.state.current.rounds;
        let rounds = rounds.first_key_value().zip(rounds.last_key_value());
        (last, rounds.map(|((first, _), (last, _))| *first..=*last))
    }

    /// Where a node can begin that has executed what this one has: the origin of a checkpoint.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let height = self.state.executed.next();
        let validators = self.set_at(height).expect("the set of an open height is known");
        let upcoming = self.state.sets.range(height.next()..);
        Origin {
            height,
            validators: (**validators).clone(),
            upcoming: upcoming.map(|(height, set)| (*height, (**set).clone())).collect(),
        }
    }

    /// The effects of an input, with all its records before whatever they allow to be said.
    fn finish(&mut self) -> Vec<Effect<T>> {
        let Out { records, mut effects } = core::mem::take(&mut self.out);
        if !records.is_empty() {
            let place = if mutant!(self.fixed.config, LogAfterSend) { effects.len() } else { 0 };
            effects.insert(place, Effect::Log(records));
        }
        effects
    }

    fn effect(&mut self, effect: Effect<T>) {
        self.out.effects.push(effect);
    }

    /// The set of a height, if it is certain: later heights may get another one from what is not executed yet.
    fn set_at(&self, height: Height) -> Option<&Arc<ValidatorSet>> {
        if height > self.reach() {
            return None;
        }
        self.state.sets.range(..=height).next_back().map(|(_, set)| set)
    }

    /// The last height that may be begun.
    fn reach(&self) -> Height {
        self.state.executed.plus(self.fixed.config.window)
    }

    /// the power of a quorum.
    fn quorum(&self, set: &ValidatorSet) -> u64 {
        if mutant!(self.fixed.config, QuorumOffByOne) { set.quorum_power() - 1 } else { set.quorum_power() }
    }

    /// the power of a validator.
    fn power(&self, set: &ValidatorSet, number: u16) -> u64 {
        if mutant!(self.fixed.config, PowerIgnored) { 1 } else { set.power(number) }
    }

    fn is_punished(&self, peer: PeerId) -> bool {
        self.state.peers.get(&peer).is_some_and(|peer| peer.punished)
    }

    /// a peer that sends what no correct one does is disconnected.
    fn punish(&mut self, peer: PeerId, offence: Offence) {
        if self.is_punished(peer) || mutant!(self.fixed.config, OffenceUnpunished) {
            return;
        }
        self.peer(peer).punished = true;
        self.effect(Effect::Punish { peer, offence });
    }

    /// What is remembered of a peer. A driver that never says that peers have gone makes others forgotten, not memory grow.
    fn peer(&mut self, peer: PeerId) -> &mut Peer {
        let peers = &mut self.state.peers;
        if peers.len() >= MAX_PEERS && !peers.contains_key(&peer) {
            peers.pop_first();
        }
        peers.entry(peer).or_default()
    }
}

impl<T: Hash> Hash for ByzantineConsensus<T> {
    /// All that decides what the node does next, for model checking: two nodes with equal hashes and configuration behave the same.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fixed.key.hash(state);
        self.state.hash(state);
    }
}

impl<T> fmt::Debug for ByzantineConsensus<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { height, round, step, executed, me, locked, .. } = &self.state;
        f.debug_struct("ByzantineConsensus")
            .field("height", height)
            .field("round", round)
            .field("step", step)
            .field("executed", executed)
            .field("number", me)
            .field("locked", locked)
            .finish_non_exhaustive()
    }
}

/// the number that a key has in a set, if it is in it.
fn number(config: &Config, key: Option<[u8; 32]>, set: &ValidatorSet) -> Option<u16> {
    let number = set.number_of(&key?);
    if mutant!(config, FollowerSpeaks) { number.or(Some(0)) } else { number }
}

/// The default rule of signatures, unless a simulation brings its own.
fn verifier(config: &Config) -> Arc<dyn Verifier> {
    config.dangerous_verifier.clone().unwrap_or_else(|| Arc::new(Ed25519))
}
