//! Every call of every gateway against every fault, generated from two tables.
#![cfg(all(
    feature = "omno",
    feature = "ngenius",
    feature = "tokenpay-signed",
    feature = "revio",
    feature = "emspay"
))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod echoes;
mod emspay_operations;
mod faults;
mod ngenius_operations;
mod omno_operations;
mod operation;
mod revio_operations;
mod run;
mod tokenpay_operations;

use operation::Operation;

fn operations() -> Vec<Operation> {
    let mut all = omno_operations::operations();
    all.extend(ngenius_operations::operations());
    all.extend(tokenpay_operations::operations());
    all.extend(revio_operations::operations());
    all.extend(emspay_operations::operations());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_against_every_fault() {
    let tally = run::matrix(operations()).await;
    println!("{tally}");
    assert!(tally.problems.is_empty(), "{tally}");
    assert!(tally.cases > 1_500, "{tally}");
}
