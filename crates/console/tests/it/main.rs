//! The console as a whole: a real server, a fake Okta, people with browsers and programs with keys.

mod browser;
mod driver;
mod guide_access;
mod guide_add;
mod guide_catalog;
mod guide_settings;
mod house;
mod life;
mod openapi;
mod policy;
mod security;
