//! The service as callers see it: drives the state machine with a runtime's clock, timers and tasks.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Instrument as _;

#[cfg(not(target_arch = "wasm32"))]
use crate::cache::DiskCache;
use crate::cache::{CacheKey, MemoryCache, MemorySettings, MemoryStats, normalize_text};
use crate::embedding::Embedding;
use crate::error::EmbeddingError;
use crate::port::{Abort, Now, Runtime};
use crate::provider::{EmbedRequest, EmbeddingProvider, Failure, Form, Reply, estimate_cost_by_words};
use crate::service::core::{Core, Effect, Load};
use crate::service::gate::Circuit;
use crate::service::outcome::{CallOptions, Outcome, Prepared};
use crate::service::settings::{LaneSettings, ServiceSettings};
use crate::space::Space;
use crate::telemetry::{End, Telemetry};

/// What a service is made of.
pub struct ServiceBuilder {
    settings: ServiceSettings,
    providers: Vec<(Arc<dyn EmbeddingProvider>, LaneSettings)>,
    memory: Option<MemorySettings>,
    observer: Option<Observer>,
    #[cfg(not(target_arch = "wasm32"))]
    disk: Option<Arc<DiskCache>>,
}

/// Called after every request that came to an end by itself, from whatever thread ended it. It must not block.
#[cfg(not(target_arch = "wasm32"))]
pub type Observer = Arc<dyn Fn(&RequestEvent<'_>) + Send + Sync>;
/// Called after every request that came to an end by itself.
#[cfg(target_arch = "wasm32")]
pub type Observer = Arc<dyn Fn(&RequestEvent<'_>)>;

/// A request that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestEvent<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// Texts in the request.
    pub texts: usize,
    /// How often it had been sent before.
    pub retry: u32,
    /// How long the answer took.
    pub time: Duration,
    /// How it ended.
    pub end: End,
    /// Tokens that the provider reports.
    pub tokens: Option<u64>,
}

impl ServiceBuilder {
    /// A service without providers.
    #[must_use]
    pub fn new(settings: ServiceSettings) -> Self {
        Self {
            settings,
            providers: Vec::new(),
            memory: None,
            observer: None,
            #[cfg(not(target_arch = "wasm32"))]
            disk: None,
        }
    }

    /// Adds a provider behind those there are.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn EmbeddingProvider>, settings: LaneSettings) -> Self {
        self.providers.push((provider, settings));
        self
    }

    /// Tells `observer` about requests.
    #[must_use]
    pub fn observer(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Keeps vectors in memory.
    #[must_use]
    pub fn memory_cache(mut self, settings: MemorySettings) -> Self {
        self.memory = Some(settings);
        self
    }

    /// Keeps vectors on disk too, behind those in memory. What falls back to another provider than the first is looked up in memory only.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn disk_cache(mut self, cache: Arc<DiskCache>) -> Self {
        self.memory.get_or_insert_default();
        self.disk = Some(cache);
        self
    }

    /// The service on this runtime.
    ///
    /// # Errors
    /// As [`Core::new`].
    pub fn build(self, runtime: Arc<dyn Runtime>) -> Result<EmbeddingService, EmbeddingError> {
        let memory = self.memory.map(|settings| Arc::new(MemoryCache::new(settings)));
        let core = Core::new(self.settings, self.providers, memory.clone())?;
        let providers = core.providers().cloned().collect();
        let inner = Inner {
            settings: self.settings,
            observer: self.observer,
            providers,
            core: Mutex::new(core),
            runtime,
            memory,
            #[cfg(not(target_arch = "wasm32"))]
            disk: self.disk,
            running: Mutex::default(),
            waiting: Mutex::default(),
            timer: Mutex::default(),
        };
        Ok(EmbeddingService { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("settings", &self.settings)
            .field("providers", &self.providers.len())
            .finish_non_exhaustive()
    }
}

/// Turns texts into vectors through one or more providers. Clones are handles to one service; when the last is dropped,
/// requests under way are given up.
#[derive(Clone)]
pub struct EmbeddingService {
    inner: Arc<Inner>,
}

/// Called once with what became of a call's texts.
#[cfg(not(target_arch = "wasm32"))]
pub type Completion = Box<dyn FnOnce(Vec<Outcome>) + Send>;
/// Called once with what became of a call's texts.
#[cfg(target_arch = "wasm32")]
pub type Completion = Box<dyn FnOnce(Vec<Outcome>)>;

struct Inner {
    settings: ServiceSettings,
    observer: Option<Observer>,
    providers: Vec<Arc<dyn EmbeddingProvider>>,
    core: Mutex<Core>,
    runtime: Arc<dyn Runtime>,
    memory: Option<Arc<MemoryCache>>,
    #[cfg(not(target_arch = "wasm32"))]
    disk: Option<Arc<DiskCache>>,
    /// Held while effects are taken and begun, so that none overtakes another. Locked before `core`.
    running: Mutex<BTreeMap<u64, Box<dyn Abort>>>,
    waiting: Mutex<HashMap<u64, Completion>>,
    timer: Mutex<Option<(Duration, Box<dyn Abort>)>>,
}

impl EmbeddingService {
    /// The vector of one text.
    ///
    /// # Errors
    /// What kept every provider that was asked from making it; the last one's failure.
    pub async fn embed(&self, text: &str) -> Result<Embedding, EmbeddingError> {
        self.embed_one(text, Form::Document).await
    }

    /// The vector of a text to find others by.
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
    pub async fn embed_query(&self, text: &str) -> Result<Embedding, EmbeddingError> {
        self.embed_one(text, Form::Query).await
    }

    async fn embed_one(&self, text: &str, form: Form) -> Result<Embedding, EmbeddingError> {
        let options = CallOptions { form, ..CallOptions::default() };
        let outcomes = self.embed_batch_detailed(&[text], options).await?;
        outcomes.into_iter().next().map_or(Err(EmbeddingError::Closed), |outcome| outcome.result)
    }

    /// The vectors of texts, in their order, in as few requests as the provider's limits allow.
    ///
    /// # Errors
    /// The first text's that has none.
    pub async fn embed_batch<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Embedding>, EmbeddingError> {
        let options = CallOptions { is_batch: true, ..CallOptions::default() };
        let outcomes = self.embed_batch_detailed(texts, options).await?;
        outcomes.into_iter().map(|outcome| outcome.result).collect()
    }

    /// What became of each text, in their order. Dropping the future gives up what nobody else waits for.
    ///
    /// # Errors
    /// [`EmbeddingError::Closed`], [`EmbeddingError::Overloaded`]; what is wrong with a text is in its outcome.
    pub async fn embed_batch_detailed<S: AsRef<str>>(
        &self,
        texts: &[S],
        options: CallOptions,
    ) -> Result<Vec<Outcome>, EmbeddingError> {
        let (sender, receiver) = oneshot::channel();
        let completion = Box::new(move |outcomes| drop(sender.send(outcomes)));
        let _call = self.start(texts, options, completion)?;
        receiver.await.map_err(|_| EmbeddingError::Closed)
    }

    /// Starts a call and gives a handle to cancel it by; `completion` is called from whatever thread ends it, and not at
    /// all once the call is cancelled or the service dropped. It must not block.
    ///
    /// With a cache on disk, texts that are not in memory are looked up there by the calling thread.
    ///
    /// # Errors
    /// As [`embed_batch_detailed`](Self::embed_batch_detailed).
    pub fn start<S: AsRef<str>>(
        &self,
        texts: &[S],
        options: CallOptions,
        completion: Completion,
    ) -> Result<Call, EmbeddingError> {
        let inner = &self.inner;
        let first = &inner.providers[0];
        let prepare = |text: &S| {
            let text = text.as_ref();
            // What is too large is refused, not worked on.
            if text.len() > inner.settings.max_text_bytes {
                return Prepared::new(text.into(), 0);
            }
            let normal = inner.settings.normalizes_text.then(|| normalize_text(text));
            let text = normal.as_deref().unwrap_or(text);
            Prepared::new(text.into(), first.count_tokens(text))
        };
        let prepared: Vec<Prepared> = texts.iter().map(prepare).collect();
        let now = inner.runtime.now();
        inner.warm(now, &prepared, options.form);
        let id = {
            let mut core = inner.core();
            let id = core.submit(now, prepared, options)?;
            // Before anyone can take the effect that completes it.
            lock(&inner.waiting).insert(id, completion);
            id
        };
        inner.pump();
        Ok(Call { inner: Arc::downgrade(inner), id, is_detached: false })
    }

    /// The price by the rule of the replaced service (contract 1.4), in US dollars, at the first provider's price.
    #[must_use]
    pub fn estimate_cost(&self, text: &str) -> f64 {
        estimate_cost_by_words(text, self.inner.providers[0].price_per_1k_tokens())
    }

    /// The price by the first provider's tokens, in US dollars; `None` where it has a price and its tokens are only
    /// estimated.
    #[must_use]
    pub fn estimate_cost_exact(&self, text: &str) -> Option<f64> {
        let provider = &self.inner.providers[0];
        let price = provider.price_per_1k_tokens();
        if price == 0.0 {
            return Some(0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 tokens")]
        let count = || provider.count_tokens(text) as f64;
        provider.limits().is_count_exact.then(|| count() / 1000.0 * price)
    }

    /// The providers and how they are.
    #[must_use]
    pub fn info(&self) -> Vec<ProviderInfo> {
        let core = self.inner.core();
        let now = self.inner.runtime.now();
        let describe = |(place, provider): (usize, &Arc<dyn EmbeddingProvider>)| ProviderInfo {
            provider: provider.name().to_owned(),
            model: provider.model().to_owned(),
            dimensions: provider.space().map(|space| space.dimensions()),
            space: provider.space(),
            circuit: core.circuit(now, place).unwrap_or(Circuit::Closed),
            in_flight: core.in_flight(place),
            price_per_1k_tokens: provider.price_per_1k_tokens(),
        };
        self.inner.providers.iter().enumerate().map(describe).collect()
    }

    /// A copy of everything that was counted.
    #[must_use]
    pub fn telemetry(&self) -> Telemetry {
        self.inner.core().telemetry().clone()
    }

    /// What is under way.
    #[must_use]
    pub fn load(&self) -> Load {
        self.inner.core().load()
    }

    /// What the cache in memory did and holds; `None` without one.
    #[must_use]
    pub fn cache_stats(&self) -> Option<MemoryStats> {
        self.inner.memory.as_ref().map(|memory| memory.stats())
    }

    /// The cache on disk.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn disk_cache(&self) -> Option<&Arc<DiskCache>> {
        self.inner.disk.as_ref()
    }

    /// Where the first provider's vectors lie; `None` while their length is still to be learnt from the first answer.
    #[must_use]
    pub fn space(&self) -> Option<Arc<Space>> {
        self.inner.providers[0].space()
    }

    /// Keeps a vector that the first provider made elsewhere, for the text with this SHA-256 and until `expires`, since 1970. `false`
    /// where the service has no cache.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] while the provider's space is not known; [`EmbeddingError::DimensionMismatch`],
    /// [`EmbeddingError::NotFinite`].
    pub fn keep(
        &self,
        digest: &[u8; 32],
        form: Form,
        vector: Vec<f32>,
        expires: Duration,
    ) -> Result<bool, EmbeddingError> {
        let space = self.space().ok_or(EmbeddingError::InvalidConfig("the space is not known yet"))?;
        let key = CacheKey::of_digest(space.id(), form, digest);
        let embedding = Embedding::new(space, vector)?;
        let Some(memory) = &self.inner.memory else { return Ok(false) };
        memory.insert_until(key, embedding.to_shared(), expires);
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(disk) = &self.inner.disk {
            disk.insert_until(key, embedding, self.inner.runtime.now().unix, expires);
        }
        Ok(true)
    }

    /// Forgets all cached vectors, on disk too.
    pub fn clear_cache(&self) {
        if let Some(memory) = &self.inner.memory {
            memory.clear();
        }
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(disk) = &self.inner.disk {
            disk.clear();
        }
    }

    /// Ends everything: calls under way are told [`EmbeddingError::Closed`], and no more are taken.
    pub fn close(&self) {
        self.inner.core().close(self.inner.runtime.now());
        self.inner.pump();
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(disk) = &self.inner.disk {
            disk.flush();
        }
    }
}

impl fmt::Debug for EmbeddingService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingService")
            .field("providers", &self.info())
            .field("load", &self.load())
            .finish()
    }
}

/// One provider of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderInfo {
    /// Its name.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Components of its vectors, once they are known.
    pub dimensions: Option<usize>,
    /// Where its vectors lie, once that is known.
    pub space: Option<Arc<Space>>,
    /// Its circuit.
    pub circuit: Circuit,
    /// Requests under way.
    pub in_flight: usize,
    /// US dollars for a thousand tokens.
    pub price_per_1k_tokens: f64,
}

