#![doc = include_str!("../README.md")]

pub mod annotation;
pub mod bid;
mod container;
mod database;
mod error;
mod frame;
mod grant_part;
mod grant_row;
pub mod id;
pub mod json;
mod loader;
pub mod proto;
mod reader;
mod record;
mod retention;
mod rows;
mod schema;
mod seal;
mod stats;
mod sync_id;
mod sync_run;
pub mod time;
mod working;
mod writer;

pub use container::Limits;
pub use error::Error;
pub use grant_part::GrantPart;
pub use grant_row::GrantRow;
pub use prost;
pub use prost_types;
pub use reader::Snapshot;
pub use rows::{Asset, GrantFilter, SyncRows};
pub use stats::Stats;
pub use sync_id::{SyncId, SyncIdError};
pub use sync_run::{SyncKind, SyncRun};
pub use writer::{Sealed, SnapshotWriter, WriterOptions};
