//! Sealing to a public key: HPKE (RFC 9180) with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256.
//!
//! Base mode says nothing of the sender; in auth mode the sender's key is part of the agreement, and only that sender or
//! the recipient can have made the message. For several recipients, or to seal with a context like everything else
//! here, use [`recipients`](crate::recipients). The protocol is the `hpke` crate's; these functions choose its suite,
//! draw its randomness where failing is an error, and keep its secrets in wiped memory.

use hpke::aead::{Aead as HpkeAead, AeadTag, AesGcm256, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem as _, OpModeR, OpModeS, Serializable};
use std::convert::Infallible;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{MAX_PLAINTEXT_LENGTH, TAG_LENGTH};
use crate::error::CryptoError;
use crate::random;
use crate::secret::SecretBytes;
use crate::stack::{DEEP, scrubbed};

type Kem = X25519HkdfSha256;
type KemSecret = <Kem as hpke::Kem>::PrivateKey;
type KemPublic = <Kem as hpke::Kem>::PublicKey;

/// Length of a secret or public key.
pub const KEY_LENGTH: usize = 32;
/// Length of the encapsulated key at the start of a sealed message.
pub const ENCAPSULATED_LENGTH: usize = 32;
/// What sealing adds to the length of a message.
pub const OVERHEAD: usize = ENCAPSULATED_LENGTH + TAG_LENGTH;

/// The cipher of a message. Both sides must know which.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Aead {
    /// ChaCha20-Poly1305, AEAD 3 of the RFC: the default.
    #[default]
    ChaCha20Poly1305,
    /// AES-256-GCM, AEAD 2 of the RFC.
    Aes256Gcm,
}

/// A public X25519 key to seal to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey([u8; KEY_LENGTH]);

impl PublicKey {
    /// The key of these bytes. Every 32 bytes are one; keys of small order are refused on sealing.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(bytes)
    }

    /// [`from_bytes`](Self::from_bytes) of a slice.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: bytes.len() })
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }
}

/// A secret X25519 key with its public key. Wiped on drop, never shown.
pub struct SecretKey {
    secret: SecretBytes,
    public: PublicKey,
}

impl SecretKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make() -> Result<Self, CryptoError> {
        Self::from_secret(SecretBytes::random(KEY_LENGTH)?)
    }

    /// The key of 32 secret bytes, of which RFC 7748's clamping ignores five bits.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless there are 32.
    pub fn from_secret(secret: SecretBytes) -> Result<Self, CryptoError> {
        let actual = secret.len();
        let wrong_length = |_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual };
        let public = secret
            .expose(|bytes| {
                scrubbed::<DEEP, _>(|| {
                    KemSecret::from_bytes(bytes).map(|key| Kem::sk_to_pk(&key).to_bytes().into())
                })
            })
            .map_err(wrong_length)?;
        Ok(Self { secret, public: PublicKey(public) })
    }

    /// The key derived from keying material of at least 32 bytes of entropy (RFC 9180 section 7.1.3, `DeriveKeyPair`).
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] below 32 bytes.
    pub fn derive(keying_material: &[u8]) -> Result<Self, CryptoError> {
        if keying_material.len() < KEY_LENGTH {
            return Err(CryptoError::InvalidArgument("keying material must have at least 32 bytes"));
        }
        let mut secret = SecretBytes::zeroed(KEY_LENGTH)?;
        secret.expose_mut(|bytes| {
            scrubbed::<DEEP, _>(|| {
                let (key, _) = Kem::derive_keypair(keying_material);
                key.write_exact(bytes);
            });
        });
        Self::from_secret(secret)
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The bytes of the secret key, for sealing it under another.
    #[must_use]
    pub fn secret(&self) -> &SecretBytes {
        &self.secret
    }

    fn kem_secret(&self) -> Result<KemSecret, CryptoError> {
        self.secret.expose(|bytes| {
            KemSecret::from_bytes(bytes)
                .map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: bytes.len() })
        })
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey([REDACTED])")
    }
}

/// Seals `plaintext` to `recipient` in base mode: `encapsulated key(32) ‖ ciphertext ‖ tag(16)`.
///
/// Opening needs the same `info` and `aad`. Anybody can seal: the result says nothing of who did. Two scalar
/// multiplications.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] when the public key has small order, so that there would be no secret;
/// [`CryptoError::EncryptFailed`] when the plaintext is over 2 GiB − 84 or there is no memory;
/// [`CryptoError::RandomUnavailable`].
pub fn seal(
    aead: Aead,
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal_with(Draw::new()?, aead, None, recipient, info, aad, plaintext)
}

