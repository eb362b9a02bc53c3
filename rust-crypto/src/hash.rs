//! Hash functions: SHA-2 (FIPS 180-4), SHA-3 (FIPS 202) and BLAKE3, at once or piece by piece.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use chrysalis_kernels::keccak::{Sha3_256, Sha3_384, Sha3_512};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use sha3::{Sha3_256, Sha3_384, Sha3_512};

use crate::error::CryptoError;
use crate::stack::{DEEP, scrubbed};
use crate::{hex, random};

/// A hash function. The numbers are fixed: callers in other languages pass them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[repr(u32)]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256 = 0,
    /// SHA-384, 48 bytes.
    Sha384 = 1,
    /// SHA-512, 64 bytes.
    Sha512 = 2,
    /// SHA3-256, 32 bytes.
    Sha3_256 = 3,
    /// SHA3-384, 48 bytes.
    Sha3_384 = 4,
    /// SHA3-512, 64 bytes.
    Sha3_512 = 5,
    /// BLAKE3 without a key, 32 bytes.
    Blake3 = 6,
}

impl HashAlgorithm {
    /// Every algorithm offered, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
        Self::Blake3,
    ];

    /// Length of the digest in bytes.
    #[must_use]
    pub const fn output_length(self) -> usize {
        match self {
            Self::Sha256 | Self::Sha3_256 | Self::Blake3 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }
}

impl From<HashAlgorithm> for u32 {
    fn from(algorithm: HashAlgorithm) -> Self {
        algorithm as Self
    }
}

impl TryFrom<u32> for HashAlgorithm {
    type Error = CryptoError;

    fn try_from(number: u32) -> Result<Self, CryptoError> {
        match number {
            0 => Ok(Self::Sha256),
            1 => Ok(Self::Sha384),
            2 => Ok(Self::Sha512),
            3 => Ok(Self::Sha3_256),
            4 => Ok(Self::Sha3_384),
            5 => Ok(Self::Sha3_512),
            6 => Ok(Self::Blake3),
            _ => Err(CryptoError::Unsupported("unknown hash algorithm number")),
        }
    }
}

/// The digest of `data`: [`output_length`](HashAlgorithm::output_length) bytes.
#[must_use]
pub fn hash(data: &[u8], algorithm: HashAlgorithm) -> Vec<u8> {
    match algorithm {
        HashAlgorithm::Sha256 => Sha256::digest(data).to_vec(),
        HashAlgorithm::Sha384 => sha384(data).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(data).to_vec(),
        HashAlgorithm::Sha3_256 => Sha3_256::digest(data).to_vec(),
        HashAlgorithm::Sha3_384 => Sha3_384::digest(data).to_vec(),
        HashAlgorithm::Sha3_512 => Sha3_512::digest(data).to_vec(),
        HashAlgorithm::Blake3 => blake3_hash(data).to_vec(),
    }
}

/// [`hash`] in lower-case hexadecimal.
#[must_use]
pub fn hash_hex(data: &[u8], algorithm: HashAlgorithm) -> String {
    hex::encode(&hash(data, algorithm))
}

/// [`hash_hex`] of every message, in their order.
///
/// Natively, from 1 MiB on, the work is spread over the processors; each message is hashed by one.
#[must_use]
pub fn batch_hash(messages: &[&[u8]], algorithm: HashAlgorithm) -> Vec<String> {
    let workers = workers(messages);
    if workers < 2 {
        return messages.iter().map(|message| hash_hex(message, algorithm)).collect();
    }
    // Messages are dealt out like cards, so that neighbours of one size do not all fall to one worker.
    let deal = |first: usize| -> Vec<String> {
        messages.iter().skip(first).step_by(workers).map(|message| hash_hex(message, algorithm)).collect()
    };
    let deal = &deal;
    let mut hands: Vec<_> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers)
            .map(|first| (first, std::thread::Builder::new().spawn_scoped(scope, move || deal(first))))
            .collect();
        let mut hands = vec![deal(0).into_iter()];
        // A thread that the system did not give is made up for here.
        hands.extend(others.into_iter().map(|(first, thread)| {
            thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| deal(first)).into_iter()
        }));
        hands
    });
    (0..messages.len()).filter_map(|i| hands[i % workers].next()).collect()
}

/// How many threads hashing `messages` is worth.
fn workers(messages: &[&[u8]]) -> usize {
    const WORTH_A_THREAD: usize = 512 << 10;
    if cfg!(target_arch = "wasm32") {
        return 1;
    }
    let bytes = messages.iter().fold(0_usize, |sum, message| sum.saturating_add(message.len()));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.min(messages.len()).min(bytes / WORTH_A_THREAD)
}

/// SHA-384 of `data`.
#[must_use]
pub fn sha384(data: &[u8]) -> [u8; 48] {
    Sha384::digest(data).into()
}

