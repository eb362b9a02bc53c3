//! The local model: its files come as bytes, the weights in pieces.

use std::cell::RefCell;
use std::num::NonZero;
use std::sync::Arc;

use chrysalis_crypto::hex;
use chrysalis_embedding::Normalisation;
use chrysalis_embedding::model::{self, Encoded, ModelFiles, Overflow, Precision};
use chrysalis_embedding::space::Space;
use js_sys::{Float32Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::convert::{self, object};
use crate::error::{Result, Thrown};

/// Makes a model of its files: first all but the weights, then the weights in pieces, then the model.
#[wasm_bindgen(skip_typescript)]
pub struct ModelLoader(RefCell<Loading>);

enum Loading {
    Files { files: ModelFiles, precision: Precision },
    Weights(Box<model::ModelLoader>),
    Over,
}

#[wasm_bindgen]
impl ModelLoader {
    /// A loader for a model of this precision.
    #[wasm_bindgen(constructor)]
    pub fn new(precision: JsValue) -> Result<ModelLoader> {
        let precision = if precision.is_undefined() {
            Precision::Int8Canonical
        } else {
            match convert::text(&precision, "precision")?.as_str() {
                "int8-canonical" => Precision::Int8Canonical,
                "f32" => Precision::F32,
                _ => return Err(Thrown::argument("precision", "must be 'int8-canonical' or 'f32'")),
            }
        };
        Ok(Self(RefCell::new(Loading::Files { files: ModelFiles::default(), precision })))
    }

    /// Takes a file other than the weights, which must have the SHA-256 if one is given.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&self, name: JsValue, bytes: JsValue, sha256: JsValue) -> Result<()> {
        let (name, bytes) = (convert::text(&name, "name")?, convert::bytes(&bytes, "bytes")?);
        let Loading::Files { files, .. } = &mut *self.0.borrow_mut() else { return Err(out_of_order()) };
        Ok(files.insert(&name, bytes, digest(&sha256)?)?)
    }

    /// Takes the next bytes of the weights.
    #[wasm_bindgen(js_name = pushWeights)]
    pub fn push_weights(&self, bytes: JsValue) -> Result<()> {
        let bytes = convert::bytes(&bytes, "bytes")?;
        let loading = &mut *self.0.borrow_mut();
        if let Loading::Files { files, precision } = loading {
            *loading = Loading::Weights(Box::new(model::ModelLoader::new(files, *precision)?));
        }
        let Loading::Weights(loader) = loading else { return Err(out_of_order()) };
        Ok(loader.push(&bytes)?)
    }

    /// The model, if the weights have the SHA-256 that is given.
    pub fn finish(&self, sha256: JsValue, truncates: bool) -> Result<LocalModel> {
        let expected = digest(&sha256)?;
        let loader = match self.0.replace(Loading::Over) {
            Loading::Weights(loader) => *loader,
            // Without weights: what is said then is the loader's to say.
            Loading::Files { files, precision } => model::ModelLoader::new(&files, precision)?,
            Loading::Over => return Err(out_of_order()),
        };
        let model = match expected {
            Some(expected) => loader.finish_checked(expected),
            None => loader.finish(),
        }?;
        let overflow = if truncates { Overflow::Truncate } else { Overflow::Refuse };
        Ok(LocalModel(Arc::new(model.with_overflow(overflow))))
    }
}

fn out_of_order() -> Thrown {
    Thrown::argument("loader", "must be given the weights behind the other files, and nothing afterwards")
}

fn digest(value: &JsValue) -> Result<Option<[u8; 32]>> {
    if value.is_undefined() {
        return Ok(None);
    }
    let text = convert::text(value, "sha256")?;
    hex::decode_array(&text)
        .map(Some)
        .map_err(|_| Thrown::argument("sha256", "must be 64 hexadecimal digits"))
}

