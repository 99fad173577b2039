//! The Settings area: try out, save, clear the token.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Context,
    connectors::{ConnectorView, keep, load, match_version},
};
use crate::{
    checks::{self, Check, Outcome, Tried},
    hosted::{Hosted, secret_place},
    life::{Event, Setup},
    problem::{FieldError, Problem},
    settings::{MatrixRow, SecretNote, Settings, matrix},
    store::{entity::app, syncs},
};

/// Settings as they are sent. What is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    /// The org's address.
    pub domain: Option<String>,
    /// The API token: never given back by any answer. Absent or empty: the stored one stays.
    #[schema(write_only)]
    pub api_token: Option<String>,
    /// Id of the AWS app; empty: the only one is taken.
    pub aws_okta_app_id: Option<String>,
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

/// An AWS app to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AppChoice {
    /// Okta's id.
    pub id: String,
    /// Label.
    pub label: String,
    /// Status.
    pub status: String,
}

impl SettingsPatch {
    fn over(&self, before: &Settings) -> Settings {
        let trimmed = |text: &Option<String>, old: &String| {
            text.as_ref().map_or_else(|| old.clone(), |t| t.trim().to_owned())
        };
        Settings {
            domain: trimmed(&self.domain, &before.domain),
            aws_okta_app_id: trimmed(&self.aws_okta_app_id, &before.aws_okta_app_id),
            skip_secondary_emails: self.skip_secondary_emails.unwrap_or(before.skip_secondary_emails),
            allow_conversion: self.allow_conversion.unwrap_or(before.allow_conversion),
            stated: self.stated.unwrap_or(before.stated),
        }
    }

    /// The token that is sent, if one is.
    fn token(&self) -> Option<Zeroizing<String>> {
        self.api_token
            .as_ref()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .map(|t| Zeroizing::new(t.to_owned()))
    }
}

/// Which token to try: the one that is sent, else the stored one.
fn token_for(
    context: &Context,
    hosted: &Hosted,
    patch: &SettingsPatch,
) -> Result<Zeroizing<String>, Problem> {
    if let Some(token) = patch.token() {
        return Ok(token);
    }
    if hosted.row.secret.is_none() {
        return Err(Problem::field(
            "api_token",
            "a token is needed: create one in Okta under Security > API > Tokens",
        ));
    }
    hosted
        .token(&context.console.vault)
        .map_err(|error| Problem::field("api_token", format!("{error}: enter the token again")))
}

async fn attempt(
    context: &Context,
    hosted: &Hosted,
    patch: &SettingsPatch,
) -> Result<(Settings, Tried), Problem> {
    let settings = patch.over(&hosted.settings);
    if settings.domain.is_empty() {
        return Err(Problem::field("domain", "the Okta domain is needed, as in acme.okta.com"));
    }
    let token = token_for(context, hosted, patch)?;
    let tried = checks::try_out(
        &context.console,
        &settings,
        &token,
        Some(&hosted.row.id),
        context.console.stop.child_token(),
    )
    .await?;
    Ok((settings, tried))
}

fn note_of(
    context: &Context,
    tried: &Tried,
    token: Option<&str>,
    before: Option<&SecretNote>,
) -> Option<SecretNote> {
    let probe = tried.probe.as_ref()?;
    let fresh_note = |token: &str| SecretNote {
        set_at: context.console.now(),
        set_by: context.actor.user.name.clone(),
        ends: ends(token),
        owner: None,
        proven: Vec::new(),
        org_id: String::new(),
    };
    let mut note = match token {
        Some(token) => fresh_note(token),
        None => before.cloned()?,
    };
    note.owner = probe.reader.as_ref().map(|reader| crate::run::clean(&reader.login));
    note.proven.clone_from(&tried.proven);
    note.org_id = probe.org.id.to_string();
    Some(note)
}

/// The last four characters of a token that is long enough to give four away.
pub(super) fn ends(token: &str) -> String {
    let length = token.chars().count();
    if length < 16 { String::new() } else { token.chars().skip(length - 4).collect() }
}

/// Tries settings out and changes nothing.
pub(crate) async fn test(context: &Context, id: &str, patch: SettingsPatch) -> Result<TryReport, Problem> {
    let hosted = load(context, id).await?;
    let (settings, tried) = attempt(context, &hosted, &patch).await?;
    let note = note_of(context, &tried, patch.token().as_ref().map(|t| t.as_str()), hosted.note.as_ref());
    let found = |id: &str, label: &str, status: &str| AppChoice {
        id: id.to_owned(),
        label: crate::run::clean(label),
        status: status.to_owned(),
    };
    let choices = tried.choices.iter().map(|app| found(&app.id, &app.label, &app.status)).collect();
    Ok(TryReport {
        passed: tried.passed(),
        owner: note.as_ref().and_then(|note| note.owner.clone()),
        matrix: matrix(note.as_ref(), settings.stated),
        org: tried.probe.as_ref().map(|probe| crate::run::clean(&probe.org.name)),
        app: tried
            .probe
            .as_ref()
            .map(|probe| found(probe.app.id.as_str(), &probe.app.label, &probe.app.status)),
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
    let (settings, tried) = attempt(context, &hosted, &patch).await?;
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
    let token = patch.token();
    let change = context.change().await?;
    // Read again inside the change: the checks took time.
    let mut fresh = load(context, id).await?;
    if fresh.row.version != hosted.row.version && context.if_match.is_some() {
        return Err(Problem::changed());
    }
    let before = std::mem::replace(&mut fresh.settings, settings);
    if fresh.settings.aws_okta_app_id.is_empty() {
        fresh.settings.aws_okta_app_id = probe.app.id.as_str().to_owned();
    }
    fresh.settings.domain = tried.origin.trim_start_matches("https://").to_owned();
    if let Some(token) = &token {
        fresh.row.secret = Some(context.console.vault.seal(&secret_place(id), token)?);
    }
    fresh.note = note_of(context, &tried, token.as_ref().map(|t| t.as_str()), fresh.note.as_ref());
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
        "first": first, "token": if token.is_some() { "changed" } else { "kept" },
        "from": before, "to": fresh.settings,
    });
    change.audit("connector.settings-saved", &format!("connector/{id}"), detail).await?;
    let view = keep(context, change, fresh).await?;
    if token.is_some() {
        forget(context).await;
    }
    Ok(view)
}

/// The ciphertext that was overwritten also goes from what SQLite keeps beside its file.
async fn forget(context: &Context) {
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
