//! What a merge would change, without making it.

use chrysalis_store::chunk::bits;

use super::merge::Step;
use super::{OrSet, decoded};
use crate::sorted::SortedMap;
use crate::value::Value;

/// What merging a set into another one would do to its elements, each list in the order of the encodings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Preview {
    /// Not there now, and there afterwards.
    pub added: Vec<Value>,
    /// There now, and not there afterwards.
    pub removed: Vec<Value>,
    /// There afterwards although one side took away what it knew of it: the other side added it at the same time.
    pub contested: Vec<Value>,
}

/// What happens to the dots of one element.
#[derive(Default)]
struct Fate {
    added: usize,
    removed: usize,
    refused: usize,
}

impl Preview {
    pub(super) fn new(ours: &OrSet, theirs: &OrSet, steps: &[Step]) -> Self {
        let mut fates: SortedMap<&[u8], Fate> = SortedMap::new();
        for step in steps {
            if let Some(own) = step.slot.map(|slot| ours.store.chunk(slot)) {
                bits(step.remove).for_each(|bit| fates.get_or_default(own.get(bit)).removed += 1);
            }
            if let Some(other) = &step.theirs {
                bits(step.add).for_each(|bit| fates.get_or_default(other.get(bit)).added += 1);
                bits(step.refuse).for_each(|bit| fates.get_or_default(other.get(bit)).refused += 1);
            }
        }
        let mut preview = Self::default();
        for (element, fate) in fates {
            let dots = || ours.dots(element);
            let before = dots().count();
            let after = before - fate.removed + fate.added;
            if before == 0 && after > 0 {
                preview.added.push(decoded(element));
            }
            if before > 0 && after == 0 {
                preview.removed.push(decoded(element));
            }
            // A dot of ours that they have not heard of outlives what they took away, or the other way round.
            let outlives = fate.removed > 0 && dots().any(|dot| !theirs.context.contains(&dot));
            if outlives || fate.refused > 0 && fate.added > 0 {
                preview.contested.push(decoded(element));
            }
        }
        preview
    }

    /// Whether the merge would change no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorKey;
    use crate::dot::Writer;

    #[test]
    fn a_preview_tells_what_the_merge_then_does() {
        let [a, b] = ["a", "b"].map(|name| Writer::resume(ActorKey::new(name).unwrap(), 0));
        let mut ours = OrSet::new();
        for text in ["kept", "theirs to remove", "removed and added", "refreshed"] {
            ours.add(&a, text).unwrap();
        }
        let mut theirs = ours.clone();
        theirs.add(&b, "new").unwrap();
        theirs.add(&b, "refreshed").unwrap();
        theirs.remove(&Value::from("theirs to remove"));
        theirs.remove(&Value::from("removed and added"));
        ours.add(&a, "removed and added").unwrap();
        ours.add(&a, "ours").unwrap();
        let texts =
            |values: &[Value]| values.iter().map(|v| v.as_text().unwrap().to_owned()).collect::<Vec<_>>();

        let preview = ours.preview(&theirs).unwrap();
        assert_eq!(texts(&preview.added), ["new"]);
        assert_eq!(texts(&preview.removed), ["theirs to remove"]);
        // Its one dot was replaced on our side, so they took away another one, which is gone here already.
        assert_eq!(texts(&preview.contested), Vec::<String>::new());
        let back = theirs.preview(&ours).unwrap();
        assert_eq!(texts(&back.added), ["ours", "removed and added"]);
        assert_eq!((texts(&back.removed), texts(&back.contested)), (vec![], vec![]));

        // They have seen the first of two dots when they remove.
        let mut set = OrSet::new();
        set.add_tagged(&a, "x").unwrap();
        let mut other = set.clone();
        set.add_tagged(&a, "x").unwrap();
        other.remove(&Value::from("x"));
        let preview = set.preview(&other).unwrap();
        assert_eq!((texts(&preview.contested), preview.is_empty()), (vec!["x".to_owned()], true));
        let before = set.to_bytes();
        set.preview(&OrSet::new()).unwrap();
        assert_eq!(set.to_bytes(), before);
    }
}
