use recurring_core::DeclineReason;

use crate::ops::transaction::Transaction;

/// Why a refused payment was refused, out of the words of the newest transaction that has any: first those for the
/// merchant, then those for the customer.
pub(crate) fn reason(transactions: &[Transaction]) -> DeclineReason {
    let words = |transaction: &Transaction| {
        let texts = [&transaction.reason, &transaction.customer_message];
        let texts: Vec<String> = texts.into_iter().flatten().cloned().collect();
        texts.iter().any(|text| !text.is_empty()).then_some(texts)
    };
    let newest = transactions.iter().rev().find_map(words).unwrap_or_default();
    newest.iter().find_map(|text| DeclineReason::from_words(text)).unwrap_or(DeclineReason::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason_of(transactions: &serde_json::Value) -> DeclineReason {
        let transactions: Vec<Transaction> =
            serde_json::from_str(&transactions.to_string()).expect("transactions");
        reason(&transactions)
    }

    #[test]
    fn words_for_every_reason() {
        let table = [
            ("Refused: not sufficient funds", DeclineReason::InsufficientFunds),
            ("INSUFFICIENT FUNDS", DeclineReason::InsufficientFunds),
            ("Expired card", DeclineReason::ExpiredCard),
            ("Do not honor", DeclineReason::DoNotHonour),
            ("Do Not Honour", DeclineReason::DoNotHonour),
            ("Stolen card, pick up", DeclineReason::StolenOrLost),
            ("Revocation of authorisation order", DeclineReason::Revoked),
            ("Strong customer authentication is needed", DeclineReason::AuthenticationRequired),
            ("Exceeds withdrawal frequency", DeclineReason::Limit),
            ("Invalid card number", DeclineReason::InvalidCredential),
            ("Unknown vault token", DeclineReason::InvalidCredential),
            ("System malfunction", DeclineReason::ProcessorError),
            ("Something unheard of", DeclineReason::Other),
            ("", DeclineReason::Other),
        ];
        for (words, expected) in table {
            assert_eq!(reason_of(&serde_json::json!([{ "reason": words }])), expected, "{words}");
            assert_eq!(reason_of(&serde_json::json!([{ "customer_message": words }])), expected, "{words}");
        }
    }

    #[test]
    fn the_newest_words_decide_and_those_for_the_merchant_first() {
        let both = serde_json::json!([
            { "reason": "Stolen card" },
            { "reason": "Expired card", "customer_message": "Insufficient funds" },
            { "reason": null, "customer_message": "" },
        ]);
        assert_eq!(reason_of(&both), DeclineReason::ExpiredCard);
        let unclear = serde_json::json!([{ "reason": "Refused", "customer_message": "Insufficient funds" }]);
        assert_eq!(reason_of(&unclear), DeclineReason::InsufficientFunds);
        assert_eq!(reason_of(&serde_json::json!([])), DeclineReason::Other);
    }
}
