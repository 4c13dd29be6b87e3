//! The endpoint for Prometheus, and the alerts and the dashboard that stand on it, by a real Prometheus.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]
#![allow(clippy::float_arithmetic, reason = "times of Prometheus are floats")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::Sandbox;
use recurring_fixtures::prometheus::{Prometheus, get, promtool};
use recurring_fixtures::redaction::assert_absent;
use serde_json::{Value, json};

fn operations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations")
}

/// `recurring journal metrics`, as a process of its own.
struct Metrics {
    child: Child,
    port: u16,
}

impl Metrics {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(&["journal", "metrics", "--listen", "127.0.0.1:0", "--json"]);
        command.env("RECURRING_JOURNAL", sandbox.journal()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        let printed: Value = serde_json::from_str(&line).expect(&line);
        let url = printed["listening"].as_str().expect("an address");
        let port = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/metrics"));
        Self { child, port: port.expect(url).parse().expect("a port") }
    }

    fn text(&self) -> String {
        let (status, body) = get(self.port, "/metrics").expect("an answer");
        assert_eq!(status, 200, "{body}");
        body
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Charges, and loses the answer: the attempt is unknown.
fn strand(sandbox: &Sandbox, attempt: &str) {
    let fault = json!({"kind": "reset", "when": "after_acting", "operation": "POST /emspay/v1/orders/"});
    sandbox.control("POST", "faults", Some(&fault));
    let (code, lines, errors) = sandbox.charged_in(&sandbox.journal(), attempt);
    assert_eq!(code, 30, "{lines:?} {errors}");
}

/// Waits for something that comes within a minute.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

const UNKNOWN: &str = r#"recurring_journal_unsettled{provider="emspay",state="unknown"}"#;

fn stranded_attempt_raises_the_alert_within_one_scrape() {
    let sandbox = Sandbox::recording("prometheus");
    let metrics = Metrics::start(&sandbox);
    let server = Prometheus::start(&format!("127.0.0.1:{}", metrics.port), &operations().join("alerts.yml"));
    let alerts = || {
        let alerts = server.api("/api/v1/alerts");
        let names = alerts["alerts"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|alert| format!("{} {}", alert["labels"]["alertname"], alert["state"]).replace('"', ""));
        names.collect::<BTreeSet<String>>()
    };
    // Negative control: a payment that the gateway has raises nothing.
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "pending").0, 10);
    wait("three scrapes", || (server.samples(UNKNOWN).len() >= 3).then_some(()));
    wait("an evaluation", || {
        let rules = server.api("/api/v1/rules");
        let groups = rules["groups"].as_array().expect("groups").clone();
        let evaluated = |group: &Value| {
            let rules = group["rules"].as_array().expect("rules");
            rules.iter().all(|rule| rule["health"] == "ok")
        };
        (groups.len() >= 4 && groups.iter().all(evaluated)).then_some(())
    });
    let firing = "RecurringUnsettled firing".to_owned();
    assert!(!alerts().contains(&firing), "{:?}", alerts());
    assert!(server.samples(UNKNOWN).iter().all(|(_, value)| *value == 0.0));

    strand(&sandbox, "stranded");
    wait("the alert", || alerts().contains(&firing).then_some(()));
    let samples = server.samples(UNKNOWN);
    let seen = samples.iter().find(|(_, value)| *value == 1.0).expect("a scrape that saw it").0;
    let raised = server.samples(r#"ALERTS{alertname="RecurringUnsettled",alertstate="firing"}"#)[0].0;
    // Rules are evaluated every second: the first evaluation after the first scrape that saw it raised the alert.
    assert!((seen..=seen + 1.5).contains(&raised), "seen at {seen}, raised at {raised}: {samples:?}");

    // Settled by a look at the gateway: the alert ends.
    let (code, lines) = sandbox.recorded(&["journal", "reconcile"]);
    assert!(matches!(code, 0 | 10), "{lines:?}");
    wait("the end of the alert", || (!alerts().contains(&firing)).then_some(()));
}

fn rules_are_valid_and_pass_their_tests() {
    let checked = promtool(&operations(), &["check", "rules", "alerts.yml"]);
    assert!(checked.contains("SUCCESS"), "{checked}");
    let tested = promtool(&operations(), &["test", "rules", "alerts.test.yml"]);
    assert!(tested.contains("SUCCESS"), "{tested}");
}

/// The names for Prometheus of the table in the documentation, with their labels.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../../docs/operations/metrics.md");
    let mut documented = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").map(|label| label.trim_matches('`').replace('.', "_"));
        let name = cells[4].trim_matches('`');
        let labels: BTreeSet<String> = labels.collect();
        let ends: &[&str] =
            if cells[2].starts_with("histogram") { &["_bucket", "_count", "_sum"] } else { &[""] };
        for end in ends {
            documented.insert(format!("{name}{end}"), labels.clone());
        }
    }
    documented
}

/// The words of a query.
fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Every query of the rules and of the dashboard.
fn queries() -> Vec<String> {
    let rules = std::fs::read_to_string(operations().join("alerts.yml")).expect("a file");
    let mut queries = Vec::new();
    let mut in_expression = false;
    for line in rules.lines() {
        let text = line.trim();
        in_expression = text.starts_with("expr:") || (in_expression && line.starts_with("          "));
        if in_expression {
            queries.push(text.trim_start_matches("expr:").to_owned());
        }
    }
    let dashboard = std::fs::read_to_string(operations().join("dashboard.json")).expect("a file");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    for panel in dashboard["panels"].as_array().expect("panels") {
        let targets = panel["targets"].as_array().expect("targets");
        queries.extend(targets.iter().map(|target| target["expr"].as_str().expect("a query").to_owned()));
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        queries.extend(variable["query"]["query"].as_str().map(str::to_owned));
    }
    queries
}

