//! Admin roles: who holds which, and what they are limited to.

use super::{Answer, Asked, groups};
use crate::json;
use crate::org::{AdminRole, BoundRole, Holder, RoleRow};
use crate::refusal::Refusal;
use crate::route::Principal;
use crate::token::TokenRole;
use crate::wire;
use crate::wire::role::Embed;

fn of_principal<'a>(asked: &Asked<'a>, principal: Principal<'_>) -> Result<Vec<&'a RoleRow>, Refusal> {
    match principal {
        Principal::User(id) => {
            let found = asked.org.user_by_id(id).filter(|(_, row)| !row.gone);
            let (index, _) = found.ok_or_else(|| Refusal::no_such(id, "User"))?;
            Ok(asked.org.roles_of_user(index).collect())
        }
        Principal::Group(id) => {
            let (index, _) = groups::find(asked, id)?;
            Ok(asked.org.roles_of_group(index).collect())
        }
    }
}

fn embed(asked: &Asked<'_>) -> Embed {
    Embed { groups: asked.query.expands("targets/groups"), apps: asked.query.expands("targets/catalog/apps") }
}

pub(super) fn list(asked: &Asked<'_>, principal: Principal<'_>) -> Result<Answer, Refusal> {
    if let Principal::User(id) = principal
        && id == asked.token.stand_in_id()
        && asked.org.user_by_id(id).is_none()
    {
        return Ok(of_token(asked));
    }
    let standard = of_principal(asked, principal)?.into_iter().map(Held::Standard);
    let bound: Vec<_> = match principal {
        Principal::User(id) => asked
            .org
            .user_by_id(id)
            .map_or_else(Vec::new, |(index, _)| asked.org.bindings_of_user(index).collect()),
        Principal::Group(id) => asked
            .org
            .group_by_id(id)
            .map_or_else(Vec::new, |(index, _)| asked.org.bindings_of(Holder::Group(index)).collect()),
    };
    let (root, embed) = (asked.root(), embed(asked));
    let mut body = Vec::new();
    json::array(&mut body, standard.chain(bound.into_iter().map(Held::Bound)), |out, held| match held {
        Held::Standard(row) => wire::role::write(out, &root, asked.org, row, embed),
        Held::Bound(bound) => wire::role::write_bound(out, &root, asked.org, &bound),
    });
    Ok(Answer::ok(body))
}

/// The owner of a token, where it is nobody in the org, holds what makes the token what it is. Only a super
/// administrator comes so far.
fn of_token(asked: &Asked<'_>) -> Answer {
    let held: &[AdminRole] = match asked.token.role {
        TokenRole::Super => &[AdminRole::SuperAdmin],
        _ => &[],
    };
    let mut body = Vec::new();
    json::array(&mut body, held, |out, role| {
        json::object(out, |o| {
            o.text("id", "ra1standin");
            o.text("label", role.label());
            o.text("type", role.as_str());
            o.text("status", "ACTIVE");
            o.text("assignmentType", "USER");
        });
    });
    Answer::ok(body)
}

/// A role as a principal holds it.
enum Held<'a> {
    Standard(&'a RoleRow),
    Bound(BoundRole<'a>),
}

fn find<'a>(asked: &Asked<'a>, principal: Principal<'_>, role: &str) -> Result<&'a RoleRow, Refusal> {
    let found = of_principal(asked, principal)?.into_iter().find(|row| row.id == role);
    found.ok_or_else(|| Refusal::no_such(role, "RoleAssignment"))
}

pub(super) fn one(asked: &Asked<'_>, principal: Principal<'_>, role: &str) -> Result<Answer, Refusal> {
    let row = find(asked, principal, role)?;
    let mut body = Vec::new();
    wire::role::write(&mut body, &asked.root(), asked.org, row, embed(asked));
    Ok(Answer::ok(body))
}

/// Okta pages targets by 20 whatever is asked.
pub(super) fn group_targets(
    asked: &Asked<'_>,
    principal: Principal<'_>,
    role: &str,
) -> Result<Answer, Refusal> {
    let row = find(asked, principal, role)?;
    let page = asked.sized(20, 20)?;
    let root = asked.root();
    let rows = wire::role::group_targets(asked.org, row).enumerate().skip(page.mark.from);
    Ok(asked.page(page, rows, |out, index| wire::role::write_group(out, &root, asked.org, index)))
}

pub(super) fn app_targets(
    asked: &Asked<'_>,
    principal: Principal<'_>,
    role: &str,
) -> Result<Answer, Refusal> {
    let row = find(asked, principal, role)?;
    let page = asked.sized(20, 20)?;
    let root = asked.root();
    let rows = row.targets.apps.iter().enumerate().skip(page.mark.from);
    Ok(asked.page(page, rows, |out, app| wire::role::write_app(out, &root, asked.org, app)))
}

/// Users who hold a role, directly or by a group. The next page is named in the body, not in a header.
pub(super) fn assignees(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let page = asked.sized(100, 100)?;
    let org = asked.org;
    let mut holders: Vec<usize> = Vec::new();
    let bindings = org.resource_sets.iter().flat_map(|set| &set.bindings);
    let bound = bindings.flat_map(|binding| binding.members.iter().map(|(_, holder)| *holder));
    for holder in org.roles.iter().map(|role| role.holder).chain(bound) {
        match holder {
            Holder::User(user) => holders.push(user),
            Holder::Group(group) => {
                holders.extend(org.groups.get(group).into_iter().flat_map(|row| row.members.iter()));
            }
        }
    }
    holders.sort_unstable();
    holders.dedup();
    let start = holders.partition_point(|user| *user < page.mark.from);
    let rest = holders.get(start..).unwrap_or_default();
    let shown = rest.get(..page.limit).unwrap_or(rest);
    let next = asked.turn(page, shown, rest.get(page.limit).copied());
    let root = asked.root();
    let mut body = Vec::new();
    json::object(&mut body, |o| {
        o.array("value", shown, |out, user| wire::role::write_assignee(out, &root, org, &org.user_id(*user)));
        asked.body_links(o, "/iam/assignees/users", page.limit, next);
    });
    Ok(Answer::ok(body))
}
