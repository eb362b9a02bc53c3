//! The parts that messages and log records of this engine are made of (`docs/encodings/raft.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openraft::{CommittedLeaderId, EmptyNode, EntryPayload, LeaderId};

use super::types::{LogEntry, LogId, Member, Membership, StoredMembership, Submission, Turn, Vote};
use crate::error::ConsensusError;
use crate::validator::MAX_VALIDATORS;
use crate::value::MAX_VALUE_BYTES;
use crate::wire::{Reader, put_bytes, put_option, put_u16, put_u64};

/// Terms and places in the log stay below this, so that none overflows when it is counted on.
const MAX_NUMBER: u64 = 1 << 60;
/// Most sets of voters of a membership: two while it changes.
const MAX_CONFIGS: usize = 2;

const BLANK: u8 = 0;
const SUBMISSION: u8 = 1;
const MEMBERSHIP: u8 = 2;

pub(super) fn put_member(member: Member, out: &mut Vec<u8>) {
    out.extend_from_slice(&member.0);
}

pub(super) fn read_member(reader: &mut Reader<'_>) -> Result<Member, ConsensusError> {
    Ok(Member(reader.array()?))
}

pub(super) fn put_log_id(log_id: &LogId, out: &mut Vec<u8>) {
    put_u64(log_id.leader_id.term, out);
    put_member(log_id.leader_id.node_id, out);
    put_u64(log_id.index, out);
}

pub(super) fn read_log_id(reader: &mut Reader<'_>) -> Result<LogId, ConsensusError> {
    let (term, member, index) = (read_number(reader)?, read_member(reader)?, read_number(reader)?);
    Ok(LogId::new(CommittedLeaderId::new(term, member), index))
}

pub(super) fn put_vote(vote: &Vote, out: &mut Vec<u8>) {
    put_u64(vote.leader_id.term, out);
    put_member(vote.leader_id.node_id, out);
    out.push(u8::from(vote.committed));
}

pub(super) fn read_vote(reader: &mut Reader<'_>) -> Result<Vote, ConsensusError> {
    let (term, member) = (read_number(reader)?, read_member(reader)?);
    Ok(Vote { leader_id: LeaderId::new(term, member), committed: reader.flag()? })
}

pub(super) fn put_turn(turn: Turn, out: &mut Vec<u8>) {
    put_u64(turn.life, out);
    put_u64(turn.number, out);
}

pub(super) fn read_turn(reader: &mut Reader<'_>) -> Result<Turn, ConsensusError> {
    Ok(Turn { life: read_number(reader)?, number: read_number(reader)? })
}

pub(super) fn put_entry(entry: &LogEntry, out: &mut Vec<u8>) {
    put_log_id(&entry.log_id, out);
    match &entry.payload {
        EntryPayload::Blank => out.push(BLANK),
        EntryPayload::Normal(Submission { origin, turn, value }) => {
            out.push(SUBMISSION);
            put_member(*origin, out);
            put_turn(*turn, out);
            put_bytes(value, out);
        }
        EntryPayload::Membership(membership) => {
            out.push(MEMBERSHIP);
            put_membership(membership, out);
        }
    }
}

pub(super) fn read_entry(reader: &mut Reader<'_>) -> Result<LogEntry, ConsensusError> {
    let log_id = read_log_id(reader)?;
    let payload = match reader.u8()? {
        BLANK => EntryPayload::Blank,
        SUBMISSION => {
            let (origin, turn) = (read_member(reader)?, read_turn(reader)?);
            let value: Arc<[u8]> = reader.bytes(MAX_VALUE_BYTES)?.into();
            if value.is_empty() {
                return Err(reader.fault());
            }
            EntryPayload::Normal(Submission { origin, turn, value })
        }
        MEMBERSHIP => EntryPayload::Membership(read_membership(reader)?),
        _ => return Err(reader.fault()),
    };
    Ok(LogEntry { log_id, payload })
}

pub(super) fn put_stored_membership(stored: &StoredMembership, out: &mut Vec<u8>) {
    put_option(stored.log_id().as_ref(), out, put_log_id);
    put_membership(stored.membership(), out);
}

pub(super) fn read_stored_membership(reader: &mut Reader<'_>) -> Result<StoredMembership, ConsensusError> {
    let log_id = reader.option(read_log_id)?;
    Ok(StoredMembership::new(log_id, read_membership(reader)?))
}

fn put_membership(membership: &Membership, out: &mut Vec<u8>) {
    let configs = membership.get_joint_config();
    out.push(u8::try_from(configs.len()).unwrap_or(u8::MAX));
    configs.iter().for_each(|config| put_members(config.iter(), config.len(), out));
    put_members(membership.nodes().map(|(member, _)| member), membership.nodes().count(), out);
}

/// Each voter is among the nodes: a membership has one encoding.
fn read_membership(reader: &mut Reader<'_>) -> Result<Membership, ConsensusError> {
    let count = usize::from(reader.u8()?);
    if count > MAX_CONFIGS {
        return Err(reader.fault());
    }
    let configs = (0..count).map(|_| read_members(reader)).collect::<Result<Vec<_>, _>>()?;
    let nodes = read_members(reader)?;
    if configs.iter().any(|config| config.is_empty() || !config.is_subset(&nodes)) {
        return Err(reader.fault());
    }
    let nodes: BTreeMap<_, _> = nodes.into_iter().map(|member| (member, EmptyNode {})).collect();
    Ok(Membership::new(configs, nodes))
}

fn put_members<'a>(members: impl Iterator<Item = &'a Member>, count: usize, out: &mut Vec<u8>) {
    put_u16(u16::try_from(count).unwrap_or(u16::MAX), out);
    members.for_each(|member| put_member(*member, out));
}

/// In ascending order, each once.
fn read_members(reader: &mut Reader<'_>) -> Result<BTreeSet<Member>, ConsensusError> {
    let count = usize::from(reader.u16()?);
    // Two sets while one replaces the other.
    if count > 2 * MAX_VALIDATORS {
        return Err(reader.fault());
    }
    let mut members = BTreeSet::new();
    for _ in 0..count {
        let member = read_member(reader)?;
        if members.last().is_some_and(|last| *last >= member) {
            return Err(reader.fault());
        }
        members.insert(member);
    }
    Ok(members)
}

fn read_number(reader: &mut Reader<'_>) -> Result<u64, ConsensusError> {
    let number = reader.u64()?;
    if number < MAX_NUMBER { Ok(number) } else { Err(reader.fault()) }
}
