//! One test's database.

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::OnceCell;

use crate::server::Server;

/// A database that only one test uses; it is dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    server: &'static Server,
    pool: OnceCell<PgPool>,
}

/// Makes a fresh database with all migrations applied.
///
/// # Panics
/// If there is no PostgreSQL on this machine, or a migration fails: the text says which.
pub async fn database() -> TestDatabase {
    let made = async {
        let server = Server::of_this_process().await?;
        anyhow::Ok((server, server.clone_template().await?))
    };
    let (server, name) = made
        .await
        .unwrap_or_else(|error| panic!("no database for the test: {error:#}"));
    TestDatabase {
        url: server.cluster.url(&name),
        name,
        server,
        pool: OnceCell::new(),
    }
}

impl TestDatabase {
    /// The database's name, unique in this process.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL for its owner, who is a superuser: row-level security does not hold for it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL for another role, such as one that a migration made.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        self.server.cluster.url_as(role, &self.name)
    }

    /// The owner's pool, the same one each time.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn pool(&self) -> PgPool {
        let connect = || PgPoolOptions::new().max_connections(20).connect(&self.url);
        self.pool
            .get_or_try_init(connect)
            .await
            .unwrap_or_else(|error| panic!("no connection to {}: {error}", self.url))
            .clone()
    }
}

impl Drop for TestDatabase {
    /// Drops the database on a thread of its own, which no test waits for: the server's end removes the rest.
    fn drop(&mut self) {
        let (server, name) = (self.server, std::mem::take(&mut self.name));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(server.drop_database(&name)))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tables(pool: &PgPool) -> Vec<String> {
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
            .fetch_all(pool)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn each_database_has_the_migrations_and_nothing_of_another_test() {
        let (one, other) = tokio::join!(database(), database());
        assert_ne!(one.name(), other.name());
        sqlx::query("create table only_here ()")
            .execute(&one.pool().await)
            .await
            .unwrap();
        assert!(tables(&one.pool().await).await.contains(&"only_here".to_owned()));
        let of_other = tables(&other.pool().await).await;
        assert!(of_other.contains(&"_sqlx_migrations".to_owned()));
        assert!(!of_other.contains(&"only_here".to_owned()));
    }

    #[tokio::test]
    async fn a_role_that_exists_can_connect_by_its_url() {
        let database = database().await;
        sqlx::query("create role reader login")
            .execute(&database.pool().await)
            .await
            .unwrap();
        let pool = PgPool::connect(&database.url_as("reader")).await.unwrap();
        let user: String = sqlx::query_scalar("select current_user::text")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(user, "reader");
    }

    #[test]
    fn the_server_outlives_the_runtime_of_the_test_that_started_it() {
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let pool = database().await.pool().await;
                drop(pool);
            });
        }
    }

    #[tokio::test]
    async fn a_dropped_database_goes_away_even_with_connections() {
        let watched = database().await;
        let gone = database().await;
        let name = gone.name().to_owned();
        let _connected = gone.pool().await;
        drop(gone);
        let count = "select count(*) from pg_database where datname = $1";
        let pool = watched.pool().await;
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..500 {
            ticks.tick().await;
            let left: i64 = sqlx::query_scalar(count)
                .bind(&name)
                .fetch_one(&pool)
                .await
                .unwrap();
            if left == 0 {
                return;
            }
        }
        panic!("{name} is still there after 10 s");
    }
}
