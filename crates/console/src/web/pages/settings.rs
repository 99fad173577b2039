//! Settings of the console.

use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};

use super::{field_error, or_problem, shell};
use crate::{
    operation::{
        Context,
        about::{self, About},
        people::{self, Invitation, KeyView, NewKey, UserPatch, UserView},
        retention,
        second_person::{self, OktaPerson, SecondPersonRules},
    },
    policy::{Access, Action, Role},
    problem::Problem,
    retention::Retention,
    web::{
        form::Fields,
        page::{Shell, When, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let users = Access::May(Action::ChangeUsers);
    routes
        .page(Method::GET, "/settings", Access::SignedIn, get(read))
        .page(Method::POST, "/settings/users", users, post(invite))
        .page(Method::POST, "/settings/users/{user}", users, post(change_user))
        .page(Method::POST, "/settings/retention", Access::May(Action::ChangeRetention), post(keep))
        .page(Method::POST, "/settings/users/{user}/okta", users, post(bind))
        .page(
            Method::POST,
            "/settings/second-person",
            Access::May(Action::ChangeSecondPerson),
            post(keep_second_person),
        )
        .page(Method::POST, "/settings/keys", Access::SignedIn, post(add_key))
        .page(Method::POST, "/settings/keys/{key}/end", Access::SignedIn, post(end_key))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    shell: Shell,
    users: Vec<UserView>,
    may_change: bool,
    may_watch: bool,
    roles: Vec<(&'static str, &'static str)>,
    keys: Vec<(KeyView, When)>,
    key_roles: Vec<(&'static str, &'static str)>,
    /// How long things are kept, for who may see it.
    retention: Option<Retention>,
    may_keep: bool,
    /// When a second person is asked for, for who may see it.
    second_person: Option<SecondPersonRules>,
    may_set_second: bool,
    second_error: String,
    orgs: Vec<(String, String)>,
    bound: Vec<(String, String)>,
    retention_error: String,
    facts: Vec<(&'static str, String)>,
    made_key: Option<String>,
    made_link: Option<String>,
    by_mail: bool,
    problem: Option<Problem>,
    email_error: String,
    name_error: String,
    key_error: String,
}

/// What a form just made, to be shown once.
#[derive(Default)]
struct Made {
    key: Option<String>,
    link: Option<String>,
    by_mail: bool,
}

async fn read(context: Context) -> Response {
    let drawn = draw_settings(&context, None, Made::default()).await;
    or_problem(&context, drawn)
}

async fn keep(context: Context, fields: Fields) -> Response {
    // What is no number is out of every range, and said so.
    let number = |name: &str| fields.get(name).trim().parse::<i64>().unwrap_or(-1);
    let rules = Retention {
        snapshot_days: number("snapshot_days"),
        snapshot_count: usize::try_from(number("snapshot_count")).unwrap_or(0),
        one_per_day_after: number("one_per_day_after"),
        log_days: number("log_days"),
        message_days: number("message_days"),
        plan_days: number("plan_days"),
    };
    match retention::set(&context, rules).await {
        Ok(_) => go("/settings"),
        Err(problem) => {
            let drawn = draw_settings(&context, Some(problem), Made::default()).await;
            or_problem(&context, drawn)
        }
    }
}

async fn keep_second_person(context: Context, fields: Fields) -> Response {
    let rules = SecondPersonRules {
        privileged: fields.get("privileged").lines().map(str::to_owned).collect(),
        invited_days: fields.get("invited_days").trim().parse().unwrap_or(-1),
    };
    let done = second_person::set(&context, rules).await;
    after(&context, done.map(|_| Made::default())).await
}

async fn bind(context: Context, Path(user): Path<String>, fields: Fields) -> Response {
    let person = OktaPerson { org: fields.get("org").to_owned(), okta_id: fields.get("okta_id").to_owned() };
    let done = second_person::bind(&context, &user, person).await;
    after(&context, done.map(|_| Made::default())).await
}

fn facts(about: About) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Address", about.address),
        ("Data folder", about.data_folder),
        ("Vault key", about.vault_key),
        ("Mail", about.mail),
        ("Share of Okta's rate limit", format!("{} %", about.rate_budget)),
        ("Version", about.version),
    ];
    facts.extend(about.letters.map(|trouble| ("Letters", trouble)));
    facts
}

async fn draw_settings(context: &Context, problem: Option<Problem>, made: Made) -> Result<Response, Problem> {
    let may = |action| context.actor.may(super::NOBODY, action);
    let users = if may(Action::SeeUsers) { people::list(context).await? } else { Vec::new() };
    let now = context.console.now();
    let facts = if may(Action::SeeSettings) { facts(about::get(context).await?) } else { Vec::new() };
    let own: Vec<Role> =
        if context.actor.is_super() { Role::ALL.to_vec() } else { context.actor.roles.iter().collect() };
    let relation = context.actor.relation(&context.console, None).await?;
    let retention = if may(Action::SeeSettings) { Some(retention::get(context).await?) } else { None };
    let page = SettingsPage {
        second_person: if may(Action::SeeSettings) { Some(second_person::get(context).await?) } else { None },
        may_set_second: may(Action::ChangeSecondPerson),
        second_error: ["privileged", "invited_days", "okta_id", "org"]
            .map(|field| field_error(problem.as_ref(), field))
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        orgs: if may(Action::ChangeUsers) { second_person::orgs(context).await? } else { Vec::new() },
        bound: if may(Action::ChangeUsers) { second_person::bound(context).await? } else { Vec::new() },
        retention,
        may_keep: may(Action::ChangeRetention),
        retention_error: [
            "snapshot_days",
            "snapshot_count",
            "one_per_day_after",
            "log_days",
            "message_days",
            "plan_days",
        ]
        .map(|field| field_error(problem.as_ref(), field))
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default(),
        may_watch: context.actor.may(relation, Action::SeeAccess),
        shell: shell(context, "Settings", "/settings").await?,
        users,
        may_change: may(Action::ChangeUsers),
        roles: Role::ALL.into_iter().map(|role| (role.word(), role.title())).collect(),
        keys: people::keys(context)
            .await?
            .into_iter()
            .map(|key| {
                let when = When::new(key.expires_at, now);
                (key, when)
            })
            .collect(),
        key_roles: own.into_iter().map(|role| (role.word(), role.title())).collect(),
        facts,
        made_key: made.key,
        made_link: made.link,
        by_mail: made.by_mail,
        email_error: field_error(problem.as_ref(), "email"),
        name_error: field_error(problem.as_ref(), "name"),
        key_error: ["role", "days"].into_iter().map(|field| field_error(problem.as_ref(), field)).collect(),
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn after(context: &Context, done: Result<Made, Problem>) -> Response {
    let drawn = match done {
        Ok(made) if made.key.is_none() && made.link.is_none() && !made.by_mail => return go("/settings"),
        Ok(made) => draw_settings(context, None, made).await,
        Err(problem) => draw_settings(context, Some(problem), Made::default()).await,
    };
    or_problem(context, drawn)
}

async fn invite(context: Context, fields: Fields) -> Response {
    let invitation = Invitation {
        email: fields.get("email").to_owned(),
        name: fields.get("name").to_owned(),
        roles: fields.all("role"),
    };
    let done = people::invite(&context, invitation).await;
    after(
        &context,
        done.map(|invited| Made { by_mail: invited.link.is_none(), link: invited.link, key: None }),
    )
    .await
}

async fn change_user(context: Context, Path(user): Path<String>, fields: Fields) -> Response {
    let patch = UserPatch { roles: Some(fields.all("role")), active: Some(fields.ticked("active")) };
    let done = people::change(&context, &user, patch).await;
    after(&context, done.map(|_| Made::default())).await
}

async fn add_key(context: Context, fields: Fields) -> Response {
    let new = NewKey {
        name: fields.get("name").to_owned(),
        role: fields.get("role").to_owned(),
        days: fields.get("days").parse().unwrap_or(0),
    };
    let done = people::add_key(&context, new).await;
    after(&context, done.map(|key| Made { key: key.secret, ..Made::default() })).await
}

async fn end_key(context: Context, Path(key): Path<String>) -> Response {
    let done = people::end_key(&context, &key).await;
    after(&context, done.map(|()| Made::default())).await
}
