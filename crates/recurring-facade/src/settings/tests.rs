use super::*;

fn file(content: &str) -> (PathBuf, Result<Settings, SettingsError>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name =
        format!("recurring-settings-{}-{}.toml", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, content).expect("a temporary file");
    let settings = Settings::from_file(&path);
    std::fs::remove_file(&path).expect("removed");
    (path, settings)
}

#[test]
fn both_forms_of_a_name_are_read() {
    let (_, settings) = file(
        "[emspay]\napi_key = 'k'\n[revio]\nREVIO_API_KEY = 'r'\nrevio_brand_id = 'b'\n[tokenpay-signed]\nmerchant_id = 3\n",
    );
    let settings = settings.expect("readable");
    let value = |name| settings.values.get(name).map(Secret::expose);
    assert_eq!(value("EMSPAY_API_KEY"), Some("k"));
    assert_eq!(value("REVIO_API_KEY"), Some("r"));
    assert_eq!(value("REVIO_BRAND_ID"), Some("b"));
    assert_eq!(value("TOKENPAY_MERCHANT_ID"), Some("3"));
    assert!(settings.mentions(&ProviderId::EMSPAY) && !settings.mentions(&ProviderId::OMNO));
}

#[test]
fn a_slip_is_named_and_no_value_is_shown() {
    for (content, says) in [
        ("[emspay]\napikey = 'hunter2'\n", "`apikey` is not a setting"),
        ("[paypal]\nkey = 'hunter2'\n", "`paypal` is not a setting"),
        ("[emspay]\napi_key = ['hunter2']\n", "`emspay.api_key` must be a text"),
        ("emspay = 'hunter2'\n", "`emspay` must be a table"),
        ("[emspay]\n\napi_key = 'hunter2\n", "not TOML at line 3"),
    ] {
        let error = file(content).1.expect_err(content);
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let missing = Settings::from_file(Path::new("/nowhere/at/all.toml")).expect_err("missing");
    assert!(missing.to_string().contains("/nowhere/at/all.toml"));
}

#[cfg(feature = "emspay")]
#[test]
fn what_is_missing_is_named() {
    let settings = Settings::new().set("EMSPAY_BASE_URL", "https://a.example");
    let error = settings.facade().expect_err("no key");
    assert_eq!(error.to_string(), "emspay needs EMSPAY_API_KEY");
    let settings = settings.set("EMSPAY_API_KEY", "hunter2");
    let facade = settings.facade().expect("set up");
    assert_eq!(facade.providers().count(), 1);
    assert!(facade.native::<emspay::Client>().is_some());
    assert!(!format!("{settings:?} {facade:?}").contains("hunter2"));
    let bad = settings.set("EMSPAY_BASE_URL", "http://a.example").facade().expect_err("plain http");
    assert!(bad.to_string().contains("https"), "{bad}");
}

#[test]
fn journal_path_begins_at_the_folder_of_the_file() {
    let folder = std::env::temp_dir();
    let here = format!("sqlite:{}", folder.join("j.db").display());
    for (value, read) in [
        ("sqlite:j.db", here.as_str()),
        ("sqlite://j.db", &here),
        ("sqlite:/var/j.db", "sqlite:/var/j.db"),
        ("postgres://h/d", "postgres://h/d"),
        // What is wrong stays wrong.
        ("sqlite:j.db ", "sqlite:j.db "),
        ("sqlite: j.db", "sqlite: j.db"),
        ("sqlite:", "sqlite:"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("j.db", "j.db"),
    ] {
        let settings = file(&format!("journal = '{value}'\n")).1.expect(value);
        assert_eq!(settings.journal().map(Secret::expose), Some(read), "{value}");
    }
    let settings = file("journal_id = 'one'\n").1.expect("readable");
    assert_eq!(settings.journal_id(), Some("one"));
}
