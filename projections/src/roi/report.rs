//! The report: all figures, each with the events behind it.

use std::collections::{BTreeMap, BTreeSet};

use domain::pricing::{Exact, TooLarge, roi};
use domain::roi::Value;
use domain::roi_snapshot::{Report, State};
use domain::{Currency, Money};
use rust_decimal::Decimal;

use super::against::{Against, Gained, SetAside, against, choose};
use super::cost::{AiCost, Unpriced, ai_cost};
use super::counts::{Counts, counts};
use super::denials::InitialDenials;
use super::gains::{Gains, gains};
use super::journeys::Runs;
use super::sentences::{Sentence, sentences};
use super::told::{Behind, Sum, Told, events, money};
use super::{Fee, FeeState, Materials, RoiError, RoiWish};
use crate::metered_usage::Span;

/// Returns are told with so many places.
const PLACES: u32 = 4;

/// What agents brought in and cost.
#[derive(Clone, Debug)]
pub struct RoiReport {
    /// Which report.
    pub report: Report,
    /// Its days as moments.
    pub span: Span,
    /// Events up to here are counted.
    pub position: u64,
    /// How sure its outcomes are.
    pub state: State,
    /// All figures.
    pub told: Vec<Told>,
    /// By agent, in the order of their names.
    pub agents: Vec<AgentPart>,
    /// What the platform costs, a billing period a line.
    pub fees: Vec<Fee>,
    /// Calls of models that nobody priced.
    pub unpriced: Vec<Unpriced>,
    /// Amounts in other currencies, and of which figure they would be a part.
    pub not_converted: Vec<(String, Money)>,
    /// Why there is no return, when costs are not known wholly.
    pub missing: Vec<String>,
    /// The baseline that it is held against.
    pub against: Option<Against>,
    /// Baselines that were registered too late.
    pub set_aside: Vec<SetAside>,
    /// The same in words.
    pub sentences: Vec<Sentence>,
}

/// An agent's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentPart {
    /// The agent.
    pub agent: String,
    /// Its shares of outcomes by runs that were confirmed.
    pub confirmed: Money,
    /// Its shares of outcomes by runs of which nobody said otherwise.
    pub assumed: Money,
    /// In how many outcomes it has a share.
    pub outcomes: u64,
    /// Its shares of leads that were qualified.
    pub leads_qualified: Decimal,
    /// Its shares of leads that were converted.
    pub leads_converted: Decimal,
    /// What its models cost, rounded for itself.
    pub ai_cost: Money,
}

impl RoiReport {
    /// A figure by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<&Told> {
        self.told.iter().find(|told| told.figure.name == name)
    }

    /// Where the events are that may have changed a figure: those behind it, and behind a gain or a return those that took back
    /// what is in it no more.
    #[must_use]
    pub fn behind_a_change_of(&self, name: &str) -> Option<Behind> {
        let own = self.figure(name)?.behind.clone();
        let is_gain = ["gain.", "incremental.", "return."]
            .iter()
            .any(|kind| name.starts_with(kind));
        let reversed = self.figure("gain.reversed").filter(|_| is_gain);
        let Some(Behind::Events(taken_back)) = reversed.map(|told| &told.behind) else {
            return Some(own);
        };
        let with = |own: Vec<u64>| -> Vec<u64> {
            let both: BTreeSet<u64> = own.into_iter().chain(taken_back.iter().copied()).collect();
            both.into_iter().collect()
        };
        Some(match own {
            Behind::Events(own) => Behind::Events(with(own)),
            Behind::Calls(own) => Behind::Calls(with(own)),
            Behind::UnpricedCalls => Behind::UnpricedCalls,
        })
    }
}

