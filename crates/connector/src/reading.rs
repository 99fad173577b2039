//! The reading plan of a sync: which lists, in parallel where Okta's buckets allow, and what a failure of each means.
//!
//! *Essential* lists (app users, app groups, and in group mapping mode groups) end the sync when they cannot be read:
//! without them the result would be a lie. *Optional* ones (schema, types, group rules, admin roles) leave a warning
//! and a line in the coverage record. The members of a single group may be refused or gone: skipped and named.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use rolebook_federation::{Catalogue, FilterSurvey, Rules, Union, Warnings};
use rolebook_ledger::{AppRecord, CatalogueRecord, GroupId, GroupRule, ListCoverage};
use rolebook_okta::{Client, Error, GroupQuery, shapes};
use serde_json::Value;

use crate::{
    Bound, Event, PersonRules, Progress, Stage, SyncError,
    admin_roles::{self, AdminReading, Assignees},
    custom_roles::CustomReading,
    intake::{Intake, Taken, federation_group},
    journal::Journal,
    shared::Shared,
};

/// Lists of members read at the same time. More than the governor lets through gains nothing.
const PARALLEL_MEMBER_LISTS: usize = 8;

/// Whether Okta admin roles are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdminRoles {
    /// When the token may.
    #[default]
    Auto,
    /// They must be.
    On,
    /// Not at all.
    Off,
}

/// What a reading takes over.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Whether Okta admin roles are read.
    pub admin_roles: AdminRoles,
    /// Whether Okta's custom admin roles and resource sets are read.
    pub custom_roles: bool,
    /// How people are taken over.
    pub people: PersonRules,
    /// Leave the names of groups outside the snapshot out of it.
    pub no_group_names: bool,
}

/// Everything that was read beside org and app.
pub(crate) struct Read {
    pub(crate) taken: Taken,
    pub(crate) union: Union,
    pub(crate) catalogue: CatalogueRecord,
    pub(crate) group_rules: Vec<GroupRule>,
    pub(crate) admin: AdminReading,
    pub(crate) custom: Option<CustomReading>,
    pub(crate) lists: BTreeMap<String, ListCoverage>,
    pub(crate) warnings: Warnings,
    pub(crate) bound: Bound,
}

/// One reading under way.
pub(crate) struct Reading<'a> {
    pub(crate) client: &'a Client,
    pub(crate) app: shapes::AppId,
    pub(crate) rules: &'a Rules,
    pub(crate) options: &'a ReadOptions,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) journal: &'a Journal,
    pub(crate) shared: &'a Shared,
    state: Mutex<State>,
}

struct State {
    intake: Intake,
    lists: BTreeMap<String, ListCoverage>,
    warnings: Warnings,
    bound: Bound,
}

/// What came of the lists, beside what went into facts.
pub(crate) struct Lists {
    union: (Union, Vec<String>),
    catalogue: Optional<Vec<String>>,
    group_rules: Vec<GroupRule>,
    assignees: Option<Assignees>,
    custom: Option<CustomReading>,
}

