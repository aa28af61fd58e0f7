//! Where each read model is, and how far behind the log.

use std::collections::HashMap;

use super::{OperationError, Operations};
use crate::engine::builds::{Build, BuildState};
use crate::engine::{count, position};

/// Where a read model is.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Status {
    /// The read model.
    pub name: String,
    /// Its live build.
    pub build: i32,
    /// The version of the fold that writes it.
    pub version: i32,
    /// The version of this program's fold.
    pub program_version: i32,
    /// The last position that it has folded, in all its shards.
    pub position: u64,
    /// How many events it is behind the log's end.
    pub lag_events: u64,
    /// For how long the first event that it has not folded is in the log, in milliseconds; 0 when there is none.
    pub lag_ms: u64,
    /// How many positions a second it moved on lately.
    pub rate: f64,
    /// How many streams wait, because an event of theirs can't be folded.
    pub parked: u64,
    /// Whether a process carries it now.
    pub carried: bool,
    /// The other builds.
    pub builds: Vec<Build>,
}

/// Who carries a read model, and how fast it goes on.
struct Pace {
    carried: bool,
    rate: f64,
}

impl Operations {
    /// Where each read model is, by name. One that never ran is at position 0.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn status(&self) -> Result<Vec<Status>, OperationError> {
        let head = self.log.head().await?;
        let builds = self.builds().await?;
        let parked = self.parked_by_build().await?;
        let mut paces = self.paces().await?;
        let mut ages = HashMap::new();
        let mut statuses = Vec::new();
        for model in &self.models {
            let name = model.name();
            let (live, others): (Vec<Build>, Vec<Build>) = builds
                .iter()
                .filter(|build| build.name == name)
                .cloned()
                .partition(|build| build.state == BuildState::Live);
            let live = live.into_iter().next();
            let reached = live.as_ref().map_or(0, |live| live.position);
            let number = live.as_ref().map_or(0, |live| live.build);
            let pace = paces.remove(name);
            let lag_events = head.saturating_sub(reached);
            // Those that are level need no look at the log, and most of the others are at one place.
            let lag_ms = match ages.get(&reached) {
                _ if lag_events == 0 => 0,
                Some(known) => *known,
                None => {
                    let age = self.age_after(reached).await?;
                    *ages.entry(reached).or_insert(age)
                }
            };
            statuses.push(Status {
                name: name.to_owned(),
                build: number,
                version: live.as_ref().map_or(0, |live| live.version),
                program_version: model.version(),
                position: reached,
                lag_events,
                lag_ms,
                rate: pace.as_ref().map_or(0.0, |pace| pace.rate),
                parked: parked
                    .get(&(name.to_owned(), number))
                    .copied()
                    .unwrap_or_default(),
                carried: pace.is_some_and(|pace| pace.carried),
                builds: others,
            });
        }
        statuses.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(statuses)
    }

    /// For how long the event after a position is in the log, in milliseconds; 0 when there is none.
    async fn age_after(&self, after: u64) -> Result<u64, OperationError> {
        let age = sqlx::query_scalar!(
            r#"
            select (extract(epoch from clock_timestamp() - recorded_at) * 1000)::bigint as "age!"
            from events
            where position > $1
            order by position
            limit 1
            "#,
            count(after)
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(age.map_or(0, position))
    }

    /// How many streams wait in each build.
    async fn parked_by_build(&self) -> Result<HashMap<(String, i32), u64>, OperationError> {
        let rows = sqlx::query!(
            r#"
            select name, build, count(*) as "streams!"
            from read_model_parked
            group by name, build
            "#
        )
        .fetch_all(&self.pool)
        .await?;
        let waiting = rows
            .into_iter()
            .map(|row| ((row.name, row.build), position(row.streams)));
        Ok(waiting.collect())
    }

    /// Whether somebody carries all shards of each read model, and how fast they go together.
    async fn paces(&self) -> Result<HashMap<String, Pace>, OperationError> {
        let rows = sqlx::query!(
            r#"
            select split_part(work, '/', 1) as "name!",
                   coalesce(bool_and(holder is not null and until > clock_timestamp()), false) as "carried!",
                   coalesce(max(rate), 0) as "rate!"
            from read_model_leases
            where strpos(work, '/') > 0
            group by 1
            "#
        )
        .fetch_all(&self.pool)
        .await?;
        let pace = rows.into_iter().map(|row| {
            let (carried, rate) = (row.carried, row.rate);
            (row.name, Pace { carried, rate })
        });
        Ok(pace.collect())
    }
}
