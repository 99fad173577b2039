//! Custom admin roles, resource sets and who is bound to them.

use jiff::Timestamp;

use super::{Holder, Org};

/// A custom admin role.
///
/// ```
/// use rolebook_fake_okta::{CustomRole, ResourceSet};
///
/// let role = CustomRole::new("AWS Reviewer").id("cr0R").permissions(["okta.apps.read", "okta.groups.read"]);
/// let set = ResourceSet::new("AWS").id("iamS").resources(["/api/v1/apps/0oaAWS"]).bind("cr0R", ["00uA", "gX"]);
/// # let _ = (role, set);
/// ```
#[derive(Clone, Debug)]
pub struct CustomRole {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) created: Option<Timestamp>,
}

impl CustomRole {
    /// A role with this label and no permissions.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            label: label.into(),
            description: String::new(),
            permissions: Vec::new(),
            created: None,
        }
    }

    /// Chooses the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Chooses the description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Adds permissions such as `okta.apps.read`.
    #[must_use]
    pub fn permissions<S: Into<String>>(mut self, permissions: impl IntoIterator<Item = S>) -> Self {
        self.permissions.extend(permissions.into_iter().map(Into::into));
        self
    }
}

/// A resource set: what bound roles are limited to, and who is bound.
#[derive(Clone, Debug)]
pub struct ResourceSet {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) resources: Vec<String>,
    pub(crate) bindings: Vec<(String, Vec<String>)>,
}

impl ResourceSet {
    /// An empty set with this label.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            label: label.into(),
            description: String::new(),
            resources: Vec::new(),
            bindings: Vec::new(),
        }
    }

    /// Chooses the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Chooses the description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Adds resources by their API path (`/api/v1/groups`) or ORN.
    #[must_use]
    pub fn resources<S: Into<String>>(mut self, resources: impl IntoIterator<Item = S>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Binds members (users by id or login, groups by id or name) to a custom role, by its id or label.
    #[must_use]
    pub fn bind<S: Into<String>>(
        mut self,
        role: impl Into<String>,
        members: impl IntoIterator<Item = S>,
    ) -> Self {
        self.bindings.push((role.into(), members.into_iter().map(Into::into).collect()));
        self
    }
}

/// A resource set as stored.
#[derive(Clone, Debug)]
pub(crate) struct ResourceSetRow {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) description: String,
    /// Id and path or ORN.
    pub(crate) resources: Vec<(String, String)>,
    pub(crate) bindings: Vec<BindingRow>,
    pub(crate) created: Timestamp,
}

/// A custom role within a resource set, and who has it.
#[derive(Clone, Debug)]
pub(crate) struct BindingRow {
    /// Id of the custom role.
    pub(crate) role: String,
    /// Id of the membership, and who.
    pub(crate) members: Vec<(String, Holder)>,
}

impl Org {
    /// Adds a custom role, or replaces the one with the same id.
    pub fn put_custom_role(&mut self, mut role: CustomRole) {
        if role.id.is_empty() {
            role.id = self.ids.next("cr0");
        }
        role.created.get_or_insert(self.now);
        match self.custom_roles.iter_mut().find(|old| old.id == role.id) {
            Some(old) => *old = role,
            None => self.custom_roles.push(role),
        }
    }

    /// Adds a resource set, or replaces the one with the same id. A role that does not exist yet is made.
    pub fn put_resource_set(&mut self, mut set: ResourceSet) {
        if set.id.is_empty() {
            set.id = self.ids.next("iam");
        }
        let resources = set.resources.into_iter().map(|resource| (self.ids.next("ire"), resource)).collect();
        let mut row = ResourceSetRow {
            id: set.id,
            label: set.label,
            description: set.description,
            resources,
            bindings: Vec::new(),
            created: self.now,
        };
        for (role, members) in set.bindings {
            let role = self.custom_role_or_new(&role);
            let members = members.iter().map(|member| (self.ids.next("irb"), self.holder_or_new(member)));
            row.bindings.push(BindingRow { role, members: members.collect() });
        }
        match self.resource_sets.iter_mut().find(|old| old.id == row.id) {
            Some(old) => *old = row,
            None => self.resource_sets.push(row),
        }
    }

