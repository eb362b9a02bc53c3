//! What can be typed after `chrysalis tokens`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Count, show and cut texts by the tokens of language models
///
/// The numbers are exactly those of OpenAI's tokenizer, without a network. MODEL is an encoding (cl100k_base, o200k_base,
/// o200k_harmony) or a model that uses one, such as gpt-4o, gpt-4 or text-embedding-3-small.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  chrysalis tokens count README.md docs/*.md
  git diff | chrysalis tokens count --model gpt-4 --at-most 8000 && echo fits
  echo 'hello world' | chrysalis tokens encode
  echo 24912 2375 | chrysalis tokens decode
  chrysalis tokens truncate --budget 500 article.txt > start.txt

`count` takes inputs of any size in constant memory; a stretch of more than 16 MiB that is one word to the tokenizer is refused.
The others take at most 16 MiB."
)]
pub(crate) struct Tokens {
    #[command(subcommand)]
    pub(crate) action: TokensAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokensAction {
    Count(Count),
    Encode(Encode),
    Decode(Decode),
    Truncate(Truncate),
}

#[derive(Args, Debug)]
pub(crate) struct Model {
    /// An encoding, or a model that uses one
    #[arg(long, short, value_name = "MODEL", default_value = "o200k_base")]
    pub(crate) model: String,
}

/// Count tokens
///
/// Special tokens in a text are text. Ends with status 1 when there are more than --at-most.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis tokens count README.md
  chrysalis tokens count --model gpt-4 --json docs/*.md | jq .tokens
  git diff | chrysalis tokens count --at-most 8000 && echo fits")]
pub(crate) struct Count {
    /// Files, or `-` for standard input, which is also read when none is named
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) model: Model,
    /// End with status 1 when all inputs together have more tokens
    #[arg(long, value_name = "N")]
    pub(crate) at_most: Option<u64>,
}

/// Show the tokens of texts as numbers, a line for each input
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  echo 'hello world' | chrysalis tokens encode
  chrysalis tokens encode --special prompt.txt")]
pub(crate) struct Encode {
    /// Files, or `-` for standard input, which is also read when none is named
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) model: Model,
    /// Names of special tokens, such as <|endoftext|>, stand for those tokens
    #[arg(long)]
    pub(crate) special: bool,
}

/// Turn numbers back into the bytes they stand for
///
/// The numbers stand between spaces or in JSON arrays, on any number of lines.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  echo 24912 2375 | chrysalis tokens decode
  chrysalis tokens encode text.txt | chrysalis tokens decode | cmp - text.txt")]
pub(crate) struct Decode {
    /// A file, or `-` for standard input, which is also read when none is named
    #[arg(value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: Model,
}

/// Print the beginning of a text that fits a budget of tokens
///
/// It is the longest beginning of whole tokens and whole characters; with --ellipsis it ends with `...`, after a sentence or a line
/// where one ends near, and the dots are counted.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  chrysalis tokens truncate --budget 500 article.txt > start.txt
  chrysalis tokens truncate --budget 100 --ellipsis --json article.txt | jq -r .text")]
pub(crate) struct Truncate {
    /// A file, or `-` for standard input, which is also read when none is named
    #[arg(value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: Model,
    /// The most tokens
    #[arg(long, short, value_name = "N")]
    pub(crate) budget: usize,
    /// Show that something was cut off
    #[arg(long)]
    pub(crate) ellipsis: bool,
}
