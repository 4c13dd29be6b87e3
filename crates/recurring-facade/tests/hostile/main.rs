//! Every call of every gateway against every fault, generated from two tables.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod echoes;
mod emspay_operations;
mod faults;
mod kept;
mod ngenius_operations;
mod omno_operations;
mod operation;
mod quotes;
mod revio_operations;
mod run;
mod tls;
mod tls_faults;
mod token;
mod tokenpay_operations;

use std::future::Future;

use operation::Operation;
use tokio::sync::Mutex;

fn operations() -> Vec<Operation> {
    let mut all = omno_operations::operations();
    all.extend(ngenius_operations::operations());
    all.extend(tokenpay_operations::operations());
    all.extend(revio_operations::operations());
    all.extend(emspay_operations::operations());
    all
}

/// Runs a table while no other one runs: the calls have short time-outs.
async fn check(run: impl Future<Output = run::Tally>, at_least: usize) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let tally = {
        let _alone = ONE_AT_A_TIME.lock().await;
        run.await
    };
    println!("{tally}");
    assert!(tally.problems.is_empty(), "{tally}");
    assert!(tally.cases > at_least, "{tally}");
}

async fn every_operation_against_every_fault() {
    check(run::matrix(operations()), 1_500).await;
}

async fn every_operation_against_every_tls_fault() {
    check(tls::matrix(operations()), 1_000).await;
}

async fn every_operation_after_two_answers_to_one_call() {
    check(kept::matrix(operations()), 400).await;
}

async fn every_operation_against_every_token_fault() {
    check(token::matrix(operations()), 500).await;
}

async fn every_operation_with_a_secret_of_its_request_quoted() {
    check(quotes::matrix(operations()), 2_000).await;
}

recurring_fixtures::tests! {
    needs Nothing: multi_thread [every_operation_against_every_fault, every_operation_after_two_answers_to_one_call, every_operation_against_every_token_fault, every_operation_with_a_secret_of_its_request_quoted];
    needs OpenSsl: multi_thread [every_operation_against_every_tls_fault];
}
