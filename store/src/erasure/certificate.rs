//! The certificate of an erasure: what was erased where, signed with the key that signs checkpoints.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::personal_fields::personal_fields;
use domain::subject::SubjectId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Date as SqlDate, Timestamp as SqlTimestamp, ToSqlx as _};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};

use super::known::events_about;
use crate::Store;
use crate::error::ReadError;
use crate::seal::{Note, NoteError, SealError, SignerKey, Trusted, origin, signature_line};

/// How a certificate's text begins: then come the origin of the tenant's checkpoints, and a line of JSON.
pub(crate) const FIRST_LINE: &str = "annals.erasure.1";
/// The tables beside the log that an erasure empties, as it counts them (`migrations/0044_forgotten_webhooks.sql`).
const BESIDE: [&str; 2] = ["webhook_inbox", "webhook_things"];
/// So many certificates are signed at once.
const AT_ONCE: i64 = 50;

/// What was erased about a subject, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Whose data it was.
    pub tenant: TenantId,
    /// Whom it was about.
    pub subject: SubjectId,
    /// The position of the event by which it was erased.
    pub position: u64,
    /// That event's hash, in hex.
    pub hash: String,
    /// When it was recorded.
    pub erased_at: Timestamp,
    /// Who asked for it.
    pub actor: String,
    /// The keys that were destroyed.
    pub keys: Vec<ErasedKey>,
    /// The streams whose events can't be opened any more.
    pub streams: Vec<ErasedStream>,
    /// What the read models held.
    pub read_models: Vec<MaskedRows>,
    /// What lay beside the log, of what webhooks told: tables, and rows that were emptied of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<MaskedRows>,
    /// Events that were stored before personal fields were sealed: their fields are in the log as they were.
    pub in_the_clear: Vec<u64>,
}

/// A data key that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedKey {
    /// Its id.
    pub id: String,
    /// The events whose fields it sealed.
    pub event_type: String,
    /// These fields.
    pub fields: Vec<String>,
    /// The month in which they were recorded: its first day.
    pub month: Date,
}

/// A stream with events that can't be opened any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedStream {
    /// The stream, `type/id`.
    pub stream: String,
    /// How many events.
    pub events: u64,
}

/// What a read model held of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedRows {
    /// The read model.
    pub name: String,
    /// How many rows were folded again.
    pub rows: u64,
}

impl Certificate {
    fn text(&self, origin: &str) -> Result<String, SealError> {
        let line = serde_json::to_string(self).map_err(|error| SealError::Certificate(error.to_string()))?;
        Ok(format!("{FIRST_LINE}\n{origin}\n{line}\n"))
    }

    /// The certificate of a note that one of the trusted keys signed.
    ///
    /// # Errors
    /// [`NoteError`] when it is none, or none of the keys signed it.
    pub fn open(note: &str, trusted: &Trusted) -> Result<Self, NoteError> {
        let malformed = || NoteError::Malformed("its text is no certificate of an erasure");
        let note = Note::parse(note)?;
        let mut lines = note.text().lines();
        let (Some(FIRST_LINE), Some(origin), Some(line), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed());
        };
        note.verify(&trusted.for_origin(origin))?;
        note.cosigned(trusted.witnesses())?;
        let certificate: Self = serde_json::from_str(line).map_err(|_| malformed())?;
        match origin.rsplit_once('/') {
            Some((_, tenant)) if tenant == certificate.tenant.to_string() => Ok(certificate),
            _ => Err(malformed()),
        }
    }
}

impl Store {
    /// The certificate of an erasure of a tenant; `None`: it is not signed yet.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn certificate(&self, tenant: TenantId, position: u64) -> Result<Option<String>, ReadError> {
        let note = sqlx::query_scalar!(
            "select note from erasure_certificates where tenant_id = $1 and position = $2",
            tenant.to_string(),
            i64::try_from(position).unwrap_or(i64::MAX)
        )
        .fetch_optional(self.streams_pool())
        .await?;
        Ok(note.flatten())
    }
}

