//! Events between two snapshots, played on what the earlier one shows: after each of them the person is resolved again.
//!
//! Groups, profiles and settings are those of the two snapshots, since the log does not tell their contents. Where both
//! snapshots know the group and only one of them gives the role, that is marked.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{
    Access, AppUser, AppUserStatus, Group, RoleProfile, Scope, User, UserStatus, resolve,
};

use super::timeline::RoleKey;
use crate::{EventNote, EventParty, Log, LoggedEvent, PersonRef, Reading, RolePattern, RoleRef, settle};

/// A person after an event.
pub(super) struct Step {
    pub(super) person: PersonRef,
    pub(super) note: EventNote,
    /// The roles in question that they have then.
    pub(super) roles: BTreeMap<RoleKey, HeldRole>,
    pub(super) names: BTreeMap<RoleKey, RoleRef>,
}

/// How somebody has a role.
#[derive(Debug, Clone)]
pub(super) struct HeldRole {
    pub(super) through: Vec<String>,
    pub(super) uncertain: bool,
}

/// Ids of the people whose access events may have touched: those of the app and of groups that lead to it.
pub(super) fn people<'a>(log: &Log, readings: impl IntoIterator<Item = Option<&'a Reading>>) -> Vec<String> {
    let readings: Vec<&Reading> = readings.into_iter().flatten().collect();
    let ids: BTreeSet<&str> = log
        .between(None, None)
        .filter(|event| readings.iter().any(|reading| touches(reading, event)))
        .filter_map(|event| Some(event.target("User")?.id.as_str()))
        .collect();
    ids.into_iter().map(str::to_owned).collect()
}

/// Whether an event is about the access of one person to the app of a reading.
fn touches(reading: &Reading, event: &LoggedEvent) -> bool {
    match event.kind.as_str() {
        "group.user_membership.add" | "group.user_membership.remove" => {
            event.target("UserGroup").is_some_and(|group| matters(reading, &group.id))
        }
        "application.user_membership.add" | "application.user_membership.remove" => true,
        // Only of somebody of whom the snapshot or another event tells; a life cycle alone gives nobody a role.
        _ => false,
    }
}

/// Whether a group confers a role or assigns the app. One that the org did not have yet may soon.
fn matters(reading: &Reading, group: &str) -> bool {
    let facts = reading.facts();
    match reading.group_by_id(group) {
        Some(ix) => {
            let record = facts.groups.get(ix as usize);
            !reading.conferred_by(ix).is_empty()
                || record.is_some_and(|record| record.group.assignment.is_some())
        }
        None => {
            !facts.group_names.is_empty() && facts.group_names.iter().all(|name| name.id.as_str() != group)
        }
    }
}

/// What a person is as far as their access goes.
#[derive(Clone)]
struct State {
    groups: BTreeSet<String>,
    app_user: Option<AppUser>,
    status: UserStatus,
}

/// Every step, by time. Events that happened while the earlier snapshot was being read may be in it: of each person only
/// what comes out in the end is a step.
pub(super) fn steps(
    before: &Reading,
    after: Option<&Reading>,
    log: &Log,
    pattern: &RolePattern,
) -> Vec<Step> {
    let read_until = before.facts().coverage.to;
    let mut states: BTreeMap<String, (PersonRef, State)> = BTreeMap::new();
    let concerned: BTreeSet<String> = people(log, [Some(before), after]).into_iter().collect();
    let mut taken: Vec<(EventNote, PersonRef, State)> = Vec::new();
    for event in log.between(None, None) {
        for id in whom(event, before, &concerned) {
            let (person, state) =
                states.entry(id.clone()).or_insert_with(|| start(before, after, &id, event.target("User")));
            change(state, event, before, after);
            let step = (EventNote::of(event), person.clone(), state.clone());
            let early = read_until.is_some_and(|until| event.at <= until);
            let earlier = early.then(|| taken.iter().position(|(_, of, _)| of.id == id)).flatten();
            match earlier {
                Some(place) => {
                    taken.remove(place);
                    taken.push(step);
                }
                None => taken.push(step),
            }
        }
    }
    let under_before = resolved(before, &taken);
    let under_after = after.map(|after| (after, resolved(after, &taken)));
    let mut steps: Vec<Step> = taken
        .into_iter()
        .map(|(note, person, _)| Step { person, note, roles: BTreeMap::new(), names: BTreeMap::new() })
        .collect();
    note_roles(&mut steps, before, &under_before, pattern, after);
    if let Some((after, access)) = &under_after {
        note_roles(&mut steps, after, access, pattern, Some(before));
    }
    steps
}

