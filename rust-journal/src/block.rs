//! Commit blocks: one commit as bytes in a segment. The layout is fixed in `docs/encodings/journal.md`.

use chrysalis_crypto::commit::{
    COMMIT_HEADER_LENGTH, CommitHeader, MAX_CONTENT_LENGTH, RecordHeader, SALT_LENGTH,
};
use chrysalis_crypto::merkle::Hash;

use crate::error::JournalError;
use crate::record::{StoredRecord, check_records};

/// Blocks begin at multiples of this and their lengths are multiples of it.
pub(crate) const ALIGNMENT: usize = 16;
/// Length of the part that says how long the block is.
pub(crate) const PREFIX_LENGTH: usize = 16;
/// The longest block.
pub(crate) const MAX_BLOCK_LENGTH: usize = 256 << 20;

const SIGNATURE_OFFSET: usize = PREFIX_LENGTH + COMMIT_HEADER_LENGTH;
const RECORDS_OFFSET: usize = SIGNATURE_OFFSET + 64;
const END_LENGTH: usize = 8;
const RECORD_PREFIX_LENGTH: usize = 8;
const MAGIC: &[u8; 4] = b"CMT1";
const END: &[u8; 4] = b"END1";
const SIGNED: u32 = 1;
/// What sealing may add to a content.
const MAX_SEALING: usize = 1 << 10;

/// Where in its file a block lies: what its checksums cover beside its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockPlace {
    /// The segment's epoch.
    pub epoch: [u8; 16],
    /// The block's offset in the file.
    pub offset: u64,
}

impl BlockPlace {
    fn checksum(&self, bytes: &[u8]) -> [u8; 4] {
        let sum = crc32c::crc32c(&self.epoch);
        let sum = crc32c::crc32c_append(sum, &self.offset.to_le_bytes());
        crc32c::crc32c_append(sum, bytes).to_le_bytes()
    }
}

/// A decoded block: everything of a commit but its position.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// What is signed.
    pub header: CommitHeader,
    /// The hash of the header.
    pub hash: Hash,
    /// The signature, unless the journal has no signer.
    pub signature: Option<[u8; 64]>,
    /// The records.
    pub records: Vec<StoredRecord>,
    /// Length of the block in bytes.
    pub length: usize,
}

/// What does not hold, and where in the block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockFault {
    /// Offset in the block.
    pub at: usize,
    /// What does not hold.
    pub problem: &'static str,
}

fn fault(at: usize, problem: &'static str) -> BlockFault {
    BlockFault { at, problem }
}

/// The length of the block that begins with `prefix`, and whether it is signed.
///
/// # Errors
/// What does not hold of a prefix.
pub(crate) fn decode_prefix(
    prefix: &[u8; PREFIX_LENGTH],
    place: &BlockPlace,
) -> Result<(usize, bool), BlockFault> {
    if &prefix[..4] != MAGIC {
        return Err(fault(0, "no commit block begins here"));
    }
    if place.checksum(&prefix[..12]) != prefix[12..] {
        return Err(fault(0, "block prefix has a wrong checksum"));
    }
    let length = u32::from_le_bytes(array(prefix, 4)) as usize;
    if !length.is_multiple_of(ALIGNMENT)
        || !(RECORDS_OFFSET + END_LENGTH..=MAX_BLOCK_LENGTH).contains(&length)
    {
        return Err(fault(4, "block length is out of bounds"));
    }
    let flags = u32::from_le_bytes(array(prefix, 8));
    if flags & !SIGNED != 0 {
        return Err(fault(8, "block has unknown flags"));
    }
    Ok((length, flags & SIGNED != 0))
}

/// Only the commit header and its hash, from the first 144 bytes of a block: for walking over commits without
/// reading them. Nothing but the prefix is checked.
pub(crate) fn decode_commit_header(
    bytes: &[u8],
    place: &BlockPlace,
) -> Result<(usize, CommitHeader), BlockFault> {
    let prefix = bytes.first_chunk().ok_or(fault(0, "block is cut short"))?;
    let (length, _) = decode_prefix(prefix, place)?;
    let header =
        bytes.get(PREFIX_LENGTH..SIGNATURE_OFFSET).ok_or(fault(PREFIX_LENGTH, "block is cut short"))?;
    let header =
        CommitHeader::from_bytes(header).map_err(|_| fault(PREFIX_LENGTH, "commit header is malformed"))?;
    Ok((length, header))
}

