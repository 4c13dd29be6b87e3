use super::*;

#[derive(Deserialize)]
struct Odd {
    #[serde(default, deserialize_with = "text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "integer")]
    integer: Option<i64>,
    #[serde(default, deserialize_with = "boolean")]
    boolean: Option<bool>,
    #[serde(default, deserialize_with = "secret")]
    secret: Option<Secret>,
    #[serde(default, deserialize_with = "object")]
    object: Option<Box<Odd>>,
    #[serde(default, deserialize_with = "list")]
    list: Vec<Odd>,
    #[serde(default, deserialize_with = "texts")]
    texts: Vec<String>,
}

fn read(json: &str) -> Odd {
    serde_json::from_str(json).expect(json)
}

#[test]
fn numbers_as_text_and_text_as_numbers() {
    assert_eq!(read(r#"{"text":436}"#).text.as_deref(), Some("436"));
    assert_eq!(read(r#"{"text":699.00}"#).text.as_deref(), Some("699.00"));
    assert_eq!(read(r#"{"text":"a\u0062"}"#).text.as_deref(), Some("ab"));
    assert_eq!(read(r#"{"text":null}"#).text, None);
    assert_eq!(read(r#"{"text":{}}"#).text, None);
    assert_eq!(read(r#"{"integer":"4000"}"#).integer, Some(4000));
    assert_eq!(read(r#"{"integer":30.00}"#).integer, Some(30));
    assert_eq!(read(r#"{"integer":30.5}"#).integer, None);
    assert_eq!(read(r#"{"integer":1e3}"#).integer, None);
    assert_eq!(read(r#"{"boolean":"True"}"#).boolean, Some(true));
    assert_eq!(read(r#"{"boolean":1}"#).boolean, None);
    assert_eq!(read(r#"{"secret":7}"#).secret.expect("kept").expose(), "7");
    assert!(read(r#"{"secret":""}"#).secret.is_none());
}

#[test]
fn literals_are_kept_whatever_the_member() {
    #[derive(Deserialize)]
    struct All {
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "id")]
        id: Option<String>,
        #[serde(default, deserialize_with = "time")]
        time: Option<GatewayTime>,
        #[serde(default, deserialize_with = "secret")]
        secret: Option<Secret>,
        #[serde(default, deserialize_with = "address")]
        address: Option<String>,
    }
    for literal in [
        "0",
        "-0",
        "100.0",
        "1e2",
        "-1.50E+3",
        "9007199254740993",
        "12345678901234567890",
        "123456789012345678901234567890",
        "-9223372036854775809",
        "true",
        "\"a\\u0062\\/\"",
        "\"\\u00e9\\ud83d\\ude00 é\"",
    ] {
        let json = format!(
            r#"{{"text":{literal},"id" : {literal} ,"time":{literal},"secret":{literal},"address":{literal}}}"#
        );
        let text = match literal.starts_with('"') {
            true => serde_json::from_str(literal).expect(literal),
            false => literal.to_owned(),
        };
        for all in [serde_json::from_str::<All>(&json), serde_json::from_slice(json.as_bytes())] {
            let all = all.expect(literal);
            assert_eq!(all.text.as_ref(), Some(&text));
            assert_eq!(all.id.as_ref(), Some(&text));
            assert_eq!(all.time.as_ref().map(GatewayTime::as_str), Some(text.as_str()));
            assert_eq!(all.secret.as_ref().map(Secret::expose), Some(text.as_str()));
            assert_eq!(all.address.as_ref(), Some(&text));
        }
    }
}

#[test]
fn odd_shapes_are_absent_but_a_list_never_loses_an_entry() {
    assert!(read(r#"{"object":"text"}"#).object.is_none());
    assert!(read(r#"{"object":{"text":"x"}}"#).object.is_some());
    assert!(read(r#"{"list":{}}"#).list.is_empty());
    assert_eq!(read(r#"{"list":[{},{}]}"#).list.len(), 2);
    assert!(serde_json::from_str::<Odd>(r#"{"list":[{},7]}"#).is_err());
    assert_eq!(read(r#"{"texts":["a",7,null,{},[]]}"#).texts, ["a", "7"]);
    assert!(read(r#"{"texts":"a"}"#).texts.is_empty());
}

#[test]
fn id_that_cannot_be_one_is_refused() {
    #[derive(Deserialize)]
    struct Ids {
        #[serde(default, deserialize_with = "id")]
        id: Option<String>,
        #[serde(default, deserialize_with = "address")]
        page: Option<String>,
    }
    let read = |text: &str| {
        let id = serde_json::from_str::<Ids>(&serde_json::json!({"id": text}).to_string());
        let page = serde_json::from_str::<Ids>(&serde_json::json!({"page": text}).to_string());
        (id.is_ok_and(|ids| ids.id.is_some()), page.expect("read").page.is_some())
    };
    assert_eq!(read("ab-1"), (true, true));
    assert_eq!(read(&"x".repeat(255)), (true, true));
    assert_eq!(read(&"x".repeat(256)), (false, true));
    assert_eq!(read(&"x".repeat(4_097)), (false, false));
    for fine in ["[1]", "a[redacted", "é[", "[redacte"] {
        assert_eq!(read(fine), (true, true), "{fine:?}");
    }
    for odd in ["a\nb", "a\u{0}", "a\u{7f}", "[\n", "[redacted]", "https://a.example/[redacted]"] {
        assert_eq!(read(odd), (false, false), "{odd:?}");
    }
    assert!(read("").0, "as before: compared with what was sent");
}

#[test]
fn amounts_keep_every_digit() {
    assert_eq!(read(r#"{"text":0.1000000000000000055}"#).text.as_deref(), Some("0.1000000000000000055"));
    assert_eq!(read(r#"{"integer":9223372036854775807}"#).integer, Some(i64::MAX));
    assert_eq!(read(r#"{"integer":9223372036854775808}"#).integer, None);
}
