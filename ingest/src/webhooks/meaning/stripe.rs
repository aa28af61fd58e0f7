//! Stripe's messages: <https://docs.stripe.com/api/events/types>. Times are in seconds.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Meaning;
use super::fields::{Part, amount, plan_code};
use crate::webhooks::source::Stripe;
use crate::webhooks::told::{About, Kind, Notice, Standing, Target};

pub(super) fn meaning(source: &Stripe, event_type: &str, message: &Value) -> Result<Meaning, String> {
    let object = Part::of(message, "data.object")?;
    let at_ms = Part::of(message, "created")?
        .value
        .as_i64()
        .ok_or("created: a whole number is needed")?
        * 1_000;
    let nothing = || Ok(Meaning::Nothing(format!("nothing follows from {event_type}")));
    match event_type {
        "customer.subscription.created" => subscription(source, &object, at_ms, 0),
        "customer.subscription.updated"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.deleted" => subscription(source, &object, at_ms, 1),
        _ if event_type.starts_with("invoice.") => invoice(event_type, &object, at_ms),
        _ if event_type.starts_with("invoice_payment.") => {
            let payment = object
                .maybe("payment")
                .and_then(|payment| payment.id_if_any("payment_intent"));
            match (payment, object.id_if_any("invoice")) {
                (Some(payment), Some(invoice)) => {
                    Ok(Meaning::Tells(vec![link(payment, Target::Link(invoice))]))
                }
                _ => nothing(),
            }
        }
        _ if event_type.starts_with("charge.dispute.") => dispute(&object, at_ms),
        _ if event_type.starts_with("charge.") || event_type.starts_with("payment_intent.") => {
            let is_charge = event_type.starts_with("charge.");
            let Some(invoice) = object.id_if_any("invoice") else {
                return nothing();
            };
            let mut links = vec![link(object.text("id")?, Target::Link(invoice.clone()))];
            if let Some(intent) = object.id_if_any("payment_intent").filter(|_| is_charge) {
                links.push(link(intent, Target::Link(invoice)));
            }
            Ok(Meaning::Tells(links))
        }
        _ => Ok(Meaning::Nothing(format!("{event_type} is not known here"))),
    }
}

fn link(id: String, to: Target) -> Notice {
    Notice::new(Kind::Link, id).state(0, 0, About::Link { to })
}

/// The items' prices: what Stripe calls a price now and called a plan before, of the same fields.
fn priced<'a>(item: &Part<'a>) -> Result<Part<'a>, String> {
    item.maybe("price").map_or_else(|| item.at("plan"), Ok)
}

/// An item's cost a month.
fn a_month(item: &Part<'_>) -> Result<(Decimal, domain::Currency), String> {
    let price = priced(item)?;
    let currency = price.currency("currency")?;
    let minor = price
        .number_if_any("unit_amount")
        .or_else(|| price.number_if_any("amount"))
        .unwrap_or_default();
    let quantity = item.number_if_any("quantity").unwrap_or(1);
    let recurring = price.maybe("recurring").unwrap_or(price);
    let count = Decimal::from(recurring.number_if_any("interval_count").unwrap_or(1).max(1));
    let cost = amount(minor, currency) * Decimal::from(quantity) / count;
    let cost = match recurring.text_if_any("interval").as_deref() {
        Some("year") => cost / Decimal::from(12),
        Some("week") => cost * Decimal::from(52) / Decimal::from(12),
        Some("day") => cost * Decimal::from(365) / Decimal::from(12),
        _ => cost,
    };
    Ok((cost.round_dp(6).normalize(), currency))
}

fn plan_of(source: &Stripe, item: &Part<'_>) -> Result<String, String> {
    let price = priced(item)?;
    let id = price.text("id")?;
    if let Some(plan) = source.plans.get(&id) {
        return Ok(plan.as_str().to_owned());
    }
    let name = price
        .text_if_any("lookup_key")
        .or_else(|| price.text_if_any("nickname"));
    Ok(plan_code(&name.unwrap_or(id)))
}

