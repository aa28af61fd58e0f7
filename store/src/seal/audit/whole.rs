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
use crate::seal::proofs::Seals;
use crate::seal::tables::number;

/// What is audited, and against what.
#[derive(Clone, Debug, Default)]
pub struct AuditOrder {
    /// Only this tenant's part.
    pub tenant: Option<TenantId>,
    /// The keys that are trusted; none: those that the database says.
    pub trusted: Option<Trusted>,
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
        archives(&mut transaction, (order.archives, &trusted), &mut audited).await?;
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
        for tenant in &everybody {
            let size = sqlx::query_scalar!("select size from seal_trees where tenant_id = $1", tenant)
                .fetch_optional(&mut *transaction)
                .await?;
            let ground = Ground {
                keys: &keys,
                trusted: &trusted,
                sealed,
                archived,
                size: size.map_or(0, number),
                kept: kept.get(tenant).cloned(),
            };
            TenantAudit::new(tenant, ground)
                .run(&mut transaction, &mut audited)
                .await?;
        }
        Ok(audited)
    }
}

/// Up to where the log is sealed, and up to where it is in archives.
async fn head(connection: &mut PgConnection, audited: &mut Audited) -> Result<(u64, u64), SealError> {
    let row = sqlx::query!(
        r#"
        select s.position as sealed, (select l.position from log_head l) as head,
               (select max(a.last_position) from log_archives a where a.mounted_at is null) as archived
        from seal_head s
        "#
    )
    .fetch_one(connection)
    .await?;
    let (sealed, head) = (number(row.sealed), row.head.map_or(0, number));
    if head < sealed {
        audited.findings.push(Finding {
            tenant: None,
            trace: Trace::Head { head, sealed },
        });
    }
    Ok((sealed, row.archived.map_or(0, number)))
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
