//! Forgetting: content is erased, the signed skeleton stays.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crypto::merkle::Hash;

use crate::entry::EntryId;
use crate::error::MemoryError;
use crate::memory::{Memory, new_record};
use crate::namespace::NamespaceId;
use crate::note::{Forget, KIND_FORGET, MAX_TARGETS};

/// What forgetting did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Forgotten {
    /// Entries forgotten.
    pub entries: u64,
    /// Records whose content was erased from this store's files.
    pub erased: u64,
    /// Records another process holds; it erases them at its next call.
    pub pending: u64,
}

impl Memory {
    /// Forgets entries of this agent: their content is erased here at once, and from every store that merges
    /// this one when it does. The signed skeleton stays, so that everything still verifies.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::NotTheAuthor`]; then nothing is forgotten.
    pub fn forget(&self, ids: &[EntryId]) -> Result<Forgotten, MemoryError> {
        let author = self.identity().ok_or(MemoryError::NoIdentity)?.public_key();
        self.refresh()?;
        let mut targets: BTreeMap<NamespaceId, BTreeSet<Hash>> = BTreeMap::new();
        let mut entries = 0;
        {
            let view = self.view();
            for id in ids {
                let Some(record) = view.state.records.get(&(id.0, author)) else {
                    return Err(match view.find(id) {
                        Some(_) => MemoryError::NotTheAuthor,
                        None => MemoryError::NoSuchEntry,
                    });
                };
                let Some(group) = record.group.filter(|_| record.held) else {
                    return Err(MemoryError::NoSuchEntry);
                };
                // Every occasion, also superseded ones: none of the text may stay.
                let leaves = view.state.groups[group as usize].members.iter().copied();
                targets.entry(record.namespace).or_default().extend(leaves);
                entries += 1;
            }
        }
        let time = self.tick()?;
        let mut records = Vec::new();
        for (namespace, targets) in targets {
            for targets in targets.into_iter().collect::<Vec<_>>().chunks(MAX_TARGETS) {
                let forget = Forget { targets: targets.to_vec() };
                records.push(new_record(KIND_FORGET, namespace, time, forget.to_bytes()?)?);
            }
        }
        if records.is_empty() {
            return Ok(Forgotten::default());
        }
        self.append(records)?;
        let (erased, pending) = self.refresh_and_erase()?;
        Ok(Forgotten { entries, erased, pending })
    }
}
