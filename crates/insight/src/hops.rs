//! The hops of a path: each with its Okta id, the setting that lets it count, since when at the latest, and what would
//! remove it there.

use jiff::Timestamp;
use rolebook_federation::{GroupIx, GroupKind, Mode, RoleIx, Scope, UserIx};
use rolebook_ledger::{GroupRecord, UserRecord};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Reading;

/// What a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HopKind {
    /// The user is assigned to the app.
    Assignment,
    /// The user's own profile names the role.
    Profile,
    /// The user is a member of the group.
    Membership,
    /// The group's name matches the filter.
    NameMatch,
    /// The group is assigned to the app with the role in its profile.
    GroupAssignment,
    /// The value that Okta sends.
    Value,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// Okta id of the object that it leads through.
    pub id: String,
    /// What it says, for people.
    pub text: String,
    /// The settings that let it count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingNote>,
    /// It has been so since then at the latest: the last change of the object, which the hop may well be older than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_at_latest: Option<Timestamp>,
    /// What would remove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SettingNote {
    /// Name as Okta's API has it.
    pub name: String,
    /// Value in force.
    pub value: String,
}

fn setting(name: &str, value: impl ToString) -> SettingNote {
    SettingNote { name: name.to_owned(), value: value.to_string() }
}

/// The hops of the user's own assignment.
pub(crate) fn own(reading: &Reading, user: UserIx, role: RoleIx) -> Vec<Hop> {
    let Some(record) = reading.facts().users.get(user as usize) else { return Vec::new() };
    let mut hops: Vec<Hop> = assignment(reading, user, record).into_iter().collect();
    hops.extend(profile(reading, record, role));
    hops.extend(value(reading, role));
    hops
}

/// The hops of a group that confers the role.
pub(crate) fn group(reading: &Reading, user: UserIx, role: RoleIx, group: GroupIx) -> Vec<Hop> {
    let facts = reading.facts();
    let (Some(person), Some(record)) = (facts.users.get(user as usize), facts.groups.get(group as usize))
    else {
        return Vec::new();
    };
    let mut hops: Vec<Hop> = assignment(reading, user, person).into_iter().collect();
    hops.push(membership(reading, record));
    match reading.rules().mode() {
        Mode::Mapping(_) => hops.push(name_match(reading, record)),
        Mode::Direct(_) => hops.push(group_assignment(reading, record, group, role)),
    }
    hops.extend(value(reading, role));
    hops
}

fn label(group: &GroupRecord) -> &str {
    group.group.name.as_deref().unwrap_or(group.id.as_str())
}

