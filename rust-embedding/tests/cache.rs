//! The cache on disk, and the service over it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::cache::{CacheKey, DiskCache, DiskSettings, MemorySettings};
use chrysalis_embedding::service::Source;
use chrysalis_embedding::testing::{ScriptedServer, answers};
use chrysalis_embedding::{
    CallOptions, Embedding, LaneSettings, Normalisation, ServiceBuilder, ServiceSettings, Space,
};
use common::{DIMENSIONS, driven, openai};

const DAY: Duration = Duration::from_secs(86_400);

fn embedding(number: u16) -> (CacheKey, Embedding) {
    let space = Arc::new(Space::remote("test", "model", 100, "", Normalisation::AsGiven).unwrap());
    let key = CacheKey::of_text(space.id(), Default::default(), &number.to_string());
    (key, Embedding::new(space, vec![f32::from(number); 100]).unwrap())
}

fn open(path: &Path, settings: DiskSettings) -> DiskCache {
    DiskCache::open(path, settings).unwrap()
}

fn fill(cache: &DiskCache, numbers: std::ops::Range<u16>, now: Duration) {
    for number in numbers {
        let (key, embedding) = embedding(number);
        cache.insert(key, embedding, now);
    }
    cache.flush();
}

fn found(cache: &DiskCache, numbers: std::ops::Range<u16>, now: Duration) -> Vec<u16> {
    numbers
        .filter(|number| {
            let vector = cache.find(&embedding(*number).0, now);
            assert!(vector.as_ref().is_none_or(|vector| vector[..] == [f32::from(*number); 100]));
            vector.is_some()
        })
        .collect()
}

#[test]
fn vectors_are_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("below/cache");
    let cache = open(&path, DiskSettings::default());
    fill(&cache, 0..200, DAY);
    assert_eq!(found(&cache, 0..210, DAY).len(), 200);
    drop(cache);
    let cache = open(&path, DiskSettings::default());
    assert_eq!(found(&cache, 0..210, DAY).len(), 200);
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.hits, stats.misses, stats.dropped, stats.damaged), (200, 200, 10, 0, 0));
    let (space, known) = stats.spaces.first_key_value().unwrap();
    assert_eq!(known.as_ref().unwrap().id(), *space, "provenance is kept");
    assert_eq!(known.as_ref().unwrap().fields().provider, "test");
}

#[test]
fn what_is_old_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path(), DiskSettings { max_age: DAY, ..DiskSettings::default() });
    fill(&cache, 0..2, DAY);
    fill(&cache, 1..3, 2 * DAY);
    assert_eq!(found(&cache, 0..3, 2 * DAY + Duration::from_secs(1)), [1, 2]);
    assert_eq!(found(&cache, 0..3, 4 * DAY), [0_u16; 0]);
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn it_is_bounded_and_leaves_the_dead_behind() {
    let directory = tempfile::tempdir().unwrap();
    let settings = DiskSettings { max_entries: 50, min_compaction_bytes: 20_000, ..DiskSettings::default() };
    let cache = open(directory.path(), settings);
    for round in 0..4 {
        fill(&cache, round * 40..round * 40 + 60, DAY);
    }
    assert_eq!(found(&cache, 0..180, DAY), (130..180).collect::<Vec<_>>(), "the fifty newest");
    let stats = cache.stats();
    assert!(stats.generation > 1, "{stats:?}");
    assert!(stats.dead_bytes <= stats.live_bytes + settings.min_compaction_bytes);
    drop(cache);
    let cache = open(directory.path(), settings);
    assert_eq!(found(&cache, 0..180, DAY), (130..180).collect::<Vec<_>>());
    let generations = std::fs::read_dir(directory.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("generation-"));
    assert_eq!(generations.count(), 1, "older ones are removed");
}

#[test]
fn clearing_removes_everything() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path(), DiskSettings::default());
    fill(&cache, 0..20, DAY);
    assert_eq!(cache.clear(), 20);
    assert_eq!(found(&cache, 0..20, DAY), [0_u16; 0]);
    fill(&cache, 5..7, DAY);
    assert_eq!(found(&cache, 0..20, DAY), [5, 6]);
    drop(cache);
    assert_eq!(found(&open(directory.path(), DiskSettings::default()), 0..20, DAY), [5, 6]);
}

#[test]
fn two_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let settings = DiskSettings::default();
    let (one, two) = (open(directory.path(), settings), open(directory.path(), settings));
    fill(&one, 0..10, DAY);
    fill(&two, 10..20, DAY);
    one.refresh();
    two.refresh();
    assert_eq!(found(&one, 0..20, DAY).len(), 20);
    assert_eq!(found(&two, 0..20, DAY).len(), 20);
    // One moves on; the other follows at its first miss.
    one.clear();
    fill(&one, 30..31, DAY);
    assert_eq!(found(&two, 0..1, DAY), [0_u16; 0]);
    assert_eq!(found(&two, 30..31, DAY), [30]);
    assert_eq!(two.stats().generation, one.stats().generation);
}

