//! Set-up, sign-in, sign-out, invitations.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use super::field_error;
use crate::{
    actor::{Actor, Via},
    console::Console,
    operation::{oidc, people},
    password,
    policy::Access,
    problem::Problem,
    store,
    tls::Peer,
    web::{
        device,
        form::Fields,
        gate,
        page::{self, Shell, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .page(Method::GET, "/sign-in", Access::Public, get(sign_in_page))
        .page(Method::POST, "/sign-in", Access::Public, post(sign_in))
        .page(Method::GET, "/sign-in/oidc", Access::Public, get(to_provider))
        .page(Method::GET, "/sign-in/oidc/callback", Access::Public, get(from_provider))
        .page(Method::POST, "/sign-out", Access::SignedIn, post(sign_out))
        .page(Method::GET, "/setup/{secret}", Access::Public, get(set_up_page))
        .page(Method::POST, "/setup/{secret}", Access::Public, post(set_up))
        .page(Method::GET, "/join/{secret}", Access::Public, get(join_page))
        .page(Method::POST, "/join/{secret}", Access::Public, post(join))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    to: String,
    problem: Option<Problem>,
    no_users: bool,
    /// Host of the provider, where one is configured.
    provider: Option<String>,
}

#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUpPage {
    shell: Shell,
    /// First administrator, or somebody who was invited.
    first: bool,
    email: String,
    name: String,
    shortest: usize,
    problem: Option<Problem>,
    email_error: String,
    name_error: String,
    password_error: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct To {
    to: String,
}

/// Only a path of our own, as a browser would resolve it: nothing leads to another site.
fn own_path(to: &str) -> &str {
    // Any origin serves as base: what leaves it is not a path.
    let own = url::Url::parse("https://own.invalid/")
        .and_then(|base| Ok((base.join(to)?.origin(), base.origin())))
        .is_ok_and(|(target, base)| target == base);
    let plain = to.starts_with('/') && !to.contains('\\') && !to.contains(char::is_control);
    if own && plain { to } else { "/" }
}

async fn sign_in_page(
    State(console): State<Arc<Console>>,
    Query(query): Query<To>,
) -> Result<Response, Problem> {
    let no_users = store::people::count(console.store.db()).await? == 0;
    let page = SignInPage { to: query.to, no_users, ..sign_in_form(&console, None) };
    Ok(draw(StatusCode::OK, &page))
}

fn sign_in_form(console: &Console, problem: Option<Problem>) -> SignInPage {
    SignInPage {
        shell: Shell::bare("Sign in"),
        email: String::new(),
        to: String::new(),
        problem,
        no_users: false,
        provider: console.oidc.as_ref().map(|provider| provider.host().to_owned()),
    }
}

/// To the provider, with a cookie that knows the way back.
async fn to_provider(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Query(query): Query<To>,
) -> Response {
    let begun = match knock(&console, peer, &headers) {
        Ok(()) => oidc::begin(&console, own_path(&query.to)).await,
        Err(problem) => Err(problem),
    };
    match begun {
        Ok((url, secret)) => {
            let mut response = go(url.as_str());
            response.headers_mut().insert(header::SET_COOKIE, gate::attempt_cookie(&console, &secret));
            response
        }
        Err(problem) => draw(problem.status(), &sign_in_form(&console, Some(problem))),
    }
}

/// Back from the provider.
async fn from_provider(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    Query(back): Query<oidc::Back>,
) -> Response {
    let secret = gate::attempt_secret(&console, &headers);
    let mut response = match oidc::finish(&console, secret.as_deref(), &back).await {
        Ok((session, to)) => enter_session(&console, &session, own_path(&to)),
        Err(problem) => draw(problem.status(), &sign_in_form(&console, Some(problem))),
    };
    response.headers_mut().append(header::SET_COOKIE, gate::attempt_cookie(&console, ""));
    response
}

fn enter_session(console: &Console, secret: &str, to: &str) -> Response {
    let mut response = go(to);
    response.headers_mut().insert(header::SET_COOKIE, gate::cookie(console, secret));
    response
}

async fn sign_in(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let email = fields.get("email");
    let source = device::source(&console, email, peer, &headers);
    let signed_in = match knock(&console, peer, &headers) {
        Ok(()) => people::sign_in(&console, email, fields.get("password"), source).await,
        Err(problem) => Err(problem),
    };
    match signed_in {
        Ok(secret) => {
            let mut response = enter_session(&console, &secret, own_path(fields.get("to")));
            device::remember(&console, email, &mut response);
            response
        }
        Err(problem) => draw(
            problem.status(),
            &SignInPage {
                email: fields.get("email").to_owned(),
                to: fields.get("to").to_owned(),
                ..sign_in_form(&console, Some(problem))
            },
        ),
    }
}

/// Counts a request of somebody who has not signed in.
fn knock(console: &Console, peer: Peer, headers: &HeaderMap) -> Result<(), Problem> {
    console.throttle.knock(device::address(console, peer, headers), console.now().as_millisecond())
}

async fn sign_out(State(console): State<Arc<Console>>, actor: Actor) -> Response {
    if let Via::Session { id, .. } = &actor.via
        && let Err(problem) = people::sign_out(&console, &actor, id).await
    {
        return page::problem_page(&console, Some(&actor), problem);
    }
    enter_session(&console, "", "/sign-in")
}

fn set_up_form(first: bool, fields: &Fields, problem: Option<Problem>) -> Response {
    let title = if first { "Create the Super Administrator" } else { "Set your password" };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    draw(
        status,
        &SetUpPage {
            shell: Shell::bare(title),
            first,
            email: fields.get("email").to_owned(),
            name: fields.get("name").to_owned(),
            shortest: password::SHORTEST,
            email_error: field_error(problem.as_ref(), "email"),
            name_error: field_error(problem.as_ref(), "name"),
            password_error: field_error(problem.as_ref(), "password"),
            problem,
        },
    )
}

async fn set_up_page(State(console): State<Arc<Console>>, Path(secret): Path<String>) -> Response {
    link_page(&console, &secret, "setup").await
}

async fn join_page(State(console): State<Arc<Console>>, Path(secret): Path<String>) -> Response {
    link_page(&console, &secret, "join").await
}

async fn link_page(console: &Console, secret: &str, purpose: &str) -> Response {
    match store::people::link(console.store.db(), secret, console.now().as_millisecond()).await {
        Ok(Some(link)) if link.purpose == purpose => {
            set_up_form(purpose == "setup", &Fields::default(), None)
        }
        Ok(_) => page::problem_page(console, None, people::spent_link()),
        Err(error) => page::problem_page(console, None, error.into()),
    }
}

/// Both passwords must be the same: nobody can read what they typed.
fn password_of(fields: &Fields) -> Result<&str, Problem> {
    let password = fields.get("password");
    if password == fields.get("again") {
        Ok(password)
    } else {
        Err(Problem::field("password", "the two passwords differ"))
    }
}

async fn set_up(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    fields: Fields,
) -> Response {
    let done = match knock(&console, peer, &headers).and_then(|()| password_of(&fields)) {
        Ok(password) => {
            people::set_up(&console, &secret, fields.get("email"), fields.get("name"), password).await
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(session) => enter_session(&console, &session, "/"),
        Err(problem) if problem.fields.is_empty() => page::problem_page(&console, None, problem),
        Err(problem) => set_up_form(true, &fields, Some(problem)),
    }
}

async fn join(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    fields: Fields,
) -> Response {
    let done = match knock(&console, peer, &headers).and_then(|()| password_of(&fields)) {
        Ok(password) => people::join(&console, &secret, password).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(session) => enter_session(&console, &session, "/"),
        Err(problem) if problem.fields.is_empty() => page::problem_page(&console, None, problem),
        Err(problem) => set_up_form(false, &fields, Some(problem)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_followed() {
        for own in ["/", "/settings", "/people?q=a//b#x", "/connectors/con_1"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "settings",
            "//evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\u{0}/evil.example",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }
}
