//! The rules of a model's price.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, ModelPriceId};
use crate::RecordedEvent;
use crate::kernel::{Blank, Money, Negative, aggregate, not_blank, not_negative};
use crate::pricing::{PriceBook, TokenPrice};
use crate::tenant::NotOpen;

/// A model's price, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelPrice {
    model: Option<(String, String)>,
    prices: Vec<TokenPrice>,
}

/// Why a command about a model's price was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The id is another model's.
    #[error(
        "this id is the price of {model} of {provider}: give the price of another model an id of its own"
    )]
    OtherModel {
        /// Who runs the model that has the id.
        provider: String,
        /// The model that has the id.
        model: String,
    },
    /// It would say what is known.
    #[error("the model has this price from that moment on already")]
    AlreadySet,
    /// A moment within a quarter of an hour.
    #[error(
        "effective_from: {0} is not at a full quarter of an hour (:00, :15, :30, :45): tokens are added up by quarters"
    )]
    WithinQuarter(Timestamp),
    /// A cached token that costs more than another.
    #[error("cached_input_per_million: {cached} is more than the {input} of tokens that are not cached")]
    CachedOverInput {
        /// As given.
        cached: Money,
        /// As given.
        input: Money,
    },
    /// An amount below zero.
    #[error(transparent)]
    Negative(#[from] Negative),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(ModelPrice, "model_price", ModelPriceId);

impl ModelPrice {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let Command::Set {
            provider,
            model,
            price,
        } = command;
        not_blank("provider", &provider)?;
        not_blank("model", &model)?;
        let known = self.model.clone();
        if let Some((provider, model)) = known.filter(|known| *known != (provider.clone(), model.clone())) {
            return Err(Refusal::OtherModel { provider, model });
        }
        let money = |amount| Money::new(amount, price.currency);
        let input = money(price.input_per_million);
        not_negative("input_per_million", input)?;
        not_negative("output_per_million", money(price.output_per_million))?;
        if let Some(cached) = price.cached_input_per_million.map(money) {
            not_negative("cached_input_per_million", cached)?;
            if cached.amount > input.amount {
                return Err(Refusal::CachedOverInput { cached, input });
            }
        }
        if !price.begins_with_a_quarter() {
            return Err(Refusal::WithinQuarter(price.effective_from));
        }
        if self.prices.contains(&price) {
            return Err(Refusal::AlreadySet);
        }
        Ok(vec![Event::Set {
            provider,
            model,
            price,
        }])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Set {
                provider,
                model,
                price,
            } => {
                self.model = Some((provider, model));
                self.prices
                    .retain(|known| known.effective_from != price.effective_from);
                self.prices.push(price);
            }
        }
    }
}

/// The bundled price book with the prices that a tenant's events tell of, in their order.
#[must_use]
pub fn price_book<'e>(events: impl IntoIterator<Item = &'e RecordedEvent>) -> PriceBook {
    let mut book = PriceBook::bundled();
    for recorded in events {
        if let crate::Event::ModelPrice(Event::Set {
            provider,
            model,
            price,
        }) = &recorded.event
        {
            book.set(provider, model, price.clone());
        }
    }
    book
}
