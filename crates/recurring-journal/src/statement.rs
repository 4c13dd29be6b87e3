//! Settlement from a statement: the file in which a gateway lists what was taken in a period.
//!
//! A statement is evidence that does not pass through the gateway's interface. A line that names an attempt proves that it
//! was taken. That no line names it proves that nothing was taken only when the statement covers the whole time of the
//! attempt and is proven to be complete. Everything else is left to an operator.

mod judge;
mod lines;
#[cfg(feature = "statement")]
mod map;
#[cfg(feature = "statement")]
mod read;
mod report;
mod settle;
mod survey;
#[cfg(test)]
mod tests;

pub use lines::{Control, LineKind, LineProblem, Period, Statement, StatementLine};
#[cfg(feature = "statement")]
pub use map::StatementMap;
pub use report::{Finding, FindingKind, StatementReport};
