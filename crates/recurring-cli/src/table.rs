//! Tables for a terminal.

use std::io::{self, IsTerminal};

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use terminal_size::{Width, terminal_size_of};

/// What is written where there is no terminal that has a width.
const USUAL: u16 = 80;

/// The width of the terminal on standard output, if it is one.
pub(crate) fn terminal_width() -> Option<u16> {
    let stdout = io::stdout();
    let width = terminal_size_of(&stdout).map(|(Width(width), _)| width);
    stdout.is_terminal().then(|| width.filter(|width| *width > 0).unwrap_or(USUAL))
}

/// A table of records, one a line: on a terminal no wider than it; elsewhere a line is never cut.
pub(crate) fn of_records(head: &[&str], rows: Vec<Vec<String>>) -> String {
    text(head, rows, terminal_width(), false)
}

/// A table of texts, which are wrapped, on a terminal no wider than it, and nowhere wider than usual.
pub(crate) fn of_texts(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let width = terminal_width().unwrap_or(USUAL).min(USUAL);
    text(head, rows, Some(width), true)
}

fn text(head: &[&str], rows: Vec<Vec<String>>, width: Option<u16>, spaced: bool) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(head.iter().map(|name| name.to_uppercase()));
    for row in rows {
        if spaced {
            table.add_row([""]);
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let Some(width) = width {
        // The last column's padding is cut off.
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_add(2));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let words = "nothing proves what happened to the money: an operator must look at the gateway first";
        vec![vec!["omno".to_owned(), words.to_owned(), words.to_owned()]; 3]
    }

    #[test]
    fn table_is_no_wider_than_the_terminal() {
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        for width in [20, 40, 80, 120] {
            for spaced in [false, true] {
                let text = text(&["gateway", "one", "other"], rows(), Some(width), spaced);
                assert!(widest(&text) <= usize::from(width), "{width}:\n{text}");
            }
        }
        let whole = text(&["gateway", "one", "other"], rows(), None, false);
        assert_eq!(whole.lines().count(), 4, "{whole}");
    }
}
