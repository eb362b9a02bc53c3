//! Vectors that carry identity, not meaning: the same text gives the same vector on every machine.
//!
//! [`derive_vector`] is the vector of the original deterministic provider bit for bit: NumPy's `SeedSequence` and PCG64
//! seeded by SHA-256 of the text, scaled to unit length in `f32`. The original's norm came from a BLAS whose order of
//! summation depends on the processor; both orders that are known are here, and the default is the same everywhere.
//! All components are at least 0, so any two such vectors have a cosine near 0.75: do not rank by it.
//!
//! [`derive_hash_vector`] is the cheaper one of the TypeScript runtime.

use sha2::{Digest as _, Sha256};

use crate::similarity::SimilarityError;

/// The greatest dimension that is made.
pub const MAX_DIMENSION: usize = 1 << 20;

/// In which order the squares are summed: that of a BLAS on processors with these instructions.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reduction {
    /// Four accumulators of 16 lanes. The canonical order.
    #[default]
    Avx512,
    /// Four accumulators of 8 lanes.
    Avx2,
}

impl Reduction {
    /// The order called `name`: `avx512` or `avx2`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "avx512" => Some(Self::Avx512),
            "avx2" => Some(Self::Avx2),
            _ => None,
        }
    }
}

/// The deterministic vector of `text`: `dimension` components in [0, 1], of unit length unless all are 0.
///
/// # Errors
/// [`SimilarityError::DimensionOutOfRange`] for 0 or over [`MAX_DIMENSION`].
pub fn derive_vector(
    text: &str,
    dimension: usize,
    reduction: Reduction,
) -> Result<Vec<f32>, SimilarityError> {
    check_dimension(dimension)?;
    let mut vector = uniform(seed_of(text), dimension);
    let norm = match reduction {
        Reduction::Avx512 => norm(&vector, sum_avx512),
        Reduction::Avx2 => norm(&vector, sum_avx2),
    };
    if norm > 0.0 {
        for component in &mut vector {
            *component /= norm;
        }
    }
    Ok(vector)
}

/// The hash vector of the TypeScript runtime (`createHashEmbeddingProvider`, whose default dimension is 384): FNV-1a over
/// the UTF-16 units of `text` seeds a linear congruential generator; components in [-1, 1], scaled to unit length.
///
/// # Errors
/// As [`derive_vector`].
pub fn derive_hash_vector(text: &str, dimension: usize) -> Result<Vec<f64>, SimilarityError> {
    check_dimension(dimension)?;
    let mut state = 2_166_136_261_u32;
    for unit in text.encode_utf16() {
        state = (state ^ u32::from(unit)).wrapping_mul(16_777_619);
    }
    let mut vector: Vec<f64> = (0..dimension)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0
        })
        .collect();
    let norm = vector.iter().fold(0.0, |sum, component| sum + component * component).sqrt();
    if norm > 0.0 {
        for component in &mut vector {
            *component /= norm;
        }
    }
    Ok(vector)
}

fn check_dimension(dimension: usize) -> Result<(), SimilarityError> {
    if (1..=MAX_DIMENSION).contains(&dimension) {
        Ok(())
    } else {
        Err(SimilarityError::DimensionOutOfRange { given: dimension, most: MAX_DIMENSION })
    }
}

