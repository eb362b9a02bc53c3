//! Group commit: callers hand over records and wait; one of them writes for all that came meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::commit::{CommitHeader, WriterId};
use chrysalis_crypto::merkle::{self, Hash, MAX_LEAVES};
use chrysalis_crypto::random;

use crate::appender::{Appender, SealedCommit, Taken};
use crate::block::{MAX_RECORDS_LENGTH, encode_record};
use crate::error::JournalError;
use crate::local;
use crate::name::{JournalName, WRITERS};
use crate::record::{NewRecord, Position, StoredRecord};
use crate::recovery::Rule;
use crate::store::{Store, lock};
use crate::text::Closed;

/// Where appended records are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Whose journal they are in.
    pub writer: WriterId,
    /// Sequence number of the first of them; the others follow.
    pub first: u64,
    /// Their identities, in order.
    pub leaves: Vec<Hash>,
    /// The hash of their commit, which may hold other callers' records too.
    pub commit: Hash,
    /// Where the commit is.
    pub position: Position,
    /// Index of the first of them in the commit.
    pub index: u32,
}

/// Callers that wait for their records to be durable.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Arc<Request>>,
    is_led: bool,
}

/// The journal this handle appends to.
#[derive(Default)]
pub(crate) enum Writer {
    /// None taken yet.
    #[default]
    None,
    /// The journal, its lock held.
    Ready(Box<Appender>),
    /// A write or sync failed.
    Poisoned,
}

struct Request {
    /// Encoded records.
    bytes: Vec<u8>,
    leaves: Vec<Hash>,
    /// The greatest time of the records.
    time: u64,
    turn: Mutex<Turn>,
    changed: Condvar,
}

enum Turn {
    Waiting,
    Leading,
    Done(Result<Receipt, JournalError>),
}

/// A group is closed when it has this many bytes.
const GROUP_BYTES: usize = 8 << 20;

impl Store {
    /// Appends records as one unit and returns when they are durable. Callers at the same time share a commit,
    /// a signature and a sync; the records of one call stay together and in order.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] and [`JournalError::InvalidArgument`] for what cannot be stored,
    /// [`JournalError::DiskFull`] when nothing was written, [`JournalError::OutcomeUnknown`] when the write or
    /// sync failed, [`JournalError::Poisoned`] after that, [`JournalError::ReadOnly`].
    pub fn append(&self, records: Vec<NewRecord>) -> Result<Receipt, JournalError> {
        self.require_writable()?;
        self.enter_process()?;
        let request = Arc::new(Request::new(records)?);
        let is_leader = {
            let mut queue = lock(&self.queue);
            queue.waiting.push_back(Arc::clone(&request));
            !std::mem::replace(&mut queue.is_led, true)
        };
        if !is_leader {
            let mut turn = lock(&request.turn);
            loop {
                match std::mem::replace(&mut *turn, Turn::Waiting) {
                    Turn::Done(result) => return result,
                    Turn::Leading => break,
                    Turn::Waiting => {
                        turn = request.changed.wait(turn).unwrap_or_else(std::sync::PoisonError::into_inner);
                    }
                }
            }
        }
        self.lead();
        let mut turn = lock(&request.turn);
        match std::mem::replace(&mut *turn, Turn::Waiting) {
            Turn::Done(result) => result,
            Turn::Waiting | Turn::Leading => Err(JournalError::OutcomeUnknown { kind: None }),
        }
    }

    /// Writes one group: the caller's request is the first of the queue.
    fn lead(&self) {
        let mut group = Group { store: self, requests: Vec::new(), results: Vec::new() };
        group.requests = take_group(&mut lock(&self.queue));
        let mut writer = lock(&self.writer);
        group.results = match self.write_group(&mut writer, &group.requests) {
            Ok(receipts) => receipts.into_iter().map(Ok).collect(),
            Err(error) => group.requests.iter().map(|_| Err(error.clone())).collect(),
        };
    }

