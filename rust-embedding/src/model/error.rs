//! What can be wrong with a model directory, or with a text that is to be encoded.

use std::fmt;
use std::io;

use chrysalis_crypto::hex;

use super::files::WEIGHTS;

/// Why a model was not loaded or a text not encoded.
///
/// [`code`](Self::code) is stable. The text names the file, what was expected and what was found there; of the texts to be encoded it
/// holds nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ModelError {
    /// A file that the model needs is not there.
    Missing {
        /// Its name within the model directory.
        file: &'static str,
    },
    /// The operating system would not give a file.
    Unreadable {
        /// Its name within the model directory.
        file: &'static str,
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// A file is larger than such a file can rightly be. It was not read.
    TooLarge {
        /// Its name within the model directory.
        file: &'static str,
        /// The most bytes it may have.
        limit: u64,
        /// The bytes it has.
        actual: u64,
    },
    /// A file is not of its format.
    Malformed {
        /// Its name within the model directory.
        file: &'static str,
        /// What was expected.
        expected: &'static str,
        /// Line of a JSON or text file, or byte of another, where it is wrong, where there is one to name.
        position: Option<usize>,
    },
    /// A file asks for something that this engine does not do.
    Unsupported {
        /// Its name within the model directory.
        file: &'static str,
        /// The entry of the file.
        field: &'static str,
        /// What this engine does.
        expected: String,
        /// What the file asks for.
        found: String,
    },
    /// A tensor is not there, or not as the configuration says.
    Tensor {
        /// Its name in `model.safetensors`.
        name: String,
        /// The type and shape that `config.json` asks for.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The bytes of a file do not have the SHA-256 that was asked for.
    Digest {
        /// Its name within the model directory.
        file: &'static str,
        /// The digest that was asked for.
        expected: [u8; 32],
        /// The digest of the bytes.
        found: [u8; 32],
    },
    /// A name that no file of a model has.
    UnknownFile,
    /// A text has more tokens than the model takes. Split it, or ask for truncation.
    TooLong {
        /// The most tokens of a text, the two that mark its ends counted in.
        max_tokens: usize,
    },
    /// The weights are so large that the result is not a number.
    NotFinite,
    /// A name of instructions that this processor does not have or nobody knows.
    UnknownInstructions,
}

impl ModelError {
    /// Every code, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "MODEL_FILE_MISSING",
        "MODEL_FILE_UNREADABLE",
        "MODEL_FILE_TOO_LARGE",
        "MODEL_FILE_MALFORMED",
        "MODEL_UNSUPPORTED",
        "MODEL_TENSOR",
        "MODEL_FILE_DIGEST",
        "MODEL_FILE_UNKNOWN",
        "TEXT_TOO_LONG",
        "MODEL_NOT_FINITE",
        "UNKNOWN_INSTRUCTIONS",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "MODEL_FILE_MISSING",
            Self::Unreadable { .. } => "MODEL_FILE_UNREADABLE",
            Self::TooLarge { .. } => "MODEL_FILE_TOO_LARGE",
            Self::Malformed { .. } => "MODEL_FILE_MALFORMED",
            Self::Unsupported { .. } => "MODEL_UNSUPPORTED",
            Self::Tensor { .. } => "MODEL_TENSOR",
            Self::Digest { .. } => "MODEL_FILE_DIGEST",
            Self::UnknownFile => "MODEL_FILE_UNKNOWN",
            Self::TooLong { .. } => "TEXT_TOO_LONG",
            Self::NotFinite => "MODEL_NOT_FINITE",
            Self::UnknownInstructions => "UNKNOWN_INSTRUCTIONS",
        }
    }

    /// The file at fault, by its name within the model directory.
    #[must_use]
    pub fn file(&self) -> Option<&'static str> {
        match self {
            Self::Missing { file }
            | Self::Unreadable { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Malformed { file, .. }
            | Self::Unsupported { file, .. }
            | Self::Digest { file, .. } => Some(file),
            Self::Tensor { .. } => Some(WEIGHTS),
            Self::UnknownFile | Self::TooLong { .. } | Self::NotFinite | Self::UnknownInstructions => None,
        }
    }

    /// A file that is not JSON of the expected shape.
    pub(super) fn json(file: &'static str, expected: &'static str, error: &serde_json::Error) -> Self {
        Self::Malformed { file, expected, position: Some(error.line()) }
    }

    /// A file that is not of its format.
    pub(super) fn malformed(file: &'static str, expected: &'static str) -> Self {
        Self::Malformed { file, expected, position: None }
    }

    /// An entry that asks for what is not offered. Of what was found at most 64 characters are kept.
    pub(super) fn unsupported(
        file: &'static str,
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        let found = found.to_string().chars().filter(|c| !c.is_control()).take(64).collect();
        Self::Unsupported { file, field, expected: expected.into(), found }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { file } => write!(f, "the model has no {file}"),
            Self::Unreadable { file, kind } => write!(f, "cannot read {file} of the model: {kind}"),
            Self::TooLarge { file, limit, actual } => {
                write!(f, "{file} of the model is too large: at most {limit} bytes expected, found {actual}")
            }
            Self::Malformed { file, expected, position: None } => {
                write!(f, "{file} of the model is damaged: expected {expected}")
            }
            Self::Malformed { file, expected, position: Some(position) } => {
                write!(f, "{file} of the model is damaged at {position}: expected {expected}")
            }
            Self::Unsupported { file, field, expected, found } => {
                write!(f, "{file} of the model: {field} must be {expected}, found {found}")
            }
            Self::Tensor { name, expected, found } => {
                write!(f, "model.safetensors: tensor {name} must be {expected}, found {found}")
            }
            Self::Digest { file, expected, found } => {
                let [expected, found] = [expected, found].map(|digest| hex::encode(digest));
                write!(f, "{file} of the model has the wrong SHA-256: expected {expected}, found {found}")
            }
            Self::UnknownFile => f.write_str("no file of a model has this name"),
            Self::TooLong { max_tokens } => write!(f, "the text has more than {max_tokens} tokens"),
            Self::NotFinite => f.write_str("the model's result is not a finite number"),
            Self::UnknownInstructions => f.write_str("this processor has no instructions of that name"),
        }
    }
}

impl std::error::Error for ModelError {}
