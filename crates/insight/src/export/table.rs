//! The tables of an export, row by row: a million rows are never held at once.

use std::collections::BTreeMap;

use super::apps;
use crate::{Reading, Readings};

/// A cell. What is text stays text: nothing is ever a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, ids and account numbers among them.
    Text(String),
    /// A count.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Empty,
}

impl Value {
    /// Text, or nothing.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn maybe<T: ToString>(value: Option<T>) -> Self {
        value.map_or(Self::Empty, |value| Self::Text(value.to_string()))
    }

    /// As one text.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

/// A named table.
pub struct Table<'a> {
    /// Name of file or sheet.
    pub name: String,
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// Words that a column may hold, by its position: a drop-down in a sheet.
    pub choices: BTreeMap<usize, Vec<&'static str>>,
    /// The rows.
    pub rows: Box<dyn Iterator<Item = Vec<Value>> + 'a>,
}

/// All tables of an export, without the cover.
#[must_use]
pub fn tables(readings: &Readings) -> Vec<Table<'_>> {
    vec![
        table(
            "grants",
            &[
                "app",
                "account",
                "account_name",
                "role",
                "login",
                "user_id",
                "name",
                "status",
                "source",
                "through",
                "partial_match",
            ],
            Box::new(apps(readings).flat_map(grants)),
        ),
        table(
            "roles",
            &[
                "app",
                "account",
                "account_name",
                "environment",
                "owner",
                "role",
                "role_arn",
                "provider_arn",
                "people",
                "groups",
                "complete",
                "unread_groups",
            ],
            Box::new(apps(readings).flat_map(roles)),
        ),
        table(
            "groups",
            &[
                "app",
                "group_id",
                "name",
                "type",
                "source",
                "assigned",
                "priority",
                "filter",
                "members_read",
                "members",
                "confers",
            ],
            Box::new(apps(readings).flat_map(groups)),
        ),
        table(
            "people",
            &[
                "app",
                "user_id",
                "login",
                "name",
                "status",
                "assigned",
                "assignment_status",
                "assigned_since",
                "last_sign_in",
                "roles",
                "complete",
                "unread_groups",
            ],
            Box::new(apps(readings).flat_map(people)),
        ),
        table(
            "admins",
            &["app", "admin_role", "login", "user_id", "direct", "limited_to"],
            Box::new(apps(readings).flat_map(admins)),
        ),
    ]
}

fn table<'a>(
    name: &str,
    columns: &[&'static str],
    rows: Box<dyn Iterator<Item = Vec<Value>> + 'a>,
) -> Table<'a> {
    Table { name: name.to_owned(), columns: columns.to_vec(), choices: BTreeMap::new(), rows }
}

/// Roles in the order of account and name.
pub(crate) fn ordered_roles(reading: &Reading) -> Vec<u32> {
    let roles = reading.access().roles.roles();
    let mut order: Vec<u32> = (0..).take(roles.len()).collect();
    order.sort_by(|a, b| {
        let key = |ix: &u32| roles.get(*ix as usize).map(|role| (&role.account, &role.name));
        key(a).cmp(&key(b))
    });
    order
}

fn app(reading: &Reading) -> Value {
    Value::text(reading.facts().app.id.as_str())
}

fn grants(reading: &Reading) -> impl Iterator<Item = Vec<Value>> + '_ {
    ordered_roles(reading).into_iter().flat_map(move |ix| {
        let role = reading.role(ix);
        reading.grants_on(ix).filter_map(move |grant| {
            let (role, person) = (role.clone()?, reading.person(grant.user)?);
            let through: Vec<String> = grant
                .groups
                .iter()
                .filter_map(|group| reading.group(*group))
                .map(|group| group.label().to_owned())
                .chain(grant.own.then(|| "own assignment".to_owned()))
                .collect();
            Some(vec![
                app(reading),
                Value::text(&role.account.id),
                Value::maybe(role.account.called()),
                Value::text(&role.role),
                Value::maybe(person.login),
                Value::text(person.id),
                Value::text(person.name),
                Value::maybe(person.status),
                Value::text(grant.source.as_str()),
                Value::text(through.join("; ")),
                Value::Flag(grant.partial),
            ])
        })
    })
}

