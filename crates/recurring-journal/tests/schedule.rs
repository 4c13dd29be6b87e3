//! What comes next of a period, decided from records of a journal in SQLite.
#![cfg(feature = "schedule")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use std::time::Duration;

use fake::{Fake, Means, lost, payment};
use recurring_core::{DeclineReason, Effect, Error as CoreError, ErrorKind, Proof};
use recurring_facade::{
    Decline, Error, Money, Outcome, Payment, ProviderId, Secret, StoredCredential, Timestamp,
};
use recurring_gateway::ErrorExt as _;
use recurring_journal::schedule::Tries;
use recurring_journal::{AttemptRecord, ChargeIntent, Clock, SeriesTry, State};
use recurring_schedule::jiff::{self, SignedDuration};
use recurring_schedule::{
    Attempt, AttemptState, BillingCycle, CustomerReason, Decision, Hours, Interval, Period, RetryPolicy,
    StopReason, Zone, from_core_time,
};
use world::common::{credential, price};
use world::{World, request};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A subscription whose period of a month began ten days ago, two cards, and a gateway that answers as it is told.
struct Case {
    world: World,
    period: Period,
    card: StoredCredential,
}

/// Another card at the same gateway.
fn other_card() -> StoredCredential {
    let StoredCredential::Emspay(mut card) = credential(&ProviderId::EMSPAY) else { panic!("emspay") };
    card.vault_token = Secret::new("another-card");
    StoredCredential::Emspay(card)
}

fn policy() -> RetryPolicy {
    RetryPolicy::new(Zone::new("UTC").unwrap(), &[1, 2, 3], Hours { from: 0, until: 24 }).unwrap()
}

fn declined(name: &str) -> Result<Payment, Error> {
    declined_for(name, DeclineReason::InsufficientFunds)
}

fn declined_for(name: &str, reason: DeclineReason) -> Result<Payment, Error> {
    let mut payment = payment(Outcome::Declined, None, name);
    payment.decline = Some(Decline::new(reason, None, None));
    Ok(payment)
}

/// The connection was never made.
fn not_applied() -> Error {
    Error::new(ProviderId::EMSPAY, CoreError::never_sent(ErrorKind::Transport, "no connection"))
}

