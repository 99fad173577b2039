//! The facts that a plan is made from, all read right before.

use super::{Named, Obstacle, Rights, RoleName, Step};
use crate::{
    AppUser, AppUserStatus, Group, GroupAssignment, GroupIx, GroupVerdict, Mode, RoleProfile, Rules, Scope,
    Union, User, UserStatus, rules::Conferral,
};

/// A group rule by id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRule {
    /// `0pr…`.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A group that plays a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanGroup {
    /// `00g…`.
    pub id: String,
    /// Name, type, origin and assignment to the app.
    pub group: Group,
    /// When its profile last changed, as Okta writes it.
    pub last_updated: Option<String>,
    /// When its assignment to the app last changed.
    pub assignment_updated: Option<String>,
    /// Active rules that fill it.
    pub rules: Vec<NamedRule>,
}

/// The person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanUser {
    /// `00u…`.
    pub id: String,
    /// Login.
    pub login: String,
    /// Okta's word.
    pub status: String,
    /// Status, assignment, and positions of their groups in [`Situation::groups`].
    pub user: User,
    /// Okta's word for the assignment's status.
    pub assignment_status: Option<String>,
    /// When the assignment last changed.
    pub assignment_updated: Option<String>,
    /// Rules that hold the person in groups, by position of the group, where Okta was asked; an empty list says that
    /// no rule does.
    pub held_by: Vec<(GroupIx, Vec<NamedRule>)>,
}

/// The facts that a plan is made from.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The app.
    pub app: Named,
    /// Okta's word.
    pub app_status: String,
    /// Its settings as rules.
    pub rules: Rules,
    /// Whether Okta combines the roles of several groups.
    pub union: Union,
    /// Stored values of all roles that are known: they name accounts and spell what is written.
    pub catalogue: Vec<String>,
    /// Assigned groups (direct mode: all of them), groups that confer the role, groups that the wish names, the groups
    /// of the person.
    pub groups: Vec<PlanGroup>,
    /// The person, when the wish is about one.
    pub user: Option<PlanUser>,
    /// What the token may write.
    pub rights: Rights,
}

impl PlanGroup {
    /// Id and name.
    #[must_use]
    pub fn named(&self) -> Named {
        Named { id: self.id.clone(), name: self.group.name.clone().unwrap_or_default() }
    }

    fn source(&self) -> Option<String> {
        self.group.origin.app_name.clone().or_else(|| self.group.origin.app_id.clone())
    }

    /// What stands in the way of adding somebody.
    pub(crate) fn obstacle_to_adding(&self) -> Option<Obstacle> {
        Obstacle::of_kind(self.group.kind, self.source())
            .or_else(|| (!self.rules.is_empty()).then(|| Obstacle::Rules(self.rules.clone())))
    }
}

impl PlanUser {
    /// Id and login.
    #[must_use]
    pub fn named(&self) -> Named {
        Named { id: self.id.clone(), name: self.login.clone() }
    }

    pub(crate) fn is_in(&self, group: GroupIx) -> bool {
        self.user.groups.contains(&group)
    }
}

impl Situation {
    pub(crate) fn person(&self) -> Result<&PlanUser, super::Refusal> {
        self.user.as_ref().ok_or_else(|| super::Refusal::Missing("the person".to_owned()))
    }

    pub(crate) fn group_at(&self, ix: GroupIx) -> Option<&PlanGroup> {
        self.groups.get(ix as usize)
    }

    pub(crate) fn group(&self, id: &str) -> Result<(GroupIx, &PlanGroup), super::Refusal> {
        (0..)
            .zip(&self.groups)
            .find(|(_, group)| group.id == id)
            .ok_or_else(|| super::Refusal::Missing(format!("group {id}")))
    }

