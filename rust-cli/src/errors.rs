//! Errors of the command line, and how the process ends.

use std::fmt;
use std::io;
use std::path::PathBuf;

use chrysalis_crypto::CryptoError;
use chrysalis_embedding::EmbeddingError;
use chrysalis_embedding::model::ModelError;
use chrysalis_embedding::tokens::TokenError;
use chrysalis_journal::JournalError;
use chrysalis_memory::MemoryError;
use chrysalis_security::SecurityError;

use crate::embed::{OutputProblem, TextError};
use crate::tokens::InputProblem;

/// The code of an MCP tool's result when its arguments are wrong.
pub(crate) const BAD_ARGUMENTS: &str = "cli/bad-arguments";

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// It ran, and what it looked for is not there, or what it checked is damaged.
    Negative,
    /// It ran, and part of its input could not be read.
    Partial,
    /// It was asked to stop and stopped between two commits.
    Interrupted,
}

impl Outcome {
    /// The exit status, as `chrysalis --help` documents it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Negative => 1,
            Self::Partial => 3,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The memory underneath.
    Memory(MemoryError),
    /// A store, which its own errors do not name.
    Store { path: PathBuf, error: JournalError },
    /// The arguments cannot be used together or mean nothing.
    Usage(String),
    /// A file the user named.
    Io { path: PathBuf, error: io::Error },
    /// Standard output is gone; with a broken pipe the reader simply had enough.
    Output(io::Error),
    /// A question was to be asked and there is no terminal to ask on.
    NotConfirmed,
    /// A text from standard input that is not UTF-8 or holds NUL bytes.
    InputNotText,
    /// A text from standard input that is longer than allowed.
    InputTooLarge { limit: u64 },
    /// Some of what was to be remembered by name was not; the rest was, and is reported.
    NotRemembered { refused: u64, first: String },
    /// Vectors were asked for, and there is no model.
    NoModel,
    /// The model's directory, which its own errors do not name.
    Model { path: PathBuf, error: MemoryError },
    /// The model's directory, when vectors are made without a store.
    ModelFiles { path: PathBuf, error: ModelError },
    /// The maker of vectors, where no single text is concerned.
    Embedding(EmbeddingError),
    /// A text has no vector. The number counts from 1.
    Text { place: String, number: u64, error: TextError },
    /// A file of vectors cannot be gone on with.
    OutputFile { path: PathBuf, problem: OutputProblem },
    /// Tokens, in the input at `place`.
    Tokens { place: String, error: TokenError },
    /// An input of `chrysalis tokens` that is not what it must be.
    Input { place: String, problem: InputProblem },
    /// The protocol of `chrysalis mcp` ended in an unexpected way.
    Mcp(String),
    /// A part of the self-contained demonstration did not come out as it must.
    Demo(&'static str),
    /// A vault, a wallet file or a key file, which their own errors do not name.
    Vault { path: PathBuf, error: SecurityError },
    /// What the vault's errors say about arguments, keys and keychains, where no file is concerned.
    Security(SecurityError),
    /// A secret was to be typed, and there is no terminal.
    NoTerminal,
    /// A secret was to be typed, and Ctrl-C was.
    Interrupted,
    /// What was typed or piped cannot be a secret.
    SecretInput(&'static str),
    /// A new password is too easy to guess.
    WeakPassword(Vec<&'static str>),
    /// A key was to be shown, and standard output is no terminal.
    SecretToPipe,
    /// No key of a vault goes by what was typed.
    NoSuchKey,
    /// Several keys of a vault go by what was typed.
    AmbiguousKey { count: usize },
    /// The key has expired.
    KeyExpired,
    /// The provider has a key of this name.
    KeyExists,
    /// The program that was to get keys cannot be started.
    Program { program: PathBuf, error: io::Error },
}

impl CliError {
    /// The codes this crate itself gives, also listed in its README; errors from below keep their own.
    #[cfg(test)]
    pub(crate) const CODES: &'static [&'static str] = &[
        "cli/usage",
        "cli/io",
        "cli/output",
        "cli/not-confirmed",
        "cli/input-not-text",
        "cli/input-too-large",
        "cli/input-not-json",
        "cli/input-not-tokens",
        "cli/output-busy",
        "cli/output-damaged",
        "cli/output-foreign",
        "cli/not-remembered",
        "cli/no-model",
        "cli/mcp",
        "cli/demo",
        "cli/no-terminal",
        "cli/interrupted",
        "cli/secret-input",
        "cli/weak-password",
        "cli/secret-to-pipe",
        "cli/no-such-key",
        "cli/ambiguous-key",
        "cli/key-expired",
        "cli/key-exists",
        "cli/program",
        BAD_ARGUMENTS,
    ];

    /// A stable name to branch on.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Memory(error) => error.code(),
            Self::Store { error, .. } => error.code(),
            Self::Usage(_) => "cli/usage",
            Self::Io { .. } => "cli/io",
            Self::Output(_) => "cli/output",
            Self::NotConfirmed => "cli/not-confirmed",
            Self::InputNotText => "cli/input-not-text",
            Self::InputTooLarge { .. } => "cli/input-too-large",
            Self::NotRemembered { .. } => "cli/not-remembered",
            Self::NoModel => "cli/no-model",
            Self::Model { error, .. } => error.code(),
            Self::ModelFiles { error, .. } => error.code(),
            Self::Embedding(error) => error.code(),
            Self::Text { error, .. } => error.code(),
            Self::OutputFile { problem, .. } => problem.code(),
            Self::Tokens { error, .. } => error.code(),
            Self::Input { problem, .. } => problem.code(),
            Self::Mcp(_) => "cli/mcp",
            Self::Demo(_) => "cli/demo",
            Self::Vault { error, .. } | Self::Security(error) => error.code(),
            Self::NoTerminal => "cli/no-terminal",
            Self::Interrupted => "cli/interrupted",
            Self::SecretInput(_) => "cli/secret-input",
            Self::WeakPassword(_) => "cli/weak-password",
            Self::SecretToPipe => "cli/secret-to-pipe",
            Self::NoSuchKey => "cli/no-such-key",
            Self::AmbiguousKey { .. } => "cli/ambiguous-key",
            Self::KeyExpired => "cli/key-expired",
            Self::KeyExists => "cli/key-exists",
            Self::Program { .. } => "cli/program",
        }
    }

