//! The events behind a row: those that changed it, and no others.

use async_graphql::{Result, SimpleObject};
use domain::TenantId;
use projections::{Direction, Explained, PastError, ReadModel, RowName};

use super::code::IntoFault;
use super::{Code, Context, Cursor, PageInfo, StaleRows, fault, rows_of};
use crate::auth::Identity;
use crate::graphql::event::Event;
use crate::options::Options;

/// A page of the events behind a row, oldest first.
#[derive(SimpleObject)]
pub(crate) struct EvidenceConnection {
    /// The events with their cursors.
    edges: Vec<EvidenceEdge>,
    /// The events alone.
    nodes: Vec<Event>,
    /// Where the page lies among the events behind the row.
    page_info: PageInfo,
}

/// One of the events behind a row.
#[derive(SimpleObject)]
pub(crate) struct EvidenceEdge {
    /// Give it as `after`; or as `asOf` to see the row right after this event.
    cursor: Cursor,
    /// The event.
    node: Event,
}

/// Which events behind which row.
pub(crate) struct Behind {
    pub(crate) read_model: &'static str,
    /// The tenant, when it is not the caller's.
    pub(crate) tenant: Option<TenantId>,
    /// The columns of the key, without the tenant's.
    pub(crate) key: Vec<(String, String)>,
    /// The position of which the row tells; `None`: the present.
    pub(crate) as_of: Option<u64>,
    pub(crate) first: i32,
    pub(crate) after: Option<Cursor>,
}

/// A page of the events behind a row that the caller was shown.
pub(crate) async fn events_behind(ctx: &Context<'_>, behind: Behind) -> Result<EvidenceConnection> {
    let options = ctx.data::<Options>()?;
    let tenant = tenant_of(ctx, behind.tenant)?;
    let limit = rows_of("first", behind.first)?;
    let after = behind
        .after
        .map(|cursor| cursor.position("after", tenant))
        .transpose();
    let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
    // What the read model has not folded yet is not behind the row that was shown.
    let upto = match behind.as_of {
        Some(position) => position,
        None => {
            let folded = options
                .reader
                .checkpoints()
                .await
                .map_err(IntoFault::into_fault)?;
            let own = folded.iter().find(|one| one.name == behind.read_model);
            own.map_or(0, |checkpoint| checkpoint.position)
        }
    };
    let past = &options.past;
    let story = past
        .story(behind.read_model, tenant, &behind.key, Some(upto))
        .await;
    let story = story.map_err(IntoFault::into_fault)?;
    let explained = past
        .explain(story, after.unwrap_or_default(), limit as usize)
        .await;
    match explained {
        Ok(explained) => EvidenceConnection::of(explained),
        Err(PastError::NoSuchRow { .. }) => EvidenceConnection::of(Explained {
            touches: Vec::new(),
            more: false,
        }),
        Err(error) => Err(error.into_fault()),
    }
}

impl EvidenceConnection {
    /// A page of the events behind a row.
    pub(crate) fn of(explained: Explained) -> Result<Self> {
        let edge = |touch: &projections::Touch| {
            let node = Event::of(&touch.event)?;
            Ok(EvidenceEdge {
                cursor: Cursor::at(touch.event.tenant(), touch.event.position),
                node,
            })
        };
        let edges: Vec<EvidenceEdge> = explained.touches.iter().map(edge).collect::<Result<_>>()?;
        let page_info = PageInfo::of(
            explained.more.then_some(Direction::Forward),
            edges.first().map(|edge| &edge.cursor),
            edges.last().map(|edge| &edge.cursor),
        );
        Ok(Self {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }
}

/// Whether a row that the caller was shown waits behind a parked stream.
pub(crate) async fn stale<M: ReadModel>(
    ctx: &Context<'_>,
    tenant: Option<TenantId>,
    key: &[(&str, String)],
    as_of: Option<u64>,
) -> Result<bool> {
    let tenant = tenant_of(ctx, tenant)?;
    let row = RowName::of::<M>(tenant, key, as_of);
    let known = ctx.data::<StaleRows>()?.load_one((tenant, row)).await;
    Ok(known?.unwrap_or_default())
}

fn tenant_of(ctx: &Context<'_>, named: Option<TenantId>) -> Result<TenantId> {
    match named {
        Some(tenant) => Ok(tenant),
        None => {
            let caller = ctx.data::<Identity>()?.caller();
            Ok(caller.map_err(IntoFault::into_fault)?.tenant)
        }
    }
}

/// Gives a row's type its evidence, whether it is stale, and the things that it names: of which read model it is, the
/// columns of its key, and how each thing is found.
macro_rules! evidence {
    (
        $node:ident of $model:ty, |$row:ident| $key:expr, $ctx:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty => $found:expr,)+
        }
    ) => {
        $crate::graphql::kit::evidence!(
            @ $node of $model, |$row| $key, None, $ctx { $($(#[$doc])* $field: $type => $found,)+ }
        );
    };
    ($node:ident of $model:ty, |$row:ident| $key:expr) => {
        $crate::graphql::kit::evidence!(@ $node of $model, |$row| $key, None, ctx {});
    };
    ($node:ident of $model:ty, |$row:ident| $key:expr, $tenant:expr) => {
        $crate::graphql::kit::evidence!(@ $node of $model, |$row| $key, $tenant, ctx {});
    };
    (
        @ $node:ident of $model:ty, |$row:ident| $key:expr, $tenant:expr, $ctx:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty => $found:expr,)*
        }
    ) => {
        #[async_graphql::ComplexObject]
        impl $node {
            /// The events that changed it, oldest first: why it is as it is.
            async fn evidence(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "How many, 1 to 100.")] first: i32,
                #[graphql(desc = "Only those after this event's cursor.")] after: Option<
                    $crate::graphql::kit::Cursor,
                >,
            ) -> async_graphql::Result<$crate::graphql::kit::EvidenceConnection> {
                let $row = self;
                let columns: Vec<(&str, String)> = $key;
                let owned = |(name, value): (&str, String)| (name.to_owned(), value);
                let behind = $crate::graphql::kit::Behind {
                    read_model: <$model as projections::ReadModel>::NAME,
                    tenant: $tenant,
                    key: columns.into_iter().map(owned).collect(),
                    as_of: self.as_of,
                    first,
                    after,
                };
                // Boxed, like all that waits: a page makes room for the largest of these in every row.
                Box::pin($crate::graphql::kit::events_behind(ctx, behind)).await
            }

            $(
                $(#[$doc])*
                async fn $field(
                    &self,
                    $ctx: &async_graphql::Context<'_>,
                ) -> async_graphql::Result<Option<$crate::graphql::kit::Found<$type>>> {
                    let $row = self;
                    let found: Option<std::sync::Arc<$type>> = Box::pin($found).await?;
                    Ok(found.map($crate::graphql::kit::Found))
                }
            )*

            /// Whether events wait that would change it, because one of them can't be folded: as of a point of the
            /// past, events up to it. Until they are folded, neither the row nor its past has them.
            #[graphql(complexity = 3)]
            async fn stale(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<bool> {
                let $row = self;
                let key: Vec<(&str, String)> = $key;
                Box::pin($crate::graphql::kit::stale::<$model>(ctx, $tenant, &key, self.as_of)).await
            }
        }

        impl $crate::graphql::kit::Recalled for $node {
            fn recalled(mut self, position: u64) -> Self {
                self.as_of = Some(position);
                self
            }
        }
    };
}
pub(crate) use evidence;
