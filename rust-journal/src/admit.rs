//! Deciding in which journal an imported commit belongs, and putting it there.

use chrysalis_crypto::commit::{CommitHeader, WriterId};
use chrysalis_crypto::merkle::Hash;

use crate::append::Writer;
use crate::appender::{Appender, SealedCommit, Taken};
use crate::error::JournalError;
use crate::import::ImportReport;
use crate::local;
use crate::lookup::Lookup;
use crate::name::JournalName;
use crate::recovery::Rule;
use crate::store::Store;
use crate::text::Closed;

/// A verified commit.
pub(crate) struct Candidate {
    pub(crate) header: CommitHeader,
    pub(crate) hash: Hash,
    pub(crate) signature: [u8; 64],
    /// Encoded records.
    pub(crate) bytes: Vec<u8>,
}

/// Admits commits of one writer. The caller holds the lock of `local/`, and before it that of this handle's own
/// writer where `writer` has the same key.
pub(crate) struct Admission<'a> {
    store: &'a Store,
    writer: WriterId,
    own: Option<&'a mut Writer>,
    report: &'a mut ImportReport,
    lookup: Lookup,
    is_born: bool,
    open: Option<Open>,
}

/// The journal that commits are being collected for.
struct Open {
    appender: Box<Appender>,
    pending: Vec<Candidate>,
    next: u64,
    head: Hash,
    is_new_branch: bool,
}

/// What came of looking for a journal to append to.
enum Target {
    Ready(Box<Appender>),
    /// Its head is another one than was thought: look again.
    Changed,
    /// It cannot be appended to.
    Unavailable,
}

impl<'a> Admission<'a> {
    pub(crate) fn new(
        store: &'a Store,
        writer: WriterId,
        own: Option<&'a mut Writer>,
        report: &'a mut ImportReport,
    ) -> Result<Self, JournalError> {
        let is_born = local::born(&*store.disk)?.contains(&writer);
        Ok(Self { store, writer, own, report, lookup: Lookup::default(), is_born, open: None })
    }

    /// Puts a commit where it belongs, or refuses it.
    pub(crate) fn admit(&mut self, candidate: Candidate) -> Result<(), JournalError> {
        if let Some(open) = &mut self.open
            && (open.next, open.head) == (candidate.header.first, candidate.header.previous)
        {
            open.push(candidate);
            return Ok(());
        }
        self.flush()?;
        let (first, previous) = (candidate.header.first, candidate.header.previous);
        if (first == 1) != (previous == [0; 32]) {
            self.report.refuse(self.writer, first, "first commit and predecessor contradict each other");
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let journals = self.store.journals_of(&self.writer)?;
            if self.is_known(&journals, &candidate)? {
                self.report.known += 1;
                return Ok(());
            }
            let Some(fitting) = self.fitting_journal(&journals, first, previous)? else {
                self.report.refuse_gap(self.writer, first);
                return Ok(());
            };
            let main = match fitting {
                Fit::Extend(name) => self.take(name, first, previous)?,
                Fit::Fork => Target::Unavailable,
            };
            let (appender, is_new_branch) = match main {
                Target::Ready(appender) => (appender, false),
                Target::Changed => continue,
                Target::Unavailable => {
                    let name = JournalName::sibling(self.writer, &candidate.hash);
                    match self.take(name, first, previous)? {
                        Target::Ready(appender) => (appender, true),
                        Target::Changed | Target::Unavailable => {
                            let reason = "its journal cannot be appended to";
                            self.report.refuse(self.writer, first, reason);
                            return Ok(());
                        }
                    }
                }
            };
            let mut open = Open { appender, pending: Vec::new(), next: first, head: previous, is_new_branch };
            open.push(candidate);
            self.open = Some(open);
            return Ok(());
        }
        self.report.refuse(self.writer, first, "its journal keeps changing");
        Ok(())
    }

