//! Issuing invoices over GraphQL.

use async_graphql::{Enum, ID, InputObject, Object, Result};
use domain::RefusalCode as _;
use domain::invoice::Stage;
use projections::StatementError;
use store::StoreError;

use super::kit::{
    Context, Cursor, DateTime, GlobalId, Ids, IntoFault, May, Outcome, Payload, UserError, store_fault,
};
use crate::auth::Identity;
use crate::invoicing::{Invoicing, InvoicingError, IssueWish};
use crate::options::Options;

/// What of a period is billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "Stage")]
pub(crate) enum InvoiceStage {
    /// At its begin: the fees that are due in advance.
    Opening,
    /// When it is over: all that is not billed yet, and what has changed in periods before.
    #[default]
    Closing,
}

/// Issues the invoice of a period; it is issued once, however often that is asked for.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct IssueInvoiceInput {
    /// The subscription: the `id` of an answer, or the one inside the tenant.
    subscription: ID,
    /// A moment of the period.
    at: DateTime,
    /// What of the period.
    stage: Option<InvoiceStage>,
}

/// How invoices are issued.
#[derive(Default)]
pub(crate) struct IssueInvoiceMutation;

#[Object]
impl IssueInvoiceMutation {
    /// Issues the invoice of a subscription's period: frozen as of all that is recorded by now, under the tenant's next
    /// number. What comes late is corrected on the next one.
    async fn issue_invoice(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: IssueInvoiceInput,
    ) -> Result<Payload<IssueInvoiceInput>> {
        let options = ctx.data::<Options>()?;
        let identity = ctx.data::<Identity>()?;
        let caller = May::Write.check(identity).and_then(|()| identity.caller());
        let caller = caller.map_err(IntoFault::into_fault)?;
        let kinds = &["subscription"];
        let subscription = match Ids::of(ctx)?.optional("subscription", kinds, Some(input.subscription)) {
            Ok(subscription) => subscription.unwrap_or_default(),
            Err(error) => return Ok(Outcome::from(error).into()),
        };
        let wish = IssueWish {
            subscription,
            at: input.at.0,
            stage: input.stage.unwrap_or_default().into(),
        };
        let invoicing = Invoicing::new(
            options.store.clone(),
            options.reader.clone(),
            options.past.clone(),
        )
        .in_series(options.invoice_series);
        let issued = match invoicing.issue(&caller, &wish).await {
            Ok(Some(issued)) => issued,
            Ok(None) => {
                let message = "subscription: there is no such subscription".to_owned();
                return Ok(Outcome::from(UserError::refusal("NOT_FOUND", message)).into());
            }
            Err(error) => return Ok(Outcome::from(refused(error)?).into()),
        };
        Ok(Outcome {
            id: Some(GlobalId::of(caller.tenant, "invoice", issued.id.as_str()).encode()),
            local_id: Some(issued.id.as_str().to_owned()),
            version: Some(issued.version),
            cursor: Some(Cursor::at(caller.tenant, issued.position)),
            known: issued.known,
            user_errors: Vec::new(),
        }
        .into())
    }
}

/// What the user can do something about, as the payload tells it; the rest as a fault.
fn refused(error: InvoicingError) -> Result<UserError> {
    let error = match error {
        InvoicingError::Bill(error @ StatementError::Past(_)) => return Err(error.into_fault()),
        InvoicingError::Store(StoreError::Refused(refusal)) => {
            return Ok(UserError::refusal(refusal.code(), refusal.to_string()));
        }
        InvoicingError::Store(error) => return Err(store_fault(error)),
        InvoicingError::Query(error) => return Err(error.into_fault()),
        InvoicingError::Log(error) => return Err(error.into_fault()),
        other => other,
    };
    let (code, path): (&str, &[&str]) = match &error {
        InvoicingError::Nothing => ("NOTHING_TO_BILL", &[]),
        InvoicingError::Bill(StatementError::NotOver { .. }) => ("PERIOD_NOT_OVER", &["at"]),
        InvoicingError::Bill(StatementError::NotBegun { .. }) => ("PERIOD_NOT_BEGUN", &["at"]),
        InvoicingError::Bill(StatementError::BeforeStart(_)) => ("BEFORE_START", &["at"]),
        InvoicingError::Bill(_)
        | InvoicingError::Store(_)
        | InvoicingError::Query(_)
        | InvoicingError::Log(_) => ("CANNOT_BE_BILLED", &[]),
        InvoicingError::Busy => ("CONFLICT", &[]),
    };
    Ok(UserError::at(path, code, error.to_string()))
}
