//! The Raft of the library `openraft` as an engine, for members that stop and never lie.
//!
//! It bears that less than half of the members are away, where a Byzantine engine bears less than a third, and decides in
//! two message delays instead of three. For that it trusts every member:
//!
//! * A member that lies can have others execute different values, and there is no proof of it. [`EngineEffect::Executed`]
//!   has no certificate, and [`EngineEffect::Evidence`] never comes.
//! * The leader alone chooses the order of values. A value that the application refuses has its height, and is executed as
//!   the empty value.
//! * Whoever is no member has no say: messages are signed by members' keys. What a stranger repeats or withholds is lost or
//!   late, and no more.
//! * Members count one each; a set whose powers differ is refused.
//!
//! The library is written for an asynchronous runtime, and is given one that is a state machine: tasks run until all wait, in
//! each [`handle`](ConsensusEngine::handle), on a clock that its timers alone move. That clock is late by one timer at most
//! and never early. Safety does not depend on it.
//!
//! Each entry of the log is a height: those with which a leader begins and those that change members are executed as the
//! empty value. A change of members that the application wants goes through the library's joint consensus; a removed member
//! hears nothing any more.

mod log;
mod machine;
mod message;
mod office;
mod record;
mod runtime;
mod store;
mod submissions;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
mod types;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hash;
use chrysalis_journal::Disk;
use openraft::error::RaftError;
use openraft::{AsyncRuntime, EmptyNode, Raft, RaftMetrics, ServerState, Snapshot, SnapshotPolicy};

use self::log::RaftLog;
use self::machine::{Machine, check_equal_power};
pub use self::message::RaftMessage;
use self::message::{Body, Chunk};
use self::office::{Assembly, Office, Taken};
pub use self::record::RaftRecord;
use self::runtime::{Executor, Runtime};
use self::store::{Shared, recover};
use self::submissions::Submissions;
use self::types::{Member, Submission, Turn, Types};
use super::tendermint::{MAX_PENDING, RETRY, check_submission};
use super::{Application, ConsensusEngine, EngineEffect, EngineInput, EngineStatus, FaultModel, TimerId};
use crate::checkpoint::DEFAULT_CHECKPOINT_INTERVAL;
use crate::error::ConsensusError;
use crate::id::{ChainId, PeerId};
use crate::validator::ValidatorSet;
use crate::value::MAX_VALUE_BYTES;

/// How a member is run.
#[derive(Clone, Debug)]
pub struct RaftConfig {
    /// The name of the cluster, part of every signature.
    pub chain: ChainId,
    /// How often a leader says that it is there; 200 ms by default. A message and its answer must take less.
    pub heartbeat: Duration,
    /// How long members wait for a leader before they elect another: at least, and at most; 800 ms and 1,600 ms by default.
    pub election: (Duration, Duration),
    /// Heights between snapshots; 1,000 by default. As many before the last one, and at most 100, are kept for members that lag
    /// by little.
    pub checkpoint_interval: u64,
    /// Largest value that is taken here; 896 KiB, the largest possible, by default.
    pub max_value_bytes: usize,
    /// Largest state that is taken from others; 1 GiB by default.
    pub max_state_bytes: usize,
    /// How long a member has for an answer to a part of a state; 5 s by default.
    pub deadline: Duration,
    /// How often values that are not decided yet are given to the leader again; 1 s by default.
    pub resend: Duration,
}

impl RaftConfig {
    /// The defaults for a cluster.
    #[must_use]
    pub fn new(chain: ChainId) -> Self {
        Self {
            chain,
            heartbeat: Duration::from_millis(200),
            election: (Duration::from_millis(800), Duration::from_millis(1600)),
            checkpoint_interval: DEFAULT_CHECKPOINT_INTERVAL,
            max_value_bytes: MAX_VALUE_BYTES,
            max_state_bytes: 1 << 30,
            deadline: Duration::from_secs(5),
            resend: Duration::from_secs(1),
        }
    }