fn roles(reading: &Reading) -> impl Iterator<Item = Vec<Value>> + '_ {
    let mut groups: BTreeMap<u32, u64> = BTreeMap::new();
    for grant in &reading.access().group_grants {
        *groups.entry(grant.role).or_default() += 1;
    }
    ordered_roles(reading).into_iter().filter_map(move |ix| {
        let role = reading.role(ix)?;
        let completeness = reading.completeness_of_role(ix);
        Some(vec![
            app(reading),
            Value::text(&role.account.id),
            Value::maybe(role.account.called()),
            Value::maybe(role.account.environment.as_deref()),
            Value::maybe(role.account.owner.as_deref()),
            Value::text(&role.role),
            Value::maybe(role.role_arn),
            Value::maybe(role.provider_arn),
            Value::Number(reading.grants_on(ix).count() as u64),
            Value::Number(groups.get(&ix).copied().unwrap_or(0)),
            Value::Flag(completeness.complete),
            Value::text(completeness.labels().join("; ")),
        ])
    })
}

fn groups(reading: &Reading) -> impl Iterator<Item = Vec<Value>> + '_ {
    let groups = reading.facts().groups.iter().zip(&reading.access().verdicts);
    (0..).zip(groups).map(move |(ix, (record, verdict))| {
        let group = &record.group;
        let confers: Vec<String> = reading
            .conferred_by(ix)
            .iter()
            .filter_map(|grant| reading.role(grant.role))
            .map(|role| role.key())
            .collect();
        vec![
            app(reading),
            Value::text(record.id.as_str()),
            Value::maybe(group.name.as_deref()),
            Value::text(group.kind.as_str()),
            Value::maybe(group.origin.app_name.as_deref().or(group.origin.app_id.as_deref())),
            Value::Flag(group.assignment.is_some()),
            Value::maybe(group.assignment.as_ref().and_then(|assignment| assignment.priority)),
            if reading.rules().maps_groups() { Value::text(verdict.as_str()) } else { Value::Empty },
            Value::Flag(record.members_read),
            if record.members_read { Value::Number(reading.members(ix).len() as u64) } else { Value::Empty },
            Value::text(confers.join("; ")),
        ]
    })
}

fn people(reading: &Reading) -> impl Iterator<Item = Vec<Value>> + '_ {
    (0..).zip(&reading.facts().users).map(move |(ix, user)| {
        let assignment = user.assignment.as_ref();
        let completeness = reading.completeness_of_person(ix);
        vec![
            app(reading),
            Value::text(user.id.as_str()),
            Value::maybe(user.person.login.as_deref()),
            Value::text(&user.person.display_name),
            Value::maybe(user.person.status.as_deref()),
            Value::maybe(assignment.map(|assignment| assignment.scope.as_deref().unwrap_or("unknown"))),
            Value::maybe(assignment.map(|assignment| assignment.status.as_str())),
            Value::maybe(assignment.and_then(|assignment| assignment.created)),
            Value::maybe(user.person.last_login),
            Value::Number(reading.grants_of(ix).len() as u64),
            Value::Flag(completeness.complete),
            Value::text(completeness.labels().join("; ")),
        ]
    })
}

fn admins(reading: &Reading) -> impl Iterator<Item = Vec<Value>> + '_ {
    reading.facts().admin_roles.iter().flat_map(move |role| {
        role.users.iter().map(move |(id, holder)| {
            let person = reading.user_by_id(id.as_str()).and_then(|ix| reading.person(ix));
            vec![
                app(reading),
                Value::text(&role.kind),
                Value::maybe(person.and_then(|person| person.login)),
                Value::text(id.as_str()),
                Value::Flag(holder.direct),
                Value::text(if holder.targets.is_empty() {
                    "everything".to_owned()
                } else {
                    holder.targets.join("; ")
                }),
            ]
        })
    })
}
