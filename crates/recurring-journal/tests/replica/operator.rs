//! What the operator does with a journal on PostgreSQL: creates it, opens it, compares it with the gateways after a
//! failover, and acknowledges that. Every call whose form depends on the store's interface is in this file.

use std::collections::BTreeMap;
use std::sync::Arc;

use recurring_facade::{ChargeRequest, Facade, PaymentRef, Secret};
use recurring_fixtures::postgres::{Cluster, Replication};
use recurring_journal::store::{Failover, FoundCharge, PostgresStore, Store};
use recurring_journal::{Decided, Decision, Journal, JournalError, StoreError};

use crate::world::ManualClock;
use crate::world::clocked::Clocked;

/// The table of the attempts.
const ATTEMPTS: &str = "recurring_attempts";
const NAME: &str = "ann";

/// A charge that the gateway has and the journal lacks.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) request: ChargeRequest,
    pub(crate) payment: PaymentRef,
}

/// Creates the journal in an empty database.
pub(crate) async fn create(address: &Secret) {
    drop(PostgresStore::create(address).await.unwrap());
}

/// Opens the journal that is there.
pub(crate) async fn open(address: &Secret, clock: &ManualClock) -> Result<Arc<dyn Store>, StoreError> {
    let inner = Arc::new(PostgresStore::open(address).await?);
    Ok(Arc::new(Clocked::new(inner, clock.clone())))
}

/// Whether the journal refuses because of a failover that is not acknowledged.
pub(crate) fn is_refusal(error: &StoreError) -> bool {
    matches!(error, StoreError::FailedOver { .. })
}

/// The state of every attempt, read past the journal, which refuses to open.
pub(crate) fn stored(server: &Cluster, database: &str) -> BTreeMap<String, String> {
    let rows = server.psql(database, &format!("SELECT attempt || ' ' || state FROM {ATTEMPTS}"));
    rows.lines()
        .filter_map(|row| row.split_once(' '))
        .map(|(name, state)| (name.to_owned(), state.to_owned()))
        .collect()
}

/// Acknowledges the failover after the comparison with the gateways. `found` is what the journal lacks: the names must
/// never be charged again.
pub(crate) async fn acknowledge(address: &Secret, replication: Replication, found: &[Found]) {
    let charged = found.iter().map(|Found { request, payment }| FoundCharge {
        attempt: request.attempt.clone(),
        provider: request.credential.provider(),
        payment: Some(payment.clone()),
    });
    let failover = Failover {
        by: NAME.to_owned(),
        why: format!("compared, {} charges are not in the journal", found.len()),
        planned_were_not_sent: replication == Replication::Synchronous,
        charged: charged.collect(),
    };
    PostgresStore::acknowledge_failover(address, &failover).await.unwrap();
}

/// Decides an attempt in review, once nothing can be under way. `payment` is what the gateway has under its name.
pub(crate) async fn resolve(
    journal: &Journal,
    facade: &Facade,
    request: &ChargeRequest,
    payment: Option<PaymentRef>,
) {
    let mut decision = Decision {
        what: if payment.is_some() { Decided::Paid } else { Decided::NotApplied },
        payment,
        by: NAME.to_owned(),
        why: "compared with the gateway".to_owned(),
        force: false,
    };
    let mut decided = journal.resolve(facade, &request.attempt, &decision).await;
    if matches!(&decided, Err(JournalError::Contradicted { why, .. }) if why.contains("the gateway shows a payment"))
    {
        // Nothing was taken, since the gateway declined it.
        decision.what = Decided::Declined;
        decided = journal.resolve(facade, &request.attempt, &decision).await;
    }
    match decided {
        // The gateway has settled it itself meanwhile.
        Ok(_) | Err(JournalError::NotToDecide { .. }) => {}
        Err(failed) => panic!("{failed}"),
    }
}
