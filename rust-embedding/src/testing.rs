//! For tests of what stands on a service: a server that does what a script says, and a clock that a test drives.

pub mod answers;
pub mod clock;
pub mod server;

pub use clock::DrivenRuntime;
pub use server::{ScriptedServer, Seen, Step};
