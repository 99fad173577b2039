//! The first versions sealed a credential for its place in the database alone. The start after an upgrade seals each
//! for the origin and the org of its connector as well, and no later start opens the old form.

use serde_json::json;

use crate::{
    ConsoleError,
    hosted::Hosted,
    origin::Binding,
    secrets,
    store::{Store, Who, connectors, provisioning, shared},
    vault::Vault,
};

/// What came of one secret.
enum Moved {
    /// Its new ciphertext.
    To(String),
    /// It is bound already, or damaged: nothing is to be done, or can be.
    Stays,
    /// It was sealed under a key that is not here.
    OtherKey,
}

/// Binds what an upgrade left unbound. As long as a secret is of a vault key that is not here, the next start looks
/// again: until it opens once, its connector's domain cannot have changed without a new secret in its place.
pub(crate) async fn bind(store: &Store, vault: &Vault) -> Result<(), ConsoleError> {
    if shared::fact(store.db(), shared::UNBOUND_SECRETS).await?.is_none() {
        return Ok(());
    }
    let change = store.change(Who::console(), false).await?;
    let (mut bound, mut waiting) = (0, 0);
    for mut row in connectors::with_secret(change.tx()).await? {
        let binding = Hosted::of(row.clone())?.binding();
        match moved(vault, &binding, row.secret.as_deref().unwrap_or_default())? {
            Moved::To(sealed) => {
                row.secret = Some(sealed);
                change.keep_connector(row).await?;
                bound += 1;
            }
            Moved::Stays => {}
            Moved::OtherKey => waiting += 1,
        }
    }
    for mut row in provisioning::with_secret(change.tx()).await? {
        let Some((hosted, is_key)) = secrets::written_by(change.tx(), &row).await? else { continue };
        match moved(vault, &hosted.write_binding(is_key), row.secret.as_deref().unwrap_or_default())? {
            Moved::To(sealed) => {
                row.secret = Some(sealed);
                change.keep_provisioning(row).await?;
                bound += 1;
            }
            Moved::Stays => {}
            Moved::OtherKey => waiting += 1,
        }
    }
    if waiting == 0 {
        change.forget_fact(shared::UNBOUND_SECRETS).await?;
    }
    if bound > 0 {
        let detail = json!({ "secrets": bound, "under_another_key": waiting });
        change.audit("vault.secrets-bound", "console", detail).await?;
    }
    change.commit().await?;
    if bound > 0 {
        store.settle_log().await?;
    }
    Ok(())
}

fn moved(vault: &Vault, binding: &Binding, sealed: &str) -> Result<Moved, ConsoleError> {
    if !vault.knows(sealed) {
        return Ok(Moved::OtherKey);
    }
    match vault.open_sealed(binding.sealed_before(), sealed) {
        // A connector without domain or org has nowhere to send it: it asks for its secret again.
        Ok(plain) => Ok(binding.seal(vault, &plain).map_or(Moved::Stays, Moved::To)),
        Err(_) => Ok(Moved::Stays),
    }
}
