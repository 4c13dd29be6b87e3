use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use recurring_core::ErrorKind;
use recurring_gateway::ErrorExt as _;

use crate::error::Error;
use crate::ops::list_recurring_tokens::{Cursor, Page, RecurringToken};

/// All the stored cards of a client, page after page: a [`Stream`], or one at a time by [`next`](Self::next).
///
/// After an error it ends. A list whose next page is one that was read already ends with an error.
#[must_use = "nothing is asked of the gateway until the first token is"]
pub struct RecurringTokens(Pin<Box<dyn Stream<Item = Result<RecurringToken, Error>> + Send>>);

/// What comes after the cards of a page.
enum Next {
    Page(Option<Cursor>),
    ReadAlready,
    End,
}

impl RecurringTokens {
    /// Reads every page by `read_page`, when it is needed.
    pub(crate) fn new<F>(read_page: impl Fn(Option<Cursor>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Page, Error>> + Send + 'static,
    {
        let start = (Next::Page(None), Vec::new());
        let pages = stream::try_unfold(start, move |(next, mut seen)| {
            let page = match next {
                Next::Page(cursor) => Ok(read_page(cursor)),
                Next::ReadAlready => Err(Some(read_already())),
                Next::End => Err(None),
            };
            async move {
                let page = match page {
                    Ok(page) => page.await?,
                    Err(Some(error)) => return Err(error),
                    Err(None) => return Ok(None),
                };
                let next = match page.next {
                    None => Next::End,
                    Some(cursor) if seen.contains(&cursor) => Next::ReadAlready,
                    Some(cursor) => {
                        seen.push(cursor.clone());
                        Next::Page(Some(cursor))
                    }
                };
                Ok(Some((stream::iter(page.results.into_iter().map(Ok)), (next, seen))))
            }
        });
        Self(Box::pin(pages.try_flatten()))
    }

    /// Returns the next card; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<RecurringToken, Error>> {
        self.0.next().await
    }
}

fn read_already() -> Error {
    Error::unknown(
        ErrorKind::Protocol,
        "the list of recurring tokens names a next page that was read already",
    )
}

impl Stream for RecurringTokens {
    type Item = Result<RecurringToken, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for RecurringTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecurringTokens").finish_non_exhaustive()
    }
}
