//! Both cores in lock step: one member, the same random inputs, and after each of them the same votes, round, step, lock and
//! decision. Where the two may differ is written down in `docs/agreement.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use malachite_core::{LocallyProposedValue, ProposedValue};
use malachite_types::{
    PolkaCertificate as MPolka, Round as MRound, SignedProposal, TimeoutKind, Validity, ValueOrigin,
};

use super::context::{MHeight, MProposal, MSet, MValue, Number, from_round, from_vote, to_round, to_vote};
use super::core::{Core, Input as Theirs, Output, proposal_of};
use crate::certificate::PolkaCertificate;
use crate::config::Config;
use crate::consensus::{ByzantineConsensus, Origin, Step};
use crate::effect::{Effect, Input};
use crate::id::{ChainId, Epoch, Height, NodeId, PeerId, Round};
use crate::message::Message;
use crate::proposal::Proposal;
use crate::record::LogRecord;
use crate::timeout::Timeout;
use crate::validator::{Validator, ValidatorSet};
use crate::value::{Bytes, Digest, Value};
use crate::vote::{Vote, VoteKind};

const MEMBERS: u16 = 4;

fn chain() -> ChainId {
    ChainId::new("lock-step").unwrap()
}

fn key(number: u16) -> SigningKey {
    SigningKey::from_seed(&[u8::try_from(number).unwrap() + 1; 32])
}

