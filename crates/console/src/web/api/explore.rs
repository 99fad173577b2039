//! Questions over snapshots.

use axum::{Json, extract::Query};
use rolebook_insight::{What, WhatGroup, WhatIf, Who, Why};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::Mode;
use crate::{
    operation::{
        Context,
        explore::{self, Answers, Of, Thought},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeAccess), routes!(ask_who))
        .api(Access::May(Action::SeeAccess), routes!(ask_what))
        .api(Access::May(Action::SeeAccess), routes!(ask_group))
        .api(Access::May(Action::SeeAccess), routes!(ask_why))
        .api(Access::May(Action::SeeAccess), routes!(ask_what_if))
}

/// Names that a question is about.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Names {
    /// A person: Okta id, login or exact name.
    person: String,
    /// Roles: `ACCOUNT/ROLE`, where both may hold `*` and `?`, or an ARN.
    role: String,
}

/// Everybody who can assume the roles of a pattern, with every path
#[utoipa::path(get, path = "/api/explorer/who", params(Names, Of), tag = "explorer",
    responses((status = 200, body = Answers<Value>), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn ask_who(
    context: Context,
    Query(names): Query<Names>,
    Query(of): Query<Of>,
) -> Result<Json<Answers<Who>>, Problem> {
    explore::who(&context, &of, &names.role).await.map(Json)
}

/// Every role of a person, with every path
#[utoipa::path(get, path = "/api/explorer/what", params(Names, Of), tag = "explorer",
    responses((status = 200, body = Answers<Value>), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn ask_what(
    context: Context,
    Query(names): Query<Names>,
    Query(of): Query<Of>,
) -> Result<Json<Answers<What>>, Problem> {
    explore::what(&context, &of, &names.person).await.map(Json)
}

/// Of which group.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct GroupName {
    /// A group: Okta id or exact name.
    group: String,
}

/// Every role that a group confers, and on whom
#[utoipa::path(get, path = "/api/explorer/group", params(GroupName, Of), tag = "explorer",
    responses((status = 200, body = Answers<Value>), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn ask_group(
    context: Context,
    Query(name): Query<GroupName>,
    Query(of): Query<Of>,
) -> Result<Json<Answers<WhatGroup>>, Problem> {
    explore::group(&context, &of, &name.group).await.map(Json)
}

/// The proof hop by hop, or the first rule that stops the person
#[utoipa::path(get, path = "/api/explorer/why", params(Names, Of), tag = "explorer",
    responses((status = 200, body = Answers<Value>), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn ask_why(
    context: Context,
    Query(names): Query<Names>,
    Query(of): Query<Of>,
) -> Result<Json<Answers<Why>>, Problem> {
    explore::why(&context, &of, &names.person, &names.role).await.map(Json)
}

/// Changes to think through.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Thoughts {
    /// Made one after the other.
    changes: Vec<Thought>,
}

/// Who would gain and lose what if Okta were changed so; nothing is written
#[utoipa::path(post, path = "/api/explorer/what-if", params(Of, Mode), request_body = Thoughts, tag = "explorer",
    responses((status = 200, body = Answers<Value>), (status = 404, body = Problem)))]
async fn ask_what_if(
    context: Context,
    Query(of): Query<Of>,
    Body(thoughts): Body<Thoughts>,
) -> Result<Json<Answers<WhatIf>>, Problem> {
    explore::what_if(&context, &of, &thoughts.changes).await.map(Json)
}
