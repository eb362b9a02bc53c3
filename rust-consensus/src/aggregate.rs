//! One number out of many, of which some come from liars.
//!
//! [`robust_mean`] and [`median`] are the functions to use: with at most `f` wrong values among them their result lies
//! within the range of the right ones. [`MemberValues`] adds what makes "at most `f`" mean something: one value per
//! member of a known group, each within an agreed range.
//!
//! The percentages of the originals, which do not have that property, are kept under the names they had (E-53):
//! [`MedianAggregator::trimmed_mean`] takes its share from both sides together,
//! [`trimmed_mean`](crate::aggregate::trimmed_mean) and [`trimmed_mean_or_mean`] from each side, and the three differ in what they do when nothing would be
//! left. All of them refuse what is not a finite number (E-52).
//!
//! Sums run over sorted values in one fixed order, so equal inputs give equal bits whatever order they came in.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::error::ConsensusError;
use crate::id::NodeId;
use crate::validator::ValidatorSet;

/// The mean of what is left after removing exactly `f` values from each side. With at most `f` wrong values it lies
/// between the smallest and the greatest right one.
///
/// Cost: a sort.
///
/// # Errors
/// [`ConsensusError::TooFewValues`] for `2f` values or fewer, [`ConsensusError::NotFinite`].
pub fn robust_mean(values: &[f64], f: usize) -> Result<f64, ConsensusError> {
    let sorted = sorted(values)?;
    let removed = f.saturating_mul(2);
    if sorted.len() <= removed {
        return Err(ConsensusError::TooFewValues { found: values.len(), needed: removed.saturating_add(1) });
    }
    Ok(mean(&sorted[f..sorted.len() - f]))
}

/// The middle value, or the mean of the two in the middle.
///
/// # Errors
/// [`ConsensusError::NoValues`], [`ConsensusError::NotFinite`].
pub fn median(values: &[f64]) -> Result<f64, ConsensusError> {
    middle(&sorted(values)?).ok_or(ConsensusError::NoValues)
}

/// The most frequent value; of several, the one that comes first. Values are equal when they compare equal, so the two
/// zeros are one value.
///
/// # Errors
/// [`ConsensusError::NoValues`], [`ConsensusError::NotFinite`].
pub fn mode(values: &[f64]) -> Result<f64, ConsensusError> {
    check_finite(values)?;
    let mut counts: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (place, value) in values.iter().enumerate() {
        // Adding zero turns the negative zero into the positive one.
        counts.entry((value + 0.0).to_bits()).or_insert((0, place)).0 += 1;
    }
    let best = counts.values().max_by_key(|(count, place)| (*count, usize::MAX - place));
    best.map(|(_, place)| values[*place]).ok_or(ConsensusError::NoValues)
}

/// The trimmed mean of `memory_system.byzantine`: 0.0 of nothing; otherwise `int(n * p)` values are removed from
/// **each** side, or a third of them where that would leave nothing.
///
/// It does not bound what liars can do; [`robust_mean`] does.
///
/// # Errors
/// [`ConsensusError::NotFinite`], [`ConsensusError::InvalidArgument`] for a `share` outside 0 to 1.
pub fn trimmed_mean(values: &[f64], share: f64) -> Result<f64, ConsensusError> {
    let sorted = sorted(values)?;
    let mut cut = share_of(sorted.len(), share)?;
    if cut * 2 >= sorted.len() {
        cut = sorted.len() / 3;
    }
    Ok(if sorted.is_empty() { 0.0 } else { mean(&sorted[cut..sorted.len() - cut]) })
}

/// The trimmed mean of `ByzantineValidation.calculate_trimmed_mean`: as [`trimmed_mean`](crate::aggregate::trimmed_mean), but the
/// plain mean where trimming would leave nothing.
///
/// # Errors
/// As [`trimmed_mean`](crate::aggregate::trimmed_mean).
pub fn trimmed_mean_or_mean(values: &[f64], share: f64) -> Result<f64, ConsensusError> {
    let sorted = sorted(values)?;
    let mut cut = share_of(sorted.len(), share)?;
    if cut * 2 >= sorted.len() {
        cut = 0;
    }
    Ok(if sorted.is_empty() { 0.0 } else { mean(&sorted[cut..sorted.len() - cut]) })
}

