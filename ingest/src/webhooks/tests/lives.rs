//! Lives of tenants as senders tell them, in the order in which they happen.

use serde_json::{Value, json};

use super::door::NOW;

/// Deliveries: id, type and body.
pub(super) type Messages = Vec<(String, String, Value)>;
/// So many messages are a whole life.
pub(super) const WHOLE: usize = 15;
/// A day before the tests' now, in seconds.
const DAY: i64 = NOW - 86_400;

fn subscription(plan: &str, cents: i64, more: Value) -> Value {
    let mut object = json!({
        "id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_1", "start_date": DAY,
        "items": { "data": [{ "quantity": 1, "price": { "id": "price_9", "lookup_key": plan, "unit_amount": cents,
                              "currency": "usd", "recurring": { "interval": "month", "interval_count": 1 } } }] },
    });
    object
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    object
}

fn invoice(id: &str, more: Value) -> Value {
    let mut object = json!({
        "id": id, "currency": "usd", "amount_due": 4_900, "amount_paid": 4_900, "payment_intent": format!("pi_{id}"),
        "parent": { "subscription_details": { "subscription": "sub_1" } },
        "status_transitions": { "paid_at": DAY + 5 },
    });
    object
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    object
}

/// A subscription's life as Stripe tells it: type, seconds after the beginning, and the object.
fn life() -> Vec<(&'static str, i64, Value)> {
    let dispute = |status: &str| {
        json!({ "id": "dp_1", "payment_intent": "pi_in_2", "charge": "ch_2", "amount": 4_900, "currency": "usd",
                "reason": "fraudulent", "status": status, "created": DAY + 60 })
    };
    vec![
        (
            "customer.subscription.created",
            1,
            subscription("starter", 4_900, json!({ "status": "incomplete" })),
        ),
        (
            "invoice.created",
            1,
            invoice("in_1", json!({ "status_transitions": {} })),
        ),
        ("invoice.paid", 5, invoice("in_1", json!({}))),
        ("invoice.payment_succeeded", 6, invoice("in_1", json!({}))),
        (
            "customer.subscription.updated",
            6,
            subscription("starter", 4_900, json!({})),
        ),
        (
            "customer.subscription.updated",
            10,
            subscription("professional", 19_900, json!({})),
        ),
        (
            "invoice.payment_failed",
            20,
            invoice("in_2", json!({ "attempt_count": 1 })),
        ),
        (
            "customer.subscription.updated",
            20,
            subscription("professional", 19_900, json!({ "status": "past_due" })),
        ),
        (
            "invoice.payment_failed",
            30,
            invoice("in_2", json!({ "attempt_count": 2 })),
        ),
        (
            "invoice.paid",
            40,
            invoice("in_2", json!({ "status_transitions": { "paid_at": DAY + 40 } })),
        ),
        (
            "customer.subscription.updated",
            41,
            subscription("professional", 19_900, json!({})),
        ),
        ("charge.dispute.created", 60, dispute("needs_response")),
        ("charge.dispute.closed", 70, dispute("won")),
        (
            "customer.subscription.updated",
            80,
            subscription(
                "professional",
                19_900,
                json!({ "pause_collection": { "behavior": "void" } }),
            ),
        ),
        (
            "customer.subscription.deleted",
            90,
            subscription(
                "professional",
                19_900,
                json!({ "status": "canceled", "ended_at": DAY + 90, "cancellation_details": { "reason": "too dear" } }),
            ),
        ),
    ]
}

pub(super) fn by_stripe() -> Messages {
    let message = |(number, (event_type, after, object)): (usize, (&str, i64, Value))| {
        let body = json!({ "id": format!("evt_{number}"), "type": event_type, "created": DAY + after,
                           "data": { "object": object } });
        (format!("evt_{number}"), event_type.to_owned(), body)
    };
    life().into_iter().enumerate().map(message).collect()
}

pub(super) fn by_clerk() -> Messages {
    let ms = |after: i64| (DAY + after) * 1_000;
    let organization = |name: &str, after: i64| json!({ "id": "org_1", "name": name, "slug": "globex", "created_at": ms(0), "updated_at": ms(after) });
    let membership = |id: &str, user: &str, role: &str, after: i64| {
        json!({ "id": id, "role": role, "organization": organization("Globex", 0), "created_at": ms(2),
                "updated_at": ms(after), "public_user_data": { "user_id": user, "first_name": "Ada",
                "last_name": null, "identifier": format!("{user}@example.org") } })
    };
    let payer = json!({ "organization_id": "org_1", "user_id": null });
    let plan = json!({ "id": "cplan_1", "slug": "gold", "amount": 9_900, "currency": "usd" });
    let item = |status: &str, after: i64| {
        json!({ "id": "csi_1", "status": status, "plan": plan, "plan_id": "cplan_1", "plan_period": "month",
                "payer": payer, "created_at": ms(3), "updated_at": ms(after), "ended_at": ms(90) })
    };
    let attempt = |status: &str, after: i64| {
        json!({ "id": "cpa_1", "status": status, "payer": payer, "subscription_items": [item("active", 3)],
                "totals": { "grand_total": { "amount": 9_900, "currency": "USD" } }, "updated_at": ms(after),
                "paid_at": ms(50), "failed_at": ms(21), "failed_reason": { "code": "card_declined" } })
    };
    let messages = [
        ("organization.created", 0, organization("Globex", 0)),
        ("organization.updated", 9, organization("Globex Ltd", 9)),
        ("user.created", 1, json!({ "id": "user_2", "updated_at": ms(1) })),
        (
            "organizationMembership.created",
            2,
            membership("orgmem_1", "user_1", "org:member", 2),
        ),
        (
            "organizationMembership.updated",
            8,
            membership("orgmem_1", "user_1", "org:admin", 8),
        ),
        (
            "organizationMembership.created",
            2,
            membership("orgmem_2", "user_2", "org:member", 2),
        ),
        (
            "organizationMembership.created",
            2,
            membership("orgmem_3", "user_3", "org:member", 2),
        ),
        (
            "organizationMembership.deleted",
            30,
            membership("orgmem_3", "user_3", "org:member", 2),
        ),
        ("user.deleted", 31, json!({ "id": "user_2", "deleted": true })),
        (
            "subscription.created",
            3,
            json!({ "id": "csub_1", "status": "active", "payer": payer, "updated_at": ms(3),
                                            "items": [item("active", 3)] }),
        ),
        ("subscriptionItem.active", 3, item("active", 3)),
        ("subscriptionItem.pastDue", 20, item("past_due", 20)),
        ("subscriptionItem.past_due", 20, item("pastDue", 20)),
        ("paymentAttempt.updated", 21, attempt("failed", 21)),
        ("paymentAttempt.updated", 50, attempt("paid", 50)),
        ("subscriptionItem.active", 51, item("active", 51)),
        ("session.created", 52, json!({ "id": "sess_1" })),
        ("subscriptionItem.ended", 90, item("ended", 90)),
    ];
    let message = |(number, (event_type, after, data)): (usize, (&str, i64, Value))| {
        let body = json!({ "type": event_type, "object": "event", "data": data, "timestamp": ms(after) });
        (format!("msg_{number}"), event_type.to_owned(), body)
    };
    messages.into_iter().enumerate().map(message).collect()
}
