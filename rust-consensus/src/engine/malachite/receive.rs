//! What peers send: votes and proposals for the core, decisions and states for whoever lags.

use std::sync::Arc;

use malachite_core::ProposedValue;
use malachite_types::{PolkaCertificate as MPolka, Round as MRound, SignedProposal, Validity, ValueOrigin};

use super::context::{MHeight, MProposal, MValue, Number, to_round, to_vote};
use super::core::{Core, Input};
use super::{MalachiteEngine, Timer};
use crate::catchup::{CatchUpEffect, CatchUpInput};
use crate::certificate::PolkaCertificate;
use crate::checkpoint::StableCheckpoint;
use crate::consensus::Origin;
use crate::engine::{Application, EngineEffect};
use crate::error::ConsensusError;
use crate::id::PeerId;
use crate::message::Message;
use crate::proposal::Proposal;
use crate::transfer::{Archive, Claim, serve};
use crate::value::{Bytes, Digest, Value};

/// Most proposals of the next height that are kept, and answers to a peer between two repetitions of own votes.
const MAX_EARLY: usize = 8;
const MAX_ANSWERS: u32 = 2;
const MAX_PEERS: usize = 1024;

impl<A: Application> MalachiteEngine<A> {
    pub(super) fn receive(
        &mut self,
        from: PeerId,
        bytes: &Arc<[u8]>,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        match bytes.get(1) {
            Some(0x40) => return self.checkpoints.receive(from, bytes, &mut self.shelf, out),
            Some(0x60) => match Claim::from_bytes(bytes) {
                Ok(claim) if claim.decided >= self.height => {
                    return self.catch_up(CatchUpInput::Claim { peer: from, claim }, out);
                }
                Ok(claim) if claim.decided < self.shelf.log.decided() => self.claim(from, out),
                Ok(_) => {}
                Err(_) => out.push(EngineEffect::Punish(from)),
            },
            Some(0x61..=0x63) => match serve(&self.shelf, bytes) {
                Ok(answer) => out.push(EngineEffect::Send { to: from, bytes: answer.into() }),
                Err(_) => out.push(EngineEffect::Punish(from)),
            },
            Some(0x64..=0x67) => {
                let bytes = bytes.to_vec();
                return self.catch_up(CatchUpInput::Response { peer: from, bytes }, out);
            }
            _ => match Message::from_bytes(bytes) {
                Ok(message) => return self.receive_message(from, message, bytes, out),
                Err(_) => out.push(EngineEffect::Punish(from)),
            },
        }
        Ok(())
    }

