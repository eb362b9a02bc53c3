//! Payloads in the Zstandard format, with a hard bound on what comes out.
//!
//! Natively this is the reference library at all its levels. In WebAssembly it is `ruzstd`, which reads every frame and writes
//! standard ones at one strength, about that of level 1, whatever level is asked for.

use std::fmt;

/// The level where none is given.
pub const DEFAULT_LEVEL: i32 = 3;

/// Payloads below this are not compressed where no other bound is given.
pub const DEFAULT_MIN_BYTES: usize = 2048;

/// The most that is decompressed where no other limit is given.
pub const DEFAULT_LIMIT_BYTES: usize = 64 << 20;

/// Nothing is decompressed to more than this times its size.
pub const MAX_EXPANSION: usize = 1000;

/// What went wrong with a compressed payload. No message holds a byte of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CompressError {
    /// The data are no Zstandard frames, or damaged ones.
    Malformed,
    /// There is more in them than allowed.
    LimitExceeded {
        /// What was allowed, in bytes.
        limit: usize,
    },
    /// There is no room for the result.
    OutOfMemory,
}

impl CompressError {
    /// Every code of this type, in the order of the variants.
    pub const CODES: &'static [&'static str] =
        &["compress/malformed", "compress/limit-exceeded", "compress/out-of-memory"];

    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "compress/malformed",
            Self::LimitExceeded { .. } => "compress/limit-exceeded",
            Self::OutOfMemory => "compress/out-of-memory",
        }
    }
}

impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a whole Zstandard frame"),
            Self::LimitExceeded { limit } => write!(f, "decompresses to more than {limit} bytes"),
            Self::OutOfMemory => f.write_str("no room for the result"),
        }
    }
}

impl std::error::Error for CompressError {}

/// A payload that became smaller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Payload {
    /// A Zstandard frame.
    pub data: Vec<u8>,
    /// How long the payload was.
    pub original_bytes: usize,
}

impl Payload {
    /// The size of the frame relative to the payload's.
    pub fn ratio(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "sizes in memory")]
        let ratio = self.data.len() as f64 / self.original_bytes as f64;
        ratio
    }
}

/// The payload as a frame, if it has `min_bytes` at least and becomes smaller. `level` is brought to 1..=22.
pub fn compress_payload(payload: &[u8], min_bytes: usize, level: i32) -> Option<Payload> {
    if payload.is_empty() || payload.len() < min_bytes {
        return None;
    }
    let data = backend::compress(payload, level.clamp(1, 22))?;
    (data.len() < payload.len()).then_some(Payload { data, original_bytes: payload.len() })
}

