//! A key that opens a wallet unattended, in a file of its own.

use std::io;
use std::path::Path;

use chrysalis_crypto::hex;
use zeroize::Zeroizing;

use crate::error::SecurityError;
use crate::private_file;
use crate::private_path;
use crate::sealing::{KEY_LENGTH, WrappingKey};

/// More than any key file has.
const MAX_FILE_BYTES: usize = 256;
const FIRST_LINE: &str = "chrysalis vault key 1";

/// Makes a new key and writes it to `path`, readable by its owner alone. The file is on disk when this returns. Whoever
/// has it opens every wallet that it was added to.
///
/// # Errors
/// [`SecurityError::Io`], with the kind `AlreadyExists` where there is something; [`SecurityError::KeyFileForeign`] and
/// [`SecurityError::KeyFileReplaceable`] in a directory in which [`read_key_file`] would not read it. Nothing is written then.
pub fn make_key_file(path: &Path) -> Result<WrappingKey, SecurityError> {
    let key = WrappingKey::make()?;
    let digits = key.expose(|bytes| Zeroizing::new(hex::encode(bytes)));
    // Room for all of it from the start: a text that grows leaves what it held before behind, unwiped.
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES));
    for part in [FIRST_LINE, "\nkey ", &digits, "\n"] {
        text.push_str(part);
    }
    private_file::create_directory(private_file::directory_of(path))
        .map_err(SecurityError::io("create the directory of the key file"))?;
    let directory = private_file::directory_of(path);
    private_path::stranger_on_the_way(directory, private_path::user())
        .map_err(SecurityError::io("look at the directory of the key file"))?
        .map_or(Ok(()), Err)?;
    private_file::create(path, text.as_bytes()).map_err(SecurityError::io("create the key file"))?;
    Ok(key)
}

/// Reads a key file, which must be this user's own: theirs to read alone, and nobody else's to replace.
///
/// The owner of the file is the user whose rights this process has; every directory and every link on the way to it is theirs or
/// root's, and others can write to none of the directories unless they are sticky, as `/tmp` is. All that is told by owners
/// and permission bits of Unix. The access lists of Windows are not looked at: keep the file in a directory of the user's own.
///
/// # Errors
/// [`SecurityError::KeyFileExposed`] when group or others have any right to it; [`SecurityError::KeyFileForeign`];
/// [`SecurityError::KeyFileReplaceable`]; [`SecurityError::KeyFileMalformed`]; [`SecurityError::Io`].
pub fn read_key_file(path: &Path) -> Result<WrappingKey, SecurityError> {
    read_as(path, private_path::user())
}

fn read_as(path: &Path, user: u32) -> Result<WrappingKey, SecurityError> {
    let read = |error: io::Error| SecurityError::io("read the key file")(error);
    // Opened once: what is judged is what is read, whatever happens to the name meanwhile.
    let file = private_file::open(path).map_err(read)?;
    private_path::foreign_owner(&file, user).map_err(read)?.map_or(Ok(()), Err)?;
    private_path::stranger_on_the_way(path, user).map_err(read)?.map_or(Ok(()), Err)?;
    if let Some(mode) = private_file::exposed_mode(&file).map_err(read)? {
        return Err(SecurityError::KeyFileExposed { mode });
    }
    let bytes = private_file::read_all(file, MAX_FILE_BYTES).map_err(read)?;
    let bytes = Zeroizing::new(bytes.ok_or(SecurityError::KeyFileMalformed)?);
    let text = str::from_utf8(&bytes).map_err(|_| SecurityError::KeyFileMalformed)?;
    let mut lines = text.lines();
    let (first, second, third) = (lines.next(), lines.next(), lines.next());
    let digits = second.and_then(|line| line.strip_prefix("key "));
    match (first, digits, third) {
        (Some(FIRST_LINE), Some(digits), None) => {
            let key = hex::decode_array::<KEY_LENGTH>(digits).map_err(|_| SecurityError::KeyFileMalformed)?;
            Ok(WrappingKey::from_slice_wiping(&mut Zeroizing::new(key)[..])?)
        }
        _ => Err(SecurityError::KeyFileMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/vault.key");
        let made = make_key_file(&path).unwrap();
        let read = read_key_file(&path).unwrap();
        assert!(made.expose(|made| read.expose(|read| made == read)));
        let error = make_key_file(&path).unwrap_err();
        assert_eq!(error.to_string(), "Cannot create the key file: entity already exists");
        assert!(made.expose(|made| read_key_file(&path).unwrap().expose(|read| made == read)));
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        make_key_file(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(read_key_file(&path).unwrap_err(), SecurityError::KeyFileExposed { mode: 0o640 });
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_of_another_user_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        make_key_file(&path).unwrap();
        let us = private_path::user();
        // Root reads the files of others, but does not take their keys.
        assert_eq!(read_as(&path, us + 1).unwrap_err(), SecurityError::KeyFileForeign { uid: us });
        assert!(read_as(&path, us).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_replace_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let shared = directory.path().join("shared");
        let path = shared.join("vault.key");
        make_key_file(&path).unwrap();
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(read_key_file(&link).is_ok(), "links of this user's are followed");
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
        for path in [&path, &link] {
            let error = read_key_file(path).unwrap_err();
            assert_eq!(error, SecurityError::KeyFileReplaceable { mode: 0o777 });
        }
        let error = make_key_file(&shared.join("another.key")).unwrap_err();
        assert_eq!(error, SecurityError::KeyFileReplaceable { mode: 0o777 });
        assert_eq!(shared.read_dir().unwrap().count(), 1, "nothing was written");
    }

    #[test]
    fn other_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.key");
        make_key_file(&path).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        for text in
            [&good[..good.len() - 2], "", &good.replace('1', "2"), &format!("{good}more\n"), &"x".repeat(300)]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_key_file(&path).unwrap_err(), SecurityError::KeyFileMalformed);
        }
        assert!(matches!(
            read_key_file(directory.path()),
            Err(SecurityError::KeyFileExposed { .. } | SecurityError::Io { .. })
        ));
    }
}
