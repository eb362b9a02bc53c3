//! The states of one replica by name, of any types.

use std::fmt::{self, Debug};

use super::message::{Digest, MAX_NAME_LENGTH};
use super::sketch::id_of;
use crate::actor::ActorKey;
use crate::agent::AgentState;
use crate::any::AnyState;
use crate::context::CausalContext;
use crate::delta::{Decompose, Erased};
use crate::dot::Writer;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::membership::Membership;
use crate::sorted::{SortedMap, SortedSet};
use crate::state::Kind;

/// Named states that sessions keep equal with those of other replicas.
///
/// ```
/// use chrysalis_crdt::sync::Replica;
/// use chrysalis_crdt::{OrSet, VectorClock};
///
/// let mut replica = Replica::new();
/// replica.insert("topics", OrSet::new())?;
/// replica.insert("seen", VectorClock::new())?;
/// assert!(replica.state_mut::<OrSet>("topics").is_some());
/// assert!(replica.state::<OrSet>("seen").is_none());
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Debug, Default)]
pub struct Replica {
    states: SortedMap<String, Entry>,
    members: Option<Membership>,
    /// Who writes here and nowhere else.
    own: SortedMap<ActorKey, Writer>,
}

struct Entry {
    state: AnyState,
    summary: Option<Summary>,
    revision: u64,
}

/// What a side says of a state.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    pub(super) digest: Digest,
    pub(super) parts: u64,
    pub(super) context: Option<CausalContext>,
}

impl Replica {
    /// No state.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a state under a name, in place of what is there.
    ///
    /// # Errors
    /// [`CrdtError::TooLong`] for a name that is empty or over 256 bytes; nothing changed.
    pub fn insert<T: Decompose>(&mut self, name: &str, state: T) -> Result<(), CrdtError> {
        self.insert_any(name, AnyState::new(state))
    }

