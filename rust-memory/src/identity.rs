//! Who an agent is: an Ed25519 key in a file that only its owner can read.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrysalis_crypto::commit::CommitHeader;
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::{CryptoError, hex, random};
use chrysalis_journal::Signer;
use zeroize::Zeroizing;

use crate::error::MemoryError;

/// More than any key file has; whatever is longer is not one.
const MAX_FILE_BYTES: usize = 512;
const FIRST_LINE: &str = "chrysalis identity 1";
/// What the first line of a key file of any version begins with, and the line with its 32 bytes: those of agents, and those
/// that open vaults, which rust-security writes.
const SECRETS: [(&str, &str); 2] = [("chrysalis identity ", "seed "), ("chrysalis vault key ", "key ")];

/// An agent's public key: what entries are attributed to and what trust is given to.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AgentKey([u8; 32]);

impl AgentKey {
    /// The key of these bytes. Whether they are a usable key shows when a signature is checked.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits, for people; never for comparing.
    #[must_use]
    pub fn to_short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

impl fmt::Display for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentKey({self})")
    }
}

impl FromStr for AgentKey {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        hex::decode_array(text).map(Self).map_err(|_| MemoryError::InvalidAgentKey)
    }
}

/// An agent that can sign: its name here and its secret key.
pub struct Identity {
    name: String,
    path: Option<PathBuf>,
    key: SigningKey,
}

impl Identity {
    /// Makes a new identity that lives only in this process.
    ///
    /// # Errors
    /// [`MemoryError::InvalidName`], or [`MemoryError::Crypto`] when the system gives no randomness.
    pub fn make(name: &str) -> Result<Self, MemoryError> {
        check_name("agent name", name)?;
        Ok(Self { name: name.to_owned(), path: None, key: SigningKey::make()? })
    }

    /// The identity of a fixed seed, for tests and for keys that come from elsewhere.
    ///
    /// # Errors
    /// [`MemoryError::InvalidName`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, MemoryError> {
        check_name("agent name", name)?;
        Ok(Self { name: name.to_owned(), path: None, key: SigningKey::from_seed(seed) })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`MemoryError::IdentityMissing`], [`MemoryError::KeyFileExposed`] when group or others have any right to
    /// it, [`MemoryError::IdentityMalformed`], [`MemoryError::Io`].
    pub fn load(path: &Path) -> Result<Self, MemoryError> {
        let mut file = match fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(MemoryError::IdentityMissing(path.to_owned()));
            }
            file => file.map_err(MemoryError::io(path))?,
        };
        check_mode(path, &file)?;
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES));
        io::Read::read_to_end(&mut io::Read::take(&mut file, MAX_FILE_BYTES as u64), &mut text)
            .map_err(MemoryError::io(path))?;
        parse(&text, path)
    }

    /// Reads the key file at `path`, or makes a new key there when there is none.
    ///
    /// Two processes that do this at once end up with the same key. The second value says whether it is new.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_or_create(path: &Path, name: &str) -> Result<(Self, bool), MemoryError> {
        match Self::load(path) {
            Err(MemoryError::IdentityMissing(_)) => match Self::create(path, name) {
                Err(MemoryError::IdentityExists(_)) => Ok((Self::load(path)?, false)),
                created => Ok((created?, true)),
            },
            loaded => Ok((loaded?, false)),
        }
    }

    /// Makes a new key and writes it to `path`, readable by its owner only.
    ///
    /// The file appears whole or not at all, and is on disk when this returns.
    ///
    /// # Errors
    /// [`MemoryError::IdentityExists`] when something is there already; it is left alone.
    pub fn create(path: &Path, name: &str) -> Result<Self, MemoryError> {
        let mut identity = Self::make(name)?;
        let seed = identity.key.to_seed();
        let public = hex::encode(&identity.key.public_key());
        let seed = Zeroizing::new(hex::encode(seed.as_slice()));
        // Room for all of it from the start: a text that grows leaves what it held before behind, unwiped.
        let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES));
        for part in [FIRST_LINE, "\nname ", name, "\npublic ", &public, "\nseed ", &seed, "\n"] {
            text.push_str(part);
        }
        create_private(path, text.as_bytes()).map_err(|error| match error {
            MemoryError::Io { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                MemoryError::IdentityExists(path.to_owned())
            }
            other => other,
        })?;
        identity.path = Some(path.to_owned());
        Ok(identity)
    }

    /// The agent's name on this machine. Nothing signed holds it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key file this identity came from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> AgentKey {
        AgentKey(self.key.public_key())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("name", &self.name)
            .field("key", &self.public_key())
            .finish_non_exhaustive()
    }
}

impl Signer for Identity {
    fn public_key(&self) -> [u8; 32] {
        self.key.public_key()
    }

    fn sign(&self, header: &CommitHeader) -> Result<[u8; 64], CryptoError> {
        Ok(header.sign(&self.key))
    }
}

/// Whether `text` holds a key file of an agent or a vault with its secret, whatever stands around it or before its lines.
///
/// One pass over the text for each; a text without the first words of a key file costs a substring search.
pub(crate) fn holds_secret_key(text: &str) -> bool {
    SECRETS.iter().any(|(first_words, name)| holds_secret(text, first_words, name))
}

fn holds_secret(text: &str, first_words: &str, name: &str) -> bool {
    if !text.contains(first_words) {
        return false;
    }
    let mut lines = text.split(['\n', '\r']).map(|line| {
        line.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
    });
    lines.any(|line| line.starts_with(first_words)) && lines.any(|line| is_secret_line(line, name))
}

