//! One series of numbers for all tenants: without gaps, from many processes, and killed while they are given.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use projections::invoice::Series;
use serde_json::{Value, json};

use super::credits::verify;
use super::ground::{issue, issued_by, outfitted, subscribe, wish};
use super::numbers::program;
use crate::gateway::house::{House, Tenant};

const TENANTS: [&str; 3] = ["acme", "beta", "gamma"];
const SUBSCRIPTIONS: usize = 3;

async fn tenants(house: &House) -> Vec<Tenant> {
    let mut tenants = Vec::new();
    for slug in TENANTS {
        let tenant = outfitted(house, slug).await;
        for index in 0..SUBSCRIPTIONS {
            subscribe(house, &tenant, &format!("s{index}"), "2025-03-01T00:00:00+01:00").await;
        }
        tenants.push(tenant);
    }
    house.settle().await;
    tenants
}

/// Number and period of all invoices of all tenants.
async fn all(house: &House, tenants: &[Tenant]) -> Vec<(String, String)> {
    house.settle().await;
    let document = "{ invoices(first: 100) { nodes { localId subscriptionId firstDay } } }";
    let mut all = Vec::new();
    for (tenant, slug) in tenants.iter().zip(TENANTS) {
        let data = house.ask(&tenant.token, document, json!({})).await;
        let nodes = data["invoices"]["nodes"].as_array().unwrap().clone();
        let told = |node: &Value| {
            let of = format!("{slug} {} {}", node["subscriptionId"], node["firstDay"]);
            (node["localId"].as_str().unwrap().to_owned(), of)
        };
        all.extend(nodes.iter().map(told));
    }
    all.sort();
    all
}

fn without_gaps(invoices: &[(String, String)], expected: usize) {
    let numbers: Vec<&str> = invoices.iter().map(|(number, _)| number.as_str()).collect();
    let gapless: Vec<String> = (1..=expected).map(|number| format!("PINV-{number:06}")).collect();
    assert_eq!(numbers, gapless, "{invoices:?}");
    let of: BTreeSet<&String> = invoices.iter().map(|(_, of)| of).collect();
    assert_eq!(of.len(), expected, "each period once: {invoices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_share_a_series_through_many_gateways_at_once() {
    let house = House::open_wide().await;
    let tenants = tenants(&house).await;
    let gateways = [1, 2].map(|_| house.router_with(|options| options.invoice_series = Series::Platform));
    let mut wishes = Vec::new();
    for tenant in &tenants {
        for index in 0..SUBSCRIPTIONS {
            for at in ["2025-03-20T00:00:00Z", "2025-04-20T00:00:00Z"] {
                for gateway in &gateways {
                    wishes.push((gateway.clone(), &tenant.token, wish(&format!("s{index}"), at)));
                }
            }
        }
    }
    let answers = futures::stream::iter(
        wishes
            .into_iter()
            .map(|(router, token, input)| issued_by(router, token, input)),
    )
    .buffer_unordered(8)
    .collect::<BTreeSet<String>>()
    .await;
    let expected = 2 * SUBSCRIPTIONS * TENANTS.len();
    assert_eq!(
        answers.len(),
        expected,
        "who asks twice is told the same: {answers:?}"
    );
    without_gaps(&all(&house, &tenants).await, expected);
    // A process of the other setting has the tenant's own series, from its first number on.
    let own = issue(&house, &tenants[0], "2025-05-20T00:00:00Z").await;
    assert_eq!(own["localId"], "INV-000001");
    let said = format!(
        "{} the same, 0 different, 0 could not be folded again\n",
        expected + 1
    );
    assert_eq!(verify(&house).await, said);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_are_killed_again_and_again_leave_no_gap_in_a_shared_series() {
    let house = House::open_wide().await;
    let tenants = tenants(&house).await;
    let arguments = [
        "invoices",
        "issue",
        "--period",
        "2025-03",
        "--all",
        "--invoice-series",
        "platform",
    ];
    let mut killed = 0;
    for round in 0_u64.. {
        let mut runs = [
            program(&house, &arguments).spawn().unwrap(),
            program(&house, &arguments).spawn().unwrap(),
        ];
        // A little longer each time, so that they are met at every stage, and never at the same one.
        let mut over = 0;
        for (index, run) in runs.iter_mut().enumerate() {
            let limit = Duration::from_millis(60 + round * 12 + index as u64 * 7);
            match tokio::time::timeout(limit, run.wait()).await {
                Ok(status) => over += usize::from(status.unwrap().success()),
                Err(_) => {
                    run.kill().await.unwrap();
                    killed += 1;
                }
            }
        }
        if over == runs.len() {
            break;
        }
    }
    assert!(killed > 0);
    let output = program(&house, &arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = SUBSCRIPTIONS * TENANTS.len();
    assert_eq!(
        said,
        format!("2025-03: 0 issued, {expected} were issued before, 0 could not be billed\n"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    without_gaps(&all(&house, &tenants).await, expected);
}
