//! Eight points of the curve at once, and sums of their multiples.
//!
//! The formulas are those of Hisil, Wong, Carter and Dawson for extended coordinates on a twisted Edwards curve with a = -1
//! ("Twisted Edwards Curves Revisited", section 3). They are complete on this curve: no two points, of whatever order, are a special
//! case.

use std::arch::x86_64::{
    __mmask8, _mm_cvtsi64_si128, _mm512_abs_epi64, _mm512_cmpeq_epi64_mask, _mm512_cmplt_epi64_mask,
    _mm512_cvtepi8_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
};

use super::field::{Field, Limbs};

const ZERO: Limbs = [0; 5];
const ONE: Limbs = [1, 0, 0, 0, 0];
/// The constant of the curve.
const D: Limbs =
    [0x3_4dca_1359_78a3, 0x1_a828_3b15_6ebd, 0x5_e7a2_6001_c029, 0x7_39c6_63a0_3cbb, 0x5_2036_cee2_b6ff];
const TWICE_D: Limbs =
    [0x6_9b94_26b2_f159, 0x3_5050_762a_dd7a, 0x3_cf44_c003_8052, 0x6_738c_c740_7977, 0x2_406d_9dc5_6dff];
/// The square root of -1 that RFC 8032 uses.
const ROOT_OF_MINUS_ONE: Limbs =
    [0x6_1b27_4a0e_a0b0, 0x0_d5a5_fc8f_189d, 0x7_ef5e_9cbd_0c60, 0x7_8595_a680_4c9e, 0x2_b832_4804_fc1d];

/// Digits of a scalar in radix 16, between -8 and 8, the lowest first.
pub(super) const DIGITS: usize = 64;
/// Digits of a scalar of 128 bits.
pub(super) const SHORT_DIGITS: usize = 33;

/// Eight points as (x, y).
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub(super) x: Field,
    pub(super) y: Field,
}

/// Decodes eight encodings whose y, without the bit of the sign, are canonical and given as limbs, and whose sign bits are `signs`.
/// Also gives the lanes that hold a point (RFC 8032 section 5.1.3).
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn decompress(y: &[Limbs; 8], signs: __mmask8) -> (Affine, __mmask8) {
    let (y, one) = (Field::of_lanes(y), Field::splat(&ONE));
    let yy = y.squared();
    let u = yy.minus(&one);
    let v = yy.times(&Field::splat(&D)).plus(&one);
    let v3 = v.squared().times(&v);
    let v7 = v3.squared().times(&v);
    let root = u.times(&v3).times(&u.times(&v7).to_p58());
    let check = root.squared().times(&v);
    let right = check.minus(&u).zero_lanes();
    let turned = check.plus(&u).zero_lanes();
    let x = root.or_in(turned, &root.times(&Field::splat(&ROOT_OF_MINUS_ONE)));
    let negative = x.odd_lanes() ^ signs;
    let x = x.or_in(negative, &Field::splat(&ZERO).minus(&x));
    (Affine { x, y }, right | turned)
}

/// Eight points in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
#[derive(Clone, Copy)]
struct Point {
    x: Field,
    y: Field,
    z: Field,
    t: Field,
}

/// Eight points, prepared to be added to others.
#[derive(Clone, Copy)]
struct Addend {
    plus: Field,
    minus: Field,
    twice_z: Field,
    twice_d_t: Field,
}

