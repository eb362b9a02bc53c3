//! The keys of a wallet, each a type of its own, and the envelopes they make. All sealing of this crate goes
//! through here and is rust-crypto's CNE1.

use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{CryptoError, envelope, mac, random};
use zeroize::Zeroizing;

/// Length of every key here.
pub const KEY_LENGTH: usize = 32;
/// Length of the salt of a password.
pub const SALT_LENGTH: usize = 16;

/// A key that wraps master keys and nothing else: what a password turns into, or what a host keeps.
pub struct WrappingKey(SecretBytes);

impl WrappingKey {
    /// A new random key, for a host to keep: in a key file, a keychain, or sealed by WebCrypto.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make() -> Result<Self, CryptoError> {
        SecretBytes::random(KEY_LENGTH).map(Self)
    }

    /// The key that a host kept. `bytes` are wiped.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless there are 32; they are wiped then, too.
    pub fn from_slice_wiping(bytes: &mut [u8]) -> Result<Self, CryptoError> {
        let actual = bytes.len();
        let key = SecretBytes::from_slice_wiping(bytes)?;
        if actual == KEY_LENGTH {
            Ok(Self(key))
        } else {
            Err(CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual })
        }
    }

    /// The key of a password, by Argon2id. Takes as long as the parameters make it, and their memory.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] for an empty password or when there is no memory for the parameters.
    pub fn derive(
        password: &[u8],
        salt: &[u8; SALT_LENGTH],
        params: Argon2Params,
    ) -> Result<Self, CryptoError> {
        if password.is_empty() {
            return Err(CryptoError::InvalidArgument("password must not be empty"));
        }
        let mut key = kdf::argon2id_derive_key(password, salt, params, KEY_LENGTH)?;
        Self::from_slice_wiping(&mut key)
    }

    /// Lets the host see the 32 bytes, to keep them.
    pub fn expose<R>(&self, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
        self.0.expose(use_bytes)
    }

    pub(crate) fn wrap(&self, master: &MasterKey, context: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.expose(|key| master.0.expose(|master| envelope::seal(master, key, context)))
    }

    pub(crate) fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<MasterKey, CryptoError> {
        let mut master = self.0.expose(|key| envelope::open(wrapped, key, context))?;
        let actual = master.len();
        if actual != KEY_LENGTH {
            return Err(CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual });
        }
        SecretBytes::from_slice_wiping(&mut master).map(MasterKey)
    }
}

impl std::fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WrappingKey([REDACTED])")
    }
}

/// The random key under which a wallet's entries and settings are sealed.
pub(crate) struct MasterKey(SecretBytes);

impl MasterKey {
    pub(crate) fn make() -> Result<Self, CryptoError> {
        SecretBytes::random(KEY_LENGTH).map(Self)
    }

    pub(crate) fn seal(&self, plaintext: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.expose(|key| envelope::seal(plaintext, key, context))
    }

    pub(crate) fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.0.expose(|key| envelope::open(sealed, key, context))
    }

    /// Whether both are the same key; in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// HMAC-SHA-256 of `data` under a key of its own.
    pub(crate) fn mac(&self, data: &[u8]) -> Result<[u8; 32], CryptoError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        self.0.expose(|master| kdf::hkdf_sha256_into(master, b"", &[b"wallet/2/mac"], &mut key[..]))?;
        Ok(mac::hmac_sha256(&key[..], data))
    }

    #[cfg(any(unix, windows))]
    /// The Ed25519 key that signs the audit trail of this wallet.
    pub(crate) fn derive_audit_seed(&self) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mut seed = Zeroizing::new([0; 32]);
        self.0.expose(|master| kdf::hkdf_sha256_into(master, b"", &[b"wallet/2/audit"], &mut seed[..]))?;
        Ok(seed)
    }
}

/// A new salt for a password.
pub(crate) fn make_salt() -> Result<[u8; SALT_LENGTH], CryptoError> {
    random::array()
}
