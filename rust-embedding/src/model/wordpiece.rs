//! WordPiece: words to the numbers of the longest pieces that the vocabulary has.
//!
//! Equal to the `tokenizers` library on every text, special tokens that stand in the text included; the tests hold it to that. Time is
//! linear in the text: a word has at most a hundred characters, a piece at most as many bytes as the longest of the vocabulary.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::config::json;
use super::error::ModelError;
use super::files::{ModelFiles, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY};
use super::normalizer::{Normalizer, Word};

/// A WordPiece tokenizer.
#[derive(Debug)]
pub(super) struct WordPiece {
    normalizer: Normalizer,
    /// Pieces that begin a word.
    initial: Pieces,
    /// Pieces that continue one, without their prefix.
    continuing: Pieces,
    /// Tokens that are looked for in the text itself, the longest first.
    special: Vec<(String, u32)>,
    /// The bytes they begin with.
    special_firsts: Vec<u8>,
    unknown: u32,
    /// Put before each text.
    first: u32,
    /// Put after each text.
    last: u32,
    max_word_chars: usize,
    digest: [u8; 32],
}

/// The tokens of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Tokens {
    /// The mark of the beginning, the text's pieces, the mark of the end.
    pub(super) ids: Vec<u32>,
    /// Whether the text has more pieces than fitted.
    pub(super) truncated: bool,
}

#[derive(Debug, Default)]
struct Pieces {
    ids: HashMap<Box<str>, u32>,
    /// Bytes of the longest.
    longest: usize,
}

impl WordPiece {
    /// Reads `tokenizer.json`, or `vocab.txt` where there is none. `rows` is the number of word embeddings.
    pub(super) fn parse(files: &ModelFiles, rows: usize) -> Result<Self, ModelError> {
        let source = match (&files.tokenizer, &files.vocabulary) {
            (Some(bytes), _) => Source::from_tokenizer(bytes)?,
            (None, Some(bytes)) => Source::from_vocabulary(bytes, files.tokenizer_config.as_deref())?,
            (None, None) => return Err(ModelError::Missing { file: TOKENIZER }),
        };
        source.build(rows)
    }

    /// The tokens of `text`, at most `max_tokens` with the two marks. Reads no further than it must to know whether that is all.
    pub(super) fn encode(&self, text: &str, max_tokens: usize) -> Tokens {
        let most = max_tokens.saturating_sub(1);
        let mut ids = vec![self.first];
        let mut truncated = false;
        self.pieces(text, |id| {
            truncated = ids.len() >= most;
            if !truncated {
                ids.push(id);
            }
            !truncated
        });
        ids.push(self.last);
        Tokens { ids, truncated }
    }

    /// How many tokens `text` has with the two marks, whatever the limit.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut count = 2;
        self.pieces(text, |_| {
            count += 1;
            true
        });
        count
    }

    /// SHA-256 over everything that decides about tokens.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Gives the number of each piece to `take`, until that says to stop with `false`.
    fn pieces(&self, text: &str, mut take: impl FnMut(u32) -> bool) {
        let mut pieces = Vec::new();
        let mut go_on = true;
        let mut rest = text;
        while go_on {
            let found = self.find_special(rest);
            let (before, after) =
                found.map_or((rest, None), |(at, length, id)| (&rest[..at], Some((at + length, id))));
            self.normalizer.words(before, self.max_word_chars, |word| {
                pieces.clear();
                match word {
                    Word::Whole(word) => self.split(word, &mut pieces),
                    Word::TooLong => pieces.push(self.unknown),
                }
                go_on = pieces.iter().all(|&id| take(id));
                go_on
            });
            match after {
                Some((end, id)) if go_on => {
                    go_on = take(id);
                    rest = &rest[end..];
                }
                _ => return,
            }
        }
    }

    /// Where the first special token stands, its length and its number; of those at one place the longest. One pass, since a text may
    /// hold one of them again and again and another never.
    fn find_special(&self, text: &str) -> Option<(usize, usize, u32)> {
        let bytes = text.as_bytes();
        let starts = |at: usize| {
            let found = self.special.iter().find(|(token, _)| bytes[at..].starts_with(token.as_bytes()));
            found.map(|(token, id)| (at, token.len(), *id))
        };
        let firsts = bytes.iter().enumerate().filter(|(_, byte)| self.special_firsts.contains(byte));
        firsts.into_iter().find_map(|(at, _)| starts(at))
    }

    /// The longest piece, then the longest that continues, and so on; the unknown token if that does not cover the word.
    fn split(&self, word: &str, ids: &mut Vec<u32>) {
        let mut start = 0;
        while start < word.len() {
            let pieces = if start == 0 { &self.initial } else { &self.continuing };
            let Some((length, id)) = pieces.longest_prefix(&word[start..]) else {
                ids.clear();
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            start += length;
        }
    }
}

