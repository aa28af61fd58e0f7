//! What all tenants' periods would have come to under a draft, by the program, side by side with what was billed.

use std::path::Path;

use serde_json::{Value, json};

use super::ground::{issue, outfitted, pages, plan, subscribe, wish};
use super::numbers::program;
use crate::gateway::house::{House, Tenant};

const MARCH: &str = "2025-03-20T00:00:00Z";
const HEADER: &str = "tenant,subscription,first_day,last_day,billed,actual,supposed,difference,currency";

/// 372 a month, 2 a page, and 40 of it committed to, beyond which a page costs half of it again. Begins in the future.
fn draft() -> Value {
    let mut version = plan()["version"].clone();
    version["version"] = json!(9);
    version["effective_from"] = json!("2030-01-01T00:00:00Z");
    version["fees"][0]["price"] = json!({ "EUR": "372" });
    version["charges"][0]["price"] = json!({ "model": "standard", "unit_price": { "EUR": "2" } });
    version["commitment"] = json!({ "amount": { "EUR": "40" }, "overage_factor": "1.5" });
    version
}

/// Two tenants with two subscriptions each in March, of which each has issued one; one of April besides.
async fn tenants(house: &House) -> [Tenant; 2] {
    let acme = outfitted(house, "acme").await;
    let beta = outfitted(house, "beta").await;
    subscribe(house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    subscribe(house, &acme, "s2", "2025-03-01T00:00:00+01:00").await;
    subscribe(house, &beta, "s1", "2025-03-01T00:00:00+01:00").await;
    subscribe(house, &beta, "s2", "2025-03-01T00:00:00+01:00").await;
    subscribe(house, &beta, "s3", "2025-04-01T00:00:00+02:00").await;
    pages(house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    pages(house, &beta, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    issue(house, &acme, MARCH).await;
    issue(house, &beta, MARCH).await;
    // Late for what was billed.
    pages(house, &acme, &[("b", "2025-03-21T10:00:00Z", "3")]).await;
    let cancel = json!({ "id": "s2", "reason": "moved", "occurredAt": "2025-03-11T00:00:00+01:00" });
    house.done(&beta.token, "cancelSubscription", cancel).await;
    house.settle().await;
    [acme, beta]
}

/// What the program says: whether all went well, its rows in order, and its complaints.
async fn told(house: &House, more: &[&str]) -> (bool, Vec<String>, String) {
    let arguments = [&["invoices", "what-if", "--at", MARCH][..], more].concat();
    let output = program(house, &arguments).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    if !text.is_empty() {
        assert_eq!(text.lines().next(), Some(HEADER));
    }
    rows.sort();
    let complaints = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), rows, complaints)
}

fn written(folder: &Path, name: &str, version: &Value) -> String {
    let file = folder.join(name);
    std::fs::write(&file, version.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_rated_for_all_tenants_beside_what_they_were_billed() {
    let house = House::open_wide().await;
    let [acme, _] = tenants(&house).await;
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "plan_version.json", &draft());
    let expected = [
        // 20 of 31 days: billed 200 and 5.50, now 6.4985. 240; 14.5 x 2; of 25.81 committed to 3.19 beyond: 1.595.
        "acme,s1,2025-03-01,2025-03-31,205.50,206.50,270.60,64.10,EUR",
        // Not billed. 372; 29; 11 up to the 40.
        "acme,s2,2025-03-01,2025-03-31,,316.50,412.00,95.50,EUR",
        // 310 and 4 x 0.50. 372; 8; 32 up to the 40.
        "beta,s1,2025-03-01,2025-03-31,312.00,312.00,412.00,100.00,EUR",
        // 10 of 31 days, on which nothing was used. 120; 12.90 of the 40.
        "beta,s2,2025-03-01,2025-03-31,,100.00,132.90,32.90,EUR",
    ];
    let (all_rated, rows, complaints) = told(&house, &["--all", "--draft", &file]).await;
    assert_eq!(rows, expected, "{complaints}");
    assert!(all_rated, "{complaints}");
    let (_, rows, _) = told(&house, &["--tenant", "beta", "--draft", &file]).await;
    assert_eq!(rows, expected[2..]);
    // Under the plan that they have there is no difference; nothing was written down by asking.
    let head = house.store.log().head().await.unwrap();
    let (_, rows, _) = told(&house, &["--all", "--plan", "results"]).await;
    assert_eq!(
        rows,
        [
            "acme,s1,2025-03-01,2025-03-31,205.50,206.50,206.50,0.00,EUR",
            "acme,s2,2025-03-01,2025-03-31,,316.50,316.50,0.00,EUR",
            "beta,s1,2025-03-01,2025-03-31,312.00,312.00,312.00,0.00,EUR",
            "beta,s2,2025-03-01,2025-03-31,,100.00,100.00,0.00,EUR",
        ]
    );
    assert_eq!(house.store.log().head().await.unwrap(), head);
    // The gateway says the same.
    let document =
        "query($draft: JSON!) { whatIf(subscription: \"s1\", at: \"2025-03-20T00:00:00Z\", plan: \"draft\",
        draft: $draft) { billed { amount } actual { total { amount } } supposed { total { amount }
        lines { code kind amount { amount } } } difference { amount } } }";
    let data = house
        .ask(&acme.token, document, json!({ "draft": draft() }))
        .await;
    let one = &data["whatIf"];
    let figures = [
        &one["billed"],
        &one["actual"]["total"],
        &one["supposed"]["total"],
        &one["difference"],
    ];
    let figures = figures.map(|figure| figure["amount"].as_str().unwrap());
    assert_eq!(figures, ["205.50", "206.50", "270.60", "64.10"]);
    assert_eq!(
        super::ground::lines(&one["supposed"]),
        [
            "pages USAGE 29.00",
            "commitment OVERAGE 1.60",
            "platform FEE 240.00"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_none_is_refused_with_the_place_and_what_cannot_be_rated_is_named() {
    let house = House::open_wide().await;
    let [_, beta] = tenants(&house).await;
    let folder = tempfile::tempdir().unwrap();
    let mut overlapping = draft();
    overlapping["charges"][0]["price"] = json!({ "model": "graduated", "tiers": [
        { "up_to": "10", "unit_price": { "EUR": "1" } }, { "up_to": "5", "unit_price": { "EUR": "1" } },
        { "unit_price": { "EUR": "1" } },
    ] });
    let mut floating = draft();
    floating["fees"][0]["price"] = json!({ "EUR": 372.1 });
    for (name, version, reason) in [
        (
            "overlapping.json",
            &overlapping,
            "tiers[1].up_to: it ends at 5 but begins above 10",
        ),
        ("floating.json", &floating, "floating.json"),
        ("nothing.json", &json!({}), "missing field"),
    ] {
        let file = written(folder.path(), name, version);
        let (is_done, rows, complaints) = told(&house, &["--all", "--draft", &file]).await;
        assert!(!is_done && rows.is_empty(), "{name}: {rows:?}");
        assert!(complaints.contains(reason), "{name}: {complaints}");
    }
    let (is_done, _, complaints) = told(&house, &["--all", "--draft", "nowhere.json"]).await;
    assert!(
        !is_done && complaints.contains("file nowhere.json"),
        "{complaints}"
    );

    // A meter that only one of them has: the other is named, and the rest is rated.
    let meter = json!({
        "id": "rows", "label": "Rows", "eventType": "usage.pages", "aggregation": "COUNT", "unit": "row",
    });
    house.done(&beta.token, "defineMeter", meter).await;
    house.settle().await;
    let mut rows_only = draft();
    rows_only["charges"] = json!([{ "code": "rows", "name": "Rows", "meter": "rows", "unit": "row",
        "price": { "model": "standard", "unit_price": { "EUR": "2" } } }]);
    rows_only.as_object_mut().unwrap().remove("commitment");
    let file = written(folder.path(), "rows.json", &rows_only);
    let (is_done, rows, complaints) = told(&house, &["--all", "--draft", &file]).await;
    assert!(!is_done);
    // One event: 372 and 2.
    assert_eq!(
        rows,
        [
            "beta,s1,2025-03-01,2025-03-31,312.00,312.00,374.00,62.00,EUR",
            "beta,s2,2025-03-01,2025-03-31,,100.00,120.00,20.00,EUR",
        ]
    );
    for subscription in ["s1", "s2"] {
        let named = format!("acme: {subscription} could not be rated: ");
        assert!(
            complaints.contains(&named) && complaints.contains("rows"),
            "{complaints}"
        );
    }
    let payload = house.mutate(&beta.token, "issueInvoice", wish("s3", MARCH)).await;
    assert_eq!(
        payload["userErrors"][0]["code"], "BEFORE_START",
        "it has no row, and no bill"
    );
}
