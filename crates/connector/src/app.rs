//! Finding the AWS app and reading its settings.

use std::fmt;

use jiff::Timestamp;
use rolebook_federation::Union;
use rolebook_ledger::{AppId, AppRecord, SECRET_SETTINGS};
use rolebook_okta::{Client, shapes};

use crate::{AppsChoice, SyncError};

/// Catalogue name of the one app this is about.
pub const AWS_APP: &str = "amazon_aws";

/// Apps per page of their list.
const PER_PAGE: u64 = 200;

/// Which AWS app to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AppChoice {
    /// The only one, or the only active one.
    #[default]
    Find,
    /// The one with this id.
    Id(String),
}

/// An AWS app of the org, to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundApp {
    /// App id.
    pub id: String,
    /// Label.
    pub label: String,
    /// Status.
    pub status: String,
}

impl fmt::Display for FoundApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" ({})", self.id, self.label.escape_debug(), self.status)
    }
}

/// Finds the app: one request, whatever the choice.
pub(crate) async fn find(client: &Client, choice: &AppChoice) -> Result<AppRecord, SyncError> {
    let app = match choice {
        AppChoice::Find => the_one(list(client).await?)?,
        AppChoice::Id(id) => {
            let unknown = || SyncError::UnknownApp { id: id.clone() };
            let app_id = shapes::AppId::new(id.as_str()).map_err(|_| unknown())?;
            let app = client.app(&app_id).await.map_err(|error| {
                if error.is_gone() || matches!(error, rolebook_okta::Error::Path(_)) {
                    unknown()
                } else {
                    SyncError::reading("the app")(error)
                }
            })?;
            if app.name.as_deref() != Some(AWS_APP) {
                return Err(SyncError::OtherApp { id: id.clone(), name: app.name.unwrap_or_default() });
            }
            app
        }
    };
    Ok(record(app))
}

/// An app, or the id of one that cannot be read, and why.
pub(crate) type Found = Result<AppRecord, Box<(String, SyncError)>>;

/// Apps that were asked for.
pub(crate) struct Apps {
    pub(crate) found: Vec<Found>,
    /// Requests that it took at least.
    pub(crate) requests: u64,
}

/// Finds several apps. One list serves all; only an id that is not in it is asked for by itself, to learn why.
pub(crate) async fn find_several(client: &Client, choice: &AppsChoice) -> Result<Apps, SyncError> {
    let ids = match choice {
        AppsChoice::Find => {
            return Ok(Apps { found: vec![Ok(find(client, &AppChoice::Find).await?)], requests: 1 });
        }
        AppsChoice::All => {
            let listed = list(client).await?;
            let requests = (listed.len() as u64).div_ceil(PER_PAGE).max(1);
            let found: Vec<_> = listed.into_iter().map(|app| Ok(record(app))).collect();
            return if found.is_empty() { Err(SyncError::NoApp) } else { Ok(Apps { found, requests }) };
        }
        AppsChoice::Ids(ids) => ids,
    };
    let mut listed = if ids.len() > 1 { list(client).await? } else { Vec::new() };
    let mut requests = if ids.len() > 1 { (listed.len() as u64).div_ceil(PER_PAGE).max(1) } else { 0 };
    let mut found = Vec::new();
    for id in ids {
        if let Some(at) = listed.iter().position(|app| app.id.as_str() == id) {
            found.push(Ok(record(listed.remove(at))));
            continue;
        }
        requests += 1;
        found.push(match find(client, &AppChoice::Id(id.clone())).await {
            Err(error) if error.is_unauthenticated() || error.is_cancelled() => return Err(error),
            asked => asked.map_err(|error| Box::new((id.clone(), error))),
        });
    }
    Ok(Apps { found, requests })
}

/// All AWS apps that the token sees.
pub(crate) async fn list(client: &Client) -> Result<Vec<shapes::App>, SyncError> {
    let apps = client.apps_named(AWS_APP).map_err(SyncError::reading("the apps"))?;
    let (mut apps, _) = apps.all().await.map_err(SyncError::reading("the apps"))?;
    // The filter is Okta's; what it lets through is checked here.
    apps.retain(|app| app.name.as_deref() == Some(AWS_APP));
    apps.sort_by(|a, b| a.id.cmp(&b.id));
    apps.dedup_by(|a, b| a.id == b.id);
    Ok(apps)
}

fn the_one(mut apps: Vec<shapes::App>) -> Result<shapes::App, SyncError> {
    if apps.len() > 1 {
        let active = |app: &shapes::App| app.status.as_deref() == Some("ACTIVE");
        if apps.iter().filter(|app| active(app)).count() != 1 {
            return Err(SyncError::SeveralApps(apps.into_iter().map(found).collect()));
        }
        apps.retain(active);
    }
    apps.pop().ok_or(SyncError::NoApp)
}

pub(crate) fn found(app: shapes::App) -> FoundApp {
    FoundApp {
        id: app.id.into(),
        label: app.label.unwrap_or_default(),
        status: app.status.unwrap_or_else(|| "status unknown".to_owned()),
    }
}

fn record(app: shapes::App) -> AppRecord {
    let mut settings = app.settings.app().clone();
    settings.retain(|key, _| !SECRET_SETTINGS.contains(&key.as_str()));
    AppRecord {
        id: AppId::new(app.id.as_str()),
        name: app.name.unwrap_or_default(),
        label: app.label.unwrap_or_default(),
        status: app.status.unwrap_or_default(),
        sign_on_mode: app.sign_on_mode,
        features: app.features,
        settings,
        sign_on: app.settings.sign_on.map(Into::into).unwrap_or_default(),
        implicit_assignment: app.settings.implicit_assignment.unwrap_or(false),
        union: Union::Unknown,
        created: time(app.created.as_deref()),
        last_updated: time(app.last_updated.as_deref()),
    }
}

/// A date of Okta's, read leniently.
pub(crate) fn time(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}
