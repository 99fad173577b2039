//! The ways by which a person has a role, or almost has it.

use rolebook_federation::{GroupIx, Mode, RoleIx, Scope, Source, Union, UserGrant, UserIx};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{GroupRef, Hop, Reading, hops};

/// What a path leads through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// The profile of the user's own assignment.
    OwnProfile,
    /// A group whose name the filter finds.
    GroupName,
    /// The profile of a group that is assigned to the app.
    GroupProfile,
    /// The app user's profile shows it, but nothing that was read explains it.
    ProfileOnly,
}

/// One path from a person to a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Path {
    /// What it leads through.
    pub kind: PathKind,
    /// It confers the role now.
    pub in_force: bool,
    /// Why it does not, when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// The group, when it leads through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    /// The group's priority, where priority decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Priority decides, and this group is first.
    pub priority_winner: bool,
    /// The filter matches the group's name only in part; whether Okta counts such a match is not documented.
    pub partial_match: bool,
    /// Hop by hop; only where the proof was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
}

impl Path {
    /// In a few words, for a table.
    #[must_use]
    pub fn brief(&self) -> String {
        match (&self.group, self.kind) {
            (Some(group), PathKind::GroupName) if self.partial_match => {
                format!("group {} (partial match)", group.label())
            }
            (Some(group), _) if self.priority_winner => {
                format!("group {} (first in priority)", group.label())
            }
            (Some(group), _) => format!("group {}", group.label()),
            (None, PathKind::ProfileOnly) => "the app user's profile, unexplained".to_owned(),
            (None, _) => "own assignment".to_owned(),
        }
    }
}

impl Reading {
    /// Every path from a user to a role, those in force first. With `proof`, each with its hops.
    #[must_use]
    pub fn paths(&self, user: UserIx, role: RoleIx, proof: bool) -> Vec<Path> {
        let Some(record) = self.facts().users.get(user as usize) else { return Vec::new() };
        let grant = self.grant(user, role);
        let mut paths = Vec::new();
        let direct = matches!(self.rules().mode(), Mode::Direct(_));
        if direct && self.own_profile_names(user, role) {
            paths.push(self.own_path(user, role, grant, proof));
        }
        for group in &record.user.groups {
            if let Some(conferral) = self.confers(*group, role) {
                let partial = conferral.partial;
                paths.push(self.group_path(user, role, *group, partial, grant, proof));
            }
        }
        if let Some(grant) = grant
            && !paths.iter().any(|path| path.in_force)
        {
            paths.push(self.unexplained(user, role, grant, proof));
        }
        paths.sort_by_key(|path| !path.in_force);
        paths
    }

    /// Whether the profile that stands for the user's own assignment names a role. A profile of scope GROUP is Okta's
    /// copy of what groups give, not a path.
    fn own_profile_names(&self, user: UserIx, role: RoleIx) -> bool {
        let Some(app_user) = self.facts().users.get(user as usize).and_then(|u| u.user.app_user.as_ref())
        else {
            return false;
        };
        app_user.scope != Scope::Group
            && app_user
                .profile
                .effective()
                .iter()
                .any(|value| self.access().roles.by_value(value) == Some(role))
    }

    fn own_path(&self, user: UserIx, role: RoleIx, grant: Option<&UserGrant>, proof: bool) -> Path {
        let in_force = grant.is_some_and(|grant| grant.own);
        let stopped_by = (!in_force).then(|| match grant {
            Some(_) => {
                "`role` of the own profile counts only when no group gives a role (joinAllRoles)".to_owned()
            }
            None => self.stop(user),
        });
        Path {
            kind: PathKind::OwnProfile,
            in_force,
            stopped_by,
            group: None,
            priority: None,
            priority_winner: false,
            partial_match: false,
            hops: if proof { hops::own(self, user, role) } else { Vec::new() },
        }
    }

