//! What all members have taken in, and what can be forgotten because of that.
//!
//! Wall clocks decide nothing here. An update is *causally stable* when every current member has acknowledged it: from
//! then on no member can send anything that has not seen it. Source: Baquero et al., "Making Operation-Based CRDTs
//! Operation-Based" (2014), section 4; who is a member is agreed on elsewhere, by consensus.

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet};

/// Who shares a state, and how far each has come.
///
/// The way of an actor out of the metadata, every step agreed on by all members: it is [retired](Self::retire); what is live
/// under its dots is written again by someone else ([`OrSet::adopt`](crate::OrSet::adopt)); when all have
/// acknowledged that, it is [forgotten](Self::forget), and [`Decompose::collect`](crate::Decompose::collect) drops it from
/// clocks and from the contexts of sets, registers, maps and agents, unless a write of it is still live there. Counters keep its counts, which are
/// part of their value, and so do the uses of skills and the evidence of beliefs; a `MerkleDag` keeps every node. The actor never
/// comes back: whoever it was rejoins with a whole state and a new incarnation.
///
/// ```
/// use chrysalis_crdt::membership::Membership;
/// use chrysalis_crdt::{ActorId, Decompose, OrSet, Value, Writer};
///
/// let (a, b) = (Writer::make(&ActorId::new("a")?)?, Writer::make(&ActorId::new("b")?)?);
/// let mut set = OrSet::new();
/// set.add(&b, "from b")?;
/// let mut members = Membership::new();
/// members.admit(a.actor())?;
/// members.admit(b.actor())?;
/// members.retire(b.actor())?;
/// let adopted = set.adopt(&a, b.actor())?;
/// members.acknowledge(a.actor(), set.context())?;
/// members.forget(b.actor(), adopted.context())?;
/// set.collect(&members);
/// assert!(set.contains(&Value::from("from b")));
/// assert_eq!(set.context().actors().count(), 1);
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Membership {
    members: SortedMap<ActorKey, CausalContext>,
    retired: SortedSet<ActorKey>,
    forgotten: SortedSet<ActorKey>,
    /// All that was stable at some time: what a later member takes over with a whole state.
    stable: CausalContext,
    /// What all members knew at some time when none knew anything else: no update from before it is under way.
    settled: CausalContext,
}

impl Membership {
    /// No members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an actor a member that has acknowledged nothing yet.
    ///
    /// # Errors
    /// [`CrdtError::Membership`] for a member, and for one that was retired; nothing changed.
    pub fn admit(&mut self, actor: &ActorKey) -> Result<(), CrdtError> {
        if self.retired.contains(actor) || self.forgotten.contains(actor) {
            return Err(CrdtError::Membership("actor was retired: it needs a new incarnation"));
        }
        if self.members.contains_key(actor) {
            return Err(CrdtError::Membership("actor is a member already"));
        }
        self.members.insert(actor.clone(), CausalContext::new());
        Ok(())
    }

    /// Takes note of what a member has taken in.
    ///
    /// # Errors
    /// [`CrdtError::Membership`] when it is no member; nothing changed.
    pub fn acknowledge(&mut self, actor: &ActorKey, context: &CausalContext) -> Result<(), CrdtError> {
        self.members.get_mut(actor).ok_or(CrdtError::Membership("actor is no member"))?.merge(context);
        let mut contexts = self.members.values();
        if let Some(first) = contexts.next() {
            if contexts.clone().all(|context| context == first) {
                self.settled.merge(first);
            }
            let cut = contexts.fold(first.clone(), |cut, context| cut.intersection(context));
            self.stable.merge(&cut);
        }
        Ok(())
    }

    /// The updates that every member had acknowledged at a time when no member had acknowledged any other.
    ///
    /// Unlike with [`stable`](Self::stable) ones, no update that was made before one of them was seen can still arrive:
    /// only these removals of a last-writer map can be dropped.
    #[must_use]
    pub fn settled(&self) -> &CausalContext {
        &self.settled
    }

    /// The causal stability cut: all updates that every member has acknowledged.
    #[must_use]
    pub fn stable(&self) -> &CausalContext {
        &self.stable
    }

