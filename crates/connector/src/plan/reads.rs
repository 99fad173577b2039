//! The reads of one plan: the app and its schema, the groups assigned to it, the person with assignment and groups, the
//! groups that the wish names, and the rules that fill groups.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{
    AppUser, AppUserStatus, GroupAssignment, GroupIx, GroupKind, GroupVerdict, RoleProfile, Rules, Scope,
    Settings, Union, User, UserStatus, Warnings,
    plan::{Action, Named, NamedRule, PlanGroup, PlanUser, Principal, Situation, Target, WithApp},
};
use rolebook_ledger::AppRecord;
use rolebook_okta::{Error, shapes};
use serde_json::Value;

use super::{Provisioning, Request};
use crate::{ChangeError, intake::federation_group, lookup};

/// Facts that were just read.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// As a plan wants them.
    pub situation: Situation,
    /// How long AWS sessions may last, in seconds.
    pub session_seconds: u32,
    pub(crate) app: AppRecord,
    pub(crate) person: Option<PersonReads>,
    pub(crate) groups: BTreeMap<String, GroupReads>,
}

/// What was read about the person.
#[derive(Debug, Clone)]
pub(crate) struct PersonReads {
    pub(crate) user: shapes::User,
    pub(crate) app_user: Option<shapes::AppUser>,
    pub(crate) groups: Vec<shapes::Group>,
}

/// What was read about a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupReads {
    pub(crate) group: Option<shapes::Group>,
    pub(crate) assignment: Option<shapes::AppGroup>,
    source_name: Option<String>,
}

pub(super) async fn read(of: &Provisioning, request: &Request) -> Result<Fresh, ChangeError> {
    let mut app = of.fresh_app().await?;
    let federation_app = app.to_federation(&mut Warnings::new());
    let compile = |union| Rules::compile(&federation_app, union, &of.switches, &mut Warnings::new());
    let rules = compile(Union::Unknown)?;
    let maps = rules.maps_groups();
    let (union, assigned, person) =
        tokio::try_join!(union(of, maps), assigned_groups(of), person(of, request.user.as_ref()))?;
    app.union = union;
    let rules = compile(union)?;

    let mut groups: BTreeMap<String, GroupReads> = BTreeMap::new();
    for mut assignment in assigned {
        let group = assignment.take_group();
        let reads = groups.entry(assignment.id.as_str().to_owned()).or_default();
        reads.group = group;
        reads.assignment = Some(assignment);
    }
    for group in person.iter().flat_map(|person| &person.groups) {
        groups.entry(group.id.as_str().to_owned()).or_default().group = Some(group.clone());
    }
    let wanted = named_groups(of, request, &rules);
    for id in &wanted {
        named_group(of, id, &mut groups).await?;
    }
    source_names(of, &rules, &wanted, &mut groups).await;

    let fills = fills(of, request, maps).await?;
    let list: Vec<PlanGroup> = groups
        .iter()
        .map(|(id, reads)| plan_group(id, reads, fills.as_ref().and_then(|fills| fills.get(id))))
        .collect();
    let mut situation = Situation {
        app: Named { id: app.id.as_str().to_owned(), name: app.label.clone() },
        app_status: app.status.clone(),
        union,
        catalogue: of.known.as_ref().map(|known| known.facts.catalogue.values.clone()).unwrap_or_default(),
        user: person.as_ref().map(|person| plan_user(person, &list)),
        groups: list,
        rights: of.rights.clone(),
        rules,
    };
    if request.wish.action == Action::Revoke {
        held_by(of, request, fills.is_some(), &mut situation).await?;
    }
    let session_seconds = Settings::from_json(&app.settings, &mut Warnings::new()).session_seconds;
    Ok(Fresh { situation, session_seconds, app, person, groups })
}

async fn union(of: &Provisioning, maps: bool) -> Result<Union, ChangeError> {
    if maps {
        return Ok(Union::Unknown);
    }
    match of.client.app_schema(&of.app_id).await {
        Ok(schema) => Ok(Union::from_schema(schema.as_value())),
        Err(error) if error.is_unauthenticated() || matches!(error, Error::Cancelled) => {
            Err(ChangeError::reading("the app's schema")(error))
        }
        Err(_) => Ok(Union::Unknown),
    }
}

async fn assigned_groups(of: &Provisioning) -> Result<Vec<shapes::AppGroup>, ChangeError> {
    let reading = || ChangeError::reading("the app's groups");
    let (groups, _) =
        of.client.app_groups(&of.app_id, true).map_err(reading())?.all().await.map_err(reading())?;
    Ok(groups)
}