    /// The same with a state whose type is known at run time only.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_any(&mut self, name: &str, state: AnyState) -> Result<(), CrdtError> {
        if name.is_empty() || name.len() > MAX_NAME_LENGTH {
            return Err(CrdtError::TooLong { limit: MAX_NAME_LENGTH });
        }
        let revision = self.states.get(name).map_or(0, |entry| entry.revision + 1);
        self.states.insert(name.to_owned(), Entry { state, summary: None, revision });
        Ok(())
    }

    /// The state under a name, if it is of this type.
    #[must_use]
    pub fn state<T: Decompose>(&self, name: &str) -> Option<&T> {
        self.any(name)?.get()
    }

    /// The same, to be changed.
    pub fn state_mut<T: Decompose>(&mut self, name: &str) -> Option<&mut T> {
        self.any_mut(name)?.get_mut()
    }

    /// The state under a name, of whatever type.
    #[must_use]
    pub fn any(&self, name: &str) -> Option<&AnyState> {
        self.states.get(name).map(|entry| &entry.state)
    }

    /// The same, to be changed.
    pub fn any_mut(&mut self, name: &str) -> Option<&mut AnyState> {
        self.states.get_mut(name).map(Entry::change)
    }

    /// The names, in byte order, with the kinds of what they name.
    pub fn names(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.states.iter().map(|(name, entry)| (name.as_str(), entry.state.kind()))
    }

    /// Says who the members are: everything that can be forgotten is, here and in what comes in from now on.
    pub fn set_members(&mut self, members: Membership) {
        for entry in self.states.values_mut() {
            entry.change().as_erased_mut().collect(&members);
        }
        self.members = Some(members);
    }

    /// Takes note of a writer of this replica's: sessions tell when another side speaks of updates under its key that it has
    /// not given out, [`SyncEvent::Claimed`](super::SyncEvent::Claimed).
    pub fn own(&mut self, writer: &Writer) {
        self.own.insert(writer.actor().clone(), writer.clone());
    }

    /// The keys of own writers under which a state knows of later updates than were given out, with the latest.
    pub(super) fn claims(&self, name: &str) -> Vec<(&ActorKey, u64)> {
        let Some(state) = self.get(name) else { return Vec::new() };
        let greatest =
            self.own.iter().map(|(actor, writer)| (actor, state.greatest_of(actor), writer.last()));
        greatest.filter(|(_, known, last)| known > last).map(|(actor, known, _)| (actor, known)).collect()
    }

    /// The digest of a state.
    pub fn digest(&mut self, name: &str) -> Option<Digest> {
        self.summary(name).map(|summary| summary.digest)
    }

    pub(super) fn kind(&self, name: &str) -> Option<Kind> {
        self.states.get(name).map(|entry| entry.state.kind())
    }

    /// A number that is another one after each change.
    pub(super) fn revision(&self, name: &str) -> Option<u64> {
        self.states.get(name).map(|entry| entry.revision)
    }

    /// Computed once per change.
    pub(super) fn summary(&mut self, name: &str) -> Option<&Summary> {
        let Entry { state, summary, .. } = self.states.get_mut(name)?;
        Some(summary.get_or_insert_with(|| Summary {
            digest: state.digest(),
            parts: state.as_erased().part_count() as u64,
            context: state.as_erased().causal_context().cloned(),
        }))
    }

    pub(super) fn is_summarised(&self, name: &str) -> bool {
        self.states.get(name).is_some_and(|entry| entry.summary.is_some())
    }

    pub(super) fn get(&self, name: &str) -> Option<&dyn Erased> {
        self.any(name).map(AnyState::as_erased)
    }

    /// Joins a delta for the wire into a state, without what was forgotten; whether that changed it, or may have.
    pub(super) fn merge(&mut self, name: &str, bytes: &[u8], is_compared: bool) -> Result<bool, CrdtError> {
        let Some(Entry { state, summary, revision }) = self.states.get_mut(name) else { return Ok(false) };
        let is_changed = merge_wire(state.as_erased_mut(), bytes, self.members.as_ref(), is_compared)?;
        note_change(is_changed, summary, revision);
        Ok(is_changed)
    }

    /// Joins those parts of a delta into a state that can be and have no stamp above `until_ms`. None when it cannot be
    /// divided.
    ///
    /// # Errors
    /// Those of decoding; nothing changed.
    pub(super) fn merge_parts(
        &mut self,
        name: &str,
        bytes: &[u8],
        until_ms: u64,
    ) -> Result<Option<Sorted>, CrdtError> {
        let Some(Entry { state, summary, revision }) = self.states.get_mut(name) else { return Ok(None) };
        let sorted = merge_parts(state.as_erased_mut(), bytes, self.members.as_ref(), until_ms)?;
        note_change(sorted.as_ref().is_some_and(|sorted| sorted.is_changed), summary, revision);
        Ok(sorted)
    }

    /// Of the parts of a state with these ids, which the peer lacks, removes those that it has heard of, and gives the
    /// others in pieces for the wire, and whether something was removed.
    pub(super) fn settle(
        &mut self,
        name: &str,
        key: &[u8; 32],
        ids: &SortedSet<u64>,
        heard: Option<&CausalContext>,
        limit: usize,
    ) -> Settled {
        let Some(Entry { state, summary, revision }) = self.states.get_mut(name) else {
            return (Ok(Vec::new()), false);
        };
        let (rest, is_changed) = match settle(state.as_erased_mut(), key, ids, heard) {
            Ok(settled) => settled,
            Err(error) => return (Err(error), false),
        };
        note_change(is_changed, summary, revision);
        let pieces = if rest.is_bottom() { Ok(Vec::new()) } else { rest.to_pieces(limit) };
        (pieces, is_changed)
    }
}

/// Pieces for the wire, and whether something was removed.
pub(super) type Settled = (Result<Vec<Vec<u8>>, CrdtError>, bool);

/// What came of the parts of a delta.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) is_changed: bool,
    /// With a stamp whose time has not come: the greatest of each, how many, and the part for the wire.
    pub(super) early: Vec<(Stamp, usize, Vec<u8>)>,
    /// What cannot be merged, and why: one by one as far as `MAX_EVIDENCE`, then in one.
    pub(super) refused: Vec<(CrdtError, Vec<u8>)>,
}

/// So many parts of one delta are refused one by one.
const MAX_EVIDENCE: usize = 64;

fn note_change(is_changed: bool, summary: &mut Option<Summary>, revision: &mut u64) {
    if is_changed {
        *summary = None;
        *revision += 1;
    }
}

impl Entry {
    fn change(&mut self) -> &mut AnyState {
        self.summary = None;
        self.revision += 1;
        &mut self.state
    }
}

impl Debug for Entry {
    /// The kind alone: what a state holds is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state.kind().as_str())
    }
}

