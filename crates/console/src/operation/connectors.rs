//! Connectors: list, one, make, rename, owners, schedule, delete.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Context, catalog};
use crate::{
    credential::ServiceAppName,
    fresh,
    hosted::Hosted,
    life::{Label, Life},
    mail,
    policy::{Action, Relation},
    problem::{FieldError, Problem},
    run::StageView,
    schedule::Schedule,
    settings::{MatrixRow, SecretNote, Settings, matrix},
    store::{
        self, connectors,
        entity::{app, connector, user},
        people, provisioning, syncs,
    },
};

/// A connector, as pages and API show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ConnectorView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Kind, as in the catalogue.
    pub kind: String,
    /// App that it reads.
    pub app_id: String,
    /// Name of the app.
    pub app: String,
    /// Okta org, once known.
    pub org_id: Option<String>,
    /// The one label.
    pub label: Label,
    /// The label in words.
    pub label_text: &'static str,
    /// More about the label.
    pub reason: String,
    /// The axes behind the label.
    #[schema(value_type = Object)]
    pub life: Life,
    /// Settings, without the token.
    pub settings: Settings,
    /// What is known of the token.
    pub token: Option<TokenView>,
    /// What the token may do.
    pub matrix: Vec<MatrixRow>,
    /// Who answers for it.
    pub owners: Vec<PersonRef>,
    /// When it syncs.
    pub schedule: Schedule,
    /// The schedule in words.
    pub schedule_text: String,
    /// The sync whose data pages show.
    pub good_sync: Option<String>,
    /// The sync that is held.
    pub held_sync: Option<String>,
    /// The sync under way.
    pub open_sync: Option<String>,
    /// Its stages.
    pub stages: Vec<StageView>,
    /// What it waits for.
    pub waiting: Option<String>,
    /// When it should end, if it takes as long as the last good one; nothing when that is not known, or over.
    #[schema(value_type = Option<String>)]
    pub expected_end: Option<Timestamp>,
    /// The other process that runs it, where several share the work.
    pub runs_in: Option<String>,
    /// Nothing is written to Okta: provisioning is off.
    pub read_only: bool,
    /// Goes up with each change; the first part of the ETag.
    pub version: i64,
    /// When it was made.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String)]
    pub updated_at: Timestamp,
    /// What the caller may do with it.
    pub authorized_actions: Vec<&'static str>,
}

/// What is known of a stored credential: a token, or the key of a service app.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// When it was entered.
    #[schema(value_type = String)]
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: String,
    /// The last four characters of a token.
    pub ends: String,
    /// The service app whose key it is; nothing for a token.
    pub service_app: Option<ServiceAppName>,
    /// Whose token it is in Okta.
    pub owner: Option<String>,
    /// It can be used: sealed under the vault's present key.
    pub usable: bool,
}

impl TokenView {
    pub(crate) fn of(note: &SecretNote, usable: bool) -> Self {
        Self {
            set_at: note.set_at,
            set_by: note.set_by.clone(),
            ends: note.ends.clone(),
            service_app: note.app.clone(),
            owner: note.owner.clone(),
            usable,
        }
    }
}

/// A console user, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PersonRef {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

impl From<&user::Model> for PersonRef {
    fn from(user: &user::Model) -> Self {
        Self { id: user.id.clone(), name: user.name.clone(), email: user.email.clone() }
    }
}

/// A new connector.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConnector {
    /// Kind, as in the catalogue.
    pub kind: String,
    /// What to attach it to.
    pub app: AppWanted,
    /// Its name; that of the catalogue entry when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Ids or e-mail addresses of its owners; whoever makes it, when absent.
    #[serde(default)]
    pub owners: Option<Vec<String>>,
}

/// What a connector is attached to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AppWanted {
    /// A discovered app that is not managed yet, by id; it becomes managed.
    Unmanaged(String),
    /// A managed app, by id.
    Managed(String),
    /// A new managed app, by name.
    New(String),
}

