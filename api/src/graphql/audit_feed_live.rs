//! The audit feed, live.

use async_graphql::{Result, SimpleObject, Subscription};
use futures::{Stream, StreamExt};
use projections::audit_feed::{AuditFeed, Entry};

use super::audit_feed::{AuditEntry, AuditFeedFilter};
use super::kit::{Context, Cursor, Following, IntoFault, May, following, live_item, reading};
use super::saved_filter::asked_for;
use crate::live::{Wanted, Word, words};

/// An entry of the audit feed with its place.
#[derive(Clone, SimpleObject)]
pub(crate) struct AuditEntryAdded {
    /// Where to go on from: give it as `after`, or as `atLeast` to a query.
    cursor: Cursor,
    /// The entry.
    entry: AuditEntry,
}

live_item! {
    /// What the subscription `auditFeed` tells.
    #[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is nearly always the item")]
    AuditFeedItem: AuditEntryAdded
}

/// The audit feed, live.
#[derive(Default)]
pub(crate) struct AuditFeedSubscription;

#[Subscription]
impl AuditFeedSubscription {
    /// Who does what in the tenant: first what was done after a cursor, then each entry as it is made, without a
    /// gap and without a repetition. Without a cursor, those from now on.
    async fn audit_feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The last cursor that was seen, of whatever item.")] after: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<AuditFeedFilter>,
        #[graphql(
            desc = "Those of the saved filter of this name as it is now, where `filter` says nothing else."
        )]
        saved_filter: Option<String>,
    ) -> Result<impl Stream<Item = Result<AuditFeedItem>>> {
        let following = following(ctx, May::Read, after).await?;
        let tenant = following.tenant;
        let reading = reading::<AuditFeed>(ctx, May::Read, None).await?;
        let filter = asked_for(ctx, &reading, saved_filter, filter).await?;
        let wanted = Wanted {
            tenant,
            after: following.after,
            head: following.head,
            filter: store::Filter {
                types: filter.action.clone().into_iter().collect(),
                ..store::Filter::tenant(tenant)
            },
            wants: move |event: &domain::RecordedEvent| filter.accepts(&Entry::of(event)),
        };
        let course = following.course.clone();
        let words = words(following.course, following.tail, wanted);
        Ok(words.map(move |word| match word.map_err(IntoFault::into_fault)? {
            Word::Item(event) => Ok(AuditFeedItem::Item(AuditEntryAdded {
                cursor: Cursor::at(tenant, event.position),
                entry: Entry::of(&event).into(),
            })),
            Word::Sign(sign) => Ok(Following::signed(&course, tenant, sign).into()),
        }))
    }
}
