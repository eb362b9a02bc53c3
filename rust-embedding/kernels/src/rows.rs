//! What a layer does to each row by itself: normalisation, activation, pooling.

use crate::Backend;
use crate::isa::{Isa, Task, sum};
use crate::lanes::{LANES, Lanes};
use crate::math;

/// Layer normalisation of each row: `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
///
/// # Panics
/// If `weight` and `bias` differ in length or `x` is not rows of that length.
pub fn norm(backend: Backend, x: &mut [Lanes], weight: &[Lanes], bias: &[Lanes], epsilon: f32) {
    assert!(weight.len() == bias.len() && x.len().is_multiple_of(weight.len()));
    backend.run(Norm { x, y: &[], weight, bias, epsilon });
}

/// [`norm`] of `x + y`, into `x`.
///
/// # Panics
/// As [`norm`], and if `y` is not as long as `x`.
pub fn add_norm(
    backend: Backend,
    x: &mut [Lanes],
    y: &[Lanes],
    weight: &[Lanes],
    bias: &[Lanes],
    epsilon: f32,
) {
    assert!(weight.len() == bias.len() && x.len().is_multiple_of(weight.len()) && x.len() == y.len());
    backend.run(Norm { x, y, weight, bias, epsilon });
}

/// The Gaussian error linear unit of each number.
pub fn gelu(backend: Backend, x: &mut [Lanes]) {
    backend.run(Gelu(x));
}

/// The mean of the rows of `x`, into `out`: the sum from first to last, over their number.
///
/// # Panics
/// If `x` is not one or more rows as long as `out`.
pub fn mean_pool(backend: Backend, x: &[Lanes], out: &mut [Lanes]) {
    assert!(!x.is_empty() && x.len().is_multiple_of(out.len()));
    backend.run(MeanPool { x, out });
}

/// Divides `x` by its Euclidean length, or by 1e-12 where that is greater.
pub fn normalize(backend: Backend, x: &mut [Lanes]) {
    backend.run(Normalize(x));
}

struct Norm<'a> {
    x: &'a mut [Lanes],
    /// Rows to be added first, or none.
    y: &'a [Lanes],
    weight: &'a [Lanes],
    bias: &'a [Lanes],
    epsilon: f32,
}

impl Task for Norm<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "the width of a model is far below 2^24")]
    fn run<S: Isa>(self, isa: S) {
        let stride = self.weight.len();
        let width = (stride * LANES) as f32;
        for (x, y) in self.x.iter_mut().zip(self.y) {
            let sum = isa.add(isa.load(x), isa.load(y));
            isa.store(x, sum);
        }
        for x in self.x.chunks_exact_mut(stride) {
            let mean = isa.splat(sum(isa, x, |x| x) / width);
            let variance = sum(isa, x, |x| {
                let difference = isa.sub(x, mean);
                isa.mul(difference, difference)
            }) / width;
            let inverse = isa.splat(1.0 / (variance + self.epsilon).sqrt());
            for ((x, weight), bias) in x.iter_mut().zip(self.weight).zip(self.bias) {
                let normal = isa.mul(isa.sub(isa.load(x), mean), inverse);
                let value = isa.add(isa.mul(normal, isa.load(weight)), isa.load(bias));
                isa.store(x, value);
            }
        }
    }
}

struct Gelu<'a>(&'a mut [Lanes]);

impl Task for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, isa: S) {
        for x in self.0 {
            let value = math::gelu(isa, isa.load(x));
            isa.store(x, value);
        }
    }
}

struct MeanPool<'a> {
    x: &'a [Lanes],
    out: &'a mut [Lanes],
}

impl Task for MeanPool<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "the tokens of a text are far fewer than 2^24")]
    fn run<S: Isa>(self, isa: S) {
        let stride = self.out.len();
        let rows = isa.splat((self.x.len() / stride) as f32);
        for (at, out) in self.out.iter_mut().enumerate() {
            let mut sum = isa.splat(0.0);
            for row in self.x.chunks_exact(stride) {
                sum = isa.add(sum, isa.load(&row[at]));
            }
            isa.store(out, isa.div(sum, rows));
        }
    }
}

struct Normalize<'a>(&'a mut [Lanes]);

impl Task for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, isa: S) {
        let length = sum(isa, self.0, |x| isa.mul(x, x)).sqrt();
        let length = isa.splat(if length > 1e-12 { length } else { 1e-12 });
        for x in self.0 {
            let value = isa.div(isa.load(x), length);
            isa.store(x, value);
        }
    }
}