    fn group_path(
        &self,
        user: UserIx,
        role: RoleIx,
        group: GroupIx,
        partial: bool,
        grant: Option<&UserGrant>,
        proof: bool,
    ) -> Path {
        let in_force = grant.is_some_and(|grant| grant.groups.contains(&group));
        let maps = self.rules().maps_groups();
        let by_priority = !maps && self.priority_decides(user);
        let first = by_priority && self.first_in_priority(user).is_some_and(|first| first.contains(&group));
        Path {
            kind: if maps { PathKind::GroupName } else { PathKind::GroupProfile },
            in_force,
            stopped_by: (!in_force).then(|| self.why_group_stops(user, by_priority, first)),
            group: self.group(group),
            priority: if maps { None } else { self.priority(group) },
            priority_winner: first,
            partial_match: partial,
            hops: if proof { hops::group(self, user, role, group) } else { Vec::new() },
        }
    }

    fn unexplained(&self, user: UserIx, role: RoleIx, grant: &UserGrant, proof: bool) -> Path {
        let kind = if grant.source == Source::Own { PathKind::OwnProfile } else { PathKind::ProfileOnly };
        Path {
            kind,
            in_force: true,
            stopped_by: None,
            group: None,
            priority: None,
            priority_winner: false,
            partial_match: grant.partial,
            hops: if proof { hops::own(self, user, role) } else { Vec::new() },
        }
    }

    pub(crate) fn priority(&self, group: GroupIx) -> Option<i64> {
        self.facts().groups.get(group as usize)?.group.assignment.as_ref()?.priority
    }

    /// Whether Okta takes only the roles of the user's first group.
    fn priority_decides(&self, user: UserIx) -> bool {
        let Mode::Direct(direct) = self.rules().mode() else { return false };
        let scope =
            self.facts().users.get(user as usize).and_then(|u| u.user.app_user.as_ref()).map(|a| a.scope);
        scope == Some(Scope::Group) && !direct.join() && self.facts().app.union == Union::Disabled
    }

    /// The assigned groups of a user with the best number; Okta may give one number twice.
    pub(crate) fn first_in_priority(&self, user: UserIx) -> Option<Vec<GroupIx>> {
        let rank = |group: &GroupIx| {
            let number = self.priority(*group);
            (number.is_none(), number.unwrap_or_default())
        };
        let groups: Vec<GroupIx> = self.assigning_groups(user).collect();
        let best = groups.iter().map(rank).min()?;
        Some(groups.into_iter().filter(|group| rank(group) == best).collect())
    }

    fn why_group_stops(&self, user: UserIx, by_priority: bool, first: bool) -> String {
        let record = self.facts().users.get(user as usize);
        let Some(app_user) = record.and_then(|user| user.user.app_user.as_ref()) else {
            return self.stop(user);
        };
        let Mode::Direct(direct) = self.rules().mode() else { return self.stop(user) };
        if self.grants_of(user).is_empty() && !self.may_have_roles(user) {
            return self.stop(user);
        }
        if app_user.scope != Scope::Group && !direct.join() {
            return "an individual assignment counts alone while joinAllRoles is off".to_owned();
        }
        if by_priority && !first {
            let first = self.first_in_priority(user).unwrap_or_default();
            let names: Vec<String> = first
                .iter()
                .filter_map(|group| self.group(*group))
                .map(|group| format!("`{}`", group.label()))
                .collect();
            return format!("group {} is first in priority", names.join(" and "));
        }
        "Okta has not written it to the app user's profile".to_owned()
    }

    /// Whether nothing but group and profile decides about the user.
    pub(crate) fn may_have_roles(&self, user: UserIx) -> bool {
        crate::why::gates(self, user).iter().all(|check| check.passed)
    }

    /// The first rule that stops a user whatever groups and profiles say.
    pub(crate) fn stop(&self, user: UserIx) -> String {
        crate::why::gates(self, user)
            .into_iter()
            .find(|check| !check.passed)
            .map_or_else(|| "the rules of the app".to_owned(), |check| check.text)
    }
}
