//! What peers send: what is dropped, what is checked when, what is kept.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ByzantineConsensus;
use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::effect::{Effect, Offence};
use crate::error::ConsensusError;
use crate::evidence::Evidence;
use crate::height::{HeightState, Held, PROPOSALS, Proposed, ROUNDS_EARLY, Validity};
use crate::id::{Height, PeerId, Round};
use crate::keeper::Slot;
use crate::message::{Body, Head, Message, MessageKind};
use crate::mutant::mutant;
use crate::proposal::Proposal;
use crate::validator::ValidatorSet;
use crate::value::{Digest, Value};
use crate::vote::{Vote, VoteKind};

impl<T: Value> ByzantineConsensus<T> {
    /// reads the head first, and the rest only of a message that can be of use.
    pub(super) fn receive(&mut self, from: PeerId, bytes: &[u8]) {
        if self.is_punished(from) && !mutant!(self.fixed.config, PunishedRead) {
            return;
        }
        let head = match Head::from_bytes(bytes) {
            Ok(head) => head,
            // A peer that was updated first.
            Err(ConsensusError::UnsupportedVersion { .. }) => return,
            Err(_) => {
                self.punish(from, Offence::Malformed);
                return;
            }
        };
        if head.height > self.reach() && !mutant!(self.fixed.config, WindowIgnored) {
            self.note_behind(from, head.height);
            return;
        }
        let set = if mutant!(self.fixed.config, WindowIgnored) {
            self.state.sets.range(..=head.height).next_back().map(|(_, set)| set)
        } else {
            self.set_at(head.height)
        };
        let Some(set) = set.cloned() else {
            self.note_lagging(from, head);
            return;
        };
        if head.epoch != set.epoch() && !mutant!(self.fixed.config, EpochUnchecked) {
            return;
        }
        if !self.is_of_use(head) {
            return;
        }
        match Body::read(bytes) {
            Err(_) => self.punish(from, Offence::Malformed),
            Ok(Body::Proposal { proposal, polka, value }) => {
                self.take_proposal(from, &set, proposal, polka, value);
            }
            Ok(Body::Vote(vote)) => self.take_vote(from, &set, &vote),
            Ok(Body::Status(status)) => self.take_status(from, &set, &status),
            Ok(Body::Polka { certificate, value }) => self.take_offer(from, &set, certificate, value),
            Ok(Body::Decision { certificate, value }) => {
                self.take_certified(from, &set, certificate, value);
            }
            Ok(Body::Evidence(evidence)) => self.take_evidence(from, &set, evidence),
        }
    }

    /// Whether a message with this head could change anything.
    fn is_of_use(&self, head: Head) -> bool {
        let (height, round, begun) = (self.state.height, self.state.round, self.state.begun);
        let previous = Height(height.0.saturating_sub(1));
        match head.kind {
            MessageKind::Status => head.height <= height,
            MessageKind::Evidence => head.height >= previous,
            MessageKind::Polka | MessageKind::Decision => begun && head.height == height,
            MessageKind::Proposal | MessageKind::Vote if head.height == height => {
                let kept = HeightState::<T>::kept(round);
                begun
                    && head.round >= *kept.start()
                    && (head.kind == MessageKind::Vote || head.round <= *kept.end())
            }
            MessageKind::Proposal => head.height > height && head.round.0 == 0,
            MessageKind::Vote if head.height > height => head.round.0 < ROUNDS_EARLY,
            // to notice that a validator contradicts what it said at the height before.
            MessageKind::Vote => {
                head.height == previous
                    && self
                        .state
                        .previous
                        .as_ref()
                        .is_some_and(|state| state.rounds.contains_key(&head.round))
            }
        }
    }

    /// Passes on, once per resend timer and peer, that a peer claims to be out of reach.
    fn note_behind(&mut self, from: PeerId, height: Height) {
        let peer = self.peer(from);
        if !peer.told_behind {
            peer.told_behind = true;
            self.effect(Effect::Behind { peer: from, height });
        }
    }

