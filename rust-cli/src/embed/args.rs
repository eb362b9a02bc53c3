//! What can be typed after `chrysalis embed`.

use std::num::NonZero;
use std::path::PathBuf;

use chrysalis_embedding::ProviderKind;
use clap::{Args, ValueEnum};

use crate::vault::args::Opening;

/// Turn texts into vectors
///
/// Each line of the inputs is a text; with --input json-lines a field of it, with --input whole each file. Empty lines are passed
/// over. The vectors come out in the order of the texts, on standard output or in a file. Each says which embedding space it
/// lies in; only vectors of one space can be compared.
///
/// The model in a directory of this machine is used unless --provider says otherwise: without a network or a key, and with the
/// same bits on every machine. Keys of other providers come from the environment (OPENAI_API_KEY, NOMIC_API_KEY,
/// VOYAGE_API_KEY, HF_TOKEN) or from the vault, never from arguments.
///
/// With --output the work can be interrupted at any moment, by Ctrl-C or a power cut, and goes on when the same command is run
/// again. What the file holds is checked against the texts and kept; the file ends with the same bytes as that of a run that was
/// never interrupted. A file that is damaged, or of other texts or another space, is left as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis embed notes.txt                                   a vector for each line, as JSON lines
  echo 'where is the key' | chrysalis embed --query | jq -c .vector
  chrysalis embed corpus.jsonl --output corpus.vectors        run it again to go on after an interruption
  chrysalis embed --input whole *.md --truncate --format binary --output docs.vec
  OPENAI_API_KEY=… chrysalis embed --provider openai corpus.jsonl --output corpus.vectors
  chrysalis embed --provider openai --vault-key openai corpus.jsonl --cache ~/.cache/vectors --output corpus.vectors

Exit status: as for every command; 1 when the inputs hold no text, 3 also when --skip-failed left texts out.")]
pub(crate) struct Embed {
    /// Files, or `-` for standard input, which is also read when none is named
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What is a text: a line, a field of a line of JSON, or a whole file; json-lines for files called *.jsonl or *.ndjson, else
    /// lines
    #[arg(long, value_name = "FORM", value_enum, help_heading = "Texts")]
    pub(crate) input: Option<InputForm>,
    /// The field that holds the text, where a line of JSON is an object; its field `id` is repeated in the output
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = "Texts")]
    pub(crate) field: String,
    /// Write to this file, and go on with it if it is there
    #[arg(long, short, value_name = "FILE", help_heading = "Vectors")]
    pub(crate) output: Option<PathBuf>,
    /// How vectors are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::JsonLines, help_heading = "Vectors")]
    pub(crate) format: Format,
    /// Leave a record with an error in place of a text that has no vector, and go on; json-lines only
    #[arg(long, help_heading = "Texts")]
    pub(crate) skip_failed: bool,

    /// Who makes the vectors
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Provider::Local, help_heading = "Model")]
    pub(crate) provider: Provider,
    /// The model: a name, or for the local model a directory (else CHRYSALIS_MODEL)
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub(crate) model: Option<String>,
    /// Numbers of a vector; openai, nomic and deterministic only
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub(crate) dimensions: Option<usize>,
    /// Where the provider's server is, such as http://localhost:8080/v1
    #[arg(long, value_name = "URL", help_heading = "Model")]
    pub(crate) base_url: Option<String>,
    /// The texts are questions to find others by; providers that make no difference ignore it
    #[arg(long, help_heading = "Texts")]
    pub(crate) query: bool,
    /// Embed the beginning of a text that is too long for the local model, instead of stopping
    #[arg(long, help_heading = "Texts")]
    pub(crate) truncate: bool,
    /// How the local model computes; the two make vectors of two spaces
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t = Engine::Int8, help_heading = "Model")]
    pub(crate) engine: Engine,
    /// Threads of the local model; all processors unless said otherwise
    #[arg(long, value_name = "N", help_heading = "Model")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Batches of up to 256 texts under way at a time; 4 over a network, 2 in this process
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Model")]
    pub(crate) in_flight: Option<u16>,
    /// Keep vectors in this directory and take them from there, so that no text is paid for twice
    #[arg(long, value_name = "DIR", help_heading = "Vectors")]
    pub(crate) cache: Option<PathBuf>,

    /// Take the provider's key from the vault: KEY as in `chrysalis vault`
    #[arg(long, value_name = "KEY", help_heading = "Key from the vault")]
    pub(crate) vault_key: Option<String>,
    #[command(flatten, next_help_heading = "Key from the vault")]
    pub(crate) opening: Opening,
}

/// What is a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum InputForm {
    /// Each line.
    Lines,
    /// A string, or a field of an object, on each line.
    #[value(alias = "jsonl")]
    JsonLines,
    /// Each file.
    Whole,
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// An object on each line.
    #[value(alias = "jsonl")]
    JsonLines,
    /// Records of one length.
    Binary,
}

/// Who makes vectors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Provider {
    /// A model in a directory of this machine.
    Local,
    /// OpenAI, and servers that speak as it does.
    #[value(name = "openai")]
    OpenAi,
    /// Nomic.
    Nomic,
    /// Voyage.
    Voyage,
    /// An Ollama server.
    Ollama,
    /// Hugging Face.
    #[value(name = "huggingface")]
    HuggingFace,
    /// Numbers derived from the text, without meaning: for tests.
    Deterministic,
}

/// How the local model computes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Engine {
    /// 8-bit integers, the same bits everywhere.
    Int8,
    /// 32-bit numbers, slower.
    F32,
}

impl Provider {
    pub(crate) fn kind(self) -> ProviderKind {
        match self {
            Self::Local => ProviderKind::Local,
            Self::OpenAi => ProviderKind::OpenAi,
            Self::Nomic => ProviderKind::Nomic,
            Self::Voyage => ProviderKind::Voyage,
            Self::Ollama => ProviderKind::Ollama,
            Self::HuggingFace => ProviderKind::HuggingFace,
            Self::Deterministic => ProviderKind::Deterministic,
        }
    }

    /// Whether vectors are made in this process.
    pub(crate) fn is_in_process(self) -> bool {
        matches!(self, Self::Local | Self::Deterministic)
    }
}
