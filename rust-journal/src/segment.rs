//! Segments: the header of one, and reading commits out of one.

use chrysalis_crypto::commit::{CommitHeader, WriterId};
use chrysalis_crypto::merkle::Hash;

use crate::block::{
    ALIGNMENT, Block, BlockPlace, HEADER_END, PREFIX_LENGTH, decode_block, decode_commit_header,
    decode_prefix,
};
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::JournalError;
use crate::name::JournalName;

/// Length of an encoded [`SegmentHeader`].
pub(crate) const SEGMENT_HEADER_LENGTH: usize = 128;

const MAGIC: &[u8; 8] = b"CHRYSEG\0";
const VERSION: u16 = 1;

/// The first 128 bytes of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SegmentHeader {
    /// Whose journal it belongs to.
    pub writer: WriterId,
    /// First sequence number in it.
    pub first: u64,
    /// Hash of the commit before it, zero where there is none.
    pub previous: Hash,
    /// Random, drawn when the segment is created: bytes of another life of the file are never taken for it.
    pub epoch: [u8; 16],
}

impl SegmentHeader {
    /// The 128-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SEGMENT_HEADER_LENGTH] {
        let mut out = [0; SEGMENT_HEADER_LENGTH];
        out[..8].copy_from_slice(MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[12] = 128;
        out[16..48].copy_from_slice(&self.writer.key);
        out[48..56].copy_from_slice(&self.writer.incarnation.to_le_bytes());
        out[56..64].copy_from_slice(&self.first.to_le_bytes());
        out[64..96].copy_from_slice(&self.previous);
        out[96..112].copy_from_slice(&self.epoch);
        let checksum = crc32c::crc32c(&out[..124]);
        out[124..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads an encoded header.
    ///
    /// # Errors
    /// What does not hold, for anything but exactly one well-formed header.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; SEGMENT_HEADER_LENGTH] =
            bytes.try_into().map_err(|_| "segment header is cut short")?;
        if &bytes[..8] != MAGIC {
            return Err("segment has a wrong magic");
        }
        if crc32c::crc32c(&bytes[..124]) != u32::from_le_bytes(array(bytes, 124)) {
            return Err("segment header has a wrong checksum");
        }
        if u16::from_le_bytes(array(bytes, 8)) != VERSION
            || bytes[10..16] != [0, 0, 128, 0, 0, 0]
            || bytes[112..124] != [0; 12]
        {
            return Err("segment header is of another version");
        }
        let header = Self {
            writer: WriterId { key: array(bytes, 16), incarnation: u64::from_le_bytes(array(bytes, 48)) },
            first: u64::from_le_bytes(array(bytes, 56)),
            previous: array(bytes, 64),
            epoch: array(bytes, 96),
        };
        if header.first == 0 {
            return Err("segment begins at no sequence number");
        }
        Ok(header)
    }
}

/// Reads commits from one segment, a window of bytes at a time.
pub(crate) struct SegmentReader {
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) path: String,
    pub(crate) header: SegmentHeader,
    /// Nothing at or beyond this offset is looked at.
    pub(crate) limit: u64,
    window: Vec<u8>,
    window_start: u64,
    /// How much is read at least.
    window_length: usize,
}

const WINDOW: usize = 256 << 10;

impl SegmentReader {
    /// Opens the segment of `journal` that begins with `first`, to be read up to `limit` or its end.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when its header is not what its name says.
    pub(crate) fn open(
        disk: &dyn Disk,
        journal: &JournalName,
        first: u64,
        limit: u64,
    ) -> Result<Self, JournalError> {
        let path = journal.segment(first);
        let file = disk.open(&path, OpenMode::Read).map_err(JournalError::io("open", &path))?;
        Self::with_file(file, path, journal, first, limit)
    }

