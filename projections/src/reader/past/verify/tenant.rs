//! One tenant's rows of a read model, folded again and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::TenantId;
use serde_json::Value;
use store::Part;

use super::difference::{Difference, DifferenceKind, Parting};
use super::keys::Numbers;
use super::{Extent, Verified};
use crate::engine::history::{
    Fields, OneRow, Pace, Refolding, Refused, Snapshot, Waiting, Walk, again, differing, key_columns,
};
use crate::engine::{AnyReadModel, Table};
use crate::reader::past::{Past, PastError};

/// Rows by the text of their keys.
type ByKey = BTreeMap<String, Fields>;

/// A tenant whose rows are compared.
pub(super) struct Checking<'a> {
    pub(super) past: &'a Past,
    pub(super) model: &'a dyn AnyReadModel,
    pub(super) table: Arc<Table>,
    pub(super) tenant: TenantId,
    pub(super) told: usize,
    pub(super) pace: &'a mut Pace,
    /// The events that the stored rows have not seen, because they wait.
    pub(super) waiting: Waiting,
    pub(super) verified: &'a mut Verified,
}

impl Checking<'_> {
    pub(super) async fn run(&mut self, extent: Extent) -> Result<(), PastError> {
        match extent {
            Extent::All if self.model.appends_only() => self.all_added().await,
            Extent::All => self.all().await,
            Extent::Sample { keys, seed } => self.some(keys, Numbers::new(seed)).await,
        }
    }

    /// Every row that is stored, and every row that should be.
    async fn all(&mut self) -> Result<(), PastError> {
        let mut snapshot = self.snapshot().await?;
        let position = self.checkpoint(&mut snapshot).await?;
        let limit = self.past.limits.rows;
        let rows = snapshot.rows(&self.table, self.tenant, limit + 1).await?;
        self.waiting = snapshot.waiting(self.model.name(), self.tenant).await?;
        drop(snapshot);
        self.verified.parked += self.waiting.keys.len() as u64;
        if rows.len() > limit {
            return Err(self.too_many());
        }
        let stored = self.by_key(rows)?;
        let Some(folded) = self.folded(position).await? else {
            return Ok(());
        };
        let keys: BTreeSet<&String> = stored.keys().chain(folded.keys()).collect();
        for key in keys {
            self.compare(stored.get(key), folded.get(key), position).await?;
        }
        Ok(())
    }

    /// Every entry of a read model that only adds rows, page by page of the log.
    async fn all_added(&mut self) -> Result<(), PastError> {
        let mut snapshot = self.snapshot().await?;
        let position = self.checkpoint(&mut snapshot).await?;
        self.waiting = snapshot.waiting(self.model.name(), self.tenant).await?;
        drop(snapshot);
        self.verified.parked += self.waiting.keys.len() as u64;
        let mut walk = self.walk(position);
        let mut again_folded = self.refolding().all_rows(Arc::clone(&self.table));
        let mut after = 0;
        while after < position {
            let page = walk.next(self.pace).await?;
            let upto = page.last().map_or(position, |noted| noted.event.position);
            if let Err(refused) = again_folded.take(&page) {
                self.refused(&refused, position);
                return Ok(());
            }
            let added = again_folded
                .added()
                .map_err(|reason| self.unfit(reason.to_string()))?;
            let folded = self.keyed(added)?;
            let mut snapshot = self.snapshot().await?;
            let range = (after, upto);
            let rows = snapshot.rows_between(&self.table, self.tenant, range).await?;
            drop(snapshot);
            let stored = self.by_key(rows)?;
            let keys: BTreeSet<&String> = stored.keys().chain(folded.keys()).collect();
            for key in keys {
                self.compare(stored.get(key), folded.get(key), position).await?;
            }
            after = upto;
        }
        Ok(())
    }

    /// The rows of some keys that events touch, and those that are stored next to them.
    async fn some(&mut self, keys: u32, mut numbers: Numbers) -> Result<(), PastError> {
        let mut snapshot = self.snapshot().await?;
        let known = self.checkpoint(&mut snapshot).await?;
        drop(snapshot);
        let mut walk = self.walk(known);
        let mut chosen: BTreeMap<String, Fields> = BTreeMap::new();
        for _ in 0..keys {
            let place = numbers.below(known);
            let noted = match walk.one_after(place, self.pace).await? {
                Some(noted) => Some(noted),
                // Nothing of the tenant lies so far; then from the begin.
                None => walk.one_after(0, self.pace).await?,
            };
            let touched = noted.map(|noted| self.refolding().touched(&noted));
            for key in touched.into_iter().flatten() {
                chosen.insert(text_of(&key), key);
            }
        }
        let mut snapshot = self.snapshot().await?;
        let position = self.checkpoint(&mut snapshot).await?;
        self.waiting = snapshot.waiting(self.model.name(), self.tenant).await?;
        let mut rows = Vec::new();
        // A tenant without events may have rows all the same.
        rows.extend(snapshot.row_after(&self.table, self.tenant, None).await?);
        for key in chosen.values() {
            rows.extend(snapshot.row(&self.table, key).await?);
            rows.extend(snapshot.row_after(&self.table, self.tenant, Some(key)).await?);
        }
        drop(snapshot);
        let stored = self.by_key(rows)?;
        for (text, row) in &stored {
            if let Some(key) = key_columns(self.model.key(), row) {
                chosen.entry(text.clone()).or_insert(key);
            }
        }
        let waits = |key: &&Fields| self.waiting.keys.contains(&texts(self.model.key(), key));
        self.verified.parked += chosen.values().filter(waits).count() as u64;
        self.compare_some(&chosen, &stored, position).await
    }

    async fn compare_some(
        &mut self,
        chosen: &BTreeMap<String, Fields>,
        stored: &ByKey,
        position: u64,
    ) -> Result<(), PastError> {
        let mut together: Option<ByKey> = None;
        for (text, key) in chosen {
            let part = self
                .refolding()
                .part(key)
                .map_err(|reason| self.unfit(reason.to_string()))?;
            let folded = if matches!(part, Part::Tenant { .. }) {
                // What lies among all of the tenant's events is folded once for all keys.
                if together.is_none() {
                    let Some(folded) = self.folded(position).await? else {
                        return Ok(());
                    };
                    together = Some(folded);
                }
                together.as_ref().and_then(|folded| folded.get(text)).cloned()
            } else {
                match self.folded_row(key, part, position).await {
                    Ok(row) => row,
                    Err(PastError::Refused(refused)) => {
                        self.refused(&refused, position);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            };
            self.compare(stored.get(text), folded.as_ref(), position).await?;
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        stored: Option<&Fields>,
        folded: Option<&Fields>,
        position: u64,
    ) -> Result<(), PastError> {
        self.verified.keys += 1;
        let columns = differing(stored, folded);
        if columns.is_empty() {
            return Ok(());
        }
        self.verified.different += 1;
        if self.verified.differences.len() >= self.told {
            return Ok(());
        }
        let kind = match (stored, folded) {
            (None, _) => DifferenceKind::Missing,
            (_, None) => DifferenceKind::Superfluous,
            _ => DifferenceKind::Changed,
        };
        let key = stored
            .or(folded)
            .and_then(|row| key_columns(self.model.key(), row));
        let key = key.unwrap_or_default();
        let part = self
            .refolding()
            .part(&key)
            .map_err(|reason| self.unfit(reason.to_string()))?;
        let mut parting = Parting::new(stored, &columns);
        let mut walk = Walk::new(self.past.log.clone(), part, position).without(self.waiting.clone());
        let mut row = self.one_row(&key)?;
        loop {
            let page = walk.next(self.pace).await?;
            if page.is_empty() {
                break;
            }
            row.take(&page)?.iter().for_each(|touch| parting.take(touch));
        }
        let event = parting.event();
        self.verified.differences.push(Difference {
            tenant: self.tenant,
            key,
            kind,
            columns,
            position,
            event,
        });
        Ok(())
    }

    /// All rows of the tenant at a position; `None`, and a difference, when the fold refuses an event.
    async fn folded(&mut self, position: u64) -> Result<Option<ByKey>, PastError> {
        let mut walk = self.walk(position);
        let mut rows = self.refolding().all_rows(Arc::clone(&self.table));
        loop {
            let page = walk.next(self.pace).await?;
            if page.is_empty() {
                break;
            }
            if let Err(refused) = rows.take(&page) {
                self.refused(&refused, position);
                return Ok(None);
            }
            if rows.len() > self.past.limits.rows {
                return Err(self.too_many());
            }
        }
        let rows = rows.rows().map_err(|reason| self.unfit(reason.to_string()))?;
        self.keyed(rows).map(Some)
    }

    async fn folded_row(
        &mut self,
        key: &Fields,
        part: Part,
        position: u64,
    ) -> Result<Option<Fields>, PastError> {
        let mut walk = Walk::new(self.past.log.clone(), part, position).without(self.waiting.clone());
        let mut row = self.one_row(key)?;
        let mut last = None;
        loop {
            let page = walk.next(self.pace).await?;
            if page.is_empty() {
                return Ok(last);
            }
            if let Some(touch) = row.take(&page)?.pop() {
                let position = touch.event.position;
                last = touch.row.map(|mut row| {
                    row.insert("position".to_owned(), Value::from(position));
                    row
                });
            }
        }
    }

    fn one_row(&self, key: &Fields) -> Result<Box<dyn OneRow>, PastError> {
        let row = self.refolding().one_row(key, Arc::clone(&self.table));
        row.map_err(|reason| self.unfit(reason.to_string()))
    }

    async fn snapshot(&self) -> Result<Snapshot, PastError> {
        Ok(Snapshot::begin(self.past.reader.pool(), self.tenant).await?)
    }

    /// Up to where the rows of a snapshot are folded.
    async fn checkpoint(&self, snapshot: &mut Snapshot) -> Result<u64, PastError> {
        let Some(checkpoint) = snapshot.checkpoint(self.model.name()).await? else {
            return Ok(0);
        };
        if checkpoint.version != self.model.version() {
            return Err(PastError::OtherVersion {
                read_model: self.model.name(),
                stored: checkpoint.version,
                own: self.model.version(),
            });
        }
        Ok(checkpoint.position)
    }

    fn walk(&self, position: u64) -> Walk {
        let part = Part::Tenant {
            tenant: self.tenant,
            aggregates: self.refolding().reads(),
        };
        Walk::new(self.past.log.clone(), part, position).without(self.waiting.clone())
    }

    fn refolding(&self) -> &dyn Refolding {
        again(self.model)
    }

    /// Stored rows by their keys. One that is not of the read model's shape is taken as it is.
    fn by_key(&self, rows: Vec<String>) -> Result<ByKey, PastError> {
        let read = |row: String| {
            let raw = |_| serde_json::from_str(&row).map_err(|error| self.unfit(error.to_string()));
            self.refolding().stored(&row).or_else(raw)
        };
        let rows = rows.into_iter().map(read).collect::<Result<_, _>>()?;
        self.keyed(rows)
    }

    fn keyed(&self, rows: Vec<Fields>) -> Result<ByKey, PastError> {
        let keyed = |row: Fields| {
            let key = key_columns(self.model.key(), &row);
            let key = key.ok_or_else(|| self.unfit("a row has no key".to_owned()))?;
            Ok((text_of(&key), row))
        };
        rows.into_iter().map(keyed).collect()
    }

    fn refused(&mut self, refused: &Refused, position: u64) {
        self.verified.different += 1;
        self.verified.differences.push(Difference {
            tenant: self.tenant,
            key: Fields::new(),
            kind: DifferenceKind::Refused(refused.to_string()),
            columns: Vec::new(),
            position,
            event: None,
        });
    }

    fn unfit(&self, reason: String) -> PastError {
        PastError::Row {
            read_model: self.model.name(),
            reason,
        }
    }

    fn too_many(&self) -> PastError {
        PastError::TooManyRows {
            read_model: self.model.name(),
            limit: self.past.limits.rows,
        }
    }
}

/// The values of a key's columns as texts, in their order.
fn texts(columns: &[&str], key: &Fields) -> Vec<String> {
    let text = |column: &&str| match key.get(*column) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    columns.iter().map(text).collect()
}

fn text_of(key: &Fields) -> String {
    Value::Object(key.clone()).to_string()
}