const ACTIONS: [(Action, &str); 9] = [
    (Action::ReadConnector, "read"),
    (Action::ConfigureConnector, "configure"),
    (Action::RunConnector, "run"),
    (Action::ConfirmHold, "confirm-hold"),
    (Action::OwnConnector, "set-owners"),
    (Action::DeleteConnector, "delete"),
    (Action::ReadLogs, "read-logs"),
    (Action::DownloadSnapshot, "download-snapshot"),
    (Action::SwitchProvisioning, "switch-provisioning"),
];

/// Loads a connector.
pub(crate) async fn load(context: &Context, id: &str) -> Result<Hosted, Problem> {
    let row = connectors::by_id(context.console.store.db(), id)
        .await?
        .ok_or_else(|| Problem::not_found("connector"))?;
    Ok(Hosted::of(row)?)
}

/// Refuses when the caller saw another version.
pub(crate) fn match_version(context: &Context, hosted: &Hosted) -> Result<(), Problem> {
    context.expect(&hosted.row.version.to_string())
}

/// Draws one connector.
pub(crate) async fn view(context: &Context, hosted: &Hosted) -> Result<ConnectorView, Problem> {
    let open = syncs::open_of(context.console.store.db(), &hosted.row.id).await?;
    show(context, hosted, open).await
}

async fn show(
    context: &Context,
    hosted: &Hosted,
    open: Option<store::entity::sync::Model>,
) -> Result<ConnectorView, Problem> {
    let db = context.console.store.db();
    let relation = context.actor.relation(&context.console, Some(&hosted.row.id)).await?;
    let owners = connectors::owners(db, &hosted.row.id).await?;
    let app = connectors::app(db, &hosted.row.app_id).await?.map(|app| app.name).unwrap_or_default();
    let writes = provisioning::of(db, &hosted.row.id).await?.enabled;
    let runs_in = super::syncs::runs_in(context, open.as_ref()).await?;
    let expected_end = expected_end(context, hosted, open.as_ref()).await?;
    let view = draw(context, hosted, relation, &owners, app, open.map(|sync| sync.id));
    Ok(ConnectorView { read_only: !writes, runs_in, expected_end, ..view })
}

/// When the sync under way should end, by how long the last good one took.
async fn expected_end(
    context: &Context,
    hosted: &Hosted,
    open: Option<&store::entity::sync::Model>,
) -> Result<Option<Timestamp>, Problem> {
    let (Some(begun), Some(good)) = (open.and_then(|sync| sync.started_at), &hosted.row.good_sync) else {
        return Ok(None);
    };
    let good = syncs::by_id(context.console.store.db(), good).await?;
    let took = good.and_then(|good| Some(good.ended_at? - good.started_at?));
    let end = took.map(|took| store::time(begun.saturating_add(took)));
    Ok(end.filter(|end| *end > context.console.now()))
}

fn draw(
    context: &Context,
    hosted: &Hosted,
    relation: Relation,
    owners: &[user::Model],
    app: String,
    open_sync: Option<String>,
) -> ConnectorView {
    let now = context.console.now();
    let row = &hosted.row;
    let label = hosted.label(now);
    let running = context.console.running(&row.id);
    ConnectorView {
        id: row.id.clone(),
        name: row.name.clone(),
        kind: row.kind.clone(),
        app_id: row.app_id.clone(),
        app,
        org_id: row.org_id.clone(),
        label,
        label_text: label.text(),
        reason: hosted.reason(now),
        life: hosted.life.clone(),
        settings: hosted.settings.clone(),
        token: hosted
            .note
            .as_ref()
            .map(|note| TokenView::of(note, hosted.login(&context.console.vault).is_ok())),
        matrix: matrix(hosted.note.as_ref(), hosted.settings.stated),
        owners: owners.iter().map(PersonRef::from).collect(),
        schedule: hosted.schedule.clone(),
        schedule_text: hosted.schedule.words(),
        good_sync: row.good_sync.clone(),
        held_sync: row.held_sync.clone(),
        open_sync,
        stages: running.as_ref().map(|running| running.stages()).unwrap_or_default(),
        waiting: running.as_ref().and_then(|running| running.waiting()),
        expected_end: None,
        runs_in: None,
        read_only: true,
        version: row.version,
        created_at: store::time(row.created_at),
        updated_at: store::time(row.updated_at),
        authorized_actions: ACTIONS
            .into_iter()
            .filter(|(action, _)| context.actor.may(relation, *action))
            .map(|(_, name)| name)
            .collect(),
    }
}

