//! The rows of what can go wrong between a client and any gateway, and what each one says of the money.

use super::message::{Behavior, RawReply};

/// The effect of a row, for an operation that moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The connection was never made: nothing happened, and that is proven.
    NeverSent,
    /// It may have happened.
    Unknown,
}

/// One failure.
#[derive(Debug, Clone)]
pub struct Row {
    /// A name for messages.
    pub name: &'static str,
    /// What the server does; `None`: nothing listens, see [`refused_url`](super::refused_url).
    pub behavior: Option<Behavior>,
    /// The effect on the money.
    pub expected: Expected,
}

const HTML: &str = "<html><body><h1>Something is wrong</h1></body></html>";

/// Every row that does not depend on a gateway. `good_reply` is an answer that would be a success, with a JSON body; some rows
/// cut it or make it too long.
///
/// The rows `silent` and `trickle` end by the client's own time-out: give it a short one. An operation whose good
/// answer is an array takes `2xx JSON array` for an empty list, and one whose answer may be empty takes `2xx empty` and `204`
/// for a success: such an operation moves no money, and its test leaves these rows out by name.
///
/// # Panics
/// When the good reply has no body.
#[must_use]
pub fn rows(good_reply: RawReply) -> Vec<Row> {
    assert!(good_reply.body.len() > 1, "the good reply needs a body that can be cut");
    let good = good_reply;
    let reply = |name, reply| (name, Behavior::Reply(reply));
    let elsewhere = |status| RawReply::new(status).header("Location", "/elsewhere");
    let success = |body: &str| RawReply::json(good.status, body);
    let head = good.head().len();
    let half = good.body.len() / 2;

    let mut longer_than_allowed = good.clone();
    // Still valid JSON: only a client that stops reading in time refuses it. A list may be longer than other answers.
    longer_than_allowed.body.resize(good.body.len() + 16 * 1024 * 1024, b' ');
    let half_a_body = RawReply { body: good.body.split_at(half).0.to_vec(), ..good.clone() };

    let behaviors = [
        ("silent", Behavior::StaySilent),
        ("trickle", Behavior::Trickle(good.clone())),
        ("closed before reading", Behavior::CloseBeforeReading),
        ("reset before reading", Behavior::ResetBeforeReading),
        ("closed after reading", Behavior::CloseAfterReading),
        ("reset after reading", Behavior::ResetAfterReading),
        ("cut in the head", Behavior::CutAfter { reply: good.clone(), bytes: head / 2 }),
        ("cut after the head", Behavior::CutAfter { reply: good.clone(), bytes: head }),
        ("cut in the body", Behavior::CutAfter { reply: good.clone(), bytes: head + half }),
        reply("301", elsewhere(301)),
        reply("302", elsewhere(302)),
        reply("303", elsewhere(303)),
        reply("307", elsewhere(307)),
        reply("308", elsewhere(308)),
        reply("400 HTML", RawReply::html(400, HTML)),
        reply("401 HTML", RawReply::html(401, HTML)),
        reply("403 HTML", RawReply::html(403, HTML)),
        reply("404 HTML", RawReply::html(404, HTML)),
        reply("408", RawReply::new(408)),
        reply("409 HTML", RawReply::html(409, HTML)),
        reply("422 HTML", RawReply::html(422, HTML)),
        reply("429 HTML", RawReply::html(429, HTML).header("Retry-After", "0")),
        reply("500 empty", RawReply::new(500)),
        reply("500 HTML", RawReply::html(500, HTML)),
        reply("502 HTML", RawReply::html(502, HTML)),
        reply("503 HTML", RawReply::html(503, HTML).header("Retry-After", "0")),
        reply("504 HTML", RawReply::html(504, HTML)),
        reply("2xx empty", success("")),
        reply("2xx HTML", RawReply::html(good.status, HTML)),
        reply("2xx cut JSON", half_a_body),
        reply("2xx JSON array", success("[]")),
        reply("2xx JSON number", success("1")),
        reply("2xx JSON text", success("\"ok\"")),
        reply("2xx JSON null", success("null")),
        reply("2xx over 1 MiB", longer_than_allowed),
        reply("204", RawReply::new(204)),
    ];
    let refused = Row { name: "nothing listens", behavior: None, expected: Expected::NeverSent };
    let unknown =
        behaviors.map(|(name, behavior)| Row { name, behavior: Some(behavior), expected: Expected::Unknown });
    std::iter::once(refused).chain(unknown).collect()
}
