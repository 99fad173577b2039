//! Snapshots as their users see them: written, read, damaged, replaced.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod golden;
mod identifiers;
mod sample;
mod write_and_read;
