//! Scans of many vectors: products of one query with every row of a matrix.
//!
//! The integer scan is exact, so it is the same on every processor. The `f32` scan adds in 32 lanes that are folded in one
//! order, without fused multiply-add: the same bits everywhere too. All are written in plain Rust; the `f32` scan is compiled
//! for the vector instructions of several processors, the integer scan written for them, and which one runs is chosen when it runs.

/// How many partial sums the `f32` scan has.
const LANES: usize = 32;

/// The products of `query` with every row of `rows`, into `products`, which has a place for each.
///
/// # Panics
/// If the lengths do not fit together, or `query` has 2^17 components or more: the sum could leave 32 bits.
pub fn dot_rows_i8(query: &[i8], rows: &[i8], products: &mut [i32]) {
    assert!(query.len() < 1 << 17, "a sum of products must fit 32 bits");
    assert_eq!(rows.len(), query.len() * products.len(), "one row for each product");
    dispatch::dot_rows_i8(query, rows, products);
}

/// The products of `query` with every row of `rows`, and the squares of the rows' lengths.
///
/// Each is within `(dimension / 32 + 8) * 2^-23` of the exact value, relative to the product of the two lengths.
///
/// # Panics
/// If the lengths do not fit together.
pub fn dot_rows_f32(query: &[f32], rows: &[f32], products: &mut [f32], squares: &mut [f32]) {
    assert_eq!(rows.len(), query.len() * products.len(), "one row for each product");
    assert_eq!(products.len(), squares.len(), "one square for each product");
    dispatch::dot_rows_f32(query, rows, products, squares);
}

/// How many bits differ between `query` and every row of `rows`.
///
/// # Panics
/// If the lengths do not fit together.
pub fn hamming_rows(query: &[u64], rows: &[u64], distances: &mut [u32]) {
    assert_eq!(rows.len(), query.len() * distances.len(), "one row for each distance");
    dispatch::hamming_rows(query, rows, distances);
}

/// The scans as they are written, for whatever the code around them is compiled for.
mod scan {
    use super::LANES;

    /// The oracle of the versions below, and what runs where none of them does.
    #[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
    #[inline(always)]
    pub(super) fn dot_rows_i8(query: &[i8], rows: &[i8], products: &mut [i32]) {
        if query.is_empty() {
            products.fill(0);
            return;
        }
        for (row, product) in rows.chunks_exact(query.len()).zip(products) {
            *product = dot_i8(query, row);
        }
    }

    #[inline(always)]
    pub(super) fn dot_i8(query: &[i8], row: &[i8]) -> i32 {
        query.iter().zip(row).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
    }

    #[inline(always)]
    pub(super) fn dot_rows_f32(query: &[f32], rows: &[f32], products: &mut [f32], squares: &mut [f32]) {
        if query.is_empty() {
            products.fill(0.0);
            squares.fill(0.0);
            return;
        }
        for ((row, product), square) in rows.chunks_exact(query.len()).zip(products).zip(squares) {
            let (mut dot, mut length) = ([0.0_f32; LANES], [0.0_f32; LANES]);
            let (blocks, rest) = row.as_chunks::<LANES>();
            let (query_blocks, query_rest) = query.as_chunks::<LANES>();
            for (x, y) in query_blocks.iter().zip(blocks) {
                for lane in 0..LANES {
                    dot[lane] += x[lane] * y[lane];
                    length[lane] += y[lane] * y[lane];
                }
            }
            for (lane, (x, y)) in query_rest.iter().zip(rest).enumerate() {
                dot[lane] += x * y;
                length[lane] += y * y;
            }
            *product = fold(dot);
            *square = fold(length);
        }
    }

    #[inline(always)]
    fn fold(mut lanes: [f32; LANES]) -> f32 {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        lanes[0]
    }

    #[inline(always)]
    pub(super) fn hamming_rows(query: &[u64], rows: &[u64], distances: &mut [u32]) {
        if query.is_empty() {
            distances.fill(0);
            return;
        }
        for (row, distance) in rows.chunks_exact(query.len()).zip(distances) {
            *distance = query.iter().zip(row).map(|(x, y)| (x ^ y).count_ones()).sum();
        }
    }
}

