//! Tokens beside tiktoken and bpe, and what a request to a provider costs.
//!
//! `peers-embedding tokens ROUNDS DIR` reads the texts below DIR, `peers-embedding requests BASE IN_FLIGHT` measures requests to the
//! server at BASE; both print JSON. `peers-embedding serve` answers as OpenAI does until its input ends; its first line is its base.
use std::path::Path;

mod requests;
mod tokens;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments[..] {
        ["tokens", rounds, dir] => tokens::measure(rounds.parse()?, Path::new(dir))?,
        ["requests", base, in_flight] => requests::measure(base, in_flight.parse()?)?,
        ["serve"] => return requests::serve(),
        _ => return Err("usage: peers-embedding tokens ROUNDS DIR | requests BASE IN_FLIGHT | serve".into()),
    };
    println!("{figures}");
    Ok(())
}
