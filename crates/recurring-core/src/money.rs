use std::fmt;
use std::str::FromStr;

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::currency::Currency;
use crate::invalid_input::InvalidInput;

/// An amount of money to be moved: a positive whole number of minor units (cents, fils) and its currency.
///
/// There is no way to make one from a floating-point number, and none that rounds.
///
/// Its text is `40.00 EUR`. Serde writes the object `{"amount":"40.00","currency":"EUR"}`, and reads that or the text. Both
/// keep the rules of [`parse`](Self::parse): the amount is a text, never a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` minor units: 4000 and EUR are 40.00 EUR; 4000 and JPY are 4000 JPY.
    ///
    /// # Errors
    /// When the amount is zero or negative.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, InvalidInput> {
        if minor < 1 {
            return Err(InvalidInput::new("amount", "must be more than zero"));
        }
        Ok(Self { minor, currency })
    }

    /// Reads a decimal amount in major units, such as `40.00` or `40`.
    ///
    /// # Errors
    /// When it is not plain digits with at most one point, has more decimals than the currency (10.505 AED is
    /// refused, not rounded), is zero, or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, InvalidInput> {
        check_plain("amount", text)?;
        Self::from_minor(minor_units(text, currency.exponent())?, currency)
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in major units with all the decimals of its currency, such as `40.00`.
    pub fn to_decimal(self) -> String {
        let mut text = [0; LONGEST_AMOUNT];
        str::from_utf8(self.write_decimal(&mut text)).unwrap_or_default().to_owned()
    }

    /// Writes the same text from the right, and returns it.
    fn write_decimal(self, text: &mut [u8; LONGEST_AMOUNT]) -> &[u8] {
        let mut free = text.iter_mut().rev();
        let (mut rest, mut place) = (self.minor.unsigned_abs(), self.currency.exponent());
        while let Some(digit) = free.next() {
            *digit = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
            if place == 0 && rest == 0 {
                break;
            }
            if place == 1
                && let Some(point) = free.next()
            {
                *point = b'.';
            }
            place = place.saturating_sub(1);
        }
        let begin = free.len();
        text.get(begin..).unwrap_or_default()
    }
}

/// 19 digits and a point.
const LONGEST_AMOUNT: usize = 20;

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

/// `40.00 EUR`
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.to_decimal(), self.currency))
    }
}

/// Reads `40.00 EUR`: the amount in major units, one space, and the currency.
impl FromStr for Money {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let (amount, code) = text.split_once(' ').ok_or_else(|| {
            InvalidInput::new("amount", "must be an amount and a currency, such as 40.00 EUR")
        })?;
        Self::parse(amount, Currency::from_code(code)?)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Money", 2)?;
        object.serialize_field("amount", &self.to_decimal())?;
        object.serialize_field("currency", &self.currency)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match MoneyOrText::deserialize(deserializer)? {
            MoneyOrText::Text(text) => text.parse(),
            MoneyOrText::Object { amount, currency } => Self::parse(&amount, currency),
        }
        .map_err(serde::de::Error::custom)
    }
}

/// The two forms in which serde reads an amount of money.
#[derive(Deserialize)]
#[serde(untagged, expecting = "must be an amount and its currency as texts, such as 40.00 EUR")]
pub(crate) enum MoneyOrText {
    Text(String),
    Object { amount: String, currency: Currency },
}

/// A decimal number kept as its literal text, for the gateways that count in major units.
///
/// It is written to JSON as a number with exactly this text and read by its text, never through a binary floating-point
/// number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// What is beyond the length is zero. In place: each charge writes an amount.
    text: [u8; LONGEST_NUMBER],
    length: u8,
}

