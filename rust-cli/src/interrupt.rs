//! Ctrl-C: the first one is a request to stop at the next safe point, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Begins to watch for Ctrl-C. Before this is called, and where a handler cannot be set, Ctrl-C simply ends
/// the process, which is safe as well: a commit lands whole or not at all.
pub(crate) fn watch() {
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C was pressed since [`watch`].
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
