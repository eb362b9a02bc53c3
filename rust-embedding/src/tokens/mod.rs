//! Tokens: how much of a model's context a text takes, exactly.
//!
//! The numbers are those of the reference tokenizer (`tiktoken`) for every string, in time linear in the text, also for
//! one that has no spaces. What looks like a special token is text unless the caller says otherwise. The
//! vocabularies are part of the crate (0.6 MB and 1.2 MB), are built up once at first use and shared by all threads.
//!
//! ```
//! use chrysalis_embedding::tokens::{self, Encoding};
//!
//! let o200k = Encoding::for_model("gpt-4o")?.tokenizer();
//! assert_eq!(o200k.encode("hello world"), [24912, 2375]);
//! assert_eq!(tokens::count_tokens("hello world", "cl100k_base")?, 2);
//! # Ok::<(), tokens::TokenError>(())
//! ```

mod counter;
mod cut;
mod error;
mod json;
mod merge;
mod models;
mod scanner;
mod special;
mod vocabulary;

use std::sync::LazyLock;

pub use counter::{GrowingText, TokenLedger};
pub use error::TokenError;
pub(crate) use json::Json;
pub use json::{compact_json, estimate_json_tokens, to_json_text};
pub use special::{Special, SpecialNames};

use merge::Merger;
use scanner::{Pattern, Scanner};
use vocabulary::Vocabulary;

/// A vocabulary with its rules for cutting text and its special tokens.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Encoding {
    /// 100,256 tokens and five special ones: GPT-4, GPT-3.5, the OpenAI embedding models.
    Cl100kBase,
    /// 199,998 tokens and two special ones: GPT-4o and later, o1 and later.
    O200kBase,
    /// As `O200kBase`, with the special tokens of the open-weight models.
    O200kHarmony,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 3] = [Self::Cl100kBase, Self::O200kBase, Self::O200kHarmony];

    /// The name the reference gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cl100kBase => "cl100k_base",
            Self::O200kBase => "o200k_base",
            Self::O200kHarmony => "o200k_harmony",
        }
    }

    /// The encoding of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// The encoding of this name, or the one that the model of this name uses: by an exact match, else by the longest
    /// prefix of the table.
    ///
    /// # Errors
    /// [`TokenError::UnknownModel`]; see [`count_tokens_or_estimate`] for an answer all the same.
    pub fn for_model(model: &str) -> Result<Self, TokenError> {
        Self::from_name(model).or_else(|| models::encoding_of(model)).ok_or(TokenError::UnknownModel)
    }

    /// What encodes, built up at the first call: some 20 ms.
    pub fn tokenizer(self) -> &'static Tokenizer {
        static CL100K_BASE: LazyLock<Tokenizer> = LazyLock::new(|| {
            Tokenizer::load(
                Encoding::Cl100kBase,
                Pattern::Cl100k,
                include_bytes!("../../vocabularies/cl100k_base.merges"),
            )
        });
        static O200K_BASE: LazyLock<Tokenizer> = LazyLock::new(|| {
            Tokenizer::load(
                Encoding::O200kBase,
                Pattern::O200k,
                include_bytes!("../../vocabularies/o200k_base.merges"),
            )
        });
        static O200K_HARMONY: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer {
            encoding: Encoding::O200kHarmony,
            pattern: Pattern::O200k,
            merger: O200K_BASE.merger,
        });
        match self {
            Self::Cl100kBase => &CL100K_BASE,
            Self::O200kBase => &O200K_BASE,
            Self::O200kHarmony => &O200K_HARMONY,
        }
    }
}

/// Encodes, decodes and counts with one encoding. [`Encoding::tokenizer`] gives it.
pub struct Tokenizer {
    encoding: Encoding,
    pattern: Pattern,
    merger: &'static Merger,
}

impl Tokenizer {
    fn load(encoding: Encoding, pattern: Pattern, file: &[u8]) -> Self {
        // Leaked on purpose: it lives as long as the process, in the statics above, and encodings share it.
        let merger = Box::leak(Box::new(Merger::new(Vocabulary::load(file))));
        Self { encoding, pattern, merger }
    }

    /// Which encoding this is.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many numbers the encoding has, special ones and gaps between them included: all tokens are below.
    pub fn vocabulary_size(&self) -> usize {
        special::numbers_of(self.encoding)
    }

