//! Records of the systems that Chrysalis replaces: JSON texts with AES-256-GCM in base64.
//!
//! | format | written by | key |
//! |---|---|---|
//! | F3 | the TypeScript security module | 32 bytes, or scrypt of a password (N = 2^14) with `salt` |
//! | F4 | an earlier Rust port | as F3 |
//! | F5 | the browser interface | PBKDF2-HMAC-SHA-256 of a password |
//!
//! Nothing in them is bound to a place, and their password costs are below what is advised today: whatever opens here says
//! that it should be sealed anew, as an [envelope](crate::envelope). F3 is also written, with an initialisation vector of
//! 12 bytes, for callers of the old interface.

use zeroize::Zeroizing;

use crate::aes::{self, KEY_LENGTH, TAG_LENGTH};
use crate::canonical::{self, Value};
use crate::envelope::Opened;
use crate::error::CryptoError;
use crate::kdf::{self, SALT_LENGTH};
use crate::stack::{SHALLOW, scrubbed};
use crate::{base64, random, sealed};

/// The fewest iterations of PBKDF2 that are read in a record.
pub const MIN_PBKDF2_ITERATIONS: u32 = 100_000;
/// The most iterations of PBKDF2 that are read in a record.
pub const MAX_PBKDF2_ITERATIONS: u32 = kdf::MAX_PBKDF2_ITERATIONS;

const VERSION: i64 = 1;

/// A record of one of the JSON formats, F3 to F5.
pub struct Record {
    ciphertext: Vec<u8>,
    iv: Iv,
    tag: [u8; TAG_LENGTH],
    salt: Option<[u8; SALT_LENGTH]>,
    derivation: Derivation,
}

enum Iv {
    Short([u8; 12]),
    /// From which GCM derives its first counter with GHASH (NIST SP 800-38D, 7.1).
    Long([u8; 16]),
}

enum Derivation {
    Scrypt,
    Pbkdf2 { iterations: u32 },
}

impl Record {
    /// Reads a record. Members that no format has are passed over.
    ///
    /// # Errors
    /// [`CryptoError::Serialization`] for a text that is not strict JSON, or a member that is missing, given twice, or not
    /// canonical base64 of the right length; [`CryptoError::UnsupportedVersion`] for another version than 1;
    /// [`CryptoError::UnsupportedName`] for another algorithm; [`CryptoError::Unsupported`] where its name is not plain,
    /// for another key derivation, or iterations out of bounds.
    pub fn parse(json: &str) -> Result<Self, CryptoError> {
        let Value::Object(members) = canonical::parse(json)? else {
            return Err(malformed("record is not an object"));
        };
        let members = Members(members);
        let (legacy_tag, tag) = (members.text("auth_tag")?, members.text("authTag")?);
        // The earlier Rust port did not look at the version, so its records may have none.
        match members.integer("version")? {
            Some(VERSION) => {}
            None if legacy_tag.is_some() => {}
            Some(version) => return Err(CryptoError::UnsupportedVersion(version)),
            None => return Err(malformed("record without version")),
        }
        let salt = members.text("salt")?.map(array).transpose()?;
        let mut ciphertext = base64::decode(members.required("ciphertext")?)?;
        let iv = base64::decode(members.required("iv")?)?;
        match members.required("algorithm")? {
            "aes-256-gcm" => {
                let tag = match (tag, legacy_tag) {
                    (Some(tag), None) | (None, Some(tag)) => array(tag)?,
                    (None, None) => return Err(malformed("record without authTag")),
                    (Some(_), Some(_)) => return Err(malformed("record with two tags")),
                };
                let iv = if iv.len() == 12 { Iv::Short(exact(&iv)?) } else { Iv::Long(exact(&iv)?) };
                Ok(Self { ciphertext, iv, tag, salt, derivation: Derivation::Scrypt })
            }
            "AES-GCM" => {
                if members.required("keyDerivation")? != "PBKDF2" {
                    return Err(CryptoError::Unsupported("key derivation of a record"));
                }
                let iterations =
                    members.integer("iterations")?.ok_or(malformed("record without iterations"))?;
                let iterations = u32::try_from(iterations)
                    .ok()
                    .filter(|iterations| (MIN_PBKDF2_ITERATIONS..=MAX_PBKDF2_ITERATIONS).contains(iterations))
                    .ok_or(CryptoError::Unsupported("PBKDF2 iterations out of bounds"))?;
                if tag.is_some() || legacy_tag.is_some() {
                    return Err(malformed("record with two tags"));
                }
                let tag = *ciphertext.last_chunk().ok_or(CryptoError::DataTooShort)?;
                ciphertext.truncate(ciphertext.len() - TAG_LENGTH);
                let derivation = Derivation::Pbkdf2 { iterations };
                Ok(Self { ciphertext, iv: Iv::Short(exact(&iv)?), tag, salt, derivation })
            }
            // A name is repeated, for people to look up; any other text may be anything.
            name if is_plain_name(name) => Err(CryptoError::UnsupportedName(name.to_owned())),
            _ => Err(CryptoError::Unsupported("algorithm of a record")),
        }
    }

