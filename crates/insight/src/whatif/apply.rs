//! Changes made to facts the way Okta makes them: with a membership comes the assignment, with an assignment the
//! profile.

use std::collections::BTreeSet;

use rolebook_federation::{
    AppUser, AppUserStatus, GroupAssignment, GroupIx, RoleProfile, Scope, Union, UserIx, UserStatus,
};
use rolebook_ledger::{AssignmentRecord, Facts, GroupRecord};
use serde_json::Value;

use super::{ChangeRequest, NEVER, change::group_of};
use crate::{Error, Reading, names, settle};

/// Facts under change.
pub(super) struct Work {
    facts: Facts,
    /// Users whose profile Okta wrote as their groups say: it follows when these change.
    follow: BTreeSet<UserIx>,
}

impl Work {
    pub(super) fn new(reading: &Reading) -> Self {
        let facts = reading.facts().clone();
        let mut work = Self { facts, follow: BTreeSet::new() };
        work.follow = (0..)
            .zip(&work.facts.users)
            .filter(|(_, user)| {
                user.user.app_user.as_ref().is_some_and(|app_user| {
                    app_user.scope == Scope::Group
                        && work.is_granted(&user.user.groups)
                        && settle::same_roles(&work.settled(&user.user.groups), &app_user.profile)
                })
            })
            .map(|(ix, _)| ix)
            .collect();
        work
    }

    pub(super) fn finish(self) -> Facts {
        self.facts
    }

