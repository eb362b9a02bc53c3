//! The rules of a round: what the messages that are there lead to.

use alloc::vec::Vec;

use super::{ByzantineConsensus, Step};
use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::effect::Effect;
use crate::error::ConsensusError;
use crate::height::{Held, Validity};
use crate::id::{Height, Round};
use crate::mutant::mutant;
use crate::record::LogRecord;
use crate::signature::Signature;
use crate::timeout::Timeout;
use crate::validator::ValidatorSet;
use crate::value::{Digest, Value};
use crate::vote::{Vote, VoteKind};

/// A round, the value that it decides, and the precommits of it.
type Committed = (Round, Digest, Vec<(u16, Signature)>);

impl<T: Value> ByzantineConsensus<T> {
    /// Applies the rules until none applies.
    pub(super) fn advance(&mut self) {
        while self.state.begun && self.state.started && self.apply_one() {}
    }

    /// Applies the first rule that applies. Each changes step, round or height, or sets something once per round, so this ends.
    fn apply_one(&mut self) -> bool {
        self.settle_what_matters();
        self.decide_if_committed()
            || self.skip_rounds()
            || self.prevote_on_proposal()
            || self.take_polka()
            || self.precommit_nil()
            || self.wait_for_votes()
            || self.leave_round_without_value()
    }

    /// checks claimed votes that would complete a quorum. Prevotes matter in this round, precommits in any.
    fn settle_what_matters(&mut self) {
        let set = self.state.set.clone();
        let quorum = self.quorum(&set);
        let round = self.state.round;
        while let Some(digest) =
            self.state.current.rounds.get(&round).and_then(|state| state.prevotes.claimed_winner(quorum))
        {
            self.settle(&set, round, VoteKind::Prevote, Some(digest));
        }
        while let Some((round, digest)) = self
            .state
            .current
            .rounds
            .iter()
            .find_map(|(round, state)| Some((*round, state.precommits.claimed_winner(quorum)?)))
        {
            self.settle(&set, round, VoteKind::Precommit, Some(digest));
        }
    }

    /// Checks the claimed votes of one phase of one round of this height: those for one value, or all.
    pub(super) fn settle(
        &mut self,
        set: &ValidatorSet,
        round: Round,
        kind: VoteKind,
        wanted: Option<Option<Digest>>,
    ) {
        let fixed = self.fixed.clone();
        let (epoch, height) = (set.epoch(), self.state.height);
        let Some(state) = self.state.current.rounds.get_mut(&round) else { return };
        let heads = mutant!(fixed.config, PowerIgnored);
        let liars = state.tally_mut(kind).settle(
            set,
            wanted,
            |digest| Vote::statement(&fixed.config.chain, epoch, height, round, kind, digest),
            |number| if heads { 1 } else { set.power(number) },
            fixed.vote_verifier(),
        );
        for peer in liars {
            self.punish(peer, crate::effect::Offence::BadSignature);
        }
    }

    /// A-20, line 49: a quorum of precommits of any kept round, and the value.
    ///
    /// The application is not asked again: more than a third of the quorum is correct and has asked its own.
    fn decide_if_committed(&mut self) -> bool {
        let set = self.state.set.clone();
        let quorum = self.quorum(&set);
        let on_prevotes = mutant!(self.fixed.config, DecideOnPrevotes);
        let committed = self.state.current.rounds.iter().find_map(|(round, state)| {
            let tally = if on_prevotes { &state.prevotes } else { &state.precommits };
            let digest = tally.winner(quorum)??;
            self.state
                .current
                .values
                .contains_key(&digest)
                .then(|| (*round, digest, tally.signatures(Some(digest))))
        });
        let Some((round, digest, signatures)) = committed.or_else(|| self.committed_across_rounds(quorum))
        else {
            return false;
        };
        let certificate = CommitCertificate::new(&set, self.state.height, round, digest, &signatures);
        let Held { value, bytes, logged, .. } = self.state.current.values[&digest].clone();
        self.decide(value, bytes, certificate, logged);
        true
    }

    /// The seeded fault that adds up precommits of different rounds.
    fn committed_across_rounds(&self, quorum: u64) -> Option<Committed> {
        if !mutant!(self.fixed.config, DecideAcrossRounds) {
            return None;
        }
        self.state.current.values.keys().find_map(|digest| {
            let mut signatures = alloc::collections::BTreeMap::new();
            for state in self.state.current.rounds.values() {
                signatures.extend(state.precommits.signatures(Some(*digest)));
            }
            let power: u64 = signatures.keys().map(|number| self.state.set.power(*number)).sum();
            (power >= quorum).then(|| (self.state.round, *digest, signatures.into_iter().collect()))
        })
    }

