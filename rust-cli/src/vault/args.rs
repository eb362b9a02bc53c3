//! What can be typed after `chrysalis vault`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Keep API keys sealed on disk, and hand them to programs
///
/// A vault is one file: keys sealed under a random master key, which a password opens, or a key file or the
/// system's keychain where nobody is there to type. Several processes may use it at once. Beside it lies an audit
/// trail of what was done with which key and when, without the keys.
///
/// Keys and passwords are typed at a prompt that does not show them, or come from standard input. They are never
/// arguments, which other users of the machine can see and shells keep.
///
/// KEY is a provider, a key's name, or the first six or more digits of its id, as `chrysalis vault list` shows them.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  chrysalis vault init
  chrysalis vault set openai                          asks for the key
  chrysalis vault run --only openai -- python app.py  has OPENAI_API_KEY, nothing else does
  chrysalis vault list                                redacted; needs no password
  chrysalis vault rotate openai
  chrysalis vault unattended key-file ~/.config/app/vault.key
  chrysalis vault --key-file ~/.config/app/vault.key run -- ./nightly.sh
  chrysalis vault audit

Exit status: as for every command; 1 also for a vault or trail that somebody without its key changed.
`run` ends as COMMAND does, or with 127 when COMMAND is not found and 126 when it cannot be run."
)]
pub(crate) struct Vault {
    #[command(flatten)]
    pub(crate) opening: Opening,
    #[command(subcommand)]
    pub(crate) action: VaultAction,
}

#[derive(Args, Debug)]
pub(crate) struct Opening {
    /// The vault's file; without it the user's own
    #[arg(long, global = true, value_name = "FILE", env = "CHRYSALIS_VAULT", hide_env_values = true)]
    pub(crate) vault: Option<PathBuf>,
    /// Unlock with the key in this file, which must be readable by its owner alone
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CHRYSALIS_VAULT_KEY_FILE",
        hide_env_values = true
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// Unlock with the key in the system's keychain; goes before --key-file
    #[arg(long, global = true)]
    pub(crate) keychain: bool,
    /// Read each password that would be asked for from a line of standard input
    #[arg(long, global = true)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultAction {
    Init(Init),
    Set(Set),
    Get(Get),
    List(List),
    Rotate(Rotate),
    Default(DefaultKey),
    Remove(Remove),
    Run(Run),
    Export(Export),
    Import(Import),
    Passwd(Passwd),
    Unattended(Unattended),
    Audit(Audit),
}

/// Make a vault
///
/// It asks for a new password of 12 to 128 characters with at least three of lower case, upper case, digits and others.
/// Nobody can open the vault without it. With --key-file or --keychain the vault has no password: the key file is
/// made where there is none, and whoever holds the key opens the vault. `passwd` gives it a password later.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault init
  chrysalis vault init --key-file ~/.config/app/vault.key   for a machine where nobody types")]
pub(crate) struct Init {}

/// Add a key
///
/// The key is typed or pasted at a prompt, or read from standard input. A provider may have several keys under
/// different names. What cannot be a key of this provider is refused: a placeholder, a pasted line break, another
/// provider's key.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault set openai
  chrysalis vault set anthropic --name work --default --expires 2027-01-01
  chrysalis vault set my-database --stdin --unchecked < password.txt")]
pub(crate) struct Set {
    /// Whose key it is: openai, anthropic, … or a name of your own
    #[arg(value_name = "PROVIDER")]
    pub(crate) provider: String,
    /// A name for it; without one `PROVIDER key`
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Make it the key that is taken when only the provider is given
    #[arg(long)]
    pub(crate) default: bool,
    /// Do not give it out from this time on: 2026-11-20, 2026-11-20T10:12 (UTC), or with an offset
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    #[command(flatten)]
    pub(crate) incoming: Incoming,
}

/// Where a key comes from, and whether it is looked at.
#[derive(Args, Debug)]
pub(crate) struct Incoming {
    /// Read the key from standard input: all of it, but one line break at the end
    #[arg(long)]
    pub(crate) stdin: bool,
    /// Take any text of at most 8192 bytes
    #[arg(long)]
    pub(crate) unchecked: bool,
}

/// Show a key in clear
///
/// It goes to a terminal only, unless --to-pipe allows a file or a program. For programs, `run` is the better way:
/// nothing else sees the key. Of several keys of one provider the default is shown, or else the first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault get openai
  chrysalis vault get work --to-pipe | other-tool --key-from-stdin")]
pub(crate) struct Get {
    /// Provider, name or id
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Write it although standard output is no terminal
    #[arg(long)]
    pub(crate) to_pipe: bool,
}

/// List keys, redacted
///
/// Works without a password. The file is checked against changes when it is unlocked, not here.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault list
  chrysalis vault list openai --json")]
