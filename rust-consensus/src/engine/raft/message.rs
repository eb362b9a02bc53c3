//! What members of this engine send each other: requests of the library and their answers, snapshots in chunks, and
//! values on their way to the leader. Each message is signed by its sender.

use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};

use super::types::{LogEntry, Member, Turn, Types, Vote};
use super::wire::{
    put_entry, put_log_id, put_member, put_turn, put_vote, read_entry, read_log_id, read_member, read_turn,
    read_vote,
};
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch};
use crate::log::Head;
use crate::message::MAX_MESSAGE_BYTES;
use crate::signature::{Check, Ed25519, Signature, Verifier};
use crate::value::MAX_VALUE_BYTES;
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u32, put_u64};

/// Bytes of a snapshot in one message.
pub(super) const CHUNK_BYTES: usize = 512 << 10;
/// Most bytes of entries or values in one message, unless a single one is larger.
pub(super) const BATCH_BYTES: usize = 512 << 10;

const DOMAIN: &[u8] = b"chrysalis/raft/1\0";

const APPEND: u8 = 0x80;
const VOTE: u8 = 0x81;
const CHUNK: u8 = 0x82;
const SUBMIT: u8 = 0x83;
const APPENDED: u8 = 0x84;
const VOTED: u8 = 0x85;
const TAKEN: u8 = 0x86;
const INSTALLED: u8 = 0x87;

const SUCCESS: u8 = 0;
const PARTIAL: u8 = 1;
const CONFLICT: u8 = 2;
const HIGHER_VOTE: u8 = 3;

/// A message between members of [`RaftEngine`](super::RaftEngine), which is read as strictly as any and shows nothing but
/// its bytes.
#[derive(Debug)]
pub struct RaftMessage {
    pub(super) from: Member,
    pub(super) to: Member,
    /// Which request this is or answers; unique to a member.
    pub(super) request: Turn,
    pub(super) body: Body,
    signature: Signature,
}

#[derive(Debug)]
pub(super) enum Body {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<Member>),
    Chunk(Chunk),
    /// Values in the order of their turns.
    Submit {
        epoch: Epoch,
        first: Turn,
        values: Vec<Arc<[u8]>>,
    },
    Appended(AppendEntriesResponse<Member>),
    Voted(VoteResponse<Member>),
    /// The byte of the snapshot that is wanted next.
    Taken(u64),
    Installed(Vote),
}

/// Part of a snapshot.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) vote: Vote,
    /// Of the whole snapshot.
    pub(super) digest: [u8; 32],
    pub(super) total: u64,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

impl RaftMessage {
    pub(super) fn sign(chain: &ChainId, key: &SigningKey, to: Member, request: Turn, body: Body) -> Self {
        let from = Member(key.public_key());
        let mut message = Self { from, to, request, body, signature: [0; 64] };
        message.signature = key.sign(&statement(chain, &message.unsigned()));
        message
    }

    pub(super) fn is_signed(&self, chain: &ChainId) -> bool {
        let statement = statement(chain, &self.unsigned());
        let check =
            Check { key: &self.from.0, decoded: None, message: &statement, signature: &self.signature };
        Ed25519.verify(&[check]) == [true]
    }

    /// The one encoding (`docs/encodings/raft.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.unsigned();
        out.extend_from_slice(&self.signature);
        out
    }

    fn unsigned(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.body.kind()];
        put_member(self.from, &mut out);
        put_member(self.to, &mut out);
        put_turn(self.request, &mut out);
        self.body.put(&mut out);
        out
    }

    /// Reads an encoding; the signature is not checked.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(ConsensusError::TooLarge { what: "message", limit: MAX_MESSAGE_BYTES as u64 });
        }
        let mut reader = Reader::new("message", bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        let kind = reader.u8()?;
        let (from, to) = (read_member(&mut reader)?, read_member(&mut reader)?);
        let request = read_turn(&mut reader)?;
        let body = Body::read(kind, &mut reader)?;
        let signature = reader.array()?;
        reader.end()?;
        Ok(Self { from, to, request, body, signature })
    }
}

