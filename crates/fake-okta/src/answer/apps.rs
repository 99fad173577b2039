//! Apps, their assignments, schema and role catalogue.

use super::{Answer, Asked, users};
use crate::filter::{Field, Filter};
use crate::json;
use crate::org::{AppRow, AppUserRow};
use crate::refusal::Refusal;
use crate::wire;

pub(super) fn list(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let wanted = match asked.query.get("filter") {
        Some(text) => Filter::parse(text, &["id", "status", "name", "user.id", "group.id"])?,
        None => Filter::All,
    };
    let (users, groups) = assigned_ids(asked);
    let prefix = asked.query.get("q").unwrap_or_default().to_lowercase();
    let page = asked.sized(20, 200)?;
    let root = asked.root();
    let fits = |row: &AppRow| {
        let app = &row.app;
        let named = [&app.name, &app.label].iter().any(|text| text.to_lowercase().starts_with(&prefix));
        named
            && asked.token.sees_app(&app.id)
            && wanted.fits(&|property: &str| match property {
                "id" => Field::Text(&app.id),
                "status" => Field::Text(&app.status),
                "user.id" => users.map_or(Field::Text(""), |(id, index)| {
                    Field::Text(if row.users.contains_key(&index) { id } else { "" })
                }),
                "group.id" => groups.map_or(Field::Text(""), |(id, index)| {
                    Field::Text(if row.groups.place(index).is_some() { id } else { "" })
                }),
                _ => Field::Text(&app.name),
            })
    };
    let rows = asked.org.apps.iter().enumerate().skip(page.mark.from).filter(|(_, row)| fits(row));
    Ok(asked.page(page, rows, |out, row| wire::app::write(out, &root, asked.org, row)))
}

/// An id and its position.
type Named<'a> = Option<(&'a str, usize)>;

/// The user and the group whom a filter of apps names, if they are there.
fn assigned_ids<'a>(asked: &Asked<'a>) -> (Named<'a>, Named<'a>) {
    let named = |property: &str| {
        let text = asked.query.get("filter")?;
        let rest = text.split_once(property)?.1.trim_start().strip_prefix("eq")?;
        rest.split('"').nth(1)
    };
    let user = named("user.id").and_then(|id| asked.org.user_by_id(id));
    let group = named("group.id").and_then(|id| asked.org.group_by_id(id));
    (user.map(|(at, row)| (row.user.id.as_str(), at)), group.map(|(at, row)| (row.group.id.as_str(), at)))
}

/// An app that exists and that the token may see.
pub(super) fn find<'a>(asked: &Asked<'a>, id: &str) -> Result<&'a AppRow, Refusal> {
    let row = asked.org.app_by_id(id).ok_or_else(|| Refusal::no_such(id, "AppInstance"))?;
    if asked.token.sees_app(id) { Ok(row) } else { Err(Refusal::forbidden()) }
}

pub(super) fn one(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let row = find(asked, id)?;
    let mut body = Vec::new();
    wire::app::write(&mut body, &asked.root(), asked.org, row);
    Ok(Answer::ok(body))
}

pub(super) fn users(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    let page = asked.sized(50, 500)?;
    let expand = asked.query.expands("user");
    let prefix = asked.query.get("q").map(str::to_lowercase);
    let root = asked.root();
    let fits = |index: usize| match &prefix {
        None => true,
        Some(prefix) => asked.org.users.get(index).is_some_and(|row| users::begins_with(row, prefix)),
    };
    let rows = app.users.range(page.mark.from..).filter(|(index, _)| fits(**index));
    let rows = rows.map(|(index, row)| (*index, (*index, row)));
    Ok(asked.page(page, rows, |out, row: (usize, &AppUserRow)| {
        wire::assignment::write_user(out, &root, asked.org, app, row, expand);
    }))
}

pub(super) fn user(asked: &Asked<'_>, id: &str, user: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    let row = asked.org.user_by_id(user).and_then(|(index, _)| Some((index, app.users.get(&index)?)));
    let row = row.ok_or_else(|| Refusal::no_such(user, "AppUser"))?;
    let mut body = Vec::new();
    let expand = asked.query.expands("user");
    wire::assignment::write_user(&mut body, &asked.root(), asked.org, app, row, expand);
    Ok(Answer::ok(body))
}

pub(super) fn groups(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    let page = asked.sized(20, 200)?;
    let expand = asked.query.expands("group");
    let prefix = asked.query.get("q").map(str::to_lowercase);
    let root = asked.root();
    let fits = |group: usize| match &prefix {
        None => true,
        Some(prefix) => {
            let name = asked.org.groups.get(group).and_then(|row| row.group.name.as_deref());
            name.is_some_and(|name| name.to_lowercase().starts_with(prefix))
        }
    };
    let rows = app.groups.rows().iter().enumerate().skip(page.mark.from).filter(|(_, row)| fits(row.group));
    let rows = rows.map(|(place, _)| (place, place));
    Ok(asked.page(page, rows, |out, place| {
        wire::assignment::write_group(out, &root, asked.org, app, place, expand);
    }))
}

pub(super) fn group(asked: &Asked<'_>, id: &str, group: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    let place = asked.org.group_by_id(group).and_then(|(index, _)| app.groups.place(index));
    let place = place.ok_or_else(|| Refusal::no_such(group, "AppGroup"))?;
    let mut body = Vec::new();
    let expand = asked.query.expands("group");
    wire::assignment::write_group(&mut body, &asked.root(), asked.org, app, place, expand);
    Ok(Answer::ok(body))
}

pub(super) fn schema(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    let mut body = Vec::new();
    json::value(&mut body, &wire::app::schema(&asked.root(), app));
    Ok(Answer::ok(body))
}

pub(super) fn types(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = find(asked, id)?;
    if !app.app.is_aws() {
        return Err(Refusal::no_such(id, "AppInstance"));
    }
    let mut body = Vec::new();
    json::value(&mut body, &app.app.types);
    Ok(Answer::ok(body))
}
