//! A command on a terminal of its own, or without any.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// A command does not take longer to say something, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command and the other side of its terminal.
pub(crate) struct OnTerminal {
    child: Child,
    keyboard: File,
    screen: Vec<u8>,
    /// How much of the screen was expected already.
    read: usize,
    /// Held for a command that opens its terminal late: one that nobody has open looks like one at its end.
    held: Option<OwnedFd>,
}

/// What is left when the command has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) screen: String,
    /// What went to standard output, where that was a pipe.
    pub(crate) piped: String,
    /// Whether the terminal shows again what is typed.
    pub(crate) echoes: bool,
}

impl OnTerminal {
    /// Starts the command with all three streams on a new terminal.
    pub(crate) fn start(mut command: Command) -> Self {
        let (keyboard, terminal) = open();
        command.stdin(copy(&terminal)).stdout(copy(&terminal)).stderr(copy(&terminal));
        Self::spawn(command, keyboard, terminal)
    }

    /// Starts the command with a new terminal that is none of its streams: input and output are pipes or files.
    pub(crate) fn start_beside(mut command: Command, input: Stdio) -> Self {
        let (keyboard, terminal) = open();
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::null());
        let held = terminal.try_clone().unwrap();
        Self { held: Some(held), ..Self::spawn(command, keyboard, terminal) }
    }

    fn spawn(mut command: Command, keyboard: File, terminal: OwnedFd) -> Self {
        let controlling = terminal;
        let enter = move || {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(&controlling)?;
            Ok(())
        };
        before_exec(&mut command, enter);
        let child = command.spawn().unwrap();
        // The command drops its copy of the terminal, so that its end is seen.
        drop(command);
        Self { child, keyboard, screen: Vec::new(), read: 0, held: None }
    }

    /// Waits until the command has printed `text` after what was expected before.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        loop {
            let fresh = &self.screen[self.read..];
            if let Some(at) = fresh.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.read += at + text.len();
                return self;
            }
            assert!(self.fill(), "ended before {text:?}: {}", String::from_utf8_lossy(&self.screen));
        }
    }

    /// Types; a line ends with `\r`.
    pub(crate) fn type_in(&mut self, keys: impl AsRef<[u8]>) -> &mut Self {
        self.keyboard.write_all(keys.as_ref()).unwrap();
        self
    }

    /// Sees the command to its end.
    pub(crate) fn end(mut self) -> Ended {
        let mut piped = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut piped).unwrap();
        }
        if self.held.is_some() {
            self.child.wait().unwrap();
            self.held = None;
        }
        while self.fill() {}
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        let echoes = modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        Ended { status, screen: String::from_utf8_lossy(&self.screen).into_owned(), piped, echoes }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Takes in what was printed; false when there will be nothing more.
    fn fill(&mut self) -> bool {
        let patience = Timespec::try_from(PATIENCE).unwrap();
        let mut ready = [PollFd::new(&self.keyboard, PollFlags::IN)];
        let number = poll(&mut ready, Some(&patience)).unwrap();
        assert_ne!(number, 0, "waited too long: {}", String::from_utf8_lossy(&self.screen));
        let mut bytes = [0; 4096];
        match self.keyboard.read(&mut bytes) {
            Ok(0) => false,
            Ok(number) => {
                self.screen.extend_from_slice(&bytes[..number]);
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            // What Linux says when nobody has the terminal open any more.
            Err(_) => false,
        }
    }
}

/// Makes the command run without any terminal, as a service does.
pub(crate) fn without_terminal(command: &mut Command) {
    before_exec(command, || rustix::process::setsid().map(|_| ()).map_err(Into::into));
}

fn open() -> (File, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap();
    (File::from(keyboard), terminal)
}

fn copy(terminal: &OwnedFd) -> Stdio {
    terminal.as_fd().try_clone_to_owned().unwrap().into()
}

#[expect(unsafe_code, reason = "only between fork and exec can a process be given a terminal of its own")]
fn before_exec(command: &mut Command, enter: impl FnMut() -> std::io::Result<()> + Send + Sync + 'static) {
    // SAFETY: both closures make system calls only (setsid, ioctl), which are allowed after fork, and allocate nothing.
    unsafe { command.pre_exec(enter) };
}
