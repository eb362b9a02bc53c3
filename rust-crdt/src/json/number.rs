//! Numbers as ECMAScript prints them, which is what RFC 8785 section 3.2.2.3 asks for.

use crate::time::MAX_SAFE;

/// Appends a finite number. Over 2^53 - 1 it has an exponent, where ECMAScript prints up to 21 digits: so that no reader takes
/// it for an exact integer.
pub(super) fn put(number: f64, out: &mut String) {
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format_finite(number);
    if number.abs() <= MAX_SAFE || text.contains('e') {
        out.push_str(text);
        return;
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (first, rest) = digits.trim_end_matches('0').split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    // From 16 to 21 digits.
    let exponent = (digits.len() - 1).to_string();
    for part in [sign, first, point, rest, "e+", &exponent] {
        out.push_str(part);
    }
}

/// A finite number as [`put`] writes it.
pub(crate) fn text_of(number: f64) -> String {
    let mut text = String::new();
    put(number, &mut text);
    text
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
            (-123_456_789_012_345_680_000.0, "-1.2345678901234568e+20"),
            (1e21, "1e+21"),
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
