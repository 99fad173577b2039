//! Users.

use super::{Answer, Asked};
use crate::filter::{Field, Filter};
use crate::org::{User, UserRow, UserStatus};
use crate::refusal::Refusal;
use crate::wire;
use crate::wire::user::Detail;

const SEARCHABLE: [&str; 7] =
    ["status", "id", "created", "lastUpdated", "activated", "statusChanged", "profile."];
const FILTERABLE: [&str; 7] = [
    "status",
    "lastUpdated",
    "id",
    "profile.login",
    "profile.email",
    "profile.firstName",
    "profile.lastName",
];

pub(super) fn list(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let (search, filter) = (asked.query.get("search"), asked.query.get("filter"));
    let prefix = asked.query.get("q").map(str::to_lowercase);
    let wanted = match (search, filter) {
        (Some(_), Some(_)) => return Err(Refusal::search_and_filter()),
        (Some(text), None) => Some(Filter::parse(text, &SEARCHABLE)?),
        (None, Some(text)) => Some(Filter::parse(text, &FILTERABLE)?),
        (None, None) => None,
    };
    let page = asked.sized(if prefix.is_some() { 10 } else { 200 }, 200)?;
    let fits = |row: &UserRow| match (&wanted, &prefix) {
        (Some(filter), _) => filter.fits(&|property: &str| field(row, property)),
        (None, _) if row.user.status == UserStatus::Deprovisioned => false,
        (None, Some(prefix)) => begins_with(row, prefix),
        (None, None) => true,
    };
    let rows = asked.ordered(page, &asked.org.users, |row| !row.gone && fits(row), field);
    let root = asked.root();
    let write = |out: &mut Vec<u8>, (_, row): (usize, &UserRow)| {
        wire::user::write(out, &root, row, Detail::Listed, true);
    };
    if prefix.is_some() {
        // Okta does not page `q`.
        return Ok(asked.page(page, rows.take(page.limit), write));
    }
    Ok(asked.page(page, rows, write))
}

fn field<'a>(row: &'a UserRow, property: &str) -> Field<'a> {
    let user = &row.user;
    match property {
        "status" => Field::Text(user.status.as_str()),
        "id" => Field::Text(&user.id),
        "created" | "activated" => Field::Time(row.created),
        "lastUpdated" => Field::Time(row.last_updated),
        "statusChanged" => Field::Time(row.status_changed),
        _ => {
            let name = property.strip_prefix("profile.").unwrap_or(property);
            match (user.extra(name), name) {
                (Some(value), _) => value.as_str().map_or(Field::Missing, Field::Text),
                (None, "login" | "email") => Field::Text(&user.login),
                (None, "firstName") => Field::Text(&user.first_name),
                (None, "lastName") => Field::Text(&user.last_name),
                (None, _) => Field::Missing,
            }
        }
    }
}

/// Whether a name, the login or the email begins with the (lower-case) text.
pub(super) fn begins_with(row: &UserRow, prefix: &str) -> bool {
    let user = &row.user;
    [user.login.as_str(), user.first_name.as_ref(), user.last_name.as_ref()]
        .iter()
        .any(|text| text.to_lowercase().starts_with(prefix))
}

/// By id, by login, or by the part of the login before `@` when only one user has it.
fn find<'a>(asked: &Asked<'a>, reference: &str) -> Result<&'a UserRow, Refusal> {
    let org = asked.org;
    let found = org.find_user(reference).or_else(|| {
        let short = format!("{}@", reference.to_lowercase());
        let mut fitting =
            org.users.iter().enumerate().filter(|(_, row)| row.user.login.to_lowercase().starts_with(&short));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    });
    let row = found.and_then(|index| org.users.get(index)).filter(|row| !row.gone);
    row.ok_or_else(|| Refusal::no_such(reference, "User"))
}

pub(super) fn one(asked: &Asked<'_>, reference: &str) -> Result<Answer, Refusal> {
    let row = find(asked, reference)?;
    let mut body = Vec::new();
    wire::user::write(&mut body, &asked.root(), row, Detail::Whole, true);
    Ok(Answer::ok(body))
}

/// The owner of an API token; behind a service app there is nobody.
pub(super) fn me(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    if asked.token.scopes.is_some() {
        return Err(Refusal::no_such("me", "User"));
    }
    let owner = asked.token.owner.as_deref().and_then(|owner| find(asked, owner).ok());
    let mut body = Vec::new();
    if let Some(row) = owner {
        wire::user::write(&mut body, &asked.root(), row, Detail::Whole, true);
    } else {
        let user = User::new(asked.token.stand_in_login(&asked.org.subdomain))
            .id(asked.token.stand_in_id())
            .name("Token", asked.token.name.as_str());
        let at = asked.org.founded;
        let row = UserRow {
            user,
            created: at,
            last_updated: at,
            status_changed: at,
            groups: Default::default(),
            gone: false,
        };
        wire::user::write(&mut body, &asked.root(), &row, Detail::Whole, true);
    }
    Ok(Answer::ok(body))
}

pub(super) fn groups(asked: &Asked<'_>, reference: &str) -> Result<Answer, Refusal> {
    let row = find(asked, reference)?;
    let page = asked.sized(200, 200)?;
    let root = asked.root();
    let rows = row.groups.from(page.mark.from).filter_map(|index| {
        let group = asked.org.groups.get(index).filter(|group| !group.gone)?;
        Some((index, (index, group)))
    });
    Ok(asked.page(page, rows, |out, (index, group)| {
        wire::group::write(out, &root, asked.org, index, group, Default::default());
    }))
}

/// A page of users given by their rows: members of a group.
pub(super) fn page_of(
    asked: &Asked<'_>,
    page: crate::query::Page,
    rows: impl Iterator<Item = usize>,
) -> Answer {
    let root = asked.root();
    let rows = rows.filter_map(|index| {
        let row = asked.org.users.get(index).filter(|row| !row.gone)?;
        Some((index, row))
    });
    asked.page(page, rows, |out, row| wire::user::write(out, &root, row, Detail::Listed, true))
}
