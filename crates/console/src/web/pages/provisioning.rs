//! The Provisioning tab of a connector: the switch, and the second credential.

use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};

use super::{
    connector::Head,
    credential::{CredentialForm, entered},
    field_error, or_problem, shell, taken,
};
use crate::{
    operation::{
        Context,
        provisioning::{self, ProvisioningView, Switch, WriteToken},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        form::Fields,
        page::{Shell, When, draw},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let may = Access::Connector(Action::SwitchProvisioning);
    let at = |rest: &str| format!("/connectors/{{id}}/provisioning{rest}");
    routes
        .page(Method::GET, &at(""), Access::Connector(Action::ReadConnector), get(read))
        .page(Method::POST, &at("/switch"), may, post(switch))
        .page(Method::POST, &at("/token"), may, post(set_token))
        .page(Method::POST, &at("/clear-token"), may, post(clear_token))
}

#[derive(Template)]
#[template(path = "connector_provisioning.html")]
struct ProvisioningPage {
    shell: Shell,
    head: Head,
    view: ProvisioningView,
    changed: Option<When>,
    token_set: Option<When>,
    may_switch: bool,
    problem: Option<Problem>,
    reason_error: String,
    credential: CredentialForm,
}

async fn read(context: Context, Path(id): Path<String>) -> Response {
    let drawn = draw_page(&context, &id, None, None).await;
    or_problem(&context, drawn)
}

async fn draw_page(
    context: &Context,
    id: &str,
    typed: Option<&Fields>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let head = Head::load(context, id, "provisioning").await?;
    let view = provisioning::get(context, id).await?;
    let now = context.console.now();
    let page = ProvisioningPage {
        shell: shell(context, &format!("Provisioning of {}", head.line.view.name), "/connectors").await?,
        changed: When::some(view.changed_at, now),
        token_set: When::some(view.token.as_ref().map(|token| token.set_at), now),
        may_switch: head.line.view.authorized_actions.contains(&"switch-provisioning"),
        reason_error: field_error(problem.as_ref(), "reason"),
        credential: CredentialForm::new(view.token.as_ref(), typed, problem.as_ref()),
        problem: problem.clone(),
        head,
        view,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn back<T>(context: &Context, id: &str, typed: Option<&Fields>, done: Result<T, Problem>) -> Response {
    let again = async |problem| draw_page(context, id, typed, Some(problem)).await;
    taken(context, done, format!("/connectors/{id}/provisioning"), again).await
}

async fn switch(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let word = |name: &str| match fields.get(name) {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let switch = Switch {
        enabled: word("enabled"),
        second_person: word("second_person"),
        reason: fields.get("reason").to_owned(),
    };
    let done = provisioning::switch(&context, &id, switch).await;
    back(&context, &id, None, done).await
}

async fn set_token(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let (api_token, service_app) = entered(&fields);
    let token = WriteToken { api_token: api_token.unwrap_or_default(), service_app };
    let done = provisioning::set_token(&context, &id, &token).await;
    back(&context, &id, Some(&fields), done).await
}

async fn clear_token(context: Context, Path(id): Path<String>) -> Response {
    let done = provisioning::clear_token(&context, &id).await;
    back(&context, &id, None, done).await
}
