//! The `chrysalis` command.
#![forbid(unsafe_code)]

fn main() {}
