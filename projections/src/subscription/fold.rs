//! A subscription's events become its row.

use domain::subscription::{Event as Change, PlanCode};
use domain::{Event, Money, MoneyByCurrency, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which subscriptions there are.
#[derive(Debug)]
pub struct SubscriptionList;

/// A subscription as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// What is subscribed to.
    pub plan: PlanCode,
    /// What it costs a month.
    pub price: Money,
    /// Who subscribes.
    pub customer: Option<String>,
    /// `active`, `past_due`, `paused` or `canceled`.
    pub status: String,
    /// Why it rests, or ended.
    pub reason: Option<String>,
    /// How often money came in.
    pub payments: i64,
    /// How much came in.
    pub received: MoneyByCurrency,
    /// How often money did not come in.
    pub failed_payments: i64,
    /// When money came in last.
    pub last_payment_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl ReadModel for SubscriptionList {
    const NAME: &'static str = "subscription";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["subscription"];

    type Key = EntityKey;
    type Row = SubscriptionRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Subscription(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Some(row) = SubscriptionRow::begin(event, change) {
            rows.put(key, row);
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}

impl SubscriptionRow {
    fn begin(event: &RecordedEvent, change: &Change) -> Option<Self> {
        let Change::Started {
            plan,
            price,
            customer,
            started_at,
        } = change
        else {
            return None;
        };
        Some(Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            plan: plan.clone(),
            price: *price,
            customer: customer.clone(),
            status: "active".to_owned(),
            reason: None,
            payments: 0,
            received: MoneyByCurrency::default(),
            failed_payments: 0,
            last_payment_at: None,
            created_at: *started_at,
            ended_at: None,
        })
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        match change {
            Change::Started { .. }
            | Change::CouponApplied { .. }
            | Change::CreditGranted { .. }
            | Change::TaxesSet { .. } => {}
            Change::PlanChanged { plan, price, .. } => {
                self.plan = plan.clone();
                self.price = *price;
            }
            Change::Paused { reason, .. } => {
                "paused".clone_into(&mut self.status);
                self.reason = Some(reason.clone());
            }
            Change::BecamePastDue { .. } => {
                "past_due".clone_into(&mut self.status);
                self.reason = None;
            }
            Change::Resumed { .. } | Change::BecameCurrent { .. } => {
                "active".clone_into(&mut self.status);
                self.reason = None;
            }
            Change::Canceled { reason, .. } => {
                "canceled".clone_into(&mut self.status);
                self.reason = Some(reason.clone());
                self.ended_at = Some(event.occurred_at);
            }
            Change::PaymentReceived { amount, .. } => {
                self.payments += 1;
                self.received.add(*amount);
                self.last_payment_at = self.last_payment_at.max(Some(event.occurred_at));
            }
            Change::PaymentFailed { .. } => self.failed_payments += 1,
            Change::PaymentDisputed { .. } | Change::DisputeClosed { .. } => {}
        }
    }
}
