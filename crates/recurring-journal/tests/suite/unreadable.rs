//! Rows that no program of ours wrote.

use recurring_journal::StoreError;
use recurring_journal::store::{Filter, Store};

use super::attempt;

/// What is invalid, the assignment that makes it so, and the one that mends it.
pub(crate) const UNREADABLE: [(&str, &str, &str); 7] = [
    ("state", "state = 'approved'", "state = 'armed'"),
    ("operation", "operation = 'gift'", "operation = 'charge'"),
    ("currency", "currency = 'ZZZ'", "currency = 'EUR'"),
    ("amount", "amount = NULL", "amount = 4000"),
    ("ending", r#"ending = '{"kind":"bad luck"}'"#, "ending = NULL"),
    ("ending", r#"ending = '{"reason":"bad luck"}'"#, "ending = NULL"),
    ("number", "looks = -1", "looks = 0"),
];

/// It is an error wherever the row is read, and never a guess.
pub(crate) async fn assert_unreadable(store: &dyn Store, what: &'static str) {
    let expected = StoreError::InvalidRow { what };
    assert_eq!(store.get(&attempt("a")).await, Err(expected.clone()));
    assert_eq!(store.list(&Filter::default(), 10).await, Err(expected.clone()));
    assert!(expected.to_string().starts_with(&format!("invalid {what} in stored row")));
    if what == "state" {
        assert_eq!(store.count().await, Err(expected));
    }
}