fn queries_name_documented_metrics_and_labels() {
    let (documented, queries) = (documented(), queries());
    assert!(queries.len() > 40, "{queries:?}");
    let is_metric = |word: &&str| word.starts_with("recurring_") || word.starts_with("http_client_");
    let mut used = BTreeSet::new();
    for query in &queries {
        let names: Vec<&str> = words(query).filter(is_metric).collect();
        for name in &names {
            assert!(documented.contains_key(*name), "{name} is not documented: {query}");
            used.insert((*name).to_owned());
        }
        let known: BTreeSet<&String> = names.iter().flat_map(|name| &documented[*name]).collect();
        // What stands in `by (..)` and before `=` is a label.
        let grouped = query.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
        let matched = query.split(['{', ',']).filter(|part| part.contains(['=']) && part.contains('"'));
        let matched = matched.filter_map(|part| words(part).next());
        for label in grouped.flat_map(words).chain(matched).filter(|label| *label != "le") {
            assert!(known.contains(&label.to_owned()), "no metric has the label {label}: {query}");
        }
    }
    // And each metric is of use to someone who looks.
    for name in documented.keys().filter(|name| !name.ends_with("_sum")) {
        let of_histogram = name.ends_with("_count") || name.ends_with("_bucket");
        assert!(used.contains(name) || of_histogram, "{name} is on no panel and in no rule");
    }
}

fn endpoint_shows_no_secret_and_answers_this_machine_only() {
    let sandbox = Sandbox::recording("endpoint");
    strand(&sandbox, "canary-attempt");
    let metrics = Metrics::start(&sandbox);
    let text = metrics.text();
    assert!(text.contains(&format!("{UNKNOWN} 1")), "{text}");
    assert!(text.contains("# TYPE recurring_journal_unsettled_age_seconds gauge"), "{text}");
    assert!(!text.contains("canary-attempt"), "{text}");
    let settings = sandbox.settings();
    let secrets: Vec<&str> = settings
        .iter()
        .filter(|(name, _)| name.ends_with("_KEY") || name.ends_with("_SECRET"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(secrets.len() >= 4);
    assert_absent(&secrets, &text, "the metrics");
    assert_eq!(get(metrics.port, "/").expect("an answer").0, 404);
    // Another web page could make a browser ask under a name of its own.
    let ask = |host: &str, method: &str| {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", metrics.port)).expect("it listens");
        write!(stream, "{method} /metrics HTTP/1.0\r\nHost: {host}\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer.split(' ').nth(1).expect("a status").to_owned()
    };
    let asked = [ask("localhost", "GET"), ask("attacker.example", "GET"), ask("localhost", "POST")];
    assert_eq!(asked, ["200", "403", "405"]);
    // An address that is taken is refused, and names the option.
    let taken = format!("127.0.0.1:{}", metrics.port);
    let journal = sandbox.journal();
    let words = ["journal", "metrics", "--listen", &taken];
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &words);
    assert_eq!(code, 2);
    assert!(errors.contains(&format!("cannot serve metrics at {taken}")), "{errors}");
}

fn run_serves_what_it_counts_while_it_lasts() {
    let sandbox = Sandbox::recording("run-metrics");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let mut command = sandbox.command(&["run", "-", "--json", "--metrics-listen", &free.to_string()]);
    command.env("RECURRING_JOURNAL", sandbox.journal()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut input = child.stdin.take().expect("an input");
    let line =
        json!({"attempt": "r-1", "amount": "40.00", "currency": "EUR", "credential": sandbox.credential()});
    std::io::Write::write_all(&mut input, format!("{line}\n").as_bytes()).expect("written");
    // What is counted last: the answer is stored.
    let stored = r#"recurring_journal_changes_total{provider="emspay",operation="charge",state="pending"} 1"#;
    let text = wait("the charge", || {
        get(free.port(), "/metrics").map(|(_, text)| text).filter(|text| text.contains(stored))
    });
    for part in [
        r#"recurring_operations_ended_total{provider="emspay",operation="charge",outcome="pending"} 1"#,
        r#"recurring_operations_started_total{provider="emspay",operation="charge"} 1"#,
        r#"recurring_journal_arming_duration_seconds_count{store="sqlite"} 1"#,
        r#"recurring_operation_duration_seconds_bucket{provider="emspay",operation="charge",le="+Inf"} 1"#,
        r#"recurring_journal_unsettled{provider="emspay",state="unknown"} 0"#,
        "http_client_request_duration_seconds_bucket{",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(10));
    assert_eq!(get(free.port(), "/metrics"), None);
}

recurring_fixtures::tests! {
    needs Prometheus: [
        rules_are_valid_and_pass_their_tests,
        stranded_attempt_raises_the_alert_within_one_scrape,
    ];
    needs Nothing: [
        endpoint_shows_no_secret_and_answers_this_machine_only,
        queries_name_documented_metrics_and_labels,
        run_serves_what_it_counts_while_it_lasts,
    ];
}
