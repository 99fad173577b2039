//! The inventory of apps: what Okta has, what is managed here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Context,
    connectors::{ConnectorView, PersonRef},
    syncs::SyncView,
};
use crate::{
    hosted::Hosted,
    problem::Problem,
    report::Numbers,
    run::clean,
    store::{self, connectors, people},
};

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AppView {
    /// Its id here.
    pub id: String,
    /// Its name, as Okta shows it.
    pub name: String,
    /// Catalogue name in Okta, or `made-here`.
    pub kind: String,
    /// `unmanaged`, `managed`, `ignored`.
    pub state: String,
    /// Okta's status; `GONE` when Okta no longer lists it.
    pub provider_status: String,
    /// Okta's id.
    pub okta_id: Option<String>,
    /// Okta org it was found in.
    pub org_id: Option<String>,
    /// Connectors attached to it.
    pub connectors: usize,
    /// It can be synced: an AWS Account Federation app.
    pub aws: bool,
    /// When it was last looked at.
    #[schema(value_type = String)]
    pub updated_at: Timestamp,
}

/// Apps by name; of one state when it is given.
pub(crate) async fn list(
    context: &Context,
    state: Option<&str>,
    words: &str,
) -> Result<Vec<AppView>, Problem> {
    let db = context.console.store.db();
    let mut attached: BTreeMap<String, usize> = BTreeMap::new();
    for connector in connectors::all(db).await? {
        *attached.entry(connector.app_id).or_default() += 1;
    }
    let own = if super::access::sees_all(context)
        || context.actor.roles.has(crate::policy::Role::ConnectorAdministrator)
    {
        None
    } else {
        Some(connectors::apps_owned(db, &context.actor.user.id).await?)
    };
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    Ok(connectors::apps(db)
        .await?
        .into_iter()
        .filter(|app| state.is_none_or(|state| app.state == state))
        .filter(|app| own.as_ref().is_none_or(|own| own.contains(&app.id)))
        .filter(|app| {
            let text = format!("{} {} {}", app.name, app.kind, app.provider_status).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .map(|app| AppView {
            connectors: attached.get(&app.id).copied().unwrap_or(0),
            aws: app.kind == rolebook_connector::AWS_APP,
            updated_at: store::time(app.updated_at),
            id: app.id,
            name: app.name,
            kind: app.kind,
            state: app.state,
            provider_status: app.provider_status,
            okta_id: app.okta_id,
            org_id: app.org_id,
        })
        .collect())
}

/// Moves an app between the lists.
pub(crate) async fn move_to(context: &Context, id: &str, from: &str, to: &str) -> Result<AppView, Problem> {
    let change = context.change().await?;
    let app = connectors::app(change.tx(), id).await?.ok_or_else(|| Problem::not_found("app"))?;
    if !change.move_app(id, from, to).await? {
        return Err(Problem::conflict(
            format!("the app {} is {} already", app.name, app.state),
            format!("only an app that is {from} can become {to}"),
            "load the list again",
        ));
    }
    let action = match to {
        "managed" => "app.promoted",
        "ignored" => "app.ignored",
        _ => "app.listed-again",
    };
    change.audit(action, &format!("app/{id}"), json!({ "name": app.name })).await?;
    change.commit().await?;
    list(context, None, "")
        .await?
        .into_iter()
        .find(|app| app.id == id)
        .ok_or_else(|| Problem::not_found("app"))
}

/// How many apps were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Removed {
    /// Apps.
    pub removed: usize,
}

/// Removes an app that nobody uses: unmanaged, and without a connector. The next discovery lists it again, if its org
/// still does.
pub(crate) async fn remove(context: &Context, id: &str) -> Result<(), Problem> {
    let change = context.change().await?;
    let app = connectors::app(change.tx(), id).await?.ok_or_else(|| Problem::not_found("app"))?;
    let used = connectors::all(change.tx()).await?.iter().any(|connector| connector.app_id == id);
    if used || app.state != "unmanaged" {
        return Err(Problem::conflict(
            format!("the app {} cannot be removed", app.name),
            if used { "a connector reads it".to_owned() } else { format!("it is {}", app.state) },
            "only an unmanaged app without a connector can be removed",
        ));
    }
    change.remove_app(id).await?;
    let detail = json!({ "name": app.name, "okta_id": app.okta_id, "org": app.org_id });
    change.audit("app.removed", &format!("app/{id}"), detail).await?;
    change.commit().await?;
    Ok(())
}

/// Removes every app that nobody uses; those of one org when it is given.
pub(crate) async fn remove_unused(context: &Context, org: Option<&str>) -> Result<Removed, Problem> {
    let change = context.change().await?;
    let used: BTreeSet<String> =
        connectors::all(change.tx()).await?.into_iter().map(|connector| connector.app_id).collect();
    let mut removed = 0;
    for app in connectors::apps(change.tx()).await? {
        let wanted = org.is_none_or(|org| app.org_id.as_deref() == Some(org));
        if wanted && app.state == "unmanaged" && !used.contains(&app.id) {
            change.remove_app(&app.id).await?;
            removed += 1;
        }
    }
    let object = org.map_or_else(|| "console".to_owned(), |org| format!("org/{}", clean(org)));
    change.audit("apps.unused-removed", &object, json!({ "removed": removed })).await?;
    change.commit().await?;
    Ok(Removed { removed })
}

/// Makes somebody an owner of an app.
pub(crate) async fn add_owner(context: &Context, id: &str, user: &str) -> Result<PersonRef, Problem> {
    let db = context.console.store.db();
    let user = match people::by_id(db, user).await? {
        Some(user) => Some(user),
        None => people::by_email(db, user).await?,
    };
    let user = user.ok_or_else(|| Problem::field("user", "there is no such user"))?;
    let change = context.change().await?;
    let app = connectors::app(change.tx(), id).await?.ok_or_else(|| Problem::not_found("app"))?;
    change.own_app(id, &user.id).await?;
    change
        .audit("app.owner-added", &format!("app/{id}"), json!({ "name": app.name, "owner": user.email }))
        .await?;
    change.commit().await?;
    Ok(PersonRef::from(&user))
}

/// Ends somebody's owning an app.
pub(crate) async fn end_owner(context: &Context, id: &str, user: &str) -> Result<(), Problem> {
    let change = context.change().await?;
    let app = connectors::app(change.tx(), id).await?.ok_or_else(|| Problem::not_found("app"))?;
    if !change.disown_app(id, user).await? {
        return Err(Problem::not_found("owner"));
    }
    let owner = people::by_id(change.tx(), user).await?.map(|user| user.email);
    change
        .audit("app.owner-removed", &format!("app/{id}"), json!({ "name": app.name, "owner": owner }))
        .await?;
    change.commit().await?;
    Ok(())
}

/// An app with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AppDetail {
    #[serde(flatten)]
    pub app: AppView,
    /// Who owns it.
    pub owners: Vec<PersonRef>,
    /// What its connectors read, one for each.
    pub sources: Vec<AppSource>,
}

