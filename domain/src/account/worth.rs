//! What a subscription is worth a month, from when on.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;

use super::{Change, Fact};
use crate::kernel::{Currency, Money};
use crate::pricing::{Coupon, Discount, Exact, Lasts, Plan, PlanVersion, TooLarge, begin_of, rounded};
use crate::subscription::PlanCode;
use crate::tenant::Zone;

/// From a moment on, a subscription is worth so much a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    /// The event that says so. The end of a trial is said by the event that agreed upon the plan.
    pub(super) position: u64,
    /// Exact to the currency's exponent, at least 0.
    pub(super) amount: Decimal,
}

/// A subscription's worth along its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Worth {
    pub(super) customer: Option<String>,
    pub(super) currency: Currency,
    /// In the order of time; each differs from the one before, the first from 0.
    pub(super) steps: Vec<Step>,
}

/// What is agreed upon at a moment.
struct Terms {
    price: Money,
    starts_on: Date,
    zone: Zone,
    version: Option<PlanVersion>,
    /// The end of the trial, and the event that agreed upon the plan.
    trial: Option<(Timestamp, u64)>,
    coupons: Vec<Coupon>,
    rests: bool,
    ended: bool,
}

impl Worth {
    /// What a subscription's facts come to. A fact that is told to have happened before the one that was written down before
    /// it counts from that one's time on. `None`: it never began.
    pub(super) fn of(plans: &[Plan], facts: &[Fact]) -> Option<Self> {
        let (started, rest) = facts.split_first()?;
        let Change::Started {
            plan,
            price,
            customer,
            starts_on,
            zone,
        } = &started.change
        else {
            return None;
        };
        let mut terms = Terms {
            price: *price,
            starts_on: *starts_on,
            zone: zone.clone(),
            version: None,
            trial: None,
            coupons: Vec::new(),
            rests: false,
            ended: false,
        };
        terms.agree(plans, plan, *price, (started.at, started.position));
        let mut worth = Self {
            customer: customer.clone(),
            currency: price.currency,
            steps: Vec::new(),
        };
        let mut now = started.at;
        worth.step(now, started.position, &terms);
        for fact in rest {
            let at = fact.at.max(now);
            worth.end_trial(&terms, Some(at));
            terms.take(plans, fact, at);
            worth.step(at, fact.position, &terms);
            now = at;
        }
        worth.end_trial(&terms, None);
        Some(worth)
    }

    fn step(&mut self, at: Timestamp, position: u64, terms: &Terms) {
        let amount = terms.amount(at);
        let before = self.steps.last().map_or(Decimal::ZERO, |step| step.amount);
        if amount != before {
            self.steps.push(Step { at, position, amount });
        }
    }

    /// A trial that ends before the next fact ends by itself.
    fn end_trial(&mut self, terms: &Terms, before: Option<Timestamp>) {
        if let Some((end, position)) = terms.trial
            && before.is_none_or(|next| end < next)
        {
            self.step(end, position, terms);
        }
    }
}

impl Terms {
    fn take(&mut self, plans: &[Plan], fact: &Fact, at: Timestamp) {
        match &fact.change {
            Change::Agreed { plan, price } => self.agree(plans, plan, *price, (at, fact.position)),
            Change::Paused => self.rests = true,
            Change::Resumed => self.rests = false,
            Change::Canceled => self.ended = true,
            Change::Coupon(coupon) => self.coupons.push((**coupon).clone()),
            Change::Provisioned
            | Change::Suspended
            | Change::Reactivated
            | Change::Closed
            | Change::Invited
            | Change::Joined
            | Change::Removed
            | Change::PlanVersion(_)
            | Change::Started { .. }
            | Change::Issued { .. }
            | Change::Credited { .. }
            | Change::Voided => {}
        }
    }

    /// The plan in the version in force at the time, as bills take it; a plan that nobody has defined has no trial.
    fn agree(&mut self, plans: &[Plan], plan: &PlanCode, price: Money, (at, position): (Timestamp, u64)) {
        let plan = plans.iter().find(|known| known.code() == plan);
        let version = plan.and_then(|plan| plan.version_at(at)).cloned();
        let days = version.as_ref().map_or(0, |version| version.trial_days);
        let end = self.starts_on.saturating_add(i64::from(days).days());
        self.trial = begin_of(end, &self.zone)
            .ok()
            .filter(|end| days > 0 && *end > at)
            .map(|end| (end, position));
        self.price = price;
        self.version = version;
    }

    fn amount(&self, at: Timestamp) -> Decimal {
        let in_trial = self.trial.is_some_and(|(end, _)| at < end);
        if self.rests || self.ended || in_trial {
            return Decimal::ZERO;
        }
        let gross = Exact::from(self.price.amount);
        // A discount whose figures no number holds is none: the price is what was agreed upon.
        let net = self.discount().and_then(|discount| gross.minus(discount));
        let net = net.unwrap_or(gross).max(Exact::ZERO);
        let amount = rounded(net, self.price.currency).map_or(self.price.amount, |money| money.amount);
        amount.normalize()
    }

    /// What coupons without an end take off a month: those that name their fees first, then those for all, each off what
    /// the ones before left, as bills take them off.
    fn discount(&self) -> Result<Exact, TooLarge> {
        let lasting = |coupon: &&Coupon| coupon.lasts == Lasts::Forever && coupon.expires_on.is_none();
        let lasting = self.coupons.iter().filter(lasting);
        let (targeted, overall): (Vec<&Coupon>, Vec<&Coupon>) =
            lasting.partition(|coupon| !coupon.only_for.is_empty());
        let mut parts = self.parts();
        let mut discount = Exact::ZERO;
        for coupon in targeted.into_iter().chain(overall) {
            let of_all = coupon.only_for.is_empty();
            let mut left = match &coupon.discount {
                Discount::Percent(_) => None,
                Discount::Amount(price) => match price.in_currency(self.price.currency) {
                    Ok(amount) => Some(amount.times(self.periods_a_month())?),
                    Err(_) => Some(Exact::ZERO),
                },
            };
            let mine = |(code, _): &&mut (String, Exact)| of_all || coupon.only_for.contains(code);
            for (_, part) in parts.iter_mut().filter(mine) {
                let off = match (&coupon.discount, &mut left) {
                    (Discount::Percent(percent), _) => Exact::from(*percent).percent_of(*part)?,
                    (Discount::Amount(_), left) => {
                        let off = left.unwrap_or(Exact::ZERO).min(*part);
                        *left = Some(left.unwrap_or(Exact::ZERO).minus(off)?);
                        off
                    }
                };
                *part = part.minus(off)?;
                discount = discount.plus(off)?;
            }
        }
        Ok(discount)
    }

    fn periods_a_month(&self) -> Exact {
        self.version
            .as_ref()
            .map_or(Exact::ONE, |version| version.interval.periods_a_month())
    }

    /// The fees by their codes, made monthly.
    fn parts(&self) -> Vec<(String, Exact)> {
        let whole = || vec![(String::new(), Exact::from(self.price.amount))];
        let Some(version) = self
            .version
            .as_ref()
            .and_then(|version| version.at_price(self.price).ok())
        else {
            return whole();
        };
        let part = |fee: &crate::pricing::FlatFee| {
            let amount = fee.price.in_currency(self.price.currency).ok()?;
            let month = amount.times(version.interval.periods_a_month()).ok()?;
            Some((fee.code.clone(), month))
        };
        version
            .fees
            .iter()
            .map(part)
            .collect::<Option<_>>()
            .unwrap_or_else(whole)
    }
}
