//! Reading again what changed, and laying it over the last snapshot.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{Catalogue, GroupVerdict, Warnings};
use rolebook_ledger::{Facts, ListCoverage, UserId, UserRecord};
use rolebook_okta::{Error, GroupQuery, shapes};

use super::Changes;
use crate::{
    Event, Stage, SyncError,
    admin_roles::AdminReading,
    intake::{Intake, Taken, federation_group},
    reading::{Read, Reading},
};

/// Groups asked for at once by their ids: as many as a URL carries well.
const IDS: usize = 20;
/// App users on a page.
const APP_USERS: u64 = 500;
const APP_GROUPS: u64 = 200;
const MEMBERS: u64 = 1000;
const USER_GROUPS: u64 = 200;

fn pages(items: u64, per_page: u64) -> u64 {
    items.div_ceil(per_page).max(1)
}

impl Reading<'_> {
    /// Reads again what changed. What comes out is what reading every list would give.
    pub(crate) async fn run_changes(
        self,
        facts: Facts,
        mut changes: Changes,
        asked: u64,
    ) -> Result<Read, SyncError> {
        self.with_intake(|intake| *intake = Intake::seeded(self.options.people.clone(), &facts));
        let mut asked = asked;
        self.stage(Stage::Groups, self.groups_again(&mut changes, &mut asked)).await?;
        if changes.assignments {
            self.stage(Stage::AppGroups, self.app_groups_again(&mut asked)).await?;
        }
        self.stage(Stage::Members, self.members_again(&mut changes, &mut asked)).await?;
        self.stage(Stage::AppUsers, self.app_users_again(&changes, &facts, &mut asked)).await?;
        for user in &changes.lifecycle {
            self.groups_of_user_again(user, &mut asked).await?;
        }
        let (taken, _, warnings, mut bound) = self.finish();
        bound.changes = Some(asked);
        Ok(assemble(facts, taken, warnings, bound))
    }

    /// Shows that a part is under way.
    async fn stage<T>(
        &self,
        stage: Stage,
        part: impl Future<Output = Result<T, SyncError>>,
    ) -> Result<T, SyncError> {
        self.begin(stage, 1);
        let done = part.await?;
        self.progress.event(Event::End { stage, skipped: None });
        Ok(done)
    }

    /// Groups that were made, renamed, filled or deleted, as they are now.
    async fn groups_again(&self, changes: &mut Changes, asked: &mut u64) -> Result<(), SyncError> {
        let named: BTreeSet<String> = changes.groups.union(&changes.members).cloned().collect();
        let mut now: BTreeMap<String, shapes::Group> = std::mem::take(&mut changes.listed);
        now.retain(|id, _| named.contains(id));
        let unlisted: Vec<&String> = named.iter().filter(|id| !now.contains_key(*id)).collect();
        for ids in unlisted.chunks(IDS) {
            let filter: Vec<String> = ids.iter().map(|id| format!("id eq \"{id}\"")).collect();
            let query = GroupQuery {
                expand: self.rules.maps_groups().then_some("app"),
                filter: Some(filter.join(" or ")),
                ..GroupQuery::default()
            };
            let take = |page: Vec<shapes::Group>| {
                now.extend(page.into_iter().map(|group| (group.id.as_str().to_owned(), group)));
            };
            self.walk(Stage::Groups, self.client.groups(&query), take)
                .await
                .map_err(SyncError::reading("the groups that changed"))?;
            *asked += 1;
        }
        let before: BTreeMap<String, bool> = self
            .with_intake(|intake| intake.standing())
            .into_iter()
            .map(|(id, assigned, ..)| (id, assigned))
            .collect();
        for id in &named {
            let Some(okta) = now.get(id) else {
                // No list shows it any more. The app's lists tell what went with it.
                changes.assignments |= before.get(id).copied().unwrap_or_default();
                changes.members.remove(id);
                self.with_intake(|intake| {
                    intake.forget_members(id);
                    intake.forget_name(id);
                    intake.gone(id);
                });
                continue;
            };
            let found = self.rules.verdict(&federation_group(okta)).found();
            self.with_intake(|intake| {
                if found || before.contains_key(id) {
                    intake.describe_again(okta, found);
                }
                if self.rules.maps_groups() {
                    intake.group_name(okta);
                }
            });
        }
        Ok(())
    }

    async fn app_groups_again(&self, asked: &mut u64) -> Result<(), SyncError> {
        self.with_intake(Intake::forget_assignments);
        let take = |page: Vec<shapes::AppGroup>| {
            self.with_intake(|intake| page.into_iter().for_each(|group| intake.app_group(group)));
        };
        let items = self
            .walk(Stage::AppGroups, self.client.app_groups(&self.app, true), take)
            .await
            .map_err(SyncError::reading("the app's groups"))?;
        *asked += pages(items, APP_GROUPS);
        Ok(())
    }

    /// The members of groups that changed or have come to matter; groups that no longer do leave.
    async fn members_again(&self, changes: &mut Changes, asked: &mut u64) -> Result<(), SyncError> {
        for (id, assigned, members_read, group) in self.with_intake(|intake| intake.standing()) {
            let verdict = self.rules.verdict(&group);
            let matters = assigned || matches!(verdict, GroupVerdict::Confers(_));
            if !matters {
                self.with_intake(|intake| {
                    if members_read {
                        intake.forget_members(&id);
                    }
                    if !verdict.found() {
                        intake.gone(&id);
                    }
                });
                continue;
            }
            if members_read && !changes.members.contains(&id) {
                continue;
            }
            let before = self.with_intake(|intake| intake.forget_members(&id));
            let items = self.members_of(id.clone()).await?;
            *asked += items.map_or(1, |items| pages(items, MEMBERS));
            if assigned {
                // What a group gives to an assignment follows its members, whatever the log says of them.
                let after = self.with_intake(|intake| intake.members_of(&id));
                changes.users.extend(before.symmetric_difference(&after).cloned());
            }
        }
        Ok(())
    }

    /// Assignments of those who changed: one by one, or all when that is not more.
    async fn app_users_again(
        &self,
        changes: &Changes,
        facts: &Facts,
        asked: &mut u64,
    ) -> Result<(), SyncError> {
        let assigned = facts.users.iter().filter(|user| user.assignment.is_some()).count() as u64;
        let all = changes.assignments || changes.users.len() as u64 > pages(assigned, APP_USERS);
        if all {
            self.with_intake(Intake::forget_app_users);
            let take = |page: Vec<shapes::AppUser>| {
                self.with_intake(|intake| page.into_iter().for_each(|user| intake.app_user(user)));
            };
            let items = self
                .walk(Stage::AppUsers, self.client.app_users(&self.app), take)
                .await
                .map_err(SyncError::reading("the app's users"))?;
            *asked += pages(items, APP_USERS);
        }
        for user in &changes.users {
            let Some(id) = user_id(user) else { continue };
            if !all {
                *asked += 1;
                let read = self
                    .once(Stage::AppUsers, &format!("app-user {user}"), self.client.app_user(&self.app, &id))
                    .await;
                match read {
                    Ok(app_user) => self.with_intake(|intake| intake.app_user(app_user)),
                    Err(error) if gone(&error) => self.with_intake(|intake| intake.forget_app_user(user)),
                    Err(error) => return Err(SyncError::reading(format!("the app user {user}"))(error)),
                }
            }
            if !self.with_intake(|intake| intake.is_assigned(user)) {
                *asked += 1;
                match self.once(Stage::AppUsers, &format!("user {user}"), self.client.user(&id)).await {
                    Ok(person) => self.with_intake(|intake| intake.person(&person)),
                    Err(error) if gone(&error) => {
                        self.with_intake(|intake| intake.member_of_only(user, &BTreeSet::new()));
                    }
                    Err(error) => return Err(SyncError::reading(format!("the user {user}"))(error)),
                }
            }
        }
        Ok(())
    }

    async fn groups_of_user_again(&self, user: &str, asked: &mut u64) -> Result<(), SyncError> {
        let Some(id) = user_id(user) else { return Ok(()) };
        let mut groups = BTreeSet::new();
        let take = |page: Vec<shapes::Group>| {
            groups.extend(page.into_iter().map(|group| group.id.as_str().to_owned()));
        };
        match self.walk(Stage::Members, self.client.user_groups(&id), take).await {
            Ok(items) => *asked += pages(items, USER_GROUPS),
            Err(error) if gone(&error) => *asked += 1,
            Err(error) => return Err(SyncError::reading(format!("the groups of user {user}"))(error)),
        }
        self.with_intake(|intake| intake.member_of_only(user, &groups));
        Ok(())
    }
}

