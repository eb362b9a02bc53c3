//! Fallback, cancellation, deadlines, all providers over sockets, and callers that block.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use chrysalis_embedding::port::{BoxFuture, Runtime};
use chrysalis_embedding::provider::deterministic::deterministic;
use chrysalis_embedding::provider::headers::Headers;
use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::{HttpProvider, HttpRequest, HttpResponse, Transport, TransportError};
use chrysalis_embedding::service::{BlockingService, Source, TokioRuntime};
use chrysalis_embedding::testing::{DrivenRuntime, ScriptedServer, Seen, Step, answers};
use chrysalis_embedding::{
    CallOptions, EmbeddingError, EmbeddingService, ErrorClass, FallbackPolicy, LaneSettings, ServiceBuilder,
    ServiceConfig, ServiceSettings,
};
use common::{DIMENSIONS, KEY, driven, openai, openai_settings};
use serde_json::json;

fn good(seen: &Seen) -> Vec<Step> {
    vec![answers::openai(seen, DIMENSIONS)]
}

fn refusing(_: &Seen) -> Vec<Step> {
    vec![answers::error(401, &[], "invalid_api_key", "no")]
}

fn service(
    runtime: &Arc<DrivenRuntime>,
    fallback: FallbackPolicy,
    providers: Vec<Arc<dyn chrysalis_embedding::EmbeddingProvider>>,
) -> EmbeddingService {
    let mut builder = ServiceBuilder::new(ServiceSettings { fallback, ..ServiceSettings::default() });
    for provider in providers {
        builder = builder.provider(provider, LaneSettings::default());
    }
    builder.build(runtime.clone()).unwrap()
}

/// Contract 7.4: only the same space unless said otherwise; what comes from elsewhere is marked.
#[tokio::test]
async fn falling_back_goes_where_the_policy_says() {
    let (bad, fine) = (ScriptedServer::start(refusing).unwrap(), ScriptedServer::start(good).unwrap());
    let runtime = driven();
    let hash = || Arc::new(deterministic(DIMENSIONS).unwrap());
    let all = || -> Vec<Arc<dyn chrysalis_embedding::EmbeddingProvider>> {
        vec![openai(&bad, runtime.clone()), hash(), openai(&fine, runtime.clone())]
    };
    // The hash vectors are skipped: they have the length, but not the space.
    let compatible = service(&runtime, FallbackPolicy::Compatible, all());
    let embedding = runtime.run(compatible.embed("a")).await.unwrap();
    assert_eq!(embedding.as_slice(), answers::vector_of("a", DIMENSIONS));
    assert!(embedding.is_fallback());
    assert_eq!(embedding.space().fields().provider, "openai");
    assert_eq!(compatible.telemetry().lanes[0].fallbacks, 1);

    let any = service(&runtime, FallbackPolicy::Any, all());
    let embedding = runtime.run(any.embed("a")).await.unwrap();
    assert_eq!(
        (embedding.space().fields().provider.as_str(), embedding.is_fallback()),
        ("deterministic", true)
    );
    let real = runtime.run(compatible.embed("a")).await.unwrap();
    assert_eq!(embedding.cosine(&real), Err(EmbeddingError::SpaceMismatch));

    let none = service(&runtime, FallbackPolicy::None, all());
    let error = runtime.run(none.embed("a")).await.unwrap_err();
    assert_eq!(error.class(), Some(ErrorClass::Authentication));

    // All failed: the last one's error.
    let both = service(
        &runtime,
        FallbackPolicy::Any,
        vec![openai(&fine, runtime.clone()), openai(&bad, runtime.clone())],
    );
    assert!(runtime.run(both.embed("a")).await.is_ok());
    let both = vec![openai(&bad, runtime.clone()), openai(&bad, runtime.clone())];
    let both = service(&runtime, FallbackPolicy::Any, both);
    assert_eq!(runtime.run(both.embed("a")).await.unwrap_err().code(), "embedding/authentication");
}

