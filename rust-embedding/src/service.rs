//! The service: any number of callers over one or more providers.

pub mod core;
pub mod driver;
pub mod gate;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod outcome;
mod queue;
pub mod retry;
pub mod settings;

pub use driver::{Call, Completion, EmbeddingService, Observer, ProviderInfo, RequestEvent, ServiceBuilder};
pub use gate::{Circuit, GateSettings};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{BlockingService, PendingCall, TokioRuntime};
pub use outcome::{CallOptions, Outcome, Prepared, Source};
pub use retry::RetryPolicy;
pub use settings::{FallbackPolicy, LaneSettings, ServiceSettings};
