//! Conflicts: finding them, and resolving them the same way everywhere.
//!
//! [`persona`] weighs the outputs of reviewing personas, as the resolver it replaces did, to the bit. [`generic`] finds
//! conflicts between concurrent values of any key, [`join`] joins plain values, and [`resolve`] chooses.

pub mod generic;
pub mod join;
pub mod persona;
pub mod resolve;
