//! The contract of a Rolebook snapshot, and its only home: facts and resolved access become Baton rows, and Baton
//! rows become facts again.
//!
//! The connector writes through [`write()`], every question reads through [`read()`]; a round-trip property holds both
//! together. `docs/SNAPSHOT.md` tells the contract for readers of the file.

mod account;
mod account_names;
mod asset;
mod coverage;
mod custom_roles;
mod facts;
mod ids;
mod overlay;
mod read;
mod words;
mod write;

pub use account::{AccountRecord, OTHER_ACCOUNTS_ASSET};
pub use account_names::{AccountError, AccountNames, NamedAccount, account_number, has_lost_a_zero};
pub use asset::{GROUP_NAMES_ASSET, GROUP_RULES_ASSET, GroupName, GroupRule};
pub use coverage::{COVERAGE_ASSET, Coverage, Incremental, ListCoverage, MEMBERS_NOT_READ, OrgSeen, Reader};
pub use custom_roles::{Binding, CustomRole, CustomRoles, ResourceSet};
pub use facts::{
    AdminHolder, AdminRole, AppRecord, AssignmentRecord, CatalogueRecord, Facts, GroupRecord, Org, Person,
    SECRET_SETTINGS, UserRecord,
};
pub use ids::{AppId, GroupId, OrgId, UserId};
pub use overlay::{after_path, overlay, read_after};
pub use read::{
    Head, PersonName, ReadError, described_accounts, head, people_names, read, read_people, role_holders,
};
pub use words::resource_type;
pub use write::{role_entitlement, write};
