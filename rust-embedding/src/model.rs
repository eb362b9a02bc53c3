//! The local model: texts to vectors without a server, a key or a network.
//!
//! A [`LocalModel`] is a BERT encoder in sentence-transformers form, such as all-MiniLM-L6-v2, read from a directory or from bytes.
//! Its canonical engine computes the same bits on every processor, in WebAssembly, alone or in any batch and on any number of
//! threads: weights and activations are int8, their products exact integers, and the float parts between them IEEE 754 operations in one order.
//!
//! ```no_run
//! use std::num::NonZero;
//! use std::path::Path;
//! use chrysalis_embedding::model::{LocalModel, Precision};
//!
//! let model = LocalModel::load(Path::new("all-MiniLM-L6-v2"), Precision::Int8Canonical)?;
//! let near = model.encode("The cat sleeps on the sofa.")?;
//! assert_eq!(near.vector.len(), model.dimensions());
//! for vector in model.encode_batch(&["one text", "another"], NonZero::<usize>::MIN) {
//!     println!("{} tokens", vector?.tokens);
//! }
//! # Ok::<(), chrysalis_embedding::model::ModelError>(())
//! ```

mod config;
mod encoder;
mod error;
mod files;
mod network;
mod normalizer;
mod provider;
mod weights;
mod wordpiece;

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use chrysalis_embedding_kernels::Backend;

pub use self::encoder::Encoder;
pub use self::error::ModelError;
pub use self::files::ModelFiles;
pub use self::provider::to_provider;

use self::config::{Config, Pooling};
use self::network::{Network, Workspace};
use self::weights::WeightsReader;
use self::wordpiece::{Tokens, WordPiece};
use crate::space::{Normalisation, SpaceFields};

/// Tokens that pass through the network together, if the texts are no longer. More gains nothing: the kernels are busy, and the
/// working memory would leave the caches.
const BATCH_TOKENS: NonZero<usize> = NonZero::new(256).expect("more than 0");

/// How a model computes. Vectors of two precisions lie in two spaces.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Precision {
    /// int8 weights and activations. The same bits everywhere; a quarter of the memory, several times the speed.
    Int8Canonical,
    /// `f32` throughout, for comparison. It too has the same bits everywhere.
    F32,
}

impl Precision {
    /// The engine and its version, part of the name of the space: `int8-canonical-1` or `f32-1`.
    #[must_use]
    pub fn engine(self) -> &'static str {
        match self {
            Self::Int8Canonical => "int8-canonical-1",
            Self::F32 => "f32-1",
        }
    }
}

/// What becomes of a text with more tokens than the model takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// [`ModelError::TooLong`].
    #[default]
    Refuse,
    /// The beginning is encoded and [`Encoded::truncated`] set.
    Truncate,
}

/// The vector of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// [`LocalModel::dimensions`] numbers.
    pub vector: Vec<f32>,
    /// Tokens that went into it, the two that mark the ends counted in.
    pub tokens: usize,
    /// Whether the text had more tokens, which had no part in it. Only with [`Overflow::Truncate`].
    pub truncated: bool,
}

/// A BERT encoder with its tokenizer. Shared by reference between any number of threads.
pub struct LocalModel {
    tokenizer: WordPiece,
    network: Network,
    precision: Precision,
    weights_digest: [u8; 32],
    overflow: Overflow,
    batch_tokens: NonZero<usize>,
    backend: Backend,
    /// Working memory that is not in use, as much as passes have been under way at once.
    spaces: Mutex<Vec<Workspace>>,
}

impl LocalModel {
    /// Reads a model directory: `config.json`, `model.safetensors`, `tokenizer.json` (or `vocab.txt`), and where they are there `modules.json`,
    /// `1_Pooling/config.json` and `sentence_bert_config.json`. Nothing is fetched.
    ///
    /// # Errors
    /// A [`ModelError`] that names the file, what was expected and what was found.
    pub fn load(directory: &Path, precision: Precision) -> Result<Self, ModelError> {
        let mut loader = ModelLoader::new(&ModelFiles::read(directory)?, precision)?;
        files::read_weights(directory, |bytes| loader.push(bytes))?;
        loader.finish()
    }

