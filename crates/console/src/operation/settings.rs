//! The Settings area: try out, save, clear the token.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Context,
    connectors::{ConnectorView, keep, load, match_version},
};
use crate::{
    checks::{self, AppChoice, Check, Outcome, Tried},
    credential::{Login, ServiceAppEntry},
    hosted::{Hosted, secret_place},
    life::{Event, Setup},
    problem::{FieldError, Problem},
    settings::{MatrixRow, SecretNote, Settings, matrix},
    store::{entity::app, syncs},
};

/// Settings as they are sent. What is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    /// The org's address.
    pub domain: Option<String>,
    /// The API token: never given back by any answer. Empty: the stored token stays. Absent: what is stored stays.
    #[schema(write_only)]
    pub api_token: Option<String>,
    /// A service app, to sign in with instead of a token.
    pub service_app: Option<ServiceAppEntry>,
    /// Id of the AWS app; empty: the only one is taken.
    pub aws_okta_app_id: Option<String>,
    /// Read Okta's custom admin roles, resource sets and who is bound to them.
    pub sync_custom_roles: Option<bool>,
    /// Leave secondary e-mail addresses out.
    pub skip_secondary_emails: Option<bool>,
    /// Let a grant turn a group assignment into an individual one.
    pub allow_conversion: Option<bool>,
    /// What kind of token it is, as you know it.
    pub stated: Option<crate::settings::TokenKind>,
}

impl std::fmt::Debug for SettingsPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettingsPatch").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// What trying settings out gave.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TryReport {
    /// All checks that must pass have.
    pub passed: bool,
    /// The checks in order.
    pub checks: Vec<Check>,
    /// Whose token it is.
    pub owner: Option<String>,
    /// What it may do.
    pub matrix: Vec<MatrixRow>,
    /// The org that it opens.
    pub org: Option<String>,
    /// The AWS app that a sync would read.
    pub app: Option<AppChoice>,
    /// AWS apps to choose from, when there are several.
    pub choices: Vec<AppChoice>,
}

impl SettingsPatch {
    fn over(&self, before: &Settings) -> Settings {
        let trimmed = |text: &Option<String>, old: &String| {
            text.as_ref().map_or_else(|| old.clone(), |t| t.trim().to_owned())
        };
        Settings {
            domain: trimmed(&self.domain, &before.domain),
            aws_okta_app_id: trimmed(&self.aws_okta_app_id, &before.aws_okta_app_id),
            sync_custom_roles: self.sync_custom_roles.unwrap_or(before.sync_custom_roles),
            skip_secondary_emails: self.skip_secondary_emails.unwrap_or(before.skip_secondary_emails),
            allow_conversion: self.allow_conversion.unwrap_or(before.allow_conversion),
            stated: self.stated.unwrap_or(before.stated),
        }
    }
}

/// What to try: what is sent, else what is stored. Says whether its secret is a new one.
fn login_for(context: &Context, hosted: &Hosted, patch: &SettingsPatch) -> Result<(Login, bool), Problem> {
    let stored = hosted.row.secret.is_some().then(|| hosted.login(&context.console.vault));
    Login::entered(patch.api_token.as_deref(), patch.service_app.as_ref(), stored, false)
}

/// Settings that were tried out, with what.
struct Attempt {
    settings: Settings,
    login: Login,
    /// The secret is a new one.
    new: bool,
    tried: Tried,
}

async fn attempt(context: &Context, hosted: &Hosted, patch: &SettingsPatch) -> Result<Attempt, Problem> {
    let settings = patch.over(&hosted.settings);
    if settings.domain.is_empty() {
        return Err(Problem::field("domain", "the Okta domain is needed, as in acme.okta.com"));
    }
    let (login, new) = login_for(context, hosted, patch)?;
    let stop = context.console.stop.child_token();
    let tried = checks::try_out(&context.console, &settings, &login, Some(&hosted.row.id), stop).await?;
    Ok(Attempt { settings, login, new, tried })
}

/// What is known of a credential that was tried out. `before` tells who entered its secret, where that is not new.
pub(super) fn note_of(
    context: &Context,
    tried: &Tried,
    login: &Login,
    before: Option<&SecretNote>,
) -> Option<SecretNote> {
    let probe = tried.probe.as_ref()?;
    Some(SecretNote {
        set_at: before.map_or_else(|| context.console.now(), |note| note.set_at),
        set_by: before.map_or_else(|| context.actor.user.name.clone(), |note| note.set_by.clone()),
        ends: login.ends(),
        app: login.app.clone(),
        owner: probe
            .reader
            .as_ref()
            .map(|reader| crate::run::clean(&reader.login))
            .filter(|login| !login.is_empty()),
        proven: tried.proven.clone(),
        org_id: probe.org.id.to_string(),
    })
}

