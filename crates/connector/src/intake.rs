//! Pages become facts. Raw JSON ends here; what stays is what a snapshot keeps, with ids as small numbers.

mod seed;

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use rolebook_federation::{
    AppUser, AppUserStatus, Group, GroupAssignment, GroupKind, GroupOrigin, RoleProfile, Scope, User,
    UserStatus, Warnings,
};
use rolebook_ledger::{AssignmentRecord, GroupId, GroupName, GroupRecord, Person, UserId, UserRecord};
use rolebook_okta::shapes;
use serde_json::{Map, Value};

use crate::{
    app::time,
    person::{OktaPerson, PersonRules},
};

/// Facts under construction. Lists arrive in any order and may repeat objects; the result does not show it.
pub(crate) struct Intake {
    rules: PersonRules,
    groups: Interned<GroupDraft>,
    users: Interned<UserDraft>,
    /// (group, user), as they came.
    memberships: Vec<(u32, u32)>,
    names: HashMap<String, GroupName>,
    pub(crate) warnings: Warnings,
}

struct Interned<T> {
    by_id: HashMap<String, u32>,
    drafts: Vec<T>,
}

impl<T: Default> Interned<T> {
    fn new() -> Self {
        Self { by_id: HashMap::new(), drafts: Vec::new() }
    }

    fn at(&mut self, id: &str) -> u32 {
        if let Some(ix) = self.by_id.get(id) {
            return *ix;
        }
        let ix = u32::try_from(self.drafts.len()).unwrap_or(u32::MAX);
        self.by_id.insert(id.to_owned(), ix);
        self.drafts.push(T::default());
        ix
    }

    fn draft(&mut self, id: &str) -> Option<&mut T> {
        let ix = self.at(id);
        self.drafts.get_mut(ix as usize)
    }

    fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id).and_then(|ix| self.drafts.get(*ix as usize))
    }

    /// All drafts in the order of their ids, and the new position of each old one.
    fn sorted(self) -> (Vec<(String, T)>, Vec<u32>) {
        let mut ids: Vec<(String, u32)> = self.by_id.into_iter().collect();
        ids.sort();
        let mut moved = vec![0; self.drafts.len()];
        let mut drafts: Vec<Option<T>> = self.drafts.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(ids.len());
        for (new, (id, old)) in (0..).zip(ids) {
            if let Some(slot) = moved.get_mut(old as usize) {
                *slot = new;
            }
            if let Some(draft) = drafts.get_mut(old as usize).and_then(Option::take) {
                sorted.push((id, draft));
            }
        }
        (sorted, moved)
    }
}

#[derive(Default)]
struct GroupDraft {
    /// From the list of groups, or embedded in an assignment; the former knows more.
    described: Option<Described>,
    assignment: Option<(GroupAssignment, Option<Timestamp>)>,
    members_read: bool,
    /// Okta no longer knows it.
    gone: bool,
}

struct Described {
    listed: bool,
    name: Option<String>,
    kind: GroupKind,
    origin: GroupOrigin,
    created: Option<Timestamp>,
    last_updated: Option<Timestamp>,
    last_membership_updated: Option<Timestamp>,
}

#[derive(Default)]
struct UserDraft {
    person: Option<Seen>,
    app_user: Option<(AppUser, AssignmentRecord)>,
}

struct Seen {
    last_updated: Option<Timestamp>,
    person: Person,
}

impl Intake {
    pub(crate) fn new(rules: PersonRules) -> Self {
        Self {
            rules,
            groups: Interned::new(),
            users: Interned::new(),
            memberships: Vec::new(),
            names: HashMap::new(),
            warnings: Warnings::new(),
        }
    }

    /// Takes in one app user. An assignment seen twice is the later one.
    pub(crate) fn app_user(&mut self, mut okta: shapes::AppUser) {
        if let Some(user) = okta.take_user() {
            self.person(&user);
        }
        let id = okta.id.as_str();
        let profile: Value = okta.profile.read().unwrap_or_default();
        let profile = RoleProfile::from_json(&profile, id, &mut self.warnings);
        let scope = Scope::parse(okta.scope.as_deref());
        if scope == Scope::Unknown {
            self.warnings.add(
                "scope-unknown",
                "an app user has no scope that Rolebook knows, the profile is read as their own",
                id,
            );
        }
        let status = okta.status.clone().unwrap_or_default();
        let record = AssignmentRecord {
            scope: okta.scope.clone(),
            user_name: okta.user_name().map(str::to_owned),
            named_group: okta.granting_group().map(|group| GroupId::new(group.as_str())),
            created: time(okta.created.as_deref()),
            last_updated: time(okta.last_updated.as_deref()),
            status_changed: time(okta.status_changed.as_deref()),
            status,
        };
        let app_user = AppUser { scope, status: AppUserStatus::parse(&record.status), profile };
        if let Some(draft) = self.users.draft(id) {
            draft.app_user = Some((app_user, record));
        }
    }

