use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::zone::Zone;

/// A day to mark in a calendar, with one or two characters, such as the number of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The moment; the day is that of the calendar's zone.
    pub time: Timestamp,
    /// What the day is marked with.
    pub sign: String,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Draws the months from the first mark to the last as text: a line for each week from Monday on, every day with its number, and
/// behind it in brackets the signs of its marks. Months without a mark between others are drawn too, up to twelve in all. Lines
/// have no white space at their ends.
///
/// ```
/// use recurring_schedule::{Mark, Zone, calendar};
///
/// let mark = |time: &str, sign: &str| Mark { time: time.parse().expect("a moment"), sign: sign.to_owned() };
/// let marks = [mark("2026-11-02T09:00:00Z", "1"), mark("2026-11-05T09:00:00Z", "2")];
/// let picture = calendar(&marks, &Zone::new("Europe/Lisbon")?);
/// assert!(picture.starts_with("November 2026\n"));
/// assert!(picture.contains(" 2(1)   3      4      5(2)   6"));
/// # Ok::<(), recurring_schedule::ScheduleError>(())
/// ```
pub fn calendar(marks: &[Mark], zone: &Zone) -> String {
    let mut days: Vec<(Date, &str)> =
        marks.iter().map(|mark| (zone.local(mark.time).date(), mark.sign.as_str())).collect();
    days.sort_by_key(|(date, _)| *date);
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else { return String::new() };
    let (mut month, last) = (first.first_of_month(), *last);
    let mut text = String::new();
    for _ in 0..12 {
        if month > last {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        draw(&mut text, month, &days);
        let Ok(next) = month.last_of_month().tomorrow() else { break };
        month = next;
    }
    text
}

/// Seven columns of seven characters.
fn draw(text: &mut String, month: Date, days: &[(Date, &str)]) {
    let name = usize::try_from(month.month() - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
    // Writing to a string never fails.
    let _ = writeln!(text, "{name} {}", month.year());
    text.push_str("Mo     Tu     We     Th     Fr     Sa     Su\n");
    let skipped = usize::try_from(month.weekday().to_monday_zero_offset()).unwrap_or_default();
    let mut line = " ".repeat(7 * skipped);
    let last = month.last_of_month();
    let mut day = Some(month);
    while let Some(date) = day.filter(|date| *date <= last) {
        let signs: Vec<&str> =
            days.iter().filter(|(other, _)| *other == date).map(|(_, sign)| *sign).collect();
        let mark = if signs.is_empty() { String::new() } else { format!("({})", signs.join(",")) };
        let _ = write!(line, "{:>2}{mark:<5}", date.day());
        if date.weekday() == jiff::civil::Weekday::Sunday || date == last {
            text.push_str(line.trim_end());
            text.push('\n');
            line.clear();
        }
        day = date.tomorrow().ok();
    }
}
