//! The service as a state machine: calls, answers and the time go in; requests, cancellations and results come out.
//! It knows no socket, no clock and no randomness, so that any schedule can be replayed.

mod answers;
mod endings;
mod routing;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{CacheKey, MemoryCache};
use crate::embedding::Embedding;
use crate::error::{EmbeddingError, ErrorClass, Problem};
use crate::port::Now;
use crate::provider::{Connecting, EmbedRequest, EmbeddingProvider, Failure, Form, Reply};
use crate::service::gate::{Admission, Circuit, Gate};
use crate::service::outcome::{CallOptions, Outcome, Prepared, Source};
use crate::service::queue::Queue;
use crate::service::settings::{LaneSettings, ServiceSettings};
use crate::telemetry::Telemetry;

/// What the driver has to do.
#[derive(Debug)]
pub enum Effect {
    /// Call a provider and bring its answer to [`Core::finish`].
    Send {
        /// Names the request.
        attempt: u64,
        /// The provider, by its place.
        lane: usize,
        /// What to send.
        request: EmbedRequest,
    },
    /// Give up a request; its answer is not wanted any more.
    Abort {
        /// The request.
        attempt: u64,
    },
    /// Tell a caller.
    Complete {
        /// The call.
        call: u64,
        /// One outcome per text, in order.
        outcomes: Vec<Outcome>,
    },
    /// Keep a vector on disk.
    Store {
        /// Its key.
        key: CacheKey,
        /// The vector.
        embedding: Embedding,
    },
}

/// One provider's place.
struct Lane {
    provider: Arc<dyn EmbeddingProvider>,
    settings: LaneSettings,
    gate: Gate,
    queue: Queue,
    in_flight: usize,
    /// When the gate lets something pass again.
    wake: Option<Duration>,
}

/// A distinct text under way, for however many callers.
struct Item {
    prepared: Prepared,
    form: Form,
    is_batch: bool,
    subscribers: Vec<(u64, usize)>,
    lane: usize,
    chunk: Option<u64>,
    entered: Duration,
    attempts: u32,
    queue_time: Duration,
    connect_time: Duration,
    provider_time: Duration,
    retry_time: Duration,
}

/// Texts that travel together.
struct Chunk {
    lane: usize,
    /// The call that had it made: whose turn it waits for, and whose budget its divisions are of.
    owner: u64,
    items: Vec<u64>,
    tokens: u64,
    state: State,
    /// Requests sent.
    sent: u32,
    /// Provider time and delays so far: what the overall deadline is about.
    spent: Duration,
    queued: Duration,
    last: Option<Failure>,
    was_repacked: bool,
}

enum State {
    Queued,
    Waiting { until: Duration },
    InFlight { attempt: u64 },
}

struct Attempt {
    chunk: u64,
    lane: usize,
    sent: Duration,
    deadline: Duration,
    connecting: Connecting,
}

struct Call {
    pending: usize,
    outcomes: Vec<Option<Outcome>>,
    items: Vec<u64>,
    deadline: Option<Duration>,
    submitted: Duration,
    /// Divisions of refused chunks that are left.
    splits: u32,
    /// Requests refused for their texts.
    refused: u32,
    has_success: bool,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer {
    Attempt(u64),
    Chunk(u64),
    Lane(usize),
    Call(u64),
}

/// Divisions of refused chunks that one call may cause.
const MAX_SPLITS: u32 = 512;

/// Requests refused for their texts, with none taken, after which the rest of a call is taken to be refused for the same
/// reason.
const MAX_REFUSED_IN_VAIN: u32 = 64;

/// The state of a service.
pub struct Core {
    settings: ServiceSettings,
    lanes: Vec<Lane>,
    calls: BTreeMap<u64, Call>,
    items: BTreeMap<u64, Item>,
    flights: HashMap<(Form, [u8; 32]), u64>,
    chunks: BTreeMap<u64, Chunk>,
    attempts: BTreeMap<u64, Attempt>,
    timers: BTreeSet<(Duration, Timer)>,
    effects: VecDeque<Effect>,
    next_id: u64,
    waiting_bytes: usize,
    cache: Option<Arc<MemoryCache>>,
    telemetry: Telemetry,
    is_closed: bool,
}

impl Core {
    /// A service of these providers, the first being the one that is asked first.
    ///
    /// # Errors
    /// [`EmbeddingError::NoProvider`], [`EmbeddingError::InvalidConfig`] for a limit of 0.
    pub fn new(
        settings: ServiceSettings,
        providers: Vec<(Arc<dyn EmbeddingProvider>, LaneSettings)>,
        cache: Option<Arc<MemoryCache>>,
    ) -> Result<Self, EmbeddingError> {
        if providers.is_empty() {
            return Err(EmbeddingError::NoProvider);
        }
        if providers.iter().any(|(provider, lane)| lane.max_in_flight == 0 || provider.limits().texts == 0) {
            return Err(EmbeddingError::InvalidConfig("a provider takes at least one text and one request"));
        }
        let names =
            providers.iter().map(|(provider, _)| (provider.name().to_owned(), provider.model().to_owned()));
        let telemetry = Telemetry::new(names.collect());
        let lanes = providers.into_iter().map(|(provider, settings)| Lane {
            provider,
            settings,
            gate: Gate::new(settings.gate),
            queue: Queue::default(),
            in_flight: 0,
            wake: None,
        });
        Ok(Self {
            settings,
            lanes: lanes.collect(),
            calls: BTreeMap::new(),
            items: BTreeMap::new(),
            flights: HashMap::new(),
            chunks: BTreeMap::new(),
            attempts: BTreeMap::new(),
            timers: BTreeSet::new(),
            effects: VecDeque::new(),
            next_id: 1,
            waiting_bytes: 0,
            cache,
            telemetry,
            is_closed: false,
        })
    }

