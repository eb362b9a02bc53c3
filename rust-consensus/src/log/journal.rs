//! One generation of a log on the disk: a directory of its own, with a store that has one journal.

use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::commit::WriterId;
use chrysalis_journal::{
    Commit, Cursor, Disk, JournalError, NewRecord, Options, Position, Store, StoredRecord, verify,
};

use super::Head;
use super::directory::Directory;
use super::files::{damaged, directory_name, failed, fault};
use crate::error::ConsensusError;
use crate::id::ChainId;

/// Where a record is: its commit, and its place in that.
pub(crate) type Place = (Position, usize);

/// Takes a record's kind, content and place, or says what does not hold.
pub(crate) type Take<'a> = dyn FnMut(u16, &[u8], Place) -> Result<(), &'static str> + 'a;

pub(crate) struct Journal {
    number: u64,
    store: Store,
    writer: WriterId,
}

impl Journal {
    /// Writes a new generation with its first records, all of it durable, that does not count yet. Gives where they are.
    pub(crate) fn begin(
        disk: &Arc<dyn Disk>,
        number: u64,
        segment_bytes: u64,
        records: Vec<NewRecord>,
    ) -> Result<(Self, Position), ConsensusError> {
        let name = directory_name(number);
        let inner: Arc<dyn Disk> = Arc::new(Directory::new(Arc::clone(disk), &name));
        inner.create_dir_all("").map_err(|error| failed("create", &name, &error))?;
        let store = Store::open(inner, options(segment_bytes, true))?;
        let receipt = store.append(records)?;
        Ok((Self { number, store, writer: receipt.writer }, receipt.position))
    }

    /// Opens a generation that counts or did, and reads all of it.
    pub(crate) fn open(
        disk: &Arc<dyn Disk>,
        chain: &ChainId,
        number: u64,
        segment_bytes: u64,
        take: &mut Take<'_>,
    ) -> Result<Self, ConsensusError> {
        let name = directory_name(number);
        let inner: Arc<dyn Disk> = Arc::new(Directory::new(Arc::clone(disk), &name));
        // Before anything is repaired: what is damaged stays as it is.
        let report = match verify(&*inner, &mut |_| ControlFlow::Continue(())) {
            Err(JournalError::NotAStore { reason }) => return Err(damaged(&name, 0, reason)),
            other => other.map_err(|error| fault(number, error))?,
        };
        if let Some(finding) = report.findings.first() {
            return Err(damaged(&format!("{name}/{}", finding.file), finding.offset, finding.problem));
        }
        let store =
            Store::open(inner, options(segment_bytes, false)).map_err(|error| fault(number, error))?;
        let own = store.own_writers().map_err(|error| fault(number, error))?;
        if own.len() != 1 || own[0].closed.is_some() {
            return Err(damaged(&name, 0, "not exactly one journal"));
        }
        let journal = Self { number, writer: own[0].writer, store };
        journal.read_all(chain, take)?;
        Ok(journal)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Appends records as one unit and returns when they are on the medium; gives the place of the first.
    pub(crate) fn append(&self, records: Vec<NewRecord>) -> Result<Place, ConsensusError> {
        let receipt = self.store.append(records)?;
        if receipt.writer != self.writer {
            // The journal was found damaged meanwhile, and the store went on in another.
            return Err(self.damaged("the journal was replaced"));
        }
        Ok((receipt.position, usize::try_from(receipt.index).unwrap_or(usize::MAX)))
    }

    /// Reads a record's content again.
    pub(crate) fn read(&self, place: &Place) -> Result<Vec<u8>, ConsensusError> {
        self.content(self.commit(&place.0)?, place.1)
    }

    /// Reads a commit again.
    pub(crate) fn commit(&self, position: &Position) -> Result<Commit, ConsensusError> {
        self.store.read(position).map_err(|error| fault(self.number, error))
    }

    /// That this generation is not what was written.
    pub(crate) fn damaged(&self, problem: &'static str) -> ConsensusError {
        damaged(&directory_name(self.number), 0, problem)
    }

    /// Closes it, so that the next one to open it has nothing to recover.
    pub(crate) fn close(self) -> Result<(), ConsensusError> {
        Ok(self.store.close()?)
    }

    fn content(&self, commit: Commit, index: usize) -> Result<Vec<u8>, ConsensusError> {
        match commit.records.into_iter().nth(index) {
            Some(StoredRecord::Full { content, .. }) => Ok(content),
            _ => Err(self.damaged("a record has no content")),
        }
    }

    fn read_all(&self, chain: &ChainId, take: &mut Take<'_>) -> Result<(), ConsensusError> {
        let number = self.number;
        let namespace = record(chain, 0, Vec::new()).namespace;
        let mut cursor = Cursor::default();
        let mut count = 0;
        loop {
            let commits =
                self.store.poll_some(&mut cursor, POLL_BYTES).map_err(|error| fault(number, error))?;
            if let Some(damage) = self.store.damage().into_iter().next() {
                return Err(fault(number, damage.error));
            }
            if commits.is_empty() {
                return Ok(());
            }
            for commit in commits {
                for (index, stored) in commit.records.into_iter().enumerate() {
                    let place = (commit.position.clone(), index);
                    let taken = match stored {
                        StoredRecord::Full { header, .. } if header.namespace != namespace => {
                            Err("is of another chain")
                        }
                        StoredRecord::Full { header, content, .. } => take(header.kind, &content, place),
                        _ => Err("has no content"),
                    };
                    taken.map_err(|problem| ConsensusError::InvalidLog { record: count, problem })?;
                    count += 1;
                }
            }
        }
    }
}

/// A record of a chain's log.
pub(crate) fn record(chain: &ChainId, kind: u16, content: Vec<u8>) -> NewRecord {
    let mut namespace = [0; 16];
    namespace.copy_from_slice(&Head::chain_digest(chain)[..16]);
    // What members say is no secret, and nothing of a log is ever erased: the salt has nothing to hide.
    NewRecord { kind, namespace, key_epoch: 0, time: 0, context: Vec::new(), salt: [0; 16], content }
}

/// How much of a journal is read at once.
const POLL_BYTES: u64 = 4 << 20;

fn options(segment_bytes: u64, create: bool) -> Options {
    // Unsigned: nobody imports a log, and a signature for every vote would double their cost.
    Options { signer: None, host: [0; 16], create, read_only: false, segment_bytes }
}
