//! The maintained third-party core `arc-malachitebft-core-consensus` as an engine: a second implementation of the same
//! protocol, for those who want one that others run too, and as a second opinion on the first.
//!
//! It speaks this crate's messages, signs its statements, keeps this crate's vote log and gives its certificates. Its
//! checkpoints are this crate's too: with a quorum of signatures for the state its log is pruned, and whoever lags further
//! behind fetches that state.

mod context;
mod core;
mod input;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
mod lockstep;
mod receive;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::{Disk, JournalError};
use malachite_core::LocallyProposedValue;
use malachite_types::{Round as MRound, Timeout, TimeoutKind, VoteExtensionPolicy};

use self::context::{MHeight, MSet, MValue, Number, from_vote, to_round};
use self::core::{Core, Input, Output, commit_votes, proposal_of};
use super::checkpoints::{Checkpoints, Shelf};
use super::tendermint::{MAX_PENDING, RETRY, bring_up};
use super::timers::Timers;
use super::{
    Application, ConsensusEngine, EngineConfig, EngineEffect, EngineInput, EngineStatus, FaultModel,
};
use crate::catchup::{CatchUp, CatchUpConfig, CatchUpInput};
use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::checkpoint::StableCheckpoint;
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{Height, PeerId, Round};
use crate::log::{LogOptions, VoteLog};
use crate::message::Message;
use crate::proposal::Proposal;
use crate::record::LogRecord;
use crate::timeout;
use crate::transfer::EncodedDecision;
use crate::validator::ValidatorSet;
use crate::value::{Bytes, Value};

/// A member that runs the third-party core.
pub struct MalachiteEngine<A> {
    config: EngineConfig,
    key: Arc<SigningKey>,
    core: Core,
    set: ValidatorSet,
    height: Height,
    shelf: Shelf,
    app: A,
    checkpoints: Checkpoints,
    catchup: CatchUp,
    pending: VecDeque<Bytes>,
    waiting: Option<(Height, Round)>,
    timers: Timers<Timer>,
    /// What is to be done, in order.
    work: VecDeque<Work>,
    is_stalled: bool,
    is_started: bool,
    /// Inputs of the last life, until they are given again.
    replay: Vec<(Height, Vec<u8>)>,
    /// Proposals of the next height, which came before this one was decided here.
    early: VecDeque<(PeerId, Arc<[u8]>)>,
    /// Peers that were answered since the last time this member said its votes again.
    answered: BTreeMap<PeerId, u32>,
}

enum Work {
    Append(Vec<(Height, Vec<u8>)>, Vec<LogRecord>),
    Tell(EngineEffect),
    Output(Output),
    Execute(Height, Bytes, CommitCertificate),
    /// The next height, after one that changed the members or did not.
    Next(bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Timer {
    Core(Height, Timeout),
    Idle(Height, Round),
    Request(u64),
    Checkpoint,
    Retry,
}

impl<A: Application> MalachiteEngine<A> {
    /// A member with its log on `disk`: begun at `genesis` where `create` says so and there is none, restored otherwise.
    ///
    /// # Errors
    /// Those of [`VoteLog::open`]; [`ConsensusError::InvalidState`] where the application is behind the log further than
    /// decisions are kept, or ahead of it by more than one height.
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
        let (height, set) = (origin.height, origin.validators.clone());
        let core = Core::new(chain.clone(), set.clone(), height, key.clone());
        let checkpoints = Checkpoints::new(
            chain.clone(),
            Arc::clone(&key),
            &origin,
            config.checkpoint_interval,
            recovered.checkpoint,
        )?;
        let catchup = CatchUp::new(
            CatchUpConfig { window: 1, deadline: config.deadline, ..CatchUpConfig::new(chain) },
            origin,
        )?;
        Ok(Self {
            config,
            key,
            core,
            set,
            height,
            shelf: Shelf::new(log),
            app,
            checkpoints,
            catchup,
            pending: VecDeque::new(),
            waiting: None,
            timers: Timers::default(),
            work: VecDeque::new(),
            is_stalled: false,
            is_started: false,
            replay: recovered.inputs,
            early: VecDeque::new(),
            answered: BTreeMap::new(),
        })
    }

    /// The last stable checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&StableCheckpoint> {
        self.checkpoints.stable()
    }

