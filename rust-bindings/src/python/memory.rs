//! `RustMemoryStore`: one memory, whose work is handed to a [`Port`] and comes back as tickets.

use std::mem;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrysalis_consensus::ConsensusError;
use chrysalis_consensus::sim::Violation;
use chrysalis_crdt::CrdtError;
use chrysalis_crypto::api_keys::ValidationError;
use chrysalis_crypto::tls::CertError;
use chrysalis_crypto::{CryptoError, hex};
use chrysalis_embedding::EmbeddingError;
use chrysalis_embedding::compress::CompressError;
use chrysalis_embedding::model::ModelError;
use chrysalis_embedding::similarity::SimilarityError;
use chrysalis_embedding::tokens::TokenError;
use chrysalis_journal::JournalError;
use chrysalis_memory::document::DEFAULT_MAX_FILE_BYTES;
use chrysalis_memory::semantic::{LocalEmbedder, Worker};
use chrysalis_memory::{Document, Embedder, Memory, MemoryError, Note, OpenOptions, Profile, Query};
use chrysalis_security::SecurityError;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use super::bridge::Port;
use super::convert::{Count, Millis, Paths, Texts};
use super::entry::{Coverage, Entry, Forgotten, Learned, MergeReport, Stats, to_list};
use super::error::{BindingError, Failure};

/// Every code an error of this package can have: those of the bindings, the memory, the journal, cryptography, keys and
/// certificates.
#[pyfunction]
pub(super) fn error_codes() -> Vec<&'static str> {
    [
        BindingError::CODES,
        MemoryError::CODES,
        JournalError::CODES,
        ConsensusError::CODES,
        &[Violation::CODE],
        CrdtError::CODES,
        CryptoError::CODES,
        SecurityError::CODES,
        ValidationError::CODES,
        CertError::CODES,
        TokenError::CODES,
        SimilarityError::CODES,
        CompressError::CODES,
        EmbeddingError::CODES,
        ModelError::CODES,
    ]
    .concat()
}

/// One agent's memory. Making it touches no file; the first work opens the store, on a native thread.
///
/// Every method hands work to `port` and gives the ticket under which the result will be drained.
#[pyclass(frozen, module = "memory_system._rust")]
pub(super) struct RustMemoryStore {
    handle: Arc<Handle>,
    process: u32,
}

struct Handle {
    agent: String,
    path: Option<PathBuf>,
    home: Option<PathBuf>,
    closed: AtomicBool,
    /// The directory of the model that embeds, if not the one of the environment.
    model: Option<PathBuf>,
    // Work holds it for reading, so that closing waits for what is under way.
    memory: RwLock<Option<Opened>>,
}

struct Opened {
    /// Makes vectors of what is remembered, where there is a model. Let go of first: it holds the memory.
    worker: Option<Worker>,
    memory: Arc<Memory>,
}

impl Opened {
    /// Something was remembered.
    fn changed(&self) {
        if let Some(worker) = &self.worker {
            worker.notify();
        }
    }
}

#[pymethods]
impl RustMemoryStore {
    /// The memory of agent `agent_id` in the store at `path`, with keys and settings below `home` and the model in `model`.
    #[new]
    #[pyo3(signature = (agent_id = "default".to_owned(), path = None, home = None, model = None))]
    fn new(agent_id: String, path: Option<PathBuf>, home: Option<PathBuf>, model: Option<PathBuf>) -> Self {
        let (closed, memory) = (AtomicBool::new(false), RwLock::new(None));
        let handle = Handle { agent: agent_id, path, home, model, closed, memory };
        Self { handle: Arc::new(handle), process: process::id() }
    }