/// The connectors within reach, by name.
pub(crate) async fn list(context: &Context) -> Result<Vec<ConnectorView>, Problem> {
    let db = context.console.store.db();
    let rows = connectors::all(db).await?;
    let owners = connectors::all_owners(db).await?;
    let apps = connectors::apps(db).await?;
    let own_apps = connectors::apps_owned(db, &context.actor.user.id).await?;
    let writing = provisioning::enabled(db).await?;
    let mut views = Vec::new();
    for row in rows {
        let hosted = Hosted::of(row)?;
        let mine: Vec<user::Model> = owners
            .iter()
            .filter(|(owner, _)| owner.connector_id == hosted.row.id)
            .filter_map(|(_, user)| user.clone())
            .collect();
        let relation = Relation {
            owner: mine.iter().any(|owner| owner.id == context.actor.user.id),
            app_owner: own_apps.contains(&hosted.row.app_id),
            ownerless: mine.is_empty(),
        };
        if !context.actor.may(relation, Action::ReadConnector) {
            continue;
        }
        let app = apps
            .iter()
            .find(|app| app.id == hosted.row.app_id)
            .map(|app| app.name.clone())
            .unwrap_or_default();
        let open = syncs::open_of(db, &hosted.row.id).await?;
        let read_only = !writing.contains(&hosted.row.id);
        let runs_in = super::syncs::runs_in(context, open.as_ref()).await?;
        let view = draw(context, &hosted, relation, &mine, app, open.map(|sync| sync.id));
        views.push(ConnectorView { read_only, runs_in, ..view });
    }
    Ok(views)
}

/// One connector.
pub(crate) async fn get(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    // The sync first: when it has ended, the row that is read after it knows so.
    let open = syncs::open_of(context.console.store.db(), id).await?;
    let hosted = load(context, id).await?;
    show(context, &hosted, open).await
}

/// Finds console users by id or e-mail address.
async fn find_users(context: &Context, wanted: &[String]) -> Result<Vec<user::Model>, Problem> {
    let mut found: Vec<user::Model> = Vec::new();
    let mut unknown = Vec::new();
    for text in wanted.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let db = context.console.store.db();
        let user = match people::by_id(db, text).await? {
            Some(user) => Some(user),
            None => people::by_email(db, text).await?,
        };
        match user.filter(|user| user.active) {
            Some(user) if found.iter().any(|known| known.id == user.id) => {}
            Some(user) => found.push(user),
            None => unknown.push(FieldError {
                field: "owners".to_owned(),
                text: format!(
                    "there is no user {text}: ask a Super Administrator to invite them under Settings > Users"
                ),
            }),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Problem::invalid(unknown)) }
}

/// A name of 1 to 100 characters.
fn name(field: &str, text: &str) -> Result<String, Problem> {
    let text = crate::run::clean(text).trim().to_owned();
    match text.chars().count() {
        0 => Err(Problem::field(field, "it needs a name")),
        1..=100 => Ok(text),
        _ => Err(Problem::field(field, "a name may have at most 100 characters")),
    }
}

