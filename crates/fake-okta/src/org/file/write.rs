//! From an org to a file.

use super::{
    AppFile, AppGroupFile, AppUserFile, CustomRoleFile, GroupFile, OrgFile, ResourceSetFile, RoleFile,
    RuleFile, UserFile,
};
use crate::Error;
use crate::org::{
    App, AppRow, AppUserRow, GroupKind, GroupRow, Holder, Org, Profile, Scope, UserRow, UserStatus,
};
use jiff::Timestamp;

impl Org {
    /// The org as YAML, ready for [`from_yaml`](Self::from_yaml). The System Log is not part of it.
    ///
    /// # Errors
    ///
    /// [`Error::OrgFile`] when something cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String, Error> {
        serde_saphyr::to_string(&file_of(self)).map_err(|error| Error::OrgFile(error.to_string()))
    }
}

fn file_of(org: &Org) -> OrgFile {
    let groups =
        org.groups.iter().enumerate().filter(|(index, row)| !row.gone && org.everyone != Some(*index));
    OrgFile {
        subdomain: org.subdomain.clone(),
        company: Some(org.company.clone()),
        id: Some(org.id.clone()),
        created: Some(org.founded),
        everyone: org.everyone.is_some(),
        users: org.users.iter().filter(|row| !row.gone).map(|row| user(org, row)).collect(),
        groups: groups.map(|(_, row)| group(org, row)).collect(),
        apps: org.apps.iter().map(|row| app(org, row)).collect(),
        rules: org.rules.iter().map(rule).collect(),
        roles: org.roles.iter().map(|row| role(org, row)).collect(),
        custom_roles: org.custom_roles.iter().map(custom_role).collect(),
        resource_sets: org.resource_sets.iter().map(|set| resource_set(org, set)).collect(),
    }
}

/// A time, unless it is the one that is taken for granted.
fn other(time: Timestamp, granted: Timestamp) -> Option<Timestamp> {
    (time != granted).then_some(time)
}

fn user(org: &Org, row: &UserRow) -> UserFile {
    let user = &row.user;
    UserFile {
        id: user.id.clone(),
        login: user.login.clone(),
        first_name: Some(user.first_name.to_string()),
        last_name: Some(user.last_name.to_string()),
        status: (user.status != UserStatus::Active).then(|| user.status.as_str().to_owned()),
        profile: user.attributes.as_deref().cloned().unwrap_or_default(),
        created: other(row.created, org.founded),
        last_updated: other(row.last_updated, row.created),
        last_login: user.last_login,
    }
}

fn group(org: &Org, row: &GroupRow) -> GroupFile {
    let group = &row.group;
    GroupFile {
        id: group.id.clone(),
        name: group.name.clone(),
        source: match &group.kind {
            GroupKind::App { source } => Some(source.clone()),
            GroupKind::Okta | GroupKind::BuiltIn => None,
        },
        built_in: group.kind == GroupKind::BuiltIn,
        profile: group.attributes.as_deref().cloned().unwrap_or_default(),
        members: row.members.iter().map(|user| org.user_id(user)).collect(),
        created: other(row.created, org.founded),
        last_updated: other(row.last_updated, row.created),
        last_membership_updated: other(row.last_membership_updated, row.created),
    }
}

