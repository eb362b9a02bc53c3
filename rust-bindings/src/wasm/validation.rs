//! Numbers of which some are wrong, and votes on memories, in the package `rust-consensus/pkg`.

use std::collections::BTreeMap;

use chrysalis_consensus::tally::SupermajorityChecker as Checker;
use chrysalis_consensus::{NodeId, aggregate, validation};
use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

use super::plain::{Js, count};
use crate::consensus::plain::Given as _;
use crate::consensus::proof;
use crate::consensus::validation::{Given, fingerprint, named, sign, votes as read};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// What members' numbers and votes amount to. Votes count where a member signed them; values that are no numbers throw.
#[wasm_bindgen]
pub struct ByzantineMemoryValidator;

#[wasm_bindgen]
impl ByzantineMemoryValidator {
    /// `2n / 3 + 1` in whole numbers: the smallest number of equal members that is more than two thirds.
    #[wasm_bindgen(js_name = calculateThreshold, unchecked_return_type = "Count")]
    pub fn calculate_threshold(
        #[wasm_bindgen(unchecked_param_type = "number")] total: JsValue,
    ) -> Result<JsValue> {
        let total = convert::integer(&total, "totalInstances")?;
        Ok(count(validation::calculate_threshold(total as usize) as u64))
    }

    /// The mean without the `f` lowest and the `f` highest: with at most `f` wrong values it lies among the right ones. Throws
    /// `consensus/too-few-values` for `2f` values or fewer.
    #[wasm_bindgen(js_name = robustMean)]
    pub fn robust_mean(
        #[wasm_bindgen(unchecked_param_type = "Float64Array | readonly number[]")] values: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] f: JsValue,
    ) -> Result<f64> {
        let f = convert::integer(&f, "f")? as usize;
        Ok(aggregate::robust_mean(&numbers(&values)?, f)?)
    }

    /// The mean without that share of the values on each side, 0.2 by default; 0 of nothing. Bounds nothing: `robustMean` does.
    #[wasm_bindgen(js_name = trimmedMean)]
    pub fn trimmed_mean(
        #[wasm_bindgen(unchecked_param_type = "Float64Array | readonly number[]")] values: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] trim_percent: JsValue,
    ) -> Result<f64> {
        let share = optional(&trim_percent, "trimPercent", 0.2)?;
        Ok(aggregate::trimmed_mean(&numbers(&values)?, share)?)
    }

    /// The value in the middle, or the mean of the two there; 0 of nothing.
    pub fn median(
        #[wasm_bindgen(unchecked_param_type = "Float64Array | readonly number[]")] values: JsValue,
    ) -> Result<f64> {
        let values = numbers(&values)?;
        Ok(if values.is_empty() { 0.0 } else { aggregate::median(&values)? })
    }

    /// The most frequent value, of several the first; 0 of nothing.
    pub fn mode(
        #[wasm_bindgen(unchecked_param_type = "Float64Array | readonly number[]")] values: JsValue,
    ) -> Result<f64> {
        let values = numbers(&values)?;
        Ok(if values.is_empty() { 0.0 } else { aggregate::mode(&values)? })
    }

    /// The signature of a vote, on the memory with this fingerprint of 32 bytes.
    #[wasm_bindgen(js_name = signVote)]
    pub fn sign_vote(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] fingerprint: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Omit<ValidationVote, 'signature'>")] vote: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] signing_key: JsValue,
    ) -> Result<Vec<u8>> {
        scrubbed(|| {
            let fingerprint = convert::bytes(&fingerprint, "fingerprint")?;
            let (name, confidence, timestamp, _) = vote_of(Js(vote))?;
            let key = zeroize::Zeroizing::new(convert::bytes(&signing_key, "signingKey")?);
            Ok(sign(&fingerprint, &name, confidence, timestamp, &key)?.to_vec())
        })
    }

    /// Weighs the votes of members on the memory with this fingerprint of 32 bytes. Votes that are not a member's, not signed or
    /// out of range are left out; one of at least `supporting`, 0.5 by default, is for the memory.
    #[wasm_bindgen(js_name = validateMemory, unchecked_return_type = "ByzantineValidation")]
    pub fn validate_memory(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] fingerprint: JsValue,
        #[wasm_bindgen(unchecked_param_type = "readonly ValidationVote[]")] votes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Validators")] members: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] supporting: JsValue,
    ) -> Result<JsValue> {
        let members = proof::set(&Js(members), "members")?;
        let fingerprint = self::fingerprint(&convert::bytes(&fingerprint, "fingerprint")?)?;
        let supporting = optional(&supporting, "supporting", validation::SUPPORTING_CONFIDENCE)?;
        let votes = read(votes_of(votes)?);
        let found = validation::validate_memory(&fingerprint, &votes, &members, supporting)?;
        let scores: Array = found.confidence_scores.iter().map(|score| JsValue::from_f64(*score)).collect();
        Ok(convert::object(&[
            ("verifiedBy", names(&found.verified_by).into()),
            ("confidenceScores", scores.into()),
            ("trimmedMean", found.trimmed_mean.into()),
            ("median", found.median.into()),
            ("threshold", found.threshold.into()),
            ("requiredVotes", count(found.required_votes as u64)),
            ("byzantine", names(&found.byzantine).into()),
        ])
        .into())
    }

    /// The members that signed two votes for one time. A low confidence alone proves nothing.
    #[wasm_bindgen(js_name = detectByzantineNodes, unchecked_return_type = "string[]")]
    pub fn detect_byzantine_nodes(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] fingerprint: JsValue,
        #[wasm_bindgen(unchecked_param_type = "readonly ValidationVote[]")] votes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Validators")] members: JsValue,
    ) -> Result<JsValue> {
        let members = proof::set(&Js(members), "members")?;
        let fingerprint = self::fingerprint(&convert::bytes(&fingerprint, "fingerprint")?)?;
        let votes = read(votes_of(votes)?);
        Ok(names(&validation::detect_byzantine_nodes(&fingerprint, &votes, &members)).into())
    }

    /// Mean without extremes, median, and whether sources with a quorum of the members' power took part.
    #[wasm_bindgen(js_name = aggregateKnowledgeConfidence, unchecked_return_type = "[number, number, boolean]")]
    pub fn aggregate_knowledge_confidence(
        #[wasm_bindgen(unchecked_param_type = "Readonly<Record<string, number>>")] confidences: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Validators")] members: JsValue,
    ) -> Result<JsValue> {
        let members = proof::set(&Js(members), "members")?;
        let confidences = named(by_name(&confidences, "sourceConfidences", JsValue::as_f64)?)?;
        let (mean, median, reached) = validation::aggregate_knowledge_confidence(&confidences, &members)?;
        Ok(Array::of3(&mean.into(), &median.into(), &reached.into()).into())
    }

    /// The mean of confidences weighted by instance; one without a weight weighs 1.
    #[wasm_bindgen(js_name = weightedConfidence)]
    pub fn weighted_confidence(
        #[wasm_bindgen(unchecked_param_type = "Readonly<Record<string, number>>")] confidences: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Readonly<Record<string, number>>")] weights: JsValue,
    ) -> Result<f64> {
        let confidences = named(by_name(&confidences, "confidences", JsValue::as_f64)?)?;
        let weights = named(by_name(&weights, "instanceWeights", JsValue::as_f64)?)?;
        Ok(validation::weighted_confidence(&confidences, &weights)?)
    }
}