/// Signs the certificates of the erasures that all read models have taken in; gives how many.
pub(crate) async fn certify(pool: &PgPool, key: &SignerKey, now: Timestamp) -> Result<u64, SealError> {
    let waiting = sqlx::query!(
        r#"
        select c.tenant_id, c.position, c.subject, e.recorded_at as "recorded_at!: SqlTimestamp",
               e.actor as "actor!", e.hash as "hash!"
        from erasure_certificates c
        join events_at_hand e on e.position = c.position
        where c.note is null
          and not exists (
              select
              from read_model_checkpoints p
              join read_model_builds b on b.name = p.name and b.build = p.build and b.state = 'live'
              where p.position < c.position
          )
        order by c.position
        limit $1
        "#,
        AT_ONCE
    )
    .fetch_all(pool)
    .await?;
    let mut signed = 0;
    for row in waiting {
        let mut connection = pool.acquire().await?;
        let wrong = |what: &str| SealError::Certificate(format!("{what} of the erasure at {}", row.position));
        let mut certificate = Certificate {
            tenant: row.tenant_id.parse().map_err(|_| wrong("the tenant"))?,
            subject: row.subject.parse().map_err(|_| wrong("the subject"))?,
            position: u64::try_from(row.position).unwrap_or_default(),
            hash: hex::encode(&row.hash),
            erased_at: row.recorded_at.to_jiff(),
            actor: row.actor,
            keys: Vec::new(),
            streams: Vec::new(),
            read_models: Vec::new(),
            beside: Vec::new(),
            in_the_clear: Vec::new(),
        };
        gather(&mut connection, &mut certificate).await?;
        let origin = origin(key.verifier().name(), certificate.tenant);
        let text = certificate.text(&origin)?;
        let line = signature_line(&key.verifier().named(&origin), &key.sign(&text));
        let written = sqlx::query!(
            "update erasure_certificates set note = $3, signed_at = $4 \
             where tenant_id = $1 and position = $2 and note is null",
            row.tenant_id,
            row.position,
            format!("{text}\n{line}"),
            now.to_sqlx() as SqlTimestamp
        )
        .execute(&mut *connection)
        .await?;
        signed += written.rows_affected();
    }
    Ok(signed)
}

async fn gather(connection: &mut PgConnection, certificate: &mut Certificate) -> Result<(), SealError> {
    let (tenant, position) = (
        certificate.tenant.to_string(),
        i64::try_from(certificate.position).unwrap_or(i64::MAX),
    );
    let keys = sqlx::query!(
        r#"
        select key_id, event_type, month as "month: SqlDate"
        from subject_keys
        where tenant_id = $1
          and erased_position = $2
          and wrapped is null
        order by key_id
        "#,
        tenant,
        position
    )
    .fetch_all(&mut *connection)
    .await?;
    certificate.keys = keys
        .into_iter()
        .map(|key| ErasedKey {
            id: key.key_id,
            fields: personal_fields(&key.event_type).to_vec(),
            event_type: key.event_type,
            month: key.month.to_jiff(),
        })
        .collect();
    let masked = sqlx::query!(
        "select read_model, rows from erasure_masks where tenant_id = $1 and position = $2 order by read_model",
        tenant,
        position
    )
    .fetch_all(&mut *connection)
    .await?;
    (certificate.beside, certificate.read_models) = masked
        .into_iter()
        .map(|row| MaskedRows {
            name: row.read_model,
            rows: u64::try_from(row.rows).unwrap_or_default(),
        })
        .partition(|masked| BESIDE.contains(&masked.name.as_str()));
    let mut streams: BTreeMap<String, u64> = BTreeMap::new();
    for event in events_about(connection, certificate.tenant, &certificate.subject).await? {
        if event.position > certificate.position {
            break;
        }
        if event.fields.iter().any(|(_, is_sealed)| !is_sealed) {
            certificate.in_the_clear.push(event.position);
        }
        let erased = |key: &ErasedKey| key.event_type == event.event_type;
        if event.fields.iter().any(|(_, is_sealed)| *is_sealed) && certificate.keys.iter().any(erased) {
            *streams.entry(event.stream).or_default() += 1;
        }
    }
    certificate.streams = streams
        .into_iter()
        .map(|(stream, events)| ErasedStream { stream, events })
        .collect();
    Ok(())
}