    fn receive_message(
        &mut self,
        from: PeerId,
        message: Message,
        bytes: &Arc<[u8]>,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let head = message.head();
        if head.height < self.height {
            self.claim(from, out);
            return Ok(());
        }
        if head.height > self.height.next() {
            // It may be that this member is behind.
            self.claim(from, out);
        }
        let is_now = head.height == self.height;
        if is_now && head.epoch != self.set.epoch() {
            return Ok(());
        }
        match message {
            // The core keeps a bounded number of votes ahead.
            Message::Vote(vote) => self.run_core(Input::Vote(to_vote(&vote)), &[]),
            Message::Proposal { proposal, polka, value } if is_now => {
                if Digest::of(&value) != proposal.digest {
                    out.push(EngineEffect::Punish(from));
                    return Ok(());
                }
                self.take_proposal(&proposal, polka.as_ref(), &value)
            }
            Message::Proposal { .. } if head.height == self.height.next() && self.early.len() < MAX_EARLY => {
                self.early.push_back((from, Arc::clone(bytes)));
                Ok(())
            }
            Message::Decision { certificate, value } if is_now => {
                let is_good = Digest::of(&value) == certificate.digest()
                    && certificate.verify(&self.config.core.chain, &self.set).is_ok();
                if is_good {
                    self.decide(Bytes::decode(&value)?, certificate);
                } else {
                    out.push(EngineEffect::Punish(from));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_proposal(
        &mut self,
        proposal: &Proposal,
        polka: Option<&PolkaCertificate>,
        value: &[u8],
    ) -> Result<(), ConsensusError> {
        let (height, round) = (MHeight(proposal.height.0), MRound::new(proposal.round.0));
        if let Some(polka) = polka {
            let votes = polka.votes().map(|vote| to_vote(&vote)).collect();
            let certificate = MPolka::new(height, to_round(Some(polka.round())), polka.digest(), votes);
            self.run_core(Input::PolkaCertificate(certificate), &[])?;
        }
        let bytes = Bytes::decode(value)?;
        let valid = value.is_empty() || self.app.validate(proposal.height, value);
        let is_small = value.len() <= self.config.core.max_value_bytes;
        let value = MValue::new(bytes);
        let (proposer, valid_round) = (Number(proposal.validator), to_round(proposal.valid_round));
        let message = MProposal { height, round, value: value.clone(), valid_round, proposer };
        self.run_core(Input::Proposal(SignedProposal::new(message, proposal.signature)), &[])?;
        let validity = Validity::from_bool(valid && is_small);
        let proposed = ProposedValue { height, round, valid_round, proposer, value, validity };
        self.run_core(Input::ProposedValue(proposed, ValueOrigin::Consensus), &[])
    }

    /// Tells a peer what is here, a few times between two repetitions of own votes: whoever has less fetches it, whoever has more
    /// says so.
    fn claim(&mut self, peer: PeerId, out: &mut Vec<EngineEffect>) {
        if self.answered.len() >= MAX_PEERS && !self.answered.contains_key(&peer) {
            return;
        }
        let answers = self.answered.entry(peer).or_default();
        if *answers < MAX_ANSWERS {
            *answers += 1;
            let bytes = self.shelf.claim().to_bytes().into();
            out.push(EngineEffect::Send { to: peer, bytes });
        }
    }

    pub(super) fn catch_up(
        &mut self,
        input: CatchUpInput,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        for effect in self.catchup.handle(input) {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    out.push(EngineEffect::Send { to: peer, bytes: bytes.into() });
                }
                CatchUpEffect::Deadline { request, after } => {
                    self.timers.arm(Timer::Request(request), after, out);
                }
                CatchUpEffect::Decide { height, value, certificate } if height == self.height => {
                    self.decide(Bytes::decode(&value)?, certificate.into_certificate());
                }
                // Decided meanwhile.
                CatchUpEffect::Decide { .. } => {}
                CatchUpEffect::Manifest { .. } => self.checkpoints.begin_fetching(),
                CatchUpEffect::Chunk { index, bytes } => self.checkpoints.fetch(index, bytes),
                CatchUpEffect::Install { checkpoint, origin } => self.install(checkpoint, &origin, out)?,
                CatchUpEffect::Punish { peer, .. } => out.push(EngineEffect::Punish(peer)),
                CatchUpEffect::UnknownEpoch { epoch } => out.push(EngineEffect::UnknownEpoch(epoch)),
            }
        }
        Ok(())
    }

    /// Goes on with the state of others.
    fn install(
        &mut self,
        stable: StableCheckpoint,
        origin: &Origin,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let height = stable.checkpoint.height;
        let installed = self.checkpoints.install(stable, origin, &mut self.shelf, &mut self.app)?;
        if installed.is_none() {
            return Ok(());
        }
        (self.height, self.set) = (origin.height, origin.validators.clone());
        let (chain, key) = (self.config.core.chain.clone(), self.key.clone());
        self.core = Core::new(chain, self.set.clone(), self.height, key);
        // What the old core wanted is of no use; the new one says what it needs.
        self.work.clear();
        self.timers.keep(|timer| matches!(timer, Timer::Request(_)));
        self.waiting = None;
        self.early.clear();
        out.push(EngineEffect::Installed { height });
        self.begin_height(false)
    }
}
