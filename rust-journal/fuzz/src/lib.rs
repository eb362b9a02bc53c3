//! What the fuzz targets do, as plain functions that `cargo test` runs too.

use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::block::{BlockPlace, decode_block};
use chrysalis_journal::mark::Mark;
use chrysalis_journal::segment::SegmentHeader;
use chrysalis_journal::{Cursor, Disk, MemoryDisk, NewRecord, OpenMode, Options, Store, text, verify};

/// A commit block: as it comes, and with length and checksums put right, so that what they cover is reached.
pub fn block(data: &[u8]) {
    let place = BlockPlace { epoch: [5; 16], offset: 128 };
    let _ = decode_block(data, &place);
    let length = data.len() / 16 * 16;
    if length < 224 {
        return;
    }
    let mut bytes = data[..length].to_vec();
    bytes[..4].copy_from_slice(b"CMT1");
    bytes[4..8].copy_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    bytes[8..12].copy_from_slice(&u32::from(data[8] & 1).to_le_bytes());
    let checksum = |bytes: &[u8]| {
        let sum = crc32c::crc32c_append(crc32c::crc32c(&place.epoch), &place.offset.to_le_bytes());
        crc32c::crc32c_append(sum, bytes).to_le_bytes()
    };
    let prefix = checksum(&bytes[..12]);
    bytes[12..16].copy_from_slice(&prefix);
    let body = checksum(&bytes[..length - 8]);
    bytes[length - 8..length - 4].copy_from_slice(&body);
    bytes[length - 4..].copy_from_slice(b"END1");
    if let Ok(block) = decode_block(&bytes, &place) {
        assert_eq!(block.length, length);
        assert_eq!(block.records.len(), block.header.count as usize);
        assert_eq!(block.hash, block.header.hash());
    }
}

/// Everything small: what is accepted has one encoding.
pub fn headers(data: &[u8]) {
    if let Ok(header) = SegmentHeader::from_bytes(data) {
        assert_eq!(header.to_bytes(), data);
    }
    if let Ok(mark) = Mark::from_bytes(data) {
        assert_eq!(mark.to_bytes(), data);
    }
    if text::check_format(data).is_ok() {
        assert_eq!(text::encode_format(), data);
    }
    if let Some(host) = text::decode_host(data) {
        assert_eq!(text::encode_host(&host), data);
    }
    if let Some(host) = text::decode_born(data) {
        assert_eq!(text::encode_born(&host), data);
    }
    if let Some(reason) = text::decode_closed(data) {
        assert_eq!(text::encode_closed(reason), data);
    }
    // The same with right checksums.
    for (length, at) in [(128, 124), (96, 92)] {
        if data.len() >= length {
            let mut bytes = data[..length].to_vec();
            let checksum = crc32c::crc32c(&bytes[..at]).to_le_bytes();
            bytes[at..].copy_from_slice(&checksum);
            if let Ok(header) = SegmentHeader::from_bytes(&bytes) {
                assert_eq!(header.to_bytes(), bytes[..]);
            }
            if let Ok(mark) = Mark::from_bytes(&bytes) {
                assert_eq!(mark.to_bytes(), bytes[..]);
            }
        }
    }
    let sealed = [data, format!("crc32c {:08x}\n", crc32c::crc32c(data)).as_bytes()].concat();
    if text::check_format(&sealed).is_ok() {
        assert_eq!(text::encode_format(), sealed);
    }
    if let Some(host) = text::decode_host(&sealed) {
        assert_eq!(text::encode_host(&host), sealed);
    }
    if let Some(host) = text::decode_born(&sealed) {
        assert_eq!(text::encode_born(&host), sealed);
    }
}

/// A whole store whose files were changed: checked, opened, read, appended to. `data` is a list of changes, each a
/// file, a place of two bytes and what is done there.
pub fn store(data: &[u8]) {
    let key = Arc::new(SigningKey::from_seed(&[1; 32]));
    let options = Options { signer: Some(key), segment_bytes: 1024, ..Options::default() };
    let disk = MemoryDisk::new();
    let record = |length: u8| NewRecord {
        kind: 1,
        namespace: [2; 16],
        key_epoch: 0,
        time: 3,
        context: vec![4; 5],
        salt: [6; 16],
        content: vec![length; usize::from(length)],
    };
    let sample = Store::open(Arc::new(disk.clone()), options.clone()).expect("an empty disk takes a store");
    for length in [1, 200, 250, 30, 0] {
        sample.append(vec![record(length), record(9)]).expect("memory does not fail");
    }
    // As a killed process leaves it.
    let disk = disk.copy();
    drop(sample);
    let journal = disk.list("writers").expect("it was written").remove(0);
    let mut paths: Vec<String> = disk
        .list(&format!("writers/{journal}"))
        .expect("it was written")
        .into_iter()
        .map(|name| format!("writers/{journal}/{name}"))
        .collect();
    paths.push(format!("local/hosts/{}", "00".repeat(16)));
    paths.push(format!("local/born/{journal}"));
    for change in data.chunks_exact(5) {
        let path = &paths[usize::from(change[0]) % paths.len()];
        let Ok(file) = disk.open(path, OpenMode::Write) else { continue };
        let length = file.len().expect("memory does not fail");
        let at = u64::from(u16::from_le_bytes([change[1], change[2]])) % (length + 16);
        let result = match change[3] % 4 {
            0 => file.set_len(at),
            1 => file.write_all_at(&[change[4]; 64], at),
            _ => file.write_all_at(&change[4..], at),
        };
        result.expect("memory does not fail");
    }
    let before = verify(&disk, &mut |_| ControlFlow::Continue(())).expect("damage is no error");
    let store = Store::open(Arc::new(disk.clone()), options).expect("damage in a journal is no error");
    let commits = store.poll(&mut Cursor::default()).expect("nor here");
    assert!(commits.len() <= 5 && before.commits <= 5);
    let receipt = store.append(vec![record(77)]).expect("there is always a journal to append to");
    let after = store.poll(&mut Cursor::default()).expect("nor here");
    assert!(after.iter().any(|commit| commit.hash == receipt.commit), "what is acknowledged is read");
    assert!(after.len() > commits.len(), "and what was read before too");
}
