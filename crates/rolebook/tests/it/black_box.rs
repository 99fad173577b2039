//! The `rolebook` command as a black box: its words, files, exit codes and requests, pinned one by one.

mod apps;
mod archive;
mod check;
mod contents;
mod demo;
mod events;
mod exits;
mod fake_faults;
mod fake_okta;
mod fetching;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod guard;
mod help;
mod history;
mod incremental;
mod init;
#[cfg(unix)]
mod kills;
mod layers;
mod named;
mod names;
mod oauth;
mod operations;
mod orgs;
mod partial;
mod place;
mod provisioning;
mod proxied;
mod questions;
mod redaction;
mod review;
mod rights;
mod secrets;
mod serve;
mod settings;
#[cfg(unix)]
mod shared;
mod show;
#[cfg(unix)]
mod surroundings;
mod sync;
mod variables;
