//! The arithmetic of batches on processors with AVX-512 IFMA: eight points at a time, each in a lane of its own.
//!
//! Decoding a point takes a square root, and half of the time of a batch goes into that. Lanes take eight roots in the time of one
//! and a half, and add points several times as fast as one after the other. Only public data gets here, so that nothing needs to
//! take constant time. `curve25519-dalek` decides wherever a batch does not hold, and tests compare the two throughout.
#![expect(unsafe_code, reason = "code for a processor that was found to be there has no safe call")]

mod field;
mod point;

use std::arch::x86_64::__m512i;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;

use self::field::{Field, Limbs};
use self::point::{Affine, DIGITS, SHORT_DIGITS, Terms};
use super::batch::Arithmetic;

const LANES: usize = 8;

/// The base point.
const BASE: LanePoint = LanePoint {
    x: [0x6_2d60_8f25_d51a, 0x4_12a4_b4f6_592a, 0x7_5b71_71a4_b31d, 0x1_ff60_5271_18fe, 0x2_1693_6d3c_d6e5],
    y: [0x6_6666_6666_6658, 0x4_cccc_cccc_cccc, 0x1_9999_9999_9999, 0x3_3333_3333_3333, 0x6_6666_6666_6666],
};

/// The neutral element, which fills lanes that are left over.
const NEUTRAL: LanePoint = LanePoint { x: [0; 5], y: [1, 0, 0, 0, 0] };

/// Stands for a processor that has what the code below needs.
#[derive(Clone, Copy)]
pub(super) struct Lanes(());

/// A point of the curve, as its coordinates.
#[derive(Clone, Copy)]
pub(super) struct LanePoint {
    x: Limbs,
    y: Limbs,
}

impl Lanes {
    /// `None` where the processor lacks the instructions.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")).then_some(Self(()))
    }
}

impl Arithmetic for Lanes {
    type Point = LanePoint;

    fn decode(&self, encodings: &[&[u8; 32]]) -> Vec<Option<LanePoint>> {
        let mut points = Vec::with_capacity(encodings.len());
        for chunk in encodings.chunks(LANES) {
            // SAFETY: a value of `Lanes` exists only where the processor has both features.
            points.extend(unsafe { decode(chunk) }.into_iter().take(chunk.len()));
        }
        points
    }

    fn to_edwards(&self, encoding: &[u8; 32], _: &LanePoint) -> Option<EdwardsPoint> {
        CompressedEdwardsY(*encoding).decompress()
    }

    fn base(&self) -> &LanePoint {
        &BASE
    }

