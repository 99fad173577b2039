//! Everything that lies sealed in the database, by the names that people know it by: what a lost key takes along, and
//! what is to be given again.

use sea_orm::ConnectionTrait;

use crate::{
    ConsoleError,
    hosted::Hosted,
    run::clean,
    store::{connectors, messages, provisioning},
    vault::Vault,
};

/// A sealed secret.
pub(crate) struct Sealed {
    /// Whose it is, and what, as in `AWS: API token`.
    pub(crate) name: String,
    place: String,
    text: String,
}

impl Sealed {
    /// Whether it opens under this vault.
    pub(crate) fn opens(&self, vault: &Vault) -> bool {
        self.open(vault).is_ok()
    }

    /// Why it does not open, if it does not.
    pub(crate) fn open(&self, vault: &Vault) -> Result<(), ConsoleError> {
        vault.open_sealed(&self.place, &self.text).map(drop)
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
        let place = hosted.secret_place();
        found.push(Sealed { name, place, text: hosted.row.secret.unwrap_or_default() });
    }
    for row in provisioning::with_secret(db).await? {
        let is_key = provisioning::note(&row)?.is_some_and(|note| note.app.is_some());
        let connector = connectors::by_id(db, &row.connector_id).await?;
        let connector = connector.map_or_else(|| row.connector_id.clone(), |row| clean(&row.name));
        let name = format!("{connector}: {}, the one that writes", kind(is_key));
        let place = provisioning::secret_place(&row.connector_id, is_key);
        found.push(Sealed { name, place, text: row.secret.unwrap_or_default() });
    }
    for hook in messages::webhooks(db).await? {
        let host = url::Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        // The rest of its address may be a secret of its own.
        let name = format!("webhook to {}: its secret", host.unwrap_or_default());
        found.push(Sealed { name, place: messages::secret_place(&hook.id), text: hook.secret });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Names of those that do not open under this vault.
pub(crate) async fn unopened(db: &impl ConnectionTrait, vault: &Vault) -> Result<Vec<String>, ConsoleError> {
    Ok(all(db).await?.into_iter().filter(|one| !one.opens(vault)).map(|one| one.name).collect())
}
