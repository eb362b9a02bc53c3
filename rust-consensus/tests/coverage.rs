//! The specification, the code and the tests speak of the same rules.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &str) -> String {
    let mut text = String::new();
    let mut left: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            // The list of seeded faults names rules without applying them.
            if !path.ends_with("src/mutant.rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

/// The rule numbers in a text: the letter, a dash, two digits.
fn rules(text: &str, prefix: &str) -> BTreeSet<u32> {
    text.split(prefix).skip(1).filter_map(|rest| rest.get(..2)?.parse().ok()).collect()
}

#[test]
fn every_rule_is_in_the_code_and_in_a_test() {
    let specification =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agreement.md")).unwrap();
    let defined = rules(&specification, "**A-");
    assert_eq!(defined.iter().copied().collect::<Vec<_>>(), (1..=39).collect::<Vec<_>>());
    assert_eq!(rules(&sources("src"), "A-"), defined);
    let mut tested = rules(&sources("tests"), "fn a_");
    tested.extend(rules(&sources("src"), "fn a_"));
    assert_eq!(tested, defined);
}
