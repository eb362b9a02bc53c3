//! The command line: what can be typed, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

const AFTER_HELP: &str = "\
First steps:
  chrysalis demo                                see the whole of it in a temporary store
  chrysalis remember docs                       remember every text file below docs
  chrysalis recall how do I install it          ask; every answer says who wrote it and where
  chrysalis mcp                                 serve remember, recall and forget to MCP clients
  chrysalis embed notes.txt                     turn each line into a vector
  chrysalis tokens count README.md              how much of a model's context a text takes
  chrysalis vault init                          keep API keys sealed, and hand them to programs

Exit status:
  0    all is well
  1    nothing was found, or what was checked is damaged
  2    the arguments are wrong
  3    the store or an input cannot be used
  130  interrupted; what was reported as remembered is on disk

Errors are one line on standard error: `error: … [code]`, with --json as {\"error\":{\"code\",\"message\"}}.";

/// Durable, signed memory for agents.
///
/// Texts are kept in a store as signed commits. They are found again by their words, each answer with its
/// author, source, line and signature state. Several agents and processes may use one store at once, and stores
/// can be merged in any order.
#[derive(Debug, Parser)]
#[command(name = "chrysalis", version, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The store to use; without it the user's own
    #[arg(long, global = true, value_name = "DIR", env = "CHRYSALIS_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
    /// The agent to speak as; its key is made on first use
    #[arg(long, global = true, value_name = "NAME", env = "CHRYSALIS_AGENT", hide_env_values = true)]
    pub(crate) agent: Option<String>,
    /// Print results as JSON, and errors as JSON on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Remember(Remember),
    Recall(Recall),
    Show(Show),
    Forget(Forget),
    Merge(Merge),
    Verify(Verify),
    VerifyProof(VerifyProof),
    Identity(Identity),
    Trust(Trust),
    Namespaces(Namespaces),
    Status(Status),
    Doctor(Doctor),
    Demo(Demo),
    Reembed(Reembed),
    Embed(crate::embed::args::Embed),
    Tokens(crate::tokens::args::Tokens),
    Mcp(Mcp),
    Vault(crate::vault::args::Vault),
}

/// Remember files, folders, standard input or a text
///
/// Folders are walked: .gitignore, .ignore and .chrysalisignore are honoured, hidden files left out, and files
/// that are not UTF-8 text or too large are skipped and counted. Each text is split into passages that are
/// signed and stored in batches; what was reported as remembered is on disk.
///
/// The source of each passage is the path below the folder's parent, with `/` between names, so that it stays the
/// same from run to run: `chrysalis remember ~/garden/docs` gives `docs/guide.md`. Remembering a source again
/// keeps unchanged passages and supersedes those that are no longer in it. A file deleted from a folder is no longer
/// read, so that what was remembered of it stays until `chrysalis forget` removes it.
///
/// Ctrl-C finishes what was read, says what was remembered and ends with status 130.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis remember docs README.md
  chrysalis remember notes.txt --tag meeting --namespace work
  chrysalis remember ../v2/docs --as docs-v2
  git log -20 | chrysalis remember - --source git-log
  chrysalis remember --text 'The door code changes in May.' --tag house")]
pub(crate) struct Remember {
    /// Files and folders, or `-` for standard input
    #[arg(value_name = "PATH", required_unless_present = "text")]
    pub(crate) paths: Vec<PathBuf>,
    /// A text to remember as it is; without a source, or added to what --source already holds
    #[arg(long, value_name = "TEXT", conflicts_with = "paths")]
    pub(crate) text: Option<String>,
    /// The source of standard input or of --text
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// The name the sources begin with, in place of the last part of PATH
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["text", "source"])]
    pub(crate) name: Option<String>,
    /// The namespace to remember in; made when there is none
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// A label for everything remembered; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Skip files larger than this many bytes (suffixes K, M, G)
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_size)]
    pub(crate) max_file_size: u64,
    /// Also walk hidden files and folders
    #[arg(long)]
    pub(crate) include_hidden: bool,
    /// Make no vectors now; `chrysalis reembed` makes them later
    #[arg(long)]
    pub(crate) no_embed: bool,
}

