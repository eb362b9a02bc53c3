//! `chrysalis reembed`, and the vectors that other commands make on their way.

use std::ops::ControlFlow;

use chrysalis_crypto::hex;
use chrysalis_memory::{Coverage, Memory, MemoryError};
use serde_json::json;

use crate::args::Reembed;
use crate::errors::{CliError, Outcome};
use crate::interrupt;
use crate::printable::count;
use crate::session::Session;

/// Makes the vectors that the store lacks in the space of the model, and removes those of other models where that was asked for.
///
/// # Errors
/// [`CliError::NoModel`]; as [`Memory::embed_pending`]. What was made stays.
pub(crate) fn run(session: &mut Session, args: &Reembed) -> Result<Outcome, CliError> {
    if session.profile.model().is_none() {
        return Err(CliError::NoModel);
    }
    interrupt::watch();
    let memory = session.open_embedding()?;
    let before = memory.coverage()?;
    let after = embed(session, &memory)?;
    let others: Vec<[u8; 32]> = memory.spaces()?.into_iter().filter(|space| *space != after.space).collect();
    let mut removed = 0;
    if args.prune && after.is_complete() {
        for space in &others {
            removed += u64::from(memory.remove_space(space)?);
        }
    }
    let made = after.embedded.saturating_sub(before.embedded);
    let value = json!({
        "space": hex::encode(&after.space),
        "entries": after.entries,
        "embedded": after.embedded,
        "made": made,
        "other_spaces": others.len() as u64 - removed,
        "removed_spaces": removed,
        "interrupted": interrupt::requested(),
    });
    session.out.result(&value, |out| {
        let entries = count(after.entries, "entry has", "entries have");
        let vectors = count(made, "was made", "were made");
        out.summary(format_args!("{} of {entries} vectors of this model; {vectors} now", after.embedded))?;
        match (others.len() as u64, removed) {
            (0, _) => Ok(()),
            (others, 0) => out.summary(format_args!(
                "{} of other models kept; `chrysalis reembed --prune` removes them",
                count(others, "set of vectors", "sets of vectors")
            )),
            (_, removed) => out.summary(format_args!(
                "removed {}",
                count(removed, "set of vectors of another model", "sets of vectors of other models")
            )),
        }
    })?;
    Ok(if interrupt::requested() { Outcome::Interrupted } else { Outcome::Done })
}

/// Makes the vectors that are missing, with progress. Ctrl-C stops between two batches.
///
/// # Errors
/// As [`Memory::embed_pending`].
pub(crate) fn embed(session: &Session, memory: &Memory) -> Result<Coverage, CliError> {
    let bar = session.out.progress(Some(memory.coverage()?.entries), "passages embedded");
    let coverage = memory.embed_pending(&mut |coverage| {
        bar.set_length(coverage.entries);
        bar.set_position(coverage.embedded);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    Ok(coverage?)
}

/// [`embed`] after something was remembered, which is on disk: what goes wrong here is told, and changes nothing of that.
pub(crate) fn embed_remembered(session: &Session, memory: &Memory) {
    if interrupt::requested() {
        return;
    }
    match embed(session, memory) {
        Ok(_) | Err(CliError::Memory(MemoryError::NoEmbedder)) => {}
        Err(error) => {
            session.out.warn(format_args!("no vectors were made, so that only words find it: {error}"));
        }
    }
}
