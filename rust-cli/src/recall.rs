//! `chrysalis recall` and `chrysalis show`.

use std::fs;
use std::path::{Path, PathBuf};

use chrysalis_crypto::hex;
use chrysalis_memory::{Answer, EntryId, Hit, Memory, Query};
use serde::Serialize;
use serde_json::json;

use crate::args::{Recall, Show};
use crate::entries::{EntryView, HitView, highlighted};
use crate::errors::{CliError, Outcome};
use crate::output::{DIM, Output};
use crate::printable::{harmless, one_line, parse_time, rfc3339, time};
use crate::session::{self, Session};

/// An answer as `--json` gives it.
#[derive(Serialize)]
struct AnswerView {
    query: String,
    as_of_ms: u64,
    as_of: Option<String>,
    frontier: Vec<serde_json::Value>,
    /// The vectors that had a part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    semantic: Option<serde_json::Value>,
    hits: Vec<serde_json::Value>,
}

/// Finds what was remembered.
///
/// # Errors
/// As [`Memory::recall`]; [`CliError::Io`] when a proof cannot be written.
pub(crate) fn run(session: &mut Session, args: &Recall) -> Result<Outcome, CliError> {
    let memory = if args.words_only { session.open_reading() } else { session.open_recalling() }?;
    let query = to_query(&memory, args)?;
    let answer = memory.recall(&query)?;
    if let Some(coverage) = answer.semantic.filter(|coverage| !coverage.is_complete()) {
        session.out.note(format_args!(
            "{} of {} entries have vectors, the others are found by their words alone; `chrysalis reembed` makes the rest",
            coverage.embedded, coverage.entries
        ));
    }
    for damage in memory.store().damage() {
        session.out.warn(format_args!("{}; what follows there is not searched", damage.error));
    }
    let namespaces = memory.namespaces()?;
    let proofs = match &args.proof {
        Some(folder) => write_proofs(&memory, &answer, folder)?,
        None => Vec::new(),
    };
    let hits: Vec<HitView> = answer.hits.iter().map(|hit| HitView::new(hit, &namespaces)).collect();
    if session.out.is_json() {
        session.out.json(&view(args, &answer, &hits, &proofs)?)?;
    } else {
        for (rank, (hit, view)) in answer.hits.iter().zip(&hits).enumerate() {
            print_hit(&mut session.out, rank + 1, hit, view, args.explain)?;
        }
        if hits.is_empty() {
            session.out.note("nothing was found");
        }
        if let Some(folder) = args.proof.as_ref().filter(|_| !proofs.is_empty()) {
            let folder = folder.display().to_string();
            session.out.note(format_args!(
                "proofs are in {}; check them with `chrysalis verify-proof`",
                one_line(&folder)
            ));
        }
    }
    Ok(if hits.is_empty() { Outcome::Negative } else { Outcome::Done })
}

/// Shows one entry whole.
///
/// # Errors
/// As [`Memory::resolve`] and [`Memory::entry`].
pub(crate) fn show(session: &mut Session, args: &Show) -> Result<Outcome, CliError> {
    let memory = session.open_reading()?;
    let id = memory.resolve(&args.id)?;
    let entry = EntryView::new(&memory.entry(&id)?, &memory.namespaces()?);
    if let Some(file) = &args.proof {
        fs::write(file, memory.proof(&id)?).map_err(CliError::io(file))?;
    }
    session.out.result(&entry, |out| {
        out.line(entry.headline())?;
        for (name, value) in details(&entry) {
            out.line(format_args!("{DIM}{name:>10}{DIM:#}  {}", one_line(&value)))?;
        }
        out.line("")?;
        out.line(harmless(entry.text.trim_end_matches('\n')))
    })?;
    Ok(Outcome::Done)
}

fn to_query(memory: &Memory, args: &Recall) -> Result<Query, CliError> {
    let time = |text: &Option<String>| text.as_deref().map(parse_time).transpose();
    Ok(Query {
        limit: args.limit,
        namespace: args.namespace.clone(),
        author: args.author.as_deref().map(|author| session::author(memory, author)).transpose()?,
        tags: args.tags.clone(),
        source_prefix: args.source_prefix.clone(),
        since_ms: time(&args.since)?,
        until_ms: time(&args.until)?,
        as_of_ms: time(&args.as_of)?,
        trusted_only: args.trusted_only,
        include_revoked: args.include_revoked,
        words_only: args.words_only,
        ..Query::new(args.query.join(" "))
    })
}

