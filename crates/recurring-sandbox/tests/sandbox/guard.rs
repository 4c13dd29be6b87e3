//! Web pages of other sites, as a browser sends their requests; programs, and a browser at the sandbox itself.

use crate::{World, emspay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as the lines of its head, with `HOST` for the sandbox's own address.
async fn send(world: &World, line: &str, headers: &[&str], body: &str) -> (u16, String) {
    let address = world.sandbox.url().trim_start_matches("http://");
    let mut head = format!("{line}\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(&format!("{}\r\n", header.replace("HOST", address)));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

impl World {
    /// The path of the page of an order that can be paid.
    async fn payment_path(&self) -> String {
        let order = self.emspay("POST", "/orders", emspay::FIRST).await.json();
        let page = order["transactions"][0]["payment_url"].as_str().unwrap();
        page.split_at(page.find('/').unwrap()).1.to_owned()
    }
}

const PAY: &str = "card_number=4111111111111111&expiry=12%2F49&cvc=123&cardholder=A&action=pay";
const FORM: &str = "content-type: application/x-www-form-urlencoded";
const JSON_TYPE: &str = "content-type: application/json";
const FAULT: &str = r#"{"kind":"reset"}"#;

#[tokio::test]
async fn rebinding_page_is_refused_at_every_path() {
    let world = World::start().await;
    let page = world.payment_path().await;
    let calls = world.sandbox.exchanges().len();
    let paths =
        ["/", "/_sandbox/settings", "/_sandbox/ledger", "/_sandbox/live", &page, "/emspay/v1/orders/", "/x"];
    for host in
        ["evil.example", "evil.example:4010", "127.0.0.1.evil.example", "localhost.evil.example:1", "0.0.0.0"]
    {
        for path in paths {
            let own = format!("host: {host}");
            let (status, reply) =
                send(&world, &format!("GET {path} HTTP/1.1"), &[&own, "sec-fetch-site: same-origin"], "")
                    .await;
            assert_eq!(status, 421, "{path} {reply}");
            assert!(reply.contains("--allow-host") && !reply.contains("sandbox_emspay_key"), "{reply}");
        }
    }
    // A refusal is in the log, and no fault is spent on it.
    assert_eq!(world.sandbox.exchanges().len() - calls, 5 * paths.len());
    let absolute = "GET http://evil.example/_sandbox/settings HTTP/1.1";
    assert_eq!(send(&world, absolute, &["host: HOST"], "").await.0, 421);
    assert_eq!(send(&world, "GET /_sandbox/settings HTTP/1.1", &[], "").await.0, 400);
    assert_eq!(send(&world, "GET /_sandbox/settings HTTP/1.0", &[], "").await.0, 200);
}

#[tokio::test]
async fn names_of_this_machine_are_answered() {
    let builder = recurring_sandbox::Sandbox::builder().with_allowed_host("Pay.Shop.Example");
    let world = World::with(builder).await;
    for host in ["HOST", "localhost:4010", "[::1]:4010", "pay.localhost", "pay.shop.example:80"] {
        let host = format!("host: {host}");
        assert_eq!(send(&world, "GET /_sandbox/settings HTTP/1.1", &[&host], "").await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn cross_site_form_moves_nothing() {
    let world = World::start().await;
    let page = world.payment_path().await;
    let targets = [
        (page.as_str(), PAY),
        ("/_sandbox/inspector/clock", "by=year"),
        ("/_sandbox/inspector/faults", "kind=reset&when=&times=1"),
        ("/_sandbox/clock", r#"{"advance_seconds":1}"#),
        ("/_sandbox/faults", FAULT),
    ];
    for (path, body) in targets {
        let line = format!("POST {path} HTTP/1.1");
        for (marks, status) in [
            (
                &["origin: https://evil.example", "sec-fetch-site: cross-site", "sec-fetch-mode: navigate"][..],
                403,
            ),
            (&["origin: http://localhost:3000", "sec-fetch-site: same-site"], 403),
            (&["origin: null", "sec-fetch-site: cross-site"], 403),
            (&["origin: null"], 403),
            // A browser that does not know the newer header.
            (&["origin: http://evil.example"], 403),
            (&["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: document"], 403),
        ] {
            let headers = [&["host: HOST", FORM], marks].concat();
            assert_eq!(send(&world, &line, &headers, body).await.0, status, "{path} {marks:?}");
        }
    }
    // The form type, which a page can send without asking, is not taken for JSON.
    let (status, reply) = send(&world, "POST /_sandbox/faults HTTP/1.1", &["host: HOST", FORM], FAULT).await;
    assert!(status == 415 && reply.contains("curl --json"), "{reply}");
    let plain = ["host: HOST", "content-type: text/plain"];
    assert_eq!(send(&world, "POST /_sandbox/faults HTTP/1.1", &plain, FAULT).await.0, 415);
    assert!(world.sandbox.faults().is_empty() && world.money().is_empty());
}

#[tokio::test]
async fn cross_site_fetch_reads_nothing() {
    let world = World::start().await;
    let page = world.payment_path().await;
    for path in
        ["/", "/_sandbox/settings", "/_sandbox/ledger", "/_sandbox/deliveries", "/_sandbox/live", &page]
    {
        for mode in ["cors", "no-cors"] {
            let mode = format!("sec-fetch-mode: {mode}");
            let headers = ["host: HOST", "sec-fetch-site: cross-site", &mode, "sec-fetch-dest: empty"];
            let (status, _) = send(&world, &format!("GET {path} HTTP/1.1"), &headers, "").await;
            assert_eq!(status, 403, "{path}");
        }
    }
    let headers = ["host: HOST", JSON_TYPE, "origin: http://localhost:3000", "sec-fetch-site: same-site"];
    assert_eq!(send(&world, "POST /_sandbox/faults HTTP/1.1", &headers, FAULT).await.0, 403);
    assert_eq!(send(&world, "DELETE /_sandbox/faults HTTP/1.1", &headers, "").await.0, 403);
    // A merchant's page may call a gateway, as it may call the real one.
    let gateway = ["host: HOST", "origin: https://shop.example", "sec-fetch-site: cross-site"];
    assert_eq!(send(&world, "GET /revio/api/v1/clients/ HTTP/1.1", &gateway, "").await.0, 401);
}

#[tokio::test]
async fn browser_navigates_and_pays() {
    let world = World::start().await;
    let page = world.payment_path().await;
    let open = |site: &'static str, dest: &'static str| {
        let (world, page) = (&world, &page);
        async move {
            let (site, dest) = (format!("sec-fetch-site: {site}"), format!("sec-fetch-dest: {dest}"));
            let headers = ["host: HOST", "sec-fetch-mode: navigate", &site, &dest];
            let mut seen = Vec::new();
            for path in [page.as_str(), "/", "/_sandbox/exchanges/1", "/_sandbox/settings"] {
                seen.push(send(world, &format!("GET {path} HTTP/1.1"), &headers, "").await.0);
            }
            seen
        }
    };
    // Typed, by a link of the own page, by the merchant's redirect, and in the merchant's frame.
    assert_eq!(open("none", "document").await, [200; 4]);
    assert_eq!(open("same-origin", "document").await, [200; 4]);
    assert_eq!(open("cross-site", "document").await, [200, 200, 200, 403]);
    assert_eq!(open("same-site", "document").await, [200, 200, 200, 403]);
    assert_eq!(open("cross-site", "iframe").await, [200, 403, 403, 403]);

    let own = ["host: HOST", FORM, "origin: http://HOST", "sec-fetch-site: same-origin"];
    assert_eq!(send(&world, &format!("POST {page} HTTP/1.1"), &own, PAY).await.0, 200);
    assert_eq!(send(&world, "POST /_sandbox/inspector/clock HTTP/1.1", &own, "by=day").await.0, 303);
    assert_eq!(world.money().len(), 1);
    // Without a referrer, the own form has no origin.
    let own = ["host: HOST", FORM, "origin: null", "sec-fetch-site: same-origin"];
    assert_eq!(send(&world, "POST /_sandbox/inspector/clock HTTP/1.1", &own, "by=day").await.0, 303);
}

#[tokio::test]
async fn curl_needs_no_browser_headers() {
    let world = World::start().await;
    let curl = ["host: HOST", "user-agent: curl/8.5.0", "accept: */*"];
    for path in ["/", "/_sandbox/settings", "/_sandbox/ledger"] {
        assert_eq!(send(&world, &format!("GET {path} HTTP/1.1"), &curl, "").await.0, 200, "{path}");
    }
    let sends = [&curl[..], &["content-type: application/json; charset=utf-8"]].concat();
    assert_eq!(send(&world, "POST /_sandbox/faults HTTP/1.1", &sends, FAULT).await.0, 201);
    assert_eq!(send(&world, "DELETE /_sandbox/faults HTTP/1.1", &curl, "").await.0, 204);
    let page = world.payment_path().await;
    let form = [&curl[..], &[FORM]].concat();
    assert_eq!(send(&world, &format!("POST {page} HTTP/1.1"), &form, PAY).await.0, 200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}
