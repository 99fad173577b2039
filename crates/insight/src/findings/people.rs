//! Rules about people and their assignments.

use rolebook_federation::{GroupVerdict, Scope, UserIx};
use rolebook_ledger::UserRecord;

use super::{Draft, ObjectRef, Rule, Severity, Watch, few};
use crate::{RoleRef, assertion};

const MEMBER_NOT_ASSIGNED: Rule = Rule("member-not-assigned", Severity::Low);
const DIRECT_BESIDE_GROUP: Rule = Rule("direct-beside-group", Severity::Low);
const ASSIGNED_WITHOUT_ROLE: Rule = Rule("assigned-without-role", Severity::Low);
const INACTIVE_ASSIGNED: Rule = Rule("inactive-assigned", Severity::Medium);
const ASSERTION_SIZE: Rule = Rule("assertion-size", Severity::Medium);

pub(super) fn look(watch: &mut Watch<'_>) {
    let reading = watch.reading;
    let facts = reading.facts();
    let maps = reading.rules().maps_groups();
    let unusable = reading.rules().unusable().is_some();
    let unread = facts.groups.iter().zip(&reading.access().verdicts).filter(|(group, verdict)| {
        let matters = group.group.assignment.is_some() || matches!(verdict, GroupVerdict::Confers(_));
        matters && !group.members_read
    });
    let unread = unread.count();
    let limit = (unread > 0).then(|| {
        let groups = if unread == 1 { "group" } else { "groups" };
        format!("the members of {unread} {groups} were not read")
    });
    match (maps, facts.app.implicit_assignment) {
        (true, false) => watch.on(MEMBER_NOT_ASSIGNED, limit.clone()),
        (true, true) => watch.off(MEMBER_NOT_ASSIGNED, "nobody needs to be assigned"),
        (false, _) => watch.off(MEMBER_NOT_ASSIGNED, "group mapping is off: membership alone gives no role"),
    }
    watch.on(DIRECT_BESIDE_GROUP, limit.clone());
    watch.on(INACTIVE_ASSIGNED, None);
    watch.on(ASSERTION_SIZE, None);
    if unusable {
        watch.off(ASSIGNED_WITHOUT_ROLE, "the app lets nobody in");
    } else {
        watch.on(ASSIGNED_WITHOUT_ROLE, limit);
    }
    for (ix, user) in (0..).zip(&facts.users) {
        if maps && !facts.app.implicit_assignment {
            member_not_assigned(watch, ix, user);
        }
        beside_group(watch, ix, user);
        without_role(watch, ix, user, unusable);
        inactive(watch, ix, user);
        size(watch, ix);
    }
}

fn roles(watch: &Watch<'_>, user: UserIx) -> Vec<RoleRef> {
    watch.reading.grants_of(user).iter().filter_map(|grant| watch.reading.role(grant.role)).collect()
}

/// The roles of the groups that hold a user, whether or not they have them.
fn roles_of_groups(watch: &Watch<'_>, user: &UserRecord) -> Vec<RoleRef> {
    user.user.groups.iter().flat_map(|group| watch.roles_of_group(*group)).collect()
}

fn member_not_assigned(watch: &mut Watch<'_>, ix: UserIx, user: &UserRecord) {
    if user.user.app_user.is_some() || !user.user.status.counts() {
        return;
    }
    let groups: Vec<u32> = user
        .user
        .groups
        .iter()
        .copied()
        .filter(|group| !watch.reading.conferred_by(*group).is_empty())
        .collect();
    let Some(person) = watch.user(ix).filter(|_| !groups.is_empty()) else { return };
    let named: Vec<ObjectRef> = groups.iter().filter_map(|group| watch.group(*group)).collect();
    let mut objects = vec![person.clone()];
    objects.extend(named.iter().cloned());
    watch.add(Draft {
        rule: MEMBER_NOT_ASSIGNED,
        key: vec![person.id.clone()],
        text: format!("{} is in a group that gives a role, but not assigned to the app", person.name),
        roles: groups.iter().flat_map(|group| watch.roles_of_group(*group)).collect(),
        evidence: vec![format!("member of {}", few(named.iter().map(|group| group.name.as_str())))],
        objects,
        remedy: "assign the app, or take the person out of the groups: with the assignment they have the roles at once"
            .to_owned(),
    });
}

