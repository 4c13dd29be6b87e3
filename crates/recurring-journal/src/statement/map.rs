//! What the columns of a gateway's file mean, in TOML.

use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use recurring_core::{Currency, Timestamp};
use recurring_facade::ProviderId;
use serde::Deserialize;

use crate::error::JournalError;

/// What the columns of a gateway's file mean. It is read from TOML; `docs/operations/statement.md` has an example.
#[derive(Debug, Clone)]
pub struct StatementMap {
    pub(crate) provider: ProviderId,
    pub(crate) format: Format,
    pub(crate) delimiter: u8,
    pub(crate) columns: Columns,
    pub(crate) kinds: Kinds,
    pub(crate) form: AmountForm,
    pub(crate) decimal_comma: bool,
    pub(crate) currency: Option<Currency>,
    pub(crate) time: TimeForm,
}

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    Csv,
    JsonLines,
}

/// How an amount is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AmountForm {
    Decimal,
    Minor,
}

/// The names of the columns, or of the members of each JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    pub(crate) reference: String,
    pub(crate) payment: Option<String>,
    pub(crate) kind: String,
    pub(crate) amount: String,
    pub(crate) currency: Option<String>,
    pub(crate) time: String,
}

/// The words of the column `kind`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kinds {
    pub(crate) charge: Vec<String>,
    #[serde(default)]
    pub(crate) refund: Vec<String>,
    #[serde(default)]
    pub(crate) ignored: Vec<String>,
}

/// How a time is written.
#[derive(Debug, Clone)]
pub(crate) enum TimeForm {
    Rfc3339,
    UnixSeconds,
    /// A format of `strptime`, with the zone of what names none.
    Pattern(String, TimeZone),
}

impl TimeForm {
    /// Reads a time. A date alone is its first moment.
    pub(crate) fn read(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::UnixSeconds => {
                text.parse().ok().and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok())
            }
            Self::Pattern(format, zone) => parse_time(format, zone, text),
        }
    }
}

fn parse_time(format: &str, zone: &TimeZone, text: &str) -> Option<Timestamp> {
    let parsed = BrokenDownTime::parse(format, text).ok()?;
    let instant = parsed.to_timestamp().ok().or_else(|| {
        let local = parsed.to_datetime().or_else(|_| parsed.to_date().map(jiff::civil::Date::into)).ok()?;
        zone.to_ambiguous_timestamp(local).compatible().ok()
    })?;
    Timestamp::from_unix_millis(instant.as_millisecond()).ok()
}

/// Whether a format can be read, and names a day.
fn is_readable(format: &str, zone: &TimeZone) -> bool {
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(zone.clone());
    let written = strtime::format(format, &sample);
    written.is_ok_and(|text| parse_time(format, zone, &text).is_some())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    provider: ProviderId,
    format: Format,
    delimiter: Option<String>,
    columns: Columns,
    kinds: Kinds,
    amount: WrittenAmount,
    time: WrittenTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAmount {
    form: AmountForm,
    decimal_point: Option<String>,
    currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTime {
    format: String,
    zone: Option<String>,
}

fn invalid(rule: impl Into<String>) -> JournalError {
    JournalError::Invalid { field: "map", rule: rule.into() }
}

impl StatementMap {
    /// Reads a map.
    ///
    /// # Errors
    /// [`JournalError::Invalid`] that names the setting and the rule.
    pub fn from_toml(text: &str) -> Result<Self, JournalError> {
        let written: Written = toml::from_str(text)
            .map_err(|error| invalid(format!("cannot be read: {}", one_line(&error.to_string()))))?;
        let delimiter = match written.delimiter.as_deref().unwrap_or(",").as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => *byte,
            _ => return Err(invalid("`delimiter` must be one ASCII character, such as \";\" or \"\\t\"")),
        };
        check_words(&written.kinds)?;
        let currency = match (&written.columns.currency, written.amount.currency.as_deref()) {
            (Some(_), None) => None,
            (None, Some(code)) => Some(
                Currency::from_code(code)
                    .map_err(|error| invalid(format!("`amount.currency` {}", error.rule())))?,
            ),
            _ => {
                return Err(invalid(
                    "needs the currency once: `columns.currency` for a column, or `amount.currency` for one of all lines",
                ));
            }
        };
        let decimal_comma = match (written.amount.form, written.amount.decimal_point.as_deref()) {
            (AmountForm::Decimal, None | Some(".")) | (AmountForm::Minor, None) => false,
            (AmountForm::Decimal, Some(",")) => true,
            (AmountForm::Decimal, Some(_)) => {
                return Err(invalid("`amount.decimal_point` must be \".\" or \",\""));
            }
            (AmountForm::Minor, Some(_)) => {
                return Err(invalid(
                    "`amount.decimal_point` has no meaning with `form = \"minor\"`; leave it out",
                ));
            }
        };
        Ok(Self {
            provider: written.provider,
            format: written.format,
            delimiter,
            columns: written.columns,
            kinds: written.kinds,
            form: written.amount.form,
            decimal_comma,
            currency,
            time: time_form(&written.time)?,
        })
    }

    /// The gateway whose file it describes.
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }
}

