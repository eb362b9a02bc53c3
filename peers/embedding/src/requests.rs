//! Processor time and memory of a request through the whole path, service, client and sockets.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::{Client, ClientSettings, HttpProvider};
use chrysalis_embedding::service::{GateSettings, TokioRuntime};
use chrysalis_embedding::testing::{ScriptedServer, Seen, Step, answers};
use chrysalis_embedding::{EmbeddingService, LaneSettings, ServiceBuilder, ServiceSettings};
use serde_json::{Value, json};

use crate::Outcome;

const DIMENSIONS: usize = 1536;
/// As from a near server, so that requests are really in flight.
const PAUSE: Duration = Duration::from_millis(50);
/// Requests measured for each that is in flight.
const EACH: usize = 20;

/// Answers every request after a pause, until the input ends. The first line of output is where.
pub fn serve() -> Outcome<()> {
    let question = Seen { body: br#"{"input":"x","encoding_format":"base64"}"#.to_vec(), ..Seen::default() };
    let answer = answers::openai(&question, DIMENSIONS);
    let server = ScriptedServer::start_forgetful(move |_| vec![Step::Pause(PAUSE), answer.clone()])?;
    println!("{}", server.base());
    std::io::stdin().lines().for_each(drop);
    Ok(())
}

/// Microseconds of processor time a request, and kibibytes of resident memory for each in flight.
pub fn measure(base: &str, in_flight: usize) -> Outcome<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = service(base, in_flight)?;
        let before = resident_bytes()?;
        // Once around, so that connections are made.
        send(&service, in_flight, in_flight * 2).await?;
        let start = processor_time()?;
        let peak = send(&service, in_flight, in_flight * EACH).await?;
        let time = processor_time()? - start;
        Ok(json!({
            "us": time.as_secs_f64() * 1e6 / (in_flight * EACH) as f64,
            "kib": peak.saturating_sub(before) as f64 / in_flight as f64 / 1024.0,
        }))
    })
}

fn service(base: &str, in_flight: usize) -> Outcome<EmbeddingService> {
    let runtime = TokioRuntime::current()?;
    let client =
        ClientSettings { max_idle_per_host: in_flight, uses_proxies: false, ..ClientSettings::default() };
    let protocol = OpenAi::new(OpenAiSettings {
        base: base.to_owned(),
        model: "m".to_owned(),
        dimensions: Some(DIMENSIONS),
        ..OpenAiSettings::default()
    })?;
    let provider = HttpProvider::new(protocol, Arc::new(Client::new(&client)?), runtime.clone())?;
    let lane =
        LaneSettings { max_in_flight: in_flight, gate: GateSettings::default(), ..LaneSettings::default() };
    Ok(ServiceBuilder::new(ServiceSettings::default()).provider(Arc::new(provider), lane).build(runtime)?)
}

/// Sends so many requests, each of another text; gives the most resident memory seen.
async fn send(service: &EmbeddingService, in_flight: usize, count: usize) -> Outcome<usize> {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (service, next) = (service.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(());
                    }
                    let text = format!("text number {number} of a middling length");
                    if service.embed(&text).await?.dimensions() != DIMENSIONS {
                        return Err("a vector of another length".into());
                    }
                }
            })
        })
        .collect();
    let mut peak = 0;
    while next.load(Ordering::Relaxed) < count {
        peak = peak.max(resident_bytes()?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for worker in workers {
        worker.await??;
    }
    Ok(peak)
}

fn resident_bytes() -> Outcome<usize> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    Ok(text.split(' ').nth(1).ok_or("statm has one field")?.parse::<usize>()? * 4096)
}

/// User and system time of this thread, which does all the work.
fn processor_time() -> Outcome<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().ok_or("schedstat is empty")?.parse()?))
}
