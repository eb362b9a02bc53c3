//! Functions of the reals from IEEE 754 basic operations alone, in one order, so that they have the same bits everywhere.

use crate::isa::{Isa, MAGIC};

/// e^x for x in [-87, 88]; outside, the value at the nearer end. Within 2 units in the last place.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts so that r is nearly exact, and a polynomial for e^r: the coefficients are
/// those of `expf` in Moshier's Cephes library.
#[inline(always)]
pub(crate) fn exp<S: Isa>(isa: S, x: S::F) -> S::F {
    let x = isa.max(isa.min(x, isa.splat(88.0)), isa.splat(-87.0));
    let shifted = isa.add(isa.mul(x, isa.splat(std::f32::consts::LOG2_E)), isa.splat(MAGIC));
    let n = isa.sub(shifted, isa.splat(MAGIC));
    let r = isa.sub(x, isa.mul(n, isa.splat(0.693_359_4)));
    let r = isa.sub(r, isa.mul(n, isa.splat(-2.121_944_4e-4)));
    const P: [f32; 6] = [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let tail = polynomial(isa, r, P);
    let one_plus_r = isa.add(r, isa.splat(1.0));
    isa.scale_by_power(isa.add(isa.mul(isa.mul(tail, r), r), one_plus_r), shifted)
}

/// x Φ(x), the Gaussian error linear unit with the exact distribution function: absolute error below 1e-6.
///
/// erf(y) = y P(y²) / Q(y²) on [-4, 4], beyond which it is ±1 in single precision. P and Q were fitted for this crate: least
/// squares on 2,000 Chebyshev nodes, reweighted until the error was level (2.1e-8).
#[inline(always)]
#[expect(clippy::approx_constant, reason = "a fitted coefficient, near 2 / sqrt(pi) as it must be")]
pub(crate) fn gelu<S: Isa>(isa: S, x: S::F) -> S::F {
    const P: [f32; 6] =
        [1.974_832e-6, 2.880_420_4e-4, 4.003_658e-3, 5.346_751_2e-2, 1.962_492_2e-1, 1.128_379];
    const Q: [f32; 6] = [3.748_091_7e-5, 1.216_363_5e-3, 1.544_444_45e-2, 1.164_765_3e-1, 5.072_525e-1, 1.0];
    let y = isa.mul(x, isa.splat(std::f32::consts::FRAC_1_SQRT_2));
    let y = isa.max(isa.min(y, isa.splat(4.0)), isa.splat(-4.0));
    let u = isa.mul(y, y);
    let erf = isa.div(isa.mul(y, polynomial(isa, u, P)), polynomial(isa, u, Q));
    isa.mul(isa.mul(x, isa.splat(0.5)), isa.add(erf, isa.splat(1.0)))
}

/// Horner's rule, the highest coefficient first.
#[inline(always)]
fn polynomial<S: Isa, const N: usize>(isa: S, x: S::F, coefficients: [f32; N]) -> S::F {
    let mut value = isa.splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        value = isa.add(isa.mul(value, x), isa.splat(coefficient));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::Plain;

    fn steps(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..=20_000).map(move |i| from + (to - from) * f64::from(i) / 20_000.0)
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the argument of a test in single precision")]
    fn exp_is_within_two_units_in_the_last_place() {
        for x in steps(-87.0, 88.0) {
            let x = x as f32;
            let (got, want) = (f64::from(exp(Plain, [x; 16])[0]), f64::from(x).exp());
            assert!((got / want - 1.0).abs() < 2.4e-7, "exp({x}) = {got}, not {want}");
        }
        assert_eq!(exp(Plain, [0.0; 16]), [1.0; 16]);
        assert_eq!(exp(Plain, [-1000.0; 16]), exp(Plain, [-87.0; 16]));
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the argument of a test in single precision")]
    fn gelu_is_within_a_millionth() {
        for x in steps(-12.0, 12.0) {
            let x = x as f32;
            let want = f64::from(x) * 0.5 * (1.0 + libm::erf(f64::from(x) / std::f64::consts::SQRT_2));
            let got = f64::from(gelu(Plain, [x; 16])[0]);
            assert!((got - want).abs() < 1e-6 * f64::from(x.abs()).max(1.0), "gelu({x}) = {got}, not {want}");
        }
    }
}
