//! `chrysalis tokens`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Instant;

use common::{Home, Ran, piped};
use serde_json::Value;

fn with_input(home: &Home, arguments: &[&str], input: &str) -> Ran {
    piped(home.command().arg("tokens").args(arguments), input)
}

/// The table of contract part 9, by way of the command.
#[test]
fn part_9_counts_numbers_and_text() {
    let home = Home::new();
    for (text, cl100k, o200k) in [
        ("hello world", "15339 1917", "24912 2375"),
        ("Hello, world!", "9906 11 1917 0", "13225 11 2375 0"),
        ("你好，世界", "57668 53901 3922 3574 244 98220", "177519 979 28428"),
        ("1234567890", "4513 10961 16474 15", "7633 19354 29338 15"),
        ("", "", ""),
    ] {
        for (model, numbers) in [("cl100k_base", cl100k), ("gpt-4o", o200k)] {
            let encoded = with_input(&home, &["encode", "--model", model], text);
            assert_eq!((encoded.status, encoded.stdout.trim_end()), (0, numbers), "{text}");
            let counted = with_input(&home, &["count", "-m", model], text);
            assert_eq!(counted.stdout.trim(), numbers.split_whitespace().count().to_string());
            let decoded = with_input(&home, &["decode", "-m", model], numbers);
            assert_eq!(decoded.stdout, text);
        }
    }
    let special = with_input(&home, &["encode", "-m", "cl100k_base", "--special"], "<|endoftext|>");
    assert_eq!(special.stdout, "100257\n");
    let array = with_input(&home, &["decode", "-m", "cl100k_base"], "[15339, 1917]\n0\n");
    assert_eq!(array.stdout, "hello world!");
}

#[test]
fn files_are_counted_one_by_one_and_together() {
    let home = Home::new();
    home.write("a.txt", "hello world");
    home.write("b.txt", "hello");
    let ran = home.run(&["tokens", "count", "a.txt", "b.txt"]);
    assert_eq!(ran.stdout, "         2  a.txt\n         1  b.txt\n         3  total\n");
    let report = home.json(0, &["tokens", "count", "a.txt", "b.txt", "--at-most", "3"]);
    assert_eq!(report["tokens"], 3);
    assert_eq!(report["encoding"], "o200k_base");
    let expected: Value = serde_json::json!({"path": "b.txt", "tokens": 1, "bytes": 5});
    assert_eq!(report["inputs"][1], expected);
    assert_eq!(home.json(1, &["tokens", "count", "a.txt", "b.txt", "--at-most", "2"])["tokens"], 3);
}

#[test]
fn a_text_is_cut_to_its_budget() {
    let home = Home::new();
    let text = "One sentence. Another sentence with more words in it. And a third one.";
    for budget in 0..20 {
        let ran = with_input(&home, &["truncate", "--budget", &budget.to_string()], text);
        assert!(text.starts_with(&ran.stdout));
        let count = with_input(&home, &["count"], &ran.stdout);
        assert!(count.stdout.trim().parse::<usize>().unwrap() <= budget);
    }
    let whole = with_input(&home, &["truncate", "--budget", "1000"], text);
    assert_eq!(whole.stdout, text);
    let ran = with_input(&home, &["truncate", "--budget", "8", "--ellipsis", "--json"], text);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["text"].as_str().unwrap().ends_with("..."), "{report}");
    assert_eq!(report["truncated"], true);
    assert!(report["tokens"].as_u64().unwrap() <= 8);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let home = Home::new();
    home.write("binary", b"ok\xff\xfe");
    home.write("numbers", "1 2\nthree\n");
    home.write("hole", "15339 200019");
    home.write("half", [b"x".repeat(100_000), b"\xe2\x82".to_vec()].concat());
    for (status, code, arguments) in [
        (3, "cli/input-not-text", &["count", "binary"][..]),
        (3, "cli/input-not-text", &["count", "half"]),
        (3, "cli/input-not-text", &["encode", "binary"]),
        (3, "cli/input-not-tokens", &["decode", "numbers"]),
        (3, "tokens/unknown-token", &["decode", "hole"]),
        (2, "tokens/unknown-model", &["count", "binary", "--model", "no-such-model"]),
        (3, "cli/io", &["count", "missing"]),
    ] {
        assert_eq!(home.fails(status, &[&["tokens"], arguments].concat()), code, "{arguments:?}");
    }
    assert_eq!(home.run(&["tokens"]).status, 2);
}

/// Any size is counted in constant memory; what is held in memory is bounded.
#[cfg(unix)]
#[test]
fn sizes_are_bounded_and_time_is_linear() {
    use std::process::{Command, Stdio};

    let home = Home::new();
    let limited = |script: &str| {
        let mut command = Command::new("sh");
        command.current_dir(home.path()).env("CHRYSALIS_HOME", home.path()).stdin(Stdio::null());
        let script = format!("ulimit -v 524288; {} --json tokens {script}", env!("CARGO_BIN_EXE_chrysalis"));
        Ran::of(command.args(["-c", &script]).output().unwrap())
    };
    let prose = "Agents learn from signed papers, and remember what they were told. ".repeat(300_000);
    home.write("prose", &prose);
    let started = Instant::now();
    let ran = limited("count prose");
    let of_prose = started.elapsed();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["inputs"][0]["bytes"], prose.len());
    for command in ["encode prose", "truncate --budget 5 prose", "decode prose"] {
        assert_eq!(limited(command).error()["error"]["code"], "cli/input-too-large", "{command}");
    }
    home.write("word", "a".repeat(15 << 20));
    let started = Instant::now();
    let ran = limited("count word");
    let of_word = started.elapsed();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    println!("prose {of_prose:?}, one word {of_word:?}");
    std::fs::File::create(home.path().join("zeros")).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(limited("count zeros").error()["error"]["code"], "cli/input-too-large");
}
