//! Pricing: from usage and a plan to the lines of an invoice. Pure: no clock, no I/O.
//!
//! Amounts are exact fractions ([`Exact`]) until a line is rounded, once, half away from zero, to the minor unit
//! of its currency (ISO 4217); a total is the sum of rounded lines. A rated line tells each tier's quantity,
//! price and amount, so it can be printed and proved.

mod agreement;
mod billed;
mod bundled;
mod charge;
mod coupon;
mod credit_note;
mod credits;
mod deducted;
mod error;
mod exact;
mod fee;
mod figure;
mod invoice;
mod line;
mod model;
mod outcome;
mod outcome_events;
mod period;
mod plan;
mod plan_changes;
mod price;
mod price_book;
mod roi;
mod spend;
mod tax;
mod usage;
mod validate;
mod validate_meters;
mod validate_model;
mod validate_terms;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, AgreementError, ChangeKind, Part, Then};
pub use billed::{Added, BilledLine, GivenBack, LineKey, added};
pub use bundled::bundled_plans;
pub use charge::{Charge, OnNegative, RoundUnits, Terms, Transform};
pub use coupon::{AppliedCoupon, Coupon, Discount, Lasts, RatedCoupon};
pub use credit_note::{CreditNote, CreditNoteError, InvoicedPart};
pub use credits::{CreditLedger, CreditPart, Entry, Grant, LedgerError, Movement};
pub use deducted::{Deducted, Settlement};
pub use error::{Problem, RatingError};
pub use exact::{Exact, TooLarge};
pub use fee::{Days, Due, FlatFee, Proration};
pub use invoice::{DraftInvoice, Ended, InForce, InvoiceRequest, rate_invoice};
pub use line::{Basis, LineKind, RatedLine, RatedTier, rounded};
pub use model::{
    Dynamic, Graduated, GraduatedPercentage, Model, Package, Percentage, PercentageTier, Standard, Tier,
    Volume,
};
pub use outcome::{BilledStates, Outcome, OutcomeMeter, OutcomeState, OutcomeTerms};
pub use outcome_events::{Paired, Told, Word};
pub use period::{Anchor, Cycle, Interval, OutOfTime, Period, begin_of, day_of};
pub use plan::{Enforcement, Limits, Plan, PlanVersion, Quota};
pub use plan_changes::{Downgrade, OldFees, PlanChanges};
pub use price::Price;
pub use price_book::{
    BundledPrice, CallCost, ModelCall, PriceBook, QUARTER_SECONDS, TokenPrice, Tokens, bundled_prices,
};
pub use roi::{roi, share_of};
pub use spend::{Commitment, TrueUp};
pub use tax::{RatedTax, Tax};
pub use usage::{Transaction, Usage};
pub use validate::{Fault, InvalidPlan};
