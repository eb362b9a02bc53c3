//! Canonical JSON: the JSON Canonicalization Scheme (RFC 8785).
//!
//! Two texts that mean the same value have one canonical text: members sorted by the UTF-16 code units of their
//! names, numbers as ECMAScript writes them, the fewest escapes, no white space. Reading is strict (RFC 8259, and
//! I-JSON where that asks for more): a repeated name, a lone surrogate or a number beyond double precision's
//! range is refused, because what such a text means differs from reader to reader.

use std::cmp::Ordering;

use crate::error::CryptoError;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 128;

/// The canonical text of a JSON text.
///
/// Numbers are read as IEEE 754 doubles, as JavaScript reads them: an integer above 2^53 may change.
///
/// # Errors
/// [`CryptoError::Serialization`] with the byte where the text stops being what is accepted.
pub fn canonicalize(json: &str) -> Result<String, CryptoError> {
    let value = parse(json)?;
    let mut out = String::with_capacity(json.len());
    value.write(&mut out);
    Ok(out)
}

/// The value of a JSON text, as strictly read as [`canonicalize`] says.
///
/// # Errors
/// As [`canonicalize`].
pub fn parse(json: &str) -> Result<Value, CryptoError> {
    let mut reader = Reader { text: json, at: 0 };
    let value = reader.value(0)?;
    reader.skip_white_space();
    if reader.at != json.len() {
        return Err(reader.fault("text after the JSON value"));
    }
    Ok(value)
}

/// A JSON value. It has no `Debug`, because it may hold secrets.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Finite, and not negative zero.
    Number(f64),
    /// A string, without its escapes.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// Members in canonical order, no name twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The canonical text of a value that was read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(ryu_js::Buffer::new().format_finite(*number)),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Appends `text` as a JSON string (RFC 8785 section 3.2.2.2): short escapes where JSON has them, `\u00xx` for other
/// controls, the rest as it is.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                let code = u32::from(character);
                out.push(if code < 16 { '0' } else { '1' });
                out.push(char::from_digit(code & 15, 16).expect("four bits are a digit"));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The double nearest to a number in JSON's grammar, ties to even; infinite beyond the range. The caller has checked the
/// grammar: of any other text the result means nothing.
#[must_use]
pub fn read_number(text: &str) -> f64 {
    #[cfg(target_arch = "wasm32")]
    let number = crate::number::parse(text);
    #[cfg(not(target_arch = "wasm32"))]
    let number = text.parse().unwrap_or(f64::NAN);
    number
}

/// RFC 8785 section 3.2.3.
fn utf16_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// A member with the place of its name in the text.
type Member = (usize, String, Value);

