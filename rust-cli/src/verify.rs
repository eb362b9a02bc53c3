//! `chrysalis verify` and `chrysalis verify-proof`.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use chrysalis_crypto::commit::MAX_CONTENT_LENGTH;
use chrysalis_crypto::proof::{self, VerifiedRecord};
use chrysalis_crypto::{CryptoError, hex};
use chrysalis_journal::verify::Finding;
use chrysalis_journal::{FileDisk, VerifyReport};
use chrysalis_memory::note::KIND_REMEMBER;
use chrysalis_memory::{AgentKey, EntryId, Note};
use serde_json::{Value, json};

use crate::args::VerifyProof;
use crate::errors::{CliError, Outcome};
use crate::interrupt;
use crate::output::{BAD, DIM, GOOD};
use crate::printable::{bytes, count, harmless, one_line, time};
use crate::session::Session;

/// More than any proof has: its content and everything around it.
const MAX_PROOF_BYTES: u64 = MAX_CONTENT_LENGTH as u64 + (1 << 20);

/// Checks every byte of the store. Changes nothing, also where the store could be recovered.
///
/// # Errors
/// As [`chrysalis_memory::verify`]; damage is no error.
pub(crate) fn run(session: &mut Session) -> Result<Outcome, CliError> {
    interrupt::watch();
    let report = check(session)?;
    let finding = |finding: &Finding| json!({"file": finding.file, "offset": finding.offset, "problem": finding.problem});
    let value = json!({
        "sound": report.is_sound(),
        "journals": report.journals,
        "commits": report.commits,
        "records": report.records,
        "erased": report.erased,
        "withheld": report.withheld,
        "bytes": report.bytes,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "unfinished": report.unfinished.iter().map(finding).collect::<Vec<_>>(),
        "interrupted": report.is_stopped,
    });
    session.out.result(&value, |out| {
        for finding in &report.findings {
            let (file, problem) = (one_line(&finding.file), finding.problem);
            out.line(format_args!("{BAD}damaged{BAD:#}  {file} at byte {}: {problem}", finding.offset))?;
        }
        for finding in &report.unfinished {
            let file = one_line(&finding.file);
            out.note(format_args!(
                "{file} at byte {}: a write a crash cut short; nothing acknowledged is lost",
                finding.offset
            ));
        }
        let style = if report.is_sound() { GOOD } else { BAD };
        out.summary(format_args!("{style}{}{style:#}", summary(&report)))?;
        if !report.findings.is_empty() {
            out.note("nothing was changed; merge an undamaged copy of the store to get back what is missing");
        }
        Ok(())
    })?;
    Ok(match (report.is_stopped, report.findings.is_empty()) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Negative,
    })
}

