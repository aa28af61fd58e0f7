//! Prepaid credits over GraphQL: what is left, and all that ever moved.

use async_graphql::{ComplexObject, Enum, ID, Object, Result, SimpleObject};
use domain::TenantId;
use domain::pricing::{Entry, Grant, Movement};
use domain::subscription::CreditOrigin as Origin;
use projections::invoice::InvoiceList;
use projections::metered_usage::MeteredUsage;
use projections::{Direction, Ledger, ReadModel as _};
use store::Filter;

use super::event::Event;
use super::invoice::Invoice;
use super::kit::{
    Code, Context, Cursor, DateTime, Ids, IntoFault, May, Money, PageInfo, Reading, fault, reading, related,
    rows_of,
};
use crate::options::Options;

/// How long the invoices may take to see what usage has seen.
const CATCH_UP: std::time::Duration = std::time::Duration::from_secs(10);

/// How prepaid credit came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Origin")]
pub(crate) enum CreditOrigin {
    /// The customer paid for it.
    Bought,
    /// It is a present.
    Given,
}

/// What moved in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Movement")]
pub(crate) enum CreditMovement {
    /// Credit came in.
    Granted,
    /// An invoice drew on it.
    Drawn,
    /// A void invoice, or a credit note, gave it back.
    GivenBack,
    /// What was left expired.
    Expired,
}

/// The prepaid credits of a subscription at a moment, and all that moved until then.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct CreditLedger {
    #[graphql(skip)]
    ledger: Ledger,
    #[graphql(skip)]
    tenant: TenantId,
    /// What can be drawn.
    balance: Money,
    /// The grants, in the order in which they came in.
    grants: Vec<CreditGrant>,
    /// The moment.
    at: DateTime,
    /// Up to where events were counted.
    cursor: Cursor,
}

/// Credit that came in, and what is left of it.
#[derive(Clone, SimpleObject)]
pub(crate) struct CreditGrant {
    /// Its id, unique in the subscription.
    grant: String,
    /// How much came in.
    amount: Money,
    /// How much of it is left.
    left: Money,
    /// Lower ones are drawn first.
    priority: u8,
    /// When it came in.
    granted_at: DateTime,
    /// From when on it may be drawn no more.
    expires_at: Option<DateTime>,
}

/// A page of what moved, oldest first.
#[derive(SimpleObject)]
pub(crate) struct CreditEntryConnection {
    /// What moved, with its cursors.
    edges: Vec<CreditEntryEdge>,
    /// What moved.
    nodes: Vec<CreditEntry>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// Something that moved.
#[derive(SimpleObject)]
pub(crate) struct CreditEntryEdge {
    /// Give it as `after`.
    cursor: Cursor,
    /// What moved.
    node: CreditEntry,
}

/// Something that moved: the amounts of all entries of a grant add up to what is left of it.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct CreditEntry {
    #[graphql(skip)]
    tenant: TenantId,
    #[graphql(skip)]
    invoice: Option<String>,
    #[graphql(skip)]
    position: u64,
    /// When.
    at: DateTime,
    /// Which grant.
    grant: String,
    /// What moved.
    movement: CreditMovement,
    /// How much: above zero came in, below zero went out.
    amount: Money,
    /// What is left of the grant afterwards.
    left: Money,
    /// What is left of all grants afterwards.
    balance: Money,
    /// The number of the invoice that drew, or that gave back.
    invoice_id: Option<String>,
}

#[ComplexObject]
impl CreditEntry {
    /// The invoice that drew, or that gave back.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Option<std::sync::Arc<Invoice>>> {
        related(ctx, self.invoice.as_deref(), None).await
    }

    /// The event behind it: the grant, the invoice, the credit note or the void; of what expired, the grant. Null when
    /// its year is archived.
    async fn event(&self, ctx: &Context<'_>) -> Result<Option<Event>> {
        let log = ctx.data::<Options>()?.store.log();
        let filter = Filter::tenant(self.tenant);
        let page = log
            .page_at_hand(self.position.saturating_sub(1), &filter, 1)
            .await;
        let page = page.map_err(IntoFault::into_fault)?;
        let event = page.iter().find(|event| event.position == self.position);
        event.map(Event::of).transpose()
    }
}

