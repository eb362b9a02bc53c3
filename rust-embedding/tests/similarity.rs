//! Ranking is that of a plain computation of every score, in every form and on any number of threads.
#![expect(clippy::cast_possible_truncation, clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_embedding::deterministic::{Reduction, derive_vector};
use chrysalis_embedding::similarity::{
    Form, IndexOptions, Metric, Search, TopK, VectorIndex, cosine_similarity, dot, euclidean_distance, top_k,
    top_k_batch,
};
use proptest::prelude::*;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

fn score(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    match metric {
        Metric::Dot => dot(a, b),
        Metric::Euclidean => euclidean_distance(a, b),
        _ => cosine_similarity(a, b),
    }
    .unwrap()
}

/// Every score, sorted: the slow and obvious way.
fn by_force(
    metric: Metric,
    query: &[f32],
    rows: &[Vec<f32>],
    k: usize,
    threshold: Option<f64>,
) -> Vec<(usize, u64)> {
    let sign = if metric == Metric::Euclidean { -1.0 } else { 1.0 };
    let mut all: Vec<(usize, f64)> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| (place, score(metric, row, query)))
        .filter(|(_, score)| !score.is_nan() && threshold.is_none_or(|t| sign * score >= sign * t))
        .collect();
    all.sort_by(|a, b| (sign * b.1).partial_cmp(&(sign * a.1)).unwrap());
    all.into_iter().take(k).map(|(place, score)| (place, score.to_bits())).collect()
}

fn component() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -1.0_f32..1.0,
        1 => Just(0.0),
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(1e30), Just(1e-30), Just(f32::MIN_POSITIVE / 4.0)],
    ]
}

/// Rows of which some are equal, and some not numbers.
fn rows() -> impl Strategy<Value = (Vec<Vec<f32>>, Vec<f32>)> {
    (1_usize..40).prop_flat_map(|dimension| {
        let plain = prop::collection::vec(-1.0_f32..1.0, dimension);
        let odd = prop::collection::vec(component(), dimension);
        let row = prop_oneof![4 => plain.clone(), 1 => odd, 1 => Just(vec![0.5; dimension])];
        (prop::collection::vec(row.clone(), 0..80), row)
    })
}

proptest! {
    #[test]
    fn part_15_6_top_k_is_the_brute_force(
        (rows, query) in rows(), k in 0_usize..100, threshold in prop::option::of(-1.0_f64..1.0),
    ) {
        let matrix = rows.concat();
        for metric in METRICS {
            let sought = TopK { k, metric, threshold, filter: None };
            let found = top_k(&query, &matrix, &sought).unwrap();
            let found: Vec<_> = found.iter().map(|hit| (hit.row, hit.score.to_bits())).collect();
            prop_assert_eq!(found, by_force(metric, &query, &rows, k, threshold));
        }
    }

    #[test]
    fn part_15_6_an_exact_index_is_the_brute_force(
        (rows, query) in rows(), k in 0_usize..100, threshold in prop::option::of(-1.0_f64..1.0),
        removed in prop::collection::vec(0_usize..80, 0..10),
    ) {
        for metric in METRICS {
            let mut index = VectorIndex::new(IndexOptions {
                max_entries: 100, metric, ..IndexOptions::new(query.len())
            }).unwrap();
            for (place, row) in rows.iter().enumerate() {
                index.add(&place.to_string(), row, place).unwrap();
            }
            let mut left: Vec<(usize, Vec<f32>)> = rows.iter().cloned().enumerate().collect();
            for place in &removed {
                let there = left.iter().position(|(id, _)| id == place);
                prop_assert_eq!(index.remove(&place.to_string()), there.map(|at| left.remove(at).0));
            }
            let (ids, rows): (Vec<usize>, Vec<Vec<f32>>) = left.into_iter().unzip();
            let expected: Vec<_> = by_force(metric, &query, &rows, k, threshold)
                .into_iter().map(|(place, score)| (ids[place], score)).collect();
            let found = index.search(&query, &Search { limit: k, threshold, threads: 1 }).unwrap();
            let found: Vec<_> = found.iter().map(|hit| (*hit.metadata, hit.score.to_bits())).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(index.ids().map(|id| id.parse::<usize>().unwrap()).eq(ids));
        }
    }
}

/// Vectors that look random, of unit length as near as `f32` has it.
fn unit_vectors(count: usize, dimension: usize, mut state: u64) -> Vec<Vec<f32>> {
    (0..count)
        .map(|_| {
            let raw: Vec<f32> = (0..dimension)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 40) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect();
            let norm = dot(&raw, &raw).unwrap().sqrt() as f32;
            raw.into_iter().map(|x| x / norm).collect()
        })
        .collect()
}

#[test]
fn part_11_threads_and_batches_change_nothing() {
    let rows = unit_vectors(6000, 384, 1);
    let queries = unit_vectors(7, 384, 2);
    let mut index = VectorIndex::new(IndexOptions { max_entries: 6000, ..IndexOptions::new(384) }).unwrap();
    for (place, row) in rows.iter().enumerate() {
        index.add(&place.to_string(), row, ()).unwrap();
    }
    let matrix = rows.concat();
    let together = top_k_batch(&queries.concat(), 384, &matrix, &TopK::default()).unwrap();
    for (query, together) in queries.iter().zip(together) {
        let alone = top_k(query, &matrix, &TopK::default()).unwrap();
        assert_eq!(alone, together);
        let one = index.search(query, &Search::default()).unwrap();
        for threads in [2, 3, 64] {
            assert_eq!(index.search(query, &Search { threads, ..Search::default() }).unwrap(), one);
        }
        let from_index: Vec<_> =
            one.iter().map(|hit| (hit.id.parse().unwrap(), hit.score.to_bits())).collect();
        let from_matrix: Vec<(usize, u64)> = alone.iter().map(|hit| (hit.row, hit.score.to_bits())).collect();
        assert_eq!(from_index, from_matrix);
    }
}

