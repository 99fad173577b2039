//! Why a person can assume a role, or why not: the rules in the order in which they stop somebody.

use rolebook_federation::{AppUserStatus, Mode, RoleIx, Unusable, UserIx};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    AppRef, Completeness, Error, Path, PersonAt, PersonRef, Reading, Readings, RolePattern, RoleRef, Shape,
};

mod near;

pub use near::NearMiss;

/// Why, or why not.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Why {
    /// Who.
    pub person: PersonRef,
    /// One entry for each role of the pattern and app, ordered by app, account and name.
    pub verdicts: Vec<Verdict>,
}

/// The verdict on one person and one role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Verdict {
    /// Through which app.
    pub app: AppRef,
    /// The role.
    pub role: RoleRef,
    /// The person can assume it.
    pub can_assume: bool,
    /// The rules in the order in which they are asked; with the first that fails the list ends.
    pub checks: Vec<Check>,
    /// Every path, those in force first, each with its hops.
    pub paths: Vec<Path>,
    /// What comes close, when they cannot.
    pub near_misses: Vec<NearMiss>,
    /// Whether the verdict is certain: a role that is held is, whatever else was not read.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// One rule and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// Stable name of the rule: `app`, `person`, `user-status`, `assigned`, `assignment-status`, `group`, `profile`.
    pub rule: String,
    /// Whether it lets the person through.
    pub passed: bool,
    /// What was found.
    pub text: String,
}

impl Check {
    fn new(rule: &str, passed: bool, text: impl Into<String>) -> Self {
        Self { rule: rule.to_owned(), passed, text: text.into() }
    }
}

impl Verdict {
    /// The first rule that stops the person.
    #[must_use]
    pub fn stopped_by(&self) -> Option<&Check> {
        self.checks.iter().find(|check| !check.passed)
    }
}

impl Shape for Why {
    const SHAPE: &'static str = "rolebook.why/1";

    fn completeness(&self) -> Completeness {
        let each = self.verdicts.iter().map(|verdict| verdict.completeness.clone());
        each.fold(Completeness::default(), Completeness::and)
    }
}

/// Why a person can or cannot assume the roles of a pattern.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for a name.
pub fn why(readings: &Readings, person: &str, pattern: &RolePattern) -> Result<Why, Error> {
    let named = readings.find_person(person)?;
    let mut verdicts = Vec::new();
    let choices = match readings.find_roles(pattern) {
        Ok(choices) => choices,
        Err(error) => {
            let verdicts = almost_roles(readings, &named.places, pattern);
            return if verdicts.is_empty() { Err(error) } else { Ok(Why { person: named.person, verdicts }) };
        }
    };
    for choice in choices {
        let Some(reading) = readings.get(choice.reading) else { continue };
        let Some(role) = reading.role(choice.role) else { continue };
        let place = named.places.iter().find(|place| place.reading == choice.reading);
        let verdict = match place {
            Some(place) => judge(reading, place.user, choice.role, role),
            None => absent(reading, choice.role, role),
        };
        verdicts.push(verdict);
    }
    Ok(Why { person: named.person, verdicts })
}

/// A role that no group confers, although the names of some come close: that is a better answer than *unknown*.
fn almost_roles(readings: &Readings, places: &[PersonAt], pattern: &RolePattern) -> Vec<Verdict> {
    let Some((account, name)) = pattern.literal() else { return Vec::new() };
    let mut verdicts = Vec::new();
    for place in places {
        let Some(reading) = readings.get(place.reading).filter(|reading| reading.rules().maps_groups())
        else {
            continue;
        };
        let near_misses = near::named(reading, place.user, account, name);
        if near_misses.is_empty() {
            continue;
        }
        let mut checks = gates(reading, place.user);
        let stop = checks.iter().position(|check| !check.passed).map_or(checks.len(), |at| at + 1);
        checks.truncate(stop);
        if checks.iter().all(|check| check.passed) {
            checks.push(Check::new("group", false, "no group that counts gives this role"));
        }
        let role = RoleRef {
            account: reading.account(account),
            role: name.to_owned(),
            role_arn: None,
            provider_arn: None,
        };
        let app = reading.app();
        let completeness = Completeness::default();
        let paths = Vec::new();
        verdicts.push(Verdict { app, role, can_assume: false, checks, paths, near_misses, completeness });
    }
    verdicts
}

/// Somebody who stands in another file but not in this one.
fn absent(reading: &Reading, ix: RoleIx, role: RoleRef) -> Verdict {
    let text = "no assignment to the app and no AWS group";
    Verdict {
        app: reading.app(),
        role,
        can_assume: false,
        checks: vec![Check::new("person", false, text)],
        paths: Vec::new(),
        near_misses: Vec::new(),
        completeness: reading.completeness_of_role(ix),
    }
}

