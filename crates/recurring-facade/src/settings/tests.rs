use super::*;

fn file(content: &str) -> (PathBuf, Result<Settings, SettingsError>) {
    file_with(Settings::new(), content)
}

fn file_with(settings: Settings, content: &str) -> (PathBuf, Result<Settings, SettingsError>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name =
        format!("recurring-settings-{}-{}.toml", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, content).expect("a temporary file");
    let settings = settings.read_file(&path);
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
    let settings = Settings::new().set("EMSPAY_BASE_URL", "https://a.example").expect("a known name");
    let error = settings.facade().expect_err("no key");
    assert_eq!(error.to_string(), "emspay needs EMSPAY_API_KEY");
    let both = Settings::new().facade_of(&ProviderId::EMSPAY).expect_err("nothing is set").to_string();
    assert!(both.contains("EMSPAY_BASE_URL") && both.contains("EMSPAY_API_KEY"), "{both}");
    let settings = settings.set("EMSPAY_API_KEY", "hunter2").expect("a known name");
    let facade = settings.facade().expect("set up");
    assert_eq!(facade.providers().count(), 1);
    assert!(facade.native::<emspay::Client>().is_some());
    assert!(!format!("{settings:?} {facade:?}").contains("hunter2"));
    let bad = settings.set("EMSPAY_BASE_URL", "http://a.example").expect("a known name");
    let bad = bad.facade().expect_err("plain http");
    assert!(bad.to_string().contains("https"), "{bad}");
}

#[test]
fn general_name_is_read_only_when_asked_for() {
    let content = "price_list = 'here'\n[emspay]\napi_key = 'hunter2'\n";
    let error = file(content).1.expect_err("not a setting");
    assert!(error.to_string().contains("`price_list` is not a setting"), "{error}");
    let (path, settings) = file_with(Settings::new().with_general(["price_list", "other"]), content);
    let settings = settings.expect("readable");
    let setting = settings.general("price_list").expect("set");
    assert_eq!((setting.value().expose(), setting.file()), ("here", Some(path.as_path())));
    assert!(settings.general("other").is_none() && settings.general("emspay").is_none());
    let odd = file_with(Settings::new().with_general(["price_list"]), "price_list = 7\n").1;
    assert!(odd.expect_err("not a text").to_string().contains("`price_list` must be a text"));
}

#[cfg(feature = "emspay")]
#[test]
fn proxy_and_root_are_read_for_one_gateway_or_all() {
    let base = "[emspay]\nbase_url = 'https://a.example'\napi_key = 'k'\n";
    let options = |text: String| {
        file(&text).1.expect("readable").http(&ProviderId::EMSPAY, recurring_core::HttpOptions::new())
    };
    let proxy = |text: String| options(text).expect("usable").proxy().map(|proxy| proxy.expose().to_owned());
    assert_eq!(proxy(base.to_owned()), None);
    assert_eq!(proxy(format!("proxy_url = 'http://all:1'\n{base}")).as_deref(), Some("http://all:1"));
    let own = format!("proxy_url = 'http://all:1'\n{base}proxy_url = 'http://own:1'\n");
    assert_eq!(proxy(own).as_deref(), Some("http://own:1"));
    for (text, says) in [
        (format!("{base}proxy_url = 'socks5://ann:hunter2@h:1'\n"), "cannot use EMSPAY_PROXY_URL"),
        (format!("proxy_url = 'hunter2 hunter2'\n{base}"), "cannot use RECURRING_PROXY_URL"),
        (format!("{base}root_certificate_file = '/nowhere/root.pem'\n"), "/nowhere/root.pem"),
        (
            format!("root_certificate_file = '/dev/null'\n{base}"),
            "cannot use RECURRING_ROOT_CERTIFICATE_FILE",
        ),
    ] {
        let error = options(text).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    // Which gateway is meant is not said by a proxy.
    let settings = Settings::new().set("EMSPAY_PROXY_URL", "http://h:1").expect("a known name");
    assert!(!settings.mentions(&ProviderId::EMSPAY));
    assert!(
        !format!("{:?}", settings.set("RECURRING_PROXY_URL", "http://a:hunter2@h").expect("known"))
            .contains("hunter2")
    );
}

#[test]
fn variable_with_a_slip_is_found() {
    let names = ["EMSPAY_APIKEY", "EMSPAY_API_KEY", "REVIO_", "PATH", "OMNO_PROXY_URL", "MY_EMSPAY_KEY"];
    let found = unknown(names.into_iter().map(str::to_owned));
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["EMSPAY_APIKEY", "REVIO_"]);
    assert!(found.iter().all(|(_, known)| known.iter().any(|name| name.ends_with("_API_KEY"))));
}

