//! Random histories of one card, and an independent judge of what may come after them: it counts again over the whole list, with
//! the rules as they are stated, and shares no table and no function of the crate with the decision.

pub(crate) use recurring_fixtures::random::Random;
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Amount, Attempt, AttemptState, BillingCycle, CustomerReason, Decision, Decline, History, Hours,
    Initiator, Interval, Period, RetryPolicy, Scheme, StopReason, Unit, Zone, next,
};

/// What was found in many histories: how often each decision came out.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) decisions: u64,
    pub(crate) retries: u64,
    pub(crate) delayed_by_limits: u64,
    pub(crate) customers: u64,
    pub(crate) open: u64,
    pub(crate) never: u64,
    pub(crate) other_stops: u64,
    pub(crate) lived_tries: u64,
}

const ZONES: &[&str] = &[
    "UTC",
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Kathmandu",
];

/// The zones once, since looking one up costs more than a decision.
pub(crate) fn zones() -> Vec<Zone> {
    ZONES.iter().map(|name| Zone::new(name).expect(name)).collect()
}

/// Lives one history, drawn from `random`, and judges every decision in it.
///
/// # Panics
/// When a decision breaks a rule.
pub(crate) fn live(random: &mut Random, zones: &[Zone], counts: &mut Counts) {
    let case = Case::random(random, zones);
    let mut attempts = case.others(random);
    let mut number = 1;
    let mut time = attempts.last().map_or(case.period.due(), |last| last.at.max(case.period.due()));
    loop {
        time += SignedDuration::from_secs(i64::try_from(random.below(90)).expect("small"));
        let state = state(random);
        let decline = case.decline(random);
        attempts.push(case.attempt(&case.name(number), time, state, &decline));
        counts.lived_tries += 1;
        let now = time + SignedDuration::from_mins(i64::try_from(random.below(3000)).expect("small"));
        let history = History::new(&case.period, &attempts, now).expect("a history in order");
        let history = match case.expires {
            Some(expires) => history.with_expiry(expires),
            None => history,
        };
        let tries: Vec<&Attempt> =
            attempts.iter().filter(|one| case.number_of(&one.name).is_some()).collect();
        let declined = tries.iter().filter(|one| one.state == AttemptState::Declined).count();
        let last_decline = tries.iter().rev().find(|one| one.state == AttemptState::Declined);
        let decline = last_decline.and_then(|one| one.decline.clone()).unwrap_or_else(|| decline.clone());
        let decision = next(&history, &decline, &case.policy);
        let Ok(decision) = decision else {
            assert_eq!(declined, 0, "{attempts:?}");
            return;
        };
        counts.decisions += 1;
        let judge = Judge { case: &case, attempts: &attempts, tries: &tries, decline: &decline, now };
        judge.decision(&decision, counts);
        let Decision::At(another) = decision else { return };
        number += 1;
        time = another.time;
        if random.below(30) == 0 {
            return;
        }
    }
}

/// What a try ends with that is not declined.
const OTHER_STATES: &[AttemptState] = &[
    AttemptState::NotApplied,
    AttemptState::NotApplied,
    AttemptState::Unknown,
    AttemptState::Pending,
    AttemptState::Review,
    AttemptState::Paid,
    AttemptState::Authorized,
    AttemptState::Armed,
    AttemptState::Canceled,
];

/// Mostly declined: only these go on.
fn state(random: &mut Random) -> AttemptState {
    if random.below(6) == 0 { *random.one(OTHER_STATES) } else { AttemptState::Declined }
}

/// One card, one period, one policy.
struct Case {
    period: Period,
    policy: RetryPolicy,
    scheme: Option<Scheme>,
    amount: Amount,
    expires: Option<Timestamp>,
    /// One in so many declines is another one than after insufficient funds.
    odd: u64,
}

