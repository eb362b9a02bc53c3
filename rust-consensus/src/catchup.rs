//! Catching up: a member that lags fetches decisions in ranges from several peers at once, verifies each, and goes
//! on whoever lies, stalls or drips. Where nobody keeps what it needs any more, it fetches a checkpoint in chunks.
//!
//! A state machine without clock or network: [`CatchUp::handle`] takes inputs and gives effects. What a peer claims about
//! itself only decides whom to ask; what it sends counts when it is proved: decisions by their certificates, checkpoints
//! by a quorum of the members, chunks by the hashes of a manifest whose digest that quorum signed. A peer that sends what
//! does not hold is dropped at once; one that lets a deadline pass, or sends less than it could, gets fewer and fewer
//! requests while others do better.
//!
//! Memory is bounded by [`MAX_OPEN_RANGES`] answers of a message each, one manifest, and [`MAX_PEERS`] peers.

mod ask;
mod types;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

pub use self::types::{CatchUpConfig, CatchUpEffect, CatchUpInput};
use crate::checkpoint::{Manifest, StableCheckpoint};
use crate::config::MAX_WINDOW;
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{Height, PeerId};
use crate::transfer::{Claim, EncodedDecision, MAX_RANGE, Response};
use crate::validator::ValidatorSet;
use crate::value::Digest;
use crate::verified::VerifiedCertificate;

/// Most ranges that are asked for or wait for those before them.
pub const MAX_OPEN_RANGES: usize = 8;
/// Most peers that are known at once.
pub const MAX_PEERS: usize = 256;

/// A member that may lag.
#[derive(Debug)]
pub struct CatchUp {
    config: CatchUpConfig,
    origin: Origin,
    /// The next height to give to the core.
    next: Height,
    peers: BTreeMap<PeerId, Peer>,
    requests: BTreeMap<u64, Asked>,
    next_request: u64,
    /// Answers that wait for those before them, by their first height.
    answers: BTreeMap<Height, Answer>,
    transfer: Option<Transfer>,
    /// A set that an operator vouches for.
    trusted: Option<ValidatorSet>,
    /// Whether the only checkpoints offered are of an epoch that is not known.
    is_stuck: bool,
    /// How often a peer was chosen: ties go round.
    turn: u64,
}

#[derive(Debug, Default)]
struct Peer {
    claim: Claim,
    strikes: u32,
    open: usize,
}

#[derive(Debug)]
struct Asked {
    peer: PeerId,
    what: What,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Range { from: Height, count: u32 },
    Manifest,
    Chunk { index: u32 },
}

#[derive(Debug)]
struct Answer {
    peer: PeerId,
    items: VecDeque<EncodedDecision>,
    /// The certificates of the first of them, verified.
    verified: VecDeque<VerifiedCertificate>,
}

/// A checkpoint on its way.
#[derive(Debug)]
struct Transfer {
    checkpoint: StableCheckpoint,
    manifest: Manifest,
    /// Chunks nobody was asked for, last first.
    missing: Vec<u32>,
    left: usize,
}

impl CatchUp {
    /// A member whose core goes on at `origin`.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] for a range of 0 or more than [`MAX_RANGE`], or a window that the core does not take either.
    pub fn new(config: CatchUpConfig, origin: Origin) -> Result<Self, ConsensusError> {
        if config.window == 0 || config.window > MAX_WINDOW {
            return Err(ConsensusError::InvalidConfig("window is not from 1 to 64"));
        }
        if config.range == 0 || config.range > MAX_RANGE {
            return Err(ConsensusError::InvalidConfig("heights per request"));
        }
        Ok(Self {
            config,
            next: origin.height,
            origin,
            peers: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 0,
            answers: BTreeMap::new(),
            transfer: None,
            trusted: None,
            is_stuck: false,
            turn: 0,
        })
    }