fn app(org: &Org, row: &AppRow) -> AppFile {
    let app = &row.app;
    let fresh = App::named("", app.name.clone());
    let changed = |(key, value): &(&String, &serde_json::Value)| fresh.settings.get(*key) != Some(*value);
    let spelled =
        |row: &AppUserRow| row.pinned || row.scope != Some(Scope::Group) || row.profile != Profile::Unset;
    AppFile {
        id: app.id.clone(),
        name: app.name.clone(),
        label: Some(app.label.clone()),
        status: (app.status != "ACTIVE").then(|| app.status.clone()),
        sign_on_mode: match (&app.sign_on_mode, &fresh.sign_on_mode) {
            (here, there) if here == there => None,
            (None, _) => Some("NONE".to_owned()),
            (Some(mode), _) => Some(mode.clone()),
        },
        settings: app
            .settings
            .iter()
            .filter(changed)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        without: fresh.settings.keys().filter(|key| !app.settings.contains_key(*key)).cloned().collect(),
        sign_on: app.sign_on.clone(),
        implicit_assignment: app.implicit_assignment,
        features: app.features.clone(),
        union: app.union,
        custom_properties: app.custom_properties.clone(),
        raw_schema: app.schema.clone(),
        types: (app.types != fresh.types).then(|| app.types.clone()),
        groups: row
            .groups
            .rows()
            .iter()
            .map(|at| {
                let (profile, raw_profile) = profile(&at.profile);
                let last_updated = other(at.last_updated, org.founded);
                AppGroupFile {
                    group: org.group_id(at.group),
                    priority: Some(at.priority),
                    profile,
                    raw_profile,
                    last_updated,
                }
            })
            .collect(),
        users: row
            .users
            .iter()
            .filter(|(_, at)| spelled(at))
            .map(|(index, at)| app_user(org, *index, at))
            .collect(),
        created: other(row.created, org.founded),
        last_updated: other(row.last_updated, row.created),
    }
}

type ProfileWords = (Option<serde_json::Map<String, serde_json::Value>>, Option<serde_json::Value>);

fn profile(profile: &Profile) -> ProfileWords {
    match profile {
        Profile::Unset => (None, None),
        Profile::Attributes(set) => (Some(set.clone()), None),
        Profile::Raw(raw) => (None, Some(raw.clone())),
    }
}

fn app_user(org: &Org, index: usize, row: &AppUserRow) -> AppUserFile {
    let (profile, raw_profile) = profile(&row.profile);
    AppUserFile {
        user: org.user_id(index),
        scope: match row.scope {
            Some(Scope::User) => None,
            Some(Scope::Group) => Some("GROUP".to_owned()),
            None => Some("NONE".to_owned()),
        },
        status: (row.status != "ACTIVE").then(|| row.status.to_string()),
        profile,
        raw_profile,
        user_name: row.user_name.as_deref().map(str::to_owned),
        created: other(row.created, org.founded),
        last_updated: other(row.last_updated, row.created),
    }
}

fn rule(rule: &crate::GroupRule) -> RuleFile {
    RuleFile {
        id: rule.id.clone(),
        name: rule.name.clone(),
        expression: rule.expression.clone(),
        status: (rule.status != "ACTIVE").then(|| rule.status.to_owned()),
        groups: rule.groups.clone(),
        excludes: rule.excluded_users.clone(),
        holds: rule.holds.clone(),
    }
}

fn name(org: &Org, holder: Holder) -> String {
    match holder {
        Holder::User(user) => org.user_id(user),
        Holder::Group(group) => org.group_id(group),
    }
}

fn role(org: &Org, row: &crate::org::RoleRow) -> RoleFile {
    let by_group = matches!(row.holder, Holder::Group(_));
    let holder = name(org, row.holder);
    RoleFile {
        user: (!by_group).then(|| holder.clone()),
        group: by_group.then_some(holder),
        role: row.role.as_str().to_owned(),
        target_groups: row.targets.groups.clone(),
        target_apps: row.targets.apps.clone(),
    }
}

fn custom_role(role: &crate::CustomRole) -> CustomRoleFile {
    CustomRoleFile {
        id: role.id.clone(),
        label: role.label.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
    }
}

fn resource_set(org: &Org, set: &crate::org::ResourceSetRow) -> ResourceSetFile {
    let bindings = set.bindings.iter().map(|binding| {
        let members = binding.members.iter().map(|(_, holder)| name(org, *holder)).collect();
        (binding.role.clone(), members)
    });
    ResourceSetFile {
        id: set.id.clone(),
        label: set.label.clone(),
        description: set.description.clone(),
        resources: set.resources.iter().map(|(_, resource)| resource.clone()).collect(),
        bindings: bindings.collect(),
    }
}
