//! The core of this crate as an engine: with its vote log, execution, checkpoints and catch-up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::{Disk, JournalError};

use super::checkpoints::{Checkpoints, Shelf};
use super::timers::Timers;
use super::{Application, ConsensusEngine, EngineEffect, EngineInput, EngineStatus, FaultModel};
use crate::catchup::{CatchUp, CatchUpConfig, CatchUpEffect, CatchUpInput};
use crate::checkpoint::{DEFAULT_CHECKPOINT_INTERVAL, StableCheckpoint};
use crate::config::Config;
use crate::consensus::{ByzantineConsensus, Origin};
use crate::effect::{Decision, Effect, Input};
use crate::error::ConsensusError;
use crate::id::{Height, PeerId, Round};
use crate::log::{LogOptions, VoteLog};
use crate::timeout::Timeout;
use crate::transfer::{Archive, Claim, EncodedDecision, serve};
use crate::value::{Bytes, Value};

/// How a member is run.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The core's configuration.
    pub core: Config,
    /// Heights between checkpoints; 1,000 by default.
    pub checkpoint_interval: u64,
    /// How long a proposer without a value waits for one before it proposes the empty value; 500 ms by default, and
    /// shorter than the core's timeout for proposals.
    pub idle: Duration,
    /// How long a peer has for an answer in catching up; 5 s by default.
    pub deadline: Duration,
}

impl EngineConfig {
    /// The defaults, around a core's configuration.
    #[must_use]
    pub fn new(core: Config) -> Self {
        let (idle, deadline) = (Duration::from_millis(500), Duration::from_secs(5));
        Self { core, checkpoint_interval: DEFAULT_CHECKPOINT_INTERVAL, idle, deadline }
    }
}

/// Most values that wait to be proposed.
pub(super) const MAX_PENDING: usize = 1024;
/// How long a member whose disk is full waits before it tries again.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// A member: the core, and all it needs to be one for good.
pub struct TendermintEngine<A> {
    config: EngineConfig,
    key: Arc<SigningKey>,
    core: ByzantineConsensus<Bytes>,
    shelf: Shelf,
    app: A,
    checkpoints: Checkpoints,
    catchup: CatchUp,
    pending: VecDeque<Bytes>,
    /// The turn to propose that waits for a value.
    waiting: Option<(Height, Round)>,
    timers: Timers<Timer>,
    /// Effects of the core that wait for room on the disk.
    stalled: VecDeque<Effect<Bytes>>,
    is_stalled: bool,
    is_started: bool,
}

/// What timers of this engine stand for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer {
    Core(Timeout),
    Idle(Height, Round),
    Request(u64),
    Retry,
}

impl<A: Application> TendermintEngine<A> {
    /// A member with its log on `disk`: begun at `genesis` where `create` says so and there is none, restored otherwise.
    ///
    /// # Errors
    /// Those of [`VoteLog::open`] and [`ByzantineConsensus::restore`]; [`ConsensusError::InvalidState`] where the
    /// application is behind the log further than decisions are kept, or ahead of it by more than one height.
    pub fn open(
        config: EngineConfig,
        key: Arc<SigningKey>,
        disk: Arc<dyn Disk>,
        genesis: impl Into<Origin>,
        create: bool,
        mut app: A,
    ) -> Result<Self, ConsensusError> {
        let genesis = genesis.into();
        let chain = config.core.chain.clone();
        let options = LogOptions {
            window: config.core.window,
            create: create.then(|| genesis.clone()),
            executed: Some(app.executed()),
            ..LogOptions::new(chain.clone(), key.public_key())
        };
        let (log, recovered) = VoteLog::open(disk, options)?;
        let origin = recovered.origin;
        bring_up(&mut app, &log, origin.height)?;
        let signer = Arc::clone(&key) as Arc<dyn crate::signature::Signer>;
        let core = ByzantineConsensus::restore(
            config.core.clone(),
            origin.clone(),
            Some(signer),
            recovered.records,
        )?;
        let checkpoints = Checkpoints::new(
            chain.clone(),
            Arc::clone(&key),
            &origin,
            config.checkpoint_interval,
            recovered.checkpoint,
        )?;
        let catchup = CatchUp::new(
            CatchUpConfig {
                window: config.core.window,
                deadline: config.deadline,
                ..CatchUpConfig::new(chain)
            },
            origin,
        )?;
        Ok(Self {
            config,
            key,
            core,
            shelf: Shelf::new(log),
            app,
            checkpoints,
            catchup,
            pending: VecDeque::new(),
            waiting: None,
            timers: Timers::default(),
            stalled: VecDeque::new(),
            is_stalled: false,
            is_started: false,
        })
    }

