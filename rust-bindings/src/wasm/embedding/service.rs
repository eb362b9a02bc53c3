//! The service: the state machine of the domain on the host's clock, timers and `fetch`. What JavaScript sees of it is made in
//! `typescript/embedding/service.js`.
#![expect(
    clippy::arc_with_non_send_sync,
    reason = "the domain has one kind of pointer on every target; a host has one thread"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::cache::MemoryStats;
use chrysalis_embedding::config::{ProviderKind, ServiceConfig};
use chrysalis_embedding::model::to_provider;
use chrysalis_embedding::port::Runtime;
use chrysalis_embedding::provider::{EmbeddingProvider, Form, Transport};
use chrysalis_embedding::service::{self, Call, Outcome, RequestEvent, Source};
use chrysalis_embedding::space::{Space, SpaceFields};
use chrysalis_embedding::telemetry::{End, LaneTelemetry, Sketch, Telemetry};
use chrysalis_embedding::{CallOptions, EmbeddingError, LaneSettings, Normalisation, ProviderConfig};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::model::LocalModel;
use super::runtime::HostRuntime;
use super::transport::{HostProvider, HostTransport, to_array};
use crate::convert::{self, object};
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// What a service is made of.
#[wasm_bindgen(skip_typescript)]
pub struct ServiceBuilder(RefCell<Option<Parts>>);

struct Parts {
    config: ServiceConfig,
    providers: Vec<(Arc<dyn EmbeddingProvider>, LaneSettings)>,
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
}

#[wasm_bindgen]
impl ServiceBuilder {
    /// A service without providers, of settings as JSON, whose requests the function `transport` carries.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: JsValue, transport: JsValue) -> Result<ServiceBuilder> {
        let config = ServiceConfig::from_json(&convert::text(&settings, "settings")?)?;
        if !config.providers.is_empty() || config.disk_cache.is_some() {
            return Err(EmbeddingError::InvalidConfig("a cache on disk is for native programs").into());
        }
        let transport = to_function(transport, "transport")?;
        Ok(Self(RefCell::new(Some(Parts {
            config,
            providers: Vec::new(),
            transport: Arc::new(HostTransport(transport)),
            runtime: Arc::new(HostRuntime),
        }))))
    }

    /// A provider of a server, from JSON; what is absent there may be in `environment`, an object of strings.
    #[wasm_bindgen(js_name = addRemote)]
    pub fn add_remote(&self, config: JsValue, environment: JsValue) -> Result<()> {
        // There is a key in it.
        scrubbed(|| {
            let mut config = to_config(&config)?;
            if !environment.is_undefined() {
                config.fill_from(&|name| Reflect::get(&environment, &name.into()).ok()?.as_string())?;
            }
            self.add(|parts| {
                let provider = config.to_provider(
                    &parts.transport,
                    &parts.runtime,
                    parts.config.error_classification,
                )?;
                Ok((provider, config.to_lane()?))
            })
        })
    }

    /// A model in this thread; limits as JSON.
    #[wasm_bindgen(js_name = addLocal)]
    pub fn add_local(&self, model: &LocalModel, limits: JsValue) -> Result<()> {
        let provider: Arc<dyn EmbeddingProvider> =
            Arc::new(to_provider(Arc::clone(&model.0), NonZero::<usize>::MIN)?);
        self.add(|_| Ok((provider, to_lane(&limits)?)))
    }

    /// A provider of the caller's, of the space with these canonical bytes; limits as JSON.
    #[wasm_bindgen(js_name = addHost)]
    pub fn add_host(
        &self,
        space: JsValue,
        texts_per_request: JsValue,
        embed: JsValue,
        limits: JsValue,
    ) -> Result<()> {
        let space = Space::from_bytes(&convert::bytes(&space, "space")?)?;
        let texts_per_request = convert::integer(&texts_per_request, "textsPerRequest")? as usize;
        let embed = to_function(embed, "embed")?;
        let provider = HostProvider { space: Arc::new(space), texts_per_request, embed };
        self.add(|_| Ok((Arc::new(provider), to_lane(&limits)?)))
    }

    /// The service. `observer` is told of every request that has ended.
    pub fn build(&self, observer: JsValue) -> Result<EmbeddingService> {
        let parts = self.0.borrow_mut().take().ok_or_else(built)?;
        let mut builder = parts.config.to_builder(&parts.transport, &parts.runtime)?;
        let names = parts
            .providers
            .iter()
            .map(|(provider, _)| Name { provider: provider.name().into(), model: provider.model().into() });
        let names = names.collect();
        for (provider, lane) in parts.providers {
            builder = builder.provider(provider, lane);
        }
        if !observer.is_undefined() {
            let observer = to_function(observer, "onRequest")?;
            builder = builder.observer(Arc::new(move |event| {
                // What an observer throws does not concern the request.
                let _ = observer.call1(&JsValue::UNDEFINED, &to_event(event));
            }));
        }
        Ok(EmbeddingService { service: builder.build(parts.runtime)?, names })
    }

    fn add(
        &self,
        make: impl FnOnce(&Parts) -> Result<(Arc<dyn EmbeddingProvider>, LaneSettings)>,
    ) -> Result<()> {
        let mut parts = self.0.borrow_mut();
        let parts = parts.as_mut().ok_or_else(built)?;
        let provider = make(parts)?;
        parts.providers.push(provider);
        Ok(())
    }
}

