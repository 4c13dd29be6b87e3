//! What a misspelled name may have meant.

/// The known name that is most like this one, if one is like it at all.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let best = known.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) > 0.8).then_some(best)
}

/// The same as the end of a message.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_found() {
        let known = ["attempt", "amount", "currency", "credential", "provider", "reason", "notification_url"];
        for (name, expected) in [
            ("ammount", Some("amount")),
            ("curency", Some("currency")),
            ("credentials", Some("credential")),
            ("notificationUrl", Some("notification_url")),
            ("not_before", None),
            ("dry_run", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
