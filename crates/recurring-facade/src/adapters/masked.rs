//! Masked card numbers, compared.

/// Whether two masked numbers can be of one card; `None` when they show too little to compare. Their form is not
/// documented: what is compared is the digits before and after the mask.
pub(super) fn same_card(one: &str, other: &str) -> Option<bool> {
    let shown = |masked: &str| {
        let plain: String = masked.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        let digits = |letter: &char| letter.is_ascii_digit();
        let first: String = plain.chars().take_while(digits).collect();
        let last: Vec<char> = plain.chars().rev().take_while(digits).take(4).collect();
        // Digits alone show no mask: which part of the number they are is not known.
        (last.len() == 4 && first.len() < plain.len()).then_some((first, last))
    };
    let ((first, last), (other_first, other_last)) = (shown(one)?, shown(other)?);
    let same_first = first.chars().zip(other_first.chars()).all(|(one, other)| one == other);
    Some(same_first && last == other_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_numbers_are_compared_by_their_digits() {
        for (one, other, same) in [
            ("470534XXXXXX8101", "470534XXXXXX8101", Some(true)),
            ("470534XXXXXX8101", "4705 34** **** 8101", Some(true)),
            ("470534XXXXXX8101", "************8101", Some(true)),
            ("470534XXXXXX8101", "470534XXXXXX8102", Some(false)),
            ("470534XXXXXX8101", "411111XXXXXX8101", Some(false)),
            ("470534XXXXXX8101", "470534", None),
            ("", "470534XXXXXX8101", None),
        ] {
            assert_eq!(same_card(one, other), same, "{one} and {other}");
        }
    }
}
