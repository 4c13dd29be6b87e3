use serde::Serialize;

/// The card behind a payment, as far as the gateway says: enough to ask its customer for another one in time, and to know the
/// rules of its scheme. It never holds free text of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PaymentCard {
    /// The brand, such as `visa` or `mastercard`. `None` where the gateway does not say, or names one that is not known here.
    pub brand: Option<&'static str>,
    /// The expiry date in the gateway's form, such as `042031`, `2031-04` or `04/31`. `None` for anything else.
    pub expires: Option<String>,
}

/// What brands begin with, in small letters.
const BRANDS: &[(&str, &str)] = &[
    ("visa", "visa"),
    ("mastercard", "mastercard"),
    ("maestro", "maestro"),
    ("amex", "amex"),
    ("americanexpress", "amex"),
    ("diners", "diners"),
    ("discover", "discover"),
    ("jcb", "jcb"),
    ("unionpay", "unionpay"),
    ("mada", "mada"),
];

impl PaymentCard {
    /// Reads a brand in any letter case, such as `Visa Electron`, and an expiry date of digits, `/` and `-`. `None` when
    /// neither can be read.
    pub fn read(brand: Option<&str>, expires: Option<&str>) -> Option<Self> {
        let letters = brand.unwrap_or_default().chars().filter(char::is_ascii_alphabetic);
        let letters = letters.collect::<String>().to_ascii_lowercase();
        let brand = BRANDS.iter().find(|(begin, _)| letters.starts_with(begin)).map(|(_, brand)| *brand);
        let expires = expires.filter(|text| is_expiry(text)).map(str::to_owned);
        (brand.is_some() || expires.is_some()).then_some(Self { brand, expires })
    }
}

/// Whether a text has one of the forms in which the gateways write an expiry date.
fn is_expiry(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    matches!(shape.as_str(), "000000" | "0000-00" | "00/00" | "00/0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_has_known_brands_and_dates_only() {
        let read = |brand, expires| PaymentCard::read(Some(brand), Some(expires));
        for (text, brand) in
            [("VISA", "visa"), ("MasterCard Debit", "mastercard"), ("American Express", "amex")]
        {
            let card = read(text, "042031").expect(text);
            assert_eq!((card.brand, card.expires.as_deref()), (Some(brand), Some("042031")));
        }
        for expires in ["042031", "203104", "2031-04", "04/31", "04/2031"] {
            let card = read("House card", expires).expect(expires);
            assert_eq!((card.brand, card.expires.as_deref()), (None, Some(expires)));
        }
        for odd in ["", "4/31", "soon", "4111111111111111", "04312"] {
            assert_eq!(read("sk_live_key", odd), None, "{odd}");
        }
        assert_eq!(PaymentCard::read(None, None), None);
    }
}