pub(crate) struct List {
    /// Only these: provider, name or id
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
}

/// Replace a key by a new one
///
/// It keeps its id, name and time of expiry. Replace it at the provider first: what a vault forgets is still valid there.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  chrysalis vault rotate openai")]
pub(crate) struct Rotate {
    /// Provider, name or id
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) incoming: Incoming,
}

/// Make a key the one that is taken when only its provider is given
#[derive(Args, Debug)]
pub(crate) struct DefaultKey {
    /// Provider, name or id
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
}

/// Remove keys
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault remove openai
  chrysalis vault remove 3f2a9c01 --yes")]
pub(crate) struct Remove {
    /// Provider, name or id of each
    #[arg(value_name = "KEY", required = true)]
    pub(crate) keys: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Run a program with keys in its environment
///
/// This process becomes COMMAND: signals and exit status are COMMAND's own, and nothing of the vault stays in memory.
/// The keys are in the environment of COMMAND and of what it starts, in no file and no argument. Without --only it is one
/// key of every provider, the default or else the first that has not expired.
///
/// Variables are named after the provider: OPENAI_API_KEY, ANTHROPIC_API_KEY, MY_SERVICE_API_KEY; HF_TOKEN for huggingface,
/// GITHUB_TOKEN, REPLICATE_API_TOKEN, CO_API_KEY for cohere, AZURE_OPENAI_API_KEY, SLACK_BOT_TOKEN, AWS_SECRET_ACCESS_KEY.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault run -- python app.py
  chrysalis vault run --only openai,anthropic -- ./agent
  chrysalis vault run --only openai --as openai=LLM_KEY -- ./agent")]
pub(crate) struct Run {
    /// Only these keys: provider, name or id, separated by commas
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// The variable to put a key into, in place of the usual one
    #[arg(long = "as", value_name = "KEY=VARIABLE", value_delimiter = ',')]
    pub(crate) variables: Vec<String>,
    /// The program and its arguments, after `--`
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<OsString>,
}

/// Write keys into an encrypted file with a password of its own
///
/// The file is a wallet that every program of this project opens. It asks for a new password, and shares no key with the vault.
/// Keys that have expired are left out. To keep a copy of the whole vault, copy its file: it is sealed as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault export keys.wallet
  chrysalis vault export for-ada.wallet openai")]
pub(crate) struct Export {
    /// The file to make
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Only these keys: provider, name or id
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
}

/// Take in the keys of a wallet file
///
/// Reads what `export` writes, other vaults, and the wallets of older programs. It asks for the password of the file. Keys that
/// are in the vault already are left as they are. The file stays; what cannot be read any more is named.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault import keys.wallet
  chrysalis vault import old-wallet.json --json | jq .unrecoverable")]
pub(crate) struct Import {
    /// The file to read
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Change the password
///
/// Copies of the old file open with the old password for good. When the password is known to others, use
/// --new-master-key, and replace the keys at their providers. With --key-file or --keychain it sets a password without the
/// old one.
#[derive(Args, Debug)]
pub(crate) struct Passwd {
    /// Also seal every key anew under a new master key. Key files and keychains no longer open the vault then
    #[arg(long)]
    pub(crate) new_master_key: bool,
}

/// Let a key file or the system's keychain open the vault, beside the password
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  chrysalis vault unattended key-file ~/.config/app/vault.key
  chrysalis vault --key-file ~/.config/app/vault.key run -- ./nightly.sh
  chrysalis vault unattended keychain
  chrysalis vault unattended list
  chrysalis vault unattended remove 77aa01c2"
)]
pub(crate) struct Unattended {
    #[command(subcommand)]
    pub(crate) action: UnattendedAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UnattendedAction {
    /// Let a key file open the vault; it is made where there is none
    KeyFile {
        /// The key file. Whoever can read it can open the vault
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What to call it in the list
        #[arg(long, value_name = "TEXT", default_value = "key file")]
        label: String,
    },
    /// Make a key and keep it in the system's keychain
    Keychain,
    /// List what opens the vault beside its password; needs no password
    List,
    /// Take the right to open the vault from a key file or the keychain
    Remove {
        /// The id, or its first digits
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Show what was done with which key and when
///
/// Checks every hash and signature of the trail on the way; needs no password. With --unlock it also says which entries this
/// vault's key signed. Refused attempts are unsigned, because whoever made them held no key.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis vault audit --last 20
  chrysalis vault audit --unlock --json | jq '.entries[] | select(.refused)'")]
pub(crate) struct Audit {
    /// Only the newest entries
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Unlock the vault, to tell its own entries from others'
    #[arg(long)]
    pub(crate) unlock: bool,
}
