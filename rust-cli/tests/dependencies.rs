//! Dependencies between the crates of the workspace point one way, and foreign glue stays in rust-bindings.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate and what it may use, from the bottom up. Tests and build scripts count as use.
const MAY_USE: &[(&str, &[&str])] = &[
    // For tests alone: whatever depends on it for more has no permission.
    ("fuzz-replay", &[]),
    // Part of rust-crypto, apart so that it is built for speed.
    ("kernels", &[]),
    ("crypto", &["kernels"]),
    // Part of rust-crdt, for the same reason.
    ("store", &["crypto"]),
    ("crdt", &["crypto", "store"]),
    ("journal", &["crypto"]),
    ("security", &["crypto", "journal"]),
    ("embedding-kernels", &[]),
    ("embedding", &["crypto", "embedding-kernels", "journal"]),
    ("consensus", &["crypto", "crdt", "journal"]),
    ("memory", &["crypto", "crdt", "journal", "security", "embedding", "consensus"]),
    ("node", &["crypto", "crdt", "journal", "security", "embedding", "consensus", "memory"]),
    ("bindings", &["crypto", "crdt", "journal", "security", "embedding", "consensus", "memory", "node"]),
    ("cli", &["crypto", "crdt", "journal", "security", "embedding", "consensus", "memory", "node"]),
];

/// Crates that know a foreign language; one crate may name them.
const FOREIGN: &[&str] =
    &["js-sys", "napi", "pyo3", "serde-wasm-bindgen", "wasm-bindgen", "wasm-bindgen-futures", "web-sys"];

/// The direct dependencies of every member, of every kind and target, by package name; without `fuzz-replay` in tests.
fn members() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    let is_harness =
        |dependency: &&Value| dependency["name"] == "chrysalis-fuzz-replay" && dependency["kind"] == "dev";
    let used = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|dependency| !is_harness(dependency)).map(name).collect()
    };
    packages.iter().map(|package| (name(package), used(package))).collect()
}

#[test]
fn the_table_itself_points_one_way() {
    let mut below = BTreeSet::new();
    for (domain, used) in MAY_USE {
        assert!(used.iter().all(|other| below.contains(other)), "{domain} uses something above it");
        below.insert(*domain);
    }
}

#[test]
fn every_member_uses_only_what_lies_below_it() {
    let members = members();
    assert!(members.contains_key("chrysalis-crypto"), "the workspace was not read");
    for (package, dependencies) in &members {
        let domain = package.strip_prefix("chrysalis-").unwrap();
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(known, _)| *known == domain)
            .unwrap_or_else(|| panic!("{package} has no row in the table"));
        // A crate may name itself for its tests, to turn on its own features; Cargo allows that nowhere else.
        let others = dependencies.iter().filter(|name| *name != package);
        for dependency in others.filter_map(|name| name.strip_prefix("chrysalis-")) {
            assert!(allowed.contains(&dependency), "{package} must not use chrysalis-{dependency}");
        }
    }
}

#[test]
fn only_rust_bindings_knows_foreign_languages() {
    let members = members();
    assert!(members["chrysalis-bindings"].contains("wasm-bindgen"), "the rule has something to find");
    for (package, dependencies) in members.iter().filter(|(package, _)| *package != "chrysalis-bindings") {
        let found = dependencies.iter().find(|name| FOREIGN.contains(&name.as_str()));
        assert_eq!(found, None, "{package} depends on it");
    }
}
