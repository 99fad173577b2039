//! Names become ids: in the snapshot first, then in Okta by one request, so that a joiner or a group that no sync has
//! seen can be named. A name that fits several is nobody's.

use std::fmt;

use rolebook_federation::{
    GroupKind, RoleTable, Rules,
    plan::{Named, RoleName},
    resolve,
};
use rolebook_ledger::{AccountError, Facts};
use rolebook_okta::{Client, GroupQuery, shapes};
use serde_json::Value;

use crate::{ChangeError, intake::federation_group};

/// Something that a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Okta's id.
    pub id: String,
    /// Login, or name.
    pub name: String,
    /// `user`, or the group's type.
    pub kind: String,
    /// Where a group comes from.
    pub source: Option<String>,
    /// The person's status.
    pub status: Option<String>,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}", self.id, self.name.escape_debug(), self.kind)?;
        if let Some(source) = &self.source {
            write!(f, " from {source}")?;
        }
        if let Some(status) = &self.status {
            write!(f, ", {status}")?;
        }
        f.write_str(")")
    }
}

const PERSON: &str = "person";
const GROUP: &str = "group";
/// More candidates than this help nobody.
const MOST_CANDIDATES: usize = 20;

/// The person whom a name means.
pub(crate) async fn person(client: &Client, facts: Option<&Facts>, name: &str) -> Result<Named, ChangeError> {
    let mut found: Vec<Candidate> = facts.into_iter().flat_map(|facts| people(facts, name)).collect();
    if found.is_empty() {
        found = person_in_okta(client, name).await?;
    }
    one(PERSON, name, found, || {
        "use the login, or the Okta id, of a person whom the token may see".to_owned()
    })
}

fn people<'a>(facts: &'a Facts, name: &'a str) -> impl Iterator<Item = Candidate> + 'a {
    let by_id = facts.users.iter().any(|user| user.id.as_str() == name);
    let is_login = |login: Option<&str>| login.is_some_and(|login| login.eq_ignore_ascii_case(name));
    let by_login = facts.users.iter().any(|user| is_login(user.person.login.as_deref()));
    facts
        .users
        .iter()
        .filter(move |user| {
            let person = &user.person;
            // An id or a login is unique, so it wins over names that happen to be the same.
            match (by_id, by_login) {
                (true, _) => user.id.as_str() == name,
                (_, true) => is_login(person.login.as_deref()),
                _ => is_login(person.email.as_deref()) || person.display_name == name,
            }
        })
        .map(|user| Candidate {
            id: user.id.as_str().to_owned(),
            name: user.person.login.clone().unwrap_or_else(|| user.person.display_name.clone()),
            kind: "user".to_owned(),
            source: None,
            status: user.person.status.clone(),
        })
}

