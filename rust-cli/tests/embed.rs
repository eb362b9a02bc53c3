//! `chrysalis embed`, and what becomes of its output and of a store's vectors when it is killed. `CHRYSALIS_SOAK=1` kills more often, over
//! 10,000 texts; `CHRYSALIS_SEED` is the first seed.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrysalis_embedding::testing::{ScriptedServer, Step, answers};
use chrysalis_journal::{Cursor, FileDisk, Options, Store, StoredRecord};
use common::{Home, KEY, Ran, keys, piped};
use serde_json::Value;

const DIMENSIONS: usize = 8;
const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rust-embedding/vectors/toy-model");

fn lines(path: impl AsRef<Path>) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The command for vectors that mean nothing.
fn deterministic(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.args(["embed", "--provider", "deterministic", "--dimensions", "8"]).args(arguments);
    command
}

fn run(command: &mut Command) -> Ran {
    Ran::of(command.output().unwrap())
}

/// The code of the error, of which nothing else is printed.
fn error_of(command: &mut Command, status: i32) -> String {
    let ran = run(command.arg("--json"));
    assert_eq!(ran.status, status, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "");
    ran.error()["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn lines_json_lines_and_whole_files_become_vectors_in_order() {
    let home = Home::new();
    home.write("a.txt", "one\n\ntwo\r\n");
    home.write("b.jsonl", "{\"id\":\"x\",\"text\":\"three\"}\n\"four\"\n");
    home.write("c.md", "# five\n\nmore\n");
    let ran = run(&mut deterministic(&home, &["a.txt", "b.jsonl"]));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("deterministic") && ran.stderr.contains("space "), "{}", ran.stderr);
    let records: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = records
        .iter()
        .map(|record| (record["index"].as_u64(), record["source"].as_str(), record["line"].as_u64()))
        .collect();
    let place = |index, source, line| (Some(index), Some(source), Some(line));
    let expected =
        [place(0, "a.txt", 1), place(1, "a.txt", 3), place(2, "b.jsonl", 1), place(3, "b.jsonl", 2)];
    assert_eq!(places, expected);
    assert_eq!(records[2]["id"], "x");
    assert_eq!(records[0]["vector"].as_array().unwrap().len(), DIMENSIONS);
    assert_eq!(records[0]["space"].as_str().unwrap().len(), 64);
    // Part 2 of the contract: the vector of the empty text with eight components.
    home.write("empty.jsonl", "\"\"\n");
    let ran = run(&mut deterministic(&home, &["empty.jsonl"]));
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!((record["vector"][1].as_f64().unwrap() - 0.435_570_9).abs() < 1e-7, "{record}");
    let ran = run(&mut deterministic(&home, &["--input", "whole", "c.md", "a.txt"]));
    assert_eq!(ran.stdout.lines().count(), 2);
    let ran = piped(&mut deterministic(&home, &["--query"]), "one\n");
    let query: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&query["source"], &query["form"]), (&"-".into(), &"query".into()));
    assert_eq!(query["vector"], records[0]["vector"]);
}

