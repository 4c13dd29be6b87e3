//! What a list is limited to, and its pages.

use crate::request::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How many lines a page has.
const LINES: usize = 50;

/// What a list is limited to.
pub(super) struct Filter<'a> {
    /// An id or a reference, or a part of it.
    pub(super) text: &'a str,
    pub(super) gateway: &'a str,
    pub(super) status: &'a str,
    page: usize,
}

impl<'a> Filter<'a> {
    pub(super) fn of(request: &'a Request) -> Filter<'a> {
        let given = |name: &str| request.query(name).unwrap_or_default().trim();
        let page = given("page").parse().ok().filter(|page| *page > 0).unwrap_or(1);
        Filter { text: given("q"), gateway: given("gateway"), status: given("status"), page }
    }

    /// A text alone.
    pub(super) fn of_text(text: &'a str) -> Filter<'a> {
        Filter { text, gateway: "", status: "", page: 1 }
    }

    pub(super) fn has(&self, gateway: &str, texts: &[&str]) -> bool {
        (self.gateway.is_empty() || self.gateway == gateway)
            && (self.text.is_empty() || texts.iter().any(|text| text.contains(self.text)))
    }

    /// Whether it has this status, which is only asked for where it is limited to one.
    pub(super) fn has_status(&self, status: impl FnOnce() -> &'static str) -> bool {
        self.status.is_empty() || self.status == status()
    }

    /// Whether it limits nothing, and shows the first page.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.gateway.is_empty() && self.status.is_empty() && self.page == 1
    }

    /// The lines of this page, and the links to the next and the one before.
    pub(super) fn cut<T>(&self, all: impl Iterator<Item = T>) -> (Vec<T>, Pages) {
        let mut lines: Vec<T> = all.skip((self.page - 1).saturating_mul(LINES)).take(LINES + 1).collect();
        let more = lines.len() > LINES;
        lines.truncate(LINES);
        let pages = Pages {
            earlier: more.then(|| self.link(self.page + 1)),
            later: (self.page > 1).then(|| self.link(self.page - 1)),
        };
        (lines, pages)
    }

    fn link(&self, page: usize) -> String {
        let (text, gateway, status) = (encode(self.text), encode(self.gateway), encode(self.status));
        format!("?q={text}&gateway={gateway}&status={status}&page={page}")
    }
}

/// The links to the neighbors of a page.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
}

/// A text as a part of an address.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
