//! Whether nobody but the user of this process, and root, can put another file in the place of one.
//!
//! Unix alone: owners and permission bits, as `ssh` judges them. The access lists of other systems are not looked at.

use std::io;
use std::path::Path;

use crate::error::SecurityError;

/// Why `path` is refused where somebody else owns it, or a directory or link on the way to it, or may put other things into one
/// of the directories.
#[cfg(unix)]
pub(crate) fn stranger_on_the_way(path: &Path, user: u32) -> io::Result<Option<SecurityError>> {
    unix::walk(&std::path::absolute(path)?, user, unix::MAX_LINKS)
}

/// Nothing is known of it on other systems.
#[cfg(not(unix))]
pub(crate) fn stranger_on_the_way(_: &Path, _: u32) -> io::Result<Option<SecurityError>> {
    Ok(None)
}

/// The number of the user whose rights this process has.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Other systems have no such number.
#[cfg(not(unix))]
pub(crate) fn user() -> u32 {
    0
}

/// Why an open file is refused where somebody else owns it.
#[cfg(unix)]
pub(crate) fn foreign_owner(file: &std::fs::File, user: u32) -> io::Result<Option<SecurityError>> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = file.metadata()?.uid();
    Ok((uid != user).then_some(SecurityError::KeyFileForeign { uid }))
}

/// Nothing is known of it on other systems.
#[cfg(not(unix))]
pub(crate) fn foreign_owner(_: &std::fs::File, _: u32) -> io::Result<Option<SecurityError>> {
    Ok(None)
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use crate::error::SecurityError;

    /// How many links are followed, as Linux does.
    pub(super) const MAX_LINKS: usize = 40;
    const ROOT: u32 = 0;
    /// Write permission of group and others.
    const OTHERS_WRITE: u32 = 0o022;
    /// In such a directory, of which `/tmp` is one, only its owner removes or renames an entry.
    const STICKY: u32 = 0o1000;

    pub(super) fn walk(path: &Path, user: u32, links: usize) -> io::Result<Option<SecurityError>> {
        let mut parts: Vec<&Path> = path.ancestors().collect();
        parts.reverse();
        for part in parts {
            let metadata = fs::symlink_metadata(part)?;
            if let Some(stranger) = judge(&metadata, user) {
                return Ok(Some(stranger));
            }
            if !metadata.is_symlink() {
                continue;
            }
            let links = links.checked_sub(1).ok_or(io::ErrorKind::Other)?;
            let target = part.parent().unwrap_or(part).join(fs::read_link(part)?);
            if let Some(stranger) = walk(&target, user, links)? {
                return Ok(Some(stranger));
            }
        }
        Ok(None)
    }

    fn judge(metadata: &Metadata, user: u32) -> Option<SecurityError> {
        let (uid, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        if uid != user && uid != ROOT {
            return Some(SecurityError::KeyFileForeign { uid });
        }
        let is_open = metadata.is_dir() && mode & OTHERS_WRITE != 0 && mode & STICKY == 0;
        is_open.then_some(SecurityError::KeyFileReplaceable { mode })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn directories_that_others_may_change_are_found_wherever_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("a/b/c");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(stranger_on_the_way(&inner, user()).unwrap(), None);
        for (name, mode) in [("a", 0o777), ("a/b", 0o770), ("a/b/c", 0o702)] {
            let open = directory.path().join(name);
            fs::set_permissions(&open, fs::Permissions::from_mode(mode)).unwrap();
            let found = stranger_on_the_way(&inner, user()).unwrap();
            assert_eq!(found, Some(SecurityError::KeyFileReplaceable { mode }), "{name}");
            fs::set_permissions(&open, fs::Permissions::from_mode(mode | 0o1000)).unwrap();
            assert_eq!(stranger_on_the_way(&inner, user()).unwrap(), None, "{name} is sticky");
            fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        }
        // Seen from another user, all of this is somebody else's.
        let (us, other) = (user(), user() + 1);
        if us != 0 {
            assert_eq!(
                stranger_on_the_way(&inner, other).unwrap(),
                Some(SecurityError::KeyFileForeign { uid: us })
            );
        }
    }

    #[test]
    fn links_are_followed_to_where_they_lead() {
        let directory = tempfile::tempdir().unwrap();
        let (safe, open) = (directory.path().join("safe"), directory.path().join("open"));
        fs::create_dir(&safe).unwrap();
        fs::create_dir(&open).unwrap();
        fs::write(open.join("file"), "").unwrap();
        symlink("../open", safe.join("link")).unwrap();
        symlink(safe.join("link"), safe.join("again")).unwrap();
        let by_links = safe.join("again/file");
        assert_eq!(stranger_on_the_way(&by_links, user()).unwrap(), None);
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let expected = Some(SecurityError::KeyFileReplaceable { mode: 0o777 });
        assert_eq!(stranger_on_the_way(&by_links, user()).unwrap(), expected);
        symlink("round", safe.join("round")).unwrap();
        assert!(stranger_on_the_way(&safe.join("round"), user()).is_err());
        assert_eq!(
            stranger_on_the_way(&safe.join("nothing"), user()).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
