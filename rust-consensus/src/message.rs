//! What validators send each other, in one strict, bounded encoding.

use alloc::vec;
use alloc::vec::Vec;

use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::id::{Epoch, Height, Round};
use crate::proposal::Proposal;
use crate::status::Status;
use crate::value::MAX_VALUE_BYTES;
use crate::vote::Vote;
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u32, put_u64};

/// Largest message.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Which message. The numbers are in encodings and signed statements.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum MessageKind {
    /// A proposal with its value.
    Proposal = 1,
    /// A vote.
    Vote = 2,
    /// What a validator has.
    Status = 3,
    /// A value that a quorum of prevotes made valid.
    Polka = 4,
    /// A value that was decided.
    Decision = 5,
    /// Proof against a validator.
    Evidence = 6,
}

/// What every message begins with, at fixed places, so that a message that is of no use is dropped before anything else
/// of it is read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Head {
    /// Which message.
    pub kind: MessageKind,
    /// The epoch.
    pub epoch: Epoch,
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
}

impl Head {
    /// Length in bytes, version included.
    pub const LENGTH: usize = 22;

    /// Reads the head of a message and nothing else.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`] over [`MAX_MESSAGE_BYTES`], [`ConsensusError::Malformed`],
    /// [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(ConsensusError::TooLarge { what: "message", limit: MAX_MESSAGE_BYTES as u64 });
        }
        Self::read(&mut Reader::new("message", bytes))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        let kind = match reader.u8()? {
            1 => MessageKind::Proposal,
            2 => MessageKind::Vote,
            3 => MessageKind::Status,
            4 => MessageKind::Polka,
            5 => MessageKind::Decision,
            6 => MessageKind::Evidence,
            _ => return Err(reader.fault()),
        };
        Ok(Self {
            kind,
            epoch: Epoch(reader.u64()?),
            height: Height(reader.u64()?),
            round: Round(reader.u32()?),
        })
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, self.kind as u8]);
        put_u64(self.epoch.0, out);
        put_u64(self.height.0, out);
        put_u32(self.round.0, out);
    }
}

/// A message. Proposals, votes and statuses are signed by their sender; the others carry their own proof.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Message {
    /// A proposal, the proof that its value may be proposed again if it has a valid round, and the value's encoding.
    Proposal {
        /// The signed part.
        proposal: Proposal,
        /// Present exactly where the proposal has a valid round; of that round, height, epoch and value.
        polka: Option<PolkaCertificate>,
        /// The value's encoding. That it has the proposal's digest is not checked in decoding.
        value: Vec<u8>,
    },
    /// A vote.
    Vote(Vote),
    /// What a validator has.
    Status(Status),
    /// A value that a quorum of prevotes made valid.
    Polka {
        /// The proof.
        certificate: PolkaCertificate,
        /// The value's encoding. That it has the certificate's digest is not checked in decoding.
        value: Vec<u8>,
    },
    /// A value that was decided.
    Decision {
        /// The proof.
        certificate: CommitCertificate,
        /// The value's encoding. That it has the certificate's digest is not checked in decoding.
        value: Vec<u8>,
    },
    /// Proof against a validator.
    Evidence(Evidence),
}

impl Message {
    /// The head that the encoding begins with.
    #[must_use]
    pub fn head(&self) -> Head {
        match self {
            Self::Proposal { proposal, .. } => proposal.head(),
            Self::Vote(vote) => vote.head(),
            Self::Status(status) => status.head(),
            Self::Polka { certificate, .. } => Head {
                kind: MessageKind::Polka,
                epoch: certificate.epoch(),
                height: certificate.height(),
                round: certificate.round(),
            },
            Self::Decision { certificate, .. } => Head {
                kind: MessageKind::Decision,
                epoch: certificate.epoch(),
                height: certificate.height(),
                round: certificate.round(),
            },
            Self::Evidence(evidence) => evidence.head(),
        }
    }

    /// The one encoding (`docs/encodings/agreement.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![];
        self.head().put(&mut out);
        match self {
            Self::Proposal { proposal, polka, value } => {
                proposal.put(&mut out);
                put_option(polka.as_ref(), &mut out, PolkaCertificate::put);
                put_bytes(value, &mut out);
            }
            Self::Vote(vote) => vote.put(&mut out),
            Self::Status(status) => status.put(&mut out),
            Self::Polka { certificate, value } => {
                certificate.put(&mut out);
                put_bytes(value, &mut out);
            }
            Self::Decision { certificate, value } => {
                certificate.put(&mut out);
                put_bytes(value, &mut out);
            }
            Self::Evidence(evidence) => evidence.put(&mut out),
        }
        out
    }

    /// Reads an encoding. No signature is verified.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`], [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        Ok(match Body::read(bytes)? {
            Body::Proposal { proposal, polka, value } => {
                Self::Proposal { proposal, polka, value: value.to_vec() }
            }
            Body::Vote(vote) => Self::Vote(vote),
            Body::Status(status) => Self::Status(status),
            Body::Polka { certificate, value } => Self::Polka { certificate, value: value.to_vec() },
            Body::Decision { certificate, value } => Self::Decision { certificate, value: value.to_vec() },
            Body::Evidence(evidence) => Self::Evidence(evidence),
        })
    }
}

/// A message whose value is where it was received, so that it costs no memory before it is known to be signed.
pub(crate) enum Body<'a> {
    Proposal { proposal: Proposal, polka: Option<PolkaCertificate>, value: &'a [u8] },
    Vote(Vote),
    Status(Status),
    Polka { certificate: PolkaCertificate, value: &'a [u8] },
    Decision { certificate: CommitCertificate, value: &'a [u8] },
    Evidence(Evidence),
}

impl<'a> Body<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ConsensusError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(ConsensusError::TooLarge { what: "message", limit: MAX_MESSAGE_BYTES as u64 });
        }
        let mut reader = Reader::new("message", bytes);
        let head = Head::read(&mut reader)?;
        let Head { epoch, height, round, .. } = head;
        let body = match head.kind {
            MessageKind::Proposal => {
                let proposal = Proposal::read(head, &mut reader)?;
                let polka = match (reader.flag()?, proposal.valid_round) {
                    (true, Some(round)) => Some(PolkaCertificate::read(epoch, height, round, &mut reader)?),
                    (false, None) => None,
                    _ => return Err(reader.fault()),
                };
                if polka.as_ref().is_some_and(|polka| polka.digest() != proposal.digest) {
                    return Err(reader.fault());
                }
                Self::Proposal { proposal, polka, value: reader.bytes(MAX_VALUE_BYTES)? }
            }
            MessageKind::Vote => Self::Vote(Vote::read(head, &mut reader)?),
            MessageKind::Status => Self::Status(Status::read(head, &mut reader)?),
            MessageKind::Polka => Self::Polka {
                certificate: PolkaCertificate::read(epoch, height, round, &mut reader)?,
                value: reader.bytes(MAX_VALUE_BYTES)?,
            },
            MessageKind::Decision => Self::Decision {
                certificate: CommitCertificate::read(epoch, height, round, &mut reader)?,
                value: reader.bytes(MAX_VALUE_BYTES)?,
            },
            MessageKind::Evidence => Self::Evidence(Evidence::read(head, &mut reader)?),
        };
        reader.end()?;
        Ok(body)
    }
}