    /// Writes what was collected.
    pub(crate) fn finish(mut self) -> Result<(), JournalError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let commits: Vec<SealedCommit<'_>> = open
            .pending
            .iter()
            .map(|candidate| SealedCommit {
                header: candidate.header,
                hash: candidate.hash,
                signature: Some(candidate.signature),
                records: vec![&candidate.bytes],
            })
            .collect();
        open.appender.append(&commits)?;
        self.lookup.forget(&open.appender.name);
        self.report.branches += u64::from(open.is_new_branch);
        for candidate in &open.pending {
            self.report.commits += 1;
            self.report.records += u64::from(candidate.header.count);
            self.report.bytes += candidate.bytes.len() as u64;
        }
        open.appender.close()
    }

    fn is_known(&mut self, journals: &[JournalName], candidate: &Candidate) -> Result<bool, JournalError> {
        for name in journals {
            let found = self.lookup.covering(self.store, name, candidate.header.first)?;
            if found.is_some_and(|found| found.hash == candidate.hash) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a commit with this predecessor extends a journal or forks one; `None` when it fits nowhere.
    fn fitting_journal(
        &mut self,
        journals: &[JournalName],
        first: u64,
        previous: Hash,
    ) -> Result<Option<Fit>, JournalError> {
        let main = JournalName::main(self.writer);
        if first == 1 {
            let is_begun = self.store.mark(&main)?.published().is_some();
            return Ok(Some(if is_begun { Fit::Fork } else { Fit::Extend(main) }));
        }
        for name in journals {
            let head = self.store.mark(name)?.published().map(|mark| (mark.last, mark.hash));
            if head == Some((first - 1, previous)) && !self.store.known().is_damaged(name) {
                return Ok(Some(Fit::Extend(*name)));
            }
        }
        for name in journals {
            let found = self.lookup.covering(self.store, name, first - 1)?;
            if found.is_some_and(|found| (found.last, found.hash) == (first - 1, previous)) {
                return Ok(Some(Fit::Fork));
            }
        }
        Ok(None)
    }

    /// Takes a journal for a commit with this place in it. A journal born here is closed first: what arrives
    /// from elsewhere shows that the directory was restored to an earlier state.
    fn take(&mut self, name: JournalName, first: u64, previous: Hash) -> Result<Target, JournalError> {
        let store = self.store;
        let mut rule = Rule::Imported;
        let is_own = self.is_born && name.branch.is_none();
        if is_own {
            match local::why_closed(&*store.disk, &self.writer)? {
                Some(Closed::Damaged) => return Ok(Target::Unavailable),
                Some(_) => {}
                None => rule = Rule::Own,
            }
            if let Some(own) = &mut self.own
                && let Writer::Ready(appender) = &mut **own
                && appender.name == name
            {
                if (appender.next, appender.head) != (first, previous) {
                    return Ok(Target::Changed);
                }
                if let Writer::Ready(appender) = std::mem::take(*own) {
                    appender.close()?;
                }
            }
        }
        let mut appender = match Appender::take(&store.disk, name, rule, store.options.segment_bytes)? {
            Taken::Ready(appender) => appender,
            Taken::Held => return Ok(Target::Unavailable),
            Taken::Damaged(error) => {
                store.known().damage.insert(name, error);
                if rule == Rule::Own {
                    local::close(&*store.disk, &self.writer, Closed::Damaged)?;
                }
                return Ok(Target::Unavailable);
            }
        };
        self.lookup.forget(&name);
        if appender.is_empty() {
            if name.branch.is_none() && first != 1 {
                return Ok(Target::Changed);
            }
            appender.begin_at(first, previous);
        } else if (appender.next, appender.head) != (first, previous) {
            appender.close()?;
            return Ok(Target::Changed);
        }
        if rule == Rule::Own {
            local::close(&*store.disk, &self.writer, Closed::Restored)?;
        }
        Ok(Target::Ready(appender))
    }
}

/// How often a journal may turn out to have grown between looking and locking.
const ATTEMPTS: usize = 4;

enum Fit {
    Extend(JournalName),
    Fork,
}

impl Open {
    fn push(&mut self, candidate: Candidate) {
        self.next = candidate.header.last() + 1;
        self.head = candidate.hash;
        self.pending.push(candidate);
    }
}
