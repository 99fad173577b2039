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
    hosted::Hosted,
    life::{Event, Setup},
    origin::Origin,
    problem::{FieldError, Problem},
    settings::{MatrixRow, SecretNote, Settings, matrix},
    store::{Change, entity::app, provisioning, syncs},
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
fn login_for(
    context: &Context,
    hosted: &Hosted,
    patch: &SettingsPatch,
    domain: &str,
) -> Result<(Login, bool), Problem> {
    let stored = hosted.row.secret.is_some().then(|| hosted.login(&context.console.vault));
    Login::entered(patch.api_token.as_deref(), patch.service_app.as_ref(), stored, domain, false)
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
    record_test(context, hosted, patch, &settings.domain).await?;
    let (login, new) = login_for(context, hosted, patch, &settings.domain)?;
    let stop = context.console.stop.child_token();
    let tried = checks::try_out(&context.console, &settings, &login, Some(&hosted.row.id), stop).await?;
    Ok(Attempt { settings, login, new, tried })
}

/// Records that settings are about to be tried out, where, and whether with a secret that was entered: also of an
/// attempt that is refused, and of a dry run, since both ask a server.
async fn record_test(
    context: &Context,
    hosted: &Hosted,
    patch: &SettingsPatch,
    domain: &str,
) -> Result<(), Problem> {
    const LONGEST: usize = 300;
    let domain = match Origin::read(domain) {
        Some(origin) => origin.to_string(),
        None => crate::run::clean(domain),
    };
    let typed = |text: &str| !text.trim().is_empty();
    let entered = patch.api_token.as_deref().is_some_and(typed)
        || patch.service_app.as_ref().is_some_and(|app| typed(&app.private_key));
    let detail = json!({
        "domain": domain.chars().take(LONGEST).collect::<String>(),
        "secret": if entered { "entered" } else { "stored" },
    });
    let change = context.console.store.change(context.actor.who(), false).await?;
    change.audit("connector.settings-tested", &format!("connector/{}", hosted.row.id), detail).await?;
    change.commit().await?;
    Ok(())
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
    if let Some(probe) = &tried.probe {
        same_org(&hosted, probe.org.id.as_str())?;
    }
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
    same_org(&hosted, &org_id)?;
    let Some(origin) = login.origin.clone() else { return Err(failed(&tried)) };
    let change = context.change().await?;
    // Read again inside the change: the checks took time.
    let mut fresh = load(context, id).await?;
    let replaced = !new && fresh.row.secret != hosted.row.secret;
    if replaced || (fresh.row.version != hosted.row.version && context.if_match.is_some()) {
        return Err(Problem::changed());
    }
    same_org(&fresh, &org_id)?;
    let moved = Origin::read(&fresh.settings.domain).as_ref() != Some(&origin);
    if moved && !new {
        return Err(Problem::changed());
    }
    let known = change.see_org(&org_id, &crate::run::clean(&probe.org.name), &origin, false).await?;
    // A connector that was set up at another domain of its org keeps it.
    if let Some(known) = known.filter(|_| moved || fresh.row.org_id.is_none()) {
        return Err(known_elsewhere("domain", &org_id, &known, &origin));
    }
    let before = std::mem::replace(&mut fresh.settings, settings);
    if fresh.settings.aws_okta_app_id.is_empty() {
        fresh.settings.aws_okta_app_id = probe.app.id.as_str().to_owned();
    }
    origin.short().clone_into(&mut fresh.settings.domain);
    let app_before = fresh.app().cloned();
    fresh.note = note_of(context, &tried, &login, fresh.note.as_ref().filter(|_| !new));
    fresh.row.org_id = Some(org_id.clone());
    if new {
        fresh.row.secret = Some(fresh.binding().seal(&context.console.vault, &login.secret)?);
    }
    if moved {
        drop_writes(context, &change, id, &before.domain, &fresh.settings.domain).await?;
    }
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

/// Refuses another org under whatever domain: what is stored of this connector is of its own org.
fn same_org(hosted: &Hosted, found: &str) -> Result<(), Problem> {
    match &hosted.row.org_id {
        Some(known) if known != found => Err(Problem::field(
            "domain",
            format!(
                "this is another org ({found}) than the connector's ({known}): make a new connector for it, and \
                 enter its token there"
            ),
        )),
        _ => Ok(()),
    }
}

/// An org that is known under another domain than the one that now claims to be it.
pub(super) fn known_elsewhere(field: &str, org: &str, known: &str, origin: &Origin) -> Problem {
    Problem::field(
        field,
        format!(
            "{origin} says that it is the org {org}, which is known as {known}. What to do: check the domain; when the \
             org has moved there, a Super Administrator confirms the new domain under Apps, Orgs"
        ),
    )
}

/// The domain is another one: the second credential was entered for the one before, and so was the decision that this
/// connector may write.
async fn drop_writes(
    context: &Context,
    change: &Change<'_>,
    id: &str,
    from: &str,
    to: &str,
) -> Result<(), Problem> {
    let mut row = provisioning::of(change.tx(), id).await?;
    if !row.enabled && row.secret.is_none() {
        return Ok(());
    }
    let object = format!("connector/{id}");
    let why = format!("the connector's domain was changed from {from} to {to}");
    if row.enabled {
        row.enabled = false;
        row.reason.clone_from(&why);
        row.changed_by.clone_from(&context.actor.user.name);
        row.changed_at = change.now_ms();
        change.audit("provisioning.switched-off", &object, json!({ "reason": why })).await?;
    }
    if row.secret.is_some() {
        (row.secret, row.secret_note) = (None, None);
        change.audit("provisioning.token-cleared", &object, json!({ "reason": why })).await?;
    }
    change.keep_provisioning(row).await?;
    Ok(())
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
