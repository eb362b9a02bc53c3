//! JavaScript and Python bindings. Foreign glue lives here and nowhere else.
//!
//! A glue function converts its arguments, calls one function of a domain crate and maps the error. What JavaScript
//! sees is compiled for `wasm32` only and chosen by the features named after the domains; what Python sees is the feature
//! `python`.
#![deny(unsafe_code)]

#[cfg(any(
    feature = "python",
    all(any(feature = "consensus", feature = "simulation"), target_arch = "wasm32")
))]
mod consensus;
#[cfg(target_arch = "wasm32")]
mod convert;
#[cfg(target_arch = "wasm32")]
pub mod error;
#[cfg(feature = "python")]
mod python;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