#[test]
fn the_local_model_is_the_default_and_its_files_are_named_when_they_are_wrong() {
    let home = Home::new();
    home.write("a.txt", "the cat sleeps\nagents learn\n");
    assert_eq!(error_of(home.command().args(["embed", "a.txt"]), 3), "cli/no-model");
    let by_argument = run(home.command().args(["embed", "--model", TOY, "a.txt"]));
    assert_eq!(by_argument.status, 0, "{}", by_argument.stderr);
    let by_variable =
        run(home.command().env("CHRYSALIS_MODEL", TOY).args(["embed", "a.txt", "--threads", "1"]));
    assert_eq!(by_argument.stdout, by_variable.stdout, "the same bytes on any number of threads");
    let exact = run(home.command().args(["embed", "--model", TOY, "--engine", "f32", "a.txt"]));
    let space = |ran: &Ran| {
        serde_json::from_str::<Value>(ran.stdout.lines().next().unwrap()).unwrap()["space"].clone()
    };
    assert_ne!(space(&exact), space(&by_argument));

    let long = "the cat sleeps on the sofa ".repeat(2000);
    home.write("long.txt", format!("fine\n{long}\n"));
    let ran = run(home.command().args(["embed", "--model", TOY, "long.txt"]));
    assert_eq!(ran.status, 3);
    assert_eq!(ran.stdout.lines().count(), 1, "what stands before it is written");
    assert!(ran.stderr.contains("long.txt:2 (text 2)") && !ran.stderr.contains("sofa"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--truncate"), "{}", ran.stderr);
    let cut = run(home.command().args(["embed", "--model", TOY, "--truncate", "long.txt"]));
    assert_eq!((cut.status, cut.stdout.lines().count()), (0, 2), "{}", cut.stderr);

    let copy = home.path().join("model");
    std::fs::create_dir_all(copy.join("1_Pooling")).unwrap();
    let files =
        ["config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json", "model.safetensors"];
    for file in files {
        std::fs::copy(Path::new(TOY).join(file), copy.join(file)).unwrap();
    }
    for (file, bytes) in [("config.json", "{"), ("tokenizer.json", "[]"), ("model.safetensors", "short")] {
        let good = std::fs::read(copy.join(file)).unwrap();
        std::fs::write(copy.join(file), bytes).unwrap();
        let ran = run(home.command().args(["--json", "embed", "--model", "model", "a.txt"]));
        assert_eq!(ran.status, 3);
        let error = ran.error();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(file) && message.contains("expected"), "{message}");
        std::fs::remove_file(copy.join(file)).unwrap();
        assert_eq!(
            error_of(home.command().args(["embed", "--model", "model", "a.txt"]), 3),
            "MODEL_FILE_MISSING"
        );
        std::fs::write(copy.join(file), good).unwrap();
    }
    assert_eq!(run(home.command().args(["embed", "--model", "model", "a.txt"])).status, 0);
    assert_eq!(
        error_of(home.command().args(["embed", "--model", "no-such", "a.txt"]), 3),
        "MODEL_FILE_MISSING"
    );
}

#[test]
fn bad_input_is_named_by_its_place_and_what_came_before_stays() {
    let home = Home::new();
    for (name, bytes, code) in [
        ("a.txt", &b"good\n\xff\xfe\n"[..], "cli/input-not-text"),
        ("b.txt", b"good\nwith \0 inside\n", "cli/input-not-text"),
        ("c.jsonl", b"\"good\"\n{\"text\":\"half \\ud83d\"}\n", "cli/input-not-json"),
        ("d.jsonl", b"\"good\"\n{\"text\":7}\n", "cli/input-not-json"),
    ] {
        home.write(name, bytes);
        let ran = run(deterministic(&home, &["--output", "out", name]).arg("--json"));
        assert_eq!(ran.status, 3, "{name}: {}", ran.stderr);
        let error = ran.error();
        assert_eq!(error["error"]["code"], code, "{name}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{name}:2 (text 2): ")), "{message}");
        assert!(!message.contains("inside") && !message.contains("half \\"), "{message}");
        assert_eq!(lines(home.path().join("out")).len(), 1, "{name}");
        let skipped = run(deterministic(&home, &["--output", "out", "--skip-failed", name]).arg("--json"));
        assert_eq!(skipped.status, 3, "{}", skipped.stderr);
        let records = lines(home.path().join("out"));
        assert_eq!(records[1]["error"], code);
        let report: Value = serde_json::from_str(&skipped.stdout).unwrap();
        assert_eq!((&report["kept"], &report["failed"]), (&1.into(), &1.into()));
        std::fs::remove_file(home.path().join("out")).unwrap();
    }
    home.write("nothing.txt", "\n  \n");
    let ran = run(&mut deterministic(&home, &["nothing.txt"]));
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    home.write("x.txt", "x\n");
    let usage = [
        vec!["."],
        vec!["-", "-"],
        vec!["x.txt", "--output", "x.txt"],
        vec!["x.txt", "--output", ""],
        vec!["x.txt", "--output", "."],
        vec!["x.txt", "--output", "/dev/null"],
        vec!["x.txt", "--skip-failed", "--format", "binary"],
        vec!["x.txt", "--truncate"],
        vec!["x.txt", "--vault-key", "openai", "-", "--password-stdin"],
    ];
    for arguments in usage {
        assert_eq!(error_of(&mut deterministic(&home, &arguments), 2), "cli/usage", "{arguments:?}");
    }
    for arguments in [["missing.txt", "--quiet"], ["x.txt", "--output=no/such/folder"]] {
        assert_eq!(error_of(&mut deterministic(&home, &arguments), 3), "cli/io", "{arguments:?}");
    }
    let code = error_of(&mut deterministic(&home, &["x.txt", "--model", "x"]), 2);
    assert_eq!(code, "embedding/invalid-config");
    assert_eq!(std::fs::read(home.path().join("x.txt")).unwrap(), b"x\n");
}

