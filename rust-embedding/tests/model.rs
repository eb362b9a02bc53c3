//! The local model: the same bits however it is run, and what it says of damaged files.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use chrysalis_embedding::model::{
    Encoded, Encoder, LocalModel, ModelError, ModelFiles, ModelLoader, Overflow, Precision,
    available_instructions, to_provider,
};
use chrysalis_embedding::service::{
    CallOptions, LaneSettings, ServiceBuilder, ServiceSettings, TokioRuntime,
};
use chrysalis_embedding::space::{Normalisation, Space};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

mod toy;

use toy::{FULL, TOY};

const SEED: u64 = 0x5eed_0f70_77e5;

fn threads(count: usize) -> NonZero<usize> {
    NonZero::new(count).expect("at least one")
}

fn toy() -> LocalModel {
    LocalModel::from_files(&toy::make(TOY, SEED), Precision::Int8Canonical).expect("the toy model")
}

/// Texts of all lengths up to the limit of the toy model and over it.
fn texts() -> Vec<String> {
    let sentence =
        "The agent signed the memory, and the quorum learned that the river's bank is not a money house! ";
    let mut texts: Vec<String> =
        (0..60).map(|length| sentence.chars().cycle().skip(length).take(length * 3).collect()).collect();
    texts.extend(["", " ", "中文 déjà-vu", "\u{0}\u{7f}", "[SEP] the cat", "🙂"].map(str::to_owned));
    texts
}

fn vectors(outcomes: &[Result<Encoded, ModelError>]) -> Vec<Result<Vec<u32>, ModelError>> {
    let bits = |encoded: &Encoded| encoded.vector.iter().map(|number| number.to_bits()).collect();
    outcomes.iter().map(|outcome| outcome.as_ref().map(bits).map_err(Clone::clone)).collect()
}

#[test]
fn the_same_bits_in_any_batch_on_any_threads_and_instructions() {
    for (shape, precision) in
        [(TOY, Precision::Int8Canonical), (TOY, Precision::F32), (FULL, Precision::Int8Canonical)]
    {
        let files = toy::make(shape, SEED);
        let texts = texts();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let texts = if shape.hidden == FULL.hidden { &texts[20..26] } else { &texts };
        let make = |instructions| {
            let model = LocalModel::from_files(&files, precision).expect("a model");
            model.with_instructions(instructions).expect("instructions of this processor")
        };
        let plain = make("plain");
        let want = vectors(&texts.iter().map(|text| plain.encode(text)).collect::<Vec<_>>());
        assert!(want.iter().any(Result::is_ok));
        for instructions in available_instructions() {
            let model = make(instructions);
            assert_eq!(model.instructions(), instructions);
            for count in [1, 2, 5] {
                assert_eq!(
                    vectors(&model.encode_batch(texts, threads(count))),
                    want,
                    "{instructions}, {count} threads"
                );
            }
            let reversed: Vec<&str> = texts.iter().rev().copied().collect();
            let mut outcomes = model.encode_batch(&reversed, threads(2));
            outcomes.reverse();
            assert_eq!(vectors(&outcomes), want, "{instructions}, reversed");
        }
        for tokens in [1, 40, 10_000] {
            let model = make(available_instructions()[0]).with_batch_tokens(threads(tokens));
            assert_eq!(vectors(&model.encode_batch(texts, threads(2))), want, "{tokens} tokens in a pass");
        }
    }
    assert_eq!(toy().with_instructions("sse9").err(), Some(ModelError::UnknownInstructions));
}

#[test]
fn canonical_and_f32_engines_agree_within_quantisation() {
    let files = toy::make(TOY, SEED);
    let exact = LocalModel::from_files(&files, Precision::F32).expect("a model");
    for text in ["the cat sleeps on the sofa", "agents learn from signed papers", "x"] {
        let (a, b) = (toy().encode(text).expect("short"), exact.encode(text).expect("short"));
        let cosine: f32 = a.vector.iter().zip(&b.vector).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.99, "{cosine}");
    }
    assert_ne!(toy().space_fields(), exact.space_fields());
    assert_eq!(toy().space_fields().weights, exact.space_fields().weights);
}

