//! Multiples of the base point, for WebAssembly.
//!
//! The tables that `curve25519-dalek` carries are 38 KiB of numbers, which no compression of a package makes smaller, so that its
//! feature `precomputed-tables` is native only. Here the one that signing needs is computed when it is first needed, in some
//! milliseconds, and verifying does without.

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity as _, VartimeMultiscalarMul as _};
use subtle::{Choice, ConditionallyNegatable as _, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// Digits of a scalar in radix 16.
const DIGITS: usize = 64;
/// The digits' magnitudes but zero.
const MAGNITUDES: usize = 8;

/// `[j]` is `(j + 1) * 16^i` times the base point, in row `i` of the table.
type Row = [EdwardsPoint; MAGNITUDES];

/// `scalar` times the base point, in constant time.
pub(super) fn times_base(scalar: &Scalar) -> EdwardsPoint {
    // 80 KiB.
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    let digits = to_digits(scalar);
    let mut sum = EdwardsPoint::identity();
    for (multiples, &digit) in TABLE.get_or_init(make_table).iter().zip(digits.iter()) {
        sum += select(multiples, digit);
    }
    sum
}

/// `k` times `point` plus `s` times the base point, in a time that depends on them.
pub(super) fn sum(k: &Scalar, point: &EdwardsPoint, s: &Scalar) -> EdwardsPoint {
    EdwardsPoint::vartime_multiscalar_mul([k, s], [*point, ED25519_BASEPOINT_POINT])
}

fn make_table() -> Vec<Row> {
    let mut unit = ED25519_BASEPOINT_POINT;
    let row = |_| {
        let mut multiple = EdwardsPoint::identity();
        let row = [(); MAGNITUDES].map(|()| {
            multiple += unit;
            multiple
        });
        unit = multiple + multiple;
        row
    };
    (0..DIGITS).map(row).collect()
}

/// A scalar below 2^255 as 64 digits in radix 16 from -8 to 8, the lowest first.
fn to_digits(scalar: &Scalar) -> Zeroizing<[i8; DIGITS]> {
    let mut digits = Zeroizing::new([0_i8; DIGITS]);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(scalar.as_bytes()) {
        pair[0] = (byte & 15).cast_signed();
        pair[1] = (byte >> 4).cast_signed();
    }
    // Digits above seven are made negative; the highest is at most seven and takes the last carry.
    for i in 0..DIGITS - 1 {
        let carry = (digits[i] + 8) >> 4;
        digits[i] -= carry << 4;
        digits[i + 1] += carry;
    }
    digits
}

/// The multiple of that digit, with the same reads and steps for every digit.
fn select(multiples: &Row, digit: i8) -> EdwardsPoint {
    let sign = digit >> 7;
    let magnitude = (digit ^ sign) - sign;
    let mut point = EdwardsPoint::identity();
    for (candidate, multiple) in (1_i8..).zip(multiples) {
        point.conditional_assign(multiple, magnitude.ct_eq(&candidate));
    }
    point.conditional_negate(Choice::from((sign & 1).cast_unsigned()));
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_and_sums_are_those_of_the_library() {
        let highest = Scalar::ZERO - Scalar::ONE;
        let few = (0_u64..40).map(Scalar::from);
        let random = (0..40).map(|_| Scalar::from_bytes_mod_order(crate::random::array().unwrap()));
        let point = EdwardsPoint::mul_base(&Scalar::from(7_u64));
        for scalar in few.chain(random).chain([highest]) {
            assert_eq!(times_base(&scalar), EdwardsPoint::mul_base(&scalar), "{scalar:?}");
            let k = scalar * scalar - Scalar::ONE;
            let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &point, &scalar);
            assert_eq!(sum(&k, &point, &scalar), expected, "{scalar:?}");
        }
    }

    #[test]
    fn digits_are_the_scalar() {
        let random = (0..40).map(|_| Scalar::from_bytes_mod_order(crate::random::array().unwrap()));
        for scalar in random.chain([Scalar::ZERO, Scalar::ZERO - Scalar::ONE]) {
            let digits = to_digits(&scalar);
            assert!(digits.iter().all(|digit| (-8..=8).contains(digit)), "{digits:?}");
            let value = digits.iter().rev().fold(Scalar::ZERO, |value, &digit| {
                let magnitude = Scalar::from(digit.unsigned_abs());
                value * Scalar::from(16_u8) + if digit < 0 { -magnitude } else { magnitude }
            });
            assert_eq!(value, scalar);
        }
    }
}
