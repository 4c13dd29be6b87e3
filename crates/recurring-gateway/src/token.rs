use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use recurring_core::{Error, NotAfter, Reply, Secret};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::base_url::BaseUrl;
use crate::error::ErrorExt as _;
use crate::observe;
use crate::request::PreparedRequest;
use crate::retry::{self, Decision, Failure};
use crate::transport::Transport;

/// An access token as the gateway granted it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token itself.
    pub text: Secret,
    /// How long it lives, counted from the request for it.
    pub lives: Duration,
}

/// The source of the access token of a gateway's requests.
pub trait TokenSource {
    /// The gateway's own error.
    type Api;

    /// Asks for a token. That moves no money.
    ///
    /// # Errors
    /// When none is granted.
    fn fetch(
        &self,
        transport: &Transport,
    ) -> impl Future<Output = Result<AccessToken, Error<Self::Api>>> + Send;

    /// Puts the token into a request.
    fn authorize(&self, request: PreparedRequest, token: &Secret) -> PreparedRequest;

    /// Returns whether the gateway itself refused the token, in its own error shape. A 401 of a machine in between
    /// proves nothing about the request.
    fn refuses(&self, reply: &Reply) -> bool;
}

/// Keeps an access token until shortly before it expires, and fetches a new one **once** however many tasks wait.
///
/// A failed fetch reaches every task that was waiting for it and is not repeated for each; the next call tries
/// anew. When the task that fetches is dropped half-way, one of those that wait takes over.
pub struct TokenCache<A> {
    /// How many fetches have ended. A task that finds a higher number than when it came has waited for one.
    ended: AtomicU64,
    state: Mutex<State<A>>,
    /// The token that was granted last. Read without waiting for a fetch.
    latest: RwLock<Option<Secret>>,
}

struct State<A> {
    /// The token and when it must no longer be used.
    token: Option<(Secret, Instant)>,
    /// How the last fetch ended.
    last: Option<Result<Secret, Error<A>>>,
}

/// A token is given up this long before its end: a request takes a while to arrive.
const MARGIN: Duration = Duration::from_secs(30);

/// A token that claims to live longer than a day is renewed all the same.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

impl<A: Clone> TokenCache<A> {
    /// Creates an empty cache.
    pub fn new() -> Self {
        Self {
            ended: AtomicU64::new(0),
            state: Mutex::new(State { token: None, last: None }),
            latest: RwLock::default(),
        }
    }

