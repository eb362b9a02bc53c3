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
            .env_remove("CHRYSALIS_AGENT");
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
