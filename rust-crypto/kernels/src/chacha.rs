//! ChaCha20 (RFC 8439), four blocks side by side: word `i` of all four in one register.

use super::lanes::V;

/// Bytes of keystream made at once.
const STRIDE: usize = 256;

/// XORs the keystream of `key` and `nonce`, from block `counter` on, into `data`.
///
/// The block counter has 32 bits: `data` ends before it wraps, which the callers' limits see to.
pub(crate) fn apply(key: &[u32; 8], nonce: &[u32; 3], counter: u32, data: &mut [u8]) {
    let mut counter = counter;
    for stride in data.chunks_mut(STRIDE) {
        let blocks = four_blocks(key, nonce, counter);
        if let Ok(stride) = <&mut [u8; STRIDE]>::try_from(&mut *stride) {
            for (bytes, words) in stride.as_chunks_mut::<16>().0.iter_mut().zip(blocks) {
                *bytes = (V::from_bytes(bytes) ^ words).to_bytes();
            }
        } else {
            for (bytes, words) in stride.chunks_mut(16).zip(blocks) {
                for (byte, key) in bytes.iter_mut().zip(words.to_bytes()) {
                    *byte ^= key;
                }
            }
        }
        counter = counter.wrapping_add(4);
    }
}

const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

macro_rules! quarter_round {
    ($a:ident, $b:ident, $c:ident, $d:ident) => {
        $a = $a.add32($b);
        $d = ($d ^ $a).rotl32::<16>();
        $c = $c.add32($d);
        $b = ($b ^ $c).rotl32::<12>();
        $a = $a.add32($b);
        $d = ($d ^ $a).rotl32::<8>();
        $c = $c.add32($d);
        $b = ($b ^ $c).rotl32::<7>();
    };
}

/// The ten double rounds, on local variables: an array would be kept in memory.
#[inline(always)]
fn permuted(start: [V; 16]) -> [V; 16] {
    let [
        mut a,
        mut b,
        mut c,
        mut d,
        mut e,
        mut f,
        mut g,
        mut h,
        mut i,
        mut j,
        mut k,
        mut l,
        mut m,
        mut n,
        mut o,
        mut p,
    ] = start;
    for _ in 0..10 {
        quarter_round!(a, e, i, m);
        quarter_round!(b, f, j, n);
        quarter_round!(c, g, k, o);
        quarter_round!(d, h, l, p);
        quarter_round!(a, f, k, p);
        quarter_round!(b, g, l, m);
        quarter_round!(c, h, i, n);
        quarter_round!(d, e, j, o);
    }
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// HChaCha20 (draft-irtf-cfrg-xchacha-03, 2.2): the key of an XChaCha20 message, from the first 16 bytes of its nonce.
pub(crate) fn derive_key(key: &[u32; 8], nonce: &[u32; 4]) -> [u32; 8] {
    let words = permuted(core::array::from_fn(|i| {
        V::splat32(match i {
            0..4 => CONSTANTS[i],
            4..12 => key[i - 4],
            _ => nonce[i - 12],
        })
    }));
    core::array::from_fn(|i| words[if i < 4 { i } else { i + 8 }].to_u32s()[0])
}

/// 256 bytes of keystream, in order.
#[inline(always)]
fn four_blocks(key: &[u32; 8], nonce: &[u32; 3], counter: u32) -> [V; 16] {
    let start: [V; 16] = core::array::from_fn(|i| match i {
        0..4 => V::splat32(CONSTANTS[i]),
        4..12 => V::splat32(key[i - 4]),
        12 => V::splat32(counter).add32(V::from_u32s([0, 1, 2, 3])),
        _ => V::splat32(nonce[i - 13]),
    });
    let x = permuted(start);
    let x: [V; 16] = core::array::from_fn(|i| x[i].add32(start[i]));
    // Four words of four blocks to one block's four words: a transposition per row of the state.
    let mut blocks = x;
    for row in 0..4 {
        let [a, b, c, d] = [x[4 * row], x[4 * row + 1], x[4 * row + 2], x[4 * row + 3]];
        let (ab, cd) = (a.zip_low::<4>(b), c.zip_low::<4>(d));
        blocks[row] = ab.zip_low::<8>(cd);
        blocks[4 + row] = ab.zip_high::<8>(cd);
        let (ab, cd) = (a.zip_high::<4>(b), c.zip_high::<4>(d));
        blocks[8 + row] = ab.zip_low::<8>(cd);
        blocks[12 + row] = ab.zip_high::<8>(cd);
    }
    blocks
}
