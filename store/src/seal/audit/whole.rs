//! Audits the log: its numbering and its head, then one tenant after the other.

use std::collections::HashMap;
use std::path::PathBuf;

use domain::TenantId;
use sqlx::PgConnection;

use super::archives::{ArchiveFiles, archives};
use super::finding::{Audited, Finding, Trace};
use super::leaves::tenants;
use super::tenant::{Ground, TenantAudit};
use crate::seal::checkpoint::{Checkpoint, Trusted};
use crate::seal::error::SealError;
use crate::seal::kept;
use crate::seal::keys::SealKeys;
use crate::seal::note::VerifierKey;
use crate::seal::proofs::Seals;
use crate::seal::tables::number;

/// What is audited, and against what.
#[derive(Clone, Debug, Default)]
pub struct AuditOrder {
    /// Only this tenant's part.
    pub tenant: Option<TenantId>,
    /// The keys that are trusted; none: those that the database says.
    pub trusted: Option<Trusted>,
    /// Witnesses: what they signed of a stored checkpoint must fit it.
    pub witnesses: Vec<VerifierKey>,
    /// A folder of checkpoints that were kept outside of PostgreSQL, one a tenant.
    pub kept: Option<PathBuf>,
    /// Further checkpoints that were kept, as notes.
    pub notes: Vec<String>,
    /// Whether archives are read in their files as well.
    pub archives: ArchiveFiles,
}

impl Seals {
    /// Holds the log in the database against what was signed of it, all in one state of the database.
    ///
    /// # Errors
    /// [`SealError::NothingSealed`]; [`SealError::Read`] when the database is away; [`SealError::Note`] when a
    /// checkpoint that was kept is none.
    pub async fn audit(&self, order: &AuditOrder) -> Result<Audited, SealError> {
        let begin = "begin isolation level repeatable read read only; set local enable_bitmapscan = off";
        let mut transaction = self.log().pool().begin_with(begin).await?;
        let keys = SealKeys::read(&mut transaction)
            .await?
            .ok_or(SealError::NothingSealed)?;
        let mut trusted = order.trusted.clone().unwrap_or_else(|| keys.trusted());
        let mut audited = Audited::default();
        for note in keys.endorsements() {
            if let Err(error) = trusted.endorse(&note) {
                let what = format!("an endorsement of a key: {error}");
                audited.findings.push(Finding {
                    tenant: None,
                    trace: Trace::Tree { what },
                });
            }
        }
        let (sealed, archived) = head(&mut transaction, &mut audited).await?;
        numbering(&mut transaction, archived, &mut audited).await?;
        let kept = kept_checkpoints(order, &keys, &trusted)?;
        let everybody = match order.tenant {
            Some(tenant) => vec![tenant.to_string()],
            None => {
                let mut all = tenants(&mut transaction).await?;
                all.extend(kept.keys().cloned());
                all.sort_unstable();
                all.dedup();
                all
            }
        };
        let files = (order.archives, &trusted);
        archives(&mut transaction, files, &everybody, &mut audited).await?;
        for tenant in &everybody {
            let tree = sqlx::query!(
                "select size, position from seal_trees where tenant_id = $1",
                tenant
            )
            .fetch_optional(&mut *transaction)
            .await?;
            let ground = Ground {
                keys: &keys,
                trusted: &trusted,
                witnesses: &order.witnesses,
                sealed,
                archived,
                size: tree.as_ref().map_or(0, |tree| number(tree.size)),
                position: tree.as_ref().map_or(0, |tree| number(tree.position)),
                kept: kept.get(tenant).cloned(),
            };
            TenantAudit::new(tenant, ground)
                .run(&mut transaction, &mut audited)
                .await?;
        }
        // Where events were changed, the table of streams differs from them anyway.
        if audited.findings.is_empty() {
            streams(&mut transaction, order.tenant, archived, &mut audited).await?;
        }
        Ok(audited)
    }
}

/// Up to where the log is sealed, and up to where it is in archives.
async fn head(connection: &mut PgConnection, audited: &mut Audited) -> Result<(u64, u64), SealError> {
    let row = sqlx::query!(
        r#"
        select s.position as sealed, (select l.position from log_head l) as head,
               (select max(a.last_position) from log_archives a where a.mounted_at is null) as archived,
               (select max(e.position) from events e) as last, (select max(t.position) from seal_trees t) as grown
        from seal_head s
        "#
    )
    .fetch_optional(connection)
    .await?
    .ok_or(SealError::NothingSealed)?;
    let (sealed, head) = (number(row.sealed), row.head.map_or(0, number));
    let archived = row.archived.map_or(0, number);
    let mut found = |trace| audited.findings.push(Finding { tenant: None, trace });
    if head < sealed {
        found(Trace::Head { head, sealed });
    }
    let last = row.last.map_or(0, number).max(archived);
    if head > last {
        found(Trace::Ahead { head, last });
    }
    let grown = row.grown.map_or(0, number);
    if grown != sealed {
        let what =
            format!("it is noted to reach position {sealed}, and its last leaf is that of position {grown}");
        found(Trace::Tree { what });
    }
    Ok((sealed, archived))
}