#[test]
fn set_of_an_unknown_name_is_refused() {
    for name in ["EMSPAY_APIKEY", "emspay_api_key", "RECURRING_JOURNAL", ""] {
        let error = Settings::new().set(name, "hunter2").expect_err(name);
        assert!(matches!(&error, SettingsError::UnknownVariable { variable } if variable == name));
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

/// Which gateway is called is never a default: with all else set, its address is missing.
#[test]
fn base_url_missing_is_named() {
    let all = [
        ("OMNO_BEARER_TOKEN", "t"),
        ("NGENIUS_API_KEY", "k"),
        ("NGENIUS_OUTLET", "o"),
        ("REVIO_API_KEY", "k"),
        ("REVIO_BRAND_ID", "b"),
        ("EMSPAY_API_KEY", "k"),
    ];
    let settings = Settings::new().set_all(all).expect("known names");
    for (id, variable, words) in [
        #[cfg(feature = "omno")]
        (ProviderId::OMNO, "OMNO_BASE_URL", vec!["live"]),
        #[cfg(feature = "ngenius")]
        (ProviderId::NGENIUS, "NGENIUS_BASE_URL", vec!["uae-sandbox", "uae-live", "ksa-sandbox", "ksa-live"]),
        #[cfg(feature = "revio")]
        (ProviderId::REVIO, "REVIO_BASE_URL", vec!["live"]),
        #[cfg(feature = "emspay")]
        (ProviderId::EMSPAY, "EMSPAY_BASE_URL", vec!["live"]),
    ] {
        let error = settings.facade_of(&id).expect_err("without an address");
        let missing =
            matches!(&error, SettingsError::Missing { variables: missing, .. } if *missing == [variable]);
        assert!(missing, "{error}");
        for word in words.into_iter().chain(["https://a.example"]) {
            let settings = settings.clone().set(variable, word).expect("a known name");
            settings.facade_of(&id).expect(word);
        }
        let settings = settings.clone().set(variable, "production").expect("a known name");
        let error = settings.facade_of(&id).expect_err("neither a word nor an address");
        assert!(error.to_string().contains("absolute address"), "{error}");
    }
}

#[cfg(feature = "omno")]
#[test]
fn token_url_beside_an_address_is_never_the_live_one() {
    let all = [("OMNO_CLIENT_ID", "i"), ("OMNO_CLIENT_SECRET", "s"), ("OMNO_BASE_URL", "https://a.example")];
    let settings = Settings::new().set_all(all).expect("known names");
    let error = settings.facade_of(&ProviderId::OMNO).expect_err("without a token service");
    assert_eq!(error.to_string(), "omno needs OMNO_TOKEN_URL");
    for url in ["live", "https://a.example/token"] {
        let settings = settings.clone().set("OMNO_TOKEN_URL", url).expect("a known name");
        settings.facade_of(&ProviderId::OMNO).expect(url);
    }
    let live = settings.set("OMNO_BASE_URL", "live").expect("a known name");
    live.facade_of(&ProviderId::OMNO).expect("the live one, by its word");
}

/// What `missing` names is exactly what a gateway cannot be set up without.
#[test]
fn all_that_is_missing_is_named_at_once() {
    for id in ProviderId::ALL.iter().filter(|id| **id != ProviderId::TOKENPAY_SIGNED) {
        let mut settings = Settings::new();
        if matches!(settings.facade_of(id), Err(SettingsError::NotBuilt { .. })) {
            continue;
        }
        let missing = settings.missing(id);
        assert!(missing.len() > 1, "{id}: {missing:?}");
        for (place, variable) in missing.iter().enumerate() {
            match settings.facade_of(id) {
                Err(SettingsError::Missing { variables, .. }) => {
                    assert_eq!(variables.len(), missing.len() - place, "{id}: {variables:?}");
                }
                other => panic!("{id}: {other:?}"),
            }
            let value = if variable.ends_with("_URL") { "https://a.example" } else { "k" };
            let value = if id == &ProviderId::OMNO && variable.ends_with("_URL") { "live" } else { value };
            settings = settings.set(variable, value).expect("a known name");
        }
        settings.facade_of(id).expect("set up");
    }
}
