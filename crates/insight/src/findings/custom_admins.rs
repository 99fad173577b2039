//! Custom admin roles that let somebody give AWS roles: by what they permit, over what they are bound to. What a
//! permission allows: Okta's documentation of custom admin role permissions.

use std::collections::BTreeSet;

use rolebook_federation::{GroupKind, UserIx};
use rolebook_ledger::{Binding, CustomRole, CustomRoles, ListCoverage, ResourceSet};

use super::{
    Draft, ObjectRef, Rule, Severity, Watch,
    admins::{Power, filling, power},
    few,
};
use crate::RoleRef;

const CUSTOM_ADMIN_SELF_GRANT: Rule = Rule("custom-admin-self-grant", Severity::Medium);

/// Changes the app with its settings, and assigns it.
const MANAGE_APP: &str = "okta.apps.manage";
/// Assign the app to people or groups, with the roles that stand on an assignment.
const ASSIGN_APP: [&str; 3] =
    ["okta.apps.assignment.manage", "okta.users.appAssignment.manage", "okta.groups.appAssignment.manage"];
/// Put people into groups.
const FILL_GROUPS: [&str; 4] = [
    "okta.groups.manage",
    "okta.groups.members.manage",
    "okta.users.manage",
    "okta.users.groupMembership.manage",
];

pub(super) fn look(watch: &mut Watch<'_>) {
    let facts = watch.reading.facts();
    let Some(custom) = &facts.custom_roles else {
        let why = "custom admin roles were not read: rolebook sync --sync-custom-roles reads them";
        return watch.off(CUSTOM_ADMIN_SELF_GRANT, why);
    };
    watch.on(CUSTOM_ADMIN_SELF_GRANT, unknown_members(watch, custom));
    for set in &custom.sets {
        for (id, binding) in &set.bindings {
            let Some(role) = custom.roles.iter().find(|role| role.id == *id) else { continue };
            let reach = Reach::of(watch, role, set);
            if reach.permissions.is_empty() {
                continue;
            }
            for user in holders(watch, role, set, binding) {
                of_person(watch, role, set, &reach, user);
            }
            for service in &binding.others {
                of_service(watch, role, set, &reach, service);
            }
        }
    }
}

/// Groups outside the snapshot may hold anybody, unless everybody's roles were read.
fn unknown_members(watch: &Watch<'_>, custom: &CustomRoles) -> Option<String> {
    let lists = &watch.reading.facts().coverage.lists;
    if matches!(lists.get("admin-roles"), Some(ListCoverage::Full { .. })) {
        return None;
    }
    let outside: BTreeSet<_> = custom
        .sets
        .iter()
        .flat_map(|set| set.bindings.values())
        .flat_map(|binding| binding.outside.keys())
        .collect();
    (!outside.is_empty()).then(|| {
        let groups = if outside.len() == 1 { "group" } else { "groups" };
        format!("who is in {} bound {groups} outside the snapshot is not known", outside.len())
    })
}

/// Whoever has a role within a resource set: bound themselves, or by a group.
fn holders(watch: &Watch<'_>, role: &CustomRole, set: &ResourceSet, binding: &Binding) -> Vec<UserIx> {
    let reading = watch.reading;
    let target = format!("resource-set:{}", set.id);
    let told = role.users.iter().filter(|(_, holder)| holder.targets.contains(&target)).map(|(id, _)| id);
    let people = binding.users.iter().chain(told).filter_map(|id| reading.user_by_id(id.as_str()));
    let groups = binding.groups.iter().filter_map(|group| reading.group_by_id(group.as_str()));
    let members = groups.flat_map(|group| reading.members(group).iter().copied());
    let all: BTreeSet<UserIx> = people.chain(members).collect();
    let able = |user: &UserIx| {
        reading.facts().users.get(*user as usize).is_some_and(|user| user.user.status.counts())
    };
    all.into_iter().filter(able).collect()
}

