//! Looking at what is held: entries, proofs, digests, counts.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::hex;
use chrysalis_crypto::merkle::Hash;

use crate::entry::{Entry, EntryId};
use crate::error::MemoryError;
use crate::identity::AgentKey;
use crate::memory::Memory;
use crate::namespace::NamespaceId;
use crate::note::KIND_REMEMBER;
use crate::state::{Fork, GroupRef, State};

/// Counts of what a memory holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Live entries.
    pub entries: u64,
    /// Records of every kind and state.
    pub records: u64,
    /// Records here as leaves only, because they were not shared with this store.
    pub withheld: u64,
    /// Commits.
    pub commits: u64,
    /// Writer journals, one for each incarnation of each agent.
    pub writers: u64,
    /// Live entries by author.
    pub authors: BTreeMap<AgentKey, u64>,
}

impl Memory {
    /// The entry with this id, whoever wrote it; superseded ones included.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::ContentAbsent`].
    pub fn entry(&self, id: &EntryId) -> Result<Entry, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let key = view.find(id).ok_or(MemoryError::NoSuchEntry)?;
        view.entry(&key).ok_or(MemoryError::ContentAbsent)
    }

    /// The one entry whose id starts with `prefix`, at least four hexadecimal digits.
    ///
    /// # Errors
    /// [`MemoryError::InvalidEntryId`], [`MemoryError::NoSuchEntry`], [`MemoryError::AmbiguousEntry`].
    pub fn resolve(&self, prefix: &str) -> Result<EntryId, MemoryError> {
        let prefix = prefix.to_ascii_lowercase();
        if !(4..=64).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MemoryError::InvalidEntryId);
        }
        self.refresh()?;
        let lowest =
            hex::decode_array::<32>(&format!("{prefix:0<64}")).map_err(|_| MemoryError::InvalidEntryId)?;
        let view = self.view();
        let matches: BTreeSet<Hash> = view
            .state
            .records
            .range((lowest, AgentKey::from_bytes([0; 32]))..)
            .take_while(|((leaf, _), _)| hex::encode(leaf).starts_with(&prefix))
            .filter(|(_, record)| record.kind == KIND_REMEMBER)
            .map(|((leaf, _), _)| *leaf)
            .collect();
        match (matches.len(), matches.first()) {
            (1, Some(leaf)) => Ok(EntryId(*leaf)),
            (0, _) => Err(MemoryError::NoSuchEntry),
            (matches, _) => Err(MemoryError::AmbiguousEntry { matches }),
        }
    }

    /// A proof of one entry that can be checked offline with `chrysalis_crypto::proof::verify` alone.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::ContentAbsent`].
    pub fn proof(&self, id: &EntryId) -> Result<Vec<u8>, MemoryError> {
        self.refresh()?;
        let (position, index) = {
            let view = self.view();
            let key = view.find(id).ok_or(MemoryError::NoSuchEntry)?;
            let record = &view.state.records[&key];
            if !record.held {
                return Err(MemoryError::ContentAbsent);
            }
            let (commit, index) = view.state.first_place(record);
            (commit.position.clone(), index)
        };
        let proof = self.store().read(&position)?.prove(index as usize)?;
        Ok(proof.to_bytes()?)
    }

    /// One digest over all commits here: equal commits give equal digests, in any order, on any machine, whatever
    /// content was withheld from or erased by either. What the commits say is a function of them, see
    /// [`namespace_digests`](Self::namespace_digests).
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn digest(&self) -> Result<Hash, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let mut hasher = blake3::Hasher::new_derive_key("chrysalis 2026-11-20 memory state v1");
        let mut commits: Vec<Hash> = view.state.commits.iter().map(|commit| commit.hash).collect();
        commits.sort_unstable();
        for commit in &commits {
            hasher.update(commit);
        }
        hasher.update(&(commits.len() as u64).to_le_bytes());
        Ok(*hasher.finalize().as_bytes())
    }

    /// The digest of each namespace: its records and which of them are live. Equal commits give equal digests where
    /// nothing of the namespace was withheld; a withheld record is part of no namespace, for its header is not here.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn namespace_digests(&self) -> Result<BTreeMap<NamespaceId, Hash>, MemoryError> {
        self.refresh()?;
        Ok(namespace_digests(&self.view().state))
    }

    /// What is held here.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn stats(&self) -> Result<Stats, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let state = &view.state;
        let writers: BTreeSet<WriterId> = state.commits.iter().map(|commit| commit.writer).collect();
        let mut stats = Stats {
            records: state.records.len() as u64,
            withheld: state.withheld(),
            commits: state.commits.len() as u64,
            writers: writers.len() as u64,
            ..Stats::default()
        };
        for group in 0..GroupRef::try_from(state.groups.len()).unwrap_or(GroupRef::MAX) {
            if state.standing(group).is_some() {
                stats.entries += 1;
                *stats.authors.entry(state.groups[group as usize].author).or_default() += 1;
            }
        }
        Ok(stats)
    }

    /// Writers that signed two different commits for one place, with the evidence.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn forks(&self) -> Result<Vec<Fork>, MemoryError> {
        self.refresh()?;
        Ok(self.view().state.forks().collect())
    }
}

fn namespace_digests(state: &State) -> BTreeMap<NamespaceId, Hash> {
    let digest = |bytes: Vec<u8>| {
        *blake3::Hasher::new_derive_key("chrysalis 2026-11-20 memory namespace v1")
            .update(&bytes)
            .finalize()
            .as_bytes()
    };
    state.canonical().into_iter().map(|(namespace, bytes)| (namespace, digest(bytes))).collect()
}
