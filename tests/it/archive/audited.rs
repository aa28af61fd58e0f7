//! Whoever changes what the database says of its archives, or the files themselves, is found and named.

use store::{ArchiveFiles, AuditOrder};

use super::years::{Years, years};

/// Runs statements as the superuser, with no trigger in the way.
async fn tamper(years: &Years, statements: &[&str]) {
    let mut transaction = years.database.pool().await.begin().await.unwrap();
    for statement in [&["set local session_replication_role = replica"], statements].concat() {
        sqlx::query(statement).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// What an audit finds, with and without the files.
async fn found(years: &Years, archives: ArchiveFiles) -> Vec<String> {
    let order = AuditOrder {
        archives,
        ..AuditOrder::default()
    };
    let audited = years.store.log().seals().audit(&order).await.unwrap();
    audited.findings.iter().map(ToString::to_string).collect()
}

async fn archived() -> Years {
    let years = years().await;
    years.archive(2023).await.unwrap();
    years.archive(2024).await.unwrap();
    assert_eq!(found(&years, ArchiveFiles::Read).await, [""; 0]);
    years
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_was_changed_is_named() {
    for (statement, wanted) in [
        (
            "delete from log_archives where year = 2024",
            "removed: the log has no position 15",
        ),
        (
            "update log_archives set last_position = 27, events = 13 where year = 2024",
            "removed: the log has no position 28",
        ),
        (
            "update log_archives set first_position = 2, events = 13 where year = 2023",
            "the archive of 2023: it begins at position 2, and the one before ends at 0",
        ),
        (
            "update log_archive_tenants set last_content = sha256('x') where year = 2023",
            "the archive of 2023: its last leaf, at position 14, is not in the tree",
        ),
        (
            "update log_archive_tenants set last_position = 13 where year = 2023",
            "the archive of 2023: its last leaf, at position 13, is not in the tree",
        ),
    ] {
        let years = archived().await;
        tamper(&years, &[statement]).await;
        let found = found(&years, ArchiveFiles::Leave).await;
        assert!(
            found.iter().any(|found| found.contains(wanted)),
            "{statement}: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_said_to_be_archived_need_a_file() {
    let years = archived().await;
    tamper(
        &years,
        &[
            "insert into log_archive_tenants select distinct on (tenant_id) tenant_id, 2025, position, sequence, \
             recorded_at, hash from events order by tenant_id, position desc",
            "insert into log_archives select 2025, 29, 42, 14, bytes, sha256, '/nowhere/2025.zst', archived_at \
             from log_archives where year = 2024",
            "delete from events where position between 29 and 42",
        ],
    )
    .await;
    assert_eq!(
        found(&years, ArchiveFiles::Leave).await,
        [""; 0],
        "the notes fit each other"
    );
    let found = found(&years, ArchiveFiles::Read).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("the archive of 2025: /nowhere/2025.zst: No such file"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_or_swapped_is_named() {
    let years = archived().await;
    let (first, second) = (years.file(2023), years.file(2024));
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, &bytes[..bytes.len() / 2]).unwrap();
    let cut = found(&years, ArchiveFiles::Read).await;
    assert!(cut.len() == 1 && cut[0].contains("truncated"), "{cut:?}");
    std::fs::copy(&second, &first).unwrap();
    let swapped = found(&years, ArchiveFiles::Read).await;
    assert!(
        swapped.len() == 1 && swapped[0].contains("has 2024, positions 15 to 28"),
        "{swapped:?}"
    );
    std::fs::write(&first, bytes).unwrap();
    assert_eq!(found(&years, ArchiveFiles::Read).await, [""; 0]);
}
