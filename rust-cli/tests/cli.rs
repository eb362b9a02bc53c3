//! Every command, through the built binary: results, JSON shapes, exit statuses, bad input.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{BEES, Home, Ran, home_with_bees, keys};
use serde_json::Value;

#[test]
fn a_folder_is_remembered_once_and_what_changed_is_superseded() {
    let home = home_with_bees();
    let again = home.json(0, &["remember", "docs"]);
    assert_eq!((&again["added"], &again["unchanged_documents"]), (&0.into(), &2.into()), "{again}");
    home.write("docs/bees.md", BEES.replace("paper", "chewed wood"));
    let changed = home.json(0, &["remember", "docs"]);
    assert!(changed["added"].as_u64() >= Some(1) && changed["superseded"].as_u64() >= Some(1), "{changed}");
    let answer = home.json(0, &["recall", "what do wasps build nests of", "-k", "9"]);
    let texts: Vec<&str> =
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["text"].as_str().unwrap()).collect();
    assert!(texts.iter().any(|text| text.contains("chewed wood")), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("nests of paper")), "{texts:?}");
    home.write("docs/bees.md", "");
    let emptied = home.json(0, &["remember", "docs"]);
    assert_eq!(emptied["skipped_by_reason"]["empty"], 1, "{emptied}");
    assert!(emptied["superseded"].as_u64() >= Some(1), "an emptied file says nothing any more: {emptied}");
}

