//! How long things took: a sketch of fixed accuracy that merges by adding.

use std::collections::BTreeMap;
use std::time::Duration;

/// Counts of durations in buckets a thirty-second of their power of two wide, so that a quantile is off by at most
/// 3.2 per cent. Sketches of equal durations are equal, in whatever order they came and were merged.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sketch {
    buckets: BTreeMap<u16, u64>,
    count: u64,
    sum_us: u128,
}

/// Binary digits of a bucket's place within its power of two.
const PRECISION: u32 = 5;

impl Sketch {
    /// Adds a duration, to the microsecond.
    pub fn add(&mut self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        *self.buckets.entry(bucket(microseconds)).or_default() += 1;
        self.count += 1;
        self.sum_us += u128::from(microseconds);
    }

    /// Adds what another sketch counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum_us += other.sum_us;
    }

    /// How many durations were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.sum_us).unwrap_or(u64::MAX))
    }

    /// The duration that a part of all, 0 to 1, do not exceed; zero when there are none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let rank = ((self.count as f64 * part.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(upper_end(*bucket));
            }
        }
        Duration::ZERO
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> u16 {
    let exponent = value.checked_ilog2().unwrap_or(0).saturating_sub(PRECISION);
    let mantissa = value >> exponent;
    u16::try_from((u64::from(exponent) << PRECISION) + mantissa).expect("64 powers of 32 buckets each")
}

/// The greatest value of a bucket.
fn upper_end(bucket: u16) -> u64 {
    let next = u128::from(bucket) + 1;
    let exponent = (next >> PRECISION).saturating_sub(1);
    let mantissa = next - (exponent << PRECISION);
    u64::try_from((mantissa << exponent) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket() {
        let mut previous = 0;
        for value in (0..200_000).chain([1 << 40, u64::MAX - 1, u64::MAX]) {
            let place = bucket(value);
            assert!(place >= previous);
            previous = place;
            let end = upper_end(place);
            assert!(end >= value && end - value <= value / 32, "{value} {end}");
            assert_eq!(bucket(end), place);
        }
    }

    #[test]
    fn quantiles_are_close_and_merging_is_adding() {
        let (mut left, mut right, mut all) = (Sketch::default(), Sketch::default(), Sketch::default());
        for millisecond in 1..=1000 {
            let duration = Duration::from_millis(millisecond);
            if millisecond % 3 == 0 {
                left.add(duration)
            } else {
                right.add(duration)
            }
            all.add(duration);
        }
        left.merge(&right);
        assert_eq!(left, all);
        assert_eq!(all.count(), 1000);
        assert_eq!(all.sum(), Duration::from_millis(500_500));
        for (part, expected) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = all.quantile(part).as_secs_f64() * 1000.0;
            assert!((expected..=expected * 1.033).contains(&found), "{part}: {found}");
        }
        assert_eq!(Sketch::default().quantile(0.5), Duration::ZERO);
    }
}