    /// Returns the token that was granted last, also when it has expired since. `None` when there was none.
    pub fn latest(&self) -> Option<Secret> {
        self.latest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the current token, or the one that `fetch` brings.
    ///
    /// # Errors
    /// Those of `fetch`, as they are.
    pub async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Secret, Error<A>>
    where
        F: Future<Output = Result<AccessToken, Error<A>>>,
    {
        self.get_within(None, fetch).await
    }

    /// Returns the current token, or the one that `fetch` brings under the time limit of its call.
    ///
    /// A fetch that failed after its own limit does not affect the other tasks: they fetch anew, each under its own
    /// limit.
    ///
    /// # Errors
    /// Those of `fetch`, as they are.
    pub async fn get_within<F>(
        &self,
        limit: Option<&NotAfter>,
        fetch: impl FnOnce() -> F,
    ) -> Result<Secret, Error<A>>
    where
        F: Future<Output = Result<AccessToken, Error<A>>>,
    {
        let came = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some((token, until)) = &state.token
            && now < *until
        {
            return Ok(token.clone());
        }
        if self.ended.load(Ordering::Acquire) > came
            && let Some(last) = &state.last
        {
            return last.clone();
        }
        let fetched = fetch().await;
        state.token = fetched.as_ref().ok().map(|token| {
            // A short-lived token keeps nine tenths of its life.
            let lives = token.lives.min(LONGEST_LIFE);
            (token.text.clone(), now + lives.saturating_sub(MARGIN.min(lives / 10)))
        });
        let answer = fetched.map(|token| token.text);
        if let Ok(token) = &answer {
            *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        }
        let cut_off = answer.is_err() && limit.is_some_and(NotAfter::has_passed);
        state.last = (!cut_off).then(|| answer.clone());
        self.ended.fetch_add(1, Ordering::Release);
        answer
    }

    /// Sends a request with an access token. When the gateway refuses the token, in its own error shape, a new one is
    /// fetched and the same bytes go out once more: the refusal proves that the first did nothing.
    ///
    /// # Errors
    /// Those of the transport. Without a token the request is not sent: `NotApplied`.
    pub async fn send(
        &self,
        source: &impl TokenSource<Api = A>,
        transport: &Transport,
        base: &BaseUrl,
        request: &PreparedRequest,
    ) -> Result<Reply, Error<A>> {
        let mut sends = 0;
        loop {
            let fetch = || async {
                let token = source.fetch(transport).await;
                observe::token_fetched(base, token.is_ok());
                token
            };
            let token = self.get_within(transport.not_after(), fetch).await;
            let token = token.map_err(Error::while_fetching_token)?;
            let reply = transport.send(base, &source.authorize(request.clone(), &token)).await?;
            sends += 1;
            if !source.refuses(&reply) {
                return Ok(reply);
            }
            let refused = Failure::ExpiredToken { renewed: sends > 1 };
            match retry::decide(transport.options().retry(), request.class(), sends, refused, 0) {
                Decision::RenewToken => self.forget(&token).await,
                Decision::Stop | Decision::SendAgain(_) => return Ok(reply),
            }
        }
    }

    /// Forgets `refused` if it is still the current token: the gateway said that it has expired.
    pub async fn forget(&self, refused: &Secret) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|(token, _)| token.expose() == refused.expose()) {
            state.token = None;
        }
    }
}