/// What is in `frames`, one Zstandard frame or several, if it has at most `limit` bytes and at most [`MAX_EXPANSION`]
/// times theirs. Memory grows with what comes out, not with what a frame claims.
///
/// # Errors
/// [`CompressError`].
pub fn decompress_payload(frames: &[u8], limit: usize) -> Result<Vec<u8>, CompressError> {
    if frames.is_empty() {
        return Err(CompressError::Malformed);
    }
    let limit = limit.min(frames.len().saturating_mul(MAX_EXPANSION));
    let mut room = limit.min(frames.len().saturating_mul(8).max(64 << 10));
    loop {
        match backend::decompress(frames, room)? {
            Some(payload) => return Ok(payload),
            None if room == limit => return Err(CompressError::LimitExceeded { limit }),
            // Decompressed again from the start: all attempts together take twice the last one's time.
            None => room = limit.min(room.saturating_mul(4)),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
use library as backend;
#[cfg(target_arch = "wasm32")]
use portable as backend;

/// The reference library.
#[cfg(not(target_arch = "wasm32"))]
mod library {
    use zstd::zstd_safe;

    use super::CompressError;

    /// `ZSTD_error_dstSize_tooSmall`, as the library returns it.
    const TOO_SMALL: usize = 70_usize.wrapping_neg();

    pub(super) fn compress(payload: &[u8], level: i32) -> Option<Vec<u8>> {
        let mut data = Vec::new();
        data.try_reserve_exact(zstd_safe::compress_bound(payload.len())).ok()?;
        zstd_safe::compress(&mut data, payload, level).ok()?;
        Some(data)
    }

    /// None if there is more than `room`. Decoding to one piece of memory needs no window beside it.
    pub(super) fn decompress(frames: &[u8], room: usize) -> Result<Option<Vec<u8>>, CompressError> {
        let mut payload = Vec::new();
        payload.try_reserve_exact(room).map_err(|_| CompressError::OutOfMemory)?;
        match zstd_safe::decompress(&mut payload, frames) {
            Ok(_) => Ok(Some(payload)),
            Err(TOO_SMALL) => Ok(None),
            Err(_) => Err(CompressError::Malformed),
        }
    }
}

/// In Rust alone.
#[cfg(any(target_arch = "wasm32", test))]
mod portable {
    use std::io::Read as _;

    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::CompressError;

    /// What every decoder is to accept (RFC 8878, section 3.1.1.1.2): a frame may look back this far. Memory for as much is taken
    /// when it says so, so greater ones are accepted only up to the room there is for what comes out.
    const WINDOW_BYTES: usize = 8 << 20;

    /// How much is decoded between two looks at the room that is left.
    const STEP: usize = 256 << 10;

    #[expect(clippy::unnecessary_wraps, reason = "the other library can fail")]
    pub(super) fn compress(payload: &[u8], _level: i32) -> Option<Vec<u8>> {
        Some(compress_to_vec(payload, CompressionLevel::Fastest))
    }

    /// None if there is more than `room`.
    pub(super) fn decompress(mut frames: &[u8], room: usize) -> Result<Option<Vec<u8>>, CompressError> {
        let mut payload: Vec<u8> = Vec::new();
        payload.try_reserve_exact(room).map_err(|_| CompressError::OutOfMemory)?;
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES.max(room) as u64);
        while !frames.is_empty() {
            match decoder.init(&mut frames) {
                Ok(()) => {}
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    frames = frames.get(length as usize..).ok_or(CompressError::Malformed)?;
                    continue;
                }
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Ok(None),
                Err(_) => return Err(CompressError::Malformed),
            }
            loop {
                decoder
                    .decode_blocks(&mut frames, BlockDecodingStrategy::UptoBytes(STEP))
                    .map_err(|_| CompressError::Malformed)?;
                let left = room - payload.len();
                (&mut decoder)
                    .take(left as u64)
                    .read_to_end(&mut payload)
                    .map_err(|_| CompressError::Malformed)?;
                if decoder.can_collect() > 0 {
                    return Ok(None);
                }
                if decoder.is_finished() {
                    break;
                }
            }
            if decoder
                .get_checksum_from_data()
                .is_some_and(|sum| decoder.get_calculated_checksum() != Some(sum))
            {
                return Err(CompressError::Malformed);
            }
        }
        Ok(Some(payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Decompress = fn(&[u8], usize) -> Result<Option<Vec<u8>>, CompressError>;
    const BOTH: [Decompress; 2] = [library::decompress, portable::decompress];

    fn prose() -> Vec<u8> {
        (0..4000_u32)
            .flat_map(|n| format!("line {} of {} in the log\n", n * n % 977, n).into_bytes())
            .collect()
    }

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let all =
            [CompressError::Malformed, CompressError::LimitExceeded { limit: 1 }, CompressError::OutOfMemory];
        assert_eq!(all.map(CompressError::code), CompressError::CODES);
    }

    #[test]
    fn part_10_each_library_reads_what_either_wrote() {
        let payload = prose();
        let mut written: Vec<Vec<u8>> =
            [1, 3, 9, 19, 22].map(|level| library::compress(&payload, level).unwrap()).into();
        written.push(portable::compress(&payload, 3).unwrap());
        for frame in &written {
            assert!(frame.len() * 3 < payload.len());
            for decompress in BOTH {
                assert_eq!(decompress(frame, payload.len()), Ok(Some(payload.clone())));
                assert_eq!(decompress(frame, payload.len() - 1), Ok(None));
            }
        }
        // Frames may follow one another, and frames to skip may stand between them.
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &written[0], &written[5]].concat();
        for decompress in BOTH {
            assert_eq!(decompress(&skipped, 1 << 20).unwrap().unwrap(), payload.repeat(2));
        }
    }

    #[test]
    fn part_10_payloads_that_gain_nothing_stay_as_they_are() {
        assert_eq!(compress_payload(&prose()[..2000], DEFAULT_MIN_BYTES, DEFAULT_LEVEL), None);
        let noise = chrysalis_crypto::hash::blake3_xof(b"noise", 4096).unwrap();
        assert_eq!(compress_payload(&noise, 0, 3), None);
        assert_eq!(compress_payload(&[], 0, 3), None);
        let payload = compress_payload(&prose(), DEFAULT_MIN_BYTES, 99).unwrap();
        assert_eq!(payload.original_bytes, prose().len());
        assert!(payload.ratio() < 0.3);
        assert_eq!(decompress_payload(&payload.data, DEFAULT_LIMIT_BYTES), Ok(prose()));
    }

    #[test]
    fn a_bomb_is_refused_before_it_takes_memory() {
        let bomb = library::compress(&vec![0; 32 << 20], 19).unwrap();
        assert!(bomb.len() < 4096);
        let limit = bomb.len() * MAX_EXPANSION;
        assert_eq!(
            decompress_payload(&bomb, DEFAULT_LIMIT_BYTES),
            Err(CompressError::LimitExceeded { limit })
        );
        assert_eq!(
            decompress_payload(&library::compress(&prose(), 3).unwrap(), 100),
            Err(CompressError::LimitExceeded { limit: 100 })
        );
        // A frame of a few bytes that claims a window of 128 MiB.
        for decompress in BOTH {
            let claim = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00];
            assert_ne!(decompress(&claim, 100), Ok(Some(vec![0])));
        }
    }

    #[test]
    fn damaged_frames_are_errors() {
        let mut frame = library::compress(&prose(), 3).unwrap();
        assert_eq!(decompress_payload(b"not a frame", 100), Err(CompressError::Malformed));
        assert_eq!(decompress_payload(&[], 100), Err(CompressError::Malformed));
        for decompress in BOTH {
            assert_eq!(decompress(&frame[..frame.len() - 5], 1 << 20), Err(CompressError::Malformed));
        }
        // Any flipped bit gives an error or other bytes, and never a panic.
        for at in (0..frame.len()).step_by(7) {
            frame[at] ^= 0x10;
            for decompress in BOTH {
                let _either = decompress(&frame, 1 << 20);
            }
            frame[at] ^= 0x10;
        }
    }
}
