//! Merging another store into this one: learning the commits it has and this one lacks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use chrysalis_crdt::Stamp;
use chrysalis_crdt::hlc::DEFAULT_MAX_DRIFT_MS;
use chrysalis_crypto::commit::{CommitHeader, RecordHeader};
use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::{Damage, Disk, FileDisk, ImportOptions, ImportProgress, Options, Refusal, Store};

use crate::error::MemoryError;
use crate::local;
use crate::memory::Memory;
use crate::namespace::{self, Namespace};
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
    /// Where journals of the other store are damaged or cannot be read: what lies behind did not come over.
    pub damage: Vec<Damage>,
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
    /// come. Where the other store is damaged or cannot be read, its journal ends and the report says so. `progress` may stop the merge between batches; what was taken in by then stays.
    ///
    /// # Errors
    /// [`MemoryError::SameStore`], [`MemoryError::Cancelled`], [`MemoryError::Journal`]; also when what was taken in
    /// forgets something that cannot be erased here.
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
        let names = Names::read(&*disk)?;
        let forks_before: Vec<Fork> = self.forks()?;
        let latest = self.now_ms().saturating_add(DEFAULT_MAX_DRIFT_MS);
        let withheld_before = self.view().state.withheld();
        let report = self.store().import_from(
            &source,
            &ImportOptions {
                withhold: Some(&|header: &RecordHeader| names.is_private(header.namespace)),
                admit: Some(&|header: &CommitHeader| Stamp::from_bits(header.time).ms() <= latest),
            },
            progress,
        )?;
        namespace::adopt(&**self.disk(), &names.into_list()?)?;
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
            damage: report.damage,
            forks,
            digest,
        })
    }
}

/// The namespaces of a store that others may be writing to while it is merged.
struct Names<'a> {
    disk: &'a dyn Disk,
    read: RefCell<Result<Read, MemoryError>>,
}

struct Read {
    version: local::Version,
    list: Vec<Namespace>,
    private: BTreeSet<[u8; 16]>,
    /// Not private, in this version or because nobody there named them.
    shared: BTreeSet<[u8; 16]>,
}

impl<'a> Names<'a> {
    fn read(disk: &'a dyn Disk) -> Result<Self, MemoryError> {
        Ok(Self { disk, read: RefCell::new(Ok(Read::new(disk)?)) })
    }

    /// A namespace is named before anything is written to it. So one without a name was either named after the list was
    /// read, or comes from a third store and is no secret of this one. Everything is, once the list cannot be read.
    fn is_private(&self, namespace: [u8; 16]) -> bool {
        let mut read = self.read.borrow_mut();
        let Ok(known) = &mut *read else { return true };
        if known.private.contains(&namespace) {
            return true;
        }
        if !known.shared.contains(&namespace) {
            match known.renewed(self.disk) {
                Ok(None) => {}
                Ok(Some(newer)) => *known = newer,
                Err(error) => {
                    *read = Err(error);
                    return true;
                }
            }
            if known.private.contains(&namespace) {
                return true;
            }
            known.shared.insert(namespace);
        }
        false
    }

    fn into_list(self) -> Result<Vec<Namespace>, MemoryError> {
        Ok(self.read.into_inner()?.list)
    }
}

impl Read {
    fn new(disk: &dyn Disk) -> Result<Self, MemoryError> {
        let version = local::version(disk, namespace::FILE)?;
        let list = namespace::list(disk)?;
        let ids = |private: bool| {
            list.iter().filter(|name| name.private == private).map(|name| *name.id.as_bytes()).collect()
        };
        let (private, shared) = (ids(true), ids(false));
        Ok(Self { version, list, private, shared })
    }

    /// What is to be read by now, unless it is the same.
    fn renewed(&self, disk: &dyn Disk) -> Result<Option<Self>, MemoryError> {
        let is_same = local::version(disk, namespace::FILE)? == self.version;
        if is_same { Ok(None) } else { Self::new(disk).map(Some) }
    }
}