impl Decimal {
    /// Reads plain decimal text: digits, and at most one point with digits on both sides. No sign, no exponent.
    ///
    /// # Errors
    /// Names `field` when the text is anything else.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidInput> {
        check_plain(field, text)?;
        Ok(Self::of(text.as_bytes()))
    }

    /// Keeps a plain text.
    fn of(plain: &[u8]) -> Self {
        let mut text = [0; LONGEST_NUMBER];
        for (place, byte) in text.iter_mut().zip(plain) {
            *place = *byte;
        }
        Self { text, length: u8::try_from(plain.len().min(LONGEST_NUMBER)).unwrap_or_default() }
    }

    /// Returns whether [`parse`](Self::parse) takes a text.
    pub fn is_plain(text: &str) -> bool {
        if text.len() > LONGEST_NUMBER || text.ends_with('.') {
            return false;
        }
        let (mut digits, mut points) = (0, 0);
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'.' if digits > 0 && points == 0 => points = 1,
                _ => return false,
            }
        }
        digits > 0
    }

    /// The amount in major units as JSON prints it best: no trailing zeros, no trailing point (`30`, `49.99`, `0.5`).
    pub fn shortest(money: Money) -> Self {
        let mut digits = [0; LONGEST_AMOUNT];
        let mut text = money.write_decimal(&mut digits);
        if money.currency.exponent() > 0 {
            while let [shorter @ .., b'0'] = text {
                text = shorter;
            }
            text = text.strip_suffix(b".").unwrap_or(text);
        }
        Self::of(text)
    }

    /// The literal text.
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }

    /// The same amount in units of `10^-exponent`. Zeros beyond the last decimal are not an error: `50.000` EUR
    /// is 5000 cents.
    ///
    /// # Errors
    /// When a decimal other than zero would be lost, or the amount does not fit into 64 bits.
    pub fn to_minor(&self, exponent: u32) -> Result<i64, InvalidInput> {
        minor_units(self.as_str(), exponent)
    }
}

/// The longest decimal number that is read, in characters.
const LONGEST_NUMBER: usize = 30;

/// Checks that a text is digits with at most one point between them.
fn check_plain(field: &'static str, text: &str) -> Result<(), InvalidInput> {
    if !Decimal::is_plain(text) {
        return Err(InvalidInput::new(
            field,
            "must be a plain decimal number such as 40.00, without a sign, an exponent or separators",
        ));
    }
    Ok(())
}

