//! The test cards: the only numbers that the sandbox accepts, in one table.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// This sandbox's own convention: the bank asks for authentication before this card is charged, at every gateway.
pub(crate) const AUTHENTICATED_CARD: &str = "4000002500003155";

/// What a test card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behavior {
    Approves,
    /// This sandbox's own convention: every charge is declined for insufficient funds.
    Declines,
    /// This sandbox's own convention: approved while the customer is present, declined on every later charge.
    DeclinesLater(Decline),
    /// This sandbox's own convention: approved, but at revio the acquirer takes a minute for every later charge.
    Slow,
}

#[derive(Debug)]
struct TestCard {
    number: &'static str,
    brand: &'static str,
    behavior: Behavior,
}

const fn later(number: &'static str, why: Decline) -> TestCard {
    TestCard { number, brand: "visa", behavior: Behavior::DeclinesLater(why) }
}

/// The first four are documented by the gateways or in general use; what the others do here is this sandbox's
/// own convention. The codes are those of revio's public documentation, the numbers those that card networks share
/// (ISO 8583, field 39); the words are the sandbox's.
static TEST_CARDS: [TestCard; 14] = [
    TestCard { number: "4444333322221111", brand: "visa", behavior: Behavior::Approves },
    TestCard { number: "5555555555554444", brand: "mastercard", behavior: Behavior::Approves },
    TestCard { number: "4012001037141112", brand: "visa", behavior: Behavior::Approves },
    TestCard { number: "4111111111111111", brand: "visa", behavior: Behavior::Approves },
    TestCard { number: "4000000000000002", brand: "visa", behavior: Behavior::Declines },
    later("4000000000000341", INSUFFICIENT_FUNDS),
    later("4000000000540007", EXPIRED),
    later("4000000000050007", DO_NOT_HONOR),
    later("4000000000430001", STOLEN),
    later("4000000000610008", LIMIT),
    later("4000000000650004", AUTHENTICATION),
    later("4000000000910002", PROCESSOR),
    TestCard { number: "4000000000600009", brand: "visa", behavior: Behavior::Slow },
    // Approved; on the payment page the bank asks the customer first.
    TestCard { number: AUTHENTICATED_CARD, brand: "visa", behavior: Behavior::Approves },
];

/// The numbers, for the message that refuses any other.
pub(crate) fn numbers() -> String {
    TEST_CARDS.iter().map(|card| card.number).collect::<Vec<_>>().join(", ")
}

/// Each number and what the card does.
pub(crate) fn described() -> impl Iterator<Item = (&'static str, String)> {
    TEST_CARDS.iter().map(|card| {
        let what = match card.behavior {
            Behavior::Approves if card.number == AUTHENTICATED_CARD => "approved after a question".to_owned(),
            Behavior::Approves => "approved".to_owned(),
            Behavior::Declines => "declined".to_owned(),
            Behavior::DeclinesLater(why) => format!("renewals: {}", why.code),
            Behavior::Slow => "renewals at revio are slow".to_owned(),
        };
        (card.number, what)
    })
}

/// Why the issuer declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    /// The response code that card networks share.
    pub(crate) response: &'static str,
}

const INSUFFICIENT_FUNDS: Decline =
    Decline { code: "insufficient_funds", message: "The card has insufficient funds.", response: "51" };
const EXPIRED: Decline = Decline { code: "expired_card", message: "The card has expired.", response: "54" };
const DO_NOT_HONOR: Decline =
    Decline { code: "do_not_honour", message: "Do not honour this card.", response: "05" };
const STOLEN: Decline =
    Decline { code: "stolen_card", message: "The card was reported stolen.", response: "43" };
const LIMIT: Decline = Decline {
    code: "exceeds_withdrawal_limit",
    message: "The amount limit of the card is exceeded.",
    response: "61",
};
const AUTHENTICATION: Decline = Decline {
    code: "3ds_authentication_failed",
    message: "The issuer wants an authentication of the customer.",
    response: "1A",
};
const PROCESSOR: Decline = Decline {
    code: "acquirer_internal_error",
    message: "The acquirer has a technical problem.",
    response: "96",
};
/// Declines that a test sets for a card, beside those of the test cards.
static MORE_DECLINES: [Decline; 12] = [
    Decline { code: "pickup_card", message: "Pick up the card.", response: "04" },
    Decline {
        code: "invalid_card_number",
        message: "The number is not that of a card: invalid card.",
        response: "14",
    },
    Decline { code: "invalid_issuer_number", message: "There is no such issuer.", response: "15" },
    Decline { code: "lost_card", message: "The card was reported lost: lost card.", response: "41" },
    Decline { code: "closed_account", message: "The account was closed: closed account.", response: "46" },
    Decline {
        code: "transaction_not_permitted_to_cardholder",
        message: "The transaction is not permitted to the cardholder.",
        response: "57",
    },
    Decline { code: "suspected_fraud", message: "Suspected fraud.", response: "59" },
    Decline { code: "restricted_card", message: "The card is restricted.", response: "62" },
    Decline {
        code: "exceeds_frequency_limit",
        message: "The card exceeds its withdrawal frequency.",
        response: "65",
    },
    Decline { code: "issuer_not_available", message: "Issuer unavailable.", response: "91" },
    Decline {
        code: "revocation_of_authorization",
        message: "Revocation of authorization order.",
        response: "R1",
    },
    Decline { code: "stop_payment", message: "Stop payment order.", response: "R0" },
];

/// The decline with this response code.
pub(crate) fn decline_of(response: &str) -> Option<Decline> {
    let of_cards = [INSUFFICIENT_FUNDS, EXPIRED, DO_NOT_HONOR, STOLEN, LIMIT, AUTHENTICATION, PROCESSOR];
    of_cards.iter().chain(&MORE_DECLINES).find(|decline| decline.response == response).copied()
}