/// The check itself, with progress on the terminal.
///
/// # Errors
/// As [`chrysalis_memory::verify`].
pub(crate) fn check(session: &Session) -> Result<VerifyReport, CliError> {
    let bar = session.out.progress(None, "bytes checked");
    let report = chrysalis_memory::verify(&FileDisk::new(&session.store), &mut |checked| {
        bar.set_position(checked);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    report.map_err(CliError::store(&session.store))
}

/// What was checked, in one line.
pub(crate) fn summary(report: &VerifyReport) -> String {
    let state = match (report.is_stopped, report.findings.len()) {
        (true, _) => "stopped as asked".to_owned(),
        (false, 0) => "sound".to_owned(),
        (false, found) => count(found as u64, "damaged place", "damaged places"),
    };
    format!(
        "{state}: {} with {} in {}, {}",
        count(report.commits, "commit", "commits"),
        count(report.records, "record", "records"),
        count(report.journals, "journal", "journals"),
        bytes(report.bytes),
    )
}

/// Checks proof files, with nothing but them.
///
/// Each file is answered in turn, as one line of JSON where that was asked for, also one that cannot be read.
///
/// # Errors
/// [`CliError::Io`] for the first file that cannot be read, at the end. A proof that does not hold is no error.
pub(crate) fn proofs(session: &mut Session, args: &VerifyProof) -> Result<Outcome, CliError> {
    let mut outcome = Outcome::Done;
    let mut first_unread = None;
    for file in &args.files {
        let name = file.display().to_string();
        let bytes = match read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                refused(session, &name, "cannot be read", error.code(), &error)?;
                first_unread.get_or_insert(error);
                continue;
            }
        };
        match bytes.and_then(|bytes| proof::verify(&bytes)) {
            Ok(verified) => {
                let (value, note) = describe(&name, &verified);
                session.out.result(&value, |out| {
                    out.line(format_args!("{GOOD}holds{GOOD:#}  {}", one_line(&name)))?;
                    let key = AgentKey::from_bytes(verified.proof.commit.writer.key);
                    out.line(format_args!("{DIM}author{DIM:#}  {key}"))?;
                    out.line(format_args!("{DIM}    id{DIM:#}  {}", EntryId::from_bytes(verified.leaf)))?;
                    out.line(format_args!("{DIM}  time{DIM:#}  {}", time(time_ms(&verified))))?;
                    let Some(note) = note else {
                        return out.line("(a record of another kind, without text)");
                    };
                    if let Some(source) = &note.source {
                        let line = note
                            .place
                            .as_ref()
                            .map(|place| format!(":{}", place.lines.0))
                            .unwrap_or_default();
                        out.line(format_args!("{DIM}source{DIM:#}  {}{line}", one_line(source)))?;
                    }
                    out.line("")?;
                    out.line(harmless(note.text.trim_end()))
                })?;
            }
            Err(error) => {
                outcome = Outcome::Negative;
                refused(session, &name, "does not hold", error.code(), &error)?;
            }
        }
    }
    match first_unread {
        Some(error) => Err(error),
        None => Ok(outcome),
    }
}

fn refused(
    session: &mut Session,
    name: &str,
    what: &str,
    code: &str,
    error: &dyn Display,
) -> Result<(), CliError> {
    let value = json!({"file": name, "valid": false, "error": {"code": code, "message": error.to_string()}});
    session.out.result(&value, |out| {
        let message = error.to_string();
        out.line(format_args!("{BAD}{what}{BAD:#}  {}: {} [{code}]", one_line(name), one_line(&message)))
    })
}

/// The bytes of a proof file; one that is too long to be a proof is refused before it is read.
fn read(file: &Path) -> Result<Result<Vec<u8>, CryptoError>, CliError> {
    let opened = File::open(file).map_err(CliError::io(file))?;
    let mut bytes = Vec::new();
    opened.take(MAX_PROOF_BYTES + 1).read_to_end(&mut bytes).map_err(CliError::io(file))?;
    Ok(if bytes.len() as u64 > MAX_PROOF_BYTES {
        Err(CryptoError::Malformed("proof length"))
    } else {
        Ok(bytes)
    })
}

fn describe(name: &str, verified: &VerifiedRecord) -> (Value, Option<Note>) {
    let commit = &verified.proof.commit;
    let is_text = verified.proof.record.kind == KIND_REMEMBER && verified.proof.record.key_epoch == 0;
    let note = is_text.then(|| Note::from_bytes(&verified.proof.content)).flatten();
    let value = json!({
        "file": name,
        "valid": true,
        "author": hex::encode(&commit.writer.key),
        "id": hex::encode(&verified.leaf),
        "writer": format!("{}-{:016x}", hex::encode(&commit.writer.key), commit.writer.incarnation),
        "sequence": verified.sequence,
        "commit": hex::encode(&verified.commit_hash),
        "time_ms": time_ms(verified),
        "text": note.as_ref().map(|note| &note.text),
        "source": note.as_ref().and_then(|note| note.source.as_ref()),
        "lines": note.as_ref().and_then(|note| note.place.as_ref()).map(|place| [place.lines.0, place.lines.1]),
    });
    (value, note)
}

/// No record is later than the commit that carries it, whatever it says.
fn time_ms(verified: &VerifiedRecord) -> u64 {
    chrysalis_crdt::Stamp::from_bits(verified.proof.record.time.min(verified.proof.commit.time)).ms()
}
