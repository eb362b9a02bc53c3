//! Processor time and memory per request through the whole path, service, client and sockets, beside a scripted server in a
//! process of its own. `cargo run --release --example request_cost --features testing`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::{Client, ClientSettings, HttpProvider};
use chrysalis_embedding::service::{GateSettings, TokioRuntime};
use chrysalis_embedding::testing::{ScriptedServer, Step, answers};
use chrysalis_embedding::{LaneSettings, ServiceBuilder, ServiceSettings};

const DIMENSIONS: usize = 1536;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        // Each answer comes after 50 ms, as from a near server, so that requests are really in flight.
        let answer = answers::openai(
            &chrysalis_embedding::testing::Seen {
                body: br#"{"input":"x","encoding_format":"base64"}"#.to_vec(),
                ..Default::default()
            },
            DIMENSIONS,
        );
        let server = ScriptedServer::start_forgetful(move |_| {
            vec![Step::Pause(Duration::from_millis(50)), answer.clone()]
        })
        .unwrap();
        println!("{}", server.base());
        // Until the other side closes our input.
        let _ = std::io::stdin().lines().next();
        return;
    }
    let program = std::env::current_exe().unwrap();
    let mut child =
        Command::new(program).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut base = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
    let base = base.trim().to_owned();
    for in_flight in [100, 1000] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(measure(&base, in_flight));
    }
    drop(child.stdin.take());
    child.wait().unwrap();
}

async fn measure(base: &str, in_flight: usize) {
    let runtime = TokioRuntime::current().unwrap();
    let client =
        ClientSettings { max_idle_per_host: in_flight, uses_proxies: false, ..ClientSettings::default() };
    let protocol = OpenAi::new(OpenAiSettings {
        base: base.to_owned(),
        model: "m".to_owned(),
        dimensions: Some(DIMENSIONS),
        ..OpenAiSettings::default()
    })
    .unwrap();
    let provider =
        HttpProvider::new(protocol, Arc::new(Client::new(&client).unwrap()), runtime.clone()).unwrap();
    let lane =
        LaneSettings { max_in_flight: in_flight, gate: GateSettings::default(), ..LaneSettings::default() };
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(Arc::new(provider), lane)
        .build(runtime)
        .unwrap();
    let before = resident_bytes();
    // Once around, so that connections are made.
    run(&service, in_flight, in_flight * 2).await;
    let count = in_flight * 20;
    let (time, cpu) = (Instant::now(), processor_time());
    let peak = run(&service, in_flight, count).await;
    let (time, cpu) = (time.elapsed(), processor_time() - cpu);
    let per_request = |bytes: usize| bytes as f64 / in_flight as f64 / 1024.0;
    println!(
        "{in_flight} in flight: {:.1} us of processor time per request, {:.0} requests/s, {:.1} KiB resident per request in flight",
        cpu.as_secs_f64() * 1e6 / count as f64,
        count as f64 / time.as_secs_f64(),
        per_request(peak.saturating_sub(before)),
    );
}

/// Sends so many requests; gives the most resident memory seen.
async fn run(service: &chrysalis_embedding::EmbeddingService, in_flight: usize, count: usize) -> usize {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (service, next) = (service.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let embedding =
                        service.embed(&format!("text number {number} of a middling length")).await.unwrap();
                    assert_eq!(embedding.dimensions(), DIMENSIONS);
                }
            })
        })
        .collect();
    let mut peak = 0;
    while next.load(Ordering::Relaxed) < count {
        peak = peak.max(resident_bytes());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    peak
}

fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// User and system time of this process, from the scheduler's own count in nanoseconds.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0))
}
