use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::invalid_input::InvalidInput;
use crate::words::written_as_text;

/// An ISO 4217 currency that has a number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Finds a currency by its three capital letters, such as `EUR`.
    ///
    /// # Errors
    /// When ISO 4217 has no such code, or defines no decimals for it (gold, for example).
    pub fn from_code(code: &str) -> Result<Self, InvalidInput> {
        find(code).filter(|currency| currency.exponent().is_some()).map(Self).ok_or_else(|| {
            InvalidInput::new("currency", "must be an ISO 4217 code in capital letters, such as EUR")
        })
    }

    /// The three capital letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// The same as [`Currency::from_code`].
impl FromStr for Currency {
    type Err = InvalidInput;

    fn from_str(code: &str) -> Result<Self, InvalidInput> {
        Self::from_code(code)
    }
}

written_as_text!(Currency);

/// The currencies by their codes, in order: to look through all of them one by one costs more than to read a short answer.
static BY_CODE: LazyLock<Vec<(u32, iso_currency::Currency)>> = LazyLock::new(|| {
    let all = (0..1_000).filter_map(iso_currency::Currency::from_numeric);
    let mut all: Vec<_> = all.filter_map(|currency| Some((letters(currency.code())?, currency))).collect();
    all.sort_unstable_by_key(|(code, _)| *code);
    all
});

/// Three letters as a number, which is compared at once.
fn letters(code: &str) -> Option<u32> {
    let [first, second, third]: [u8; 3] = code.as_bytes().try_into().ok()?;
    Some(u32::from_be_bytes([0, first, second, third]))
}

/// Finds a currency by its three capital letters.
fn find(code: &str) -> Option<iso_currency::Currency> {
    let wanted = letters(code)?;
    match BY_CODE.binary_search_by_key(&wanted, |(code, _)| *code) {
        Ok(at) => BY_CODE.get(at).map(|(_, currency)| *currency),
        // One that shares its number with another is not in the table.
        Err(_) => iso_currency::Currency::from_code(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_as_the_standard_lists_it() {
        assert!(BY_CODE.len() > 150, "{}", BY_CODE.len());
        for (_, currency) in BY_CODE.iter() {
            assert_eq!(find(currency.code()), Some(*currency));
        }
        for letters in 0..26_u32.pow(3) {
            let letter = |place: u32| char::from(b'A' + u8::try_from(letters / place % 26).unwrap());
            let code: String = [676, 26, 1].into_iter().map(letter).collect();
            assert_eq!(find(&code), iso_currency::Currency::from_code(&code), "{code}");
        }
        for bad in ["", "eur", "EU", "EURO", "É", "E R"] {
            assert_eq!(find(bad), None, "{bad}");
        }
    }
}
