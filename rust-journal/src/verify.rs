//! Checking a whole store without changing anything in it.

use std::io;
use std::ops::ControlFlow;

use chrysalis_crypto::merkle::Hash;

use crate::block::Block;
use crate::disk::{Disk, OpenMode, read_small};
use crate::error::JournalError;
use crate::local;
use crate::mark::{Mark, MarkState, read_mark};
use crate::name::{JournalName, WRITERS};
use crate::record::StoredRecord;
use crate::recovery::{Rule, is_unfinished, segments};
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentReader, Tail};
use crate::store::{UNSIGNED_KEY, list_journals, rule_of};
use crate::text::{self, MAX_TEXT_LENGTH};

/// Something in a store that is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The file, below the store's root.
    pub file: String,
    /// Where in the file.
    pub offset: u64,
    /// What does not hold.
    pub problem: &'static str,
}

/// What a check of a whole store found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VerifyReport {
    /// Journals, branches included.
    pub journals: u64,
    /// Good commits.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Records whose content was erased.
    pub erased: u64,
    /// Records of which only the leaf is here.
    pub withheld: u64,
    /// Bytes of good commits.
    pub bytes: u64,
    /// Damage.
    pub findings: Vec<Finding>,
    /// Writes that a crash cut short: no damage, and nothing that was acknowledged. The next one to append
    /// removes them.
    pub unfinished: Vec<Finding>,
    /// Whether `progress` ended the check early.
    pub is_stopped: bool,
}

impl VerifyReport {
    /// Whether everything was checked and is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && !self.is_stopped
    }

    fn find(&mut self, file: &str, offset: u64, problem: &'static str) {
        self.findings.push(Finding { file: file.to_owned(), offset, problem });
    }
}

