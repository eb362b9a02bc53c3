//! The index over live entries: derived from the fold, brought up to date when a question is asked.

use std::collections::HashMap;

use crate::lexical::{DocId, IndexError, IndexedDoc, LexicalIndex};
use crate::state::{Group, GroupRef, Standing, State};

/// The lexical index and what each of its documents stands for. A document's slot is its group's number.
#[derive(Debug, Default)]
pub(crate) struct Index {
    lexical: LexicalIndex,
    pub(crate) standings: HashMap<GroupRef, Standing>,
}

impl Index {
    pub(crate) fn lexical(&self) -> &LexicalIndex {
        &self.lexical
    }

    /// Takes over every change of the fold since the last call.
    ///
    /// # Errors
    /// [`IndexError`] when there are more entries than the index can hold.
    pub(crate) fn catch_up(&mut self, state: &mut State) -> Result<(), IndexError> {
        for slot in state.take_changed() {
            let now = state.standing(slot);
            if self.standings.get(&slot).copied() == now {
                continue;
            }
            if self.standings.remove(&slot).is_some() {
                self.lexical.remove(slot);
            }
            if let Some(standing) = now {
                insert(&mut self.lexical, slot, &state.groups[slot as usize], &standing)?;
                self.standings.insert(slot, standing);
            }
        }
        Ok(())
    }
}

fn insert(
    lexical: &mut LexicalIndex,
    slot: u32,
    group: &Group,
    standing: &Standing,
) -> Result<(), IndexError> {
    let note = &group.note;
    let place = note.place.as_ref();
    let headings = place.map_or(&[][..], |place| &place.headings);
    let mut title = headings.join("\n");
    for part in note.source.iter().chain(&note.tags) {
        title.push('\n');
        title.push_str(part);
    }
    let source =
        note.source.as_ref().zip(place).map(|(source, place)| (source_key(group, source), place.ordinal));
    lexical.insert(
        slot,
        &IndexedDoc {
            id: document_id(standing),
            time_ms: standing.latest_ms,
            text: &note.text,
            title: &title,
            source,
        },
    )
}

/// The index's name for an entry. A leaf alone would not do: a record can be copied into another's journal.
pub(crate) fn document_id(standing: &Standing) -> DocId {
    let (leaf, author) = &standing.representative;
    *blake3::Hasher::new().update(leaf).update(author.as_bytes()).finalize().as_bytes()
}

/// A number for one source of one author, by which neighbouring passages find each other.
fn source_key(group: &Group, source: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(group.author.as_bytes()).update(group.namespace.as_bytes()).update(source.as_bytes());
    let mut key = [0; 8];
    hasher.finalize_xof().fill(&mut key);
    u64::from_le_bytes(key)
}
