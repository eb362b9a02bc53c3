//! Counts to which every update adds exactly once, however copies branch and merge.

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::error::CrdtError;

/// A grow-only counter as the set of the updates it counts.
///
/// Per actor it is one number while that actor's updates arrive without gaps, as in a counter by maxima. Unlike with
/// maxima, two copies that one writer writes through in turn never count one update for the other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally(CausalContext);

impl Tally {
    pub(crate) fn from_context(context: CausalContext) -> Self {
        Self(context)
    }

    /// How many updates there are.
    pub(crate) fn count(&self) -> u128 {
        self.0.runs().map(|(_, start, end)| u128::from(end - start) + 1).sum()
    }

    /// The updates.
    pub(crate) fn context(&self) -> &CausalContext {
        &self.0
    }

    /// The tally of the next `count` updates of a writer, not yet in this one; of none when `count` is 0.
    ///
    /// `series` tells apart what one writer counts, so that each count's numbers follow one another.
    pub(crate) fn next(&self, writer: &Writer, series: &str, count: u64) -> Result<Self, CrdtError> {
        if count == 0 {
            return Ok(Self::default());
        }
        let (start, end) = writer.next_run(series, self.0.greatest(writer.actor()), count)?;
        Ok(Self::of_run(writer.actor().clone(), start, end))
    }

    /// The tally of an actor's updates `start..=end`, where 1 <= start <= end.
    pub(crate) fn of_run(actor: ActorKey, start: u64, end: u64) -> Self {
        let mut runs = crate::runs::Runs::default();
        runs.insert(start, end);
        let mut context = CausalContext::new();
        context.set_runs(actor, runs);
        Self(context)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_of_one_writer_count_each_update_once() {
        let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
        let mut parent = Tally::default();
        parent.merge(&parent.next(&writer, "x", 5).unwrap());
        let (mut left, mut right) = (parent.clone(), parent.clone());
        left.merge(&left.next(&writer, "x", 1).unwrap());
        right.merge(&right.next(&writer, "x", 1).unwrap());
        assert_eq!((left.count(), right.count()), (6, 6));
        left.merge(&right);
        assert_eq!(left.count(), 7);
        assert_eq!(left.context().runs().count(), 1);
        // Another series has numbers of its own.
        assert_eq!(parent.next(&writer, "y", 1).unwrap().context().runs().next().unwrap().1, 6);
        assert_eq!(Tally::default().next(&writer, "z", 1).unwrap().context().runs().next().unwrap().1, 1);
    }

    #[test]
    fn an_overflow_is_an_error() {
        let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
        let full = Tally::of_run(writer.actor().clone(), 1, u64::MAX);
        assert_eq!(full.count(), u128::from(u64::MAX));
        assert_eq!(full.next(&writer, "x", 1), Err(CrdtError::CounterOverflow));
        assert_eq!(full.next(&writer, "x", 0), Ok(Tally::default()));
    }
}