    fn write_group(
        &self,
        writer: &mut Writer,
        requests: &[Arc<Request>],
    ) -> Result<Vec<Receipt>, JournalError> {
        self.ensure_writer(writer)?;
        let Writer::Ready(appender) = writer else { return Err(JournalError::Poisoned) };
        let leaves: Vec<Hash> = requests.iter().flat_map(|request| request.leaves.iter().copied()).collect();
        let header = CommitHeader {
            writer: appender.name.writer,
            first: appender.next,
            count: u32::try_from(leaves.len()).map_err(|_| TOO_MANY)?,
            time: requests.iter().map(|request| request.time).max().unwrap_or(0),
            previous: appender.head,
            root: merkle::root(&leaves).ok_or(JournalError::InvalidArgument("there are no records"))?,
        };
        if header.first.checked_add(u64::from(header.count)).is_none_or(|next| next == u64::MAX) {
            return Err(JournalError::InvalidArgument("the journal's sequence numbers are used up"));
        }
        let signature = self.sign(&header)?;
        let commit = SealedCommit {
            header,
            hash: header.hash(),
            signature,
            records: requests.iter().map(|request| request.bytes.as_slice()).collect(),
        };
        let places = appender.append(std::slice::from_ref(&commit));
        let name = appender.name;
        if appender.is_broken() {
            // The lock goes too: another process finds out what reached the disk.
            *writer = Writer::Poisoned;
        }
        let place = places?.first().copied().ok_or(JournalError::OutcomeUnknown { kind: None })?;
        {
            let mut known = self.known();
            known.signed.insert(name, commit.hash);
            known.stats.commits += 1;
            known.stats.records += u64::from(header.count);
        }
        let position = Position { journal: Arc::new(name), segment: place.0, offset: place.1 };
        let mut index = 0;
        Ok(requests
            .iter()
            .map(|request| {
                let receipt = Receipt {
                    writer: header.writer,
                    first: header.first + u64::from(index),
                    leaves: request.leaves.clone(),
                    commit: commit.hash,
                    position: position.clone(),
                    index,
                };
                index += u32::try_from(request.leaves.len()).unwrap_or(u32::MAX);
                receipt
            })
            .collect())
    }

    fn sign(&self, header: &CommitHeader) -> Result<Option<[u8; 64]>, JournalError> {
        let Some(signer) = &self.options.signer else { return Ok(None) };
        let signature = signer.sign(header)?;
        // A journal that begins with a wrong signature would be refused by everyone, its owner included.
        let is_first = !self.known().signed.contains_key(&JournalName::main(header.writer));
        if is_first && !header.is_signed(&signature) {
            return Err(JournalError::Crypto(CryptoError::InvalidSignature));
        }
        Ok(Some(signature))
    }

    /// Makes sure that there is a journal to append to, and a good one.
    fn ensure_writer(&self, writer: &mut Writer) -> Result<(), JournalError> {
        match writer {
            Writer::Poisoned => return Err(JournalError::Poisoned),
            Writer::Ready(appender) if !self.known().is_damaged(&appender.name) => return Ok(()),
            Writer::Ready(_) | Writer::None => {}
        }
        let disk = &*self.disk;
        let _guard = local::lock(disk)?;
        if let Writer::Ready(appender) = std::mem::take(writer) {
            local::close(disk, &appender.name.writer, Closed::Damaged)?;
        }
        *writer = Writer::Ready(self.take_writer()?);
        Ok(())
    }

    /// Takes a free incarnation of this key that was born at this host, or makes one. The caller holds the lock of `local/`.
    fn take_writer(&self) -> Result<Box<Appender>, JournalError> {
        let disk = &*self.disk;
        local::remove_temporaries(disk)?;
        local::sync_names(disk)?;
        if !local::is_at_home(disk, self.options.host)? {
            self.close_copied()?;
            local::settle_here(disk, self.options.host)?;
        }
        let key = self.public_key();
        let closed = local::closed(disk)?;
        for writer in local::born(disk)? {
            if writer.key != key || closed.contains(&writer) {
                continue;
            }
            let name = JournalName::main(writer);
            match local::birthplace(disk, &writer) {
                Ok(Some(host)) if host == self.options.host => {}
                // Only its own host can tell whether this is a copy.
                Ok(_) => continue,
                Err(error) => {
                    self.known().damage.insert(name, error);
                    continue;
                }
            }
            if self.known().is_damaged(&name) {
                local::close(disk, &writer, Closed::Damaged)?;
                continue;
            }
            if !self.exists(&name)? {
                local::close(disk, &writer, Closed::Missing)?;
                continue;
            }
            match Appender::take(&self.disk, name, Rule::Own, self.options.segment_bytes) {
                Ok(Taken::Ready(appender)) => return Ok(appender),
                Ok(Taken::Held) => {}
                Ok(Taken::Damaged(error)) => {
                    local::close(disk, &writer, Closed::Damaged)?;
                    self.known().damage.insert(name, error);
                }
                Err(JournalError::DiskFull) => return Err(JournalError::DiskFull),
                // Its part of the disk cannot be read; that may pass.
                Err(error) => {
                    self.known().damage.insert(name, error);
                }
            }
        }
        let writer = WriterId { key, incarnation: u64::from_le_bytes(random::array()?) };
        let name = JournalName::main(writer);
        // The directory first, durably: so a birth without a journal is always a loss.
        let directory = name.directory();
        disk.create_dir_all(&directory).map_err(JournalError::io("create", &directory))?;
        disk.sync_dir(WRITERS).map_err(JournalError::io("sync", WRITERS))?;
        local::add_born(disk, &writer, self.options.host)?;
        match Appender::take(&self.disk, name, Rule::Own, self.options.segment_bytes)? {
            Taken::Ready(appender) => Ok(appender),
            Taken::Held => Err(JournalError::InvalidArgument("the random numbers repeat")),
            Taken::Damaged(error) => Err(error),
        }
    }

