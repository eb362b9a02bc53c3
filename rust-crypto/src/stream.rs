//! CNS1: sealing data that is too large to hold, in chunks of 64 KiB.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance, CRYPTO 2015) under the header of the [envelope](crate::envelope): every chunk is authenticated with
//! its number and with whether it is the last, so that chunks can be neither moved, dropped nor added, and the stream
//! cannot be cut. The header commits to the key, and all chunks are bound to the caller's context.
//!
//! Plaintext is given out chunk by chunk, before the end of the stream has been seen: each piece is what was sealed at
//! that place, and only [`StreamOpener::finish`] says that nothing is missing. The format is laid down in
//! `docs/encodings/envelope.md`.

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::TAG_LENGTH;
use crate::compare::constant_time_eq;
use crate::envelope::{Format, Header, KEY_LENGTH, NONCE_LENGTH, PasswordKdf, StorageKey, Suite};
use crate::envelope::{associated_data, decrypt, derive, encrypt, exact};
use crate::error::CryptoError;
use crate::random;
use crate::secret::SecretBytes;
use crate::stack::{SHALLOW, scrubbed};

/// Plaintext bytes of every chunk but the last, which may have fewer.
pub const CHUNK_LENGTH: usize = 1 << 16;
/// Ciphertext bytes of a whole chunk.
const SEALED_CHUNK: usize = CHUNK_LENGTH + TAG_LENGTH;

/// Length of the stream that `plaintext_length` bytes become under a storage key; `None` beyond the longest stream,
/// 2^32 chunks.
#[must_use]
pub fn sealed_length(plaintext_length: u64) -> Option<u64> {
    const CHUNK: u64 = 1 << 16;
    let chunks = plaintext_length.div_ceil(CHUNK).max(1);
    (chunks <= 1 << 32).then(|| 68 + plaintext_length + 16 * chunks)
}

/// Seals a stream. Holds one chunk of plaintext, which is wiped.
pub struct StreamSealer {
    cipher: ChunkCipher,
    /// Plaintext not yet sealed: it might be the last chunk. Never grows beyond a chunk.
    pending: Zeroizing<Vec<u8>>,
    failed: bool,
}

impl StreamSealer {
    /// Begins a stream under `key`, bound to `context`, and appends its header to `out`.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`]; [`CryptoError::EncryptFailed`] when there is no memory for a chunk.
    pub fn new(key: &StorageKey, context: &[u8], out: &mut Vec<u8>) -> Result<Self, CryptoError> {
        let header = Header::for_key(key.suite(), key.id());
        key.expose(|key| Self::begin(&header, key, context, &random::array()?, out))
    }

    /// [`new`](Self::new) under a key made from `password` as `kdf` says. Takes the time and memory that it says.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) and [`PasswordKdf::derive_key`].
    pub fn with_password(
        password: &[u8],
        kdf: PasswordKdf,
        context: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Self, CryptoError> {
        let key = kdf.derive_key(password)?;
        let header = Header::for_password(Suite::default(), kdf);
        key.expose(|key| Self::begin(&header, exact(key)?, context, &random::array()?, out))
    }

    /// Seals the next bytes, appending to `out` the chunks that are full.
    ///
    /// # Errors
    /// [`CryptoError::EncryptFailed`] when there is no memory for the result or the stream is over 2^32 chunks. The
    /// stream cannot be continued then.
    pub fn update(&mut self, mut data: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        if self.failed {
            return Err(CryptoError::EncryptFailed);
        }
        while !data.is_empty() {
            // A full chunk waits until it is known not to be the last.
            if self.pending.len() == CHUNK_LENGTH {
                self.seal_pending(false, out)?;
            }
            let (now, later) = data.split_at(data.len().min(CHUNK_LENGTH - self.pending.len()));
            self.pending.extend_from_slice(now);
            data = later;
        }
        Ok(())
    }

    /// Seals the last chunk and ends the stream. A stream may be empty.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), CryptoError> {
        if self.failed {
            return Err(CryptoError::EncryptFailed);
        }
        self.seal_pending(true, out)
    }

    fn begin(
        header: &Header,
        key: &[u8; KEY_LENGTH],
        context: &[u8],
        nonce: &[u8; NONCE_LENGTH],
        out: &mut Vec<u8>,
    ) -> Result<Self, CryptoError> {
        let mut pending = Zeroizing::new(Vec::new());
        pending.try_reserve_exact(CHUNK_LENGTH).map_err(|_| CryptoError::EncryptFailed)?;
        let start = out.len();
        out.try_reserve(header.length() + NONCE_LENGTH).map_err(|_| CryptoError::EncryptFailed)?;
        let (cipher, commitment) = ChunkCipher::new(header, key, nonce)?;
        header.encode(Format::Stream, &commitment, out);
        let cipher = cipher.bound_to(&out[start..], context)?;
        out.extend_from_slice(nonce);
        Ok(Self { cipher, pending, failed: false })
    }

