//! Conflicts: finding them, and resolving them the same way everywhere.
//!
//! [`persona`] weighs the outputs of reviewing personas, as the resolver it replaces did to the bit;
//! [`generic`] resolves concurrent values of any replicated key.

pub mod generic;
pub mod persona;
