//! What members that lag ask, and what the others answer: requests, responses, and [`serve`], which makes the one of the other.

use alloc::vec;
use alloc::vec::Vec;

use crate::certificate::CommitCertificate;
use crate::checkpoint::{CHUNK_BYTES, MAX_MANIFEST_BYTES, Manifest, StableCheckpoint};
use crate::error::ConsensusError;
use crate::id::Height;
use crate::message::MAX_MESSAGE_BYTES;
use crate::wire::{Reader, VERSION, put_bytes, put_u32, put_u64};

/// Most heights of one request.
pub const MAX_RANGE: u32 = 1024;

const CLAIM: u8 = 0x60;
const ASK_RANGE: u8 = 0x61;
const ASK_MANIFEST: u8 = 0x62;
const ASK_CHUNK: u8 = 0x63;
const RANGE: u8 = 0x64;
const MANIFEST: u8 = 0x65;
const CHUNK: u8 = 0x66;
const UNAVAILABLE: u8 = 0x67;
/// Most bytes of an encoded checkpoint: signatures of 1,024 members and what is around them.
const MAX_CHECKPOINT_BYTES: usize = 68 << 10;

/// What a member says that others can fetch from it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Claim {
    /// The last height it has decided, 0 for none.
    pub decided: Height,
    /// The first height whose decision it keeps; beyond `decided` where it keeps none.
    pub oldest: Height,
    /// The height of the checkpoint whose state it keeps, 0 for none.
    pub checkpoint: Height,
}

impl Claim {
    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, CLAIM];
        self.put(&mut out);
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("claim", bytes);
        reader.begin(CLAIM)?;
        let claim = Self::read(&mut reader)?;
        reader.end()?;
        Ok(claim)
    }

    fn put(&self, out: &mut Vec<u8>) {
        for height in [self.decided, self.oldest, self.checkpoint] {
            put_u64(height.0, out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        Ok(Self {
            decided: Height(reader.u64()?),
            oldest: Height(reader.u64()?),
            checkpoint: Height(reader.u64()?),
        })
    }
}

/// A decided value's encoding and what proves it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncodedDecision {
    /// The proof.
    pub certificate: CommitCertificate,
    /// The value's encoding.
    pub value: Vec<u8>,
}

/// A question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// Decisions from a height on.
    Range {
        /// The request's number, which the answer repeats.
        request: u64,
        /// The first height.
        from: Height,
        /// How many at most, 1 to [`MAX_RANGE`].
        count: u32,
    },
    /// The latest checkpoint and its manifest.
    Manifest {
        /// The request's number.
        request: u64,
    },
    /// A chunk of a checkpoint's state.
    Chunk {
        /// The request's number.
        request: u64,
        /// The checkpoint's height.
        height: Height,
        /// The chunk's index in the manifest.
        index: u32,
    },
}