fn built() -> Thrown {
    Thrown::argument("builder", "must not have built a service already")
}

/// The canonical bytes of the space of a caller's provider.
#[wasm_bindgen(js_name = spaceBytes, skip_typescript)]
pub fn space_bytes(fields: JsValue) -> Result<js_sys::Uint8Array> {
    let text = |name: &str, default: &str| match convert::option(&fields, name)? {
        None => Ok(default.to_owned()),
        Some(value) => convert::text(&value, name),
    };
    let space = Space::new(SpaceFields {
        provider: text("name", "custom")?,
        model: text("model", "default")?,
        weights: None,
        dimensions: convert::number(&fields, "dimensions", 0)? as usize,
        engine: "host".to_owned(),
        preprocessing: text("preprocessing", "")?,
        normalisation: Normalisation::AsGiven,
    })?;
    Ok(js_sys::Uint8Array::from(space.to_bytes().as_slice()))
}

/// The service, under its bare methods; the promises over them are the package's.
#[wasm_bindgen(skip_typescript)]
pub struct EmbeddingService {
    service: service::EmbeddingService,
    names: Vec<Name>,
}

#[derive(Clone)]
struct Name {
    provider: JsValue,
    model: JsValue,
}

#[wasm_bindgen]
impl EmbeddingService {
    /// Starts a call; `done` is called once with an array of outcomes.
    pub fn start(&self, texts: JsValue, options: JsValue, done: JsValue) -> Result<EmbeddingCall> {
        let texts = convert::texts(&texts, "texts")?;
        let form = match convert::option(&options, "form")? {
            None => Form::Document,
            Some(form) => match convert::text(&form, "form")?.as_str() {
                "document" => Form::Document,
                "query" => Form::Query,
                _ => return Err(Thrown::argument("form", "must be 'document' or 'query'")),
            },
        };
        let deadline = match convert::float(&options, "deadline")? {
            None => None,
            Some(seconds) => Some(
                Duration::try_from_secs_f64(seconds)
                    .map_err(|_| Thrown::argument("deadline", "must be a number of seconds"))?,
            ),
        };
        let options = CallOptions { form, is_batch: convert::flag(&options, "isBatch", false)?, deadline };
        let done = to_function(done, "done")?;
        let names = self.names.clone();
        let completion = move |outcomes: Vec<Outcome>| {
            let outcomes: Array = outcomes.into_iter().map(|outcome| to_outcome(outcome, &names)).collect();
            // The function is the package's own.
            let _ = done.call1(&JsValue::UNDEFINED, &outcomes);
        };
        let call = self.service.start(&texts, options, Box::new(completion))?;
        Ok(EmbeddingCall(RefCell::new(Some(call))))
    }

