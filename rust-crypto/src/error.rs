//! The one error type of this crate.

use std::fmt;

/// What went wrong in a cryptographic operation.
///
/// [`code`](CryptoError::code) is stable and is what callers in every language branch on; the text is for
/// people. No text ever holds a key, a message or any other caller's data: lengths and positions only, and the plain name of
/// an algorithm that a record asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoError {
    /// A key has the wrong number of bytes.
    InvalidKeyLength {
        /// The length the algorithm needs.
        expected: usize,
        /// The length that was given.
        actual: usize,
    },
    /// A signature is not 64 bytes, or public key bytes are not a point of the curve.
    InvalidSignature,
    /// A signature does not hold. Reserved: functions that verify give `false` instead.
    VerificationFailed,
    /// A string is not the hexadecimal form that was expected.
    InvalidHex(HexError),
    /// A text is not the JSON or base64 that was expected, or a record in it lacks something.
    Serialization {
        /// What is wrong, never what was found.
        reason: &'static str,
        /// The byte where it is wrong, where there is one to name.
        position: Option<usize>,
    },
    /// A sealed message is shorter than its fixed parts.
    DataTooShort,
    /// The plaintext is longer than the cipher may seal.
    EncryptFailed,
    /// Authentication failed. One error for every cause, and no plaintext with it.
    DecryptFailed,
    /// scrypt cannot derive a key of that length.
    InvalidScryptParams,
    /// A hasher was used after its digest had been taken.
    HasherFinalized,
    /// An argument is out of range or of the wrong shape; the text names the argument, never its value.
    InvalidArgument(&'static str),
    /// The operating system gave no randomness.
    RandomUnavailable,
    /// An algorithm, or a parameter of one, that this crate does not offer.
    Unsupported(&'static str),
    /// The algorithm that a record names, of at most 32 letters, digits and dashes. Has the code of
    /// [`Unsupported`](Self::Unsupported).
    UnsupportedName(String),
    /// A record of a version that this crate does not read.
    UnsupportedVersion(i64),
    /// A record without the salt that opening it with a password needs.
    MissingSalt,
    /// A key has sealed as many messages as it safely may.
    KeyExhausted,
    /// Memory that had to be locked could not be.
    MemoryNotLocked,
    /// Bytes that are not a well-formed commit, record header or proof.
    Malformed(&'static str),
    /// A proof that is well-formed and does not hold.
    InvalidProof(&'static str),
}

/// Why a string is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// The number of digits is odd.
    OddLength,
    /// A character is not a hexadecimal digit.
    InvalidCharacter {
        /// Byte offset of the character. The character itself is not kept.
        position: usize,
    },
    /// The string does not have the length the value needs.
    InvalidLength,
}

impl CryptoError {
    /// Every code this crate can give, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "INVALID_KEY_LENGTH",
        "INVALID_SIGNATURE",
        "VERIFICATION_FAILED",
        "INVALID_HEX",
        "SERIALIZATION",
        "DATA_TOO_SHORT",
        "ENCRYPT_FAILED",
        "DECRYPT_FAILED",
        "INVALID_SCRYPT_PARAMS",
        "HASHER_FINALIZED",
        "INVALID_ARGUMENT",
        "RANDOM_UNAVAILABLE",
        "UNSUPPORTED",
        "UNSUPPORTED_VERSION",
        "MISSING_SALT",
        "KEY_EXHAUSTED",
        "MEMORY_NOT_LOCKED",
        "MALFORMED",
        "INVALID_PROOF",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidKeyLength { .. } => "INVALID_KEY_LENGTH",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::VerificationFailed => "VERIFICATION_FAILED",
            Self::InvalidHex(_) => "INVALID_HEX",
            Self::Serialization { .. } => "SERIALIZATION",
            Self::DataTooShort => "DATA_TOO_SHORT",
            Self::EncryptFailed => "ENCRYPT_FAILED",
            Self::DecryptFailed => "DECRYPT_FAILED",
            Self::InvalidScryptParams => "INVALID_SCRYPT_PARAMS",
            Self::HasherFinalized => "HASHER_FINALIZED",
            Self::InvalidArgument(_) => "INVALID_ARGUMENT",
            Self::RandomUnavailable => "RANDOM_UNAVAILABLE",
            Self::Unsupported(_) | Self::UnsupportedName(_) => "UNSUPPORTED",
            Self::UnsupportedVersion(_) => "UNSUPPORTED_VERSION",
            Self::MissingSalt => "MISSING_SALT",
            Self::KeyExhausted => "KEY_EXHAUSTED",
            Self::MemoryNotLocked => "MEMORY_NOT_LOCKED",
            Self::Malformed(_) => "MALFORMED",
            Self::InvalidProof(_) => "INVALID_PROOF",
        }
    }
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidKeyLength { expected, actual } => {
                write!(f, "Invalid key length: expected {expected}, got {actual}")
            }
            Self::InvalidSignature => f.write_str("Invalid signature format"),
            Self::VerificationFailed => f.write_str("Signature verification failed"),
            Self::InvalidHex(reason) => write!(f, "Invalid hex encoding: {reason}"),
            Self::Serialization { reason, position: None } => write!(f, "Serialization error: {reason}"),
            Self::Serialization { reason, position: Some(position) } => {
                write!(f, "Serialization error: {reason} at position {position}")
            }
            Self::DataTooShort => f.write_str("Encrypted data too short"),
            Self::EncryptFailed => f.write_str("Encryption failed: aead::Error"),
            Self::DecryptFailed => f.write_str("Decryption failed: aead::Error"),
            Self::InvalidScryptParams => f.write_str("Invalid scrypt params: invalid scrypt parameters"),
            Self::HasherFinalized => f.write_str("Digest already called"),
            Self::InvalidArgument(what) => write!(f, "Invalid argument: {what}"),
            Self::RandomUnavailable => f.write_str("Failed to generate random bytes"),
            Self::Unsupported(name) => write!(f, "Unsupported algorithm: {name}"),
            Self::UnsupportedName(name) => write!(f, "Unsupported algorithm: {name}"),
            Self::UnsupportedVersion(version) => write!(f, "Unsupported encryption version: {version}"),
            Self::MissingSalt => f.write_str("Encrypted data missing salt for password decryption"),
            Self::KeyExhausted => f.write_str("Key exhausted: it has sealed 2^32 messages"),
            Self::MemoryNotLocked => f.write_str("Memory could not be locked"),
            Self::Malformed(what) => write!(f, "Malformed data: {what}"),
            Self::InvalidProof(what) => write!(f, "Invalid proof: {what}"),
        }
    }
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddLength => f.write_str("Odd number of digits"),
            Self::InvalidCharacter { position } => write!(f, "Invalid character at position {position}"),
            Self::InvalidLength => f.write_str("Invalid string length"),
        }
    }
}

