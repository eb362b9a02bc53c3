//! The package `rust-consensus/pkg`: proofs that anybody can check, one member of a cluster, and simulated clusters.
//!
//! What objects look like is said in `crate::consensus`.

use std::cell::RefCell;

use chrysalis_consensus::Bytes;
use chrysalis_consensus::sim::{self, Schedule};
use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::consensus::member::{self, Member};
use crate::consensus::plain::{Given, Made};
use crate::consensus::{cluster, proof};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/consensus/types.d.ts");

/// The greatest integer that a JavaScript number holds safely.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// Verifies a commit certificate against the validators of its epoch, all signatures in one batch, and tells what it proves.
#[wasm_bindgen(js_name = verifyCommitCertificate, unchecked_return_type = "CommitProof")]
pub fn verify_commit_certificate(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] certificate: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Validators")] validators: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] chain: JsValue,
) -> Result<JsValue> {
    let certificate = convert::bytes(&certificate, "certificate")?;
    let set = proof::set(&Js(validators), "validators")?;
    Ok(to_js(proof::certificate(&certificate, &set, &convert::text(&chain, "chain")?)?))
}

/// Verifies evidence that a validator made two statements of which a correct one makes only one, and tells which did.
#[wasm_bindgen(js_name = verifyEvidence, unchecked_return_type = "EvidenceProof")]
pub fn verify_evidence(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] evidence: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Validators")] validators: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] chain: JsValue,
) -> Result<JsValue> {
    let evidence = convert::bytes(&evidence, "evidence")?;
    let set = proof::set(&Js(validators), "validators")?;
    Ok(to_js(proof::evidence(&evidence, &set, &convert::text(&chain, "chain")?)?))
}

/// The digest that certificates name a value by, 32 bytes.
#[wasm_bindgen(js_name = valueDigest)]
pub fn value_digest(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] value: JsValue) -> Result<Vec<u8>> {
    Ok(proof::value_digest(&convert::bytes(&value, "value")?))
}

/// The one encoding of a validator set.
#[wasm_bindgen(js_name = encodeValidators)]
pub fn encode_validators(
    #[wasm_bindgen(unchecked_param_type = "Validators")] validators: JsValue,
) -> Result<Vec<u8>> {
    Ok(proof::set(&Js(validators), "validators")?.to_bytes())
}

/// One member of a cluster that agrees on byte strings: inputs in, effects out. It has no network, clock or disk; whoever
/// drives it carries out the effects in order, and has a `log` on disk before the next one.
#[wasm_bindgen]
pub struct ByzantineConsensus(RefCell<Member>);

#[wasm_bindgen]
impl ByzantineConsensus {
    /// The member that options describe; without any, a member that is its own cluster, for development, and talks to nobody.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "MemberOptions")] options: JsValue,
    ) -> Result<ByzantineConsensus> {
        let member = scrubbed(|| {
            if options.is_undefined() { Ok(Member::make_development()?) } else { member::open(&Js(options)) }
        })?;
        Ok(Self(RefCell::new(member)))
    }

    /// Takes an input and gives the effects to be carried out, in order. What peers send never throws.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn handle(&self, #[wasm_bindgen(unchecked_param_type = "Input")] input: JsValue) -> Result<JsValue> {
        let input = member::input(&Js(input))?;
        let effects = scrubbed(|| self.0.borrow_mut().handle(input))?;
        Ok(to_js(Made::List(member::effects(effects)?)))
    }

    /// Proposes a value, where it is this member's turn. The effects, with the proposal and its record of the log, are taken by
    /// `takeEffects`.
    #[wasm_bindgen(unchecked_return_type = "SignedProposal")]
    pub fn propose(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] value: JsValue,
    ) -> Result<JsValue> {
        let value = Bytes::from(convert::bytes(&value, "value")?);
        let proposal = scrubbed(|| self.0.borrow_mut().propose(value))?;
        Ok(to_js(member::proposal(&proposal)))
    }

    /// Hands over a message of a validator and gives the last message that it makes this member send to all, if any. The effects
    /// are taken by `takeEffects`. Throws for what no correct validator sends.
    #[wasm_bindgen(js_name = handleMessage, unchecked_return_type = "Uint8Array | null")]
    pub fn handle_message(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] sender: JsValue,
    ) -> Result<JsValue> {
        let (message, sender) = (convert::bytes(&message, "message")?, convert::text(&sender, "sender")?);
        let last = scrubbed(|| member::handle_message(&mut self.0.borrow_mut(), &message, &sender))?;
        Ok(to_js(Made::option(last.map(Made::from))))
    }

    /// Takes what `propose` and `handleMessage` have led to, in order.
    #[wasm_bindgen(js_name = takeEffects, unchecked_return_type = "Effect[]")]
    pub fn take_effects(&self) -> Result<JsValue> {
        let effects = self.0.borrow_mut().take_effects();
        Ok(to_js(Made::List(member::effects(effects)?)))
    }

    /// The latest value decided, if there is one.
    #[wasm_bindgen(js_name = isDecided, unchecked_return_type = "Uint8Array | null")]
    pub fn is_decided(&self) -> JsValue {
        to_js(Made::option(self.0.borrow().is_decided().map(|value| value.as_slice().into())))
    }

    /// The latest decision that is kept, with its certificate.
    #[wasm_bindgen(unchecked_return_type = "Decision | null")]
    pub fn decision(&self) -> JsValue {
        to_js(Made::option(self.0.borrow().decision().map(member::decision)))
    }

    /// Where the member is.
    #[wasm_bindgen(unchecked_return_type = "MemberStatus")]
    pub fn status(&self) -> JsValue {
        to_js(member::status(&self.0.borrow()))
    }

    /// Where a member can begin that has executed what this one has: `{ ...options, ...member.origin() }`, with the records of the
    /// log from its height on.
    #[wasm_bindgen(unchecked_return_type = "MemberOrigin")]
    pub fn origin(&self) -> JsValue {
        to_js(member::origin(&self.0.borrow()))
    }
}