async fn person(of: &Provisioning, user: Option<&Named>) -> Result<Option<PersonReads>, ChangeError> {
    let Some(user) = user else { return Ok(None) };
    let what = || format!("person {user}");
    let id = shapes::UserId::new(user.id.as_str()).map_err(|_| ChangeError::NotFound {
        what: "person",
        name: user.id.clone(),
        hint: "the id is none of Okta's".to_owned(),
    })?;
    let mut app_user = app_user(of, &id).await?;
    let embedded = app_user.as_mut().and_then(shapes::AppUser::take_user);
    let whole = match embedded {
        // What is embedded may be less than the whole; the status is what matters.
        Some(embedded) if embedded.status.is_some() => embedded,
        _ => of.client.user(&id).await.map_err(ChangeError::reading(what()))?,
    };
    let groups = of.client.user_groups(&id).map_err(ChangeError::reading(what()))?;
    let (groups, _) = groups.all().await.map_err(ChangeError::reading(format!("the groups of {user}")))?;
    Ok(Some(PersonReads { user: whole, app_user, groups }))
}

/// One assignment; `None` when there is none. Some orgs say E0000008 where others say E0000007; that the person exists
/// is known by another read.
pub(crate) async fn app_user(
    of: &Provisioning,
    id: &shapes::UserId,
) -> Result<Option<shapes::AppUser>, ChangeError> {
    match of.client.app_user(&of.app_id, id).await {
        Ok(app_user) => Ok(Some(app_user)),
        Err(Error::NotFound(_) | Error::UnknownPath(_)) => Ok(None),
        Err(error) => Err(ChangeError::reading(format!("the assignment of {id}"))(error)),
    }
}

/// Groups that the wish names, and those of the snapshot whose names confer the role.
fn named_groups(of: &Provisioning, request: &Request, rules: &Rules) -> BTreeSet<String> {
    let wish = &request.wish;
    let mut ids: BTreeSet<String> = wish.via.iter().cloned().collect();
    if let Principal::Group(id) = &wish.principal {
        ids.insert(id.clone());
    }
    if let Target::Membership(id) = &wish.target {
        ids.insert(id.clone());
    }
    if let Some(WithApp::Group(id)) = &wish.with_app {
        ids.insert(id.clone());
    }
    if let (Target::Role(role), Action::Grant, Some(known)) = (&wish.target, wish.action, &of.known) {
        ids.extend(known.facts.groups.iter().filter_map(|record| match rules.verdict(&record.group) {
            GroupVerdict::Confers(conferral)
                if conferral.account.as_str() == role.account && conferral.role == role.role =>
            {
                Some(record.id.as_str().to_owned())
            }
            _ => None,
        }));
    }
    ids
}

async fn named_group(
    of: &Provisioning,
    id: &str,
    groups: &mut BTreeMap<String, GroupReads>,
) -> Result<(), ChangeError> {
    if groups.get(id).is_some_and(|reads| reads.group.is_some()) {
        return Ok(());
    }
    let what = || format!("group {id}");
    let okta_id = shapes::GroupId::new(id).map_err(|_| ChangeError::NotFound {
        what: "group",
        name: id.to_owned(),
        hint: "the id is none of Okta's".to_owned(),
    })?;
    match of.client.group(&okta_id).await {
        Ok(group) => groups.entry(id.to_owned()).or_default().group = Some(group),
        // A group of the snapshot may be gone; what names it then finds no facts.
        Err(error) if error.is_gone() => {}
        Err(error) => return Err(ChangeError::reading(what())(error)),
    }
    Ok(())
}

/// The catalogue names of the apps that imported groups come from: `appFilter` and the way out need them.
async fn source_names(
    of: &Provisioning,
    rules: &Rules,
    wanted: &BTreeSet<String>,
    groups: &mut BTreeMap<String, GroupReads>,
) {
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    for record in of.known.iter().flat_map(|known| &known.facts.groups) {
        let origin = &record.group.origin;
        if let (Some(id), Some(name)) = (&origin.app_id, &origin.app_name) {
            names.insert(id.clone(), Some(name.clone()));
        }
    }
    for (id, reads) in groups.iter_mut() {
        let Some(okta) = &reads.group else { continue };
        let group = federation_group(okta);
        let Some(source) = group.origin.app_id.clone().filter(|_| group.origin.app_name.is_none()) else {
            continue;
        };
        let matters = wanted.contains(id)
            || reads.assignment.is_some()
            || matches!(rules.verdict(&group), GroupVerdict::SourceNotAllowed);
        if !matters {
            continue;
        }
        if !names.contains_key(&source) {
            let name = match shapes::AppId::new(source.as_str()) {
                // Without the name the group counts as out of reach, which it is anyway.
                Ok(app) => of.client.app(&app).await.ok().and_then(|app| app.name),
                Err(_) => None,
            };
            names.insert(source.clone(), name);
        }
        reads.source_name = names.get(&source).cloned().flatten();
    }
}

/// Active rules by the group that they fill; `None` when they may not be read, empty when nothing depends on them.
async fn fills(
    of: &Provisioning,
    request: &Request,
    maps: bool,
) -> Result<Option<BTreeMap<String, Vec<NamedRule>>>, ChangeError> {
    let wish = &request.wish;
    let memberships = match &wish.target {
        Target::Membership(_) | Target::Everything => true,
        Target::Role(_) => maps && request.user.is_some(),
        Target::App => false,
    };
    if !memberships && !matches!(wish.with_app, Some(WithApp::Group(_))) {
        return Ok(Some(BTreeMap::new()));
    }
    let rules = match of.client.group_rules() {
        Ok(pager) => pager.all().await,
        Err(error) => Err(error),
    };
    let rules = match rules {
        Ok((rules, _)) => rules,
        Err(error) if error.is_unauthenticated() || matches!(error, Error::Cancelled) => {
            return Err(ChangeError::reading("the group rules")(error));
        }
        Err(_) => return Ok(None),
    };
    let mut fills: BTreeMap<String, Vec<NamedRule>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.status.as_deref() == Some("ACTIVE")) {
        for group in rule.target_groups() {
            fills.entry(group.as_str().to_owned()).or_default().push(named_rule(rule));
        }
    }
    Ok(Some(fills))
}

