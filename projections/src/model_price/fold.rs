//! The events of a model's price become its row.

use domain::model_price::Event as Change;
use domain::pricing::TokenPrice;
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which prices of models there are.
#[derive(Debug)]
pub struct ModelPriceList;

/// The prices of a model as they are now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelPriceRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: String,
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Its prices, the oldest first.
    pub prices: Vec<TokenPrice>,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it was set last.
    pub changed_at: Timestamp,
}

impl ReadModel for ModelPriceList {
    const NAME: &'static str = "model_price";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["model_price"];

    type Key = EntityKey;
    type Row = ModelPriceRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::ModelPrice(Change::Set {
            provider,
            model,
            price,
        }) = &event.event
        else {
            return Ok(());
        };
        let row = rows.row(EntityKey::of(event), || ModelPriceRow {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            provider: provider.clone(),
            model: model.clone(),
            prices: Vec::new(),
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        });
        row.prices
            .retain(|known| known.effective_from != price.effective_from);
        row.prices.push(price.clone());
        row.prices.sort_by_key(|price| price.effective_from);
        row.changed_at = event.occurred_at;
        Ok(())
    }
}
