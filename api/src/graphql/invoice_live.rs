//! A period's running total, live.

use async_graphql::{ID, Result, SimpleObject, Subscription};
use domain::TenantId;
use futures::{FutureExt, Stream, StreamExt};
use jiff::Timestamp;
use projections::engine::ReadModel;
use projections::metered_usage::MeteredUsage;
use projections::{Past, PastError, QueryError, Statement, StatementError};

use super::invoice_preview::InvoicePreview;
use super::kit::{Context, Cursor, DateTime, Following, Ids, IntoFault, May, following, live_item};
use crate::live::{States, Word, states};

/// What a period comes to by now.
#[derive(Clone, SimpleObject)]
pub(crate) struct RunningTotal {
    /// Everything up to here is counted.
    cursor: Cursor,
    /// The period's lines and their sum; null when there is no such subscription, or when it can't be rated.
    preview: Option<Box<InvoicePreview>>,
    /// Why it can't be rated, and what to do.
    problem: Option<String>,
}

live_item! {
    /// What the subscription `invoicePreview` tells.
    RunningTotalItem: RunningTotal
}

/// What is told, when it is not as it was told before.
#[derive(Clone)]
enum Told {
    Rated(Box<Statement>),
    Unrated(String),
}

impl PartialEq for Told {
    /// A statement that has seen more and comes to the same is no news.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rated(one), Self::Rated(other)) => {
                (&one.period, &one.draft) == (&other.period, &other.draft)
            }
            (Self::Unrated(one), Self::Unrated(other)) => one == other,
            _ => false,
        }
    }
}

/// A period's running total, live.
#[derive(Default)]
pub(crate) struct RunningTotalSubscription;

#[Subscription]
impl RunningTotalSubscription {
    /// What the running period of a subscription comes to: now, then each time that events change it. Changes that come
    /// fast are told together.
    async fn invoice_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription: the `id` of an answer, or the one inside the tenant.")]
        subscription: ID,
        #[graphql(desc = "A moment of the period; the present one, when left out.")] at: Option<DateTime>,
        #[graphql(desc = "A cursor that the first total must have seen, for instance the last one.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<RunningTotalItem>>> {
        let following = following(ctx, May::Read, after).await?;
        let subscription = Ids::of(ctx)?.argument("subscription", &["subscription"], subscription)?;
        let (tenant, options) = (following.tenant, following.options.clone());
        let (reader, at) = (options.reader.clone(), at.map(|at| at.0));
        let wanted = States {
            tenant,
            after: following.after,
            head: following.head,
            reader,
            name: MeteredUsage::NAME,
            read: Box::new(move || {
                let (past, subscription) = (options.past.clone(), subscription.clone());
                let now = options.store.ambient().now();
                let at = at.unwrap_or(now);
                async move {
                    match subscription {
                        Some(subscription) => told(&past, tenant, &subscription, (at, now)).await,
                        None => Ok(Vec::new()),
                    }
                }
                .boxed()
            }),
            same: |_: &Told, _: &Told| true,
        };
        let course = following.course.clone();
        let words = states(following.course, following.tail, wanted);
        Ok(words.map(move |word| match word.map_err(IntoFault::into_fault)? {
            Word::Item(changed) => {
                let (preview, problem) = match changed.rows.into_iter().next() {
                    Some(Told::Rated(statement)) => {
                        (Some(Box::new(InvoicePreview::of(tenant, &statement)?)), None)
                    }
                    Some(Told::Unrated(problem)) => (None, Some(problem)),
                    None => (None, None),
                };
                Ok(RunningTotalItem::Item(RunningTotal {
                    cursor: Cursor::at(tenant, changed.position),
                    preview,
                    problem,
                }))
            }
            Word::Sign(sign) => Ok(Following::signed(&course, tenant, sign).into()),
        }))
    }
}

async fn told(
    past: &Past,
    tenant: TenantId,
    subscription: &str,
    moments: (Timestamp, Timestamp),
) -> Result<Vec<Told>, QueryError> {
    match past.statement(tenant, subscription, moments).await {
        Ok(statement) => Ok(statement
            .into_iter()
            .map(|one| Told::Rated(Box::new(one)))
            .collect()),
        Err(StatementError::Past(PastError::Query(error))) => Err(error),
        Err(error) => Ok(vec![Told::Unrated(error.to_string())]),
    }
}
