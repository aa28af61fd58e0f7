//! What a subscription's period comes to, over GraphQL: lines that can be opened down to their events.

use std::collections::BTreeMap;

use async_graphql::{ComplexObject, Enum, Object, Result, SimpleObject};
use domain::invoice::{Bill, BillLine};
use domain::pricing::{Basis, CreditPart, Days, Exact, LineKind, OutcomeTerms, Period, RatedLine, RatedTier};
use domain::{Currency, TenantId};
use projections::metered_usage::{MeteredUsage, Span};
use projections::{OutcomeLine, Statement, StatementError, span_of};

use super::kit::{
    Code, Context, Cursor, Date, DateTime, Decimal, IntoFault, May, Money, Reading, fault, reading,
};
use super::metered_usage::{Behind, MeterEvidenceConnection, OutcomePage};
use crate::auth::Identity;
use crate::options::Options;

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "LineKind")]
pub(crate) enum InvoiceLineKind {
    /// A flat fee.
    Fee,
    /// Usage of a meter.
    Usage,
    /// What is missing up to a minimum or a commitment.
    TrueUp,
    /// What usage above a commitment costs more.
    Overage,
    /// What was billed for a time or an outcome that is not delivered.
    Credit,
    /// A difference to what an earlier line billed.
    Correction,
}

/// What a part of a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Basis")]
pub(crate) enum InvoiceBasis {
    /// Units at a price each.
    Units,
    /// Packages at a price each.
    Packages,
    /// An amount of which a share is due; the price is the share.
    Share,
    /// Transactions at a fixed fee each.
    Transactions,
    /// Amounts that the events bring, at a multiplier each.
    OwnAmounts,
    /// A fee for a share of a period.
    Days,
    /// What a limit, a commitment or a correction adds or takes.
    Adjustment,
}

/// What the period of a subscription comes to, as far as events tell: the running total.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoicePreview {
    /// The period's first day.
    first_day: Date,
    /// The period's last day.
    last_day: Date,
    /// The lines: fees for the days on which they are in force, and what was used.
    lines: Vec<InvoiceLine>,
    /// The sum of the lines, each rounded once.
    subtotal: Money,
    /// What coupons take off.
    discount: Money,
    /// The taxes of what is left.
    tax: Money,
    /// What it comes to.
    total: Money,
    /// What prepaid credits would pay of it now.
    credits_drawn: Money,
    /// The same by grant, in the order in which they would be drawn.
    credits: Vec<InvoiceCredit>,
    /// What would be left to pay.
    due: Money,
    /// Up to where events were counted.
    cursor: Cursor,
}

/// What an invoice draws of a grant of prepaid credit.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceCredit {
    /// The grant's id; `creditLedger` has all that moved of it.
    grant: String,
    /// How much.
    amount: Money,
}

impl InvoiceCredit {
    pub(super) fn all(parts: &[CreditPart], currency: Currency) -> Vec<Self> {
        let part = |part: &CreditPart| Self {
            grant: part.grant.clone(),
            amount: Money::of(part.amount, currency.code()),
        };
        parts.iter().map(part).collect()
    }
}

/// A line of an invoice.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct InvoiceLine {
    #[graphql(skip)]
    proof: Option<Proof>,
    /// Its place on the invoice: 1, 2, 3, ...
    line: u32,
    /// The code of the fee or charge.
    code: String,
    /// What it is for.
    kind: InvoiceLineKind,
    /// What is metered, for usage.
    meter: Option<String>,
    /// The meter's version, for usage.
    meter_version: Option<u32>,
    /// The unit of the quantity.
    unit: Option<String>,
    /// The first of the days that it bills.
    first_day: Option<Date>,
    /// The last of the days that it bills.
    last_day: Option<Date>,
    /// How much was used; rounded to 12 places where no decimal tells it in full.
    quantity: Decimal,
    /// How the amount came to be.
    tiers: Vec<InvoiceTier>,
    /// What it comes to, rounded once, half away from zero.
    amount: Money,
    /// What it corrects, for a correction of an earlier period.
    corrects: Option<InvoiceCorrection>,
}

