//! Vectors kept for texts that come again (contract 7.5): a tier in memory over an optional tier on disk. Keys are
//! digests of space, form and text, so that no vector is ever found in another space, and no text is kept.

#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
mod lru;
pub mod memory;
#[cfg(not(target_arch = "wasm32"))]
pub mod named;
pub mod record;

use sha2::{Digest as _, Sha256};

use crate::provider::Form;
use crate::space::SpaceId;

#[cfg(not(target_arch = "wasm32"))]
pub use disk::{DiskCache, DiskSettings, DiskStats};
pub use memory::{MemoryCache, MemorySettings, MemoryStats};
#[cfg(not(target_arch = "wasm32"))]
pub use named::{NamedCache, NamedStats};

/// Under what a vector is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of a text.
    #[must_use]
    pub fn of_text(space: SpaceId, form: Form, text: &str) -> Self {
        Self::of_digest(space, form, &Sha256::digest(text.as_bytes()).into())
    }

    /// The key of the text with this SHA-256.
    #[must_use]
    pub fn of_digest(space: SpaceId, form: Form, digest: &[u8; 32]) -> Self {
        let form = match form {
            Form::Document => 0,
            Form::Query => 1,
        };
        let key = Sha256::new().chain_update(b"CEK1").chain_update(space.as_bytes()).chain_update([form]);
        Self(key.chain_update(digest).finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for CacheKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A text as a cache may see it when its caller asks for that: trimmed, and white space collapsed to single spaces. Off
/// unless asked for, because a model may see a difference.
#[must_use]
pub fn normalize_text(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Normalisation, Space};

    #[test]
    fn keys_differ_by_space_form_and_text() {
        let space = |model| Space::remote("p", model, 4, "", Normalisation::Unit).unwrap().id();
        let base = CacheKey::of_text(space("m"), Form::Document, "text");
        assert_eq!(base, CacheKey::of_text(space("m"), Form::Document, "text"));
        assert_ne!(base, CacheKey::of_text(space("n"), Form::Document, "text"));
        assert_ne!(base, CacheKey::of_text(space("m"), Form::Query, "text"));
        assert_ne!(base, CacheKey::of_text(space("m"), Form::Document, "text "));
    }

    #[test]
    fn white_space_collapses() {
        assert_eq!(normalize_text("  a\t\n b  "), "a b");
    }
}
