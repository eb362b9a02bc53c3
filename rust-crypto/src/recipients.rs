//! CNR1: one message sealed to several public keys.
//!
//! The message is a CNE1 [envelope](crate::envelope) under a random content key, and the content key is sealed to every
//! recipient with [HPKE](crate::hpke). Each recipient finds its part by the digest of its public key, and with it a
//! digest of the message, so that another recipient, who knows the content key too, cannot put a message of its own
//! under the sender's name. The list of recipients is bound as well, and shown to everyone: a reader learns how many there
//! are, and whether a public key it knows is among them. The format is laid down in `docs/encodings/envelope.md`.

use zeroize::Zeroizing;

use crate::compare::constant_time_eq;
use crate::envelope::{self, StorageKey, Suite};
use crate::error::CryptoError;
use crate::hpke::{self, Aead, PublicKey, SecretKey};
use crate::secret::SecretBytes;
use crate::stack::{DEEP, scrubbed};

/// The most recipients of one message.
pub const MAX_RECIPIENTS: usize = 1024;

const MAGIC: &[u8; 4] = b"CNR1";
const PREFIX: usize = 8;
const ID: usize = 16;
/// What is sealed to each recipient: content key and digest of the message.
const SECRET: usize = envelope::KEY_LENGTH + 32;
const ENTRY: usize = ID + SECRET + hpke::OVERHEAD;
const ID_CONTEXT: &str = "chrysalis 2026-11-20 recipient id v1";
const DIGEST_CONTEXT: &str = "chrysalis 2026-11-20 recipients message digest v1";

/// Seals `plaintext` to all of `recipients`, bound to `context`. Anybody can: the result says nothing of who did.
///
/// The order of the recipients does not matter. Costs two scalar multiplications for each.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] when there are none, more than [`MAX_RECIPIENTS`], the same one twice, or a public
/// key of small order; [`CryptoError::EncryptFailed`] when the plaintext is over 2 GiB − 84 or there is no memory;
/// [`CryptoError::RandomUnavailable`].
pub fn seal_to(recipients: &[PublicKey], plaintext: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
    seal(Suite::default(), None, recipients, plaintext, context)
}

/// [`seal_to`], showing each recipient that `sender` sealed it.
///
/// # Errors
/// As [`seal_to`].
pub fn seal_to_from(
    sender: &SecretKey,
    recipients: &[PublicKey],
    plaintext: &[u8],
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal(Suite::default(), Some(sender), recipients, plaintext, context)
}

/// [`seal_to`], or [`seal_to_from`] when there is a `sender`, with a choice of ciphers: [`Suite::Xaes256Gcm`] takes
/// AES-256-GCM for the content keys too.
///
/// # Errors
/// As [`seal_to`].
pub fn seal(
    suite: Suite,
    sender: Option<&SecretKey>,
    recipients: &[PublicKey],
    plaintext: &[u8],
    context: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
        return Err(CryptoError::InvalidArgument("recipients must be between 1 and 1024"));
    }
    let mut entries: Vec<([u8; ID], &PublicKey)> = Vec::with_capacity(recipients.len());
    for key in recipients {
        let id = id(key);
        match entries.binary_search_by(|entry| entry.0.cmp(&id)) {
            Ok(_) => return Err(CryptoError::InvalidArgument("recipients must be different")),
            Err(place) => entries.insert(place, (id, key)),
        }
    }
    let key = StorageKey::make(CONTENT_KEY_ID)?.with_suite(suite);
    let mut secret = SecretBytes::zeroed(SECRET)?;
    key.secret().expose(|content_key| {
        secret.expose_mut(|secret| {
            secret[..envelope::KEY_LENGTH].copy_from_slice(content_key);
            secret[envelope::KEY_LENGTH..].copy_from_slice(&digest(content_key, plaintext));
        });
    });

    let (aead, info) = (aead(suite), info(context)?);
    let mut out = Vec::new();
    out.try_reserve_exact(PREFIX + entries.len() * ENTRY).map_err(|_| CryptoError::EncryptFailed)?;
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[suite.to_byte(), if sender.is_some() { MODE_AUTH } else { MODE_BASE }]);
    let count = u16::try_from(entries.len()).expect("bounded above");
    out.extend_from_slice(&count.to_be_bytes());
    for (id, recipient) in entries {
        let wrapped = secret.expose(|secret| match sender {
            None => hpke::seal(aead, recipient, &info, &id, secret),
            Some(sender) => hpke::seal_from(aead, sender, recipient, &info, &id, secret),
        })?;
        out.extend_from_slice(&id);
        out.extend_from_slice(&wrapped);
    }
    let body = key.seal(plaintext, &body_context(&out, context)?)?;
    out.try_reserve_exact(body.len()).map_err(|_| CryptoError::EncryptFailed)?;
    out.extend_from_slice(&body);
    Ok(out)
}

