//! What the programs share: a sandbox in the place of the gateways, and a customer with a browser.

use recurring_facade::{
    Agreement, AttemptId, Currency, Customer, EnrolRequest, Facade, Money, ProviderId, Settings,
    StoredCredential,
};
use recurring_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A card that is approved always.
pub const GOOD_CARD: &str = "4111111111111111";
/// A card that is approved on the page and declined later, for insufficient funds.
pub const EMPTY_CARD: &str = "4000000000000341";

/// Starts a sandbox, and a facade whose gateways are in it.
///
/// # Errors
/// When the sandbox cannot start.
pub async fn sandbox() -> Result<(Sandbox, Facade), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().start().await?;
    let facade = facade_of(&sandbox)?;
    Ok((sandbox, facade))
}

/// A facade whose gateways are in the sandbox.
///
/// # Errors
/// When a setting cannot be read.
pub fn facade_of(sandbox: &Sandbox) -> Result<Facade, Box<dyn std::error::Error>> {
    let settings = sandbox
        .settings()
        .into_iter()
        .try_fold(Settings::new(), |settings, (name, value)| settings.set(name, value))?;
    Ok(settings.facade()?)
}

/// 40.00 in the currency of the gateway's account in the sandbox.
///
/// # Errors
/// Never, for a gateway of the sandbox.
pub fn price(gateway: &ProviderId) -> Result<Money, Box<dyn std::error::Error>> {
    let currency = match gateway.as_str() {
        "ngenius" => "AED",
        "tokenpay-signed" => "USD",
        "revio" => "ZAR",
        _ => "EUR",
    };
    Ok(Money::parse("40.00", Currency::from_code(currency)?)?)
}

/// Takes a first payment, and answers the stored credential for later ones.
///
/// # Errors
/// When the gateway gives no credential.
pub async fn enrolled(
    facade: &Facade,
    gateway: &ProviderId,
    name: &str,
    card: &str,
) -> Result<StoredCredential, Box<dyn std::error::Error>> {
    let customer = Customer::new(format!("customer-{name}"), "ann@example.org");
    let mut request = EnrolRequest::new(AttemptId::new(name)?, price(gateway)?, customer);
    request.success_url = Some("https://shop.example/paid".to_owned());
    request.failure_url = Some("https://shop.example/failed".to_owned());
    let started = facade.enrol(gateway, request).await?;
    pay_on_page(started.payment.redirect.as_deref().ok_or("no page")?, card).await?;
    match facade.resume(started.pending).await?.agreement {
        Some(Agreement::ChargeOnDemand(credential)) => Ok(credential),
        _ => Err("no stored credential".into()),
    }
}

/// Pays on the sandbox's page, as a customer's browser does.
///
/// # Errors
/// When the page does not take the form.
pub async fn pay_on_page(page: &str, card: &str) -> Result<(), Box<dyn std::error::Error>> {
    let form = format!("card_number={card}&expiry=12%2F30&cvc=123&cardholder=Ann+Example&action=pay");
    post(page, "application/x-www-form-urlencoded", &form).await
}

/// Sends a body to an address on this machine.
///
/// # Errors
/// When the answer is an error.
pub async fn post(url: &str, content_type: &str, body: &str) -> Result<(), Box<dyn std::error::Error>> {
    let rest = url.strip_prefix("http://").ok_or("not an address on this machine")?;
    let (host, path) = rest.split_once('/').ok_or("no path")?;
    let mut connection = TcpStream::connect(host).await?;
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    match answer.split(' ').nth(1) {
        Some(status) if status.starts_with('2') || status.starts_with('3') => Ok(()),
        _ => Err(answer.into()),
    }
}
