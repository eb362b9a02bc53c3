//! Meaning: vectors of what is remembered, beside the words of it.
//!
//! A memory opened with an [`Embedder`] recalls by two rankings, words and vectors, fused by reciprocal rank. Vectors are derived data:
//! they stand in the store's directory under `vectors/`, one unsigned journal store per vector space, outside everything that is signed,
//! merged or digested. They are made when [`Memory::embed_pending`] is called, by whoever has time, and every process on the store
//! uses them. What has none yet is recalled by its words alone, and the answer says how many there are of each.
//!
//! Vectors are kept as they are compared: 8-bit components, scalar products in integers. So the order does not depend on the machine. What is
//! forgotten loses its vectors, too.

mod local;
mod pieces;
mod record;
mod vectors;
mod worker;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::MutexGuard;

use crate::error::MemoryError;
use crate::memory::{Memory, lock};
use crate::note::Note;
use crate::state::RecordKey;
use crate::view::View;

pub use local::LocalEmbedder;
pub use record::{MAX_DIMENSIONS, MAX_PIECES, VectorRecord};
pub(crate) use vectors::Vectors;
pub use worker::Worker;

/// Texts that are embedded between two appends.
const BATCH: usize = 64;

/// Where vectors come from.
pub trait Embedder: Send + Sync {
    /// The id of the space the vectors are in: equal for two embedders only if their vectors may be compared.
    fn space(&self) -> [u8; 32];

    /// Components of a vector.
    fn dimensions(&self) -> usize;

    /// Whether a text goes into one vector whole.
    fn fits(&self, text: &str) -> bool;

    /// The vectors of texts to be found, in their order, each of unit length.
    ///
    /// # Errors
    /// [`EmbedderError`], for all of them.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError>;

    /// The vector of a question, of unit length. A question that does not fit may be cut.
    ///
    /// # Errors
    /// [`EmbedderError`].
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedderError>;
}

/// Why there is no vector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmbedderError {
    /// The code of what failed underneath.
    pub code: &'static str,
    /// What failed, without any of the text.
    pub message: String,
}

impl fmt::Display for EmbedderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EmbedderError {}

/// How much of a memory has vectors in one space.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Coverage {
    /// The space.
    pub space: [u8; 32],
    /// Live entries with vectors.
    pub embedded: u64,
    /// Live entries.
    pub entries: u64,
}

impl Coverage {
    /// Whether every live entry has vectors.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.embedded == self.entries
    }
}

/// A live entry without vectors.
struct Pending {
    key: RecordKey,
    text: String,
}

impl Memory {
    /// Makes the vectors that are missing, durable batch by batch, and gives what there is then.
    ///
    /// One process at a time does so; another waits and then finds them made. `progress` is told after each batch and may stop: what is made
    /// stays, and the next call goes on from there.
    ///
    /// # Errors
    /// [`MemoryError::NoEmbedder`]; [`MemoryError::Embedder`]; [`MemoryError::Journal`], also for a memory opened read-only.
    pub fn embed_pending(
        &self,
        progress: &mut dyn FnMut(Coverage) -> ControlFlow<()>,
    ) -> Result<Coverage, MemoryError> {
        self.require_writable()?;
        let turn = self.vectors()?.turn();
        // Waiting, without keeping others of this process from recalling.
        let _turn = turn.wait()?;
        self.embed_in_turn(progress)
    }

    /// As [`embed_pending`](Self::embed_pending), but `None` at once where another process is at it.
    ///
    /// # Errors
    /// As there.
    pub fn try_embed_pending(
        &self,
        progress: &mut dyn FnMut(Coverage) -> ControlFlow<()>,
    ) -> Result<Option<Coverage>, MemoryError> {
        self.require_writable()?;
        let turn = self.vectors()?.turn();
        let Some(_turn) = turn.take()? else { return Ok(None) };
        self.embed_in_turn(progress).map(Some)
    }

    fn embed_in_turn(
        &self,
        progress: &mut dyn FnMut(Coverage) -> ControlFlow<()>,
    ) -> Result<Coverage, MemoryError> {
        let embedder = self.embedder().ok_or(MemoryError::NoEmbedder)?;
        let mut coverage = self.coverage()?;
        loop {
            let before = coverage.embedded;
            for batch in self.pending().chunks(BATCH) {
                let records = embed(embedder, batch)?;
                self.vectors()?.append(&records)?;
                coverage = self.coverage()?;
                if progress(coverage).is_break() {
                    return Ok(coverage);
                }
            }
            // Again for what was remembered meanwhile, unless nothing came of this.
            if coverage.is_complete() || coverage.embedded <= before {
                return Ok(coverage);
            }
        }
    }