#[test]
fn answers_say_where_they_come_from() {
    let home = home_with_bees();
    let answer = home.json(0, &["recall", "when do owls hunt", "-k", "1", "--explain", "--proof", "proofs"]);
    assert_eq!(keys(&answer), ["as_of", "as_of_ms", "frontier", "hits", "query"]);
    assert_eq!(keys(&answer["frontier"][0]), ["commit", "sequence", "writer"]);
    let hit = &answer["hits"][0];
    assert_eq!(
        keys(hit),
        [
            "author",
            "channels",
            "headings",
            "id",
            "lines",
            "matches",
            "namespace",
            "occasions",
            "occurred_ms",
            "proof",
            "score",
            "sequence",
            "signature",
            "source",
            "superseded",
            "superseded_by",
            "tags",
            "text",
            "time",
            "time_ms",
            "writer"
        ]
    );
    assert_eq!(
        keys(&hit["channels"]),
        ["bm25", "coverage", "lexical_rank", "neighbourhood", "proximity", "recency", "semantic_rank"]
    );
    assert_eq!(hit["source"], "docs/deep/owls.md");
    assert_eq!((&hit["signature"], &hit["author"]["name"]), (&"trusted".into(), &"default".into()));
    assert_eq!(hit["lines"][0], 1);
    let range = &hit["matches"][0];
    let (start, end) = (range[0].as_u64().unwrap(), range[1].as_u64().unwrap());
    let word = &hit["text"].as_str().unwrap()[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
    assert_eq!(word.to_lowercase(), "owls");

    let shown = home.run(&["recall", "when do owls hunt", "-k", "1"]).stdout;
    assert!(shown.starts_with("1. docs/deep/owls.md:1  default · trusted · "), "{shown}");
    assert!(!shown.contains('\x1b'), "no colours where there is no terminal");
    let coloured = home.run(&["--color", "always", "recall", "owls", "-k", "1"]).stdout;
    assert!(coloured.contains("\x1b["), "{coloured}");

    let proof = hit["proof"].as_str().unwrap();
    let checked = home.json(0, &["verify-proof", proof]);
    assert_eq!(
        keys(&checked),
        [
            "author", "commit", "file", "id", "lines", "sequence", "source", "text", "time_ms", "valid",
            "writer"
        ]
    );
    for field in ["id", "text", "source", "lines", "sequence", "writer", "time_ms"] {
        assert_eq!(checked[field], hit[field], "{field}");
    }
    let mut bytes = std::fs::read(home.path().join(proof)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let bad = home.write("bad.proof", bytes);
    let refused = home.json(1, &["verify-proof", bad.to_str().unwrap()]);
    assert_eq!((&refused["valid"], &refused["error"]["code"]), (&false.into(), &"INVALID_PROOF".into()));
    home.json(1, &["verify-proof", home.write("none.proof", "").to_str().unwrap()]);

    let all = home.run(&["--json", "verify-proof", "no.proof", proof, "none.proof"]);
    let lines: Vec<Value> = all.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let valid: Vec<&Value> = lines.iter().map(|line| &line["valid"]).collect();
    assert_eq!(valid, [&Value::from(false), &true.into(), &false.into()], "one line for each file");
    assert_eq!((all.status, &lines[0]["error"]["code"]), (3, &"cli/io".into()));
    assert_eq!(all.error()["error"]["code"], "cli/io");
}

#[test]
fn filters_narrow_the_answer() {
    let home = home_with_bees();
    home.json(
        0,
        &["remember", "--text", "Bees again, at work.", "--namespace", "work", "--tag", "b", "--tag", "a"],
    );
    let sources = |arguments: &[&str]| -> Vec<Value> {
        let answer = home.json(0, &[&["recall", "bees"], arguments].concat());
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["source"].clone()).collect()
    };
    assert_eq!(sources(&["--namespace", "work"]), [Value::Null]);
    assert_eq!(sources(&["--tag", "a", "--tag", "b"]), [Value::Null]);
    assert!(sources(&["--source", "docs/"]).iter().all(|source| source == "docs/bees.md"));
    assert!(!sources(&["--author", "default", "--since", "2020-01-01", "--trusted-only"]).is_empty());
    let none = ["recall", "bees", "--until", "2020-01-01"];
    assert_eq!(home.json(1, &none)["hits"], Value::Array(Vec::new()));
    let ran = home.run(&none);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    home.json(1, &["recall", "bees", "--as-of", "2020-01-01"]);
    home.json(1, &["recall", "zebra"]);
    assert_eq!(home.fails(2, &["recall", "?!"]), "memory/empty-query");
    assert_eq!(home.fails(2, &["recall", "bees", "--since", "soon"]), "cli/usage");
    assert_eq!(home.fails(2, &["recall", "bees", "--author", "nobody"]), "cli/usage");
    assert_eq!(home.fails(3, &["recall", "bees", "--namespace", "none"]), "memory/no-such-namespace");
    assert_eq!(home.fails(3, &["recall", "bees", "-k", "100000"]), "memory/too-large");
}

#[test]
fn texts_and_standard_input_are_remembered() {
    let home = Home::new();
    let report = home.json(0, &["remember", "--text", "The door code is in the blue book."]);
    assert_eq!(report["ids"].as_array().unwrap().len(), 1);
    let pipe = |arguments: &[&str], bytes: &[u8]| {
        let mut child = home
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        Ran::of(child.wait_with_output().unwrap())
    };
    let from_stdin = ["--json", "remember", "-", "--source", "log"];
    let ran = pipe(&from_stdin, b"one line of a log\n");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let replaced: Value =
        serde_json::from_str(&pipe(&from_stdin, b"another line of a log\n").stdout).unwrap();
    assert_eq!((&replaced["added"], &replaced["superseded"]), (&1.into(), &1.into()), "{replaced}");
    assert_eq!(home.json(0, &["recall", "log"])["hits"].as_array().unwrap().len(), 1);
    for (bytes, code) in [
        (&b"\xff\xfe"[..], "cli/input-not-text"),
        (b"a\0b", "cli/input-not-text"),
        (b" \n", "memory/empty-text"),
    ] {
        let ran = pipe(&from_stdin, bytes);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(code), "{}", ran.stderr);
    }
    let too_much = pipe(&["--json", "remember", "-", "--source", "s", "--max-file-size", "10"], &[b'x'; 11]);
    assert!(too_much.stderr.contains("cli/input-too-large"), "{}", too_much.stderr);
    let nameless = pipe(&["--json", "remember", "-"], b"text");
    assert_eq!(nameless.status, 2, "{}", nameless.stderr);
}