    /// What to do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        hint(self.code())
    }

    /// The exit status.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NotConfirmed | Self::NoTerminal | Self::SecretToPipe => 2,
            Self::AmbiguousKey { .. } => 2,
            Self::NoSuchKey | Self::KeyExpired => 1,
            Self::Embedding(EmbeddingError::InvalidConfig(_) | EmbeddingError::MissingKey { .. }) => 2,
            Self::Tokens { error: TokenError::UnknownModel, .. } => 2,
            Self::Interrupted => 130,
            // As shells and the programs that start others have it.
            Self::Program { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            Self::Vault { error, .. } | Self::Security(error) => security_exit_code(error),
            Self::Memory(
                MemoryError::EmptyQuery
                | MemoryError::InvalidEntryId
                | MemoryError::InvalidAgentKey
                | MemoryError::InvalidName(_),
            ) => 2,
            Self::Memory(MemoryError::NoSuchEntry | MemoryError::ContentAbsent) => 1,
            Self::Memory(MemoryError::Crypto(CryptoError::InvalidProof(_) | CryptoError::Malformed(_))) => 1,
            Self::Memory(MemoryError::Cancelled) => 130,
            _ => 3,
        }
    }

    /// Whether the reader of standard output closed it, which is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// For `map_err` on what opens or reads the store at `path`.
    pub(crate) fn store(path: impl Into<PathBuf>) -> impl FnOnce(MemoryError) -> Self {
        let path = path.into();
        move |error| match error {
            MemoryError::Journal(error) => Self::Store { path, error },
            error => Self::Memory(error),
        }
    }

    /// For `map_err` on what loads the model at `path`.
    pub(crate) fn model(path: impl Into<PathBuf>) -> impl FnOnce(MemoryError) -> Self {
        let path = path.into();
        move |error| Self::Model { path, error }
    }

    /// For `map_err` on what opens or reads the vault, wallet file or key file at `path`.
    pub(crate) fn vault(path: impl Into<PathBuf>) -> impl FnOnce(SecurityError) -> Self {
        let path = path.into();
        move |error| Self::Vault { path, error }
    }

    /// For `map_err` on files the user named.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, error }
    }
}

