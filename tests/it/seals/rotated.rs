//! Keys that follow each other, and keys that are lost.

use std::fs;
use std::num::NonZeroUsize;

use store::{At, SealError, Succession, Trusted, VerifierKey, rotate_key, verify_file};

use super::ground::{Ground, ground, told};

async fn rotate(ground: &Ground, seed: u8, succession: Succession) -> Result<VerifierKey, SealError> {
    let now = testkit::ambient(1).now();
    rotate_key(&ground.projector(), &ground.key(), [seed; 32], succession, now).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_first_key_verifies_what_its_successors_sign() {
    let ground = ground().await;
    ground.capture(0..5).await;
    let mut running = ground.sealer().await;
    running.seal().await.unwrap();
    let first = ground.trusted().await;
    let old = ground.export("old", (0, 99)).await;
    for seed in [21, 22] {
        rotate(&ground, seed, Succession::Endorsed).await.unwrap();
        ground
            .capture(u32::from(seed) * 10..u32::from(seed) * 10 + 5)
            .await;
        // A sealer that runs takes the new key.
        running.seal().await.unwrap();
    }
    let new = ground.export("new", (0, 99)).await;
    let event = ground
        .seals()
        .inclusion(ground.acme.tenant, 1, At::Newest)
        .await
        .unwrap();
    fs::write(ground.file("event"), event.file().unwrap()).unwrap();
    for file in [&old, &new, &ground.file("event")] {
        verify_file(file, &first, NonZeroUsize::MIN).unwrap();
    }
    let newest = Trusted::new(vec![ground.trusted().await.keys().last().unwrap().clone()]);
    assert!(verify_file(&new, &newest, NonZeroUsize::MIN).is_ok());
    assert!(
        verify_file(&old, &newest, NonZeroUsize::MIN).is_err(),
        "trust goes forward only"
    );
    assert_eq!(told(&ground.audit().await), Vec::<String>::new());
    // Another process with the same folder goes on.
    ground.capture(900..903).await;
    ground.seal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealer_without_the_key_that_signs_does_not_start() {
    let ground = ground().await;
    ground.seal().await;
    let elsewhere = ground.try_sealer(ground.file("elsewhere"), 8).await.unwrap_err();
    assert!(matches!(elsewhere, SealError::OtherKey { .. }), "{elsewhere}");
    assert!(
        elsewhere.to_string().contains("example.com/annals+"),
        "{elsewhere}"
    );
    assert!(!ground.file("elsewhere/seal.key").exists());

    fs::remove_file(ground.file("seal.key")).unwrap();
    let refused = rotate(&ground, 30, Succession::Endorsed).await.unwrap_err();
    assert!(matches!(refused, SealError::OtherKey { .. }), "{refused}");
    let first = ground.trusted().await;
    let fresh = rotate(&ground, 30, Succession::Lost).await.unwrap();
    ground.capture(0..3).await;
    ground.seal().await;
    let export = ground.export("export", (0, 99)).await;
    let refused = verify_file(&export, &first, NonZeroUsize::MIN).unwrap_err();
    assert!(refused.to_string().contains("no known key signed"), "{refused}");
    assert!(verify_file(&export, &Trusted::new(vec![fresh]), NonZeroUsize::MIN).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_readable_by_its_owner_alone_and_postgresql_never_sees_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let ground = ground().await;
    ground.seal().await;
    let path = ground.file("seal.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read_to_string(path).unwrap();
    assert!(secret.starts_with("PRIVATE+KEY+example.com/annals+"));
    let found: i64 =
        sqlx::query_scalar("select count(*) from seal_keys k where k::text like '%' || $1 || '%'")
            .bind(hex_of(&[7; 32]))
            .fetch_one(&ground.house.database.pool().await)
            .await
            .unwrap();
    assert_eq!(found, 0);
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
