//! The small text files of a store: `FORMAT`, `local/hosts/*`, `local/born/*`, `local/closed/*`. Each ends with a
//! checksum line.

use chrysalis_crypto::hex;

use crate::disk::DirFingerprint;
use crate::error::JournalError;

/// No such file is longer.
pub(crate) const MAX_TEXT_LENGTH: usize = 1024;

const FORMAT: &str = "chrysalis store 1\nfeatures\n";

/// The content of `FORMAT` in a store of this version.
#[must_use]
pub fn encode_format() -> Vec<u8> {
    seal(FORMAT)
}

/// Checks the content of `FORMAT`.
///
/// # Errors
/// [`JournalError::FormatTooNew`] for a later version or an unknown feature, [`JournalError::Corrupt`] for
/// anything else that is not this version's.
pub fn check_format(bytes: &[u8]) -> Result<(), JournalError> {
    let corrupt = |problem| JournalError::corrupt("FORMAT", 0, problem);
    let lines = open(bytes).ok_or_else(|| corrupt("checksum or form is wrong"))?;
    if lines == FORMAT {
        return Ok(());
    }
    let (version, features) = lines
        .strip_suffix('\n')
        .and_then(|text| text.split_once('\n'))
        .ok_or_else(|| corrupt("form is wrong"))?;
    match version.strip_prefix("chrysalis store ") {
        Some("1") if features.starts_with("features ") => {
            Err(JournalError::FormatTooNew { what: "a feature of the store is not known" })
        }
        Some(number) if number != "1" && number.parse::<u32>().is_ok() => {
            Err(JournalError::FormatTooNew { what: "the version of the store is not known" })
        }
        _ => Err(corrupt("form is wrong")),
    }
}

/// Where a host found a store directory when it began to write there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Host {
    /// A random id kept in the user's state directory.
    pub id: [u8; 16],
    /// Of the store's `local` directory.
    pub fingerprint: DirFingerprint,
}

/// The content of `local/hosts/<id>`.
#[must_use]
pub fn encode_host(host: &Host) -> Vec<u8> {
    let number = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    seal(&format!(
        "host {}\ninode {}\nbirth {}\n",
        hex::encode(&host.id),
        number(host.fingerprint.inode),
        number(host.fingerprint.birth_ns)
    ))
}

/// Reads the content of `local/hosts/<id>`; `None` for anything else.
#[must_use]
pub fn decode_host(bytes: &[u8]) -> Option<Host> {
    let mut lines = open(bytes)?.lines();
    let number = |text: &str| match text {
        "-" => Some(None),
        digits => digits.parse::<u64>().ok().map(Some),
    };
    let host = Host {
        id: hex::decode_array(lines.next()?.strip_prefix("host ")?).ok()?,
        fingerprint: DirFingerprint {
            inode: number(lines.next()?.strip_prefix("inode ")?)?,
            birth_ns: number(lines.next()?.strip_prefix("birth ")?)?,
        },
    };
    (encode_host(&host) == bytes).then_some(host)
}

/// The content of `local/born/<writer>`: the id of the host at which the writer was born.
#[must_use]
pub fn encode_born(host: &[u8; 16]) -> Vec<u8> {
    seal(&format!("host {}\n", hex::encode(host)))
}

/// Reads the content of `local/born/<writer>`; `None` for anything else.
#[must_use]
pub fn decode_born(bytes: &[u8]) -> Option<[u8; 16]> {
    let line = open(bytes)?.strip_prefix("host ")?.strip_suffix('\n')?;
    let host = hex::decode_array(line).ok()?;
    (encode_born(&host) == bytes).then_some(host)
}

/// Why nothing more is ever appended to a journal by its own writer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Closed {
    /// The directory is a copy of the one where the journal was born, or was moved.
    Copied,
    /// It ends in damage, which stays where it is.
    Damaged,
    /// Its born marker was found, but no journal.
    Missing,
    /// Commits of it arrived from elsewhere: the directory had been restored to an earlier state.
    Restored,
}

const REASONS: [(Closed, &str); 4] = [
    (Closed::Copied, "the directory was copied\n"),
    (Closed::Damaged, "the journal is damaged\n"),
    (Closed::Missing, "the journal is missing\n"),
    (Closed::Restored, "commits of it were imported\n"),
];

/// The content of `local/closed/<writer>`.
#[must_use]
pub fn encode_closed(reason: Closed) -> Vec<u8> {
    seal(REASONS.iter().find(|(known, _)| *known == reason).map_or("", |(_, text)| text))
}

/// Reads the content of `local/closed/<writer>`; `None` for anything else.
#[must_use]
pub fn decode_closed(bytes: &[u8]) -> Option<Closed> {
    let text = open(bytes)?;
    REASONS.iter().find(|(_, known)| *known == text).map(|(reason, _)| *reason)
}

fn seal(lines: &str) -> Vec<u8> {
    format!("{lines}crc32c {:08x}\n", crc32c::crc32c(lines.as_bytes())).into_bytes()
}

/// The lines before a right checksum line.
fn open(bytes: &[u8]) -> Option<&str> {
    if bytes.len() > MAX_TEXT_LENGTH {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = &text[..text.strip_suffix('\n')?.rfind('\n')? + 1];
    (seal(lines) == bytes).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Refuses = fn(&[u8]) -> bool;

    #[test]
    fn texts_round_trip_and_no_flipped_byte_passes() {
        let host =
            Host { id: [5; 16], fingerprint: DirFingerprint { inode: Some(u64::MAX), birth_ns: None } };
        assert_eq!(decode_host(&encode_host(&host)), Some(host));
        assert_eq!(decode_born(&encode_born(&host.id)), Some(host.id));
        assert_eq!(decode_born(&encode_host(&host)), None);
        assert_eq!(decode_host(&encode_born(&host.id)), None);
        assert_eq!(check_format(&encode_format()), Ok(()));
        for (reason, _) in REASONS {
            assert_eq!(decode_closed(&encode_closed(reason)), Some(reason));
        }
        let refuses: [(Vec<u8>, Refuses); 4] = [
            (encode_host(&host), |bytes| decode_host(bytes).is_none()),
            (encode_born(&host.id), |bytes| decode_born(bytes).is_none()),
            (encode_format(), |bytes| check_format(bytes).is_err()),
            (encode_closed(Closed::Damaged), |bytes| decode_closed(bytes).is_none()),
        ];
        for (bytes, refuses) in refuses {
            for at in 0..bytes.len() {
                assert!(refuses(&bytes[..at]));
                for bit in 0..8 {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 1 << bit;
                    assert!(refuses(&flipped), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn later_formats_are_told_from_damage() {
        for lines in ["chrysalis store 2\nfeatures\n", "chrysalis store 1\nfeatures sealed\n"] {
            assert!(matches!(check_format(&seal(lines)), Err(JournalError::FormatTooNew { .. })), "{lines}");
        }
        for lines in ["chrysalis store x\nfeatures\n", "", "\n", "other\n"] {
            assert!(matches!(check_format(&seal(lines)), Err(JournalError::Corrupt { .. })), "{lines}");
        }
    }
}
