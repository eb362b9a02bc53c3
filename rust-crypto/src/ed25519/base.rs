//! Multiples of the base point, for WebAssembly.
//!
//! The tables that `curve25519-dalek` carries are 38 KiB of numbers, which no compression of a package makes smaller. Here the
//! library computes the one that signing needs when it is first needed, in some milliseconds, and verifying does without.

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{BasepointTable as _, VartimeMultiscalarMul as _};

/// `scalar` times the base point, in constant time.
pub(super) fn times_base(scalar: &Scalar) -> EdwardsPoint {
    static TABLE: OnceLock<Box<EdwardsBasepointTable>> = OnceLock::new();
    TABLE.get_or_init(|| Box::new(EdwardsBasepointTable::create(&ED25519_BASEPOINT_POINT))).mul_base(scalar)
}

/// `k` times `point` plus `s` times the base point, in a time that depends on them.
pub(super) fn sum(k: &Scalar, point: &EdwardsPoint, s: &Scalar) -> EdwardsPoint {
    EdwardsPoint::vartime_multiscalar_mul([k, s], [*point, ED25519_BASEPOINT_POINT])
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
}
