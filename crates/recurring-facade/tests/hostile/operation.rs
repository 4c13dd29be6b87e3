//! One row of the table of operations.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use recurring_core::{Effect, Error, ErrorKind, HttpOptions};
use recurring_fixtures::Case;
use recurring_fixtures::fault::RawReply;

/// What a call answered: the value as `Debug` shows it, or what failed.
pub(crate) type Answer = Result<String, Failed>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub kind: ErrorKind,
    pub effect: Effect,
    pub message: String,
}

type Running = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Call = dyn Fn(&str, HttpOptions) -> Running + Send + Sync;

/// One call of one gateway.
pub(crate) struct Operation {
    /// Gateway and method, such as `revio charge_purchase`.
    pub name: &'static str,
    /// Whether it changes something: it is sent at most once.
    pub is_write: bool,
    pub good: RawReply,
    /// The path of the access token that it needs first, and the example that grants it.
    pub token: Option<(&'static str, &'static str)>,
    /// Faults that are a success for this operation.
    pub successes: &'static [&'static str],
    /// Whether its answer may be empty, so that only the status is read.
    pub is_answered_by_status: bool,
    pub call: Box<Call>,
}

impl Operation {
    fn new<T, A, Sent>(
        name: &'static str,
        is_write: bool,
        good: RawReply,
        call: impl Fn(&str, HttpOptions) -> Sent + Send + Sync + 'static,
    ) -> Operation
    where
        T: Debug,
        A: Display + Clone,
        Sent: Future<Output = Result<T, Error<A>>> + Send + 'static,
    {
        let call = move |url: &str, options: HttpOptions| -> Running {
            let call = call(url, options);
            Box::pin(async move {
                call.await.map(|value| format!("{value:?}")).map_err(|error| Failed {
                    kind: error.kind(),
                    effect: error.effect(),
                    message: error.message().to_owned(),
                })
            })
        };
        Operation {
            name,
            is_write,
            good,
            token: None,
            successes: &[],
            is_answered_by_status: false,
            call: Box::new(call),
        }
    }

    pub(crate) fn read<T: Debug, A: Display + Clone, Sent>(
        name: &'static str,
        good: RawReply,
        call: impl Fn(&str, HttpOptions) -> Sent + Send + Sync + 'static,
    ) -> Operation
    where
        Sent: Future<Output = Result<T, Error<A>>> + Send + 'static,
    {
        Self::new(name, false, good, call)
    }

    pub(crate) fn write<T: Debug, A: Display + Clone, Sent>(
        name: &'static str,
        good: RawReply,
        call: impl Fn(&str, HttpOptions) -> Sent + Send + Sync + 'static,
    ) -> Operation
    where
        Sent: Future<Output = Result<T, Error<A>>> + Send + 'static,
    {
        Self::new(name, true, good, call)
    }

    pub(crate) fn also_success(self, faults: &'static [&'static str]) -> Operation {
        Operation { successes: faults, ..self }
    }
}

/// The clients that were built, by their address: building one costs more than a call.
pub(crate) struct Clients<C>(Mutex<BTreeMap<String, C>>);

impl<C: Clone> Clients<C> {
    pub(crate) const fn new() -> Clients<C> {
        Clients(Mutex::new(BTreeMap::new()))
    }

    pub(crate) fn get(&self, url: &str, build: impl FnOnce() -> C) -> C {
        let mut built = self.0.lock().expect("a test that does not panic here");
        built.entry(url.to_owned()).or_insert_with(build).clone()
    }
}

/// The stored answer of an example.
pub(crate) fn stored(case: &str) -> RawReply {
    let case = Case::load(case);
    let status = case.meta.response.as_ref().expect("a response").status;
    RawReply::json(status, case.response_body())
}
