//! What the records of a generation add up to, the same when they are appended and when they are read back.

use std::collections::BTreeMap;

use super::Begin;
use super::journal::Place;
use crate::checkpoint::CheckpointVote;
use crate::consensus::Origin;
use crate::id::{Height, Round};
use crate::record::LogRecord;
use crate::validator::ValidatorSet;
use crate::value::Digest;

pub(super) struct Contents {
    /// As the generation began, but for the parts below.
    pub(super) begin: Begin,
    /// The height after the last one executed, and the sets from there on.
    pub(super) origin: Origin,
    /// The last checkpoint vote.
    pub(super) vote: Option<CheckpointVote>,
    /// The records from that height on.
    pub(super) open: Vec<LogRecord>,
    /// Inputs of another core from that height on.
    pub(super) inputs: Vec<(Height, Vec<u8>)>,
    /// Where each decision's value and certificate are.
    pub(super) decisions: BTreeMap<Height, (Place, Place)>,
    /// Where the values of open heights are.
    values: BTreeMap<(Height, Digest), Place>,
    /// What was signed at open heights.
    signed: BTreeMap<Signed, Option<Digest>>,
}

/// Height, round and kind: the three that no member signs twice.
type Signed = (Height, Round, u8);

impl Contents {
    pub(super) fn new(begin: Begin) -> Self {
        Self {
            origin: begin.origin.clone(),
            vote: begin.vote,
            begin,
            open: Vec::new(),
            inputs: Vec::new(),
            decisions: BTreeMap::new(),
            values: BTreeMap::new(),
            signed: BTreeMap::new(),
        }
    }

    /// Whether records may follow what there is: none contradicts what was signed.
    pub(super) fn check(&self, records: &[LogRecord]) -> Result<(), &'static str> {
        let mut signed = BTreeMap::new();
        for (key, digest) in records.iter().filter_map(signed_by) {
            let earlier = self.signed.get(&key).copied().or_else(|| signed.insert(key, digest));
            if earlier.is_some_and(|earlier| earlier != digest) {
                return Err(CONTRADICTION);
            }
        }
        Ok(())
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, record: LogRecord, place: Place) -> Result<(), &'static str> {
        let height = record.height();
        if let Some((key, digest)) = signed_by(&record)
            && self.signed.insert(key, digest).is_some_and(|earlier| earlier != digest)
        {
            return Err(CONTRADICTION);
        }
        match &record {
            LogRecord::Value { bytes, .. } => {
                self.values.insert((height, Digest::of(bytes)), place);
            }
            LogRecord::Decided(certificate) => {
                let value = self.values.get(&(height, certificate.digest()));
                let value = value.ok_or("a decision without its value")?.clone();
                self.decisions.insert(height, (value, place));
            }
            LogRecord::Executed { validators, .. } => {
                if height != self.origin.height {
                    return Err("an execution does not follow the one before it");
                }
                if let Some(validators) = validators {
                    let last = self.origin.upcoming.last().map_or(&self.origin.validators, |(_, set)| set);
                    let set = ValidatorSet::new(last.epoch().next(), validators.clone())
                        .map_err(|_| "a change to no set of validators")?;
                    self.origin.upcoming.push((height.plus(self.begin.window), set));
                }
                self.execute(height);
                return Ok(());
            }
            _ => {}
        }
        if height >= self.origin.height {
            self.open.push(record);
        }
        Ok(())
    }

    /// Takes an input of another core.
    pub(super) fn take_input(&mut self, input: (Height, Vec<u8>)) {
        if input.0 >= self.origin.height {
            self.inputs.push(input);
        }
    }

    fn execute(&mut self, height: Height) {
        let next = height.next();
        self.origin.height = next;
        while self.origin.upcoming.first().is_some_and(|(from, _)| *from <= next) {
            self.origin.validators = self.origin.upcoming.remove(0).1;
        }
        self.open.retain(|record| record.height() >= next);
        self.inputs.retain(|(open, _)| *open >= next);
        self.values.retain(|(open, _), _| *open >= next);
        self.signed.retain(|(open, ..), _| *open >= next);
    }
}

const CONTRADICTION: &str = "contradicts what was signed before";

/// What a record says was signed: proposals have kind 0, votes their own.
fn signed_by(record: &LogRecord) -> Option<(Signed, Option<Digest>)> {
    match record {
        LogRecord::Proposed { proposal, .. } => {
            Some(((proposal.height, proposal.round, 0), Some(proposal.digest)))
        }
        LogRecord::Voted(vote) => Some(((vote.height, vote.round, vote.kind as u8), vote.digest)),
        _ => None,
    }
}
