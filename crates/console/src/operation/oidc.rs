//! Signing in through the configured provider.
//!
//! The provider says who somebody is; the console says who may come in. The first time, somebody is known by an
//! address that the provider has verified; from then on by the provider's own name for them, whatever their address.

use axum::http::StatusCode;
use serde_json::json;
use url::Url;

use crate::{
    console::Console,
    fresh,
    oidc::{Attempt, Claims, Provider, Refusal, plain},
    policy::{Role, Roles},
    problem::Problem,
    refusals::{self, Refused, cut},
    run::clean,
    store::{Who, oidc, people},
};

/// What the browser brings back.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Back {
    pub(crate) code: String,
    pub(crate) state: String,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
}

fn provider(console: &Console) -> Result<&Provider, Problem> {
    console.oidc.as_ref().ok_or_else(|| Problem::not_found("sign-in provider"))
}

fn redirect(console: &Console) -> String {
    format!("{}/sign-in/oidc/callback", console.config.base_url)
}

fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Provider(why) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "provider-unavailable",
            "the sign-in provider cannot be asked",
            clean(why),
            "try again in a while, or sign in with a password",
        ),
        Refusal::Unproven(why) => Problem::new(
            StatusCode::UNAUTHORIZED,
            "not-proven",
            "the provider's answer does not prove who you are",
            clean(why),
            "begin at the sign-in page again; if it stays, tell whoever runs this console",
        ),
    }
}

fn spent() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "sign-in-spent",
        "this sign-in is over",
        "it was used already, took longer than ten minutes, or began in another browser",
        "begin at the sign-in page again",
    )
}

fn uninvited() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "not-invited",
        "you may not come in",
        "nobody with your address was invited, or the account is switched off",
        "ask a Super Administrator to invite you under Settings > Users",
    )
}

/// Begins: gives where the browser goes, and the secret for its cookie.
pub(crate) async fn begin(console: &Console, to: &str) -> Result<(Url, String), Problem> {
    let provider = provider(console)?;
    let secret = fresh::secret()?;
    let attempt = Attempt::of(&secret);
    let entrance = provider.entrance(&attempt, &redirect(console), console.now()).await;
    let url = entrance.map_err(|refusal| problem(&refusal))?;
    if !oidc::begin(console.store.db(), &attempt.state(), to, console.now().as_millisecond()).await? {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "throttled",
            "too many sign-ins are under way",
            "each is forgotten after ten minutes",
            "wait, or sign in with a password",
        ));
    }
    Ok((url, secret))
}

/// Ends: gives the session's secret, and where to go.
pub(crate) async fn finish(
    console: &Console,
    secret: Option<&str>,
    back: &Back,
) -> Result<(String, String), Problem> {
    let provider = provider(console)?;
    let attempt = Attempt::of(secret.ok_or_else(spent)?);
    if !crate::web::same(&attempt.state(), &back.state) {
        return Err(spent());
    }
    let now = console.now();
    let to = oidc::use_up(console.store.db(), &back.state, now.as_millisecond()).await?.ok_or_else(spent)?;
    let proven = match (&back.error, &back.iss) {
        (Some(word), _) => Err(Refusal::Unproven(format!("the provider answered {}", plain(word)))),
        (None, Some(issuer)) if *issuer != provider.config.issuer => {
            Err(Refusal::Unproven("the answer is of another issuer".to_owned()))
        }
        _ => provider.redeem(&attempt, &back.code, &redirect(console), now).await,
    };
    match proven {
        Ok(claims) => Ok((enter(console, provider, &claims).await?, to)),
        Err(refusal) => {
            // Whoever it is has proven nothing: anybody could fill the record with it.
            let (Refusal::Provider(why) | Refusal::Unproven(why)) = &refusal;
            tracing::warn!(why = cut(&clean(why)), "a sign-in through the provider was refused");
            console.metrics.provider_refused();
            Err(problem(&refusal))
        }
    }
}

async fn refused(console: &Console, object: &str, detail: serde_json::Value) -> Result<(), Problem> {
    let who = Who { id: "oidc".to_owned(), name: "Sign-in provider".to_owned() };
    let refused = Refused {
        actor: who.id.clone(),
        action: "session.refused",
        asked: "SignIn".to_owned(),
        object: object.to_owned(),
    };
    Ok(refusals::record(console, &who, refused, detail).await?)
}

/// Lets somebody in whom the provider has named.
async fn enter(console: &Console, provider: &Provider, claims: &Claims) -> Result<String, Problem> {
    let issuer = &provider.config.issuer;
    let who = Who { id: "oidc".to_owned(), name: "Sign-in provider".to_owned() };
    let change = console.store.change(who, false).await?;
    let known = oidc::identity(change.tx(), issuer, &claims.sub).await?;
    let mut user = match (&known, claims.verified_email()) {
        (Some(known), _) => people::by_id(change.tx(), &known.user_id).await?,
        (None, Some(email)) => people::by_email(change.tx(), email).await?,
        (None, None) => None,
    };
    let mut is_new = false;
    if user.is_none()
        && known.is_none()
        && provider.config.create_basic
        && let Some(email) = claims.verified_email().filter(|email| email.parse::<lettre::Address>().is_ok())
    {
        let name: String = clean(claims.name.as_deref().unwrap_or(email)).chars().take(100).collect();
        user = Some(change.add_user(email, &name, &Roles::of(Role::BasicUser), None).await?);
        is_new = true;
    }
    // A second person of the provider does not become somebody by taking over their address.
    let taken = match (&user, &known) {
        (Some(user), None) => oidc::is_bound(change.tx(), issuer, &user.id).await?,
        _ => false,
    };
    let Some(mut user) = user.filter(|user| user.active && !taken) else {
        drop(change);
        let why =
            if taken { "another identity is bound" } else { "not invited, not verified, or switched off" };
        let object = known.map_or_else(|| "console".to_owned(), |known| format!("user/{}", known.user_id));
        refused(console, &object, json!({ "by": "oidc", "why": why, "subject": cut(&clean(&claims.sub)) }))
            .await?;
        return Err(uninvited());
    };
    let object = format!("user/{}", user.id);
    if is_new {
        change.audit("user.created", &object, json!({ "email": user.email, "by": "oidc" })).await?;
    }
    if known.is_none() {
        change.bind(issuer, &claims.sub, &user.id).await?;
        let detail = json!({ "issuer": issuer, "subject": clean(&claims.sub), "email": user.email });
        change.audit("user.identity-bound", &object, detail).await?;
    }
    let session = change.open_session(&user.id).await?;
    user.signed_in_at = Some(change.now_ms());
    change.keep_user(user).await?;
    change.audit("session.opened", &object, json!({ "by": "oidc" })).await?;
    change.commit().await?;
    Ok(session)
}
