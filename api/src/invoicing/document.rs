//! An invoice as a document: who sells, who buys, the lines with their tiers, coupons, taxes, credits, and what proves it.

use domain::Money;
use domain::invoice::BillLine;
use domain::pricing::{Basis, Period, RatedTier};
use projections::invoice::InvoiceRow;
use projections::tenant::TenantRow;
use rust_decimal::Decimal;

use super::csv::word;
use crate::paper::{Align, Paper};

/// Who sells to tenants, where a tenant's subscription names no customer of its own.
const PLATFORM: &str = "The platform";

/// The document of an invoice of a tenant.
#[must_use]
pub fn document(row: &InvoiceRow, tenant: &TenantRow) -> Paper {
    let mut paper = Paper::new(format!("Invoice {}", row.id));
    about(&mut paper, row, tenant);
    lines(&mut paper, row);
    sums(&mut paper, row);
    given_back(&mut paper, row);
    paper.heading("Proof");
    paper.text(format!(
        "This invoice is made of the events that the log of {} (tenant {}) has up to position {}. Whoever folds them \
         again gets the same lines: annals invoices verify. Each line opens down to its events: the field evidence of \
         invoice {}.",
        tenant.slug, row.tenant_id, row.counted_up_to, row.id
    ));
    paper
}

fn about(paper: &mut Paper, row: &InvoiceRow, tenant: &TenantRow) {
    let (seller, buyer) = match &row.customer {
        Some(customer) => (tenant.name.as_str(), customer.as_str()),
        None => (PLATFORM, tenant.name.as_str()),
    };
    let zone = row
        .bill
        .period
        .zone
        .rules()
        .to_datetime(row.created_at)
        .date()
        .to_string();
    let facts = [
        ("Number", row.id.clone()),
        ("Seller", seller.to_owned()),
        ("Buyer", buyer.to_owned()),
        ("Subscription", row.subscription.clone()),
        ("Period", format!("{} to {}", row.first_day, row.last_day)),
        ("Issued on", zone),
        ("Status", row.status.clone()),
    ];
    let rows = facts
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value]);
    paper.table(
        &[("Invoice", Align::Left, 1), ("", Align::Left, 4)],
        rows.collect(),
    );
}

fn lines(paper: &mut Paper, row: &InvoiceRow) {
    paper.heading("Lines");
    let mut rows = Vec::new();
    for (index, line) in row.bill.lines.iter().enumerate() {
        let rated = &line.rated;
        rows.push(vec![
            (index + 1).to_string(),
            name(line),
            rated.unit.clone().unwrap_or_default(),
            rated.quantity.to_string(),
            String::new(),
            rated.amount.amount.to_string(),
        ]);
        for tier in &rated.tiers {
            rows.push(vec![
                String::new(),
                format!("- {}", part(tier)),
                String::new(),
                tier.quantity.to_string(),
                tier.price.to_string(),
                format!("({})", tier.amount),
            ]);
        }
    }
    paper.table(
        &[
            ("Line", Align::Left, 1),
            ("What", Align::Left, 6),
            ("Unit", Align::Left, 2),
            ("Quantity", Align::Right, 2),
            ("Price", Align::Right, 2),
            (&row.currency, Align::Right, 2),
        ],
        rows,
    );
}

/// What a line is for, with its days and what it corrects.
fn name(line: &BillLine) -> String {
    let rated = &line.rated;
    let mut name = format!("{} ({})", rated.code, word(&rated.kind).replace('_', " "));
    if let Some(days) = rated.days {
        let last = days.until.yesterday().unwrap_or(days.until);
        name = format!("{name}, {} to {last}", days.from);
    }
    match &line.corrects {
        Some(corrected) => format!("{name}, corrects {}", corrected.invoice),
        None => name,
    }
}

/// What a tier counts, and between which bounds.
fn part(tier: &RatedTier) -> String {
    let what = match tier.basis {
        Basis::Units => "units",
        Basis::Packages => "packages",
        Basis::Share => "share of an amount",
        Basis::Transactions => "transactions",
        Basis::OwnAmounts => "amounts of their own",
        Basis::Days => "share of the period",
        Basis::Adjustment => "adjustment",
    };
    let bounds = match (tier.above, tier.up_to) {
        (Some(above), Some(up_to)) => format!(" above {above} up to {up_to}"),
        (Some(above), None) => format!(" above {above}"),
        (None, Some(up_to)) => format!(" up to {up_to}"),
        (None, None) => String::new(),
    };
    if tier.flat_fee.is_zero() {
        format!("{what}{bounds}")
    } else {
        format!("{what}{bounds}, flat fee {}", tier.flat_fee)
    }
}

fn sums(paper: &mut Paper, row: &InvoiceRow) {
    paper.heading("Total");
    let bill = &row.bill;
    let money = |amount: Decimal| Money::new(amount, bill.currency).to_string();
    let mut rows = vec![("Sum of the lines".to_owned(), money(bill.subtotal))];
    let corrects = |period: &Option<Period>| {
        period.as_ref().map_or_else(String::new, |period| {
            format!(", correction of {}", period.first_day)
        })
    };
    for coupon in &bill.coupons {
        let name = format!("Coupon {}{}", coupon.code, corrects(&coupon.corrects));
        rows.push((name, money(-coupon.amount.amount)));
    }
    for tax in &bill.taxes {
        let late = corrects(&tax.corrects);
        let name = format!("{} % {} of {}{late}", tax.rate_percent, tax.code, tax.base);
        rows.push((name, tax.amount.to_string()));
    }
    rows.push(("Total".to_owned(), money(bill.total)));
    for part in &bill.credits {
        rows.push((format!("Prepaid credit {}", part.grant), money(-part.amount)));
    }
    rows.push(("Due when issued".to_owned(), money(bill.due)));
    rows.push(("Paid since".to_owned(), money(row.paid)));
    rows.push(("Given back by credit notes".to_owned(), money(row.credited)));
    rows.push(("Left to pay".to_owned(), money(row.outstanding)));
    let rows = rows.into_iter().map(|(name, amount)| vec![name, amount]);
    paper.table(
        &[("", Align::Left, 3), ("Amount", Align::Right, 1)],
        rows.collect(),
    );
}

fn given_back(paper: &mut Paper, row: &InvoiceRow) {
    if row.credit_notes.is_empty() {
        return;
    }
    paper.heading("Credit notes");
    let rows = row.credit_notes.iter().map(|note| {
        let line = note
            .line
            .map_or_else(|| "all".to_owned(), |line| line.to_string());
        let credits: Vec<String> = note
            .credits
            .iter()
            .map(|part| format!("{} to {}", part.amount, part.grant))
            .collect();
        vec![
            note.number.clone(),
            line,
            note.reason.clone(),
            credits.join(", "),
            note.note.total.to_string(),
        ]
    });
    paper.table(
        &[
            ("Number", Align::Left, 2),
            ("Line", Align::Left, 1),
            ("Why", Align::Left, 3),
            ("To prepaid credits", Align::Left, 2),
            ("Given back", Align::Right, 2),
        ],
        rows.collect(),
    );
}
