//! What one reading of an Okta org found, as far as a snapshot keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rolebook_federation as federation;
use serde_json::{Map, Value};

use crate::{
    AccountNames, AccountRecord, AppId, Coverage, CustomRoles, GroupId, GroupName, GroupRule, OrgId, UserId,
};

/// Everything a snapshot is made of. Groups and users are ascending by id, each once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The org that was read.
    pub org: Org,
    /// The AWS app.
    pub app: AppRecord,
    /// Role values that Okta lists for the app, beyond those seen on groups and people.
    pub catalogue: CatalogueRecord,
    /// What an accounts file says of AWS accounts, ascending by id, each once; empty without one.
    pub accounts: Vec<AccountRecord>,
    /// Groups assigned to the app and, in group mapping mode, groups whose name the filter finds.
    pub groups: Vec<GroupRecord>,
    /// App users, members that were read and holders of Okta admin roles.
    pub users: Vec<UserRecord>,
    /// Okta's standard admin roles and who holds them.
    pub admin_roles: Vec<AdminRole>,
    /// Custom admin roles and resource sets; `None` when they were not asked for.
    pub custom_roles: Option<CustomRoles>,
    /// Group rules, by id; empty when the token may not read them.
    pub group_rules: Vec<GroupRule>,
    /// In group mapping mode every group of the org, by id.
    pub group_names: Vec<GroupName>,
    /// What was read and what was not.
    pub coverage: Coverage,
}

impl Facts {
    /// The accounts by all their names: those that the resolved access shows and those of the accounts file.
    #[must_use]
    pub fn account_names(&self, access: &federation::Access) -> AccountNames {
        AccountNames::new(&self.accounts, &access.roles)
    }
}

/// The Okta org.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Org {
    /// Its id: domains change, this does not.
    pub id: OrgId,
    /// Company name.
    pub name: String,
    /// The host that was asked.
    pub domain: String,
}

/// The AWS app as Okta shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppRecord {
    /// App id.
    pub id: AppId,
    /// Catalogue name, `amazon_aws`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Okta's app status.
    pub status: String,
    /// Okta's sign-on mode.
    pub sign_on_mode: Option<String>,
    /// Provisioning features; not empty once the API integration is on.
    pub features: Vec<String>,
    /// `settings.app` without its credentials.
    pub settings: Map<String, Value>,
    /// `settings.signOn`.
    pub sign_on: Value,
    /// `settings.implicitAssignment`.
    pub implicit_assignment: bool,
    /// Whether Okta combines the roles of several groups.
    pub union: federation::Union,
    /// Created.
    pub created: Option<Timestamp>,
    /// Last changed.
    pub last_updated: Option<Timestamp>,
}

/// Keys of `settings.app` that never leave Okta's answer.
pub const SECRET_SETTINGS: [&str; 3] = ["accessKey", "secretKey", "secretKeyEnc"];

impl AppRecord {
    /// The app as the resolution sees it. What is odd in the settings is counted.
    pub fn to_federation(&self, warnings: &mut federation::Warnings) -> federation::App {
        federation::App {
            status: self.status.clone(),
            sign_on_mode: self.sign_on_mode.clone(),
            implicit_assignment: self.implicit_assignment,
            settings: federation::Settings::from_json(&self.settings, warnings),
        }
    }
}

/// Role values that Okta lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogueRecord {
    /// Where the list came from.
    pub source: federation::Catalogue,
    /// The values as stored.
    pub values: Vec<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Group id.
    pub id: GroupId,
    /// Name, type, origin and assignment: what access depends on.
    pub group: federation::Group,
    /// Created.
    pub created: Option<Timestamp>,
    /// Profile last changed.
    pub last_updated: Option<Timestamp>,
    /// A membership last changed.
    pub last_membership_updated: Option<Timestamp>,
    /// When the assignment to the app last changed.
    pub assignment_updated: Option<Timestamp>,
    /// The members were read to the end.
    pub members_read: bool,
}

/// A user. The groups stand in `user.groups` as positions in [`Facts::groups`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// User id.
    pub id: UserId,
    /// Status, assignment and groups: what access depends on.
    pub user: federation::User,
    /// The person behind it.
    pub person: Person,
    /// The assignment's own facts, beside the profile that `user.app_user` holds.
    pub assignment: Option<AssignmentRecord>,
}

/// A person as Okta's directory shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Name to show.
    pub display_name: String,
    /// Okta's user status; `None` when the user object could not be read.
    pub status: Option<String>,
    /// Login.
    pub login: Option<String>,
    /// The primary address, when it is an e-mail address.
    pub email: Option<String>,
    /// The second address, when it is wanted and an e-mail address.
    pub second_email: Option<String>,
    /// Employee numbers.
    pub employee_ids: Vec<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Created.
    pub created: Option<Timestamp>,
    /// Last sign-in to Okta.
    pub last_login: Option<Timestamp>,
    /// The allowed profile attributes as one JSON object. Kept as text: half a million of them must fit in memory.
    pub profile: Box<str>,
}

/// How a user is assigned to the app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssignmentRecord {
    /// Okta's word, if it gave one.
    pub scope: Option<String>,
    /// Okta's word.
    pub status: String,
    /// User name in the app: the AWS role session name.
    pub user_name: Option<String>,
    /// The one granting group that Okta names for a GROUP assignment.
    pub named_group: Option<GroupId>,
    /// Created.
    pub created: Option<Timestamp>,
    /// Last changed.
    pub last_updated: Option<Timestamp>,
    /// Status last changed.
    pub status_changed: Option<Timestamp>,
}

/// One of Okta's standard admin roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminRole {
    /// `SUPER_ADMIN`, `APP_ADMIN`, …
    pub kind: String,
    /// Okta's label.
    pub label: String,
    /// Users who hold it, by id.
    pub users: BTreeMap<UserId, AdminHolder>,
    /// Groups of the snapshot that hold it, by id, with what it is limited to.
    pub groups: BTreeMap<GroupId, Vec<String>>,
}

/// How a user holds an admin role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdminHolder {
    /// Assigned to the user.
    pub direct: bool,
    /// Groups of the snapshot through which the user holds it.
    pub groups: Vec<GroupId>,
    /// Groups outside the snapshot through which the user holds it: id and, when known, name.
    pub outside: Vec<(GroupId, Option<String>)>,
    /// What it is limited to, as `group:<id>` or `app:<name or id>`; empty means everything.
    pub targets: Vec<String>,
}