/// Tries settings out and changes nothing.
pub(crate) async fn test(context: &Context, id: &str, patch: SettingsPatch) -> Result<TryReport, Problem> {
    let hosted = load(context, id).await?;
    let Attempt { settings, login, tried, .. } = attempt(context, &hosted, &patch).await?;
    let note = note_of(context, &tried, &login, None);
    let choices = checks::choices(&tried.checks).to_vec();
    Ok(TryReport {
        passed: tried.passed(),
        owner: note.as_ref().and_then(|note| note.owner.clone()),
        matrix: matrix(note.as_ref(), settings.stated),
        org: tried.probe.as_ref().map(|probe| crate::run::clean(&probe.org.name)),
        app: tried
            .probe
            .as_ref()
            .map(|probe| AppChoice::of(probe.app.id.as_str(), &probe.app.label, &probe.app.status)),
        choices,
        checks: tried.checks,
    })
}

/// Saves settings that pass their checks, and starts a sync. What fails its checks changes nothing.
pub(crate) async fn save(
    context: &Context,
    id: &str,
    patch: SettingsPatch,
) -> Result<ConnectorView, Problem> {
    let hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let Attempt { settings, login, new, tried } = attempt(context, &hosted, &patch).await?;
    let Some(probe) = tried.probe.as_ref().filter(|_| tried.passed()) else { return Err(failed(&tried)) };
    let org_id = probe.org.id.to_string();
    if let Some(known) = hosted.row.org_id.as_ref().filter(|known| **known != org_id) {
        return Err(Problem::field(
            "domain",
            format!(
                "this is another org ({org_id}) than the connector's ({known}): make a new connector for it"
            ),
        ));
    }
    let change = context.change().await?;
    // Read again inside the change: the checks took time.
    let mut fresh = load(context, id).await?;
    let replaced = !new && fresh.row.secret != hosted.row.secret;
    if replaced || (fresh.row.version != hosted.row.version && context.if_match.is_some()) {
        return Err(Problem::changed());
    }
    let before = std::mem::replace(&mut fresh.settings, settings);
    if fresh.settings.aws_okta_app_id.is_empty() {
        fresh.settings.aws_okta_app_id = probe.app.id.as_str().to_owned();
    }
    fresh.settings.domain = tried.origin.trim_start_matches("https://").to_owned();
    if new {
        let place = secret_place(id, login.app.is_some());
        fresh.row.secret = Some(context.console.vault.seal(&place, &login.secret)?);
    }
    let app_before = fresh.app().cloned();
    fresh.note = note_of(context, &tried, &login, fresh.note.as_ref().filter(|_| !new));
    fresh.row.org_id = Some(org_id.clone());
    change.see_org(&org_id, &crate::run::clean(&probe.org.name), &fresh.settings.domain, false).await?;
    context.console.orgs.learn(&tried.origin, &org_id);
    let app = crate::store::connectors::app(change.tx(), &fresh.row.app_id).await?;
    if let Some(app) = app.filter(|app| app.okta_id.is_none()) {
        let linked = app::Model {
            okta_id: Some(probe.app.id.as_str().to_owned()),
            org_id: Some(org_id.clone()),
            provider_status: probe.app.status.clone(),
            ..app
        };
        change.keep_app(linked).await?;
    }
    let first = fresh.life.setup == Setup::Incomplete;
    let _ = fresh.apply(Event::Saved, change.now);
    if fresh.life.is_open() && syncs::open_of(change.tx(), id).await?.is_none() {
        let sync = change.queue_sync(id, "save").await?;
        change
            .audit("sync.queued", &format!("connector/{id}"), json!({ "sync": sync.id, "cause": "save" }))
            .await?;
    }
    let detail = json!({
        "first": first, "token": if new { "changed" } else { "kept" },
        "service_app": { "from": app_before, "to": login.app },
        "from": before, "to": fresh.settings,
    });
    change.audit("connector.settings-saved", &format!("connector/{id}"), detail).await?;
    if first {
        crate::notice::set_up(&context.console, &change, &fresh, &context.actor.user).await?;
    }
    let view = keep(context, change, fresh).await?;
    if new {
        forget(context).await;
    }
    Ok(view)
}

/// The ciphertext that was overwritten also goes from what SQLite keeps beside its file.
pub(super) async fn forget(context: &Context) {
    if let Err(error) = context.console.store.settle_log().await {
        tracing::warn!(%error, "an old token's ciphertext stays in the log of the database for a while");
    }
}

pub(super) fn failed(tried: &Tried) -> Problem {
    let fields = tried
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Fail)
        .map(|check| FieldError {
            field: check.field.to_owned(),
            text: format!("{}. What to do: {}", check.text, check.hint),
        })
        .collect();
    let mut problem = Problem::invalid(fields);
    problem.title = "the settings do not work; nothing was changed".into();
    problem.checks = tried.checks.clone().into();
    problem
}

/// Forgets the token: its ciphertext is destroyed, and the connector asks for another.
pub(crate) async fn clear_token(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    hosted.row.secret = None;
    hosted.note = None;
    if hosted.life.setup == Setup::Valid {
        hosted.life.setup = Setup::Invalid;
    }
    change.audit("connector.token-cleared", &format!("connector/{id}"), json!({})).await?;
    let view = keep(context, change, hosted).await?;
    forget(context).await;
    Ok(view)
}
