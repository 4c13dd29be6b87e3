//! The inspector's sections: search, one request with what came of it, webhooks, faults, the clock and settings.

use crate::ngenius::order;
use crate::{GOOD_CARD, World};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};
use serde_json::json;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl World {
    /// A page of the inspector.
    pub(crate) async fn section(&self, path: &str) -> String {
        let page = self.call("GET", &format!("{}/_sandbox/{path}", self.sandbox.url()), &[], "").await;
        assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"), "{path}");
        page.text
    }

    /// Sends a form of the inspector: status, where it leads, and the page.
    pub(crate) async fn send(&self, path: &str, body: &str) -> (u16, Option<String>, String) {
        let url = format!("{}/_sandbox/inspector/{path}", self.sandbox.url());
        let answer = self.call("POST", &url, &[FORM], body).await;
        (answer.status, answer.location, answer.text)
    }

    /// Charges a stored card at emspay under this reference.
    pub(crate) async fn renewed(&self, token: &str, reference: &str) {
        let order = json!({
            "merchant_order_id": reference, "amount": 4000, "currency": "EUR",
            "transactions": [{"payment_method": "credit-card", "payment_method_details": {
                "recurring_type": "recurring", "vault_token": token}}],
        });
        self.emspay("POST", "/orders/", &order.to_string()).await;
    }
}

#[tokio::test]
async fn request_is_found_by_the_reference_of_its_money() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.renewed(&token, "sub-42-2026-12").await;
    let all = world.section("inspector/requests").await;
    assert!(all.matches("/_sandbox/exchanges/").count() >= 4, "{all}");
    let found = world.section("inspector/requests?q=sub-42-2026-12&gateway=emspay&status=fine").await;
    assert_eq!(found.matches("<a href=\"/_sandbox/exchanges/").count(), 1, "{found}");
    for none in ["q=sub-43", "q=sub-42-2026-12&gateway=revio", "q=sub-42-2026-12&status=failed", "page=9"] {
        let page = world.section(&format!("inspector/requests?{none}")).await;
        assert!(page.contains("Nothing here."), "{none}");
    }
    let money = world.section("inspector/ledger?q=sub-42").await;
    assert!(money.contains("40.00 EUR"), "{money}");
    // What was searched for is shown as text.
    let odd = world.section("inspector/ledger?q=%22%3E%3Cscript%3E").await;
    assert!(odd.contains("Nothing here.") && !odd.contains("\"><script>"), "{odd}");
}

#[tokio::test]
async fn page_of_a_request_shows_what_came_of_it() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    let lost =
        Fault::new(FaultKind::Status { status: 502, retry_after: None }).with_moment(Moment::AfterActing);
    world.sandbox.inject(lost).unwrap();
    world.renewed(&token, "sub-42-2026-12").await;
    let number = world.sandbox.exchanges().len();
    let page = world.section(&format!("exchanges/{number}")).await;
    for shown in [
        "<span class=\"failed\">status</span>",
        "<span class=\"fine\">charge</span> 40.00 EUR for sub-42-2026-12",
        "curl -X POST",
        "rel=\"prev\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(
        !page.contains("rel=\"next\"")
            && !page.contains(&token)
            && !page.contains("c2FuZGJveF9lbXNwYXlfa2V5Og")
    );
    let before = world.section(&format!("exchanges/{}", number - 1)).await;
    assert!(before.contains("rel=\"next\"") && before.contains("did not move"), "{before}");
}

