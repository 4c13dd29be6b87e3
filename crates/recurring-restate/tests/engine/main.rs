//! The handlers under a real node of the engine, whose workers are cut off after the money moved; the ledger is the judge.
#![allow(dead_code, reason = "the world has more than this program uses")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

#[path = "../../../recurring-facade/tests/common/mod.rs"]
mod common;
mod cut_off;
mod failover;
mod fast_clock;
#[path = "../../../recurring-journal/tests/world/layered.rs"]
mod layered;
mod operator;
mod past;
mod period;
#[path = "../../../recurring-journal/tests/replica/service.rs"]
mod service;
mod worker;
mod world;

use cut_off::{step_repeated_with_journal_charges_once, step_repeated_without_journal_charges_twice};
use failover::{
    asynchronous_failover_under_engine_charges_once, synchronous_failover_under_engine_charges_once,
};
use operator::{
    decision_wakes_what_waits_for_it, paused_gateway_is_sent_nothing, planned_refund_is_made_once,
    refused_key_leaves_charges_in_their_lane,
};
use period::{
    declined_period_is_tried_again_when_it_may_be, forbidden_card_is_not_charged_for_a_new_period,
    open_try_is_waited_for, paid_period_is_collected_once,
};
use recurring_fixtures::tests;

tests! {
    needs Restate: multi_thread [
        decision_wakes_what_waits_for_it,
        paused_gateway_is_sent_nothing,
        planned_refund_is_made_once,
        refused_key_leaves_charges_in_their_lane,
        paid_period_is_collected_once,
        declined_period_is_tried_again_when_it_may_be,
        open_try_is_waited_for,
        forbidden_card_is_not_charged_for_a_new_period,
        step_repeated_with_journal_charges_once,
        step_repeated_without_journal_charges_twice,
        asynchronous_failover_under_engine_charges_once,
        synchronous_failover_under_engine_charges_once,
    ];
}
