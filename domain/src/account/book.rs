//! An account as its threads tell it, at any moment.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::movement::movements;
use super::worth::Worth;
use super::{Change, Fact, Movement, Thread};
use crate::kernel::{Money, MoneyByCurrency, TenantId};
use crate::pricing::{Plan, PlanVersion, bundled_plans};

/// All that bears on a tenant's account.
#[derive(Clone, Debug)]
pub struct Account {
    tenant: TenantId,
    threads: Vec<Thread>,
}

/// What an account is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// It admits commands.
    Open,
    /// It admits none for now.
    Suspended,
    /// It ended.
    Closed,
}

/// How many members an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headcount {
    /// Those who joined.
    pub active: u64,
    /// Those who were asked to join.
    pub invited: u64,
}

/// What was billed: what invoices come to less coupons and before taxes, less what was given back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Billed {
    /// The sums.
    pub net: MoneyByCurrency,
    /// The positions of the events that say so, in order.
    pub positions: Vec<u64>,
}

impl Account {
    /// The account of a tenant; its threads in any order.
    #[must_use]
    pub fn new(tenant: TenantId, mut threads: Vec<Thread>) -> Self {
        threads.sort_by(|left, right| (&left.kind, &left.id).cmp(&(&right.kind, &right.id)));
        Self { tenant, threads }
    }

    /// The same as it was known after a position.
    #[must_use]
    pub fn as_of(mut self, position: u64) -> Self {
        for thread in &mut self.threads {
            thread.facts.retain(|fact| fact.position <= position);
        }
        self.threads.retain(|thread| !thread.facts.is_empty());
        self
    }

    /// Whose it is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// What moved its monthly recurring revenue, in the order of time; the last of them may lie in the future, where trials
    /// end.
    #[must_use]
    pub fn movements(&self) -> Vec<Movement> {
        let plans = self.plans();
        let subscriptions = self.of("subscription");
        let worths: Vec<Worth> = subscriptions
            .filter_map(|thread| Worth::of(&plans, &thread.facts))
            .collect();
        let closed = self.of("tenant").flat_map(|thread| &thread.facts);
        let mut closed = closed.filter(|fact| matches!(fact.change, Change::Closed));
        movements(&worths, closed.next().map(|fact| (fact.at, fact.position)))
    }

    /// What it was right before a moment; nothing before it was opened.
    #[must_use]
    pub fn standing(&self, before: Timestamp) -> Option<Standing> {
        let facts = self.of("tenant").flat_map(|thread| &thread.facts);
        let stands = |standing, fact: &Fact| match fact.change {
            Change::Provisioned | Change::Reactivated => Some(Standing::Open),
            Change::Suspended => Some(Standing::Suspended),
            Change::Closed => Some(Standing::Closed),
            _ => standing,
        };
        facts.filter(|fact| fact.at < before).fold(None, stands)
    }

    /// Its members right before a moment.
    #[must_use]
    pub fn members(&self, before: Timestamp) -> Headcount {
        let mut heads = Headcount::default();
        for thread in self.of("member") {
            let last = thread.facts.iter().rfind(|fact| fact.at < before);
            match last.map(|fact| &fact.change) {
                Some(Change::Joined) => heads.active += 1,
                Some(Change::Invited) => heads.invited += 1,
                _ => {}
            }
        }
        heads
    }

    /// What was billed from a moment on and before another, by the time of the invoice, the credit note or the voiding.
    #[must_use]
    pub fn billed(&self, (from, until): (Timestamp, Timestamp)) -> Billed {
        let mut billed = Billed::default();
        for thread in self.of("invoice") {
            let mut left: Option<Money> = None;
            for fact in &thread.facts {
                let moved = match (&fact.change, left) {
                    (Change::Issued { net }, _) => *net,
                    (Change::Credited { net }, _) => Money::new(-net.amount, net.currency),
                    (Change::Voided, Some(left)) => Money::new(-left.amount, left.currency),
                    _ => continue,
                };
                let held = left.map_or(Decimal::ZERO, |left| left.amount);
                left = Some(Money::new(held + moved.amount, moved.currency));
                if fact.at >= from && fact.at < until {
                    billed.net.add(moved);
                    billed.positions.push(fact.position);
                }
            }
        }
        billed.positions.sort_unstable();
        billed
    }

    fn of<'a>(&'a self, kind: &'static str) -> impl Iterator<Item = &'a Thread> {
        self.threads.iter().filter(move |thread| thread.kind == kind)
    }

    /// The bundled plans, and the tenant's own.
    fn plans(&self) -> Vec<Plan> {
        let own = self.of("plan").filter_map(|thread| {
            let versions: Vec<PlanVersion> = thread
                .facts
                .iter()
                .filter_map(|fact| match &fact.change {
                    Change::PlanVersion(version) => Some((**version).clone()),
                    _ => None,
                })
                .collect();
            // It was checked when it was defined.
            Plan::try_new(thread.id.parse().ok()?, thread.id.clone(), versions).ok()
        });
        bundled_plans().into_iter().chain(own).collect()
    }
}
