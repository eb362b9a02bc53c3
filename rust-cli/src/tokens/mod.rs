//! `chrysalis tokens`: what rust-embedding says of tokens, for files and pipes.

pub(crate) mod args;

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};

use chrysalis_embedding::tokens::{Encoding, GrowingText, Special, SpecialNames, Tokenizer};
use serde_json::json;

use self::args::{Count, Decode, Encode, Model, TokensAction, Truncate};
use crate::errors::{CliError, Outcome};
use crate::printable::{bytes, harmless, one_line};
use crate::session::Session;

/// The most bytes of an input that is held in memory, and of a word that is counted.
const MAX_BYTES: usize = 16 << 20;
/// Bytes counted at a time.
const CHUNK: usize = 1 << 16;
/// Tokens decoded at a time: one has at most 128 bytes.
const DECODED: usize = 4096;

/// Why an input is refused. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InputProblem {
    /// Not UTF-8, from this byte on.
    NotUtf8 { at: u64 },
    /// Over the size that is held in memory.
    TooLarge,
    /// A stretch without an end that the tokenizer could see.
    LongWord,
    /// Something else than numbers of tokens.
    NotTokens { line: usize },
}

/// Runs the command.
///
/// # Errors
/// [`CliError::Tokens`] for an unknown model or number; [`CliError::Input`]; [`CliError::Io`].
pub(crate) fn run(session: &mut Session, action: &TokensAction) -> Result<Outcome, CliError> {
    match action {
        TokensAction::Count(args) => count(session, args),
        TokensAction::Encode(args) => encode(session, args),
        TokensAction::Decode(args) => decode(args),
        TokensAction::Truncate(args) => truncate(session, args),
    }
}

fn count(session: &mut Session, args: &Count) -> Result<Outcome, CliError> {
    let encoding = args.model.encoding()?;
    let mut total = 0;
    let mut inputs = Vec::new();
    for path in paths(&args.inputs) {
        let (tokens, bytes) = count_input(&path, encoding)?;
        total += tokens;
        inputs.push(json!({"path": path.display().to_string(), "tokens": tokens, "bytes": bytes}));
        if !session.out.is_json() && !args.inputs.is_empty() {
            session.out.line(format_args!("{tokens:>10}  {}", one_line(&path.display().to_string())))?;
        }
    }
    let value = json!({"encoding": encoding.name(), "tokens": total, "inputs": inputs});
    session.out.result(&value, |out| match args.inputs.len() {
        0 => out.line(total),
        1 => Ok(()),
        _ => out.line(format_args!("{total:>10}  total")),
    })?;
    Ok(if args.at_most.is_some_and(|most| total > most) { Outcome::Negative } else { Outcome::Done })
}

/// Tokens and bytes of an input, a chunk at a time.
fn count_input(path: &Path, encoding: Encoding) -> Result<(u64, u64), CliError> {
    let mut input = open(path)?;
    let refused = |problem| CliError::Input { place: place(path), problem };
    let mut text = GrowingText::new(encoding);
    let mut buffer = vec![0; CHUNK];
    // Bytes of a character whose end has not been read, at the beginning of the buffer; and bytes counted before it.
    let (mut held, mut at) = (0, 0_u64);
    loop {
        let read = read_some(&mut input, &mut buffer[held..]).map_err(CliError::io(path))?;
        let filled = held + read;
        let valid = match str::from_utf8(&buffer[..filled]) {
            Ok(chunk) => chunk.len(),
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(error) => return Err(refused(InputProblem::NotUtf8 { at: at + error.valid_up_to() as u64 })),
        };
        if read == 0 {
            return Ok((text.count() as u64, at));
        }
        text.append(str::from_utf8(&buffer[..valid]).expect("what is valid was told above"));
        if text.unsettled_bytes() > MAX_BYTES {
            return Err(refused(InputProblem::LongWord));
        }
        buffer.copy_within(valid..filled, 0);
        held = filled - valid;
        at += valid as u64;
    }
}

