//! Claims over GraphQL.

use async_graphql::SimpleObject;
use domain::claim::{Claim as Aggregate, Command};
use domain::{MoneyByCurrency, Personal};
use projections::claim::{ClaimList, ClaimRow};

use super::kit::{Date, DateTime, Money, MoneyInput, NodeId, evidence, mutations, parsed, queries};

mutations! {
    /// What may be asked of claims.
    ClaimMutation: Aggregate, Write;

    /// Sends a claim to the payer.
    submit_claim(Creating, SubmitClaimInput {
        /// The line of business it belongs to, for instance "claims".
        vertical: String,
        /// Who is to pay.
        payer: String,
        /// What is asked for.
        billed: MoneyInput,
        /// The day of the service.
        service_date: Option<Date>,
        /// The patient's name or number.
        patient: Option<String>,
    })
    |input| Command::Submit {
        vertical: parsed("vertical", &input.vertical)?,
        payer: input.payer,
        billed: input.billed.read("billed")?,
        service_date: input.service_date.map(|day| day.0),
        patient: input.patient.map(Personal::new),
    };

    /// Takes down that the payer decided to pay.
    adjudicate_claim(Changing, AdjudicateClaimInput {
        /// What the payer takes for right; at most what was billed.
        allowed: MoneyInput,
        /// What the payer pays; at most what is allowed.
        paid: MoneyInput,
        /// Why the amounts differ: X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        #[graphql(default)]
        reason_codes: Vec<String>,
    })
    |input| Command::Adjudicate {
        allowed: input.allowed.read("allowed")?,
        paid: input.paid.read("paid")?,
        reason_codes: input.reason_codes,
    };

    /// Takes down that the payer decided not to pay.
    deny_claim(Changing, DenyClaimInput {
        /// X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        #[graphql(default)]
        reason_codes: Vec<String>,
        /// Why, in words.
        reason: String,
    })
    |input| Command::Deny { reason_codes: input.reason_codes, reason: input.reason };

    /// Asks the payer to decide again.
    appeal_claim(Changing, AppealClaimInput {
        /// Why.
        reason: String,
    })
    |input| Command::Appeal { reason: input.reason };

    /// Takes down that money came in that was given up.
    recover_claim(Changing, RecoverClaimInput {
        /// How much.
        amount: MoneyInput,
    })
    |input| Command::Recover { amount: input.amount.read("amount")? };

    /// Takes down that the payer took back money that came in.
    reverse_claim_payment(Changing, ReverseClaimPaymentInput {
        /// How much; at most what came in and was not taken back.
        amount: MoneyInput,
        /// Why.
        reason: String,
    })
    |input| Command::ReversePayment { amount: input.amount.read("amount")?, reason: input.reason };
}

/// A claim as it is now: a bill to a payer.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Claim {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The line of business it belongs to.
    vertical: String,
    /// Who is to pay.
    payer: String,
    /// The patient's name or number.
    patient: Option<String>,
    /// The day of the service.
    service_date: Option<Date>,
    /// `submitted`, `adjudicated`, `denied` or `appealed`.
    status: String,
    /// What is asked for.
    billed: Money,
    /// What the payer takes for right.
    allowed: Option<Money>,
    /// What the payer pays.
    paid: Option<Money>,
    /// What came in that was given up, each currency for itself.
    recovered: Vec<Money>,
    /// What the payer took back of what came in, each currency for itself.
    reversed: Vec<Money>,
    /// The reason codes of the last decision (CARC and RARC).
    reason_codes: Vec<String>,
    /// Why it was denied last, in words.
    reason: Option<String>,
    /// When it was submitted.
    submitted_at: DateTime,
    /// When the payer decided last.
    decided_at: Option<DateTime>,
}

impl From<ClaimRow> for Claim {
    fn from(row: ClaimRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<ClaimList>(row.tenant_id, &row.id),
            local_id: row.id,
            vertical: row.vertical.into(),
            payer: row.payer,
            patient: row.patient,
            service_date: row.service_date.map(Into::into),
            status: row.status,
            billed: row.billed.into(),
            allowed: row.allowed.map(Into::into),
            paid: row.paid.map(Into::into),
            recovered: row
                .recovered
                .iter()
                .flat_map(MoneyByCurrency::sums)
                .map(Into::into)
                .collect(),
            reversed: row
                .reversed
                .iter()
                .flat_map(MoneyByCurrency::sums)
                .map(Into::into)
                .collect(),
            reason_codes: row.reason_codes,
            reason: row.reason,
            submitted_at: row.created_at.into(),
            decided_at: row.decided_at.map(Into::into),
        }
    }
}

evidence!(Claim of ClaimList, |row| vec![("id", row.local_id.clone())]);

queries! {
    ClaimQuery: ClaimList, Read => Claim, ClaimConnection, ClaimEdge;
    claim("A claim of the tenant; null when there is none of this id."),
    claims("The tenant's claims, newest first.", "the tenant's claims"),
    ClaimFilter {
        /// Of this line of business.
        vertical,
        /// To this payer.
        payer,
        /// In this status: `submitted`, `adjudicated`, `denied` or `appealed`.
        status,
    },
    ClaimOrder, ClaimOrderField {
        /// When it was submitted.
        SubmittedAt => Moments created_at,
        /// Who is to pay.
        Payer => Texts payer,
    }
}
