//! AES-256 in counter mode (FIPS 197, SP 800-38D), eight blocks at once, in constant time.
//!
//! Bitsliced: register `p` holds bit `p` of every byte of eight blocks, ordered by row, then column, then block. The
//! S-box is a circuit, so nothing is looked up by a secret. Fixsliced (Adomnicai and Peyrin, "Fixslicing AES-like Ciphers", 2020): rows are
//! never shifted; each round mixes columns where the unshifted bytes lie, which here is a move of whole lanes and one
//! rotation within them, and round keys are stored shifted back by as much.

use core::ops::{BitAnd, BitXor, Not};

use super::lanes::V;

/// Blocks encrypted at once.
pub(crate) const BATCH: usize = 8;
const ROUNDS: usize = 14;

/// AES-256 on single blocks, for what derives keys with it.
pub struct Aes256(Box<RoundKeys>);

impl Aes256 {
    /// The cipher under `key`.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Box::new(RoundKeys::new(key)))
    }

    /// Encrypts one block where it is.
    pub fn encrypt_block(&self, block: &mut [u8; 16]) {
        let mut blocks = [[0; 16]; BATCH];
        blocks[0] = *block;
        *block = self.0.encrypt(&blocks)[0].to_bytes();
    }
}

/// The round keys of a key, bitsliced: 1,920 bytes, secret.
pub(crate) struct RoundKeys([[V; 8]; ROUNDS + 1]);

impl RoundKeys {
    /// Expands `key` (FIPS 197, 5.2).
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut words = [0; 4 * (ROUNDS + 1)];
        for (word, bytes) in words.iter_mut().zip(key.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let mut constant = 1;
        for i in 8..words.len() {
            let mut word = words[i - 1];
            if i % 8 == 0 {
                word = substitute(word.rotate_right(8)) ^ constant;
                constant <<= 1;
            } else if i % 8 == 4 {
                word = substitute(word);
            }
            words[i] = words[i - 8] ^ word;
        }
        Self(core::array::from_fn(|round| {
            let bytes: [u8; 16] = core::array::from_fn(|at| {
                // Byte `at` of a slice is of row at/4, column at%4; the row is shifted back once per round.
                let (row, column) = (at / 4, at % 4);
                words[4 * round + (column + 4 * round - row * round % 4) % 4].to_le_bytes()[row]
            });
            core::array::from_fn(|bit| {
                let inverted = round != 0 && INVERTED[bit];
                V::from_bytes(&bytes.map(|byte| (byte >> bit & 1 ^ u8::from(inverted)).wrapping_neg()))
            })
        }))
    }

    /// Encrypts each of eight blocks.
    #[inline(never)]
    pub(crate) fn encrypt(&self, blocks: &[[u8; 16]; BATCH]) -> [V; BATCH] {
        let mut s = core::array::from_fn(|i| V::from_bytes(&blocks[i]).lookup(V::from_bytes(&TRANSPOSED)));
        swap_bits(&mut s);
        add(&mut s, &self.0[0]);
        // Thirteen rounds with column mixing, in turns of four ways to mix; the last without.
        let (turns, rest) = self.0[1..].as_chunks::<4>();
        for [first, second, third, fourth] in turns {
            round::<1>(&mut s, first);
            round::<2>(&mut s, second);
            round::<3>(&mut s, third);
            round::<0>(&mut s, fourth);
        }
        if let [key, last] = rest {
            round::<1>(&mut s, key);
            sub_bytes(&mut s);
            add(&mut s, last);
        }
        swap_bits(&mut s);
        s.map(|block| block.lookup(V::from_bytes(&TRANSPOSED_BACK)))
    }

    /// XORs the keystream of `nonce`, from block `counter` on, into `data`.
    ///
    /// The counter has 32 bits and wraps, as GCM has it.
    pub(crate) fn apply_counter(&self, nonce: &[u8; 12], counter: u32, data: &mut [u8]) {
        self.apply_keystream(counter, data, |counter| counter_block(nonce, counter));
    }

    /// XORs the keystream into `data`: the blocks that `block` makes of `counter` and of the numbers after it.
    #[inline(always)]
    pub(crate) fn apply_keystream(&self, counter: u32, data: &mut [u8], block: impl Fn(u32) -> [u8; 16]) {
        let mut counter = counter;
        let mut batch = |keys: &Self| {
            let blocks = core::array::from_fn(|i| block(counter.wrapping_add(INDEX[i])));
            counter = counter.wrapping_add(INDEX[BATCH - 1] + 1);
            keys.encrypt(&blocks)
        };
        let (batches, rest) = data.as_chunks_mut::<{ 16 * BATCH }>();
        for bytes in batches {
            for (block, key) in bytes.as_chunks_mut::<16>().0.iter_mut().zip(batch(self)) {
                *block = (V::from_bytes(block) ^ key).to_bytes();
            }
        }
        if !rest.is_empty() {
            for (bytes, key) in rest.chunks_mut(16).zip(batch(self)) {
                for (byte, key) in bytes.iter_mut().zip(key.to_bytes()) {
                    *byte ^= key;
                }
            }
        }
    }
}