    fn custom_role_or_new(&mut self, reference: &str) -> String {
        if let Some(role) = self.find_custom_role(reference) {
            return role.id.clone();
        }
        self.put_custom_role(CustomRole::new(reference).id(reference));
        reference.to_owned()
    }

    /// By id or label.
    pub(crate) fn find_custom_role(&self, reference: &str) -> Option<&CustomRole> {
        self.custom_roles.iter().find(|role| role.id == reference || role.label == reference)
    }

    /// A group when one has this id or name, else a user.
    fn holder_or_new(&mut self, reference: &str) -> Holder {
        match self.find_group(reference) {
            Some(group) => Holder::Group(group),
            None => Holder::User(self.user_or_new(reference)),
        }
    }

    /// Adds somebody to a binding, which is made when there is none. False when there is no such resource set.
    pub(crate) fn bind(&mut self, set: &str, role: &str, holder: Holder) -> bool {
        let id = self.ids.next("irb");
        let Some(row) = self.resource_sets.iter_mut().find(|row| row.id == set) else { return false };
        let place = match row.bindings.iter().position(|binding| binding.role == role) {
            Some(place) => place,
            None => {
                row.bindings.push(BindingRow { role: role.to_owned(), members: Vec::new() });
                row.bindings.len() - 1
            }
        };
        if let Some(binding) = row.bindings.get_mut(place)
            && !binding.members.iter().any(|(_, member)| *member == holder)
        {
            binding.members.push((id, holder));
            self.record("iam.resourceset.bindings.add", [self.holder_target(holder)]);
        }
        true
    }

    /// Takes a holder off every binding.
    pub(super) fn unbind(&mut self, holder: Holder) {
        for binding in self.resource_sets.iter_mut().flat_map(|set| &mut set.bindings) {
            binding.members.retain(|(_, member)| *member != holder);
        }
    }

    /// Takes members off a binding by the ids of their memberships; an empty list of ids takes the whole binding.
    pub(crate) fn remove_binding(&mut self, set: &str, role: &str, member: Option<&str>) -> bool {
        let Some(row) = self.resource_sets.iter_mut().find(|row| row.id == set) else { return false };
        let Some(place) = row.bindings.iter().position(|binding| binding.role == role) else { return false };
        let mut taken = Vec::new();
        match member {
            None => taken.extend(row.bindings.remove(place).members),
            Some(id) => {
                if let Some(binding) = row.bindings.get_mut(place) {
                    taken.extend(binding.members.extract_if(.., |(member, _)| member == id));
                }
                if taken.is_empty() {
                    return false;
                }
            }
        }
        for (_, holder) in taken {
            self.record("iam.resourceset.bindings.delete", [self.holder_target(holder)]);
        }
        true
    }

    /// Resource set and membership of every binding that somebody has.
    pub(crate) fn bindings_of(&self, holder: Holder) -> impl Iterator<Item = BoundRole<'_>> {
        self.resource_sets.iter().flat_map(move |set| {
            set.bindings.iter().flat_map(move |binding| {
                let own = binding.members.iter().filter(move |(_, member)| *member == holder);
                own.map(move |(id, _)| BoundRole { set, role: &binding.role, id, holder })
            })
        })
    }

    /// The bindings of a user and of the groups it is in.
    pub(crate) fn bindings_of_user(&self, user: usize) -> impl Iterator<Item = BoundRole<'_>> {
        let groups = self.users.get(user).into_iter().flat_map(|row| row.groups.iter());
        self.bindings_of(Holder::User(user))
            .chain(groups.flat_map(|group| self.bindings_of(Holder::Group(group))))
    }
}

/// A custom role that somebody has by a binding.
pub(crate) struct BoundRole<'a> {
    pub(crate) set: &'a ResourceSetRow,
    pub(crate) role: &'a str,
    pub(crate) id: &'a str,
    pub(crate) holder: Holder,
}