    /// Takes an input; gives what to do about it, in order.
    pub fn handle(&mut self, input: CatchUpInput) -> Vec<CatchUpEffect> {
        let mut effects = Vec::new();
        match input {
            CatchUpInput::Claim { peer, claim } => self.hear(peer, claim),
            CatchUpInput::Response { peer, bytes } => self.receive(peer, &bytes, &mut effects),
            CatchUpInput::Deadline { request } => self.expire(request),
            CatchUpInput::Gone { peer } => self.forget(peer),
            CatchUpInput::Trust(set) => {
                self.trusted = Some(set);
                self.is_stuck = false;
            }
            CatchUpInput::Advanced { origin } => self.advance(origin),
        }
        self.release(&mut effects);
        self.ask(&mut effects);
        effects
    }

    /// Whether anything is being fetched.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.requests.is_empty() || !self.answers.is_empty() || self.transfer.is_some()
    }

    /// The next height that is missing.
    #[must_use]
    pub fn next(&self) -> Height {
        self.next
    }

    fn hear(&mut self, peer: PeerId, claim: Claim) {
        if self.peers.len() < MAX_PEERS || self.peers.contains_key(&peer) {
            self.peers.entry(peer).or_default().claim = claim;
            self.is_stuck = false;
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        let gone: Vec<u64> = self
            .requests
            .iter()
            .filter(|(_, asked)| asked.peer == peer)
            .map(|(request, _)| *request)
            .collect();
        for request in gone {
            if let Some(asked) = self.requests.remove(&request) {
                self.take_back(asked.what);
            }
        }
    }

    fn punish(&mut self, peer: PeerId, reason: ConsensusError, effects: &mut Vec<CatchUpEffect>) {
        self.forget(peer);
        // What else it sent is as good as its word.
        self.answers.retain(|_, answer| answer.peer != peer);
        effects.push(CatchUpEffect::Punish { peer, reason });
    }

    /// What was asked in vain is asked again.
    fn take_back(&mut self, what: What) {
        if let (What::Chunk { index }, Some(transfer)) = (what, &mut self.transfer) {
            transfer.missing.push(index);
        }
    }

    fn expire(&mut self, request: u64) {
        let Some(asked) = self.requests.remove(&request) else { return };
        self.strike(asked.peer);
        self.take_back(asked.what);
    }

    fn strike(&mut self, peer: PeerId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.open = peer.open.saturating_sub(1);
            peer.strikes = peer.strikes.saturating_add(1);
        }
    }

    fn advance(&mut self, origin: Origin) {
        self.next = self.next.max(origin.height);
        self.is_stuck = false;
        if self.transfer.as_ref().is_some_and(|transfer| transfer.manifest.height() < origin.height) {
            self.drop_transfer();
        }
        self.origin = origin;
        let next = self.next;
        self.answers.retain(|from, answer| from.plus(answer.items.len() as u64) > next);
    }

    fn drop_transfer(&mut self) {
        self.transfer = None;
        let chunks: Vec<u64> = self
            .requests
            .iter()
            .filter(|(_, asked)| matches!(asked.what, What::Chunk { .. }))
            .map(|(request, _)| *request)
            .collect();
        for request in chunks {
            if let Some(asked) = self.requests.remove(&request)
                && let Some(peer) = self.peers.get_mut(&asked.peer)
            {
                peer.open = peer.open.saturating_sub(1);
            }
        }
    }

    fn receive(&mut self, peer: PeerId, bytes: &[u8], effects: &mut Vec<CatchUpEffect>) {
        let response = match Response::from_bytes(bytes) {
            Ok(response) => response,
            Err(error) => return self.punish(peer, error, effects),
        };
        // Too late, or never asked: no harm.
        let request = response.request();
        if self.requests.get(&request).is_none_or(|asked| asked.peer != peer) {
            return;
        }
        let Some(asked) = self.requests.remove(&request) else { return };
        match (asked.what, response) {
            (what, Response::Unavailable { claim, .. }) => {
                self.take_back(what);
                if self.is_covered(what, &claim) {
                    let reason = ConsensusError::BadProof("not available, and claimed to be");
                    self.punish(peer, reason, effects);
                } else {
                    self.strike(peer);
                    self.hear(peer, claim);
                }
            }
            (What::Range { from, count }, Response::Range { items, .. }) => {
                match check_range(from, count, &items) {
                    Ok(()) => self.keep_range(peer, from, count, items, bytes.len()),
                    Err(error) => self.punish(peer, error, effects),
                }
            }
            (What::Manifest, Response::Manifest { checkpoint, manifest, .. }) => {
                self.praise(peer);
                if let Err(error) = self.begin_transfer(checkpoint, manifest, effects) {
                    self.punish(peer, error, effects);
                }
            }
            (What::Chunk { index }, Response::Chunk { bytes, .. }) => {
                self.praise(peer);
                if let Err(error) = self.take_chunk(index, bytes, effects) {
                    self.take_back(asked.what);
                    self.punish(peer, error, effects);
                }
            }
            (what, _) => {
                self.take_back(what);
                self.punish(peer, ConsensusError::BadProof("an answer to another question"), effects);
            }
        }
    }

    /// Whether a peer with this claim can answer a request.
    fn is_covered(&self, what: What, claim: &Claim) -> bool {
        match what {
            What::Range { from, .. } => claim.oldest <= from && from <= claim.decided,
            What::Manifest => claim.checkpoint >= self.next,
            What::Chunk { .. } => {
                self.transfer.as_ref().is_some_and(|transfer| transfer.manifest.height() == claim.checkpoint)
            }
        }
    }

    fn praise(&mut self, peer: PeerId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.open = peer.open.saturating_sub(1);
            peer.strikes = 0;
        }
    }

    fn keep_range(
        &mut self,
        peer: PeerId,
        from: Height,
        count: u32,
        items: Vec<EncodedDecision>,
        bytes: usize,
    ) {
        // Less than was asked for is fine where a message was full, or nothing more was decided.
        let claimed = self
            .peers
            .get(&peer)
            .map_or(0, |peer| peer.claim.decided.0.saturating_sub(from.0).saturating_add(1));
        let is_short = (items.len() as u64) < u64::from(count).min(claimed);
        if is_short && bytes < MIN_FULL_BYTES {
            self.strike(peer);
        } else {
            self.praise(peer);
        }
        if from.plus(items.len() as u64) > self.next {
            self.answers.insert(from, Answer { peer, items: items.into(), verified: VecDeque::new() });
        }
    }

    /// Gives the decisions that are next to the core, as far as they verify and the core's window reaches.
    fn release(&mut self, effects: &mut Vec<CatchUpEffect>) {
        let reach = self.origin.height.plus(self.config.window);
        while self.next < reach
            && let Some((from, mut answer)) = self.next_answer()
        {
            // Overlaps with what came otherwise.
            for _ in from.0..self.next.0 {
                answer.items.pop_front();
                answer.verified.pop_front();
            }
            let peer = answer.peer;
            let mut lie = None;
            if answer.verified.is_empty() {
                let run = self.verifiable(&answer);
                let known = self.set_at(self.next).epoch();
                let is_later = answer.items.front().is_some_and(|item| item.certificate.epoch() > known);
                if run == 0 && is_later && self.origin.height < self.next {
                    // Of a set that is known when what is before it is executed, or of none.
                    self.answers.insert(self.next, answer);
                    return;
                }
                let set = self.set_at(self.next);
                let run = answer.items.iter().take(run.max(1)).map(|item| &item.certificate);
                let (verified, fault) = VerifiedCertificate::verify_run(&self.config.chain, set, run);
                answer.verified = verified.into();
                if let Some(fault) = fault {
                    // What was verified before the lie is good.
                    answer.items.truncate(answer.verified.len());
                    lie = Some(fault);
                }
            }
            while self.next < reach
                && let Some(certificate) = answer.verified.pop_front()
            {
                let Some(EncodedDecision { value, .. }) = answer.items.pop_front() else { break };
                effects.push(CatchUpEffect::Decide { height: self.next, value, certificate });
                self.next = self.next.next();
            }
            if let Some(reason) = lie {
                self.punish(peer, reason, effects);
            }
            if !answer.items.is_empty() {
                self.answers.insert(self.next, answer);
            }
        }
    }

    /// Takes out the answer that has the next height.
    fn next_answer(&mut self) -> Option<(Height, Answer)> {
        let (from, answer) = self.answers.range(..=self.next).next_back()?;
        let from = *from;
        if from.plus(answer.items.len() as u64) <= self.next {
            self.answers.remove(&from);
            return self.next_answer();
        }
        self.answers.remove(&from).map(|answer| (from, answer))
    }

    /// How many of an answer's items, which begin at the next height, are of the set that decides the next height.
    fn verifiable(&self, answer: &Answer) -> usize {
        let set = self.set_at(self.next);
        answer.items.iter().take_while(|item| item.certificate.epoch() == set.epoch()).count()
    }

    /// The set that decides a height, as far as execution has come to know.
    fn set_at(&self, height: Height) -> &ValidatorSet {
        let upcoming = self.origin.upcoming.iter().rfind(|(from, _)| *from <= height);
        upcoming.map_or(&self.origin.validators, |(_, set)| set)
    }

    fn begin_transfer(
        &mut self,
        checkpoint: StableCheckpoint,
        manifest: Manifest,
        effects: &mut Vec<CatchUpEffect>,
    ) -> Result<(), ConsensusError> {
        let height = checkpoint.checkpoint.height;
        if manifest.digest() != checkpoint.checkpoint.state || manifest.height() != height {
            return Err(ConsensusError::BadProof("a manifest of another checkpoint"));
        }
        let epoch = checkpoint.checkpoint.epoch;
        let trusted = self.trusted.as_ref().filter(|set| set.epoch() == epoch);
        let set = trusted.unwrap_or_else(|| self.set_at(height));
        if epoch > set.epoch() {
            self.is_stuck = true;
            effects.push(CatchUpEffect::UnknownEpoch { epoch });
            return Ok(());
        }
        checkpoint.verify(&self.config.chain, set)?;
        if height < self.next {
            // Meanwhile decided otherwise.
            return Ok(());
        }
        let count = u32::try_from(manifest.chunks.len()).unwrap_or(u32::MAX);
        let transfer = Transfer {
            checkpoint: checkpoint.clone(),
            manifest: manifest.clone(),
            missing: (0..count).rev().collect(),
            left: manifest.chunks.len(),
        };
        self.transfer = Some(transfer);
        effects.push(CatchUpEffect::Manifest { checkpoint, manifest });
        self.finish_transfer(effects);
        Ok(())
    }

    fn take_chunk(
        &mut self,
        index: u32,
        bytes: Vec<u8>,
        effects: &mut Vec<CatchUpEffect>,
    ) -> Result<(), ConsensusError> {
        let Some(transfer) = &mut self.transfer else { return Ok(()) };
        let expected = usize::try_from(index).ok().and_then(|index| transfer.manifest.chunks.get(index));
        let is_whole = transfer.manifest.chunk_length(index) == Some(bytes.len());
        if !is_whole || expected != Some(&Manifest::hash_chunk(&bytes)) {
            return Err(ConsensusError::BadProof("a chunk of another state"));
        }
        transfer.left -= 1;
        effects.push(CatchUpEffect::Chunk { index, bytes });
        self.finish_transfer(effects);
        Ok(())
    }

    fn finish_transfer(&mut self, effects: &mut Vec<CatchUpEffect>) {
        if self.transfer.as_ref().is_some_and(|transfer| transfer.left == 0)
            && let Some(Transfer { checkpoint, manifest, .. }) = self.transfer.take()
        {
            let origin = manifest.origin;
            self.advance(origin.clone());
            effects.push(CatchUpEffect::Install { checkpoint, origin });
        }
    }
}

/// An answer of fewer bytes is not what a full message looks like.
const MIN_FULL_BYTES: usize = 64 << 10;
/// Checks what needs no keys: heights in order, values with the digests that are certified.
fn check_range(from: Height, count: u32, items: &[EncodedDecision]) -> Result<(), ConsensusError> {
    if items.is_empty() {
        return Err(ConsensusError::BadProof("no decisions, although there are some"));
    }
    if items.len() as u64 > u64::from(count) {
        return Err(ConsensusError::BadProof("more decisions than were asked for"));
    }
    for (place, EncodedDecision { certificate, value }) in items.iter().enumerate() {
        if certificate.height() != from.plus(place as u64) {
            return Err(ConsensusError::BadProof("decisions of other heights"));
        }
        if certificate.digest() != Digest::of(value) {
            return Err(ConsensusError::BadProof("a value that is not the certified one"));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
mod tests;
