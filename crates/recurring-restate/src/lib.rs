#![doc = include_str!("../README.md")]

mod attempt;
mod endpoint;
mod gateway;
mod lane;
mod period;
mod run;
mod standing;
mod step;
mod waits;
mod worker;

pub use period::Collected;
pub use standing::Standing;
pub use waits::Waits;
pub use worker::Worker;