    /// A-21, line 55: more than a third of the power is in later rounds; go to the greatest round that so much power has reached.
    fn skip_rounds(&mut self) -> bool {
        if mutant!(self.fixed.config, SkipIgnored) {
            return false;
        }
        let set = self.state.set.clone();
        loop {
            let Some(target) = self.round_reached(&set, false) else { return false };
            if self.round_reached(&set, true) == Some(target) {
                self.start_round(target);
                return true;
            }
            let rounds: Vec<_> = self.state.current.rounds.range(target..).map(|(round, _)| *round).collect();
            for round in rounds {
                for kind in VoteKind::ALL {
                    self.settle(&set, round, kind, None);
                }
            }
        }
    }

    /// The greatest round after this one that validators with progress power have reached, by checked votes and proposals
    /// or by claimed ones too.
    fn round_reached(&self, set: &ValidatorSet, checked: bool) -> Option<Round> {
        let current = &self.state.current;
        let later = (core::ops::Bound::Excluded(self.state.round), core::ops::Bound::Unbounded);
        if current.far.is_empty() && current.rounds.range(later).next().is_none() {
            return None;
        }
        let mut reached: Vec<Option<Round>> = alloc::vec![None; set.len()];
        let mut note = |number: u16, round: Round| {
            if let Some(reached) = reached.get_mut(usize::from(number)) {
                *reached = (*reached).max(Some(round));
            }
        };
        for (round, state) in current.rounds.range(later) {
            for kind in VoteKind::ALL {
                let tally = state.tally(kind);
                if checked {
                    tally.verified().for_each(|(number, ..)| note(number, *round));
                } else {
                    tally.votes().for_each(|(number, _)| note(number, *round));
                }
            }
            state.proposals.iter().for_each(|proposed| note(proposed.proposal.validator, *round));
        }
        current.far.iter().for_each(|(number, vote)| note(*number, vote.round));
        let mut reached: Vec<_> = (0u16..)
            .zip(reached)
            .filter_map(|(number, round)| Some((round?, self.power(set, number))))
            .collect();
        reached.sort_unstable_by(|a, b| b.cmp(a));
        let needed = if mutant!(self.fixed.config, SkipOnOne) { 1 } else { set.progress_power() };
        let mut power = 0;
        reached.into_iter().find_map(|(round, own)| {
            power += own;
            (power >= needed).then_some(round)
        })
    }

    /// lines 22 and 28: the prevote on the round's proposal.
    fn prevote_on_proposal(&mut self) -> bool {
        let config = &self.fixed.config;
        if self.state.step != Step::Propose {
            return false;
        }
        let Some(proposed) =
            self.state.current.rounds.get(&self.state.round).and_then(|state| state.proposals.first())
        else {
            return false;
        };
        let (digest, valid_round) = (proposed.proposal.digest, proposed.proposal.valid_round);
        let may = match (self.state.locked, valid_round) {
            (None, _) => true,
            (Some((_, locked)), _) if locked == digest || mutant!(config, LockSkipped) => true,
            // a fresh value against a lock.
            (Some(_), None) => false,
            // the proof is of the lock's round or a later one.
            (Some((round, _)), Some(valid)) => {
                let (any, none) = (mutant!(config, OldPolkaUnlocks), mutant!(config, LockNeverReleased));
                (round <= valid || any) && !none
            }
        };
        if !may {
            self.vote(VoteKind::Prevote, None);
            return true;
        }
        // not before the application has answered.
        let validity = self.state.current.values.get(&digest).map(|held| held.validity);
        match validity {
            Some(Validity::Valid) => self.vote(VoteKind::Prevote, Some(digest)),
            Some(Validity::Invalid) if mutant!(config, InvalidPrevoted) => {
                self.vote(VoteKind::Prevote, Some(digest));
            }
            Some(Validity::Invalid) => self.vote(VoteKind::Prevote, None),
            Some(_) if mutant!(config, ValidationSkipped) => self.vote(VoteKind::Prevote, Some(digest)),
            _ => return false,
        }
        true
    }

    /// A-15, A-16, line 36: a quorum of prevotes for a value that is there and valid, once a round.
    fn take_polka(&mut self) -> bool {
        let round = self.state.round;
        if self.state.step == Step::Propose
            || self.state.valid.as_ref().is_some_and(|polka| polka.round() >= round)
        {
            return false;
        }
        if self.state.step == Step::Precommit && mutant!(self.fixed.config, LatePolkaIgnored) {
            return false;
        }
        let set = self.state.set.clone();
        let quorum = self.quorum(&set);
        let Some(tally) = self.state.current.rounds.get(&round).map(|state| &state.prevotes) else {
            return false;
        };
        let Some(digest) = tally.winner(quorum).flatten() else { return false };
        if self.state.current.values.get(&digest).is_none_or(|held| held.validity != Validity::Valid) {
            return false;
        }
        let signatures = tally.signatures(Some(digest));
        let polka = PolkaCertificate::new(&set, self.state.height, round, digest, &signatures);
        self.set_valid(polka);
        if self.state.step == Step::Prevote {
            if !mutant!(self.fixed.config, LockNotSet) {
                self.state.locked = Some((round, digest));
            }
            self.vote(VoteKind::Precommit, Some(digest));
        } else if mutant!(self.fixed.config, PrecommitTwice) {
            self.utter(VoteKind::Precommit, Some(digest));
        }
        true
    }