fn set() -> ValidatorSet {
    let validator = |number| Validator {
        id: NodeId::new(&format!("n{number}")).unwrap(),
        key: key(number).public_key(),
        power: 1,
    };
    ValidatorSet::new(Epoch(0), (0..MEMBERS).map(validator).collect()).unwrap()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What a core said and became.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Seen {
    votes: BTreeMap<(Round, u8), Option<Digest>>,
    proposals: BTreeMap<Round, (Option<Round>, Digest)>,
    decided: Option<Digest>,
    locked: Option<(Round, Digest)>,
    place: Option<(Round, u8)>,
}

struct Pair {
    set: ValidatorSet,
    height: Height,
    ours: ByzantineConsensus<Bytes>,
    theirs: Core,
    seen: (Seen, Seen),
    armed: BTreeSet<Timeout>,
}

fn is_valid(value: &Bytes) -> bool {
    !value.as_slice().starts_with(b"bad")
}

fn own_value(round: Round) -> Bytes {
    format!("own {round}").into_bytes().into()
}

impl Pair {
    fn new(height: Height) -> Self {
        let set = set();
        let mut config = Config::new(chain());
        // The paper's rule, which is the other core's too.
        config.nil_quorum_ends_round = false;
        let signer: Arc<SigningKey> = Arc::new(key(0));
        let origin = Origin { height, ..set.clone().into() };
        let ours = ByzantineConsensus::new(config, origin, Some(signer.clone())).unwrap();
        let theirs = Core::new(chain(), set.clone(), height, signer);
        let mut pair = Self { set, height, ours, theirs, seen: Default::default(), armed: BTreeSet::new() };
        let start = Theirs::StartHeight(
            MHeight(height.0),
            MSet::new(pair.set.clone()),
            false,
            None,
            malachite_types::VoteExtensionPolicy::default(),
        );
        pair.give(Input::Start, vec![start]);
        pair
    }

    fn give(&mut self, ours: Input<Bytes>, theirs: Vec<Theirs>) {
        self.give_ours(ours);
        for input in theirs {
            self.give_theirs(input);
        }
    }

    fn give_ours(&mut self, input: Input<Bytes>) {
        for effect in self.ours.handle(input).unwrap() {
            match effect {
                Effect::Log(records) => {
                    for record in records {
                        match record {
                            LogRecord::Voted(vote) if vote.height == self.height => {
                                let said =
                                    self.seen.0.votes.insert((vote.round, vote.kind as u8), vote.digest);
                                assert!(said.is_none());
                            }
                            LogRecord::Proposed { proposal, .. } if proposal.height == self.height => {
                                let said = (proposal.valid_round, proposal.digest);
                                self.seen.0.proposals.insert(proposal.round, said);
                            }
                            _ => {}
                        }
                    }
                }
                Effect::Validate { height, digest, value } => {
                    let valid = is_valid(&value);
                    self.give_ours(Input::Validated { height, digest, valid });
                }
                Effect::GetValue { height, round } if height == self.height => {
                    self.give_ours(Input::Value { height, round, value: own_value(round) });
                }
                Effect::Decide(decision) => {
                    assert_eq!(decision.certificate.verify(&chain(), &self.set), Ok(()));
                    self.seen.0.decided = Some(Digest::of(&decision.value.encode()));
                }
                Effect::Schedule { timeout, .. } => {
                    self.armed.insert(timeout);
                }
                Effect::Cancel(timeout) => {
                    self.armed.remove(&timeout);
                }
                _ => {}
            }
        }
        if self.seen.0.decided.is_none() {
            self.seen.0.locked = self.ours.locked();
            self.seen.0.place = Some((self.ours.round(), self.ours.step() as u8));
        } else {
            (self.seen.0.place, self.seen.0.locked) = (None, None);
        }
    }

    fn give_theirs(&mut self, input: Theirs) {
        for output in self.theirs.handle(input).unwrap() {
            match output {
                Output::Vote(vote) => {
                    let vote = from_vote(&vote.message, vote.signature, &self.set);
                    vote.verify(&chain(), &self.set, &crate::signature::Ed25519).unwrap();
                    let said = self.seen.1.votes.insert((vote.round, vote.kind as u8), vote.digest);
                    assert!(said.is_none());
                }
                Output::Proposal(proposal) => {
                    let said = proposal_of(&proposal.message, proposal.signature, &self.set);
                    self.seen.1.proposals.insert(said.round, (said.valid_round, said.digest));
                }
                Output::GetValue(height, round) => {
                    let value = MValue::new(own_value(round));
                    let (height, round) = (MHeight(height.0), MRound::new(round.0));
                    self.give_theirs(Theirs::Propose(LocallyProposedValue { height, round, value }));
                }
                Output::Decide(certificate) => self.seen.1.decided = Some(certificate.value_id),
                _ => {}
            }
        }
        let state = self.theirs.state.driver.round_state();
        if self.seen.1.decided.is_none() {
            let locked = state.locked.as_ref();
            self.seen.1.locked = locked
                .map(|locked| (from_round(locked.round).unwrap(), malachite_types::Value::id(&locked.value)));
            let driver = &self.theirs.state.driver;
            let step = if driver.step_is_propose() {
                Step::Propose
            } else if driver.step_is_prevote() {
                Step::Prevote
            } else {
                Step::Precommit
            };
            self.seen.1.place = Some((from_round(driver.round()).unwrap(), step as u8));
        } else {
            (self.seen.1.place, self.seen.1.locked) = (None, None);
        }
    }

    fn message(&mut self, message: &Message, theirs: Vec<Theirs>) {
        let bytes = message.to_bytes().into();
        self.give(Input::Message { from: PeerId(1), bytes }, theirs);
    }

    fn their_valid(&self) -> Option<(Round, Digest)> {
        let valid = self.theirs.state.driver.round_state().valid.as_ref()?;
        Some((from_round(valid.round)?, malachite_types::Value::id(&valid.value)))
    }
}

/// What the others do in one round.
#[derive(Clone, Debug)]
struct Plan {
    value: Bytes,
    valid_round: Option<Round>,
    is_delivered: bool,
}

/// One random sequence.
struct Run {
    pair: Pair,
    random: Random,
    plans: BTreeMap<Round, Plan>,
    /// Votes that were delivered, own ones too.
    votes: BTreeMap<(Round, u8, u16), Vote>,
    is_lied_to: bool,
}

impl Run {
    fn digest_of(&self, round: Round) -> Option<Digest> {
        self.plans.get(&round).map(|plan| Digest::of(&plan.value.encode()))
    }

    fn is_own_turn(&self, round: Round) -> bool {
        self.pair.set.proposer(self.pair.height, round) == 0
    }

    /// The rounds before `round` in which three of the delivered prevotes are for the value of that round.
    fn polkas(&self, round: Round) -> Vec<(Round, Vec<Vote>)> {
        let mut polkas = Vec::new();
        for earlier in (0..round.0).map(Round) {
            let digest = match self.digest_of(earlier) {
                Some(digest) => digest,
                None => continue,
            };
            let votes: Vec<Vote> = (1..MEMBERS)
                .filter_map(|number| self.votes.get(&(earlier, VoteKind::Prevote as u8, number)))
                .filter(|vote| vote.digest == Some(digest))
                .cloned()
                .collect();
            let is_good =
                self.plans.get(&earlier).is_some_and(|plan| plan.is_delivered && is_valid(&plan.value));
            if votes.len() == 3 && is_good {
                polkas.push((earlier, votes));
            }
        }
        polkas
    }

    /// What the proposer of a round proposes; decided when it is first needed.
    fn plan(&mut self, round: Round) {
        if self.plans.contains_key(&round) || self.is_own_turn(round) {
            return;
        }
        let polkas = self.polkas(round);
        let plan = if !polkas.is_empty() && self.random.one_in(2) {
            let index = usize::try_from(self.random.below(polkas.len() as u64)).unwrap();
            let (valid_round, _) = &polkas[index];
            Plan {
                value: self.plans[valid_round].value.clone(),
                valid_round: Some(*valid_round),
                is_delivered: false,
            }
        } else {
            let prefix = if self.random.one_in(12) { "bad" } else { "value" };
            let value = format!("{prefix} {round}").into_bytes().into();
            Plan { value, valid_round: None, is_delivered: false }
        };
        self.plans.insert(round, plan);
    }

    fn deliver_proposal(&mut self, round: Round) {
        self.plan(round);
        let Some(plan) = self.plans.get_mut(&round) else { return };
        if std::mem::replace(&mut plan.is_delivered, true) {
            return;
        }
        let plan = plan.clone();
        let proposer = self.pair.set.proposer(self.pair.height, round);
        let (height, digest) = (self.pair.height, Digest::of(&plan.value.encode()));
        let proposal = Proposal::sign(
            &key(proposer),
            &chain(),
            Epoch(0),
            height,
            round,
            plan.valid_round,
            digest,
            proposer,
        );
        let mut theirs = Vec::new();
        let polka = plan.valid_round.map(|valid_round| {
            let votes: Vec<Vote> = (1..MEMBERS)
                .map(|number| self.votes[&(valid_round, VoteKind::Prevote as u8, number)].clone())
                .collect();
            let signed = votes.iter().map(to_vote).collect();
            let certificate = MPolka::new(MHeight(height.0), MRound::new(valid_round.0), digest, signed);
            theirs.push(Theirs::PolkaCertificate(certificate));
            let signatures: Vec<_> = votes.iter().map(|vote| (vote.validator, vote.signature)).collect();
            PolkaCertificate::new(&self.pair.set, height, valid_round, digest, &signatures)
        });
        let value = MValue::new(plan.value.clone());
        let message = MProposal {
            height: MHeight(height.0),
            round: MRound::new(round.0),
            value: value.clone(),
            valid_round: to_round(plan.valid_round),
            proposer: Number(proposer),
        };
        theirs.push(Theirs::Proposal(SignedProposal::new(message, proposal.signature)));
        theirs.push(Theirs::ProposedValue(
            ProposedValue {
                height: MHeight(height.0),
                round: MRound::new(round.0),
                valid_round: to_round(plan.valid_round),
                proposer: Number(proposer),
                value,
                validity: Validity::from_bool(is_valid(&plan.value)),
            },
            ValueOrigin::Consensus,
        ));
        self.pair.message(&Message::Proposal { proposal, polka, value: plan.value.encode() }, theirs);
    }

    fn deliver_vote(&mut self, round: Round) {
        self.plan(round);
        let number = 1 + u16::try_from(self.random.below(u64::from(MEMBERS) - 1)).unwrap();
        let kind = if self.random.one_in(2) { VoteKind::Prevote } else { VoteKind::Precommit };
        let slot = (round, kind as u8, number);
        let own = self.pair.seen.0.proposals.get(&round).map(|(_, digest)| *digest);
        let digest = match self.plans.get(&round) {
            // A value that is known from another round: only once it is proposed in this one.
            Some(plan) if plan.valid_round.is_some() && !plan.is_delivered => None,
            // Nobody correct precommits what the application refuses.
            Some(plan) if kind == VoteKind::Precommit && !is_valid(&plan.value) => None,
            Some(plan) => Some(Digest::of(&plan.value.encode())),
            None => own,
        };
        let digest = digest.filter(|_| !self.random.one_in(4));
        let vote =
            Vote::sign(&key(number), &chain(), Epoch(0), self.pair.height, round, kind, digest, number);
        let is_liar = number == 3 && self.random.one_in(10);
        if self.votes.contains_key(&slot) && !is_liar {
            return;
        }
        let first = self.votes.entry(slot).or_insert_with(|| vote.clone());
        self.is_lied_to |= first.digest != vote.digest;
        let theirs = vec![Theirs::Vote(to_vote(&vote))];
        self.pair.message(&Message::Vote(vote), theirs);
    }

    fn time_out(&mut self) {
        let timers: Vec<Timeout> =
            self.pair.armed.iter().copied().filter(|timeout| *timeout != Timeout::Resend).collect();
        if timers.is_empty() {
            return;
        }
        let timeout = timers[usize::try_from(self.random.below(timers.len() as u64)).unwrap()];
        self.pair.armed.remove(&timeout);
        let (kind, round) = match timeout {
            Timeout::Propose(_, round) => (TimeoutKind::Propose, round),
            Timeout::Prevote(_, round) => (TimeoutKind::Prevote, round),
            Timeout::Precommit(_, round) => (TimeoutKind::Precommit, round),
            Timeout::Resend => return,
        };
        let theirs = malachite_types::Timeout::new(MRound::new(round.0), kind);
        self.pair.give(Input::Timeout(timeout), vec![Theirs::TimeoutElapsed(theirs)]);
    }
}

/// How a sequence ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum End {
    Decided,
    OutOfInputs,
    /// one of them learned a valid value that the other did not take.
    ValidValue,
}

