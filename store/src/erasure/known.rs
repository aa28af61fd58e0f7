//! What is known about a subject.

use domain::personal_fields::{personal_event_types, personal_fields};
use domain::subject::SubjectId;
use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};

use crate::Store;
use crate::error::ReadError;
use crate::log::{COLUMNS, Log};
use crate::vault::held;

/// What is known about a subject of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSubject {
    /// Whom.
    pub subject: SubjectId,
    /// The legal holds in force, in the order of their names.
    pub holds: Vec<String>,
    /// How many data keys open its data.
    pub keys: u64,
    /// How many were destroyed, by forgetting it or by a rule of retention.
    pub destroyed_keys: u64,
    /// The positions at which it was forgotten, and when, the last one first.
    pub forgotten: Vec<(u64, Timestamp)>,
    /// The certificate of the last time; `None` until it is signed.
    pub certificate: Option<String>,
}

/// An event with personal fields of a subject, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectEvent {
    /// Its position.
    pub position: u64,
    /// Its stored name.
    pub event_type: String,
    /// Its stream, `type/id`.
    pub stream: String,
    /// Its personal fields that hold something, each with whether it is sealed.
    pub fields: Vec<(String, bool)>,
}

impl Store {
    /// What is known about a subject; `None`: nothing.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn subject(
        &self,
        tenant: TenantId,
        subject: &SubjectId,
    ) -> Result<Option<KnownSubject>, ReadError> {
        let (of, about) = (tenant.to_string(), subject.to_string());
        let pool = self.streams_pool();
        let keys = sqlx::query!(
            r#"
            select count(*) filter (where wrapped is not null) as "keys!", count(*) as "all!"
            from subject_keys
            where tenant_id = $1 and subject = $2
            "#,
            of,
            about
        )
        .fetch_one(pool)
        .await?;
        let holds = sqlx::query_scalar!(
            "select hold from subject_holds where tenant_id = $1 and subject = $2 order by hold",
            of,
            about
        )
        .fetch_all(pool)
        .await?;
        let forgotten = sqlx::query!(
            r#"
            select c.position as "position!", c.note, e.recorded_at as "recorded_at!: SqlTimestamp"
            from erasure_certificates c
            join events_at_hand e on e.position = c.position
            where c.tenant_id = $1 and c.subject = $2
            order by c.position desc
            "#,
            of,
            about
        )
        .fetch_all(pool)
        .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        let known = KnownSubject {
            subject: subject.clone(),
            holds,
            keys: number(keys.keys),
            destroyed_keys: number(keys.all - keys.keys),
            certificate: forgotten.first().and_then(|last| last.note.clone()),
            forgotten: forgotten
                .iter()
                .map(|row| (number(row.position), row.recorded_at.to_jiff()))
                .collect(),
        };
        if known.keys + known.destroyed_keys > 0 || !known.holds.is_empty() || !known.forgotten.is_empty() {
            return Ok(Some(known));
        }
        let mut connection = pool.acquire().await?;
        let is_there = !events_about(&mut connection, tenant, subject).await?.is_empty();
        Ok(is_there.then_some(known))
    }
}

/// The events at hand whose personal fields are about a subject, in order.
pub(super) async fn events_about(
    connection: &mut PgConnection,
    tenant: TenantId,
    subject: &SubjectId,
) -> Result<Vec<SubjectEvent>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select position, event_type, aggregate_type || '/' || substr(aggregate_id, length(tenant_id) + 2), \
         payload::text from events_at_hand where ",
    );
    match (subject.stream(), subject.actor()) {
        (Some((kind, id)), _) => query
            .push("aggregate_type = ")
            .push_bind(kind)
            .push(" and aggregate_id = ")
            .push_bind(format!("{tenant}:{id}")),
        (None, actor) => query
            .push("aggregate_type = 'access' and tenant_id = ")
            .push_bind(tenant.to_string())
            .push(" and actor = ")
            .push_bind(actor.map(|actor| actor.to_string())),
    };
    query
        .push(" and event_type = any(")
        .push_bind(personal_event_types())
        .push(") order by position");
    let rows = query.build().fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| {
            let event_type: String = row.try_get(1)?;
            Ok(SubjectEvent {
                position: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default(),
                stream: row.try_get(2)?,
                fields: held(row.try_get(3)?, personal_fields(&event_type)),
                event_type,
            })
        })
        .collect()
}

impl Log {
    /// All events at hand about a subject, in order: of its stream, of its holds and erasures; of an actor, the facts
    /// of its access.
    ///
    /// # Errors
    /// [`ReadError`] as of any reading.
    pub async fn about(
        &self,
        tenant: TenantId,
        subject: &SubjectId,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query
            .push(COLUMNS)
            .push(" from events_at_hand where (aggregate_type = 'subject' and aggregate_id = ")
            .push_bind(format!("{tenant}:{subject}"))
            .push(")");
        if let Some((kind, id)) = subject.stream() {
            query
                .push(" or (aggregate_type = ")
                .push_bind(kind)
                .push(" and aggregate_id = ")
                .push_bind(format!("{tenant}:{id}"))
                .push(")");
        } else if let Some(actor) = subject.actor() {
            query
                .push(" or (aggregate_type = 'access' and tenant_id = ")
                .push_bind(tenant.to_string())
                .push(" and actor = ")
                .push_bind(actor.to_string())
                .push(")");
        }
        query.push(" order by position");
        let rows = query.build().fetch_all(self.pool()).await?;
        self.decode_all(&rows).await
    }
}
