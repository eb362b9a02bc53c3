//! Laws of lexical recall. A failing case is printed with its seed by proptest and kept beside this file.

mod support;

use std::collections::BTreeMap;

use chrysalis_memory::lexical::{
    Bm25, IndexError, IndexedDoc, LexicalIndex, MAX_TITLE_BYTES, Query, tokenize,
};
use chrysalis_memory::ranking::{RankQuery, Ranked, rank};
use proptest::prelude::*;
use support::{Doc, exhaustive};

/// Words with very different frequencies, so that lists have several blocks and bounds matter.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just("the".to_owned()),
        4 => (0..5_u8).prop_map(|n| format!("often{}", char::from(b'a' + n))),
        2 => (0..40_u8).prop_map(|n| format!("w{n}")),
        1 => Just("memory_store".to_owned()),
        1 => "[a-zé]{1,6}",
    ]
}

fn text(words: core::ops::Range<usize>) -> impl Strategy<Value = String> {
    proptest::collection::vec(word(), words).prop_map(|words| words.join(" "))
}

fn doc() -> impl Strategy<Value = Doc> {
    (any::<u8>(), 0..3_u64, text(0..12), text(0..3), proptest::option::of((0..3_u64, 0..12_u32)))
        .prop_map(|(number, time_ms, text, title, source)| Doc { number, time_ms, text, title, source })
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u32, Doc),
    Remove(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..60_u32, doc()).prop_map(|(slot, doc)| Step::Insert(slot, doc)),
        1 => (0..60_u32).prop_map(Step::Remove),
    ]
}

/// Plays the steps on an index and on a plain map.
fn play(index: &mut LexicalIndex, live: &mut BTreeMap<u32, Doc>, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Insert(slot, doc) => {
                let taken = live.iter().find(|(other, held)| *other != slot && held.number == doc.number);
                let expected = taken.map_or(Ok(()), |(slot, _)| Err(IndexError::DuplicateId { slot: *slot }));
                assert_eq!(index.insert(*slot, &doc.indexed()), expected);
                if expected.is_ok() {
                    live.insert(*slot, doc.clone());
                }
            }
            Step::Remove(slot) => assert_eq!(index.remove(*slot), live.remove(slot).is_some()),
        }
    }
}

fn answer(index: &LexicalIndex, query: &Query, limit: usize) -> Vec<([u8; 32], u64)> {
    index.search(query, limit, &|_| true).iter().map(|hit| (hit.id, hit.score.to_bits())).collect()
}

