//! The service that makes the vectors of a run, from what was typed, the environment and the vault.

use std::path::PathBuf;
use std::sync::Arc;

use chrysalis_embedding::config::{LocalPrecision, MemoryCacheConfig};
use chrysalis_embedding::service::BlockingService;
use chrysalis_embedding::{EmbeddingError, FallbackPolicy, ProviderConfig, ServiceConfig};

use crate::embed::args::{Embed, Engine, Provider};
use crate::embed::input::MAX_TEXT_BYTES;
use crate::errors::CliError;
use crate::session::Session;
use crate::vault;

/// Calls under way at a time over a network.
const REMOTE_CALLS: u16 = 4;
/// Calls under way at a time in this process: one that is computed and one that waits.
const LOCAL_CALLS: u16 = 2;
/// Seconds that a call in this process may take: it has no server that could hang.
const LOCAL_TIMEOUT: f64 = 86_400.0;

/// The service, and how many calls to keep under way.
pub(crate) struct Maker {
    pub(crate) service: BlockingService,
    pub(crate) calls: usize,
}

/// Makes the service. Loads the local model; connects to nothing.
///
/// # Errors
/// [`CliError::NoModel`], [`CliError::Model`]; [`CliError::Embedding`] for settings that the provider has no use for and for a missing key; those of the
/// vault.
pub(crate) fn make(session: &mut Session, args: &Embed) -> Result<Maker, CliError> {
    let provider = provider_config(session, args)?;
    let model = provider.path.clone();
    let is_in_process = args.provider.is_in_process();
    let config = ServiceConfig {
        providers: vec![provider],
        fallback: FallbackPolicy::None,
        max_text_bytes: Some(MAX_TEXT_BYTES),
        memory_cache: (!is_in_process).then(MemoryCacheConfig::default),
        disk_cache: args
            .cache
            .clone()
            .map(|path| chrysalis_embedding::config::DiskCacheConfig { path, ..Default::default() }),
        ..ServiceConfig::default()
    };
    let service = BlockingService::new(Box::new(move |runtime| config.to_service(runtime)));
    let usual = if is_in_process { LOCAL_CALLS } else { REMOTE_CALLS };
    let calls = usize::from(args.in_flight.unwrap_or(usual));
    Ok(Maker { service: service.map_err(|error| failed(error, model))?, calls })
}

fn provider_config(session: &mut Session, args: &Embed) -> Result<ProviderConfig, CliError> {
    let mut config = ProviderConfig::new(args.provider.kind());
    config.base_url.clone_from(&args.base_url);
    config.dimensions = args.dimensions;
    if args.provider == Provider::Local {
        let given = args.model.as_ref().map(PathBuf::from);
        config.path = Some(given.or_else(|| session.profile.model()).ok_or(CliError::NoModel)?);
        config.precision = Some(match args.engine {
            Engine::Int8 => LocalPrecision::Int8Canonical,
            Engine::F32 => LocalPrecision::F32,
        });
        config.threads = args.threads;
        config.truncates = Some(args.truncate);
    } else {
        config.model.clone_from(&args.model);
        if args.truncate || args.threads.is_some() || args.engine != Engine::Int8 {
            return Err(CliError::Usage(
                "--truncate, --threads and --engine are for the local model only".to_owned(),
            ));
        }
    }
    if args.provider.is_in_process() {
        (config.timeout, config.overall_timeout) = (Some(LOCAL_TIMEOUT), Some(LOCAL_TIMEOUT));
        config.max_retries = Some(0);
        config.max_in_flight = Some(1);
    }
    if let Some(text) = &args.vault_key {
        config.api_key = Some(vault::key_for(session, &args.opening, text)?.into());
    }
    if !args.provider.is_in_process() {
        config.fill_from(&|name| std::env::var(name).ok()).map_err(CliError::Embedding)?;
        if config.api_key.is_some() {
            vault::keep_out_of_dumps();
        }
    }
    Ok(config)
}

/// An error of a local model with its directory, which it does not name.
fn failed(error: EmbeddingError, model: Option<PathBuf>) -> CliError {
    match (error, model) {
        (EmbeddingError::Model(error), Some(path)) => CliError::ModelFiles { path, error },
        (error, _) => CliError::Embedding(error),
    }
}

/// What is told of the provider before any answer.
pub(crate) struct Described {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) space: Option<Arc<chrysalis_embedding::Space>>,
}

/// Describes the one provider.
///
/// # Errors
/// As [`BlockingService::service`].
pub(crate) fn describe(service: &BlockingService) -> Result<Described, CliError> {
    let info = service.service().map_err(CliError::Embedding)?.info();
    let info = info.into_iter().next().ok_or(CliError::Embedding(EmbeddingError::NoProvider))?;
    Ok(Described { provider: info.provider, model: info.model, space: info.space })
}
