//! What a well-behaved server says, and the vectors by which a test knows its texts again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::testing::server::{Seen, Step};

/// A vector that no other text has: the digest of the text, as numbers from -1 to 1.
#[must_use]
pub fn vector_of(text: &str, dimensions: usize) -> Vec<f32> {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    (0..dimensions)
        .map(|place| {
            f32::from(digest[place % 32]) / 128.0 - 1.0 + f32::from(digest[(place / 32) % 32]) / 1024.0
        })
        .collect()
}

/// The texts of a request, of whatever provider.
#[must_use]
pub fn texts_of(seen: &Seen) -> Vec<String> {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let input = ["input", "texts", "inputs", "prompt"]
        .iter()
        .find_map(|name| body.get(name))
        .cloned()
        .unwrap_or_default();
    match input {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// An answer with this status and JSON.
#[must_use]
pub fn reply(status: u16, headers: &[(&str, &str)], body: &Value) -> Step {
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    Step::Answer { status, headers, body: body.to_string().into_bytes() }
}

/// The error shape of OpenAI.
#[must_use]
pub fn error(status: u16, headers: &[(&str, &str)], code: &str, message: &str) -> Step {
    reply(status, headers, &json!({"error": {"message": message, "type": code, "param": null, "code": code}}))
}

/// OpenAI's good answer to a request: the vectors of its texts, in base64 if it asked for that.
#[must_use]
pub fn openai(seen: &Seen, dimensions: usize) -> Step {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let is_packed = body.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let texts = texts_of(seen);
    let item = |(index, text): (usize, &String)| {
        let vector = vector_of(text, dimensions);
        let embedding = if is_packed {
            let bytes: Vec<u8> = vector.iter().flat_map(|component| component.to_le_bytes()).collect();
            Value::String(STANDARD.encode(bytes))
        } else {
            json!(vector)
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    // Not in order: indexes count, places do not.
    let data: Vec<Value> = texts.iter().enumerate().rev().map(item).collect();
    let tokens = texts.iter().map(|text| text.split_whitespace().count()).sum::<usize>();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let model = body.get("model").cloned().unwrap_or_default();
    reply(
        200,
        &[("x-request-id", &format!("req-{}", seen.number))],
        &json!({"object": "list", "data": data, "model": model, "usage": usage}),
    )
}
