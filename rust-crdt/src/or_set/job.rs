//! Merging in small steps, for a thread that must not be kept busy.

use super::OrSet;
use super::merge::Plan;
use crate::error::CrdtError;

/// A merge that is done a little at a time.
///
/// One step looks at, or changes, up to as many chunks as its budget says; a chunk holds at most 64 elements. Nobody
/// sees the set in between: the job owns it until the end. One step may have to make the index larger, which goes through the
/// whole set once.
///
/// ```
/// use chrysalis_crdt::or_set::MergeJob;
/// use chrysalis_crdt::{ActorId, OrSet, Writer};
///
/// let (mut a, mut b) = (OrSet::new(), OrSet::new());
/// a.add_all(&Writer::make(&ActorId::new("a")?)?, 0..1000u64)?;
/// b.add_all(&Writer::make(&ActorId::new("b")?)?, 500..1500u64)?;
/// let mut job = MergeJob::new(a, b);
/// while !job.step(10)? { /* let others have the thread */ }
/// assert_eq!(job.into_set().len(), 1500);
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Debug)]
pub struct MergeJob {
    set: OrSet,
    other: OrSet,
    plan: Plan,
    is_planned: bool,
    is_done: bool,
}

impl MergeJob {
    /// The merge of `other` into `set`, not begun.
    #[must_use]
    pub fn new(set: OrSet, other: OrSet) -> Self {
        Self { set, other, plan: Plan::default(), is_planned: false, is_done: false }
    }

    /// Goes on by up to `budget` chunks; whether the merge is done.
    ///
    /// # Errors
    /// As [`OrSet::merge`], before anything is changed; [`into_set`](Self::into_set) then gives the set as it was.
    pub fn step(&mut self, mut budget: usize) -> Result<bool, CrdtError> {
        if !self.is_planned {
            self.is_planned = self.plan.extend(&self.set, &self.other, &mut budget)?;
        }
        if self.is_planned && !self.is_done && self.plan.apply(&mut self.set.store, &mut budget) {
            self.set.context.merge(&self.other.context);
            self.is_done = true;
        }
        Ok(self.is_done)
    }

    /// The merged set; before changes were begun, the set as it was. Changes that were begun are brought to an end.
    #[must_use]
    pub fn into_set(mut self) -> OrSet {
        if self.is_planned && self.plan.has_begun() && !self.is_done {
            self.plan.apply(&mut self.set.store, &mut usize::MAX.clone());
            self.set.context.merge(&self.other.context);
        }
        self.set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorKey;
    use crate::dot::Writer;
    use crate::value::Value;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    #[test]
    fn every_budget_gives_what_one_merge_gives() {
        let (a, b) = (writer("a"), writer("b"));
        let mut ours = OrSet::new();
        ours.add_all(&a, 0..500u64).unwrap();
        let mut theirs = ours.clone();
        (0..500u64).step_by(7).for_each(|i| drop(theirs.remove(&Value::from(i))));
        theirs.add_all(&b, 400..900u64).unwrap();
        ours.add_all(&a, 500..600u64).unwrap();
        let mut whole = ours.clone();
        whole.merge(&theirs).unwrap();
        for budget in [1, 2, 3, 5, 1000] {
            let mut job = MergeJob::new(ours.clone(), theirs.clone());
            let mut steps = 1;
            while !job.step(budget).unwrap() {
                steps += 1;
            }
            assert!(job.step(0).unwrap());
            assert!(steps == 1 || budget < 1000, "{steps}");
            assert_eq!(job.into_set().to_bytes(), whole.to_bytes());
        }
        // Left off in the middle: untouched or whole.
        for steps in 0..60 {
            let mut job = MergeJob::new(ours.clone(), theirs.clone());
            for _ in 0..steps {
                job.step(1).unwrap();
            }
            let left = job.into_set();
            assert!(left == ours || left == whole, "{steps}");
        }
    }

    #[test]
    fn a_refused_merge_gives_the_set_back() {
        let (mut one, mut two) = (OrSet::new(), OrSet::new());
        one.add_all(&writer("a"), 0..200u64).unwrap();
        two.add_all(&writer("a"), 1..201u64).unwrap();
        let mut job = MergeJob::new(one.clone(), two);
        assert!(matches!(job.step(1), Err(CrdtError::Equivocation { counter: 1, .. })));
        assert_eq!(job.into_set(), one);
    }
}