fn gone(error: &Error) -> bool {
    error.is_gone() || error.is_unavailable_here()
}

fn user_id(user: &str) -> Option<shapes::UserId> {
    shapes::UserId::new(user).ok()
}

/// What was not read again stays as the last snapshot has it. People leave when nothing holds them there.
fn assemble(facts: Facts, mut taken: Taken, warnings: Warnings, bound: crate::Bound) -> Read {
    let holders: BTreeSet<&str> =
        facts.admin_roles.iter().flat_map(|role| role.users.keys()).map(UserId::as_str).collect();
    let stays = |user: &UserRecord| {
        user.assignment.is_some() || !user.user.groups.is_empty() || holders.contains(user.id.as_str())
    };
    taken.users.retain(stays);
    let mut catalogue = facts.catalogue;
    if catalogue.source == Catalogue::None {
        // Values that were only seen somewhere are seen there again, or are no more.
        catalogue.values.clear();
    }
    let mut lists = facts.coverage.lists;
    let members: usize = taken.users.iter().map(|user| user.user.groups.len()).sum();
    let missing = taken.groups.iter().filter(|group| !group.members_read && group.group.assignment.is_some());
    let counts = [
        (Stage::AppUsers, taken.users.iter().filter(|user| user.assignment.is_some()).count()),
        (Stage::AppGroups, taken.groups.iter().filter(|group| group.group.assignment.is_some()).count()),
        (Stage::Members, members),
    ];
    let named = (!taken.names.is_empty()).then_some((Stage::Groups, taken.names.len()));
    for (stage, items) in counts.into_iter().chain(named) {
        lists.insert(stage.as_str().to_owned(), ListCoverage::Full { items: items as u64 });
    }
    let missing = missing.count();
    if missing > 0 {
        let why = format!("the members of {missing} groups were refused or gone");
        lists.insert(Stage::Members.as_str().to_owned(), ListCoverage::Not { why });
    }
    Read {
        taken,
        union: facts.app.union,
        catalogue,
        group_rules: facts.group_rules,
        admin: AdminReading { roles: facts.admin_roles, told: Vec::new() },
        custom: None,
        lists,
        warnings,
        bound,
    }
}
