//! The service as a state machine: calls, answers and the time go in; requests, cancellations and results come out.
//! It knows no socket, no clock and no randomness, so that any schedule can be replayed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{CacheKey, MemoryCache};
use crate::embedding::Embedding;
use crate::error::{EmbeddingError, ErrorClass, Problem, ProviderError};
use crate::port::Now;
use crate::provider::{EmbedRequest, EmbeddingProvider, Failure, Form, Reply};
use crate::service::gate::{Admission, Circuit, Gate};
use crate::service::outcome::{CallOptions, Outcome, Prepared, Source};
use crate::service::queue::Queue;
use crate::service::settings::{FallbackPolicy, LaneSettings, ServiceSettings};
use crate::space::Space;
use crate::telemetry::{End, Telemetry};

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

    /// Takes one text: from the cache, into a flight under way, or as a new item, which is given.
    fn admit_text(
        &mut self,
        now: Now,
        call: u64,
        place: usize,
        prepared: Prepared,
        options: CallOptions,
    ) -> Option<u64> {
        let limit = self.settings.max_text_bytes;
        if prepared.text.len() > limit {
            let error = EmbeddingError::TextTooLarge { bytes: prepared.text.len(), limit };
            self.answer(call, place, unsent(error, Duration::ZERO));
            return None;
        }
        let flight = (options.form, prepared.digest);
        if let Some(item) = self.flights.get(&flight).copied() {
            self.telemetry.coalesced += 1;
            self.subscribe(item, call, place);
            return None;
        }
        if let Some(embedding) = self.find_cached(now, 0, options.form, &prepared.digest) {
            let outcome = Outcome { source: Source::Cache, provider: Some(0), ..answered(Ok(embedding)) };
            self.answer(call, place, outcome);
            return None;
        }
        let id = self.make_id();
        self.waiting_bytes += prepared.text.len();
        self.flights.insert(flight, id);
        let item = Item {
            prepared,
            form: options.form,
            is_batch: options.is_batch,
            subscribers: Vec::new(),
            lane: 0,
            chunk: None,
            entered: now.monotonic,
            attempts: 0,
            queue_time: Duration::ZERO,
            provider_time: Duration::ZERO,
            retry_time: Duration::ZERO,
        };
        self.items.insert(id, item);
        self.subscribe(id, call, place);
        Some(id)
    }

    fn subscribe(&mut self, item: u64, call: u64, place: usize) {
        if let (Some(found), Some(caller)) = (self.items.get_mut(&item), self.calls.get_mut(&call)) {
            found.subscribers.push((call, place));
            if caller.items.last() != Some(&item) {
                caller.items.push(item);
            }
        }
    }

    fn find_cached(&mut self, now: Now, lane: usize, form: Form, digest: &[u8; 32]) -> Option<Embedding> {
        let cache = self.cache.as_ref()?;
        let space = self.lanes[lane].provider.space()?;
        let found = cache.find(&CacheKey::of_digest(space.id(), form, digest), now.unix);
        let embedding = found.and_then(|vector| Embedding::new(space, vector).ok());
        *(if embedding.is_some() {
            &mut self.telemetry.cache_hits
        } else {
            &mut self.telemetry.cache_misses
        }) += 1;
        embedding.map(|embedding| embedding.marked(lane > 0))
    }

    /// Packs texts into as few requests as a provider's limits allow, and queues them.
    fn route(&mut self, now: Now, owner: u64, lane: usize, items: Vec<u64>) {
        let limits = self.lanes[lane].provider.limits();
        let provider = Arc::clone(&self.lanes[lane].provider);
        let mut open: Vec<u64> = Vec::new();
        let mut open_tokens = 0_usize;
        for id in items {
            let Some(item) = self.items.get_mut(&id) else { continue };
            item.lane = lane;
            item.entered = now.monotonic;
            let tokens =
                if lane == 0 { item.prepared.tokens } else { provider.count_tokens(&item.prepared.text) };
            let is_empty = item.prepared.text.is_empty();
            if is_empty && !limits.takes_empty {
                self.fail_item(now, id, lane, EmbeddingError::EmptyText);
                continue;
            }
            if limits.is_count_exact && tokens > limits.tokens_per_text {
                let error = EmbeddingError::TextTooLong { tokens, limit: limits.tokens_per_text };
                self.fail_item(now, id, lane, error);
                continue;
            }
            let is_full =
                open.len() == limits.texts || open_tokens.saturating_add(tokens) > limits.tokens_per_request;
            if is_full && !open.is_empty() {
                self.queue_chunk(now, owner, lane, std::mem::take(&mut open), open_tokens);
                open_tokens = 0;
            }
            open.push(id);
            open_tokens = open_tokens.saturating_add(tokens);
        }
        if !open.is_empty() {
            self.queue_chunk(now, owner, lane, open, open_tokens);
        }
    }

    fn queue_chunk(&mut self, now: Now, owner: u64, lane: usize, items: Vec<u64>, tokens: usize) -> u64 {
        let id = self.make_id();
        for item in &items {
            if let Some(item) = self.items.get_mut(item) {
                item.chunk = Some(id);
            }
        }
        let chunk = Chunk {
            lane,
            owner,
            items,
            tokens: tokens as u64,
            state: State::Queued,
            sent: 0,
            spent: Duration::ZERO,
            queued: now.monotonic,
            last: None,
            was_repacked: false,
        };
        self.chunks.insert(id, chunk);
        self.lanes[lane].queue.push(owner, id);
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
        self.attempts.insert(attempt, Attempt { chunk: id, lane: chunk.lane, sent: now.monotonic, deadline });
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

    fn settle(&mut self, now: Now, ended: &Attempt, answer: Result<Reply, Failure>, random: u64) {
        let took = now.monotonic.saturating_sub(ended.sent);
        let Some(chunk) = self.chunks.get_mut(&ended.chunk) else { return };
        chunk.spent += took;
        let (count, tokens) = (chunk.items.len(), chunk.tokens);
        for item in &chunk.items {
            if let Some(item) = self.items.get_mut(item) {
                item.provider_time += took;
            }
        }
        // Providers of others' making are held to what they promise, too.
        let answer = answer.and_then(|reply| {
            if reply.vectors.len() == count { Ok(reply) } else { Err(Failure::answer(Problem::WrongCount)) }
        });
        let lane = &mut self.lanes[ended.lane];
        match answer {
            Ok(reply) => {
                lane.gate.answered();
                lane.gate.learn(now.monotonic, &reply.rate);
                let price = lane.provider.price_per_1k_tokens();
                self.telemetry.lanes[ended.lane].answered(took, &reply, tokens, price);
                self.deliver(now, ended.chunk, reply.vectors);
            }
            Err(failure) => {
                if failure.is_outage() {
                    lane.gate.failed(now.monotonic);
                } else {
                    lane.gate.answered();
                }
                lane.gate.learn(now.monotonic, &failure.rate);
                let asked = lane.settings.retry.heeded(failure.retry_after);
                if let Some(delay) = asked.filter(|_| failure.is_retriable()) {
                    lane.gate.pause(now.monotonic, delay);
                }
                self.telemetry.lanes[ended.lane].refused(took, failure.class);
                self.handle_failure(now, ended.chunk, failure, random);
            }
        }
    }

    fn deliver(&mut self, now: Now, id: u64, vectors: Vec<Vec<f32>>) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        if let Some(call) = self.calls.get_mut(&chunk.owner) {
            call.has_success = true;
        }
        let space = self.lanes[chunk.lane].provider.space();
        for (item, vector) in chunk.items.into_iter().zip(vectors) {
            match self.place(chunk.lane, space.as_ref(), vector) {
                Ok(embedding) => self.finish_item(now, item, chunk.lane, Ok(embedding)),
                Err(error) => self.fail_item(now, item, chunk.lane, error),
            }
        }
    }

    /// Puts a vector into its space.
    fn place(
        &mut self,
        lane: usize,
        space: Option<&Arc<Space>>,
        vector: Vec<f32>,
    ) -> Result<Embedding, EmbeddingError> {
        let Some(space) = space else {
            let failure = Failure::answer(Problem::NoData);
            return Err(self.provider_error(lane, &failure, 1));
        };
        if vector.len() == space.dimensions() {
            return Embedding::new(Arc::clone(space), vector);
        }
        self.telemetry.lanes[lane].mismatches += 1;
        if self.settings.takes_any_length {
            let mut fields = space.fields().clone();
            fields.dimensions = vector.len();
            return Embedding::new(Arc::new(Space::new(fields)?), vector);
        }
        Embedding::new(Arc::clone(space), vector)
    }

    /// Repeats, divides or gives up.
    fn handle_failure(&mut self, now: Now, id: u64, failure: Failure, random: u64) {
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        let settings = &self.lanes[chunk.lane].settings;
        if failure.repack && !chunk.was_repacked {
            self.repack(now, id);
            return;
        }
        if failure.is_retriable() && chunk.sent <= settings.retry.max_retries {
            let delay = settings.retry.delay(chunk.sent - 1, failure.retry_after, random);
            if chunk.spent + delay < settings.overall_timeout {
                // Texts that nobody waits for any more are not sent again.
                chunk.items.retain(|item| self.items.contains_key(item));
                if chunk.items.is_empty() {
                    self.chunks.remove(&id);
                    return;
                }
                chunk.spent += delay;
                let until = now.monotonic + delay;
                chunk.state = State::Waiting { until };
                chunk.last = Some(failure);
                let (lane, items) = (chunk.lane, chunk.items.clone());
                for item in items {
                    if let Some(item) = self.items.get_mut(&item) {
                        item.retry_time += delay;
                    }
                }
                self.timers.insert((until, Timer::Chunk(id)));
                self.telemetry.lanes[lane].retry_time += delay;
                return;
            }
        }
        if failure.may_be_about_one_text() && self.split(now, id, &failure) {
            return;
        }
        self.fail_chunk(now, id, &failure);
    }

    /// Packs the texts of a chunk again, by limits that have changed.
    fn repack(&mut self, now: Now, id: u64) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        let before = self.next_id;
        self.route(now, chunk.owner, chunk.lane, chunk.items);
        for fresh in self.chunks.range_mut(before..).map(|(_, chunk)| chunk) {
            fresh.was_repacked = true;
        }
    }

    /// Divides a refused chunk, so that only what is wrong with it fails. `false` if it cannot be divided.
    fn split(&mut self, now: Now, id: u64, failure: &Failure) -> bool {
        let Some(owner) = self.owner_of(id) else { return false };
        let (Some(chunk), Some(call)) = (self.chunks.get_mut(&id), self.calls.get_mut(&owner)) else {
            return false;
        };
        call.refused += 1;
        let is_in_vain = !call.has_success && call.refused > MAX_REFUSED_IN_VAIN;
        if chunk.items.len() == 1 || call.splits == 0 || is_in_vain {
            return false;
        }
        call.splits -= 1;
        chunk.owner = owner;
        let Some(chunk) = self.chunks.remove(&id) else { return false };
        self.telemetry.lanes[chunk.lane].splits += 1;
        let parts: Vec<Vec<u64>> = match failure.rejected_text {
            Some(index) if index < chunk.items.len() => {
                let error = self.provider_error(chunk.lane, failure, chunk.sent);
                self.fail_item(now, chunk.items[index], chunk.lane, error);
                vec![chunk.items[..index].to_vec(), chunk.items[index + 1..].to_vec()]
            }
            _ => {
                let (left, right) = chunk.items.split_at(chunk.items.len() / 2);
                vec![left.to_vec(), right.to_vec()]
            }
        };
        for mut items in parts {
            items.retain(|item| self.items.contains_key(item));
            if items.is_empty() {
                continue;
            }
            let provider = &self.lanes[chunk.lane].provider;
            let texts = items.iter().filter_map(|item| self.items.get(item)).map(|item| &item.prepared.text);
            let tokens = texts.map(|text| provider.count_tokens(text)).sum();
            self.queue_chunk(now, chunk.owner, chunk.lane, items, tokens);
        }
        true
    }

    /// The call that a chunk was made for, or else another that waits for one of its texts.
    fn owner_of(&self, id: u64) -> Option<u64> {
        let chunk = self.chunks.get(&id)?;
        if self.calls.contains_key(&chunk.owner) {
            return Some(chunk.owner);
        }
        let mut items = chunk.items.iter().filter_map(|item| self.items.get(item));
        items.find_map(|item| item.subscribers.first()).map(|(call, _)| *call)
    }

    fn fail_chunk(&mut self, now: Now, id: u64, failure: &Failure) {
        let Some(chunk) = self.chunks.remove(&id) else { return };
        let error = self.provider_error(chunk.lane, failure, chunk.sent);
        let mut moving = Vec::new();
        for item in chunk.items {
            if self.has_next(chunk.lane) {
                moving.push(item);
            } else {
                self.finish_item(now, item, chunk.lane, Err(error.clone()));
            }
        }
        self.fall_back(now, chunk.owner, chunk.lane, moving);
    }

    /// One text failed for good at one provider.
    fn fail_item(&mut self, now: Now, id: u64, lane: usize, error: EmbeddingError) {
        if self.has_next(lane) {
            let owner =
                self.items.get(&id).and_then(|item| item.subscribers.first()).map_or(0, |(call, _)| *call);
            self.fall_back(now, owner, lane, vec![id]);
        } else {
            self.finish_item(now, id, lane, Err(error));
        }
    }

    /// The provider behind this one that the policy allows.
    fn next_lane(&self, lane: usize) -> Option<usize> {
        let is_allowed = |next: &usize| match self.settings.fallback {
            FallbackPolicy::None => false,
            FallbackPolicy::Any => true,
            FallbackPolicy::Compatible => {
                let space = |lane: usize| self.lanes[lane].provider.space().map(|space| space.id());
                space(0).is_some() && space(0) == space(*next)
            }
        };
        (lane + 1..self.lanes.len()).find(is_allowed)
    }

    fn has_next(&self, lane: usize) -> bool {
        self.next_lane(lane).is_some()
    }

    fn fall_back(&mut self, now: Now, owner: u64, from: usize, items: Vec<u64>) {
        let Some(lane) = self.next_lane(from) else { return };
        self.telemetry.lanes[from].fallbacks += items.len() as u64;
        let mut left = Vec::new();
        for id in items {
            let Some((form, digest)) = self.items.get(&id).map(|item| (item.form, item.prepared.digest))
            else {
                continue;
            };
            match self.find_cached(now, lane, form, &digest) {
                Some(embedding) => self.finish_item(now, id, lane, Ok(embedding)),
                None => left.push(id),
            }
        }
        self.route(now, owner, lane, left);
    }

    fn provider_error(&self, lane: usize, failure: &Failure, attempts: u32) -> EmbeddingError {
        let provider = &self.lanes[lane].provider;
        EmbeddingError::Provider(Box::new(ProviderError {
            class: failure.class,
            problem: failure.problem,
            provider: provider.name().into(),
            model: provider.model().into(),
            status: failure.status,
            code: failure.code.clone(),
            request_id: failure.request_id.clone(),
            retry_after: failure.retry_after,
            attempts,
        }))
    }

    /// Tells everyone who waits for a text, and keeps its vector.
    fn finish_item(&mut self, now: Now, id: u64, lane: usize, result: Result<Embedding, EmbeddingError>) {
        let Some(item) = self.forget_item(id) else { return };
        let result = result.map(|embedding| embedding.marked(lane > 0));
        if let Ok(embedding) = &result {
            let key = CacheKey::of_digest(embedding.space().id(), item.form, &item.prepared.digest);
            if let Some(cache) = &self.cache {
                cache.insert(key, embedding.to_shared(), now.unix);
                self.effects.push_back(Effect::Store { key, embedding: embedding.clone() });
            }
        }
        let total = item.queue_time + item.provider_time + item.retry_time;
        self.telemetry.lanes[lane].ended(End::of(&result), total);
        let mut source = Source::Request;
        for (call, place) in item.subscribers {
            let outcome = Outcome {
                result: result.clone(),
                source,
                provider: Some(lane),
                attempts: item.attempts,
                queue_time: item.queue_time,
                provider_time: item.provider_time,
                retry_time: item.retry_time,
            };
            self.answer(call, place, outcome);
            source = Source::Shared;
        }
    }

    fn forget_item(&mut self, id: u64) -> Option<Item> {
        let item = self.items.remove(&id)?;
        self.flights.remove(&(item.form, item.prepared.digest));
        self.waiting_bytes -= item.prepared.text.len();
        Some(item)
    }

    fn answer(&mut self, id: u64, place: usize, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.outcomes[place].is_none() {
            call.outcomes[place] = Some(outcome);
            call.pending -= 1;
            if call.pending == 0 {
                self.complete(id);
            }
        }
    }

    fn complete(&mut self, id: u64) {
        if let Some(call) = self.calls.remove(&id) {
            if let Some(at) = call.deadline {
                self.timers.remove(&(at, Timer::Call(id)));
            }
            self.tell(id, call);
        }
    }

    fn tell(&mut self, id: u64, call: Call) {
        let outcomes = call.outcomes.into_iter().flatten().collect();
        self.effects.push_back(Effect::Complete { call: id, outcomes });
    }

    /// The caller's deadline passed: what is not there is told so.
    fn expire(&mut self, now: Now, id: u64) {
        let was_sent: BTreeSet<usize> = self.calls.get(&id).map_or_else(BTreeSet::new, |call| {
            let sent =
                call.items.iter().filter_map(|item| self.items.get(item)).filter(|item| item.attempts > 0);
            sent.flat_map(|item| &item.subscribers)
                .filter(|(call, _)| *call == id)
                .map(|(_, place)| *place)
                .collect()
        });
        let Some(mut call) = self.drop_call(now, id) else { return };
        let waited = now.monotonic.saturating_sub(call.submitted);
        for (place, outcome) in call.outcomes.iter_mut().enumerate().filter(|(_, outcome)| outcome.is_none())
        {
            let error = if was_sent.contains(&place) {
                EmbeddingError::DeadlineExceeded
            } else {
                EmbeddingError::QueueTimeout { waited }
            };
            *outcome = Some(unsent(error, waited));
            self.telemetry.expired += 1;
        }
        self.tell(id, call);
    }

    /// Takes a call out, and everything that is under way for it alone.
    fn drop_call(&mut self, now: Now, id: u64) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        if let Some(at) = call.deadline {
            self.timers.remove(&(at, Timer::Call(id)));
        }
        let mut chunks = BTreeSet::new();
        for item_id in &call.items {
            let Some(item) = self.items.get_mut(item_id) else { continue };
            item.subscribers.retain(|(subscriber, _)| subscriber != &id);
            if item.subscribers.is_empty() {
                chunks.extend(item.chunk);
                self.forget_item(*item_id);
            }
        }
        for chunk in chunks {
            self.thin_out(now, chunk);
        }
        Some(call)
    }

    /// Some texts of a chunk are not wanted any more. A request under way goes on while any other of its texts is.
    fn thin_out(&mut self, now: Now, id: u64) {
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        let is_wanted = match chunk.state {
            // What was sent stays as it is: the answer is placed by it.
            State::InFlight { .. } => chunk.items.iter().any(|item| self.items.contains_key(item)),
            State::Queued | State::Waiting { .. } => {
                chunk.items.retain(|item| self.items.contains_key(item));
                !chunk.items.is_empty()
            }
        };
        if is_wanted {
            return;
        }
        match chunk.state {
            State::InFlight { attempt } => {
                self.effects.push_back(Effect::Abort { attempt });
                if let Some(ended) = self.end_attempt(attempt) {
                    self.lanes[ended.lane].gate.abandoned();
                    let took = now.monotonic.saturating_sub(ended.sent);
                    self.telemetry.lanes[ended.lane].abandoned(took);
                }
            }
            State::Waiting { until } => {
                self.timers.remove(&(until, Timer::Chunk(id)));
            }
            State::Queued => self.lanes[chunk.lane].queue.remove(chunk.owner, id),
        }
        self.chunks.remove(&id);
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
        provider_time: Duration::ZERO,
        retry_time: Duration::ZERO,
    }
}

fn unsent(error: EmbeddingError, waited: Duration) -> Outcome {
    Outcome { queue_time: waited, ..answered(Err(error)) }
}
