//! The master key is rotated: no event is touched, and what old backups have stays closed.

use std::sync::Arc;

use domain::subject::SubjectId;
use store::{
    Filter, LocalKeys, MasterKeys as _, Options, Role, Store, VaultError, rotate_master_key, wrapped_by,
};

use super::ground::{Ground, ground, subject};

impl Ground {
    async fn read_all(&self, seed: u64) -> Result<String, store::ReadError> {
        let page = self
            .fresh(seed)
            .await
            .log()
            .page(0, &Filter::default(), 100)
            .await?;
        Ok(page.iter().map(|event| event.payload.to_string()).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_master_key_wraps_every_data_key_and_the_old_one_can_go() {
    let ground = ground().await;
    for number in 0..600 {
        let lead = format!("l{number}");
        if number < 5 {
            ground.capture(&lead).await;
        }
    }
    let hashes = "select array_agg(hash order by position) from events";
    let owner = ground.owner().await;
    let before: Vec<Vec<u8>> = sqlx::query_scalar(hashes).fetch_one(&owner).await.unwrap();
    let keys = ground.master_keys();
    let old = keys.current().await.unwrap();
    let fresh = keys.add_fresh().unwrap();
    let pool = store::pool(ground.database.url(), Role::Projector, 2).unwrap();
    let now = ground.store.ambient().now();
    let rotated = rotate_master_key(&pool, &keys, now, &mut |_| {}).await.unwrap();
    assert_eq!((rotated.master_key.clone(), rotated.keys), (fresh.clone(), 5));
    // The process that began before has read the file again: what it adds is under the new key.
    ground.capture("later").await;
    assert_eq!(wrapped_by(&pool).await.unwrap(), [(fresh, 6)]);
    // Asked again, there is nothing left to do.
    assert_eq!(
        rotate_master_key(&pool, &keys, now, &mut |_| {})
            .await
            .unwrap()
            .keys,
        0
    );
    assert_eq!(keys.remove_old().unwrap(), [old]);
    assert!(ground.read_all(7).await.unwrap().contains("Lovelace"));
    let after: Vec<Vec<u8>> = sqlx::query_scalar(hashes).fetch_one(&owner).await.unwrap();
    assert_eq!(after[..before.len()], before[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_killed_half_way_goes_on() {
    let ground = ground().await;
    for id in ["a", "b", "c"] {
        ground.capture(id).await;
    }
    let keys = ground.master_keys();
    let old = keys.current().await.unwrap();
    let fresh = keys.add_fresh().unwrap();
    let pool = store::pool(ground.database.url(), Role::Projector, 2).unwrap();
    let now = ground.store.ambient().now();
    rotate_master_key(&pool, &keys, now, &mut |_| {}).await.unwrap();
    // As if it had been killed after some of them: one is still under the old key.
    let id: String = sqlx::query_scalar("select min(key_id) from subject_keys")
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    let place = store::KeyPlace {
        tenant: ground.acme.tenant,
        key_id: id.clone(),
    };
    let wrapped: Vec<u8> = sqlx::query_scalar("select wrapped from subject_keys where key_id = $1")
        .bind(&id)
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    let secret = keys
        .unwrap(&fresh, &[(place.clone(), wrapped)])
        .await
        .unwrap()
        .remove(0);
    let text = std::fs::read_to_string(ground.folder.path().join("master.key")).unwrap();
    let old_only = LocalKeys::of_text("the old one", text.lines().nth(1).unwrap()).unwrap();
    let under_old = old_only.wrap(&[(place, secret)]).await.unwrap().remove(0);
    sqlx::query("update subject_keys set wrapped = $1, master_key = $2 where key_id = $3")
        .bind(under_old)
        .bind(old.as_str())
        .bind(&id)
        .execute(&ground.owner().await)
        .await
        .unwrap();
    assert!(ground.read_all(7).await.unwrap().contains("Lovelace"));
    assert_eq!(
        rotate_master_key(&pool, &keys, now, &mut |_| {})
            .await
            .unwrap()
            .keys,
        1
    );
    keys.remove_old().unwrap();
    assert!(ground.read_all(8).await.unwrap().contains("Lovelace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_out_of_an_old_backup_opens_nothing_once_its_master_key_is_gone() {
    let ground = ground().await;
    ground.capture("l1").await;
    let owner = ground.owner().await;
    sqlx::query("create table backup as select * from subject_keys")
        .execute(&owner)
        .await
        .unwrap();
    let ada: SubjectId = subject("lead/l1");
    ground
        .store
        .forget(&ground.acme, &ada, "request 17")
        .await
        .unwrap();
    let keys = ground.master_keys();
    keys.add_fresh().unwrap();
    let pool = store::pool(ground.database.url(), Role::Projector, 2).unwrap();
    rotate_master_key(&pool, &keys, ground.store.ambient().now(), &mut |_| {})
        .await
        .unwrap();
    keys.remove_old().unwrap();
    let restore = "update subject_keys k set wrapped = b.wrapped, erased_position = null, erased_at = null \
                   from backup b where b.key_id = k.key_id";
    sqlx::query(restore).execute(&owner).await.unwrap();
    let error = ground.read_all(7).await.unwrap_err();
    assert!(error.to_string().contains("is not in"), "{error}");
    assert!(error.to_string().contains("can't be read without it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_the_right_master_key_does_not_start() {
    let ground = ground().await;
    ground.capture("l1").await;
    let url = ground.database.url();
    let without = Store::open(Options::new(url, testkit::ambient(3)))
        .await
        .unwrap_err();
    assert!(
        matches!(without, store::ReadError::Vault(VaultError::NoMasterKey { .. })),
        "{without}"
    );
    let other = LocalKeys::of_text("another file", &LocalKeys::fresh_line().unwrap()).unwrap();
    let options = Options::new(url, testkit::ambient(4)).sealing(Arc::new(other));
    let wrong = Store::open(options).await.unwrap_err().to_string();
    assert!(wrong.contains("is not in another file"), "{wrong}");
}
