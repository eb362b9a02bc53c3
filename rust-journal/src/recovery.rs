//! Finding the end of a journal: what is whole, what a crash left behind, what is damaged.

use std::io::ErrorKind;

use chrysalis_crypto::merkle::Hash;

use crate::disk::{Disk, OpenMode, TEMPORARY};
use crate::error::JournalError;
use crate::mark::{Mark, read_mark};
use crate::name::{JournalName, segment_first};
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentReader, Tail};

/// What may be done about a tail that is not whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rule {
    /// Appended to by this store's own processes: only a write that did not finish is cut.
    Own,
    /// Filled from elsewhere: whatever lies beyond the mark and is not whole is cut, and fetched again.
    Imported,
    /// Nothing is changed.
    ReadOnly,
}

/// The end of a journal.
#[derive(Debug)]
pub(crate) struct End {
    /// First sequence number of the last segment, its epoch and where its blocks end; `None` in an empty journal.
    pub(crate) segment: Option<(u64, [u8; 16], u64)>,
    /// Hash of the last commit, zero in an empty journal.
    pub(crate) head: Hash,
    /// The sequence number that follows.
    pub(crate) next: u64,
    /// The mark that says so.
    pub(crate) mark: Option<Mark>,
    /// What stops the journal here: a block that was whole once, or a segment that does not follow.
    pub(crate) damage: Option<JournalError>,
}

/// The first sequence numbers of a journal's segments, in order; none where there is no journal.
pub(crate) fn segments(disk: &dyn Disk, journal: &JournalName) -> Result<Vec<u64>, JournalError> {
    let directory = journal.directory();
    match disk.list(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(JournalError::io("list", &directory)(error)),
        Ok(names) => Ok(names.iter().filter_map(|name| segment_first(name)).collect()),
    }
}

/// Finds the end of `journal`, whose lock the caller holds, and, unless the rule is read-only, repairs what a
/// crash left: an incomplete tail is cut, what lies beyond the mark is made durable, the mark is published. It
/// may be interrupted anywhere and repeated. Damage ends the journal before it and is part of the result.
///
/// # Errors
/// [`JournalError::Io`], [`JournalError::DiskFull`].
pub(crate) fn recover(disk: &dyn Disk, journal: &JournalName, rule: Rule) -> Result<End, JournalError> {
    let mark_path = journal.mark();
    let mark = read_mark(disk, &mark_path)?.published();
    let mut firsts = segments(disk, journal)?;
    if rule != Rule::ReadOnly {
        remove_temporaries(disk, journal)?;
    }
    if let Some(&last) = firsts.last()
        && mark.is_none_or(|mark| mark.segment < last)
        && is_unfinished(disk, journal, last)?
    {
        if rule != Rule::ReadOnly {
            let path = journal.segment(last);
            disk.remove(&path).map_err(JournalError::io("remove", &path))?;
            let directory = journal.directory();
            disk.sync_dir(&directory).map_err(JournalError::io("sync", &directory))?;
        }
        firsts.pop();
    }
    let mut scan = Scan { disk, journal, rule, mark, next: 1, head: [0; 32], last: None };
    let damage = match scan.run(&firsts) {
        Ok(()) => None,
        Err(error @ JournalError::Corrupt { .. }) => Some(error),
        Err(error) => return Err(error),
    };
    let Scan { next, head, last, .. } = scan;
    let published = match last {
        // Damage before the mark leaves the mark as it is: it is what shows that commits are missing.
        Some(_) if damage.is_some() && mark.is_some_and(|mark| mark.last + 1 >= next) => mark,
        Some(last) => make_durable(disk, journal, rule, mark, &last, next, head)?,
        None => mark,
    };
    let segment = last.map(|last| (last.first, last.epoch, last.end));
    Ok(End { segment, head, next, mark: published, damage })
}

struct Scan<'a> {
    disk: &'a dyn Disk,
    journal: &'a JournalName,
    rule: Rule,
    mark: Option<Mark>,
    next: u64,
    head: Hash,
    last: Option<LastSegment>,
}

/// How much of a journal is read again before it is appended to.
const CHECKED_BYTES: u64 = 64 << 20;

#[derive(Clone, Copy, Debug)]
struct LastSegment {
    first: u64,
    epoch: [u8; 16],
    end: u64,
    /// The last segment with a commit, and where that commit ends.
    commit: (u64, u64),
}