/// Whose state an event changes.
fn whom(event: &LoggedEvent, before: &Reading, concerned: &BTreeSet<String>) -> Vec<String> {
    if event.kind == "group.lifecycle.delete" {
        let group = event.target("UserGroup").and_then(|group| before.group_by_id(&group.id));
        let members = group.map(|group| before.members(group)).unwrap_or_default();
        return members.iter().filter_map(|user| before.person(*user)).map(|person| person.id).collect();
    }
    let user = event.target("User").map(|user| user.id.clone());
    user.filter(|id| concerned.contains(id) || before.user_by_id(id).is_some()).into_iter().collect()
}

fn start(
    before: &Reading,
    after: Option<&Reading>,
    id: &str,
    named: Option<&EventParty>,
) -> (PersonRef, State) {
    let record = before.user_by_id(id).and_then(|ix| before.facts().users.get(ix as usize));
    let person = [Some(before), after]
        .into_iter()
        .flatten()
        .find_map(|reading| reading.person(reading.user_by_id(id)?))
        .unwrap_or_else(|| PersonRef {
            id: id.to_owned(),
            login: named.and_then(|named| named.login.clone()),
            name: named.and_then(|named| named.name.clone()).unwrap_or_default(),
            status: None,
        });
    let state = match record {
        None => State { groups: BTreeSet::new(), app_user: None, status: UserStatus::Unknown },
        Some(record) => State {
            groups: record
                .user
                .groups
                .iter()
                .filter_map(|group| before.group(*group))
                .map(|group| group.id)
                .collect(),
            app_user: record.user.app_user.clone(),
            status: record.user.status,
        },
    };
    (person, state)
}

fn change(state: &mut State, event: &LoggedEvent, before: &Reading, after: Option<&Reading>) {
    let group = event.target("UserGroup").map(|group| group.id.clone());
    let by_groups = profile(state, before, after);
    match (event.kind.as_str(), group) {
        ("group.user_membership.add", Some(group)) => {
            state.groups.insert(group);
        }
        ("group.user_membership.remove" | "group.lifecycle.delete", Some(group)) => {
            state.groups.remove(&group);
        }
        ("application.user_membership.add", _) if state.app_user.is_none() && by_groups.is_none() => {
            state.app_user = Some(individual(event, after));
        }
        ("application.user_membership.remove", _) if by_groups.is_none() => state.app_user = None,
        ("user.lifecycle.suspend", _) => state.status = UserStatus::parse(Some("SUSPENDED")),
        ("user.lifecycle.unsuspend" | "user.lifecycle.activate" | "user.lifecycle.reactivate", _) => {
            state.status = UserStatus::parse(Some("ACTIVE"));
        }
        (kind, _) if kind == "user.lifecycle.deactivate" || kind.starts_with("user.lifecycle.delete") => {
            *state = State {
                groups: BTreeSet::new(),
                app_user: None,
                status: UserStatus::parse(Some("DEPROVISIONED")),
            };
        }
        _ => return,
    }
    follow(state, by_groups.as_ref(), profile(state, before, after));
}

