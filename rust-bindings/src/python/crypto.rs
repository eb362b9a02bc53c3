//! `memory_system._rust.crypto`: the functions of rust-crypto under their contract's names.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrysalis_crypto as crypto;
use crypto::ed25519::SigningKey;
use crypto::secret::SecretBytes;
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString};
use pyo3::{PyTypeInfo, type_hint_identifier, type_hint_union};
use zeroize::Zeroizing;

use super::convert::{Data, Length, detached, to_bytes, to_text};
use super::error::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// A hash function. The numbers are fixed; 3, 4 and 5 belong to SHA-3, which is not offered.
#[pyclass(eq, eq_int, frozen, hash, from_py_object, module = "memory_system._rust.crypto")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256 = 0,
    /// SHA-384, 48 bytes.
    Sha384 = 1,
    /// SHA-512, 64 bytes.
    Sha512 = 2,
    /// BLAKE3 without a key, 32 bytes.
    Blake3 = 6,
}

/// A [`HashAlgorithm`] or its number.
pub(super) struct Algorithm(crypto::hash::HashAlgorithm);

impl<'a, 'py> FromPyObject<'a, 'py> for Algorithm {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_union!(HashAlgorithm::TYPE_HINT, type_hint_identifier!("builtins", "int"));

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let number = if let Ok(known) = object.extract::<HashAlgorithm>() {
            known as u32
        } else if object.is_instance_of::<PyInt>() {
            // A number no algorithm can have is as unknown as any other.
            object.extract().unwrap_or(u32::MAX)
        } else {
            return Err(PyTypeError::new_err("algorithm must be a HashAlgorithm or its number"));
        };
        Ok(Self(number.try_into().map_err(Failure::from)?))
    }
}

/// The digest of `data`.
#[pyfunction]
pub(super) fn hash<'py>(
    py: Python<'py>,
    data: Data<'_>,
    algorithm: Algorithm,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::hash(data, algorithm.0)))
}

/// The digest of `data` in lower-case hexadecimal.
#[pyfunction]
pub(super) fn hash_hex(py: Python<'_>, data: Data<'_>, algorithm: Algorithm) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::hash_hex(data, algorithm.0))
}

/// SHA-384 of `data`, 48 bytes.
#[pyfunction]
pub(super) fn sha384<'py>(py: Python<'py>, data: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::sha384(data)))
}

/// SHA-384 of `data`, 96 hexadecimal characters.
#[pyfunction]
pub(super) fn sha384_hex(py: Python<'_>, data: Data<'_>) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::sha384_hex(data))
}

/// BLAKE3 of `data` without a key, 32 bytes.
#[pyfunction]
pub(super) fn blake3_hash<'py>(py: Python<'py>, data: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::blake3_hash(data)))
}

/// BLAKE3 of `data` without a key, 64 hexadecimal characters.
#[pyfunction]
pub(super) fn blake3_hex(py: Python<'_>, data: Data<'_>) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::blake3_hex(data))
}

/// Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).
///
/// Raises `CryptoError` with `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a
/// point of the curve.
#[pyfunction]
pub(super) fn ed25519_verify(
    py: Python<'_>,
    public_key: Data<'_>,
    message: Data<'_>,
    signature: Data<'_>,
) -> Result<bool> {
    let (public_key, message, signature) = (public_key.as_slice(), message.as_slice(), signature.as_slice());
    Ok(detached(py, message.len(), || crypto::ed25519::verify(public_key, message, signature))?)
}

/// `ed25519_verify` with key and signature in hexadecimal; `INVALID_HEX` as well.
#[pyfunction]
pub(super) fn ed25519_verify_hex(
    py: Python<'_>,
    public_key_hex: &str,
    message: Data<'_>,
    signature_hex: &str,
) -> Result<bool> {
    let message = message.as_slice();
    Ok(detached(py, message.len(), || crypto::ed25519::verify_hex(public_key_hex, message, signature_hex))?)
}

/// SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
#[pyfunction]
pub(super) fn compute_agent_fingerprint(agent_id: &str, name: &str, created_at: &str) -> String {
    crypto::fingerprint::compute_agent_fingerprint(agent_id, name, created_at)
}

/// BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
#[pyfunction]
pub(super) fn compute_state_hash(py: Python<'_>, state_json: &str) -> String {
    detached(py, state_json.len(), || crypto::fingerprint::compute_state_hash(state_json))
}

/// Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
#[pyfunction]
pub(super) fn constant_time_eq(py: Python<'_>, a: Data<'_>, b: Data<'_>) -> bool {
    let (a, b) = (a.as_slice(), b.as_slice());
    detached(py, a.len(), || crypto::compare::constant_time_eq(a, b))
}

/// `length` random bytes from the system's generator, at most 2^30.
#[pyfunction]
pub(super) fn random_bytes<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = detached(py, length.0, || crypto::random::bytes(length.0).map(Zeroizing::new));
    to_bytes(py, &bytes.map_err(Failure::from)?)
}

/// `length` random bytes as `2 * length` hexadecimal characters.
#[pyfunction]
pub(super) fn random_hex<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::random_hex)
}

/// A token of `length` random bytes, as `2 * length` hexadecimal characters.
#[pyfunction]
pub(super) fn generate_token<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token)
}

/// A token of `length` random bytes in standard base64 with padding.
#[pyfunction]
pub(super) fn generate_token_base64<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token_base64)
}

/// A token of `length` random bytes in the URL alphabet of base64, without padding.
#[pyfunction]
pub(super) fn generate_token_base64url<'py>(
    py: Python<'py>,
    length: Length,
) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token_base64url)
}

/// A 32-byte key: bytes, or a `SecureBuffer` that is used where it is.
pub(super) enum Key<'a, 'py> {
    Bytes(Data<'a>),
    Secure(Borrowed<'a, 'py, SecureBuffer>),
}

impl Key<'_, '_> {
    /// What the work needs of it; sent along into a detached section.
    fn lend(&self) -> Lent<'_> {
        match self {
            Self::Bytes(bytes) => Lent::Bytes(bytes.as_slice()),
            Self::Secure(buffer) => Lent::Secure(buffer.get()),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Key<'a, 'py> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(Data::INPUT_TYPE, SecureBuffer::TYPE_HINT);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<SecureBuffer>() {
            Ok(buffer) => Ok(Self::Secure(buffer)),
            Err(_) => Ok(Self::Bytes(object.extract()?)),
        }
    }
}

enum Lent<'a> {
    Bytes(&'a [u8]),
    Secure(&'a SecureBuffer),
}

impl Lent<'_> {
    fn with<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Bytes(bytes) => work(bytes),
            Self::Secure(buffer) => lock(&buffer.0).expose(work),
        }
    }
}

/// Seals `data` under a 32-byte key: nonce (24), ciphertext, tag (16), with a fresh random nonce.
///
/// `aad` is authenticated and not part of the output; opening needs the same bytes.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Borrowed(b"")))]
pub(super) fn xchacha20poly1305_encrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (data, key, aad) = (data.as_slice(), key.lend(), aad.as_slice());
    let sealed = detached(py, data.len() + aad.len(), || {
        key.with(|key| crypto::aead::xchacha20poly1305_encrypt(data, key, aad))
    });
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.
///
/// Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 40 bytes.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Borrowed(b"")))]
pub(super) fn xchacha20poly1305_decrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (data, key, aad) = (data.as_slice(), key.lend(), aad.as_slice());
    let opened = detached(py, data.len() + aad.len(), || {
        key.with(|key| crypto::aead::xchacha20poly1305_decrypt(data, key, aad)).map(Zeroizing::new)
    });
    to_bytes(py, &opened.map_err(Failure::from)?)
}

/// What a checked proof says: who wrote which record, and where in its journal.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(super) struct VerifiedRecord(crypto::proof::VerifiedRecord);

/// Checks an exported record proof.
///
/// A proof shows that the holder of the author's key committed to this record; it does not show that what the record
/// says is true. Raises `CryptoError` with `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that
/// does not hold.
#[pyfunction]
pub(super) fn verify_record_proof(py: Python<'_>, proof: Data<'_>) -> Result<VerifiedRecord> {
    let proof = proof.as_slice();
    Ok(VerifiedRecord(detached(py, proof.len(), || crypto::proof::verify(proof))?))
}