    pub(crate) fn with_file(
        file: Box<dyn DiskFile>,
        path: String,
        journal: &JournalName,
        first: u64,
        limit: u64,
    ) -> Result<Self, JournalError> {
        let length = file.len().map_err(JournalError::io("measure", &path))?;
        let mut bytes = [0; SEGMENT_HEADER_LENGTH];
        let read = file.read_at(&mut bytes, 0).map_err(JournalError::io("read", &path))?;
        let header =
            SegmentHeader::from_bytes(&bytes[..read]).map_err(|p| JournalError::corrupt(&path, 0, p))?;
        if header.writer != journal.writer || header.first != first {
            return Err(JournalError::corrupt(&path, 16, "segment header contradicts the file's name"));
        }
        Ok(Self {
            file,
            path,
            header,
            limit: limit.min(length),
            window: Vec::new(),
            window_start: 0,
            window_length: WINDOW,
        })
    }

    /// For reading single blocks rather than many behind each other.
    pub(crate) fn read_little(&mut self) {
        self.window_length = 4 << 10;
    }

    /// Checks that this segment of `journal` begins with the sequence number `next` behind the commit `head`.
    /// `before` is the segment before it and where that one's commits end.
    pub(crate) fn check_follows(
        &self,
        journal: &JournalName,
        next: u64,
        head: &Hash,
        before: Option<(u64, u64)>,
    ) -> Result<(), JournalError> {
        if self.header.first == next && self.header.previous == *head {
            return Ok(());
        }
        Err(match before {
            Some((first, end)) if self.header.first > next => {
                JournalError::corrupt(&journal.segment(first), end, "commits are missing")
            }
            None if self.header.first > next => {
                JournalError::corrupt(&journal.segment(next), 0, "segment is missing")
            }
            _ => JournalError::corrupt(&self.path, 56, "segment does not follow the one before it"),
        })
    }

    pub(crate) fn place(&self, offset: u64) -> BlockPlace {
        BlockPlace { epoch: self.header.epoch, offset }
    }

