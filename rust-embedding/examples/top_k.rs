//! What the nearest ten of many vectors cost on one thread: `cargo run --release --example top_k [ROWS] [DIMENSION]`.
//! With a third argument the vectors are also written there, as `f32`, so that others can be measured on the same ones.
#![expect(clippy::print_stdout, reason = "a measurement for people")]

use std::time::Instant;

use chrysalis_embedding::similarity::{Form, IndexOptions, Metric, Search, VectorIndex};
use chrysalis_embedding_kernels::similarity::{dot_rows_f32, dot_rows_i8};

const QUERIES: usize = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |place: usize, usual: usize| arguments.get(place).map_or(Ok(usual), |text| text.parse());
    let (rows, dimension) = (number(1, 100_000)?, number(2, 384)?);
    let vectors = vectors(rows + QUERIES, dimension);
    let (matrix, queries) = vectors.split_at(rows * dimension);
    if let Some(path) = arguments.get(3) {
        std::fs::write(path, vectors.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    println!("{rows} x {dimension}, cosine, ten nearest, one thread, median of {QUERIES} queries");
    for form in [Form::F32, Form::F16, Form::Int8, Form::Binary] {
        let options =
            IndexOptions { max_entries: rows, metric: Metric::Cosine, form, ..IndexOptions::new(dimension) };
        let mut index = VectorIndex::new(options)?;
        for (row, vector) in matrix.chunks_exact(dimension).enumerate() {
            index.add(&row.to_string(), vector, ())?;
        }
        let search = Search { limit: 10, threads: 1, ..Search::default() };
        let time = median(queries.chunks_exact(dimension).map(|query| {
            let started = Instant::now();
            std::hint::black_box(index.search(query, &search).map(|hits| hits.len()).unwrap_or(0));
            started.elapsed().as_secs_f64()
        }));
        println!("  index, {form:?}: {:.2} ms", time * 1e3);
    }
    #[expect(clippy::cast_possible_truncation, reason = "any codes will do")]
    let codes: Vec<i8> = vectors.iter().map(|x| (x * 127.0) as i8).collect();
    let (code_rows, code_queries) = codes.split_at(rows * dimension);
    let mut products = vec![0; rows];
    let time = median(code_queries.chunks_exact(dimension).map(|query| {
        let started = Instant::now();
        dot_rows_i8(query, code_rows, &mut products);
        std::hint::black_box(&products);
        started.elapsed().as_secs_f64()
    }));
    println!("  int8 products alone: {:.2} ms, {:.1} GB/s", time * 1e3, rate(code_rows.len(), time));
    let (mut products, mut squares) = (vec![0.0; rows], vec![0.0; rows]);
    let time = median(queries.chunks_exact(dimension).map(|query| {
        let started = Instant::now();
        dot_rows_f32(query, matrix, &mut products, &mut squares);
        std::hint::black_box(&products);
        started.elapsed().as_secs_f64()
    }));
    println!("  f32 products alone: {:.2} ms, {:.1} GB/s", time * 1e3, rate(matrix.len() * 4, time));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / seconds / 1e9
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// Vectors of unit length in all directions, the same in every run: sums of uniform numbers are nearly normal.
#[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
fn vectors(count: usize, dimension: usize) -> Vec<f32> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u32 << 24) as f32 - 0.5
    };
    let mut vectors: Vec<f32> = (0..count * dimension).map(|_| (0..6).map(|_| uniform()).sum()).collect();
    for vector in vectors.chunks_exact_mut(dimension) {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vectors
}
