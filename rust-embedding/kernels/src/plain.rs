//! The instructions every processor has: the oracle of the others, and what runs where there are none of them.

use std::array::from_fn;

use crate::dense;
use crate::int8;
use crate::isa::{BLOCK, Int8Isa, Isa};
use crate::lanes::{LANES, Lanes};

/// Plain Rust.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl Isa for Plain {
    type F = [f32; LANES];

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Self::F {
        lanes.0
    }

    #[inline(always)]
    fn store(self, lanes: &mut Lanes, value: Self::F) {
        lanes.0 = value;
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| a[i] / b[i])
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn scale_by_power(self, x: Self::F, n: Self::F) -> Self::F {
        from_fn(|i| f32::from_bits(x[i].to_bits().wrapping_add(n[i].to_bits() << 23)))
    }

    #[inline(always)]
    fn store_low_bytes(self, bytes: &mut [u8; LANES], value: Self::F) {
        *bytes = value.map(|x| x.to_bits().to_le_bytes()[0]);
    }

    fn int8_product(self, product: int8::Product<'_>) {
        int8::multiply::<_, 1, 1>(self, product);
    }

    fn dense_product(self, product: dense::Product<'_>) {
        dense::multiply::<_, 1, 1>(self, product);
    }
}

impl Int8Isa for Plain {
    type Sums = [i32; LANES];
    type Four = [u8; 4];

    #[inline(always)]
    fn no_sums(self) -> Self::Sums {
        [0; LANES]
    }

    #[inline(always)]
    fn four(self, activations: [u8; 4]) -> Self::Four {
        activations
    }

    #[inline(always)]
    fn multiply_add(self, sums: Self::Sums, four: Self::Four, block: &[i8; BLOCK]) -> Self::Sums {
        from_fn(|channel| {
            (0..4).fold(sums[channel], |sum, k| sum + i32::from(four[k]) * i32::from(block[4 * channel + k]))
        })
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "rounded to nearest, as every processor does it")]
    fn finish(self, sums: Self::Sums, zero: i32, column_sums: &[i32; LANES]) -> Self::F {
        from_fn(|i| (sums[i] - zero * column_sums[i]) as f32)
    }
}
