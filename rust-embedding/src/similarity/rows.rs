//! The vectors of an index: as they were given, and in the few bits that are scanned.

use std::ops::Range;

use chrysalis_embedding_kernels::similarity::{dot_rows_i8, hamming_rows};
use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::pair::norm;
use super::rank::{Candidates, Hit, Metric};

/// In what form an index keeps its vectors.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Form {
    /// As they are, and in 8 bits for the scan: five bytes for each number. Answers are exact.
    #[default]
    F32,
    /// In 16 bits, and in 8 for the scan: three bytes for each number. Answers are exact for the rounded vectors.
    F16,
    /// In 8 bits alone: one byte for each number. Scores are those of the rounded vectors and the rounded query.
    Int8,
    /// As they are, and in one bit for the scan. Which rows are scored is a guess, of `32 k + 256` rows; the scores
    /// are exact.
    Binary,
}

impl Form {
    /// The form called `name`: `f32`, `f16`, `int8` or `binary`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "f32" => Some(Self::F32),
            "f16" => Some(Self::F16),
            "int8" => Some(Self::Int8),
            "binary" => Some(Self::Binary),
            _ => None,
        }
    }
}

/// How many rows are scanned at a time.
const BLOCK: usize = 512;

/// Vectors of one dimension, one after another.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    form: Form,
    dimension: usize,
    norms: Vec<f64>,
    wide: Vec<f32>,
    half: Vec<f16>,
    codes: Vec<i8>,
    /// What one step of a code is, and how far the codes are from the vector, both relative to its norm.
    steps: Vec<(f32, f32)>,
    signs: Vec<u64>,
}

/// A vector rounded to 8 bits.
struct Coded {
    codes: Vec<i8>,
    /// Relative to the norm.
    step: f32,
    error: f32,
}

impl Rows {
    pub(super) fn new(form: Form, dimension: usize) -> Self {
        Self {
            form,
            dimension,
            norms: Vec::new(),
            wide: Vec::new(),
            half: Vec::new(),
            codes: Vec::new(),
            steps: Vec::new(),
            signs: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.form, self.dimension);
    }

    /// Adds a vector of the right length at the end.
    pub(super) fn push(&mut self, vector: &[f32]) {
        let rounded: Vec<f32>;
        let vector = if self.form == Form::F16 {
            let halves: Vec<f16> = vector.iter().map(|x| f16::from_f32(*x)).collect();
            rounded = halves.iter().map(|x| x.to_f32()).collect();
            self.half.extend(halves);
            &rounded
        } else {
            vector
        };
        let norm = norm(vector);
        self.norms.push(norm);
        if matches!(self.form, Form::F32 | Form::Binary) {
            self.wide.extend_from_slice(vector);
        }
        if self.form == Form::Binary {
            self.signs.extend(signs(vector));
        } else {
            let coded = code(vector, norm);
            self.codes.extend(coded.codes);
            self.steps.push((coded.step, coded.error));
        }
    }

    /// Takes the last vector and puts it in the place of `row`.
    pub(super) fn swap_remove(&mut self, row: usize) {
        let width = self.dimension;
        self.norms.swap_remove(row);
        swap_remove_row(&mut self.wide, row, width);
        swap_remove_row(&mut self.half, row, width);
        swap_remove_row(&mut self.codes, row, width);
        swap_remove_row(&mut self.steps, row, 1);
        swap_remove_row(&mut self.signs, row, width.div_ceil(64));
    }

    /// The vector as it is kept.
    pub(super) fn vector(&self, row: usize) -> Vec<f32> {
        let range = row * self.dimension..(row + 1) * self.dimension;
        match self.form {
            Form::F32 | Form::Binary => self.wide[range].to_vec(),
            Form::F16 => self.half[range].to_f32_vec(),
            Form::Int8 => {
                #[expect(clippy::cast_possible_truncation, reason = "a length of numbers in f32")]
                let step = self.steps[row].0 * self.norms[row] as f32;
                self.codes[range].iter().map(|code| f32::from(*code) * step).collect()
            }
        }
    }

    /// The best of `range`. `floor` is the least goodness that counts; `order` tells equal ones apart.
    pub(super) fn best(
        &self,
        query: &Query<'_>,
        range: Range<usize>,
        filter: &dyn Fn(usize) -> bool,
        order: &dyn Fn(usize) -> u64,
    ) -> Vec<Hit> {
        let mut candidates = Candidates::new(query.k, query.floor);
        match self.form {
            Form::Binary => self.scan_signs(query, range, filter, &mut candidates),
            Form::F32 | Form::F16 | Form::Int8 => self.scan_codes(query, range, filter, &mut candidates),
        }
        candidates.best(query.metric, query.floor, |row| self.score(query, row), order)
    }

    fn score(&self, query: &Query<'_>, row: usize) -> f64 {
        let range = row * self.dimension..(row + 1) * self.dimension;
        let row_norm = self.norms[row];
        match self.form {
            Form::F32 | Form::Binary => {
                query.metric.score(&self.wide[range], row_norm, query.vector, query.norm)
            }
            Form::F16 => {
                query.metric.score(&self.half[range].to_f32_vec(), row_norm, query.vector, query.norm)
            }
            Form::Int8 => {
                let mut product = [0];
                dot_rows_i8(&query.coded.codes, &self.codes[range], &mut product);
                let cosine = self.cosine(query, row, product[0]);
                match query.metric {
                    Metric::Cosine => cosine.clamp(-1.0, 1.0),
                    Metric::Dot => cosine * row_norm * query.norm,
                    Metric::Euclidean => {
                        let squares = row_norm * row_norm + query.norm * query.norm;
                        (squares - 2.0 * row_norm * query.norm * cosine).max(0.0).sqrt()
                    }
                }
            }
        }
    }