    /// a proposal is checked when it comes, because only one validator can make it.
    fn take_proposal(
        &mut self,
        from: PeerId,
        set: &Arc<ValidatorSet>,
        proposal: Proposal,
        polka: Option<PolkaCertificate>,
        value: &[u8],
    ) {
        let fixed = self.fixed.clone();
        let Proposal { height, round, digest, valid_round, .. } = proposal;
        if proposal.validator != self.proposer(set, height, round)
            && !mutant!(fixed.config, ProposerUnchecked)
        {
            self.punish(from, Offence::WrongProposer);
            return;
        }
        let kept: Vec<Proposal> = self
            .height_state(height)
            .and_then(|state| state.rounds.get(&round))
            .map(|state| state.proposals.iter().map(|proposed| proposed.proposal.clone()).collect())
            .unwrap_or_default();
        if kept.iter().any(|other| (other.digest, other.valid_round) == (digest, valid_round)) {
            return;
        }
        // The first two have proved what there is to prove.
        if kept.len() >= PROPOSALS && !self.is_wanted(set, height, round, digest) {
            return;
        }
        if proposal.verify(&fixed.config.chain, set, &*fixed.verifier).is_err()
            && !mutant!(fixed.config, ProposalSignatureUnchecked)
        {
            self.punish(from, Offence::BadSignature);
            return;
        }
        if let Some(evidence) = kept.first().and_then(|other| Evidence::of_proposals(other, &proposal)) {
            self.add_evidence(evidence);
        }
        if let Some(polka) = &polka
            && !mutant!(fixed.config, PolkaUnchecked)
            && polka.verify_with(&fixed.config.chain, set, &*fixed.verifier).is_err()
        {
            self.punish(from, Offence::BadProof);
            return;
        }
        let Some((value, bytes)) = self.read_value(from, digest, value) else { return };
        // each height that is not begun has its share, so that its proposer takes nobody else's.
        let early = height > self.state.height;
        let held = self.height_state(height).map_or(0, HeightState::value_bytes);
        if early && held + bytes.len() > fixed.config.early_bytes() {
            return;
        }
        let state = self.height_state_mut(height);
        state.rounds.entry(round).or_default().proposals.push(Proposed { proposal, polka: polka.clone() });
        let held = Held { value, bytes, validity: Validity::Unasked, logged: false };
        state.values.entry(digest).or_insert(held);
        if early {
            return;
        }
        if let Some(polka) = polka {
            self.take_polka_votes(&polka);
            self.offer_polka(polka);
        }
        self.ask_about(digest);
        if mutant!(fixed.config, PrevoteTwice) && round == self.state.round {
            self.prevote_again(digest);
        }
    }

    /// The seeded fault that prevotes a proposal that comes after a nil prevote.
    fn prevote_again(&mut self, digest: Digest) {
        let Some(me) = self.state.me else { return };
        let slot = self.state.current.rounds.get(&self.state.round).map(|state| state.prevotes.slot(me));
        if matches!(slot, Some(Slot::Verified { digest: None, .. })) {
            self.utter(VoteKind::Prevote, Some(digest));
        }
    }

    /// Whether a quorum votes for a value of this round.
    fn is_wanted(&self, set: &ValidatorSet, height: Height, round: Round, digest: Digest) -> bool {
        let quorum = self.quorum(set);
        self.height_state(height).and_then(|state| state.rounds.get(&round)).is_some_and(|state| {
            VoteKind::ALL.iter().any(|kind| state.tally(*kind).power_for(Some(digest)) >= quorum)
        })
    }

    /// The value of these bytes, if they have this digest and are a value's.
    fn read_value(&mut self, from: PeerId, digest: Digest, bytes: &[u8]) -> Option<(T, Arc<[u8]>)> {
        let right = Digest::of(bytes) == digest || mutant!(self.fixed.config, DigestUnchecked);
        let value = if right { T::decode(bytes).ok() } else { None };
        if value.is_none() {
            self.punish(from, Offence::BadValue);
        }
        Some((value?, bytes.into()))
    }

