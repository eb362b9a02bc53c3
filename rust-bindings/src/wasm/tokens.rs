//! The entry `rust-embedding/pkg/tokens`: counting tokens, fitting conversations, cutting documents; apart from the rest because
//! the vocabularies weigh nearly two megabytes.

use std::cell::RefCell;

use chrysalis_embedding::chunk::{ChunkOptions, chunk_text as chunk};
use chrysalis_embedding::compact::{Budget, Message, compact};
use chrysalis_embedding::tokens::{self, Encoding, Special, SpecialNames, Tokenizer};
use js_sys::{Array, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use crate::convert::{self, object};
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/tokens/types.d.ts");

fn tokenizer(model: &JsValue) -> Result<&'static Tokenizer> {
    Ok(encoding(model)?.tokenizer())
}

fn encoding(model: &JsValue) -> Result<Encoding> {
    Ok(Encoding::for_model(&convert::text(model, "model")?)?)
}

fn count(number: usize) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "a module's memory has fewer tokens")]
    let number = number as f64;
    number.into()
}

/// The name of the encoding that a model uses; `model` may name an encoding itself. Throws for an unknown one.
#[wasm_bindgen(js_name = encodingForModel, unchecked_return_type = "EncodingName")]
pub fn encoding_for_model(#[wasm_bindgen(unchecked_param_type = "string")] model: JsValue) -> Result<String> {
    Ok(encoding(&model)?.name().to_owned())
}

/// How many tokens a text has for a model or an encoding. Special tokens are text unless `options` say otherwise.
#[wasm_bindgen(js_name = countTokens)]
pub fn count_tokens(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "SpecialOptions")] options: JsValue,
) -> Result<usize> {
    let tokenizer = tokenizer(&model)?;
    let text = convert::text(&text, "text")?;
    with_special(&options, |special| Ok(tokenizer.count_with(&text, special)?))
}

/// `countTokens` of each text.
#[wasm_bindgen(js_name = countTokensBatch, unchecked_return_type = "number[]")]
pub fn count_tokens_batch(
    #[wasm_bindgen(unchecked_param_type = "readonly string[]")] texts: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<Array> {
    let tokenizer = tokenizer(&model)?;
    convert::list(&texts, "texts")?
        .iter()
        .map(|text| Ok(count(tokenizer.count(&convert::text(&text, "texts")?))))
        .collect()
}

/// As `countTokens`; for an unknown model the count is estimated, and says so.
#[wasm_bindgen(js_name = countTokensOrEstimate, unchecked_return_type = "TokenCount")]
pub fn count_tokens_or_estimate(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<Object> {
    let (text, model) = (convert::text(&text, "text")?, convert::text(&model, "model")?);
    let counted = tokens::count_tokens_or_estimate(&text, &model);
    Ok(object(&[
        ("count", count(counted.count)),
        ("approximate", counted.approximate.into()),
        ("encoding", counted.encoding.map_or(JsValue::NULL, |encoding| encoding.name().into())),
    ]))
}

/// A guess without a vocabulary: a quarter of the Unicode characters, rounded up.
#[wasm_bindgen(js_name = approximateTokens)]
pub fn approximate_tokens(#[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<usize> {
    Ok(tokens::approximate_tokens(&convert::text(&text, "text")?))
}

/// The tokens of a value's compact JSON text.
#[wasm_bindgen(js_name = estimateJsonTokens)]
pub fn estimate_json_tokens(
    #[wasm_bindgen(unchecked_param_type = "unknown")] value: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<usize> {
    let tokenizer = tokenizer(&model)?;
    Ok(tokenizer.count(&convert::json(&value, "value")?))
}

/// The tokens of a text.
#[wasm_bindgen(unchecked_return_type = "Uint32Array<ArrayBuffer>")]
pub fn encode(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "SpecialOptions")] options: JsValue,
) -> Result<Uint32Array> {
    let tokenizer = tokenizer(&model)?;
    let text = convert::text(&text, "text")?;
    let tokens = with_special(&options, |special| Ok(tokenizer.encode_with(&text, special)?))?;
    Ok(Uint32Array::from(tokens.as_slice()))
}

