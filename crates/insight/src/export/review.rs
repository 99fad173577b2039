//! Review sheets: one row for each decision, with a stable id.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rolebook_ledger::AdminHolder;
use serde_json::Value as Json;

use super::{Table, Value, apps, table::ordered_roles};
use crate::{Reading, Readings};

/// What is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewKind {
    /// Members of groups that give a role or assign the app.
    GroupMembership,
    /// Individual and group assignments of people to the app.
    AppAssignment,
    /// Okta admin roles.
    OktaRoles,
    /// AWS roles of people.
    AwsRoles,
}

impl ReviewKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GroupMembership => "group-membership",
            Self::AppAssignment => "app-assignment",
            Self::OktaRoles => "okta-roles",
            Self::AwsRoles => "aws-roles",
        }
    }
}

/// Who gets a sheet of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBy {
    /// Each owner of an account, by the accounts file.
    AccountOwner,
    /// Each manager, by the person's profile.
    Manager,
}

/// One decision.
#[derive(Debug, Clone)]
struct Decision {
    id: String,
    account: String,
    account_name: String,
    what: String,
    user: u32,
    path: String,
    since: Option<Timestamp>,
    owner: Option<String>,
}

const COLUMNS: [&str; 15] = [
    "row_id",
    "account",
    "account_name",
    "access",
    "login",
    "user_id",
    "name",
    "manager",
    "department",
    "status",
    "path",
    "since_at_latest",
    "new",
    "decision",
    "comment",
];
const DECISION: usize = 13;

/// The sheets of a review, by the name of who decides; one named `all` when nobody splits it. With `since`, each row
/// tells whether an older snapshot lacks it.
#[must_use]
pub fn review<'a>(
    readings: &'a Readings,
    kind: ReviewKind,
    split: Option<SplitBy>,
    since: Option<&Readings>,
) -> BTreeMap<String, Table<'a>> {
    let known: Option<BTreeSet<String>> =
        since.map(|since| all(since, kind).into_iter().map(|(_, decision)| decision.id).collect());
    let mut sheets: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
    for (reading, decision) in all(readings, kind) {
        let attributes = attributes(reading, decision.user);
        let sheet = match split {
            None => "all".to_owned(),
            Some(SplitBy::AccountOwner) => decision.owner.clone().unwrap_or_else(|| "no owner".to_owned()),
            Some(SplitBy::Manager) => attributes.0.clone().unwrap_or_else(|| "no manager".to_owned()),
        };
        let new = known.as_ref().map(|known| !known.contains(&decision.id));
        sheets.entry(sheet).or_default().push(row(reading, decision, attributes, new));
    }
    if split.is_none() {
        sheets.entry("all".to_owned()).or_default();
    }
    sheets
        .into_iter()
        .map(|(name, rows)| {
            let table = Table {
                name: kind.as_str().to_owned(),
                columns: COLUMNS.to_vec(),
                choices: BTreeMap::from([(DECISION, vec!["keep", "revoke"])]),
                rows: Box::new(rows.into_iter()),
            };
            (name, table)
        })
        .collect()
}

fn row(
    reading: &Reading,
    decision: Decision,
    of: (Option<String>, Option<String>),
    new: Option<bool>,
) -> Vec<Value> {
    let person = reading.person(decision.user);
    let (manager, department) = of;
    vec![
        Value::Text(decision.id),
        Value::Text(decision.account),
        Value::Text(decision.account_name),
        Value::Text(decision.what),
        Value::maybe(person.as_ref().and_then(|person| person.login.clone())),
        Value::maybe(person.as_ref().map(|person| person.id.clone())),
        Value::maybe(person.as_ref().map(|person| person.name.clone())),
        Value::maybe(manager),
        Value::maybe(department),
        Value::maybe(person.and_then(|person| person.status)),
        Value::Text(decision.path),
        Value::maybe(decision.since),
        new.map_or(Value::Empty, Value::Flag),
        Value::Empty,
        Value::Empty,
    ]
}

/// Manager and department, as the person's profile has them.
fn attributes(reading: &Reading, user: u32) -> (Option<String>, Option<String>) {
    let profile = reading.facts().users.get(user as usize).map_or("", |user| &user.person.profile);
    let profile: Json = serde_json::from_str(profile).unwrap_or_default();
    let text = |key: &str| {
        profile.get(key).and_then(Json::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    };
    (text("manager").or_else(|| text("managerId")), text("department"))
}

fn all(readings: &Readings, kind: ReviewKind) -> Vec<(&Reading, Decision)> {
    let mut decisions = Vec::new();
    for reading in apps(readings) {
        let of = match kind {
            ReviewKind::AwsRoles => aws_roles(reading),
            ReviewKind::GroupMembership => memberships(reading),
            ReviewKind::AppAssignment => assignments(reading),
            ReviewKind::OktaRoles => okta_roles(reading),
        };
        decisions.extend(of.into_iter().map(|decision| (reading, decision)));
    }
    decisions
}

fn key(reading: &Reading, user: u32) -> String {
    let id = reading.facts().users.get(user as usize).map_or("", |user| user.id.as_str());
    format!("{}:{id}", reading.facts().app.id)
}

fn aws_roles(reading: &Reading) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for ix in ordered_roles(reading) {
        let Some(role) = reading.role(ix) else { continue };
        for grant in reading.grants_on(ix) {
            let paths = reading.paths(grant.user, ix, true);
            let in_force = || paths.iter().filter(|path| path.in_force);
            let path: Vec<String> = in_force().map(crate::Path::brief).collect();
            // A path holds since its youngest hop, the access since its oldest path.
            let since = in_force()
                .filter_map(|path| path.hops.iter().filter_map(|hop| hop.since_at_latest).max())
                .min();
            decisions.push(Decision {
                id: format!("aws-roles:{}:{}", key(reading, grant.user), role.key()),
                account: role.account.id.clone(),
                account_name: role.account.called().unwrap_or_default().to_owned(),
                what: role.role.clone(),
                user: grant.user,
                path: path.join("; "),
                since,
                owner: role.account.owner.clone(),
            });
        }
    }
    decisions
}