    /// keeps a vote unchecked, unless it contradicts what is kept.
    fn take_vote(&mut self, from: PeerId, set: &Arc<ValidatorSet>, vote: &Vote) {
        let number = vote.validator;
        if set.validator(number).is_none() {
            self.punish(from, Offence::BadSignature);
            return;
        }
        let current = vote.height == self.state.height;
        let far = current && vote.round > *HeightState::<T>::kept(self.state.round).end();
        // The own key's votes are checked at once: they bind this node.
        let own = current && self.state.me == Some(number);
        let slot = self
            .height_state(vote.height)
            .and_then(|state| state.rounds.get(&vote.round))
            .map_or(&Slot::Empty, |state| state.tally(vote.kind).slot(number));
        match slot {
            Slot::Empty if !far && !own => {
                let power = self.power(set, number);
                let (digest, signature, kind) = (vote.digest, vote.signature, vote.kind);
                let rounds = &mut self.height_state_mut(vote.height).rounds;
                let tally = rounds.entry(vote.round).or_default().tally_mut(kind);
                tally.claim(set, number, power, from, digest, signature);
            }
            Slot::Claimed { digest, signature, .. }
                if (digest, signature) == (&vote.digest, &vote.signature) => {}
            Slot::Verified { digest, .. } if *digest == vote.digest => {}
            _ if far && self.state.current.far.get(&number).is_some_and(|far| far.round >= vote.round) => {}
            _ if self.state.evidence.contains_key(&(vote.height, number)) => {}
            Slot::Claimed { .. } if mutant!(self.fixed.config, ClaimKeepsOut) => {}
            _ => {
                if vote.verify(&self.fixed.config.chain, set, self.fixed.vote_verifier()).is_err() {
                    self.punish(from, Offence::BadSignature);
                } else if far {
                    self.state.current.far.insert(number, vote.clone());
                } else {
                    self.take_checked(vote);
                }
            }
        }
    }

    /// Counts a vote that was checked; if it contradicts another, that is evidence.
    pub(super) fn take_checked(&mut self, vote: &Vote) {
        let Some(set) = self.set_at(vote.height).cloned() else { return };
        if set.validator(vote.validator).is_none() {
            return;
        }
        let kept =
            vote.height > self.state.height || HeightState::<T>::kept(self.state.round).contains(&vote.round);
        let power = self.power(&set, vote.validator);
        let fixed = self.fixed.clone();
        let verifier = fixed.vote_verifier();
        let known =
            self.height_state(vote.height).is_some_and(|state| state.rounds.contains_key(&vote.round));
        let wanted = kept && vote.height >= self.state.height;
        if !known && !wanted {
            return;
        }
        let rounds = &mut self.height_state_mut(vote.height).rounds;
        let tally = rounds.entry(vote.round).or_default().tally_mut(vote.kind);
        let mut liar = None;
        if let Slot::Claimed { peer, digest, signature } = tally.slot(vote.validator).clone()
            && (digest, signature) != (vote.digest, vote.signature)
        {
            let claimed = Vote { digest, signature, ..vote.clone() };
            if claimed.verify(&fixed.config.chain, &set, verifier).is_ok() {
                tally.confirm(&set, vote.validator, power, digest, signature);
            } else {
                tally.clear(vote.validator, power);
                liar = Some(peer);
            }
        }
        let mut evidence = None;
        match tally.slot(vote.validator) {
            Slot::Verified { digest, signature } => {
                let other = Vote { digest: *digest, signature: *signature, ..vote.clone() };
                evidence = Evidence::of_votes(&other, vote);
            }
            _ => tally.confirm(&set, vote.validator, power, vote.digest, vote.signature),
        }
        if let Some(peer) = liar {
            self.punish(peer, Offence::BadSignature);
        }
        if let Some(evidence) = evidence {
            self.add_evidence(evidence);
        }
    }

    /// A polka from elsewhere: its votes count here too.
    fn take_polka_votes(&mut self, polka: &PolkaCertificate) {
        if mutant!(self.fixed.config, PolkaUnchecked) {
            return;
        }
        for vote in polka.votes() {
            self.take_checked(&vote);
        }
    }

