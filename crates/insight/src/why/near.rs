//! What comes close to conferring a role and does not.

use rolebook_federation::{
    FilterMatch, GroupFilter, GroupKind, GroupVerdict, Mode, NameMatch, RoleIx, RoleValue, UserIx,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Reading;

/// An object that almost confers the role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NearMiss {
    /// `filtered-source`, `case`, `escaped-twice`, `looks-alike`, `shadowed`, `other-spelling`.
    pub kind: String,
    /// Okta id of the group, or of the user for what stands on the own profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is in the way.
    pub text: String,
    /// Whether the person is a member, where members were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<bool>,
}

/// Near misses are examples, not a list of the org.
const SHOWN: usize = 5;

pub(super) fn misses(reading: &Reading, user: UserIx, role: RoleIx) -> Vec<NearMiss> {
    if !reading.rules().maps_groups() {
        return shown(profile(reading, user, role));
    }
    let Some(wanted) = reading.access().roles.get(role) else { return Vec::new() };
    named(reading, user, &wanted.account, &wanted.name)
}

/// Groups whose names come close to a role, which need not exist.
pub(super) fn named(reading: &Reading, user: UserIx, account: &str, role: &str) -> Vec<NearMiss> {
    shown(groups(reading, user, account, role))
}

fn shown(mut misses: Vec<NearMiss>) -> Vec<NearMiss> {
    misses.sort_by(|a, b| (a.member != Some(true), a).cmp(&(b.member != Some(true), b)));
    misses.truncate(SHOWN);
    misses
}

/// A group as far as its name and source matter.
struct Candidate<'a> {
    id: &'a str,
    name: &'a str,
    kind: GroupKind,
    source: Option<&'a str>,
}

fn groups(reading: &Reading, user: UserIx, account: &str, role: &str) -> Vec<NearMiss> {
    let Mode::Mapping(mapping) = reading.rules().mode() else { return Vec::new() };
    let text = mapping.filter().text();
    let caseless = GroupFilter::compile(&format!("(?i){text}"), FilterMatch::Find).ok();
    let unescaped = text
        .contains(r"\\")
        .then(|| GroupFilter::compile(&text.replace(r"\\", r"\"), FilterMatch::Find).ok());
    let names = |filter: &GroupFilter, name: &str| match filter.matches(name) {
        NameMatch::Yes { marks, .. } => {
            marks.account.is_none_or(|found| found == account)
                && marks.role.is_some_and(|found| found.eq_ignore_ascii_case(role))
        }
        _ => false,
    };
    let lower = (account.to_lowercase(), role.to_lowercase());
    let mut misses = Vec::new();
    for group in candidates(reading) {
        if confers(reading, group.id) {
            continue;
        }
        let name = group.name.to_lowercase();
        let verdict = verdict(reading, group.id);
        let (kind, text) = if let Some(GroupVerdict::NotTaken(sent)) = verdict
            && names(mapping.filter(), group.name)
        {
            (
                "value-not-taken",
                format!("Okta would send `{}`, which AWS cannot take: {}", sent.value, sent.fault),
            )
        } else if matches!(mapping.filter().matches(group.name), NameMatch::Undecided)
            && name.contains(&lower.0)
            && name.contains(&lower.1)
        {
            let text = "the group filter needs too many steps on it: whether Okta finds a match is not known";
            ("undecided", text.to_owned())
        } else if names(mapping.filter(), group.name) {
            let source = group.source.unwrap_or(group.kind.as_str());
            ("filtered-source", format!("its source {source} is not in appFilter"))
        } else if caseless.as_ref().is_some_and(|filter| names(filter, group.name)) {
            ("case", "it would match the group filter if case were ignored".to_owned())
        } else if unescaped.iter().flatten().any(|filter| names(filter, group.name)) {
            ("escaped-twice", "the group filter is escaped twice and does not find it".to_owned())
        } else if name.contains(&lower.0) && name.contains(&lower.1) {
            ("looks-alike", "it names account and role, but the group filter finds no match".to_owned())
        } else {
            continue;
        };
        misses.push(NearMiss {
            kind: kind.to_owned(),
            id: group.id.to_owned(),
            name: group.name.to_owned(),
            text,
            member: member(reading, group.id, user),
        });
    }
    misses
}

/// Every group whose name is known, in the file or not.
fn candidates(reading: &Reading) -> impl Iterator<Item = Candidate<'_>> {
    let facts = reading.facts();
    let of_file = facts.groups.iter().filter_map(|group| {
        Some(Candidate {
            id: group.id.as_str(),
            name: group.group.name.as_deref()?,
            kind: group.group.kind,
            source: group.group.origin.app_name.as_deref().or(group.group.origin.app_id.as_deref()),
        })
    });
    let others = facts.group_names.iter().filter(|group| reading.group_by_id(group.id.as_str()).is_none());
    let of_org = others.filter_map(|group| {
        Some(Candidate {
            id: group.id.as_str(),
            name: group.name.as_deref()?,
            kind: group.kind,
            source: group.source.as_deref(),
        })
    });
    of_file.chain(of_org)
}

fn verdict<'a>(reading: &'a Reading, id: &str) -> Option<&'a GroupVerdict> {
    reading.group_by_id(id).and_then(|ix| reading.access().verdicts.get(ix as usize))
}

fn confers(reading: &Reading, id: &str) -> bool {
    matches!(verdict(reading, id), Some(GroupVerdict::Confers(_)))
}

fn member(reading: &Reading, id: &str, user: UserIx) -> Option<bool> {
    let ix = reading.group_by_id(id)?;
    let facts = reading.facts();
    let holds = facts.users.get(user as usize)?.user.groups.contains(&ix);
    (holds || facts.groups.get(ix as usize)?.members_read).then_some(holds)
}

/// What the own profile holds without conferring it.
fn profile(reading: &Reading, user: UserIx, role: RoleIx) -> Vec<NearMiss> {
    let roles = &reading.access().roles;
    let (Some(wanted), Some(record)) = (roles.get(role), reading.facts().users.get(user as usize)) else {
        return Vec::new();
    };
    let Some(app_user) = &record.user.app_user else { return Vec::new() };
    let miss = |kind: &str, text: String| NearMiss {
        kind: kind.to_owned(),
        id: record.id.to_string(),
        name: record.person.display_name.clone(),
        text,
        member: None,
    };
    let mut misses = Vec::new();
    if !app_user.profile.saml_roles.is_empty() {
        let shadowed = app_user.profile.role.iter().filter(|value| {
            roles.by_value(value).is_some_and(|ix| ix == role)
                || RoleValue::parse(value).role.eq_ignore_ascii_case(&wanted.name)
        });
        misses.extend(shadowed.map(|value| {
            miss("shadowed", format!("`role` holds `{value}`, which does not count since samlRoles is set"))
        }));
    }
    let same_account = |ix: RoleIx| roles.get(ix).is_some_and(|other| other.account == wanted.account);
    misses.extend(
        app_user
            .profile
            .effective()
            .iter()
            .filter(|value| roles.by_value(value).is_some_and(|ix| ix != role && same_account(ix)))
            .filter(|value| RoleValue::parse(value).role.trim().eq_ignore_ascii_case(wanted.name.trim()))
            .map(|value| {
                miss(
                    "other-spelling",
                    format!("the profile holds `{value}`, spelled otherwise than the role"),
                )
            }),
    );
    misses
}
