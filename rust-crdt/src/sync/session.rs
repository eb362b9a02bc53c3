//! One side of a sync session: a state machine.
//!
//! One side begins and asks; the other one answers. Every message can be lost, doubled or late: what was merged shows in
//! the digests and contexts that are compared next, so that a session goes on where the state is, whatever got lost.

use chrysalis_crypto::random;

use super::event::{SyncConfig, SyncEvent};
use super::hold::Hold;
use super::message::{self, Ask, Digest, Have, Item, Outgoing, VERSIONS};
use super::replica::{Replica, Summary, ids_of};
use super::sketch::{Cell, Difference, Salt, Sketch, key_of, slot_of};
use super::track::{Fetching, Track};
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet};
use crate::state::Kind;

/// States of up to so many parts are sent whole rather than compared.
const SMALL: u64 = 32;
/// Cells of the first answer, and how many more there are each time.
const FIRST_CELLS: usize = 48;
const GROWTH: usize = 4;
/// More than this and sending everything is cheaper than sketching the difference.
const MAX_CELLS: usize = 1 << 15;
/// Costly answers, linear in a state, between two ticks: what bounds the work that a peer can cause.
pub(super) const COSTLY_PER_TICK: u32 = 64;
/// A piece of a state is no longer, so that the other side can afford to divide it.
pub(super) const MAX_PIECE: usize = 256 << 10;

/// One side of a conversation that makes two replicas equal.
///
/// ```
/// use chrysalis_crdt::sync::{Replica, SyncConfig, SyncSession};
/// use chrysalis_crdt::{ActorId, OrSet, Writer};
///
/// let (mut ours, mut theirs) = (Replica::new(), Replica::new());
/// for (replica, who) in [(&mut ours, "alice"), (&mut theirs, "bob")] {
///     let mut set = OrSet::new();
///     set.add(&Writer::make(&ActorId::new(who)?)?, who)?;
///     replica.insert("agents", set)?;
/// }
/// let mut alice = SyncSession::make_initiator(SyncConfig::default())?;
/// let mut bob = SyncSession::make_responder(SyncConfig::default())?;
/// let now_ms = 1_700_000_000_000;
/// loop {
///     let mut is_quiet = true;
///     while let Some(message) = alice.poll(&mut ours)? {
///         bob.receive(&mut theirs, &message, now_ms)?;
///         is_quiet = false;
///     }
///     while let Some(message) = bob.poll(&mut theirs)? {
///         alice.receive(&mut ours, &message, now_ms)?;
///         is_quiet = false;
///     }
///     if is_quiet {
///         break;
///     }
/// }
/// assert!(alice.is_equal(&ours));
/// assert_eq!(ours.digest("agents"), theirs.digest("agents"));
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Debug)]
pub struct SyncSession {
    pub(super) config: SyncConfig,
    pub(super) is_initiator: bool,
    /// None on the answering side before the first message.
    session: Option<u64>,
    salt: Salt,
    /// The version spoken and the other side's limit, once it has said hello.
    pub(super) agreed: Option<(u8, usize)>,
    is_hello_due: bool,
    pub(super) tracks: SortedMap<String, Track>,
    refusals: SortedMap<String, Kind>,
    pub(super) hold: Hold,
    pub(super) costly: u32,
    /// Deltas that were looked at for whether they say anything new, since the last tick.
    pub(super) compared: u32,
    retry_at_ms: u64,
    /// The latest claims on own keys that were told of.
    pub(super) claimed: SortedMap<ActorKey, u64>,
}

impl SyncSession {
    /// The side that begins, with numbers drawn at random.
    ///
    /// # Errors
    /// [`CrdtError::RandomUnavailable`] when the system gives no randomness.
    pub fn make_initiator(config: SyncConfig) -> Result<Self, CrdtError> {
        let session = random::array().map_err(|_| CrdtError::RandomUnavailable)?;
        let salt = random::array().map_err(|_| CrdtError::RandomUnavailable)?;
        Ok(Self::initiator(u64::from_le_bytes(session), salt, config))
    }

