//! A tenant's limits and what is used of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::entitlement::{LimitReached, Subject, is_begun, lifting_plan};
use domain::meter::{Aggregation, Gauges};
use domain::pricing::{Enforcement, Limits, Plan};
use domain::subscription::PlanCode;
use domain::{Currency, Event, RecordedEvent};
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::metered_usage::Span;

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One member more.
    Member,
    /// One line of business more.
    Vertical,
    /// A feature.
    Feature(&'static str),
    /// To begin what makes events whose type begins like this.
    Begin(&'static str),
}

/// What a tenant's plans open, and what is used of it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Everything up to here is counted.
    pub position: u64,
    /// The plans in force; without one there are no limits.
    pub plans: Vec<PlanCode>,
    /// What they open together.
    pub limits: Limits,
    /// In which currency plans are compared.
    pub currency: Currency,
    /// All plans that can be subscribed to.
    pub offered: Arc<Vec<Plan>>,
    /// How many members there are.
    pub members: u64,
    /// How many lines of business are on.
    pub verticals: u64,
    /// What is used of the quotas.
    pub quotas: Vec<QuotaUse>,
    /// The meters that count for quotas.
    pub gauges: Arc<Gauges>,
    /// From when on other days are in force.
    pub until: Timestamp,
    pub(crate) taken: BTreeMap<u64, Taken>,
}

/// What is used of a quota in its period.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaUse {
    /// The meter.
    pub meter: String,
    /// Its version.
    pub version: u32,
    /// The types of the events that it reads.
    pub event_types: Vec<String>,
    /// The period.
    pub span: Span,
    /// How much was used in it.
    pub used: Decimal,
}

/// What a command that is under way will use.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(super) asked: Asked,
    /// Where its event is; none until it is written.
    pub(super) position: Option<u64>,
}

/// A limit, and what is used of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    /// What is limited.
    pub subject: Subject,
    /// How much there is.
    pub limit: Decimal,
    /// How much of it is used.
    pub used: Decimal,
    /// What becomes of more.
    pub enforcement: Enforcement,
    /// The cheapest plan that has more.
    pub lifted_by: Option<PlanCode>,
}

impl Standing {
    /// Takes in an event of the tenant; `false`: it changes plans, days or meters, so all is to be worked out again.
    #[must_use]
    pub fn apply(&mut self, event: &RecordedEvent) -> bool {
        if event.position <= self.position {
            return true;
        }
        self.position = event.position;
        self.taken
            .retain(|_, taken| taken.position.is_none_or(|position| position > event.position));
        match &event.event {
            Event::Subscription(_) | Event::Plan(_) | Event::Meter(_) => return false,
            Event::Member(domain::member::Event::Invited { .. }) => self.members += 1,
            Event::Member(domain::member::Event::Removed { .. }) => {
                self.members = self.members.saturating_sub(1);
            }
            Event::Tenant(domain::tenant::Event::VerticalEnabled { .. }) => self.verticals += 1,
            Event::Tenant(domain::tenant::Event::VerticalDisabled { .. }) => {
                self.verticals = self.verticals.saturating_sub(1);
            }
            Event::Tenant(_) => return false,
            _ => {}
        }
        if self
            .quotas
            .iter()
            .any(|quota| quota.event_types.contains(&event.event_type))
        {
            for reading in self.gauges.read(event) {
                let Ok(counted) = &reading.outcome else { continue };
                let (code, version) = (reading.gauge.code().as_str(), reading.gauge.version());
                let meant = self.quotas.iter_mut().find(|quota| {
                    quota.meter == code
                        && quota.version == version
                        && quota.span.from <= event.occurred_at
                        && event.occurred_at < quota.span.until
                });
                let Some(quota) = meant else { continue };
                let more = match reading.gauge.definition().aggregation {
                    Aggregation::Count => Decimal::ONE,
                    Aggregation::Sum => counted.value,
                    // What else there is does not add up event by event.
                    _ => return false,
                };
                quota.used = quota.used.saturating_add(more);
            }
        }
        true
    }

    /// Whether there is room for what is asked; what commands under way will use counts as used.
    ///
    /// # Errors
    /// [`LimitReached`] names the limit, the use, and the plan that lifts it.
    pub fn check(&self, asked: Asked, now: Timestamp) -> Result<(), LimitReached> {
        let full = |room: Room| LimitReached {
            lifted_by: room.lifted_by,
            subject: room.subject,
            limit: room.limit,
            used: room.used,
        };
        for subject in self.subjects(asked) {
            let Some((limit, Enforcement::Hard)) = self.limits.of(&subject) else {
                continue;
            };
            let used = self.used(&subject) + self.under_way(asked);
            if used + Decimal::ONE > limit {
                let room = self.room(subject, (limit, Enforcement::Hard), used, now);
                return Err(full(room));
            }
        }
        Ok(())
    }

    /// All limits that are in force.
    #[must_use]
    pub fn rooms(&self, now: Timestamp) -> Vec<Room> {
        let quotas = self
            .quotas
            .iter()
            .map(|quota| Subject::Quota(quota.meter.clone()));
        let subjects = [Subject::Members, Subject::Verticals].into_iter().chain(quotas);
        let room = |subject: Subject| {
            let (limit, enforcement) = self.limits.of(&subject)?;
            let used = self.used(&subject);
            let enforcement = if self.is_kept(&subject) {
                enforcement
            } else {
                Enforcement::Soft
            };
            Some(self.room(subject, (limit, enforcement), used, now))
        };
        subjects.filter_map(room).collect()
    }

    /// Whether any command is refused when it is full: plans of before could name other quotas, too.
    fn is_kept(&self, subject: &Subject) -> bool {
        let Subject::Quota(meter) = subject else {
            return true;
        };
        let quota = self.quotas.iter().find(|quota| quota.meter == *meter);
        quota.is_some_and(|quota| is_begun(quota.event_types.iter().map(String::as_str)))
    }

    fn room(
        &self,
        subject: Subject,
        (limit, enforcement): (Decimal, Enforcement),
        used: Decimal,
        now: Timestamp,
    ) -> Room {
        let wanted = (used + Decimal::ONE).max(limit + Decimal::ONE);
        Room {
            lifted_by: lifting_plan(&self.offered, &subject, wanted, (self.currency, now)),
            subject,
            limit,
            used,
            enforcement,
        }
    }

    /// What a command that asks for something uses.
    fn subjects(&self, asked: Asked) -> Vec<Subject> {
        match asked {
            Asked::Member => vec![Subject::Members],
            Asked::Vertical => vec![Subject::Verticals],
            Asked::Feature(feature) => vec![Subject::Feature(feature.to_owned())],
            Asked::Begin(family) => {
                let quotas = self
                    .quotas
                    .iter()
                    .filter(|quota| quota.event_types.iter().any(|one| one.starts_with(family)));
                quotas.map(|quota| Subject::Quota(quota.meter.clone())).collect()
            }
        }
    }

    fn used(&self, subject: &Subject) -> Decimal {
        match subject {
            Subject::Members => self.members.into(),
            Subject::Verticals => self.verticals.into(),
            Subject::Feature(_) => Decimal::ZERO,
            Subject::Quota(meter) => {
                let quota = self.quotas.iter().find(|quota| quota.meter == *meter);
                quota.map_or(Decimal::ZERO, |quota| quota.used)
            }
        }
    }

    fn under_way(&self, asked: Asked) -> Decimal {
        let same = self.taken.values().filter(|taken| taken.asked == asked);
        Decimal::from(same.count() as u64)
    }
}
