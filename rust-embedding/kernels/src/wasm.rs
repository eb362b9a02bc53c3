//! WebAssembly's registers of 128 bits. Nothing here is unsafe: a module that has these instructions does not load without them.

use std::arch::wasm32::*;

use zerocopy::transmute;

use crate::dense;
use crate::int8;
use crate::isa::{BLOCK, Isa};
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
    /// Of two channels each; a channel's sum in two neighbouring parts.
    type Sums = [v128; 8];
    /// As `i16`, twice.
    type Four = v128;

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

    #[inline(always)]
    fn no_sums(self) -> Self::Sums {
        [i32x4_splat(0); 8]
    }

    #[inline(always)]
    fn four(self, activations: [u8; 4]) -> Self::Four {
        u16x8_extend_low_u8x16(u32x4_splat(u32::from_le_bytes(activations)))
    }

    #[inline(always)]
    fn multiply_add(self, mut sums: Self::Sums, four: Self::Four, block: &[i8; BLOCK]) -> Self::Sums {
        for (sum, weights) in sums.as_chunks_mut::<2>().0.iter_mut().zip(block.as_chunks::<16>().0) {
            let weights = transmute!(*weights);
            sum[0] = i32x4_add(sum[0], i32x4_dot_i16x8(i16x8_extend_low_i8x16(weights), four));
            sum[1] = i32x4_add(sum[1], i32x4_dot_i16x8(i16x8_extend_high_i8x16(weights), four));
        }
        sums
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums, zero: i32, column_sums: &[i32; LANES]) -> Self::F {
        let columns: [v128; 4] = transmute!(*column_sums);
        std::array::from_fn(|i| {
            let (a, b) = (sums[2 * i], sums[2 * i + 1]);
            let sum = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
            f32x4_convert_i32x4(i32x4_sub(sum, i32x4_mul(i32x4_splat(zero), columns[i])))
        })
    }

    #[inline(always)]
    fn int8_product(self, product: int8::Product<'_>) {
        int8::multiply::<_, 1, 1>(self, product);
    }

    #[inline(always)]
    fn dense_product(self, product: dense::Product<'_>) {
        dense::multiply::<_, 2, 1>(self, product);
    }
}