/// Makes a connector: it belongs to an app, has owners, and waits for its settings.
pub(crate) async fn create(context: &Context, new: NewConnector) -> Result<ConnectorView, Problem> {
    if catalog::entry(&new.kind).is_none() {
        return Err(Problem::field("kind", format!("the catalogue has no {}", new.kind)));
    }
    let name = name("name", new.name.as_deref().unwrap_or(catalog::NAME))?;
    let owners = match &new.owners {
        None => vec![context.actor.user.clone()],
        Some(wanted) => find_users(context, wanted).await?,
    };
    let change = context.change().await?;
    let app = attach(&change, &new.app).await?;
    let id = fresh::id("con")?;
    let mut hosted = Hosted {
        settings: Settings {
            aws_okta_app_id: app.okta_id.clone().unwrap_or_default(),
            ..Settings::default()
        },
        life: Life::default(),
        schedule: Schedule::default(),
        note: None,
        row: connector::Model {
            id: id.clone(),
            name: name.clone(),
            kind: new.kind,
            app_id: app.id.clone(),
            org_id: None,
            created_by: context.actor.user.id.clone(),
            created_at: change.now_ms(),
            updated_at: change.now_ms(),
            version: 1,
            settings: String::new(),
            secret: None,
            secret_note: None,
            life: String::new(),
            schedule: String::new(),
            good_sync: None,
            held_sync: None,
            deleted_at: None,
        },
    };
    if let Some(org) = &app.org_id {
        let orgs = connectors::orgs(change.tx()).await?;
        if let Some(org) = orgs.iter().find(|known| known.id == *org) {
            hosted.settings.domain.clone_from(&org.domain);
        }
    }
    change.add_connector(hosted.clone().into_row()).await?;
    change
        .audit(
            "connector.created",
            &format!("connector/{id}"),
            json!({ "name": name, "app": app.id, "app_name": app.name }),
        )
        .await?;
    hand_over(context, &change, &hosted, &app.name, &owners).await?;
    change.commit().await?;
    if context.dry_run {
        return Ok(draw(context, &hosted, Relation::default(), &owners, app.name, None));
    }
    get(context, &id).await
}

/// Sets the owners and tells those who are new, once, and not the one who does it.
async fn hand_over(
    context: &Context,
    change: &store::Change<'_>,
    hosted: &Hosted,
    app: &str,
    owners: &[user::Model],
) -> Result<(), Problem> {
    let id = &hosted.row.id;
    let new = change.set_owners(id, owners).await?;
    let emails: Vec<&str> = owners.iter().map(|owner| owner.email.as_str()).collect();
    change.audit("connector.owners-set", &format!("connector/{id}"), json!({ "owners": emails })).await?;
    let letter = mail::hand_over(&context.console, &context.actor.user.name, id, &hosted.row.name, app);
    for owner in new.iter().filter(|owner| owner.id != context.actor.user.id) {
        change.post(&format!("owner/{id}/{}/{}", owner.id, change.now_ms()), &owner.email, &letter).await?;
    }
    Ok(())
}

/// Finds or makes the app that a connector is attached to.
async fn attach(change: &store::Change<'_>, wanted: &AppWanted) -> Result<app::Model, Problem> {
    let id = match wanted {
        AppWanted::New(text) => {
            let text = name("app", text)?;
            let taken = connectors::apps(change.tx()).await?;
            if taken
                .iter()
                .any(|app| app.state == "managed" && app.name.to_lowercase() == text.to_lowercase())
            {
                return Err(Problem::field(
                    "app",
                    format!("there is a managed app {text} already: choose it, or another name"),
                ));
            }
            let row = app::Model {
                id: fresh::id("app")?,
                org_id: None,
                okta_id: None,
                name: text,
                kind: "made-here".to_owned(),
                state: "managed".to_owned(),
                provider_status: String::new(),
                created_at: change.now_ms(),
                updated_at: change.now_ms(),
            };
            change.add_app(row.clone()).await?;
            change.audit("app.created", &format!("app/{}", row.id), json!({ "name": row.name })).await?;
            return Ok(row);
        }
        AppWanted::Managed(id) | AppWanted::Unmanaged(id) => id,
    };
    let mut app = connectors::app(change.tx(), id).await?.ok_or_else(|| Problem::not_found("app"))?;
    let wanted_state = if matches!(wanted, AppWanted::Managed(_)) { "managed" } else { "unmanaged" };
    if app.state != wanted_state {
        return Err(Problem::conflict(
            format!("the app {} is {}", app.name, app.state),
            format!("it is not {wanted_state} (any more)"),
            "choose it from the other list",
        ));
    }
    if wanted_state == "unmanaged" {
        if !change.move_app(id, "unmanaged", "managed").await? {
            return Err(Problem::changed());
        }
        "managed".clone_into(&mut app.state);
        change.audit("app.promoted", &format!("app/{id}"), json!({ "name": app.name })).await?;
    }
    Ok(app)
}

