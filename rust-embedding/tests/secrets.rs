//! Contract part 15, item 7: no text and no key in any log, error, metric or panic message. A server that sends back whatever it
//! was sent, in every place there is.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use chrysalis_embedding::testing::{ScriptedServer, Seen, Step, answers};
use chrysalis_embedding::{CallOptions, LaneSettings, ServiceBuilder, ServiceSettings};
use common::{DIMENSIONS, KEY, driven, openai};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const TEXT: &str = "confidential-matter-of-the-heart";

/// Writes down everything that is logged.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut log = self.0.lock().unwrap();
        write!(log, "\n{}", span.metadata().name()).unwrap();
        span.record(&mut Writer(&mut log));
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        values.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut log = self.0.lock().unwrap();
        log.push('\n');
        event.record(&mut Writer(&mut log));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Says back what it was told: as message, code, type, identifier, header and plain body.
fn echo(seen: &Seen) -> Vec<Step> {
    let headers = [("x-request-id", TEXT), ("retry-after", TEXT), ("x-ratelimit-reset-tokens", TEXT)];
    let all = format!("{TEXT} {KEY}");
    match seen.number % 9 {
        0 => vec![answers::error(400, &headers, TEXT, &all)],
        1 => vec![answers::error(401, &headers, TEXT, &all)],
        2 => vec![answers::error(500, &headers, TEXT, &all)],
        3 => vec![Step::Answer { status: 422, headers: vec![], body: all.into_bytes() }],
        4 => vec![Step::Answer { status: 200, headers: vec![], body: all.into_bytes() }],
        5 => vec![Step::Raw(format!("{all}\r\n\r\n").into_bytes()), Step::Close],
        6 => vec![answers::reply(
            200,
            &headers,
            &serde_json::json!({"data": [{"index": 0, "embedding": TEXT}]}),
        )],
        7 => vec![answers::error(403, &[("x-request-id", KEY)], &KEY[3..], &all)],
        _ => vec![answers::openai(seen, DIMENSIONS)],
    }
}

#[tokio::test]
async fn neither_texts_nor_keys_are_told_to_anyone() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let server = ScriptedServer::start(echo).unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .memory_cache(Default::default())
        .build(runtime.clone())
        .unwrap();
    let mut told = String::new();
    let mut failures = 0;
    for number in 0..40 {
        let text = format!("{TEXT} {number}");
        let outcomes =
            runtime.run(service.embed_batch_detailed(&[&text], CallOptions::default())).await.unwrap();
        if let Err(error) = &outcomes[0].result {
            failures += 1;
            write!(told, "{error} {error:?} {error:#?} {}", error.code()).unwrap();
        }
        write!(told, "{outcomes:?}").unwrap();
    }
    let long = "x".repeat(20 << 20);
    let error = runtime.run(service.embed(&format!("{TEXT}{long}"))).await.unwrap_err();
    write!(told, "{error} {error:?} {service:?}").unwrap();
    let telemetry = service.telemetry();
    write!(told, "{telemetry:?} {}", telemetry.to_prometheus()).unwrap();
    let log = recorder.0.lock().unwrap().clone();
    assert!(log.contains("embedding_request") && log.contains("failed"), "something is logged: {log}");
    assert!(failures > 20, "{failures}");
    for (name, written) in [("told", &told), ("logged", &log)] {
        for secret in [TEXT, KEY, "confidential", "never-to-be-seen"] {
            assert!(!written.contains(secret), "{secret} is {name}");
        }
    }
}