fn everything_but_slots(ranked: Vec<Ranked>) -> Vec<Ranked> {
    ranked.into_iter().map(|hit| Ranked { slot: 0, ..hit }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn search_is_what_scoring_every_document_gives(
        steps in proptest::collection::vec(step(), 0..80),
        asked in text(0..7),
        limit in 0..20_usize,
        k1 in 0.0..3.0_f64,
        b in 0.0..=1.0_f64,
        title_weight in 1..4_u32,
    ) {
        let bm25 = Bm25 { k1, b, title_weight };
        let mut index = LexicalIndex::with_constants(bm25).unwrap();
        let mut live = BTreeMap::new();
        play(&mut index, &mut live, &steps);
        let query = Query::new(&asked);
        let docs = live.values().collect::<Vec<_>>();
        let expected = exhaustive(&docs, bm25, &query, limit);
        let expected = expected.into_iter().map(|(id, score)| (id, score.to_bits())).collect::<Vec<_>>();
        prop_assert_eq!(answer(&index, &query, limit), expected);
    }

    #[test]
    fn answers_depend_on_the_set_of_documents_alone(
        steps in proptest::collection::vec(step(), 0..120),
        asked in text(1..7),
        shift in 0..1000_u32,
    ) {
        let mut index = LexicalIndex::new();
        let mut live = BTreeMap::new();
        play(&mut index, &mut live, &steps);
        let mut fresh = LexicalIndex::new();
        for (slot, doc) in live.iter().rev() {
            fresh.insert(slot.wrapping_mul(7919).wrapping_add(shift), &doc.indexed()).unwrap();
        }
        let other = live.values().map(Doc::id).step_by(3).collect::<Vec<_>>();
        for other in [None, Some(other.as_slice())] {
            let asked = RankQuery { text: &asked, limit: 15, as_of_ms: Some(90_000_000), filter: &|_| true, other };
            let ranked = everything_but_slots(rank(&index, &asked));
            prop_assert_eq!(ranked, everything_but_slots(rank(&fresh, &asked)));
        }
        prop_assert_eq!(index.len(), fresh.len());
    }

    #[test]
    fn a_filter_leaves_the_order_of_what_passes(
        docs in proptest::collection::vec(doc(), 0..60),
        asked in text(1..6),
        modulus in 1..4_u32,
    ) {
        let mut index = LexicalIndex::new();
        let steps = (0..).zip(docs).map(|(slot, doc)| Step::Insert(slot, doc)).collect::<Vec<_>>();
        play(&mut index, &mut BTreeMap::new(), &steps);
        let query = Query::new(&asked);
        let all = index.search(&query, usize::MAX, &|_| true);
        let passing = all.into_iter().filter(|hit| hit.slot % modulus == 0).take(5).collect::<Vec<_>>();
        prop_assert_eq!(index.search(&query, 5, &|slot| slot % modulus == 0), passing);
    }

    #[test]
    fn a_shorter_answer_begins_a_longer_one(docs in proptest::collection::vec(doc(), 0..60), asked in text(1..6)) {
        let mut index = LexicalIndex::new();
        let steps = (0..).zip(docs).map(|(slot, doc)| Step::Insert(slot, doc)).collect::<Vec<_>>();
        play(&mut index, &mut BTreeMap::new(), &steps);
        let ask = |limit| rank(&index, &RankQuery { text: &asked, limit, as_of_ms: None, filter: &|_| true, other: None });
        let long = ask(50);
        for limit in [0, 1, 7] {
            let short = ask(limit);
            prop_assert_eq!(short.as_slice(), &long[..limit.min(long.len())]);
        }
    }

    #[test]
    fn any_text_is_tokenised_in_order_and_within_bounds(text in any::<String>()) {
        let mut position = 0;
        tokenize(&text, |token| {
            assert!(token.position == position || token.position == position + 1);
            position = token.position;
            assert!(!token.term.is_empty());
            assert!(!text[token.range].is_empty());
        });
        for range in Query::new(&text).matches_in(&text) {
            prop_assert!(!text[range].is_empty());
        }
    }
}

/// Enough documents for many blocks per list, removals that cause clean-ups, and every query against the plain scan.
#[test]
fn search_is_exact_across_many_blocks() {
    const SEED: u64 = 7;
    println!("seed {SEED}");
    let mut state = SEED;
    let mut random = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut index = LexicalIndex::new();
    let mut live = BTreeMap::new();
    for slot in 0..3000_u32 {
        let words = 3 + random(20);
        // The product makes small numbers frequent.
        let text = (0..words).map(|_| format!("w{} ", random(30) * random(30) / 20)).collect::<String>();
        let mut id = [0; 32];
        id[..4].copy_from_slice(&slot.to_le_bytes());
        index
            .insert(slot, &IndexedDoc { id, time_ms: random(4), text: &text, title: "", source: None })
            .unwrap();
        live.insert(slot, text);
    }
    for round in 0..4 {
        for _ in 0..60 {
            let asked =
                (0..1 + random(6)).map(|_| format!("w{} ", random(30) * random(30) / 20)).collect::<String>();
            let query = Query::new(&asked);
            // A limit that keeps everything prunes nothing.
            let all = index.search(&query, usize::MAX, &|_| true);
            let words = asked.split_whitespace().collect::<Vec<_>>();
            let matching =
                live.values().filter(|text| text.split_whitespace().any(|word| words.contains(&word)));
            assert_eq!(all.len(), matching.count(), "round {round}: {asked}");
            for limit in [1, 10, 100] {
                let best = index.search(&query, limit, &|_| true);
                assert_eq!(best, all[..limit.min(all.len())], "round {round}: {asked}");
            }
        }
        for _ in 0..700 {
            let slot = u32::try_from(random(3000)).unwrap();
            assert_eq!(index.remove(slot), live.remove(&slot).is_some());
        }
    }
}

#[test]
fn limits_are_typed_errors_and_leave_the_index_alone() {
    let mut index = LexicalIndex::new();
    let doc = IndexedDoc { id: [1; 32], time_ms: 0, text: "held", title: "", source: None };
    index.insert(3, &doc).unwrap();
    let title = "t".repeat(MAX_TITLE_BYTES + 1);
    let refused = index.insert(3, &IndexedDoc { id: [2; 32], title: &title, ..doc });
    assert_eq!(refused, Err(IndexError::TitleTooLong { bytes: MAX_TITLE_BYTES + 1 }));
    let text = "x ".repeat(8 << 20) + "x";
    let refused = index.insert(4, &IndexedDoc { id: [2; 32], text: &text, ..doc });
    assert_eq!(refused.unwrap_err().code(), "memory/text-too-long");
    assert_eq!(index.insert(9, &doc), Err(IndexError::DuplicateId { slot: 3 }));
    assert_eq!((index.len(), index.slot_of(&[1; 32]), index.slot_of(&[2; 32])), (1, Some(3), None));
    assert_eq!(index.search(&Query::new("held"), 5, &|_| true).len(), 1);
    for k1 in [-1.0, f64::NAN, f64::INFINITY] {
        let made = LexicalIndex::with_constants(Bm25 { k1, ..Bm25::default() });
        assert_eq!(made.err(), Some(IndexError::BadConstants));
    }
}
