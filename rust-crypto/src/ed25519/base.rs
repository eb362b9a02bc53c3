//! Multiples of the base point, for WebAssembly.
//!
//! The table that `curve25519-dalek` carries is 30 KiB of numbers, which no compression of a package makes smaller. This one
//! is made from the base point when it is first needed, in about a millisecond, and signing with it takes a quarter longer.

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use subtle::{ConditionallyNegatable as _, ConditionallySelectable as _, ConstantTimeEq as _};

/// `scalar` times the base point, in constant time.
pub(super) fn times_base(scalar: &Scalar) -> EdwardsPoint {
    static TABLE: OnceLock<Vec<[EdwardsPoint; 8]>> = OnceLock::new();
    let table = TABLE.get_or_init(table);
    let digits = digits(scalar);
    // The odd digits first, as if they were even; then all of them 16 times, and the even ones.
    let mut sum = EdwardsPoint::identity();
    for parity in [1, 0] {
        if parity == 0 {
            let twice = sum + sum;
            sum = twice.mul_by_cofactor();
        }
        for (multiples, pair) in table.iter().zip(digits.as_chunks::<2>().0) {
            sum += select(multiples, pair[parity]);
        }
    }
    sum
}

/// The multiples 1 to 8 of 256^i times the base point, for i from 0 to 31.
fn table() -> Vec<[EdwardsPoint; 8]> {
    let mut start = ED25519_BASEPOINT_POINT;
    (0..32)
        .map(|_| {
            let mut multiple = EdwardsPoint::identity();
            let multiples = std::array::from_fn(|_| {
                multiple += start;
                multiple
            });
            start = (multiple + multiple).mul_by_cofactor();
            start += start;
            multiples
        })
        .collect()
}

/// Digits from -8 to 8 in base 16, the lowest first. The scalar is below 2^255.
fn digits(scalar: &Scalar) -> [i8; 64] {
    let bytes = scalar.as_bytes();
    let mut carry = 0;
    std::array::from_fn(|i| {
        let digit = (bytes[i / 2] >> (4 * (i % 2)) & 15).cast_signed() + carry;
        // Above 7 the digit is taken 16 lower; the highest never is.
        carry = if i == 63 { 0 } else { (digit + 8) >> 4 };
        digit - (carry << 4)
    })
}

/// `digit` times the first of `multiples`, which are looked at all, whatever the digit is.
fn select(multiples: &[EdwardsPoint; 8], digit: i8) -> EdwardsPoint {
    let size = digit.unsigned_abs();
    let mut point = EdwardsPoint::identity();
    for (multiple, at) in multiples.iter().zip(1_u8..) {
        point.conditional_assign(multiple, at.ct_eq(&size));
    }
    point.conditional_negate((digit.cast_unsigned() >> 7).into());
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_those_of_the_library() {
        let highest = Scalar::ZERO - Scalar::ONE;
        let few = (0_u64..40).map(Scalar::from);
        let powers = (0..252).map(|i| (0..i).fold(Scalar::ONE, |power, _| power + power));
        let random = (0..40).map(|_| Scalar::from_bytes_mod_order(crate::random::array().unwrap()));
        for scalar in few.chain(powers).chain(random).chain([highest]) {
            assert_eq!(times_base(&scalar), EdwardsPoint::mul_base(&scalar), "{scalar:?}");
        }
    }
}
