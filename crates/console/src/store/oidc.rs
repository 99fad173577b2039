//! Sign-ins through a provider: attempts under way, and who is whom.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};

use super::{
    Change,
    entity::{identity, sign_in_attempt},
};
use crate::{ConsoleError, fresh};

/// An attempt is over after so long.
const ATTEMPT_MS: i64 = 10 * 60 * 1000;
/// More at a time are nobody's honest doing.
const MOST: u64 = 5000;

/// Notes an attempt by the hash of its state; false when too many are open. Those that are over go.
pub(crate) async fn begin(
    db: &impl ConnectionTrait,
    state: &str,
    to: &str,
    now: i64,
) -> Result<bool, ConsoleError> {
    sign_in_attempt::Entity::delete_many()
        .filter(sign_in_attempt::Column::ExpiresAt.lte(now))
        .exec(db)
        .await?;
    if sign_in_attempt::Entity::find().count(db).await? >= MOST {
        return Ok(false);
    }
    let row = sign_in_attempt::Model {
        id: fresh::hash(state),
        back_to: to.to_owned(),
        expires_at: now + ATTEMPT_MS,
    };
    sign_in_attempt::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(true)
}

/// Uses an attempt up and gives where it leads back to; nothing when there is none, or somebody was faster.
pub(crate) async fn use_up(
    db: &impl ConnectionTrait,
    state: &str,
    now: i64,
) -> Result<Option<String>, ConsoleError> {
    let id = fresh::hash(state);
    let Some(row) = sign_in_attempt::Entity::find_by_id(&id).one(db).await? else { return Ok(None) };
    let done = sign_in_attempt::Entity::delete_by_id(&id).exec(db).await?;
    Ok((done.rows_affected == 1 && row.expires_at > now).then_some(row.back_to))
}

/// Who somebody of a provider is here.
pub(crate) async fn identity(
    db: &impl ConnectionTrait,
    issuer: &str,
    subject: &str,
) -> Result<Option<identity::Model>, ConsoleError> {
    Ok(identity::Entity::find_by_id((issuer.to_owned(), subject.to_owned())).one(db).await?)
}

/// Whether a user is bound to somebody of the provider already.
pub(crate) async fn is_bound(
    db: &impl ConnectionTrait,
    issuer: &str,
    user_id: &str,
) -> Result<bool, ConsoleError> {
    let found = identity::Entity::find()
        .filter(identity::Column::Issuer.eq(issuer))
        .filter(identity::Column::UserId.eq(user_id));
    Ok(found.one(db).await?.is_some())
}

impl Change<'_> {
    /// Binds a user to somebody of a provider.
    pub(crate) async fn bind(&self, issuer: &str, subject: &str, user_id: &str) -> Result<(), ConsoleError> {
        let row = identity::Model {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            user_id: user_id.to_owned(),
            created_at: self.now_ms(),
        };
        identity::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }
}