/// In canonical order; a merge sort, whose code is a tenth of the standard library's.
fn sorted(mut members: Vec<Member>) -> Vec<Member> {
    if members.len() < 2 {
        return members;
    }
    let second = sorted(members.split_off(members.len() / 2));
    let mut merged = Vec::with_capacity(members.len() + second.len());
    let mut second = second.into_iter().peekable();
    for member in sorted(members) {
        while let Some(smaller) = second.next_if(|other| utf16_order(&other.1, &member.1) == Ordering::Less) {
            merged.push(smaller);
        }
        merged.push(member);
    }
    merged.extend(second);
    merged
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, CryptoError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(_) => Err(self.fault("not a JSON value")),
            None => Err(self.fault("JSON value is missing")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, CryptoError> {
        self.open(depth)?;
        let mut members: Vec<Member> = Vec::new();
        self.skip_white_space();
        if self.eat(b'}') {
            return Ok(Value::Object(Vec::new()));
        }
        loop {
            self.skip_white_space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("member name is missing"));
            }
            let position = self.at;
            let name = self.string()?;
            self.skip_white_space();
            if !self.eat(b':') {
                return Err(self.fault("colon is missing"));
            }
            members.push((position, name, self.value(depth + 1)?));
            self.skip_white_space();
            if self.eat(b'}') {
                break;
            }
            if !self.eat(b',') {
                return Err(self.fault("object is not closed"));
            }
        }
        // The sort is stable: of two members with one name the later one stands second.
        let members = sorted(members);
        if let Some(twice) = members.windows(2).find(|pair| pair[0].1 == pair[1].1) {
            return Err(CryptoError::Serialization {
                reason: "member name is repeated",
                position: Some(twice[1].0),
            });
        }
        Ok(Value::Object(members.into_iter().map(|(_, name, value)| (name, value)).collect()))
    }

    fn array(&mut self, depth: usize) -> Result<Value, CryptoError> {
        self.open(depth)?;
        let mut items = Vec::new();
        self.skip_white_space();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_white_space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.fault("array is not closed"));
            }
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), CryptoError> {
        if depth == MAX_DEPTH {
            return Err(self.fault("nesting is too deep"));
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<Value, CryptoError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        } else if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.fault("leading zero in a number"));
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        let number = read_number(&self.text[start..self.at]);
        if number.is_infinite() {
            return Err(CryptoError::Serialization { reason: "number out of range", position: Some(start) });
        }
        // ECMAScript writes negative zero as 0.
        Ok(Value::Number(if number == 0.0 { 0.0 } else { number }))
    }

    fn digits(&mut self) -> Result<(), CryptoError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.fault("digit is missing")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, CryptoError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let run = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            out.push_str(&self.text[run..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.fault("control character in a string")),
                None => return Err(self.fault("string is not closed")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, CryptoError> {
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault("unknown escape in a string")),
        };
        self.at += 1;
        Ok(character)
    }

    /// One `\uXXXX`, or two that are a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, CryptoError> {
        const LONE: &str = "lone surrogate in a string";
        let start = self.at - 1;
        let lone = CryptoError::Serialization { reason: LONE, position: Some(start) };
        let high = self.four_digits()?;
        let code = match high {
            0xd800..=0xdbff => {
                if !(self.eat(b'\\') && self.peek() == Some(b'u')) {
                    return Err(lone);
                }
                let low = self.four_digits()?;
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(lone);
                }
                0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => high,
        };
        char::from_u32(code).ok_or(lone)
    }

    /// `uXXXX`.
    fn four_digits(&mut self) -> Result<u32, CryptoError> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.fault("hexadecimal digit is missing"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, CryptoError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("not a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, reason: &'static str) -> CryptoError {
        CryptoError::Serialization { reason, position: Some(self.at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        canonicalize(json).unwrap()
    }

    #[test]
    fn rfc_8785_section_3_2_2() {
        let text = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            canonical(text),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn rfc_8785_section_3_2_3_sorts_by_utf16() {
        let text = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        assert_eq!(
            canonical(text),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
             \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\
             \"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }

    /// RFC 8785 appendix B: bits and their text.
    #[test]
    fn rfc_8785_appendix_b() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            // Enough digits to name the double exactly.
            let number = f64::from_bits(bits);
            assert_eq!(canonical(&format!("{number:?}")), expected, "{bits:016x}");
            assert_eq!(canonical(&format!("{number:e}")), expected, "{bits:016x}");
            assert_eq!(canonical(expected), expected);
        }
    }

    #[test]
    fn a_canonical_text_is_its_own() {
        for text in ["null", "0", "\"\"", "[]", "{}", r#"{"a":{"b":[1,"\u0001",{}]}}"#, "\"\u{7f}\u{2028}/\""]
        {
            assert_eq!(canonical(text), text);
            assert_eq!(canonical(&format!(" \t\r\n{text}\n")), text);
        }
    }

    #[test]
    fn other_texts_are_refused_with_their_place() {
        for (text, position, reason) in [
            ("", 0, "JSON value is missing"),
            ("  ", 2, "JSON value is missing"),
            ("nul", 0, "not a JSON value"),
            ("NaN", 0, "not a JSON value"),
            ("Infinity", 0, "not a JSON value"),
            ("'a'", 0, "not a JSON value"),
            ("\u{feff}1", 0, "not a JSON value"),
            ("\u{a0}1", 0, "not a JSON value"),
            ("+1", 0, "not a JSON value"),
            (".5", 0, "not a JSON value"),
            ("01", 1, "leading zero in a number"),
            ("-", 1, "digit is missing"),
            ("1.", 2, "digit is missing"),
            ("1e", 2, "digit is missing"),
            ("1e+", 3, "digit is missing"),
            ("1e400", 0, "number out of range"),
            ("-1e400", 0, "number out of range"),
            ("1 2", 2, "text after the JSON value"),
            ("[1,]", 3, "not a JSON value"),
            ("[1 2]", 3, "array is not closed"),
            ("[", 1, "JSON value is missing"),
            ("{\"a\":1,}", 7, "member name is missing"),
            ("{a:1}", 1, "member name is missing"),
            ("{\"a\" 1}", 5, "colon is missing"),
            ("{\"a\":1", 6, "object is not closed"),
            ("{\"a\":1,\"b\":2,\"a\":3}", 13, "member name is repeated"),
            ("{\"a\":1,\"\\u0061\":2}", 7, "member name is repeated"),
            ("\"a", 2, "string is not closed"),
            ("\"\n\"", 1, "control character in a string"),
            ("\"\\x\"", 2, "unknown escape in a string"),
            ("\"\\u12g4\"", 5, "hexadecimal digit is missing"),
            ("\"\\ud800\"", 1, "lone surrogate in a string"),
            ("\"\\udc00\"", 1, "lone surrogate in a string"),
            ("\"\\ud800\\ud800\"", 1, "lone surrogate in a string"),
            ("\"\\ud800x\"", 1, "lone surrogate in a string"),
        ] {
            let expected = CryptoError::Serialization { reason, position: Some(position) };
            assert_eq!(canonicalize(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(canonical(&nested(MAX_DEPTH)), nested(MAX_DEPTH));
        let fault = CryptoError::Serialization { reason: "nesting is too deep", position: Some(MAX_DEPTH) };
        assert_eq!(canonicalize(&nested(MAX_DEPTH + 1)), Err(fault.clone()));
        assert_eq!(canonicalize(&"[".repeat(1_000_000)), Err(fault));
        assert!(canonicalize(&"{\"a\":".repeat(MAX_DEPTH + 1)).is_err());
    }
}