fn encode(session: &mut Session, args: &Encode) -> Result<Outcome, CliError> {
    let tokenizer = args.model.encoding()?.tokenizer();
    let special = if args.special { Special::Allow(SpecialNames::All) } else { Special::Ordinary };
    for path in paths(&args.inputs) {
        let text = read_text(&path)?;
        let tokens = tokenizer.encode_with(&text, special);
        let tokens = tokens.map_err(|error| CliError::Tokens { place: place(&path), error })?;
        if session.out.is_json() {
            let path = path.display().to_string();
            let encoding = tokenizer.encoding().name();
            session.out.json(
                &json!({"path": path, "encoding": encoding, "count": tokens.len(), "tokens": tokens}),
            )?;
            continue;
        }
        let mut out = io::BufWriter::new(io::stdout().lock());
        let mut separator = "";
        for token in tokens {
            write!(out, "{separator}{token}").map_err(CliError::Output)?;
            separator = " ";
        }
        writeln!(out).and_then(|()| out.flush()).map_err(CliError::Output)?;
    }
    Ok(Outcome::Done)
}

fn decode(args: &Decode) -> Result<Outcome, CliError> {
    let tokenizer = args.model.encoding()?.tokenizer();
    let path = args.input.clone().unwrap_or_else(|| PathBuf::from("-"));
    let tokens = parse_tokens(&read_text(&path)?)
        .map_err(|problem| CliError::Input { place: place(&path), problem })?;
    // Nothing is written of what cannot be decoded whole.
    check_tokens(tokenizer, &tokens).map_err(|error| CliError::Tokens { place: place(&path), error })?;
    let stdout = io::stdout();
    let to_terminal = stdout.is_terminal();
    let mut out = stdout.lock();
    if to_terminal {
        let text = decoded(tokenizer, &tokens)?;
        let shown = harmless(&String::from_utf8_lossy(&text)).into_owned();
        writeln!(out, "{shown}").map_err(CliError::Output)?;
    } else {
        for part in tokens.chunks(DECODED) {
            out.write_all(&decoded(tokenizer, part)?).map_err(CliError::Output)?;
        }
    }
    out.flush().map_err(CliError::Output)?;
    Ok(Outcome::Done)
}

fn truncate(session: &mut Session, args: &Truncate) -> Result<Outcome, CliError> {
    let tokenizer = args.model.encoding()?.tokenizer();
    let path = args.input.clone().unwrap_or_else(|| PathBuf::from("-"));
    let text = read_text(&path)?;
    let head = if args.ellipsis {
        tokenizer.truncate_to_tokens(&text, args.budget)
    } else {
        tokenizer.split_at_tokens(&text, args.budget).0.to_owned()
    };
    if session.out.is_json() {
        let value = json!({
            "encoding": tokenizer.encoding().name(),
            "tokens": tokenizer.count(&head),
            "truncated": head.len() < text.len() || head != text,
            "text": head,
        });
        session.out.json(&value)?;
        return Ok(Outcome::Done);
    }
    let stdout = io::stdout();
    if stdout.is_terminal() {
        writeln!(stdout.lock(), "{}", harmless(&head)).map_err(CliError::Output)?;
    } else {
        stdout.lock().write_all(head.as_bytes()).map_err(CliError::Output)?;
    }
    Ok(Outcome::Done)
}

impl Model {
    fn encoding(&self) -> Result<Encoding, CliError> {
        Encoding::for_model(&self.model)
            .map_err(|error| CliError::Tokens { place: "--model".to_owned(), error })
    }
}

impl InputProblem {
    /// The stable name.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "cli/input-not-text",
            Self::TooLarge | Self::LongWord => "cli/input-too-large",
            Self::NotTokens { .. } => "cli/input-not-tokens",
        }
    }
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = bytes(MAX_BYTES as u64);
        match self {
            Self::NotUtf8 { at } => write!(f, "not UTF-8 from byte {at} on"),
            Self::TooLarge => write!(f, "over the limit of {limit}"),
            Self::LongWord => write!(f, "more than {limit} that are one word to the tokenizer"),
            Self::NotTokens { line } => write!(f, "line {line} holds something else than numbers of tokens"),
        }
    }
}

