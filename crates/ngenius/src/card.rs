use recurring_core::{InvalidInput, Secret};
use recurring_gateway::check;

/// A card as the customer gave it: number, expiry date, security code, name. `Debug` shows none of it.
///
/// It is raw card data: the rules of the card schemes for that apply to its holder. The security code must
/// not be stored.
#[derive(Debug, Clone)]
pub struct Card {
    pub(crate) pan: Secret,
    pub(crate) expiry: Secret,
    pub(crate) cvv: Secret,
    pub(crate) cardholder_name: Secret,
}

impl Card {
    /// Checks and takes a card.
    ///
    /// `pan` is the card number, digits only: 12 to 19 of them with a right check digit. `expiry` is `YYYY-MM`, `cvv`
    /// 3 or 4 digits, `cardholder_name` 1 to 255 characters. Whether the card has expired is left to the gateway.
    ///
    /// # Errors
    /// Names the part that breaks a rule, without quoting it.
    pub fn new(
        pan: impl Into<Secret>,
        expiry: impl Into<Secret>,
        cvv: impl Into<Secret>,
        cardholder_name: impl Into<Secret>,
    ) -> Result<Self, InvalidInput> {
        let (pan, expiry, cvv, cardholder_name) =
            (pan.into(), expiry.into(), cvv.into(), cardholder_name.into());
        if !(12..=19).contains(&pan.expose().len()) || !pan.expose().bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidInput::new("pan", "must be 12 to 19 digits, without spaces"));
        }
        if !has_right_check_digit(pan.expose()) {
            return Err(InvalidInput::new("pan", "has a wrong check digit: the card number is mistyped"));
        }
        check_expiry(expiry.expose())?;
        check_cvv(&cvv)?;
        check::text("cardholder_name", cardholder_name.expose(), 255)?;
        Ok(Self { pan, expiry, cvv, cardholder_name })
    }
}

/// Checks the expiry date of a card, `YYYY-MM`.
pub(crate) fn check_expiry(expiry: &str) -> Result<(), InvalidInput> {
    let has_digits =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_year_and_month = expiry.split_once('-').is_some_and(|(year, month)| {
        has_digits(year, 4)
            && has_digits(month, 2)
            && month.parse().is_ok_and(|month: u8| (1..=12).contains(&month))
    });
    if is_year_and_month {
        Ok(())
    } else {
        Err(InvalidInput::new("expiry", "must be YYYY-MM, such as 2031-04"))
    }
}

/// A card's security code: 3 or 4 digits.
pub(crate) fn check_cvv(cvv: &Secret) -> Result<(), InvalidInput> {
    let cvv = cvv.expose();
    if (3..=4).contains(&cvv.len()) && cvv.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(InvalidInput::new("cvv", "must be 3 or 4 digits"))
    }
}

/// The Luhn check: from the right, every second digit is doubled, and the digits of the results add up to a
/// multiple of ten.
fn has_right_check_digit(pan: &str) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in pan.bytes().rev().enumerate() {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        sum = sum.wrapping_add(match (place.is_multiple_of(2), digit) {
            (true, _) => digit,
            (false, ..=4) => digit.wrapping_mul(2),
            (false, _) => digit.wrapping_mul(2).wrapping_sub(9),
        });
    }
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_checked_and_never_quoted() {
        // The first is the source document's, the others are the schemes' published test numbers.
        for pan in ["4012001037141112", "4111111111111111", "378282246310005", "30569309025904"] {
            assert!(Card::new(pan, "2025-04", "123", "Test Customer").is_ok(), "{pan}");
        }
        assert!(Card::new("4012001037141112", "2025-12", "1234", "A").is_ok());
        let good = ["4012001037141112", "2025-04", "123", "Test Customer"];
        for (place, field, odd) in [
            (0, "pan", "4012001037141113"),
            (0, "pan", "4012 0010 3714 1112"),
            (0, "pan", "40120010371"),
            (0, "pan", "40120010371411120000"),
            (0, "pan", "٤٠١٢٠٠١٠٣٧"),
            (0, "pan", ""),
            (1, "expiry", "2025-00"),
            (1, "expiry", "2025-13"),
            (1, "expiry", "25-04"),
            (1, "expiry", "2025-4"),
            (1, "expiry", "04/2025"),
            (1, "expiry", "2025-04-01"),
            (1, "expiry", "+202-04"),
            (2, "cvv", "12"),
            (2, "cvv", "12345"),
            (2, "cvv", "12a"),
            (3, "cardholder_name", ""),
            (3, "cardholder_name", "Test\nCustomer"),
        ] {
            let mut parts = good;
            parts[place] = odd;
            let [pan, expiry, cvv, name] = parts;
            let error = Card::new(pan, expiry, cvv, name).expect_err(odd);
            assert_eq!(error.field(), field, "{odd}");
            assert!(odd.len() < 5 || !error.to_string().contains(odd), "{error}");
        }
    }
}