    /// Takes in one assignment of a group.
    pub(crate) fn app_group(&mut self, mut okta: shapes::AppGroup) {
        if let Some(group) = okta.take_group() {
            self.describe(&group, false);
        }
        let id = okta.id.as_str();
        let profile: Value = okta.profile.read().unwrap_or_default();
        let assignment = GroupAssignment {
            priority: okta.priority,
            profile: RoleProfile::from_json(&profile, id, &mut self.warnings),
        };
        if let Some(draft) = self.groups.draft(id) {
            draft.assignment = Some((assignment, time(okta.last_updated.as_deref())));
        }
    }

    /// Takes note of the name of a group of the org, which need not become part of the snapshot.
    pub(crate) fn group_name(&mut self, okta: &shapes::Group) {
        let group = federation_group(okta);
        let source = group.origin.app_name.or(group.origin.app_id);
        let name =
            GroupName { id: GroupId::new(okta.id.as_str()), name: group.name, kind: group.kind, source };
        self.names.insert(okta.id.as_str().to_owned(), name);
    }

    /// Takes in a group of the org that belongs into the snapshot.
    pub(crate) fn group(&mut self, okta: &shapes::Group) {
        self.describe(okta, true);
    }

    fn describe(&mut self, okta: &shapes::Group, listed: bool) {
        let group = federation_group(okta);
        let described = Described {
            listed,
            name: group.name,
            kind: group.kind,
            origin: group.origin,
            created: time(okta.created.as_deref()),
            last_updated: time(okta.last_updated.as_deref()),
            last_membership_updated: time(okta.last_membership_updated.as_deref()),
        };
        if let Some(draft) = self.groups.draft(okta.id.as_str())
            && (listed || draft.described.as_ref().is_none_or(|known| !known.listed))
        {
            draft.described = Some(described);
        }
    }

    /// Takes in a page of members.
    pub(crate) fn members(&mut self, group: &str, members: &[shapes::User]) {
        let group = self.groups.at(group);
        for user in members {
            self.person(user);
            let user = self.users.at(user.id.as_str());
            self.memberships.push((group, user));
        }
    }

    /// The members of a group were read to the end.
    pub(crate) fn members_read(&mut self, group: &str) {
        if let Some(draft) = self.groups.draft(group) {
            draft.members_read = true;
        }
    }

    /// A group was gone when its members were asked for.
    pub(crate) fn gone(&mut self, group: &str) {
        if let Some(draft) = self.groups.draft(group) {
            draft.gone = true;
        }
    }

    /// Takes in a user object. The same user comes with every group; only a newer version is looked at.
    pub(crate) fn person(&mut self, okta: &shapes::User) {
        let id = okta.id.as_str();
        let last_updated = time(okta.last_updated.as_deref());
        let Some(draft) = self.users.draft(id) else { return };
        if draft.person.as_ref().is_some_and(|seen| seen.last_updated >= last_updated) {
            return;
        }
        let profile: Map<String, Value> = okta.profile.read().unwrap_or_default();
        let person = OktaPerson {
            id,
            status: okta.status.as_deref(),
            created: time(okta.created.as_deref()),
            last_login: time(okta.last_login.as_deref()),
            profile,
        };
        draft.person = Some(Seen { last_updated, person: self.rules.map(person, &mut self.warnings) });
    }

    /// Whether a user object of that id has come.
    pub(crate) fn knows_person(&self, id: &str) -> bool {
        self.users.get(id).is_some_and(|draft| draft.person.is_some())
    }

    /// Groups assigned to the app.
    pub(crate) fn assigned_groups(&self) -> Vec<String> {
        let assigned =
            |ix: u32| self.groups.drafts.get(ix as usize).is_some_and(|draft| draft.assignment.is_some());
        self.groups.by_id.iter().filter(|(_, ix)| assigned(**ix)).map(|(id, _)| id.clone()).collect()
    }