    fn to_library(&self) -> Result<openraft::Config, ConsensusError> {
        let invalid = ConsensusError::InvalidConfig;
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if self.max_value_bytes > MAX_VALUE_BYTES {
            return Err(invalid("values larger than a message can carry"));
        }
        if self.checkpoint_interval == 0 {
            return Err(invalid("no heights between checkpoints"));
        }
        if ms(self.heartbeat) == 0 || self.deadline.is_zero() || self.resend.is_zero() {
            return Err(invalid("a timeout is zero"));
        }
        if ms(self.election.1) > MAX_ELECTION_MS {
            return Err(invalid("an election timeout is over a day"));
        }
        #[expect(deprecated, reason = "the field is there all the same")]
        let config = openraft::Config {
            cluster_name: self.chain.as_str().to_owned(),
            election_timeout_min: ms(self.election.0),
            election_timeout_max: ms(self.election.1),
            heartbeat_interval: ms(self.heartbeat),
            install_snapshot_timeout: ms(self.deadline),
            send_snapshot_timeout: 0,
            max_payload_entries: 300,
            replication_lag_threshold: self.checkpoint_interval.saturating_mul(2),
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.checkpoint_interval),
            snapshot_max_chunk_size: 1,
            max_in_snapshot_log_to_keep: self.checkpoint_interval.min(MAX_KEPT),
            purge_batch_size: 1,
            enable_tick: true,
            enable_heartbeat: true,
            enable_elect: true,
        };
        config.validate().map_err(|_| invalid("timeouts do not go up from heartbeat to elections"))
    }
}

/// Most heights that are kept before a snapshot.
const MAX_KEPT: u64 = 100;
const MAX_ELECTION_MS: u64 = 24 * 3600 * 1000;
/// Most requests of others that are worked on at once.
const MAX_HANDLING: usize = 64;

/// A member that runs the third-party Raft.
pub struct RaftEngine<A> {
    config: RaftConfig,
    library: Arc<openraft::Config>,
    me: Member,
    shared: Shared<A>,
    office: Office,
    executor: Executor,
    flags: Flags,
    assembly: Option<Assembly>,
    /// The times for which the driver has timers.
    armed: BTreeMap<u64, Duration>,
    next_timer: u64,
    retry: Option<u64>,
    is_started: bool,
}

/// What tasks tell the engine.
#[derive(Clone)]
struct Flags(Arc<Mutex<Told>>);

struct Told {
    raft: Option<Raft<Types>>,
    submissions: Submissions,
    /// Requests of others that are worked on.
    handling: usize,
    /// It is time to try again what may have been lost.
    is_due: bool,
    /// A change of members is on its way.
    is_changing: bool,
}

impl Flags {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Application + 'static> RaftEngine<A> {
    /// A member with its log on `disk`: begun with the members `genesis` where `create` says so and there is none, restored
    /// otherwise. The epoch of `genesis` has to be the same on all members.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`]; [`ConsensusError::InvalidValidatorSet`] where powers differ; those of
    /// [`VoteLog::open`](crate::log::VoteLog::open); [`ConsensusError::InvalidState`] where the application is behind what the
    /// log keeps, or ahead of it.
    pub fn open(
        config: RaftConfig,
        key: Arc<SigningKey>,
        disk: Arc<dyn Disk>,
        genesis: &ValidatorSet,
        create: bool,
        mut app: A,
    ) -> Result<Self, ConsensusError> {
        let library = Arc::new(config.to_library()?);
        check_equal_power(genesis)?;
        let me = Member(key.public_key());
        let chain = config.chain.clone();
        let genesis = create.then_some(genesis);
        let mut log = RaftLog::open(disk, chain.clone(), me.0, genesis, app.executed())?;
        let machine = recover(&mut log, &mut app)?;
        let life = log.contents.life;
        let told = Told {
            raft: None,
            submissions: Submissions::new(me, life),
            handling: 0,
            is_due: false,
            is_changing: false,
        };
        Ok(Self {
            executor: Executor::new(seed(&chain, me, life)),
            office: Office::new(chain, key, life, config.deadline),
            library,
            me,
            shared: Shared::new(log, app, machine),
            flags: Flags(Arc::new(Mutex::new(told))),
            assembly: None,
            armed: BTreeMap::new(),
            next_timer: 0,
            retry: None,
            is_started: false,
            config,
        })
    }

