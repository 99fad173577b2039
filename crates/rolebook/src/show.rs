//! What a snapshot holds, as rows.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{Access, Role, RoleIx, Union, Warnings};
use rolebook_insight::{Completeness, Reading};
use rolebook_ledger::{AccountNames, Facts, GroupRecord, NamedAccount, UserRecord};

use crate::{
    accounts::chosen,
    failure::Failure,
    output::{Cell, Labelled, Rows},
    render::complete_cells,
};

/// One reading, and which of its accounts are asked for.
pub(crate) struct View<'a> {
    reading: &'a Reading,
    facts: &'a Facts,
    access: &'a Access,
    maps_groups: bool,
    names: AccountNames,
    /// Resource ids of the accounts that are asked for; `None` for all.
    only: Option<BTreeSet<String>>,
}

impl<'a> View<'a> {
    pub(crate) fn of(reading: &'a Reading, accounts: &[String]) -> Result<Self, Failure> {
        let (facts, access) = (reading.facts(), reading.access());
        let names = facts.account_names(access);
        let only = chosen(&names, accounts)?;
        Ok(Self { reading, facts, access, maps_groups: reading.rules().maps_groups(), names, only })
    }

    /// Whether an account is asked for.
    fn wants(&self, account: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(account))
    }

    /// The role, when its account is asked for.
    fn role(&self, ix: RoleIx) -> Option<&Role> {
        self.access.roles.get(ix).filter(|role| self.wants(&role.account))
    }

    /// What stands beside an account's id: its name; where Okta shows an alias as id, the number too.
    fn account_name(&self, account: &str) -> Cell {
        let Some(account) = self.names.get(account) else { return Cell::Empty };
        if number_beside_id(account).is_some() { account.label().into() } else { account.called().into() }
    }

    fn group(&self, ix: u32) -> Option<&GroupRecord> {
        self.facts.groups.get(ix as usize)
    }

    fn user(&self, ix: u32) -> Option<&UserRecord> {
        self.facts.users.get(ix as usize)
    }

    /// Roles that are asked for, in the order of account and name.
    fn roles(&self) -> Vec<(RoleIx, &Role)> {
        let mut roles: Vec<(RoleIx, &Role)> =
            (0..).zip(self.access.roles.roles()).filter(|(_, role)| self.wants(&role.account)).collect();
        roles.sort_by(|(_, a), (_, b)| (&a.account, &a.name).cmp(&(&b.account, &b.name)));
        roles
    }
}

/// The number of an account whose id is an alias or name, when the accounts file tells it.
fn number_beside_id(account: &NamedAccount) -> Option<&str> {
    account.number.as_ref().map(|number| number.as_str()).filter(|number| *number != account.id)
}

/// A count that is a lower bound where something was not read.
fn at_least(count: usize, completeness: &Completeness) -> Cell {
    if completeness.complete { count.into() } else { Cell::AtLeast(count as u64) }
}