    /// Takes a call. Equal texts, of this call or of others under way, are sent once.
    ///
    /// # Errors
    /// [`EmbeddingError::Closed`]; [`EmbeddingError::Overloaded`] when too much waits, in which case nothing of the call
    /// is taken. What is wrong with one text is told in its outcome.
    pub fn submit(
        &mut self,
        now: Now,
        texts: Vec<Prepared>,
        options: CallOptions,
    ) -> Result<u64, EmbeddingError> {
        if self.is_closed {
            return Err(EmbeddingError::Closed);
        }
        let bytes: usize = texts.iter().map(|prepared| prepared.text.len()).sum();
        if self.items.len() + texts.len() > self.settings.max_waiting_texts
            || self.waiting_bytes.saturating_add(bytes) > self.settings.max_waiting_bytes
        {
            self.telemetry.overloaded += 1;
            return Err(EmbeddingError::Overloaded { limit: self.settings.max_waiting_texts });
        }
        let call = self.make_id();
        let deadline = options.deadline.map(|after| now.monotonic + after);
        let count = texts.len();
        self.calls.insert(
            call,
            Call {
                pending: count,
                outcomes: vec![None; count],
                items: Vec::new(),
                deadline,
                submitted: now.monotonic,
                splits: MAX_SPLITS,
                refused: 0,
                has_success: false,
            },
        );
        let mut fresh = Vec::new();
        for (place, prepared) in texts.into_iter().enumerate() {
            if let Some(item) = self.admit_text(now, call, place, prepared, options) {
                fresh.push(item);
            }
        }
        self.route(now, call, 0, fresh);
        match deadline {
            Some(at) if self.calls.contains_key(&call) => {
                self.timers.insert((at, Timer::Call(call)));
            }
            _ => {}
        }
        if count == 0 {
            self.complete(call);
        }
        self.start(now);
        Ok(call)
    }

    /// The caller went away: requests that nobody else waits for are given up. It is told nothing.
    pub fn cancel(&mut self, now: Now, call: u64) {
        if self.drop_call(now, call).is_some() {
            self.telemetry.cancelled += 1;
        }
        self.start(now);
    }

    /// Brings a provider's answer; one that came too late is counted and dropped. `random` are evenly distributed bits.
    pub fn finish(&mut self, now: Now, attempt: u64, answer: Result<Reply, Failure>, random: u64) {
        if let Some(ended) = self.end_attempt(attempt) {
            self.settle(now, &ended, answer, random);
        } else {
            self.telemetry.late += 1;
        }
        self.start(now);
    }

    /// Does what is due. `random` are evenly distributed bits.
    pub fn tick(&mut self, now: Now, random: u64) {
        while let Some((at, timer)) = self.timers.first().copied() {
            if at > now.monotonic {
                break;
            }
            self.timers.pop_first();
            match timer {
                Timer::Attempt(attempt) => {
                    if let Some(ended) = self.end_attempt(attempt) {
                        self.effects.push_back(Effect::Abort { attempt });
                        let failure = Failure::new(ErrorClass::Timeout, Problem::AttemptTimeout);
                        self.settle(now, &ended, Err(failure), random);
                    }
                }
                Timer::Chunk(chunk) => {
                    if let Some(waiting) = self.chunks.get_mut(&chunk) {
                        waiting.state = State::Queued;
                        waiting.queued = now.monotonic;
                        self.lanes[waiting.lane].queue.push_urgent(chunk);
                    }
                }
                Timer::Lane(lane) => self.lanes[lane].wake = None,
                Timer::Call(call) => self.expire(now, call),
            }
        }
        self.start(now);
    }

    /// When [`tick`](Self::tick) is due, on the monotonic clock.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// What is to be done since the last time.
    pub fn take_effects(&mut self) -> VecDeque<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Ends everything: open calls are told [`EmbeddingError::Closed`], requests are given up.
    pub fn close(&mut self, now: Now) {
        self.is_closed = true;
        let calls: Vec<u64> = self.calls.keys().copied().collect();
        for call in calls {
            if let Some(mut dropped) = self.drop_call(now, call) {
                let time = now.monotonic.saturating_sub(dropped.submitted);
                let missing = dropped.outcomes.iter_mut().filter(|outcome| outcome.is_none());
                missing.for_each(|place| *place = Some(unsent(EmbeddingError::Closed, time)));
                self.tell(call, dropped);
            }
        }
    }

