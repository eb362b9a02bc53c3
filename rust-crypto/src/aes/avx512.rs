//! AES-256-GCM (NIST SP 800-38D) on processors with AVX-512, VAES and VPCLMULQDQ: four blocks in a register, sixteen at a time.
//!
//! While sixteen counters go through the rounds of AES, the sixteen blocks of ciphertext before them are hashed, so that the units for
//! both have work throughout. Time depends on lengths alone: there is no table and no branch on anything else. Keys are on the
//! stack while a call runs; who calls wipes it.
//!
//! A lane with a block in it to be hashed has the bytes in reverse, which makes it the number that a `u128` is. The hash is that of
//! Gueron and Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode": the key is multiplied
//! by x beforehand, so that products of reflected polynomials are in place and are reduced from below by two multiplications.
#![expect(unsafe_code, reason = "code for a processor that was found to be there has no safe call")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_aesenc_epi128, _mm512_aesenclast_epi128, _mm512_bslli_epi128,
    _mm512_clmulepi64_epi128, _mm512_loadu_si512, _mm512_mask_blend_epi64, _mm512_set1_epi32,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_epi32, _mm512_storeu_si512,
    _mm512_xor_si512,
};
use std::ops::Range;

use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U256;
use aes_gcm::aead::inout::{InOut, InOutBuf};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use super::{KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};

const BLOCK: usize = 16;
/// Bytes in a register.
const REGISTER: usize = 4 * BLOCK;
/// Bytes that are worked on at a time.
const GROUP: usize = 4 * REGISTER;
const ROUNDS: usize = 14;
/// What counters of 32 bits reach (SP 800-38D, 5.2.1.1).
const MAX_TEXT_BYTES: u64 = (1 << 36) - 32;

/// Stands for a processor that has what the code below needs.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// `None` where the processor lacks the instructions.
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq");
        found.then_some(Self(()))
    }

    /// Encrypts `text` and gives the tag; `None` when it is longer than may be sealed.
    pub(super) fn seal(
        self,
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
    ) -> Option<[u8; TAG_LENGTH]> {
        // SAFETY: a value of `Avx512` exists only where the processor has these features.
        (text.len() as u64 <= MAX_TEXT_BYTES).then(|| unsafe { crypt::<true>(key, nonce, aad, text) })
    }

    /// Decrypts `text`, and wipes what it made of it where `tag` does not hold.
    pub(super) fn open(
        self,
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        mut text: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        if text.len() as u64 > MAX_TEXT_BYTES {
            return None;
        }
        // SAFETY: as in `seal`.
        let expected = unsafe { crypt::<false>(key, nonce, aad, text.reborrow()) };
        if expected.ct_eq(tag).into() {
            return Some(());
        }
        text.get_out().zeroize();
        None
    }
}

/// Encrypts or decrypts `text` and gives the tag of the ciphertext.
#[target_feature(enable = "avx512f,avx512bw,vaes,vpclmulqdq")]
fn crypt<const SEALS: bool>(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    text: InOutBuf<'_, '_, u8>,
) -> [u8; TAG_LENGTH] {
    let cipher = Aes::new(key);
    let mut first = [0; BLOCK];
    first[..NONCE_LENGTH].copy_from_slice(nonce);
    first[BLOCK - 1] = 1;
    let first = u128::from_be_bytes(first);
    // Zero encrypted is the key of the hash, the first counter encrypted masks the tag.
    let [hash_key, mask, _, _] = words(reversed(cipher.encrypt(reversed(register([0, first, 0, 0])))));
    let hash = Hash::new(hash_key);

    let bits = |bytes: usize| u128::from(8 * bytes as u64);
    let lengths = bits(aad.len()) << 64 | bits(text.len());
    let mut counters = register([first + 1, first + 2, first + 3, first + 4]);
    let mut sum = hash.absorb(0, aad);
    let (groups, mut tail) = text.into_chunks::<U256>();
    if !groups.is_empty() {
        (sum, counters) = crypt_groups::<SEALS>(&cipher, &hash, counters, sum, groups);
    }
    let mut last = [0; GROUP];
    let last = &mut last[..tail.len()];
    // Read once, so that what is hashed is what is decrypted.
    last.copy_from_slice(tail.get_in());
    if !SEALS {
        sum = hash.absorb(sum, last);
    }
    for chunk in last.chunks_mut(REGISTER) {
        let mut stream = [0; REGISTER];
        store(&mut stream, cipher.encrypt(reversed(counters)));
        chunk.iter_mut().zip(stream).for_each(|(byte, stream)| *byte ^= stream);
        counters = advanced(counters, 1);
    }
    if SEALS {
        sum = hash.absorb(sum, last);
    }
    tail.get_out().copy_from_slice(last);
    (hash.absorb(sum, &lengths.to_be_bytes()) ^ mask).to_be_bytes()
}