#[pymethods]
impl VerifiedRecord {
    /// The author's public key, 64 hexadecimal characters.
    #[getter]
    fn author(&self) -> String {
        crypto::hex::encode(&self.0.proof.commit.writer.key)
    }

    /// Which of the author's journals.
    #[getter]
    fn incarnation(&self) -> u64 {
        self.0.proof.commit.writer.incarnation
    }

    /// The record's number in that journal.
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    /// The record's id: its leaf, 64 hexadecimal characters.
    #[getter]
    fn leaf(&self) -> String {
        crypto::hex::encode(&self.0.leaf)
    }

    /// The hash of the commit, 64 hexadecimal characters.
    #[getter]
    fn commit_hash(&self) -> String {
        crypto::hex::encode(&self.0.commit_hash)
    }

    /// What kind of record it is; 1 remembers.
    #[getter]
    fn kind(&self) -> u16 {
        self.0.proof.record.kind
    }

    /// The namespace's id, 32 hexadecimal characters.
    #[getter]
    fn namespace(&self) -> String {
        crypto::hex::encode(&self.0.proof.record.namespace)
    }

    /// The namespace's key epoch; 0 is plain.
    #[getter]
    fn key_epoch(&self) -> u32 {
        self.0.proof.record.key_epoch
    }

    /// Milliseconds since 1970 of the record's hybrid time.
    #[getter]
    fn time_ms(&self) -> u64 {
        self.0.proof.record.time >> 16
    }

    /// The logical part of the record's hybrid time.
    #[getter]
    fn time_logical(&self) -> u64 {
        self.0.proof.record.time & 0xffff
    }

    /// The record's content.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.0.proof.content)
    }

    fn __repr__(&self) -> String {
        format!(
            "VerifiedRecord(author='{}', sequence={}, leaf='{}')",
            self.author(),
            self.0.sequence,
            self.leaf()
        )
    }
}

/// A hash of data that arrives in pieces; how it was cut does not change the digest.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(super) struct IncrementalHasher(Mutex<crypto::hash::IncrementalHasher>);

#[pymethods]
impl IncrementalHasher {
    #[new]
    fn new(algorithm: Algorithm) -> Self {
        Self(Mutex::new(crypto::hash::IncrementalHasher::new(algorithm.0)))
    }

    /// Takes in the next piece. Raises `HASHER_FINALIZED` after the digest was taken.
    fn update(&self, py: Python<'_>, data: Data<'_>) -> Result<()> {
        let data = data.as_slice();
        Ok(detached(py, data.len(), || lock(&self.0).update(data))?)
    }

    /// The digest of everything taken in. Afterwards every use but `reset` raises `HASHER_FINALIZED`.
    fn finalize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let digest = lock(&self.0).finalize().map_err(Failure::from)?;
        to_bytes(py, &digest)
    }

    /// `finalize` in lower-case hexadecimal.
    fn finalize_hex(&self) -> Result<String> {
        Ok(lock(&self.0).finalize_hex()?)
    }

    /// A hasher that has seen the same data and goes on independently.
    fn clone(&self) -> Self {
        Self(Mutex::new(lock(&self.0).clone()))
    }

    /// Forgets everything taken in; a finished hasher becomes usable again.
    fn reset(&self) {
        lock(&self.0).reset();
    }
}

/// A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when it is collected.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(super) struct Ed25519KeyPair(Mutex<Option<SigningKey>>);

#[pymethods]
impl Ed25519KeyPair {
    #[new]
    fn new() -> Result<Self> {
        Ok(Self::of(SigningKey::make()?))
    }

    /// The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
    #[staticmethod]
    fn from_secret(secret: Key<'_, '_>) -> Result<Self> {
        Ok(Self::of(secret.lend().with(SigningKey::from_secret)?))
    }

    /// The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
    #[staticmethod]
    fn from_pkcs8(der: Key<'_, '_>) -> Result<Self> {
        Ok(Self::of(der.lend().with(SigningKey::from_pkcs8)?))
    }

