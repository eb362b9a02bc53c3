//! The third-party core as a plain state machine: an input in, outputs out. Signing and checking are done here, with this
//! crate's statements and rule.

use std::sync::Arc;

use malachite_core::{Effect, Error, Params, Resumable, Resume, SignedConsensusMsg, State};
use malachite_types::{
    CertificateError, CommitCertificate as MCommit, NilOrVal, PolkaCertificate as MPolka, RoundCertificate,
    SignedMessage, SignedProposal, SignedVote, ThresholdParams, Timeout, ValuePayload, VoteType,
};

use super::context::{Chain, MHeight, MSet, MVote, Number, from_round, from_vote};
use crate::error::ConsensusError;
use crate::id::{ChainId, Height, Round};
use crate::proposal::Proposal;
use crate::signature::{Check, Ed25519, Signer, Verifier};
use crate::validator::ValidatorSet;
use crate::vote::Vote;

pub(super) type Input = malachite_core::Input<Chain>;

/// What the core wants.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Log(Input),
    Vote(SignedVote<Chain>),
    Proposal(SignedProposal<Chain>),
    /// Votes that prove something to others.
    Proof(Vec<SignedVote<Chain>>),
    Arm(Timeout),
    Cancel(Timeout),
    CancelAll,
    GetValue(Height, Round),
    Decide(MCommit<Chain>),
}

pub(super) struct Core {
    pub(super) state: State<Chain>,
    chain: ChainId,
    signer: Arc<dyn Signer>,
}

/// Messages of later heights that the core keeps, in all and per height.
const QUEUED: usize = 1024;

impl Core {
    pub(super) fn new(chain: ChainId, set: ValidatorSet, height: Height, signer: Arc<dyn Signer>) -> Self {
        // A follower has a number that nobody has.
        let number = set.number_of(&signer.public_key()).unwrap_or(u16::MAX);
        let params = Params {
            address: Number(number),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: true,
        };
        let state = State::new(Chain, MHeight(height.0), MSet::new(set), params, QUEUED, QUEUED);
        Self { state, chain, signer }
    }

    /// Takes an input.
    ///
    /// # Errors
    /// What the core says of itself: it is of no use any more.
    pub(super) fn handle(&mut self, input: Input) -> Result<Vec<Output>, ConsensusError> {
        let mut out = Vec::new();
        let set = Arc::clone(&self.state.validator_set().set);
        let set = if let Input::StartHeight(_, next, ..) = &input { Arc::clone(&next.set) } else { set };
        let desk = Desk { chain: &self.chain, signer: &*self.signer, set: &set };
        let state = &mut self.state;
        let result: Result<(), Error<Chain>> = malachite_core::process!(
            input: input,
            state: state,
            metrics: &(),
            with: effect => desk.answer(effect, &mut out)
        );
        match result {
            Ok(()) => Ok(out),
            Err(_) => Err(ConsensusError::InvalidState("the third-party core refuses to go on")),
        }
    }
}

/// What answers the core while it handles an input.
struct Desk<'a> {
    chain: &'a ChainId,
    signer: &'a dyn Signer,
    set: &'a ValidatorSet,
}

