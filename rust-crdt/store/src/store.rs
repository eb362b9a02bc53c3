//! The live dots of a set, by actor and counter, and the index that finds them by element.
//!
//! Per element with one dot: its bytes and two more for where they end, ten to twenty for its place in the index, and
//! about four for its share of a chunk. An element with several dots has one of them in the index and the others
//! beside it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};

use chrysalis_crypto::random;
use hashbrown::HashTable;

use crate::actor::ActorKey;
use crate::chunk::{Chunk, SPAN, bits};
use crate::error::CrdtError;
use crate::sip::Key;
use crate::sorted::{SortedMap, SortedSet};

/// The greatest number of chunks: what is left of a handle's 32 bits beside the bit within a chunk.
pub const MAX_CHUNKS: usize = 1 << (32 - BITS);
const BITS: u32 = SPAN.trailing_zeros();
/// An index of so many elements is surely in a cache.
const CACHED: usize = 1 << 16;

/// A live dot: the slot of its chunk, and its bit there.
pub type Handle = u32;

/// Live dots in both directions. Clones share the chunks until one of them changes.
#[derive(Clone, Default)]
pub struct Store {
    actors: SortedMap<ActorKey, Chunks>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// One dot of each element.
    index: HashTable<Head>,
    /// The other dots of elements with several, by the one in the index.
    others: SortedMap<Handle, SortedSet<Handle>>,
}

/// The slots of an actor's chunks by number: the counter divided by [`SPAN`].
pub type Chunks = SortedMap<u64, u32>;

/// A dot in the index, with the hash of its element: so the index grows without a look at any element.
#[derive(Clone, Copy)]
struct Head {
    hash: u32,
    handle: Handle,
}

impl Head {
    /// What the table takes for the hash: it wants its highest bits as well as its lowest.
    fn place(self) -> u64 {
        place(self.hash)
    }
}

#[derive(Clone)]
struct Slot {
    actor: ActorKey,
    number: u64,
    chunk: Arc<Chunk>,
}

impl Store {
    /// No element.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            actors: SortedMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            others: SortedMap::new(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The actors with a live dot, in byte order, with their chunks.
    pub fn actors(&self) -> impl Iterator<Item = (&ActorKey, &Chunks)> {
        self.actors.iter()
    }

    /// The chunks of an actor, if it has a live dot.
    #[must_use]
    pub fn chunks_of(&self, actor: &ActorKey) -> Option<&Chunks> {
        self.actors.get(actor)
    }

    /// The chunk in a slot that is used.
    #[must_use]
    pub fn chunk(&self, slot: u32) -> &Arc<Chunk> {
        &self.slot(slot).chunk
    }

    /// One dot of each element, in no order.
    pub fn heads(&self) -> impl Iterator<Item = Handle> {
        self.index.iter().map(|head| head.handle)
    }

