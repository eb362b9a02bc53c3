//! AVX2 and AVX-512 with VNNI.
#![expect(
    unsafe_code,
    reason = "the instructions are unsafe to name where the compiler cannot see that the processor has them"
)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use crate::dense;
use crate::int8;
use crate::isa::{BLOCK, Int8Isa, Isa, Task};
use crate::lanes::{LANES, Lanes};

/// Runs instructions of a set whose proof is at hand.
macro_rules! proven {
    ($($body:tt)*) => {
        // SAFETY: this is a method of a proof that only `detect` makes, so the processor has the instructions; every pointer
        // comes from a reference to as many bytes as are loaded or stored, and no alignment is assumed.
        unsafe { $($body)* }
    };
}

/// Proof that the processor has AVX-512 F, BW, DQ, VL and VNNI, and that the system saves its registers.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }

    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        fn compiled<T: Task>(isa: Avx512, task: T) -> T::Output {
            task.run(isa)
        }
        proven!(compiled(self, task))
    }
}

impl Isa for Avx512 {
    type F = __m512;

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Self::F {
        proven!(_mm512_loadu_ps(lanes.0.as_ptr()))
    }

    #[inline(always)]
    fn store(self, lanes: &mut Lanes, value: Self::F) {
        proven!(_mm512_storeu_ps(lanes.0.as_mut_ptr(), value))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        proven!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn scale_by_power(self, x: Self::F, n: Self::F) -> Self::F {
        proven! {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(n));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), exponent))
        }
    }

    #[inline(always)]
    fn store_low_bytes(self, bytes: &mut [u8; LANES], value: Self::F) {
        proven!(_mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(_mm512_castps_si512(value))))
    }

    #[inline(always)]
    fn int8_product(self, product: int8::Product<'_>) {
        int8::multiply::<_, 8, 3>(self, product);
    }

    #[inline(always)]
    fn dense_product(self, product: dense::Product<'_>) {
        dense::multiply::<_, 8, 2>(self, product);
    }
}

impl Int8Isa for Avx512 {
    type Sums = __m512i;
    type Four = __m512i;

    #[inline(always)]
    fn no_sums(self) -> Self::Sums {
        proven!(_mm512_setzero_si512())
    }

    #[inline(always)]
    fn four(self, activations: [u8; 4]) -> Self::Four {
        proven!(_mm512_set1_epi32(i32::from_le_bytes(activations)))
    }

    #[inline(always)]
    fn multiply_add(self, sums: Self::Sums, four: Self::Four, block: &[i8; BLOCK]) -> Self::Sums {
        proven!(_mm512_dpbusd_epi32(sums, four, _mm512_loadu_si512(block.as_ptr().cast())))
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums, zero: i32, column_sums: &[i32; LANES]) -> Self::F {
        proven! {
            let columns = _mm512_loadu_si512(column_sums.as_ptr().cast());
            let offset = _mm512_mullo_epi32(_mm512_set1_epi32(zero), columns);
            _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, offset))
        }
    }
}

/// Proof that the processor has AVX2, and that the system saves its registers.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        #[target_feature(enable = "avx2")]
        fn compiled<T: Task>(isa: Avx2, task: T) -> T::Output {
            task.run(isa)
        }
        proven!(compiled(self, task))
    }

    #[inline(always)]
    fn both(a: [__m256; 2], b: [__m256; 2], f: impl Fn(__m256, __m256) -> __m256) -> [__m256; 2] {
        [f(a[0], b[0]), f(a[1], b[1])]
    }
}

impl Isa for Avx2 {
    type F = [__m256; 2];

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Self::F {
        let (low, high) = lanes.0.split_at(8);
        proven!([_mm256_loadu_ps(low.as_ptr()), _mm256_loadu_ps(high.as_ptr())])
    }

    #[inline(always)]
    fn store(self, lanes: &mut Lanes, value: Self::F) {
        let (low, high) = lanes.0.split_at_mut(8);
        proven! {
            _mm256_storeu_ps(low.as_mut_ptr(), value[0]);
            _mm256_storeu_ps(high.as_mut_ptr(), value[1]);
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        proven!([_mm256_set1_ps(value); 2])
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_add_ps(a, b)))
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_sub_ps(a, b)))
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_mul_ps(a, b)))
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_div_ps(a, b)))
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_min_ps(a, b)))
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        Self::both(a, b, |a, b| proven!(_mm256_max_ps(a, b)))
    }

    #[inline(always)]
    fn scale_by_power(self, x: Self::F, n: Self::F) -> Self::F {
        Self::both(x, n, |x, n| {
            proven! {
                let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(n));
                _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent))
            }
        })
    }

    #[inline(always)]
    fn store_low_bytes(self, bytes: &mut [u8; LANES], value: Self::F) {
        proven! {
            let mask = _mm256_set1_epi32(0xff);
            let [low, high] = value.map(|x| _mm256_and_si256(_mm256_castps_si256(x), mask));
            // Halves of registers are packed apart: 0-3 and 8-11 below, 4-7 and 12-15 above.
            let words = _mm256_packus_epi32(low, high);
            let packed = _mm256_packus_epi16(words, words);
            let (below, above) = (_mm256_castsi256_si128(packed), _mm256_extracti128_si256::<1>(packed));
            _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm_unpacklo_epi32(below, above));
        }
    }

    #[inline(always)]
    fn int8_product(self, product: int8::Product<'_>) {
        int8::multiply::<_, 2, 1>(self, product);
    }

    #[inline(always)]
    fn dense_product(self, product: dense::Product<'_>) {
        dense::multiply::<_, 4, 1>(self, product);
    }
}

impl Int8Isa for Avx2 {
    /// Of four channels each; a channel's sum in two neighbouring parts.
    type Sums = [__m256i; 4];
    /// As `i16`, because the product of bytes with bytes saturates here.
    type Four = __m256i;

    #[inline(always)]
    fn no_sums(self) -> Self::Sums {
        proven!([_mm256_setzero_si256(); 4])
    }

    #[inline(always)]
    fn four(self, activations: [u8; 4]) -> Self::Four {
        proven!(_mm256_cvtepu8_epi16(_mm_set1_epi32(i32::from_le_bytes(activations))))
    }

    #[inline(always)]
    fn multiply_add(self, mut sums: Self::Sums, four: Self::Four, block: &[i8; BLOCK]) -> Self::Sums {
        for (sum, weights) in sums.iter_mut().zip(block.as_chunks::<16>().0) {
            *sum = proven! {
                let weights = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.as_ptr().cast()));
                _mm256_add_epi32(*sum, _mm256_madd_epi16(weights, four))
            };
        }
        sums
    }

    #[inline(always)]
    fn finish(self, [a, b, c, d]: Self::Sums, zero: i32, column_sums: &[i32; LANES]) -> Self::F {
        let (low, high) = column_sums.split_at(8);
        let half = |a, b, columns: &[i32]| {
            debug_assert_eq!(columns.len(), 8);
            proven! {
                // Channels 0 1 4 5 below and 2 3 6 7 above, then in order.
                let sums = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(a, b));
                let columns = _mm256_loadu_si256(columns.as_ptr().cast());
                _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, _mm256_mullo_epi32(_mm256_set1_epi32(zero), columns)))
            }
        };
        [half(a, b, low), half(c, d, high)]
    }
}