    /// The model of these files, for where there is no file system.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_files(files: &ModelFiles, precision: Precision) -> Result<Self, ModelError> {
        let mut loader = ModelLoader::new(files, precision)?;
        loader.push(files.weights.as_deref().ok_or(ModelError::Missing { file: files::WEIGHTS })?)?;
        loader.finish()
    }

    /// This model with another rule for texts that are too long.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// This model with at most so many tokens in one pass, 256 unless said otherwise; a text with more is a pass by itself. Working
    /// memory grows with it, vectors do not depend on it.
    #[must_use]
    pub fn with_batch_tokens(mut self, tokens: NonZero<usize>) -> Self {
        self.batch_tokens = tokens;
        self
    }

    /// This model on other instructions than the fastest of this processor: a name of [`available_instructions`]. For tests that hold
    /// them to each other.
    ///
    /// # Errors
    /// [`ModelError::UnknownInstructions`].
    pub fn with_instructions(mut self, name: &str) -> Result<Self, ModelError> {
        let found = Backend::available().iter().find(|backend| backend.name() == name);
        self.backend = *found.ok_or(ModelError::UnknownInstructions)?;
        Ok(self)
    }

    /// The instructions in use: `avx512-vnni`, `avx2`, `simd128` or `plain`.
    #[must_use]
    pub fn instructions(&self) -> &'static str {
        self.backend.name()
    }

    /// The vector of a text. Safe to call from any number of threads; see [`Encoder`] for many of them at once.
    ///
    /// # Errors
    /// [`ModelError::TooLong`], and [`ModelError::NotFinite`] if the weights are absurd.
    pub fn encode(&self, text: &str) -> Result<Encoded, ModelError> {
        let tokens = self.tokenize(text)?;
        let vectors = self.run(&[&tokens.ids]);
        self.encoded(&tokens, &vectors)
    }

    /// The vectors of many texts, each with an outcome of its own, in the order given, computed on at most `threads` threads, the
    /// caller's counted in. The bits are those of [`encode`](Self::encode).
    pub fn encode_batch(&self, texts: &[&str], threads: NonZero<usize>) -> Vec<Result<Encoded, ModelError>> {
        let tokens = parallel(texts.len().div_ceil(TOKENIZE_TEXTS), threads, |part| {
            let part = &texts[part * TOKENIZE_TEXTS..texts.len().min((part + 1) * TOKENIZE_TEXTS)];
            part.iter().map(|text| self.tokenize(text)).collect::<Vec<_>>()
        });
        let tokens: Vec<_> = tokens.into_iter().flatten().collect();
        self.encode_tokens(tokens, threads)
    }

    /// How many tokens a text has, the two that mark its ends counted in, whatever the limit.
    #[must_use]
    pub fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    /// The numbers of a text's tokens, the two that mark its ends counted in.
    ///
    /// # Errors
    /// [`ModelError::TooLong`], unless too long texts are truncated.
    pub fn token_ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.tokenize(text).map(|tokens| tokens.ids)
    }

    /// Numbers of a vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.network.config().hidden
    }

    /// The most tokens of a text, the two that mark its ends counted in.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.network.config().max_tokens
    }

    /// How this model computes.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The space of this model's vectors: the sizes of the network for its name, SHA-256 of `model.safetensors`, the engine, and as
    /// preprocessing the tokenizer (with the digest of its vocabulary and rules), the most tokens and the pooling.
    #[must_use]
    pub fn space_fields(&self) -> SpaceFields {
        let config = self.network.config();
        let Config { hidden, layers, heads, intermediate, max_tokens, epsilon, .. } = config;
        let pooling = match config.pooling {
            Pooling::Mean => "mean",
            Pooling::First => "first",
        };
        let tokenizer: String =
            self.tokenizer.digest()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        SpaceFields {
            provider: "local".to_owned(),
            model: format!("bert-l{layers}-h{hidden}-a{heads}-i{intermediate}"),
            weights: Some(self.weights_digest),
            dimensions: *hidden,
            engine: self.precision.engine().to_owned(),
            preprocessing: format!(
                "wordpiece {tokenizer}, {max_tokens} tokens, {pooling}, epsilon {epsilon:e}"
            ),
            normalisation: if config.unit_length { Normalisation::Unit } else { Normalisation::AsGiven },
        }
    }

    /// Bytes of working memory held between calls: that of as many passes as were ever under way at once.
    #[must_use]
    pub fn working_bytes(&self) -> usize {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Workspace::capacity_bytes).sum()
    }

    fn tokenize(&self, text: &str) -> Result<Tokens, ModelError> {
        let tokens = self.tokenizer.encode(text, self.max_tokens());
        if tokens.truncated && self.overflow == Overflow::Refuse {
            return Err(ModelError::TooLong { max_tokens: self.max_tokens() });
        }
        Ok(tokens)
    }

    /// The outcomes for texts that are tokenized or refused already.
    fn encode_tokens(
        &self,
        tokens: Vec<Result<Tokens, ModelError>>,
        threads: NonZero<usize>,
    ) -> Vec<Result<Encoded, ModelError>> {
        let batches = batches(&tokens, self.batch_tokens);
        let vectors = parallel(batches.len(), threads, |batch| {
            let texts: Vec<&[u32]> =
                tokens[batches[batch].clone()].iter().flatten().map(|t| &t.ids[..]).collect();
            self.run(&texts)
        });
        let mut vectors = vectors.iter().flat_map(|vectors| vectors.chunks_exact(self.dimensions()));
        let outcome = |tokens: Result<Tokens, ModelError>| {
            let tokens = tokens?;
            let vector = vectors.next().expect("each text that has tokens was run");
            self.encoded(&tokens, vector)
        };
        tokens.into_iter().map(outcome).collect()
    }

    /// One pass over texts, their vectors end to end.
    fn run(&self, texts: &[&[u32]]) -> Vec<f32> {
        let mut out = Vec::with_capacity(texts.len() * self.dimensions());
        if texts.is_empty() {
            return out;
        }
        let space = self.spaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut space = space.unwrap_or_default();
        self.network.encode(self.backend, &mut space, texts, &mut out);
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner).push(space);
        out
    }

    fn encoded(&self, tokens: &Tokens, vector: &[f32]) -> Result<Encoded, ModelError> {
        if !vector.iter().all(|number| number.is_finite()) {
            return Err(ModelError::NotFinite);
        }
        Ok(Encoded { vector: vector.to_vec(), tokens: tokens.ids.len(), truncated: tokens.truncated })
    }
}