    /// Opens the record with the 32-byte key it was sealed under.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`]; [`CryptoError::DecryptFailed`] for another key or any change.
    pub fn open(&self, key: &[u8]) -> Result<Opened, CryptoError> {
        let key = sealed::key(key)?;
        let mut plaintext = Zeroizing::new(Vec::new());
        plaintext.try_reserve_exact(self.ciphertext.len()).map_err(|_| CryptoError::DecryptFailed)?;
        plaintext.extend_from_slice(&self.ciphertext);
        match &self.iv {
            Iv::Short(iv) => aes::open_in_place(key, iv, b"", &mut plaintext, &self.tag),
            Iv::Long(iv) => scrubbed::<SHALLOW, _>(|| {
                aes::backend::open_with_long_nonce(key, iv, &mut plaintext, &self.tag)
            }),
        }
        .ok_or(CryptoError::DecryptFailed)?;
        Ok(Opened { plaintext, needs_rewrap: true })
    }

    /// Opens the record with the password it was sealed under, at the cost that the format says.
    ///
    /// # Errors
    /// [`CryptoError::MissingSalt`]; [`CryptoError::DecryptFailed`] for another password or any change;
    /// [`CryptoError::InvalidArgument`] when there is no memory for scrypt.
    pub fn open_with_password(&self, password: &[u8]) -> Result<Opened, CryptoError> {
        let salt = self.salt.as_ref().ok_or(CryptoError::MissingSalt)?;
        let key = match self.derivation {
            Derivation::Scrypt => kdf::scrypt_derive_key(password, salt, KEY_LENGTH),
            Derivation::Pbkdf2 { iterations } => {
                kdf::pbkdf2_sha256_derive_key(password, salt, iterations, KEY_LENGTH)
            }
        }?;
        self.open(&key)
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Record([REDACTED])")
    }
}

/// Seals `plaintext` under a 32-byte key as an F3 record. For callers of the old interface; nothing binds the result to
/// its place, which an [envelope](crate::envelope) does.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::EncryptFailed`] when the plaintext is over 2 GiB − 84 or there is no
/// memory; [`CryptoError::RandomUnavailable`].
pub fn encrypt(plaintext: &[u8], key: &[u8]) -> Result<String, CryptoError> {
    write(plaintext, key, None, random::array()?)
}

/// Seals `plaintext` under the scrypt key of a password and a fresh salt as an F3 record; see [`encrypt`].
///
/// # Errors
/// As [`encrypt`]; [`CryptoError::InvalidArgument`] when there is no memory for scrypt.
pub fn encrypt_with_password(plaintext: &[u8], password: &[u8]) -> Result<String, CryptoError> {
    let salt = kdf::generate_salt()?;
    let key = kdf::scrypt_derive_key(password, &salt, KEY_LENGTH)?;
    write(plaintext, &key, Some(&salt), random::array()?)
}