#[test]
fn a_secret_key_is_not_remembered_from_anywhere() {
    let home = home_with_bees();
    let path = home.path().join("identities/default.key");
    let key = std::fs::read_to_string(&path).unwrap();
    let seed = key.lines().find_map(|line| line.strip_prefix("seed ")).unwrap();
    assert_eq!(home.fails(3, &["remember", "--text", &key]), "memory/secret-key");
    assert_eq!(
        home.fails(3, &["remember", "--text", &format!("Look:\n{key}"), "--source", "s"]),
        "memory/secret-key"
    );
    assert_eq!(home.fails(3, &["remember", "--text", "x", "--tag", &key]), "memory/secret-key");
    let piped = home
        .command()
        .args(["--json", "remember", "-", "--source", "k"])
        .stdin(std::fs::File::open(&path).unwrap())
        .output();
    let piped = Ran::of(piped.unwrap());
    assert_eq!(piped.status, 3);
    assert!(piped.stderr.contains("memory/secret-key") && !piped.stderr.contains(seed));
    home.write("keys/mark.txt", format!("\u{feff}{key}"));
    home.write("keys/line.txt", format!("\n{key}"));
    let skipped = home.json(0, &["remember", "keys", "identities"]);
    assert_eq!(
        (&skipped["skipped_by_reason"]["key-file"], &skipped["added"]),
        (&3.into(), &0.into()),
        "{skipped}"
    );
    let journals = std::fs::read_dir(home.store().join("writers")).unwrap();
    for file in journals.flat_map(|journal| std::fs::read_dir(journal.unwrap().path()).unwrap()) {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(seed), "no file of the store holds the seed");
    }
}

#[test]
fn a_wrong_command_line_is_one_error_with_its_code() {
    let home = Home::new();
    for (arguments, names) in [
        (&["remember"][..], "<PATH>"),
        (&["recall", "bees", "--no-such"], "--no-such"),
        (&["fly"], "fly"),
        (&["recall", "bees", "-k", "0"], "from 1"),
        (&["--agent", "", "status"], "--agent"),
        (&["--store", "", "status"], "--store"),
        (&["recall", "bees", "-k", "many"], "many"),
    ] {
        let ran = home.run(arguments);
        let first = ran.stderr.lines().next().unwrap();
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(first.starts_with("error: ") && first.ends_with(" [cli/usage]"), "{first}");
        assert!(first.contains(names), "{first}");
        assert_eq!(home.fails(2, arguments), "cli/usage");
    }
    let from_environment = home.command().env("CHRYSALIS_AGENT", "").arg("identity").output().unwrap();
    assert!(!Ran::of(from_environment).stderr.contains("--agent is empty"), "an empty variable is none");
    assert!(home.run(&[]).stderr.contains("Usage:"), "without a command there is the help");
}

#[test]
fn what_cannot_be_remembered_is_named_and_counted() {
    let home = Home::new();
    home.write("mix/good.md", "Good text.");
    home.write("mix/binary.bin", b"a\0b");
    home.write("mix/latin.txt", b"caf\xe9");
    home.write("mix/empty.md", "");
    home.write("mix/large.txt", vec![b'x'; 3000]);
    home.write(
        "mix/agent.key",
        format!("\u{feff}\nchrysalis identity 1\nname a\nseed {}\n", "a1".repeat(32)),
    );
    home.write("mix/skipped.log", "ignored");
    home.write("mix/.chrysalisignore", "*.log\n");
    let report = home.json(0, &["remember", "mix", "--max-file-size", "2K"]);
    assert_eq!(
        keys(&report),
        [
            "added",
            "agent",
            "documents",
            "interrupted",
            "seconds",
            "skipped",
            "skipped_by_reason",
            "skipped_examples",
            "store",
            "superseded",
            "unchanged",
            "unchanged_documents"
        ]
    );
    let reasons = &report["skipped_by_reason"];
    assert_eq!(keys(reasons), ["empty", "key-file", "not-text", "too-large"]);
    assert_eq!(
        (&reasons["not-text"], &report["skipped"], &report["added"]),
        (&2.into(), &5.into(), &1.into())
    );

    // Named on its own, a file that cannot be remembered is a failure.
    for file in ["mix/binary.bin", "mix/latin.txt", "mix/empty.md", "mix/agent.key"] {
        let ran = home.run(&["remember", file]);
        assert_eq!(ran.status, 3, "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: ") && last.ends_with("[cli/not-remembered]"), "{last}");
        let ran = home.run(&["--json", "remember", file, "mix/good.md"]);
        let error = &ran.error()["error"];
        assert_eq!((ran.status, &error["code"]), (3, &"cli/not-remembered".into()));
        assert!(error["message"].as_str().unwrap().contains(file), "{error}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["skipped"], 1, "what could be remembered is reported: {report}");
    }
    assert_eq!(home.fails(3, &["remember", "missing"]), "cli/io");
    assert_eq!(home.fails(3, &["remember", "mix", "missing"]), "cli/io");
    home.write("other/mix/x.md", "x");
    assert_eq!(home.fails(2, &["remember", "mix", "other/mix"]), "cli/usage", "sources would collide");
    assert_eq!(home.fails(2, &["remember", "mix", "other", "--as", "x"]), "cli/usage");
    assert_eq!(home.fails(2, &["remember", "mix", "--source", "x"]), "cli/usage");
    assert_eq!(home.fails(2, &["remember"]), "cli/usage");
    assert_eq!(home.fails(3, &["remember", "--text", "  "]), "memory/empty-text");
    let named = home.json(0, &["remember", "other/mix", "--as", "v2"]);
    assert_eq!(named["added"], 1);
    assert_eq!(home.json(0, &["recall", "x"])["hits"][0]["source"], "v2/x.md");
}

