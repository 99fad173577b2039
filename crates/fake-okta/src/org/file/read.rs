//! From a file to an org.

use serde_json::{Map, Value};

use super::{AppFile, AppGroupFile, AppUserFile, GroupFile, OrgFile, RoleFile, RuleFile, UserFile};
use crate::Error;
use crate::org::{
    AdminRole, App, AppGroup, AppUser, CustomRole, Group, GroupRule, Org, Profile, ResourceSet, RoleTargets,
    User, UserStatus,
};

impl Org {
    /// Reads an org from YAML (or JSON, which is YAML too).
    ///
    /// ```
    /// use rolebook_fake_okta::Org;
    ///
    /// let org = Org::from_yaml(r#"
    /// subdomain: acme
    /// everyone: true
    /// users:
    ///   - {id: 00uA, login: ann@acme.test, first_name: Ann, last_name: Lee, status: SUSPENDED, profile: {department: Ops}}
    /// groups:
    ///   - {id: gX, name: aws-admins, members: [00uA, bob@acme.test], profile: {description: Admins}}
    ///   - {name: imported, source: 0oaAD}
    /// apps:
    ///   - {id: 0oaAD, name: active_directory, sign_on_mode: NONE}
    ///   - id: 0oaAWS
    ///     name: amazon_aws
    ///     settings: {joinAllRoles: true, identityProviderArn: "arn:aws:iam::111122223333:saml-provider/OKTA"}
    ///     without: [appFilter]        # settings that are missing altogether
    ///     union: true
    ///     types: {SamlIamRole: [Admin], IamRole: [], AWSEnvironmentEnum: []}
    ///     groups:
    ///       - {group: gX, priority: 0, profile: {samlRoles: [Admin]}}
    ///     users:
    ///       - {user: 00uA, profile: {samlRoles: [Ops]}}
    ///       - {user: cy@acme.test, scope: GROUP, raw_profile: {samlRoles: "hostile"}}
    /// rules:
    ///   - {id: 0pr1, name: Ops people, expression: 'user.department=="Ops"', groups: [gX], holds: [00uA]}
    /// roles:
    ///   - {user: 00uA, role: SUPER_ADMIN}
    ///   - {group: gX, role: APP_ADMIN, target_apps: [amazon_aws]}
    /// custom_roles:
    ///   - {id: cr0R, label: Reviewer, permissions: [okta.apps.read]}
    /// resource_sets:
    ///   - {id: iamS, label: AWS, resources: [/api/v1/apps/0oaAWS], bindings: {cr0R: [gX]}}
    /// "#)?;
    /// assert!(org.is_member("gX", "00uA"));
    /// assert_eq!(Org::from_yaml(&org.to_yaml()?)?.to_yaml()?, org.to_yaml()?);
    /// # Ok::<(), rolebook_fake_okta::Error>(())
    /// ```
    ///
    /// Only `subdomain` is needed. App users that groups grant are not written down: they follow. Times (`created`,
    /// `last_updated`, `last_membership_updated`, `last_login`) are RFC 3339 and default to the org's `created`.
    ///
    /// # Errors
    ///
    /// [`Error::OrgFile`] with the place and the reason, such as an unknown word or status.
    pub fn from_yaml(yaml: &str) -> Result<Self, Error> {
        let file: OrgFile =
            serde_saphyr::from_str(yaml).map_err(|error| Error::OrgFile(error.to_string()))?;
        if file.subdomain.is_empty() {
            return Err(Error::OrgFile(
                "`subdomain` is missing; write for example `subdomain: acme`".to_owned(),
            ));
        }
        // Ids made later must not be ids of the file, which another org may have made from its own seed.
        let seed = yaml.bytes().fold(0, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        build(Self::seeded(&file.subdomain, seed), file)
    }
}

fn build(mut org: Org, file: OrgFile) -> Result<Org, Error> {
    org.company = file.company.unwrap_or(org.company);
    org.id = file.id.unwrap_or(org.id);
    if let Some(created) = file.created {
        org.founded = created;
        org.now = created;
    }
    for user in file.users {
        org.put_user(user_of(user)?);
    }
    for group in file.groups {
        org.put_group(group_of(group));
    }
    if file.everyone {
        org = org.everyone();
    }
    for app in file.apps {
        org.put_app(app_of(app)?);
    }
    for rule in file.rules {
        org.put_rule(rule_of(rule)?);
    }
    for role in file.roles {
        org = give(org, role)?;
    }
    for role in file.custom_roles {
        let spec = CustomRole::new(role.label).id(role.id).description(role.description);
        org.put_custom_role(spec.permissions(role.permissions));
    }
    for set in file.resource_sets {
        let spec =
            ResourceSet::new(set.label).id(set.id).description(set.description).resources(set.resources);
        org.put_resource_set(
            set.bindings.into_iter().fold(spec, |spec, (role, members)| spec.bind(role, members)),
        );
    }
    Ok(org)
}

fn unknown(what: &str, word: &str) -> Error {
    Error::OrgFile(format!("`{word}` is no {what}"))
}

fn user_of(file: UserFile) -> Result<User, Error> {
    let login = if file.login.is_empty() { file.id.clone() } else { file.login };
    let mut user = User::new(login).id(file.id);
    user.first_name = file.first_name.map_or(user.first_name, Into::into);
    user.last_name = file.last_name.map_or(user.last_name, Into::into);
    if let Some(word) = file.status {
        let status = UserStatus::ALL.into_iter().find(|status| status.as_str() == word);
        user.status = status.ok_or_else(|| unknown("user status", &word))?;
    }
    user.attributes = (!file.profile.is_empty()).then(|| Box::new(file.profile));
    Ok(User { created: file.created, last_updated: file.last_updated, last_login: file.last_login, ..user })
}

fn group_of(file: GroupFile) -> Group {
    let mut group = file.name.map_or_else(Group::nameless, Group::new).id(file.id).members(file.members);
    if let Some(source) = file.source {
        group = group.from_app(source);
    }
    if file.built_in {
        group = group.built_in();
    }
    group.attributes = (!file.profile.is_empty()).then(|| Box::new(file.profile));
    Group {
        created: file.created,
        last_updated: file.last_updated,
        last_membership_updated: file.last_membership_updated,
        ..group
    }
}

fn app_of(file: AppFile) -> Result<App, Error> {
    let mut app = App::named(file.id, file.name);
    app.label = file.label.unwrap_or(app.label);
    app.status = file.status.unwrap_or(app.status);
    app.sign_on_mode = match file.sign_on_mode.as_deref() {
        None => app.sign_on_mode,
        Some("NONE") => None,
        Some(mode) => Some(mode.to_owned()),
    };
    app.settings.extend(file.settings);
    app.settings.retain(|key, _| !file.without.contains(key));
    app.types = file.types.unwrap_or(app.types);
    app.groups = file.groups.into_iter().map(app_group_of).collect();
    app.users = file.users.into_iter().map(app_user_of).collect::<Result<_, _>>()?;
    Ok(App {
        sign_on: file.sign_on,
        implicit_assignment: file.implicit_assignment,
        features: file.features,
        union: file.union,
        custom_properties: file.custom_properties,
        schema: file.raw_schema,
        created: file.created,
        last_updated: file.last_updated,
        ..app
    })
}

fn profile_of(set: Option<Map<String, Value>>, raw: Option<Value>) -> Profile {
    match (set, raw) {
        (_, Some(raw)) => Profile::Raw(raw),
        (Some(set), None) => Profile::Attributes(set),
        (None, None) => Profile::Unset,
    }
}

fn app_group_of(file: AppGroupFile) -> AppGroup {
    let profile = profile_of(file.profile, file.raw_profile);
    AppGroup { group: file.group, priority: file.priority, profile, last_updated: file.last_updated }
}

fn app_user_of(file: AppUserFile) -> Result<AppUser, Error> {
    let user = match file.scope.as_deref() {
        None | Some("USER") => AppUser::direct(file.user),
        Some("GROUP") => AppUser::by_group(file.user),
        Some("NONE") => AppUser::unscoped(file.user),
        Some(word) => return Err(unknown("scope (USER, GROUP or NONE)", word)),
    };
    Ok(AppUser {
        status: file.status.map_or(user.status, Into::into),
        profile: profile_of(file.profile, file.raw_profile),
        user_name: file.user_name,
        created: file.created,
        last_updated: file.last_updated,
        ..user
    })
}

fn rule_of(file: RuleFile) -> Result<GroupRule, Error> {
    let rule = GroupRule::new(file.name, file.expression)
        .id(file.id)
        .assigns(file.groups)
        .excludes(file.excludes)
        .holds(file.holds);
    match file.status.as_deref() {
        None | Some("ACTIVE") => Ok(rule),
        Some("INACTIVE") => Ok(rule.inactive()),
        Some("INVALID") => Ok(rule.invalid()),
        Some(word) => Err(unknown("rule status", word)),
    }
}

fn give(org: Org, file: RoleFile) -> Result<Org, Error> {
    let role = AdminRole::ALL.into_iter().find(|role| role.as_str() == file.role);
    let role = role.ok_or_else(|| unknown("admin role", &file.role))?;
    let targets = RoleTargets::all().groups(file.target_groups).apps(file.target_apps);
    match (file.user, file.group) {
        (Some(user), None) => Ok(org.user_role(&user, role, targets)),
        (None, Some(group)) => Ok(org.group_role(&group, role, targets)),
        _ => Err(Error::OrgFile(format!("role {} needs either `user` or `group`", file.role))),
    }
}
