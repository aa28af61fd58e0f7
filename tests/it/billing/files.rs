//! An invoice as files: over HTTP, by the command line, and read by somebody else's reader.

use std::process::Command;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::ground::{acme, issue, pages, subscribe};
use crate::clients::pdf_text;
use crate::gateway::house::{House, Tenant};

/// What must be in the text of the document.
const SAID: [&str; 12] = [
    "Invoice INV-000001",
    "Acme GmbH",
    "2025-03-12 to 2025-03-31",
    "pages (usage), 2025-03-12 to 2025-03-31",
    "- units above 10",
    "1.5",
    "Coupon tenth",
    "-20.55 EUR",
    "220.09 EUR",
    "Prepaid credit gift",
    "120.09 EUR",
    "up to position",
];

pub(super) async fn get(house: &House, token: &str, path: &str) -> (u16, String, Vec<u8>) {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(house.router.clone(), request)
        .await
        .unwrap();
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, kind.unwrap_or_default(), bytes.to_vec())
}

async fn invoiced(house: &House) -> Tenant {
    let acme = acme(house).await;
    subscribe(house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    let at = "2025-03-12T10:00:00Z";
    let coupon = json!({ "code": "tenth", "discount": { "percent": "10" }, "lasts": "once" });
    house
        .done(
            &acme.token,
            "applyCoupon",
            json!({ "id": "s1", "coupon": coupon, "occurredAt": at }),
        )
        .await;
    let taxes = json!([{ "code": "vat", "name": "VAT", "rate_percent": "19" }]);
    house
        .done(
            &acme.token,
            "setSubscriptionTaxes",
            json!({ "id": "s1", "taxes": taxes, "occurredAt": at }),
        )
        .await;
    let credit = json!({ "id": "s1", "grant": "gift", "amount": { "amount": "100.00", "currency": "EUR" }, "origin": "GIVEN" });
    house.done(&acme.token, "grantCredit", credit).await;
    pages(house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    // 205.50 less a tenth is 184.95, with 19 % 220.09; 100 are prepaid.
    issue(house, &acme, "2025-03-20T00:00:00Z").await;
    acme
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_a_pdf_and_a_csv_to_whoever_may_see_it() {
    let house = House::open_wide().await;
    let acme = invoiced(&house).await;
    let (status, kind, pdf) = get(&house, &acme.token, "/invoices/INV-000001.pdf").await;
    assert_eq!((status, kind.as_str()), (200, "application/pdf"));
    // The texts stand in the file as they are.
    let raw = String::from_utf8_lossy(&pdf).into_owned();
    for said in SAID.iter().filter(|said| !said.contains('(')) {
        assert!(raw.contains(said), "{said}");
    }
    let (status, kind, csv) = get(&house, &acme.token, "/invoices/INV-000001.csv").await;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8"));
    assert!(csv.starts_with(b"invoice,line,code"));
    for (path, expected) in [
        ("/invoices/INV-000002.pdf", 404),
        ("/invoices/INV-1.pdf", 404),
        ("/invoices/INV-000001", 404),
        ("/invoices/INV-000001.exe", 404),
    ] {
        assert_eq!(get(&house, &acme.token, path).await.0, expected, "{path}");
    }
    assert_eq!(get(&house, "nobody's", "/invoices/INV-000001.pdf").await.0, 401);
    let other = house.tenant("other").await;
    assert_eq!(
        get(&house, &other.token, "/invoices/INV-000001.pdf").await.0,
        404,
        "another tenant's is not there"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.pdf");
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args([
            "invoices",
            "pdf",
            "INV-000001",
            "--tenant",
            "acme",
            "--to",
            file.to_str().unwrap(),
        ])
        .args(["--database-url", house.url()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(std::fs::read(&file).unwrap(), pdf, "the same by both doors");
    let Some(read) = pdf_text(&file) else {
        return;
    };
    for said in SAID {
        assert!(read.contains(said), "{said}: {read}");
    }
}
