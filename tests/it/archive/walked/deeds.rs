//! What an adversary does to rows, and what is said of it.

/// A row of `events`, `events_kept` or a partition once more, at another position and in another stream.
fn twin(table: &str, of: u64, at: u64) -> String {
    format!(
        "insert into {table} select {at}, tenant_id, aggregate_type, aggregate_id || 'x', sequence, event_id, event_type, \
         event_version, occurred_at, recorded_at + interval '1 microsecond', actor, correlation_id, causation_id, payload, \
         metadata, hash from {table} where position = {of}"
    )
}

/// What is done to which table, and what is said of it.
pub(super) type Deed = (&'static str, &'static str, Vec<String>, String);

pub(super) fn deed(table: &'static str, kind: &'static str, statements: &[&str], wanted: &str) -> Deed {
    let statements = statements.iter().map(|one| (*one).to_owned()).collect();
    (table, kind, statements, wanted.to_owned())
}

/// The rows of events in the live years and in the mounted one.
pub(super) fn to_events() -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (here, next, free, last) in [(45, 47, 46, 48_u64), (20, 21, 22, 26)] {
        let at = |what: &str| format!("update events set {what} where position = {here}");
        let swapped = [
            format!("update events set position = -position where position in ({here}, {next})"),
            format!(
                "update events set position = {} + position where position < 0",
                here + next
            ),
        ];
        let cut = match here {
            45 => vec![
                format!("delete from events where position >= {last}"),
                format!("update log_head set position = {}", last - 1),
            ],
            _ => vec![format!("delete from events where position between {last} and 28")],
        };
        let cut_off = match here {
            45 => "truncated: 1 events that were sealed after position 47 are gone".to_owned(),
            _ => "removed: position 28 was sealed and is gone".to_owned(),
        };
        deeds.extend([
            (
                "events",
                "changed",
                vec![at("payload = '{\"contacted\":{\"channel\":\"letter\"}}'::json")],
                format!("changed: position {here} "),
            ),
            (
                "events",
                "removed",
                vec![format!("delete from events where position = {here}")],
                format!("removed: position {here} was sealed and is gone"),
            ),
            (
                "events",
                "inserted",
                vec![twin("events", here, free)],
                format!("inserted: position {free} "),
            ),
            (
                "events",
                "reordered",
                swapped.into(),
                format!("reordered: the event sealed at position {here} lies at position {next}"),
            ),
            ("events", "truncated", cut, cut_off),
        ]);
    }
    deeds
}

/// What stays of archived years, and what is noted of them.
pub(super) fn to_archives() -> Vec<Deed> {
    let other = "(select tenant_id from events where position = 43)";
    vec![
        deed(
            "events_kept",
            "changed",
            &["update events_kept set payload = '{}'::json"],
            "changed: position 1 ",
        ),
        deed(
            "events_kept",
            "removed",
            &["delete from events_kept where position = 1"],
            "the archive of 2023: 1 of its events were kept at hand, and 0 are there",
        ),
        (
            "events_kept",
            "inserted",
            vec![twin("events_kept", 1, 2)],
            "the archive of 2023: 1 of its events were kept at hand, and 2 are there".to_owned(),
        ),
        deed(
            "events_kept",
            "reordered",
            &["update events_kept set position = 2"],
            "changed: position 2 (tenant.provisioned) is not the event that was sealed",
        ),
        deed(
            "events_kept",
            "truncated",
            &["truncate events_kept"],
            "the archive of 2023: 1 of its events were kept at hand, and 0 are there",
        ),
        deed(
            "log_archives",
            "changed",
            &["update log_archives set first_position = 2, events = 13 where year = 2023"],
            "the archive of 2023: it begins at position 2",
        ),
        deed(
            "log_archives",
            "changed",
            &["update log_archives set sha256 = sha256('x') where year = 2023"],
            "2023.ndjson.zst is not the file that was noted",
        ),
        deed(
            "log_archives",
            "changed",
            &["update log_archives set mounted_at = null where year = 2024"],
            "removed: the log has no position 29",
        ),
        deed(
            "log_archives",
            "removed",
            &["delete from log_archives where year = 2023"],
            "the archive of 2024: it begins at position 15, and the one before ends at 0",
        ),
        deed(
            "log_archives",
            "inserted",
            &[
                "insert into log_archives select 2025, 29, 42, 14, bytes, sha256, file, archived_at from log_archives where year = 2023",
            ],
            "2023.ndjson.zst has 2023, positions 1 to 14",
        ),
        deed(
            "log_archives",
            "reordered",
            &[
                "update log_archives set year = -year",
                "update log_archives set year = 4047 + year",
            ],
            "the archive of 2023: it begins at position 15",
        ),
        deed(
            "log_archives",
            "truncated",
            &["delete from log_archives"],
            "removed: the log has no position 1",
        ),
        deed(
            "log_archive_tenants",
            "changed",
            &["update log_archive_tenants set last_content = sha256('x') where year = 2023"],
            "the archive of 2023: its last leaf, at position 14, is not in the tree",
        ),
        deed(
            "log_archive_tenants",
            "removed",
            &["delete from log_archive_tenants where year = 2023"],
            "the archive of 2023: it has events of the tenant, and is not noted to",
        ),
        deed(
            "log_archive_tenants",
            "inserted",
            &[&format!(
                "insert into log_archive_tenants (tenant_id, year) values ({other}, 2023)"
            )],
            "the archive of 2023: it is noted to have events of the tenant, and has none",
        ),
        deed(
            "log_archive_tenants",
            "reordered",
            &[&format!(
                "update log_archive_tenants set tenant_id = {other} where year = 2024"
            )],
            "the archive of 2024: it has events of the tenant, and is not noted to",
        ),
        deed(
            "log_archive_tenants",
            "truncated",
            &["truncate log_archive_tenants"],
            "the archive of 2024: it has events of the tenant, and is not noted to",
        ),
    ]
}
