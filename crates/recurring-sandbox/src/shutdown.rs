//! The signals that end a program.

use std::future::Future;

/// Catches Ctrl-C and SIGTERM from this call on; the future ends with the first of them. A program that runs a sandbox in
/// the foreground waits for it, then calls [`Sandbox::shutdown`](crate::Sandbox::shutdown).
///
/// Where a signal cannot be caught, the system's own handling of it ends the program.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn shutdown_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async move {
            match (interrupt, terminate) {
                (Ok(mut interrupt), Ok(mut terminate)) => {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                }
                (Ok(mut caught), Err(_)) | (Err(_), Ok(mut caught)) => drop(caught.recv().await),
                (Err(_), Err(_)) => std::future::pending().await,
            }
        }
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
