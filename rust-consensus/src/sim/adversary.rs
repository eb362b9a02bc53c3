//! What Byzantine members do with the messages that an honest core would send, and in answer to those they receive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::random::Random;
use super::schedule::Behaviour;
use super::world::{World, digest_of};
use crate::certificate::{CommitCertificate, PolkaCertificate};
use crate::evidence::Evidence;
use crate::id::{Epoch, Height, Round};
use crate::message::Message;
use crate::proposal::Proposal;
use crate::signature::Signature;
use crate::value::{Digest, Value as _};
use crate::vote::{Vote, VoteKind};

/// Messages to members.
pub(crate) type Outbox = Vec<(usize, Arc<[u8]>)>;

/// Who voted for what, with which signature.
type Voters = BTreeMap<Option<Digest>, BTreeMap<usize, Signature>>;

/// Messages that a replaying member keeps.
const MEMORY: usize = 64;
/// Most messages that a member sends in answer to one: lying is no flood.
const ANSWERS: usize = 24;

/// A Byzantine member.
pub(crate) struct Adversary {
    pub(crate) behaviour: Behaviour,
    member: usize,
    /// Messages to send again.
    heard: Vec<Arc<[u8]>>,
    /// The votes of others: who voted what.
    votes: BTreeMap<(Height, Round, VoteKind), Voters>,
    /// What was said already, so that it is said once.
    said: BTreeSet<(Height, Round, u8, Option<Digest>, usize)>,
    /// Values proposed by anybody, by digest.
    values: BTreeMap<Digest, (Height, Vec<u8>)>,
    random: Random,
}

impl Adversary {
    pub(crate) fn new(behaviour: Behaviour, member: usize, seed: u64) -> Self {
        Self {
            behaviour,
            member,
            heard: Vec::new(),
            votes: BTreeMap::new(),
            said: BTreeSet::new(),
            values: BTreeMap::new(),
            random: Random::keyed(seed, [member as u64, behaviour as u64, 1]),
        }
    }

