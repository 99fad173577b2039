//! Console users, keys, and the audit record.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::{ListQuery, Mode};
use crate::{
    operation::{
        Context,
        connectors::PersonRef,
        people::{self, Invitation, Invited, KeyView, NewKey, UserPatch, UserView},
        records::{self, AuditPage},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::SignedIn, routes!(get_me))
        .api(Access::May(Action::SeeUsers), routes!(list_users))
        .api(Access::May(Action::PickUsers), routes!(pick_users))
        .api(Access::May(Action::ChangeUsers), routes!(invite_user))
        .api(Access::May(Action::ChangeUsers), routes!(change_user))
        .api(Access::SignedIn, routes!(list_keys))
        .api(Access::SignedIn, routes!(add_key))
        .api(Access::SignedIn, routes!(end_key))
        .api(Access::May(Action::SeeAudit), routes!(list_audit))
}

/// Who you are
#[utoipa::path(get, path = "/api/me", tag = "users", responses((status = 200, body = UserView)))]
async fn get_me(context: Context) -> Json<UserView> {
    Json(UserView::from(&context.actor.user))
}

/// Console users
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = [UserView])))]
async fn list_users(context: Context) -> Result<Json<Vec<UserView>>, Problem> {
    people::list(&context).await.map(Json)
}

/// Users to choose owners from
#[utoipa::path(get, path = "/api/users/pick", params(ListQuery), tag = "users",
    responses((status = 200, body = [PersonRef])))]
async fn pick_users(
    context: Context,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<PersonRef>>, Problem> {
    people::pick(&context, &query.q).await.map(Json)
}

/// Invite somebody
#[utoipa::path(post, path = "/api/users", params(Mode), request_body = Invitation, tag = "users",
    responses((status = 201, body = Invited), (status = 422, body = Problem)))]
async fn invite_user(
    context: Context,
    Body(invitation): Body<Invitation>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    Ok((StatusCode::CREATED, Json(people::invite(&context, invitation).await?)))
}

/// Change roles, or switch a user off
#[utoipa::path(patch, path = "/api/users/{user}", params(("user" = String, Path, description = "User"), Mode),
    request_body = UserPatch, tag = "users",
    responses((status = 200, body = UserView), (status = 409, body = Problem)))]
async fn change_user(
    context: Context,
    Path(user): Path<String>,
    Body(patch): Body<UserPatch>,
) -> Result<Json<UserView>, Problem> {
    people::change(&context, &user, patch).await.map(Json)
}

/// Your API keys
#[utoipa::path(get, path = "/api/keys", tag = "keys", responses((status = 200, body = [KeyView])))]
async fn list_keys(context: Context) -> Result<Json<Vec<KeyView>>, Problem> {
    people::keys(&context).await.map(Json)
}

/// Make an API key; its secret is in this answer only
#[utoipa::path(post, path = "/api/keys", params(Mode), request_body = NewKey, tag = "keys",
    responses((status = 201, body = KeyView), (status = 422, body = Problem)))]
async fn add_key(context: Context, Body(new): Body<NewKey>) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok((StatusCode::CREATED, Json(people::add_key(&context, new).await?)))
}

/// End an API key
#[utoipa::path(delete, path = "/api/keys/{key}", params(("key" = String, Path, description = "Key"), Mode),
    tag = "keys", responses((status = 204), (status = 404, body = Problem)))]
async fn end_key(context: Context, Path(key): Path<String>) -> Result<StatusCode, Problem> {
    people::end_key(&context, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only of this object, as in `connector/con_1`.
    object: Option<String>,
    /// Words to search for.
    q: String,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 25 when absent.
    limit: Option<u64>,
}

/// The audit record, newest first
#[utoipa::path(get, path = "/api/audit", params(AuditQuery), tag = "audit",
    responses((status = 200, body = AuditPage)))]
async fn list_audit(context: Context, Query(query): Query<AuditQuery>) -> Result<Json<AuditPage>, Problem> {
    let cursor = query.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    let limit = query.limit.unwrap_or(25).clamp(1, 200);
    records::page(&context, query.object.as_deref(), &query.q, cursor, limit).await.map(Json)
}
