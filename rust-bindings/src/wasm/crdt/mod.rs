//! The package `rust-crdt`: replicated types as immutable objects, and replicas with sync sessions.
//!
//! An operation gives a new object and leaves the old one as it is. Whatever is done often has a form for many at once,
//! which crosses into the module once. Everything takes unchecked values and checks them, and everything that fails
//! throws `CrdtError`, or `RangeError` where a `number` cannot hold a count.

pub mod agent;
mod batch;
pub mod beliefs;
pub mod clock;
pub mod conflict;
pub mod counter;
pub mod dag;
pub mod element_set;
pub mod episodes;
pub mod map;
pub mod mv_register;
pub mod or_set;
pub mod persona;
pub mod register;
pub mod selftest;
pub mod set;
pub mod skills;
pub mod sync;
mod values;
pub mod writers;

use chrysalis_crdt::json::{Envelope, Import, JsonState, SourceLanguage};
use chrysalis_crdt::{ActorKey, Decompose};
use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::convert::{self, object};
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../../typescript/crdt/types.d.ts");

/// What every class of a state has. The class wraps the state in a tuple.
macro_rules! state {
    ($class:ident, $state:ty) => {
        impl $class {
            /// A copy of the state that `change` was made to.
            #[allow(dead_code, reason = "not every type has such operations")]
            fn changed<R>(
                &self,
                change: impl FnOnce(&mut $state) -> std::result::Result<R, chrysalis_crdt::CrdtError>,
            ) -> crate::error::Result<$class> {
                let mut next = self.0.clone();
                change(&mut next)?;
                Ok(Self(next))
            }
        }

        #[wasm_bindgen]
        impl $class {
            /// The state of both. Throws, and changes neither, where they contradict each other.
            pub fn merge(&self, other: &$class) -> crate::error::Result<$class> {
                self.changed(|state| chrysalis_crdt::State::merge(state, &other.0))
            }

            /// This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
            #[wasm_bindgen(js_name = importDeltas)]
            pub fn import_deltas(
                &self,
                #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] deltas: JsValue,
            ) -> crate::error::Result<$class> {
                let mut next = self.0.clone();
                super::import_deltas(&mut next, &deltas)?;
                Ok(Self(next))
            }

            /// The least delta that brings `other` up to the state of both, for its `importDeltas`.
            #[wasm_bindgen(js_name = deltaFrom)]
            pub fn delta_from(&self, other: &$class) -> crate::error::Result<Vec<u8>> {
                let delta = chrysalis_crdt::Decompose::delta_from(&self.0, &other.0)?;
                Ok(chrysalis_crdt::Decompose::to_wire(&delta))
            }

            /// Whether both have taken in the same.
            pub fn equals(&self, other: &$class) -> bool {
                self.0 == other.0
            }

            /// The canonical encoding: equal states have equal bytes, in every language.
            #[wasm_bindgen(js_name = toBytes)]
            pub fn to_bytes(&self) -> Vec<u8> {
                chrysalis_crdt::State::to_bytes(&self.0)
            }

            /// The state with this encoding.
            #[wasm_bindgen(js_name = fromBytes)]
            pub fn from_bytes(
                #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
            ) -> crate::error::Result<$class> {
                Ok(Self(chrysalis_crdt::State::from_bytes(&crate::convert::bytes(&bytes, "bytes")?)?))
            }

            /// The digest of the encoding, 32 bytes.
            pub fn digest(&self) -> Vec<u8> {
                chrysalis_crdt::State::digest(&self.0).to_vec()
            }

            /// The digest, 64 hexadecimal characters.
            #[wasm_bindgen(js_name = digestHex)]
            pub fn digest_hex(&self) -> String {
                chrysalis_crypto::hex::encode(&chrysalis_crdt::State::digest(&self.0))
            }

            /// The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
            #[wasm_bindgen(js_name = toJSON, unchecked_return_type = "Envelope")]
            pub fn to_json(&self) -> crate::error::Result<JsValue> {
                super::parse(&super::to_text(&self.0)?)
            }

            /// The same as canonical text: equal states have equal texts, in every language.
            #[wasm_bindgen(js_name = toText)]
            pub fn to_text(&self) -> crate::error::Result<String> {
                super::to_text(&self.0)
            }

            /// The state of a text or of plain data, in the current form or in that of any system before.
            #[wasm_bindgen(js_name = fromJSON)]
            pub fn from_json(
                #[wasm_bindgen(unchecked_param_type = "string | object")] json: JsValue,
                #[wasm_bindgen(unchecked_optional_param_type = "ImportOptions")] options: JsValue,
            ) -> crate::error::Result<$class> {
                Ok(Self(super::from_json(&json, &options)?))
            }

            /// The state under a name of a replica, if it is of this type.
            #[wasm_bindgen(js_name = fromReplica)]
            pub fn from_replica(
                replica: &super::sync::Replica,
                #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
            ) -> crate::error::Result<Option<$class>> {
                Ok(replica.state::<$state>(&crate::convert::text(&name, "name")?).map(Self))
            }

            /// Puts the state under a name of a replica, in place of what is there.
            #[wasm_bindgen(js_name = putInto)]
            pub fn put_into(
                &self,
                replica: &super::sync::Replica,
                #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
            ) -> crate::error::Result<()> {
                replica.insert(&crate::convert::text(&name, "name")?, self.0.clone())
            }

            /// The name of the type in envelopes and replicas.
            #[wasm_bindgen(getter)]
            pub fn kind(&self) -> String {
                <$state as chrysalis_crdt::State>::KIND.as_str().to_owned()
            }
        }
    };
}
use state;

/// The actor key of a text; the caller owns its uniqueness.
fn actor_key(given: &JsValue, name: &str) -> Result<ActorKey> {
    Ok(ActorKey::new(&convert::text(given, name)?)?)
}

/// Joins deltas into a state, up to the first that is refused.
fn import_deltas<T: Decompose>(state: &mut T, deltas: &JsValue) -> Result<()> {
    let bytes = values::byte_strings(deltas, "deltas")?;
    bytes.iter("deltas").try_for_each(|delta| Ok(state.merge_wire(delta?)?))
}

fn to_text<T: JsonState>(state: &T) -> Result<String> {
    let envelope = Envelope { source_language: SourceLanguage::TypeScript, ..Envelope::default() };
    Ok(state.to_json(&envelope)?)
}

fn from_json<T: JsonState>(json: &JsValue, options: &JsValue) -> Result<T> {
    let text = if json.is_string() {
        convert::text(json, "json")?
    } else {
        let text = JSON::stringify(json).map(JsValue::from).unwrap_or(JsValue::UNDEFINED);
        if !text.is_string() {
            return Err(Thrown::argument("json", "must be a text or plain data"));
        }
        convert::text(&text, "json")?
    };
    let mut import = Import::new();
    if convert::option(options, "clock")?.is_some() {
        import = import.with_unit(values::unit(options, chrysalis_crdt::ClockUnit::Hybrid)?);
    }
    if let Some(origin) = convert::option(options, "origin")? {
        import = import.with_origin(actor_key(&origin, "origin")?);
    }
    Ok(T::from_json(&text, &import)?.0)
}

/// Plain data of a text that this crate wrote.
fn parse(text: &str) -> Result<JsValue> {
    JSON::parse(text).map_err(|_| Thrown::argument("result", "does not fit into memory"))
}
