//! Namespaces: the unit of sharing. Signed bytes hold a random id; the name stays in the store's `local/`.

use std::collections::BTreeSet;
use std::fmt;

use chrysalis_crypto::{hex, random};
use chrysalis_journal::Disk;

use crate::error::MemoryError;
use crate::identity::check_name;
use crate::local;

pub(crate) const FILE: &str = "namespaces";

/// The namespace entries go to when nobody says which.
pub const DEFAULT_NAMESPACE: &str = "default";

/// The most namespaces one store has names for.
pub const MAX_NAMESPACES: usize = 1 << 16;

/// The random id of a namespace.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NamespaceId(pub(crate) [u8; 16]);

impl NamespaceId {
    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamespaceId({self})")
    }
}

/// What this store knows of one namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Namespace {
    /// Its id.
    pub id: NamespaceId,
    /// Its name in this store; several may share one after a merge.
    pub name: String,
    /// Private namespaces never leave their store: a merge elsewhere gets their leaves only.
    pub private: bool,
}

/// The namespaces of a store, those born here first.
pub(crate) fn list(disk: &dyn Disk) -> Result<Vec<Namespace>, MemoryError> {
    local::read(disk, FILE)?.iter().map(|line| parse(line)).collect()
}

/// The namespace called `name`, made when there is none. An existing one keeps its privacy.
pub(crate) fn find_or_make(disk: &dyn Disk, name: &str, private: bool) -> Result<Namespace, MemoryError> {
    check_name("namespace name", name)?;
    if let Some(known) = list(disk)?.into_iter().find(|namespace| namespace.name == name) {
        return Ok(known);
    }
    local::update(disk, FILE, |lines| {
        let known: Vec<_> = lines.iter().map(|line| parse(line)).collect::<Result<_, _>>()?;
        if let Some(known) = known.into_iter().find(|namespace| namespace.name == name) {
            return Ok(known);
        }
        if lines.len() >= MAX_NAMESPACES {
            return Err(MemoryError::TooLarge {
                what: "number of namespaces",
                limit: MAX_NAMESPACES,
                actual: lines.len() + 1,
            });
        }
        let made = Namespace { id: NamespaceId(random::array()?), name: name.to_owned(), private };
        lines.push(format(&made));
        Ok(made)
    })
}

/// Takes over the names of shared namespaces from another store; what has a name here keeps it. Names beyond half of
/// [`MAX_NAMESPACES`] stay unknown here, so that no other store can use up what this one has room for.
pub(crate) fn adopt(disk: &dyn Disk, others: &[Namespace]) -> Result<(), MemoryError> {
    local::update(disk, FILE, |lines| {
        let mut known: BTreeSet<NamespaceId> =
            lines.iter().map(|line| Ok(parse(line)?.id)).collect::<Result<_, MemoryError>>()?;
        for other in others.iter().filter(|other| !other.private) {
            if lines.len() < MAX_NAMESPACES / 2 && known.insert(other.id) {
                lines.push(format(other));
            }
        }
        Ok(())
    })
}

fn parse(line: &str) -> Result<Namespace, MemoryError> {
    let damaged = || MemoryError::LocalFileMalformed(FILE);
    let mut words = line.split(' ');
    let (Some(id), Some(privacy), Some(name), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(damaged());
    };
    let private = match privacy {
        "private" => true,
        "shared" => false,
        _ => return Err(damaged()),
    };
    check_name("namespace name", name).map_err(|_| damaged())?;
    Ok(Namespace {
        id: NamespaceId(hex::decode_array(id).map_err(|_| damaged())?),
        name: name.to_owned(),
        private,
    })
}

fn format(namespace: &Namespace) -> String {
    let privacy = if namespace.private { "private" } else { "shared" };
    format!("{} {privacy} {}", namespace.id, namespace.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrysalis_journal::MemoryDisk;

    #[test]
    fn names_are_found_again_and_private_ones_are_not_adopted() {
        let (here, there) = (MemoryDisk::new(), MemoryDisk::new());
        let work = find_or_make(&there, "work", false).unwrap();
        find_or_make(&there, "diary", true).unwrap();
        assert_eq!(find_or_make(&there, "work", true).unwrap(), work);
        let mine = find_or_make(&here, "work", false).unwrap();
        adopt(&here, &list(&there).unwrap()).unwrap();
        adopt(&here, &list(&there).unwrap()).unwrap();
        assert_eq!(list(&here).unwrap(), [mine, work]);
        assert!(find_or_make(&here, "a b", false).is_err());
    }
}
