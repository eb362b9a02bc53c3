//! Texts encoded by three libraries, whose tokens are the same.
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrysalis_embedding::tokens::Encoding;
use serde_json::{Value, json};

use crate::Outcome;

/// How long one side is measured in a round.
const TIME: Duration = Duration::from_millis(300);
/// The most of all texts together.
const MAX_BYTES: usize = 1 << 20;

/// MB/s of each side on prose and code of the project, both encodings.
pub fn measure(rounds: usize, dir: &Path) -> Outcome<Value> {
    let mut results = Vec::new();
    for (kind, ending) in [("prose", "md"), ("code", "rs")] {
        let mut text = String::new();
        gather(dir, ending, &mut text)?;
        for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
            let (tiktoken, bpe) = match encoding {
                Encoding::Cl100kBase => (tiktoken_rs::cl100k_base_singleton(), bpe_openai::cl100k_base()),
                _ => (tiktoken_rs::o200k_base_singleton(), bpe_openai::o200k_base()),
            };
            let ours = encoding.tokenizer();
            let sides: [(&str, &dyn Fn() -> Vec<u32>); 3] = [
                ("ours", &|| ours.encode(&text)),
                ("tiktoken", &|| tiktoken.encode_ordinary(&text)),
                ("bpe", &|| bpe.encode(&text)),
            ];
            let tokens = (sides[0].1)();
            for (name, encode) in &sides[1..] {
                if encode() != tokens {
                    return Err(format!("{name} gives other tokens on {kind}, {}", encoding.name()).into());
                }
            }
            let mut rates: Vec<(&str, Vec<f64>)> =
                sides.iter().map(|(name, _)| (*name, Vec::new())).collect();
            for round in 0..rounds {
                for at in 0..sides.len() {
                    let at = if round % 2 == 0 { at } else { sides.len() - 1 - at };
                    rates[at].1.push(rate(&text, sides[at].1));
                }
            }
            let rates: serde_json::Map<String, Value> =
                rates.into_iter().map(|(name, rates)| (name.to_owned(), json!(rates))).collect();
            results.push(json!({
                "kind": kind, "encoding": encoding.name(), "bytes": text.len(), "tokens": tokens.len(), "rates": rates,
            }));
        }
    }
    Ok(json!({ "rounds": rounds, "results": results }))
}

fn rate(text: &str, encode: &dyn Fn() -> Vec<u32>) -> f64 {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < TIME {
        std::hint::black_box(encode());
        count += 1;
    }
    f64::from(count) * text.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
}

/// The files below `dir` with this ending, in the order of their names.
fn gather(dir: &Path, ending: &str, text: &mut String) -> Outcome<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if text.len() >= MAX_BYTES {
            break;
        }
        if entry.file_type()?.is_dir() {
            let skipped = ["target", "node_modules", "pkg", "dist"].iter().any(|one| name == *one);
            if !skipped && !name.to_string_lossy().starts_with('.') {
                gather(&path, ending, text)?;
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            text.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(())
}
