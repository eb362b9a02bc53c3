//! Whom this store trusts. Trust never changes what is stored or the digest; it decides at answer time how an
//! entry is marked, and whether one from a revoked key is shown.

use std::collections::BTreeMap;

use chrysalis_crypto::merkle::Hash;
use chrysalis_crypto::{ed25519, hex};
use chrysalis_journal::Disk;

use crate::error::MemoryError;
use crate::identity::AgentKey;
use crate::local;
use crate::memory::Memory;

pub(crate) const FILE: &str = "trust";

/// What can be said of an entry's signature when it is shown. Every entry shown has a valid one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SignatureState {
    /// Signed by this agent or by a key that was given trust.
    Trusted,
    /// Signed by a key nobody here has said anything about.
    UnknownSigner,
    /// The writer signed two different commits for one place; both are kept.
    Forked,
    /// The key was revoked, and this entry lies beyond the last commit accepted from it.
    Revoked,
}

impl SignatureState {
    /// The name used in every language: `trusted`, `unknown-signer`, `forked`, `revoked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::UnknownSigner => "unknown-signer",
            Self::Forked => "forked",
            Self::Revoked => "revoked",
        }
    }
}

/// The last commit accepted from one incarnation of a revoked key.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LastAccepted {
    /// The incarnation.
    pub incarnation: u64,
    /// Sequence number of the commit's last record.
    pub sequence: u64,
    /// The commit's hash. It and the commits before it stay accepted.
    pub commit: Hash,
}

/// What is said here of one key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Statement {
    /// The name the key goes by here.
    pub name: Option<String>,
    /// Whether its entries count as trusted.
    pub trusted: bool,
    /// Set when the key is revoked: what stays accepted of it, by incarnation.
    pub revoked: Option<Vec<LastAccepted>>,
}

/// Everything said here, by key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trust(pub(crate) BTreeMap<AgentKey, Statement>);

impl Trust {
    /// What is said of `key`.
    #[must_use]
    pub fn of(&self, key: &AgentKey) -> Option<&Statement> {
        self.0.get(key)
    }

    /// All statements, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentKey, &Statement)> {
        self.0.iter()
    }

    pub(crate) fn load(disk: &dyn Disk) -> Result<Self, MemoryError> {
        parse(&local::read(disk, FILE)?)
    }

    /// Changes the statement about `key` and gives the new whole.
    pub(crate) fn update(
        disk: &dyn Disk,
        key: AgentKey,
        change: impl FnOnce(&mut Statement) -> Result<(), MemoryError>,
    ) -> Result<Self, MemoryError> {
        local::update(disk, FILE, |lines| {
            let mut trust = parse(lines)?;
            let statement = trust.0.entry(key).or_default();
            change(statement)?;
            if *statement == Statement::default() {
                trust.0.remove(&key);
            }
            *lines = format(&trust);
            Ok(trust)
        })
    }
}

impl Memory {
    /// What is said here of keys, as of the last call that reads or writes the store.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.view().trust.clone()
    }

    /// Trusts a key, under a name of your choice. Lifts an earlier revocation.
    ///
    /// # Errors
    /// [`MemoryError::InvalidAgentKey`] for bytes no signature can be checked with, [`MemoryError::InvalidName`],
    /// [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_add(&self, key: AgentKey, name: Option<&str>) -> Result<(), MemoryError> {
        if !ed25519::is_public_key(key.as_bytes()) {
            return Err(MemoryError::InvalidAgentKey);
        }
        if let Some(name) = name {
            check_label(name)?;
        }
        self.change_trust(key, |statement| {
            statement.trusted = true;
            statement.revoked = None;
            if let Some(name) = name {
                statement.name = Some(name.to_owned());
            }
        })
    }

    /// Forgets what was said of a key.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_remove(&self, key: AgentKey) -> Result<(), MemoryError> {
        self.change_trust(key, |statement| *statement = Statement::default())
    }

    /// Revokes a key from here on: what this store holds of it now stays accepted, whatever time later
    /// commits claim. With `everything`, nothing of it is accepted any more. For a key that is revoked already,
    /// revoking it once more never accepts more.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_revoke(&self, key: AgentKey, everything: bool) -> Result<(), MemoryError> {
        self.refresh()?;
        let accepted = if everything { Vec::new() } else { self.view().heads(&key) };
        self.change_trust(key, |statement| {
            statement.trusted = false;
            if everything || statement.revoked.is_none() {
                statement.revoked = Some(accepted);
            }
        })
    }

    fn change_trust(&self, key: AgentKey, change: impl FnOnce(&mut Statement)) -> Result<(), MemoryError> {
        self.require_writable()?;
        Trust::update(&**self.disk(), key, |statement| {
            change(statement);
            Ok(())
        })?;
        self.refresh()?;
        Ok(())
    }
}

