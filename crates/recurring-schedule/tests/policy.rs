//! Policies: presets, TOML, and what is refused.

use recurring_schedule::{Hours, Preset, RetryPolicy, Zone};

fn hours() -> Hours {
    Hours { from: 9, until: 18 }
}

#[test]
fn presets_are_policies_of_their_own_days() {
    for (preset, days, hours) in [
        (Preset::Standard, vec![1, 3, 7, 14], Hours { from: 9, until: 18 }),
        (Preset::Gentle, vec![3, 10], Hours { from: 10, until: 16 }),
    ] {
        let policy = RetryPolicy::preset(Zone::utc(), preset);
        assert_eq!(RetryPolicy::new(Zone::utc(), &days, hours), Ok(policy.clone()));
        assert_eq!(usize::from(policy.most_tries()), days.len() + 1);
        assert!(policy.end_with_period());
    }
}

#[test]
fn policy_is_read_from_toml_and_back() {
    let policy: RetryPolicy = toml::from_str(
        "zone = \"Europe/Lisbon\"\npreset = \"standard\"\ndays = [2, 5, 9]\nmost_tries = 3\nend_with_period = false",
    )
    .expect("a policy");
    assert_eq!((policy.days(), policy.hours(), policy.most_tries()), (&[2, 5, 9][..], hours(), 3));
    assert!(!policy.end_with_period());
    assert_eq!(policy.zone().name(), "Europe/Lisbon");
    let json = serde_json::to_string(&policy).expect("JSON");
    assert_eq!(serde_json::from_str::<RetryPolicy>(&json).expect("read"), policy);
    let preset: RetryPolicy = toml::from_str("zone = \"UTC\"\npreset = \"gentle\"").expect("a policy");
    assert_eq!(preset, RetryPolicy::preset(Zone::utc(), Preset::Gentle));
}

#[test]
fn policy_beyond_the_limits_names_field_and_rule() {
    let many = (1..=21).map(|day| day.to_string()).collect::<Vec<_>>().join(", ");
    for (toml, field, rule) in [
        (format!("days = [{many}]"), "days", "at most 20 tries after a decline in 30 days"),
        ("days = [1, 3]\nmost_tries = 4".to_owned(), "most_tries", "must be 1 to 3"),
        ("days = [1, 3]\nmost_tries = 0".to_owned(), "most_tries", "must be 1 to 3"),
        ("days = []".to_owned(), "days", "1 to 98 days"),
        ("days = [3, 1]".to_owned(), "days", "later than the one before"),
        ("days = [1, 1]".to_owned(), "days", "later than the one before"),
        ("days = [0, 1]".to_owned(), "days", "1 to 365"),
        ("days = [366]".to_owned(), "days", "1 to 365"),
        ("days = [1]\nhours = { from = 18, until = 9 }".to_owned(), "hours", "later `until`"),
        ("days = [1]\nhours = { from = 24, until = 25 }".to_owned(), "hours", "at most 24"),
        ("days = [1]\nignore_limits = true".to_owned(), "ignore_limits", "unknown field"),
        ("days = [1]\nhours = { from = 9, until = 18, minutes = 5 }".to_owned(), "minutes", "unknown field"),
        ("days = [1]\npreset = \"hard\"".to_owned(), "hard", "unknown variant"),
    ] {
        let hours = if toml.contains("hours") { "" } else { "hours = { from = 9, until = 18 }\n" };
        let error =
            toml::from_str::<RetryPolicy>(&format!("zone = \"UTC\"\n{hours}{toml}")).expect_err(&toml);
        let message = error.message();
        assert!(message.contains(&format!("`{field}`")) && message.contains(rule), "{message}");
    }
    for (toml, field) in [
        ("preset = \"standard\"", "zone"),
        ("zone = \"UTC\"", "days"),
        ("zone = \"UTC\"\ndays = [1]", "hours"),
        ("zone = \"Nowhere\"\npreset = \"standard\"", "zone"),
    ] {
        let error = toml::from_str::<RetryPolicy>(toml).expect_err(toml);
        assert!(error.message().contains(&format!("`{field}`")), "{error}");
    }
}

#[test]
fn days_keep_the_limit_in_every_window() {
    let new = |days: &[u16]| RetryPolicy::new(Zone::utc(), days, hours());
    let twenty: Vec<u16> = (1..=20).collect();
    assert!(new(&twenty).is_ok());
    // The 21st day is 30 after the first one, and then 31.
    assert_eq!(new(&[&twenty[..], &[31]].concat()).expect_err("30 days").field(), "days");
    assert!(new(&[&twenty[..], &[32]].concat()).is_ok());
    let later: Vec<u16> = (100..121).collect();
    assert_eq!(new(&later).expect_err("later").field(), "days");
}

#[test]
fn documented_policy_is_the_preset() {
    let page = include_str!("../../../docs/declines.md");
    let written = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).expect("a policy");
    let policy: RetryPolicy = toml::from_str(written).expect("a policy");
    assert_eq!(policy, RetryPolicy::preset(Zone::new("Europe/Lisbon").expect("a zone"), Preset::Standard));
}
