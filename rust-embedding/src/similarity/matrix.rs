//! The nearest rows of a matrix that the caller keeps.

use chrysalis_embedding_kernels::similarity::dot_rows_f32;

use super::SimilarityError;
use super::pair::norm;
use super::rank::{Candidates, Hit, Metric, floor_of};

/// How many rows are scanned before their bounds are looked at: they stay in the nearest cache for all queries.
const BLOCK_BYTES: usize = 128 << 10;

/// Queries and rows with lengths in this range are scanned in `f32`: their products neither overflow nor vanish there.
const SCANNED: std::ops::RangeInclusive<f64> = 1e-15..=1e15;

/// What is sought.
#[derive(Clone, Copy)]
pub struct TopK<'a> {
    /// How many rows at most. More than there are is fine.
    pub k: usize,
    /// What makes a row near.
    pub metric: Metric,
    /// The least score that counts; for [`Metric::Euclidean`] the greatest distance.
    pub threshold: Option<f64>,
    /// Which rows count.
    pub filter: Option<&'a (dyn Fn(usize) -> bool + Sync)>,
}

impl Default for TopK<'_> {
    /// Ten rows by cosine.
    fn default() -> Self {
        Self { k: 10, metric: Metric::Cosine, threshold: None, filter: None }
    }
}

/// The rows of `matrix`, which follow one another in it, that are nearest to `query`, the nearest first.
///
/// # Errors
/// [`SimilarityError::RaggedMatrix`], [`SimilarityError::DimensionOutOfRange`] for an empty query.
pub fn top_k(query: &[f32], matrix: &[f32], sought: &TopK<'_>) -> Result<Vec<Hit>, SimilarityError> {
    Ok(top_k_batch(query, query.len(), matrix, sought)?.pop().unwrap_or_default())
}

/// [`top_k`] for each of `queries`, which follow one another as the rows do. The matrix is read once for all of them.
///
/// # Errors
/// As [`top_k`].
pub fn top_k_batch(
    queries: &[f32],
    dimension: usize,
    matrix: &[f32],
    sought: &TopK<'_>,
) -> Result<Vec<Vec<Hit>>, SimilarityError> {
    if dimension == 0 {
        return Err(SimilarityError::DimensionOutOfRange { given: 0, most: usize::MAX });
    }
    for numbers in [queries, matrix] {
        if !numbers.len().is_multiple_of(dimension) {
            return Err(SimilarityError::RaggedMatrix { length: numbers.len(), dimension });
        }
    }
    let floor = floor_of(sought.metric, sought.threshold);
    let mut searches: Vec<(&[f32], f64, Candidates)> = queries
        .chunks_exact(dimension)
        .map(|query| (query, norm(query), Candidates::new(sought.k, floor)))
        .collect();
    if sought.k > 0 && !floor.is_nan() {
        let block = (BLOCK_BYTES / (dimension * 4)).max(1);
        for (place, rows) in matrix.chunks(block * dimension).enumerate() {
            for (query, query_norm, candidates) in &mut searches {
                scan(query, *query_norm, rows, place * block, sought, candidates);
            }
        }
    }
    let row = |row: usize| &matrix[row * dimension..(row + 1) * dimension];
    Ok(searches
        .into_iter()
        .map(|(query, query_norm, candidates)| {
            let score = |place| {
                let row = row(place);
                let row_norm = if sought.metric == Metric::Cosine { norm(row) } else { 0.0 };
                sought.metric.score(row, row_norm, query, query_norm)
            };
            candidates.best(sought.metric, floor, score, |row| row as u64)
        })
        .collect())
}

/// Offers those of `rows` that can be among the best. They are the rows from `first` on.
fn scan(
    query: &[f32],
    query_norm: f64,
    rows: &[f32],
    first: usize,
    sought: &TopK<'_>,
    candidates: &mut Candidates,
) {
    let count = rows.len() / query.len();
    let (mut products, mut squares) = (vec![0.0_f32; count], vec![0.0_f32; count]);
    dot_rows_f32(query, rows, &mut products, &mut squares);
    // The scan's own bound, and as much again for the norm it finds, and for what is computed with them here.
    #[expect(clippy::cast_precision_loss, reason = "a dimension")]
    let error = 3.0 * (query.len() as f64 / 32.0 + 8.0) / f64::from(1 << 23);
    let scanned = SCANNED.contains(&query_norm);
    for (place, (product, square)) in products.into_iter().zip(squares).enumerate() {
        let row_norm = f64::from(square).sqrt();
        let (lower, upper) = if scanned && SCANNED.contains(&row_norm) {
            let cosine = f64::from(product) / (row_norm * query_norm);
            sought.metric.bounds(cosine, error, row_norm, error, query_norm)
        } else {
            (f64::NEG_INFINITY, f64::INFINITY)
        };
        let row = first + place;
        if upper >= candidates.floor() && sought.filter.is_none_or(|filter| filter(row)) {
            candidates.offer(row, lower, upper);
        }
    }
}
