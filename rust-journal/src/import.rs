//! Learning commits: merging stores, syncing nodes, sharing between tabs and restoring a backup are all this.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrysalis_crypto::commit::{CommitHeader, RecordHeader, WriterId};

use crate::admit::{Admission, Candidate};
use crate::block::{MAX_BLOCK_LENGTH, block_length, encode_record};
use crate::error::JournalError;
use crate::local;
use crate::lookup::Lookup;
use crate::mark::MarkState;
use crate::name::JournalName;
use crate::poll::Place;
use crate::record::{Commit, StoredRecord};
use crate::recovery;
use crate::segment::SegmentReader;
use crate::store::{Damage, Store, lock};

/// What is imported how.
#[derive(Clone, Copy, Default)]
pub struct ImportOptions<'a> {
    /// Records whose header this is true for are kept as their leaf only.
    pub withhold: Option<&'a dyn Fn(&RecordHeader) -> bool>,
    /// Commits whose header this is false for are refused, and with them what follows in their journal.
    pub admit: Option<&'a dyn Fn(&CommitHeader) -> bool>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ImportProgress {
    /// Commits that are durable here by now.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of encoded records in them.
    pub bytes: u64,
}

/// A commit that was not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Whose it claims to be.
    pub writer: WriterId,
    /// Its first sequence number.
    pub sequence: u64,
    /// Why it was refused.
    pub reason: &'static str,
}

/// What an import did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportReport {
    /// Admitted commits.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of encoded records in them.
    pub bytes: u64,
    /// Commits that were here already, of those that were looked at.
    pub known: u64,
    /// Journals begun for other branches of writers that forked, or behind damage.
    pub branches: u64,
    /// Number of refused commits.
    pub refused: u64,
    /// The first refused commits, at most [`MAX_REFUSALS`].
    pub refusals: Vec<Refusal>,
    /// Where journals of the source are damaged or cannot be read, one place per journal: what lies behind it did
    /// not come over from there. Empty where the commits came from no store.
    pub damage: Vec<Damage>,
    /// Whether `progress` ended the import early.
    pub is_stopped: bool,
}

/// How many refusals a report names.
pub const MAX_REFUSALS: usize = 1000;

/// A batch is written when it has this many bytes.
const BATCH_BYTES: usize = 8 << 20;

const GAP: &str = "the commit before it is not known";

impl ImportReport {
    pub(crate) fn refuse(&mut self, writer: WriterId, sequence: u64, reason: &'static str) {
        self.refused += 1;
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(Refusal { writer, sequence, reason });
        }
    }

    pub(crate) fn refuse_gap(&mut self, writer: WriterId, sequence: u64) {
        self.refuse(writer, sequence, GAP);
    }

    fn progress(&self) -> ImportProgress {
        ImportProgress { commits: self.commits, records: self.records, bytes: self.bytes }
    }

    fn add(&mut self, other: Self) {
        self.commits += other.commits;
        self.records += other.records;
        self.bytes += other.bytes;
        self.known += other.known;
        self.branches += other.branches;
        self.refused += other.refused;
        self.refusals.extend(other.refusals);
        self.refusals.truncate(MAX_REFUSALS);
        self.damage.extend(other.damage);
        self.is_stopped |= other.is_stopped;
    }
}

impl Store {
    /// Admits commits from anywhere: a network, another tab, a backup. Each is verified on its own; a commit whose
    /// predecessor is not known is refused, so that commits of one writer must come in order. Writers may be
    /// mixed. Everything counted as admitted is durable; `progress` is told after each batch and may end it.
    ///
    /// Memory: one batch, about 8 MiB or one commit.
    ///
    /// # Errors
    /// [`JournalError::ReadOnly`], [`JournalError::DiskFull`], [`JournalError::OutcomeUnknown`],
    /// [`JournalError::Io`]. Refused commits are no error; the report names them.
    pub fn import(
        &self,
        commits: impl IntoIterator<Item = Commit>,
        options: &ImportOptions<'_>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<ImportReport, JournalError> {
        self.require_writable()?;
        self.enter_process()?;
        let mut report = ImportReport::default();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for commit in commits {
            match check(commit, options) {
                Ok(candidate) => {
                    bytes += candidate.bytes.len();
                    batch.push(candidate);
                }
                Err((writer, sequence, reason)) => report.refuse(writer, sequence, reason),
            }
            if bytes >= BATCH_BYTES {
                self.admit(std::mem::take(&mut batch), &mut report)?;
                bytes = 0;
                if progress(report.progress()).is_break() {
                    report.is_stopped = true;
                    return Ok(report);
                }
            }
        }
        if !batch.is_empty() {
            self.admit(batch, &mut report)?;
            report.is_stopped = progress(report.progress()).is_break();
        }
        Ok(report)
    }