#[test]
fn entries_are_shown_and_forgotten_by_id() {
    let home = home_with_bees();
    let hit = home.json(0, &["recall", "owls", "-k", "1"])["hits"][0].clone();
    let id = hit["id"].as_str().unwrap();
    let shown = home.json(0, &["show", &id[..12], "--proof", "one.proof"]);
    assert_eq!(shown["text"], hit["text"]);
    home.json(0, &["verify-proof", "one.proof"]);
    assert!(home.run(&["show", id]).stdout.contains("turn their heads"));
    assert_eq!(home.fails(1, &["show", "0000000000"]), "memory/no-such-entry");
    assert_eq!(home.fails(2, &["show", "xyz"]), "memory/invalid-entry-id");

    assert_eq!(home.fails(2, &["forget", id]), "cli/not-confirmed");
    assert!(!home.run(&["forget", id]).stderr.contains("turn their heads"), "nobody asked to see it");
    assert_eq!(home.fails(3, &["--agent", "eve", "forget", id, "--yes"]), "memory/identity-missing");
    home.json(0, &["--agent", "eve", "identity", "new", "eve"]);
    assert_eq!(home.fails(3, &["--agent", "eve", "forget", id, "--yes"]), "memory/not-the-author");
    let forgotten = home.json(0, &["forget", id, "--yes"]);
    assert_eq!(keys(&forgotten), ["entries", "erased", "ids", "pending"]);
    assert_eq!(forgotten["entries"], 1);
    home.json(1, &["recall", "owls"]);
    let verified = home.json(0, &["verify"]);
    assert_eq!((&verified["sound"], &verified["erased"]), (&true.into(), &forgotten["erased"]));
    let store = std::fs::read_dir(home.store().join("writers")).unwrap();
    for journal in store {
        for file in std::fs::read_dir(journal.unwrap().path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("turn their heads"), "the text is gone from the files");
        }
    }
}