fn security_exit_code(error: &SecurityError) -> u8 {
    match error {
        SecurityError::InvalidProvider | SecurityError::Crypto(CryptoError::InvalidArgument(_)) => 2,
        SecurityError::EntryNotFound
        | SecurityError::KeyNotFound(_)
        | SecurityError::WalletTampered
        | SecurityError::Journal(JournalError::Corrupt { .. }) => 1,
        _ => 3,
    }
}

/// What to do about the error with this code, where that is known.
pub(crate) fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "journal/not-a-store" => {
            "begin one with `chrysalis remember PATH`, or name another with --store DIR or CHRYSALIS_STORE"
        }
        "journal/format-too-new" => "install a later version of chrysalis; the store was not touched",
        "journal/disk-full" => "free some space and repeat; nothing acknowledged was lost",
        "journal/corrupt" => "`chrysalis verify` lists every damaged place",
        "journal/read-only" | "journal/io" => "`chrysalis doctor` checks the store and its permissions",
        "memory/identity-missing" => "make the agent's key with `chrysalis identity new NAME`",
        "memory/identity-exists" => "choose another name; `chrysalis identity list` shows those in use",
        "memory/identity-malformed" => {
            "restore the key file from a backup, or choose another agent with --agent"
        }
        "memory/host-malformed" => {
            "remove that file: a new id is made, and stores made here then count as copies, which changes no answer"
        }
        "memory/no-such-entry" => "ids stand at the end of each result of `chrysalis recall`",
        "memory/invalid-entry-id" => "ids stand at the end of each result of `chrysalis recall`",
        "memory/not-the-author" => "speak as the author with --agent NAME",
        "memory/no-such-namespace" => "`chrysalis namespaces` lists them",
        "memory/local-file-malformed" => "restore the file from a backup of the store",
        "memory/empty-query" => {
            "give words to look for, such as: chrysalis recall how do bees find their way"
        }
        "memory/not-text" => "only UTF-8 text without NUL characters can be remembered; convert it first",
        "memory/secret-key" => {
            "whoever holds the key is its agent, or opens its vault: leave it out of stores, and back it up as a file"
        }
        "cli/no-model" => {
            "set CHRYSALIS_MODEL to the directory of a model; `chrysalis reembed --help` says which"
        }
        "memory/embedder" => {
            "put the model's files right, or go by words alone: --words-only, --no-embed, or no CHRYSALIS_MODEL"
        }
        "cli/input-not-text" => "only UTF-8 text without NUL characters is taken; convert it first",
        "cli/output-foreign" => {
            "the file was not changed; name another with --output, or give the same texts, options and model as before"
        }
        "cli/output-damaged" => {
            "the file was not changed; keep a copy, and cut it at that byte (`truncate -s BYTE FILE`) to go on from there"
        }
        "cli/output-busy" => "wait for the other process; when it ends, the same command goes on from there",
        "cli/input-not-json" => "each line is a JSON string, or an object with the text in --field NAME",
        "cli/input-not-tokens" => "give whole numbers, between spaces or as JSON arrays, one a line",
        "tokens/unknown-model" => {
            "`chrysalis tokens --help` lists the encodings; models are known by names such as gpt-4o"
        }
        "embedding/missing-key" => {
            "set the provider's variable, such as OPENAI_API_KEY, or keep the key in the vault: --vault-key KEY"
        }
        "embedding/text-too-long" => {
            "split the text, embed its beginning with --truncate, or pass over such texts with --skip-failed"
        }
        "embedding/authentication" => "check the key: the provider did not take it",
        "embedding/network" | "embedding/timeout" | "embedding/rate-limit" => {
            "run the same command again later: with --output it goes on from where it was"
        }
        "MODEL_FILE_MISSING"
        | "MODEL_FILE_UNREADABLE"
        | "MODEL_FILE_MALFORMED"
        | "MODEL_FILE_TOO_LARGE"
        | "MODEL_UNSUPPORTED"
        | "MODEL_TENSOR" => {
            "the model is a directory in sentence-transformers form, such as all-MiniLM-L6-v2; copy the file again"
        }
        "cli/usage" => "`chrysalis help COMMAND` says what it takes",
        "cli/not-confirmed" => "pass --yes to go ahead without being asked",
        "cli/input-too-large" => "divide it; `chrysalis remember` takes a larger file with --max-file-size",
        "cli/no-terminal" => {
            "unlock with --key-file or --keychain, or pipe secrets in with --password-stdin and --stdin"
        }
        "cli/secret-to-pipe" => {
            "`chrysalis vault run -- COMMAND` gives it to a program; --to-pipe writes it all the same"
        }
        "cli/no-such-key" => "`chrysalis vault list` shows providers, names and ids",
        "cli/ambiguous-key" => "give its name or id; `chrysalis vault list` shows them",
        "cli/key-expired" => "remove it, and set a new one",
        "cli/key-exists" => "`chrysalis vault rotate` replaces it; --name NAME adds another beside it",
        "VAULT_MISSING" => {
            "make one with `chrysalis vault init`, or name another with --vault FILE or CHRYSALIS_VAULT"
        }
        "VAULT_EXISTS" => "use it as it is, or name another with --vault FILE",
        "WALLET_LOAD" => {
            "restore the file from a copy; the wallets of older programs go in with `chrysalis vault import`"
        }
        "WALLET_TAMPERED" => "restore the file from a copy, and do not use keys from this one",
        "INVALID_PASSWORD" => {
            "a key file or keychain may have been removed; `chrysalis vault unattended list` shows them"
        }
        "KEY_FILE_EXPOSED" => {
            "others may have read it: best make a new one with `chrysalis vault unattended key-file`"
        }
        "KEY_FILE_FOREIGN" => {
            "keep key files in a directory of your own; make one with `chrysalis vault unattended key-file`"
        }
        "KEY_FILE_REPLACEABLE" => {
            "take write permission from others on its directories, or keep it in a directory of your own"
        }
        "KEYCHAIN_UNAVAILABLE" => "unlock with the password or --key-file",
        "KEYCHAIN_ENTRY_MISSING" => "`chrysalis vault unattended keychain` adds one",
        "INVALID_PROVIDER" => {
            "lower-case letters, digits and `_.:-`, at most 64, such as openai; the key itself is asked for"
        }
        "ProviderMismatch" => "give the right provider, or keep it all the same with --unchecked",
        "InvalidCharacter" | "Placeholder" | "TooShort" => {
            "copy the key again, without what stands around it; --unchecked takes any text"
        }
        _ => return None,
    })
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(error) => error.fmt(f),
            Self::Usage(message) | Self::Mcp(message) => f.write_str(message),
            Self::NoModel => f.write_str("there is no model to make vectors with"),
            Self::Model { path, error } => write!(f, "the model in {}: {error}", path.display()),
            Self::ModelFiles { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Embedding(error) => error.fmt(f),
            Self::Text { place, number, error } => write!(f, "{place} (text {number}): {error}"),
            Self::OutputFile { path, problem } => write!(f, "{}: {problem}", path.display()),
            Self::Tokens { place, error } => write!(f, "{place}: {error}"),
            Self::Input { place, problem } => write!(f, "{place}: {problem}"),
            Self::Store { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Output(error) => write!(f, "cannot write to standard output: {error}"),
            Self::NotConfirmed => f.write_str("this needs a yes, and there is no terminal to ask on"),
            Self::InputNotText => f.write_str("standard input is not UTF-8 text"),
            Self::InputTooLarge { limit } => write!(f, "standard input is over the limit of {limit} bytes"),
            Self::NotRemembered { refused: 1, first } => write!(f, "not remembered: {first}"),
            Self::NotRemembered { refused, first } => {
                write!(f, "{refused} not remembered, the first: {first}")
            }
            Self::Demo(what) => write!(f, "the demonstration went wrong: {what}"),
            Self::Vault { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Security(error) => error.fmt(f),
            Self::NoTerminal => {
                f.write_str("a secret is to be typed, and there is no terminal to type it on")
            }
            Self::Interrupted => f.write_str("interrupted; nothing was changed"),
            Self::SecretInput(what) => f.write_str(what),
            Self::WeakPassword(problems) => write!(f, "the password is too weak: {}", problems.join("; ")),
            Self::SecretToPipe => {
                f.write_str("standard output is no terminal, and the key would go there in clear")
            }
            Self::NoSuchKey => f.write_str("no key of the vault goes by this provider, name or id"),
            Self::AmbiguousKey { count } => write!(f, "{count} go by this"),
            Self::KeyExpired => f.write_str("the key has expired"),
            Self::KeyExists => f.write_str("the provider has a key of this name"),
            Self::Program { program, error } => write!(f, "{}: {error}", program.display()),
        }
    }
}