/// What a correction line corrects.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceCorrection {
    /// The number of the last invoice that billed the line.
    invoice: String,
    /// What kind of line it was.
    kind: InvoiceLineKind,
    /// The original period's first day.
    first_day: Date,
    /// The original period's last day.
    last_day: Date,
}

/// How the events behind a line are found.
#[derive(Clone)]
struct Proof {
    meter: String,
    version: u32,
    span: Span,
    /// The events lie behind this position, and up to the other.
    between: (u64, u64),
    /// Which outcomes were counted, in which period and on which days.
    outcome: Option<(OutcomeTerms, Period, Days)>,
}

/// A tier of a line: `amount = quantity × price + flatFee`, exactly.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceTier {
    /// What the quantity counts.
    basis: InvoiceBasis,
    /// Where the tier begins: it takes what lies above.
    above: Option<Decimal>,
    /// Where the tier ends, this included; null for an open tier.
    up_to: Option<Decimal>,
    /// How much fell into it: a decimal, or a fraction like "17/31" that no decimal tells in full.
    quantity: String,
    /// What one costs.
    price: String,
    /// What the tier costs on top.
    flat_fee: String,
    /// What it comes to before rounding.
    amount: String,
}

impl From<&RatedTier> for InvoiceTier {
    fn from(tier: &RatedTier) -> Self {
        Self {
            basis: tier.basis.into(),
            above: tier.above.map(Into::into),
            up_to: tier.up_to.map(Into::into),
            quantity: tier.quantity.to_string(),
            price: tier.price.to_string(),
            flat_fee: tier.flat_fee.to_string(),
            amount: tier.amount.to_string(),
        }
    }
}

#[ComplexObject]
impl InvoiceLine {
    /// The events that were counted, in the order in which they were written down; null for a line without a meter.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<Option<MeterEvidenceConnection>> {
        let Some(proof) = &self.proof else {
            return Ok(None);
        };
        let options = ctx.data::<Options>()?;
        let identity = ctx.data::<Identity>()?;
        let tenant = identity.caller().map_err(IntoFault::into_fault)?.tenant;
        let wanted = (proof.meter.as_str(), Some(proof.version));
        let known = options.past.meter_definition(tenant, wanted, None).await;
        let Some((version, definition)) = known.map_err(IntoFault::into_fault)? else {
            return Ok(None);
        };
        if let Some((terms, period, days)) = &proof.outcome {
            let line = OutcomeLine {
                meter: &proof.meter,
                version,
                terms,
                period,
                days: *days,
            };
            let page = OutcomePage {
                line,
                between: proof.between,
            };
            return MeterEvidenceConnection::of_outcomes(ctx, &page, first, after)
                .await
                .map(Some);
        }
        let from = super::meter_figures::begin_of_evidence(&definition, proof.span);
        let (beyond, upto) = proof.between;
        let behind = Behind {
            meter: proof.meter.clone(),
            version,
            event_type: definition.event_type,
            group: BTreeMap::new(),
            span: Span { from, ..proof.span },
            beyond,
            as_of: Some(upto),
        };
        MeterEvidenceConnection::of(ctx, &behind, first, after)
            .await
            .map(Some)
    }
}

/// What can be asked about bills to come.
#[derive(Default)]
pub(crate) struct InvoicePreviewQuery;

#[Object]
impl InvoicePreviewQuery {
    /// What the period of a moment comes to, for a subscription: its fees for the days on which they are in force, and
    /// what was used so far. Null when there is no such subscription.
    async fn invoice_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription's id inside the tenant.")] subscription: String,
        #[graphql(desc = "A moment of the period; now, when left out.")] at: Option<DateTime>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Option<InvoicePreview>> {
        let Reading { tenant, .. } = reading::<MeteredUsage>(ctx, May::Read, at_least).await?;
        let options = ctx.data::<Options>()?;
        let now = options.store.ambient().now();
        let at = at.map_or(now, |at| at.0);
        let statement = options.past.statement(tenant, &subscription, (at, now)).await;
        let Some(statement) = statement.map_err(IntoFault::into_fault)? else {
            return Ok(None);
        };
        InvoicePreview::of(tenant, &statement).map(Some)
    }
}

