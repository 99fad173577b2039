//! What every run asks first: the org, whose token this is, and the app. Three requests.

use rolebook_ledger::{AppRecord, Org, OrgId, Reader};
use rolebook_okta::Client;

use crate::{AppChoice, SyncError, app, service_app};

/// Org, token owner and app.
pub(crate) struct Entrance {
    pub(crate) org: Org,
    pub(crate) reader: Option<Reader>,
    pub(crate) app: AppRecord,
}

/// Org, token owner and one app.
pub(crate) async fn enter(client: &Client, choice: &AppChoice) -> Result<Entrance, SyncError> {
    let (org, reader, app) = enter_org(client, app::find(client, choice)).await?;
    Ok(Entrance { org, reader, app })
}

/// Reads org first and alone, so that a dead token costs one request.
pub(crate) async fn enter_org<T>(
    client: &Client,
    apps: impl Future<Output = Result<T, SyncError>>,
) -> Result<(Org, Option<Reader>, T), SyncError> {
    let service_app = service_app::enter(client).await?;
    let org = client.org().await.map_err(SyncError::reading("the org"))?;
    let org = Org {
        id: OrgId::new(org.id),
        name: org.company_name.unwrap_or_default(),
        domain: client.domain().host().to_owned(),
    };
    let me = async {
        if service_app.is_some() {
            return Ok(service_app);
        }
        match client.me().await {
            Ok(me) => Ok(Some(reader(&me))),
            Err(error) if error.is_unauthenticated() || matches!(error, rolebook_okta::Error::Cancelled) => {
                Err(SyncError::reading("the token's owner")(error))
            }
            // What it may read shows soon enough.
            Err(_) => Ok(None),
        }
    };
    let (reader, apps) = tokio::try_join!(me, apps)?;
    Ok((org, reader, apps))
}

fn reader(me: &rolebook_okta::shapes::User) -> Reader {
    let profile: serde_json::Value = me.profile.read().unwrap_or_default();
    let login = profile.get("login").and_then(serde_json::Value::as_str).unwrap_or_default();
    Reader { id: me.id.as_str().to_owned(), login: login.to_owned() }
}
