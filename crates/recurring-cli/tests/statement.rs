//! Settling by a statement, as a user has it: the ledger of the sandbox, written as the file of a gateway.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::fmt::Write;

use common::Sandbox;
use serde_json::{Value, json};

const HEAD: &str = "Booked;Type;Merchant reference;Order;Amount;Currency";

/// The example map of the documentation.
fn example_map() -> String {
    let page = include_str!("../../../docs/operations/statement.md");
    let (_, after) = page.split_once("```toml\n").expect("an example");
    after.split_once("```").expect("its end").0.to_owned()
}

/// So many hours from now, in the form of the example.
fn booked(hours: i64) -> String {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
    time.to_zoned(zone).strftime("%d.%m.%Y %H:%M:%S").to_string()
}

impl Sandbox {
    /// A charge of which the answer is lost, before or after the gateway has acted.
    fn lost(&self, attempt: &str, when: &str) {
        let fault = json!({"kind": "close", "when": when, "operation": "POST /emspay/v1/orders/"});
        self.control("POST", "faults", Some(&fault));
        let (code, lines, errors) = self.charged_in(&self.journal(), attempt);
        assert_eq!(code, 30, "{lines:?} {errors}");
    }

    /// The ledger as a statement, with more lines.
    fn statement(&self, more: &[String]) -> String {
        let mut text = format!("{HEAD}\n");
        for entry in self.control("GET", "ledger", None).as_array().expect("a list") {
            let minor = entry["amount_minor"].as_i64().expect("a number");
            let kind = if entry["kind"] == "charge" { "Sale" } else { "Refund" };
            let of = |name: &str| entry[name].as_str().expect(name).to_owned();
            let amount = format!("{},{:02}", minor / 100, minor % 100);
            let (reference, payment, currency) = (of("reference"), of("payment"), of("currency"));
            writeln!(text, "{};{kind};{reference};{payment};{amount};{currency}", booked(0))
                .expect("written");
        }
        for line in more {
            writeln!(text, "{line}").expect("written");
        }
        text
    }

    /// Reconciles with this statement, while the gateway cannot be asked.
    fn settle(&self, statement: &str, map: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
        self.settle_in(statement, map, 9, more)
    }

    /// The same for a period that began so many hours ago.
    fn settle_in(&self, statement: &str, map: &str, hours: i64, more: &[&str]) -> (i32, Vec<Value>, String) {
        let (file, map_file) = (self.file("november.csv"), self.file("map.toml"));
        std::fs::write(&file, statement).expect("written");
        std::fs::write(&map_file, map).expect("written");
        let hour =
            |hours: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string();
        let (from, until) = (hour(-hours), hour(0));
        let words = ["journal", "reconcile", "--statement", &file, "--map", &map_file, "--by", "ann"];
        let margin = if hours > 24 { "24" } else { "1" };
        let period = ["--margin", margin, "--from", &from, "--until", &until];
        let journal = self.journal();
        let settings =
            [("RECURRING_JOURNAL", journal.as_str()), ("EMSPAY_BASE_URL", "http://127.0.0.1:9/v1")];
        self.told(&settings, &[&words[..], &period, more].concat())
    }

    fn state(&self, attempt: &str) -> String {
        let (_, lines) = self.recorded(&["journal", "show", attempt]);
        lines[0]["state"].as_str().expect("a state").to_owned()
    }
}

/// What was found about an attempt.
fn found<'a>(lines: &'a [Value], attempt: &str) -> &'a Value {
    let mut of = lines.iter().filter(|line| line["attempt"] == attempt);
    let finding = of.next().unwrap_or_else(|| panic!("{attempt} is not in {lines:#?}"));
    assert_eq!(of.next(), None);
    finding
}