/// A mismatch goes to the fallbacks, or is taken as it is where that is asked for (contract 1.4, 1.7).
#[tokio::test]
async fn another_length_is_refused_or_taken() {
    let server = ScriptedServer::start(|seen| vec![answers::openai(seen, 15)]).unwrap();
    let runtime = driven();
    let strict = vec![openai(&server, runtime.clone()), Arc::new(deterministic(4).unwrap()) as _];
    let strict = service(&runtime, FallbackPolicy::Any, strict);
    assert_eq!(runtime.run(strict.embed("a")).await.unwrap().dimensions(), 4);
    let settings = ServiceSettings { takes_any_length: true, ..ServiceSettings::default() };
    let lenient = ServiceBuilder::new(settings)
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    let embedding = runtime.run(lenient.embed("a")).await.unwrap();
    assert_eq!((embedding.dimensions(), embedding.space().dimensions()), (15, 15));
    assert_eq!(lenient.telemetry().lanes[0].mismatches, 1);
}

#[tokio::test]
async fn dropping_the_caller_ends_the_request() {
    let server = Arc::new(ScriptedServer::start(|_| vec![Step::Hang]).unwrap());
    let runtime = driven();
    let service = service(&runtime, FallbackPolicy::None, vec![openai(&server, runtime.clone())]);
    let (first, second) = (service.clone(), service.clone());
    let first = tokio::spawn(async move { first.embed("a").await });
    let second = tokio::spawn(async move { second.embed("a").await });
    server.wait_for_requests(1).await;
    while service.telemetry().coalesced == 0 {
        tokio::task::yield_now().await;
    }
    // Another one waits for the same text: the request goes on.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(service.load().requests, 1);
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    assert_eq!(service.load(), Default::default());
    server.wait_for_silence().await;
    let telemetry = service.telemetry();
    assert_eq!((telemetry.cancelled, telemetry.lanes[0].abandoned), (2, 1));
}

#[tokio::test]
async fn dropping_the_service_ends_everything() {
    let server = ScriptedServer::start(|_| vec![Step::Hang]).unwrap();
    let runtime = driven();
    let service = service(&runtime, FallbackPolicy::None, vec![openai(&server, runtime.clone())]);
    let (sender, receiver) = mpsc::channel();
    let call = service.start(
        &["a"],
        CallOptions::default(),
        Box::new(move |outcomes| sender.send(outcomes).unwrap()),
    );
    let call = call.unwrap();
    server.wait_for_requests(1).await;
    drop(service);
    server.wait_for_silence().await;
    assert!(receiver.recv().is_err(), "nobody is told");
    drop(call);
}

#[tokio::test]
async fn closing_tells_everyone() {
    let server = ScriptedServer::start(|_| vec![Step::Hang]).unwrap();
    let runtime = driven();
    let service = service(&runtime, FallbackPolicy::None, vec![openai(&server, runtime.clone())]);
    let waiting = service.embed("a");
    let closing = async {
        server.wait_for_requests(1).await;
        service.close();
    };
    let (result, ()) = tokio::join!(waiting, closing);
    assert_eq!(result, Err(EmbeddingError::Closed));
    assert_eq!(service.embed("a").await, Err(EmbeddingError::Closed));
    server.wait_for_silence().await;
}

/// Part 6: waiting in our own queue is told apart from waiting for the provider.
#[tokio::test]
async fn a_deadline_says_where_the_time_went() {
    let server = Arc::new(ScriptedServer::start(|_| vec![Step::Hang]).unwrap());
    let runtime = driven();
    let settings = LaneSettings { max_in_flight: 1, ..LaneSettings::default() };
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), settings)
        .build(runtime.clone())
        .unwrap();
    let options = CallOptions { deadline: Some(Duration::from_secs(7)), ..CallOptions::default() };
    let (sent, queued) =
        (service.embed_batch_detailed(&["a"], options), service.embed_batch_detailed(&["b"], options));
    let moving = async {
        server.wait_for_requests(1).await;
        runtime.advance(Duration::from_secs(7));
    };
    let (sent, queued, ()) = runtime.run(async { tokio::join!(sent, queued, moving) }).await;
    assert_eq!(sent.unwrap()[0].result, Err(EmbeddingError::DeadlineExceeded));
    let waited = Duration::from_secs(7);
    assert_eq!(queued.unwrap()[0].result, Err(EmbeddingError::QueueTimeout { waited }));
    assert_eq!((service.load(), service.telemetry().expired), (Default::default(), 2));
}

