//! Replicas, and sessions that make two of them equal. Bytes in, bytes out: what carries them is the caller's.

use std::cell::RefCell;

use chrysalis_crdt as crdt;
use chrysalis_crypto::hex;
use crdt::Value;
use crdt::any::AnyState;
use crdt::sync::{self, SyncConfig, SyncEvent};
use wasm_bindgen::prelude::*;

use super::operate::{self, Author, Op};
use super::state::{Held, import_deltas};
use super::values::{self, list_to_js, record, to_js};
use crate::convert;
use crate::error::{Result, Thrown};

/// Named states that sessions keep equal with those of other replicas; the one object here that changes in place.
#[wasm_bindgen]
#[derive(Default)]
pub struct Replica(RefCell<sync::Replica>);

#[wasm_bindgen]
impl Replica {
    /// No state.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Replica {
        Self(RefCell::new(sync::Replica::new()))
    }

    /// The names of the states, in byte order, with their kinds.
    #[wasm_bindgen(unchecked_return_type = "[string, StateKind][]")]
    pub fn names(&self) -> Result<JsValue> {
        let replica = self.0.borrow();
        to_js(&Value::array(replica.names().map(|(name, kind)| Value::array([name, kind.as_str()]))))
    }

    /// The kind of a state, if it is there.
    #[wasm_bindgen(js_name = kindOf, unchecked_return_type = "StateKind | undefined")]
    pub fn kind_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    ) -> Result<Option<String>> {
        let name = convert::text(&name, "name")?;
        Ok(self.0.borrow().any(&name).map(|state| state.kind().as_str().to_owned()))
    }

    /// Makes a batch of changes to a state, all or none, and gives their delta as bytes: what `importDeltas` takes elsewhere.
    pub fn apply(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "readonly Operation[]")] operations: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<Vec<u8>> {
        let (name, author) = (convert::text(&name, "name")?, Author::new(&actor)?);
        let operations = values::values(&operations, "operations")?;
        let mut replica = self.0.borrow_mut();
        let mut next = replica.any(&name).ok_or_else(unknown)?.clone();
        replica.own(author.own_writer()?);
        let mut delta = AnyState::empty(next.kind());
        for mut operation in operations {
            delta.join_delta(&operate::apply(&mut next, &mut Op::of_batch(&mut operation, &author)?)?)?;
        }
        replica.insert_any(&name, next)?;
        Ok(delta.to_wire())
    }

    /// Joins deltas or states of other replicas into a state, in place: the way to take in many. Where one of them is
    /// refused, those before it have been joined.
    #[wasm_bindgen(js_name = importDeltas)]
    pub fn import_deltas(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] deltas: JsValue,
    ) -> Result<()> {
        let name = convert::text(&name, "name")?;
        import_deltas(self.0.borrow_mut().any_mut(&name).ok_or_else(unknown)?, &deltas)
    }

    /// The digest of a state, 64 hexadecimal characters, if it is there.
    #[wasm_bindgen(js_name = digestHex)]
    pub fn digest_hex(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    ) -> Result<Option<String>> {
        let name = convert::text(&name, "name")?;
        Ok(self.0.borrow_mut().digest(&name).map(|digest| hex::encode(&digest)))
    }

    /// The state under a name.
    #[wasm_bindgen(skip_typescript)]
    pub fn take(&self, name: JsValue) -> Result<Option<Held>> {
        let name = convert::text(&name, "name")?;
        Ok(self.0.borrow().any(&name).cloned().map(Held::from))
    }

    /// Puts a state under a name, in place of what is there.
    #[wasm_bindgen(skip_typescript)]
    pub fn put(&self, name: JsValue, state: &Held) -> Result<()> {
        let name = convert::text(&name, "name")?;
        Ok(self.0.borrow_mut().insert_any(&name, state.state.clone())?)
    }
}

/// One side of a conversation that makes two replicas equal. Messages may be lost, doubled or late.
///
/// Send what `poll` gives until it gives nothing; hand what arrives to `receive`; call `tick` every second or so.
#[wasm_bindgen]
pub struct SyncSession(RefCell<sync::SyncSession>);

#[wasm_bindgen]
impl SyncSession {
    /// The side that begins.
    pub fn initiator(
        #[wasm_bindgen(unchecked_optional_param_type = "SyncOptions")] options: JsValue,
    ) -> Result<SyncSession> {
        Ok(Self(RefCell::new(sync::SyncSession::make_initiator(to_config(&options)?)?)))
    }

