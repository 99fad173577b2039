//! What is different when an OAuth service app asks: it has no owner, and without an admin role it sees an empty org.
//!
//! Okta refuses most of what a service app without a role asks, but answers some lists with *200 and nothing*. Nothing
//! must not be taken for nobody, so a service app has to show first that it sees somebody: every org has a user.

use rolebook_ledger::Reader;
use rolebook_okta::{Client, Error};

use crate::SyncError;

/// Why the role catalogue is not asked for.
pub(crate) const NO_CATALOGUE: &str =
    "Okta serves its role catalogue to API tokens only, not to service apps";

/// Who asks, when it is a service app: checked for its sight, by one request in place of the one for the token's owner.
pub(crate) async fn enter(client: &Client) -> Result<Option<Reader>, SyncError> {
    let Some(app) = client.service_app() else { return Ok(None) };
    let client_id = app.client_id().to_owned();
    let seen = async { client.users(1)?.next_page().await }.await;
    match seen.map(|page| page.is_some_and(|page| !page.items.is_empty() || !page.skipped.is_empty())) {
        Ok(false) => Err(SyncError::SeesNothing { client_id }),
        Err(error) if error.is_unauthenticated() || matches!(error, Error::Cancelled) => {
            Err(SyncError::reading("the org")(error))
        }
        // Refused for want of a scope: others may do. Should everything be empty, the guard before sealing asks again.
        Ok(true) | Err(_) => Ok(Some(Reader { id: client_id, login: String::new() })),
    }
}
