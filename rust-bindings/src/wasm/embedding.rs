//! The package `rust-embedding`: similarity, an index that stays in the module, vectors of identity, compression; below this, the local
//! model and the service.
//!
//! A matrix crosses into the module once for all its rows, and an index's vectors once for all searches.

pub mod model;
mod runtime;
pub mod service;
mod transport;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use chrysalis_embedding::similarity::{self, Form, Hit, IndexOptions, Metric, Search, TopK};
use chrysalis_embedding::{compress, deterministic};
use js_sys::{Array, Float32Array, Float64Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{self, Numbers, object};
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/embedding/types.d.ts");

/// Calls `$work` with both vectors, as `f32` if both have these, else as `f64`.
macro_rules! pair {
    ($a:expr, $b:expr, $work:path) => {
        match (convert::numbers($a, "a")?, convert::numbers($b, "b")?) {
            (Numbers::F32(a), Numbers::F32(b)) => $work(&a, &b),
            (a, b) => $work(&a.into_f64(), &b.into_f64()),
        }
    };
}

/// The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length.
#[wasm_bindgen(js_name = cosineSimilarity)]
pub fn cosine_similarity(
    #[wasm_bindgen(unchecked_param_type = "Vector")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] b: JsValue,
) -> Result<f64> {
    Ok(pair!(&a, &b, similarity::cosine_similarity)?)
}

/// As `cosineSimilarity`, but 0 for vectors of different lengths and for empty ones.
#[wasm_bindgen(js_name = cosineSimilarityOrZero)]
pub fn cosine_similarity_or_zero(
    #[wasm_bindgen(unchecked_param_type = "Vector")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] b: JsValue,
) -> Result<f64> {
    Ok(pair!(&a, &b, similarity::cosine_similarity_or_zero))
}

/// The cosine of `query` with each of `targets`.
#[wasm_bindgen(js_name = cosineSimilarityBatch, unchecked_return_type = "number[]")]
pub fn cosine_similarity_batch(
    #[wasm_bindgen(unchecked_param_type = "Vector")] query: JsValue,
    #[wasm_bindgen(unchecked_param_type = "readonly Vector[]")] targets: JsValue,
) -> Result<Array> {
    let query = convert::numbers(&query, "query")?.into_f64();
    convert::list(&targets, "targets")?
        .iter()
        .map(|target| {
            let target = convert::numbers(&target, "targets")?.into_f64();
            Ok(JsValue::from(similarity::cosine_similarity(&query, &target)?))
        })
        .collect()
}

/// The dot product.
#[wasm_bindgen]
pub fn dot(
    #[wasm_bindgen(unchecked_param_type = "Vector")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] b: JsValue,
) -> Result<f64> {
    Ok(pair!(&a, &b, similarity::dot)?)
}

/// The distance between two points.
#[wasm_bindgen(js_name = euclideanDistance)]
pub fn euclidean_distance(
    #[wasm_bindgen(unchecked_param_type = "Vector")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] b: JsValue,
) -> Result<f64> {
    Ok(pair!(&a, &b, similarity::euclidean_distance)?)
}

/// The vector scaled to unit length; one without a length stays what it is.
#[wasm_bindgen(unchecked_return_type = "Float64Array")]
pub fn normalize(#[wasm_bindgen(unchecked_param_type = "Vector")] vector: JsValue) -> Result<Float64Array> {
    let vector = convert::numbers(&vector, "vector")?.into_f64();
    Ok(Float64Array::from(similarity::normalize(&vector).as_slice()))
}

/// The rows of `matrix`, one after another in it, that are nearest to `query`, the nearest first.
#[wasm_bindgen(js_name = topK, unchecked_return_type = "RowHit[]")]
pub fn top_k(
    #[wasm_bindgen(unchecked_param_type = "Vector")] query: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] matrix: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "TopKOptions")] options: JsValue,
) -> Result<Array> {
    let query = convert::numbers(&query, "query")?.into_f32();
    let dimension = query.len();
    Ok(top_k_of(&query, dimension, &matrix, &options)?.pop().unwrap_or_default())
}

/// `topK` for each of `queries`, which follow one another as the rows do.
#[wasm_bindgen(js_name = topKBatch, unchecked_return_type = "RowHit[][]")]
pub fn top_k_batch(
    #[wasm_bindgen(unchecked_param_type = "Vector")] queries: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] dimension: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Vector")] matrix: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "TopKOptions")] options: JsValue,
) -> Result<Array> {
    let queries = convert::numbers(&queries, "queries")?.into_f32();
    let dimension = convert::integer(&dimension, "dimension")? as usize;
    Ok(top_k_of(&queries, dimension, &matrix, &options)?.into_iter().collect())
}

fn top_k_of(queries: &[f32], dimension: usize, matrix: &JsValue, options: &JsValue) -> Result<Vec<Array>> {
    let matrix = convert::numbers(matrix, "matrix")?.into_f32();
    let rows = matrix.len().checked_div(dimension).unwrap_or(0);
    let counts = match convert::option(options, "filter")? {
        None => None,
        Some(filter) => {
            let accepts =
                |row| convert::accepts(&filter, &[JsValue::from(u32::try_from(row).unwrap_or(u32::MAX))]);
            Some((0..rows).map(accepts).collect::<Result<Vec<bool>>>()?)
        }
    };
    let filter = counts.as_ref().map(|counts| |row: usize| counts.get(row).copied().unwrap_or(false));
    let sought = TopK {
        k: convert::number(options, "k", 10)? as usize,
        metric: to_metric(options)?,
        threshold: convert::float(options, "threshold")?,
        filter: filter.as_ref().map(|filter| filter as &(dyn Fn(usize) -> bool + Sync)),
    };
    let found = similarity::top_k_batch(queries, dimension, &matrix, &sought)?;
    Ok(found.into_iter().map(|hits| hits.into_iter().map(to_row_hit).collect()).collect())
}

fn to_row_hit(Hit { row, score }: Hit) -> JsValue {
    let row = u32::try_from(row).unwrap_or(u32::MAX);
    object(&[("row", row.into()), ("score", score.into())]).into()
}

fn to_metric(options: &JsValue) -> Result<Metric> {
    match convert::option(options, "metric")? {
        None => Ok(Metric::default()),
        Some(name) => Metric::from_name(&convert::text(&name, "metric")?)
            .ok_or_else(|| Thrown::argument("metric", "must be 'cosine', 'dot' or 'euclidean'")),
    }
}

/// Vectors by id, which stay in the module. A vector with a component that is not finite is kept and never found.
#[wasm_bindgen]
pub struct VectorIndex(RefCell<Kept>);

struct Kept {
    index: similarity::VectorIndex,
    metadata: HashMap<String, JsValue>,
}

#[wasm_bindgen]
impl VectorIndex {
    /// An empty index.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "VectorIndexOptions")] options: JsValue,
    ) -> Result<VectorIndex> {
        let form = match convert::option(&options, "form")? {
            None => Form::default(),
            Some(name) => Form::from_name(&convert::text(&name, "form")?)
                .ok_or_else(|| Thrown::argument("form", "must be 'f32', 'f16', 'int8' or 'binary'"))?,
        };
        let index = similarity::VectorIndex::new(IndexOptions {
            max_entries: convert::number(&options, "maxEntries", 10_000)? as usize,
            metric: to_metric(&options)?,
            form,
            ..IndexOptions::new(convert::number(&options, "dimension", 0)? as usize)
        })?;
        Ok(Self(RefCell::new(Kept { index, metadata: HashMap::new() })))
    }

    /// Stores a vector under `id`. An entry of this id is replaced and keeps its place; a full index loses the entry that
    /// was inserted first.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Vector")] embedding: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "unknown")] metadata: JsValue,
    ) -> Result<()> {
        let id = convert::text(&id, "id")?;
        let embedding = convert::numbers(&embedding, "embedding")?.into_f32();
        let kept = &mut *self.0.borrow_mut();
        if let Some(evicted) = kept.index.add(&id, &embedding, ())? {
            kept.metadata.remove(&evicted);
        }
        kept.metadata.insert(id, metadata);
        Ok(())
    }

    /// Removes the entry of `id`; whether there was one.
    pub fn remove(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<bool> {
        let id = convert::text(&id, "id")?;
        let kept = &mut *self.0.borrow_mut();
        kept.metadata.remove(&id);
        Ok(kept.index.remove(&id).is_some())
    }

    /// The entries nearest to `query`, the nearest first; equal ones in the order of insertion.
    #[wasm_bindgen(unchecked_return_type = "IndexHit[]")]
    pub fn search(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Vector")] query: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "SearchOptions")] options: JsValue,
    ) -> Result<Array> {
        let query = convert::numbers(&query, "query")?.into_f32();
        let limit = convert::float(&options, "limit")?.unwrap_or(10.0);
        let filter = convert::option(&options, "filter")?;
        let threshold = convert::float(&options, "threshold")?;
        // The filter is called before anything is borrowed: it may use this index.
        let refused = match filter {
            None => None,
            Some(filter) => Some(self.refused(&filter)?),
        };
        let kept = self.0.borrow();
        let metric = kept.index.options().metric;
        let search = Search {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates; none below 1"
            )]
            limit: limit as usize,
            threshold: threshold.or((metric != Metric::Euclidean).then_some(0.0)),
            threads: 1,
        };
        let accepted = |id: &str, (): &()| refused.as_ref().is_none_or(|refused| !refused.contains(id));
        let hits = kept.index.search_where(&query, &search, accepted)?;
        Ok(hits
            .into_iter()
            .map(|hit| {
                let metadata = kept.metadata.get(hit.id).cloned().unwrap_or_default();
                object(&[("id", hit.id.into()), ("score", hit.score.into()), ("metadata", metadata)])
            })
            .collect())
    }

    /// The ids that the filter does not accept.
    fn refused(&self, filter: &JsValue) -> Result<HashSet<String>> {
        let entries: Vec<(String, JsValue)> = {
            let kept = self.0.borrow();
            let metadata = |id: &str| kept.metadata.get(id).cloned().unwrap_or_default();
            kept.index.ids().map(|id| (id.to_owned(), metadata(id))).collect()
        };
        let mut refused = HashSet::new();
        for (id, metadata) in entries {
            if !convert::accepts(filter, &[JsValue::from_str(&id), metadata])? {
                refused.insert(id);
            }
        }
        Ok(refused)
    }

    /// Whether there is an entry of this id.
    pub fn has(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<bool> {
        Ok(self.0.borrow().index.has(&convert::text(&id, "id")?))
    }

    /// The entry of this id, its vector as it is kept.
    #[wasm_bindgen(unchecked_return_type = "IndexEntry | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        let id = convert::text(&id, "id")?;
        let kept = self.0.borrow();
        Ok(kept.index.entry(&id).map_or(JsValue::UNDEFINED, |(vector, ())| {
            let embedding = Float32Array::from(vector.as_slice());
            let metadata = kept.metadata.get(&id).cloned().unwrap_or_default();
            object(&[("id", id.as_str().into()), ("embedding", embedding.into()), ("metadata", metadata)])
                .into()
        }))
    }

    /// All ids, in the order of insertion.
    #[wasm_bindgen(js_name = getIds, unchecked_return_type = "string[]")]
    pub fn ids(&self) -> Array {
        self.0.borrow().index.ids().map(JsValue::from_str).collect()
    }

    /// Removes all entries.
    pub fn clear(&self) {
        let kept = &mut *self.0.borrow_mut();
        kept.index.clear();
        kept.metadata.clear();
    }

    /// How many entries there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.borrow().index.len()
    }
}

