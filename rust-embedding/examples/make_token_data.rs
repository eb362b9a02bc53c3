//! Writes `vocabularies/`: the vocabularies as lists of merges, out of those that `tiktoken-rs` carries, and the classes of
//! characters, out of `regex-syntax`.
//!
//! ```text
//! cargo run -p chrysalis-embedding --example make_token_data
//! ```

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use regex_syntax::hir::{Class, HirKind};
use tiktoken_rs::CoreBPE;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vocabularies");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("cl100k_base.merges"), merges(tiktoken_rs::cl100k_base_singleton(), 100_256)?)?;
    fs::write(folder.join("o200k_base.merges"), merges(tiktoken_rs::o200k_base_singleton(), 199_998)?)?;
    fs::write(folder.join("classes.bin"), classes()?)?;
    Ok(())
}

/// The 256 bytes in the order of their ranks, then the two parts of each further token, three bytes each, in six columns.
fn merges(encoding: &CoreBPE, count: u32) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let tokens: Vec<Vec<u8>> =
        (0..count).map(|rank| encoding.decode_bytes(&[rank])).collect::<Result<_, _>>()?;
    let ranks: HashMap<&[u8], u32> = tokens.iter().map(Vec::as_slice).zip(0..).collect();
    let mut file = Vec::new();
    let mut columns: [Vec<u8>; 6] = Default::default();
    for (rank, token) in (0..).zip(&tokens) {
        if rank < 256 {
            let [byte] = token.as_slice() else { return Err("the first tokens are not single bytes".into()) };
            file.push(*byte);
            continue;
        }
        let [left, right] = parts(token, rank, &ranks)[..] else {
            return Err("a token is not of two parts".into());
        };
        let bytes = [left, right].into_iter().flat_map(|part| part.to_le_bytes().into_iter().take(3));
        for (column, byte) in columns.iter_mut().zip(bytes) {
            column.push(byte);
        }
    }
    file.extend(columns.concat());
    Ok(file)
}

/// What merging leaves of `token` before its own rank.
fn parts(token: &[u8], rank: u32, ranks: &HashMap<&[u8], u32>) -> Vec<u32> {
    let mut cuts: Vec<usize> = (0..=token.len()).collect();
    loop {
        let least = cuts
            .windows(3)
            .enumerate()
            .filter_map(|(place, cut)| Some((*ranks.get(&token[cut[0]..cut[2]])?, place)))
            .filter(|(merged, _)| *merged < rank)
            .min();
        let Some((_, place)) = least else { break };
        cuts.remove(place + 1);
    }
    cuts.windows(2).map(|cut| ranks[&token[cut[0]..cut[1]]]).collect()
}

/// Where a class of characters starts, three bytes, and which: the bits of `src/tokens/scanner.rs`.
fn classes() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut all = vec![128_u8; 0x11_0000];
    for (set, class) in [
        (r"[\p{Lu}\p{Lt}]", 1),
        (r"\p{Ll}", 2),
        (r"[\p{Lm}\p{Lo}]", 4),
        (r"\p{M}", 8),
        (r"\p{N}", 16),
        (r"\s", 32),
        (r"[\r\n]", 64),
    ] {
        let hir = regex_syntax::parse(set)?;
        let HirKind::Class(Class::Unicode(ranges)) = hir.kind() else { return Err("not a class".into()) };
        for range in ranges.iter() {
            all[range.start() as usize..=range.end() as usize].fill(class);
        }
    }
    let mut file = Vec::new();
    for (code, class) in (0_u32..).zip(&all) {
        if code == 0 || all[code as usize - 1] != *class {
            file.extend_from_slice(&code.to_le_bytes()[..3]);
            file.push(*class);
        }
    }
    Ok(file)
}
