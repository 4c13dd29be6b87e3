//! What a gateway of the sandbox does: it answers requests, asks a customer for a card on its payment page, and acts when
//! its clock moves.
//!
//! The router, the payment page, the inspector and the delivery of webhooks know gateways only through [`Gateway`];
//! `gateways.rs` puts them together. Only the names that a fault may be limited to (`faults/fault.rs`) are a list of their
//! own.

use crate::answer::Answer;
use crate::cards::Card;
use crate::common::Common;
use crate::due::DueList;
use crate::outbox::{Notification, WebhookRules};
use crate::request::Request;
use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt;

/// The name of the payment pages of all gateways, where that of a gateway is expected.
pub(crate) const PAGE: &str = "page";

/// In the place of an event, where a gateway names none.
pub(crate) const STATUS: &str = "status";

/// One operation that a gateway documents: the method, the path on the gateway's own host (`*` is one part that the caller
/// chooses), and the name, which is that of its folder in `fixtures/`.
pub(crate) type OperationRow = (&'static str, &'static str, &'static str);

/// One gateway with all that it remembers.
pub(crate) trait Gateway: fmt::Debug + Send {
    /// Its name, as in [`LedgerEntry::gateway`](crate::LedgerEntry::gateway).
    fn name(&self) -> &'static str;

    /// The first parts of the path of each of its URLs. The first one also names it in `/pay/{gateway}/{id}`.
    fn prefix(&self) -> &'static [&'static str];

    /// The environment variables that point a client at it.
    fn settings(&self, origin: &str) -> Vec<(&'static str, String)>;

    /// The operations that it answers.
    fn operations(&self) -> &'static [OperationRow];

    /// How it delivers webhooks.
    fn webhooks(&self) -> &'static WebhookRules;

    /// Answers one request under its prefix.
    fn answer(&mut self, common: &mut Common, request: &Request) -> Answer;

    /// What the payment page of this id shows; `None` when there is no such page.
    fn page(&mut self, _common: &mut Common, _id: &str) -> Option<Page> {
        None
    }

    /// Takes what the customer did on the payment page. Only called while the page is open.
    fn customer(&mut self, _common: &mut Common, _id: &str, _action: CustomerAction) -> Option<PageResult> {
        None
    }

    /// Whether this gateway alone asks for authentication before the card of this number is charged on the page.
    fn authenticates(&self, _number: &str) -> bool {
        false
    }

    /// Takes the payments that fell due, and ends what was open too long.
    fn catch_up(&mut self, _common: &mut Common) {}

    /// Lists what `catch_up` and later reads would do, were the clock moved.
    fn list_due(&self, _list: &mut DueList) {}

    /// Forgets all access tokens, as if they had expired.
    fn expire_tokens(&mut self) {}

    /// The schedules that it runs, the newest first, for the inspector.
    fn schedules(&self) -> Box<dyn Iterator<Item = Schedule> + '_> {
        Box::new(std::iter::empty())
    }

    /// The payments that it remembers, the newest first, as they are at this time.
    fn payments(&self, now: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_>;

    /// The cards that it stores, the newest first.
    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_>;

    /// The events that it sends webhooks about. One that names none, and sends the status as it is, has [`STATUS`] alone.
    fn events(&self) -> &'static [&'static str];

    /// The webhook of this event about a payment as it is now, and the merchant's addresses for it; `None` for an unknown
    /// payment.
    fn webhook(&self, common: &mut Common, payment: &str, event: &str)
    -> Option<(Notification, Vec<String>)>;

    /// The signed webhook body that it would send now for the order of this number.
    fn webhook_body(&self, _order: i64) -> Option<String> {
        None
    }
}

/// What a payment page shows.
#[derive(Debug)]
pub(crate) enum Page {
    /// A form for the card.
    Open { title: String, amount: Option<String> },
    /// The payment is over: a sentence, and the merchant's page that the customer came from or goes to.
    Closed { message: String, back: Option<String> },
}

/// What the customer did on a payment page.
#[derive(Debug)]
pub(crate) enum CustomerAction {
    Pay(Card),
    Decline,
    Cancel,
}

/// The end of a payment page: a sentence for the customer, and the merchant's page that follows.
#[derive(Debug)]
pub(crate) struct PageResult {
    pub(crate) message: &'static str,
    pub(crate) redirect: Option<String>,
}

/// A schedule that a gateway runs.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The gateway's reference of the order.
    pub(crate) order: String,
    /// The merchant's own reference; empty when it sent none.
    pub(crate) reference: String,
    /// `MONTHLY` and the like, as it was sent.
    pub(crate) frequency: String,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// The payments tried so far.
    pub(crate) payments: usize,
    /// `None` when the first payment failed.
    pub(crate) next: Option<Timestamp>,
}

/// What became of a payment, in the same words for all gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentState {
    /// It waits: for the customer, or for the acquirer.
    Open,
    /// The amount is held on the card and not taken.
    Authorized,
    Paid,
    /// All of the money, or a part of it, was returned.
    Refunded,
    Declined,
    /// It ended without money: canceled, expired or released.
    Ended,
}

/// A payment as the inspector lists it.
#[derive(Debug)]
pub(crate) struct PaymentRow<'a> {
    pub(crate) created: Timestamp,
    /// The gateway's id, as in [`LedgerEntry::payment`](crate::LedgerEntry::payment).
    pub(crate) id: Cow<'a, str>,
    /// The gateway's id of the order that it belongs to; empty where the order is the payment.
    pub(crate) order: &'a str,
    /// The merchant's own reference; empty when it sent none.
    pub(crate) reference: &'a str,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) state: PaymentState,
    /// The state in the gateway's own word.
    pub(crate) word: &'a str,
    pub(crate) taken: i64,
    pub(crate) refunded: i64,
    pub(crate) card: Option<&'a Card>,
    /// The key of the stored card that it saved, see [`StoredCard::key`].
    pub(crate) saved: Option<String>,
    /// The key of the stored card that it charged.
    pub(crate) charged: Option<String>,
    /// The path of its page, while the customer can pay there.
    pub(crate) page: Option<String>,
}

/// A card that a gateway stores, and the token that charges it.
#[derive(Debug)]
pub(crate) struct StoredCard<'a> {
    pub(crate) created: Timestamp,
    /// Names it in addresses of the inspector, which do not show the token.
    pub(crate) key: String,
    pub(crate) token: Cow<'a, str>,
    /// The customer, as the gateway knows them; empty where it does not.
    pub(crate) owner: &'a str,
    pub(crate) card: &'a Card,
    /// When the token ends, where it does.
    pub(crate) ends: Option<Timestamp>,
    /// The order whose schedule charges it; empty for none.
    pub(crate) order: &'a str,
    /// A later payment of a schedule saved the same card again.
    pub(crate) again: bool,
}
