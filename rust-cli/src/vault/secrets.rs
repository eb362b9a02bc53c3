//! Where keys and passwords come from: a prompt that does not show them, or standard input. Never arguments.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};

use chrysalis_crypto::api_keys::{self, ApiKey};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_security::password::{self, validate_password_strength};
use zeroize::Zeroizing;

use crate::errors::CliError;
use crate::vault::terminal;

/// A password's characters have at most four bytes each.
const MAX_PASSWORD_BYTES: usize = 4 * password::MAX_LENGTH;
/// How often a password is asked for again at a prompt.
pub(crate) const ATTEMPTS: usize = 3;

/// How this run gets its secrets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secrets {
    /// A line of standard input for each password, in the order in which they would be asked for.
    pub(crate) passwords_from_stdin: bool,
}

impl Secrets {
    /// Whether somebody types, and may try again.
    pub(crate) fn are_typed(self) -> bool {
        !self.passwords_from_stdin
    }

    /// The password of something that has one.
    ///
    /// # Errors
    /// [`CliError::NoTerminal`], [`CliError::SecretInput`], [`CliError::Interrupted`].
    pub(crate) fn password(self, prompt: &str) -> Result<SecretBytes, CliError> {
        if self.passwords_from_stdin {
            read_line(&mut standard_input()?)
        } else {
            terminal::read_secret(prompt, MAX_PASSWORD_BYTES)
        }
    }

    /// A new password, good enough; typed ones twice.
    ///
    /// # Errors
    /// As [`password`](Self::password), and [`CliError::WeakPassword`].
    pub(crate) fn new_password(self, of: &str) -> Result<SecretBytes, CliError> {
        if self.passwords_from_stdin {
            let password = self.password("")?;
            return check_strength(&password).map(|()| password);
        }
        let mut attempt = 1;
        loop {
            let chosen = self.password(&format!("New password of {of}: ")).and_then(|password| {
                check_strength(&password)?;
                let again = self.password("The same again: ")?;
                if password == again { Ok(password) } else { Err(CliError::SecretInput("the two differ")) }
            });
            match chosen {
                Err(error @ (CliError::WeakPassword(_) | CliError::SecretInput(_))) if attempt < ATTEMPTS => {
                    terminal::say(&error.to_string())?;
                    attempt += 1;
                }
                chosen => return chosen,
            }
        }
    }

    /// An API key.
    ///
    /// # Errors
    /// As [`password`](Self::password).
    pub(crate) fn key(self, prompt: &str, from_stdin: bool) -> Result<ApiKey, CliError> {
        let secret = if from_stdin {
            read_rest(&mut standard_input()?)?
        } else {
            terminal::read_secret(prompt, api_keys::MAX_LENGTH)?
        };
        // Between two types that wipe: the copy is wiped as well.
        let mut bytes = secret.expose(|bytes| Zeroizing::new(bytes.to_vec()));
        Ok(ApiKey::from_bytes(&mut bytes)?)
    }
}

fn check_strength(password: &SecretBytes) -> Result<(), CliError> {
    let strength = password.expose(|password| {
        str::from_utf8(password)
            .map(validate_password_strength)
            .map_err(|_| CliError::SecretInput("passwords are UTF-8 text"))
    })?;
    if strength.is_valid {
        return Ok(());
    }
    let problems = if strength.problems.is_empty() { vec!["too little variety"] } else { strength.problems };
    Err(CliError::WeakPassword(problems))
}

/// Standard input without a buffer, so that no secret stays in one, and what follows is left to others.
fn standard_input() -> Result<File, CliError> {
    if io::stdin().is_terminal() {
        return Err(CliError::SecretInput(
            "standard input is a terminal, which would show what is typed; leave out --stdin and --password-stdin",
        ));
    }
    #[cfg(unix)]
    let copied = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let copied = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    copied.map(File::from).map_err(|_| CliError::SecretInput("standard input is closed"))
}

/// The next line, without its end.
fn read_line(from: &mut File) -> Result<SecretBytes, CliError> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES + 1));
    while let Some(byte) = next_byte(from)? {
        if byte == b'\n' {
            break;
        }
        if line.len() > MAX_PASSWORD_BYTES {
            return Err(CliError::SecretInput("a line of standard input is longer than any password"));
        }
        line.push(byte);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.is_empty() {
        return Err(CliError::SecretInput("standard input has no line for a password that is needed"));
    }
    Ok(SecretBytes::from_slice_wiping(&mut line)?)
}

/// Everything that is left, without one line end.
fn read_rest(from: &mut File) -> Result<SecretBytes, CliError> {
    let mut text = Zeroizing::new(Vec::with_capacity(api_keys::MAX_LENGTH + 2));
    while let Some(byte) = next_byte(from)? {
        if text.len() == api_keys::MAX_LENGTH + 2 {
            return Err(CliError::SecretInput("standard input is longer than any key"));
        }
        text.push(byte);
    }
    if text.last() == Some(&b'\n') {
        text.pop();
        if text.last() == Some(&b'\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(CliError::SecretInput("standard input holds no key"));
    }
    Ok(SecretBytes::from_slice_wiping(&mut text)?)
}

fn next_byte(from: &mut File) -> Result<Option<u8>, CliError> {
    let mut byte = [0];
    loop {
        match from.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(CliError::SecretInput("standard input cannot be read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    fn refused<T: std::fmt::Debug>(read: Result<T, CliError>) -> String {
        let error = read.unwrap_err();
        assert_eq!(error.code(), "cli/secret-input");
        error.to_string()
    }

    #[test]
    fn lines_are_passwords_and_the_rest_is_a_key() {
        let mut input = file(b"first\r\nsecond\nthe key\nof two lines\n");
        assert!(read_line(&mut input).unwrap().expose(|line| line == b"first"));
        assert!(read_line(&mut input).unwrap().expose(|line| line == b"second"));
        assert!(read_rest(&mut input).unwrap().expose(|rest| rest == b"the key\nof two lines"));
        assert!(refused(read_line(&mut input)).contains("no line"));
        assert!(refused(read_rest(&mut input)).contains("no key"));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        refused(read_line(&mut file(&[b'x'; MAX_PASSWORD_BYTES + 2])));
        refused(read_rest(&mut file(&[b'x'; api_keys::MAX_LENGTH + 3])));
        let longest = [&[b'x'; api_keys::MAX_LENGTH][..], b"\r\n"].concat();
        assert_eq!(read_rest(&mut file(&longest)).unwrap().len(), api_keys::MAX_LENGTH);
    }

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let secret = |text: &str| SecretBytes::from_slice_wiping(&mut text.as_bytes().to_vec()).unwrap();
        assert!(check_strength(&secret("Blue-Kettle-42-Rain")).is_ok());
        let error = check_strength(&secret("short")).unwrap_err();
        assert_eq!(error.code(), "cli/weak-password");
        assert!(error.to_string().contains("shorter than 12"), "{error}");
        let bytes = SecretBytes::from_slice_wiping(&mut [0xff; 20]).unwrap();
        assert!(matches!(check_strength(&bytes), Err(CliError::SecretInput(_))));
    }
}