    /// How many of the live entries have vectors in the space of this memory's embedder, made by whichever process.
    ///
    /// # Errors
    /// [`MemoryError::NoEmbedder`], [`MemoryError::Journal`].
    pub fn coverage(&self) -> Result<Coverage, MemoryError> {
        self.catch_up()?;
        let mut vectors = self.vectors()?;
        let view = self.view();
        vectors.catch_up(&view.state)?;
        Ok(coverage(&vectors, &view))
    }

    /// The spaces that have vectors in this store, by their ids.
    ///
    /// # Errors
    /// [`MemoryError::Io`].
    pub fn spaces(&self) -> Result<Vec<[u8; 32]>, MemoryError> {
        vectors::spaces(&**self.disk())
    }

    /// Removes the vectors of a space from this store, not those of this memory's own embedder; gives whether there were any. A process
    /// that uses them recalls by those it has read and can make no more.
    ///
    /// # Errors
    /// [`MemoryError::Io`]; [`MemoryError::Journal`] for a memory opened read-only.
    pub fn remove_space(&self, space: &[u8; 32]) -> Result<bool, MemoryError> {
        self.require_writable()?;
        if self.embedder().is_some_and(|embedder| embedder.space() == *space) {
            return Ok(false);
        }
        vectors::remove(&**self.disk(), space)
    }

    /// The vectors of this memory's space.
    pub(crate) fn vectors(&self) -> Result<MutexGuard<'_, Vectors>, MemoryError> {
        self.semantic().map(lock).ok_or(MemoryError::NoEmbedder)
    }

    /// The live entries without vectors, each by the record that stands for it. To be called when everything was caught up with.
    fn pending(&self) -> Vec<Pending> {
        let Some(vectors) = self.semantic().map(lock) else { return Vec::new() };
        let view = self.view();
        let mut slots: Vec<_> =
            view.index.standings.keys().filter(|slot| !vectors.has(**slot)).copied().collect();
        slots.sort_unstable();
        slots
            .into_iter()
            .map(|slot| Pending {
                key: view.index.standings[&slot].representative,
                text: embedded_text(&view.state.groups[slot as usize].note),
            })
            .collect()
    }
}

pub(crate) fn coverage(vectors: &Vectors, view: &View) -> Coverage {
    let embedded = view.index.standings.keys().filter(|slot| vectors.has(**slot)).count();
    Coverage { space: vectors.space(), embedded: embedded as u64, entries: view.index.standings.len() as u64 }
}

/// What of a note is embedded: where it stands, and what it says.
fn embedded_text(note: &Note) -> String {
    let mut text = String::new();
    for heading in note.place.iter().flat_map(|place| &place.headings) {
        text.push_str(heading.trim_start_matches('#').trim());
        text.push('\n');
    }
    text.push_str(&note.text);
    text
}

/// The records of a batch. Nothing of it is kept if one text fails.
fn embed(embedder: &dyn Embedder, batch: &[Pending]) -> Result<Vec<VectorRecord>, MemoryError> {
    let pieces: Vec<Vec<&str>> = batch.iter().map(|pending| pieces::split(&pending.text, embedder)).collect();
    let texts: Vec<&str> = pieces.iter().flatten().copied().collect();
    let vectors = embedder.embed(&texts).map_err(MemoryError::Embedder)?;
    if vectors.len() != texts.len() {
        return Err(MemoryError::Embedder(EmbedderError {
            code: "memory/embedder",
            message: format!("the embedder gave {} vectors for {} texts", vectors.len(), texts.len()),
        }));
    }
    let mut vectors = vectors.into_iter();
    batch
        .iter()
        .zip(&pieces)
        .map(|(pending, pieces)| {
            let (leaf, author) = pending.key;
            let vectors: Vec<Vec<i8>> = vectors
                .by_ref()
                .take(pieces.len())
                .map(|vector| quantised(&vector, embedder.dimensions()))
                .collect::<Result<_, _>>()?;
            Ok(VectorRecord { leaf, author, vectors })
        })
        .collect()
}

/// A vector of unit length in 8-bit components, 127 for 1.
pub(crate) fn quantised(vector: &[f32], dimensions: usize) -> Result<Vec<i8>, MemoryError> {
    if vector.len() != dimensions || !vector.iter().all(|component| component.is_finite()) {
        return Err(MemoryError::Embedder(EmbedderError {
            code: "memory/embedder",
            message: format!(
                "the embedder gave a vector of {} components that is not finite or not of {dimensions}",
                vector.len()
            ),
        }));
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounded and within −127 and 127")]
    let component = |component: &f32| libm::rintf(component * 127.0).clamp(-127.0, 127.0) as i8;
    Ok(vector.iter().map(component).collect())
}
