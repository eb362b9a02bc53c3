//! Decimal numbers to doubles without tables, for WebAssembly.
//!
//! The standard library's reader is faster and carries 10 KiB of powers of five, which no compression of a package makes smaller.
//! This one is exact arithmetic on whole numbers, and for short numbers one multiplication (Clinger, "How to read floating
//! point numbers accurately", 1990).

use std::cmp::Ordering;

/// More digits than can decide how a double is rounded (767); of the rest only counts whether one is not zero.
const MAX_DIGITS: usize = 800;
/// Quotient bits: a double's 53 and some to round by, and room for one more in 64.
const QUOTIENT_BITS: i64 = 62;

/// The double nearest to a number in JSON's grammar, ties to even; infinite beyond the range.
///
/// Cost: for more than 15 digits or an exponent beyond 22 some tens of microseconds; memory does not grow with the text.
pub(crate) fn parse(text: &str) -> f64 {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = decimal(text);
    let magnitude = match digits.len() {
        0 => 0.0,
        1..=15 if (-22..=22).contains(&exponent) => short(&digits, exponent),
        // The number is at least 10^(count + exponent - 1) and below ten times that.
        count => match i64::try_from(count).unwrap_or(i64::MAX).saturating_add(exponent) {
            311.. => f64::INFINITY,
            ..-330 => 0.0,
            _ => long(&digits, exponent),
        },
    };
    if negative { -magnitude } else { magnitude }
}

/// A number's significant digits (0 to 9, the first not zero) and the power of ten they are multiplied with.
fn decimal(text: &str) -> (Vec<u8>, i64) {
    let (mantissa, power) = match text.find(['e', 'E']) {
        Some(at) => (&text.as_bytes()[..at], &text.as_bytes()[at + 1..]),
        None => (text.as_bytes(), &[][..]),
    };
    let mut digits = Vec::new();
    let mut exponent = 0_i64;
    let (mut fraction, mut lost) = (false, false);
    for &byte in mantissa {
        if byte == b'.' {
            fraction = true;
            continue;
        }
        if digits.len() == MAX_DIGITS {
            lost |= byte != b'0';
            exponent += i64::from(!fraction);
            continue;
        }
        if byte != b'0' || !digits.is_empty() {
            digits.push(byte - b'0');
        }
        exponent -= i64::from(fraction);
    }
    if lost {
        digits.push(1);
        exponent -= 1;
    }
    let (sign, power) = match power {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    let magnitude = power
        .iter()
        .fold(0_i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte - b'0')));
    (digits, exponent.saturating_add(sign * magnitude))
}