#[test]
fn concurrent_callers_share_passes_and_get_their_own_vectors() {
    let texts = texts();
    let model = Arc::new(toy());
    let want = vectors(&texts.iter().map(|text| model.encode(text)).collect::<Vec<_>>());
    for places in [1, 2] {
        let encoder = Encoder::new(Arc::clone(&model), threads(places));
        std::thread::scope(|scope| {
            for caller in 0..8 {
                let (encoder, texts, want) = (encoder.clone(), &texts, &want);
                scope.spawn(move || {
                    for round in 0..texts.len() {
                        let at = (round * 7 + caller * 11) % texts.len();
                        assert_eq!(vectors(&[encoder.encode(&texts[at])])[0], want[at]);
                    }
                });
            }
        });
    }
}

#[test]
fn too_long_texts_are_refused_or_truncated_and_never_silently() {
    let text = "cat ".repeat(1000);
    let refuse = toy();
    assert_eq!(refuse.encode(&text), Err(ModelError::TooLong { max_tokens: 48 }));
    assert_eq!(refuse.count_tokens(&text), 1002);
    let outcomes = refuse.encode_batch(&["cat", &text, "dog"], threads(2));
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let truncate = toy().with_overflow(Overflow::Truncate);
    let encoded = truncate.encode(&text).expect("truncated");
    assert!(encoded.truncated);
    assert_eq!(encoded.tokens, 48);
    let whole = refuse.encode(&"cat ".repeat(46)).expect("just fits");
    assert_eq!((whole.tokens, whole.truncated, &whole.vector), (48, false, &encoded.vector));
}

#[test]
fn the_least_texts_have_vectors() {
    let empty = toy().encode("").expect("no text is a text");
    assert_eq!((empty.tokens, empty.vector.len()), (2, 32));
    let length: f32 = empty.vector.iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() < 1e-6);
    assert!(toy().encode_batch(&[], threads(4)).is_empty());
}

#[test]
fn long_and_hostile_texts_take_time_in_proportion_and_no_more_memory() {
    let model = toy().with_overflow(Overflow::Truncate);
    for text in ["a", " ", "[SEP]", "[", "é", "\u{301}", "\u{302e}", "中", "a\u{0}", "[CLS] [SEX"] {
        let text = text.repeat(200_000);
        let encoded = model.encode(&text).expect("truncated if need be");
        assert!(encoded.tokens <= 48);
        assert!(model.count_tokens(&text) >= encoded.tokens);
    }
    let held = |model: &LocalModel| {
        for _ in 0..20 {
            let texts = texts();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            model.encode_batch(&texts, threads(2));
        }
        model.working_bytes()
    };
    held(&model);
    // Two workspaces at most, each of a batch of 256 tokens of some 1,100 bytes, vectors grown to twice that.
    assert!(held(&model) < 2 * 2 * 256 * 1100, "{}", model.working_bytes());
}

