//! Sealing to public keys: HPKE for one recipient, and one message for several.

use std::sync::RwLock;

use chrysalis_crypto as crypto;
use crypto::hpke::{self, Aead, PublicKey, SecretKey};
use crypto::secret::SecretBytes;
use crypto::{CryptoError, recipients};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

use super::envelope::to_suite;
use super::key::Key;
use crate::python::buffer::{Data, Many, Record};
use crate::python::convert::{Number, Text, detached, to_bytes};
use crate::python::error::{Failure, Result};
use crate::python::{read, write};

const DEFAULT_AEAD: Text<'static> = Text("chacha20-poly1305");

/// Seals `plaintext` to the holder of `recipient`, an X25519 public key (HPKE, RFC 9180, base mode, `info` and `aad`
/// bound). Anybody can: the result says nothing of who did. `aead` is `chacha20-poly1305` or `aes-256-gcm`.
#[pyfunction]
#[pyo3(signature = (recipient, plaintext, info, aad, *, aead = DEFAULT_AEAD))]
pub(in crate::python) fn hpke_seal<'py>(
    py: Python<'py>,
    recipient: Data<'_>,
    plaintext: Data<'_>,
    info: Data<'_>,
    aad: Data<'_>,
    aead: Text<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (recipient, aead) = (to_public_key(&recipient)?, to_aead(&aead)?);
    let (plaintext, info, aad) = (plaintext.as_slice(), info.as_slice(), aad.as_slice());
    let sealed =
        detached(py, plaintext.len() + aad.len(), || hpke::seal(aead, &recipient, info, aad, plaintext));
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Seals one message to the holders of up to 1024 X25519 public keys, bound to `context`. Their order does not matter.
#[pyfunction]
#[pyo3(signature = (recipients, plaintext, context, *, suite = Number(1)))]
pub(in crate::python) fn seal_to<'py>(
    py: Python<'py>,
    recipients: Many,
    plaintext: Data<'_>,
    context: Data<'_>,
    suite: Number,
) -> PyResult<Bound<'py, PyBytes>> {
    let (keys, suite) = (to_public_keys(&recipients)?, to_suite(suite)?);
    let (plaintext, context) = (plaintext.as_slice(), context.as_slice());
    let sealed = py.detach(|| recipients::seal(suite, None, &keys, plaintext, context));
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Whether a public key is among the recipients of what `seal_to` gave. Nothing of it is authenticated before opening.
#[pyfunction]
pub(in crate::python) fn is_recipient(public_key: Data<'_>, sealed: Record<'_>) -> Result<bool> {
    Ok(recipients::is_recipient(&to_public_key(&public_key)?, sealed.as_slice())?)
}

/// A secret X25519 key with its public key, to which others seal. Wiped by `wipe()` and when it is collected.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct X25519KeyPair(RwLock<Option<SecretKey>>);

#[pymethods]
impl X25519KeyPair {
    #[new]
    fn new() -> Result<Self> {
        Ok(Self::of(SecretKey::make()?))
    }

    /// The key pair of 32 secret bytes.
    #[staticmethod]
    fn from_secret(secret: Key<'_, '_>) -> Result<Self> {
        let mut secret = secret.lend().with(|secret| Zeroizing::new(secret.to_vec()));
        Ok(Self::of(SecretKey::from_secret(SecretBytes::from_slice_wiping(&mut secret)?)?))
    }

    /// The key pair derived from keying material of at least 32 bytes (RFC 9180 section 7.1.3).
    #[staticmethod]
    fn derive(keying_material: Key<'_, '_>) -> Result<Self> {
        Ok(Self::of(keying_material.lend().with(SecretKey::derive)?))
    }

