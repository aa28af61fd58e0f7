//! Connectors' syncs over GraphQL.

use async_graphql::ID;
use domain::connector_sync::{Command, ConnectorSync as Aggregate};

use super::kit::mutations;

mutations! {
    /// What may be asked of connectors' syncs.
    ConnectorSyncMutation: Aggregate, Ingest;

    /// Begins a connector's sync: one run over a source.
    start_connector_sync(Creating, StartConnectorSyncInput {
        /// The connector that runs.
        connector: ID,
        /// What it reads: a file's name, an account, a topic.
        source: String,
    })
    |input, ids| Command::Start {
        connector: ids.input("connector", &["connector"], input.connector)?,
        source: input.source,
    };

    /// Says how far a sync is.
    progress_connector_sync(Changing, ProgressConnectorSyncInput {
        /// How many records it has read so far.
        records: u64,
        /// Where the source would go on.
        cursor: Option<String>,
    })
    |input| Command::Progress { records: input.records, cursor: input.cursor };

    /// Takes down a record that a sync cannot take; the rest goes on.
    reject_connector_record(Changing, RejectConnectorRecordInput {
        /// Its place in the source, the first is 1.
        row: u64,
        /// The column that is wrong.
        column: Option<String>,
        /// What the column holds.
        value: Option<String>,
        /// What is wrong with it.
        reason: String,
    })
    |input| Command::RejectRecord {
        row: input.row,
        column: input.column,
        value: input.value,
        reason: input.reason,
    };

    /// Ends a sync at the end of the source.
    complete_connector_sync(Changing, CompleteConnectorSyncInput {
        /// How many records are new in the log.
        recorded: u64,
        /// How many were in the log before.
        known: u64,
        /// How many could not be taken.
        rejected: u64,
        /// Where the source would go on.
        cursor: Option<String>,
    })
    |input| Command::Complete {
        recorded: input.recorded,
        known: input.known,
        rejected: input.rejected,
        cursor: input.cursor,
    };

    /// Ends a sync because something broke.
    fail_connector_sync(Changing, FailConnectorSyncInput {
        /// What broke.
        reason: String,
    })
    |input| Command::Fail { reason: input.reason };
}