    /// The 32-byte seed: an explicit copy of the secret in Python's memory, which nothing wipes for you.
    fn secret_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &*self.with(SigningKey::to_seed)?)
    }

    /// The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
    fn to_pkcs8<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &*self.with(SigningKey::to_pkcs8)?)
    }

    /// The public key, 32 bytes.
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.with(SigningKey::public_key)?)
    }

    /// The public key, 64 hexadecimal characters.
    fn public_key_hex(&self) -> Result<String> {
        self.with(SigningKey::public_key_hex)
    }

    /// The signature of `message`, 64 bytes; the same key and message always give the same signature.
    fn sign<'py>(&self, py: Python<'py>, message: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let message = message.as_slice();
        to_bytes(py, &detached(py, message.len(), || self.with(|key| key.sign(message)))?)
    }

    /// `sign` as 128 hexadecimal characters.
    fn sign_hex(&self, py: Python<'_>, message: Data<'_>) -> Result<String> {
        let message = message.as_slice();
        detached(py, message.len(), || self.with(|key| key.sign_hex(message)))
    }

    /// Wipes the secret. Every later use but `wipe` raises.
    fn wipe(&self) {
        lock(&self.0).take();
    }

    fn __repr__(&self) -> &'static str {
        "Ed25519KeyPair([REDACTED])"
    }
}

impl Ed25519KeyPair {
    fn of(key: SigningKey) -> Self {
        Self(Mutex::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SigningKey) -> T) -> Result<T> {
        let key = lock(&self.0);
        let key = key.as_ref().ok_or(crypto::CryptoError::InvalidArgument("key pair was wiped"))?;
        Ok(work(key))
    }
}

/// Secret bytes of a fixed length, outside Python's memory, wiped by `wipe()` and when collected, never printed.
#[pyclass(eq, frozen, module = "memory_system._rust.crypto")]
pub(super) struct SecureBuffer(Mutex<SecretBytes>);

#[pymethods]
impl SecureBuffer {
    /// `length` zero bytes.
    #[new]
    fn new(length: Length) -> Result<Self> {
        Ok(Self::of(SecretBytes::zeroed(length.0)?))
    }

    /// `length` random bytes.
    #[staticmethod]
    fn random(length: Length) -> Result<Self> {
        Ok(Self::of(SecretBytes::random(length.0)?))
    }

    /// A copy of `data`, which the caller should then overwrite.
    #[staticmethod]
    fn copy_of(data: Data<'_>) -> Result<Self> {
        let data = data.as_slice();
        let mut secret = SecretBytes::zeroed(data.len())?;
        secret.expose_mut(|target| target.copy_from_slice(data));
        Ok(Self::of(secret))
    }

    /// An explicit copy of the secret in Python's memory, which nothing wipes for you.
    fn expose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        lock(&self.0).expose(|bytes| to_bytes(py, bytes))
    }

    /// Overwrites the bytes and leaves the buffer empty.
    fn wipe(&self) {
        lock(&self.0).wipe();
    }

    fn __len__(&self) -> usize {
        lock(&self.0).len()
    }

    fn __repr__(&self) -> &'static str {
        "SecureBuffer([REDACTED])"
    }
}

impl SecureBuffer {
    fn of(secret: SecretBytes) -> Self {
        Self(Mutex::new(secret))
    }
}

impl PartialEq for SecureBuffer {
    /// In constant time for equal lengths.
    fn eq(&self, other: &Self) -> bool {
        // One lock for one object: locking it twice would wait for ever.
        std::ptr::eq(self, other) || {
            let ours = lock(&self.0).expose(|bytes| Zeroizing::new(bytes.to_vec()));
            lock(&other.0).expose(|theirs| crypto::compare::constant_time_eq(&ours, theirs))
        }
    }
}

fn random_text<'py>(
    py: Python<'py>,
    length: Length,
    make: impl FnOnce(usize) -> std::result::Result<String, crypto::CryptoError> + Send,
) -> PyResult<Bound<'py, PyString>> {
    let Length(length) = length;
    // Text is built by infallible allocation, so room for bytes and text is proved first.
    if length <= crypto::random::MAX_LENGTH && Vec::<u8>::new().try_reserve_exact(length * 4).is_err() {
        return Err(Failure::from(crypto::CryptoError::InvalidArgument(
            "length is more than there is memory for",
        ))
        .into());
    }
    let text = detached(py, length, || make(length).map(Zeroizing::new));
    to_text(py, &text.map_err(Failure::from)?)
}

/// Locks are held for one operation and never while waiting for the interpreter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