#[test]
fn statement_settles_what_it_lists_and_nothing_else() {
    let sandbox = Sandbox::recording("statement");
    sandbox.lost("s-lost", "after_acting");
    sandbox.lost("s-none", "before_acting");
    assert_eq!(sandbox.charged_in(&sandbox.journal(), "s-paid").0, 10);
    let (_, lines) = sandbox.recorded(&["journal", "reconcile", "s-paid"]);
    assert_eq!(lines[0]["state"], "paid", "{lines:?}");
    assert_eq!((sandbox.ledger("s-lost"), sandbox.ledger("s-none")), (1, 0));
    // The shop's first payment was not made through the journal; one is taken a second time.
    let twice = format!("{};Sale;s-paid;another;40,00;EUR", booked(0));
    let statement = sandbox.statement(&[twice]);
    let settle =
        |more: &[&str]| sandbox.settle(&statement, &example_map(), &[&["--lines", "4"], more].concat());

    let (code, lines, errors) = settle(&["--dry-run"]);
    assert_eq!(
        (code, &found(&lines, "s-lost")["finding"]),
        (30, &json!("would_settle")),
        "{lines:#?} {errors}"
    );
    assert_eq!(sandbox.state("s-lost"), "unknown", "nothing was recorded");

    let (code, lines, errors) = settle(&[]);
    let lost = found(&lines, "s-lost");
    assert_eq!((code, &lost["finding"], &lost["state"]), (30, &json!("settled"), &json!("paid")), "{errors}");
    let none = found(&lines, "s-none");
    assert_eq!(none["finding"], "left");
    assert!(none["why"].as_str().expect("a reason").contains("may be under way"), "{none}");
    assert_eq!(found(&lines, "s-paid")["finding"], "taken_twice");
    assert_eq!(found(&lines, "first")["finding"], "not_recorded");
    let counts = lines.last().expect("counts");
    assert_eq!(
        (&counts["settled"], &counts["lines"], &counts["complete"]),
        (&json!(1), &json!(4), &json!(true))
    );
    assert_eq!(["s-lost", "s-none"].map(|name| sandbox.state(name)), ["paid", "unknown"]);
    let (_, shown) = sandbox.recorded(&["journal", "show", "s-lost"]);
    let note = shown[0]["events"].as_array().expect("a log").last().expect("a line")["note"].to_string();
    for part in ["ann: statement november.csv (SHA-256 ", "line ", "40.00 EUR"] {
        assert!(note.contains(part), "{note}");
    }
    // Once more settles nothing more.
    let (_, lines, _) = settle(&[]);
    assert_eq!(lines.last().expect("counts")["settled"], 0);
}