    /// The members, in byte order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &ActorKey> {
        self.members.keys()
    }

    /// Ends the membership of an actor. Updates of it that no member has are lost to the others.
    ///
    /// # Errors
    /// [`CrdtError::Membership`] when it is no member; nothing changed.
    pub fn retire(&mut self, actor: &ActorKey) -> Result<(), CrdtError> {
        self.members.remove(actor).ok_or(CrdtError::Membership("actor is no member"))?;
        self.retired.insert(actor.clone());
        Ok(())
    }

    /// Gives the dots of a retired actor up, once all members know the same of them and have taken in `adopted`: what was
    /// written in place of what was live under them.
    ///
    /// # Errors
    /// [`CrdtError::Membership`] when the actor is not retired or it is too early; nothing changed.
    pub fn forget(&mut self, actor: &ActorKey, adopted: &CausalContext) -> Result<(), CrdtError> {
        if !self.retired.contains(actor) {
            return Err(CrdtError::Membership("actor is not retired"));
        }
        let mut known = self.members.values().map(|context| context.runs_of(actor));
        let first = known.next();
        if !known.all(|other| Some(other) == first) {
            return Err(CrdtError::Membership("members know different updates of the actor"));
        }
        if !self.members.values().all(|context| context.includes(adopted)) {
            return Err(CrdtError::Membership("not all members have what was written instead"));
        }
        self.retired.remove(actor);
        self.forgotten.insert(actor.clone());
        Ok(())
    }

    /// Whether the dots of an actor were given up.
    #[must_use]
    pub fn is_forgotten(&self, actor: &ActorKey) -> bool {
        self.forgotten.contains(actor)
    }

    /// The actors whose dots were given up, in byte order.
    pub fn forgotten(&self) -> impl ExactSizeIterator<Item = &ActorKey> {
        self.forgotten.iter()
    }

    /// Those of them of whom a context has nothing: what still comes in of theirs was collected there.
    pub(crate) fn forgotten_outside(&self, context: &CausalContext) -> impl Iterator<Item = &ActorKey> {
        self.forgotten().filter(|actor| context.runs_of(actor).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::AgentState;
    use crate::clock::VectorClock;
    use crate::counter::GCounter;
    use crate::delta::Decompose;
    use crate::dot::{Dot, Writer};
    use crate::hlc::HybridClock;
    use crate::lww::LwwRegister;
    use crate::lww_map::LwwMap;
    use crate::mv_register::MvRegister;
    use crate::or_set::OrSet;
    use crate::value::Value;

    fn key(name: &str) -> ActorKey {
        ActorKey::new(name).unwrap()
    }

    fn members(names: &[&str]) -> Membership {
        let mut members = Membership::new();
        names.iter().for_each(|name| members.admit(&key(name)).unwrap());
        members
    }

    #[test]
    fn the_cut_is_what_all_have_and_does_not_go_back() {
        let mut members = members(&["a", "b"]);
        let dots = ["a:1", "a:2", "b:1"].map(|tag| Dot::parse(tag).unwrap());
        members.acknowledge(&key("a"), &dots.iter().collect()).unwrap();
        assert!(members.stable().is_empty());
        members.acknowledge(&key("b"), &dots[1..].iter().collect()).unwrap();
        let cut: CausalContext = dots[1..].iter().collect();
        assert_eq!(members.stable(), &cut);
        members.admit(&key("c")).unwrap();
        members.acknowledge(&key("c"), &CausalContext::new()).unwrap();
        assert_eq!(members.stable(), &cut);
        assert!(members.acknowledge(&key("d"), &cut).is_err());
        assert!(members.admit(&key("c")).is_err());
    }

    #[test]
    fn an_actor_is_forgotten_in_steps_and_stays_so() {
        let (a, b, x) = (Writer::resume(key("a"), 0), key("b"), Writer::resume(key("x"), 0));
        let mut members = members(&["a", "b", "x"]);
        let mut ours = OrSet::new();
        let late = ours.add(&x, "kept").unwrap();
        ours.add(&x, "removed").unwrap();
        ours.remove(&Value::from("removed"));
        let mut theirs = ours.clone();
        assert!(members.forget(x.actor(), &CausalContext::new()).is_err());
        members.retire(x.actor()).unwrap();
        assert!(members.admit(x.actor()).is_err());

        members.acknowledge(a.actor(), ours.context()).unwrap();
        assert!(members.forget(x.actor(), &CausalContext::new()).is_err(), "b has acknowledged nothing");
        let adopted = ours.adopt(&a, x.actor()).unwrap();
        members.acknowledge(a.actor(), ours.context()).unwrap();
        members.acknowledge(&b, theirs.context()).unwrap();
        assert!(members.forget(x.actor(), adopted.context()).is_err(), "b has not what was written instead");
        theirs.merge(&adopted).unwrap();
        members.acknowledge(&b, theirs.context()).unwrap();
        members.forget(x.actor(), adopted.context()).unwrap();

        ours.collect(&members);
        assert_eq!(ours.context().actors().collect::<Vec<_>>(), [a.actor()]);
        // The other one has not collected yet: what it sends brings nothing back, nor does what was under way for long.
        for incoming in [theirs.clone(), late] {
            let mut incoming = incoming;
            ours.screen(&mut incoming, &members);
            ours.merge(&incoming).unwrap();
        }
        theirs.collect(&members);
        assert_eq!(ours.to_bytes(), theirs.to_bytes());
        assert!(ours.elements().eq([Value::from("kept")]));
        assert!(members.admit(x.actor()).is_err());
    }

    #[test]
    fn what_is_live_is_never_collected() {
        let x = Writer::resume(key("x"), 0);
        let mut set = OrSet::new();
        set.add(&x, "live").unwrap();
        let mut members = members(&["x"]);
        members.retire(x.actor()).unwrap();
        members.forget(x.actor(), &CausalContext::new()).unwrap();
        let before = set.clone();
        set.collect(&members);
        assert_eq!(set, before);
    }

    #[test]
    fn a_removal_stays_while_an_older_write_may_be_under_way() {
        let (a, c, mut clock) =
            (Writer::resume(key("a"), 0), Writer::resume(key("c"), 0), HybridClock::new());
        let mut members = members(&["a", "b", "c"]);
        let (mut ours, mut theirs) = (LwwMap::new(), LwwMap::new());
        // Written before the removal and known to its writer alone, who then hears of the removal.
        let late = theirs.set(&c, &mut HybridClock::new(), 1, "k", "old").unwrap();
        ours.set(&a, &mut clock, 5, "k", "v").unwrap();
        ours.remove(&a, &mut clock, 5, "k").unwrap();
        theirs.merge(&ours).unwrap();
        members.acknowledge(a.actor(), ours.context()).unwrap();
        members.acknowledge(&key("b"), ours.context()).unwrap();
        members.acknowledge(c.actor(), theirs.context()).unwrap();
        assert!(members.stable().includes(ours.context()));
        ours.collect(&members);
        let mut incoming = late;
        ours.screen(&mut incoming, &members);
        ours.merge(&incoming).unwrap();
        assert_eq!((ours.get("k"), theirs.get("k")), (None, None));
        // Once all know of both writes, the removal goes.
        members.acknowledge(a.actor(), ours.context()).unwrap();
        members.acknowledge(&key("b"), ours.context()).unwrap();
        assert_eq!(members.settled(), theirs.context());
        ours.collect(&members);
        theirs.collect(&members);
        assert_eq!((ours.entries().len(), ours.to_bytes()), (0, theirs.to_bytes()));
    }

    #[test]
    fn removed_keys_of_a_map_go_when_all_know_of_the_removal() {
        let (a, mut clock) = (Writer::resume(key("a"), 0), HybridClock::new());
        let mut members = members(&["a", "b"]);
        let mut ours = LwwMap::new();
        let old = ours.set(&a, &mut clock, 1, "k", "v").unwrap();
        ours.set(&a, &mut clock, 1, "stays", "v").unwrap();
        ours.remove(&a, &mut clock, 1, "k").unwrap();
        let mut theirs = ours.clone();
        members.acknowledge(a.actor(), ours.context()).unwrap();
        ours.collect(&members);
        assert_eq!(ours.entries().len(), 2, "b may not know");
        members.acknowledge(&key("b"), theirs.context()).unwrap();
        ours.collect(&members);
        assert_eq!(ours.entries().len(), 1);
        // Neither an old write nor the removal itself comes back.
        for mut incoming in [old, theirs.clone()] {
            ours.screen(&mut incoming, &members);
            ours.merge(&incoming).unwrap();
        }
        theirs.collect(&members);
        assert_eq!(ours.to_bytes(), theirs.to_bytes());
        assert_eq!(ours.get("stays"), Some(&Value::from("v")));
    }

    /// Members a, b and x of whom x was retired and forgotten, all knowing these updates.
    fn without_x(known: &CausalContext) -> Membership {
        let mut members = members(&["a", "b", "x"]);
        members.retire(&key("x")).unwrap();
        ["a", "b"].iter().for_each(|name| members.acknowledge(&key(name), known).unwrap());
        members.forget(&key("x"), &CausalContext::new()).unwrap();
        members
    }

    /// Two replicas that collect at different times end with equal bytes, and neither brings back what the other collected.
    fn collects<T: Decompose>(state: &T, late: &T, members: &Membership) -> T {
        let (mut ours, mut theirs) = (state.clone(), state.clone());
        ours.collect(members);
        assert_ne!(&ours, state);
        for incoming in [&theirs, late] {
            let mut incoming = incoming.clone();
            ours.screen(&mut incoming, members);
            ours.join_delta(&incoming).unwrap();
        }
        let mut incoming = ours.clone();
        theirs.screen(&mut incoming, members);
        theirs.join_delta(&incoming).unwrap();
        theirs.collect(members);
        assert_eq!(ours.to_bytes(), theirs.to_bytes());
        ours
    }

    #[test]
    fn clocks_and_contexts_lose_a_forgotten_actor() {
        let clock = VectorClock::from_iter([(key("a"), 2), (key("x"), 3)]);
        let context = CausalContext::from(&clock);
        let members = without_x(&context);
        let late = VectorClock::singleton(key("x"), 2);
        assert_eq!(collects(&clock, &late, &members), VectorClock::singleton(key("a"), 2));
        let left = collects(&context, &CausalContext::from(&late), &members);
        assert_eq!(left.actors().collect::<Vec<_>>(), [&key("a")]);
        // What a counter counts is its value.
        let mut counter = GCounter::from_counts(clock);
        counter.collect(&members);
        assert_eq!(counter.value(), 5);
    }

    #[test]
    fn registers_and_maps_lose_the_dots_of_a_forgotten_actor_but_none_that_is_live() {
        let (a, x) = (Writer::resume(key("a"), 0), Writer::resume(key("x"), 0));
        let mut clock = HybridClock::new();
        let mut register = LwwRegister::new();
        let late = register.set(&x, &mut clock, 1, "old").unwrap();
        register.set(&a, &mut clock, 1, "new").unwrap();
        let left = collects(&register, &late, &without_x(register.context()));
        assert_eq!((left.get(), left.context().actors().len()), (Some(&Value::from("new")), 1));

        let mut map = LwwMap::new();
        let late = map.set(&x, &mut clock, 1, "k", "old").unwrap();
        map.set(&a, &mut clock, 1, "k", "new").unwrap();
        let left = collects(&map, &late, &without_x(map.context()));
        assert_eq!((left.get("k"), left.context().actors().len()), (Some(&Value::from("new")), 1));
        map.set(&x, &mut clock, 1, "live", "stays").unwrap();
        let before = map.clone();
        map.collect(&without_x(before.context()));
        assert_eq!(map, before);

        let mut values = MvRegister::new();
        let late = values.write(&x, "old").unwrap();
        values.write(&a, "new").unwrap();
        let left = collects(&values, &late, &without_x(values.context()));
        assert_eq!((left.get(), left.context().actors().len()), (vec![&Value::from("new")], 1));
        values.write(&x, "live").unwrap();
        let before = values.clone();
        values.collect(&without_x(before.context()));
        assert_eq!(values, before);
    }

    #[test]
    fn agents_lose_the_updates_of_a_forgotten_actor_and_nothing_that_they_know() {
        let (a, x) = (Writer::resume(key("a"), 0), Writer::resume(key("x"), 0));
        let mut state = AgentState::new(crate::actor::ActorId::new("agent").unwrap());
        let late = state.update_skill(&x, "rust", 0.5, 1.0).unwrap();
        state.update_skill(&a, "rust", 0.6, 2.0).unwrap();
        let left = collects(&state, &late, &without_x(state.context()));
        assert_eq!(left.context().actors().collect::<Vec<_>>(), [&key("a")]);
        assert_eq!(left.skills(), state.skills());
    }
}
