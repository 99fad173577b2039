//! Okta's custom admin roles and resource sets: what they allow, on what, and to whom. Read only when asked for, and
//! then needed: a list that cannot be read ends the sync.
//!
//! Okta's lists of members name users and groups. Who holds a role through a group follows from the members of groups
//! in the snapshot; through a group outside, from the roles that Okta tells of each admin, where those are read.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use rolebook_ledger::{
    AdminHolder, Binding, CustomRole, CustomRoles, GroupId, GroupRecord, ResourceSet, UserId, UserRecord,
};
use rolebook_okta::{Error, shapes};

use crate::{Stage, SyncError, admin_roles::add, bound::CustomBound, reading::Reading, walk::Kept};

/// Requests under way at the same time.
const PARALLEL: usize = 8;

impl Kept for shapes::Binding {}
impl Kept for shapes::BindingMember {}
impl Kept for shapes::CustomRole {}
impl Kept for shapes::Permission {}
impl Kept for shapes::ResourceSet {}
impl Kept for shapes::SetResource {}

/// A custom role as Okta tells it of an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) user: String,
    pub(crate) role: String,
    pub(crate) set: Option<String>,
    pub(crate) by_group: bool,
    /// The group it comes from, when Okta names it.
    pub(crate) via: Option<String>,
}

/// What was read, before groups outside the snapshot are told from those in it.
#[derive(Debug, Default)]
pub(crate) struct CustomReading {
    roles: BTreeMap<String, CustomRole>,
    sets: Vec<ResourceSet>,
}

impl CustomReading {
    /// Ids of the users who are bound to a role.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        let bindings = self.sets.iter().flat_map(|set| set.bindings.values());
        bindings.flat_map(|binding| &binding.users).map(UserId::as_str)
    }
}

