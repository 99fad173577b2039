//! Another key for the vault: every secret is opened and sealed anew, in one transaction.
//!
//! A rotation that is cut off loses nothing: until the last step both keys lie there and both open, and the command,
//! given once more, goes on where it stopped.

use std::{path::PathBuf, sync::Arc};

use serde_json::json;

use crate::{
    ConsoleConfig, ConsoleError,
    console::Console,
    hosted::Hosted,
    secrets,
    store::{Who, connectors, messages, provisioning, shared},
    vault::Vault,
    web::idempotency,
};

/// How a rotation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Id of the key before.
    pub from: String,
    /// Id of the key from now on.
    pub to: String,
    /// Secrets that are sealed under the new key.
    pub secrets: usize,
    /// Names of the secrets that no key opened; they stay as they were.
    pub unopened: Vec<String>,
    /// Where the new key lies.
    pub file: PathBuf,
    /// The new key took the old one's place in the data folder: nothing is to be configured.
    pub in_place: bool,
}

/// Moves the vault to a new key: in `file`, or, without one, in the data folder. A file that is there already gives
/// the key.
///
/// # Errors
/// The data folder is in use or cannot be opened; the key is configured from elsewhere and no file is named; the key
/// is the one in use.
pub async fn rotate_key(config: ConsoleConfig, file: Option<PathBuf>) -> Result<Rotated, ConsoleError> {
    let console = Console::open(config).await?;
    let others = console.others().await?;
    if !others.is_empty() {
        return Err(ConsoleError::OthersAtWork(others));
    }
    let data = console.config.data.clone();
    let in_place = file.is_none();
    if in_place && !console.vault.own {
        return Err(ConsoleError::Rotation("the key does not lie in the data folder"));
    }
    let file = file.unwrap_or_else(|| Vault::next_path(&data));
    let next = Arc::new(Vault::moved_to(&file)?);
    let (from, to) = (console.vault.key_id().to_owned(), next.key_id().to_owned());
    if from == to {
        return Err(ConsoleError::Rotation("the file holds the key that is in use"));
    }
    let mut change = console.store.change(Who::host(), false).await?;
    change.seal_under(&next);
    let unopened = unopened(change.tx(), &console.vault, &next).await?;
    let mut secrets = 0;
    for mut row in connectors::with_secret(change.tx()).await? {
        let place = Hosted::of(row.clone())?.binding().sealed_for();
        let sealed = row.secret.take().unwrap_or_default();
        if next.open_sealed(&place, &sealed).is_ok() {
            secrets += 1;
            continue;
        }
        if let Ok(plain) = console.vault.open_sealed(&place, &sealed) {
            row.secret = Some(next.seal(&place, &plain)?);
            change.keep_connector(row).await?;
            secrets += 1;
        }
    }
    for mut hook in messages::webhooks(change.tx()).await? {
        let place = messages::secret_place(&hook.id);
        if next.open_sealed(&place, &hook.secret).is_ok() {
            secrets += 1;
        } else if let Ok(plain) = console.vault.open_sealed(&place, &hook.secret) {
            hook.secret = next.seal(&place, &plain)?;
            messages::keep_webhook(change.tx(), hook).await?;
            secrets += 1;
        }
    }
    for mut row in provisioning::with_secret(change.tx()).await? {
        let Some((hosted, is_key)) = secrets::written_by(change.tx(), &row).await? else { continue };
        let place = hosted.write_binding(is_key).sealed_for();
        let sealed = row.secret.take().unwrap_or_default();
        if next.open_sealed(&place, &sealed).is_ok() {
            secrets += 1;
        } else if let Ok(plain) = console.vault.open_sealed(&place, &sealed) {
            row.secret = Some(next.seal(&place, &plain)?);
            change.keep_provisioning(row).await?;
            secrets += 1;
        }
    }
    change.move_letters(&console.vault).await?;
    change.move_deliveries(&console.vault).await?;
    // Answers that are kept for a repetition are no secrets of anybody's; but they are sealed alike.
    idempotency::move_to(change.tx(), &console.vault, &next).await?;
    if console.store.shared() {
        change.keep_fact(shared::VAULT_KEY, &to).await?;
    }
    let detail = json!({ "from": from, "to": to, "secrets": secrets, "unopened": unopened });
    change.audit("vault.key-rotated", "console", detail).await?;
    change.commit().await?;
    if let Some(keeper) = console.store.head() {
        keeper.move_to(&next)?;
    }
    console.store.settle_log().await?;
    let file = if in_place { Vault::settle(&data)? } else { file };
    Ok(Rotated { from, to, secrets, unopened, file, in_place })
}

/// Names of the secrets that neither key opens.
async fn unopened(
    db: &impl sea_orm::ConnectionTrait,
    now: &Vault,
    next: &Vault,
) -> Result<Vec<String>, ConsoleError> {
    let all = secrets::all(db).await?.into_iter();
    Ok(all.filter(|one| !one.opens(now) && !one.opens(next)).map(|one| one.name).collect())
}