    /// a value with the proof that it is valid.
    fn take_offer(&mut self, from: PeerId, set: &Arc<ValidatorSet>, polka: PolkaCertificate, value: &[u8]) {
        let known = [self.state.valid.as_ref(), self.state.offered.as_ref()];
        let newest = known.into_iter().flatten().map(PolkaCertificate::round).max();
        if newest >= Some(polka.round()) || mutant!(self.fixed.config, OfferIgnored) {
            return;
        }
        if polka.verify_with(&self.fixed.config.chain, set, &*self.fixed.verifier).is_err() {
            self.punish(from, Offence::BadProof);
            return;
        }
        let digest = polka.digest();
        let Some((value, bytes)) = self.read_value(from, digest, value) else { return };
        let held = Held { value, bytes, validity: Validity::Unasked, logged: false };
        self.state.current.values.entry(digest).or_insert(held);
        self.take_polka_votes(&polka);
        self.offer_polka(polka);
    }

    /// Remembers the newest polka from elsewhere whose value is there, and takes it once the value is found valid.
    fn offer_polka(&mut self, polka: PolkaCertificate) {
        if self.state.offered.as_ref().is_none_or(|offered| offered.round() < polka.round()) {
            self.ask_about(polka.digest());
            self.state.offered = Some(polka);
            self.adopt_offered_polkas();
        }
    }

    /// a polka of an earlier round, newer than that of the valid value, makes its value the valid one.
    pub(super) fn adopt_offered_polkas(&mut self) {
        let Some(polka) = &self.state.offered else { return };
        let held = self.state.current.values.get(&polka.digest());
        let newer = self.state.valid.as_ref().is_none_or(|valid| valid.round() < polka.round());
        if newer
            && polka.round() < self.state.round
            && held.is_some_and(|held| held.validity == Validity::Valid)
        {
            let polka = polka.clone();
            self.set_valid(polka);
            if self.may_propose() {
                self.propose_if_due();
            }
        }
    }

    /// a decision with its proof.
    fn take_certified(
        &mut self,
        from: PeerId,
        set: &Arc<ValidatorSet>,
        certificate: CommitCertificate,
        value: &[u8],
    ) {
        if certificate.verify_with(&self.fixed.config.chain, set, &*self.fixed.verifier).is_err()
            && !mutant!(self.fixed.config, DecisionUnchecked)
        {
            self.punish(from, Offence::BadProof);
            return;
        }
        if let Some((value, bytes)) = self.read_value(from, certificate.digest(), value) {
            self.take_decision(value, bytes, certificate);
        }
    }

    /// proof against a validator, passed on once.
    fn take_evidence(&mut self, from: PeerId, set: &Arc<ValidatorSet>, evidence: Evidence) {
        if self.state.evidence.contains_key(&(evidence.height(), evidence.validator())) {
            return;
        }
        if evidence.verify_with(&self.fixed.config.chain, set, &*self.fixed.verifier).is_err()
            && !mutant!(self.fixed.config, EvidenceUnchecked)
        {
            self.punish(from, Offence::BadProof);
            return;
        }
        self.add_evidence(evidence);
    }

    /// Keeps, reports and passes on evidence, one for each validator and height.
    fn add_evidence(&mut self, evidence: Evidence) {
        let place = (evidence.height(), evidence.validator());
        if self.state.evidence.contains_key(&place) || mutant!(self.fixed.config, EvidenceDropped) {
            return;
        }
        self.state.evidence.insert(place, (evidence.clone(), false));
        if !mutant!(self.fixed.config, EvidenceNotSent) {
            self.effect(Effect::Broadcast(Message::Evidence(evidence.clone()).to_bytes().into()));
        }
        self.effect(Effect::Evidence(evidence));
    }

    fn height_state(&self, height: Height) -> Option<&HeightState<T>> {
        if height == self.state.height {
            Some(&self.state.current)
        } else if height > self.state.height {
            self.state.ahead.get(&height)
        } else if height.next() == self.state.height {
            self.state.previous.as_ref()
        } else {
            None
        }
    }

    /// The state of this height, or of the one before, or of one ahead; callers know that the height is one of those.
    fn height_state_mut(&mut self, height: Height) -> &mut HeightState<T> {
        if height == self.state.height {
            &mut self.state.current
        } else if height > self.state.height {
            self.state.ahead.entry(height).or_default()
        } else {
            self.state.previous.get_or_insert_default()
        }
    }
}