/// Strict majorities: exactly the threshold is not enough, and of no votes there is none.
#[wasm_bindgen]
pub struct SupermajorityChecker;

#[wasm_bindgen]
impl SupermajorityChecker {
    /// Whether more than `threshold` of the votes are yes: 2/3 by default, 0.5 to 1; of 1, all.
    #[wasm_bindgen(js_name = hasSupermajority)]
    pub fn has_supermajority(
        #[wasm_bindgen(unchecked_param_type = "readonly boolean[]")] votes: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] threshold: JsValue,
    ) -> Result<bool> {
        let checker = Checker::new(optional(&threshold, "threshold", 2.0 / 3.0)?)?;
        let votes: Vec<bool> = convert::list(&votes, "votes")?
            .iter()
            .map(|vote| vote.as_bool().ok_or_else(|| Thrown::argument("votes", "must be booleans")))
            .collect::<Result<_>>()?;
        Ok(checker.has_supermajority(&votes))
    }

    /// Whether more than `requiredThreshold` of the votes are yes, how many are, and how many it takes.
    #[wasm_bindgen(js_name = consensusDecision, unchecked_return_type = "[boolean, number, number]")]
    pub fn consensus_decision(
        #[wasm_bindgen(unchecked_param_type = "Readonly<Record<string, boolean>>")] votes: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] required_threshold: JsValue,
    ) -> Result<JsValue> {
        let checker = Checker::new(optional(&required_threshold, "requiredThreshold", 2.0 / 3.0)?)?;
        let (decision, yes, required) =
            checker.consensus_decision(&named(by_name(&votes, "votes", JsValue::as_bool)?)?);
        Ok(Array::of3(&decision.into(), &count(yes as u64), &count(required as u64)).into())
    }
}

fn numbers(values: &JsValue) -> Result<Vec<f64>> {
    Ok(convert::numbers(values, "values")?.into_f64())
}

fn optional(value: &JsValue, name: &str, default: f64) -> Result<f64> {
    if value.is_undefined() {
        return Ok(default);
    }
    value.as_f64().ok_or_else(|| Thrown::argument(name, "must be a number"))
}

fn names<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Array {
    ids.into_iter().map(|id| JsValue::from_str(id.as_str())).collect()
}

fn votes_of(votes: JsValue) -> Result<Vec<Given>> {
    Js(votes).to_items("votes")?.into_iter().map(vote_of).collect()
}

fn vote_of(vote: Js) -> Result<Given> {
    let number = |name: &str| {
        let value = vote.required(name)?.0;
        value.as_f64().ok_or_else(|| Js::wrong(name, "must be a number"))
    };
    let signature = vote.property("signature")?.map(|bytes| bytes.to_bytes("signature")).transpose()?;
    Ok((vote.text("instance_id")?, number("confidence")?, number("timestamp")?, signature))
}

/// The own properties of an object, each of one kind.
fn by_name<V>(
    object: &JsValue,
    name: &str,
    read: impl Fn(&JsValue) -> Option<V>,
) -> Result<BTreeMap<String, V>> {
    let wrong = || Thrown::argument(name, "must be an object with a value of one kind for each name");
    if !object.is_object() {
        return Err(wrong());
    }
    let object: &Object = object.unchecked_ref();
    let mut found = BTreeMap::new();
    for key in Object::keys(object).iter() {
        let value = js_sys::Reflect::get(object, &key).map_err(|_| wrong())?;
        found.insert(convert::text(&key, name)?, read(&value).ok_or_else(wrong)?);
    }
    Ok(found)
}