/// What sequences led to, so that none of it is missed.
#[derive(Debug, Default)]
struct Reached {
    inputs: usize,
    later_rounds: usize,
    locks: usize,
    proposed_again: usize,
    own_proposed_again: usize,
    nil_precommits: usize,
    liars: usize,
}

fn sequence(seed: u64, reached: &mut Reached) -> End {
    let mut random = Random(seed);
    let height = Height(1 + random.below(u64::from(MEMBERS)));
    let mut run = Run {
        pair: Pair::new(height),
        random,
        plans: BTreeMap::new(),
        votes: BTreeMap::new(),
        is_lied_to: false,
    };
    let end = steps(seed, &mut run, reached);
    let Seen { votes, proposals, .. } = &run.pair.seen.0;
    let precommit =
        |digest: &Option<Digest>| votes.iter().any(|((_, kind), said)| *kind == 2 && said == digest);
    reached.later_rounds += usize::from(run.plans.keys().any(|round| round.0 > 0));
    reached.locks += usize::from(votes.iter().any(|((_, kind), said)| *kind == 2 && said.is_some()));
    reached.nil_precommits += usize::from(precommit(&None));
    reached.proposed_again +=
        usize::from(run.plans.values().any(|plan| plan.is_delivered && plan.valid_round.is_some()));
    reached.own_proposed_again +=
        usize::from(proposals.values().any(|(valid_round, _)| valid_round.is_some()));
    reached.liars += usize::from(run.is_lied_to);
    end
}

