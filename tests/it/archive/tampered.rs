//! A file that is not what was written is named, with what is wrong and where, and changes nothing.

use std::path::Path;

use sha2::{Digest, Sha256};
use store::{ArchiveError, ArchiveReader};

use super::years::{dump, lines, two_houses, years};

/// Packs the lines.
fn write(file: &Path, lines: &[String]) {
    let text = lines.join("\n") + "\n";
    std::fs::write(file, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
}

/// The lines with a last one that fits them, as somebody who knows the format would make it.
fn footed(lines: &[String]) -> Vec<String> {
    let digest = Sha256::digest(lines.join("\n") + "\n");
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    [lines, &[format!("{{\"sha256\":\"{digest}\"}}")]].concat()
}

fn read(file: &Path) -> Result<u64, ArchiveError> {
    let mut reader = ArchiveReader::open(file)?;
    let mut events = 0;
    while reader.next_event()?.is_some() {
        events += 1;
    }
    Ok(events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_named_and_not_restored() {
    let years = years().await;
    let note = years.archive(2023).await.unwrap();
    let pool = years.database.pool().await;
    let before = dump(&pool).await;
    let (whole, file) = (years.file(2023), years.folder.path().join("changed.zst"));
    assert_eq!(read(&whole).unwrap(), 14);
    let bytes = std::fs::read(&whole).unwrap();
    let mut rows = lines(&whole);
    let footer = rows.pop().unwrap();
    assert!(footer.contains(&note.sha256));
    // Before the rows lie the header and the tenant's proof.
    let middle = rows.len() / 2;
    let at = middle - 1;

    let refused = async |wanted: &str| {
        let read = read(&file);
        let restored = years.restore(&file).await.unwrap_err().to_string();
        let text = read.map_or_else(|error| error.to_string(), |events| format!("{events} were read"));
        let named = restored.contains(wanted) && restored.contains("changed.zst");
        assert!(named, "{wanted}: {restored}");
        assert_eq!(dump(&pool).await, before, "{wanted}");
        text
    };
    for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 20] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&file, flipped).unwrap();
        refused("the file ").await;
    }
    for kept in [1, 10, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..kept]).unwrap();
        refused("changed.zst: ").await;
    }
    std::fs::write(&file, &bytes[..bytes.len() - 2]).unwrap();
    assert!(refused("truncated").await.contains("truncated"));
    std::fs::write(&file, [&bytes[..], b"more"].concat()).unwrap();
    refused("something follows its last line").await;

    let mut removed = rows.clone();
    removed.remove(middle);
    write(&file, &footed(&removed));
    let text = refused(&format!("position {} is followed by {}", at - 1, at + 1)).await;
    assert!(text.contains("the file was changed"), "{text}");

    let mut swapped = rows.clone();
    swapped.swap(middle, middle + 1);
    write(&file, &footed(&swapped));
    refused("is followed by").await;

    let mut edited = rows.clone();
    edited[middle] = edited[middle].replace("test", "best");
    write(&file, &footed(&edited));
    refused(&format!("position {at} does not match its hash")).await;

    write(&file, &footed(&rows[..middle]));
    refused(&format!("damaged after position {}", at - 1)).await;
    write(&file, &rows[..middle]);
    refused("truncated").await;

    // What no hash of an event covers is held by the year, the digest, and the tree that was signed.
    let moved = |to: &str| {
        let mut edited = rows.clone();
        edited[middle] = edited[middle].replace("\"recorded_at\":\"2023-06", to);
        assert_ne!(edited, rows);
        edited
    };
    write(&file, &footed(&moved("\"recorded_at\":\"2022-06")));
    refused(&format!("the event at position {at} was not recorded in 2023")).await;
    let edited = moved("\"recorded_at\":\"2023-05");
    write(&file, &[edited.clone(), vec![footer.clone()]].concat());
    refused("its lines have the SHA-256").await;
    write(&file, &footed(&edited));
    refused("does not hold: what is here does not lead to the root").await;

    let shorter = rows[0].replace(
        "\"last_position\":14,\"events\":14",
        "\"last_position\":13,\"events\":13",
    );
    write(
        &file,
        &footed(&[std::slice::from_ref(&shorter), &rows[1..15]].concat()),
    );
    refused("it is for another range than the archive's").await;
    let without = shorter
        .replace("\"annals_archive\":2", "\"annals_archive\":1")
        .replace("\"tenants\":1", "\"tenants\":0");
    write(&file, &footed(&[&[without], &rows[2..15]].concat()));
    assert_eq!(
        refused("not the archive of 2023 that was noted").await,
        "13 were read"
    );

    let newer = rows[0].replace("\"annals_archive\":2", "\"annals_archive\":3");
    write(&file, &footed(&[&[newer], &rows[1..]].concat()));
    refused("version 3: this program reads up to version 2").await;
    std::fs::write(&file, "year,amount\n2023,1\n").unwrap();
    refused("no archive of Annals").await;

    // The same lines, packed by somebody else, are as good.
    write(&file, &[rows, vec![footer]].concat());
    assert_eq!(years.restore(&file).await.unwrap().events, 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_database_is_refused() {
    let (years, other) = two_houses().await;
    years.archive(2023).await.unwrap();
    other.archive(2023).await.unwrap();
    let refused = other.restore(&years.file(2023)).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::OtherDatabase { .. }), "{refused}");
    assert!(
        refused.to_string().contains("is an archive of the database"),
        "{refused}"
    );
}