#[test]
fn damage_is_a_miss() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path(), DiskSettings::default());
    fill(&cache, 0..3, DAY);
    let writers = directory.path().join("generation-0000000000000001/writers");
    let writer = std::fs::read_dir(writers).unwrap().next().unwrap().unwrap().path();
    let segment = std::fs::read_dir(writer)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "seg"));
    let segment = segment.unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    for byte in &mut bytes[200..] {
        *byte ^= 0x55;
    }
    std::fs::write(&segment, bytes).unwrap();
    assert_eq!(found(&cache, 0..3, DAY), [0_u16; 0]);
    assert_eq!(cache.stats().damaged, 3);
    drop(cache);
    assert_eq!(found(&open(directory.path(), DiskSettings::default()), 0..3, DAY), [0_u16; 0]);
}

/// What a crash leaves between two generations is tidied up.
#[test]
fn an_unfinished_move_is_tidied_up() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path(), DiskSettings::default());
    fill(&cache, 0..3, DAY);
    drop(cache);
    std::fs::create_dir(directory.path().join("next.tmp")).unwrap();
    std::fs::create_dir(directory.path().join("generation-0000000000000000")).unwrap();
    assert_eq!(found(&open(directory.path(), DiskSettings::default()), 0..3, DAY), [0, 1, 2]);
    assert!(!directory.path().join("next.tmp").exists());
    assert!(!directory.path().join("generation-0000000000000000").exists());
}

/// Contract 13, embedding cache: one call for equal texts, also concurrently and in a batch; another process finds them.
#[tokio::test]
async fn a_service_asks_once_for_equal_texts() {
    let directory = tempfile::tempdir().unwrap();
    let server = ScriptedServer::start(|seen| vec![answers::openai(seen, DIMENSIONS)]).unwrap();
    let runtime = driven();
    let service = || {
        ServiceBuilder::new(ServiceSettings::default())
            .provider(openai(&server, runtime.clone()), LaneSettings::default())
            .memory_cache(MemorySettings::default())
            .disk_cache(Arc::new(open(directory.path(), DiskSettings::default())))
            .build(runtime.clone())
            .unwrap()
    };
    let first = service();
    let both = async { tokio::join!(first.embed("a text"), first.embed("a text")) };
    let (one, two) = runtime.run(both).await;
    assert_eq!(one.unwrap(), two.unwrap());
    runtime.run(first.embed("a text")).await.unwrap();
    runtime.run(first.embed_batch(&["a text", "a text"])).await.unwrap();
    assert_eq!(server.requests(), 1);
    runtime.run(first.embed("a text ")).await.unwrap();
    assert_eq!(server.requests(), 2, "white space counts unless it is normalised");
    runtime.run(first.embed_query("a text")).await.unwrap();
    assert_eq!(server.requests(), 3, "a query is another thing");
    first.close();
    drop(first);
    let second = service();
    let outcomes = runtime
        .run(second.embed_batch_detailed(&["a text", "a text "], CallOptions::default()))
        .await
        .unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.source == Source::Cache && outcome.attempts == 0));
    assert_eq!(outcomes[0].result.as_ref().unwrap().as_slice(), answers::vector_of("a text", DIMENSIONS));
    assert_eq!((server.requests(), second.telemetry().cache_disk_hits), (3, 2));
}

/// Contract 13, embedding cache: normalisation when asked for.
#[tokio::test]
async fn white_space_is_normalised_when_asked_for() {
    let server = ScriptedServer::start(|seen| vec![answers::openai(seen, DIMENSIONS)]).unwrap();
    let runtime = driven();
    let settings = ServiceSettings { normalizes_text: true, ..ServiceSettings::default() };
    let service = ServiceBuilder::new(settings)
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .memory_cache(MemorySettings::default())
        .build(runtime.clone())
        .unwrap();
    let outcomes = service.embed_batch_detailed(&[" a\n text", "a text ", "a text"], CallOptions::default());
    for outcome in runtime.run(outcomes).await.unwrap() {
        assert_eq!(outcome.result.unwrap().as_slice(), answers::vector_of("a text", DIMENSIONS));
    }
    runtime.run(service.embed("a  text")).await.unwrap();
    assert_eq!(server.requests(), 1);
}

/// Contract 4.4 and 7.5: a failure is not kept.
#[tokio::test]
async fn failures_are_not_kept() {
    let server = ScriptedServer::start(|seen| {
        if seen.number == 0 {
            vec![answers::error(400, &[], "invalid_request_error", "no")]
        } else {
            vec![answers::openai(seen, DIMENSIONS)]
        }
    })
    .unwrap();
    let runtime = driven();
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(openai(&server, runtime.clone()), LaneSettings::default())
        .memory_cache(MemorySettings::default())
        .build(runtime.clone())
        .unwrap();
    runtime.run(service.embed("a")).await.unwrap_err();
    assert_eq!(service.cache_stats().unwrap().entries, 0);
    runtime.run(service.embed("a")).await.unwrap();
    assert_eq!(service.cache_stats().unwrap().entries, 1);
}