impl std::error::Error for CliError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Memory(error) => Some(error),
            Self::Store { error, .. } => Some(error),
            Self::Io { error, .. } | Self::Output(error) | Self::Program { error, .. } => Some(error),
            Self::Vault { error, .. } | Self::Security(error) => Some(error),
            _ => None,
        }
    }
}

impl From<MemoryError> for CliError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl From<SecurityError> for CliError {
    fn from(error: SecurityError) -> Self {
        Self::Security(error)
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        Self::Memory(error.into())
    }
}

impl From<CryptoError> for CliError {
    fn from(error: CryptoError) -> Self {
        Self::Memory(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Unusable;

    #[test]
    fn codes_are_listed_and_statuses_are_those_of_the_help() {
        let output = |problem| CliError::OutputFile { path: PathBuf::new(), problem };
        let text = |why| CliError::Text { place: String::new(), number: 1, error: TextError::Unusable(why) };
        let cases = [
            (CliError::Usage(String::new()), 2),
            (CliError::NotConfirmed, 2),
            (CliError::InputNotText, 3),
            (CliError::InputTooLarge { limit: 1 }, 3),
            (CliError::Io { path: PathBuf::new(), error: io::ErrorKind::NotFound.into() }, 3),
            (CliError::Output(io::ErrorKind::Other.into()), 3),
            (CliError::NotRemembered { refused: 1, first: String::new() }, 3),
            (CliError::NoModel, 3),
            (output(OutputProblem::Busy), 3),
            (output(OutputProblem::OtherSpace), 3),
            (output(OutputProblem::Damaged { offset: 1, record: None }), 3),
            (text(Unusable::NoText), 3),
            (CliError::Input { place: String::new(), problem: InputProblem::NotTokens { line: 1 } }, 3),
            (CliError::Mcp(String::new()), 3),
            (CliError::Demo(""), 3),
            (CliError::NoTerminal, 2),
            (CliError::Interrupted, 130),
            (CliError::SecretInput(""), 3),
            (CliError::WeakPassword(Vec::new()), 3),
            (CliError::SecretToPipe, 2),
            (CliError::NoSuchKey, 1),
            (CliError::AmbiguousKey { count: 2 }, 2),
            (CliError::KeyExpired, 1),
            (CliError::KeyExists, 3),
            (CliError::Program { program: PathBuf::new(), error: io::ErrorKind::NotFound.into() }, 127),
        ];
        for (error, status) in &cases {
            assert_eq!(error.exit_code(), *status, "{error:?}");
            assert!(CliError::CODES.contains(&error.code()), "{error:?}");
        }
        let mut given: std::collections::BTreeSet<_> = cases.iter().map(|(error, _)| error.code()).collect();
        given.insert(BAD_ARGUMENTS);
        assert_eq!(given.len(), CliError::CODES.len());
        let readme = include_str!("../README.md");
        for code in CliError::CODES {
            assert!(readme.contains(&format!("`{code}`")), "{code}");
        }
        assert_eq!(CliError::model("m")(MemoryError::NoEmbedder).exit_code(), 3);
        assert_eq!(CliError::from(MemoryError::NoSuchEntry).exit_code(), 1);
        assert_eq!(CliError::from(MemoryError::EmptyQuery).exit_code(), 2);
        assert_eq!(CliError::from(MemoryError::EmptyText).exit_code(), 3);
        assert_eq!(CliError::from(SecurityError::WalletTampered).exit_code(), 1);
        assert_eq!(CliError::from(SecurityError::InvalidProvider).exit_code(), 2);
        assert_eq!(CliError::vault("v")(SecurityError::InvalidPassword).exit_code(), 3);
    }
}
