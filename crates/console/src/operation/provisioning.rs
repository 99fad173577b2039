//! The switch: a connector only reads until somebody switches provisioning on for it; and the second credential that
//! only applying a plan opens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Context,
    connectors::{TokenView, load},
    settings::{failed, forget, note_of},
};
use crate::{
    ConsoleError, checks,
    credential::{Login, ServiceAppEntry},
    hosted::Hosted,
    origin::Origin,
    problem::Problem,
    run::clean,
    seen::state,
    settings::{Capability, Known, MatrixRow, SecretNote, TokenKind, known, matrix},
    store::{self, entity::provisioning, provisioning as stored},
    vault::Vault,
};

/// The longest reason that is taken.
const LONGEST_REASON: usize = 500;

/// Whether a connector may write, and with what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProvisioningView {
    /// Connector.
    pub connector: String,
    /// Plans can be made and applied.
    pub enabled: bool,
    /// Changes of privileged roles wait for a second person.
    pub second_person: bool,
    /// Why it is as it is.
    pub reason: String,
    /// Who switched it last; empty when nobody has.
    pub changed_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub changed_at: Option<Timestamp>,
    /// The second credential, if there is one; else the connector's own token writes.
    pub token: Option<TokenView>,
    /// What the token that writes may do.
    pub matrix: Vec<MatrixRow>,
}

/// What to switch. What is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switch {
    /// On, or off.
    pub enabled: Option<bool>,
    /// Whether changes of privileged roles wait for a second person.
    pub second_person: Option<bool>,
    /// Why; recorded.
    pub reason: String,
}

/// A second credential: a token, or a service app.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteToken {
    /// The API token: never given back by any answer.
    #[serde(default)]
    #[schema(write_only)]
    pub api_token: String,
    /// A service app, instead of a token.
    pub service_app: Option<ServiceAppEntry>,
}

impl std::fmt::Debug for WriteToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteToken").finish_non_exhaustive()
    }
}

/// Who writes for a connector: its row, and what is known of the token that would be used.
pub(crate) struct Writer {
    pub(crate) row: provisioning::Model,
    /// Of the second credential, or of the connector's own.
    note: Option<SecretNote>,
    stated: TokenKind,
}

impl Writer {
    pub(crate) async fn load(context: &Context, hosted: &Hosted) -> Result<Self, Problem> {
        let row = stored::of(context.console.store.db(), &hosted.row.id).await?;
        Ok(Self::of(row, hosted)?)
    }

    pub(crate) fn of(row: provisioning::Model, hosted: &Hosted) -> Result<Self, ConsoleError> {
        let own = stored::note(&row)?;
        // What somebody stated is about the connector's own token.
        Ok(match own {
            Some(note) => Self { row, note: Some(note), stated: TokenKind::Unknown },
            None => Self { row, note: hosted.note.clone(), stated: hosted.settings.stated },
        })
    }

    /// What is known of one right.
    pub(crate) fn known(&self, capability: Capability) -> Known {
        known(self.note.as_ref(), self.stated, capability)
    }

    /// Opens the credential that writes. Only applying a plan, and replacing it, call this.
    pub(crate) fn login(&self, hosted: &Hosted, vault: &Vault) -> Result<Login, ConsoleError> {
        self.own(hosted, vault).unwrap_or_else(|| hosted.login(vault))
    }

    /// The second credential, if there is one: for the connector's domain and org, as the first is.
    fn own(&self, hosted: &Hosted, vault: &Vault) -> Option<Result<Login, ConsoleError>> {
        let app = self.note.as_ref().and_then(|note| note.app.clone());
        let binding = hosted.write_binding(app.is_some());
        self.row.secret.as_deref().map(|sealed| binding.open(vault, sealed, app))
    }

    fn view(&self, hosted: &Hosted, vault: &Vault) -> ProvisioningView {
        let row = &self.row;
        let token = self
            .note
            .as_ref()
            .zip(self.own(hosted, vault))
            .map(|(note, own)| TokenView::of(note, own.is_ok()));
        ProvisioningView {
            connector: row.connector_id.clone(),
            enabled: row.enabled,
            second_person: row.second_person,
            reason: row.reason.clone(),
            changed_by: row.changed_by.clone(),
            changed_at: (row.changed_at > 0).then(|| store::time(row.changed_at)),
            token,
            matrix: matrix(self.note.as_ref(), self.stated),
        }
    }
}

/// The switch of a connector.
pub(crate) async fn get(context: &Context, id: &str) -> Result<ProvisioningView, Problem> {
    let hosted = load(context, id).await?;
    Ok(Writer::load(context, &hosted).await?.view(&hosted, &context.console.vault))
}

/// A reason, as it is recorded.
fn reason(text: &str) -> Result<String, Problem> {
    let text = clean(text).trim().to_owned();
    match text.chars().count() {
        0 => Err(Problem::field("reason", "say why; it is recorded")),
        1..=LONGEST_REASON => Ok(text),
        _ => Err(Problem::field("reason", "at most 500 characters")),
    }
}

/// The row that a change is about to be made over, when it is what the caller saw.
async fn seen_row(
    context: &Context,
    change: &store::Change<'_>,
    hosted: &Hosted,
) -> Result<provisioning::Model, Problem> {
    let row = stored::of(change.tx(), &hosted.row.id).await?;
    let shown = Writer::of(row.clone(), hosted)?.view(hosted, &context.console.vault);
    context.expect(&state(&shown))?;
    Ok(row)
}

