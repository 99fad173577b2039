//! Okta's standard admin roles: who holds them, directly or through a group.
//!
//! Okta lists the users who hold any role, then tells each one's roles. For a role that comes from a group, the assignee
//! link names the group; where it does not, the groups that can be meant are those of the snapshot that hold the user.
//! Only such groups are asked for their own roles. A group outside the snapshot stands on the user's grant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use rolebook_ledger::{AdminHolder, AdminRole, GroupId, UserId};
use rolebook_okta::{Error, shapes};
use serde_json::Value;

use crate::{
    AdminRoles, Stage, SyncError,
    bound::AdminBound,
    custom_roles::Told,
    reading::{Optional, Reading},
};

const TARGETS: &str = "targets/groups,targets/catalog/apps";
/// Requests under way at the same time.
const PARALLEL: usize = 8;

/// What is known of admin roles.
#[derive(Debug, Default)]
pub(crate) struct AdminReading {
    pub(crate) roles: Vec<AdminRole>,
    /// Custom roles, as told of each admin.
    pub(crate) told: Vec<Told>,
}

/// One user's or group's roles.
struct Held {
    id: String,
    roles: Vec<RoleOf>,
    custom: Vec<Told>,
}

struct RoleOf {
    kind: String,
    label: String,
    by_group: bool,
    /// The group it comes from, when Okta names it.
    via: Option<String>,
    targets: Vec<String>,
}

impl RoleOf {
    fn entry_in<'a>(&self, roles: &'a mut BTreeMap<String, AdminRole>) -> &'a mut AdminRole {
        roles.entry(self.kind.clone()).or_insert_with(|| AdminRole {
            kind: self.kind.clone(),
            label: self.label.clone(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
        })
    }
}

/// The holders, before groups are asked.
pub(crate) struct Assignees(Vec<Held>);

impl Assignees {
    /// Ids of the holders.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|held| held.id.as_str())
    }
}

