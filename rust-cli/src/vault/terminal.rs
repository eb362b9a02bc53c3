//! A prompt on the user's terminal that does not show what is typed.
//!
//! It talks to the terminal itself, so that it works while standard input and output are pipes.

#[cfg(unix)]
pub(crate) use unix::{read_secret, say};
#[cfg(windows)]
pub(crate) use windows::{read_secret, say};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, Read as _, Write as _};

    use chrysalis_crypto::secret::SecretBytes;
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
    use zeroize::{Zeroize as _, Zeroizing};

    use crate::errors::CliError;

    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const CTRL_U: u8 = 0x15;
    const CTRL_BACKSLASH: u8 = 0x1c;
    const BACKSPACE: u8 = 8;
    const DELETE: u8 = 0x7f;

    /// Asks for a secret of at most `limit` bytes. Backspace and Ctrl-U work; Ctrl-C ends the command, with the terminal as
    /// it was before.
    ///
    /// # Errors
    /// [`CliError::NoTerminal`], [`CliError::SecretInput`], [`CliError::Interrupted`].
    pub(crate) fn read_secret(prompt: &str, limit: usize) -> Result<SecretBytes, CliError> {
        let mut terminal = open()?;
        let quiet = Quiet::begin(terminal.try_clone().map_err(|_| CliError::NoTerminal)?)?;
        // After the echo is off: what is typed once the prompt stands is never shown.
        terminal.write_all(prompt.as_bytes()).map_err(|_| CliError::NoTerminal)?;
        let line = read_line(&mut terminal, limit);
        let _ = terminal.write_all(b"\n");
        drop(quiet);
        line
    }

    /// Tells whoever sits at the terminal something.
    ///
    /// # Errors
    /// [`CliError::NoTerminal`].
    pub(crate) fn say(line: &str) -> Result<(), CliError> {
        writeln!(open()?, "{line}").map_err(|_| CliError::NoTerminal)
    }

    fn open() -> Result<File, CliError> {
        File::options().read(true).write(true).open("/dev/tty").map_err(|_| CliError::NoTerminal)
    }

    fn read_line(terminal: &mut File, limit: usize) -> Result<SecretBytes, CliError> {
        // Room for all of it from the start: what grows leaves what it held before behind, unwiped.
        let mut line = Zeroizing::new(Vec::with_capacity(limit));
        let (mut is_too_long, mut holds_control) = (false, false);
        loop {
            let mut byte = [0];
            match terminal.read(&mut byte) {
                Ok(0) => return Err(CliError::NoTerminal),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(CliError::NoTerminal),
            }
            match byte[0] {
                b'\n' | b'\r' => break,
                CTRL_D if !line.is_empty() => break,
                CTRL_C | CTRL_D | CTRL_BACKSLASH => return Err(CliError::Interrupted),
                CTRL_U => {
                    line.zeroize();
                    (is_too_long, holds_control) = (false, false);
                }
                BACKSPACE | DELETE => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
                // An arrow key and the like: part of the secret unseen, if it were taken.
                control if control < b' ' => holds_control = true,
                _ if line.len() == limit => is_too_long = true,
                other => line.push(other),
            }
            byte.zeroize();
        }
        if holds_control {
            return Err(CliError::SecretInput("a control character was typed; type it again"));
        }
        if is_too_long {
            return Err(CliError::SecretInput("what was typed is too long"));
        }
        if line.is_empty() {
            return Err(CliError::SecretInput("nothing was typed"));
        }
        Ok(SecretBytes::from_slice_wiping(&mut line)?)
    }

    /// A terminal that neither shows nor acts on what is typed, until this is dropped.
    struct Quiet {
        terminal: File,
        before: Termios,
    }

    impl Quiet {
        fn begin(terminal: File) -> Result<Self, CliError> {
            let before = tcgetattr(&terminal).map_err(|_| CliError::NoTerminal)?;
            let mut quiet = before.clone();
            // By single bytes: a terminal's lines end at 4095 of them, and keys may be longer.
            quiet.local_modes.remove(
                LocalModes::ECHO
                    | LocalModes::ECHONL
                    | LocalModes::ICANON
                    | LocalModes::ISIG
                    | LocalModes::IEXTEN,
            );
            quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
            quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(&terminal, OptionalActions::Flush, &quiet).map_err(|_| CliError::NoTerminal)?;
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io::Write as _;

    use chrysalis_crypto::secret::SecretBytes;
    use zeroize::Zeroizing;

    use crate::errors::CliError;

    /// Asks for a secret of at most `limit` bytes.
    ///
    /// # Errors
    /// [`CliError::NoTerminal`], [`CliError::SecretInput`].
    pub(crate) fn read_secret(prompt: &str, limit: usize) -> Result<SecretBytes, CliError> {
        let typed = rpassword::prompt_password(prompt).map_err(|_| CliError::NoTerminal)?;
        let mut typed = Zeroizing::new(typed.into_bytes());
        if typed.len() > limit {
            return Err(CliError::SecretInput("what was typed is too long"));
        }
        if typed.is_empty() {
            return Err(CliError::SecretInput("nothing was typed"));
        }
        Ok(SecretBytes::from_slice_wiping(&mut typed)?)
    }

    /// Tells whoever sits at the terminal something.
    ///
    /// # Errors
    /// [`CliError::NoTerminal`].
    pub(crate) fn say(line: &str) -> Result<(), CliError> {
        writeln!(std::io::stderr(), "{line}").map_err(|_| CliError::NoTerminal)
    }
}
