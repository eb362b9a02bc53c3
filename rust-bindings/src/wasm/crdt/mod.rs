//! The package `rust-crdt`: replicated types as immutable objects, and replicas with sync sessions.
//!
//! An operation gives a new object and leaves the old one as it is. Whatever is done often has a form for many at once,
//! which crosses into the module once. Everything takes unchecked values and checks them, and everything that fails
//! throws `CrdtError`, or `RangeError` where a `number` cannot hold a count.

mod agent;
mod beliefs;
mod clock;
pub mod conflict;
mod counter;
mod dag;
mod episodes;
mod map;
mod operate;
mod or_set;
pub mod persona;
mod register;
pub mod selftest;
mod set;
mod skills;
pub mod state;
pub mod sync;
mod values;
pub mod writers;

use chrysalis_crdt::ActorKey;
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::Result;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../../typescript/crdt/types.d.ts");
#[wasm_bindgen(typescript_custom_section)]
const CLASSES: &str = include_str!("../../../typescript/crdt/classes.d.ts");

/// The actor key of a text; the caller owns its uniqueness.
fn actor_key(given: &JsValue, name: &str) -> Result<ActorKey> {
    Ok(ActorKey::new(&convert::text(given, name)?)?)
}
