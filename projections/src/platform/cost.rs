//! What models cost a tenant in a month: by the same rules as its return on investment.

use domain::pricing::{PriceBook, TooLarge};
use domain::{Money, MoneyByCurrency};

use crate::model_use::ModelUseRow;
use crate::roi::ai_cost;

/// What models cost a tenant in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelCost {
    /// What calls were recorded to cost, and others by the price book: all of them added up, then rounded once.
    pub amounts: MoneyByCurrency,
    /// How many calls neither were recorded with a cost nor have a price.
    pub calls_without_cost: u64,
}

impl ModelCost {
    /// What calls come to by a price book. Figures that can't be kept exactly are not guessed: then all calls are without a cost.
    pub(super) fn of(uses: &[ModelUseRow], book: &PriceBook) -> Self {
        Self::try_of(uses, book).unwrap_or_else(|TooLarge| Self {
            amounts: MoneyByCurrency::default(),
            calls_without_cost: uses.iter().fold(0, |sum: u64, row| {
                let calls = row.calls.saturating_add(row.recorded_calls);
                sum.saturating_add(calls.unsigned_abs())
            }),
        })
    }

    fn try_of(uses: &[ModelUseRow], book: &PriceBook) -> Result<Self, TooLarge> {
        let cost = ai_cost(uses, book)?;
        let mut amounts = MoneyByCurrency::default();
        for currency in cost.by_currency.keys() {
            amounts.add(Money::new(cost.rounded(*currency)?, *currency));
        }
        Ok(Self {
            amounts,
            calls_without_cost: cost.unpriced_calls(),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::agent_run::Event;
    use domain::pricing::PriceBook;
    use domain::{Money, MoneyByCurrency};
    use rust_decimal::Decimal;

    use super::ModelCost;
    use crate::engine::rehearsal::{Story, money};
    use crate::model_use::ModelUse;

    fn call(model: &str, tokens: u64, cost: Option<Money>) -> Event {
        Event::ModelCallRecorded {
            agent: "scout".to_owned(),
            vertical: "sales".parse().unwrap(),
            provider: "house".to_owned(),
            model: model.to_owned(),
            input_tokens: tokens,
            cached_tokens: 0,
            output_tokens: 0,
            cost,
        }
    }

    fn book(per_million: Decimal) -> PriceBook {
        let mut book = PriceBook::bundled();
        let price = serde_json::json!({
            "effective_from": "2025-01-01T00:00:00Z", "currency": "EUR",
            "input_per_million": per_million.to_string(), "output_per_million": "1",
        });
        book.set("house", "small", serde_json::from_value(price).unwrap());
        book
    }

    fn rows(calls: &[Event]) -> Vec<crate::model_use::ModelUseRow> {
        let name = "agent_run.model_call_recorded";
        let story = calls.iter().cloned().fold(Story::default(), |story, call| {
            story.then("2026-01-15T00:00:00Z", name, "r1", call)
        });
        story.rows::<ModelUse>()
    }

    #[test]
    fn recorded_and_priced_costs_are_added_up_before_they_are_rounded() {
        let calls = [
            call("small", 2_000, None),
            call("small", 0, Some(money("0.003 EUR"))),
            call("other", 5, None),
        ];
        let cost = ModelCost::of(&rows(&calls), &book("1".parse().unwrap()));
        let amounts = MoneyByCurrency::from(vec![money("0.01 EUR")]);
        assert_eq!(
            cost,
            ModelCost {
                amounts,
                calls_without_cost: 1
            }
        );
    }

    #[test]
    fn what_cant_be_kept_exactly_is_told_as_unknown() {
        let calls = [
            call("small", u64::MAX, None),
            call("small", 0, Some(money("1 EUR"))),
        ];
        let cost = ModelCost::of(&rows(&calls), &book(Decimal::MAX));
        let unknown = ModelCost {
            amounts: MoneyByCurrency::default(),
            calls_without_cost: 2,
        };
        assert_eq!(cost, unknown);
    }
}
