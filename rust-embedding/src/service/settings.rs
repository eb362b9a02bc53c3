//! What is set for a service and for each of its providers.

use std::time::Duration;

use serde::Deserialize;

use crate::service::gate::GateSettings;
use crate::service::retry::RetryPolicy;

/// Where a text goes whose provider failed (contract 7.4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum FallbackPolicy {
    /// To the providers behind it in the same embedding space.
    #[default]
    Compatible,
    /// To all behind it, in order; what comes from another than the first is marked.
    Any,
    /// Nowhere.
    None,
}

/// What is set for a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceSettings {
    /// Where a text goes whose provider failed.
    pub fallback: FallbackPolicy,
    /// Texts that may wait or be under way; a call that would exceed it is refused whole.
    pub max_waiting_texts: usize,
    /// Bytes that waiting texts may have together.
    pub max_waiting_bytes: usize,
    /// Bytes that one text may have.
    pub max_text_bytes: usize,
    /// Whether texts are trimmed and their white space is collapsed before anything else, so that texts that differ in
    /// nothing else share a request and a place in the cache. The vector is then that of the text so changed.
    pub normalizes_text: bool,
    /// Whether a vector of another length than the provider's space is taken as it is, in the space of that length, as
    /// the replaced service did. It is counted as a mismatch either way.
    pub takes_any_length: bool,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            fallback: FallbackPolicy::Compatible,
            max_waiting_texts: 1_000_000,
            max_waiting_bytes: 1 << 30,
            max_text_bytes: 16 << 20,
            normalizes_text: false,
            takes_any_length: false,
        }
    }
}

/// What is set for one provider of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneSettings {
    /// Requests under way at a time, at least 1.
    pub max_in_flight: usize,
    /// How long one answer may take, connecting included.
    pub attempt_timeout: Duration,
    /// How long answers and the delays between repetitions may take together. Waiting for a slot does not count.
    pub overall_timeout: Duration,
    /// When requests are repeated.
    pub retry: RetryPolicy,
    /// Circuit and rates.
    pub gate: GateSettings,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            max_in_flight: 32,
            attempt_timeout: Duration::from_secs(60),
            overall_timeout: Duration::from_secs(600),
            retry: RetryPolicy::default(),
            gate: GateSettings::default(),
        }
    }
}
