//! What goes wrong: sessions that dawdle, hang or stay idle, commits that come late, servers that end.

use std::process::Command;
use std::time::{Duration, Instant};

use cluster::Cluster;
use domain::lead::Lead;
use rand::Rng;
use rand::rngs::StdRng;
use sqlx::{Connection, PgConnection, PgPool};
use store::{Orders, Role};

use crate::support::{capture, house, lead_id, tenant};

/// Lets one commit in thirty of the real appenders come late, up to 50 ms after its positions were given,
/// and one in a thousand up to a second. Each delay leaves a row in the same transaction.
pub(super) async fn delay_commits(owner: &PgPool) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "create table late_commits (seconds double precision not null);
         create function commit_late() returns trigger language plpgsql security definer as $$
         declare
             seconds double precision := case
                 when random() < 0.001 then random()
                 when random() < 0.03 then random() * 0.05
             end;
         begin
             if seconds is not null then
                 insert into public.late_commits values (seconds);
                 perform pg_sleep(seconds);
             end if;
             return null;
         end
         $$;
         create trigger commit_late after insert on events for each statement execute function commit_late();",
    )
    .execute(owner)
    .await
    .map(drop)
}

/// How many commits came late, and came.
pub(super) async fn delayed_commits(url: &str) -> sqlx::Result<i64> {
    let mut owner = PgConnection::connect(url).await?;
    sqlx::query_scalar("select count(*) from late_commits")
        .fetch_one(&mut owner)
        .await
}

/// A session that takes the log's lock, dawdles, and lets it go again.
pub(super) struct Dawdler(PgConnection);

impl Dawdler {
    pub(super) async fn connect(url: &str) -> sqlx::Result<Self> {
        PgConnection::connect(url).await.map(Self)
    }

    /// Gives out positions, as a process would that dies before its commit: they are rolled back.
    pub(super) async fn dawdle(&mut self, rng: &mut StdRng) -> sqlx::Result<()> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("update log_head set position = position + 3")
            .execute(&mut *transaction)
            .await?;
        let delay = rng.random_range(0..60);
        sqlx::query(&format!("select pg_sleep(0.{delay:03})"))
            .execute(&mut *transaction)
            .await?;
        transaction.rollback().await
    }
}

/// A stranger's session: it has written, and stays idle in its transaction.
pub(super) async fn idle_in_transaction(url: &str) -> sqlx::Result<PgConnection> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql("begin; create table stranger (n int); insert into stranger values (1)")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Ends the server at once, by a signal to the postmaster: SIGQUIT (immediate), or SIGKILL.
pub(super) fn crash(server: Cluster, rng: &mut StdRng) -> Cluster {
    let signal = if rng.random_ratio(1, 2) { "-QUIT" } else { "-KILL" };
    let pid = server.pid().to_string();
    Command::new("kill").args([signal, &pid]).status().unwrap();
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hangs_with_the_lock_frees_the_log_after_its_time_out() {
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let hung = store::pool(house.database.url(), Role::Appender, 1).unwrap();
    let mut transaction = hung.begin().await.unwrap();
    sqlx::query("update log_head set position = position + 1")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let begun = Instant::now();
    let committed = house
        .store
        .execute::<Lead>(&caller, &lead_id("l1"), Orders::one(capture()))
        .await
        .unwrap();
    let waited = begun.elapsed();
    assert_eq!(
        committed.position, 2,
        "the hung process's position was never given"
    );
    assert!(
        (Duration::from_secs(3)..super::TIME_OUT).contains(&waited),
        "it waited for {waited:?}"
    );
    transaction.rollback().await.unwrap_err();
}
