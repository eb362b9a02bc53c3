//! The set as it is written down in papers: maps of elements and dots, merged one by one. The oracle of the real one.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::{ActorKey, CausalContext, CrdtError, Dot, OrSet, Value};

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PlainSet {
    pub(crate) elements: BTreeMap<Value, BTreeSet<Dot>>,
    dots: BTreeMap<ActorKey, BTreeMap<u64, Value>>,
    pub(crate) context: CausalContext,
}

impl PlainSet {
    /// What a set shows of itself.
    pub(crate) fn of(set: &OrSet) -> Self {
        let mut plain = Self { context: set.context().clone(), ..Self::default() };
        for value in set.elements() {
            set.tags(&value).for_each(|dot| plain.insert_live(&dot, &value));
        }
        plain
    }

    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        let mut added = Vec::new();
        for (actor, theirs) in &other.dots {
            for (&counter, value) in theirs {
                let dot = Dot::new(actor.clone(), counter).unwrap();
                match self.dots.get(actor).and_then(|ours| ours.get(&counter)) {
                    Some(own) if own != value => {
                        return Err(CrdtError::Equivocation { actor: actor.clone(), counter });
                    }
                    Some(_) => {}
                    None if self.context.contains(&dot) => {}
                    None => added.push((dot, value)),
                }
            }
        }
        let mut removed = Vec::new();
        for (actor, start, end) in other.context.runs() {
            let theirs = other.dots.get(actor);
            for (counter, _) in self.dots.get(actor).into_iter().flat_map(|ours| ours.range(start..=end)) {
                if !theirs.is_some_and(|theirs| theirs.contains_key(counter)) {
                    removed.push(Dot::new(actor.clone(), *counter).unwrap());
                }
            }
        }
        removed.iter().for_each(|dot| self.remove_live(dot));
        added.iter().for_each(|(dot, value)| self.insert_live(dot, value));
        self.context.merge(&other.context);
        Ok(())
    }

    fn remove_live(&mut self, dot: &Dot) {
        let Some(by_counter) = self.dots.get_mut(dot.actor()) else { return };
        let Some(value) = by_counter.remove(&dot.counter()) else { return };
        if by_counter.is_empty() {
            self.dots.remove(dot.actor());
        }
        let dots = self.elements.get_mut(&value).unwrap();
        dots.remove(dot);
        if dots.is_empty() {
            self.elements.remove(&value);
        }
    }

    fn insert_live(&mut self, dot: &Dot, value: &Value) {
        self.dots.entry(dot.actor().clone()).or_default().insert(dot.counter(), value.clone());
        self.elements.entry(value.clone()).or_default().insert(dot.clone());
    }
}