    /// The application.
    #[must_use]
    pub fn app(&self) -> &A {
        &self.app
    }

    /// The core.
    #[must_use]
    pub fn core(&self) -> &ByzantineConsensus<Bytes> {
        &self.core
    }

    /// The last stable checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&StableCheckpoint> {
        self.checkpoints.stable()
    }

    /// Believes checkpoints that these validators signed, whose epoch this member did not see begin. For a member that was
    /// away for longer than decisions are kept, while the validators changed: see [`EngineEffect::UnknownEpoch`].
    ///
    /// # Errors
    /// As [`ConsensusEngine::handle`].
    pub fn trust(
        &mut self,
        set: crate::validator::ValidatorSet,
    ) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        self.catch_up(CatchUpInput::Trust(set), &mut out)?;
        self.carry_out(&mut out)?;
        Ok(out)
    }

    fn tell(&mut self, input: Input<Bytes>, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        let effects = self.core.handle(input)?;
        self.stalled.extend(effects);
        self.carry_out(out)
    }

    /// Carries out what the core wants, in order, until the disk is full.
    fn carry_out(&mut self, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        while let Some(effect) = self.stalled.pop_front() {
            if let Effect::Log(records) = &effect {
                match self.shelf.log.append(records) {
                    Ok(()) => {}
                    Err(ConsensusError::Journal(JournalError::DiskFull)) => {
                        // Nothing that follows may happen before this has.
                        self.stalled.push_front(effect);
                        self.is_stalled = true;
                        self.timers.arm(Timer::Retry, RETRY, out);
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
                self.is_stalled = false;
                continue;
            }
            self.carry_out_one(effect, out)?;
        }
        Ok(())
    }

    fn carry_out_one(
        &mut self,
        effect: Effect<Bytes>,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        match effect {
            Effect::Broadcast(bytes) => out.push(EngineEffect::Broadcast(bytes)),
            Effect::SendTo { peer, bytes } => out.push(EngineEffect::Send { to: peer, bytes }),
            Effect::Schedule { timeout, after } => self.timers.arm(Timer::Core(timeout), after, out),
            Effect::Cancel(timeout) => self.timers.cancel(&Timer::Core(timeout), out),
            Effect::GetValue { height, round } => {
                self.waiting = Some((height, round));
                if self.pending.is_empty() {
                    self.timers.arm(Timer::Idle(height, round), self.config.idle, out);
                } else {
                    self.propose()?;
                }
            }
            Effect::Validate { height, digest, value } => {
                let valid = value.as_slice().is_empty() || self.app.validate(height, value.as_slice());
                let answer = self.core.handle(Input::Validated { height, digest, valid })?;
                self.stalled.extend(answer);
            }
            Effect::Decide(decision) => self.decide(decision, out)?,
            Effect::Evidence(evidence) => out.push(EngineEffect::Evidence(evidence.to_bytes())),
            Effect::Punish { peer, .. } => out.push(EngineEffect::Punish(peer)),
            // Whoever gets the claim of one that has more, or less, than itself fetches, or answers with its own.
            Effect::PeerBehind { peer, .. } | Effect::Behind { peer, .. } => {
                let bytes = self.shelf.claim().to_bytes().into();
                out.push(EngineEffect::Send { to: peer, bytes });
            }
            _ => {}
        }
        Ok(())
    }

    /// Answers the core's wish for a value.
    fn propose(&mut self) -> Result<(), ConsensusError> {
        let Some((height, round)) = self.waiting.take() else { return Ok(()) };
        let value = self.pending.front().cloned().unwrap_or_else(|| Bytes::from(&[][..]));
        let effects = self.core.handle(Input::Value { height, round, value })?;
        self.stalled.extend(effects);
        Ok(())
    }

    fn decide(
        &mut self,
        decision: Decision<Bytes>,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let Decision { height, value, certificate, .. } = decision;
        self.pending.retain(|pending| *pending != value);
        let validators = self.app.execute(height, value.as_slice());
        if self.app.executed() != height {
            return Err(ConsensusError::InvalidState("the application did not execute what was decided"));
        }
        let effects = self.core.handle(Input::Executed { height, validators: validators.clone() })?;
        self.stalled.extend(effects);
        out.push(EngineEffect::Executed {
            height,
            value: value.as_slice().to_vec(),
            proof: certificate.to_bytes(),
        });
        let origin = self.core.origin();
        self.checkpoints.advance(height, validators.is_some(), &origin, &self.app)?;
        self.catch_up(CatchUpInput::Advanced { origin }, out)
    }

    fn catch_up(&mut self, input: CatchUpInput, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        for effect in self.catchup.handle(input) {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    out.push(EngineEffect::Send { to: peer, bytes: bytes.into() });
                }
                CatchUpEffect::Deadline { request, after } => {
                    self.timers.arm(Timer::Request(request), after, out);
                }
                CatchUpEffect::Decide { value, certificate, .. } => {
                    let value = Bytes::decode(&value)?;
                    match self.core.handle(Input::Verified { value, certificate }) {
                        Ok(effects) => self.stalled.extend(effects),
                        // Decided meanwhile by votes, or to be asked for again: the catch-up learns where the core is.
                        Err(ConsensusError::OutOfOrder { .. } | ConsensusError::InvalidState(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                CatchUpEffect::Manifest { .. } => self.checkpoints.begin_fetching(),
                CatchUpEffect::Chunk { index, bytes } => self.checkpoints.fetch(index, bytes),
                CatchUpEffect::Install { checkpoint, origin } => self.install(checkpoint, origin, out)?,
                CatchUpEffect::Punish { peer, .. } => out.push(EngineEffect::Punish(peer)),
                CatchUpEffect::UnknownEpoch { epoch } => out.push(EngineEffect::UnknownEpoch(epoch)),
            }
        }
        Ok(())
    }

    /// Goes on with the state of others.
    fn install(
        &mut self,
        stable: StableCheckpoint,
        origin: Origin,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let height = stable.checkpoint.height;
        let Some(records) = self.checkpoints.install(stable, &origin, &mut self.shelf, &mut self.app)? else {
            return Ok(());
        };
        let signer = Arc::clone(&self.key) as Arc<dyn crate::signature::Signer>;
        self.core = ByzantineConsensus::restore(self.config.core.clone(), origin, Some(signer), records)?;
        // What the old core wanted is of no use; the new one says what it needs.
        self.stalled.clear();
        self.timers.keep(|timer| matches!(timer, Timer::Request(_)));
        self.waiting = None;
        out.push(EngineEffect::Installed { height });
        let effects = self.core.handle(Input::Start)?;
        self.stalled.extend(effects);
        Ok(())
    }

    fn receive(
        &mut self,
        from: PeerId,
        bytes: Arc<[u8]>,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        // The second byte says what it is; all encodings begin with their version.
        match bytes.get(1) {
            Some(0x40) => self.checkpoints.receive(from, &bytes, &mut self.shelf, out)?,
            Some(0x60) => match Claim::from_bytes(&bytes) {
                Ok(claim) if claim.decided >= self.core.height() => {
                    self.catch_up(CatchUpInput::Claim { peer: from, claim }, out)?;
                }
                Ok(claim) if claim.decided < self.shelf.log.decided() => {
                    let bytes = self.shelf.claim().to_bytes().into();
                    out.push(EngineEffect::Send { to: from, bytes });
                }
                Ok(_) => {}
                Err(_) => out.push(EngineEffect::Punish(from)),
            },
            Some(0x61..=0x63) => match serve(&self.shelf, &bytes) {
                Ok(answer) => out.push(EngineEffect::Send { to: from, bytes: answer.into() }),
                Err(_) => out.push(EngineEffect::Punish(from)),
            },
            Some(0x64..=0x67) => {
                let bytes = bytes.to_vec();
                self.catch_up(CatchUpInput::Response { peer: from, bytes }, out)?;
            }
            _ => {
                let effects = self.core.handle(Input::Message { from, bytes })?;
                self.stalled.extend(effects);
            }
        }
        Ok(())
    }

    fn time_out(&mut self, timer: Timer, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        match timer {
            Timer::Core(timeout) => {
                let effects = self.core.handle(Input::Timeout(timeout))?;
                self.stalled.extend(effects);
                if timeout == Timeout::Resend {
                    self.checkpoints.vote(&mut self.shelf, out)?;
                }
                Ok(())
            }
            Timer::Idle(height, round) if self.waiting == Some((height, round)) => self.propose(),
            Timer::Request(request) => self.catch_up(CatchUpInput::Deadline { request }, out),
            Timer::Idle(..) | Timer::Retry => Ok(()),
        }
    }
}

impl<A: Application> ConsensusEngine for TendermintEngine<A> {
    fn fault_model(&self) -> FaultModel {
        FaultModel::Byzantine
    }

    fn handle(&mut self, input: EngineInput) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        if self.is_started == matches!(input, EngineInput::Start) {
            return Err(ConsensusError::InvalidState("Start is the first input, and given once"));
        }
        if let EngineInput::Submit(value) = &input {
            check_submission(value, self.config.core.max_value_bytes)?;
            if self.pending.len() >= MAX_PENDING {
                return Err(ConsensusError::InvalidState("too many values wait"));
            }
        }
        // First what waits for room.
        self.carry_out(&mut out)?;
        let timer = match input {
            EngineInput::Timer(id) => self.timers.take(id),
            _ => None,
        };
        if self.is_stalled && !self.stalled.is_empty() {
            // Reads go on; messages are lost, as on a bad network; timers come again.
            match (input, timer) {
                (EngineInput::Submit(value), _) => self.pending.push_back(value.into()),
                (EngineInput::Message { from, bytes }, _) if matches!(bytes.get(1), Some(0x61..=0x63)) => {
                    self.receive(from, bytes, &mut out)?;
                }
                (_, Some(timer)) if timer != Timer::Retry => self.timers.arm(timer, RETRY, &mut out),
                _ => {}
            }
            return Ok(out);
        }
        match input {
            EngineInput::Start => {
                self.is_started = true;
                self.tell(Input::Start, &mut out)?;
            }
            EngineInput::Submit(value) => {
                self.pending.push_back(value.into());
                self.propose()?;
            }
            EngineInput::Message { from, bytes } => self.receive(from, bytes, &mut out)?,
            EngineInput::Timer(_) => {
                if let Some(timer) = timer {
                    self.time_out(timer, &mut out)?;
                }
            }
            EngineInput::PeerGone(peer) => {
                self.catch_up(CatchUpInput::Gone { peer }, &mut out)?;
                self.tell(Input::PeerGone(peer), &mut out)?;
            }
        }
        self.carry_out(&mut out)?;
        if self.stalled.is_empty() && self.checkpoints.take_due() {
            self.checkpoints.vote(&mut self.shelf, &mut out)?;
        }
        Ok(out)
    }

    fn status(&self) -> EngineStatus {
        EngineStatus {
            executed: self.app.executed(),
            pending: self.pending.len(),
            is_stalled: self.is_stalled && !self.stalled.is_empty(),
        }
    }
}

/// Whether a value can be submitted.
pub(super) fn check_submission(value: &[u8], limit: usize) -> Result<(), ConsensusError> {
    if value.is_empty() {
        return Err(ConsensusError::InvalidValue("the empty value says that there is none"));
    }
    if value.len() > limit {
        return Err(ConsensusError::TooLarge { what: "value", limit: limit as u64 });
    }
    Ok(())
}

/// Executes what the log has and the application lacks.
pub(super) fn bring_up<A: Application>(
    app: &mut A,
    log: &VoteLog,
    next: Height,
) -> Result<(), ConsensusError> {
    // A crash between executing a height and logging that: the height comes again.
    if app.executed() > next {
        return Err(ConsensusError::InvalidState("the application is ahead of the log"));
    }
    while app.executed().next() < next {
        let height = app.executed().next();
        let decision = log.decision(height)?;
        let EncodedDecision { value, .. } = decision.ok_or(ConsensusError::InvalidState(
            "the application lacks what the log does not keep any more",
        ))?;
        app.execute(height, &value);
        if app.executed() != height {
            return Err(ConsensusError::InvalidState("the application did not execute what was decided"));
        }
    }
    Ok(())
}
