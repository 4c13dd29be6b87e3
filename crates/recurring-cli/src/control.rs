//! The own API of a running sandbox.

use recurring_core::{Error, HttpOptions, Reply};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use recurring_sandbox::Sandbox;
use serde_json::Value;

use crate::error::CliError;

/// Where a sandbox is looked for.
const VARIABLE: &str = "RECURRING_SANDBOX_URL";

/// A sandbox that was found.
#[derive(Debug)]
pub(crate) struct Control {
    base: BaseUrl,
    transport: Transport,
}

impl Control {
    /// The sandbox at this address, by default that of `RECURRING_SANDBOX_URL`, then the one that the gateways' settings in
    /// the environment point to, then the one on the default port.
    pub(crate) fn find(url: Option<&str>) -> Result<Self, CliError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let named = url.map(|url| ("--sandbox", url.to_owned()));
        let named = named.or_else(|| Some((VARIABLE, variable(VARIABLE)?)));
        let in_settings = || {
            let url = variable("EMSPAY_BASE_URL").as_deref().and_then(origin_on_this_machine)?;
            Some(("EMSPAY_BASE_URL", url))
        };
        let by_default = ("the default address", format!("http://127.0.0.1:{}", Sandbox::DEFAULT_PORT));
        let (name, url) = named.or_else(in_settings).unwrap_or(by_default);
        let refuse = |why: &str| CliError::configuration(format!("cannot use {name}: it {why}"));
        let base = BaseUrl::parse("sandbox", &url).map_err(|error| refuse(error.rule()))?;
        let transport = Transport::new(HttpOptions::new()).map_err(|error| refuse(error.rule()))?;
        Ok(Self { base, transport })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, CliError> {
        self.call(Method::Get, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.call(Method::Post, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, CliError> {
        self.call(Method::Delete, path, None).await
    }

    /// Calls it, and reads the answer: null where there is none.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CliError> {
        let class = if method == Method::Get { Class::Read } else { Class::Write };
        let path = format!("/_sandbox/{path}");
        let mut request = PreparedRequest::new("the sandbox", class, method, path.clone());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string().into_bytes());
        }
        let reply: Result<Reply, Error<String>> = self.transport.send(&self.base, &request).await;
        let url = self.url();
        let reply = reply.map_err(|error| {
            let advice = format!(
                "start it with `recurring sandbox`, or name another one with --sandbox or {VARIABLE}"
            );
            CliError::configuration(format!("cannot reach {url}: {}; {advice}", error.message()))
        })?;
        let answer = serde_json::from_slice::<Value>(reply.body()).ok();
        let message = || answer.as_ref().and_then(|answer| answer.get("message")?.as_str());
        match (reply.status(), reply.body().is_empty(), message()) {
            (200..300, true, _) => Ok(Value::Null),
            (200..300, false, _) if answer.is_some() => Ok(answer.unwrap_or_default()),
            (400, _, Some(message)) => Err(CliError::usage(format!("the sandbox refused it: {message}"))),
            (status, _, message) => {
                let message = message.map(|message| format!(": {message}")).unwrap_or_default();
                Err(CliError::configuration(format!(
                    "cannot control {url}: {path} answered {status}{message}; is it a sandbox of this version?"
                )))
            }
        }
    }
}

/// The origin of an address of this machine; `None` for any other.
fn origin_on_this_machine(url: &str) -> Option<String> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split('/').next()?;
    // Plain http is only accepted for this machine.
    let origin = format!("http://{host}");
    BaseUrl::parse("sandbox", &origin).ok().map(|_| origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sandbox_is_found_only_on_this_machine() {
        for (url, origin) in [
            ("http://127.0.0.1:4010/emspay/v1", Some("http://127.0.0.1:4010")),
            ("http://localhost:4010", Some("http://localhost:4010")),
            ("https://127.0.0.1:4010/x", None),
            ("http://api.example/v1", None),
            ("live", None),
        ] {
            assert_eq!(origin_on_this_machine(url).as_deref(), origin, "{url}");
        }
        let refused = Control::find(Some("http://sandbox.example")).expect_err("not on this machine");
        assert!(refused.to_string().contains("--sandbox"), "{refused}");
    }
}
