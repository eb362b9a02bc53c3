//! Eight elements of the field of 2^255 - 19 at once, one in each lane of 512-bit registers.
//!
//! Radix 2^51. Every limb stays below 2^52, which is what the multiplier of AVX-512 IFMA takes: its products come in two halves of 52
//! bits, of which the upper one counts twice in this radix.

use std::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_mask_sub_epi64,
    _mm512_or_si512, _mm512_set1_epi64, _mm512_setr_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_sub_epi64, _mm512_test_epi64_mask,
};

/// An element, as its limbs, the lowest first.
pub(super) type Limbs = [u64; 5];

const MASK: u64 = (1 << 51) - 1;
/// Twice the order of the field, in limbs that are not below those of any element.
const TWICE_P: Limbs = [(1 << 52) - 38, (1 << 52) - 2, (1 << 52) - 2, (1 << 52) - 2, (1 << 52) - 2];

/// Eight elements. Limbs are below 2^51 + 2^15, except where a function says otherwise, and never reach 2^52.
#[derive(Clone, Copy)]
pub(super) struct Field([__m512i; 5]);

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn word(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

impl Field {
    /// The same element in every lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn splat(limbs: &Limbs) -> Self {
        let mut out = [_mm512_setzero_si512(); 5];
        for (out, limb) in out.iter_mut().zip(limbs) {
            *out = word(*limb);
        }
        Self(out)
    }

    /// Element `i` in lane `i`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn of_lanes(lanes: &[Limbs; 8]) -> Self {
        let mut out = [_mm512_setzero_si512(); 5];
        for i in 0..5 {
            let limb = |lane: usize| lanes[lane][i].cast_signed();
            out[i] =
                _mm512_setr_epi64(limb(0), limb(1), limb(2), limb(3), limb(4), limb(5), limb(6), limb(7));
        }
        Self(out)
    }

    /// The registers, limb by limb.
    #[inline]
    pub(super) fn registers(&self) -> &[__m512i; 5] {
        &self.0
    }

    /// Takes limbs below 2^62 to below 2^51 + 2^15.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn carried(limbs: [__m512i; 5]) -> Self {
        let mut out = limbs;
        for limb in &mut out {
            *limb = _mm512_and_si512(*limb, word(MASK));
        }
        for i in 0..4 {
            out[i + 1] = _mm512_add_epi64(out[i + 1], _mm512_srli_epi64::<51>(limbs[i]));
        }
        // 2^255 is 19.
        out[0] = _mm512_add_epi64(out[0], nineteen_times(_mm512_srli_epi64::<51>(limbs[4])));
        Self(out)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut out = self.0;
        for (limb, other) in out.iter_mut().zip(other.0) {
            *limb = _mm512_add_epi64(*limb, other);
        }
        Self::carried(out)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut out = self.0;
        for i in 0..5 {
            out[i] = _mm512_add_epi64(self.0[i], _mm512_sub_epi64(word(TWICE_P[i]), other.0[i]));
        }
        Self::carried(out)
    }

    /// Negated in the lanes of `lanes`. Limbs may reach 2^52 - 2 there: this is to be multiplied, not subtracted.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn negated_in(&self, lanes: __mmask8) -> Self {
        let mut out = self.0;
        for (limb, twice_p) in out.iter_mut().zip(TWICE_P) {
            *limb = _mm512_mask_sub_epi64(*limb, lanes, word(twice_p), *limb);
        }
        Self(out)
    }

    /// `other` in the lanes of `lanes`, `self` in the rest.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn or_in(&self, lanes: __mmask8, other: &Self) -> Self {
        let mut out = self.0;
        for (limb, other) in out.iter_mut().zip(other.0) {
            *limb = _mm512_mask_blend_epi64(lanes, *limb, other);
        }
        Self(out)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn times(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        let mut low = [_mm512_setzero_si512(); 10];
        let mut high = low;
        for i in 0..5 {
            for j in 0..5 {
                low[i + j] = _mm512_madd52lo_epu64(low[i + j], a[i], b[j]);
                high[i + j + 1] = _mm512_madd52hi_epu64(high[i + j + 1], a[i], b[j]);
            }
        }
        Self::folded(&low, &high)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn squared(&self) -> Self {
        let a = &self.0;
        let mut low = [_mm512_setzero_si512(); 10];
        let mut high = low;
        for i in 0..5 {
            for j in i + 1..5 {
                low[i + j] = _mm512_madd52lo_epu64(low[i + j], a[i], a[j]);
                high[i + j + 1] = _mm512_madd52hi_epu64(high[i + j + 1], a[i], a[j]);
            }
        }
        // Products of different limbs count twice.
        for k in 0..10 {
            low[k] = _mm512_slli_epi64::<1>(low[k]);
            high[k] = _mm512_slli_epi64::<1>(high[k]);
        }
        for i in 0..5 {
            low[2 * i] = _mm512_madd52lo_epu64(low[2 * i], a[i], a[i]);
            high[2 * i + 1] = _mm512_madd52hi_epu64(high[2 * i + 1], a[i], a[i]);
        }
        Self::folded(&low, &high)
    }

    /// A product from the sums of its halves, of which each is at most five times 2^52: under 2^56 together, and under 2^61 with
    /// the upper limbs folded onto the lower ones.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn folded(low: &[__m512i; 10], high: &[__m512i; 10]) -> Self {
        let mut out = [_mm512_setzero_si512(); 5];
        for k in 0..5 {
            let lower = _mm512_add_epi64(low[k], _mm512_slli_epi64::<1>(high[k]));
            let upper = _mm512_add_epi64(low[k + 5], _mm512_slli_epi64::<1>(high[k + 5]));
            out[k] = _mm512_add_epi64(lower, nineteen_times(upper));
        }
        Self::carried(out)
    }

    /// Squared `times` times.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn squared_times(&self, times: u32) -> Self {
        let mut out = *self;
        for _ in 0..times {
            out = out.squared();
        }
        out
    }

    /// To the power of (p - 5) / 8 = 2^252 - 3. Names say the exponent reached.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn to_p58(self) -> Self {
        let two = self.squared();
        let nine = two.squared_times(2).times(&self);
        let eleven = nine.times(&two);
        let ones_5 = eleven.squared().times(&nine);
        let ones_10 = ones_5.squared_times(5).times(&ones_5);
        let ones_20 = ones_10.squared_times(10).times(&ones_10);
        let ones_40 = ones_20.squared_times(20).times(&ones_20);
        let ones_50 = ones_40.squared_times(10).times(&ones_10);
        let ones_100 = ones_50.squared_times(50).times(&ones_50);
        let ones_200 = ones_100.squared_times(100).times(&ones_100);
        let ones_250 = ones_200.squared_times(50).times(&ones_50);
        ones_250.squared_times(2).times(&self)
    }

    /// The one form of each element that is below p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn canonical(&self) -> [__m512i; 5] {
        // Limbs are below 2^51 + 19 after this, and the whole below 2p.
        let mut limbs = Self::carried(self.0).0;
        // Whether it is p or more: whether adding 19 carries out of 255 bits.
        let mut carry = word(19);
        for limb in limbs {
            carry = _mm512_srli_epi64::<51>(_mm512_add_epi64(limb, carry));
        }
        carry = nineteen_times(carry);
        for limb in &mut limbs {
            let sum = _mm512_add_epi64(*limb, carry);
            carry = _mm512_srli_epi64::<51>(sum);
            *limb = _mm512_and_si512(sum, word(MASK));
        }
        limbs
    }

    /// The lanes whose element is zero.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn zero_lanes(&self) -> __mmask8 {
        let limbs = self.canonical();
        let mut any = limbs[0];
        for limb in &limbs[1..] {
            any = _mm512_or_si512(any, *limb);
        }
        _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512())
    }

    /// The lanes whose element is odd.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn odd_lanes(&self) -> __mmask8 {
        _mm512_test_epi64_mask(self.canonical()[0], word(1))
    }

    /// Every lane takes the element of the lane that is `BY` above it, around the end.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn rotated<const BY: i32>(&self) -> Self {
        let mut out = self.0;
        for limb in &mut out {
            *limb = _mm512_alignr_epi64::<BY>(*limb, *limb);
        }
        Self(out)
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn nineteen_times(x: __m512i) -> __m512i {
    _mm512_add_epi64(_mm512_add_epi64(x, _mm512_slli_epi64::<1>(x)), _mm512_slli_epi64::<4>(x))
}