    fn seal_pending(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.failed = true;
        let sealed = self.pending.len() + TAG_LENGTH;
        out.try_reserve(sealed).map_err(|_| CryptoError::EncryptFailed)?;
        let tag = self.cipher.encrypt(last, &mut self.pending)?;
        out.extend_from_slice(&self.pending);
        out.extend_from_slice(&tag);
        // What is left in the buffer is ciphertext.
        self.pending.clear();
        self.failed = false;
        Ok(())
    }
}

/// Opens a stream. Holds one chunk.
pub struct StreamOpener {
    state: State,
    /// Bytes not yet used: of the header, or of a chunk that might be the last. Never more than a sealed chunk.
    pending: Zeroizing<Vec<u8>>,
}

/// Where an opener is. It is moved about, so it holds secrets only by reference: a move leaves a copy behind.
enum State {
    Header { opening: Opening, context: Vec<u8> },
    Chunks(Box<ChunkCipher>),
    Failed,
}

enum Opening {
    Key { id: u32, key: SecretBytes },
    Password(SecretBytes),
}

impl StreamOpener {
    /// Will open a stream sealed under `key` for `context`. Both are copied; the copy of the key is wiped.
    ///
    /// # Errors
    /// [`CryptoError::DecryptFailed`] when there is no memory for a chunk.
    pub fn new(key: &StorageKey, context: &[u8]) -> Result<Self, CryptoError> {
        let id = key.id().get();
        Self::begin(Opening::Key { id, key: key.expose(|key| copy(key))? }, context)
    }

    /// Will open a stream sealed under `password` for `context`. The header decides, within bounds, what time and
    /// memory that takes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_password(password: &[u8], context: &[u8]) -> Result<Self, CryptoError> {
        Self::begin(Opening::Password(copy(password)?), context)
    }

    /// Takes the next bytes of the stream, however they are cut, and appends to `plaintext` the chunks that are complete
    /// and authentic. A chunk is held back until it is known whether it is the last.
    ///
    /// `plaintext` grows by at most the length of `data` and one chunk; its memory is the caller's to wipe.
    ///
    /// # Errors
    /// As [`StorageKey::open`]. The stream cannot be continued after an error, and what was given out before is
    /// incomplete.
    pub fn update(&mut self, mut data: &[u8], plaintext: &mut Vec<u8>) -> Result<(), CryptoError> {
        let mut state = std::mem::replace(&mut self.state, State::Failed);
        while !data.is_empty() {
            state = match state {
                State::Failed => return Err(CryptoError::DecryptFailed),
                State::Header { opening, context } => self.take_header(opening, context, &mut data)?,
                State::Chunks(mut cipher) => {
                    if self.pending.len() == SEALED_CHUNK {
                        self.open_pending(&mut cipher, false, plaintext)?;
                    }
                    self.take(&mut data, SEALED_CHUNK);
                    State::Chunks(cipher)
                }
            };
        }
        self.state = state;
        Ok(())
    }

    /// Opens the last chunk. Only when this succeeds was the stream whole.
    ///
    /// # Errors
    /// As [`StorageKey::open`]; a stream that was cut is [`CryptoError::DataTooShort`] or
    /// [`CryptoError::DecryptFailed`].
    pub fn finish(mut self, plaintext: &mut Vec<u8>) -> Result<(), CryptoError> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Failed => Err(CryptoError::DecryptFailed),
            State::Header { .. } => Err(CryptoError::DataTooShort),
            State::Chunks(mut cipher) => self.open_pending(&mut cipher, true, plaintext),
        }
    }

    fn begin(opening: Opening, context: &[u8]) -> Result<Self, CryptoError> {
        let mut pending = Zeroizing::new(Vec::new());
        pending.try_reserve_exact(SEALED_CHUNK).map_err(|_| CryptoError::DecryptFailed)?;
        Ok(Self { state: State::Header { opening, context: context.to_vec() }, pending })
    }

    /// Moves bytes from `data` until `limit` are pending.
    fn take(&mut self, data: &mut &[u8], limit: usize) {
        let (now, later) = data.split_at(data.len().min(limit - self.pending.len()));
        self.pending.extend_from_slice(now);
        *data = later;
    }

    fn take_header(
        &mut self,
        opening: Opening,
        context: Vec<u8>,
        data: &mut &[u8],
    ) -> Result<State, CryptoError> {
        // Byte by byte, as the header says its own length only at its end.
        while !data.is_empty() {
            let needed = match Header::decode(Format::Stream, &self.pending) {
                Ok((header, _)) => header.length() + NONCE_LENGTH,
                Err(CryptoError::DataTooShort) => self.pending.len() + 1,
                Err(error) => return Err(error),
            };
            if self.pending.len() < needed {
                self.take(data, needed);
            }
            if let Some(cipher) = self.cipher(&opening, &context)? {
                self.pending.clear();
                return Ok(State::Chunks(Box::new(cipher)));
            }
        }
        Ok(State::Header { opening, context })
    }

    /// The cipher, once the whole header is pending.
    fn cipher(&self, opening: &Opening, context: &[u8]) -> Result<Option<ChunkCipher>, CryptoError> {
        let (header, commitment) = match Header::decode(Format::Stream, &self.pending) {
            Ok(decoded) => decoded,
            Err(CryptoError::DataTooShort) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (before_nonce, nonce) = self.pending.split_at(header.length());
        let Ok(nonce) = nonce.try_into() else {
            return Ok(None);
        };
        let derived;
        let key = match (opening, header.password()) {
            (Opening::Key { id, key }, None) if header.key_id().is_some_and(|named| named.get() == *id) => {
                key
            }
            (Opening::Password(password), Some(kdf)) => {
                derived = password.expose(|password| kdf.derive_key(password))?;
                &derived
            }
            _ => return Err(CryptoError::DecryptFailed),
        };
        let (cipher, expected) = key.expose(|key| ChunkCipher::new(&header, exact(key)?, nonce))?;
        if !constant_time_eq(&expected, commitment) {
            return Err(CryptoError::DecryptFailed);
        }
        cipher.bound_to(before_nonce, context).map(Some)
    }

    fn open_pending(
        &mut self,
        cipher: &mut ChunkCipher,
        last: bool,
        plaintext: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        let (data, tag) =
            self.pending.split_last_chunk_mut::<TAG_LENGTH>().ok_or(CryptoError::DataTooShort)?;
        plaintext.try_reserve(data.len()).map_err(|_| CryptoError::DecryptFailed)?;
        cipher.decrypt(last, data, tag)?;
        plaintext.extend_from_slice(data);
        self.pending.as_mut_slice().zeroize();
        self.pending.clear();
        Ok(())
    }
}

