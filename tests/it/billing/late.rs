//! What comes late: corrections that name the original period, without limit in age; and void invoices.

use serde_json::json;

use super::ground::{acme, invoice, issue, lines, pages, subscribe, too_many, total};
use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn late_events_become_correction_lines_that_name_the_original_period_whatever_its_age() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    pages(
        &house,
        &acme,
        &[
            ("a", "2025-03-20T10:00:00Z", "11.5"),
            ("b", "2025-04-20T10:00:00Z", "1"),
        ],
    )
    .await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(march["total"]["amount"], "315.50");
    // Late for March, and a correction of what was counted for it.
    pages(&house, &acme, &[("c", "2025-03-31T21:59:59Z", "10")]).await;
    too_many(&house, &acme, ("d", "a", "2025-03-20T11:00:00Z"), 2).await;
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    // March is 19.5 pages: 5 + 9.5 x 0.333 = 8.1635, of which 5.50 was billed.
    assert_eq!(
        lines(&april),
        ["pages USAGE 0.50", "platform FEE 310.00", "pages CORRECTION 2.66"]
    );
    let corrected = &april["lines"][2];
    let of_march = json!({
        "invoice": "INV-000001", "kind": "USAGE", "firstDay": "2025-03-01", "lastDay": "2025-03-31",
    });
    assert_eq!(corrected["corrects"], of_march);
    assert_eq!(corrected["quantity"], "8");
    assert_eq!(
        corrected["evidence"]["nodes"].as_array().unwrap().len(),
        2,
        "the two that came late"
    );
    assert_eq!(
        invoice(&house, &acme, "INV-000001").await["total"]["amount"],
        "315.50",
        "it is frozen"
    );

    let may = issue(&house, &acme, "2025-05-20T00:00:00Z").await;
    assert_eq!(
        lines(&may),
        ["pages USAGE 0.00", "platform FEE 310.00"],
        "nothing came late"
    );
    // Ten months later, for the first period again; and for April.
    pages(
        &house,
        &acme,
        &[
            ("e", "2025-03-02T10:00:00Z", "3"),
            ("f", "2025-04-02T10:00:00Z", "9"),
        ],
    )
    .await;
    let february = issue(&house, &acme, "2026-02-20T00:00:00Z").await;
    // 22.5 pages: 9.1625, of which 8.16 was billed. April: 10 pages.
    let expected = [
        "pages USAGE 0.00",
        "platform FEE 310.00",
        "pages CORRECTION 1.00",
        "pages CORRECTION 4.50",
    ];
    assert_eq!(lines(&february), expected);
    assert_eq!(
        february["lines"][2]["corrects"]["invoice"], "INV-000002",
        "the last one that billed the line"
    );
    assert_eq!(
        february["lines"][2]["evidence"]["nodes"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // All that was billed is what each period comes to in one go.
    let mut in_one_go = rust_decimal::Decimal::ZERO;
    for at in ["2025-03-20", "2025-04-20", "2025-05-20", "2026-02-20"] {
        let document = format!(
            "{{ invoicePreview(subscription: \"s1\", at: \"{at}T00:00:00Z\") {{ total {{ amount }} }} }}"
        );
        let data = house.ask(&acme.token, &document, json!({})).await;
        let amount: rust_decimal::Decimal = data["invoicePreview"]["total"]["amount"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        in_one_go += amount;
    }
    assert_eq!(total(&house, &acme).await, in_one_go);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_invoices_number_stays_and_its_period_is_billed_again() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(march["localId"], "INV-000001");
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    let void = |id: &str| json!({ "id": id, "reason": "the wrong customer" });
    // What the second one corrected of March is void with it.
    house.done(&acme.token, "voidInvoice", void("INV-000002")).await;
    house.done(&acme.token, "voidInvoice", void("INV-000001")).await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(
        (&march["localId"], &march["total"]["amount"]),
        (&json!("INV-000003"), &json!("312.00"))
    );
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(lines(&april), ["pages USAGE 0.00", "platform FEE 310.00"]);
    assert_eq!(invoice(&house, &acme, "INV-000001").await["status"], "void");
}
