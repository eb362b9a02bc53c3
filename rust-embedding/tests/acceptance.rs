//! Contract part 15, item 3: a scripted loopback server plays every status, header, malformed body and delay of parts 5 and
//! 6; class, attempt count, delay (with a driven clock) and final text are compared.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::provider::{Classification, HttpProvider};
use chrysalis_embedding::service::{GateSettings, RetryPolicy, Source};
use chrysalis_embedding::testing::{ScriptedServer, Seen, Step, answers};
use chrysalis_embedding::{
    CallOptions, EmbeddingError, EmbeddingService, ErrorClass, LaneSettings, Outcome, Problem, ProviderError,
    ServiceBuilder, ServiceSettings,
};
use common::{DIMENSIONS, driven, openai, openai_settings};
use serde_json::json;

const MS: Duration = Duration::from_millis(1);

/// What a case expects of its only text.
#[derive(Debug)]
enum Expected {
    Vector,
    Error(ErrorClass, Problem, Option<u16>),
}

/// Plays a script to a service with one provider and gives what became of one text, and how often it was asked.
async fn play(script: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> (Outcome, u64) {
    play_with(script, LaneSettings::default()).await
}

async fn play_with(
    script: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static,
    settings: LaneSettings,
) -> (Outcome, u64) {
    let server = ScriptedServer::start(script).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), settings)
        .build(runtime.clone())
        .unwrap();
    let mut outcomes =
        runtime.run(service.embed_batch_detailed(&["a text"], CallOptions::default())).await.unwrap();
    assert_eq!(service.load(), Default::default(), "nothing is left");
    (outcomes.remove(0), server.requests())
}