    pub(super) fn apply(&mut self, change: &ChangeRequest) -> Result<(), Error> {
        match change {
            ChangeRequest::Set { key, value } => self.set(key, value)?,
            ChangeRequest::AddTo { group, person } => {
                let (group, user) = (self.group(group)?, self.person(person)?);
                if let Some(user) = self.facts.users.get_mut(user as usize)
                    && let Err(at) = user.user.groups.binary_search(&group)
                {
                    user.user.groups.insert(at, group);
                }
            }
            ChangeRequest::RemoveFrom { group, person } => {
                let (group, user) = (self.group(group)?, self.person(person)?);
                if let Some(user) = self.facts.users.get_mut(user as usize) {
                    user.user.groups.retain(|held| *held != group);
                }
            }
            ChangeRequest::RemoveGroup { group } => {
                let group = self.group(group)?;
                for user in &mut self.facts.users {
                    user.user.groups.retain(|held| *held != group);
                }
                // The place stays, so that positions do: nameless and unassigned it is as good as gone.
                if let Some(record) = self.facts.groups.get_mut(group as usize) {
                    record.group.name = None;
                    record.group.assignment = None;
                }
            }
            ChangeRequest::RenameGroup { group, name } => {
                let group = self.group(group)?;
                if let Some(record) = self.facts.groups.get_mut(group as usize) {
                    record.group.name = Some(name.clone());
                }
            }
            ChangeRequest::AssignGroup { group, roles, priority } => {
                let group = self.group(group)?;
                self.assign_group(group, roles, *priority);
            }
            ChangeRequest::UnassignGroup { group } => {
                let group = self.group(group)?;
                if let Some(record) = self.facts.groups.get_mut(group as usize) {
                    record.group.assignment = None;
                }
            }
            ChangeRequest::Assign { person, roles } => {
                let user = self.person(person)?;
                let profile = RoleProfile { saml_roles: roles.clone(), role: Vec::new() };
                self.assign(user, Scope::User, profile);
            }
            ChangeRequest::Unassign { person } => {
                let user = self.person(person)?;
                self.unassign(user);
            }
            ChangeRequest::Status { person, status } => self.status(person, status)?,
        }
        self.settle();
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let flag = || {
            value.parse::<bool>().map_err(|_| Error::Question {
                text: format!("{key} is true or false, not {value}"),
                hint: format!("write {key}=true or {key}=false"),
            })
        };
        match key {
            "status" => self.facts.app.status = value.to_uppercase(),
            "implicitAssignment" => self.facts.app.implicit_assignment = flag()?,
            "samlRoles.union" => {
                self.facts.app.union = if flag()? { Union::Enabled } else { Union::Disabled };
            }
            "useGroupMapping" | "joinAllRoles" => {
                self.facts.app.settings.insert(key.to_owned(), flag()?.into());
            }
            "groupFilter"
            | "roleValuePattern"
            | "appFilter"
            | "identityProviderArn"
            | "overrideAcsURL"
            | "awsEnvironmentType" => {
                self.facts.app.settings.insert(key.to_owned(), value.into());
            }
            "sessionDuration" => {
                let number = value.parse::<u32>().map_err(|_| Error::Question {
                    text: format!("sessionDuration is a number of seconds, not {value}"),
                    hint: "write sessionDuration=3600".to_owned(),
                })?;
                self.facts.app.settings.insert(key.to_owned(), Value::from(number));
            }
            other => {
                return Err(Error::Question {
                    text: format!("no access depends on the setting `{other}`"),
                    hint: "useGroupMapping, joinAllRoles, groupFilter, roleValuePattern, appFilter, identityProviderArn, \
                           status, implicitAssignment or samlRoles.union"
                        .to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A group by id or name: of the file, else one of the org that only the list of names knows, which is taken in.
    fn group(&mut self, text: &str) -> Result<GroupIx, Error> {
        let of_file: Vec<GroupIx> = (0..)
            .zip(&self.facts.groups)
            .filter(|(_, group)| group.id.as_str() == text || group.group.name.as_deref() == Some(text))
            .map(|(ix, _)| ix)
            .collect();
        let of_org: Vec<&_> = self
            .facts
            .group_names
            .iter()
            .filter(|group| group.id.as_str() == text || group.name.as_deref() == Some(text))
            .filter(|group| self.facts.groups.iter().all(|known| known.id != group.id))
            .collect();
        match (of_file.as_slice(), of_org.as_slice()) {
            ([one], []) => Ok(*one),
            ([], [one]) => {
                let record = group_of(one);
                Ok(self.insert(record))
            }
            ([], []) => {
                let names = self.facts.group_names.iter().filter_map(|group| group.name.as_deref());
                let all =
                    names.chain(self.facts.groups.iter().filter_map(|group| group.group.name.as_deref()));
                Err(Error::Unknown {
                    kind: "group",
                    text: text.to_owned(),
                    place: "the snapshot".to_owned(),
                    nearest: names::nearest(text, all),
                })
            }
            (file, org) => Err(Error::Ambiguous {
                kind: "group",
                text: text.to_owned(),
                candidates: file
                    .iter()
                    .filter_map(|ix| self.facts.groups.get(*ix as usize))
                    .map(|group| group.id.to_string())
                    .chain(org.iter().map(|group| group.id.to_string()))
                    .collect(),
            }),
        }
    }

    /// Groups are ascending by id: those behind the new one move on.
    fn insert(&mut self, record: GroupRecord) -> GroupIx {
        let at = self.facts.groups.partition_point(|group| group.id < record.id);
        self.facts.groups.insert(at, record);
        let at = GroupIx::try_from(at).unwrap_or(GroupIx::MAX);
        for user in &mut self.facts.users {
            for group in user.user.groups.iter_mut().filter(|group| **group >= at) {
                *group += 1;
            }
        }
        at
    }

    fn person(&self, text: &str) -> Result<UserIx, Error> {
        names::find_user(&self.facts, text)
    }

    /// Whether one of the groups is assigned to the app.
    fn is_granted(&self, groups: &[GroupIx]) -> bool {
        let assigned = |ix: &GroupIx| {
            self.facts.groups.get(*ix as usize).is_some_and(|group| group.group.assignment.is_some())
        };
        groups.iter().any(assigned)
    }

    fn assign_group(&mut self, group: GroupIx, roles: &[String], priority: Option<i64>) {
        let assignments = || self.facts.groups.iter().filter_map(|group| group.group.assignment.as_ref());
        let last = assignments().filter_map(|assignment| assignment.priority).max();
        let before = self.facts.groups.get(group as usize).and_then(|record| record.group.assignment.clone());
        let kept = before.as_ref().and_then(|assignment| assignment.priority);
        let priority = priority.or(kept).or(Some(last.map_or(0, |last| last + 1)));
        let profile = match (roles.is_empty(), before) {
            (true, Some(before)) => before.profile,
            _ => RoleProfile { saml_roles: roles.to_vec(), role: Vec::new() },
        };
        if let Some(record) = self.facts.groups.get_mut(group as usize) {
            record.group.assignment = Some(GroupAssignment { priority, profile });
        }
    }

    fn assign(&mut self, user: UserIx, scope: Scope, profile: RoleProfile) {
        let Some(record) = self.facts.users.get_mut(user as usize) else { return };
        record.user.app_user = Some(AppUser { scope, status: AppUserStatus::Usable, profile });
        record.assignment = Some(AssignmentRecord {
            scope: Some(if scope == Scope::Group { "GROUP" } else { "USER" }.to_owned()),
            status: "ACTIVE".to_owned(),
            user_name: record.person.login.clone(),
            named_group: None,
            created: NEVER,
            last_updated: NEVER,
            status_changed: NEVER,
        });
        self.follow.remove(&user);
        if scope == Scope::Group {
            self.follow.insert(user);
        }
    }

    fn unassign(&mut self, user: UserIx) {
        if let Some(record) = self.facts.users.get_mut(user as usize) {
            record.user.app_user = None;
            record.assignment = None;
        }
        self.follow.remove(&user);
    }

    fn status(&mut self, person: &str, status: &str) -> Result<(), Error> {
        const WORDS: [&str; 8] = [
            "ACTIVE",
            "STAGED",
            "PROVISIONED",
            "RECOVERY",
            "LOCKED_OUT",
            "PASSWORD_EXPIRED",
            "SUSPENDED",
            "DEPROVISIONED",
        ];
        let status = status.to_uppercase();
        if !WORDS.contains(&status.as_str()) {
            return Err(Error::Question {
                text: format!("`{status}` is no status of an Okta user"),
                hint: WORDS.join(", "),
            });
        }
        let user = self.person(person)?;
        if let Some(record) = self.facts.users.get_mut(user as usize) {
            record.user.status = UserStatus::parse(Some(&status));
            if status == "DEPROVISIONED" {
                record.user.groups.clear();
            }
            record.person.status = Some(status.clone());
        }
        if status == "DEPROVISIONED" {
            self.unassign(user);
        }
        Ok(())
    }

    fn settled(&self, groups: &[GroupIx]) -> RoleProfile {
        let assigned = groups.iter().filter_map(|ix| {
            let assignment = self.facts.groups.get(*ix as usize)?.group.assignment.as_ref()?;
            Some((assignment.priority, &assignment.profile))
        });
        settle::profile(assigned, self.facts.app.union)
    }

    /// Whoever is in an assigned group is assigned, whoever was assigned by groups and is in none is not, and the
    /// profiles that Okta writes are written anew.
    fn settle(&mut self) {
        for ix in 0..UserIx::try_from(self.facts.users.len()).unwrap_or(UserIx::MAX) {
            let Some(record) = self.facts.users.get(ix as usize) else { continue };
            let by_group = self.is_granted(&record.user.groups);
            let deprovisioned = record.person.status.as_deref() == Some("DEPROVISIONED");
            let scope = record.user.app_user.as_ref().map(|app_user| app_user.scope);
            let profile = self.settled(&record.user.groups);
            match scope {
                None if by_group && !deprovisioned => self.assign(ix, Scope::Group, profile),
                // One whose groups were not read may well be in them still.
                Some(Scope::Group) if !by_group && self.follow.contains(&ix) => self.unassign(ix),
                Some(Scope::Group) if self.follow.contains(&ix) => {
                    let record = self.facts.users.get_mut(ix as usize);
                    if let Some(app_user) = record.and_then(|record| record.user.app_user.as_mut()) {
                        app_user.profile = profile;
                    }
                }
                _ => {}
            }
        }
    }
}
