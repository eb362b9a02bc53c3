//! The files of a model directory in sentence-transformers form, as bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::ModelError;

/// `config.json`: the shape of the network.
pub(super) const CONFIG: &str = "config.json";
/// `model.safetensors`: the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";
/// `tokenizer.json`: the tokenizer in the form of the `tokenizers` library.
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// `vocab.txt`: the vocabulary, one piece a line, for a directory without `tokenizer.json`.
pub(super) const VOCABULARY: &str = "vocab.txt";
/// `tokenizer_config.json`: settings that go with `vocab.txt`.
pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// `modules.json`: the steps from text to vector.
pub(super) const MODULES: &str = "modules.json";
/// `1_Pooling/config.json`: how the vectors of tokens become one.
pub(super) const POOLING: &str = "1_Pooling/config.json";
/// `sentence_bert_config.json`: the most tokens of a text.
pub(super) const SENTENCE: &str = "sentence_bert_config.json";

/// The most bytes of a tokenizer or a vocabulary.
const MAX_TOKENIZER: u64 = 64 << 20;
/// The most bytes of another JSON file.
const MAX_JSON: u64 = 1 << 20;
/// The most bytes of weights: that many parameters in `f32` are a model of a size this engine is not for.
const MAX_WEIGHTS: u64 = 4 << 30;

/// Bytes of weights that are read at a time.
const PIECE: usize = 1 << 20;

/// The files of a model, each as the bytes it has in the model directory.
///
/// `config.json`, `model.safetensors` and one of `tokenizer.json` and `vocab.txt` are needed. Without `modules.json` the vector is the mean over
/// the tokens, not scaled to length 1, which is what sentence-transformers makes of such a directory.
#[derive(Clone, Debug, Default)]
pub struct ModelFiles {
    /// `config.json`.
    pub config: Option<Vec<u8>>,
    /// `model.safetensors`.
    pub weights: Option<Vec<u8>>,
    /// `tokenizer.json`.
    pub tokenizer: Option<Vec<u8>>,
    /// `vocab.txt`; read where there is no `tokenizer.json`.
    pub vocabulary: Option<Vec<u8>>,
    /// `tokenizer_config.json`; read with `vocab.txt`.
    pub tokenizer_config: Option<Vec<u8>>,
    /// `modules.json`.
    pub modules: Option<Vec<u8>>,
    /// `1_Pooling/config.json`; needed where `modules.json` names it.
    pub pooling: Option<Vec<u8>>,
    /// `sentence_bert_config.json`.
    pub sentence: Option<Vec<u8>>,
}

impl ModelFiles {
    /// Puts a file in its place, by its name in the model directory. The weights go to a [`ModelLoader`](super::ModelLoader).
    ///
    /// # Errors
    /// [`ModelError::UnknownFile`], also for `model.safetensors`; [`ModelError::TooLarge`]; [`ModelError::Digest`] if a SHA-256 is
    /// asked for and it is not that of the bytes.
    pub fn insert(&mut self, name: &str, bytes: Vec<u8>, sha256: Option<[u8; 32]>) -> Result<(), ModelError> {
        let (file, place, limit) = match name {
            CONFIG => (CONFIG, &mut self.config, MAX_JSON),
            TOKENIZER => (TOKENIZER, &mut self.tokenizer, MAX_TOKENIZER),
            VOCABULARY => (VOCABULARY, &mut self.vocabulary, MAX_TOKENIZER),
            TOKENIZER_CONFIG => (TOKENIZER_CONFIG, &mut self.tokenizer_config, MAX_JSON),
            MODULES => (MODULES, &mut self.modules, MAX_JSON),
            POOLING => (POOLING, &mut self.pooling, MAX_JSON),
            SENTENCE => (SENTENCE, &mut self.sentence, MAX_JSON),
            _ => return Err(ModelError::UnknownFile),
        };
        let actual = bytes.len() as u64;
        if actual > limit {
            return Err(ModelError::TooLarge { file, limit, actual });
        }
        let found = Sha256::digest(&bytes).into();
        if let Some(expected) = sha256.filter(|expected| *expected != found) {
            return Err(ModelError::Digest { file, expected, found });
        }
        *place = Some(bytes);
        Ok(())
    }

    /// Reads what `directory` has of these files, the weights left out.
    ///
    /// # Errors
    /// [`ModelError::Unreadable`] and [`ModelError::TooLarge`]; a file that is not there is no error yet.
    pub(super) fn read(directory: &Path) -> Result<Self, ModelError> {
        let tokenizer = read(directory, TOKENIZER, MAX_TOKENIZER)?;
        let vocabulary = if tokenizer.is_some() { None } else { read(directory, VOCABULARY, MAX_TOKENIZER)? };
        Ok(Self {
            config: read(directory, CONFIG, MAX_JSON)?,
            weights: None,
            tokenizer,
            vocabulary,
            tokenizer_config: read(directory, TOKENIZER_CONFIG, MAX_JSON)?,
            modules: read(directory, MODULES, MAX_JSON)?,
            pooling: read(directory, POOLING, MAX_JSON)?,
            sentence: read(directory, SENTENCE, MAX_JSON)?,
        })
    }
}

/// Gives the bytes of the weights in `directory` to `take`, piece by piece.
pub(super) fn read_weights(
    directory: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let file = WEIGHTS;
    let (mut source, size) = open(directory, file, MAX_WEIGHTS)?.ok_or(ModelError::Missing { file })?;
    let mut piece = vec![0; PIECE.min(size.max(1))];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&piece[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(file, &error)),
        }
    }
}

/// The bytes of a file, `None` where there is none. Its size is looked at before a byte is read.
fn read(directory: &Path, file: &'static str, limit: u64) -> Result<Option<Vec<u8>>, ModelError> {
    let Some((source, size)) = open(directory, file, limit)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(size + 1);
    // One byte more than it had, so that a file that grows meanwhile is noticed and not followed.
    source.take(size as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(file, &error))?;
    if bytes.len() > size {
        Err(ModelError::malformed(file, "a file that nobody writes to"))
    } else {
        Ok(Some(bytes))
    }
}

/// A file and its size, which is within the limit; `None` where there is no such file.
fn open(directory: &Path, file: &'static str, limit: u64) -> Result<Option<(File, usize)>, ModelError> {
    let source = match File::open(directory.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        source => source.map_err(|error| unreadable(file, &error))?,
    };
    let metadata = source.metadata().map_err(|error| unreadable(file, &error))?;
    if !metadata.is_file() {
        return Err(ModelError::Unreadable { file, kind: io::ErrorKind::InvalidInput });
    }
    let actual = metadata.len();
    match usize::try_from(actual) {
        Ok(size) if actual <= limit => Ok(Some((source, size))),
        _ => Err(ModelError::TooLarge { file, limit, actual }),
    }
}

fn unreadable(file: &'static str, error: &io::Error) -> ModelError {
    ModelError::Unreadable { file, kind: error.kind() }
}