/// The message of the TOML parser on one line.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // The drawing of the place in between is of no use on one line.
    let lines: Vec<&str> = lines.filter(|line| !line.contains('|')).collect();
    lines.join(": ")
}

fn check_words(kinds: &Kinds) -> Result<(), JournalError> {
    if kinds.charge.is_empty() {
        return Err(invalid("`kinds.charge` must name at least one word of the column"));
    }
    let all: Vec<&String> = [&kinds.charge, &kinds.refund, &kinds.ignored].into_iter().flatten().collect();
    for (place, word) in all.iter().enumerate() {
        if all.iter().skip(place + 1).any(|other| other == word) {
            return Err(invalid(format!("names the word `{word}` twice under `kinds`")));
        }
    }
    Ok(())
}

fn time_form(time: &WrittenTime) -> Result<TimeForm, JournalError> {
    let zoned = |format: &str| ["%z", "%:z", "%s", "%Q", "%:Q"].iter().any(|part| format.contains(part));
    let own_zone = || {
        if time.zone.is_some() {
            return Err(invalid("`time.zone` has no meaning here: each time has its own; leave it out"));
        }
        Ok(())
    };
    match time.format.as_str() {
        "rfc3339" => own_zone().map(|()| TimeForm::Rfc3339),
        "unix" => own_zone().map(|()| TimeForm::UnixSeconds),
        format if !format.contains('%') => Err(invalid(
            "`time.format` must be \"rfc3339\", \"unix\", or a format of strptime such as \"%Y-%m-%d %H:%M:%S\"",
        )),
        format if zoned(format) => {
            own_zone()?;
            pattern(format, TimeZone::UTC)
        }
        format => {
            let Some(name) = &time.zone else {
                return Err(invalid(
                    "needs `time.zone`: times without an offset name no moment; such as \"UTC\", \"+01:00\" or \
                     \"Europe/Berlin\"",
                ));
            };
            let zone = zone(name).ok_or_else(|| {
                invalid(format!("`time.zone` is not a known zone: {name:?}; such as \"UTC\" or \"+01:00\""))
            })?;
            pattern(format, zone)
        }
    }
}

fn pattern(format: &str, zone: TimeZone) -> Result<TimeForm, JournalError> {
    if !is_readable(format, &zone) {
        return Err(invalid(format!(
            "`time.format` must name a day at least, by the directives of strptime: {format:?} cannot be read"
        )));
    }
    Ok(TimeForm::Pattern(format.to_owned(), zone))
}

fn zone(name: &str) -> Option<TimeZone> {
    let offset = strtime::parse("%:z", name).ok().and_then(|parsed| parsed.offset());
    offset.map(TimeZone::fixed).or_else(|| TimeZone::get(name).ok())
}
