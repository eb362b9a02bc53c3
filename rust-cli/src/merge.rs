//! `chrysalis merge`.

use std::ops::ControlFlow;

use chrysalis_crypto::hex;
use chrysalis_journal::{Damage, JournalError};
use chrysalis_memory::{AgentKey, MemoryError, Merged};
use serde_json::json;

use crate::args::Merge;
use crate::errors::{CliError, Outcome};
use crate::interrupt;
use crate::output::STRONG;
use crate::printable::{count, one_line};
use crate::session::Session;

/// Takes in another store.
///
/// # Errors
/// As [`chrysalis_memory::Memory::merge`]; what was taken in before stays.
pub(crate) fn run(session: &mut Session, args: &Merge) -> Result<Outcome, CliError> {
    // Looked for first, so that a mistyped name does not make a store of one's own.
    args.other.metadata().map_err(CliError::io(&args.other))?;
    interrupt::watch();
    let memory = session.open_writing()?;
    let bar = session.out.progress(None, "commits");
    let merged = memory.merge(&args.other, &mut |progress| {
        bar.set_position(progress.commits);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let taken = bar.position();
    bar.finish_and_clear();
    match merged {
        Err(MemoryError::Cancelled) => {
            let value = json!({"commits": taken, "interrupted": true});
            session
                .out
                .result(&value, |out| out.summary("stopped as asked; what was taken in by now stays"))?;
            Ok(Outcome::Interrupted)
        }
        // The store of one's own is open by now: what is no store is the other.
        Err(MemoryError::Journal(error @ JournalError::NotAStore { .. })) => {
            Err(CliError::Store { path: args.other.clone(), error })
        }
        merged => report(session, &merged?),
    }
}

fn report(session: &mut Session, merged: &Merged) -> Result<Outcome, CliError> {
    let writer = |key: &[u8; 32], incarnation: u64| format!("{}-{incarnation:016x}", hex::encode(key));
    let refusals = merged.refusals.iter().map(|refusal| {
        json!({
            "writer": writer(&refusal.writer.key, refusal.writer.incarnation),
            "sequence": refusal.sequence,
            "reason": refusal.reason,
        })
    });
    let forks = merged.forks.iter().map(|fork| {
        json!({
            "writer": writer(&fork.writer.key, fork.writer.incarnation),
            "commits": fork.commits.map(|commit| hex::encode(&commit)),
        })
    });
    let damage = merged
        .damage
        .iter()
        .map(|damage| json!({"code": damage.error.code(), "message": damage.error.to_string()}));
    let value = json!({
        "commits": merged.commits,
        "records": merged.records,
        "withheld": merged.withheld,
        "refused": merged.refused,
        "refusals": refusals.collect::<Vec<_>>(),
        "damage": damage.collect::<Vec<_>>(),
        "forks": forks.collect::<Vec<_>>(),
        "digest": hex::encode(&merged.digest),
        "interrupted": false,
    });
    session.out.result(&value, |out| {
        let (commits, records) =
            (count(merged.commits, "commit", "commits"), count(merged.records, "record", "records"));
        out.summary(format_args!("merged {commits} with {records}"))?;
        if merged.withheld > 0 {
            let withheld = count(merged.withheld, "record is", "records are");
            out.summary(format_args!("{withheld} private there; only the leaves came over"))?;
        }
        for refusal in &merged.refusals {
            let key = AgentKey::from_bytes(refusal.writer.key).to_short();
            out.warn(format_args!("refused commit {} of {key}: {}", refusal.sequence, refusal.reason));
        }
        let unnamed = merged.refused - merged.refusals.len() as u64;
        if unnamed > 0 {
            out.warn(format_args!("refused {unnamed} more"));
        }
        for damage in &merged.damage {
            let error = damage.error.to_string();
            out.warn(format_args!(
                "in the other store: {}; what follows there did not come over",
                one_line(&error)
            ));
        }
        for fork in &merged.forks {
            let key = AgentKey::from_bytes(fork.writer.key);
            out.warn(format_args!("{key} signed two different histories; its entries are marked as forked"));
        }
        out.summary(format_args!("digest {STRONG}{}{STRONG:#}", hex::encode(&merged.digest)))
    })?;
    Ok(outcome(&merged.damage))
}

/// What came over stays; what did not is damaged there, or cannot even be read.
fn outcome(damage: &[Damage]) -> Outcome {
    if damage.is_empty() {
        Outcome::Done
    } else if damage.iter().all(|damage| matches!(damage.error, JournalError::Corrupt { .. })) {
        Outcome::Negative
    } else {
        Outcome::Partial
    }
}