/// A gigabyte without a line end, in a process that may not have half of that.
#[cfg(unix)]
#[test]
fn a_gigabyte_is_refused_in_little_memory() {
    let home = Home::new();
    std::fs::File::create(home.path().join("huge")).unwrap().set_len(1 << 30).unwrap();
    for form in ["lines", "json-lines", "whole"] {
        let mut command = Command::new("sh");
        command.current_dir(home.path()).env("CHRYSALIS_HOME", home.path()).stdin(Stdio::null());
        let script = format!(
            "ulimit -v 524288; exec {} --json embed --provider deterministic --input {form} huge",
            env!("CARGO_BIN_EXE_chrysalis")
        );
        let ran = run(command.args(["-c", &script]));
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{form}: {}", ran.stderr);
        assert_eq!(ran.error()["error"]["code"], "cli/input-too-large", "{form}");
    }
}

#[test]
fn an_output_is_gone_on_with_and_a_foreign_one_is_left_alone() {
    let home = Home::new();
    home.write("texts", "one\ntwo\nthree\n");
    for format in ["json-lines", "binary"] {
        let arguments = ["texts", "--output", "out", "--format", format];
        let report = run(deterministic(&home, &arguments).arg("--json"));
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        let fields = [
            "cost_usd",
            "dimensions",
            "embedded",
            "failed",
            "interrupted",
            "kept",
            "model",
            "output",
            "provider",
            "requests",
            "seconds",
            "space",
            "texts",
            "tokens",
        ];
        assert_eq!(keys(&report), fields);
        assert_eq!((&report["embedded"], &report["kept"]), (&3.into(), &0.into()));
        let whole = std::fs::read(home.path().join("out")).unwrap();
        std::fs::write(home.path().join("out"), &whole[..whole.len() - 5]).unwrap();
        let ran = run(&mut deterministic(&home, &arguments));
        assert!(
            ran.stdout.contains("embedded 1 text in") && ran.stdout.contains("2 were there"),
            "{}",
            ran.stdout
        );
        assert_eq!(std::fs::read(home.path().join("out")).unwrap(), whole);
        // Longer inputs are gone on with, other ones are not.
        home.write("texts", "one\ntwo\nthree\nfour\n");
        assert_eq!(run(&mut deterministic(&home, &arguments)).status, 0);
        let longer = std::fs::read(home.path().join("out")).unwrap();
        assert!(longer.starts_with(&whole) && longer.len() > whole.len());
        home.write("texts", "one\nzwei\nthree\nfour\n");
        assert_eq!(error_of(&mut deterministic(&home, &arguments), 3), "cli/output-foreign");
        home.write("texts", "one\n");
        assert_eq!(error_of(&mut deterministic(&home, &arguments), 3), "cli/output-foreign");
        home.write("texts", "one\ntwo\nthree\n");
        let mut other = home.command();
        other.args(["embed", "--provider", "deterministic", "--dimensions", "9"]).args(arguments);
        assert_eq!(error_of(&mut other, 3), "cli/output-foreign");
        assert_eq!(std::fs::read(home.path().join("out")).unwrap(), longer);
        for foreign in ["{\"a\":1}\n", "notes of mine\n", "notes of mine"] {
            home.write("mine", foreign);
            let arguments = ["texts", "--output", "mine", "--format", format];
            assert_eq!(error_of(&mut deterministic(&home, &arguments), 3), "cli/output-foreign", "{foreign}");
            assert_eq!(std::fs::read(home.path().join("mine")).unwrap(), foreign.as_bytes());
        }
        let mut damaged = longer.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(home.path().join("out"), &damaged).unwrap();
        assert_eq!(error_of(&mut deterministic(&home, &arguments), 3), "cli/output-damaged");
        assert_eq!(std::fs::read(home.path().join("out")).unwrap(), damaged);
        std::fs::remove_file(home.path().join("out")).unwrap();
    }
}