    /// The cosine that codes give.
    #[inline]
    fn cosine(&self, query: &Query<'_>, row: usize, product: i32) -> f64 {
        f64::from(product) * (f64::from(self.steps[row].0) * f64::from(query.coded.step))
    }

    fn scan_codes(
        &self,
        query: &Query<'_>,
        range: Range<usize>,
        filter: &dyn Fn(usize) -> bool,
        candidates: &mut Candidates,
    ) {
        let mut products = [0_i32; BLOCK];
        let mut uppers = [f64::INFINITY; BLOCK];
        let query_error = f64::from(query.coded.error);
        let is_cosine = query.metric == Metric::Cosine;
        for first in range.clone().step_by(BLOCK) {
            let last = range.end.min(first + BLOCK);
            let products = &mut products[..last - first];
            dot_rows_i8(
                &query.coded.codes,
                &self.codes[first * self.dimension..last * self.dimension],
                products,
            );
            // |<q, a> - <q', a'>| <= |q - q'| |a'| + |q| |a - a'|, all relative to the norms; Int8 scores the codes.
            let error_of = |row_error: f32| match self.form {
                Form::Int8 => 1e-9,
                _ => query_error * (1.0 + f64::from(row_error)) + f64::from(row_error) + 1e-6,
            };
            if is_cosine {
                // Most rows are far below the floor, and are told apart from the others without a branch.
                for ((upper, product), (step, error)) in
                    uppers.iter_mut().zip(&*products).zip(&self.steps[first..last])
                {
                    let scale = f64::from(*step) * f64::from(query.coded.step);
                    *upper = f64::from(*product) * scale + error_of(*error);
                }
            }
            for ((row, product), upper) in (first..last).zip(products).zip(&uppers) {
                if is_cosine && *upper < candidates.floor() {
                    continue;
                }
                let cosine = self.cosine(query, row, *product);
                let error = error_of(self.steps[row].1);
                let (lower, upper) = if cosine.is_finite() && error.is_finite() {
                    query.metric.bounds(cosine, error, self.norms[row], 0.0, query.norm)
                } else {
                    (f64::NEG_INFINITY, f64::INFINITY)
                };
                if upper >= candidates.floor() && filter(row) {
                    candidates.offer(row, lower, upper);
                }
            }
        }
    }

    /// The rows whose signs differ least from the query's.
    fn scan_signs(
        &self,
        query: &Query<'_>,
        range: Range<usize>,
        filter: &dyn Fn(usize) -> bool,
        candidates: &mut Candidates,
    ) {
        let words = self.dimension.div_ceil(64);
        let mut distances = vec![0_u32; range.len()];
        hamming_rows(&query.signs, &self.signs[range.start * words..range.end * words], &mut distances);
        let mut nearest: Vec<(u32, usize)> =
            distances.into_iter().zip(range).filter(|(_, row)| filter(*row)).collect();
        let scored = query.k.saturating_mul(32).saturating_add(256);
        if nearest.len() > scored {
            // All of the last distance that fits, so that the choice does not depend on where rows lie.
            let last = nearest.select_nth_unstable(scored - 1).1.0;
            nearest.retain(|(distance, _)| *distance <= last);
        }
        for (_, row) in nearest {
            candidates.offer(row, f64::NEG_INFINITY, f64::INFINITY);
        }
    }
}

/// What is sought in rows.
pub(super) struct Query<'a> {
    vector: &'a [f32],
    norm: f64,
    coded: Coded,
    signs: Vec<u64>,
    k: usize,
    metric: Metric,
    floor: f64,
}

impl<'a> Query<'a> {
    pub(super) fn new(vector: &'a [f32], k: usize, metric: Metric, floor: f64) -> Self {
        let norm = norm(vector);
        Self { vector, norm, coded: code(vector, norm), signs: signs(vector), k, metric, floor }
    }
}

/// `vector` in steps of a 127th of its greatest component. A vector that is not finite has a step that is not.
fn code(vector: &[f32], norm: f64) -> Coded {
    let greatest = vector.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    if !norm.is_finite() {
        return Coded { codes: vec![0; vector.len()], step: f32::NAN, error: f32::NAN };
    }
    if greatest == 0.0 {
        return Coded { codes: vec![0; vector.len()], step: 0.0, error: 0.0 };
    }
    let step = f64::from(greatest) / 127.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most 127 and rounded")]
    let codes: Vec<i8> = vector.iter().map(|x| libm::round(f64::from(*x) / step) as i8).collect();
    // What is kept is the step rounded to f32, so the error is that of the kept one.
    #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose")]
    let step = (step / norm) as f32;
    let kept = f64::from(step) * norm;
    let error = vector.iter().zip(&codes).fold(0.0, |sum, (x, code)| {
        let off = f64::from(*x) - f64::from(*code) * kept;
        sum + off * off
    });
    #[expect(clippy::cast_possible_truncation, reason = "made greater than what it was rounded from")]
    let error = (error.sqrt() / norm * 1.000_001) as f32;
    Coded { codes, step, error }
}

/// One bit for each component: whether it is negative.
fn signs(vector: &[f32]) -> Vec<u64> {
    vector
        .chunks(64)
        .map(|chunk| {
            chunk.iter().enumerate().fold(0, |word, (bit, x)| word | u64::from(x.is_sign_negative()) << bit)
        })
        .collect()
}

fn swap_remove_row<T: Copy>(rows: &mut Vec<T>, row: usize, width: usize) {
    if let Some(last) = rows.len().checked_sub(width) {
        rows.copy_within(last.., row * width);
        rows.truncate(last);
    }
}
