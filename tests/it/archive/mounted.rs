//! A mounted year reads as before it was archived, takes no events, and leaves again at once.

use domain::lead::Lead;
use jiff::Timestamp;
use sqlx::PgPool;
use store::{Archive, ArchiveError, Filter, Orders, Part, Place, ReadError};

use super::years::{Years, contact, dump, two_houses, years};
use crate::support::lead_id;

impl Years {
    pub(super) async fn mount(&self, year: i32) -> Result<Archive, ArchiveError> {
        let owner = self.database.pool().await;
        store::mount(&owner, &testkit::ambient(6), &self.file(year), &mut |_| {}).await
    }

    async fn unmount(&self, year: i32) -> Result<Archive, ArchiveError> {
        let owner = self.database.pool().await;
        store::unmount(&owner, &self.file(year), &["tenant"], &mut |_| {}).await
    }
}

/// The rows of the log itself.
async fn events(pool: &PgPool) -> Vec<String> {
    let sql = "select e::text from events e order by position";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_year_reads_as_before_and_leaves_again() {
    let years = years().await;
    let pool = years.database.pool().await;
    let (before, whole) = (events(&pool).await, dump(&pool).await);
    let moments: Vec<Timestamp> = ["2023-07-01T00:00:00Z", "2024-07-01T00:00:00Z"]
        .map(|at| at.parse().unwrap())
        .into();
    let mut positions = Vec::new();
    for at in &moments {
        positions.push(years.store.log().position_at(None, *at).await.unwrap());
    }
    years.archive(2023).await.unwrap();
    years.archive(2024).await.unwrap();
    let archived = dump(&pool).await;

    // What is in the database has no hole: years are mounted from the newest on.
    let early = years.mount(2023).await.unwrap_err().to_string();
    let first = years.file(2024).canonicalize().unwrap();
    assert_eq!(
        early,
        format!("2023 can't come back before 2024: {} first", first.display())
    );
    assert_eq!(years.mount(2024).await.unwrap().events, 14);
    let store = years.fresh().await;
    assert_eq!(
        store.log().page(14, &Filter::default(), 99).await.unwrap().len(),
        28
    );
    let missing = store.log().page(13, &Filter::default(), 99).await.unwrap_err();
    let ReadError::Archived(missing) = missing else {
        panic!("{missing}")
    };
    assert_eq!(missing.0.len(), 1, "only 2023 is away: {missing}");
    let refused = store
        .execute::<Lead>(&years.caller, &lead_id("l2023-0"), Orders::one(contact()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("2023 in ") && !refused.contains("2024 in "),
        "{refused}"
    );

    years.mount(2023).await.unwrap();
    let again = years.mount(2023).await.unwrap();
    assert!(again.mounted_at.is_some(), "mounted again changes nothing");
    assert_eq!(events(&pool).await, before);
    let store = years.fresh().await;
    let part = Part::Stream(domain::StreamId {
        aggregate_type: "lead",
        tenant: years.caller.tenant,
        id: "l2023-0".to_owned(),
    });
    let stream = store.log().part(&part, Place::default(), 99, 9).await.unwrap();
    assert_eq!(stream.len(), 2);
    let at_hand = store.log().page_at_hand(0, &Filter::default(), 99).await.unwrap();
    assert_eq!(at_hand.len(), 42, "nothing is there twice");
    for (at, position) in moments.iter().zip(positions) {
        assert_eq!(store.log().position_at(None, *at).await.unwrap(), position);
    }
    let audited = store
        .log()
        .seals()
        .audit(&store::AuditOrder::default())
        .await
        .unwrap();
    assert!(audited.findings.is_empty(), "{:?}", audited.findings);
    assert_eq!((audited.events, audited.archived), (42, 0));
    // It is the log: what is decided on it goes on.
    let committed = store
        .execute::<Lead>(&years.caller, &lead_id("l2024-0"), Orders::one(contact()))
        .await
        .unwrap();
    assert_eq!((committed.position, committed.version), (43, 3));

    // It takes no events, keeps those that it has, and nothing is archived under it.
    let copy = "insert into events_2023 select * from events_2023 limit 1";
    let refused = sqlx::query(copy).execute(&pool).await.unwrap_err().to_string();
    assert!(refused.contains("is an archive that is mounted"), "{refused}");
    let deleted = sqlx::query("delete from events_2023")
        .execute(&pool)
        .await
        .unwrap_err();
    assert!(deleted.to_string().contains("append-only"), "{deleted}");
    years.seal().await;
    let refused = years.archive(2025).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("2023 is mounted: `annals archive unmount /"),
        "{refused}"
    );
    let refused = years.unmount(2024).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("2023 is mounted: `annals archive unmount /"),
        "{refused}"
    );
    let refused = years.restore(&years.file(2023)).await.unwrap_err().to_string();
    assert!(refused.contains("2023 can't come back before 2024"), "{refused}");

    // A file that is not what was noted any more would be the only one: then the year stays.
    let bytes = std::fs::read(years.file(2023)).unwrap();
    std::fs::write(years.file(2023), &bytes[..bytes.len() - 1]).unwrap();
    let refused = years.unmount(2023).await.unwrap_err().to_string();
    assert!(refused.contains("truncated"), "{refused}");
    std::fs::write(years.file(2023), bytes).unwrap();

    years.unmount(2023).await.unwrap();
    let refused = years.unmount(2023).await.unwrap_err().to_string();
    assert!(refused.ends_with("2023 is not mounted"), "{refused}");
    years.unmount(2024).await.unwrap();
    let mut now = dump(&pool).await;
    now.retain(|line| !line.contains("lead.contacted") || !line.starts_with("(43,"));
    let of_notes = |lines: &[String]| -> Vec<String> {
        let kept = lines
            .iter()
            .filter(|line| line.contains("2023") || line.contains("2024"));
        kept.filter(|line| !line.contains("l2024-0")).cloned().collect()
    };
    assert_eq!(of_notes(&now), of_notes(&archived), "the notes are as they were");
    assert!(store.log().page(0, &Filter::default(), 1).await.is_err());

    // What is mounted is restored by its note going.
    years.mount(2024).await.unwrap();
    years.restore(&years.file(2024)).await.unwrap();
    years.restore(&years.file(2023)).await.unwrap();
    assert_eq!(events(&pool).await[..42], before[..]);
    let twice = years.unmount(2024).await.unwrap_err().to_string();
    assert!(twice.contains("restored before, or never archived"), "{twice}");
    assert_eq!(dump(&pool).await.len(), whole.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_the_noted_one_is_not_mounted() {
    let (years, other) = two_houses().await;
    years.archive(2023).await.unwrap();
    other.archive(2023).await.unwrap();
    let before = dump(&years.database.pool().await).await;
    let bytes = std::fs::read(years.file(2023)).unwrap();
    let mut said = Vec::new();
    for (content, wanted) in [
        (
            std::fs::read(other.file(2023)).unwrap(),
            "is an archive of the database",
        ),
        (bytes[..bytes.len() / 2].to_vec(), "truncated"),
        (b"year,amount\n".to_vec(), "no archive of Annals"),
    ] {
        std::fs::write(years.file(2023), content).unwrap();
        let refused = years.mount(2023).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{wanted}: {refused}");
        said.push(refused);
    }
    assert_eq!(dump(&years.database.pool().await).await, before);
    std::fs::write(years.file(2023), bytes).unwrap();
    years.mount(2023).await.unwrap();
}