/// What a role lets its holder do about the app, within a resource set.
struct Reach {
    /// The permissions that matter.
    permissions: Vec<String>,
    manages_app: bool,
    assigns_app: bool,
    /// Okta's own groups that may be filled.
    groups: Vec<u32>,
}

impl Reach {
    fn of(watch: &Watch<'_>, role: &CustomRole, set: &ResourceSet) -> Self {
        let facts = watch.reading.facts();
        // A standard role that is bound to a set permits what it permits elsewhere.
        let standard = power(&role.id).filter(|_| role.permissions.is_empty());
        let by_app = matches!(standard, Some(Power::App | Power::Both));
        let by_groups = matches!(standard, Some(Power::Groups | Power::Both));
        let may = |permission: &str| role.permissions.iter().any(|has| has == permission);
        let any = |permissions: &[&str]| permissions.iter().any(|permission| may(permission));
        let over_app = set.resources.iter().any(|resource| covers_app(resource, facts));
        let may_fill = |ix: &u32| {
            facts.groups.get(*ix as usize).is_some_and(|group| {
                group.group.kind == GroupKind::Okta
                    && set.resources.iter().any(|resource| covers_group(resource, group.id.as_str()))
            })
        };
        let fills = any(&FILL_GROUPS) || by_groups;
        let every = 0..u32::try_from(facts.groups.len()).unwrap_or(u32::MAX);
        let mut reach = Self {
            permissions: Vec::new(),
            manages_app: over_app && (may(MANAGE_APP) || by_app),
            assigns_app: over_app && any(&ASSIGN_APP),
            groups: if fills { every.filter(may_fill).collect() } else { Vec::new() },
        };
        let mut used: Vec<&str> = Vec::new();
        if reach.manages_app {
            used.push(MANAGE_APP);
        }
        if reach.assigns_app {
            used.extend(ASSIGN_APP);
        }
        if !reach.groups.is_empty() {
            used.extend(FILL_GROUPS);
        }
        reach.permissions = used.iter().filter(|used| may(used)).map(|used| (*used).to_owned()).collect();
        if standard.is_some() && (reach.manages_app || !reach.groups.is_empty()) {
            reach.permissions.push(role.id.clone());
        }
        reach
    }

    /// The roles that somebody can get by it, for themselves or, when nobody is named, for others; and how.
    fn roles(&self, watch: &Watch<'_>, user: Option<UserIx>) -> (Vec<RoleRef>, Vec<ObjectRef>, Vec<String>) {
        let reading = watch.reading;
        let all = || (0..).zip(reading.access().roles.roles()).filter_map(|(ix, _)| reading.role(ix));
        let maps = reading.rules().maps_groups();
        let (mut roles, mut ways) = (Vec::new(), Vec::new());
        if self.manages_app {
            roles.extend(all());
            ways.push("assigns the app and changes its settings".to_owned());
        } else if self.assigns_app && !maps {
            roles.extend(all());
            ways.push("assigns the app with any role".to_owned());
        }
        let record = user.and_then(|user| reading.facts().users.get(user as usize));
        let assigned = record.is_none_or(|record| record.user.app_user.is_some());
        if self.assigns_app && maps && !assigned {
            let held = record.map(|record| record.user.groups.as_slice()).unwrap_or_default();
            let waiting: Vec<RoleRef> = held.iter().flat_map(|group| watch.roles_of_group(*group)).collect();
            if !waiting.is_empty() {
                ways.push("assigns the app, which makes the groups count that they are in".to_owned());
            }
            roles.extend(waiting);
        }
        let (groups, conferred) = filling(watch, self.groups.clone(), assigned || self.assigns_app);
        roles.extend(conferred);
        if !groups.is_empty() {
            ways.push(format!("can add people to {}", few(groups.iter().map(|group| group.name.as_str()))));
        }
        (roles, groups, ways)
    }
}

fn of_person(watch: &mut Watch<'_>, role: &CustomRole, set: &ResourceSet, reach: &Reach, user: UserIx) {
    if let Some(person) = watch.user(user) {
        add(watch, role, set, reach, Some(user), person);
    }
}