    /// The providers in order and how they are.
    #[wasm_bindgen(js_name = providers)]
    pub fn providers(&self) -> Array {
        let describe = |info: service::ProviderInfo| {
            object(&[
                ("provider", info.provider.into()),
                ("model", info.model.into()),
                ("dimensions", info.dimensions.map_or(JsValue::NULL, JsValue::from)),
                ("circuit", info.circuit.name().into()),
                ("inFlight", info.in_flight.into()),
                ("pricePer1kTokens", info.price_per_1k_tokens.into()),
            ])
        };
        self.service.info().into_iter().map(describe).collect()
    }

    /// A copy of everything that was counted.
    pub fn telemetry(&self) -> Object {
        to_telemetry(&self.service.telemetry())
    }

    /// What was counted, in the text format of Prometheus.
    #[wasm_bindgen(js_name = toPrometheus)]
    pub fn to_prometheus(&self) -> String {
        self.service.telemetry().to_prometheus()
    }

    /// What is under way.
    pub fn load(&self) -> Object {
        let load = self.service.load();
        object(&[
            ("calls", load.calls.into()),
            ("texts", load.texts.into()),
            ("requests", load.requests.into()),
        ])
    }

    /// What the cache did and holds; `null` without one.
    #[wasm_bindgen(js_name = cacheStats)]
    pub fn cache_stats(&self) -> JsValue {
        let Some(stats) = self.service.cache_stats() else { return JsValue::NULL };
        let MemoryStats { entries, bytes, hits, misses, evictions, expired } = stats;
        object(&[
            ("entries", entries.into()),
            ("bytes", bytes.into()),
            ("hits", count(hits)),
            ("misses", count(misses)),
            ("evictions", count(evictions)),
            ("expired", count(expired)),
        ])
        .into()
    }

    /// Forgets all cached vectors.
    #[wasm_bindgen(js_name = clearCache)]
    pub fn clear_cache(&self) {
        self.service.clear_cache();
    }

    /// The price of a text in US dollars, by words.
    #[wasm_bindgen(js_name = estimateCost)]
    pub fn estimate_cost(&self, text: JsValue) -> Result<f64> {
        Ok(self.service.estimate_cost(&convert::text(&text, "text")?))
    }

    /// Ends everything.
    pub fn close(&self) {
        self.service.close();
    }
}

/// A call under way.
#[wasm_bindgen(skip_typescript)]
pub struct EmbeddingCall(RefCell<Option<Call>>);

#[wasm_bindgen]
impl EmbeddingCall {
    /// Gives up what nobody else waits for; nothing where the call has ended.
    pub fn cancel(&self) {
        let call = self.0.borrow_mut().take();
        drop(call);
    }
}

/// Any further configuration of a provider is refused by the domain.
fn to_config(json: &JsValue) -> Result<ProviderConfig> {
    serde_json::from_str(&convert::text(json, "config")?)
        .map_err(|_| EmbeddingError::InvalidConfig("not a configuration of a provider").into())
}

/// Limits are those of a provider's configuration, whose other fields are not there.
fn to_lane(limits: &JsValue) -> Result<LaneSettings> {
    let config = to_config(limits)?;
    debug_assert_eq!(config.provider, ProviderKind::Deterministic);
    Ok(config.to_lane()?)
}

fn to_function(value: JsValue, name: &str) -> Result<Function> {
    value.dyn_into().map_err(|_| Thrown::argument(name, "must be a function"))
}

