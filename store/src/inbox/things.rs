//! What senders told of their things so far.

use domain::TenantId;

use super::Inbox;
use crate::error::Unavailable;

/// A thing of a sender's, for instance its subscription `sub_1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThingKey {
    /// The source's name in the settings.
    pub source: String,
    /// What kind of thing.
    pub kind: &'static str,
    /// The sender's id of it.
    pub id: String,
}

/// How often a thing was changed; nothing, when it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision(Option<i64>);

/// What was told of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// The sender's id of it.
    pub id: String,
    /// What was told, as JSON.
    pub told: String,
    /// The change that this is.
    pub revision: Revision,
}

/// Whose a thing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owned<'a> {
    /// The sender's id of the thing that it belongs to; `None`: as it was.
    pub owner: Option<&'a str>,
    /// Of a membership, the tenant whose member it is; `None`: as it was.
    pub tenant: Option<TenantId>,
}

impl Inbox {
    /// What was told of a thing.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn thing(&self, key: &ThingKey) -> Result<Option<Thing>, Unavailable> {
        let row = sqlx::query!(
            r#"
            select id, told::text as "told!", revision
            from webhook_things
            where source = $1 and kind = $2 and id = $3
            "#,
            key.source,
            key.kind,
            key.id
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Thing {
            id: row.id,
            told: row.told,
            revision: Revision(Some(row.revision)),
        }))
    }

    /// The things of a kind that belong to another.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn things_of(
        &self,
        source: &str,
        kind: &'static str,
        owner: &str,
    ) -> Result<Vec<Thing>, Unavailable> {
        let rows = sqlx::query!(
            r#"
            select id, told::text as "told!", revision
            from webhook_things
            where source = $1 and kind = $2 and owner = $3
            order by id
            "#,
            source,
            kind,
            owner
        )
        .fetch_all(&self.pool)
        .await?;
        let things = rows.into_iter().map(|row| Thing {
            id: row.id,
            told: row.told,
            revision: Revision(Some(row.revision)),
        });
        Ok(things.collect())
    }

    /// Writes what is told of a thing, if nobody changed it since it was read; tells whether it did.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell(
        &self,
        key: &ThingKey,
        owned: Owned<'_>,
        told: &str,
        read: Revision,
    ) -> Result<bool, Unavailable> {
        let tenant = owned.tenant.map(|tenant| tenant.to_string());
        let written = match read.0 {
            None => sqlx::query!(
                r#"
                    insert into webhook_things (source, kind, id, owner, told, revision, tenant_id)
                    values ($1, $2, $3, $4, $5::text::json, 1, $6)
                    on conflict (source, kind, id) do nothing
                    "#,
                key.source,
                key.kind,
                key.id,
                owned.owner,
                told,
                tenant
            )
            .execute(&self.pool)
            .await?
            .rows_affected(),
            Some(revision) => sqlx::query!(
                r#"
                    update webhook_things
                    set owner = coalesce($4, owner), told = $5::text::json, revision = revision + 1,
                        tenant_id = coalesce($7, tenant_id)
                    where source = $1 and kind = $2 and id = $3 and revision = $6
                    "#,
                key.source,
                key.kind,
                key.id,
                owned.owner,
                told,
                revision,
                tenant
            )
            .execute(&self.pool)
            .await?
            .rows_affected(),
        };
        Ok(written > 0)
    }
}