    /// What stands in the way of taking the person out. Okta's own word about rules that hold them counts more than the
    /// rules of the group.
    pub(crate) fn obstacle_to_removing(&self, ix: GroupIx) -> Option<Obstacle> {
        let group = self.group_at(ix)?;
        let held = self.user.as_ref().and_then(|user| user.held_by.iter().find(|(at, _)| *at == ix));
        let rules = held.map_or(&group.rules, |(_, rules)| rules);
        Obstacle::of_kind(group.group.kind, group.source())
            .or_else(|| (!rules.is_empty()).then(|| Obstacle::Rules(rules.clone())))
    }

    /// The role that the group confers by its name.
    pub(crate) fn conferral(&self, group: &PlanGroup) -> Option<Box<Conferral>> {
        match self.rules.verdict(&group.group) {
            GroupVerdict::Confers(conferral) => Some(conferral),
            _ => None,
        }
    }

    /// Groups that confer the role by their names, with whether the match is partial.
    pub(crate) fn conferring(&self, role: &RoleName) -> Vec<(GroupIx, bool)> {
        (0..)
            .zip(&self.groups)
            .filter_map(|(ix, group)| {
                let conferral = self.conferral(group)?;
                let same = conferral.account.as_str() == role.account && conferral.role == role.role;
                same.then_some((ix, conferral.partial))
            })
            .collect()
    }

    /// Assigned groups that hold the person.
    pub(crate) fn assigning(&self) -> Vec<GroupIx> {
        let Some(user) = &self.user else { return Vec::new() };
        user.user
            .groups
            .iter()
            .copied()
            .filter(|ix| self.group_at(*ix).is_some_and(|group| group.group.assignment.is_some()))
            .collect()
    }

    pub(crate) fn names(&self, groups: &[GroupIx]) -> Vec<Named> {
        groups.iter().filter_map(|ix| self.group_at(*ix)).map(PlanGroup::named).collect()
    }

    /// The situation once the step is done and Okta has carried it over to the app users.
    #[must_use]
    pub fn after(&self, step: &Step) -> Self {
        let mut next = self.clone();
        match step {
            Step::AddMember { group, .. } => next.join(&group.id),
            Step::RemoveMember { group, .. } => next.leave(&group.id),
            Step::AssignUser { roles, .. } => {
                let profile = RoleProfile { saml_roles: roles.clone(), role: Vec::new() };
                next.set_app_user(Some(AppUser {
                    scope: Scope::User,
                    status: AppUserStatus::Usable,
                    profile,
                }));
            }
            Step::SetUserRoles { after, convert, .. } => {
                if let Some(app_user) = next.user.as_mut().and_then(|user| user.user.app_user.as_mut()) {
                    app_user.profile.saml_roles.clone_from(after);
                    if *convert {
                        app_user.scope = Scope::User;
                    }
                }
            }
            Step::ReturnToGroups { .. } => {
                if let Some(app_user) = next.user.as_mut().and_then(|user| user.user.app_user.as_mut()) {
                    app_user.scope = Scope::Group;
                }
                next.materialise();
            }
            Step::UnassignUser { .. } => {
                next.set_app_user(None);
                next.materialise();
            }
            Step::AssignGroup { group, roles, priority } => next.assign_group(&group.id, roles, *priority),
            Step::SetGroupRoles { group, after, .. } => {
                if let Some(assignment) =
                    next.group_mut(&group.id).and_then(|group| group.group.assignment.as_mut())
                {
                    assignment.profile.saml_roles.clone_from(after);
                }
                next.materialise();
            }
            Step::UnassignGroup { group, .. } => {
                if let Some(group) = next.group_mut(&group.id) {
                    group.group.assignment = None;
                }
                next.materialise();
            }
        }
        next
    }

    fn group_mut(&mut self, id: &str) -> Option<&mut PlanGroup> {
        self.groups.iter_mut().find(|group| group.id == id)
    }

    fn set_app_user(&mut self, app_user: Option<AppUser>) {
        if let Some(user) = &mut self.user {
            user.user.app_user = app_user;
        }
    }

