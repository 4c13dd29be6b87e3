//! What the schemes' codes mean for another try: facts, each with its source. SOURCES.md has the documents and where they differ.

use crate::class::DeclineClass::{self, Hard, NeedsCustomer, Soft, Unknown};

/// The hours before the next try after a decline whose code or scheme is not known: as after Mastercard's advice `02`, the longest
/// of the general waits.
pub(crate) const UNKNOWN_WAIT: u16 = 72;

/// What a merchant advice code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdviceRule {
    Never,
    NewAccountData,
    /// Not before so many hours.
    Wait(u16),
    Unknown,
}

/// The response codes after which Visa permits no further try with the credential (category 1).
// Source: Visa category 1, visa-categories in SOURCES.md.
pub const VISA_NEVER: &[&str] = &["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"];

/// Response codes whose meaning at Mastercard is in the advice code beside them.
// Source: advice-codes in SOURCES.md: 79 is life cycle, 82 policy; 12 and 57 are in Visa's category 1 and not forbidden there.
pub(crate) const MASTERCARD_BY_ADVICE: &[&str] = &["12", "57", "79", "82"];

/// Response codes (ISO 8583, field 39) of a refused payment, and what they mean for another try. A code that is not here, such as
/// `05`, is `Unknown` where the table says it and where it does not.
// Source: response-codes in SOURCES.md; the class follows Visa's categories: 1 hard, 2 soft, 3 the customer, 4 unknown.
pub const RESPONSE_CODES: &[(&str, DeclineClass)] = &[
    ("01", NeedsCustomer), // refer to the card's issuer
    ("02", NeedsCustomer),
    ("03", Hard), // invalid merchant. Otherwise: category 2 in newer documents, 1 in older ones
    ("04", Hard),
    ("05", Unknown),
    ("06", Unknown),
    ("07", Hard),
    ("12", Hard),
    ("13", Unknown),
    ("14", Hard),
    ("15", Hard),
    ("19", Soft),
    ("33", NeedsCustomer),
    ("34", Hard),          // suspected fraud, pick up
    ("35", Hard),          // pick up
    ("36", Hard),          // pick up
    ("37", Hard),          // pick up
    ("38", Hard),          // pick up
    ("39", NeedsCustomer), // no credit account
    ("41", Hard),
    ("42", NeedsCustomer),
    ("43", Hard),
    ("44", NeedsCustomer),
    ("46", Hard),
    ("51", Soft),
    ("52", NeedsCustomer),
    ("53", NeedsCustomer),
    ("54", NeedsCustomer),
    ("55", NeedsCustomer),
    ("56", NeedsCustomer),
    ("57", Hard),
    ("58", Unknown),
    ("59", Hard), // suspected fraud. Visa: category 2; what is suspected is not asked again here
    ("61", Soft),
    ("62", NeedsCustomer), // restricted card. Visa: category 2 in newer documents, 1 in older ones
    ("63", Unknown),
    ("65", Soft), // at Mastercard an authentication that is missing: see `Decline::class`
    ("66", NeedsCustomer),
    ("67", Hard),
    ("68", Unknown), // the answer came too late: whether money moved is for the gateway to say
    ("70", NeedsCustomer),
    ("71", NeedsCustomer),
    ("75", NeedsCustomer),
    ("76", NeedsCustomer),
    ("77", NeedsCustomer),
    ("78", NeedsCustomer), // blocked, first used. Visa: category 2 in newer documents, 1 in older ones
    ("79", Hard),          // revocation at some acquirers
    ("80", Unknown),
    ("81", Unknown),
    ("82", NeedsCustomer),
    ("83", Hard), // fraud or security, at Mastercard
    ("84", Unknown),
    ("86", Unknown),
    ("88", Unknown),
    ("89", NeedsCustomer),
    ("91", Soft),
    ("92", Unknown),
    ("93", Hard), // violation of law. Visa: category 2 in newer documents, 1 in older ones
    ("94", Unknown),
    ("96", Soft),
    ("1A", NeedsCustomer),
    ("5C", Unknown), // not supported or blocked by the issuer: category 2
    ("6P", NeedsCustomer),
    ("9G", NeedsCustomer), // blocked by the cardholder: category 2
    ("N0", Unknown),
    ("N3", Unknown),
    ("N4", Soft),
    ("N7", NeedsCustomer),
    ("P5", NeedsCustomer),
    ("P6", NeedsCustomer),
    ("Q1", NeedsCustomer),
    ("R0", Hard),
    ("R1", Hard),
    ("R3", Hard),
    ("Z5", Unknown),
];

/// Mastercard's merchant advice codes of a refused payment, and the hours to wait where they permit another try.
// Source: advice-codes in SOURCES.md.
pub(crate) const ADVICE_CODES: &[(&str, AdviceRule)] = &[
    ("01", AdviceRule::NewAccountData),
    ("02", AdviceRule::Wait(72)),
    ("03", AdviceRule::Never),
    ("21", AdviceRule::Never),
    ("24", AdviceRule::Wait(1)),
    ("25", AdviceRule::Wait(24)),
    ("26", AdviceRule::Wait(2 * 24)),
    ("27", AdviceRule::Wait(4 * 24)),
    ("28", AdviceRule::Wait(6 * 24)),
    ("29", AdviceRule::Wait(8 * 24)),
    ("30", AdviceRule::Wait(10 * 24)),
    // A card that takes no second charge: a prepaid one that cannot be loaded, and a number for a single use.
    ("40", AdviceRule::NewAccountData),
    ("41", AdviceRule::NewAccountData),
];

/// Looks a response code up. `None` when the table does not have it.
pub(crate) fn response(code: &str) -> Option<DeclineClass> {
    RESPONSE_CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}

/// Looks a merchant advice code up.
pub(crate) fn advice(code: &str) -> AdviceRule {
    ADVICE_CODES.iter().find(|(known, _)| *known == code).map_or(AdviceRule::Unknown, |(_, rule)| *rule)
}
