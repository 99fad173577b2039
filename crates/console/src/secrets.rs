//! Everything that lies sealed in the database, by the names that people know it by: what a lost key takes along, and
//! what is to be given again.

use sea_orm::ConnectionTrait;

use crate::{
    ConsoleError,
    hosted::Hosted,
    run::clean,
    store::{connectors, entity::provisioning as provisioning_row, messages, outbox, provisioning},
    vault::Vault,
};

/// A sealed secret.
pub(crate) struct Sealed {
    /// Whose it is, and what, as in `AWS: API token`.
    pub(crate) name: String,
    sealed_for: String,
    text: String,
}

impl Sealed {
    /// Whether it opens under this vault.
    pub(crate) fn opens(&self, vault: &Vault) -> bool {
        self.open(vault).is_ok()
    }

    /// Why it does not open, if it does not.
    pub(crate) fn open(&self, vault: &Vault) -> Result<(), ConsoleError> {
        vault.open_sealed(&self.sealed_for, &self.text).map(drop)
    }

    /// Id of the key that it is sealed under.
    pub(crate) fn key_id(&self) -> &str {
        Vault::key_of(&self.text).unwrap_or("unknown")
    }
}

/// Every sealed secret, by name.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Sealed>, ConsoleError> {
    let kind = |is_key: bool| if is_key { "private key of its service app" } else { "API token" };
    let mut found = Vec::new();
    for row in connectors::with_secret(db).await? {
        let hosted = Hosted::of(row)?;
        let name = format!("{}: {}", clean(&hosted.row.name), kind(hosted.app().is_some()));
        let sealed_for = hosted.binding().sealed_for();
        found.push(Sealed { name, sealed_for, text: hosted.row.secret.unwrap_or_default() });
    }
    for row in provisioning::with_secret(db).await? {
        let Some((hosted, is_key)) = written_by(db, &row).await? else { continue };
        let name = format!("{}: {}, the one that writes", clean(&hosted.row.name), kind(is_key));
        let sealed_for = hosted.write_binding(is_key).sealed_for();
        found.push(Sealed { name, sealed_for, text: row.secret.unwrap_or_default() });
    }
    for hook in messages::webhooks(db).await? {
        let host = url::Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        // The rest of its address may be a secret of its own.
        let name = format!("webhook to {}: its secret", host.unwrap_or_default());
        found.push(Sealed { name, sealed_for: messages::secret_place(&hook.id), text: hook.secret });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The connector of a second credential, and whether that is a key. A connector that is deleted has none.
pub(crate) async fn written_by(
    db: &impl ConnectionTrait,
    row: &provisioning_row::Model,
) -> Result<Option<(Hosted, bool)>, ConsoleError> {
    let Some(connector) = connectors::by_id(db, &row.connector_id).await? else { return Ok(None) };
    let is_key = provisioning::note(row)?.is_some_and(|note| note.app.is_some());
    Ok(Some((Hosted::of(connector)?, is_key)))
}

/// What lies sealed because it is confidential and is not to be given again: letters and messages that wait. One of
/// each key stands for all.
pub(crate) async fn waiting(db: &impl ConnectionTrait) -> Result<Vec<Sealed>, ConsoleError> {
    let letters = outbox::unsent(db).await?.into_iter().map(|row| Sealed {
        name: "letters not sent yet".to_owned(),
        sealed_for: outbox::place(&row.id),
        text: row.body_text,
    });
    let messages = messages::undelivered(db).await?.into_iter().map(|row| Sealed {
        name: "messages not delivered yet".to_owned(),
        sealed_for: messages::delivery_place(&row.id),
        text: row.body,
    });
    let mut found: Vec<Sealed> = letters.chain(messages).collect();
    let kind = |one: &Sealed| (one.name.clone(), one.key_id().to_owned());
    found.sort_by_cached_key(kind);
    found.dedup_by_key(|one| kind(one));
    Ok(found)
}

/// Names of those that do not open under this vault.
pub(crate) async fn unopened(db: &impl ConnectionTrait, vault: &Vault) -> Result<Vec<String>, ConsoleError> {
    Ok(all(db).await?.into_iter().filter(|one| !one.opens(vault)).map(|one| one.name).collect())
}