/// A scan of bytes over registers: each row `STEP` bytes at a time, widened to 16 bits, multiplied and added in pairs.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
macro_rules! scan_bytes {
    ($query:ident, $rows:ident, $products:ident, $step:literal, $zero:expr, $widen:expr, $add:expr, $sum:expr) => {{
        let (query_blocks, query_rest) = $query.as_chunks::<$step>();
        let wide: Vec<_> = query_blocks.iter().map(|block| $widen(*block)).collect();
        for (row, product) in $rows.chunks_exact($query.len().max(1)).zip($products) {
            let (blocks, rest) = row.as_chunks::<$step>();
            let mut sum = $zero;
            for (x, y) in wide.iter().zip(blocks) {
                sum = $add(sum, *x, $widen(*y));
            }
            *product = $sum(sum) + scan::dot_i8(query_rest, rest);
        }
    }};
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
use scan as dispatch;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod dispatch {
    use std::arch::wasm32::{
        i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane,
        i32x4_splat, v128,
    };

    use zerocopy::transmute;

    use super::scan;
    pub(super) use super::scan::{dot_rows_f32, hamming_rows};

    pub(super) fn dot_rows_i8(query: &[i8], rows: &[i8], products: &mut [i32]) {
        if query.is_empty() {
            products.fill(0);
            return;
        }
        scan_bytes!(
            query,
            rows,
            products,
            16,
            i32x4_splat(0),
            |block: [i8; 16]| {
                let block: v128 = transmute!(block);
                (i16x8_extend_low_i8x16(block), i16x8_extend_high_i8x16(block))
            },
            |sum, x: (v128, v128), y: (v128, v128)| i32x4_add(
                sum,
                i32x4_add(i32x4_dot_i16x8(x.0, y.0), i32x4_dot_i16x8(x.1, y.1))
            ),
            |sum| i32x4_extract_lane::<0>(sum)
                + i32x4_extract_lane::<1>(sum)
                + i32x4_extract_lane::<2>(sum)
                + i32x4_extract_lane::<3>(sum)
        );
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "calling what was compiled for instructions that were found at run time")]
mod dispatch {
    use std::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16,
        _mm256_setzero_si256, _mm512_add_epi32, _mm512_cvtepi8_epi16, _mm512_dpbusd_epi32,
        _mm512_loadu_si512, _mm512_madd_epi16, _mm512_reduce_add_epi32, _mm512_set1_epi8,
        _mm512_setzero_si512, _mm512_xor_si512,
    };

    use zerocopy::transmute;

    use super::scan;

    #[cfg(test)]
    type Version = fn(&[i8], &[i8], &mut [i32]);

    pub(super) fn dot_rows_i8(query: &[i8], rows: &[i8], products: &mut [i32]) {
        if query.is_empty() {
            products.fill(0);
        } else if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw") {
            // SAFETY: these instructions were just found; `avx512bw` includes `avx512f`.
            unsafe { vnni(query, rows, products) }
        } else if is_x86_feature_detected!("avx512bw") {
            // SAFETY: as above.
            unsafe { avx512(query, rows, products) }
        } else if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            unsafe { avx2(query, rows, products) }
        } else {
            scan::dot_rows_i8(query, rows, products);
        }
    }

    /// Every version of the integer scan that this processor can run.
    #[cfg(test)]
    pub(super) fn versions() -> Vec<Version> {
        let mut versions: Vec<Version> = vec![scan::dot_rows_i8];
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions were just found.
            versions.push(|query, rows, products| unsafe { avx2(query, rows, products) });
        }
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: as above; `avx512bw` includes `avx512f`.
            versions.push(|query, rows, products| unsafe { avx512(query, rows, products) });
        }
        if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw") {
            // SAFETY: as above.
            versions.push(|query, rows, products| unsafe { vnni(query, rows, products) });
        }
        versions
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn avx512(query: &[i8], rows: &[i8], products: &mut [i32]) {
        scan_bytes!(
            query,
            rows,
            products,
            32,
            _mm512_setzero_si512(),
            |block: [i8; 32]| {
                let block: __m256i = transmute!(block);
                _mm512_cvtepi8_epi16(block)
            },
            |sum, x, y| _mm512_add_epi32(sum, _mm512_madd_epi16(x, y)),
            |sum| _mm512_reduce_add_epi32(sum)
        );
    }

    #[target_feature(enable = "avx2")]
    fn avx2(query: &[i8], rows: &[i8], products: &mut [i32]) {
        scan_bytes!(
            query,
            rows,
            products,
            16,
            _mm256_setzero_si256(),
            |block: [i8; 16]| {
                let block: __m128i = transmute!(block);
                _mm256_cvtepi8_epi16(block)
            },
            |sum, x, y| _mm256_add_epi32(sum, _mm256_madd_epi16(x, y)),
            |sum| {
                let lanes: [i32; 8] = transmute!(sum);
                lanes.iter().sum::<i32>()
            }
        );
    }

    /// Rows that pass through the registers together, so that one sum need not wait for itself.
    const TOGETHER: usize = 4;

    /// As the others, with products of unsigned and signed bytes: 128 is added to each byte of a row, and what that adds to the
    /// sum is taken off again. Sums wrap around on the way, which leaves the last one right.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn vnni(query: &[i8], rows: &[i8], products: &mut [i32]) {
        let (blocks, rest) = query.as_chunks::<64>();
        let wide: Vec<__m512i> = blocks.iter().map(|block| load(block)).collect();
        let added = blocks.as_flattened().iter().map(|x| i32::from(*x)).sum::<i32>().wrapping_mul(128);
        let mut groups = rows.chunks_exact(TOGETHER * query.len());
        let mut places = products.chunks_exact_mut(TOGETHER);
        for (group, places) in groups.by_ref().zip(places.by_ref()) {
            let row = |place: usize| &group[place * query.len()..(place + 1) * query.len()];
            let sums = vnni_rows([row(0), row(1), row(2), row(3)], &wide, rest);
            for (place, sum) in places.iter_mut().zip(sums) {
                *place = sum.wrapping_sub(added);
            }
        }
        let rows = groups.remainder().chunks_exact(query.len());
        for (row, place) in rows.zip(places.into_remainder()) {
            let [sum] = vnni_rows([row], &wide, rest);
            *place = sum.wrapping_sub(added);
        }
    }

    /// The products of rows, 128 added to each byte of their blocks.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn vnni_rows<const ROWS: usize>(rows: [&[i8]; ROWS], query: &[__m512i], rest: &[i8]) -> [i32; ROWS] {
        let rows = rows.map(|row| row.as_chunks::<64>());
        let high = _mm512_set1_epi8(-128);
        let mut sums = [_mm512_setzero_si512(); ROWS];
        for (place, query) in query.iter().enumerate() {
            for (sum, (blocks, _)) in sums.iter_mut().zip(&rows) {
                let row = _mm512_xor_si512(load(&blocks[place]), high);
                *sum = _mm512_dpbusd_epi32(*sum, row, *query);
            }
        }
        std::array::from_fn(|row| {
            _mm512_reduce_add_epi32(sums[row]).wrapping_add(scan::dot_i8(rest, rows[row].1))
        })
    }

    #[target_feature(enable = "avx512f")]
    fn load(block: &[i8; 64]) -> __m512i {
        // SAFETY: the array has as many bytes as are read; they need not be aligned.
        unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
    }

    macro_rules! choose {
        ($name:ident($($argument:ident: $type:ty),*)) => {
            pub(super) fn $name($($argument: $type),*) {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,popcnt")]
                fn avx512($($argument: $type),*) {
                    scan::$name($($argument),*);
                }
                #[target_feature(enable = "avx2,popcnt")]
                fn avx2($($argument: $type),*) {
                    scan::$name($($argument),*);
                }
                if is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("popcnt")
                {
                    // SAFETY: these instructions were just found; `avx512bw` includes `avx512f`.
                    unsafe { avx512($($argument),*) }
                } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
                    // SAFETY: as above.
                    unsafe { avx2($($argument),*) }
                } else {
                    scan::$name($($argument),*);
                }
            }
        };
    }

    choose!(dot_rows_f32(query: &[f32], rows: &[f32], products: &mut [f32], squares: &mut [f32]));
    choose!(hamming_rows(query: &[u64], rows: &[u64], distances: &mut [u32]));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same in every run.
    fn numbers(count: usize, mut state: u64) -> impl Iterator<Item = u64> {
        (0..count).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        })
    }

    #[cfg(target_arch = "x86_64")]
    use super::dispatch::versions;

    #[cfg(not(target_arch = "x86_64"))]
    fn versions() -> Vec<fn(&[i8], &[i8], &mut [i32])> {
        vec![scan::dot_rows_i8, dispatch::dot_rows_i8]
    }

    #[test]
    fn integer_scans_are_what_plain_rust_gives() {
        for dimension in [1, 7, 31, 32, 33, 63, 64, 65, 100, 128, 384, 1000] {
            #[expect(clippy::cast_possible_truncation, reason = "any byte will do")]
            let byte = |number: u64| number as u8 as i8;
            let query: Vec<i8> = numbers(dimension, 1).map(byte).collect();
            let rows: Vec<i8> = numbers(dimension * 11, 2).map(byte).collect();
            let mut products = [0; 11];
            for version in versions() {
                version(&query, &rows, &mut products);
                for (row, product) in rows.chunks(dimension).zip(products) {
                    let expected: i64 =
                        row.iter().zip(&query).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum();
                    assert_eq!(i64::from(product), expected);
                }
            }
            let bits: Vec<u64> = numbers(dimension * 6, 3).collect();
            let (query, rows) = bits.split_at(dimension);
            let (mut found, mut plain) = ([0; 5], [0; 5]);
            hamming_rows(query, rows, &mut found);
            scan::hamming_rows(query, rows, &mut plain);
            assert_eq!(found, plain);
        }
        // Sums that are as far from zero as they get.
        let (least, most) = (vec![-128; (1 << 17) - 1], vec![127; (1 << 17) - 1]);
        for (query, row) in [(&least, &least), (&least, &most), (&most, &least), (&most, &most)] {
            let product = i64::from(query[0]) * i64::from(row[0]) * ((1 << 17) - 1);
            for version in versions() {
                let mut extreme = [0];
                version(query, row, &mut extreme);
                assert_eq!(i64::from(extreme[0]), product);
            }
        }
    }

    #[test]
    fn float_scans_have_the_bits_of_plain_rust_and_keep_their_bound() {
        for dimension in [1, 31, 32, 33, 100, 384, 1000] {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let float = |number: u64| number as f32 / (1_u64 << 30) as f32 - 1.0;
            let query: Vec<f32> = numbers(dimension, 1).map(float).collect();
            let rows: Vec<f32> = numbers(dimension * 5, 2).map(float).collect();
            let (mut products, mut squares) = ([0.0; 5], [0.0; 5]);
            dot_rows_f32(&query, &rows, &mut products, &mut squares);
            let (mut plain, mut plain_squares) = ([0.0; 5], [0.0; 5]);
            scan::dot_rows_f32(&query, &rows, &mut plain, &mut plain_squares);
            assert_eq!(products.map(f32::to_bits), plain.map(f32::to_bits));
            assert_eq!(squares.map(f32::to_bits), plain_squares.map(f32::to_bits));
            let length = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let bound = (dimension as f64 / 32.0 + 8.0) / f64::from(1 << 23);
            for (row, product) in rows.chunks(dimension).zip(products) {
                let exact: f64 = row.iter().zip(&query).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                assert!((f64::from(product) - exact).abs() <= bound * length(row) * length(&query));
            }
        }
    }
}