/// Renames a connector.
pub(crate) async fn rename(context: &Context, id: &str, text: &str) -> Result<ConnectorView, Problem> {
    let text = name("name", text)?;
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let old = std::mem::replace(&mut hosted.row.name, text.clone());
    change.audit("connector.renamed", &format!("connector/{id}"), json!({ "from": old, "to": text })).await?;
    keep(context, change, hosted).await
}

/// Replaces the owners.
pub(crate) async fn set_owners(
    context: &Context,
    id: &str,
    owners: &[String],
) -> Result<ConnectorView, Problem> {
    let owners = find_users(context, owners).await?;
    let change = context.change().await?;
    let hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let app = connectors::app(change.tx(), &hosted.row.app_id).await?.map(|app| app.name).unwrap_or_default();
    hand_over(context, &change, &hosted, &app, &owners).await?;
    keep(context, change, hosted).await
}

/// Changes the schedule.
pub(crate) async fn set_schedule(
    context: &Context,
    id: &str,
    schedule: Schedule,
) -> Result<ConnectorView, Problem> {
    schedule.check(context.console.now()).map_err(|text| Problem::field("schedule", text))?;
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let old = std::mem::replace(&mut hosted.schedule, schedule);
    if let Some(next_at) = &mut hosted.life.next_at {
        let next = hosted.schedule.pace(change.now).next;
        // A retry never waits longer than the schedule.
        *next_at = if hosted.life.retrying { next.min(*next_at) } else { next };
    }
    let detail = json!({ "from": old.words(), "to": hosted.schedule.words() });
    change.audit("connector.schedule-set", &format!("connector/{id}"), detail).await?;
    keep(context, change, hosted).await
}

/// Deletes a connector: its secret at once, the rest in thirty days. The app stays.
pub(crate) async fn delete(context: &Context, id: &str, confirm: &str) -> Result<(), Problem> {
    if confirm != "DELETE" {
        return Err(Problem::field("confirm", "type DELETE to delete the connector"));
    }
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    hosted.row.deleted_at = Some(change.now_ms());
    hosted.row.secret = None;
    hosted.note = None;
    if let Some(open) = syncs::open_of(change.tx(), id).await? {
        change.end_sync(&open.id, open.fence, "cancelled", "{}".to_owned(), None).await?;
    }
    change.forget_provisioning(id).await?;
    change.audit("connector.deleted", &format!("connector/{id}"), json!({ "name": hosted.row.name })).await?;
    if !change.keep_connector(hosted.into_row()).await? {
        return Err(Problem::changed());
    }
    let done = change.commit().await?;
    if let (true, Some(running)) = (done, context.console.running(id)) {
        running.cancel.cancel();
    }
    Ok(())
}

/// Writes a connector, and draws it as it now is.
pub(crate) async fn keep(
    context: &Context,
    change: store::Change<'_>,
    hosted: Hosted,
) -> Result<ConnectorView, Problem> {
    let id = hosted.row.id.clone();
    if !change.keep_connector(hosted.clone().into_row()).await? {
        return Err(Problem::changed());
    }
    if change.commit().await? {
        context.console.nudge.notify_one();
        crate::worker::tell_label(&context.console, &id).await;
        return get(context, &id).await;
    }
    view(context, &hosted).await
}