/// How many bytes of a block [`decode_commit_header`] needs.
pub(crate) const HEADER_END: usize = SIGNATURE_OFFSET;

/// Reads exactly one block and checks everything that needs no other block and no signature: checksums, record
/// forms, content digests, Merkle root, padding. Every record of it is bounded by the bytes given.
///
/// # Errors
/// [`BlockFault`] with the first thing that does not hold.
pub fn decode_block(bytes: &[u8], place: &BlockPlace) -> Result<Block, BlockFault> {
    let prefix = bytes.first_chunk().ok_or(fault(0, "block is cut short"))?;
    let (length, is_signed) = decode_prefix(prefix, place)?;
    if bytes.len() != length {
        return Err(fault(4, "block is cut short"));
    }
    let (body, end) = bytes.split_at(length - END_LENGTH);
    if &end[4..] != END {
        return Err(fault(length - 4, "block has no end"));
    }
    if place.checksum(body) != end[..4] {
        return Err(fault(0, "block has a wrong checksum"));
    }
    let header = CommitHeader::from_bytes(&body[PREFIX_LENGTH..SIGNATURE_OFFSET])
        .map_err(|_| fault(PREFIX_LENGTH, "commit header is malformed"))?;
    let signature: [u8; 64] = array(body, SIGNATURE_OFFSET);
    if !is_signed && signature != [0; 64] {
        return Err(fault(SIGNATURE_OFFSET, "an unsigned block has a signature"));
    }
    let (records, after) = decode_records(body, header.count)?;
    if body.len() - after >= ALIGNMENT || body[after..].iter().any(|byte| *byte != 0) {
        return Err(fault(after, "block padding is not zero"));
    }
    check_records(&header, &records).map_err(|problem| fault(RECORDS_OFFSET, problem))?;
    Ok(Block { hash: header.hash(), header, signature: is_signed.then_some(signature), records, length })
}

fn decode_records(body: &[u8], count: u32) -> Result<(Vec<StoredRecord>, usize), BlockFault> {
    let most = (body.len() - RECORDS_OFFSET) / (RECORD_PREFIX_LENGTH + 32);
    let mut records = Vec::with_capacity((count as usize).min(most));
    let mut at = RECORDS_OFFSET;
    for _ in 0..count {
        let (record, length) = decode_record(&body[at..]).map_err(|problem| fault(at, problem))?;
        records.push(record);
        at += length;
    }
    Ok((records, at))
}

/// Reads one stored record from the start of `bytes`; gives it and the number of bytes it took.
pub(crate) fn decode_record(bytes: &[u8]) -> Result<(StoredRecord, usize), &'static str> {
    let prefix: &[u8; RECORD_PREFIX_LENGTH] = bytes.first_chunk().ok_or("record is cut short")?;
    if prefix[1..4] != [0; 3] {
        return Err("record has set reserved bytes");
    }
    let end = RECORD_PREFIX_LENGTH + u32::from_le_bytes(array(prefix, 4)) as usize;
    let bytes = bytes.get(RECORD_PREFIX_LENGTH..end).ok_or("record is cut short")?;
    let record = match prefix[0] {
        FULL => {
            let (header, length) = RecordHeader::decode(bytes).map_err(|_| "record header is malformed")?;
            let (salt, content) =
                bytes[length..].split_first_chunk::<SALT_LENGTH>().ok_or("record is cut short")?;
            let limit = if header.key_epoch == 0 {
                header.content_length as usize
            } else {
                MAX_CONTENT_LENGTH + MAX_SEALING
            };
            if content.len() > limit {
                return Err("record is longer than its content");
            }
            StoredRecord::Full { header, salt: *salt, content: content.to_vec() }
        }
        ERASED => {
            let (header, length) = RecordHeader::decode(bytes).map_err(|_| "record header is malformed")?;
            require_zeros(&bytes[length..])?;
            StoredRecord::Erased { header }
        }
        WITHHELD => {
            let (leaf, rest) = bytes.split_first_chunk().ok_or("record is cut short")?;
            require_zeros(rest)?;
            StoredRecord::Withheld { leaf: *leaf }
        }
        _ => return Err("record has an unknown form"),
    };
    Ok((record, end))
}

const FULL: u8 = 0;
const ERASED: u8 = 1;
const WITHHELD: u8 = 2;

