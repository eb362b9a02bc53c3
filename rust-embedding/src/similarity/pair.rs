//! Two vectors at a time, in `f64`.
//!
//! Sums run in eight lanes that are folded in one order, without fused multiply-add: the same bits in every host.
//! A component that is not finite gives NaN, or an infinity for [`dot`] and [`euclidean_distance`]; never a panic.

use super::SimilarityError;

const LANES: usize = 8;

/// The dot product.
///
/// # Errors
/// [`SimilarityError::DimensionMismatch`].
pub fn dot<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> Result<f64, SimilarityError> {
    same_length(a, b)?;
    Ok(canonical_dot(a, b))
}

/// The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length.
///
/// # Errors
/// [`SimilarityError::DimensionMismatch`].
pub fn cosine_similarity<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> Result<f64, SimilarityError> {
    same_length(a, b)?;
    Ok(cosine_of(canonical_dot(a, b), norm(a), norm(b)))
}

/// [`cosine_similarity`] of `query` with each target; its norm is computed once.
///
/// # Errors
/// [`SimilarityError::DimensionMismatch`] if one of them has another length.
pub fn cosine_similarity_batch<T: Copy + Into<f64>>(
    query: &[T],
    targets: &[&[T]],
) -> Result<Vec<f64>, SimilarityError> {
    let query_norm = norm(query);
    targets
        .iter()
        .map(|target| {
            same_length(query, target)?;
            Ok(cosine_of(canonical_dot(query, target), query_norm, norm(target)))
        })
        .collect()
}

/// The distance between two points.
///
/// # Errors
/// [`SimilarityError::DimensionMismatch`].
pub fn euclidean_distance<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> Result<f64, SimilarityError> {
    same_length(a, b)?;
    Ok(canonical_distance(a, b))
}

/// The vector scaled to unit length; one of length 0, or whose length is not finite, stays what it is.
pub fn normalize<T: Copy + Into<f64>>(vector: &[T]) -> Vec<f64> {
    let norm = norm(vector);
    let scale = if norm > 0.0 && norm.is_finite() { norm } else { 1.0 };
    vector.iter().map(|x| (*x).into() / scale).collect()
}

/// The older convention of the Python and memory packages: 0 for different lengths, empty vectors and zero length.
pub fn cosine_similarity_or_zero<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    cosine_similarity(a, b).unwrap_or(0.0)
}

fn same_length<T>(a: &[T], b: &[T]) -> Result<(), SimilarityError> {
    if a.len() == b.len() { Ok(()) } else { Err(SimilarityError::DimensionMismatch) }
}

/// Of vectors of one length.
pub(super) fn canonical_dot<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    sum_of(a, b, |x, y| x * y)
}

/// Of points of one length.
pub(super) fn canonical_distance<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    sum_of(a, b, |x, y| (x - y) * (x - y)).sqrt()
}

/// The length of a vector.
pub(super) fn norm<T: Copy + Into<f64>>(vector: &[T]) -> f64 {
    canonical_dot(vector, vector).sqrt()
}

/// The norms are multiplied after their roots are taken, so that no product of squares overflows.
pub(super) fn cosine_of(dot: f64, a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { (dot / a / b).clamp(-1.0, 1.0) }
}

#[inline]
fn sum_of<T: Copy + Into<f64>>(a: &[T], b: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (x, y) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane].into(), y[lane].into());
        }
    }
    for (lane, (x, y)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[lane] += term((*x).into(), (*y).into());
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_13_the_originals_assertions_hold() {
        assert!((cosine_similarity(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).unwrap() - 1.0).abs() < 1e-10);
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[0.0, 1.0]), Ok(0.0));
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[-1.0, 0.0]), Ok(-1.0));
        assert_eq!(
            cosine_similarity(&[1.0], &[1.0, 2.0]).unwrap_err().to_string(),
            "Vectors must have same dimension"
        );
        assert_eq!(cosine_similarity(&[0.0, 0.0], &[1.0, 2.0]), Ok(0.0));
        assert_eq!(euclidean_distance(&[0.0, 0.0], &[3.0, 4.0]), Ok(5.0));
        assert_eq!(cosine_similarity_batch(&[1.0], &[]), Ok(vec![]));
        assert_eq!(cosine_similarity_or_zero(&[1.0], &[1.0, 2.0]), 0.0);
        assert_eq!(cosine_similarity_or_zero::<f64>(&[], &[]), 0.0);
    }

    #[test]
    fn what_is_not_finite_gives_nan_and_great_numbers_do_not_overflow() {
        assert!(cosine_similarity(&[f32::NAN, 1.0], &[1.0, 1.0]).unwrap().is_nan());
        assert!(cosine_similarity(&[f64::INFINITY, 1.0], &[1.0, 1.0]).unwrap().is_nan());
        let great = [f32::MAX; 9];
        assert!((cosine_similarity(&great, &great).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(normalize(&[0.0_f32, 0.0]), [0.0, 0.0]);
        assert_eq!(normalize(&[3.0, 4.0]), [0.6, 0.8]);
    }
}