/// Opens what [`seal_to`] sealed to `recipient` among others. The plaintext is wiped when the returned value is dropped.
///
/// # Errors
/// [`CryptoError::DataTooShort`]; [`CryptoError::Unsupported`] for another format, an unknown suite or mode, or a list of
/// recipients that is empty, too long or out of order; [`CryptoError::DecryptFailed`] when the recipient is not in the
/// list, the message is [`seal_to_from`]'s, the context is another, or any byte was changed, without saying which.
pub fn open(recipient: &SecretKey, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    open_with(None, recipient, sealed, context)
}

/// Opens what [`seal_to_from`] sealed to `recipient` with the secret key of `sender`.
///
/// # Errors
/// As [`open`]; also when another sealed it.
pub fn open_from(
    sender: &PublicKey,
    recipient: &SecretKey,
    sealed: &[u8],
    context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    open_with(Some(sender), recipient, sealed, context)
}

/// Whether `key` is in the list of recipients, for holders of several keys. Nothing of the list is authenticated before
/// the message has been opened.
///
/// # Errors
/// Those of [`open`] that are not [`CryptoError::DecryptFailed`].
pub fn is_recipient(key: &PublicKey, sealed: &[u8]) -> Result<bool, CryptoError> {
    Ok(Parts::of(sealed)?.wrapped_for(key).is_some())
}

const CONTENT_KEY_ID: std::num::NonZeroU32 = std::num::NonZeroU32::MIN;
/// The RFC's numbers.
const MODE_BASE: u8 = 0;
const MODE_AUTH: u8 = 2;

fn open_with(
    sender: Option<&PublicKey>,
    recipient: &SecretKey,
    sealed: &[u8],
    context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let parts = Parts::of(sealed)?;
    let wrapped = parts.wrapped_for(&recipient.public_key()).ok_or(CryptoError::DecryptFailed)?;
    if parts.authenticated != sender.is_some() {
        return Err(CryptoError::DecryptFailed);
    }
    let (aead, info, id) = (aead(parts.suite), info(context)?, id(&recipient.public_key()));
    let mut secret = match sender {
        None => hpke::open(aead, recipient, &info, &id, wrapped),
        Some(sender) => hpke::open_from(aead, sender, recipient, &info, &id, wrapped),
    }?;
    let (content_key, expected) =
        secret.split_at_mut_checked(envelope::KEY_LENGTH).ok_or(CryptoError::DecryptFailed)?;
    let content_key = SecretBytes::from_slice_wiping(content_key)?;
    let key = StorageKey::from_secret(CONTENT_KEY_ID, content_key)?;
    let plaintext = key.open(parts.body, &body_context(parts.list, context)?)?;
    let found = key.secret().expose(|content_key| digest(content_key, &plaintext));
    if constant_time_eq(&found, expected) { Ok(plaintext) } else { Err(CryptoError::DecryptFailed) }
}

/// A sealed message taken apart.
struct Parts<'s> {
    suite: Suite,
    authenticated: bool,
    /// Everything before the body.
    list: &'s [u8],
    entries: &'s [[u8; ENTRY]],
    body: &'s [u8],
}

