//! The signals that end a program.

/// Waits for Ctrl-C or SIGTERM. A program that runs a sandbox in the foreground waits for it, then calls
/// [`Sandbox::shutdown`](crate::Sandbox::shutdown).
pub async fn shutdown_signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // Where the signal cannot be caught, the system's own handling of it ends the program.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
