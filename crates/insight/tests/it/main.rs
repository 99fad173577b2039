//! Questions over files that a real sync of a fake Okta has sealed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod assertion;
mod diff;
mod export;
mod findings;
mod history;
mod lint;
mod names;
mod opening;
mod oracle;
mod schema;
mod scope;
mod sheet;
mod synced;
mod whatif;
mod who_what_why;
