//! Console users, their sessions, one-time links and API keys.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};

use super::{
    Change,
    entity::{api_key, link, session, user},
};
use crate::{ConsoleError, actor::Via, fresh, policy::Roles};

/// E-mail addresses are compared in lower case, without blanks around.
pub(crate) fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, ConsoleError> {
    Ok(user::Entity::find().count(db).await?)
}

pub(crate) async fn by_email(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<Option<user::Model>, ConsoleError> {
    Ok(user::Entity::find().filter(user::Column::Email.eq(address(email))).one(db).await?)
}

pub(crate) async fn by_id(db: &impl ConnectionTrait, id: &str) -> Result<Option<user::Model>, ConsoleError> {
    Ok(user::Entity::find_by_id(id).one(db).await?)
}

/// All users by name.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<user::Model>, ConsoleError> {
    Ok(user::Entity::find().order_by_asc(user::Column::Name).order_by_asc(user::Column::Id).all(db).await?)
}

/// Whether a session or key still exists.
pub(crate) async fn is_open(db: &impl ConnectionTrait, via: &Via) -> Result<bool, ConsoleError> {
    Ok(match via {
        Via::Session { id, .. } => session::Entity::find_by_id(id).one(db).await?.is_some(),
        Via::Key { id, .. } => api_key::Entity::find_by_id(id).one(db).await?.is_some(),
    })
}