/// Each provider's own shapes, from configuration to vectors (contract 1.5, 4.2, 4.6, 5).
#[tokio::test]
async fn every_provider_speaks_its_own_form() {
    let script = |seen: &Seen| {
        let texts = answers::texts_of(seen);
        let vectors: Vec<Vec<f32>> = texts.iter().map(|text| answers::vector_of(text, 4)).collect();
        let body = match seen.path.as_str() {
            "/embedding/text" => {
                json!({"embeddings": vectors, "usage": {"prompt_tokens": 3, "total_tokens": 3}})
            }
            "/embed" => json!({"data": [{"vector": vectors[0]}]}),
            "/api/embeddings" => json!({"embedding": vectors[0]}),
            "/pipeline/feature-extraction/owner/model" => {
                let tokens: Vec<_> = vectors.iter().map(|vector| [vector, vector]).collect();
                json!(tokens)
            }
            "/embeddings" => return vec![answers::openai(seen, 4)],
            _ => {
                return vec![Step::Answer {
                    status: 404,
                    headers: vec![],
                    body: b"404 page not found".to_vec(),
                }];
            }
        };
        vec![answers::reply(200, &[], &body)]
    };
    let server = ScriptedServer::start(script).unwrap();
    let base = server.base();
    let runtime: Arc<dyn Runtime> = driven();
    for (provider, paths) in [
        (
            json!({"provider": "nomic", "api_key": KEY, "base_url": base, "model": "m", "api_style": "atlas"}),
            ["/embedding/text"; 2],
        ),
        (json!({"provider": "nomic", "base_url": base, "model": "m"}), ["/embed"; 2]),
        (json!({"provider": "voyage", "base_url": base, "model": "m"}), ["/embeddings"; 2]),
        (json!({"provider": "ollama", "base_url": base, "model": "m"}), ["/api/embed", "/api/embeddings"]),
        (
            json!({"provider": "huggingface", "base_url": base, "model": "owner/model"}),
            ["/pipeline/feature-extraction/owner/model"; 2],
        ),
        (json!({"provider": "openai", "base_url": base, "model": "m"}), ["/embeddings"; 2]),
    ] {
        let before = server.seen().len();
        let text = json!({"providers": [provider], "ignores_proxies": true}).to_string();
        let service = ServiceConfig::from_json(&text).unwrap().to_service(Arc::clone(&runtime)).unwrap();
        let embeddings = service.embed_batch(&["one", "two", "three"]).await.unwrap();
        for (text, embedding) in ["one", "two", "three"].iter().zip(&embeddings) {
            assert_eq!(embedding.as_slice(), answers::vector_of(text, 4), "{paths:?}");
        }
        assert_eq!(service.info()[0].dimensions, Some(4), "learnt from the first answer");
        let seen = server.seen().split_off(before);
        assert_eq!((seen[0].path.as_str(), seen.last().unwrap().path.as_str()), (paths[0], paths[1]));
    }
}

/// Equal texts at the same time are one request, and each caller has the vector (contract 7.5).
#[tokio::test]
async fn equal_texts_share_a_request() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = driven();
    let service = service(&runtime, FallbackPolicy::None, vec![openai(&server, runtime.clone())]);
    let call = || service.embed_batch_detailed(&["a"], CallOptions::default());
    let (one, two, three) = runtime.run(async { tokio::join!(call(), call(), call()) }).await;
    let outcomes = [one.unwrap(), two.unwrap(), three.unwrap()];
    assert_eq!(
        outcomes.each_ref().map(|outcome| outcome[0].source),
        [Source::Request, Source::Shared, Source::Shared]
    );
    assert_eq!(server.requests(), 1);
}

/// Architecture 17: the local model is a directory, named by the configuration; what is missing is named, too.
#[tokio::test]
async fn a_local_model_is_a_provider() {
    let runtime: Arc<dyn Runtime> = TokioRuntime::current().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/toy-model");
    let config =
        |path: &str| json!({"providers": [{"provider": "local", "path": path, "threads": 1}]}).to_string();
    let service = ServiceConfig::from_json(&config(path)).unwrap().to_service(Arc::clone(&runtime)).unwrap();
    let embeddings = service.embed_batch(&["the kettle is on", "the kettle is off"]).await.unwrap();
    assert_eq!(embeddings[0].space().fields().engine, "int8-canonical-1");
    assert!(embeddings[0].space().fields().weights.is_some());
    assert_eq!(embeddings[0], service.embed("the kettle is on").await.unwrap(), "alone and in a batch");
    let too_long = "kettle ".repeat(10_000);
    let outcomes = service.embed_batch_detailed(&["a", &too_long], CallOptions::default()).await.unwrap();
    assert!(outcomes[0].result.is_ok());
    assert_eq!(outcomes[1].result.as_ref().unwrap_err().code(), "embedding/text-too-long");
    let missing = ServiceConfig::from_json(&config("/nowhere")).unwrap().to_service(runtime).unwrap_err();
    assert_eq!(missing.code(), "embedding/model");
    assert!(missing.to_string().contains("config.json"), "{missing}");
}

