//! What it earned, live.

use async_graphql::{InputObject, Result, SimpleObject, Subscription};
use domain::Vertical;
use futures::{FutureExt, Stream, StreamExt};
use projections::engine::ReadModel;
use projections::roi_summary::{Month, RoiSummary};

use super::kit::{Code, Context, Cursor, Date, Following, IntoFault, May, fault, following, live_item};
use super::roi_summary::RoiMonth;
use crate::live::{States, Word, states};

/// Months whose figures are not as they were told before.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiChanged {
    /// Everything up to here is counted in them.
    cursor: Cursor,
    /// Whether these are all the months: forget what was told before.
    is_whole: bool,
    /// The months as they are now. Changes that come fast are told together.
    months: Vec<RoiMonth>,
}

live_item! {
    /// What the subscription `roi` tells.
    RoiItem: RoiChanged
}

/// Which results; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct RoiFilter {
    /// Only this line of business.
    vertical: Option<String>,
    /// From the month of this day on.
    from: Option<Date>,
    /// Until the month of this day, included.
    to: Option<Date>,
}

/// What it earned, live.
#[derive(Default)]
pub(crate) struct RoiSubscription;

#[Subscription]
impl RoiSubscription {
    /// What the tenant earned: all months first, then those that change, each time that they do.
    async fn roi(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A cursor that the first months must have seen, for instance the last one.")]
        after: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<RoiFilter>,
    ) -> Result<impl Stream<Item = Result<RoiItem>>> {
        let following = following(ctx, May::Read, after).await?;
        let (tenant, reader) = (following.tenant, following.options.reader.clone());
        let RoiFilter { vertical, from, to } = filter.unwrap_or_default();
        let vertical = vertical
            .map(|code| code.parse::<Vertical>())
            .transpose()
            .map_err(|error| fault(Code::BadUserInput, format!("filter.vertical: {error}")))?;
        let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
        let wanted = States {
            tenant,
            after: following.after,
            head: following.head,
            reader: reader.clone(),
            name: RoiSummary::NAME,
            read: Box::new(move || {
                let (reader, vertical) = (reader.clone(), vertical.clone());
                async move { reader.roi_summary(tenant, vertical.as_ref(), from, to).await }.boxed()
            }),
            same: |a: &Month, b: &Month| (&a.vertical, a.month) == (&b.vertical, b.month),
        };
        let course = following.course.clone();
        let words = states(following.course, following.tail, wanted);
        Ok(words.map(move |word| match word.map_err(IntoFault::into_fault)? {
            Word::Item(changed) => Ok(RoiItem::Item(RoiChanged {
                cursor: Cursor::at(tenant, changed.position),
                is_whole: changed.is_whole,
                months: changed.rows.into_iter().map(Into::into).collect(),
            })),
            Word::Sign(sign) => Ok(Following::signed(&course, tenant, sign).into()),
        }))
    }
}