/// Checks every byte of the store on `disk`: versions, checksums, contents, Merkle roots, chains, signatures,
/// padding, marks, tails, and that every writer born here has its journal. Reads only, needs no lock and may run before any recovery and beside live writers.
/// `progress` is told the number of bytes of good commits so far and may end the check.
///
/// Damage ends the check of its journal, because what follows cannot be placed; other journals go on.
///
/// # Errors
/// [`JournalError::NotAStore`], [`JournalError::FormatTooNew`], [`JournalError::Io`]. Damage is no error.
pub fn verify(
    disk: &dyn Disk,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<VerifyReport, JournalError> {
    let mut report = VerifyReport::default();
    match read_small(disk, "FORMAT", MAX_TEXT_LENGTH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if list_journals(disk)?.is_empty() {
                return Err(JournalError::NotAStore { reason: "there is no file FORMAT" });
            }
            report.find("FORMAT", 0, "file is missing");
        }
        Err(error) => return Err(JournalError::io("read", "FORMAT")(error)),
        Ok(bytes) => match text::check_format(bytes.as_deref().unwrap_or_default()) {
            Ok(()) => {}
            Err(JournalError::Corrupt { problem, .. }) => report.find("FORMAT", 0, problem),
            Err(error) => return Err(error),
        },
    }
    // Births first: what is born meanwhile has its journal already.
    let born = local::born(disk)?;
    check_local(disk, &mut report)?;
    for name in disk.list(WRITERS).map_err(JournalError::io("list", WRITERS))? {
        if JournalName::parse(&name).is_none() && !is_of_desktop(&name) {
            report.find(&format!("{WRITERS}/{name}"), 0, "not the name of a journal");
        }
    }
    let journals = list_journals(disk)?;
    for lost in born.into_iter().map(JournalName::main).filter(|name| !journals.contains(name)) {
        report.find(&lost.directory(), 0, "journal of a writer born here is missing");
    }
    for journal in journals {
        report.journals += 1;
        let mut check = JournalCheck { disk, journal, report: &mut report, progress };
        match check.run() {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => {
                report.is_stopped = true;
                return Ok(report);
            }
            Err(JournalError::Corrupt { file, offset, problem }) => {
                report.findings.push(Finding { file, offset, problem });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

/// Whether file managers leave files of this name in directories that they show.
fn is_of_desktop(name: &str) -> bool {
    name.starts_with('.') || ["thumbs.db", "desktop.ini"].contains(&name.to_ascii_lowercase().as_str())
}

fn check_local(disk: &dyn Disk, report: &mut VerifyReport) -> Result<(), JournalError> {
    // Without its local directory a store is a copy, and whole.
    for (path, is_good) in local::check_births(disk)? {
        if !is_good {
            report.find(&path, 0, "checksum or form is wrong");
        }
    }
    for writer in local::closed(disk)? {
        let path = format!("{}/{}", local::CLOSED, writer.name());
        let bytes = read_small(disk, &path, MAX_TEXT_LENGTH).map_err(JournalError::io("read", &path))?;
        if bytes.as_deref().and_then(text::decode_closed).is_none() {
            report.find(&path, 0, "checksum or form is wrong");
        }
    }
    Ok(())
}

struct JournalCheck<'a> {
    disk: &'a dyn Disk,
    journal: JournalName,
    report: &'a mut VerifyReport,
    progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>,
}

/// How far the check came, and whether it passed the mark.
struct Walk {
    next: u64,
    head: Hash,
    mark: Option<Mark>,
    is_mark_met: bool,
    /// The segment before, and where its commits end.
    before: Option<(u64, u64)>,
}

impl JournalCheck<'_> {
    fn run(&mut self) -> Result<ControlFlow<()>, JournalError> {
        // The mark first: what is appended meanwhile lies beyond it.
        let mark_path = self.journal.mark();
        let mark = match read_mark(self.disk, &mark_path)? {
            MarkState::Damaged(problem) => {
                self.report.find(&mark_path, 0, problem);
                None
            }
            MarkState::Absent => None,
            MarkState::Published(mark) => Some(mark),
        };
        self.check_lock()?;
        let is_free = self.is_free();
        let mut walk = Walk { next: 1, head: [0; 32], mark, is_mark_met: mark.is_none(), before: None };
        let firsts = segments(self.disk, &self.journal)?;
        for (i, &first) in firsts.iter().enumerate() {
            let is_last = i + 1 == firsts.len();
            if mark.is_some_and(|mark| first > mark.segment) {
                if !is_free {
                    break;
                }
                if is_last && is_unfinished(self.disk, &self.journal, first)? {
                    self.unfinished(&self.journal.segment(first), 0);
                    break;
                }
            } else if mark.is_none() && is_last && is_unfinished(self.disk, &self.journal, first)? {
                self.unfinished(&self.journal.segment(first), 0);
                break;
            }
            // A living writer's tail is in motion beyond the mark.
            let limit = match mark {
                Some(mark) if !is_free && first == mark.segment => mark.end,
                _ => u64::MAX,
            };
            let mut reader = SegmentReader::open(self.disk, &self.journal, first, limit)?;
            self.enter(&reader, &mut walk, i == 0)?;
            if self.walk(&mut reader, &mut walk, (i == 0, is_last))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if !walk.is_mark_met {
            let problem = "durable mark names a commit that is not there";
            self.report.find(&mark_path, 0, problem);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether nobody appends to the journal. Asked under the lock of `local/`, as by those who want to append.
    fn is_free(&self) -> bool {
        match self.disk.try_lock(local::LOCK) {
            Ok(None) => false,
            Ok(Some(_)) | Err(_) => !matches!(self.disk.try_lock(&self.journal.lock()), Ok(None)),
        }
    }

    fn check_lock(&mut self) -> Result<(), JournalError> {
        let path = self.journal.lock();
        let length = self.disk.open(&path, OpenMode::Read).and_then(|file| file.len());
        match length {
            Ok(0) => {}
            Ok(_) => self.report.find(&path, 0, "lock file is not empty"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(JournalError::io("read", &path)(error)),
        }
        Ok(())
    }

    fn enter(&self, reader: &SegmentReader, walk: &mut Walk, is_first: bool) -> Result<(), JournalError> {
        if is_first && self.journal.branch.is_some() {
            (walk.next, walk.head) = (reader.header.first, reader.header.previous);
        }
        reader.check_follows(&self.journal, walk.next, &walk.head, walk.before)
    }

    fn walk(
        &mut self,
        reader: &mut SegmentReader,
        walk: &mut Walk,
        (is_first, is_last): (bool, bool),
    ) -> Result<ControlFlow<()>, JournalError> {
        let mut offset = SEGMENT_HEADER_LENGTH as u64;
        loop {
            let block = match reader.block(offset) {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(JournalError::Corrupt { .. }) if is_last => break,
                Err(error) => return Err(error),
            };
            let is_start = is_first && offset == SEGMENT_HEADER_LENGTH as u64;
            if let Some((at, problem)) = self.judge(&block, walk, is_start) {
                return Err(JournalError::corrupt(&reader.path, offset + at, problem));
            }
            offset += block.length as u64;
            (walk.next, walk.head) = (block.header.last() + 1, block.hash);
            self.count(&block);
            walk.before = Some((reader.header.first, offset));
            if let Some(mark) = walk.mark
                && (mark.segment, mark.end) == (reader.header.first, offset)
            {
                walk.is_mark_met = (mark.last + 1, mark.hash) == (walk.next, walk.head);
            }
            if (self.progress)(self.report.bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if walk.mark.is_some_and(|mark| mark.segment == reader.header.first && mark.end > offset) {
            let problem = "acknowledged commits are missing or damaged";
            walk.is_mark_met = true;
            return Err(match reader.block(offset) {
                Err(error) => error,
                Ok(_) => JournalError::corrupt(&reader.path, offset, problem),
            });
        }
        if walk.is_mark_met && self.is_moving(walk.mark)? {
            return Ok(ControlFlow::Continue(()));
        }
        match reader.tail(offset)? {
            Tail::Clean => Ok(ControlFlow::Continue(())),
            Tail::Incomplete if is_last => {
                self.unfinished(&reader.path, offset);
                Ok(ControlFlow::Continue(()))
            }
            Tail::Incomplete => {
                Err(JournalError::corrupt(&reader.path, offset, "commits are missing or damaged"))
            }
            // Commits are imported in batches, so that later ones can reach the disk before earlier ones.
            Tail::BlocksFollow(_)
                if is_last && !self.is_own_journal()? && reader.is_incomplete(offset)? =>
            {
                self.unfinished(&reader.path, offset);
                Ok(ControlFlow::Continue(()))
            }
            Tail::BlocksFollow(problem) | Tail::Damaged(problem) => {
                Err(JournalError::corrupt(&reader.path, offset, problem))
            }
        }
    }

    /// Whether someone began to append since the mark was read, so that what lies beyond it is in motion.
    fn is_moving(&self, mark: Option<Mark>) -> Result<bool, JournalError> {
        Ok(!self.is_free() || read_mark(self.disk, &self.journal.mark())?.published() != mark)
    }

    /// Whether the journal was only ever appended to by this directory's own processes.
    fn is_own_journal(&self) -> Result<bool, JournalError> {
        Ok(rule_of(self.disk, &self.journal)? == Rule::Own)
    }

    /// What is wrong with a good block at this place, and where in it.
    fn judge(&self, block: &Block, walk: &Walk, is_start: bool) -> Option<(u64, &'static str)> {
        let header = &block.header;
        if header.writer != self.journal.writer {
            return Some((24, "commit is another writer's"));
        }
        if header.first != walk.next || header.previous != walk.head {
            return Some((64, "commit does not follow the one before it"));
        }
        let is_branch_start = is_start && self.journal.branch.is_some();
        if is_branch_start && self.journal != JournalName::sibling(self.journal.writer, &block.hash) {
            return Some((16, "commit does not begin the branch that the directory is named after"));
        }
        match &block.signature {
            None if self.journal.writer.key == UNSIGNED_KEY => None,
            Some(signature) if header.is_signed(signature) => None,
            _ => Some((144, "signature does not verify")),
        }
    }

    fn count(&mut self, block: &Block) {
        self.report.commits += 1;
        self.report.bytes += block.length as u64;
        for record in &block.records {
            self.report.records += 1;
            match record {
                StoredRecord::Full { .. } => {}
                StoredRecord::Erased { .. } => self.report.erased += 1,
                StoredRecord::Withheld { .. } => self.report.withheld += 1,
            }
        }
    }

    fn unfinished(&mut self, file: &str, offset: u64) {
        let problem = "a write was cut short here";
        self.report.unfinished.push(Finding { file: file.to_owned(), offset, problem });
    }
}
