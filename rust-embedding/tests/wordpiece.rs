//! WordPiece against the `tokenizers` library: the same numbers for every text.
//!
//! `CHRYSALIS_SOAK=1` takes 100,000 random texts. With the real model at `CHRYSALIS_MODEL` or `.tools/model/all-MiniLM-L6-v2` its vocabulary
//! is tested too.

#![expect(clippy::print_stdout, reason = "a part that is not tested says so")]

use std::fs;

use chrysalis_embedding::model::{LocalModel, ModelFiles, Overflow, Precision};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokenizers::Tokenizer;

mod toy;

struct Pair {
    name: &'static str,
    ours: LocalModel,
    theirs: Tokenizer,
}

/// The toy model's tokenizer, and the real one's, which goes with a toy network, where it is.
fn pairs() -> Vec<Pair> {
    let toy = toy::make(toy::TOY, 1);
    let mut pairs = vec![pair("toy", toy.clone())];
    match toy::real_model() {
        None => println!("no {}: the real vocabulary is not tested", toy::REAL_MODEL),
        Some(directory) => {
            let tokenizer = fs::read(directory.join("tokenizer.json")).expect("a tokenizer");
            pairs.push(pair(
                "real",
                ModelFiles { tokenizer: Some(tokenizer), ..toy::with_vocabulary(toy::TOY, 30_522) },
            ));
        }
    }
    pairs
}

fn pair(name: &'static str, files: ModelFiles) -> Pair {
    let bytes = files.tokenizer.clone().expect("a tokenizer");
    let ours = LocalModel::from_files(&files, Precision::Int8Canonical).expect("a model");
    let mut theirs = Tokenizer::from_bytes(bytes).expect("a tokenizer");
    // As architecture demands it: what tokenizer.json says of length and padding does not hold.
    theirs.with_padding(None);
    theirs.with_truncation(None).expect("no truncation");
    Pair { name, ours: ours.with_overflow(Overflow::Truncate), theirs }
}

impl Pair {
    fn check(&self, text: &str) {
        let theirs = self.theirs.encode_fast(text, true).expect("tokens");
        let (ids, last) = (theirs.get_ids(), theirs.get_ids().last().copied());
        assert_eq!(self.ours.count_tokens(text), ids.len(), "{} {text:?}", self.name);
        let mut want = ids[..ids.len().min(self.ours.max_tokens() - 1)].to_vec();
        want.truncate(ids.len() - 1);
        want.extend(last);
        assert_eq!(self.ours.token_ids(text).expect("truncated"), want, "{} {text:?}", self.name);
    }

    /// In pieces that are short enough for no token to be cut off.
    fn check_all(&self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(44) {
            self.check(&piece.iter().collect::<String>());
        }
        self.check(text);
    }
}

#[test]
fn prose_code_and_scripts_of_the_world() {
    let samples = [
        include_str!("../README.md"),
        include_str!("wordpiece.rs"),
        include_str!("../vectors/triplets.json"),
        "Příliš žluťoučký kůň úpěl ďábelské ódy. ÅNGSTRÖM Straße ǅ İstanbul ΣΊΣΥΦΟΣ ŒUVRE ﬁ ½ №",
        "色は匂へど散りぬるを 我が世誰ぞ常ならむ 你好，世界。한국어 키스의 고유조건은 神々 豈更車",
        "नमस्ते दुनिया ไม่มีใคร שָׁלוֹם עוֹלָם السَّلَامُ عَلَيْكُمْ የኢትዮጵያ ქართული",
        "🙂👩‍👩‍👧‍👦🏳️‍🌈 a\u{200d}b\u{200b}c\u{feff}d\u{ad}e \u{1f600}\u{fe0f} ①②③ ㎏ ﷺ",
        "tab\tnewline\nreturn\r\nnbsp\u{a0}em\u{2003}ideographic\u{3000}line\u{2028}par\u{2029}vt\u{b}ff\u{c}nel\u{85}",
        "controls \0\u{1}\u{7f}\u{80}\u{9f}\u{fffd}\u{fffe}\u{e000}\u{f8ff}\u{f0000}\u{10ffff} end",
        "marks e\u{301}\u{323}\u{302e}\u{302f}x \u{301}\u{302e}start q\u{307}\u{323} \u{1d15e}\u{1d165}\u{1d16e}",
        "[CLS] [SEP][SEP] [MASK]x[MASK [UNK]] [[PAD]] [cls] ##ing ##s # ## a##b",
        "under_score-dash—em…dots “quotes” «guillemets» ¡hola! ¿qué? 3.14 1,000 $5 €7 a+b=c ^|~`",
    ];
    for pair in pairs() {
        for sample in samples {
            pair.check_all(sample);
        }
        for length in [99, 100, 101, 102, 500] {
            pair.check(&"a".repeat(length));
            pair.check(&format!("x {} y", "é".repeat(length)));
            pair.check(&"\u{1e9b}\u{323}".repeat(length));
        }
    }
}

