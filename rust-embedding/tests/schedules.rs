//! The state machine under random schedules, with neither sockets nor clocks. `CHRYSALIS_SOAK=1` runs a hundred times as
//! many; a failure names its seed, and `CHRYSALIS_SEED` repeats it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::cache::{MemoryCache, MemorySettings};
use chrysalis_embedding::port::{BoxFuture, Now};
use chrysalis_embedding::provider::{EmbedRequest, EmbeddingProvider, Failure, Limits, Reply};
use chrysalis_embedding::service::core::{Core, Effect};
use chrysalis_embedding::service::{CallOptions, GateSettings, Prepared};
use chrysalis_embedding::{
    EmbeddingError, ErrorClass, FallbackPolicy, LaneSettings, Normalisation, Outcome, Problem,
    ServiceSettings, Space,
};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A provider that only says what it is: the test plays its part.
struct Named {
    name: &'static str,
    space: Arc<Space>,
    limits: Limits,
}

impl EmbeddingProvider for Named {
    fn name(&self) -> &str {
        self.name
    }

    fn model(&self) -> &str {
        "model"
    }

    fn space(&self) -> Option<Arc<Space>> {
        Some(Arc::clone(&self.space))
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len()
    }

    fn embed(&self, _request: EmbedRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("the test answers")
    }
}

fn provider(name: &'static str, space_of: &str) -> Arc<dyn EmbeddingProvider> {
    let space = Arc::new(Space::remote(space_of, "model", 2, "", Normalisation::AsGiven).unwrap());
    let limits = Limits {
        texts: 5,
        tokens_per_text: 40,
        tokens_per_request: 60,
        is_count_exact: true,
        takes_empty: false,
    };
    Arc::new(Named { name, space, limits })
}

fn vector(text: &str, lane: usize) -> Vec<f32> {
    let number: u16 = text.trim_end_matches('.').parse().unwrap();
    vec![f32::from(number), f32::from(u8::try_from(lane).unwrap())]
}

struct Flight {
    lane: usize,
    request: EmbedRequest,
}

struct World {
    core: Core,
    now: Now,
    flights: BTreeMap<u64, Flight>,
    open: BTreeMap<u64, Vec<String>>,
    sent: BTreeSet<u64>,
    completed: usize,
    fallback: FallbackPolicy,
    max_in_flight: usize,
}

impl World {
    /// Takes the effects and checks what must always hold.
    fn observe(&mut self) {
        for effect in self.core.take_effects() {
            match effect {
                Effect::Send { attempt, lane, request } => {
                    assert!(self.sent.insert(attempt), "an attempt is made once");
                    assert!(!request.texts.is_empty() && request.texts.len() <= 5);
                    let tokens: usize = request.texts.iter().map(|text| text.len()).sum();
                    assert!(tokens <= 60 || request.texts.len() == 1);
                    assert!(request.texts.iter().all(|text| !text.is_empty() && text.len() <= 40));
                    assert!(request.timeout <= Duration::from_secs(60));
                    self.flights.insert(attempt, Flight { lane, request });
                }
                Effect::Abort { attempt } => {
                    assert!(self.flights.remove(&attempt).is_some(), "only what is under way is given up");
                }
                Effect::Complete { call, outcomes } => {
                    let texts =
                        self.open.remove(&call).expect("a call ends once, and not after it was cancelled");
                    self.check(&texts, &outcomes);
                    self.completed += 1;
                }
                Effect::Store { embedding, .. } => assert_eq!(embedding.dimensions(), 2),
            }
        }
        let mut flying = BTreeSet::new();
        for flight in self.flights.values() {
            for text in &flight.request.texts {
                assert!(
                    flying.insert((flight.request.form, Arc::clone(text))),
                    "equal texts are not sent twice at a time"
                );
            }
        }
        for lane in 0..3 {
            let count = self.flights.values().filter(|flight| flight.lane == lane).count();
            assert!(count <= self.max_in_flight);
            assert_eq!(count, self.core.in_flight(lane));
        }
        assert_eq!(self.core.load().calls, self.open.len());
        assert_eq!(self.core.load().requests, self.flights.len());
    }

