//! Customers with their cards and subscriptions, drawn from a seed.

use recurring_facade::{Agreement, Facade, Outcome, ProviderId, ScheduleRequest, StoredCredential};
use recurring_fixtures::random::Random;
use recurring_schedule::jiff::civil::Date;
use recurring_schedule::jiff::{SignedDuration, Timestamp, ToSpan};
use recurring_schedule::{Anchor, BillingCycle, End, Interval, MonthEnd, Scheme, Unit, Zone};

use crate::world::CHARGING;
use crate::world::common::{attempt, enrol_request, post, price};

/// A card, and when its issuer declines it with which response code.
#[derive(Debug, Clone)]
pub(crate) struct Plastic {
    /// Its name, which no other card has.
    pub(crate) holder: String,
    pub(crate) is_visa: bool,
    pub(crate) year: i16,
    pub(crate) month: i8,
    declines: Vec<(Timestamp, Timestamp, &'static str)>,
}

/// What a card may be told that comes back.
const FADES: [&str; 5] = ["51", "51", "61", "91", "05"];

impl Plastic {
    fn random(
        random: &mut Random,
        holder: String,
        gateway: &ProviderId,
        life: (Timestamp, Timestamp),
    ) -> Self {
        let (from, to) = life;
        let days = u64::try_from(to.duration_since(from).as_hours() / 24).expect("later").max(1);
        let after = |days: u64| from + SignedDuration::from_hours(24 * i64::try_from(days).expect("small"));
        let is_visa = random.percent(60);
        let mut declines = Vec::new();
        match random.below(100) {
            // Short of money now and then.
            0..40 => {
                for _ in 0..2 + random.below(6) {
                    let begin = random.below(days);
                    let end = begin + 1 + random.below(20);
                    declines.push((after(begin), after(end), *random.one(&FADES)));
                }
            }
            // For months.
            40..50 => {
                let begin = random.below(days);
                declines.push((after(begin), after(begin + 40 + random.below(160)), *random.one(&FADES)));
            }
            // For good.
            50..60 => declines.push((after(random.below(days)), to, *random.one(never(gateway)))),
            // The bank wants to see the customer.
            60..64 => {
                let code = if is_visa { "1A" } else { "65" };
                declines.push((after(random.below(days)), to, code));
            }
            _ => {}
        }
        // One in six expires on the way.
        let years = if random.percent(16) { 0 } else { 8 };
        let zoned = from.to_zoned(recurring_schedule::jiff::tz::TimeZone::UTC);
        let year = zoned.year() + years + i16::try_from(random.below(3)).expect("small");
        let month = i8::try_from(1 + random.below(12)).expect("a month");
        let (year, month) =
            if (year, month) <= (zoned.year(), zoned.month()) { (year + 1, month) } else { (year, month) };
        Self { holder, is_visa, year, month, declines }
    }

    /// What the issuer answers at this moment, an expired card aside.
    pub(crate) fn response(&self, at: Timestamp) -> Option<&'static str> {
        self.declines.iter().find(|(from, to, _)| *from <= at && at < *to).map(|(_, _, code)| *code)
    }

    pub(crate) fn scheme(&self) -> Scheme {
        if self.is_visa { Scheme::Visa } else { Scheme::Mastercard }
    }

    fn number(&self) -> &'static str {
        if self.is_visa { "4111111111111111" } else { "5555555555554444" }
    }
}

/// What ends a card for good, as far as the gateway hands on what it means.
fn never(gateway: &ProviderId) -> &'static [&'static str] {
    match gateway.as_str() {
        "revio" => &["14", "15", "41", "43", "57", "59", "62"],
        _ => &["04", "14", "15", "41", "43", "46", "57", "59", "R0", "R1"],
    }
}

/// The rhythm of a subscription, from which the judge computes its dates by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    Days(i32),
    Months(i32),
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) customer: usize,
    pub(crate) cycle: BillingCycle,
    pub(crate) anchor: Date,
    pub(crate) rhythm: Rhythm,
    /// How many periods it has at most.
    pub(crate) count: u32,
    /// The order at a gateway that charges by itself.
    pub(crate) schedule: Option<String>,
}

