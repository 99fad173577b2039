//! The org: what is in it, how it is put together, and how app users follow from groups.

mod admin;
mod app;
mod assigning;
mod assignment;
mod control;
mod delegating;
mod event;
mod file;
mod find;
mod group;
mod iam;
mod lag;
mod membership;
mod people;
mod set;
mod settle;
mod user;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::ids::IdSource;
pub use admin::{AdminRole, RoleTargets};
pub use app::{App, DEFAULT_GROUP_FILTER, DEFAULT_ROLE_VALUE_PATTERN};
pub(crate) use assignment::Profile;
pub use assignment::{AppGroup, AppUser, Scope};
pub(crate) use control::{Control, Hook, TokenFacts, token_id};
pub(crate) use event::{Event, Target};
pub use group::{Group, GroupKind, GroupRule};
pub(crate) use iam::{BoundRole, ResourceSetRow};
pub use iam::{CustomRole, ResourceSet};
pub(crate) use lag::History;
pub(crate) use set::IndexSet;
pub(crate) use settle::AppGroups;
pub use user::{User, UserStatus};

/// When an org begins, unless told otherwise: `created` of everything in it.
const BEGINNING: Timestamp = Timestamp::constant(1_735_787_045, 0);

/// A user and the groups it is in.
#[derive(Clone, Debug)]
pub(crate) struct UserRow {
    pub(crate) user: User,
    pub(crate) created: Timestamp,
    pub(crate) last_updated: Timestamp,
    pub(crate) status_changed: Timestamp,
    pub(crate) groups: IndexSet,
    pub(crate) gone: bool,
}

/// A group and the users in it.
#[derive(Clone, Debug)]
pub(crate) struct GroupRow {
    pub(crate) group: Group,
    pub(crate) created: Timestamp,
    pub(crate) last_updated: Timestamp,
    pub(crate) last_membership_updated: Timestamp,
    pub(crate) members: IndexSet,
    pub(crate) gone: bool,
}

/// An app user as stored; what groups give is worked out when it is read.
#[derive(Clone, Debug)]
pub(crate) struct AppUserRow {
    pub(crate) scope: Option<Scope>,
    pub(crate) status: std::borrow::Cow<'static, str>,
    pub(crate) profile: Profile,
    pub(crate) user_name: Option<Box<str>>,
    pub(crate) created: Timestamp,
    pub(crate) last_updated: Timestamp,
    /// Spelled out by a test: does not come and go with groups.
    pub(crate) pinned: bool,
}

/// An app and everything assigned to it.
#[derive(Clone, Debug)]
pub(crate) struct AppRow {
    pub(crate) app: App,
    pub(crate) created: Timestamp,
    pub(crate) last_updated: Timestamp,
    pub(crate) users: BTreeMap<usize, AppUserRow>,
    pub(crate) groups: AppGroups,
}

/// The holder of an admin role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    User(usize),
    Group(usize),
}

/// A standard admin role given to somebody.
#[derive(Clone, Debug)]
pub(crate) struct RoleRow {
    pub(crate) id: String,
    pub(crate) role: AdminRole,
    pub(crate) holder: Holder,
    pub(crate) targets: RoleTargets,
    pub(crate) created: Timestamp,
}

/// An Okta org in memory.
///
/// It is put together with methods that take and return it, each named after what it adds. References to users and
/// groups are ids, logins or names; what is referred to before it exists is made, so the shortest org is
/// `Org::new("acme").app(App::aws("0oaAWS").user(AppUser::direct("00uA").saml_roles(["Admin"])))`.
#[derive(Clone, Debug)]
pub struct Org {
    pub(crate) id: String,
    pub(crate) subdomain: String,
    pub(crate) company: String,
    pub(crate) users: Vec<UserRow>,
    pub(crate) groups: Vec<GroupRow>,
    pub(crate) apps: Vec<AppRow>,
    pub(crate) rules: Vec<GroupRule>,
    pub(crate) roles: Vec<RoleRow>,
    pub(crate) custom_roles: Vec<CustomRole>,
    pub(crate) resource_sets: Vec<ResourceSetRow>,
    pub(crate) events: Vec<Event>,
    pub(crate) control: Control,
    /// Who does what happens next.
    pub(crate) actor: Target,
    /// By which request.
    pub(crate) request_id: String,
    user_ids: HashMap<String, usize>,
    logins: HashMap<String, usize>,
    group_ids: HashMap<String, usize>,
    group_names: HashMap<String, usize>,
    everyone: Option<usize>,
    pub(crate) ids: IdSource,
    pub(crate) founded: Timestamp,
    pub(crate) now: Timestamp,
    /// Whether people work in the org: changes take effect and are logged one by one.
    live: bool,
    unsettled: bool,
}

