//! What is due: one JSON object a line.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use recurring_journal::{ChargeIntent, SeriesTry, UnreadableLine};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Split};

use super::charge_line::{Charge, charge};
use crate::error::CliError;
use crate::files;

/// What some programs write before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Opens the file, or standard input for `-`.
pub(super) async fn charges(path: &Path) -> Result<Charges, CliError> {
    let input: Input = if path.as_os_str() == "-" {
        Box::new(tokio::io::stdin())
    } else {
        let file = tokio::fs::File::open(path).await;
        Box::new(file.map_err(|error| files::unreadable(path, &error))?)
    };
    Ok(Charges { lines: BufReader::new(input).split(b'\n'), number: 0, ended: false })
}

/// The input, one charge a line; empty lines are passed over. A line ends at a line feed, whatever is in it: what cannot
/// be read is reported, and the next line is read.
pub(super) struct Charges {
    lines: Split<BufReader<Input>>,
    number: u64,
    ended: bool,
}

fn intent(charge: Charge) -> Result<ChargeIntent, String> {
    let intent = ChargeIntent::new(charge.request);
    match charge.series {
        None => Ok(intent),
        Some((series, period, number)) => SeriesTry::new(series, period, number)
            .map(|series| intent.with_series(series))
            .map_err(|error| error.to_string()),
    }
}

impl Stream for Charges {
    type Item = Result<ChargeIntent, UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let this = &mut *self;
            if this.ended {
                return Poll::Ready(None);
            }
            let line = match ready!(Pin::new(&mut this.lines).poll_next_segment(context)) {
                Ok(Some(line)) => line,
                Ok(None) => return Poll::Ready(None),
                Err(error) => {
                    // The device cannot be read any more; a half-read line is not a charge.
                    this.ended = true;
                    let why = format!("line {}: {error}; the lines after it were not read", this.number + 1);
                    return Poll::Ready(Some(Err(UnreadableLine::new(why))));
                }
            };
            this.number += 1;
            let number = this.number;
            let bytes = match number {
                1 => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line),
                _ => &line,
            };
            if !bytes.trim_ascii().is_empty() {
                let unreadable = |why| UnreadableLine::new(format!("line {number}: {why}"));
                return Poll::Ready(Some(charge(bytes).and_then(intent).map_err(unreadable)));
            }
        }
    }
}
