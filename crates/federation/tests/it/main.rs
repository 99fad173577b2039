//! The rules held against tables written from Okta's documentation and against naive re-implementations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod cases;
mod decision_table;
mod filter;
mod filter_property;
mod java_dialect;
mod java_refusals;
mod oracle;
mod org;
mod pattern;
mod plan_cases;
mod plan_cells;
mod plan_org;
mod settings;
mod survey;
mod values;
