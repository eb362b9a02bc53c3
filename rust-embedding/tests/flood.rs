//! Many requests at once over real sockets, one in twenty with a scripted fault: none lost, doubled or out of order, the right
//! class in every case, memory flat. `CHRYSALIS_SOAK=1` sends 100,000.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use chrysalis_embedding::service::TokioRuntime;
use chrysalis_embedding::testing::{ScriptedServer, Seen, Step, answers};
use chrysalis_embedding::{ErrorClass, LaneSettings, ServiceBuilder, ServiceSettings};
use common::{DIMENSIONS, openai};

/// What happens to every twentieth text: at first, or always.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The first request fails, the second is answered.
    Passing(usize),
    /// Every request fails.
    Lasting(usize, ErrorClass),
}

const LASTING: [ErrorClass; 5] = [
    ErrorClass::Provider,
    ErrorClass::Authentication,
    ErrorClass::Quota,
    ErrorClass::Provider,
    ErrorClass::Provider,
];

fn fault_of(number: usize) -> Fault {
    if number % 20 != 7 {
        return Fault::None;
    }
    match number / 20 % 10 {
        kind @ 0..=4 => Fault::Passing(kind),
        kind => Fault::Lasting(kind - 5, LASTING[kind - 5]),
    }
}

fn answer(seen: &Seen, number: usize) -> Vec<Step> {
    let error =
        |status, headers: &[(&str, &str)], code| vec![answers::error(status, headers, code, "scripted")];
    let is_first = seen.header("x-stainless-retry-count").is_none();
    match fault_of(number) {
        Fault::Passing(kind) if is_first => match kind {
            0 => error(500, &[("retry-after-ms", "5")], "server_error"),
            1 => error(503, &[("retry-after-ms", "2")], "overloaded"),
            2 => vec![Step::Reset],
            3 => vec![
                Step::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"data\":[".to_vec()),
                Step::Close,
            ],
            _ => error(408, &[("retry-after-ms", "1")], "timeout"),
        },
        Fault::Lasting(kind, _) => match kind {
            0 => error(400, &[], "invalid_request_error"),
            1 => error(401, &[], "invalid_api_key"),
            2 => error(429, &[], "insufficient_quota"),
            3 => vec![answers::reply(200, &[], &serde_json::json!({"data": []}))],
            _ => vec![answers::reply(200, &[], &serde_json::json!("not what was asked for"))],
        },
        _ => vec![answers::openai(seen, DIMENSIONS)],
    }
}

/// Two sockets per request, and the rest of the process.
fn in_flight() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(4096, |maximum| maximum.min(4096));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).unwrap();
        usize::try_from((wanted - 100) / 2).unwrap().min(1000)
    }
    #[cfg(not(unix))]
    1000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_lost_doubled_or_out_of_order() {
    let count = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 100_000 } else { 2000 };
    let in_flight = in_flight();
    println!("{count} requests, {in_flight} in flight");
    let asked: Arc<Vec<AtomicU32>> = Arc::new((0..count).map(|_| AtomicU32::new(0)).collect());
    let server = {
        let asked = Arc::clone(&asked);
        ScriptedServer::start_forgetful(move |seen| {
            let text = answers::texts_of(seen).remove(0);
            let number: usize = text.strip_prefix("text ").unwrap().parse().unwrap();
            asked[number].fetch_add(1, Ordering::SeqCst);
            answer(seen, number)
        })
        .unwrap()
    };
    let runtime = TokioRuntime::current().unwrap();
    let settings = LaneSettings {
        max_in_flight: in_flight,
        gate: chrysalis_embedding::service::GateSettings { open_after: 0, ..Default::default() },
        ..LaneSettings::default()
    };
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), settings)
        .build(runtime)
        .unwrap();
    let next = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let halfway = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (service, next, answered, halfway) =
                (service.clone(), Arc::clone(&next), Arc::clone(&answered), Arc::clone(&halfway));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        return;
                    }
                    let text = format!("text {number}");
                    let result = service.embed(&text).await;
                    match (fault_of(number), result) {
                        (Fault::Lasting(_, class), Err(error)) => {
                            assert_eq!(error.class(), Some(class), "{number}");
                        }
                        (Fault::None | Fault::Passing(_), Ok(embedding)) => {
                            assert_eq!(
                                embedding.as_slice(),
                                answers::vector_of(&text, DIMENSIONS),
                                "{number}"
                            );
                        }
                        (fault, result) => panic!("{number}: {fault:?}, {result:?}"),
                    }
                    if answered.fetch_add(1, Ordering::SeqCst) == count / 2 {
                        halfway.store(resident_bytes(), Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(answered.load(Ordering::SeqCst), count);
    for (number, asked) in asked.iter().enumerate() {
        let expected = if matches!(fault_of(number), Fault::Passing(_)) { 2 } else { 1 };
        assert_eq!(asked.load(Ordering::SeqCst), expected, "{number}");
    }
    assert_eq!(service.load(), Default::default());
    let grown = resident_bytes().saturating_sub(halfway.load(Ordering::SeqCst));
    println!("resident memory grew by {grown} bytes in the second half");
    assert!(grown < 24 << 20, "memory is flat");
    let telemetry = service.telemetry();
    let texts: u64 = telemetry.lanes[0].ends.values().sum();
    assert_eq!((texts, telemetry.late), (count as u64, 0));
    assert_eq!(
        telemetry.lanes[0].retries,
        (0..count).filter(|n| matches!(fault_of(*n), Fault::Passing(_))).count() as u64
    );
}

/// Resident memory of this process; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