fn subscription(source: &Stripe, object: &Part<'_>, at_ms: i64, step: u8) -> Result<Meaning, String> {
    let items = object.at("items")?.items("data");
    let first = items.first().ok_or("the subscription has no items")?;
    let (mut cost, currency) = a_month(first)?;
    for item in items.iter().skip(1) {
        let (more, other) = a_month(item)?;
        if other != currency {
            return Err("the subscription's items have several currencies".to_owned());
        }
        cost += more;
    }
    let status = object.text("status")?;
    let is_paused = object.maybe("pause_collection").is_some();
    let (standing, progress) = match status.as_str() {
        "active" | "trialing" if is_paused => (Standing::Paused, 2),
        "active" | "trialing" => (Standing::Active, 1),
        "paused" => (Standing::Paused, 2),
        "past_due" | "unpaid" => (Standing::PastDue, 3),
        "canceled" => (Standing::Active, 4),
        _ => (Standing::Pending, 0),
    };
    let seconds = |name: &str| object.number_if_any(name).map(|seconds| seconds * 1_000);
    let about = About::Subscription {
        organization: None,
        plan: plan_of(source, first)?,
        amount: cost,
        currency,
        customer: object.id_if_any("customer"),
        standing,
    };
    let notice = Notice::new(Kind::Subscription, object.text("id")?)
        .began(seconds("start_date").or_else(|| seconds("created")))
        .state(at_ms, step * 8 + progress, about);
    let notice = match status.as_str() {
        "canceled" => {
            let details = object.maybe("cancellation_details");
            let reason = details.and_then(|details| details.text_if_any("reason"));
            let ended_ms = seconds("ended_at")
                .or_else(|| seconds("canceled_at"))
                .unwrap_or(at_ms);
            notice.ended(
                ended_ms,
                reason.unwrap_or_else(|| "canceled at Stripe".to_owned()),
            )
        }
        "incomplete_expired" => notice.ended(at_ms, "it was never paid"),
        _ => notice,
    };
    Ok(Meaning::Tells(vec![notice]))
}

fn invoice(event_type: &str, object: &Part<'_>, at_ms: i64) -> Result<Meaning, String> {
    let subscription = object.id_if_any("subscription").or_else(|| {
        let parent = object.maybe("parent")?.maybe("subscription_details")?;
        parent.id_if_any("subscription")
    });
    let Some(subscription) = subscription else {
        return Ok(Meaning::Nothing("the invoice is of no subscription".to_owned()));
    };
    let id = object.text("id")?;
    let target = || Target::Subscription(subscription.clone());
    let mut notices = vec![link(id.clone(), target())];
    let parts = ["charge", "payment_intent"].map(|part| object.id_if_any(part));
    notices.extend(parts.into_iter().flatten().map(|part| link(part, target())));
    let currency = object.currency("currency")?;
    let transitions = object.maybe("status_transitions");
    let paid_ms = transitions
        .and_then(|times| times.number_if_any("paid_at"))
        .map(|seconds| seconds * 1_000);
    let payment = |key: String, minor: i64, failure: Option<String>| {
        let at_ms = paid_ms.filter(|_| failure.is_none()).unwrap_or(at_ms);
        let about = About::Payment {
            organization: None,
            subscription: subscription.clone(),
            amount: amount(minor, currency),
            currency,
            invoice: Some(id.clone()),
            failure,
            at_ms,
        };
        // The first that was told of it: `paid` and `payment_succeeded` are one payment.
        Notice::new(Kind::Payment, key).state(0, 0, about)
    };
    match event_type {
        "invoice.paid" | "invoice.payment_succeeded" => {
            let minor = object.number("amount_paid")?;
            if minor > 0 {
                notices.push(payment(format!("{id}.paid"), minor, None));
            }
        }
        "invoice.payment_failed" => {
            let attempt = object.number_if_any("attempt_count").unwrap_or(1);
            let minor = object.number("amount_due")?;
            let failure = Some("the payment failed".to_owned());
            notices.push(payment(format!("{id}.failed.{attempt}"), minor, failure));
        }
        _ => {}
    }
    Ok(Meaning::Tells(notices))
}

fn dispute(object: &Part<'_>, at_ms: i64) -> Result<Meaning, String> {
    let link = object
        .id_if_any("payment_intent")
        .or_else(|| object.id_if_any("charge"));
    let currency = object.currency("currency")?;
    let about = About::Dispute {
        link: link.ok_or("the dispute is of no payment")?,
        amount: amount(object.number("amount")?, currency),
        currency,
        reason: object
            .text_if_any("reason")
            .unwrap_or_else(|| "general".to_owned()),
        at_ms: object
            .number_if_any("created")
            .map_or(at_ms, |seconds| seconds * 1_000),
    };
    let notice = Notice::new(Kind::Dispute, object.text("id")?).state(at_ms, 0, about);
    let status = object.text("status")?;
    Ok(Meaning::Tells(vec![match status.as_str() {
        "won" | "lost" | "warning_closed" | "prevented" => notice.ended(at_ms, status),
        _ => notice,
    }]))
}
