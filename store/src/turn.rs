//! A turn: what only one process of a database does at a time.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::{MissedTickBehavior, interval};

use crate::database::{Role, pool};
use crate::error::Unavailable;

/// How often a process that waits looks whether the turn is free.
const LOOK: Duration = Duration::from_millis(200);

/// Held as long as its connection is: when the process is gone, or the value dropped, the next one has its turn.
/// A holder whose connection broke does not learn of it: what must not be done twice needs a fence besides.
#[derive(Debug)]
pub struct Turn {
    connection: PgConnection,
}

impl Turn {
    /// Waits until no other process has the turn of this name in this database. Safe to cancel.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn wait(url: &str, name: &str) -> Result<Self, Unavailable> {
        let pool = pool(url, Role::Projector, 1)?;
        let mut connection = pool.acquire().await?.detach();
        pool.close().await;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let is_ours = sqlx::query_scalar!(
                r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "is_ours!""#,
                name
            );
            if is_ours.fetch_one(&mut connection).await? {
                return Ok(Self { connection });
            }
        }
    }

    /// Gives the turn back at once, where dropping it leaves that to the server.
    pub async fn give_back(self) {
        drop(self.connection.close().await);
    }
}