pub(crate) fn accounts(view: &View<'_>) -> Rows {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for role in view.access.roles.roles() {
        *roles.entry(&role.account).or_default() += 1;
    }
    let mut people: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for grant in &view.access.user_grants {
        if let Some(role) = view.access.roles.get(grant.role) {
            people.entry(&role.account).or_default().push(grant.user);
        }
    }
    for users in people.values_mut() {
        users.sort_unstable();
        users.dedup();
    }
    let partitions: BTreeMap<&str, &str> = view
        .access
        .roles
        .accounts()
        .map(|account| (account.id.as_str(), account.partition.as_str()))
        .collect();
    let rows = view.names.iter().filter(|account| view.wants(&account.id)).map(|account| {
        let record = account.record.as_ref();
        let tags = record.map(|record| record.tags.iter().map(|(key, value)| format!("{key}={value}")));
        let roles_of = (0..).zip(view.access.roles.roles()).filter(|(_, role)| role.account == account.id);
        let each = roles_of.map(|(ix, _)| view.reading.completeness_of_role(ix));
        let completeness = each.fold(Completeness::default(), Completeness::and);
        let mut row = vec![
            Cell::from(account.id.as_str()),
            number_beside_id(account).into(),
            account.name.as_deref().or(account.alias.as_deref()).into(),
            account.alias.as_deref().into(),
            record.and_then(|record| record.ou.as_deref()).into(),
            record.and_then(|record| record.environment.as_deref()).into(),
            record.and_then(|record| record.owner.as_deref()).into(),
            tags.map(|tags| tags.collect::<Vec<_>>()).unwrap_or_default().into(),
            account.in_okta.into(),
            partitions.get(account.id.as_str()).copied().into(),
            roles.get(account.id.as_str()).copied().unwrap_or(0).into(),
            at_least(people.get(account.id.as_str()).map_or(0, Vec::len), &completeness),
        ];
        row.extend(complete_cells(&completeness));
        row
    });
    Rows {
        columns: vec![
            "account",
            "number",
            "name",
            "alias",
            "ou",
            "environment",
            "owner",
            "tags",
            "in_okta",
            "partition",
            "roles",
            "people",
            "complete",
            "unread_groups",
        ],
        rows: rows.collect(),
    }
}

pub(crate) fn roles(view: &View<'_>) -> Rows {
    let mut people: BTreeMap<RoleIx, usize> = BTreeMap::new();
    let mut groups: BTreeMap<RoleIx, usize> = BTreeMap::new();
    for grant in &view.access.user_grants {
        *people.entry(grant.role).or_default() += 1;
    }
    for grant in &view.access.group_grants {
        *groups.entry(grant.role).or_default() += 1;
    }
    let rows = view.roles().into_iter().map(|(ix, role)| {
        let completeness = view.reading.completeness_of_role(ix);
        let mut row = vec![
            Cell::from(role.account.as_str()),
            view.account_name(&role.account),
            role.name.as_str().into(),
            at_least(people.get(&ix).copied().unwrap_or(0), &completeness),
            groups.get(&ix).copied().unwrap_or(0).into(),
            role.arns.role.as_ref().map(ToString::to_string).into(),
        ];
        row.extend(complete_cells(&completeness));
        row
    });
    Rows {
        columns: vec![
            "account",
            "account_name",
            "role",
            "people",
            "groups",
            "role_arn",
            "complete",
            "unread_groups",
        ],
        rows: rows.collect(),
    }
}

pub(crate) fn groups(view: &View<'_>) -> Rows {
    let mut members: BTreeMap<u32, usize> = BTreeMap::new();
    for user in &view.facts.users {
        for group in &user.user.groups {
            *members.entry(*group).or_default() += 1;
        }
    }
    let mut confers: BTreeMap<u32, Vec<Labelled>> = BTreeMap::new();
    for grant in &view.access.group_grants {
        if let Some(role) = view.role(grant.role) {
            confers.entry(grant.group).or_default().push(Labelled {
                plain: format!("{}/{}", role.account, role.name),
                label: format!("{}/{}", view.names.label(&role.account), role.name),
            });
        }
    }
    let all = (0u32..).zip(view.facts.groups.iter().zip(&view.access.verdicts));
    let rows = all.filter(|(ix, _)| view.only.is_none() || confers.contains_key(ix)).map(
        |(ix, (record, verdict))| {
            let group = &record.group;
            vec![
                Cell::from(record.id.as_str()),
                group.name.as_deref().into(),
                group.kind.as_str().into(),
                group.origin.app_name.as_deref().or(group.origin.app_id.as_deref()).into(),
                group.assignment.is_some().into(),
                view.maps_groups.then(|| verdict.as_str()).into(),
                match record.members_read {
                    true => members.get(&ix).copied().unwrap_or(0).into(),
                    false => Cell::NotRead,
                },
                Cell::Labelled(confers.get(&ix).cloned().unwrap_or_default()),
            ]
        },
    );
    Rows {
        columns: vec!["id", "name", "type", "source", "assigned", "match", "members", "confers"],
        rows: rows.collect(),
    }
}