impl Body {
    fn kind(&self) -> u8 {
        match self {
            Self::Append(_) => APPEND,
            Self::Vote(_) => VOTE,
            Self::Chunk(_) => CHUNK,
            Self::Submit { .. } => SUBMIT,
            Self::Appended(_) => APPENDED,
            Self::Voted(_) => VOTED,
            Self::Taken(_) => TAKEN,
            Self::Installed(_) => INSTALLED,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Append(request) => {
                put_vote(&request.vote, out);
                put_option(request.prev_log_id.as_ref(), out, put_log_id);
                put_option(request.leader_commit.as_ref(), out, put_log_id);
                put_count(request.entries.len(), out);
                request.entries.iter().for_each(|entry| put_entry(entry, out));
            }
            Self::Vote(request) => {
                put_vote(&request.vote, out);
                put_option(request.last_log_id.as_ref(), out, put_log_id);
            }
            Self::Chunk(Chunk { vote, digest, total, offset, bytes }) => {
                put_vote(vote, out);
                out.extend_from_slice(digest);
                put_u64(*total, out);
                put_u64(*offset, out);
                put_bytes(bytes, out);
            }
            Self::Submit { epoch, first, values } => {
                put_u64(epoch.0, out);
                put_turn(*first, out);
                put_count(values.len(), out);
                values.iter().for_each(|value| put_bytes(value, out));
            }
            Self::Appended(answer) => match answer {
                AppendEntriesResponse::Success => out.push(SUCCESS),
                AppendEntriesResponse::PartialSuccess(matching) => {
                    out.push(PARTIAL);
                    put_option(matching.as_ref(), out, put_log_id);
                }
                AppendEntriesResponse::Conflict => out.push(CONFLICT),
                AppendEntriesResponse::HigherVote(vote) => {
                    out.push(HIGHER_VOTE);
                    put_vote(vote, out);
                }
            },
            Self::Voted(answer) => {
                put_vote(&answer.vote, out);
                out.push(u8::from(answer.vote_granted));
                put_option(answer.last_log_id.as_ref(), out, put_log_id);
            }
            Self::Taken(next) => put_u64(*next, out),
            Self::Installed(vote) => put_vote(vote, out),
        }
    }

    fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        Ok(match kind {
            APPEND => {
                let vote = read_vote(reader)?;
                let prev_log_id = reader.option(read_log_id)?;
                let leader_commit = reader.option(read_log_id)?;
                let first = prev_log_id.map_or(0, |before| before.index + 1);
                let mut entries: Vec<LogEntry> = Vec::new();
                for place in 0..reader.u32()? {
                    let entry = read_entry(reader)?;
                    if entry.log_id.index != first + u64::from(place) {
                        return Err(reader.fault());
                    }
                    entries.push(entry);
                }
                Self::Append(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
            }
            VOTE => Self::Vote(VoteRequest::new(read_vote(reader)?, reader.option(read_log_id)?)),
            CHUNK => {
                let (vote, digest) = (read_vote(reader)?, reader.array()?);
                let (total, offset) = (reader.u64()?, reader.u64()?);
                let bytes = reader.bytes(CHUNK_BYTES)?.to_vec();
                let end = offset.checked_add(bytes.len() as u64);
                if bytes.is_empty() || end.is_none_or(|end| end > total) {
                    return Err(reader.fault());
                }
                Self::Chunk(Chunk { vote, digest, total, offset, bytes })
            }
            SUBMIT => {
                let (epoch, first) = (Epoch(reader.u64()?), read_turn(reader)?);
                let count = reader.u32()?;
                if count == 0 {
                    return Err(reader.fault());
                }
                let mut values: Vec<Arc<[u8]>> = Vec::new();
                for _ in 0..count {
                    let value = reader.bytes(MAX_VALUE_BYTES)?;
                    if value.is_empty() {
                        return Err(reader.fault());
                    }
                    values.push(value.into());
                }
                Self::Submit { epoch, first, values }
            }
            APPENDED => Self::Appended(match reader.u8()? {
                SUCCESS => AppendEntriesResponse::Success,
                PARTIAL => AppendEntriesResponse::PartialSuccess(reader.option(read_log_id)?),
                CONFLICT => AppendEntriesResponse::Conflict,
                HIGHER_VOTE => AppendEntriesResponse::HigherVote(read_vote(reader)?),
                _ => return Err(reader.fault()),
            }),
            VOTED => {
                let (vote, is_granted) = (read_vote(reader)?, reader.flag()?);
                Self::Voted(VoteResponse::new(vote, reader.option(read_log_id)?, is_granted))
            }
            TAKEN => Self::Taken(reader.u64()?),
            INSTALLED => Self::Installed(read_vote(reader)?),
            _ => return Err(reader.fault()),
        })
    }
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    put_u32(u32::try_from(count).expect("a batch of entries is below the size of a message"), out);
}

fn statement(chain: &ChainId, unsigned: &[u8]) -> Vec<u8> {
    [DOMAIN, &Head::chain_digest(chain)[..], unsigned].concat()
}
