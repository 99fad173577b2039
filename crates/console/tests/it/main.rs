//! The console as a whole: a real server, a fake Okta, people with browsers and programs with keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "the environment says whether there is a browser to drive")]

mod api;
mod away;
mod bases;
mod browser;
mod browser_guide;
mod buckets;
mod conformance;
mod custom_roles;
mod differences;
mod discovery;
mod documented;
mod driver;
mod etags;
mod evil;
mod explorer;
mod findings;
mod guessing;
mod guide_access;
mod guide_add;
mod guide_catalog;
mod guide_provision;
mod guide_settings;
mod house;
mod letters;
mod life;
mod messages;
mod oidc;
mod openapi;
mod origin;
mod peers;
mod plans;
mod policy;
mod probes;
mod provider;
mod provisioning;
mod record;
mod refused;
mod retention;
mod second_person;
mod secrets;
mod security;
mod service_app;
mod shared;
mod streams;
mod tables;
mod tls;
mod tokens;
mod twice;
mod upgrade;
mod wire;
mod worker_faults;