fn require_zeros(bytes: &[u8]) -> Result<(), &'static str> {
    if bytes.iter().any(|byte| *byte != 0) { Err("an erased record has bytes left") } else { Ok(()) }
}

/// Appends the stored form of `record` to `out`.
///
/// # Errors
/// [`JournalError::Crypto`] when a part is over its limit.
pub(crate) fn encode_record(record: &StoredRecord, out: &mut Vec<u8>) -> Result<(), JournalError> {
    let start = out.len();
    out.extend_from_slice(&[0; RECORD_PREFIX_LENGTH]);
    out[start] = match record {
        StoredRecord::Full { header, salt, content } => {
            header.encode(out)?;
            out.extend_from_slice(salt);
            out.extend_from_slice(content);
            FULL
        }
        StoredRecord::Erased { header } => {
            header.encode(out)?;
            ERASED
        }
        StoredRecord::Withheld { leaf } => {
            out.extend_from_slice(leaf);
            WITHHELD
        }
    };
    let length = u32::try_from(out.len() - start - RECORD_PREFIX_LENGTH).map_err(|_| TOO_LONG)?;
    out[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

const TOO_LONG: JournalError = JournalError::TooLarge { what: "commit", limit: MAX_BLOCK_LENGTH as u64 };

/// The length of the block for records of this encoded length.
pub(crate) fn block_length(records: usize) -> usize {
    (RECORDS_OFFSET + records + END_LENGTH).next_multiple_of(ALIGNMENT)
}

/// The most bytes of encoded records that fit into one block.
pub(crate) const MAX_RECORDS_LENGTH: usize = MAX_BLOCK_LENGTH - RECORDS_OFFSET - END_LENGTH;

/// Appends a block to `out`, for the place where it will lie.
///
/// # Errors
/// [`JournalError::TooLarge`] when the block would be over its limit.
pub(crate) fn encode_block(
    header: &CommitHeader,
    signature: Option<&[u8; 64]>,
    records: &[&[u8]],
    place: &BlockPlace,
    out: &mut Vec<u8>,
) -> Result<(), JournalError> {
    let length = block_length(records.iter().map(|bytes| bytes.len()).sum());
    if length > MAX_BLOCK_LENGTH {
        return Err(TOO_LONG);
    }
    let start = out.len();
    out.reserve(length);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&u32::try_from(length).map_err(|_| TOO_LONG)?.to_le_bytes());
    out.extend_from_slice(&u32::from(signature.is_some()).to_le_bytes());
    let checksum = place.checksum(&out[start..]);
    out.extend_from_slice(&checksum);
    out.extend_from_slice(&header.to_bytes());
    out.extend_from_slice(signature.unwrap_or(&[0; 64]));
    for bytes in records {
        out.extend_from_slice(bytes);
    }
    out.resize(start + length - END_LENGTH, 0);
    let checksum = place.checksum(&out[start..]);
    out.extend_from_slice(&checksum);
    out.extend_from_slice(END);
    Ok(())
}

/// Erases the content and salt of the records of a block whose leaf `is_erased` names, in place and in the
/// same length; gives how many there were. `bytes` must be a block that [`decode_block`] accepts.
///
/// # Errors
/// [`BlockFault`] where it does not.
pub(crate) fn erase_in_block(
    bytes: &mut [u8],
    place: &BlockPlace,
    is_erased: &dyn Fn(&Hash) -> bool,
) -> Result<usize, BlockFault> {
    let block = decode_block(bytes, place)?;
    let (mut at, mut erased) = (RECORDS_OFFSET, 0);
    for record in &block.records {
        let end = at + RECORD_PREFIX_LENGTH + u32::from_le_bytes(array(bytes, at + 4)) as usize;
        if let StoredRecord::Full { header, .. } = record
            && is_erased(&header.leaf().map_err(|_| fault(at, "record header is malformed"))?)
        {
            bytes[at] = ERASED;
            bytes[at + RECORD_PREFIX_LENGTH + header.encoded_length()..end].fill(0);
            erased += 1;
        }
        at = end;
    }
    let body = bytes.len() - END_LENGTH;
    let checksum = place.checksum(&bytes[..body]);
    bytes[body..body + 4].copy_from_slice(&checksum);
    Ok(erased)
}

/// The `N` bytes at `offset`. The caller has checked the length.
fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[offset..offset + N]);
    out
}