/// Encrypts or decrypts whole groups, of which there is at least one, and gives the sum of the hash after them and the counters of
/// what follows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes,vpclmulqdq")]
fn crypt_groups<const SEALS: bool>(
    cipher: &Aes,
    hash: &Hash,
    mut counters: __m512i,
    sum: u128,
    groups: InOutBuf<'_, '_, Array<u8, U256>>,
) -> (u128, __m512i) {
    // Each lane has a sum of its own, of every fourth block. They meet at the end.
    let mut sums = _mm512_setzero_si512();
    let mut pending = [sums; 4];
    for (index, group) in groups.into_iter().enumerate() {
        let mut blocks = pending;
        for block in &mut blocks {
            *block = xor(reversed(counters), cipher.keys[0]);
            counters = advanced(counters, 1);
        }
        cipher.rounds(1..ROUNDS, &mut blocks);
        // Of another group than the rounds, so that the processor does both at once.
        sums = hash.stepped(sums, &pending);
        pending = cipher.last_round::<SEALS>(&blocks, group);
        if index == 0 {
            pending[0] = xor(pending[0], register([sum, 0, 0, 0]));
        }
    }
    (hash.joined(hash.stepped(sums, &pending)), counters)
}

/// AES-256 with its round keys in every lane (FIPS 197).
struct Aes {
    keys: [__m512i; ROUNDS + 1],
}

impl Aes {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn new(key: &[u8; KEY_LENGTH]) -> Self {
        /// The last column in all columns, as it is and rotated.
        const LAST: [i32; 2] = [0x0f0e_0d0c, 0x0c0f_0e0d];
        let halves = key.as_chunks().0;
        let mut keys = [_mm512_setzero_si512(); ROUNDS + 1];
        for (key, half) in keys.iter_mut().zip(halves) {
            *key = register([u128::from_le_bytes(*half); 4]);
        }
        for i in 2..=ROUNDS {
            let (rotated, constant) = if i % 2 == 0 { (1, 1 << (i / 2 - 1)) } else { (0, 0) };
            let column = _mm512_shuffle_epi8(keys[i - 1], _mm512_set1_epi32(LAST[rotated]));
            // The columns being equal, nothing is left of this round but S-boxes and the constant.
            let column = _mm512_aesenclast_epi128(column, _mm512_set1_epi32(constant));
            let twice = xor(keys[i - 2], _mm512_bslli_epi128::<4>(keys[i - 2]));
            keys[i] = xor(xor(twice, _mm512_bslli_epi128::<8>(twice)), column);
        }
        Self { keys }
    }

    /// Four blocks encrypted.
    #[inline]
    #[target_feature(enable = "avx512f,vaes")]
    fn encrypt(&self, blocks: __m512i) -> __m512i {
        let mut block = [xor(blocks, self.keys[0])];
        self.rounds(1..ROUNDS, &mut block);
        _mm512_aesenclast_epi128(block[0], self.keys[ROUNDS])
    }

    #[inline]
    #[target_feature(enable = "avx512f,vaes")]
    fn rounds<const N: usize>(&self, rounds: Range<usize>, blocks: &mut [__m512i; N]) {
        for key in &self.keys[rounds] {
            for block in blocks.iter_mut() {
                *block = _mm512_aesenc_epi128(*block, *key);
            }
        }
    }

    /// Ends the rounds of `blocks` with a group of text in them, and gives its ciphertext in the order of the hash.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn last_round<const SEALS: bool>(
        &self,
        blocks: &[__m512i; 4],
        mut group: InOut<'_, '_, Array<u8, U256>>,
    ) -> [__m512i; 4] {
        let mut ciphertext = *blocks;
        // A loop: `map` of the standard library is compiled without these instructions, and may be a call.
        for i in 0..4 {
            let given = load(&group.get_in().as_chunks().0[i]);
            let made = _mm512_aesenclast_epi128(blocks[i], xor(self.keys[ROUNDS], given));
            store(&mut group.get_out().as_chunks_mut().0[i], made);
            ciphertext[i] = reversed(if SEALS { made } else { given });
        }
        ciphertext
    }
}

/// GHASH under one key.
struct Hash {
    /// The powers 16, 12, 8 and 4 of the key, each in all lanes.
    strides: [__m512i; 4],
    /// The powers 4 to 1, from the lowest lane on.
    last: __m512i,
}

