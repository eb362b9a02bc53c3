//! `chrysalis vault` with somebody at a terminal, and the programs it starts.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod common;
mod pty;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use common::{Home, KEY, OTHER_KEY, OTHER_PASSWORD, PASSWORD, Ran, piped};
use pty::{Ended, OnTerminal};
use serde_json::json;

impl Home {
    /// `chrysalis vault` on a terminal, with nothing to unlock with.
    fn at_terminal(&self, arguments: &[&str]) -> OnTerminal {
        let mut command = self.command();
        command.env("TERM", "xterm").arg("vault").args(arguments);
        OnTerminal::start(command)
    }
}

const ASK: &str = "Password of the vault: ";

fn shows_no_secret(ended: &Ended) {
    for secret in [PASSWORD, OTHER_PASSWORD, KEY, OTHER_KEY] {
        assert!(!ended.screen.contains(secret), "{}", ended.screen);
    }
    assert!(ended.echoes, "the terminal is as it was");
}

#[test]
fn a_person_makes_a_vault_and_uses_it() {
    let home = Home::new();
    let mut init = home.at_terminal(&["init"]);
    init.expect("New password of the vault: ").type_in("too short\r");
    init.expect("too weak").expect("New password of the vault: ").type_in(format!("{PASSWORD}\r"));
    init.expect("The same again: ").type_in(format!("{OTHER_PASSWORD}\r"));
    init.expect("differ").expect("New password of the vault: ").type_in(format!("{PASSWORD}\r"));
    init.expect("The same again: ").type_in(format!("{PASSWORD}\r"));
    init.expect("made a vault");
    let ended = init.end();
    assert!(ended.status.success(), "{}", ended.screen);
    shows_no_secret(&ended);

    let mut set = home.at_terminal(&["set", "groq"]);
    set.expect(ASK).type_in(format!("{OTHER_PASSWORD}\r"));
    set.expect("not the password").expect(ASK).type_in(format!("{PASSWORD}\r"));
    set.expect("unlocking").expect("Key of groq").type_in(format!("{KEY}\r"));
    set.expect("added groq `groq key` (...ng-1)");
    let ended = set.end();
    assert!(ended.status.success(), "{}", ended.screen);
    shows_no_secret(&ended);

    let mut get = home.at_terminal(&["get", "groq"]);
    get.expect(ASK).type_in(format!("{PASSWORD}\r")).expect(KEY);
    assert!(get.end().status.success());

    let mut remove = home.at_terminal(&["remove", "groq"]);
    remove.expect(ASK).type_in(format!("{PASSWORD}\r"));
    remove.expect("groq `groq key` (...ng-1)").expect("Remove 1 key for good? [y/N] ").type_in("n\r");
    remove.expect("nothing was removed");
    let ended = remove.end();
    shows_no_secret(&ended);
    assert!(home.run(&["vault", "list"]).stdout.contains("groq"));
}

#[test]
fn the_wrong_password_three_times_is_an_error() {
    let home = Home::new();
    let made = piped(home.command().args(["vault", "--password-stdin", "init"]), PASSWORD);
    assert_eq!(made.status, 0, "{}", made.stderr);
    piped(
        home.command().args(["vault", "--password-stdin", "set", "groq", "--stdin"]),
        &format!("{PASSWORD}\n{KEY}"),
    );
    let mut get = home.at_terminal(&["get", "groq"]);
    for _ in 0..3 {
        get.expect(ASK).type_in(format!("{OTHER_PASSWORD}\r"));
    }
    get.expect("INVALID_PASSWORD");
    let ended = get.end();
    assert_eq!(ended.status.code(), Some(3));
    shows_no_secret(&ended);
    let file = home.write("no.wallet", "{}");
    let import = ["import", file.to_str().unwrap()];
    for (arguments, status) in [(&["get", "nobody"][..], 1), (&["remove", "nobody"], 1), (&import, 3)] {
        let ended = home.at_terminal(arguments).end();
        assert!(!ended.screen.contains("Password"), "nobody is asked for nothing: {}", ended.screen);
        assert_eq!(ended.status.code(), Some(status), "{}", ended.screen);
    }
}