impl<'s> Parts<'s> {
    fn of(sealed: &'s [u8]) -> Result<Self, CryptoError> {
        let prefix = sealed.first_chunk::<PREFIX>().ok_or(CryptoError::DataTooShort)?;
        let [magic @ .., suite, mode, high, low] = *prefix;
        if magic != *MAGIC {
            return Err(CryptoError::Unsupported("recipients format"));
        }
        let suite = Suite::from_byte(suite)?;
        let authenticated = match mode {
            MODE_BASE => false,
            MODE_AUTH => true,
            _ => return Err(CryptoError::Unsupported("recipients mode")),
        };
        let count = usize::from(u16::from_be_bytes([high, low]));
        if !(1..=MAX_RECIPIENTS).contains(&count) {
            return Err(CryptoError::Unsupported("number of recipients"));
        }
        let (list, body) =
            sealed.split_at_checked(PREFIX + count * ENTRY).ok_or(CryptoError::DataTooShort)?;
        let (entries, _) = list[PREFIX..].as_chunks::<ENTRY>();
        if entries.windows(2).any(|pair| pair[0][..ID] >= pair[1][..ID]) {
            return Err(CryptoError::Unsupported("order of recipients"));
        }
        Ok(Self { suite, authenticated, list, entries, body })
    }

    fn wrapped_for(&self, key: &PublicKey) -> Option<&'s [u8]> {
        let id = id(key);
        let place = self.entries.binary_search_by(|entry| entry[..ID].cmp(&id)).ok()?;
        Some(&self.entries[place][ID..])
    }
}

fn id(key: &PublicKey) -> [u8; ID] {
    let digest = blake3::derive_key(ID_CONTEXT, key.as_bytes());
    *digest.first_chunk().expect("a digest is longer than an id")
}

fn aead(suite: Suite) -> Aead {
    match suite {
        Suite::XChaCha20Poly1305 => Aead::ChaCha20Poly1305,
        Suite::Xaes256Gcm => Aead::Aes256Gcm,
    }
}

/// What binds a content key to its use: `chrysalis/cnr1/`, the length of the context, the context.
fn info(context: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    envelope::associated_data(b"chrysalis/cnr1/", context, &mut out)?;
    Ok(out)
}

/// What binds the body to the list: the list's hash, then the context.
fn body_context(list: &[u8], context: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::new();
    out.try_reserve_exact(blake3::OUT_LEN + context.len())
        .map_err(|_| CryptoError::InvalidArgument("context is too long"))?;
    out.extend_from_slice(blake3::hash(list).as_bytes());
    out.extend_from_slice(context);
    Ok(out)
}

