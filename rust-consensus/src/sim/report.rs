//! What a run was like.

use super::coverage::Coverage;

/// A run in numbers.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// BLAKE3 over everything that happened.
    pub trace_hash: [u8; 32],
    /// How many things happened.
    pub events: u64,
    /// Messages that were sent, each receiver counted.
    pub messages: u64,
    /// How long it took, in microseconds of simulated time.
    pub simulated_us: u64,
    /// From the first proposal of a height to the decision, for every height and honest member; at most 2^20 of them.
    pub latencies_us: Vec<u64>,
    /// Pieces of evidence that honest members found.
    pub evidence: usize,
    /// The time within which everything had to be decided after the network had healed; 0 where it was decided before.
    pub bound_us: u64,
    /// Which rules were exercised.
    pub coverage: Coverage,
}

impl Report {
    /// The latency that `per_mille` of 1,000 decisions do not exceed; 0 where nothing was measured.
    #[must_use]
    pub fn latency_us(&self, per_mille: u16) -> u64 {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * usize::from(per_mille.min(1_000))).div_ceil(1_000);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest_ranks() {
        let report = |latencies_us| Report {
            trace_hash: [0; 32],
            events: 0,
            messages: 0,
            simulated_us: 0,
            latencies_us,
            evidence: 0,
            bound_us: 0,
            coverage: Coverage::default(),
        };
        let hundred = report((1..=100).rev().collect());
        assert_eq!([500, 990, 1_000, 0].map(|share| hundred.latency_us(share)), [50, 99, 100, 1]);
        assert_eq!(report(Vec::new()).latency_us(500), 0);
    }
}
