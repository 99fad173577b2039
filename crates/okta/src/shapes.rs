//! Okta's objects, as far as they are read here.
//!
//! Leniency is the rule: unknown fields are ignored, enumerations are texts (Okta adds values), dates are texts as
//! Okta wrote them, and whatever may be `null` or missing is optional. Only an `id` is insisted on, because an
//! object without one is nothing. An entry of a list that breaks even that is reported as skipped.

mod app;
mod event;
mod group;
mod iam;
mod id;
mod org;
mod profile;
mod role;
mod user;

pub use app::{App, AppGroup, AppSchema, AppSettings, AppTypes, AppUser};
pub use event::{LogEvent, Party};
pub use group::{Group, GroupProfile, GroupRule, GroupStats};
pub use iam::{Binding, BindingMember, CustomRole, Member, Permission, ResourceSet, SetResource};
pub use id::{AppId, GroupId, GroupRuleId, IdError, UserId};
pub use org::Org;
pub use profile::Profile;
pub use role::{RoleAssignee, RoleAssignment};
pub use user::User;

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
