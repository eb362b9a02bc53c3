//! What answers are made from: the fold, the index, and what this store says of keys and namespaces.

use std::collections::BTreeSet;

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::merkle::Hash;

use crate::entry::{Entry, EntryId};
use crate::identity::AgentKey;
use crate::index::Index;
use crate::namespace::Namespace;
use crate::note::KIND_REMEMBER;
use crate::state::{Record, RecordKey, State};
use crate::trust::{LastAccepted, SignatureState, Trust};

/// What answers are made from.
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) index: Index,
    pub(crate) trust: Trust,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) own: Option<(AgentKey, String)>,
}

impl View {
    /// The record with this leaf that is shown, of those whose content is here: one that is not revoked, by an agent that
    /// is trusted, so that no stranger can put a copy before the original; then by key.
    pub(crate) fn find(&self, id: &EntryId) -> Option<RecordKey> {
        let lowest = (id.0, AgentKey::from_bytes([0; 32]));
        let highest = (id.0, AgentKey::from_bytes([255; 32]));
        self.state
            .records
            .range(lowest..=highest)
            .filter(|(_, record)| record.kind == KIND_REMEMBER)
            .min_by_key(|(key, record)| {
                (!record.held, self.state.is_revoked(record), !self.is_trusted(&key.1), key.1)
            })
            .map(|(key, _)| *key)
    }

    pub(crate) fn entry(&self, key: &RecordKey) -> Option<Entry> {
        let record = self.state.records.get(key).filter(|record| record.held)?;
        let group = record.group?;
        let (commit, index) = self.state.first_place(record);
        let mut note = self.state.groups[group as usize].note.clone();
        note.occurred_ms = record.occurred_ms;
        Some(Entry {
            id: EntryId(key.0),
            author: key.1,
            author_name: self.name_of(&key.1),
            namespace: record.namespace,
            time: self.state.time_of(record),
            note,
            superseded: self.state.is_marked(key),
            superseded_by: self.state.replacements(key).into_iter().map(EntryId).collect(),
            occasions: self.state.standing(group).map_or(1, |standing| standing.occasions),
            signature: self.signature_state(&key.1, record),
            writer: commit.writer,
            sequence: commit.first + u64::from(index),
        })
    }

    pub(crate) fn signature_state(&self, author: &AgentKey, record: &Record) -> SignatureState {
        let forked = |at: u32| self.state.fork(&self.state.commits[at as usize].writer).is_some();
        if self.state.is_revoked(record) {
            SignatureState::Revoked
        } else if record.places.iter().any(|(at, _)| forked(*at)) {
            SignatureState::Forked
        } else if self.is_trusted(author) {
            SignatureState::Trusted
        } else {
            SignatureState::UnknownSigner
        }
    }

    fn is_trusted(&self, author: &AgentKey) -> bool {
        self.own.as_ref().is_some_and(|(own, _)| own == author)
            || self.trust.of(author).is_some_and(|statement| statement.trusted)
    }

    fn name_of(&self, author: &AgentKey) -> Option<String> {
        let said = self.trust.of(author).and_then(|statement| statement.name.clone());
        said.or_else(|| self.own.as_ref().filter(|(own, _)| own == author).map(|(_, name)| name.clone()))
    }

    /// The last commit held of each incarnation of `key`, branches included.
    pub(crate) fn heads(&self, key: &AgentKey) -> Vec<LastAccepted> {
        let of_key = || self.state.commits.iter().filter(|commit| commit.writer.key == *key.as_bytes());
        let followed: BTreeSet<(WriterId, Hash)> =
            of_key().map(|commit| (commit.writer, commit.previous)).collect();
        let mut heads: Vec<LastAccepted> = of_key()
            .filter(|commit| !followed.contains(&(commit.writer, commit.hash)))
            .map(|commit| LastAccepted {
                incarnation: commit.writer.incarnation,
                sequence: commit.last,
                commit: commit.hash,
            })
            .collect();
        heads.sort();
        heads
    }
}
