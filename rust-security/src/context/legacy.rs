//! Data that older systems sealed.

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::envelope::Opened;
use chrysalis_crypto::legacy::Record;
use chrysalis_crypto::{CryptoError, aes, password};

use crate::error::SecurityError;

/// A format of older systems. Nothing in the bytes of F1 and F2 tells them apart, so callers name what they have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LegacyFormat {
    /// nonce ‖ ciphertext ‖ tag; AES-256-GCM under a 32-byte key.
    F1,
    /// salt ‖ nonce ‖ ciphertext ‖ tag; AES-256-GCM under the scrypt key of a password.
    F2,
    /// JSON of the TypeScript security module: a key, or a password where there is a salt.
    F3,
    /// JSON of an earlier Rust port; as F3.
    F4,
    /// JSON of the browser interface; a password.
    F5,
}

impl LegacyFormat {
    /// The format of this name, `F1` to `F5`.
    ///
    /// # Errors
    /// `UNSUPPORTED`.
    pub fn parse(name: &str) -> Result<Self, SecurityError> {
        match name {
            "F1" => Ok(Self::F1),
            "F2" => Ok(Self::F2),
            "F3" => Ok(Self::F3),
            "F4" => Ok(Self::F4),
            "F5" => Ok(Self::F5),
            _ => Err(CryptoError::Unsupported("legacy format").into()),
        }
    }
}

/// Opens what an older system sealed: bytes for F1 and F2, JSON for the others. `secret` is the key or the password that
/// the format takes. Everything that opens here should be sealed anew.
///
/// # Errors
/// `DECRYPT_FAILED` for a wrong secret or any change; `INVALID_KEY_LENGTH`; `DATA_TOO_SHORT`; `SERIALIZATION`,
/// `UNSUPPORTED` and `UNSUPPORTED_VERSION` as [`Record::parse`].
pub fn decrypt_legacy(format: LegacyFormat, data: &[u8], secret: &[u8]) -> Result<Opened, SecurityError> {
    let plaintext = match format {
        LegacyFormat::F1 => aes::aes_gcm_decrypt(data, secret)?,
        LegacyFormat::F2 => password::decrypt_with_password(data, secret)?,
        LegacyFormat::F3 | LegacyFormat::F4 | LegacyFormat::F5 => {
            let text = str::from_utf8(data)
                .map_err(|_| CryptoError::Serialization { reason: "record is not text", position: None })?;
            let record = Record::parse(text)?;
            return Ok(match record.open_with_password(secret) {
                Err(CryptoError::MissingSalt) if format != LegacyFormat::F5 => record.open(secret)?,
                opened => opened?,
            });
        }
    };
    Ok(Opened { plaintext, needs_rewrap: true })
}

impl super::SecurityContext {
    /// Takes in a provider's key that an older system sealed; as [`decrypt_legacy`] and
    /// [`store_api_key`](Self::store_api_key), without the key coming out in between.
    ///
    /// # Errors
    /// Those of both.
    pub fn import_legacy_api_key(
        &self,
        provider: &str,
        format: LegacyFormat,
        data: &[u8],
        secret: &[u8],
    ) -> Result<(), SecurityError> {
        let mut opened = decrypt_legacy(format, data, secret)?;
        self.store_api_key(provider, ApiKey::from_bytes(&mut opened.plaintext)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrysalis_crypto::{base64, kdf};

    use super::*;
    use crate::SecurityContext;

    const PASSWORD: &[u8] = b"correct horse battery staple";
    const TEXT: &str = "sk-test-0123456789abcdef";

    fn key() -> [u8; 32] {
        std::array::from_fn(|i| u8::try_from(i).unwrap())
    }

    /// The golden values of the contract, section 14.
    #[test]
    fn every_format_opens() {
        let hex = |text: &str| chrysalis_crypto::hex::decode(text).unwrap();
        let f1 = hex(
            "404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8daeb6571fe3",
        );
        let f2 = hex(
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f404142434445464748494a4bf40f2e75cbae7ce7\
             c134e14559036a25712bb798761aa68c8a78ab2fbd56f7ba90ff0f4ad3060142",
        );
        let f3 = r#"{"ciphertext":"tpRJPM8/sC0QpySrxmHDCqKOJdRNPvyb","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"zbwMiJ+sOpJ3pzbR6GSTjw==","algorithm":"aes-256-gcm","version":1}"#;
        let f3_password = r#"{"ciphertext":"99x0XpJ3JmJDs6YF6AeZXEBwuEZKgW/5","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"W2am5r/4nhNH2qbjd1u9lA==","salt":"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=","algorithm":"aes-256-gcm","version":1}"#;
        let f4 = r#"{"ciphertext":"kdKDV0NP8y799SUFr1ElbEH/Mz7UUWpF","iv":"QEFCQ0RFRkdISUpL","auth_tag":"abTpZxiZ/iYnvI2utlcf4w==","algorithm":"aes-256-gcm","version":1}"#;
        // The golden value has 600,000 rounds and stands in rust-crypto's tests.
        let salt = [3; 32];
        let derived = kdf::pbkdf2_sha256_derive_key(PASSWORD, &salt, 100_000, 32).unwrap();
        let sealed = aes::aes_gcm_encrypt(TEXT.as_bytes(), &derived).unwrap();
        let f5 = format!(
            r#"{{"ciphertext":"{}","iv":"{}","salt":"{}","algorithm":"AES-GCM","keyDerivation":"PBKDF2","iterations":100000,"version":1}}"#,
            base64::encode(&sealed[12..]),
            base64::encode(&sealed[..12]),
            base64::encode(&salt),
        );
        for (name, data, secret) in [
            ("F1", f1.as_slice(), key().as_slice()),
            ("F2", &f2, PASSWORD),
            ("F3", f3.as_bytes(), &key()),
            ("F3", f3_password.as_bytes(), PASSWORD),
            ("F4", f4.as_bytes(), &key()),
            ("F5", f5.as_bytes(), PASSWORD),
        ] {
            let format = LegacyFormat::parse(name).unwrap();
            let opened = decrypt_legacy(format, data, secret).unwrap();
            assert_eq!(*opened.plaintext, TEXT.as_bytes(), "{name}");
            assert!(opened.needs_rewrap);
        }
        let context = SecurityContext::make(Arc::new(|| 0)).unwrap();
        context.import_legacy_api_key("openai", LegacyFormat::F1, &f1, &key()).unwrap();
        assert!(context.with_api_key("openai", |key| key == TEXT.as_bytes()).unwrap());
        let code =
            |format, data: &[u8], secret: &[u8]| decrypt_legacy(format, data, secret).unwrap_err().code();
        assert_eq!(code(LegacyFormat::F1, &f1, &[0; 32]), "DECRYPT_FAILED");
        assert_eq!(code(LegacyFormat::F1, &f1, b"short"), "INVALID_KEY_LENGTH");
        assert_eq!(code(LegacyFormat::F3, f3.as_bytes(), b"short"), "INVALID_KEY_LENGTH");
        assert_eq!(code(LegacyFormat::F3, &f1, PASSWORD), "SERIALIZATION");
        assert_eq!(LegacyFormat::parse("F6").unwrap_err().code(), "UNSUPPORTED");
    }
}