    /// What is sent instead of `bytes`, which an honest core wants `to` have, or everybody.
    pub(crate) fn outgoing(&mut self, world: &World, to: Option<usize>, bytes: &Arc<[u8]>) -> Outbox {
        let honestly = || -> Outbox {
            let everybody = || (0..world.members()).filter(|other| *other != self.member).collect();
            let receivers: Vec<usize> = to.map_or_else(everybody, |to| vec![to]);
            receivers.into_iter().map(|to| (to, Arc::clone(bytes))).collect()
        };
        let message = Message::from_bytes(bytes).ok();
        match (self.behaviour, &message) {
            (Behaviour::Silent, _) => Vec::new(),
            (Behaviour::Equivocate, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                let other = match vote.digest {
                    Some(digest) if vote.round.0 % 2 == 0 => Some(flipped(digest)),
                    Some(_) => None,
                    None => self.known_value(vote.height).or(Some(Digest([9; 32]))),
                };
                let other = self.vote(world, vote.height, vote.round, vote.kind, other);
                self.split(world, bytes, &other, vote.round)
            }
            (Behaviour::Mirror, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                Vec::new()
            }
            (Behaviour::LyingLeader | Behaviour::Mirror, Some(Message::Proposal { proposal, .. }))
                if self.is_own(world, proposal.height, proposal.validator) =>
            {
                self.two_proposals(world, proposal, bytes)
            }
            (Behaviour::LyingLeader, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator)
                    && self.is_leader(world, vote.height, vote.round) =>
            {
                Vec::new()
            }
            (Behaviour::InvalidLeader, Some(Message::Proposal { proposal, .. }))
                if self.is_own(world, proposal.height, proposal.validator) =>
            {
                let value = world.refused_value(proposal.height, self.member, u64::from(proposal.round.0));
                let bytes = self.proposal(world, proposal, None, digest_of(&value), value.encode(), None);
                let mut out = self.to_all(world, &bytes);
                for kind in VoteKind::ALL {
                    let vote =
                        self.vote(world, proposal.height, proposal.round, kind, Some(digest_of(&value)));
                    out.extend(self.to_all(world, &vote));
                }
                out
            }
            (Behaviour::FalseValidRound, Some(Message::Proposal { proposal, value, .. }))
                if self.is_own(world, proposal.height, proposal.validator) && proposal.round.0 > 0 =>
            {
                self.false_valid_round(world, proposal, value)
            }
            (Behaviour::Unlocked, Some(Message::Proposal { proposal, .. }))
                if self.is_own(world, proposal.height, proposal.validator) =>
            {
                let value = world.value(proposal.height, self.member, 1_000 + u64::from(proposal.round.0));
                let bytes = self.proposal(world, proposal, None, digest_of(&value), value.encode(), None);
                let mut out = self.to_all(world, &bytes);
                out.extend(self.votes_for(world, proposal.height, proposal.round, digest_of(&value)));
                out
            }
            (Behaviour::Unlocked, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                Vec::new()
            }
            (Behaviour::Stir, Some(Message::Proposal { proposal, .. }))
                if self.is_own(world, proposal.height, proposal.validator) =>
            {
                let value = world.value(proposal.height, self.member, 4_000 + u64::from(proposal.round.0));
                let digest = digest_of(&value);
                let bytes = self.proposal(world, proposal, None, digest, value.encode(), None);
                let mut out = self.to_all(world, &bytes);
                out.extend(self.stir(world, proposal.height, proposal.round, digest));
                out
            }
            (Behaviour::Stir, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                Vec::new()
            }
            (Behaviour::Swap, Some(Message::Proposal { proposal, polka, .. }))
                if self.is_own(world, proposal.height, proposal.validator) =>
            {
                let value = world.value(proposal.height, self.member, 5_000).encode();
                let message = Message::Proposal { proposal: proposal.clone(), polka: polka.clone(), value };
                self.to_all(world, &message.to_bytes().into())
            }
            (Behaviour::Swap, Some(Message::Decision { certificate, .. })) => {
                let value = world.value(certificate.height(), self.member, 5_000).encode();
                let message = Message::Decision { certificate: certificate.clone(), value };
                self.to_all(world, &message.to_bytes().into())
            }
            (Behaviour::WithholdPrevotes, Some(Message::Vote(vote))) if vote.kind == VoteKind::Prevote => {
                Vec::new()
            }
            (Behaviour::WithholdPrecommits, Some(Message::Vote(vote)))
                if vote.kind == VoteKind::Precommit =>
            {
                Vec::new()
            }
            (Behaviour::OnlyOne, _) => vec![((self.member + 1) % world.members(), Arc::clone(bytes))],
            (Behaviour::Garbage, _) => {
                let mut out = honestly();
                for (_, sent) in &mut out {
                    *sent = self.damaged(sent);
                }
                out
            }
            (Behaviour::FarFuture, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                let mut out = honestly();
                let places = [(0, 1), (0, 2), (0, 1_000_000), (1, 0), (2, 3), (60, 0), (1_000_000, 0)];
                for (heights, rounds) in places {
                    let (height, round) =
                        (vote.height.plus(heights), Round(vote.round.0.saturating_add(rounds)));
                    let vote = self.vote(world, height, round, vote.kind, vote.digest);
                    out.extend(self.to_all(world, &vote));
                }
                out
            }
            (Behaviour::WrongEpoch, Some(Message::Vote(vote)))
                if self.is_own(world, vote.height, vote.validator) =>
            {
                let mut out = honestly();
                for epoch in [Epoch(vote.epoch.0 + 1), Epoch(vote.epoch.0.wrapping_sub(1))] {
                    let signer = &*world.signers[self.member];
                    let Vote { height, round, kind, digest, validator, .. } = *vote;
                    let vote =
                        Vote::sign(signer, &world.chain, epoch, height, round, kind, digest, validator);
                    out.extend(self.to_all(world, &Message::Vote(vote).to_bytes().into()));
                }
                out
            }
            _ => honestly(),
        }
    }