    /// The side that answers.
    pub fn responder(
        #[wasm_bindgen(unchecked_optional_param_type = "SyncOptions")] options: JsValue,
    ) -> Result<SyncSession> {
        Ok(Self(RefCell::new(sync::SyncSession::make_responder(to_config(&options)?)?)))
    }

    /// The next message to send, or `undefined` while there is nothing to say.
    pub fn poll(&self, replica: &Replica) -> Result<Option<Vec<u8>>> {
        Ok(self.0.borrow_mut().poll(&mut replica.0.borrow_mut())?)
    }

    /// Takes in a message of the other side, and gives what happened.
    #[wasm_bindgen(unchecked_return_type = "SyncEvent[]")]
    pub fn receive(
        &self,
        replica: &Replica,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<JsValue> {
        let (message, now_ms) = (convert::bytes(&message, "message")?, values::now_ms(&now_ms)?);
        events_to_js(self.0.borrow_mut().receive(&mut replica.0.borrow_mut(), &message, now_ms)?)
    }

    /// Says that time has passed: asks again where no answer came, and merges what was held until now.
    #[wasm_bindgen(unchecked_return_type = "SyncEvent[]")]
    pub fn tick(
        &self,
        replica: &Replica,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<JsValue> {
        let now_ms = values::now_ms(&now_ms)?;
        events_to_js(self.0.borrow_mut().tick(&mut replica.0.borrow_mut(), now_ms))
    }

    /// Whether, as far as this side knows, both replicas are equal.
    #[wasm_bindgen(js_name = isEqual)]
    pub fn is_equal(&self, replica: &Replica) -> bool {
        self.0.borrow().is_equal(&replica.0.borrow())
    }

    /// How many deltas from the future are held.
    #[wasm_bindgen(getter)]
    pub fn held(&self) -> usize {
        self.0.borrow().held()
    }
}

fn to_config(options: &JsValue) -> Result<SyncConfig> {
    let default = SyncConfig::default();
    let bytes = |name: &str, default: usize| {
        convert::option(options, name)?
            .map_or(Ok::<_, Thrown>(default), |value| Ok(convert::integer(&value, name)? as usize))
    };
    let time = |name: &str, default: u64| {
        convert::option(options, name)?.map_or(Ok(default), |value| values::count(&value, name))
    };
    Ok(SyncConfig {
        max_message_bytes: bytes("maxMessageBytes", default.max_message_bytes)?,
        max_receive_bytes: bytes("maxReceiveBytes", default.max_receive_bytes)?,
        max_drift_ms: time("maxDriftMs", default.max_drift_ms)?,
        retry_ms: time("retryMs", default.retry_ms)?,
    })
}

fn events_to_js(events: Vec<SyncEvent>) -> Result<JsValue> {
    list_to_js(&events.into_iter().map(event_value).collect::<Vec<_>>())
}

fn event_value(event: SyncEvent) -> Value {
    let named = |kind: &str, name: String| record([("type", kind.into()), ("name", name.into())]);
    match event {
        SyncEvent::Merged { name } => named("merged", name),
        SyncEvent::Equal { name } => named("equal", name),
        SyncEvent::Refused { name } => named("refused", name),
        SyncEvent::Held { name, ahead_ms } => {
            record([("type", "held".into()), ("name", name.into()), ("aheadMs", ahead_ms.into())])
        }
        SyncEvent::Rejected { name, error, delta } => record([
            ("type", "rejected".into()),
            ("name", name.into()),
            ("code", error.code().into()),
            ("delta", delta.into()),
        ]),
        SyncEvent::Unknown { name, kind } => {
            record([("type", "unknown".into()), ("name", name.into()), ("kind", kind.as_str().into())])
        }
        SyncEvent::Failed { name, error } => {
            record([("type", "failed".into()), ("name", name.into()), ("code", error.code().into())])
        }
        SyncEvent::Claimed { name, actor, counter } => record([
            ("type", "claimed".into()),
            ("name", name.into()),
            ("actor", actor.as_str().into()),
            ("counter", counter.into()),
        ]),
        // One that is newer than this package.
        _ => record([("type", "other".into())]),
    }
}

fn unknown() -> Thrown {
    Thrown::argument("name", "must be that of a state of the replica")
}
