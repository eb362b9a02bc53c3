//! What a member knows beside its application: how far the log is executed, who is a member, and which submissions were
//! executed. A function of the log, the same on all members.

use std::collections::BTreeMap;
use std::sync::Arc;

use openraft::{EntryPayload, SnapshotMeta};

use super::types::{LogEntry, LogId, Member, StoredMembership, Submission, Turn};
use super::wire::{
    put_log_id, put_member, put_stored_membership, put_turn, read_log_id, read_member,
    read_stored_membership, read_turn,
};
use crate::checkpoint::MAX_SET_BYTES;
use crate::error::ConsensusError;
use crate::id::Height;
use crate::validator::{MAX_VALIDATORS, Validator, ValidatorSet};
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u16};

const SNAPSHOT: u8 = 0x88;

/// The height of an entry: heights begin at 1.
pub(super) fn height_of(index: u64) -> Height {
    Height(index + 1)
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machine {
    /// The last entry executed.
    pub(super) applied: Option<LogId>,
    /// The members as of that entry, as the library sees them.
    pub(super) membership: StoredMembership,
    /// The members as of that entry, as the application wants them.
    pub(super) set: ValidatorSet,
    /// The last submission executed of each member.
    sessions: BTreeMap<Member, Turn>,
}

impl Machine {
    pub(super) fn new(set: ValidatorSet) -> Self {
        Self { applied: None, membership: StoredMembership::default(), set, sessions: BTreeMap::new() }
    }

    /// The height after which this is the state, 0 for none.
    pub(super) fn height(&self) -> Height {
        self.applied.map_or(Height(0), |applied| height_of(applied.index))
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.set.validators().iter().map(|validator| Member(validator.key))
    }

    /// The last submission of a member that was executed.
    pub(super) fn session(&self, member: Member) -> Turn {
        self.sessions.get(&member).copied().unwrap_or_default()
    }

    /// The value that an entry stands for when it is the next one: nothing for one that was executed before, or whose
    /// member is none any more.
    pub(super) fn value<'a>(&self, entry: &'a LogEntry) -> Option<&'a Arc<[u8]>> {
        match &entry.payload {
            EntryPayload::Normal(Submission { origin, turn, value })
                if *turn > self.session(*origin) && self.set.number_of(&origin.0).is_some() =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// Goes on to the next entry.
    pub(super) fn advance(&mut self, entry: &LogEntry, change: Option<ValidatorSet>) {
        match &entry.payload {
            EntryPayload::Normal(Submission { origin, turn, .. }) if self.value(entry).is_some() => {
                self.sessions.insert(*origin, *turn);
            }
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
            }
            _ => {}
        }
        if let Some(set) = change {
            self.set = set;
            // Whoever comes back comes back in a later epoch, in which nothing of an earlier one is submitted.
            let set = &self.set;
            self.sessions.retain(|member, _| set.number_of(&member.0).is_some());
        }
        self.applied = Some(entry.log_id);
    }

    /// The set that the application's answer makes the next one.
    pub(super) fn next_set(&self, validators: Vec<Validator>) -> Result<ValidatorSet, ConsensusError> {
        let set = ValidatorSet::new(self.set.epoch().next(), validators)?;
        check_equal_power(&set)?;
        Ok(set)
    }

    /// What the library is told about a snapshot of this state.
    pub(super) fn meta(&self) -> SnapshotMeta<Member, openraft::EmptyNode> {
        let snapshot_id = self.applied.map_or_else(|| "none".to_owned(), |applied| applied.to_string());
        SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone(), snapshot_id }
    }

    /// A snapshot: this, and the application's state.
    pub(super) fn snapshot(&self, state: &[u8]) -> Arc<[u8]> {
        let mut out = vec![VERSION, SNAPSHOT];
        self.put(&mut out);
        out.extend_from_slice(state);
        out.into()
    }

    /// Takes a snapshot apart.
    pub(super) fn from_snapshot(bytes: &[u8]) -> Result<(Self, &[u8]), ConsensusError> {
        let mut reader = Reader::new("snapshot", bytes);
        reader.begin(SNAPSHOT)?;
        let machine = Self::read(&mut reader)?;
        let state = reader.take(reader.rest())?;
        Ok((machine, state))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_option(self.applied.as_ref(), out, put_log_id);
        put_stored_membership(&self.membership, out);
        put_bytes(&self.set.to_bytes(), out);
        put_u16(u16::try_from(self.sessions.len()).unwrap_or(u16::MAX), out);
        for (member, turn) in &self.sessions {
            put_member(*member, out);
            put_turn(*turn, out);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let applied = reader.option(read_log_id)?;
        let membership = read_stored_membership(reader)?;
        let set = ValidatorSet::from_bytes(reader.bytes(MAX_SET_BYTES)?)?;
        let count = usize::from(reader.u16()?);
        if count > MAX_VALIDATORS {
            return Err(reader.fault());
        }
        let mut sessions = BTreeMap::new();
        for _ in 0..count {
            let (member, turn) = (read_member(reader)?, read_turn(reader)?);
            let follows = sessions.last_key_value().is_none_or(|(last, _)| *last < member);
            if !follows || set.number_of(&member.0).is_none() {
                return Err(reader.fault());
            }
            sessions.insert(member, turn);
        }
        Ok(Self { applied, membership, set, sessions })
    }
}

/// A majority is one of members: whoever is to weigh more cannot be given that here.
pub(super) fn check_equal_power(set: &ValidatorSet) -> Result<(), ConsensusError> {
    let mut powers = set.validators().iter().map(|validator| validator.power);
    let first = powers.next();
    if powers.all(|power| Some(power) == first) {
        Ok(())
    } else {
        Err(ConsensusError::InvalidValidatorSet("powers differ, and majorities are counted in members"))
    }
}
