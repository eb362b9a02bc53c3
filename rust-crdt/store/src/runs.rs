//! Sets of counters as runs: what a version vector and its cloud are for one actor.

/// A set of counters from 1, kept as disjoint, ascending, non-adjacent inclusive ranges.
///
/// The form is unique, so equal sets are equal values. Never empty inside a causal context.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Runs(Vec<(u64, u64)>);

impl Runs {
    /// Whether a counter is in.
    #[must_use]
    pub fn contains(&self, counter: u64) -> bool {
        self.0.get(self.first_ending_from(counter)).is_some_and(|(start, _)| *start <= counter)
    }

    /// The greatest counter, 0 when there is none.
    pub fn greatest(&self) -> u64 {
        self.0.last().map_or(0, |(_, end)| *end)
    }

    /// The greatest counter up to which none is missing.
    pub fn contiguous(&self) -> u64 {
        self.0.first().filter(|(start, _)| *start == 1).map_or(0, |(_, end)| *end)
    }

    /// The runs upwards, as first and last counter.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }

    /// Adds the counters `start..=end`, where 1 <= start <= end.
    pub fn insert(&mut self, start: u64, end: u64) {
        let from = self.first_ending_from(start - 1);
        let to = self.0.partition_point(|run| run.0 <= end.saturating_add(1));
        if from == to {
            self.make_room();
            self.0.insert(from, (start, end));
        } else {
            self.0[from] = (start.min(self.0[from].0), end.max(self.0[to - 1].1));
            self.0.drain(from + 1..to);
        }
    }

    /// Adds a run behind all others; false, and nothing changed, when it does not lie behind a gap.
    pub fn push(&mut self, start: u64, end: u64) -> bool {
        let apart = self.0.last().map_or(start >= 1, |(_, last)| start > last.saturating_add(1));
        let fits = apart && start <= end;
        if fits {
            self.make_room();
            self.0.push((start, end));
        }
        fits
    }

    /// Union. Linear in both, or logarithmic in `self` when `other` is one run, as in most deltas.
    pub fn merge(&mut self, other: &Self) {
        if let [(start, end)] = other.0[..] {
            self.insert(start, end);
            return;
        }
        let mut all = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let Some(&(start, end)) = match (ours.peek(), theirs.peek()) {
            (Some(a), Some(b)) if b.0 < a.0 => theirs.next(),
            (Some(_), _) => ours.next(),
            (None, _) => theirs.next(),
        } {
            match all.last_mut() {
                Some((_, last)) if start <= u64::saturating_add(*last, 1) => *last = end.max(*last),
                _ => all.push((start, end)),
            }
        }
        self.0 = all;
    }

    /// Which of the 64 counters from `first` on are in, bit by bit upwards.
    pub fn mask(&self, first: u64) -> u64 {
        let last = first.saturating_add(63);
        let mut mask = 0;
        for (start, end) in &self.0[self.first_ending_from(first)..] {
            if *start > last {
                break;
            }
            let (from, to) = (start.saturating_sub(first), (*end).min(last) - first);
            mask |= u64::MAX << from & u64::MAX >> (63 - to);
        }
        mask
    }

    /// Adds those of the 64 counters from `first` on, all above those that are in, whose bits are set.
    pub fn insert_mask(&mut self, first: u64, mut mask: u64) {
        while mask != 0 {
            let start = mask.trailing_zeros();
            let length = (mask >> start).trailing_ones();
            let from = first + u64::from(start);
            self.insert(from, from + u64::from(length - 1));
            mask &= u64::MAX.checked_shl(start + length).unwrap_or(0);
        }
    }

