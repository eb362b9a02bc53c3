//! CNE1, the envelope in which secrets are stored.
//!
//! An envelope says in clear which cipher and which key it needs, commits to that key, and is bound to a context that
//! the caller gives again on opening: what was sealed for one place does not open in another. Every envelope has a
//! message key of its own, derived with a random 192-bit nonce, so a storage key has no message count to keep. The
//! format is laid down in `docs/encodings/envelope.md`.

mod cipher;
mod derive;
mod header;
mod password;

use std::num::NonZeroU32;

use zeroize::{Zeroize as _, Zeroizing};

pub use self::header::{Header, Suite};
pub use self::password::PasswordKdf;

pub(crate) use self::cipher::{decrypt, encrypt};
pub(crate) use self::derive::derive;
pub(crate) use self::header::Format;

use crate::aead::TAG_LENGTH;
use crate::compare::constant_time_eq;
use crate::error::CryptoError;
use crate::random;
use crate::secret::SecretBytes;
use crate::stack::{SHALLOW, scrubbed};

/// Length of a storage key.
pub const KEY_LENGTH: usize = 32;
/// Length of the random nonce.
pub const NONCE_LENGTH: usize = 24;
/// What sealing under a storage key adds to the length of a message.
pub const OVERHEAD: usize = 84;
/// The longest message: 2 GiB less the overhead.
pub const MAX_PLAINTEXT_LENGTH: usize = crate::aead::MAX_PLAINTEXT_LENGTH;

/// The number of the key in envelopes of [`seal`].
const FIRST_KEY_ID: NonZeroU32 = NonZeroU32::MIN;

/// A 32-byte key that seals envelopes, with the number by which they name it.
///
/// The key is wiped on drop and never shown. It seals with one suite and opens both.
pub struct StorageKey {
    id: NonZeroU32,
    suite: Suite,
    secret: SecretBytes,
}

impl StorageKey {
    /// Draws a new key that seals with XChaCha20-Poly1305.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make(id: NonZeroU32) -> Result<Self, CryptoError> {
        Ok(Self { id, suite: Suite::default(), secret: SecretBytes::random(KEY_LENGTH)? })
    }

    /// The key whose bytes are `secret`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless there are 32 bytes.
    pub fn from_secret(id: NonZeroU32, secret: SecretBytes) -> Result<Self, CryptoError> {
        if secret.len() != KEY_LENGTH {
            return Err(CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: secret.len() });
        }
        Ok(Self { id, suite: Suite::default(), secret })
    }

    /// The same key, sealing with `suite`.
    #[must_use]
    pub fn with_suite(self, suite: Suite) -> Self {
        Self { suite, ..self }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> NonZeroU32 {
        self.id
    }

    /// What it seals with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The bytes of the key, for wrapping it under another.
    #[must_use]
    pub fn secret(&self) -> &SecretBytes {
        &self.secret
    }

    /// Seals `plaintext`, bound to `context`. Empty plaintext and empty context are valid.
    ///
    /// # Errors
    /// [`CryptoError::EncryptFailed`] when the plaintext is over [`MAX_PLAINTEXT_LENGTH`] or there is no memory;
    /// [`CryptoError::RandomUnavailable`].
    pub fn seal(&self, plaintext: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let header = Header::for_key(self.suite, self.id);
        self.expose(|key| seal_parts(&header, key, plaintext, context, &random::array()?))
    }

    /// Opens what a key of the same bytes and number sealed with the same `context`.
    ///
    /// # Errors
    /// Those of [`Header::parse`]; [`CryptoError::DataTooShort`]; [`CryptoError::DecryptFailed`] for another key,
    /// another context or any changed byte, without saying which. An envelope that names another key, or a password,
    /// is such a case: choose the key with [`Header::parse`].
    pub fn open(&self, envelope: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let parts = Parts::of(envelope)?;
        if parts.header.key_id() != Some(self.id) || parts.header.password().is_some() {
            return Err(CryptoError::DecryptFailed);
        }
        self.expose(|key| parts.open(key, context))
    }

    pub(crate) fn expose<R>(
        &self,
        use_key: impl FnOnce(&[u8; KEY_LENGTH]) -> Result<R, CryptoError>,
    ) -> Result<R, CryptoError> {
        self.secret.expose(|bytes| use_key(exact(bytes)?))
    }
}

