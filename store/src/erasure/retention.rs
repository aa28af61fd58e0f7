//! Applies a tenant's rules of retention.

use domain::retention::{Command, Refusal, Retention, RetentionId};
use domain::{Caller, Event, TenantId};
use jiff::civil::Date;
use jiff_sqlx::{Date as SqlDate, ToSqlx as _};

use crate::Store;
use crate::commands::Orders;
use crate::error::{ReadError, StoreError};

/// No data key is older.
const FIRST: Date = Date::constant(1970, 1, 1);

/// Why a rule was not applied.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// Some of what is due is in a file, and the read models could not be masked.
    #[error(
        "events of the type {event_type} of {year} are archived in {file}: read them with `annals archive mount`, and apply \
         the rule again"
    )]
    Archived {
        /// Of which type.
        event_type: String,
        /// Of which year.
        year: i32,
        /// Where they are.
        file: String,
    },
    /// The rules say no, for instance because nothing is due, or the log is away.
    #[error(transparent)]
    Log(#[from] StoreError<Refusal>),
}

impl From<ReadError> for RetentionError {
    fn from(error: ReadError) -> Self {
        Self::Log(StoreError::Unreadable(error))
    }
}

impl From<sqlx::Error> for RetentionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Log(StoreError::Unreadable(error.into()))
    }
}

/// The id under which a tenant's rules lie.
///
/// # Panics
/// Never: a ULID is an id.
#[must_use]
pub fn retention_id(tenant: TenantId) -> RetentionId {
    tenant.to_string().parse().expect("a ULID is an id")
}

impl Store {
    /// The tenants that ever had a rule of retention.
    ///
    /// # Errors
    /// [`ReadError`] when the database is away.
    pub async fn tenants_with_retention(&self) -> Result<Vec<TenantId>, ReadError> {
        let stored = sqlx::query_scalar!(
            "select aggregate_id from streams where aggregate_type = 'retention' order by aggregate_id"
        )
        .fetch_all(self.streams_pool())
        .await?;
        let corrupt = |value: &String| ReadError::Corrupt {
            position: 0,
            column: "aggregate_id",
            value: value.clone(),
        };
        let tenant = |id: &String| id.split_once(':').and_then(|(tenant, _)| tenant.parse().ok());
        stored
            .iter()
            .map(|id| tenant(id).ok_or_else(|| corrupt(id)))
            .collect()
    }

    /// Applies the caller's tenant's rule for a type: when this returns, the keys of what it does not keep any more are
    /// destroyed, but for subjects under legal hold. Gives the position of the event that says so.
    ///
    /// # Errors
    /// [`RetentionError`]: then nothing was erased.
    pub async fn apply_retention(&self, caller: &Caller, event_type: &str) -> Result<u64, RetentionError> {
        let now = self.ambient().now();
        // Without a rule nothing is due, and the rules say so.
        let before = self.rules_of(caller.tenant).await?.due_before(event_type, now);
        let archived = sqlx::query!(
            r#"
            select a.year, a.file
            from subject_keys k
            join log_archives a on a.year = extract(year from k.month) and a.mounted_at is null
            where k.tenant_id = $1
              and k.event_type = $2
              and k.month < $3
              and k.wrapped is not null
              and not exists (
                  select from subject_holds h where h.tenant_id = k.tenant_id and h.subject = k.subject
              )
            order by a.year
            limit 1
            "#,
            caller.tenant.to_string(),
            event_type,
            before.unwrap_or(FIRST).to_sqlx() as SqlDate
        )
        .fetch_optional(self.streams_pool())
        .await?;
        if let Some(archived) = archived {
            return Err(RetentionError::Archived {
                event_type: event_type.to_owned(),
                year: archived.year,
                file: archived.file,
            });
        }
        let command = Command::Apply {
            event_type: event_type.to_owned(),
        };
        let id = retention_id(caller.tenant);
        let committed = self
            .execute::<Retention>(caller, &id, Orders::one(command).at(Some(now)))
            .await?;
        self.drop_opened(caller.tenant);
        Ok(committed.position)
    }

    /// A tenant's rules: they stay at hand when years are archived.
    async fn rules_of(&self, tenant: TenantId) -> Result<Retention, ReadError> {
        let head = self.log().head().await?;
        let events = self.log().of_kind(tenant, "retention", head).await?;
        let changes = events.into_iter().filter_map(|event| match event.event {
            Event::Retention(change) => Some(change),
            _ => None,
        });
        Ok(Retention::of(changes))
    }
}
