//! The rules of second-person approval, and who accounts are in Okta.

use axum::{Json, extract::Path};
use utoipa_axum::routes;

use super::Mode;
use crate::{
    operation::{
        Context,
        second_person::{self, OktaPerson, SecondPersonRules, Ties},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeSettings), routes!(get_second_person))
        .api(Access::May(Action::ChangeSecondPerson), routes!(set_second_person))
        .api(Access::May(Action::SeeUsers), routes!(get_ties))
        .api(Access::May(Action::ChangeUsers), routes!(bind_okta_user))
}

/// What counts as privileged, and who cannot be a second person
#[utoipa::path(get, path = "/api/second-person", tag = "console",
    responses((status = 200, body = SecondPersonRules)))]
async fn get_second_person(context: Context) -> Result<Json<SecondPersonRules>, Problem> {
    second_person::get(&context).await.map(Json)
}

/// Change what counts as privileged; every Super Administrator hears of it
#[utoipa::path(put, path = "/api/second-person", params(Mode), request_body = SecondPersonRules, tag = "console",
    responses((status = 200, body = SecondPersonRules), (status = 412, body = Problem)))]
async fn set_second_person(
    context: Context,
    Body(rules): Body<SecondPersonRules>,
) -> Result<Json<SecondPersonRules>, Problem> {
    second_person::set(&context, rules).await.map(Json)
}

/// Who let a user in, and who they are in Okta
#[utoipa::path(get, path = "/api/users/{user}/ties", params(("user" = String, Path, description = "User")),
    tag = "users", responses((status = 200, body = Ties)))]
async fn get_ties(context: Context, Path(user): Path<String>) -> Result<Json<Ties>, Problem> {
    second_person::ties(&context, &user).await.map(Json)
}

/// Enter who a user is in an Okta org; not of one's own account
#[utoipa::path(post, path = "/api/users/{user}/okta",
    params(("user" = String, Path, description = "User"), Mode), request_body = OktaPerson, tag = "users",
    responses((status = 200, body = Ties)))]
async fn bind_okta_user(
    context: Context,
    Path(user): Path<String>,
    Body(person): Body<OktaPerson>,
) -> Result<Json<Ties>, Problem> {
    second_person::bind(&context, &user, person).await.map(Json)
}