impl std::fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StorageKey({}, [REDACTED])", self.id)
    }
}

/// Seals `plaintext` under a bare 32-byte key, which the envelope calls number 1, bound to `context`.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`] and those of [`StorageKey::seal`].
pub fn seal(plaintext: &[u8], key: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
    seal_as(Suite::default(), FIRST_KEY_ID, plaintext, key, context)
}

/// [`seal`] with a choice of suite and key number.
///
/// # Errors
/// As [`seal`].
pub fn seal_as(
    suite: Suite,
    key_id: NonZeroU32,
    plaintext: &[u8],
    key: &[u8],
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal_parts(&Header::for_key(suite, key_id), exact(key)?, plaintext, context, &random::array()?)
}

/// Opens an envelope under a bare 32-byte key, whatever number the envelope gives it.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`] and those of [`StorageKey::open`].
pub fn open(envelope: &[u8], key: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let key = exact(key)?;
    let parts = Parts::of(envelope)?;
    if parts.header.password().is_some() {
        return Err(CryptoError::DecryptFailed);
    }
    parts.open(key, context)
}

/// Seals `plaintext` under a key made from `password` as `kdf` says, bound to `context`. Every envelope needs a `kdf`
/// of its own, which is why it is taken by value: [`PasswordKdf::make`] draws the salt.
///
/// # Errors
/// Those of [`StorageKey::seal`], and of the key derivation when there is no memory for it.
pub fn seal_with_password(
    plaintext: &[u8],
    password: &[u8],
    kdf: PasswordKdf,
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let key = kdf.derive_key(password)?;
    key.expose(|key| seal_with_derived_key(plaintext, key, kdf, context))
}

/// [`seal_with_password`] with the key that `kdf` made of the password elsewhere, such as on another thread.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`] and those of [`StorageKey::seal`].
pub fn seal_with_derived_key(
    plaintext: &[u8],
    key: &[u8],
    kdf: PasswordKdf,
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let header = Header::for_password(Suite::default(), kdf);
    seal_parts(&header, exact(key)?, plaintext, context, &random::array()?)
}

/// Opens what [`seal_with_password`] sealed. Takes the time and memory that the envelope's parameters say, within
/// the bounds of [`PasswordKdf`]. Whether the parameters are dated: [`Opened::needs_rewrap`].
///
/// # Errors
/// Those of [`StorageKey::open`]; [`CryptoError::DecryptFailed`] when the envelope has no password header.
pub fn open_with_password(envelope: &[u8], password: &[u8], context: &[u8]) -> Result<Opened, CryptoError> {
    let parts = Parts::of(envelope)?;
    let kdf = parts.header.password().ok_or(CryptoError::DecryptFailed)?;
    kdf.derive_key(password)?.expose(|key| parts.open_derived(kdf, exact(key)?, context))
}

/// [`open_with_password`] with the key that the envelope's [`Header::password`] made of the password elsewhere.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`] and those of [`open_with_password`].
pub fn open_with_derived_key(envelope: &[u8], key: &[u8], context: &[u8]) -> Result<Opened, CryptoError> {
    let key = exact(key)?;
    let parts = Parts::of(envelope)?;
    let kdf = parts.header.password().ok_or(CryptoError::DecryptFailed)?;
    parts.open_derived(kdf, key, context)
}

/// An opened message, wiped on drop, and whether it should be sealed anew.
#[derive(Eq, PartialEq)]
pub struct Opened {
    /// The message.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Whether the format, the key derivation or its cost is dated, so that it should be sealed anew.
    pub needs_rewrap: bool,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened([REDACTED], needs_rewrap: {})", self.needs_rewrap)
    }
}

