//! A subscription's period, billed bit by bit by the code that bills call: its agreement tells the parts, they are rated and
//! settled with coupons and taxes, and what was billed before comes off.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::build::usd;
use crate::Money;
use crate::invoice::Stage;
use crate::pricing::{
    Agreement, AppliedCoupon, BilledLine, CreditNote, CreditNoteError, Deducted, DraftInvoice, Ended,
    GivenBack, InvoiceRequest, InvoicedPart, LineKey, LineKind, Period, PlanVersion, RatedLine, Settlement,
    Tax, Usage, added, rate_invoice,
};
use crate::tenant::Zone;

pub(in crate::pricing) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A subscription in dollars, what it used, and what was billed of one of its periods.
pub(in crate::pricing) struct Account {
    pub(in crate::pricing) agreement: Agreement,
    pub(in crate::pricing) coupons: Vec<AppliedCoupon>,
    pub(in crate::pricing) taxes: Vec<Tax>,
    pub(in crate::pricing) usage: BTreeMap<String, Usage>,
    given_back: Vec<GivenBack>,
    lines: Vec<BilledLine<()>>,
    deducted: Deducted,
}

impl Account {
    pub(in crate::pricing) fn start(plan: PlanVersion, on: &str) -> Self {
        Self {
            agreement: Agreement::start(Arc::new(plan), usd(), day(on), Zone::utc()).unwrap(),
            coupons: vec![],
            taxes: vec![],
            usage: BTreeMap::new(),
            given_back: vec![],
            lines: vec![],
            deducted: Deducted::default(),
        }
    }

    pub(in crate::pricing) fn with_taxes(self, taxes: Vec<Tax>) -> Self {
        Self { taxes, ..self }
    }

    pub(in crate::pricing) fn with_coupons(self, coupons: Vec<AppliedCoupon>) -> Self {
        Self { coupons, ..self }
    }

    /// What its charge used on the days of each plan.
    pub(in crate::pricing) fn uses(&mut self, charge: &str, usage: Usage) {
        self.usage.insert(charge.to_owned(), usage);
    }

    pub(in crate::pricing) fn change(&mut self, plan: PlanVersion, on: &str) {
        self.agreement.change(Arc::new(plan), day(on)).unwrap();
    }

    pub(in crate::pricing) fn end(&mut self, on: &str) {
        self.agreement.end(day(on)).unwrap();
    }

    pub(in crate::pricing) fn period(&self, on: &str) -> Period {
        self.agreement.cycle().period_on(day(on)).unwrap()
    }

    /// Takes a line as billed before.
    pub(in crate::pricing) fn note(&mut self, kind: LineKind, line: &RatedLine) {
        BilledLine::note(&mut self.lines, kind, line, ()).unwrap();
    }

    /// Bills what is not billed yet of the period of a day.
    pub(in crate::pricing) fn bill(&mut self, on: &str, stage: Stage) -> DraftInvoice {
        let period = self.period(on);
        let settled = self.settled(&period, stage);
        let added: Vec<(LineKind, RatedLine)> = added(settled.lines.clone(), &self.lines)
            .unwrap()
            .into_iter()
            .map(|added| {
                (
                    added.before.map_or(added.line.kind, |before| before.key.kind),
                    added.line,
                )
            })
            .collect();
        for (kind, line) in &added {
            self.note(*kind, line);
        }
        let now = Deducted::from(settled);
        let deducted = now.since(&self.deducted, None).unwrap();
        self.deducted = now;
        let lines = added.into_iter().map(|(_, line)| line).collect();
        DraftInvoice::of(usd(), lines, deducted).unwrap()
    }

    /// Gives back so much of an invoice's lines.
    pub(in crate::pricing) fn give_back(
        &mut self,
        invoice: &DraftInvoice,
        part: InvoicedPart,
    ) -> Result<CreditNote, CreditNoteError> {
        let note = CreditNote::of_invoice(invoice, part)?;
        let lines = invoice
            .lines
            .iter()
            .map(|line| (LineKey::of(line.kind, line), line.amount));
        let lines: Vec<(LineKey, Money)> = lines.collect();
        let amount = Money::new(part.amount, usd());
        self.given_back
            .extend(GivenBack::of_note(&lines, amount, note.net).unwrap());
        Ok(note)
    }

    fn settled(&self, period: &Period, stage: Stage) -> DraftInvoice {
        let parts = self.agreement.parts(period);
        let used = |plan: &PlanVersion| {
            let codes = plan.charges.iter().map(|charge| &charge.code);
            let used = codes.filter_map(|code| Some((code.clone(), self.usage.get(code)?.clone())));
            used.collect()
        };
        let ended = parts
            .iter()
            .filter(|_| stage == Stage::Closing)
            .map(|part| Ended {
                part: part.clone(),
                usage: used(&part.plan),
            });
        let rated = rate_invoice(&InvoiceRequest {
            currency: usd(),
            starts_on: self.agreement.cycle().starts_on,
            ended: ended.collect(),
            begun: parts.clone(),
        });
        let settlement = Settlement {
            currency: usd(),
            first_day: period.first_day,
            coupons: &self.coupons,
            taxes: &self.taxes,
            before: &self.deducted,
            given_back: &self.given_back,
        };
        settlement.settle(rated.unwrap().lines, &self.lines).unwrap()
    }
}
