//! What the JSON files of a model directory say, checked.

use serde::Deserialize;

use super::error::ModelError;
use super::files::{CONFIG, MODULES, ModelFiles, POOLING, SENTENCE};

/// The shape of a BERT encoder and what is done with its output. The sizes are within bounds that make products of them safe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Config {
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) intermediate: usize,
    pub(super) vocabulary: usize,
    pub(super) positions: usize,
    pub(super) types: usize,
    pub(super) epsilon: f32,
    /// The most tokens of a text, its two marks counted in.
    pub(super) max_tokens: usize,
    pub(super) pooling: Pooling,
    /// Whether the vector is scaled to length 1.
    pub(super) unit_length: bool,
}

/// How the vectors of tokens become one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pooling {
    /// The mean over all tokens.
    Mean,
    /// The vector of the first token.
    First,
}

impl Config {
    /// Reads and checks all but the tokenizer and the weights.
    pub(super) fn parse(files: &ModelFiles) -> Result<Self, ModelError> {
        let bytes = files.config.as_deref().ok_or(ModelError::Missing { file: CONFIG })?;
        let bert: Bert = json(CONFIG, "the configuration of a BERT encoder", bytes)?;
        let (pooling, unit_length) = parse_modules(files, bert.hidden_size)?;
        let max_tokens = parse_length(files, bert.max_position_embeddings)?;
        let config = Self {
            hidden: bert.hidden_size,
            layers: bert.num_hidden_layers,
            heads: bert.num_attention_heads,
            intermediate: bert.intermediate_size,
            vocabulary: bert.vocab_size,
            positions: bert.max_position_embeddings,
            types: bert.type_vocab_size,
            epsilon: bert.layer_norm_eps,
            max_tokens,
            pooling,
            unit_length,
        };
        bert.check()?;
        Ok(config)
    }

    /// Width of one head.
    pub(super) fn head_width(&self) -> usize {
        self.hidden / self.heads
    }
}

/// `config.json` as transformers writes it; what is not named here has no effect on the encoder.
#[derive(Deserialize)]
struct Bert {
    model_type: String,
    hidden_act: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "small")]
    layer_norm_eps: f32,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn two() -> usize {
    2
}

fn small() -> f32 {
    1e-12
}