/// The mean weighted by `weights`, of pairs of value and weight; 0.0 where the weights sum to zero.
///
/// # Errors
/// [`ConsensusError::NotFinite`] for a value or weight that is none, or weights whose sum is none,
/// [`ConsensusError::OutOfRange`] for a negative weight.
pub fn weighted_mean(weighted: &[(f64, f64)]) -> Result<f64, ConsensusError> {
    let mut total = 0.0;
    for (index, (value, weight)) in weighted.iter().enumerate() {
        if !(value.is_finite() && weight.is_finite()) {
            return Err(ConsensusError::NotFinite { index });
        }
        if *weight < 0.0 {
            return Err(ConsensusError::OutOfRange { index });
        }
        total += weight;
        if !f64::is_finite(total) {
            return Err(ConsensusError::NotFinite { index });
        }
    }
    if total == 0.0 {
        return Ok(0.0);
    }
    // Weights first made into shares: their products with finite values stay finite.
    Ok(weighted.iter().map(|(value, weight)| value * (weight / total)).sum())
}

/// One value per member of a group, all within one range.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberValues {
    range: (f64, f64),
    values: BTreeMap<NodeId, Option<f64>>,
    /// How many of them are there.
    given: usize,
}

impl MemberValues {
    /// Nothing yet from the members of `set`, whose values lie in `range`.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidArgument`] for an empty range or an end that is not finite.
    pub fn new(set: &ValidatorSet, range: RangeInclusive<f64>) -> Result<Self, ConsensusError> {
        let (low, high) = range.into_inner();
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return Err(ConsensusError::InvalidArgument("range"));
        }
        let values = set.validators().iter().map(|member| (member.id.clone(), None)).collect();
        Ok(Self { range: (low, high), values, given: 0 })
    }

    /// Takes the value of a member.
    ///
    /// # Errors
    /// [`ConsensusError::UnknownMember`], [`ConsensusError::DuplicateMember`] for a second value, whatever it is,
    /// [`ConsensusError::NotFinite`] and [`ConsensusError::OutOfRange`], whose index is the number of values so far.
    pub fn insert(&mut self, member: &NodeId, value: f64) -> Result<(), ConsensusError> {
        let index = self.given;
        let place = self.values.get_mut(member).ok_or(ConsensusError::UnknownMember)?;
        if place.is_some() {
            return Err(ConsensusError::DuplicateMember);
        }
        if !value.is_finite() {
            return Err(ConsensusError::NotFinite { index });
        }
        if value < self.range.0 || value > self.range.1 {
            return Err(ConsensusError::OutOfRange { index });
        }
        *place = Some(value);
        self.given += 1;
        Ok(())
    }

    /// How many members gave a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.given
    }

    /// Whether nobody gave a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given == 0
    }

    /// The values, in the order of their members' ids.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.values.values().flatten().copied().collect()
    }

    /// The [`robust_mean`] with `f = (n - 1) / 3` of the group's `n` members.
    ///
    /// # Errors
    /// As [`robust_mean`].
    pub fn robust_mean(&self) -> Result<f64, ConsensusError> {
        robust_mean(&self.values(), self.values.len().saturating_sub(1) / 3)
    }

    /// The [`median`].
    ///
    /// # Errors
    /// As [`median`].
    pub fn median(&self) -> Result<f64, ConsensusError> {
        median(&self.values())
    }
}

/// The aggregator of the Go server: values are added, then summed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MedianAggregator {
    values: Vec<f64>,
}

/// How many values a [`MedianAggregator`] takes.
pub const MAX_VALUES: usize = 1 << 20;