    fn start(&mut self) {
        self.is_started = true;
        let members: BTreeSet<_> = {
            let state = self.shared.lock();
            let is_new = state.log.last().is_none();
            state.machine.members().filter(|_| is_new).collect()
        };
        let (me, config) = (self.me, Arc::clone(&self.library));
        let (office, shared, flags) = (self.office.clone(), self.shared.clone(), self.flags.clone());
        self.executor.spawn(async move {
            // What keeps it from starting is in the shared state.
            let Ok(raft) = Raft::new(me, config, office, shared.clone(), shared).await else { return };
            flags.lock().raft = Some(raft.clone());
            if members.contains(&me) {
                // Every member begins with the same entry; whoever was given one by another meanwhile needs none.
                let _ = raft.initialize(members).await;
            }
        });
        let (flags, every) = (self.flags.clone(), self.config.resend);
        self.executor.spawn(async move {
            loop {
                Runtime::sleep(every).await;
                flags.lock().is_due = true;
            }
        });
    }

    fn metrics(&self) -> Result<Option<RaftMetrics<Member, EmptyNode>>, ConsensusError> {
        let refused = ConsensusError::InvalidState("the third-party library refuses to go on");
        let Some(raft) = self.flags.lock().raft.clone() else { return Ok(None) };
        let receiver = raft.metrics();
        let is_gone = receiver.has_changed().is_err();
        let metrics = receiver.borrow().clone();
        if is_gone || metrics.running_state.is_err() { Err(refused) } else { Ok(Some(metrics)) }
    }

    fn receive(
        &mut self,
        peer: PeerId,
        bytes: &[u8],
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let Ok(message) = RaftMessage::from_bytes(bytes) else {
            out.push(EngineEffect::Punish(peer));
            return Ok(());
        };
        let RaftMessage { from, to, request, .. } = message;
        let Some(metrics) = self.metrics()? else { return Ok(()) };
        let is_member = {
            let state = self.shared.lock();
            state.machine.set.number_of(&from.0).is_some()
                || metrics.membership_config.membership().get_node(&from).is_some()
        };
        // Of a set that is not known here yet, perhaps.
        if !is_member || to != self.me || from == self.me {
            return Ok(());
        }
        if !message.is_signed(&self.config.chain) {
            out.push(EngineEffect::Punish(peer));
            return Ok(());
        }
        self.office.hear(from, peer);
        match message.body {
            Body::Submit { epoch, first, values } => {
                let (submissions, is_leader) = {
                    let state = self.shared.lock();
                    let is_leader =
                        metrics.state == ServerState::Leader && epoch == state.machine.set.epoch();
                    let values = if is_leader { values } else { Vec::new() };
                    (self.flags.lock().submissions.hand(&state.machine, from, first, values), is_leader)
                };
                if is_leader {
                    submissions.into_iter().for_each(|submission| self.hand(submission));
                }
            }
            Body::Chunk(chunk) => self.take_chunk(from, request, &chunk),
            Body::Append(rpc) => {
                self.work(
                    from,
                    request,
                    |raft| async move { raft.append_entries(rpc).await.map(Body::Appended) },
                )
            }
            Body::Vote(rpc) => {
                self.work(from, request, |raft| async move { raft.vote(rpc).await.map(Body::Voted) });
            }
            answer => self.office.deliver(from, request, answer),
        }
        Ok(())
    }