/// Of the message, under a key that only the recipients have, because guesses at the message could be tried on a bare hash.
fn digest(content_key: &[u8], plaintext: &[u8]) -> [u8; 32] {
    scrubbed::<DEEP, _>(|| {
        let key = Zeroizing::new(blake3::derive_key(DIGEST_CONTEXT, content_key));
        blake3::keyed_hash(&key, plaintext).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> Vec<SecretKey> {
        (0..count).map(|_| SecretKey::make().unwrap()).collect()
    }

    fn public(keys: &[SecretKey]) -> Vec<PublicKey> {
        keys.iter().map(SecretKey::public_key).collect()
    }

    const FAILED: Result<Zeroizing<Vec<u8>>, CryptoError> = Err(CryptoError::DecryptFailed);

    #[test]
    fn every_recipient_opens_whatever_the_order_and_nobody_else_does() {
        let (keys, eve, sender) = (keys(5), SecretKey::make().unwrap(), SecretKey::make().unwrap());
        for suite in [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm] {
            let mut recipients = public(&keys);
            recipients.rotate_left(2);
            let base = seal(suite, None, &recipients, b"text", b"here").unwrap();
            let auth = seal(suite, Some(&sender), &recipients, b"text", b"here").unwrap();
            assert_eq!(base.len(), 8 + 5 * 128 + 4 + envelope::OVERHEAD);
            for key in &keys {
                assert_eq!(**open(key, &base, b"here").as_ref().unwrap(), b"text");
                assert_eq!(*open_from(&sender.public_key(), key, &auth, b"here").unwrap(), b"text");
                assert_eq!(is_recipient(&key.public_key(), &base), Ok(true));
                assert_eq!(open(key, &base, b"there"), FAILED);
                assert_eq!(open(key, &auth, b"here"), FAILED);
                assert_eq!(open_from(&sender.public_key(), key, &base, b"here"), FAILED);
                assert_eq!(open_from(&eve.public_key(), key, &auth, b"here"), FAILED);
            }
            assert_eq!(open(&eve, &base, b"here"), FAILED);
            assert_eq!(is_recipient(&eve.public_key(), &base), Ok(false));
        }
    }

    #[test]
    fn no_changed_bit_opens_and_no_other_length() {
        let keys = keys(2);
        let sealed = seal_to(&public(&keys), b"t", b"").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // Also in the part of the other recipient, which this one cannot read.
            let error = open(&keys[0], &flipped, b"").unwrap_err();
            assert!(matches!(error.code(), "DECRYPT_FAILED" | "UNSUPPORTED" | "DATA_TOO_SHORT"), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&keys[0], &sealed[..length], b"").is_err());
        }
        assert_eq!(open(&keys[0], &[&sealed[..], &[0]].concat(), b""), FAILED);
    }

    /// A recipient has the content key. It must not be able to speak in the sender's name to the others with it.
    #[test]
    fn a_recipient_cannot_put_its_own_message_under_the_sender() {
        let (keys, sender) = (keys(2), SecretKey::make().unwrap());
        let sealed = seal_to_from(&sender, &public(&keys), b"pay 1", b"").unwrap();
        let parts = Parts::of(&sealed).unwrap();
        let wrapped = parts.wrapped_for(&keys[0].public_key()).unwrap();
        let id = id(&keys[0].public_key());
        let secret = hpke::open_from(
            Aead::default(),
            &sender.public_key(),
            &keys[0],
            &info(b"").unwrap(),
            &id,
            wrapped,
        )
        .unwrap();
        let body = envelope::seal(b"pay 9", &secret[..32], &body_context(parts.list, b"").unwrap()).unwrap();
        let forged = [parts.list, &body].concat();
        assert_eq!(open_from(&sender.public_key(), &keys[1], &forged, b""), FAILED);
    }

    #[test]
    fn lists_are_bounded_sorted_and_without_doubles() {
        let keys = keys(2);
        let mut recipients = public(&keys);
        assert_eq!(seal_to(&[], b"", b"").unwrap_err().code(), "INVALID_ARGUMENT");
        let many: Vec<PublicKey> = (0..=1024_u16)
            .map(|i| PublicKey::from_bytes([i.to_be_bytes(); 16].concat().try_into().unwrap()))
            .collect();
        assert_eq!(seal_to(&many, b"", b"").unwrap_err().code(), "INVALID_ARGUMENT");
        recipients.push(recipients[0]);
        assert_eq!(seal_to(&recipients, b"", b"").unwrap_err().code(), "INVALID_ARGUMENT");
        recipients.pop();
        let sealed = seal_to(&recipients, b"", b"").unwrap();
        let swapped =
            [&sealed[..8], &sealed[8 + 128..8 + 256], &sealed[8..8 + 128], &sealed[8 + 256..]].concat();
        assert_eq!(open(&keys[0], &swapped, b"").unwrap_err().code(), "UNSUPPORTED");
        for (place, value) in [(0, b'D'), (4, 0), (4, 3), (5, 1), (5, 3), (7, 0), (6, 5)] {
            let mut changed = sealed.clone();
            changed[place] = value;
            assert_eq!(open(&keys[0], &changed, b"").unwrap_err().code(), "UNSUPPORTED", "byte {place}");
        }
    }
}