/// Both the digits and the power are doubles, so that one operation rounds once.
fn short(digits: &[u8], exponent: i64) -> f64 {
    let value = digits.iter().fold(0.0, |value, &digit| value * 10.0 + f64::from(digit));
    let power = (0..exponent.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
    if exponent < 0 { value / power } else { value * power }
}

fn long(digits: &[u8], exponent: i64) -> f64 {
    let (mut dividend, mut divisor) = (Natural(Vec::new()), Natural(vec![1]));
    for &digit in digits {
        dividend.multiply_add(10, u32::from(digit));
    }
    let scaled = if exponent < 0 { &mut divisor } else { &mut dividend };
    for _ in 0..exponent.unsigned_abs() / 9 {
        scaled.multiply_add(1_000_000_000, 0);
    }
    for _ in 0..exponent.unsigned_abs() % 9 {
        scaled.multiply_add(10, 0);
    }

    // With both of one length the quotient is above 1/2 and below 2; its bits come one by one.
    let difference = dividend.bits() - divisor.bits();
    let shorter = if difference < 0 { &mut dividend } else { &mut divisor };
    shorter.shift_left(difference.unsigned_abs());
    let mut quotient = 0_u64;
    for _ in 0..QUOTIENT_BITS {
        quotient <<= 1;
        if dividend.compare(&divisor) != Ordering::Less {
            dividend.subtract(&divisor);
            quotient |= 1;
        }
        dividend.multiply_add(2, 0);
    }
    // The number is between `quotient` and `quotient + 1` times 2^scale; a bit more says whether it is above.
    let scale = difference - (QUOTIENT_BITS - 1) - 1;
    round(quotient << 1 | u64::from(!dividend.0.is_empty()), scale)
}

/// `value` times 2^`scale`, to the nearest double, ties to even. The value has 62 or 63 bits, of which the last stands for all after it.
fn round(value: u64, scale: i64) -> f64 {
    let length = i64::from(u64::BITS - value.leading_zeros());
    let exponent = scale + length - 1;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // Below the normal numbers the last place stays where it is, and fewer bits are kept.
    let kept_bits = (53 - (-1022 - exponent).max(0)).max(-1);
    let dropped = length - kept_bits;
    if dropped > 63 {
        return 0.0;
    }
    let (kept, rest, half) = (value >> dropped, value & ((1 << dropped) - 1), 1_u64 << (dropped - 1));
    let up = rest > half || rest == half && kept & 1 == 1;
    // A carry out of the fraction counts the exponent up, to infinity at last: that is how doubles are laid out.
    let biased = u64::try_from(exponent + 1022).unwrap_or(0);
    f64::from_bits((biased << 52) + kept + u64::from(up))
}

/// A whole number in 32-bit limbs, the lowest first, the highest not zero.
struct Natural(Vec<u32>);

impl Natural {
    fn multiply_add(&mut self, factor: u32, term: u32) {
        let mut carry = u64::from(term);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = low(carry);
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(low(carry));
        }
    }

    fn shift_left(&mut self, bits: u64) {
        for _ in 0..bits % 32 {
            self.multiply_add(2, 0);
        }
        let limbs = usize::try_from(bits / 32).expect("bounded by the digits and the exponent");
        self.0.splice(0..0, std::iter::repeat_n(0, limbs));
    }

    /// Takes away a number that is not greater.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (i, limb) in self.0.iter_mut().enumerate() {
            let (value, first) = limb.overflowing_sub(other.0.get(i).copied().unwrap_or(0));
            let (value, second) = value.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (value, first || second);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn bits(&self) -> i64 {
        let limbs = i64::try_from(self.0.len()).expect("bounded by the digits and the exponent");
        limbs * 32 - self.0.last().map_or(0, |limb| i64::from(limb.leading_zeros()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_like_the_standard_library(text: &str) {
        let expected: f64 = text.parse().unwrap();
        assert_eq!(parse(text).to_bits(), expected.to_bits(), "{text}");
    }

    #[test]
    fn edges_are_read_like_the_standard_library_reads_them() {
        let fixed = [
            "0",
            "-0",
            "0.0",
            "-0.0e5",
            "1",
            "-1",
            "10",
            "123456789012345",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "9007199254740993",
            "9007199254740993.00000000000000000000000000000000000000000001",
            "9007199254740992.99999999999999999999999999999999",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1.8e308",
            "1e309",
            "1e310",
            "1e311",
            "-1e400",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.4703282292062327208e-324",
            "1e-324",
            "1e-323",
            "3e-324",
            "1e-330",
            "1e-400",
            "0e999999999999999999999",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0.1",
            "0.3",
            "333333333.33333329",
            "1E30",
            "4.50",
            "2e-3",
        ];
        for text in fixed {
            assert_like_the_standard_library(text);
        }
        let zeros = "0".repeat(2000);
        for text in [
            format!("1{zeros}e-2000"),
            format!("0.{zeros}1e2001"),
            format!("9007199254740993{zeros}e-2000"),
            format!("9007199254740993.{zeros}"),
            format!("9007199254740993.{zeros}1"),
            format!("9007199254740992.{}", "9".repeat(1500)),
            format!("1{zeros}"),
        ] {
            assert_like_the_standard_library(&text);
        }
    }

    #[test]
    fn halves_between_doubles_are_rounded_to_even() {
        let mut bits = vec![0, 1, 2, (1 << 52) - 1, 1 << 52, (1 << 52) + 1, 0x7fef_ffff_ffff_fffe];
        bits.extend(
            (0..200).map(|_| u64::from_le_bytes(crate::random::array().unwrap()) & 0x7fef_ffff_ffff_fffe),
        );
        for low in bits {
            // All digits of both neighbours; between them the half has one digit more.
            let (below, above) = (f64::from_bits(low), f64::from_bits(low + 1));
            for text in [
                format!("{below:.1100}"),
                format!("{above:.1100}"),
                format!("{below:e}"),
                format!("{:.40e}", above),
            ] {
                assert_like_the_standard_library(&text);
            }
            let half = format!("{:.1100}", below / 2.0 + above / 2.0);
            for tail in ["", "1"] {
                assert_like_the_standard_library(&format!("{half}{tail}"));
            }
        }
    }

    #[test]
    fn random_numbers_are_read_like_the_standard_library_reads_them() {
        for _ in 0..3000 {
            let [a, b, c, d] = [(); 4].map(|()| u64::from_le_bytes(crate::random::array().unwrap()));
            let exponent = i64::try_from(c % 700).unwrap() - 350;
            let cut = usize::try_from(d % 20).unwrap();
            let digits = format!("{a}{b}");
            assert_like_the_standard_library(&format!("{}.{b}e{exponent}", a % 1000));
            assert_like_the_standard_library(&format!(
                "{}e{}",
                &digits[..=cut.min(digits.len() - 1)],
                exponent / 10
            ));
            assert_like_the_standard_library(&format!("{:e}", f64::from_bits(a & 0x7fef_ffff_ffff_ffff)));
        }
    }
}
