//! A home of its own for each test, and the built binary in it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A user's home with nothing in it.
pub(crate) struct Home {
    folder: TempDir,
}

/// A text about two insects.
pub(crate) const BEES: &str =
    "# Bees\n\nA bee that has found a meadow dances.\n\n# Wasps\n\nWasps build nests of paper.\n";

/// A home whose store holds two documents.
pub(crate) fn home_with_bees() -> Home {
    let home = Home::new();
    home.write("docs/bees.md", BEES);
    home.write("docs/deep/owls.md", "# Owls\n\nOwls hunt at night and turn their heads.\n");
    let report = home.json(0, &["remember", "docs"]);
    assert_eq!(report["documents"], 2, "{report}");
    home
}

/// What a run of the command gave.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// Writes a file below the home, with its folders.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The command, in this home and with nothing else of the environment it could see.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chrysalis"));
        command
            .env("CHRYSALIS_HOME", self.path())
            .env_remove("CHRYSALIS_STORE")
            .env_remove("CHRYSALIS_AGENT")
            .env_remove("CHRYSALIS_VAULT")
            .env_remove("CHRYSALIS_VAULT_KEY_FILE")
            .env_remove("CHRYSALIS_MODEL");
        for variable in
            ["OPENAI_API_KEY", "GPT_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]
        {
            command.env_remove(variable);
        }
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments).output().unwrap())
    }

    /// Runs with `--json`; the command must end with `status`.
    pub(crate) fn json(&self, status: i32, arguments: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.status, status, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ran.stdout))
    }

    /// Runs with `--json` a command that must fail with `status`; gives the code of the error.
    pub(crate) fn fails(&self, status: i32, arguments: &[&str]) -> String {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.status, status, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        let error = ran.error();
        assert!(error["error"]["message"].is_string());
        error["error"]["code"].as_str().unwrap().to_owned()
    }
}

impl Ran {
    /// Standard error of a run with `--json`, which must be one error object and nothing else.
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {}", self.stderr))
    }

    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The names of an object's fields, sorted.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// The password of the vaults here, and another.
pub(crate) const PASSWORD: &str = "Blue-Kettle-42-Rain";
pub(crate) const OTHER_PASSWORD: &str = "Green-Ladle-77-Snow";

/// Keys of no provider, which must turn up nowhere.
pub(crate) const KEY: &str = "example-key-that-opens-nothing-1";
pub(crate) const OTHER_KEY: &str = "example-key-that-opens-nothing-2";

impl Home {
    /// A home with a vault that the key file `vault.key` opens, without a password.
    pub(crate) fn with_vault() -> Self {
        let home = Self::new();
        let made = home.vault(0, &["init"], "");
        assert_eq!(made["opened_by"], "key-file", "{made}");
        home
    }

    /// `chrysalis vault`, which the key file opens.
    pub(crate) fn vault_command(&self) -> Command {
        let mut command = self.command();
        command.arg("vault").env("CHRYSALIS_VAULT_KEY_FILE", self.path().join("vault.key"));
        command
    }

    /// Runs `chrysalis vault --json`, opened by the key file, with `input`; it must end with `status`. The result, or the
    /// code of the error.
    pub(crate) fn vault(&self, status: i32, arguments: &[&str], input: &str) -> Value {
        let mut command = self.vault_command();
        command.arg("--json").args(arguments);
        judged(command, status, input)
    }

    /// The same without the key file: what is needed of passwords is in `input`.
    pub(crate) fn vault_by_password(&self, status: i32, arguments: &[&str], input: &str) -> Value {
        let mut command = self.command();
        command.args(["vault", "--json", "--password-stdin"]).args(arguments);
        judged(command, status, input)
    }

    /// Whether any file below the home holds `secret`.
    pub(crate) fn holds(&self, secret: &str) -> bool {
        fn search(folder: &Path, secret: &[u8]) -> bool {
            folder.read_dir().unwrap().any(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    return search(&path, secret);
                }
                std::fs::read(&path).unwrap().windows(secret.len()).any(|part| part == secret)
            })
        }
        search(self.path(), secret.as_bytes())
    }
}

/// Runs with input; no secret may be in what is said of a failure, or in anything but what `get` prints.
fn judged(mut command: Command, status: i32, input: &str) -> Value {
    let arguments = format!("{:?}", command.get_args().collect::<Vec<_>>());
    let ran = piped(&mut command, input);
    assert_eq!(ran.status, status, "{arguments}: {}{}", ran.stdout, ran.stderr);
    for secret in [PASSWORD, OTHER_PASSWORD, KEY, OTHER_KEY] {
        assert!(!ran.stderr.contains(secret), "{arguments}: {}", ran.stderr);
        assert!(!ran.stdout.contains(secret) || arguments.contains("\"get\""), "{arguments}: {}", ran.stdout);
    }
    if ran.stdout.is_empty() {
        return ran.error()["error"]["code"].clone();
    }
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{arguments}: {error}: {}", ran.stdout))
}

/// Runs with `input` as standard input.
pub(crate) fn piped(command: &mut Command, input: &str) -> Ran {
    use std::io::Write as _;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}
