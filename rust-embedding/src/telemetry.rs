//! What a service counts (contract 7.6): by provider, model and outcome, with latency sketches that merge. Neither texts nor
//! keys come near it.

mod prometheus;
mod sketch;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::embedding::Embedding;
use crate::error::{EmbeddingError, ErrorClass};
use crate::provider::Reply;

pub use sketch::Sketch;

/// How a text ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum End {
    /// With a vector.
    Success,
    /// With a failure of this class.
    Failure(ErrorClass),
    /// With a vector of another length than its space.
    Mismatch,
    /// With another error.
    Other,
}

impl End {
    /// How a result counts.
    #[must_use]
    pub fn of(result: &Result<Embedding, EmbeddingError>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(EmbeddingError::DimensionMismatch { .. }) => Self::Mismatch,
            Err(error) => error.class().map_or(Self::Other, Self::Failure),
        }
    }

    /// The label in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure(class) => class.name(),
            Self::Mismatch => "dimension-mismatch",
            Self::Other => "other",
        }
    }
}

/// Everything a service counted since it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telemetry {
    /// By provider, in the service's order.
    pub lanes: Vec<LaneTelemetry>,
    /// Texts found in the cache.
    pub cache_hits: u64,
    /// Texts looked for in the cache and not found.
    pub cache_misses: u64,
    /// Of the hits, those that came from disk.
    pub cache_disk_hits: u64,
    /// Texts that joined a request under way for an equal one.
    pub coalesced: u64,
    /// Calls whose caller went away.
    pub cancelled: u64,
    /// Texts whose caller's deadline passed.
    pub expired: u64,
    /// Calls refused because too much waited.
    pub overloaded: u64,
    /// Answers that came after they had been given up.
    pub late: u64,
}

/// What was counted at one provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneTelemetry {
    /// The provider's name.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// Texts by how they ended here.
    pub ends: BTreeMap<End, u64>,
    /// Requests by how they ended; one may hold many texts.
    pub requests: BTreeMap<End, u64>,
    /// Requests sent, repetitions included.
    pub attempts: u64,
    /// Repetitions among them.
    pub retries: u64,
    /// Requests given up because nobody waited any more.
    pub abandoned: u64,
    /// Texts sent, repetitions included.
    pub texts_sent: u64,
    /// Refused requests that were divided.
    pub splits: u64,
    /// Texts that went on to another provider.
    pub fallbacks: u64,
    /// Vectors of another length than the space.
    pub mismatches: u64,
    /// Times that rates or a cooldown held requests back.
    pub paused: u64,
    /// Tokens sent, as counted here.
    pub tokens_counted: u64,
    /// Tokens that the provider reports.
    pub tokens_reported: u64,
    /// US dollars, from reported tokens where there are some, else from our count.
    pub cost: f64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Waiting for a slot, per request.
    pub queue_time: Sketch,
    /// Waiting for a connection to be made, per request that did.
    pub connect_time: Sketch,
    /// Waiting for the provider, per request.
    pub provider_time: Sketch,
    /// Waiting between repetitions, in all.
    pub retry_time: Duration,
    /// From acceptance to result, per text.
    pub total_time: Sketch,
}

impl Telemetry {
    /// Nothing counted yet at providers of these names and models.
    #[must_use]
    pub fn new(lanes: Vec<(String, String)>) -> Self {
        let lane = |(provider, model)| LaneTelemetry { provider, model, ..LaneTelemetry::default() };
        Self { lanes: lanes.into_iter().map(lane).collect(), ..Self::default() }
    }

    /// Adds what another service counted; providers are matched by name and model.
    pub fn merge(&mut self, other: &Self) {
        for lane in &other.lanes {
            let same =
                |known: &&mut LaneTelemetry| known.provider == lane.provider && known.model == lane.model;
            match self.lanes.iter_mut().find(same) {
                Some(known) => known.merge(lane),
                None => self.lanes.push(lane.clone()),
            }
        }
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        self.cache_disk_hits += other.cache_disk_hits;
        self.coalesced += other.coalesced;
        self.cancelled += other.cancelled;
        self.expired += other.expired;
        self.overloaded += other.overloaded;
        self.late += other.late;
    }

    /// The Prometheus text format, version 0.0.4.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        prometheus::render(self)
    }
}

impl LaneTelemetry {
    pub(crate) fn sent(&mut self, is_retry: bool, texts: usize, tokens: u64, waited: Duration) {
        self.attempts += 1;
        self.retries += u64::from(is_retry);
        self.texts_sent += texts as u64;
        self.tokens_counted += tokens;
        self.queue_time.add(waited);
    }

    pub(crate) fn connected(&mut self, took: Duration) {
        if !took.is_zero() {
            self.connect_time.add(took);
        }
    }

    pub(crate) fn answered(&mut self, took: Duration, reply: &Reply, tokens: u64, price_per_1k_tokens: f64) {
        *self.requests.entry(End::Success).or_default() += 1;
        self.provider_time.add(took);
        self.bytes_sent += reply.bytes_sent;
        self.bytes_received += reply.bytes_received;
        self.tokens_reported += reply.tokens.unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 tokens")]
        let tokens = reply.tokens.unwrap_or(tokens) as f64;
        self.cost += tokens / 1000.0 * price_per_1k_tokens;
    }

    pub(crate) fn refused(&mut self, took: Duration, class: ErrorClass) {
        *self.requests.entry(End::Failure(class)).or_default() += 1;
        self.provider_time.add(took);
    }

    pub(crate) fn abandoned(&mut self, took: Duration) {
        self.abandoned += 1;
        self.provider_time.add(took);
    }

    pub(crate) fn ended(&mut self, end: End, total: Duration) {
        *self.ends.entry(end).or_default() += 1;
        self.total_time.add(total);
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.ends, &other.ends), (&mut self.requests, &other.requests)] {
            for (end, count) in theirs {
                *mine.entry(*end).or_default() += count;
            }
        }
        self.attempts += other.attempts;
        self.retries += other.retries;
        self.abandoned += other.abandoned;
        self.texts_sent += other.texts_sent;
        self.splits += other.splits;
        self.fallbacks += other.fallbacks;
        self.mismatches += other.mismatches;
        self.paused += other.paused;
        self.tokens_counted += other.tokens_counted;
        self.tokens_reported += other.tokens_reported;
        self.cost += other.cost;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.queue_time.merge(&other.queue_time);
        self.connect_time.merge(&other.connect_time);
        self.provider_time.merge(&other.provider_time);
        self.retry_time += other.retry_time;
        self.total_time.merge(&other.total_time);
    }
}
