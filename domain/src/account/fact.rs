//! What of a tenant's events bears on its account.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::kernel::Money;
use crate::pricing::{Coupon, PlanVersion, day_of};
use crate::subscription::PlanCode;
use crate::tenant::Zone;
use crate::{Event, invoice, member, plan, subscription, tenant};

/// What happened to one thing of an account, in the order in which it was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Which kind of thing: an aggregate's name.
    pub kind: String,
    /// Its id inside the tenant.
    pub id: String,
    /// What happened to it.
    pub facts: Vec<Fact>,
}

/// Something that bears on an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its event's position.
    pub position: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub change: Change,
}

/// What happened, as far as it matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The account was opened.
    Provisioned,
    /// It admits no commands for now.
    Suspended,
    /// It admits commands again.
    Reactivated,
    /// It ended, and with it all that it pays.
    Closed,
    /// A member was asked to join.
    Invited,
    /// A member joined.
    Joined,
    /// A member is out.
    Removed,
    /// A plan of the tenant's own has a version.
    PlanVersion(Box<PlanVersion>),
    /// A subscription began.
    Started {
        /// The plan.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
        /// Who subscribes.
        customer: Option<String>,
        /// Its first day on the tenant's clocks.
        starts_on: Date,
        /// The tenant's zone.
        zone: Zone,
    },
    /// It is another plan, or at another price.
    Agreed {
        /// The plan.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// It rests.
    Paused,
    /// It goes on.
    Resumed,
    /// It ended.
    Canceled,
    /// A coupon takes something off.
    Coupon(Box<Coupon>),
    /// An invoice was issued.
    Issued {
        /// What it comes to, less coupons and before taxes.
        net: Money,
    },
    /// Some of an invoice was given back.
    Credited {
        /// How much, before taxes.
        net: Money,
    },
    /// An invoice counts no more.
    Voided,
}

impl Change {
    /// What an event says of the account; nothing, if it does not bear on it. The zone is the tenant's.
    #[must_use]
    pub fn of(event: &Event, zone: &Zone) -> Option<Self> {
        match event {
            Event::Tenant(event) => of_tenant(event),
            Event::Member(event) => of_member(event),
            Event::Plan(plan::Event::Defined { version, .. } | plan::Event::VersionAdded { version }) => {
                Some(Self::PlanVersion(Box::new(version.clone())))
            }
            Event::Subscription(event) => of_subscription(event, zone),
            Event::Invoice(event) => of_invoice(event),
            Event::Agent(_)
            | Event::AgentRun(_)
            | Event::Alert(_)
            | Event::ApiKey(_)
            | Event::Access(_)
            | Event::Claim(_)
            | Event::Connector(_)
            | Event::ConnectorSync(_)
            | Event::Lead(_)
            | Event::Meter(_)
            | Event::ModelPrice(_)
            | Event::Opportunity(_)
            | Event::Retention(_)
            | Event::RoiBaseline(_)
            | Event::RoiSnapshot(_)
            | Event::SavedFilter(_)
            | Event::Subject(_)
            | Event::Usage(_)
            | Event::WebhookEndpoint(_)
            | Event::Workspace(_) => None,
        }
    }
}

const fn of_tenant(event: &tenant::Event) -> Option<Change> {
    match event {
        tenant::Event::Provisioned { .. } => Some(Change::Provisioned),
        tenant::Event::Suspended { .. } => Some(Change::Suspended),
        tenant::Event::Reactivated {} => Some(Change::Reactivated),
        tenant::Event::Closed { .. } => Some(Change::Closed),
        tenant::Event::SettingsChanged { .. }
        | tenant::Event::VerticalEnabled { .. }
        | tenant::Event::VerticalDisabled { .. } => None,
    }
}

const fn of_member(event: &member::Event) -> Option<Change> {
    match event {
        member::Event::Invited { .. } => Some(Change::Invited),
        member::Event::Joined { .. } => Some(Change::Joined),
        member::Event::Removed { .. } => Some(Change::Removed),
        member::Event::RoleChanged { .. } => None,
    }
}

fn of_subscription(event: &subscription::Event, zone: &Zone) -> Option<Change> {
    use subscription::Event;
    Some(match event {
        Event::Started {
            plan,
            price,
            customer,
            started_at,
        } => Change::Started {
            plan: plan.clone(),
            price: *price,
            customer: customer.clone(),
            starts_on: day_of(*started_at, zone),
            zone: zone.clone(),
        },
        Event::PlanChanged { plan, price, .. } => Change::Agreed {
            plan: plan.clone(),
            price: *price,
        },
        Event::Paused { .. } => Change::Paused,
        Event::Resumed { .. } => Change::Resumed,
        Event::Canceled { .. } => Change::Canceled,
        Event::CouponApplied { coupon, .. } => Change::Coupon(Box::new(coupon.clone())),
        Event::BecamePastDue { .. }
        | Event::BecameCurrent { .. }
        | Event::CreditGranted { .. }
        | Event::TaxesSet { .. }
        | Event::PaymentReceived { .. }
        | Event::PaymentFailed { .. }
        | Event::PaymentDisputed { .. }
        | Event::DisputeClosed { .. } => return None,
    })
}

fn of_invoice(event: &invoice::Event) -> Option<Change> {
    use invoice::Event;
    match event {
        Event::Issued { bill } => Some(Change::Issued {
            net: Money::new(bill.subtotal - bill.discount, bill.currency),
        }),
        Event::Credited { note, .. } => Some(Change::Credited { net: note.net }),
        Event::Voided { .. } => Some(Change::Voided),
        Event::PaymentReceived { .. }
        | Event::LineDisputed { .. }
        | Event::DisputeSettled { .. }
        | Event::DifferenceFound { .. } => None,
    }
}
