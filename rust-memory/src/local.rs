//! Small text files in a store's `local/` directory: trust and namespace names.
//!
//! They never leave the store. Each is lines of text closed by a checksum line, replaced as a whole under the
//! directory's lock, so that readers need none.

use std::io;

use chrysalis_journal::{Disk, OpenMode, write_atomic};

use crate::error::MemoryError;

const DIRECTORY: &str = "local";
const LOCK: &str = "local/lock";
/// More than any such file holds; whatever is longer is damaged.
const MAX_LENGTH: u64 = 16 << 20;

/// What tells one content of such a file from the next: its length and its checksum line; `None` for no file.
pub(crate) type Version = Option<(u64, [u8; CHECKSUM_LENGTH])>;

/// Length of the last line, line feed included.
const CHECKSUM_LENGTH: usize = "crc32c 00000000\n".len();

/// The version of `local/<name>`: one small read, however long the file is.
pub(crate) fn version(disk: &dyn Disk, name: &'static str) -> Result<Version, MemoryError> {
    let path = format!("local/{name}");
    let file = match disk.open(&path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(MemoryError::io(&path))?,
    };
    let length = file.len().map_err(MemoryError::io(&path))?;
    let mut end = [0; CHECKSUM_LENGTH];
    let from = length.saturating_sub(CHECKSUM_LENGTH as u64);
    file.read_at(&mut end, from).map_err(MemoryError::io(&path))?;
    Ok(Some((length, end)))
}

/// The lines of `local/<name>`, without header and checksum; none when there is no such file.
pub(crate) fn read(disk: &dyn Disk, name: &'static str) -> Result<Vec<String>, MemoryError> {
    let damaged = || MemoryError::LocalFileMalformed(name);
    let path = format!("local/{name}");
    let file = match disk.open(&path, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.map_err(MemoryError::io(&path))?,
    };
    let length = file.len().map_err(MemoryError::io(&path))?;
    if length > MAX_LENGTH {
        return Err(damaged());
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| damaged())?];
    let read = file.read_at(&mut bytes, 0).map_err(MemoryError::io(&path))?;
    if read != bytes.len() {
        return Err(damaged());
    }
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    let (body, checksum) = text.trim_end_matches('\n').rsplit_once('\n').ok_or_else(damaged)?;
    if checksum != checksum_line(&format!("{body}\n")) {
        return Err(damaged());
    }
    let mut lines = body.lines();
    if lines.next() != Some(header(name).as_str()) {
        return Err(damaged());
    }
    Ok(lines.map(str::to_owned).collect())
}

/// Replaces the lines of `local/<name>` by what `change` makes of them, alone among all processes.
///
/// # Errors
/// [`MemoryError::TooLarge`] for more than such a file holds, besides what `change` and the disk say; nothing is
/// then changed.
pub(crate) fn update<T>(
    disk: &dyn Disk,
    name: &'static str,
    change: impl FnOnce(&mut Vec<String>) -> Result<T, MemoryError>,
) -> Result<T, MemoryError> {
    // A store that was copied without its local directory gets a new one.
    disk.create_dir_all(DIRECTORY).map_err(MemoryError::io(DIRECTORY))?;
    drop(disk.open(LOCK, OpenMode::Create).map_err(MemoryError::io(LOCK))?);
    let _lock = disk.lock(LOCK).map_err(MemoryError::io(LOCK))?;
    let mut lines = read(disk, name)?;
    let before = lines.clone();
    let result = change(&mut lines)?;
    if lines != before {
        let mut text = header(name) + "\n";
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        let checksum = checksum_line(&text);
        text.push_str(&checksum);
        text.push('\n');
        if text.len() as u64 > MAX_LENGTH {
            // It could not be read back.
            return Err(MemoryError::TooLarge {
                what: "file in local/",
                limit: usize::try_from(MAX_LENGTH).unwrap_or(usize::MAX),
                actual: text.len(),
            });
        }
        let path = format!("local/{name}");
        write_atomic(disk, &path, text.as_bytes()).map_err(MemoryError::io(&path))?;
    }
    Ok(result)
}

fn header(name: &str) -> String {
    format!("chrysalis {name} 1")
}

fn checksum_line(text: &str) -> String {
    format!("crc32c {:08x}", crc32c::crc32c(text.as_bytes()))
}
