//! Sixteen numbers that are worked on together.

/// How many numbers one [`Lanes`] holds. Every width of a model is a multiple of it.
pub const LANES: usize = 16;

/// Sixteen `f32`, aligned to a cache line so that no register is loaded from two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

/// `values` in lanes, the last one filled up with zeros.
pub fn lanes_of(values: &[f32]) -> Vec<Lanes> {
    let lanes = values.chunks(LANES).map(|chunk| {
        let mut lanes = Lanes::default();
        lanes.0[..chunk.len()].copy_from_slice(chunk);
        lanes
    });
    lanes.collect()
}
