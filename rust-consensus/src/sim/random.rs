//! The simulator's own generator, so that a seed means the same run in every release and on every target.

/// SplitMix64 (Steele, Lea and Flood, 2014): small, seeded, the same everywhere. Not for keys.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator that starts at `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator for one event, found from names instead of from what was drawn before: taking a fault out of a schedule
    /// leaves the fate of every message that is still sent as it was, which is what lets schedules shrink.
    pub(crate) fn keyed(seed: u64, names: [u64; 3]) -> Self {
        let mut random = Self(seed);
        for name in names {
            random.0 ^= name.wrapping_mul(0xd6e8_feb8_6659_fd93);
            random.0 = random.next();
        }
        random
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`; 0 where the bound is 0. The bias of at most `bound` in 2^64 does not matter here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("a product of two 64-bit numbers has 64 bits above the lower ones")
    }

    /// An index below `length`; 0 where the length is 0.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("less than a usize")
    }

    /// A number from `low` to `high`, both included. The order of the two does not matter.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let (low, high) = (low.min(high), low.max(high));
        low + self.below((high - low).saturating_add(1))
    }

    /// True in `per_mille` of 1,000 cases.
    pub(crate) fn chance(&mut self, per_mille: u16) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_numbers() {
        // The first outputs of SplitMix64 from seed 1234567, as in the reference implementation's tests.
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn stays_within_bounds() {
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            assert!(random.below(7) < 7);
            assert!((3..=9).contains(&random.between(9, 3)));
        }
        assert_eq!(random.below(0), 0);
        assert!(!random.chance(0) && random.chance(1_000));
        random.between(0, u64::MAX);
    }

    #[test]
    fn keyed_streams_differ_by_every_name() {
        let first = |names| Random::keyed(5, names).next();
        let all = [first([0, 0, 0]), first([1, 0, 0]), first([0, 1, 0]), first([0, 0, 1]), first([1, 1, 0])];
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one), "two streams are the same");
        }
    }
}
