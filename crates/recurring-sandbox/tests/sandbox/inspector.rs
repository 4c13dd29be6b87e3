//! The inspector without a browser: everything works by plain forms.

use crate::omno::payment;
use crate::{GOOD_CARD, World};
use recurring_sandbox::{Fault, FaultKind};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn inspector_works_without_scripts() {
    let world = World::start().await;
    let url = world.sandbox.url().to_owned();
    let page = world.call("GET", &url, &[], "").await;
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<label for=\"kind\">"));

    let send = |path: &str, body: &str| {
        let (url, body) = (format!("{url}/_sandbox/inspector/{path}"), body.to_owned());
        let world = &world;
        async move { world.call("POST", &url, &[FORM], &body).await }
    };
    for by in ["day", "month", "year"] {
        let moved = send("clock", &format!("by={by}")).await;
        assert_eq!((moved.status, moved.location.as_deref()), (303, Some("/")));
    }
    let added = send("faults", "kind=503&when=&gateway=revio&times=2&operation=GET+%2Frevio%2F**").await;
    assert_eq!(added.status, 303, "{}", added.text);
    let expected = Fault::new(FaultKind::Status { status: 503, retry_after: None });
    let expected = expected.with_gateway("revio").with_times(2).with_operation("GET /revio/**");
    assert_eq!(world.sandbox.faults(), [expected]);
    assert_eq!(world.revio("GET", "/clients/1/", "").await.status, 503);
    assert!(world.call("GET", &url, &[], "").await.text.contains("times=1"));
    assert_eq!(send("faults/clear", "").await.status, 303);
    assert!(world.sandbox.faults().is_empty());
    assert_eq!(send("faults", "kind=reset&when=&times=").await.status, 303);
    assert_eq!(world.sandbox.faults()[0].left(), None);
    assert_eq!(send("faults/clear", "").await.status, 303);

    for (path, body) in [
        ("clock", "by=decade"),
        ("faults", "kind=nothing&when=&times=1"),
        ("faults", "kind=reset&when=never&times=1"),
        ("faults", "kind=reset&when=&times=many"),
        ("faults", "kind=cut&when=before_acting&times=1"),
        ("faults", ""),
    ] {
        let refused = send(path, body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.text.contains("role=\"alert\""));
    }
    assert!(world.sandbox.faults().is_empty());
    // Reading leaves no entry in the log.
    assert_eq!(world.sandbox.exchanges().len(), 1);
    assert_eq!(send("unknown", "").await.status, 404);
}

#[tokio::test]
async fn form_from_another_site_is_refused() {
    let world = World::start().await;
    let url = format!("{}/_sandbox/inspector/faults", world.sandbox.url());
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 303)] {
        let headers = [FORM, ("sec-fetch-site", site)];
        assert_eq!(world.call("POST", &url, &headers, "kind=reset&when=&times=1").await.status, status);
    }
    assert_eq!(world.sandbox.faults().len(), 1);
}

#[tokio::test]
async fn live_part_and_script_are_served() {
    let world = World::with(recurring_sandbox::Sandbox::builder().with_start(0)).await;
    let url = world.sandbox.url().to_owned();
    let live = world.call("GET", &format!("{url}/_sandbox/live"), &[], "").await.text;
    let (_, seen) = live.split_once("seen=").unwrap();
    let again = format!("{url}/_sandbox/live?seen={}", &seen[..16]);
    assert_eq!(world.call("GET", &again, &[], "").await.status, 204);
    world.revio("GET", "/clients/1/", "").await;
    let live = world.call("GET", &again, &[], "").await;
    assert_eq!(live.status, 200);
    assert!(live.text.contains("id=\"call-1\"") && live.text.contains("/revio/api/v1/clients/1/"));
    let script = world.call("GET", &format!("{url}/_sandbox/assets/htmx.min.js"), &[], "").await;
    assert_eq!((script.status, script.content_type.as_str()), (200, "text/javascript; charset=utf-8"));
    assert!(script.text.starts_with("var htmx="));
}

#[tokio::test]
async fn exchange_is_shown_without_secrets() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    let url = world.sandbox.url().to_owned();
    let calls = world.sandbox.exchanges().len();
    assert!(calls >= 4);
    let mut all = String::new();
    for number in 1..=calls {
        let page = world.call("GET", &format!("{url}/_sandbox/exchanges/{number}"), &[], "").await;
        assert_eq!(page.status, 200);
        all.push_str(&page.text);
    }
    for secret in [GOOD_CARD, "c2FuZGJveF9lbXNwYXlfa2V5Og==", "Ann Example", "Ann+Example", &token] {
        assert!(!all.contains(secret), "{secret}");
    }
    for shown in ["authorization: Basic •••", "card_number=•••", "action=pay", "4000", "completed"]
    {
        assert!(all.contains(shown), "{shown}: {all}");
    }
    for unknown in ["0", "999", "-1", "x"] {
        let page = world.call("GET", &format!("{url}/_sandbox/exchanges/{unknown}"), &[], "").await;
        assert_eq!(page.status, 404);
    }
}

#[tokio::test]
async fn challenge_works_with_plain_forms() {
    let world = World::start().await;
    let client = world.revio_client("person@merchant.example").await;
    let (path, purchase) = world.revio_purchase(&client, true).await;
    let page = purchase["checkout_url"].as_str().unwrap();
    for early in ["action=confirm", "action=refuse"] {
        assert_eq!(world.press(page, early).await.status, 400);
    }
    let asked = world.customer(page, "4000002500003155", "pay").await;
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("value=\"confirm\"") && asked.text.contains("value=\"refuse\""));
    assert!(!asked.text.contains("4000002500003155") && world.money().is_empty());
    assert_eq!(world.press(page, "action=confirm").await.status, 200);
    assert_eq!(world.revio("GET", &path, "").await.json()["status"], "paid");
    assert_eq!(world.press(page, "action=confirm").await.status, 409);
    assert_eq!(world.money(), ["order-7 100 ZAR"]);
}

#[tokio::test]
async fn webhook_to_default_hook_is_not_a_failure() {
    let world = World::start().await;
    let access = world.omno_token().await;
    let mut first = payment("omno-1", None);
    for (hook, class) in [
        (world.setting("OMNO_HOOK_URL"), "<span class=\"quiet\">nothing listens here</span>"),
        ("https://shop.example/hook".to_owned(), "<span class=\"failed\">not sent: "),
    ] {
        first["hookUrl"] = hook.into();
        let created = world.omno_create(&access, &first).await;
        world.customer(created["paymentUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
        world.sandbox.settle().await;
        let page = world.call("GET", world.sandbox.url(), &[], "").await.text;
        assert!(page.contains(class), "{page}");
    }
}