impl Scan<'_> {
    /// Walks from the mark's segment to the end. Fields hold how far it came, also when it fails.
    fn run(&mut self, firsts: &[u64]) -> Result<(), JournalError> {
        let start = match self.mark {
            None => 0,
            Some(mark) => firsts.iter().position(|first| *first == mark.segment).ok_or_else(|| {
                JournalError::corrupt(&self.journal.segment(mark.segment), 0, "segment is missing")
            })?,
        };
        if self.journal.branch.is_none() && firsts.first().is_some_and(|first| *first != 1) {
            return Err(JournalError::corrupt(&self.journal.segment(1), 0, "segment is missing"));
        }
        let start = if self.rule == Rule::Own { self.check_from(firsts, start)? } else { start };
        for (i, &first) in firsts.iter().enumerate().skip(start) {
            let mut reader = SegmentReader::open(self.disk, self.journal, first, u64::MAX)?;
            self.enter(&reader, i == start, i == 0)?;
            let mut last = LastSegment {
                first,
                epoch: reader.header.epoch,
                end: SEGMENT_HEADER_LENGTH as u64,
                commit: self.last.map_or((0, 0), |last| last.commit),
            };
            if i == start
                && self.rule == Rule::Imported
                && let Some(mark) = self.mark
            {
                (self.next, self.head, last.end) = (mark.last + 1, mark.hash, mark.end);
                last.commit = (first, mark.end);
            }
            self.last = Some(last);
            self.walk(&mut reader)?;
            self.finish(&mut reader, i + 1 == firsts.len())?;
        }
        Ok(())
    }

    /// Appending behind damage would hide the new commits from every reader, so what is recent is checked too:
    /// as many segments before `start` as make up a bounded amount of reading.
    fn check_from(&self, firsts: &[u64], start: usize) -> Result<usize, JournalError> {
        let (mut index, mut bytes) = (start, 0);
        while index > 0 {
            let path = self.journal.segment(firsts[index - 1]);
            let file = self.disk.open(&path, OpenMode::Read).map_err(JournalError::io("open", &path))?;
            bytes += file.len().map_err(JournalError::io("measure", &path))?;
            if bytes > CHECKED_BYTES {
                break;
            }
            index -= 1;
        }
        Ok(index)
    }

    fn enter(&mut self, reader: &SegmentReader, is_start: bool, is_first: bool) -> Result<(), JournalError> {
        let header = &reader.header;
        if is_start && !(is_first && self.journal.branch.is_none()) {
            (self.next, self.head) = (header.first, header.previous);
        }
        let before = self.last.map(|last| (last.first, last.end));
        reader.check_follows(self.journal, self.next, &self.head, before)
    }

    /// Goes over good blocks that follow each other, and gives what ended that.
    fn walk(&mut self, reader: &mut SegmentReader) -> Result<(), JournalError> {
        let Some(last) = self.last.as_mut() else { return Ok(()) };
        loop {
            match reader.block(last.end) {
                Ok(Some(block))
                    if block.header.first == self.next
                        && block.header.previous == self.head
                        && block.header.writer == self.journal.writer =>
                {
                    last.end += block.length as u64;
                    last.commit = (last.first, last.end);
                    (self.next, self.head) = (block.header.last() + 1, block.hash);
                    if let Some(mark) = self.mark
                        && (mark.segment, mark.end) == (last.first, last.end)
                        && (mark.last + 1, mark.hash) != (self.next, self.head)
                    {
                        return Err(JournalError::corrupt(
                            &self.journal.mark(),
                            24,
                            "durable mark names another commit",
                        ));
                    }
                }
                Ok(_) | Err(JournalError::Corrupt { .. }) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
    }

    /// Judges what lies behind the good blocks.
    fn finish(&mut self, reader: &mut SegmentReader, is_last: bool) -> Result<(), JournalError> {
        let Some(last) = self.last else { return Ok(()) };
        let bad = |problem| Err(JournalError::corrupt(&reader.path, last.end, problem));
        if self.mark.is_some_and(|mark| mark.segment == last.first && mark.end > last.end) {
            return bad("acknowledged commits are missing or damaged");
        }
        let path = reader.path.clone();
        let tail = reader.tail(last.end)?;
        match tail {
            Tail::Clean => Ok(()),
            Tail::Incomplete if is_last => self.cut(&path, last.end),
            Tail::BlocksFollow(_) | Tail::Damaged(_) if is_last && self.rule == Rule::Imported => {
                self.cut(&path, last.end)
            }
            Tail::Incomplete => Err(JournalError::corrupt(&path, last.end, "commits are missing or damaged")),
            Tail::BlocksFollow(problem) | Tail::Damaged(problem) => {
                Err(JournalError::corrupt(&path, last.end, problem))
            }
        }
    }

    fn cut(&self, path: &str, end: u64) -> Result<(), JournalError> {
        if self.rule == Rule::ReadOnly {
            return Ok(());
        }
        let file = self.disk.open(path, OpenMode::Write).map_err(JournalError::io("open", path))?;
        file.set_len(end).map_err(JournalError::io("cut", path))?;
        file.sync().map_err(JournalError::io("sync", path))
    }
}

/// Makes everything up to the end durable and publishes it.
fn make_durable(
    disk: &dyn Disk,
    journal: &JournalName,
    rule: Rule,
    old: Option<Mark>,
    last: &LastSegment,
    next: u64,
    head: Hash,
) -> Result<Option<Mark>, JournalError> {
    let (segment, end) = last.commit;
    if segment == 0 {
        return Ok(old);
    }
    let generation = old.map_or(0, |mark| mark.generation);
    let mark = Mark { generation, segment, end, last: next - 1, hash: head };
    if old == Some(mark) {
        return Ok(old);
    }
    let from = old.map_or(0, |mark| mark.segment);
    for first in segments(disk, journal)?.into_iter().filter(|first| (from..=segment).contains(first)) {
        let path = journal.segment(first);
        let mode = if rule == Rule::ReadOnly { OpenMode::Read } else { OpenMode::Write };
        let file = disk.open(&path, mode).map_err(JournalError::io("open", &path))?;
        if rule != Rule::ReadOnly && first == segment {
            let start = old.filter(|mark| mark.segment == first).map_or(0, |mark| mark.end);
            rewrite(&*file, start, end).map_err(JournalError::io("write", &path))?;
        }
        match file.sync() {
            // Nothing is unsynced where nothing can be written.
            Err(error) if rule == Rule::ReadOnly && error.kind() == ErrorKind::ReadOnlyFilesystem => {}
            // Where a reader may not sync, only the mark counts.
            Err(_) if rule == Rule::ReadOnly => return Ok(old),
            other => other.map_err(JournalError::io("sync", &path))?,
        }
    }
    if rule == Rule::ReadOnly {
        return Ok(Some(mark));
    }
    for directory in [journal.directory(), crate::name::WRITERS.to_owned()] {
        disk.sync_dir(&directory).map_err(JournalError::io("sync", &directory))?;
    }
    let path = journal.mark();
    let file = disk.open(&path, OpenMode::Create).map_err(JournalError::io("open", &path))?;
    file.write_all_at(&mark.to_bytes(), 0).map_err(JournalError::io("write", &path))?;
    file.set_len(crate::mark::MARK_LENGTH as u64).map_err(JournalError::io("cut", &path))?;
    file.sync().map_err(JournalError::io("sync", &path))?;
    Ok(Some(mark))
}

/// Writes a range over with itself. A sync that failed in an earlier process may have left pages that the system
/// takes for clean although they never reached the disk; written again, they are part of the next sync.
pub(crate) fn rewrite(file: &dyn crate::disk::DiskFile, start: u64, end: u64) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut at = start;
    while at < end {
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let read = file.read_at(&mut buffer[..length], at)?;
        if read == 0 {
            return Err(std::io::Error::from(ErrorKind::UnexpectedEof));
        }
        file.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
    Ok(())
}

/// Whether the segment that begins with `first` never got its header: an empty or zero file.
pub(crate) fn is_unfinished(
    disk: &dyn Disk,
    journal: &JournalName,
    first: u64,
) -> Result<bool, JournalError> {
    let path = journal.segment(first);
    let file = disk.open(&path, OpenMode::Read).map_err(JournalError::io("open", &path))?;
    let length = file.len().map_err(JournalError::io("measure", &path))?;
    if length < SEGMENT_HEADER_LENGTH as u64 {
        return Ok(true);
    }
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        match file.read_at(&mut buffer, at).map_err(JournalError::io("read", &path))? {
            0 => return Ok(true),
            read if buffer[..read].iter().any(|byte| *byte != 0) => return Ok(false),
            read => at += read as u64,
        }
    }
}

fn remove_temporaries(disk: &dyn Disk, journal: &JournalName) -> Result<(), JournalError> {
    let directory = journal.directory();
    let names = match disk.list(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(JournalError::io("list", &directory))?,
    };
    for name in names.iter().filter(|name| name.ends_with(TEMPORARY)) {
        let path = format!("{directory}/{name}");
        disk.remove(&path).map_err(JournalError::io("remove", &path))?;
    }
    Ok(())
}