    /// The bytes at `offset`, or fewer where the limit is nearer.
    pub(crate) fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8], JournalError> {
        let available = usize::try_from(self.limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(available);
        let window_end = self.window_start + self.window.len() as u64;
        if offset < self.window_start || offset + length as u64 > window_end {
            self.window.resize(length.max(self.window_length.min(available)), 0);
            let read = self.file.read_at(&mut self.window, offset);
            self.window_start = offset;
            match read {
                Ok(read) => self.window.truncate(read),
                Err(error) => {
                    self.window.clear();
                    return Err(JournalError::io("read", &self.path)(error));
                }
            }
        }
        let start = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX).min(self.window.len());
        let end = (start + length).min(self.window.len());
        Ok(&self.window[start..end])
    }

    /// The block at `offset`; `None` at the limit or where there are zeros instead.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] for anything else.
    pub(crate) fn block(&mut self, offset: u64) -> Result<Option<Block>, JournalError> {
        let Some(length) = self.block_length(offset)? else { return Ok(None) };
        let place = self.place(offset);
        let bytes = self.bytes(offset, length)?;
        decode_block(bytes, &place)
            .map(Some)
            .map_err(|fault| JournalError::corrupt(&self.path, offset + fault.at as u64, fault.problem))
    }

    /// Length and header of the commit at `offset`, without reading its records.
    pub(crate) fn commit_header(
        &mut self,
        offset: u64,
    ) -> Result<Option<(usize, CommitHeader)>, JournalError> {
        if self.block_length(offset)?.is_none() {
            return Ok(None);
        }
        let place = self.place(offset);
        decode_commit_header(self.bytes(offset, HEADER_END)?, &place)
            .map(Some)
            .map_err(|fault| JournalError::corrupt(&self.path, offset + fault.at as u64, fault.problem))
    }

    /// The length of the block at `offset`, which is within the limit; `None` where there is no block.
    fn block_length(&mut self, offset: u64) -> Result<Option<usize>, JournalError> {
        let place = self.place(offset);
        let limit = self.limit;
        let bytes = self.bytes(offset, PREFIX_LENGTH)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let result = match bytes.first_chunk() {
            None => Err((0, "block is cut short")),
            Some(prefix) => match decode_prefix(prefix, &place) {
                Err(fault) => Err((fault.at, fault.problem)),
                Ok((length, _)) if length as u64 > limit - offset => Err((4, "block is cut short")),
                Ok((length, _)) => Ok(Some(length)),
            },
        };
        result.map_err(|(at, problem)| JournalError::corrupt(&self.path, offset + at as u64, problem))
    }

    /// Whether everything from `offset` to the limit is zero; else where the first other byte is.
    pub(crate) fn first_nonzero(&mut self, offset: u64) -> Result<Option<u64>, JournalError> {
        let mut at = offset;
        while at < self.limit {
            let bytes = self.bytes(at, WINDOW)?;
            if let Some(found) = bytes.iter().position(|byte| *byte != 0) {
                return Ok(Some(at + found as u64));
            }
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
        }
        Ok(None)
    }

    /// Judges what lies at `offset`, where the good blocks end.
    pub(crate) fn tail(&mut self, offset: u64) -> Result<Tail, JournalError> {
        if self.first_nonzero(offset)?.is_none() {
            return Ok(Tail::Clean);
        }
        let problem = match self.block(offset) {
            Ok(Some(_)) => return Ok(Tail::Damaged("commit does not follow the one before it")),
            Ok(None) => "no commit block begins here",
            Err(JournalError::Corrupt { problem, .. }) => problem,
            Err(other) => return Err(other),
        };
        if self.has_block_after(offset)? {
            return Ok(Tail::BlocksFollow(problem));
        }
        Ok(if self.is_incomplete(offset)? { Tail::Incomplete } else { Tail::Damaged(problem) })
    }

    fn has_block_after(&mut self, offset: u64) -> Result<bool, JournalError> {
        let mut at = offset + ALIGNMENT as u64;
        while at < self.limit {
            let window = self.bytes(at, WINDOW)?;
            if window.len() < PREFIX_LENGTH {
                break;
            }
            let chunks = window.chunks_exact(ALIGNMENT);
            let step = chunks.len() * ALIGNMENT;
            let candidates: Vec<u64> = chunks
                .enumerate()
                .filter(|(_, chunk)| chunk.starts_with(b"CMT1"))
                .map(|(i, _)| at + (i * ALIGNMENT) as u64)
                .collect();
            for candidate in candidates {
                match self.block(candidate) {
                    Ok(Some(_)) => return Ok(true),
                    Ok(None) | Err(JournalError::Corrupt { .. }) => {}
                    Err(other) => return Err(other),
                }
            }
            at += step as u64;
        }
        Ok(false)
    }

    /// Whether the block at `offset` is a write that did not finish, by what a torn write leaves: sectors that
    /// are still zero, a file that is still too short, or, where less than a sector is written at once, zeros from
    /// some byte on.
    pub(crate) fn is_incomplete(&mut self, offset: u64) -> Result<bool, JournalError> {
        let place = self.place(offset);
        let prefix = self.bytes(offset, PREFIX_LENGTH)?;
        if prefix.iter().all(|byte| *byte == 0) {
            return Ok(true);
        }
        let Some(prefix) = prefix.first_chunk() else { return Ok(true) };
        let Ok((length, _)) = decode_prefix(prefix, &place) else {
            let is_cut = prefix[PREFIX_LENGTH - 1] == 0;
            return Ok(is_cut && self.first_nonzero(offset + PREFIX_LENGTH as u64)?.is_none());
        };
        let end = offset + length as u64;
        if end > self.limit {
            return Ok(true);
        }
        let mut start = offset;
        while start < end {
            let stop = (start / SECTOR + 1) * SECTOR;
            let length = usize::try_from(stop.min(end) - start).unwrap_or(usize::MAX);
            if self.bytes(start, length)?.iter().all(|byte| *byte == 0) {
                return Ok(true);
            }
            start = stop;
        }
        // The last byte of a whole block is never zero.
        Ok(self.bytes(end - 1, 1)? == [0])
    }
}

const SECTOR: u64 = 512;

/// What lies behind the last good block of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tail {
    /// Nothing but zeros.
    Clean,
    /// A write that did not finish.
    Incomplete,
    /// A good block lies further on.
    BlocksFollow(&'static str),
    /// A block that was whole once.
    Damaged(&'static str),
}

fn array<const N: usize>(bytes: &[u8; SEGMENT_HEADER_LENGTH], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[offset..offset + N]);
    out
}