/// What one connector knows of its app.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AppSource {
    /// The connector.
    pub connector: ConnectorView,
    /// How much there is in its last good sync.
    pub numbers: Numbers,
    /// `group-mapping` or `direct`; absent before the first good sync.
    pub mode: Option<&'static str>,
    /// The app's settings that are in force, by the last good sync.
    pub settings: Vec<AppSetting>,
    /// Its latest syncs.
    pub syncs: Vec<SyncView>,
}

/// A setting of an app in Okta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AppSetting {
    /// Name as Okta's API has it.
    pub name: String,
    /// Value.
    pub value: String,
}

/// One app within reach, with its connectors within reach.
pub(crate) async fn detail(context: &Context, id: &str) -> Result<AppDetail, Problem> {
    const SYNCS: u64 = 5;
    let app = list(context, None, "").await?.into_iter().find(|app| app.id == id);
    let app = app.ok_or_else(|| Problem::not_found("app"))?;
    let owners = connectors::app_owners(context.console.store.db(), id).await?;
    let mut sources = Vec::new();
    for connector in super::connectors::list(context).await? {
        if connector.app_id != id {
            continue;
        }
        let hosted = super::connectors::load(context, &connector.id).await?;
        let (mode, settings) = in_force(context, &hosted).await?;
        sources.push(AppSource {
            numbers: super::access::counted(context, &hosted).await?,
            mode,
            settings,
            syncs: super::syncs::newest(context, &connector.id, SYNCS).await?,
            connector,
        });
    }
    Ok(AppDetail { app, owners: owners.iter().map(PersonRef::from).collect(), sources })
}

/// How the app gives roles, and its settings, as the last good sync read them.
async fn in_force(
    context: &Context,
    hosted: &Hosted,
) -> Result<(Option<&'static str>, Vec<AppSetting>), Problem> {
    let Some(good) = &hosted.row.good_sync else { return Ok((None, Vec::new())) };
    let lens = context.console.lens(&hosted.row.id, good).await?;
    let Some(reading) = lens.readings.all().first() else { return Ok((None, Vec::new())) };
    let app = &reading.facts().app;
    let own = [("label", Some(app.label.clone())), ("status", Some(app.status.clone()))];
    let own = own.into_iter().chain([("signOnMode", app.sign_on_mode.clone())]);
    let own = own.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let told =
        app.settings.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
    let settings = own
        .chain(told)
        .map(|(name, value)| AppSetting { name: clean(&name), value: clean(&value) })
        .collect();
    Ok((Some(reading.mode()), settings))
}