    fn join(&mut self, id: &str) {
        if let (Ok((ix, _)), true) = (self.group(id), self.user.is_some())
            && let Some(user) = &mut self.user
            && !user.is_in(ix)
        {
            user.user.groups.push(ix);
            user.user.groups.sort_unstable();
        }
        self.materialise();
    }

    fn leave(&mut self, id: &str) {
        if let Ok((ix, _)) = self.group(id)
            && let Some(user) = &mut self.user
        {
            user.user.groups.retain(|group| *group != ix);
        }
        self.materialise();
    }

    fn assign_group(&mut self, id: &str, roles: &[String], priority: Option<i64>) {
        let last = self
            .groups
            .iter()
            .filter_map(|group| group.group.assignment.as_ref()?.priority)
            .max()
            .map_or(0, |last| last.saturating_add(1));
        if let Some(group) = self.group_mut(id) {
            group.group.assignment = Some(GroupAssignment {
                priority: Some(priority.unwrap_or(last)),
                profile: RoleProfile { saml_roles: roles.to_vec(), role: Vec::new() },
            });
        }
        self.materialise();
    }

    /// What Okta does to a group-assigned app user when groups change: it comes, goes, and its profile is written anew.
    fn materialise(&mut self) {
        let granting = self.assigning();
        let profile = self.profile_from(&granting);
        let Some(user) = &mut self.user else { return };
        match &mut user.user.app_user {
            None if !granting.is_empty() => {
                user.user.app_user =
                    Some(AppUser { scope: Scope::Group, status: AppUserStatus::Usable, profile });
            }
            Some(app_user) if app_user.scope == Scope::Group => {
                if granting.is_empty() {
                    user.user.app_user = None;
                } else {
                    app_user.profile = profile;
                }
            }
            _ => {}
        }
    }

    /// The profile that Okta writes: the winner's in priority, with the roles of all where the union is on. Where the
    /// schema could not be read, by priority, which is Okta's default.
    fn profile_from(&self, granting: &[GroupIx]) -> RoleProfile {
        let mut assigned: Vec<&GroupAssignment> = granting
            .iter()
            .filter_map(|ix| self.group_at(*ix).and_then(|group| group.group.assignment.as_ref()))
            .collect();
        assigned.sort_by_key(|assignment| (assignment.priority.is_none(), assignment.priority));
        let mut profile = assigned.first().map(|winner| winner.profile.clone()).unwrap_or_default();
        if self.union == Union::Enabled {
            for role in assigned.iter().flat_map(|assignment| &assignment.profile.saml_roles) {
                if !profile.saml_roles.contains(role) {
                    profile.saml_roles.push(role.clone());
                }
            }
        }
        profile
    }

    /// Whether own roles and the roles of all assigned groups are joined.
    pub(crate) fn joins(&self) -> bool {
        matches!(self.rules.mode(), Mode::Direct(direct) if direct.join())
    }

    /// The situation as if app, person and assignment could be used: what is to be taken away must be seen also where
    /// it lies idle.
    pub(crate) fn made_usable(&self) -> Self {
        let mut usable = self.clone();
        usable.rules = usable.rules.made_usable();
        if let Some(person) = &mut usable.user {
            person.user.status = UserStatus::CanSignIn;
            if let Some(app_user) = &mut person.user.app_user {
                app_user.status = AppUserStatus::Usable;
            }
        }
        usable
    }

    /// Why nobody gets in, when that is so.
    pub(crate) fn guard_app(&self) -> Result<(), super::Refusal> {
        match self.rules.unusable() {
            None => Ok(()),
            Some(crate::Unusable::NotActive(status)) => {
                Err(super::Refusal::AppUnusable(format!("its status is {status}")))
            }
            Some(crate::Unusable::NotSaml(mode)) => {
                Err(super::Refusal::AppUnusable(format!("its sign-on mode is {mode}")))
            }
        }
    }
}