/// The name and the time of a decided charge.
fn at(decision: &Decision) -> (String, jiff::Timestamp) {
    match decision {
        Decision::At(next) => (next.name.to_string(), next.time),
        other => panic!("{other:?}"),
    }
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        let begun = from_core_time(world.clock.now()) - SignedDuration::from_hours(240);
        let anchor = begun.strftime("%Y-%m-%dT%H:%M[UTC]").to_string();
        let interval: Interval = "month".parse().unwrap();
        let cycle = BillingCycle::new("sub-42".parse().unwrap(), anchor.parse().unwrap(), interval);
        let period = cycle.period(0).unwrap();
        Self { world, period, card: credential(&ProviderId::EMSPAY) }
    }

    fn now(&self) -> jiff::Timestamp {
        from_core_time(self.world.clock.now())
    }

    /// The derived name of a try.
    fn name(&self, number: u8) -> String {
        self.period.name().with_number(number).unwrap().to_string()
    }

    fn intent(&self, name: &str, number: u32, card: &StoredCredential) -> ChargeIntent {
        let label = self.period.name().period().to_string();
        ChargeIntent::new(request(card, name)).with_series(SeriesTry::new("sub-42", label, number).unwrap())
    }

    /// Charges a try, and returns its state.
    async fn charge(&self, intent: ChargeIntent, answer: Result<Payment, Error>) -> State {
        let (_, facade) = Fake::new(Means::LookUp).answers([answer]).facade();
        self.world.journal.charge(&facade, intent).await.unwrap().record.state
    }

    async fn records(&self, card: &StoredCredential) -> (Vec<AttemptRecord>, Vec<AttemptRecord>) {
        let journal = &self.world.journal;
        let charges = journal.credential_history(card, Timestamp::UNIX_EPOCH).await.unwrap();
        (charges, journal.series("sub-42").await.unwrap())
    }

    async fn decide_with(&self, card: &StoredCredential) -> Decision {
        let (charges, series) = self.records(card).await;
        let tries = Tries::new(&self.period, price(&ProviderId::EMSPAY), &charges, &series);
        tries.decide(Some(&policy()), self.now()).unwrap().unwrap()
    }

    async fn decide(&self) -> Decision {
        self.decide_with(&self.card).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_try_is_decided_from_an_empty_journal() {
    let case = Case::new().await;
    assert_eq!(at(&case.decide().await), (case.name(1), case.now()));
    let (charges, series) = case.records(&case.card).await;
    let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
    assert!(tries.records().is_empty() && tries.again().is_none() && !tries.is_retry());
    // Never before the period is due, whatever the caller's moment is.
    let early = case.period.due() - SignedDuration::from_hours(48);
    assert_eq!(at(&tries.decide(None, early).unwrap().unwrap()).1, case.period.due());
}

/// An archived record was changed long after the next try began.
#[tokio::test(flavor = "multi_thread")]
async fn record_changed_after_the_next_try_keeps_order() {
    let case = Case::new().await;
    let name = case.name(1);
    case.charge(case.intent(&name, 1, &case.card), declined(&name)).await;
    case.world.clock.advance(MINUTE);
    let before = case.world.clock.now();
    let name = case.name(2);
    case.charge(case.intent(&name, 2, &case.card), declined(&name)).await;
    case.world.clock.advance(DAY);
    let archived = case.world.journal.archive(before, &case.world.file("archive.jsonl")).await.unwrap();
    assert_eq!(archived.attempts, 1);
    let (_, series) = case.records(&case.card).await;
    assert!(series[0].asked_by() > series[1].asked_by(), "the times alone are out of order");
    assert_eq!(at(&case.decide().await).0, case.name(3));
}

/// A clock that stands still gives the tries one time, with one card or with several.
#[tokio::test(flavor = "multi_thread")]
async fn tries_of_one_moment_keep_their_order() {
    let case = Case::new().await;
    let other = other_card();
    for (number, card) in [(1, &case.card), (2, &other), (3, &case.card), (4, &case.card)] {
        let name = case.name(number);
        case.charge(case.intent(&name, number.into(), card), declined(&name)).await;
    }
    for card in [&case.card, &other] {
        let (charges, series) = case.records(card).await;
        let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
        let longer =
            RetryPolicy::new(Zone::new("UTC").unwrap(), &[1, 2, 3, 4, 5, 6], Hours { from: 0, until: 24 });
        let decision = tries.decide(Some(&longer.unwrap()), case.now()).unwrap().unwrap();
        assert_eq!(at(&decision).0, case.name(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_try_that_needs_the_customer_is_open() {
    for (outcome, state) in
        [(Outcome::ActionRequired, AttemptState::ActionRequired), (Outcome::Pending, AttemptState::Pending)]
    {
        let case = Case::new().await;
        let name = case.name(1);
        let charged =
            case.charge(case.intent(&name, 1, &case.card), Ok(payment(outcome, Some("p-1"), &name)));
        assert_eq!(charged.await, State::Pending);
        assert_eq!(case.decide().await, Decision::Stop(StopReason::Open { name, state }));
    }
}

/// What an answer said never ends an attempt that the journal holds open.
#[tokio::test(flavor = "multi_thread")]
async fn pending_record_with_declined_outcome_stays_open() {
    let case = Case::new().await;
    let name = case.name(1);
    case.charge(case.intent(&name, 1, &case.card), Ok(payment(Outcome::Pending, Some("p-1"), &name))).await;
    let (mut charges, mut series) = case.records(&case.card).await;
    for outcome in [Outcome::Declined, Outcome::Canceled, Outcome::Paid, Outcome::Authorized] {
        for record in charges.iter_mut().chain(&mut series) {
            record.ending.outcome = Some(outcome);
        }
        let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
        let decision = tries.decide(Some(&policy()), case.now()).unwrap().unwrap();
        let open = StopReason::Open { name: name.clone(), state: AttemptState::Pending };
        assert_eq!(decision, Decision::Stop(open), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_try_under_a_callers_name_ends_the_period() {
    let case = Case::new().await;
    let paid = Ok(payment(Outcome::Paid, Some("p-1"), "order-77"));
    assert_eq!(case.charge(case.intent("order-77", 1, &case.card), paid).await, State::Paid);
    let ended = Decision::Stop(StopReason::Paid("order-77".to_owned()));
    assert_eq!(case.decide().await, ended);
    // With another card, too: it is the period that is paid.
    assert_eq!(case.decide_with(&other_card()).await, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_try_under_a_callers_name_is_open() {
    let case = Case::new().await;
    assert_eq!(case.charge(case.intent("order-77", 1, &case.card), Err(lost(None))).await, State::Unknown);
    let open = StopReason::Open { name: "order-77".to_owned(), state: AttemptState::Unknown };
    assert_eq!(case.decide().await, Decision::Stop(open));
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_try_under_a_callers_name_has_its_number() {
    let case = Case::new().await;
    case.charge(case.intent("order-77", 1, &case.card), declined("order-77")).await;
    let (name, time) = at(&case.decide().await);
    // The policy's first day after the first try.
    assert!(name == case.name(2) && time > case.now(), "{name} {time}");
    // A card that takes its place is tried at once.
    assert_eq!(at(&case.decide_with(&other_card()).await), (case.name(2), case.now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn charge_without_a_series_counts_by_its_derived_name() {
    let case = Case::new().await;
    let name = case.name(1);
    let intent = ChargeIntent::new(request(&case.card, &name));
    case.charge(intent, Ok(payment(Outcome::Paid, Some("p-1"), &name))).await;
    assert_eq!(case.decide().await, Decision::Stop(StopReason::Paid(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn number_without_a_derived_name_is_refused() {
    let case = Case::new().await;
    case.charge(case.intent("order-100", 100, &case.card), declined("order-100")).await;
    let (charges, series) = case.records(&case.card).await;
    let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
    assert_eq!(tries.decide(Some(&policy()), case.now()).unwrap_err().field(), "history");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_last_try_is_asked_again_under_its_name() {
    // Planned, and not applied; under the derived name and one of the caller's own.
    for (is_planned, own) in
        [(true, None), (false, None), (true, Some("order-78")), (false, Some("order-78"))]
    {
        let case = Case::new().await;
        let first = case.name(1);
        case.charge(case.intent(&first, 1, &case.card), declined(&first)).await;
        // Without a scheme 72 hours are between two tries.
        case.world.clock.advance(4 * DAY);
        let second = own.map_or_else(|| case.name(2), str::to_owned);
        let intent = case.intent(&second, 2, &case.card);
        if is_planned {
            case.world.journal.plan(&intent).await.unwrap();
        } else {
            assert_eq!(case.charge(intent.clone(), Err(not_applied())).await, State::NotApplied);
        }
        let (charges, series) = case.records(&case.card).await;
        let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
        let decision = tries.decide(Some(&policy()), case.now()).unwrap().unwrap();
        assert_eq!(at(&decision), (case.name(2), case.now()));
        assert_eq!(tries.again().unwrap().attempt.as_str(), second);
        assert!(tries.is_retry());
        // It is this try that takes the money, and no other one.
        assert_eq!(case.charge(intent, Ok(payment(Outcome::Paid, Some("p-2"), &second))).await, State::Paid);
        assert_eq!(case.decide().await, Decision::Stop(StopReason::Paid(second)));
    }
}

/// A gateway may know the name of what it refused, and the journal never sends a name with two cards.
#[tokio::test(flavor = "multi_thread")]
async fn refused_try_goes_on_with_another_card_as_the_next() {
    let refused = CoreError::new(ErrorKind::NotFound, Effect::NotApplied(Proof::Refused), "no such token");
    let refused = Error::new(ProviderId::EMSPAY, refused);
    for (answer, number) in [(Err(refused), 2), (Err(not_applied()), 1)] {
        let case = Case::new().await;
        let name = case.name(1);
        assert_eq!(case.charge(case.intent(&name, 1, &case.card), answer).await, State::NotApplied);
        // With the card that it was refused with, under its name; at another price only if it was not sent.
        assert_eq!(at(&case.decide().await).0, name);
        let (charges, series) = case.records(&case.card).await;
        let dearer = Money::from_minor(4711, price(&ProviderId::EMSPAY).currency()).unwrap();
        let tries = Tries::new(&case.period, dearer, &charges, &series);
        let (next, _) = at(&tries.decide(Some(&policy()), case.now()).unwrap().unwrap());
        assert_eq!((tries.again().is_some(), next), (number == 1, case.name(number)));
        let card = other_card();
        let (charges, series) = case.records(&card).await;
        let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
        let (next, _) = at(&tries.decide(Some(&policy()), case.now()).unwrap().unwrap());
        assert_eq!((tries.again().is_some(), &next), (number == 1, &case.name(number)));
        let paid = Ok(payment(Outcome::Paid, Some("p-1"), &next));
        assert_eq!(case.charge(case.intent(&next, number.into(), &card), paid).await, State::Paid);
    }
}

/// A try that was not applied is charged again only when the rules permit it then.
#[tokio::test(flavor = "multi_thread")]
async fn unsent_try_of_a_forbidden_card_is_not_asked_again() {
    let case = Case::new().await;
    let name = case.name(1);
    assert_eq!(case.charge(case.intent(&name, 1, &case.card), Err(not_applied())).await, State::NotApplied);
    assert_eq!(at(&case.decide().await).0, name);
    let stolen = declined_for("elsewhere", DeclineReason::StolenOrLost);
    case.charge(request(&case.card, "elsewhere").into(), stolen).await;
    assert!(matches!(case.decide().await, Decision::Stop(StopReason::Never(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn decline_without_a_policy_decides_nothing() {
    let case = Case::new().await;
    let name = case.name(1);
    case.charge(case.intent(&name, 1, &case.card), declined(&name)).await;
    let (charges, series) = case.records(&case.card).await;
    let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
    assert_eq!(tries.decide(None, case.now()), Ok(None));
    assert!(tries.is_retry());
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_of_one_batch_count_for_the_limits() {
    let case = Case::new().await;
    let (charges, series) = case.records(&case.card).await;
    let mut asked: Vec<Attempt> = Vec::new();
    // Mastercard permits ten attempts in a day; without a scheme the rules of all hold.
    let mut now = 0;
    for index in 0..12 {
        let anchor = case.period.due().strftime("%Y-%m-%dT%H:%M[UTC]").to_string();
        let interval: Interval = "month".parse().unwrap();
        let cycle =
            BillingCycle::new(format!("sub-{index}").parse().unwrap(), anchor.parse().unwrap(), interval);
        let period = cycle.period(0).unwrap();
        let tries = Tries::new(&period, price(&ProviderId::EMSPAY), &charges, &series).with_asked(&asked);
        let Decision::At(next) = tries.decide(None, case.now()).unwrap().unwrap() else { panic!("a time") };
        if next.time <= case.now() {
            now += 1;
            let one = tries.asked(&next, case.now()).unwrap();
            asked.push(one);
        }
    }
    assert_eq!(now, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_card_needs_the_customer() {
    let case = Case::new().await;
    let (charges, series) = case.records(&case.card).await;
    let tries = Tries::new(&case.period, price(&ProviderId::EMSPAY), &charges, &series);
    let expired = tries.clone().with_expiry(case.now()).decide(None, case.now());
    assert_eq!(expired, Ok(Some(Decision::NeedsCustomer(CustomerReason::CardExpires))));
    let ended = tries.with_series_ends(case.now()).decide(None, case.now());
    assert_eq!(ended, Ok(Some(Decision::NeedsCustomer(CustomerReason::SeriesEnds))));
}