/// A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars. One seed and one
/// list of faults give one run and one trace hash, in every language.
#[wasm_bindgen]
pub struct SimCluster(RefCell<sim::SimCluster>);

#[wasm_bindgen]
impl SimCluster {
    /// A cluster of `members` members of equal power, in which the faults of a list happen.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "number")] members: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] seed: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "readonly Fault[]")] faults: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "SimOptions")] options: JsValue,
    ) -> Result<SimCluster> {
        let members = convert::integer(&members, "members")? as usize;
        let seed = Js(seed).to_count("seed")?;
        let faults = if faults.is_undefined() { "[]".to_owned() } else { json(&faults, "faults")? };
        Ok(Self(RefCell::new(cluster::open(members, seed, &faults, &Js(options))?)))
    }

    /// The cluster of a schedule's JSON text: what a failing run prints gives the same run again.
    pub fn replay(#[wasm_bindgen(unchecked_param_type = "string")] schedule: JsValue) -> Result<SimCluster> {
        let schedule = Schedule::from_json(&convert::text(&schedule, "schedule")?)?;
        Ok(Self(RefCell::new(cluster::of_schedule(&schedule, true)?)))
    }

    /// The cluster of a seed's own schedule, of one kind of trouble after the other.
    pub fn random(
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] seed: JsValue,
    ) -> Result<SimCluster> {
        let schedule = Schedule::random(Js(seed).to_count("seed")?);
        Ok(Self(RefCell::new(cluster::of_schedule(&schedule, true)?)))
    }

    /// Lets one thing happen, or `count`. `false` when nothing is left to wait for; throws `consensus/violation` for what must not
    /// happen.
    pub fn step(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] count: JsValue,
    ) -> Result<bool> {
        let count = if count.is_undefined() { 1 } else { convert::integer(&count, "count")? };
        Ok(cluster::step(&mut self.0.borrow_mut(), count)?)
    }

    /// Runs until every honest member has decided all heights; throws `consensus/violation` for what must not happen.
    #[wasm_bindgen(unchecked_return_type = "SimReport")]
    pub fn run(&self) -> Result<JsValue> {
        let report = self.0.borrow_mut().run()?;
        Ok(to_js(cluster::report(&report)))
    }

    /// What the run was like so far.
    #[wasm_bindgen(unchecked_return_type = "SimReport")]
    pub fn report(&self) -> JsValue {
        to_js(cluster::report(&self.0.borrow().report()))
    }

    /// Has a member propose a value when it is its turn.
    pub fn propose(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] value: JsValue,
    ) -> Result<()> {
        let (member, value) = (number(&member)?, convert::bytes(&value, "value")?);
        Ok(self.0.borrow_mut().propose(member, &value)?)
    }

    /// What a member decided, by ascending height: the last 64.
    #[wasm_bindgen(unchecked_return_type = "Decision[]")]
    pub fn decisions(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
    ) -> Result<JsValue> {
        let member = number(&member)?;
        Ok(to_js(Made::List(cluster::decisions(&self.0.borrow(), member))))
    }

    /// The last height that a member has decided; 0 before the first.
    #[wasm_bindgen(unchecked_return_type = "number | bigint")]
    pub fn height(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
    ) -> Result<JsValue> {
        let member = number(&member)?;
        Ok(count(self.0.borrow().height(member)))
    }

    /// The encoding of the validators of a height.
    pub fn validators(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] height: JsValue,
    ) -> Result<Vec<u8>> {
        let height = Js(height).to_count("height")?;
        Ok(self.0.borrow().validators(height).to_bytes())
    }

    /// The evidence found so far.
    #[wasm_bindgen(unchecked_return_type = "FoundEvidence[]")]
    pub fn evidence(&self) -> JsValue {
        to_js(Made::List(cluster::evidence(&self.0.borrow())))
    }

    /// The name of the chain, part of every signature.
    #[wasm_bindgen(getter)]
    pub fn chain(&self) -> String {
        self.0.borrow().chain().to_string()
    }

    /// BLAKE3 over everything that has happened, 64 hexadecimal characters.
    #[wasm_bindgen(js_name = traceHash)]
    pub fn trace_hash(&self) -> String {
        cluster::trace_hash(&self.0.borrow())
    }

    /// A picture of what has happened, as an SVG document; without messages where the cluster is not recorded.
    pub fn svg(&self) -> String {
        self.0.borrow().timeline()
    }

    /// The simulated time, in microseconds.
    #[wasm_bindgen(js_name = nowUs, unchecked_return_type = "number | bigint")]
    pub fn now_us(&self) -> JsValue {
        count(self.0.borrow().now_us())
    }

    /// The JSON text of the schedule, for `replay` in any language.
    pub fn schedule(&self) -> String {
        self.0.borrow().schedule().to_json()
    }
}