    /// The side that answers, with numbers drawn at random.
    ///
    /// # Errors
    /// [`CrdtError::RandomUnavailable`] when the system gives no randomness.
    pub fn make_responder(config: SyncConfig) -> Result<Self, CrdtError> {
        Ok(Self::responder(random::array().map_err(|_| CrdtError::RandomUnavailable)?, config))
    }

    /// The side that begins, with a number for the session and a salt for sketches. Nobody who writes to the states should
    /// be able to foresee the salt.
    #[must_use]
    pub fn initiator(session: u64, salt: [u8; 16], config: SyncConfig) -> Self {
        Self::new(true, Some(session), salt, config)
    }

    /// The side that answers, with a salt for sketches.
    #[must_use]
    pub fn responder(salt: [u8; 16], config: SyncConfig) -> Self {
        Self::new(false, None, salt, config)
    }

    fn new(is_initiator: bool, session: Option<u64>, salt: Salt, config: SyncConfig) -> Self {
        Self {
            config,
            is_initiator,
            session,
            salt,
            agreed: None,
            is_hello_due: is_initiator,
            tracks: SortedMap::new(),
            refusals: SortedMap::new(),
            hold: Hold::default(),
            costly: 0,
            compared: 0,
            retry_at_ms: 0,
            claimed: SortedMap::new(),
        }
    }

    /// The next message to send, or none while there is nothing to say.
    ///
    /// # Errors
    /// What taking a state apart gives; never for states of this crate's own making.
    pub fn poll(&mut self, replica: &mut Replica) -> Result<Option<Vec<u8>>, CrdtError> {
        let Some(session) = self.session else { return Ok(None) };
        self.notice_changes(replica);
        let limit = self.limit();
        let mut out = Outgoing::new(session, limit);
        if std::mem::take(&mut self.is_hello_due) {
            let hello = Item::Hello {
                least: *VERSIONS.start(),
                greatest: *VERSIONS.end(),
                max_bytes: self.config.max_receive_bytes as u64,
            };
            // The first item always has room.
            let _ = out.put(&hello);
        }
        while out.len() < limit / 4
            && let Some((name, kind)) = self.refusals.pop_first()
        {
            // At most 64 short ones: they have room.
            let _ = out.put(&Item::Refuse { name: &name, kind });
        }
        for (name, track) in self.tracks.iter_mut() {
            // Room for questions and cells, which are not divided.
            if out.len() > limit / 4 {
                break;
            }
            let Some(kind) = replica.kind(name) else { continue };
            track.speak(name, kind, replica, self.salt, limit, &mut out);
        }
        Ok(out.finish())
    }

