//! Part 2: the digests of the original's vectors.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::fmt::Write as _;

use chrysalis_embedding::deterministic::{Reduction, derive_vector};
use sha2::{Digest as _, Sha256};

fn digest(text: &str, dimension: usize, reduction: Reduction) -> String {
    let vector = derive_vector(text, dimension, reduction).unwrap();
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn part_2_all_digests() {
    let file = include_str!("../vectors/deterministic.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let text = vector["text"].as_str().unwrap();
        let dimension = usize::try_from(vector["dimension"].as_u64().unwrap()).unwrap();
        for (name, reduction) in [("avx512", Reduction::Avx512), ("avx2", Reduction::Avx2)] {
            assert_eq!(
                digest(text, dimension, reduction),
                vector[name].as_str().unwrap(),
                "{dimension} {name}"
            );
        }
    }
}