/// Makes the report of the rows of one position.
///
/// # Errors
/// [`RoiError`] when the baseline that was asked for does not hold, or a figure can't be kept exactly.
pub fn report(materials: &Materials, wish: &RoiWish) -> Result<RoiReport, RoiError> {
    let currency = wish.report.currency;
    let runs = Runs::of(&materials.journeys, wish.report.window_days);
    let (baseline, set_aside) = choose(materials, wish)?;
    let gains = gains(materials, wish, &runs)?;
    let counts = counts(materials, wish, &runs)?;
    let ai = ai_cost(&materials.uses, &materials.book)?;
    let high = gains.confirmed.and(&gains.assumed);
    let gained = Gained {
        low: gains.confirmed.amount,
        high: high.amount,
        all: high.and(&gains.unattributed).amount,
    };
    let against = baseline
        .map(|baseline| against(materials, wish, (baseline, &runs), gained))
        .transpose()?;
    let (fee, mut missing) = fee(materials, currency);
    missing.extend(missing_costs(&ai, currency));
    if let Some(against) = against.as_ref().filter(|against| against.expected.is_none()) {
        missing.push(format!(
            "the baseline {} says nothing of these days in {currency}: it is in another currency, or of nobody",
            against.id
        ));
    }
    let ai_amount = ai.rounded(currency)?;
    let cost = ai_amount.checked_add(fee.amount).ok_or(TooLarge)?;
    let mut told = money_figures(&gains, currency);
    told.push(counts.pipeline.told("pipeline", currency));
    let all_calls = Behind::Calls(materials.prices.clone());
    told.push(Told::new(
        "cost.ai",
        Value::Money(money(ai_amount, currency)),
        all_calls,
    ));
    told.push(fee.told("cost.fee", currency));
    let both = fee.positions.iter().chain(&materials.prices).copied();
    let both: BTreeSet<u64> = both.collect();
    let behind = Behind::Calls(both.iter().copied().collect());
    told.push(Told::new(
        "cost.total",
        Value::Money(money(cost, currency)),
        behind,
    ));
    let unpriced = ai.unpriced_calls();
    told.push(Told::new(
        "cost.unpriced_calls",
        Value::Count(unpriced),
        Behind::UnpricedCalls,
    ));
    told.extend(returns(
        (&gains, cost),
        (against.as_ref(), &missing),
        both,
        currency,
    )?);
    told.extend(count_figures(&counts, &gains, currency)?);
    let state = state(materials, wish, &gains);
    let sentences = sentences(&told, materials, against.as_ref());
    Ok(RoiReport {
        report: wish.report.clone(),
        span: materials.span,
        position: materials.position,
        state,
        told,
        agents: agents(&gains, &counts, (&ai, currency))?,
        fees: materials.fees.clone(),
        unpriced: ai.unpriced,
        not_converted: not_converted(&gains, &counts, &ai_others(materials, currency)?),
        missing,
        against,
        set_aside,
        sentences,
    })
}

fn money_figures(gains: &Gains, currency: Currency) -> Vec<Told> {
    let high = gains.confirmed.and(&gains.assumed);
    vec![
        gains.confirmed.told("gain.confirmed", currency),
        gains.assumed.told("gain.assumed", currency),
        high.told("gain.high", currency),
        gains.settled.told("gain.settled", currency),
        gains.preliminary.told("gain.preliminary", currency),
        gains.reversed.told("gain.reversed", currency),
        gains.unattributed.told("gain.unattributed", currency),
    ]
}

fn count_figures(counts: &Counts, gains: &Gains, currency: Currency) -> Result<Vec<Told>, TooLarge> {
    let rate = |name: &str, denials: &InitialDenials| -> Result<Told, TooLarge> {
        let percent = denials.percent()?.map_or(Value::None, Value::Ratio);
        Ok(Told::new(name, percent, events(&denials.positions().collect())))
    };
    Ok(vec![
        counts.captured.told("leads.captured"),
        counts.found.told("leads.found"),
        counts.converted.told("leads.converted"),
        counts.processed.told("claims.processed"),
        counts.denials.submitted.told("claims.submitted"),
        counts.denials.denied.told("claims.denied_initially"),
        rate("claims.denial_percent", &counts.denials)?,
        rate("claims.worked_denial_percent", &counts.worked_denials)?,
        gains.recovered.told("claims.recovered", currency),
    ])
}

/// The returns, and what they are beyond.
fn returns(
    (gains, cost): (&Gains, Decimal),
    (against, missing): (Option<&Against>, &[String]),
    costs: BTreeSet<u64>,
    currency: Currency,
) -> Result<Vec<Told>, TooLarge> {
    let high = gains.confirmed.and(&gains.assumed);
    let mut told = Vec::new();
    let of = |gain: Option<Decimal>| -> Result<Value, TooLarge> {
        let Some(gain) = gain.filter(|_| missing.is_empty()) else {
            return Ok(Value::None);
        };
        let ratio = roi(gain.into(), Exact::from(cost))?;
        let rounded = ratio.map(|ratio| ratio.rounded(PLACES)).transpose()?;
        Ok(rounded.map_or(Value::None, |ratio| Value::Ratio(ratio.normalize())))
    };
    let behind = |sum: &Sum, more: &[u64]| {
        let mut all: BTreeSet<u64> = sum.positions.union(&costs).copied().collect();
        all.extend(more);
        Behind::Calls(all.into_iter().collect())
    };
    let (low_gain, high_gain) = (gains.confirmed.amount, high.amount);
    for (name, gain, sum) in [("low", low_gain, &gains.confirmed), ("high", high_gain, &high)] {
        let name = format!("return.before_baseline.{name}");
        told.push(Told::new(&name, of(Some(gain))?, behind(sum, &[])));
    }
    let Some(against) = against else {
        for (name, gain, sum) in [("low", low_gain, &gains.confirmed), ("high", high_gain, &high)] {
            told.push(Told::new(
                &format!("return.{name}"),
                of(Some(gain))?,
                behind(sum, &[]),
            ));
        }
        return Ok(told);
    };
    let value = |amount: Option<Money>| amount.map_or(Value::None, Value::Money);
    let own = Behind::Events(against.positions.clone());
    told.push(Told::new("baseline.expected", value(against.expected), own));
    for (name, gain, sum) in [
        ("low", against.low, &gains.confirmed),
        ("high", against.high, &high),
    ] {
        let mut all = sum.positions.clone();
        all.extend(&gains.unattributed.positions);
        all.extend(&against.positions);
        let name_of = |what: &str| format!("{what}.{name}");
        told.push(Told::new(&name_of("incremental"), value(gain), events(&all)));
        let amount = gain.map(|gain| Money::new(gain.amount, currency).amount);
        told.push(Told::new(
            &name_of("return"),
            of(amount)?,
            behind(sum, &against.positions),
        ));
    }
    Ok(told)
}

