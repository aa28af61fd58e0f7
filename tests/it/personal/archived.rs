//! Archives tell no more of a person than the log does: sealed in the file, and unreadable once she is forgotten.

use domain::{Caller, RecordedEvent};
use jiff::SignedDuration;
use store::{ArchiveOrder, ArchiveReader, Filter, ForgetError};

use super::ground::{Ground, SECRETS, ground, subject};

/// The events of a filter, opened as far as they may be.
async fn events(ground: &Ground, seed: u64) -> Vec<RecordedEvent> {
    let store = ground.fresh(seed).await;
    store.log().page(0, &Filter::default(), 99).await.unwrap()
}

fn tells(events: &[RecordedEvent]) -> bool {
    let tells = |event: &RecordedEvent| SECRETS.iter().any(|secret| event.payload.contains(secret));
    events.iter().any(tells)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_person_stays_forgotten_in_a_mounted_archive() {
    let ground = ground().await;
    ground.everything().await;
    ground.clock.advance(SignedDuration::from_hours(24 * 365));
    ground.capture("l2").await;
    ground.seal().await;
    let file = ground.folder.path().join("2026.zst");
    let order = ArchiveOrder {
        year: 2026,
        to: file.clone(),
        keep: vec!["tenant", "member"],
    };
    let owner = ground.owner().await;
    let ambient = store::Ambient {
        clock: std::sync::Arc::clone(&ground.clock) as _,
        ids: std::sync::Arc::new(testkit::TestIds::seeded(5)),
    };
    store::archive(&owner, &ambient, &order, &mut |_| {})
        .await
        .unwrap();
    let text = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("$sealed"));
    assert!(
        SECRETS.iter().all(|secret| !text.contains(secret)),
        "the file tells nothing"
    );
    let mut reader = ArchiveReader::open(&file).unwrap();
    while let Some(event) = reader.next_event().unwrap() {
        assert!(!tells(&[event]), "and has no keys");
    }

    // Her rows could not be folded again without the year: it is named, and mounting it is enough.
    let person = subject("lead/l1");
    let caller: &Caller = &ground.acme;
    let refused = ground
        .store
        .forget(caller, &person, "request 17")
        .await
        .unwrap_err();
    assert!(matches!(refused, ForgetError::Archived { .. }), "{refused}");
    assert!(
        refused.to_string().contains("`annals archive mount`"),
        "{refused}"
    );
    store::mount(&owner, &ambient, &file, &mut |_| {}).await.unwrap();
    assert!(
        tells(&events(&ground, 11).await),
        "what is mounted is read with its keys"
    );
    for person in ["lead/l1", "member/m1", "member/orgmem_1", "claim/c1", "user/ada"] {
        ground
            .store
            .forget(caller, &subject(person), "request 17")
            .await
            .unwrap();
    }
    let mounted = events(&ground, 12).await;
    let of_2026: Vec<RecordedEvent> = mounted
        .into_iter()
        .filter(|event| event.stream.id != "l2")
        .collect();
    assert!(of_2026.len() >= 6 && !tells(&of_2026));

    // Taken out and mounted again, from a file that was written before she was forgotten.
    store::unmount(&owner, &file, &["tenant", "member"], &mut |_| {})
        .await
        .unwrap();
    store::mount(&owner, &ambient, &file, &mut |_| {}).await.unwrap();
    let again = events(&ground, 13).await;
    let again: Vec<RecordedEvent> = again
        .into_iter()
        .filter(|event| event.stream.id != "l2")
        .collect();
    assert_eq!(again, of_2026);
    let trusted = ground.trusted().await;
    let proven = store::verify_file(&file, &trusted, std::num::NonZeroUsize::MIN).unwrap();
    assert!(
        matches!(proven, store::Proven::Archive { year: 2026, .. }),
        "{proven:?}"
    );
}
