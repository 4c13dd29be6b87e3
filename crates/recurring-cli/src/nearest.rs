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

/// Why a line of JSON is not `what`, which has these members. It quotes no value: one may be a token.
pub(crate) fn json_problem(error: &serde_json::Error, what: &str, members: &[&str]) -> String {
    let text = error.to_string();
    let member =
        |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split(' ').next().map(str::to_owned));
    if let Some(name) = member("missing field ") {
        format!("{name} is missing")
    } else if let Some(name) = member("unknown field ") {
        let name = name.trim_matches([',', '`']);
        match nearest(name, members.iter().copied()) {
            Some(near) => format!("`{name}` is not a member of {what}; did you mean `{near}`?"),
            None => format!("`{name}` is not a member of {what}; there are {}", members.join(", ")),
        }
    } else if let Some(name) = member("duplicate field ") {
        format!("{name} is named twice")
    } else if error.is_data() {
        format!("not {what}: a member is of another type")
    } else {
        "not valid JSON".to_owned()
    }
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