#[test]
fn vectors_of_the_toy_model() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/toy-model");
    let files = toy::make(TOY, SEED);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/model.json");
    let digest = |precision| {
        let model = LocalModel::from_files(&files, precision).expect("the toy model");
        let bytes: Vec<u8> = texts()
            .iter()
            .filter_map(|text| model.encode(text).ok())
            .flat_map(|encoded| encoded.vector.into_iter().flat_map(f32::to_le_bytes))
            .collect();
        hex(&Sha256::digest(bytes))
    };
    let model = toy();
    let found = json!({
        "origin": "written by rust-embedding/tests/model.rs from the model in toy-model, which it makes from a fixed seed",
        "format": "for each text its tokens and the bits of its canonical vector; digest: SHA-256 over the little-endian vectors of all texts in order",
        "texts": texts().iter().map(|text| match model.encode(text) {
            Ok(encoded) => json!({
                "text": text,
                "ids": model.token_ids(text).expect("encoded"),
                "vector": encoded.vector.iter().map(|number| format!("{:08x}", number.to_bits())).collect::<Vec<_>>().concat(),
            }),
            Err(error) => json!({"text": text, "error": error.code()}),
        }).collect::<Vec<_>>(),
        "digests": {"int8-canonical-1": digest(Precision::Int8Canonical), "f32-1": digest(Precision::F32)},
    });
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        for (name, bytes) in toy::named(&files) {
            let to = directory.join(name);
            fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
            fs::write(to, bytes).expect("written");
        }
        fs::write(&path, serde_json::to_string_pretty(&found).expect("JSON") + "\n").expect("written");
    }
    for (name, bytes) in toy::named(&files) {
        assert_eq!(fs::read(directory.join(name)).expect(name), bytes, "{name}");
    }
    let committed: Value = serde_json::from_slice(&fs::read(path).expect("vectors")).expect("JSON");
    assert_eq!(committed, found);
    let loaded = LocalModel::load(&directory, Precision::Int8Canonical).expect("the directory");
    assert_eq!(loaded.space_fields(), model.space_fields());
    assert_eq!(loaded.encode("cat"), model.encode("cat"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The error for the toy model after `damage`.
fn damaged(damage: impl FnOnce(&mut ModelFiles)) -> ModelError {
    let mut files = toy::make(TOY, SEED);
    damage(&mut files);
    LocalModel::from_files(&files, Precision::Int8Canonical).expect_err("damaged")
}

/// `file` with the entry at `pointer` replaced, or taken out.
fn edited(file: &mut Option<Vec<u8>>, pointer: &str, value: Option<Value>) {
    let mut json: Value = serde_json::from_slice(file.as_ref().expect("a file")).expect("JSON");
    match value {
        Some(value) => *json.pointer_mut(pointer).expect("an entry") = value,
        None => {
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            json.pointer_mut(parent).expect("a parent").as_object_mut().expect("an object").remove(key);
        }
    }
    *file = Some(serde_json::to_vec(&json).expect("JSON"));
}

/// Bad input: which file, what was expected.
#[test]
fn damaged_files_are_named() {
    let named = |error: ModelError, code: &str, words: &[&str]| {
        assert_eq!(error.code(), code, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error} does not say {word}");
        }
    };
    let missing = "MODEL_FILE_MISSING";
    named(damaged(|f| f.config = None), missing, &["config.json"]);
    named(damaged(|f| f.weights = None), missing, &["model.safetensors"]);
    named(damaged(|f| f.tokenizer = None), missing, &["tokenizer.json"]);
    named(damaged(|f| f.pooling = None), missing, &["1_Pooling/config.json"]);
    let malformed = "MODEL_FILE_MALFORMED";
    named(damaged(|f| f.config = Some(b"{".to_vec())), malformed, &["config.json"]);
    named(damaged(|f| f.modules = Some(b"{}".to_vec())), malformed, &["modules.json"]);
    named(damaged(|f| f.sentence = Some(b"[\n\n1".to_vec())), malformed, &["sentence_bert_config.json"]);
    named(damaged(|f| edited(&mut f.tokenizer, "/model/vocab", None)), malformed, &["tokenizer.json"]);
    named(damaged(|f| f.weights = Some(vec![0xff; 64])), malformed, &["model.safetensors"]);
    named(
        damaged(|f| f.weights.as_mut().expect("weights").truncate(70_000)),
        malformed,
        &["model.safetensors"],
    );
    let unsupported = "MODEL_UNSUPPORTED";
    for (pointer, value, words) in [
        ("/hidden_act", json!("relu"), ["hidden_act", "relu"]),
        ("/model_type", json!("gpt2"), ["model_type", "gpt2"]),
        ("/hidden_size", json!(40), ["hidden_size", "40"]),
        ("/hidden_size", json!(0), ["hidden_size", "0"]),
        ("/num_attention_heads", json!(0), ["num_attention_heads", "0"]),
        ("/num_attention_heads", json!(3), ["hidden_size", "3 heads"]),
        ("/num_hidden_layers", json!(4_000_000_000_u64), ["num_hidden_layers", "4000000000"]),
        ("/vocab_size", json!(4_000_000_000_u64), ["vocab_size", "4000000000"]),
        ("/vocab_size", json!(50), ["vocab", "50"]),
        ("/layer_norm_eps", json!(-1.0), ["layer_norm_eps", "-1"]),
    ] {
        named(damaged(|f| edited(&mut f.config, pointer, Some(value))), unsupported, &words);
    }
    named(
        damaged(|f| edited(&mut f.sentence, "/max_seq_length", Some(json!(65)))),
        unsupported,
        &["max_seq_length", "65"],
    );
    named(
        damaged(|f| edited(&mut f.modules, "/2/type", Some(json!("x.Dense")))),
        unsupported,
        &["modules.json", "Dense"],
    );
    named(damaged(|f| edited(&mut f.modules, "/1/path", Some(json!("../..")))), unsupported, &["path"]);
    named(
        damaged(|f| edited(&mut f.pooling, "/pooling_mode_mean_tokens", Some(json!(false)))),
        unsupported,
        &["1_Pooling/config.json"],
    );
    for (pointer, value) in [
        ("/normalizer/type", json!("NFC")),
        ("/pre_tokenizer/type", json!("Whitespace")),
        ("/model/type", json!("BPE")),
        ("/model/unk_token", json!("none")),
        ("/model/max_input_chars_per_word", json!(0)),
        ("/added_tokens/0/lstrip", json!(true)),
        ("/post_processor/single", json!([])),
        ("/model/vocab/cat", json!(4_000_000)),
    ] {
        named(damaged(|f| edited(&mut f.tokenizer, pointer, Some(value))), unsupported, &["tokenizer.json"]);
    }
    let tensor = "MODEL_TENSOR";
    named(
        damaged(|f| edited(&mut f.config, "/num_hidden_layers", Some(json!(3)))),
        tensor,
        &["encoder.layer.2", "none"],
    );
    named(
        damaged(|f| edited(&mut f.config, "/intermediate_size", Some(json!(48)))),
        tensor,
        &["[48, 32]", "[64, 32]"],
    );
    let infinite = damaged(|f| {
        let weights = f.weights.as_mut().expect("weights");
        let at = weights.len() - 4;
        weights[at..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    });
    named(infinite, tensor, &["not finite"]);
}

#[test]
fn weights_too_large_for_arithmetic_are_an_error_at_encoding() {
    let mut files = toy::make(TOY, SEED);
    let weights = files.weights.as_mut().expect("weights");
    let header =
        8 + usize::try_from(u64::from_le_bytes(weights[..8].try_into().expect("8 bytes"))).expect("small");
    for number in weights[header..].as_chunks_mut::<4>().0 {
        *number = (f32::from_le_bytes(*number) * 1e38).clamp(f32::MIN, f32::MAX).to_le_bytes();
    }
    for precision in [Precision::Int8Canonical, Precision::F32] {
        let model = LocalModel::from_files(&files, precision).expect("finite weights");
        assert_eq!(model.encode("the cat"), Err(ModelError::NotFinite));
    }
}

#[test]
fn a_directory_without_some_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let load = || LocalModel::load(directory.path(), Precision::Int8Canonical);
    assert_eq!(load().expect_err("empty"), ModelError::Missing { file: "config.json" });
    let files = toy::make(TOY, SEED);
    for (name, bytes) in toy::named(&files) {
        let to = directory.path().join(name);
        fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
        fs::write(to, bytes).expect("written");
    }
    assert!(load().is_ok());
    // Without modules.json the mean is not scaled.
    fs::remove_file(directory.path().join("modules.json")).expect("removed");
    let model = load().expect("a model");
    assert!(Space::new(model.space_fields()).is_ok());
    assert!(model.space_fields().normalisation == Normalisation::AsGiven);
    let length: f32 = model.encode("cat").expect("short").vector.iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() > 1e-3);
    fs::remove_file(directory.path().join("config.json")).expect("removed");
    fs::create_dir(directory.path().join("config.json")).expect("a directory in its place");
    assert_eq!(load().expect_err("a directory").code(), "MODEL_FILE_UNREADABLE");
}