    /// What is sent in answer to a message.
    pub(crate) fn incoming(&mut self, world: &World, from: usize, bytes: &Arc<[u8]>) -> Outbox {
        if self.behaviour == Behaviour::Replay {
            return self.replay(world, bytes);
        }
        let is_curious = matches!(
            self.behaviour,
            Behaviour::Mirror
                | Behaviour::Unlocked
                | Behaviour::Forge
                | Behaviour::FalseCertificate
                | Behaviour::FalseValidRound
                | Behaviour::Equivocate
                | Behaviour::Stir
                | Behaviour::Usurp
                | Behaviour::Slander
        );
        if !is_curious {
            return Vec::new();
        }
        let mut out = match Message::from_bytes(bytes) {
            Ok(Message::Proposal { proposal, value, .. }) => self.saw_proposal(world, &proposal, value),
            Ok(Message::Vote(vote)) => self.saw_vote(world, from, &vote),
            _ => Vec::new(),
        };
        out.truncate(ANSWERS);
        out
    }

    fn saw_proposal(&mut self, world: &World, proposal: &Proposal, value: Vec<u8>) -> Outbox {
        self.values.insert(proposal.digest, (proposal.height, value));
        if self.values.len() > MEMORY {
            let oldest = self.values.iter().min_by_key(|(_, (height, _))| *height).map(|(digest, _)| *digest);
            oldest.map(|digest| self.values.remove(&digest));
        }
        match self.behaviour {
            Behaviour::Unlocked => self.votes_for(world, proposal.height, proposal.round, proposal.digest),
            Behaviour::Stir => self.stir(world, proposal.height, proposal.round, proposal.digest),
            Behaviour::Usurp => self.usurp(world, proposal),
            _ => Vec::new(),
        }
    }

    fn saw_vote(&mut self, world: &World, from: usize, vote: &Vote) -> Outbox {
        let era = world.era(vote.height);
        if era.member(vote.validator) != Some(from) {
            return Vec::new();
        }
        let votes = self.votes.entry((vote.height, vote.round, vote.kind)).or_default();
        votes.entry(vote.digest).or_default().insert(from, vote.signature);
        while self.votes.len() > MEMORY {
            self.votes.pop_first();
        }
        if self.said.len() > 64 * MEMORY {
            self.said.clear();
        }
        match self.behaviour {
            Behaviour::Mirror => self.mirror(world, vote),
            Behaviour::Forge => self.forge(world, from, vote),
            Behaviour::Slander => self.slander(world, vote),
            Behaviour::FalseCertificate => self.false_certificate(world, vote),
            _ => Vec::new(),
        }
    }

    /// The same vote, to everybody who has cast it.
    fn mirror(&mut self, world: &World, vote: &Vote) -> Outbox {
        let place = (vote.height, vote.round, vote.kind);
        let friends: Vec<usize> = match self.votes.get(&place).and_then(|votes| votes.get(&vote.digest)) {
            Some(voters) => voters.keys().copied().collect(),
            None => return Vec::new(),
        };
        let bytes = self.vote(world, vote.height, vote.round, vote.kind, vote.digest);
        let mut out = Vec::new();
        for friend in friends {
            if self.said.insert((vote.height, vote.round, vote.kind as u8, vote.digest, friend)) {
                out.push((friend, Arc::clone(&bytes)));
                // The second phase needs no first one when nobody looks.
                if vote.kind == VoteKind::Prevote {
                    let next = self.vote(world, vote.height, vote.round, VoteKind::Precommit, vote.digest);
                    out.push((friend, next));
                }
            }
        }
        out
    }

