//! Maps and sets in the order of their keys, which is the order of every encoding, list and digest.
//!
//! They do what the trees of the standard library do, and are compiled once per type of key and value at a fifth of the
//! size: a WebAssembly package has some forty of them. Entries lie in runs of neighbours, so that going through them, which
//! merging and encoding do, reads memory forwards.

mod map;
mod order;
mod set;

pub use map::{IntoIter, Iter, SortedMap, Tail};
pub use order::{sort, sort_by};
pub use set::SortedSet;