fn assignment(reading: &Reading, user: UserIx, record: &UserRecord) -> Option<Hop> {
    let implicit = reading.rules().maps_groups() && reading.facts().app.implicit_assignment;
    let app = &reading.facts().app;
    let Some(found) = &record.assignment else {
        return implicit.then(|| Hop {
            kind: HopKind::Assignment,
            id: app.id.to_string(),
            text: "nobody needs to be assigned to the app".to_owned(),
            settings: vec![setting("implicitAssignment", true)],
            since_at_latest: None,
            removed_by: Some("switching federation broker mode off".to_owned()),
        });
    };
    let groups: Vec<String> = reading
        .assigning_groups(user)
        .filter_map(|ix| reading.facts().groups.get(ix as usize))
        .map(|group| format!("`{}` ({})", label(group), group.id))
        .collect();
    let scope = record.user.app_user.as_ref().map_or(Scope::Unknown, |app_user| app_user.scope);
    let (text, removed_by) = match scope {
        Scope::Group if groups.is_empty() => (
            "assigned to the app by a group that was not read".to_owned(),
            "taking the user out of the group that assigns the app".to_owned(),
        ),
        Scope::Group => (
            format!("assigned to the app by {} {}", plural(groups.len(), "group"), groups.join(", ")),
            format!("taking the user out of {}", groups.join(" and ")),
        ),
        Scope::User | Scope::Unknown => (
            "assigned to the app individually".to_owned(),
            "ending the user's assignment to the app".to_owned(),
        ),
    };
    Some(Hop {
        kind: HopKind::Assignment,
        id: app.id.to_string(),
        text: format!("{text}, {}", found.status),
        settings: if implicit { vec![setting("implicitAssignment", true)] } else { Vec::new() },
        since_at_latest: found.created.max(found.status_changed),
        removed_by: Some(removed_by),
    })
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn profile(reading: &Reading, record: &UserRecord, role: RoleIx) -> Option<Hop> {
    let app_user = record.user.app_user.as_ref()?;
    let named = |value: &&String| reading.access().roles.by_value(value) == Some(role);
    let (key, value) = match app_user.profile.saml_roles.iter().find(named) {
        Some(value) => ("samlRoles", value),
        None => ("role", app_user.profile.role.iter().find(named)?),
    };
    let fallback = if key == "role" { ", which counts since samlRoles is empty" } else { "" };
    let (text, removed_by) = match app_user.scope {
        Scope::Group => (
            format!(
                "{key} of the app user's profile holds `{value}`{fallback}; no group that was read explains it"
            ),
            "the groups that Okta took it from".to_owned(),
        ),
        _ => (
            format!("{key} of the user's own profile holds `{value}`{fallback}"),
            format!("taking `{value}` out of {key} of the user's assignment"),
        ),
    };
    Some(Hop {
        kind: HopKind::Profile,
        id: record.id.to_string(),
        text,
        settings: vec![setting("joinAllRoles", joins(reading))],
        since_at_latest: record.assignment.as_ref().and_then(|assignment| assignment.last_updated),
        removed_by: Some(removed_by),
    })
}

fn joins(reading: &Reading) -> bool {
    matches!(reading.rules().mode(), Mode::Direct(direct) if direct.join())
}

fn membership(reading: &Reading, group: &GroupRecord) -> Hop {
    let origin = group.group.origin.app_name.as_deref().or(group.group.origin.app_id.as_deref());
    let rules: Vec<String> = reading
        .facts()
        .group_rules
        .iter()
        .filter(|rule| rule.status == "ACTIVE" && rule.groups.contains(&group.id))
        .map(|rule| format!("`{}` ({}): {}", rule.name, rule.id, rule.expression))
        .collect();
    let mut removed_by = match group.group.kind {
        GroupKind::Okta => format!("taking the user out of the group `{}`", label(group)),
        GroupKind::BuiltIn => "nothing: everybody is in this group".to_owned(),
        GroupKind::App | GroupKind::Unknown => {
            format!("a change in {}, where the group comes from", origin.unwrap_or("the directory"))
        }
    };
    if !rules.is_empty() {
        removed_by.push_str(&format!(
            "; {} fills the group and may hold the user in it: {}",
            if rules.len() == 1 { "a rule" } else { "rules" },
            rules.join("; ")
        ));
    }
    Hop {
        kind: HopKind::Membership,
        id: group.id.to_string(),
        text: format!("member of group `{}`", label(group)),
        settings: Vec::new(),
        since_at_latest: group.last_membership_updated,
        removed_by: Some(removed_by),
    }
}

fn name_match(reading: &Reading, group: &GroupRecord) -> Hop {
    let settings = reading.facts().app.to_federation(&mut rolebook_federation::Warnings::new()).settings;
    Hop {
        kind: HopKind::NameMatch,
        id: group.id.to_string(),
        text: format!("the group filter finds a match in `{}`, and its source is allowed", label(group)),
        settings: vec![
            setting("groupFilter", &settings.group_filter),
            setting("appFilter", &settings.app_filter),
        ],
        since_at_latest: group.last_updated,
        removed_by: Some("renaming the group, or another group filter".to_owned()),
    }
}

fn group_assignment(reading: &Reading, group: &GroupRecord, ix: GroupIx, role: RoleIx) -> Hop {
    let found = group.group.assignment.as_ref();
    let value = found.and_then(|assignment| {
        let values = assignment.profile.effective();
        values.iter().find(|value| reading.access().roles.by_value(value) == Some(role))
    });
    let key = if found.is_some_and(|a| a.profile.saml_roles.is_empty()) { "role" } else { "samlRoles" };
    let value = value.map_or("", String::as_str);
    let mut settings = vec![setting("joinAllRoles", joins(reading))];
    if !joins(reading) {
        settings.push(setting("samlRoles.union", union_word(reading.facts().app.union)));
    }
    let priority = reading.priority(ix).map(|number| format!(" with priority {number}")).unwrap_or_default();
    Hop {
        kind: HopKind::GroupAssignment,
        id: group.id.to_string(),
        text: format!("the group is assigned to the app{priority}; {key} of its profile holds `{value}`"),
        settings,
        since_at_latest: group.assignment_updated,
        removed_by: Some(format!("taking `{value}` out of {key} of the group's assignment")),
    }
}

/// Okta's words for the two ways to combine.
pub(crate) fn union_word(union: rolebook_federation::Union) -> &'static str {
    match union {
        rolebook_federation::Union::Enabled => "combine values across groups",
        rolebook_federation::Union::Disabled => "use group priority",
        rolebook_federation::Union::Unknown => "not read",
    }
}

fn value(reading: &Reading, role: RoleIx) -> Option<Hop> {
    let found = reading.role(role)?;
    let settings = reading.facts().app.to_federation(&mut rolebook_federation::Warnings::new()).settings;
    let text = match (&found.role_arn, &found.provider_arn) {
        (Some(role), Some(provider)) => format!("{role} by {provider}"),
        (Some(role), None) => format!("{role}; the provider is not known"),
        (None, _) => format!("{} (its account number is not known)", found.key()),
    };
    Some(Hop {
        kind: HopKind::Value,
        id: reading.facts().app.id.to_string(),
        text: format!("Okta sends {text}"),
        settings: if reading.rules().maps_groups() {
            vec![setting("roleValuePattern", settings.role_value_pattern)]
        } else {
            settings
                .identity_provider_arn
                .map(|arn| setting("identityProviderArn", arn))
                .into_iter()
                .collect()
        },
        since_at_latest: None,
        removed_by: None,
    })
}
