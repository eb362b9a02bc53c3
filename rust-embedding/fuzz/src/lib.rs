//! What the fuzz targets do, as plain functions that `cargo test` runs too.

use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding::cache::record::VectorRecord;
use chrysalis_embedding::model::{LocalModel, ModelError, ModelFiles, Precision};
use chrysalis_embedding::provider::headers::{Headers, WANTED, parse_duration};
use chrysalis_embedding::provider::http::decode_response;
use chrysalis_embedding::provider::huggingface::{HuggingFace, HuggingFaceSettings};
use chrysalis_embedding::provider::nomic::{Nomic, NomicSettings, NomicStyle};
use chrysalis_embedding::provider::ollama::{Ollama, OllamaSettings};
use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::voyage::{Voyage, VoyageSettings};
use chrysalis_embedding::provider::{Classification, EmbedRequest, HttpResponse, Protocol};
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