/// The amount of a plain text in units of `10^-exponent`.
fn minor_units(text: &str, exponent: u32) -> Result<i64, InvalidInput> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let width = usize::try_from(exponent).unwrap_or(usize::MAX);
    if fraction.len() > width {
        return Err(InvalidInput::new(
            "amount",
            format!("has more than the {exponent} decimals of its currency; it is not rounded"),
        ));
    }
    let digits = whole.bytes().chain(fraction.bytes()).map(|digit| i64::from(digit.wrapping_sub(b'0')));
    let mut minor = Some(0_i64);
    for digit in digits {
        minor = minor.and_then(|minor| minor.checked_mul(10)?.checked_add(digit));
    }
    let missing = u32::try_from(width.saturating_sub(fraction.len())).unwrap_or(u32::MAX);
    match minor {
        Some(0) => Some(0),
        minor => minor.and_then(|minor| minor.checked_mul(10_i64.checked_pow(missing)?)),
    }
    .ok_or_else(|| InvalidInput::new("amount", "is larger than can be counted"))
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decimal").field(&self.as_str()).finish()
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        // A whole number is written alike, at less cost. One with a zero before it is not JSON, and fails below.
        match text.parse::<u64>() {
            Ok(number) if text == "0" || !text.starts_with('0') => serializer.serialize_u64(number),
            _ => serde_json::from_str::<&RawValue>(text)
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).expect("a currency")
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, code, minor) in [
            ("40.00", "EUR", 4000),
            ("40", "EUR", 4000),
            ("0.01", "EUR", 1),
            ("40.5", "AED", 4050),
            ("1.234", "KWD", 1234),
            ("1.234", "BHD", 1234),
            ("1.234", "OMR", 1234),
            ("1.234", "JOD", 1234),
            ("500", "JPY", 500),
            ("500", "UGX", 500),
            ("10.500", "AED", 1050),
            ("92233720368547758.07", "EUR", i64::MAX),
        ] {
            assert_eq!(Money::parse(text, currency(code)).expect(text).minor(), minor, "{text} {code}");
        }
        for (text, code) in [
            ("10.505", "AED"),
            ("1.5", "JPY"),
            ("0", "EUR"),
            ("0.00", "EUR"),
            ("-1", "EUR"),
            ("+1", "EUR"),
            ("1e3", "EUR"),
            ("1,00", "EUR"),
            (".5", "EUR"),
            ("5.", "EUR"),
            ("", "EUR"),
            (" 1", "EUR"),
            ("NaN", "EUR"),
            ("١", "EUR"),
            ("92233720368547758.08", "EUR"),
            ("1.2345", "KWD"),
        ] {
            let error = Money::parse(text, currency(code)).expect_err(text);
            assert_eq!(error.field(), "amount");
        }
        assert!(Money::from_minor(0, currency("EUR")).is_err());
        assert!(Money::from_minor(-1, currency("EUR")).is_err());
    }

    #[test]
    fn minor_units_are_counted_to_the_last() {
        let minor =
            |text: &str, exponent| Decimal::parse("amount", text).and_then(|text| text.to_minor(exponent));
        assert_eq!(minor("007.10", 2), Ok(710));
        assert_eq!(minor("0.000", 0), Ok(0));
        assert_eq!(minor("0", 40), Ok(0));
        assert_eq!(minor("9223372036854775807", 0), Ok(i64::MAX));
        assert_eq!(minor("922337203685477580.7", 1), Ok(i64::MAX));
        for large in ["9223372036854775808", "92233720368547758070", "922337203685477580.8"] {
            assert!(minor(large, 1).is_err(), "{large}");
        }
        assert!(minor("1", 19).is_err());
        assert_eq!(minor("1", 18), Ok(1_000_000_000_000_000_000));
        let shown = |minor, code| Money::from_minor(minor, currency(code)).expect("money").to_decimal();
        assert_eq!(shown(i64::MAX, "KWD"), "9223372036854775.807");
        assert_eq!(
            (shown(1, "KWD"), shown(10, "EUR"), shown(10, "JPY")),
            ("0.001".into(), "0.10".into(), "10".into())
        );
        assert_eq!((shown(i64::MAX, "JPY"), shown(1_000, "EUR")), (i64::MAX.to_string(), "10.00".into()));
    }

    #[test]
    fn currencies_are_the_ones_of_iso_4217() {
        for bad in ["", "eur", "EU", "EURO", "ZZZ", "XAU", "E R"] {
            assert_eq!(Currency::from_code(bad).expect_err(bad).field(), "currency");
        }
    }

    #[test]
    fn the_shortest_number_is_written_literally() {
        let json = |text, code| {
            let money = Money::parse(text, currency(code)).expect("money");
            serde_json::to_string(&Decimal::shortest(money)).expect("json")
        };
        assert_eq!(json("30.00", "USD"), "30");
        assert_eq!(json("49.99", "EUR"), "49.99");
        assert_eq!(json("0.50", "EUR"), "0.5");
        assert_eq!(json("100", "JPY"), "100");
        assert_eq!(json("100.00", "EUR"), "100");
    }

    #[test]
    fn money_text_and_json_are_read_back() {
        let money: Money = "40.00 EUR".parse().expect("money");
        assert_eq!((money.minor(), money.currency().code()), (4000, "EUR"));
        assert_eq!(money.to_string(), "40.00 EUR");
        let json = serde_json::to_string(&money).expect("JSON");
        assert_eq!(json, r#"{"amount":"40.00","currency":"EUR"}"#);
        for form in [json.as_str(), "\"40.00 EUR\"", r#"{"currency":"EUR","amount":"40"}"#] {
            assert_eq!(serde_json::from_str::<Money>(form).expect(form), money);
        }
        for bad in
            ["", "40.00", "EUR", "40.00EUR", "40.00  EUR", " 40.00 EUR", "40.001 EUR", "40.00 eur", "0 EUR"]
        {
            assert!(bad.parse::<Money>().is_err(), "{bad}");
            assert!(serde_json::from_str::<Money>(&format!("\"{bad}\"")).is_err(), "{bad}");
        }
        for bad in [
            r#"{"amount":40.00,"currency":"EUR"}"#,
            r#"{"amount":"40.00"}"#,
            "40",
            r#"{"amount":"-1","currency":"EUR"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn currency_code_is_read_back() {
        for code in ["EUR", "JPY", "KWD"] {
            let currency: Currency = code.parse().expect(code);
            assert_eq!(currency.to_string(), code);
            let json = serde_json::to_string(&currency).expect("JSON");
            assert_eq!(serde_json::from_str::<Currency>(&json).expect("read"), currency);
        }
        assert!("eur".parse::<Currency>().is_err());
        assert!(serde_json::from_str::<Currency>("\"XAU\"").is_err());
    }

    proptest! {
        #[test]
        fn writing_and_reading_back_changes_nothing(
            minor in 1..i64::MAX,
            code in prop::sample::select(vec!["EUR", "AED", "JPY", "UGX", "KWD", "BHD", "OMR", "JOD", "CLF"]),
        ) {
            let money = Money::from_minor(minor, currency(code)).expect("money");
            prop_assert_eq!(Money::parse(&money.to_decimal(), money.currency()).expect("reads back"), money);
            prop_assert_eq!(money.to_string().parse::<Money>().expect("reads back"), money);
            let json = serde_json::to_string(&money).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Money>(&json).expect("reads back"), money);
            let short = Decimal::shortest(money);
            prop_assert_eq!(short.to_minor(money.currency().exponent()).expect("reads back"), minor);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Money::parse(&text, currency("EUR"));
            let _ = Currency::from_code(&text);
        }
    }
}