fn seed_of(text: &str) -> u32 {
    let digest = Sha256::digest(text.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// NumPy's `SeedSequence` with one word of entropy and a pool of four (`numpy/random/bit_generator.pyx`).
fn expand(seed: u32) -> [u32; 8] {
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |mut value: u32| {
        value ^= constant;
        constant = constant.wrapping_mul(0x931e_8875);
        value = value.wrapping_mul(constant);
        value ^ (value >> 16)
    };
    let mix = |x: u32, y: u32| {
        let mixed = 0xca01_f9dd_u32.wrapping_mul(x).wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
        mixed ^ (mixed >> 16)
    };
    let mut pool = [seed, 0, 0, 0].map(&mut hash);
    for source in 0..4 {
        for target in 0..4 {
            if source != target {
                pool[target] = mix(pool[target], hash(pool[source]));
            }
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    std::array::from_fn(|place| {
        let mut value = pool[place % 4] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        value = value.wrapping_mul(constant);
        value ^ (value >> 16)
    })
}

/// PCG64 (XSL-RR 128/64), as `numpy.random.default_rng` seeds and steps it.
struct Pcg64 {
    state: u128,
    increment: u128,
}

impl Pcg64 {
    fn new(words: [u32; 8]) -> Self {
        let pair = |place: usize| u128::from(words[place]) | u128::from(words[place + 1]) << 32;
        let start = pair(0) << 64 | pair(2);
        let sequence = pair(4) << 64 | pair(6);
        let mut generator = Self { state: 0, increment: sequence << 1 | 1 };
        generator.step();
        generator.state = generator.state.wrapping_add(start);
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state =
            self.state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(self.increment);
    }

    fn next(&mut self) -> u64 {
        self.step();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let (high, low) = ((self.state >> 64) as u64, self.state as u64);
        (high ^ low).rotate_right(u32::try_from(self.state >> 122).expect("6 bits"))
    }
}

/// `dimension` numbers in [0, 1): the upper 24 bits of 32-bit outputs, of which the low half of a 64-bit one comes first.
fn uniform(seed: u32, dimension: usize) -> Vec<f32> {
    let mut generator = Pcg64::new(expand(seed));
    let mut vector = Vec::with_capacity(dimension + 1);
    while vector.len() < dimension {
        let output = generator.next();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let halves = [output as u32, (output >> 32) as u32];
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        vector.extend(halves.map(|half| (half >> 8) as f32 * (1.0 / 16_777_216.0)));
    }
    vector.truncate(dimension);
    vector
}

/// `sum` over whole blocks of 32; the rest, each square rounded to `f32`, is added in `f64`.
fn norm(vector: &[f32], sum: fn(&[f32]) -> f32) -> f32 {
    let (blocks, rest) = vector.split_at(vector.len() & !31);
    let rest = rest.iter().fold(0.0, |sum, x| sum + f64::from(x * x));
    #[expect(clippy::cast_possible_truncation, reason = "rounded once, as the original does")]
    let total = (f64::from(sum(blocks)) + rest) as f32;
    total.sqrt()
}

fn sum_avx512(vector: &[f32]) -> f32 {
    let mut wide = [[0.0_f32; 16]; 4];
    let (blocks, rest) = vector.as_chunks::<64>();
    for block in blocks {
        square_into(wide.as_flattened_mut(), block);
    }
    let mut narrow: [[f32; 8]; 4] = wide.map(|lanes| std::array::from_fn(|l| lanes[l] + lanes[l + 8]));
    square_into(narrow.as_flattened_mut(), rest);
    let [a, b, c, d] = narrow;
    fold(std::array::from_fn(|l| ((a[l] + b[l]) + c[l]) + d[l]))
}

/// As `sum_avx512` folds its last eight lanes.
fn fold(lanes: [f32; 8]) -> f32 {
    let t: [f32; 4] = std::array::from_fn(|l| lanes[l] + lanes[l + 4]);
    (t[0] + t[1]) + (t[2] + t[3])
}

fn sum_avx2(vector: &[f32]) -> f32 {
    let mut wide = [[0.0_f32; 8]; 4];
    for block in vector.as_chunks::<32>().0 {
        square_into(wide.as_flattened_mut(), block);
    }
    let [a, b, c, d] = wide.map(|lanes| std::array::from_fn::<f32, 4, _>(|l| lanes[l] + lanes[l + 4]));
    let t: [f32; 4] = std::array::from_fn(|l| (a[l] + b[l]) + (c[l] + d[l]));
    (t[0] + t[1]) + (t[2] + t[3])
}

/// `sums[i] = fma(x[i], x[i], sums[i])`, rounded once. In software where there is no such instruction, and never by one
/// where the answer could differ.
fn square_into(sums: &mut [f32], x: &[f32]) {
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = libm::fmaf(*x, *x, *sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_2_the_worked_values_hold() {
        assert_eq!(seed_of("Hello world"), 0x64ec_88ca);
        let words = expand(seed_of("Hello world"));
        assert_eq!(
            words,
            [
                0x0620_9a2c,
                0xce29_d0c8,
                0x3fef_27c0,
                0xbacb_f331,
                0x0780_157c,
                0x0658_4a39,
                0x1097_9f78,
                0x7316_bf7c
            ]
        );
        let mut generator = Pcg64::new(words);
        assert_eq!(generator.state, 0x8386_678e_25b9_cf4e_c1b1_9998_491b_02a6);
        assert_eq!(generator.increment, 0x0cb0_9472_0f00_2af8_e62d_7ef8_212f_3ef1);
        assert_eq!([generator.next(), generator.next()], [0x2366_9f91_3b28_dda9, 0x2e98_9545_ee4a_03b4]);
        let first = uniform(seed_of("Hello world"), 4).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(first, [0x3e6c_a374, 0x3e0d_9a7c, 0x3f6e_4a03, 0x3e3a_6254]);
        let vector = derive_vector("Hello world", 4, Reduction::Avx512).unwrap();
        assert_eq!(
            vector.iter().copied().map(f64::from).collect::<Vec<_>>(),
            [
                0.234_387_964_010_238_65,
                0.140_256_747_603_416_44,
                0.944_091_558_456_420_9,
                0.184_611_514_210_701
            ]
        );
    }

    #[test]
    fn dimensions_out_of_range_are_refused() {
        for dimension in [0, MAX_DIMENSION + 1, usize::MAX] {
            assert!(derive_vector("", dimension, Reduction::Avx512).is_err());
            assert!(derive_hash_vector("", dimension).is_err());
        }
    }

    #[test]
    fn hash_vectors_are_of_unit_length_and_differ() {
        let a = derive_hash_vector("a", 384).unwrap();
        let norm: f64 = a.iter().map(|x| x * x).sum();
        assert!((norm - 1.0).abs() < 1e-12);
        assert_ne!(a, derive_hash_vector("b", 384).unwrap());
        // FNV-1a of nothing is its offset: s = 2166136261 * 1664525 + 1013904223 mod 2^32.
        let empty = derive_hash_vector("", 2).unwrap();
        let first = 2_166_136_261_u32.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let second = first.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let raw = [first, second].map(|s| f64::from(s) / 4_294_967_295.0 * 2.0 - 1.0);
        let norm = (raw[0] * raw[0] + raw[1] * raw[1]).sqrt();
        assert_eq!(empty, raw.map(|x| x / norm));
    }
}