/// One customer, with one card at a time.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) gateway: ProviderId,
    pub(crate) cards: Vec<Plastic>,
    pub(crate) credential: Option<StoredCredential>,
    /// Whether it tries every day.
    pub(crate) is_eager: bool,
    /// When they give another card; `None` while it is not asked for.
    pub(crate) replaces: Option<Timestamp>,
    pub(crate) was_asked: bool,
    /// An operator saw that the card must not be charged any more.
    pub(crate) is_blocked: bool,
}

impl Customer {
    pub(crate) fn card(&self) -> &Plastic {
        self.cards.last().expect("a card")
    }
}

/// The people, before any of them has paid.
pub(crate) struct Population {
    pub(crate) customers: Vec<Customer>,
    pub(crate) subscriptions: Vec<Subscription>,
}

const ZONES: [&str; 5] =
    ["Europe/Lisbon", "America/New_York", "Asia/Dubai", "Australia/Sydney", "Africa/Johannesburg"];

impl Population {
    pub(crate) fn random(random: &mut Random, count: usize, life: (Timestamp, Timestamp)) -> Self {
        let mut all = Self { customers: Vec::new(), subscriptions: Vec::new() };
        while all.subscriptions.len() < count {
            // A fifth of them at each gateway.
            let gateway = match all.subscriptions.len() % 5 {
                4 => ProviderId::NGENIUS,
                place => CHARGING[place].clone(),
            };
            let customer = all.customers.len();
            let card = Plastic::random(random, format!("Card {customer} 0"), &gateway, life);
            // One card in 25 pays many subscriptions every day, so that the limits of the schemes are reached.
            let crowd = gateway != ProviderId::NGENIUS && customer % 25 == 7;
            let subscriptions = if crowd { 3 } else { 1 + u64::from(random.percent(12)) };
            all.customers.push(Customer {
                gateway: gateway.clone(),
                cards: vec![card],
                credential: None,
                is_eager: crowd || random.percent(15),
                replaces: None,
                was_asked: false,
                is_blocked: false,
            });
            let subscriptions = if gateway == ProviderId::NGENIUS { 1 } else { subscriptions };
            for _ in 0..subscriptions {
                let place = all.subscriptions.len();
                all.subscriptions.push(subscription(random, place, customer, &gateway, crowd, life.0));
            }
        }
        // Where many subscriptions are of one card, it is short of money for a season.
        for customer in (7..all.customers.len()).step_by(25) {
            let begin = life.0 + SignedDuration::from_hours(24 * 8);
            let end = begin + SignedDuration::from_hours(24 * 30);
            if all.customers[customer].gateway != ProviderId::NGENIUS {
                let card = all.customers[customer].cards.last_mut().expect("a card");
                card.declines = vec![(begin, end, "51")];
                card.year = 2060;
            }
        }
        all
    }
}

