//! Whether standard output was open when the program began.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks before the standard library opens `/dev/null` in the place of a closed standard output: after that, every
/// write to it would seem to succeed.
#[cfg(unix)]
#[ctor::ctor]
fn look_before_main() {
    use std::os::fd::AsFd;

    let closed = std::io::stdout().as_fd().try_clone_to_owned().is_err();
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Whether the program was started without a standard output (`>&-`).
pub(crate) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
