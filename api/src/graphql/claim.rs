//! Claims over GraphQL.

use domain::Personal;
use domain::claim::{Claim as Aggregate, Command};

use super::kit::{Date, MoneyInput, mutations, parsed, payload};

payload!(ClaimPayload, "a claim's command");

mutations! {
    /// What may be asked of claims.
    ClaimMutation: Aggregate, Write => ClaimPayload;

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
}
