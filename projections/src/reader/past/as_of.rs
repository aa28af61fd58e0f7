//! What the read models said at a past position: the same folds over a tenant's events up to it, in memory.

use std::sync::Arc;

use domain::TenantId;
use jiff::Timestamp;
use store::Part;

use super::{Past, PastError};
use crate::engine::history::{Fields, Memory, Pace, Walk, stored_form};
use crate::engine::{EntityKey, ReadModel, RowKey, Table};
use crate::reader::{Direction, List, Listed, Place, Total};

/// A point in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Right after the event at this position.
    Position(u64),
    /// Right after all that was recorded at this moment or before it.
    Time(Timestamp),
}

/// A row with its columns.
type Known<M> = (<M as ReadModel>::Row, Fields);

impl Past {
    /// The position that a point in the past of a tenant means; none is given: of anybody's.
    ///
    /// # Errors
    /// [`PastError`] when it has not come: a moment after `now`, or a position beyond the log's end; and when it is a
    /// moment of an archived year that is not mounted.
    pub async fn position(
        &self,
        tenant: Option<TenantId>,
        point: AsOf,
        now: Timestamp,
    ) -> Result<u64, PastError> {
        match point {
            AsOf::Time(wanted) if wanted > now => Err(PastError::InTheFuture { wanted, now }),
            AsOf::Time(wanted) => Ok(self.log.position_at(tenant, wanted).await?),
            AsOf::Position(wanted) => {
                let head = self.log.head().await?;
                if wanted > head {
                    return Err(PastError::NotRecorded { wanted, head });
                }
                Ok(wanted)
            }
        }
    }

    /// The row of one aggregate as it was at a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn entity<M>(
        &self,
        tenant: TenantId,
        id: &str,
        position: u64,
    ) -> Result<Option<M::Row>, PastError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let key = EntityKey {
            tenant_id: tenant,
            id: id.to_owned(),
        };
        self.row::<M>(&key, position).await
    }

    /// The row of a key as it was at a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn row<M: ReadModel>(&self, key: &M::Key, position: u64) -> Result<Option<M::Row>, PastError> {
        let work = async {
            let table = self.reader.table::<M>().await?;
            let memory = self.fold::<M>(key.part(M::READS), position).await?;
            memory
                .into_row(key)
                .map(|row| formed::<M>(&table, &row))
                .transpose()
        };
        Ok(self.in_time(work).await?.map(|(row, _)| row))
    }

    /// All rows of a tenant as they were at a position, in the order of their keys.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn rows<M: ReadModel>(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<Vec<M::Row>, PastError> {
        let known = self.in_time(self.known::<M>(tenant, position)).await?;
        Ok(known.into_iter().map(|(row, _)| row).collect())
    }

    /// A page of the tenant's rows as they were at a position: what [`Reader::list`] gives of
    /// the present.
    ///
    /// [`Reader::list`]: crate::Reader::list
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn list<M>(
        &self,
        tenant: TenantId,
        list: &List,
        position: u64,
    ) -> Result<Listed<M::Row, Place>, PastError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let known = self.in_time(self.known::<M>(tenant, position)).await?;
        let is_wanted = |columns: &Fields| {
            let text = |column: &str| columns.get(column).and_then(|held| held.as_str());
            let made: Option<Timestamp> = text("created_at").and_then(|at| at.parse().ok());
            list.equal
                .iter()
                .all(|(column, value)| text(column) == Some(value))
                && (list.any_of.is_empty()
                    || list
                        .any_of
                        .iter()
                        .any(|(column, value)| text(column) == Some(value)))
                && list.from.is_none_or(|from| made >= Some(from))
                && list.before.is_none_or(|before| made < Some(before))
        };
        let (sort, page) = (list.sort, &list.page);
        let mut rows: Vec<(Place, M::Row)> = Vec::new();
        for (row, columns) in known {
            if is_wanted(&columns) {
                rows.push((sort.place(&columns)?, row));
            }
        }
        rows.sort_unstable_by(|(left, _), (right, _)| sort.compare(left, right));
        let total = (list.total == Total::Counted).then_some(rows.len() as u64);
        if let Some(from) = &page.from {
            rows.retain(|(place, _)| match page.direction {
                Direction::Forward => sort.compare(place, from).is_gt(),
                Direction::Backward => sort.compare(place, from).is_lt(),
            });
        }
        let limit = page.limit as usize;
        let more = rows.len() > limit;
        match page.direction {
            Direction::Forward => rows.truncate(limit),
            Direction::Backward => drop(rows.drain(..rows.len().saturating_sub(limit))),
        }
        Ok(Listed { rows, more, total })
    }

    async fn known<M: ReadModel>(&self, tenant: TenantId, position: u64) -> Result<Vec<Known<M>>, PastError> {
        let table = self.reader.table::<M>().await?;
        let part = Part::Tenant {
            tenant,
            aggregates: M::READS,
        };
        let rows = self.fold::<M>(part, position).await?.into_rows();
        rows.iter().map(|(row, _)| formed::<M>(&table, row)).collect()
    }

    async fn fold<M: ReadModel>(&self, part: Part, position: u64) -> Result<Memory<M>, PastError> {
        let waiting = self.waiting(M::NAME, part.tenant()).await?;
        let mut walk = Walk::new(self.log.clone(), part, position).without(waiting);
        let mut pace = Pace::new(None);
        let mut memory = Memory::<M>::default();
        loop {
            let page = walk.next(&mut pace).await?;
            if page.is_empty() {
                return Ok(memory);
            }
            memory.take(&page)?;
            if memory.len() > self.limits.rows {
                return Err(PastError::TooManyRows {
                    read_model: M::NAME,
                    limit: self.limits.rows,
                });
            }
        }
    }

    /// Does some work in turn, and not for too long.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, PastError>>,
    ) -> Result<T, PastError> {
        let limit = self.limits.time;
        let in_turn = async {
            // It is never closed.
            let _turn = self.turns.acquire().await;
            work.await
        };
        tokio::time::timeout(limit, in_turn)
            .await
            .unwrap_or(Err(PastError::TooLong { limit }))
    }
}

fn formed<M: ReadModel>(table: &Arc<Table>, row: &M::Row) -> Result<Known<M>, PastError> {
    stored_form::<M>(table, row).map_err(|reason| PastError::Row {
        read_model: M::NAME,
        reason: reason.to_string(),
    })
}
