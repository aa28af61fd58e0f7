//! Pages of the audit feed.

use domain::{ActorKind, TenantId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder, Transaction};

use super::search::{Outcome, holds, text_condition};
use super::{AuditFeed, Entry};
use crate::engine::{Along, count};
use crate::reader::{Conditions, Direction, Listed, Page, Paged, QueryError, Reader, Total, Way, read};

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
    /// In this workspace.
    pub workspace_id: Option<String>,
    /// Of this request, import or run.
    pub correlation_id: Option<String>,
    /// Caused by the event of this id.
    pub causation_id: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// With this text in what happened, in the action or in the ids.
    pub text: Option<String>,
    /// Happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Happened before this moment.
    pub before: Option<Timestamp>,
}

const ACTOR_KINDS: [ActorKind; 5] = [
    ActorKind::User,
    ActorKind::Agent,
    ActorKind::Connector,
    ActorKind::ApiKey,
    ActorKind::System,
];

/// By what the feed is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By when it was written down: the order of the log.
    #[default]
    Recorded,
    /// By when it happened.
    Occurred,
}

/// In which order the feed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: By,
    /// Which way.
    pub way: Way,
}

/// The place of an entry: its position, or when it happened and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EntryPlace {
    /// In the order of the log.
    Recorded(u64),
    /// In the order of what happened.
    Occurred(Timestamp, u64),
}

impl EntryPlace {
    /// The entry's position.
    const fn position(self) -> u64 {
        match self {
            Self::Recorded(position) | Self::Occurred(_, position) => position,
        }
    }

    /// Whether it is a place of this order.
    #[must_use]
    pub const fn fits(&self, by: By) -> bool {
        matches!(
            (self, by),
            (Self::Recorded(_), By::Recorded) | (Self::Occurred(..), By::Occurred)
        )
    }
}

/// Which entries, in which order, and whether all are counted.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Which.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Whether all are counted.
    pub total: Total,
}

#[derive(Deserialize)]
struct PlaceOf {
    position: u64,
    occurred_at: Timestamp,
}

impl Filter {
    /// This filter, with what another one asks for where it asks for nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            actor_kind: self.actor_kind.or(other.actor_kind),
            actor_id: self.actor_id.or(other.actor_id),
            action: self.action.or(other.action),
            entity_type: self.entity_type.or(other.entity_type),
            entity_id: self.entity_id.or(other.entity_id),
            workspace_id: self.workspace_id.or(other.workspace_id),
            correlation_id: self.correlation_id.or(other.correlation_id),
            causation_id: self.causation_id.or(other.causation_id),
            outcome: self.outcome.or(other.outcome),
            text: self.text.or(other.text),
            from: self.from.or(other.from),
            before: self.before.or(other.before),
        }
    }

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
            && (self.workspace_id.is_none() || self.workspace_id == entry.workspace_id)
            && (self.correlation_id.is_none() || self.correlation_id == entry.correlation_id)
            && (self.causation_id.is_none() || self.causation_id == entry.causation_id)
            && self
                .outcome
                .is_none_or(|outcome| outcome == Outcome::of(&entry.action))
            && self.text.as_ref().is_none_or(|text| holds(entry, text))
            && self.from.is_none_or(|from| entry.occurred_at >= from)
            && self.before.is_none_or(|before| entry.occurred_at < before)
    }

    pub(super) fn conditions(&self, query: &mut QueryBuilder<'static, Postgres>, tenant: TenantId) {
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        let mut conditions = Conditions(query);
        conditions.equal("actor_kind", self.actor_kind.as_ref());
        conditions.equal("actor_id", self.actor_id.as_ref());
        conditions.equal("entity_type", self.entity_type.as_ref());
        conditions.equal("entity_id", self.entity_id.as_ref());
        // The indexes begin with the kind: an id alone is looked for under each.
        if self.actor_kind.is_none() && self.actor_id.is_some() {
            conditions.any("actor_kind", ACTOR_KINDS.map(|kind| kind.to_string()).into());
        }
        if self.entity_type.is_none() && self.entity_id.is_some() {
            let kinds = domain::Event::AGGREGATE_TYPES.iter();
            conditions.any("entity_type", kinds.map(ToString::to_string).collect());
        }
        conditions.equal("workspace_id", self.workspace_id.as_ref());
        conditions.equal("correlation_id", self.correlation_id.as_ref());
        conditions.equal("causation_id", self.causation_id.as_ref());
        conditions.moment("occurred_at", ">=", self.from);
        conditions.moment("occurred_at", "<", self.before);
        match self
            .action
            .as_ref()
            .map(|action| (action, action.strip_suffix('*')))
        {
            Some((_, Some(family))) => {
                query.push(" and t.action >= ").push_bind(family.to_owned());
                query.push(" and t.action < ").push_bind(end_of(family));
            }
            Some((action, None)) => {
                query.push(" and t.action = ").push_bind(action.clone());
            }
            None => {}
        }
        if let Some(outcome) = self.outcome {
            outcome.condition(query);
        }
        if let Some(text) = &self.text {
            text_condition(query, text);
        }
    }
}

