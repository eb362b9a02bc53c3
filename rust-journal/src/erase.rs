//! Erasing content: the signed skeleton stays, content and salt become zeros.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crypto::merkle::Hash;

use crate::append::Writer;
use crate::appender::lock_journal;
use crate::block::erase_in_block;
use crate::disk::{Disk, OpenMode, TEMPORARY};
use crate::error::JournalError;
use crate::local;
use crate::mark::{MarkState, read_mark};
use crate::name::JournalName;
use crate::record::StoredRecord;
use crate::recovery;
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentReader};
use crate::store::{Store, lock};

/// What an erasure did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Erased {
    /// Records whose content is gone.
    pub erased: usize,
    /// Records whose content is still there, because another process appends to their journal: ask again later.
    pub pending: usize,
}

impl Store {
    /// Erases content and salt of records, each named by its author's key and its leaf, in every journal of this
    /// store. A copy of a record in another author's journal is that author's and stays. Segments are
    /// rewritten and replaced, so that a power cut leaves the old or the new one; when it returns, the new ones
    /// are durable. Already erased and withheld records are not counted.
    ///
    /// The file system may keep the replaced file's bytes on the medium until it uses the space again.
    ///
    /// Cost: reads the whole store, rewrites the segments concerned.
    ///
    /// # Errors
    /// [`JournalError::ReadOnly`], [`JournalError::DiskFull`], [`JournalError::OutcomeUnknown`],
    /// [`JournalError::Io`]; what was erased before stays erased.
    pub fn erase(&self, records: &BTreeSet<([u8; 32], Hash)>) -> Result<Erased, JournalError> {
        self.require_writable()?;
        self.enter_process()?;
        let mut report = Erased::default();
        let found = self.find_content(records)?;
        if found.is_empty() {
            return Ok(report);
        }
        let mut writer = lock(&self.writer);
        let _guard = local::lock(&*self.disk)?;
        for (journal, segments) in found {
            let leaves = &leaves_of(records, &journal);
            if let Writer::Ready(appender) = &mut *writer
                && appender.name == journal
            {
                for first in segments.into_keys() {
                    let (temporary, erased) = rewrite(&*self.disk, &journal, first, leaves)?;
                    if let Err(error) = appender.replace_segment(first, &temporary) {
                        *writer = Writer::Poisoned;
                        return Err(error);
                    }
                    report.erased += erased;
                }
                continue;
            }
            let Some(_lock) = lock_journal(&*self.disk, &journal)? else {
                report.pending += segments.values().sum::<usize>();
                continue;
            };
            for first in segments.into_keys() {
                let (temporary, erased) = rewrite(&*self.disk, &journal, first, leaves)?;
                replace(&*self.disk, &journal, first, &temporary)?;
                report.erased += erased;
            }
        }
        Ok(report)
    }

    /// The segments that hold content of these records, and of how many.
    fn find_content(
        &self,
        records: &BTreeSet<([u8; 32], Hash)>,
    ) -> Result<BTreeMap<JournalName, BTreeMap<u64, usize>>, JournalError> {
        let mut found: BTreeMap<JournalName, BTreeMap<u64, usize>> = BTreeMap::new();
        for journal in self.journals()? {
            let leaves = &leaves_of(records, &journal);
            if leaves.is_empty() {
                continue;
            }
            for first in recovery::segments(&*self.disk, &journal)? {
                let mut count = 0;
                let result = for_each_hit(&*self.disk, &journal, first, leaves, &mut |_, _, hits| {
                    count += hits;
                    Ok(())
                });
                match result {
                    // Content behind damage is out of reach; what was found before it is not.
                    Ok(()) | Err(JournalError::Corrupt { .. }) => {}
                    Err(error) => return Err(error),
                }
                if count > 0 {
                    found.entry(journal).or_default().insert(first, count);
                }
            }
        }
        Ok(found)
    }
}

/// The leaves to erase in a journal: those of its own writer's records.
fn leaves_of(records: &BTreeSet<([u8; 32], Hash)>, journal: &JournalName) -> BTreeSet<Hash> {
    let key = journal.writer.key;
    records.range((key, [0; 32])..=(key, [255; 32])).map(|(_, leaf)| *leaf).collect()
}