    /// The valid value, on disk before anything is said that depends on it.
    pub(super) fn set_valid(&mut self, polka: PolkaCertificate) {
        self.log_value(polka.digest());
        if !mutant!(self.fixed.config, ValidNotLogged) {
            self.out.records.push(LogRecord::Valid(polka.clone()));
        }
        self.state.valid = Some(polka);
    }

    /// A-17, line 44: a quorum of nil prevotes.
    fn precommit_nil(&mut self) -> bool {
        if self.state.step != Step::Prevote || mutant!(self.fixed.config, NilPolkaIgnored) {
            return false;
        }
        let quorum = self.quorum(&self.state.set);
        let nil = self.state.current.rounds.get(&self.state.round).map(|state| state.prevotes.winner(quorum));
        if nil != Some(Some(None)) {
            return false;
        }
        self.vote(VoteKind::Precommit, None);
        true
    }

    /// lines 34 and 47: a quorum has voted without agreement, so wait a while for more.
    fn wait_for_votes(&mut self) -> bool {
        let (height, round) = (self.state.height, self.state.round);
        let set = self.state.set.clone();
        let quorum = self.quorum(&set);
        for (place, kind) in VoteKind::ALL.into_iter().enumerate() {
            let due = kind == VoteKind::Precommit || self.state.step == Step::Prevote;
            if self.state.waited[place] || !due {
                continue;
            }
            let Some(state) = self.state.current.rounds.get(&round) else { return false };
            if state.tally(kind).claimed_power() < quorum {
                continue;
            }
            if state.tally(kind).verified_power() < quorum {
                self.settle(&set, round, kind, None);
                let verified = self
                    .state
                    .current
                    .rounds
                    .get(&round)
                    .map_or(0, |state| state.tally(kind).verified_power());
                if verified < quorum {
                    continue;
                }
            }
            self.state.waited[place] = true;
            let (timeout, missing) = match kind {
                VoteKind::Prevote => {
                    (Timeout::Prevote(height, round), mutant!(self.fixed.config, PrevoteTimerMissing))
                }
                VoteKind::Precommit => {
                    (Timeout::Precommit(height, round), mutant!(self.fixed.config, PrecommitTimerMissing))
                }
            };
            if !missing {
                self.arm(timeout);
            }
            return true;
        }
        false
    }

    /// a quorum of nil precommits; nothing more can come of this round.
    fn leave_round_without_value(&mut self) -> bool {
        if !self.fixed.config.nil_quorum_ends_round {
            return false;
        }
        let needed =
            if mutant!(self.fixed.config, NilPrecommitEndsRound) { 1 } else { self.quorum(&self.state.set) };
        let nil = self
            .state
            .current
            .rounds
            .get(&self.state.round)
            .map_or(0, |state| state.precommits.power_for(None));
        if self.state.step != Step::Precommit || nil < needed || self.state.round.0 == u32::MAX {
            return false;
        }
        self.start_round(self.state.round.next());
        true
    }

    /// lines 57, 61 and 65: time is up.
    pub(super) fn time_out(&mut self, timeout: Timeout) {
        self.state.armed.retain(|armed| *armed != timeout);
        if timeout == Timeout::Resend {
            self.resend();
            return;
        }
        let (height, round) = match timeout {
            Timeout::Propose(height, round)
            | Timeout::Prevote(height, round)
            | Timeout::Precommit(height, round) => (height, round),
            Timeout::Resend => return,
        };
        if !self.state.begun || (height, round) != (self.state.height, self.state.round) {
            return;
        }
        let config = &self.fixed.config;
        match timeout {
            Timeout::Propose(..)
                if self.state.step == Step::Propose && !mutant!(config, ProposeTimeoutIgnored) =>
            {
                self.vote(VoteKind::Prevote, None);
            }
            Timeout::Prevote(..) if self.state.step == Step::Prevote => {
                if mutant!(config, PrecommitWithoutPolka) {
                    let proposed =
                        self.state.current.rounds.get(&round).and_then(|state| state.proposals.first());
                    let digest = proposed.map(|proposed| proposed.proposal.digest);
                    self.vote(VoteKind::Precommit, digest);
                } else if !mutant!(config, PrevoteTimeoutIgnored) {
                    self.vote(VoteKind::Precommit, None);
                }
            }
            Timeout::Precommit(..) if round.0 < u32::MAX && !mutant!(config, PrecommitTimeoutIgnored) => {
                self.start_round(round.next());
            }
            _ => {}
        }
    }

