//! The package `rust-consensus/pkg`: proofs that anybody can check, and one member of a cluster.
//!
//! What objects look like is said in `crate::consensus`.

use std::cell::RefCell;

use chrysalis_consensus::Bytes;
use wasm_bindgen::prelude::*;

use super::plain::{Js, to_js};
use crate::consensus::decision::decision;
use crate::consensus::member::{self, Member};
use crate::consensus::plain::Made;
use crate::consensus::proof;
use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/consensus/types.d.ts");

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
        to_js(Made::option(self.0.borrow().decision().map(decision)))
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
