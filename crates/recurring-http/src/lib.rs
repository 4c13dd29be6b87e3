//! The one place that talks HTTP for the payment crates of this workspace: no redirects, no hidden retries, no guess about what was sent.