/// The key of a stream and the number of its next chunk.
struct ChunkCipher {
    suite: Suite,
    key: SecretBytes,
    /// 19 random bytes, the chunk's number, whether it is the last.
    nonce: [u8; NONCE_LENGTH],
    /// `None` after the last number.
    number: Option<u32>,
    /// Digest of everything the chunks are bound to.
    bound: [u8; 32],
}

impl ChunkCipher {
    fn new(
        header: &Header,
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
    ) -> Result<(Self, [u8; 32]), CryptoError> {
        let mut message_key = SecretBytes::zeroed(KEY_LENGTH)?;
        let commitment = scrubbed::<SHALLOW, _>(|| {
            let derived = derive(key, nonce, &header.info(Format::Stream));
            message_key.expose_mut(|key| key.copy_from_slice(derived.message_key()));
            *derived.commitment()
        });
        let suite = header.suite();
        let cipher = Self { suite, key: message_key, nonce: *nonce, number: Some(0), bound: [0; 32] };
        Ok((cipher, commitment))
    }

    fn bound_to(self, before_nonce: &[u8], context: &[u8]) -> Result<Self, CryptoError> {
        let mut data = Vec::new();
        associated_data(before_nonce, context, &mut data)?;
        Ok(Self { bound: Sha256::digest(&data).into(), ..self })
    }

    fn encrypt(&mut self, last: bool, data: &mut [u8]) -> Result<[u8; TAG_LENGTH], CryptoError> {
        let nonce = self.next_nonce(last).ok_or(CryptoError::EncryptFailed)?;
        self.key.expose(|key| {
            let key = exact(key)?;
            scrubbed::<SHALLOW, _>(|| encrypt(self.suite, key, &nonce, &self.bound, data))
        })
    }

    fn decrypt(&mut self, last: bool, data: &mut [u8], tag: &[u8; TAG_LENGTH]) -> Result<(), CryptoError> {
        let first = self.number == Some(0);
        let nonce = self.next_nonce(last).ok_or(CryptoError::DecryptFailed)?;
        self.key.expose(|key| {
            let key = exact(key)?;
            scrubbed::<SHALLOW, _>(|| decrypt(self.suite, key, &nonce, &self.bound, data, tag))
        })?;
        // One stream for every plaintext: a last chunk is empty only when everything is.
        if data.is_empty() && !first { Err(CryptoError::DecryptFailed) } else { Ok(()) }
    }

    fn next_nonce(&mut self, last: bool) -> Option<[u8; NONCE_LENGTH]> {
        let number = self.number?;
        self.number = number.checked_add(1);
        let mut nonce = self.nonce;
        nonce[19..23].copy_from_slice(&number.to_be_bytes());
        nonce[23] = u8::from(last);
        Some(nonce)
    }
}

fn copy(secret: &[u8]) -> Result<SecretBytes, CryptoError> {
    let mut copy = SecretBytes::zeroed(secret.len())?;
    copy.expose_mut(|copy| copy.copy_from_slice(secret));
    Ok(copy)
}

impl std::fmt::Debug for StreamSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamSealer([REDACTED])")
    }
}

impl std::fmt::Debug for StreamOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamOpener([REDACTED])")
    }
}

#[cfg(test)]
mod tests;
