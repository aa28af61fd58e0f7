//! What bills are made from, all at one position: a tenant's plans, the terms of a subscription, and what meters
//! measured, by the rows of that moment or folded again from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::meter::{Definition, Event as Metering, bundled_gauges};
use domain::plan::known_plans;
use domain::pricing::{Grant, Plan};
use domain::subscription::Event as Term;
use domain::tenant::{Event as Setting, Zone};
use domain::{Event, StreamId, TenantId};
use jiff::Timestamp;
use sqlx::{Postgres, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use super::account::Account;
use super::priced::{Origin, Wanted};
use super::{Past, StatementError};
use crate::engine::ReadModel as _;
use crate::metered_usage::{MeteredUsage, Span, UsageHour};

/// Where usage comes from.
pub(super) enum Source {
    /// The rows of one moment.
    Rows(Box<Transaction<'static, Postgres>>),
    /// The rows as the log makes them again.
    Log(Vec<UsageHour>),
}

/// What all bills of a tenant are made from, at one position.
pub(super) struct Books<'p> {
    pub(super) past: &'p Past,
    pub(super) tenant: TenantId,
    pub(super) position: u64,
    pub(super) zone: Zone,
    /// The tenant's own meters, with their versions in order.
    meters: BTreeMap<String, Vec<(u64, Definition)>>,
    /// Where meters of its own were retired, in order.
    retired: BTreeMap<String, Vec<u64>>,
    pub(super) plans: Vec<Plan>,
    plans_changed: u64,
    pub(super) source: Source,
    _turn: Option<OwnedSemaphorePermit>,
}

impl<'p> Books<'p> {
    /// As the rows are now: all of one moment, and so of one position.
    pub(super) async fn now(past: &'p Past, tenant: TenantId) -> Result<Self, StatementError> {
        // It is never closed.
        let turn = Arc::clone(&past.billing).acquire_owned().await.ok();
        let mut transaction = past.reader.begin_at_one_moment(tenant).await?;
        let folded = crate::engine::checkpoints(&mut *transaction)
            .await
            .map_err(crate::reader::QueryError::from)?;
        let own = folded.iter().find(|one| one.name == MeteredUsage::NAME);
        let position = own.map_or(0, |checkpoint| checkpoint.position);
        let source = Source::Rows(Box::new(transaction));
        Self::at(past, tenant, position, (source, turn)).await
    }

    /// As the log makes them again up to a position.
    pub(super) async fn again(
        past: &'p Past,
        tenant: TenantId,
        position: u64,
    ) -> Result<Self, StatementError> {
        let hours = past.rows::<MeteredUsage>(tenant, position).await?;
        Self::at(past, tenant, position, (Source::Log(hours), None)).await
    }

    async fn at(
        past: &'p Past,
        tenant: TenantId,
        position: u64,
        (source, turn): (Source, Option<OwnedSemaphorePermit>),
    ) -> Result<Self, StatementError> {
        let log = &past.log;
        let mut zone = Zone::utc();
        for event in log.of_kind(tenant, "tenant", position).await? {
            if let Event::Tenant(
                Setting::Provisioned { settings, .. } | Setting::SettingsChanged { settings, .. },
            ) = event.event
            {
                zone = settings.time_zone;
            }
        }
        let mut meters: BTreeMap<String, Vec<(u64, Definition)>> = BTreeMap::new();
        let mut retired: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for event in log.of_kind(tenant, "meter", position).await? {
            let (code, at) = (event.stream.id, event.position);
            match event.event {
                Event::Meter(Metering::Defined { definition, .. } | Metering::Changed { definition, .. }) => {
                    meters.entry(code).or_default().push((at, definition))
                }
                Event::Meter(Metering::Retired { .. }) => retired.entry(code).or_default().push(at),
                _ => {}
            }
        }
        let plans = log.of_kind(tenant, "plan", position).await?;
        Ok(Self {
            past,
            tenant,
            position,
            zone,
            meters,
            retired,
            plans_changed: plans.last().map_or(0, |event| event.position),
            plans: known_plans(&plans),
            source,
            _turn: turn,
        })
    }

    /// A meter's version and what it counts: the newest, when none is named; one of the tenant's own or a bundled one.
    pub(super) fn definition(&self, code: &str, version: Option<u32>) -> Option<(u32, Definition)> {
        self.definition_at(code, version, self.position)
    }

    /// The same, where the newest is the newest at a position.
    pub(super) fn definition_at(
        &self,
        code: &str,
        version: Option<u32>,
        upto: u64,
    ) -> Option<(u32, Definition)> {
        if let Some(gauge) = bundled_gauges()
            .iter()
            .find(|gauge| gauge.code().as_str() == code)
        {
            let is_wanted = version.is_none_or(|version| version == gauge.version());
            return is_wanted.then(|| (gauge.version(), gauge.definition().clone()));
        }
        let versions = self.meters.get(code)?;
        let newest = || versions.iter().filter(|(position, _)| *position <= upto).count();
        let version = version.or_else(|| u32::try_from(newest()).ok())?;
        let place = usize::try_from(version).ok()?.checked_sub(1)?;
        let (_, definition) = versions.get(place)?;
        Some((version, definition.clone()))
    }

    /// The events of a span, for prices that rate them one by one: of where all else comes from.
    pub(super) const fn wanted(&self, span: Span) -> Wanted {
        Wanted {
            span,
            upto: self.position,
            origin: match self.source {
                Source::Rows(_) => Origin::Kept,
                Source::Log(_) => Origin::Log,
            },
        }
    }

    /// Where a version of a meter stopped to count, if it did.
    pub(super) fn ended_at(&self, code: &str, version: u32) -> Option<u64> {
        let place = usize::try_from(version).ok()?.checked_sub(1)?;
        let (defined_at, _) = self.meters.get(code)?.get(place)?;
        let mut ends = self.retired.get(code)?.iter();
        ends.find(|end| *end > defined_at).copied()
    }

    /// The same with other plans in place of those of the same codes, or beside them.
    pub(super) fn with_plans(mut self, plans: &[Plan]) -> Self {
        self.plans
            .retain(|plan| plans.iter().all(|other| other.code() != plan.code()));
        self.plans.extend(plans.iter().cloned());
        self
    }

    /// The account of a subscription; `None` when there is none.
    pub(super) async fn account(self, subscription: &str) -> Result<Option<Account<'p>>, StatementError> {
        let stream = StreamId {
            aggregate_type: "subscription",
            tenant: self.tenant,
            id: subscription.to_owned(),
        };
        let recorded = self.past.log.of_stream(&stream, self.position).await?;
        let terms_changed = recorded.last().map_or(0, |event| event.position);
        let grants = recorded.iter().filter_map(|recorded| match &recorded.event {
            Event::Subscription(Term::CreditGranted { credit, .. }) => {
                Some((recorded.position, credit.granted(recorded.occurred_at)))
            }
            _ => None,
        });
        let grants: Vec<(u64, Grant)> = grants.collect();
        let terms = recorded.into_iter().filter_map(|recorded| match recorded.event {
            Event::Subscription(event) => Some((recorded.occurred_at, event)),
            _ => None,
        });
        let terms: Vec<(Timestamp, Term)> = terms.collect();
        let started = terms.iter().find_map(|(_, term)| match term {
            Term::Started { customer, price, .. } => Some((customer.clone(), price.currency)),
            _ => None,
        });
        Ok(started.map(|(customer, currency)| Account {
            zone: self.zone.clone(),
            currency,
            customer,
            terms,
            grants,
            terms_changed: terms_changed.max(self.plans_changed),
            books: self,
            meters: BTreeMap::new(),
        }))
    }
}