impl Request {
    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        let (kind, request) = match self {
            Self::Range { request, .. } => (ASK_RANGE, request),
            Self::Manifest { request } => (ASK_MANIFEST, request),
            Self::Chunk { request, .. } => (ASK_CHUNK, request),
        };
        out.push(kind);
        put_u64(*request, &mut out);
        match self {
            Self::Range { from: height, count: number, .. } | Self::Chunk { height, index: number, .. } => {
                put_u64(height.0, &mut out);
                put_u32(*number, &mut out);
            }
            Self::Manifest { .. } => {}
        }
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`] for more than
    /// [`MAX_RANGE`] heights.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("request", bytes);
        let kind = read_kind(&mut reader)?;
        let request = reader.u64()?;
        let read = match kind {
            ASK_RANGE => {
                let (from, count) = (Height(reader.u64()?), reader.u32()?);
                if count > MAX_RANGE {
                    return Err(ConsensusError::TooLarge { what: "request", limit: u64::from(MAX_RANGE) });
                }
                if count == 0 || from.0 == 0 {
                    return Err(reader.fault());
                }
                Self::Range { request, from, count }
            }
            ASK_MANIFEST => Self::Manifest { request },
            ASK_CHUNK => Self::Chunk { request, height: Height(reader.u64()?), index: reader.u32()? },
            _ => return Err(reader.fault()),
        };
        reader.end()?;
        Ok(read)
    }
}

/// An answer, at most [`MAX_MESSAGE_BYTES`] long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Response {
    /// Decisions from the height asked for, as many as are there and fit a message.
    Range {
        /// The request's number.
        request: u64,
        /// The decisions, one after the other.
        items: Vec<EncodedDecision>,
    },
    /// The latest checkpoint.
    Manifest {
        /// The request's number.
        request: u64,
        /// The checkpoint.
        checkpoint: StableCheckpoint,
        /// What its state consists of.
        manifest: Manifest,
    },
    /// A chunk.
    Chunk {
        /// The request's number.
        request: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// What was asked for is not here, or not any more.
    Unavailable {
        /// The request's number.
        request: u64,
        /// What is.
        claim: Claim,
    },
}

impl Response {
    /// The number of the request that it answers.
    #[must_use]
    pub fn request(&self) -> u64 {
        match self {
            Self::Range { request, .. }
            | Self::Manifest { request, .. }
            | Self::Chunk { request, .. }
            | Self::Unavailable { request, .. } => *request,
        }
    }

    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let kind = match self {
            Self::Range { .. } => RANGE,
            Self::Manifest { .. } => MANIFEST,
            Self::Chunk { .. } => CHUNK,
            Self::Unavailable { .. } => UNAVAILABLE,
        };
        let mut out = vec![VERSION, kind];
        put_u64(self.request(), &mut out);
        match self {
            Self::Range { items, .. } => {
                put_u32(u32::try_from(items.len()).unwrap_or(u32::MAX), &mut out);
                for EncodedDecision { certificate, value } in items {
                    put_bytes(&certificate.to_bytes(), &mut out);
                    put_bytes(value, &mut out);
                }
            }
            Self::Manifest { checkpoint, manifest, .. } => {
                put_bytes(&checkpoint.to_bytes(), &mut out);
                put_bytes(&manifest.to_bytes(), &mut out);
            }
            Self::Chunk { bytes, .. } => put_bytes(bytes, &mut out),
            Self::Unavailable { claim, .. } => claim.put(&mut out),
        }
        out
    }

    /// Reads an encoding. Nothing is verified.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`] over [`MAX_MESSAGE_BYTES`], [`ConsensusError::Malformed`],
    /// [`ConsensusError::UnsupportedVersion`], and what the parts give.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(ConsensusError::TooLarge { what: "response", limit: MAX_MESSAGE_BYTES as u64 });
        }
        let mut reader = Reader::new("response", bytes);
        let kind = read_kind(&mut reader)?;
        let request = reader.u64()?;
        let response = match kind {
            RANGE => {
                let count = reader.u32()?;
                if count > MAX_RANGE {
                    return Err(reader.fault());
                }
                let mut items = Vec::new();
                for _ in 0..count {
                    let certificate = CommitCertificate::from_bytes(reader.bytes(MAX_MESSAGE_BYTES)?)?;
                    let value = reader.bytes(MAX_MESSAGE_BYTES)?.to_vec();
                    items.push(EncodedDecision { certificate, value });
                }
                Self::Range { request, items }
            }
            MANIFEST => Self::Manifest {
                request,
                checkpoint: StableCheckpoint::from_bytes(reader.bytes(MAX_CHECKPOINT_BYTES)?)?,
                manifest: Manifest::from_bytes(reader.bytes(MAX_MANIFEST_BYTES)?)?,
            },
            CHUNK => Self::Chunk { request, bytes: reader.bytes(CHUNK_BYTES)?.to_vec() },
            UNAVAILABLE => Self::Unavailable { request, claim: Claim::read(&mut reader)? },
            _ => return Err(reader.fault()),
        };
        reader.end()?;
        Ok(response)
    }
}

/// What a member can give to others.
pub trait Archive {
    /// What is there.
    fn claim(&self) -> Claim;

    /// The decision at a height; `None` where it is not kept, or cannot be read.
    fn decision(&self, height: Height) -> Option<EncodedDecision>;

    /// The latest checkpoint whose state is kept, and the manifest of that.
    fn checkpoint(&self) -> Option<(StableCheckpoint, Manifest)>;

    /// A chunk of the state of the checkpoint at a height.
    fn chunk(&self, height: Height, index: u32) -> Option<Vec<u8>>;
}

/// Answers a request. Reads at most one message's worth of decisions.
///
/// # Errors
/// As [`Request::from_bytes`]: the peer sends what no correct one sends.
pub fn serve(archive: &dyn Archive, request: &[u8]) -> Result<Vec<u8>, ConsensusError> {
    let question = Request::from_bytes(request)?;
    let (number, answer) = match question {
        Request::Range { request, from, count } => {
            let items = collect(archive, from, count);
            (request, (!items.is_empty()).then_some(Response::Range { request, items }))
        }
        Request::Manifest { request } => {
            let manifest = |(checkpoint, manifest)| Response::Manifest { request, checkpoint, manifest };
            (request, archive.checkpoint().map(manifest))
        }
        Request::Chunk { request, height, index } => {
            let chunk = archive.chunk(height, index).filter(|bytes| bytes.len() <= CHUNK_BYTES);
            (request, chunk.map(|bytes| Response::Chunk { request, bytes }))
        }
    };
    let answer = answer.unwrap_or_else(|| Response::Unavailable { request: number, claim: archive.claim() });
    Ok(answer.to_bytes())
}

/// As many decisions as fit a message; the first always does.
fn collect(archive: &dyn Archive, from: Height, count: u32) -> Vec<EncodedDecision> {
    let mut items = Vec::new();
    // What is before the items.
    let mut length = 14;
    for place in 0..u64::from(count) {
        let Some(decision) = archive.decision(from.plus(place)) else { break };
        length += 8 + decision.certificate.to_bytes().len() + decision.value.len();
        if length > MAX_MESSAGE_BYTES {
            break;
        }
        items.push(decision);
    }
    items
}

fn read_kind(reader: &mut Reader<'_>) -> Result<u8, ConsensusError> {
    let version = reader.u8()?;
    if version == VERSION { reader.u8() } else { Err(ConsensusError::UnsupportedVersion { found: version }) }
}
