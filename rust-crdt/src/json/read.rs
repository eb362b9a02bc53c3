//! A strict reader of JSON, RFC 8259.

use chrysalis_crypto::canonical::read_number;

use super::text::{Json, MAX_DEPTH};
use crate::error::CrdtError;
use crate::sorted::SortedSet;
use crate::time::MAX_SAFE_INTEGER;

pub(super) fn parse(text: &str) -> Result<Json, CrdtError> {
    let mut reader = Reader { text, at: 0 };
    let json = reader.value(MAX_DEPTH)?;
    reader.space();
    if reader.at != text.len() {
        return Err(reader.wrong("something after the value"));
    }
    Ok(json)
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes, between two characters.
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &'static str) -> CrdtError {
        CrdtError::InvalidJson { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether this byte, an ASCII one, comes next; then it is taken.
    fn next_is(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn value(&mut self, depth: usize) -> Result<Json, CrdtError> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'[') => self.array(descend(depth)?),
            Some(b'{') => self.object(descend(depth)?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.wrong("not a value")),
            None => Err(self.wrong("text is cut off")),
        }
    }

    fn word(&mut self, word: &str, json: Json) -> Result<Json, CrdtError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("not a value"));
        }
        self.at += word.len();
        Ok(json)
    }

    fn array(&mut self, depth: usize) -> Result<Json, CrdtError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.next_is(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.next_is(b']') {
                return Ok(Json::Array(items));
            }
            if !self.next_is(b',') {
                return Err(self.wrong("no comma or end of the array"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, CrdtError> {
        self.at += 1;
        let mut fields: Vec<(String, Json)> = Vec::new();
        self.space();
        if self.next_is(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("no name of a field"));
            }
            let name = self.string()?;
            self.space();
            if !self.next_is(b':') {
                return Err(self.wrong("no colon"));
            }
            fields.push((name, self.value(depth)?));
            self.space();
            if self.next_is(b'}') {
                break;
            }
            if !self.next_is(b',') {
                return Err(self.wrong("no comma or end of the object"));
            }
        }
        let mut names = SortedSet::new();
        if !fields.iter().all(|(name, _)| names.insert(name.as_str())) {
            return Err(self.wrong("a field twice"));
        }
        Ok(Json::Object(fields))
    }

    fn number(&mut self) -> Result<Json, CrdtError> {
        let start = self.at;
        self.next_is(b'-');
        if self.next_is(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.wrong("number begins with 0"));
            }
        } else {
            self.digits()?;
        }
        let mut exact = true;
        if self.next_is(b'.') {
            exact = false;
            self.digits()?;
        }
        if self.next_is(b'e') || self.next_is(b'E') {
            exact = false;
            if !self.next_is(b'-') {
                self.next_is(b'+');
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if exact {
            // Digits that stand for one integer, which a float would silently round.
            let magnitude: u64 =
                text.trim_start_matches('-').parse().map_err(|_| CrdtError::UnsafeInteger)?;
            if magnitude > MAX_SAFE_INTEGER {
                return Err(CrdtError::UnsafeInteger);
            }
        }
        let number = read_number(text);
        if !number.is_finite() {
            return Err(CrdtError::NotFinite);
        }
        // Negative zero is zero.
        Ok(Json::Number(number + 0.0))
    }

    fn digits(&mut self) -> Result<(), CrdtError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("no digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, CrdtError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .ok_or_else(|| self.wrong("text is cut off"))?;
            out.push_str(&rest[..end]);
            self.at += end;
            if self.next_is(b'"') {
                return Ok(out);
            }
            if !self.next_is(b'\\') {
                return Err(self.wrong("control character in a string"));
            }
            out.push(self.escape()?);
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, CrdtError> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("unknown escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `u` and four digits, and the second half of a surrogate pair where one must follow.
    fn unicode(&mut self) -> Result<char, CrdtError> {
        let first = self.unit()?;
        let code = match first {
            0xd800..0xdc00 => {
                let second = if self.next_is(b'\\') && self.peek() == Some(b'u') { self.unit()? } else { 0 };
                if !(0xdc00..0xe000).contains(&second) {
                    return Err(self.wrong("half of a surrogate pair"));
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair"))
    }

    fn unit(&mut self) -> Result<u32, CrdtError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or_else(|| self.wrong("no four digits behind \\u"))?;
            self.at += 1;
        }
        Ok(unit)
    }
}

fn descend(depth: usize) -> Result<usize, CrdtError> {
    depth.checked_sub(1).ok_or(CrdtError::TooDeep { limit: MAX_DEPTH })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_refused() {
        for (text, what) in [
            ("", "text is cut off"),
            ("nul", "not a value"),
            ("NaN", "not a value"),
            ("+1", "not a value"),
            (".5", "not a value"),
            ("'a'", "not a value"),
            ("01", "number begins with 0"),
            ("-", "no digit"),
            ("1.", "no digit"),
            ("1e", "no digit"),
            ("1 2", "something after the value"),
            ("[1,]", "not a value"),
            ("[1", "no comma or end of the array"),
            ("{a:1}", "no name of a field"),
            ("{\"a\" 1}", "no colon"),
            ("{\"a\":1,}", "no name of a field"),
            ("{\"a\":1,\"\\u0061\":1}", "a field twice"),
            ("\"a", "text is cut off"),
            ("\"\n\"", "control character in a string"),
            ("\"\\x\"", "unknown escape"),
            ("\"\\u12g4\"", "no four digits behind \\u"),
            ("\"\\ud800\"", "half of a surrogate pair"),
            ("\"\\ud800\\u0041\"", "half of a surrogate pair"),
            ("\"\\udc00\"", "half of a surrogate pair"),
        ] {
            match parse(text) {
                Err(CrdtError::InvalidJson { what: found, .. }) => assert_eq!(found, what, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(parse("1e999"), Err(CrdtError::NotFinite));
    }

    #[test]
    fn integers_are_exact_or_refused() {
        assert_eq!(parse("9007199254740991"), Ok(Json::Number(9_007_199_254_740_991.0)));
        for text in ["9007199254740992", "-9007199254740992", "18446744073709551616"] {
            assert_eq!(parse(text), Err(CrdtError::UnsafeInteger), "{text}");
        }
        assert_eq!(parse("-0"), Ok(Json::Number(0.0)));
        assert_eq!(parse(" \"\\ud83d\\ude00\\/\" "), Ok(Json::Text("\u{1f600}/".to_owned())));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(CrdtError::TooDeep { limit: MAX_DEPTH }));
        assert_eq!(parse(&"[".repeat(1 << 20)), Err(CrdtError::TooDeep { limit: MAX_DEPTH }));
    }
}
