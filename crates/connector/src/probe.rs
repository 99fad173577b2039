//! `check`: whose token this is, which app it finds, in which mode, what a sync would read and what that costs.

use rolebook_federation::{Rules, Switches, Union, Warnings};
use rolebook_ledger::{AppRecord, Org, Reader};
use rolebook_okta::{Client, Error, GroupQuery};

use crate::{
    AdminRoles, AppChoice, Door, ReadOptions, Stage, SyncError, doors, entrance::enter, service_app,
};

/// What the token shows.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The org.
    pub org: Org,
    /// Whose token it is, or which service app asks.
    pub reader: Option<Reader>,
    /// The AWS app that a sync would read.
    pub app: AppRecord,
    /// Other apps that lead to AWS, which a sync does not read; or why they could not be listed.
    pub doors: Result<Vec<Door>, String>,
    /// Group names decide; otherwise profiles of assignments do.
    pub maps_groups: bool,
    /// Every list that a sync reads, and whether the token may read it.
    pub lists: Vec<(Stage, Right)>,
    /// What a sync costs.
    pub cost: Cost,
    /// What the settings leave to be said.
    pub warnings: Warnings,
}

/// Whether the token may read a list, by one small request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// It answered.
    Yes,
    /// Okta refused, or does not offer it.
    No {
        /// In Okta's words.
        why: String,
        /// Okta refused it; otherwise something else went wrong.
        refused: bool,
        /// Without it there is no sync.
        essential: bool,
    },
}

/// The requests of a sync: a part that is certain, and pages that only reading can count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Requests that every sync of this mode sends.
    pub fixed: u64,
    /// What comes on top, in words.
    pub pages: Vec<&'static str>,
}

/// Asks what a sync would ask, one entry of each list.
///
/// # Errors
/// [`SyncError`]: the token is dead, or there is no app to speak of, or its settings make no rules.
pub async fn check(
    client: &Client,
    choice: &AppChoice,
    read: &ReadOptions,
    switches: &Switches,
) -> Result<Probe, SyncError> {
    let admin_roles = read.admin_roles;
    let entrance = enter(client, choice, None).await?;
    let app = entrance.app;
    let mut warnings = Warnings::new();
    let federation_app = app.to_federation(&mut warnings);
    let rules = Rules::compile(&federation_app, Union::Unknown, switches, &mut warnings)?;
    let maps_groups = rules.maps_groups();

    let id = rolebook_okta::shapes::AppId::new(app.id.as_str())
        .map_err(|_| SyncError::UnknownApp { id: app.id.as_str().to_owned() })?;
    let mut lists = Vec::new();
    let service_app = client.service_app().is_some();
    let mut note = |stage, right| lists.push((stage, right));
    note(Stage::AppUsers, right(first(client.app_users(&id)).await, true)?);
    note(Stage::AppGroups, right(first(client.app_groups(&id, true)).await, true)?);
    if maps_groups {
        note(Stage::Groups, right(first(client.groups(&GroupQuery::default())).await, true)?);
    } else {
        note(Stage::Schema, right(client.app_schema(&id).await.map(drop), false)?);
        let types = if service_app {
            Right::No { why: service_app::NO_CATALOGUE.to_owned(), refused: false, essential: false }
        } else {
            right(client.app_types(&id).await.map(drop), false)?
        };
        note(Stage::Types, types);
    }
    note(Stage::GroupRules, right(first(client.group_rules()).await, false)?);
    if admin_roles != AdminRoles::Off {
        let required = admin_roles == AdminRoles::On;
        note(Stage::AdminRoles, right(first(client.role_assignees()).await, required)?);
    }
    if read.custom_roles {
        note(Stage::CustomRoles, right(first(client.custom_roles()).await, true)?);
    }
    let doors = match doors::find(client, app.id.as_str()).await {
        Err(error) if ends_a_check(&error) => return Err(SyncError::reading("the apps")(error)),
        found => found.map_err(|error| error.to_string()),
    };
    Ok(Probe {
        org: entrance.org,
        reader: entrance.reader,
        doors,
        maps_groups,
        lists,
        cost: cost(maps_groups, read, service_app),
        warnings,
        app,
    })
}

/// What an answer tells, unless nothing else would work either.
fn right(read: Result<(), Error>, essential: bool) -> Result<Right, SyncError> {
    match read {
        Ok(()) => Ok(Right::Yes),
        Err(error) if ends_a_check(&error) => Err(SyncError::reading("a list")(error)),
        Err(error) => {
            let refused = crate::rights::is_no(&error);
            Ok(Right::No { why: error.to_string(), refused, essential })
        }
    }
}

/// What makes all further asking useless.
fn ends_a_check(error: &Error) -> bool {
    error.is_unauthenticated() || matches!(error, Error::Cancelled)
}

async fn first<T: serde::de::DeserializeOwned>(
    pager: Result<rolebook_okta::Pager<T>, Error>,
) -> Result<(), Error> {
    pager?.next_page().await.map(drop)
}

fn cost(maps_groups: bool, read: &ReadOptions, service_app: bool) -> Cost {
    let mut pages = vec![
        "1 per 500 users of the app",
        "1 per 200 groups of the app",
        "1 per 200 group rules",
        "1 per 1000 members of each group that is assigned or confers a role",
    ];
    if maps_groups {
        pages.push("1 per 200 groups of the org");
    }
    if read.admin_roles != AdminRoles::Off {
        pages.push("1 per 100 Okta admins, 1 per admin, 1 per group that may hold an admin role");
    }
    if read.custom_roles {
        pages.push("custom admin roles: 1 per 100 and 1 for each; 1 per 100 resource sets");
        pages.push("for each resource set: 1 per 100 resources, 1 per 100 roles bound to it");
        pages.push("1 per 100 members of each role in each set, 1 per member who is not read otherwise");
    }
    // Org, app and token owner; schema and catalogue. A service app gets an access token, but no catalogue.
    let fixed = match (maps_groups, service_app) {
        (true, false) => 3,
        (true, true) => 4,
        (false, _) => 5,
    };
    Cost { fixed, pages }
}