    /// Has the library answer a request.
    fn work<F>(&self, from: Member, request: Turn, answer: impl FnOnce(Raft<Types>) -> F)
    where
        F: Future<Output = Result<Body, RaftError<Member>>> + Send + 'static,
    {
        let answer = {
            let mut told = self.flags.lock();
            let Some(raft) = told.raft.clone().filter(|_| told.handling < MAX_HANDLING) else { return };
            told.handling += 1;
            answer(raft)
        };
        let (office, flags) = (self.office.clone(), self.flags.clone());
        self.executor.spawn(async move {
            let answer = answer.await;
            flags.lock().handling -= 1;
            if let Ok(body) = answer {
                office.answer(from, request, body);
            }
        });
    }

    fn take_chunk(&mut self, from: Member, request: Turn, chunk: &Chunk) {
        let bytes = match Assembly::take(&mut self.assembly, from, chunk, self.config.max_state_bytes) {
            Taken::TooLarge => return,
            Taken::Next(next) => return self.office.answer(from, request, Body::Taken(next)),
            Taken::Whole(bytes) => bytes,
        };
        let Ok((machine, _)) = Machine::from_snapshot(&bytes) else { return };
        let vote = chunk.vote;
        let snapshot = Snapshot { meta: machine.meta(), snapshot: Box::new(bytes) };
        self.work(from, request, |raft| async move {
            let answer = raft.install_full_snapshot(vote, snapshot).await;
            answer.map(|answer| Body::Installed(answer.vote)).map_err(RaftError::Fatal)
        });
    }

    /// Gives the library a value.
    fn hand(&self, submission: Submission) {
        let Some(raft) = self.flags.lock().raft.clone() else { return };
        let flags = self.flags.clone();
        let bytes = submission.value.len();
        self.executor.spawn(async move {
            let is_refused = raft.client_write(submission).await.is_err();
            flags.lock().submissions.done(bytes, is_refused);
        });
    }

    /// Runs until all wait, and gives what is pending to whoever is to have it.
    fn run(&mut self) -> Result<(), ConsensusError> {
        loop {
            self.executor.run()?;
            if let Some(failure) = self.shared.lock().failure.clone() {
                return Err(failure);
            }
            if self.shared.lock().is_stalled {
                return Ok(());
            }
            let Some(metrics) = self.metrics()? else { return Ok(()) };
            let is_due = std::mem::take(&mut self.flags.lock().is_due);
            self.change_members(&metrics, is_due);
            let is_leader = metrics.state == ServerState::Leader;
            let reign = metrics.current_leader.map(|leader| (leader, metrics.current_term));
            let (own, offer, epoch) = {
                let state = self.shared.lock();
                let mut told = self.flags.lock();
                told.submissions.observe(&state.machine, reign);
                if is_due {
                    told.submissions.again();
                }
                let own = if is_leader { told.submissions.hand_own(&state.machine) } else { Vec::new() };
                let offer = if is_leader || reign.is_none() { None } else { told.submissions.offer() };
                (own, offer, state.machine.set.epoch())
            };
            if let (Some((first, values)), Some((leader, _))) = (offer, reign)
                && leader != self.me
            {
                self.office.tell(leader, Body::Submit { epoch, first, values });
            }
            if own.is_empty() && self.executor.is_idle() {
                return Ok(());
            }
            own.into_iter().for_each(|submission| self.hand(submission));
        }
    }

