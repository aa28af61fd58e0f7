//! What a report is made from, all of one position.

use domain::pricing::{PriceBook, TooLarge};
use domain::roi_baseline::Registered;
use domain::roi_snapshot::Report;
use domain::{Currency, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::metered_usage::Span;
use crate::model_use::ModelUseRow;
use crate::reader::StatementError;
use crate::roi_journey::JourneyRow;

/// Which report is wanted.
#[derive(Clone, Debug)]
pub struct RoiWish {
    /// All that it depends on beside events.
    pub report: Report,
    /// The fee is that of this subscription; of all of the tenant's, for none.
    pub subscription: Option<String>,
    /// Up to this position; up to the present for none.
    pub position: Option<u64>,
    /// The moment by which outcomes are settled or not.
    pub now: Timestamp,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RoiError {
    /// The events can't be read or rated.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A figure that can't be kept exactly.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Days that end before they begin, or too many.
    #[error("from, to: {0}")]
    Days(String),
    /// A baseline that does not hold.
    #[error("baseline: {0}")]
    Baseline(String),
    /// A subscription or a baseline that is not there.
    #[error("{0}")]
    Unknown(String),
    /// A figure that is none.
    #[error("{0}")]
    Number(String),
}

/// The rows and events of one position.
#[derive(Clone, Debug)]
pub struct Materials {
    /// The tenant.
    pub tenant: TenantId,
    /// Events up to here are counted.
    pub position: u64,
    /// The days of the report as moments.
    pub span: Span,
    /// Of each registered baseline of a past period, its days as moments; by the baseline's id.
    pub past: Vec<(String, Span)>,
    /// Leads, opportunities, claims and runs.
    pub journeys: Vec<JourneyRow>,
    /// The use of models.
    pub uses: Vec<ModelUseRow>,
    /// What models cost.
    pub book: PriceBook,
    /// Where the tenant's own prices were set.
    pub prices: Vec<u64>,
    /// The baselines, in the order of their registration.
    pub baselines: Vec<Registered>,
    /// What the platform costs.
    pub fees: Vec<Fee>,
}

/// How sure a fee is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeeState {
    /// It was issued: what these invoices come to without taxes, less credit notes.
    Issued(Vec<String>),
    /// It is not issued yet: what the running total comes to without taxes.
    Preview,
    /// It can't be rated, and why.
    Unknown(String),
}

/// What the platform costs in a billing period of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The subscription.
    pub subscription: String,
    /// The billing period's first day.
    pub first_day: Date,
    /// The billing period's last day.
    pub last_day: Date,
    /// How sure it is.
    pub state: FeeState,
    /// In which currency.
    pub currency: Option<Currency>,
    /// What the whole billing period comes to, without taxes.
    pub net: Decimal,
    /// What of it falls on the days of the report: all of it, or its share by days.
    pub counted: Decimal,
    /// Where the events behind it are.
    pub positions: Vec<u64>,
}
