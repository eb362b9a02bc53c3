//! How fast each kernel is at the shapes of all-MiniLM-L6-v2, on each set of instructions: `cargo run --release --example speed`.
#![expect(clippy::print_stdout, reason = "a measurement for people")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "any codes will do, and rates are for people"
)]

use std::time::Instant;

use chrysalis_embedding_kernels::similarity::{dot_rows_f32, dot_rows_i8};
use chrysalis_embedding_kernels::{
    Attention, Backend, Int8Matrix, Int8Rows, LANES, Lanes, add_norm, attend, gelu,
};

fn main() {
    let rows: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(128);
    for backend in Backend::available() {
        println!("{} ({rows} rows)", backend.name());
        for (width, outputs) in [(384, 1152), (384, 384), (384, 1536), (1536, 384)] {
            let matrix = Int8Matrix::new(
                width,
                outputs,
                &vec![3; width * outputs],
                &vec![1.0; outputs],
                &vec![0.0; outputs],
            );
            let mut x = Int8Rows::default();
            let input = vec![Lanes([0.5; LANES]); rows * width / LANES];
            let quantize = time(|| x.quantize(*backend, &input, width));
            let mut out = vec![Lanes::default(); rows * outputs / LANES];
            let product = time(|| matrix.multiply(*backend, &x, &mut out));
            let rate = (rows * width * outputs) as f64 / product / 1e3;
            println!(
                "  product {width} x {outputs}: {product:.0} us, {rate:.0} G multiply-adds/s; quantising {quantize:.1} us"
            );
        }
        let mut x = vec![Lanes([0.5; LANES]); rows * 1536 / LANES];
        println!("  gelu of 1536: {:.0} us", time(|| gelu(*backend, &mut x)));
        let (y, one) = (vec![Lanes([0.1; LANES]); rows * 384 / LANES], vec![Lanes([1.0; LANES]); 24]);
        println!(
            "  norm of 384: {:.1} us",
            time(|| add_norm(*backend, &mut x[..rows * 24], &y, &one, &one, 1e-12))
        );
        let (mut memory, qkv) = (Attention::default(), vec![Lanes([0.1; LANES]); 256 * 72]);
        let mut out = vec![Lanes::default(); 256 * 24];
        for tokens in [16, 32, 256] {
            let micros =
                time(|| attend(*backend, &mut memory, &qkv[..tokens * 72], 12, 32, &mut out[..tokens * 24]));
            println!("  attention of {tokens} tokens: {micros:.1} us");
        }
    }
    scans();
}

/// One query against 100,000 rows of 384 numbers, on the instructions that the scans choose themselves.
fn scans() {
    const ROWS: usize = 100_000;
    const DIMENSION: usize = 384;
    let codes: Vec<i8> = (0..ROWS * DIMENSION).map(|at| (at * 7 % 255) as u8 as i8).collect();
    let mut products = vec![0; ROWS];
    let micros = time(|| dot_rows_i8(&codes[..DIMENSION], &codes, &mut products));
    println!(
        "scan of {ROWS} x {DIMENSION} int8: {:.2} ms, {:.1} GB/s",
        micros / 1e3,
        codes.len() as f64 / micros / 1e3
    );
    let rows: Vec<f32> = codes.iter().map(|code| f32::from(*code)).collect();
    let (mut products, mut squares) = (vec![0.0; ROWS], vec![0.0; ROWS]);
    let micros = time(|| dot_rows_f32(&rows[..DIMENSION], &rows, &mut products, &mut squares));
    println!(
        "scan of {ROWS} x {DIMENSION} f32: {:.2} ms, {:.1} GB/s",
        micros / 1e3,
        rows.len() as f64 * 4.0 / micros / 1e3
    );
}

/// Microseconds of a run, the least of several rounds.
fn time(mut run: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64() * 1e6);
    }
    least
}