/// Okta's own part: whoever is in an assigned group is assigned, and whoever was by groups alone is so no more without.
fn follow(state: &mut State, was: Option<&RoleProfile>, now: Option<RoleProfile>) {
    let scope = state.app_user.as_ref().map(|app_user| app_user.scope);
    match (scope, now) {
        (None, Some(profile)) => {
            state.app_user = Some(AppUser { scope: Scope::Group, status: AppUserStatus::Usable, profile });
        }
        (Some(Scope::Group), Some(now)) => {
            if let Some(app_user) = &mut state.app_user
                && was.is_none_or(|was| settle::same_roles(was, &app_user.profile))
            {
                app_user.profile = now;
            }
        }
        (Some(Scope::Group), None) if was.is_some() => state.app_user = None,
        _ => {}
    }
}

/// An individual assignment; its roles are those that the later snapshot shows, if it shows the same one.
fn individual(event: &LoggedEvent, after: Option<&Reading>) -> AppUser {
    let later = event.target("User").and_then(|user| {
        let after = after?;
        let record = after.facts().users.get(after.user_by_id(&user.id)? as usize)?;
        record.user.app_user.clone().filter(|app_user| app_user.scope == Scope::User)
    });
    let nothing = RoleProfile { saml_roles: Vec::new(), role: Vec::new() };
    later.unwrap_or(AppUser { scope: Scope::User, status: AppUserStatus::Usable, profile: nothing })
}

/// The profile that the groups of a state give; none when no group of it assigns the app.
fn profile(state: &State, before: &Reading, after: Option<&Reading>) -> Option<RoleProfile> {
    let mut assigned = Vec::new();
    for id in &state.groups {
        let record = [Some(before), after].into_iter().flatten().find_map(|reading| {
            reading.facts().groups.get(reading.group_by_id(id)? as usize)?.group.assignment.as_ref()
        });
        assigned.extend(record.map(|assignment| (assignment.priority, &assignment.profile)));
    }
    let union = before.facts().app.union;
    (!assigned.is_empty()).then(|| settle::profile(assigned.into_iter(), union))
}

/// Everybody's access after every event, under the groups and rules of one snapshot.
fn resolved(reading: &Reading, taken: &[(EventNote, PersonRef, State)]) -> Access {
    let users: Vec<User> = taken
        .iter()
        .map(|(_, _, state)| {
            let mut groups: Vec<u32> =
                state.groups.iter().filter_map(|group| reading.group_by_id(group)).collect();
            groups.sort_unstable();
            User { status: state.status, app_user: state.app_user.clone(), groups }
        })
        .collect();
    let facts = reading.facts();
    let groups: Vec<&Group> = facts.groups.iter().map(|group| &group.group).collect();
    resolve(reading.rules(), &facts.catalogue.values, groups.iter().copied(), &users)
}

/// Notes which roles each step has under one snapshot. A role is certain when the other snapshot gives it too, or cannot
/// know better, because it does not hold the group.
fn note_roles(
    steps: &mut [Step],
    reading: &Reading,
    access: &Access,
    pattern: &RolePattern,
    other: Option<&Reading>,
) {
    for grant in &access.user_grants {
        let Some(role) = access.roles.get(grant.role) else { continue };
        let arn = role.arns.role.as_ref().map(ToString::to_string);
        let account = reading.account(&role.account);
        if !pattern.takes(&account, &role.name, arn.as_deref()) {
            continue;
        }
        let Some(step) = steps.get_mut(grant.user as usize) else { continue };
        let at: RoleKey = (role.account.clone(), role.name.clone());
        let name = RoleRef {
            account,
            role: role.name.clone(),
            role_arn: arn,
            provider_arn: role.arns.provider.as_ref().map(ToString::to_string),
        };
        step.names.entry(at.clone()).or_insert(name);
        let groups: Vec<_> = grant.groups.iter().filter_map(|group| reading.group(*group)).collect();
        let known_there = |other: &Reading| groups.iter().any(|group| other.group_by_id(&group.id).is_some());
        let doubtful = other.is_some_and(|other| groups.is_empty() || known_there(other));
        match step.roles.get_mut(&at) {
            // The second of the two snapshots agrees.
            Some(held) => held.uncertain = false,
            None => {
                let through = super::timeline::through(reading, grant);
                step.roles.insert(at, HeldRole { through, uncertain: doubtful });
            }
        }
    }
}
