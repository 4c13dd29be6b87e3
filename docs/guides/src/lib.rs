//! The programs behind the guides in `docs/guides/`. What a guide prints is a part of one of these files, and
//! `cargo test -p recurring-guides` runs each of them against the sandbox.

pub mod billing_run;
pub mod declines;
pub mod first_charge;
pub mod lost_answers;
pub mod schedules;
pub mod scripts;
pub mod several_gateways;
pub mod shop;
pub mod testing;
pub mod webhooks;

/// How each program ends.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Compiles the front page of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct FrontPage;
