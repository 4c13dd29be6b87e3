//! The program with a journal in PostgreSQL.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::Sandbox;
use recurring_fixtures::postgres::Cluster;
use serde_json::json;

fn eight_processes_on_one_name_send_once() {
    let sandbox = Sandbox::recording("eight-postgres");
    common::eight_at_once(&sandbox, "in-postgres", &Cluster::shared().database());
}

fn backup_of_postgres_names_its_own_tools() {
    let sandbox = Sandbox::start("backup-postgres");
    let journal = Cluster::shared().database();
    assert_eq!(sandbox.recorded_in(&journal, &["journal", "list"]).0, 2, "there is none");
    let (code, lines) = sandbox.recorded_in(&journal, &["journal", "create"]);
    assert_eq!((code, &lines[0]["kind"]), (0, &json!("postgres")), "{lines:?}");
    assert_eq!(sandbox.recorded_in(&journal, &["journal", "create"]).0, 2);
    let file = sandbox.file("copy");
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &["journal", "backup", &file]);
    assert_eq!(code, 2);
    assert!(errors.contains("pg_dump") && errors.contains("acknowledge-failover"), "{errors}");
    let words = ["journal", "acknowledge-failover", "--by", "ann", "--why", "drill"];
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &words);
    assert_eq!(code, 2, "nothing has taken over: {errors}");
}

recurring_fixtures::tests! {
    needs PostgreSql: [eight_processes_on_one_name_send_once, backup_of_postgres_names_its_own_tools];
}
