//! `doctor`, `status` and `verify`: what they say of stores that are whole, damaged, copied or cannot be written.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod common;

use common::{Home, home_with_bees, keys};
use serde_json::Value;

#[test]
fn doctor_says_what_the_other_commands_do() {
    let home = home_with_bees();
    let doctor = |status: i32, store: &str| -> Value {
        let checks = home.json(status, &["--store", store, "doctor"]);
        for check in checks.as_array().unwrap() {
            let advice = check["advice"].as_str().unwrap_or_default();
            assert!(!advice.contains("chrysalis doctor"), "{check}");
        }
        checks
    };
    let level = |checks: &Value, name: &str| -> Value {
        let found = checks.as_array().unwrap().iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("{name}: {checks}"))["level"].clone()
    };
    assert_eq!(level(&doctor(0, "none"), "store"), "warn");
    std::fs::create_dir(home.path().join("empty")).unwrap();
    assert_eq!(level(&doctor(0, "empty"), "store"), "warn");
    home.write("file", "x");
    // A file, below a file, and a folder with other things: what cannot be a store is a failure here too.
    for store in ["file", "file/store", "docs"] {
        assert_eq!(level(&doctor(1, store), "store"), "fail", "{store}");
        assert_eq!(home.run(&["--store", store, "remember", "--text", "x"]).status, 3, "{store}");
    }
    let store = home.store();
    std::fs::rename(store.join("local"), home.path().join("away")).unwrap();
    assert_eq!(level(&doctor(0, "store"), "writing"), "ok");
    home.json(0, &["remember", "--text", "It can be written all the same."]);
    std::fs::rename(store.join("FORMAT"), home.path().join("FORMAT")).unwrap();
    let checks = doctor(1, "store");
    assert_eq!(level(&checks, "store"), "fail");
    assert!(checks.to_string().contains("FORMAT"), "{checks}");
    std::fs::rename(home.path().join("FORMAT"), store.join("FORMAT")).unwrap();
    home.write("host", "not a host id");
    let checks = doctor(1, "store");
    assert_eq!(level(&checks, "origin"), "fail");
    assert!(checks.to_string().contains("memory/host-malformed"), "{checks}");
    assert_eq!(home.fails(3, &["remember", "--text", "x"]), "memory/host-malformed");
    std::fs::remove_file(home.path().join("host")).unwrap();
    home.json(0, &["remember", "--text", "The advice helps."]);
}

#[test]
fn status_doctor_and_verify_agree_about_a_sound_store() {
    let home = home_with_bees();
    let status = home.json(0, &["status"]);
    assert_eq!(
        keys(&status),
        [
            "authors", "commits", "damage", "digest", "entries", "forks", "frontier", "records", "store",
            "withheld", "writers"
        ]
    );
    assert_eq!(keys(&status["authors"][0]), ["entries", "key", "name"]);
    let verified = home.json(0, &["verify"]);
    assert_eq!(
        keys(&verified),
        [
            "bytes",
            "commits",
            "erased",
            "findings",
            "interrupted",
            "journals",
            "records",
            "sound",
            "unfinished",
            "withheld"
        ]
    );
    assert_eq!((&verified["records"], &verified["commits"]), (&status["records"], &status["commits"]));
    let checks = home.json(0, &["doctor"]);
    assert!(checks.as_array().unwrap().iter().all(|check| check["level"] != "fail"), "{checks}");
    let said: Vec<&str> =
        checks.as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    for check in ["keys", "clock", "store", "writing", "locks", "origin", "damage"] {
        assert!(said.contains(&check), "{said:?}");
    }
    let nothing = Home::new();
    nothing.json(0, &["doctor"]);
    assert_eq!(nothing.fails(3, &["verify"]), "journal/not-a-store");
    assert_eq!(nothing.fails(3, &["status"]), "journal/not-a-store");
    assert_eq!(nothing.fails(3, &["recall", "x"]), "journal/not-a-store");
    assert!(!nothing.store().exists(), "reading makes no store");
}

#[test]
fn damage_is_found_and_located_and_nothing_is_changed() {
    let home = home_with_bees();
    let journal = std::fs::read_dir(home.store().join("writers")).unwrap().next().unwrap().unwrap().path();
    let segment = journal.join("0000000000000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(8).position(|window| window == b"at night").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let verified = home.json(1, &["verify"]);
    let finding = &verified["findings"][0];
    assert_eq!(keys(finding), ["file", "offset", "problem"]);
    assert!(finding["file"].as_str().unwrap().ends_with("0000000000000001.seg"), "{finding}");
    // The block that holds the byte is what is wrong.
    assert!(finding["offset"].as_u64().unwrap().abs_diff(at as u64) < 1024, "{finding}, changed byte {at}");
    assert_eq!(verified["sound"], false);
    let checks = home.json(1, &["doctor"]);
    assert!(
        checks.as_array().unwrap().iter().any(|check| check["check"] == "damage" && check["level"] == "fail")
    );
    assert_eq!(std::fs::read(&segment).unwrap(), bytes, "checking changes nothing");
    let merge = ["--store", "other", "--agent", "carol", "merge", "store"];
    let merged = home.json(1, &merge);
    assert_eq!(keys(&merged["damage"][0]), ["code", "message"]);
    assert_eq!(merged["damage"][0]["code"], "journal/corrupt", "{merged}");
    std::fs::remove_file(&segment).unwrap();
    std::fs::create_dir(&segment).unwrap();
    let merged = home.json(3, &merge);
    assert_eq!(merged["damage"][0]["code"], "journal/io", "{merged}");
}

#[test]
fn a_copied_store_and_an_exposed_key_are_noticed() {
    let home = home_with_bees();
    let copy = home.path().join("copy");
    copy_folder(&home.store(), &copy);
    let checks = home.json(0, &["--store", "copy", "doctor"]);
    let origin = checks.as_array().unwrap().iter().find(|check| check["check"] == "origin").unwrap().clone();
    assert_eq!(origin["level"], "warn", "{checks}");
    home.json(0, &["--store", "copy", "remember", "--text", "Said in the copy."]);
    home.json(0, &["merge", "copy"]);
    assert_eq!(home.json(0, &["status"])["forks"], Value::Array(Vec::new()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = home.path().join("identities/default.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        home.json(1, &["doctor"]);
        assert_eq!(home.fails(3, &["remember", "--text", "x"]), "memory/key-file-exposed");
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_store_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = home_with_bees();
    let mode = |mode: u32| {
        let mut folders = vec![home.store()];
        while let Some(folder) = folders.pop() {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
            for entry in std::fs::read_dir(&folder).unwrap().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode & 0o666))
                        .unwrap();
                }
            }
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    mode(0o555);
    home.json(0, &["recall", "owls"]);
    home.json(0, &["verify"]);
    // Whoever is root may write all the same.
    if std::fs::write(home.store().join("probe"), "").is_err() {
        let code = home.fails(3, &["remember", "--text", "x"]);
        assert!(["journal/io", "journal/read-only", "memory/io"].contains(&code.as_str()), "{code}");
    }
    mode(0o755);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
