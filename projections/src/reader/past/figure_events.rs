//! The events behind a figure of a return.

use std::sync::Arc;

use domain::agent_run::Event as Run;
use domain::model_price::price_book;
use domain::pricing::{CallCost, ModelCall, PriceBook, Tokens};
use domain::{Event, RecordedEvent, TenantId, Vertical};
use store::{Part, Place};

use super::{Past, PastError};
use crate::metered_usage::Span;
use crate::roi::Behind;

/// How many events are read at a time.
const PAGE: u32 = 2_000;

/// Which events are behind a figure.
#[derive(Clone, Debug)]
pub struct FigureEvents {
    /// Where they are.
    pub behind: Behind,
    /// The line of business of the report.
    pub vertical: Option<Vertical>,
    /// The days of the report.
    pub span: Span,
    /// Up to here the report counts.
    pub upto: u64,
}

impl Past {
    /// A page of the events behind a figure: those after a position, in order, and whether there are more.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn figure_events(
        &self,
        tenant: TenantId,
        figure: &FigureEvents,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Arc<RecordedEvent>>, bool), PastError> {
        let mut found = match &figure.behind {
            Behind::Events(positions) => self.events_at(tenant, positions, after, limit + 1).await?,
            Behind::Calls(others) => {
                let mut all = self.events_at(tenant, others, after, limit + 1).await?;
                let calls = self.in_time(self.calls(tenant, (figure, None), after, limit + 1));
                all.extend(calls.await?);
                all.sort_by_key(|event| event.position);
                all.dedup_by_key(|event| event.position);
                all
            }
            Behind::UnpricedCalls => {
                let prices = self.log.of_kind(tenant, "model_price", figure.upto).await?;
                let book = price_book(&prices);
                let calls = self.calls(tenant, (figure, Some(&book)), after, limit + 1);
                self.in_time(calls).await?
            }
        };
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// When the tenant's event at a position was recorded; `None`: there is none.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn recorded_at(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<Option<jiff::Timestamp>, PastError> {
        let found = self.log.at(tenant, &[position]).await?;
        Ok(found.first().map(|event| event.recorded_at))
    }

    async fn events_at(
        &self,
        tenant: TenantId,
        positions: &[u64],
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, PastError> {
        let wanted = positions.iter().copied().filter(|position| *position > after);
        let wanted: Vec<u64> = wanted.take(limit).collect();
        let events = self.log.at(tenant, &wanted).await?;
        Ok(events.into_iter().map(Arc::new).collect())
    }

    /// Calls of models in the days of a report; those that a book does not price, when there is one.
    async fn calls(
        &self,
        tenant: TenantId,
        (figure, unpriced_by): (&FigureEvents, Option<&PriceBook>),
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, PastError> {
        let part = Part::Tenant {
            tenant,
            aggregates: &["agent_run"],
        };
        let mut place = Place::after_position(after);
        let mut found = Vec::new();
        loop {
            let page = self.log.part(&part, place, figure.upto, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            place = Place::after(last);
            for event in page {
                if figure.has_call(&event, unpriced_by) {
                    found.push(Arc::new(event));
                    if found.len() == limit {
                        return Ok(found);
                    }
                }
            }
        }
    }
}

impl FigureEvents {
    fn has_call(&self, event: &RecordedEvent, unpriced_by: Option<&PriceBook>) -> bool {
        let Event::AgentRun(Run::ModelCallRecorded {
            vertical,
            provider,
            model,
            input_tokens,
            cached_tokens,
            output_tokens,
            cost,
            ..
        }) = &event.event
        else {
            return false;
        };
        let at = event.occurred_at;
        let is_meant = self.vertical.as_ref().is_none_or(|own| own == vertical)
            && at >= self.span.from
            && at < self.span.until;
        let call = ModelCall {
            provider,
            model,
            tokens: Tokens {
                input: *input_tokens,
                cached: *cached_tokens,
                output: *output_tokens,
            },
            cost: *cost,
            at,
        };
        is_meant && unpriced_by.is_none_or(|book| book.cost(&call) == Ok(CallCost::Unpriced))
    }
}
