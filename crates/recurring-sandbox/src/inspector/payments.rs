//! The page of one payment, and of one stored card.

use super::controls::Choice;
use super::forms::Form;
use super::hooks::events;
use super::lines::{
    CardLine, PaymentLine, card, card_link, card_words, delivery, line, money, payment, schedule, time,
};
use super::lists::Lists;
use super::rows;
use crate::answer::render;
use crate::gateway::{Gateway, Schedule};
use crate::state::State;
use askama::Template;

/// How many lines of each kind are shown.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "inspector/payment.html")]
struct Payment<'a> {
    here: &'static str,
    line: PaymentLine,
    order: &'a str,
    card: Option<String>,
    /// The links to the stored card that it saved, and to the one that it charged.
    saved: Option<String>,
    charged: Option<String>,
    page: Option<&'a str>,
    events: Vec<Choice>,
    lists: Lists,
}

#[derive(Template)]
#[template(path = "inspector/card.html")]
struct Card<'a> {
    here: &'static str,
    line: CardLine,
    /// The whole token, where it was asked for.
    token: Option<&'a str>,
    ends: Option<String>,
    lists: Lists,
}

fn schedules<'a>(known: Option<&'a dyn Gateway>) -> impl Iterator<Item = Schedule> + 'a {
    known.into_iter().flat_map(|gateway| gateway.schedules())
}

/// One payment with all that belongs to it; `None` when it is not known.
pub(super) fn one_payment(state: &State, gateway: &str, id: &str) -> Option<String> {
    let found = rows::payment(state, gateway, id)?;
    let (gateway, row) = &found;
    let known = state.gateways.iter().find(|known| known.name() == *gateway).map(AsRef::as_ref);
    let own = |payment: &str| payment == row.id || (!row.order.is_empty() && payment == row.order);
    let entries = state.common.ledger.entries().iter().rev();
    let entries = entries.filter(|entry| entry.gateway == *gateway && own(&entry.payment));
    let sent = state.common.outbox.newest().filter(|sent| sent.gateway == *gateway && own(&sent.payment));
    let stored = |key: &Option<String>| key.as_ref().map(|key| card_link(gateway, key));
    Some(render(&Payment {
        here: "payments",
        line: payment(&found),
        order: row.order,
        card: row.card.map(card_words),
        saved: stored(&row.saved),
        charged: stored(&row.charged),
        page: row.page.as_deref(),
        events: known.map(|known| events(known, &Form::default())).unwrap_or_default(),
        lists: Lists {
            entries: entries.take(SHOWN).map(money).collect(),
            deliveries: sent.take(SHOWN).map(|sent| delivery(state, sent)).collect(),
            calls: rows::requests_of(state, row).take(SHOWN).map(line).collect(),
            plans: schedules(known).filter(|plan| plan.order == row.order).map(schedule).collect(),
            ..Lists::default()
        },
    }))
}

/// One stored card with the payments of it; `None` when it is not known. The token is shown when `show` asks for it.
pub(super) fn one_card(state: &State, gateway: &str, key: &str, show: bool) -> Option<String> {
    let found = rows::card(state, gateway, key)?;
    let (gateway, stored) = &found;
    let known = state.gateways.iter().find(|known| known.name() == *gateway).map(AsRef::as_ref);
    let own = |key: &Option<String>| key.as_deref() == Some(&stored.key);
    let of_schedule = |order: &str| !stored.order.is_empty() && order == stored.order;
    let used = rows::payments(state).filter(|(name, row)| {
        name == gateway && (own(&row.saved) || own(&row.charged) || of_schedule(row.order))
    });
    Some(render(&Card {
        here: "cards",
        line: card(&found),
        token: show.then_some(&*stored.token),
        ends: stored.ends.map(time),
        lists: Lists {
            payments: used.take(SHOWN).map(|row| payment(&row)).collect(),
            plans: schedules(known).filter(|plan| of_schedule(&plan.order)).map(schedule).collect(),
            ..Lists::default()
        },
    }))
}
