//! GHASH (SP 800-38D, 6.4), sixteen blocks side by side, in constant time.
//!
//! Multiplying by a fixed element is linear, so a product is the sum of what each of the 32 half-bytes contributes:
//! 16 bytes, each a lookup among 16 by that half-byte. Register `i` holds byte `i` of sixteen blocks, and one byte
//! lookup within registers, whose time does not depend on the index, serves all sixteen. Hence 512 lookups multiply sixteen
//! blocks, with nothing to reduce.

use ghash::GHash;
use ghash::universal_hash::UniversalHash as _;

use super::lanes::V;

/// Blocks side by side.
const LANES: usize = 16;
/// Below so many bytes making the tables costs more than they save.
const WORTH_TABLES: usize = 1024;

/// The GHASH of `aad` and `data`, each filled up with zeros to whole blocks, and of their lengths, under `h`.
pub(crate) fn ghash(h: &[u8; 16], aad: &[u8], data: &[u8]) -> [u8; 16] {
    let mut hash = GHash::new(h.into());
    hash.update_padded(aad);
    let mut rest = data;
    if data.len() >= WORTH_TABLES {
        let (groups, tail) = data.as_chunks();
        let lanes = fold(h, &hash.clone().finalize().into(), groups);
        // The crate multiplies lane by lane; what it had seen before is already in the first.
        hash = GHash::new(h.into());
        hash.update_padded(lanes.as_flattened());
        rest = tail;
    }
    hash.update_padded(rest);
    let bits = |bytes: &[u8]| (bytes.len() as u64 * 8).to_be_bytes();
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&bits(aad));
    lengths[8..].copy_from_slice(&bits(data));
    hash.update(&[lengths.into()]);
    hash.finalize().into()
}

/// Sixteen blocks with the same GHASH as `start` added to the first block of `groups`.
fn fold(h: &[u8; 16], start: &[u8; 16], groups: &[[u8; 16 * LANES]]) -> [[u8; 16]; LANES] {
    let tables = Tables::new(h);
    let mut sum = [[0; 16]; LANES];
    sum[0] = *start;
    let mut sum = transposed(sum.map(|block| V::from_bytes(&block)));
    let zero = V::splat32(0);
    for (at, group) in groups.iter().enumerate() {
        if at != 0 {
            sum = tables.multiplied(&sum);
        }
        let mut blocks = [zero; LANES];
        for (lane, bytes) in blocks.iter_mut().zip(group.as_chunks().0) {
            *lane = V::from_bytes(bytes);
        }
        for (sum, byte) in sum.iter_mut().zip(transposed(blocks)) {
            *sum = *sum ^ byte;
        }
    }
    transposed(sum).map(V::to_bytes)
}

/// What each half-byte contributes to the product with h^16: 8 KiB, secret.
struct Tables(Vec<[V; 16]>);

impl Tables {
    fn new(h: &[u8; 16]) -> Self {
        // h^16 is the GHASH of 1 and fifteen zero blocks.
        let mut one = [[0; 16]; LANES];
        one[0][0] = 0x80;
        let mut hash = GHash::new(h.into());
        hash.update_padded(one.as_flattened());
        let mut power = u128::from_be_bytes(hash.finalize().into());
        let tables = (0..32).map(|_| {
            // Bits of a byte run from the highest down as the exponent of x goes up.
            let mut products = [0; 16];
            for bit in [8, 4, 2, 1] {
                products[bit] = power;
                power = times_x(power);
            }
            for n in 1..16_usize {
                let lowest = 1 << n.trailing_zeros();
                products[n] = products[n ^ lowest] ^ products[lowest];
            }
            transposed(products.map(|product: u128| V::from_bytes(&product.to_be_bytes())))
        });
        Self(tables.collect())
    }

    /// `blocks` times h^16, both by bytes.
    #[inline(always)]
    fn multiplied(&self, blocks: &[V; 16]) -> [V; 16] {
        let mask = V::splat32(0x0f0f_0f0f);
        let halves = blocks.map(|byte| [byte.shr32::<4>() & mask, byte & mask]);
        let mut products = [mask; 16];
        // Four sums at a time: sixteen would not stay in registers.
        for (quarter, products) in products.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let mut sums = [V::splat32(0); 4];
            for (tables, half) in
                self.0.as_chunks::<4>().0.iter().zip(halves.as_flattened().as_chunks::<4>().0)
            {
                for (tables, half) in tables.iter().zip(half) {
                    for (sum, table) in sums.iter_mut().zip(&tables[4 * quarter..4 * quarter + 4]) {
                        *sum = *sum ^ table.lookup(*half);
                    }
                }
            }
            *products = sums;
        }
        products
    }
}

/// Times x: GCM writes the coefficient of x^0 as the highest bit.
fn times_x(element: u128) -> u128 {
    (element >> 1) ^ (0xe1 << 120 & (element & 1).wrapping_neg())
}

/// Rows to columns of 16 by 16 bytes.
///
/// A perfect shuffle of the 256 bytes moves each bit of their index up by one; four of them exchange its halves.
#[inline(always)]
fn transposed(rows: [V; 16]) -> [V; 16] {
    shuffled(shuffled(shuffled(shuffled(rows))))
}

#[inline(always)]
#[rustfmt::skip]
fn shuffled([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [V; 16]) -> [V; 16] {
    [
        a.zip_low::<1>(i), a.zip_high::<1>(i), b.zip_low::<1>(j), b.zip_high::<1>(j),
        c.zip_low::<1>(k), c.zip_high::<1>(k), d.zip_low::<1>(l), d.zip_high::<1>(l),
        e.zip_low::<1>(m), e.zip_high::<1>(m), f.zip_low::<1>(n), f.zip_high::<1>(n),
        g.zip_low::<1>(o), g.zip_high::<1>(o), h.zip_low::<1>(p), h.zip_high::<1>(p),
    ]
}
