//! The events behind a row that differs between two builds.

use domain::TenantId;
use store::Filter;

use super::{Explained, Past, PastError, model_named};
use crate::engine::RowDifference;
use crate::engine::history::Touch;

impl Past {
    /// A page of the events behind a row that differs: up to `limit` after a position, up to the position at which
    /// the builds were compared. They are those that this program's fold makes the row of; if it makes none of it
    /// any more, those that changed the stored rows last.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn behind(
        &self,
        (read_model, compared_at): (&str, u64),
        row: &RowDifference,
        after: u64,
        limit: usize,
    ) -> Result<Explained, PastError> {
        let (tenant, key) = named(read_model, &row.key)?;
        let story = self.story(read_model, tenant, &key, Some(compared_at)).await?;
        match self.explain(story, after, limit).await {
            Err(PastError::NoSuchRow { .. }) => self.last_of(tenant, row, after).await,
            explained => explained,
        }
    }

    async fn last_of(
        &self,
        tenant: TenantId,
        row: &RowDifference,
        after: u64,
    ) -> Result<Explained, PastError> {
        let mut positions: Vec<u64> = [row.live_at, row.build_at].into_iter().flatten().collect();
        positions.sort_unstable();
        positions.dedup();
        let mut touches = Vec::new();
        for position in positions.into_iter().filter(|position| *position > after) {
            let before = position.saturating_sub(1);
            let found = self.log.page(before, &Filter::tenant(tenant), 1).await?;
            let event = found.into_iter().find(|event| event.position == position);
            touches.extend(event.map(|event| Touch {
                event: event.into(),
                row: None,
                changed: Vec::new(),
            }));
        }
        Ok(Explained { touches, more: false })
    }
}

/// The tenant of a row, and the names and values of its key's other columns.
fn named(read_model: &str, key: &[String]) -> Result<(TenantId, Vec<(String, String)>), PastError> {
    let model = model_named(read_model)?;
    let columns = model.key().iter().copied().zip(key.iter().cloned());
    let (own, others): (Vec<_>, Vec<_>) = columns.partition(|(column, _)| *column == "tenant_id");
    let tenant = own.into_iter().next().and_then(|(_, id)| id.parse().ok());
    let tenant = tenant.ok_or_else(|| PastError::Row {
        read_model: model.name(),
        reason: format!("the row {} is no tenant's", key.join(" ")),
    })?;
    let owned = |(column, value): (&str, String)| (column.to_owned(), value);
    Ok((tenant, others.into_iter().map(owned).collect()))
}
