//! What every request passes: who it is, whether it comes from our own pages, and what every answer carries.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    actor::{Actor, Via},
    console::Console,
    policy::{Role, Roles},
    problem::{PROBLEM, Problem},
    run::clean,
    store::people,
    web::{form::Fields, hosts::foreign, page},
};

/// A session without a request for so long ends.
pub(crate) const IDLE_MS: i64 = 60 * 60 * 1000;
/// A session ends after so long, whatever happens.
pub(crate) const ABSOLUTE_MS: i64 = 8 * 60 * 60 * 1000;
/// The time of the last request is written down so often.
const TOUCH_MS: i64 = 60 * 1000;
/// Largest body of a request.
pub(crate) const LARGEST_BODY: usize = 256 * 1024;

/// Name of the session's cookie.
pub(crate) fn cookie_name(console: &Console) -> &'static str {
    if console.config.secure() { "__Host-rolebook" } else { "rolebook" }
}

/// The header that sets the cookie; an empty secret ends it.
pub(crate) fn cookie(console: &Console, secret: &str) -> HeaderValue {
    let secure = if console.config.secure() { "; Secure" } else { "" };
    let age = if secret.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", cookie_name(console));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Name of the cookie of a sign-in that is under way at the provider.
fn attempt_name(console: &Console) -> &'static str {
    if console.config.secure() { "__Host-rolebook-oidc" } else { "rolebook-oidc" }
}

/// The header that sets that cookie; an empty secret ends it.
pub(crate) fn attempt_cookie(console: &Console, secret: &str) -> HeaderValue {
    let secure = if console.config.secure() { "; Secure" } else { "" };
    let age = if secret.is_empty() { 0 } else { 600 };
    let name = attempt_name(console);
    let text = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// What that cookie brings back.
pub(crate) fn attempt_secret(console: &Console, headers: &HeaderMap) -> Option<String> {
    cookie_of(headers, attempt_name(console)).filter(|secret| !secret.is_empty())
}

/// A cookie that the caller sent.
pub(crate) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

/// Finds out who calls.
async fn actor(console: &Console, headers: &HeaderMap) -> Result<Option<Actor>, Problem> {
    let db = console.store.db();
    let now = console.now().as_millisecond();
    if let Some(bearer) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        let Some(secret) = bearer.strip_prefix("Bearer ") else { return Ok(None) };
        let found = people::key(db, secret.trim()).await?;
        let Some((key, user)) = found.filter(|(key, user)| user.active && key.expires_at > now) else {
            return Ok(None);
        };
        if key.used_at.is_none_or(|used_at| now - used_at > TOUCH_MS) {
            people::touch_key(db, &key.id, now).await?;
        }
        let role = Role::parse(&key.role).unwrap_or(Role::BasicUser);
        let via = Via::Key { id: key.id, expires_at: key.expires_at };
        return Ok(Some(Actor { roles: Roles::parse(&user.roles).narrowed(role), user, via }));
    }
    let Some(secret) = cookie_of(headers, cookie_name(console)) else { return Ok(None) };
    let Some((session, user)) = people::session(db, &secret).await? else { return Ok(None) };
    if !user.active || now - session.seen_at > IDLE_MS || now - session.created_at > ABSOLUTE_MS {
        return Ok(None);
    }
    if now - session.seen_at > TOUCH_MS {
        people::touch_session(db, &session.id, now).await?;
    }
    Ok(Some(Actor {
        roles: Roles::parse(&user.roles),
        user,
        via: Via::Session { id: session.id, csrf: session.csrf },
    }))
}

/// Lets requests in: names the caller, and refuses changes that another site's page sends in their name.
pub(crate) async fn admit(State(console): State<Arc<Console>>, mut request: Request, next: Next) -> Response {
    let actor = match actor(&console, request.headers()).await {
        Ok(actor) => actor,
        Err(problem) => return problem.into_response(),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let via_key = matches!(&actor, Some(Actor { via: Via::Key { .. }, .. }));
        if !via_key && foreign(&console, request.headers()) {
            let problem = Problem::new(
                StatusCode::FORBIDDEN,
                "foreign-origin",
                "this request came from another site",
                "changes are only taken from the console's own pages",
                "open the console itself and repeat it there",
            );
            return page::problem(&console, actor.as_ref(), &request, problem);
        }
        request = match read_form(request).await {
            Ok(request) => request,
            Err(problem) => return page::problem_page(&console, actor.as_ref(), problem),
        };
        if let Some(Actor { via: Via::Session { csrf, .. }, .. }) = &actor {
            let given = request
                .headers()
                .get("x-csrf-token")
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
                .or_else(|| request.extensions().get::<Fields>().map(|fields| fields.get("csrf").to_owned()));
            if !given.is_some_and(|given| same(&given, csrf)) {
                let problem = Problem::new(
                    StatusCode::FORBIDDEN,
                    "stale-form",
                    "this form is too old",
                    "it was drawn for another session",
                    "load the page again and repeat it",
                );
                return page::problem(&console, actor.as_ref(), &request, problem);
            }
        }
    }
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor);
    }
    next.run(request).await
}

/// What cannot even be read (a query, a body, a method) is told like everything else: as a problem, or as a page.
pub(crate) async fn explain(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    const LONGEST: usize = 4096;
    let actor = request.extensions().get::<Actor>().cloned();
    let mut asked = Request::new(Body::empty());
    asked.uri_mut().clone_from(request.uri());
    if let Some(accept) = request.headers().get(header::ACCEPT) {
        asked.headers_mut().insert(header::ACCEPT, accept.clone());
    }
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    let status = response.status();
    if !status.is_client_error() || !bare {
        return response;
    }
    let (parts, body) = response.into_parts();
    let said = to_bytes(body, LONGEST).await.unwrap_or_default();
    let said = clean(&String::from_utf8_lossy(&said));
    let why =
        if said.trim().is_empty() { status.canonical_reason().unwrap_or_default().to_owned() } else { said };
    let problem = Problem::new(
        status,
        "malformed",
        "the request cannot be read",
        why,
        "send what /openapi.json describes, or use the console's own pages",
    );
    allowing(&parts.headers, page::problem(&console, actor.as_ref(), &asked, problem))
}

/// Which methods there are is still told.
fn allowing(headers: &HeaderMap, mut response: Response) -> Response {
    if let Some(allowed) = headers.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    response
}

/// Reads the fields of a form, so that its token can be checked before anything else sees it.
async fn read_form(request: Request) -> Result<Request, Problem> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST_BODY).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the form is too large",
            "a form may have 256 kB",
            "send less",
        )
    })?;
    let fields = Fields::parse(&bytes);
    // The bytes stay: an Idempotency-Key belongs to them too.
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(fields);
    Ok(request)
}

/// Compares without telling by time where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// What goes wrong before a handler is reached, or in the frame around it, is told to programs as a problem too.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if !api || told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    const LONGEST: usize = 4096;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LONGEST).await.unwrap_or_default();
    let said = clean(&String::from_utf8_lossy(&bytes));
    let problem = Problem::new(
        status,
        "bad-request",
        "the request cannot be taken",
        if said.is_empty() { status.canonical_reason().unwrap_or_default().to_lowercase() } else { said },
        "send it as /openapi.json describes it",
    );
    allowing(&parts.headers, problem.into_response())
}

/// Headers of every answer.
pub(crate) async fn harden(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), microphone=(), geolocation=()");
    if console.config.secure() {
        set("strict-transport-security", "max-age=31536000");
    }
    if asset {
        set("cache-control", "public, max-age=3600");
    } else {
        set("cache-control", "no-store");
    }
    response
}