/// The text of tokens; what is not UTF-8 in it becomes U+FFFD.
#[wasm_bindgen]
pub fn decode(
    #[wasm_bindgen(unchecked_param_type = "Uint32Array | readonly number[]")] tokens: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<String> {
    Ok(tokenizer(&model)?.decode(&convert::integers(&tokens, "tokens")?)?)
}

/// The bytes of tokens.
#[wasm_bindgen(js_name = decodeBytes, unchecked_return_type = "Uint8Array<ArrayBuffer>")]
pub fn decode_bytes(
    #[wasm_bindgen(unchecked_param_type = "Uint32Array | readonly number[]")] tokens: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<Uint8Array> {
    let bytes = tokenizer(&model)?.decode_bytes(&convert::integers(&tokens, "tokens")?)?;
    Ok(Uint8Array::from(bytes.as_slice()))
}

/// How many tokens a text has, if there are at most `limit`; reads no more of it than it takes to tell.
#[wasm_bindgen(js_name = countTillLimit)]
pub fn count_till_limit(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] limit: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<Option<usize>> {
    let limit = convert::integer(&limit, "limit")? as usize;
    Ok(tokenizer(&model)?.count_till_limit(&convert::text(&text, "text")?, limit))
}

/// A text divided after at most `limit` tokens, between whole characters: the head and the rest.
#[wasm_bindgen(js_name = splitAtTokens, unchecked_return_type = "[string, string]")]
pub fn split_at_tokens(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] limit: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<Array> {
    let limit = convert::integer(&limit, "limit")? as usize;
    let text = convert::text(&text, "text")?;
    let (head, rest) = tokenizer(&model)?.split_at_tokens(&text, limit);
    Ok(Array::of2(&head.into(), &rest.into()))
}

/// A text of at most `limit` tokens: itself, or a head of it that ends with `...`, after a sentence or line where one ends late in it.
#[wasm_bindgen(js_name = truncateToTokens)]
pub fn truncate_to_tokens(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] limit: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] model: JsValue,
) -> Result<String> {
    let limit = convert::integer(&limit, "limit")? as usize;
    Ok(tokenizer(&model)?.truncate_to_tokens(&convert::text(&text, "text")?, limit))
}

/// Passages of whole lines with at most `maxTokens` tokens each; a line that is too long is cut. `start` is in UTF-16 units.
#[wasm_bindgen(js_name = chunkText, unchecked_return_type = "Chunk[]")]
pub fn chunk_text(
    #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue,
    #[wasm_bindgen(unchecked_param_type = "ChunkOptions")] options: JsValue,
) -> Result<Array> {
    let text = convert::text(&text, "text")?;
    let tokenizer = match convert::option(&options, "model")? {
        None => Encoding::Cl100kBase.tokenizer(),
        Some(model) => tokenizer(&model)?,
    };
    let settings = ChunkOptions {
        max_tokens: convert::number(&options, "maxTokens", 512)? as usize,
        overlap_tokens: convert::number(&options, "overlapTokens", 0)? as usize,
    };
    let (mut at, mut units) = (0, 0);
    Ok(chunk(tokenizer, &text, settings)
        .into_iter()
        .map(|chunk| {
            // Passages overlap, so the next one can start before the last one's end, but never before its start.
            units += text[at..chunk.start].encode_utf16().count();
            at = chunk.start;
            object(&[
                ("text", chunk.text.into()),
                ("start", count(units)),
                ("tokens", count(chunk.tokens)),
                ("startLine", count(chunk.start_line)),
            ])
        })
        .collect())
}