impl Pieces {
    fn insert(&mut self, piece: &str, id: u32) {
        self.longest = self.longest.max(piece.len());
        self.ids.insert(piece.into(), id);
    }

    fn longest_prefix(&self, text: &str) -> Option<(usize, u32)> {
        let most = text.len().min(self.longest);
        let ends = (1..=most).rev().filter(|&end| text.is_char_boundary(end));
        ends.into_iter().find_map(|end| Some((end, *self.ids.get(&text[..end])?)))
    }
}

/// What the files say, before it is checked.
struct Source {
    file: &'static str,
    normalizer: Normalizer,
    vocabulary: BTreeMap<String, u32>,
    special: BTreeMap<String, u32>,
    unknown: String,
    first: String,
    last: String,
    prefix: String,
    max_word_chars: usize,
}

impl Source {
    fn from_tokenizer(bytes: &[u8]) -> Result<Self, ModelError> {
        let file = TOKENIZER;
        let json: TokenizerJson = json(file, "a WordPiece tokenizer", bytes)?;
        let check = |field, expected: &str, found: &str| {
            if expected == found {
                Ok(())
            } else {
                Err(ModelError::unsupported(file, field, expected, found))
            }
        };
        check("normalizer.type", "BertNormalizer", &json.normalizer.kind)?;
        check("pre_tokenizer.type", "BertPreTokenizer", &json.pre_tokenizer.kind)?;
        check("model.type", "WordPiece", json.model.kind.as_deref().unwrap_or("WordPiece"))?;
        let (first, last) = json.post_processor.marks()?;
        let mut special = BTreeMap::new();
        for token in json.added_tokens {
            let plain =
                token.special && !token.normalized && !token.single_word && !token.lstrip && !token.rstrip;
            if !plain || token.content.is_empty() {
                let expected = "special tokens that are taken literally";
                return Err(ModelError::unsupported(file, "added_tokens", expected, token.content));
            }
            special.insert(token.content, token.id);
        }
        let lowercase = json.normalizer.lowercase;
        Ok(Self {
            file,
            normalizer: Normalizer {
                clean_text: json.normalizer.clean_text,
                handle_chinese_chars: json.normalizer.handle_chinese_chars,
                strip_accents: json.normalizer.strip_accents.unwrap_or(lowercase),
                lowercase,
            },
            vocabulary: json.model.vocab,
            special,
            unknown: json.model.unk_token,
            first,
            last,
            prefix: json.model.continuing_subword_prefix,
            max_word_chars: json.model.max_input_chars_per_word,
        })
    }

    fn from_vocabulary(bytes: &[u8], config: Option<&[u8]>) -> Result<Self, ModelError> {
        let config: TokenizerConfig = match config {
            Some(bytes) => json(TOKENIZER_CONFIG, "settings of a BERT tokenizer", bytes)?,
            None => json(TOKENIZER_CONFIG, "settings of a BERT tokenizer", b"{}")?,
        };
        let text = std::str::from_utf8(bytes).map_err(|error| ModelError::Malformed {
            file: VOCABULARY,
            expected: "UTF-8",
            position: Some(error.valid_up_to()),
        })?;
        let mut vocabulary = BTreeMap::new();
        for (line, id) in text.lines().zip(0..) {
            vocabulary.insert(line.trim_end().to_owned(), id);
        }
        let marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        let special =
            marks.iter().filter_map(|mark| Some(((*mark).to_owned(), *vocabulary.get(*mark)?))).collect();
        Ok(Self {
            file: VOCABULARY,
            normalizer: Normalizer {
                clean_text: true,
                handle_chinese_chars: config.tokenize_chinese_chars,
                strip_accents: config.strip_accents.unwrap_or(config.do_lower_case),
                lowercase: config.do_lower_case,
            },
            vocabulary,
            special,
            unknown: "[UNK]".to_owned(),
            first: "[CLS]".to_owned(),
            last: "[SEP]".to_owned(),
            prefix: "##".to_owned(),
            max_word_chars: 100,
        })
    }