    /// Takes in a message, at this time in milliseconds since 1970, and tells what came of it.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] and others for bytes that are no message, [`CrdtError::TooLong`] for more of them than
    /// allowed, [`CrdtError::UnsupportedVersion`] when no version is spoken by both sides; nothing changed.
    pub fn receive(
        &mut self,
        replica: &mut Replica,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<Vec<SyncEvent>, CrdtError> {
        if bytes.len() > self.config.max_receive_bytes {
            return Err(CrdtError::TooLong { limit: self.config.max_receive_bytes });
        }
        let (session, items) = message::read(bytes)?;
        if self.session.is_some_and(|own| own != session) {
            return Err(CrdtError::Malformed("message of another session"));
        }
        let hello = items.iter().find_map(|item| match item {
            Item::Hello { least, greatest, max_bytes } => Some((*least, *greatest, *max_bytes)),
            _ => None,
        });
        if let Some((least, greatest, max_bytes)) = hello {
            let version = greatest.min(*VERSIONS.end());
            if version < least.max(*VERSIONS.start()) {
                return Err(CrdtError::UnsupportedVersion { least, greatest });
            }
            self.session = Some(session);
            self.agreed = Some((version, usize::try_from(max_bytes).unwrap_or(usize::MAX).max(2048)));
            self.is_hello_due |= !self.is_initiator;
        }
        let mut events = Vec::new();
        if self.agreed.is_none() {
            // Hello got lost or is late; the beginning side says it again.
            return Ok(events);
        }
        for item in items {
            self.take(item, replica, now_ms, &mut events);
        }
        Ok(events)
    }

    /// Says what time it is: releases what was held until now, and asks again when an answer stays away.
    pub fn tick(&mut self, replica: &mut Replica, now_ms: u64) -> Vec<SyncEvent> {
        (self.costly, self.compared) = (0, 0);
        let mut events = Vec::new();
        while let Some(held) = self.hold.pop(now_ms.saturating_add(self.config.max_drift_ms)) {
            if replica.kind(&held.name) == Some(held.kind) {
                self.merge(&held.name, held.kind, &held.bytes, replica, now_ms, &mut events);
            }
        }
        if !self.is_initiator && self.agreed.is_none() {
            return events;
        }
        let retry_at_ms = now_ms.saturating_add(self.config.retry_ms);
        if self.agreed.is_none() && now_ms >= self.retry_at_ms {
            self.is_hello_due = true;
            self.retry_at_ms = retry_at_ms;
        }
        for (name, _) in replica.names() {
            let track = match self.tracks.get_mut(name) {
                Some(track) => track,
                None => self.tracks.get_or_default(name.to_owned()),
            };
            // Each has its own time: what is said of others is no answer about this one.
            if now_ms >= track.retry_at_ms {
                track.retry_at_ms = retry_at_ms;
                track.say(track.equal_at != replica.revision(name), true);
                track.retry();
            }
        }
        events
    }

    /// Whether the other side has said of every state here that it has the same, and none was changed since.
    #[must_use]
    pub fn is_equal(&self, replica: &Replica) -> bool {
        replica.names().all(|(name, _)| {
            let equal_at = self.tracks.get(name).and_then(|track| track.equal_at);
            equal_at.is_some() && equal_at == replica.revision(name)
        })
    }

    /// How many deltas are held because their time has not come.
    #[must_use]
    pub fn held(&self) -> usize {
        self.hold.len()
    }

    pub(super) fn limit(&self) -> usize {
        let theirs = self.agreed.map_or(usize::MAX, |(_, limit)| limit);
        self.config.max_message_bytes.min(theirs).max(2048)
    }

    /// Local changes are told; names that are gone are forgotten.
    fn notice_changes(&mut self, replica: &Replica) {
        self.tracks.retain(|name, _| replica.kind(name).is_some());
        for (name, _) in replica.names() {
            let track = match self.tracks.get_mut(name) {
                Some(track) => track,
                None => self.tracks.get_or_default(name.to_owned()),
            };
            let changed = track.told != replica.revision(name);
            // The answering side waits for the hello, and each for what it is about to say.
            track.say(changed && (self.is_initiator || self.agreed.is_some()), true);
        }
    }

    fn take(&mut self, item: Item<'_>, replica: &mut Replica, now_ms: u64, events: &mut Vec<SyncEvent>) {
        let (name, kind) = match &item {
            Item::Hello { .. } => return,
            Item::Refuse { name, kind } => {
                if replica.kind(name) == Some(*kind) {
                    events.push(SyncEvent::Refused { name: (*name).to_owned() });
                }
                return;
            }
            Item::Have { name, kind, .. }
            | Item::Ask { name, kind, .. }
            | Item::Cells { name, kind, .. }
            | Item::Delta { name, kind, .. } => (*name, *kind),
        };
        if replica.kind(name) != Some(kind) {
            events.push(SyncEvent::Unknown { name: name.to_owned(), kind });
            // No more of them than a message carries.
            if self.refusals.len() < 64 {
                self.refusals.insert(name.to_owned(), kind);
            }
            return;
        }
        self.tracks.get_or_default(name.to_owned()).retry_at_ms = now_ms.saturating_add(self.config.retry_ms);
        match item {
            Item::Have { have, is_question, .. } => self.take_have(name, have, is_question, replica, events),
            Item::Ask { ask, .. } => self.take_ask(name, ask, replica, events),
            Item::Cells { salt, digest, from, cells, .. } => {
                self.take_cells(name, (salt, digest), from, cells, replica, events);
            }
            Item::Delta { bytes, .. } => self.take_delta(name, kind, bytes, replica, now_ms, events),
            Item::Hello { .. } | Item::Refuse { .. } => {}
        }
    }

    fn take_have(
        &mut self,
        name: &str,
        have: Have,
        is_question: bool,
        replica: &mut Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        if !self.can_summarise(name, replica) {
            return;
        }
        let Some(ours) = replica.summary(name).cloned() else { return };
        let revision = replica.revision(name);
        let track = self.tracks.get_or_default(name.to_owned());
        if have.digest == ours.digest {
            let is_new = track.equal_at != revision;
            if is_new {
                events.push(SyncEvent::Equal { name: name.to_owned() });
            }
            *track = Track {
                told: track.told,
                equal_at: revision,
                serving: track.serving.take(),
                retry_at_ms: track.retry_at_ms,
                ..Track::default()
            };
            // An answer, or to let the other side know that it need not send more.
            track.say(is_new || is_question, false);
            track.theirs = Some(have);
            return;
        }
        track.equal_at = None;
        let is_stuck = track.is_stuck(&ours.digest, &have.digest);
        let digest = have.digest;
        track.theirs = Some(have.clone());
        if !self.is_initiator {
            track.say(is_question, false);
            let is_for_cells = match (&ours.context, &have.context) {
                (Some(mine), Some(theirs)) => mine == theirs,
                _ => ours.parts.min(have.parts) > SMALL,
            };
            // Saves a round: the first question would be for these.
            if is_question && is_for_cells && track.pieces.is_empty() && track.cells.is_none() {
                track.cells = Some((0, FIRST_CELLS));
            }
            return;
        }
        if is_stuck {
            track.say(is_question, false);
            return;
        }
        if track.tried.replace((ours.digest, digest)) == Some((ours.digest, digest)) {
            return;
        }
        match (&ours.context, &have.context) {
            (Some(mine), Some(theirs)) if mine != theirs => {
                if !mine.includes(theirs) {
                    track.ask = Some(Ask::Rest(Some(mine.clone())));
                }
                if !theirs.includes(mine) {
                    self.send_rest(name, Some(theirs), replica, events);
                }
            }
            (None, _) if ours.parts.min(have.parts) <= SMALL => {
                self.exchange_all(name, &ours, have.parts, replica, events);
            }
            _ => {
                let done = track.fetching.as_ref().filter(|fetching| fetching.digest == digest);
                let from = done.map_or(0, |fetching| fetching.cells.len());
                let to = next_count(from);
                if to > MAX_CELLS {
                    track.fetching = None;
                    self.exchange_all(name, &ours, have.parts, replica, events);
                } else {
                    track.ask = Some(Ask::Cells { digest, from, to });
                }
            }
        }
    }

    /// Whether the digest of a state is there, or may be computed.
    fn can_summarise(&mut self, name: &str, replica: &Replica) -> bool {
        if !replica.is_summarised(name) {
            if self.costly >= COSTLY_PER_TICK {
                return false;
            }
            self.costly += 1;
        }
        true
    }

    fn take_ask(&mut self, name: &str, ask: Ask, replica: &mut Replica, events: &mut Vec<SyncEvent>) {
        if !self.can_summarise(name, replica) {
            return;
        }
        let Some(digest) = replica.digest(name) else { return };
        let track = self.tracks.get_or_default(name.to_owned());
        match ask {
            Ask::Rest(since) => {
                // Still sending: what is missing afterwards is asked for again.
                if track.pieces.is_empty() {
                    self.send_rest(name, since.as_ref(), replica, events);
                }
            }
            Ask::Cells { digest: wanted, from, to } => {
                track.say(wanted != digest, false);
                let is_new =
                    track.serving.as_ref().is_none_or(|(made, _)| Some(*made) != replica.revision(name));
                if wanted == digest && from < to && to <= MAX_CELLS && self.costly < COSTLY_PER_TICK {
                    track.cells = Some((from, to));
                    self.costly += u32::from(is_new);
                }
            }
            Ask::Parts { salt, ids, context } => {
                if salt == self.salt && track.pieces.is_empty() {
                    let ids = ids.into_iter().collect();
                    self.settle(name, salt, &ids, context.as_ref(), replica, events);
                }
            }
        }
    }

    fn take_cells(
        &mut self,
        name: &str,
        (salt, digest): (Salt, Digest),
        from: usize,
        cells: Vec<Cell>,
        replica: &mut Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        let Some(ours) = replica.summary(name).cloned() else { return };
        let Some(revision) = replica.revision(name) else { return };
        let track = self.tracks.get_or_default(name.to_owned());
        // Cells of a state whose context is not known here could make a new element look like a removed one.
        let Some(theirs) = track.theirs.clone().filter(|theirs| theirs.digest == digest) else { return };
        // They come unasked, too.
        if track.is_stuck(&ours.digest, &digest) {
            return;
        }
        if from == 0 && track.fetching.as_ref().is_none_or(|f| f.digest != digest || f.salt != salt) {
            track.fetching = Some(Fetching { digest, salt, cells: Vec::new(), ours: None });
        }
        let Some(fetching) = &mut track.fetching else { return };
        let done = fetching.cells.len();
        let is_next = fetching.digest == digest && fetching.salt == salt && from == done;
        if !self.is_initiator || !is_next || cells.is_empty() || cells.len() > MAX_CELLS - done {
            return;
        }
        fetching.cells.extend(cells);
        if self.costly >= COSTLY_PER_TICK {
            return;
        }
        self.costly += 1;
        let key = key_of(&salt);
        if fetching.ours.as_ref().is_none_or(|(made, _)| *made != revision) {
            let Some(state) = replica.get(name) else { return };
            fetching.ours = Some((revision, Sketch::new(&salt, ids_of(state, &key))));
        }
        let Some((_, sketch)) = &mut fetching.ours else { return };
        let count = fetching.cells.len();
        if let Some(difference) = sketch.difference(&fetching.cells) {
            track.fetching = None;
            self.resolve(name, (salt, difference), &ours, &theirs, replica, events);
            return;
        }
        let next = next_count(count);
        if next > MAX_CELLS
            || next as u64 > ours.parts.saturating_add(theirs.parts).max(4 * FIRST_CELLS as u64)
        {
            track.fetching = None;
            self.exchange_all(name, &ours, theirs.parts, replica, events);
        } else {
            track.ask = Some(Ask::Cells { digest, from: count, to: next });
        }
    }

    /// Asks for what only they have, sends what only we have, and removes what they have removed.
    fn resolve(
        &mut self,
        name: &str,
        (salt, difference): (Salt, Difference),
        summary: &Summary,
        have: &Have,
        replica: &mut Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        let Difference { mut theirs, mut ours } = difference;
        if have.context.is_some() {
            // Two contents of one dot: neither was removed, and merging will say so. Last, since no more comes of it, and
            // whole, with contexts: these say what was removed if it is only that two dots look like one.
            let slots = |ids: &SortedSet<u64>| ids.iter().map(|id| slot_of(*id)).collect::<SortedSet<_>>();
            let (our_slots, mut contested) = (slots(&ours), slots(&theirs));
            contested.retain(|slot| our_slots.contains(slot));
            let is_other = |id: &u64| !contested.contains(&slot_of(*id));
            if theirs.iter().chain(&ours).any(is_other) {
                theirs.retain(is_other);
                ours.retain(is_other);
            } else {
                return self.exchange_all(name, summary, have.parts, replica, events);
            }
        }
        let most = self.limit() / 32;
        if let Some(track) = self.tracks.get_mut(name) {
            // What does not fit is a difference again.
            let ids: Vec<u64> = theirs.into_iter().take(most).collect();
            let context = summary.context.clone();
            track.ask = (!ids.is_empty()).then_some(Ask::Parts { salt, ids, context });
        }
        self.settle(name, salt, &ours, have.context.as_ref(), replica, events);
    }
}

fn next_count(count: usize) -> usize {
    if count == 0 { FIRST_CELLS } else { count * GROWTH + FIRST_CELLS / 3 }
}