fn of_service(watch: &mut Watch<'_>, role: &CustomRole, set: &ResourceSet, reach: &Reach, service: &str) {
    let id = service.rsplit('/').next().unwrap_or(service);
    let who = ObjectRef { kind: "service-app".to_owned(), id: id.to_owned(), name: id.to_owned() };
    add(watch, role, set, reach, None, who);
}

fn add(
    watch: &mut Watch<'_>,
    role: &CustomRole,
    set: &ResourceSet,
    reach: &Reach,
    user: Option<UserIx>,
    who: ObjectRef,
) {
    let (roles, groups, ways) = reach.roles(watch, user);
    if roles.is_empty() {
        return;
    }
    let named = |kind: &str, id: &str, label: &str| ObjectRef {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: if label.is_empty() { id.to_owned() } else { label.to_owned() },
    };
    let role_object = named("custom-role", &role.id, &role.label);
    let set_object = named("resource-set", &set.id, &set.label);
    let mut evidence = vec![format!(
        "{} over resource set `{}`: {}",
        role_object.name,
        set_object.name,
        reach.permissions.join(", ")
    )];
    evidence.extend(ways);
    let text = format!("{} can give AWS roles as {}", who.name, role_object.name);
    let key = vec![who.id.clone(), role.id.clone(), set.id.clone()];
    let mut objects = vec![who, role_object, set_object];
    objects.extend(groups);
    watch.add(Draft {
        rule: CUSTOM_ADMIN_SELF_GRANT,
        key,
        text,
        objects,
        roles,
        evidence,
        remedy: "end the binding, or take the app and the groups that lead to AWS out of the resource set"
            .to_owned(),
    });
}

/// What stands behind a word in a path or resource name: `/api/v1/apps/0oa1` and
/// `orn:okta:idp:00o1:apps:amazon_aws:0oa1`.
fn behind<'r>(resource: &'r str, word: &str) -> Option<Vec<&'r str>> {
    let parts: Vec<&str> = if resource.starts_with("orn:") {
        resource.split(':').collect()
    } else {
        resource.split(['?', '#']).next().unwrap_or_default().split('/').collect()
    };
    let at = parts.iter().position(|part| *part == word)?;
    Some(parts.get(at + 1..)?.iter().copied().filter(|part| !part.is_empty()).collect())
}

fn covers_app(resource: &str, facts: &rolebook_ledger::Facts) -> bool {
    let (id, name) = (facts.app.id.as_str(), facts.app.name.as_str());
    match behind(resource, "apps").as_deref() {
        Some([]) => true,
        Some([one]) => *one == id || *one == name,
        Some([_, one]) => *one == id,
        _ => false,
    }
}

/// The members of a group are another resource than the group itself.
fn covers_group(resource: &str, group: &str) -> bool {
    matches!(behind(resource, "groups").as_deref(), Some([]))
        || matches!(behind(resource, "groups").as_deref(), Some([one]) if *one == group)
}

#[cfg(test)]
mod tests {
    use super::{behind, covers_group};

    #[test]
    fn resources_by_path_and_by_name() {
        let whole = "https://acme.okta.com/api/v1/groups";
        assert!(covers_group(whole, "00g1") && covers_group("/api/v1/groups/00g1", "00g1"));
        assert!(covers_group("orn:okta:directory:00o1:groups", "00g1"));
        assert!(covers_group("orn:okta:directory:00o1:groups:00g1", "00g1"));
        for other in [
            "/api/v1/groups/00g2",
            "/api/v1/groups/00g1/users",
            "orn:okta:directory:00o1:groups:00g1:contained_resources",
            "/api/v1/users",
            "",
        ] {
            assert!(!covers_group(other, "00g1"), "{other}");
        }
        assert_eq!(
            behind("orn:okta:idp:00o1:apps:amazon_aws:0oa1", "apps"),
            Some(vec!["amazon_aws", "0oa1"])
        );
    }
}
