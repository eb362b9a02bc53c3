//! The maintained third-party core `arc-malachitebft-core-consensus` as an engine, for a second opinion.

mod context;
mod core;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
mod lockstep;
