//! The entry `rust-crypto/pkg/recipients`: sealing to public keys, HPKE for one recipient and one message for several. Apart
//! from the rest because it brings a curve of its own.

use std::cell::RefCell;

use chrysalis_crypto as crypto;
use crypto::hpke::{self, Aead, PublicKey, SecretKey};
use crypto::secret::SecretBytes;
use crypto::{CryptoError, recipients};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/recipients/types.d.ts");

/// Seals `plaintext` to the holder of `recipient`, an X25519 public key (HPKE, RFC 9180, base mode, `info` and `aad`
/// bound). Anybody can: the result says nothing of who did.
#[wasm_bindgen]
pub fn hpke_seal(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] recipient: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] info: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ aead?: HpkeAead }")] options: JsValue,
) -> Result<Vec<u8>> {
    let recipient = PublicKey::from_slice(&convert::bytes(&recipient, "recipient")?)?;
    let (plaintext, aead) = (convert::bytes(&plaintext, "plaintext")?, to_aead(&options)?);
    let (info, aad) = (convert::bytes(&info, "info")?, convert::bytes(&aad, "aad")?);
    Ok(scrubbed(|| hpke::seal(aead, &recipient, &info, &aad, &plaintext))?)
}

/// Seals one message to the holders of up to 1024 X25519 public keys, bound to `context`. Their order does not matter.
#[wasm_bindgen]
pub fn seal_to(
    #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] recipients: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ suite?: 1 | 2 }")] options: JsValue,
) -> Result<Vec<u8>> {
    let keys = to_public_keys(&recipients)?;
    let (plaintext, context) =
        (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&context, "context")?);
    let suite = convert::suite(&options)?;
    Ok(scrubbed(|| recipients::seal(suite, None, &keys, &plaintext, &context))?)
}

/// Whether a public key is among the recipients of what `seal_to` gave. Nothing of it is authenticated before opening.
#[wasm_bindgen]
pub fn is_recipient(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] public_key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] sealed: JsValue,
) -> Result<bool> {
    let public_key = PublicKey::from_slice(&convert::bytes(&public_key, "public_key")?)?;
    Ok(recipients::is_recipient(&public_key, &convert::bytes(&sealed, "sealed")?)?)
}

/// A secret X25519 key with its public key, to which others seal. Wiped by `wipe()` and when freed.
#[wasm_bindgen]
pub struct X25519KeyPair(RefCell<Option<SecretKey>>);

