//! The reads of a federation connector, by name.

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::pager::{List, Pager};
use crate::shapes::{
    App, AppGroup, AppId, AppSchema, AppTypes, AppUser, Binding, BindingMember, CustomRole, Group, GroupId,
    GroupRule, LogEvent, Org, Permission, ResourceSet, RoleAssignee, RoleAssignment, SetResource, User,
    UserId,
};
use crate::target::Target;

/// Page sizes are Okta's documented maxima; for groups, what Okta recommends.
const APPS: u32 = 200;
const APP_USERS: u32 = 500;
const APP_GROUPS: u32 = 200;
const GROUPS: u32 = 200;
const GROUP_MEMBERS: u32 = 1000;
const GROUP_RULES: u32 = 200;
const USER_GROUPS: u32 = 200;
const USERS: u32 = 200;
const ROLE_ASSIGNEES: u32 = 100;
/// Lists below `/iam`, where Okta documents a limit.
const IAM: &str = "100";

/// Which groups to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupQuery {
    /// `app` for the source of imported groups, `stats` for counts.
    pub expand: Option<&'static str>,
    /// Okta's search expression, such as `profile.name sw "aws_"`. Its index lags behind by seconds to minutes.
    pub search: Option<String>,
    /// Okta's filter expression, such as `lastMembershipUpdated gt "2026-01-01T00:00:00.000Z"`.
    pub filter: Option<String>,
}

/// Reads. Each says what its path is; all end in the [`Error`]s described there.
#[expect(clippy::missing_errors_doc, reason = "every read can end in any error of this crate")]
impl Client {
    /// `GET /org`: the org, and with it whether the token is alive.
    pub async fn org(&self) -> Result<Org, Error> {
        self.read(Target::of(&["org"])?).await
    }

    /// `GET /users/me`: the owner of the token. A service app has none and is refused.
    pub async fn me(&self) -> Result<User, Error> {
        self.read(Target::of(&["users", "me"])?).await
    }

    /// `GET /users/{id}`. A deactivated user is still found, a deleted one is gone.
    pub async fn user(&self, id: &UserId) -> Result<User, Error> {
        self.read(Target::of(&["users", id.as_str()])?).await
    }

    /// `GET /users`, without deprovisioned users. A service app without admin role gets an empty list instead of
    /// a refusal. `limit` is the page size, 1 to 200.
    pub fn users(&self, limit: u32) -> Result<Pager<User>, Error> {
        self.list(Target::of(&["users"])?, limit)
    }

    /// `GET /users?search=…`, deprovisioned users included. The index lags behind by seconds to minutes.
    pub fn users_found(&self, search: &str) -> Result<Pager<User>, Error> {
        self.list(Target::of(&["users"])?.with("search", search), USERS)
    }

    /// `GET /users/{id}/groups`, Everyone included.
    pub fn user_groups(&self, id: &UserId) -> Result<Pager<Group>, Error> {
        self.list(Target::of(&["users", id.as_str(), "groups"])?, USER_GROUPS)
    }

    /// `GET /apps`: all that the token sees.
    pub fn apps(&self) -> Result<Pager<App>, Error> {
        self.list(Target::of(&["apps"])?, APPS)
    }

    /// `GET /apps`, those with one catalogue name.
    pub fn apps_named(&self, name: &str) -> Result<Pager<App>, Error> {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let target = Target::of(&["apps"])?.with("filter", &format!("name eq \"{quoted}\""));
        self.list(target, APPS)
    }

    /// `GET /apps/{id}`.
    pub async fn app(&self, id: &AppId) -> Result<App, Error> {
        self.read(Target::of(&["apps", id.as_str()])?).await
    }

    /// `GET /meta/schemas/apps/{id}/default`: the schema of the app's user profile.
    pub async fn app_schema(&self, id: &AppId) -> Result<AppSchema, Error> {
        self.read(Target::of(&["meta", "schemas", "apps", id.as_str(), "default"])?).await
    }

