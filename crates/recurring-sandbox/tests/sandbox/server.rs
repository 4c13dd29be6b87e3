use crate::{GOOD_CARD, JSON, World};
use recurring_sandbox::Sandbox;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[tokio::test]
async fn sandbox_api_answers_over_http() {
    let world = World::start().await;
    let url = world.sandbox.url().to_owned();
    let settings = world.call("GET", &format!("{url}/_sandbox/settings"), &[], "").await.json();
    for (name, value) in world.sandbox.settings() {
        assert_eq!(settings[name], value);
    }
    assert_eq!(settings["REVIO_BASE_URL"], format!("{url}/revio/api/v1"));
    assert_eq!(world.call("GET", &format!("{url}/_sandbox/ledger"), &[], "").await.json(), json!([]));

    let clock = format!("{url}/_sandbox/clock");
    let moved = world.call("POST", &clock, &[JSON], r#"{"advance_seconds":86400}"#).await;
    assert_eq!(moved.status, 200);
    let first: Value = moved.json();
    let again = world.call("POST", &clock, &[JSON], r#"{"advance_seconds":864000000}"#).await.json();
    assert!(again["now"].as_str() > first["now"].as_str());
    // However far it is moved, the clock stays in the calendar.
    for _ in 0..100 {
        world.sandbox.advance(Duration::MAX);
    }
    for body in ["", "{}", r#"{"advance_seconds":-1}"#, r#"{"advance_seconds":"1"}"#] {
        assert_eq!(world.call("POST", &clock, &[JSON], body).await.status, 400);
    }
    for path in ["/_sandbox", "/_sandbox/unknown", "/emspay/v2/orders/", "/pay", "/favicon.ico", "/%ff"] {
        let status = world.call("GET", &format!("{url}{path}"), &[], "").await.status;
        assert_eq!(status, if path == "/%ff" { 400 } else { 404 }, "{path}");
    }
    let shown = format!("{:?} {:?}", world.sandbox, Sandbox::builder());
    assert!(shown.contains(&url) && !shown.contains("sandbox_emspay_key"));
}

#[tokio::test]
async fn invalid_input_does_not_stop_the_server() {
    let world = World::start().await;
    let setting = |name: &str| world.setting(name);
    let revio = format!("Bearer {}", setting("REVIO_API_KEY"));
    let targets = [
        (format!("{}/orders/", setting("EMSPAY_BASE_URL")), "Basic c2FuZGJveF9lbXNwYXlfa2V5Og=="),
        (format!("{}/purchases/", setting("REVIO_BASE_URL")), revio.as_str()),
        (format!("{}/clients/", setting("REVIO_BASE_URL")), revio.as_str()),
        (format!("{}/purchases/x/charge/", setting("REVIO_BASE_URL")), revio.as_str()),
        (format!("{}/identity/auth/access-token", setting("NGENIUS_BASE_URL")), "Basic \u{7f}"),
        (format!("{}/tokenization/recurring", setting("TOKENPAY_BASE_URL")), ""),
        (format!("{}/transaction/create", setting("OMNO_BASE_URL")), "Bearer"),
        (setting("OMNO_TOKEN_URL"), ""),
    ];
    let deep = "[".repeat(100_000);
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"amount\":1e400}",
        "{\"amount\":-0}",
        "\u{0}\u{1}",
        "{\"\\ud800\":1}",
        &deep,
        "{\"amount\":99999999999999999999,\"currency\":\"\u{1F4B3}\",\"transactions\":{},\"purchase\":7,\"email\":[]}",
    ];
    for (url, key) in &targets {
        for body in bodies {
            let headers =
                [("authorization", key.trim_end_matches('\u{7f}')), ("content-type", "application/json")];
            let reply = world.call("POST", url, &headers, body).await;
            assert!((400..500).contains(&reply.status), "{url} {body:.20}: {}", reply.status);
            assert!(reply.json().is_object());
        }
    }
    let large = "x".repeat(1024 * 1024 + 1);
    let reply = world.http.post(&targets[0].0).body(large).send().await;
    // The server may close the connection before it has read everything.
    assert!(reply.map_or(true, |reply| reply.status() == 413));
    assert_eq!(
        world.call("GET", &format!("{}/_sandbox/ledger", world.sandbox.url()), &[], "").await.json(),
        json!([])
    );
}

#[tokio::test]
async fn same_seed_gives_same_ids() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let world = World::with(Sandbox::builder().with_seed(seed)).await;
        runs.push((world.setting("REVIO_BRAND_ID"), world.setting("NGENIUS_OUTLET")));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn last_requests_are_kept() {
    let world = World::start().await;
    let url = world.sandbox.url().to_owned();
    world.call("GET", &format!("{url}/revio/api/v1/clients/1/?secret=1"), &[], "").await;
    world.call("GET", &format!("{url}/pay/revio/1"), &[], GOOD_CARD).await;
    world.call("GET", &format!("{url}/_sandbox/ledger"), &[], "").await;
    let seen: Vec<String> = world
        .sandbox
        .exchanges()
        .iter()
        .map(|exchange| {
            format!("{} {} {} {}", exchange.gateway, exchange.method, exchange.path, exchange.status)
        })
        .collect();
    assert_eq!(seen, ["revio GET /revio/api/v1/clients/1/ 401", "page GET /pay/revio/1 404"]);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn key_files_are_private_and_removed() {
    let world = World::start().await;
    let private = PathBuf::from(world.setting("TOKENPAY_PRIVATE_KEY_FILE"));
    let folder = private.parent().unwrap().to_owned();
    assert_eq!((mode(&folder), mode(&private)), (0o700, 0o600));
    assert!(std::fs::read_to_string(&private).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));

    // A folder of the caller's own is kept, and used again.
    let own = folder.join("own");
    for _ in 0..2 {
        let second = World::with(Sandbox::builder().with_key_dir(own.clone())).await;
        assert_eq!(PathBuf::from(second.setting("TOKENPAY_PRIVATE_KEY_FILE")).parent().unwrap(), own);
        let public = PathBuf::from(second.setting("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE"));
        drop(second);
        assert!(std::fs::read_to_string(&public).unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert_eq!(mode(&public), 0o600);
    }
    drop(world);
    assert!(!folder.exists());
}

#[tokio::test]
async fn shutdown_closes_the_port() {
    let world = World::start().await;
    let url = format!("{}/_sandbox/ledger", world.sandbox.url());
    assert_eq!(world.call("GET", &url, &[], "").await.status, 200);
    world.sandbox.shutdown().await;
    assert!(world.http.get(&url).send().await.unwrap_err().is_connect());
}
