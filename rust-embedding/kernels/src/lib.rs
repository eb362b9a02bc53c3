#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod attention;
mod backend;
mod dense;
mod int8;
mod isa;
mod lanes;
mod math;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod plain;
mod rows;
pub mod similarity;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use attention::{Attention, attend};
pub use backend::Backend;
pub use dense::DenseMatrix;
pub use int8::{Int8Matrix, Int8Rows};
pub use lanes::{LANES, Lanes, lanes_of};
pub use rows::{add_norm, gelu, mean_pool, norm, normalize};