    /// `GET /internal/apps/{id}/types`: imported enumerations. Not documented by Okta: expect refusals, 404 and
    /// web pages, and go on without it.
    pub async fn app_types(&self, id: &AppId) -> Result<AppTypes, Error> {
        self.read(Target::of(&["internal", "apps", id.as_str(), "types"])?).await
    }

    /// `GET /apps/{id}/users?expand=user`: every assignment with its user.
    pub fn app_users(&self, app: &AppId) -> Result<Pager<AppUser>, Error> {
        let target = Target::of(&["apps", app.as_str(), "users"])?.with("expand", "user");
        self.list(target, APP_USERS)
    }

    /// `GET /apps/{id}/users/{uid}?expand=user`: one assignment; gone when there is none.
    pub async fn app_user(&self, app: &AppId, user: &UserId) -> Result<AppUser, Error> {
        let target = Target::of(&["apps", app.as_str(), "users", user.as_str()])?.with("expand", "user");
        self.read(target).await
    }

    /// `GET /apps/{id}/groups`; with `expand_group` each assignment carries its group, else not even a name.
    pub fn app_groups(&self, app: &AppId, expand_group: bool) -> Result<Pager<AppGroup>, Error> {
        let mut target = Target::of(&["apps", app.as_str(), "groups"])?;
        if expand_group {
            target = target.with("expand", "group");
        }
        self.list(target, APP_GROUPS)
    }

    /// `GET /apps/{id}/groups/{gid}`: one assignment; gone when there is none.
    pub async fn app_group(&self, app: &AppId, group: &GroupId) -> Result<AppGroup, Error> {
        self.read(Target::of(&["apps", app.as_str(), "groups", group.as_str()])?).await
    }

