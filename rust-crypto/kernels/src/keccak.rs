//! SHA-3 (FIPS 202): the permutation with its 25 words in local variables, so that a WebAssembly engine keeps them out of memory.
//!
//! The crate's rolled rounds index an array, which costs bounds, addresses and stores in every step there.

/// SHA3-256.
pub type Sha3_256 = Sha3<32>;
/// SHA3-384.
pub type Sha3_384 = Sha3<48>;
/// SHA3-512.
pub type Sha3_512 = Sha3<64>;

/// SHA-3 with a digest of `N` bytes, of data that arrives in pieces.
#[derive(Clone)]
pub struct Sha3<const N: usize> {
    state: [u64; 25],
    /// Bytes of the current block already in the state.
    filled: usize,
}

impl<const N: usize> Default for Sha3<N> {
    fn default() -> Self {
        Self { state: [0; 25], filled: 0 }
    }
}

impl<const N: usize> Sha3<N> {
    /// Bytes of a block (FIPS 202, 6.1): the state less twice the digest.
    const RATE: usize = 200 - 2 * N;

    /// The digest of `data`.
    pub fn digest(data: &[u8]) -> [u8; N] {
        let mut hash = Self::default();
        hash.update(data);
        hash.finalize()
    }

    /// Takes in the next piece.
    pub fn update(&mut self, mut data: &[u8]) {
        if self.filled != 0 {
            let (head, rest) = data.split_at(data.len().min(Self::RATE - self.filled));
            self.absorb_bytes(head);
            data = rest;
            if self.filled == Self::RATE {
                permute(&mut self.state);
                self.filled = 0;
            }
        }
        let mut blocks = data.chunks_exact(Self::RATE);
        for block in &mut blocks {
            for (word, bytes) in self.state.iter_mut().zip(block.as_chunks().0) {
                *word ^= u64::from_le_bytes(*bytes);
            }
            permute(&mut self.state);
        }
        self.absorb_bytes(blocks.remainder());
    }

    /// The digest of everything taken in.
    pub fn finalize(mut self) -> [u8; N] {
        // FIPS 202, B.2: the suffix 01, then pad10*1.
        self.absorb_at(self.filled, 0x06);
        self.absorb_at(Self::RATE - 1, 0x80);
        permute(&mut self.state);
        let mut digest = [0; N];
        for (bytes, word) in digest.chunks_mut(8).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        }
        digest
    }

    fn absorb_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.absorb_at(self.filled, byte);
            self.filled += 1;
        }
    }

    fn absorb_at(&mut self, at: usize, byte: u8) {
        self.state[at / 8] ^= u64::from(byte) << (8 * (at % 8));
    }
}

/// Round constants (FIPS 202, 3.2.5).
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// One round from the words `a` into the words `b`. Letters are rows (y), numbers columns (x).
macro_rules! round {
    ($constant:expr, $($a:ident)+ => $($b:ident)+) => { round!(@ $constant, [$($a)+] [$($b)+]) };
    (@ $constant:expr,
        [$a0:ident $a1:ident $a2:ident $a3:ident $a4:ident
         $b0:ident $b1:ident $b2:ident $b3:ident $b4:ident
         $c0:ident $c1:ident $c2:ident $c3:ident $c4:ident
         $d0:ident $d1:ident $d2:ident $d3:ident $d4:ident
         $e0:ident $e1:ident $e2:ident $e3:ident $e4:ident]
        [$f0:ident $f1:ident $f2:ident $f3:ident $f4:ident
         $g0:ident $g1:ident $g2:ident $g3:ident $g4:ident
         $h0:ident $h1:ident $h2:ident $h3:ident $h4:ident
         $i0:ident $i1:ident $i2:ident $i3:ident $i4:ident
         $j0:ident $j1:ident $j2:ident $j3:ident $j4:ident]) => {
        // Theta.
        let p0 = $a0 ^ $b0 ^ $c0 ^ $d0 ^ $e0;
        let p1 = $a1 ^ $b1 ^ $c1 ^ $d1 ^ $e1;
        let p2 = $a2 ^ $b2 ^ $c2 ^ $d2 ^ $e2;
        let p3 = $a3 ^ $b3 ^ $c3 ^ $d3 ^ $e3;
        let p4 = $a4 ^ $b4 ^ $c4 ^ $d4 ^ $e4;
        let t0 = p4 ^ p1.rotate_left(1);
        let t1 = p0 ^ p2.rotate_left(1);
        let t2 = p1 ^ p3.rotate_left(1);
        let t3 = p2 ^ p4.rotate_left(1);
        let t4 = p3 ^ p0.rotate_left(1);
        // Rho, pi and chi row by row, iota in the first.
        let (x0, x1, x2) = ($a0 ^ t0, ($b1 ^ t1).rotate_left(44), ($c2 ^ t2).rotate_left(43));
        let (x3, x4) = (($d3 ^ t3).rotate_left(21), ($e4 ^ t4).rotate_left(14));
        let $f0 = x0 ^ (!x1 & x2) ^ $constant;
        let ($f1, $f2) = (x1 ^ (!x2 & x3), x2 ^ (!x3 & x4));
        let ($f3, $f4) = (x3 ^ (!x4 & x0), x4 ^ (!x0 & x1));
        let (x0, x1, x2) = (($a3 ^ t3).rotate_left(28), ($b4 ^ t4).rotate_left(20), ($c0 ^ t0).rotate_left(3));
        let (x3, x4) = (($d1 ^ t1).rotate_left(45), ($e2 ^ t2).rotate_left(61));
        let ($g0, $g1, $g2) = (x0 ^ (!x1 & x2), x1 ^ (!x2 & x3), x2 ^ (!x3 & x4));
        let ($g3, $g4) = (x3 ^ (!x4 & x0), x4 ^ (!x0 & x1));
        let (x0, x1, x2) = (($a1 ^ t1).rotate_left(1), ($b2 ^ t2).rotate_left(6), ($c3 ^ t3).rotate_left(25));
        let (x3, x4) = (($d4 ^ t4).rotate_left(8), ($e0 ^ t0).rotate_left(18));
        let ($h0, $h1, $h2) = (x0 ^ (!x1 & x2), x1 ^ (!x2 & x3), x2 ^ (!x3 & x4));
        let ($h3, $h4) = (x3 ^ (!x4 & x0), x4 ^ (!x0 & x1));
        let (x0, x1, x2) = (($a4 ^ t4).rotate_left(27), ($b0 ^ t0).rotate_left(36), ($c1 ^ t1).rotate_left(10));
        let (x3, x4) = (($d2 ^ t2).rotate_left(15), ($e3 ^ t3).rotate_left(56));
        let ($i0, $i1, $i2) = (x0 ^ (!x1 & x2), x1 ^ (!x2 & x3), x2 ^ (!x3 & x4));
        let ($i3, $i4) = (x3 ^ (!x4 & x0), x4 ^ (!x0 & x1));
        let (x0, x1, x2) = (($a2 ^ t2).rotate_left(62), ($b3 ^ t3).rotate_left(55), ($c4 ^ t4).rotate_left(39));
        let (x3, x4) = (($d0 ^ t0).rotate_left(41), ($e1 ^ t1).rotate_left(2));
        let ($j0, $j1, $j2) = (x0 ^ (!x1 & x2), x1 ^ (!x2 & x3), x2 ^ (!x3 & x4));
        let ($j3, $j4) = (x3 ^ (!x4 & x0), x4 ^ (!x0 & x1));
    };
}