    /// One dot of each element, in the order of the elements.
    #[must_use]
    pub fn sorted_heads(&self) -> Vec<Handle> {
        // Most comparisons are settled by the first eight bytes.
        let mut heads: Vec<(u64, Handle)> =
            self.heads().map(|head| (first_eight(self.element(head)), head)).collect();
        heads.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.element(a.1).cmp(self.element(b.1))));
        heads.into_iter().map(|(_, head)| head).collect()
    }

    /// The dot of an element that the index has.
    pub fn find(&self, element: &[u8]) -> Option<Handle> {
        let hash = hash(element);
        let is_it = |head: &Head| head.hash == hash && bytes_of(&self.slots, head.handle) == element;
        self.index.find(place(hash), is_it).map(|head| head.handle)
    }

    /// The dots of an element beside the one in the index.
    pub fn others(&self, head: Handle) -> impl Iterator<Item = Handle> {
        // Looked for only where there are any at all.
        let others = if self.others.is_empty() { None } else { self.others.get(&head) };
        others.into_iter().flatten().copied()
    }

    /// The element of a live dot.
    #[must_use]
    pub fn element(&self, handle: Handle) -> &[u8] {
        bytes_of(&self.slots, handle)
    }

    /// The actor and the counter of a live dot.
    pub fn dot(&self, handle: Handle) -> (&ActorKey, u64) {
        let slot = self.slot(handle >> BITS);
        (&slot.actor, slot.number * SPAN + u64::from(bit_of(handle)))
    }

    /// Room for so many more chunks.
    ///
    /// # Errors
    /// [`CrdtError::TooMany`] when the set would have more than there are handles for.
    pub fn check_room(&self, chunks: usize) -> Result<(), CrdtError> {
        let used = self.slots.len() - self.free.len();
        if chunks > MAX_CHUNKS - used {
            return Err(CrdtError::TooMany { limit: MAX_CHUNKS });
        }
        Ok(())
    }

    /// Puts a chunk in place of an actor's present one and returns its slot; room was checked for. The index is
    /// left to the caller.
    pub fn put_chunk(&mut self, actor: &ActorKey, number: u64, chunk: Arc<Chunk>) -> u32 {
        if !self.actors.contains_key(actor) {
            self.actors.insert(actor.clone(), SortedMap::new());
        }
        let chunks = self.actors.get_mut(actor).expect("inserted above when it was missing");
        if let Some(slot) = chunks.get(&number) {
            self.slots[*slot as usize].as_mut().expect("slots of actors are used").chunk = chunk;
            return *slot;
        }
        let new = Some(Slot { actor: actor.clone(), number, chunk });
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("room was checked for")
        });
        self.slots[slot as usize] = new;
        chunks.insert(number, slot);
        slot
    }

    /// Puts a chunk of dots that are new here, and makes them known under their elements.
    ///
    /// # Errors
    /// [`CrdtError::TooMany`] when there is no room; nothing changed.
    pub fn put_linked(&mut self, actor: &ActorKey, number: u64, chunk: Arc<Chunk>) -> Result<(), CrdtError> {
        self.check_room(1)?;
        let live = chunk.live();
        let slot = self.put_chunk(actor, number, chunk);
        self.link(slot, live);
        Ok(())
    }

    /// Makes all dots known under their elements, where none is yet.
    pub fn link_all(&mut self) {
        if self.index.is_empty() {
            let live: Vec<u64> =
                self.slots.iter().map(|slot| slot.as_ref().map_or(0, |slot| slot.chunk.live())).collect();
            self.index = HashTable::with_capacity(live.iter().map(|live| live.count_ones() as usize).sum());
            for (slot, live) in (0u32..).zip(live).filter(|(_, live)| *live != 0) {
                self.link(slot, live);
            }
        }
    }

    /// Adds the dots of a chunk beside those that are there; false, and nothing changed, when one of them is.
    pub fn insert(&mut self, actor: &ActorKey, number: u64, chunk: Arc<Chunk>) -> Result<bool, CrdtError> {
        let Some(slot) = self.actors.get(actor).and_then(|chunks| chunks.get(&number).copied()) else {
            self.put_linked(actor, number, chunk)?;
            return Ok(true);
        };
        let (own, new) = (self.chunk(slot), chunk.live());
        if own.live() & new != 0 {
            return Ok(false);
        }
        let joined = own.joined(own.live(), &chunk, new);
        self.put_chunk(actor, number, Arc::new(joined));
        self.link(slot, new);
        Ok(true)
    }

    /// By slot, the number that `index` gives the actor whose chunk it holds.
    #[must_use]
    pub fn numbered_slots(&self, index: impl Fn(&ActorKey) -> usize) -> Vec<usize> {
        let mut numbers = vec![0; self.slots.len()];
        for (actor, chunks) in &self.actors {
            let index = index(actor);
            chunks.values().for_each(|slot| numbers[*slot as usize] = index);
        }
        numbers
    }

    /// The slot of a live dot's chunk.
    #[must_use]
    pub fn slot_of(&self, handle: Handle) -> usize {
        (handle >> BITS) as usize
    }

    /// The chunk in a slot, to be changed in place.
    pub fn chunk_mut(&mut self, slot: u32) -> &mut Chunk {
        Arc::make_mut(&mut self.slots[slot as usize].as_mut().expect("slots of actors are used").chunk)
    }

    /// Removes a chunk without live dots.
    pub fn drop_chunk(&mut self, actor: &ActorKey, number: u64) {
        let Some(chunks) = self.actors.get_mut(actor) else { return };
        if let Some(slot) = chunks.remove(&number) {
            self.slots[slot as usize] = None;
            self.free.push(slot);
        }
        if chunks.is_empty() {
            self.actors.remove(actor);
        }
        if self.free.len() == self.slots.len() {
            (self.free, self.slots) = (Vec::new(), Vec::new());
        }
    }

    /// Makes room in the index for so many more elements.
    pub fn reserve(&mut self, elements: usize) {
        self.index.reserve(elements, |head| head.place());
    }

    /// Makes the live dots of a chunk known under their elements.
    pub fn link(&mut self, slot: u32, live: u64) {
        // All hashes first: then the places in the index, each somewhere else in memory, are waited for together.
        let mut hashes = [0; u64::BITS as usize];
        let chunk = &self.slot(slot).chunk;
        for bit in bits(live) {
            hashes[bit as usize] = hash(chunk.get(bit));
        }
        if self.index.capacity() > CACHED {
            // Of what is not in the processor's cache, looking changes nothing but asks for all of it at once.
            let found =
                bits(live).filter(|bit| self.index.find(place(hashes[*bit as usize]), |_| false).is_some());
            std::hint::black_box(found.count());
        }
        for bit in bits(live) {
            self.link_one(slot << BITS | bit, hashes[bit as usize]);
        }
    }

    fn link_one(&mut self, handle: Handle, hash: u32) {
        let Self { slots, index, others, .. } = self;
        let element = bytes_of(slots, handle);
        let is_it = |head: &Head| head.hash == hash && bytes_of(slots, head.handle) == element;
        match index.entry(place(hash), is_it, |head| head.place()) {
            hashbrown::hash_table::Entry::Occupied(head) => {
                others.get_or_default(head.get().handle).insert(handle);
            }
            hashbrown::hash_table::Entry::Vacant(place) => {
                place.insert(Head { hash, handle });
            }
        }
    }

    /// Forgets a dot under its element, which still is in its chunk.
    pub fn unlink(&mut self, slot: u32, bit: u32) {
        let handle = slot << BITS | bit;
        let Self { slots, index, others, .. } = self;
        let element = bytes_of(slots, handle);
        let hash = hash(element);
        if let Ok(mut head) = index.find_entry(place(hash), |head| head.handle == handle) {
            let mut rest = if others.is_empty() { None } else { others.remove(&handle) }.unwrap_or_default();
            match rest.pop_first() {
                Some(next) => {
                    head.get_mut().handle = next;
                    if !rest.is_empty() {
                        others.insert(next, rest);
                    }
                }
                None => drop(head.remove()),
            }
            return;
        }
        let is_it = |head: &Head| head.hash == hash && bytes_of(slots, head.handle) == element;
        let head = index.find(place(hash), is_it).expect("every live dot is known").handle;
        let rest = others.get_mut(&head).expect("a dot that is not the first is among the others");
        rest.remove(&handle);
        if rest.is_empty() {
            others.remove(&head);
        }
    }

    /// Gives back memory that growth has left over.
    pub fn shrink(&mut self) {
        let Self { slots, index, free, .. } = self;
        for slot in slots.iter_mut().flatten() {
            // A chunk that clones share is left as it is.
            if let Some(chunk) = Arc::get_mut(&mut slot.chunk) {
                chunk.shrink();
            }
        }
        index.shrink_to_fit(|head| head.place());
        slots.shrink_to_fit();
        free.shrink_to_fit();
    }

    fn slot(&self, slot: u32) -> &Slot {
        self.slots[slot as usize].as_ref().expect("handles are those of live dots")
    }
}

fn bytes_of(slots: &[Option<Slot>], handle: Handle) -> &[u8] {
    let slot = slots[(handle >> BITS) as usize].as_ref().expect("handles are those of live dots");
    slot.chunk.get(bit_of(handle))
}

fn first_eight(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = bytes.len().min(8);
    first[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(first)
}

fn bit_of(handle: Handle) -> u32 {
    handle & ((1 << BITS) - 1)
}

/// SipHash under a key drawn once per process: nobody outside can choose elements that collide. What it gives decides
/// about places in the index only, never about a result.
#[expect(clippy::cast_possible_truncation, reason = "as many bits as are kept")]
fn hash(element: &[u8]) -> u32 {
    static KEY: OnceLock<Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        // The standard library's own keys are not random in WebAssembly.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write(&random::array::<16>().unwrap_or_default());
        let first = hasher.finish();
        hasher.write_u8(1);
        Key(first, hasher.finish())
    });
    key.hash(element) as u32
}

fn place(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