    /// `GET /groups`.
    pub fn groups(&self, query: &GroupQuery) -> Result<Pager<Group>, Error> {
        let mut target = Target::of(&["groups"])?;
        let parameters = [
            ("expand", query.expand),
            ("search", query.search.as_deref()),
            ("filter", query.filter.as_deref()),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                target = target.with(name, value);
            }
        }
        self.list(target, GROUPS)
    }

    /// `GET /groups/{id}`.
    pub async fn group(&self, id: &GroupId) -> Result<Group, Error> {
        self.read(Target::of(&["groups", id.as_str()])?).await
    }

    /// `GET /groups/{id}/users`: the members, as whole users.
    pub fn group_members(&self, id: &GroupId) -> Result<Pager<User>, Error> {
        self.list(Target::of(&["groups", id.as_str(), "users"])?, GROUP_MEMBERS)
    }

    /// `GET /groups/{gid}/users/{uid}/group-rules`: the rules that hold a member in the group. Orgs before 2026.06.0
    /// do not have it.
    pub fn member_rules(&self, group: &GroupId, user: &UserId) -> Result<Pager<GroupRule>, Error> {
        let path = ["groups", group.as_str(), "users", user.as_str(), "group-rules"];
        Ok(self.pager(Target::of(&path)?, None))
    }

    /// `GET /logs`, oldest first: entries after `since` that fit Okta's filter expression, up to `limit` (at most
    /// 1000). Entries appear with a delay of seconds.
    pub async fn log(
        &self,
        since: jiff::Timestamp,
        filter: &str,
        limit: u32,
    ) -> Result<Vec<LogEvent>, Error> {
        let target = Target::of(&["logs"])?
            .with("since", &since.to_string())
            .with("filter", filter)
            .with("limit", &limit.to_string());
        self.read(target).await
    }

    /// `GET /groups/rules`.
    pub fn group_rules(&self) -> Result<Pager<GroupRule>, Error> {
        self.list(Target::of(&["groups", "rules"])?, GROUP_RULES)
    }

    /// `GET /iam/assignees/users`: users who hold an admin role, directly or through a group.
    pub fn role_assignees(&self) -> Result<Pager<RoleAssignee>, Error> {
        let target = Target::of(&["iam", "assignees", "users"])?.with("limit", &ROLE_ASSIGNEES.to_string());
        Ok(self.pager(target, Some("value")))
    }

    /// `GET /iam/roles`: custom admin roles.
    pub fn custom_roles(&self) -> Result<Pager<CustomRole>, Error> {
        Ok(self.pager(Target::of(&["iam", "roles"])?.with("limit", IAM), Some("roles")))
    }

    /// `GET /iam/roles/{id}/permissions`.
    pub fn role_permissions(&self, role: &str) -> Result<Pager<Permission>, Error> {
        Ok(self.pager(Target::of(&["iam", "roles", role, "permissions"])?, Some("permissions")))
    }

    /// `GET /iam/resource-sets`.
    pub fn resource_sets(&self) -> Result<Pager<ResourceSet>, Error> {
        Ok(self.pager(Target::of(&["iam", "resource-sets"])?.with("limit", IAM), Some("resource-sets")))
    }

    /// `GET /iam/resource-sets/{set}/resources`.
    pub fn set_resources(&self, set: &str) -> Result<Pager<SetResource>, Error> {
        let target = Target::of(&["iam", "resource-sets", set, "resources"])?.with("limit", IAM);
        Ok(self.pager(target, Some("resources")))
    }

    /// `GET /iam/resource-sets/{set}/bindings`: the roles that are bound.
    pub fn set_bindings(&self, set: &str) -> Result<Pager<Binding>, Error> {
        Ok(self.pager(Target::of(&["iam", "resource-sets", set, "bindings"])?, Some("roles")))
    }

    /// `GET /iam/resource-sets/{set}/bindings/{role}/members`.
    pub fn binding_members(&self, set: &str, role: &str) -> Result<Pager<BindingMember>, Error> {
        let target = Target::of(&["iam", "resource-sets", set, "bindings", role, "members"])?;
        Ok(self.pager(target, Some("members")))
    }

    /// `GET /users/{id}/roles`, with roles that come from groups. `expand` may be `targets/groups` or
    /// `targets/catalog/apps`.
    pub fn user_roles(&self, id: &UserId, expand: Option<&str>) -> Result<Pager<RoleAssignment>, Error> {
        self.roles(Target::of(&["users", id.as_str(), "roles"])?, expand)
    }

    /// `GET /groups/{id}/roles`. `expand` as for [`Client::user_roles`].
    pub fn group_roles(&self, id: &GroupId, expand: Option<&str>) -> Result<Pager<RoleAssignment>, Error> {
        self.roles(Target::of(&["groups", id.as_str(), "roles"])?, expand)
    }

    /// Any list whose body is the list, paged by the `Link` header. `target` as for [`Client::get`].
    pub fn list_at<T: DeserializeOwned>(&self, target: &str) -> Result<Pager<T>, Error> {
        Ok(self.pager(Target::parse(target)?, None))
    }

    /// Any list under `key` of a body that also holds the next link, as everywhere below `/iam`.
    pub fn list_under<T: DeserializeOwned>(
        &self,
        target: &str,
        key: &'static str,
    ) -> Result<Pager<T>, Error> {
        Ok(self.pager(Target::parse(target)?, Some(key)))
    }

    fn roles(&self, target: Target, expand: Option<&str>) -> Result<Pager<RoleAssignment>, Error> {
        let target = match expand {
            Some(expand) => target.with("expand", expand),
            None => target,
        };
        Ok(self.pager(target, None))
    }

    fn list<T: DeserializeOwned>(&self, target: Target, limit: u32) -> Result<Pager<T>, Error> {
        Ok(self.pager(target.with("limit", &limit.to_string()), None))
    }

    fn pager<T: DeserializeOwned>(&self, first: Target, key: Option<&'static str>) -> Pager<T> {
        Pager::new(self.clone(), List { first, key })
    }
}
