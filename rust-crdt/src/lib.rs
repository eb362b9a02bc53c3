//! Replicated data types that merge in any order to the same bytes.
#![forbid(unsafe_code)]