fn write_proofs(memory: &Memory, answer: &Answer, folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    fs::create_dir_all(folder).map_err(CliError::io(folder))?;
    let write = |id: &EntryId| {
        let path = folder.join(format!("{id}.proof"));
        fs::write(&path, memory.proof(id)?).map_err(CliError::io(&path))?;
        Ok(path)
    };
    answer.hits.iter().map(|hit| write(&hit.entry.id)).collect()
}

fn view(
    args: &Recall,
    answer: &Answer,
    hits: &[HitView],
    proofs: &[PathBuf],
) -> Result<AnswerView, CliError> {
    let mut shown = Vec::with_capacity(hits.len());
    for (index, hit) in hits.iter().enumerate() {
        let mut value = serde_json::to_value(hit).map_err(|error| CliError::Output(error.into()))?;
        if args.explain {
            value["channels"] = channels(&answer.hits[index]);
        }
        if let Some(path) = proofs.get(index) {
            value["proof"] = path.display().to_string().into();
        }
        shown.push(value);
    }
    let frontier = answer.frontier.iter().map(|(writer, (sequence, commit))| {
        json!({
            "writer": format!("{}-{:016x}", hex::encode(&writer.key), writer.incarnation),
            "sequence": sequence,
            "commit": hex::encode(commit),
        })
    });
    Ok(AnswerView {
        query: args.query.join(" "),
        as_of_ms: answer.as_of_ms,
        as_of: rfc3339(answer.as_of_ms),
        frontier: frontier.collect(),
        semantic: answer.semantic.map(|coverage| {
            json!({"space": hex::encode(&coverage.space), "embedded": coverage.embedded, "entries": coverage.entries})
        }),
        hits: shown,
    })
}

fn print_hit(
    out: &mut Output,
    rank: usize,
    hit: &Hit,
    view: &HitView,
    explain: bool,
) -> Result<(), CliError> {
    if rank > 1 {
        out.line("")?;
    }
    out.line(format_args!("{rank}. {}", view.entry.headline()))?;
    if !view.entry.headings.is_empty() {
        out.line(format_args!("   {DIM}{}{DIM:#}", one_line(&view.entry.headings.join(" › "))))?;
    }
    if explain {
        out.line(format_args!("   {DIM}score {:.4}: {}{DIM:#}", hit.score, channels_text(hit)))?;
    }
    out.line(highlighted(&view.entry.text, &hit.matches))
}

/// What a score is made of; `chrysalis_memory::ranking` has the formula.
fn channels(hit: &Hit) -> serde_json::Value {
    let channels = &hit.channels;
    json!({
        "bm25": channels.bm25,
        "proximity": channels.proximity,
        "coverage": channels.coverage,
        "neighbourhood": channels.neighbourhood,
        "recency": channels.recency,
        "lexical_rank": channels.lexical_rank,
        "semantic_rank": channels.other_rank,
    })
}

fn channels_text(hit: &Hit) -> String {
    let channels = &hit.channels;
    let words = format!(
        "(words {:.3} + proximity {:.3}) × coverage {:.3} + neighbours {:.3}, × recency {:.3}",
        channels.bm25, channels.proximity, channels.coverage, channels.neighbourhood, channels.recency
    );
    let rank =
        |rank: Option<usize>| rank.map_or_else(|| "no place".to_owned(), |rank| format!("place {rank}"));
    match channels.other_rank {
        None => words,
        Some(_) => format!(
            "{} by words, {} by meaning; {words}",
            rank(channels.lexical_rank),
            rank(channels.other_rank)
        ),
    }
}

fn details(entry: &EntryView) -> Vec<(&'static str, String)> {
    let mut details = vec![
        ("id", entry.id.clone()),
        ("author", entry.author.key.clone()),
        ("journal", format!("{} #{}", &entry.writer[65..], entry.sequence)),
        ("namespace", entry.namespace.clone()),
    ];
    if let Some([first, last]) = entry.lines {
        details.push(("lines", format!("{first}-{last}")));
    }
    if !entry.headings.is_empty() {
        details.push(("under", entry.headings.join(" › ")));
    }
    if !entry.tags.is_empty() {
        details.push(("tags", entry.tags.join(", ")));
    }
    if let Some(ms) = entry.occurred_ms {
        details.push(("occurred", time(ms)));
    }
    if entry.superseded {
        details.push((
            "superseded",
            if entry.superseded_by.is_empty() { "yes".to_owned() } else { entry.superseded_by.join(", ") },
        ));
    }
    if entry.occasions > 1 {
        details.push(("said", format!("{} times", entry.occasions)));
    }
    details
}
