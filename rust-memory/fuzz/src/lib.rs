//! Bodies of the fuzz targets, as plain functions that the crate's tests replay.

pub mod recall;