#[tokio::test]
async fn webhook_is_shown_and_sent_again() {
    let world = World::start().await;
    let (status, back, _) =
        world.send("webhooks", "revio=https%3A%2F%2Fshop.example%2Fhook&back=settings").await;
    assert_eq!((status, back), (400, None), "only to this machine");
    let (status, back, _) =
        world.send("webhooks", "revio=http%3A%2F%2F127.0.0.1%3A9%2Fhook&back=settings").await;
    assert_eq!((status, back.as_deref()), (303, Some("/_sandbox/inspector/settings")));
    assert!(world.section("inspector/settings").await.contains("http://127.0.0.1:9/hook"));
    let client = world.revio_client("person@merchant.example").await;
    let (_, purchase) = world.revio_purchase(&client, true).await;
    world.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    world.sandbox.settle().await;
    let deliveries = world.sandbox.deliveries();
    let paid = deliveries.iter().find(|sent| sent.event == "purchase.paid").unwrap();
    let list = world.section("inspector/webhooks?gateway=revio&status=failed").await;
    assert!(list.contains(&format!("/_sandbox/inspector/webhooks/{}\"", paid.number)), "{list}");
    let page = world.section(&format!("inspector/webhooks/{}", paid.number)).await;
    assert!(page.contains("X-Signature") || page.contains("x-signature"), "{page}");
    let (status, back, _) = world.send(&format!("webhooks/{}/resend", paid.number), "back=webhooks").await;
    assert_eq!((status, back.as_deref()), (303, Some("/_sandbox/inspector/webhooks")));
    world.sandbox.settle().await;
    let again = world.sandbox.deliveries();
    let same: Vec<_> =
        again.iter().filter(|sent| sent.event == "purchase.paid" && sent.body == paid.body).collect();
    assert_eq!((same.len(), same[1].attempt), (2, 1));
    assert_eq!(world.send("webhooks/99/resend", "").await.0, 400);
    let gone = format!("{}/_sandbox/inspector/webhooks/99", world.sandbox.url());
    assert_eq!(world.call("GET", &gone, &[], "").await.status, 404);
}

#[tokio::test]
async fn faults_are_armed_by_name_and_removed_one_by_one() {
    let world = World::start().await;
    let (status, back, _) = world.send("faults/preset", "preset=lost-answer&gateway=revio&back=faults").await;
    assert_eq!((status, back.as_deref()), (303, Some("/_sandbox/inspector/faults")));
    world.send("faults", "kind=503&when=&times=2&back=faults").await;
    let faults = world.sandbox.faults();
    assert_eq!((faults.len(), faults[0].gateway(), faults[1].left()), (2, Some("revio"), Some(2)));
    let page = world.section("inspector/faults").await;
    assert_eq!(page.matches("<button>Remove</button>").count(), 2);
    let first = json!(faults[0]).to_string().replace('"', "%22").replace('+', "%2B");
    // A page that is out of date removes nothing else.
    world.send("faults/remove", &format!("place=1&fault={first}")).await;
    assert_eq!(world.sandbox.faults().len(), 2);
    world.send("faults/remove", &format!("place=0&fault={first}")).await;
    assert_eq!(world.sandbox.faults(), [faults[1].clone()]);
    // A mistake keeps what was entered.
    let (status, _, page) =
        world.send("faults", "kind=garbage&when=after_acting&times=many&operation=GET+%2Fa").await;
    assert_eq!(status, 400);
    for kept in [
        "value=\"garbage\" selected",
        "value=\"after_acting\" selected",
        "value=\"many\"",
        "value=\"GET /a\"",
    ] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    assert_eq!(world.send("faults/preset", "preset=unheard-of").await.0, 400);
}

#[tokio::test]
async fn clock_shows_what_falls_due_before_it_moves() {
    let world = World::with(Sandbox::builder().with_start(0)).await;
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    let taken = world.money().len();
    let page = world.section("inspector/clock?by=custom&amount=40&unit=days").await;
    assert!(page.contains("takes a scheduled payment") && page.contains("Move the clock"), "{page}");
    assert_eq!(world.money().len(), taken, "nothing has moved");
    for wrong in ["by=custom&amount=0&unit=days", "by=custom&amount=1&unit=years", "by=decade"] {
        let page = world.section(&format!("inspector/clock?{wrong}")).await;
        assert!(page.contains("role=\"alert\"") && !page.contains("Move the clock"), "{wrong}");
    }
    let (status, back, _) = world.send("clock", "by=custom&amount=40&unit=days&back=clock").await;
    assert_eq!((status, back.as_deref()), (303, Some("/_sandbox/inspector/clock")));
    assert_eq!(world.money().len(), taken + 1);
    assert!(world.section("inspector/clock").await.contains("1970-02-10"));
}

#[tokio::test]
async fn settings_show_the_test_cards() {
    let world = World::start().await;
    let page = world.section("inspector/settings").await;
    assert!(page.contains(GOOD_CARD) && page.contains("export EMSPAY_BASE_URL="), "{page}");
    let schedules = world.section("inspector/schedules").await;
    assert!(schedules.contains("Nothing here."));
}
