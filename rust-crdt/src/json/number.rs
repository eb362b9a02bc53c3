//! Numbers as ECMAScript prints them, which is what RFC 8785 section 3.2.2.3 asks for.

use std::fmt::Write as _;

use crate::time::MAX_SAFE;

/// Appends a finite number. Over 2^53 - 1 it has an exponent, where ECMAScript prints up to 21 digits: so that no reader takes
/// it for an exact integer.
pub(super) fn put(number: f64, out: &mut String) {
    if number == 0.0 {
        out.push('0');
        return;
    }
    // The shortest digits that give the number back: `-d.ddde-x`.
    let text = format!("{number:e}");
    let (sign, text) = text.strip_prefix('-').map_or(("", &*text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once('e').expect("this format always has an exponent");
    let exponent: i32 = exponent.parse().expect("this format has a decimal exponent");
    let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
    out.push_str(sign);
    let count = i32::try_from(digits.len()).expect("at most 17 digits");
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if exponent >= 0 && number.abs() <= MAX_SAFE {
        let whole = usize::try_from(exponent + 1).expect("not negative");
        match digits.split_at_checked(whole) {
            Some((whole, "")) => out.push_str(whole),
            Some((whole, rest)) => put_all(&[whole, ".", rest], out),
            None => put_all(&[&digits, &zeros(exponent + 1 - count)], out),
        }
    } else if (-6..0).contains(&exponent) {
        put_all(&["0.", &zeros(-exponent - 1), &digits], out);
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(out, "{first}{point}{rest}e{exponent:+}").expect("writing to a string succeeds");
    }
}

fn put_all(parts: &[&str], out: &mut String) {
    parts.iter().for_each(|part| out.push_str(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_shortest_text() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (123.456, "123.456"),
            (0.000_001, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (1e16, "1e+16"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1_700_000_000.123_456, "1700000000.123456"),
        ] {
            let mut out = String::new();
            put(number, &mut out);
            assert_eq!(out, text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), (number + 0.0).to_bits());
        }
    }
}
