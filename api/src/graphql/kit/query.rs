//! The repetition of queries over an aggregate's list: one row by its id, and pages of rows.

use async_graphql::Result;
use domain::TenantId;
use projections::{QueryError, ReadModel, Reader};

use super::code::IntoFault;
use super::{Code, Context, Cursor, May, fault};
use crate::auth::Identity;
use crate::options::Options;

/// Who reads, and the read models, of which the one to be read has seen what the reader asks to see.
pub(crate) struct Reading<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) reader: &'a Reader,
}

/// Lets a query of a read model pass, and waits until that one has come to `at_least`.
pub(crate) async fn reading<'a, M: ReadModel>(
    ctx: &Context<'a>,
    may: May,
    at_least: Option<Cursor>,
) -> Result<Reading<'a>> {
    let identity = ctx.data::<Identity>()?;
    let caller = may
        .check(identity)
        .and_then(|()| identity.caller())
        .map_err(IntoFault::into_fault)?;
    let reader = see::<M>(ctx, Some(caller.tenant), at_least).await?;
    Ok(Reading {
        tenant: caller.tenant,
        reader,
    })
}

/// The read models, when the one that is to be read has come to `at_least`, a cursor of this tenant; of any, for
/// the platform. Another one that is being filled anew keeps nobody waiting.
pub(crate) async fn see<'a, M: ReadModel>(
    ctx: &Context<'a>,
    tenant: Option<TenantId>,
    at_least: Option<Cursor>,
) -> Result<&'a Reader> {
    see_those(ctx, &[M::NAME], tenant, at_least).await
}

/// The same, when several are to be read.
pub(crate) async fn see_those<'a>(
    ctx: &Context<'a>,
    read_models: &[&str],
    tenant: Option<TenantId>,
    at_least: Option<Cursor>,
) -> Result<&'a Reader> {
    let options = ctx.data::<Options>()?;
    if let Some(cursor) = at_least {
        let position = match tenant {
            Some(tenant) => cursor.position("atLeast", tenant),
            None => cursor.position_of_any("atLeast"),
        };
        let position = position.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
        let waited = options
            .reader
            .wait_for_those(read_models, position, options.limits.wait())
            .await;
        waited.map_err(IntoFault::into_fault)?;
    }
    Ok(&options.reader)
}

impl IntoFault for crate::live::Broken {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::Log(error) => error.into_fault(),
            Self::Rows(error) => error.into_fault(),
        }
    }
}

impl IntoFault for QueryError {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::NotThere { .. } => fault(
                Code::NotThereYet,
                "atLeast: what is asked for has not come so far yet; ask again in a moment",
            ),
            Self::Unavailable(error) => {
                tracing::warn!(%error, "api.query unavailable");
                super::code::try_again(
                    "the read models can't be reached now; try again",
                    super::code::SOON,
                )
            }
            Self::TooWide { .. } => fault(Code::LimitExceeded, format!("filter.{self}")),
            Self::TooSlow { .. } => fault(Code::LimitExceeded, format!("filter: {self}")),
            Self::Row(_) | Self::NoTable(_) => super::internal("api.query unreadable", &self.to_string()),
        }
    }
}