/// Positions that are missing in the log, or there twice; the first hundred.
async fn numbering(
    connection: &mut PgConnection,
    archived: u64,
    audited: &mut Audited,
) -> Result<(), SealError> {
    let rows = sqlx::query!(
        r#"
        select n.position as "position!", n.before as "before!"
        from (
            select e.position, lag(e.position, 1, $1) over (order by e.position) as before
            from events e
        ) n
        where n.position <> n.before + 1
        order by n.position
        limit 100
        "#,
        crate::seal::tables::bigint(archived)
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (position, rows) = match row.position == row.before {
            true => (number(row.position), 2),
            false => (number(row.before) + 1, 0),
        };
        audited.findings.push(Finding {
            tenant: None,
            trace: Trace::Numbering { position, rows },
        });
    }
    Ok(())
}

/// What the table of streams says that the events do not: by it the next event of a stream is judged. What is at hand of a
/// stream goes without a hole up to its last event, also where years are archived. Facts have no line there: a fact's stream
/// is named by its first event. The first hundred.
async fn streams(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    archived: u64,
    audited: &mut Audited,
) -> Result<(), SealError> {
    let rows = sqlx::query!(
        r#"
        with noted as (
            select aggregate_type, aggregate_id, version
            from streams
            where $1::text is null or aggregate_id like $1 || ':%'
        ),
        at_hand as (
            select aggregate_type, aggregate_id, min(sequence) as first, max(sequence) as last, count(*) as events
            from events_at_hand
            where ($1::text is null or tenant_id = $1)
              and aggregate_type in (
                  select e.aggregate_type
                  from events_at_hand e
                  where e.sequence = 1 and e.aggregate_id <> e.tenant_id || ':' || e.event_id
              )
            group by aggregate_type, aggregate_id
        )
        select coalesce(n.aggregate_type, a.aggregate_type) as "aggregate_type!",
               coalesce(n.aggregate_id, a.aggregate_id) as "aggregate_id!",
               coalesce(n.version, 0) as "version!", coalesce(a.last, 0) as "last!", coalesce(a.events, 0) as "events!"
        from noted n
        full join at_hand a on a.aggregate_type = n.aggregate_type and a.aggregate_id = n.aggregate_id
        where case
                  when a.last is null then $2::bigint = 0
                  else a.last is distinct from n.version or a.events <> a.last - a.first + 1
              end
        order by 1, 2
        limit 100
        "#,
        tenant.map(|tenant| tenant.to_string()),
        crate::seal::tables::bigint(archived)
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (tenant, id) = row
            .aggregate_id
            .split_once(':')
            .unwrap_or(("", &row.aggregate_id));
        let last = number(row.last);
        let what = match number(row.version) {
            version if version == last => {
                format!("only {} of its {last} events are at hand", number(row.events))
            }
            version => format!("it is noted to have {version} events, and its last one is number {last}"),
        };
        audited.findings.push(Finding {
            tenant: Some(tenant.to_owned()),
            trace: Trace::Stream {
                stream: format!("{}/{id}", row.aggregate_type),
                what,
            },
        });
    }
    Ok(())
}

/// The checkpoints that were kept, by the tenant's id.
fn kept_checkpoints(
    order: &AuditOrder,
    keys: &SealKeys,
    trusted: &Trusted,
) -> Result<HashMap<String, Result<Checkpoint, String>>, SealError> {
    let mut all = HashMap::new();
    let of_folder = match &order.kept {
        Some(folder) => kept::notes(folder)?,
        None => HashMap::new(),
    };
    for (tenant, note) in of_folder {
        let opened = Checkpoint::open(&note, trusted).map_err(|error| error.to_string());
        all.insert(tenant, opened);
    }
    for note in &order.notes {
        let checkpoint = Checkpoint::open(note, trusted)?;
        let tenant = checkpoint.origin.strip_prefix(keys.name.as_str());
        let tenant = tenant
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&checkpoint.origin)
            .to_owned();
        all.insert(tenant, Ok(checkpoint));
    }
    if let Some(tenant) = order.tenant {
        all.retain(|owner, _| *owner == tenant.to_string());
    }
    Ok(all)
}