impl Org {
    /// An empty org with this subdomain; the company is called the same, with a capital. There is no Everyone group
    /// until [`everyone`](Self::everyone) is called, so that tests count only what they wrote.
    pub fn new(subdomain: &str) -> Self {
        Self::seeded(subdomain, 1)
    }

    /// Like [`new`](Self::new); generated ids follow from `seed`.
    pub fn seeded(subdomain: &str, seed: u64) -> Self {
        let mut ids = IdSource::new(seed);
        let mut letters = subdomain.chars();
        let company = letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect());
        Self {
            id: ids.next("00o"),
            subdomain: subdomain.to_owned(),
            company,
            users: Vec::new(),
            groups: Vec::new(),
            apps: Vec::new(),
            rules: Vec::new(),
            roles: Vec::new(),
            custom_roles: Vec::new(),
            resource_sets: Vec::new(),
            events: Vec::new(),
            control: Control::default(),
            actor: Target::system(),
            request_id: String::new(),
            user_ids: HashMap::new(),
            logins: HashMap::new(),
            group_ids: HashMap::new(),
            group_names: HashMap::new(),
            everyone: None,
            ids,
            founded: BEGINNING,
            now: BEGINNING,
            live: false,
            unsettled: false,
        }
    }

    /// Chooses the company name.
    #[must_use]
    pub fn company(mut self, name: impl Into<String>) -> Self {
        self.company = name.into();
        self
    }

    /// Chooses the org's id, so that two orgs can be told apart.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The time at which what follows happens: `created` and `lastUpdated` of later additions.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.now = time;
        self
    }

    /// Adds the BUILT_IN group Everyone; every user, present and later, is in it unless DEPROVISIONED.
    #[must_use]
    pub fn everyone(mut self) -> Self {
        let group = Group::new("Everyone").description("All users in your organization").built_in();
        let everyone = self.insert_group(group);
        self.everyone = Some(everyone);
        let present: Vec<usize> = (0..self.users.len()).collect();
        for user in present {
            if self.users.get(user).is_some_and(|row| row.user.status != UserStatus::Deprovisioned) {
                self.join(everyone, user);
            }
        }
        self
    }

    /// Adds a user, or replaces the one with the same id.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.put_user(user);
        self
    }

    /// Adds several users.
    #[must_use]
    pub fn users(mut self, users: impl IntoIterator<Item = User>) -> Self {
        for user in users {
            self.put_user(user);
        }
        self
    }

    /// Adds a group, or replaces the one with the same id (its members are joined, none is removed).
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.put_group(group);
        self
    }

    /// Adds several groups.
    #[must_use]
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        for group in groups {
            self.put_group(group);
        }
        self
    }

    /// Adds an app with its app users and app groups, or replaces the one with the same id.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.put_app(app);
        self
    }

    /// Adds a group rule.
    #[must_use]
    pub fn rule(mut self, rule: GroupRule) -> Self {
        self.put_rule(rule);
        self
    }

    /// Adds a custom admin role.
    #[must_use]
    pub fn custom_role(mut self, role: CustomRole) -> Self {
        self.put_custom_role(role);
        self
    }

    /// Adds a resource set with its resources and bindings.
    #[must_use]
    pub fn resource_set(mut self, set: ResourceSet) -> Self {
        self.put_resource_set(set);
        self
    }

    /// Gives a user (id or login) an admin role.
    #[must_use]
    pub fn user_role(mut self, user: &str, role: AdminRole, targets: RoleTargets) -> Self {
        self.put_user_role(user, role, targets);
        self
    }

    /// Gives a group (id or name) an admin role, and thereby its members.
    #[must_use]
    pub fn group_role(mut self, group: &str, role: AdminRole, targets: RoleTargets) -> Self {
        self.put_group_role(group, role, targets);
        self
    }
}
