//! A build takes the live one's place, in one transaction; and back again.

use sqlx::PgConnection;

use super::align::Held;
use super::diff::Listing;
use super::rebuild::same_key;
use super::{Build, BuildState, Diff, OperationError, Operations};
use crate::engine::builds::{self, Policy};
use crate::engine::checkpoint;

/// How often a switch waits for queries that hold the table, for at most two seconds each: whoever comes after
/// it waits as well, so it rather tries again.
const ATTEMPTS: u32 = 10;

impl Operations {
    /// Lets the build that is ready take the live one's place, if its policy allows the difference. Queries see
    /// either the one or the other. The former live build stays, for [`Operations::rollback`].
    ///
    /// # Errors
    /// [`OperationError::NoBuild`] when none is ready; [`OperationError::Differs`] when the policy forbids it.
    pub async fn switch(&self, name: &str) -> Result<Diff, OperationError> {
        let build = self.ready(name).await?;
        let diff = self.diff_of(&build, &Listing::default()).await?;
        let allowed = match build.policy {
            Policy::Any => true,
            Policy::Empty => diff.is_empty(),
            Policy::Accepted => diff.is_empty() || build.accepted.as_ref() == Some(&diff.digest),
        };
        if !allowed {
            return Err(OperationError::Differs {
                name: name.to_owned(),
                build: build.build,
                added: diff.added,
                changed: diff.changed,
                gone: diff.gone,
                policy: build.policy.name(),
            });
        }
        self.take_its_place(&build).await?;
        tracing::info!(
            read_model = name,
            build = build.build,
            added = diff.added,
            changed = diff.changed,
            gone = diff.gone,
            "projections.{name} switched"
        );
        Ok(diff)
    }

    /// Goes back to the build that was live before. If this program has its fold, it is brought to where the
    /// live one is first; else it stays where it is until a program that has its fold carries it on.
    ///
    /// # Errors
    /// [`OperationError::NoBuild`] when there was none before.
    pub async fn rollback(&self, name: &str) -> Result<Build, OperationError> {
        let previous = self.newest(name, BuildState::Previous).await?;
        let previous = previous.ok_or_else(|| OperationError::NoBuild {
            name: name.to_owned(),
            wanted: "kept from before",
            advice: "there was no switch, or its build was discarded",
        })?;
        self.take_its_place(&previous).await?;
        tracing::info!(
            read_model = name,
            build = previous.build,
            "projections.{name} went back"
        );
        Ok(previous)
    }

    async fn take_its_place(&self, build: &Build) -> Result<(), OperationError> {
        let mut attempt = 1;
        loop {
            let held = if self.has_fold_of(build) {
                self.align(build).await?
            } else {
                self.hold(&build.name).await?
            };
            match self.swap(held, build).await {
                Err(OperationError::Unavailable(error)) if is_lock_timeout(&error) && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                swapped => return swapped,
            }
        }
    }

    async fn swap(&self, held: Held, build: &Build) -> Result<(), OperationError> {
        let Held {
            mut transaction,
            live,
            ..
        } = held;
        sqlx::query("set local lock_timeout = '2s'")
            .execute(&mut *transaction)
            .await?;
        if build.scope.tenant.is_none() {
            swap_tables(&mut transaction, &live, build).await?;
        } else {
            self.swap_rows(&mut transaction, &live, build).await?;
            builds::set_state(&mut transaction, (&build.name, build.build), BuildState::Previous).await?;
        }
        for number in [live.build, build.build] {
            checkpoint::change_epoch(&mut transaction, (&build.name, number)).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The rows of a tenant (or the one row) change sides: live rows go to the build's table, and its to the live.
    async fn swap_rows(
        &self,
        connection: &mut PgConnection,
        live: &Build,
        build: &Build,
    ) -> Result<(), OperationError> {
        let (live_table, build_table) = (live.table(), build.table());
        let only = match &build.scope.key {
            Some(_) => format!(
                "{} and t.tenant_id = $2",
                same_key(self.model(&build.name)?.as_ref(), "t")
            ),
            None => "t.tenant_id = $2 and $1::text[] is null".to_owned(),
        };
        let tenant = build.scope.tenant.map(|tenant| tenant.to_string());
        for sql in [
            format!("create temporary table swapped on commit drop as select * from {build_table}"),
            format!("delete from {build_table}"),
        ] {
            sqlx::query(&sql).execute(&mut *connection).await?;
        }
        for sql in [
            format!("insert into {build_table} select * from {live_table} t where {only}"),
            format!("delete from {live_table} t where {only}"),
        ] {
            sqlx::query(&sql)
                .bind(&build.scope.key)
                .bind(&tenant)
                .execute(&mut *connection)
                .await?;
        }
        let back = format!("insert into {live_table} select * from swapped");
        sqlx::query(&back).execute(&mut *connection).await?;
        // What waits for these rows changes sides with them; -1 is on neither.
        for (from, to) in [(live.build, -1), (build.build, live.build), (-1, build.build)] {
            for table in ["read_model_parked", "read_model_stale"] {
                let sql = format!(
                    "update {table} set build = $4 where name = $1 and tenant_id = $2 and build = $3"
                );
                sqlx::query(&sql)
                    .bind(&build.name)
                    .bind(&tenant)
                    .bind(from)
                    .bind(to)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        Ok(())
    }
}

/// The tables change places; of what was live before, only the last is kept.
async fn swap_tables(
    connection: &mut PgConnection,
    live: &Build,
    build: &Build,
) -> Result<(), OperationError> {
    let name = build.name.as_str();
    sqlx::query!(
        "select read_model_swap_tables($1, $2, $3)::text as done",
        name,
        live.build,
        build.build
    )
    .fetch_one(&mut *connection)
    .await?;
    builds::set_state(&mut *connection, (name, live.build), BuildState::Previous).await?;
    builds::set_state(&mut *connection, (name, build.build), BuildState::Live).await?;
    for other in builds::all(&mut *connection).await? {
        let kept = [live.build, build.build].contains(&other.build);
        if other.name == name && other.state == BuildState::Previous && !kept {
            builds::remove(&mut *connection, (name, other.build)).await?;
        }
    }
    Ok(())
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("55P03")
}
