//! What the fuzz targets check. Plain functions, so that `cargo test` runs them without libFuzzer.

use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::cache::record::VectorRecord;
use chrysalis_embedding::chunk::{ChunkOptions, chunk_text};
use chrysalis_embedding::compact::{Budget, Message, compact};
use chrysalis_embedding::compress::{compress_payload, decompress_payload};
use chrysalis_embedding::model::{LocalModel, ModelError, ModelFiles, Precision};
use chrysalis_embedding::provider::headers::{Headers, WANTED, parse_duration};
use chrysalis_embedding::provider::http::decode_response;
use chrysalis_embedding::provider::huggingface::{HuggingFace, HuggingFaceSettings};
use chrysalis_embedding::provider::nomic::{Nomic, NomicSettings, NomicStyle};
use chrysalis_embedding::provider::ollama::{Ollama, OllamaSettings};
use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::voyage::{Voyage, VoyageSettings};
use chrysalis_embedding::provider::{Classification, EmbedRequest, HttpResponse, Protocol};
use chrysalis_embedding::similarity::{read_f32_blob, read_f64_blob, read_json_blob};
use chrysalis_embedding::tokens::{Encoding, GrowingText, Special, SpecialNames, compact_json};
use chrysalis_embedding::{Form, ServiceConfig, Space};

/// An answer to each provider: two bytes decide status and number of texts, the rest is the body. What is accepted is whole.
pub fn answers(data: &[u8]) {
    const STATUSES: [u16; 8] = [200, 200, 200, 400, 404, 429, 503, 299];
    let Some(([status, count], body)) = data.split_first_chunk::<2>() else { return };
    let base = "http://localhost:1".to_owned();
    let protocols: [Box<dyn Protocol>; 6] = [
        Box::new(
            OpenAi::new(OpenAiSettings { base: base.clone(), ..OpenAiSettings::default() }).expect("valid"),
        ),
        Box::new(
            Nomic::new(NomicSettings {
                base: Some(base.clone()),
                style: NomicStyle::Atlas,
                ..NomicSettings::default()
            })
            .expect("valid"),
        ),
        Box::new(
            Nomic::new(NomicSettings { base: Some(base.clone()), ..NomicSettings::default() })
                .expect("valid"),
        ),
        Box::new(
            Voyage::new(VoyageSettings { base: base.clone(), ..VoyageSettings::default() }).expect("valid"),
        ),
        Box::new(Ollama::new(OllamaSettings::default()).expect("valid")),
        Box::new(
            HuggingFace::new(HuggingFaceSettings { base, ..HuggingFaceSettings::default() }).expect("valid"),
        ),
    ];
    let request = EmbedRequest {
        connecting: Default::default(),
        texts: (0..1 + usize::from(count % 4)).map(|number| Arc::from(format!("text {number}"))).collect(),
        form: Form::Document,
        is_batch: true,
        retry: 0,
        timeout: Duration::from_secs(1),
    };
    let status = STATUSES[usize::from(status % 8)];
    let response = HttpResponse { status, headers: Headers::default(), body: body.to_vec() };
    for protocol in &protocols {
        for classification in [Classification::Status, Classification::Text] {
            match decode_response(&**protocol, &request, &response, classification, Duration::ZERO) {
                Ok(reply) => {
                    assert!((200..300).contains(&status));
                    assert_eq!(reply.vectors.len(), request.texts.len());
                    let length = reply.vectors[0].len();
                    assert!(length > 0 && reply.vectors.iter().all(|vector| vector.len() == length));
                    assert!(reply.vectors.iter().flatten().all(|component| component.is_finite()));
                }
                Err(failure) => {
                    assert!(failure.rejected_text.is_none_or(|index| index < request.texts.len()));
                }
            }
        }
    }
}

/// Header lines, each a number of a name and a value up to the next line feed. Whatever they say, no wait is longer than a year.
pub fn headers(data: &[u8]) {
    let longest = Duration::from_secs(400 * 86_400);
    let mut headers = Headers::default();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_first() else { continue };
        headers.insert(WANTED[usize::from(*name) % WANTED.len()], value);
        if let Ok(text) = std::str::from_utf8(value) {
            assert!(parse_duration(text).is_none_or(|delay| delay <= longest));
        }
    }
    let now = Duration::from_secs(1_700_000_000);
    // A date may be as far away as the calendar goes.
    if let Some(delay) = headers.retry_after(now) {
        assert!(delay <= Duration::from_secs(10_000 * 366 * 86_400));
    }
    let _ = headers.should_retry();
    let rate = headers.rate();
    assert!(rate.reset_requests.into_iter().chain(rate.reset_tokens).all(|reset| reset <= longest));
}

