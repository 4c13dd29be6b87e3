//! One attempt, from its charge to its end.

use recurring_core::AttemptId;
use restate_sdk::prelude::*;

use crate::standing::Standing;
use crate::step::{Make, Resolve, attempt_id};
use crate::waits::Next;
use crate::worker::Worker;

/// Where the handler that waits for an operator keeps the name by which it is woken.
const WAITING: &str = "waiting";

/// The object `RecurringAttempt`, one for each name of an attempt.
pub(crate) struct Attempt(pub(crate) Worker);

#[restate_sdk::object(name = "RecurringAttempt", client_visibility = "pub(crate)")]
impl Attempt {
    /// **Takes money**: charges the attempt that was planned in the journal under this name, and follows it until it has
    /// ended. While the end is unknown it is looked up; when looking proves nothing, it waits for an operator.
    #[handler]
    async fn charge(&self, ctx: ObjectContext<'_>) -> HandlerResult<Json<Standing>> {
        self.follow(&ctx, Make::Charge).await
    }

    /// **Gives money back**: makes the refund that was planned in the journal under this name, and follows it in the same
    /// way. No gateway can look a refund up, so that a lost answer waits for an operator.
    #[handler]
    async fn refund(&self, ctx: ObjectContext<'_>) -> HandlerResult<Json<Standing>> {
        self.follow(&ctx, Make::Refund).await
    }

    /// Reads how the attempt stands.
    #[handler]
    async fn show(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Standing>> {
        let attempt = attempt_id(ctx.key())?;
        Ok(ctx.run(async || self.0.show(&attempt).await.map(Json)).name("show").await?)
    }

    /// Records an operator's decision about an attempt that is pending, unknown or in review, and wakes what waits for it.
    #[handler]
    async fn resolve(
        &self,
        ctx: SharedObjectContext<'_>,
        decision: Json<Resolve>,
    ) -> HandlerResult<Json<Standing>> {
        let attempt = attempt_id(ctx.key())?;
        let decision = decision.into_inner();
        let decided = ctx
            .run(async || self.0.resolve(&attempt, decision.clone()).await.map(Json))
            .name("resolve")
            .await?;
        wake(&ctx).await?;
        Ok(decided)
    }

    /// Wakes what waits for an operator, after a decision that was made in the journal itself.
    #[handler]
    async fn wake(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<()> {
        wake(&ctx).await
    }
}

impl Attempt {
    async fn follow(&self, ctx: &ObjectContext<'_>, make: Make) -> HandlerResult<Json<Standing>> {
        let attempt = attempt_id(ctx.key())?;
        let mut tries = 1;
        let mut standing = self.made(ctx, &attempt, make).await?;
        loop {
            match self.0.waits.next(&standing, tries) {
                Next::End => return Ok(Json(standing)),
                Next::Make(wait) => {
                    ctx.sleep(wait).await?;
                    tries += 1;
                    standing = self.made(ctx, &attempt, make).await?;
                }
                Next::Look(wait) => {
                    ctx.sleep(wait).await?;
                    let Json(looked) =
                        ctx.run(async || self.0.look(&attempt).await.map(Json)).name("look").await?;
                    standing = looked;
                }
                Next::Operator => standing = self.decided(ctx, &attempt).await?,
            }
        }
    }

    async fn made(
        &self,
        ctx: &ObjectContext<'_>,
        attempt: &AttemptId,
        make: Make,
    ) -> HandlerResult<Standing> {
        let step = ctx.run(async || self.0.make(attempt, make).await.map(Json));
        let Json(standing) = step.name(make.as_str()).await?;
        Ok(standing)
    }

    /// Waits until an operator has decided; how the attempt stands then.
    async fn decided(&self, ctx: &ObjectContext<'_>, attempt: &AttemptId) -> HandlerResult<Standing> {
        let (id, woken) = ctx.awakeable::<()>();
        ctx.set(WAITING, id);
        restate_sdk::select! {
            woken = woken => woken?,
            slept = ctx.sleep(self.0.waits.review) => slept?,
        }
        ctx.clear(WAITING);
        let Json(standing) = ctx.run(async || self.0.show(attempt).await.map(Json)).name("show").await?;
        Ok(standing)
    }
}

async fn wake(ctx: &SharedObjectContext<'_>) -> HandlerResult<()> {
    if let Some(waiting) = ctx.get::<String>(WAITING).await? {
        ctx.resolve_awakeable(&waiting, ());
    }
    Ok(())
}
