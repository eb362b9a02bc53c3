//! Recall by meaning, with an embedder whose vectors can be read: one component for each of a few concepts.

#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrysalis_memory::semantic::Worker;
use chrysalis_memory::{
    Coverage, Embedder, EmbedderError, Identity, Memory, MemoryError, Note, OpenOptions, Query,
};

const CONCEPTS: [&[&str]; 5] = [
    &["cat", "feline", "kitten"],
    &["sofa", "couch"],
    &["storm", "thunder", "lightning"],
    &["money", "salary", "wage"],
    &["doctor", "physician"],
];

/// Counts the concepts of a text; fits 12 words.
struct Concepts {
    space: u8,
    texts: AtomicUsize,
    fails: bool,
}

impl Concepts {
    fn new(space: u8) -> Arc<Self> {
        Arc::new(Self { space, texts: AtomicUsize::new(0), fails: false })
    }

    fn vector(text: &str) -> Vec<f32> {
        let text = text.to_lowercase();
        let count = |words: &&[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>();
        let mut vector: Vec<f32> =
            CONCEPTS.iter().map(|words| f32::from(u8::try_from(count(words)).unwrap())).collect();
        vector.push(0.1);
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / norm).collect()
    }
}

impl Embedder for Concepts {
    fn space(&self) -> [u8; 32] {
        [self.space; 32]
    }

    fn dimensions(&self) -> usize {
        CONCEPTS.len() + 1
    }

    fn fits(&self, text: &str) -> bool {
        text.split_whitespace().count() <= 12
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        if self.fails {
            return Err(EmbedderError { code: "test/fails", message: "as asked".to_owned() });
        }
        assert!(texts.iter().all(|text| self.fits(text)));
        self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        Ok(texts.iter().map(|text| Self::vector(text)).collect())
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
        Ok(Self::vector(text))
    }
}

fn open(path: &Path, identity: &Arc<Identity>, embedder: Option<Arc<dyn Embedder>>) -> Memory {
    let options =
        OpenOptions { identity: Some(identity.clone()), create: true, embedder, ..OpenOptions::default() };
    Memory::open(path, options).unwrap()
}

fn identity(name: &str) -> Arc<Identity> {
    Arc::new(Identity::make(name).unwrap())
}

fn notes(texts: &[&str]) -> Vec<Note> {
    texts.iter().map(|text| Note::new(*text)).collect()
}

fn texts(memory: &Memory, query: &str) -> Vec<String> {
    memory.recall(&Query::new(query)).unwrap().hits.into_iter().map(|hit| hit.entry.note.text).collect()
}

const FACTS: [&str; 4] = [
    "The kitten sleeps all day.",
    "Thunder woke the whole street.",
    "Her wage went up in May.",
    "Bread rises twice.",
];

#[test]
fn a_question_in_other_words_finds_the_answer() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let memory = open(directory.path(), &identity, Some(Concepts::new(1)));
    memory.remember(notes(&FACTS), None).unwrap();
    assert!(texts(&memory, "feline").is_empty(), "nothing has a vector yet, and no word fits");
    let before = memory.recall(&Query::new("feline")).unwrap().semantic.unwrap();
    assert_eq!((before.embedded, before.entries), (0, 4));

    let coverage = memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(coverage, Coverage { space: [1; 32], embedded: 4, entries: 4 });
    assert_eq!(texts(&memory, "feline")[0], FACTS[0]);
    assert_eq!(texts(&memory, "lightning, asks a physician")[0], FACTS[1]);
    let mut words = Query::new("feline");
    words.words_only = true;
    let answer = memory.recall(&words).unwrap();
    assert!(answer.hits.is_empty() && answer.semantic.is_none());

    let hit = &memory.recall(&Query::new("salary")).unwrap().hits[0];
    assert_eq!((hit.channels.lexical_rank, hit.channels.other_rank), (None, Some(1)));
    assert_eq!(hit.entry.note.text, FACTS[2]);
}