fn beside_group(watch: &mut Watch<'_>, ix: UserIx, user: &UserRecord) {
    let by_hand = user.user.app_user.as_ref().is_some_and(|app_user| app_user.scope == Scope::User);
    let groups: Vec<ObjectRef> =
        watch.reading.assigning_groups(ix).filter_map(|group| watch.group(group)).collect();
    let Some(person) = watch.user(ix).filter(|_| by_hand && !groups.is_empty()) else { return };
    let mut objects = vec![person.clone()];
    objects.extend(groups.iter().cloned());
    watch.add(Draft {
        rule: DIRECT_BESIDE_GROUP,
        key: vec![person.id.clone()],
        text: format!("{} is assigned individually beside a group", person.name),
        roles: roles(watch, ix),
        evidence: vec![format!(
            "also in {}; leaving the group would not remove the assignment",
            few(groups.iter().map(|group| group.name.as_str()))
        )],
        objects,
        remedy: "convert the assignment to the group's, or take the person out of the group".to_owned(),
    });
}

fn without_role(watch: &mut Watch<'_>, ix: UserIx, user: &UserRecord, unusable: bool) {
    let assigned = user.user.app_user.is_some() && user.user.status.counts();
    if unusable || !assigned || !watch.reading.grants_of(ix).is_empty() {
        return;
    }
    let Some(person) = watch.user(ix) else { return };
    watch.add(Draft {
        rule: ASSIGNED_WITHOUT_ROLE,
        key: vec![person.id.clone()],
        text: format!("{} is assigned to the app and has no role", person.name),
        roles: Vec::new(),
        evidence: vec!["Okta shows the app and signs in; AWS answers `invalid SAML response`".to_owned()],
        objects: vec![person],
        remedy: "give a role, or remove the assignment".to_owned(),
    });
}

fn inactive(watch: &mut Watch<'_>, ix: UserIx, user: &UserRecord) {
    let status = user.person.status.as_deref().unwrap_or_default();
    if user.user.app_user.is_none() || !matches!(status, "SUSPENDED" | "DEPROVISIONED") {
        return;
    }
    let Some(person) = watch.user(ix) else { return };
    watch.add(Draft {
        rule: INACTIVE_ASSIGNED,
        key: vec![person.id.clone()],
        text: format!("{} is {status} and still assigned to the app", person.name),
        roles: roles_of_groups(watch, user),
        evidence: vec![
            "once active again, the person has every role that stands on assignment and groups".to_owned(),
        ],
        objects: vec![person],
        remedy: "remove the assignment, and take the person out of the groups".to_owned(),
    });
}

fn size(watch: &mut Watch<'_>, ix: UserIx) {
    // Far below any limit: no need to write the values out.
    if watch.reading.grants_of(ix).len() < 100 {
        return;
    }
    let prediction = assertion::predict(watch.reading, ix);
    if !assertion::near_limit(&prediction) {
        return;
    }
    let Some(person) = watch.user(ix) else { return };
    watch.add(Draft {
        rule: ASSERTION_SIZE,
        key: vec![person.id.clone()],
        text: format!("the assertion of {} comes near the size that AWS takes", person.name),
        roles: roles(watch, ix),
        evidence: vec![format!(
            "{} roles, about {} of 100000 characters",
            prediction.roles.len(),
            prediction.estimated_characters
        )],
        objects: vec![person],
        remedy: "spread the roles over several apps, or take some away".to_owned(),
    });
}