/// The numbers in a text: between spaces, or lines of JSON arrays.
fn parse_tokens(text: &str) -> Result<Vec<u32>, InputProblem> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = InputProblem::NotTokens { line: number + 1 };
        if line.trim_start().starts_with('[') {
            tokens.extend(serde_json::from_str::<Vec<u32>>(line).map_err(|_| wrong)?);
            continue;
        }
        for token in line.split_ascii_whitespace() {
            let is_number = token.bytes().all(|byte| byte.is_ascii_digit());
            tokens.push(token.parse().ok().filter(|_| is_number).ok_or(wrong)?);
        }
    }
    Ok(tokens)
}

fn check_tokens(
    tokenizer: &Tokenizer,
    tokens: &[u32],
) -> Result<(), chrysalis_embedding::tokens::TokenError> {
    use chrysalis_embedding::tokens::TokenError;
    for (part, tokens) in tokens.chunks(DECODED).enumerate() {
        tokenizer.decode_bytes(tokens).map_err(|error| match error {
            TokenError::UnknownToken { index } => TokenError::UnknownToken { index: part * DECODED + index },
            error => error,
        })?;
    }
    Ok(())
}

fn decoded(tokenizer: &Tokenizer, tokens: &[u32]) -> Result<Vec<u8>, CliError> {
    tokenizer.decode_bytes(tokens).map_err(|error| CliError::Tokens { place: "-".to_owned(), error })
}

fn paths(named: &[PathBuf]) -> Vec<PathBuf> {
    if named.is_empty() { vec![PathBuf::from("-")] } else { named.to_vec() }
}

fn place(path: &Path) -> String {
    one_line(&path.display().to_string()).into_owned()
}

fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    Ok(if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(CliError::io(path))?)
    })
}

fn read_text(path: &Path) -> Result<String, CliError> {
    let refused = |problem| CliError::Input { place: place(path), problem };
    let mut bytes = Vec::new();
    open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(CliError::io(path))?;
    if bytes.len() > MAX_BYTES {
        return Err(refused(InputProblem::TooLarge));
    }
    String::from_utf8(bytes)
        .map_err(|error| refused(InputProblem::NotUtf8 { at: error.utf8_error().valid_up_to() as u64 }))
}

fn read_some(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_strictly() {
        assert_eq!(parse_tokens("1 2\n\n[3,4]\n 5\t6 ").unwrap(), [1, 2, 3, 4, 5, 6]);
        assert!(parse_tokens("").unwrap().is_empty());
        for (text, line) in [
            ("1\nx", 2),
            ("+1", 1),
            ("1,2", 1),
            ("-1", 1),
            ("[1", 1),
            ("[1] 2", 1),
            ("99999999999", 1),
            ("1.0", 1),
        ] {
            assert_eq!(parse_tokens(text), Err(InputProblem::NotTokens { line }), "{text}");
        }
    }

    #[test]
    fn chunks_count_as_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        // Characters of every length, across the border of the first chunk.
        for shift in 0..8 {
            let text =
                "x".repeat(CHUNK - 4 - shift) + "é€🐝 und so weiter, 1234567\n\n" + &"wörter ".repeat(20_000);
            std::fs::write(&path, &text).unwrap();
            let expected = Encoding::O200kBase.tokenizer().count(&text) as u64;
            assert_eq!(count_input(&path, Encoding::O200kBase).unwrap(), (expected, text.len() as u64));
        }
        std::fs::write(&path, b"abc\xf0\x9f").unwrap();
        let error = count_input(&path, Encoding::O200kBase).unwrap_err();
        assert!(error.to_string().contains("byte 3"), "{error}");
    }
}