impl Bert {
    fn check(&self) -> Result<(), ModelError> {
        let unsupported = |field, expected: &str, found: &dyn ToString| {
            Err(ModelError::unsupported(CONFIG, field, expected, found.to_string()))
        };
        if self.model_type != "bert" {
            return unsupported("model_type", "bert", &self.model_type);
        }
        if self.hidden_act != "gelu" {
            return unsupported("hidden_act", "gelu", &self.hidden_act);
        }
        if let Some(kind) = self.position_embedding_type.as_ref().filter(|kind| *kind != "absolute") {
            return unsupported("position_embedding_type", "absolute", kind);
        }
        if self.is_decoder {
            return unsupported("is_decoder", "false", &true);
        }
        let sizes = [
            ("hidden_size", self.hidden_size, 16, 4096),
            ("num_hidden_layers", self.num_hidden_layers, 1, 64),
            ("num_attention_heads", self.num_attention_heads, 1, 256),
            ("intermediate_size", self.intermediate_size, 16, 16_384),
            ("vocab_size", self.vocab_size, 3, 1 << 20),
            ("max_position_embeddings", self.max_position_embeddings, 3, 8192),
            ("type_vocab_size", self.type_vocab_size, 1, 16),
        ];
        for (field, found, least, most) in sizes {
            if !(least..=most).contains(&found) {
                return unsupported(field, &format!("{least} to {most}"), &found);
            }
        }
        if !self.hidden_size.is_multiple_of(16 * self.num_attention_heads) {
            let expected = format!("{} heads of a multiple of 16", self.num_attention_heads);
            return unsupported("hidden_size", &expected, &self.hidden_size);
        }
        if !self.intermediate_size.is_multiple_of(16) {
            return unsupported("intermediate_size", "a multiple of 16", &self.intermediate_size);
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return unsupported("layer_norm_eps", "between 0 and 1", &self.layer_norm_eps);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    path: String,
}

fn parse_modules(files: &ModelFiles, hidden: usize) -> Result<(Pooling, bool), ModelError> {
    let Some(bytes) = &files.modules else { return Ok((Pooling::Mean, false)) };
    let modules: Vec<Module> = json(MODULES, "a list of modules", bytes)?;
    // The path before the last dot has changed between versions of sentence-transformers.
    let kinds: Vec<_> =
        modules.iter().map(|module| module.kind.rsplit('.').next().unwrap_or_default()).collect();
    let unit_length = match kinds[..] {
        ["Transformer", "Pooling"] => false,
        ["Transformer", "Pooling", "Normalize"] => true,
        _ => {
            let expected = "Transformer, Pooling and perhaps Normalize";
            return Err(ModelError::unsupported(MODULES, "type", expected, kinds.join(", ")));
        }
    };
    for (module, expected) in modules.iter().zip(["", "1_Pooling"]) {
        if module.path != expected {
            let expected = format!("{expected:?}");
            return Err(ModelError::unsupported(MODULES, "path", expected, format!("{:?}", module.path)));
        }
    }
    Ok((parse_pooling(files, hidden)?, unit_length))
}

#[derive(Deserialize)]
struct PoolingConfig {
    word_embedding_dimension: usize,
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

fn parse_pooling(files: &ModelFiles, hidden: usize) -> Result<Pooling, ModelError> {
    let bytes = files.pooling.as_deref().ok_or(ModelError::Missing { file: POOLING })?;
    let config: PoolingConfig = json(POOLING, "the configuration of pooling", bytes)?;
    if config.word_embedding_dimension != hidden {
        let (field, found) = ("word_embedding_dimension", config.word_embedding_dimension);
        return Err(ModelError::unsupported(POOLING, field, format!("hidden_size {hidden}"), found));
    }
    let others = config.pooling_mode_max_tokens
        || config.pooling_mode_mean_sqrt_len_tokens
        || config.pooling_mode_weightedmean_tokens
        || config.pooling_mode_lasttoken;
    match (config.pooling_mode_mean_tokens, config.pooling_mode_cls_token, others) {
        (true, false, false) => Ok(Pooling::Mean),
        (false, true, false) => Ok(Pooling::First),
        _ => Err(ModelError::unsupported(
            POOLING,
            "pooling_mode",
            "mean_tokens or cls_token alone",
            "another choice",
        )),
    }
}

#[derive(Deserialize)]
struct Sentence {
    #[serde(default)]
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

/// The most tokens of a text. It overrides the truncation that `tokenizer.json` holds.
fn parse_length(files: &ModelFiles, positions: usize) -> Result<usize, ModelError> {
    let Some(bytes) = &files.sentence else { return Ok(positions) };
    let sentence: Sentence = json(SENTENCE, "max_seq_length", bytes)?;
    if sentence.do_lower_case {
        return Err(ModelError::unsupported(SENTENCE, "do_lower_case", "false: the tokenizer does it", true));
    }
    let max_tokens = sentence.max_seq_length.unwrap_or(positions);
    if !(3..=positions).contains(&max_tokens) {
        let expected = format!("3 to max_position_embeddings {positions}");
        return Err(ModelError::unsupported(SENTENCE, "max_seq_length", expected, max_tokens));
    }
    Ok(max_tokens)
}

/// `bytes` as JSON of type `T`.
pub(super) fn json<'a, T: Deserialize<'a>>(
    file: &'static str,
    expected: &'static str,
    bytes: &'a [u8],
) -> Result<T, ModelError> {
    serde_json::from_slice(bytes).map_err(|error| ModelError::json(file, expected, &error))
}
