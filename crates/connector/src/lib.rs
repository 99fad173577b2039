//! Puts the rooms together: asks Okta what the app needs, turns its answers into facts, lets `federation` resolve
//! access and seals the result. Here, and only here, Okta's shapes become the domain's facts.

mod accounts_file;
mod accounts_seen;
mod admin_roles;
mod app;
mod bound;
mod coverage;
mod doors;
mod error;
mod intake;
mod person;
mod probe;
mod progress;
mod reading;
mod sync;

pub use accounts_file::{AccountsError, Place, parse_accounts};
pub use accounts_seen::AccountsSeen;
pub use app::{AWS_APP, AppChoice, FoundApp};
pub use bound::{AdminBound, Bound};
pub use doors::{Door, DoorKind};
pub use error::{ErrorKind, SyncError};
pub use person::{PersonRules, ProfileAttributes};
pub use probe::{Cost, Probe, Right, check};
pub use progress::{Event, Progress, Silent, Stage};
pub use reading::{AdminRoles, ReadOptions};
pub use sync::{Clock, Counts, Summary, SyncOptions, sync};
