//! SipHash of a whole slice at once: the standard library's takes its input in pieces, which costs short ones most of the time.
//!
//! Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF" (2012), with one round per word and three at the end, as in the
//! standard library's hash maps.

/// A key of 128 bits.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub(crate) u64, pub(crate) u64);

impl Key {
    pub(crate) fn hash(self, bytes: &[u8]) -> u64 {
        self.rounds::<1, 3>(bytes)
    }

    fn rounds<const WORD: usize, const END: usize>(self, bytes: &[u8]) -> u64 {
        let Self(k0, k1) = self;
        let mut state = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        let mut take = |word: u64| {
            state[3] ^= word;
            (0..WORD).for_each(|_| round(&mut state));
            state[0] ^= word;
        };
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| take(u64::from_le_bytes(*word)));
        let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        // The lowest byte of the length, whatever its width.
        take(rest | (bytes.len() as u64) << 56);
        state[2] ^= 0xff;
        (0..END).for_each(|_| round(&mut state));
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }
}

#[inline]
fn round([a, b, c, d]: &mut [u64; 4]) {
    *a = a.wrapping_add(*b);
    *c = c.wrapping_add(*d);
    *b = b.rotate_left(13) ^ *a;
    *d = d.rotate_left(16) ^ *c;
    *a = a.rotate_left(32).wrapping_add(*d);
    *c = c.wrapping_add(*b);
    *d = d.rotate_left(21) ^ *a;
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hasher};

    /// The example of the paper, appendix A, which has two and four rounds.
    #[test]
    fn the_example_of_the_paper() {
        let key = Key(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let input: Vec<u8> = (0..15).collect();
        assert_eq!(key.rounds::<2, 4>(&input), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn it_is_what_the_standard_library_computes() {
        for length in 0..100u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            assert_eq!(Key(0, 0).hash(&bytes), hasher.finish(), "{length}");
        }
    }
}