    /// As the leader: makes the members those that the application wants.
    fn change_members(&self, metrics: &RaftMetrics<Member, EmptyNode>, is_due: bool) {
        let membership = metrics.membership_config.membership();
        let wanted: BTreeSet<Member> = self.shared.lock().machine.members().collect();
        let is_done = membership.get_joint_config().len() == 1
            && membership.voter_ids().collect::<BTreeSet<_>>() == wanted
            && membership.learner_ids().next().is_none();
        let mut told = self.flags.lock();
        if is_done || told.is_changing || metrics.state != ServerState::Leader || !is_due {
            return;
        }
        let Some(raft) = told.raft.clone() else { return };
        told.is_changing = true;
        drop(told);
        let new: Vec<_> =
            wanted.iter().filter(|member| membership.get_node(member).is_none()).copied().collect();
        let flags = self.flags.clone();
        self.executor.spawn(async move {
            let mut is_known = true;
            for member in new {
                is_known &= raft.add_learner(member, EmptyNode {}, false).await.is_ok();
            }
            if is_known {
                // What does not succeed is tried again, by whoever leads then.
                let _ = raft.change_membership(wanted, false).await;
            }
            flags.lock().is_changing = false;
        });
    }

    /// Has the driver call again when there is something to do.
    fn arm(&mut self, out: &mut Vec<EngineEffect>) {
        if self.shared.lock().is_stalled {
            if self.retry.is_none() {
                self.retry = Some(self.set_timer(RETRY, out));
            }
            return;
        }
        let now = self.executor.now();
        if let Some(earliest) = self.executor.earliest()
            && !self.armed.values().any(|armed| *armed <= earliest)
        {
            let timer = self.set_timer(earliest.saturating_sub(now), out);
            self.armed.insert(timer, earliest);
        }
    }

    fn set_timer(&mut self, after: Duration, out: &mut Vec<EngineEffect>) -> u64 {
        let timer = self.next_timer;
        self.next_timer += 1;
        out.push(EngineEffect::SetTimer { timer: TimerId(timer), after });
        timer
    }
}

impl<A: Application + 'static> ConsensusEngine for RaftEngine<A> {
    fn fault_model(&self) -> FaultModel {
        FaultModel::Crash
    }

    fn handle(&mut self, input: EngineInput) -> Result<Vec<EngineEffect>, ConsensusError> {
        let mut out = Vec::new();
        if self.is_started == matches!(input, EngineInput::Start) {
            return Err(ConsensusError::InvalidState("Start is the first input, and given once"));
        }
        if let EngineInput::Submit(value) = &input {
            check_submission(value, self.config.max_value_bytes)?;
            if self.flags.lock().submissions.pending() >= MAX_PENDING {
                return Err(ConsensusError::InvalidState("too many values wait"));
            }
        }
        // First what waits for room. The clock stands still for the others meanwhile.
        let was_stalled = self.shared.lock().is_stalled;
        if was_stalled {
            self.shared.lock().try_again();
            self.run()?;
        }
        let is_stalled = self.shared.lock().is_stalled;
        match input {
            EngineInput::Start => self.start(),
            EngineInput::Submit(value) => self.flags.lock().submissions.submit(value),
            // Lost, as on a bad network.
            EngineInput::Message { .. } if is_stalled => {}
            EngineInput::Message { from, bytes } => self.receive(from, &bytes, &mut out)?,
            EngineInput::Timer(TimerId(timer)) => {
                if self.retry == Some(timer) {
                    self.retry = None;
                }
                if let Some(at) = self.armed.remove(&timer)
                    && !is_stalled
                {
                    self.executor.advance(at);
                }
            }
            EngineInput::PeerGone(peer) => self.office.forget(peer),
        }
        if !is_stalled {
            self.run()?;
        }
        out.append(&mut self.shared.lock().effects);
        out.append(&mut self.office.take_effects());
        self.arm(&mut out);
        Ok(out)
    }

    fn status(&self) -> EngineStatus {
        let state = self.shared.lock();
        EngineStatus {
            executed: state.app.executed(),
            pending: self.flags.lock().submissions.pending(),
            is_stalled: state.is_stalled,
        }
    }
}

/// Where the generator of election timeouts begins: another place for every member and life.
fn seed(chain: &ChainId, me: Member, life: u64) -> u64 {
    let material = [chain.as_str().as_bytes(), &me.0, &life.to_le_bytes()].concat();
    let hash = hash::blake3_derive_key("chrysalis raft v1 seed", &material);
    hash.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