#[test]
fn statement_with_bad_lines_names_line_and_column() {
    let sandbox = Sandbox::recording("bad-lines");
    sandbox.lost("b-lost", "after_acting");
    let good = booked(0);
    let more = [
        format!("{good};Sold;x;p-1;1,00;EUR"),
        format!("{good};Sale;x;p-2;1,005;EUR"),
        format!("{good};Sale;x;p-3;1.00;EUR"),
        "2026-11-01;Sale;x;p-4;1,00;EUR".to_owned(),
        format!("{};Sale;x;p-5;1,00;EUR", booked(3)),
        format!("{good};Sale;x;p-6;1,00;EUX"),
        format!("{good};Sale;cut"),
    ];
    let (code, lines, errors) = sandbox.settle(&sandbox.statement(&more), &example_map(), &["--lines", "9"]);
    assert_eq!(code, 30, "{lines:#?}");
    for part in [
        "line 4, column `Type`: the word \"Sold\" is not in the map",
        "line 5, column `Amount`: ",
        "line 6, column `Amount`: has a point",
        "line 7, column `Booked`: is not a time in the form",
        "is outside",
        "line 9, column `Currency`: ",
        "line 10: has 3 columns, and line 1 has 6",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    // A line that is good settles all the same; what is absent proves nothing.
    assert_eq!(found(&lines, "b-lost")["finding"], "settled");
    let counts = lines.last().expect("counts");
    assert_eq!((&counts["problems"], &counts["complete"]), (&json!(7), &json!(false)), "{counts}");
    assert!(counts["doubt"].as_str().expect("a reason").contains("7 of its lines"), "{counts}");
}

#[test]
fn statement_that_does_not_fit_its_map_is_refused() {
    let sandbox = Sandbox::start("misfit");
    let map = example_map();
    let refused = |statement: &str, map: &str, more: &[&str], part: &str| {
        let (code, lines, errors) = sandbox.settle(statement, map, more);
        assert_eq!(code, 2, "{part}: {lines:?} {errors}");
        assert!(errors.contains(part), "{part}: {errors}");
    };
    let head = format!("{HEAD}\n");
    refused(
        &head.replace("Order", "Id"),
        &map,
        &[],
        "has no column `Order` in line 1 (`columns.payment` of the map)",
    );
    refused(&head.replace("Type", "Order"), &map, &[], "has the column `Order` twice");
    refused("", &map, &[], "has no column");
    refused("", &map, &[], "is empty");
    refused("\u{feff}", &map, &[], "is empty");
    for (from, to, part) in [
        ("+01:00", "Europe/Nowhere", "`time.zone` is not a known zone"),
        ("zone = ", "zones = ", "unknown field"),
        ("\"decimal\"", "\"minor\"", "`amount.decimal_point` has no meaning"),
        ("delimiter = \";\"", "delimiter = \"\"", "`delimiter` must be one ASCII character"),
        ("\"Refund\"", "\"Sale\"", "names the word `Sale` twice"),
        ("provider = \"emspay\"", "", "missing field `provider`"),
    ] {
        let other = map.replace(from, to);
        assert_ne!(other, map, "{from}");
        refused(&head, &other, &[], part);
    }
    refused(&head, &map, &["--total", "40"], "must be an amount and a currency");
    refused(&head, &map, &["--due"], "cannot be used with");
    refused(
        &head,
        &map.replace("\"emspay\"", "\"emspays\""),
        &[],
        "`provider`: there is no gateway `emspays`",
    );
    for format in ["%H:%M:%S", "%d.%m.%Y %!", "%d.%m"] {
        let other = map.replace("%d.%m.%Y %H:%M:%S", format);
        refused(&head, &other, &[], "`time.format` must name a day at least");
    }
}

/// The settings of a map, with one of its lines in another form.
fn map_with(from: &str, to: &str) -> String {
    let map = example_map();
    let other = map.replace(from, to);
    assert_ne!(other, map, "{from}");
    other
}

/// The ledger as one JSON object a line, with the amount and the time in the given form.
fn json_lines(sandbox: &Sandbox, amount: impl Fn(i64) -> Value, time: &Value) -> String {
    let ledger = sandbox.control("GET", "ledger", None);
    let lines = ledger.as_array().expect("a list").iter().map(|entry| {
        let object = json!({
            "Booked": time, "Type": "Sale", "Merchant reference": entry["reference"], "Order": entry["payment"],
            "Amount": amount(entry["amount_minor"].as_i64().expect("a number")), "Currency": entry["currency"],
        });
        format!("{object}\n")
    });
    lines.collect()
}

const AMOUNT: &str = "form = \"decimal\"                   # or \"minor\": whole numbers of cents\ndecimal_point = \",\"                # a point by default";

#[test]
fn statement_of_json_lines_settles() {
    let sandbox = Sandbox::recording("json-lines");
    let now = jiff::Timestamp::now();
    let json_map = map_with("format = \"csv\" ", "format = \"json-lines\" ").replace("delimiter = \";\"", "");
    let minor = json_map.replace(AMOUNT, "form = \"minor\"");
    let point = json_map.replace(AMOUNT, "form = \"decimal\"");
    let timed = |map: &str, format: &str| {
        let (before, _) = map.split_once("[time]").expect("a time");
        format!("{before}[time]\nformat = \"{format}\"\n")
    };
    let decimal = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    let number = |minor: i64| serde_json::from_str(&decimal(minor)).expect("a number");
    let rfc3339 = json!(now.to_string());
    let zoned = json!(now.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%z").to_string());
    let forms: [(&str, String, &str); 4] = [
        ("j-1", timed(&minor, "rfc3339"), "minor"),
        ("j-2", timed(&minor, "unix"), "unix"),
        ("j-3", timed(&point, "rfc3339"), "number"),
        ("j-4", timed(&point, "%Y-%m-%dT%H:%M:%S%z"), "text"),
    ];
    for (name, map, form) in forms {
        sandbox.lost(name, "after_acting");
        let text = match form {
            "minor" => json_lines(&sandbox, |minor| json!(minor), &rfc3339),
            "unix" => json_lines(&sandbox, |minor| json!(minor.to_string()), &json!(now.as_second())),
            "number" => json_lines(&sandbox, number, &rfc3339),
            _ => json_lines(&sandbox, |minor| json!(decimal(minor)), &zoned),
        };
        // With empty lines, and an end without a line feed.
        let (code, lines, errors) = sandbox.settle(&format!("\n{}", text.trim_end()), &map, &[]);
        assert_eq!(found(&lines, name)["finding"], "settled", "{form}, {code}: {lines:#?} {errors}");
        assert_eq!(lines.last().expect("counts")["problems"], 0, "{errors}");
        assert_eq!(sandbox.state(name), "paid");
    }
}

#[test]
fn statement_of_bad_json_lines_names_line_and_member() {
    let sandbox = Sandbox::recording("bad-json");
    sandbox.lost("k-lost", "after_acting");
    let now = jiff::Timestamp::now().to_string();
    let (before, _) =
        example_map().split_once("[time]").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a time");
    let map = format!("{before}[time]\nformat = \"rfc3339\"\n")
        .replace("format = \"csv\" ", "format = \"json-lines\" ")
        .replace("delimiter = \";\"", "")
        .replace(AMOUNT, "form = \"minor\"");
    let good = json_lines(&sandbox, |minor| json!(minor), &json!(now));
    let last = good.lines().last().expect("a line").to_owned();
    let with = |from: &str, to: &str| {
        assert!(last.contains(from), "{from}: {last}");
        last.replace(from, to)
    };
    let bad = [
        with("\"Amount\":4000", "\"Amount\":40.5"),
        with("\"Amount\":4000", "\"Amount\":{\"value\":4000}"),
        with("\"Amount\":4000", "\"Amount\":4000,\"Amount\":1"),
        with("\"Amount\":4000", "\"Amount\":-4000"),
        with("\"EUR\"", "null"),
        with(&now, "yesterday"),
        "[1]".to_owned(),
        last[..last.len() / 2].to_owned(),
    ];
    let text = format!("\u{feff}{good}{}\n", bad.join("\n"));
    let (code, lines, errors) = sandbox.settle(&text, &map, &["--lines", "10"]);
    assert_eq!(code, 30, "{lines:#?}");
    for part in [
        "line 3, column `Amount`: must be a whole number of minor units",
        "line 4, column `Amount`: must be a text or a number",
        "line 5, column `Amount`: is named twice",
        "line 6, column `Amount`: must be a whole number of minor units",
        "line 7, column `Currency`: ",
        "line 8, column `Booked`: is not a time in the form `rfc3339`",
        "line 9: is not a JSON object",
        "line 10: is not a JSON object; is the file cut off?",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    assert_eq!(found(&lines, "k-lost")["finding"], "settled");
    assert_eq!(lines.last().expect("counts")["problems"], 8);
    let (code, _, errors) =
        sandbox.settle(&good, &map.replace("\"Merchant reference\"", "\"reference\""), &[]);
    assert_eq!(code, 2, "{errors}");
    assert!(
        errors.contains("has no member `reference` in any line (`columns.reference` of the map)"),
        "{errors}"
    );
}

#[test]
fn statement_with_dates_alone_settles() {
    let sandbox = Sandbox::recording("dates");
    sandbox.lost("d-lost", "after_acting");
    let map = map_with("%d.%m.%Y %H:%M:%S", "%d.%m.%Y").replace("+01:00", "UTC");
    let day = |hours: i64| {
        let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%d.%m.%Y").to_string()
    };
    let text = sandbox.statement(&[]).replace('\n', "\r\n");
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(number, line)| match line.split_once(';') {
            Some((_, rest)) if number > 0 => format!("{};{rest}", day(0)),
            _ => line.to_owned(),
        })
        .collect();
    // As a spreadsheet saves it; the day may have begun before the period, and that margin is the operator's to give.
    let text = format!("\u{feff}{}\r\n", lines.join("\r\n"));
    let (_, lines, errors) = sandbox.settle_in(&text, &map, 25, &["--total", "80.00 EUR"]);
    assert_eq!(found(&lines, "d-lost")["finding"], "settled", "{lines:#?} {errors}");
    let counts = lines.last().expect("counts");
    assert_eq!((&counts["problems"], &counts["complete"]), (&json!(0), &json!(true)), "{errors}");
    let (code, lines, errors) = sandbox.settle_in(&text.replace(&day(0), "31.02.2026"), &map, 25, &[]);
    assert_eq!(lines.last().expect("counts")["problems"], 2, "{code} {lines:#?}");
    assert!(errors.contains("line 2, column `Booked`: is not a time in the form `%d.%m.%Y`"), "{errors}");
}

#[test]
fn statement_total_must_be_that_of_its_charges() {
    let sandbox = Sandbox::recording("total");
    sandbox.lost("t-lost", "after_acting");
    let text = sandbox.statement(&[]);
    let read = |more: &[&str]| {
        let (_, lines, errors) = sandbox.settle(&text, &example_map(), &[&["--dry-run"], more].concat());
        (lines.last().unwrap_or(&Value::Null).clone(), errors)
    };
    for (more, complete, part) in [
        (&["--total", "80.00 EUR"][..], true, ""),
        (&["--total", "80.00 EUR", "--lines", "2"], true, ""),
        (&["--total", "80.00 EUR", "--lines", "3"], false, "it has 2 lines, and 3 were announced"),
        (&["--total", "79.99 EUR"], false, "add up to 80.00 EUR"),
        (&["--total", "80.00 USD"], false, "add up to 80.00 EUR"),
        (&["--total", "80.00 EUR", "--total", "1.00 USD"], false, "add up to 80.00 EUR"),
        (&[], false, "neither the number of its lines nor their total was given"),
    ] {
        let (counts, errors) = read(more);
        assert_eq!(counts["complete"], complete, "{more:?}: {errors}");
        assert!(counts["doubt"].to_string().contains(part), "{more:?}: {counts}");
    }
    let (_, errors) = read(&["--total", "40.00 EUR", "--total", "40.00 EUR"]);
    assert!(errors.contains("--total names EUR twice"), "{errors}");
    let (_, errors) = read(&["--total", "80,00 EUR"]);
    assert!(errors.contains("--total"), "{errors}");
}
