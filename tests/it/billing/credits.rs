//! Prepaid credits: granted, drawn, given back and expired, and never drawn twice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::process::Command;

use super::alerts::{RAISED, raised, watching};
use super::ground::{acme, subscribe, wish};
use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

const LEDGER: &str = "query($s: ID!, $at: DateTime) { creditLedger(subscription: $s, at: $at) {
    balance { amount currency } grants { grant left { amount } }
    entries(first: 100) { pageInfo { hasNextPage } nodes { at grant movement amount { amount } left { amount }
        balance { amount } invoiceId invoice { localId } event { type } } } } }";
const DRAWN: &str =
    "query($id: ID!) { invoice(id: $id) { localId status total { amount } creditsDrawn { amount }
    credits { grant amount { amount } } due { amount } outstanding { amount }
    creditNotes { credits { grant amount { amount } } } difference { lines { code line } } } }";

fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

async fn grant(house: &House, acme: &Tenant, to: &str, (id, amount, priority): (&str, &str, u8)) {
    let expires = (priority == 0).then_some("2026-04-01T00:00:00Z");
    let input = json!({
        "id": to, "grant": id, "amount": eur(amount), "priority": priority, "expiresAt": expires,
        "origin": if priority == 0 { "GIVEN" } else { "BOUGHT" },
    });
    house.done(&acme.token, "grantCredit", input).await;
}

async fn issue(house: &House, acme: &Tenant, at: &str) -> Value {
    let payload = house.done(&acme.token, "issueInvoice", wish("s1", at)).await;
    house.settle().await;
    invoice(house, acme, payload["localId"].as_str().unwrap()).await
}

async fn invoice(house: &House, acme: &Tenant, id: &str) -> Value {
    let data = house.ask(&acme.token, DRAWN, json!({ "id": id })).await;
    data["invoice"].clone()
}

async fn ledger(house: &House, acme: &Tenant, subscription: &str, at: Option<&str>) -> Value {
    house.settle().await;
    let variables = json!({ "s": subscription, "at": at });
    house.ask(&acme.token, LEDGER, variables).await["creditLedger"].clone()
}

/// Movement, grant and amount of each entry, with what is left of all.
fn entries(ledger: &Value) -> Vec<String> {
    let nodes = ledger["entries"]["nodes"].as_array().unwrap();
    let told = |node: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        [
            text(&node["movement"]),
            text(&node["grant"]),
            text(&node["amount"]["amount"]),
            text(&node["balance"]["amount"]),
            text(&node["invoiceId"]),
            text(&node["event"]["type"]),
        ]
        .join(" ")
    };
    nodes.iter().map(told).collect()
}