/// Chooses what to keep of a conversation so that it has at most `maxTokens` tokens. The last `preserveLastN` messages stay; then system
/// messages, then the newest. Calls of tools and their results stay or go together; one message may be cut.
#[wasm_bindgen(js_name = compressContext, unchecked_return_type = "CompressedContext<ContextMessage>")]
pub fn compress_context(
    #[wasm_bindgen(unchecked_param_type = "readonly ContextMessage[]")] messages: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] max_tokens: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] preserve_last_n: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "string")] model: JsValue,
) -> Result<Object> {
    let list = convert::list(&messages, "messages")?;
    let parsed = Message::list_from_json(&convert::json(&messages, "messages")?)?;
    if parsed.len() != list.length() as usize {
        return Err(Thrown::argument("messages", "must be a plain array"));
    }
    let model = if model.is_undefined() { "cl100k_base".to_owned() } else { convert::text(&model, "model")? };
    let budget = Budget {
        max_tokens: convert::integer(&max_tokens, "maxTokens")? as usize,
        preserve_last: convert::integer(&preserve_last_n, "preserveLastN")? as usize,
        cut: true,
    };
    let left = compact(&parsed, &model, budget)?;
    let kept: Array = left
        .selected
        .iter()
        .map(|place| {
            let message = list.get(u32::try_from(*place).unwrap_or(u32::MAX));
            match &left.cut {
                Some((cut, text)) if cut == place => {
                    let copy = Object::assign(&Object::new(), message.unchecked_ref());
                    Reflect::set(&copy, &"content".into(), &text.into())
                        .expect("a plain object that was just made accepts any property");
                    copy.into()
                }
                _ => message,
            }
        })
        .collect();
    let selected: Array = left.selected.iter().map(|place| count(*place)).collect();
    Ok(object(&[
        ("messages", kept.into()),
        ("totalTokens", count(left.total_tokens)),
        ("removedCount", count(left.removed_count)),
        ("compressionRatio", left.compression_ratio.into()),
        ("selectedIndices", selected.into()),
        ("overBudget", left.over_budget.into()),
    ]))
}

/// The count of one text that grows at its end, such as a streamed answer.
#[wasm_bindgen]
pub struct GrowingText(RefCell<tokens::GrowingText>);

#[wasm_bindgen]
impl GrowingText {
    /// An empty text.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "string")] model: JsValue) -> Result<GrowingText> {
        Ok(Self(RefCell::new(tokens::GrowingText::new(encoding(&model)?))))
    }

    /// Appends to it.
    pub fn append(&self, #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<()> {
        self.0.borrow_mut().append(&convert::text(&text, "text")?);
        Ok(())
    }

    /// The tokens of all that was appended.
    #[wasm_bindgen(getter)]
    pub fn count(&self) -> usize {
        self.0.borrow().count()
    }
}

/// The counts of a conversation's messages: what any run of them takes is known at once.
#[wasm_bindgen]
pub struct TokenLedger(RefCell<tokens::TokenLedger>);

#[wasm_bindgen]
impl TokenLedger {
    /// A conversation without messages.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "string")] model: JsValue) -> Result<TokenLedger> {
        Ok(Self(RefCell::new(tokens::TokenLedger::new(encoding(&model)?))))
    }

    /// Adds a message and gives its place.
    pub fn append(&self, #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<usize> {
        Ok(self.0.borrow_mut().append(&convert::text(&text, "text")?))
    }

    /// Appends to the last message.
    #[wasm_bindgen(js_name = extendLast)]
    pub fn extend_last(&self, #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<()> {
        self.0.borrow_mut().extend_last(&convert::text(&text, "text")?);
        Ok(())
    }

    /// The tokens of the messages from `from` up to, not with, `to`.
    #[wasm_bindgen(js_name = countRange)]
    pub fn count_range(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] to: JsValue,
    ) -> Result<usize> {
        let range = convert::integer(&from, "from")? as usize..convert::integer(&to, "to")? as usize;
        Ok(self.0.borrow().count_range(range)?)
    }

    /// The tokens of all messages.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.0.borrow().total()
    }

    /// How many messages there are.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Calls `work` with what `allowSpecial` and `rejectSpecial` say.
fn with_special<T>(options: &JsValue, work: impl FnOnce(Special<'_>) -> Result<T>) -> Result<T> {
    let allowed = convert::option(options, "allowSpecial")?;
    if convert::flag(options, "rejectSpecial", false)? {
        return match allowed {
            None => work(Special::Reject),
            Some(_) => Err(Thrown::argument("allowSpecial", "must not be given with rejectSpecial")),
        };
    }
    let Some(allowed) = allowed else { return work(Special::Ordinary) };
    if let Some(all) = allowed.as_bool() {
        return work(if all { Special::Allow(SpecialNames::All) } else { Special::Ordinary });
    }
    let names = convert::list(&allowed, "allowSpecial")?
        .iter()
        .map(|name| convert::text(&name, "allowSpecial"))
        .collect::<Result<Vec<String>>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    work(Special::Allow(SpecialNames::Only(&names)))
}