    fn build(self, rows: usize) -> Result<WordPiece, ModelError> {
        let file = self.file;
        if !(1..=1000).contains(&self.max_word_chars) {
            let field = "max_input_chars_per_word";
            return Err(ModelError::unsupported(file, field, "1 to 1000", self.max_word_chars));
        }
        if self.prefix.is_empty() {
            return Err(ModelError::malformed(file, "a prefix for pieces that continue a word"));
        }
        let ids = self.vocabulary.values().chain(self.special.values());
        if ids.copied().any(|id| usize::try_from(id).is_ok_and(|id| id >= rows)) {
            return Err(ModelError::unsupported(
                file,
                "vocab",
                format!("numbers below vocab_size {rows}"),
                "a greater one",
            ));
        }
        let id = |token: &str| {
            let id = self.special.get(token).or_else(|| self.vocabulary.get(token)).copied();
            id.ok_or_else(|| {
                ModelError::unsupported(file, "vocab", "a vocabulary with the marks of a text", "none")
            })
        };
        let (first, last) = (id(&self.first)?, id(&self.last)?);
        let unknown = self.vocabulary.get(&self.unknown).copied();
        let unknown = unknown
            .ok_or_else(|| ModelError::unsupported(file, "unk_token", "in the vocabulary", "absent"))?;
        let digest = self.digest(first, last, unknown);
        let (mut initial, mut continuing) = (Pieces::default(), Pieces::default());
        for (piece, &id) in &self.vocabulary {
            match piece.strip_prefix(&self.prefix) {
                Some(rest) if !rest.is_empty() => continuing.insert(rest, id),
                _ => {}
            }
            initial.insert(piece, id);
        }
        let mut special: Vec<_> = self.special.into_iter().collect();
        special.sort_by_key(|(token, _)| usize::MAX - token.len());
        let mut special_firsts: Vec<u8> = special.iter().map(|(token, _)| token.as_bytes()[0]).collect();
        special_firsts.dedup();
        Ok(WordPiece {
            normalizer: self.normalizer,
            initial,
            continuing,
            special,
            special_firsts,
            unknown,
            first,
            last,
            max_word_chars: self.max_word_chars,
            digest,
        })
    }

    fn digest(&self, first: u32, last: u32, unknown: u32) -> [u8; 32] {
        let Normalizer { clean_text, handle_chinese_chars, strip_accents, lowercase } = self.normalizer;
        let mut hash = Sha256::new();
        hash.update(b"chrysalis wordpiece 1");
        hash.update([clean_text, handle_chinese_chars, strip_accents, lowercase].map(u8::from));
        for number in [first, last, unknown] {
            hash.update(number.to_le_bytes());
        }
        hash.update((self.max_word_chars as u64).to_le_bytes());
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        text(&self.prefix);
        for map in [&self.vocabulary, &self.special] {
            text(&map.len().to_string());
            for (token, id) in map {
                text(token);
                text(&id.to_string());
            }
        }
        hash.finalize().into()
    }
}

#[derive(Deserialize)]
struct TokenizerJson {
    added_tokens: Vec<AddedToken>,
    normalizer: NormalizerJson,
    pre_tokenizer: Typed,
    post_processor: PostProcessor,
    model: ModelJson,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
}

#[derive(Deserialize)]
struct NormalizerJson {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct ModelJson {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: BTreeMap<String, u32>,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
}

/// What is put around a text: a template, or the two marks themselves.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum PostProcessor {
    TemplateProcessing { single: Vec<Part> },
    BertProcessing { cls: (String, u32), sep: (String, u32) },
}

#[derive(Deserialize)]
enum Part {
    SpecialToken { id: String },
    Sequence {},
}

impl PostProcessor {
    fn marks(self) -> Result<(String, String), ModelError> {
        match self {
            Self::BertProcessing { cls, sep } => Ok((cls.0, sep.0)),
            Self::TemplateProcessing { single } => match <[Part; 3]>::try_from(single) {
                Ok(
                    [Part::SpecialToken { id: first }, Part::Sequence {}, Part::SpecialToken { id: last }],
                ) => Ok((first, last)),
                _ => {
                    let expected = "a mark, the text, a mark";
                    Err(ModelError::unsupported(
                        TOKENIZER,
                        "post_processor.single",
                        expected,
                        "another template",
                    ))
                }
            },
        }
    }
}

#[derive(Deserialize)]
struct TokenizerConfig {
    #[serde(default = "yes")]
    do_lower_case: bool,
    #[serde(default = "yes")]
    tokenize_chinese_chars: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
}

fn yes() -> bool {
    true
}
