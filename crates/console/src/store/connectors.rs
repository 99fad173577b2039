//! Orgs, apps, connectors and who owns them.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use super::{
    Change,
    entity::{app, app_owner, connector, connector_owner, org, user},
};
use crate::{ConsoleError, origin::Origin, policy::Relation};

/// All connectors that are not deleted, by name.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<connector::Model>, ConsoleError> {
    Ok(connector::Entity::find()
        .filter(connector::Column::DeletedAt.is_null())
        .order_by_asc(connector::Column::Name)
        .order_by_asc(connector::Column::Id)
        .all(db)
        .await?)
}

/// Ids of the connectors that were deleted before then.
pub(crate) async fn deleted_before(db: &impl ConnectionTrait, at: i64) -> Result<Vec<String>, ConsoleError> {
    let gone = connector::Entity::find().filter(connector::Column::DeletedAt.lt(at)).all(db).await?;
    Ok(gone.into_iter().map(|row| row.id).collect())
}

/// Every row that holds a sealed secret, deleted ones too.
pub(crate) async fn with_secret(db: &impl ConnectionTrait) -> Result<Vec<connector::Model>, ConsoleError> {
    Ok(connector::Entity::find().filter(connector::Column::Secret.is_not_null()).all(db).await?)
}

pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    id: &str,
) -> Result<Option<connector::Model>, ConsoleError> {
    Ok(connector::Entity::find_by_id(id).filter(connector::Column::DeletedAt.is_null()).one(db).await?)
}

pub(crate) async fn apps(db: &impl ConnectionTrait) -> Result<Vec<app::Model>, ConsoleError> {
    Ok(app::Entity::find().order_by_asc(app::Column::Name).order_by_asc(app::Column::Id).all(db).await?)
}

pub(crate) async fn app(db: &impl ConnectionTrait, id: &str) -> Result<Option<app::Model>, ConsoleError> {
    Ok(app::Entity::find_by_id(id).one(db).await?)
}

pub(crate) async fn orgs(db: &impl ConnectionTrait) -> Result<Vec<org::Model>, ConsoleError> {
    Ok(org::Entity::find().order_by_asc(org::Column::Domain).all(db).await?)
}

pub(crate) async fn org(db: &impl ConnectionTrait, id: &str) -> Result<Option<org::Model>, ConsoleError> {
    Ok(org::Entity::find_by_id(id).one(db).await?)
}

/// Owners of a connector, by name.
pub(crate) async fn owners(db: &impl ConnectionTrait, id: &str) -> Result<Vec<user::Model>, ConsoleError> {
    let owners =
        connector_owner::Entity::find().filter(connector_owner::Column::ConnectorId.eq(id)).all(db).await?;
    named(db, owners.into_iter().map(|owner| owner.user_id)).await
}

/// People of these ids, by name.
async fn named(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = String>,
) -> Result<Vec<user::Model>, ConsoleError> {
    Ok(user::Entity::find()
        .filter(user::Column::Id.is_in(ids))
        .order_by_asc(user::Column::Name)
        .all(db)
        .await?)
}

/// Every ownership of a connector, for lists.
pub(crate) async fn all_owners(
    db: &impl ConnectionTrait,
) -> Result<Vec<(connector_owner::Model, Option<user::Model>)>, ConsoleError> {
    let owners = connector_owner::Entity::find().all(db).await?;
    let users = user::Entity::find().all(db).await?;
    Ok(owners
        .into_iter()
        .map(|owner| {
            let user = users.iter().find(|user| user.id == owner.user_id).cloned();
            (owner, user)
        })
        .collect())
}

/// Owners of an app, by name.
pub(crate) async fn app_owners(
    db: &impl ConnectionTrait,
    id: &str,
) -> Result<Vec<user::Model>, ConsoleError> {
    let owners = app_owner::Entity::find().filter(app_owner::Column::AppId.eq(id)).all(db).await?;
    named(db, owners.into_iter().map(|owner| owner.user_id)).await
}

/// Apps that somebody owns.
pub(crate) async fn apps_owned(
    db: &impl ConnectionTrait,
    user_id: &str,
) -> Result<Vec<String>, ConsoleError> {
    let owned = app_owner::Entity::find().filter(app_owner::Column::UserId.eq(user_id)).all(db).await?;
    Ok(owned.into_iter().map(|owner| owner.app_id).collect())
}

/// How somebody relates to one connector, or to any when none is named.
pub(crate) async fn relation(
    db: &impl ConnectionTrait,
    user_id: &str,
    connector: Option<&str>,
) -> Result<Relation, ConsoleError> {
    let apps = apps_owned(db, user_id).await?;
    let Some(id) = connector else {
        let live: Vec<String> = all(db).await?.into_iter().map(|connector| connector.id).collect();
        let owner = connector_owner::Entity::find()
            .filter(connector_owner::Column::UserId.eq(user_id))
            .filter(connector_owner::Column::ConnectorId.is_in(live))
            .one(db)
            .await?
            .is_some();
        return Ok(Relation { owner, app_owner: !apps.is_empty(), ownerless: false });
    };
    let Some(connector) = by_id(db, id).await? else { return Ok(Relation::default()) };
    let owners =
        connector_owner::Entity::find().filter(connector_owner::Column::ConnectorId.eq(id)).all(db).await?;
    Ok(Relation {
        owner: owners.iter().any(|owner| owner.user_id == user_id),
        app_owner: apps.contains(&connector.app_id),
        ownerless: owners.is_empty(),
    })
}

