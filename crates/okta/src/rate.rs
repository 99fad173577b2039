//! Staying inside Okta's rate limits without asking for forgiveness.
//!
//! Okta counts requests per bucket (a set of paths) and window (a minute from the first use). [`BucketName`] says
//! which bucket a request falls into, `Reading` what an answer tells about it, `Bucket` decides, as a pure state
//! machine over a time parameter, and [`Governor`] makes requests wait for that decision.

mod bucket;
mod config;
mod governor;
mod name;
mod reading;
#[cfg(test)]
mod simulation;

pub use config::{BucketStats, GovernorConfig, OnWait, Waiting};
pub use governor::Governor;
pub(crate) use governor::{Refusal, Ticket};
pub use name::BucketName;
pub(crate) use reading::{Reading, server_date};
