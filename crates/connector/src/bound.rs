//! The fewest requests that a reading of this size can take; tests hold the sync to it, the summary shows it.

use crate::Stage;

/// Objects per page that are asked for.
const APP_USERS: u64 = 500;
const APP_GROUPS: u64 = 200;
const GROUPS: u64 = 200;
const MEMBERS: u64 = 1000;
const RULES: u64 = 200;
const ASSIGNEES: u64 = 100;
const IAM: u64 = 100;

/// What a reading found, in the numbers that its cost follows from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bound {
    /// App users.
    pub app_users: u64,
    /// Groups assigned to the app.
    pub app_groups: u64,
    /// Groups of the org; `None` in direct mode, where they are not listed.
    pub groups: Option<u64>,
    /// Members of each group whose members are read.
    pub members: Vec<u64>,
    /// Group rules.
    pub rules: u64,
    /// A service app asks: it needs an access token, and the role catalogue is not for it.
    pub service_app: bool,
    /// Okta admin roles, when they are read.
    pub admin: Option<AdminBound>,
    /// Custom admin roles, when they are read.
    pub custom: Option<CustomBound>,
    /// Nobody is assigned, and that is news: then one request tells whether the token sees anybody at all.
    pub nobody: bool,
}

/// What reading admin roles adds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdminBound {
    /// Users who hold a role.
    pub assignees: u64,
    /// Groups of the snapshot that may hold one.
    pub groups: u64,
    /// Holders who are not otherwise read.
    pub others: u64,
}

/// What reading custom admin roles adds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomBound {
    /// Custom roles; each is asked for its permissions.
    pub roles: u64,
    /// Resource sets.
    pub sets: u64,
    /// Entries of each further list: resources and bindings of each set, members of each binding.
    pub lists: Vec<u64>,
    /// Members who are not otherwise read.
    pub others: u64,
}

impl Bound {
    /// The number of requests: org, app, token owner, and each list's pages; direct mode also reads schema and types.
    /// A service app looks for a user instead of its owner.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let lists = pages(self.app_users, APP_USERS)
            + pages(self.app_groups, APP_GROUPS)
            + pages(self.rules, RULES)
            + self.members.iter().map(|members| pages(*members, MEMBERS)).sum::<u64>();
        let access_token = u64::from(self.service_app);
        let catalogue = u64::from(!self.service_app);
        let by_mode = self.groups.map_or(1 + catalogue, |groups| pages(groups, GROUPS));
        let admin = self.admin.as_ref().map_or(0, |admin| {
            pages(admin.assignees, ASSIGNEES) + admin.assignees + admin.groups + admin.others
        });
        let custom = self.custom.as_ref().map_or(0, |custom| {
            let lists: u64 = custom.lists.iter().map(|items| pages(*items, IAM)).sum();
            pages(custom.roles, IAM) + custom.roles + pages(custom.sets, IAM) + lists + custom.others
        });
        3 + access_token + lists + by_mode + admin + custom + u64::from(self.nobody)
    }
}

/// The fewest requests for a list, or for an object of a stage that reads objects one by one.
pub(crate) fn least(stage: Stage, items: u64) -> u64 {
    match stage {
        Stage::AppUsers => pages(items, APP_USERS),
        Stage::AppGroups => pages(items, APP_GROUPS),
        Stage::Groups => pages(items, GROUPS),
        Stage::Members => pages(items, MEMBERS),
        Stage::GroupRules => pages(items, RULES),
        Stage::AdminRoles => pages(items, ASSIGNEES),
        Stage::CustomRoles => pages(items, IAM),
        Stage::Probe | Stage::Schema | Stage::Types | Stage::Seal | Stage::Events => 1,
    }
}

/// An empty list still takes the request that shows it empty.
fn pages(items: u64, per_page: u64) -> u64 {
    items.div_ceil(per_page).max(1)
}
