//! Snapshots as their users see them: written, read, damaged, replaced.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod all_or_nothing;
mod foreign;
mod golden;
mod identifiers;
mod raw;
mod records;
mod retention;
mod sample;
mod schema;
mod write_and_read;
