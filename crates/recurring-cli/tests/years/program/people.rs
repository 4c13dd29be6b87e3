//! What customers, issuers and the operator do.

use recurring_facade::PaymentRef;
use recurring_journal::store::Filter;
use recurring_journal::{Decided, Decision as Resolution, State};
use recurring_schedule::jiff::{SignedDuration, Timestamp};

use super::World;
use crate::customers::{Customer, another_card, enrolled};

impl World {
    /// Asks a customer for another card: when they answer, if they do.
    pub(super) fn ask(&mut self, customer: usize, now: Timestamp) -> Timestamp {
        let answers = self.random.percent(80);
        let days = i64::try_from(1 + self.random.below(12)).expect("small");
        let customer = &mut self.population.customers[customer];
        if !customer.was_asked {
            customer.was_asked = true;
            customer.replaces = answers.then(|| now + SignedDuration::from_hours(24 * days));
        }
        customer.replaces.unwrap_or(Timestamp::MAX)
    }

    /// Lets the customers pay with another card who have decided to.
    pub(super) fn replace_cards(&mut self) {
        let now = self.shop.clock.moment();
        let ready = |customer: &Customer| customer.replaces.is_some_and(|at| at <= now);
        for place in 0..self.population.customers.len() {
            if !ready(&self.population.customers[place]) {
                continue;
            }
            let customer = &mut self.population.customers[place];
            let card = another_card(&mut self.random, customer, place, (now, self.end));
            let name = format!("customer-{place}-{}", customer.cards.len());
            let gateway = customer.gateway.clone();
            let credential =
                self.shop.customers(async |facade| enrolled(facade, &gateway, &name, &card).await);
            customer.credential = Some(credential);
            customer.cards.push(card);
            (customer.replaces, customer.was_asked, customer.is_blocked) = (None, false, false);
            self.counts.cards_replaced += 1;
            for (one, wake) in self.population.subscriptions.iter().zip(&mut self.wakes) {
                if one.customer == place {
                    *wake = now;
                }
            }
        }
    }

    /// Sets what the issuers answer now.
    pub(super) fn set_issuers(&mut self) {
        let now = self.shop.clock.moment();
        for customer in &self.population.customers {
            let card = customer.card();
            match card.response(now) {
                Some(code) if self.issuers.get(&card.holder) != Some(&code) => {
                    self.shop.sandbox.decline_cards(&card.holder, code).expect("a code");
                    self.issuers.insert(card.holder.clone(), code);
                }
                None if self.issuers.remove(&card.holder).is_some() => {
                    self.shop.sandbox.approve_cards(&card.holder);
                }
                _ => {}
            }
        }
    }

    /// An operator decides what is in review by what the portals of the gateways show.
    pub(super) fn resolve(&mut self) {
        let now = self.shop.clock.moment();
        let filter = Filter { state: Some(State::Review), ..Filter::default() };
        let found = self.shop.read(async |journal| journal.list(&filter, 1000).await.expect("read"));
        let found: Vec<_> =
            found.iter().filter(|record| !self.left.contains(record.attempt.as_str())).collect();
        if found.is_empty() {
            return;
        }
        let (ledger, asked) = (self.shop.sandbox.ledger(), self.shop.sandbox.authorizations());
        for record in found {
            let name = record.attempt.as_str();
            // Some stay for good.
            if self.random.percent(5) {
                self.left.insert(name.to_owned());
                continue;
            }
            self.counts.reviews += 1;
            let paid = ledger.iter().any(|entry| entry.reference == name);
            let declined = asked.iter().rev().find(|one| one.reference == name && one.response != "00");
            let what = match (paid, declined) {
                (true, _) => Decided::Paid,
                (false, Some(_)) => Decided::Declined,
                (false, None) => Decided::NotApplied,
            };
            let decision = Resolution {
                what,
                payment: None::<PaymentRef>,
                by: "ann".to_owned(),
                why: "as the portal shows".to_owned(),
                force: false,
            };
            let done = self.shop.program(async |journal, facade| {
                journal.resolve(facade, &record.attempt, &decision).await.is_ok()
            });
            if done == Some(false) {
                self.left.insert(name.to_owned());
            }
            let place = self
                .population
                .subscriptions
                .iter()
                .position(|one| record.series.as_ref().is_some_and(|series| series.series() == one.id));
            let Some(place) = place else { continue };
            self.wakes[place] = now;
            // The journal does not know the code; the operator has read it.
            if declined.is_some_and(|one| crate::judge::is_never(&one.response)) {
                let customer = self.population.subscriptions[place].customer;
                self.population.customers[customer].is_blocked = true;
                let answers = self.ask(customer, now);
                for (one, wake) in self.population.subscriptions.iter().zip(&mut self.wakes) {
                    if one.customer == customer {
                        *wake = (*wake).min(answers);
                    }
                }
            }
        }
    }
}