/// The deterministic vector of a text: identity, not meaning. The same in every language.
#[wasm_bindgen(js_name = deterministicVector, unchecked_return_type = "Float32Array")]
pub fn deterministic_vector(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "DeterministicOptions")] options: JsValue,
) -> Result<Float32Array> {
    let text = convert::text(&text, "text")?;
    let reduction = match convert::option(&options, "reduction")? {
        None => deterministic::Reduction::default(),
        Some(name) => deterministic::Reduction::from_name(&convert::text(&name, "reduction")?)
            .ok_or_else(|| Thrown::argument("reduction", "must be 'avx512' or 'avx2'"))?,
    };
    let dimension = convert::number(&options, "dimension", 1024)? as usize;
    Ok(Float32Array::from(deterministic::derive_vector(&text, dimension, reduction)?.as_slice()))
}

/// The hash vector of a text, as `createHashEmbeddingProvider` makes it: identity, not meaning.
#[wasm_bindgen(js_name = hashVector, unchecked_return_type = "Float64Array")]
pub fn hash_vector(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number")] dimension: JsValue,
) -> Result<Float64Array> {
    let text = convert::text(&text, "text")?;
    let dimension = if dimension.is_undefined() { 384 } else { convert::integer(&dimension, "dimension")? };
    Ok(Float64Array::from(deterministic::derive_hash_vector(&text, dimension as usize)?.as_slice()))
}

