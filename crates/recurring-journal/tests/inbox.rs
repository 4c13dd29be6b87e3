//! Notifications that come before, beside and after the answer that they belong to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod suite;
mod world;

use recurring_facade::{Authenticity, ProviderId, ReceivedNotification};
use recurring_journal::store::Claim;
use recurring_journal::{InboxEntry, Intent, State};
use suite::lease;
use world::common::{GOOD_CARD, attempt};
use world::{World, request};

/// The gateway has taken the payment and says so, while its attempt is armed; then the answer is lost with its process.
#[tokio::test(flavor = "multi_thread")]
async fn notification_before_the_lost_answer_settles_it() {
    let world = World::new().await;
    for id in [ProviderId::OMNO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED] {
        let name = format!("{id}-1");
        let credential = world.credential(&id, GOOD_CARD).await;
        let request = request(&credential, &name);
        let process = world.store().await;
        let mut term = lease(&*process, 0).await;
        term.now = process.now().await.unwrap();
        term.until = term.now + world.journal.policy().lease;
        let claim = process.arm(&Intent::charge(&request), &term).await.unwrap();
        assert!(matches!(claim, Claim::Acquired(_)), "{id}");
        let taken = world.facade.charge(request).await.unwrap();

        let mut received = ReceivedNotification::new(id.clone(), Authenticity::Unsigned, name.clone());
        received.payment = taken.payment;
        received.merchant_reference = Some(name.clone());
        let entry = InboxEntry::from(&received);
        world.journal.notified(&world.facade, &entry).await.unwrap();
        assert_eq!(world.journal.store().unhandled(9).await.unwrap(), std::slice::from_ref(&entry), "{id}");
        assert_eq!(world.journal.attempt(&attempt(&name)).await.unwrap().state, State::Armed, "{id}");

        drop(process);
        world.journal.recover().await.unwrap();
        let looked = world.journal.look(&world.facade, &attempt(&name)).await.unwrap();
        let record = world.journal.attempt(&attempt(&name)).await.unwrap();
        assert_eq!(record.state, State::Paid, "{id}: {looked:?} {record:?}");
        assert_eq!((record.payment, world.taken(&name)), (entry.payment, 1), "{id}");
        world.journal.reconcile(&world.facade).await.unwrap();
        assert_eq!(world.journal.store().unhandled(9).await.unwrap(), [], "{id}");
    }
}
