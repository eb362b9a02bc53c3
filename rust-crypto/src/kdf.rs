//! Keys from keys (HKDF) and keys from passwords (PBKDF2, scrypt, Argon2id).
//!
//! A key needs [`hkdf_sha256`] to become others. A password needs a function that is slow on purpose:
//! [`argon2id_derive_key`] for everything new; the others read what older systems wrote. Cost is fixed by the
//! parameters, which are checked against bounds before any memory is taken, because they come from files that
//! others may have written.

mod pbkdf2;

use argon2::{Algorithm, Argon2, Block, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::CryptoError;
use crate::random;
use crate::stack::{DEEP, SHALLOW, scrubbed};

/// The most that [`hkdf_sha256`] derives: 255 blocks of SHA-256.
pub const MAX_HKDF_LENGTH: usize = 255 * 32;
/// The longest key derived from a password.
pub const MAX_PASSWORD_KEY_LENGTH: usize = 1024;
/// The most iterations of [`pbkdf2_sha256_derive_key`].
pub const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// The shortest salt Argon2id takes.
pub const MIN_ARGON2_SALT_LENGTH: usize = 8;
/// Length of what [`generate_salt`] gives.
pub const SALT_LENGTH: usize = 32;

/// 32 random bytes to salt a password with.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`] when the system gives no randomness.
pub fn generate_salt() -> Result<[u8; SALT_LENGTH], CryptoError> {
    random::array()
}

/// HKDF with SHA-256 (RFC 5869): `length` bytes from `ikm`, 0 to 8160. An empty salt is 32 zero bytes.
///
/// `ikm` must be hard to guess; for passwords use the functions below. The result is wiped when dropped.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] above 8160 bytes.
pub fn hkdf_sha256(
    ikm: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if length > MAX_HKDF_LENGTH {
        return Err(CryptoError::InvalidArgument("length must be at most 8160"));
    }
    let mut out = Zeroizing::new(random::zeroed(length)?);
    hkdf_sha256_into(ikm, salt, &[info], &mut out)?;
    Ok(out)
}

/// [`hkdf_sha256`] into a buffer of the caller, with `info` given in parts that are joined.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] when the buffer is longer than 8160 bytes.
pub fn hkdf_sha256_into(ikm: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    scrubbed::<SHALLOW, _>(|| Hkdf::<Sha256>::new(Some(salt), ikm).expand_multi_info(info, out))
        .map_err(|_| CryptoError::InvalidArgument("length must be at most 8160"))
}

/// PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2): `length` bytes, 1 to 1024. The result is wiped when dropped.
///
/// Cheap to guess on graphics processors whatever the iterations: for reading what others wrote.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] for another length or iterations outside 1 to [`MAX_PBKDF2_ITERATIONS`].
pub fn pbkdf2_sha256_derive_key(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if !(1..=MAX_PBKDF2_ITERATIONS).contains(&iterations) {
        return Err(CryptoError::InvalidArgument("iterations must be between 1 and 10000000"));
    }
    let mut key = password_key(length).ok_or(LENGTH)?;
    scrubbed::<DEEP, _>(|| pbkdf2::derive(password, salt, iterations, &mut key));
    Ok(key)
}

/// The cost of scrypt: 2^`log2_n` blocks of 128·`r` bytes, `p` times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ScryptParams {
    log2_n: u8,
    r: u32,
    p: u32,
}

impl ScryptParams {
    /// N = 2^14, r = 8, p = 1: 16 MiB. What older systems used, too little for new records.
    pub const LEGACY: Self = Self { log2_n: 14, r: 8, p: 1 };

    /// Parameters within the bounds: `log2_n` 14 to 20, `r` 8, `p` 1 to 4. Memory is 2^`log2_n` KiB.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] outside.
    pub const fn new(log2_n: u8, r: u32, p: u32) -> Result<Self, CryptoError> {
        if log2_n < 14 || log2_n > 20 || r != 8 || p < 1 || p > 4 {
            return Err(CryptoError::Unsupported("scrypt parameters out of bounds"));
        }
        Ok(Self { log2_n, r, p })
    }

    /// The binary logarithm of N.
    #[must_use]
    pub const fn log2_n(self) -> u8 {
        self.log2_n
    }

    /// Block size.
    #[must_use]
    pub const fn r(self) -> u32 {
        self.r
    }

    /// Number of passes, one after the other.
    #[must_use]
    pub const fn p(self) -> u32 {
        self.p
    }
}

/// [`scrypt`] with [`ScryptParams::LEGACY`].
///
/// # Errors
/// As [`scrypt`].
pub fn scrypt_derive_key(
    password: &[u8],
    salt: &[u8],
    key_length: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    scrypt(password, salt, ScryptParams::LEGACY, key_length)
}

/// scrypt (RFC 7914): `key_length` bytes, 1 to 1024. The result is wiped when dropped.
///
/// # Errors
/// [`CryptoError::InvalidScryptParams`] for another length, [`CryptoError::InvalidArgument`] when there is no memory
/// for the parameters.
pub fn scrypt(
    password: &[u8],
    salt: &[u8],
    params: ScryptParams,
    key_length: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut key = password_key(key_length).ok_or(CryptoError::InvalidScryptParams)?;
    scrypt_into(password, salt, params, &mut key)?;
    Ok(key)
}

