//! What every command starts from: whose profile, which store, which agent, where to print.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrysalis_memory::memory::OpenOptions;
use chrysalis_memory::profile::DEFAULT_AGENT;
use chrysalis_memory::semantic::LocalEmbedder;
use chrysalis_memory::{AgentKey, Embedder, Identity, Memory, MemoryError, Profile};

use crate::args::Global;
use crate::errors::CliError;
use crate::output::Output;
use crate::printable::one_line;

/// One run of the command.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) store: PathBuf,
    pub(crate) agent: String,
    pub(crate) out: Output,
}

impl Session {
    /// The session of these arguments. Touches no file.
    ///
    /// # Errors
    /// [`CliError::Memory`] when no home directory can be told; [`CliError::Usage`] for an empty `--store` or
    /// `--agent`, such as a shell makes of a variable that is not set.
    pub(crate) fn new(global: Global, out: Output) -> Result<Self, CliError> {
        let profile = Profile::from_env()?;
        let store = given("--store", "CHRYSALIS_STORE", global.store, |store| store.as_os_str().is_empty())?;
        let agent = given("--agent", "CHRYSALIS_AGENT", global.agent, String::is_empty)?;
        Ok(Self {
            store: store.unwrap_or_else(|| profile.default_store()),
            agent: agent.unwrap_or_else(|| DEFAULT_AGENT.to_owned()),
            profile,
            out,
        })
    }

    /// Opens the store without changing anything in it. An agent without a key can read too.
    ///
    /// # Errors
    /// As [`Memory::open`] and [`Identity::load`].
    pub(crate) fn open_reading(&self) -> Result<Memory, CliError> {
        self.open_reading_with(None)
    }

    /// As [`open_reading`](Self::open_reading), to recall by meaning where there is a model.
    ///
    /// # Errors
    /// As there, and those of the model.
    pub(crate) fn open_recalling(&self) -> Result<Memory, CliError> {
        self.open_reading_with(self.embedder()?)
    }

    fn open_reading_with(&self, embedder: Option<Arc<dyn Embedder>>) -> Result<Memory, CliError> {
        let options = OpenOptions {
            identity: self.known_identity()?,
            read_only: true,
            embedder,
            ..OpenOptions::default()
        };
        Memory::open(&self.store, options).map_err(CliError::store(&self.store))
    }

    /// Opens the store for writing; makes it, and the agent's key, on first use.
    ///
    /// # Errors
    /// As [`Memory::open`] and [`Identity::load_or_create`].
    pub(crate) fn open_writing(&self) -> Result<Memory, CliError> {
        self.open_as(Some(self.identity()?), true, None)
    }

    /// As [`open_writing`](Self::open_writing), with the model's embedder where there is a model.
    ///
    /// # Errors
    /// As there, and those of the model.
    pub(crate) fn open_embedding(&self) -> Result<Memory, CliError> {
        self.open_as(Some(self.identity()?), true, self.embedder()?)
    }

    /// The agent's identity, made on first use.
    fn identity(&self) -> Result<Arc<Identity>, CliError> {
        let (identity, new) = self.profile.identity(&self.agent)?;
        if new {
            let path = identity.path().map(Path::display).map(|path| path.to_string()).unwrap_or_default();
            self.out.note(format_args!(
                "made a key for agent {} ({}), kept in {}",
                identity.name(),
                identity.public_key().to_short(),
                one_line(&path),
            ));
        }
        Ok(Arc::new(identity))
    }

    /// Opens a store that must exist for changes that need a key only where the agent has one.
    ///
    /// # Errors
    /// As [`Memory::open`] and [`Identity::load`].
    pub(crate) fn open_existing(&self) -> Result<Memory, CliError> {
        self.open_as(self.known_identity()?, false, None)
    }

    /// The agent's identity, if it has a key.
    ///
    /// # Errors
    /// As [`Identity::load`], except for a missing file.
    pub(crate) fn known_identity(&self) -> Result<Option<Arc<Identity>>, CliError> {
        match Identity::load(&self.profile.key_file(&self.agent)?) {
            Err(MemoryError::IdentityMissing(_)) => Ok(None),
            loaded => Ok(Some(Arc::new(loaded?))),
        }
    }

    /// What makes vectors, if there is a model.
    fn embedder(&self) -> Result<Option<Arc<dyn Embedder>>, CliError> {
        let Some(directory) = self.profile.model() else { return Ok(None) };
        let embedder = LocalEmbedder::load(&directory).map_err(CliError::model(&directory))?;
        Ok(Some(Arc::new(embedder)))
    }

    fn open_as(
        &self,
        identity: Option<Arc<Identity>>,
        create: bool,
        embedder: Option<Arc<dyn Embedder>>,
    ) -> Result<Memory, CliError> {
        let host = self.profile.host()?;
        let options = OpenOptions { identity, host, create, embedder, ..OpenOptions::default() };
        Memory::open(&self.store, options).map_err(CliError::store(&self.store))
    }
}

/// The value of an option; an empty one means nothing in the environment and is wrong on the command line.
///
/// # Errors
/// [`CliError::Usage`].
pub(crate) fn given<T>(
    option: &str,
    variable: &str,
    value: Option<T>,
    is_empty: impl Fn(&T) -> bool,
) -> Result<Option<T>, CliError> {
    match value {
        Some(value) if !is_empty(&value) => Ok(Some(value)),
        Some(_) if std::env::var_os(variable).is_none_or(|value| !value.is_empty()) => {
            Err(CliError::Usage(format!("{option} is empty")))
        }
        _ => Ok(None),
    }
}

/// The key that `text` means: the key itself, or a name that trust or this agent's identity gives it.
///
/// # Errors
/// [`CliError::Usage`] when no key or more than one goes by that name.
pub(crate) fn author(memory: &Memory, text: &str) -> Result<AgentKey, CliError> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let trust = memory.trust();
    let said =
        trust.iter().filter(|(_, statement)| statement.name.as_deref() == Some(text)).map(|(key, _)| *key);
    let own = memory.identity().filter(|own| own.name() == text).map(Identity::public_key);
    let keys: std::collections::BTreeSet<AgentKey> = said.chain(own).collect();
    match (keys.first(), keys.len()) {
        (Some(key), 1) => Ok(*key),
        (None, _) => Err(CliError::Usage(format!(
            "no author is called `{}` here; give the key, or name it with `chrysalis trust add KEY --name NAME`",
            one_line(text)
        ))),
        (_, many) => {
            Err(CliError::Usage(format!("{many} keys go by `{}` here; give the key", one_line(text))))
        }
    }
}