    /// Closes the writers born at this host, which were born where this directory was copied from. Those of other
    /// hosts are left to them: their records do not match either.
    fn close_copied(&self) -> Result<(), JournalError> {
        let disk = &*self.disk;
        let closed = local::closed(disk)?;
        for writer in local::born(disk)?.difference(&closed) {
            if local::birthplace(disk, writer)?.is_some_and(|host| host != self.options.host) {
                continue;
            }
            let name = JournalName::main(*writer);
            let mut reason = Closed::Copied;
            if self.exists(&name)? {
                match Appender::take(&self.disk, name, Rule::Own, self.options.segment_bytes)? {
                    Taken::Ready(appender) => appender.close()?,
                    Taken::Held => {}
                    Taken::Damaged(error) => {
                        self.known().damage.insert(name, error);
                        reason = Closed::Damaged;
                    }
                }
            }
            local::close(disk, writer, reason)?;
        }
        Ok(())
    }

    pub(crate) fn exists(&self, name: &JournalName) -> Result<bool, JournalError> {
        let directory = name.directory();
        match self.disk.list(&directory) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(JournalError::io("list", &directory)(error)),
        }
    }
}

const TOO_MANY: JournalError =
    JournalError::TooLarge { what: "number of records in a commit", limit: MAX_LEAVES as u64 };

impl Request {
    /// Encodes and hashes the records, in the caller's thread.
    fn new(records: Vec<NewRecord>) -> Result<Self, JournalError> {
        if records.is_empty() {
            return Err(JournalError::InvalidArgument("there are no records"));
        }
        if records.len() > MAX_LEAVES as usize {
            return Err(TOO_MANY);
        }
        let length = records.iter().map(|record| record.content.len() + record.context.len() + 96).sum();
        if length > MAX_RECORDS_LENGTH {
            return Err(JournalError::TooLarge { what: "commit", limit: MAX_RECORDS_LENGTH as u64 });
        }
        let mut bytes = Vec::with_capacity(length);
        let mut leaves = Vec::with_capacity(records.len());
        let mut time = 0;
        for record in records {
            let header = record.header()?;
            time = time.max(record.time);
            leaves.push(header.leaf()?);
            encode_record(
                &StoredRecord::Full { header, salt: record.salt, content: record.content },
                &mut bytes,
            )?;
        }
        Ok(Self { bytes, leaves, time, turn: Mutex::new(Turn::Waiting), changed: Condvar::new() })
    }

    fn set(&self, turn: Turn) {
        *lock(&self.turn) = turn;
        self.changed.notify_one();
    }
}

fn take_group(queue: &mut Queue) -> Vec<Arc<Request>> {
    let (mut bytes, mut records) = (0, 0);
    let mut group = Vec::new();
    while let Some(request) = queue.waiting.front() {
        bytes += request.bytes.len();
        records += request.leaves.len();
        if !group.is_empty() && (bytes > GROUP_BYTES || records > MAX_LEAVES as usize) {
            break;
        }
        group.extend(queue.waiting.pop_front());
    }
    group
}

/// The requests being written. Whatever happens to the one who writes, all get an answer and someone leads on.
struct Group<'a> {
    store: &'a Store,
    requests: Vec<Arc<Request>>,
    results: Vec<Result<Receipt, JournalError>>,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        let mut results = std::mem::take(&mut self.results).into_iter();
        for request in &self.requests {
            let result = results.next().unwrap_or(Err(JournalError::OutcomeUnknown { kind: None }));
            request.set(Turn::Done(result));
        }
        let mut queue = lock(&self.store.queue);
        match queue.waiting.front() {
            Some(next) => next.set(Turn::Leading),
            None => queue.is_led = false,
        }
    }
}
