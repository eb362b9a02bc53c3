//! JavaScript and Python bindings. Foreign glue lives here and nowhere else.

#[cfg(feature = "python")]
mod python;
