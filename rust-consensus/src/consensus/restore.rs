//! Where a node begins, and how it becomes again what it was.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{ByzantineConsensus, Decided, Fixed, Origin, Out, State, Step, number, verifier};
use crate::certificate::PolkaCertificate;
use crate::config::Config;
use crate::effect::{Decision, Effect};
use crate::error::ConsensusError;
use crate::height::{HeightState, Held, Proposed, Validity};
use crate::id::{Height, Round};
use crate::message::Message;
use crate::mutant::mutant;
use crate::record::LogRecord;
use crate::signature::Signer;
use crate::timeout::Timeout;
use crate::value::{Digest, Value};
use crate::vote::{Vote, VoteKind};

impl<T: Value> ByzantineConsensus<T> {
    pub(super) fn begin(
        config: Config,
        origin: Origin,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<Self, ConsensusError> {
        config.check()?;
        #[cfg(feature = "mutants")]
        let config = if mutant!(config, ChainUnsigned) {
            Config { chain: crate::id::ChainId::new("any")?, ..config }
        } else {
            config
        };
        let Origin { height, validators, upcoming } = origin;
        if height < Height::FIRST {
            return Err(ConsensusError::InvalidConfig("the first height is 1"));
        }
        let executed = Height(height.0 - 1);
        let mut sets = BTreeMap::from([(height, Arc::new(validators))]);
        for (from, set) in upcoming {
            let (last, before) = sets.last_key_value().expect("there is always a set");
            if from <= *last || set.epoch() != before.epoch().next() || from > executed.plus(config.window) {
                return Err(ConsensusError::InvalidValidatorSet("upcoming sets are not in order"));
            }
            sets.insert(from, Arc::new(set));
        }
        for set in sets.values() {
            set.require_faulty_power(config.faulty_power.unwrap_or(0))?;
        }
        let set = sets[&height].clone();
        let key = signer.as_ref().map(|signer| signer.public_key());
        let verifier = verifier(&config);
        let state = State {
            started: false,
            executed,
            height,
            begun: true,
            me: number(&config, key, &set),
            set,
            sets,
            round: Round(0),
            step: Step::Propose,
            locked: None,
            valid: None,
            offered: None,
            waited: [false; 2],
            armed: Vec::new(),
            current: HeightState::default(),
            previous: None,
            ahead: BTreeMap::new(),
            own: Vec::new(),
            decided: BTreeMap::new(),
            evidence: BTreeMap::new(),
            peers: BTreeMap::new(),
            progressed: true,
        };
        Ok(Self {
            fixed: Arc::new(Fixed { config, signer, key, verifier }),
            state,
            out: Out::default(),
            queue: Vec::new(),
            alone: false,
        })
    }

    /// begins, or goes on: hands over again what was not executed, says again what was said in this round, and
    /// asks for what was missed.
    pub(super) fn start(&mut self) {
        self.state.started = true;
        let unexecuted: Vec<_> = self
            .state
            .decided
            .range(self.state.executed.next()..)
            .map(|(height, decided)| {
                let (value, certificate) = (decided.value.clone(), decided.certificate.clone());
                Effect::Decide(Decision { height: *height, value, certificate, evidence: Vec::new() })
            })
            .collect();
        self.out.effects.extend(unexecuted);
        if self.state.begun {
            if self.state.step == Step::Propose && !mutant!(self.fixed.config, ProposeTimerMissing) {
                self.arm(Timeout::Propose(self.state.height, self.state.round));
            }
            // At the very beginning nobody has anything to give.
            if self.state.height > Height::FIRST || !self.state.own.is_empty() {
                self.say_again();
            }
            if self.state.step == Step::Propose {
                self.propose_if_due();
            }
        }
        self.arm(Timeout::Resend);
    }

    /// Takes one record of the log.
    pub(super) fn replay(&mut self, record: usize, content: LogRecord) -> Result<(), ConsensusError> {
        let invalid = |problem| ConsensusError::InvalidLog { record, problem };
        let executed = matches!(content, LogRecord::Executed { .. });
        if !executed && (!self.state.begun || content.height() != self.state.height) {
            return Err(invalid("a height out of order"));
        }
        match content {
            LogRecord::Value { bytes, .. } => {
                let value = T::decode(&bytes).map_err(|_| invalid("a value that is none"))?;
                let held = Held { value, bytes: bytes.into(), validity: Validity::Unasked, logged: true };
                self.state.current.values.insert(Digest::of(&held.bytes), held);
            }
            LogRecord::Proposed { proposal, polka } => {
                let config = &self.fixed.config;
                let mine = Some(proposal.validator) == self.state.me
                    && proposal.verify(&config.chain, &self.state.set, &*self.fixed.verifier).is_ok();
                if !mine {
                    return Err(invalid("a proposal of another key"));
                }
                self.replay_round(proposal.round, Step::Propose).map_err(invalid)?;
                let digest = proposal.digest;
                let held = self.state.current.values.get_mut(&digest).ok_or(invalid("a value is missing"))?;
                held.validity = Validity::Valid;
                let value = held.bytes.to_vec();
                let message = Message::Proposal { proposal: proposal.clone(), polka: polka.clone(), value };
                let bytes = message.to_bytes().into();
                self.keep_own(&message, bytes);
                let proposals = &mut self.state.current.rounds.entry(proposal.round).or_default().proposals;
                if !proposals.is_empty() {
                    return Err(invalid("two proposals in one round"));
                }
                proposals.push(Proposed { proposal, polka });
            }
            LogRecord::Voted(vote) => self.replay_vote(vote).map_err(invalid)?,
            LogRecord::Valid(polka) => {
                let held = self.state.current.values.get_mut(&polka.digest());
                held.ok_or(invalid("a value is missing"))?.validity = Validity::Valid;
                if self.state.valid.as_ref().is_some_and(|valid| valid.round() >= polka.round()) {
                    return Err(invalid("a valid value out of order"));
                }
                self.state.valid = Some(polka);
            }
            LogRecord::Decided(certificate) => {
                let held = self.state.current.values.get(&certificate.digest());
                let Held { value, bytes, .. } = held.ok_or(invalid("a value is missing"))?.clone();
                self.leave_height(Decided { value, bytes, certificate });
            }
            LogRecord::Executed { height, validators } => {
                self.executed_one(height, validators).map_err(|_| invalid("an execution out of order"))?;
                self.out = Out::default();
            }
        }
        Ok(())
    }

    /// A polka from elsewhere was of an earlier round than the one that the node was in and did not vote in: that
    /// round is passed, so that a proposal's valid round is before its round.
    pub(super) fn pass_valid_round(&mut self) {
        let Some(valid) = self.state.valid.as_ref().map(PolkaCertificate::round) else { return };
        if valid > self.state.round || (valid == self.state.round && self.state.step == Step::Propose) {
            self.state.round = valid.next();
            self.state.step = Step::Propose;
        }
    }

    /// Goes to the round and step of an own message; they only grow.
    fn replay_round(&mut self, round: Round, step: Step) -> Result<(), &'static str> {
        if mutant!(self.fixed.config, VotesForgotten) {
            return Ok(());
        }
        if round > self.state.round {
            self.state.round = round;
            self.state.step = Step::Propose;
        }
        if round < self.state.round || step < self.state.step {
            return Err("messages out of order");
        }
        self.state.step = step;
        Ok(())
    }

    fn replay_vote(&mut self, vote: Vote) -> Result<(), &'static str> {
        let config = &self.fixed.config;
        let mine = Some(vote.validator) == self.state.me
            && vote.verify(&config.chain, &self.state.set, &*self.fixed.verifier).is_ok();
        if !mine {
            return Err("a vote of another key");
        }
        let step = match vote.kind {
            VoteKind::Prevote => Step::Prevote,
            VoteKind::Precommit => Step::Precommit,
        };
        if vote.round == self.state.round && step == self.state.step {
            return Err("two votes in one phase");
        }
        self.replay_round(vote.round, step)?;
        if mutant!(self.fixed.config, VotesForgotten) {
            return Ok(());
        }
        if let (VoteKind::Precommit, Some(digest)) = (vote.kind, vote.digest)
            && !mutant!(self.fixed.config, LockForgotten)
        {
            if !self.state.current.values.contains_key(&digest) {
                return Err("a value is missing");
            }
            self.state.locked = Some((vote.round, digest));
        }
        self.count_own(&vote);
        let message = Message::Vote(vote);
        let bytes = message.to_bytes().into();
        self.keep_own(&message, bytes);
        Ok(())
    }
}