    /// Opens the store, or makes it, and reads what is in it.
    fn open(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, |_, _| Ok(()))
    }

    /// Remembers one text; gives its id once it is on disk.
    fn learn(
        &self,
        port: &Port,
        content: String,
        tags: Texts,
        source: Option<String>,
        namespace: Option<String>,
        occurred: Option<Millis>,
    ) -> PyResult<u64> {
        let occurred_ms = occurred.map(|Millis(ms)| ms);
        let note = Note { text: content, source, place: None, tags: tags.0, occurred_ms };
        self.submit_change(port, move |memory, _| {
            let ids = memory.remember(vec![note], namespace.as_deref())?;
            Ok(ids.first().expect("one note has one id").to_string())
        })
    }

    /// Remembers one text passage by passage.
    fn learn_document(
        &self,
        port: &Port,
        text: String,
        source: String,
        tags: Texts,
        namespace: Option<String>,
    ) -> PyResult<u64> {
        let document = Document { tags: tags.0, ..Document::new(source, text) };
        self.submit_change(port, move |memory, _| {
            Ok(Learned::from(memory.remember_documents(&[document], namespace.as_deref())?))
        })
    }

    /// Remembers text files passage by passage, in one commit.
    fn learn_files(
        &self,
        port: &Port,
        paths: Paths,
        tags: Texts,
        namespace: Option<String>,
    ) -> PyResult<u64> {
        self.submit_change(port, move |memory, cancelled| {
            let read = |path: &PathBuf| {
                if cancelled.load(Ordering::Relaxed) {
                    return Err(MemoryError::Cancelled);
                }
                let source = path.to_str().ok_or_else(|| MemoryError::NotText(path.clone()))?;
                let document = Document::read(path, source, DEFAULT_MAX_FILE_BYTES)?;
                Ok(Document { tags: tags.0.clone(), ..document })
            };
            let documents = paths.0.iter().map(read).collect::<Result<Vec<_>, MemoryError>>()?;
            Ok(Learned::from(memory.remember_documents(&documents, namespace.as_deref())?))
        })
    }

    /// The entries that answer `query`, best first.
    #[expect(clippy::too_many_arguments, reason = "one for each filter of a query")]
    fn recall(
        &self,
        port: &Port,
        query: String,
        k: Count,
        tags: Texts,
        namespace: Option<String>,
        source_prefix: Option<String>,
        author: Option<&str>,
        since: Option<Millis>,
        until: Option<Millis>,
        as_of: Option<Millis>,
        trusted_only: bool,
        include_revoked: bool,
        words_only: bool,
    ) -> PyResult<u64> {
        let author = author.map(str::parse).transpose().map_err(Failure::from)?;
        let query = Query {
            limit: k.0,
            namespace,
            author,
            tags: tags.0,
            source_prefix,
            since_ms: since.map(|Millis(ms)| ms),
            until_ms: until.map(|Millis(ms)| ms),
            as_of_ms: as_of.map(|Millis(ms)| ms),
            trusted_only,
            include_revoked,
            words_only,
            ..Query::new(query)
        };
        let handle = Arc::clone(&self.handle);
        port.submit(move |_| {
            let answer = handle.with(|opened| opened.memory.recall(&query).map_err(Failure::from));
            move |py| Ok(to_list(py, answer?)?.into_py_any(py)?)
        })
    }

    /// The entry whose id begins with `id`; `None` when there is none.
    fn get(&self, port: &Port, id: String) -> PyResult<u64> {
        self.submit(port, move |memory, _| match memory.resolve(&id) {
            Ok(id) => Ok(Some(Entry::from(memory.entry(&id)?))),
            Err(MemoryError::NoSuchEntry) => Ok(None),
            Err(error) => Err(error.into()),
        })
    }

    /// Forgets entries of this agent.
    fn forget(&self, port: &Port, ids: Texts) -> PyResult<u64> {
        self.submit(port, move |memory, _| {
            let ids = ids.0.iter().map(|id| memory.resolve(id)).collect::<Result<Vec<_>, _>>()?;
            Ok(Forgotten::from(memory.forget(&ids)?))
        })
    }

    /// Merges the store at `path` into this one.
    fn merge(&self, port: &Port, path: PathBuf) -> PyResult<u64> {
        self.submit_change(port, move |memory, cancelled| {
            let merged = memory.merge(&path, &mut |_| match cancelled.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })?;
            Ok(MergeReport::from(merged))
        })
    }

    /// Makes the vectors that are missing, and gives how many entries have some then.
    fn embed(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, move |memory, cancelled| {
            let coverage = memory.embed_pending(&mut |_| match cancelled.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })?;
            Ok(Coverage::from(coverage))
        })
    }

    /// How many entries have vectors.
    fn coverage(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, |memory, _| Ok(Coverage::from(memory.coverage()?)))
    }

    /// A proof of one entry, for `crypto.verify_record_proof`.
    fn proof(&self, port: &Port, id: String) -> PyResult<u64> {
        self.submit(port, move |memory, _| Ok(memory.proof(&memory.resolve(&id)?)?))
    }

    /// One digest over everything in the store, 64 hexadecimal characters.
    fn digest(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, |memory, _| Ok(hex::encode(&memory.digest()?)))
    }

    /// Counts of what the store holds.
    fn stats(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, |memory, _| Ok(Stats::from(memory.stats()?)))
    }

    /// The agent's public key, 64 hexadecimal characters.
    fn public_key(&self, port: &Port) -> PyResult<u64> {
        self.submit(port, |memory, _| {
            let identity = memory.identity().ok_or(MemoryError::NoIdentity)?;
            Ok(identity.public_key().to_string())
        })
    }

    /// Trusts a public key, under a name of the caller's choice.
    fn trust(&self, port: &Port, key: &str, name: Option<String>) -> PyResult<u64> {
        let key = key.parse().map_err(Failure::from)?;
        self.submit(port, move |memory, _| Ok(memory.trust_add(key, name.as_deref())?))
    }

    /// Takes back what was said of a public key.
    fn untrust(&self, port: &Port, key: &str) -> PyResult<u64> {
        let key = key.parse().map_err(Failure::from)?;
        self.submit(port, move |memory, _| Ok(memory.trust_remove(key)?))
    }

    /// Ends the use of this memory, at once for new calls, and lets go of its files when work under way is done.
    fn close(&self, port: &Port) -> PyResult<u64> {
        self.handle.closed.store(true, Ordering::Relaxed);
        let handle = Arc::clone(&self.handle);
        port.submit(move |_| {
            let memory = handle.memory.write().unwrap_or_else(PoisonError::into_inner).take();
            drop(memory);
            |py| Ok(py.None())
        })
    }

    fn __repr__(&self) -> &'static str {
        "<RustMemoryStore>"
    }
}