    /// Believes checkpoints that these validators signed, as [`TendermintEngine::trust`](super::TendermintEngine::trust).
    ///
    /// # Errors
    /// As [`ConsensusEngine::handle`].
    pub fn trust(&mut self, set: ValidatorSet) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        self.catch_up(CatchUpInput::Trust(set), &mut out)?;
        self.carry_out(&mut out)?;
        Ok(out)
    }

    /// Begins a height, with what was logged of it in another life.
    fn begin_height(&mut self, is_restart: bool) -> Result<(), ConsensusError> {
        let start = Input::StartHeight(
            MHeight(self.height.0),
            MSet::new(self.set.clone()),
            is_restart,
            None,
            VoteExtensionPolicy::default(),
        );
        let replay = std::mem::take(&mut self.replay);
        if replay.is_empty() {
            return self.run_core(start, &[]);
        }
        let mut inputs = Vec::new();
        for (place, (height, bytes)) in replay.iter().enumerate() {
            let problem = "an input of another engine";
            let input = input::decode(*height, bytes)
                .map_err(|_| ConsensusError::InvalidLog { record: place, problem })?;
            inputs.push(input);
        }
        let known: Vec<Vec<u8>> = replay.into_iter().map(|(_, bytes)| bytes).collect();
        self.run_core(start, &known)?;
        self.core.state.index_wal_entries(inputs.iter());
        for input in inputs {
            self.run_core(input, &known)?;
        }
        self.core.state.reset_entries_index();
        Ok(())
    }

    /// Gives the core an input, and puts what it wants behind what is to be done: first the log, then the rest.
    fn run_core(&mut self, input: Input, known: &[Vec<u8>]) -> Result<(), ConsensusError> {
        let outputs = self.core.handle(input)?;
        // What is given again was logged then, with what it led to.
        let is_known = |input| input::encode(&input).is_some_and(|(_, bytes)| known.contains(&bytes));
        let mut inputs = Vec::new();
        let mut records = Vec::new();
        for output in &outputs {
            match output {
                Output::Log(Input::TimeoutElapsed(timeout)) => {
                    inputs.extend(input::encode_timeout(*timeout).map(|bytes| (self.height, bytes)));
                }
                Output::Log(input) => inputs.extend(input::encode(input)),
                Output::Vote(vote) if !is_known(Input::Vote(vote.clone())) => {
                    let vote = from_vote(&vote.message, vote.signature, &self.set);
                    records.push(LogRecord::Voted(vote));
                }
                Output::Proposal(proposal) if !is_known(Input::Proposal(proposal.clone())) => {
                    let proposal = proposal_of(&proposal.message, proposal.signature, &self.set);
                    let polka = self.polka(&proposal);
                    records.push(LogRecord::Proposed { proposal, polka });
                }
                _ => {}
            }
        }
        inputs.retain(|(_, bytes)| !known.contains(bytes));
        if !(inputs.is_empty() && records.is_empty()) {
            self.work.push_back(Work::Append(inputs, records));
        }
        let rest = outputs.into_iter().filter(|output| !matches!(output, Output::Log(_)));
        self.work.extend(rest.map(Work::Output));
        Ok(())
    }

    /// Does what is to be done, until the disk is full.
    fn carry_out(&mut self, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Append(inputs, records) => {
                    match self.shelf.log.append_with_inputs(&inputs, &records) {
                        Ok(()) => self.is_stalled = false,
                        Err(ConsensusError::Journal(JournalError::DiskFull)) => {
                            // Nothing that follows may happen before this has.
                            self.work.push_front(Work::Append(inputs, records));
                            self.is_stalled = true;
                            self.timers.arm(Timer::Retry, RETRY, out);
                            return Ok(());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Work::Tell(effect) => out.push(effect),
                Work::Output(output) => self.carry_out_one(output, out)?,
                Work::Execute(height, value, certificate) => self.execute(height, &value, &certificate)?,
                Work::Next(has_changed_members) => self.next_height(has_changed_members, out)?,
            }
        }
        Ok(())
    }

    fn carry_out_one(&mut self, output: Output, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        match output {
            Output::Log(_) => {}
            Output::Vote(vote) => {
                let vote = from_vote(&vote.message, vote.signature, &self.set);
                out.push(EngineEffect::Broadcast(Message::Vote(vote).to_bytes().into()));
            }
            Output::Proof(votes) => {
                for vote in votes {
                    let vote = from_vote(&vote.message, vote.signature, &self.set);
                    out.push(EngineEffect::Broadcast(Message::Vote(vote).to_bytes().into()));
                }
            }
            Output::Proposal(signed) => {
                let proposal = proposal_of(&signed.message, signed.signature, &self.set);
                let polka = self.polka(&proposal);
                if proposal.valid_round.is_some() == polka.is_some() {
                    let value = signed.message.value.bytes.encode();
                    let message = Message::Proposal { proposal, polka, value };
                    out.push(EngineEffect::Broadcast(message.to_bytes().into()));
                }
            }
            Output::Arm(timeout) => {
                let after = self.length(timeout);
                self.timers.arm(Timer::Core(self.height, timeout), after, out);
            }
            Output::Cancel(timeout) => self.timers.cancel(&Timer::Core(self.height, timeout), out),
            Output::CancelAll => self.timers.keep(|timer| !matches!(timer, Timer::Core(..))),
            Output::GetValue(height, round) => {
                self.waiting = Some((height, round));
                if self.pending.is_empty() {
                    self.timers.arm(Timer::Idle(height, round), self.config.idle, out);
                } else {
                    self.propose()?;
                }
            }
            Output::Decide(certificate) => {
                let Some((_, value)) = self.core.state.decided_value() else {
                    return Err(ConsensusError::InvalidState("a decision without its value"));
                };
                let mut votes: Vec<_> = commit_votes(&certificate)
                    .into_iter()
                    .map(|vote| (vote.message.voter.0, vote.signature))
                    .collect();
                votes.sort_unstable_by_key(|(voter, _)| *voter);
                let round = context::from_round(certificate.round).unwrap_or_default();
                let ours =
                    CommitCertificate::new(&self.set, self.height, round, certificate.value_id, &votes);
                self.decide(value.bytes, ours);
            }
        }
        Ok(())
    }

    /// Logs a decision of this height, then executes it.
    fn decide(&mut self, value: Bytes, certificate: CommitCertificate) {
        if self.work.iter().any(|work| matches!(work, Work::Execute(..))) {
            return;
        }
        let height = self.height;
        let bytes = value.encode();
        let records = vec![LogRecord::Value { height, bytes }, LogRecord::Decided(certificate.clone())];
        // Of what the core still wanted at this height, others may need its votes.
        self.work.retain(|work| match work {
            Work::Output(output) => {
                matches!(output, Output::Vote(_) | Output::Proof(_) | Output::Proposal(_))
            }
            _ => true,
        });
        self.work.push_back(Work::Append(Vec::new(), records));
        self.work.push_back(Work::Execute(height, value, certificate));
    }

    fn execute(
        &mut self,
        height: Height,
        value: &Bytes,
        certificate: &CommitCertificate,
    ) -> Result<(), ConsensusError> {
        self.pending.retain(|pending| pending != value);
        let validators = self.app.execute(height, value.as_slice());
        let has_changed_members = validators.is_some();
        if self.app.executed() != height {
            return Err(ConsensusError::InvalidState("the application did not execute what was decided"));
        }
        self.work.push_back(Work::Append(Vec::new(), vec![LogRecord::Executed { height, validators }]));
        self.work.push_back(Work::Tell(EngineEffect::Executed {
            height,
            value: value.as_slice().to_vec(),
            proof: certificate.to_bytes(),
        }));
        self.work.push_back(Work::Next(has_changed_members));
        Ok(())
    }

    fn next_height(
        &mut self,
        has_changed_members: bool,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let origin = self.shelf.log.origin().clone();
        self.checkpoints.advance(self.height, has_changed_members, &origin, &self.app)?;
        (self.height, self.set) = (origin.height, origin.validators.clone());
        self.waiting = None;
        self.timers.keep(|timer| !matches!(timer, Timer::Core(..) | Timer::Idle(..)));
        let number = self.set.number_of(&self.key.public_key()).unwrap_or(u16::MAX);
        if self.core.state.params.address != Number(number) {
            // A member with another number is another one to the core.
            let (chain, key) = (self.config.core.chain.clone(), self.key.clone());
            self.core = Core::new(chain, self.set.clone(), self.height, key);
        }
        self.begin_height(false)?;
        for (from, bytes) in std::mem::take(&mut self.early) {
            self.receive(from, &bytes, out)?;
        }
        self.catch_up(CatchUpInput::Advanced { origin }, out)
    }

    /// Answers the core's wish for a value.
    fn propose(&mut self) -> Result<(), ConsensusError> {
        let Some((height, round)) = self.waiting.take() else { return Ok(()) };
        let value = MValue::new(self.pending.front().cloned().unwrap_or_else(|| Bytes::from(&[][..])));
        let (height, round) = (MHeight(height.0), MRound::new(round.0));
        self.run_core(Input::Propose(LocallyProposedValue { height, round, value }), &[])
    }

    /// The proof for a proposal's valid round, in this crate's form.
    fn polka(&self, proposal: &Proposal) -> Option<PolkaCertificate> {
        let round = proposal.valid_round?;
        let polka = self.core.state.polka_certificate(to_round(Some(round)), &proposal.digest)?;
        let mut votes: Vec<_> =
            polka.polka_signatures.iter().map(|signed| (signed.address.0, signed.signature)).collect();
        votes.sort_unstable_by_key(|(voter, _)| *voter);
        Some(PolkaCertificate::new(&self.set, proposal.height, round, proposal.digest, &votes))
    }

    fn length(&self, timeout: Timeout) -> std::time::Duration {
        let (height, round) = (self.height, context::from_round(timeout.round).unwrap_or_default());
        let ours = match timeout.kind {
            TimeoutKind::Propose => timeout::Timeout::Propose(height, round),
            TimeoutKind::Prevote => timeout::Timeout::Prevote(height, round),
            TimeoutKind::Precommit => timeout::Timeout::Precommit(height, round),
            TimeoutKind::Rebroadcast => timeout::Timeout::Resend,
            TimeoutKind::FinalizeHeight(length) => return length,
        };
        self.config.core.timeouts.length(ours)
    }

    fn time_out(&mut self, timer: Timer, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        match timer {
            Timer::Core(height, timeout) if height == self.height => {
                if timeout.kind == TimeoutKind::Rebroadcast {
                    self.answered.clear();
                }
                self.run_core(Input::TimeoutElapsed(timeout), &[])
            }
            Timer::Idle(height, round) if self.waiting == Some((height, round)) => self.propose(),
            Timer::Request(request) => self.catch_up(CatchUpInput::Deadline { request }, out),
            Timer::Checkpoint => self.vote_checkpoint(out),
            Timer::Core(..) | Timer::Idle(..) | Timer::Retry => Ok(()),
        }
    }

    /// Votes for the latest own state, again and again until it is stable.
    fn vote_checkpoint(&mut self, out: &mut Vec<EngineEffect>) -> Result<(), ConsensusError> {
        self.checkpoints.vote(&mut self.shelf, out)?;
        if self.checkpoints.is_waiting() {
            self.timers.arm(Timer::Checkpoint, self.config.core.timeouts.resend, out);
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), ConsensusError> {
        self.is_started = true;
        // Decided before a crash, and not executed.
        if let Some(EncodedDecision { certificate, value }) = self.shelf.log.decision(self.height)? {
            let value = Bytes::decode(&value)?;
            self.work.push_back(Work::Execute(self.height, value, certificate));
            self.replay.clear();
            return Ok(());
        }
        self.begin_height(true)
    }
}

impl<A: Application> ConsensusEngine for MalachiteEngine<A> {
    fn fault_model(&self) -> FaultModel {
        FaultModel::Byzantine
    }

    fn handle(&mut self, input: EngineInput) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        if self.is_started == matches!(input, EngineInput::Start) {
            return Err(ConsensusError::InvalidState("Start is the first input, and given once"));
        }
        if let EngineInput::Submit(value) = &input {
            super::tendermint::check_submission(value, self.config.core.max_value_bytes)?;
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
        if self.is_stalled {
            match (input, timer) {
                (EngineInput::Submit(value), _) => self.pending.push_back(value.into()),
                (EngineInput::Message { from, bytes }, _) if matches!(bytes.get(1), Some(0x61..=0x63)) => {
                    self.receive(from, &bytes, &mut out)?;
                }
                (_, Some(timer)) if timer != Timer::Retry => self.timers.arm(timer, RETRY, &mut out),
                _ => {}
            }
            return Ok(out);
        }
        match input {
            EngineInput::Start => self.start()?,
            EngineInput::Submit(value) => {
                self.pending.push_back(value.into());
                self.propose()?;
            }
            EngineInput::Message { from, bytes } => self.receive(from, &bytes, &mut out)?,
            EngineInput::Timer(_) => {
                if let Some(timer) = timer {
                    self.time_out(timer, &mut out)?;
                }
            }
            EngineInput::PeerGone(peer) => {
                self.answered.remove(&peer);
                self.catch_up(CatchUpInput::Gone { peer }, &mut out)?;
            }
        }
        self.carry_out(&mut out)?;
        if self.work.is_empty() && self.checkpoints.take_due() {
            self.vote_checkpoint(&mut out)?;
        }
        Ok(out)
    }

    fn status(&self) -> EngineStatus {
        EngineStatus {
            executed: self.app.executed(),
            pending: self.pending.len(),
            is_stalled: self.is_stalled,
        }
    }
}
