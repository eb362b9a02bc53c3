//! A small model made from a fixed seed: the architecture of all-MiniLM-L6-v2 with few layers and a toy vocabulary. It means nothing.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrysalis_embedding::model::ModelFiles;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

/// The sizes of a made model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) positions: usize,
    pub(crate) max_tokens: usize,
}

/// The model that is kept in `vectors/toy-model`.
pub(crate) const TOY: Shape =
    Shape { hidden: 32, layers: 2, heads: 2, intermediate: 64, positions: 64, max_tokens: 48 };

/// The shape of all-MiniLM-L6-v2 with two of its six layers.
pub(crate) const FULL: Shape =
    Shape { hidden: 384, layers: 2, heads: 12, intermediate: 1536, positions: 512, max_tokens: 256 };

/// The files of a model of this shape; the same for the same seed.
pub(crate) fn make(shape: Shape, seed: u64) -> ModelFiles {
    let vocabulary = vocabulary();
    let Shape { hidden, layers, heads, intermediate, positions, max_tokens } = shape;
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": intermediate, "vocab_size": vocabulary.len(),
        "max_position_embeddings": positions, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    let modules = json!([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]);
    let pooling = json!({"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": true});
    ModelFiles {
        config: Some(text(&config)),
        weights: Some(weights(shape, vocabulary.len(), seed)),
        tokenizer: Some(text(&tokenizer(&vocabulary))),
        modules: Some(text(&modules)),
        pooling: Some(text(&pooling)),
        sentence: Some(text(&json!({"max_seq_length": max_tokens, "do_lower_case": false}))),
        ..ModelFiles::default()
    }
}

/// A model of this shape whose vocabulary has so many rows; its tokenizer is to be replaced by one that fits.
pub(crate) fn with_vocabulary(shape: Shape, rows: usize) -> ModelFiles {
    let mut files = make(shape, 1);
    let mut config: serde_json::Value =
        serde_json::from_slice(files.config.as_ref().expect("a configuration")).expect("JSON");
    config["vocab_size"] = rows.into();
    files.config = Some(text(&config));
    files.weights = Some(weights(shape, rows, 1));
    files
}

/// Where `scripts/setup.sh model` puts the real model.
pub(crate) const REAL_MODEL: &str = ".tools/model/all-MiniLM-L6-v2";

/// The directory of the real model, if it is there. One that is named by `CHRYSALIS_MODEL` must be.
pub(crate) fn real_model() -> Option<PathBuf> {
    if let Some(directory) = std::env::var_os("CHRYSALIS_MODEL").filter(|directory| !directory.is_empty()) {
        return Some(directory.into());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(REAL_MODEL);
    directory.is_dir().then_some(directory)
}

/// Each file of a model with its name in the directory.
pub(crate) fn named(files: &ModelFiles) -> Vec<(&'static str, &[u8])> {
    let named = [
        ("config.json", &files.config),
        ("model.safetensors", &files.weights),
        ("tokenizer.json", &files.tokenizer),
        ("modules.json", &files.modules),
        ("1_Pooling/config.json", &files.pooling),
        ("sentence_bert_config.json", &files.sentence),
    ];
    named.into_iter().filter_map(|(name, bytes)| Some((name, bytes.as_deref()?))).collect()
}

fn text(value: &serde_json::Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("JSON");
    text.push(b'\n');
    text
}

/// The marks, then letters and digits alone and continuing, then punctuation, then some words and endings.
fn vocabulary() -> Vec<String> {
    let mut pieces: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(str::to_owned).to_vec();
    let letters = ('a'..='z').chain('0'..='9').chain(['é', 'ß', 'д', 'м', '中', '文']);
    for letter in letters {
        pieces.push(letter.to_string());
        pieces.push(format!("##{letter}"));
    }
    pieces.extend("!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~。".chars().map(String::from));
    let words = "the of and to in is was for on that with as it at by from are this be an agent memory key river \
        bank money water cat dog house sleep sofa work learn paper signed quorum ##ing ##ed ##er ##ly ##ness ##able";
    pieces.extend(words.split(' ').map(str::to_owned));
    pieces
}

fn tokenizer(vocabulary: &[String]) -> serde_json::Value {
    let marks: Vec<_> = vocabulary[..5]
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        })
        .collect();
    let vocabulary: BTreeMap<_, _> = vocabulary.iter().enumerate().map(|(id, piece)| (piece, id)).collect();
    json!({
        "version": "1.0",
        "truncation": {"max_length": 7, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 7}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": marks,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

fn weights(shape: Shape, vocabulary: usize, seed: u64) -> Vec<u8> {
    let Shape { hidden, intermediate, .. } = shape;
    let mut numbers = Numbers(seed | 1);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut add = |name: String, sizes: &[usize], around: f32, spread: f32| {
        let count: usize = sizes.iter().product();
        let bytes = (0..count).flat_map(|_| (around + spread * numbers.next()).to_le_bytes()).collect();
        tensors.push((name, sizes.to_vec(), bytes));
    };
    let embeddings = [("word", vocabulary), ("position", shape.positions), ("token_type", 2)];
    for (name, rows) in embeddings {
        add(format!("embeddings.{name}_embeddings.weight"), &[rows, hidden], 0.0, 0.5);
    }
    add("embeddings.LayerNorm.weight".to_owned(), &[hidden], 1.0, 0.3);
    add("embeddings.LayerNorm.bias".to_owned(), &[hidden], 0.0, 0.2);
    for layer in 0..shape.layers {
        for (name, outputs, width) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", intermediate, hidden),
            ("output.dense", hidden, intermediate),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a width of at most some thousands")]
            let spread = 3.0 / (width as f32).sqrt();
            add(format!("encoder.layer.{layer}.{name}.weight"), &[outputs, width], 0.0, spread);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[outputs], 0.0, 0.1);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("encoder.layer.{layer}.{name}.weight"), &[hidden], 1.0, 0.3);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[hidden], 0.0, 0.2);
        }
    }
    let views = tensors.iter().map(|(name, sizes, bytes)| {
        (name, TensorView::new(Dtype::F32, sizes.clone(), bytes).expect("bytes for the sizes"))
    });
    safetensors::serialize(views, None).expect("tensors")
}

/// Numbers between -1 and 1 from xorshift64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact")]
        let unit = (self.0 >> 40) as f32 / (1 << 23) as f32;
        unit - 1.0
    }
}
