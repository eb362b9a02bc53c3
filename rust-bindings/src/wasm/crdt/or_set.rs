//! Observed-remove sets.

use std::cell::RefCell;

use chrysalis_crdt as crdt;
use crdt::or_set::MergeJob as Job;
use crdt::{CrdtError, Dot};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, list_to_js, record, texts_to_js, to_js};
use super::writers::writer;
use crate::convert;
use crate::error::{Result, Thrown};

/// A set with add and remove. An addition wins over a concurrent removal; nothing of a removal stays.
///
/// `actor` says who adds: an actor id, under which this process has a key of its own, or a key from `resumeWriter`.
#[wasm_bindgen]
#[derive(Default)]
pub struct ORSet(crdt::OrSet);

state!(ORSet, crdt::OrSet);

#[wasm_bindgen]
impl ORSet {
    /// The empty set.
    #[wasm_bindgen(constructor)]
    pub fn new() -> ORSet {
        Self(crdt::OrSet::new())
    }

    /// The empty set.
    pub fn empty() -> ORSet {
        Self::new()
    }

    /// The set with a value. Replaces the additions of the value that are seen here.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<ORSet> {
        let (value, writer) = (values::value(&value, "value")?, writer(&actor)?);
        self.changed(|set| set.add(&writer, value))
    }

    /// The set with many values.
    #[wasm_bindgen(js_name = addMany)]
    pub fn add_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly CrdtValue[]")] values: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<ORSet> {
        let (values, writer) = (values::values(&values, "values")?, writer(&actor)?);
        self.changed(|set| set.add_all(&writer, values))
    }

    /// The set with a value under a tag of the caller's. Throws where the tag stands for another value.
    #[wasm_bindgen(js_name = addWithTag)]
    pub fn add_with_tag(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] tag: JsValue,
    ) -> Result<ORSet> {
        let (value, tag) = (values::value(&value, "value")?, convert::text(&tag, "tag")?);
        self.changed(|set| set.add_with_tag(value, &tag))
    }

    /// The set with a value under a new tag, beside the tags it has; and that tag.
    #[wasm_bindgen(js_name = addTagged, unchecked_return_type = "{ set: ORSet; tag: string }")]
    pub fn add_tagged(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<JsValue> {
        let (value, writer) = (values::value(&value, "value")?, writer(&actor)?);
        let mut set = self.0.clone();
        let (dot, _) = set.add_tagged(&writer, value)?;
        Ok(super::object(&[("set", Self(set).into()), ("tag", dot.to_string().into())]).into())
    }

    /// The set without a value.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<ORSet> {
        let value = values::value(&value, "value")?;
        self.changed(|set| Ok::<_, CrdtError>(set.remove(&value)))
    }

    /// The set without many values.
    #[wasm_bindgen(js_name = removeMany)]
    pub fn remove_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly CrdtValue[]")] values: JsValue,
    ) -> Result<ORSet> {
        let values = values::values(&values, "values")?;
        self.changed(|set| {
            values.iter().for_each(|value| drop(set.remove(value)));
            Ok::<_, CrdtError>(())
        })
    }

    /// The set without these tags of a value. The value stays while it has another one; unknown tags change nothing.
    #[wasm_bindgen(js_name = removeTags)]
    pub fn remove_tags(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Iterable<string>")] tags: JsValue,
    ) -> Result<ORSet> {
        let value = values::value(&value, "value")?;
        let wrong = || Thrown::argument("tags", "must be strings");
        let tags = if convert::list(&tags, "tags").is_ok() {
            tags
        } else {
            js_sys::try_iter(&tags)
                .ok()
                .flatten()
                .filter(|_| !tags.is_string())
                .ok_or_else(wrong)?
                .collect::<std::result::Result<js_sys::Array, _>>()
                .map_err(|_| wrong())?
                .into()
        };
        let mut dots = Vec::new();
        for tag in values::values(&tags, "tags")? {
            let tag = tag.as_text().ok_or_else(wrong)?;
            // A tag that looks like a dot may be an imported one: its dot is made from its text all the same.
            dots.extend([Dot::of_tag(tag), Dot::of_legacy_tag(tag)]);
        }
        self.changed(|set| Ok::<_, CrdtError>(set.remove_tags(&value, &dots)))
    }

    /// Whether a value is in the set.
    pub fn contains(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<bool> {
        Ok(self.0.contains(&values::value(&value, "value")?))
    }

    /// The same as `contains`.
    pub fn has(&self, #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue) -> Result<bool> {
        self.contains(value)
    }

    /// The values, each once, in the order of their encodings.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue[]")]
    pub fn values(&self) -> Result<JsValue> {
        let values: Vec<crdt::Value> = self.0.elements().collect();
        list_to_js(&values)
    }

    /// The same as `values`.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue[]")]
    pub fn elements(&self) -> Result<JsValue> {
        self.values()
    }

    /// The tags of a value: `actorKey:counter`, one for each addition that nobody has removed.
    #[wasm_bindgen(js_name = getTags, unchecked_return_type = "string[]")]
    pub fn get_tags(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<JsValue> {
        texts_to_js(self.0.tags(&values::value(&value, "value")?).map(|dot| dot.to_string()))
    }

    /// How many values there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// Begins a merge that is done a little at a time.
    #[wasm_bindgen(js_name = startMerge)]
    pub fn start_merge(&self, other: &ORSet) -> MergeJob {
        MergeJob(RefCell::new(Some(Job::new(self.0.clone(), other.0.clone()))))
    }

    /// What merging another set would change: what would come, what would go, and what both sides changed.
    #[wasm_bindgen(
        unchecked_return_type = "{ added: CrdtValue[]; removed: CrdtValue[]; contested: CrdtValue[] }"
    )]
    pub fn preview(&self, other: &ORSet) -> Result<JsValue> {
        let preview = self.0.preview(&other.0)?;
        to_js(&record([
            ("added", crdt::Value::Array(preview.added)),
            ("removed", crdt::Value::Array(preview.removed)),
            ("contested", crdt::Value::Array(preview.contested)),
        ]))
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
    pub fn finish(&self) -> Result<ORSet> {
        let mut state = self.0.borrow_mut();
        while !state.as_mut().ok_or_else(finished)?.step(usize::MAX)? {}
        Ok(ORSet(state.take().ok_or_else(finished)?.into_set()))
    }
}

fn finished() -> Thrown {
    Thrown::argument("job", "is over")
}