/// Opens `envelope` with `from` and seals it under `to`, for the same context. The plaintext exists only inside the new
/// envelope's memory, where it is encrypted in place, and is wiped on failure. For many envelopes: [`Rewrapper`].
///
/// # Errors
/// Those of [`StorageKey::open`] and [`StorageKey::seal`].
pub fn rewrap(
    envelope: &[u8],
    from: &StorageKey,
    to: &StorageKey,
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    let nonce = random::array()?;
    scrubbed::<SHALLOW, _>(|| rewrap_with(&nonce, &mut Vec::new(), envelope, from, to, context, &mut out))?;
    Ok(out)
}

/// [`rewrap`] for many envelopes: memory is reused and randomness is drawn for many nonces at once.
///
/// Drawn nonces wait in it, so it belongs to one run over the records and must not be kept across a `fork()`.
pub struct Rewrapper<'k> {
    to: &'k StorageKey,
    aad: Vec<u8>,
    nonces: Box<[[u8; NONCE_LENGTH]; NONCES]>,
    unused: usize,
}

/// Nonces per draw: 3 KiB, which the system gives without being interrupted.
const NONCES: usize = 128;

impl<'k> Rewrapper<'k> {
    /// Seals under `to`.
    #[must_use]
    pub fn new(to: &'k StorageKey) -> Self {
        Self { to, aad: Vec::new(), nonces: Box::new([[0; NONCE_LENGTH]; NONCES]), unused: 0 }
    }

    /// Opens `envelope` with `from` and writes it, sealed anew for the same context, into `out`, which is emptied first
    /// and keeps its memory between calls.
    ///
    /// # Errors
    /// As [`rewrap`]; `out` is empty then.
    pub fn rewrap_into(
        &mut self,
        envelope: &[u8],
        from: &StorageKey,
        context: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        if self.unused == 0 {
            random::fill(self.nonces.as_flattened_mut())?;
            self.unused = NONCES;
        }
        self.unused -= 1;
        // Taken out, so that no nonce is used twice whatever happens next.
        let nonce = std::mem::replace(&mut self.nonces[self.unused], [0; NONCE_LENGTH]);
        scrubbed::<SHALLOW, _>(|| rewrap_with(&nonce, &mut self.aad, envelope, from, self.to, context, out))
    }
}

impl std::fmt::Debug for Rewrapper<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rewrapper({:?})", self.to)
    }
}

fn rewrap_with(
    nonce: &[u8; NONCE_LENGTH],
    aad: &mut Vec<u8>,
    envelope: &[u8],
    from: &StorageKey,
    to: &StorageKey,
    context: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    out.clear();
    let parts = Parts::of(envelope)?;
    if parts.header.key_id() != Some(from.id) || parts.header.password().is_some() {
        return Err(CryptoError::DecryptFailed);
    }
    let header = Header::for_key(to.suite, to.id);
    let derived = to.expose(|key| Ok(derive(key, nonce, &header.info(Format::Envelope))))?;
    out.try_reserve_exact(OVERHEAD + parts.ciphertext.len()).map_err(|_| CryptoError::EncryptFailed)?;
    header.encode(Format::Envelope, derived.commitment(), out);
    out.extend_from_slice(nonce);
    let start = out.len();
    out.extend_from_slice(parts.ciphertext);
    let data = &mut out[start..];
    let sealed = from.expose(|key| parts.decrypt(key, context, aad, data)).and_then(|()| {
        associated_data(&out[..start - NONCE_LENGTH], context, aad)?;
        encrypt(to.suite, derived.message_key(), nonce, aad, &mut out[start..])
    });
    match sealed {
        Ok(tag) => {
            out.extend_from_slice(&tag);
            Ok(())
        }
        Err(error) => {
            out.zeroize();
            Err(error)
        }
    }
}

