//! The contract held together: what is written is what is read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod account_names;
mod contract;
mod facts;
mod round_trip;
