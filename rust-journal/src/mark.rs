//! The durable mark: how far a journal's readers may read.

use chrysalis_crypto::merkle::Hash;

use crate::disk::{Disk, DiskFile, OpenMode};
use crate::error::JournalError;

/// Length of an encoded mark, well within one sector.
pub(crate) const MARK_LENGTH: usize = 96;

const MAGIC: &[u8; 4] = b"MRK1";

/// Names the last durable commit of a journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark {
    /// Changes whenever a segment was replaced by a rewritten one, or the journal changed hands.
    pub generation: u32,
    /// First sequence number of the segment that holds the commit.
    pub segment: u64,
    /// Offset where the commit ends.
    pub end: u64,
    /// The last sequence number in the commit.
    pub last: u64,
    /// The commit's hash.
    pub hash: Hash,
}

impl Mark {
    /// The 96-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; MARK_LENGTH] {
        let mut out = [0; MARK_LENGTH];
        out[..4].copy_from_slice(MAGIC);
        out[4..8].copy_from_slice(&self.generation.to_le_bytes());
        out[8..16].copy_from_slice(&self.segment.to_le_bytes());
        out[16..24].copy_from_slice(&self.end.to_le_bytes());
        out[24..32].copy_from_slice(&self.last.to_le_bytes());
        out[32..64].copy_from_slice(&self.hash);
        let checksum = crc32c::crc32c(&out[..92]);
        out[92..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads an encoded mark.
    ///
    /// # Errors
    /// What does not hold, for anything but exactly one well-formed mark.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; MARK_LENGTH] = bytes.try_into().map_err(|_| "durable mark has a wrong length")?;
        if &bytes[..4] != MAGIC {
            return Err("durable mark has a wrong magic");
        }
        if crc32c::crc32c(&bytes[..92]) != u32::from_le_bytes(array(bytes, 92)) {
            return Err("durable mark has a wrong checksum");
        }
        if bytes[64..92] != [0; 28] {
            return Err("durable mark has set reserved bytes");
        }
        let mark = Self {
            generation: u32::from_le_bytes(array(bytes, 4)),
            segment: u64::from_le_bytes(array(bytes, 8)),
            end: u64::from_le_bytes(array(bytes, 16)),
            last: u64::from_le_bytes(array(bytes, 24)),
            hash: array(bytes, 32),
        };
        if mark.segment == 0 || mark.last < mark.segment || mark.last == u64::MAX {
            return Err("durable mark names no commit");
        }
        Ok(mark)
    }
}

/// What the mark of a journal says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MarkState {
    /// No commit was ever published.
    Absent,
    /// Everything up to here is durable.
    Published(Mark),
    /// The file is damaged.
    Damaged(&'static str),
}

impl MarkState {
    pub(crate) fn published(self) -> Option<Mark> {
        match self {
            Self::Published(mark) => Some(mark),
            _ => None,
        }
    }
}

/// Reads the mark at `path`. A mark that is being written at this moment can look torn and is read again.
pub(crate) fn read_mark(disk: &dyn Disk, path: &str) -> Result<MarkState, JournalError> {
    let file = match disk.open(path, OpenMode::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(MarkState::Absent),
        other => other.map_err(JournalError::io("open", path))?,
    };
    let mut state = MarkState::Absent;
    for _ in 0..READS {
        state = decode(&*file).map_err(JournalError::io("read", path))?;
        if !matches!(state, MarkState::Damaged(_)) {
            break;
        }
        std::thread::yield_now();
    }
    Ok(state)
}

const READS: usize = 8;

fn decode(file: &dyn DiskFile) -> std::io::Result<MarkState> {
    let mut bytes = [0; MARK_LENGTH + 1];
    let length = file.read_at(&mut bytes, 0)?;
    let bytes = &bytes[..length];
    // Zeros are a new file whose first mark did not reach the disk.
    if bytes.len() <= MARK_LENGTH && bytes.iter().all(|byte| *byte == 0) {
        return Ok(MarkState::Absent);
    }
    Ok(Mark::from_bytes(bytes).map_or_else(MarkState::Damaged, MarkState::Published))
}

fn array<const N: usize>(bytes: &[u8; MARK_LENGTH], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[offset..offset + N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_round_trip_and_no_flipped_bit_passes() {
        let mark = Mark { generation: 3, segment: 5, end: 128, last: 9, hash: [7; 32] };
        let bytes = mark.to_bytes();
        assert_eq!(Mark::from_bytes(&bytes), Ok(mark));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Mark::from_bytes(&flipped).is_err(), "bit {bit}");
        }
        assert!(Mark::from_bytes(&bytes[..95]).is_err());
    }
}