    /// The secret key: an explicit copy in Python's memory, which nothing wipes for you.
    fn secret_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let copy = self.with(|key| Ok(key.secret().expose(|bytes| Zeroizing::new(bytes.to_vec()))))?;
        to_bytes(py, &copy)
    }

    /// The public key, 32 bytes.
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, self.with(|key| Ok(key.public_key()))?.as_bytes())
    }

    /// Opens what `hpke_seal` sealed to this key, or, with `sender`, what that key pair sealed.
    #[pyo3(signature = (sealed, info, aad, *, aead = DEFAULT_AEAD, sender = None))]
    fn hpke_open<'py>(
        &self,
        py: Python<'py>,
        sealed: Record<'_>,
        info: Data<'_>,
        aad: Data<'_>,
        aead: Text<'_>,
        sender: Option<Data<'_>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (aead, sender) = (to_aead(&aead)?, sender.as_ref().map(to_public_key).transpose()?);
        let (sealed, info, aad) = (sealed.as_slice(), info.as_slice(), aad.as_slice());
        let opened = detached(py, sealed.len() + aad.len(), || {
            self.with(|key| match &sender {
                None => hpke::open(aead, key, info, aad, sealed),
                Some(sender) => hpke::open_from(aead, sender, key, info, aad, sealed),
            })
        });
        to_bytes(py, &opened?)
    }

    /// Seals as `hpke_seal` does, in auth mode: the recipient sees that this key pair did, and can show it to nobody else.
    #[pyo3(signature = (recipient, plaintext, info, aad, *, aead = DEFAULT_AEAD))]
    fn hpke_seal<'py>(
        &self,
        py: Python<'py>,
        recipient: Data<'_>,
        plaintext: Data<'_>,
        info: Data<'_>,
        aad: Data<'_>,
        aead: Text<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (recipient, aead) = (to_public_key(&recipient)?, to_aead(&aead)?);
        let (plaintext, info, aad) = (plaintext.as_slice(), info.as_slice(), aad.as_slice());
        let sealed = detached(py, plaintext.len() + aad.len(), || {
            self.with(|key| hpke::seal_from(aead, key, &recipient, info, aad, plaintext))
        });
        to_bytes(py, &sealed?)
    }

    /// Opens what was sealed to this key among others, or, with `sender`, what that key pair sealed.
    #[pyo3(signature = (sealed, context, *, sender = None))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        sealed: Record<'_>,
        context: Data<'_>,
        sender: Option<Data<'_>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let sender = sender.as_ref().map(to_public_key).transpose()?;
        let (sealed, context) = (sealed.as_slice(), context.as_slice());
        let opened = detached(py, sealed.len() + context.len(), || {
            self.with(|key| match &sender {
                None => recipients::open(key, sealed, context),
                Some(sender) => recipients::open_from(sender, key, sealed, context),
            })
        });
        to_bytes(py, &opened?)
    }

    /// Seals one message to several public keys as `seal_to` does, showing each recipient that this key pair did.
    #[pyo3(signature = (recipients, plaintext, context, *, suite = Number(1)))]
    fn seal_to<'py>(
        &self,
        py: Python<'py>,
        recipients: Many,
        plaintext: Data<'_>,
        context: Data<'_>,
        suite: Number,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (keys, suite) = (to_public_keys(&recipients)?, to_suite(suite)?);
        let (plaintext, context) = (plaintext.as_slice(), context.as_slice());
        let sealed =
            py.detach(|| self.with(|key| recipients::seal(suite, Some(key), &keys, plaintext, context)));
        to_bytes(py, &sealed?)
    }

    /// Wipes the secret. Every later use but `wipe` raises.
    fn wipe(&self, py: Python<'_>) {
        py.detach(|| write(&self.0).take());
    }

    fn __repr__(&self) -> &'static str {
        "X25519KeyPair([REDACTED])"
    }
}

impl X25519KeyPair {
    fn of(key: SecretKey) -> Self {
        Self(RwLock::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SecretKey) -> std::result::Result<T, CryptoError>) -> Result<T> {
        let key = read(&self.0);
        let key = key.as_ref().ok_or(CryptoError::InvalidArgument("key pair was wiped"))?;
        Ok(work(key)?)
    }
}

fn to_public_key(bytes: &Data<'_>) -> Result<PublicKey> {
    Ok(PublicKey::from_slice(bytes.as_slice())?)
}

fn to_public_keys(keys: &Many) -> Result<Vec<PublicKey>> {
    keys.as_slices().into_iter().map(|key| Ok(PublicKey::from_slice(key)?)).collect()
}

fn to_aead(name: &Text<'_>) -> Result<Aead> {
    match name.0 {
        "chacha20-poly1305" => Ok(Aead::ChaCha20Poly1305),
        "aes-256-gcm" => Ok(Aead::Aes256Gcm),
        _ => Err(CryptoError::Unsupported("aead").into()),
    }
}