/// What `docs/encodings/vector-file.md` says, read by a reader of its own.
#[test]
fn binary_records_hold_the_numbers_of_the_lines() {
    let home = Home::new();
    home.write("texts", "one\ntwo\n");
    assert_eq!(run(&mut deterministic(&home, &["texts", "--output", "a"])).status, 0);
    assert_eq!(run(&mut deterministic(&home, &["texts", "--output", "b", "--format", "binary"])).status, 0);
    let bytes = std::fs::read(home.path().join("b")).unwrap();
    assert_eq!(&bytes[..5], b"CEF1\0");
    let space = usize::from(u16::from_le_bytes([bytes[5], bytes[6]]));
    let records = &bytes[7 + space + 4..];
    assert_eq!(records.len(), 2 * (32 + 4 * DIMENSIONS + 4));
    for (record, line) in records.chunks_exact(32 + 4 * DIMENSIONS + 4).zip(lines(home.path().join("a"))) {
        let numbers = record[32..32 + 4 * DIMENSIONS].chunks_exact(4);
        let numbers: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
        let expected: Vec<f32> = serde_json::from_value(line["vector"].clone()).unwrap();
        assert_eq!(numbers, expected);
        assert_eq!(chrysalis_crypto::hex::encode(&record[..32]), line["text_sha256"].as_str().unwrap());
    }
    let to_stdout = deterministic(&home, &["texts", "--format", "binary"]).output().unwrap();
    assert_eq!(to_stdout.stdout, bytes);
}

#[cfg(unix)]
#[test]
fn one_process_writes_and_ctrl_c_ends_it_with_what_it_has() {
    use rustix::process::{Pid, Signal, kill_process};

    let home = Home::new();
    let output = home.path().join("out");
    let mut command = deterministic(&home, &["--output", "out", "--json"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut texts = child.stdin.take().unwrap();
    texts.write_all(b"one\ntwo\n").unwrap();
    texts.flush().unwrap();
    // A pipe that falls silent holds nothing back.
    wait_until(|| {
        output.exists() && std::fs::read(&output).unwrap().iter().filter(|b| **b == b'\n').count() == 2
    });
    home.write("texts", "one\ntwo\nthree\n");
    assert_eq!(error_of(&mut deterministic(&home, &["texts", "--output", "out"]), 3), "cli/output-busy");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 130, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&report["embedded"], &report["interrupted"]), (&2.into(), &true.into()));
    drop(texts);
    let ran = run(&mut deterministic(&home, &["texts", "--output", "out2"]));
    assert_eq!(ran.status, 0);
    let mut expected = std::fs::read_to_string(home.path().join("out2")).unwrap();
    expected = expected.replace("\"source\":\"texts\"", "\"source\":\"-\"");
    let first_two: Vec<&str> = expected.lines().take(2).collect();
    let found = std::fs::read_to_string(&output).unwrap();
    for (found, expected) in found.lines().zip(first_two) {
        let check = found.rfind(",\"check\"").unwrap();
        assert_eq!(found[..check], expected[..check]);
    }
}