/// However the weights are cut, the model is the same; and it is not made of others than were asked for.
#[test]
fn weights_come_in_pieces() {
    let files = toy::make(TOY, SEED);
    let weights = files.weights.as_deref().expect("weights");
    let digest: [u8; 32] = Sha256::digest(weights).into();
    let made = |precision, pieces: &[&[u8]]| {
        let mut loader = ModelLoader::new(&files, precision).expect("files");
        pieces.iter().try_for_each(|piece| loader.push(piece))?;
        loader.finish_checked(digest)
    };
    for precision in [Precision::Int8Canonical, Precision::F32] {
        let whole = LocalModel::from_files(&files, precision).expect("a model");
        for size in [1, 3, 7, 8, 127, 128, 129, 4096, weights.len()] {
            let pieces: Vec<&[u8]> = weights.chunks(size).collect();
            let model = made(precision, &pieces).expect("a model");
            for text in ["", "the cat sat on the mat"] {
                assert_eq!(model.encode(text), whole.encode(text), "{precision:?}, pieces of {size}");
            }
            assert_eq!(model.space_fields(), whole.space_fields());
        }
    }
    let code =
        |pieces: &[&[u8]]| made(Precision::Int8Canonical, pieces).map(|_| ()).map_err(|error| error.code());
    for cut in [0, 4, 8, 100, weights.len() - 1] {
        assert_eq!(code(&[&weights[..cut]]), Err("MODEL_FILE_MALFORMED"), "{cut} bytes");
    }
    assert_eq!(code(&[weights, &[0]]), Err("MODEL_FILE_MALFORMED"));
    assert_eq!(code(&[&(8_u64 << 20 | 1).to_le_bytes()]), Err("MODEL_FILE_MALFORMED"));
    let mut other = weights.to_vec();
    *other.last_mut().expect("bytes") ^= 1;
    let error = made(Precision::Int8Canonical, &[&other]).expect_err("another digest");
    assert_eq!((error.code(), error.file()), ("MODEL_FILE_DIGEST", Some("model.safetensors")));
}

