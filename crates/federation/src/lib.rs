//! The AWS Account Federation app, pure: what its settings mean, which group name or profile value names which AWS
//! role, and who has which role by which path.
//!
//! No I/O, no async, no clock: facts come in, access comes out, so that every rule can be shown by a table or a
//! property. Where Okta's behaviour is not documented, the choice is one entry of [`Switches`] and the record of a
//! sync names its value.

mod access;
mod arn;
mod facts;
mod filter;
mod pattern;
pub mod plan;
mod profile;
mod roles;
mod rules;
mod settings;
mod source;
mod survey;
mod switches;
mod value;
mod warnings;

pub use access::{Access, GroupGrant, Source, UserGrant, resolve};
pub use arn::{AccountId, Arn, RoleArn};
pub use facts::{
    App, AppUser, AppUserStatus, Group, GroupAssignment, GroupIx, GroupKind, GroupOrigin, Scope, User,
    UserIx, UserStatus,
};
pub use filter::{FilterError, GroupFilter, Interrupt, Marks, NameMatch};
pub use pattern::{PairFault, RoleValuePattern};
pub use profile::RoleProfile;
pub use roles::{Account, Catalogue, Role, RoleIx, RoleTable};
pub use rules::{Conferral, Direct, GroupVerdict, Mapping, Mode, NotTaken, Rules, RulesError, Unusable};
pub use settings::{DEFAULT_GROUP_FILTER, DEFAULT_ROLE_VALUE_PATTERN, Settings, Union};
pub use source::AppFilter;
pub use survey::FilterSurvey;
pub use switches::{FilterMatch, JoinDefaultRole, JoinGroupScope, RESOLVER_VERSION, Switches};
pub use value::{RoleValue, ValueAccount};
pub use warnings::{Warning, Warnings};
