//! The Settings area of a connector.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    connector::Head,
    credential::{CredentialForm, entered},
    field_error, or_problem, shell,
};
use crate::{
    checks::{self, AppChoice},
    operation::{
        Context,
        settings::{self, SettingsPatch, TryReport},
    },
    policy::{Access, Action},
    problem::Problem,
    settings::{Settings, TokenKind},
    web::{
        form::Fields,
        page::{Shell, When, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let configure = Access::Connector(Action::ConfigureConnector);
    routes
        .page(Method::GET, "/connectors/{id}/settings", Access::Connector(Action::ReadConnector), get(read))
        .page(Method::POST, "/connectors/{id}/settings", configure, post(save))
        .page(Method::POST, "/connectors/{id}/clear-token", configure, post(clear_token))
}

#[derive(Template)]
#[template(path = "connector_settings.html")]
struct SettingsPage {
    shell: Shell,
    head: Head,
    editing: bool,
    values: Settings,
    kinds: [(TokenKind, &'static str, &'static str); 4],
    token_set: Option<When>,
    tried: Option<TryReport>,
    demo: Option<crate::console::DemoOrg>,
    problem: Option<Problem>,
    domain_error: String,
    credential: CredentialForm,
    /// What is stored, in a word.
    secret_word: &'static str,
    app_error: String,
    /// AWS apps of the org, when there are several.
    choices: Vec<AppChoice>,
    custom_error: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct View {
    edit: String,
}

async fn read(context: Context, Path(id): Path<String>, Query(view): Query<View>) -> Response {
    let drawn = draw_settings(&context, &id, !view.edit.is_empty(), None, None, None).await;
    or_problem(&context, drawn)
}

async fn draw_settings(
    context: &Context,
    id: &str,
    editing: bool,
    typed: Option<(&Fields, Settings)>,
    problem: Option<Problem>,
    tried: Option<TryReport>,
) -> Result<Response, Problem> {
    let head = Head::load(context, id, "settings").await?;
    let (typed, values) = typed.unzip();
    let refused = problem.as_ref().map(|problem| &*problem.checks);
    let checks = tried.as_ref().map(|tried| &*tried.checks).or(refused).unwrap_or_default();
    let choices = checks::choices(checks).to_vec();
    let page = SettingsPage {
        shell: shell(context, &format!("Settings of {}", head.line.view.name), "/connectors").await?,
        editing: editing && head.may_configure,
        values: values.unwrap_or_else(|| head.line.view.settings.clone()),
        kinds: TokenKind::ALL,
        token_set: When::some(head.line.view.token.as_ref().map(|token| token.set_at), context.console.now()),
        demo: context.console.config.demo.clone(),
        domain_error: field_error(problem.as_ref(), "domain"),
        credential: CredentialForm::new(head.line.view.token.as_ref(), typed, problem.as_ref()),
        secret_word: match &head.line.view.token {
            Some(token) if token.service_app.is_some() => "key",
            _ => "token",
        },
        app_error: field_error(problem.as_ref(), "aws_okta_app_id"),
        choices,
        custom_error: field_error(problem.as_ref(), "sync_custom_roles"),
        problem: problem.clone(),
        head,
        tried,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn save(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let (api_token, service_app) = entered(&fields);
    let patch = SettingsPatch {
        domain: Some(fields.get("domain").to_owned()),
        api_token,
        service_app,
        aws_okta_app_id: Some(fields.get("aws_okta_app_id").to_owned()),
        sync_custom_roles: Some(fields.ticked("sync_custom_roles")),
        skip_secondary_emails: Some(fields.ticked("skip_secondary_emails")),
        allow_conversion: Some(fields.ticked("allow_conversion")),
        stated: Some(TokenKind::parse(fields.get("stated"))),
    };
    let values = Settings {
        domain: fields.get("domain").to_owned(),
        aws_okta_app_id: fields.get("aws_okta_app_id").to_owned(),
        sync_custom_roles: fields.ticked("sync_custom_roles"),
        skip_secondary_emails: fields.ticked("skip_secondary_emails"),
        allow_conversion: fields.ticked("allow_conversion"),
        stated: TokenKind::parse(fields.get("stated")),
    };
    let drawn = if fields.get("do") == "test" {
        match settings::test(&context, &id, patch).await {
            Ok(tried) => draw_settings(&context, &id, true, Some((&fields, values)), None, Some(tried)).await,
            Err(problem) => {
                draw_settings(&context, &id, true, Some((&fields, values)), Some(problem), None).await
            }
        }
    } else {
        match settings::save(&context, &id, patch).await {
            Ok(_) => return go(&format!("/connectors/{id}")),
            Err(problem) => {
                draw_settings(&context, &id, true, Some((&fields, values)), Some(problem), None).await
            }
        }
    };
    or_problem(&context, drawn)
}

async fn clear_token(context: Context, Path(id): Path<String>) -> Response {
    match settings::clear_token(&context, &id).await {
        Ok(_) => go(&format!("/connectors/{id}/settings")),
        Err(problem) => {
            let drawn = draw_settings(&context, &id, false, None, Some(problem), None).await;
            or_problem(&context, drawn)
        }
    }
}
