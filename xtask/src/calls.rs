//! `cargo xtask bench calls`: the instructions and allocations of one charge without a network, ours against the same by
//! hand with serde, as callgrind counts them: the clock of a busy machine says nothing, the count repeats.

use crate::measure::{Bound, build_without_http, can_count, cost, head, row};

/// What a charge of each gateway may take today, in instructions and allocations. Instructions above it by more than the
/// margin, and one allocation more, fail `bench calls --recorded`; a count that falls is recorded here.
const RECORDED: [(&str, u64, u64); 5] = [
    ("emspay", 45_823, 30),
    ("ngenius", 16_898, 14),
    ("omno", 15_569, 6),
    ("revio", 52_500, 30),
    ("tokenpay-signed", 27_041, 23),
];

/// Compilers and C libraries differ a little.
const MARGIN_PERCENT: u64 = 5;

/// How much a charge may take against the same by hand, in hundredths.
const BOUND_PERCENT: u64 = 125;

/// Measures each gateway and prints a table. `recorded` fails above the recorded counts, else above the bound.
pub(crate) fn run(recorded: bool, ci: bool) -> Result<Vec<String>, String> {
    if !can_count(ci)? {
        return Ok(Vec::new());
    }
    build_without_http()?;
    head("one charge without a network: instructions", "ours", "by hand");
    let (mut problems, mut allocations) = (Vec::new(), Vec::new());
    for (gateway, instructions, most) in RECORDED {
        let counted = |way| cost(&["charge", gateway, way], Some("repeat::measured"));
        let (ours, hand) = (counted("ours")?, counted("hand")?);
        let bound = if recorded { Bound::None } else { Bound::AtMost(BOUND_PERCENT) };
        problems.extend(row(gateway, ours.instructions, hand.instructions, bound));
        if recorded {
            problems.extend(above(gateway, ours.instructions, instructions));
        }
        // Of the whole program, less what only makes the texts: inside of one function callgrind counts calls by halves.
        let whole = |way| cost(&["charge", gateway, way], None).map(|cost| cost.allocations);
        let inputs = whole("inputs")?;
        let allocated = |way| Ok::<_, String>(whole(way)?.saturating_sub(inputs));
        allocations.push((gateway, allocated("ours")?, allocated("hand")?, most));
    }
    head("one charge without a network: allocations", "ours", "by hand");
    for (gateway, ours, hand, most) in allocations {
        let bound = if recorded { Bound::None } else { Bound::AtMost(BOUND_PERCENT) };
        problems.extend(row(&format!("{gateway}: allocations"), ours, hand, bound));
        if recorded && ours > most {
            problems.push(format!("{gateway}: {ours} allocations, more than {most}"));
        }
    }
    Ok(problems)
}

fn above(gateway: &str, instructions: u64, recorded: u64) -> Option<String> {
    (instructions * 100 > recorded * (100 + MARGIN_PERCENT)).then(|| {
        format!("{gateway}: {instructions} instructions, more than {recorded} and {MARGIN_PERCENT} % on top")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_above_its_limit_fails() {
        assert_eq!(above("omno", 105, 100), None);
        assert!(above("omno", 106, 100).is_some());
    }
}