pub(super) async fn verify(house: &House) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["invoices", "verify", "--all", "--database-url", house.url()])
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_pay_what_is_due_in_their_order_and_the_ledger_tells_each_movement() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    grant(&house, &acme, "s1", ("bought", "400.00", 10)).await;
    grant(&house, &acme, "s1", ("gift", "100.00", 0)).await;
    house.settle().await;
    let preview = "{ invoicePreview(subscription: \"s1\", at: \"2025-03-20T00:00:00Z\") { total { amount }
        creditsDrawn { amount } due { amount } credits { grant amount { amount } } } }";
    let parts = json!([
        { "grant": "gift", "amount": { "amount": "100.00" } },
        { "grant": "bought", "amount": { "amount": "210.00" } },
    ]);
    let told = house.ask(&acme.token, preview, json!({})).await["invoicePreview"].clone();
    assert_eq!(
        (&told["credits"], &told["due"]["amount"]),
        (&parts, &json!("0.00"))
    );

    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!((&march["credits"], &march["status"]), (&parts, &json!("paid")));
    assert_eq!(march["creditsDrawn"]["amount"], "310.00");
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(
        april["credits"],
        json!([{ "grant": "bought", "amount": { "amount": "190.00" } }])
    );
    assert_eq!(
        (&april["due"]["amount"], &april["status"]),
        (&json!("120.00"), &json!("issued"))
    );
    let void = json!({ "id": "INV-000002", "reason": "the wrong address" });
    house.done(&acme.token, "voidInvoice", void).await;
    assert_eq!(ledger(&house, &acme, "s1", None).await["balance"], eur("190.00"));
    let again = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(
        (&again["localId"], &again["due"]["amount"]),
        (&json!("INV-000003"), &json!("120.00"))
    );

    // What was left to be paid goes first, then what credits paid comes back, the last drawn first.
    let credit = |id: &str, amount: &str| json!({ "id": id, "amount": eur(amount), "reason": "it was down" });
    house
        .done(&acme.token, "creditInvoice", credit("INV-000003", "130.00"))
        .await;
    house
        .done(&acme.token, "creditInvoice", credit("INV-000001", "250.00"))
        .await;
    let now = ledger(&house, &acme, "s1", None).await;
    let expected = [
        "GRANTED bought 400.00 400.00 - subscription.credit_granted",
        "GRANTED gift 100.00 500.00 - subscription.credit_granted",
        "DRAWN gift -100.00 400.00 INV-000001 invoice.issued",
        "DRAWN bought -210.00 190.00 INV-000001 invoice.issued",
        "DRAWN bought -190.00 0.00 INV-000002 invoice.issued",
        "GIVEN_BACK bought 190.00 190.00 INV-000002 invoice.voided",
        "DRAWN bought -190.00 0.00 INV-000003 invoice.issued",
        "GIVEN_BACK bought 10.00 10.00 INV-000003 invoice.credited",
        "GIVEN_BACK bought 210.00 220.00 INV-000001 invoice.credited",
        "GIVEN_BACK gift 40.00 260.00 INV-000001 invoice.credited",
    ];
    assert_eq!(entries(&now), expected);
    assert_eq!(now["balance"], eur("260.00"));
    assert_eq!(now["entries"]["nodes"][2]["invoice"]["localId"], "INV-000001");
    // What expires is told by the moment that is asked for: nobody wrote it down.
    let later = ledger(&house, &acme, "s1", Some("2026-04-01T00:00:00Z")).await;
    assert_eq!(later["balance"], eur("220.00"));
    assert_eq!(
        entries(&later).last().unwrap(),
        "EXPIRED gift -40.00 220.00 - subscription.credit_granted"
    );
    assert_eq!(later["entries"]["nodes"][10]["at"], "2026-04-01T00:00:00Z");
    let before = ledger(&house, &acme, "s1", Some("2025-01-01T00:00:00Z")).await;
    assert_eq!((&before["balance"], entries(&before).len()), (&eur("0"), 0));
    assert_eq!(ledger(&house, &acme, "nobody", None).await, Value::Null);

    assert_eq!(
        verify(&house).await,
        "2 the same, 0 different, 0 could not be folded again\n"
    );
    let less = "do $$ begin set local session_replication_role = replica;
        update events set payload = replace(payload::text, '400.00', '300.00')::json
        where event_type = 'subscription.credit_granted'; end $$";
    house.behind_the_engines_back(less).await;
    let said = verify(&house).await;
    assert!(said.contains("INV-000003 was issued at 310.00 EUR"), "{said}");
    assert!(said.contains("credit bought"), "{said}");
    house.settle().await;
    let different = invoice(&house, &acme, "INV-000003").await;
    assert_eq!(
        different["difference"]["lines"],
        json!([{ "code": "credit bought", "line": 0 }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_that_cannot_be_is_refused() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let input = |id: &str, amount: Value, expires: &str| json!({ "id": "s1", "grant": id, "amount": amount, "origin": "BOUGHT", "expiresAt": expires });
    let usd = json!({ "amount": "10.00", "currency": "USD" });
    let wrong = [
        (input("a", eur("0.00"), "2027-01-01T00:00:00Z"), "INVALID_CREDIT"),
        (input("a", eur("-5.00"), "2027-01-01T00:00:00Z"), "INVALID_CREDIT"),
        (input("a", usd, "2027-01-01T00:00:00Z"), "OTHER_CURRENCY"),
        (input("a", eur("10.00"), "2026-01-01T00:00:00Z"), "INVALID_CREDIT"),
        (input(" ", eur("10.00"), "2027-01-01T00:00:00Z"), "INVALID_CREDIT"),
    ];
    let code = async |input: Value| {
        let payload = house.mutate(&acme.token, "grantCredit", input).await;
        payload["userErrors"][0]["code"].as_str().map(str::to_owned)
    };
    for (input, expected) in wrong {
        assert_eq!(code(input.clone()).await.as_deref(), Some(expected), "{input}");
    }
    let right = input("a", eur("10.00"), "2027-01-01T00:00:00Z");
    house.done(&acme.token, "grantCredit", right.clone()).await;
    assert_eq!(code(right).await.as_deref(), Some("CREDIT_TAKEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_falls_is_told_within_two_seconds_and_once() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    grant(&house, &acme, "s1", ("bought", "500.00", 10)).await;
    let (_clock, watchers) = watching(&house).await;
    let low = json!({ "id": "low", "name": "Low", "kind": "BALANCE", "subscription": "s1", "thresholds": ["200", "0"] });
    house.done(&acme.token, "defineAlert", low).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(RAISED, json!({})).await;
    for (at, figure, threshold) in [
        ("2025-03-20T00:00:00Z", "190.00", "200"),
        ("2025-04-20T00:00:00Z", "0", "0"),
    ] {
        house.done(&acme.token, "issueInvoice", wish("s1", at)).await;
        let begun = Instant::now();
        let told = raised(&mut socket).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(told.contains(&format!("\"figure\":\"{figure}\"")), "{told}");
        assert!(told.contains(&format!("\"threshold\":\"{threshold}\"")), "{told}");
    }
    house
        .done(&acme.token, "issueInvoice", wish("s1", "2025-05-20T00:00:00Z"))
        .await;
    house.settle().await;
    for watcher in watchers {
        watcher.stop().await;
    }
    house.settle().await;
    let data = house
        .ask(
            &acme.token,
            "{ alerts(first: 1) { nodes { kind raised } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        data["alerts"]["nodes"][0],
        json!({ "kind": "BALANCE", "raised": 2 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_issue_at_once_never_draw_the_same_credit_twice() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let subscriptions = ["s0", "s1", "s2", "s3"];
    for id in subscriptions {
        subscribe(&house, &acme, id, "2025-03-01T00:00:00+01:00").await;
        grant(&house, &acme, id, ("bought", "700.00", 10)).await;
    }
    house.settle().await;
    let run = |period: &str| {
        Command::new(env!("CARGO_BIN_EXE_annals-program"))
            .args([
                "invoices",
                "issue",
                "--period",
                period,
                "--all",
                "--database-url",
                house.url(),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    };
    let periods = ["2025-03", "2025-04", "2025-05", "2025-04"];
    let runs = periods.map(run);
    for run in runs {
        let output = run.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let erred = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said} {erred}");
    }
    for id in subscriptions {
        // The processes go by the clock on the wall.
        let told = ledger(&house, &acme, id, Some("2999-01-01T00:00:00Z")).await;
        assert_eq!(told["balance"], eur("0"), "{:?}", entries(&told));
        let drawn = entries(&told)
            .into_iter()
            .filter(|entry| entry.starts_with("DRAWN"));
        let amounts: Vec<String> = drawn
            .map(|entry| entry.split(' ').nth(2).unwrap().to_owned())
            .collect();
        assert_eq!(amounts, ["-310.00", "-310.00", "-80.00"]);
    }
    assert_eq!(
        verify(&house).await,
        "12 the same, 0 different, 0 could not be folded again\n"
    );
}