    /// The tokens of `text`; special tokens in it are text.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
        self.encode_into(text, &mut tokens);
        tokens
    }

    /// The tokens of `text`, special ones in it treated as `special` says.
    ///
    /// # Errors
    /// [`TokenError::SpecialToken`] if they are rejected, [`TokenError::UnknownSpecial`] for a name that is none.
    pub fn encode_with(&self, text: &str, special: Special<'_>) -> Result<Vec<u32>, TokenError> {
        let mut tokens = Vec::new();
        for part in special::parts(self.encoding, text, special)? {
            match part {
                special::Part::Text(text) => self.encode_into(text, &mut tokens),
                special::Part::Special(token) => tokens.push(token),
            }
        }
        Ok(tokens)
    }

    /// How many tokens `text` has; special tokens in it are text.
    pub fn count(&self, text: &str) -> usize {
        let mut scratch = Vec::new();
        let mut count = 0;
        for piece in Scanner::new(self.pattern, text) {
            self.merger.encode(piece.as_bytes(), &mut scratch);
            count += scratch.len();
            scratch.clear();
        }
        count
    }

    /// As [`count`](Self::count), special tokens treated as `special` says.
    ///
    /// # Errors
    /// As [`encode_with`](Self::encode_with).
    pub fn count_with(&self, text: &str, special: Special<'_>) -> Result<usize, TokenError> {
        Ok(special::parts(self.encoding, text, special)?
            .into_iter()
            .map(|part| match part {
                special::Part::Text(text) => self.count(text),
                special::Part::Special(_) => 1,
            })
            .sum())
    }

    /// The bytes that `tokens`, special ones too, stand for. Not always text: a token may be a part of a character.
    ///
    /// # Errors
    /// [`TokenError::UnknownToken`].
    pub fn decode_bytes(&self, tokens: &[u32]) -> Result<Vec<u8>, TokenError> {
        let vocabulary = self.merger.vocabulary();
        let mut bytes = Vec::with_capacity(tokens.len() * 4);
        for (index, token) in tokens.iter().enumerate() {
            if (*token as usize) < vocabulary.len() {
                bytes.extend_from_slice(vocabulary.bytes_of(*token));
            } else {
                let name =
                    special::name_of(self.encoding, *token).ok_or(TokenError::UnknownToken { index })?;
                bytes.extend_from_slice(name.as_bytes());
            }
        }
        Ok(bytes)
    }

    /// The text that `tokens` stand for; what is not UTF-8 in it becomes U+FFFD, as with the reference.
    ///
    /// # Errors
    /// [`TokenError::UnknownToken`].
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokenError> {
        Ok(String::from_utf8(self.decode_bytes(tokens)?)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn encode_into(&self, text: &str, tokens: &mut Vec<u32>) {
        for piece in Scanner::new(self.pattern, text) {
            self.merger.encode(piece.as_bytes(), tokens);
        }
    }
}

/// How many tokens `text` has for `model`, which names an encoding or a model.
///
/// # Errors
/// [`TokenError::UnknownModel`].
pub fn count_tokens(text: &str, model: &str) -> Result<usize, TokenError> {
    Ok(Encoding::for_model(model)?.tokenizer().count(text))
}

/// [`count_tokens`] of each text.
///
/// # Errors
/// [`TokenError::UnknownModel`].
pub fn count_tokens_batch<T: AsRef<str>>(texts: &[T], model: &str) -> Result<Vec<usize>, TokenError> {
    let tokenizer = Encoding::for_model(model)?.tokenizer();
    Ok(texts.iter().map(|text| tokenizer.count(text.as_ref())).collect())
}

/// A count that may be a guess, and then says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenCount {
    /// The tokens.
    pub count: usize,
    /// Whether the count was estimated, because the model is unknown.
    pub approximate: bool,
    /// The encoding that counted; none if it was estimated.
    pub encoding: Option<Encoding>,
}

/// As [`count_tokens`]; for an unknown model it estimates and marks the result.
pub fn count_tokens_or_estimate(text: &str, model: &str) -> TokenCount {
    match Encoding::for_model(model) {
        Ok(encoding) => TokenCount {
            count: encoding.tokenizer().count(text),
            approximate: false,
            encoding: Some(encoding),
        },
        Err(_) => TokenCount { count: approximate_tokens(text), approximate: true, encoding: None },
    }
}

/// A guess without a vocabulary: a quarter of the Unicode scalar values, rounded up.
pub fn approximate_tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_resolve_by_name_then_by_the_longest_prefix() {
        for (model, encoding) in [
            ("cl100k_base", Encoding::Cl100kBase),
            ("o200k_harmony", Encoding::O200kHarmony),
            ("gpt-4", Encoding::Cl100kBase),
            ("gpt-4-0613", Encoding::Cl100kBase),
            ("gpt-4o-2024-08-06", Encoding::O200kBase),
            ("gpt-4.1-mini", Encoding::O200kBase),
            ("gpt-5-nano", Encoding::O200kBase),
            ("ft:gpt-4o:me", Encoding::O200kBase),
            ("ft:gpt-4:me", Encoding::Cl100kBase),
            ("gpt-oss-120b", Encoding::O200kHarmony),
            ("text-embedding-3-large", Encoding::Cl100kBase),
        ] {
            assert_eq!(Encoding::for_model(model), Ok(encoding), "{model}");
        }
        for unknown in ["", "claude", "gpt-4x", "text-embedding-3", "GPT-4"] {
            assert_eq!(Encoding::for_model(unknown), Err(TokenError::UnknownModel));
        }
    }

    #[test]
    fn an_estimate_says_that_it_is_one() {
        let counted = count_tokens_or_estimate("hello world", "gpt-4");
        assert_eq!(
            counted,
            TokenCount { count: 2, approximate: false, encoding: Some(Encoding::Cl100kBase) }
        );
        let estimated = count_tokens_or_estimate("🙂🙂🙂🙂🙂", "no-such-model");
        assert_eq!(estimated, TokenCount { count: 2, approximate: true, encoding: None });
    }

    #[test]
    fn decoding_refuses_numbers_that_are_no_tokens() {
        let tokenizer = Encoding::Cl100kBase.tokenizer();
        assert_eq!(tokenizer.vocabulary_size(), 100_277);
        assert_eq!(tokenizer.decode(&[100_257, 15339]).unwrap(), "<|endoftext|>hello");
        for hole in [100_256, 100_261, 100_277, u32::MAX] {
            assert_eq!(tokenizer.decode(&[15339, hole]), Err(TokenError::UnknownToken { index: 1 }));
        }
        assert_eq!(Encoding::O200kBase.tokenizer().vocabulary_size(), 200_019);
        assert_eq!(tokenizer.decode(&[9468]).unwrap(), "\u{fffd}");
    }
}
