//! States of every type behind one set of functions. The classes of the package are made around them, in
//! `typescript/crdt/classes.js`, which checks what it hands over.

use std::cell::RefCell;

use chrysalis_crdt as crdt;
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hex;
use crdt::any::AnyState;
use crdt::json::{Envelope, Import, SourceLanguage};
use crdt::or_set::MergeJob as Job;
use crdt::{ActorId, ClockOrdering, CrdtError, Kind, Value};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::actor_key;
use super::dag::to_ids;
use super::operate::{self, Answer, Author, Op};
use super::values;
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// A state, and what the change that made it gave beside it.
#[wasm_bindgen(skip_typescript)]
pub struct Held {
    pub(super) state: AnyState,
    said: RefCell<Option<Value>>,
}

impl From<AnyState> for Held {
    fn from(state: AnyState) -> Self {
        Self { state, said: RefCell::new(None) }
    }
}

#[wasm_bindgen]
impl Held {
    /// The state of a kind that a packed call of its constructor makes.
    #[wasm_bindgen(skip_typescript)]
    pub fn make(kind: &str, call: JsValue) -> Result<Held> {
        let author = Author::new(&JsValue::UNDEFINED)?;
        let mut call = values::packed_value(&call)?;
        let mut op = Op::of_call(&mut call, &author)?;
        Ok(operate::make(to_kind(kind)?, &mut op)?.into())
    }

    /// The state after a packed call of a method.
    #[wasm_bindgen(skip_typescript)]
    pub fn change(&self, call: JsValue, actor: JsValue) -> Result<Held> {
        let author = Author::new(&actor)?;
        let mut call = values::packed_value(&call)?;
        let mut op = Op::of_call(&mut call, &author)?;
        let mut state = self.state.clone();
        operate::apply(&mut state, &mut op)?;
        Ok(Self { state, said: RefCell::new(op.into_said()) })
    }

    /// What a packed call of a method gives.
    #[wasm_bindgen(skip_typescript)]
    pub fn ask(&self, call: JsValue) -> Result<JsValue> {
        let author = Author::new(&JsValue::UNDEFINED)?;
        let mut call = values::packed_value(&call)?;
        let mut op = Op::of_call(&mut call, &author)?;
        match operate::ask(&self.state, &mut op)? {
            Answer::Nothing => Ok(JsValue::UNDEFINED),
            Answer::Value(value) => values::to_js(&value),
            Answer::Packed(bytes) => values::unpack(&bytes),
            Answer::State(state) => Ok(Self::from(state).into()),
        }
    }

    /// What the change that made the state gave beside it.
    #[wasm_bindgen(skip_typescript)]
    pub fn said(&self) -> Result<JsValue> {
        self.said.take().map_or(Ok(JsValue::UNDEFINED), |value| values::to_js(&value))
    }

    /// The name of its type.
    #[wasm_bindgen(skip_typescript)]
    pub fn kind(&self) -> String {
        self.state.kind().as_str().to_owned()
    }

    /// The state of both.
    #[wasm_bindgen(skip_typescript)]
    pub fn merge(&self, other: &Held) -> Result<Held> {
        let mut state = self.state.clone();
        state.merge(&other.state)?;
        Ok(state.into())
    }

    /// The state with deltas or states of other replicas joined in: all of them, or it throws.
    #[wasm_bindgen(js_name = importDeltas, skip_typescript)]
    pub fn import_deltas(&self, deltas: JsValue) -> Result<Held> {
        let mut state = self.state.clone();
        import_deltas(&mut state, &deltas)?;
        Ok(state.into())
    }

    /// The least delta that brings the other state up to the state of both.
    #[wasm_bindgen(js_name = deltaFrom, skip_typescript)]
    pub fn delta_from(&self, other: &Held) -> Result<Vec<u8>> {
        Ok(self.state.delta_from(&other.state)?.to_wire())
    }

    /// Whether both have taken in the same.
    #[wasm_bindgen(skip_typescript)]
    pub fn equals(&self, other: &Held) -> bool {
        self.state == other.state
    }

    /// How the state lies to another one of its type; for an agent's state, how their updates do.
    #[wasm_bindgen(skip_typescript)]
    pub fn compare(&self, other: &Held) -> Result<String> {
        let (one, two) = (&self.state, &other.state);
        let order = if let (Some(one), Some(two)) = (one.get::<crdt::VectorClock>(), two.get()) {
            Ok(one.compare(two))
        } else if let (Some(one), Some(two)) = (one.get::<crdt::GCounter>(), two.get()) {
            Ok(one.partial_compare(two))
        } else if let (Some(one), Some(two)) = (one.get::<crdt::AgentState>(), two.get()) {
            one.compare_causality(two)
        } else {
            Err(CrdtError::Malformed("another type"))
        };
        Ok(order.map(ClockOrdering::as_str)?.to_owned())
    }