impl Case {
    fn random(random: &mut Random, zones: &[Zone]) -> Self {
        let zone = random.one(zones).clone();
        let begin =
            Timestamp::from_second(1_700_000_000 + i64::try_from(random.below(120_000_000)).expect("small"));
        let local = zone.local(begin.expect("a moment"));
        let time = local.time().with().second(0).build().expect("a time");
        let anchor = recurring_schedule::Anchor::new(local.date(), time, zone.clone());
        // The local time of a moment always exists.
        let anchor = anchor.expect("an anchor");
        let unit = *random.one(&[Unit::Day, Unit::Week, Unit::Month, Unit::Month, Unit::Quarter, Unit::Year]);
        let interval =
            Interval::new(u16::try_from(1 + random.below(3)).expect("small"), unit).expect("an interval");
        let cycle = BillingCycle::new("sub-42".parse().expect("an id"), anchor, interval);
        let index = u32::try_from(random.below(4)).expect("small");
        let period = cycle.period(index).or_else(|| cycle.period(index + 1)).expect("a period");
        let from = u8::try_from(random.below(24)).expect("small");
        let until = from + 1 + u8::try_from(random.below(u64::from(24 - from))).expect("small");
        let mut days = Vec::new();
        let mut day = 0;
        for _ in 0..1 + random.below(12) {
            day += u16::try_from(1 + random.below(5)).expect("small");
            days.push(day);
        }
        let policy =
            RetryPolicy::new(random.one(zones).clone(), &days, Hours { from, until }).expect("a policy");
        let policy = policy.with_end_with_period(random.below(4) != 0);
        let scheme = match random.below(5) {
            0 | 1 => Some(Scheme::Visa),
            2 | 3 => Some(Scheme::Mastercard),
            _ => None,
        };
        let days = i64::try_from(random.below(200)).expect("small");
        let expires = (random.below(4) == 0).then(|| period.due() + SignedDuration::from_hours(24 * days));
        let odd = *random.one(&[3, 10, 40]);
        Self { period, policy, scheme, amount: Amount::new(4000, "EUR").expect("an amount"), expires, odd }
    }

    fn name(&self, number: u32) -> String {
        let first = self.period.name().to_string();
        if number == 1 { first } else { format!("{first}.{number}") }
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        let rest = name.strip_prefix(&self.period.name().to_string())?;
        if rest.is_empty() { Some(1) } else { rest.strip_prefix('.')?.parse().ok() }
    }

    fn decline(&self, random: &mut Random) -> Decline {
        let mut decline = Decline { scheme: self.scheme.clone(), ..Decline::default() };
        let code = if random.below(self.odd) == 0 { *random.one(CODES) } else { "51" };
        decline.response_code = Some(code.to_owned());
        if self.scheme == Some(Scheme::Mastercard) && random.below(self.odd) == 0 {
            decline.advice_code = Some((*random.one(ADVICE)).to_owned());
        }
        decline
    }

    /// A soft decline. Some histories name another scheme than the card's.
    fn soft(&self, random: &mut Random) -> Decline {
        let scheme = if random.below(200) == 0 { Some(Scheme::Visa) } else { self.scheme.clone() };
        Decline { scheme, response_code: Some("51".to_owned()), ..Decline::default() }
    }

    fn attempt(&self, name: &str, at: Timestamp, state: AttemptState, decline: &Decline) -> Attempt {
        let declined = state == AttemptState::Declined;
        Attempt {
            name: name.to_owned(),
            credential: "card-7".to_owned(),
            at,
            amount: self.amount,
            initiator: Initiator::Merchant,
            state,
            decline: declined.then(|| decline.clone()),
        }
    }

    /// Attempts of other subscriptions with the same card in the days before the period, sometimes many in a short time.
    fn others(&self, random: &mut Random) -> Vec<Attempt> {
        let count = *random.one(&[0, 0, 1, 3, 8, 10, 12, 18, 20, 22, 34, 36]);
        let spread = *random.one(&[60, 600, 3_600, 36_000, 72_000]);
        let mut time = self.period.due();
        let mut attempts = Vec::new();
        for index in 0..count {
            time -= SignedDuration::from_secs(i64::try_from(random.below(spread)).expect("small"));
            let state =
                if random.below(12) == 0 { *random.one(OTHER_STATES) } else { AttemptState::Declined };
            let decline = self.decline(random);
            // A card that was forbidden is tried in few of the histories only, or nothing else would be seen.
            let decline = if random.below(10) == 0 { decline } else { self.soft(random) };
            let mut attempt = self.attempt(&format!("other-{index}"), time, state, &decline);
            if random.below(6) == 0 {
                attempt.amount = Amount::new(1500, "EUR").expect("an amount");
            }
            if random.below(10) == 0 {
                attempt.initiator = Initiator::Customer;
            }
            attempts.push(attempt);
        }
        attempts.reverse();
        attempts
    }
}