fn provider_error(outcome: &Outcome) -> &ProviderError {
    match &outcome.result {
        Err(EmbeddingError::Provider(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn good(seen: &Seen) -> Vec<Step> {
    vec![answers::openai(seen, DIMENSIONS)]
}

/// One bad answer, then good ones.
fn first(bad: Vec<Step>) -> impl Fn(&Seen) -> Vec<Step> {
    move |seen| if seen.number == 0 { bad.clone() } else { good(seen) }
}

fn status(status: u16, headers: &[(&str, &str)], code: &str) -> Vec<Step> {
    vec![answers::error(status, headers, code, "the text of the error")]
}

#[tokio::test]
async fn every_status_has_its_class_and_number_of_attempts() {
    use ErrorClass::{Authentication, Network, Provider, Quota, RateLimit, Timeout};
    let cases = [
        (400, "invalid_request_error", Provider, 1),
        (401, "invalid_api_key", Authentication, 1),
        (402, "billing", Quota, 1),
        (403, "forbidden", Authentication, 1),
        (404, "model_not_found", Provider, 1),
        (408, "timeout", Timeout, 3),
        (409, "conflict", Provider, 3),
        (418, "teapot", Provider, 1),
        (422, "unprocessable", Provider, 1),
        (429, "rate_limit_exceeded", RateLimit, 3),
        (429, "insufficient_quota", Quota, 1),
        (500, "server_error", Network, 3),
        (502, "bad_gateway", Network, 3),
        (503, "overloaded", Network, 3),
        (504, "gateway_timeout", Network, 3),
    ];
    for (number, code, class, attempts) in cases {
        let (outcome, requests) = play(move |_| status(number, &[("x-request-id", "req-7")], code)).await;
        let error = provider_error(&outcome);
        assert_eq!(
            (error.class, error.attempts, error.status),
            (class, attempts, Some(number)),
            "{number} {code}"
        );
        assert_eq!((requests, outcome.attempts), (u64::from(attempts), attempts), "{number} {code}");
        assert_eq!(error.code.as_ref().unwrap().as_str(), code);
        assert_eq!(error.request_id.as_ref().unwrap().as_str(), "req-7");
        let times = if attempts == 1 { String::new() } else { format!(", after {attempts} attempts") };
        let text = format!("openai failed ({}): HTTP status {number}{times}", class.name());
        assert_eq!(error.to_string(), text);
        // 0.5 s and 1 s, of which chance takes nothing here.
        let waited = if attempts == 1 { 0 } else { 1500 };
        assert_eq!(outcome.retry_time, waited * MS, "{number} {code}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Arc::new(ScriptedServer::start(good).unwrap());
    let location = elsewhere.base();
    let (outcome, requests) = play(move |_| status(302, &[("location", &location)], "found")).await;
    assert_eq!((provider_error(&outcome).class, requests), (ErrorClass::Provider, 1));
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn every_delay_is_what_the_headers_say() {
    /// Status, headers, milliseconds waited, requests.
    type Case = (u16, &'static [(&'static str, &'static str)], u32, u64);
    let cases: [Case; 14] = [
        (429, &[("retry-after-ms", "1500")], 1500, 2),
        (429, &[("retry-after-ms", "20"), ("retry-after", "9")], 20, 2),
        (429, &[("retry-after", "2")], 2000, 2),
        (503, &[("retry-after", "0.25")], 250, 2),
        (429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], 5000, 2),
        (429, &[("retry-after", "60")], 60_000, 2),
        // What is past, too long or no delay is not heeded.
        (429, &[("retry-after", "61")], 500, 2),
        (429, &[("retry-after", "0")], 500, 2),
        (429, &[("retry-after", "-3")], 500, 2),
        (429, &[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], 500, 2),
        (500, &[("retry-after", "soon")], 500, 2),
        // The server decides, but not about what is final.
        (500, &[("x-should-retry", "false")], 0, 1),
        (418, &[("x-should-retry", "true")], 500, 2),
        (401, &[("x-should-retry", "true"), ("retry-after", "1")], 0, 1),
    ];
    for (number, headers, milliseconds, attempts) in cases {
        let (outcome, requests) = play(first(status(number, headers, "some_code"))).await;
        assert_eq!(requests, attempts, "{number} {headers:?}");
        assert_eq!(outcome.retry_time, milliseconds * MS, "{number} {headers:?}");
        assert_eq!(outcome.result.is_ok(), attempts == 2, "{number} {headers:?}");
    }
}

#[tokio::test]
async fn chance_takes_up_to_a_quarter_off() {
    let server = ScriptedServer::start(|_| status(500, &[], "server_error")).unwrap();
    let handle = tokio::runtime::Handle::current();
    let runtime = chrysalis_embedding::testing::DrivenRuntime::new(handle, Duration::ZERO, u64::MAX);
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    let outcomes = runtime.run(service.embed_batch_detailed(&["a"], CallOptions::default())).await.unwrap();
    let waited = outcomes[0].retry_time.as_secs_f64();
    assert!((1.125..1.126).contains(&waited), "three quarters of 1.5 s, not {waited}");
}

#[tokio::test]
async fn repetitions_say_which_they_are() {
    let server = ScriptedServer::start(|_| status(500, &[], "server_error")).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    runtime.run(service.embed("a text")).await.unwrap_err();
    let seen = server.seen();
    let counts: Vec<_> = seen.iter().map(|seen| seen.header("x-stainless-retry-count")).collect();
    assert_eq!(counts, [None, Some("1"), Some("2")]);
    assert!(seen.iter().all(|request| request.body == seen[0].body), "the body is repeated");
    assert_eq!(seen[0].path, "/embeddings");
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {}", common::KEY)));
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_told_apart_and_final() {
    let ok = |body: serde_json::Value| vec![answers::reply(200, &[], &body)];
    let one = json!([0, 1, 2, 3, 4, 5, 6, 7]);
    let raw = |text: &str| vec![Step::Raw(text.as_bytes().to_vec()), Step::Close];
    let nan = "AADAfwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let cases: Vec<(&str, Vec<Step>, Problem)> = vec![
        ("no JSON", raw("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"), Problem::Unreadable),
        ("empty", raw("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), Problem::Unreadable),
        ("204", raw("HTTP/1.1 204 No Content\r\n\r\n"), Problem::Unreadable),
        ("no data", ok(json!({"data": []})), Problem::NoData),
        ("no vector", ok(json!({"data": [{"index": 0, "embedding": []}]})), Problem::NoData),
        (
            "text for vector",
            ok(json!({"data": [{"index": 0, "embedding": "not base64!"}]})),
            Problem::Unreadable,
        ),
        ("NaN", ok(json!({"data": [{"index": 0, "embedding": nan}]})), Problem::NotFinite),
        (
            "too large a number",
            ok(json!({"data": [{"index": 0, "embedding": [1e300, 0, 0, 0, 0, 0, 0, 0]}]})),
            Problem::NotFinite,
        ),
        ("index out of range", ok(json!({"data": [{"index": 1, "embedding": one}]})), Problem::WrongCount),
        (
            "two for one",
            ok(json!({"data": [{"index": 0, "embedding": one}, {"index": 0, "embedding": one}]})),
            Problem::WrongCount,
        ),
        (
            "a bomb",
            vec![answers::reply(200, &[("content-encoding", "gzip")], &json!("\u{1f}"))],
            Problem::Compressed,
        ),
        (
            "an announced flood",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{"),
            Problem::AnswerTooLarge,
        ),
    ];
    for (name, steps, problem) in cases {
        let (outcome, requests) = play(move |_| steps.clone()).await;
        let error = provider_error(&outcome);
        assert_eq!((error.class, error.problem), (ErrorClass::Provider, problem), "{name}");
        assert_eq!((error.attempts, requests), (1, 1), "{name}");
        assert_eq!(error.to_string(), format!("openai failed (provider): {}", problem.text()), "{name}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_any_answer_goes() {
    let endless = |_: &Seen| {
        let mut steps = vec![Step::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec())];
        let piece = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
        steps.extend(std::iter::repeat_n(Step::Raw(piece), 1000));
        steps
    };
    let (outcome, _) = play(endless).await;
    assert_eq!(provider_error(&outcome).problem, Problem::AnswerTooLarge);
}

/// A vector of another length than the space is refused, and not repeated (contract 7.4).
#[tokio::test]
async fn a_vector_of_another_length_is_a_mismatch() {
    let (outcome, requests) = play(|seen| vec![answers::openai(seen, DIMENSIONS + 7)]).await;
    let error = outcome.result.unwrap_err();
    let text = "Dimension mismatch: expected 8 dimensions from openai (test-model), got 15";
    assert_eq!((error.to_string().as_str(), requests), (text, 1));
}

#[tokio::test]
async fn broken_connections_are_repeated() {
    let raw = |text: &str, end: Step| vec![Step::Raw(text.as_bytes().to_vec()), end];
    let cases = vec![
        ("reset at once", vec![Step::Reset]),
        ("closed at once", vec![Step::Close]),
        ("reset within the head", raw("HTTP/1.1 200 OK\r\ncont", Step::Reset)),
        ("closed within the head", raw("HTTP/1.1 200 OK\r\ncont", Step::Close)),
        ("not HTTP", raw("220 mail.example ESMTP\r\n\r\n", Step::Close)),
        (
            "closed before the announced end",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\"", Step::Close),
        ),
        (
            "reset before the announced end",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\"", Step::Reset),
        ),
        (
            "closed within a chunk",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{", Step::Close),
        ),
        ("a length that is none", raw("HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\nabcdef", Step::Close)),
    ];
    for (name, steps) in cases {
        let (outcome, requests) = play(first(steps.clone())).await;
        assert!(outcome.result.is_ok(), "{name}: {:?}", outcome.result);
        assert_eq!((requests, outcome.attempts, outcome.retry_time), (2, 2, 500 * MS), "{name}");
        let (outcome, requests) = play(move |_| steps.clone()).await;
        let error = provider_error(&outcome);
        assert_eq!((error.class, error.problem), (ErrorClass::Network, Problem::Interrupted), "{name}");
        assert_eq!((error.attempts, requests), (3, 3), "{name}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_network_failure() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    drop(server);
    let outcomes = runtime.run(service.embed_batch_detailed(&["a"], CallOptions::default())).await.unwrap();
    let error = provider_error(&outcomes[0]);
    assert_eq!((error.class, error.problem, error.attempts), (ErrorClass::Network, Problem::Connect, 3));
}

/// A server that hangs, and one that drips, are given up at the deadline of an attempt; the clock is moved by the test.
#[tokio::test]
async fn hanging_and_dripping_end_at_the_deadline() {
    let drip = |_: &Seen| {
        let head = Step::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n".to_vec());
        let drop = [Step::Raw(b" ".to_vec()), Step::Pause(Duration::from_millis(5))];
        std::iter::once(head).chain(std::iter::repeat_n(drop, 400).flatten()).collect()
    };
    let hang = |_: &Seen| vec![Step::Hang];
    let scripts: [fn(&Seen) -> Vec<Step>; 2] = [hang, drip];
    for script in scripts {
        let server = Arc::new(ScriptedServer::start(script).unwrap());
        let runtime = driven();
        let settings = LaneSettings { attempt_timeout: 30_000 * MS, ..LaneSettings::default() };
        let service = ServiceBuilder::new(ServiceSettings::default())
            .provider(openai(&server, runtime.clone()), settings)
            .build(runtime.clone())
            .unwrap();
        let mover = {
            let (server, runtime) = (Arc::clone(&server), Arc::clone(&runtime));
            tokio::spawn(async move {
                for request in 1..=3 {
                    server.wait_for_requests(request).await;
                    runtime.advance(30_000 * MS);
                }
            })
        };
        let outcomes =
            runtime.run(service.embed_batch_detailed(&["a"], CallOptions::default())).await.unwrap();
        mover.await.unwrap();
        let error = provider_error(&outcomes[0]);
        assert_eq!((error.class, error.problem), (ErrorClass::Timeout, Problem::AttemptTimeout));
        assert_eq!(
            error.to_string(),
            "openai failed (timeout): no answer within the deadline, after 3 attempts"
        );
        let outcome = &outcomes[0];
        // Each is counted where it belongs.
        assert_eq!(
            (outcome.provider_time, outcome.retry_time, outcome.queue_time),
            (90_000 * MS, 1500 * MS, Duration::ZERO)
        );
        server.wait_for_silence().await;
    }
}

#[tokio::test]
async fn the_overall_deadline_stops_repetitions() {
    let settings = LaneSettings { overall_timeout: 1200 * MS, ..LaneSettings::default() };
    let (outcome, requests) = play_with(|_| status(500, &[], "server_error"), settings).await;
    // 0.5 s passed; another second would be too much.
    assert_eq!((requests, outcome.retry_time), (2, 500 * MS));
}

#[tokio::test]
async fn providers_that_were_never_repeated_are_not() {
    let settings = LaneSettings { retry: RetryPolicy::none(), ..LaneSettings::default() };
    let (outcome, requests) =
        play_with(|_| status(503, &[("x-should-retry", "true")], "overloaded"), settings).await;
    assert_eq!((requests, provider_error(&outcome).attempts), (1, 1));
}

/// Contract 1.8: the switch back to the old rule.
#[tokio::test]
async fn the_old_classification_is_a_switch() {
    let server = ScriptedServer::start(|_| {
        vec![answers::error(400, &[], "invalid_request_error", "you requested 14012 tokens")]
    })
    .unwrap();
    for (classification, class) in
        [(Classification::Status, ErrorClass::Provider), (Classification::Text, ErrorClass::Authentication)]
    {
        let runtime = driven();
        let protocol = chrysalis_embedding::provider::openai::OpenAi::new(openai_settings(&server)).unwrap();
        let provider = HttpProvider::new(protocol, common::client(), runtime.clone()).unwrap();
        let service = ServiceBuilder::new(ServiceSettings::default())
            .provider(Arc::new(provider.with_classification(classification)), LaneSettings::default())
            .build(runtime.clone())
            .unwrap();
        let error = runtime.run(service.embed("a text")).await.unwrap_err();
        assert_eq!(error.class(), Some(class));
    }
}

/// Rate limits in headers hold the next requests back (contract 7.2).
#[tokio::test]
async fn a_server_that_has_nothing_left_is_left_alone() {
    let script = |seen: &Seen| {
        let Step::Answer { status, mut headers, body } = answers::openai(seen, DIMENSIONS) else {
            unreachable!()
        };
        if seen.number == 0 {
            for (name, value) in
                [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "20s")]
            {
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        vec![Step::Answer { status, headers, body }]
    };
    let server = ScriptedServer::start(script).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    let call = |text: &'static str| service.embed_batch_detailed(vec![text].leak(), CallOptions::default());
    assert_eq!(runtime.run(call("one")).await.unwrap()[0].queue_time, Duration::ZERO);
    let outcomes = runtime.run(call("two")).await.unwrap();
    assert_eq!((outcomes[0].queue_time, outcomes[0].provider_time), (20_000 * MS, Duration::ZERO));
    assert_eq!(service.telemetry().lanes[0].paused, 1);
}

/// Contract 7.8.
#[tokio::test]
async fn a_dead_server_opens_the_circuit() {
    let server =
        ScriptedServer::start(|seen| if seen.number < 3 { status(503, &[], "down") } else { good(seen) })
            .unwrap();
    let runtime = driven();
    let gate = GateSettings { open_after: 3, open_for: 10_000 * MS, ..GateSettings::default() };
    let settings = LaneSettings { gate, retry: RetryPolicy::none(), ..LaneSettings::default() };
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), settings)
        .build(runtime.clone())
        .unwrap();
    for text in ["1", "2", "3", "4"] {
        runtime.run(service.embed(text)).await.unwrap_err();
    }
    let error = runtime.run(service.embed("5")).await.unwrap_err();
    assert_eq!(error.to_string(), "openai failed (network): the circuit is open after repeated failures");
    assert_eq!(server.requests(), 3);
    assert_eq!(service.info()[0].circuit.name(), "open");
    runtime.advance(10_000 * MS);
    runtime.run(service.embed("6")).await.unwrap();
    assert_eq!(service.info()[0].circuit.name(), "closed");
}

/// Contract 7.3: as few requests as the limits allow; a text that is refused fails alone; equal texts are sent once.
#[tokio::test]
async fn a_refused_text_fails_alone() {
    let script = |seen: &Seen| {
        let is_bad = answers::texts_of(seen).iter().any(|text| text.starts_with("bad"));
        if is_bad { status(400, &[], "invalid_request_error") } else { good(seen) }
    };
    let server = ScriptedServer::start(script).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    let texts: Vec<String> = (0..100)
        .map(|number| if number == 37 { "bad".to_owned() } else { format!("text {}", number % 90) })
        .collect();
    let options = CallOptions { is_batch: true, ..CallOptions::default() };
    let outcomes = runtime.run(service.embed_batch_detailed(&texts, options)).await.unwrap();
    for (place, (text, outcome)) in texts.iter().zip(&outcomes).enumerate() {
        match &outcome.result {
            Ok(embedding) => {
                assert_eq!(embedding.as_slice(), answers::vector_of(text, DIMENSIONS), "{place}")
            }
            Err(error) => assert_eq!((text.as_str(), error.code()), ("bad", "embedding/provider")),
        }
    }
    assert_eq!(outcomes.iter().filter(|outcome| outcome.result.is_err()).count(), 1);
    assert_eq!(outcomes[99].source, Source::Shared, "sent once");
    // One request, then halves of the half that is refused: 90 texts are divided seven times at most.
    assert!(server.requests() <= 15, "{}", server.requests());
    assert_eq!(service.embed_batch(&texts).await.unwrap_err().code(), "embedding/provider");
}

#[tokio::test]
async fn a_text_that_the_server_names_costs_one_more_request() {
    let script = |seen: &Seen| match answers::texts_of(seen).iter().position(|text| text == "bad") {
        Some(place) => vec![answers::reply(
            400,
            &[],
            &json!({"error": {"message": "", "type": "invalid_request_error", "param": format!("input[{place}]"), "code": null}}),
        )],
        None => good(seen),
    };
    let server = ScriptedServer::start(script).unwrap();
    let runtime = driven();
    let service = service_of(&server, &runtime);
    let texts = ["a", "b", "bad", "c"];
    let outcomes = runtime.run(service.embed_batch_detailed(&texts, CallOptions::default())).await.unwrap();
    let failed: Vec<_> = outcomes.iter().map(|outcome| outcome.result.is_err()).collect();
    assert_eq!((failed, server.requests()), (vec![false, false, true, false], 3));
}

/// A request that is refused whatever its texts are is not divided to the last text.
#[tokio::test]
async fn a_request_refused_in_vain_is_given_up() {
    let server = ScriptedServer::start(|_| status(400, &[], "invalid_request_error")).unwrap();
    let runtime = driven();
    let service = service_of(&server, &runtime);
    let texts: Vec<String> = (0..2000).map(|number| format!("text {number}")).collect();
    let outcomes = runtime.run(service.embed_batch_detailed(&texts, CallOptions::default())).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.result.is_err()));
    assert!(server.requests() <= 130, "{}", server.requests());
    let about_request = |_: &Seen| {
        let error = json!({"error": {"message": "", "type": "invalid_request_error", "param": "dimensions", "code": null}});
        vec![answers::reply(400, &[], &error)]
    };
    let server = ScriptedServer::start(about_request).unwrap();
    let service = service_of(&server, &runtime);
    runtime.run(service.embed_batch_detailed(&texts, CallOptions::default())).await.unwrap();
    assert_eq!(server.requests(), 1);
}

/// Contract 5.1: at most 2048 texts and 300,000 tokens in a request.
#[tokio::test]
async fn requests_are_packed_to_the_limits() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = driven();
    let service = service_of(&server, &runtime);
    let small: Vec<String> = (0..5000).map(|number| format!("{number}")).collect();
    assert_eq!(runtime.run(service.embed_batch(&small)).await.unwrap().len(), 5000);
    let mut sizes: Vec<_> = server.seen().iter().map(|seen| answers::texts_of(seen).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [904, 2048, 2048]);
    // 100,000 tokens each, by rule of thumb: three to a request.
    let large: Vec<String> = (0..7).map(|number| number.to_string().repeat(400_000)).collect();
    let before = server.requests();
    runtime.run(service.embed_batch(&large)).await.unwrap();
    assert_eq!(server.requests() - before, 3);
}

#[tokio::test]
async fn empty_texts_are_not_sent() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = driven();
    let service = service_of(&server, &runtime);
    let outcomes =
        runtime.run(service.embed_batch_detailed(&["", "a"], CallOptions::default())).await.unwrap();
    assert_eq!(outcomes[0].result, Err(EmbeddingError::EmptyText));
    assert!(outcomes[1].result.is_ok());
    assert_eq!(runtime.run(service.embed_batch::<&str>(&[])).await.unwrap(), []);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn huge_texts_are_refused_before_anything_is_done() {
    let server = ScriptedServer::start(good).unwrap();
    let runtime = driven();
    let settings =
        ServiceSettings { max_text_bytes: 1000, max_waiting_bytes: 5000, ..ServiceSettings::default() };
    let service = ServiceBuilder::new(settings)
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap();
    let error = runtime.run(service.embed(&"x".repeat(1001))).await.unwrap_err();
    assert_eq!(error, EmbeddingError::TextTooLarge { bytes: 1001, limit: 1000 });
    let texts: Vec<String> = (0..6).map(|number| number.to_string().repeat(1000)).collect();
    let error = runtime.run(service.embed_batch(&texts)).await.unwrap_err();
    assert_eq!(error.code(), "embedding/overloaded");
    assert_eq!(server.requests(), 0);
}

fn service_of(
    server: &ScriptedServer,
    runtime: &Arc<chrysalis_embedding::testing::DrivenRuntime>,
) -> EmbeddingService {
    ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(server, runtime.clone()), LaneSettings::default())
        .build(runtime.clone())
        .unwrap()
}

/// The expectation type is used by the table of good answers.
#[tokio::test]
async fn good_answers_of_every_form() {
    let vector = answers::vector_of("a text", DIMENSIONS);
    let packed = |seen: &Seen| vec![answers::openai(seen, DIMENSIONS)];
    let numbers = {
        let vector = vector.clone();
        move |_: &Seen| vec![answers::reply(200, &[], &json!({"data": [{"index": 0, "embedding": vector}]}))]
    };
    let chunked = {
        let body = json!({"data": [{"index": 0, "embedding": vector}]}).to_string();
        let (left, right) = (body[..10].to_owned(), body[10..].to_owned());
        let text = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n",
            left.len(),
            right.len()
        );
        move |_: &Seen| vec![Step::Raw(text.clone().into_bytes())]
    };
    type Script = Box<dyn Fn(&Seen) -> Vec<Step> + Send + Sync>;
    let scripts: Vec<(Script, Expected)> = vec![
        (Box::new(packed), Expected::Vector),
        (Box::new(numbers), Expected::Vector),
        (Box::new(chunked), Expected::Vector),
        (
            Box::new(|_: &Seen| vec![Step::Close]),
            Expected::Error(ErrorClass::Network, Problem::Interrupted, None),
        ),
    ];
    for (script, expected) in scripts {
        let (outcome, _) = play(script).await;
        match expected {
            Expected::Vector => assert_eq!(outcome.result.unwrap().as_slice(), vector),
            Expected::Error(class, problem, status) => {
                let error = provider_error(&outcome);
                assert_eq!((error.class, error.problem, error.status), (class, problem, status));
            }
        }
    }
}