    /// Votes of others that they never cast.
    fn forge(&mut self, world: &World, from: usize, vote: &Vote) -> Outbox {
        if !self.said.insert((vote.height, vote.round, vote.kind as u8, None, from)) {
            return Vec::new();
        }
        let mut out = Vec::new();
        let digest = self.known_value(vote.height).filter(|known| Some(*known) != vote.digest);
        for victim in 0..u16::try_from(world.era(vote.height).set.len()).unwrap_or(0) {
            let mut forged =
                Vote { digest: digest.or(Some(Digest([5; 32]))), validator: victim, ..vote.clone() };
            forged.signature[..8].copy_from_slice(&self.random.next().to_le_bytes());
            if self.random.chance(300) {
                forged.round = forged.round.next();
            }
            out.extend(self.to_all(world, &Message::Vote(forged).to_bytes().into()));
        }
        let (height, round) = (vote.height, vote.round.next());
        let value = world.value(height, self.member, 6_000 + u64::from(round.0));
        let era = world.era(height);
        let mut forged = Proposal {
            epoch: era.set.epoch(),
            height,
            round: if self.random.chance(500) { round } else { vote.round },
            valid_round: None,
            digest: digest_of(&value),
            validator: 0,
            signature: [7; 64],
        };
        forged.validator = era.set.proposer(height, forged.round);
        let message = Message::Proposal { proposal: forged, polka: None, value: value.encode() };
        // First, because answers are cut short.
        let mut all = self.to_all(world, &message.to_bytes().into());
        all.extend(out);
        all
    }

    /// A proposal when it is somebody else's turn.
    fn usurp(&mut self, world: &World, proposal: &Proposal) -> Outbox {
        let (height, round) = (proposal.height, proposal.round);
        let Some(validator) = world.era(height).number(self.member) else { return Vec::new() };
        if !self.said.insert((height, round, 9, None, self.member)) {
            return Vec::new();
        }
        let value = world.value(height, self.member, 7_000 + u64::from(round.0));
        let like = Proposal { validator, round: round.next(), ..proposal.clone() };
        let like = if self.random.chance(500) { Proposal { round, ..like } } else { like };
        let bytes = self.proposal(world, &like, None, digest_of(&value), value.encode(), None);
        self.to_all(world, &bytes)
    }

    /// Evidence of a vote and of one that its voter never signed.
    fn slander(&mut self, world: &World, vote: &Vote) -> Outbox {
        if !self.said.insert((vote.height, Round(0), 9, None, vote.validator.into())) {
            return Vec::new();
        }
        let other = Vote {
            digest: vote.digest.map_or(Some(Digest([3; 32])), |digest| Some(flipped(digest))),
            ..vote.clone()
        };
        let evidence = Evidence::of_votes(vote, &other).expect("the two differ in their digest");
        self.to_all(world, &Message::Evidence(evidence).to_bytes().into())
    }

    /// A prevote for a proposal, or for nil, and a precommit of nil.
    fn stir(&mut self, world: &World, height: Height, round: Round, digest: Digest) -> Outbox {
        if !self.said.insert((height, round, 0, None, self.member)) {
            return Vec::new();
        }
        let digest = Some(digest).filter(|_| self.random.chance(600));
        let prevote = self.vote(world, height, round, VoteKind::Prevote, digest);
        let precommit = self.vote(world, height, round, VoteKind::Precommit, None);
        let mut out = self.to_all(world, &prevote);
        out.extend(self.to_all(world, &precommit));
        out
    }

