//! What an adversary does to what was sealed, and what is said of it.

use super::deeds::{Deed, deed};

/// The log's head, what was sealed, and what signed it.
pub(super) fn to_seals() -> Vec<Deed> {
    let of_other = "tenant_id = (select tenant_id from events where position = 43)";
    vec![
        deed(
            "log_head",
            "changed",
            &["update log_head set position = position + 5"],
            "truncated: the log's head is at position 54, and its last event at 49",
        ),
        deed(
            "log_head",
            "truncated",
            &["update log_head set position = 40"],
            "truncated: the log's head is at position 40, and it was sealed up to 49",
        ),
        deed(
            "log_head",
            "removed",
            &["delete from log_head"],
            "truncated: the log's head is at position 0",
        ),
        deed(
            "seal_head",
            "changed",
            &["update seal_head set position = 10"],
            "it is noted to reach position 10, and its last leaf is that of position 49",
        ),
        deed(
            "seal_head",
            "changed",
            &["update seal_head set name = 'example.com/other'"],
            "no known key",
        ),
        deed(
            "seal_head",
            "removed",
            &["delete from seal_head"],
            "nothing of this tenant is sealed",
        ),
        deed(
            "seal_keys",
            "changed",
            &["update seal_keys set public_key = sha256('another')"],
            "the checkpoint of ",
        ),
        deed(
            "seal_keys",
            "removed",
            &["delete from seal_keys"],
            "its key is not known",
        ),
        deed(
            "seal_trees",
            "changed",
            &["update seal_trees set size = size - 1"],
            "leaves, and should have",
        ),
        deed(
            "seal_trees",
            "changed",
            &[&format!(
                "update seal_trees set position = position - 1 where {of_other}"
            )],
            "it is noted to reach position 47, and its last leaf is that of position 48",
        ),
        deed(
            "seal_trees",
            "removed",
            &[&format!("delete from seal_trees where {of_other}")],
            "should have 0",
        ),
        deed(
            "seal_trees",
            "inserted",
            &["insert into seal_trees values ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 3, 9)"],
            "it has 0 leaves, and should have 3",
        ),
        deed(
            "seal_trees",
            "reordered",
            &[
                "update seal_trees t set (size, position) = (select o.size, o.position from seal_trees o \
               where o.tenant_id <> t.tenant_id)",
            ],
            "leaves, and should have",
        ),
        deed(
            "seal_trees",
            "truncated",
            &["truncate seal_trees"],
            "should have 0",
        ),
        deed(
            "seal_tiles",
            "changed",
            &[
                "update seal_tiles set hashes = overlay(hashes placing '\\x00ff' from 9) where level = 0 and index = 0",
            ],
            "the stored tree was changed",
        ),
        deed(
            "seal_tiles",
            "changed",
            &["update seal_tiles set hashes = overlay(hashes placing '\\x00ff' from 9) where level = 1"],
            "tile 0 of level 1 is not that of its leaves",
        ),
        deed(
            "seal_tiles",
            "removed",
            &["delete from seal_tiles where level = 1"],
            "tile 0 of level 1 is not that of its leaves",
        ),
        deed(
            "seal_tiles",
            "removed",
            &["delete from seal_tiles where level = 0 and index = 1"],
            "leaves, and should have",
        ),
        deed(
            "seal_tiles",
            "inserted",
            &[
                "insert into seal_tiles select tenant_id, level, index + 7, hashes, positions, first_position + 100 \
               from seal_tiles where level = 0 and index = 0",
            ],
            "tiles, and ",
        ),
        deed(
            "seal_tiles",
            "reordered",
            &[
                "update seal_tiles set index = -1 where level = 0 and index = 0",
                "update seal_tiles set index = 0 where level = 0 and index = 1",
                "update seal_tiles set index = 1 where level = 0 and index = -1",
            ],
            "the stored tree was changed",
        ),
        deed(
            "seal_tiles",
            "truncated",
            &["truncate seal_tiles"],
            "it has 0 leaves, and should have",
        ),
        deed(
            "seal_checkpoints",
            "changed",
            &["update seal_checkpoints set root = sha256('')"],
            "does not fit the text",
        ),
        deed(
            "seal_checkpoints",
            "changed",
            &[&format!(
                "update seal_checkpoints set position = 44 where {of_other}"
            )],
            "it is noted to reach position 44, and its last leaf is that of position 48",
        ),
        deed(
            "seal_checkpoints",
            "changed",
            &[&format!(
                "update seal_checkpoints set cosignatures = 'x' where {of_other}"
            )],
            "no signed note: it ends before its last signature does",
        ),
        deed(
            "seal_checkpoints",
            "removed",
            &[&format!("delete from seal_checkpoints where {of_other}")],
            "it is missing",
        ),
        deed(
            "seal_checkpoints",
            "inserted",
            &[&format!(
                "insert into seal_checkpoints select tenant_id, 2, 44, root, key, signature, cosignatures, sealed_at \
                 from seal_checkpoints where {of_other}"
            )],
            "the checkpoint of 2 events: ",
        ),
        deed(
            "seal_checkpoints",
            "reordered",
            &[&format!(
                "update seal_checkpoints set size = size - 1 where {of_other}"
            )],
            "the checkpoint of 3 events: ",
        ),
        deed(
            "seal_checkpoints",
            "truncated",
            &["truncate seal_checkpoints"],
            "it is missing",
        ),
        deed(
            "streams",
            "changed",
            &["update streams set version = 9 where aggregate_id like '%:l2025-1'"],
            "the stream lead/l2025-1: it is noted to have 9 events, and its last one is number 1",
        ),
        deed(
            "streams",
            "removed",
            &["delete from streams where aggregate_id like '%:l2025-1'"],
            "the stream lead/l2025-1: it is noted to have 0 events, and its last one is number 1",
        ),
        deed(
            "streams",
            "reordered",
            &[
                "update streams set version = 3 - version where aggregate_id like '%:l2024-0' or aggregate_id like '%:l2025-2'",
            ],
            "the stream lead/l2024-0: it is noted to have 1 events, and its last one is number 2",
        ),
        deed(
            "streams",
            "truncated",
            &["truncate streams"],
            "it is noted to have 0 events",
        ),
    ]
}