fn seal_parts(
    header: &Header,
    key: &[u8; KEY_LENGTH],
    plaintext: &[u8],
    context: &[u8],
    nonce: &[u8; NONCE_LENGTH],
) -> Result<Vec<u8>, CryptoError> {
    if plaintext.len() > MAX_PLAINTEXT_LENGTH {
        return Err(CryptoError::EncryptFailed);
    }
    let mut out = Vec::new();
    // Reserved once and in full: growing would leave a copy of the plaintext behind.
    out.try_reserve_exact(header.length() + NONCE_LENGTH + plaintext.len() + TAG_LENGTH)
        .map_err(|_| CryptoError::EncryptFailed)?;
    let tag = scrubbed::<SHALLOW, _>(|| {
        let derived = derive(key, nonce, &header.info(Format::Envelope));
        header.encode(Format::Envelope, derived.commitment(), &mut out);
        let mut aad = Vec::new();
        associated_data(&out, context, &mut aad)?;
        out.extend_from_slice(nonce);
        let start = out.len();
        out.extend_from_slice(plaintext);
        encrypt(header.suite(), derived.message_key(), nonce, &aad, &mut out[start..])
    });
    match tag {
        Ok(tag) => {
            out.extend_from_slice(&tag);
            Ok(out)
        }
        Err(error) => {
            out.zeroize();
            Err(error)
        }
    }
}

/// An envelope taken apart.
struct Parts<'e> {
    header: Header,
    commitment: &'e [u8; 32],
    before_nonce: &'e [u8],
    nonce: &'e [u8; NONCE_LENGTH],
    ciphertext: &'e [u8],
    tag: &'e [u8; TAG_LENGTH],
}

impl<'e> Parts<'e> {
    fn of(envelope: &'e [u8]) -> Result<Self, CryptoError> {
        let (header, commitment) = Header::decode(Format::Envelope, envelope)?;
        let (before_nonce, rest) = envelope.split_at(header.length());
        let (nonce, rest) = rest.split_first_chunk().ok_or(CryptoError::DataTooShort)?;
        let (ciphertext, tag) = rest.split_last_chunk().ok_or(CryptoError::DataTooShort)?;
        if ciphertext.len() > MAX_PLAINTEXT_LENGTH {
            return Err(CryptoError::DecryptFailed);
        }
        Ok(Self { header, commitment, before_nonce, nonce, ciphertext, tag })
    }

    fn open(&self, key: &[u8; KEY_LENGTH], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut plaintext = Zeroizing::new(Vec::new());
        plaintext.try_reserve_exact(self.ciphertext.len()).map_err(|_| CryptoError::DecryptFailed)?;
        plaintext.extend_from_slice(self.ciphertext);
        scrubbed::<SHALLOW, _>(|| self.decrypt(key, context, &mut Vec::new(), &mut plaintext))?;
        Ok(plaintext)
    }

    fn open_derived(
        &self,
        kdf: &PasswordKdf,
        key: &[u8; KEY_LENGTH],
        context: &[u8],
    ) -> Result<Opened, CryptoError> {
        Ok(Opened { plaintext: self.open(key, context)?, needs_rewrap: kdf.is_weak() })
    }

    /// Decrypts `data`, a copy of the ciphertext, where it is. `aad` is scratch memory.
    fn decrypt(
        &self,
        key: &[u8; KEY_LENGTH],
        context: &[u8],
        aad: &mut Vec<u8>,
        data: &mut [u8],
    ) -> Result<(), CryptoError> {
        let derived = derive(key, self.nonce, &self.header.info(Format::Envelope));
        // Before decrypting: another key fails here, and a ciphertext made for two keys with it.
        if !constant_time_eq(derived.commitment(), self.commitment) {
            return Err(CryptoError::DecryptFailed);
        }
        associated_data(self.before_nonce, context, aad)?;
        decrypt(self.header.suite(), derived.message_key(), self.nonce, aad, data, self.tag)
    }
}

/// All bytes before the nonce, the length of the context, the context.
pub(crate) fn associated_data(
    before_nonce: &[u8],
    context: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    out.clear();
    out.try_reserve(before_nonce.len() + 8 + context.len())
        .map_err(|_| CryptoError::InvalidArgument("context is too long"))?;
    out.extend_from_slice(before_nonce);
    let length = u64::try_from(context.len()).expect("no target has lengths over 64 bits");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(context);
    Ok(())
}

pub(crate) fn exact(key: &[u8]) -> Result<&[u8; KEY_LENGTH], CryptoError> {
    key.try_into().map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: key.len() })
}

#[cfg(test)]
mod tests;
