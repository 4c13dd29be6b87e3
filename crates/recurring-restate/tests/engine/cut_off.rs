//! A worker that is cut off after the money moved, and before the engine was told.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use recurring_core::AttemptId;
use recurring_facade::ProviderId;
use restate_sdk::prelude::*;
use tokio::sync::Semaphore;

use crate::common::{GOOD_CARD, enrolled};
use crate::worker::{Dying, again_at};
use crate::world::{BOUND, World, journal, request};

const ATTEMPTS: u32 = 8;

/// What is done in the step, with the name of the attempt.
type Charge = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A handler whose only step charges.
struct Step {
    charge: Charge,
    accident: Arc<Accident>,
}

/// Whether the worker hangs after the charge, and a permit for each charge that was made then.
struct Accident {
    hangs: AtomicBool,
    charged: Semaphore,
}

#[restate_sdk::object(name = "Step")]
impl Step {
    #[handler]
    async fn charge(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        let name = ctx.key().to_owned();
        ctx.run(async || {
            (self.charge)(name.clone()).await;
            // Asked before the permit is given: with the last one the accident is over.
            let hangs = self.accident.hangs.load(Ordering::SeqCst);
            self.accident.charged.add_permits(1);
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// Runs each attempt's step once until its money has moved, kills the worker, and lets the engine repeat the steps with
/// another one. How often each was charged.
async fn charged_through_an_accident(world: &World, charge: impl Fn() -> Charge) -> Vec<usize> {
    let accident = Arc::new(Accident { hangs: AtomicBool::new(true), charged: Semaphore::new(0) });
    let step = || Step { charge: charge(), accident: Arc::clone(&accident) };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let first = Dying::start(listener, Endpoint::builder().bind(step()).build());
    world.register(&format!("http://{address}")).await;
    for name in names() {
        world.send(&format!("Step/{name}/charge"), "").await.unwrap();
    }
    let all = tokio::time::timeout(BOUND, accident.charged.acquire_many(ATTEMPTS)).await;
    all.unwrap().unwrap().forget();
    drop(first);

    accident.hangs.store(false, Ordering::SeqCst);
    let _second = Dying::start(again_at(address).await, Endpoint::builder().bind(step()).build());
    let all = tokio::time::timeout(BOUND, accident.charged.acquire_many(ATTEMPTS)).await;
    all.unwrap_or_else(|_| panic!("the steps were not repeated: {}", world.log())).unwrap().forget();
    names().map(|name| world.taken(&name)).collect()
}

fn names() -> impl Iterator<Item = String> {
    (0..ATTEMPTS).map(|number| format!("a-{number}"))
}

/// The control: without it, a test that cannot fail would look like a proof.
pub(crate) async fn step_repeated_without_journal_charges_twice() {
    let world = World::new(1).await;
    let credential = enrolled(&world.facade, &ProviderId::EMSPAY, "series", GOOD_CARD).await;
    let taken = charged_through_an_accident(&world, || {
        let (facade, credential) = (world.clients(), credential.clone());
        Arc::new(move |name| {
            let (facade, request) = (facade.clone(), request(&credential, &name));
            Box::pin(async move { drop(facade.charge(request).await.unwrap()) })
        })
    })
    .await;
    assert_eq!(taken, [2; 8]);
}

pub(crate) async fn step_repeated_with_journal_charges_once() {
    let world = World::new(1).await;
    world.plan(&ProviderId::EMSPAY, names()).await;
    let taken = charged_through_an_accident(&world, || {
        let (facade, address) = (world.clients(), world.address.clone());
        Arc::new(move |name| {
            let (facade, address) = (facade.clone(), address.clone());
            Box::pin(async move {
                let attempt = AttemptId::new(name).unwrap();
                // Opened by the worker: its lock ends with it.
                let answer = journal(&address).await.charge_planned(&facade, &attempt).await;
                drop(answer.unwrap());
            })
        })
    })
    .await;
    assert_eq!(taken, [1; 8]);
}