const INDEX: [u32; BATCH] = [0, 1, 2, 3, 4, 5, 6, 7];

/// The block `nonce ‖ counter` (SP 800-38D, 7.1).
pub(crate) fn counter_block(nonce: &[u8; 12], counter: u32) -> [u8; 16] {
    let mut block = [0; 16];
    block[..12].copy_from_slice(nonce);
    block[12..].copy_from_slice(&counter.to_be_bytes());
    block
}

/// From columns to rows.
const TRANSPOSED: [u8; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
/// From rows to columns, rows 1 and 3 shifted by two: fourteen shifts that were left out.
const TRANSPOSED_BACK: [u8; 16] = [0, 6, 8, 14, 1, 7, 9, 15, 2, 4, 10, 12, 3, 5, 11, 13];

/// A round whose bytes lie `TURN` shifts behind.
#[inline(always)]
fn round<const TURN: usize>(s: &mut [V; BATCH], key: &[V; 8]) {
    sub_bytes(s);
    match TURN {
        0 => mix_columns(s, V::lanes_down::<1>, V::lanes_down::<2>),
        1 => mix_columns(s, |x| x.lanes_down::<1>().rotl32::<24>(), |x| x.lanes_down::<2>().rotl32::<16>()),
        2 => mix_columns(s, |x| x.lanes_down::<1>().rotl32::<16>(), V::lanes_down::<2>),
        _ => mix_columns(s, |x| x.lanes_down::<1>().rotl32::<8>(), |x| x.lanes_down::<2>().rotl32::<16>()),
    }
    add(s, key);
}

/// Each byte times 2, plus the next in its column times 3, plus the two after that, over GF(2^8).
#[inline(always)]
fn mix_columns(s: &mut [V; 8], next: impl Fn(V) -> V, opposite: impl Fn(V) -> V) {
    let b: [V; 8] = core::array::from_fn(|i| next(s[i]));
    let c: [V; 8] = core::array::from_fn(|i| s[i] ^ b[i]);
    s[0] = b[0] ^ c[7] ^ opposite(c[0]);
    s[1] = b[1] ^ c[0] ^ c[7] ^ opposite(c[1]);
    s[2] = b[2] ^ c[1] ^ opposite(c[2]);
    s[3] = b[3] ^ c[2] ^ c[7] ^ opposite(c[3]);
    s[4] = b[4] ^ c[3] ^ c[7] ^ opposite(c[4]);
    s[5] = b[5] ^ c[4] ^ opposite(c[5]);
    s[6] = b[6] ^ c[5] ^ opposite(c[6]);
    s[7] = b[7] ^ c[6] ^ opposite(c[7]);
}

#[inline(always)]
fn add(s: &mut [V; 8], key: &[V; 8]) {
    for (s, key) in s.iter_mut().zip(key) {
        *s = *s ^ *key;
    }
}

/// Exchanges the index of the register with the index of the bit within its byte. Its own inverse.
#[inline(always)]
fn swap_bits(s: &mut [V; 8]) {
    for (a, b) in [(0, 1), (2, 3), (4, 5), (6, 7)] {
        (s[a], s[b]) = swapped::<1>(s[a], s[b], V::splat32(0x5555_5555));
    }
    for (a, b) in [(0, 2), (1, 3), (4, 6), (5, 7)] {
        (s[a], s[b]) = swapped::<2>(s[a], s[b], V::splat32(0x3333_3333));
    }
    for (a, b) in [(0, 4), (1, 5), (2, 6), (3, 7)] {
        (s[a], s[b]) = swapped::<4>(s[a], s[b], V::splat32(0x0f0f_0f0f));
    }
}

/// Exchanges the bits of `a` under `mask << N` with those of `b` under `mask`.
#[inline(always)]
fn swapped<const N: u32>(a: V, b: V, mask: V) -> (V, V) {
    let differing = (a.shr32::<N>() ^ b) & mask;
    (a ^ differing.shl32::<N>(), b ^ differing)
}

/// The S-box on each of four bytes.
fn substitute(word: u32) -> u32 {
    let mut bits = core::array::from_fn(|bit| word >> bit & 0x0101_0101);
    sub_bytes(&mut bits);
    (0..8).fold(0, |word, bit| {
        let plane = if INVERTED[bit] { bits[bit].not() } else { bits[bit] };
        word | (plane & 0x0101_0101) << bit
    })
}

/// The bits that [`sub_bytes`] leaves inverted; the round keys make up for it.
const INVERTED: [bool; 8] = [true, true, false, false, false, true, true, false];

/// The S-box (Boyar, Peralta and Calik's circuit of 113 gates, without its four inversions), bit 0 first.
#[inline(always)]
fn sub_bytes<W: Copy + BitXor<Output = W> + BitAnd<Output = W>>(bits: &mut [W; 8]) {
    let [u7, u6, u5, u4, u3, u2, u1, u0] = *bits;
    let y14 = u3 ^ u5;
    let y13 = u0 ^ u6;
    let y12 = y13 ^ y14;
    let t1 = u4 ^ y12;
    let y15 = t1 ^ u5;
    let t2 = y12 & y15;
    let y6 = y15 ^ u7;
    let y20 = t1 ^ u1;
    let y9 = u0 ^ u3;
    let y11 = y20 ^ y9;
    let t12 = y9 & y11;
    let y7 = u7 ^ y11;
    let y8 = u0 ^ u5;
    let t0 = u1 ^ u2;
    let y10 = y15 ^ t0;
    let y17 = y10 ^ y11;
    let t13 = y14 & y17;
    let t14 = t13 ^ t12;
    let y19 = y10 ^ y8;
    let t15 = y8 & y10;
    let t16 = t15 ^ t12;
    let y16 = t0 ^ y11;
    let y21 = y13 ^ y16;
    let t7 = y13 & y16;
    let y18 = u0 ^ y16;
    let y1 = t0 ^ u7;
    let y4 = y1 ^ u3;
    let t5 = y4 & u7;
    let t6 = t5 ^ t2;
    let t18 = t6 ^ t16;
    let t22 = t18 ^ y19;
    let y2 = y1 ^ u0;
    let t10 = y2 & y7;
    let t11 = t10 ^ t7;
    let t20 = t11 ^ t16;
    let t24 = t20 ^ y18;
    let y5 = y1 ^ u6;
    let t8 = y5 & y1;
    let t9 = t8 ^ t7;
    let t19 = t9 ^ t14;
    let t23 = t19 ^ y21;
    let y3 = y5 ^ y8;
    let t3 = y3 & y6;
    let t4 = t3 ^ t2;
    let t17 = t4 ^ y20;
    let t21 = t17 ^ t14;
    let t26 = t21 & t23;
    let t27 = t24 ^ t26;
    let t31 = t22 ^ t26;
    let t25 = t21 ^ t22;
    let t28 = t25 & t27;
    let t29 = t28 ^ t22;
    let z14 = t29 & y2;
    let z5 = t29 & y7;
    let t30 = t23 ^ t24;
    let t32 = t31 & t30;
    let t33 = t32 ^ t24;
    let t35 = t27 ^ t33;
    let t36 = t24 & t35;
    let t38 = t27 ^ t36;
    let t39 = t29 & t38;
    let t40 = t25 ^ t39;
    let t43 = t29 ^ t40;
    let z3 = t43 & y16;
    let tc12 = z3 ^ z5;
    let z12 = t43 & y13;
    let z13 = t40 & y5;
    let z4 = t40 & y1;
    let tc6 = z3 ^ z4;
    let t34 = t23 ^ t33;
    let t37 = t36 ^ t34;
    let t41 = t40 ^ t37;
    let z8 = t41 & y10;
    let z17 = t41 & y8;
    let t44 = t33 ^ t37;
    let z0 = t44 & y15;
    let z9 = t44 & y12;
    let z10 = t37 & y3;
    let z1 = t37 & y6;
    let tc5 = z1 ^ z0;
    let tc11 = tc6 ^ tc5;
    let z11 = t33 & y4;
    let t42 = t29 ^ t33;
    let t45 = t42 ^ t41;
    let z7 = t45 & y17;
    let tc8 = z7 ^ tc6;
    let z16 = t45 & y14;
    let z6 = t42 & y11;
    let tc16 = z6 ^ tc8;
    let z15 = t42 & y9;
    let tc20 = z15 ^ tc16;
    let tc1 = z15 ^ z16;
    let tc2 = z10 ^ tc1;
    let tc21 = tc2 ^ z11;
    let tc3 = z9 ^ tc2;
    let s0 = tc3 ^ tc16;
    let s3 = tc3 ^ tc11;
    let s1 = s3 ^ tc16;
    let tc13 = z13 ^ tc1;
    let z2 = t33 & u7;
    let tc4 = z0 ^ z2;
    let tc7 = z12 ^ tc4;
    let tc9 = z8 ^ tc7;
    let tc10 = tc8 ^ tc9;
    let tc17 = z14 ^ tc10;
    let s5 = tc21 ^ tc17;
    let tc26 = tc17 ^ tc20;
    let s2 = tc26 ^ z17;
    let tc14 = tc4 ^ tc12;
    let tc18 = tc13 ^ tc14;
    let s6 = tc10 ^ tc18;
    let s7 = z12 ^ tc18;
    let s4 = tc14 ^ s3;
    *bits = [s7, s6, s5, s4, s3, s2, s1, s0];
}