/// A server that counts how often each text was asked for.
fn counting_server() -> (ScriptedServer, Arc<Mutex<BTreeMap<String, u32>>>) {
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let counts = Arc::clone(&asked);
    let server = ScriptedServer::start_forgetful(move |seen| {
        for text in answers::texts_of(seen) {
            *counts.lock().unwrap().entry(text).or_default() += 1;
        }
        vec![Step::Pause(Duration::from_millis(3)), answers::openai(seen, DIMENSIONS)]
    });
    (server.unwrap(), asked)
}

fn over_http(home: &Home, server: &ScriptedServer, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.args(["embed", "--provider", "openai", "--model", "test", "--base-url", &server.base()]);
    command.args(["--dimensions", "8"]).args(arguments).env("OPENAI_API_KEY", KEY).env("NO_PROXY", "*");
    command
}

#[test]
fn keys_come_from_the_environment_or_the_vault_and_show_up_nowhere() {
    let home = Home::with_vault();
    home.vault(0, &["set", "openai", "--stdin", "--unchecked"], KEY);
    home.write("texts", "one\ntwo\n");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keys = Arc::clone(&seen);
    let server = ScriptedServer::start(move |request| {
        keys.lock().unwrap().push(request.header("authorization").unwrap_or_default().to_owned());
        vec![answers::openai(request, DIMENSIONS)]
    })
    .unwrap();
    // The vendor's own address needs a key, and nothing is sent without one.
    let mut without = home.command();
    assert_eq!(
        error_of(without.args(["embed", "--provider", "openai", "texts"]), 2),
        "embedding/missing-key"
    );
    let mut by_vault = over_http(&home, &server, &["texts", "--vault-key", "openai", "--output", "a"]);
    by_vault.env_remove("OPENAI_API_KEY").env("CHRYSALIS_VAULT_KEY_FILE", home.path().join("vault.key"));
    let ran = run(&mut by_vault);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let ran = run(&mut over_http(&home, &server, &["texts", "--output", "b"]));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(*seen.lock().unwrap(), [format!("Bearer {KEY}"), format!("Bearer {KEY}")]);
    assert!(!home.holds(KEY), "the key is in no file in clear");
    assert_eq!(std::fs::read(home.path().join("a")).unwrap(), std::fs::read(home.path().join("b")).unwrap());
    let audit = home.vault(0, &["audit"], "");
    assert!(audit.to_string().contains("openai"), "the use is on record: {audit}");
    let refusing = ScriptedServer::start(|_| vec![answers::error(401, &[], "invalid_api_key", KEY)]).unwrap();
    let ran = run(over_http(&home, &refusing, &["texts", "--skip-failed"]).arg("--json"));
    assert_eq!((ran.status, &ran.error()["error"]["code"]), (3, &"embedding/authentication".into()));
    assert!(!ran.stderr.contains(KEY));
}

/// Equal texts of a run are asked for once, and with a cache no text is asked for again.
#[test]
fn a_cache_keeps_texts_from_being_asked_for_again() {
    let home = Home::new();
    let (server, asked) = counting_server();
    home.write("texts", "one\ntwo\none\n");
    let arguments = ["texts", "--cache", "cache"];
    let first = run(&mut over_http(&home, &server, &arguments));
    assert_eq!(first.status, 0, "{}", first.stderr);
    let second = run(&mut over_http(&home, &server, &arguments));
    assert_eq!(first.stdout, second.stdout);
    assert!(asked.lock().unwrap().values().all(|count| *count == 1));
}

