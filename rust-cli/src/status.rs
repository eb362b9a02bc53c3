//! `chrysalis status`.

use chrysalis_crypto::hex;
use chrysalis_memory::AgentKey;
use serde_json::json;

use crate::errors::{CliError, Outcome};
use crate::output::{DIM, STRONG};
use crate::printable::{count, one_line};
use crate::session::Session;

/// Shows what the store holds.
///
/// # Errors
/// As [`chrysalis_memory::Memory::open`].
pub(crate) fn run(session: &mut Session) -> Result<Outcome, CliError> {
    let memory = session.open_reading()?;
    let stats = memory.stats()?;
    let digest = hex::encode(&memory.digest()?);
    let frontier = memory.store().frontier()?;
    let forks = memory.forks()?;
    let damage = memory.store().damage();
    let trust = memory.trust();
    let name = |key: &AgentKey| {
        let said = trust.of(key).and_then(|statement| statement.name.clone());
        said.or_else(|| {
            memory.identity().filter(|own| own.public_key() == *key).map(|own| own.name().to_owned())
        })
    };
    let store = session.store.display().to_string();
    let value = json!({
        "store": store,
        "entries": stats.entries,
        "records": stats.records,
        "withheld": stats.withheld,
        "commits": stats.commits,
        "writers": stats.writers,
        "authors": stats.authors.iter().map(|(key, entries)| json!({
            "key": key.to_string(), "name": name(key), "entries": entries,
        })).collect::<Vec<_>>(),
        "digest": digest,
        "frontier": frontier.iter().map(|(writer, (sequence, commit))| json!({
            "writer": format!("{}-{:016x}", hex::encode(&writer.key), writer.incarnation),
            "sequence": sequence,
            "commit": hex::encode(commit),
        })).collect::<Vec<_>>(),
        "forks": forks.iter().map(|fork| json!({
            "writer": format!("{}-{:016x}", hex::encode(&fork.writer.key), fork.writer.incarnation),
            "commits": fork.commits.map(|commit| hex::encode(&commit)),
        })).collect::<Vec<_>>(),
        "damage": damage.iter().map(|damage| damage.error.to_string()).collect::<Vec<_>>(),
    });
    session.out.result(&value, |out| {
        out.line(format_args!("{STRONG}{}{STRONG:#}", one_line(&store)))?;
        let entries = count(stats.entries, "live entry", "live entries");
        let (records, commits) =
            (count(stats.records, "record", "records"), count(stats.commits, "commit", "commits"));
        let journals = count(stats.writers, "journal", "journals");
        out.line(format_args!(
            "{entries}, {records} in {commits} of {journals}, {} withheld",
            stats.withheld
        ))?;
        for (key, entries) in &stats.authors {
            let name = name(key).unwrap_or_else(|| "(no name)".to_owned());
            let entries = count(*entries, "entry", "entries");
            out.line(format_args!("  {key}  {}  {entries}", one_line(&name)))?;
        }
        out.line(format_args!("digest {STRONG}{digest}{STRONG:#}"))?;
        for (writer, (sequence, commit)) in &frontier {
            let key = AgentKey::from_bytes(writer.key).to_short();
            let commit = &hex::encode(commit)[..12];
            out.line(format_args!(
                "{DIM}  {key}-{:016x} up to {sequence} ({commit}){DIM:#}",
                writer.incarnation
            ))?;
        }
        for fork in &forks {
            let key = AgentKey::from_bytes(fork.writer.key);
            out.warn(format_args!("{key} signed two different histories"));
        }
        for damage in &damage {
            out.warn(format_args!("{}; run `chrysalis verify`", damage.error));
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}
