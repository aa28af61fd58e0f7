//! `/invoices/INV-000042.pdf` and `.csv`: an invoice as a file.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use domain::api_key::Scope;
use domain::invoice::InvoiceId;
use domain::{Caller, InvalidValue};
use projections::QueryError;
use projections::invoice::{InvoiceList, InvoiceRow};
use projections::tenant::TenantRow;

use crate::auth::{Authenticator, Identity, denied_response, may_see, protect};
use crate::invoicing::{csv, document};
use crate::options::Options;

/// The routes, for whoever may see invoices.
pub(super) fn routes(options: Options, authenticator: Authenticator) -> Router {
    let files = Router::new()
        .route("/invoices/{file}", get(invoice))
        .with_state(options);
    protect(files, authenticator, Scope::Read)
}

async fn invoice(
    State(options): State<Options>,
    Extension(identity): Extension<Identity>,
    Extension(caller): Extension<Caller>,
    Path(file): Path<String>,
) -> Response {
    if let Err(denied) = may_see(&identity, "invoice") {
        return denied_response(denied);
    }
    let named = file
        .rsplit_once('.')
        .filter(|(_, ending)| ["csv", "pdf"].contains(ending));
    let Some((number, ending)) = named else {
        let message = "name a file: the invoice's number with .pdf or .csv, for instance INV-000042.pdf\n";
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let id: Result<InvoiceId, InvalidValue> = number.parse();
    let id = match id {
        Ok(id) => id,
        Err(error) => return (StatusCode::NOT_FOUND, format!("{error}\n")).into_response(),
    };
    let (row, tenant) = match rows(&options, &caller, &id).await {
        Ok(Some(rows)) => rows,
        Ok(None) => return (StatusCode::NOT_FOUND, format!("there is no invoice {id}\n")).into_response(),
        Err(error) => {
            tracing::warn!(%error, "api.download the read models are away");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let (kind, bytes) = match ending {
        "pdf" => ("application/pdf", document(&row, &tenant).pdf()),
        _ => ("text/csv; charset=utf-8", csv(&row).into_bytes()),
    };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.{ending}\""),
        ),
    ];
    (headers, bytes).into_response()
}

async fn rows(
    options: &Options,
    caller: &Caller,
    id: &InvoiceId,
) -> Result<Option<(InvoiceRow, TenantRow)>, QueryError> {
    let row = options
        .reader
        .entity::<InvoiceList>(caller.tenant, id.as_str())
        .await?;
    let tenant = options.reader.tenant(caller.tenant).await?;
    Ok(row.zip(tenant))
}