/// Switches provisioning, or the second person, on or off.
pub(crate) async fn switch(context: &Context, id: &str, switch: Switch) -> Result<ProvisioningView, Problem> {
    if switch.enabled.is_none() && switch.second_person.is_none() {
        return Err(Problem::field("enabled", "say what to switch"));
    }
    let why = reason(&switch.reason)?;
    let hosted = load(context, id).await?;
    if switch.enabled == Some(true) && hosted.row.org_id.is_none() {
        return Err(Problem::conflict(
            "provisioning cannot be switched on yet",
            "the connector has no settings that worked",
            "enter domain and token in its settings first",
        ));
    }
    let change = context.change().await?;
    let mut row = seen_row(context, &change, &hosted).await?;
    let object = format!("connector/{id}");
    if let Some(enabled) = switch.enabled {
        row.enabled = enabled;
        let action = if enabled { "provisioning.switched-on" } else { "provisioning.switched-off" };
        change.audit(action, &object, json!({ "reason": why })).await?;
    }
    if let Some(second) = switch.second_person {
        row.second_person = second;
        let action = if second { "provisioning.second-person-on" } else { "provisioning.second-person-off" };
        change.audit(action, &object, json!({ "reason": why })).await?;
    }
    row.reason = why;
    row.changed_by.clone_from(&context.actor.user.name);
    row.changed_at = change.now_ms();
    change.keep_provisioning(row.clone()).await?;
    change.commit().await?;
    Ok(Writer::of(row, &hosted)?.view(&hosted, &context.console.vault))
}

/// A credential that writes goes to the domain that the org is known under, which no server and no owner of a connector
/// can change.
async fn at_the_known_domain(context: &Context, hosted: &Hosted, org: &str) -> Result<(), Problem> {
    let known = store::connectors::org(context.console.store.db(), org).await?;
    let own = Origin::read(&hosted.settings.domain);
    match known.filter(|known| Origin::read(&known.domain) != own) {
        None => Ok(()),
        Some(known) => Err(Problem::conflict(
            "a second credential cannot be taken at this domain",
            format!(
                "the connector's domain is {}, and the org is known as {}",
                hosted.settings.domain, known.domain
            ),
            "check the connector's domain; when the org has moved there, confirm the new domain under Apps, Orgs",
        )),
    }
}

/// Takes a second credential that passes its checks and is of the same org.
pub(crate) async fn set_token(
    context: &Context,
    id: &str,
    token: &WriteToken,
) -> Result<ProvisioningView, Problem> {
    let hosted = load(context, id).await?;
    let before = Writer::load(context, &hosted).await?;
    // Before the token is tried out, and again inside the change.
    context.expect(&state(&before.view(&hosted, &context.console.vault)))?;
    let own = before.own(&hosted, &context.console.vault);
    let entered = Some(token.api_token.as_str()).filter(|text| !text.is_empty());
    if entered.is_none() && token.service_app.is_none() {
        return Err(Problem::field("api_token", "a token is needed"));
    }
    let domain = hosted.settings.domain.as_str();
    let (login, _) = Login::entered(entered, token.service_app.as_ref(), own, domain, true)?;
    let Some(org) = hosted.row.org_id.clone() else {
        return Err(Problem::conflict(
            "a second credential cannot be taken yet",
            "the connector has no settings that worked",
            "enter domain and token in its settings first",
        ));
    };
    at_the_known_domain(context, &hosted, &org).await?;
    let stop = context.console.stop.child_token();
    let tried = checks::try_out(&context.console, &hosted.settings, &login, Some(id), stop).await?;
    let Some(probe) = tried.probe.as_ref().filter(|_| tried.passed()) else { return Err(failed(&tried)) };
    let found = probe.org.id.to_string();
    if found != org {
        return Err(Problem::field(
            if login.app.is_some() { "service_app.client_id" } else { "api_token" },
            format!("this is a credential of another org ({found}) than the connector's ({org})"),
        ));
    }
    let Some(note) = note_of(context, &tried, &login, None) else { return Err(failed(&tried)) };
    let change = context.change().await?;
    // The checks took time: what was tried at one domain is not kept for another.
    let now = load(context, id).await?;
    if (&now.settings.domain, &now.row.org_id) != (&hosted.settings.domain, &hosted.row.org_id) {
        return Err(Problem::changed());
    }
    let mut row = seen_row(context, &change, &hosted).await?;
    let binding = hosted.write_binding(login.app.is_some());
    row.secret = Some(binding.seal(&context.console.vault, &login.secret)?);
    row.secret_note = Some(store::to_json(&note));
    let detail = json!({ "owner": note.owner, "service_app": note.app, "domain": hosted.settings.domain });
    change.audit("provisioning.token-set", &format!("connector/{id}"), detail).await?;
    change.keep_provisioning(row.clone()).await?;
    change.commit().await?;
    forget(context).await;
    Ok(Writer::of(row, &hosted)?.view(&hosted, &context.console.vault))
}

/// Destroys the second credential; the connector's own token writes from then on.
pub(crate) async fn clear_token(context: &Context, id: &str) -> Result<ProvisioningView, Problem> {
    let hosted = load(context, id).await?;
    let change = context.change().await?;
    let mut row = seen_row(context, &change, &hosted).await?;
    if row.secret.is_none() {
        return Err(Problem::not_found("second credential"));
    }
    (row.secret, row.secret_note) = (None, None);
    change.audit("provisioning.token-cleared", &format!("connector/{id}"), json!({})).await?;
    change.keep_provisioning(row.clone()).await?;
    change.commit().await?;
    forget(context).await;
    Ok(Writer::of(row, &hosted)?.view(&hosted, &context.console.vault))
}