/// [`seal`] in auth mode: opening shows that `sender` sealed it, to the recipient and to nobody else, who could have
/// made it as well.
///
/// # Errors
/// As [`seal`].
pub fn seal_from(
    aead: Aead,
    sender: &SecretKey,
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    seal_with(Draw::new()?, aead, Some(sender), recipient, info, aad, plaintext)
}

/// Opens what [`seal`] sealed. The plaintext is wiped when the returned value is dropped.
///
/// # Errors
/// [`CryptoError::DataTooShort`] below 48 bytes; [`CryptoError::DecryptFailed`] for another key, cipher, `info` or
/// `aad` and any changed byte, without saying which.
pub fn open(
    aead: Aead,
    recipient: &SecretKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    open_with(aead, None, recipient, info, aad, sealed)
}

/// Opens what [`seal_from`] sealed with the secret key of `sender`.
///
/// # Errors
/// As [`open`]; also when another sealed it.
pub fn open_from(
    aead: Aead,
    sender: &PublicKey,
    recipient: &SecretKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    open_with(aead, Some(sender), recipient, info, aad, sealed)
}

fn seal_with(
    draw: Draw,
    aead: Aead,
    sender: Option<&SecretKey>,
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    if plaintext.len() > MAX_PLAINTEXT_LENGTH {
        return Err(CryptoError::EncryptFailed);
    }
    let mut out = Vec::new();
    // Reserved once and in full: growing would leave a copy of the plaintext behind.
    out.try_reserve_exact(plaintext.len() + OVERHEAD).map_err(|_| CryptoError::EncryptFailed)?;
    out.extend_from_slice(&[0; ENCAPSULATED_LENGTH]);
    out.extend_from_slice(plaintext);
    let sealed = scrubbed::<DEEP, _>(|| match aead {
        Aead::ChaCha20Poly1305 => {
            seal_in_place::<ChaCha20Poly1305>(draw, sender, recipient, info, aad, &mut out)
        }
        Aead::Aes256Gcm => seal_in_place::<AesGcm256>(draw, sender, recipient, info, aad, &mut out),
    });
    match sealed {
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

/// `out` has room for the encapsulated key, then the plaintext.
fn seal_in_place<A: HpkeAead>(
    mut draw: Draw,
    sender: Option<&SecretKey>,
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<[u8; TAG_LENGTH], CryptoError> {
    let mode = match sender {
        None => OpModeS::Base,
        Some(sender) => OpModeS::Auth((sender.kem_secret()?, kem_public(&sender.public)?)),
    };
    let recipient = kem_public(recipient)?;
    let (encapsulated, plaintext) = out.split_at_mut(ENCAPSULATED_LENGTH);
    let (key, tag) = hpke::single_shot_seal_inout_detached_with_rng::<A, HkdfSha256, Kem>(
        &mode,
        &recipient,
        info,
        plaintext.into(),
        aad,
        &mut draw,
    )
    .map_err(|error| match error {
        hpke::HpkeError::EncapError => CryptoError::InvalidArgument("public key has small order"),
        _ => CryptoError::EncryptFailed,
    })?;
    key.write_exact(encapsulated);
    let mut bytes = [0; TAG_LENGTH];
    tag.write_exact(&mut bytes);
    Ok(bytes)
}

fn open_with(
    aead: Aead,
    sender: Option<&PublicKey>,
    recipient: &SecretKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (encapsulated, rest) =
        sealed.split_first_chunk::<ENCAPSULATED_LENGTH>().ok_or(CryptoError::DataTooShort)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LENGTH>().ok_or(CryptoError::DataTooShort)?;
    let mut plaintext = Zeroizing::new(Vec::new());
    plaintext.try_reserve_exact(ciphertext.len()).map_err(|_| CryptoError::DecryptFailed)?;
    plaintext.extend_from_slice(ciphertext);
    scrubbed::<DEEP, _>(|| match aead {
        Aead::ChaCha20Poly1305 => {
            open_in_place::<ChaCha20Poly1305>(sender, recipient, encapsulated, info, aad, &mut plaintext, tag)
        }
        Aead::Aes256Gcm => {
            open_in_place::<AesGcm256>(sender, recipient, encapsulated, info, aad, &mut plaintext, tag)
        }
    })?;
    Ok(plaintext)
}

fn open_in_place<A: HpkeAead>(
    sender: Option<&PublicKey>,
    recipient: &SecretKey,
    encapsulated: &[u8; ENCAPSULATED_LENGTH],
    info: &[u8],
    aad: &[u8],
    data: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Result<(), CryptoError> {
    let mode = match sender {
        None => OpModeR::Base,
        Some(sender) => OpModeR::Auth(kem_public(sender)?),
    };
    let encapsulated = Deserializable::from_bytes(encapsulated).map_err(|_| CryptoError::DecryptFailed)?;
    let tag = AeadTag::<A>::from_bytes(tag).map_err(|_| CryptoError::DecryptFailed)?;
    hpke::single_shot_open_inout_detached::<A, HkdfSha256, Kem>(
        &mode,
        &recipient.kem_secret()?,
        &encapsulated,
        info,
        data.into(),
        aad,
        &tag,
    )
    .map_err(|_| CryptoError::DecryptFailed)
}

fn kem_public(key: &PublicKey) -> Result<KemPublic, CryptoError> {
    KemPublic::from_bytes(&key.0)
        .map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: key.0.len() })
}

/// The keying material of one ephemeral key, drawn beforehand so that a failing generator is an error and not a panic.
struct Draw(Zeroizing<[u8; KEY_LENGTH]>);

impl Draw {
    fn new() -> Result<Self, CryptoError> {
        let mut drawn = Zeroizing::new([0; KEY_LENGTH]);
        random::fill(drawn.as_mut_slice())?;
        Ok(Self(drawn))
    }
}

impl TryRng for Draw {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        assert_eq!(out.len(), KEY_LENGTH, "DHKEM asks once, for the material of one key");
        out.copy_from_slice(self.0.as_slice());
        Ok(())
    }
}

impl TryCryptoRng for Draw {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const PLAINTEXT: &str = "4265617574792069732074727574682c20747275746820626561757479";
    const AAD: &str = "436f756e742d30";

    struct Vector {
        aead: Aead,
        ephemeral: &'static str,
        recipient: &'static str,
        sender: Option<&'static str>,
        sealed: &'static str,
    }

    /// RFC 9180 appendix A.2.1 and A.2.3, and the vector with mode 0, KEM 32, KDF 1, AEAD 2 of the file that the RFC's
    /// authors published beside it.
    const VECTORS: [Vector; 3] = [
        Vector {
            aead: Aead::ChaCha20Poly1305,
            ephemeral: "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
            recipient: "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            sender: None,
            sealed: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a\
                     1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        },
        Vector {
            aead: Aead::ChaCha20Poly1305,
            ephemeral: "938d3daa5a8904540bc24f48ae90eed3f4f7f11839560597b55e7c9598c996c0",
            recipient: "3ca22a6d1cda1bb9480949ec5329d3bf0b080ca4c45879c95eddb55c70b80b82",
            sender: Some("2def0cb58ffcf83d1062dd085c8aceca7f4c0c3fd05912d847b61f3e54121f05"),
            sealed: "f7674cc8cd7baa5872d1f33dbaffe3314239f6197ddf5ded1746760bfc847e0e\
                     ab1a13c9d4f01a87ec3440dbd756e2677bd2ecf9df0ce7ed73869b98e00c09be111cb9fdf077347aeb88e61bdf",
        },
        Vector {
            aead: Aead::Aes256Gcm,
            ephemeral: "2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9",
            recipient: "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
            sender: None,
            sealed: "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256\
                     e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a",
        },
    ];

    fn secret(text: &str) -> SecretKey {
        SecretKey::from_secret(SecretBytes::from_slice_wiping(&mut hex::decode(text).unwrap()).unwrap())
            .unwrap()
    }

    #[test]
    fn rfc_9180_seals_and_opens() {
        let (info, aad, text) =
            (hex::decode(INFO).unwrap(), hex::decode(AAD).unwrap(), hex::decode(PLAINTEXT).unwrap());
        for Vector { aead, ephemeral, recipient, sender, sealed } in VECTORS {
            let (recipient, sender) = (secret(recipient), sender.map(secret));
            let draw = Draw(Zeroizing::new(hex::decode_array(ephemeral).unwrap()));
            let found =
                seal_with(draw, aead, sender.as_ref(), &recipient.public, &info, &aad, &text).unwrap();
            assert_eq!(hex::encode(&found), sealed);
            let sender = sender.map(|sender| sender.public);
            assert_eq!(*open_with(aead, sender.as_ref(), &recipient, &info, &aad, &found).unwrap(), text);
        }
    }

    #[test]
    fn rfc_9180_derives_key_pairs() {
        let material =
            hex::decode("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df").unwrap();
        let key = SecretKey::derive(&material).unwrap();
        assert_eq!(
            hex::encode(key.public_key().as_bytes()),
            "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        );
        assert_eq!(key.public_key(), secret(VECTORS[0].recipient).public_key());
        assert_eq!(SecretKey::derive(&material[1..]).unwrap_err().code(), "INVALID_ARGUMENT");
    }

    #[test]
    fn only_the_right_keys_texts_and_modes_open() {
        let (alice, bob, eve) =
            (SecretKey::make().unwrap(), SecretKey::make().unwrap(), SecretKey::make().unwrap());
        for aead in [Aead::ChaCha20Poly1305, Aead::Aes256Gcm] {
            let other = if aead == Aead::default() { Aead::Aes256Gcm } else { Aead::default() };
            let failed = Err(CryptoError::DecryptFailed);
            let base = seal(aead, &bob.public, b"info", b"aad", b"text").unwrap();
            assert_eq!(base.len(), 4 + OVERHEAD);
            assert_eq!(*open(aead, &bob, b"info", b"aad", &base).unwrap(), b"text");
            assert_eq!(open(aead, &eve, b"info", b"aad", &base), failed);
            assert_eq!(open(aead, &bob, b"inf", b"aad", &base), failed);
            assert_eq!(open(aead, &bob, b"info", b"aa", &base), failed);
            assert_eq!(open(other, &bob, b"info", b"aad", &base), failed);
            assert_eq!(open_from(aead, &alice.public, &bob, b"info", b"aad", &base), failed);
            let auth = seal_from(aead, &alice, &bob.public, b"info", b"aad", b"text").unwrap();
            assert_eq!(*open_from(aead, &alice.public, &bob, b"info", b"aad", &auth).unwrap(), b"text");
            assert_eq!(open_from(aead, &eve.public, &bob, b"info", b"aad", &auth), failed);
            assert_eq!(open(aead, &bob, b"info", b"aad", &auth), failed);
            for bit in 0..base.len() * 8 {
                let mut flipped = base.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                // The last bit of an encapsulated key is not part of its number, but of what is hashed.
                assert_eq!(open(aead, &bob, b"info", b"aad", &flipped), failed, "bit {bit}");
            }
            for length in 0..base.len() {
                let expected =
                    if length < OVERHEAD { CryptoError::DataTooShort } else { CryptoError::DecryptFailed };
                assert_eq!(open(aead, &bob, b"info", b"aad", &base[..length]), Err(expected));
            }
        }
    }

    /// The points of order 1, 2, 4 and 8 of the curve and its twist (RFC 7748 section 6.1 has the check; the list is of
    /// <https://cr.yp.to/ecdh.html#validate>).
    #[test]
    fn small_order_makes_no_secret() {
        let bob = SecretKey::make().unwrap();
        for point in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let point = hex::decode(point).unwrap();
            let key = PublicKey::from_slice(&point).unwrap();
            for sealed in [
                seal(Aead::default(), &key, b"", b"", b"text"),
                seal_from(Aead::default(), &bob, &key, b"", b"", b"text"),
            ] {
                assert_eq!(sealed.unwrap_err().code(), "INVALID_ARGUMENT");
            }
            let forged = [&point[..], &[0; 20]].concat();
            assert_eq!(open(Aead::default(), &bob, b"", b"", &forged), Err(CryptoError::DecryptFailed));
            let from = open_from(Aead::default(), &key, &bob, b"", b"", &[9; 60]);
            assert_eq!(from, Err(CryptoError::DecryptFailed));
        }
    }

    #[test]
    fn lengths_are_checked_and_debug_shows_nothing() {
        for length in [0, 31, 33] {
            let wrong = CryptoError::InvalidKeyLength { expected: 32, actual: length };
            assert_eq!(PublicKey::from_slice(&[0; 33][..length]), Err(wrong.clone()));
            assert_eq!(SecretKey::from_secret(SecretBytes::zeroed(length).unwrap()).unwrap_err(), wrong);
        }
        assert_eq!(format!("{:?}", SecretKey::make().unwrap()), "SecretKey([REDACTED])");
    }
}
