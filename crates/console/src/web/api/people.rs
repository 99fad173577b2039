//! Console users, keys, and the audit record.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use utoipa_axum::routes;

use super::{Mode, Paging, Words, csv_of, made, with_state};
use crate::{
    operation::{
        Context,
        connectors::PersonRef,
        people::{self, Invitation, Invited, KeyView, NewKey, UserPatch, UserView},
        records::{self, AuditPage},
    },
    policy::{Access, Action},
    problem::Problem,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::SignedIn, routes!(get_me))
        .api(Access::May(Action::SeeUsers), routes!(list_users))
        .api(Access::May(Action::PickUsers), routes!(pick_users))
        .api(Access::May(Action::SeeUsers), routes!(get_user))
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
#[utoipa::path(get, path = "/api/users", params(Paging), tag = "users",
    responses((status = 200, body = Page<UserView>)))]
async fn list_users(context: Context, Query(paging): Query<Paging>) -> Result<Json<Page<UserView>>, Problem> {
    people::list(&context).await.map(|all| paging.cut(all))
}

/// Users to choose owners from
#[utoipa::path(get, path = "/api/users/pick", params(Words, Paging), tag = "users",
    responses((status = 200, body = Page<PersonRef>)))]
async fn pick_users(
    context: Context,
    Query(words): Query<Words>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PersonRef>>, Problem> {
    people::pick(&context, &words.q).await.map(|all| paging.cut(all))
}

/// One console user
#[utoipa::path(get, path = "/api/users/{user}", params(("user" = String, Path, description = "User")), tag = "users",
    responses((status = 200, body = UserView)))]
async fn get_user(context: Context, Path(user): Path<String>) -> Result<Response, Problem> {
    let view = people::get(&context, &user).await?;
    Ok(with_state(StatusCode::OK, &view.state(), view))
}

/// Invite somebody
#[utoipa::path(post, path = "/api/users", params(Mode), request_body = Invitation, tag = "users",
    responses((status = 201, body = Invited)))]
async fn invite_user(
    context: Context,
    Body(invitation): Body<Invitation>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    Ok(made(&context, people::invite(&context, invitation).await?))
}

/// Change roles, or switch a user off
#[utoipa::path(patch, path = "/api/users/{user}", params(("user" = String, Path, description = "User"), Mode),
    request_body = UserPatch, tag = "users",
    responses((status = 200, body = UserView), (status = 412, body = Problem)))]
async fn change_user(
    context: Context,
    Path(user): Path<String>,
    Body(patch): Body<UserPatch>,
) -> Result<Response, Problem> {
    let view = people::change(&context, &user, patch).await?;
    Ok(with_state(StatusCode::OK, &view.state(), view))
}

/// Your API keys
#[utoipa::path(get, path = "/api/keys", params(Paging), tag = "keys",
    responses((status = 200, body = Page<KeyView>)))]
async fn list_keys(context: Context, Query(paging): Query<Paging>) -> Result<Json<Page<KeyView>>, Problem> {
    people::keys(&context).await.map(|all| paging.cut(all))
}

/// Make an API key; its secret is in this answer only
#[utoipa::path(post, path = "/api/keys", params(Mode), request_body = NewKey, tag = "keys",
    responses((status = 201, body = KeyView)))]
async fn add_key(context: Context, Body(new): Body<NewKey>) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok(made(&context, people::add_key(&context, new).await?))
}

/// End an API key
#[utoipa::path(delete, path = "/api/keys/{key}", params(("key" = String, Path, description = "Key"), Mode),
    tag = "keys", responses((status = 204)))]
async fn end_key(context: Context, Path(key): Path<String>) -> Result<StatusCode, Problem> {
    people::end_key(&context, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The audit record, newest first; as CSV with `format=csv`
#[utoipa::path(get, path = "/api/audit", params(records::Wanted), tag = "audit",
    responses((status = 200, body = AuditPage)))]
async fn list_audit(context: Context, Query(wanted): Query<records::Wanted>) -> Result<Response, Problem> {
    let first = records::page(&context, &wanted).await?;
    if wanted.format != "csv" {
        return Ok(Json(first).into_response());
    }
    Ok(csv_of("activity", wanted.columns.clone(), move |cursor| {
        let (context, wanted) =
            (context.clone(), records::Wanted { cursor, limit: Some(200), ..wanted.clone() });
        async move { records::page(&context, &wanted).await.map(|page| (page.items, page.next_cursor)) }
    }))
}
