//! Connectors over GraphQL.

use async_graphql::{ID, SimpleObject};
use domain::connector::{Command, Connector as Aggregate};
use projections::connector::{ConnectorList, ConnectorRow};

use super::kit::{
    Attribute, AttributeInput, DateTime, Long, NodeId, attributes, evidence, mutations, parsed, queries,
};

mutations! {
    /// What may be asked of connectors.
    ConnectorMutation: Aggregate, Write;

    /// Sets a connector up: what brings records from a foreign system.
    register_connector(Creating, RegisterConnectorInput {
        /// The name to show.
        name: String,
        /// Its source and form, for instance `csv_file`.
        kind: String,
        /// Names and values that its kind understands; no secrets.
        #[graphql(default)]
        settings: Vec<AttributeInput>,
    })
    |input| Command::Register {
        name: input.name,
        kind: input.kind,
        settings: attributes("settings", input.settings)?,
    };

    /// Replaces a connector's settings.
    reconfigure_connector(Changing, ReconfigureConnectorInput {
        /// Names and values that its kind understands; no secrets.
        settings: Vec<AttributeInput>,
    })
    |input| Command::Reconfigure { settings: attributes("settings", input.settings)? };

    /// Takes down that a connector has other credentials.
    replace_connector_credentials(Changing, ReplaceConnectorCredentialsInput {
        /// The SHA-256 of the new ones, in 64 lower-case hexadecimal digits; never the secret itself.
        fingerprint: String,
    })
    |input| Command::ReplaceCredentials { fingerprint: parsed("fingerprint", &input.fingerprint)? };

    /// Lets a connector rest.
    pause_connector(Changing, PauseConnectorInput {
        /// Why.
        reason: String,
    })
    |input| Command::Pause { reason: input.reason };

    /// Lets a connector work again.
    resume_connector(Changing, ResumeConnectorInput {})
    |_| Command::Resume;

    /// Takes a connector away for good.
    remove_connector(Changing, RemoveConnectorInput {
        /// Why.
        reason: String,
    })
    |input| Command::Remove { reason: input.reason };
}

/// A connector as it is now, and how its last sync went.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Connector {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The name to show.
    name: String,
    /// Its source and form, for instance `csv_file`.
    kind: String,
    /// Names and values that its kind understands.
    settings: Vec<Attribute>,
    /// `active`, `paused` or `removed`.
    status: String,
    /// How many syncs completed.
    syncs: i64,
    /// Records that they brought new.
    recorded: Long,
    /// Records that were known before.
    known: Long,
    /// Records that could not be taken.
    rejected: Long,
    /// The last sync's id.
    last_sync: Option<ID>,
    /// `running`, `completed` or `failed`.
    last_sync_status: Option<String>,
    /// When the last sync began or ended.
    last_sync_at: Option<DateTime>,
    /// How far the source has been read.
    last_cursor: Option<String>,
    /// Why the last sync failed.
    last_error: Option<String>,
    /// When it was registered.
    registered_at: DateTime,
}

impl From<ConnectorRow> for Connector {
    fn from(row: ConnectorRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<ConnectorList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            kind: row.kind,
            settings: row.settings.into_iter().map(Attribute::from).collect(),
            status: row.status,
            syncs: row.syncs,
            recorded: row.recorded.into(),
            known: row.known.into(),
            rejected: row.rejected.into(),
            last_sync: row.last_sync.map(ID),
            last_sync_status: row.last_sync_status,
            last_sync_at: row.last_sync_at.map(Into::into),
            last_cursor: row.last_cursor,
            last_error: row.last_error,
            registered_at: row.created_at.into(),
        }
    }
}

evidence!(Connector of ConnectorList, |row| vec![("id", row.local_id.clone())]);

queries! {
    ConnectorQuery: ConnectorList, Read => Connector, ConnectorConnection, ConnectorEdge;
    connector("A connector of the tenant; null when there is none of this id."),
    connectors("The tenant's connectors, newest first.", "the tenant's connectors"),
    ConnectorFilter {
        /// Of this kind, for instance `csv_file`.
        kind,
        /// In this status: `active`, `paused` or `removed`.
        status,
    },
    ConnectorOrder, ConnectorOrderField {
        /// When it was registered.
        RegisteredAt => Moments created_at,
        /// Its name.
        Name => Texts name,
        /// How many records it brought.
        Recorded => Numbers recorded,
    }
}