impl std::error::Error for CryptoError {}
impl std::error::Error for HexError {}

impl From<HexError> for CryptoError {
    fn from(error: HexError) -> Self {
        Self::InvalidHex(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One error of every variant, in order. The match makes a new variant fail to compile until it is listed.
    fn one_of_each() -> Vec<CryptoError> {
        let all = vec![
            CryptoError::InvalidKeyLength { expected: 32, actual: 31 },
            CryptoError::InvalidSignature,
            CryptoError::VerificationFailed,
            CryptoError::InvalidHex(HexError::InvalidCharacter { position: 3 }),
            CryptoError::Serialization { reason: "text", position: Some(5) },
            CryptoError::DataTooShort,
            CryptoError::EncryptFailed,
            CryptoError::DecryptFailed,
            CryptoError::InvalidScryptParams,
            CryptoError::HasherFinalized,
            CryptoError::InvalidArgument("length"),
            CryptoError::RandomUnavailable,
            CryptoError::Unsupported("name"),
            CryptoError::UnsupportedName("name".to_owned()),
            CryptoError::UnsupportedVersion(2),
            CryptoError::MissingSalt,
            CryptoError::KeyExhausted,
            CryptoError::MemoryNotLocked,
            CryptoError::Malformed("part"),
            CryptoError::InvalidProof("claim"),
        ];
        for error in &all {
            match error {
                CryptoError::InvalidKeyLength { .. }
                | CryptoError::InvalidSignature
                | CryptoError::VerificationFailed
                | CryptoError::InvalidHex(_)
                | CryptoError::Serialization { .. }
                | CryptoError::DataTooShort
                | CryptoError::EncryptFailed
                | CryptoError::DecryptFailed
                | CryptoError::InvalidScryptParams
                | CryptoError::HasherFinalized
                | CryptoError::InvalidArgument(_)
                | CryptoError::RandomUnavailable
                | CryptoError::Unsupported(_)
                | CryptoError::UnsupportedName(_)
                | CryptoError::UnsupportedVersion(_)
                | CryptoError::MissingSalt
                | CryptoError::KeyExhausted
                | CryptoError::MemoryNotLocked
                | CryptoError::Malformed(_)
                | CryptoError::InvalidProof(_) => {}
            }
        }
        all
    }

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let mut codes: Vec<_> = one_of_each().iter().map(CryptoError::code).collect();
        // A name of ours and a name in a record.
        codes.dedup();
        assert_eq!(codes, CryptoError::CODES);
        let mut unique = codes.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), codes.len());
    }

    #[test]
    fn texts_are_the_ones_callers_know() {
        let texts: Vec<_> = one_of_each().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "Invalid key length: expected 32, got 31",
                "Invalid signature format",
                "Signature verification failed",
                "Invalid hex encoding: Invalid character at position 3",
                "Serialization error: text at position 5",
                "Encrypted data too short",
                "Encryption failed: aead::Error",
                "Decryption failed: aead::Error",
                "Invalid scrypt params: invalid scrypt parameters",
                "Digest already called",
                "Invalid argument: length",
                "Failed to generate random bytes",
                "Unsupported algorithm: name",
                "Unsupported algorithm: name",
                "Unsupported encryption version: 2",
                "Encrypted data missing salt for password decryption",
                "Key exhausted: it has sealed 2^32 messages",
                "Memory could not be locked",
                "Malformed data: part",
                "Invalid proof: claim",
            ]
        );
        assert_eq!(
            CryptoError::Serialization { reason: "text", position: None }.to_string(),
            "Serialization error: text"
        );
        assert_eq!(HexError::OddLength.to_string(), "Odd number of digits");
        assert_eq!(HexError::InvalidLength.to_string(), "Invalid string length");
    }
}
