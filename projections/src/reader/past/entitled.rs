//! What a tenant's plans open, worked out from the log and the rows of one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::meter::{Aggregation, Gauge, Gauges};
use domain::pricing::{Limits, Part as PlanPart, begin_of, day_of};
use domain::subscription::{Event as Term, agreement};
use domain::{Currency, Event, TenantId};
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;

use super::books::{Books, Source};
use super::{Past, StatementError};
use crate::entitlement::{QuotaUse, Standing};
use crate::metered_usage::{Span, Usage, measured};

impl Past {
    /// What a tenant's plans open now, and what is used of it.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn standing(&self, tenant: TenantId, now: Timestamp) -> Result<Standing, StatementError> {
        let mut books = Books::now(self, tenant).await?;
        let today = day_of(now, &books.zone);
        let mut terms: BTreeMap<String, Vec<(Timestamp, Term)>> = BTreeMap::new();
        for event in self.log.of_kind(tenant, "subscription", books.position).await? {
            if let Event::Subscription(term) = event.event {
                terms
                    .entry(event.stream.id)
                    .or_default()
                    .push((event.occurred_at, term));
            }
        }
        let mut in_force: Vec<(PlanPart, Currency)> = Vec::new();
        let mut plans = Vec::new();
        for terms in terms.values() {
            // What can't be billed opens nothing and closes nothing.
            let Ok(Some(agreement)) = agreement(&books.plans, terms, &books.zone) else {
                continue;
            };
            let period = agreement.cycle().period_on(today)?;
            let part = agreement.parts(&period).into_iter().find(|part| {
                let days = part.in_force.days;
                days.from <= today && today < days.until
            });
            if let Some(part) = part {
                let code = terms.iter().rev().find_map(|(_, term)| match term {
                    Term::Started { plan, .. } | Term::PlanChanged { plan, .. } => Some(plan.clone()),
                    _ => None,
                });
                plans.extend(code);
                in_force.push((part, agreement.currency()));
            }
        }
        let limits = in_force.iter().map(|(part, _)| part.plan.limits.clone());
        let limits = limits.reduce(|all, one| all.and(&one)).unwrap_or_default();
        let span = |part: &PlanPart| -> Result<Span, StatementError> {
            Ok(Span {
                from: part.in_force.period.begins_at()?,
                until: part.in_force.period.ends_at()?,
            })
        };
        let spans: Vec<Span> = in_force
            .iter()
            .map(|(part, _)| span(part))
            .collect::<Result<_, _>>()?;
        let (quotas, gauges) = books.quotas(&limits, spans.first().copied()).await?;
        let tomorrow = begin_of(today.saturating_add(1.day()), &books.zone)?;
        let mut members: i64 = 0;
        for event in self.log.of_kind(tenant, "member", books.position).await? {
            match event.event {
                Event::Member(domain::member::Event::Invited { .. }) => members += 1,
                Event::Member(domain::member::Event::Removed { .. }) => members -= 1,
                _ => {}
            }
        }
        let mut verticals: i64 = 0;
        for event in self.log.of_kind(tenant, "tenant", books.position).await? {
            match event.event {
                Event::Tenant(domain::tenant::Event::VerticalEnabled { .. }) => verticals += 1,
                Event::Tenant(domain::tenant::Event::VerticalDisabled { .. }) => verticals -= 1,
                _ => {}
            }
        }
        let usd = || "USD".parse().expect("it is a currency");
        Ok(Standing {
            position: books.position,
            plans,
            limits,
            currency: in_force.first().map_or_else(usd, |(_, currency)| *currency),
            offered: Arc::new(std::mem::take(&mut books.plans)),
            members: u64::try_from(members).unwrap_or_default(),
            verticals: u64::try_from(verticals).unwrap_or_default(),
            quotas,
            gauges,
            until: tomorrow,
            taken: crate::entitlement::nothing_under_way(),
        })
    }
}

impl Books<'_> {
    /// What is used of the quotas in a period: of meters that are sums or counts.
    async fn quotas(
        &mut self,
        limits: &Limits,
        span: Option<Span>,
    ) -> Result<(Vec<QuotaUse>, Arc<Gauges>), StatementError> {
        let mut quotas = Vec::new();
        let mut own = Vec::new();
        let Some(span) = span else {
            return Ok((quotas, Gauges::bundled()));
        };
        for quota in &limits.quotas {
            let Some((version, definition)) = self.definition(&quota.meter, None) else {
                continue;
            };
            if !matches!(definition.aggregation, Aggregation::Sum | Aggregation::Count) {
                continue;
            }
            let usage = Usage {
                meter: &quota.meter,
                version,
                from: Some(span.from),
                until: span.until,
            };
            let mut hours = match &mut self.source {
                Source::Rows(transaction) => {
                    let reader = &self.past.reader;
                    reader.usage_at_once(transaction, self.tenant, &[usage]).await?
                }
                Source::Log(_) => Vec::new(),
            };
            for hour in &mut hours {
                "{}".clone_into(&mut hour.group_key);
            }
            let measure = measured(definition.aggregation, &hours, &[span])?.pop();
            let used = measure.and_then(|measure| measure.quantity.to_decimal());
            if !quota.meter.contains('.')
                && let Ok(code) = quota.meter.parse()
                && let Ok(gauge) = Gauge::try_new(code, version, definition.clone())
            {
                own.push(Arc::new(gauge));
            }
            quotas.push(QuotaUse {
                meter: quota.meter.clone(),
                version,
                event_types: definition.event_types().map(str::to_owned).collect(),
                span,
                used: used.unwrap_or(Decimal::ZERO),
            });
        }
        Ok((quotas, Arc::new(Gauges::over(Gauges::bundled(), own))))
    }
}