#[wasm_bindgen]
impl X25519KeyPair {
    /// A new random key pair.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<X25519KeyPair> {
        scrubbed(|| SecretKey::make().map(Self::of).map_err(Thrown::from))
    }

    /// The key pair of 32 secret bytes.
    pub fn from_secret(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] secret: JsValue,
    ) -> Result<X25519KeyPair> {
        let mut secret = Zeroizing::new(convert::bytes(&secret, "secret")?);
        scrubbed(|| {
            let secret = SecretBytes::from_slice_wiping(&mut secret)?;
            Ok(Self::of(SecretKey::from_secret(secret)?))
        })
    }

    /// The key pair derived from keying material of at least 32 bytes (RFC 9180 section 7.1.3).
    pub fn derive(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] keying_material: JsValue,
    ) -> Result<X25519KeyPair> {
        let material = Zeroizing::new(convert::bytes(&keying_material, "keying_material")?);
        scrubbed(|| SecretKey::derive(&material).map(Self::of).map_err(Thrown::from))
    }

    /// The secret key: an explicit copy in JavaScript memory, which nothing wipes for you.
    pub fn secret_key(&self) -> Result<Uint8Array> {
        self.with(|key| Ok(key.secret().expose(|bytes| Uint8Array::from(bytes))))
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> Result<Vec<u8>> {
        self.with(|key| Ok(key.public_key().as_bytes().to_vec()))
    }

    /// Opens what `hpke_seal` sealed to this key, or, with `sender`, what that key pair sealed.
    pub fn hpke_open(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] sealed: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] info: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ aead?: HpkeAead; sender?: Uint8Array }")]
        options: JsValue,
    ) -> Result<Uint8Array> {
        let (sealed, aead) = (convert::bytes(&sealed, "sealed")?, to_aead(&options)?);
        let (info, aad) = (convert::bytes(&info, "info")?, convert::bytes(&aad, "aad")?);
        let sender = to_sender(&options)?;
        self.with(|key| {
            let plaintext = match &sender {
                None => hpke::open(aead, key, &info, &aad, &sealed),
                Some(sender) => hpke::open_from(aead, sender, key, &info, &aad, &sealed),
            }?;
            Ok(Uint8Array::from(plaintext.as_slice()))
        })
    }

    /// Seals as `hpke_seal` does, in auth mode: the recipient sees that this key pair did, and can show it to nobody else.
    pub fn hpke_seal(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] recipient: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] info: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ aead?: HpkeAead }")] options: JsValue,
    ) -> Result<Vec<u8>> {
        let recipient = PublicKey::from_slice(&convert::bytes(&recipient, "recipient")?)?;
        let (plaintext, aead) = (convert::bytes(&plaintext, "plaintext")?, to_aead(&options)?);
        let (info, aad) = (convert::bytes(&info, "info")?, convert::bytes(&aad, "aad")?);
        self.with(|key| Ok(hpke::seal_from(aead, key, &recipient, &info, &aad, &plaintext)?))
    }

    /// Opens what was sealed to this key among others, or, with `sender`, what that key pair sealed.
    pub fn open(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] sealed: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ sender?: Uint8Array }")] options: JsValue,
    ) -> Result<Uint8Array> {
        let (sealed, context) = (convert::bytes(&sealed, "sealed")?, convert::bytes(&context, "context")?);
        let sender = to_sender(&options)?;
        self.with(|key| {
            let plaintext = match &sender {
                None => recipients::open(key, &sealed, &context),
                Some(sender) => recipients::open_from(sender, key, &sealed, &context),
            }?;
            Ok(Uint8Array::from(plaintext.as_slice()))
        })
    }

    /// Seals one message to several public keys as `seal_to` does, showing each recipient that this key pair did.
    pub fn seal_to(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] recipients: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ suite?: 1 | 2 }")] options: JsValue,
    ) -> Result<Vec<u8>> {
        let keys = to_public_keys(&recipients)?;
        let (plaintext, context) =
            (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&context, "context")?);
        let suite = convert::suite(&options)?;
        self.with(|key| Ok(recipients::seal(suite, Some(key), &keys, &plaintext, &context)?))
    }

    /// Wipes the secret. Every later use but `wipe` and `free` throws.
    pub fn wipe(&self) {
        self.0.take();
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "X25519KeyPair([REDACTED])".to_owned()
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

impl X25519KeyPair {
    fn of(key: SecretKey) -> Self {
        Self(RefCell::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SecretKey) -> Result<T>) -> Result<T> {
        let key = self.0.borrow();
        let key = key.as_ref().ok_or_else(|| Thrown::argument("key pair", "was wiped"))?;
        scrubbed(|| work(key))
    }
}

fn to_public_keys(value: &JsValue) -> Result<Vec<PublicKey>> {
    let keys = convert::byte_strings(value, "recipients")?;
    Ok(keys.iter().map(|key| PublicKey::from_slice(key)).collect::<std::result::Result<_, _>>()?)
}

fn to_sender(options: &JsValue) -> Result<Option<PublicKey>> {
    let Some(sender) = convert::option(options, "sender")? else { return Ok(None) };
    Ok(Some(PublicKey::from_slice(&convert::bytes(&sender, "sender")?)?))
}

fn to_aead(options: &JsValue) -> Result<Aead> {
    match convert::option(options, "aead")?.map(|name| convert::text(&name, "aead")).transpose()?.as_deref() {
        None | Some("chacha20-poly1305") => Ok(Aead::ChaCha20Poly1305),
        Some("aes-256-gcm") => Ok(Aead::Aes256Gcm),
        Some(_) => Err(CryptoError::Unsupported("aead").into()),
    }
}