/// A model whose weights come in pieces: over a network, or from a disk without being in memory whole. What is kept of them is made at
/// once, so that little more memory is taken than the model needs afterwards.
pub struct ModelLoader {
    config: Config,
    tokenizer: WordPiece,
    precision: Precision,
    weights: WeightsReader,
}

impl ModelLoader {
    /// A loader for these files, whose weights are not looked at.
    ///
    /// # Errors
    /// As [`LocalModel::load`], for all files but the weights.
    pub fn new(files: &ModelFiles, precision: Precision) -> Result<Self, ModelError> {
        let config = Config::parse(files)?;
        let tokenizer = WordPiece::parse(files, config.vocabulary)?;
        let weights = WeightsReader::new(Network::wanted(&config, precision));
        Ok(Self { config, tokenizer, precision, weights })
    }

    /// Takes the next bytes of `model.safetensors`.
    ///
    /// # Errors
    /// [`ModelError::Malformed`], [`ModelError::Tensor`]. The loader is of no use then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        self.weights.push(bytes)
    }

    /// The model.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] if bytes are missing.
    pub fn finish(self) -> Result<LocalModel, ModelError> {
        let (mut tensors, weights_digest) = self.weights.finish()?;
        Ok(LocalModel {
            tokenizer: self.tokenizer,
            network: Network::build(&self.config, &mut tensors),
            precision: self.precision,
            weights_digest,
            overflow: Overflow::default(),
            batch_tokens: BATCH_TOKENS,
            backend: Backend::best(),
            spaces: Mutex::default(),
        })
    }

    /// [`finish`](Self::finish) if the bytes have this SHA-256.
    ///
    /// # Errors
    /// As `finish`, and [`ModelError::Digest`].
    pub fn finish_checked(self, expected: [u8; 32]) -> Result<LocalModel, ModelError> {
        let model = self.finish()?;
        let found = model.weights_digest;
        if found == expected {
            Ok(model)
        } else {
            Err(ModelError::Digest { file: files::WEIGHTS, expected, found })
        }
    }
}

impl fmt::Debug for ModelLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelLoader").field("precision", &self.precision).finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalModel")
            .field("space", &self.space_fields())
            .field("backend", &self.backend)
            .finish()
    }
}

/// The instructions that this processor has, the fastest first.
#[must_use]
pub fn available_instructions() -> Vec<&'static str> {
    Backend::available().iter().map(|backend| backend.name()).collect()
}

/// Texts that one thread tokenizes before it takes more.
const TOKENIZE_TEXTS: usize = 32;

/// Cuts texts into runs of at most `limit` tokens, or one text.
fn batches(tokens: &[Result<Tokens, ModelError>], limit: NonZero<usize>) -> Vec<std::ops::Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, tokens) in tokens.iter().enumerate() {
        let length = tokens.as_ref().map_or(0, |tokens| tokens.ids.len());
        if size > 0 && size + length > limit.get() {
            batches.push(start..at);
            (start, size) = (at, 0);
        }
        size += length;
    }
    if start < tokens.len() {
        batches.push(start..tokens.len());
    }
    batches
}

/// `work` for 0 to `count`, its results in order, on at most `threads` threads, this one counted in. A panic of `work` goes on here.
fn parallel<T: Send>(count: usize, threads: NonZero<usize>, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let helpers = threads.get().min(count).saturating_sub(1);
    if helpers == 0 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let item = next.fetch_add(1, Ordering::Relaxed);
            if item >= count {
                return done;
            }
            done.push((item, work(item)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        // Where no thread can be had, as in WebAssembly, this one does all.
        let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, take).ok();
        let helpers: Vec<_> = (0..helpers).map_while(spawn).collect();
        let mut done = take();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(item, _)| *item);
    done.into_iter().map(|(_, result)| result).collect()
}