/// Killed at any moment and run again: the output is that of a run which was never interrupted, every text is in it once, and none
/// whose record was in it is asked for again.
#[test]
fn killed_runs_ask_for_nothing_twice_that_is_in_the_output() {
    let (texts, rounds) = if is_soak() { (10_000, 20) } else { (1500, 2) };
    let home = Home::new();
    let input: String = (0..texts).map(|number| format!("text number {number}\n")).collect();
    home.write("texts", input);
    let (server, _) = counting_server();
    let calm = run(&mut over_http(&home, &server, &["texts", "--output", "calm"]));
    assert_eq!(calm.status, 0, "{}", calm.stderr);
    let expected = std::fs::read(home.path().join("calm")).unwrap();
    for seed in seeds(rounds) {
        let mut dice = Dice(seed);
        let (server, asked) = counting_server();
        let output = home.path().join("out");
        let mut kills = 0;
        loop {
            let kept = std::fs::read(&output).unwrap_or_default();
            assert!(expected.starts_with(&kept), "seed {seed}: a killed run leaves a beginning");
            let kept = kept.iter().filter(|byte| **byte == b'\n').count();
            let before = asked.lock().unwrap().clone();
            let mut child = start(&mut over_http(&home, &server, &["texts", "--output", "out"]));
            let target = server.requests() + dice.below(4);
            let ended = wait_for(&mut child, || server.requests() >= target || kills >= 12);
            // The pause before the kill is part of what is tested.
            std::thread::sleep(Duration::from_micros(dice.below(6000)));
            let status = if kills < 12 && !ended { kill(&mut child) } else { child.wait().unwrap().code() };
            for number in 0..kept {
                let text = format!("text number {number}");
                assert_eq!(
                    asked.lock().unwrap()[&text],
                    before[&text],
                    "seed {seed}: asked for again: {text}"
                );
            }
            match status {
                None => kills += 1,
                Some(status) => {
                    assert_eq!(status, 0, "seed {seed}");
                    break;
                }
            }
        }
        println!("seed {seed}: {kills} kills, {} requests", server.requests());
        assert_eq!(std::fs::read(&output).unwrap(), expected, "seed {seed}");
        std::fs::remove_file(&output).unwrap();
    }
}

/// The same with vectors made in this process, in both formats.
#[test]
fn killed_runs_of_a_local_model_end_with_the_same_bytes() {
    let (texts, rounds) = if is_soak() { (10_000, 10) } else { (400, 1) };
    let home = Home::new();
    let input: String = (0..texts).map(|number| format!("the cat number {number} sleeps\n")).collect();
    home.write("texts", input);
    for format in ["json-lines", "binary"] {
        let embed = |output: &str| {
            let mut command = home.command();
            command.args(["embed", "--model", TOY, "texts", "--format", format, "--output", output]);
            command
        };
        assert_eq!(run(&mut embed("calm")).status, 0);
        let expected = std::fs::read(home.path().join("calm")).unwrap();
        for seed in seeds(rounds) {
            let mut dice = Dice(seed);
            let mut kills = 0;
            loop {
                let mut child = start(&mut embed("out"));
                std::thread::sleep(Duration::from_millis(dice.below(60) + 5 * kills));
                let status = if kills < 10 { kill(&mut child) } else { child.wait().unwrap().code() };
                let kept = std::fs::read(home.path().join("out")).unwrap_or_default();
                assert!(expected.starts_with(&kept), "seed {seed}");
                match status {
                    None => kills += 1,
                    Some(status) => {
                        assert_eq!(status, 0, "seed {seed}");
                        break;
                    }
                }
            }
            println!("seed {seed}, {format}: {kills} kills");
            assert_eq!(std::fs::read(home.path().join("out")).unwrap(), expected, "seed {seed}");
            std::fs::remove_file(home.path().join("out")).unwrap();
        }
        std::fs::remove_file(home.path().join("calm")).unwrap();
    }
}

