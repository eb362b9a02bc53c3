//! Reading what is new: all journals, each in order, up to its durable mark.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrysalis_crypto::merkle::Hash;

use crate::error::JournalError;
use crate::mark::{Mark, MarkState};
use crate::name::JournalName;
use crate::record::{Commit, Position};
use crate::recovery;
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentReader};
use crate::store::{Store, UNSIGNED_KEY};

/// How far a caller has read, per journal. The default is the beginning.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cursor {
    pub(crate) places: BTreeMap<JournalName, Place>,
}

impl Cursor {
    /// The last commit read of every journal: sequence number of its last record, and its hash.
    pub fn heads(&self) -> impl Iterator<Item = (JournalName, (u64, Hash))> + '_ {
        self.places
            .iter()
            .filter(|(_, place)| place.segment != 0)
            .map(|(name, place)| (*name, (place.next - 1, place.head)))
    }
}

/// How far one journal was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// The segment, 0 before the first.
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    /// The sequence number that follows.
    pub(crate) next: u64,
    pub(crate) head: Hash,
    /// The mark at which reading met damage; nothing is tried again before it changes.
    pub(crate) stopped: Option<Mark>,
}

impl Place {
    pub(crate) const START: Self = Self { segment: 0, offset: 0, next: 1, head: [0; 32], stopped: None };
}

impl Store {
    /// The commits of all journals and branches that became durable since `cursor`, journal by journal and each
    /// in order, checked: blocks, chain, Merkle roots, contents, and per journal the signature of the newest,
    /// which vouches for those before it. Damage ends its journal, see [`damage`](Self::damage), and no other.
    ///
    /// Cost when nothing is new: one directory listing and one small read per journal. Memory: all that is new;
    /// see [`poll_some`](Self::poll_some).
    ///
    /// # Errors
    /// [`JournalError::Io`] when the journals cannot be listed; the cursor is then unchanged.
    pub fn poll(&self, cursor: &mut Cursor) -> Result<Vec<Commit>, JournalError> {
        self.poll_some(cursor, u64::MAX)
    }