/// Names are those of the directory, and none leads out of it.
#[test]
fn files_are_put_in_their_place_by_name() {
    let made = toy::make(TOY, SEED);
    let mut files = ModelFiles::default();
    for (name, bytes) in toy::named(&made).into_iter().filter(|(name, _)| *name != "model.safetensors") {
        files.insert(name, bytes.to_vec(), Some(Sha256::digest(bytes).into())).expect("a file of a model");
    }
    ModelLoader::new(&files, Precision::Int8Canonical).expect("all but the weights");
    for name in ["", "model.safetensors", "../config.json", "CONFIG.JSON", "2_Dense/config.json"] {
        assert_eq!(files.insert(name, Vec::new(), None), Err(ModelError::UnknownFile), "{name}");
    }
    let too_large = files.insert("config.json", vec![b' '; (1 << 20) + 1], None).expect_err("too large");
    assert_eq!((too_large.code(), too_large.file()), ("MODEL_FILE_TOO_LARGE", Some("config.json")));
    let other = files.insert("modules.json", b"[]".to_vec(), Some([0; 32])).expect_err("another digest");
    assert_eq!((other.code(), other.file()), ("MODEL_FILE_DIGEST", Some("modules.json")));
}

#[test]
fn codes_are_the_list() {
    let errors = [
        ModelError::Missing { file: "f" },
        ModelError::Unreadable { file: "f", kind: std::io::ErrorKind::PermissionDenied },
        ModelError::TooLarge { file: "f", limit: 1, actual: 2 },
        ModelError::Malformed { file: "f", expected: "e", position: None },
        ModelError::Unsupported { file: "f", field: "x", expected: String::new(), found: String::new() },
        ModelError::Tensor { name: String::new(), expected: String::new(), found: String::new() },
        ModelError::Digest { file: "f", expected: [0; 32], found: [1; 32] },
        ModelError::UnknownFile,
        ModelError::TooLong { max_tokens: 1 },
        ModelError::NotFinite,
        ModelError::UnknownInstructions,
    ];
    assert_eq!(errors.map(|error| error.code()), ModelError::CODES);
}

/// As a provider of the service: the space is the model's, and a text that is too long fails alone.
#[tokio::test]
async fn the_model_serves_the_service() {
    let model = Arc::new(toy());
    let provider = Arc::new(to_provider(Arc::clone(&model), threads(2)).expect("a space"));
    let service = ServiceBuilder::new(ServiceSettings::default())
        .provider(provider, LaneSettings::default())
        .build(TokioRuntime::current().expect("randomness"))
        .expect("a service");
    let long = "cat ".repeat(1000);
    let outcomes = service.embed_batch_detailed(&["the cat", &long, "", "dog"], CallOptions::default()).await;
    let outcomes = outcomes.expect("outcomes");
    assert_eq!(
        outcomes.iter().map(|outcome| outcome.result.is_ok()).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    let vector = outcomes[0].result.as_ref().expect("short");
    assert_eq!(vector.as_slice(), model.encode("the cat").expect("short").vector);
    assert_eq!(vector.space().fields(), &model.space_fields());
}