impl Reading<'_> {
    /// Users who hold admin roles, and which; `None` when they are not to be read or cannot be.
    pub(crate) async fn assignees(&self) -> Result<Option<Assignees>, SyncError> {
        if self.options.admin_roles == AdminRoles::Off {
            return Ok(None);
        }
        self.begin(Stage::AdminRoles, 1);
        self.with_bound(|bound| bound.admin = Some(AdminBound::default()));
        let mut ids: BTreeSet<String> = BTreeSet::new();
        let take =
            |page: Vec<shapes::RoleAssignee>| ids.extend(page.into_iter().map(|a| a.id.as_str().to_owned()));
        let listed = self.walk(Stage::AdminRoles, self.client.role_assignees(), take).await;
        let Some(_) = self.admin(listed)? else { return Ok(None) };
        self.with_bound(|bound| {
            bound.admin = Some(AdminBound { assignees: ids.len() as u64, ..Default::default() })
        });
        let held: Result<Vec<Option<Held>>, Error> =
            stream::iter(ids).map(|id| self.roles_of_user(id)).buffer_unordered(PARALLEL).try_collect().await;
        Ok(self.admin(held)?.map(|held| Assignees(held.into_iter().flatten().collect())))
    }

    /// Admin roles are optional unless they were asked for.
    fn admin<T>(&self, read: Result<T, Error>) -> Result<Option<T>, SyncError> {
        if self.options.admin_roles == AdminRoles::On {
            return read.map(Some).map_err(SyncError::reading("the Okta admin roles"));
        }
        Ok(match self.optional(Stage::AdminRoles, read)? {
            Optional::Read(value) => Some(value),
            Optional::NotRead => None,
        })
    }

    /// Somebody who was listed a moment ago is left out, but not without a word.
    fn holder_gone(&self, id: &str) {
        self.warn("admin-gone", "a holder of an admin role was gone when asked for, and was left out", id);
    }

    async fn roles_of_user(&self, id: String) -> Result<Option<Held>, Error> {
        let Ok(user) = shapes::UserId::new(id.as_str()) else { return Ok(None) };
        let (mut roles, mut custom) = (Vec::new(), Vec::new());
        let take = |page: Vec<shapes::RoleAssignment>| {
            roles.extend(page.iter().filter_map(role_of));
            custom.extend(page.iter().filter_map(|role| told(&id, role)));
        };
        match self.walk(Stage::AdminRoles, self.client.user_roles(&user, Some(TARGETS)), take).await {
            Ok(_) => Ok(Some(Held { id, roles, custom })),
            Err(error) if error.is_gone() => {
                self.holder_gone(user.as_str());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn roles_of_group(&self, id: String) -> Result<Option<Held>, Error> {
        let Ok(group) = shapes::GroupId::new(id.as_str()) else { return Ok(None) };
        let mut roles = Vec::new();
        let take = |page: Vec<shapes::RoleAssignment>| roles.extend(page.iter().filter_map(role_of));
        match self.walk(Stage::AdminRoles, self.client.group_roles(&group, Some(TARGETS)), take).await {
            Ok(_) => Ok(Some(Held { id, roles, custom: Vec::new() })),
            Err(error) if error.is_gone() => {
                self.holder_gone(group.as_str());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the user object of a holder whom no other list brought.
    pub(crate) async fn person(&self, id: String) -> Result<(), Error> {
        let Ok(user) = shapes::UserId::new(id.as_str()) else { return Ok(()) };
        // Another app's list may have brought them.
        if let Some(user) = self.shared.person(&id) {
            self.with_intake(|intake| intake.person(&user));
            return Ok(());
        }
        let read = self.once(Stage::AdminRoles, &format!("users/{id}"), self.client.user(&user)).await;
        match read {
            Ok(user) => self.with_intake(|intake| intake.person(&user)),
            Err(error) if error.is_gone() => self.holder_gone(user.as_str()),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Asks the groups that may hold a role, and reads holders whom no other list brought.
pub(crate) async fn complete(
    reading: &Reading<'_>,
    assignees: Option<Assignees>,
) -> Result<AdminReading, SyncError> {
    let Some(Assignees(users)) = assignees else { return Ok(AdminReading::default()) };
    let member_of = reading.with_intake(|intake| {
        let unnamed = |held: &&Held| held.roles.iter().any(|role| role.by_group && role.via.is_none());
        let users: Vec<String> = users.iter().filter(unnamed).map(|held| held.id.clone()).collect();
        intake.groups_of(&users)
    });
    let named: BTreeSet<String> = reading.with_intake(|intake| {
        let via = users.iter().flat_map(|held| &held.roles).filter_map(|role| role.via.clone());
        via.filter(|group| intake.has_group(group)).collect()
    });
    let candidates: BTreeSet<String> = member_of.values().flatten().chain(&named).cloned().collect();
    let unread: Vec<String> = reading.with_intake(|intake| {
        users.iter().filter(|held| !intake.knows_person(&held.id)).map(|held| held.id.clone()).collect()
    });
    reading.with_bound(|bound| {
        if let Some(admin) = &mut bound.admin {
            admin.groups = candidates.len() as u64;
            admin.others = unread.len() as u64;
        }
    });
    let groups = stream::iter(candidates)
        .map(|id| reading.roles_of_group(id))
        .buffer_unordered(PARALLEL)
        .try_collect::<Vec<Option<Held>>>();
    let people =
        stream::iter(unread).map(|id| reading.person(id)).buffer_unordered(PARALLEL).try_collect::<()>();
    let read = tokio::try_join!(groups, people);
    let Some((groups, ())) = reading.admin(read)? else { return Ok(AdminReading::default()) };
    let groups: Vec<Held> = groups.into_iter().flatten().collect();
    reading.read(Stage::AdminRoles, users.len() as u64);
    let told = users.iter().flat_map(|held| held.custom.iter().cloned()).collect();
    Ok(AdminReading { roles: assemble(&users, &groups, &member_of, &named, reading), told })
}

fn assemble(
    users: &[Held],
    groups: &[Held],
    member_of: &HashMap<String, BTreeSet<String>>,
    named: &BTreeSet<String>,
    reading: &Reading<'_>,
) -> Vec<AdminRole> {
    let mut roles: BTreeMap<String, AdminRole> = BTreeMap::new();
    for group in groups {
        for role in &group.roles {
            role.entry_in(&mut roles).groups.insert(GroupId::new(&group.id), role.targets.clone());
        }
    }
    for user in users {
        let member = |group: &GroupId| member_of.get(&user.id).is_some_and(|of| of.contains(group.as_str()));
        for role in &user.roles {
            let role_entry = role.entry_in(&mut roles);
            let unnamed: Vec<GroupId> =
                role_entry.groups.keys().filter(|group| member(group)).cloned().collect();
            let holder = role_entry.users.entry(UserId::new(&user.id)).or_insert_with(AdminHolder::default);
            match &role.via {
                _ if !role.by_group => holder.direct = true,
                Some(group) if named.contains(group) => add(&mut holder.groups, GroupId::new(group)),
                Some(group) => {
                    let known = || reading.with_intake(|intake| intake.name_of(group));
                    let name = if reading.options.no_group_names { None } else { known() };
                    add(&mut holder.outside, (GroupId::new(group), name));
                }
                None => unnamed.into_iter().for_each(|group| add(&mut holder.groups, group)),
            }
            for target in &role.targets {
                add(&mut holder.targets, target.clone());
            }
        }
    }
    roles.into_values().collect()
}

/// Keeps a list sorted and free of repetitions.
pub(crate) fn add<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
    }
}

/// A custom role that is in force, as told of a user.
fn told(user: &str, okta: &shapes::RoleAssignment) -> Option<Told> {
    let in_force = okta.status.as_deref().is_none_or(|status| status == "ACTIVE");
    let by_group = okta.assignment_type.as_deref() == Some("GROUP");
    Some(Told {
        user: user.to_owned(),
        role: okta.role.clone().filter(|_| in_force && okta.role_type.as_deref() == Some("CUSTOM"))?,
        set: okta.resource_set.clone(),
        by_group,
        via: okta.granting_group().filter(|_| by_group).map(String::from),
    })
}

/// A standard role that is in force; custom roles have rows of another kind.
fn role_of(okta: &shapes::RoleAssignment) -> Option<RoleOf> {
    let kind = okta.role_type.clone().filter(|kind| kind != "CUSTOM" && !kind.is_empty())?;
    if okta.status.as_deref().is_some_and(|status| status != "ACTIVE") {
        return None;
    }
    let by_group = okta.assignment_type.as_deref() == Some("GROUP");
    Some(RoleOf {
        label: okta.label.clone().unwrap_or_else(|| kind.clone()),
        by_group,
        via: okta.granting_group().filter(|_| by_group).map(String::from),
        targets: targets(okta.targets()),
        kind,
    })
}

/// What a role is limited to, sorted: `group:<id>`, `app:<instance id>` or `app:<catalogue name>`.
fn targets(embedded: Option<&Value>) -> Vec<String> {
    let Some(embedded) = embedded else { return Vec::new() };
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let groups = list(embedded.get("groups"));
    let apps = list(embedded.pointer("/catalog/apps"));
    let mut targets: Vec<String> =
        groups
            .iter()
            .filter_map(|group| text(group, "id").map(|id| format!("group:{id}")))
            .chain(apps.iter().filter_map(|app| {
                text(app, "id").or_else(|| text(app, "name")).map(|app| format!("app:{app}"))
            }))
            .collect();
    targets.sort();
    targets.dedup();
    targets
}