    /// Certificates of decisions that were not made: signed once, by one member counted for all, or with prevotes.
    fn false_certificate(&mut self, world: &World, vote: &Vote) -> Outbox {
        let Some(digest) = vote.digest else { return Vec::new() };
        let Some((_, value)) = self.values.get(&digest).cloned() else { return Vec::new() };
        if !self.said.insert((vote.height, vote.round, vote.kind as u8, vote.digest, vote.validator.into())) {
            return Vec::new();
        }
        let era = world.era(vote.height);
        let Some(number) = era.number(self.member) else { return Vec::new() };
        let own = self.signature(world, vote.height, vote.round, VoteKind::Precommit, Some(digest));
        let heard =
            self.votes.get(&(vote.height, vote.round, vote.kind)).and_then(|votes| votes.get(&vote.digest));
        let mut signers: BTreeMap<u16, Signature> = BTreeMap::from([(number, own)]);
        for (member, signature) in heard.into_iter().flatten() {
            era.number(*member).map(|number| signers.insert(number, *signature));
        }
        match self.random.below(3) {
            // Too few, whatever they signed.
            0 => {
                while signers.keys().map(|number| era.set.power(*number)).sum::<u64>()
                    >= era.set.quorum_power()
                {
                    signers.pop_first();
                }
            }
            // One signature for everybody.
            1 => {
                signers = (0..u16::try_from(era.set.len()).unwrap_or(0)).map(|number| (number, own)).collect()
            }
            // Whatever was heard, prevotes included, as if they were precommits.
            _ => {}
        }
        let signers: Vec<_> = signers.into_iter().collect();
        let commit = CommitCertificate::new(&era.set, vote.height, vote.round, digest, &signers);
        let polka = PolkaCertificate::new(&era.set, vote.height, vote.round, digest, &signers);
        let mut out = Vec::new();
        if vote.kind == VoteKind::Prevote || self.random.chance(500) {
            out.extend(self.to_all(
                world,
                &Message::Decision { certificate: commit, value: value.clone() }.to_bytes().into(),
            ));
        }
        out.extend(self.to_all(world, &Message::Polka { certificate: polka, value }.to_bytes().into()));
        out
    }

    fn replay(&mut self, world: &World, bytes: &Arc<[u8]>) -> Outbox {
        if self.heard.len() < MEMORY {
            self.heard.push(Arc::clone(bytes));
        } else {
            let place = self.random.index(MEMORY);
            self.heard[place] = Arc::clone(bytes);
        }
        let old = self.random.index(self.heard.len());
        let to = self.random.index(world.members());
        if to == self.member { Vec::new() } else { vec![(to, Arc::clone(&self.heard[old]))] }
    }

    /// The proposal to one half and another one to the rest, with the votes that each half wants to see.
    fn two_proposals(&self, world: &World, proposal: &Proposal, bytes: &Arc<[u8]>) -> Outbox {
        let number = 2_000 + u64::from(proposal.round.0);
        let value = world.value(proposal.height, self.member, number);
        let digest = digest_of(&value);
        let other = self.proposal(world, proposal, None, digest, value.encode(), None);
        let mut out = self.split(world, bytes, &other, proposal.round);
        for kind in VoteKind::ALL {
            let first = self.vote(world, proposal.height, proposal.round, kind, Some(proposal.digest));
            let second = self.vote(world, proposal.height, proposal.round, kind, Some(digest));
            out.extend(self.split(world, &first, &second, proposal.round));
        }
        out
    }

    /// A proposal with a valid round, and as proof the member's own prevote, once or for everybody.
    fn false_valid_round(&mut self, world: &World, proposal: &Proposal, value: &[u8]) -> Outbox {
        let era = world.era(proposal.height);
        let valid = Round(u32::try_from(self.random.below(u64::from(proposal.round.0))).unwrap_or(0));
        let (digest, value) = match self.random.below(2) {
            0 => (proposal.digest, value.to_vec()),
            _ => {
                let value = world.value(proposal.height, self.member, 3_000 + u64::from(proposal.round.0));
                (digest_of(&value), value.encode())
            }
        };
        let Some(number) = era.number(self.member) else { return Vec::new() };
        let own = self.signature(world, proposal.height, valid, VoteKind::Prevote, Some(digest));
        let all = (0..u16::try_from(era.set.len()).unwrap_or(0)).map(|number| (number, own));
        let signers: Vec<_> = if self.random.chance(500) { vec![(number, own)] } else { all.collect() };
        let polka = PolkaCertificate::new(&era.set, proposal.height, valid, digest, &signers);
        let bytes = self.proposal(world, proposal, Some(valid), digest, value, Some(polka));
        let mut out = self.to_all(world, &bytes);
        out.extend(self.votes_for(world, proposal.height, proposal.round, digest));
        out
    }