/// `remember` killed while vectors are made: afterwards every passage has vectors, and none twice.
#[test]
fn killed_while_a_store_is_embedded() {
    let (documents, rounds) = if is_soak() { (2000, 10) } else { (120, 1) };
    for seed in seeds(rounds) {
        let mut dice = Dice(seed);
        let home = Home::new();
        for number in 0..documents {
            let text = format!(
                "# Note {number}\n\nThe cat number {number} sleeps.\n\n# More\n\nAgents learn {number}.\n"
            );
            home.write(&format!("docs/{number}.md"), text);
        }
        let remember = |arguments: &[&str]| {
            let mut command = home.command();
            command.env("CHRYSALIS_MODEL", TOY).arg("--json").args(arguments);
            command
        };
        let mut kills = 0;
        loop {
            let made = |home: &Home| vector_records(home).len() as u64;
            let before = made(&home);
            let arguments = if kills % 3 == 2 { vec!["reembed"] } else { vec!["remember", "docs"] };
            let mut child = start(&mut remember(&arguments));
            let target = before + dice.below(3) * dice.below(100);
            let ended = wait_for(&mut child, || kills >= 8 || made(&home) >= target);
            std::thread::sleep(Duration::from_micros(dice.below(4000)));
            let status = if kills < 8 && !ended { kill(&mut child) } else { child.wait().unwrap().code() };
            match status {
                None => kills += 1,
                Some(status) => {
                    assert_eq!(status, 0, "seed {seed}");
                    if arguments[0] == "remember" {
                        break;
                    }
                    kills += 1;
                }
            }
        }
        let ran = run(&mut remember(&["reembed"]));
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["made"], 0, "seed {seed}: {report}");
        assert_eq!(report["embedded"], report["entries"], "seed {seed}: {report}");
        let records = vector_records(&home);
        assert_eq!(records.len() as u64, report["entries"].as_u64().unwrap(), "seed {seed}");
        assert!(records.values().all(|count| *count == 1), "seed {seed}: vectors were made twice");
        assert!(report["entries"].as_u64().unwrap() >= documents, "{report}");
        println!("seed {seed}: {kills} kills, {} entries", report["entries"]);
    }
}

/// How many records of vectors each remembered record has, over all spaces of the home's store; none while there is no store.
fn vector_records(home: &Home) -> BTreeMap<Vec<u8>, u32> {
    let mut found = BTreeMap::new();
    let Ok(spaces) = home.store().join("vectors").read_dir() else { return found };
    for space in spaces {
        let disk = FileDisk::new(&space.unwrap().path());
        let options = Options { read_only: true, ..Options::default() };
        let Ok(store) = Store::open(Arc::new(disk), options) else { continue };
        let Ok(commits) = store.poll(&mut Cursor::default()) else { continue };
        for record in commits.into_iter().flat_map(|commit| commit.records) {
            if let StoredRecord::Full { content, .. } = record {
                // The leaf that the vectors are of: docs/encodings/vectors.md.
                *found.entry(content[1..33].to_vec()).or_default() += 1;
            }
        }
    }
    found
}

fn is_soak() -> bool {
    std::env::var_os("CHRYSALIS_SOAK").is_some()
}

/// So many seeds, from `CHRYSALIS_SEED` on.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let first = std::env::var("CHRYSALIS_SEED").map_or(1, |seed| seed.parse().unwrap());
    first..first + count
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until something holds; whether the process ended before.
fn wait_for(child: &mut Child, holds: impl Fn() -> bool) -> bool {
    while !holds() {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[cfg(unix)]
fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::yield_now();
    }
}

/// Kills; the status if it had ended by itself before.
fn kill(child: &mut Child) -> Option<i32> {
    child.kill().unwrap();
    child.wait().unwrap().code()
}