/// A login or an id is asked for as such; a name with blanks is searched.
async fn person_in_okta(client: &Client, name: &str) -> Result<Vec<Candidate>, ChangeError> {
    let reading = || ChangeError::reading(format!("person {name}"));
    if let Ok(id) = shapes::UserId::new(name) {
        return match client.user(&id).await {
            Ok(user) => Ok(vec![candidate(&user)]),
            Err(error) if error.is_gone() || matches!(error, rolebook_okta::Error::Path(_)) => Ok(Vec::new()),
            Err(error) => Err(reading()(error)),
        };
    }
    let mut search = format!("profile.displayName eq {}", quoted(name));
    if let Some((first, last)) = name.split_once(' ') {
        search = format!(
            "{search} or (profile.firstName eq {} and profile.lastName eq {})",
            quoted(first),
            quoted(last)
        );
    }
    let mut pager = client.users_found(&search).map_err(reading())?;
    let page = pager.next_page().await.map_err(reading())?;
    Ok(page.map(|page| page.items.iter().map(candidate).collect()).unwrap_or_default())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn candidate(user: &shapes::User) -> Candidate {
    Candidate {
        id: user.id.as_str().to_owned(),
        name: login(user),
        kind: "user".to_owned(),
        source: None,
        status: user.status.clone(),
    }
}

pub(crate) fn login(user: &shapes::User) -> String {
    let profile: Value = user.profile.read().unwrap_or_default();
    profile.get("login").and_then(Value::as_str).unwrap_or(user.id.as_str()).to_owned()
}

/// The group that a name means.
pub(crate) async fn group(client: &Client, facts: Option<&Facts>, name: &str) -> Result<Named, ChangeError> {
    let mut found: Vec<Candidate> = facts.map(|facts| groups(facts, name)).unwrap_or_default();
    if found.is_empty() {
        found = group_in_okta(client, name).await?;
    }
    one(GROUP, name, found, || {
        "use the exact name, or the Okta id, of a group that the token may see".to_owned()
    })
}

fn groups(facts: &Facts, name: &str) -> Vec<Candidate> {
    let kind = |kind: GroupKind| kind.as_str().to_owned();
    let mut found: Vec<Candidate> = facts
        .groups
        .iter()
        .map(|record| Candidate {
            id: record.id.as_str().to_owned(),
            name: record.group.name.clone().unwrap_or_default(),
            kind: kind(record.group.kind),
            source: record.group.origin.app_name.clone().or_else(|| record.group.origin.app_id.clone()),
            status: None,
        })
        .chain(facts.group_names.iter().map(|group| Candidate {
            id: group.id.as_str().to_owned(),
            name: group.name.clone().unwrap_or_default(),
            kind: kind(group.kind),
            source: group.source.clone(),
            status: None,
        }))
        .filter(|candidate| candidate.id == name || candidate.name == name)
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    if found.iter().any(|candidate| candidate.id == name) {
        found.retain(|candidate| candidate.id == name);
    }
    found
}

async fn group_in_okta(client: &Client, name: &str) -> Result<Vec<Candidate>, ChangeError> {
    let reading = || ChangeError::reading(format!("group {name}"));
    let search = format!("id eq {0} or profile.name eq {0}", quoted(name));
    let query = GroupQuery { expand: Some("app"), search: Some(search), ..GroupQuery::default() };
    let mut pager = client.groups(&query).map_err(reading())?;
    let page = pager.next_page().await.map_err(reading())?;
    let items = page.map(|page| page.items).unwrap_or_default();
    Ok(items
        .iter()
        // Okta compares without case; a name is exact here.
        .filter(|okta| okta.id.as_str() == name || okta.name() == name)
        .map(|okta| {
            let group = federation_group(okta);
            Candidate {
                id: okta.id.as_str().to_owned(),
                name: okta.name().to_owned(),
                kind: okta.group_type.clone().unwrap_or_default(),
                source: group.origin.app_name.or(group.origin.app_id),
                status: None,
            }
        })
        .collect())
}

fn one(
    what: &'static str,
    name: &str,
    mut found: Vec<Candidate>,
    hint: impl FnOnce() -> String,
) -> Result<Named, ChangeError> {
    match found.len() {
        0 => Err(ChangeError::NotFound { what, name: name.to_owned(), hint: hint() }),
        1 => match found.pop() {
            Some(candidate) => Ok(Named { id: candidate.id, name: candidate.name }),
            None => Err(ChangeError::NotFound { what, name: name.to_owned(), hint: String::new() }),
        },
        _ => {
            found.truncate(MOST_CANDIDATES);
            Err(ChangeError::Ambiguous { what, name: name.to_owned(), candidates: found })
        }
    }
}

/// The role that `ACCOUNT/ROLE` means, among those of the snapshot. `via`: a group is named that confers it.
pub(crate) fn role(facts: &Facts, rules: &Rules, name: &str, via: bool) -> Result<RoleName, ChangeError> {
    let access = resolve(
        rules,
        &facts.catalogue.values,
        facts.groups.iter().map(|group| &group.group),
        facts.users.iter().map(|user| &user.user),
    );
    let not_found = |hint: String| ChangeError::NotFound { what: "role", name: name.to_owned(), hint };
    let Some((account, role)) = name.split_once('/') else {
        return Err(not_found(
            "write it as ACCOUNT/ROLE; rolebook show roles lists what there is".to_owned(),
        ));
    };
    let names = facts.account_names(&access);
    let found = match names.one(account) {
        Ok(known) => known,
        // A group that is newer than the snapshot may confer it: the plan looks at the group itself.
        Err(_) if via && is_number(account) => {
            return Ok(RoleName { account: account.to_owned(), role: role.to_owned() });
        }
        Err(AccountError::Several { .. }) => {
            let candidates = names.find(account).unwrap_or_default().into_iter().map(|account| Candidate {
                id: account.id.clone(),
                name: account.label(),
                kind: "account".to_owned(),
                source: None,
                status: None,
            });
            let candidates = candidates.take(MOST_CANDIDATES).collect();
            return Err(ChangeError::Ambiguous { what: "account", name: account.to_owned(), candidates });
        }
        Err(error) => return Err(not_found(format!("{error}: {}", error.hint()))),
    };
    let wanted = RoleName { account: found.id.clone(), role: role.to_owned() };
    if access.roles.find(&wanted.account, role).is_some() || (via && rules.maps_groups()) {
        return Ok(wanted);
    }
    Err(not_found(near(&access.roles, &wanted)))
}

fn is_number(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

fn near(table: &RoleTable, wanted: &RoleName) -> String {
    let same = |known: &&rolebook_federation::Role| {
        known.account == wanted.account && known.name.eq_ignore_ascii_case(&wanted.role)
    };
    match table.roles().iter().find(same) {
        Some(known) => format!("did you mean {}/{}?", known.account, known.name),
        None => "rolebook show roles lists what there is; a new AWS role shows after Refresh Application Data in Okta and a sync".to_owned(),
    }
}
