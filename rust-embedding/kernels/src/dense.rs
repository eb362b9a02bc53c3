//! Matrix products in `f32`, each output summed over the inputs from first to last.

use crate::Backend;
use crate::isa::{Isa, Task};
use crate::lanes::{LANES, Lanes, lanes_of};

/// Groups of sixteen channels that lie side by side in memory.
const PANEL: usize = 2;

/// Weights of a linear layer in `f32`, packed for the kernels.
#[derive(Debug)]
pub struct DenseMatrix {
    width: usize,
    outputs: usize,
    /// Panel by panel, in each input by input, for each of these the panel's groups.
    weights: Vec<[Lanes; PANEL]>,
    bias: Vec<Lanes>,
}

impl DenseMatrix {
    /// Packs `outputs` channels of `width` weights each: `weights[channel * width + input]`.
    ///
    /// # Panics
    /// If `width` or `outputs` is not a multiple of 16, or the slices do not have these sizes.
    pub fn new(width: usize, outputs: usize, weights: &[f32], bias: &[f32]) -> Self {
        assert!(width.is_multiple_of(LANES) && outputs.is_multiple_of(LANES));
        assert!(weights.len() == width * outputs && bias.len() == outputs);
        let panels = (outputs / LANES).div_ceil(PANEL);
        let mut packed = vec![[Lanes::default(); PANEL]; panels * width];
        for (channel, weights) in weights.chunks_exact(width.max(1)).enumerate() {
            let (group, lane) = (channel / LANES, channel % LANES);
            let panel = &mut packed[group / PANEL * width..][..width];
            for (packed, weight) in panel.iter_mut().zip(weights) {
                packed[group % PANEL].0[lane] = *weight;
            }
        }
        Self { width, outputs, weights: packed, bias: lanes_of(bias) }
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
    /// If `x` is not rows as wide as the matrix, or `out` not as many.
    pub fn multiply(&self, backend: Backend, x: &[Lanes], out: &mut [Lanes]) {
        let (input, output) = (self.width / LANES, self.outputs / LANES);
        assert!(x.len().is_multiple_of(input) && out.len() == x.len() / input * output);
        backend.run(Product { matrix: self, x, out });
    }
}

/// A product to be computed, its sizes checked.
pub(crate) struct Product<'a> {
    matrix: &'a DenseMatrix,
    x: &'a [Lanes],
    out: &'a mut [Lanes],
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, isa: S) {
        isa.dense_product(self);
    }
}

/// The product in tiles of `R` rows by `C` groups of sixteen channels; `C` is 1 or [`PANEL`].
#[inline(always)]
pub(crate) fn multiply<S: Isa, const R: usize, const C: usize>(isa: S, mut product: Product<'_>) {
    let width = product.matrix.width;
    let rows = product.x.len() / (width / LANES);
    for panel in 0..(product.matrix.outputs / LANES).div_ceil(PANEL) {
        let weights = &product.matrix.weights[panel * width..][..width];
        for group in (0..PANEL).step_by(C) {
            let mut row = 0;
            while row + R <= rows {
                tile::<S, R, C>(isa, &mut product, weights, row, panel * PANEL, group);
                row += R;
            }
            if R > 1 {
                for row in row..rows {
                    tile::<S, 1, C>(isa, &mut product, weights, row, panel * PANEL, group);
                }
            }
        }
    }
}

#[inline(always)]
fn tile<S: Isa, const R: usize, const C: usize>(
    isa: S,
    product: &mut Product<'_>,
    weights: &[[Lanes; PANEL]],
    row: usize,
    first_group: usize,
    group: usize,
) {
    let input = weights.len() / LANES;
    let rows: [&[Lanes]; R] = std::array::from_fn(|r| &product.x[(row + r) * input..][..input]);
    let mut sums = [[isa.splat(0.0); C]; R];
    for (entry, weights) in weights.as_chunks::<LANES>().0.iter().enumerate().take(input) {
        for (lane, weights) in weights.iter().enumerate() {
            for r in 0..R {
                let x = isa.splat(rows[r][entry].0[lane]);
                for c in 0..C {
                    let product = isa.mul(x, isa.load(&weights[group + c]));
                    sums[r][c] = isa.add(sums[r][c], product);
                }
            }
        }
    }
    let stride = product.matrix.outputs / LANES;
    for (r, sums) in sums.into_iter().enumerate() {
        for (c, sum) in sums.into_iter().enumerate() {
            let at = first_group + group + c;
            if at < stride {
                let value = isa.add(sum, isa.load(&product.matrix.bias[at]));
                isa.store(&mut product.out[(row + r) * stride + at], value);
            }
        }
    }
}
