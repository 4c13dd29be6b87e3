//! What the simulation leaves to an operator, settled by the gateway's statement. The ledger is written as a file of
//! each gateway, read as one, and judges how the attempts end.

mod file;

use std::collections::BTreeMap;
use std::time::Duration;

use recurring_core::{AttemptId, Timestamp};
use recurring_facade::Facade;
use recurring_journal::statement::{Control, FindingKind, Period, Statement, StatementMap, StatementReport};
use recurring_journal::store::Filter;
use recurring_journal::{AttemptRecord, Clock, Journal, State};

use crate::process::Bench;
use file::{Movement, count, map, total, written};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// How much earlier or later a payment may be booked.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A journal, and what is read into it.
struct Reading<'a> {
    bench: &'a Bench,
    journal: Journal,
    facade: Facade,
    /// The time of the first case.
    start: Timestamp,
}

impl Reading<'_> {
    /// Reads the file of these movements, for a period until so long after the first case.
    async fn read(
        &self,
        movements: &[Movement],
        control: Control,
        (until, margin): (Duration, Duration),
        dry_run: bool,
    ) -> StatementReport {
        let id = self.bench.provider();
        let map = StatementMap::from_toml(map(id)).unwrap();
        let (from, until) =
            (self.start.checked_sub(HOUR * 72).unwrap(), self.start.checked_add(until).unwrap());
        let period = Period::new(from, until, margin).unwrap();
        let text = written(id, movements);
        let statement = Statement::read("statement", text.as_bytes(), &map, period, control).unwrap();
        let lines = u64::try_from(movements.len()).unwrap() * 2 + 2;
        assert_eq!((statement.problems(), statement.rows()), (&[][..], lines), "{text}");
        self.journal.settle_by_statement(&self.facade, &statement, "ann", dry_run).await.unwrap()
    }

    async fn records(&self) -> Vec<AttemptRecord> {
        let mut filter = Filter::default();
        let mut all = Vec::new();
        loop {
            let page = self.journal.list(&filter, 500).await.unwrap();
            let Some(last) = page.last() else { return all };
            filter.after = Some(last.attempt.clone());
            all.extend(page);
        }
    }

    /// How often money was taken under each name.
    fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for (entry, _) in self.bench.booked() {
            *taken.entry(entry.reference).or_default() += 1;
        }
        taken
    }

    /// Checks each of the attempts against the ledger.
    async fn judge(&self, taken: &BTreeMap<String, usize>) {
        for record in self.records().await {
            let taken = taken.get(record.attempt.as_str()).copied().unwrap_or_default();
            let right = match record.state {
                State::Paid => taken == 1,
                State::Declined | State::NotApplied => taken == 0,
                State::Review => taken <= 1,
                _ => false,
            };
            assert!(right, "{}: {taken} taken: {record:#?}", self.bench.provider());
        }
    }
}

fn is_left(record: &&AttemptRecord) -> bool {
    record.state == State::Review
}

/// The findings that settle, or would.
fn settling(report: &StatementReport) -> impl Iterator<Item = (&AttemptId, State)> {
    let settled = |kind| matches!(kind, FindingKind::Settled | FindingKind::WouldSettle);
    let findings = report.findings.iter().filter(move |finding| settled(finding.finding));
    findings.map(|finding| (finding.attempt.as_ref().unwrap(), finding.state.unwrap()))
}

fn settled_as(report: &StatementReport, state: State) -> usize {
    settling(report).filter(|(_, settled)| *settled == state).count()
}

fn found(report: &StatementReport, attempt: &str) -> Vec<FindingKind> {
    let named = |name: &Option<AttemptId>| name.as_ref().is_some_and(|name| name.as_str() == attempt);
    report.findings.iter().filter(|finding| named(&finding.attempt)).map(|finding| finding.finding).collect()
}

/// Reads the statement of everything that the simulation has taken, once what looking settles is settled.
pub(crate) fn statement_settles_the_rest(bench: &Bench) {
    let start = bench.clock.now();
    let movements: Vec<Movement> = bench.booked().into_iter().map(Movement::of).collect();
    bench.skew_machine(0);
    bench.clock.advance(HOUR * 72);
    bench.wait_for_answers();
    let settled = bench.run(async {
        let journal = bench.journal(bench.store().await).await;
        let reading = Reading { bench, journal, facade: bench.facade(), start };
        negative_controls(&reading, &movements).await;
        settle(&reading, &movements).await
    });
    // What was taken is not taken again; what was not is, once.
    for name in &settled {
        let (end, _) = bench.last_lives(name);
        let declined = name.starts_with("d-");
        let expected = if declined { (State::Declined, 0) } else { (State::Paid, 1) };
        assert_eq!((end, bench.taken(name)), expected, "{}, {name}", bench.provider());
    }
    bench.clock.reset();
}