/// Spaces and cached vectors: what is accepted has one encoding.
pub fn records(data: &[u8]) {
    if let Ok(space) = Space::from_bytes(data) {
        assert_eq!(space.to_bytes(), data);
    }
    if let Ok(record) = VectorRecord::from_bytes(data) {
        assert_eq!(record.to_bytes().expect("it was read"), data);
    }
}

/// A configuration: what is accepted can be looked at without showing its keys.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(config) = ServiceConfig::from_json(text) {
        assert!(!format!("{config:?}").contains("sk-secret"));
        for provider in &config.providers {
            let _ = provider.to_lane();
        }
    }
}

/// Tokens stand for their text, however it is counted or cut.
pub fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for encoding in Encoding::ALL {
        let tokenizer = encoding.tokenizer();
        let tokens = tokenizer.encode(&text);
        assert_eq!(tokenizer.decode(&tokens).as_deref(), Ok(&*text));
        assert_eq!(tokenizer.count(&text), tokens.len());
        let special = tokenizer.encode_with(&text, Special::Allow(SpecialNames::All));
        assert_eq!(tokenizer.decode(&special.expect("all are known")).as_deref(), Ok(&*text));
        let (head, rest) = tokenizer.split_at_tokens(&text, tokens.len() / 2);
        assert_eq!([head, rest].concat(), text);
        assert!(tokenizer.count(head) <= tokens.len() / 2);
        let mut growing = GrowingText::new(encoding);
        growing.append(head);
        growing.append(rest);
        assert_eq!(growing.count(), tokens.len());
    }
    let options = ChunkOptions { max_tokens: 8, overlap_tokens: 3 };
    for chunk in chunk_text(Encoding::Cl100kBase.tokenizer(), &text, options) {
        assert_eq!(text.get(chunk.start..chunk.start + chunk.text.len()), Some(chunk.text));
    }
}

/// Frames give their payload or an error, within the limit. The same bytes are read as stored vectors.
pub fn frames(bytes: &[u8]) {
    if let Ok(payload) = decompress_payload(bytes, 1 << 20) {
        assert!(payload.len() <= 1 << 20);
    }
    if let Some(payload) = compress_payload(bytes, 0, 3) {
        assert_eq!(decompress_payload(&payload.data, bytes.len()).as_deref(), Ok(bytes));
    }
    let _ = read_f32_blob(bytes);
    let _ = read_f64_blob(bytes);
    let _ = read_json_blob(bytes);
}

/// A conversation is fitted into any budget, or is refused.
pub fn messages(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(compact) = compact_json(text) {
        assert_eq!(compact_json(&compact), Ok(compact.clone()));
    }
    let Ok(messages) = Message::list_from_json(text) else { return };
    for max_tokens in [0, 60, 1000] {
        let budget = Budget { max_tokens, preserve_last: 1, cut: true };
        let left = compact(&messages, "o200k_base", budget).expect("the encoding is known");
        assert!(left.total_tokens <= max_tokens || left.over_budget);
        assert!(left.selected.is_sorted());
    }
}

/// One file of a model: the first byte says which, the rest is the file; the others are those of the toy model. What loads, encodes.
pub fn model(data: &[u8]) {
    let Some((which, file)) = data.split_first() else { return };
    let mut files = ModelFiles {
        config: Some(include_bytes!("../../vectors/toy-model/config.json").to_vec()),
        weights: Some(include_bytes!("../../vectors/toy-model/model.safetensors").to_vec()),
        tokenizer: Some(include_bytes!("../../vectors/toy-model/tokenizer.json").to_vec()),
        modules: Some(include_bytes!("../../vectors/toy-model/modules.json").to_vec()),
        pooling: Some(include_bytes!("../../vectors/toy-model/1_Pooling/config.json").to_vec()),
        sentence: Some(include_bytes!("../../vectors/toy-model/sentence_bert_config.json").to_vec()),
        ..ModelFiles::default()
    };
    let place = match which % 8 {
        0 => &mut files.config,
        1 => &mut files.weights,
        2 => &mut files.tokenizer,
        3 => &mut files.modules,
        4 => &mut files.pooling,
        5 => &mut files.sentence,
        other => {
            files.tokenizer = None;
            if other == 6 {
                files.vocabulary = Some(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n##s\n".to_vec());
                &mut files.tokenizer_config
            } else {
                &mut files.vocabulary
            }
        }
    };
    *place = Some(file.to_vec());
    match LocalModel::from_files(&files, Precision::Int8Canonical) {
        Ok(model) => match model.encode("The cats [SEP] é中") {
            Ok(encoded) => {
                assert_eq!(encoded.vector.len(), model.dimensions());
                assert!(encoded.tokens <= model.max_tokens());
                assert!(Space::new(model.space_fields()).is_ok());
            }
            Err(error) => assert!(matches!(error, ModelError::TooLong { .. } | ModelError::NotFinite)),
        },
        Err(error) => assert!(ModelError::CODES.contains(&error.code())),
    }
}
