//! The writers of this process: one per actor, so that no two objects that come from one state name different updates
//! alike.

use chrysalis_crdt::sorted::SortedMap;
use std::cell::RefCell;

use chrysalis_crdt::{ActorId, ActorKey, HybridClock, Writer};
use wasm_bindgen::prelude::*;

use super::values;
use crate::error::Result;

/// Who writes where nobody is named.
pub(super) const NOBODY: &str = "local";

thread_local! {
    static WRITERS: RefCell<SortedMap<String, Writer>> = const { RefCell::new(SortedMap::new()) };
    static CLOCK: RefCell<HybridClock> = const { RefCell::new(HybridClock::new()) };
}

/// The actor key under which this process writes for an actor id. It is drawn at the first use and stays the same until
/// the process ends.
#[wasm_bindgen(js_name = actorKey)]
pub fn process_actor_key(
    #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
) -> Result<String> {
    Ok(writer(&actor)?.actor().as_str().to_owned())
}

/// Writes under an actor key from now on, beginning after the update `last`: for a state that was stored together with
/// its key. That nobody else writes under the key, and that `last` is not below its last update, is up to the caller.
#[wasm_bindgen(js_name = resumeWriter)]
pub fn resume_writer(
    #[wasm_bindgen(unchecked_param_type = "string")] actor_key: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number | bigint")] last: JsValue,
) -> Result<()> {
    let key = super::actor_key(&actor_key, "actorKey")?;
    let last = if last.is_undefined() { 0 } else { values::count(&last, "last")? };
    WRITERS.with_borrow_mut(|writers| writers.insert(key.as_str().to_owned(), Writer::resume(key, last)));
    Ok(())
}

/// The writer for an actor id or key, or of the process itself.
pub(super) fn writer(actor: &JsValue) -> Result<Writer> {
    let name = values::optional_text(actor, "actor")?;
    writer_of(name.as_deref().unwrap_or(NOBODY))
}

/// The writer for an actor id, which has an incarnation of this process, or for a key.
pub(super) fn writer_of(name: &str) -> Result<Writer> {
    if let Some(writer) = WRITERS.with_borrow(|writers| writers.get(name).cloned()) {
        return Ok(writer);
    }
    let key = ActorKey::new(name)?;
    let writer = match key.incarnation() {
        Some(_) => Writer::resume(key, 0),
        None => Writer::make(&ActorId::new(name)?)?,
    };
    WRITERS.with_borrow_mut(|writers| writers.insert(name.to_owned(), writer.clone()));
    Ok(writer)
}

/// Works with the clock of the process.
pub(super) fn with_clock<T>(work: impl FnOnce(&mut HybridClock) -> T) -> T {
    CLOCK.with_borrow_mut(work)
}
