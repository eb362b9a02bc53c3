//! Where an agent's things are kept on a machine: key files, the default store, the host id.
//!
//! `CHRYSALIS_HOME` moves everything below one directory. Without it the platform's usual places are used.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrysalis_crypto::{hex, random};

use crate::error::MemoryError;
use crate::identity::{Identity, check_name, create_private};
use crate::memory::{Memory, OpenOptions};

/// The agent that speaks when nobody says which.
pub const DEFAULT_AGENT: &str = "default";

/// The directories of one user.
#[derive(Clone, Debug)]
pub struct Profile {
    data: PathBuf,
    state: PathBuf,
}

impl Profile {
    /// Everything below `home`.
    #[must_use]
    pub fn at(home: &Path) -> Self {
        Self { data: home.to_owned(), state: home.to_owned() }
    }

    /// The profile of the environment: `CHRYSALIS_HOME`, else the XDG directories, else the platform's.
    ///
    /// # Errors
    /// [`MemoryError::Io`] when no home directory can be told.
    pub fn from_env() -> Result<Self, MemoryError> {
        if let Some(home) = directory("CHRYSALIS_HOME") {
            return Ok(Self::at(&home));
        }
        if cfg!(windows)
            && let Some(local) = directory("LOCALAPPDATA")
        {
            return Ok(Self::at(&local.join("chrysalis")));
        }
        let home = directory("HOME");
        let place = |variable: &str, below_home: &str| {
            directory(variable)
                .or_else(|| home.as_ref().map(|home| home.join(below_home)))
                .map(|base| base.join("chrysalis"))
                .ok_or_else(|| MemoryError::Io {
                    path: PathBuf::from("~"),
                    error: io::Error::new(io::ErrorKind::NotFound, "no home directory: set CHRYSALIS_HOME"),
                })
        };
        Ok(Self {
            data: place("XDG_DATA_HOME", ".local/share")?,
            state: place("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The store used when none is named: `CHRYSALIS_STORE`, else `store` in the data directory.
    #[must_use]
    pub fn default_store(&self) -> PathBuf {
        directory("CHRYSALIS_STORE").unwrap_or_else(|| self.data.join("store"))
    }

    /// The vault of API keys used when none is named: `CHRYSALIS_VAULT`, else `vault/keys.json` in the data directory.
    #[must_use]
    pub fn default_vault(&self) -> PathBuf {
        directory("CHRYSALIS_VAULT").unwrap_or_else(|| self.data.join("vault").join("keys.json"))
    }

    /// The directory of the model that embeds: `CHRYSALIS_MODEL`, else `models/all-MiniLM-L6-v2` in the data directory, if there is one.
    #[must_use]
    pub fn model(&self) -> Option<PathBuf> {
        let usual = self.data.join("models").join("all-MiniLM-L6-v2");
        directory("CHRYSALIS_MODEL").or_else(|| usual.is_dir().then_some(usual))
    }

    /// The key file of the agent called `name`.
    ///
    /// # Errors
    /// [`MemoryError::InvalidName`].
    pub fn key_file(&self, name: &str) -> Result<PathBuf, MemoryError> {
        check_name("agent name", name)?;
        Ok(self.data.join("identities").join(format!("{name}.key")))
    }

    /// The identity of the agent called `name`, made on first use. The second value says whether it is new.
    ///
    /// # Errors
    /// As [`Identity::load_or_create`].
    pub fn identity(&self, name: &str) -> Result<(Identity, bool), MemoryError> {
        Identity::load_or_create(&self.key_file(name)?, name)
    }

    /// Opens a store as the agent called `name`, making key and store on first use.
    ///
    /// Without `store` the [default](Self::default_store) is taken.
    ///
    /// # Errors
    /// As [`identity`](Self::identity) and [`Memory::open`].
    pub fn open(&self, name: &str, store: Option<&Path>) -> Result<Memory, MemoryError> {
        let options = OpenOptions {
            identity: Some(Arc::new(self.identity(name)?.0)),
            host: self.host()?,
            create: true,
            ..OpenOptions::default()
        };
        Memory::open(&store.map_or_else(|| self.default_store(), Path::to_owned), options)
    }

    /// The names of the agents that have key files here, sorted.
    ///
    /// # Errors
    /// [`MemoryError::Io`].
    pub fn agents(&self) -> Result<Vec<String>, MemoryError> {
        let directory = self.data.join("identities");
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(MemoryError::io(&directory))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(MemoryError::io(&directory))?.file_name();
            if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".key")) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The random id of this user on this machine, made on first use; by it a copied store is recognised.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::HostMalformed`] when the file holds something else.
    pub fn host(&self) -> Result<[u8; 16], MemoryError> {
        let path = self.state.join("host");
        loop {
            if let Some(host) = self.known_host()? {
                return Ok(host);
            }
            let text = hex::encode(&random::array::<16>()?) + "\n";
            match create_private(&path, text.as_bytes()) {
                // Another process may have been first; then its id counts.
                Err(MemoryError::Io { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
    }

    /// The id that [`host`](Self::host) gives, if it was made already. Changes nothing.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::HostMalformed`].
    pub fn known_host(&self) -> Result<Option<[u8; 16]>, MemoryError> {
        let path = self.state.join("host");
        match fs::read_to_string(&path) {
            Ok(text) => match hex::decode_array(text.trim_end()) {
                Ok(host) => Ok(Some(host)),
                Err(_) => Err(MemoryError::HostMalformed(path)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(MemoryError::HostMalformed(path)),
            Err(error) => Err(MemoryError::Io { path, error }),
        }
    }
}

fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_id_and_identities_stay_the_same() {
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::at(home.path());
        assert_eq!(profile.known_host().unwrap(), None);
        assert_eq!(profile.host().unwrap(), profile.host().unwrap());
        assert_eq!(profile.known_host().unwrap(), Some(profile.host().unwrap()));
        for damaged in [&b""[..], b"00", b"\xff\xfe"] {
            fs::write(home.path().join("host"), damaged).unwrap();
            assert!(matches!(profile.host(), Err(MemoryError::HostMalformed(_))), "{damaged:?}");
        }
        let (ada, new) = profile.identity("ada").unwrap();
        assert!(new);
        assert_eq!(profile.identity("ada").unwrap().0.public_key(), ada.public_key());
        assert_eq!(profile.agents().unwrap(), ["ada"]);
        assert!(profile.identity("../ada").is_err());
    }
}