    /// Admits every commit of `source` that is not here yet. Cost follows what is missing: a journal whose head
    /// is known is skipped, and otherwise reading begins at the last common commit. What lies behind damage that
    /// this store has [met](Self::damage) is not here, and comes again into a journal of its own.
    ///
    /// # Errors
    /// As [`import`](Self::import), and where the journals of the source cannot be listed. What is damaged or
    /// cannot be read in one of them ends it and no other, and is in the report.
    pub fn import_from(
        &self,
        source: &Self,
        options: &ImportOptions<'_>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<ImportReport, JournalError> {
        let report = self.import_journals(source, options, progress)?;
        Ok(ImportReport { damage: source.damage(), ..report })
    }

    fn import_journals(
        &self,
        source: &Self,
        options: &ImportOptions<'_>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<ImportReport, JournalError> {
        self.require_writable()?;
        let mut report = ImportReport::default();
        let mut remaining = source.journals()?;
        // A branch may begin at a commit of a branch that comes later in the list.
        loop {
            let (mut waiting, mut is_progress) = (Vec::new(), false);
            let mut refused = ImportReport::default();
            for journal in remaining {
                let base = report.progress();
                let one = self.import_journal(source, journal, options, &mut |now| {
                    progress(ImportProgress {
                        commits: base.commits + now.commits,
                        records: base.records + now.records,
                        bytes: base.bytes + now.bytes,
                    })
                })?;
                is_progress |= one.commits > 0;
                let has_gap = one.refusals.iter().any(|refusal| refusal.reason == GAP);
                let is_stopped = one.is_stopped;
                if has_gap {
                    waiting.push(journal);
                    let (refusals, count) = (one.refusals.clone(), one.refused);
                    report.add(ImportReport { refused: 0, refusals: Vec::new(), ..one });
                    refused.add(ImportReport { refused: count, refusals, ..ImportReport::default() });
                } else {
                    report.add(one);
                }
                if is_stopped {
                    report.add(refused);
                    return Ok(report);
                }
            }
            if waiting.is_empty() || !is_progress {
                report.add(refused);
                return Ok(report);
            }
            remaining = waiting;
        }
    }

    fn import_journal(
        &self,
        source: &Self,
        journal: JournalName,
        options: &ImportOptions<'_>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<ImportReport, JournalError> {
        let mut report = ImportReport::default();
        let Some(mut place) = self.first_missing(source, &journal)? else { return Ok(report) };
        loop {
            let (mut commits, mut left) = (Vec::new(), BATCH_BYTES as u64);
            source.poll_journal(journal, &mut place, &mut left, &mut commits);
            if commits.is_empty() {
                return Ok(report);
            }
            let base = report.progress();
            let one = self.import(commits, options, &mut |now| {
                progress(ImportProgress {
                    commits: base.commits + now.commits,
                    records: base.records + now.records,
                    bytes: base.bytes + now.bytes,
                })
            })?;
            let is_over = one.is_stopped || one.refused > 0;
            report.add(one);
            if is_over {
                // What follows a refused commit in its journal would be refused too.
                return Ok(report);
            }
        }
    }