/// The cost of Argon2id: `m_kib` KiB of memory, `t` passes over it, `p` lanes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Argon2Params {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Argon2Params {
    /// 19 MiB, 2 passes, 1 lane: the least that OWASP's password storage guidance allows.
    pub const DEFAULT: Self = Self { m_kib: 19_456, t: 2, p: 1 };
    /// 64 MiB, 3 passes, 1 lane, for machines that are not browsers.
    pub const NATIVE: Self = Self { m_kib: 65_536, t: 3, p: 1 };

    /// Parameters within the bounds: `m_kib` 8192 to 1048576, `t` 1 to 16, `p` 1 to 8.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] outside.
    pub const fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, CryptoError> {
        if m_kib < 8192 || m_kib > 1_048_576 || t < 1 || t > 16 || p < 1 || p > 8 {
            return Err(CryptoError::Unsupported("Argon2id parameters out of bounds"));
        }
        Ok(Self { m_kib, t, p })
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn m_kib(self) -> u32 {
        self.m_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn t(self) -> u32 {
        self.t
    }

    /// Lanes.
    #[must_use]
    pub const fn p(self) -> u32 {
        self.p
    }
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Argon2id, version 1.3 (RFC 9106): `length` bytes, 4 to 1024. The result is wiped when dropped, the memory it was
/// made in before this returns.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] for another length, a salt of fewer than 8 bytes, or when there is no memory for
/// the parameters.
pub fn argon2id_derive_key(
    password: &[u8],
    salt: &[u8],
    params: Argon2Params,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    const FAILED: CryptoError = CryptoError::InvalidArgument("password or salt is too long");
    if salt.len() < MIN_ARGON2_SALT_LENGTH {
        return Err(CryptoError::InvalidArgument("salt must have at least 8 bytes"));
    }
    if length < argon2::Params::MIN_OUTPUT_LEN {
        return Err(CryptoError::InvalidArgument("length must be between 4 and 1024"));
    }
    let mut key =
        password_key(length).ok_or(CryptoError::InvalidArgument("length must be between 4 and 1024"))?;
    let params = argon2::Params::new(params.m_kib, params.t, params.p, Some(length)).map_err(|_| FAILED)?;
    let mut memory = Memory(Vec::new());
    memory.0.try_reserve_exact(params.block_count()).map_err(|_| NO_MEMORY)?;
    memory.0.resize(params.block_count(), Block::new());
    scrubbed::<DEEP, _>(|| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            password,
            salt,
            &mut key,
            &mut memory.0[..],
        )
    })
    .map_err(|_| FAILED)?;
    Ok(key)
}

const LENGTH: CryptoError = CryptoError::InvalidArgument("length must be between 1 and 1024");
const NO_MEMORY: CryptoError = CryptoError::InvalidArgument("parameters need more memory than there is");

/// The blocks Argon2 works in, wiped when dropped.
struct Memory(Vec<Block>);

impl Drop for Memory {
    fn drop(&mut self) {
        // In WebAssembly the allocator of the bindings wipes what is freed; twice 19 MiB takes a tenth of the time.
        if !cfg!(target_arch = "wasm32") {
            self.0.zeroize();
        }
    }
}

/// Room for a key, unless its length is out of bounds.
fn password_key(length: usize) -> Option<Zeroizing<Vec<u8>>> {
    (1..=MAX_PASSWORD_KEY_LENGTH).contains(&length).then(|| Zeroizing::new(vec![0; length]))
}

