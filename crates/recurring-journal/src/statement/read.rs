//! Reading a gateway's file by a map of its columns.

use std::collections::BTreeMap;
use std::fmt;

use recurring_core::{Currency, Money, Timestamp};
use recurring_facade::PaymentRef;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::lines::{Control, LineKind, LineProblem, Period, Statement, StatementLine};
use super::map::{AmountForm, Format, StatementMap, TimeForm};
use crate::error::JournalError;

impl Statement {
    /// Reads a file. A line that cannot be read is one of its [problems](Self::problems), and costs no other line. `name`
    /// and the SHA-256 of the bytes are kept with each decision.
    ///
    /// # Errors
    /// [`JournalError::Invalid`] when the file lacks a column that the map names.
    pub fn read(
        name: &str,
        bytes: &[u8],
        map: &StatementMap,
        period: Period,
        control: Control,
    ) -> Result<Self, JournalError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let rows = match map.format {
            Format::Csv => read_csv(text, map)?,
            Format::JsonLines => read_json_lines(text, map)?,
        };
        let (mut lines, mut problems) = (Vec::new(), Vec::new());
        for row in rows {
            match row.and_then(|row| row.line(map)) {
                Ok(line) => lines.push(line),
                Err(problem) => problems.push(problem),
            }
        }
        let source = format!("{name} (SHA-256 {:x})", Sha256::digest(bytes));
        Ok(Self::new(map.provider.clone(), period, lines, problems, control, source))
    }
}

/// The columns of one line that the map names. An empty one is `None`.
struct Row {
    number: u64,
    reference: Option<String>,
    payment: Option<String>,
    kind: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    time: Option<String>,
}

type Read<T> = Result<T, LineProblem>;

fn read_csv(text: &[u8], map: &StatementMap) -> Result<Vec<Read<Row>>, JournalError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(map.delimiter).flexible(true).from_reader(text);
    let head =
        reader.byte_headers().map_err(|error| no_statement(format!("cannot be read: {error}")))?.clone();
    if head.is_empty() {
        let rule =
            "is empty: it has no column names, which are the first line of a CSV file; is it the right file?";
        return Err(no_statement(rule.to_owned()));
    }
    let place = |setting: &str, name: &str| {
        let mut places = head.iter().enumerate().filter(|(_, column)| column.trim_ascii() == name.as_bytes());
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(no_statement(format!(
                "has the column `{name}` twice in line 1 (`columns.{setting}` of the map); which one is meant is not known"
            ))),
            (None, _) => Err(no_statement(format!(
                "has no column `{name}` in line 1 (`columns.{setting}` of the map); check the map and its delimiter"
            ))),
        }
    };
    let columns = &map.columns;
    let optional =
        |setting: &str, name: &Option<String>| name.as_ref().map(|name| place(setting, name)).transpose();
    let reference = place("reference", &columns.reference)?;
    let payment = optional("payment", &columns.payment)?;
    let kind = place("kind", &columns.kind)?;
    let amount = place("amount", &columns.amount)?;
    let currency = optional("currency", &columns.currency)?;
    let time = place("time", &columns.time)?;
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    loop {
        let number = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) => {}
            Err(error) => {
                // Nothing after it can be read.
                rows.push(Err(LineProblem::new(number, None, format!("cannot be read: {error}"))));
                return Ok(rows);
            }
        }
        let number = record.position().map_or(number, csv::Position::line);
        let row = if record.len() == head.len() {
            std::str::from_utf8(record.as_slice())
                .map_err(|_| LineProblem::new(number, None, "is not UTF-8"))
                .map(|_| {
                    let text = |place: usize| {
                        let bytes = record.get(place).unwrap_or_default();
                        filled(std::str::from_utf8(bytes).unwrap_or_default())
                    };
                    Row {
                        number,
                        reference: text(reference),
                        payment: payment.and_then(text),
                        kind: text(kind),
                        amount: text(amount),
                        currency: currency.and_then(text),
                        time: text(time),
                    }
                })
        } else {
            let (has, needs) = (record.len(), head.len());
            let problem = format!("has {has} columns, and line 1 has {needs}; is the file cut off?");
            Err(LineProblem::new(number, None, problem))
        };
        rows.push(row);
    }
}

fn no_statement(rule: String) -> JournalError {
    JournalError::Invalid { field: "statement", rule }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The members of one JSON object, and one that is there twice.
struct Members {
    all: BTreeMap<String, Box<RawValue>>,
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members { all: BTreeMap::new(), twice: None };
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.all.insert(name.clone(), value).is_some() {
                members.twice = Some(name);
            }
        }
        Ok(members)
    }
}

fn read_json_lines(text: &[u8], map: &StatementMap) -> Result<Vec<Read<Row>>, JournalError> {
    let lines = text.split(|byte| *byte == b'\n').zip(1_u64..);
    let objects: Vec<Read<(u64, Members)>> = lines
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| match serde_json::from_slice::<Members>(line) {
            Ok(Members { twice: Some(name), .. }) => {
                Err(LineProblem::new(number, Some(&name), "is named twice"))
            }
            Ok(members) => Ok((number, members)),
            // The parser's own message would quote the line.
            Err(_) => Err(LineProblem::new(number, None, "is not a JSON object; is the file cut off?")),
        })
        .collect();
    check_members(&objects, map)?;
    Ok(objects
        .into_iter()
        .map(|object| object.and_then(|(number, members)| row_of(number, &members, map)))
        .collect())
}

