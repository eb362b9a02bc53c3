//! The arithmetic under `chrysalis-embedding`.
#![deny(unsafe_code)]

pub mod similarity;