fn judge(reading: &Reading, user: UserIx, ix: RoleIx, role: RoleRef) -> Verdict {
    let paths = reading.paths(user, ix, true);
    let can_assume = reading.grant(user, ix).is_some();
    let mut checks = Vec::new();
    for check in gates(reading, user) {
        let passed = check.passed;
        checks.push(check);
        if !passed {
            break;
        }
    }
    if checks.iter().all(|check| check.passed) {
        checks.push(if reading.rules().maps_groups() {
            by_group(reading, ix, &paths)
        } else {
            by_profile(reading, user, &paths, can_assume)
        });
    }
    let near_misses = if can_assume { Vec::new() } else { near::misses(reading, user, ix) };
    // A rule before the group's turn decides whatever the groups hold.
    let stopped = checks.iter().find(|check| !check.passed);
    let by_members = stopped.is_some_and(|check| matches!(check.rule.as_str(), "group" | "profile"));
    let completeness = if by_members { reading.completeness_of_role(ix) } else { Completeness::default() };
    Verdict { app: reading.app(), role, can_assume, checks, paths, near_misses, completeness }
}

/// The rules that stop a person whatever groups and profiles say.
pub(crate) fn gates(reading: &Reading, user: UserIx) -> Vec<Check> {
    let facts = reading.facts();
    let mut checks = Vec::new();
    checks.push(match reading.rules().unusable() {
        None => Check::new("app", true, "the app is ACTIVE and signs in by SAML 2.0"),
        Some(Unusable::NotActive(status)) => Check::new("app", false, format!("the app is {status}")),
        Some(Unusable::NotSaml(mode)) => {
            Check::new("app", false, format!("the app signs in by {mode}, not by SAML 2.0"))
        }
    });
    let Some(record) = facts.users.get(user as usize) else { return checks };
    let status = record.person.status.as_deref();
    checks.push(Check::new(
        "user-status",
        record.user.status.counts(),
        match status {
            Some(status) => format!("the Okta user is {status}"),
            None => "the Okta user's status was not read, which counts as able to sign in".to_owned(),
        },
    ));
    let implicit = matches!(reading.rules().mode(), Mode::Mapping(_)) && facts.app.implicit_assignment;
    match (&record.user.app_user, &record.assignment) {
        (Some(_), _) if implicit => {
            checks.push(Check::new("assigned", true, "nobody needs to be assigned (federation broker mode)"));
        }
        (None, _) if implicit => {
            checks.push(Check::new("assigned", true, "nobody needs to be assigned (federation broker mode)"));
        }
        (Some(app_user), assignment) => {
            let scope = assignment.as_ref().and_then(|a| a.scope.as_deref()).unwrap_or("unknown");
            checks.push(Check::new("assigned", true, format!("assigned to the app (scope {scope})")));
            let status = assignment.as_ref().map_or("", |assignment| assignment.status.as_str());
            checks.push(Check::new(
                "assignment-status",
                app_user.status == AppUserStatus::Usable,
                format!("the assignment is {status}"),
            ));
        }
        (None, _) => checks.push(Check::new("assigned", false, "not assigned to the app")),
    }
    checks
}

fn by_group(reading: &Reading, role: RoleIx, paths: &[Path]) -> Check {
    let held: Vec<&str> =
        paths.iter().filter_map(|path| path.group.as_ref()).map(|group| group.label()).collect();
    if !held.is_empty() {
        let text = format!("in {}, whose name gives the role", quoted(held.into_iter()));
        return Check::new("group", true, text);
    }
    let facts = reading.facts();
    let conferring = reading.access().group_grants.iter().filter(|grant| grant.role == role);
    let groups: Vec<_> = conferring.filter_map(|grant| facts.groups.get(grant.group as usize)).collect();
    let names = quoted(groups.iter().map(|group| group.group.name.as_deref().unwrap_or(group.id.as_str())));
    let unread = groups.iter().any(|group| !group.members_read);
    let text = match (groups.is_empty(), unread) {
        (true, _) => "no group's name gives the role".to_owned(),
        (false, false) => format!("in no group whose name gives the role, which would be {names}"),
        (false, true) => {
            format!("not seen in {names}, whose members were not all read: nothing is known for sure")
        }
    };
    Check::new("group", false, text)
}

fn by_profile(reading: &Reading, user: UserIx, paths: &[Path], can_assume: bool) -> Check {
    if can_assume {
        let ways: Vec<String> = paths.iter().filter(|path| path.in_force).map(Path::brief).collect();
        return Check::new("profile", true, format!("named by {}", ways.join(" and ")));
    }
    if let Some(path) = paths.first() {
        let reason = path.stopped_by.as_deref().unwrap_or("it does not count");
        return Check::new("profile", false, format!("named by {}, but {reason}", path.brief()));
    }
    let scope = reading.facts().users.get(user as usize).and_then(|user| user.assignment.as_ref());
    let scope = scope.and_then(|assignment| assignment.scope.as_deref()).unwrap_or("unknown");
    Check::new("profile", false, format!("no profile that counts for scope {scope} names the role"))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