impl Point {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn neutral() -> Self {
        let (zero, one) = (Field::splat(&ZERO), Field::splat(&ONE));
        Self { x: zero, y: one, z: one, t: zero }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn of(point: &Affine) -> Self {
        Self { x: point.x, y: point.y, z: Field::splat(&ONE), t: point.x.times(&point.y) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn plus(&self, other: &Addend) -> Self {
        let a = self.y.minus(&self.x).times(&other.minus);
        let b = self.y.plus(&self.x).times(&other.plus);
        let c = self.t.times(&other.twice_d_t);
        let d = self.z.times(&other.twice_z);
        Self::product(&b.minus(&a), &d.minus(&c), &d.plus(&c), &b.plus(&a))
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn doubled(&self) -> Self {
        let a = self.x.squared();
        let b = self.y.squared();
        let c = self.z.squared();
        let sum = a.plus(&b);
        let e = sum.minus(&self.x.plus(&self.y).squared());
        let g = a.minus(&b);
        let f = c.plus(&c).plus(&g);
        Self::product(&e, &f, &g, &sum)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn product(e: &Field, f: &Field, g: &Field, h: &Field) -> Self {
        Self { x: e.times(f), y: g.times(h), z: f.times(g), t: e.times(h) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn addend(&self) -> Addend {
        Addend {
            plus: self.y.plus(&self.x),
            minus: self.y.minus(&self.x),
            twice_z: self.z.plus(&self.z),
            twice_d_t: self.t.times(&Field::splat(&TWICE_D)),
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn rotated<const BY: i32>(&self) -> Self {
        Self {
            x: self.x.rotated::<BY>(),
            y: self.y.rotated::<BY>(),
            z: self.z.rotated::<BY>(),
            t: self.t.rotated::<BY>(),
        }
    }
}

/// Eight points to be multiplied, each by a scalar of its own.
pub(super) struct Terms {
    /// The multiples from 0 to 8 of each.
    multiples: [Addend; 9],
    /// For every place the digits of the eight scalars, the lowest place first.
    digits: Vec<[i8; 8]>,
}

impl Terms {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(points: &Affine, digits: Vec<[i8; 8]>) -> Self {
        let mut point = Point::of(points);
        let first = point.addend();
        let mut multiples = [Point::neutral().addend(); 9];
        multiples[1] = first;
        for multiple in &mut multiples[2..] {
            point = point.plus(&first);
            *multiple = point.addend();
        }
        Self { multiples, digits }
    }

    /// The multiples that the digits at a place ask for.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn select(&self, digits: [i8; 8]) -> Addend {
        let digits =
            _mm512_cvtepi8_epi64(_mm_cvtsi64_si128(i64::from_le_bytes(digits.map(i8::cast_unsigned))));
        let magnitudes = _mm512_abs_epi64(digits);
        let mut chosen = self.multiples[0];
        for (magnitude, multiple) in (1..).zip(&self.multiples[1..]) {
            let lanes = _mm512_cmpeq_epi64_mask(magnitudes, _mm512_set1_epi64(magnitude));
            chosen.plus = chosen.plus.or_in(lanes, &multiple.plus);
            chosen.minus = chosen.minus.or_in(lanes, &multiple.minus);
            chosen.twice_z = chosen.twice_z.or_in(lanes, &multiple.twice_z);
            chosen.twice_d_t = chosen.twice_d_t.or_in(lanes, &multiple.twice_d_t);
        }
        let negative = _mm512_cmplt_epi64_mask(digits, _mm512_setzero_si512());
        Addend {
            plus: chosen.plus.or_in(negative, &chosen.minus),
            minus: chosen.minus.or_in(negative, &chosen.plus),
            twice_z: chosen.twice_z,
            twice_d_t: chosen.twice_d_t.negated_in(negative),
        }
    }
}

/// Whether eight times the sum of all terms is the neutral element. The doublings are shared by all terms (Straus).
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn sum_has_small_order(terms: &[Terms]) -> bool {
    let mut sum = Point::neutral();
    for place in (0..DIGITS).rev() {
        for _ in 0..4 {
            sum = sum.doubled();
        }
        for terms in terms {
            if let Some(digits) = terms.digits.get(place) {
                sum = sum.plus(&terms.select(*digits));
            }
        }
    }
    // The sums of the lanes, added up in each of them.
    sum = sum.plus(&sum.rotated::<4>().addend());
    sum = sum.plus(&sum.rotated::<2>().addend());
    sum = sum.plus(&sum.rotated::<1>().addend());
    let eightfold = sum.doubled().doubled().doubled();
    eightfold.x.zero_lanes() & eightfold.y.minus(&eightfold.z).zero_lanes() & 1 == 1
}