/// Settles what is left, and gives the names.
async fn settle(reading: &Reading<'_>, movements: &[Movement]) -> Vec<String> {
    let (id, whole) = (reading.bench.provider(), (HOUR * 48, MARGIN));
    let taken = reading.taken();
    let records = reading.records().await;
    // Without those that were made to count their writes.
    let all = records.iter().filter(|record| !record.attempt.as_str().starts_with("counted-")).count();
    let left: Vec<&AttemptRecord> = records.iter().filter(is_left).collect();
    let moved = left.iter().filter(|record| taken.contains_key(record.attempt.as_str())).count();
    let report = reading.read(movements, total(movements), whole, false).await;
    reading.judge(&taken).await;
    assert_eq!(reading.taken(), taken, "a statement charges nothing");
    let after = reading.records().await;
    let rest: Vec<&AttemptRecord> = after.iter().filter(is_left).collect();
    println!(
        "{id}, statement: of {all} attempts, {} were left to an operator ({moved} of them taken): {} are settled as paid, {} as \
         not applied, {} are left",
        left.len(),
        settled_as(&report, State::Paid),
        settled_as(&report, State::NotApplied),
        rest.len()
    );
    assert_eq!(settling(&report).count(), left.len() - rest.len(), "{report:#?}");
    assert!(rest.len() * 100 <= all, "{id}: {rest:#?} {report:#?}");
    // Read again, it has nothing more to say of them.
    let again = reading.read(movements, count(movements), whole, false).await;
    assert_eq!(settling(&again).count(), 0, "{again:#?}");
    settling(&report).map(|(attempt, _)| attempt.to_string()).collect()
}

/// Files that are not what they should be: nothing is recorded here, and the ledger says what would be wrong.
async fn negative_controls(reading: &Reading<'_>, movements: &[Movement]) {
    let (id, whole) = (reading.bench.provider(), (HOUR * 48, MARGIN));
    let taken = reading.taken();
    let read = async |movements: &[Movement], control: Control, period: (Duration, Duration)| {
        let report = reading.read(movements, control, period, true).await;
        for (attempt, state) in settling(&report) {
            let taken = taken.get(attempt.as_str()).copied().unwrap_or_default();
            assert_eq!((state, taken == 1), (state, state == State::Paid), "{id}, {attempt}");
        }
        report
    };
    let none_not_applied = |report: &StatementReport, what: &str| {
        assert_eq!(settled_as(report, State::NotApplied), 0, "{id}, {what}: {report:#?}");
    };
    // Half of it, announced as the whole and as the half that it is.
    let half: Vec<Movement> = movements.iter().step_by(2).cloned().collect();
    none_not_applied(&read(&half, count(movements), whole).await, "half by the count");
    none_not_applied(&read(&half, total(movements), whole).await, "half by the total");
    none_not_applied(&read(&half, count(&half), whole).await, "half by its own count");
    // All of it, announced by no one.
    none_not_applied(&read(movements, Control::default(), whole).await, "no control");
    // Its last hour is missing: the first attempt may be under way for an hour, and be booked a day later.
    let short = HOUR * 24 + Duration::from_secs(1);
    let last = reading.start.checked_add(short).unwrap();
    let early: Vec<Movement> = movements.iter().filter(|movement| movement.at <= last).cloned().collect();
    let report = read(&early, count(&early), (short, MARGIN)).await;
    none_not_applied(&report, "the last hour is missing");
    assert_eq!(report.doubt, None, "{id}: only the period bars it");
    altered(reading, movements, read).await;
}

/// One row is altered.
async fn altered(
    reading: &Reading<'_>,
    movements: &[Movement],
    read: impl AsyncFn(&[Movement], Control, (Duration, Duration)) -> StatementReport,
) {
    let (id, whole) = (reading.bench.provider(), (HOUR * 48, MARGIN));
    let records = reading.records().await;
    let open = |movement: &&Movement| {
        let mut records = records.iter().filter(is_left);
        records.any(|record| record.attempt.as_str() == movement.reference)
    };
    let paid = |movement: &&Movement| {
        records
            .iter()
            .any(|record| record.attempt.as_str() == movement.reference && record.state == State::Paid)
    };
    let rows = [movements.iter().find(open), movements.iter().find(paid)];
    assert!(rows[1].is_some());
    for row in rows.into_iter().flatten() {
        let name = row.reference.as_str();
        let with = |change: &dyn Fn(&mut Movement)| {
            let mut all = movements.to_vec();
            all.iter_mut().filter(|movement| movement.reference == name).for_each(change);
            all
        };
        let amount = with(&|movement| movement.minor += 100);
        for control in [count(movements), total(&amount)] {
            let report = read(&amount, control, whole).await;
            assert_eq!(found(&report, name), [FindingKind::Differs], "{id}: {report:#?}");
            assert_eq!(settled_as(&report, State::NotApplied), 0, "{id}: {report:#?}");
        }
        let reference = with(&|movement| movement.reference.push('x'));
        let report = read(&reference, count(movements), whole).await;
        let finding = found(&report, name);
        assert!(
            matches!(finding[..], [FindingKind::Left | FindingKind::Differs | FindingKind::NotTaken]),
            "{id}, {name}: {report:#?}"
        );
        let mut twice = movements.to_vec();
        twice.push(Movement { payment: format!("{}-2", row.payment), ..row.clone() });
        let second = Movement { at: row.at.checked_add(HOUR).unwrap(), ..twice.pop().unwrap() };
        twice.push(second);
        let report = read(&twice, count(&twice), whole).await;
        let expected: &[FindingKind] = match id.as_str() {
            // A schedule is charged again under its name.
            "ngenius" if open(&row) => &[FindingKind::Left],
            "ngenius" => &[],
            _ => &[FindingKind::TakenTwice],
        };
        assert_eq!(found(&report, name), expected, "{id}: {report:#?}");
    }
}
