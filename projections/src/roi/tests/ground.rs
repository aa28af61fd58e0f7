//! How examples say what happened, and which report is wanted.

use domain::agent_run::{Event as Run, RunResult, Totals};
use domain::claim::{Determination, Event as Claim};
use domain::lead::Event as Lead;
use domain::opportunity::Event as Opportunity;
use domain::pricing::{PriceBook, TokenPrice};
use domain::roi::AttributionModel;
use domain::roi_baseline::registered;
use domain::roi_snapshot::Report;
use domain::{Money, Vertical};
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::engine::rehearsal::{Story, money, tenant};
use crate::metered_usage::Span;
use crate::model_use::ModelUse;
use crate::roi::{Fee, FeeState, Materials, RoiReport, RoiWish, report};
use crate::roi_journey::RoiJourney;

pub(super) const OPENED: &str = "2026-02-20T00:00:00Z";

pub(super) fn vertical(code: &str) -> Vertical {
    code.parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What happened, in the words of the examples; each adds an event.
pub(super) trait Tells: Sized {
    fn run(self, id: &str, at: &str, on: (&str, &str)) -> Self;
    fn ended(self, id: &str, at: &str, result: RunResult) -> Self;
    fn failed(self, id: &str, at: &str) -> Self;
    fn called(self, id: &str, at: &str, call: (&str, [u64; 3], Option<Money>)) -> Self;
    fn opened(self, id: &str, at: &str, about: (Option<&str>, Option<&str>)) -> Self;
    fn won(self, id: &str, at: &str, value: &str) -> Self;
    fn reopened(self, id: &str, at: &str, value: &str) -> Self;
    fn submitted(self, id: &str, at: &str) -> Self;
    fn denied(self, id: &str, at: &str) -> Self;
    fn paid(self, id: &str, at: &str, amount: &str) -> Self;
    fn recovered(self, id: &str, at: &str, amount: &str) -> Self;
    fn taken_back(self, id: &str, at: &str, amount: &str) -> Self;
    fn captured(self, id: &str, at: &str) -> Self;
    fn converted(self, id: &str, at: &str) -> Self;
}

impl Tells for Story {
    fn run(self, id: &str, at: &str, (kind, on): (&str, &str)) -> Self {
        let of = |wanted: &str| (kind == wanted).then(|| on.to_owned());
        let event = Run::Started {
            agent: id.split('-').next().unwrap().to_owned(),
            vertical: vertical("sales"),
            goal: None,
            lead: of("lead"),
            opportunity: of("opportunity"),
            claim: of("claim"),
            started_at: time(at),
        };
        self.then(at, "agent_run.started", id, event)
    }

    fn ended(self, id: &str, at: &str, result: RunResult) -> Self {
        let event = Run::Completed {
            agent: id.split('-').next().unwrap().to_owned(),
            vertical: vertical("sales"),
            outcome: "done".to_owned(),
            result,
            started_at: time(at),
            duration_ms: 0,
            totals: Totals::default(),
        };
        self.then(at, "agent_run.completed", id, event)
    }

    fn failed(self, id: &str, at: &str) -> Self {
        let event = Run::Failed {
            agent: "a".to_owned(),
            vertical: vertical("sales"),
            reason: "broken".to_owned(),
            started_at: time(at),
            duration_ms: 0,
            totals: Totals::default(),
        };
        self.then(at, "agent_run.failed", id, event)
    }

    fn called(
        self,
        id: &str,
        at: &str,
        (model, [input, cached, output], cost): (&str, [u64; 3], Option<Money>),
    ) -> Self {
        let event = Run::ModelCallRecorded {
            agent: id.split('-').next().unwrap().to_owned(),
            vertical: vertical("sales"),
            provider: "house".to_owned(),
            model: model.to_owned(),
            input_tokens: input,
            cached_tokens: cached,
            output_tokens: output,
            cost,
        };
        self.then(at, "agent_run.model_call_recorded", id, event)
    }

    fn opened(self, id: &str, at: &str, (lead, expected): (Option<&str>, Option<&str>)) -> Self {
        let event = Opportunity::Opened {
            title: "Deal".to_owned(),
            stage: "first".to_owned(),
            vertical: vertical("sales"),
            account: None,
            owner: None,
            product: None,
            lead: lead.map(str::to_owned),
            expected: expected.map(money),
            opened_at: time(at),
        };
        self.then(at, "opportunity.opened", id, event)
    }

    fn won(self, id: &str, at: &str, value: &str) -> Self {
        let event = Opportunity::Won {
            vertical: vertical("sales"),
            value: money(value),
            stage: "first".to_owned(),
            owner: None,
            opened_at: time(OPENED),
        };
        self.then(at, "opportunity.won", id, event)
    }

    fn reopened(self, id: &str, at: &str, value: &str) -> Self {
        let event = Opportunity::Reopened {
            vertical: vertical("sales"),
            reason: "withdrawn".to_owned(),
            stage: "first".to_owned(),
            value: Some(money(value)),
            opened_at: time(OPENED),
        };
        self.then(at, "opportunity.reopened", id, event)
    }

    fn submitted(self, id: &str, at: &str) -> Self {
        let event = Claim::Submitted {
            vertical: vertical("sales"),
            payer: "Payer".to_owned(),
            billed: money("1000 USD"),
            service_date: None,
            patient: None,
            submitted_at: time(at),
        };
        self.then(at, "claim.submitted", id, event)
    }

    fn denied(self, id: &str, at: &str) -> Self {
        let event = Claim::Denied {
            vertical: vertical("sales"),
            billed: money("1000 USD"),
            reason_codes: vec![],
            reason: "no".to_owned(),
            determination: Determination::Initial,
            submitted_at: time(OPENED),
        };
        self.then(at, "claim.denied", id, event)
    }

    fn paid(self, id: &str, at: &str, amount: &str) -> Self {
        let event = Claim::Adjudicated {
            vertical: vertical("sales"),
            billed: money("1000 USD"),
            allowed: money(amount),
            paid: money(amount),
            reason_codes: vec![],
            determination: Determination::Initial,
            submitted_at: time(OPENED),
        };
        self.then(at, "claim.adjudicated", id, event)
    }

    fn recovered(self, id: &str, at: &str, amount: &str) -> Self {
        let event = Claim::Recovered {
            vertical: vertical("sales"),
            billed: money("1000 USD"),
            amount: money(amount),
            submitted_at: time(OPENED),
        };
        self.then(at, "claim.recovered", id, event)
    }

    fn taken_back(self, id: &str, at: &str, amount: &str) -> Self {
        let event = Claim::PaymentReversed {
            vertical: vertical("sales"),
            billed: money("1000 USD"),
            amount: money(amount),
            reason: "audit".to_owned(),
            submitted_at: time(OPENED),
        };
        self.then(at, "claim.payment_reversed", id, event)
    }

    fn captured(self, id: &str, at: &str) -> Self {
        let event = Lead::Captured {
            vertical: vertical("sales"),
            source: "web".to_owned(),
            name: None,
            email: None,
            phone: None,
            captured_at: time(at),
        };
        self.then(at, "lead.captured", id, event)
    }

    fn converted(self, id: &str, at: &str) -> Self {
        let event = Lead::Converted {
            vertical: vertical("sales"),
            opportunity: None,
            captured_at: time(OPENED),
        };
        self.then(at, "lead.converted", id, event)
    }
}

/// The report of March 2026 in dollars, as told on 1 July.
pub(super) fn march() -> RoiWish {
    RoiWish {
        report: Report {
            vertical: Some(vertical("sales")),
            first_day: "2026-03-01".parse().unwrap(),
            last_day: "2026-03-31".parse().unwrap(),
            currency: "USD".parse().unwrap(),
            model: AttributionModel::Linear,
            window_days: 30,
            half_life_days: 7,
            settling_days: 30,
            baseline: None,
        },
        subscription: None,
        position: None,
        now: time("2026-07-01T00:00:00Z"),
    }
}

/// A fee of so many dollars, issued.
pub(super) fn fee(amount: &str) -> Fee {
    let amount: Decimal = amount.parse().unwrap();
    Fee {
        subscription: "s1".to_owned(),
        first_day: "2026-03-01".parse().unwrap(),
        last_day: "2026-03-31".parse().unwrap(),
        state: FeeState::Issued(vec!["INV-000001".to_owned()]),
        currency: Some("USD".parse().unwrap()),
        net: amount,
        counted: amount,
        positions: vec![],
    }
}

/// A book in which a million tokens of small-1 cost 2, 1 and 8 dollars.
pub(super) fn book() -> PriceBook {
    let mut book = PriceBook::default();
    let price = TokenPrice {
        effective_from: time("2026-01-01T00:00:00Z"),
        currency: "USD".parse().unwrap(),
        input_per_million: Decimal::from(2),
        cached_input_per_million: Some(Decimal::ONE),
        output_per_million: Decimal::from(8),
    };
    book.set("house", "small-1", price);
    book
}

/// What reports are made from, when this happened.
pub(super) fn materials(story: &Story, fees: Vec<Fee>) -> Materials {
    let span = |first: &str, after: &str| Span {
        from: time(first),
        until: time(after),
    };
    let march = span("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    let events = story.events();
    let uses = story.rows::<ModelUse>().into_iter();
    Materials {
        tenant: tenant(),
        position: events.len() as u64,
        span: march,
        past: vec![(
            "before".to_owned(),
            span("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        )],
        journeys: story.rows::<RoiJourney>(),
        uses: uses
            .filter(|row| row.quarter >= march.from && row.quarter < march.until)
            .collect(),
        book: book(),
        prices: vec![],
        baselines: registered(&events),
        fees,
    }
}

pub(super) fn told(story: &Story, wish: &RoiWish) -> RoiReport {
    report(&materials(story, vec![fee("100.00")]), wish).unwrap()
}

/// A figure as text: `120.00 USD`, `3`, `0.5`, or `-` when it can't be told.
pub(super) fn figure(report: &RoiReport, name: &str) -> String {
    use domain::roi::Value;
    match report
        .figure(name)
        .unwrap_or_else(|| panic!("{name}"))
        .figure
        .value
    {
        Value::Count(count) => count.to_string(),
        Value::Money(money) => money.to_string(),
        Value::Ratio(ratio) => ratio.to_string(),
        Value::None => "-".to_owned(),
    }
}