/// A member that is in none of the lines is a mistake of the map.
fn check_members(objects: &[Read<(u64, Members)>], map: &StatementMap) -> Result<(), JournalError> {
    let columns = &map.columns;
    let objects: Vec<&Members> = objects.iter().flatten().map(|(_, members)| members).collect();
    if objects.is_empty() {
        return Ok(());
    }
    let named = [
        ("reference", Some(&columns.reference)),
        ("payment", columns.payment.as_ref()),
        ("kind", Some(&columns.kind)),
        ("amount", Some(&columns.amount)),
        ("currency", columns.currency.as_ref()),
        ("time", Some(&columns.time)),
    ];
    for (setting, name) in named {
        if let Some(name) = name.filter(|name| !objects.iter().any(|members| members.all.contains_key(*name)))
        {
            return Err(no_statement(format!(
                "has no member `{name}` in any line (`columns.{setting}` of the map); check the map"
            )));
        }
    }
    Ok(())
}

fn row_of(number: u64, members: &Members, map: &StatementMap) -> Read<Row> {
    let member = |name: &str| match members.all.get(name).map(|value| value.get()) {
        None | Some("null") => Ok(None),
        Some(text) if text.starts_with('"') => serde_json::from_str::<String>(text)
            .map(|text| filled(&text))
            .map_err(|_| LineProblem::new(number, Some(name), "is not a text")),
        Some(text) if text.starts_with(['{', '[', 't', 'f']) => {
            Err(LineProblem::new(number, Some(name), "must be a text or a number"))
        }
        // A number, by its literal text.
        Some(text) => Ok(filled(text)),
    };
    let optional = |name: &Option<String>| name.as_deref().map_or(Ok(None), member);
    let columns = &map.columns;
    Ok(Row {
        number,
        reference: member(&columns.reference)?,
        payment: optional(&columns.payment)?,
        kind: member(&columns.kind)?,
        amount: member(&columns.amount)?,
        currency: optional(&columns.currency)?,
        time: member(&columns.time)?,
    })
}

impl Row {
    fn problem(&self, column: &str, problem: impl Into<String>) -> LineProblem {
        LineProblem::new(self.number, Some(column), problem)
    }

    fn line(self, map: &StatementMap) -> Read<StatementLine> {
        let kind = self.kind(map)?;
        let (amount, at) = match kind {
            LineKind::Other => (None, None),
            LineKind::Charge | LineKind::Refund => (Some(self.amount(map, kind)?), Some(self.at(map)?)),
        };
        let Self { number, reference, payment, .. } = self;
        Ok(StatementLine { number, reference, payment: payment.map(PaymentRef::new), kind, amount, at })
    }

    fn kind(&self, map: &StatementMap) -> Read<LineKind> {
        let word = self.kind.as_deref().unwrap_or_default();
        let kinds = &map.kinds;
        let is = |words: &[String]| words.iter().any(|known| known == word);
        match () {
            () if is(&kinds.charge) => Ok(LineKind::Charge),
            () if is(&kinds.refund) => Ok(LineKind::Refund),
            () if is(&kinds.ignored) => Ok(LineKind::Other),
            () => {
                let known: Vec<&str> = [&kinds.charge, &kinds.refund, &kinds.ignored]
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                let shown: String = word.chars().take(40).collect();
                let problem = format!(
                    "the word {shown:?} is not in the map, which has {}; add it under `kinds`",
                    known.join(", ")
                );
                Err(self.problem(&map.columns.kind, problem))
            }
        }
    }

    fn amount(&self, map: &StatementMap, kind: LineKind) -> Read<Money> {
        let currency = match (map.currency, &map.columns.currency) {
            (Some(currency), _) => currency,
            (None, column) => {
                let code = self.currency.as_deref().unwrap_or_default();
                Currency::from_code(code)
                    .map_err(|error| self.problem(column.as_deref().unwrap_or_default(), error.rule()))?
            }
        };
        let column = &map.columns.amount;
        let mut text = self.amount.as_deref().unwrap_or_default();
        if kind == LineKind::Refund {
            // Money that left the merchant's account may be written so.
            text = text.strip_prefix('-').unwrap_or(text);
        }
        let amount = match map.form {
            AmountForm::Minor => {
                let minor =
                    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
                let minor = minor.ok_or_else(|| {
                    self.problem(
                        column,
                        "must be a whole number of minor units (`form = \"minor\"` in the map)",
                    )
                })?;
                Money::from_minor(minor, currency)
            }
            AmountForm::Decimal if map.decimal_comma && text.contains('.') => {
                return Err(self.problem(column, "has a point, and the map has `decimal_point = \",\"`"));
            }
            AmountForm::Decimal if map.decimal_comma => Money::parse(&text.replace(',', "."), currency),
            AmountForm::Decimal if text.contains(',') => {
                return Err(self.problem(column, "has a comma, and the map has `decimal_point = \".\"`"));
            }
            AmountForm::Decimal => Money::parse(text, currency),
        };
        amount.map_err(|error| self.problem(column, format!("{} ({currency})", error.rule())))
    }

    fn at(&self, map: &StatementMap) -> Read<Timestamp> {
        let (column, text) = (&map.columns.time, self.time.as_deref().unwrap_or_default());
        map.time.read(text).ok_or_else(|| {
            let wanted = match &map.time {
                TimeForm::Rfc3339 => "rfc3339",
                TimeForm::UnixSeconds => "unix",
                TimeForm::Pattern(format, _) => format,
            };
            self.problem(
                column,
                format!("is not a time in the form `{wanted}`, which `time.format` of the map names"),
            )
        })
    }
}