    /// The counters of both.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            let (start, end) = (a.0.max(b.0), a.1.min(b.1));
            if start <= end {
                both.push((start, end));
            }
            let _ = if a.1 < b.1 { ours.next() } else { theirs.next() };
        }
        Self(both)
    }

    /// The counters of this set alone.
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// Whether there is no counter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(1);
        for (start, end) in &self.0 {
            if let Some(next) = next.filter(|next| next < start) {
                gaps.push((next, start - 1));
            }
            next = end.checked_add(1);
        }
        gaps.extend(next.map(|next| (next, u64::MAX)));
        Self(gaps)
    }

    /// Whether every counter of the other set is in this one.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|(start, end)| {
            self.0.get(self.first_ending_from(*end)).is_some_and(|(first, _)| first <= start)
        })
    }

    /// One run is what nearly every actor has, so the first takes no room for more.
    fn make_room(&mut self) {
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
    }

    /// Index of the first run that ends at `counter` or later.
    fn first_ending_from(&self, counter: u64) -> usize {
        self.0.partition_point(|run| run.1 < counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn runs(list: &[(u64, u64)]) -> Runs {
        let mut runs = Runs::default();
        for (start, end) in list {
            assert!(runs.push(*start, *end));
        }
        runs
    }

    #[test]
    fn runs_join_when_the_gap_closes() {
        let mut set = runs(&[(1, 3), (7, 8), (12, 12)]);
        set.insert(10, 10);
        assert_eq!(set, runs(&[(1, 3), (7, 8), (10, 10), (12, 12)]));
        set.insert(9, 9);
        assert_eq!(set, runs(&[(1, 3), (7, 10), (12, 12)]));
        set.insert(2, 11);
        assert_eq!(set, runs(&[(1, 12)]));
        set.insert(u64::MAX, u64::MAX);
        set.insert(u64::MAX - 1, u64::MAX);
        assert_eq!(set, runs(&[(1, 12), (u64::MAX - 1, u64::MAX)]));
        set.merge(&runs(&[(5, 5), (14, u64::MAX)]));
        assert_eq!(set, runs(&[(1, 12), (14, u64::MAX)]));
        assert!(!set.push(u64::MAX, u64::MAX));
        assert_eq!((set.mask(u64::MAX - 63), set.mask(0)), (u64::MAX, 0b1_1111_1111_1110 | u64::MAX << 14));
        assert_eq!(set.difference(&runs(&[(3, u64::MAX)])), runs(&[(1, 2)]));
        assert_eq!(set.difference(&Runs::default()), set);
        assert_eq!((set.greatest(), set.contiguous()), (u64::MAX, 12));
    }

    /// All pairs of subsets of 1..=6, against the plain set.
    #[test]
    fn every_small_union_and_inclusion_is_that_of_plain_sets() {
        let plain = |bits: u32| (1..=6u64).filter(|c| bits >> (c - 1) & 1 == 1).collect::<BTreeSet<_>>();
        let build = |set: &BTreeSet<u64>| {
            let mut runs = Runs::default();
            set.iter().rev().for_each(|c| runs.insert(*c, *c));
            runs
        };
        for (a, b) in (0..64).flat_map(|a| (0..64).map(move |b| (a, b))) {
            let (plain_a, plain_b) = (plain(a), plain(b));
            let (ours, theirs) = (build(&plain_a), build(&plain_b));
            let mut union = ours.clone();
            union.merge(&theirs);
            assert_eq!(union, build(&(&plain_a | &plain_b)));
            assert_eq!(ours.includes(&theirs), plain_a.is_superset(&plain_b));
            assert_eq!(ours.greatest(), plain_a.last().copied().unwrap_or(0));
            for counter in 1..=7 {
                assert_eq!(ours.contains(counter), plain_a.contains(&counter));
            }
            assert_eq!(ours.intersection(&theirs), build(&(&plain_a & &plain_b)));
            assert_eq!(ours.difference(&theirs), build(&(&plain_a - &plain_b)));
            for first in 0..4 {
                let mask = plain_a.iter().filter(|c| **c >= first).fold(0, |mask, c| mask | 1 << (c - first));
                assert_eq!(ours.mask(first), mask);
            }
        }
    }
}