    /// As [`poll`](Self::poll), but stops after about `most` bytes; empty when there is nothing new.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_some(&self, cursor: &mut Cursor, most: u64) -> Result<Vec<Commit>, JournalError> {
        let mut commits = Vec::new();
        let mut left = most;
        for journal in self.journals()? {
            let place = cursor.places.entry(journal).or_insert(Place::START);
            self.poll_journal(journal, place, &mut left, &mut commits);
            if left == 0 {
                break;
            }
        }
        self.known().stats.polled += commits.len() as u64;
        Ok(commits)
    }

    /// Reads on in one journal. Damage is noted and ends it.
    pub(crate) fn poll_journal(
        &self,
        journal: JournalName,
        place: &mut Place,
        left: &mut u64,
        commits: &mut Vec<Commit>,
    ) {
        let mark = match self.mark(&journal) {
            Ok(MarkState::Published(mark)) => mark,
            Ok(MarkState::Absent) => return,
            Ok(MarkState::Damaged(problem)) => {
                let error = JournalError::corrupt(&journal.mark(), 0, problem);
                self.known().damage.insert(journal, error);
                return;
            }
            Err(error) => {
                self.known().damage.insert(journal, error);
                return;
            }
        };
        if place.stopped == Some(mark) {
            return;
        }
        if (place.next - 1, place.head) == (mark.last, mark.hash) {
            let mut known = self.known();
            if !known.is_damaged(&journal) {
                // What was met before was the mark itself, or passed.
                known.damage.remove(&journal);
            }
            return;
        }
        let start = commits.len();
        let before = *place;
        let read = self.read_on(journal, place, &mark, left, commits);
        let trusted = self.check_signatures(journal, &commits[start..]);
        let result = match trusted {
            Ok(()) => read,
            Err(Untrusted { good, segment, offset, error }) => {
                commits.truncate(start + good);
                *place = commits[start..].last().map_or(before, |commit| Place {
                    segment,
                    offset,
                    next: commit.header.last() + 1,
                    head: commit.hash,
                    stopped: None,
                });
                Err(error)
            }
        };
        match result {
            Ok(()) => {
                self.known().damage.remove(&journal);
            }
            Err(error) => {
                if matches!(error, JournalError::Corrupt { .. }) {
                    place.stopped = Some(mark);
                }
                self.known().damage.insert(journal, error);
            }
        }
    }

    fn read_on(
        &self,
        journal: JournalName,
        place: &mut Place,
        mark: &Mark,
        left: &mut u64,
        commits: &mut Vec<Commit>,
    ) -> Result<(), JournalError> {
        let disk = &*self.disk;
        let bad = |problem| Err(JournalError::corrupt(&journal.mark(), 0, problem));
        if mark.last < place.next {
            return bad("durable mark went back");
        }
        let segments = if place.segment == mark.segment {
            vec![mark.segment]
        } else {
            recovery::segments(disk, &journal)?
        };
        let name = Arc::new(journal);
        let start = place.segment;
        for first in segments.into_iter().filter(|first| (start..=mark.segment).contains(first)) {
            let limit = if first == mark.segment { mark.end } else { u64::MAX };
            let mut reader = SegmentReader::open(disk, &journal, first, limit)?;
            if first != place.segment {
                enter_segment(&journal, &reader, place)?;
            }
            while let Some(block) = reader.block(place.offset)? {
                let header = &block.header;
                let problem = if header.writer != journal.writer {
                    Some("commit is another writer's")
                } else if header.first != place.next || header.previous != place.head {
                    Some("commit does not follow the one before it")
                } else if block.signature.is_some() == (journal.writer.key == UNSIGNED_KEY) {
                    Some("commit is not signed as its writer's key says")
                } else {
                    None
                };
                if let Some(problem) = problem {
                    return Err(JournalError::corrupt(&reader.path, place.offset, problem));
                }
                let position = Position { journal: Arc::clone(&name), segment: first, offset: place.offset };
                place.offset += block.length as u64;
                (place.next, place.head) = (block.header.last() + 1, block.hash);
                commits.push(Commit {
                    header: block.header,
                    hash: block.hash,
                    signature: block.signature,
                    records: block.records,
                    position,
                });
                *left = left.saturating_sub(block.length as u64);
                if *left == 0 {
                    return Ok(());
                }
            }
            if first == mark.segment && place.offset != mark.end {
                let problem = "acknowledged commits are missing or damaged";
                return Err(JournalError::corrupt(&reader.path, place.offset, problem));
            }
        }
        if place.segment < mark.segment {
            return Err(JournalError::corrupt(&journal.segment(mark.segment), 0, "segment is missing"));
        }
        if (place.next - 1, place.head) != (mark.last, mark.hash) {
            return bad("durable mark names another commit");
        }
        Ok(())
    }

    /// Checks the newest signature; where it fails, finds how many commits are vouched for.
    fn check_signatures(&self, journal: JournalName, commits: &[Commit]) -> Result<(), Untrusted> {
        let Some(newest) = commits.last() else { return Ok(()) };
        if journal.writer.key == UNSIGNED_KEY || self.known().signed.get(&journal) == Some(&newest.hash) {
            return Ok(());
        }
        let is_signed =
            |commit: &Commit| commit.signature.is_some_and(|signature| commit.header.is_signed(&signature));
        if is_signed(newest) {
            return Ok(());
        }
        let good = commits.iter().take_while(|commit| is_signed(commit)).count();
        let Position { segment, offset, .. } = commits[good].position;
        let error =
            JournalError::corrupt(&journal.segment(segment), offset + 144, "signature does not verify");
        Err(Untrusted { good, segment, offset, error })
    }
}

/// Commits whose newest signature does not verify.
struct Untrusted {
    /// How many of them carry a signature that does.
    good: usize,
    /// Where the one after those is.
    segment: u64,
    offset: u64,
    error: JournalError,
}

/// Goes from the end of one segment to the beginning of the next.
fn enter_segment(
    journal: &JournalName,
    reader: &SegmentReader,
    place: &mut Place,
) -> Result<(), JournalError> {
    let header = &reader.header;
    if place.segment == 0 && journal.branch.is_some() {
        // A branch begins where it left the other one.
        (place.next, place.head) = (header.first, header.previous);
    } else {
        let before = (place.segment != 0).then_some((place.segment, place.offset));
        reader.check_follows(journal, place.next, &place.head, before)?;
    }
    place.segment = header.first;
    place.offset = SEGMENT_HEADER_LENGTH as u64;
    Ok(())
}
