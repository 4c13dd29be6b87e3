//! The signals that end a program.

/// Waits for Ctrl-C, or for the signal that ends a service: a program that holds a sandbox waits for it, then calls
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
    // Without a way to hear Ctrl-C, the system's own handling of it ends the program.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