/// The platform's fee in a currency, and what is not known of it.
fn fee(materials: &Materials, currency: Currency) -> (Sum, Vec<String>) {
    let (mut sum, mut missing) = (Sum::default(), Vec::new());
    for fee in &materials.fees {
        let of = format!(
            "the fee of {} from {} to {}",
            fee.subscription, fee.first_day, fee.last_day
        );
        match (&fee.state, fee.currency) {
            (FeeState::Unknown(reason), _) => missing.push(format!("{of} can't be told: {reason}")),
            (_, Some(own)) if own == currency => {
                sum.add(fee.counted, &fee.positions.iter().copied().collect())
            }
            (_, own) => {
                let own = own.map_or_else(String::new, |own| own.to_string());
                missing.push(format!("{of} is in {own} and is not converted"));
            }
        }
    }
    (sum, missing)
}

fn missing_costs(ai: &AiCost, currency: Currency) -> Vec<String> {
    let unpriced = ai.unpriced.iter().map(|one| {
        let (calls, model, provider) = (one.calls, &one.model, &one.provider);
        format!("{calls} calls of {model} of {provider} are unpriced: set its price with setModelPrice")
    });
    let others = ai
        .by_currency
        .iter()
        .filter(|(own, amount)| **own != currency && !amount.is_zero());
    let others = others.map(|(own, _)| format!("costs of models in {own} are not converted"));
    unpriced.chain(others).collect()
}

fn ai_others(materials: &Materials, currency: Currency) -> Result<Vec<Money>, TooLarge> {
    let ai = ai_cost(&materials.uses, &materials.book)?;
    let others = ai.by_currency.keys().filter(|own| **own != currency);
    let amount = |own: &Currency| Ok(money(ai.rounded(*own)?, *own));
    others.map(amount).collect()
}

fn not_converted(gains: &Gains, counts: &Counts, ai: &[Money]) -> Vec<(String, Money)> {
    let of = |name: &str, amount: Money| (name.to_owned(), amount);
    let gained = gains.other.sums().map(|amount| of("gain", amount));
    let pipeline = counts.other_pipeline.sums().map(|amount| of("pipeline", amount));
    let ai = ai.iter().map(|amount| of("cost.ai", *amount));
    gained
        .chain(pipeline)
        .chain(ai)
        .filter(|(_, amount)| !amount.amount.is_zero())
        .collect()
}

fn agents(
    gains: &Gains,
    counts: &Counts,
    (ai, currency): (&AiCost, Currency),
) -> Result<Vec<AgentPart>, TooLarge> {
    let mut names: BTreeSet<&str> = gains.agents.keys().map(String::as_str).collect();
    names.extend(counts.leads.keys().map(String::as_str));
    names.extend(ai.by_agent.keys().map(|(agent, _)| agent.as_str()));
    let costs: BTreeMap<&str, Exact> = ai
        .by_agent
        .iter()
        .filter(|((_, own), _)| *own == currency)
        .map(|((agent, _), cost)| (agent.as_str(), *cost))
        .collect();
    let part = |agent: &str| {
        let (confirmed, assumed, outcomes) = gains.agents.get(agent).copied().unwrap_or_default();
        let leads = counts.leads.get(agent).copied().unwrap_or_default();
        let cost = costs.get(agent).copied().unwrap_or(Exact::ZERO);
        Ok(AgentPart {
            agent: agent.to_owned(),
            confirmed: money(confirmed, currency),
            assumed: money(assumed, currency),
            outcomes,
            leads_qualified: leads.qualified.normalize(),
            leads_converted: leads.converted.normalize(),
            ai_cost: money(cost.rounded(currency.exponent())?, currency),
        })
    };
    names.into_iter().map(part).collect()
}

fn state(materials: &Materials, wish: &RoiWish, gains: &Gains) -> State {
    if gains.all > 0 && gains.gone == gains.all {
        return State::Reversed;
    }
    let is_over = materials.span.until <= wish.now;
    let is_billed = materials.fees.iter().all(|fee| fee.state != FeeState::Preview);
    if is_over && is_billed && gains.open == 0 {
        State::Settled
    } else {
        State::Preliminary
    }
}