    fn check(&self, texts: &[String], outcomes: &[Outcome]) {
        assert_eq!(texts.len(), outcomes.len(), "one outcome per text");
        for (text, outcome) in texts.iter().zip(outcomes) {
            match &outcome.result {
                Ok(embedding) => {
                    let lane = outcome.provider.unwrap();
                    let expected = vector(text, lane);
                    assert_eq!(embedding.as_slice()[0], expected[0], "the vector is the text's");
                    assert_eq!(embedding.is_fallback(), lane > 0);
                    let space = &embedding.space().fields().provider;
                    match self.fallback {
                        FallbackPolicy::None => assert_eq!(lane, 0),
                        FallbackPolicy::Compatible => assert_eq!(space, "one"),
                        FallbackPolicy::Any => assert_eq!(space, if lane == 1 { "two" } else { "one" }),
                    }
                }
                Err(EmbeddingError::EmptyText) => assert!(text.is_empty()),
                Err(EmbeddingError::TextTooLong { tokens, limit: 40 }) => assert_eq!(*tokens, text.len()),
                Err(EmbeddingError::Provider(error)) => assert!(error.attempts <= 3),
                Err(EmbeddingError::DeadlineExceeded | EmbeddingError::QueueTimeout { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn answer(&mut self, attempt: u64, random: &mut Random) {
        let Some(flight) = self.flights.remove(&attempt) else { return };
        let status =
            |status: u16, class| Failure { status: Some(status), ..Failure::new(class, Problem::Status) };
        let answer = match random.below(16) {
            0 => Err(status(500, ErrorClass::Network)),
            1 => Err(status(429, ErrorClass::RateLimit)),
            2 => {
                Err(Failure { retry_after: Some(Duration::from_secs(3)), ..status(503, ErrorClass::Network) })
            }
            3 => Err(status(400, ErrorClass::Provider)),
            4 => Err(Failure { rejected_text: Some(0), ..status(400, ErrorClass::Provider) }),
            5 => Err(status(401, ErrorClass::Authentication)),
            6 => Err(Failure::new(ErrorClass::Network, Problem::Interrupted)),
            7 => Err(Failure { repack: true, ..status(404, ErrorClass::Provider) }),
            8 => Ok(Reply::default()),
            _ => {
                let vectors = flight.request.texts.iter().map(|text| vector(text, flight.lane)).collect();
                Ok(Reply { vectors, ..Reply::default() })
            }
        };
        self.core.finish(self.now, attempt, answer, random.next());
    }

    fn pass(&mut self, time: Duration, random: &mut Random) {
        self.now.monotonic += time;
        self.now.unix += time;
        self.core.tick(self.now, random.next());
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let fallback = [FallbackPolicy::Compatible, FallbackPolicy::Any, FallbackPolicy::None]
        [usize::try_from(seed % 3).unwrap()];
    let max_in_flight = 1 + usize::try_from(random.below(4)).unwrap();
    let gate = GateSettings {
        open_after: u32::try_from(random.below(5)).unwrap(),
        open_for: Duration::from_secs(5),
        requests_per_minute: (random.below(2) == 0).then_some(60),
        ..GateSettings::default()
    };
    let lane = LaneSettings { max_in_flight, gate, ..LaneSettings::default() };
    let settings = ServiceSettings { fallback, ..ServiceSettings::default() };
    let providers =
        vec![(provider("a", "one"), lane), (provider("b", "two"), lane), (provider("c", "one"), lane)];
    let cache = (random.below(2) == 0)
        .then(|| Arc::new(MemoryCache::new(MemorySettings { max_entries: 10, ..MemorySettings::default() })));
    let mut world = World {
        core: Core::new(settings, providers, cache).unwrap(),
        now: Now::default(),
        flights: BTreeMap::new(),
        open: BTreeMap::new(),
        sent: BTreeSet::new(),
        completed: 0,
        fallback,
        max_in_flight,
    };
    let (mut taken, mut cancelled) = (0, 0);
    for _ in 0..120 {
        match random.below(10) {
            0..=2 => {
                let texts: Vec<String> = (0..random.below(12))
                    .map(|_| match random.below(20) {
                        0 => String::new(),
                        1 => format!("{:.<50}", random.below(9)),
                        _ => format!(
                            "{:.<1$}",
                            random.below(30),
                            usize::try_from(2 + random.below(30)).unwrap()
                        ),
                    })
                    .collect();
                let prepared =
                    texts.iter().map(|text| Prepared::new(text.as_str().into(), text.len())).collect();
                let deadline = (random.below(3) == 0).then(|| Duration::from_secs(random.below(20)));
                let options = CallOptions { deadline, is_batch: true, ..CallOptions::default() };
                let call = world.core.submit(world.now, prepared, options).unwrap();
                taken += 1;
                world.open.insert(call, texts);
            }
            3 => {
                let open: Vec<u64> = world.open.keys().copied().collect();
                if !open.is_empty() {
                    let call = open[usize::try_from(random.below(open.len() as u64)).unwrap()];
                    world.open.remove(&call);
                    world.core.cancel(world.now, call);
                    cancelled += 1;
                }
            }
            4 => world.pass(Duration::from_millis(random.below(70_000)), &mut random),
            _ => {
                let flights: Vec<u64> = world.flights.keys().copied().collect();
                if !flights.is_empty() {
                    let attempt = flights[usize::try_from(random.below(flights.len() as u64)).unwrap()];
                    world.answer(attempt, &mut random);
                }
            }
        }
        world.observe();
    }
    // Everything ends when answers and time go on.
    for _ in 0..100_000 {
        if let Some(attempt) = world.flights.keys().next().copied() {
            world.answer(attempt, &mut random);
        } else if let Some(at) = world.core.next_wake() {
            let time = at.saturating_sub(world.now.monotonic);
            world.pass(time, &mut random);
        } else {
            break;
        }
        world.observe();
    }
    assert_eq!(world.core.load(), Default::default(), "nothing is left");
    assert_eq!(world.completed + cancelled, taken, "every call ended");
}

#[test]
fn every_call_ends_once_under_any_schedule() {
    if let Ok(seed) = std::env::var("CHRYSALIS_SEED") {
        return run(seed.parse().unwrap());
    }
    let count = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 50_000 } else { 500 };
    for seed in 0..count {
        let result = std::panic::catch_unwind(|| run(seed));
        assert!(result.is_ok(), "CHRYSALIS_SEED={seed}");
    }
}