impl Desk<'_> {
    fn answer(&self, effect: Effect<Chain>, out: &mut Vec<Output>) -> Result<Resume<Chain>, ConsensusError> {
        Ok(match effect {
            Effect::WalAppend(_, input, r) => {
                out.push(Output::Log(input));
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Vote(vote), r) => {
                out.push(Output::Vote(vote));
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal), r) => {
                out.push(Output::Proposal(proposal));
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                out.push(Output::Proof(vec![vote]));
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                out.push(Output::Proof(match message {
                    malachite_core::LivenessMsg::Vote(vote) => vec![vote],
                    malachite_core::LivenessMsg::PolkaCertificate(polka) => polka_votes(&polka),
                    malachite_core::LivenessMsg::SkipRoundCertificate(round) => round_votes(&round),
                }));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(round, r) => {
                out.push(Output::Proof(round_votes(&round)));
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                out.push(Output::Arm(timeout));
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                out.push(Output::Cancel(timeout));
                r.resume_with(())
            }
            Effect::CancelAllTimeouts(r) => {
                out.push(Output::CancelAll);
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                out.push(Output::GetValue(Height(height.0), from_round(round).unwrap_or_default()));
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                out.push(Output::Decide(certificate));
                r.resume_with(())
            }
            Effect::SignVote(vote, r) => {
                let signature = self.signer.sign(&self.vote_statement(&vote));
                r.resume_with(SignedVote::new(vote, signature))
            }
            Effect::SignProposal(proposal, r) => {
                let signature = self.signer.sign(&self.proposal_statement(&proposal));
                r.resume_with(SignedProposal::new(proposal, signature))
            }
            Effect::VerifySignature(signed, key, r) => {
                let SignedMessage { message, signature } = signed;
                let (number, statement) = match &message {
                    malachite_core::ConsensusMsg::Vote(vote) => (vote.voter, self.vote_statement(vote)),
                    malachite_core::ConsensusMsg::Proposal(proposal) => {
                        (proposal.proposer, self.proposal_statement(proposal))
                    }
                };
                let check = Check::of(self.set, number.0, &statement, &signature);
                let check = check.filter(|check| *check.key == key);
                r.resume_with(check.is_some_and(|check| Ed25519.verify(&[check]) == [true]))
            }
            Effect::VerifyCommitCertificate(certificate, set, _, r) => {
                let votes = commit_votes(&certificate);
                r.resume_with(self.check(&votes, &set.set, set.set.quorum_power()))
            }
            Effect::VerifyPolkaCertificate(certificate, set, _, r) => {
                r.resume_with(self.check(&polka_votes(&certificate), &set.set, set.set.quorum_power()))
            }
            Effect::VerifyRoundCertificate(certificate, set, _, r) => {
                r.resume_with(self.check(&round_votes(&certificate), &set.set, set.set.progress_power()))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, set, _, _, r) => {
                let votes = commit_votes(&certificate.trim_vote_extensions());
                r.resume_with(self.check(&votes, &set.set, set.set.quorum_power()))
            }
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => r.resume_with(Ok(())),
            // What the driver does of itself: the value goes with the proposal, decisions lead to the next height.
            Effect::StartRound(_, _, _, _, r)
            | Effect::RestreamProposal(_, _, _, _, _, r)
            | Effect::CertVerifiedSyncValue(_, _, r)
            | Effect::CertRejectedSyncValue(_, _, _, r)
            | Effect::Finalize(_, _, _, r) => r.resume_with(()),
        })
    }

    fn vote_statement(&self, vote: &MVote) -> Vec<u8> {
        let vote = from_vote(vote, [0; 64], self.set);
        Vote::statement(self.chain, vote.epoch, vote.height, vote.round, vote.kind, vote.digest)
    }

    fn proposal_statement(&self, proposal: &super::context::MProposal) -> Vec<u8> {
        let Proposal { epoch, height, round, valid_round, digest, .. } =
            proposal_of(proposal, [0; 64], self.set);
        Proposal::statement(self.chain, epoch, height, round, valid_round, digest)
    }

    fn check(
        &self,
        votes: &[SignedVote<Chain>],
        set: &ValidatorSet,
        needed: u64,
    ) -> Result<(), CertificateError<Chain>> {
        let mut signed = 0;
        for (place, vote) in votes.iter().enumerate() {
            let voter = vote.message.voter;
            if votes[..place].iter().any(|other| other.message.voter == voter) {
                return Err(CertificateError::DuplicateVote(voter));
            }
            let validator = set.validator(voter.0).ok_or(CertificateError::UnknownValidator(voter))?;
            let statement = self.vote_statement(&vote.message);
            let check = Check::of(set, voter.0, &statement, &vote.signature);
            if check.is_none_or(|check| Ed25519.verify(&[check]) != [true]) {
                return Err(CertificateError::VerificationError(None));
            }
            signed += validator.power;
        }
        if signed < needed {
            let total = set.total_power();
            return Err(CertificateError::NotEnoughVotingPower { signed, total, expected: needed });
        }
        Ok(())
    }
}

/// The signed part of a proposal as this crate has it.
pub(super) fn proposal_of(
    proposal: &super::context::MProposal,
    signature: crate::signature::Signature,
    set: &ValidatorSet,
) -> Proposal {
    Proposal {
        epoch: set.epoch(),
        height: Height(proposal.height.0),
        round: from_round(proposal.round).unwrap_or_default(),
        valid_round: from_round(proposal.valid_round),
        digest: malachite_types::Value::id(&proposal.value),
        validator: proposal.proposer.0,
        signature,
    }
}

pub(super) fn commit_votes(certificate: &MCommit<Chain>) -> Vec<SignedVote<Chain>> {
    let (height, round) = (certificate.height, certificate.round);
    let value = NilOrVal::Val(certificate.value_id);
    let vote = |voter| MVote { height, round, kind: VoteType::Precommit, value, voter };
    let votes = certificate.commit_signatures.iter();
    votes.map(|signed| SignedVote::new(vote(signed.address), signed.signature)).collect()
}

fn polka_votes(certificate: &MPolka<Chain>) -> Vec<SignedVote<Chain>> {
    let (height, round) = (certificate.height, certificate.round);
    let value = NilOrVal::Val(certificate.value_id);
    let vote = |voter| MVote { height, round, kind: VoteType::Prevote, value, voter };
    let votes = certificate.polka_signatures.iter();
    votes.map(|signed| SignedVote::new(vote(signed.address), signed.signature)).collect()
}

fn round_votes(certificate: &RoundCertificate<Chain>) -> Vec<SignedVote<Chain>> {
    let (height, round) = (certificate.height, certificate.round);
    let votes = certificate.round_signatures.iter();
    votes
        .map(|signed| {
            let (kind, value, voter) = (signed.vote_type, signed.value_id, signed.address);
            SignedVote::new(MVote { height, round, kind, value, voter }, signed.signature)
        })
        .collect()
}
