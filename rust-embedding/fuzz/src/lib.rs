//! What the fuzz targets check. Plain functions, so that `cargo test` runs them without libFuzzer.

use chrysalis_embedding::chunk::{ChunkOptions, chunk_text};
use chrysalis_embedding::compact::{Budget, Message, compact};
use chrysalis_embedding::compress::{compress_payload, decompress_payload};
use chrysalis_embedding::similarity::{read_f32_blob, read_f64_blob, read_json_blob};
use chrysalis_embedding::tokens::{Encoding, GrowingText, Special, SpecialNames, compact_json};

/// Tokens stand for their text, however it is counted or cut.
pub fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for encoding in Encoding::ALL {
        let tokenizer = encoding.tokenizer();
        let tokens = tokenizer.encode(&text);
        assert_eq!(tokenizer.decode(&tokens).as_deref(), Ok(&*text));
        assert_eq!(tokenizer.count(&text), tokens.len());
        let special = tokenizer.encode_with(&text, Special::Allow(SpecialNames::All));
        assert_eq!(tokenizer.decode(&special.expect("all are known")).as_deref(), Ok(&*text));
        let (head, rest) = tokenizer.split_at_tokens(&text, tokens.len() / 2);
        assert_eq!([head, rest].concat(), text);
        assert!(tokenizer.count(head) <= tokens.len() / 2);
        let mut growing = GrowingText::new(encoding);
        growing.append(head);
        growing.append(rest);
        assert_eq!(growing.count(), tokens.len());
    }
    let options = ChunkOptions { max_tokens: 8, overlap_tokens: 3 };
    for chunk in chunk_text(Encoding::Cl100kBase.tokenizer(), &text, options) {
        assert_eq!(text.get(chunk.start..chunk.start + chunk.text.len()), Some(chunk.text));
    }
}

/// Frames give their payload or an error, within the limit. The same bytes are read as stored vectors.
pub fn frames(bytes: &[u8]) {
    if let Ok(payload) = decompress_payload(bytes, 1 << 20) {
        assert!(payload.len() <= 1 << 20);
    }
    if let Some(payload) = compress_payload(bytes, 0, 3) {
        assert_eq!(decompress_payload(&payload.data, bytes.len()).as_deref(), Ok(bytes));
    }
    let _ = read_f32_blob(bytes);
    let _ = read_f64_blob(bytes);
    let _ = read_json_blob(bytes);
}

/// A conversation is fitted into any budget, or is refused.
pub fn messages(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(compact) = compact_json(text) {
        assert_eq!(compact_json(&compact), Ok(compact.clone()));
    }
    let Ok(messages) = Message::list_from_json(text) else { return };
    for max_tokens in [0, 60, 1000] {
        let budget = Budget { max_tokens, preserve_last: 1, cut: true };
        let left = compact(&messages, "o200k_base", budget).expect("the encoding is known");
        assert!(left.total_tokens <= max_tokens || left.over_budget);
        assert!(left.selected.is_sorted());
    }
}