/// The customer pressed "decline" on the payment page.
pub(crate) const REFUSED_BY_ISSUER: Decline =
    Decline { code: "do_not_honour", message: "The card's issuer declined the payment.", response: "05" };

/// A test card with its expiry date and cardholder. The security code is checked when it arrives and never kept.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    card: &'static TestCard,
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) holder: String,
}

impl Card {
    /// `None` when the number is not one of the test cards.
    pub(crate) fn new(number: &str, year: i16, month: i8, holder: &str) -> Option<Card> {
        let card = TEST_CARDS.iter().find(|card| card.number == number)?;
        Some(Card { card, year, month, holder: holder.to_owned() })
    }

    /// `visa` or `mastercard`.
    pub(crate) fn brand(&self) -> &'static str {
        self.card.brand
    }

    /// `VISA` or `MASTERCARD`.
    pub(crate) fn brand_upper(&self) -> String {
        self.card.brand.to_uppercase()
    }

    /// The first six and the last four digits with `fill` between them.
    pub(crate) fn masked(&self, fill: &str) -> String {
        let number = self.card.number;
        let (first, last) = (number.get(..6).unwrap_or_default(), number.get(12..).unwrap_or_default());
        format!("{first}{fill}{last}")
    }

    /// The last four digits after twelve stars.
    pub(crate) fn last_four(&self) -> String {
        format!("************{}", self.card.number.get(12..).unwrap_or_default())
    }

    /// A card is good until the end of the month printed on it.
    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        let today = TimeZone::UTC.to_datetime(now);
        (today.year(), today.month()) > (self.year, self.month)
    }

    /// The result of a payment with the customer present: the first one, or entering the card.
    pub(crate) fn first(&self, now: Timestamp) -> Result<(), Decline> {
        match self.card.behavior {
            _ if self.expired(now) => Err(EXPIRED),
            Behavior::Declines => Err(INSUFFICIENT_FUNDS),
            Behavior::Approves | Behavior::DeclinesLater(_) | Behavior::Slow => Ok(()),
        }
    }

    /// The result of a charge of the stored card.
    pub(crate) fn later(&self, now: Timestamp) -> Result<(), Decline> {
        match self.card.behavior {
            Behavior::DeclinesLater(why) if !self.expired(now) => Err(why),
            _ => self.first(now),
        }
    }

    /// Whether revio's acquirer takes a minute for a later charge.
    pub(crate) fn slow(&self) -> bool {
        self.card.behavior == Behavior::Slow
    }
}

/// The check digit of a card number.
pub(crate) fn luhn(number: &str) -> bool {
    let sum: Option<u32> = number
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit.to_digit(10)?;
            let doubled = digit * 2;
            Some(match place % 2 {
                0 => digit,
                _ if doubled > 9 => doubled - 9,
                _ => doubled,
            })
        })
        .sum();
    sum.is_some_and(|sum| sum % 10 == 0)
}

/// The first digits of the card networks.
const FIRST_DIGITS: [char; 5] = ['2', '3', '4', '5', '6'];

/// The fewest digits of the number of a card.
const SHORTEST: usize = 14;

/// Whether a text may hold the number of a real card: with its check digit, none of the test cards, and grouped as cards
/// print it or not at all.
pub(crate) fn holds_a_real_card(text: &str) -> bool {
    // Asked for every request and reply: next to none has so many digits in a row.
    if !has_digits_in_a_row(text) {
        return false;
    }
    let plain = text.replace("%20", " ").replace('+', " ");
    // A number that letters touch is a part of something else.
    let mut words = plain.split(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, ' ' | '-'));
    words.any(|word| {
        let groups: Vec<&str> = word.split([' ', '-']).collect();
        let group = |place: usize| groups.get(place).copied().unwrap_or_default();
        let mut starts = (0..groups.len()).filter(|start| group(*start).starts_with(FIRST_DIGITS));
        starts.any(|start| {
            let mut number = String::new();
            (start..groups.len()).take(6).any(|end| {
                number.push_str(group(end));
                let grouped = (start..=end).all(|place| group(place).len() <= 6);
                (end == start || grouped) && is_real(&number)
            })
        })
    })
}

/// Whether there are as many digits as a card has, with nothing but what may separate its groups between them.
fn has_digits_in_a_row(text: &str) -> bool {
    let mut digits = 0;
    text.bytes().any(|byte| {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'+' | b'%' => {}
            _ => digits = 0,
        }
        digits >= SHORTEST
    })
}

fn is_real(number: &str) -> bool {
    (SHORTEST..=19).contains(&number.len())
        && number.starts_with(FIRST_DIGITS)
        && luhn(number)
        && !TEST_CARDS.iter().any(|card| card.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_cards_have_valid_check_digits() {
        assert!(TEST_CARDS.iter().all(|card| luhn(card.number) && card.number.len() == 16));
        assert!(!luhn("4111111111111112"));
        assert!(!luhn("4111x"));
    }

    #[test]
    fn real_cards_are_told_from_test_cards_and_ids() {
        for real in [
            "pan=4242424242424242&cvc=123",
            "4242+4242+4242+4242",
            "{\"pan\":\"4242-4242-4242-4242\"}",
            "4242%204242%204242%204242",
            "card 3782 822463 10005 of 1",
        ] {
            assert!(holds_a_real_card(real), "{real}");
        }
        for fine in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "42424242-4242-4242-8242-424242424242",
            "a4242424242424242",
            "2026-03-02T09:30:05.424242+00:00",
            "",
        ] {
            assert!(!holds_a_real_card(fine), "{fine}");
        }
    }
}