    /// The canonical encoding.
    #[wasm_bindgen(js_name = toBytes, skip_typescript)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.state.to_bytes()
    }

    /// The state of a kind with this encoding.
    #[wasm_bindgen(js_name = fromBytes, skip_typescript)]
    pub fn from_bytes(kind: &str, bytes: JsValue) -> Result<Held> {
        Ok(AnyState::from_bytes(to_kind(kind)?, &convert::bytes(&bytes, "bytes")?)?.into())
    }

    /// The digest of the encoding.
    #[wasm_bindgen(skip_typescript)]
    pub fn digest(&self) -> Vec<u8> {
        self.state.digest().to_vec()
    }

    /// The canonical JSON text.
    #[wasm_bindgen(js_name = toText, skip_typescript)]
    pub fn to_text(&self) -> Result<String> {
        let envelope = Envelope { source_language: SourceLanguage::TypeScript, ..Envelope::default() };
        Ok(self.state.to_json(&envelope)?)
    }

    /// The state of a kind in such a text, or in that of any system before.
    #[wasm_bindgen(js_name = fromText, skip_typescript)]
    pub fn from_text(kind: &str, text: JsValue, options: JsValue) -> Result<Held> {
        let text = convert::text(&text, "json")?;
        let mut import = Import::new();
        if convert::option(&options, "clock")?.is_some() {
            import = import.with_unit(values::unit(&options, crdt::ClockUnit::Hybrid)?);
        }
        if let Some(origin) = convert::option(&options, "origin")? {
            import = import.with_origin(actor_key(&origin, "origin")?);
        }
        Ok(AnyState::from_json(to_kind(kind)?, &text, &import)?.0.into())
    }

    /// The graph with a node, signed where a key is given: the only argument that is a secret, and goes no other way.
    #[wasm_bindgen(js_name = addNode, skip_typescript)]
    pub fn add_node(&self, payload: JsValue, options: JsValue) -> Result<Held> {
        let payload = values::packed_value(&payload)?;
        let author = Author::new(&convert::option(&options, "actor")?.unwrap_or(JsValue::UNDEFINED))?;
        let mut dag = self.state.get::<crdt::MerkleDag>().ok_or_else(operate::unknown)?.clone();
        let parents = match convert::option(&options, "parents")? {
            None => dag.heads().copied().collect(),
            Some(parents) => to_ids(&values::values(&parents, "parents")?, "parents")?,
        };
        let secret = convert::option(&options, "secretKey")?;
        let secret = secret.map(|key| convert::bytes(&key, "secretKey").map(Zeroizing::new)).transpose()?;
        let writer = author.own_writer()?;
        let id = scrubbed(|| {
            let wrong = |_| Thrown::argument("secretKey", "must be 32 bytes, or 48 of PKCS#8");
            let key = secret.map(|secret| SigningKey::from_secret(&secret)).transpose().map_err(wrong)?;
            Ok::<_, Thrown>(dag.add_on(writer, key.as_ref(), payload, parents)?.0)
        })?;
        let said = RefCell::new(Some(Value::text(hex::encode(&id))));
        Ok(Self { state: AnyState::new(dag), said })
    }

    /// The state of an agent with these parts.
    #[wasm_bindgen(js_name = ofParts, skip_typescript)]
    pub fn of_parts(agent_id: JsValue, skills: &Held, episodes: &Held, beliefs: &Held) -> Result<Held> {
        let agent = ActorId::new(&convert::text(&agent_id, "agentId")?)?;
        let parts = (skills.state.get(), episodes.state.get(), beliefs.state.get());
        let (Some(skills), Some(episodes), Some(beliefs)) = parts else { return Err(operate::unknown()) };
        let state = crdt::AgentState::with(
            agent,
            Clone::clone(skills),
            Clone::clone(episodes),
            Clone::clone(beliefs),
        )?;
        Ok(AnyState::new(state).into())
    }

    /// What merging another set would change.
    #[wasm_bindgen(skip_typescript)]
    pub fn preview(&self, other: &Held) -> Result<JsValue> {
        let (one, two) = self.sets(other)?;
        let preview = one.preview(two)?;
        values::to_js(&values::record([
            ("added", Value::Array(preview.added)),
            ("removed", Value::Array(preview.removed)),
            ("contested", Value::Array(preview.contested)),
        ]))
    }

    /// Begins a merge that is done a little at a time.
    #[wasm_bindgen(js_name = startMerge, skip_typescript)]
    pub fn start_merge(&self, other: &Held) -> Result<MergeJob> {
        let (one, two) = self.sets(other)?;
        Ok(MergeJob(RefCell::new(Some(Job::new(one.clone(), two.clone())))))
    }
}

impl Held {
    fn sets<'a>(&'a self, other: &'a Self) -> Result<(&'a crdt::OrSet, &'a crdt::OrSet)> {
        self.state.get().zip(other.state.get()).ok_or_else(operate::unknown)
    }
}

/// A merge from `startMerge` that is done a little at a time, so that a page stays responsive.
#[wasm_bindgen]
pub struct MergeJob(RefCell<Option<Job>>);

#[wasm_bindgen]
impl MergeJob {
    /// Works on up to so many chunks of at most 64 values; `true` when there is nothing left to do.
    pub fn step(&self, #[wasm_bindgen(unchecked_param_type = "number")] budget: JsValue) -> Result<bool> {
        let budget = convert::integer(&budget, "budget")?;
        let mut job = self.0.borrow_mut();
        Ok(job.as_mut().ok_or_else(finished)?.step(budget as usize)?)
    }

    /// Does what is left and gives the merged set. The job is over then.
    #[wasm_bindgen(unchecked_return_type = "ORSet")]
    pub fn finish(&self) -> Result<Held> {
        let mut state = self.0.borrow_mut();
        while !state.as_mut().ok_or_else(finished)?.step(usize::MAX)? {}
        Ok(AnyState::new(state.take().ok_or_else(finished)?.into_set()).into())
    }
}

/// Joins deltas into a state, up to the first that is refused.
pub(super) fn import_deltas(state: &mut AnyState, deltas: &JsValue) -> Result<()> {
    let bytes = values::byte_strings(deltas, "deltas")?;
    bytes.iter("deltas").try_for_each(|delta| Ok(state.merge_wire(delta?)?))
}

fn to_kind(name: &str) -> Result<Kind> {
    Kind::from_name(name).ok_or_else(operate::unknown)
}

fn finished() -> Thrown {
    Thrown::argument("job", "is over")
}
