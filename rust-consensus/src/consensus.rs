//! The core.
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::certificate::CommitCertificate;
use crate::config::Config;
use crate::effect::{Effect, Input};
use crate::error::ConsensusError;
use crate::id::{Epoch, Height, Round};
use crate::record::LogRecord;
use crate::signature::{Signer, Verifier};
use crate::validator::ValidatorSet;
use crate::value::Value;

/// Where a node begins: at the beginning of a chain, or behind a checkpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The first height to decide. All before it are executed.
    pub height: Height,
    /// The validators of that height.
    pub validators: ValidatorSet,
    /// Changes already agreed on: the height from which a set is in force, ascending, epochs one by one.
    pub upcoming: Vec<(Height, ValidatorSet)>,
}

impl From<ValidatorSet> for Origin {
    /// The beginning of a chain.
    fn from(validators: ValidatorSet) -> Self {
        Self { height: Height::FIRST, validators, upcoming: Vec::new() }
    }
}

/// Where a node is within a round.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// Waits for the proposal.
    Propose,
    /// Has prevoted.
    Prevote,
    /// Has precommitted.
    Precommit,
}

/// One member of a cluster that agrees on values. Inputs in, effects out: no clock, no randomness, no I/O, no threads.
pub struct ByzantineConsensus<T> {
    _t: core::marker::PhantomData<T>,
}

#[expect(
    clippy::todo,
    clippy::missing_errors_doc,
    missing_docs,
    unused_variables,
    reason = "interface first"
)]
impl<T: Value> ByzantineConsensus<T> {
    pub fn new(
        config: Config,
        origin: impl Into<Origin>,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<Self, ConsensusError> {
        todo!()
    }
    pub fn restore(
        config: Config,
        origin: impl Into<Origin>,
        signer: Option<Arc<dyn Signer>>,
        records: impl IntoIterator<Item = LogRecord>,
    ) -> Result<Self, ConsensusError> {
        todo!()
    }
    /// Replaces the signature check, for simulations.
    #[must_use]
    pub fn dangerous_with_verifier(self, verifier: Arc<dyn Verifier>) -> Self {
        todo!()
    }
    /// `Err` only for a mistake of the driver (state unchanged); a peer's bad input never is one.
    pub fn handle(&mut self, input: Input<T>) -> Result<Vec<Effect<T>>, ConsensusError> {
        todo!()
    }
    pub fn height(&self) -> Height {
        todo!()
    }
    pub fn round(&self) -> Round {
        todo!()
    }
    pub fn step(&self) -> Step {
        todo!()
    }
    pub fn epoch(&self) -> Epoch {
        todo!()
    }
    pub fn executed(&self) -> Height {
        todo!()
    }
    pub fn validators_at(&self, height: Height) -> Option<&ValidatorSet> {
        todo!()
    }
    pub fn decision(&self) -> Option<(&T, &CommitCertificate)> {
        todo!()
    }
}