/// A call under way. Dropping it cancels the call.
#[derive(Debug)]
#[must_use]
pub struct Call {
    inner: Weak<Inner>,
    id: u64,
    is_detached: bool,
}

impl Call {
    /// Lets the call go on without this handle.
    pub fn detach(mut self) {
        self.is_detached = true;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(inner) = self.inner.upgrade().filter(|_| !self.is_detached) else { return };
        // A call that has ended is not known any more, and then nothing is done.
        if lock(&inner.waiting).remove(&self.id).is_some() {
            inner.core().cancel(inner.runtime.now(), self.id);
            inner.pump();
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

impl Inner {
    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }

    /// Brings vectors from disk into memory, where the state machine looks for them.
    #[cfg(not(target_arch = "wasm32"))]
    fn warm(&self, now: Now, texts: &[Prepared], form: Form) {
        let (Some(disk), Some(memory)) = (&self.disk, &self.memory) else { return };
        let Some(space) = self.providers[0].space() else { return };
        let mut hits = 0;
        for prepared in texts {
            let key = CacheKey::of_digest(space.id(), form, &prepared.digest);
            if memory.contains(&key) {
                continue;
            }
            if let Some(vector) =
                disk.find(&key, now.unix).filter(|vector| vector.len() == space.dimensions())
            {
                memory.insert(key, vector, now.unix);
                hits += 1;
            }
        }
        if hits > 0 {
            self.core().count_disk_hits(hits);
        }
    }

    #[cfg(target_arch = "wasm32")]
    #[expect(clippy::unused_self, reason = "there is no disk")]
    fn warm(&self, _now: Now, _texts: &[Prepared], _form: Form) {}

    /// Does what the state machine asks for.
    fn pump(self: &Arc<Self>) {
        let mut done = Vec::new();
        let wake;
        {
            let mut running = lock(&self.running);
            let effects = {
                let mut core = self.core();
                wake = core.next_wake();
                core.take_effects()
            };
            for effect in effects {
                match effect {
                    Effect::Send { attempt, lane, request } => {
                        let provider = Arc::clone(&self.providers[lane]);
                        let task = send(Arc::downgrade(self), provider, attempt, request);
                        running.insert(attempt, self.runtime.spawn(Box::pin(task)));
                    }
                    Effect::Abort { attempt } => {
                        if let Some(task) = running.remove(&attempt) {
                            task.abort();
                        }
                    }
                    Effect::Complete { call, outcomes } => {
                        done.extend(
                            lock(&self.waiting).remove(&call).map(|completion| (completion, outcomes)),
                        );
                    }
                    Effect::Store { key, embedding } => self.store(key, embedding),
                }
            }
        }
        self.arm(wake);
        for (completion, outcomes) in done {
            completion(outcomes);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn store(&self, key: CacheKey, embedding: Embedding) {
        if let Some(disk) = &self.disk {
            disk.insert(key, embedding, self.runtime.now().unix);
        }
    }

    #[cfg(target_arch = "wasm32")]
    #[expect(clippy::unused_self, reason = "there is no disk")]
    fn store(&self, _key: CacheKey, _embedding: Embedding) {}

    /// Sees to it that the state machine is woken in time.
    fn arm(self: &Arc<Self>, wake: Option<Duration>) {
        let mut timer = lock(&self.timer);
        let Some(at) = wake else {
            // A host's timer would keep its program from ending; natively it costs less to let it ring.
            if cfg!(target_arch = "wasm32")
                && let Some((_, task)) = timer.take()
            {
                task.abort();
            }
            return;
        };
        match &*timer {
            // It may ring too early, which does no harm.
            Some((armed, _)) if *armed <= at => return,
            Some((_, task)) => task.abort(),
            None => {}
        }
        let inner = Arc::downgrade(self);
        let sleep = self.runtime.sleep_until(at);
        let task = async move {
            sleep.await;
            if let Some(inner) = inner.upgrade() {
                inner.ring(at);
            }
        };
        *timer = Some((at, self.runtime.spawn(Box::pin(task))));
    }

    fn ring(self: &Arc<Self>, at: Duration) {
        lock(&self.timer).take_if(|(armed, _)| *armed == at);
        let (now, random) = (self.runtime.now(), self.runtime.random());
        self.core().tick(now, random);
        self.pump();
    }

    fn finish(self: &Arc<Self>, attempt: u64, answer: Result<Reply, Failure>) {
        let (now, random) = (self.runtime.now(), self.runtime.random());
        self.core().finish(now, attempt, answer, random);
        lock(&self.running).remove(&attempt);
        self.pump();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in lock(&self.running).values() {
            task.abort();
        }
        if let Some((_, task)) = lock(&self.timer).take() {
            task.abort();
        }
    }
}

/// One request, from provider to state machine.
async fn send(inner: Weak<Inner>, provider: Arc<dyn EmbeddingProvider>, attempt: u64, request: EmbedRequest) {
    let span = tracing::debug_span!(
        "embedding_request",
        provider = provider.name(),
        model = provider.model(),
        texts = request.texts.len(),
        retry = request.retry,
    );
    let (texts, retry) = (request.texts.len(), request.retry);
    let started = inner.upgrade().map(|inner| inner.runtime.now().monotonic);
    let answer = provider.embed(request).instrument(span.clone()).await;
    match &answer {
        Ok(reply) => tracing::debug!(parent: &span, tokens = reply.tokens, "answered"),
        Err(failure) => tracing::debug!(
            parent: &span,
            class = failure.class.name(),
            problem = failure.problem.text(),
            status = failure.status,
            "failed"
        ),
    }
    let Some(inner) = inner.upgrade() else { return };
    if let Some(observer) = &inner.observer {
        observer(&RequestEvent {
            provider: provider.name(),
            model: provider.model(),
            texts,
            retry,
            time: inner.runtime.now().monotonic.saturating_sub(started.unwrap_or_default()),
            end: answer.as_ref().map_or_else(|failure| End::Failure(failure.class), |_| End::Success),
            tokens: answer.as_ref().ok().and_then(|reply| reply.tokens),
        });
    }
    inner.finish(attempt, answer);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes guard is whole between statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