fn to_outcome(outcome: Outcome, names: &[Name]) -> JsValue {
    let source = match outcome.source {
        Source::Request => "request",
        Source::Shared => "shared",
        Source::Cache => "cache",
        Source::None => "none",
    };
    let name = outcome.provider.and_then(|place| names.get(place));
    let fields = object(&[
        ("source", source.into()),
        ("provider", name.map_or(JsValue::NULL, |name| name.provider.clone())),
        ("model", name.map_or(JsValue::NULL, |name| name.model.clone())),
        ("attempts", outcome.attempts.into()),
        ("queueMs", to_ms(outcome.queue_time)),
        ("providerMs", to_ms(outcome.provider_time)),
        ("retryMs", to_ms(outcome.retry_time)),
    ]);
    let set = |name: &str, value: &JsValue| {
        Reflect::set(&fields, &name.into(), value)
            .expect("a plain object that was just made accepts any property")
    };
    match outcome.result {
        Ok(embedding) => {
            set("vector", &to_array(embedding.as_slice()));
            set("spaceId", &embedding.space().id().to_string().into());
            set("isFallback", &embedding.is_fallback().into());
        }
        Err(error) => {
            set("error", &Thrown::from(error).into());
        }
    }
    fields.into()
}

fn to_event(event: &RequestEvent<'_>) -> JsValue {
    object(&[
        ("provider", event.provider.into()),
        ("model", event.model.into()),
        ("texts", event.texts.into()),
        ("retry", event.retry.into()),
        ("ms", to_ms(event.time)),
        ("end", event.end.name().into()),
        ("tokens", event.tokens.map_or(JsValue::NULL, count)),
    ])
    .into()
}

fn to_telemetry(telemetry: &Telemetry) -> Object {
    let lanes: Array = telemetry.lanes.iter().map(to_lane_telemetry).collect();
    object(&[
        ("providers", lanes.into()),
        ("cacheHits", count(telemetry.cache_hits)),
        ("cacheMisses", count(telemetry.cache_misses)),
        ("coalesced", count(telemetry.coalesced)),
        ("cancelled", count(telemetry.cancelled)),
        ("expired", count(telemetry.expired)),
        ("overloaded", count(telemetry.overloaded)),
        ("late", count(telemetry.late)),
    ])
}

fn to_lane_telemetry(lane: &LaneTelemetry) -> Object {
    let ends = |ends: &BTreeMap<End, u64>| {
        let fields: Vec<_> = ends.iter().map(|(end, number)| (end.name(), count(*number))).collect();
        JsValue::from(object(&fields))
    };
    object(&[
        ("provider", lane.provider.as_str().into()),
        ("model", lane.model.as_str().into()),
        ("ends", ends(&lane.ends)),
        ("requests", ends(&lane.requests)),
        ("attempts", count(lane.attempts)),
        ("retries", count(lane.retries)),
        ("abandoned", count(lane.abandoned)),
        ("textsSent", count(lane.texts_sent)),
        ("splits", count(lane.splits)),
        ("fallbacks", count(lane.fallbacks)),
        ("mismatches", count(lane.mismatches)),
        ("paused", count(lane.paused)),
        ("tokensCounted", count(lane.tokens_counted)),
        ("tokensReported", count(lane.tokens_reported)),
        ("cost", lane.cost.into()),
        ("bytesSent", count(lane.bytes_sent)),
        ("bytesReceived", count(lane.bytes_received)),
        ("queueTime", to_sketch(&lane.queue_time)),
        ("providerTime", to_sketch(&lane.provider_time)),
        ("retryMs", to_ms(lane.retry_time)),
        ("totalTime", to_sketch(&lane.total_time)),
    ])
}

fn to_sketch(sketch: &Sketch) -> JsValue {
    let at = |part| to_ms(sketch.quantile(part));
    object(&[("count", count(sketch.count())), ("p50Ms", at(0.5)), ("p95Ms", at(0.95)), ("p99Ms", at(0.99))])
        .into()
}

fn to_ms(time: Duration) -> JsValue {
    (time.as_secs_f64() * 1000.0).into()
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 of anything")]
fn count(count: u64) -> JsValue {
    (count as f64).into()
}
