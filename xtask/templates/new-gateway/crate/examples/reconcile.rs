//! After a lost answer: in this template there is no call to read a payment; replace it by the one that does.

use new_gateway::documented_outcomes;

fn main() {
    for (status, outcome) in documented_outcomes() {
        println!("{status}: {outcome}");
    }
}