impl Reading<'_> {
    /// Roles, resource sets, bindings and members; `None` when they are not asked for.
    pub(crate) async fn custom_roles(&self) -> Result<Option<CustomReading>, SyncError> {
        if !self.options.custom_roles {
            return Ok(None);
        }
        self.begin(Stage::CustomRoles, 2);
        self.with_bound(|bound| bound.custom = Some(CustomBound::default()));
        let read = async { tokio::try_join!(self.roles_and_permissions(), self.sets_and_members()) };
        let (roles, sets) = read.await.map_err(SyncError::reading("the custom admin roles"))?;
        Ok(Some(CustomReading { roles, sets }))
    }

    fn count(&self, change: impl FnOnce(&mut CustomBound)) {
        self.with_bound(|bound| change(bound.custom.get_or_insert_default()));
    }

    async fn roles_and_permissions(&self) -> Result<BTreeMap<String, CustomRole>, Error> {
        let mut listed: BTreeMap<String, shapes::CustomRole> = BTreeMap::new();
        let take = |page: Vec<shapes::CustomRole>| {
            listed.extend(page.into_iter().map(|role| (role.id.clone(), role)));
        };
        self.walk(Stage::CustomRoles, self.client.custom_roles(), take).await?;
        self.count(|bound| bound.roles = listed.len() as u64);
        let roles: Vec<Option<CustomRole>> = stream::iter(listed.into_values())
            .map(|role| self.with_permissions(role))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        Ok(roles.into_iter().flatten().map(|role| (role.id.clone(), role)).collect())
    }

    async fn with_permissions(&self, okta: shapes::CustomRole) -> Result<Option<CustomRole>, Error> {
        let mut permissions = BTreeSet::new();
        let take = |page: Vec<shapes::Permission>| {
            permissions.extend(page.into_iter().map(|permission| permission.label));
        };
        let read = self.walk(Stage::CustomRoles, self.client.role_permissions(&okta.id), take).await;
        let Some(_) = self.unless_gone(read, &okta.id)? else { return Ok(None) };
        Ok(Some(CustomRole {
            id: okta.id,
            label: okta.label.unwrap_or_default(),
            description: okta.description.unwrap_or_default(),
            permissions: permissions.into_iter().collect(),
            ..CustomRole::default()
        }))
    }

    async fn sets_and_members(&self) -> Result<Vec<ResourceSet>, Error> {
        let mut listed: BTreeMap<String, shapes::ResourceSet> = BTreeMap::new();
        let take = |page: Vec<shapes::ResourceSet>| {
            listed.extend(page.into_iter().map(|set| (set.id.clone(), set)));
        };
        self.walk(Stage::CustomRoles, self.client.resource_sets(), take).await?;
        self.count(|bound| bound.sets = listed.len() as u64);
        let sets: Vec<Option<ResourceSet>> = stream::iter(listed.into_values())
            .map(|set| self.with_members(set))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        let mut sets: Vec<ResourceSet> = sets.into_iter().flatten().collect();
        sets.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(sets)
    }

    async fn with_members(&self, okta: shapes::ResourceSet) -> Result<Option<ResourceSet>, Error> {
        let mut resources = BTreeSet::new();
        let take = |page: Vec<shapes::SetResource>| {
            resources.extend(page.iter().map(|resource| resource.name().to_owned()));
        };
        let read = self.walk(Stage::CustomRoles, self.client.set_resources(&okta.id), take).await;
        let Some(items) = self.unless_gone(read, &okta.id)? else { return Ok(None) };
        self.count(|bound| bound.lists.push(items));

        let mut roles = BTreeSet::new();
        let take = |page: Vec<shapes::Binding>| roles.extend(page.into_iter().map(|binding| binding.id));
        let read = self.walk(Stage::CustomRoles, self.client.set_bindings(&okta.id), take).await;
        let Some(items) = self.unless_gone(read, &okta.id)? else { return Ok(None) };
        self.count(|bound| bound.lists.push(items));

        let mut bindings = BTreeMap::new();
        for role in roles {
            let mut binding = Binding::default();
            let take = |page: Vec<shapes::BindingMember>| {
                page.iter().for_each(|member| put(&mut binding, member.who()));
            };
            let members = self.client.binding_members(&okta.id, &role);
            let read = self.walk(Stage::CustomRoles, members, take).await;
            if let Some(items) = self.unless_gone(read, &role)? {
                self.count(|bound| bound.lists.push(items));
                bindings.insert(role, binding);
            }
        }
        Ok(Some(ResourceSet {
            id: okta.id,
            label: okta.label.unwrap_or_default(),
            description: okta.description.unwrap_or_default(),
            resources: resources.into_iter().collect(),
            bindings,
        }))
    }

    /// What was listed may be gone when it is asked for.
    fn unless_gone<T>(&self, read: Result<T, Error>, id: &str) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_gone() => {
                self.warn(
                    "custom-role-gone",
                    "a custom role, resource set or binding was gone when it was asked for, it was left out",
                    id,
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads members whom no other list brought, and tells the groups of the snapshot from others.
    pub(crate) async fn complete_custom_roles(
        &self,
        read: Option<CustomReading>,
    ) -> Result<Option<CustomReading>, SyncError> {
        let Some(mut read) = read else { return Ok(None) };
        let members =
            read.sets.iter().flat_map(|set| set.bindings.values()).flat_map(|binding| &binding.users);
        let members: BTreeSet<String> = members.map(|user| user.as_str().to_owned()).collect();
        let unread: Vec<String> = self.with_intake(|intake| {
            members.iter().filter(|user| !intake.knows_person(user)).cloned().collect()
        });
        self.count(|bound| bound.others = unread.len() as u64);
        stream::iter(unread)
            .map(|id| self.person(id))
            .buffer_unordered(PARALLEL)
            .try_collect::<()>()
            .await
            .map_err(SyncError::reading("the members of custom admin roles"))?;
        let bindings = read.sets.iter_mut().flat_map(|set| set.bindings.values_mut());
        let mut strangers = Vec::new();
        self.with_intake(|intake| {
            for binding in bindings {
                // Deleted meanwhile.
                binding.users.retain(|user| intake.knows_person(user.as_str()));
                let outside: Vec<GroupId> =
                    binding.groups.extract_if(.., |group| !intake.has_group(group.as_str())).collect();
                for group in outside {
                    let name =
                        if self.options.no_group_names { None } else { intake.name_of(group.as_str()) };
                    binding.outside.insert(group, name);
                }
                strangers.extend(binding.others.iter().cloned());
            }
        });
        for stranger in strangers {
            self.warn(
                "role-member-unknown",
                "a member of a custom admin role is neither a user nor a group; it stands with the binding only",
                stranger,
            );
        }
        self.read(Stage::CustomRoles, read.roles.len() as u64);
        Ok(Some(read))
    }
}

fn put(binding: &mut Binding, member: shapes::Member) {
    match member {
        shapes::Member::User(user) => drop(binding.users.insert(UserId::new(user.as_str()))),
        shapes::Member::Group(group) => drop(binding.groups.insert(GroupId::new(group.as_str()))),
        shapes::Member::Other(address) => drop(binding.others.insert(address)),
    }
}

impl CustomReading {
    /// Works out who holds each role: by membership of a binding, through groups of the snapshot, and through groups
    /// outside of it as far as Okta told of admins.
    pub(crate) fn assemble(
        mut self,
        told: &[Told],
        groups: &[GroupRecord],
        users: &[UserRecord],
        names: impl Fn(&str) -> Option<String>,
    ) -> CustomRoles {
        for set in &self.sets {
            let target = format!("resource-set:{}", set.id);
            for (role, binding) in &set.bindings {
                // Some roles that Okta lists with bindings are not in its list of custom roles.
                let role = self
                    .roles
                    .entry(role.clone())
                    .or_insert_with(|| CustomRole { id: role.clone(), ..CustomRole::default() });
                for user in &binding.users {
                    let holder = role.users.entry(user.clone()).or_default();
                    holder.direct = true;
                    add(&mut holder.targets, target.clone());
                }
                for group in &binding.groups {
                    add(role.groups.entry(group.clone()).or_default(), target.clone());
                }
                let mut held_by: Vec<u32> = binding
                    .groups
                    .iter()
                    .filter_map(|id| groups.binary_search_by(|group| group.id.cmp(id)).ok())
                    .filter_map(|ix| u32::try_from(ix).ok())
                    .collect();
                held_by.sort_unstable();
                if held_by.is_empty() {
                    continue;
                }
                for user in users {
                    let through = user.user.groups.iter().filter(|ix| held_by.binary_search(ix).is_ok());
                    for group in through.filter_map(|ix| groups.get(*ix as usize)) {
                        let holder = role.users.entry(user.id.clone()).or_default();
                        add(&mut holder.groups, group.id.clone());
                        add(&mut holder.targets, target.clone());
                    }
                }
            }
        }
        self.add_told(told, groups, users, names);
        CustomRoles { roles: self.roles.into_values().collect(), sets: self.sets }
    }

    /// What only the admins' own roles tell: holders through groups outside the snapshot.
    fn add_told(
        &mut self,
        told: &[Told],
        groups: &[GroupRecord],
        users: &[UserRecord],
        names: impl Fn(&str) -> Option<String>,
    ) {
        for told in told.iter().filter(|told| told.by_group) {
            let known = users.binary_search_by(|user| user.id.as_str().cmp(&told.user)).is_ok();
            let (Some(role), true) = (self.roles.get_mut(&told.role), known) else { continue };
            let Some(via) = &told.via else { continue };
            if groups.binary_search_by(|group| group.id.as_str().cmp(via)).is_ok() {
                continue;
            }
            let holder: &mut AdminHolder = role.users.entry(UserId::new(told.user.as_str())).or_default();
            add(&mut holder.outside, (GroupId::new(via.as_str()), names(via)));
            if let Some(set) = &told.set {
                add(&mut holder.targets, format!("resource-set:{set}"));
            }
        }
    }
}