impl Hash {
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn new(key: u128) -> Self {
        // Times x, without a branch.
        let key = key << 1 ^ (key >> 127).wrapping_neg() & (0xc2 << 120 | 1);
        let power1 = register([key; 4]);
        let power2 = Product::of(power1, power1).reduced();
        let power3 = Product::of(power2, power1).reduced();
        let power4 = Product::of(power2, power2).reduced();
        let power8 = Product::of(power4, power4).reduced();
        let power12 = Product::of(power8, power4).reduced();
        let power16 = Product::of(power8, power8).reduced();
        let last = _mm512_mask_blend_epi64(0b0000_1100, power4, power3);
        let last = _mm512_mask_blend_epi64(0b0011_0000, last, power2);
        let last = _mm512_mask_blend_epi64(0b1100_0000, last, power1);
        Self { strides: [power16, power12, power8, power4], last }
    }

    /// The sums of the lanes after a group too.
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn stepped(&self, sums: __m512i, group: &[__m512i; 4]) -> __m512i {
        let [power16, power12, power8, power4] = self.strides;
        let product =
            Product::of(sums, power16).plus(group[0], power12).plus(group[1], power8).plus(group[2], power4);
        xor(product.reduced(), group[3])
    }

    /// The sum after `data` too, whose last block is filled with zeros.
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn absorb(&self, mut sum: u128, data: &[u8]) -> u128 {
        for chunk in data.chunks(REGISTER) {
            // At the end of the register, where the powers are those of the last blocks.
            let mut lanes = [0; 4];
            let skipped = 4 - chunk.len().div_ceil(BLOCK);
            for (lane, bytes) in lanes[skipped..].iter_mut().zip(chunk.chunks(BLOCK)) {
                let mut block = [0; BLOCK];
                block[..bytes.len()].copy_from_slice(bytes);
                *lane = u128::from_be_bytes(block);
            }
            lanes[skipped] ^= sum;
            sum = self.joined(register(lanes));
        }
        sum
    }

    /// The sum of all lanes, each times its power.
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn joined(&self, lanes: __m512i) -> u128 {
        words(Product::of(lanes, self.last).reduced()).into_iter().fold(0, |sum, lane| sum ^ lane)
    }
}

/// Products that are not reduced yet, lane by lane.
struct Product {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Product {
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn of(a: __m512i, b: __m512i) -> Self {
        Self {
            low: _mm512_clmulepi64_epi128::<0x00>(a, b),
            middle: xor(_mm512_clmulepi64_epi128::<0x01>(a, b), _mm512_clmulepi64_epi128::<0x10>(a, b)),
            high: _mm512_clmulepi64_epi128::<0x11>(a, b),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn plus(self, a: __m512i, b: __m512i) -> Self {
        let other = Self::of(a, b);
        Self {
            low: xor(self.low, other.low),
            middle: xor(self.middle, other.middle),
            high: xor(self.high, other.high),
        }
    }

    /// Adds multiples of the polynomial that make the lower half zero, 64 bits at a time, and gives the upper half.
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn reduced(self) -> __m512i {
        let polynomial = _mm512_set1_epi64(0xc2 << 56);
        let fold = |half| {
            let swapped = _mm512_shuffle_epi32::<0b01_00_11_10>(half);
            xor(swapped, _mm512_clmulepi64_epi128::<0x00>(half, polynomial))
        };
        xor(fold(xor(fold(self.low), self.middle)), self.high)
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

/// The bytes of every lane in reverse.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn reversed(blocks: __m512i) -> __m512i {
    _mm512_shuffle_epi8(blocks, register([0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f; 4]))
}

/// Counters of so many registers later. They wrap within their 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn advanced(counters: __m512i, registers: u128) -> __m512i {
    _mm512_add_epi32(counters, register([4 * registers; 4]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn register(lanes: [u128; 4]) -> __m512i {
    let mut bytes = [0; REGISTER];
    for (bytes, lane) in bytes.as_chunks_mut().0.iter_mut().zip(lanes) {
        *bytes = lane.to_le_bytes();
    }
    load(&bytes)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(register: __m512i) -> [u128; 4] {
    let mut bytes = [0; REGISTER];
    store(&mut bytes, register);
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u128::from_le_bytes(*bytes);
    }
    words
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; REGISTER]) -> __m512i {
    // SAFETY: 64 bytes are there to be read, and no alignment is asked for.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(bytes: &mut [u8; REGISTER], register: __m512i) {
    // SAFETY: 64 bytes are there to be written, and no alignment is asked for.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), register) }
}
