//! What a past period would have come to under another plan.

use serde_json::json;
use tokio::process::Command;

use super::ground::{acme, issue, pages, plan, subscribe};
use crate::gateway::house::House;

const WHAT_IF: &str = "query($plan: String!, $draft: JSON) { whatIf(subscription: \"s1\", at: \"2025-03-20T00:00:00Z\",
    plan: $plan, draft: $draft) { actual { total { amount } } supposed { firstDay total { amount } lines { code quantity } }
    difference { amount currency } billed { amount } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_past_period_is_rated_under_another_plan_and_a_draft_beside_what_was_billed() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    let mut flat = plan();
    flat["id"] = json!("flat");
    flat["version"]["fees"][0]["price"]["EUR"] = json!("620");
    flat["version"]["charges"] = json!([]);
    house.done(&acme.token, "definePlan", flat).await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    pages(&house, &acme, &[("b", "2025-03-21T10:00:00Z", "3")]).await;
    house.settle().await;
    let data = house.ask(&acme.token, WHAT_IF, json!({ "plan": "flat" })).await;
    let expected = json!({
        // 205.50, and 3 x 0.333 more.
        "actual": { "total": { "amount": "206.50" } },
        // 20 of 31 days of 620.
        "supposed": {
            "firstDay": "2025-03-01", "total": { "amount": "400.00" }, "lines": [{ "code": "platform", "quantity": "1" }],
        },
        "difference": { "amount": "193.50", "currency": "EUR" },
        "billed": { "amount": "205.50" },
    });
    assert_eq!(data["whatIf"], expected);
    // A draft begins in the future and is rated all the same.
    let mut draft = plan()["version"].clone();
    draft["effective_from"] = json!("2030-01-01T00:00:00Z");
    draft["charges"][0]["price"] = json!({ "model": "standard", "unit_price": { "EUR": "2" } });
    let asked = json!({ "plan": "draft", "draft": draft });
    let data = house.ask(&acme.token, WHAT_IF, asked).await;
    assert_eq!(data["whatIf"]["supposed"]["total"]["amount"], "229.00");
    let answer = house
        .answer(&acme.token, WHAT_IF, json!({ "plan": "unheard-of" }))
        .await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("there is no plan unheard-of"), "{message}");
    draft["currencies"] = json!([]);
    let asked = json!({ "plan": "draft", "draft": draft });
    let answer = house.answer(&acme.token, WHAT_IF, asked).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("draft: ") && message.contains("currencies"),
        "{message}"
    );

    let all = async |plan: &str| {
        let arguments = [
            "invoices",
            "what-if",
            "--all",
            "--at",
            "2025-03-20T00:00:00Z",
            "--plan",
            plan,
        ];
        let mut program = Command::new(env!("CARGO_BIN_EXE_annals-program"));
        let output = program
            .args(arguments)
            .args(["--database-url", house.url()])
            .output()
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        text(&output.stdout) + &text(&output.stderr)
    };
    let said = all("starter").await;
    assert!(
        said.contains("acme: s1 could not be rated: the plan starter has no version in force"),
        "{said}"
    );
    let said = all("flat").await;
    assert!(
        said.contains("\nacme,s1,2025-03-01,2025-03-31,205.50,206.50,400.00,193.50,EUR\n"),
        "{said}"
    );
}