/// A payload as a Zstandard frame; `null` below `minBytes` (2048 by default) and where it does not become smaller. A string is
/// compressed as UTF-8, any other value as its JSON text. The module compresses at one strength, about that of level 1, whatever
/// level is asked for.
#[wasm_bindgen(js_name = compressPayloadZstd, unchecked_return_type = "CompressedPayload | null")]
pub fn compress_payload_zstd(
    #[wasm_bindgen(unchecked_param_type = "unknown")] value: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number")] min_bytes: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number")] level: JsValue,
) -> Result<JsValue> {
    let payload = convert::payload(&value, "value")?;
    let min_bytes = if min_bytes.is_undefined() {
        compress::DEFAULT_MIN_BYTES
    } else {
        convert::integer(&min_bytes, "minBytes")? as usize
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and levels are clamped")]
    let level = match level.as_f64() {
        Some(level) => level as i32,
        None if level.is_undefined() => compress::DEFAULT_LEVEL,
        None => return Err(Thrown::argument("level", "must be a number")),
    };
    Ok(compress::compress_payload(&payload, min_bytes, level).map_or(JsValue::NULL, |payload| {
        let sizes = [payload.original_bytes, payload.data.len()].map(|size| JsValue::from(size as f64));
        let [original, compressed] = sizes;
        object(&[
            ("data", Uint8Array::from(payload.data.as_slice()).into()),
            ("originalBytes", original),
            ("compressedBytes", compressed),
            ("compressionRatio", payload.ratio().into()),
            ("encoding", "zstd".into()),
        ])
        .into()
    }))
}

/// What is in Zstandard frames, if it has at most `limit` bytes (64 MiB by default) and a thousand times theirs.
#[wasm_bindgen(js_name = decompressZstd, unchecked_return_type = "Uint8Array<ArrayBuffer>")]
pub fn decompress_zstd(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "number")] limit: JsValue,
) -> Result<Uint8Array> {
    let data = convert::bytes(&data, "data")?;
    let limit = if limit.is_undefined() {
        compress::DEFAULT_LIMIT_BYTES
    } else {
        convert::integer(&limit, "limit")? as usize
    };
    Ok(Uint8Array::from(compress::decompress_payload(&data, limit)?.as_slice()))
}

