//! Tokens are those of the reference: its vocabularies, its worked examples, and its answers to whatever is asked.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrysalis_embedding::tokens::{Encoding, Special, SpecialNames, Tokenizer};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tiktoken_rs::CoreBPE;

fn oracle(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        Encoding::O200kHarmony => tiktoken_rs::o200k_harmony_singleton(),
        _ => tiktoken_rs::o200k_base_singleton(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[track_caller]
fn same(encoding: Encoding, text: &str) {
    let ours = encoding.tokenizer().encode(text);
    let theirs = oracle(encoding).encode_ordinary(text);
    assert_eq!(ours, theirs, "{} of {:?}", encoding.name(), text.chars().take(200).collect::<String>());
    assert_eq!(encoding.tokenizer().count(text), theirs.len());
    assert_eq!(encoding.tokenizer().decode(&ours).unwrap(), text);
}

#[test]
fn part_9_the_vocabularies_are_the_references_files() {
    for (encoding, ranks, length, digest) in [
        (
            Encoding::Cl100kBase,
            100_256,
            1_681_126,
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        ),
        (
            Encoding::O200kBase,
            199_998,
            3_613_922,
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        ),
    ] {
        let mut file = String::new();
        for rank in 0..ranks {
            let token = encoding.tokenizer().decode_bytes(&[rank]).unwrap();
            BASE64_STANDARD.encode_string(token, &mut file);
            let _ = writeln!(file, " {rank}");
        }
        assert_eq!(file.len(), length);
        assert_eq!(hex(&Sha256::digest(file.as_bytes())), digest);
    }
}

/// The reference's regular expressions, read by its own engine, on what is hard to cut.
#[test]
fn part_15_4_awkward_texts_and_all_their_prefixes() {
    let text = concat!(
        "The quick brown fox's 12345 dogs don't DON'T can'T we'LL I'M they'Ve it'\u{17f} x'r 'l 'll '\n",
        "fn main() {\r\n\tprintln!(\"hi\\n\"); // ok\r\n}\r\n\r\n   \n  \t x\u{a0}\u{2003}y\u{3000}\u{85}z",
        "HTTPServer漢ABC \u{301}ABC e\u{301}Ab ǅxǅ ʰʱAʰ 你好，世界 Привет ПРИВЕТ ελληνικά 🙂🙂 👨‍👩‍👧‍👦 ½²Ⅷ٣٤٥ कखग ไทยภาษา ",
        "a//\n/b !\n//\nx <|endoftext|> \u{0}\u{1f}\u{7f} \u{fffd}\u{10ffff} _snake_Case camelCase ALLCAPS1a2B ",
        "\n\n\n \n \n  a  \n  ",
    );
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        for encoding in Encoding::ALL {
            same(encoding, &text[..end]);
        }
    }
    for start in (0..text.len()).filter(|start| text.is_char_boundary(*start)) {
        same(Encoding::Cl100kBase, &text[start..]);
        same(Encoding::O200kBase, &text[start..]);
    }
}

#[test]
fn part_15_4_prose_and_code() {
    let readme = include_str!("../../README.md");
    let code = include_str!("../src/tokens/merge.rs");
    for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
        for text in [readme, code] {
            same(encoding, text);
            same(encoding, &text.to_uppercase());
            // Without spaces all of it is a few long pieces.
            let joined: String = text.chars().filter(|c| c.is_alphabetic()).collect();
            same(encoding, &joined);
        }
    }
}

#[test]
fn long_runs_of_one_character_are_encoded_alike() {
    for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
        for run in [
            "a",
            "^",
            " ",
            "\n",
            "ab",
            "🙂",
            "漢",
            "\u{301}",
            "aA",
            "0",
            "é",
            "\t\n",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            same(encoding, &run.repeat(3_001));
        }
    }
    let count = |encoding: Encoding, unit: &str| encoding.tokenizer().count(&unit.repeat(100_000));
    assert_eq!(["a", "^", " "].map(|unit| count(Encoding::Cl100kBase, unit)), [12_500, 25_000, 782]);
    assert_eq!(["a", "^", " "].map(|unit| count(Encoding::O200kBase, unit)), [12_500, 12_500, 782]);
}

