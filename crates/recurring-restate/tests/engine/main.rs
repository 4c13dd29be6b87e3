//! The handlers under a real node of the engine, whose workers are cut off after the money moved; the ledger is the judge.
#![allow(dead_code, reason = "the world has more than this program uses")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

#[path = "../../../recurring-facade/tests/common/mod.rs"]
mod common;
mod cut_off;
mod operator;
mod worker;
mod world;

use cut_off::{step_repeated_with_journal_charges_once, step_repeated_without_journal_charges_twice};
use operator::{
    decision_wakes_what_waits_for_it, paused_gateway_is_sent_nothing, planned_refund_is_made_once,
};
use recurring_fixtures::tests;

tests! {
    needs Restate: multi_thread [
        decision_wakes_what_waits_for_it,
        paused_gateway_is_sent_nothing,
        planned_refund_is_made_once,
        step_repeated_with_journal_charges_once,
        step_repeated_without_journal_charges_twice,
    ];
}
