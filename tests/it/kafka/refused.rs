//! What the way in does not take is told in the tenant's audit feed, and a flood of it does not flood the feed.

use serde_json::Value;
use sqlx::PgPool;

use super::brokers::shared;
use super::intake::Topic;
use crate::support::{house, tenant};

/// The refusals as they stand in the log, each with its actor; their texts are sealed.
async fn refusals(pool: &PgPool) -> Vec<(Value, String)> {
    let sql = "select payload::text, actor from events where event_type = 'access.refused' order by position";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    let of = |(payload, actor): (String, String)| {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        (payload["refused"].clone(), actor)
    };
    rows.into_iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_not_taken_are_entries_and_a_flood_of_them_is_a_few() {
    let Some(brokers) = shared("records_that_are_not_taken_are_entries_and_a_flood_of_them_is_a_few").await
    else {
        return;
    };
    let house = house().await;
    tenant(&house.store, "acme").await;
    let topic = Topic::create(&brokers).await;
    for number in 0..200 {
        let key = format!("poison-{number}");
        topic.send(&key, Some(("usage.pages", "site")), "{\"quantity\":");
    }
    let contact = "{\"channel\":\"phone\"}";
    topic.send("early", Some(("lead.contact", "nobody")), contact);
    topic.send("fine", Some(("usage.pages", "site")), "{\"quantity\":\"1\"}");
    topic.sent();
    let program = topic.serve_with(&house, &["--refused-seconds", "60"]).await;
    let are_read = |records| records >= 202.0;
    program
        .measures("annals_ingest_kafka_records_total", are_read)
        .await;

    let pool = house.database.pool().await;
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(50));
    let of = |told: &[(Value, String)], code: &str| -> Vec<Value> {
        let refused = told.iter().filter(|(refused, _)| refused["code"] == code);
        refused.map(|(refused, _)| refused.clone()).collect()
    };
    let mut told = Vec::new();
    for _ in 0..600 {
        told = refusals(&pool).await;
        if !of(&told, "INVALID").is_empty() && !of(&told, "NOT_FOUND").is_empty() {
            break;
        }
        beat.tick().await;
    }
    assert_eq!(of(&told, "NOT_FOUND").len(), 1, "{told:?}");
    assert_eq!(of(&told, "INVALID")[0]["attempts"], 1, "{told:?}");
    for (refused, actor) in &told {
        assert_eq!(refused["command"], "kafka");
        assert!(refused["message"]["$sealed"].is_string(), "{refused}");
        assert_eq!(*actor, format!("connector:kafka:{}", topic.name));
    }
    // All are dead letters, and the feed has the first of a minute, and the others of it together.
    let letters = topic.dead_letters(&["list", &topic.name, "--json"]);
    assert_eq!(letters.len(), 201);
    let entries = refusals(&pool).await.len();
    assert!(entries <= 4, "{entries} entries for 201 records");
}