#[ComplexObject]
impl CreditLedger {
    /// What moved, oldest first.
    async fn entries(
        &self,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this one's cursor.")] after: Option<Cursor>,
    ) -> Result<CreditEntryConnection> {
        let limit = rows_of("first", first)? as usize;
        let after = after
            .map(|cursor| cursor.position("after", self.tenant))
            .transpose();
        let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
        let after = usize::try_from(after.unwrap_or_default()).unwrap_or(usize::MAX);
        let entries = self.ledger.credits.entries();
        let page = entries.iter().zip(&self.ledger.behind).enumerate();
        let edges: Vec<CreditEntryEdge> = page
            .skip(after)
            .take(limit)
            .map(|(index, (entry, position))| CreditEntryEdge {
                cursor: Cursor::at(self.tenant, index as u64 + 1),
                node: self.entry(entry, *position),
            })
            .collect();
        let more = entries.len() > after.saturating_add(limit);
        let page_info = PageInfo::of(
            more.then_some(Direction::Forward),
            edges.first().map(|edge| &edge.cursor),
            edges.last().map(|edge| &edge.cursor),
        );
        Ok(CreditEntryConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }
}

impl CreditLedger {
    fn of(tenant: TenantId, ledger: Ledger, at: jiff::Timestamp) -> Self {
        let currency = ledger.credits.balance().currency;
        let money = |amount| Money::of(amount, currency.code());
        let grant = |(grant, left): (&Grant, rust_decimal::Decimal)| CreditGrant {
            grant: grant.id.clone(),
            amount: money(grant.amount),
            left: money(left),
            priority: grant.priority,
            granted_at: grant.granted_at.into(),
            expires_at: grant.expires_at.map(Into::into),
        };
        Self {
            balance: ledger.credits.available(at).into(),
            grants: ledger.credits.grants().map(grant).collect(),
            at: at.into(),
            cursor: Cursor::at(tenant, ledger.position),
            tenant,
            ledger,
        }
    }

    fn entry(&self, entry: &Entry, position: u64) -> CreditEntry {
        let currency = self.ledger.credits.balance().currency;
        let money = |amount| Money::of(amount, currency.code());
        CreditEntry {
            tenant: self.tenant,
            invoice: entry.invoice.clone(),
            position,
            at: entry.at.into(),
            grant: entry.grant.clone(),
            movement: entry.movement.into(),
            amount: money(entry.amount),
            left: money(entry.left),
            balance: money(entry.balance),
            invoice_id: entry.invoice.clone(),
        }
    }
}

/// What can be asked about prepaid credits.
#[derive(Default)]
pub(crate) struct CreditLedgerQuery;

#[Object]
impl CreditLedgerQuery {
    /// The prepaid credits of a subscription at a moment: what was left, and all that moved until then. Null when there is
    /// no such subscription.
    async fn credit_ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription: the `id` of an answer, or the one inside the tenant.")]
        subscription: ID,
        #[graphql(desc = "The moment; now, when left out.")] at: Option<DateTime>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Option<CreditLedger>> {
        let seen = at_least.clone();
        let Reading { tenant, reader } = reading::<MeteredUsage>(ctx, May::Read, at_least).await?;
        if let Some(cursor) = seen {
            let position = cursor.position("atLeast", tenant);
            let position = position.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
            let caught_up = reader.wait_for_those(&[InvoiceList::NAME], position, CATCH_UP);
            caught_up.await.map_err(IntoFault::into_fault)?;
        }
        let subscription = Ids::of(ctx)?.argument("subscription", &["subscription"], subscription)?;
        let Some(subscription) = subscription else {
            return Ok(None);
        };
        let options = ctx.data::<Options>()?;
        let at = at.map_or_else(|| options.store.ambient().now(), |at| at.0);
        let ledger = options.past.credit_ledger(tenant, &subscription, at).await;
        let ledger = ledger.map_err(IntoFault::into_fault)?;
        Ok(ledger.map(|ledger| CreditLedger::of(tenant, ledger, at)))
    }
}
