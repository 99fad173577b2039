//! The fake, asked over HTTP as a client would ask it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod assignments;
mod client;
mod delegation;
mod faults;
mod iam;
mod limits;
mod logs;
mod oauth;
mod paging;
mod readymade;
mod rights;
mod shapes;
mod sheet;
mod writes;