#[test]
fn part_11_smaller_forms_find_nearly_the_same() {
    let rows = unit_vectors(3000, 256, 3);
    let query = &rows[1234];
    for (form, tolerance) in [(Form::F16, 1e-3), (Form::Int8, 0.02), (Form::Binary, 1e-12)] {
        let mut index =
            VectorIndex::new(IndexOptions { form, max_entries: 3000, ..IndexOptions::new(256) }).unwrap();
        for (place, row) in rows.iter().enumerate() {
            index.add(&place.to_string(), row, ()).unwrap();
        }
        let hits = index.search(query, &Search::default()).unwrap();
        assert_eq!(hits.len(), 10);
        assert_eq!(hits[0].id, "1234");
        for hit in hits {
            let exact = cosine_similarity(&rows[hit.id.parse::<usize>().unwrap()], query).unwrap();
            assert!((hit.score - exact).abs() <= tolerance, "{form:?}: {} {exact}", hit.score);
        }
        let (kept, ()) = index.entry("7").unwrap();
        assert!(cosine_similarity(&kept, &rows[7]).unwrap() > 0.999);
    }
}

#[test]
fn part_11_the_index_of_the_original() {
    let mut index = VectorIndex::new(IndexOptions { max_entries: 2, ..IndexOptions::new(2) }).unwrap();
    assert_eq!(
        index.add("a", &[1.0], "first").unwrap_err().to_string(),
        "Embedding dimension mismatch: expected 2, got 1"
    );
    assert_eq!(index.add("a", &[1.0, 0.0], "first"), Ok(None));
    assert_eq!(index.add("b", &[0.0, 1.0], "second"), Ok(None));
    assert_eq!(index.add("a", &[1.0, 1.0], "again"), Ok(None));
    assert_eq!(index.ids().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(index.add("c", &[1.0, 0.0], "third"), Ok(Some("a".to_owned())));
    assert_eq!((index.len(), index.has("a"), index.has("c")), (2, false, true));
    assert_eq!(
        index.search(&[1.0], &Search::default()).unwrap_err().to_string(),
        "Query embedding dimension mismatch: expected 2, got 1"
    );
    let hits = index.search(&[1.0, 0.0], &Search { threshold: Some(0.0), ..Search::default() }).unwrap();
    assert_eq!(hits.iter().map(|hit| (hit.id, hit.score)).collect::<Vec<_>>(), [("c", 1.0), ("b", 0.0)]);
    assert!(index.search(&[1.0, 0.0], &Search { limit: 0, ..Search::default() }).unwrap().is_empty());
    let filtered = index.search_where(&[1.0, 0.0], &Search::default(), |id, _| id == "b").unwrap();
    assert_eq!(filtered.len(), 1);
    assert_eq!(index.remove("c"), Some("third"));
    index.clear();
    assert!(index.is_empty() && index.search(&[1.0, 0.0], &Search::default()).unwrap().is_empty());
}

#[test]
fn ties_come_in_the_order_of_insertion_and_nan_never_ranks() {
    let mut index = VectorIndex::new(IndexOptions { max_entries: 2000, ..IndexOptions::new(3) }).unwrap();
    for place in 0..1500 {
        let vector = if place % 3 == 0 { [f32::NAN, 1.0, 0.0] } else { [1.0, 2.0, 3.0] };
        index.add(&format!("{place}"), &vector, place).unwrap();
    }
    index.remove("1");
    let hits = index.search(&[3.0, 2.0, 1.0], &Search { limit: 4, ..Search::default() }).unwrap();
    assert_eq!(hits.iter().map(|hit| *hit.metadata).collect::<Vec<_>>(), [2, 4, 5, 7]);
    assert!(index.search(&[f32::NAN, 0.0, 0.0], &Search::default()).unwrap().is_empty());
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    assert!(top_k(&[], &[1.0], &TopK::default()).is_err());
    assert!(top_k(&[1.0, 2.0], &[1.0, 2.0, 3.0], &TopK::default()).is_err());
    assert!(top_k_batch(&[1.0, 2.0, 3.0], 2, &[], &TopK::default()).is_err());
    assert_eq!(top_k_batch(&[], 2, &[1.0, 2.0], &TopK::default()), Ok(vec![]));
    for dimension in [0, 1 << 17, usize::MAX] {
        assert!(VectorIndex::<()>::new(IndexOptions::new(dimension)).is_err());
    }
    assert!(VectorIndex::<()>::new(IndexOptions { max_entries: 0, ..IndexOptions::new(2) }).is_err());
}

#[test]
fn part_11_the_shared_vectors_to_the_last_bit() {
    let file: serde_json::Value = serde_json::from_str(include_str!("../vectors/similarity.json")).unwrap();
    let dimension = usize::try_from(file["dimension"].as_u64().unwrap()).unwrap();
    let vector = |text: &serde_json::Value| {
        derive_vector(text.as_str().unwrap(), dimension, Reduction::default()).unwrap()
    };
    let rows: Vec<f32> = file["texts"].as_array().unwrap().iter().flat_map(vector).collect();
    for metric in METRICS {
        let name = format!("{metric:?}").to_lowercase();
        let expected: Vec<(usize, f64)> = serde_json::from_value(file["ranks"][&name].clone()).unwrap();
        let sought = TopK { k: expected.len(), metric, ..TopK::default() };
        let found = top_k(&vector(&file["query"]), &rows, &sought).unwrap();
        assert_eq!(found.iter().map(|hit| (hit.row, hit.score)).collect::<Vec<_>>(), expected, "{name}");
    }
}
