//! Imports of CSV files over GraphQL.

use async_graphql::{ID, InputObject, Object, Result, SimpleObject};
use bytes::Bytes;

use super::kit::{Code, Context, Cursor, Ids, IntoFault, May, UserError, fault, parsed};
use crate::auth::Identity;
use crate::import::{ImportError, ImportRequest};
use crate::options::Options;

/// Runs a CSV file through a mapping. The same file again changes nothing: its records are known.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ImportCsvInput {
    /// The connector in whose name it is imported; it is registered when there is none.
    connector_id: ID,
    /// How a new connector is called.
    connector_name: String,
    /// What the file is called in the sync.
    #[graphql(default_with = "\"upload.csv\".to_owned()")]
    source: String,
    /// The mapping file, as TOML: which column feeds which field.
    mapping: String,
    /// The file's text. Larger files than a request may have are for `annals import`.
    content: String,
}

/// What came of an import.
#[derive(Default, SimpleObject)]
pub(crate) struct ImportCsvPayload {
    /// The sync under which it is written down; null when nothing was new.
    sync_id: Option<ID>,
    /// How many records are new in the log.
    recorded: u64,
    /// How many were in the log before.
    already_known: u64,
    /// How many could not be taken; each is an event `connector_sync.record_rejected` with its row.
    rejected: u64,
    /// The place of its last event in the log: give it as `atLeast` to see its effect.
    cursor: Option<Cursor>,
    /// Why nothing was imported.
    user_errors: Vec<UserError>,
}

/// What may be asked of imports.
#[derive(Default)]
pub(crate) struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Runs a CSV file through a mapping; rows that can't be taken are written down with their reason.
    async fn import_csv(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: ImportCsvInput,
    ) -> Result<ImportCsvPayload> {
        let identity = ctx.data::<Identity>()?;
        let caller = May::Ingest
            .check(identity)
            .and_then(|()| identity.caller())
            .map_err(IntoFault::into_fault)?;
        let Some(import) = &ctx.data::<Options>()?.csv_import else {
            let message =
                "this process runs no imports: send it to one with the role `ingest`, or use `annals import`";
            return Err(fault(Code::Unavailable, message));
        };
        let connector = Ids::of(ctx)?
            .input("connectorId", &["connector"], input.connector_id)
            .and_then(|id| parsed::<domain::connector::ConnectorId>("connectorId", &id));
        let connector = match connector {
            Ok(connector) => connector,
            Err(error) => {
                return Ok(ImportCsvPayload {
                    user_errors: vec![error],
                    ..ImportCsvPayload::default()
                });
            }
        };
        let request = ImportRequest {
            connector_id: connector.to_string(),
            connector_name: input.connector_name,
            source: input.source,
            mapping_toml: input.mapping,
            csv: Bytes::from(input.content),
        };
        let tenant = caller.tenant;
        let error = match import.import(caller, request).await {
            Ok(report) => {
                return Ok(ImportCsvPayload {
                    sync_id: report.sync_id.map(ID::from),
                    recorded: report.recorded,
                    already_known: report.known,
                    rejected: report.rejected,
                    cursor: report.position.map(|position| Cursor::at(tenant, position)),
                    user_errors: Vec::new(),
                });
            }
            Err(ImportError::Unavailable { message }) => return Err(fault(Code::Unavailable, message)),
            Err(ImportError::Invalid { field, message }) => UserError::invalid(&[field], &message),
            Err(ImportError::Refused { code, message }) => UserError::at(&[], &code, message),
        };
        Ok(ImportCsvPayload {
            user_errors: vec![error],
            ..ImportCsvPayload::default()
        })
    }
}