fn is_secret_line(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|secret| {
        let secret = secret.trim_start().as_bytes();
        secret.len() >= 64 && secret[..64].iter().all(u8::is_ascii_hexdigit)
    })
}

/// Checks a name that becomes part of a file name.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), MemoryError> {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(usual) {
        return Err(MemoryError::InvalidName(what));
    }
    Ok(())
}

/// Creates `path` with `bytes`, readable by its owner only; fails with `AlreadyExists` if it is there.
///
/// A hard link from a finished temporary file makes it appear whole, whoever else tries at the same time.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), MemoryError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_private_directory(directory)?;
    let temporary = directory.join(format!(".new-{}", hex::encode(&random::array::<8>()?)));
    let written = write_private(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    written.map_err(MemoryError::io(path))?;
    removed.map_err(MemoryError::io(&temporary))?;
    sync_directory(directory).map_err(MemoryError::io(directory))
}

fn create_private_directory(directory: &Path) -> Result<(), MemoryError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(MemoryError::io(directory))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "one signature on every system; only Unix opens directories")]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &fs::File) -> Result<(), MemoryError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(MemoryError::io(path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(MemoryError::KeyFileExposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "one signature on every system; only Unix has modes")]
fn check_mode(_path: &Path, _file: &fs::File) -> Result<(), MemoryError> {
    Ok(())
}

fn parse(text: &[u8], path: &Path) -> Result<Identity, MemoryError> {
    let malformed = || MemoryError::IdentityMalformed(path.to_owned());
    let text = str::from_utf8(text).map_err(|_| malformed())?;
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err(malformed());
    }
    let mut field = |name: &str| {
        lines
            .next()
            .and_then(|line| line.strip_prefix(name))
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(malformed)
    };
    let (name, public, seed) = (field("name")?, field("public")?, field("seed")?);
    check_name("agent name", name).map_err(|_| malformed())?;
    let seed = Zeroizing::new(hex::decode_array::<32>(seed).map_err(|_| malformed())?);
    let key = SigningKey::from_seed(&seed);
    if hex::encode(&key.public_key()) != public || lines.next().is_some() {
        return Err(malformed());
    }
    Ok(Identity { name: name.to_owned(), path: Some(path.to_owned()), key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys/ada.key");
        let (made, new) = Identity::load_or_create(&path, "ada").unwrap();
        assert!(new);
        let (read, new) = Identity::load_or_create(&path, "someone else").unwrap();
        assert!(!new);
        assert_eq!((made.public_key(), "ada"), (read.public_key(), read.name()));
        assert!(matches!(Identity::create(&path, "ada"), Err(MemoryError::IdentityExists(_))));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        Identity::create(&path, "a").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Identity::load(&path).unwrap_err();
        assert!(matches!(error, MemoryError::KeyFileExposed { mode: 0o640, .. }));
        assert!(error.to_string().contains("chmod 600"));
    }

    #[test]
    fn damaged_key_files_are_named_and_show_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        Identity::create(&path, "a").unwrap();
        let good = fs::read(&path).unwrap();
        for length in [0, 1, good.len() / 2, good.len() - 2] {
            fs::write(&path, &good[..length]).unwrap();
            let error = Identity::load(&path).unwrap_err();
            assert!(matches!(error, MemoryError::IdentityMalformed(_)), "{length}");
        }
        let mut swapped = good.clone();
        let seed_digit = swapped.len() - 10;
        swapped[seed_digit] = if swapped[seed_digit] == b'0' { b'1' } else { b'0' };
        fs::write(&path, &swapped).unwrap();
        assert!(matches!(Identity::load(&path), Err(MemoryError::IdentityMalformed(_))));
        assert!(!format!("{:?}", Identity::make("b").unwrap()).contains("seed"));
    }

    #[test]
    fn a_key_file_is_known_whatever_stands_around_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        Identity::create(&path, "a").unwrap();
        let key = fs::read_to_string(&path).unwrap();
        for text in [
            key.clone(),
            format!("\u{feff}{key}"),
            format!("\n\n  {key}"),
            format!("My key:\n\n    {}\n\nKeep it.", key.replace('\n', "\n    ")),
            key.replace('\n', "\r\n"),
            key.replace('\n', "\r"),
            key.trim_end().to_owned(),
            key.to_uppercase().replace("CHRYSALIS IDENTITY", "chrysalis identity").replace("SEED", "seed"),
        ] {
            assert!(holds_secret_key(&text));
        }
        let vault_key = format!("chrysalis vault key 1\nkey {}\n", "0a".repeat(32));
        assert!(holds_secret_key(&vault_key));
        assert!(!holds_secret_key(&vault_key.replace("0a0a", "0a")));
        let without_seed: String = key.lines().filter(|line| !line.starts_with("seed")).collect();
        let seed_first: Vec<&str> = key.lines().rev().collect();
        for text in [
            "",
            "Run chrysalis identity new ada.\nseed of doubt",
            "chrysalis identity 1\nseed 12ab",
            &without_seed,
            &seed_first.join("\n"),
        ] {
            assert!(!holds_secret_key(text), "{}", text.len());
        }
    }

    #[test]
    fn names_stay_inside_their_directory() {
        for name in ["", ".", "..", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(Identity::make(name).is_err(), "{name}");
        }
    }
}
