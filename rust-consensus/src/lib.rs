#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod certificate;
pub mod config;
pub mod consensus;
pub mod effect;
pub mod error;
pub mod evidence;
mod height;
pub mod id;
mod keeper;
pub mod message;
mod mutant;
pub mod proposal;
pub mod record;
pub mod signature;
#[cfg(feature = "sim")]
pub mod sim;
pub mod status;
pub mod timeout;
pub mod validator;
pub mod value;
pub mod vote;
mod wire;

pub use certificate::{CommitCertificate, PolkaCertificate};
pub use config::Config;
pub use consensus::{ByzantineConsensus, ConsensusMessage, Origin, PrePrepare, SignedMessage, Step};
pub use effect::{Decision, Effect, Input, Offence};
pub use error::ConsensusError;
pub use evidence::Evidence;
pub use id::{ChainId, Epoch, Height, NodeId, PeerId, Round};
pub use message::{Head, Message, MessageKind};
#[cfg(feature = "mutants")]
pub use mutant::Mutant;
pub use proposal::Proposal;
pub use record::LogRecord;
pub use signature::{Check, Ed25519, Signer, Verifier};
pub use status::Status;
pub use timeout::{Timeout, Timeouts};
pub use validator::{Validator, ValidatorSet};
pub use value::{Bytes, Digest, Json, Value};
pub use vote::{Vote, VoteKind};
