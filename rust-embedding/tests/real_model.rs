//! all-MiniLM-L6-v2 itself, where it is: at `CHRYSALIS_MODEL`, or where `scripts/setup.sh model` puts it.

use std::fs;
use std::num::NonZero;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrysalis_embedding::model::{LocalModel, Overflow, Precision, available_instructions};
use chrysalis_embedding::space::Space;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

mod toy;

#[derive(Deserialize)]
struct Vectors {
    texts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    text: String,
    ids: Vec<u32>,
    vector: String,
}

#[derive(Deserialize)]
struct Triplets {
    triplets: Vec<[String; 3]>,
}

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)).expect(name)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The digest that every host has to come to: the lines of sentences.txt. Read by the tests of JavaScript (in Node and in Chromium)
/// and of Python.
fn one_digest(model: &LocalModel) {
    let text = read("sentences.txt");
    let lines: Vec<&str> = std::str::from_utf8(&text).expect("UTF-8").lines().collect();
    assert_eq!(lines.len(), 60);
    let space = Space::new(model.space_fields()).expect("a space");
    let vectors = model.encode_batch(&lines, NonZero::new(2).expect("two")).into_iter();
    let bytes: Vec<u8> =
        vectors.flat_map(|outcome| outcome.expect("encoded").vector).flat_map(f32::to_le_bytes).collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let found = json!({
        "origin": "written by rust-embedding/tests/real_model.rs",
        "format": "SHA-256 over the little-endian canonical vectors of the lines of sentences.txt in order",
        "text": hex(&Sha256::digest(&text)),
        "weights": hex(&space.fields().weights.expect("known")),
        "space": space.id().to_string(),
        "dimensions": space.dimensions(),
        "digest": hex(&Sha256::digest(&bytes)),
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/sentences.json");
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&found).expect("JSON") + "\n").expect("written");
    }
    let expected = serde_json::from_slice::<serde_json::Value>(&read("sentences.json")).expect("JSON");
    assert_eq!(expected, found, "{}", model.instructions());
}

/// One test, so that the weights are read once for each engine.
#[test]
fn all_minilm_l6_v2() {
    let Some(directory) = toy::real_model() else {
        assert!(
            std::env::var_os("CHRYSALIS_NEEDS_MODEL").is_none(),
            "no {}; run: make setup",
            toy::REAL_MODEL
        );
        println!("no {}: the real model is not tested", toy::REAL_MODEL);
        return;
    };
    let load = |precision| {
        LocalModel::load(&directory, precision).expect("the model").with_overflow(Overflow::Truncate)
    };
    let (canonical, exact) = (load(Precision::Int8Canonical), load(Precision::F32));
    assert_eq!((canonical.dimensions(), canonical.max_tokens()), (384, 256));
    let entries = serde_json::from_slice::<Vectors>(&read("minilm.json")).expect("vectors").texts;
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    let threads = NonZero::new(2).expect("two");
    let encode = |model: &LocalModel| -> Vec<Vec<f32>> {
        model
            .encode_batch(&texts, threads)
            .into_iter()
            .map(|outcome| outcome.expect("encoded").vector)
            .collect()
    };
    let (int8, f32) = (encode(&canonical), encode(&exact));

    let (mut sum, mut worst) = (0.0, 1.0_f64);
    for ((entry, int8), f32) in entries.iter().zip(&int8).zip(&f32) {
        assert_eq!(canonical.token_ids(&entry.text).expect("ids"), entry.ids, "{:?}", entry.text);
        let reference: Vec<f32> = STANDARD
            .decode(&entry.vector)
            .expect("base64")
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        // Contract part 8: at most 1e-5 in each component, for f32.
        let greatest = f32.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(greatest < 1e-5, "{greatest} {:?}", entry.text);
        assert!(cosine(f32, &reference) > 0.9999);
        let near = cosine(int8, &reference);
        (sum, worst) = (sum + near, worst.min(near));
    }
    let mean = sum / f64::from(u32::try_from(entries.len()).expect("some"));
    println!("canonical against the reference: mean {mean:.5}, worst {worst:.5}");
    assert!(mean > 0.996 && worst > 0.985, "mean {mean}, worst {worst}");

    // The texts of the triplets come first.
    let triplets = serde_json::from_slice::<Triplets>(&read("triplets.json")).expect("triplets").triplets;
    let right = |vectors: &[Vec<f32>]| {
        let nearer = |t: &&[Vec<f32>]| cosine(&t[0], &t[1]) > cosine(&t[0], &t[2]);
        vectors[..3 * triplets.len()].chunks(3).filter(nearer).count()
    };
    assert!(
        triplets.iter().flatten().eq(texts.iter().take(3 * triplets.len())),
        "minilm.json is of other triplets"
    );
    println!("triplets: canonical {}, f32 {} of {}", right(&int8), right(&f32), triplets.len());
    assert!(right(&int8) >= right(&f32) && right(&f32) >= 45);

    // One digest of all canonical vectors, for every host.
    let bytes: Vec<u8> = int8.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let found = json!({
        "origin": "written by rust-embedding/tests/real_model.rs",
        "format": "SHA-256 over the little-endian canonical vectors of the texts of minilm.json in order, truncated at 256 tokens",
        "weights": canonical.space_fields().weights.map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        "engine": "int8-canonical-1",
        "digest": digest,
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/minilm-canonical.json");
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&found).expect("JSON") + "\n").expect("written");
    }
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&read("minilm-canonical.json")).expect("JSON"),
        found
    );

    for instructions in available_instructions() {
        // Plain Rust is slow: a few texts tell.
        let count = if instructions == "plain" { 6 } else { 40 };
        let model = load(Precision::Int8Canonical).with_instructions(instructions).expect("there");
        one_digest(&model);
        for (text, want) in texts.iter().zip(&int8).take(count) {
            assert_eq!(&model.encode(text).expect("encoded").vector, want, "{instructions}");
        }
    }
}