/// Makes a slice's queries over the list of its aggregates: the list's filter with the columns it goes by,
/// the field of one and the field of many.
macro_rules! queries {
    (
        $root:ident: $model:ty, $may:ident => $node:ident, $connection:ident, $edge:ident;
        $one:ident($one_doc:literal), $many:ident($many_doc:literal, $what:literal),
        $filter:ident { $($(#[$column_doc:meta])* $column:ident $([$($kind:literal),+])?,)+ },
        $order:ident, $order_field:ident {
            $(#[$first_doc:meta])*
            $first:ident => $first_compared:ident $first_column:ident,
            $($(#[$sort_doc:meta])* $sort:ident => $compared:ident $sort_column:ident,)*
        }
        $(; for |$row:ident, $actor:ident| $is_for:expr, of those with $those_for:expr)?
    ) => {
        $crate::graphql::kit::connection!($node: $connection, $edge, $what);

        #[doc = concat!("Which of ", $what, "; what is left out does not matter.")]
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub(crate) struct $filter {
            $($(#[$column_doc])* $column: Option<String>,)+
            /// Made at this moment or later.
            from: Option<$crate::graphql::kit::DateTime>,
            /// Made before this moment.
            before: Option<$crate::graphql::kit::DateTime>,
        }

        impl $filter {
            /// The columns with their values; those that hold another thing's id take its global one too.
            fn equal(
                self,
                ids: $crate::graphql::kit::Ids,
            ) -> async_graphql::Result<Vec<(&'static str, String)>> {
                let columns: [(&'static str, &[&str], Option<String>); _] =
                    [$((stringify!($column), &[$($($kind),+)?], self.$column),)+];
                let mut equal = Vec::new();
                for (column, kinds, value) in columns {
                    if let Some(value) = value {
                        equal.push((column, ids.filter(column, kinds, value)?));
                    }
                }
                Ok(equal)
            }
        }

        #[doc = concat!("By what to order ", $what, ".")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, async_graphql::Enum)]
        pub(crate) enum $order_field {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$sort_doc])* $sort,)*
        }

        #[doc = concat!("How to order ", $what, "; those that are equal in it by their ids.")]
        #[derive(Clone, Copy, Debug, Default, async_graphql::InputObject)]
        pub(crate) struct $order {
            /// By what.
            field: $order_field,
            /// Which way.
            #[graphql(default)]
            direction: $crate::graphql::kit::OrderDirection,
        }

        impl From<$order> for projections::Sort {
            fn from(order: $order) -> Self {
                let (column, compared) = match order.field {
                    $order_field::$first => {
                        (stringify!($first_column), projections::Compared::$first_compared)
                    }
                    $($order_field::$sort => (stringify!($sort_column), projections::Compared::$compared),)*
                };
                Self { column, compared, way: order.direction.into() }
            }
        }

        impl $crate::graphql::kit::Entity for $node {
            type Model = $model;

            fn local_id(&self) -> &str {
                &self.local_id
            }

            $(
                fn is_for(&self, $actor: &domain::Actor) -> bool {
                    let $row = self;
                    $is_for
                }

                fn those_for($actor: &domain::Actor) -> Vec<(&'static str, String)> {
                    $those_for
                }
            )?
        }

        #[doc = concat!("What can be asked about ", $what, ".")]
        #[derive(Default)]
        pub(crate) struct $root;

        #[async_graphql::Object]
        #[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
        impl $root {
            #[doc = $one_doc]
            async fn $one(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "The `id` of an answer, or the id inside the tenant.")] id: async_graphql::ID,
                #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
                    $crate::graphql::kit::Cursor,
                >,
                #[graphql(desc = "As it was at this point in the past.")] as_of: Option<
                    $crate::graphql::kit::AsOf,
                >,
            ) -> async_graphql::Result<Option<$node>> {
                use $crate::graphql::kit::{Entity as _, IntoFault, Reading, Recalled, then};
                let may = $crate::graphql::kit::May::$may;
                let Reading { tenant, reader } = $crate::graphql::kit::reading::<$model>(ctx, may, at_least).await?;
                let kinds = [<$model as projections::ReadModel>::NAME];
                let Some(id) = $crate::graphql::kit::Ids(Some(tenant)).argument("id", &kinds, id)? else {
                    return Ok(None);
                };
                let actor = &ctx.data::<$crate::auth::Identity>()?.actor;
                let Some(then) = then(ctx, tenant, as_of).await? else {
                    let row = reader.entity::<$model>(tenant, &id).await;
                    let node = row.map_err(IntoFault::into_fault)?.map($node::from);
                    return Ok(node.filter(|node| node.is_for(actor)));
                };
                let row = then.past.entity::<$model>(tenant, &id, then.position).await;
                let row = row.map_err(IntoFault::into_fault)?;
                let node = row.map(|row| $node::from(row).recalled(then.position));
                Ok(node.filter(|node| node.is_for(actor)))
            }

            #[doc = $many_doc]
            async fn $many(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
                #[graphql(desc = "With `first`: only what follows this row.")] after: Option<
                    $crate::graphql::kit::Cursor,
                >,
                #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
                #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<
                    $crate::graphql::kit::Cursor,
                >,
                #[graphql(desc = "Which.")] filter: Option<$filter>,
                #[graphql(desc = "In which order; the newest first when left out.")] order_by: Option<$order>,
                #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
                    $crate::graphql::kit::Cursor,
                >,
                #[graphql(desc = "As they were at this point in the past.")] as_of: Option<
                    $crate::graphql::kit::AsOf,
                >,
            ) -> async_graphql::Result<$connection> {
                use $crate::graphql::kit::{IntoFault, Reading, Recalled, Window, in_order, then, total};
                let may = $crate::graphql::kit::May::$may;
                let Reading { tenant, reader } = $crate::graphql::kit::reading::<$model>(ctx, may, at_least).await?;
                let page = Window { first, after, last, before }.page(tenant)?;
                let sort = projections::Sort::from(order_by.unwrap_or_default());
                in_order(&page, |place| sort.fits(place))?;
                let direction = page.direction;
                let filter = filter.unwrap_or_default();
                let list = projections::List {
                    from: filter.from.map(|at| at.0),
                    before: filter.before.map(|at| at.0),
                    equal: filter.equal($crate::graphql::kit::Ids(Some(tenant)))?,
                    any_of: <$node as $crate::graphql::kit::Entity>::those_for(
                        &ctx.data::<$crate::auth::Identity>()?.actor,
                    ),
                    sort,
                    page,
                    total: total(ctx),
                };
                let Some(then) = then(ctx, tenant, as_of).await? else {
                    let listed = reader.list::<$model>(tenant, &list).await;
                    return Ok($connection::new(tenant, listed.map_err(IntoFault::into_fault)?, direction));
                };
                let listed = then.past.list::<$model>(tenant, &list, then.position).await;
                let listed = listed.map_err(IntoFault::into_fault)?;
                let recalled = |(place, row)| (place, $node::from(row).recalled(then.position));
                let listed = projections::Listed {
                    rows: listed.rows.into_iter().map(recalled).collect(),
                    more: listed.more,
                    total: listed.total,
                };
                Ok($connection::new(tenant, listed, direction))
            }
        }
    };
}
pub(crate) use queries;