impl MedianAggregator {
    /// Without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    ///
    /// # Errors
    /// [`ConsensusError::NotFinite`], [`ConsensusError::TooLarge`] beyond [`MAX_VALUES`].
    pub fn add(&mut self, value: f64) -> Result<(), ConsensusError> {
        if !value.is_finite() {
            return Err(ConsensusError::NotFinite { index: self.values.len() });
        }
        if self.values.len() >= MAX_VALUES {
            return Err(ConsensusError::TooLarge { what: "number of values", limit: MAX_VALUES as u64 });
        }
        self.values.push(value);
        Ok(())
    }

    /// The [`median`].
    ///
    /// # Errors
    /// [`ConsensusError::NoValues`].
    pub fn median(&self) -> Result<f64, ConsensusError> {
        median(&self.values)
    }

    /// The mean after removing `int(n * p / 2)` values from each side, or none where that would remove all: `share`
    /// is what is removed from both sides **together**.
    ///
    /// It does not bound what liars can do; [`robust_mean`] does.
    ///
    /// # Errors
    /// [`ConsensusError::NoValues`], [`ConsensusError::InvalidArgument`] for a `share` outside 0 to 1.
    pub fn trimmed_mean(&self, share: f64) -> Result<f64, ConsensusError> {
        let sorted = sorted(&self.values)?;
        if sorted.is_empty() {
            return Err(ConsensusError::NoValues);
        }
        check_share(share)?;
        let mut cut = floor(count(sorted.len()) * share / 2.0);
        if cut * 2 >= sorted.len() {
            cut = 0;
        }
        Ok(mean(&sorted[cut..sorted.len() - cut]))
    }

    /// Forgets the values.
    pub fn reset(&mut self) {
        self.values.clear();
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len()
    }
}

fn check_finite(values: &[f64]) -> Result<(), ConsensusError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ConsensusError::NotFinite { index }),
        None => Ok(()),
    }
}