#[test]
fn stores_merge_to_one_digest_and_trust_marks_answers() {
    let home = home_with_bees();
    home.write("plan.md", "The honey is sold in June.\n");
    let there = ["--store", "other", "--agent", "carol"];
    home.json(0, &[&there[..], &["remember", "plan.md"]].concat());
    home.json(
        0,
        &[&there[..], &["remember", "--text", "Dear diary, honey.", "--namespace", "diary"]].concat(),
    );
    let merged = home.json(0, &["merge", "other"]);
    assert_eq!(
        keys(&merged),
        ["commits", "damage", "digest", "forks", "interrupted", "records", "refusals", "refused", "withheld"]
    );
    assert_eq!((&merged["commits"], &merged["refused"]), (&2.into(), &0.into()));
    let back = home.json(0, &[&there[..], &["merge", "store"]].concat());
    assert_eq!(merged["digest"], back["digest"]);
    assert_eq!(home.json(0, &["status"])["digest"], merged["digest"]);
    assert_eq!(home.json(0, &["merge", "other"])["commits"], 0);
    assert_eq!(home.fails(3, &["merge", "store"]), "memory/same-store");
    assert_eq!(home.fails(3, &["merge", "nowhere"]), "cli/io");
    assert_eq!(home.fails(3, &["merge", "docs"]), "journal/not-a-store");
    for arguments in [&["merge", "docs"][..], &["--store", "docs", "status"], &["--store", "docs", "verify"]]
    {
        let said = home.run(arguments).stderr;
        assert!(said.starts_with("error: ") && said.contains("docs: not a store"), "{said}");
    }

    let signature =
        || home.json(0, &["recall", "when is honey sold", "-k", "1"])["hits"][0]["signature"].clone();
    assert_eq!(signature(), "unknown-signer");
    home.json(1, &["recall", "honey", "--trusted-only"]);
    let carol = home.json(0, &["--agent", "carol", "identity"])["key"].as_str().unwrap().to_owned();
    let said = home.json(0, &["trust", "add", &carol, "--name", "Carol of the hives"]);
    assert_eq!(keys(&said), ["key", "name", "revoked", "trusted"]);
    assert_eq!(signature(), "trusted");
    home.json(0, &["recall", "honey", "--author", "Carol of the hives", "--trusted-only"]);
    home.json(0, &["trust", "revoke", &carol]);
    assert_eq!(home.json(0, &["trust", "list"])[0]["trusted"], false);
    home.json(0, &["trust", "revoke", &carol, "--everything"]);
    home.json(1, &["recall", "honey"]);
    assert_eq!(home.json(0, &["recall", "honey", "--include-revoked"])["hits"][0]["signature"], "revoked");
    home.json(0, &["trust", "remove", &carol]);
    assert_eq!(home.json(0, &["trust", "list"]), Value::Array(Vec::new()));
    assert_eq!(signature(), "unknown-signer");
    // The last three: no point of the curve, a point of small order, one encoded in another than its own way.
    let no_point = format!("02{}", "00".repeat(31));
    let small = format!("01{}", "00".repeat(31));
    let other_way = format!("ee{}7f", "ff".repeat(30));
    for key in ["1234", &no_point, &small, &other_way] {
        assert_eq!(home.fails(2, &["trust", "add", key]), "memory/invalid-agent-key", "{key}");
    }
}

#[test]
fn private_namespaces_stay_where_they_are() {
    let home = home_with_bees();
    let made = home.json(0, &["namespaces", "new", "diary", "--private"]);
    assert_eq!((keys(&made), &made["private"]), (vec!["id", "name", "private"], &true.into()));
    home.json(0, &["remember", "--text", "Dear diary, a secret.", "--namespace", "diary"]);
    let merged = home.json(0, &["--store", "other", "--agent", "carol", "merge", "store"]);
    assert_eq!(merged["withheld"], 1, "{merged}");
    home.json(1, &["--store", "other", "recall", "diary secret"]);
    let names: Vec<Value> =
        home.json(0, &["namespaces"]).as_array().unwrap().iter().map(|known| known["name"].clone()).collect();
    assert_eq!(names, ["default", "diary"]);
    assert_eq!(home.fails(2, &["namespaces", "new", "a b"]), "memory/invalid-name");
}

#[test]
fn identities_are_made_once_and_never_shown_whole() {
    let home = Home::new();
    assert_eq!(home.fails(3, &["identity"]), "memory/identity-missing");
    let ada = home.json(0, &["identity", "new", "ada"]);
    assert_eq!(keys(&ada), ["key", "name", "path"]);
    assert_eq!(home.fails(3, &["identity", "new", "ada"]), "memory/identity-exists");
    assert_eq!(home.fails(2, &["identity", "new", "../ada"]), "memory/invalid-name");
    assert_eq!(home.json(0, &["--agent", "ada", "identity"]), ada);
    let list = home.json(0, &["identity", "list"]);
    assert_eq!(list, Value::Array(vec![ada.clone()]));
    let file = std::fs::read_to_string(ada["path"].as_str().unwrap()).unwrap();
    let seed = file.lines().find_map(|line| line.strip_prefix("seed ")).unwrap();
    for arguments in [&["identity", "list"][..], &["--agent", "ada", "identity"], &["doctor"]] {
        assert!(!home.run(arguments).stdout.contains(seed), "{arguments:?}");
    }
}

