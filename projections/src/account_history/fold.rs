//! An event that bears on an account joins those of its thing.

use domain::account::{Change, Fact, Thread};
use domain::{Event, RecordedEvent, StreamId, TenantId};
use serde::{Deserialize, Serialize};
use store::Part;

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// What bears on accounts.
#[derive(Debug)]
pub struct AccountHistory;

/// All that happened to one thing of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountThread {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Which kind of thing: an aggregate's name.
    pub kind: String,
    /// Its id inside the tenant.
    pub id: String,
    /// What happened to it, in the order in which it was written down.
    pub facts: Vec<Fact>,
}

/// The key of a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ThreadKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Which kind of thing.
    pub kind: String,
    /// Its id inside the tenant.
    pub id: String,
}

impl RowKey for ThreadKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }

    /// A thing is an aggregate: its own stream has all of it.
    fn part(&self, reads: &'static [&'static str]) -> Part {
        let place = Event::AGGREGATE_TYPES.iter().find(|kind| **kind == self.kind);
        place.map_or(
            Part::Tenant {
                tenant: self.tenant_id,
                aggregates: reads,
            },
            |aggregate_type| {
                Part::Stream(StreamId {
                    aggregate_type,
                    tenant: self.tenant_id,
                    id: self.id.clone(),
                })
            },
        )
    }
}

impl From<AccountThread> for Thread {
    fn from(row: AccountThread) -> Self {
        Self {
            kind: row.kind,
            id: row.id,
            facts: row.facts,
        }
    }
}

impl ReadModel for AccountHistory {
    const NAME: &'static str = "account_history";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "kind", "id"];
    const READS: &'static [&'static str] = &["invoice", "member", "plan", "subscription", "tenant"];

    type Key = ThreadKey;
    type Row = AccountThread;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<ThreadKey> {
        let change = Change::of(&event.event, &context.zone());
        change.map(|_| key(event)).into_iter().collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        let Some(change) = Change::of(&event.event, &context.zone()) else {
            return Ok(());
        };
        let key = key(event);
        let row = rows.row(key.clone(), || AccountThread {
            tenant_id: key.tenant_id,
            kind: key.kind,
            id: key.id,
            facts: Vec::new(),
        });
        row.facts.push(Fact {
            position: event.position,
            at: event.occurred_at,
            change,
        });
        Ok(())
    }
}

fn key(event: &RecordedEvent) -> ThreadKey {
    ThreadKey {
        tenant_id: event.tenant(),
        kind: event.stream.aggregate_type.to_owned(),
        id: event.stream.id.clone(),
    }
}
