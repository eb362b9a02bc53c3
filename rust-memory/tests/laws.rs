//! Random histories of several agents on several stores: however they merged, they end with one digest and one
//! answer, and an index kept up to date says the same as one built afresh.
//!
//! `CHRYSALIS_SEED` replays one history; `CHRYSALIS_HISTORIES` says how many are run, from `CHRYSALIS_FIRST_SEED` on.

#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod common;

use chrysalis_journal::MemoryDisk;
use chrysalis_memory::{Document, EntryId, Memory, Note};
use common::{answer, merge, open, say};

const AGENTS: [&str; 3] = ["ada", "bob", "eve"];
const WORDS: [&str; 12] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll",
    "larch",
];
const QUESTIONS: [&str; 5] =
    ["amber birch", "cedar delta ember fjord", "grove", "which inlet has a jetty?", "larch heath"];

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn words(&mut self) -> String {
        let count = 1 + self.roll(6);
        (0..count).map(|_| WORDS[self.roll(WORDS.len())]).collect::<Vec<_>>().join(" ")
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_history_converges() {
    let (first, count) = match number("CHRYSALIS_SEED") {
        Some(seed) => (seed, 1),
        None => (number("CHRYSALIS_FIRST_SEED").unwrap_or(0), number("CHRYSALIS_HISTORIES").unwrap_or(40)),
    };
    for seed in first..first + count {
        println!("CHRYSALIS_SEED={seed}");
        history(Dice(seed));
    }
}

fn history(mut dice: Dice) {
    // Every agent has a store of its own; ada has a second process on hers, and eve writes there too.
    let disks: Vec<MemoryDisk> = AGENTS.iter().map(|_| MemoryDisk::new()).collect();
    let handles: Vec<(usize, Memory)> = [(0, "ada"), (0, "ada"), (0, "eve"), (1, "bob"), (2, "eve")]
        .map(|(store, agent)| (store, open(&disks[store], agent)))
        .into();
    let mut said: Vec<Vec<EntryId>> = vec![Vec::new(); handles.len()];
    for _ in 0..25 {
        let at = dice.roll(handles.len());
        let (store, memory) = &handles[at];
        match dice.roll(10) {
            0..4 => said[at].push(say(memory, &dice.words())),
            4 => {
                let notes = (0..1 + dice.roll(4)).map(|_| Note::new(dice.words())).collect();
                said[at].extend(memory.remember(notes, None).unwrap());
            }
            5..7 => {
                let text: String =
                    (0..dice.roll(4)).map(|i| format!("# Part {i}\n\n{}\n\n", dice.words())).collect();
                let name = format!("doc{}.md", dice.roll(2));
                memory.remember_documents(&[Document::new(name, text)], None).unwrap();
            }
            7 if !said[at].is_empty() => {
                let which = dice.roll(said[at].len());
                let id = said[at].swap_remove(which);
                // Another entry of the same words may have taken this one along already.
                let _ = memory.forget(&[id]);
            }
            _ => {
                let from = (store + 1 + dice.roll(disks.len() - 1)) % disks.len();
                merge(memory, &disks[from]);
            }
        }
        if dice.roll(3) == 0 {
            answer(memory, QUESTIONS[dice.roll(QUESTIONS.len())]);
        }
    }
    // Everyone hears from everyone, twice, so that what travelled by a detour arrives too.
    for _ in 0..2 {
        for (store, memory) in &handles {
            for (from, disk) in disks.iter().enumerate() {
                if from != *store {
                    merge(memory, disk);
                }
            }
        }
    }
    let digest = handles[0].1.digest().unwrap();
    let namespaces = handles[0].1.namespace_digests().unwrap();
    let fresh = open(&disks[1], "reader");
    for (_, memory) in &handles {
        assert_eq!(memory.digest().unwrap(), digest);
        assert_eq!(memory.namespace_digests().unwrap(), namespaces);
        for question in QUESTIONS {
            assert_eq!(answer(memory, question), answer(&fresh, question), "{question}");
        }
    }
    for disk in &disks {
        let report = chrysalis_journal::verify(disk, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}
