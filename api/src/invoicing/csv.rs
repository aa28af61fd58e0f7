//! An invoice's lines as a file of comma-separated values (RFC 4180): a record a tier, with its line's amount.

use std::fmt::Write as _;

use projections::invoice::InvoiceRow;

const HEADER: [&str; 18] = [
    "invoice",
    "line",
    "code",
    "kind",
    "meter",
    "meter_version",
    "unit",
    "first_day",
    "last_day",
    "corrects",
    "quantity",
    "tier",
    "tier_quantity",
    "tier_price",
    "tier_flat_fee",
    "tier_amount",
    "line_amount",
    "currency",
];

/// The lines of an invoice. The amount of a line stands beside its first tier only, so that a column adds up.
#[must_use]
pub fn csv(row: &InvoiceRow) -> String {
    let mut text = String::new();
    record(&mut text, &HEADER.map(str::to_owned));
    for (number, line) in row.bill.lines.iter().enumerate() {
        let rated = &line.rated;
        let day = |day: Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
        let own = [
            row.id.clone(),
            (number + 1).to_string(),
            rated.code.clone(),
            word(&rated.kind),
            rated.meter.clone().unwrap_or_default(),
            line.meter_version
                .map_or_else(String::new, |version| version.to_string()),
            rated.unit.clone().unwrap_or_default(),
            day(rated.days.map(|days| days.from)),
            day(rated.days.and_then(|days| days.until.yesterday().ok())),
            line.corrects
                .as_ref()
                .map_or_else(String::new, |corrected| corrected.invoice.clone()),
            rated.quantity.to_string(),
        ];
        let amount = rated.amount.amount.to_string();
        let currency = row.currency.clone();
        for (place, tier) in rated.tiers.iter().enumerate() {
            let figures = [
                (place + 1).to_string(),
                tier.quantity.to_string(),
                tier.price.to_string(),
                tier.flat_fee.to_string(),
                tier.amount.to_string(),
                if place == 0 { amount.clone() } else { String::new() },
                currency.clone(),
            ];
            let fields: Vec<String> = own.iter().cloned().chain(figures).collect();
            record(&mut text, &fields);
        }
        if rated.tiers.is_empty() {
            let blank = std::iter::repeat_n(String::new(), 5).chain([amount, currency]);
            let fields: Vec<String> = own.iter().cloned().chain(blank).collect();
            record(&mut text, &fields);
        }
    }
    text
}

/// A word as the log writes it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn record(text: &mut String, fields: &[String]) {
    for (number, field) in fields.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let _infallible = if field.contains(['"', ',', '\r', '\n']) {
            write!(text, "{comma}\"{}\"", field.replace('"', "\"\""))
        } else {
            write!(text, "{comma}{field}")
        };
    }
    text.push_str("\r\n");
}
