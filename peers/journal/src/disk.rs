//! The disk alone: what a durable write of one record costs at the very least.
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::{Outcome, RECORD_BYTES, callers, record};

const FILE_BYTES: u64 = 32 << 20;
static PIECE: [u8; 64 << 10] = [0; 64 << 10];

/// Writes records one behind the other into a file whose blocks are all written before, and syncs its data each time.
pub fn bare(dir: &Path, time: Duration) -> Outcome<f64> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(dir.join("bare"))?;
    // In pieces: Linux keeps one large write in large pages, which make every later sync of a few bytes slower.
    for offset in (0..FILE_BYTES).step_by(PIECE.len()) {
        file.write_all_at(&PIECE, offset)?;
    }
    file.sync_all()?;
    callers::rate(1, time, || {
        Ok(|n: u64| {
            let offset = n * RECORD_BYTES as u64 % (FILE_BYTES - RECORD_BYTES as u64);
            file.write_all_at(&record(n), offset)?;
            Ok(file.sync_data()?)
        })
    })
}
