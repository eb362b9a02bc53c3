//! Matrix products of bytes: weights `i8` with a scale per output channel, activations `u8` with a scale and a zero per row.
//!
//! x = scale (value - zero), y = x·w + bias. The sum over a row's products is an exact integer, so that neither the width of a
//! register nor what else is in the batch can change a bit.

use crate::Backend;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::isa::Int8Isa;
use crate::isa::{BLOCK, Isa, MAGIC, Task, range_with_zero};
use crate::lanes::{LANES, Lanes, lanes_of};

/// Groups of sixteen channels that lie side by side in memory.
const PANEL: usize = 3;

/// The most inputs of a channel: 255 * 127 * 16,384, twice, is an `i32`.
const MAX_WIDTH: usize = 16_384;

/// Below this range a row is taken for zeros: its inverse would not be finite.
const LEAST_RANGE: f32 = 1e-30;

/// Weights of a linear layer, packed for the kernels.
#[derive(Debug)]
pub struct Int8Matrix {
    width: usize,
    outputs: usize,
    /// Panel by panel, in each four inputs at a time, for each of these the panel's groups.
    blocks: Vec<[Block; PANEL]>,
    column_sums: Vec<[i32; LANES]>,
    scales: Vec<Lanes>,
    bias: Vec<Lanes>,
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Block(pub(crate) [i8; BLOCK]);

impl Int8Matrix {
    /// Packs `outputs` channels of `width` weights each: `values[channel * width + input] * scales[channel]`.
    ///
    /// # Panics
    /// If `width` is not a multiple of 16 of at most 16,384, `outputs` is not one of 16, or the slices do not have these sizes.
    pub fn new(width: usize, outputs: usize, values: &[i8], scales: &[f32], bias: &[f32]) -> Self {
        assert!(width.is_multiple_of(LANES) && width <= MAX_WIDTH && outputs.is_multiple_of(LANES));
        assert!(values.len() == width * outputs && scales.len() == outputs && bias.len() == outputs);
        let panels = (outputs / LANES).div_ceil(PANEL);
        let steps = width / 4;
        let mut blocks = vec![[Block([0; BLOCK]); PANEL]; panels * steps];
        let mut column_sums = vec![[0; LANES]; outputs / LANES];
        for (channel, weights) in values.chunks_exact(width.max(1)).enumerate() {
            let (group, lane) = (channel / LANES, channel % LANES);
            let panel = &mut blocks[group / PANEL * steps..][..steps];
            for (block, weights) in panel.iter_mut().zip(weights.as_chunks::<4>().0) {
                block[group % PANEL].0[4 * lane..][..4].copy_from_slice(weights);
            }
            column_sums[group][lane] = weights.iter().map(|&w| i32::from(w)).sum();
        }
        Self { width, outputs, blocks, column_sums, scales: lanes_of(scales), bias: lanes_of(bias) }
    }

    /// Quantises each row of `weights`, `width` long: the greatest magnitude becomes 127. Gives values and a scale per row.
    ///
    /// # Panics
    /// If the length is not a multiple of `width`.
    #[expect(clippy::cast_possible_truncation, reason = "the magnitude is at most 127")]
    pub fn quantize(weights: &[f32], width: usize) -> (Vec<i8>, Vec<f32>) {
        assert!(weights.len().is_multiple_of(width));
        let mut values = Vec::with_capacity(weights.len());
        let mut scales = Vec::with_capacity(weights.len() / width);
        for row in weights.chunks_exact(width) {
            let greatest =
                row.iter().fold(0.0, |greatest: f32, w| if w.abs() > greatest { w.abs() } else { greatest });
            let inverse = if greatest < LEAST_RANGE { 0.0 } else { 127.0 / greatest };
            values.extend(row.iter().map(|w| ((w * inverse + MAGIC) - MAGIC) as i8));
            scales.push(greatest / 127.0);
        }
        (values, scales)
    }

    /// Inputs of each channel.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// `out[row] = x[row] · weights + bias`, rows of `outputs / 16` lanes.
    ///
    /// # Panics
    /// If the rows are not as wide as the matrix, or `out` is not `x.rows()` rows.
    pub fn multiply(&self, backend: Backend, x: &Int8Rows, out: &mut [Lanes]) {
        assert!(x.width == self.width && out.len() == x.rows() * (self.outputs / LANES));
        backend.run(Product { matrix: self, x, out });
    }
}

/// Rows of activations, quantised row by row.
#[derive(Clone, Debug, Default)]
pub struct Int8Rows {
    width: usize,
    values: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl Int8Rows {
    /// Takes the rows of `x`, each `width` numbers, in place of what is held. Each row's range, zero counted in, becomes 0 to 255.
    ///
    /// # Panics
    /// If `width` is not a positive multiple of 16 or does not divide `x`.
    pub fn quantize(&mut self, backend: Backend, x: &[Lanes], width: usize) {
        assert!(width > 0 && width.is_multiple_of(LANES) && x.len().is_multiple_of(width / LANES));
        let rows = x.len() / (width / LANES);
        self.width = width;
        self.values.resize(rows * width, 0);
        self.scales.resize(rows, 0.0);
        self.zeros.resize(rows, 0);
        backend.run(Quantize { x, rows: self });
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Bytes of memory held.
    pub fn capacity_bytes(&self) -> usize {
        self.values.capacity() + 4 * (self.scales.capacity() + self.zeros.capacity())
    }
}

struct Quantize<'a> {
    x: &'a [Lanes],
    rows: &'a mut Int8Rows,
}

impl Task for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "an integer between 0 and 255 after clamping")]
    fn run<S: Isa>(self, isa: S) {
        let width = self.rows.width;
        let rows = self.x.chunks_exact(width / LANES).zip(self.rows.values.chunks_exact_mut(width));
        let params = self.rows.scales.iter_mut().zip(&mut self.rows.zeros);
        for ((x, values), (scale, zero)) in rows.zip(params) {
            let (low, high) = range_with_zero(isa, x);
            let range = high - low;
            let inverse = if range < LEAST_RANGE { 0.0 } else { 255.0 / range };
            *scale = range / 255.0;
            let offset = (MAGIC - low * inverse) - MAGIC;
            *zero = offset as i32;
            let (inverse, offset) = (isa.splat(inverse), isa.splat(offset));
            let (least, most, magic) = (isa.splat(0.0), isa.splat(255.0), isa.splat(MAGIC));
            for (x, values) in x.iter().zip(values.as_chunks_mut().0) {
                let value = isa.add(isa.mul(isa.load(x), inverse), offset);
                isa.store_low_bytes(values, isa.add(isa.min(isa.max(value, least), most), magic));
            }
        }
    }
}

