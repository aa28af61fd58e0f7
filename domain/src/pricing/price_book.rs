//! The price book: what tokens of a model cost from which moment on, and so what a call of it cost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::exact::{Exact, TooLarge};
use super::figure;
use crate::kernel::{Currency, Money};

/// Prices begin at full quarters of an hour: tokens are added up by quarters, and so is each priced in full.
pub const QUARTER_SECONDS: i64 = 900;

/// What a million tokens of a model cost from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPrice {
    /// It holds from this moment on, until the next one of the model.
    pub effective_from: Timestamp,
    /// The currency of its amounts.
    pub currency: Currency,
    /// What a million tokens cost that are sent and do not come from a cache.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub input_per_million: Decimal,
    /// What a million tokens cost that come from a cache; as much as others when it is left out.
    #[serde(default, with = "figure::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub cached_input_per_million: Option<Decimal>,
    /// What a million tokens cost that the model writes.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub output_per_million: Decimal,
}

impl TokenPrice {
    /// Whether it begins at a full quarter of an hour.
    #[must_use]
    pub fn begins_with_a_quarter(&self) -> bool {
        self.effective_from.as_nanosecond() % (i128::from(QUARTER_SECONDS) * 1_000_000_000) == 0
    }

    /// What tokens cost, exactly.
    fn of(&self, tokens: Tokens) -> Result<Exact, TooLarge> {
        let cached = tokens.cached.min(tokens.input);
        let million = |count: u64, price: Decimal| {
            Exact::from(Decimal::from(count))
                .times(Exact::from(price))?
                .over(Exact::whole(1_000_000))
        };
        let cached_price = self.cached_input_per_million.unwrap_or(self.input_per_million);
        million(tokens.input - cached, self.input_per_million)?
            .plus(million(cached, cached_price)?)?
            .plus(million(tokens.output, self.output_per_million)?)
    }
}

/// How many tokens a call, or many calls at one price, used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Sent to the model, cached ones included.
    pub input: u64,
    /// Those of the tokens sent that came from a cache.
    pub cached: u64,
    /// Written by the model.
    pub output: u64,
}

/// A call of a model, as its price depends on it.
#[derive(Clone, Copy, Debug)]
pub struct ModelCall<'a> {
    /// Who runs the model.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// What it used.
    pub tokens: Tokens,
    /// What it cost, when whoever recorded it knew.
    pub cost: Option<Money>,
    /// When it was.
    pub at: Timestamp,
}

/// What a call cost, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallCost {
    /// It was recorded with the call: that wins over any book.
    Recorded(Money),
    /// By the book, exactly: to be rounded once, with all others of its currency.
    Priced {
        /// How much.
        amount: Exact,
        /// In which currency.
        currency: Currency,
    },
    /// The book has no price of this model at that moment. It is not zero: nobody knows.
    Unpriced,
}

/// The prices of models, in versions: the bundled examples, and a tenant's own, which go before.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    own: Prices,
    bundled: Prices,
}

/// Provider and model in small letters, and its prices, the oldest first.
type Prices = BTreeMap<(String, String), Vec<TokenPrice>>;

/// A model of the bundled book.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledPrice {
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Its prices, the oldest first.
    pub prices: Vec<TokenPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledBook {
    #[serde(rename = "about")]
    _about: String,
    models: Vec<BundledPrice>,
}

/// The models of the bundled book, which is an example: data in one place, `price_book.json`.
///
/// # Panics
/// Never: a test reads the file.
#[must_use]
pub fn bundled_prices() -> Vec<BundledPrice> {
    let book: BundledBook =
        serde_json::from_str(include_str!("price_book.json")).expect("the bundled price book is valid");
    book.models
}

impl PriceBook {
    /// The bundled prices alone.
    #[must_use]
    pub fn bundled() -> Self {
        let mut book = Self::default();
        for BundledPrice {
            provider,
            model,
            prices,
        } in bundled_prices()
        {
            for price in prices {
                put(&mut book.bundled, &provider, &model, price);
            }
        }
        book
    }

    /// Takes in a price of the tenant's own. One of the same moment takes the place of the one before.
    pub fn set(&mut self, provider: &str, model: &str, price: TokenPrice) {
        put(&mut self.own, provider, model, price);
    }

    /// When its prices begin, in no order: between two of these moments, what tokens cost does not change.
    pub fn begins(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let prices = self.own.values().chain(self.bundled.values()).flatten();
        prices.map(|price| price.effective_from)
    }

    /// The price of a model at a moment: the tenant's own if one holds then, else the bundled one.
    #[must_use]
    pub fn price(&self, provider: &str, model: &str, at: Timestamp) -> Option<&TokenPrice> {
        let named = |model: &str| {
            let key = key(provider, model);
            [&self.own, &self.bundled].into_iter().find_map(|prices| {
                let mut known = prices.get(&key)?.iter().rev();
                known.find(|price| price.effective_from <= at)
            })
        };
        named(model).or_else(|| named(undated(model)?))
    }

    /// What a call cost.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn cost(&self, call: &ModelCall<'_>) -> Result<CallCost, TooLarge> {
        if let Some(cost) = call.cost {
            return Ok(CallCost::Recorded(cost));
        }
        let Some(price) = self.price(call.provider, call.model, call.at) else {
            return Ok(CallCost::Unpriced);
        };
        Ok(CallCost::Priced {
            amount: price.of(call.tokens)?,
            currency: price.currency,
        })
    }
}

fn key(provider: &str, model: &str) -> (String, String) {
    (provider.to_lowercase(), model.to_lowercase())
}

fn put(prices: &mut Prices, provider: &str, model: &str, price: TokenPrice) {
    let known = prices.entry(key(provider, model)).or_default();
    known.retain(|one| one.effective_from != price.effective_from);
    let place = known.partition_point(|one| one.effective_from < price.effective_from);
    known.insert(place, price);
}

/// A model's name without the date of its build at the end (`-2026-01-31`, `-20260131`); `None`: there is no date.
fn undated(model: &str) -> Option<&str> {
    let is_date = |text: &str, dashes: [usize; 2]| {
        text.bytes().enumerate().all(|(place, byte)| match byte {
            b'-' => dashes.contains(&place),
            byte => byte.is_ascii_digit() && !dashes.contains(&place),
        })
    };
    [(10, [4, 7]), (8, [8, 8])]
        .into_iter()
        .find_map(|(length, dashes)| {
            let cut = model.len().checked_sub(length)?;
            let (name, date) = (model.get(..cut)?, model.get(cut..)?);
            let name = name.strip_suffix('-')?;
            (!name.is_empty() && is_date(date, dashes)).then_some(name)
        })
}