/// Characters of all of Unicode, in a word and alone; every one of the first three planes with `CHRYSALIS_SOAK=1`.
#[test]
fn every_character() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    let soak = std::env::var_os("CHRYSALIS_SOAK").is_some();
    let step = if soak { 1 } else { 13 };
    // The scripts with case, accents and signs are all taken; of the last planes, private or not assigned, a sample is enough.
    let is_chosen = |c: u32| c < 0x600 || (c < 0x3_2000 && c.is_multiple_of(step)) || c.is_multiple_of(0x101);
    let chosen = all.iter().filter(|&&c| is_chosen(u32::from(c)));
    let mut text = String::new();
    let mut texts = Vec::new();
    for (number, c) in chosen.enumerate() {
        text.extend(['a', *c, 'b', ' ', *c, ' ']);
        if number % 512 == 511 {
            texts.push(std::mem::take(&mut text));
        }
    }
    texts.push(text);
    for pair in pairs() {
        for text in &texts {
            let theirs = pair.theirs.encode_fast(text.as_str(), true).expect("tokens");
            if pair.ours.count_tokens(text) == theirs.len() {
                continue;
            }
            // Name the character.
            for c in text.chars() {
                pair.check(&format!("a{c}b {c}"));
            }
        }
    }
}

#[test]
fn random_texts() {
    let soak = std::env::var_os("CHRYSALIS_SOAK").is_some();
    let cases = if soak { 100_000 } else { 800 };
    let part = prop_oneof![
        4 => "[a-zA-Z]{1,12}",
        2 => "[ \t\n]{1,2}",
        1 => "[!-/:-@\\[-`{-~]{1,3}",
        1 => "[0-9]{1,4}",
        1 => "[à-ž]{1,4}",
        1 => "[\u{300}-\u{36f}\u{302a}-\u{302f}]{1,3}",
        1 => "[一-龥ぁ-ん가-힣]{1,3}",
        1 => any::<char>().prop_map(String::from),
        1 => "[\u{0}-\u{1f}\u{7f}-\u{a0}\u{200b}-\u{200f}\u{fffd}]{1,2}",
        1 => prop::sample::select(vec!["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "[", "##"]).prop_map(str::to_owned),
    ];
    let texts = prop::collection::vec(part, 0..10).prop_map(|parts| parts.concat());
    let pairs = pairs();
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) });
    let outcome = runner.run(&texts, |text| {
        pairs.iter().for_each(|pair| pair.check(&text));
        Ok(())
    });
    outcome.expect("the same tokens");
}

/// `vocab.txt` with `tokenizer_config.json` is the same tokenizer as `tokenizer.json`.
#[test]
fn a_vocabulary_of_lines() {
    let files = toy::make(toy::TOY, 1);
    let ours = LocalModel::from_files(&files, Precision::Int8Canonical).expect("a model");
    let json: serde_json::Value =
        serde_json::from_slice(files.tokenizer.as_ref().expect("a tokenizer")).expect("JSON");
    let vocabulary = json["model"]["vocab"].as_object().expect("a vocabulary");
    let mut pieces: Vec<_> = vocabulary.iter().map(|(piece, id)| (id.as_u64(), piece.clone())).collect();
    pieces.sort();
    let lines: Vec<String> = pieces.into_iter().map(|(_, piece)| piece).collect();
    let by_lines = LocalModel::from_files(
        &ModelFiles { tokenizer: None, vocabulary: Some(lines.join("\n").into_bytes()), ..files },
        Precision::Int8Canonical,
    );
    assert_eq!(by_lines.expect("a model").space_fields(), ours.space_fields());
}
