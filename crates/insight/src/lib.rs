//! Questions over sealed snapshots: who can assume a role, what a person can assume, why and why not, what changed,
//! what is wrong, what would happen.
//!
//! Pure but for the opening of files: no network, no clock. Time comes in as a parameter. Every question is a
//! function from [`Readings`] to a serde structure, and those structures are the contract: what `-o json` prints and
//! what a console serves. Each answer is wrapped into an [`Answer`], which says as of when, from which snapshot and how
//! complete.

mod account;
mod answer;
mod archive;
mod assertion;
mod cache;
mod complete;
mod diff;
mod error;
mod event;
pub mod export;
mod findings;
mod history;
mod hops;
mod lint;
mod names;
mod open;
mod path;
mod reading;
mod refs;
mod role_pattern;
mod schema;
mod settings;
mod settle;
mod what;
mod whatif;
mod who;
mod why;

pub use account::AccountRef;
pub use answer::{Answer, CoverageNote, MEANING, NotRead, Shape, SnapshotNote};
pub use archive::{ArchivedSync, AtMoment, SyncAt, open_at};
pub use assertion::{
    AssertionCheck, Difference, Prediction, Predictions, Response, ResponseError, RoleValueNote,
    check_assertion, predict_assertion,
};
pub use cache::Cache;
pub use complete::Completeness;
pub use diff::{Cause, Change, Delta, Diff, NotCompared, SettingChange, diff, diff_with_log};
pub use error::{Error, ErrorKind};
pub use event::{EventNote, EventParty, Gap, Log, LogNote, LoggedEvent};
pub use findings::{
    Acceptance, Finding, Findings, ObjectRef, Policy, PolicyError, Reach, RuleState, Severity, findings,
};
pub use history::{History, LogOf, Period, PersonHistory, RoleHistory, Span, history};
pub use hops::{Hop, HopKind, SettingNote};
pub use lint::{FilterLint, FilterProblem, FilterWarning, NameLint, Part, lint_filter};
pub use names::{Named, PersonAt};
pub use open::{Also, OpenOptions, Scope, open, open_with, snapshot_files};
pub use path::{Path, PathKind};
pub use reading::{Origin, Reading, Readings};
pub use refs::{AppRef, GroupRef, PersonRef, RoleRef};
pub use role_pattern::{RoleChoice, RolePattern};
pub use schema::schemas;
pub use what::{GroupRoles, Held, What, WhatGroup, what, what_group};
pub use whatif::{ChangeRequest, Extra, Fetched, UnreadGroup, WhatIf, whatif, whatif_until, with_extra};
pub use who::{Holder, RoleHolders, Who, who};
pub use why::{Check, NearMiss, Verdict, Why, why};