/// SHA-384 of `data` in lower-case hexadecimal, 96 characters.
#[must_use]
pub fn sha384_hex(data: &[u8]) -> String {
    hex::encode(&sha384(data))
}

/// BLAKE3 of `data`, without a key, 32 bytes.
#[must_use]
pub fn blake3_hash(data: &[u8]) -> [u8; 32] {
    *blake3::hash(data).as_bytes()
}

/// BLAKE3 of `data` in lower-case hexadecimal, 64 characters.
#[must_use]
pub fn blake3_hex(data: &[u8]) -> String {
    hex::encode(&blake3_hash(data))
}

/// BLAKE3 of `data` under a 32-byte key: a message authentication code. Compare with
/// [`constant_time_eq`](crate::compare::constant_time_eq).
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`].
pub fn blake3_keyed(key: &[u8], data: &[u8]) -> Result<[u8; 32], CryptoError> {
    let key = crate::sealed::key(key)?;
    Ok(scrubbed::<DEEP, _>(|| *blake3::keyed_hash(key, data).as_bytes()))
}

/// BLAKE3 in derive-key mode: 32 bytes of key for the purpose that `context` names, from key material that is hard to
/// guess. The context should be a constant: application, date, purpose.
#[must_use]
pub fn blake3_derive_key(context: &str, ikm: &[u8]) -> [u8; 32] {
    scrubbed::<DEEP, _>(|| blake3::derive_key(context, ikm))
}

/// BLAKE3 of `data` in derive-key mode: a digest that means something for one purpose only. The bytes of
/// [`blake3_derive_key`]; `data` is public, so nothing is wiped, which for short data takes longer than the hash.
#[must_use]
pub fn blake3_domain_hash(context: &str, data: &[u8]) -> [u8; 32] {
    blake3::derive_key(context, data)
}

/// BLAKE3 of `data` at any length; longer outputs begin with the shorter ones.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] above 2^30 bytes or when there is no memory for them.
pub fn blake3_xof(data: &[u8], length: usize) -> Result<Vec<u8>, CryptoError> {
    let mut out = random::zeroed(length)?;
    blake3::Hasher::new().update(data).finalize_xof().fill(&mut out);
    Ok(out)
}

/// A hash of data that arrives in pieces; how it was cut does not change the digest.
///
/// Other languages hold this object, so taking the digest leaves it behind in a finished state in which every
/// use but [`reset`](Self::reset) is an error, instead of consuming it. A clone goes on independently; the
/// clone of a finished hasher is finished.
#[derive(Clone)]
pub struct IncrementalHasher {
    algorithm: HashAlgorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    // The other states are larger, BLAKE3's by far.
    Sha384(Box<Sha384>),
    Sha512(Box<Sha512>),
    Sha3_256(Box<Sha3_256>),
    Sha3_384(Box<Sha3_384>),
    Sha3_512(Box<Sha3_512>),
    Blake3(Box<blake3::Hasher>),
    Finished,
}

impl IncrementalHasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, state: State::new(algorithm) }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Takes in the next piece.
    ///
    /// # Errors
    /// [`CryptoError::HasherFinalized`] after the digest was taken.
    pub fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        match &mut self.state {
            State::Sha256(state) => state.update(data),
            State::Sha384(state) => state.update(data),
            State::Sha512(state) => state.update(data),
            State::Sha3_256(state) => state.update(data),
            State::Sha3_384(state) => state.update(data),
            State::Sha3_512(state) => state.update(data),
            State::Blake3(state) => {
                state.update(data);
            }
            State::Finished => return Err(CryptoError::HasherFinalized),
        }
        Ok(())
    }

    /// The digest of everything taken in. The hasher is finished afterwards.
    ///
    /// # Errors
    /// [`CryptoError::HasherFinalized`] after the digest was taken.
    pub fn finalize(&mut self) -> Result<Vec<u8>, CryptoError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Sha256(state) => Ok(state.finalize().to_vec()),
            State::Sha384(state) => Ok(state.finalize().to_vec()),
            State::Sha512(state) => Ok(state.finalize().to_vec()),
            State::Sha3_256(state) => Ok(state.finalize().to_vec()),
            State::Sha3_384(state) => Ok(state.finalize().to_vec()),
            State::Sha3_512(state) => Ok(state.finalize().to_vec()),
            State::Blake3(state) => Ok(state.finalize().as_bytes().to_vec()),
            State::Finished => Err(CryptoError::HasherFinalized),
        }
    }

    /// [`finalize`](Self::finalize) in lower-case hexadecimal.
    ///
    /// # Errors
    /// As [`finalize`](Self::finalize).
    pub fn finalize_hex(&mut self) -> Result<String, CryptoError> {
        Ok(hex::encode(&self.finalize()?))
    }

    /// Forgets everything taken in; a finished hasher becomes usable again.
    pub fn reset(&mut self) {
        self.state = State::new(self.algorithm);
    }
}

impl std::fmt::Debug for IncrementalHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The state is a function of the data, so it is not shown.
        f.debug_struct("IncrementalHasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl State {
    fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(Box::default()),
            HashAlgorithm::Sha512 => Self::Sha512(Box::default()),
            HashAlgorithm::Sha3_256 => Self::Sha3_256(Box::default()),
            HashAlgorithm::Sha3_384 => Self::Sha3_384(Box::default()),
            HashAlgorithm::Sha3_512 => Self::Sha3_512(Box::default()),
            HashAlgorithm::Blake3 => Self::Blake3(Box::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_fixed_and_the_rest_is_refused() {
        assert_eq!(
            HashAlgorithm::ALL.iter().map(|&a| u32::from(a)).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4, 5, 6]
        );
        for &algorithm in HashAlgorithm::ALL {
            assert_eq!(HashAlgorithm::try_from(u32::from(algorithm)), Ok(algorithm));
            assert_eq!(hash(b"", algorithm).len(), algorithm.output_length());
        }
        for number in [7, 8, 255, u32::MAX] {
            assert_eq!(HashAlgorithm::try_from(number).unwrap_err().code(), "UNSUPPORTED");
        }
    }

    #[test]
    fn a_batch_is_each_message_in_order() {
        let data: Vec<u8> = (0..=250).cycle().take(40_000).collect();
        for count in [0, 1, 2, 7, 120] {
            let messages: Vec<&[u8]> = (0..count).map(|i| &data[i..i + (i * 7919) % 39_000]).collect();
            for &algorithm in HashAlgorithm::ALL {
                let one_by_one: Vec<_> =
                    messages.iter().map(|message| hash_hex(message, algorithm)).collect();
                assert_eq!(batch_hash(&messages, algorithm), one_by_one);
            }
        }
        // Large enough for several threads wherever there are several processors.
        assert!(
            workers(&vec![&data[..]; 120]) >= 2.min(std::thread::available_parallelism().unwrap().into())
        );
    }

    #[test]
    fn blake3_modes_differ_and_long_outputs_extend_short_ones() {
        assert_eq!(blake3_domain_hash("a purpose", b"data"), blake3_derive_key("a purpose", b"data"));
        assert_eq!(blake3_keyed(&[0; 31], b"").unwrap_err().code(), "INVALID_KEY_LENGTH");
        let digests = [blake3_hash(b"x"), blake3_keyed(&[0; 32], b"x").unwrap(), blake3_derive_key("", b"x")];
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
        let long = blake3_xof(b"x", 1000).unwrap();
        assert_eq!(long[..32], digests[0]);
        assert_eq!(blake3_xof(b"x", 65).unwrap(), long[..65]);
        assert!(blake3_xof(b"x", 0).unwrap().is_empty());
        assert_eq!(blake3_xof(b"x", random::MAX_LENGTH + 1).unwrap_err().code(), "INVALID_ARGUMENT");
    }

    #[test]
    fn a_finished_hasher_refuses_everything_until_reset() {
        for &algorithm in HashAlgorithm::ALL {
            let mut hasher = IncrementalHasher::new(algorithm);
            hasher.update(b"ab").unwrap();
            hasher.update(b"").unwrap();
            hasher.update(b"c").unwrap();
            assert_eq!(hasher.finalize(), Ok(hash(b"abc", algorithm)));
            assert_eq!(hasher.update(b"x"), Err(CryptoError::HasherFinalized));
            assert_eq!(hasher.finalize(), Err(CryptoError::HasherFinalized));
            assert_eq!(hasher.clone().finalize_hex(), Err(CryptoError::HasherFinalized));
            hasher.reset();
            assert_eq!(hasher.finalize_hex(), Ok(hash_hex(b"", algorithm)));
        }
    }

    #[test]
    fn clones_go_on_independently() {
        let mut first = IncrementalHasher::new(HashAlgorithm::Blake3);
        first.update(b"a").unwrap();
        let mut second = first.clone();
        first.update(b"b").unwrap();
        second.update(b"c").unwrap();
        assert_eq!(first.finalize_hex(), Ok(blake3_hex(b"ab")));
        assert_eq!(second.finalize_hex(), Ok(blake3_hex(b"ac")));
    }

    #[test]
    fn debug_shows_no_state() {
        let mut hasher = IncrementalHasher::new(HashAlgorithm::Sha384);
        hasher.update(b"secret").unwrap();
        assert_eq!(format!("{hasher:?}"), "IncrementalHasher { algorithm: Sha384, .. }");
    }
}