/// Calls `hit` with offset, length and number of records for each block that holds content to erase.
fn for_each_hit(
    disk: &dyn Disk,
    journal: &JournalName,
    first: u64,
    leaves: &BTreeSet<Hash>,
    hit: &mut dyn FnMut(u64, usize, usize) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut reader = SegmentReader::open(disk, journal, first, u64::MAX)?;
    let mut offset = SEGMENT_HEADER_LENGTH as u64;
    while let Some(block) = reader.block(offset)? {
        let mut hits = 0;
        for record in &block.records {
            if matches!(record, StoredRecord::Full { .. }) && leaves.contains(&record.leaf()?) {
                hits += 1;
            }
        }
        if hits > 0 {
            hit(offset, block.length, hits)?;
        }
        offset += block.length as u64;
    }
    Ok(())
}

/// Writes a copy of a segment with the records erased, and syncs it; gives its path and how many there were.
fn rewrite(
    disk: &dyn Disk,
    journal: &JournalName,
    first: u64,
    leaves: &BTreeSet<Hash>,
) -> Result<(String, usize), JournalError> {
    let path = journal.segment(first);
    let temporary = format!("{path}{TEMPORARY}");
    let result = write_copy(disk, journal, first, leaves, &temporary);
    if result.is_err() {
        // Whoever takes the journal next removes it otherwise.
        let _ = disk.remove(&temporary);
    }
    result.map(|erased| (temporary, erased))
}

fn write_copy(
    disk: &dyn Disk,
    journal: &JournalName,
    first: u64,
    leaves: &BTreeSet<Hash>,
    temporary: &str,
) -> Result<usize, JournalError> {
    let mut reader = SegmentReader::open(disk, journal, first, u64::MAX)?;
    let copy = disk.open(temporary, OpenMode::Create).map_err(JournalError::io("create", temporary))?;
    copy.set_len(0).map_err(JournalError::io("cut", temporary))?;
    // Everything is copied, zeros and damage too: what is behind the blocks is not ours to judge here.
    let mut at = 0;
    while at < reader.limit {
        let bytes = reader.bytes(at, 1 << 20)?;
        if bytes.is_empty() {
            return Err(JournalError::corrupt(&reader.path, at, "file became shorter"));
        }
        copy.write_all_at(bytes, at).map_err(JournalError::io("write", temporary))?;
        at += bytes.len() as u64;
    }
    let mut erased = 0;
    let result = for_each_hit(disk, journal, first, leaves, &mut |offset, length, _| {
        let place = reader.place(offset);
        let mut bytes = reader.bytes(offset, length)?.to_vec();
        erased += erase_in_block(&mut bytes, &place, &|leaf| leaves.contains(leaf))
            .map_err(|fault| JournalError::corrupt(&reader.path, offset + fault.at as u64, fault.problem))?;
        copy.write_all_at(&bytes, offset).map_err(JournalError::io("write", temporary))
    });
    match result {
        Ok(()) | Err(JournalError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    copy.sync().map_err(JournalError::io("sync", temporary))?;
    Ok(erased)
}

/// Puts a rewritten segment in its place, in a journal nobody appends to; the caller holds its lock.
fn replace(disk: &dyn Disk, journal: &JournalName, first: u64, temporary: &str) -> Result<(), JournalError> {
    let (path, directory, mark_path) = (journal.segment(first), journal.directory(), journal.mark());
    disk.rename(temporary, &path).map_err(JournalError::io("rename", temporary))?;
    disk.sync_dir(&directory).map_err(JournalError::io("sync", &directory))?;
    if let MarkState::Published(mut mark) = read_mark(disk, &mark_path)? {
        mark.generation = mark.generation.wrapping_add(1);
        let file = disk.open(&mark_path, OpenMode::Write).map_err(JournalError::io("open", &mark_path))?;
        file.write_all_at(&mark.to_bytes(), 0).map_err(JournalError::io("write", &mark_path))?;
        file.sync().map_err(JournalError::io("sync", &mark_path))?;
    }
    Ok(())
}