impl<A: Clone> Default for TokenCache<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> fmt::Debug for TokenCache<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use recurring_core::ErrorKind;
    use tokio::sync::Barrier;

    use super::*;

    fn token(text: &str, seconds: u64) -> AccessToken {
        AccessToken { text: Secret::new(text), lives: Duration::from_secs(seconds) }
    }

    /// Starts `tasks` tasks that all want a token while the first fetch is still under way.
    async fn all_at_once(
        tasks: usize,
        outcome: Result<AccessToken, Error<String>>,
    ) -> (usize, Vec<Result<Secret, Error<String>>>) {
        let cache = Arc::new(TokenCache::<String>::new());
        let fetches = Arc::new(AtomicUsize::new(0));
        let started = Arc::new(Barrier::new(tasks));
        let running: Vec<_> = (0..tasks)
            .map(|_| {
                let (cache, fetches, started, outcome) =
                    (cache.clone(), fetches.clone(), started.clone(), outcome.clone());
                tokio::spawn(async move {
                    started.wait().await;
                    let fetch = || async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        // Every other task runs up to the lock before this one goes on.
                        for _ in 0..100 {
                            tokio::task::yield_now().await;
                        }
                        outcome
                    };
                    cache.get(fetch).await
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in running {
            answers.push(task.await.expect("no panic"));
        }
        (fetches.load(Ordering::SeqCst), answers)
    }

    #[tokio::test]
    async fn one_fetch_serves_all_who_wait() {
        let (fetches, answers) = all_at_once(64, Ok(token("t", 300))).await;
        assert_eq!(fetches, 1);
        assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|token| token.expose() == "t")));
    }

    #[tokio::test]
    async fn a_failed_fetch_reaches_all_who_wait_and_is_not_repeated() {
        let failure = Error::unknown(ErrorKind::Unavailable, "down");
        let (fetches, answers) = all_at_once(64, Err(failure)).await;
        assert_eq!(fetches, 1);
        assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.message() == "down")));
    }

    #[tokio::test]
    async fn fetch_after_its_limit_fails_for_itself_alone() {
        let cache = Arc::new(TokenCache::<String>::new());
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let late = {
            let cache = cache.clone();
            tokio::spawn(async move {
                let limit = NotAfter::within(Duration::ZERO);
                let fetch = || async {
                    released.await.expect("released");
                    Err(Error::never_sent(ErrorKind::Unavailable, "too late"))
                };
                cache.get_within(Some(&limit), fetch).await
            })
        };
        tokio::task::yield_now().await;
        let waiting = {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(|| async { Ok(token("t", 300)) }).await })
        };
        tokio::task::yield_now().await;
        release.send(()).expect("the fetch waits");
        assert!(late.await.expect("no panic").is_err());
        assert_eq!(waiting.await.expect("no panic").expect("a token").expose(), "t");
    }

    #[tokio::test]
    async fn the_next_call_after_a_failure_tries_anew() {
        let cache = TokenCache::<String>::new();
        let failed = cache.get(|| async { Err(Error::unknown(ErrorKind::Unavailable, "down")) }).await;
        assert!(failed.is_err());
        let got = cache.get(|| async { Ok(token("t", 300)) }).await.expect("a token");
        assert_eq!(got.expose(), "t");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_given_up_shortly_before_its_end() {
        let cache = TokenCache::<String>::new();
        let first = cache.get(|| async { Ok(token("first", 300)) }).await.expect("a token");
        assert_eq!(first.expose(), "first");
        tokio::time::advance(Duration::from_secs(269)).await;
        let same = cache.get(|| async { Ok(token("second", 300)) }).await.expect("a token");
        assert_eq!(same.expose(), "first");
        tokio::time::advance(Duration::from_secs(1)).await;
        let next = cache.get(|| async { Ok(token("second", 300)) }).await.expect("a token");
        assert_eq!(next.expose(), "second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_lived_token_keeps_nine_tenths_of_its_life() {
        let cache = TokenCache::<String>::new();
        cache.get(|| async { Ok(token("first", 100)) }).await.expect("a token");
        for (seconds, expected) in [(89, "first"), (1, "second")] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            let got = cache.get(|| async { Ok(token("second", 100)) }).await.expect("a token");
            assert_eq!(got.expose(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_claims_to_live_for_ever_is_renewed_after_a_day() {
        let cache = TokenCache::<String>::new();
        cache.get(|| async { Ok(token("first", u64::MAX)) }).await.expect("a token");
        tokio::time::advance(Duration::from_secs(86_369)).await;
        let same = cache.get(|| async { Ok(token("second", 300)) }).await.expect("a token");
        assert_eq!(same.expose(), "first");
        tokio::time::advance(Duration::from_secs(1)).await;
        let next = cache.get(|| async { Ok(token("second", 300)) }).await.expect("a token");
        assert_eq!(next.expose(), "second");
    }

    #[tokio::test]
    async fn a_refused_token_is_forgotten_and_a_newer_one_is_kept() {
        let cache = TokenCache::<String>::new();
        let old = cache.get(|| async { Ok(token("old", 300)) }).await.expect("a token");
        cache.forget(&old).await;
        let new = cache.get(|| async { Ok(token("new", 300)) }).await.expect("a token");
        cache.forget(&old).await;
        let kept = cache.get(|| async { Ok(token("newest", 300)) }).await.expect("a token");
        assert_eq!((new.expose(), kept.expose()), ("new", "new"));
        assert_eq!(cache.latest().as_ref().map(Secret::expose), Some("new"));
    }

    #[tokio::test]
    async fn when_the_one_that_fetches_is_dropped_another_takes_over() {
        let cache = Arc::new(TokenCache::<String>::new());
        let stuck = {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(std::future::pending).await })
        };
        tokio::task::yield_now().await;
        let waiting = {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(|| async { Ok(token("t", 300)) }).await })
        };
        tokio::task::yield_now().await;
        stuck.abort();
        assert_eq!(waiting.await.expect("no panic").expect("a token").expose(), "t");
    }
}
