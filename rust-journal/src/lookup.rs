//! Finding single commits by their sequence numbers, reading headers only.

use std::collections::BTreeMap;

use chrysalis_crypto::merkle::Hash;

use crate::error::JournalError;
use crate::name::JournalName;
use crate::poll::Place;
use crate::recovery;
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentReader};
use crate::store::Store;

/// Remembers the headers of the segment looked at last, per journal.
#[derive(Default)]
pub(crate) struct Lookup {
    segments: BTreeMap<JournalName, (u64, Headers)>,
}

/// By first sequence number.
type Headers = BTreeMap<u64, Found>;

/// A commit in a journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) last: u64,
    pub(crate) hash: Hash,
    /// Where reading goes on behind it.
    pub(crate) after: Place,
}

impl Lookup {
    /// The commit of `journal` that holds `sequence`; `None` where there is none, or none that is undamaged as
    /// far as `store` knows.
    ///
    /// Cost: reads the headers in one segment, unless it is the one looked at last.
    pub(crate) fn covering(
        &mut self,
        store: &Store,
        journal: &JournalName,
        sequence: u64,
    ) -> Result<Option<Found>, JournalError> {
        if let Some((_, headers)) = self.segments.get(journal)
            && let Some(found) = in_headers(headers, sequence)
        {
            return Ok(Some(found));
        }
        let Some(mark) = store.mark(journal)?.published() else { return Ok(None) };
        if sequence > mark.last {
            return Ok(None);
        }
        let firsts = recovery::segments(&*store.disk, journal)?;
        let Some(first) = firsts.into_iter().rfind(|first| *first <= sequence) else { return Ok(None) };
        let limit = if first == mark.segment { mark.end } else { u64::MAX };
        let headers = match read_headers(store, journal, first, limit) {
            Ok(headers) => headers,
            Err(JournalError::Corrupt { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = in_headers(&headers, sequence);
        self.segments.insert(*journal, (first, headers));
        Ok(found)
    }

    /// Forgets a journal that was appended to.
    pub(crate) fn forget(&mut self, journal: &JournalName) {
        self.segments.remove(journal);
    }
}

fn in_headers(headers: &Headers, sequence: u64) -> Option<Found> {
    let (_, found) = headers.range(..=sequence).next_back()?;
    (found.last >= sequence).then_some(*found)
}

/// The commits of a segment up to `limit` or to the damage that was met in it.
fn read_headers(
    store: &Store,
    journal: &JournalName,
    first: u64,
    limit: u64,
) -> Result<Headers, JournalError> {
    let path = journal.segment(first);
    let limit = match store.known().damage.get(journal) {
        Some(JournalError::Corrupt { file, offset, .. }) if *file == path => limit.min(*offset),
        // Damage in an earlier segment ends the journal there.
        Some(JournalError::Corrupt { file, .. }) if *file < path && file.ends_with(".seg") => 0,
        _ => limit,
    };
    let mut headers = Headers::new();
    let mut reader = SegmentReader::open(&*store.disk, journal, first, limit)?;
    let mut offset = SEGMENT_HEADER_LENGTH as u64;
    loop {
        match reader.commit_header(offset) {
            Ok(Some((length, header))) => {
                offset += length as u64;
                let (last, hash) = (header.last(), header.hash());
                let after = Place { segment: first, offset, next: last + 1, head: hash, stopped: None };
                headers.insert(header.first, Found { last, hash, after });
            }
            Ok(None) | Err(JournalError::Corrupt { .. }) => return Ok(headers),
            Err(error) => return Err(error),
        }
    }
}