/// So many actions of a family are looked up one by one at most.
const FAMILY_AT_MOST: i64 = 100;

impl Filter {
    /// The family of actions, if that is all that is asked for.
    fn family_alone(&self) -> Option<&str> {
        let family = self.action.as_deref()?.strip_suffix('*')?;
        let others = Self {
            action: None,
            ..self.clone()
        };
        (others == Self::default()).then_some(family)
    }
}

/// The actions of a family that a tenant has, by jumps along their index; `None`: there are too many.
async fn actions_of(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    family: &str,
) -> Result<Option<Vec<String>>, QueryError> {
    let actions: Vec<String> = sqlx::query_scalar(
        "with recursive known (action) as ( \
             (select t.action from audit_feed t \
              where t.tenant_id = $1 and t.action >= $2 and t.action < $3 order by t.action limit 1) \
             union all \
             select (select t.action from audit_feed t \
                     where t.tenant_id = $1 and t.action > k.action and t.action < $3 order by t.action limit 1) \
             from known k where k.action is not null \
         ) \
         select action from known where action is not null limit $4",
    )
    .bind(tenant.to_string())
    .bind(family)
    .bind(end_of(family))
    .bind(FAMILY_AT_MOST + 1)
    .fetch_all(&mut **transaction)
    .await?;
    let is_small = i64::try_from(actions.len()).is_ok_and(|len| len <= FAMILY_AT_MOST);
    Ok(Some(actions).filter(|_| is_small))
}

/// In the "C" collation, the names of a family lie between it and its last letter's successor.
fn end_of(family: &str) -> String {
    format!("{family}\u{10ffff}")
}

impl Reader {
    /// The tenant's entry of a position; `None` if it has none there.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn audit_entry(&self, tenant: TenantId, position: u64) -> Result<Option<Entry>, QueryError> {
        let table = self.table::<AuditFeed>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.position = ").push_bind(count(position));
        Ok(Self::rows(self.begin(tenant).await?, query).await?.pop())
    }

    /// A page of the tenant's entries.
    ///
    /// # Errors
    /// [`QueryError::TooWide`] when a text would be looked for in too many entries, [`QueryError::TooSlow`] when they
    /// take too long to find; others when the database is away.
    pub async fn audit_feed(
        &self,
        tenant: TenantId,
        feed: &Feed,
        page: &Page<EntryPlace>,
    ) -> Result<Listed<Entry, EntryPlace>, QueryError> {
        self.bounded(tenant, &feed.filter).await?;
        let table = self.table::<AuditFeed>().await?;
        let (after, order) = match (feed.order.way, page.direction) {
            (Way::Ascending, Direction::Forward) | (Way::Descending, Direction::Backward) => (">", "asc"),
            (Way::Descending, Direction::Forward) | (Way::Ascending, Direction::Backward) => ("<", "desc"),
        };
        let mut transaction = self.begin_search(tenant).await?;
        let actions = match feed.filter.family_alone() {
            Some(family) if feed.order.by == By::Recorded => {
                let known = actions_of(&mut transaction, tenant, family).await;
                self.searched(known)?
            }
            _ => None,
        };
        let query = if let Some(actions) = actions {
            let from = page.from.map(|from| (after, count(from.position())));
            let along = Along {
                column: "position",
                order,
                from,
                limit: i64::from(page.limit) + 1,
            };
            table.select_each(tenant, ("action", actions), &along)
        } else {
            let mut query = table.select();
            feed.filter.conditions(&mut query, tenant);
            match page.from {
                Some(EntryPlace::Recorded(at)) => {
                    query
                        .push(format!(" and t.position {after} "))
                        .push_bind(count(at));
                }
                Some(EntryPlace::Occurred(at, place)) => {
                    query
                        .push(format!(" and (t.occurred_at, t.position) {after} ("))
                        .push_bind(at.to_sqlx());
                    query.push(", ").push_bind(count(place)).push(")");
                }
                None => {}
            }
            query.push(match feed.order.by {
                By::Recorded => format!(" order by t.position {order}"),
                By::Occurred => format!(" order by t.occurred_at {order}, t.position {order}"),
            });
            query
        };
        let count = (feed.total == Total::Counted).then(|| {
            let mut count = table.count();
            feed.filter.conditions(&mut count, tenant);
            count
        });
        let listed = Self::page(transaction, Paged { query, count }, page, |row| {
            let place: PlaceOf = read(row)?;
            Ok(match feed.order.by {
                By::Recorded => EntryPlace::Recorded(place.position),
                By::Occurred => EntryPlace::Occurred(place.occurred_at, place.position),
            })
        });
        self.searched(listed.await)
    }
}
