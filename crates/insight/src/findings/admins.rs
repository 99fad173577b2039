//! Okta admins who can give AWS roles to themselves or to others. What each standard role may do: Okta's documentation
//! of administrator roles.

use std::collections::BTreeSet;

use rolebook_federation::{GroupKind, UserIx};
use rolebook_ledger::{AdminHolder, AdminRole, ListCoverage};

use super::{Draft, ObjectRef, Rule, Severity, Watch, few};
use crate::RoleRef;

const ADMIN_SELF_GRANT: Rule = Rule("admin-self-grant", Severity::Medium);

/// What an admin role lets its holder do about access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// The app: assignments and, with the settings, everything.
    App,
    /// Members of groups.
    Groups,
    Both,
}

pub(super) fn power(kind: &str) -> Option<Power> {
    match kind {
        "SUPER_ADMIN" => Some(Power::Both),
        "APP_ADMIN" => Some(Power::App),
        "ORG_ADMIN" | "USER_ADMIN" | "GROUP_MEMBERSHIP_ADMIN" => Some(Power::Groups),
        _ => None,
    }
}

pub(super) fn look(watch: &mut Watch<'_>) {
    let facts = watch.reading.facts();
    match facts.coverage.lists.get("admin-roles") {
        Some(ListCoverage::Full { .. }) => watch.on(ADMIN_SELF_GRANT, None),
        Some(ListCoverage::Not { why }) => {
            return watch.off(ADMIN_SELF_GRANT, format!("admin roles were not read: {why}"));
        }
        None => return watch.off(ADMIN_SELF_GRANT, "admin roles were not read"),
    }
    for role in &facts.admin_roles {
        let Some(power) = power(&role.kind) else { continue };
        for (id, holder) in &role.users {
            if let Some(user) = watch.reading.user_by_id(id.as_str()) {
                judge(watch, role, power, user, holder);
            }
        }
    }
}

fn judge(watch: &mut Watch<'_>, role: &AdminRole, power: Power, user: UserIx, holder: &AdminHolder) {
    let facts = watch.reading.facts();
    if facts.users.get(user as usize).is_none_or(|user| !user.user.status.counts()) {
        return;
    }
    let mut ways: BTreeSet<String> = BTreeSet::new();
    let mut roles: Vec<RoleRef> = Vec::new();
    if matches!(power, Power::App | Power::Both) && over_app(watch, holder) {
        ways.insert("assigns the app and changes its settings".to_owned());
        roles = (0..)
            .zip(watch.reading.access().roles.roles())
            .filter_map(|(ix, _)| watch.reading.role(ix))
            .collect();
    }
    let mut groups: Vec<ObjectRef> = Vec::new();
    if matches!(power, Power::Groups | Power::Both) {
        let (found, conferred) = through_groups(watch, user, holder);
        roles.extend(conferred);
        groups = found;
        if !groups.is_empty() {
            let names = few(groups.iter().map(|group| group.name.as_str()));
            ways.insert(format!("can add people to {names}"));
        }
    }
    let Some(person) = watch.user(user).filter(|_| !roles.is_empty()) else { return };
    let mut evidence: Vec<String> = vec![format!("{} ({})", role.label, role.kind)];
    if !holder.targets.is_empty() {
        evidence.push(format!("limited to {}", holder.targets.join(", ")));
    }
    evidence.extend(ways);
    if power == Power::Groups {
        evidence.push(
            "Okta lets only super admins change groups of somebody who holds an admin role: others can be given the \
             roles, oneself only where that rule does not bite"
                .to_owned(),
        );
    }
    let mut objects = vec![person.clone()];
    objects.extend(groups);
    watch.add(Draft {
        rule: ADMIN_SELF_GRANT,
        key: vec![person.id.clone(), role.kind.clone()],
        text: format!("{} can give AWS roles as {}", person.name, role.label),
        objects,
        roles,
        evidence,
        remedy: "take the admin role away, or limit it to groups and apps that lead to no AWS role"
            .to_owned(),
    });
}

fn over_app(watch: &Watch<'_>, holder: &AdminHolder) -> bool {
    let app = &watch.reading.facts().app;
    let apps: Vec<&str> = holder.targets.iter().filter_map(|target| target.strip_prefix("app:")).collect();
    let limited_elsewhere = apps.is_empty() && !holder.targets.is_empty();
    !limited_elsewhere
        && (apps.is_empty() || apps.iter().any(|name| *name == app.id.as_str() || *name == app.name))
}

/// Groups that the holder may fill and that lead to a role for somebody.
fn through_groups(watch: &Watch<'_>, user: UserIx, holder: &AdminHolder) -> (Vec<ObjectRef>, Vec<RoleRef>) {
    let reading = watch.reading;
    let facts = reading.facts();
    let targets: BTreeSet<&str> =
        holder.targets.iter().filter_map(|target| target.strip_prefix("group:")).collect();
    let may_fill = |ix: u32| {
        facts.groups.get(ix as usize).is_some_and(|group| {
            group.group.kind == GroupKind::Okta
                && (holder.targets.is_empty() || targets.contains(group.id.as_str()))
        })
    };
    let fillable: Vec<u32> = (0..).take(facts.groups.len()).filter(|ix| may_fill(*ix)).collect();
    let assigned = facts.users.get(user as usize).is_some_and(|user| user.user.app_user.is_some());
    filling(watch, fillable, assigned)
}

/// What somebody gains by filling groups. With group mapping one must also be assigned: one is already, or may fill a
/// group that assigns.
pub(super) fn filling(
    watch: &Watch<'_>,
    fillable: Vec<u32>,
    assigned: bool,
) -> (Vec<ObjectRef>, Vec<RoleRef>) {
    let reading = watch.reading;
    let facts = reading.facts();
    let assigns = fillable
        .iter()
        .any(|ix| facts.groups.get(*ix as usize).is_some_and(|group| group.group.assignment.is_some()));
    if reading.rules().maps_groups() && !assigned && !assigns && !facts.app.implicit_assignment {
        return (Vec::new(), Vec::new());
    }
    let conferring: Vec<u32> =
        fillable.into_iter().filter(|ix| !reading.conferred_by(*ix).is_empty()).collect();
    let roles = conferring.iter().flat_map(|ix| watch.roles_of_group(*ix)).collect();
    (conferring.iter().filter_map(|ix| watch.group(*ix)).collect(), roles)
}
