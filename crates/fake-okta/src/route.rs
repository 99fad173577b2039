//! Which endpoint a path names, and which rate bucket it draws on.

/// An endpoint with the ids in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    WellKnown,
    Org,
    Me,
    Users,
    User(&'p str),
    UserGroups(&'p str),
    UserLifecycle(&'p str, &'p str),
    Roles(Principal<'p>),
    Role(Principal<'p>, &'p str),
    GroupTargets(Principal<'p>, &'p str),
    AppTargets(Principal<'p>, &'p str),
    Target(Principal<'p>, &'p str, Target<'p>),
    Groups,
    Group(&'p str),
    GroupUsers(&'p str),
    Member(&'p str, &'p str),
    MemberRules(&'p str, &'p str),
    GroupApps(&'p str),
    Rules,
    Rule(&'p str),
    RuleLifecycle(&'p str, &'p str),
    Apps,
    App(&'p str),
    AppLifecycle(&'p str, &'p str),
    AppUsers(&'p str),
    AppUser(&'p str, &'p str),
    AppGroups(&'p str),
    AppGroup(&'p str, &'p str),
    Schema(&'p str),
    Types(&'p str),
    Assignees,
    CustomRoles,
    CustomRole(&'p str),
    Permissions(&'p str),
    ResourceSets,
    ResourceSet(&'p str),
    Resources(&'p str),
    Bindings(&'p str),
    Binding(&'p str, &'p str),
    BindingMembers(&'p str, &'p str),
    BindingMember(&'p str, &'p str, &'p str),
    Logs,
    SamlMetadata(&'p str),
    /// Features or the default connection.
    Provisioning(&'p str),
    Catalogue(&'p str),
    GroupOwners(&'p str),
    AppLinks(&'p str),
    EventHooks,
    EventHook(&'p str),
    ApiTokens,
    ApiToken(&'p str),
    RateSetting(&'p str),
    PrincipalLimits,
    ClientRoles(&'p str),
    ClientRole(&'p str, &'p str),
    AccessToken,
    Unknown,
}

/// Something that an admin role can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'p> {
    Group(&'p str),
    /// Every instance of a catalogue app.
    App(&'p str),
    /// One instance: its catalogue name and its id.
    Instance(&'p str, &'p str),
}

/// Who holds an admin role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal<'p> {
    User(&'p str),
    Group(&'p str),
}

/// Splits a path into its decoded segments.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .skip(1)
        .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

impl<'p> Route<'p> {
    pub(crate) fn of(segments: &'p [String]) -> Self {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [".well-known", "okta-organization"] => Self::WellKnown,
            ["oauth2", "v1", "token"] => Self::AccessToken,
            ["oauth2", "v1", "clients", client, "roles"] => Self::ClientRoles(client),
            ["oauth2", "v1", "clients", client, "roles", role] => Self::ClientRole(client, role),
            ["api", "v1", rest @ ..] => Self::below_api(rest),
            _ => Self::Unknown,
        }
    }

    fn below_api(parts: &[&'p str]) -> Self {
        match *parts {
            ["org"] => Self::Org,
            ["users"] => Self::Users,
            ["users", "me"] => Self::Me,
            ["users", user] => Self::User(user),
            ["users", user, "groups"] => Self::UserGroups(user),
            ["users", user, "lifecycle", action] => Self::UserLifecycle(user, action),
            ["users", user, "roles", ref rest @ ..] => Self::roles(Principal::User(user), rest),
            ["groups"] => Self::Groups,
            ["groups", "rules"] => Self::Rules,
            ["groups", "rules", rule] => Self::Rule(rule),
            ["groups", "rules", rule, "lifecycle", action] => Self::RuleLifecycle(rule, action),
            ["groups", group] => Self::Group(group),
            ["groups", group, "users"] => Self::GroupUsers(group),
            ["groups", group, "users", user] => Self::Member(group, user),
            ["groups", group, "users", user, "group-rules"] => Self::MemberRules(group, user),
            ["groups", group, "apps"] => Self::GroupApps(group),
            ["groups", group, "roles", ref rest @ ..] => Self::roles(Principal::Group(group), rest),
            ["apps"] => Self::Apps,
            ["apps", app] => Self::App(app),
            ["apps", app, "lifecycle", action] => Self::AppLifecycle(app, action),
            ["apps", app, "users"] => Self::AppUsers(app),
            ["apps", app, "users", user] => Self::AppUser(app, user),
            ["apps", app, "groups"] => Self::AppGroups(app),
            ["apps", app, "groups", group] => Self::AppGroup(app, group),
            ["meta", "schemas", "apps", app, "default"] => Self::Schema(app),
            ["internal", "apps", app, "types"] => Self::Types(app),
            ["apps", app, "sso", "saml", "metadata"] => Self::SamlMetadata(app),
            ["apps", app, "features"] | ["apps", app, "connections", "default"] => Self::Provisioning(app),
            ["catalog", "apps", name] => Self::Catalogue(name),
            ["groups", group, "owners"] => Self::GroupOwners(group),
            ["users", user, "appLinks"] => Self::AppLinks(user),
            ["eventHooks"] => Self::EventHooks,
            ["eventHooks", hook] => Self::EventHook(hook),
            ["api-tokens"] => Self::ApiTokens,
            ["api-tokens", token] => Self::ApiToken(token),
            ["rate-limit-settings", name] => Self::RateSetting(name),
            ["principal-rate-limits"] => Self::PrincipalLimits,
            ["logs"] => Self::Logs,
            ["iam", ref rest @ ..] => Self::below_iam(rest),
            _ => Self::Unknown,
        }
    }

    fn below_iam(parts: &[&'p str]) -> Self {
        match *parts {
            ["assignees", "users"] => Self::Assignees,
            ["roles"] => Self::CustomRoles,
            ["roles", role] => Self::CustomRole(role),
            ["roles", role, "permissions"] => Self::Permissions(role),
            ["resource-sets"] => Self::ResourceSets,
            ["resource-sets", set] => Self::ResourceSet(set),
            ["resource-sets", set, "resources"] => Self::Resources(set),
            ["resource-sets", set, "bindings"] => Self::Bindings(set),
            ["resource-sets", set, "bindings", role] => Self::Binding(set, role),
            ["resource-sets", set, "bindings", role, "members"] => Self::BindingMembers(set, role),
            ["resource-sets", set, "bindings", role, "members", member] => {
                Self::BindingMember(set, role, member)
            }
            _ => Self::Unknown,
        }
    }

    fn roles(principal: Principal<'p>, rest: &[&'p str]) -> Self {
        match *rest {
            [] => Self::Roles(principal),
            [role] => Self::Role(principal, role),
            [role, "targets", "groups"] => Self::GroupTargets(principal, role),
            [role, "targets", "groups", id] => Self::Target(principal, role, Target::Group(id)),
            [role, "targets", "catalog", "apps"] => Self::AppTargets(principal, role),
            [role, "targets", "catalog", "apps", name] => Self::Target(principal, role, Target::App(name)),
            [role, "targets", "catalog", "apps", name, id] => {
                Self::Target(principal, role, Target::Instance(name, id))
            }
            _ => Self::Unknown,
        }
    }
}

/// A rate bucket: endpoints that share one allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// `/api/v1/apps*`: the list and everything below an app.
    Apps,
    /// `/api/v1/apps/{id}` exactly.
    AppById,
    /// `/api/v1/groups*`: the list, members, rules, group roles.
    Groups,
    /// `/api/v1/groups/{id}` exactly.
    GroupById,
    /// `/api/v1/users` and what lies below a user.
    Users,
    /// `GET /api/v1/users/{id}`.
    UserById,
    /// Any write to `/api/v1/users/{id}`.
    UserWrite,
    /// `/api/v1/logs`.
    Logs,
    /// `/api/v1/iam*`.
    Iam,
    /// `/oauth2/v1/token`.
    AccessToken,
    /// `/oauth2/v1/clients*`.
    Clients,
    /// The rest of `/api/v1`: org, schemas, internal types, hooks, API tokens, rate-limit settings.
    Rest,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 12] = [
        Self::Apps,
        Self::AppById,
        Self::Groups,
        Self::GroupById,
        Self::Users,
        Self::UserById,
        Self::UserWrite,
        Self::Logs,
        Self::Iam,
        Self::AccessToken,
        Self::Clients,
        Self::Rest,
    ];

    /// The bucket of a request: exact paths first, else the longest prefix.
    pub(crate) fn of(get: bool, segments: &[String]) -> Self {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["api", "v1", "apps", _] => Self::AppById,
            ["api", "v1", "apps", ..] => Self::Apps,
            ["api", "v1", "groups", _] if !parts.ends_with(&["rules"]) => Self::GroupById,
            ["api", "v1", "groups", ..] => Self::Groups,
            ["api", "v1", "users", _] if get => Self::UserById,
            ["api", "v1", "users", _] => Self::UserWrite,
            ["api", "v1", "users", ..] => Self::Users,
            ["api", "v1", "logs"] => Self::Logs,
            ["api", "v1", "iam", ..] => Self::Iam,
            ["oauth2", "v1", "token"] => Self::AccessToken,
            ["oauth2", "v1", "clients", ..] => Self::Clients,
            _ => Self::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_endpoint_and_bucket() {
        let table = [
            ("/api/v1/org", Route::Org, Bucket::Rest),
            ("/api/v1/apps", Route::Apps, Bucket::Apps),
            ("/api/v1/apps/0oa", Route::App("0oa"), Bucket::AppById),
            ("/api/v1/apps/0oa/users/00u", Route::AppUser("0oa", "00u"), Bucket::Apps),
            ("/api/v1/groups/rules", Route::Rules, Bucket::Groups),
            ("/api/v1/groups/rules/0pr", Route::Rule("0pr"), Bucket::Groups),
            ("/api/v1/groups/00g", Route::Group("00g"), Bucket::GroupById),
            ("/api/v1/groups/00g/users/00u", Route::Member("00g", "00u"), Bucket::Groups),
            ("/api/v1/users/me", Route::Me, Bucket::UserById),
            ("/api/v1/users/a%2Fb", Route::User("a/b"), Bucket::UserById),
            ("/api/v1/users/00u/groups", Route::UserGroups("00u"), Bucket::Users),
            ("/api/v1/meta/schemas/apps/0oa/default", Route::Schema("0oa"), Bucket::Rest),
            ("/api/v1/iam/assignees/users", Route::Assignees, Bucket::Iam),
            ("/api/v2/org", Route::Unknown, Bucket::Rest),
            ("/api/v1/users/00u/roles/x", Route::Role(Principal::User("00u"), "x"), Bucket::Users),
        ];
        for (path, route, bucket) in table {
            let segments = segments(path);
            assert_eq!(Route::of(&segments), route, "{path}");
            assert_eq!(Bucket::of(true, &segments), bucket, "{path}");
        }
    }
}