impl Change<'_> {
    /// Makes a user.
    pub(crate) async fn add_user(
        &self,
        email: &str,
        name: &str,
        roles: &Roles,
        password: Option<String>,
    ) -> Result<user::Model, ConsoleError> {
        let row = user::Model {
            id: fresh::id("usr")?,
            email: address(email),
            name: name.trim().to_owned(),
            roles: roles.stored(),
            password,
            active: true,
            created_at: self.now_ms(),
            signed_in_at: None,
            failures: 0,
            locked_until: None,
        };
        user::Entity::insert(user::ActiveModel::from(row.clone()).reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(row)
    }

    /// Writes a user's row as it now is.
    pub(crate) async fn keep_user(&self, row: user::Model) -> Result<(), ConsoleError> {
        user::Entity::update(user::ActiveModel::from(row).reset_all()).exec(self.tx()).await?;
        Ok(())
    }

    /// Opens a session and gives the secret that the cookie carries.
    pub(crate) async fn open_session(&self, user_id: &str) -> Result<String, ConsoleError> {
        let secret = fresh::secret()?;
        let row = session::ActiveModel {
            id: Set(fresh::hash(&secret)),
            user_id: Set(user_id.to_owned()),
            csrf: Set(fresh::secret()?),
            created_at: Set(self.now_ms()),
            seen_at: Set(self.now_ms()),
        };
        session::Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(secret)
    }

    pub(crate) async fn close_session(&self, id: &str) -> Result<(), ConsoleError> {
        session::Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(())
    }

    /// Ends every session of a user: their rights have changed.
    /// Ends the sessions and the API keys of a person whose roles or password changed, or who was switched off.
    pub(crate) async fn close_access_of(&self, user_id: &str) -> Result<(), ConsoleError> {
        api_key::Entity::delete_many().filter(api_key::Column::UserId.eq(user_id)).exec(self.tx()).await?;
        session::Entity::delete_many().filter(session::Column::UserId.eq(user_id)).exec(self.tx()).await?;
        Ok(())
    }

    /// Ends the one-time links of a user.
    pub(crate) async fn end_links_of(&self, user_id: &str) -> Result<(), ConsoleError> {
        link::Entity::delete_many().filter(link::Column::UserId.eq(user_id)).exec(self.tx()).await?;
        Ok(())
    }

    /// Ends every session and every one-time link.
    pub(crate) async fn close_everything(&self) -> Result<(), ConsoleError> {
        session::Entity::delete_many().exec(self.tx()).await?;
        link::Entity::delete_many().exec(self.tx()).await?;
        Ok(())
    }

    /// Removes sessions that nobody used since one time, or that were opened before another.
    pub(crate) async fn forget_sessions(&self, unused_since: i64, opened: i64) -> Result<(), ConsoleError> {
        let over = Condition::any()
            .add(session::Column::SeenAt.lt(unused_since))
            .add(session::Column::CreatedAt.lt(opened));
        session::Entity::delete_many().filter(over).exec(self.tx()).await?;
        Ok(())
    }

    /// Removes links that were used or have expired.
    pub(crate) async fn forget_spent_links(&self) -> Result<(), ConsoleError> {
        let spent = Condition::any()
            .add(link::Column::UsedAt.is_not_null())
            .add(link::Column::ExpiresAt.lt(self.now_ms()));
        link::Entity::delete_many().filter(spent).exec(self.tx()).await?;
        Ok(())
    }

    /// Makes a link that works once, and gives its secret. Older ones for the same purpose and person end.
    pub(crate) async fn add_link(
        &self,
        purpose: &str,
        user_id: Option<&str>,
        minutes: i64,
    ) -> Result<String, ConsoleError> {
        link::Entity::delete_many()
            .filter(link::Column::Purpose.eq(purpose))
            .filter(user_id.map_or(link::Column::UserId.is_null(), |id| link::Column::UserId.eq(id)))
            .exec(self.tx())
            .await?;
        let secret = fresh::secret()?;
        let row = link::ActiveModel {
            id: Set(fresh::hash(&secret)),
            purpose: Set(purpose.to_owned()),
            user_id: Set(user_id.map(str::to_owned)),
            created_at: Set(self.now_ms()),
            expires_at: Set(self.now_ms() + minutes * 60_000),
            used_at: Set(None),
        };
        link::Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(secret)
    }

    /// Uses a link up; false when somebody was faster.
    pub(crate) async fn use_link(&self, id: &str) -> Result<bool, ConsoleError> {
        let done = link::Entity::update_many()
            .col_expr(link::Column::UsedAt, Expr::value(self.now_ms()))
            .filter(link::Column::Id.eq(id))
            .filter(link::Column::UsedAt.is_null())
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Makes a key and gives its secret.
    pub(crate) async fn add_key(
        &self,
        user_id: &str,
        name: &str,
        role: &str,
        expires_at: i64,
    ) -> Result<(api_key::Model, String), ConsoleError> {
        let secret = format!("rbk_{}", fresh::secret()?);
        let row = api_key::Model {
            id: fresh::id("key")?,
            hash: fresh::hash(&secret),
            user_id: user_id.to_owned(),
            name: name.to_owned(),
            role: role.to_owned(),
            created_at: self.now_ms(),
            expires_at,
            used_at: None,
        };
        api_key::Entity::insert(api_key::ActiveModel::from(row.clone()).reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok((row, secret))
    }

    pub(crate) async fn end_key(&self, id: &str) -> Result<(), ConsoleError> {
        api_key::Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(())
    }
}

pub(crate) async fn session(
    db: &impl ConnectionTrait,
    secret: &str,
) -> Result<Option<(session::Model, user::Model)>, ConsoleError> {
    let Some(found) = session::Entity::find_by_id(fresh::hash(secret)).one(db).await? else {
        return Ok(None);
    };
    Ok(by_id(db, &found.user_id).await?.map(|user| (found, user)))
}

/// Notes that a session is in use.
pub(crate) async fn touch_session(db: &impl ConnectionTrait, id: &str, now: i64) -> Result<(), ConsoleError> {
    session::Entity::update_many()
        .col_expr(session::Column::SeenAt, Expr::value(now))
        .filter(session::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Notes that a key is in use.
pub(crate) async fn touch_key(db: &impl ConnectionTrait, id: &str, now: i64) -> Result<(), ConsoleError> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::UsedAt, Expr::value(now))
        .filter(api_key::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

pub(crate) async fn key(
    db: &impl ConnectionTrait,
    secret: &str,
) -> Result<Option<(api_key::Model, user::Model)>, ConsoleError> {
    let found = api_key::Entity::find().filter(api_key::Column::Hash.eq(fresh::hash(secret))).one(db).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(by_id(db, &found.user_id).await?.map(|user| (found, user)))
}

pub(crate) async fn keys_of(
    db: &impl ConnectionTrait,
    user_id: &str,
) -> Result<Vec<api_key::Model>, ConsoleError> {
    Ok(api_key::Entity::find()
        .filter(api_key::Column::UserId.eq(user_id))
        .order_by_desc(api_key::Column::CreatedAt)
        .all(db)
        .await?)
}

/// A link that still works at `now`.
pub(crate) async fn link(
    db: &impl ConnectionTrait,
    secret: &str,
    now: i64,
) -> Result<Option<link::Model>, ConsoleError> {
    let found = link::Entity::find_by_id(fresh::hash(secret)).one(db).await?;
    Ok(found.filter(|link| link.used_at.is_none() && link.expires_at > now))
}
