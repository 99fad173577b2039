//! The command as a person or a script meets it: the real binary, a cleared environment, a fake Okta.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod black_box;
