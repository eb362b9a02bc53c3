//! WebAssembly's registers of 128 bits. Nothing here is unsafe: a module that has these instructions does not load without them.

use std::arch::wasm32::*;

use zerocopy::transmute;

use crate::dense;
use crate::int8;
use crate::isa::Isa;
use crate::lanes::{LANES, Lanes};

/// SIMD128.
#[derive(Clone, Copy)]
pub(crate) struct Simd128;

impl Simd128 {
    #[inline(always)]
    fn each(a: [v128; 4], b: [v128; 4], f: impl Fn(v128, v128) -> v128) -> [v128; 4] {
        [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
    }
}

impl Isa for Simd128 {
    type F = [v128; 4];

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Self::F {
        transmute!(lanes.0)
    }

    #[inline(always)]
    fn store(self, lanes: &mut Lanes, value: Self::F) {
        lanes.0 = transmute!(value);
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [f32x4_splat(value); 4]
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        Self::each(a, b, |a, b| f32x4_add(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        Self::each(a, b, |a, b| f32x4_sub(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        Self::each(a, b, |a, b| f32x4_mul(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        Self::each(a, b, |a, b| f32x4_div(a, b))
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // `pmin(b, a)` is `if a < b { a } else { b }`.
        Self::each(a, b, |a, b| f32x4_pmin(b, a))
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // `pmax(b, a)` is `if b < a { a } else { b }`.
        Self::each(a, b, |a, b| f32x4_pmax(b, a))
    }

    #[inline(always)]
    fn scale_by_power(self, x: Self::F, n: Self::F) -> Self::F {
        Self::each(x, n, |x, n| i32x4_add(x, i32x4_shl(n, 23)))
    }

    #[inline(always)]
    fn store_low_bytes(self, bytes: &mut [u8; LANES], value: Self::F) {
        let [a, b, c, d] = value.map(|x| v128_and(x, i32x4_splat(0xff)));
        let packed = u8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
        *bytes = transmute!(packed);
    }

    /// With sixteen registers of 128 bits, four rows by four channels: eight sums, and weights that are widened once for all rows.
    fn int8_product(self, mut product: int8::Product<'_>) {
        let (mut row, rows) = (0, product.rows());
        let mut fours = Vec::new();
        while row + 4 <= rows {
            some_rows::<4>(&mut product, &mut fours, row);
            row += 4;
        }
        if row + 2 <= rows {
            some_rows::<2>(&mut product, &mut Vec::new(), row);
            row += 2;
        }
        if row < rows {
            some_rows::<1>(&mut product, &mut Vec::new(), row);
        }
    }

    #[inline(always)]
    fn dense_product(self, product: dense::Product<'_>) {
        dense::multiply::<_, 2, 1>(self, product);
    }
}

/// All results of `R` rows from `row` on. `fours` is room for their activations as `i16`, four of each row twice.
#[inline(always)]
fn some_rows<const R: usize>(product: &mut int8::Product<'_>, fours: &mut Vec<[v128; R]>, row: usize) {
    let rows: [&[[u8; 4]]; R] = std::array::from_fn(|r| product.fours(row + r));
    fours.clear();
    fours.extend((0..rows[0].len()).map(|step| {
        std::array::from_fn(|r| u16x8_extend_low_u8x16(u32x4_splat(u32::from_le_bytes(rows[r][step]))))
    }));
    for group in 0..product.groups() {
        for quarter in 0..4 {
            four_channels(product, fours, row, group, quarter);
        }
    }
}

/// The results of `R` rows for a quarter of a group.
#[inline(always)]
fn four_channels<const R: usize>(
    product: &mut int8::Product<'_>,
    fours: &[[v128; R]],
    row: usize,
    group: usize,
    quarter: usize,
) {
    // Of two channels each; a channel's sum in two neighbouring parts.
    let mut sums = [[i32x4_splat(0); 2]; R];
    for (block, fours) in product.blocks(group).zip(fours) {
        let weights: v128 = transmute!(block.0.as_chunks::<16>().0[quarter]);
        let (low, high) = (i16x8_extend_low_i8x16(weights), i16x8_extend_high_i8x16(weights));
        for (sums, four) in sums.iter_mut().zip(fours) {
            sums[0] = i32x4_add(sums[0], i32x4_dot_i16x8(low, *four));
            sums[1] = i32x4_add(sums[1], i32x4_dot_i16x8(high, *four));
        }
    }
    let (columns, scales, bias) = product.channel_terms(group);
    let columns: v128 = transmute!(columns.as_chunks::<4>().0[quarter]);
    let scales: v128 = transmute!(scales.0.as_chunks::<4>().0[quarter]);
    let bias: v128 = transmute!(bias.0.as_chunks::<4>().0[quarter]);
    for (r, [a, b]) in sums.into_iter().enumerate() {
        let (scale, zero) = product.row_terms(row + r);
        let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
        let exact = f32x4_convert_i32x4(i32x4_sub(sum, i32x4_mul(i32x4_splat(zero), columns)));
        let value = f32x4_add(f32x4_mul(f32x4_mul(exact, f32x4_splat(scale)), scales), bias);
        product.out(row + r, group).0.as_chunks_mut::<4>().0[quarter] = transmute!(value);
    }
}
