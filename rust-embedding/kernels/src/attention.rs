//! Attention of the tokens of one text to each other, in `f32`.
//!
//! Scores are summed over a head's numbers from first to last, the weighted values over the tokens from first to last: an order
//! that depends on the text alone.

use crate::Backend;
use crate::isa::{Isa, Task, fold, to_array};
use crate::lanes::{LANES, Lanes};
use crate::math;

/// Queries that are worked on together.
const TILE: usize = 4;

/// The memory that [`attend`] works in; it grows to the longest text seen.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// Of one head, number by number, sixteen tokens a lane.
    keys: Vec<Lanes>,
    /// For each query of a tile the scores, then the weights.
    weights: Vec<Lanes>,
}

impl Attention {
    /// Bytes of memory held.
    pub fn capacity_bytes(&self) -> usize {
        (self.keys.capacity() + self.weights.capacity()) * size_of::<Lanes>()
    }
}

/// `out = softmax(q kᵀ) v` for each head. A row of `qkv` is a token: its queries (already divided by the root of a head's width),
/// keys and values, head after head; a row of `out` is a third of that.
///
/// # Panics
/// If a head's width is not a multiple of 16, or the rows do not have these sizes.
pub fn attend(
    backend: Backend,
    memory: &mut Attention,
    qkv: &[Lanes],
    heads: usize,
    head_width: usize,
    out: &mut [Lanes],
) {
    let stride = heads * head_width / LANES;
    assert!(heads > 0 && head_width > 0 && head_width.is_multiple_of(LANES));
    assert!(out.len().is_multiple_of(stride) && qkv.len() == 3 * out.len());
    backend.run(Attend { memory, qkv, head_width, stride, out });
}

struct Attend<'a> {
    memory: &'a mut Attention,
    qkv: &'a [Lanes],
    head_width: usize,
    /// Lanes of a row of `out`.
    stride: usize,
    out: &'a mut [Lanes],
}

impl Task for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, isa: S) {
        let tokens = self.out.len() / self.stride;
        let columns = tokens.div_ceil(LANES);
        let per_head = self.head_width / LANES;
        let Attention { keys, weights } = self.memory;
        keys.clear();
        keys.resize(self.head_width * columns, Lanes::default());
        weights.resize(TILE * columns, Lanes::default());
        for head in (0..self.stride).step_by(per_head) {
            let part =
                Head { qkv: self.qkv, stride: self.stride, first: head, lanes: per_head, tokens, columns };
            part.transpose_keys(keys);
            let mut query = 0;
            while query + TILE <= tokens {
                part.tile::<S, TILE>(isa, keys, weights, query, self.out);
                query += TILE;
            }
            for query in query..tokens {
                part.tile::<S, 1>(isa, keys, weights, query, self.out);
            }
        }
    }
}

/// One head of one text.
struct Head<'a> {
    qkv: &'a [Lanes],
    stride: usize,
    /// Where the head begins in a row.
    first: usize,
    lanes: usize,
    tokens: usize,
    /// Lanes that hold one number for each token.
    columns: usize,
}

impl Head<'_> {
    /// A token's part of this head: of its queries, keys or values.
    #[inline(always)]
    fn part(&self, token: usize, which: usize) -> &[Lanes] {
        &self.qkv[(3 * token + which) * self.stride + self.first..][..self.lanes]
    }

    #[inline(always)]
    fn transpose_keys(&self, keys: &mut [Lanes]) {
        for token in 0..self.tokens {
            for (lanes, column) in self.part(token, 1).iter().zip(keys.chunks_exact_mut(LANES * self.columns))
            {
                for (number, column) in
                    lanes.0.iter().zip(column[token / LANES..].iter_mut().step_by(self.columns))
                {
                    column.0[token % LANES] = *number;
                }
            }
        }
    }

    /// The outputs of `N` queries from `query` on.
    #[inline(always)]
    fn tile<S: Isa, const N: usize>(
        &self,
        isa: S,
        keys: &[Lanes],
        weights: &mut [Lanes],
        query: usize,
        out: &mut [Lanes],
    ) {
        let queries: [&[Lanes]; N] = std::array::from_fn(|n| self.part(query + n, 0));
        for column in 0..self.columns {
            let mut scores = [isa.splat(0.0); N];
            for (entry, keys) in keys.chunks_exact(LANES * self.columns).enumerate() {
                for lane in 0..LANES {
                    let key = isa.load(&keys[lane * self.columns + column]);
                    for n in 0..N {
                        let q = isa.splat(queries[n][entry].0[lane]);
                        scores[n] = isa.add(scores[n], isa.mul(q, key));
                    }
                }
            }
            for n in 0..N {
                isa.store(&mut weights[n * self.columns + column], scores[n]);
            }
        }
        let mut inverses = [0.0; N];
        for (inverse, row) in inverses.iter_mut().zip(weights.chunks_exact_mut(self.columns)) {
            *inverse = exponentials(isa, row, self.tokens);
        }
        for entry in 0..self.lanes {
            let mut sums = [isa.splat(0.0); N];
            for token in 0..self.tokens {
                let value = isa.load(&self.part(token, 2)[entry]);
                for n in 0..N {
                    let weight = isa.splat(weights[n * self.columns + token / LANES].0[token % LANES]);
                    sums[n] = isa.add(sums[n], isa.mul(weight, value));
                }
            }
            for n in 0..N {
                let to = &mut out[(query + n) * self.stride + self.first + entry];
                isa.store(to, isa.mul(sums[n], isa.splat(inverses[n])));
            }
        }
    }
}

/// Turns scores into e to their difference from the greatest, zero after the last token, and gives the inverse of their sum.
#[inline(always)]
fn exponentials<S: Isa>(isa: S, row: &mut [Lanes], tokens: usize) -> f32 {
    let last = tokens % LANES;
    let mut greatest = isa.splat(f32::MIN);
    if let (Some(lanes), true) = (row.last_mut(), last > 0) {
        lanes.0[last..].fill(f32::MIN);
    }
    for lanes in row.iter() {
        greatest = isa.max(isa.load(lanes), greatest);
    }
    let greatest = fold(to_array(isa, greatest), |a, b| if a > b { a } else { b });
    for lanes in row.iter_mut() {
        let difference = isa.sub(isa.load(lanes), isa.splat(greatest));
        isa.store(lanes, math::exp(isa, difference));
    }
    if let (Some(lanes), true) = (row.last_mut(), last > 0) {
        lanes.0[last..].fill(0.0);
    }
    let mut sum = isa.splat(0.0);
    for lanes in row.iter() {
        sum = isa.add(sum, isa.load(lanes));
    }
    1.0 / fold(to_array(isa, sum), |a, b| a + b)
}
