//! `chrysalis vault`, through the built binary: keys, what opens a vault, files of every kind, several processes.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod common;

use common::{Home, KEY, OTHER_KEY, OTHER_PASSWORD, PASSWORD, keys, piped};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

fn actions(home: &Home) -> Vec<String> {
    let trail = home.vault(0, &["audit"], "");
    let entries = trail["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_come_and_go_by_pipes_that_were_allowed() {
    let home = Home::with_vault();
    let set = home.vault(0, &["set", "OpenAI", "--stdin"], &format!("{KEY}\n"));
    assert_eq!(
        keys(&set),
        [
            "created_ms",
            "default",
            "expired",
            "expires_ms",
            "id",
            "last_used_ms",
            "name",
            "provider",
            "redacted"
        ]
    );
    assert_eq!((&set["provider"], &set["name"]), (&"openai".into(), &"openai key".into()));
    assert_eq!(set["redacted"], "...ng-1");
    assert_eq!(home.vault(3, &["set", "openai", "--stdin"], KEY), "cli/key-exists");
    home.vault(0, &["set", "openai", "--stdin", "--name", "work"], OTHER_KEY);

    assert_eq!(home.vault(2, &["get", "openai"], ""), "cli/secret-to-pipe");
    let got = home.vault(0, &["get", "openai", "--to-pipe"], "");
    assert_eq!(keys(&got), ["id", "key", "name", "provider"]);
    assert_eq!(got["key"], KEY, "the first, as there is no default");
    let plain = home.vault_command().args(["get", "work", "--to-pipe"]).output().unwrap();
    assert_eq!(String::from_utf8(plain.stdout).unwrap(), format!("{OTHER_KEY}\n"));
    home.vault(0, &["default", "work"], "");
    assert_eq!(home.vault(0, &["get", "openai", "--to-pipe"], "")["key"], OTHER_KEY);

    assert_eq!(home.vault(2, &["rotate", "openai", "--stdin"], KEY), "cli/ambiguous-key");
    let id = set["id"].as_str().unwrap();
    let rotated = home.vault(0, &["rotate", &id[..6], "--stdin"], OTHER_KEY);
    assert_eq!((&rotated["id"], &rotated["redacted"]), (&set["id"], &"...ng-2".into()));
    assert_eq!(home.vault(0, &["get", id, "--to-pipe"], "")["key"], OTHER_KEY);

    let listed = home.vault(0, &["list", "openai"], "");
    assert_eq!(names(&listed), ["openai key", "work"]);
    assert!(listed[0]["last_used_ms"].is_u64(), "uses are kept: {listed}");
    assert_eq!(home.vault(2, &["remove", "work"], ""), "cli/not-confirmed");
    for yes in [&["--yes"][..], &[]] {
        assert_eq!(home.vault(1, &[&["remove", "nobody"], yes].concat(), ""), "cli/no-such-key");
    }
    assert_eq!(
        home.vault(0, &["remove", "work", id, id, "--yes"], "")["removed"].as_array().unwrap().len(),
        2
    );
    assert_eq!(home.vault(0, &["list"], ""), json!([]));
    assert_eq!(home.vault(1, &["get", "openai", "--to-pipe"], ""), "cli/no-such-key");
    for secret in [KEY, OTHER_KEY] {
        assert!(!home.holds(secret));
    }
}

#[test]
fn what_cannot_be_a_key_or_its_provider_is_refused() {
    let home = Home::with_vault();
    let github = format!("{}{}", "ghp_", "aB3d".repeat(9));
    for (provider, key, status, code) in [
        ("openai", "", 3, "cli/secret-input"),
        ("openai", "\n", 3, "cli/secret-input"),
        ("openai", "your-api-key", 3, "Placeholder"),
        ("openai", "short", 3, "TooShort"),
        ("openai", " example-key-with-a-blank", 3, "InvalidCharacter"),
        ("openai", "example-key\nof-two-lines", 3, "InvalidCharacter"),
        ("openai", github.as_str(), 3, "ProviderMismatch"),
        ("open ai", KEY, 2, "INVALID_PROVIDER"),
        (github.as_str(), KEY, 2, "INVALID_PROVIDER"),
    ] {
        let got = home.vault(status, &["set", provider, "--stdin"], key);
        assert_eq!(got, code, "{provider:?}");
    }
    assert_eq!(home.vault(3, &["set", "openai", "--stdin"], &"x".repeat(9000)), "cli/secret-input");
    assert_eq!(home.vault(2, &["set", "openai", "--stdin", "--expires", "2020-01-01"], KEY), "cli/usage");
    assert_eq!(home.vault(2, &["set", "openai", "--stdin", "--name", &github], KEY), "INVALID_ARGUMENT");
    assert_eq!(home.vault(0, &["list"], ""), json!([]));
    home.vault(0, &["set", "my-database", "--stdin", "--unchecked"], "two lines\nof a secret\r\n");
    let got = home.vault(0, &["get", "my-database", "--to-pipe"], "");
    assert_eq!(
        (&got["key"], &got["provider"]),
        (&"two lines\nof a secret".into(), &"custom:my-database".into())
    );
}

#[test]
fn a_key_among_the_arguments_is_not_repeated() {
    let home = Home::with_vault();
    for arguments in [
        &["set", "openai", KEY][..],
        &["get", KEY, "--to-pipe"],
        &["get", "a", KEY],
        &[KEY],
        &["set", "openai", "--key", KEY],
        &["run", "--as", KEY, "--", "true"],
        &["run", "--only", KEY, "--", "true"],
        &["rotate", KEY, "--stdin"],
        &["set", "openai", "--stdin", "--expires", KEY],
        &["audit", "--last", KEY],
        &["list", "--color", KEY],
        &["unattended", KEY],
    ] {
        for json in [false, true] {
            let mut command = home.vault_command();
            command.args(json.then_some("--json")).args(arguments);
            let ran = piped(&mut command, "");
            assert!(ran.status == 2 || ran.status == 1, "{arguments:?}: {}", ran.stderr);
            assert!(!ran.stderr.contains(KEY) && !ran.stdout.contains(KEY), "{arguments:?}: {}", ran.stderr);
        }
    }
    let stray = piped(home.vault_command().args(["list", "--no-such"]), "");
    assert!(stray.stderr.contains("--no-such"), "an option is named: {}", stray.stderr);
}

#[test]
fn passwords_open_change_and_are_judged() {
    let home = Home::new();
    let lines = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(home.vault_by_password(3, &["list"], ""), "VAULT_MISSING");
    for weak in ["short", "onlylowercaseletters", "P4ssw0rd!2024"] {
        assert_eq!(home.vault_by_password(3, &["init"], &lines(&[weak])), "cli/weak-password");
    }
    assert_eq!(home.vault_by_password(3, &["init"], ""), "cli/secret-input");
    assert!(!home.path().join("vault").exists(), "nothing is made before all is asked");
    home.vault_by_password(0, &["init"], &lines(&[PASSWORD]));
    assert_eq!(home.vault_by_password(3, &["init"], &lines(&[PASSWORD])), "VAULT_EXISTS");
    home.vault_by_password(0, &["set", "groq", "--stdin"], &lines(&[PASSWORD, KEY]));
    let get = ["get", "groq", "--to-pipe"];
    assert_eq!(home.vault_by_password(0, &get, &lines(&[PASSWORD]))["key"], KEY);
    assert_eq!(home.vault_by_password(3, &get, &lines(&[OTHER_PASSWORD])), "INVALID_PASSWORD");
    assert_eq!(home.vault_by_password(3, &["passwd"], &lines(&[PASSWORD, "weak"])), "cli/weak-password");
    assert_eq!(home.vault_by_password(3, &["passwd"], &lines(&[PASSWORD])), "cli/secret-input");

    let file = home.path().join("vault.key");
    let path = file.to_str().unwrap();
    let added = home.vault_by_password(
        0,
        &["unattended", "key-file", path, "--label", "nightly"],
        &lines(&[PASSWORD]),
    );
    assert_eq!((&added["made"], &added["label"]), (&true.into(), &"nightly".into()));
    assert_eq!(home.vault(0, &get, "")["key"], KEY, "the key file opens it");
    home.vault_by_password(0, &["passwd"], &lines(&[PASSWORD, OTHER_PASSWORD]));
    assert_eq!(home.vault_by_password(3, &get, &lines(&[PASSWORD])), "INVALID_PASSWORD");
    assert_eq!(home.vault_by_password(0, &get, &lines(&[OTHER_PASSWORD]))["key"], KEY);
    assert_eq!(home.vault(0, &get, "")["key"], KEY, "key files stay");
    let changed =
        home.vault_by_password(0, &["passwd", "--new-master-key"], &lines(&[OTHER_PASSWORD, PASSWORD]));
    assert_eq!((&changed["new_master_key"], &changed["unattended_removed"]), (&true.into(), &1.into()));
    assert_eq!(home.vault(3, &get, ""), "INVALID_PASSWORD", "the key file is of the old master key");
    assert_eq!(home.vault_by_password(0, &get, &lines(&[PASSWORD]))["key"], KEY);
    for secret in [PASSWORD, OTHER_PASSWORD, KEY] {
        assert!(!home.holds(secret));
    }
}

#[test]
fn key_files_open_until_they_are_removed() {
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin"], KEY);
    assert_eq!(
        home.vault_by_password(2, &["get", "groq", "--to-pipe"], ""),
        "cli/usage",
        "there is no password"
    );
    let second = home.path().join("second.key");
    let second = second.to_str().unwrap();
    let added = home.vault(0, &["unattended", "key-file", second], "");
    let by_second = ["--key-file", second, "get", "groq", "--to-pipe"];
    assert_eq!(home.vault(0, &by_second, "")["key"], KEY);
    // A password, by right of the first key file, which goes on opening it.
    home.vault(0, &["--password-stdin", "passwd"], PASSWORD);
    assert_eq!(home.vault(0, &["get", "groq", "--to-pipe"], "")["key"], KEY);
    let opened_by = home.vault(0, &["unattended", "list"], "");
    assert_eq!(
        (&opened_by["password"], opened_by["unattended"].as_array().unwrap().len()),
        (&true.into(), 2)
    );
    assert_eq!(home.vault(1, &["unattended", "remove", "000000"], ""), "cli/no-such-key");
    assert_eq!(home.vault(1, &["unattended", "remove", ""], ""), "cli/no-such-key");
    home.vault(0, &["unattended", "remove", added["id"].as_str().unwrap()], "");
    assert_eq!(home.vault(3, &by_second, ""), "INVALID_PASSWORD");
    assert_eq!(home.vault_by_password(0, &["get", "groq", "--to-pipe"], PASSWORD)["key"], KEY);
    for (text, code) in
        [("", "KEY_FILE_MALFORMED"), ("chrysalis vault key 1\nkey 00\n", "KEY_FILE_MALFORMED")]
    {
        std::fs::write(home.path().join("vault.key"), text).unwrap();
        assert_eq!(home.vault(3, &["get", "groq", "--to-pipe"], ""), code);
    }
    assert_eq!(home.vault(3, &["--key-file", "none.key", "get", "groq", "--to-pipe"], ""), "IO");
    assert_eq!(home.vault(2, &["--key-file", "", "list"], ""), "cli/usage");
}

#[test]
#[cfg(unix)]
fn a_key_file_that_others_can_read_is_refused_and_nothing_here_is_readable_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin"], KEY);
    home.vault(0, &["--password-stdin", "export", "out.wallet"], PASSWORD);
    for path in [
        "vault",
        "vault/keys.json",
        "vault/keys.json.lock",
        "vault/keys.json.audit",
        "vault.key",
        "out.wallet",
    ] {
        let mode = home.path().join(path).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
    let key_file = home.path().join("vault.key");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(home.vault(3, &["get", "groq", "--to-pipe"], ""), "KEY_FILE_EXPOSED");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // In a directory where others could put another in its place.
    let before = home.path().metadata().unwrap().permissions();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(home.vault(3, &["get", "groq", "--to-pipe"], ""), "KEY_FILE_REPLACEABLE");
    std::fs::set_permissions(home.path(), before).unwrap();
    home.vault(0, &["get", "groq", "--to-pipe"], "");
    // Where no vault can be, whoever runs this.
    assert_eq!(home.vault(3, &["--vault", "vault.key/keys.json", "list"], ""), "IO");
    home.write("file", "");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(home.vault(3, &["--vault", "file/keys.json", "init"], ""), "IO");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_keychain_the_error_says_so_and_no_vault_is_made() {
    let home = Home::new();
    let run = |arguments: &[&str]| {
        let mut command = home.command();
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        let ran = piped(command.args(["--json", "vault", "--keychain"]).args(arguments), "");
        (ran.status, ran.error()["error"]["code"].clone())
    };
    assert_eq!(run(&["init"]), (3, "KEYCHAIN_UNAVAILABLE".into()));
    assert!(!home.path().join("vault/keys.json").exists());
    home.vault(0, &["init"], "");
    home.vault(0, &["set", "groq", "--stdin"], KEY);
    assert_eq!(run(&["get", "groq", "--to-pipe"]), (3, "KEYCHAIN_UNAVAILABLE".into()));
}

#[test]
fn damaged_and_changed_vaults_are_told_apart() {
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin"], KEY);
    home.vault(0, &["set", "xai", "--stdin"], OTHER_KEY);
    let path = home.path().join("vault/keys.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let get = ["get", "groq", "--to-pipe"];
    let with = |text: &[u8], status: i32| {
        std::fs::write(&path, text).unwrap();
        home.vault(status, &get, "")
    };
    for text in [
        &b""[..],
        b"{}",
        b"[]",
        b"\xff\xfe\x00",
        b"null",
        &good.as_bytes()[..good.len() / 2],
        good.replace("\"version\": 2", "\"version\": 3").as_bytes(),
        good.replace("\"version\": 2,", "\"version\": 2, \"more\": 1,").as_bytes(),
        br#"{"version": 2, "keys": []}"#,
    ] {
        assert_eq!(with(text, 3), "WALLET_LOAD");
        assert_eq!(home.vault(3, &["list"], ""), "WALLET_LOAD");
    }
    let mut swapped: Value = serde_json::from_str(&good).unwrap();
    let entries = swapped["entries"].as_array_mut().unwrap();
    let (first, second) = (entries[0]["sealedKey"].clone(), entries[1]["sealedKey"].clone());
    (entries[0]["sealedKey"], entries[1]["sealedKey"]) = (second, first);
    assert_eq!(with(swapped.to_string().as_bytes(), 1), "WALLET_TAMPERED");
    let mut cut: Value = serde_json::from_str(&good).unwrap();
    cut["entries"].as_array_mut().unwrap().pop();
    assert_eq!(with(cut.to_string().as_bytes(), 1), "WALLET_TAMPERED");
    assert_eq!(with(good.replace("\"groq key\"", "\"gr0q key\"").as_bytes(), 1), "WALLET_TAMPERED");
    let mut wrapped: Value = serde_json::from_str(&good).unwrap();
    wrapped["wrappedKey"] = wrapped["settings"].clone();
    assert_eq!(with(wrapped.to_string().as_bytes(), 3), "INVALID_PASSWORD");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(home.vault(3, &get, ""), "IO");
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(with(good.as_bytes(), 0)["key"], KEY);
}

#[test]
fn exports_are_sealed_and_come_back() {
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin", "--name", "home", "--default"], KEY);
    home.vault(0, &["set", "xai", "--stdin"], OTHER_KEY);
    let export = ["--password-stdin", "export", "out.wallet"];
    assert_eq!(home.vault(3, &export, "weak"), "cli/weak-password");
    assert_eq!(home.vault(0, &export, PASSWORD)["exported"], 2);
    assert_eq!(home.vault(3, &export, PASSWORD), "cli/io", "nothing is overwritten");
    assert_eq!(home.vault(0, &["--password-stdin", "export", "one.wallet", "xai"], PASSWORD)["exported"], 1);
    assert!(!home.holds(KEY) && !home.holds(OTHER_KEY));

    let other = Home::with_vault();
    let file = home.path().join("out.wallet");
    let file = file.to_str().unwrap();
    let import = ["--password-stdin", "import", file];
    other.vault(0, &["set", "groq", "--stdin", "--name", "home"], "another-example-key");
    assert_eq!(other.vault(3, &import, OTHER_PASSWORD), "INVALID_PASSWORD");
    let report = other.vault(0, &import, PASSWORD);
    assert_eq!(
        keys(&report),
        ["expired", "failed", "format", "imported", "unchanged", "unrecoverable", "warnings"]
    );
    assert_eq!(names(&report["imported"]), ["home (2)", "xai key"]);
    let again = other.vault(0, &import, PASSWORD);
    assert_eq!((&again["imported"], &again["unchanged"]), (&json!([]), &2.into()));
    assert_eq!(other.vault(0, &["get", "groq", "--to-pipe"], "")["key"], KEY, "it came as the default");
    for (name, bytes) in [("bad.wallet", &b"{}"[..]), ("text", b"\xff")] {
        let path = other.write(name, bytes);
        let code = other.vault(3, &["--password-stdin", "import", path.to_str().unwrap()], PASSWORD);
        assert!(code == "WALLET_LOAD" || code == "cli/io", "{code}");
    }
    assert_eq!(other.vault(3, &["import", "none.wallet"], ""), "cli/io");
}

#[test]
fn wallets_of_older_programs_are_read() {
    let home = Home::with_vault();
    let old = json!({"keys": [
        {"id": "key_1", "provider": "groq", "apiKey": KEY, "isDefault": true, "createdAt": 1, "usageCount": 0},
        {"id": "key_2", "provider": "xai", "isDefault": false, "createdAt": 1, "usageCount": 0},
    ]});
    let path = home.write("elsewhere/old.json", old.to_string());
    let report = home.vault(3, &["import", path.to_str().unwrap()], "");
    assert_eq!((&report["format"], report["imported"].as_array().unwrap().len()), (&"ui-v1".into(), 1));
    assert_eq!(report["failed"][0]["index"], 1, "{report}");
    assert!(report["warnings"][0].as_str().unwrap().contains("in clear"));
    assert_eq!(home.vault(0, &["get", "groq", "--to-pipe"], "")["key"], KEY);
}

#[test]
fn the_trail_says_who_did_what_and_notices_changes() {
    let home = Home::with_vault();
    let set = home.vault(0, &["set", "groq", "--stdin"], KEY);
    home.vault(0, &["get", "groq", "--to-pipe"], "");
    let stranger = home.path().join("stranger.key");
    let other = Home::with_vault();
    std::fs::copy(other.path().join("vault.key"), &stranger).unwrap();
    home.vault(3, &["--key-file", "stranger.key", "get", "groq", "--to-pipe"], "");
    let trail = home.vault(0, &["audit", "--unlock"], "");
    assert_eq!(keys(&trail), ["checked", "entries"]);
    let entries = trail["entries"].as_array().unwrap();
    assert_eq!(
        keys(&entries[0]),
        ["action", "key", "provider", "refused", "signature", "signed_by", "time", "time_ms"]
    );
    let read = entries.iter().find(|entry| entry["action"] == "key-accessed").unwrap();
    assert_eq!((&read["provider"], &read["key"]), (&"groq".into(), &set["id"]));
    assert_eq!(read["signature"], "this-vault");
    let refused = entries.iter().find(|entry| entry["refused"].is_string()).unwrap();
    assert_eq!(
        (&refused["refused"], &refused["signature"]),
        (&"INVALID_PASSWORD".into(), &"unsigned".into())
    );
    assert_eq!(home.vault(0, &["audit", "--last", "1"], "")["entries"].as_array().unwrap().len(), 1);
    let shown = piped(home.vault_command().arg("audit"), "");
    assert!(shown.stdout.contains("refused INVALID_PASSWORD  unsigned"), "{}", shown.stdout);
    assert!(shown.stdout.lines().all(|line| line.trim_end() == line), "{}", shown.stdout);

    let mut files = Vec::new();
    for writer in home.path().join("vault/keys.json.audit/writers").read_dir().unwrap() {
        files.extend(writer.unwrap().path().read_dir().unwrap().map(|file| file.unwrap().path()));
    }
    let longest = files.iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(longest).unwrap();
    let place = bytes.windows(9).position(|part| part == b"key-added").unwrap();
    bytes[place] ^= 1;
    std::fs::write(longest, bytes).unwrap();
    assert_eq!(home.vault(1, &["audit"], ""), "journal/corrupt");
}

#[test]
fn writers_at_once_lose_nothing() {
    let home = Home::with_vault();
    let children: Vec<_> = (0..8)
        .map(|number| {
            let name = format!("writer {number}");
            let file = home.write(&format!("keys/{number}"), format!("{KEY}-{number}"));
            let mut command = home.vault_command();
            command.args(["--json", "set", "groq", "--stdin", "--name", &name]);
            command.stdin(std::fs::File::open(file).unwrap()).stdout(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let listed = home.vault(0, &["list"], "");
    let mut names = names(&listed);
    names.sort_unstable();
    assert_eq!(names, (0..8).map(|number| format!("writer {number}")).collect::<Vec<_>>());
    for number in 0..8 {
        let got = home.vault(0, &["get", &format!("writer {number}"), "--to-pipe"], "");
        assert_eq!(got["key"], format!("{KEY}-{number}"));
    }
    assert_eq!(actions(&home).iter().filter(|action| *action == "key-added").count(), 8);
}

/// Killed at any moment, a vault is as before or as after, and what was acknowledged is in it.
#[test]
fn a_killed_writer_leaves_the_vault_whole() {
    let home = Home::with_vault();
    let mut acknowledged = Vec::new();
    for round in 0..24_u64 {
        let name = format!("round {round}");
        let mut command = home.vault_command();
        command.args(["set", "groq", "--stdin", "--unchecked", "--name", &name]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        use std::io::Write as _;
        child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
        // Where the process is by then differs from run to run, which is the point.
        std::thread::sleep(std::time::Duration::from_millis(round * 3));
        let _ = child.kill();
        if child.wait().unwrap().success() {
            acknowledged.push(name);
        }
        let listed = home.vault(0, &["list"], "");
        for name in &acknowledged {
            assert!(names(&listed).contains(&name.as_str()), "{name}: {listed}");
        }
    }
    let listed = home.vault(0, &["list"], "");
    for name in names(&listed) {
        assert_eq!(home.vault(0, &["get", name, "--to-pipe"], "")["key"], KEY, "{name}");
    }
    home.vault(0, &["set", "xai", "--stdin"], KEY);
    home.vault(0, &["audit"], "");
}

#[test]
fn keys_that_expired_are_not_given_out() {
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin", "--expires", "2999-01-01"], KEY);
    let listed = home.vault(0, &["list"], "");
    assert_eq!(
        (&listed[0]["expired"], &listed[0]["expires_ms"]),
        (&false.into(), &32_472_144_000_000_u64.into())
    );
    assert_eq!(home.vault(0, &["get", "groq", "--to-pipe"], "")["key"], KEY);

    // Far enough ahead for a process to start in between, on a busy machine.
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(10);
    home.vault(0, &["set", "xai", "--stdin", "--expires", &soon.to_string()], OTHER_KEY);
    while jiff::Timestamp::now() <= soon {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(home.vault(0, &["list", "xai"], "")[0]["expired"], true);
    assert_eq!(home.vault(1, &["get", "xai", "--to-pipe"], ""), "cli/key-expired");
    assert_eq!(home.vault(1, &["run", "--only", "xai", "--", "true"], ""), "cli/key-expired");
    let exported = home.vault(0, &["--password-stdin", "export", "out.wallet"], PASSWORD);
    assert_eq!((&exported["exported"], &exported["expired"]), (&1.into(), &1.into()));
}

#[test]
fn a_key_file_is_not_remembered() {
    let home = Home::with_vault();
    let path = home.path().join("vault.key");
    home.write("notes/vault.key", std::fs::read(&path).unwrap());
    let report = home.json(0, &["remember", "notes"]);
    assert_eq!(report["skipped_by_reason"]["key-file"], 1, "{report}");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(home.fails(3, &["remember", "--text", &text]), "memory/secret-key");
}
