//! The sync as a whole: a fake Okta on loopback goes in, a sealed file comes out. Asked of it is what the contract of
//! a snapshot promises, not how the connector gets there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod accounts_file;
mod apps;
mod apps_faults;
mod archive;
mod audit_chain;
mod bound;
mod cases_custom_roles;
mod cases_direct;
mod cases_failures;
mod cases_grants_direct;
mod cases_grants_mapping;
mod cases_mapping;
mod cases_pages;
mod cases_people;
mod cases_settings;
mod change_faults;
mod change_kept;
mod change_oracle;
mod chaos;
mod desk;
mod determinism;
mod essential;
mod events;
mod guard;
mod one_file;
mod options;
mod resume;
mod rows;
mod run;
mod secrets;
mod service_app;
mod wire_faults;
