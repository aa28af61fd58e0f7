//! Keys for people who come at the same time are made together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{BoxFuture, join_all};
use store::{DataKey, Filter, KeyPlace, MasterKeyId, MasterKeys, Options, Store, VaultError};

use super::ground::{Ground, ground};

const PEOPLE: usize = 60;

/// A service for keys that says how often it was asked to wrap, and whose first answer is held back.
struct Counted {
    keys: Arc<dyn MasterKeys>,
    wraps: AtomicUsize,
    first: tokio::sync::Semaphore,
}

impl MasterKeys for Counted {
    fn current(&self) -> BoxFuture<'_, Result<MasterKeyId, VaultError>> {
        self.keys.current()
    }

    fn wrap<'a>(
        &'a self,
        keys: &'a [(KeyPlace, DataKey)],
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, VaultError>> {
        Box::pin(async move {
            if self.wraps.fetch_add(1, Ordering::SeqCst) == 0 {
                self.first.acquire().await.unwrap().forget();
            }
            self.keys.wrap(keys).await
        })
    }

    fn unwrap<'a>(
        &'a self,
        master: &'a MasterKeyId,
        wrapped: &'a [(KeyPlace, Vec<u8>)],
    ) -> BoxFuture<'a, Result<Vec<DataKey>, VaultError>> {
        self.keys.unwrap(master, wrapped)
    }
}

async fn counted(ground: &Ground) -> (Store, Arc<Counted>) {
    let counted = Arc::new(Counted {
        keys: Arc::new(ground.master_keys()),
        wraps: AtomicUsize::new(0),
        first: tokio::sync::Semaphore::new(0),
    });
    let options = Options::new(ground.database.url(), testkit::ambient(7));
    let sealing = options.sealing(Arc::clone(&counted) as Arc<dyn MasterKeys>);
    (Store::open(sealing).await.unwrap(), counted)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_key_gets_it_with_all_others_who_wait() {
    let ground = ground().await;
    let (store, counted) = counted(&ground).await;
    let together = Ground { store, ..ground };
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("p{number}")).collect();
    let captures = join_all(names.iter().map(|name| together.capture(name)));
    let release = async {
        // Nobody can be captured while the first key is held back, whoever else has come by then.
        while counted.wraps.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        counted.first.add_permits(1);
    };
    let (positions, ()) = futures::future::join(captures, release).await;
    let wraps = counted.wraps.load(Ordering::SeqCst);
    assert!(wraps < PEOPLE / 2, "{wraps} for {PEOPLE}");
    let fresh = together.fresh(3).await;
    let first = positions.into_iter().min().unwrap();
    let page = fresh
        .log()
        .page(first - 1, &Filter::default(), 1_000)
        .await
        .unwrap();
    let told = page
        .iter()
        .filter(|event| event.payload.to_string().contains("Lovelace"));
    assert_eq!(told.count(), PEOPLE);
    let count = "select count(distinct subject) from subject_keys where event_type = 'lead.captured'";
    let keys: i64 = sqlx::query_scalar(count)
        .fetch_one(&together.owner().await)
        .await
        .unwrap();
    assert_eq!(usize::try_from(keys), Ok(PEOPLE));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_while_a_key_is_made_keeps_nobody_from_theirs() {
    let ground = ground().await;
    let (store, counted) = counted(&ground).await;
    let together = Arc::new(Ground { store, ..ground });
    let held = tokio::spawn({
        let together = Arc::clone(&together);
        async move { together.capture("first").await }
    });
    while counted.wraps.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn({
        let together = Arc::clone(&together);
        async move { join_all(["second", "third"].map(|name| together.capture(name))).await }
    });
    held.abort();
    assert!(held.await.unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap().len(), 2);
}
