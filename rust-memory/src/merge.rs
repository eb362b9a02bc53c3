//! Merging another store into this one: learning the commits it has and this one lacks.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use chrysalis_crdt::Stamp;
use chrysalis_crdt::hlc::DEFAULT_MAX_DRIFT_MS;
use chrysalis_crypto::commit::{CommitHeader, RecordHeader};
use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::{Disk, FileDisk, ImportOptions, ImportProgress, Options, Refusal, Store};

use crate::error::MemoryError;
use crate::memory::Memory;
use crate::namespace;
use crate::state::Fork;

/// What a merge did.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Commits that are new here.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Records of which only the leaf came over, because they are private there.
    pub withheld: u64,
    /// Number of commits that were not admitted.
    pub refused: u64,
    /// The first of them, and why.
    pub refusals: Vec<Refusal>,
    /// Writers whose forks became known by this merge.
    pub forks: Vec<Fork>,
    /// The digest afterwards.
    pub digest: Hash,
}

impl Memory {
    /// Merges the store in directory `path` into this one. The other store is only read.
    ///
    /// Afterwards this store holds every commit of both; which is merged into which, and in what order, makes
    /// no difference to the digest or to any answer. Commits that do not verify are refused one by one and
    /// reported, as are commits more than a minute ahead of this clock, which can be merged when their time has
    /// come. `progress` may stop the merge between batches; what was taken in by then stays.
    ///
    /// # Errors
    /// [`MemoryError::SameStore`], [`MemoryError::Cancelled`], [`MemoryError::Journal`].
    pub fn merge(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<Merged, MemoryError> {
        let canonical = |path: &Path| path.canonicalize().map_err(MemoryError::io(path));
        if let Some(own) = self.path()
            && canonical(own)? == canonical(path)?
        {
            return Err(MemoryError::SameStore);
        }
        self.merge_disk(Arc::new(FileDisk::new(path)), progress)
    }

    /// [`merge`](Self::merge) from any disk.
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub fn merge_disk(
        &self,
        disk: Arc<dyn Disk>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<Merged, MemoryError> {
        let source = Store::open(disk.clone(), Options { read_only: true, ..Options::default() })?;
        let names = namespace::list(&*disk)?;
        let private: BTreeSet<[u8; 16]> =
            names.iter().filter(|name| name.private).map(|name| *name.id.as_bytes()).collect();
        let forks_before: Vec<Fork> = self.forks()?;
        let latest = self.now_ms().saturating_add(DEFAULT_MAX_DRIFT_MS);
        let withheld_before = self.view().state.withheld();
        let report = self.store().import_from(
            &source,
            &ImportOptions {
                withhold: Some(&|header: &RecordHeader| private.contains(&header.namespace)),
                admit: Some(&|header: &CommitHeader| Stamp::from_bits(header.time).ms() <= latest),
            },
            progress,
        )?;
        namespace::adopt(&**self.disk(), &names)?;
        if report.is_stopped {
            return Err(MemoryError::Cancelled);
        }
        self.refresh_and_erase()?;
        let digest = self.digest()?;
        let forks = self.forks()?.into_iter().filter(|fork| !forks_before.contains(fork)).collect();
        Ok(Merged {
            commits: report.commits,
            records: report.records,
            withheld: self.view().state.withheld() - withheld_before,
            refused: report.refused,
            refusals: report.refusals,
            forks,
            digest,
        })
    }
}
