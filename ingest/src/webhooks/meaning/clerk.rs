//! Clerk's messages: <https://clerk.com/docs/webhooks/overview>, its billing's at
//! <https://clerk.com/docs/guides/development/webhooks/billing>. Times are in milliseconds.

use serde_json::Value;

use super::Meaning;
use super::fields::{Part, amount, plan_code};
use crate::webhooks::told::{About, Kind, Notice, Standing};

pub(super) fn meaning(event_type: &str, message: &Value) -> Result<Meaning, String> {
    let data = Part::of(message, "data")?;
    // The time of the message, for what has no time of its own.
    let sent_ms = message
        .get("timestamp")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    let at = |part: &Part<'_>| part.number_if_any("updated_at").unwrap_or(sent_ms);
    let (thing, happened) = event_type.split_once('.').unwrap_or((event_type, ""));
    let deleted = |notice: Notice| match happened {
        "deleted" => notice.ended(sent_ms.max(at(&data)), "deleted by Clerk"),
        _ => notice,
    };
    let notices = match thing {
        "user" => {
            let user = Notice::new(Kind::User, data.text("id")?).state(at(&data), 0, About::User {});
            vec![deleted(user)]
        }
        "organization" if happened == "deleted" => {
            vec![deleted(Notice::new(Kind::Organization, data.text("id")?))]
        }
        "organization" => vec![organization(&data, at(&data))?],
        "organizationMembership" => {
            let organized = data.at("organization")?;
            let membership = membership(&data, at(&data))?;
            vec![organization(&organized, at(&organized))?, deleted(membership)]
        }
        "subscription" => {
            let items = data.items("items");
            if items.is_empty() {
                return Ok(Meaning::Nothing("the subscription has no items".to_owned()));
            }
            let payer = data.maybe("payer");
            let items = items
                .iter()
                .map(|item| subscription_item(item, payer.as_ref(), at(&data)));
            items.collect::<Result<_, _>>()?
        }
        // The name tells the status where the item does not: `past_due` and `pastDue` are the same.
        "subscriptionItem" if happened == "upcoming" || happened == "freeTrialEnding" => {
            return Ok(Meaning::Nothing(format!("nothing follows from {event_type}")));
        }
        "subscriptionItem" => vec![subscription_item(&data, None, sent_ms.max(at(&data)))?],
        "paymentAttempt" => return payment_attempt(&data, at(&data)),
        _ => return Ok(Meaning::Nothing(format!("{event_type} is not known here"))),
    };
    Ok(Meaning::Tells(notices))
}

fn organization(data: &Part<'_>, at_ms: i64) -> Result<Notice, String> {
    let about = About::Organization {
        name: data.text("name")?,
        slug: data.text_if_any("slug"),
    };
    let began = data.number_if_any("created_at");
    Ok(Notice::new(Kind::Organization, data.text("id")?)
        .began(began)
        .state(at_ms, 0, about))
}

fn membership(data: &Part<'_>, at_ms: i64) -> Result<Notice, String> {
    let user = data.at("public_user_data")?;
    let names = [user.text_if_any("first_name"), user.text_if_any("last_name")];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let user_id = user.text("user_id")?;
    let about = About::Membership {
        organization: data.at("organization")?.text("id")?,
        user: user_id.clone(),
        email: user.text("identifier")?,
        name: Some(name).filter(|name| !name.is_empty()),
        role: data.text("role")?,
    };
    let began = data.number_if_any("created_at");
    Ok(Notice::new(Kind::Membership, data.text("id")?)
        .of(user_id)
        .began(began)
        .state(at_ms, 0, about))
}

/// Both spellings of a status: `past_due` and `pastDue`.
fn is_past_due(status: &str) -> bool {
    status == "past_due" || status == "pastDue"
}

fn subscription_item(item: &Part<'_>, payer: Option<&Part<'_>>, at_ms: i64) -> Result<Notice, String> {
    let status = item.text("status")?;
    let payer = item.maybe("payer").or_else(|| payer.cloned());
    let organization = payer
        .as_ref()
        .and_then(|payer| payer.text_if_any("organization_id"));
    let plan = item.maybe("plan");
    let name = plan.as_ref().and_then(|plan| plan.text_if_any("slug"));
    let name = name
        .or_else(|| item.text_if_any("plan_id"))
        .ok_or("the item has no plan")?;
    let (minor, currency) = match (item.maybe("amount"), &plan) {
        (Some(money), _) if money.value.is_object() => (money.number("amount")?, money.currency("currency")?),
        (_, Some(plan)) => (plan.number("amount")?, plan.currency("currency")?),
        _ => return Err("the item has neither amount nor plan".to_owned()),
    };
    let period = item
        .text_if_any("plan_period")
        .or_else(|| item.text_if_any("interval"));
    let months = if period.as_deref() == Some("annual") {
        12
    } else {
        1
    };
    let (standing, progress) = match status.as_str() {
        status if is_past_due(status) => (Standing::PastDue, 3),
        "active" => (Standing::Active, 1),
        // It runs until it ends.
        "canceled" => (Standing::Active, 2),
        "ended" | "expired" => (Standing::Active, 4),
        _ => (Standing::Pending, 0),
    };
    let about = About::Subscription {
        organization,
        plan: plan_code(&name),
        amount: (amount(minor, currency) / rust_decimal::Decimal::from(months))
            .round_dp(6)
            .normalize(),
        currency,
        customer: payer.as_ref().and_then(|payer| {
            payer
                .text_if_any("organization_id")
                .or_else(|| payer.text_if_any("user_id"))
        }),
        standing,
    };
    let began = item
        .number_if_any("created_at")
        .or_else(|| item.number_if_any("period_start"));
    let notice = Notice::new(Kind::Subscription, item.text("id")?)
        .began(began)
        .state(at_ms, progress, about);
    Ok(match status.as_str() {
        "ended" | "expired" => {
            let ended = item
                .number_if_any("ended_at")
                .or_else(|| item.number_if_any("period_end"));
            notice.ended(ended.unwrap_or(at_ms).min(at_ms.max(1)), "ended at Clerk")
        }
        _ => notice,
    })
}

fn payment_attempt(data: &Part<'_>, at_ms: i64) -> Result<Meaning, String> {
    let status = data.text("status")?;
    let failure = match status.as_str() {
        "paid" => None,
        "failed" => {
            let reason = data
                .maybe("failed_reason")
                .and_then(|reason| reason.text_if_any("code"));
            Some(reason.unwrap_or_else(|| "the payment failed".to_owned()))
        }
        _ => return Ok(Meaning::Nothing(format!("the attempt is {status}"))),
    };
    let items = data.items("subscription_items");
    let item = items.first().ok_or("the attempt is for no subscription item")?;
    let total = data.at("totals")?.at("grand_total")?;
    let currency = total.currency("currency")?;
    let time = data.number_if_any(if failure.is_some() { "failed_at" } else { "paid_at" });
    let payer = data.maybe("payer");
    let about = About::Payment {
        organization: payer.and_then(|payer| payer.text_if_any("organization_id")),
        subscription: item.text("id")?,
        amount: amount(total.number("amount")?, currency),
        currency,
        invoice: data.text_if_any("statement_id"),
        failure,
        at_ms: time.unwrap_or(at_ms),
    };
    let id = format!("{}.{status}", data.text("id")?);
    Ok(Meaning::Tells(vec![
        Notice::new(Kind::Payment, id).state(at_ms, 0, about),
    ]))
}
