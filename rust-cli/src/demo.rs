//! `chrysalis demo`: the whole of it in a minute, in a folder that is gone afterwards.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrysalis_crypto::{proof, random};
use chrysalis_journal::FileDisk;
use chrysalis_memory::memory::OpenOptions;
use chrysalis_memory::{Document, Identity, Memory, Query};
use serde_json::json;

use crate::entries::{HitView, highlighted};
use crate::errors::{CliError, Outcome};
use crate::output::{DIM, GOOD, Output, STRONG};
use crate::session::Session;

const ADA: &str = "\
# Bees

A honey bee that has found a rich meadow tells the others with a dance. The angle of the waggle run against
the vertical is the angle between the meadow and the sun, and its length is the distance.

# Hives

A colony keeps its brood at 35 degrees, in winter by shivering and in summer by fanning with wings.
";
const BOB: &str = "\
# Weather notes

Rain is expected on Thursday; move the hives under the roof before noon.
";
const QUESTION: &str = "how do bees tell each other where a meadow is";

/// Runs the demonstration.
///
/// # Errors
/// [`CliError::Demo`] when something does not come out as it must.
pub(crate) fn run(session: &mut Session) -> Result<Outcome, CliError> {
    let folder = tempfile::Builder::new()
        .prefix("chrysalis-demo-")
        .tempdir()
        .map_err(CliError::io(std::env::temp_dir()))?;
    let host = random::array::<16>()?;
    let store = folder.path().join("store");
    let open = |name: &str, store: &Path| -> Result<Memory, CliError> {
        let identity = Some(Arc::new(Identity::make(name)?));
        Ok(Memory::open(store, OpenOptions { identity, host, create: true, ..OpenOptions::default() })?)
    };
    let out = &mut session.out;

    step(out, 1, "Two agents, ada and bob, open one store and remember a document each.")?;
    let (ada, bob) = (open("ada", &store)?, open("bob", &store)?);
    let added = ada.remember_documents(&[Document::new("notes/bees.md", ADA)], None)?.ids.len()
        + bob.remember_documents(&[Document::new("notes/weather.md", BOB)], None)?.ids.len();
    told(out, format_args!("{added} passages are signed and on disk"))?;

    step(out, 2, "Bob asks something only ada has written about.")?;
    let answer = bob.recall(&Query { limit: 1, ..Query::new(QUESTION) })?;
    let hit = answer.hits.first().ok_or(CliError::Demo("the question found nothing"))?;
    if hit.entry.author != key(&ada)? {
        return Err(CliError::Demo("the answer is not by the one who wrote it"));
    }
    let view = HitView::new(hit, &bob.namespaces()?);
    if !out.is_json() {
        out.summary(format_args!("   {STRONG}? {QUESTION}{STRONG:#}"))?;
        out.summary(format_args!("   {}", view.entry.headline()))?;
        out.summary(highlighted(&hit.entry.note.text, &hit.matches))?;
    }
    bob.trust_add(hit.entry.author, Some("ada"))?;
    told(out, "the signer was unknown to bob; now bob trusts that key under the name ada")?;

    step(out, 3, "The answer comes with a proof that anyone can check, offline, without the store.")?;
    let mut bytes = bob.proof(&hit.entry.id)?;
    let verified = proof::verify(&bytes)?;
    if verified.proof.commit.writer.key != *hit.entry.author.as_bytes() {
        return Err(CliError::Demo("the proof names another author"));
    }
    told(out, format_args!("{} bytes, signed by {}", bytes.len(), hit.entry.author.to_short()))?;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let Err(error) = proof::verify(&bytes) else {
        return Err(CliError::Demo("a changed proof was believed"));
    };
    told(out, format_args!("with one bit of its text changed: {error}"))?;

    step(out, 4, "A second store learned something else; merged either way, the two agree.")?;
    let other = folder.path().join("other");
    let carol = open("carol", &other)?;
    carol.remember_documents(
        &[Document::new("plan.md", "The honey is sold at the market in June.\n")],
        None,
    )?;
    let go_on = &mut |_| ControlFlow::Continue(());
    let (here, there) = (bob.merge(&other, go_on)?.digest, carol.merge(&store, go_on)?.digest);
    if here != there {
        return Err(CliError::Demo("two merged stores differ"));
    }
    told(out, format_args!("one digest on both sides: {}…", &chrysalis_crypto::hex::encode(&here)[..16]))?;

    step(out, 5, "Somebody changes one byte of the store behind everybody's back.")?;
    drop((ada, bob, carol));
    let finding = tamper(&store)?;
    told(out, format_args!("found: {finding}"))?;

    let removed = folder.path().to_owned();
    folder.close().map_err(CliError::io(removed))?;
    let done = json!({"passages": added, "digest": chrysalis_crypto::hex::encode(&here), "finding": finding});
    out.result(&done, |out| {
        out.summary("")?;
        out.summary("All of it was in a temporary folder, which is gone. Next:")?;
        for (command, what) in [
            ("chrysalis remember docs", "remember every text below a folder"),
            ("chrysalis recall how do I install it", "ask"),
            ("chrysalis mcp --help", "connect an MCP client"),
        ] {
            out.summary(format_args!("  {STRONG}{command:<38}{STRONG:#} {DIM}{what}{DIM:#}"))?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn step(out: &mut Output, number: u8, what: &str) -> Result<(), CliError> {
    if out.is_json() { Ok(()) } else { out.summary(format_args!("{STRONG}{number}. {what}{STRONG:#}")) }
}

fn told(out: &mut Output, what: impl std::fmt::Display) -> Result<(), CliError> {
    if out.is_json() { Ok(()) } else { out.summary(format_args!("   {GOOD}✓{GOOD:#} {what}")) }
}

fn key(memory: &Memory) -> Result<chrysalis_memory::AgentKey, CliError> {
    memory.identity().map(Identity::public_key).ok_or(CliError::Demo("an agent has no key"))
}

/// Changes a byte in the middle of the first journal, and says what verifying finds.
fn tamper(store: &Path) -> Result<String, CliError> {
    let segment = first_segment(&store.join("writers"))?.ok_or(CliError::Demo("the store has no journal"))?;
    let mut bytes = fs::read(&segment).map_err(CliError::io(&segment))?;
    let middle = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) / 2;
    bytes[middle] ^= 0x20;
    fs::write(&segment, bytes).map_err(CliError::io(&segment))?;
    let report = chrysalis_journal::verify(&FileDisk::new(store), &mut |_| ControlFlow::Continue(()))?;
    let finding = report.findings.first().ok_or(CliError::Demo("a changed byte was not found"))?;
    let file = Path::new(&finding.file).file_name().unwrap_or_default().display();
    Ok(format!("{file} is damaged at byte {}: {}", finding.offset, finding.problem))
}

fn first_segment(folder: &Path) -> Result<Option<PathBuf>, CliError> {
    let mut paths = Vec::new();
    for journal in fs::read_dir(folder).map_err(CliError::io(folder))? {
        let journal = journal.map_err(CliError::io(folder))?.path();
        for file in fs::read_dir(&journal).map_err(CliError::io(&journal))? {
            paths.push(file.map_err(CliError::io(&journal))?.path());
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    Ok(paths.into_iter().next())
}
