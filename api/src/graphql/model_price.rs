//! What models cost, over GraphQL: the tenant's own prices and the bundled book.

use async_graphql::{Object, Result, SimpleObject};
use domain::model_price::{Command, ModelPrice as Aggregate};
use domain::pricing::{TokenPrice, bundled_prices};
use projections::model_price::{ModelPriceList, ModelPriceRow};

use super::kit::{Context, DateTime, Decimal, IntoFault, May, NodeId, evidence, mutations, parsed, queries};
use crate::auth::Identity;

mutations! {
    /// What may be asked of the prices of models.
    ModelPriceMutation: Aggregate, Write;

    /// Says what a model costs from a moment on, before what the bundled book says. Under the same id it is a new version.
    set_model_price(Creating, SetModelPriceInput {
        /// Who runs the model, as calls name it, for instance "openai".
        provider: String,
        /// The model, as calls name it; the date of a build at the end may be left out.
        model: String,
        /// It holds from this moment on, a full quarter of an hour.
        effective_from: DateTime,
        /// The currency of the amounts, for instance "USD".
        currency: String,
        /// What a million tokens cost that are sent and do not come from a cache.
        input_per_million: Decimal,
        /// What a million tokens cost that come from a cache; as much as others when left out.
        cached_input_per_million: Option<Decimal>,
        /// What a million tokens cost that the model writes.
        output_per_million: Decimal,
    })
    |input| Command::Set {
        provider: input.provider,
        model: input.model,
        price: TokenPrice {
            effective_from: input.effective_from.0,
            currency: parsed("currency", &input.currency)?,
            input_per_million: input.input_per_million.0,
            cached_input_per_million: input.cached_input_per_million.map(|amount| amount.0),
            output_per_million: input.output_per_million.0,
        },
    };
}

/// What tokens of a model cost from a moment on.
#[derive(Clone, SimpleObject)]
pub(crate) struct ModelPriceVersion {
    /// From this moment on.
    effective_from: DateTime,
    /// The currency of the amounts.
    currency: String,
    /// What a million tokens cost that are sent and do not come from a cache.
    input_per_million: Decimal,
    /// What a million tokens cost that come from a cache; null: as much as others.
    cached_input_per_million: Option<Decimal>,
    /// What a million tokens cost that the model writes.
    output_per_million: Decimal,
}

impl From<TokenPrice> for ModelPriceVersion {
    fn from(price: TokenPrice) -> Self {
        Self {
            effective_from: price.effective_from.into(),
            currency: price.currency.to_string(),
            input_per_million: price.input_per_million.into(),
            cached_input_per_million: price.cached_input_per_million.map(Into::into),
            output_per_million: price.output_per_million.into(),
        }
    }
}

/// The prices of a model that the tenant has set.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct ModelPrice {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant.
    local_id: String,
    /// Who runs the model.
    provider: String,
    /// The model.
    model: String,
    /// Its prices, the oldest first.
    prices: Vec<ModelPriceVersion>,
    /// When it was set first.
    set_at: DateTime,
    /// When it was set last.
    changed_at: DateTime,
}

impl From<ModelPriceRow> for ModelPrice {
    fn from(row: ModelPriceRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<ModelPriceList>(row.tenant_id, &row.id),
            local_id: row.id,
            provider: row.provider,
            model: row.model,
            prices: row.prices.into_iter().map(Into::into).collect(),
            set_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(ModelPrice of ModelPriceList, |row| vec![("id", row.local_id.clone())]);

queries! {
    ModelPriceQuery: ModelPriceList, Read => ModelPrice, ModelPriceConnection, ModelPriceEdge;
    model_price("The prices of a model that the tenant has set; null when there are none of this id."),
    model_prices("The prices of models that the tenant has set, newest first.", "the tenant's own prices of models"),
    ModelPriceFilter {
        /// Of this provider.
        provider,
        /// Of this model.
        model,
    },
    ModelPriceOrder, ModelPriceOrderField {
        /// When it was set first.
        SetAt => Moments created_at,
    }
}

/// A model of the bundled price book, which is an example: set your own prices.
#[derive(Clone, SimpleObject)]
pub(crate) struct BundledModelPrice {
    /// Who runs the model.
    provider: String,
    /// The model.
    model: String,
    /// Its prices, the oldest first.
    prices: Vec<ModelPriceVersion>,
}

/// What can be asked about the bundled price book.
#[derive(Default)]
pub(crate) struct BundledModelPriceQuery;

#[Object]
impl BundledModelPriceQuery {
    /// The bundled price book: examples that hold where the tenant has set no price of its own.
    async fn bundled_model_prices(&self, ctx: &Context<'_>) -> Result<Vec<BundledModelPrice>> {
        May::Read
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let shown = |bundled: domain::pricing::BundledPrice| BundledModelPrice {
            provider: bundled.provider,
            model: bundled.model,
            prices: bundled.prices.into_iter().map(Into::into).collect(),
        };
        Ok(bundled_prices().into_iter().map(shown).collect())
    }
}
