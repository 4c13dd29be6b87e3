//! The first payment: in this template there is no call for it; replace it by the one that stores the card.

use new_gateway::documented_outcomes;

fn main() {
    for (status, outcome) in documented_outcomes() {
        println!("{status}: {outcome}");
    }
}