/// A model in this thread.
#[wasm_bindgen(skip_typescript)]
pub struct LocalModel(pub(super) Arc<model::LocalModel>);

#[wasm_bindgen]
impl LocalModel {
    /// The vector of a text.
    pub fn encode(&self, text: JsValue) -> Result<Float32Array> {
        let text = convert::text(&text, "text")?;
        Ok(Float32Array::from(self.0.encode(&text)?.vector.as_slice()))
    }

    /// The vector of a text with the number of its tokens.
    #[wasm_bindgen(js_name = encodeDetailed)]
    pub fn encode_detailed(&self, text: JsValue) -> Result<Object> {
        let text = convert::text(&text, "text")?;
        let Encoded { vector, tokens, truncated } = self.0.encode(&text)?;
        let vector = Float32Array::from(vector.as_slice()).into();
        Ok(object(&[("vector", vector), ("tokens", tokens.into()), ("truncated", truncated.into())]))
    }

    /// The vectors of texts, one behind the other.
    #[wasm_bindgen(js_name = encodeFlat)]
    pub fn encode_flat(&self, texts: JsValue) -> Result<Float32Array> {
        let texts = convert::texts(&texts, "texts")?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let count = texts.len().checked_mul(self.0.dimensions()).and_then(|count| u32::try_from(count).ok());
        let count = count.ok_or_else(|| Thrown::argument("texts", "must not be so many"))?;
        let flat = Float32Array::new_with_length(count);
        let mut at = 0;
        // A pass at a time: what is in the module is small, however many texts there are.
        for (part, texts) in texts.chunks(PASS_TEXTS).enumerate() {
            for (place, outcome) in self.0.encode_batch(texts, NonZero::<usize>::MIN).into_iter().enumerate()
            {
                let vector =
                    outcome.map_err(|error| Thrown::from(error).at(part * PASS_TEXTS + place))?.vector;
                let end = at + u32::try_from(vector.len()).expect("as many numbers as were counted");
                flat.subarray(at, end).copy_from(&vector);
                at = end;
            }
        }
        Ok(flat)
    }

    /// How many tokens a text has, the two that mark its ends counted in, whatever the limit.
    #[wasm_bindgen(js_name = countTokens)]
    pub fn count_tokens(&self, text: JsValue) -> Result<usize> {
        Ok(self.0.count_tokens(&convert::text(&text, "text")?))
    }

    /// Numbers of a vector.
    #[wasm_bindgen(getter)]
    pub fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// The most tokens of a text.
    #[wasm_bindgen(getter, js_name = maxTokens)]
    pub fn max_tokens(&self) -> usize {
        self.0.max_tokens()
    }

    /// The space of the vectors.
    #[wasm_bindgen(getter)]
    pub fn space(&self) -> Result<Object> {
        Ok(to_space(&Space::new(self.0.space_fields())?))
    }

    /// The canonical bytes of the space.
    #[wasm_bindgen(getter, js_name = spaceBytes)]
    pub fn space_bytes(&self) -> Result<Uint8Array> {
        Ok(Uint8Array::from(Space::new(self.0.space_fields())?.to_bytes().as_slice()))
    }
}

/// Texts that are given to the model at a time.
const PASS_TEXTS: usize = 64;

/// A space, as JavaScript has it.
pub(super) fn to_space(space: &Space) -> Object {
    let fields = space.fields();
    let normalisation = match fields.normalisation {
        Normalisation::AsGiven => "as-given",
        Normalisation::Unit => "unit",
    };
    object(&[
        ("id", space.id().to_string().into()),
        ("provider", fields.provider.as_str().into()),
        ("model", fields.model.as_str().into()),
        ("weights", fields.weights.map(|digest| hex::encode(&digest)).into()),
        ("dimensions", fields.dimensions.into()),
        ("engine", fields.engine.as_str().into()),
        ("preprocessing", fields.preprocessing.as_str().into()),
        ("normalisation", normalisation.into()),
    ])
}