const CODES: &[&str] = &[
    "04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3", "1A", "65", "54", "05", "61",
    "91", "96", "??", "62",
];
const ADVICE: &[&str] = &["01", "02", "03", "21", "24", "25", "26", "27", "28", "29", "30", "22"];

/// The rules as they are stated, counted again.
struct Judge<'a> {
    case: &'a Case,
    attempts: &'a [Attempt],
    tries: &'a [&'a Attempt],
    decline: &'a Decline,
    now: Timestamp,
}

impl Judge<'_> {
    fn decision(&self, decision: &Decision, counts: &mut Counts) {
        let open = self
            .tries
            .iter()
            .any(|one| !matches!(one.state, AttemptState::Declined | AttemptState::NotApplied));
        match decision {
            Decision::At(another) => {
                counts.retries += 1;
                assert!(!open, "a try is not at its end: {self}");
                assert!(!self.is_forbidden() && !self.is_authentication() && !self.needs_card(), "{self}");
                let expected = self.case.name(u32::try_from(self.tries.len() + 1).expect("small"));
                assert_eq!(another.name.to_string(), expected);
                if let Some(rule) = self.broken_rule(another.time) {
                    panic!("{rule} at {}: {self}", another.time);
                }
                // It is the earliest: a second before, a rule would be broken.
                let before = another.time - SignedDuration::from_secs(1);
                let rule =
                    self.broken_rule(before).unwrap_or_else(|| panic!("{before} was possible: {self}"));
                counts.delayed_by_limits += u64::from(rule.starts_with("limit"));
            }
            Decision::NeedsCustomer(reason) => {
                counts.customers += 1;
                assert!(!open, "{self}");
                let expires = *reason == CustomerReason::CardExpires;
                assert!(!expires || self.case.expires.is_some(), "{self}");
                assert!(expires || self.is_authentication() || self.needs_card(), "{self}");
            }
            Decision::Stop(StopReason::Never(_)) => {
                counts.never += 1;
                assert!(!open && self.is_forbidden(), "{self}");
            }
            Decision::Stop(StopReason::TriesUsed) => {
                counts.other_stops += 1;
                assert!(self.declined() > self.case.policy.days().len(), "{self}");
            }
            Decision::Stop(StopReason::PeriodEnds) => {
                counts.other_stops += 1;
                assert!(self.case.policy.end_with_period(), "{self}");
                // Looking at every quarter of an hour takes long: in one of 16 histories.
                let mut time = self.now;
                let end = self.case.period.ends().min(self.now + SignedDuration::from_hours(40 * 24));
                while self.now.as_second() % 16 == 0 && time < end {
                    assert!(self.broken_rule(time).is_some(), "{time} was possible: {self}");
                    time += SignedDuration::from_mins(15);
                }
            }
            Decision::Stop(reason) => {
                counts.open += u64::from(!reason.is_final());
                counts.other_stops += u64::from(reason.is_final());
                assert!(open, "{reason}: {self}");
            }
        }
    }

    fn declined(&self) -> usize {
        self.tries.iter().filter(|one| one.state == AttemptState::Declined).count()
    }

    /// The rule that a try at this time would break, for a card that is not forbidden.
    fn broken_rule(&self, time: Timestamp) -> Option<&'static str> {
        let (first, policy) = (self.tries[0], &self.case.policy);
        let last = self.tries.iter().rev().find(|one| one.state == AttemptState::Declined)?;
        let local = |time: Timestamp| policy.zone().local(time);
        let hour = u8::try_from(local(time).hour()).expect("an hour");
        let day = policy.days().get(self.declined() - 1).map(|days| {
            let begin = local(first.at);
            let days = recurring_schedule::jiff::Span::new().days(i64::from(*days));
            policy.zone().moment(begin.checked_add(days).expect("a day")).expect("a moment")
        });
        if time < self.now {
            return Some("time: before now");
        }
        if hour < policy.hours().from || hour >= policy.hours().until {
            return Some("hours: outside of them");
        }
        if day.is_none_or(|day| time < day) {
            return Some("days: too early, or none is left");
        }
        if policy.end_with_period() && time >= self.case.period.ends() {
            return Some("period: over");
        }
        if self.case.expires.is_some_and(|expires| time >= expires) {
            return Some("card: expired");
        }
        if time < last.at + SignedDuration::from_hours(self.wait()) {
            return Some("wait: the scheme's");
        }
        self.broken_limit(time)
    }

    /// The hours that the scheme asks for after the last decline.
    fn wait(&self) -> i64 {
        match self.decline.advice_code.as_deref() {
            Some("24") => 1,
            Some("25") => 24,
            Some("26") => 48,
            Some("27") => 96,
            Some("28") => 144,
            Some("29") => 192,
            Some("30") => 240,
            Some(_) => 72,
            None if self.scheme().is_none() => 72,
            None => match self.decline.response_code.as_deref() {
                Some("51" | "61" | "91" | "96" | "65") => 0,
                _ => 72,
            },
        }
    }

    /// Counts every window that ends with the new attempt.
    fn broken_limit(&self, time: Timestamp) -> Option<&'static str> {
        let sent: Vec<&Attempt> =
            self.attempts.iter().filter(|one| one.state != AttemptState::NotApplied).collect();
        let within =
            |one: &&&Attempt, hours: i64| time.duration_since(one.at) <= SignedDuration::from_hours(hours);
        if self.scheme() != Some(&Scheme::Visa) {
            if sent.iter().filter(|one| within(one, 24)).count() + 1 > 10 {
                return Some("limit: 10 in 24 hours at Mastercard");
            }
            if sent.iter().filter(|one| within(one, 720)).count() + 1 > 35 {
                return Some("limit: 35 in 30 days at Mastercard");
            }
        }
        if self.scheme() != Some(&Scheme::Mastercard) {
            let same: Vec<&&Attempt> = sent
                .iter()
                .filter(|one| one.initiator == Initiator::Merchant && one.amount == self.case.amount)
                .collect();
            let month = SignedDuration::from_hours(720);
            let follows = |before: &Attempt, at: Timestamp| {
                let approved = matches!(before.state, AttemptState::Paid | AttemptState::Authorized);
                !approved && at.duration_since(before.at) <= month
            };
            let mut reattempts = 0;
            for index in 1..same.len() {
                let counts = follows(same[index - 1], same[index].at);
                reattempts += usize::from(counts && time.duration_since(same[index].at) <= month);
            }
            let is_reattempt = same.last().is_some_and(|last| follows(last, time));
            // 25 May 2025.
            let most = if time.as_second() < 1_748_131_200 { 15 } else { 20 };
            if is_reattempt && reattempts + 1 > most {
                return Some("limit: 20 tries after a decline in 30 days at Visa");
            }
        }
        None
    }

    /// The card's scheme; `None` where two are named.
    fn scheme(&self) -> Option<&Scheme> {
        let recorded = self.attempts.iter().filter_map(|one| one.decline.as_ref()?.scheme.as_ref());
        let named: Vec<&Scheme> = recorded.chain(&self.decline.scheme).collect();
        self.decline.scheme.as_ref().filter(|own| !named.iter().any(|other| other != own))
    }

    /// The declines since the last approval.
    fn since_approval(&self) -> impl Iterator<Item = &Decline> {
        let approved = |one: &Attempt| matches!(one.state, AttemptState::Paid | AttemptState::Authorized);
        let since = self.attempts.iter().rev().take_while(move |one| !approved(one));
        since.filter_map(|one| one.decline.as_ref())
    }

    /// Whether this decline, or one since the last approval, forbids another try with the card.
    fn is_forbidden(&self) -> bool {
        self.since_approval().any(|decline| {
            let code = decline.response_code.as_deref().unwrap_or_default();
            let visas = matches!(code, "12" | "57") && self.scheme() != Some(&Scheme::Mastercard);
            let never = matches!(code, "04" | "07" | "14" | "15" | "41" | "43" | "46" | "R0" | "R1" | "R3");
            never || visas || matches!(decline.advice_code.as_deref(), Some("03" | "21"))
        })
    }

    fn needs_card(&self) -> bool {
        self.since_approval().chain([self.decline]).any(|decline| {
            let code = decline.response_code.as_deref();
            matches!(code, Some("54" | "62")) || decline.advice_code.as_deref() == Some("01")
        })
    }

    fn is_authentication(&self) -> bool {
        let code = self.decline.response_code.as_deref();
        code == Some("1A") || (code == Some("65") && self.scheme() != Some(&Scheme::Visa))
    }
}

impl std::fmt::Display for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "now {}, period until {}, {:?}", self.now, self.case.period.ends(), self.case.policy)?;
        self.attempts
            .iter()
            .try_for_each(|one| writeln!(f, "{} {} {} {:?}", one.at, one.name, one.state, one.decline))
    }
}