fn subscription(
    random: &mut Random,
    place: usize,
    customer: usize,
    gateway: &ProviderId,
    is_daily: bool,
    start: Timestamp,
) -> Subscription {
    let by_gateway = *gateway == ProviderId::NGENIUS;
    let name = *random.one(&ZONES);
    let zone = Zone::new(if by_gateway { "UTC" } else { name }).expect("a zone");
    let local = zone.local(start).date();
    // What a gateway charges by itself begins now: its first payment is part of the order.
    let days = if by_gateway || is_daily { 0 } else { 2 + i64::try_from(random.below(40)).expect("small") };
    let anchor = local.checked_add(days.days()).expect("a day");
    let (unit, rhythm) = match random.below(100) {
        _ if is_daily => (Unit::Day, Rhythm::Days(1)),
        0..74 => (Unit::Month, Rhythm::Months(1)),
        74..80 => (Unit::Week, Rhythm::Days(7)),
        80..94 if !by_gateway => (Unit::Quarter, Rhythm::Months(3)),
        _ => (Unit::Year, Rhythm::Months(12)),
    };
    let interval = Interval::new(1, unit).expect("an interval");
    let hour = i8::try_from(3 + random.below(18)).expect("an hour");
    let time = if by_gateway {
        let now = zone.local(start).time();
        now.with().second(0).subsec_nanosecond(0).build().expect("a time")
    } else {
        recurring_schedule::jiff::civil::time(hour, 0, 0, 0)
    };
    let id = format!("sub-{place}");
    let anchored = Anchor::new(anchor, time, zone).expect("a time that exists");
    let cycle = BillingCycle::new(id.parse().expect("an id"), anchored, interval);
    let rule = if by_gateway { MonthEnd::TwentyEighth } else { MonthEnd::SameDay };
    let cycle = match rhythm {
        Rhythm::Months(_) => cycle.with_month_end(rule).expect("a rule"),
        Rhythm::Days(_) => cycle,
    };
    // Daily ones are many charges, and end after a season.
    let count = if is_daily { 40 } else { u32::MAX };
    let cycle = if is_daily { cycle.with_end(End::After(count)).expect("an end") } else { cycle };
    Subscription { id, customer, cycle, anchor, rhythm, count, schedule: None }
}

/// Lets a customer pay on the page with this card: what is stored of it.
pub(crate) async fn enrolled(
    facade: &Facade,
    id: &ProviderId,
    name: &str,
    card: &Plastic,
) -> StoredCredential {
    let started = facade.enrol(id, enrol_request(id, name)).await.expect("begun");
    let page = started.payment.redirect.as_deref().expect("a page");
    let (origin, path) = page.split_at(page.match_indices('/').nth(2).expect("a path").0);
    let form = |action: &str| {
        format!(
            "card_number={}&expiry={:02}%2F{:02}&cvc=123&cardholder={}&action={action}",
            card.number(),
            card.month,
            card.year % 100,
            card.holder.replace(' ', "+")
        )
    };
    let kind = "application/x-www-form-urlencoded";
    post(origin, path, kind, form("pay")).await;
    if *id == ProviderId::REVIO && !card.is_visa {
        // The bank asks first, as revio documents it for this card.
        post(origin, path, kind, form("confirm")).await;
    }
    let enrolment = facade.resume(started.pending).await.expect("resumed");
    assert_eq!(enrolment.payment.outcome, Outcome::Paid, "{id}");
    match enrolment.agreement {
        Some(Agreement::ChargeOnDemand(credential)) => credential,
        other => panic!("{id}: no stored credential but {other:?}"),
    }
}

/// Starts a schedule that the gateway runs: its order.
pub(crate) async fn scheduled(facade: &Facade, one: &Subscription, card: &Plastic) -> String {
    let json = format!(
        r#"{{"pan":"{}","expiry":"{:04}-{:02}","cvv":"123","cardholder_name":"{}"}}"#,
        card.number(),
        card.year,
        card.month,
        card.holder
    );
    let frequency = match one.rhythm {
        Rhythm::Days(_) => "WEEKLY",
        Rhythm::Months(1) => "MONTHLY",
        Rhythm::Months(_) => "YEARLY",
    };
    let (id, price) = (&ProviderId::NGENIUS, price(&ProviderId::NGENIUS));
    let request = ScheduleRequest::new(attempt(&one.id), price, frequency, "ann@example.org", json);
    let answer = facade.schedule(id, request).await.expect("scheduled");
    assert_eq!(answer.payment.outcome, Outcome::Paid);
    match answer.agreement {
        Some(Agreement::GatewayScheduled(schedule)) => schedule.order_reference,
        other => panic!("no schedule but {other:?}"),
    }
}

/// A new card of a customer, from now on.
pub(crate) fn another_card(
    random: &mut Random,
    customer: &Customer,
    place: usize,
    life: (Timestamp, Timestamp),
) -> Plastic {
    let holder = format!("Card {place} {}", customer.cards.len());
    Plastic::random(random, holder, &customer.gateway, life)
}