    /// Where to begin reading a journal of `source`; `None` when all of it is here. Where the source fails, at the
    /// beginning: reading meets the failure again, and notes it.
    fn first_missing(&self, source: &Self, journal: &JournalName) -> Result<Option<Place>, JournalError> {
        let mark = match source.mark(journal) {
            Ok(MarkState::Published(mark)) => mark,
            Ok(MarkState::Absent) => return Ok(None),
            Ok(MarkState::Damaged(_)) | Err(_) => return Ok(Some(Place::START)),
        };
        let (mut here, mut there) = (Lookup::default(), Lookup::default());
        let ours = self.journals_of(&journal.writer)?;
        for name in &ours {
            let head = self.mark(name)?.published().map(|mark| (mark.last, mark.hash));
            if head == Some((mark.last, mark.hash)) && !self.known().ends_early(name) {
                return Ok(None);
            }
        }
        let mut is_known = |sequence: u64, hash: &[u8; 32]| -> Result<bool, JournalError> {
            for name in &ours {
                let found = here.covering(self, name, sequence)?;
                if found.is_some_and(|found| found.last == sequence && found.hash == *hash) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        if is_known(mark.last, &mark.hash)? {
            return Ok(None);
        }
        let mut best: Option<Place> = None;
        for name in &ours {
            if let Some(ours) = self.mark(name)?.published()
                && !self.known().ends_early(name)
                && let Ok(Some(found)) = there.covering(source, journal, ours.last)
                && (found.last, found.hash) == (ours.last, ours.hash)
                && best.is_none_or(|best| best.next < found.after.next)
            {
                best = Some(found.after);
            }
        }
        if best.is_some() {
            return Ok(best);
        }
        // No head of ours is in it: find the last segment that begins behind a commit we have.
        let Ok(segments) = recovery::segments(&*source.disk, journal) else { return Ok(Some(Place::START)) };
        let (mut low, mut high) = (0, segments.len());
        let mut place = Place::START;
        while low < high {
            let middle = usize::midpoint(low, high);
            let Ok(reader) = SegmentReader::open(&*source.disk, journal, segments[middle], u64::MAX) else {
                high = middle;
                continue;
            };
            let header = &reader.header;
            if header.first > 1 && is_known(header.first - 1, &header.previous)? {
                place = Place {
                    segment: header.first,
                    offset: crate::segment::SEGMENT_HEADER_LENGTH as u64,
                    next: header.first,
                    head: header.previous,
                    stopped: None,
                };
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Some(place))
    }

    /// Writes one batch of verified commits.
    fn admit(&self, batch: Vec<Candidate>, report: &mut ImportReport) -> Result<(), JournalError> {
        let mut writers: BTreeMap<WriterId, Vec<Candidate>> = BTreeMap::new();
        for candidate in batch {
            writers.entry(candidate.header.writer).or_default().push(candidate);
        }
        // The writer is always locked before `local/`, here as in an append.
        let key = self.public_key();
        let mut own = writers.keys().any(|writer| writer.key == key).then(|| lock(&self.writer));
        let _guard = local::lock(&*self.disk)?;
        for (writer, candidates) in writers {
            let mut admission = Admission::new(self, writer, own.as_deref_mut(), report)?;
            for candidate in candidates {
                admission.admit(candidate)?;
            }
            admission.finish()?;
        }
        Ok(())
    }
}

/// Verifies a commit by itself and encodes its records in the forms in which they will be kept.
fn check(
    mut commit: Commit,
    options: &ImportOptions<'_>,
) -> Result<Candidate, (WriterId, u64, &'static str)> {
    let name = (commit.header.writer, commit.header.first);
    let refuse = |reason| (name.0, name.1, reason);
    if options.admit.is_some_and(|admit| !admit(&commit.header)) {
        return Err(refuse("the caller does not admit it"));
    }
    commit.verify().map_err(refuse)?;
    let mut bytes = Vec::new();
    for record in &mut commit.records {
        if let (Some(withhold), Some(header)) = (options.withhold, record.header())
            && withhold(header)
        {
            let leaf = record.leaf().map_err(|_| refuse("record header is over its limits"))?;
            *record = StoredRecord::Withheld { leaf };
        }
        encode_record(record, &mut bytes).map_err(|_| refuse("record is over its limits"))?;
        if block_length(bytes.len()) > MAX_BLOCK_LENGTH {
            return Err(refuse("commit is over its limit"));
        }
    }
    let signature = commit.signature.ok_or_else(|| refuse("commit is not signed"))?;
    Ok(Candidate { header: commit.header, hash: commit.hash, signature, bytes })
}