fn steps(seed: u64, run: &mut Run, reached: &mut Reached) -> End {
    for input in 0..60 {
        reached.inputs += 1;
        let round = run.pair.ours.round();
        let ahead = Round(round.0 + u32::from(run.random.one_in(6)));
        match run.random.below(12) {
            0 | 1 => run.deliver_proposal(round),
            2 => run.time_out(),
            _ => run.deliver_vote(ahead),
        }
        let (ours, theirs) = &run.pair.seen;
        assert_eq!(ours, theirs, "seed {seed}, input {input}");
        if ours.decided.is_some() {
            return End::Decided;
        }
        if run.pair.ours.valid() != run.pair.their_valid() {
            return End::ValidValue;
        }
    }
    End::OutOfInputs
}

/// `CHRYSALIS_SOAK` runs 10^5 sequences.
#[test]
fn r_51_both_cores_say_the_same() {
    let count = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 100_000 } else { 400 };
    let mut ends: BTreeMap<End, usize> = BTreeMap::new();
    let mut reached = Reached::default();
    for seed in 0..count {
        *ends.entry(sequence(seed, &mut reached)).or_default() += 1;
    }
    println!(
        "soak: {count} sequences with the third-party core in lock step, the same votes, locks and decisions: {ends:?}, {reached:?}"
    );
    assert!(ends[&End::Decided] * 4 > usize::try_from(count).unwrap());
    let Reached { later_rounds, locks, proposed_again, own_proposed_again, nil_precommits, liars, .. } =
        reached;
    for often in [later_rounds, locks, proposed_again, own_proposed_again, nil_precommits, liars] {
        assert!(often > 3, "too seldom to mean anything");
    }
}
