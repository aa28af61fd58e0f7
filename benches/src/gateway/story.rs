//! A database of audit entries, the same for every server that is measured on it.

use crate::server::Server;
use crate::usage_log::UsageLog;

/// How many connections to the database each server may open.
pub(super) const CONNECTIONS: &str = "16";

/// A database with its tenant.
pub(super) struct Story {
    pub(super) url: String,
    pub(super) tenant: String,
    log: UsageLog,
}

impl Story {
    /// So many events, all of them in the audit feed.
    pub(super) async fn of(server: &Server, events: u64) -> anyhow::Result<Self> {
        let log = UsageLog::filled(server, events).await?;
        let projector = log.projector();
        projector.wait_for(events).await?;
        projector.stop().await;
        sqlx::raw_sql("vacuum analyze")
            .execute(&server.owner(&log.url)?)
            .await?;
        Ok(Self {
            url: log.url.clone(),
            tenant: log.caller.tenant.to_string(),
            log,
        })
    }

    pub(super) async fn close(self) {
        self.log.close().await;
    }
}
