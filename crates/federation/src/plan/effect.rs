//! What the person has before and after, by the same resolution that a sync uses.

use std::collections::BTreeMap;

use super::{Action, Plan, Residual, RoleName, Situation, Step, Target, Wish};
use crate::{GroupIx, Source, UserGrant, resolve};

/// Effective roles of one person, with the path of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    roles: BTreeMap<RoleName, Path>,
}

#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) source: Source,
    pub(crate) own: bool,
    pub(crate) groups: Vec<GroupIx>,
}

impl Held {
    pub(crate) fn of(situation: &Situation) -> Self {
        let Some(person) = &situation.user else { return Self::default() };
        let access = resolve(
            &situation.rules,
            &situation.catalogue,
            situation.groups.iter().map(|group| &group.group),
            std::iter::once(&person.user),
        );
        let named = |grant: &UserGrant| {
            let role = access.roles.get(grant.role)?;
            Some(RoleName { account: role.account.clone(), role: role.name.clone() })
        };
        let path =
            |grant: &UserGrant| Path { source: grant.source, own: grant.own, groups: grant.groups.to_vec() };
        Self {
            roles: access.user_grants.iter().filter_map(|grant| Some((named(grant)?, path(grant)))).collect(),
        }
    }

    pub(crate) fn contains(&self, role: &RoleName) -> bool {
        self.roles.contains_key(role)
    }

    pub(crate) fn path(&self, role: &RoleName) -> Option<&Path> {
        self.roles.get(role)
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.roles.keys()
    }
}

impl Situation {
    /// The roles that the person has now, as far as Okta decides.
    #[must_use]
    pub fn roles_held(&self) -> Vec<RoleName> {
        Held::of(self).roles.into_keys().collect()
    }

    /// How the person comes to a role, in words; `None` when they do not have it.
    #[must_use]
    pub fn path_of(&self, role: &RoleName) -> Option<String> {
        Held::of(self).path(role).map(|path| path_words(self, path))
    }
}

pub(crate) fn before_and_after(situation: &Situation, steps: &[Step]) -> (Held, Held) {
    let before = Held::of(situation);
    if steps.is_empty() {
        return (before.clone(), before);
    }
    let after = steps.iter().fold(situation.clone(), |situation, step| situation.after(step));
    (before, Held::of(&after))
}

/// Roles of one that the other lacks, but for the one that the wish is about.
pub(crate) fn lacking(of: &Held, other: &Held, wished: Option<&RoleName>) -> Vec<RoleName> {
    of.roles().filter(|role| !other.contains(role) && Some(*role) != wished).cloned().collect()
}

pub(crate) fn path_words(situation: &Situation, path: &Path) -> String {
    let groups = situation.names(&path.groups);
    let list: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let through = list.join(", ");
    match (path.source, path.own, groups.is_empty()) {
        (Source::DefaultRole, _, true) => "the `role` attribute of the assignment".to_owned(),
        (Source::DefaultRole, _, false) => format!("the `role` attribute of {through}"),
        (Source::Profile, ..) => "the assignment's profile, which no group that was read explains".to_owned(),
        (_, true, true) => "the own assignment".to_owned(),
        (_, true, false) => format!("the own assignment and {through}"),
        (_, false, _) => format!("group {through}"),
    }
}

/// Adds the paths by which a revoked role stays.
pub(crate) fn residuals(situation: &Situation, wish: &Wish, plan: &mut Plan) {
    debug_assert_eq!(wish.action, Action::Revoke);
    let situation = &situation.made_usable();
    let end = plan.steps.iter().fold(situation.clone(), |situation, step| situation.after(step));
    let before = Held::of(situation);
    let after = Held::of(&end);
    let touched: Vec<GroupIx> = plan
        .steps
        .iter()
        .filter_map(|step| situation.group(&step.group()?.id).ok().map(|(ix, _)| ix))
        .collect();
    for (role, path) in &after.roles {
        let wished_away = match &wish.target {
            Target::Role(wished) => wished == role,
            Target::Everything => true,
            Target::Membership(_) | Target::App => false,
        };
        // Of a membership that goes only those roles are worth telling that it gave too.
        let gave =
            before.path(role).is_some_and(|was| was.groups.iter().any(|group| touched.contains(group)));
        if wished_away || (gave && matches!(wish.target, Target::Membership(_))) {
            plan.residual.push(Residual {
                role: role.clone(),
                path: path_words(&end, path),
                remedy: remedy(&end, path),
                wished_away,
            });
        }
    }
}

fn remedy(situation: &Situation, path: &Path) -> String {
    if path.source == Source::DefaultRole {
        return "clear `role` in Okta (Applications, the AWS app, Assignments)".to_owned();
    }
    let mut remedies: Vec<String> = path
        .groups
        .iter()
        .filter_map(|ix| {
            let group = situation.group_at(*ix)?;
            Some(match situation.obstacle_to_removing(*ix) {
                Some(obstacle) => format!("{}: {}", group.named(), obstacle.remedy()),
                None => format!("rolebook revoke --group {} --from PERSON", group.id),
            })
        })
        .collect();
    if path.own {
        remedies.push("rolebook revoke --role ACCOUNT/ROLE --from PERSON".to_owned());
    }
    if remedies.is_empty() {
        remedies.push("look at the assignment in Okta (Applications, the AWS app, Assignments)".to_owned());
    }
    remedies.join("; ")
}

/// Why a role would not be in the assertion although all steps are done.
pub(crate) fn why_not(situation: &Situation) -> String {
    let Some(person) = &situation.user else { return "there is no person".to_owned() };
    if !person.user.status.counts() {
        return format!("the person is {}", person.status);
    }
    match &person.user.app_user {
        Some(app_user) if app_user.status == crate::AppUserStatus::Unusable => {
            let status = person.assignment_status.as_deref().unwrap_or("unknown");
            format!("the assignment's status is {status}")
        }
        Some(_) => "another group comes first in priority".to_owned(),
        None => "the person is not assigned to the app".to_owned(),
    }
}
