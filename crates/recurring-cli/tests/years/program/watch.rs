//! What gateways charge by themselves, and what became of every period.

use std::collections::{BTreeMap, BTreeSet};

use recurring_facade::{DeclineReason, Outcome, PaymentRef, ProviderId};
use recurring_journal::{AttemptRecord, State};
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{GatewayRules, from_core_time};

use super::World;
use crate::judge::{Evidence, Expected, Shown};
use crate::world::common::price;

impl World {
    /// Compares what a gateway charged by itself with what was expected.
    pub(super) fn watch(&mut self, place: usize, now: Timestamp) {
        let one = &self.population.subscriptions[place];
        let order = PaymentRef::new(one.schedule.as_deref().expect("a schedule"));
        let status = self.shop.program(async |_, facade| facade.status(&ProviderId::NGENIUS, &order).await);
        let day = SignedDuration::from_hours(24);
        let status = match status {
            Some(Ok(status)) => status,
            // An answer was lost, or the process ended: tomorrow again.
            Some(Err(_)) | None if self.shop.has_accidents() => {
                self.wakes[place] = now + day;
                return;
            }
            failed => panic!("{}: {failed:?}", one.id),
        };
        let paid = status.charges.iter().filter(|charge| charge.outcome == Outcome::Paid);
        let times: Vec<Timestamp> = paid
            .map(|charge| {
                from_core_time(charge.made.as_ref().and_then(|made| made.instant()).expect("a time"))
            })
            .collect();
        let watched = GatewayRules::watch(&one.cycle, &times, now, day);
        assert!(watched.unexpected.is_empty(), "{}: {:?}", one.id, watched.unexpected);
        let told = self.told.entry(one.id.clone()).or_default();
        told.extend(watched.missing.iter().map(|period| period.name().period().to_string()));
        // A day after the next charge.
        let next = one.cycle.next(now - day).map_or(Timestamp::MAX, |period| period.due());
        self.wakes[place] = (next + day).max(now + day);
    }

    /// All that is known of a period, to find the cause of what the judge found.
    pub(crate) fn tell(&mut self, name: &str) {
        let (id, label) = name.split_once('.').expect("a period");
        let records = self.shop.read(async |journal| journal.series(id).await.expect("read"));
        for record in &records {
            if record.series.as_ref().is_some_and(|series| label.starts_with(series.period())) {
                println!("{name}: {record:#?}");
            }
        }
        let is_of = |reference: &str| reference.starts_with(name) || name.starts_with(reference);
        for entry in self.shop.sandbox.ledger().iter().filter(|entry| is_of(&entry.reference)) {
            println!("{name}: {entry:?}");
        }
        for asked in self.shop.sandbox.authorizations().iter().filter(|asked| is_of(&asked.reference)) {
            println!("{name}: {asked:?}");
        }
    }

    /// The declined attempts whose answer was lost, where looking them up did not bring the issuer's reason.
    fn untold(&mut self) -> BTreeSet<String> {
        let ids: Vec<String> = self.population.subscriptions.iter().map(|one| one.id.clone()).collect();
        let mut untold = BTreeSet::new();
        for id in ids {
            let records = self.shop.read(async |journal| journal.series(&id).await.expect("read"));
            let was_looked_up = |record: &&AttemptRecord| {
                record.state == State::Declined
                    && record.ending.reason.is_none_or(|reason| reason == DeclineReason::Other)
                    && record.note.as_ref().is_some_and(|note| note.starts_with("looked up"))
            };
            untold.extend(records.iter().filter(was_looked_up).map(|record| record.attempt.to_string()));
        }
        untold
    }

    /// What became of every period, and why those that were not paid were not.
    pub(super) fn evidence(&mut self) -> Evidence {
        // A last look without accidents: what can be charged is.
        self.shop.wait_until(self.end);
        self.shop.with_accidents(None);
        self.wakes.fill(self.end);
        self.round();
        let now = self.shop.clock.moment();
        let mut shown = BTreeMap::new();
        for place in 0..self.wakes.len() {
            if self.population.subscriptions[place].schedule.is_some() {
                self.watch(place, now);
                continue;
            }
            let id = self.population.subscriptions[place].id.clone();
            let customer = self.population.subscriptions[place].customer;
            let blocked = self.population.customers[customer].is_blocked;
            for (period, decision, _) in self.look(place, now, &mut Vec::new()).periods {
                let label = period.name().period().to_string();
                let why = if blocked { Shown::Operator } else { Shown::at(&decision, now) };
                shown.insert((id.clone(), label), why);
            }
        }
        let expected = self.population.subscriptions.iter().map(|one| {
            let customer = &self.population.customers[one.customer];
            Expected {
                id: one.id.clone(),
                gateway: customer.gateway.to_string(),
                anchor: one.anchor,
                rhythm: one.rhythm,
                count: one.count,
                minor: price(&customer.gateway).minor(),
                cards: customer.cards.iter().map(|card| card.holder.clone()).collect(),
                earliest_expiry: customer.cards.iter().map(|card| (card.year, card.month)).min(),
                by_gateway: one.schedule.is_some(),
            }
        });
        Evidence {
            end: self.end,
            expected: expected.collect(),
            shown,
            told: self.told.clone(),
            untold: self.untold(),
            ledger: self.shop.sandbox.ledger(),
            authorizations: self.shop.sandbox.authorizations(),
        }
    }
}