fn named_rule(rule: &shapes::GroupRule) -> NamedRule {
    NamedRule { id: rule.id.as_str().to_owned(), name: rule.name.clone().unwrap_or_default() }
}

fn plan_group(id: &str, reads: &GroupReads, rules: Option<&Vec<NamedRule>>) -> PlanGroup {
    let mut group = match &reads.group {
        Some(okta) => federation_group(okta),
        None => rolebook_federation::Group {
            name: None,
            kind: GroupKind::Unknown,
            origin: rolebook_federation::GroupOrigin::default(),
            assignment: None,
        },
    };
    if group.origin.app_name.is_none() {
        group.origin.app_name.clone_from(&reads.source_name);
    }
    group.assignment = reads.assignment.as_ref().map(|assignment| GroupAssignment {
        priority: assignment.priority,
        profile: profile(&assignment.profile, id),
    });
    PlanGroup {
        id: id.to_owned(),
        group,
        last_updated: reads.group.as_ref().and_then(|okta| okta.last_updated.clone()),
        assignment_updated: reads.assignment.as_ref().and_then(|assignment| assignment.last_updated.clone()),
        rules: rules.cloned().unwrap_or_default(),
    }
}

pub(crate) fn profile(profile: &shapes::Profile, owner: &str) -> RoleProfile {
    let value: Value = profile.read().unwrap_or_default();
    RoleProfile::from_json(&value, owner, &mut Warnings::new())
}

pub(crate) fn federation_app_user(okta: &shapes::AppUser) -> AppUser {
    AppUser {
        scope: Scope::parse(okta.scope.as_deref()),
        status: AppUserStatus::parse(okta.status.as_deref().unwrap_or_default()),
        profile: profile(&okta.profile, okta.id.as_str()),
    }
}

fn plan_user(person: &PersonReads, list: &[PlanGroup]) -> PlanUser {
    let ids: BTreeSet<&str> = person.groups.iter().map(|group| group.id.as_str()).collect();
    let groups: Vec<GroupIx> =
        (0..).zip(list).filter(|(_, group)| ids.contains(group.id.as_str())).map(|(ix, _)| ix).collect();
    let app_user = person.app_user.as_ref();
    PlanUser {
        id: person.user.id.as_str().to_owned(),
        login: lookup::login(&person.user),
        status: person.user.status.clone().unwrap_or_default(),
        user: User {
            status: UserStatus::parse(person.user.status.as_deref()),
            app_user: app_user.map(federation_app_user),
            groups,
        },
        assignment_status: app_user.and_then(|app_user| app_user.status.clone()),
        assignment_updated: app_user.and_then(|app_user| app_user.last_updated.clone()),
        held_by: Vec::new(),
    }
}

/// Asks Okta which rules hold the person in the groups that may have to go, where a rule may be at work.
async fn held_by(
    of: &Provisioning,
    request: &Request,
    rules_read: bool,
    situation: &mut Situation,
) -> Result<(), ChangeError> {
    let Some(user) = &request.user else { return Ok(()) };
    let Ok(user) = shapes::UserId::new(user.id.as_str()) else { return Ok(()) };
    let members: Vec<GroupIx> = situation.user.iter().flat_map(|user| user.user.groups.clone()).collect();
    let mut held = Vec::new();
    for ix in members {
        let Some(group) = situation.groups.get(ix as usize) else { continue };
        let may_go = match &request.wish.target {
            Target::Membership(id) => *id == group.id,
            Target::Role(_) | Target::Everything => {
                matches!(situation.rules.verdict(&group.group), GroupVerdict::Confers(_))
                    || group.group.assignment.is_some()
            }
            Target::App => false,
        };
        if !may_go || !group.group.kind.writable() || (rules_read && group.rules.is_empty()) {
            continue;
        }
        let Ok(id) = shapes::GroupId::new(group.id.as_str()) else { continue };
        let read = match of.client.member_rules(&id, &user) {
            Ok(pager) => pager.all().await,
            Err(error) => Err(error),
        };
        match read {
            Ok((rules, _)) => held.push((ix, rules.iter().map(named_rule).collect())),
            Err(error) if error.is_unauthenticated() || matches!(error, Error::Cancelled) => {
                return Err(ChangeError::reading("the rules behind a membership")(error));
            }
            // An org that does not have it, or a token that may not: the rules of the group count.
            Err(_) => {}
        }
    }
    if let Some(user) = &mut situation.user {
        user.held_by = held;
    }
    Ok(())
}
