//! Pages of the audit feed.

use domain::TenantId;
use jiff::Timestamp;
use serde::Deserialize;

use super::{AuditFeed, Entry};
use crate::reader::{Conditions, Direction, Listed, Page, QueryError, Reader, parse};

/// Which entries; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind of actor.
    pub actor_kind: Option<String>,
    /// Of this actor.
    pub actor_id: Option<String>,
    /// This action, or a family of them (`lead.*`).
    pub action: Option<String>,
    /// To this kind of aggregate.
    pub entity_type: Option<String>,
    /// To this aggregate.
    pub entity_id: Option<String>,
    /// Happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Happened before this moment.
    pub before: Option<Timestamp>,
}

impl Filter {
    /// Whether an entry passes: the same as a page's query says.
    #[must_use]
    pub fn accepts(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let action = match self
            .action
            .as_deref()
            .map(|action| (action, action.strip_suffix('*')))
        {
            Some((_, Some(family))) => entry.action.starts_with(family),
            Some((action, None)) => entry.action == action,
            None => true,
        };
        action
            && is(&self.actor_kind, &entry.actor_kind.to_string())
            && is(&self.actor_id, &entry.actor_id)
            && is(&self.entity_type, &entry.entity_type)
            && is(&self.entity_id, &entry.entity_id)
            && self.from.is_none_or(|from| entry.occurred_at >= from)
            && self.before.is_none_or(|before| entry.occurred_at < before)
    }
}

#[derive(Deserialize)]
struct PositionOf {
    position: u64,
}

impl Reader {
    /// The tenant's entries in the order of the log; backward pages begin with the newest.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn audit_feed(
        &self,
        tenant: TenantId,
        filter: &Filter,
        page: &Page<u64>,
    ) -> Result<Listed<Entry, u64>, QueryError> {
        let table = self.table::<AuditFeed>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        let mut conditions = Conditions(&mut query);
        conditions.equal("actor_kind", filter.actor_kind.as_ref());
        conditions.equal("actor_id", filter.actor_id.as_ref());
        conditions.equal("entity_type", filter.entity_type.as_ref());
        conditions.equal("entity_id", filter.entity_id.as_ref());
        conditions.moment("occurred_at", ">=", filter.from);
        conditions.moment("occurred_at", "<", filter.before);
        match filter
            .action
            .as_deref()
            .map(|action| (action, action.strip_suffix('*')))
        {
            Some((_, Some(family))) => {
                // In the "C" collation, the names of a family lie between it and its last letter's successor.
                query.push(" and t.action >= ").push_bind(family.to_owned());
                query
                    .push(" and t.action < ")
                    .push_bind(format!("{family}\u{10ffff}"));
            }
            Some((action, None)) => {
                query.push(" and t.action = ").push_bind(action.to_owned());
            }
            None => {}
        }
        let (after, order) = match page.direction {
            Direction::Forward => (">", "asc"),
            Direction::Backward => ("<", "desc"),
        };
        if let Some(from) = page.from {
            query
                .push(format!(" and t.position {after} "))
                .push_bind(i64::try_from(from).unwrap_or(i64::MAX));
        }
        query.push(format!(" order by t.position {order}"));
        self.page(tenant, query, page, |row| Ok(parse::<PositionOf>(row)?.position))
            .await
    }
}