impl InvoicePreview {
    /// What a statement tells.
    pub(super) fn of(tenant: TenantId, statement: &Statement) -> Result<Self> {
        let money = |amount| Money::of(amount, statement.draft.currency.code());
        let lines = statement.draft.lines.iter().enumerate().map(|(index, line)| {
            let known = line.meter.as_ref().and_then(|meter| statement.meters.get(meter));
            let counted = Counted {
                version: known.map(|(version, _)| *version),
                period: &statement.period,
                between: (0, statement.position),
            };
            InvoiceLine::of(index, line, &counted)
        });
        Ok(Self {
            first_day: statement.period.first_day.into(),
            last_day: before(statement.period.end_day),
            lines: lines.collect::<Result<_>>()?,
            subtotal: money(statement.draft.subtotal),
            discount: money(statement.draft.discount),
            tax: money(statement.draft.tax),
            total: money(statement.draft.total),
            credits_drawn: money(statement.draft.credits_drawn),
            credits: InvoiceCredit::all(&statement.draft.credits, statement.draft.currency),
            due: money(statement.draft.due),
            cursor: Cursor::at(tenant, statement.position),
        })
    }
}

pub(super) fn before(day: jiff::civil::Date) -> Date {
    day.yesterday().unwrap_or(day).into()
}

fn decimal(exact: Exact) -> Result<Decimal> {
    let decimal = exact
        .to_decimal()
        .map_or_else(|| exact.rounded(super::metered_usage::PLACES), Ok);
    decimal
        .map(Into::into)
        .map_err(|error| fault(Code::BadUserInput, error.to_string()))
}

/// How the usage of a line was counted.
struct Counted<'a> {
    version: Option<u32>,
    period: &'a Period,
    between: (u64, u64),
}

impl InvoiceLine {
    fn of(index: usize, line: &RatedLine, counted: &Counted<'_>) -> Result<Self> {
        let proof = line.meter.as_ref().zip(counted.version).zip(line.days);
        let proof = proof.map(|((meter, version), days)| {
            let span = span_of(days, &counted.period.zone)
                .map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
            Ok::<_, async_graphql::Error>(Proof {
                meter: meter.clone(),
                version,
                span,
                between: counted.between,
                outcome: line
                    .outcome
                    .clone()
                    .map(|terms| (terms, counted.period.clone(), days)),
            })
        });
        Ok(Self {
            proof: proof.transpose()?,
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            code: line.code.clone(),
            kind: line.kind.into(),
            meter: line.meter.clone(),
            meter_version: counted.version,
            unit: line.unit.clone(),
            first_day: line.days.map(|days| days.from.into()),
            last_day: line.days.map(|days| before(days.until)),
            quantity: decimal(line.quantity)?,
            tiers: line.tiers.iter().map(Into::into).collect(),
            amount: line.amount.into(),
            corrects: None,
        })
    }

    /// The lines of an issued bill.
    pub(super) fn of_bill(bill: &Bill) -> Result<Vec<Self>> {
        let shown = |(index, line): (usize, &BillLine)| {
            let corrects = line.corrects.as_ref();
            let counted = Counted {
                version: line.meter_version,
                period: corrects.map_or(&bill.period, |corrected| &corrected.period),
                between: (line.counted_after, bill.counted_up_to),
            };
            Ok(Self {
                corrects: corrects.map(|corrected| InvoiceCorrection {
                    invoice: corrected.invoice.clone(),
                    kind: corrected.kind.into(),
                    first_day: corrected.period.first_day.into(),
                    last_day: before(corrected.period.end_day),
                }),
                ..Self::of(index, &line.rated, &counted)?
            })
        };
        bill.lines.iter().enumerate().map(shown).collect()
    }
}

impl IntoFault for StatementError {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::Past(error) => error.into_fault(),
            other => fault(Code::BadUserInput, other.to_string()),
        }
    }
}
