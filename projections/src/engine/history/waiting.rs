//! What a read model's live build leaves out: the events of parked streams, which wait. The same events are left out
//! when its rows are folded again, so that the other rows of the tenant are what they are in the table.

use std::collections::{HashMap, HashSet};

use domain::{RecordedEvent, TenantId};
use sqlx::PgConnection;

use crate::engine::position;

/// The streams of a tenant whose events wait, and the rows behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    /// The first position that waits, by aggregate type and id.
    streams: HashMap<(String, String), u64>,
    /// The keys of the rows.
    pub(crate) keys: HashSet<Vec<String>>,
}

impl Waiting {
    /// Those of a read model's live build.
    pub(crate) async fn of(
        connection: &mut PgConnection,
        tenant: TenantId,
        read_model: &str,
    ) -> Result<Self, sqlx::Error> {
        let streams: Vec<(String, String, i64)> = sqlx::query_as(
            "select p.aggregate_type, p.aggregate_id, p.position \
             from read_model_parked p \
             join read_model_builds b on b.name = p.name and b.build = p.build and b.state = 'live' \
             where p.tenant_id = $1 and p.name = $2",
        )
        .bind(tenant.to_string())
        .bind(read_model)
        .fetch_all(&mut *connection)
        .await?;
        if streams.is_empty() {
            return Ok(Self::default());
        }
        let keys: Vec<Vec<String>> = sqlx::query_scalar(
            "select distinct s.key \
             from read_model_stale s \
             join read_model_builds b on b.name = s.name and b.build = s.build and b.state = 'live' \
             where s.tenant_id = $1 and s.name = $2",
        )
        .bind(tenant.to_string())
        .bind(read_model)
        .fetch_all(connection)
        .await?;
        let stream = |(kind, id, from): (String, String, i64)| ((kind, id), position(from));
        Ok(Self {
            streams: streams.into_iter().map(stream).collect(),
            keys: keys.into_iter().collect(),
        })
    }

    /// Whether an event is one of those that wait.
    pub(crate) fn has(&self, event: &RecordedEvent) -> bool {
        if self.streams.is_empty() {
            return false;
        }
        let stream = (event.stream.aggregate_type.to_owned(), event.stream.id.clone());
        let from = self.streams.get(&stream);
        from.is_some_and(|from| event.position >= *from)
    }
}
