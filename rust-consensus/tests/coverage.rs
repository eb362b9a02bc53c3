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

/// The numbers of the requirements and defects that are this core's to meet.
const REQUIREMENTS: &str = "R-01 R-02 R-03 R-04 R-05 R-06 R-07 R-08 R-09 R-0A R-10 R-11 R-13 R-15 R-16 R-22 R-50 \
                            E-10 E-11 E-12 E-13 E-14 E-16";

#[test]
fn every_requirement_is_named_in_a_test() {
    let mut tests = sources("tests");
    // Tests at the foot of modules.
    tests.extend(sources("src").split("mod tests {").skip(1));
    for number in REQUIREMENTS.split_whitespace() {
        let count = tests.matches(number).count();
        // Once in the list above.
        assert!(count > 1, "{number}");
    }
}

/// The contract's sections on the core: 14.1 to 14.4 and 14.10. What R-12 asks of aggregation and R-52 of a member is here; what
/// R-52 asks of a server is the server's.
const NAMED: &str = "01 02 03 04 05 06 07 08 09 0a 10 11 12 13 14 15 16 50 51 52 53";

/// R-51 in whole: `--features malachite` runs what is named so on the third-party core too.
#[test]
fn every_requirement_has_a_test_of_its_name() {
    let text = sources("tests") + &sources("src");
    for number in NAMED.split_whitespace() {
        assert!(text.contains(&format!("fn r_{number}_")), "R-{number} has no test of its name");
    }
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
