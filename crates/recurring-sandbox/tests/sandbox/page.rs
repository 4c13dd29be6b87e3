use crate::omno::payment;
use crate::{GOOD_CARD, World};
use serde_json::json;

impl World {
    /// A payment page, with this text as what is bought.
    async fn open_page(&self, title: &str) -> String {
        let url = format!("{}/orders/", self.setting("EMSPAY_BASE_URL"));
        let body = json!({
            "amount": 123_456, "currency": "JPY", "description": title,
            "transactions": [{"payment_method": "credit-card", "payment_method_details": {"recurring_type": "first"}}],
        });
        let headers =
            [("authorization", "Basic c2FuZGJveF9lbXNwYXlfa2V5Og=="), ("content-type", "application/json")];
        let order = self.call("POST", &url, &headers, &body.to_string()).await.json();
        format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap())
    }
}

#[tokio::test]
async fn payment_page_is_a_plain_form() {
    let world = World::start().await;
    let page = world.open_page("<script>alert('x')</script> & \"more\"").await;
    let reply = world.call("GET", &page, &[], "").await;
    assert_eq!((reply.status, reply.content_type.as_str()), (200, "text/html; charset=utf-8"));
    assert!(!reply.text.contains("<script"), "{}", reply.text);
    assert!(reply.text.contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62; &#38; &#34;more&#34;"));
    assert!(reply.text.contains("123456 JPY"));
    for (name, fill) in
        [("card_number", "cc-number"), ("expiry", "cc-exp"), ("cvc", "cc-csc"), ("cardholder", "cc-name")]
    {
        for part in [
            format!("<label for=\"{name}\">"),
            format!("name=\"{name}\""),
            format!("autocomplete=\"{fill}\""),
        ] {
            assert!(reply.text.contains(&part), "{part}");
        }
    }
    for action in ["pay", "decline", "cancel"] {
        assert!(reply.text.contains(&format!("name=\"action\" value=\"{action}\"")));
    }
}

#[tokio::test]
async fn payment_page_refuses_invalid_forms() {
    let world = World::start().await;
    let page = world.open_page("Something").await;
    let form = |number: &str, expiry: &str, cvc: &str, holder: &str| {
        format!("card_number={number}&expiry={expiry}&cvc={cvc}&cardholder={holder}&action=pay")
    };
    for refused in [
        form("4242424242424242", "12%2F49", "123", "A"),
        form("", "12%2F49", "123", "A"),
        form(GOOD_CARD, "13%2F49", "123", "A"),
        form(GOOD_CARD, "01%2F20", "123", "A"),
        form(GOOD_CARD, "1249", "123", "A"),
        form(GOOD_CARD, "12%2F49", "12", "A"),
        form(GOOD_CARD, "12%2F49", "abc", "A"),
        form(GOOD_CARD, "12%2F49", "123", ""),
        form(GOOD_CARD, "12%2F49", "123", "%3Cb%3E").replace("action=pay", "action=steal"),
        String::new(),
        "%%%=%ff".to_owned(),
    ] {
        let reply = world.press(&page, &refused).await;
        assert_eq!(reply.status, 400, "{refused}");
        assert!(reply.text.contains("role=\"alert\""), "{}", reply.text);
        assert!(!reply.text.contains("4242424242424242") && !reply.text.contains("<b>"));
    }
    let json = world.call("POST", &page, &[("content-type", "application/json")], "{}").await;
    assert_eq!(json.status, 400);
    assert!(world.money().is_empty());

    // Spaces in the number are fine, and a page is good for one payment.
    let good = form("4111+1111+1111+1111", "12%2F49", "123", "A");
    assert_eq!(world.press(&page, &good).await.status, 200);
    assert_eq!(world.press(&page, &good).await.status, 409);
    assert_eq!(world.call("GET", &page, &[], "").await.status, 200);
    assert_eq!(world.call("DELETE", &page, &[], "").await.status, 405);
    assert_eq!(world.money(), [" 123456 JPY"]);
    for unknown in ["/pay/emspay/unknown", "/pay/ngenius/unknown", "/pay/other/unknown"] {
        let reply = world.call("GET", &format!("{}{unknown}", world.sandbox.url()), &[], "").await;
        assert_eq!(reply.status, 404);
    }
}

#[tokio::test]
async fn page_fills_in_a_chosen_test_card() {
    let world = World::start().await;
    let page = world.open_page("Box").await;
    let empty = world.call("GET", &page, &[], "").await.text;
    assert!(empty.contains("<strong id=\"gateway\">emspay</strong>"));
    assert!(empty.contains("href=\"?card=0\"") && empty.contains("renewals: insufficient_funds"));
    // The link replaces the page's own query, as a browser does.
    let page = page.split('?').next().unwrap();
    let filled = world.call("GET", &format!("{page}?card=1"), &[], "").await.text;
    assert!(filled.contains("value=\"5555555555554444\"") && filled.contains("value=\"123\""));
    for unknown in ["99", "-1", "x", ""] {
        let text = world.call("GET", &format!("{page}?card={unknown}"), &[], "").await.text;
        assert!(!text.contains("value=\"123\""), "{unknown}");
    }
    // The form with a mistake comes back without the number.
    let body = "card_number=5555555555554444&expiry=01%2F01&cvc=123&cardholder=Ann&action=pay";
    let wrong = world.press(&format!("{page}?card=1"), body).await;
    assert_eq!(wrong.status, 400);
    assert!(!wrong.text.contains("value=\"5555555555554444\"") && !wrong.text.contains("value=\"123\""));
    assert!(world.money().is_empty());
}

#[tokio::test]
async fn page_that_is_over_has_a_way_back() {
    let world = World::start().await;
    let inspector = "<a href=\"/\">";
    // Without an address of the shop, and with one.
    let page = world.open_page("Something").await;
    let paid = world.customer(&page, GOOD_CARD, "pay").await;
    let again = world.call("GET", &page, &[], "").await;
    for over in [&paid, &again] {
        assert!(over.status == 200 && over.text.contains(inspector), "{}", over.text);
        assert!(!over.text.contains("Back to the shop"), "{}", over.text);
    }
    let access = world.omno_token().await;
    let created = world.omno_create(&access, &payment("omno-1", None)).await;
    let page = created["paymentUrl"].as_str().unwrap();
    let paid = world.customer(page, GOOD_CARD, "pay").await;
    let back = paid.location.unwrap();
    let over = world.call("GET", page, &[], "").await.text;
    assert!(
        over.contains(&format!("href=\"{back}\">Back to the shop")) && over.contains(inspector),
        "{over}"
    );
    let client = world.revio_client("person@merchant.example").await;
    let purchase = json!({
        "purchase": {"products": [{"name": "test", "price": 100}]}, "brand_id": world.setting("REVIO_BRAND_ID"),
        "client_id": client, "success_redirect": "http://127.0.0.1:9/thanks?a=1&b=2",
    });
    let purchase = world.revio("POST", "/purchases/", &purchase.to_string()).await.json();
    let page = purchase["checkout_url"].as_str().unwrap();
    world.customer(page, GOOD_CARD, "pay").await;
    let over = world.call("GET", page, &[], "").await.text;
    assert!(over.contains("href=\"http://127.0.0.1:9/thanks?a=1&#38;b=2\">Back to the shop"), "{over}");
    let gone = world.call("GET", &format!("{}/pay/revio/unknown", world.sandbox.url()), &[], "").await;
    assert!(gone.status == 404 && gone.text.contains(inspector), "{}", gone.text);
}