fn write(
    plaintext: &[u8],
    key: &[u8],
    salt: Option<&[u8; SALT_LENGTH]>,
    iv: [u8; aes::NONCE_LENGTH],
) -> Result<String, CryptoError> {
    let encrypted = aes::encrypt_with_nonce(plaintext, sealed::key(key)?, b"", &iv)?;
    let rest = &encrypted[aes::NONCE_LENGTH..];
    let (ciphertext, tag) = rest.split_at(rest.len() - TAG_LENGTH);
    let salt = salt.map_or_else(String::new, |salt| format!(r#""salt":"{}","#, base64::encode(salt)));
    Ok(format!(
        r#"{{"ciphertext":"{}","iv":"{}","authTag":"{}",{salt}"algorithm":"aes-256-gcm","version":{VERSION}}}"#,
        base64::encode(ciphertext),
        base64::encode(&iv),
        base64::encode(tag),
    ))
}

/// The members of a JSON object, by name. Reading them has made sure that no name comes twice.
struct Members(Vec<(String, Value)>);

impl Members {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|member| member.0 == name).map(|member| &member.1)
    }

    /// `null` is as good as missing: it is how an optional member was written.
    fn text(&self, name: &str) -> Result<Option<&str>, CryptoError> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(malformed("record member is not a string")),
        }
    }

    fn required(&self, name: &str) -> Result<&str, CryptoError> {
        self.text(name)?.ok_or(malformed("record lacks a member"))
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, CryptoError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                Ok(Some(*number as i64))
            }
            Some(_) => Err(malformed("record member is not an integer")),
        }
    }
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], CryptoError> {
    exact(&base64::decode(text)?)
}

fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], CryptoError> {
    bytes.try_into().map_err(|_| malformed("record member has a wrong length"))
}