/// Each key of the browser's older program takes as long as a password.
#[test]
fn an_import_shows_how_far_it_is() {
    let home = Home::with_vault();
    let sealed = json!({
        "ciphertext": "LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==",
        "iv": "QEFCQ0RFRkdISUpL",
        "salt": "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=",
        "algorithm": "AES-GCM", "keyDerivation": "PBKDF2", "iterations": 600_000, "version": 1,
    });
    let key = |number: u8| {
        json!({"id": format!("key_{number}"), "provider": "groq", "name": format!("key {number}"),
            "encryptedApiKey": sealed, "isDefault": false, "createdAt": 1, "usageCount": 0})
    };
    let old = json!({"version": 2, "createdAt": 1, "lastModified": 1, "passwordHash": "",
        "keys": [key(1), key(2), key(3)]});
    let path = home.write("old.json", old.to_string());
    let mut command = home.vault_command();
    command.env("TERM", "xterm").args(["import", path.to_str().unwrap()]);
    let mut import = OnTerminal::start(command);
    import.expect("Password of the file: ").type_in("correct horse battery staple\r");
    import.expect("keys of the file [").expect("/3 ").expect("took in 1 key; 2 there already");
    assert!(import.end().status.success());
}

#[test]
fn ctrl_c_at_a_prompt_leaves_vault_and_terminal_as_they_were() {
    let home = Home::with_vault();
    let file = home.path().join("vault/keys.json");
    let before = std::fs::read(&file).unwrap();
    for keys in ["half a k\x03", "\x03", "\x04", "\x1c"] {
        let mut command = home.vault_command();
        command.args(["set", "groq"]);
        let mut set = OnTerminal::start(command);
        set.expect("Key of groq").expect("): ").type_in(keys);
        set.expect("cli/interrupted");
        let ended = set.end();
        assert_eq!(ended.status.code(), Some(130), "{}", ended.screen);
        shows_no_secret(&ended);
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn what_is_typed_can_be_corrected_and_is_not_cut() {
    let home = Home::with_vault();
    let set = |name: &str, keys: String| {
        let mut command = home.vault_command();
        command.args(["set", "groq", "--unchecked", "--name", name]);
        let mut set = OnTerminal::start(command);
        set.expect("): ").type_in(keys);
        set.end()
    };
    let get = |name: &str| home.vault(0, &["get", name, "--to-pipe"], "")["key"].as_str().unwrap().to_owned();
    assert!(set("mistyped", format!("wrong\x15{KEY}xä\x7f\x08\r")).status.success());
    assert_eq!(get("mistyped"), KEY);
    // Longer than what a terminal takes as one line.
    let long = "0123456789".repeat(600);
    assert!(set("long", format!("{long}\r")).status.success());
    assert_eq!(get("long"), long);
    for (keys, said) in [
        ("\x1b[A\r".to_owned(), "control character"),
        ("\r".to_owned(), "nothing was typed"),
        ("x".repeat(8193) + "\r", "too long"),
    ] {
        let ended = set("never", keys);
        assert!(ended.screen.contains(said), "{}", ended.screen);
        assert_eq!(ended.status.code(), Some(3));
        assert!(ended.echoes);
    }
}

/// The terminal is asked although standard input is a pipe with the key and standard output one for the result.
#[test]
fn pipes_and_the_prompt_go_together() {
    let home = Home::new();
    piped(home.command().args(["vault", "--password-stdin", "init"]), PASSWORD);
    let key = std::fs::File::open(home.write("key.txt", KEY)).unwrap();
    let mut command = home.command();
    command.args(["vault", "--json", "set", "groq", "--stdin"]);
    let mut set = OnTerminal::start_beside(command, key.into());
    set.expect(ASK).type_in(format!("{PASSWORD}\r"));
    let ended = set.end();
    assert!(ended.status.success(), "{}", ended.screen);
    let shown: serde_json::Value = serde_json::from_str(&ended.piped).unwrap();
    assert_eq!(shown["redacted"], "...ng-1");
    // Refused before anybody is asked.
    let mut command = home.command();
    command.args(["vault", "get", "groq"]);
    let ended = OnTerminal::start_beside(command, Stdio::null()).end();
    assert_eq!((ended.status.code(), ended.piped.as_str(), ended.screen.as_str()), (Some(2), "", ""));
    // A terminal as standard input would show the key.
    let ended = OnTerminal::start({
        let mut command = home.vault_command();
        command.env_remove("CHRYSALIS_VAULT_KEY_FILE").args(["--password-stdin", "get", "groq"]);
        command
    })
    .end();
    assert!(ended.screen.contains("cli/secret-input"), "{}", ended.screen);
}

#[test]
fn without_a_terminal_nothing_waits_for_one() {
    let home = Home::new();
    piped(home.command().args(["vault", "--password-stdin", "init"]), PASSWORD);
    for arguments in [&["set", "groq"][..], &["passwd"], &["export", "file"]] {
        let mut command = home.command();
        command.args(["--json", "vault"]).args(arguments);
        pty::without_terminal(&mut command);
        let ran = piped(&mut command, "");
        assert_eq!((ran.status, ran.error()["error"]["code"].as_str()), (2, Some("cli/no-terminal")));
    }
}

#[test]
fn programs_get_the_chosen_keys_in_their_environment_alone() {
    let home = Home::with_vault();
    home.vault(0, &["set", "openai", "--stdin"], KEY);
    home.vault(0, &["set", "huggingface", "--stdin"], OTHER_KEY);
    let run = |arguments: &[&str]| -> Ran {
        let mut command = home.vault_command();
        command.env("OPENAI_API_KEY", "from outside").env_remove("HF_TOKEN");
        piped(command.arg("run").args(arguments), "input of the program")
    };
    let print = ["--", "sh", "-c", "printf '%s|%s|%s|' \"$OPENAI_API_KEY\" \"$HF_TOKEN\" \"$LLM\"; cat"];
    let with = |options: &[&str]| run(&[options, &print].concat()).stdout;
    assert_eq!(with(&[]), format!("{KEY}|{OTHER_KEY}||input of the program"));
    assert_eq!(with(&["--only", "openai"]), format!("{KEY}|||input of the program"));
    assert_eq!(with(&["--only", "huggingface"]), format!("from outside|{OTHER_KEY}||input of the program"));
    assert_eq!(
        with(&["--only", "openai", "--as", "openai=LLM"]),
        format!("from outside||{KEY}|input of the program")
    );

    assert_eq!(run(&["--", "sh", "-c", "exit 7"]).status, 7);
    assert_eq!(run(&["--", "sh", "-c", "echo one; echo two >&2"]).stderr, "two\n", "no word of one's own");
    assert_eq!(run(&["--", "no-such-program-anywhere"]).status, 127);
    let folder = home.path().to_str().unwrap().to_owned();
    assert_eq!(run(&["--", &folder]).status, 126);
    assert_eq!(run(&["--only", "nobody", "--", "true"]).status, 1);
    assert_eq!(run(&[]).status, 2, "without a program");
    let bare = run(&["printenv", "LLM"]);
    assert!(bare.status == 2 && bare.stderr.contains("after `--`"), "{}", bare.stderr);

    // Options after `--` are the program's.
    assert_eq!(run(&["--", "echo", "--json", "--only"]).stdout, "--json --only\n");
    let runs = home.vault(0, &["audit", "--last", "1"], "");
    assert_eq!(runs["entries"][0]["action"], "program-run", "{runs}");
    for secret in [KEY, OTHER_KEY] {
        assert!(!home.holds(secret));
    }
}

/// The program takes the place of this one: the same process, whose arguments and end are the program's.
#[test]
fn the_program_is_the_process() {
    let home = Home::with_vault();
    home.vault(0, &["set", "openai", "--stdin"], KEY);
    let start = |script: &str| -> Command {
        let mut command = home.vault_command();
        command.args(["run", "--", "sh", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let child = start("echo $$").spawn().unwrap();
    let id = child.id();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), format!("{id}\n"));
    let killed = start("kill -TERM $$").spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(killed.status.signal(), Some(15), "a signal is its own end");
    if cfg!(target_os = "linux") {
        let shown = start("tr '\\0' ' ' < /proc/$$/cmdline; ls /proc/$$/fd | wc -l").output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(!shown.contains(KEY) && shown.starts_with("sh -c"), "{shown}");
    }
    // A signal from outside reaches the program.
    let mut waiting =
        start("trap 'exit 9' USR1; echo ready; while :; do read line || :; done").spawn().unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(waiting.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let process = rustix::process::Pid::from_child(&waiting);
    rustix::process::kill_process(process, rustix::process::Signal::USR1).unwrap();
    drop(waiting.stdin.take());
    assert_eq!(waiting.wait().unwrap().code(), Some(9));
}

/// While it waits for a password, what is already unlocked or typed is not in what others see of a process.
#[test]
#[cfg(target_os = "linux")]
fn nothing_of_a_key_is_in_its_own_environment_or_arguments() {
    let home = Home::with_vault();
    home.vault(0, &["set", "groq", "--stdin"], KEY);
    let mut command = home.vault_command();
    command.args(["export", "out.wallet"]);
    let mut export = OnTerminal::start(command);
    // Unlocked by now.
    export.expect("New password of the file: ");
    for file in ["environ", "cmdline"] {
        let seen = std::fs::read(format!("/proc/{}/{file}", export.id()));
        // A process that is kept out of dumps shows its environment to root alone.
        let seen = seen.unwrap_or_default();
        assert!(!seen.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "{file}");
    }
    export.type_in("\x03");
    assert_eq!(export.end().status.code(), Some(130));
    assert!(!home.path().join("out.wallet").exists());
}