/// Keccak-f[1600] (FIPS 202, 3.3).
fn permute(state: &mut [u64; 25]) {
    #[rustfmt::skip]
    let [mut a0, mut a1, mut a2, mut a3, mut a4, mut b0, mut b1, mut b2, mut b3, mut b4,
         mut c0, mut c1, mut c2, mut c3, mut c4, mut d0, mut d1, mut d2, mut d3, mut d4,
         mut e0, mut e1, mut e2, mut e3, mut e4] = *state;
    for &[first, second] in ROUNDS.as_chunks().0 {
        round!(first,
            a0 a1 a2 a3 a4 b0 b1 b2 b3 b4 c0 c1 c2 c3 c4 d0 d1 d2 d3 d4 e0 e1 e2 e3 e4 =>
            f0 f1 f2 f3 f4 g0 g1 g2 g3 g4 h0 h1 h2 h3 h4 i0 i1 i2 i3 i4 j0 j1 j2 j3 j4);
        round!(second,
            f0 f1 f2 f3 f4 g0 g1 g2 g3 g4 h0 h1 h2 h3 h4 i0 i1 i2 i3 i4 j0 j1 j2 j3 j4 =>
            k0 k1 k2 k3 k4 l0 l1 l2 l3 l4 m0 m1 m2 m3 m4 n0 n1 n2 n3 n4 o0 o1 o2 o3 o4);
        (a0, a1, a2, a3, a4) = (k0, k1, k2, k3, k4);
        (b0, b1, b2, b3, b4) = (l0, l1, l2, l3, l4);
        (c0, c1, c2, c3, c4) = (m0, m1, m2, m3, m4);
        (d0, d1, d2, d3, d4) = (n0, n1, n2, n3, n4);
        (e0, e1, e2, e3, e4) = (o0, o1, o2, o3, o4);
    }
    *state =
        [a0, a1, a2, a3, a4, b0, b1, b2, b3, b4, c0, c1, c2, c3, c4, d0, d1, d2, d3, d4, e0, e1, e2, e3, e4];
}

#[cfg(test)]
mod tests {
    use sha3::Digest as _;

    use super::*;

    #[test]
    fn every_length_and_cut_agrees_with_the_crate() {
        let data: [u8; 700] = crate::tests::bytes(0);
        for length in 0..data.len() {
            let data = &data[..length];
            assert_eq!(Sha3_256::digest(data)[..], sha3::Sha3_256::digest(data)[..], "{length}");
            assert_eq!(Sha3_384::digest(data)[..], sha3::Sha3_384::digest(data)[..], "{length}");
            assert_eq!(Sha3_512::digest(data)[..], sha3::Sha3_512::digest(data)[..], "{length}");
            for piece in [1, 7, 135, 136, 137] {
                let mut hash = Sha3_256::default();
                data.chunks(piece).for_each(|piece| hash.update(piece));
                assert_eq!(hash.finalize()[..], sha3::Sha3_256::digest(data)[..], "{length} by {piece}");
            }
        }
    }
}
