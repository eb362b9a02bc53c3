//! From height to height: decisions, their execution, the validators.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{ByzantineConsensus, Decided, Step, number};
use crate::certificate::CommitCertificate;
use crate::effect::{Decision, Effect};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::id::{Height, Round};
use crate::mutant::mutant;
use crate::record::LogRecord;
use crate::validator::{Validator, ValidatorSet};
use crate::value::{Digest, Value};

impl<T: Value> ByzantineConsensus<T> {
    /// Decides this height and begins the next. `logged` says whether the log has the value.
    pub(super) fn decide(
        &mut self,
        value: T,
        bytes: Arc<[u8]>,
        certificate: CommitCertificate,
        logged: bool,
    ) {
        let height = self.state.height;
        if !logged {
            self.out.records.push(LogRecord::Value { height, bytes: bytes.to_vec() });
        }
        self.out.records.push(LogRecord::Decided(certificate.clone()));
        for timeout in core::mem::take(&mut self.state.armed) {
            self.effect(Effect::Cancel(timeout));
        }
        let evidence = self.evidence_to_carry(height);
        let decided = Decided { value: value.clone(), bytes, certificate: certificate.clone() };
        self.effect(Effect::Decide(Decision { height, value, certificate, evidence }));
        self.leave_height(decided);
        if self.state.begun {
            self.start_round(Round(0));
        }
    }

    /// What is proved up to this height and was not carried by a decision yet.
    fn evidence_to_carry(&mut self, height: Height) -> Vec<Evidence> {
        self.state
            .evidence
            .range_mut(..=(height, u16::MAX))
            .filter(|(_, (_, carried))| !carried)
            .map(|(_, (evidence, carried))| {
                *carried = true;
                evidence.clone()
            })
            .collect()
    }

    /// Keeps a decision and goes to the next height, without a word.
    pub(super) fn leave_height(&mut self, decided: Decided<T>) {
        let height = self.state.height;
        self.state.decided.insert(height, decided);
        let mut previous = core::mem::take(&mut self.state.current);
        previous.values.clear();
        previous.far.clear();
        self.state.previous = Some(previous);
        self.state.height = height.next();
        self.trim();
        self.enter_height();
    }

    /// Makes everything as it is at the beginning of a height; begins it if it is within the window.
    fn enter_height(&mut self) {
        let kept_lock = mutant!(self.fixed.config, LockKeptAcrossHeights);
        let state = &mut self.state;
        state.progressed = true;
        state.round = Round(0);
        state.step = Step::Propose;
        if !kept_lock {
            state.locked = None;
        }
        state.valid = None;
        state.offered = None;
        state.waited = [false; 2];
        state.own.clear();
        let height = state.height;
        let set = self.set_at(height).cloned();
        self.state.begun = set.is_some();
        if let Some(set) = set {
            self.state.me = number(&self.fixed.config, self.fixed.key, &set);
            self.state.set = set;
        }
        let early = self.state.ahead.remove(&height);
        self.state.current =
            if mutant!(self.fixed.config, AheadForgotten) { None } else { early }.unwrap_or_default();
    }

    /// Forgets decisions that need not be kept, and the sets and evidence of heights that nobody asks about.
    fn trim(&mut self) {
        let kept = self.fixed.config.kept_decisions.max(1);
        let state = &mut self.state;
        while state.decided.len() > kept
            && state.decided.first_key_value().is_some_and(|(height, _)| *height <= state.executed)
        {
            state.decided.pop_first();
        }
        let previous = Height(state.height.0.saturating_sub(1));
        let oldest = state.decided.keys().next().copied().unwrap_or(previous).min(state.executed.next());
        while state.sets.keys().nth(1).is_some_and(|second| *second <= oldest) {
            state.sets.pop_first();
        }
        state.evidence.retain(|(height, _), _| *height >= previous);
    }

    /// a decision from elsewhere.
    pub(super) fn learn(&mut self, value: T, certificate: CommitCertificate) -> Result<(), ConsensusError> {
        let (expected, found) = (self.state.height.0, certificate.height().0);
        if expected != found {
            return Err(ConsensusError::OutOfOrder { expected, found });
        }
        if !self.state.begun {
            return Err(ConsensusError::InvalidState("decisions wait for execution"));
        }
        let bytes = value.encode();
        if Digest::of(&bytes) != certificate.digest() {
            return Err(ConsensusError::BadProof("the certificate is for another value"));
        }
        certificate.verify_with(&self.fixed.config.chain, &self.state.set, &*self.fixed.verifier)?;
        self.take_decision(value, bytes.into(), certificate);
        Ok(())
    }

    /// Decides by a certificate that holds.
    pub(super) fn take_decision(&mut self, value: T, bytes: Arc<[u8]>, certificate: CommitCertificate) {
        for vote in certificate.votes() {
            self.take_checked(&vote);
        }
        let logged = self.state.current.values.get(&certificate.digest()).is_some_and(|held| held.logged);
        self.decide(value, bytes, certificate, logged);
    }

    /// a decision is executed, which opens a height and may change the validators of that height.
    pub(super) fn executed_one(
        &mut self,
        height: Height,
        validators: Option<Vec<Validator>>,
    ) -> Result<(), ConsensusError> {
        let expected = self.state.executed.next();
        if height != expected || height >= self.state.height {
            return Err(ConsensusError::OutOfOrder { expected: expected.0, found: height.0 });
        }
        if let Some(validators) = &validators {
            let (_, last) = self.state.sets.last_key_value().expect("there is always a set");
            let epoch =
                if mutant!(self.fixed.config, EpochNotRaised) { last.epoch() } else { last.epoch().next() };
            let set = ValidatorSet::new(epoch, validators.clone())?;
            set.require_faulty_power(self.fixed.config.faulty_power.unwrap_or(0))?;
            let early = u64::from(mutant!(self.fixed.config, SetChangedEarly));
            let from = height.plus((self.fixed.config.window - early).max(1));
            self.state.sets.insert(from, Arc::new(set));
        }
        self.state.executed = height;
        self.out.records.push(LogRecord::Executed { height, validators });
        self.trim();
        if !self.state.begun && self.set_at(self.state.height).is_some() {
            self.enter_height();
            if self.state.started {
                self.start_round(Round(0));
            }
        }
        Ok(())
    }
}