#[test]
fn vectors_are_made_once_and_used_by_every_process() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let (first, second) = (Concepts::new(1), Concepts::new(1));
    let a = open(directory.path(), &identity, Some(first.clone()));
    let b = open(directory.path(), &identity, Some(second.clone()));
    a.remember(notes(&FACTS[..3]), None).unwrap();
    a.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(texts(&b, "feline")[0], FACTS[0]);
    assert!(b.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap().is_complete());
    assert_eq!((first.texts.load(Ordering::Relaxed), second.texts.load(Ordering::Relaxed)), (3, 0));

    b.remember(notes(&FACTS[3..]), None).unwrap();
    b.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((first.texts.load(Ordering::Relaxed), second.texts.load(Ordering::Relaxed)), (3, 1));
    drop((a, b));

    let third = Concepts::new(1);
    let c = open(directory.path(), &identity, Some(third.clone()));
    assert!(c.coverage().unwrap().is_complete());
    assert_eq!(texts(&c, "feline")[0], FACTS[0]);
    assert_eq!(third.texts.load(Ordering::Relaxed), 0);
}

#[test]
fn what_was_stopped_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let embedder = Concepts::new(1);
    let memory = open(directory.path(), &identity, Some(embedder.clone()));
    let many: Vec<String> = (0..200).map(|i| format!("note number {i} of a cat")).collect();
    memory.remember(many.iter().map(Note::new).collect(), None).unwrap();
    let mut seen = Vec::new();
    let stopped = memory
        .embed_pending(&mut |coverage| {
            seen.push(coverage.embedded);
            if coverage.embedded >= 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, [64, 128]);
    assert_eq!(stopped.embedded, 128);
    drop(memory);
    let memory = open(directory.path(), &identity, Some(embedder.clone()));
    assert!(memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap().is_complete());
    assert_eq!(embedder.texts.load(Ordering::Relaxed), 200);
}

#[test]
fn forgetting_takes_the_vectors_along() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let memory = open(directory.path(), &identity, Some(Concepts::new(1)));
    let ids = memory.remember(notes(&FACTS), None).unwrap();
    memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    // The only note of its kind: as it is kept, 127 for 1, in the first component.
    let written = [126, 0, 0, 0, 0, 13];
    assert!(holds(directory.path(), &written), "the search finds what is there");
    memory.forget(&ids[..1]).unwrap();
    assert!(!holds(directory.path(), &written));
    assert!(!texts(&memory, "feline").contains(&FACTS[0].to_owned()));
    let coverage = memory.coverage().unwrap();
    assert_eq!((coverage.embedded, coverage.entries), (3, 3));

    // Another process had read them before.
    drop(memory);
    let memory = open(directory.path(), &identity, Some(Concepts::new(1)));
    assert!(memory.coverage().unwrap().is_complete());
    assert_eq!(texts(&memory, "thunder")[0], FACTS[1]);
}

#[test]
fn a_long_text_has_several_vectors() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let embedder = Concepts::new(1);
    let memory = open(directory.path(), &identity, Some(embedder.clone()));
    let filler = "Nothing of any note is said in this part of it. ".repeat(30);
    let long = format!("{filler}\n\nThen the kitten came in.\n\n{filler}");
    memory.remember(notes(&[&long, FACTS[1]]), None).unwrap();
    memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    assert!(embedder.texts.load(Ordering::Relaxed) > 20);
    assert_eq!(texts(&memory, "feline")[0], long);
}