/// Contract 7.6: a callback for every request.
#[tokio::test]
async fn an_observer_hears_of_every_request() {
    let server = ScriptedServer::start(|seen| {
        if seen.number == 0 { vec![answers::error(503, &[], "down", "no")] } else { good(seen) }
    })
    .unwrap();
    let runtime = driven();
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .observer(Arc::new(move |event| {
            listener.lock().unwrap().push((
                event.provider.to_owned(),
                event.texts,
                event.retry,
                event.end.name(),
                event.tokens,
            ));
        }))
        .build(runtime.clone())
        .unwrap();
    runtime.run(service.embed_batch(&["one", "two words"])).await.unwrap();
    let expected =
        [("openai".to_owned(), 2, 0, "network", None), ("openai".to_owned(), 2, 1, "success", Some(3))];
    assert_eq!(*heard.lock().unwrap(), expected);
}

/// Contract 1.4 and 7.7.
#[tokio::test]
async fn costs_are_estimated_counted_and_reconciled() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime: Arc<dyn Runtime> = driven();
    let text = json!({"providers": [{"provider": "openai", "base_url": server.base(), "dimensions": DIMENSIONS}], "ignores_proxies": true});
    let service = ServiceConfig::from_json(&text.to_string()).unwrap().to_service(runtime).unwrap();
    assert_eq!(service.estimate_cost("one two three").to_bits(), 5.07e-07_f64.to_bits());
    // Three tokens of cl100k_base.
    assert!((service.estimate_cost_exact("one two three").unwrap() - 3.0 / 1000.0 * 0.00013).abs() < 1e-18);
    assert_eq!(service.info()[0].price_per_1k_tokens, 0.00013);
    // Whose tokens are not known has no exact price; what is free has.
    for (provider, exact) in [
        (json!({"provider": "openai", "model": "theirs", "base_url": server.base()}), None),
        (json!({"provider": "voyage", "api_key": "k"}), None),
        (json!({"provider": "deterministic"}), Some(0.0)),
    ] {
        let text = json!({"providers": [provider]}).to_string();
        let service = ServiceConfig::from_json(&text).unwrap().to_service(driven()).unwrap();
        assert_eq!(service.estimate_cost_exact("one two three"), exact);
    }
    service.embed("one two three").await.unwrap();
    let lane = &service.telemetry().lanes[0];
    // The scripted server counts words.
    assert_eq!((lane.tokens_counted, lane.tokens_reported), (3, 3));
    assert!((lane.cost - 3.9e-7).abs() < 1e-18);
}

