//! How near vectors are to each other, and which of many are nearest: the same answer, to the last bit of a score, in
//! every host.
//!
//! Scores are computed in `f64`, in one order of operations. The many rows of a matrix or an [`VectorIndex`] are not
//! scored so: a scan in fewer bits finds, with a proven bound of its error, all rows that can be among the best, and only these are
//! scored. So the answer is that of scoring every row, and what the scan runs on does not matter. Rows of equal
//! score come in the order in which they were inserted. A score that is not a number never ranks.
//!
//! ```
//! use chrysalis_embedding::similarity::{Metric, TopK, top_k};
//!
//! let matrix = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
//! let hits = top_k(&[1.0, 0.1], &matrix, &TopK { k: 2, metric: Metric::Cosine, ..TopK::default() })?;
//! assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 2]);
//! # Ok::<(), chrysalis_embedding::similarity::SimilarityError>(())
//! ```

mod blob;
mod error;
mod index;
mod matrix;
mod pair;
mod rank;
mod rows;

pub use blob::{read_f32_blob, read_f64_blob, read_json_blob, to_f32_blob, to_f64_blob};
pub use error::SimilarityError;
pub use index::{IndexHit, IndexOptions, Search, VectorIndex};
pub use matrix::{TopK, top_k, top_k_batch};
pub use pair::{
    cosine_similarity, cosine_similarity_batch, cosine_similarity_or_zero, dot, euclidean_distance, normalize,
};
pub use rank::{Hit, Metric};
pub use rows::Form;