    /// A-09, A-10, line 11: a new round.
    pub(super) fn start_round(&mut self, round: Round) {
        for timeout in core::mem::take(&mut self.state.armed) {
            self.effect(Effect::Cancel(timeout));
        }
        self.state.round = round;
        self.state.step = Step::Propose;
        self.state.waited = [false; 2];
        self.prune_rounds();
        self.take_far_votes();
        self.adopt_offered_polkas();
        if !mutant!(self.fixed.config, ProposeTimerMissing) {
            self.arm(Timeout::Propose(self.state.height, round));
        }
        self.ask_about_proposals();
        self.propose_if_due();
    }

    /// forgets rounds too far from this one, and values that nothing kept names.
    fn prune_rounds(&mut self) {
        if mutant!(self.fixed.config, RoundsKeptForever) {
            return;
        }
        let mut needed: Vec<_> = self.state.locked.iter().map(|(_, digest)| *digest).collect();
        let polkas = [&self.state.valid, &self.state.offered];
        needed.extend(polkas.into_iter().flatten().map(PolkaCertificate::digest));
        self.state.current.prune(self.state.round, &needed);
        let oldest = self.state.round;
        self.state.own.retain(|(round, ..)| *round >= oldest);
    }

    /// Votes that were too far ahead and are not any more.
    fn take_far_votes(&mut self) {
        let kept = crate::height::HeightState::<T>::kept(self.state.round);
        let near: Vec<_> =
            self.state.current.far.values().filter(|vote| kept.contains(&vote.round)).cloned().collect();
        for vote in near {
            self.state.current.far.remove(&vote.validator);
            self.take_checked(&vote);
        }
    }

    /// Asks the application about each value proposed in this round.
    pub(super) fn ask_about_proposals(&mut self) {
        let digests: Vec<_> = self
            .state
            .current
            .rounds
            .get(&self.state.round)
            .into_iter()
            .flat_map(|state| state.proposals.iter().map(|proposed| proposed.proposal.digest))
            .collect();
        for digest in digests {
            self.ask_about(digest);
        }
    }

    /// Asks the application about a value that it was not asked about yet.
    pub(super) fn ask_about(&mut self, digest: Digest) {
        let most = self.fixed.config.max_value_bytes;
        let Some(held) = self.state.current.values.get_mut(&digest) else { return };
        if held.validity != Validity::Unasked {
            return;
        }
        if held.bytes.len() > most {
            held.validity = Validity::Invalid;
            return;
        }
        held.validity = Validity::Asked;
        let value = held.value.clone();
        let height = self.state.height;
        self.effect(Effect::Validate { height, digest, value });
    }

    /// The application's answer.
    pub(super) fn validated(&mut self, height: Height, digest: Digest, valid: bool) {
        if height != self.state.height {
            return;
        }
        if let Some(held) = self.state.current.values.get_mut(&digest)
            && held.validity == Validity::Asked
        {
            held.validity = if valid { Validity::Valid } else { Validity::Invalid };
            self.adopt_offered_polkas();
        }
    }

    /// The application's value to propose.
    pub(super) fn offer(&mut self, height: Height, round: Round, value: T) -> Result<(), ConsensusError> {
        let bytes = value.encode();
        let limit = self.fixed.config.max_value_bytes;
        if bytes.len() > limit {
            return Err(ConsensusError::TooLarge { what: "value", limit: limit as u64 });
        }
        if (height, round) == (self.state.height, self.state.round) && self.may_propose() {
            self.propose_fresh(value, bytes);
        }
        Ok(())
    }

    /// Arms a timer of this round.
    pub(super) fn arm(&mut self, timeout: Timeout) {
        let timeouts = &self.fixed.config.timeouts;
        let after = if mutant!(self.fixed.config, TimeoutNotDoubled) {
            timeouts.length(match timeout {
                Timeout::Propose(height, _) => Timeout::Propose(height, Round(0)),
                Timeout::Prevote(height, _) => Timeout::Prevote(height, Round(0)),
                Timeout::Precommit(height, _) => Timeout::Precommit(height, Round(0)),
                Timeout::Resend => Timeout::Resend,
            })
        } else {
            timeouts.length(timeout)
        };
        if timeout != Timeout::Resend {
            self.state.armed.push(timeout);
        }
        self.effect(Effect::Schedule { timeout, after });
    }
}