    fn sum_has_small_order(&self, scalars: &[Scalar], points: &[&LanePoint], short: usize) -> bool {
        // SAFETY: as in `decode`.
        unsafe { sum_has_small_order(scalars, points, short) }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn decode(encodings: &[&[u8; 32]]) -> [Option<LanePoint>; LANES] {
    let mut y = [[0; 5]; LANES];
    let mut signs = 0;
    for (lane, encoding) in encodings.iter().enumerate() {
        y[lane] = to_limbs(encoding);
        signs |= (encoding[31] >> 7) << lane;
    }
    let (points, valid) = point::decompress(&y, signs);
    let x = to_lanes(&points.x);
    let mut out = [None; LANES];
    for lane in 0..LANES {
        if valid >> lane & 1 == 1 {
            out[lane] = Some(LanePoint { x: x[lane], y: y[lane] });
        }
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_has_small_order(scalars: &[Scalar], points: &[&LanePoint], short: usize) -> bool {
    let mut terms = Vec::with_capacity(2 + scalars.len() / LANES);
    let (short_scalars, long_scalars) = scalars.split_at(short);
    let (short_points, long_points) = points.split_at(short);
    for (scalars, points) in short_scalars.chunks(LANES).zip(short_points.chunks(LANES)) {
        terms.push(eight_terms(scalars, points, SHORT_DIGITS));
    }
    for (scalars, points) in long_scalars.chunks(LANES).zip(long_points.chunks(LANES)) {
        terms.push(eight_terms(scalars, points, DIGITS));
    }
    point::sum_has_small_order(&terms)
}

/// Up to eight points, and scalars of so many digits.
#[target_feature(enable = "avx512f,avx512ifma")]
fn eight_terms(scalars: &[Scalar], points: &[&LanePoint], length: usize) -> Terms {
    let mut digits = vec![[0; LANES]; length];
    let mut lanes = [NEUTRAL; LANES];
    for (lane, (scalar, point)) in scalars.iter().zip(points).enumerate() {
        lanes[lane] = **point;
        write_digits(scalar.as_bytes(), lane, &mut digits);
    }
    let (x, y) = (lanes.map(|point| point.x), lanes.map(|point| point.y));
    Terms::new(&Affine { x: Field::of_lanes(&x), y: Field::of_lanes(&y) }, digits)
}

/// Writes a scalar into a lane as digits in radix 16 from -8 to 8, of which the highest takes what is carried: it is below 8 before.
fn write_digits(scalar: &[u8; 32], lane: usize, digits: &mut [[i8; LANES]]) {
    let halves = scalar.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let mut carry = 0;
    let last = digits.len() - 1;
    for (place, (digit, half)) in digits.iter_mut().zip(halves).enumerate() {
        let sum = half.cast_signed() + carry;
        carry = i8::from(sum > 7 && place < last);
        digit[lane] = sum - 16 * carry;
    }
}

/// The number that an encoding has in its lower 255 bits.
fn to_limbs(encoding: &[u8; 32]) -> Limbs {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(encoding.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    let [a, b, c, d] = words;
    let mask = (1 << 51) - 1;
    [
        a & mask,
        (a >> 51 | b << 13) & mask,
        (b >> 38 | c << 26) & mask,
        (c >> 25 | d << 39) & mask,
        d >> 12 & mask,
    ]
}

fn to_lanes(field: &Field) -> [Limbs; LANES] {
    let mut lanes = [[0; 5]; LANES];
    for (limb, register) in field.registers().iter().enumerate() {
        // SAFETY: both have 64 bytes, of which every value is valid in both; the element of the lowest lane comes first.
        let words = unsafe { std::mem::transmute::<__m512i, [u64; LANES]>(*register) };
        for (lane, word) in words.into_iter().enumerate() {
            lanes[lane][limb] = word;
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use std::arch::x86_64::__mmask8;

    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::traits::IsIdentity as _;

    use super::*;
    use crate::ed25519::is_canonical;
    use crate::random;

    /// Nothing can be said of these instructions where they are missing; whoever reads the output is told.
    fn detect() -> Option<Lanes> {
        let lanes = Lanes::detect();
        if lanes.is_none() {
            println!("not tested: this processor has no AVX-512 IFMA");
        }
        lanes
    }

    const MASK: u64 = (1 << 51) - 1;

    /// The product of two elements whose limbs are below 2^52, below p; slow and obvious.
    fn product(a: &Limbs, b: &Limbs) -> Limbs {
        let mut sums = [0_u128; 5];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                sums[(i + j) % 5] += u128::from(*x) * u128::from(*y) * if i + j < 5 { 1 } else { 19 };
            }
        }
        canonical(sums)
    }

    fn canonical(mut limbs: [u128; 5]) -> Limbs {
        for _ in 0..4 {
            for i in 0..5 {
                let carry = limbs[i] >> 51;
                limbs[i] &= u128::from(MASK);
                limbs[(i + 1) % 5] += carry * if i == 4 { 19 } else { 1 };
            }
        }
        let limbs = limbs.map(|limb| u64::try_from(limb).unwrap());
        let p = [MASK - 18, MASK, MASK, MASK, MASK];
        let at_least_p = limbs[0] >= p[0] && limbs[1..] == p[1..];
        if at_least_p { [limbs[0] - p[0], 0, 0, 0, 0] } else { limbs }
    }

    /// Elements at the bounds of their limbs and random ones.
    fn elements() -> Vec<Limbs> {
        let high = (1 << 51) + (1 << 15) - 1;
        let mut elements = vec![
            [0; 5],
            [1, 0, 0, 0, 0],
            [MASK; 5],
            [high; 5],
            [MASK - 18, MASK, MASK, MASK, MASK],
            [MASK - 19, MASK, MASK, MASK, MASK],
            [MASK - 17, MASK, MASK, MASK, MASK],
            [0, 0, 0, 0, high],
            [high, 0, high, 0, high],
        ];
        for _ in 0..31 {
            let words: [u8; 40] = random::array().unwrap();
            let mut limbs = [0; 5];
            for (limb, bytes) in limbs.iter_mut().zip(words.as_chunks().0) {
                *limb = u64::from_le_bytes(*bytes) & MASK;
            }
            elements.push(limbs);
        }
        elements
    }

    /// What each operation gives for a pair in every lane, and whether it is zero and odd.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn operate(a: &[Limbs; 8], b: &[Limbs; 8]) -> ([[Limbs; 8]; 5], [__mmask8; 2]) {
        let (a, b) = (Field::of_lanes(a), Field::of_lanes(b));
        let negated = b.negated_in(0b1010_1010).times(&Field::splat(&[1, 0, 0, 0, 0]));
        let results = [a.times(&b), a.squared(), a.plus(&b), a.minus(&b), negated];
        ([0, 1, 2, 3, 4].map(|i| to_lanes(&results[i])), [a.zero_lanes(), a.odd_lanes()])
    }

    #[test]
    fn eight_elements_at_once_are_eight_elements() {
        let Some(_) = detect() else { return };
        let elements = elements();
        let wide = |limbs: &Limbs| canonical(limbs.map(u128::from));
        // (p - 1) times an element is that element negated.
        let minus_one = [MASK - 19, MASK, MASK, MASK, MASK];
        for shift in 0..elements.len() {
            for (at, chunk) in elements.chunks(8).enumerate() {
                let a: [Limbs; 8] = chunk.try_into().unwrap();
                let b: [Limbs; 8] =
                    std::array::from_fn(|lane| elements[(8 * at + lane + shift) % elements.len()]);
                // SAFETY: `detect` found the features.
                let (results, [zero, odd]) = unsafe { operate(&a, &b) };
                for lane in 0..8 {
                    let sum = |b: &Limbs| {
                        let b = wide(b);
                        canonical(std::array::from_fn(|i| u128::from(a[lane][i]) + u128::from(b[i])))
                    };
                    let negated = if lane % 2 == 1 { product(&b[lane], &minus_one) } else { wide(&b[lane]) };
                    let expected = [
                        product(&a[lane], &b[lane]),
                        product(&a[lane], &a[lane]),
                        sum(&b[lane]),
                        sum(&product(&b[lane], &minus_one)),
                        negated,
                    ];
                    for (result, expected) in results.iter().zip(expected) {
                        assert!(result[lane].iter().all(|limb| *limb < (1 << 51) + (1 << 15)));
                        assert_eq!(wide(&result[lane]), expected, "{:x?} {:x?}", a[lane], b[lane]);
                    }
                    assert_eq!(zero >> lane & 1 == 1, wide(&a[lane]) == [0; 5]);
                    assert_eq!(odd >> lane & 1 == 1, wide(&a[lane])[0] & 1 == 1);
                }
            }
        }
    }

    /// The points of an encoding that is canonical: those of every y near the edges, of small order, and of random bytes.
    #[test]
    fn decoding_finds_the_points_that_are_there() {
        let Some(lanes) = detect() else { return };
        let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
        for first in 0..=255 {
            for (middle, last) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff), (0xff, 0x7e), (0xfe, 0xff)]
            {
                let mut encoding = [middle; 32];
                (encoding[0], encoding[31]) = (first, last);
                encodings.push(encoding);
            }
            encodings.push(random::array().unwrap());
        }
        encodings.retain(is_canonical);
        let lent: Vec<&[u8; 32]> = encodings.iter().collect();
        let (mut points, mut others) = (0, 0);
        for (encoding, found) in lent.iter().zip(lanes.decode(&lent)) {
            let expected = CompressedEdwardsY(**encoding).decompress();
            assert_eq!(found.is_some(), expected.is_some(), "{encoding:x?}");
            let Some(found) = found else {
                others += 1;
                continue;
            };
            points += 1;
            // Its y is the encoding's, its x one of two, of which the parity is the sign; that it is on the curve is what adding it
            // to others shows.
            let x = canonical(found.x.map(u128::from));
            assert_eq!(found.y, to_limbs(encoding));
            assert!(x == [0; 5] || x[0] & 1 == u64::from(encoding[31] >> 7));
            let minus_encoded = -expected.unwrap();
            let minus = lanes.decode(&[&minus_encoded.compress().0]).remove(0).unwrap();
            let ones = [Scalar::ONE; 2];
            assert!(lanes.sum_has_small_order(&ones, &[&found, &minus], 1));
            let twice = lanes.sum_has_small_order(&ones, &[&found, &found], 1);
            assert_eq!(twice, minus_encoded.is_small_order());
        }
        assert!(points > 500 && others > 500, "{points} {others}");
    }

    /// Sums that are nothing, that are of small order, and that are off by one, of every number of terms; `curve25519-dalek` agrees.
    #[test]
    fn sums_are_those_of_the_portable_arithmetic() {
        let Some(lanes) = detect() else { return };
        let scalar = || Scalar::from_bytes_mod_order(random::array().unwrap());
        for (short_terms, long_terms) in (0..26).map(|i| (i, (i * 7) % 26)).chain([(64, 64), (1, 0), (0, 1)])
        {
            let secrets: Vec<Scalar> = (0..short_terms + long_terms).map(|_| scalar()).collect();
            let points: Vec<EdwardsPoint> = secrets
                .iter()
                .enumerate()
                .map(|(i, secret)| ED25519_BASEPOINT_POINT * secret + EIGHT_TORSION[i % 3 * i % 8])
                .collect();
            let encodings: Vec<[u8; 32]> = points.iter().map(|point| point.compress().0).collect();
            let decoded = lanes.decode(&encodings.iter().collect::<Vec<_>>());
            let decoded: Vec<LanePoint> = decoded.into_iter().map(Option::unwrap).collect();
            let short = (0..short_terms).map(|i| match i % 5 {
                0 => u128::from_le_bytes(random::array().unwrap()),
                1 => u128::MAX,
                2 => 1 << 127,
                3 => 0,
                _ => 0x8888_8888_8888_8888_8888_8888_8888_8888,
            });
            let long = (0..long_terms).map(|i| match i % 4 {
                0 => -Scalar::ONE,
                1 => Scalar::ZERO,
                _ => scalar(),
            });
            let mut scalars: Vec<Scalar> = short.map(Scalar::from).chain(long).collect();
            let of_base =
                -scalars.iter().zip(&secrets).map(|(scalar, secret)| scalar * secret).sum::<Scalar>();
            let sum = scalars.iter().zip(&points).map(|(scalar, point)| scalar * point).sum::<EdwardsPoint>();
            let lent: Vec<&LanePoint> = decoded.iter().chain([lanes.base()]).collect();
            scalars.push(of_base);
            for (off_by, expected) in [(Scalar::ZERO, true), (Scalar::ONE, false), (-Scalar::ONE, false)] {
                *scalars.last_mut().unwrap() = of_base + off_by;
                let found = lanes.sum_has_small_order(&scalars, &lent, short_terms);
                let sum = sum + ED25519_BASEPOINT_POINT * (of_base + off_by);
                assert_eq!(sum.mul_by_cofactor().is_identity(), expected);
                assert_eq!(found, expected, "{short_terms} and {long_terms} terms");
            }
        }
    }
}