/// As `decompressZstd` with its default limit; `null` for what is damaged or greater.
#[wasm_bindgen(js_name = decompressPayloadZstd, unchecked_return_type = "Uint8Array<ArrayBuffer> | null")]
pub fn decompress_payload_zstd(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
) -> Result<JsValue> {
    let data = convert::bytes(&data, "data")?;
    Ok(compress::decompress_payload(&data, compress::DEFAULT_LIMIT_BYTES)
        .map_or(JsValue::NULL, |payload| Uint8Array::from(payload.as_slice()).into()))
}

/// The numbers of a stored vector: `f32` or `f64`, little-endian, or a JSON list.
#[wasm_bindgen(js_name = readVectorBlob, unchecked_return_type = "Float64Array")]
pub fn read_vector_blob(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] blob: JsValue,
    #[wasm_bindgen(unchecked_param_type = "'f32' | 'f64' | 'json'")] form: JsValue,
) -> Result<Float64Array> {
    let blob = convert::bytes(&blob, "blob")?;
    let vector = match convert::text(&form, "form")?.as_str() {
        "f32" => similarity::read_f32_blob(&blob)?.into_iter().map(f64::from).collect(),
        "f64" => similarity::read_f64_blob(&blob)?,
        "json" => similarity::read_json_blob(&blob)?,
        _ => return Err(Thrown::argument("form", "must be 'f32', 'f64' or 'json'")),
    };
    Ok(Float64Array::from(vector.as_slice()))
}