impl RustMemoryStore {
    fn submit<T, W>(&self, port: &Port, work: W) -> PyResult<u64>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        W: FnOnce(&Memory, &AtomicBool) -> Result<T, Failure> + Send + 'static,
    {
        let handle = Arc::clone(&self.handle);
        port.submit(move |cancelled| {
            let done = handle.with(|opened| work(&opened.memory, cancelled));
            move |py| Ok(done?.into_py_any(py)?)
        })
    }

    /// [`submit`](Self::submit) of work that remembers something.
    fn submit_change<T, W>(&self, port: &Port, work: W) -> PyResult<u64>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        W: FnOnce(&Memory, &AtomicBool) -> Result<T, Failure> + Send + 'static,
    {
        let handle = Arc::clone(&self.handle);
        port.submit(move |cancelled| {
            let done = handle.with(|opened| {
                let done = work(&opened.memory, cancelled)?;
                opened.changed();
                Ok(done)
            });
            move |py| Ok(done?.into_py_any(py)?)
        })
    }
}

impl Drop for RustMemoryStore {
    fn drop(&mut self) {
        if self.process != process::id() {
            // A child after fork(): locks may be held for ever, and the file locks are the parent's. One reference
            // that is never given back keeps everything as it is.
            mem::forget(Arc::clone(&self.handle));
        }
    }
}

impl Handle {
    /// Lets `work` use the memory, which is opened first if need be.
    fn with<T>(&self, work: impl FnOnce(&Opened) -> Result<T, Failure>) -> Result<T, Failure> {
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(BindingError::Closed.into());
            }
            if let Some(opened) = &*self.memory.read().unwrap_or_else(PoisonError::into_inner) {
                return work(opened);
            }
            let mut slot = self.memory.write().unwrap_or_else(PoisonError::into_inner);
            if slot.is_none() && !self.closed.load(Ordering::Relaxed) {
                *slot = Some(self.open()?);
            }
        }
    }

    fn open(&self) -> Result<Opened, MemoryError> {
        let profile = match &self.home {
            Some(home) => Profile::at(home),
            None => Profile::from_env()?,
        };
        let (identity, _) = profile.identity(&self.agent)?;
        let path = self.path.clone().unwrap_or_else(|| profile.default_store());
        let embedder = match self.model.clone().or_else(|| profile.model()) {
            Some(model) => Some(Arc::new(LocalEmbedder::load(&model)?) as Arc<dyn Embedder>),
            None => None,
        };
        let embeds = embedder.is_some();
        let options = OpenOptions {
            identity: Some(Arc::new(identity)),
            host: profile.host()?,
            create: true,
            embedder,
            ..OpenOptions::default()
        };
        let memory = Arc::new(Memory::open(&path, options)?);
        let worker = embeds.then(|| Worker::start(Arc::clone(&memory))).transpose()?;
        Ok(Opened { worker, memory })
    }
}