#[test]
fn terminals_are_never_given_what_files_say_they_should_do() {
    let home = Home::new();
    home.write("docs/evil.md", "An evil text.\u{1b}]0;owned\u{7} \u{9b}31m \u{202e}drawkcab\r\n");
    home.json(0, &["remember", "docs", "--tag", "t\u{1b}[2J"]);
    let id = home.json(0, &["recall", "evil"])["hits"][0]["id"].as_str().unwrap().to_owned();
    for arguments in
        [&["recall", "evil"][..], &["show", &id], &["--json", "recall", "evil"], &["--json", "show", &id]]
    {
        let shown = home.run(arguments).stdout;
        assert!(shown.contains("evil"));
        let bad = shown
            .chars()
            .find(|c| (c.is_control() && *c != '\n' && *c != '\t') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{arguments:?}: {shown:?}");
    }
}

#[test]
fn errors_and_help_are_as_documented() {
    let home = home_with_bees();
    let ran = home.run(&["show", "zz"]);
    let mut lines = ran.stderr.lines();
    assert_eq!(
        lines.next(),
        Some("error: not an entry id: 4 to 64 hexadecimal digits are expected [memory/invalid-entry-id]")
    );
    assert!(lines.next().unwrap().starts_with("hint: "));
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert_eq!(home.fails(2, &["dance"]), "cli/usage");
    assert_eq!(home.fails(2, &["recall"]), "cli/usage");
    let help = home.run(&["--help"]);
    assert_eq!(help.status, 0);
    for needed in ["Exit status:", "130", "remember", "verify-proof", "CHRYSALIS_STORE"] {
        assert!(help.stdout.contains(needed), "{needed}");
    }
    for command in [
        "remember",
        "recall",
        "show",
        "forget",
        "merge",
        "verify",
        "verify-proof",
        "identity",
        "trust",
        "namespaces",
        "mcp",
    ] {
        let help = home.run(&[command, "--help"]).stdout;
        assert!(help.contains("Example") || help.contains("Configuration"), "{command} teaches by example");
    }
    assert!(home.run(&["--version"]).stdout.starts_with("chrysalis "));
    let store = std::fs::create_dir(home.path().join("FORMAT-later"))
        .map(|()| home.path().join("FORMAT-later"))
        .unwrap();
    std::fs::write(store.join("FORMAT"), "chrysalis store 999\n").unwrap();
    let code = home.fails(3, &["--store", "FORMAT-later", "recall", "x"]);
    assert!(["journal/format-too-new", "journal/corrupt"].contains(&code.as_str()), "{code}");
}

#[test]
fn the_demonstration_shows_everything_and_leaves_nothing() {
    let home = Home::new();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let ran = Ran::of(home.command().arg("demo").env("TMPDIR", &temporary).output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for needed in ["notes/bees.md:", "unknown-signer", "one digest", "damaged at byte", "chrysalis remember"]
    {
        assert!(ran.stdout.contains(needed), "{needed}: {}", ran.stdout);
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!home.store().exists());
    home.json(0, &["demo"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let home = home_with_bees();
    let mut child = home
        .command()
        .args(["recall", "bees"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
    assert_eq!(ran.status.code(), Some(0));
}

/// Ctrl-C while a batch waits for the store: what was read is finished and reported, and the rest is left.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_says_what_is_on_disk() {
    let home = home_with_bees();
    let before = home.json(0, &["status"])["entries"].as_u64().unwrap();
    for number in 0..6000 {
        home.write(&format!("many/{number}.txt"), format!("Note number {number}."));
    }
    // Whoever begins to write takes this lock first, so that the run cannot be over before the signal.
    let lock = std::fs::File::open(home.store().join("local/lock")).unwrap();
    lock.lock().unwrap();
    let mut command = home.command();
    let child = command
        .args(["--json", "remember", "many"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !catches_interrupts(child.id()) {
        std::thread::yield_now();
    }
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    drop(lock);
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 130, "{}{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["interrupted"], true);
    let added = report["added"].as_u64().unwrap();
    assert!(added < 6000, "{report}");
    assert_eq!(home.json(0, &["status"])["entries"].as_u64().unwrap(), before + added);
    let rest = home.json(0, &["remember", "many"]);
    assert_eq!(rest["added"].as_u64().unwrap(), 6000 - added, "{rest}");
}

/// Whether a handler for SIGINT is set, by the mask the kernel shows.
#[cfg(target_os = "linux")]
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
    u64::from_str_radix(mask, 16).unwrap() & 0b10 != 0
}
