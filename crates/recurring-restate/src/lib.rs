#![doc = include_str!("../README.md")]

mod attempt;
mod gateway;
mod lane;
mod run;
mod step;
mod waits;
mod worker;

pub use step::Standing;
pub use waits::Waits;
pub use worker::Worker;