    /// The groups that hold each of these users, as far as members were read; one pass over all memberships.
    pub(crate) fn groups_of(&self, users: &[String]) -> HashMap<String, BTreeSet<String>> {
        let wanted: HashMap<u32, &String> =
            users.iter().filter_map(|id| Some((*self.users.by_id.get(id)?, id))).collect();
        let mut found: HashMap<u32, HashSet<&String>> = HashMap::new();
        for (group, user) in &self.memberships {
            if let Some(id) = wanted.get(user) {
                found.entry(*group).or_default().insert(id);
            }
        }
        let mut groups: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (id, ix) in &self.groups.by_id {
            for user in found.get(ix).into_iter().flatten() {
                groups.entry((*user).clone()).or_default().insert(id.clone());
            }
        }
        groups
    }

    /// Whether the group becomes part of the snapshot.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.groups.get(group).is_some_and(|draft| !draft.gone)
    }

    /// The name of a group outside the snapshot, when the org's groups were listed.
    pub(crate) fn name_of(&self, group: &str) -> Option<String> {
        self.names.get(group).and_then(|found| found.name.clone())
    }

    /// Everything, sorted by id.
    pub(crate) fn finish(self) -> Taken {
        let (groups, moved_groups) = self.groups.sorted();
        let (users, moved_users) = self.users.sorted();

        // Groups that were gone leave, so positions shift once more.
        let mut kept = Vec::with_capacity(groups.len());
        let mut position = vec![None; groups.len()];
        for ((id, draft), slot) in groups.into_iter().zip(position.iter_mut()) {
            if !draft.gone {
                *slot = u32::try_from(kept.len()).ok();
                kept.push(group_record(id, draft));
            }
        }
        let mut memberships: Vec<Vec<u32>> = vec![Vec::new(); users.len()];
        for (group, user) in self.memberships {
            let group =
                moved_groups.get(group as usize).and_then(|ix| position.get(*ix as usize)).copied().flatten();
            let user = moved_users.get(user as usize).and_then(|ix| memberships.get_mut(*ix as usize));
            if let (Some(group), Some(user)) = (group, user) {
                user.push(group);
            }
        }
        let users = users
            .into_iter()
            .zip(memberships)
            .map(|((id, draft), mut groups)| {
                groups.sort_unstable();
                groups.dedup();
                user_record(id, draft, groups)
            })
            .collect();
        let mut names: Vec<GroupName> = self.names.into_values().collect();
        names.sort_by(|a, b| a.id.cmp(&b.id));
        Taken { groups: kept, users, names, warnings: self.warnings }
    }
}

/// What came of an intake.
pub(crate) struct Taken {
    pub(crate) groups: Vec<GroupRecord>,
    pub(crate) users: Vec<UserRecord>,
    pub(crate) names: Vec<GroupName>,
    pub(crate) warnings: Warnings,
}

/// What the filter needs of a group.
pub(crate) fn federation_group(okta: &shapes::Group) -> Group {
    let source_app = okta.source_app();
    let named =
        |key: &str| source_app.and_then(|app| app.get(key)).and_then(Value::as_str).map(str::to_owned);
    Group {
        name: okta.profile.name.clone().filter(|name| !name.is_empty()),
        kind: GroupKind::parse(okta.group_type.as_deref().unwrap_or_default()),
        origin: GroupOrigin {
            app_id: okta.source_id().map(str::to_owned).or_else(|| named("id")),
            app_name: named("name"),
        },
        assignment: None,
    }
}

fn group_record(id: String, draft: GroupDraft) -> GroupRecord {
    let described = draft.described.unwrap_or(Described {
        listed: false,
        name: None,
        kind: GroupKind::Unknown,
        origin: GroupOrigin::default(),
        created: None,
        last_updated: None,
        last_membership_updated: None,
    });
    let (assignment, assignment_updated) = draft.assignment.unzip();
    GroupRecord {
        id: GroupId::new(id),
        group: Group { name: described.name, kind: described.kind, origin: described.origin, assignment },
        created: described.created,
        last_updated: described.last_updated,
        last_membership_updated: described.last_membership_updated,
        assignment_updated: assignment_updated.flatten(),
        members_read: draft.members_read,
    }
}

fn user_record(id: String, draft: UserDraft, groups: Vec<u32>) -> UserRecord {
    let person = draft.person.map_or_else(
        || Person { display_name: id.clone(), profile: "{}".into(), ..Person::default() },
        |seen| seen.person,
    );
    let (app_user, assignment) = draft.app_user.unzip();
    UserRecord {
        id: UserId::new(id),
        user: User { status: UserStatus::parse(person.status.as_deref()), app_user, groups },
        person,
        assignment,
    }
}