/// The ids of all parts of a state.
pub(super) fn ids_of(state: &dyn Erased, key: &[u8; 32]) -> Vec<u64> {
    let mut ids = Vec::new();
    state.name_parts(&mut |name, slot| ids.push(id_of(key, name, slot)));
    ids
}

/// Everything of a state, or what is new since a context, in pieces for the wire.
pub(super) fn rest_of(
    state: &dyn Erased,
    since: Option<&CausalContext>,
    limit: usize,
) -> Result<Vec<Vec<u8>>, CrdtError> {
    match since {
        Some(context) => state.delta_since(context)?.to_pieces(limit),
        None => state.to_pieces(limit),
    }
}

/// The stamps of a delta of a state's type.
pub(super) fn stamps_of(state: &dyn Erased, bytes: &[u8]) -> Result<(usize, Stamp), CrdtError> {
    if !state.has_stamps() {
        return Ok((0, Stamp::ZERO));
    }
    Ok(state.read_wire(bytes)?.stamps())
}

fn settle(
    state: &mut dyn Erased,
    key: &[u8; 32],
    ids: &SortedSet<u64>,
    heard: Option<&CausalContext>,
) -> Result<(Box<dyn Erased>, bool), CrdtError> {
    let picked = state.pick_parts(&mut |name, slot| ids.contains(&id_of(key, name, slot)))?;
    let Some(heard) = heard else { return Ok((picked, false)) };
    let rest = state.drop_heard(picked.copy(), heard)?;
    let is_changed = !rest.equals(&*picked);
    Ok((rest, is_changed))
}

fn merge_wire(
    state: &mut dyn Erased,
    bytes: &[u8],
    members: Option<&Membership>,
    is_compared: bool,
) -> Result<bool, CrdtError> {
    if members.is_none() && !is_compared {
        return state.merge_wire(bytes).map(|()| true);
    }
    let mut incoming = state.read_wire(bytes)?;
    if let Some(members) = members {
        state.screen(&mut *incoming, members);
    }
    if incoming.is_bottom() || is_compared && state.covers(&*incoming) {
        return Ok(false);
    }
    state.join(&*incoming).map(|()| true)
}

fn merge_parts(
    state: &mut dyn Erased,
    bytes: &[u8],
    members: Option<&Membership>,
    until_ms: u64,
) -> Result<Option<Sorted>, CrdtError> {
    // A register is one write, which each of its parts repeats: what refuses or delays one of them does so with all.
    if matches!(state.kind(), Kind::LwwRegister | Kind::LwwNumericRegister) {
        return Ok(None);
    }
    let mut incoming = state.read_wire(bytes)?;
    if let Some(members) = members {
        state.screen(&mut *incoming, members);
    }
    let parts = incoming.parts();
    if parts.len() < 2 {
        return Ok(None);
    }
    let before = state.copy();
    let mut sorted = Sorted::default();
    let mut others: Option<(CrdtError, Box<dyn Erased>)> = None;
    let (closing, parts): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| closes_delta(&**part));
    let (mut early, mut ready): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| {
        let (stamps, newest) = part.stamps();
        stamps > 0 && newest.ms() > until_ms
    });
    // Held back with the last of them.
    early.sort_by_key(|part| part.stamps().1);
    match early.last_mut() {
        Some(last) => closing.iter().try_for_each(|part| last.join(&**part))?,
        None => ready.extend(closing),
    }
    for part in ready {
        if let Err(error) = state.join(&*part) {
            if sorted.refused.len() < MAX_EVIDENCE {
                sorted.refused.push((error, part.wire()));
            } else if let Some((_, joined)) = &mut others {
                joined.join(&*part).expect("parts of one state, of which the first is there");
            } else {
                others = Some((error, part));
            }
        }
    }
    for part in early {
        let (stamps, newest) = part.stamps();
        sorted.early.push((newest, stamps, part.wire()));
    }
    sorted.refused.extend(others.map(|(error, joined)| (error, joined.wire())));
    sorted.is_changed = !state.equals(&*before);
    Ok(Some(sorted))
}

/// Whether a part of an agent's state says which updates were taken in: true only once all other parts are.
fn closes_delta(part: &dyn Erased) -> bool {
    part.as_any().downcast_ref().is_some_and(|state: &AgentState| !state.context().is_empty())
}