/// Checks a name given to a key: one to 64 characters, nothing that could break a line or a terminal.
pub(crate) fn check_label(name: &str) -> Result<(), MemoryError> {
    if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
        return Err(MemoryError::InvalidName("name for a key"));
    }
    Ok(())
}

/// One line a fact: `trusted KEY`, `name KEY TEXT`, `revoked KEY`, `accepted KEY INCARNATION SEQUENCE HASH`.
fn format(trust: &Trust) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, statement) in &trust.0 {
        if let Some(name) = &statement.name {
            lines.push(format!("name {key} {name}"));
        }
        if statement.trusted {
            lines.push(format!("trusted {key}"));
        }
        if let Some(accepted) = &statement.revoked {
            lines.push(format!("revoked {key}"));
            for last in accepted {
                let commit = hex::encode(&last.commit);
                lines.push(format!("accepted {key} {:016x} {} {commit}", last.incarnation, last.sequence));
            }
        }
    }
    lines
}

fn parse(lines: &[String]) -> Result<Trust, MemoryError> {
    let mut trust = Trust::default();
    for line in lines {
        apply(&mut trust, line).ok_or(MemoryError::LocalFileMalformed(FILE))?;
    }
    Ok(trust)
}

fn apply(trust: &mut Trust, line: &str) -> Option<()> {
    let (fact, rest) = line.split_once(' ')?;
    let (key, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let statement = trust.0.entry(key.parse().ok()?).or_default();
    match (fact, rest) {
        ("name", name) if check_label(name).is_ok() => statement.name = Some(name.to_owned()),
        ("trusted", "") => statement.trusted = true,
        ("revoked", "") => statement.revoked = Some(Vec::new()),
        ("accepted", rest) => {
            let mut words = rest.split(' ');
            let incarnation = u64::from_be_bytes(hex::decode_array(words.next()?).ok()?);
            let sequence = words.next()?.parse().ok()?;
            let commit = hex::decode_array(words.next()?).ok()?;
            if words.next().is_some() {
                return None;
            }
            statement.revoked.as_mut()?.push(LastAccepted { incarnation, sequence, commit });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrysalis_journal::MemoryDisk;

    #[test]
    fn what_is_said_is_read_back() {
        let disk = MemoryDisk::new();
        let (ada, bob) = (AgentKey::from_bytes([1; 32]), AgentKey::from_bytes([2; 32]));
        let last = LastAccepted { incarnation: 7, sequence: 12, commit: [9; 32] };
        Trust::update(&disk, ada, |statement| {
            *statement = Statement { name: Some("Ada of the house".into()), trusted: true, revoked: None };
            Ok(())
        })
        .unwrap();
        let said = Trust::update(&disk, bob, |statement| {
            statement.revoked = Some(vec![last]);
            Ok(())
        })
        .unwrap();
        assert_eq!(Trust::load(&disk).unwrap(), said);
        assert_eq!(said.of(&bob).unwrap().revoked, Some(vec![last]));
        let said = Trust::update(&disk, bob, |statement| {
            statement.revoked = None;
            Ok(())
        })
        .unwrap();
        assert_eq!(said.of(&bob), None, "an empty statement is not kept");
    }

    #[test]
    fn damaged_files_are_errors_not_empty_trust() {
        for line in ["trusted 00", "trusted", "loved KEY", "accepted 00 1 2 3"] {
            assert!(parse(&[line.to_owned()]).is_err(), "{line}");
        }
        assert!(check_label("a\nb").is_err());
    }
}