/// Whether this can be shown: the name of an algorithm is short and plain.
fn is_plain_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn malformed(reason: &'static str) -> CryptoError {
    CryptoError::Serialization { reason, position: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"sk-test-0123456789abcdef";
    const PASSWORD: &[u8] = b"correct horse battery staple";
    const SALT: &str = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=";
    const F3: &str = r#"{"ciphertext":"tpRJPM8/sC0QpySrxmHDCqKOJdRNPvyb","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"zbwMiJ+sOpJ3pzbR6GSTjw==","algorithm":"aes-256-gcm","version":1}"#;
    const F4: &str = r#"{"ciphertext":"kdKDV0NP8y799SUFr1ElbEH/Mz7UUWpF","iv":"QEFCQ0RFRkdISUpL","auth_tag":"abTpZxiZ/iYnvI2utlcf4w==","algorithm":"aes-256-gcm"}"#;

    fn f3_with_password() -> String {
        format!(
            r#"{{"ciphertext":"99x0XpJ3JmJDs6YF6AeZXEBwuEZKgW/5","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"W2am5r/4nhNH2qbjd1u9lA==","salt":"{SALT}","algorithm":"aes-256-gcm","version":1}}"#
        )
    }

    fn f5(iterations: &str) -> String {
        format!(
            r#"{{"ciphertext":"LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==","iv":"QEFCQ0RFRkdISUpL","salt":"{SALT}","algorithm":"AES-GCM","keyDerivation":"PBKDF2","iterations":{iterations},"version":1}}"#
        )
    }

    fn key() -> [u8; 32] {
        std::array::from_fn(|i| u8::try_from(i).unwrap())
    }

    fn parse(json: &str) -> Record {
        Record::parse(json).unwrap()
    }

    #[test]
    fn the_name_of_another_algorithm_is_told_and_other_text_is_not() {
        let refused = |name: &str| Record::parse(&F3.replace("aes-256-gcm", name)).unwrap_err().to_string();
        assert_eq!(refused("aes-128-cbc"), "Unsupported algorithm: aes-128-cbc");
        for name in ["", "a b", "a\\n", "ä", &"a".repeat(33)] {
            assert_eq!(refused(name), "Unsupported algorithm: algorithm of a record");
        }
    }

    #[test]
    fn contract_golden_values() {
        for opened in [
            parse(F3).open(&key()),
            parse(F4).open(&key()),
            parse(&f3_with_password()).open_with_password(PASSWORD),
            parse(&f5("600000")).open_with_password(PASSWORD),
        ] {
            let opened = opened.unwrap();
            assert_eq!(*opened.plaintext, TEXT);
            assert!(opened.needs_rewrap);
        }
        // F4 is F3 with a short vector: what the writer makes of its vector is its ciphertext and tag.
        let iv = std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap());
        let expected = F4.replace("auth_tag", "authTag").replace('}', r#","version":1}"#);
        assert_eq!(write(TEXT, &key(), None, iv).unwrap(), expected);
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [&b""[..], TEXT] {
            assert_eq!(*parse(&encrypt(text, &key()).unwrap()).open(&key()).unwrap().plaintext, text);
            let with_password = encrypt_with_password(text, PASSWORD).unwrap();
            assert_eq!(*parse(&with_password).open_with_password(PASSWORD).unwrap().plaintext, text);
            assert!(with_password.contains("\"salt\":"));
        }
        assert_ne!(encrypt(TEXT, &key()), encrypt(TEXT, &key()));
        assert_eq!(encrypt(TEXT, &[0; 31]).unwrap_err().code(), "INVALID_KEY_LENGTH");
    }

    #[test]
    fn wrong_keys_passwords_and_changed_bytes_do_not_open() {
        assert_eq!(parse(F3).open(&[9; 32]), Err(CryptoError::DecryptFailed));
        assert_eq!(parse(F3).open(&[9; 31]).unwrap_err().code(), "INVALID_KEY_LENGTH");
        assert_eq!(parse(F3).open_with_password(PASSWORD), Err(CryptoError::MissingSalt));
        assert_eq!(parse(&f3_with_password()).open_with_password(b""), Err(CryptoError::DecryptFailed));
        assert_eq!(parse(&f5("100000")).open_with_password(PASSWORD), Err(CryptoError::DecryptFailed));
        for (from, to) in [("tpRJ", "tpRK"), ("zbwM", "zbwN"), ("UFFS", "UFFT")] {
            let changed = F3.replace(from, to);
            assert_eq!(parse(&changed).open(&key()), Err(CryptoError::DecryptFailed));
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        for (json, code) in [
            ("", "SERIALIZATION"),
            ("[]", "SERIALIZATION"),
            ("{}", "SERIALIZATION"),
            (&F3.replace("1}", "2}"), "UNSUPPORTED_VERSION"),
            (&F3.replace("1}", "-1}"), "UNSUPPORTED_VERSION"),
            (&F3.replace("1}", "1.5}"), "SERIALIZATION"),
            (&F3.replace("1}", "1e300}"), "SERIALIZATION"),
            (&F3.replace("1}", "\"1\"}"), "SERIALIZATION"),
            (&F3.replace(",\"version\":1", ""), "SERIALIZATION"),
            (&F4.replace('}', ",\"version\":2}"), "UNSUPPORTED_VERSION"),
            (&F3.replace("aes-256-gcm", "aes-128-gcm"), "UNSUPPORTED"),
            (&F3.replace("aes-256-gcm", "AES-256-GCM"), "UNSUPPORTED"),
            (&F3.replace("\"ciphertext\"", "\"c\""), "SERIALIZATION"),
            (&F3.replace("\"authTag\"", "\"tag\""), "SERIALIZATION"),
            (&F3.replace("\"iv\"", "\"auth_tag\":\"zbwMiJ+sOpJ3pzbR6GSTjw==\",\"iv\""), "SERIALIZATION"),
            (&F3.replace("\"iv\"", "\"iv\":\"\",\"iv\""), "SERIALIZATION"),
            (&F3.replace("Xw==", "Xx=="), "SERIALIZATION"),
            (&F3.replace("Xw==", "Xw"), "SERIALIZATION"),
            (&F3.replace("Xw==", ""), "SERIALIZATION"),
            (&F3.replace("zbwMiJ+s", "zbwM"), "SERIALIZATION"),
            (&f3_with_password().replace("gIGC", ""), "SERIALIZATION"),
            (&f5("99999"), "UNSUPPORTED"),
            (&f5("10000001"), "UNSUPPORTED"),
            (&f5("-600000"), "UNSUPPORTED"),
            (&f5("1e15"), "UNSUPPORTED"),
            (&f5("\"600000\""), "SERIALIZATION"),
            (&f5("600000").replace("PBKDF2", "scrypt"), "UNSUPPORTED"),
            (&f5("600000").replace("QEFC", ""), "SERIALIZATION"),
        ] {
            assert_eq!(Record::parse(json).unwrap_err().code(), code, "{json}");
        }
        let short = f5("600000").replace("LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==", "LjV2");
        assert_eq!(Record::parse(&short).unwrap_err(), CryptoError::DataTooShort);
        assert!(Record::parse(&F3.replace("\"iv\"", "\"salt\":null,\"note\":[1,{}],\"iv\"")).is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", parse(F3)), "Record([REDACTED])");
    }
}