fn scrypt_into(
    password: &[u8],
    salt: &[u8],
    ScryptParams { log2_n, r, p }: ScryptParams,
    key: &mut [u8],
) -> Result<(), CryptoError> {
    let params = scrypt::Params::new(log2_n, r, p).map_err(|_| CryptoError::InvalidScryptParams)?;
    // The crate allocates where failure aborts; what can be had here can be had there.
    Vec::<u8>::new().try_reserve_exact((r as usize * 128) << log2_n).map_err(|_| NO_MEMORY)?;
    scrubbed::<DEEP, _>(|| scrypt::scrypt(password, salt, &params, key))
        .map_err(|_| CryptoError::InvalidScryptParams)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const PASSWORD: &[u8] = b"correct horse battery staple";

    fn counting<const N: usize>(first: u8) -> [u8; N] {
        std::array::from_fn(|i| first + u8::try_from(i).unwrap())
    }

    #[test]
    fn contract_golden_values() {
        let salt: [u8; 32] = counting(0x80);
        let hkdf = hkdf_sha256(&counting::<32>(0), &counting::<16>(0), b"chrysalis", 42).unwrap();
        assert_eq!(
            hex::encode(&hkdf),
            "f5b1d2047b92e162bc2afb07f7e0696b8d6390d52ca605f2c794a1bead6e6d2ca53674cc7be7533534f4"
        );
        assert_eq!(
            hex::encode(&scrypt_derive_key(PASSWORD, &salt, 32).unwrap()),
            "b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05"
        );
        let argon2 = argon2id_derive_key(PASSWORD, &salt[..16], Argon2Params::DEFAULT, 32).unwrap();
        assert_eq!(hex::encode(&argon2), "f552a026194be7d2ea2c82c9b548ca463fa129f3afbdb4bc57d68123990a13f3");
    }

    /// RFC 7914 section 12; the parameters are smaller than what callers may use.
    #[test]
    fn rfc_7914() {
        for (password, salt, log2_n, r, p, expected) in [
            (
                "",
                "",
                4,
                1,
                1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17\
                 e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                "password",
                "NaCl",
                10,
                8,
                16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da\
                 c727afb94a83ee6d8360cbdfa2cc0640",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                14,
                8,
                1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9\
                 e61e85dc0d651e40dfcf017b45575887",
            ),
        ] {
            let mut key = [0; 64];
            let params = ScryptParams { log2_n, r, p };
            scrypt_into(password.as_bytes(), salt.as_bytes(), params, &mut key).unwrap();
            assert_eq!(hex::encode(&key), expected);
        }
    }

    /// RFC 9106 section 5.3 has a secret, associated data and 32 KiB, none of which callers may use: this shows that
    /// the library below is the RFC's.
    #[test]
    fn rfc_9106() {
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let mut tag = [0; 32];
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params)
            .unwrap()
            .hash_password_into_with_memory(&[1; 32], &[2; 16], &mut tag, vec![Block::new(); 32])
            .unwrap();
        assert_eq!(hex::encode(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn parameters_outside_the_bounds_are_refused_before_any_work() {
        for (m, t, p) in [
            (8191, 1, 1),
            (1_048_577, 1, 1),
            (u32::MAX, u32::MAX, u32::MAX),
            (8192, 0, 1),
            (8192, 17, 1),
            (8192, 1, 0),
            (8192, 1, 9),
        ] {
            assert_eq!(Argon2Params::new(m, t, p).unwrap_err().code(), "UNSUPPORTED");
        }
        for (log2_n, r, p) in
            [(13, 8, 1), (21, 8, 1), (255, 8, 1), (14, 7, 1), (14, 9, 1), (14, 8, 0), (14, 8, 5)]
        {
            assert_eq!(ScryptParams::new(log2_n, r, p).unwrap_err().code(), "UNSUPPORTED");
        }
        assert_eq!(ScryptParams::new(14, 8, 1), Ok(ScryptParams::LEGACY));
        assert_eq!(Argon2Params::new(19_456, 2, 1), Ok(Argon2Params::DEFAULT));
        assert_eq!(Argon2Params::new(65_536, 3, 1), Ok(Argon2Params::NATIVE));
    }

    #[test]
    fn lengths_outside_the_bounds_are_refused() {
        for length in [0, 1025, usize::MAX] {
            assert_eq!(scrypt_derive_key(b"", b"", length), Err(CryptoError::InvalidScryptParams));
            assert_eq!(pbkdf2_sha256_derive_key(b"", b"", 1, length).unwrap_err().code(), "INVALID_ARGUMENT");
        }
        for length in [0, 3, 1025, usize::MAX] {
            let refused = argon2id_derive_key(b"", &[0; 8], Argon2Params::DEFAULT, length);
            assert_eq!(refused.unwrap_err().code(), "INVALID_ARGUMENT");
        }
        let short_salt = argon2id_derive_key(b"", &[0; 7], Argon2Params::DEFAULT, 32);
        assert_eq!(short_salt.unwrap_err().code(), "INVALID_ARGUMENT");
        for iterations in [0, MAX_PBKDF2_ITERATIONS + 1, u32::MAX] {
            let refused = pbkdf2_sha256_derive_key(b"", b"", iterations, 32);
            assert_eq!(refused.unwrap_err().code(), "INVALID_ARGUMENT");
        }
        assert_eq!(hkdf_sha256(b"", b"", b"", 8161).unwrap_err().code(), "INVALID_ARGUMENT");
        assert_eq!(hkdf_sha256(b"", b"", b"", 8160).unwrap().len(), 8160);
        assert!(hkdf_sha256(b"", b"", b"", 0).unwrap().is_empty());
        assert_eq!(pbkdf2_sha256_derive_key(b"", b"", 1, 1024).unwrap().len(), 1024);
    }

    #[test]
    fn an_empty_salt_is_thirty_two_zeros_and_info_may_come_in_parts() {
        let whole = hkdf_sha256(b"ikm", b"", b"one and two", 70).unwrap();
        assert_eq!(whole, hkdf_sha256(b"ikm", &[0; 32], b"one and two", 70).unwrap());
        let mut parts = [0; 70];
        hkdf_sha256_into(b"ikm", b"", &[b"one", b"", b" and two"], &mut parts).unwrap();
        assert_eq!(whole[..], parts);
    }
}
