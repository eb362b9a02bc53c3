//! `chrysalis forget`.

use chrysalis_memory::{EntryId, MemoryError};
use serde_json::json;

use crate::args::Forget;
use crate::entries::EntryView;
use crate::errors::{CliError, Outcome};
use crate::printable::{count, one_line};
use crate::session::Session;

/// How much of a text is shown before asking.
const EXCERPT_CHARS: usize = 60;

/// Forgets entries, after asking.
///
/// # Errors
/// As [`chrysalis_memory::Memory::forget`]; [`CliError::NotConfirmed`].
pub(crate) fn run(session: &mut Session, args: &Forget) -> Result<Outcome, CliError> {
    let memory = session.open_existing()?;
    if memory.identity().is_none() {
        let path = session.profile.key_file(&session.agent)?;
        return Err(MemoryError::IdentityMissing(path).into());
    }
    let mut ids: Vec<EntryId> = args.ids.iter().map(|id| memory.resolve(id)).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    if !args.yes {
        // Before anything is shown: what stands on standard error then is the error alone.
        if !session.out.can_ask() {
            return Err(CliError::NotConfirmed);
        }
        let namespaces = memory.namespaces()?;
        for id in &ids {
            let entry = EntryView::new(&memory.entry(id)?, &namespaces);
            let excerpt: String = entry.text.chars().take(EXCERPT_CHARS).collect();
            session.out.note(format_args!(
                "{}  {}  {}",
                entry.short_id(),
                entry.location(),
                one_line(&excerpt)
            ));
        }
        let question = format!("Forget {} for good?", count(ids.len() as u64, "entry", "entries"));
        if !session.out.confirm(question)? {
            session.out.note("nothing was forgotten");
            return Ok(Outcome::Done);
        }
    }
    let forgotten = memory.forget(&ids)?;
    let report = json!({
        "entries": forgotten.entries,
        "erased": forgotten.erased,
        "pending": forgotten.pending,
        "ids": ids.iter().map(EntryId::to_string).collect::<Vec<_>>(),
    });
    session.out.result(&report, |out| {
        out.summary(format_args!(
            "forgot {}; {} erased from this store",
            count(forgotten.entries, "entry", "entries"),
            count(forgotten.erased, "record", "records"),
        ))?;
        if forgotten.pending > 0 {
            let records = count(forgotten.pending, "record", "records");
            out.note(format_args!(
                "{records} are held by another process, which erases them at its next call"
            ));
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}