impl Change<'_> {
    pub(crate) async fn add_connector(&self, row: connector::Model) -> Result<(), ConsoleError> {
        connector::Entity::insert(connector::ActiveModel::from(row).reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// Writes a connector's row under a new version; false when somebody else changed it since it was read.
    pub(crate) async fn keep_connector(&self, mut row: connector::Model) -> Result<bool, ConsoleError> {
        let read = row.version;
        row.version += 1;
        row.updated_at = self.now_ms();
        let id = row.id.clone();
        let done = connector::Entity::update_many()
            .set(connector::ActiveModel::from(row).reset_all())
            .filter(connector::Column::Id.eq(id))
            .filter(connector::Column::Version.eq(read))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Replaces the owners; gives those who are new.
    pub(crate) async fn set_owners(
        &self,
        id: &str,
        users: &[user::Model],
    ) -> Result<Vec<user::Model>, ConsoleError> {
        let before = owners(self.tx(), id).await?;
        let kept: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
        connector_owner::Entity::delete_many()
            .filter(connector_owner::Column::ConnectorId.eq(id))
            .filter(connector_owner::Column::UserId.is_not_in(kept))
            .exec(self.tx())
            .await?;
        let mut new = Vec::new();
        for user in users {
            if before.iter().any(|owner| owner.id == user.id) {
                continue;
            }
            let row = connector_owner::ActiveModel {
                connector_id: Set(id.to_owned()),
                user_id: Set(user.id.clone()),
                since: Set(self.now_ms()),
            };
            connector_owner::Entity::insert(row).exec_without_returning(self.tx()).await?;
            new.push(user.clone());
        }
        Ok(new)
    }

    pub(crate) async fn add_app(&self, row: app::Model) -> Result<(), ConsoleError> {
        app::Entity::insert(app::ActiveModel::from(row).reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    pub(crate) async fn keep_app(&self, mut row: app::Model) -> Result<(), ConsoleError> {
        row.updated_at = self.now_ms();
        app::Entity::update(app::ActiveModel::from(row).reset_all()).exec(self.tx()).await?;
        Ok(())
    }

    /// Makes somebody an owner of an app.
    pub(crate) async fn own_app(&self, app_id: &str, user_id: &str) -> Result<(), ConsoleError> {
        if apps_owned(self.tx(), user_id).await?.iter().any(|owned| owned == app_id) {
            return Ok(());
        }
        let row = app_owner::ActiveModel { app_id: Set(app_id.to_owned()), user_id: Set(user_id.to_owned()) };
        app_owner::Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(())
    }

    /// Ends somebody's owning an app; false when they did not own it.
    pub(crate) async fn disown_app(&self, app_id: &str, user_id: &str) -> Result<bool, ConsoleError> {
        let done = app_owner::Entity::delete_many()
            .filter(app_owner::Column::AppId.eq(app_id))
            .filter(app_owner::Column::UserId.eq(user_id))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Moves an app from `unmanaged` to another state; false when it was not unmanaged any more.
    pub(crate) async fn move_app(&self, id: &str, from: &str, to: &str) -> Result<bool, ConsoleError> {
        let done = app::Entity::update_many()
            .col_expr(app::Column::State, Expr::value(to))
            .col_expr(app::Column::UpdatedAt, Expr::value(self.now_ms()))
            .filter(app::Column::Id.eq(id))
            .filter(app::Column::State.eq(from))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Notes an org as a server at this origin names itself. Any server can name any org, so an org that is known under
    /// another domain stays as it is, and that domain is given back.
    pub(crate) async fn see_org(
        &self,
        id: &str,
        name: &str,
        origin: &Origin,
        discovered: bool,
    ) -> Result<Option<String>, ConsoleError> {
        let seen_at = discovered.then(|| self.now_ms());
        let Some(before) = org::Entity::find_by_id(id).one(self.tx()).await? else {
            let row = org::Model {
                id: id.to_owned(),
                name: name.to_owned(),
                domain: origin.short().to_owned(),
                discovered_at: seen_at,
                created_at: self.now_ms(),
            };
            let row = org::ActiveModel::from(row).reset_all();
            org::Entity::insert(row).exec_without_returning(self.tx()).await?;
            return Ok(None);
        };
        if Origin::read(&before.domain).as_ref() != Some(origin) {
            return Ok(Some(before.domain));
        }
        let discovered_at = seen_at.or(before.discovered_at);
        self.keep_org(org::Model { name: name.to_owned(), discovered_at, ..before }).await?;
        Ok(None)
    }

    pub(crate) async fn keep_org(&self, row: org::Model) -> Result<(), ConsoleError> {
        org::Entity::update(org::ActiveModel::from(row).reset_all()).exec(self.tx()).await?;
        Ok(())
    }

    /// Removes an app and who owned it.
    pub(crate) async fn remove_app(&self, id: &str) -> Result<(), ConsoleError> {
        app_owner::Entity::delete_many().filter(app_owner::Column::AppId.eq(id)).exec(self.tx()).await?;
        app::Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(())
    }
}