    /// Calls and requests under way: nothing of either is left when everything was answered.
    #[must_use]
    pub fn load(&self) -> Load {
        Load { calls: self.calls.len(), texts: self.items.len(), requests: self.attempts.len() }
    }

    /// Requests under way at one provider.
    #[must_use]
    pub fn in_flight(&self, lane: usize) -> usize {
        self.lanes.get(lane).map_or(0, |lane| lane.in_flight)
    }

    /// The circuit of one provider.
    #[must_use]
    pub fn circuit(&self, now: Now, lane: usize) -> Option<Circuit> {
        self.lanes.get(lane).map(|lane| lane.gate.circuit(now.monotonic))
    }

    /// What was counted.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Counts vectors that the cache on disk had.
    pub fn count_disk_hits(&mut self, count: u64) {
        self.telemetry.cache_disk_hits += count;
    }

    /// The providers in order.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<dyn EmbeddingProvider>> {
        self.lanes.iter().map(|lane| &lane.provider)
    }

    fn make_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Sends what may be sent.
    fn start(&mut self, now: Now) {
        for lane in 0..self.lanes.len() {
            while self.start_one(now, lane) {}
        }
    }

    /// Looks at the first chunk of a queue; `false` when nothing more can be done now.
    fn start_one(&mut self, now: Now, lane: usize) -> bool {
        let place = &mut self.lanes[lane];
        if place.in_flight >= place.settings.max_in_flight || place.wake.is_some_and(|at| at > now.monotonic)
        {
            return false;
        }
        let Some(id) = place.queue.peek() else { return false };
        let Some(chunk) = self.chunks.get(&id).filter(|chunk| matches!(chunk.state, State::Queued)) else {
            place.queue.pop();
            return true;
        };
        match place.gate.admit(now.monotonic, chunk.tokens) {
            Admission::At(at) => {
                place.wake = Some(at);
                self.timers.insert((at, Timer::Lane(lane)));
                self.telemetry.lanes[lane].paused += 1;
                false
            }
            Admission::Refused => {
                place.queue.pop();
                let failure = chunk.last.clone();
                let failure =
                    failure.unwrap_or_else(|| Failure::new(ErrorClass::Network, Problem::CircuitOpen));
                self.fail_chunk(now, id, &failure);
                true
            }
            Admission::Granted => {
                place.queue.pop();
                self.send(now, id);
                true
            }
        }
    }

    fn send(&mut self, now: Now, id: u64) {
        let attempt = self.make_id();
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        let lane = &mut self.lanes[chunk.lane];
        let waited = now.monotonic.saturating_sub(chunk.queued);
        let left = lane.settings.overall_timeout.saturating_sub(chunk.spent);
        let timeout = lane.settings.attempt_timeout.min(left);
        let mut request = EmbedRequest {
            texts: Vec::with_capacity(chunk.items.len()),
            form: Form::Document,
            is_batch: true,
            retry: chunk.sent,
            timeout,
            connecting: Connecting::default(),
        };
        for item in &chunk.items {
            let Some(item) = self.items.get_mut(item) else { continue };
            item.attempts += 1;
            item.queue_time += waited;
            request.form = item.form;
            request.is_batch = item.is_batch;
            request.texts.push(Arc::clone(&item.prepared.text));
        }
        chunk.state = State::InFlight { attempt };
        chunk.sent += 1;
        lane.in_flight += 1;
        let deadline = now.monotonic + timeout;
        let connecting = request.connecting.clone();
        let sent = now.monotonic;
        self.attempts.insert(attempt, Attempt { chunk: id, lane: chunk.lane, sent, deadline, connecting });
        self.timers.insert((deadline, Timer::Attempt(attempt)));
        self.telemetry.lanes[chunk.lane].sent(chunk.sent > 1, request.texts.len(), chunk.tokens, waited);
        self.effects.push_back(Effect::Send { attempt, lane: chunk.lane, request });
    }

    /// Takes an attempt out of all books but its chunk's.
    fn end_attempt(&mut self, attempt: u64) -> Option<Attempt> {
        let ended = self.attempts.remove(&attempt)?;
        self.timers.remove(&(ended.deadline, Timer::Attempt(attempt)));
        self.lanes[ended.lane].in_flight -= 1;
        Some(ended)
    }
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Calls that were not answered.
    pub calls: usize,
    /// Distinct texts.
    pub texts: usize,
    /// Requests.
    pub requests: usize,
}

fn answered(result: Result<Embedding, EmbeddingError>) -> Outcome {
    Outcome {
        result,
        source: Source::None,
        provider: None,
        attempts: 0,
        queue_time: Duration::ZERO,
        connect_time: Duration::ZERO,
        provider_time: Duration::ZERO,
        retry_time: Duration::ZERO,
    }
}

fn unsent(error: EmbeddingError, waited: Duration) -> Outcome {
    Outcome { queue_time: waited, ..answered(Err(error)) }
}
