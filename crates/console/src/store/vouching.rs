//! Who let whom in, and who somebody is in an Okta org.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use super::{
    Change,
    entity::{identity, vouching},
};
use crate::ConsoleError;

/// Everything since a moment, newest first.
pub(crate) async fn since(db: &impl ConnectionTrait, at: i64) -> Result<Vec<vouching::Model>, ConsoleError> {
    Ok(vouching::Entity::find()
        .filter(vouching::Column::At.gte(at))
        .order_by_desc(vouching::Column::At)
        .all(db)
        .await?)
}

/// Names under which people are known to providers and Okta orgs.
pub(crate) async fn identities(db: &impl ConnectionTrait) -> Result<Vec<identity::Model>, ConsoleError> {
    Ok(identity::Entity::find().all(db).await?)
}

/// The issuer under which an Okta id that an administrator entered is kept. No provider has such a name.
pub(crate) fn issuer_of(org: &str) -> String {
    format!("okta-org:{org}")
}

impl Change<'_> {
    /// Notes that whoever makes this change lets somebody in, or gives them more.
    pub(crate) async fn vouch(&self, user_id: &str, how: &str) -> Result<(), ConsoleError> {
        let by = self.who.id.clone();
        vouching::Entity::delete_by_id((user_id.to_owned(), by.clone(), how.to_owned()))
            .exec(self.tx())
            .await?;
        let row = vouching::Model {
            user_id: user_id.to_owned(),
            by_id: by,
            how: how.to_owned(),
            at: self.now_ms(),
        };
        vouching::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// Forgets who somebody is at an issuer.
    pub(crate) async fn unbind(&self, issuer: &str, user_id: &str) -> Result<(), ConsoleError> {
        identity::Entity::delete_many()
            .filter(identity::Column::Issuer.eq(issuer))
            .filter(identity::Column::UserId.eq(user_id))
            .exec(self.tx())
            .await?;
        Ok(())
    }
}
