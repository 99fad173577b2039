//! Groups, their members and the rules that fill them.

use super::{Answer, Asked, users};
use crate::filter::{Field, Filter};
use crate::json;
use crate::org::{GroupKind, GroupRow, GroupRule};
use crate::refusal::Refusal;
use crate::wire;
use crate::wire::group::Embed;

const FILTERABLE: [&str; 4] = ["id", "type", "lastUpdated", "lastMembershipUpdated"];
const SEARCHABLE: [&str; 7] =
    ["id", "type", "created", "lastUpdated", "lastMembershipUpdated", "source.id", "profile."];

fn embed(asked: &Asked<'_>) -> Embed {
    Embed { stats: asked.query.expands("stats"), app: asked.query.expands("app") }
}

fn seen(asked: &Asked<'_>, row: &GroupRow) -> bool {
    !row.gone && asked.token.sees_group(&row.group.id, row.group.kind == GroupKind::BuiltIn)
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let (search, filter) = (asked.query.get("search"), asked.query.get("filter"));
    let prefix = asked.query.get("q").map(str::to_lowercase);
    let wanted = match (search, filter) {
        (Some(_), Some(_)) => return Err(Refusal::search_and_filter()),
        (Some(text), None) => Filter::parse(text, &SEARCHABLE)?,
        (None, Some(text)) => Filter::parse(text, &FILTERABLE)?,
        (None, None) => Filter::All,
    };
    let max = asked.options.groups_max;
    let page = asked.sized(if prefix.is_some() { 300.min(max) } else { max }, max)?;
    let embed = embed(asked);
    let root = asked.root();
    let named = |row: &GroupRow| {
        let name = row.group.name.as_deref().unwrap_or_default();
        prefix.as_ref().is_none_or(|prefix| name.to_lowercase().starts_with(prefix))
    };
    let fits = |row: &GroupRow| {
        seen(asked, row) && named(row) && wanted.fits(&|property: &str| field(row, property))
    };
    let rows = asked.ordered(page, &asked.org.groups, fits, field);
    let write = |out: &mut Vec<u8>, (index, row): (usize, &GroupRow)| {
        wire::group::write(out, &root, asked.org, index, row, embed);
    };
    if prefix.is_some() {
        // Okta does not page `q`.
        return Ok(asked.page(page, rows.take(page.limit), write));
    }
    Ok(asked.page(page, rows, write))
}

fn field<'a>(row: &'a GroupRow, property: &str) -> Field<'a> {
    let group = &row.group;
    match property {
        "id" => Field::Text(&group.id),
        "type" => Field::Text(group.kind.as_str()),
        "created" => Field::Time(row.created),
        "lastUpdated" => Field::Time(row.last_updated),
        "lastMembershipUpdated" => Field::Time(row.last_membership_updated),
        "source.id" => match &group.kind {
            GroupKind::App { source } => Field::Text(source),
            GroupKind::Okta | GroupKind::BuiltIn => Field::Missing,
        },
        "profile.name" => group.name.as_deref().map_or(Field::Missing, Field::Text),
        _ => {
            let name = property.strip_prefix("profile.").unwrap_or(property);
            group.extra(name).and_then(|value| value.as_str()).map_or(Field::Missing, Field::Text)
        }
    }
}

/// A group that exists and that the token may see.
pub(super) fn find<'a>(asked: &Asked<'a>, id: &str) -> Result<(usize, &'a GroupRow), Refusal> {
    let found = asked.org.group_by_id(id).filter(|(_, row)| !row.gone);
    let (index, row) = found.ok_or_else(|| Refusal::no_such(id, "UserGroup"))?;
    if seen(asked, row) { Ok((index, row)) } else { Err(Refusal::forbidden()) }
}

pub(super) fn one(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let (index, row) = find(asked, id)?;
    let mut body = Vec::new();
    wire::group::write(&mut body, &asked.root(), asked.org, index, row, embed(asked));
    Ok(Answer::ok(body))
}

pub(super) fn members(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let (_, row) = find(asked, id)?;
    let page = asked.sized(1000, 1000)?;
    if !asked.query.expands("group-rules") || !asked.options.member_rules {
        return Ok(users::page_of(asked, page, row.members.from(page.mark.from)));
    }
    let root = asked.root();
    let rows = row.members.from(page.mark.from).filter_map(|index| {
        let member = asked.org.users.get(index).filter(|member| !member.gone)?;
        Some((index, member))
    });
    let mut answer = asked.page(page, rows, |out, member| {
        let rules = asked.org.rules.iter().filter(|rule| holds(rule, id, &member.user.id));
        wire::user::write_member(out, &root, member, rules);
    });
    // Okta leaves this parameter out of `next`, unlike others.
    for link in answer.links.iter_mut().filter(|link| link.ends_with("rel=\"next\"")) {
        *link = link.replace("&expand=group-rules", "");
    }
    Ok(answer)
}

/// Whether a rule holds a user in a group.
fn holds(rule: &GroupRule, group: &str, user: &str) -> bool {
    rule.status == "ACTIVE"
        && rule.groups.iter().any(|id| id == group)
        && rule.holds.iter().any(|id| id == user)
}

pub(super) fn apps(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let (index, _) = find(asked, id)?;
    let page = asked.sized(20, 200)?;
    let root = asked.root();
    let apps = asked.org.apps.iter().enumerate().skip(page.mark.from);
    let rows = apps.filter(|(_, app)| app.groups.place(index).is_some());
    Ok(asked.page(page, rows, |out, app| wire::app::write(out, &root, asked.org, app)))
}

/// Owners are a feature of Okta's governance products, which nobody here has: an empty list.
pub(super) fn owners(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    find(asked, id)?;
    let page = asked.sized(1000, 1000)?;
    Ok(asked.page(page, std::iter::empty::<(usize, ())>(), |_, ()| {}))
}

pub(super) fn rules(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let page = asked.sized(50, 200)?;
    let names = asked.query.expands("groupIdToGroupNameMap");
    let words = asked.query.get("search").unwrap_or_default().to_lowercase();
    let root = asked.root();
    let rules = asked.org.rules.iter().enumerate().skip(page.mark.from);
    let rows = rules.filter(|(_, rule)| rule.name.to_lowercase().contains(&words));
    Ok(asked.page(page, rows, |out, rule| wire::group::write_rule(out, &root, asked.org, rule, names)))
}

pub(super) fn rule(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let rule = asked.org.rules.iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(|| Refusal::no_such(id, "GroupRule"))?;
    let mut body = Vec::new();
    let names = asked.query.expands("groupIdToGroupNameMap");
    wire::group::write_rule(&mut body, &asked.root(), asked.org, rule, names);
    Ok(Answer::ok(body))
}

/// The rules that hold a user in a group.
pub(super) fn member_rules(asked: &Asked<'_>, group: &str, user: &str) -> Result<Answer, Refusal> {
    let (_, row) = find(asked, group)?;
    let (index, _) = asked.org.user_by_id(user).ok_or_else(|| Refusal::no_such(user, "User"))?;
    if !row.members.contains(index) {
        return Err(Refusal::no_such(user, "GroupMember"));
    }
    let root = asked.root();
    let mut body = Vec::new();
    let rules = asked.org.rules.iter().filter(|rule| holds(rule, group, user));
    json::array(&mut body, rules, |out, rule| {
        wire::group::write_rule(out, &root, asked.org, rule, false);
    });
    Ok(Answer::ok(body))
}
