//! What a processor must be able to do: sixteen floats at a time, and products of bytes summed in `i32`.
//!
//! The kernels are written once over [`Isa`]. Every operation here has one exact meaning (IEEE 754 single precision, round to
//! nearest even, nothing fused, or integers), so whatever is written over it has the same bits on every implementation.

use crate::lanes::{LANES, Lanes};

/// Sixteen blocks of four weights: byte `4 * channel + k`.
pub(crate) const BLOCK: usize = 4 * LANES;

/// A set of instructions. A value is the proof that this processor has them.
pub(crate) trait Isa: Copy {
    /// Sixteen `f32`.
    type F: Copy;

    fn load(self, lanes: &Lanes) -> Self::F;
    fn store(self, lanes: &mut Lanes, value: Self::F);
    fn splat(self, value: f32) -> Self::F;
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`, so `b` where they are equal zeros or either is not a number.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`, so `b` where they are equal zeros or either is not a number.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `x * 2^n` by adding to the exponent, where the low bits of `n` are the integer as [`MAGIC`] leaves it there.
    fn scale_by_power(self, x: Self::F, n: Self::F) -> Self::F;
    /// The low byte of each lane's bits.
    fn store_low_bytes(self, bytes: &mut [u8; LANES], value: Self::F);

    /// The product of int8 matrices with the tile that suits the number of registers.
    fn int8_product(self, product: crate::int8::Product<'_>);
    /// The product of `f32` matrices likewise.
    fn dense_product(self, product: crate::dense::Product<'_>);
}

/// Products of bytes, sixteen channels at a time. WebAssembly's registers are too few for that.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) trait Int8Isa: Isa {
    /// Sums for sixteen channels in `i32`, each perhaps still in parts.
    type Sums: Copy;
    /// Four neighbouring activations of a row, as often as this processor wants them.
    type Four: Copy;

    fn no_sums(self) -> Self::Sums;
    fn four(self, activations: [u8; 4]) -> Self::Four;
    /// Adds to each channel the products of its four weights and the four activations.
    fn multiply_add(self, sums: Self::Sums, four: Self::Four, block: &[i8; BLOCK]) -> Self::Sums;
    /// Per channel `sums - zero * column_sums`, exactly, then rounded to `f32`.
    fn finish(self, sums: Self::Sums, zero: i32, column_sums: &[i32; LANES]) -> Self::F;
}

/// Added to a number of magnitude below 2^22 it rounds it to the nearest integer, ties to even, and leaves that integer in the low
/// bits of the sum: 1.5 * 2^23, where neighbouring floats are 1 apart.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// Work to be compiled for each set of instructions.
pub(crate) trait Task {
    type Output;
    fn run<S: Isa>(self, isa: S) -> Self::Output;
}

/// Sixteen lanes made one: halves folded onto each other, 8, 4, 2, 1. The one order in which lanes are ever put together.
#[inline(always)]
pub(crate) fn fold(mut lanes: [f32; LANES], combine: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] = combine(lanes[i], lanes[i + half]);
        }
    }
    lanes[0]
}

/// The sum of everything in `lanes`, each number first passed through `map`: four running sums over every fourth entry, added
/// pairwise, then folded.
#[inline(always)]
pub(crate) fn sum<S: Isa>(isa: S, lanes: &[Lanes], map: impl Fn(S::F) -> S::F) -> f32 {
    let mut sums = [isa.splat(0.0); 4];
    for chunk in lanes.chunks(4) {
        for (sum, lanes) in sums.iter_mut().zip(chunk) {
            *sum = isa.add(*sum, map(isa.load(lanes)));
        }
    }
    let [a, b, c, d] = sums;
    fold(to_array(isa, isa.add(isa.add(a, b), isa.add(c, d))), |a, b| a + b)
}

/// The least and the greatest number in `lanes`, zero counted in.
#[inline(always)]
pub(crate) fn range_with_zero<S: Isa>(isa: S, lanes: &[Lanes]) -> (f32, f32) {
    let (mut low, mut high) = (isa.splat(0.0), isa.splat(0.0));
    for lanes in lanes {
        let x = isa.load(lanes);
        low = isa.min(x, low);
        high = isa.max(x, high);
    }
    let low = fold(to_array(isa, low), |a, b| if a < b { a } else { b });
    let high = fold(to_array(isa, high), |a, b| if a > b { a } else { b });
    (low, high)
}

#[inline(always)]
pub(crate) fn to_array<S: Isa>(isa: S, value: S::F) -> [f32; LANES] {
    let mut lanes = Lanes::default();
    isa.store(&mut lanes, value);
    lanes.0
}
