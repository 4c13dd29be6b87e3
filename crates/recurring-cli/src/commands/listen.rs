use std::time::Duration;

use serde_json::json;

use crate::arguments::Listen;
use crate::control::Control;
use crate::delivery::Delivery;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::signal::stopped;

/// How long until the sandbox is asked again.
const INTERVAL: Duration = Duration::from_millis(200);

/// Prints the webhooks of a running sandbox until Ctrl-C, and forwards them where an address is given.
pub(crate) async fn run(listen: &Listen, out: &Output) -> Result<Exit, CliError> {
    let sandbox = Control::find(listen.at.sandbox.as_deref())?;
    let listener = sandbox.post("listeners", &json!({"forward_to": listen.forward_to})).await?;
    let number = |name: &str| listener.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let to = listen.forward_to.as_deref().map(|url| format!(", forwarding to {url}")).unwrap_or_default();
    if out.is_json() {
        out.object(&json!({"listening": sandbox.url(), "forward_to": listen.forward_to}));
    }
    out.progress(&format!("listening to {}{to}; until Ctrl-C", sandbox.url()));
    let end = tokio::select! {
        end = follow(&sandbox, number("after"), listen, out) => end,
        () = stopped() => Ok(()),
    };
    // Also after a failure: nothing is forwarded to a program that has ended.
    let removed = sandbox.delete(&format!("listeners/{}", number("number"))).await;
    end.and(removed).map(|_| Exit::Done)
}

/// Prints each delivery after the one of this number.
async fn follow(sandbox: &Control, mut last: u64, listen: &Listen, out: &Output) -> Result<(), CliError> {
    let mut left = listen.count.map(std::num::NonZeroU64::get);
    loop {
        for delivery in Delivery::read(sandbox.get(&format!("deliveries?after={last}")).await?) {
            last = last.max(delivery.number);
            // The merchant's own addresses are not of interest beside the one that was asked for.
            if listen.forward_to.as_ref().is_some_and(|url| *url != delivery.url) {
                continue;
            }
            out.line(&delivery.object(), &delivery.text());
            left = left.map(|left| left.saturating_sub(1));
            if left == Some(0) || out.failure().is_some() {
                return Ok(());
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