/// A product to be computed, its sizes checked.
pub(crate) struct Product<'a> {
    matrix: &'a Int8Matrix,
    x: &'a Int8Rows,
    out: &'a mut [Lanes],
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, isa: S) {
        isa.int8_product(self);
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
impl Product<'_> {
    /// Rows of activations.
    pub(crate) fn rows(&self) -> usize {
        self.x.rows()
    }

    /// Four neighbouring activations of a row, for each four of its width.
    pub(crate) fn fours(&self, row: usize) -> &[[u8; 4]] {
        self.x.values[row * self.x.width..][..self.x.width].as_chunks().0
    }

    /// Groups of sixteen channels.
    pub(crate) fn groups(&self) -> usize {
        self.matrix.outputs / LANES
    }

    /// The blocks of a group, one for each four activations.
    pub(crate) fn blocks(&self, group: usize) -> impl Iterator<Item = &Block> {
        let steps = self.matrix.width / 4;
        self.matrix.blocks[group / PANEL * steps..][..steps].iter().map(move |blocks| &blocks[group % PANEL])
    }

    /// Scale and zero of a row.
    pub(crate) fn row_terms(&self, row: usize) -> (f32, i32) {
        (self.x.scales[row], self.x.zeros[row])
    }

    /// Sums of weights, scales and bias of a group's channels.
    pub(crate) fn channel_terms(&self, group: usize) -> (&[i32; LANES], &Lanes, &Lanes) {
        (&self.matrix.column_sums[group], &self.matrix.scales[group], &self.matrix.bias[group])
    }

    /// Where a row's results for a group go.
    pub(crate) fn out(&mut self, row: usize, group: usize) -> &mut Lanes {
        let stride = self.groups();
        &mut self.out[row * stride + group]
    }
}

/// The product in tiles of `R` rows by `C` groups of sixteen channels; `C` is 1 or [`PANEL`], `R` a power of two of at most 8.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
pub(crate) fn multiply<S: Int8Isa, const R: usize, const C: usize>(isa: S, mut product: Product<'_>) {
    let (rows, steps) = (product.x.rows(), product.matrix.width / 4);
    for panel in 0..(product.matrix.outputs / LANES).div_ceil(PANEL) {
        let blocks = &product.matrix.blocks[panel * steps..][..steps];
        for group in (0..PANEL).step_by(C) {
            if panel * PANEL + group >= product.matrix.outputs / LANES {
                break;
            }
            let mut row = 0;
            while row + R <= rows {
                tile::<S, R, C>(isa, &mut product, blocks, row, panel * PANEL, group);
                row += R;
            }
            if R > 4 && row + 4 <= rows {
                tile::<S, 4, C>(isa, &mut product, blocks, row, panel * PANEL, group);
                row += 4;
            }
            if R > 2 && row + 2 <= rows {
                tile::<S, 2, C>(isa, &mut product, blocks, row, panel * PANEL, group);
                row += 2;
            }
            if R > 1 && row < rows {
                tile::<S, 1, C>(isa, &mut product, blocks, row, panel * PANEL, group);
            }
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
fn tile<S: Int8Isa, const R: usize, const C: usize>(
    isa: S,
    product: &mut Product<'_>,
    blocks: &[[Block; PANEL]],
    row: usize,
    first_group: usize,
    group: usize,
) {
    let (x, matrix) = (product.x, product.matrix);
    let steps = blocks.len();
    let rows: [&[[u8; 4]]; R] =
        std::array::from_fn(|r| &x.values[(row + r) * x.width..][..x.width].as_chunks().0[..steps]);
    let mut sums = [[isa.no_sums(); C]; R];
    for step in 0..steps {
        for r in 0..R {
            let four = isa.four(rows[r][step]);
            for c in 0..C {
                sums[r][c] = isa.multiply_add(sums[r][c], four, &blocks[step][group + c].0);
            }
        }
    }
    let stride = matrix.outputs / LANES;
    for (r, sums) in sums.into_iter().enumerate() {
        let scale = isa.splat(x.scales[row + r]);
        let zero = x.zeros[row + r];
        for (c, sums) in sums.into_iter().enumerate() {
            let at = first_group + group + c;
            if at < stride {
                let exact = isa.finish(sums, zero, &matrix.column_sums[at]);
                let value = isa.mul(isa.mul(exact, scale), isa.load(&matrix.scales[at]));
                let value = isa.add(value, isa.load(&matrix.bias[at]));
                isa.store(&mut product.out[(row + r) * stride + at], value);
            }
        }
    }
}