#[test]
fn a_new_model_is_a_new_space_and_the_old_one_can_go() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let memory = open(directory.path(), &identity, Some(Concepts::new(1)));
    memory.remember(notes(&FACTS), None).unwrap();
    memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    drop(memory);

    let memory = open(directory.path(), &identity, Some(Concepts::new(2)));
    assert_eq!(memory.coverage().unwrap().embedded, 0, "vectors of two spaces are never compared");
    assert_eq!(texts(&memory, "thunder")[0], FACTS[1], "words meanwhile");
    memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(memory.spaces().unwrap(), [[1; 32], [2; 32]]);
    assert!(!memory.remove_space(&[2; 32]).unwrap(), "the own one stays");
    assert!(memory.remove_space(&[1; 32]).unwrap());
    assert!(!memory.remove_space(&[1; 32]).unwrap());
    assert_eq!(memory.spaces().unwrap(), [[2; 32]]);
    assert_eq!(texts(&memory, "feline")[0], FACTS[0]);
}

#[test]
fn the_order_of_arrival_makes_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let identities = [identity("ada"), identity("ben")];
    // More equally near entries than a ranking looks at.
    let many: Vec<String> = (0..150).map(|i| format!("cat {i}")).collect();
    let stores: Vec<Memory> = (0..2)
        .map(|i| {
            let memory = open(&directory.path().join(i.to_string()), &identities[i], Some(Concepts::new(1)));
            memory
                .remember(many.iter().map(|text| Note::new(format!("{text} of {i}"))).collect(), None)
                .unwrap();
            memory
        })
        .collect();
    let paths = [0, 1].map(|i: u8| directory.path().join(i.to_string()));
    stores[0].merge(&paths[1], &mut |_| ControlFlow::Continue(())).unwrap();
    stores[1].merge(&paths[0], &mut |_| ControlFlow::Continue(())).unwrap();
    let answers: Vec<Vec<(String, u64)>> = stores
        .iter()
        .map(|memory| {
            memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap();
            let mut query = Query::new("feline");
            query.limit = 100;
            let hits = memory.recall(&query).unwrap().hits;
            hits.into_iter().map(|hit| (hit.entry.note.text, hit.score.to_bits())).collect()
        })
        .collect();
    assert_eq!(answers[0].len(), 100);
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn failures_are_told_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let plain = open(directory.path(), &identity, None);
    assert!(matches!(plain.coverage(), Err(MemoryError::NoEmbedder)));
    assert!(matches!(plain.embed_pending(&mut |_| ControlFlow::Continue(())), Err(MemoryError::NoEmbedder)));
    plain.remember(notes(&FACTS), None).unwrap();

    let failing = Arc::new(Concepts { space: 1, texts: AtomicUsize::new(0), fails: true });
    let memory = open(directory.path(), &identity, Some(failing));
    let error = memory.embed_pending(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.code(), "memory/embedder");
    assert_eq!(texts(&memory, "thunder")[0], FACTS[1]);

    let options = OpenOptions { read_only: true, embedder: Some(Concepts::new(7)), ..OpenOptions::default() };
    let reader = Memory::open(directory.path(), options).unwrap();
    assert_eq!(texts(&reader, "thunder")[0], FACTS[1]);
    assert!(reader.embed_pending(&mut |_| ControlFlow::Continue(())).is_err());
    assert_eq!(reader.coverage().unwrap().embedded, 0);
}

#[test]
fn a_worker_embeds_what_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let identity = identity("ada");
    let memory = Arc::new(open(directory.path(), &identity, Some(Concepts::new(1))));
    let worker = Worker::start(memory.clone()).unwrap();
    memory.remember(notes(&FACTS), None).unwrap();
    worker.notify();
    worker.wait();
    assert!(memory.coverage().unwrap().is_complete());
    assert_eq!((worker.coverage().unwrap().embedded, worker.problem()), (4, None));
    assert_eq!(texts(&memory, "feline")[0], FACTS[0]);
    drop(worker);

    let failing = Arc::new(Concepts { space: 2, texts: AtomicUsize::new(0), fails: true });
    let worker = Worker::start(Arc::new(open(directory.path(), &identity, Some(failing)))).unwrap();
    worker.wait();
    assert_eq!(worker.problem(), Some("memory/embedder"));
}

/// Whether any file below `directory` holds these bytes.
fn holds(directory: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            holds(&path, bytes)
        } else {
            std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
        }
    })
}