    fn votes_for(&mut self, world: &World, height: Height, round: Round, digest: Digest) -> Outbox {
        if !self.said.insert((height, round, 0, Some(digest), self.member)) {
            return Vec::new();
        }
        let votes = VoteKind::ALL.map(|kind| self.vote(world, height, round, kind, Some(digest)));
        votes.iter().flat_map(|vote| self.to_all(world, vote)).collect()
    }

    fn vote(
        &self,
        world: &World,
        height: Height,
        round: Round,
        kind: VoteKind,
        digest: Option<Digest>,
    ) -> Arc<[u8]> {
        let era = world.era(height);
        let validator = era.number(self.member).unwrap_or(u16::MAX);
        let signature = self.signature(world, height, round, kind, digest);
        let vote = Vote { epoch: era.set.epoch(), height, round, kind, digest, validator, signature };
        Message::Vote(vote).to_bytes().into()
    }

    fn signature(
        &self,
        world: &World,
        height: Height,
        round: Round,
        kind: VoteKind,
        digest: Option<Digest>,
    ) -> Signature {
        let epoch = world.era(height).set.epoch();
        world.signers[self.member].sign(&Vote::statement(&world.chain, epoch, height, round, kind, digest))
    }

    fn proposal(
        &self,
        world: &World,
        like: &Proposal,
        valid_round: Option<Round>,
        digest: Digest,
        value: Vec<u8>,
        polka: Option<PolkaCertificate>,
    ) -> Arc<[u8]> {
        let signer = &*world.signers[self.member];
        let Proposal { epoch, height, round, validator, .. } = *like;
        let proposal =
            Proposal::sign(signer, &world.chain, epoch, height, round, valid_round, digest, validator);
        Message::Proposal { proposal, polka, value }.to_bytes().into()
    }

    /// One message to members of one parity, another to the rest; rounds take turns.
    fn split(&self, world: &World, first: &Arc<[u8]>, second: &Arc<[u8]>, round: Round) -> Outbox {
        let others = (0..world.members()).filter(|other| *other != self.member);
        let side = |other: usize| (other + round.0 as usize).is_multiple_of(2);
        others.map(|other| (other, Arc::clone(if side(other) { first } else { second }))).collect()
    }

    fn to_all(&self, world: &World, bytes: &Arc<[u8]>) -> Outbox {
        let others = (0..world.members()).filter(|other| *other != self.member);
        others.map(|other| (other, Arc::clone(bytes))).collect()
    }

    /// Noise, or the message cut short, with a byte changed, or with more behind it.
    fn damaged(&mut self, bytes: &[u8]) -> Arc<[u8]> {
        let mut bytes = bytes.to_vec();
        match self.random.below(5) {
            0 => {
                bytes = (0..self.random.below(200)).map(|_| self.random.next().to_le_bytes()[0]).collect();
            }
            1 => bytes.truncate(self.random.index(bytes.len())),
            2 if !bytes.is_empty() => {
                let place = self.random.index(bytes.len());
                bytes[place] ^= 1 << self.random.below(8);
            }
            3 => bytes.push(0),
            _ => {}
        }
        bytes.into()
    }

    fn known_value(&self, height: Height) -> Option<Digest> {
        self.values.iter().find(|(_, (of, _))| *of == height).map(|(digest, _)| *digest)
    }

    fn is_own(&self, world: &World, height: Height, validator: u16) -> bool {
        world.era(height).member(validator) == Some(self.member)
    }

    fn is_leader(&self, world: &World, height: Height, round: Round) -> bool {
        let era = world.era(height);
        era.member(era.set.proposer(height, round)) == Some(self.member)
    }
}

fn flipped(digest: Digest) -> Digest {
    let mut bytes = digest.0;
    bytes[31] ^= 1;
    Digest(bytes)
}
