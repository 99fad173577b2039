//! The console: hosts connectors on one machine, shows what they read, and says who did what.
//!
//! Pages and JSON API are two faces of the same operations (`operation`), behind one policy ([`policy`]). What a sync
//! read lies in sealed snapshots; the database holds what people configured and what happened.

mod actor;
mod backup;
mod blobs;
mod checks;
mod connections;
mod console;
mod credential;
mod error;
mod fresh;
mod graph;
mod head_export;
mod hook;
mod hosted;
mod hub;
mod lens;
pub mod life;
mod mail;
mod metrics;
mod notice;
mod oidc;
mod operation;
mod orgs;
mod origin;
mod password;
pub mod policy;
mod private;
mod privilege;
mod problem;
mod rebuild;
mod refusals;
mod report;
mod reseal;
mod retention;
mod rotate;
mod run;
pub mod schedule;
mod second_person;
mod secrets;
mod seen;
mod serve;
mod settings;
mod store;
mod table;
mod tell;
mod throttle;
mod tls;
mod vault;
mod watch;
mod web;
mod worker;

pub use backup::{BackedUp, Restored, backup, restore};
pub use console::{Clock, ConsoleConfig, DemoOrg, Front};
pub use error::ConsoleError;
pub use mail::MailConfig;
pub use oidc::OidcConfig;
pub use rebuild::Rebuilt;
pub use rotate::{Rotated, rotate_key};
pub use serve::{Diagnosis, Server, admin_link, doctor, doctor_against};
pub use tls::TlsFiles;
pub use vault::VaultKeySource;
pub use web::{RouteEntry, openapi, routes};