/// A million strings in `make soak`; here as many as a moment allows.
#[test]
fn part_15_4_random_strings() {
    let strings: usize = std::env::var("CHRYSALIS_TOKEN_STRINGS").ok().map_or(4_000, |n| n.parse().unwrap());
    let seed: u64 = std::env::var("CHRYSALIS_SEED").ok().map_or(7, |n| n.parse().unwrap());
    println!("seed {seed}, {strings} strings");
    let mut random = Random(seed);
    for _ in 0..strings {
        let text = random.text();
        same(Encoding::Cl100kBase, &text);
        same(Encoding::O200kBase, &text);
    }
}

/// Texts out of what pieces are made of.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self) -> String {
        let parts = 1 + self.below(12);
        (0..parts).map(|_| self.part()).collect()
    }

    fn part(&mut self) -> String {
        const WORDS: [&str; 24] = [
            "the", " The", "ing", "'s", "'LL", "'re", " ", "  ", "\n", "\r\n", "\t", "1", "2024", "/", "!?",
            "é", "漢字", "ß", "Ǆ", "\u{301}", "🙂", "\u{200d}", "ʼ", "İ",
        ];
        match self.below(4) {
            0 => {
                // A token of the vocabulary, where it is text.
                let token = u32::try_from(self.below(100_000)).unwrap();
                Encoding::O200kBase.tokenizer().decode(&[token]).unwrap()
            }
            1 => (0..self.below(6))
                .filter_map(|_| char::from_u32(self.below(0x11_0000).try_into().unwrap()))
                .collect(),
            2 => WORDS[self.below(24)].repeat(1 + self.below(3)),
            _ => (0..self.below(30))
                .map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap()))
                .collect(),
        }
    }
}

#[test]
fn special_tokens_are_the_references() {
    for encoding in Encoding::ALL {
        let theirs = oracle(encoding);
        let tokenizer: &Tokenizer = encoding.tokenizer();
        for name in theirs.special_tokens() {
            let text = format!("a {name}b<|{name} ");
            let ours = tokenizer.encode_with(&text, Special::Allow(SpecialNames::All)).unwrap();
            assert_eq!(ours, theirs.encode_with_special_tokens(&text), "{name}");
            assert!(tokenizer.encode_with(&text, Special::Reject).is_err());
        }
    }
}

proptest! {
    /// A head is the longest that keeps the limit and whole characters, and nothing is lost.
    #[test]
    fn heads_keep_their_limit(text in "[a-z 漢é🙂'\n]{0,60}", limit in 0_usize..40) {
        let tokenizer = Encoding::O200kBase.tokenizer();
        let (head, rest) = tokenizer.split_at_tokens(&text, limit);
        prop_assert_eq!([head, rest].concat(), text.clone());
        prop_assert!(tokenizer.count(head) <= limit);
        prop_assert_eq!(tokenizer.count_till_limit(&text, limit).is_some(), tokenizer.count(&text) <= limit);
        prop_assert!(!rest.is_empty() || tokenizer.count(&text) <= limit);
        prop_assert!(tokenizer.count(&tokenizer.truncate_to_tokens(&text, limit)) <= limit);
    }
}

#[test]
fn part_9_the_worked_examples() {
    let file: serde_json::Value = serde_json::from_str(include_str!("../vectors/tokens.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 14);
    for vector in vectors {
        let repeat = usize::try_from(vector["repeat"].as_u64().unwrap()).unwrap();
        let text = vector["text"].as_str().unwrap().repeat(repeat);
        for (name, encoding) in [("cl100k", Encoding::Cl100kBase), ("o200k", Encoding::O200kBase)] {
            let (expected, tokenizer) = (&vector[name], encoding.tokenizer());
            let tokens = tokenizer.encode(&text);
            assert_eq!(tokens.len() as u64, expected["count"].as_u64().unwrap(), "{name} {vector}");
            let first = expected["first"].as_array().unwrap();
            assert!(first.iter().zip(&tokens).all(|(expected, token)| expected == token), "{name} {vector}");
            let allowed = tokenizer.count_with(&text, Special::Allow(SpecialNames::All)).unwrap();
            assert_eq!(allowed as u64, expected["allowed"].as_u64().unwrap());
        }
    }
}