fn sorted(values: &[f64]) -> Result<Vec<f64>, ConsensusError> {
    check_finite(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// The mean of sorted finite values, of which there is at least one.
fn mean(sorted: &[f64]) -> f64 {
    let n = count(sorted.len());
    let sum: f64 = sorted.iter().sum();
    let mean = if sum.is_finite() { sum / n } else { sorted.iter().map(|value| value / n).sum() };
    // Rounding must not carry the mean out of the values' own range.
    mean.clamp(sorted[0], sorted[sorted.len() - 1])
}

fn middle(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    Some(if sorted.len() % 2 == 1 { upper } else { sorted[half - 1].midpoint(upper) })
}

const BAD_SHARE: ConsensusError = ConsensusError::InvalidArgument("share");

fn check_share(share: f64) -> Result<(), ConsensusError> {
    if (0.0..=1.0).contains(&share) { Ok(()) } else { Err(BAD_SHARE) }
}

fn share_of(length: usize, share: f64) -> Result<usize, ConsensusError> {
    check_share(share)?;
    Ok(floor(count(length) * share))
}

#[expect(clippy::cast_precision_loss, reason = "no list in memory has 2^53 items")]
fn count(length: usize) -> f64 {
    length as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of values, at least 0 and at most the length of a list"
)]
fn floor(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_12_exactly_f_are_removed_from_each_side() {
        // E-52: three liars of ten.
        let mut values = [0.9; 10];
        values[7..].fill(1e9);
        assert_eq!(robust_mean(&values, 3), Ok(0.9));
        assert!(trimmed_mean(&values, 0.2).unwrap() > 1.6e8, "what the original makes of it");
        assert_eq!(robust_mean(&[1.0, 2.0, 6.0], 0), Ok(3.0));
        assert_eq!(robust_mean(&[1.0, 2.0, 600.0], 1), Ok(2.0));
        for (n, f) in [(0, 0), (2, 1), (6, 3), (3, usize::MAX)] {
            let too_few = robust_mean(&values[..n], f);
            assert!(
                matches!(too_few, Err(ConsensusError::TooFewValues { found, .. }) if found == n),
                "{n} {f}"
            );
        }
        assert_eq!(robust_mean(&[f64::MAX; 3], 1), Ok(f64::MAX));
        assert_eq!(robust_mean(&[f64::MAX; 4], 0), Ok(f64::MAX));
    }

    #[test]
    fn r_12_what_is_no_finite_number_is_refused_everywhere() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let values = [1.0, bad];
            let refused = Err(ConsensusError::NotFinite { index: 1 });
            assert_eq!(robust_mean(&values, 0), refused);
            assert_eq!(median(&values), refused);
            assert_eq!(mode(&values), refused);
            assert_eq!(trimmed_mean(&values, 0.2), refused);
            assert_eq!(trimmed_mean_or_mean(&values, 0.2), refused);
            assert_eq!(weighted_mean(&[(1.0, 1.0), (bad, 1.0)]), refused);
            assert_eq!(weighted_mean(&[(1.0, 1.0), (1.0, bad)]), refused);
            assert_eq!(MedianAggregator::new().add(bad), Err(ConsensusError::NotFinite { index: 0 }));
        }
        assert_eq!(weighted_mean(&[(1.0, -1.0)]), Err(ConsensusError::OutOfRange { index: 0 }));
        assert_eq!(
            weighted_mean(&[(1.0, f64::MAX), (1.0, f64::MAX)]),
            Err(ConsensusError::NotFinite { index: 1 })
        );
    }

    #[test]
    fn r_12_the_median_of_nothing_is_an_error() {
        assert_eq!(median(&[]), Err(ConsensusError::NoValues));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Ok(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Ok(2.5));
        assert_eq!(median(&[f64::MAX, f64::MAX]), Ok(f64::MAX));
        assert_eq!(median(&[-f64::MAX, f64::MAX]), Ok(0.0));
    }

    #[test]
    fn e_53_three_trimmed_means_each_under_its_own_name() {
        let values = [0.0, 1.0, 2.0, 3.0, 100.0];
        let mut go = MedianAggregator::new();
        assert_eq!(go.trimmed_mean(0.2), Err(ConsensusError::NoValues));
        for value in values {
            go.add(value).unwrap();
        }
        assert_eq!(go.count(), 5);
        // int(5 * 0.2 / 2) = 0 from each side, int(5 * 0.2) = 1 from each side.
        assert_eq!(go.trimmed_mean(0.2), Ok(21.2));
        assert_eq!(trimmed_mean(&values, 0.2), Ok(2.0));
        assert_eq!(trimmed_mean_or_mean(&values, 0.2), Ok(2.0));
        // Where nothing would be left: no trimming, a third, no trimming.
        assert_eq!(go.trimmed_mean(1.0), Ok(2.0));
        assert_eq!(trimmed_mean(&values, 0.5), Ok(2.0));
        assert_eq!(trimmed_mean(&values, 0.6), Ok(2.0));
        assert_eq!(trimmed_mean_or_mean(&values, 0.6), Ok(21.2));
        assert_eq!(trimmed_mean(&[], 0.2), Ok(0.0));
        assert_eq!(trimmed_mean(&[7.0], 1.0), Ok(7.0));
        assert_eq!(trimmed_mean_or_mean(&[], 0.2), Ok(0.0));
        for share in [-0.1, 1.1, f64::NAN] {
            assert_eq!(trimmed_mean(&values, share), Err(BAD_SHARE));
            assert_eq!(trimmed_mean_or_mean(&values, share), Err(BAD_SHARE));
            assert_eq!(go.trimmed_mean(share), Err(BAD_SHARE));
        }
        go.reset();
        assert_eq!((go.count(), go.median()), (0, Err(ConsensusError::NoValues)));
    }

    #[test]
    fn mode_and_weights_are_the_originals() {
        assert_eq!(mode(&[]), Err(ConsensusError::NoValues));
        assert_eq!(mode(&[2.0, 1.0, 1.0, 2.0, 3.0]), Ok(2.0));
        assert_eq!(mode(&[1.0, 0.0, -0.0]), Ok(0.0));
        assert_eq!(weighted_mean(&[(1.0, 3.0), (5.0, 1.0)]), Ok(2.0));
        assert_eq!(weighted_mean(&[]), Ok(0.0));
        assert_eq!(weighted_mean(&[(1.0, 0.0)]), Ok(0.0));
    }
}