#[test]
fn callers_may_block() {
    let server = ScriptedServer::start(|seen| {
        if answers::texts_of(seen)[0] == "never" { vec![Step::Hang] } else { good(seen) }
    })
    .unwrap();
    let settings = openai_settings(&server);
    let service = BlockingService::new(Box::new(move |runtime| {
        let protocol = OpenAi::new(settings.clone())?;
        let provider = HttpProvider::new(protocol, common::client(), runtime.clone())?;
        ServiceBuilder::new(ServiceSettings::default())
            .provider(Arc::new(provider), LaneSettings::default())
            .build(runtime)
    }))
    .unwrap();
    assert_eq!(service.embed("a").unwrap().as_slice(), answers::vector_of("a", DIMENSIONS));
    assert_eq!(service.embed_batch(&["b", "c"]).unwrap().len(), 2);
    std::thread::scope(|scope| {
        let service = &service;
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                scope.spawn(move || {
                    let text = format!("thread {thread}");
                    assert_eq!(
                        service.embed(&text).unwrap().as_slice(),
                        answers::vector_of(&text, DIMENSIONS)
                    );
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let mut pending = service.start(&["never"], CallOptions::default()).unwrap();
    assert!(pending.wait_for(Duration::from_millis(1)).unwrap().is_none());
    drop(pending);
    assert_eq!(service.service().unwrap().load(), Default::default());
    // Those that wait are told when the service goes away.
    let waiting = service.start(&["never"], CallOptions::default()).unwrap();
    drop(service);
    assert_eq!(waiting.wait().unwrap()[0].result, Err(EmbeddingError::Closed));
}

#[tokio::test]
async fn a_service_needs_a_provider() {
    let runtime = TokioRuntime::current().unwrap();
    let error = ServiceBuilder::new(ServiceSettings::default()).build(runtime.clone()).unwrap_err();
    assert_eq!(error, EmbeddingError::NoProvider);
    let lane = LaneSettings { max_in_flight: 0, ..LaneSettings::default() };
    let error = ServiceBuilder::new(ServiceSettings::default())
        .provider(Arc::new(deterministic(4).unwrap()), lane)
        .build(runtime)
        .unwrap_err();
    assert_eq!(error.code(), "embedding/invalid-config");
}

/// Connects for two seconds, answers three seconds later; the second request finds the connection open.
struct SlowToConnect {
    runtime: Arc<DrivenRuntime>,
    requests: AtomicU32,
    hangs: bool,
}

impl Transport for SlowToConnect {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let sleep = |seconds| {
                let at = self.runtime.now().monotonic + Duration::from_secs(seconds);
                self.runtime.sleep_until(at)
            };
            let clock = request.connecting.unwrap();
            if self.requests.fetch_add(1, Ordering::SeqCst) == 0 {
                clock.begin();
                sleep(if self.hangs { 1000 } else { 2 }).await;
                clock.end();
            }
            sleep(3).await;
            let vector = vec![0.5; DIMENSIONS];
            let body = json!({"data": [{"index": 0, "embedding": vector}]}).to_string().into_bytes();
            Ok(HttpResponse { status: 200, headers: Headers::default(), body })
        })
    }
}

/// Contract 6 and 7.6: waiting in our queue, connecting, the provider and repetitions are told apart.
#[tokio::test]
async fn connecting_is_not_the_providers_time() {
    let seconds = Duration::from_secs;
    for hangs in [false, true] {
        let runtime = driven();
        let settings = OpenAiSettings {
            base: "http://127.0.0.1:1".to_owned(),
            key: common::key(),
            dimensions: Some(DIMENSIONS),
            ..OpenAiSettings::default()
        };
        let transport = SlowToConnect { runtime: runtime.clone(), requests: AtomicU32::new(0), hangs };
        let provider =
            HttpProvider::new(OpenAi::new(settings).unwrap(), Arc::new(transport), runtime.clone()).unwrap();
        let service = service(&runtime, FallbackPolicy::None, vec![Arc::new(provider)]);
        let embed = |text: &'static str| {
            let service = service.clone();
            async move { service.embed_batch_detailed(&[text], CallOptions::default()).await.unwrap().remove(0) }
        };
        let first = runtime.run(embed("a")).await;
        if hangs {
            // The first attempt spent its whole minute on connecting, the second found the connection there.
            assert!(first.result.is_ok());
            assert_eq!(
                (first.connect_time, first.provider_time, first.attempts),
                (seconds(60), seconds(3), 2)
            );
        } else {
            assert_eq!((first.connect_time, first.provider_time), (seconds(2), seconds(3)));
        }
        let second = runtime.run(embed("b")).await;
        assert_eq!((second.connect_time, second.provider_time), (Duration::ZERO, seconds(3)));
        let lane = &service.telemetry().lanes[0];
        assert_eq!(lane.connect_time.count(), 1, "one connection was made");
        assert!(service.telemetry().to_prometheus().contains("chrysalis_embedding_connect_seconds_count"));
    }
}

/// The same over a real socket: who makes the connection waits for it, who finds one does not.
#[tokio::test]
async fn a_connection_is_waited_for_once() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = TokioRuntime::current().unwrap();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime)
        .unwrap();
    let mut times = Vec::new();
    for text in ["a", "b", "c"] {
        let outcome = service.embed_batch_detailed(&[text], CallOptions::default()).await.unwrap().remove(0);
        assert!(outcome.result.is_ok() && outcome.provider_time > Duration::ZERO);
        times.push(outcome.connect_time);
    }
    assert_eq!(server.connections(), 1);
    assert!(times[0] > Duration::ZERO, "{times:?}");
    assert_eq!(times[1..], [Duration::ZERO; 2]);
}