/// What an optional list gave.
pub(crate) enum Optional<T> {
    Read(T),
    NotRead,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        client: &'a Client,
        app: &AppRecord,
        rules: &'a Rules,
        options: &'a ReadOptions,
        progress: &'a dyn Progress,
        journal: &'a Journal,
        shared: &'a Shared,
    ) -> Result<Self, SyncError> {
        let app = shapes::AppId::new(app.id.as_str())
            .map_err(|_| SyncError::UnknownApp { id: app.id.as_str().to_owned() })?;
        let state = Mutex::new(State {
            intake: Intake::new(options.people.clone()),
            lists: BTreeMap::new(),
            warnings: Warnings::new(),
            bound: Bound { service_app: client.service_app().is_some(), ..Bound::default() },
        });
        Ok(Self { client, app, rules, options, progress, journal, shared, state })
    }

    /// Reads every list that the mode needs.
    pub(crate) async fn lists(&self) -> Result<Lists, SyncError> {
        let assignees = self.assignees();
        let ((), (), union, catalogue, group_rules, assignees, custom) = tokio::try_join!(
            self.app_users(),
            self.groups_and_members(),
            self.union(),
            self.types(),
            self.group_rules(),
            assignees,
            self.custom_roles(),
        )?;
        Ok(Lists { union, catalogue, group_rules, assignees, custom })
    }

    /// Whether an admin is named whom no list has brought, neither of this app nor of another one so far.
    pub(crate) fn misses_people(&self, lists: &Lists) -> bool {
        let holders = lists.assignees.iter().flat_map(Assignees::ids);
        let mut named = holders.chain(lists.custom.iter().flat_map(CustomReading::members));
        self.with_intake(|intake| {
            named.any(|id| !intake.knows_person(id) && self.shared.person(id).is_none())
        })
    }

    /// Reads what the lists have shown to be missing.
    pub(crate) async fn complete(self, lists: Lists) -> Result<Read, SyncError> {
        let Lists { union, catalogue, group_rules, assignees, custom } = lists;
        let admin = admin_roles::complete(&self, assignees).await?;
        let custom = self.complete_custom_roles(custom).await?;
        let (union, schema_roles) = union;
        let catalogue = match catalogue {
            Optional::Read(values) if !values.is_empty() => {
                CatalogueRecord { source: Catalogue::Types, values }
            }
            _ if !schema_roles.is_empty() => {
                CatalogueRecord { source: Catalogue::Schema, values: schema_roles }
            }
            _ => CatalogueRecord::default(),
        };
        let State { intake, lists, warnings, bound } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Read {
            taken: intake.finish(),
            union,
            catalogue,
            group_rules,
            admin,
            custom,
            lists,
            warnings,
            bound,
        })
    }

    /// The name of an object of this app in the journal.
    fn of_app(&self, object: &str) -> String {
        format!("apps/{}/{object}", self.app.as_str())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; were it to, the facts taken in so far are whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with_intake<R>(&self, look: impl FnOnce(&mut Intake) -> R) -> R {
        look(&mut self.state().intake)
    }

    pub(crate) fn with_bound(&self, change: impl FnOnce(&mut Bound)) {
        change(&mut self.state().bound);
    }

    pub(crate) fn warn(&self, code: &'static str, text: impl Into<String>, subject: impl Into<String>) {
        self.state().warnings.add(code, text, subject);
    }

    pub(crate) fn begin(&self, stage: Stage, lists: u64) {
        self.progress.event(Event::Begin { stage, lists });
    }

    /// A list was read to its end.
    pub(crate) fn read(&self, stage: Stage, items: u64) {
        self.state().lists.insert(stage.as_str().to_owned(), ListCoverage::Full { items });
        self.progress.event(Event::End { stage, skipped: None });
    }

    /// A list, or a part of one, was not read.
    pub(crate) fn not_read(&self, stage: Stage, why: String) {
        self.state().lists.insert(stage.as_str().to_owned(), ListCoverage::Not { why: why.clone() });
        self.progress.event(Event::End { stage, skipped: Some(why) });
    }

    /// Turns the failure of an optional list into a warning, unless nothing else would work either.
    pub(crate) fn optional<T>(&self, stage: Stage, read: Result<T, Error>) -> Result<Optional<T>, SyncError> {
        match read {
            Ok(value) => Ok(Optional::Read(value)),
            Err(error) if error.is_unauthenticated() || matches!(error, Error::Cancelled) => {
                Err(SyncError::reading(stage.as_str())(error))
            }
            Err(error) => {
                self.warn(
                    "list-not-read",
                    "a list could not be read, the rest goes on without it",
                    format!("{}: {error}", stage.as_str()),
                );
                self.not_read(stage, error.to_string());
                Ok(Optional::NotRead)
            }
        }
    }

    async fn app_users(&self) -> Result<(), SyncError> {
        self.begin(Stage::AppUsers, 1);
        let pager = self.client.app_users(&self.app);
        let take = |page: Vec<shapes::AppUser>| {
            let mut state = self.state();
            page.into_iter().for_each(|user| state.intake.app_user(user));
        };
        let items =
            self.walk(Stage::AppUsers, pager, take).await.map_err(SyncError::reading("the app's users"))?;
        self.with_bound(|bound| bound.app_users = items);
        self.read(Stage::AppUsers, items);
        Ok(())
    }

    /// The groups that matter, then their members: those assigned to the app and those whose name confers a role.
    async fn groups_and_members(&self) -> Result<(), SyncError> {
        let ((), conferring) = tokio::try_join!(self.app_groups(), self.org_groups())?;
        let mut groups = self.with_intake(|intake| intake.assigned_groups());
        groups.extend(conferring);
        groups.sort();
        groups.dedup();
        self.members(groups).await
    }

    async fn app_groups(&self) -> Result<(), SyncError> {
        self.begin(Stage::AppGroups, 1);
        let pager = self.client.app_groups(&self.app, true);
        let take = |page: Vec<shapes::AppGroup>| {
            let mut state = self.state();
            page.into_iter().for_each(|group| state.intake.app_group(group));
        };
        let items =
            self.walk(Stage::AppGroups, pager, take).await.map_err(SyncError::reading("the app's groups"))?;
        self.with_bound(|bound| bound.app_groups = items);
        self.read(Stage::AppGroups, items);
        Ok(())
    }

    /// In group mapping mode, all groups of the org; gives the ids of those that confer a role.
    async fn org_groups(&self) -> Result<Vec<String>, SyncError> {
        let rolebook_federation::Mode::Mapping(mapping) = self.rules.mode() else { return Ok(Vec::new()) };
        self.begin(Stage::Groups, 1);
        let mut conferring = Vec::new();
        let mut survey = FilterSurvey::new(self.rules);
        let query = GroupQuery { expand: Some("app"), ..GroupQuery::default() };
        let take = |page: Vec<shapes::Group>| {
            let mut state = self.state();
            for okta in page {
                let group = federation_group(&okta);
                let verdict = self.rules.verdict(&group);
                survey.observe(&group, &verdict);
                if verdict.found() {
                    state.intake.group(&okta);
                }
                if matches!(verdict, rolebook_federation::GroupVerdict::Confers(_)) {
                    conferring.push(okta.id.as_str().to_owned());
                }
                state.intake.group_name(&okta);
            }
        };
        let items = self
            .walk(Stage::Groups, self.client.groups(&query), take)
            .await
            .map_err(SyncError::reading("the org's groups"))?;
        self.with_bound(|bound| bound.groups = Some(items));
        self.state().warnings.merge(survey.finish(mapping.filter().text()));
        self.read(Stage::Groups, items);
        Ok(conferring)
    }

    async fn members(&self, groups: Vec<String>) -> Result<(), SyncError> {
        self.begin(Stage::Members, groups.len() as u64);
        let counts: Vec<Option<u64>> = stream::iter(groups)
            .map(|group| self.members_of(group))
            .buffer_unordered(PARALLEL_MEMBER_LISTS)
            .try_collect()
            .await?;
        let missing = counts.iter().filter(|count| count.is_none()).count();
        let read: Vec<u64> = counts.into_iter().flatten().collect();
        let items = read.iter().sum();
        self.with_bound(|bound| bound.members = read);
        if missing == 0 {
            self.read(Stage::Members, items);
        } else {
            self.not_read(Stage::Members, format!("the members of {missing} groups were refused or gone"));
        }
        Ok(())
    }

    /// Reads one group's members; `None` when Okta refuses them or the group is gone.
    async fn members_of(&self, group: String) -> Result<Option<u64>, SyncError> {
        let what = || format!("the members of group {group}");
        let id = match shapes::GroupId::new(group.as_str()) {
            Ok(id) => id,
            Err(error) => {
                self.warn(
                    "members-not-read",
                    "the members of a group could not be read",
                    format!("{group}: {error}"),
                );
                return Ok(None);
            }
        };
        let take = |page: Vec<shapes::User>| self.with_intake(|intake| intake.members(&group, &page));
        match self.walk(Stage::Members, self.client.group_members(&id), take).await {
            Ok(items) => {
                self.with_intake(|intake| intake.members_read(&group));
                Ok(Some(items))
            }
            // E0000008 is what some orgs say of an object that has gone.
            Err(error) if error.is_gone() || error.is_unavailable_here() => {
                self.warn(
                    "group-gone",
                    "a group was gone when its members were asked for, it was left out",
                    &group,
                );
                self.with_intake(|intake| intake.gone(&group));
                Ok(None)
            }
            Err(error) if error.is_refused() => {
                self.warn("members-not-read", "the members of a group could not be read", &group);
                Ok(None)
            }
            Err(error) => Err(SyncError::reading(what())(error)),
        }
    }

    /// In direct mode, whether Okta combines the roles of several groups, and the role values that the schema lists.
    async fn union(&self) -> Result<(Union, Vec<String>), SyncError> {
        if self.rules.maps_groups() {
            return Ok((Union::Unknown, Vec::new()));
        }
        self.begin(Stage::Schema, 1);
        let read = self.once(Stage::Schema, &self.of_app("schema"), self.client.app_schema(&self.app)).await;
        match self.optional(Stage::Schema, read)? {
            Optional::Read(schema) => {
                self.read(Stage::Schema, 1);
                Ok((Union::from_schema(schema.as_value()), schema_roles(&schema)))
            }
            Optional::NotRead => Ok((Union::Unknown, Vec::new())),
        }
    }

    /// In direct mode, the roles that Okta has downloaded from AWS.
    async fn types(&self) -> Result<Optional<Vec<String>>, SyncError> {
        if self.rules.maps_groups() {
            return Ok(Optional::NotRead);
        }
        if self.client.service_app().is_some() {
            self.begin(Stage::Types, 1);
            self.not_read(Stage::Types, crate::service_app::NO_CATALOGUE.to_owned());
            return Ok(Optional::NotRead);
        }
        self.begin(Stage::Types, 1);
        let read = self.once(Stage::Types, &self.of_app("types"), self.client.app_types(&self.app)).await;
        let read = self.optional(Stage::Types, read)?;
        Ok(match read {
            // Without the list there is no telling an empty catalogue from one that was not given.
            Optional::Read(types) if types.names().all(|name| name != "SamlIamRole") => {
                self.not_read(Stage::Types, "Okta's answer holds no list of roles (SamlIamRole)".to_owned());
                Optional::NotRead
            }
            Optional::Read(types) => {
                let mut roles = types.values("SamlIamRole").to_vec();
                roles.sort();
                roles.dedup();
                self.read(Stage::Types, roles.len() as u64);
                Optional::Read(roles)
            }
            Optional::NotRead => Optional::NotRead,
        })
    }

    async fn group_rules(&self) -> Result<Vec<GroupRule>, SyncError> {
        self.begin(Stage::GroupRules, 1);
        let mut rules: BTreeMap<String, GroupRule> = BTreeMap::new();
        let take = |page: Vec<shapes::GroupRule>| {
            rules.extend(page.into_iter().map(|okta| (okta.id.as_str().to_owned(), rule(&okta))));
        };
        let read = self.walk(Stage::GroupRules, self.client.group_rules(), take).await;
        if let Optional::Read(items) = self.optional(Stage::GroupRules, read)? {
            self.with_bound(|bound| bound.rules = items);
            self.read(Stage::GroupRules, items);
        }
        Ok(rules.into_values().collect())
    }
}

fn rule(okta: &shapes::GroupRule) -> GroupRule {
    let mut groups: Vec<GroupId> = okta.target_groups().iter().map(|id| GroupId::new(id.as_str())).collect();
    groups.sort();
    groups.dedup();
    GroupRule {
        id: okta.id.as_str().to_owned(),
        name: okta.name.clone().unwrap_or_default(),
        status: okta.status.clone().unwrap_or_default(),
        expression: okta.expression().unwrap_or_default().to_owned(),
        groups,
    }
}

/// Role values that the schema lists for `samlRoles`, as `enum` or as `oneOf` with `const`. Not seen in the field.
fn schema_roles(schema: &shapes::AppSchema) -> Vec<String> {
    let items = schema.base_property("samlRoles").and_then(|property| property.get("items"));
    let listed =
        |key: &str| items.and_then(|items| items.get(key)).and_then(Value::as_array).into_iter().flatten();
    let mut roles: Vec<String> = listed("enum")
        .chain(listed("oneOf").filter_map(|choice| choice.get("const")))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    roles.sort();
    roles.dedup();
    roles
}
