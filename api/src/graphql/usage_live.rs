//! What was used, live.

use async_graphql::{InputObject, Result, SimpleObject, Subscription};
use futures::{FutureExt, Stream, StreamExt};
use projections::daily_usage::{DailyUsage, Day};
use projections::engine::ReadModel;

use super::kit::{Context, Cursor, Date, Following, IntoFault, May, following, live_item};
use super::usage::UsageDay;
use crate::live::{States, Word, states};

/// Days whose quantities are not as they were told before.
#[derive(Clone, SimpleObject)]
pub(crate) struct UsageChanged {
    /// Everything up to here is counted in them.
    cursor: Cursor,
    /// Whether these are all the days: forget what was told before.
    is_whole: bool,
    /// The days as they are now. Changes that come fast are told together.
    days: Vec<UsageDay>,
}

live_item! {
    /// What the subscription `usage` tells.
    UsageItem: UsageChanged
}

/// Which usage; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct UsageFilter {
    /// Only this meter, for instance "tokens.input".
    meter: Option<String>,
    /// From this day on.
    from: Option<Date>,
    /// Until this day, included.
    to: Option<Date>,
}

/// What was used, live.
#[derive(Default)]
pub(crate) struct UsageSubscription;

#[Subscription]
impl UsageSubscription {
    /// What the tenant used: all days first, then those that change, each time that they do.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A cursor that the first days must have seen, for instance the last one.")]
        after: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<UsageFilter>,
    ) -> Result<impl Stream<Item = Result<UsageItem>>> {
        let following = following(ctx, May::Read, after).await?;
        let (tenant, reader) = (following.tenant, following.options.reader.clone());
        let UsageFilter { meter, from, to } = filter.unwrap_or_default();
        let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
        let wanted = States {
            tenant,
            after: following.after,
            head: following.head,
            reader: reader.clone(),
            name: DailyUsage::NAME,
            read: Box::new(move || {
                let (reader, meter) = (reader.clone(), meter.clone());
                async move { reader.usage(tenant, meter.as_deref(), from, to).await }.boxed()
            }),
            same: |a: &Day, b: &Day| (&a.meter, &a.unit, a.day) == (&b.meter, &b.unit, b.day),
        };
        let course = following.course.clone();
        let words = states(following.course, following.tail, wanted);
        Ok(words.map(move |word| match word.map_err(IntoFault::into_fault)? {
            Word::Item(changed) => Ok(UsageItem::Item(UsageChanged {
                cursor: Cursor::at(tenant, changed.position),
                is_whole: changed.is_whole,
                days: changed.rows.into_iter().map(Into::into).collect(),
            })),
            Word::Sign(sign) => Ok(Following::signed(&course, tenant, sign).into()),
        }))
    }
}
