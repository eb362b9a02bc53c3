//! The error type of token counting.

use std::fmt;

/// What went wrong with a text, tokens or a name of a model.
///
/// [`code`](TokenError::code) is stable; no message repeats the text, the name or a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenError {
    /// Neither an encoding nor a model that is known. Counting for it would be a guess.
    UnknownModel,
    /// Special tokens are rejected, and the text has one.
    SpecialToken {
        /// Where it starts, in bytes of UTF-8.
        at: usize,
    },
    /// A name that is to be allowed is no special token of the encoding.
    UnknownSpecial {
        /// Its place in the list of names.
        index: usize,
    },
    /// A number is no token of the encoding.
    UnknownToken {
        /// Its place in the list of tokens.
        index: usize,
    },
    /// A text is not JSON, or nested deeper than is read.
    InvalidJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A place or range lies outside what was counted.
    OutOfRange,
}

impl TokenError {
    /// Every code of this type, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "tokens/unknown-model",
        "tokens/special-token",
        "tokens/unknown-special",
        "tokens/unknown-token",
        "tokens/invalid-json",
        "tokens/out-of-range",
    ];

    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownModel => "tokens/unknown-model",
            Self::SpecialToken { .. } => "tokens/special-token",
            Self::UnknownSpecial { .. } => "tokens/unknown-special",
            Self::UnknownToken { .. } => "tokens/unknown-token",
            Self::InvalidJson { .. } => "tokens/invalid-json",
            Self::OutOfRange => "tokens/out-of-range",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel => f.write_str("unknown model or encoding"),
            Self::SpecialToken { at } => write!(f, "special token at byte {at}"),
            Self::UnknownSpecial { index } => write!(f, "name {index} is no special token of the encoding"),
            Self::UnknownToken { index } => write!(f, "number {index} is no token of the encoding"),
            Self::InvalidJson { line, column } => write!(f, "invalid JSON at line {line}, column {column}"),
            Self::OutOfRange => f.write_str("place outside of what was counted"),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let all = [
            TokenError::UnknownModel,
            TokenError::SpecialToken { at: 0 },
            TokenError::UnknownSpecial { index: 0 },
            TokenError::UnknownToken { index: 0 },
            TokenError::InvalidJson { line: 1, column: 1 },
            TokenError::OutOfRange,
        ];
        assert_eq!(all.map(TokenError::code), TokenError::CODES);
    }
}