/// Find what was remembered, best first
///
/// Words are matched by their stems; all words of the query count, none is required. Where there is a model (see
/// `chrysalis reembed --help`), meaning counts as well, so that a question need not share a word with its answer. Filters act
/// inside the search. Ends with status 1 when nothing matches.
///
/// The signature state of each answer is `trusted` (this agent, or a key given trust), `unknown-signer`, `forked` (the
/// author signed two histories) or `revoked`. A signature shows who said something, not that it is true.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis recall how do I install it
  chrysalis recall 'release date' -k 3 --source docs/ --trusted-only
  chrysalis recall budget --since 2026-01-01 --author ada --json | jq .hits[0].text
  chrysalis recall budget --proof proofs && chrysalis verify-proof proofs/*.proof")]
pub(crate) struct Recall {
    /// Words to look for, as a question or as keywords
    #[arg(value_name = "QUERY", required = true)]
    pub(crate) query: Vec<String>,
    /// The most answers to give
    #[arg(short = 'k', long, value_name = "N", default_value_t = chrysalis_memory::recall::DEFAULT_LIMIT, value_parser = parse_limit)]
    pub(crate) limit: usize,
    /// Only from this namespace
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Only by this author: a name known here, or a key
    #[arg(long, value_name = "NAME|KEY")]
    pub(crate) author: Option<String>,
    /// Only with this tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only from sources that begin like this
    #[arg(long = "source", value_name = "PREFIX")]
    pub(crate) source_prefix: Option<String>,
    /// Only from this time on: 2026-11-20, 2026-11-20T10:12 (UTC), or with an offset
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only from before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Answer as at this time: later entries are left out, and recency is measured from it
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Only answers whose signature state is trusted
    #[arg(long)]
    pub(crate) trusted_only: bool,
    /// Also what lies beyond what is accepted of a revoked key
    #[arg(long)]
    pub(crate) include_revoked: bool,
    /// Write a proof of each answer into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) proof: Option<PathBuf>,
    /// Show what each score is made of
    #[arg(long)]
    pub(crate) explain: bool,
    /// By words alone, though there is a model
    #[arg(long)]
    pub(crate) words_only: bool,
}

/// Show one entry whole
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis show 3f2a9c01b2d4
  chrysalis show 3f2a9c01b2d4 --proof answer.proof")]
pub(crate) struct Show {
    /// The entry's id, or its first digits
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Write a proof of it into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: Option<PathBuf>,
}

/// Forget entries of this agent for good
///
/// Their text is erased from this store's files at once, and from every store that merges this one. The signed
/// skeleton stays, so that everything else still verifies. Only the author can forget an entry.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis forget 3f2a9c01b2d4
  chrysalis forget 3f2a9c01b2d4 77aa01c2 --yes")]
pub(crate) struct Forget {
    /// Ids of entries, or their first digits
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Take in another store
///
/// Afterwards this store holds every commit of both; equal stores show equal digests, whichever was merged
/// into which. Commits that do not verify are refused and named. The other store is only read. Private
/// namespaces stay where they are: only the leaves of their records come over. Ends with status 1 when the
/// other store is damaged and with 3 when part of it cannot be read; what could be read was taken in.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis merge /media/stick/store
  chrysalis merge ../bobs-store --store ./team-store")]
pub(crate) struct Merge {
    /// The directory of the other store
    #[arg(value_name = "STORE")]
    pub(crate) other: PathBuf,
}

/// Check every byte of the store
///
/// Every signature, hash, chain and checksum is checked, and nothing is changed. Each finding names its
/// file and offset. Ends with status 1 when there is damage.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis verify
  chrysalis verify --store /backup/store --json")]
pub(crate) struct Verify {}

/// Check proofs offline
///
/// A proof shows that the holder of the author's key committed to exactly this text at this place of its
/// journal. No store is needed. Ends with status 1 when a proof does not hold, with 3 when a file cannot be read; the
/// other files are checked all the same. With --json there is one object a line, one line for each file.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis recall 'door code' --proof proofs
  chrysalis verify-proof proofs/*.proof")]
pub(crate) struct VerifyProof {
    /// Proof files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// Show the agent's public key, or make and list agents
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis identity                    the key of the agent spoken as
  chrysalis identity new ada
  chrysalis identity list
  chrysalis --agent ada remember notes  speak as another agent")]
pub(crate) struct Identity {
    #[command(subcommand)]
    pub(crate) action: Option<IdentityAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityAction {
    /// Make a new agent with a key of its own
    New {
        /// Its name on this machine: letters, digits, `.`, `-`, `_`
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the agents that have a key here
    List,
}

/// Say whose signatures this store trusts
///
/// Trust changes how answers are marked, never what is stored.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis trust add 5d1c…e0 --name bob
  chrysalis trust revoke 5d1c…e0         what is held of it now stays accepted, nothing later
  chrysalis trust revoke 5d1c…e0 --everything
  chrysalis trust remove 5d1c…e0         say nothing about it any more
  chrysalis trust list")]
pub(crate) struct Trust {
    #[command(subcommand)]
    pub(crate) action: TrustAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustAction {
    /// Trust a key; lifts a revocation
    Add {
        /// The public key, 64 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
        /// The name to show for it here
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Accept nothing more from a key
    Revoke {
        /// The public key, 64 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
        /// Also what is held of it already
        #[arg(long)]
        everything: bool,
    },
    /// Take back what was said of a key
    Remove {
        /// The public key, 64 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// List what is said of keys
    List,
}

/// List namespaces, or make one
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis namespaces
  chrysalis namespaces new diary --private
  chrysalis remember --text 'Dear diary' --namespace diary")]
pub(crate) struct Namespaces {
    #[command(subcommand)]
    pub(crate) action: Option<NamespacesAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NamespacesAction {
    /// Make a namespace
    New {
        /// Its name: letters, digits, `.`, `-`, `_`
        #[arg(value_name = "NAME")]
        name: String,
        /// Its content never leaves this store
        #[arg(long)]
        private: bool,
    },
    /// List the namespaces of the store
    List,
}

/// Show what the store holds
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  chrysalis status --json | jq -r .digest      equal for stores that hold the same commits")]
pub(crate) struct Status {}

/// Make the vectors that the store lacks, or those of another model
///
/// With a model, recall goes by meaning as well as by words. The model is a directory in sentence-transformers form, such as
/// all-MiniLM-L6-v2: the one that CHRYSALIS_MODEL names, else models/all-MiniLM-L6-v2 in the user's data directory. It runs in this
/// process, without a network, and gives the same vectors on every machine.
///
/// `chrysalis remember` makes vectors by itself. This makes what is missing: after a merge, after an interruption, or when the model is
/// another one. Until it is done, what has no vectors is found by its words. Ctrl-C stops it, and the next run goes on from there.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  CHRYSALIS_MODEL=~/models/all-MiniLM-L6-v2 chrysalis reembed
  chrysalis reembed --prune")]
pub(crate) struct Reembed {
    /// Remove the vectors of other models when all of this one are there
    #[arg(long)]
    pub(crate) prune: bool,
}

/// Look for what could go wrong, and say what to do
///
/// Checks directories, key files, the store, locks, free space, the clock, and every byte for damage. Ends
/// with status 1 when something has failed.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  chrysalis doctor --store ./team-store")]
pub(crate) struct Doctor {}

/// See it work, in a temporary store that is removed afterwards
#[derive(Args, Debug)]
pub(crate) struct Demo {}

/// Serve remember, recall and forget to an MCP client over standard input and output
///
/// Several servers may run on one store; each sees what the others write. Messages go to standard error.
#[derive(Args, Debug)]
#[command(after_help = "\
Configuration of an MCP client:
  {\"mcpServers\": {\"memory\": {\"command\": \"chrysalis\", \"args\": [\"--agent\", \"claude\", \"mcp\"]}}}")]
pub(crate) struct Mcp {}

fn parse_limit(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// Reads `64M` and the like.
fn parse_size(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches(['B', 'I']);
    let (digits, shift) = match digits.as_bytes().last() {
        Some(b'K') => (&digits[..digits.len() - 1], 10),
        Some(b'M') => (&digits[..digits.len() - 1], 20),
        Some(b'G') => (&digits[..digits.len() - 1], 30),
        _ => (digits, 0),
    };
    let number: u64 =
        digits.parse().map_err(|_| "expected a number of bytes, such as 500K or 64M".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn sizes_have_suffixes() {
        let read = ["0", "12", "5k", "64M", "1GiB", "2mb"].map(|text| parse_size(text).unwrap());
        assert_eq!(read, [0, 12, 5 << 10, 64 << 20, 1 << 30, 2 << 20]);
        for text in ["", "M", "-1", "1.5G", "1T", "99999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
