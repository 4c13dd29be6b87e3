//! Money, secrets, identifiers, errors and their effect on the money: the words that the payment crates of this workspace share.