pub(crate) fn users(view: &View<'_>) -> Rows {
    let mut roles: BTreeMap<u32, usize> = BTreeMap::new();
    for grant in view.access.user_grants.iter().filter(|grant| view.role(grant.role).is_some()) {
        *roles.entry(grant.user).or_default() += 1;
    }
    let all = (0u32..).zip(&view.facts.users);
    let rows = all.filter(|(ix, _)| view.only.is_none() || roles.contains_key(ix)).map(|(ix, user)| {
        let assignment = user.assignment.as_ref();
        let completeness = view.reading.completeness_of_person(ix);
        let mut row = vec![
            Cell::from(user.id.as_str()),
            user.person.display_name.as_str().into(),
            user.person.login.as_deref().into(),
            user.person.status.as_deref().into(),
            assignment.map(|a| a.scope.as_deref().unwrap_or("unknown")).into(),
            assignment.map(|a| a.status.as_str()).into(),
            at_least(roles.get(&ix).copied().unwrap_or(0), &completeness),
        ];
        row.extend(complete_cells(&completeness));
        row
    });
    Rows {
        columns: vec![
            "id",
            "name",
            "login",
            "status",
            "assigned",
            "assignment_status",
            "roles",
            "complete",
            "unread_groups",
        ],
        rows: rows.collect(),
    }
}

pub(crate) fn apps(view: &View<'_>) -> Rows {
    let app = &view.facts.app;
    let settings = app.to_federation(&mut Warnings::new()).settings;
    let union = match app.union {
        Union::Enabled => "combined",
        Union::Disabled => "by priority",
        Union::Unknown => "not read",
    };
    let row = vec![
        Cell::from(app.id.as_str()),
        app.label.as_str().into(),
        app.status.as_str().into(),
        app.sign_on_mode.as_deref().into(),
        if view.maps_groups { "group mapping" } else { "direct" }.into(),
        settings.join_all_roles.into(),
        if view.maps_groups { Cell::Empty } else { union.into() },
        view.facts.users.iter().filter(|user| user.assignment.is_some()).count().into(),
        view.facts.groups.iter().filter(|group| group.group.assignment.is_some()).count().into(),
        if view.maps_groups { settings.group_filter.into() } else { Cell::Empty },
    ];
    Rows {
        columns: vec![
            "id",
            "label",
            "status",
            "sign_on",
            "mode",
            "join_all_roles",
            "group_roles",
            "users",
            "groups",
            "group_filter",
        ],
        rows: vec![row],
    }
}

pub(crate) fn grants(view: &View<'_>) -> Rows {
    let mut rows: Vec<(String, String, String, Vec<Cell>)> =
        Vec::with_capacity(view.access.user_grants.len());
    for grant in &view.access.user_grants {
        let (Some(role), Some(user)) = (view.role(grant.role), view.user(grant.user)) else {
            continue;
        };
        let groups: Vec<String> = grant
            .groups
            .iter()
            .filter_map(|ix| view.group(*ix))
            .map(|group| group.group.name.clone().unwrap_or_else(|| group.id.to_string()))
            .collect();
        let person = user.person.login.as_deref().unwrap_or(user.id.as_str());
        let row = vec![
            Cell::from(role.account.as_str()),
            view.account_name(&role.account),
            role.name.as_str().into(),
            person.into(),
            user.id.as_str().into(),
            user.person.status.as_deref().into(),
            grant.source.as_str().into(),
            groups.into(),
            grant.partial.into(),
        ];
        rows.push((role.account.clone(), role.name.clone(), person.to_owned(), row));
    }
    rows.sort_by(|a, b| (&a.0, &a.1, &a.2).cmp(&(&b.0, &b.1, &b.2)));
    Rows {
        columns: vec![
            "account",
            "account_name",
            "role",
            "user",
            "user_id",
            "status",
            "source",
            "groups",
            "partial_match",
        ],
        rows: rows.into_iter().map(|(_, _, _, row)| row).collect(),
    }
}