fn memberships(reading: &Reading) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for (ix, group) in (0..).zip(&reading.facts().groups) {
        let roles: Vec<_> =
            reading.conferred_by(ix).iter().filter_map(|grant| reading.role(grant.role)).collect();
        if roles.is_empty() && group.group.assignment.is_none() {
            continue;
        }
        let gives: Vec<String> = roles.iter().map(|role| role.label()).collect();
        for user in reading.members(ix) {
            let first = roles.first().map(|role| &role.account);
            decisions.push(Decision {
                id: format!("group-membership:{}:{}", key(reading, *user), group.id),
                account: first.map(|account| account.id.clone()).unwrap_or_default(),
                account_name: first.and_then(|account| account.called()).unwrap_or_default().to_owned(),
                what: format!("member of {}", group.group.name.as_deref().unwrap_or(group.id.as_str())),
                user: *user,
                path: if gives.is_empty() { "assigns the app".to_owned() } else { gives.join("; ") },
                since: group.last_membership_updated,
                owner: first.and_then(|account| account.owner.clone()),
            });
        }
    }
    decisions
}

fn assignments(reading: &Reading) -> Vec<Decision> {
    let app = &reading.facts().app;
    let mut decisions = Vec::new();
    for (ix, user) in (0..).zip(&reading.facts().users) {
        let Some(assignment) = &user.assignment else { continue };
        let groups: Vec<String> = reading
            .assigning_groups(ix)
            .filter_map(|group| reading.group(group))
            .map(|g| g.label().to_owned())
            .collect();
        let scope = assignment.scope.as_deref().unwrap_or("unknown");
        let path = if scope == "GROUP" && !groups.is_empty() {
            format!("group {}", groups.join("; "))
        } else {
            format!("scope {scope}")
        };
        decisions.push(Decision {
            id: format!("app-assignment:{}", key(reading, ix)),
            account: String::new(),
            account_name: String::new(),
            what: format!("{} ({} roles)", app.label, reading.grants_of(ix).len()),
            user: ix,
            path,
            since: assignment.created.max(assignment.status_changed),
            owner: None,
        });
    }
    decisions
}

/// Standard roles by their type, custom ones by their id: somebody may hold several custom roles, and a standard role
/// that is bound to a resource set is another decision than the same role without one.
fn okta_roles(reading: &Reading) -> Vec<Decision> {
    let facts = reading.facts();
    let standard = facts.admin_roles.iter().map(|role| (role.kind.clone(), &role.label, &role.users));
    let custom = facts.custom_roles.iter().flat_map(|custom| &custom.roles).map(|role| {
        let label = if role.label.is_empty() { &role.id } else { &role.label };
        (format!("custom:{}", role.id), label, &role.users)
    });
    let mut decisions = Vec::new();
    for (role, label, users) in standard.chain(custom) {
        for (id, holder) in users {
            let Some(user) = reading.user_by_id(id.as_str()) else { continue };
            decisions.push(Decision {
                id: format!("okta-roles:{}:{role}", key(reading, user)),
                account: String::new(),
                account_name: String::new(),
                what: label.clone(),
                user,
                path: ways(reading, holder).join("; "),
                since: None,
                owner: None,
            });
        }
    }
    decisions
}

/// How somebody holds an admin role.
fn ways(reading: &Reading, holder: &AdminHolder) -> Vec<String> {
    let mut ways: Vec<String> = Vec::new();
    if holder.direct {
        ways.push("assigned to the person".to_owned());
    }
    ways.extend(holder.groups.iter().map(|group| {
        let known = reading.group_by_id(group.as_str()).and_then(|ix| reading.group(ix));
        format!("group {}", known.as_ref().map_or(group.as_str(), |known| known.label()))
    }));
    ways.extend(
        holder
            .outside
            .iter()
            .map(|(group, name)| format!("group {}", name.as_deref().unwrap_or(group.as_str()))),
    );
    if !holder.targets.is_empty() {
        ways.push(format!("limited to {}", holder.targets.join(", ")));
    }
    ways
}