/// A value of JavaScript that is read.
struct Js(JsValue);

impl Given for Js {
    type Error = Thrown;

    fn wrong(name: &str, problem: &str) -> Thrown {
        Thrown::argument(&camel_case(name), problem)
    }

    fn property(&self, name: &str) -> Result<Option<Self>> {
        Ok(convert::option(&self.0, &camel_case(name))?.filter(|value| !value.is_null()).map(Self))
    }

    fn is_bytes(&self) -> bool {
        convert::byte_array(&self.0, "").is_ok()
    }

    fn to_bytes(&self, name: &str) -> Result<Vec<u8>> {
        convert::bytes(&self.0, &camel_case(name))
    }

    fn to_text(&self, name: &str) -> Result<String> {
        convert::text(&self.0, &camel_case(name))
    }

    fn to_count(&self, name: &str) -> Result<u64> {
        let count = match self.0.as_f64() {
            Some(number) if number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&number) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the range was checked"
                )]
                let number = number as u64;
                Some(number)
            }
            Some(_) => None,
            None if self.0.is_bigint() => u64::try_from(self.0.clone()).ok(),
            None => None,
        };
        count.ok_or_else(|| Self::wrong(name, "must be an integer from 0, a bigint over 2^53 - 1"))
    }

    fn to_flag(&self, name: &str) -> Result<bool> {
        self.0.as_bool().ok_or_else(|| Self::wrong(name, "must be a boolean"))
    }

    fn to_items(&self, name: &str) -> Result<Vec<Self>> {
        Ok(convert::list(&self.0, &camel_case(name))?.iter().map(Self).collect())
    }
}

/// The name that JavaScript has for a property.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    })
}

fn to_js(made: Made) -> JsValue {
    match made {
        Made::Nothing => JsValue::NULL,
        Made::Count(number) => count(number),
        Made::Text(text) => JsValue::from_str(&text),
        Made::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        Made::List(items) => items.into_iter().map(to_js).collect::<Array>().into(),
        Made::Object(fields) => {
            let fields: Vec<(String, JsValue)> =
                fields.into_iter().map(|(name, value)| (camel_case(name), to_js(value))).collect();
            let fields: Vec<(&str, JsValue)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            convert::object(&fields).into()
        }
    }
}

/// A number where it is exact, else a bigint.
fn count(count: u64) -> JsValue {
    if count > MAX_SAFE {
        return count.into();
    }
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 - 1")]
    let number = count as f64;
    number.into()
}

fn number(member: &JsValue) -> Result<usize> {
    Ok(convert::integer(member, "member")? as usize)
}

/// The JSON text of a value.
fn json(value: &JsValue, name: &str) -> Result<String> {
    let text = JSON::stringify(value).map_err(|_| Thrown::argument(name, "must have a JSON form"))?;
    convert::text(&text.into(), name)
}
